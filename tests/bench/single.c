// SPDX-License-Identifier: GPL-2.0
/*
 * Suites kernel-single and kernel-fill: one thread. In each run every contestant
 * gets a map of its own and fills it; then they take turns at each operation. In
 * kernel-fill each has a map of every size, so that sizes take turns, too.
 *
 * What a map does in the background (resizing, freeing) counts as part of the
 * inserts and deletes that it is done among: there is one processor for all.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

/* Operations are repeated until they have taken so long together. */
#define LEAST_NS	(10 * NSEC_PER_MSEC)

/* Maps that fit into the caches: a first time is not measured. */
#define WARM_UP		100000

/* In kernel-fill, one insert in so many is measured: the last ones. */
#define LAST_PART	64

static const char *const op_name[BENCH_OPS] = {
	[BENCH_INSERT] = "insert",
	[BENCH_HIT] = "hit",
	[BENCH_MISS] = "miss",
	[BENCH_BATCH] = "batch-hit",
	[BENCH_UPDATE] = "update",
	[BENCH_DELETE] = "delete",
};

/**
 * struct plan - what a suite does
 * @suite: its name in the results
 * @ops: its operations, a bit for each
 * @last_inserts: only the last inserts are measured, into a map at rest
 */
struct plan {
	const char *suite;
	unsigned long ops;
	bool last_inserts;
};

static const struct plan plan_single = {
	.suite = "kernel-single",
	.ops = BIT(BENCH_INSERT) | BIT(BENCH_HIT) | BIT(BENCH_MISS) |
	       BIT(BENCH_BATCH) | BIT(BENCH_UPDATE) | BIT(BENCH_DELETE),
};

static const struct plan plan_fill = {
	.suite = "kernel-fill",
	.ops = BIT(BENCH_INSERT) | BIT(BENCH_HIT) | BIT(BENCH_MISS),
	.last_inserts = true,
};

/**
 * struct single - a contestant with maps of one size
 * @plan: the suite
 * @c: the contestant
 * @keys: the keys of its map
 * @map: its map
 * @value: for each operation an array with a result for each run
 * @retries: of all runs
 */
struct single {
	const struct plan *plan;
	const struct contestant *c;
	const struct bench_keys *keys;
	void *map;
	u64 *value[BENCH_OPS];
	unsigned long retries[BENCH_OPS];
};

/* The floor is no map: all that it does is reading. */
static bool is_map(const struct contestant *c)
{
	return c->loop[BENCH_INSERT];
}

static bool does(const struct single *s, enum bench_op op)
{
	return s->c->loop[op] && (s->plan->ops & BIT(op));
}

/* @extra is 1 if the values have been updated, or 0. */
static int check(const struct single *s, enum bench_op op, unsigned int extra,
		 const struct bench_tally *tally)
{
	unsigned long n = s->keys->n, failed = op == BENCH_MISS ? n : 0;
	bool reads = op == BENCH_HIT || op == BENCH_BATCH;
	u64 sum = s->keys->sum + extra * n;

	if (!is_map(s->c) ||
	    (tally->failed == failed && (!reads || tally->sum == sum)))
		return 0;
	pr_err("%s, %s: %lu of %lu failed, sum %#llx instead of %#llx\n",
	       s->c->name, op_name[op], tally->failed, n, tally->sum, sum);
	return -EIO;
}

/* What the operation is done with. */
static const void *keys_of(const struct bench_keys *keys, enum bench_op op,
			   unsigned long round)
{
	size_t skip = round % keys->rounds * keys->n * keys->key_size;

	switch (op) {
	case BENCH_INSERT:
		return keys->insert;
	case BENCH_MISS:
		return keys->absent + skip;
	default:
		return keys->lookup + skip;
	}
}

/* Do @op on @n keys. The time that takes is added to @ns. */
static void some_keys(struct single *s, enum bench_op op, const void *key,
		      unsigned long n, struct bench_tally *tally, u64 *ns)
{
	unsigned long done, some;
	ktime_t start = ktime_get();

	for (done = 0; done < n; done += some) {
		some = min_t(unsigned long, n - done, BENCH_CHUNK);
		s->c->loop[op](s->map, key + done * s->keys->key_size, some,
			       tally);
		cond_resched();
	}
	*ns += ktime_to_ns(ktime_sub(ktime_get(), start));
}

