// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of Go's classic map assert, for this map; the code is our own.
 * The Go test is named above each. Elsewhere:
 *
 *	go_concurrent_kunit.c	those that need several threads
 *	hash_kunit.c		hash_test.go
 *	model_kunit.c		maps/fuzz_test.go
 *
 * Not here, because there is nothing of the kind in the map: keys that are not
 * equal to themselves (NaN) or equal and different (negative zero), interface
 * and string keys, string literals, maps on the stack (NonEscapingMap), deferred
 * deletes, maps.Clone (a scan into another map takes its place), keys of no
 * bytes (EmptyKeyAndValue: only values may be empty).
 */
#include <linux/ktime.h>
#include <linux/math64.h>

#include "hmap_kunit.h"

/*
 * TestHmapSize: what was built for the layout of the fields must find it again.
 * The fields are those of struct hmap_stats here.
 */
static_assert(sizeof(struct hmap_stats) == 152);
static_assert(offsetof(struct hmap_stats, count) == 0);
static_assert(offsetof(struct hmap_stats, B) == 12);
static_assert(offsetof(struct hmap_stats, hash0) == 24);
static_assert(offsetof(struct hmap_stats, buckets) == 32);
static_assert(offsetof(struct hmap_stats, next_overflow) == 80);
static_assert(offsetof(struct hmap_stats, alloc_failures) == 128);
static_assert(offsetof(struct hmap_stats, shrinks) == 136);
static_assert(offsetof(struct hmap_stats, capacity) == 144);

/* TestLoadFactor, as far as the load factor is Go's */
static void the_load_factor_is_six_and_a_half(struct kunit *test)
{
	u64 fits;
	u8 B;

	for (B = 0; B < LOAD_LARGE_B; B++) {
		fits = B ? 13ULL << (B - 1) : 8;
		KUNIT_EXPECT_FALSE(test, hmap_over_load(fits, B));
		KUNIT_EXPECT_TRUE(test, hmap_over_load(fits + 1, B));
	}
}

static const struct go_buckets {
	u64 n;
	u64 buckets;
} go_buckets[] = {
	{ 0, 1 }, { 1, 1 }, { 8, 1 }, { 9, 2 }, { 13, 2 }, { 14, 4 }, { 26, 4 },
};

/* TestMapBuckets, without a hint and with one */
static void elements_get_as_many_buckets_as_in_go(struct kunit *test)
{
	struct hmap *plain, *hinted;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(go_buckets); i++) {
		plain = hk_map_u64(test);
		hinted = hk_map_hint(test, go_buckets[i].n);
		hk_put_range(test, plain, 0, go_buckets[i].n);
		KUNIT_EXPECT_EQ(test, hmap_nbuckets(hk_array(plain)),
				go_buckets[i].buckets);
		hk_put_range(test, hinted, 0, go_buckets[i].n);
		KUNIT_EXPECT_EQ(test, hmap_nbuckets(hk_array(hinted)),
				go_buckets[i].buckets);
	}
}

/* TestIgnoreBogusMapHint, TestMapBuckets: refused here rather than ignored */
static void bogus_hints_are_refused(struct kunit *test)
{
	static const unsigned long hints[] = {
		-1UL, BIT(BITS_PER_LONG - 2), -BIT(30),
	};
	struct hmap_params params = { .key_size = 8, .value_size = 8 };
	struct hmap h;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hints); i++) {
		params.hint = hints[i];
		KUNIT_EXPECT_EQ(test, hmap_init(&h, &params), -EINVAL);
	}
}

static void expect_tombstones(struct kunit *test, const char *states)
{
	const char *rest = strchr(states, '.');
	const char *p;

	for (p = rest; p && *p; p++)
		KUNIT_ASSERT_TRUE(test, *p == '.' || *p == '|');
	if (rest)
		for (p = rest - 1; p >= states && *p == '|'; p--)
			;
	else
		p = states + strlen(states) - 1;
	KUNIT_ASSERT_TRUE(test, p < states || *p == '#');
}

static void expect_all_tombstones(struct kunit *test, struct hmap *h)
{
	struct hmap_chain chain;
	const char *states;
	size_t i;

	HK_VERIFY(test, h);
	for (i = 0; i < hmap_nbuckets(hk_array(h)); i++) {
		chain = hk_chain_of(h, i);
		states = hk_chain_states(test, h, &chain);
		expect_tombstones(test, states);
		kunit_kfree(test, states);
	}
}

