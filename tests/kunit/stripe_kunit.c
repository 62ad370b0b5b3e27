// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/lock.c and the worker of kmod/resize.c: stripes, shrinking, arrays that
 * are made ahead of need, resizes that nobody drives.
 */
#include <linux/delay.h>

#include "hmap_kunit.h"

/* How long the worker may take for what it has to do. */
#define PATIENCE_MS	20000

static struct hmap *make_striped(struct kunit *test, u32 stripes, u32 flags)
{
	const struct hmap_params params = {
		.key_size = sizeof(u64), .value_size = sizeof(u64),
		.stripes = stripes,
	};
	struct hmap *h = hk_map(test, &params);

	h->params.flags = flags;
	return h;
}

/* Until the map has 2^B buckets and no resize is under way. */
static void wait_for_B(struct kunit *test, struct hmap *h, u8 B)
{
	unsigned int ms;
	bool done = false;

	for (ms = 0; !done && ms < PATIENCE_MS; ms += 50) {
		rcu_read_lock();
		done = hk_array(h)->B == B && !hk_growing(h);
		rcu_read_unlock();
		if (!done)
			msleep(50);
	}
	KUNIT_EXPECT_TRUE_MSG(test, done, "B is %u", hk_array(h)->B);
}

static void wrong_stripes_and_flags_are_refused(struct kunit *test)
{
	static const u32 stripes[] = { 3, 6, 65, 128, U32_MAX };
	struct hmap_params params = { .key_size = 8, .value_size = 8 };
	struct hmap h;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stripes); i++) {
		params.stripes = stripes[i];
		KUNIT_EXPECT_EQ(test, hmap_init(&h, &params), -EINVAL);
	}
	params.stripes = 64;
	params.flags = BIT(31);
	KUNIT_EXPECT_EQ(test, hmap_init(&h, &params), -EINVAL);
}

/* While there are fewer buckets than stripes, all are in the first one. */
static void small_maps_are_in_one_stripe(struct kunit *test)
{
	struct hmap *h = make_striped(test, 8, HMAP_NO_SHRINK);
	u64 key;

	for (key = 0; key < 2000; key++) {
		hk_put(test, h, key, hk_value(key));
		HK_VERIFY(test, h);
		if (hk_array(h)->B <= 3)
			KUNIT_ASSERT_EQ(test, hk_array(h)->mask, 0);
		if (hk_array(h)->B >= 4)
			KUNIT_ASSERT_EQ(test, hk_array(h)->mask, 7);
		KUNIT_ASSERT_EQ(test, hmap_len(h), key + 1);
		/* Each stripe looks now and then whether there are too many. */
		KUNIT_ASSERT_LE(test, hmap_len(h), hmap_capacity(hk_array(h)->B) +
						   8 * HMAP_COUNT_EVERY);
	}
	hk_expect_all(test, h, 0, 2000);
}

static void counts_get_to_the_stripes_they_belong_to(struct kunit *test)
{
	struct hmap *h = make_striped(test, 4, HMAP_NO_SHRINK);
	unsigned int s;
	long total = 0;

	hk_put_range(test, h, 0, 400);
	hk_finish_growth(test, h);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->unassigned), 0);
	for (s = 0; s < 4; s++) {
		KUNIT_EXPECT_GT(test, h->stripes[s].count, 0);
		total += h->stripes[s].count;
	}
	KUNIT_EXPECT_EQ(test, total, hmap_len(h));
}

static void every_number_of_stripes_works(struct kunit *test)
{
	struct hmap *h;
	u32 stripes;

	for (stripes = 1; stripes <= HMAP_MAX_STRIPES; stripes *= 2) {
		h = make_striped(test, stripes, HMAP_NO_SHRINK);
		hk_put_range(test, h, 0, 3000);
		hk_delete_range(test, h, 500, 2500);
		hk_put_range(test, h, 1000, 1100);
		HK_VERIFY(test, h);
		hk_expect_range(test, h, 0, 500);
		hk_expect_range(test, h, 1000, 1100);
		hk_expect_range(test, h, 2500, 3000);
		KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
		KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
		hk_put_range(test, h, 0, 100);
		hk_expect_all(test, h, 0, 100);
		hk_map_destroy(test, h);
	}
}

/* The insert that grows to 16 buckets: elements get to the counts of 8 stripes. */
static void clear_forgets_what_is_in_no_stripe_yet(struct kunit *test)
{
	struct hmap *h = make_striped(test, 8, HMAP_NO_SHRINK);

	hk_put_range(test, h, 0, 53);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	KUNIT_ASSERT_GT(test, atomic_long_read(&h->unassigned), 0);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->mask, 7);
	HK_VERIFY(test, h);
	hk_put_range(test, h, 0, 53);
	hk_expect_all(test, h, 0, 53);
}

static u32 stripe_of(struct hmap *h, u64 key)
{
	return hmap_hash(h, &key, &hk_array(h)->hash0) & hk_array(h)->mask;
}

