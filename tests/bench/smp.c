// SPDX-License-Identifier: GPL-2.0
/*
 * Suite kernel-smp: threads that read, write or do both, each on a processor of its
 * own, in a map of n elements; and the same while the map is being resized.
 *
 * Readers look for keys that are there throughout. Writers insert and delete keys
 * that no other thread uses: each keeps CHURN of its own in the map, and deletes the
 * oldest for each that it inserts.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"

#define MAX_THREADS	2

/* How long it goes on, unless a resize is over before. */
#define WINDOW_NS	(300 * NSEC_PER_MSEC)

/* Keys that are used by a thread at once; of a mixture, for one each written. */
#define AT_ONCE		64
#define MIX_READS	9

/* How long to wait for a resize to begin. */
#define PATIENCE_MS	2000

#define CHURN		1024

enum role { READER, WRITER, MIXER };

/**
 * struct scenario - what goes on
 * @name: whose rate it is, in the results
 * @other: the other thread's rate, in the results; NULL if both count as one
 * @threads: how many
 * @role: theirs
 */
static const struct scenario {
	const char *name;
	const char *other;
	unsigned int threads;
	enum role role[MAX_THREADS];
} scenarios[] = {
	{ "1 reader", NULL, 1, { READER } },
	{ "2 readers", NULL, 2, { READER, READER } },
	{ "1 reader + 1 writer", "1 writer + 1 reader", 2, { READER, WRITER } },
	{ "1 writer", NULL, 1, { WRITER } },
	{ "2 writers", NULL, 2, { WRITER, WRITER } },
	{ "90/10 mix, 1 thread", NULL, 1, { MIXER } },
	{ "90/10 mix, 2 threads", NULL, 2, { MIXER, MIXER } },
};

#define SCENARIOS	ARRAY_SIZE(scenarios)

/**
 * struct smp - a contestant in this suite
 * @c: the contestant
 * @map: its map
 * @rate: for each scenario, without a resize and in one: operations in a second,
 *	in thousands, of those named first and of the other, for each run
 * @shortest: for each scenario: the shortest time that a resize took, in ns
 */
struct smp {
	const struct contestant *c;
	void *map;
	u64 *rate[SCENARIOS][2][2];
	u64 shortest[SCENARIOS];
};

/**
 * struct worker - a thread
 * @s: the contestant
 * @role: what it does
 * @resizing: stop when the map is not being resized any more
 * @keys: all keys
 * @next: the next of @keys->lookup that it looks for
 * @own: keys that it alone writes
 * @nr_own: how many
 * @inserted: how many it has inserted
 * @tally: what became of it
 * @ops: operations done
 * @ns: how long that took
 * @asked: when it last asked whether the resize is over
 * @all: threads that have not begun
 * @done: it has ended
 */
struct worker {
	struct smp *s;
	enum role role;
	bool resizing;
	const struct bench_keys *keys;
	unsigned long next;
	const void *own;
	unsigned long nr_own;
	unsigned long inserted;
	struct bench_tally tally;
	u64 ops;
	u64 ns;
	u64 asked;
	atomic_t *all;
	struct completion done;
};

static void do_op(struct worker *w, enum bench_op op, const void *key,
		  unsigned int count)
{
	w->s->c->loop[op](w->s->map, key, count, &w->tally);
	w->ops += count;
}

static void read_some(struct worker *w, unsigned int count)
{
	if (w->next + count > w->keys->n)
		w->next = 0;
	do_op(w, BENCH_HIT, w->keys->lookup + w->next * w->keys->key_size,
	      count);
	w->next += count;
}

static const void *own_key(const struct worker *w, unsigned long i)
{
	return w->own + i % w->nr_own * w->keys->key_size;
}

/* CHURN and w->nr_own are multiples of @count. */
static void write_some(struct worker *w, unsigned int count)
{
	do_op(w, BENCH_INSERT, own_key(w, w->inserted), count);
	w->inserted += count;
	if (w->inserted > CHURN)
		do_op(w, BENCH_DELETE, own_key(w, w->inserted - CHURN - count),
		      count);
}

static void some_ops(struct worker *w)
{
	unsigned int i;

	switch (w->role) {
	case READER:
		read_some(w, AT_ONCE);
		break;
	case WRITER:
		write_some(w, AT_ONCE);
		break;
	case MIXER:
		for (i = 0; i < AT_ONCE / 2; i++) {
			read_some(w, 2 * MIX_READS);
			write_some(w, 1);
		}
		break;
	}
}

/* Takes out what the thread has left in the map. */
static void clean_up(struct worker *w)
{
	unsigned long i = w->inserted > CHURN ? w->inserted - CHURN : 0;

	for (; i < w->inserted; i++)
		do_op(w, BENCH_DELETE, own_key(w, i), 1);
}

/* Asking costs something: not more often than each millisecond. */
static bool over(struct worker *w)
{
	if (w->ns >= WINDOW_NS)
		return true;
	if (!w->resizing || w->ns - w->asked < NSEC_PER_MSEC)
		return false;
	w->asked = w->ns;
	return w->s->c->settled(w->s->map);
}