/* TestMapTombstones */
static void tombstones_mark_the_end_of_every_chain(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 key;

	hk_put_range(test, h, 0, 4000);
	expect_all_tombstones(test, h);
	for (key = 0; key < 4000; key += 2)
		hk_delete(test, h, key);
	expect_all_tombstones(test, h);
	hk_put_range(test, h, 4000, 6000);
	expect_all_tombstones(test, h);
	for (key = 0; key < 6000; key++)
		hmap_delete(h, &key);
	expect_all_tombstones(test, h);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
}

static void grow_and_delete_odd(struct kunit *test, struct hmap *h, u32 step,
				void *arg)
{
	struct hk_scan *scan = arg;
	u64 key;

	if (step)
		return;
	hk_put_range(test, h, 100, 1000);
	for (key = 1; key < 1000; key += 2) {
		hk_delete(test, h, key);
		/* The first ones came before they were deleted. */
		scan->times[key] = 0;
	}
}

/* TestIterGrowAndDelete */
static void what_is_deleted_after_growth_is_not_iterated(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hk_scan scan = {
		.capacity = 1, .limit = 1000, .between = grow_and_delete_odd,
		.iter = true, .arg = &scan,
	};
	u64 key;

	hk_put_range(test, h, 0, 100);
	hk_scan(test, h, &scan);
	for (key = 1; key < 1000; key += 2)
		hk_expect_times(test, &scan, key, key + 1, 0);
	for (key = 0; key < 100; key += 2)
		hk_expect_times(test, &scan, key, key + 1, 1);
	HK_VERIFY(test, h);
}

static void grow_and_wait(struct kunit *test, struct hmap *h, u32 step,
			  void *arg)
{
	if (step)
		return;
	hk_put_range(test, h, 100, 1000);
	/* What has been replaced is really gone. */
	rcu_barrier();
}

/* TestIterGrowWithGC */
static void an_iteration_outlives_the_arrays_it_began_in(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hk_scan scan = {
		.capacity = 1, .limit = 1000, .between = grow_and_wait,
		.iter = true,
	};

	hk_put_range(test, h, 0, 16);
	hk_scan(test, h, &scan);
	hk_expect_times(test, &scan, 0, 16, 1);
	hk_expect_no_twice(test, &scan);
}

/* The keys in the order of an iteration; their number. */
static u32 iteration(struct hmap *h, u64 *keys, u32 room)
{
	struct hmap_iter iter;
	u32 total = 0;

	hmap_iter_init(&iter);
	while (total < room && !hmap_iter_done(&iter))
		total += hmap_iter_next(h, &iter, keys + total, NULL,
					room - total);
	return total;
}

static bool order_varies(struct kunit *test, struct hmap *h, u32 n, u32 tries)
{
	u64 first[32], again[32];

	KUNIT_ASSERT_EQ(test, iteration(h, first, ARRAY_SIZE(first)), n);
	while (tries--) {
		KUNIT_ASSERT_EQ(test, iteration(h, again, ARRAY_SIZE(again)),
				n);
		if (memcmp(first, again, n * sizeof(*first)))
			return true;
	}
	return false;
}

/* TestMapIterOrder */
static void the_order_of_iteration_varies(struct kunit *test)
{
	static const u32 list[] = { 3, 7, 9, 15 };
	struct hmap *h;
	unsigned int i, map;

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		for (map = 0; map < 250; map++) {
			h = hk_map_u64(test);
			hk_put_range(test, h, 0, list[i]);
			/*
			 * Most of the order may be between two keys: of 3
			 * keys, all of 100 iterations begin there in one map
			 * of 1700.
			 */
			KUNIT_EXPECT_TRUE(test, order_varies(test, h, list[i],
							     20000));
			hk_map_destroy(test, h);
		}
	}
}

static struct hmap *make_sparse(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	hk_put_range(test, h, 0, 1000);
	hk_delete_range(test, h, 20, 1000);
	return h;
}

/* TestMapSparseIterOrder */
static void the_order_of_a_sparse_map_varies(struct kunit *test)
{
	unsigned int round;

	for (round = 0; round < 10; round++)
		KUNIT_EXPECT_TRUE(test, order_varies(test, make_sparse(test),
						     20, 800));
}