/* Under a lock there are only its own buckets to copy from. */
static void a_step_of_a_scan_stays_in_its_stripe(struct kunit *test)
{
	struct hmap *h = make_striped(test, 8, HMAP_NO_SHRINK);
	u64 *keys = hk_alloc(test, 400, sizeof(*keys));
	struct hmap_cursor cursor = {};
	u32 n, total = 0;

	hk_put_range(test, h, 0, 400);
	hk_finish_growth(test, h);
	KUNIT_ASSERT_EQ(test, hk_array(h)->mask, 7);
	while (!hmap_cursor_done(&cursor)) {
		n = hmap_scan(h, &cursor, keys, NULL, 400);
		total += n;
		while (n--)
			KUNIT_ASSERT_EQ(test, stripe_of(h, keys[n]),
					stripe_of(h, keys[0]));
	}
	KUNIT_EXPECT_EQ(test, total, 400);
}

/* The map that takes a fresh seed when the next key has been hashed. */
static struct hmap *to_reseed;

static u64 hash_and_reseed(const void *key, u32 size, const siphash_key_t *hash0)
{
	u64 hash = siphash(key, size, hash0);

	if (to_reseed)
		hk_array(to_reseed)->hash0.key[0]++;
	to_reseed = NULL;
	return hash;
}

/* As if the map had become empty between the hash and the lock. */
static void a_fresh_seed_is_noticed_under_the_lock(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hash_and_reseed, 100);
	unsigned int done;
	u64 i;

	for (i = 0; i < 50; i++) {
		to_reseed = h;
		if (i % 2)
			hk_put(test, h, i, hk_value(i));
		else
			KUNIT_ASSERT_EQ(test, hmap_put_batch(h, &i,
							     &(u64){ hk_value(i) },
							     1, HMAP_ANY,
							     GFP_KERNEL, &done),
					0);
		hk_expect_all(test, h, i, i + 1);
		hk_delete(test, h, i);
	}
}

static void an_empty_striped_map_takes_a_fresh_seed(struct kunit *test)
{
	struct hmap *h = make_striped(test, 8, HMAP_NO_SHRINK);
	siphash_key_t seed;

	hk_put_range(test, h, 0, 300);
	hk_finish_growth(test, h);
	seed = hk_array(h)->hash0;
	hk_delete_range(test, h, 0, 299);
	KUNIT_EXPECT_MEMEQ(test, &seed, &hk_array(h)->hash0, sizeof(seed));
	hk_delete_range(test, h, 299, 300);
	KUNIT_EXPECT_MEMNEQ(test, &seed, &hk_array(h)->hash0, sizeof(seed));
	HK_VERIFY(test, h);
}

static void a_map_that_is_only_read_finishes_its_resize(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_growing(test, &from, &to);

	wait_for_B(test, h, 9);
	HK_VERIFY(test, h);
	hk_expect_all(test, h, from, to);
}

static void a_map_shrinks_when_most_is_deleted(struct kunit *test)
{
	struct hmap *h = make_striped(test, 1, 0);
	u8 B;

	hk_put_range(test, h, 0, 5000);
	B = hk_array(h)->B;
	KUNIT_EXPECT_GE(test, B, 9);
	hk_delete_range(test, h, 100, 5000);
	/* An eighth of what 2^7 buckets hold is more than 100. */
	wait_for_B(test, h, 6);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->shrinks), B - 6);
	HK_VERIFY(test, h);
	hk_expect_all(test, h, 0, 100);
	/* And it grows again. */
	hk_put_range(test, h, 100, 5000);
	hk_expect_all(test, h, 0, 5000);
}

static void a_map_of_16_buckets_is_small_enough(struct kunit *test)
{
	struct hmap *h = make_striped(test, 1, 0);

	hk_put_range(test, h, 0, 105);
	hk_finish_growth(test, h);
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 5);
	/* Only the deletes call the worker. */
	cancel_delayed_work_sync(&h->work);
	hk_delete_range(test, h, 0, 105);
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 4);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->shrinks), 1);
}

static void a_map_does_not_shrink_below_its_hint(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .hint = 1000,
	};
	struct hmap *h = hk_map(test, &params);

	h->params.flags = 0;
	hk_put_range(test, h, 0, 5000);
	hk_delete_range(test, h, 0, 5000);
	wait_for_B(test, h, 8);
	msleep(600);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 8);
}

static void a_map_does_not_shrink_below_what_was_reserved(struct kunit *test)
{
	struct hmap *h = make_striped(test, 1, 0);

	KUNIT_ASSERT_EQ(test, hmap_reserve(h, 1000), 0);
	hk_put_range(test, h, 0, 100);
	hk_delete_range(test, h, 0, 100);
	msleep(600);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 8);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->shrinks), 0);
}