static int worker_thread(void *arg)
{
	struct worker *w = arg;
	ktime_t start;

	/* The first waits for the last. */
	atomic_dec(w->all);
	while (atomic_read(w->all))
		cond_resched();
	start = ktime_get();
	do {
		some_ops(w);
		some_ops(w);
		some_ops(w);
		some_ops(w);
		cond_resched();
		w->ns = ktime_to_ns(ktime_sub(ktime_get(), start));
	} while (!over(w));
	complete(&w->done);
	return 0;
}

/* The first processor is for the task that waits for the threads, if there is another. */
static unsigned int cpu_of(const struct scenario *sc, unsigned int i)
{
	return sc->threads == 1 ? num_online_cpus() - 1 : i;
}

static void init_worker(struct worker *w, struct smp *s, enum role role,
			const struct bench_keys *keys, unsigned int i,
			bool resizing)
{
	memset(w, 0, sizeof(*w));
	w->s = s;
	w->role = role;
	w->resizing = resizing;
	w->keys = keys;
	w->next = keys->n / MAX_THREADS * i;
	w->nr_own = round_down(keys->n / MAX_THREADS, AT_ONCE);
	w->own = keys->absent + (keys->n + i * w->nr_own) * keys->key_size;
	init_completion(&w->done);
}

/* Insert some of the keys that are not there until the map gets resized. */
static int start_resize(struct smp *s, const struct bench_keys *keys)
{
	struct bench_tally tally = { };
	unsigned long i;

	for (i = 0; i + AT_ONCE <= keys->n; i += AT_ONCE) {
		s->c->loop[BENCH_INSERT](s->map, keys->absent +
					 i * keys->key_size, AT_ONCE, &tally);
		if (tally.failed)
			break;
		if (!s->c->settled(s->map))
			return 0;
	}
	/* Large tables are made in the background. */
	for (i = 0; i < PATIENCE_MS; i++) {
		fsleep(1000);
		if (!s->c->settled(s->map))
			return 0;
	}
	pr_err("%s does not grow\n", s->c->name);
	return -EIO;
}

/* Starts all threads, and waits for them. */
static int run_threads(const struct scenario *sc, struct worker *w,
		       struct smp *s, const struct bench_keys *keys,
		       bool resizing)
{
	struct task_struct *task[MAX_THREADS];
	atomic_t all = ATOMIC_INIT(sc->threads);
	unsigned int i;
	int err;

	for (i = 0; i < sc->threads; i++) {
		init_worker(&w[i], s, sc->role[i], keys, i, resizing);
		w[i].all = &all;
		task[i] = kthread_create(worker_thread, &w[i], "bench/%u", i);
		if (IS_ERR(task[i])) {
			while (i--)
				kthread_stop(task[i]);
			return PTR_ERR(task[i]);
		}
		kthread_bind(task[i], cpu_of(sc, i));
	}
	err = resizing ? start_resize(s, keys) : 0;
	for (i = 0; i < sc->threads; i++)
		if (err)
			kthread_stop(task[i]);
		else
			wake_up_process(task[i]);
	for (i = 0; i < sc->threads && !err; i++)
		wait_for_completion(&w[i].done);
	return err;
}

static int check_workers(const struct scenario *sc, const struct worker *w,
			 const struct contestant *c)
{
	unsigned int i;

	for (i = 0; i < sc->threads; i++) {
		if (!w[i].tally.failed)
			continue;
		pr_err("%s, %s: %lu of %llu operations of thread %u failed\n",
		       c->name, sc->name, w[i].tally.failed, w[i].ops, i);
		return -EIO;
	}
	return 0;
}

static void note_rates(struct smp *s, unsigned int which,
		       const struct worker *w, bool resizing, unsigned int run)
{
	const struct scenario *sc = &scenarios[which];
	unsigned int i;

	for (i = 0; i < sc->threads; i++)
		s->rate[which][resizing][sc->other && i][run] +=
			div64_u64(w[i].ops * 1000000, w[i].ns);
	if (resizing)
		s->shortest[which] = min(s->shortest[which], w[0].ns);
}

static void remove(struct smp *s)
{
	if (s->map)
		s->c->destroy(s->map);
	s->map = NULL;
}

/* A map with all keys. */
static int make(struct smp *s, const struct bench_keys *keys)
{
	struct bench_keys room = *keys;
	struct bench_tally tally = { };
	unsigned long done, some;

	remove(s);
	room.n += MAX_THREADS * 2 * CHURN;
	s->map = s->c->create(&room);
	if (!s->map)
		return -ENOMEM;
	for (done = 0; done < keys->n; done += some) {
		some = min_t(unsigned long, keys->n - done, BENCH_CHUNK);
		s->c->loop[BENCH_INSERT](s->map, keys->insert +
					 done * keys->key_size, some, &tally);
		cond_resched();
	}
	return tally.failed ? -EIO : bench_settle(s->c, &s->map, 1);
}

