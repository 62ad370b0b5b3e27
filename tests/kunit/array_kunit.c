// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/map/array.c and memory.c: arrays of buckets, their overflow buckets, what is
 * counted and when it is freed.
 */
#include "hmap_kunit.h"

static struct hmap_array *make_array(struct kunit *test, struct hmap *h, u8 B)
{
	struct hmap_array *a = hmap_array_alloc(h, B, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a);
	return a;
}

/*
 * As under a stripe, which disables bottom halves: lockdep knows the array's lock from
 * there. None of these maps is in use, so that no stripe is needed.
 */
static bool reserve(struct hmap *h, struct hmap_array *a, u32 n,
		    struct hmap_supply *supply)
{
	bool done;

	local_bh_disable();
	done = hmap_reserve_overflow(h, a, n, supply);
	local_bh_enable();
	return done;
}

/* Let the array have @n more overflow buckets, as hmap_put() does. */
static bool secure(struct hmap *h, struct hmap_array *a, u32 n)
{
	struct hmap_supply supply = {};
	bool done;

	for (;;) {
		done = reserve(h, a, n, &supply);
		if (done || !supply.want)
			break;
		hmap_supply_fill(h, &supply, GFP_KERNEL);
	}
	hmap_supply_drop(h, &supply);
	if (done) {
		local_bh_disable();
		hmap_unreserve_overflow(a, n);
		local_bh_enable();
	}
	return done;
}

/* What an operation has that does without memory. */
static struct hmap_supply nothing = { .no_block = true };

static struct hmap_bucket *append(struct hmap *h, struct hmap_array *a,
				  struct hmap_bucket *last)
{
	struct hmap_bucket *b = NULL;

	local_bh_disable();
	if (hmap_reserve_overflow(h, a, 1, &nothing))
		b = hmap_append_bucket(h, a, last, 2);
	local_bh_enable();
	return b;
}

static void more_than_16_buckets_have_spares(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 1, 0);
	struct hmap_array *a;
	u8 B;

	for (B = 0; B <= 14; B++) {
		a = make_array(test, h, B);
		KUNIT_EXPECT_EQ(test, a->B, B);
		KUNIT_EXPECT_EQ(test, a->extra.overflow.nr,
				B > 4 ? 1 << (B - 4) : 0);
		hmap_array_free(a);
	}
}

static void spares_stand_behind_the_buckets(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_array *a = make_array(test, h, 7);
	u32 i;

	for (i = 1; i <= 8; i++)
		KUNIT_EXPECT_PTR_EQ(test, (void *)hmap_overflow_bucket(h, a, i),
				    a->data + (128 + i - 1) * 144);
	KUNIT_EXPECT_PTR_EQ(test, hmap_overflow_bucket(h, a, 9), NULL);
	hmap_array_free(a);
}

static void a_new_array_is_empty(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_array *a = make_array(test, h, 6);

	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(a->data, 0, (64 + 4) * 144), NULL);
	KUNIT_EXPECT_EQ(test, a->noverflow, 0);
	KUNIT_EXPECT_EQ(test, a->nevacuate[0].n, 0);
	KUNIT_EXPECT_EQ(test, a->extra.next_overflow, 1);
	KUNIT_EXPECT_PTR_EQ(test, a->oldbuckets, NULL);
	hmap_array_free(a);
}

/*
 * Blocks of first, 2 * first, 4 * first, ... buckets behind the spares, up to
 * what is still allocated at once.
 */
static void expect_index_to_address(struct kunit *test, struct hmap *h,
				    struct hmap_array *a, u32 first)
{
	u32 largest = rounddown_pow_of_two(8 * PAGE_SIZE / h->geo.bucket_size);
	u32 index = hmap_spares(a->B) + 1, buckets = min(first, largest), i;
	unsigned int k;
	void *b;

