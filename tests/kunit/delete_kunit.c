// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/map/delete.c: delete and pop; clear, and what they leave behind in the slots.
 */
#include "hmap_kunit.h"

/*
 * A map in which all keys are in one chain, in the order in which they were
 * put, with room for as many as the tests need before it grows.
 */
static struct hmap *make_chain(struct kunit *test, u64 n)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_constant, 104);

	hk_put_range(test, h, 0, n);
	KUNIT_ASSERT_EQ(test, hk_grows(h), 0);
	return h;
}

static void expect_states(struct kunit *test, struct hmap *h,
			  const char *states)
{
	struct hmap_chain chain = hk_chain_of(h, hk_hash_constant(NULL, 0,
								   NULL));

	HK_VERIFY(test, h);
	KUNIT_EXPECT_STREQ(test, hk_chain_states(test, h, &chain), states);
}

static void the_last_one_becomes_empty_rest(struct kunit *test)
{
	struct hmap *h = make_chain(test, 5);

	expect_states(test, h, "#####...");
	hk_delete(test, h, 4);
	expect_states(test, h, "####....");
}

static void one_in_the_middle_becomes_empty_one(struct kunit *test)
{
	struct hmap *h = make_chain(test, 5);

	hk_delete(test, h, 2);
	expect_states(test, h, "##o##...");
	hk_delete(test, h, 0);
	expect_states(test, h, "o#o##...");
}

static void empty_ones_before_the_last_become_empty_rest(struct kunit *test)
{
	struct hmap *h = make_chain(test, 6);

	hk_delete(test, h, 1);
	hk_delete(test, h, 3);
	hk_delete(test, h, 4);
	expect_states(test, h, "#o#oo#..");
	hk_delete(test, h, 5);
	expect_states(test, h, "#o#.....");
	hk_delete(test, h, 2);
	expect_states(test, h, "#.......");
	hk_delete(test, h, 0);
	expect_states(test, h, "........");
}

static void the_last_of_a_full_bucket_becomes_empty_rest(struct kunit *test)
{
	struct hmap *h = make_chain(test, 8);

	hk_delete(test, h, 7);
	expect_states(test, h, "#######.");
}

static void the_last_of_a_bucket_looks_at_the_next_bucket(struct kunit *test)
{
	struct hmap *h = make_chain(test, 9);

	hk_delete(test, h, 7);
	expect_states(test, h, "#######o|#.......");
	hk_delete(test, h, 8);
	expect_states(test, h, "#######.|........");
}

static void empty_rest_goes_back_over_several_buckets(struct kunit *test)
{
	struct hmap *h = make_chain(test, 26);

	hk_delete_range(test, h, 3, 25);
	expect_states(test, h, "###ooooo|oooooooo|oooooooo|o#......");
	hk_delete(test, h, 25);
	expect_states(test, h, "###.....|........|........|........");
}

static void empty_rest_stops_at_the_head(struct kunit *test)
{
	struct hmap *h = make_chain(test, 17);

	hk_delete_range(test, h, 0, 16);
	expect_states(test, h, "oooooooo|oooooooo|#.......");
	hk_delete(test, h, 16);
	expect_states(test, h, "........|........|........");
}

static void the_first_free_slot_is_used_again(struct kunit *test)
{
	struct hmap *h = make_chain(test, 12);

	hk_delete(test, h, 9);
	hk_delete(test, h, 3);
	expect_states(test, h, "###o####|#o##....");
	hk_put_range(test, h, 100, 101);
	expect_states(test, h, "########|#o##....");
	hk_put_range(test, h, 101, 102);
	expect_states(test, h, "########|####....");
	hk_expect_range(test, h, 100, 102);
}

/* A lookup believes it: what is behind is not looked at. */
static void a_lookup_ends_at_empty_rest(struct kunit *test)
{
	struct hmap *h = make_chain(test, 20);
	struct hmap_chain chain = hk_chain_of(h, hk_hash_constant(NULL, 0,
								   NULL));
	u8 *state = &hmap_next(h, chain.a, chain.head)->tophash[7];
	u8 before = *state;

	*state = HMAP_EMPTY_REST;
	hk_expect_range(test, h, 0, 15);
	hk_expect_absent(test, h, 16);
	*state = before;
	hk_expect_all(test, h, 0, 20);
}