/* With @resizing the map is a new one, which stays in the middle of a resize. */
static int measure(struct smp *s, unsigned int which,
		   const struct bench_keys *keys, bool resizing,
		   unsigned int run)
{
	struct worker w[MAX_THREADS];
	const struct scenario *sc = &scenarios[which];
	unsigned int i;
	int err;

	if (resizing && !s->c->settled)
		return 0;
	err = resizing ? make(s, keys) : bench_settle(s->c, &s->map, 1);
	err = err ?: run_threads(sc, w, s, keys, resizing);
	err = err ?: check_workers(sc, w, s->c);
	if (err)
		return err;
	note_rates(s, which, w, resizing, run);
	for (i = 0; i < sc->threads; i++)
		clean_up(&w[i]);
	return check_workers(sc, w, s->c);
}

static int one_run(struct smp *all, unsigned int nr,
		   const struct bench_keys *keys, unsigned int run)
{
	unsigned int which, resizing, i;
	int err = 0;

	for (i = 0; i < nr && !err; i++)
		err = make(&all[i], keys);
	for (resizing = 0; resizing < 2; resizing++) {
		pr_info("n %lu, run %u of %u%s\n", keys->n, run + 1, bench_runs,
			resizing ? ", resizing" : "");
		for (which = 0; which < SCENARIOS; which++)
			for (i = 0; i < nr && !err; i++)
				err = measure(&all[(i + run) % nr], which, keys,
					      resizing, run);
	}
	for (i = 0; i < nr; i++)
		remove(&all[i]);
	return err;
}

/* The rate of all, and what an operation takes in each of the threads. */
static void report_rate(const struct smp *s, u64 *rate, const char *name,
			unsigned int threads, const struct bench_keys *keys,
			const char *note)
{
	struct bench_row row = {
		.suite = "kernel-smp",
		.contestant = s->c,
		.op = name,
		.n = keys->n,
		.unit = "Mops/s",
		.value = rate,
		.runs = bench_runs,
		.note = note,
	};
	unsigned int run;

	bench_report(&row);
	for (run = 0; run < bench_runs; run++)
		rate[run] = div64_u64(NSEC_PER_SEC * threads, rate[run] ?: 1);
	row.unit = "ns/op";
	bench_report(&row);
}

static void report(struct smp *s, unsigned int which, unsigned int resizing,
		   const struct bench_keys *keys)
{
	const struct scenario *sc = &scenarios[which];
	const char *suffix = resizing ? ", resizing" : "";
	char name[48], note[32] = "";

	if (resizing)
		scnprintf(note, sizeof(note), "at least %llu ms",
			  s->shortest[which] / NSEC_PER_MSEC);
	scnprintf(name, sizeof(name), "%s%s", sc->name, suffix);
	report_rate(s, s->rate[which][resizing][0], name,
		    sc->other ? 1 : sc->threads, keys, note);
	if (!sc->other)
		return;
	scnprintf(name, sizeof(name), "%s%s", sc->other, suffix);
	report_rate(s, s->rate[which][resizing][1], name, 1, keys, note);
}

static void init_smp(struct smp *s, const struct contestant *c, u64 *rates)
{
	unsigned int which, i;

	s->c = c;
	for (which = 0; which < SCENARIOS; which++) {
		s->shortest[which] = U64_MAX;
		for (i = 0; i < 4; i++) {
			s->rate[which][i / 2][i % 2] = rates;
			rates += bench_runs;
		}
	}
}

static void report_all(struct smp *s, const struct bench_keys *keys)
{
	unsigned int which, resizing;

	for (resizing = 0; resizing < (s->c->settled ? 2 : 1); resizing++)
		for (which = 0; which < SCENARIOS; which++)
			report(s, which, resizing, keys);
}

/**
 * bench_smp() - suite kernel-smp
 * @c: the contestants
 * @nr: how many
 * @keys: the keys, with two rounds at least
 *
 * Return: 0 or a negative errno.
 */
int bench_smp(const struct contestant **c, unsigned int nr,
	      const struct bench_keys *keys)
{
	size_t each = SCENARIOS * 4 * bench_runs;
	struct smp *all = kcalloc(nr, sizeof(*all), GFP_KERNEL);
	u64 *rates = kcalloc(nr * each, sizeof(*rates), GFP_KERNEL);
	unsigned int i, run;
	int err = all && rates ? 0 : -ENOMEM;

	if (num_online_cpus() < MAX_THREADS || keys->n < 8 * CHURN)
		err = -EINVAL;
	for (i = 0; i < nr && !err; i++)
		init_smp(&all[i], c[i], rates + i * each);
	for (run = 0; run < bench_runs && !err; run++)
		err = one_run(all, nr, keys, run);
	for (i = 0; i < nr && !err; i++)
		report_all(&all[i], keys);
	kfree(rates);
	kfree(all);
	return err;
}
