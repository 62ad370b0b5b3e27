// SPDX-License-Identifier: GPL-2.0
/*
 * Chains: how long they may become, what happens when they are, and what is done with
 * the longest ones. Keys that collide come from hash functions that are bad.
 */
#include <linux/timekeeping.h>

#include "hmap_kunit.h"

/* Keys below this collide, the others do not. */
#define COLLIDING	100000

/* One hash for all that collide; the others are in buckets of odd numbers. */
static u64 hash_some(const void *key, u32 size, const siphash_key_t *hash0)
{
	u64 n;

	memcpy(&n, key, sizeof(n));
	return n < COLLIDING ? 0x7700000000000000ULL : siphash(key, size, hash0) | 1;
}

/* 64 chains. */
static u64 hash_low(const void *key, u32 size, const siphash_key_t *hash0)
{
	u64 n = hk_hash_identity(key, size, hash0);

	return (n & 63) | (random_mix(n) >> 32 << 32);
}

/* Two buckets that become one when an array of 2^12 buckets is halved. */
static u64 hash_two(const void *key, u32 size, const siphash_key_t *hash0)
{
	u64 n = hk_hash_identity(key, size, hash0);

	return (n & 1) << 11 | (random_mix(n) >> 32 << 32);
}

/* How often two keys have been compared. */
static atomic_long_t compared;

static bool equal_counted(const void *a, const void *b, u32 size)
{
	atomic_long_inc(&compared);
	return !memcmp(a, b, size);
}

static struct hmap *make_map(struct kunit *test, hmap_hashfn_t hashfn,
			     unsigned long hint, u32 flags)
{
	const struct hmap_params params = {
		.key_size = sizeof(u64), .value_size = sizeof(u64),
		.hashfn = hashfn, .equalfn = equal_counted, .hint = hint,
		.flags = flags,
	};

	return hk_map(test, &params);
}

static int put(struct hmap *h, u64 key, unsigned int flags)
{
	u64 value = hk_value(key);

	return hmap_put(h, &key, &value, flags, GFP_KERNEL);
}

/* Elements of a chain of the greatest length. */
static u64 chain_full(struct hmap *h)
{
	return (u64)h->max_chain * HMAP_BUCKET_CNT;
}

static void a_chain_has_a_limit(struct kunit *test)
{
	struct hmap *h = make_map(test, hash_some, 0, 0);
	u64 n = chain_full(h), key;

	KUNIT_EXPECT_EQ(test, h->max_chain, HMAP_MAX_CHAIN);
	hk_put_range(test, h, 0, n);
	KUNIT_EXPECT_EQ(test, hk_array(h)->longest_chain, h->max_chain);
	for (key = n; key < n + 20; key++) {
		KUNIT_EXPECT_EQ(test, put(h, key, HMAP_ANY), -EMLINK);
		KUNIT_EXPECT_EQ(test, put(h, key, HMAP_NOEXIST), -EMLINK);
		KUNIT_EXPECT_EQ(test, put(h, key, HMAP_EXIST), -ENOENT);
		hk_expect_absent(test, h, key);
	}
	hk_expect_all(test, h, 0, n);
}

/* What is there can be read, written and deleted, and room is used again. */
static void a_chain_at_its_limit_goes_on_working(struct kunit *test)
{
	struct hmap *h = make_map(test, hash_some, 0, 0);
	u64 n = chain_full(h), key;

	hk_put_range(test, h, 0, n);
	for (key = 0; key < n; key++) {
		KUNIT_ASSERT_EQ(test, put(h, key, HMAP_NOEXIST), -EEXIST);
		KUNIT_ASSERT_EQ(test, put(h, key, HMAP_EXIST), 0);
		KUNIT_ASSERT_EQ(test, put(h, key, HMAP_ANY), 0);
	}
	hk_delete(test, h, n / 2);
	KUNIT_EXPECT_EQ(test, put(h, n, HMAP_ANY), 0);
	KUNIT_EXPECT_EQ(test, put(h, n / 2, HMAP_ANY), -EMLINK);
	hk_delete(test, h, n);
	hk_put(test, h, n / 2, hk_value(n / 2));
	hk_expect_all(test, h, 0, n);
}

