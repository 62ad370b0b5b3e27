// SPDX-License-Identifier: GPL-2.0
/*
 * What maps hold: at every fill, while they grow, and of what waits for a grace
 * period; limits of bytes where values are large.
 */
#include <linux/delay.h>
#include <linux/sizes.h>

#include "hmap_kunit.h"

/* What an array takes besides its buckets: its head, and what is rounded up. */
#define HEAD	SZ_16K

/* The most that an array takes, with the overflow buckets that it has. */
static long bytes_of(struct hmap *h, const struct hmap_array *a)
{
	return (hmap_nbuckets(a) + hmap_spares(a->B)) * h->geo.bucket_size +
	       a->extra.overflow.nr_blocks * (long)SZ_32K;
}

/* What is there is not more than the arrays in use. The worker may be at it. */
static bool holds_its_arrays(struct hmap *h)
{
	struct hmap_array *a, *old;
	unsigned int i;
	long most;

	for (i = 0; i < 1000; i++) {
		flush_work(&h->work.work);
		rcu_read_lock();
		a = rcu_dereference(h->buckets);
		old = hmap_old(a);
		most = bytes_of(h, a) + HEAD;
		if (old)
			most += bytes_of(h, old) + HEAD;
		rcu_read_unlock();
		if (hk_memory(h) - hk_waiting(h) <= most)
			return true;
		usleep_range(1000, 2000);
	}
	return false;
}

/*
 * From half of a capacity up to it there is one array, whose size that is, and no
 * other before it is exceeded.
 */
static void one_array_at_every_fill(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 key = 0, n;
	u8 B;

	for (B = 9; B < 13; B++) {
		n = hmap_capacity(B);
		hk_put_range(test, h, key, n / 2 + 1);
		flush_delayed_work(&h->work);
		for (key = n / 2 + 1; key < n; key++) {
			hk_put(test, h, key, hk_value(key));
			if (key % 64 && key < n - n / 64)
				continue;
			KUNIT_ASSERT_TRUE_MSG(test, holds_its_arrays(h),
					      "%llu of %llu", key + 1, n);
			KUNIT_ASSERT_EQ(test, hk_array(h)->B, B);
		}
	}
	/* Nor after a while. */
	msleep(500);
	KUNIT_EXPECT_TRUE(test, holds_its_arrays(h));
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	hk_wait_memory(test, h);
	KUNIT_EXPECT_LE(test, hk_memory(h), bytes_of(h, hk_array(h)) + HEAD);
	hk_expect_all(test, h, 0, key);
}

/* What is reserved is not there twice, however full the map was before. */
static void a_reserve_leaves_one_array(struct kunit *test)
{
	u64 n = hmap_capacity(11) - 2;
	struct hmap *h = hk_map_hint(test, n);

	hk_put_range(test, h, 0, n);
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, hmap_capacity(12)), 0);
	flush_delayed_work(&h->work);
	hk_wait_memory(test, h);
	KUNIT_EXPECT_LE(test, hk_memory(h), bytes_of(h, hk_array(h)) + HEAD);
	hk_expect_all(test, h, 0, n);
}

/* The new array, and half as much with its overflow buckets. */
static void a_growing_map_holds_little_more_than_two_arrays(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	long size, most = 0;
	u64 key;

	for (key = 0; key < 60000; key++) {
		hk_put(test, h, key, hk_value(key));
		most = max(most, hk_memory(h) - hk_waiting(h));
	}
	size = hmap_nbuckets(hk_array(h)) * h->geo.bucket_size;
	KUNIT_EXPECT_LE(test, most, 2 * size + HEAD);
	kunit_info(test, "%ld of %ld", most, size);
}

/* ---- what waits for a grace period ---- */

