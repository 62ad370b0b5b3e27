// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/map/resize.c: when a map grows, how it is evacuated, hint and reserve.
 */
#include "hmap_kunit.h"

/* The inserts of distinct keys at which Go's map begins to grow. */
static const u64 grow_at[] = {
	9, 14, 27, 53, 105, 209, 417, 833, 1665, 3329, 6657,
};

static void inserts_grow_where_those_of_go_do(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 key, grows = 0;

	for (key = 1; key <= 7000; key++) {
		hk_put(test, h, key, hk_value(key));
		if (grows < ARRAY_SIZE(grow_at) && key == grow_at[grows])
			grows++;
		KUNIT_ASSERT_EQ_MSG(test, hk_grows(h), grows, "insert %llu", key);
		KUNIT_ASSERT_EQ(test, hk_array(h)->B, grows);
	}
	KUNIT_EXPECT_EQ(test, hk_same_size_grows(h), 0);
	hk_expect_all(test, h, 1, 7001);
}

/* As the seed's program prints it: 8, 9 and 14 inserts. */
static void small_maps_are_evacuated_by_the_insert_that_grows(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	hk_put_range(test, h, 0, 8);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->nevacuate[0].n, 0);
	hk_put_range(test, h, 8, 9);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 1);
	KUNIT_EXPECT_EQ(test, hk_array(h)->nevacuate[0].n, 1);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	hk_put_range(test, h, 9, 14);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 2);
	KUNIT_EXPECT_EQ(test, hk_array(h)->nevacuate[0].n, 2);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
}

static void the_27th_insert_leaves_oldbuckets_behind(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_stats stats;

	hk_put_range(test, h, 0, 27);
	hmap_get_stats(h, &stats);
	KUNIT_EXPECT_EQ(test, stats.B, 3);
	KUNIT_EXPECT_TRUE(test, stats.present & HMAP_HAS_OLDBUCKETS);
	KUNIT_EXPECT_EQ(test, stats.flags, 0);
	KUNIT_EXPECT_GE(test, stats.nevacuate, 1);
	KUNIT_EXPECT_LE(test, stats.nevacuate, 2);
	hk_expect_all(test, h, 0, 27);
}

static void buckets_are_allocated_at_the_first_put(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	KUNIT_EXPECT_PTR_EQ(test, hk_array(h)->data, NULL);
	hk_expect_absent(test, h, 1);
	KUNIT_EXPECT_PTR_EQ(test, hk_array(h)->data, NULL);
	hk_put(test, h, 1, 1);
	KUNIT_EXPECT_NOT_NULL(test, hk_array(h)->data);
	KUNIT_EXPECT_EQ(test, hk_grows(h), 0);
}

/* One put or delete, which may evacuate two buckets at the most. */
static void expect_bounded(struct kunit *test, struct hmap *h, u64 before)
{
	KUNIT_ASSERT_LE(test, hk_evacuated(h) - before, 2);
	HK_VERIFY(test, h);
}

static void a_put_evacuates_two_buckets_at_the_most(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 key, before;

	for (key = 0; key < 900; key++) {
		before = hk_evacuated(h);
		hk_put(test, h, key, hk_value(key));
		expect_bounded(test, h, before);
	}
	hk_expect_all(test, h, 0, 900);
}

static void every_put_evacuates_something(struct kunit *test)
{
	u64 from, to, before;
	struct hmap *h = hk_map_growing(test, &from, &to);

	while (hk_growing(h)) {
		before = hk_evacuated(h);
		hk_put(test, h, to, hk_value(to));
		KUNIT_ASSERT_GE(test, hk_evacuated(h), before + 1);
		to++;
	}
	KUNIT_EXPECT_LE(test, to, 1665 + 256);
	KUNIT_EXPECT_EQ(test, hk_evacuated(h), 511);
	hk_expect_all(test, h, from, to);
}

static void an_update_evacuates_too_and_is_not_lost(struct kunit *test)
{
	u64 from, to, key, before;
	struct hmap *h = hk_map_growing(test, &from, &to);

	for (key = from; hk_growing(h); key++) {
		before = hk_evacuated(h);
		hk_put(test, h, key, hk_value(key));
		KUNIT_ASSERT_GT(test, hk_evacuated(h), before);
		expect_bounded(test, h, before);
	}
	hk_expect_all(test, h, from, to);
}