/* Keys that do not collide are none the worse, and the map grows as ever. */
static void other_keys_go_on(struct kunit *test)
{
	struct hmap *h = make_map(test, hash_some, 0, 0);
	u64 n = chain_full(h);

	hk_put_range(test, h, 0, n);
	KUNIT_EXPECT_EQ(test, put(h, n, HMAP_ANY), -EMLINK);
	hk_put_range(test, h, COLLIDING, COLLIDING + 20000);
	KUNIT_EXPECT_GE(test, hmap_capacity(hk_array(h)->B), 20000 + n);
	KUNIT_EXPECT_EQ(test, put(h, n, HMAP_ANY), -EMLINK);
	HK_VERIFY(test, h);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 20000 + n);
	hk_expect_range(test, h, 0, n);
	hk_expect_range(test, h, COLLIDING, COLLIDING + 20000);
	hk_delete_range(test, h, COLLIDING, COLLIDING + 20000);
	hk_expect_all(test, h, 0, n);
}

static int put_nothing(void *value, bool exists, void *calls)
{
	++*(unsigned int *)calls;
	return 0;
}

/* The callback is not called for what cannot be stored. */
static void an_update_of_a_full_chain_calls_nothing(struct kunit *test)
{
	struct hmap *h = make_map(test, hash_some, 0, 0);
	u64 n = chain_full(h);
	unsigned int calls = 0;

	hk_put_range(test, h, 0, n);
	KUNIT_EXPECT_EQ(test, hmap_update(h, &n, put_nothing, &calls, HMAP_ANY,
					  GFP_KERNEL), -EMLINK);
	KUNIT_EXPECT_EQ(test, calls, 0);
	hk_expect_all(test, h, 0, n);
}

/* Where the map is over its capacity that is the reason, not the keys. */
static void a_map_that_cannot_grow_says_so(struct kunit *test)
{
	struct hmap *h = make_map(test, hash_low, hmap_capacity(12), 0);
	u64 n = 64 * chain_full(h);

	disable_delayed_work_sync(&h->work);
	hk_put_range(test, h, 0, n);
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 12);
	/* One that may sleep would wait for the worker. */
	KUNIT_EXPECT_EQ(test, hmap_put(h, &n, &n, HMAP_ANY, GFP_ATOMIC), -ENOMEM);
	hk_expect_all(test, h, 0, n);
	enable_delayed_work(&h->work);
	mod_delayed_work(system_wq, &h->work, 0);
	flush_work(&h->work.work);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 13);
	/* Now it is. */
	KUNIT_EXPECT_EQ(test, put(h, n, HMAP_ANY), -EMLINK);
	hk_finish_growth(test, h);
	KUNIT_EXPECT_EQ(test, put(h, n, HMAP_ANY), -EMLINK);
	hk_expect_all(test, h, 0, n);
}

static void long_chains_have_no_limit(struct kunit *test)
{
	struct hmap *h = make_map(test, hash_some, 0, HMAP_LONG_CHAINS);
	u64 n = 3 * HMAP_MAX_CHAIN * HMAP_BUCKET_CNT;

	hk_put_range(test, h, 0, n);
	KUNIT_EXPECT_EQ(test, hk_array(h)->longest_chain, 3 * HMAP_MAX_CHAIN);
	hk_expect_all(test, h, 0, n);
}

static const struct {
	u32 key_size;
	u32 value_size;
	u32 buckets;
} limits[] = {
	{ 8, 8, 64 }, { 8, 0, 64 }, { 8, 120, 64 }, { 100, 100, 40 },
	{ 128, 128, 32 }, { 200, 8, 39 }, { 4096, 8, 8 }, { 4096, 65536, 8 },
	/* A long value is not looked at: its pointer is what counts. */
	{ 8, 65536, 64 },
};

