// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/map/lock.c and the worker of kmod/map/resize.c: stripes, shrinking, large arrays,
 * resizes that no writer drives.
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
	/* to the task that makes the map, or to its callers */
	params.flags = HMAP_ACCOUNT | HMAP_ACCOUNT_CALLERS;
	KUNIT_EXPECT_EQ(test, hmap_init(&h, &params), -EINVAL);
}

/*
 * While there are fewer buckets than stripes, all are in the first one: until the
 * resize has ended that makes as many.
 */
static void small_maps_are_in_one_stripe(struct kunit *test)
{
	struct hmap *h = make_striped(test, 8, HMAP_NO_SHRINK);
	u32 mask;
	u64 key;

	for (key = 0; key < 2000; key++) {
		hk_put(test, h, key, hk_value(key));
		HK_VERIFY(test, h);
		mask = hk_array(h)->B > 3 || (hk_array(h)->B == 3 && !hk_growing(h)) ?
			       7 : 0;
		KUNIT_ASSERT_EQ(test, hk_array(h)->mask, mask);
		KUNIT_ASSERT_EQ(test, hmap_len(h), key + 1);
		/* What the other stripes have not told yet may be too many. */
		KUNIT_ASSERT_LE(test, hmap_len(h), hmap_capacity(hk_array(h)->B) +
						   hmap_count_error(hk_array(h)));
	}
	hk_expect_all(test, h, 0, 2000);
}

/* The count of a map of one stripe in use is that stripe's. */
static void one_stripe_keeps_its_count(struct kunit *test)
{
	struct hmap *h = make_striped(test, 1, HMAP_NO_SHRINK);

	hk_put_range(test, h, 0, 400);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->count), 0);
	KUNIT_EXPECT_EQ(test, h->stripes[0].count, 400);
	hk_delete_range(test, h, 0, 300);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->count), 0);
	KUNIT_EXPECT_EQ(test, h->stripes[0].count, 100);
}

/* Each of several keeps less than a batch, in both directions. */
static void stripes_add_what_they_count_in_batches(struct kunit *test)
{
	struct hmap *h = make_striped(test, 4, HMAP_NO_SHRINK);
	unsigned int s;
	long total;
	u64 key;

	KUNIT_ASSERT_EQ(test, hmap_reserve(h, 1000), 0);
	/* Together an eighth of the capacity at the most, each no more than 32. */
	KUNIT_EXPECT_EQ(test, hk_array(h)->count_batch, 32);
	KUNIT_EXPECT_EQ(test, hmap_count_error(hk_array(h)), 3 * 32);
	for (key = 0; key < 2000; key++) {
		if (key < 1000)
			hk_put(test, h, key, hk_value(key));
		else
			hk_delete(test, h, key - 1000);
		total = atomic_long_read(&h->count);
		for (s = 0; s < 4; s++) {
			KUNIT_ASSERT_LT(test, abs(h->stripes[s].count), 32);
			total += h->stripes[s].count;
		}
		KUNIT_ASSERT_EQ(test, total, key < 1000 ? key + 1 : 1999 - key);
		KUNIT_ASSERT_EQ(test, hmap_len(h), total);
	}
}

/* That of a small array is less, down to nothing that is kept. */
static void a_small_array_has_small_batches(struct kunit *test)
{
	struct hmap *h = make_striped(test, 64, HMAP_NO_SHRINK);
	struct hmap_array *a;
	u8 B;

	for (B = 0; B < 13; B++) {
		a = hmap_array_alloc(h, B, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a);
		KUNIT_EXPECT_EQ(test, a->count_batch,
				clamp_t(u64, hmap_capacity(B) / 8 /
					     (B < 6 ? 1 : 64), 1, 32));
		hmap_array_free(a);
	}
}

/* Near the limit all stripes are asked: it is exact while no other writes. */
static void max_entries_is_that_of_all_stripes(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = sizeof(u64), .value_size = sizeof(u64),
		.stripes = 8, .max_entries = 1000,
	};
	struct hmap *h = hk_map(test, &params);
	u64 key;

	KUNIT_ASSERT_EQ(test, hmap_reserve(h, 1000), 0);
	hk_put_range(test, h, 0, 1000);
	for (key = 1000; key < 1100; key++) {
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, &key, HMAP_ANY,
					       GFP_KERNEL), -ENOSPC);
		hk_delete(test, h, key - 1000);
		hk_put(test, h, key, hk_value(key));
	}
	hk_expect_all(test, h, 100, 1100);
}

