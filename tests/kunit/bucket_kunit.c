// SPDX-License-Identifier: GPL-2.0
/*
 * <linux/hmap-bucket.h>: operations on the word of tophashes, against loops over its
 * bytes; where things are in a bucket; versions.
 */
#include "hmap_kunit.h"

#define WORDS	2000

/* Bytes next to each other in which a borrow or carry would go astray. */
static const u8 awkward[] = {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x7e,
	0x7f, 0x80, 0x81, 0x82, 0xfd, 0xfe, 0xff, 0x00,
};

static u64 awkward_word(struct hk_rnd *rnd)
{
	unsigned int i;
	u64 word = 0;

	if (!hk_below(rnd, 4))
		return hk_rnd64(rnd);
	for (i = 0; i < HMAP_BUCKET_CNT; i++)
		word = word << 8 | awkward[hk_below(rnd, ARRAY_SIZE(awkward))];
	return word;
}

/* 0x80 in the bytes of @word that are from @min to @max. */
static u64 bytes_between(u64 word, u8 min, u8 max)
{
	unsigned int i;
	u64 match = 0;
	u8 byte;

	for (i = 0; i < HMAP_BUCKET_CNT; i++) {
		byte = word >> 8 * i;
		if (byte >= min && byte <= max)
			match |= 0x80ULL << 8 * i;
	}
	return match;
}

static void tophash_is_the_top_byte_but_never_a_state(struct kunit *test)
{
	struct hk_rnd rnd = hk_rnd(test);
	unsigned int top;
	u64 low;

	for (top = 0; top < 256; top++) {
		low = hk_rnd64(&rnd) >> 8;
		KUNIT_EXPECT_EQ(test, hmap_bucket_tophash_of((u64)top << 56 | low),
				top < HMAP_MIN_TOPHASH ? top + HMAP_MIN_TOPHASH : top);
	}
}

static void zero_bytes_are_found_exactly(struct kunit *test)
{
	struct hk_rnd rnd = hk_rnd(test);
	unsigned int n;
	u64 word;

	for (n = 0; n < WORDS; n++) {
		word = awkward_word(&rnd);
		KUNIT_EXPECT_EQ(test, hmap_bucket_zero_bytes(word),
				bytes_between(word, 0, 0));
	}
}

/* What the usual formula, with a subtraction, takes for another zero byte. */
static void a_one_behind_a_zero_is_not_a_zero(struct kunit *test)
{
	unsigned int i;
	u64 word;

	for (i = 0; i + 1 < HMAP_BUCKET_CNT; i++) {
		word = ~0ULL ^ 0xfeffULL << 8 * i;
		KUNIT_EXPECT_EQ(test, hmap_bucket_zero_bytes(word), 0x80ULL << 8 * i);
	}
	KUNIT_EXPECT_EQ(test, hmap_bucket_zero_bytes(HMAP_BYTES(1) << 8), 0x80);
}

static void match_finds_exactly_the_equal_bytes(struct kunit *test)
{
	struct hk_rnd rnd = hk_rnd(test);
	unsigned int n, top;
	u64 word;

	for (n = 0; n < WORDS; n++) {
		word = awkward_word(&rnd);
		for (top = 0; top < 256; top++)
			KUNIT_EXPECT_EQ(test, hmap_bucket_match(word, top),
					bytes_between(word, top, top));
	}
}

static void match_finds_the_neighbours_of_no_byte(struct kunit *test)
{
	unsigned int top;

	for (top = 0; top < 256; top++) {
		u64 word = HMAP_BYTES(top);

		KUNIT_EXPECT_EQ(test, hmap_bucket_match(word, top), HMAP_BYTES(0x80));
		KUNIT_EXPECT_EQ(test, hmap_bucket_match(word, top ^ 1), 0);
		KUNIT_EXPECT_EQ(test, hmap_bucket_match(word, top ^ 0x80), 0);
	}
}

static void empty_slots_are_found_exactly(struct kunit *test)
{
	struct hk_rnd rnd = hk_rnd(test);
	unsigned int n;
	u64 word;

	for (n = 0; n < WORDS; n++) {
		word = awkward_word(&rnd);
		KUNIT_EXPECT_EQ(test, hmap_bucket_match_empty(word),
				bytes_between(word, HMAP_EMPTY_REST, HMAP_EMPTY_ONE));
	}
}