/* TestMapIterDuplicate */
static void a_sparse_map_is_iterated_without_duplicates(struct kunit *test)
{
	struct hmap *h = make_sparse(test);
	unsigned int round;
	u64 keys[32], seen;
	u32 n;

	for (round = 0; round < 1000; round++) {
		n = iteration(h, keys, ARRAY_SIZE(keys));
		KUNIT_ASSERT_EQ(test, n, 20);
		for (seen = 0; n--;)
			seen |= BIT_ULL(keys[n]);
		KUNIT_ASSERT_EQ(test, seen, BIT_ULL(20) - 1);
	}
}

/* TestMapIterDeleteReplace */
static void a_replaced_value_is_iterated_fresh(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_iter iter;
	u64 key, value, i;
	bool replaced;

	for (i = 0; i < 100; i++) {
		for (key = 0; key < 10; key++)
			hk_put(test, h, key, 1);
		replaced = false;
		hmap_iter_init(&iter);
		while (!hmap_iter_done(&iter)) {
			if (!hmap_iter_next(h, &iter, &key, &value, 1))
				continue;
			KUNIT_ASSERT_EQ(test, value, replaced ? 2 : 1);
			if (replaced)
				continue;
			for (key = 0; key < 10; key++) {
				hk_delete(test, h, key);
				hk_put(test, h, key, 2);
			}
			replaced = true;
		}
	}
}

static int increment(void *value, bool exists, void *arg)
{
	++*(u8 *)value;
	return 0;
}

/* Key 1 leaves all ones behind: key 2 starts from zero. */
static void expect_fresh_cell(struct kunit *test, u32 key_size, u32 value_size,
			      bool clear)
{
	struct hmap *h = hk_map_sized(test, key_size, value_size);
	u8 key[200] = { 12 }, value[300], got[300] = {};

	memset(value, 0xff, sizeof(value));
	KUNIT_ASSERT_EQ(test, hmap_put(h, key, value, HMAP_ANY, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, clear ? hmap_clear(h) : hmap_delete(h, key), 0);
	key[0] = 13;
	KUNIT_ASSERT_EQ(test, hmap_update(h, key, increment, NULL, HMAP_ANY,
					  GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, hmap_get(h, key, got), 0);
	KUNIT_EXPECT_EQ(test, got[0], 1);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(got + 1, 0, sizeof(got) - 1),
			    NULL);
}

/* TestIncrementAfterDeleteValueInt, ...ValueInt64 */
static void increment_after_delete_of_8_bytes(struct kunit *test)
{
	expect_fresh_cell(test, 8, 8, false);
}

/* TestIncrementAfterDeleteValueInt32 */
static void increment_after_delete_of_4_bytes(struct kunit *test)
{
	expect_fresh_cell(test, 8, 4, false);
}

/* TestIncrementAfterDeleteKeyStringValueInt: a long key for the string */
static void increment_after_delete_of_a_long_key(struct kunit *test)
{
	expect_fresh_cell(test, 200, 8, false);
}

/* TestIncrementAfterDeleteKeyValueString */
static void increment_after_delete_of_a_long_value(struct kunit *test)
{
	expect_fresh_cell(test, 200, 300, false);
}

/* TestIncrementAfterBulkClearKeyStringValueInt */
static void increment_after_clear(struct kunit *test)
{
	expect_fresh_cell(test, 200, 8, true);
	expect_fresh_cell(test, 8, 8, true);
}

static int operate(void *value, bool exists, void *arg)
{
	u64 *v = value;
	const u64 *operand = arg;

	switch (operand[0]) {
	case '+':
		*v += operand[1];
		return 0;
	case '/':
		*v = div64_u64(*v, operand[1]);
		return 0;
	default:
		div64_u64_rem(*v, operand[1], v);
		return 0;
	}
}

/* TestMapOperatorAssignment */
static void an_update_can_be_any_operation(struct kunit *test)
{
	u64 operands[][2] = { { '+', 67890 }, { '/', 123 }, { '%', 456 } };
	struct hmap *h = hk_map_u64(test);
	unsigned int i;

	hk_put(test, h, 0, 12345);
	for (i = 0; i < ARRAY_SIZE(operands); i++)
		KUNIT_EXPECT_EQ(test, hmap_update(h, &(u64){ 0 }, operate,
						  operands[i], HMAP_ANY,
						  GFP_KERNEL), 0);
	hk_expect(test, h, 0, (12345 + 67890) / 123 % 456);
}

static int append(void *value, bool exists, void *arg)
{
	u32 *list = value;

	list[++list[0]] = *(const u32 *)arg;
	return 0;
}

/* TestMapAppendAssignment: a value that is a list with its length */
static void an_update_can_append(struct kunit *test)
{
	static const u32 want[] = { 12345, 67890, 123, 456, 7, 8, 9, 0 };
	struct hmap *h = hk_map_sized(test, 8, 40);
	u32 list[10];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(want); i++)
		KUNIT_EXPECT_EQ(test, hmap_update(h, &(u64){ 0 }, append,
						  (void *)&want[i], HMAP_ANY,
						  GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, hmap_get(h, &(u64){ 0 }, list), 0);
	KUNIT_EXPECT_EQ(test, list[0], ARRAY_SIZE(want));
	KUNIT_EXPECT_MEMEQ(test, &list[1], want, sizeof(want));
}

/* TestAlias */
static void two_pointers_are_one_map(struct kunit *test)
{
	struct hmap *m = hk_map_u64(test), *n = m;

	hk_put(test, m, 0, 5);
	hk_put(test, n, 0, 6);
	hk_expect(test, m, 0, 6);
}

#define LARGE_WORDS	64

static void set_large(u64 *words, u64 i)
{
	unsigned int j;

	for (j = 0; j < LARGE_WORDS; j++)
		words[j] = i + j;
}

/* TestMapLargeKeyNoPointer */
static void a_thousand_keys_of_512_bytes(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 512, 8);
	u64 *words = hk_alloc(test, LARGE_WORDS, sizeof(*words));
	u64 i, value;

	for (i = 0; i < 1000; i++) {
		set_large(words, i);
		KUNIT_ASSERT_EQ(test, hmap_put(h, words, &i, HMAP_NOEXIST,
					       GFP_KERNEL), 0);
	}
	rcu_barrier();
	for (i = 0; i < 1000; i++) {
		set_large(words, i);
		KUNIT_ASSERT_EQ(test, hmap_get(h, words, &value), 0);
		KUNIT_ASSERT_EQ(test, value, i);
	}
	HK_VERIFY(test, h);
}

