// SPDX-License-Identifier: GPL-2.0
/*
 * All sizes of keys and values, in line and out of line, at any alignment.
 */
#include "hmap_kunit.h"

/* As many elements as grow a map three times. */
#define ELEMENTS	60

static const u32 key_sizes[] = {
	1, 2, 3, 4, 7, 8, 16, 31, 64, 128, 129, 255, 4096,
};

static const u32 value_sizes[] = {
	0, 1, 2, 4, 8, 100, 128, 129, 1000, 65536,
};

static void key_size_desc(const u32 *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "keys of %u bytes", *size);
}

KUNIT_ARRAY_PARAM(key_size, key_sizes, key_size_desc);

/**
 * struct bytes - a map with keys and values of some sizes, and room for them
 * @test: the test
 * @h: the map
 * @key_size: bytes of a key
 * @value_size: bytes of a value
 * @key: room for a key, at an odd address
 * @value: the same for a value
 * @got: the same for another value
 * @wrong: calls of a callback that saw something else than it should
 */
struct bytes {
	struct kunit *test;
	struct hmap *h;
	u32 key_size;
	u32 value_size;
	u8 *key;
	u8 *value;
	u8 *got;
	u32 wrong;
};

static u8 *odd_room(struct kunit *test, u32 size)
{
	return (u8 *)hk_alloc(test, 1, size + 2) + 1;
}

static struct bytes make_bytes(struct kunit *test, u32 key_size, u32 value_size)
{
	return (struct bytes){
		.test = test,
		.h = hk_map_sized(test, key_size, value_size),
		.key_size = key_size,
		.value_size = value_size,
		.key = odd_room(test, key_size),
		.value = odd_room(test, value_size),
		.got = odd_room(test, value_size),
	};
}

/* The value size that a test is at, for the case that it fails there. */
static u32 value_size_now;

static void each_value_size(struct kunit *test, void (*check)(struct bytes *b))
{
	const u32 *key_size = test->param_value;
	struct bytes b;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(value_sizes); i++) {
		value_size_now = value_sizes[i];
		b = make_bytes(test, *key_size, value_size_now);
		check(&b);
		hk_map_destroy(test, b.h);
		kunit_kfree(test, b.key - 1);
		kunit_kfree(test, b.value - 1);
		kunit_kfree(test, b.got - 1);
	}
}

static void size_exit(struct kunit *test)
{
	if (test->status == KUNIT_FAILURE)
		kunit_err(test, "failed at or before values of %u bytes\n",
			  value_size_now);
	hk_exit(test);
}

static void set_bytes(u8 *bytes, u32 size, u32 n)
{
	u32 i;

	for (i = 0; i < size; i++)
		bytes[i] = n * 31 + i * 7 + (i >> 8);
}

/* Key number @n, and the value that belongs to it at the time @time. */
static void set_element(struct bytes *b, u32 n, u32 time)
{
	set_bytes(b->key, b->key_size, n);
	b->key[b->key_size / 2] = n;
	set_bytes(b->value, b->value_size, n + 77 * time);
}

static void put_element(struct bytes *b, u32 n, u32 time)
{
	set_element(b, n, time);
	KUNIT_ASSERT_EQ(b->test, hmap_put(b->h, b->key, b->value, HMAP_ANY,
					  GFP_KERNEL), 0);
}

static void put_elements(struct bytes *b)
{
	u32 n;

	for (n = 0; n < ELEMENTS; n++)
		put_element(b, n, 0);
}

/* The value that was got, and nothing written behind it. */
static void expect_value(struct bytes *b)
{
	KUNIT_ASSERT_EQ(b->test, memcmp(b->got, b->value, b->value_size), 0);
	KUNIT_ASSERT_EQ(b->test, b->got[b->value_size], 0xa5);
}

static void expect_element(struct bytes *b, u32 n, u32 time)
{
	set_element(b, n, time);
	memset(b->got, 0xa5, b->value_size + 1);
	KUNIT_ASSERT_EQ(b->test, hmap_get(b->h, b->key, b->got), 0);
	expect_value(b);
}

static void put_is_got(struct bytes *b)
{
	u32 n;

	for (n = 0; n < ELEMENTS; n++) {
		put_element(b, n, 0);
		HK_VERIFY(b->test, b->h);
	}
	KUNIT_EXPECT_EQ(b->test, hmap_len(b->h), ELEMENTS);
	for (n = 0; n < ELEMENTS; n++)
		expect_element(b, n, 0);
	set_element(b, ELEMENTS, 0);
	KUNIT_EXPECT_EQ(b->test, hmap_get(b->h, b->key, b->got), -ENOENT);
}

static void what_is_put_is_got(struct kunit *test)
{
	each_value_size(test, put_is_got);
}

