// SPDX-License-Identifier: GPL-2.0
/*
 * Suite kernel-smp, "grow": one or two writers, each on a processor of its own, fill
 * a map from nothing to n. What is measured is the processor time of all that takes:
 * of the writers, of the workers that resize and free, of interrupts. It begins
 * before the map is made and ends when it is not being resized any more and the old
 * tables are freed.
 *
 * It is the host's account of the process that this kernel is (User Mode Linux): a
 * processor that is idle sleeps there and takes none, and time that the host gives
 * to other programs is not in it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/unistd.h>

#include "bench.h"

#define MAX_WRITERS	2

/* Sleeping costs no processor time; looking costs little. */
#define LOOK_MS		20
#define MAX_LOOKS	3000
#define REST_MS		200

static const char *const op_name[MAX_WRITERS] = {
	"grow, 1 writer",
	"grow, 2 writers",
};

/**
 * struct grow - a contestant in this suite
 * @c: the contestant
 * @map: its map
 * @value: for each number of writers and run: processor time of an insert, in
 *	thousandths of a nanosecond
 * @shortest: for each number of writers: how long their inserts took, in ns
 */
struct grow {
	const struct contestant *c;
	void *map;
	u64 *value[MAX_WRITERS];
	u64 shortest[MAX_WRITERS];
};

/**
 * struct writer - a thread
 * @g: the contestant
 * @keys: the keys
 * @first: the first of them that it inserts
 * @end: the one after the last
 * @tally: what became of it
 * @done: it has ended
 */
struct writer {
	struct grow *g;
	const struct bench_keys *keys;
	unsigned long first;
	unsigned long end;
	struct bench_tally tally;
	struct completion done;
};

/*
 * The host's clock_gettime(): this kernel is a program there, and a module is a
 * part of it.
 */
