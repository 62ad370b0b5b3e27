// SPDX-License-Identifier: GPL-2.0
/*
 * Suite kernel-single: one thread. In each run every contestant gets a map of its
 * own and fills it; then they take turns at each operation.
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

#define SUITE		"kernel-single"

static const char *const op_name[BENCH_OPS] = {
	[BENCH_INSERT] = "insert",
	[BENCH_HIT] = "hit",
	[BENCH_MISS] = "miss",
	[BENCH_BATCH] = "batch-hit",
	[BENCH_UPDATE] = "update",
	[BENCH_DELETE] = "delete",
};

/**
 * struct single - a contestant in this suite
 * @c: who
 * @map: its map
 * @value: for each operation an array with a result for each run
 * @retries: of all runs
 */
struct single {
	const struct contestant *c;
	void *map;
	u64 *value[BENCH_OPS];
	unsigned long retries[BENCH_OPS];
};

/* The floor is no map: all that it does is reading. */
static bool is_map(const struct contestant *c)
{
	return c->loop[BENCH_INSERT];
}

static int check(const struct single *s, enum bench_op op, u64 sum,
		 const struct bench_keys *keys, const struct bench_tally *tally)
{
	unsigned long failed = op == BENCH_MISS ? keys->n : 0;
	bool reads = op == BENCH_HIT || op == BENCH_BATCH;

	if (!is_map(s->c) ||
	    (tally->failed == failed && (!reads || tally->sum == sum)))
		return 0;
	pr_err("%s, %s: %lu of %lu failed, sum %#llx instead of %#llx\n",
	       s->c->name, op_name[op], tally->failed, keys->n, tally->sum, sum);
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

/* Do @op on all keys. The values there are have the sum @sum. */
static int pass(struct single *s, enum bench_op op, u64 sum,
		const struct bench_keys *keys, unsigned long round, u64 *ns)
{
	const void *key = keys_of(keys, op, round);
	struct bench_tally tally = { };
	unsigned long done, some;
	ktime_t start = ktime_get();

	for (done = 0; done < keys->n; done += some) {
		some = min_t(unsigned long, keys->n - done, BENCH_CHUNK);
		s->c->loop[op](s->map, key + done * keys->key_size, some,
			       &tally);
		cond_resched();
	}
	*ns += ktime_to_ns(ktime_sub(ktime_get(), start));
	s->retries[op] += tally.retries;
	return check(s, op, sum, keys, &tally);
}

static void remove(struct single *s)
{
	if (s->map)
		s->c->destroy(s->map);
	s->map = NULL;
}

/* A new map, with all keys if @ns is not NULL: the time that took is added. */
static int make(struct single *s, const struct bench_keys *keys, u64 *ns)
{
	remove(s);
	s->map = s->c->create(keys);
	if (!s->map) {
		pr_err("%s: no memory for a map\n", s->c->name);
		return -ENOMEM;
	}
	return ns && is_map(s->c) ? pass(s, BENCH_INSERT, 0, keys, 0, ns) : 0;
}

static void note_result(struct single *s, enum bench_op op, unsigned int run,
			u64 ns, u64 ops)
{
	s->value[op][run] = div64_u64(ns * 1000, ops);
}

/* Leaves the map of the last pass. */
static int measure_insert(struct single *s, const struct bench_keys *keys,
			  unsigned int run)
{
	unsigned long passes = 0;
	u64 ns = 0;
	int err;

	do {
		err = make(s, keys, &ns);
		if (err)
			return err;
		passes++;
	} while (ns < LEAST_NS && is_map(s->c));
	note_result(s, BENCH_INSERT, run, ns, passes * keys->n);
	return bench_settle(s->c, &s->map, 1);
}

/* Hits, misses, updates. */
static int measure(struct single *s, enum bench_op op, u64 sum,
		   const struct bench_keys *keys, unsigned int run)
{
	unsigned long passes = 0;
	u64 ns = 0;
	int err = 0;

	if (keys->n <= WARM_UP)
		err = pass(s, op, sum, keys, keys->rounds - 1, &ns);
	for (ns = 0; !err && ns < LEAST_NS; passes++)
		err = pass(s, op, sum, keys, passes, &ns);
	if (!err)
		note_result(s, op, run, ns, passes * keys->n);
	return err;
}

static int measure_delete(struct single *s, const struct bench_keys *keys,
			  unsigned int run)
{
	unsigned long passes = 0;
	u64 ns = 0, unused = 0;
	int err;

	do {
		err = passes ? make(s, keys, &unused) : 0;
		err = err ?: pass(s, BENCH_DELETE, 0, keys, passes, &ns);
		if (err)
			return err;
		passes++;
	} while (ns < LEAST_NS);
	note_result(s, BENCH_DELETE, run, ns, passes * keys->n);
	return bench_settle(s->c, &s->map, 1);
}

/* All contestants, the first of which is another one in each run. */
static int each(struct single *all, unsigned int nr, enum bench_op op, u64 sum,
		const struct bench_keys *keys, unsigned int run)
{
	struct single *s;
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr && !err; i++) {
		s = &all[(i + run) % nr];
		if (op == BENCH_INSERT)
			err = measure_insert(s, keys, run);
		else if (s->c->loop[op])
			err = op == BENCH_DELETE ?
			      measure_delete(s, keys, run) :
			      measure(s, op, sum, keys, run);
	}
	return err;
}

