// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/map/get.c, put.c: get, put and update of single elements, their flags and errors.
 */
#include <linux/ctype.h>

#include "hmap_kunit.h"

static int put(struct hmap *h, u64 key, u64 value, unsigned int flags)
{
	return hmap_put(h, &key, &value, flags, GFP_KERNEL);
}

static void a_put_is_found_by_get(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	hk_put(test, h, 1, 10);
	hk_put(test, h, 2, 20);
	hk_expect(test, h, 1, 10);
	hk_expect(test, h, 2, 20);
	hk_expect_absent(test, h, 3);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 2);
	HK_VERIFY(test, h);
}

static void a_second_put_overwrites(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	hk_put(test, h, 1, 10);
	hk_put(test, h, 1, 11);
	hk_expect(test, h, 1, 11);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 1);
	HK_VERIFY(test, h);
}

static void noexist_refuses_a_key_that_is_there(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	KUNIT_EXPECT_EQ(test, put(h, 1, 10, HMAP_NOEXIST), 0);
	KUNIT_EXPECT_EQ(test, put(h, 1, 11, HMAP_NOEXIST), -EEXIST);
	hk_expect(test, h, 1, 10);
	HK_VERIFY(test, h);
}

static void exist_refuses_a_key_that_is_not_there(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	KUNIT_EXPECT_EQ(test, put(h, 1, 10, HMAP_EXIST), -ENOENT);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
	hk_put(test, h, 1, 10);
	KUNIT_EXPECT_EQ(test, put(h, 1, 11, HMAP_EXIST), 0);
	KUNIT_EXPECT_EQ(test, put(h, 2, 11, HMAP_EXIST), -ENOENT);
	hk_expect(test, h, 1, 11);
	HK_VERIFY(test, h);
}

static void exist_on_an_empty_map_allocates_nothing(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	long memory = hk_memory(h);

	KUNIT_EXPECT_EQ(test, put(h, 1, 10, HMAP_EXIST), -ENOENT);
	KUNIT_EXPECT_PTR_EQ(test, hk_array(h)->data, NULL);
	KUNIT_EXPECT_EQ(test, hk_memory(h), memory);
}

static void a_refused_put_does_not_grow(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	hk_put_range(test, h, 0, 8);
	KUNIT_EXPECT_EQ(test, put(h, 9, 0, HMAP_EXIST), -ENOENT);
	KUNIT_EXPECT_EQ(test, put(h, 7, 0, HMAP_NOEXIST), -EEXIST);
	KUNIT_EXPECT_EQ(test, hk_grows(h), 0);
	hk_expect_all(test, h, 0, 8);
}

/* Nothing is expected in callbacks: to complain would be to allocate there. */
static int never_called(void *value, bool exists, void *arg)
{
	*(bool *)arg = true;
	return 0;
}

static void other_flags_are_refused(struct kunit *test)
{
	static const unsigned int flags[] = { 3, 4, 0x80000000, U32_MAX };
	struct hmap *h = hk_map_u64(test);
	bool called = false;
	unsigned int i;
	u64 key = 1;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		KUNIT_EXPECT_EQ(test, put(h, key, 0, flags[i]), -EINVAL);
		KUNIT_EXPECT_EQ(test, hmap_update(h, &key, never_called,
						  &called, flags[i],
						  GFP_KERNEL), -EINVAL);
	}
	KUNIT_EXPECT_FALSE(test, called);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
}

static void get_without_a_value_only_asks(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 key = 5;

	hk_put(test, h, key, 1);
	KUNIT_EXPECT_EQ(test, hmap_get(h, &key, NULL), 0);
	key = 6;
	KUNIT_EXPECT_EQ(test, hmap_get(h, &key, NULL), -ENOENT);
}