static void a_delete_evacuates_two_buckets_at_the_most(struct kunit *test)
{
	u64 from, to, before;
	struct hmap *h = hk_map_growing(test, &from, &to);

	for (; hk_growing(h); from++) {
		before = hk_evacuated(h);
		hk_delete(test, h, from);
		KUNIT_ASSERT_GT(test, hk_evacuated(h), before);
		expect_bounded(test, h, before);
	}
	hk_expect_all(test, h, from, to);
}

static void a_delete_that_misses_evacuates_too(struct kunit *test)
{
	u64 from, to, before, key;
	struct hmap *h = hk_map_growing(test, &from, &to);

	for (key = to; hk_growing(h); key++) {
		before = hk_evacuated(h);
		KUNIT_ASSERT_EQ(test, hmap_delete(h, &key), -ENOENT);
		KUNIT_ASSERT_GT(test, hk_evacuated(h), before);
		expect_bounded(test, h, before);
	}
	hk_expect_all(test, h, from, to);
}

static void reads_never_evacuate(struct kunit *test)
{
	u64 from, to, before;
	struct hmap *h = hk_map_growing(test, &from, &to);
	struct hk_scan scan = { .capacity = 32, .limit = to };
	size_t nevacuate = hk_array(h)->nevacuate[0].n;

	before = hk_evacuated(h);
	hk_expect_range(test, h, from, to);
	hk_expect_absent(test, h, to);
	hk_scan(test, h, &scan);
	KUNIT_EXPECT_EQ(test, hk_evacuated(h), before);
	KUNIT_EXPECT_EQ(test, hk_array(h)->nevacuate[0].n, nevacuate);
	KUNIT_EXPECT_TRUE(test, hk_growing(h));
}

static void an_update_in_place_never_grows(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	unsigned int i;
	u64 n, key, grows;

	for (i = 0; i < 6; i++) {
		n = grow_at[i] - 1;
		hk_put_range(test, h, 0, n);
		hk_finish_growth(test, h);
		grows = hk_grows(h);
		for (key = 0; key < n; key++)
			hk_put(test, h, key, hk_value(key));
		KUNIT_EXPECT_EQ(test, hk_grows(h), grows);
		KUNIT_EXPECT_FALSE(test, hk_growing(h));
		hk_expect_all(test, h, 0, n);
	}
}

/*
 * A large map, of 1,024 buckets of more than a KiB, with @n elements, that has begun to
 * double. The worker does not come.
 */
static struct hmap *large_map_growing(struct kunit *test, u64 n)
{
	struct hmap_params params = {
		.key_size = sizeof(u64),
		.value_size = HMAP_MAX_INLINE_SIZE,
		.hint = hmap_capacity(10),
	};
	struct hmap *h = hk_map(test, &params);
	u64 key, value[HMAP_MAX_INLINE_SIZE / sizeof(u64)] = {};

	disable_delayed_work_sync(&h->work);
	for (key = 0; key < n; key++)
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, value, HMAP_NOEXIST,
					       GFP_ATOMIC), 0);
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 10);
	KUNIT_ASSERT_GT(test, h->geo.bucket_size << 10, HMAP_SHARED_BYTES);
	hk_only_publish(test, h);
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 11);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	return h;
}

static void overwrite(struct kunit *test, struct hmap *h, unsigned int times)
{
	u64 key = 5, value[HMAP_MAX_INLINE_SIZE / sizeof(u64)] = {};

	while (times--)
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, value, HMAP_EXIST,
					       GFP_ATOMIC), 0);
}

static void in_a_large_map_every_fourth_put_evacuates(struct kunit *test)
{
	struct hmap *h = large_map_growing(test, hmap_capacity(10) + 1);

	KUNIT_EXPECT_EQ(test, hk_evacuated(h), 0);
	overwrite(test, h, 100 * HMAP_PACE);
	KUNIT_EXPECT_EQ(test, hk_evacuated(h), 100);
	overwrite(test, h, (1024 - 100) * HMAP_PACE);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	KUNIT_EXPECT_EQ(test, h->stripes[0].due, 0);
	HK_VERIFY(test, h);
}

