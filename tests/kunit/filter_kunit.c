// SPDX-License-Identifier: GPL-2.0
/*
 * The filter in the first bucket of a chain: what it knows, forgets, and what
 * becomes of it in a resize. hmap_verify() checks that it knows all that it must.
 */
#include "hmap_kunit.h"

/* The key @i of bucket 0 with the tophash @top; the hash is the key. */
static u64 key_of(u8 top, u64 i)
{
	return (u64)top << 56 | i << 8;
}

static void put_key(struct kunit *test, struct hmap *h, u8 top, u64 i)
{
	hk_put(test, h, key_of(top, i), i);
	HK_VERIFY(test, h);
}

static void delete_key(struct kunit *test, struct hmap *h, u8 top, u64 i)
{
	hk_delete(test, h, key_of(top, i));
	HK_VERIFY(test, h);
}

/* A map with @n keys of the tophash 0x80 in bucket 0. */
static struct hmap *make_map(struct kunit *test, unsigned long hint,
			     unsigned int n)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_identity, hint);
	u64 i;

	for (i = 0; i < n; i++)
		put_key(test, h, 0x80, i);
	return h;
}

static void expect_filter(struct kunit *test, struct hmap *h, u32 filter)
{
	u32 overflow = hk_chain_of(h, 0).head->overflow;

	KUNIT_EXPECT_EQ(test, overflow & ~HMAP_OVERFLOW_INDEX, filter);
}

static void it_is_empty_where_nothing_is_behind(struct kunit *test)
{
	struct hmap *h = make_map(test, 208, 8);

	expect_filter(test, h, 0);
	hk_expect_absent(test, h, key_of(0x80, 8));
}

static void it_knows_the_tophashes_behind(struct kunit *test)
{
	struct hmap *h = make_map(test, 208, 8);
	unsigned int top;

	put_key(test, h, 0x85, 100);
	expect_filter(test, h, HMAP_OVERFLOW_FILTER(0x85));
	put_key(test, h, 0x87, 101);
	expect_filter(test, h, HMAP_OVERFLOW_FILTER(0x85) |
			       HMAP_OVERFLOW_FILTER(0x87));
	hk_expect(test, h, key_of(0x85, 100), 100);
	hk_expect(test, h, key_of(0x87, 101), 101);
	for (top = HMAP_MIN_TOPHASH; top < 256; top++)
		hk_expect_absent(test, h, key_of(top, 200));
}

static void it_knows_what_is_in_the_third_bucket(struct kunit *test)
{
	struct hmap *h = make_map(test, 208, 16);

	put_key(test, h, 0x86, 100);
	expect_filter(test, h, HMAP_OVERFLOW_FILTER(0x80) |
			       HMAP_OVERFLOW_FILTER(0x86));
	hk_expect(test, h, key_of(0x86, 100), 100);
}

static void it_forgets_what_was_behind(struct kunit *test)
{
	struct hmap *h = make_map(test, 208, 9);

	delete_key(test, h, 0x80, 8);
	expect_filter(test, h, HMAP_OVERFLOW_FILTER(0x80));
	put_key(test, h, 0x82, 100);
	expect_filter(test, h, HMAP_OVERFLOW_FILTER(0x82));
	hk_expect(test, h, key_of(0x82, 100), 100);
}

/* The second bucket is empty, the third is not. */
static void it_forgets_nothing_while_something_is_behind(struct kunit *test)
{
	struct hmap *h = make_map(test, 208, 8);
	u64 i;

	for (i = 0; i < 8; i++)
		put_key(test, h, 0x81, i);
	put_key(test, h, 0x82, 100);
	for (i = 0; i < 8; i++)
		delete_key(test, h, 0x81, i);
	put_key(test, h, 0x83, 101);
	expect_filter(test, h, HMAP_OVERFLOW_FILTER(0x81) |
			       HMAP_OVERFLOW_FILTER(0x82) |
			       HMAP_OVERFLOW_FILTER(0x83));
	hk_expect(test, h, key_of(0x82, 100), 100);
}

/* A key that is not behind takes a free slot in front, and is there only once. */
static void a_put_relies_on_it(struct kunit *test)
{
	struct hmap *h = make_map(test, 208, 9);

	delete_key(test, h, 0x80, 3);
	put_key(test, h, 0x81, 100);
	expect_filter(test, h, HMAP_OVERFLOW_FILTER(0x80));
	delete_key(test, h, 0x80, 4);
	put_key(test, h, 0x80, 8);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 8);
}

/* 20 keys in bucket 0 of 4; the map grows when the 27th comes, to bucket 1. */
static struct hmap *make_growing(struct kunit *test)
{
	struct hmap *h = make_map(test, 26, 20);
	u64 i;

	for (i = 0; i < 7; i++)
		hk_put(test, h, i << 8 | 1, i);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	KUNIT_ASSERT_TRUE(test, hmap_evacuated(h, hk_array(h)->oldbuckets, 0));
	HK_VERIFY(test, h);
	return h;
}

static void evacuation_makes_a_new_one(struct kunit *test)
{
	struct hmap *h = make_growing(test);
	u64 i;

	expect_filter(test, h, HMAP_OVERFLOW_FILTER(0x80));
	for (i = 0; i < 20; i++)
		hk_expect(test, h, key_of(0x80, i), i);
}

/*
 * A reader that found the old array settled, and the bucket evacuated: the old
 * chain has a filter as before, and nothing that it could find.
 */
static void an_evacuated_bucket_is_not_asked(struct kunit *test)
{
	struct hmap *h = make_growing(test);
	struct hmap_array *old = hk_array(h)->oldbuckets;
	const struct hmap_bucket *head = hmap_bucket(h, old, 0);
	u64 key = key_of(0x80, 19), value;

	KUNIT_ASSERT_TRUE(test, hmap_bucket_filter_test(head, 0x80));
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, hmap_get_first(h, h->params, old, head, &key, key,
					     &value), -EAGAIN);
	rcu_read_unlock();
}

/* Also where a lookup takes the lock. */
static void a_lookup_relies_on_it(struct kunit *test)
{
	struct hmap *h = make_map(test, 208, 9);
	struct hmap_bucket *head = hk_chain_of(h, 0).head;
	u64 key = key_of(0x80, 8);
	u32 overflow = head->overflow;

	hmap_bucket_filter_clear(head);
	hk_expect_absent(test, h, key);
	KUNIT_EXPECT_EQ(test, hmap_delete(h, &key), -ENOENT);
	head->overflow = overflow;
	hk_expect(test, h, key, 8);
	delete_key(test, h, 0x80, 8);
}

static struct kunit_case filter_cases[] = {
	KUNIT_CASE(it_is_empty_where_nothing_is_behind),
	KUNIT_CASE(it_knows_the_tophashes_behind),
	KUNIT_CASE(it_knows_what_is_in_the_third_bucket),
	KUNIT_CASE(it_forgets_what_was_behind),
	KUNIT_CASE(it_forgets_nothing_while_something_is_behind),
	KUNIT_CASE(a_put_relies_on_it),
	KUNIT_CASE(a_lookup_relies_on_it),
	KUNIT_CASE(evacuation_makes_a_new_one),
	KUNIT_CASE(an_evacuated_bucket_is_not_asked),
	{}
};

HK_SUITE(filter, filter_cases);