static void a_full_map_is_enospc(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .max_entries = 100,
	};
	struct hmap *h = hk_map(test, &params);
	bool called = false;

	hk_put_range(test, h, 0, 100);
	KUNIT_EXPECT_EQ(test, put(h, 100, 0, HMAP_ANY), -ENOSPC);
	KUNIT_EXPECT_EQ(test, put(h, 100, 0, HMAP_NOEXIST), -ENOSPC);
	KUNIT_EXPECT_EQ(test, hmap_update(h, &(u64){ 100 }, never_called,
					  &called, HMAP_ANY, GFP_KERNEL),
			-ENOSPC);
	KUNIT_EXPECT_FALSE(test, called);
	hk_expect_all(test, h, 0, 100);
}

static void a_full_map_takes_what_is_there(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .max_entries = 8,
	};
	struct hmap *h = hk_map(test, &params);

	hk_put_range(test, h, 0, 8);
	KUNIT_EXPECT_EQ(test, put(h, 3, hk_value(3), HMAP_ANY), 0);
	KUNIT_EXPECT_EQ(test, put(h, 3, hk_value(3), HMAP_EXIST), 0);
	KUNIT_EXPECT_EQ(test, put(h, 3, 0, HMAP_NOEXIST), -EEXIST);
	KUNIT_EXPECT_EQ(test, put(h, 8, 0, HMAP_EXIST), -ENOENT);
	hk_expect_all(test, h, 0, 8);
}

static void a_full_map_has_room_after_a_delete(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .max_entries = 3,
	};
	struct hmap *h = hk_map(test, &params);

	hk_put_range(test, h, 0, 3);
	hk_delete(test, h, 0);
	KUNIT_EXPECT_EQ(test, put(h, 3, hk_value(3), HMAP_ANY), 0);
	KUNIT_EXPECT_EQ(test, put(h, 4, 0, HMAP_ANY), -ENOSPC);
	hk_expect_all(test, h, 1, 4);
}

static void a_hint_beyond_max_entries_is_refused(struct kunit *test)
{
	struct hmap_params params = {
		.key_size = 8, .value_size = 8, .max_entries = 100, .hint = 101,
	};
	struct hmap h;

	KUNIT_EXPECT_EQ(test, hmap_init(&h, &params), -EINVAL);
}

/**
 * struct call - what a callback did and saw
 * @calls: how often it was called
 * @exists: what it was told
 * @value: what the value was
 * @store: what it stores
 * @err: what it returns
 */
struct call {
	unsigned int calls;
	bool exists;
	u64 value;
	u64 store;
	int err;
};

static int record(void *value, bool exists, void *arg)
{
	struct call *call = arg;

	call->calls++;
	call->exists = exists;
	call->value = *(u64 *)value;
	*(u64 *)value = call->store;
	return call->err;
}

static int update(struct hmap *h, u64 key, struct call *call,
		  unsigned int flags)
{
	call->calls = 0;
	return hmap_update(h, &key, record, call, flags, GFP_KERNEL);
}

static void update_changes_a_value_in_place(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct call call = { .store = 11 };

	hk_put(test, h, 1, 10);
	KUNIT_EXPECT_EQ(test, update(h, 1, &call, HMAP_ANY), 0);
	KUNIT_EXPECT_EQ(test, call.calls, 1);
	KUNIT_EXPECT_TRUE(test, call.exists);
	KUNIT_EXPECT_EQ(test, call.value, 10);
	hk_expect(test, h, 1, 11);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 1);
}

static void update_creates_from_zeros(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct call call = { .store = 11, .value = 99, .exists = true };

	KUNIT_EXPECT_EQ(test, update(h, 1, &call, HMAP_ANY), 0);
	KUNIT_EXPECT_EQ(test, call.calls, 1);
	KUNIT_EXPECT_FALSE(test, call.exists);
	KUNIT_EXPECT_EQ(test, call.value, 0);
	hk_expect(test, h, 1, 11);
	HK_VERIFY(test, h);
}

static void update_is_called_once_whatever_is_allocated(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct call call;
	u64 key;

	for (key = 0; key < 2000; key++) {
		call = (struct call){ .store = hk_value(key) };
		KUNIT_ASSERT_EQ(test, update(h, key, &call, HMAP_ANY), 0);
		KUNIT_ASSERT_EQ(test, call.calls, 1);
	}
	hk_expect_all(test, h, 0, 2000);
}