/* What others have evacuated is made up for first. */
static void but_none_while_the_worker_is_ahead(struct kunit *test)
{
	struct hmap *h = large_map_growing(test, hmap_capacity(10) + 1);

	h->stripes[0].due = -100 * HMAP_PACE;
	overwrite(test, h, 100 * HMAP_PACE);
	KUNIT_EXPECT_EQ(test, hk_evacuated(h), 0);
	overwrite(test, h, HMAP_PACE);
	KUNIT_EXPECT_EQ(test, hk_evacuated(h), 1);
	/* A map that is emptied meanwhile owes nothing. */
	overwrite(test, h, 1);
	KUNIT_EXPECT_EQ(test, h->stripes[0].due, 1);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	KUNIT_EXPECT_EQ(test, h->stripes[0].due, 0);
}

/* 4,000 inserts are left before the next growth, for 1,024 units. */
static void and_every_put_if_the_next_growth_is_near(struct kunit *test)
{
	struct hmap *h = large_map_growing(test, hmap_capacity(11) - 4000);

	overwrite(test, h, 24);
	KUNIT_EXPECT_EQ(test, hk_evacuated(h), 24);
	overwrite(test, h, 100 * HMAP_PACE);
	/* What was done before it was due counts. */
	KUNIT_EXPECT_EQ(test, hk_evacuated(h), 24 / HMAP_PACE + 100);
}

/* From the beginning: it does not look first whether writers drive the resize. */
static void a_large_map_is_evacuated_by_the_worker(struct kunit *test)
{
	struct hmap *h = large_map_growing(test, hmap_capacity(10) + 1);

	h->last_evacuated = -1;
	hk_enable_worker(h);
	mod_delayed_work(system_unbound_wq, &h->work, 0);
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	KUNIT_EXPECT_EQ(test, hk_evacuated(h), 1024);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 11);
	KUNIT_EXPECT_EQ(test, h->stripes[0].due, 0);
	HK_VERIFY(test, h);
}

static void nevacuate_keeps_its_final_value(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_growing(test, &from, &to);

	hk_finish_growth(test, h);
	KUNIT_EXPECT_EQ(test, hk_array(h)->nevacuate[0].n, 256);
	hk_put_range(test, h, to, to + 100);
	hk_delete_range(test, h, to, to + 100);
	KUNIT_EXPECT_EQ(test, hk_array(h)->nevacuate[0].n, 256);
	hk_expect_all(test, h, from, to);
}

static void nevacuate_passes_what_has_been_evacuated(struct kunit *test)
{
	u64 from, to, key;
	struct hmap *h = hk_map_growing(test, &from, &to);
	struct hmap_bucket *next;

	for (key = to; hk_growing(h); key++) {
		next = hmap_bucket(h, hk_array(h)->oldbuckets,
				   hk_array(h)->nevacuate[0].n);
		KUNIT_ASSERT_FALSE(test,
				   hmap_bucket_evacuated(hmap_bucket_tophashes(next)));
		KUNIT_ASSERT_EQ(test, hmap_delete(h, &key), -ENOENT);
	}
}

static void a_growing_map_does_not_grow_again(struct kunit *test)
{
	u64 from, to, grows;
	struct hmap *h = hk_map_growing(test, &from, &to);

	grows = hk_grows(h);
	while (hk_growing(h)) {
		KUNIT_ASSERT_EQ(test, hk_grows(h), grows);
		hk_put(test, h, to, hk_value(to));
		to++;
	}
	hk_expect_all(test, h, from, to);
}

static void memory_of_the_old_array_is_given_back(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_growing(test, &from, &to);
	long memory = hk_memory(h);

	hk_finish_growth(test, h);
	/* It counts until it is free. */
	hk_wait_memory(test, h);
	KUNIT_EXPECT_LE(test, hk_memory(h),
			memory - (256 + 16) * 144);
}