/* That updates have stored what they should. */
static int check_updates(struct single *all, unsigned int nr, u64 sum,
			 const struct bench_keys *keys)
{
	u64 unused = 0;
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr && !err; i++)
		if (is_map(all[i].c))
			err = pass(&all[i], BENCH_HIT, sum, keys, 0, &unused);
	return err;
}

static int one_run(struct single *all, unsigned int nr,
		   const struct bench_keys *keys, unsigned int run)
{
	unsigned int i;
	int err;

	pr_info("n %lu, key_size %u, run %u of %u\n", keys->n, keys->key_size,
		run + 1, bench_runs);
	err = each(all, nr, BENCH_INSERT, 0, keys, run);
	err = err ?: each(all, nr, BENCH_HIT, keys->sum, keys, run);
	err = err ?: each(all, nr, BENCH_MISS, 0, keys, run);
	err = err ?: each(all, nr, BENCH_BATCH, keys->sum, keys, run);
	err = err ?: each(all, nr, BENCH_UPDATE, 0, keys, run);
	err = err ?: check_updates(all, nr, keys->sum + keys->n, keys);
	err = err ?: each(all, nr, BENCH_DELETE, 0, keys, run);
	for (i = 0; i < nr; i++)
		remove(&all[i]);
	return err;
}

static void report(struct single *s, const struct bench_keys *keys)
{
	struct bench_row row = {
		.suite = SUITE,
		.contestant = s->c,
		.n = keys->n,
		.unit = "ns/op",
		.runs = bench_runs,
	};
	char note[32];
	enum bench_op op;

	for (op = 0; op < BENCH_OPS; op++) {
		if (!s->c->loop[op] || !op_name[op])
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
	struct single *all = kcalloc(nr, sizeof(*all), GFP_KERNEL);
	u64 *values = kcalloc((size_t)nr * BENCH_OPS * bench_runs,
			      sizeof(*values), GFP_KERNEL);
	unsigned int i, op, run;
	int err = all && values ? 0 : -ENOMEM;

	for (i = 0; i < nr && !err; i++) {
		all[i].c = c[i];
		for (op = 0; op < BENCH_OPS; op++)
			all[i].value[op] =
				values + (i * BENCH_OPS + op) * bench_runs;
	}
	for (run = 0; run < bench_runs && !err; run++)
		err = one_run(all, nr, keys, run);
	for (i = 0; i < nr && !err; i++)
		report(&all[i], keys);
	kfree(values);
	kfree(all);
	return err;
}