/* Longer elements, shorter chains: of 64 KiB, and of the longest keys of 256 KiB. */
static void long_elements_have_shorter_chains(struct kunit *test)
{
	u8 *key = hk_alloc(test, 1, HMAP_MAX_KEY_SIZE);
	u8 *value = hk_alloc(test, 1, HMAP_MAX_VALUE_SIZE);
	struct hmap_params params = { .hashfn = hash_some, .hint = 600 };
	unsigned int i;
	struct hmap *h;
	u64 n;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		params.key_size = limits[i].key_size;
		params.value_size = limits[i].value_size;
		h = hk_map(test, &params);
		KUNIT_EXPECT_EQ_MSG(test, h->max_chain, limits[i].buckets,
				    "%u+%u", params.key_size, params.value_size);
		for (n = 0; n < chain_full(h); n++) {
			memcpy(key, &n, sizeof(n));
			KUNIT_ASSERT_EQ(test, hmap_put(h, key, value, HMAP_ANY,
						       GFP_KERNEL), 0);
		}
		memcpy(key, &n, sizeof(n));
		KUNIT_EXPECT_EQ(test, hmap_put(h, key, value, HMAP_ANY,
					       GFP_KERNEL), -EMLINK);
		KUNIT_EXPECT_EQ(test, hmap_len(h), n);
		hk_map_destroy(test, h);
	}
}

/* ---- what is done with them ---- */

/* No lookup compares more than what a chain holds, and its first bucket once more. */
static void a_lookup_compares_a_bounded_number_of_keys(struct kunit *test)
{
	struct hmap *h = make_map(test, hk_hash_constant, 0, 0);
	u64 n = chain_full(h), key;
	long before;

	hk_put_range(test, h, 0, n);
	for (key = 0; key < n + 10; key++) {
		before = atomic_long_read(&compared);
		KUNIT_ASSERT_EQ(test, hmap_get(h, &key, NULL),
				key < n ? 0 : -ENOENT);
		KUNIT_ASSERT_LE(test, atomic_long_read(&compared) - before,
				n + HMAP_BUCKET_CNT);
	}
	before = atomic_long_read(&compared);
	KUNIT_EXPECT_EQ(test, put(h, n, HMAP_ANY), -EMLINK);
	/* It looks twice, if the array has been replaced. */
	KUNIT_EXPECT_LE(test, atomic_long_read(&compared) - before, 2 * n);
}

static void colliding_keys_are_scanned_once(struct kunit *test)
{
	static const u32 capacities[] = { 1, 31, 1000 };
	struct hmap *h = make_map(test, hk_hash_constant, 0, 0);
	struct hk_scan scan = { .limit = chain_full(h) };
	unsigned int i;

	hk_put_range(test, h, 0, scan.limit);
	for (i = 0; i < ARRAY_SIZE(capacities); i++) {
		scan.capacity = capacities[i];
		hk_scan(test, h, &scan);
		hk_expect_times(test, &scan, 0, scan.limit, 1);
	}
	scan.iter = true;
	hk_scan(test, h, &scan);
	hk_expect_times(test, &scan, 0, scan.limit, 1);
}

/* A call returns more than a group of a bucket, and less than the whole chain. */
static void a_scan_of_one_chain_comes_back(struct kunit *test)
{
	struct hmap *h = make_map(test, hk_hash_constant, 0, 0);
	u64 n = chain_full(h), *keys = hk_alloc(test, n, sizeof(*keys));
	struct hmap_cursor cursor = {};
	u32 calls = 0, got, total = 0;

	hk_put_range(test, h, 0, n);
	for (; !hmap_cursor_done(&cursor); total += got) {
		got = hmap_scan(h, &cursor, keys, NULL, n);
		KUNIT_ASSERT_LE(test, got, 64);
		KUNIT_ASSERT_LT(test, calls++, 10000);
	}
	KUNIT_EXPECT_EQ(test, total, n);
}

/* A chain at its limit is evacuated, in whatever number of steps the map grows. */
static void a_full_chain_is_evacuated(struct kunit *test)
{
	struct hmap *h = make_map(test, hash_some, 0, 0);
	u64 n = chain_full(h);
	u8 B;

	hk_put_range(test, h, 0, n);
	for (B = hk_array(h)->B + 1; B < 14; B += 1 + B % 3) {
		KUNIT_ASSERT_EQ(test, hmap_reserve(h, hmap_capacity(B)), 0);
		KUNIT_ASSERT_EQ(test, hk_array(h)->B, B);
		KUNIT_ASSERT_EQ(test, hk_array(h)->longest_chain, h->max_chain);
		KUNIT_ASSERT_EQ(test, put(h, n, HMAP_ANY), -EMLINK);
		hk_expect_all(test, h, 0, n);
	}
}