/* The puts of a small map do all of a resize; no worker comes in between. */
static void an_array_counts_until_it_is_free(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 n = hmap_capacity(6) + 1, key;
	long both, waiting, memory;

	disable_delayed_work_sync(&h->work);
	hk_put_range(test, h, 0, n);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	hk_wait_memory(test, h);
	both = hk_memory(h);
	rcu_read_lock();
	for (key = 0; key < n && hk_growing(h); key++) {
		u64 value = hk_value(key);

		hmap_put(h, &key, &value, HMAP_ANY, GFP_ATOMIC);
	}
	waiting = hk_waiting(h);
	memory = hk_memory(h);
	rcu_read_unlock();
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	KUNIT_EXPECT_GE(test, memory, both);
	KUNIT_EXPECT_GE(test, waiting, 64 * (long)h->geo.bucket_size);
	hk_wait_memory(test, h);
	KUNIT_EXPECT_EQ(test, hk_memory(h), memory - waiting);
	KUNIT_EXPECT_EQ(test, hk_memory(h), hk_array(h)->bytes);
	enable_delayed_work(&h->work);
	hk_expect_all(test, h, 0, n);
}

static void what_clear_leaves_counts_until_it_is_free(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, 10000);
	long memory = hk_memory(h);

	hk_put_range(test, h, 0, 1000);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	KUNIT_EXPECT_GE(test, hk_memory(h), memory);
	hk_wait_memory(test, h);
	KUNIT_EXPECT_EQ(test, hk_memory(h), hk_array(h)->bytes);
}

/* Values of 1,000 bytes, which are overwritten, deleted and refused. */
static void a_value_counts_until_it_is_free(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 8, 1000);
	u8 *value = hk_alloc(test, 1, 1000);
	long memory, waiting, last, held;
	int err = 0;
	u64 key = 1;
	int i;

	KUNIT_ASSERT_EQ(test, hmap_put(h, &key, value, HMAP_ANY, GFP_KERNEL), 0);
	hk_wait_memory(test, h);
	memory = hk_memory(h);
	rcu_read_lock();
	for (i = 0; i < 10; i++)
		err = err ?: hmap_put(h, &key, value, HMAP_ANY, GFP_ATOMIC);
	waiting = hk_waiting(h);
	/* One that has never been there does not wait. */
	for (i = 0; i < 10; i++)
		if (hmap_put(h, &key, value, HMAP_NOEXIST, GFP_ATOMIC) != -EEXIST)
			err = -EINVAL;
	err = err ?: hmap_delete(h, &key);
	last = hk_waiting(h);
	held = hk_memory(h);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_GE(test, waiting, 10 * 1000);
	KUNIT_EXPECT_EQ(test, last, waiting / 10 * 11);
	KUNIT_EXPECT_EQ(test, held, memory + waiting);
	hk_wait_memory(test, h);
	KUNIT_EXPECT_LE(test, hk_memory(h), memory - 1000);
}

/* ---- limits ---- */

/* Ten values of 64 KiB, overwritten again and again, within the room for 16. */
static void values_overwritten_stay_within_the_limit(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = SZ_64K, .max_bytes = 16 * SZ_64K,
	};
	u8 *value = hk_alloc(test, 1, SZ_64K);
	struct hmap *h = hk_map(test, &params);
	long element, most = 0;
	u64 i, key;

	key = 0;
	KUNIT_ASSERT_EQ(test, hmap_put(h, &key, value, HMAP_ANY, GFP_KERNEL), 0);
	element = hk_memory(h);
	for (i = 0; i < 500; i++) {
		key = i % 10;
		value[0] = i;
		KUNIT_ASSERT_EQ_MSG(test, hmap_put(h, &key, value, HMAP_ANY,
						   GFP_KERNEL), 0, "%llu", i);
		most = max(most, hk_memory(h));
	}
	KUNIT_EXPECT_LE(test, most, params.max_bytes + element);
	for (key = 0; key < 10; key++) {
		KUNIT_ASSERT_EQ(test, hmap_get(h, &key, value), 0);
		KUNIT_EXPECT_EQ(test, value[0], (u8)(490 + key));
	}
}