/* TestMapLargeValNoPointer */
static void a_thousand_values_of_512_bytes(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 8, 512);
	u64 *words = hk_alloc(test, LARGE_WORDS, sizeof(*words));
	u64 *got = hk_alloc(test, LARGE_WORDS, sizeof(*got));
	u64 i;

	for (i = 0; i < 1000; i++) {
		set_large(words, i);
		KUNIT_ASSERT_EQ(test, hmap_put(h, &i, words, HMAP_NOEXIST,
					       GFP_KERNEL), 0);
	}
	rcu_barrier();
	for (i = 0; i < 1000; i++) {
		set_large(words, i);
		KUNIT_ASSERT_EQ(test, hmap_get(h, &i, got), 0);
		KUNIT_ASSERT_EQ(test, memcmp(got, words, 512), 0);
	}
	HK_VERIFY(test, h);
}

/* TestBigItems: keys and values of 4096 bytes that differ in the middle */
static void a_hundred_keys_and_values_of_4_kib(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 4096, 4096);
	u8 *key = hk_alloc(test, 1, 4096), *value = hk_alloc(test, 1, 4096);
	struct hmap_iter iter;
	u8 seen[100] = {};
	u32 i;

	memset(key, 'f', 4096);
	for (i = 0; i < 100; i++) {
		key[592] = i;
		KUNIT_ASSERT_EQ(test, hmap_put(h, key, key, HMAP_ANY,
					       GFP_KERNEL), 0);
	}
	hmap_iter_init(&iter);
	while (!hmap_iter_done(&iter)) {
		if (!hmap_iter_next(h, &iter, key, value, 1))
			continue;
		KUNIT_ASSERT_EQ(test, memcmp(key, value, 4096), 0);
		KUNIT_ASSERT_LT(test, key[592], 100);
		seen[key[592]]++;
	}
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(seen, 1, sizeof(seen)), NULL);
	HK_VERIFY(test, h);
}

static int expect_zeros(void *value, bool exists, void *arg)
{
	*(bool *)arg = !exists && !memchr_inv(value, 0, 4000);
	return 0;
}

/* TestMapHugeZero: what is not there begins as zeros, of any size */
static void a_missing_huge_value_is_zeros(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 8, 4000);
	u8 *got = hk_alloc(test, 1, 4000);
	bool zeros = false;

	KUNIT_EXPECT_EQ(test, hmap_get(h, &(u64){ 0 }, got), -ENOENT);
	KUNIT_EXPECT_EQ(test, hmap_update(h, &(u64){ 0 }, expect_zeros, &zeros,
					  HMAP_ANY, GFP_KERNEL), 0);
	KUNIT_EXPECT_TRUE(test, zeros);
	KUNIT_EXPECT_EQ(test, hmap_get(h, &(u64){ 0 }, got), 0);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(got, 0, 4000), NULL);
}