static void put_until_full(struct kunit *test, struct hmap *h, u64 key, u64 step)
{
	unsigned int i;
	int err;

	for (i = 0; i < 2000; i++, key += step) {
		err = hmap_put(h, &key, &key, HMAP_NOEXIST, GFP_KERNEL);
		if (err)
			break;
	}
	KUNIT_EXPECT_EQ(test, err, -ENOSPC);
	KUNIT_EXPECT_EQ(test, hmap_len(h), h->params.max_entries);
	HK_VERIFY(test, h);
}

/* Stripe 0 has counted nine when the second one begins to be used. */
static void max_entries_knows_what_came_before_the_stripes(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = sizeof(u64), .value_size = sizeof(u64),
		.stripes = 2, .max_entries = 12, .hashfn = hk_hash_identity,
	};
	struct hmap *h = hk_map(test, &params);
	u64 key;

	for (key = 0; key < 9; key++)
		hk_put(test, h, 2 * key, key);
	KUNIT_ASSERT_EQ(test, hk_array(h)->mask, 1);
	put_until_full(test, h, 1, 2);
}

/* 15 stripes have counted 25 each when the map shrinks to an array with a batch of 3. */
static void max_entries_knows_what_a_larger_array_counted(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = sizeof(u64), .value_size = sizeof(u64),
		.stripes = 16, .hint = 10000, .hashfn = hk_hash_identity,
	};
	struct hmap *h = hk_map(test, &params);
	u64 key;

	for (key = 0; key < 16 * 25; key++)
		if (key % 16)
			hk_put(test, h, key, key);
	KUNIT_ASSERT_EQ(test, hmap_shrink(h), 0);
	KUNIT_ASSERT_EQ(test, hk_array(h)->count_batch, 3);
	h->params.max_entries = 400;
	put_until_full(test, h, 0, 16);
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

/* In the middle of a resize, with parts of it in the map's count and in the stripes'. */
static void clear_forgets_all_counts(struct kunit *test)
{
	struct hmap *h = make_striped(test, 8, HMAP_NO_SHRINK);
	unsigned int s;

	hk_put_range(test, h, 0, 53);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	KUNIT_ASSERT_NE(test, atomic_long_read(&h->count), 0);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->count), 0);
	for (s = 0; s < 8; s++)
		KUNIT_EXPECT_EQ(test, h->stripes[s].count, 0);
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
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_MEMEQ(test, &seed, &hk_array(h)->hash0, sizeof(seed));
	hk_delete_range(test, h, 299, 300);
	/* The worker takes all locks for it, unless there is an element again by then. */
	KUNIT_EXPECT_MEMEQ(test, &seed, &hk_array(h)->hash0, sizeof(seed));
	hk_put(test, h, 1, hk_value(1));
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_MEMEQ(test, &seed, &hk_array(h)->hash0, sizeof(seed));
	hk_delete(test, h, 1);
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_MEMNEQ(test, &seed, &hk_array(h)->hash0, sizeof(seed));
	HK_VERIFY(test, h);
}

/* While all is in one stripe its holder is alone: no worker is needed. */
static void a_map_in_one_stripe_takes_it_at_once(struct kunit *test)
{
	struct hmap *h = make_striped(test, 8, HMAP_NO_SHRINK);
	siphash_key_t seed;

	hk_put_range(test, h, 0, 13);
	KUNIT_ASSERT_EQ(test, hk_array(h)->mask, 0);
	seed = hk_array(h)->hash0;
	hk_delete_range(test, h, 0, 12);
	KUNIT_EXPECT_MEMEQ(test, &seed, &hk_array(h)->hash0, sizeof(seed));
	hk_delete(test, h, 12);
	KUNIT_EXPECT_MEMNEQ(test, &seed, &hk_array(h)->hash0, sizeof(seed));
	HK_VERIFY(test, h);
}