static void update_is_called_once_in_a_long_chain(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_constant, 0);
	struct call call;
	u64 key;

	for (key = 0; key < 500; key++) {
		call = (struct call){ .store = hk_value(key) };
		KUNIT_ASSERT_EQ(test, update(h, key, &call, HMAP_ANY), 0);
		KUNIT_ASSERT_EQ(test, call.calls, 1);
	}
	hk_expect_all(test, h, 0, 500);
}

/* -EAGAIN is what the map says to itself when it wants memory. */
static const int errors[] = { -EAGAIN, -ENOMEM, -EPERM, -ENOENT };

static void an_error_from_update_leaves_the_value(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	unsigned int i;

	hk_put(test, h, 1, 10);
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		struct call call = { .store = 11, .err = errors[i] };

		KUNIT_EXPECT_EQ(test, update(h, 1, &call, HMAP_ANY), errors[i]);
		KUNIT_EXPECT_EQ(test, call.calls, 1);
		hk_expect(test, h, 1, 10);
	}
	HK_VERIFY(test, h);
}

static void an_error_from_update_creates_nothing(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 key;
	unsigned int i;

	/* Also where the insert would have grown the map, or a chain. */
	for (key = 0; key < 300; key++) {
		for (i = 0; i < ARRAY_SIZE(errors); i++) {
			struct call call = { .store = 11, .err = errors[i] };

			KUNIT_ASSERT_EQ(test, update(h, key, &call, HMAP_ANY),
					errors[i]);
			KUNIT_ASSERT_EQ(test, call.calls, 1);
		}
		hk_expect_absent(test, h, key);
		HK_VERIFY(test, h);
		hk_put(test, h, key, hk_value(key));
	}
	hk_expect_all(test, h, 0, 300);
}

static void an_error_from_update_keeps_a_value_out_of_line(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 8, 1000);
	u8 *value = hk_alloc(test, 1, 1000);
	struct call call = { .store = 11, .err = -EAGAIN };
	long memory;

	memset(value, 0x5a, 1000);
	KUNIT_EXPECT_EQ(test, hmap_put(h, &(u64){ 1 }, value, HMAP_ANY,
				       GFP_KERNEL), 0);
	hk_wait_memory(test, h);
	memory = hk_memory(h);
	KUNIT_EXPECT_EQ(test, update(h, 1, &call, HMAP_ANY), -EAGAIN);
	KUNIT_EXPECT_EQ(test, update(h, 2, &call, HMAP_ANY), -EAGAIN);
	KUNIT_EXPECT_EQ(test, hmap_get(h, &(u64){ 1 }, value), 0);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(value, 0x5a, 1000), NULL);
	KUNIT_EXPECT_EQ(test, hk_memory(h), memory);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 1);
}

static void update_obeys_its_flags(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct call call = { .store = 11 };

	KUNIT_EXPECT_EQ(test, update(h, 1, &call, HMAP_EXIST), -ENOENT);
	KUNIT_EXPECT_EQ(test, call.calls, 0);
	KUNIT_EXPECT_EQ(test, update(h, 1, &call, HMAP_NOEXIST), 0);
	KUNIT_EXPECT_EQ(test, update(h, 1, &call, HMAP_NOEXIST), -EEXIST);
	KUNIT_EXPECT_EQ(test, call.calls, 0);
	KUNIT_EXPECT_EQ(test, update(h, 1, &call, HMAP_EXIST), 0);
	KUNIT_EXPECT_EQ(test, call.calls, 1);
	HK_VERIFY(test, h);
}

static int note_unaligned(void *value, bool exists, void *arg)
{
	*(u32 *)arg += !IS_ALIGNED((uintptr_t)value, 8);
	return 0;
}