/* TestMapKeys, TestMapValues: all keys, all values, in one call */
static void keys_and_values_are_exported_in_bulk(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_cursor k = {}, v = {};
	u64 keys[60], values[60];
	unsigned int i;

	hk_put_range(test, h, 0, 50);
	KUNIT_ASSERT_EQ(test, hmap_scan(h, &k, keys, NULL, 60), 50);
	KUNIT_ASSERT_EQ(test, hmap_scan(h, &v, NULL, values, 60), 50);
	for (i = 0; i < 50; i++)
		KUNIT_EXPECT_EQ(test, values[i], hk_value(keys[i]));
}

/*
 * test/maplinear.go, int. What inserts have to do is counted, not timed: a busy machine's
 * time is that of others, too. To grow to any size evacuates fewer buckets than there
 * are in the end, and no chain becomes long.
 */
static void inserts_take_linear_time(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_stats stats;
	u64 n;

	for (n = 1000; n <= 64000; n *= 2) {
		hk_put_range(test, h, hmap_len(h), n);
		hmap_get_stats(h, &stats);
		KUNIT_EXPECT_LT(test, stats.evacuated, BIT_ULL(stats.B));
		KUNIT_EXPECT_LE(test, stats.longest_chain, 4);
	}
}

/*
 * test/maplinear.go, iterdelete. A step of an iteration passes 64 buckets at the most,
 * and few of them are empty, since it begins anywhere.
 * From the first bucket on it would be 16 scans for each element.
 */
static void popping_all_by_iteration_takes_linear_time(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	unsigned int scans = 0, found;
	struct hmap_iter iter;
	const u32 n = 10000;
	u64 key;

	hk_put_range(test, h, 0, n);
	while (hmap_len(h)) {
		hmap_iter_init(&iter);
		do {
			found = hmap_iter_next(h, &iter, &key, NULL, 1);
			scans++;
		} while (!found && !hmap_iter_done(&iter));
		KUNIT_ASSERT_EQ(test, found, 1);
		hk_delete(test, h, key);
	}
	KUNIT_EXPECT_LT(test, scans, 2 * n);
}

/* test/mapclear.go */
static void a_cleared_map_is_like_new(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 keys[8];

	hk_put_range(test, h, 0, 100);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
	KUNIT_EXPECT_EQ(test, iteration(h, keys, 8), 0);
	hk_put_range(test, h, 50, 60);
	hk_expect_all(test, h, 50, 60);
}

/* test/map.go: the basics */
static void what_every_map_can_do(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 i;

	for (i = 0; i < 1000; i++) {
		hk_expect_absent(test, h, i);
		hk_put(test, h, i, i);
		hk_expect(test, h, i, i);
		KUNIT_ASSERT_EQ(test, hmap_len(h), i + 1);
	}
	for (i = 0; i < 1000; i++)
		hk_put(test, h, i, 10 * i);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 1000);
	for (i = 0; i < 1000; i++)
		hk_expect(test, h, i, 10 * i);
	for (i = 0; i < 1000; i += 2)
		hk_delete(test, h, i);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 500);
	HK_VERIFY(test, h);
}

/* test/bigmap.go: values of 1000 bytes */
static void values_of_1000_bytes(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 4, 1000);
	u8 *value = hk_alloc(test, 1, 1000);
	u32 key;

	for (key = 0; key < 200; key++) {
		memset(value, key, 1000);
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, value, HMAP_ANY,
					       GFP_KERNEL), 0);
	}
	for (key = 0; key < 200; key++) {
		KUNIT_ASSERT_EQ(test, hmap_get(h, &key, value), 0);
		KUNIT_ASSERT_PTR_EQ(test, memchr_inv(value, key, 1000), NULL);
	}
}