static void a_map_does_not_shrink_below_its_stripes(struct kunit *test)
{
	struct hmap *h = make_striped(test, 64, 0);

	hk_put_range(test, h, 0, 5000);
	hk_delete_range(test, h, 0, 5000);
	wait_for_B(test, h, 6);
	msleep(600);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 6);
	KUNIT_EXPECT_EQ(test, hk_array(h)->mask, 63);
	HK_VERIFY(test, h);
}

static void a_map_that_must_not_shrink_does_not(struct kunit *test)
{
	struct hmap *h = make_striped(test, 1, HMAP_NO_SHRINK);
	u8 B;

	hk_put_range(test, h, 0, 5000);
	B = hk_array(h)->B;
	hk_delete_range(test, h, 0, 5000);
	msleep(600);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, B);
}

/* An atomic caller needs no large array of its own. */
static void the_worker_makes_large_arrays_for_atomic_callers(struct kunit *test)
{
	struct hmap *h = make_striped(test, 1, HMAP_NO_SHRINK);
	u64 key, value;

	for (key = 0; key < 30000; key++) {
		value = hk_value(key);
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, &value, HMAP_NOEXIST,
					       GFP_ATOMIC), 0);
		if (key % 64 == 0)
			cond_resched();
	}
	for (; hk_array(h)->B < 12 && key < 60000; key++) {
		value = hk_value(key);
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, &value, HMAP_NOEXIST,
					       GFP_ATOMIC), 0);
		usleep_range(100, 200);
	}
	KUNIT_EXPECT_GE(test, hk_array(h)->B, 12);
	hk_expect_all(test, h, 0, key);
}

/* They have put their last element before there was an array to grow into. */
static void the_worker_grows_what_writers_have_left(struct kunit *test)
{
	struct hmap *h = make_striped(test, 1, HMAP_NO_SHRINK);
	u64 key, value;

	disable_delayed_work_sync(&h->work);
	for (key = 0; key < 1000; key++) {
		value = hk_value(key);
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, &value, HMAP_NOEXIST,
					       GFP_ATOMIC), 0);
	}
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 7);
	enable_delayed_work(&h->work);
	mod_delayed_work(hmap_wq, &h->work, 0);
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 8);
	hk_expect_all(test, h, 0, 1000);
}

/* It has too many elements for the array that it is being moved to, too. */
static void the_worker_leaves_a_growing_map_alone(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_growing(test, &from, &to);

	disable_delayed_work_sync(&h->work);
	h->spare = hmap_array_alloc(h, 10, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, h->spare);
	atomic_long_add(5000, &h->unassigned);
	h->work.work.func(&h->work.work);
	atomic_long_sub(5000, &h->unassigned);
	enable_delayed_work(&h->work);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 9);
	KUNIT_EXPECT_EQ(test, hmap_nbuckets(hk_array(h)->oldbuckets), 256);
	hk_expect_all(test, h, from, to);
}

/* A sleeping caller who is far ahead of the worker waits for it. */
static void the_load_stays_bounded_for_sleeping_callers(struct kunit *test)
{
	struct hmap *h = make_striped(test, 1, HMAP_NO_SHRINK);
	u64 key, value;

	for (key = 0; key < 50000; key++) {
		value = hk_value(key);
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, &value, HMAP_NOEXIST,
					       GFP_KERNEL), 0);
		KUNIT_ASSERT_LE(test, hmap_len(h),
				4 * 13 * hmap_nbuckets(hk_array(h)) / 2 + 8);
	}
	HK_VERIFY(test, h);
}

static struct kunit_case stripe_cases[] = {
	KUNIT_CASE(wrong_stripes_and_flags_are_refused),
	KUNIT_CASE(small_maps_are_in_one_stripe),
	KUNIT_CASE(counts_get_to_the_stripes_they_belong_to),
	KUNIT_CASE(every_number_of_stripes_works),
	KUNIT_CASE(clear_forgets_what_is_in_no_stripe_yet),
	KUNIT_CASE(a_step_of_a_scan_stays_in_its_stripe),
	KUNIT_CASE(a_fresh_seed_is_noticed_under_the_lock),
	KUNIT_CASE(an_empty_striped_map_takes_a_fresh_seed),
	KUNIT_CASE(a_map_that_is_only_read_finishes_its_resize),
	KUNIT_CASE(a_map_shrinks_when_most_is_deleted),
	KUNIT_CASE(a_map_of_16_buckets_is_small_enough),
	KUNIT_CASE(a_map_does_not_shrink_below_its_hint),
	KUNIT_CASE(a_map_does_not_shrink_below_what_was_reserved),
	KUNIT_CASE(a_map_does_not_shrink_below_its_stripes),
	KUNIT_CASE(a_map_that_must_not_shrink_does_not),
	KUNIT_CASE(the_worker_makes_large_arrays_for_atomic_callers),
	KUNIT_CASE(the_worker_grows_what_writers_have_left),
	KUNIT_CASE(the_worker_leaves_a_growing_map_alone),
	KUNIT_CASE(the_load_stays_bounded_for_sleeping_callers),
	{}
};

HK_SUITE(stripe, stripe_cases);