static void update_gets_an_aligned_value(struct kunit *test)
{
	static const u32 sizes[] = { 1, 3, 13, 128, 129, 1001 };
	u32 key, unaligned = 0;
	struct hmap *h;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		h = hk_map_sized(test, 4, sizes[i]);
		for (key = 0; key < 40; key++)
			KUNIT_EXPECT_EQ(test, hmap_update(h, &(u32){ key / 2 },
							  note_unaligned,
							  &unaligned, HMAP_ANY,
							  GFP_KERNEL), 0);
	}
	KUNIT_EXPECT_EQ(test, unaligned, 0);
}

static void an_update_during_growth_sees_the_value(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_growing(test, &from, &to);
	struct call call;
	u64 key;

	for (key = from; key < to; key++) {
		call = (struct call){ .store = hk_value(key) };
		KUNIT_ASSERT_EQ(test, update(h, key, &call, HMAP_EXIST), 0);
		KUNIT_ASSERT_EQ(test, call.value, hk_value(key));
	}
	hk_expect_all(test, h, from, to);
}

/* Equal but for the case of letters. */
static bool equal_nocase(const void *a, const void *b, u32 key_size)
{
	const u8 *x = a, *y = b;

	while (key_size--)
		if (tolower(*x++) != tolower(*y++))
			return false;
	return true;
}

static u64 hash_nocase(const void *key, u32 key_size,
		       const siphash_key_t *hash0)
{
	const u8 *p = key;
	u64 hash = hash0->key[0];

	while (key_size--)
		hash = random_mix(hash + tolower(*p++));
	return hash;
}