/* In any order: a slot is emptyRest if and only if nothing is behind it. */
static void random_deletes_leave_exact_states(struct kunit *test)
{
	struct hk_rnd rnd = hk_rnd(test);
	struct hmap *h = make_chain(test, 32);
	char states[] = "########|########|########|########";
	u64 keys[32];
	unsigned int i;
	int p;

	for (i = 0; i < 32; i++)
		keys[i] = i;
	hk_shuffle(&rnd, keys, 32);
	for (i = 0; i < 32; i++) {
		hk_delete(test, h, keys[i]);
		states[keys[i] + keys[i] / 8] = 'o';
		for (p = sizeof(states) - 2; p >= 0 && states[p] != '#'; p--)
			if (states[p] == 'o')
				states[p] = '.';
		expect_states(test, h, states);
	}
}

static void a_deleted_slot_is_wiped(struct kunit *test)
{
	struct hmap *h = make_chain(test, 12);
	struct hmap_chain chain = hk_chain_of(h, hk_hash_constant(NULL, 0,
								   NULL));
	u64 *key = hmap_bucket_key(&h->geo, chain.head, 5);
	u64 *value = hmap_bucket_value(&h->geo, chain.head, 5);

	KUNIT_EXPECT_EQ(test, *key, 5);
	KUNIT_EXPECT_EQ(test, *value, hk_value(5));
	hk_delete(test, h, 5);
	KUNIT_EXPECT_EQ(test, *key, 0);
	KUNIT_EXPECT_EQ(test, *value, 0);
}

static void what_is_not_there_cannot_be_deleted(struct kunit *test)
{
	struct hmap *h = make_chain(test, 20);
	u64 key = 20;

	KUNIT_EXPECT_EQ(test, hmap_delete(h, &key), -ENOENT);
	KUNIT_EXPECT_EQ(test, hmap_pop(h, &key, &key), -ENOENT);
	KUNIT_EXPECT_EQ(test, key, 20);
	hk_expect_all(test, h, 0, 20);
	hk_delete(test, h, 7);
	key = 7;
	KUNIT_EXPECT_EQ(test, hmap_delete(h, &key), -ENOENT);
}

static void nothing_can_be_deleted_from_an_empty_map(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 key = 0;

	KUNIT_EXPECT_EQ(test, hmap_delete(h, &key), -ENOENT);
	KUNIT_EXPECT_EQ(test, hmap_pop(h, &key, NULL), -ENOENT);
	KUNIT_EXPECT_PTR_EQ(test, hk_array(h)->data, NULL);
}

static void pop_returns_the_value_and_deletes(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 key, value;

	hk_put_range(test, h, 0, 100);
	for (key = 0; key < 100; key++) {
		value = 0;
		KUNIT_EXPECT_EQ(test, hmap_pop(h, &key, &value), 0);
		KUNIT_EXPECT_EQ(test, value, hk_value(key));
		hk_expect_absent(test, h, key);
		HK_VERIFY(test, h);
	}
	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
}

static void pop_during_growth_returns_the_value(struct kunit *test)
{
	u64 from, to, value;
	struct hmap *h = hk_map_growing(test, &from, &to);

	for (; from < to; from++) {
		KUNIT_ASSERT_EQ(test, hmap_pop(h, &from, &value), 0);
		KUNIT_ASSERT_EQ(test, value, hk_value(from));
	}
	HK_VERIFY(test, h);
}

static void deletes_during_growth_are_not_undone(struct kunit *test)
{
	u64 from, to, key;
	struct hmap *h = hk_map_growing(test, &from, &to);

	for (key = from; key < to; key += 5) {
		hk_delete(test, h, key);
		hk_expect_absent(test, h, key);
	}
	HK_VERIFY(test, h);
	hk_finish_growth(test, h);
	for (key = from; key < to; key++) {
		if (key % 5 == 0)
			hk_expect_absent(test, h, key);
		else
			hk_expect(test, h, key, hk_value(key));
	}
}

static void a_map_never_shrinks(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u32 noverflow;

	hk_put_range(test, h, 0, 7000);
	hk_finish_growth(test, h);
	noverflow = hk_array(h)->noverflow;
	hk_delete_range(test, h, 0, 7000);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 11);
	KUNIT_EXPECT_EQ(test, hk_array(h)->noverflow, noverflow);
	HK_VERIFY(test, h);
}