/* Identity hash: bit B of the key tells where it goes. */
static void evacuation_splits_by_the_new_bit(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_identity, 0);
	struct hmap_chain chain;
	u64 key;

	/* Even keys, and three odd ones: the ninth begins to grow. */
	for (key = 0; key < 12; key += 2)
		hk_put(test, h, key, hk_value(key));
	hk_put_range(test, h, 1, 2);
	hk_put_range(test, h, 3, 4);
	hk_put_range(test, h, 5, 6);
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 1);
	chain = hk_chain_of(h, 0);
	KUNIT_EXPECT_STREQ(test, hk_chain_states(test, h, &chain), "######..");
	chain = hk_chain_of(h, 1);
	KUNIT_EXPECT_STREQ(test, hk_chain_states(test, h, &chain), "###.....");
	HK_VERIFY(test, h);
}

static void an_old_chain_says_where_its_keys_went(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_identity, 26);
	struct hmap_array *old = hk_array(h);
	struct hmap_chain chain = { old, hmap_bucket(h, old, 0) };
	int err = 0;
	u64 key;

	/* Bucket 0 of 4: keys that are 0 and 4 in the low three bits. */
	for (key = 0; key < 6; key++)
		hk_put(test, h, 4 * key, hk_value(4 * key));
	hk_delete(test, h, 4 * 2);
	/* Filled up elsewhere, until it grows; 0 is evacuated first. */
	for (key = 0; !err && !hk_grows(h); key++)
		err = hmap_put(h, &(u64){ 4 * key + 3 }, &key, HMAP_ANY,
			       GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_ASSERT_PTR_EQ(test, hk_array(h)->oldbuckets, old);
	KUNIT_EXPECT_STREQ(test, hk_chain_states(test, h, &chain), "xyeyxyee");
	HK_VERIFY(test, h);
}

static void same_size_growth_follows_too_many_overflow_buckets(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_same_size(test, &from, &to);
	struct hmap_stats stats;

	hmap_get_stats(h, &stats);
	KUNIT_EXPECT_EQ(test, stats.B, 5);
	KUNIT_EXPECT_EQ(test, stats.flags, HMAP_FLAG_SAMESIZEGROW);
	KUNIT_EXPECT_EQ(test, stats.oldoverflow, 32);
	KUNIT_EXPECT_EQ(test, stats.noverflow, 0);
	KUNIT_EXPECT_EQ(test, stats.same_size_grows, 1);
	hk_expect_all(test, h, from, to);
}

/* @puts keys in bucket @i of 4, and all but @stay of them gone. */
static void put_in_bucket(struct kunit *test, struct hmap *h, u64 i, u64 puts,
			  u64 stay)
{
	u64 k;

	for (k = 0; k < puts; k++)
		hk_put(test, h, 4 * k + i, hk_value(4 * k + i));
	for (k = stay; k < puts; k++)
		hk_delete(test, h, 4 * k + i);
}

/* The 26th key makes the fourth overflow bucket: both limits are reached. */
static void too_many_elements_go_before_too_many_overflow_buckets(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_identity, 26);

	put_in_bucket(test, h, 0, 9, 4);
	put_in_bucket(test, h, 1, 9, 4);
	put_in_bucket(test, h, 2, 9, 9);
	put_in_bucket(test, h, 3, 9, 9);
	KUNIT_ASSERT_EQ(test, hmap_len(h), 26);
	KUNIT_ASSERT_EQ(test, hk_array(h)->noverflow, 4);
	hk_put(test, h, 1000, 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 3);
	KUNIT_EXPECT_EQ(test, hk_grows(h), 1);
	KUNIT_EXPECT_EQ(test, hk_same_size_grows(h), 0);
}

static void same_size_growth_shortens_the_chains(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_same_size(test, &from, &to);

	hk_finish_growth(test, h);
	KUNIT_EXPECT_EQ(test, hk_array(h)->flags, 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->noverflow, 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->longest_chain, 1);
	KUNIT_EXPECT_EQ(test, hk_array(h)->nevacuate[0].n, 32);
	hk_expect_all(test, h, from, to);
}

