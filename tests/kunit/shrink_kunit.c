// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/map/resize.c: hmap_shrink(), which gives memory back when it is asked to. (That
 * maps shrink by themselves is in stripe_kunit.c; those of the helpers do not.)
 */
#include <linux/delay.h>

#include "hmap_kunit.h"

static long shrinks(struct hmap *h)
{
	return atomic_long_read(&h->shrinks);
}

/* Old arrays are freed after a grace period, in the background. */
static bool holds_at_last(struct hmap *h, long memory)
{
	unsigned int i;

	for (i = 0; i < 200 && hk_memory(h) > memory; i++)
		msleep(20);
	return hk_memory(h) <= memory;
}

static void shrink_gives_a_reservation_back(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	long memory;

	hk_put_range(test, h, 0, 100);
	hk_wait_memory(test, h);
	memory = hk_memory(h);
	KUNIT_ASSERT_EQ(test, hmap_reserve(h, 10000), 0);
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 11);
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 4);
	KUNIT_EXPECT_EQ(test, shrinks(h), 7);
	KUNIT_EXPECT_EQ(test, h->min_B, 0);
	hk_expect_all(test, h, 0, 100);
	KUNIT_EXPECT_TRUE(test, holds_at_last(h, memory));
}

static void shrink_gives_a_hint_back(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, 5000);

	hk_put_range(test, h, 0, 20);
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 2);
	hk_expect_all(test, h, 0, 20);
}

/* It goes as far as the load allows: one element more would make it grow. */
static void shrink_leaves_what_the_elements_need(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u8 B;

	hk_put_range(test, h, 0, 5000);
	for (B = hk_array(h)->B; B > 1; B--) {
		hk_delete_range(test, h, hmap_capacity(B - 1) + 1, hmap_len(h));
		KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
		KUNIT_EXPECT_EQ(test, hk_array(h)->B, B);
		hk_delete(test, h, hmap_capacity(B - 1));
		KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
		KUNIT_EXPECT_EQ(test, hk_array(h)->B, B - 1);
		hk_expect_all(test, h, 0, hmap_capacity(B - 1));
	}
}

static void shrink_of_a_small_map_does_nothing(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_PTR_EQ(test, hk_array(h)->data, NULL);
	hk_put_range(test, h, 0, 8);
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_EQ(test, shrinks(h), 0);
	hk_expect_all(test, h, 0, 8);
}

static void an_empty_map_shrinks_to_one_bucket(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, 5000);

	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 0);
	HK_VERIFY(test, h);
	hk_put_range(test, h, 0, 1000);
	hk_expect_all(test, h, 0, 1000);
}

static void shrink_keeps_a_bucket_for_every_stripe(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .stripes = 16, .hint = 5000,
	};
	struct hmap *h = hk_map(test, &params);

	hk_put_range(test, h, 0, 20);
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 4);
	KUNIT_EXPECT_EQ(test, hk_array(h)->mask, 15);
	hk_expect_all(test, h, 0, 20);
}

static void shrink_finishes_a_resize_under_way(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_growing(test, &from, &to);
	u8 B = hk_array(h)->B;

	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, B);
	hk_expect_all(test, h, from, to);
}

static void shrink_makes_one_long_chain_of_one(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_one_bucket, 5000);

	hk_put_range(test, h, 0, 300);
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	hk_expect_all(test, h, 0, 300);
}

static struct kunit_case shrink_cases[] = {
	KUNIT_CASE(shrink_gives_a_reservation_back),
	KUNIT_CASE(shrink_gives_a_hint_back),
	KUNIT_CASE(shrink_leaves_what_the_elements_need),
	KUNIT_CASE(shrink_of_a_small_map_does_nothing),
	KUNIT_CASE(an_empty_map_shrinks_to_one_bucket),
	KUNIT_CASE(shrink_keeps_a_bucket_for_every_stripe),
	KUNIT_CASE(shrink_finishes_a_resize_under_way),
	KUNIT_CASE(shrink_makes_one_long_chain_of_one),
	{}
};

HK_SUITE(shrink, shrink_cases);
