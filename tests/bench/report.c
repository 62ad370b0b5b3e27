// SPDX-License-Identifier: GPL-2.0
/* Results, one JSON object on a line, and waiting for quiet before a measurement. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kernel_stat.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "bench.h"

/* How long one looks whether processors are idle. */
#define QUIET_MS	20

/* How long anything may go on in the background. */
#define SETTLE_SECONDS	60

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* "each" of a row: all values, unless they do not fit into a line of the log. */
static void list_values(const struct bench_row *row, char *buffer, int size)
{
	unsigned int i;
	int length;

	length = scnprintf(buffer, size, ", \"each\": [");
	for (i = 0; i < row->runs; i++)
		length += scnprintf(buffer + length, size - length,
				    "%s%llu.%03llu", i ? ", " : "",
				    row->value[i] / 1000, row->value[i] % 1000);
	length += scnprintf(buffer + length, size - length, "]");
	if (length == size - 1)
		buffer[0] = '\0';
}

unsigned int bench_results;

/**
 * bench_report() - print a result
 * @row: the result. Its values get sorted
 */
void bench_report(struct bench_row *row)
{
	const struct contestant *c = row->contestant;
	u64 min, median, max;
	char note[128], each[256] = "";

	if (row->each)
		list_values(row, each, sizeof(each));
	sort(row->value, row->runs, sizeof(u64), compare_u64, NULL);
	min = row->value[0];
	max = row->value[row->runs - 1];
	median = (row->value[(row->runs - 1) / 2] +
		  row->value[row->runs / 2]) / 2;
	scnprintf(note, sizeof(note), "%s%s%s%s%s", c->note ?: "",
		  c->note && *row->note ? ", " : "", row->note,
		  (c->note || *row->note) && max > 2 * min ? ", " : "",
		  max > 2 * min ? "noisy" : "");
	pr_info("{\"suite\": \"%s\", \"contestant\": \"%s\", \"op\": \"%s\", \"n\": %lu, \"unit\": \"%s\", \"median\": %llu.%03llu, \"min\": %llu.%03llu, \"max\": %llu.%03llu, \"runs\": %u, \"kernel\": \"%s\", \"note\": \"%s\", \"key_size\": %u%s}\n",
		row->suite, c->name, row->op, row->n, row->unit,
		median / 1000, median % 1000, min / 1000, min % 1000,
		max / 1000, max % 1000, row->runs, bench_kernel, note,
		c->key_size, each);
	bench_results++;
}

/* What all processors together have been idle for. */
static u64 idle_us(void)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu(cpu)
		sum += get_cpu_idle_time_us(cpu, NULL);
	return sum;
}

/* Whether processors have nothing else to do: looks at a few milliseconds. */
static bool quiet(void)
{
	u64 idle = idle_us();
	ktime_t start = ktime_get();

	msleep(QUIET_MS);
	idle = idle_us() - idle;
	return idle >= num_online_cpus() * 9 * ktime_us_delta(ktime_get(), start) / 10;
}

static bool settled(const struct contestant *c, void **map, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr && c->settled; i++)
		if (!c->settled(map[i]))
			return false;
	return true;
}

/**
 * bench_settle() - wait until nothing goes on in the background
 * @c: a contestant
 * @map: its maps, which may be in the middle of a resize
 * @nr: how many
 *
 * Return: 0, or -ETIMEDOUT if there is no end to it.
 */
int bench_settle(const struct contestant *c, void **map, unsigned int nr)
{
	unsigned long end = jiffies + SETTLE_SECONDS * HZ;

	do {
		if (time_after(jiffies, end)) {
			pr_err("%s does not come to rest\n", c->name);
			return -ETIMEDOUT;
		}
		kvfree_rcu_barrier();
		rcu_barrier();
	} while (!quiet() || !settled(c, map, nr));
	return 0;
}