/* By the worker, as any large array is. */
static void large_arrays_grow_to_the_same_size_too(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_identity, hmap_capacity(8));
	u64 i, k, before;

	for (i = 0; i < 256; i++) {
		for (k = 0; k < 9; k++)
			hk_put(test, h, 256 * k + i, hk_value(256 * k + i));
		for (k = 0; k < 4; k++)
			hk_delete(test, h, 256 * k + i);
	}
	KUNIT_ASSERT_EQ(test, hk_array(h)->noverflow, 256);
	hk_put(test, h, 256 * 9, hk_value(256 * 9));
	KUNIT_ASSERT_EQ(test, hk_same_size_grows(h), 1);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	KUNIT_EXPECT_EQ(test, hk_array(h)->flags, HMAP_FLAG_SAMESIZEGROW);
	/* Chains are so long that a put evacuates its own unit as well. */
	before = hk_evacuated(h);
	hk_put(test, h, 256 * 9 + 100, hk_value(256 * 9 + 100));
	KUNIT_EXPECT_EQ(test, hk_evacuated(h), before + 2);
	hk_finish_growth(test, h);
	KUNIT_EXPECT_EQ(test, hk_grows(h), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->noverflow, 0);
	HK_VERIFY(test, h);
	hk_expect_range(test, h, 256 * 4, 256 * 9 + 1);
}

static void same_size_growth_keeps_the_order_of_slots(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_same_size(test, &from, &to);
	struct hmap_chain chain;
	u64 i;

	hk_finish_growth(test, h);
	chain = hk_chain_of(h, 3);
	KUNIT_EXPECT_STREQ(test, hk_chain_states(test, h, &chain), "#####...");
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, *(u64 *)hmap_bucket_key(&h->geo, chain.head, i),
				32 * (4 + i) + 3);
}

/* Go's recipe: 26 keys in 4 buckets; the oldest goes when a new one comes. */
static void churn_provokes_same_size_growth(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, 26);
	u64 oldest = 0, newest = 26;
	u32 noverflow = 0;

	hk_put_range(test, h, oldest, newest);
	while (!hk_same_size_grows(h)) {
		KUNIT_ASSERT_LT(test, newest, 1000000);
		noverflow = hk_array(h)->noverflow;
		hk_delete(test, h, oldest++);
		hk_put(test, h, newest, hk_value(newest));
		newest++;
		KUNIT_ASSERT_EQ(test, hk_array(h)->B, 2);
	}
	KUNIT_EXPECT_EQ(test, noverflow, 4);
	KUNIT_EXPECT_EQ(test, hk_array(h)->flags, HMAP_FLAG_SAMESIZEGROW);
	hk_expect_all(test, h, oldest, newest);
}

static void churn_at_constant_count_never_grows(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, 400);
	u64 oldest = 0, newest = 400;
	long memory = 0, waiting;

	hk_put_range(test, h, oldest, newest);
	while (newest < 20000) {
		hk_delete(test, h, oldest++);
		hk_put(test, h, newest, hk_value(newest));
		newest++;
		waiting = hk_waiting(h);
		memory = max(memory, hk_memory(h) - waiting);
	}
	KUNIT_EXPECT_EQ(test, hk_grows(h), 0);
	KUNIT_EXPECT_GT(test, hk_same_size_grows(h), 0);
	/* Two arrays of 64 buckets, as many overflow buckets, and rounding. */
	KUNIT_EXPECT_LT(test, memory, 2 * 2 * (2 * 64 * 144));
	hk_expect_all(test, h, oldest, newest);
}

/* Seen with Go: the load may be exceeded while the resize is under way. */
static void inserts_during_same_size_growth_are_not_lost(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_same_size(test, &from, &to);

	while (to < 700) {
		hk_put(test, h, to, hk_value(to));
		to++;
		HK_VERIFY(test, h);
	}
	KUNIT_EXPECT_GT(test, hk_grows(h), 0);
	hk_expect_all(test, h, from, to);
}