	for (k = 0; k < a->extra.overflow.nr_blocks; k++) {
		b = *hmap_block_slot(&a->extra.overflow, k);
		for (i = 0; i < buckets; i++, index++) {
			KUNIT_ASSERT_PTR_EQ(test, b, (void *)
					    hmap_overflow_bucket(h, a, index));
			b += h->geo.bucket_size;
		}
		buckets = min(2 * buckets, largest);
	}
	KUNIT_EXPECT_EQ(test, index - 1, a->extra.overflow.nr);
	KUNIT_EXPECT_PTR_EQ(test, hmap_overflow_bucket(h, a, index), NULL);
}

static void every_index_has_its_own_bucket(struct kunit *test)
{
	static const u8 list[] = { 0, 1, 4, 5, 6, 9, 14, 15 };
	struct hmap *h = hk_map_sized(test, 1, 0);
	struct hmap_array *a;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		a = make_array(test, h, list[i]);
		KUNIT_ASSERT_TRUE(test, secure(h, a, 60000));
		expect_index_to_address(test, h, a,
					list[i] > 4 ? 1 << (list[i] - 4) : 1);
		hmap_array_free(a);
	}
}

/* Up to 32 KiB: of buckets of 24 bytes that is 1024. */
static void blocks_double_in_size_up_to_a_limit(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 1, 0);
	struct hmap_array *a = make_array(test, h, 0);
	unsigned int k;

	for (k = 1; k <= 11; k++) {
		KUNIT_ASSERT_TRUE(test, secure(h, a, (1u << k) - 1));
		KUNIT_EXPECT_EQ(test, a->extra.overflow.nr_blocks, k);
		KUNIT_EXPECT_EQ(test, a->extra.overflow.nr, (1u << k) - 1);
	}
	for (; k < 50; k++) {
		KUNIT_ASSERT_TRUE(test, secure(h, a, 2048 + 1024 * (k - 12)));
		KUNIT_EXPECT_EQ(test, a->extra.overflow.nr_blocks, k);
		KUNIT_EXPECT_EQ(test, a->extra.overflow.nr,
				2047 + 1024 * (k - 11));
	}
	hmap_array_free(a);
}

/* However large the map is, or the bucket. */
static void no_block_is_larger_than_32_kib(struct kunit *test)
{
	static const u32 sizes[] = { 1, 8, 63, 128 };
	struct hmap_array *a;
	struct hmap *h;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		h = hk_map_sized(test, sizes[i], sizes[i]);
		a = make_array(test, h, 14);
		for (k = 0; k < 40; k++)
			KUNIT_EXPECT_LE(test, hmap_block_size(a, k),
					8 * PAGE_SIZE);
		KUNIT_EXPECT_GT(test, 2 * hmap_block_size(a, 0), 8 * PAGE_SIZE);
		hmap_array_free(a);
	}
}

static void blocks_come_to_an_end(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 1, 0);
	struct hmap_array *a = make_array(test, h, 0);

	KUNIT_EXPECT_PTR_EQ(test, hmap_overflow_bucket(h, a, U32_MAX), NULL);
	a->extra.overflow.nr_blocks = HMAP_MAX_BLOCKS;
	KUNIT_EXPECT_FALSE(test, secure(h, a, 1));
	a->extra.overflow.nr_blocks = 0;
	KUNIT_EXPECT_TRUE(test, secure(h, a, 1));
	hmap_array_free(a);
}

static void indices_come_to_an_end(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 1, 0);
	struct hmap_array *a = make_array(test, h, 0);

	/* The first block is one bucket. */
	a->extra.overflow.nr = HMAP_OVERFLOW_INDEX;
	a->noverflow = HMAP_OVERFLOW_INDEX;
	KUNIT_EXPECT_FALSE(test, secure(h, a, 1));
	a->extra.overflow.nr--;
	a->noverflow--;
	KUNIT_EXPECT_TRUE(test, secure(h, a, 1));
	KUNIT_EXPECT_FALSE(test, secure(h, a, 2));
	hmap_array_free(a);
}