static void used_slots_are_found_exactly(struct kunit *test)
{
	struct hk_rnd rnd = hk_rnd(test);
	unsigned int n;
	u64 word;

	for (n = 0; n < WORDS; n++) {
		word = awkward_word(&rnd);
		KUNIT_EXPECT_EQ(test, hmap_bucket_match_used(word),
				bytes_between(word, HMAP_EMPTY_ONE + 1, U8_MAX));
	}
}

static void the_end_of_a_chain_is_found_exactly(struct kunit *test)
{
	struct hk_rnd rnd = hk_rnd(test);
	unsigned int n;
	u64 word;

	for (n = 0; n < WORDS; n++) {
		word = awkward_word(&rnd);
		KUNIT_EXPECT_EQ(test, hmap_bucket_has_rest(word),
				bytes_between(word, HMAP_EMPTY_REST, HMAP_EMPTY_REST) != 0);
	}
}

static void evacuated_is_told_by_the_first_byte_alone(struct kunit *test)
{
	unsigned int state;
	u64 rest;

	for (state = 0; state < 256; state++) {
		bool evacuated = state == HMAP_EVACUATED_X || state == HMAP_EVACUATED_Y ||
				 state == HMAP_EVACUATED_EMPTY;

		for (rest = 0; rest < 256; rest++)
			KUNIT_EXPECT_EQ(test, evacuated,
					hmap_bucket_evacuated(HMAP_BYTES(rest) << 8 |
							      state));
	}
}

static void slots_of_a_match_are_visited_in_order(struct kunit *test)
{
	unsigned int mask, i, next;
	u64 match;

	for (mask = 0; mask < 256; mask++) {
		match = 0;
		for (i = 0; i < HMAP_BUCKET_CNT; i++)
			if (mask & BIT(i))
				match |= 0x80ULL << 8 * i;
		next = 0;
		hmap_bucket_for_each_slot(i, match) {
			KUNIT_EXPECT_EQ(test, mask & (BIT(i) - BIT(next)), 0);
			KUNIT_EXPECT_TRUE(test, mask & BIT(i));
			next = i + 1;
		}
		KUNIT_EXPECT_EQ(test, mask >> next, 0);
	}
}

static void byte_i_of_the_word_is_slot_i(struct kunit *test)
{
	unsigned int i, top;
	struct hmap_bucket b;

	for (i = 0; i < HMAP_BUCKET_CNT; i++) {
		for (top = 0; top < 256; top++) {
			memset(&b, 0x55, sizeof(b));
			hmap_bucket_set_tophash(&b, i, top);
			KUNIT_EXPECT_EQ(test, hmap_bucket_tophashes(&b),
					(HMAP_BYTES(0x55) & ~(0xffULL << 8 * i)) |
					(u64)top << 8 * i);
		}
	}
}

static const u32 sizes[] = { 1, 2, 3, 4, 5, 7, 8, 13, 31, 127, 128, 129, 4096 };

static u32 inline_size(u32 size)
{
	return size <= HMAP_MAX_INLINE_SIZE ? size : sizeof(void *);
}

static void a_bucket_has_no_gaps(struct kunit *test)
{
	unsigned int i, j;
	struct hmap *h;
	u32 key, value;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			h = hk_map_sized(test, sizes[i], sizes[j]);
			key = inline_size(sizes[i]);
			value = inline_size(sizes[j]);
			KUNIT_EXPECT_EQ(test, h->geo.key_slot, key);
			KUNIT_EXPECT_EQ(test, h->geo.value_slot, value);
			KUNIT_EXPECT_EQ(test, h->geo.values, 16 + 8 * key);
			KUNIT_EXPECT_EQ(test, h->geo.bucket_size,
					16 + 8 * key + 8 * value);
			hk_map_destroy(test, h);
		}
	}
}

static void a_bucket_of_a_set_has_no_values(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 4, 0);

	KUNIT_EXPECT_EQ(test, h->geo.bucket_size, 16 + 8 * 4);
	KUNIT_EXPECT_EQ(test, h->geo.values, h->geo.bucket_size);
}