static void keys_can_be_equal_in_another_way(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 4, .value_size = 8,
		.hashfn = hash_nocase, .equalfn = equal_nocase,
	};
	struct hmap *h = hk_map(test, &params);
	u64 value;

	KUNIT_EXPECT_EQ(test, hmap_put(h, "HmAp", &(u64){ 1 }, HMAP_ANY,
				       GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, hmap_put(h, "hmaq", &(u64){ 2 }, HMAP_ANY,
				       GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, hmap_put(h, "hMaP", &(u64){ 3 }, HMAP_EXIST,
				       GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 2);
	KUNIT_EXPECT_EQ(test, hmap_get(h, "HMAP", &value), 0);
	KUNIT_EXPECT_EQ(test, value, 3);
	HK_VERIFY(test, h);
}

/* As Go: what is stored is the key that came first. */
static void an_overwrite_keeps_the_first_key(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 4, .value_size = 0,
		.hashfn = hash_nocase, .equalfn = equal_nocase,
	};
	struct hmap *h = hk_map(test, &params);
	struct hmap_cursor cursor = {};
	char key[4];

	KUNIT_EXPECT_EQ(test, hmap_put(h, "HmAp", NULL, 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, hmap_put(h, "hmap", NULL, 0, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, hmap_scan(h, &cursor, key, NULL, 1), 1);
	KUNIT_EXPECT_MEMEQ(test, key, "HmAp", 4);
}

static void callers_may_be_atomic(struct kunit *test)
{
	static const gfp_t gfps[] = { GFP_ATOMIC, GFP_NOWAIT };
	struct hmap *h;
	unsigned int i;
	u64 key, value;
	int err;

	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		h = hk_map_u64(test);
		for (key = 0; key < 2000; key++) {
			value = hk_value(key);
			local_bh_disable();
			rcu_read_lock();
			err = hmap_put(h, &key, &value, HMAP_ANY, gfps[i]);
			err = err ?: hmap_get(h, &key, &value);
			rcu_read_unlock();
			local_bh_enable();
			KUNIT_ASSERT_EQ(test, err, 0);
		}
		hk_expect_all(test, h, 0, 2000);
	}
}

/*
 * Arrays come from the worker, late or not, and meanwhile chains grow by blocks
 * that kmalloc() has.
 */
static void an_atomic_caller_depends_on_no_large_allocation(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 8, 128);
	u64 value[16] = {}, key;

	for (key = 0; key < 80000; key++) {
		value[0] = hk_value(key);
		KUNIT_ASSERT_EQ(test, 0, hmap_put(h, &key, value, HMAP_ANY,
						  GFP_ATOMIC));
	}
	HK_VERIFY(test, h);
	KUNIT_EXPECT_EQ(test, hmap_len(h), key);
	for (; key--;) {
		KUNIT_ASSERT_EQ(test, hmap_get(h, &key, value), 0);
		KUNIT_ASSERT_EQ(test, value[0], hk_value(key));
	}
}

static void maps_have_different_seeds(struct kunit *test)
{
	struct hmap *a = hk_map_u64(test), *b = hk_map_u64(test);

	KUNIT_EXPECT_MEMNEQ(test, &hk_array(a)->hash0, &hk_array(b)->hash0,
			    sizeof(siphash_key_t));
}

static void stats_tell_the_fields(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_stats stats;
	struct hmap_array *a;

	hmap_get_stats(h, &stats);
	KUNIT_EXPECT_EQ(test, stats.present, HMAP_HAS_ADDRESSES);
	hk_put_range(test, h, 0, 105);
	hk_finish_growth(test, h);
	hmap_get_stats(h, &stats);
	/* No old array, but spares. */
	KUNIT_EXPECT_EQ(test, stats.B, 5);
	KUNIT_EXPECT_EQ(test, stats.present, HMAP_HAS_ADDRESSES |
			HMAP_HAS_BUCKETS | HMAP_HAS_EXTRA);
	KUNIT_EXPECT_EQ(test, stats.extra, (uintptr_t)&hk_array(h)->extra);
	hk_put_range(test, h, 105, 209);
	hmap_get_stats(h, &stats);
	a = hk_array(h);
	KUNIT_EXPECT_EQ(test, stats.count, 209);
	KUNIT_EXPECT_EQ(test, stats.B, 6);
	KUNIT_EXPECT_EQ(test, stats.hash0, (u32)a->hash0.key[0]);
	KUNIT_EXPECT_EQ(test, stats.buckets, (uintptr_t)a->data);
	KUNIT_EXPECT_EQ(test, stats.oldbuckets, (uintptr_t)a->oldbuckets->data);
	KUNIT_EXPECT_EQ(test, stats.nevacuate, a->nevacuate[0].n);
	KUNIT_EXPECT_EQ(test, stats.noverflow, a->noverflow);
	KUNIT_EXPECT_EQ(test, stats.overflow, 4);
	KUNIT_EXPECT_EQ(test, stats.oldoverflow, a->oldbuckets->noverflow);
	KUNIT_EXPECT_EQ(test, stats.memory, hk_memory(h));
	KUNIT_EXPECT_EQ(test, stats.grows, 6);
	KUNIT_EXPECT_EQ(test, stats.evacuated, hk_evacuated(h));
	KUNIT_EXPECT_EQ(test, stats.alloc_failures, 0);
	KUNIT_EXPECT_EQ(test, stats.present,
			HMAP_HAS_ADDRESSES | HMAP_HAS_BUCKETS |
			HMAP_HAS_OLDBUCKETS | HMAP_HAS_EXTRA);
}

static void stats_tell_of_overflow_buckets(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_constant, 104);
	struct hmap_stats stats;

	hk_put_range(test, h, 0, 8);
	hmap_get_stats(h, &stats);
	/* 16 buckets have no spares. */
	KUNIT_EXPECT_EQ(test, stats.overflow, 0);
	KUNIT_EXPECT_EQ(test, stats.next_overflow, 0);
	KUNIT_EXPECT_FALSE(test, stats.present & HMAP_HAS_EXTRA);
	/* Blocks of 1, 2 and 4, of which 5 are in use. */
	hk_put_range(test, h, 8, 48);
	hmap_get_stats(h, &stats);
	KUNIT_EXPECT_EQ(test, stats.overflow, 7);
	KUNIT_EXPECT_EQ(test, stats.noverflow, 5);
	KUNIT_EXPECT_EQ(test, stats.next_overflow, 6);
	KUNIT_EXPECT_EQ(test, stats.longest_chain, 6);
	KUNIT_EXPECT_TRUE(test, stats.present & HMAP_HAS_EXTRA);
	hk_put_range(test, h, 48, 64);
	hmap_get_stats(h, &stats);
	KUNIT_EXPECT_EQ(test, stats.next_overflow, 0);
}