static void what_is_secured_is_not_allocated_again(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_array *a = make_array(test, h, 5);
	long memory = hk_memory(h);

	KUNIT_EXPECT_TRUE(test, secure(h, a, 2));
	KUNIT_EXPECT_EQ(test, hk_memory(h), memory);
	KUNIT_EXPECT_TRUE(test, secure(h, a, 3));
	KUNIT_EXPECT_GT(test, hk_memory(h), memory);
	hmap_array_free(a);
}

static void without_a_supply_there_are_only_the_spares(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_array *a = make_array(test, h, 5);

	KUNIT_EXPECT_FALSE(test, reserve(h, a, 3, &nothing));
	KUNIT_EXPECT_TRUE(test, reserve(h, a, 2, &nothing));
	KUNIT_EXPECT_FALSE(test, reserve(h, a, 1, &nothing));
	hmap_array_free(a);
}

static void appended_buckets_make_a_chain(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_array *a = make_array(test, h, 5);
	struct hmap_bucket *head = hmap_bucket(h, a, 7), *b = head;
	u32 i;

	KUNIT_ASSERT_TRUE(test, secure(h, a, 20));
	for (i = 1; i <= 20; i++) {
		b = append(h, a, b);
		KUNIT_EXPECT_PTR_EQ(test, b, hmap_overflow_bucket(h, a, i));
		KUNIT_EXPECT_EQ(test, a->noverflow, i);
		KUNIT_EXPECT_EQ(test, a->extra.next_overflow, i + 1);
	}
	for (i = 1, b = head; (b = hmap_next(h, a, b)); i++)
		KUNIT_EXPECT_PTR_EQ(test, b, hmap_overflow_bucket(h, a, i));
	KUNIT_EXPECT_EQ(test, i, 21);
	hmap_array_free(a);
}

static void memory_of_an_array_is_given_back(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	long memory = hk_memory(h);
	struct hmap_array *a;
	u8 B;

	for (B = 0; B <= 12; B++) {
		a = make_array(test, h, B);
		KUNIT_EXPECT_GE(test, hk_memory(h),
				memory + (144l << B));
		KUNIT_ASSERT_TRUE(test, secure(h, a, 2000));
		hmap_array_free(a);
		KUNIT_EXPECT_EQ(test, hk_memory(h), memory);
	}
}

static void memory_of_a_retired_array_is_given_back(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	long memory = hk_memory(h);
	struct hmap_array *a = make_array(test, h, 9);

	KUNIT_ASSERT_TRUE(test, secure(h, a, 100));
	hmap_array_retire(a);
	KUNIT_EXPECT_GT(test, hk_waiting(h), 0);
	KUNIT_EXPECT_EQ(test, hk_memory(h), memory + hk_waiting(h));
	hk_wait_memory(test, h);
	KUNIT_EXPECT_EQ(test, hk_memory(h), memory);
}