/* Of the size that Go's has on a 64-bit machine. */
static void a_bucket_of_int64_to_int64_is_144_bytes(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, hk_map_u64(test)->geo.bucket_size, 144);
}

static void slots_follow_each_other(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 3, 5);
	struct hmap_bucket *b = hk_alloc(test, 1, h->geo.bucket_size);
	void *next = b + 1;
	unsigned int i;

	for (i = 0; i < HMAP_BUCKET_CNT; i++, next += 3)
		KUNIT_EXPECT_PTR_EQ(test, hmap_bucket_key(&h->geo, b, i), next);
	for (i = 0; i < HMAP_BUCKET_CNT; i++, next += 5)
		KUNIT_EXPECT_PTR_EQ(test, hmap_bucket_value(&h->geo, b, i), next);
	KUNIT_EXPECT_PTR_EQ(test, (void *)b + h->geo.bucket_size, next);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((uintptr_t)next, 8));
}

static bool outside_is(const u8 *bytes, u32 size, const u8 *from, u32 n, u8 c)
{
	u32 i;

	for (i = 0; i < size; i++)
		if ((bytes + i < from || bytes + i >= from + n) &&
		    bytes[i] != c)
			return false;
	return true;
}

static void copying_a_key_touches_nothing_else(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 5, 0);
	struct hmap_bucket *to = hk_alloc(test, 1, h->geo.bucket_size);
	struct hmap_bucket *from = hk_alloc(test, 1, h->geo.bucket_size);
	u8 *slot = hmap_bucket_key(&h->geo, to, 6);

	memset(to, 0xaa, h->geo.bucket_size);
	memcpy(hmap_bucket_key(&h->geo, from, 2), "quick", 5);
	hmap_bucket_copy(slot, hmap_bucket_key(&h->geo, from, 2), 5);
	KUNIT_EXPECT_MEMEQ(test, slot, "quick", 5);
	KUNIT_EXPECT_TRUE(test, outside_is((u8 *)to, h->geo.bucket_size, slot,
					   5, 0xaa));
}

static void wiping_a_slot_touches_nothing_else(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 7, 11);
	struct hmap_bucket *b = hk_alloc(test, 1, h->geo.bucket_size);
	u8 *slot = hmap_bucket_value(&h->geo, b, 3);

	memset(b, 0xaa, h->geo.bucket_size);
	hmap_bucket_wipe(slot, 11);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(slot, 0, 11), NULL);
	KUNIT_EXPECT_TRUE(test, outside_is((u8 *)b, h->geo.bucket_size, slot,
					   11, 0xaa));
}

static void the_version_is_odd_while_a_chain_is_written(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_bucket *b = hk_alloc(test, 1, h->geo.bucket_size);
	u32 before = hmap_bucket_read_begin(b);

	hmap_bucket_write_begin(b);
	KUNIT_EXPECT_EQ(test, b->version, before + 1);
	hmap_bucket_write_end(b);
	KUNIT_EXPECT_EQ(test, b->version, before + 2);
}

static void a_reader_notices_a_writer(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_bucket *b = hk_alloc(test, 1, h->geo.bucket_size);
	u32 version = hmap_bucket_read_begin(b);

	KUNIT_EXPECT_FALSE(test, hmap_bucket_read_retry(b, version));
	hmap_bucket_write_begin(b);
	KUNIT_EXPECT_TRUE(test, hmap_bucket_read_retry(b, version));
	hmap_bucket_write_end(b);
	KUNIT_EXPECT_TRUE(test, hmap_bucket_read_retry(b, version));
}

/* Whether or not the writer is done before the reader is. */
static void a_reader_who_begins_in_a_write_tries_again(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_bucket *b = hk_alloc(test, 1, h->geo.bucket_size);
	u32 version;

	hmap_bucket_write_begin(b);
	version = hmap_bucket_read_begin(b);
	KUNIT_EXPECT_TRUE(test, hmap_bucket_read_retry(b, version));
	hmap_bucket_write_end(b);
	KUNIT_EXPECT_TRUE(test, hmap_bucket_read_retry(b, version));
}