static bool seed_is(struct hmap *h, const siphash_key_t *hash0)
{
	return !memcmp(hash0, &hk_array(h)->hash0, sizeof(*hash0));
}

static void the_last_delete_takes_a_fresh_seed(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	siphash_key_t hash0 = hk_array(h)->hash0;

	hk_put_range(test, h, 0, 50);
	hk_delete_range(test, h, 0, 49);
	KUNIT_EXPECT_TRUE(test, seed_is(h, &hash0));
	hk_delete(test, h, 49);
	KUNIT_EXPECT_FALSE(test, seed_is(h, &hash0));
	hk_put_range(test, h, 0, 50);
	hk_expect_all(test, h, 0, 50);
}

static void the_last_pop_takes_a_fresh_seed(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	siphash_key_t hash0 = hk_array(h)->hash0;
	u64 key = 3;

	hk_put(test, h, key, 1);
	KUNIT_EXPECT_EQ(test, hmap_pop(h, &key, NULL), 0);
	KUNIT_EXPECT_FALSE(test, seed_is(h, &hash0));
}

static void a_resize_keeps_the_seed(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	siphash_key_t hash0 = hk_array(h)->hash0;

	hk_put_range(test, h, 0, 100);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 5000), 0);
	KUNIT_EXPECT_TRUE(test, seed_is(h, &hash0));
}

/*
 * Two keys are left in a map with an overflow bucket for each bucket: the next
 * one begins a resize, and they are gone before it is over.
 */
static void a_map_that_is_resized_gets_a_fresh_seed_later(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_identity, 208);
	siphash_key_t hash0;
	u64 key, i;

	hk_put(test, h, 1000, 0);
	for (i = 0; i < 32; i++) {
		for (key = 0; key < 9; key++)
			hk_put(test, h, 32 * key + i, 0);
		for (key = 0; key < 9; key++)
			hk_delete(test, h, 32 * key + i);
	}
	hash0 = hk_array(h)->hash0;
	hk_put(test, h, 1001, 0);
	KUNIT_ASSERT_EQ(test, hk_same_size_grows(h), 1);
	hk_delete_range(test, h, 1000, 1002);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	KUNIT_EXPECT_TRUE(test, seed_is(h, &hash0));
	hk_finish_growth(test, h);
	KUNIT_EXPECT_TRUE(test, seed_is(h, &hash0));
	hk_put_range(test, h, 0, 1);
	hk_delete_range(test, h, 0, 1);
	KUNIT_EXPECT_FALSE(test, seed_is(h, &hash0));
}

/* The old array is still there, and its keys are gone. */
static void a_map_can_become_empty_during_growth(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	hk_put_range(test, h, 0, 6657);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	hk_delete_range(test, h, 0, 6657);
	HK_VERIFY(test, h);
	hk_put_range(test, h, 0, 6657);
	hk_expect_all(test, h, 0, 6657);
}

/* Faster than the evacuation: all keys are in the bucket evacuated first. */
static void an_empty_map_goes_on_with_its_resize(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_constant, 52);
	u64 key;

	hk_put_range(test, h, 0, 53);
	hk_delete_range(test, h, 0, 53);
	while (hk_growing(h)) {
		for (key = 0; key < 3; key++)
			hk_put(test, h, key, hk_value(key));
		hk_expect_all(test, h, 0, 3);
		hk_delete_range(test, h, 0, 3);
	}
	HK_VERIFY(test, h);
}

static void clear_removes_everything(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hk_scan scan = { .capacity = 10, .limit = 1000 };
	u64 key;

	hk_put_range(test, h, 0, 1000);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	HK_VERIFY(test, h);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
	for (key = 0; key < 1000; key++)
		hk_expect_absent(test, h, key);
	hk_scan(test, h, &scan);
	hk_expect_times(test, &scan, 0, 1000, 0);
}

static void clear_keeps_the_number_of_buckets(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	hk_put_range(test, h, 0, 1000);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 8);
	KUNIT_EXPECT_EQ(test, hk_array(h)->noverflow, 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->nevacuate[0].n, 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->extra.overflow.nr, 16);
}