static void overwrite_is_got(struct bytes *b)
{
	u32 n;

	put_elements(b);
	for (n = 0; n < ELEMENTS; n++)
		put_element(b, n, n % 3);
	HK_VERIFY(b->test, b->h);
	KUNIT_EXPECT_EQ(b->test, hmap_len(b->h), ELEMENTS);
	for (n = 0; n < ELEMENTS; n++)
		expect_element(b, n, n % 3);
}

static void what_is_overwritten_is_got(struct kunit *test)
{
	each_value_size(test, overwrite_is_got);
}

static int update_bytes(void *value, bool exists, void *arg)
{
	struct bytes *b = arg;

	if (!exists)
		memset(b->got, 0, b->value_size);
	b->wrong += memcmp(value, b->got, b->value_size) != 0;
	memcpy(value, b->value, b->value_size);
	return 0;
}

static void update_is_got(struct bytes *b)
{
	u32 n;

	for (n = 0; n < ELEMENTS; n++)
		if (n % 2)
			put_element(b, n, 0);
	for (n = 0; n < ELEMENTS; n++) {
		set_element(b, n, 0);
		memcpy(b->got, b->value, b->value_size);
		set_element(b, n, 5);
		KUNIT_ASSERT_EQ(b->test, hmap_update(b->h, b->key, update_bytes,
						     b, HMAP_ANY, GFP_KERNEL),
				0);
		HK_VERIFY(b->test, b->h);
	}
	KUNIT_EXPECT_EQ(b->test, b->wrong, 0);
	for (n = 0; n < ELEMENTS; n++)
		expect_element(b, n, 5);
}

static void what_is_updated_is_got(struct kunit *test)
{
	each_value_size(test, update_is_got);
}

static void pop_is_gone(struct bytes *b)
{
	u32 n;

	put_elements(b);
	for (n = 0; n < ELEMENTS; n++) {
		set_element(b, n, 0);
		memset(b->got, 0xa5, b->value_size + 1);
		KUNIT_ASSERT_EQ(b->test, hmap_pop(b->h, b->key, b->got), 0);
		expect_value(b);
		KUNIT_ASSERT_EQ(b->test, hmap_get(b->h, b->key, NULL), -ENOENT);
		HK_VERIFY(b->test, b->h);
	}
	KUNIT_EXPECT_EQ(b->test, hmap_len(b->h), 0);
}

static void what_is_popped_is_gone(struct kunit *test)
{
	each_value_size(test, pop_is_gone);
}

static void delete_can_be_put(struct bytes *b)
{
	u32 n;

	put_elements(b);
	for (n = 0; n < ELEMENTS; n += 2) {
		set_element(b, n, 0);
		KUNIT_ASSERT_EQ(b->test, hmap_delete(b->h, b->key), 0);
		KUNIT_ASSERT_EQ(b->test, hmap_delete(b->h, b->key), -ENOENT);
		HK_VERIFY(b->test, b->h);
	}
	for (n = 0; n < ELEMENTS; n += 2)
		put_element(b, n, 1);
	for (n = 0; n < ELEMENTS; n++)
		expect_element(b, n, n % 2 ? 0 : 1);
}

static void what_is_deleted_can_be_put_again(struct kunit *test)
{
	each_value_size(test, delete_can_be_put);
}

static void all_is_scanned(struct bytes *b)
{
	u8 *keys = hk_alloc(b->test, 8, b->key_size);
	u8 *values = hk_alloc(b->test, 8, b->value_size + 1);
	struct hmap_cursor cursor = {};
	u8 times[256] = {}, *k, *v;
	u32 n;

	put_elements(b);
	while (!hmap_cursor_done(&cursor)) {
		n = hmap_scan(b->h, &cursor, keys, values, 8);
		while (n--) {
			k = keys + n * b->key_size;
			v = values + n * b->value_size;
			times[k[b->key_size / 2]]++;
			set_element(b, k[b->key_size / 2], 0);
			KUNIT_ASSERT_EQ(b->test, memcmp(k, b->key, b->key_size),
					0);
			KUNIT_ASSERT_EQ(b->test, memcmp(v, b->value,
							b->value_size), 0);
		}
	}
	for (n = 0; n < ELEMENTS; n++)
		KUNIT_EXPECT_EQ(b->test, times[n], 1);
}

static void what_is_there_is_scanned(struct kunit *test)
{
	each_value_size(test, all_is_scanned);
}

static void delete_frees(struct bytes *b)
{
	long memory;
	u32 n;

	KUNIT_EXPECT_EQ(b->test, hmap_reserve(b->h, ELEMENTS), 0);
	memory = hk_memory(b->h);
	put_elements(b);
	for (n = 0; n < ELEMENTS; n++) {
		set_element(b, n, 0);
		KUNIT_EXPECT_EQ(b->test, hmap_delete(b->h, b->key), 0);
	}
	hk_wait_memory(b->test, b->h);
	/* But for overflow buckets, of which there are a few. */
	KUNIT_EXPECT_LE(b->test, hk_memory(b->h),
			memory + 32 * b->h->geo.bucket_size);
}