static void an_empty_map_is_not_evacuated(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_same_size(test, &from, &to);
	u64 key;
	u32 i;

	hk_delete_range(test, h, from, to);
	hk_finish_growth(test, h);
	/* 32 overflow buckets, and nothing in any of them. */
	for (i = 0; i < 32; i++) {
		for (key = 0; key < 9; key++)
			hk_put(test, h, 32 * key + i, 0);
		for (key = 0; key < 9; key++)
			hk_delete(test, h, 32 * key + i);
	}
	KUNIT_ASSERT_EQ(test, hk_array(h)->noverflow, 32);
	hk_put_range(test, h, 1, 2);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	KUNIT_EXPECT_EQ(test, hk_array(h)->noverflow, 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->flags, 0);
	hk_expect_all(test, h, 1, 2);
}

static const struct collision {
	const char *name;
	hmap_hashfn_t hashfn;
} collisions[] = {
	{ "all keys in one bucket", hk_hash_one_bucket },
	{ "one tophash", hk_hash_one_tophash },
	{ "only the top bits differ", hk_hash_top_bits },
	{ "only one bit differs", hk_hash_bit },
	{ "one hash", hk_hash_constant },
	{ "the key is the hash", hk_hash_identity },
};

KUNIT_ARRAY_PARAM_DESC(collision, collisions, name);

static void collisions_are_only_slow(struct kunit *test)
{
	const struct collision *collision = test->param_value;
	struct hmap *h = hk_map_hashed(test, collision->hashfn, 0);
	u64 key;

	for (key = 0; key < 300; key++) {
		hk_put(test, h, key, hk_value(key));
		HK_VERIFY(test, h);
	}
	hk_expect_all(test, h, 0, 300);
	for (key = 0; key < 300; key += 2) {
		hk_delete(test, h, key);
		HK_VERIFY(test, h);
	}
	for (key = 0; key < 300; key += 2)
		hk_expect_absent(test, h, key);
	hk_put_range(test, h, 300, 600);
	for (key = 0; key < 300; key += 2)
		hk_put(test, h, key, hk_value(key));
	hk_expect_all(test, h, 0, 600);
	hk_delete_range(test, h, 0, 600);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
}

static void collisions_survive_evacuation_by_deletes(struct kunit *test)
{
	const struct collision *collision = test->param_value;
	struct hmap *h = hk_map_hashed(test, collision->hashfn, 0);
	u64 key;

	hk_put_range(test, h, 0, 209);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	for (key = 0; key < 209; key++) {
		hk_delete(test, h, key);
		HK_VERIFY(test, h);
		hk_expect_range(test, h, key + 1, 209);
	}
}

static void keys_of_one_hash_make_one_long_chain(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_constant, 0);
	struct hmap_layout layout;
	struct hmap_stats stats;

	hk_put_range(test, h, 0, 1000);
	hk_finish_growth(test, h);
	hmap_get_stats(h, &stats);
	KUNIT_EXPECT_EQ(test, stats.longest_chain, 1000 / 8);
	KUNIT_EXPECT_EQ(test, stats.noverflow, 1000 / 8 - 1);
	layout = hk_layout(test, h);
	KUNIT_EXPECT_EQ(test, layout.slots[8], 125);
	KUNIT_EXPECT_EQ(test, layout.chains[HMAP_LAYOUT_CHAINS - 1], 1);
	KUNIT_EXPECT_EQ(test, layout.chains[0], (1 << stats.B) - 1);
	hk_expect_all(test, h, 0, 1000);
}

static const struct hint {
	unsigned long n;
	unsigned long buckets;
} hints[] = {
	{ 0, 1 }, { 1, 1 }, { 8, 1 }, { 9, 2 }, { 13, 2 }, { 14, 4 },
	{ 26, 4 }, { 27, 8 }, { 52, 8 }, { 53, 16 }, { 104, 16 }, { 105, 32 },
	{ 1664, 256 }, { 1665, 512 }, { 20000, 4096 },
};

static void a_hint_makes_room_for_as_many(struct kunit *test)
{
	struct hmap *h;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hints); i++) {
		h = hk_map_hint(test, hints[i].n);
		KUNIT_EXPECT_EQ(test, hmap_nbuckets(hk_array(h)),
				hints[i].buckets);
		hk_put_range(test, h, 0, hints[i].n);
		KUNIT_EXPECT_EQ(test, hk_grows(h), 0);
		KUNIT_EXPECT_EQ(test, hk_same_size_grows(h), 0);
		hk_map_destroy(test, h);
	}
}