/* Two chains become one, which must not be too long. */
static void shrink_does_not_join_long_chains(struct kunit *test)
{
	struct hmap *h = make_map(test, hash_two, hmap_capacity(12), 0);
	u64 n = chain_full(h);

	/*
	 * Two chains of half of the limit: that is just right. All elements together make
	 * no longer one, so that it goes on as far as their number allows.
	 */
	hk_put_range(test, h, 0, n);
	KUNIT_ASSERT_EQ(test, hk_array(h)->longest_chain, h->max_chain / 2);
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 7);
	KUNIT_EXPECT_EQ(test, hk_array(h)->longest_chain, h->max_chain);
	hk_expect_all(test, h, 0, n);
	hk_map_destroy(test, h);
	/* One bucket more. */
	h = make_map(test, hash_two, hmap_capacity(12), 0);
	hk_put_range(test, h, 0, n + 2);
	KUNIT_ASSERT_EQ(test, hk_array(h)->longest_chain, h->max_chain / 2 + 1);
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 12);
	h->params.flags &= ~HMAP_NO_SHRINK;
	mod_delayed_work(system_wq, &h->work, 0);
	flush_work(&h->work.work);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 12);
	hk_expect_all(test, h, 0, n + 2);
}

/* What once was long does not keep a map large for ever. */
static void a_map_without_its_colliding_keys_shrinks(struct kunit *test)
{
	struct hmap *h = make_map(test, hash_two, hmap_capacity(12), 0);
	u64 n = chain_full(h);

	hk_put_range(test, h, 0, n + 2);
	hk_delete_range(test, h, 0, n - 2);
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_LE(test, hk_array(h)->B, 2);
	hk_expect_all(test, h, n - 2, n + 2);
}

/* Nor if there are more elements left than one chain could have. */
static void a_chain_that_was_long_keeps_no_map_large(struct kunit *test)
{
	struct hmap *h;
	u64 n;
	u32 i;

	for (i = 0; i < 2; i++) {
		h = make_map(test, hash_some, hmap_capacity(12), 0);
		n = chain_full(h);
		hk_put_range(test, h, 0, n);
		hk_put_range(test, h, COLLIDING, COLLIDING + 600);
		hk_delete_range(test, h, 0, n);
		KUNIT_ASSERT_EQ(test, hk_array(h)->longest_chain, h->max_chain);
		if (i) {
			KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
			KUNIT_EXPECT_EQ(test, hk_array(h)->B, 7);
		} else {
			h->params.flags &= ~HMAP_NO_SHRINK;
			h->min_B = 0;
			mod_delayed_work(system_wq, &h->work, 0);
			flush_work(&h->work.work);
			KUNIT_EXPECT_EQ(test, hk_array(h)->B, 9);
		}
		KUNIT_EXPECT_EQ(test, hk_same_size_grows(h), 1);
		hk_expect_all(test, h, COLLIDING, COLLIDING + 600);
		hk_map_destroy(test, h);
	}
}

/* It is not found out again and again that a chain is long. */
static void a_long_chain_is_compacted_once(struct kunit *test)
{
	struct hmap *h = make_map(test, hash_some, hmap_capacity(12), 0);
	u64 n = chain_full(h), key;
	u32 i;

	hk_put_range(test, h, 0, n);
	hk_put_range(test, h, COLLIDING, COLLIDING + 600);
	h->params.flags &= ~HMAP_NO_SHRINK;
	h->min_B = 0;
	for (i = 0; i < 3; i++) {
		mod_delayed_work(system_wq, &h->work, 0);
		flush_work(&h->work.work);
		KUNIT_EXPECT_EQ(test, hk_same_size_grows(h), 1);
		KUNIT_EXPECT_EQ(test, hk_array(h)->B, 12);
	}
	for (key = 0; key < hmap_capacity(12) / 2; key++) {
		hk_put(test, h, COLLIDING + 600, 1);
		hk_delete(test, h, COLLIDING + 600);
	}
	mod_delayed_work(system_wq, &h->work, 0);
	flush_work(&h->work.work);
	KUNIT_EXPECT_EQ(test, hk_same_size_grows(h), 2);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 12);
	/* A request asks anew, whenever that was. */
	hk_delete_range(test, h, 0, n);
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_EQ(test, hk_same_size_grows(h), 3);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 7);
}

/* Two chains that become one when 2^12 buckets become 2^11, and not soon. */
static u64 hash_pair(const void *key, u32 size, const siphash_key_t *hash0)
{
	u64 n = hk_hash_identity(key, size, hash0);

	return (n & 1) << 11 | 2000 | (random_mix(n) >> 32 << 32);
}