/* test/range.go, nil maps: a map without buckets yet */
static void an_unused_map_is_empty_in_every_way(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 key = 0;

	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
	KUNIT_EXPECT_EQ(test, iteration(h, &key, 1), 0);
	KUNIT_EXPECT_EQ(test, hmap_get(h, &key, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, hmap_delete(h, &key), -ENOENT);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	HK_VERIFY(test, h);
}

static void clear_at_once(struct kunit *test, struct hmap *h, u32 step,
			  void *arg)
{
	u64 *grow_to = arg;

	if (step)
		return;
	hk_put_range(test, h, 1000, *grow_to);
	KUNIT_ASSERT_EQ(test, hmap_clear(h), 0);
	KUNIT_ASSERT_EQ(test, hmap_len(h), 0);
}

static void expect_iteration_ends_with_clear(struct kunit *test, u64 grow_to)
{
	struct hmap *h = hk_map_u64(test);
	struct hk_scan scan = {
		.capacity = 1, .limit = grow_to, .between = clear_at_once,
		.arg = &grow_to, .iter = true,
	};
	u64 key, n = 0;

	hk_put_range(test, h, 0, 1000);
	hk_scan(test, h, &scan);
	for (key = 0; key < grow_to; key++)
		n += scan.times[key];
	KUNIT_EXPECT_EQ(test, n, 1);
	hk_put_range(test, h, 0, 1000);
	hk_expect_all(test, h, 0, 1000);
}

/* Issue 59411 */
static void clear_ends_an_iteration(struct kunit *test)
{
	expect_iteration_ends_with_clear(test, 1000);
}

/* Issue 70189 */
static void growth_and_clear_end_an_iteration(struct kunit *test)
{
	expect_iteration_ends_with_clear(test, 5000);
}

/* Issue 69110: a copy of a map in the middle of a resize to the same size */
static void a_map_is_copied_during_same_size_growth(struct kunit *test)
{
	u64 from, to, keys[20], values[20];
	struct hmap *h = hk_map_same_size(test, &from, &to);
	struct hmap *copy = hk_map_hint(test, hmap_len(h));
	struct hmap_cursor cursor = {};
	u32 n;

	while (!hmap_cursor_done(&cursor)) {
		n = hmap_scan(h, &cursor, keys, values, 20);
		while (n--)
			hk_put(test, copy, keys[n], values[n]);
	}
	KUNIT_EXPECT_TRUE(test, hk_growing(h));
	hk_expect_all(test, copy, from, to);
	hk_expect_all(test, h, from, to);
}

static struct kunit_case go_cases[] = {
	KUNIT_CASE(the_load_factor_is_six_and_a_half),
	KUNIT_CASE(elements_get_as_many_buckets_as_in_go),
	KUNIT_CASE(bogus_hints_are_refused),
	KUNIT_CASE(tombstones_mark_the_end_of_every_chain),
	KUNIT_CASE(what_is_deleted_after_growth_is_not_iterated),
	KUNIT_CASE(an_iteration_outlives_the_arrays_it_began_in),
	KUNIT_CASE(the_order_of_iteration_varies),
	KUNIT_CASE(the_order_of_a_sparse_map_varies),
	KUNIT_CASE(a_sparse_map_is_iterated_without_duplicates),
	KUNIT_CASE(a_replaced_value_is_iterated_fresh),
	KUNIT_CASE(increment_after_delete_of_8_bytes),
	KUNIT_CASE(increment_after_delete_of_4_bytes),
	KUNIT_CASE(increment_after_delete_of_a_long_key),
	KUNIT_CASE(increment_after_delete_of_a_long_value),
	KUNIT_CASE(increment_after_clear),
	KUNIT_CASE(an_update_can_be_any_operation),
	KUNIT_CASE(an_update_can_append),
	KUNIT_CASE(two_pointers_are_one_map),
	KUNIT_CASE(a_thousand_keys_of_512_bytes),
	KUNIT_CASE(a_thousand_values_of_512_bytes),
	KUNIT_CASE(a_hundred_keys_and_values_of_4_kib),
	KUNIT_CASE(a_missing_huge_value_is_zeros),
	KUNIT_CASE(keys_and_values_are_exported_in_bulk),
	KUNIT_CASE(inserts_take_linear_time),
	KUNIT_CASE(popping_all_by_iteration_takes_linear_time),
	KUNIT_CASE(a_cleared_map_is_like_new),
	KUNIT_CASE(what_every_map_can_do),
	KUNIT_CASE(values_of_1000_bytes),
	KUNIT_CASE(an_unused_map_is_empty_in_every_way),
	KUNIT_CASE(clear_ends_an_iteration),
	KUNIT_CASE(growth_and_clear_end_an_iteration),
	KUNIT_CASE(a_map_is_copied_during_same_size_growth),
	{}
};

HK_SUITE(go, go_cases);