static void the_rest_begins_behind_the_last_slot_in_use(struct kunit *test)
{
	static const u8 before[][HMAP_BUCKET_CNT] = {
		{ 1, 1, 1, 1, 1, 1, 1, 1 }, { 9, 1, 1, 1, 1, 1, 1, 1 },
		{ 9, 1, 255, 1, 0, 0, 0, 0 }, { 1, 1, 1, 1, 1, 1, 1, 5 },
		{ 5, 6, 7, 8, 9, 10, 11, 1 }, { 1, 128, 0, 0, 0, 0, 0, 0 },
	};
	static const u8 after[][HMAP_BUCKET_CNT] = {
		{ }, { 9 }, { 9, 1, 255 }, { 1, 1, 1, 1, 1, 1, 1, 5 },
		{ 5, 6, 7, 8, 9, 10, 11 }, { 1, 128 },
	};
	struct hmap_bucket b;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(before); i++) {
		memcpy(b.tophash, before[i], sizeof(b.tophash));
		hmap_bucket_set_rest(&b);
		KUNIT_EXPECT_MEMEQ(test, b.tophash, after[i],
				   sizeof(b.tophash));
	}
}

static void a_filter_tells_what_has_been_added(struct kunit *test)
{
	struct hmap_bucket b = { .overflow = HMAP_OVERFLOW_INDEX };
	unsigned int added, top;

	for (added = 0; added < 256; added++) {
		for (top = 0; top < 256; top++)
			KUNIT_EXPECT_FALSE(test, hmap_bucket_filter_test(&b, top));
		hmap_bucket_filter_add(&b, added);
		for (top = 0; top < 256; top++)
			KUNIT_EXPECT_EQ(test, hmap_bucket_filter_test(&b, top),
					top % 4 == added % 4);
		KUNIT_EXPECT_EQ(test, hmap_bucket_overflow_index(b.overflow),
				HMAP_OVERFLOW_INDEX);
		hmap_bucket_filter_clear(&b);
		KUNIT_EXPECT_EQ(test, b.overflow, HMAP_OVERFLOW_INDEX);
	}
}

static void the_version_wraps_around(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_bucket *b = hk_alloc(test, 1, h->geo.bucket_size);

	b->version = U32_MAX - 1;
	hmap_bucket_write_begin(b);
	hmap_bucket_write_end(b);
	KUNIT_EXPECT_EQ(test, hmap_bucket_read_begin(b), 0);
	KUNIT_EXPECT_TRUE(test, hmap_bucket_read_retry(b, U32_MAX - 1));
}

static struct kunit_case bucket_cases[] = {
	KUNIT_CASE(tophash_is_the_top_byte_but_never_a_state),
	KUNIT_CASE(zero_bytes_are_found_exactly),
	KUNIT_CASE(a_one_behind_a_zero_is_not_a_zero),
	KUNIT_CASE(match_finds_exactly_the_equal_bytes),
	KUNIT_CASE(match_finds_the_neighbours_of_no_byte),
	KUNIT_CASE(empty_slots_are_found_exactly),
	KUNIT_CASE(used_slots_are_found_exactly),
	KUNIT_CASE(the_end_of_a_chain_is_found_exactly),
	KUNIT_CASE(evacuated_is_told_by_the_first_byte_alone),
	KUNIT_CASE(slots_of_a_match_are_visited_in_order),
	KUNIT_CASE(byte_i_of_the_word_is_slot_i),
	KUNIT_CASE(a_bucket_has_no_gaps),
	KUNIT_CASE(a_bucket_of_a_set_has_no_values),
	KUNIT_CASE(a_bucket_of_int64_to_int64_is_144_bytes),
	KUNIT_CASE(slots_follow_each_other),
	KUNIT_CASE(copying_a_key_touches_nothing_else),
	KUNIT_CASE(wiping_a_slot_touches_nothing_else),
	KUNIT_CASE(the_version_is_odd_while_a_chain_is_written),
	KUNIT_CASE(a_reader_notices_a_writer),
	KUNIT_CASE(a_reader_who_begins_in_a_write_tries_again),
	KUNIT_CASE(the_rest_begins_behind_the_last_slot_in_use),
	KUNIT_CASE(a_filter_tells_what_has_been_added),
	KUNIT_CASE(the_version_wraps_around),
	{}
};

HK_SUITE(bucket, bucket_cases);