/* Do @op on all keys. */
static int pass(struct single *s, enum bench_op op, unsigned int extra,
		unsigned long round, u64 *ns)
{
	struct bench_tally tally = { };

	some_keys(s, op, keys_of(s->keys, op, round), s->keys->n, &tally, ns);
	s->retries[op] += tally.retries;
	return check(s, op, extra, &tally);
}

static void remove(struct single *s)
{
	if (s->map)
		s->c->destroy(s->map);
	s->map = NULL;
}

/* A new map, with all keys if @ns is not NULL: the time that took is added. */
static int make(struct single *s, u64 *ns)
{
	remove(s);
	s->map = s->c->create(s->keys);
	if (!s->map) {
		pr_err("%s: no memory for a map\n", s->c->name);
		return -ENOMEM;
	}
	return ns && is_map(s->c) ? pass(s, BENCH_INSERT, 0, 0, ns) : 0;
}

static void note_result(struct single *s, enum bench_op op, unsigned int run,
			u64 ns, u64 ops)
{
	s->value[op][run] = div64_u64(ns * 1000, ops);
}

/* Leaves the map of the last pass. */
static int measure_insert(struct single *s, unsigned int run)
{
	unsigned long passes = 0;
	u64 ns = 0;
	int err;

	do {
		err = make(s, &ns);
		if (err)
			return err;
		passes++;
	} while (ns < LEAST_NS && is_map(s->c));
	note_result(s, BENCH_INSERT, run, ns, passes * s->keys->n);
	return bench_settle(s->c, &s->map, 1);
}

static int measure_last_inserts(struct single *s, unsigned int run)
{
	unsigned long last = s->keys->n / LAST_PART;
	unsigned long first = s->keys->n - last;
	struct bench_tally tally = { };
	u64 ns = 0;
	int err = make(s, NULL);

	if (err)
		return err;
	some_keys(s, BENCH_INSERT, s->keys->insert, first, &tally, &ns);
	err = bench_settle(s->c, &s->map, 1);
	ns = 0;
	tally.retries = 0;
	some_keys(s, BENCH_INSERT, s->keys->insert + first * s->keys->key_size,
		  last, &tally, &ns);
	s->retries[BENCH_INSERT] += tally.retries;
	note_result(s, BENCH_INSERT, run, ns, last);
	err = err ?: check(s, BENCH_INSERT, 0, &tally);
	return err ?: bench_settle(s->c, &s->map, 1);
}

/* Hits, misses, updates. */
static int measure(struct single *s, enum bench_op op, unsigned int run)
{
	unsigned long passes = 0;
	u64 ns = 0;
	int err = 0;

	if (s->keys->n <= WARM_UP)
		err = pass(s, op, 0, s->keys->rounds - 1, &ns);
	for (ns = 0; !err && ns < LEAST_NS; passes++)
		err = pass(s, op, 0, passes, &ns);
	if (!err)
		note_result(s, op, run, ns, passes * s->keys->n);
	return err;
}

static int measure_delete(struct single *s, unsigned int run)
{
	unsigned long passes = 0;
	u64 ns = 0, unused = 0;
	int err;

	do {
		err = passes ? make(s, &unused) : 0;
		err = err ?: pass(s, BENCH_DELETE, 0, passes, &ns);
		if (err)
			return err;
		passes++;
	} while (ns < LEAST_NS);
	note_result(s, BENCH_DELETE, run, ns, passes * s->keys->n);
	return bench_settle(s->c, &s->map, 1);
}

/* All contestants, the first of which is another one in each run. */
static int each(struct single *all, unsigned int nr, enum bench_op op,
		unsigned int run)
{
	struct single *s;
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr && !err; i++) {
		s = &all[(i + run) % nr];
		if (op == BENCH_INSERT)
			err = s->plan->last_inserts ?
			      measure_last_inserts(s, run) :
			      measure_insert(s, run);
		else if (does(s, op))
			err = op == BENCH_DELETE ? measure_delete(s, run) :
						   measure(s, op, run);
	}
	return err;
}