static void clear_takes_a_fresh_seed(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	siphash_key_t hash0 = hk_array(h)->hash0;

	hk_put_range(test, h, 0, 10);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	KUNIT_EXPECT_FALSE(test, seed_is(h, &hash0));
}

static void clear_of_an_empty_map_does_nothing(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, 100);
	void *data = hk_array(h)->data;
	siphash_key_t hash0 = hk_array(h)->hash0;

	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	KUNIT_EXPECT_PTR_EQ(test, hk_array(h)->data, data);
	KUNIT_EXPECT_TRUE(test, seed_is(h, &hash0));
}

static void clear_ends_growth(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_growing(test, &from, &to);

	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 9);
	HK_VERIFY(test, h);
	hk_expect_absent(test, h, from);
}

static void clear_ends_same_size_growth(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_same_size(test, &from, &to);

	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	KUNIT_EXPECT_EQ(test, hk_array(h)->flags, 0);
	HK_VERIFY(test, h);
}

static void a_cleared_map_can_be_used_again(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	unsigned int i;

	for (i = 0; i < 5; i++) {
		hk_put_range(test, h, i, 2000);
		hk_expect_all(test, h, i, 2000);
		KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
		HK_VERIFY(test, h);
	}
	KUNIT_EXPECT_EQ(test, hk_grows(h), 9);
}

static void clear_gives_memory_back(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 200, 3000);
	u8 *bytes = hk_alloc(test, 1, 3000);
	u64 i;

	for (i = 0; i < 100; i++) {
		memcpy(bytes, &i, sizeof(i));
		KUNIT_EXPECT_EQ(test, hmap_put(h, bytes, bytes, HMAP_ANY,
					       GFP_KERNEL), 0);
	}
	KUNIT_EXPECT_GT(test, hk_memory(h), 320000);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	/* What growth has left is free after a grace period, too. */
	hk_wait_memory(test, h);
	KUNIT_EXPECT_LT(test, hk_memory(h), 10000);
}

static struct kunit_case delete_cases[] = {
	KUNIT_CASE(the_last_one_becomes_empty_rest),
	KUNIT_CASE(one_in_the_middle_becomes_empty_one),
	KUNIT_CASE(empty_ones_before_the_last_become_empty_rest),
	KUNIT_CASE(the_last_of_a_full_bucket_becomes_empty_rest),
	KUNIT_CASE(the_last_of_a_bucket_looks_at_the_next_bucket),
	KUNIT_CASE(empty_rest_goes_back_over_several_buckets),
	KUNIT_CASE(empty_rest_stops_at_the_head),
	KUNIT_CASE(the_first_free_slot_is_used_again),
	KUNIT_CASE(a_lookup_ends_at_empty_rest),
	KUNIT_CASE(random_deletes_leave_exact_states),
	KUNIT_CASE(a_deleted_slot_is_wiped),
	KUNIT_CASE(what_is_not_there_cannot_be_deleted),
	KUNIT_CASE(nothing_can_be_deleted_from_an_empty_map),
	KUNIT_CASE(pop_returns_the_value_and_deletes),
	KUNIT_CASE(pop_during_growth_returns_the_value),
	KUNIT_CASE(deletes_during_growth_are_not_undone),
	KUNIT_CASE(a_map_never_shrinks),
	KUNIT_CASE(the_last_delete_takes_a_fresh_seed),
	KUNIT_CASE(the_last_pop_takes_a_fresh_seed),
	KUNIT_CASE(a_map_that_is_resized_gets_a_fresh_seed_later),
	KUNIT_CASE(a_resize_keeps_the_seed),
	KUNIT_CASE(a_map_can_become_empty_during_growth),
	KUNIT_CASE(an_empty_map_goes_on_with_its_resize),
	KUNIT_CASE(clear_removes_everything),
	KUNIT_CASE(clear_keeps_the_number_of_buckets),
	KUNIT_CASE(clear_takes_a_fresh_seed),
	KUNIT_CASE(clear_of_an_empty_map_does_nothing),
	KUNIT_CASE(clear_ends_growth),
	KUNIT_CASE(clear_ends_same_size_growth),
	KUNIT_CASE(a_cleared_map_can_be_used_again),
	KUNIT_CASE(clear_gives_memory_back),
	{}
};

HK_SUITE(delete, delete_cases);
