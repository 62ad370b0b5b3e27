// SPDX-License-Identifier: GPL-2.0
/*
 * Suite kernel-latency, "hold": what the dearest calls take that keys chosen with knowledge
 * of the seed can have a map do with bottom halves off. The first word of a key is its hash
 * here, and all are in one chain, or in two, of as many elements as a chain may have.
 * Long elements are the longest inline ones, hashed with SipHash, and those with the
 * longest keys, which differ in their last bytes only, and have the same hash.
 *
 * A call of hmap_reserve() makes an array, and evacuates the other one in several holds:
 * what it takes longer than one that has no chains to evacuate is the time of one.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/hmap.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"

/* Of each call, so that the median is that of a call that was not interrupted. */
#define CALLS		101

/* Elements of the longest chain that any map may have. */
#define CHAIN		512

/* Elements of the kinds that are measured. */
static const struct element {
	u32 key_size, value_size;
	bool siphash;
	bool same_hash;
} elements[] = {
	{ 8, 8, false, false },
	{ 128, 128, true, false },
	{ 4096, 8, true, true },
};

static const struct element *element;

/* A key, and room for a value; one call is measured at a time. */
static u8 key_bytes[4096], value_bytes[128];

/* The bits of the hash that no array of these tests looks at. */
#define CHAIN_SHIFT	20

/* All tophashes are the same, too. What SipHash would cost is spent. */
static u64 hash_chosen(const void *key, u32 key_size, const siphash_key_t *hash0)
{
	u64 hash = *(const u64 *)key;

	if (element->siphash && !siphash(key, key_size, hash0))
		hash++;
	return element->same_hash ? hash & GENMASK(CHAIN_SHIFT - 1, 0) : hash;
}

/* Sets key_bytes. */
static void *chain_key(u64 bucket, u64 i)
{
	u64 word = bucket | i << CHAIN_SHIFT;

	memcpy(key_bytes, &word, sizeof(word));
	if (element->same_hash) {
		memcpy(key_bytes, &bucket, sizeof(bucket));
		memcpy(key_bytes + element->key_size - sizeof(word), &word, sizeof(word));
	}
	return key_bytes;
}

static int put(struct hmap *map, u64 bucket, u64 i)
{
	return hmap_put(map, chain_key(bucket, i), value_bytes, HMAP_NOEXIST,
			GFP_KERNEL);
}

/*
 * A map of 2^B buckets, with a chain of @n1 elements at @first, and one of @n2 at @second,
 * or as many as it may have.
 */
static struct hmap *make_map(unsigned int B, u64 first, u64 n1, u64 second, u64 n2)
{
	const struct hmap_params params = {
		.key_size = element->key_size,
		.value_size = element->value_size,
		.hint = 13ul << (B - 1),
		.hashfn = hash_chosen,
		.flags = HMAP_NO_SHRINK,
	};
	struct hmap *map = kzalloc(sizeof(*map), GFP_KERNEL);
	int err = map ? hmap_init(map, &params) : -ENOMEM;
	u64 i;

	if (err) {
		kfree(map);
		return NULL;
	}
	for (i = 0; i < n1 && !err; i++)
		err = put(map, first, i);
	for (i = 0; i < n2 && (!err || err == -EMLINK); i++)
		err = put(map, second, i);
	if (err && err != -EMLINK)
		pr_err("hold: %d for an element\n", err);
	return map;
}

static void drop_map(struct hmap *map)
{
	if (map)
		hmap_destroy(map);
	kfree(map);
}

/* Elements that a chain may have. */
static unsigned long chain_most;

static int find_chain_most(void)
{
	struct hmap *map = make_map(7, 0, CHAIN, 1, 0);

	if (!map)
		return -ENOMEM;
	chain_most = hmap_len(map);
	drop_map(map);
	return 0;
}

/* ---- the calls: each returns 0 if it did what it is to do ---- */

static struct hmap *full_chain(void)
{
	return make_map(7, 0, chain_most, 1, 0);
}

static int refused_insert(struct hmap *map)
{
	return put(map, 0, chain_most) != -EMLINK;
}

/* The last one: the empty slots before it are looked for from the beginning. */
static int delete_last(struct hmap *map)
{
	return hmap_delete(map, chain_key(0, chain_most - 1));
}

static int scan_one(struct hmap *map)
{
	struct hmap_cursor cursor = {};

	return hmap_scan(map, &cursor, key_bytes, NULL, 1) != 1;
}

/* A hold copies 64 KiB at the most. */
static int scan_many(struct hmap *map)
{
	static u8 keys[SZ_64K];
	struct hmap_cursor cursor = {};
	u32 n = min_t(u32, CHAIN, sizeof(keys) / element->key_size);

	return !hmap_scan(map, &cursor, keys, NULL, n);
}

/* The largest map of short elements that a put makes the next array for, when full. */
static struct hmap *two_chains(void)
{
	unsigned long first = min(300ul, chain_most);

	return make_map(6, 5, first, 0, 13 * 32 - first);
}

/* Its own unit, and the first one in order. */
static int insert_that_grows(struct hmap *map)
{
	int err = put(map, 5 + 64, CHAIN);

	return err && err != -EMLINK;
}

/*
 * The first of these is not quite enough for a hold, elements and buckets together, so
 * that the second is in it, too.
 */
static struct hmap *two_full_chains(void)
{
	return make_map(8, 0, chain_most * 7 / 8, 1, chain_most);
}

static struct hmap *no_chain(void)
{
	return make_map(8, 0, 1, 1, 1);
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
	{ "hold: scan with room for many", full_chain, scan_many },
	{ "hold: insert that evacuates two chains", two_chains, insert_that_grows },
	{ "hold: reserve that evacuates two chains", two_full_chains, reserve },
	{ "hold: reserve that evacuates none", no_chain, reserve },
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

static int measure_element(struct bench_row *row)
{
	u64 value[CALLS];
	unsigned int i, call;
	char op[96];
	int err;

	err = find_chain_most();
	for (i = 0; i < ARRAY_SIZE(holds) && !err; i++) {
		for (call = 0; call < CALLS && !err; call++) {
			err = measure(i, &value[call]);
			cond_resched();
		}
		snprintf(op, sizeof(op), "%s, %u + %u bytes", holds[i].op,
			 element->key_size, element->value_size);
		row->op = op;
		row->n = chain_most;
		row->value = value;
		if (!err)
			bench_report(row);
	}
	return err;
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
		.unit = "ns",
		.runs = CALLS,
		.note = "",
	};
	int err = 0;

	for (element = elements; element < elements + ARRAY_SIZE(elements) && !err;
	     element++)
		err = measure_element(&row);
	return err;
}