/* The same by deletes and inserts: what waits is no reason to refuse. */
static void values_put_anew_are_not_refused(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = SZ_64K, .max_bytes = 16 * SZ_64K,
	};
	u8 *value = hk_alloc(test, 1, SZ_64K);
	struct hmap *h = hk_map(test, &params);
	long most = 0;
	u64 key;

	for (key = 0; key < 300; key++) {
		KUNIT_ASSERT_EQ_MSG(test, hmap_put(h, &key, value, HMAP_NOEXIST,
						   GFP_KERNEL), 0, "%llu", key);
		most = max(most, hk_memory(h));
		KUNIT_ASSERT_EQ(test, hmap_delete(h, &key), 0);
	}
	KUNIT_EXPECT_LE(test, most, params.max_bytes + 2 * SZ_64K);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
}

static void a_pool_without_a_limit_has_none(struct kunit *test)
{
	struct hmap_pool *pool = hk_alloc(test, 1, sizeof(*pool));
	const struct hmap_params params = {
		.key_size = 8, .value_size = 200, .pools = { pool },
	};
	struct hmap *h = hk_map(test, &params);
	u8 *value = hk_alloc(test, 1, 200);
	u64 key;

	for (key = 0; key < 1000; key++)
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, value, HMAP_ANY,
					       GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 10000), 0);
	hk_wait_memory(test, h);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->memory), hk_memory(h));
	hk_map_destroy(test, h);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->memory), 0);
}

/* What destroyed maps have left is free when the pool is left. */
static void a_pool_outlives_what_its_maps_leave(struct kunit *test)
{
	static struct hmap_pool pool;
	const struct hmap_params params = {
		.key_size = 8, .value_size = 200, .pools = { &pool },
	};
	static struct hmap h; /* work has to say so if it is on a stack */
	u8 *value = hk_alloc(test, 1, 200);
	int err = 0;
	u64 key;

	pool = (struct hmap_pool){};
	KUNIT_ASSERT_EQ(test, hmap_init(&h, &params), 0);
	for (key = 0; !err && key < 1000; key++)
		err = hmap_put(&h, &key, value, HMAP_ANY, GFP_KERNEL);
	for (key = 0; !err && key < 500; key++)
		err = hmap_delete(&h, &key);
	KUNIT_EXPECT_EQ(test, err, 0);
	hmap_destroy(&h);
	hmap_pool_exit(&pool);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool.memory), 0);
}

/* Whatever the size of a page. */
static void what_a_put_makes_is_small(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, hmap_capacity(8));
	u64 n = hmap_capacity(8) + 1;
	unsigned int k;
	u64 key;

	KUNIT_EXPECT_EQ(test, HMAP_SMALL_BYTES, SZ_32K);
	disable_delayed_work_sync(&h->work);
	for (key = 0; key < n; key++)
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, &key, HMAP_ANY,
					       GFP_KERNEL), 0);
	/* The array of 2^9 buckets takes 78 KB: not from a put. */
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 8);
	k = 1u << hk_array(h)->block_order;
	KUNIT_EXPECT_LE(test, k * h->geo.bucket_size, SZ_32K);
	enable_delayed_work(&h->work);
}

static struct kunit_case room_cases[] = {
	KUNIT_CASE_SLOW(one_array_at_every_fill),
	KUNIT_CASE_SLOW(a_reserve_leaves_one_array),
	KUNIT_CASE_SLOW(a_growing_map_holds_little_more_than_two_arrays),
	KUNIT_CASE(an_array_counts_until_it_is_free),
	KUNIT_CASE(what_clear_leaves_counts_until_it_is_free),
	KUNIT_CASE(a_value_counts_until_it_is_free),
	KUNIT_CASE_SLOW(values_overwritten_stay_within_the_limit),
	KUNIT_CASE_SLOW(values_put_anew_are_not_refused),
	KUNIT_CASE(a_pool_without_a_limit_has_none),
	KUNIT_CASE(a_pool_outlives_what_its_maps_leave),
	KUNIT_CASE(what_a_put_makes_is_small),
	{}
};

HK_SUITE(room, room_cases);