/* Also if it is in the array that is being evacuated. */
static void stats_tell_the_longest_chain(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_identity, 104);
	struct hmap_stats stats;
	u64 i;

	for (i = 0; i < 104; i++)
		hk_put(test, h, 16 * i + 15, i);
	/* Begins to grow, and evacuates units 0 and 1. */
	hk_put(test, h, 1, 1);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	hmap_get_stats(h, &stats);
	KUNIT_EXPECT_EQ(test, stats.longest_chain, 104 / 8);
	KUNIT_EXPECT_EQ(test, stats.oldoverflow, 104 / 8 - 1);
	hk_finish_growth(test, h);
	hmap_get_stats(h, &stats);
	KUNIT_EXPECT_EQ(test, stats.longest_chain, DIV_ROUND_UP(52, 8));
}

static void layout_counts_every_slot(struct kunit *test)
{
	u64 from, to, used = 0, buckets = 0;
	struct hmap *h = hk_map_growing(test, &from, &to);
	struct hmap_layout layout = hk_layout(test, h);
	unsigned int i;

	for (i = 0; i <= HMAP_BUCKET_CNT; i++) {
		used += i * layout.slots[i];
		buckets += layout.slots[i];
	}
	KUNIT_EXPECT_EQ(test, used, to - from);
	KUNIT_EXPECT_EQ(test, buckets, layout.buckets);
}

static struct kunit_case elem_cases[] = {
	KUNIT_CASE(a_put_is_found_by_get),
	KUNIT_CASE(a_second_put_overwrites),
	KUNIT_CASE(noexist_refuses_a_key_that_is_there),
	KUNIT_CASE(exist_refuses_a_key_that_is_not_there),
	KUNIT_CASE(exist_on_an_empty_map_allocates_nothing),
	KUNIT_CASE(a_refused_put_does_not_grow),
	KUNIT_CASE(other_flags_are_refused),
	KUNIT_CASE(get_without_a_value_only_asks),
	KUNIT_CASE(a_full_map_is_enospc),
	KUNIT_CASE(a_full_map_takes_what_is_there),
	KUNIT_CASE(a_full_map_has_room_after_a_delete),
	KUNIT_CASE(a_hint_beyond_max_entries_is_refused),
	KUNIT_CASE(update_changes_a_value_in_place),
	KUNIT_CASE(update_creates_from_zeros),
	KUNIT_CASE(update_is_called_once_whatever_is_allocated),
	KUNIT_CASE(update_is_called_once_in_a_long_chain),
	KUNIT_CASE(an_error_from_update_leaves_the_value),
	KUNIT_CASE(an_error_from_update_creates_nothing),
	KUNIT_CASE(an_error_from_update_keeps_a_value_out_of_line),
	KUNIT_CASE(update_obeys_its_flags),
	KUNIT_CASE(update_gets_an_aligned_value),
	KUNIT_CASE(an_update_during_growth_sees_the_value),
	KUNIT_CASE(keys_can_be_equal_in_another_way),
	KUNIT_CASE(an_overwrite_keeps_the_first_key),
	KUNIT_CASE(callers_may_be_atomic),
	KUNIT_CASE(an_atomic_caller_depends_on_no_large_allocation),
	KUNIT_CASE(maps_have_different_seeds),
	KUNIT_CASE(stats_tell_the_fields),
	KUNIT_CASE(stats_tell_of_overflow_buckets),
	KUNIT_CASE(stats_tell_the_longest_chain),
	KUNIT_CASE(layout_counts_every_slot),
	{}
};

HK_SUITE(elem, elem_cases);