/* Each is written while the map shrinks. What they have together is one chain's. */
static void chains_that_are_joined_have_one_limit(struct kunit *test)
{
	struct hmap *h = make_map(test, hash_pair, hmap_capacity(12), 0);
	u64 n = chain_full(h), key;

	hk_put(test, h, 0, hk_value(0));
	h->params.flags &= ~HMAP_NO_SHRINK;
	h->min_B = 0;
	disable_delayed_work_sync(&h->work);
	hk_only_publish(test, h);
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 11);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	for (key = 1; key < n; key++)
		KUNIT_ASSERT_EQ(test, put(h, key, HMAP_NOEXIST), 0);
	for (; key < 2 * n; key++)
		KUNIT_ASSERT_EQ(test, put(h, key, HMAP_NOEXIST), -EMLINK);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	while (hk_growing(h))
		KUNIT_ASSERT_EQ(test, put(h, 0, HMAP_EXIST), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->longest_chain, h->max_chain);
	HK_VERIFY(test, h);
	hk_expect_range(test, h, 1, n);
}

/* ---- time that is linear ---- */

/* Buckets of a chain for which what is not linear takes a hundred times as long. */
#define LONG_CHAIN	1000

static u64 time_of_get(struct hmap *h, u64 key)
{
	u64 begin = ktime_get_ns();

	hmap_get(h, &key, NULL);
	return ktime_get_ns() - begin;
}

static u64 time_of_delete(struct hmap *h, u64 key)
{
	u64 begin = ktime_get_ns();

	hmap_delete(h, &key);
	return ktime_get_ns() - begin;
}

/*
 * All but the first and the last bucket of a chain are empty: with the last element
 * all of them come to be the empty rest. To look for the last element takes about as
 * long as that should. The best of three.
 */
static void emptying_a_long_chain_is_linear(struct kunit *test)
{
	const u64 n = LONG_CHAIN * HMAP_BUCKET_CNT;
	struct hmap *h;
	u64 get = U64_MAX, delete = U64_MAX;
	unsigned int i, k;

	for (i = 0; i < 3; i++) {
		h = hk_map_hashed(test, hk_hash_one_bucket, 10 * n);
		hk_put_range(test, h, 0, n);
		hk_delete_range(test, h, 1, n - 1);
		KUNIT_ASSERT_EQ(test, hk_array(h)->longest_chain, LONG_CHAIN);
		for (k = 0; k < 10; k++)
			get = min(get, time_of_get(h, n - 1));
		delete = min(delete, time_of_delete(h, n - 1));
		hk_expect_all(test, h, 0, 1);
		hk_map_destroy(test, h);
	}
	kunit_info(test, "get %llu ns, delete %llu ns", get, delete);
	KUNIT_EXPECT_LE(test, delete, 30 * get);
}

static struct kunit_case chain_cases[] = {
	KUNIT_CASE(a_chain_has_a_limit),
	KUNIT_CASE(a_chain_at_its_limit_goes_on_working),
	KUNIT_CASE_SLOW(other_keys_go_on),
	KUNIT_CASE(an_update_of_a_full_chain_calls_nothing),
	KUNIT_CASE_SLOW(a_map_that_cannot_grow_says_so),
	KUNIT_CASE(long_chains_have_no_limit),
	KUNIT_CASE_SLOW(long_elements_have_shorter_chains),
	KUNIT_CASE(a_lookup_compares_a_bounded_number_of_keys),
	KUNIT_CASE(colliding_keys_are_scanned_once),
	KUNIT_CASE(a_scan_of_one_chain_comes_back),
	KUNIT_CASE_SLOW(a_full_chain_is_evacuated),
	KUNIT_CASE(shrink_does_not_join_long_chains),
	KUNIT_CASE(a_map_without_its_colliding_keys_shrinks),
	KUNIT_CASE(a_chain_that_was_long_keeps_no_map_large),
	KUNIT_CASE_SLOW(a_long_chain_is_compacted_once),
	KUNIT_CASE(chains_that_are_joined_have_one_limit),
	KUNIT_CASE_SLOW(emptying_a_long_chain_is_linear),
	{}
};

HK_SUITE(chain, chain_cases);