static void only_a_hint_above_8_allocates_at_once(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, hk_array(hk_map_hint(test, 8))->data, NULL);
	KUNIT_EXPECT_NOT_NULL(test, hk_array(hk_map_hint(test, 9))->data);
}

static const unsigned long bogus[] = {
	-1UL, -2UL, LONG_MAX, BIT(BITS_PER_LONG - 2), BIT(BITS_PER_LONG - 1),
	BIT(BITS_PER_LONG == 64 ? 35 : 29),
};

static void a_bogus_hint_is_refused(struct kunit *test)
{
	struct hmap_params params = { .key_size = 8, .value_size = 8 };
	struct hmap h;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bogus); i++) {
		params.hint = bogus[i];
		KUNIT_EXPECT_EQ_MSG(test, hmap_init(&h, &params), -EINVAL,
				    "hint %lu", bogus[i]);
	}
}

/* Within what an array can be, but not within this machine's memory. */
static void a_hint_beyond_memory_is_enomem(struct kunit *test)
{
	struct hmap_params params = {
		.key_size = 128, .value_size = 128,
		.hint = 13UL << (BITS_PER_LONG == 64 ? 28 : 18),
	};
	static struct hmap h; /* work has to say so if it is on a stack */

	KUNIT_EXPECT_EQ(test, hmap_init(&h, &params), -ENOMEM);
}

static void reserve_makes_room_in_an_empty_map(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 1000), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 8);
	HK_VERIFY(test, h);
	hk_put_range(test, h, 0, 1000);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 8);
	hk_expect_all(test, h, 0, 1000);
}

static void reserve_makes_room_in_a_filled_map(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 grows;

	hk_put_range(test, h, 0, 500);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 5000), 0);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	hk_expect_all(test, h, 0, 500);
	grows = hk_grows(h);
	hk_put_range(test, h, 500, 5000);
	KUNIT_EXPECT_EQ(test, hk_grows(h), grows);
	hk_expect_all(test, h, 0, 5000);
}

static void reserve_finishes_a_resize_under_way(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_growing(test, &from, &to);

	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 10000), 0);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 11);
	hk_expect_all(test, h, from, to);
}

static void reserve_works_during_same_size_growth(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_same_size(test, &from, &to);

	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 1000), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->flags, 0);
	hk_expect_all(test, h, from, to);
}

static void reserve_never_shrinks(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, 1000);
	void *data = hk_array(h)->data;

	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 0), 0);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 10), 0);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 1000), 0);
	KUNIT_EXPECT_PTR_EQ(test, hk_array(h)->data, data);
	HK_VERIFY(test, h);
}

static void reserve_of_too_much_changes_nothing(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	unsigned int i;

	hk_put_range(test, h, 0, 100);
	for (i = 0; i < ARRAY_SIZE(bogus); i++)
		KUNIT_EXPECT_EQ(test, hmap_reserve(h, bogus[i]), -EINVAL);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 4);
	hk_expect_all(test, h, 0, 100);
}

static void reserve_beyond_max_entries_is_refused(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .max_entries = 100,
	};
	struct hmap *h = hk_map(test, &params);

	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 101), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, hk_array(h)->data, NULL);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 100), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 4);
}

static void reserve_with_one_long_chain_keeps_it(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_one_bucket, 0);

	hk_put_range(test, h, 0, 300);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 3000), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->longest_chain, 38);
	hk_expect_all(test, h, 0, 300);
}

static void the_same_number_of_overflow_buckets_is_too_many(struct kunit *test)
{
	u8 B;

	for (B = 0; B < 32; B++) {
		KUNIT_EXPECT_FALSE(test, hmap_too_many_overflow((1u << B) - 1,
								B));
		KUNIT_EXPECT_TRUE(test, hmap_too_many_overflow(1u << B, B));
	}
}