/* That updates have stored what they should. */
static int check_updates(struct single *all, unsigned int nr)
{
	u64 unused = 0;
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr && !err; i++)
		if (is_map(all[i].c) && does(&all[i], BENCH_UPDATE))
			err = pass(&all[i], BENCH_HIT, 1, 0, &unused);
	return err;
}

static int one_run(struct single *all, unsigned int nr, unsigned int run)
{
	unsigned int i;
	int err;

	pr_info("n %lu%s, key_size %u, run %u of %u\n", all->keys->n,
		all[nr - 1].keys == all->keys ? "" : " and others",
		all->keys->key_size, run + 1, bench_runs);
	err = each(all, nr, BENCH_INSERT, run);
	err = err ?: each(all, nr, BENCH_HIT, run);
	err = err ?: each(all, nr, BENCH_MISS, run);
	err = err ?: each(all, nr, BENCH_BATCH, run);
	err = err ?: each(all, nr, BENCH_UPDATE, run);
	err = err ?: check_updates(all, nr);
	err = err ?: each(all, nr, BENCH_DELETE, run);
	for (i = 0; i < nr; i++)
		remove(&all[i]);
	return err;
}

static void report(struct single *s)
{
	struct bench_row row = {
		.suite = s->plan->suite,
		.contestant = s->c,
		.n = s->keys->n,
		.unit = "ns/op",
		.runs = bench_runs,
	};
	char note[32];
	enum bench_op op;

	for (op = 0; op < BENCH_OPS; op++) {
		if (!does(s, op))
			continue;
		row.op = op_name[op];
		row.value = s->value[op];
		row.note = note;
		note[0] = '\0';
		if (s->retries[op])
			scnprintf(note, sizeof(note), "%lu retries",
				  s->retries[op]);
		bench_report(&row);
	}
}

/* Every contestant with each of the @sizes keys. */
static int run_plan(const struct plan *plan, const struct contestant **c,
		    unsigned int nr, const struct bench_keys *keys,
		    unsigned int sizes)
{
	unsigned int i, op, run, all_nr = nr * sizes;
	struct single *all = kcalloc(all_nr, sizeof(*all), GFP_KERNEL);
	u64 *values = kcalloc((size_t)all_nr * BENCH_OPS * bench_runs,
			      sizeof(*values), GFP_KERNEL);
	int err = all && values ? 0 : -ENOMEM;

	for (i = 0; i < all_nr && !err; i++) {
		all[i].plan = plan;
		all[i].c = c[i % nr];
		all[i].keys = &keys[i / nr];
		for (op = 0; op < BENCH_OPS; op++)
			all[i].value[op] =
				values + (i * BENCH_OPS + op) * bench_runs;
	}
	for (run = 0; run < bench_runs && !err; run++)
		err = one_run(all, all_nr, run);
	for (i = 0; i < all_nr && !err; i++)
		report(&all[i]);
	kfree(values);
	kfree(all);
	return err;
}

/**
 * bench_single() - suite kernel-single for one size
 * @c: the contestants
 * @nr: how many
 * @keys: the keys
 *
 * Return: 0 or a negative errno.
 */
int bench_single(const struct contestant **c, unsigned int nr,
		 const struct bench_keys *keys)
{
	return run_plan(&plan_single, c, nr, keys, 1);
}

/**
 * bench_fill() - suite kernel-fill, but for the memory
 * @c: the contestants
 * @nr: how many
 * @keys: the keys of each size; the last is followed by one with n == 0
 *
 * Return: 0 or a negative errno.
 */
int bench_fill(const struct contestant **c, unsigned int nr,
	       const struct bench_keys *keys)
{
	unsigned int sizes = 0;

	while (keys[sizes].n)
		sizes++;
	return run_plan(&plan_fill, c, nr, keys, sizes);
}