static void memory_of_a_blob_is_given_back(struct kunit *test)
{
	static const u32 list[] = { 129, 4096, 40000, 65536 };
	struct hmap *h = hk_map_u64(test);
	long memory = hk_memory(h);
	struct hmap_blob *blob[2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		blob[0] = hmap_blob_alloc(h, list[i], GFP_KERNEL);
		blob[1] = hmap_blob_alloc(h, list[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, blob[0]);
		KUNIT_ASSERT_NOT_NULL(test, blob[1]);
		KUNIT_EXPECT_GE(test, hk_memory(h),
				memory + 2 * list[i]);
		hmap_blob_free(h, blob[0], list[i]);
		hmap_blob_retire(h, blob[1], list[i]);
		KUNIT_EXPECT_EQ(test, hk_memory(h), memory + hk_waiting(h));
		hk_wait_memory(test, h);
		KUNIT_EXPECT_EQ(test, hk_memory(h), memory);
	}
}

static void a_supply_that_is_not_used_is_given_back(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	long memory = hk_memory(h);
	struct hmap_supply supply = { .want = WANT_ARRAY, .want_B = 6 };

	hmap_supply_fill(h, &supply, GFP_KERNEL);
	supply.want = WANT_BLOCK;
	supply.want_buckets = 32;
	hmap_supply_fill(h, &supply, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, supply.array);
	KUNIT_EXPECT_NOT_NULL(test, supply.block);
	hmap_supply_drop(h, &supply);
	KUNIT_EXPECT_EQ(test, hk_memory(h), memory);
}

static void a_supply_of_another_size_is_replaced(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	long memory = hk_memory(h);
	struct hmap_supply supply = {};
	u8 B;

	for (B = 3; B < 6; B++) {
		supply.want = WANT_ARRAY;
		supply.want_B = B;
		hmap_supply_fill(h, &supply, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, supply.array);
		KUNIT_EXPECT_EQ(test, supply.array->B, B);
		supply.want = WANT_BLOCK;
		supply.want_buckets = 1 << B;
		hmap_supply_fill(h, &supply, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, supply.block_buckets, 1 << B);
	}
	hmap_supply_drop(h, &supply);
	KUNIT_EXPECT_EQ(test, hk_memory(h), memory);
}

static void an_array_that_cannot_be_is_refused(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 128, 128);
	struct hmap_supply supply = { .want = WANT_ARRAY, .want_B = 32 };

	KUNIT_EXPECT_TRUE(test, hmap_array_size_ok(h, 16));
	KUNIT_EXPECT_FALSE(test, hmap_array_size_ok(h, HMAP_MAX_B + 1));
	KUNIT_EXPECT_FALSE(test, hmap_array_size_ok(h, 63));
	KUNIT_EXPECT_FALSE(test, hmap_array_size_ok(h, 64));
	KUNIT_EXPECT_EQ(test, PTR_ERR(hmap_array_alloc(h, 40, GFP_KERNEL)), -ENOMEM);
	hmap_supply_fill(h, &supply, GFP_KERNEL);
	KUNIT_EXPECT_TRUE(test, supply.no_array);
	KUNIT_EXPECT_PTR_EQ(test, supply.array, NULL);
	hmap_supply_drop(h, &supply);
}

static void a_failed_allocation_is_counted(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 128, 128);

	/* More than kmalloc() ever gives, and no leave to sleep. */
	KUNIT_EXPECT_EQ(test, PTR_ERR(hmap_array_alloc(h, 18, GFP_ATOMIC)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->alloc_failures), 1);
}

static struct kunit_case array_cases[] = {
	KUNIT_CASE(more_than_16_buckets_have_spares),
	KUNIT_CASE(spares_stand_behind_the_buckets),
	KUNIT_CASE(a_new_array_is_empty),
	KUNIT_CASE(every_index_has_its_own_bucket),
	KUNIT_CASE(blocks_double_in_size_up_to_a_limit),
	KUNIT_CASE(no_block_is_larger_than_32_kib),
	KUNIT_CASE(blocks_come_to_an_end),
	KUNIT_CASE(indices_come_to_an_end),
	KUNIT_CASE(what_is_secured_is_not_allocated_again),
	KUNIT_CASE(without_a_supply_there_are_only_the_spares),
	KUNIT_CASE(appended_buckets_make_a_chain),
	KUNIT_CASE(memory_of_an_array_is_given_back),
	KUNIT_CASE(memory_of_a_retired_array_is_given_back),
	KUNIT_CASE(memory_of_a_blob_is_given_back),
	KUNIT_CASE(a_supply_that_is_not_used_is_given_back),
	KUNIT_CASE(a_supply_of_another_size_is_replaced),
	KUNIT_CASE(an_array_that_cannot_be_is_refused),
	KUNIT_CASE(a_failed_allocation_is_counted),
	{}
};

HK_SUITE(array, array_cases);