/* Go's goes as far as B = 15: see go_kunit.c. */
static void the_load_factor_of_large_arrays_is_seven_and_a_quarter(struct kunit *test)
{
	u64 fits;
	u8 B;

	for (B = 16; B <= HMAP_MAX_B; B++) {
		fits = 29ULL << (B - 2);
		if (fits > SIZE_MAX)
			break;
		KUNIT_EXPECT_FALSE(test, hmap_over_load(fits, B));
		KUNIT_EXPECT_TRUE(test, hmap_over_load(fits + 1, B));
	}
}

static struct kunit_case growth_cases[] = {
	KUNIT_CASE(inserts_grow_where_those_of_go_do),
	KUNIT_CASE(small_maps_are_evacuated_by_the_insert_that_grows),
	KUNIT_CASE(the_27th_insert_leaves_oldbuckets_behind),
	KUNIT_CASE(buckets_are_allocated_at_the_first_put),
	KUNIT_CASE(a_put_evacuates_two_buckets_at_the_most),
	KUNIT_CASE(every_put_evacuates_something),
	KUNIT_CASE(an_update_evacuates_too_and_is_not_lost),
	KUNIT_CASE(a_delete_evacuates_two_buckets_at_the_most),
	KUNIT_CASE(a_delete_that_misses_evacuates_too),
	KUNIT_CASE(reads_never_evacuate),
	KUNIT_CASE(an_update_in_place_never_grows),
	KUNIT_CASE(in_a_large_map_every_fourth_put_evacuates),
	KUNIT_CASE(but_none_while_the_worker_is_ahead),
	KUNIT_CASE(and_every_put_if_the_next_growth_is_near),
	KUNIT_CASE(a_large_map_is_evacuated_by_the_worker),
	KUNIT_CASE(nevacuate_keeps_its_final_value),
	KUNIT_CASE(nevacuate_passes_what_has_been_evacuated),
	KUNIT_CASE(a_growing_map_does_not_grow_again),
	KUNIT_CASE(memory_of_the_old_array_is_given_back),
	KUNIT_CASE(evacuation_splits_by_the_new_bit),
	KUNIT_CASE(an_old_chain_says_where_its_keys_went),
	KUNIT_CASE(same_size_growth_follows_too_many_overflow_buckets),
	KUNIT_CASE(too_many_elements_go_before_too_many_overflow_buckets),
	KUNIT_CASE(same_size_growth_shortens_the_chains),
	KUNIT_CASE(large_arrays_grow_to_the_same_size_too),
	KUNIT_CASE(same_size_growth_keeps_the_order_of_slots),
	KUNIT_CASE(churn_provokes_same_size_growth),
	KUNIT_CASE(churn_at_constant_count_never_grows),
	KUNIT_CASE(inserts_during_same_size_growth_are_not_lost),
	KUNIT_CASE(an_empty_map_is_not_evacuated),
	KUNIT_CASE_PARAM(collisions_are_only_slow, collision_gen_params),
	KUNIT_CASE_PARAM(collisions_survive_evacuation_by_deletes,
			 collision_gen_params),
	KUNIT_CASE(keys_of_one_hash_make_one_long_chain),
	KUNIT_CASE(a_hint_makes_room_for_as_many),
	KUNIT_CASE(only_a_hint_above_8_allocates_at_once),
	KUNIT_CASE(a_bogus_hint_is_refused),
	KUNIT_CASE(a_hint_beyond_memory_is_enomem),
	KUNIT_CASE(reserve_makes_room_in_an_empty_map),
	KUNIT_CASE(reserve_makes_room_in_a_filled_map),
	KUNIT_CASE(reserve_finishes_a_resize_under_way),
	KUNIT_CASE(reserve_works_during_same_size_growth),
	KUNIT_CASE(reserve_never_shrinks),
	KUNIT_CASE(reserve_of_too_much_changes_nothing),
	KUNIT_CASE(reserve_beyond_max_entries_is_refused),
	KUNIT_CASE(reserve_with_one_long_chain_keeps_it),
	KUNIT_CASE(the_same_number_of_overflow_buckets_is_too_many),
	KUNIT_CASE(the_load_factor_of_large_arrays_is_seven_and_a_quarter),
	{}
};

HK_SUITE(growth, growth_cases);
