// SPDX-License-Identifier: GPL-2.0
/*
 * Suite kernel-latency: every single operation timed while a map grows from empty
 * to n, and while it shrinks back. They are done with bottom halves off, as in
 * softirq, so that nothing else is in the time of an operation but interrupts.
 * What the map does in the background is done between operations, while no clock
 * runs. In a phase of its own ("insert-sleeping") the caller may sleep: then what
 * others do meanwhile is in it, too, and tables that a worker makes larger
 * (rhashtable's, large ones of hmap) do get larger in time.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitops.h>
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"

/*
 * A histogram of durations in nanoseconds: exact below 2^FINE, then 2^FINE counters
 * for each power of two, so that what is read from it is less than 2 % too high.
 */
#define FINE		6
#define COUNTERS	((64 - FINE + 1) << FINE)

/* Operations that are looked at together to find a step: up to 1, 2, 4, 8, ... */
#define DOUBLINGS	32

static const struct {
	const char *name;
	u64 of_a_million;
} quantiles[] = {
	{ "p50", 500000 },
	{ "p90", 900000 },
	{ "p99", 990000 },
	{ "p99.9", 999000 },
	{ "p99.99", 999900 },
	{ "p99.999", 999990 },
	{ "max", 1000000 },
};

/**
 * struct phase - what is timed
 * @name: in the results
 * @op: the operation
 * @atomic: bottom halves are off
 */
static const struct phase {
	const char *name;
	enum bench_op op;
	bool atomic;
} phases[] = {
	{ "insert", BENCH_INSERT_ATOMIC, true },
	{ "delete", BENCH_DELETE, true },
	{ "insert-sleeping", BENCH_INSERT, false },
};

#define ROWS	(ARRAY_SIZE(quantiles) + DOUBLINGS)

/* How long it takes to learn how long a cycle is: less than 2^32 ns. */
#define CALIBRATE_MS	200

/* Tries before an operation counts as failed; there is a millisecond in between. */
#define MAX_TRIES	1000

/**
 * struct latency - a contestant in this suite
 * @c: the contestant
 * @map: its map
 * @retries: operations that were done again, of all runs
 * @value: for each phase and row a value for each run: the quantiles, then the
 *	longest of each doubling
 */
struct latency {
	const struct contestant *c;
	void *map;
	unsigned long retries[ARRAY_SIZE(phases)];
	u64 *value[ARRAY_SIZE(phases)][ROWS];
};

/* See measure_cycles(). */
static u64 ns_of_cycles;

/* What one phase of one run has seen. */
static u32 counter[COUNTERS];
static u64 longest[DOUBLINGS];

/* Nanoseconds of 2^32 cycles. */
static u64 measure_cycles(void)
{
	u64 ns = ktime_get_ns(), then = bench_cycles();

	msleep(CALIBRATE_MS);
	ns = ktime_get_ns() - ns;
	then = bench_cycles() - then;
	return div64_u64(ns << 32, then);
}

static unsigned int counter_of(u64 ns)
{
	unsigned int shift;

	if (ns < 1 << FINE)
		return ns;
	shift = fls64(ns) - FINE - 1;
	return (shift << FINE) + (ns >> shift);
}

/* The longest duration that is counted there. */
static u64 longest_of(unsigned int i)
{
	unsigned int shift = i < 2 << FINE ? 0 : (i >> FINE) - 1;

	return ((u64)(i - (shift << FINE) + 1) << shift) - 1;
}

static u64 quantile(u64 of_a_million, unsigned long n)
{
	u64 rank = DIV_ROUND_UP_ULL(n * of_a_million, 1000000), seen = 0;
	unsigned int i;

	for (i = 0; i < COUNTERS - 1; i++) {
		seen += counter[i];
		if (seen >= rank)
			break;
	}
	return longest_of(i);
}

static void note_time(u64 ns, unsigned long elements)
{
	unsigned int doubling = fls64(elements - 1);

	counter[counter_of(ns)]++;
	longest[doubling] = max(longest[doubling], ns);
}

/* Returns how long the operation took, if it could be done. */
static u64 time_one(const struct latency *l, const struct phase *phase,
		    const void *key, struct bench_tally *tally)
{
	u64 start, end;

	if (phase->atomic)
		local_bh_disable();
	start = bench_cycles();
	l->c->loop[phase->op](l->map, key, 1, tally);
	end = bench_cycles();
	if (phase->atomic)
		local_bh_enable();
	return mul_u64_u64_shr(end - start, ns_of_cycles, 32);
}