static u64 process_time_ns(void)
{
	struct __kernel_timespec t = { };
	long err;

	asm volatile("syscall"
		     : "=a" (err)
		     : "a" (__NR_clock_gettime), "D" (CLOCK_PROCESS_CPUTIME_ID),
		       "S" (&t)
		     : "rcx", "r11", "memory");
	return err ? 0 : t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static int writer_thread(void *arg)
{
	struct writer *w = arg;
	unsigned long i, some;

	for (i = w->first; i < w->end; i += some) {
		some = min_t(unsigned long, w->end - i, BENCH_CHUNK);
		w->g->c->loop[BENCH_INSERT](w->g->map, w->keys->insert +
					    i * w->keys->key_size, some,
					    &w->tally);
		cond_resched();
	}
	complete(&w->done);
	return 0;
}

/* One writer leaves the first processor to the workers. */
static unsigned int cpu_of(unsigned int writers, unsigned int i)
{
	return writers == 1 ? num_online_cpus() - 1 : i;
}

/* Makes the threads; the caller wakes them. */
static int make_writers(struct grow *g, const struct bench_keys *keys,
			struct writer *w, struct task_struct **task,
			unsigned int writers)
{
	unsigned int i;

	for (i = 0; i < writers; i++) {
		w[i] = (struct writer){
			.g = g,
			.keys = keys,
			.first = keys->n / writers * i,
			.end = i + 1 < writers ? keys->n / writers * (i + 1) :
						 keys->n,
		};
		init_completion(&w[i].done);
		task[i] = kthread_create(writer_thread, &w[i], "bench/%u", i);
		if (IS_ERR(task[i])) {
			while (i--)
				kthread_stop(task[i]);
			return -ENOMEM;
		}
		kthread_bind(task[i], cpu_of(writers, i));
	}
	return 0;
}

static int run_writers(struct grow *g, const struct bench_keys *keys,
		       unsigned int writers)
{
	struct task_struct *task[MAX_WRITERS];
	struct writer w[MAX_WRITERS];
	ktime_t start = ktime_get();
	unsigned int i;
	u64 failed = 0;
	int err;

	err = make_writers(g, keys, w, task, writers);
	if (err)
		return err;
	for (i = 0; i < writers; i++)
		wake_up_process(task[i]);
	for (i = 0; i < writers; i++) {
		wait_for_completion(&w[i].done);
		failed += w[i].tally.failed;
	}
	g->shortest[writers - 1] =
		min_t(u64, g->shortest[writers - 1],
		      ktime_to_ns(ktime_sub(ktime_get(), start)));
	if (!failed)
		return 0;
	pr_err("%s: %llu inserts failed\n", g->c->name, failed);
	return -EIO;
}

/*
 * Not bench_settle(): kvfree_rcu_barrier() alone costs tenths of a second of
 * processor time here, whatever there is to be freed. Maps free their tables by RCU
 * callbacks and by work that these queue.
 */
static int wait_for_workers(struct grow *g)
{
	unsigned int looks = 0;

	do {
		msleep(LOOK_MS);
		if (++looks > MAX_LOOKS) {
			pr_err("%s does not come to rest\n", g->c->name);
			return -ETIMEDOUT;
		}
	} while (g->c->settled && !g->c->settled(g->map));
	rcu_barrier();
	msleep(REST_MS);
	return 0;
}

static int measure(struct grow *g, const struct bench_keys *keys,
		   unsigned int writers, unsigned int run)
{
	u64 start, end;
	int err;

	err = bench_settle(g->c, NULL, 0);
	if (err)
		return err;
	start = process_time_ns();
	g->map = g->c->create(keys);
	if (!g->map)
		return -ENOMEM;
	err = run_writers(g, keys, writers);
	err = err ?: wait_for_workers(g);
	end = process_time_ns();
	g->c->destroy(g->map);
	g->value[writers - 1][run] = div64_u64((end - start) * 1000, keys->n);
	return err ?: start ? 0 : -EIO;
}

static int one_run(struct grow *all, unsigned int nr,
		   const struct bench_keys *keys, unsigned int run)
{
	unsigned int writers, i;
	int err = 0;

	pr_info("n %lu, run %u of %u\n", keys->n, run + 1, bench_runs);
	for (writers = 1; writers <= MAX_WRITERS; writers++)
		for (i = 0; i < nr && !err; i++)
			err = measure(&all[(i + run) % nr], keys, writers, run);
	return err;
}

static void report(struct grow *g, const struct bench_keys *keys)
{
	char note[64];
	struct bench_row row = {
		.suite = "kernel-smp",
		.contestant = g->c,
		.n = keys->n,
		.unit = "ns of CPU/op",
		.runs = bench_runs,
		.note = note,
	};
	unsigned int i;

	for (i = 0; i < MAX_WRITERS; i++) {
		scnprintf(note, sizeof(note), "%sinserts took at least %llu ms",
			  g->c->fixed ? "does not grow, " : "",
			  g->shortest[i] / NSEC_PER_MSEC);
		row.op = op_name[i];
		row.value = g->value[i];
		bench_report(&row);
	}
}

/**
 * bench_grow() - suite kernel-smp, processor time of growing
 * @c: the contestants
 * @nr: how many
 * @keys: the keys
 *
 * Return: 0 or a negative errno.
 */
int bench_grow(const struct contestant **c, unsigned int nr,
	       const struct bench_keys *keys)
{
	struct grow *all = kcalloc(nr, sizeof(*all), GFP_KERNEL);
	u64 *values = kcalloc((size_t)nr * MAX_WRITERS * bench_runs,
			      sizeof(*values), GFP_KERNEL);
	u64 *next = values;
	unsigned int i, run, writers;
	int err = all && values ? 0 : -ENOMEM;

	if (num_online_cpus() < MAX_WRITERS)
		err = -EINVAL;
	for (i = 0; i < nr && !err; i++) {
		all[i].c = c[i];
		for (writers = 0; writers < MAX_WRITERS; writers++) {
			all[i].value[writers] = next;
			all[i].shortest[writers] = U64_MAX;
			next += bench_runs;
		}
	}
	for (run = 0; run < bench_runs && !err; run++)
		err = one_run(all, nr, keys, run);
	for (i = 0; i < nr && !err; i++)
		report(&all[i], keys);
	kfree(values);
	kfree(all);
	return err;
}
