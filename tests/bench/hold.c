// SPDX-License-Identifier: GPL-2.0
/*
 * Suite kernel-latency, "hold": what the dearest calls take that keys chosen with knowledge
 * of the seed can have a map do with bottom halves off. The keys are their own hash here,
 * and all are in one chain, or in two, of as many elements as a chain may have.
 *
 * A call of hmap_reserve() consists of several holds; here nearly all of its work is in
 * one, of which the call's time is a bound.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hmap.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

/* Of each call, so that the median is that of a call that was not interrupted. */
#define CALLS		101

/* Elements of the longest chain: 64 buckets of eight. */
#define CHAIN		512

/* All tophashes are the same, too. */
static u64 hash_itself(const void *key, u32 key_size, const siphash_key_t *hash0)
{
	return *(const u64 *)key;
}

/* The bits of the hash that no array of these tests looks at. */
static u64 chain_key(u64 bucket, u64 i)
{
	return bucket | i << 20;
}

/* A map of 2^B buckets, of which @first and @second have @n1 and @n2 elements. */
static struct hmap *make_map(unsigned int B, u64 first, u64 n1, u64 second, u64 n2)
{
	const struct hmap_params params = {
		.key_size = sizeof(u64),
		.value_size = sizeof(u64),
		.hint = 13ul << (B - 1),
		.hashfn = hash_itself,
		.flags = HMAP_NO_SHRINK,
	};
	struct hmap *map = kzalloc(sizeof(*map), GFP_KERNEL);
	int err = map ? hmap_init(map, &params) : -ENOMEM;
	u64 i, key;

	if (err) {
		kfree(map);
		return NULL;
	}
	for (i = 0; i < n1 + n2 && !err; i++) {
		key = i < n1 ? chain_key(first, i) : chain_key(second, i - n1);
		err = hmap_put(map, &key, &i, HMAP_NOEXIST, GFP_KERNEL);
	}
	if (err)
		pr_err("hold: %d for element %llu\n", err, i);
	return map;
}

static void drop_map(struct hmap *map)
{
	if (map)
		hmap_destroy(map);
	kfree(map);
}

/* ---- the calls: each returns 0 if it did what it is to do ---- */

static struct hmap *full_chain(void)
{
	return make_map(7, 0, CHAIN, 1, 0);
}

static int refused_insert(struct hmap *map)
{
	u64 key = chain_key(0, CHAIN);

	return hmap_put(map, &key, &key, HMAP_ANY, GFP_KERNEL) != -EMLINK;
}

/* The last one: the empty slots before it are looked for from the beginning. */
static int delete_last(struct hmap *map)
{
	u64 key = chain_key(0, CHAIN - 1);

	return hmap_delete(map, &key);
}

static int scan_one(struct hmap *map)
{
	struct hmap_cursor cursor = {};
	u64 key;

	return hmap_scan(map, &cursor, &key, NULL, 1) != 1;
}

static int scan_all(struct hmap *map)
{
	static u64 keys[CHAIN];
	struct hmap_cursor cursor = {};

	return !hmap_scan(map, &cursor, keys, NULL, CHAIN);
}

/* The largest map that a put makes the next array for, as full as it gets. */
static struct hmap *two_chains(void)
{
	return make_map(6, 5, 300, 0, 13 * 32 - 300);
}

/* Its own unit, and the first one in order. */
static int insert_that_grows(struct hmap *map)
{
	u64 key = chain_key(5 + 64, CHAIN);

	return hmap_put(map, &key, &key, HMAP_ANY, GFP_KERNEL);
}

/*
 * The first of these is not quite enough for a hold, elements and buckets together, so
 * that the second is in it, too.
 */
static struct hmap *two_full_chains(void)
{
	return make_map(8, 0, 454, 1, CHAIN);
}

static int reserve(struct hmap *map)
{
	return hmap_reserve(map, 13ul << 8);
}

static const struct {
	const char *op;
	struct hmap *(*make)(void);
	int (*call)(struct hmap *map);
} holds[] = {
	{ "hold: insert into a full chain", full_chain, refused_insert },
	{ "hold: delete at its end", full_chain, delete_last },
	{ "hold: scan of one of its elements", full_chain, scan_one },
	{ "hold: scan with room for all", full_chain, scan_all },
	{ "hold: insert that evacuates two chains", two_chains, insert_that_grows },
	{ "hold: reserve that evacuates two chains", two_full_chains, reserve },
};

/* What the call takes, in thousandths of a ns. */
static int measure(unsigned int i, u64 *value)
{
	struct hmap *map = holds[i].make();
	ktime_t start;
	int err;

	if (!map)
		return -ENOMEM;
	start = ktime_get();
	err = holds[i].call(map);
	*value = ktime_to_ns(ktime_sub(ktime_get(), start)) * 1000;
	drop_map(map);
	if (err)
		pr_err("%s: %d\n", holds[i].op, err);
	return err ? -EIO : 0;
}

/**
 * bench_hold() - suite kernel-latency, the dearest calls
 * @c: hmap
 * @nr: 1
 * @keys: not looked at
 *
 * Return: 0 or a negative errno.
 */
int bench_hold(const struct contestant **c, unsigned int nr,
	       const struct bench_keys *keys)
{
	struct bench_row row = {
		.suite = "kernel-latency",
		.contestant = c[0],
		.n = CHAIN,
		.unit = "ns",
		.runs = CALLS,
		.note = "",
	};
	u64 value[CALLS];
	unsigned int i, call;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(holds) && !err; i++) {
		for (call = 0; call < CALLS && !err; call++) {
			err = measure(i, &value[call]);
			cond_resched();
		}
		row.op = holds[i].op;
		row.value = value;
		if (!err)
			bench_report(&row);
	}
	return err;
}