static void a_map_that_is_only_read_finishes_its_resize(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_growing(test, &from, &to);

	/* The call by which the resize began, which hk_map_growing() has removed. */
	queue_delayed_work(hmap_wq, &h->work, HZ / 4);
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

/* The worker, which takes the map for one of @count elements. */
static void run_worker(struct hmap *h, long count)
{
	long more = count - hmap_len(h);

	disable_delayed_work_sync(&h->work);
	h->stripes[0].count += more;
	h->work.work.func(&h->work.work);
	h->stripes[0].count -= more;
	enable_delayed_work(&h->work);
}

/* Writers drive the resize: the worker finishes it when they have left off. */
static void the_worker_leaves_a_growing_map_alone(struct kunit *test)
{
	u64 from, to, key;
	struct hmap *h = hk_map_growing(test, &from, &to);
	long evacuated;

	for (key = to; key < to + 10; key++) {
		KUNIT_ASSERT_EQ(test, hmap_delete(h, &key), -ENOENT);
		evacuated = hk_evacuated(h);
		run_worker(h, to);
		KUNIT_ASSERT_EQ(test, hk_evacuated(h), evacuated);
	}
	KUNIT_EXPECT_TRUE(test, hk_growing(h));
	run_worker(h, to);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	hk_expect_all(test, h, from, to);
}

/* But for one that has too many elements for the array that it is moved to, too. */
static void the_worker_helps_a_map_that_grows_too_late(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_growing(test, &from, &to);

	run_worker(h, hmap_capacity(9) + 1);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 10);
	KUNIT_EXPECT_EQ(test, hk_array(h)->oldbuckets->B, 9);
	hk_expect_all(test, h, from, to);
}

/* Several doublings are one resize, and what is beyond that the next one. */
static void the_worker_grows_to_what_the_count_asks_for(struct kunit *test)
{
	static const struct {
		u8 up_to;
		u8 B;
		u8 old_B;
		long grows;
	} cases[] = {
		{ 9, 9, 8, 1 }, { 10, 10, 8, 1 }, { 11, 11, 8, 1 },
		{ 12, 12, 11, 2 }, { 14, 14, 11, 2 },
	};
	struct hmap *h;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		h = hk_map_hint(test, hmap_capacity(8));
		hk_put_range(test, h, 0, 1000);
		run_worker(h, hmap_capacity(cases[i].up_to));
		KUNIT_EXPECT_EQ(test, hk_array(h)->B, cases[i].B);
		KUNIT_ASSERT_TRUE(test, hk_growing(h));
		KUNIT_EXPECT_EQ(test, hk_array(h)->oldbuckets->B, cases[i].old_B);
		KUNIT_EXPECT_EQ(test, hk_grows(h), cases[i].grows);
		hk_expect_all(test, h, 0, 1000);
		hk_map_destroy(test, h);
	}
}

/* A caller that may sleep and is far ahead of the worker waits for it. */
static void the_load_stays_bounded_for_sleeping_callers(struct kunit *test)
{
	struct hmap *h = make_striped(test, 1, HMAP_NO_SHRINK);
	u64 key, value;

	for (key = 0; key < 50000; key++) {
		value = hk_value(key);
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, &value, HMAP_NOEXIST,
					       GFP_KERNEL), 0);
		KUNIT_ASSERT_LE(test, hmap_len(h),
				4 * hmap_capacity(hk_array(h)->B) + 8);
	}
	HK_VERIFY(test, h);
}

static struct kunit_case stripe_cases[] = {
	KUNIT_CASE(wrong_stripes_and_flags_are_refused),
	KUNIT_CASE(small_maps_are_in_one_stripe),
	KUNIT_CASE(one_stripe_keeps_its_count),
	KUNIT_CASE(stripes_add_what_they_count_in_batches),
	KUNIT_CASE(a_small_array_has_small_batches),
	KUNIT_CASE(max_entries_is_that_of_all_stripes),
	KUNIT_CASE(max_entries_knows_what_came_before_the_stripes),
	KUNIT_CASE(max_entries_knows_what_a_larger_array_counted),
	KUNIT_CASE(every_number_of_stripes_works),
	KUNIT_CASE(clear_forgets_all_counts),
	KUNIT_CASE(a_step_of_a_scan_stays_in_its_stripe),
	KUNIT_CASE(a_fresh_seed_is_noticed_under_the_lock),
	KUNIT_CASE(an_empty_striped_map_takes_a_fresh_seed),
	KUNIT_CASE(a_map_in_one_stripe_takes_it_at_once),
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
	KUNIT_CASE(the_worker_helps_a_map_that_grows_too_late),
	KUNIT_CASE(the_worker_grows_to_what_the_count_asks_for),
	KUNIT_CASE(the_load_stays_bounded_for_sleeping_callers),
	{}
};

HK_SUITE(stripe, stripe_cases);