static void the_last_element_takes_all_memory_of_elements_along(struct kunit *test)
{
	each_value_size(test, delete_frees);
}

static void sizes_out_of_range_are_refused(struct kunit *test)
{
	static const struct { u32 key, value; } wrong[] = {
		{ 0, 8 }, { 0, 0 }, { 4097, 8 }, { U32_MAX, 8 }, { 8, 65537 },
		{ 8, U32_MAX }, { 1U << 31, 1U << 31 },
	};
	struct hmap h;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		const struct hmap_params params = {
			.key_size = wrong[i].key, .value_size = wrong[i].value,
		};

		KUNIT_EXPECT_EQ(test, hmap_init(&h, &params), -EINVAL);
	}
}

static void a_set_needs_no_value(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 8, 0);
	u64 key;

	for (key = 0; key < 100; key++) {
		KUNIT_EXPECT_EQ(test, hmap_put(h, &key, NULL, HMAP_NOEXIST,
					       GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, hmap_put(h, &key, NULL, HMAP_NOEXIST,
					       GFP_KERNEL), -EEXIST);
		KUNIT_EXPECT_EQ(test, hmap_put(h, &key, NULL, HMAP_EXIST,
					       GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, hmap_get(h, &key, NULL), 0);
		HK_VERIFY(test, h);
	}
	for (key = 0; key < 100; key++)
		KUNIT_EXPECT_EQ(test, hmap_pop(h, &key, NULL), 0);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
}

/* The last bytes of a long key tell, and the first. */
static void keys_differ_in_any_byte(struct kunit *test)
{
	static const u32 list[] = { 1, 7, 8, 9, 128, 129, 4096 };
	u8 *key = hk_alloc(test, 1, 4096);
	struct hmap *h;
	unsigned int i;
	u32 byte;

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		h = hk_map_sized(test, list[i], 4);
		for (byte = 0; byte < list[i]; byte++) {
			key[byte] = 1;
			KUNIT_ASSERT_EQ(test, hmap_put(h, key, &byte,
						       HMAP_NOEXIST,
						       GFP_KERNEL), 0);
			key[byte] = 0;
		}
		KUNIT_EXPECT_EQ(test, hmap_len(h), list[i]);
		HK_VERIFY(test, h);
		hk_map_destroy(test, h);
	}
}

/* And where nothing but the bytes tells them apart. */
static void keys_of_one_hash_differ_in_any_byte(struct kunit *test)
{
	static const u32 list[] = { 1, 3, 4, 7, 8, 9, 31, 128, 129 };
	struct hmap_params params = {
		.value_size = 4, .hashfn = hk_hash_constant,
	};
	u8 key[129] = {};
	struct hmap *h;
	unsigned int i;
	u32 byte, value;

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		params.key_size = list[i];
		h = hk_map(test, &params);
		for (byte = 0; byte < list[i]; byte++) {
			key[byte] = 1;
			KUNIT_ASSERT_EQ(test, hmap_put(h, key, &byte,
						       HMAP_NOEXIST,
						       GFP_KERNEL), 0);
			KUNIT_ASSERT_EQ(test, hmap_get(h, key, &value), 0);
			KUNIT_ASSERT_EQ(test, value, byte);
			key[byte] = 0;
			KUNIT_ASSERT_EQ(test, hmap_get(h, key, NULL), -ENOENT);
		}
		HK_VERIFY(test, h);
		hk_map_destroy(test, h);
	}
}

#define SIZE_CASE(name) KUNIT_CASE_PARAM(name, key_size_gen_params)

static struct kunit_case size_cases[] = {
	SIZE_CASE(what_is_put_is_got),
	SIZE_CASE(what_is_overwritten_is_got),
	SIZE_CASE(what_is_updated_is_got),
	SIZE_CASE(what_is_popped_is_gone),
	SIZE_CASE(what_is_deleted_can_be_put_again),
	SIZE_CASE(what_is_there_is_scanned),
	SIZE_CASE(the_last_element_takes_all_memory_of_elements_along),
	KUNIT_CASE(sizes_out_of_range_are_refused),
	KUNIT_CASE(a_set_needs_no_value),
	KUNIT_CASE(keys_differ_in_any_byte),
	KUNIT_CASE(keys_of_one_hash_differ_in_any_byte),
	{}
};

static struct kunit_suite size_suite = {
	.name = "hmap_size",
	.exit = size_exit,
	.test_cases = size_cases,
};

kunit_test_suite(size_suite);
