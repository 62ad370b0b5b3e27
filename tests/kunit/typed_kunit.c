// SPDX-License-Identifier: GPL-2.0
/*
 * <linux/hmap-typed.h>, <linux/hmap-inline.h>: declared types and batches do
 * what the functions for any map do.
 */
#include "hmap_kunit.h"

struct point {
	u32 x;
	u32 y;
	u32 z;
};

struct padded {
	u64 x;
	u8 y;
};

DEFINE_HMAP(map_of_padded, struct padded, u64);
DEFINE_HMAP(map_of_u64, u64, u64);
DEFINE_HMAP(map_of_u32, u32, u16);
DEFINE_HMAP(map_of_points, struct point, struct point);
DEFINE_HMAP_PARAMS(map_with_siphash, u64, u64, .hashfn = hmap_siphash,
		   .hint = 1000, .max_entries = 2000);

/* Each type: put, get, pop and delete agree with hmap_get() on every key. */
#define DEFINE_TYPE_TEST(type, key_type, value_type, key_of, value_of)	\
static void type##_works(struct kunit *test)				\
{									\
	struct type *m = hk_alloc(test, 1, sizeof(*m));			\
	value_type value, other;					\
	key_type key;							\
	u32 i;								\
									\
	KUNIT_ASSERT_EQ(test, type##_init(m), 0);			\
	for (i = 0; i < 1500; i++) {					\
		key = key_of(i);					\
		value = value_of(i);					\
		KUNIT_ASSERT_EQ(test, type##_get(m, key, &other),	\
				-ENOENT);				\
		KUNIT_ASSERT_EQ(test, type##_put(m, key, value,		\
				HMAP_NOEXIST, GFP_KERNEL), 0);		\
	}								\
	for (i = 0; i < 1500; i++) {					\
		key = key_of(i);					\
		value = value_of(i);					\
		KUNIT_ASSERT_EQ(test, type##_get(m, key, &other), 0);	\
		KUNIT_ASSERT_MEMEQ(test, &other, &value, sizeof(value)); \
		KUNIT_ASSERT_EQ(test, hmap_get(&m->map, &key, &other), 0); \
		KUNIT_ASSERT_MEMEQ(test, &other, &value, sizeof(value)); \
		if (i % 3 == 0)						\
			KUNIT_ASSERT_EQ(test, type##_delete(m, key), 0); \
		if (i % 3 == 1)						\
			KUNIT_ASSERT_EQ(test, type##_pop(m, key, &other), 0); \
		KUNIT_ASSERT_EQ(test, type##_get(m, key, NULL),		\
				i % 3 == 2 ? 0 : -ENOENT);		\
	}								\
	HK_VERIFY(test, &m->map);					\
	type##_destroy(m);						\
}

#define NUMBER(i)	((i) * 7919U)
#define POINT(i)	((struct point){ (i), (i) >> 3, ~(i) })

DEFINE_TYPE_TEST(map_of_u64, u64, u64, NUMBER, NUMBER)
DEFINE_TYPE_TEST(map_of_u32, u32, u16, NUMBER, NUMBER)
DEFINE_TYPE_TEST(map_of_points, struct point, struct point, POINT, POINT)
DEFINE_TYPE_TEST(map_with_siphash, u64, u64, NUMBER, NUMBER)

static void parameters_of_a_type_count(struct kunit *test)
{
	struct map_with_siphash *m = hk_alloc(test, 1, sizeof(*m));
	u64 key;

	KUNIT_ASSERT_EQ(test, map_with_siphash_init(m), 0);
	KUNIT_EXPECT_EQ(test, hk_array(&m->map)->B, 8);
	for (key = 0; key < 2000; key++)
		KUNIT_ASSERT_EQ(test, map_with_siphash_put(m, key, key,
							   HMAP_ANY,
							   GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, map_with_siphash_put(m, key, key, HMAP_ANY,
						   GFP_KERNEL), -ENOSPC);
	map_with_siphash_destroy(m);
}

/* Keys 0, 2, 4, ... are there; the batch asks for all. */
static void expect_batch(struct kunit *test, struct hmap *h, u32 n,
			 const u64 *keys, u64 *values, unsigned long *found)
{
	u32 i, there = 0;

	memset(values, 0xcc, n * sizeof(*values));
	memset(found, 0xcc, BITS_TO_LONGS(n) * sizeof(*found));
	for (i = 0; i < n; i++)
		there += keys[i] % 2 == 0;
	KUNIT_ASSERT_EQ(test, hmap_get_batch(h, keys, n, values, found), there);
	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(test, test_bit(i, found), keys[i] % 2 == 0);
		if (test_bit(i, found))
			KUNIT_ASSERT_EQ(test, values[i], hk_value(keys[i]));
	}
	KUNIT_ASSERT_EQ(test, hmap_get_batch(h, keys, n, NULL, found), there);
}

static void a_batch_finds_what_get_finds(struct kunit *test)
{
	static const u32 sizes[] = { 0, 1, 15, 16, 17, 63, 64, 65, 300 };
	struct hmap *h = hk_map_u64(test);
	u64 *keys = hk_alloc(test, 300, sizeof(u64));
	u64 *values = hk_alloc(test, 300, sizeof(u64));
	unsigned long *found = hk_alloc(test, BITS_TO_LONGS(300),
					sizeof(long));
	u64 key;
	u32 i;

	for (i = 0; i < 300; i++)
		keys[i] = i;
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		KUNIT_EXPECT_EQ(test, hmap_get_batch(h, keys, sizes[i], values,
						     found), 0);
	for (key = 0; key < 300; key += 2)
		hk_put(test, h, key, hk_value(key));
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		expect_batch(test, h, sizes[i], keys, values, found);
}

static void a_batch_finds_keys_during_growth(struct kunit *test)
{
	u64 from, to, keys[64], values[64];
	struct hmap *h = hk_map_growing(test, &from, &to);
	unsigned long found[BITS_TO_LONGS(64)];
	u32 i;

	for (i = 0; i < 64; i++)
		keys[i] = to - 32 + i;
	KUNIT_EXPECT_EQ(test, hmap_get_batch(h, keys, 64, values, found), 32);
	for (i = 0; i < 64; i++)
		KUNIT_EXPECT_EQ(test, test_bit(i, found), i < 32);
	for (i = 0; i < 32; i++)
		KUNIT_EXPECT_EQ(test, values[i], hk_value(keys[i]));
}

static void a_typed_batch_is_a_batch(struct kunit *test)
{
	struct map_of_u32 *m = hk_alloc(test, 1, sizeof(*m));
	u32 keys[40], i;
	u16 values[40];
	unsigned long found[BITS_TO_LONGS(40)];

	KUNIT_ASSERT_EQ(test, map_of_u32_init(m), 0);
	for (i = 0; i < 40; i++) {
		keys[i] = i;
		if (i % 4)
			KUNIT_ASSERT_EQ(test, map_of_u32_put(m, i, i + 1,
							     HMAP_ANY,
							     GFP_KERNEL), 0);
	}
	KUNIT_EXPECT_EQ(test, map_of_u32_get_batch(m, keys, 40, values, found),
			30);
	for (i = 0; i < 40; i++) {
		KUNIT_EXPECT_EQ(test, test_bit(i, found), !!(i % 4));
		if (i % 4)
			KUNIT_EXPECT_EQ(test, values[i], i + 1);
	}
	map_of_u32_destroy(m);
}

static void a_put_batch_puts_all(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 *keys = hk_alloc(test, 1000, sizeof(u64));
	u64 *values = hk_alloc(test, 1000, sizeof(u64));
	unsigned int done = 77;
	u64 key;

	for (key = 0; key < 1000; key++) {
		keys[key] = key;
		values[key] = hk_value(key);
	}
	KUNIT_EXPECT_EQ(test, hmap_put_batch(h, keys, values, 0, HMAP_ANY,
					     GFP_KERNEL, &done), 0);
	KUNIT_EXPECT_EQ(test, done, 0);
	KUNIT_EXPECT_EQ(test, hmap_put_batch(h, keys, values, 1000,
					     HMAP_NOEXIST, GFP_KERNEL, &done),
			0);
	KUNIT_EXPECT_EQ(test, done, 1000);
	hk_expect_all(test, h, 0, 1000);
}

static void a_put_batch_stops_at_the_first_failure(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	u64 keys[] = { 1, 2, 3, 4 }, values[] = { 5, 6, 7, 8 };
	unsigned int done;

	hk_put(test, h, 3, 9);
	KUNIT_EXPECT_EQ(test, hmap_put_batch(h, keys, values, 4, HMAP_NOEXIST,
					     GFP_KERNEL, &done), -EEXIST);
	KUNIT_EXPECT_EQ(test, done, 2);
	hk_expect(test, h, 2, 6);
	hk_expect(test, h, 3, 9);
	hk_expect_absent(test, h, 4);
	KUNIT_EXPECT_EQ(test, hmap_put_batch(h, keys, values, 4, 9,
					     GFP_KERNEL, &done), -EINVAL);
	KUNIT_EXPECT_EQ(test, done, 0);
}

/* What is between the members of a key makes no difference. */
static void the_padding_of_a_key_does_not_count(struct kunit *test)
{
#if __has_builtin(__builtin_clear_padding)
	struct map_of_padded *m = hk_alloc(test, 1, sizeof(*m));
	struct padded zeros, ones;
	u64 value = 0;

	memset(&zeros, 0, sizeof(zeros));
	memset(&ones, 0xff, sizeof(ones));
	zeros.x = 7;
	zeros.y = 3;
	ones.x = 7;
	ones.y = 3;
	KUNIT_ASSERT_EQ(test, map_of_padded_init(m), 0);
	KUNIT_EXPECT_EQ(test, map_of_padded_put(m, zeros, 42, HMAP_ANY, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, map_of_padded_get(m, ones, &value), 0);
	KUNIT_EXPECT_EQ(test, value, 42);
	KUNIT_EXPECT_EQ(test, map_of_padded_put(m, ones, 43, HMAP_NOEXIST, GFP_KERNEL),
			-EEXIST);
	KUNIT_EXPECT_EQ(test, map_of_padded_delete(m, ones), 0);
	KUNIT_EXPECT_EQ(test, hmap_len(&m->map), 0);
	map_of_padded_destroy(m);
#else
	kunit_skip(test, "this compiler cannot clear padding");
#endif
}

static struct kunit_case typed_cases[] = {
	KUNIT_CASE(map_of_u64_works),
	KUNIT_CASE(map_of_u32_works),
	KUNIT_CASE(map_of_points_works),
	KUNIT_CASE(map_with_siphash_works),
	KUNIT_CASE(parameters_of_a_type_count),
	KUNIT_CASE(the_padding_of_a_key_does_not_count),
	KUNIT_CASE(a_batch_finds_what_get_finds),
	KUNIT_CASE(a_batch_finds_keys_during_growth),
	KUNIT_CASE(a_typed_batch_is_a_batch),
	KUNIT_CASE(a_put_batch_puts_all),
	KUNIT_CASE(a_put_batch_stops_at_the_first_failure),
	{}
};

HK_SUITE(typed, typed_cases);