/* All of it, with up to @keys->n elements in the map. */
static int time_all(struct latency *l, const struct phase *phase,
		    const struct bench_keys *keys)
{
	bool shrinks = phase->op == BENCH_DELETE;
	const void *key = shrinks ? keys->lookup : keys->insert;
	unsigned int tries = 0;
	unsigned long i = 0;
	u64 ns;

	while (i < keys->n) {
		struct bench_tally tally = { };

		ns = time_one(l, phase, key + i * keys->key_size, &tally);
		if (tally.failed) {
			if (++tries == MAX_TRIES)
				return -EIO;
			l->retries[phase - phases]++;
			usleep_range(1000, 2000);
			continue;
		}
		tries = 0;
		l->retries[phase - phases] += tally.retries;
		note_time(ns, shrinks ? keys->n - i : i + 1);
		if (!(++i % BENCH_CHUNK))
			cond_resched();
	}
	return 0;
}

static int one_phase(struct latency *l, const struct phase *phase,
		     const struct bench_keys *keys, unsigned int run)
{
	u64 **value = l->value[phase - phases];
	u64 most = 0;
	unsigned int i;
	int err;

	memset(counter, 0, sizeof(counter));
	memset(longest, 0, sizeof(longest));
	err = time_all(l, phase, keys);
	if (err) {
		pr_err("%s, %s: error %d\n", l->c->name, phase->name, err);
		return err;
	}
	for (i = 0; i < DOUBLINGS; i++) {
		value[ARRAY_SIZE(quantiles) + i][run] = 1000 * longest[i];
		most = max(most, longest[i]);
	}
	for (i = 0; i < ARRAY_SIZE(quantiles); i++)
		value[i][run] = 1000 *
			min(most, quantile(quantiles[i].of_a_million, keys->n));
	return bench_settle(l->c, &l->map, 1);
}

static int one_run(struct latency *l, const struct bench_keys *keys,
		   unsigned int run)
{
	unsigned int i;
	int err = 0;

	pr_info("n %lu, run %u of %u, %s\n", keys->n, run + 1, bench_runs,
		l->c->name);
	l->map = l->c->create(keys);
	if (!l->map)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(phases) && !err; i++)
		err = one_phase(l, &phases[i], keys, run);
	l->c->destroy(l->map);
	return err;
}

static void report(struct latency *l, const struct bench_keys *keys,
		   unsigned int p)
{
	char op[32], note[32] = "";
	struct bench_row row = {
		.suite = "kernel-latency",
		.contestant = l->c,
		.op = op,
		.unit = "ns",
		.runs = bench_runs,
		.note = note,
	};
	unsigned int i;

	if (l->retries[p])
		scnprintf(note, sizeof(note), "%lu retries", l->retries[p]);
	row.n = keys->n;
	for (i = 0; i < ARRAY_SIZE(quantiles); i++) {
		scnprintf(op, sizeof(op), "%s %s", phases[p].name,
			  quantiles[i].name);
		row.value = l->value[p][i];
		row.each = i == ARRAY_SIZE(quantiles) - 1;
		bench_report(&row);
	}
	row.each = false;
	row.unit = "ns (longest of a doubling)";
	scnprintf(op, sizeof(op), "%s", phases[p].name);
	for (i = 0; i < DOUBLINGS && 1UL << i < 2 * keys->n; i++) {
		row.n = 1UL << i;
		row.value = l->value[p][ARRAY_SIZE(quantiles) + i];
		bench_report(&row);
	}
}

static int all_runs(struct latency *all, unsigned int nr,
		    const struct bench_keys *keys)
{
	unsigned int i, run;
	u64 after, before;
	int err = 0;

	ns_of_cycles = measure_cycles();
	for (run = 0; run < bench_runs && !err; run++)
		for (i = 0; i < nr && !err; i++)
			err = one_run(&all[(i + run) % nr], keys, run);
	after = measure_cycles();
	before = ns_of_cycles;
	if (!err && (after > before + before / 50 ||
		     after < before - before / 50)) {
		pr_err("the time stamp counter has changed its speed\n");
		err = -EIO;
	}
	return err;
}

/**
 * bench_latency() - suite kernel-latency
 * @c: the contestants
 * @nr: how many
 * @keys: the keys
 *
 * Return: 0 or a negative errno.
 */
int bench_latency(const struct contestant **c, unsigned int nr,
		  const struct bench_keys *keys)
{
	size_t each = ARRAY_SIZE(phases) * ROWS;
	struct latency *all = kcalloc(nr, sizeof(*all), GFP_KERNEL);
	u64 *values = kvcalloc(nr * each * bench_runs, sizeof(*values),
			       GFP_KERNEL);
	unsigned int i, p, r;
	int err = all && values ? 0 : -ENOMEM;

	for (i = 0; i < nr && !err; i++) {
		all[i].c = c[i];
		for (p = 0; p < ARRAY_SIZE(phases); p++)
			for (r = 0; r < ROWS; r++)
				all[i].value[p][r] = values + bench_runs *
						     (i * each + p * ROWS + r);
	}
	err = err ?: all_runs(all, nr, keys);
	for (i = 0; i < nr && !err; i++)
		for (p = 0; p < ARRAY_SIZE(phases); p++)
			report(&all[i], keys, p);
	kvfree(values);
	kfree(all);
	return err;
}
