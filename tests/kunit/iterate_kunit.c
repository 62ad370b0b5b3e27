// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/map/scan.c: a key that is there from the start of a scan to its end is
 * returned exactly once, whatever else happens.
 */
#include "hmap_kunit.h"

static const u32 capacities[] = { 1, 2, 32, 1000 };

static void capacity_desc(const u32 *capacity, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "capacity %u", *capacity);
}

KUNIT_ARRAY_PARAM(capacity, capacities, capacity_desc);

#define CAPACITY(test) (*(const u32 *)(test)->param_value)

/* By cursor, and by the iterator that starts in the middle and wraps. */
static void expect_exactly_once(struct kunit *test, struct hmap *h, u64 from,
				u64 to, hk_between_t between, void *arg,
				u64 limit)
{
	struct hk_scan scan = {
		.capacity = CAPACITY(test), .limit = limit, .between = between,
		.arg = arg,
	};

	hk_scan(test, h, &scan);
	hk_expect_times(test, &scan, from, to, 1);
	hk_expect_no_twice(test, &scan);
	HK_VERIFY(test, h);
}

static void expect_iterated_once(struct kunit *test, struct hmap *h, u64 from,
				 u64 to, hk_between_t between, void *arg,
				 u64 limit)
{
	struct hk_scan scan = {
		.capacity = CAPACITY(test), .limit = limit, .between = between,
		.arg = arg, .iter = true,
	};

	hk_scan(test, h, &scan);
	hk_expect_times(test, &scan, from, to, 1);
	hk_expect_no_twice(test, &scan);
	HK_VERIFY(test, h);
}

static void a_scan_returns_all_keys_once(struct kunit *test)
{
	static const u64 list[] = { 1, 8, 9, 100, 1000, 1664 };
	struct hmap *h;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(list); i++) {
		h = hk_map_u64(test);
		hk_put_range(test, h, 0, list[i]);
		expect_exactly_once(test, h, 0, list[i], NULL, NULL, list[i]);
		expect_iterated_once(test, h, 0, list[i], NULL, NULL, list[i]);
	}
}

static void a_scan_of_a_growing_map_returns_all_keys_once(struct kunit *test)
{
	u64 from, to, key = U64_MAX;
	struct hmap *h = hk_map_growing(test, &from, &to);
	unsigned int i;

	while (hk_growing(h)) {
		expect_exactly_once(test, h, from, to, NULL, NULL, to);
		for (i = 0; i < 50; i++)
			hmap_delete(h, &key);
	}
}

static void a_scan_during_same_size_growth_returns_all_keys_once(struct kunit *test)
{
	u64 from, to, key = U64_MAX;
	struct hmap *h = hk_map_same_size(test, &from, &to);

	while (hk_growing(h)) {
		expect_exactly_once(test, h, from, to, NULL, NULL, to);
		expect_iterated_once(test, h, from, to, NULL, NULL, to);
		hmap_delete(h, &key);
	}
}

/* Half of an evacuation, and then some, between any two steps. */
static void evacuate_some(struct kunit *test, struct hmap *h, u32 step,
			  void *arg)
{
	u64 key = U64_MAX;
	unsigned int i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, hmap_delete(h, &key), -ENOENT);
}

static void evacuation_during_a_scan_moves_nothing_past_it(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_growing(test, &from, &to);

	expect_exactly_once(test, h, from, to, evacuate_some, NULL, to);
}

static void same_size_evacuation_during_a_scan_moves_nothing_past_it(struct kunit *test)
{
	u64 from, to;
	struct hmap *h = hk_map_same_size(test, &from, &to);

	expect_exactly_once(test, h, from, to, evacuate_some, NULL, to);
}

/* Of 64 buckets, 20 and 52 become one of 32: they have 32 keys more than others. */
static u64 hash_shrinking(const void *key, u32 size, const siphash_key_t *hash0)
{
	u64 n = *(const u64 *)key;

	return random_mix(n) << 6 | (n < 32 ? 20 | (n & 1) << 5 : n & 63);
}

/*
 * A map in the middle of shrinking, with 200 keys: it lacks the memory for bucket 20.
 * Which allocation has to fail is found by trying, more than once: what a debugging
 * kernel allocates beside is not always the same.
 */
static struct hmap *make_shrinking(struct kunit *test)
{
	unsigned int try;
	struct hmap *h;

	hk_skip_unless_allocations_fail(test);
	for (try = 0; try < 500; try++) {
		h = hk_map_hashed(test, hash_shrinking, 416);
		hk_put_range(test, h, 0, 200);
		hk_fail_nth(1 + try % 25);
		hmap_shrink(h);
		hk_fail_nth(0);
		if (hk_growing(h))
			return h;
		hk_map_destroy(test, h);
	}
	KUNIT_FAIL_AND_ABORT(test, "no allocation is the right one");
	return NULL;
}

static void overwrite_one(struct kunit *test, struct hmap *h, u32 step, void *arg)
{
	u64 key = 7 * step % 200;

	hk_put(test, h, key, hk_value(key));
}

static void a_scan_of_a_shrinking_map_returns_all_keys_once(struct kunit *test)
{
	struct hmap *h = make_shrinking(test);

	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 5);
	KUNIT_ASSERT_EQ(test, hk_array(h)->nevacuate[0].n, 20);
	expect_exactly_once(test, h, 0, 200, NULL, NULL, 200);
	expect_iterated_once(test, h, 0, 200, NULL, NULL, 200);
	KUNIT_EXPECT_TRUE(test, hk_growing(h));
	expect_exactly_once(test, h, 0, 200, overwrite_one, NULL, 200);
	expect_iterated_once(test, h, 0, 200, overwrite_one, NULL, 200);
	hk_expect_all(test, h, 0, 200);
}

/**
 * struct inserts - keys to insert during a scan
 * @next: the next one
 * @end: the end of them
 */
struct inserts {
	u64 next;
	u64 end;
};

/* So many that the map grows more than once during a scan. */
static void insert_some(struct kunit *test, struct hmap *h, u32 step, void *arg)
{
	struct inserts *inserts = arg;
	u64 end = min(inserts->next + CAPACITY(test) * 3 + 7, inserts->end);

	hk_put_range(test, h, inserts->next, end);
	inserts->next = end;
}

static void growth_during_a_scan_returns_old_keys_once(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct inserts inserts = { 300, 20000 };
	u64 grows;

	hk_put_range(test, h, 0, 300);
	grows = hk_grows(h);
	expect_exactly_once(test, h, 0, 300, insert_some, &inserts, 20000);
	KUNIT_EXPECT_GT(test, hk_grows(h), grows);
}

static void growth_during_an_iteration_returns_old_keys_once(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct inserts inserts = { 300, 20000 };

	hk_put_range(test, h, 0, 300);
	expect_iterated_once(test, h, 0, 300, insert_some, &inserts, 20000);
}

static void reserve_once(struct kunit *test, struct hmap *h, u32 step,
			 void *arg)
{
	if (step == 1)
		KUNIT_ASSERT_EQ(test, hmap_reserve(h, 10000), 0);
}

static void reserve_during_a_scan_returns_all_keys_once(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	hk_put_range(test, h, 0, 1500);
	expect_exactly_once(test, h, 0, 1500, reserve_once, NULL, 1500);
}

/* Odd keys, some of them after each step. */
static void delete_some(struct kunit *test, struct hmap *h, u32 step, void *arg)
{
	u64 *next = arg, n = CAPACITY(test) * 2;

	for (; n-- && *next < 1000; *next += 2)
		hk_delete(test, h, *next);
}

static void deletes_during_a_scan_keep_the_others(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hk_scan scan = {
		.capacity = CAPACITY(test), .limit = 1000,
		.between = delete_some, .arg = &(u64){ 1 },
	};
	u64 key;

	hk_put_range(test, h, 0, 1000);
	hk_scan(test, h, &scan);
	hk_expect_no_twice(test, &scan);
	for (key = 0; key < 1000; key += 2)
		hk_expect_times(test, &scan, key, key + 1, 1);
}

/* All that the first step left over. */
static void delete_unreached(struct kunit *test, struct hmap *h, u32 step,
			     void *arg)
{
	struct hk_scan *scan = arg;
	u64 key;

	if (step)
		return;
	for (key = 0; key < 500; key++)
		if (!scan->times[key])
			hk_delete(test, h, key);
}

static void what_is_deleted_before_it_is_reached_is_not_returned(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hk_scan scan = {
		.capacity = CAPACITY(test), .limit = 500,
		.between = delete_unreached, .arg = &scan,
	};
	u64 key, n = 0;

	hk_put_range(test, h, 0, 500);
	hk_scan(test, h, &scan);
	for (key = 0; key < 500; key++)
		n += scan.times[key];
	KUNIT_EXPECT_EQ(test, n, hmap_len(h));
	KUNIT_EXPECT_LE(test, n, CAPACITY(test));
}

/* Overwritten and deleted and put again: keys never move in the order. */
static void churn(struct kunit *test, struct hmap *h, u32 step, void *arg)
{
	struct hk_rnd *rnd = arg;
	unsigned int i;
	u64 key;

	for (i = 0; i < 50; i++) {
		key = hk_below(rnd, 400);
		hk_put(test, h, key, hk_value(key));
		key = 400 + hk_below(rnd, 400);
		if (hmap_delete(h, &key))
			hk_put(test, h, key, hk_value(key));
	}
}

static void churn_during_a_scan_returns_what_stays_once(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, 400);
	struct hk_rnd rnd = hk_rnd(test);

	hk_put_range(test, h, 0, 400);
	expect_exactly_once(test, h, 0, 400, churn, &rnd, 800);
	expect_iterated_once(test, h, 0, 400, churn, &rnd, 800);
}

static void keys_of_one_hash_are_returned_once(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_constant, 0);

	hk_put_range(test, h, 0, 500);
	expect_exactly_once(test, h, 0, 500, NULL, NULL, 500);
	expect_iterated_once(test, h, 0, 500, NULL, NULL, 500);
}

static void keys_of_one_hash_are_returned_once_during_growth(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_constant, 0);
	struct inserts inserts = { 100, 700 };

	hk_put_range(test, h, 0, 100);
	expect_exactly_once(test, h, 0, 100, insert_some, &inserts, 700);
}

static void keys_of_two_hashes_are_returned_once(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_bit, 0);

	hk_put_range(test, h, 0, 209);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	expect_exactly_once(test, h, 0, 209, NULL, NULL, 209);
	expect_exactly_once(test, h, 0, 209, evacuate_some, NULL, 209);
}

static void clear_once(struct kunit *test, struct hmap *h, u32 step, void *arg)
{
	if (step)
		return;
	KUNIT_ASSERT_EQ(test, hmap_clear(h), 0);
	hk_put_range(test, h, 1000, 1200);
}

static void a_clear_during_a_scan_ends_the_old_keys(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hk_scan scan = {
		.capacity = CAPACITY(test), .limit = 1200,
		.between = clear_once,
	};
	u64 key, n = 0;

	hk_put_range(test, h, 0, 1000);
	hk_scan(test, h, &scan);
	hk_expect_no_twice(test, &scan);
	for (key = 0; key < 1000; key++)
		n += scan.times[key];
	KUNIT_EXPECT_LE(test, n, CAPACITY(test));
}

static void an_empty_map_has_nothing_to_scan(struct kunit *test)
{
	struct hmap *maps[] = { hk_map_u64(test), hk_map_hint(test, 5000) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		struct hk_scan scan = { .capacity = 3, .limit = 1 };

		hk_scan(test, maps[i], &scan);
		hk_expect_times(test, &scan, 0, 1, 0);
		scan.iter = true;
		hk_scan(test, maps[i], &scan);
		hk_expect_times(test, &scan, 0, 1, 0);
	}
}

static void a_step_over_empty_buckets_is_bounded(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, 10000);
	struct hmap_cursor cursor = {};
	unsigned int steps = 0;
	u64 key;

	while (!hmap_cursor_done(&cursor)) {
		KUNIT_ASSERT_EQ(test, hmap_scan(h, &cursor, &key, NULL, 1), 0);
		steps++;
	}
	KUNIT_EXPECT_EQ(test, steps, 2048 / HMAP_HOLD_UNITS);
}

static void a_done_cursor_stays_done(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_cursor cursor = { .place = U64_MAX, .tie = U64_MAX };
	u64 key;

	hk_put_range(test, h, 0, 100);
	KUNIT_EXPECT_EQ(test, hmap_scan(h, &cursor, &key, NULL, 1), 0);
	KUNIT_EXPECT_TRUE(test, hmap_cursor_done(&cursor));
}

static void any_cursor_is_safe(struct kunit *test)
{
	struct hk_rnd rnd = hk_rnd(test);
	struct hmap *h = hk_map_u64(test);
	struct hmap_cursor cursor;
	unsigned int i;
	u64 keys[8];

	hk_put_range(test, h, 0, 60);
	for (i = 0; i < 2000; i++) {
		cursor.place = hk_rnd64(&rnd);
		cursor.tie = hk_rnd64(&rnd);
		cursor.start = hk_rnd64(&rnd);
		if (i & 1)
			cursor.place |= U64_MAX << hk_below(&rnd, 64);
		if (i & 2)
			cursor.tie = U64_MAX;
		KUNIT_ASSERT_LE(test, hmap_scan(h, &cursor, keys, NULL, 8), 8);
	}
}

static void no_room_returns_nothing(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_cursor cursor = {};

	hk_put_range(test, h, 0, 10);
	KUNIT_EXPECT_EQ(test, hmap_scan(h, &cursor, NULL, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, cursor.place, 0);
	KUNIT_EXPECT_FALSE(test, hmap_cursor_done(&cursor));
}

static void an_iteration_without_room_goes_nowhere(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_iter iter;

	hk_put_range(test, h, 0, 10);
	hmap_iter_init(&iter);
	KUNIT_EXPECT_EQ(test, hmap_iter_next(h, &iter, NULL, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, iter.cursor.place, iter.cursor.start);
	KUNIT_EXPECT_FALSE(test, hmap_iter_done(&iter));
}

/* It says so by itself, rather than by returning nothing. */
static void an_iteration_over_empty_buckets_is_not_over(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, 10000);
	struct hmap_iter iter;
	unsigned int steps = 0, found = 0;
	u64 keys[8];

	hk_put_range(test, h, 0, 3);
	hmap_iter_init(&iter);
	for (; !hmap_iter_done(&iter); steps++)
		found += hmap_iter_next(h, &iter, keys, NULL, 8);
	KUNIT_EXPECT_EQ(test, found, 3);
	/* It begins within a unit, which is the last one, too. */
	KUNIT_EXPECT_GE(test, steps, 2048 / HMAP_HOLD_UNITS);
	KUNIT_EXPECT_LE(test, steps, 2048 / HMAP_HOLD_UNITS + 2);
}

static void keys_or_values_can_be_left_out(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_cursor cursor = {};
	u64 keys[20], values[20], i;

	hk_put_range(test, h, 0, 7);
	KUNIT_EXPECT_EQ(test, hmap_scan(h, &cursor, keys, NULL, 20), 7);
	cursor = (struct hmap_cursor){};
	KUNIT_EXPECT_EQ(test, hmap_scan(h, &cursor, NULL, values, 20), 7);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_EQ(test, values[i], hk_value(keys[i]));
	cursor = (struct hmap_cursor){};
	KUNIT_EXPECT_EQ(test, hmap_scan(h, &cursor, NULL, NULL, 20), 7);
}

static void a_full_step_can_be_the_last_one(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_cursor cursor = {};
	u64 keys[8];

	hk_put_range(test, h, 0, 8);
	KUNIT_EXPECT_EQ(test, hmap_scan(h, &cursor, keys, NULL, 8), 8);
	while (!hmap_cursor_done(&cursor))
		KUNIT_ASSERT_EQ(test, hmap_scan(h, &cursor, keys, NULL, 8), 0);
}

static void large_values_are_copied_a_few_at_a_time(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 8, 30000);
	u8 *values = hk_alloc(test, 10, 30000);
	struct hmap_cursor cursor = {};
	u64 keys[10];
	u32 n, total = 0;

	for (keys[0] = 0; keys[0] < 10; keys[0]++) {
		memset(values, keys[0] + 1, 30000);
		KUNIT_ASSERT_EQ(test, hmap_put(h, keys, values, HMAP_ANY,
					       GFP_KERNEL), 0);
	}
	while (!hmap_cursor_done(&cursor)) {
		n = hmap_scan(h, &cursor, keys, values, 10);
		KUNIT_ASSERT_LE(test, n, 2);
		total += n;
		while (n--)
			KUNIT_EXPECT_PTR_EQ(test, memchr_inv(values + n * 30000,
							     keys[n] + 1,
							     30000), NULL);
	}
	KUNIT_EXPECT_EQ(test, total, 10);
}

static void a_scan_goes_in_one_order(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_cursor cursor[2] = {};
	u64 *a = hk_alloc(test, 260, sizeof(*a));
	u64 *b = hk_alloc(test, 260, sizeof(*b));
	u32 n = 0;

	hk_put_range(test, h, 0, 200);
	while (n < 210 && !hmap_cursor_done(&cursor[0]))
		n += hmap_scan(h, &cursor[0], a + n, NULL, 17);
	KUNIT_EXPECT_EQ(test, n, 200);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 3000), 0);
	for (n = 0; n < 210 && !hmap_cursor_done(&cursor[1]);)
		n += hmap_scan(h, &cursor[1], b + n, NULL, 50);
	KUNIT_EXPECT_EQ(test, n, 200);
	KUNIT_EXPECT_MEMEQ(test, a, b, 200 * sizeof(*a));
}

static void iterations_begin_in_different_places(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct hmap_iter iter;
	unsigned long first = 0;
	unsigned int i;
	u64 key;

	hk_put_range(test, h, 0, 8);
	for (i = 0; i < 400; i++) {
		hmap_iter_init(&iter);
		KUNIT_ASSERT_EQ(test, hmap_iter_next(h, &iter, &key, NULL, 1),
				1);
		first |= BIT(key);
	}
	/* An iteration is as likely to begin at a key as it is away. */
	KUNIT_EXPECT_GE(test, hweight_long(first), 3);
}

static void an_iteration_wraps_at_any_place(struct kunit *test)
{
	static const u64 starts[] = { 0, 1, 2, 1ULL << 63, U64_MAX - 1, U64_MAX };
	struct hmap *h = hk_map_u64(test);
	u64 keys[7], seen;
	unsigned int i;
	u32 n;

	hk_put_range(test, h, 0, 50);
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		struct hmap_iter iter = {
			.cursor = { .place = starts[i], .start = starts[i] },
		};

		for (seen = 0; !hmap_iter_done(&iter);) {
			n = hmap_iter_next(h, &iter, keys, NULL, 7);
			while (n--) {
				KUNIT_EXPECT_FALSE(test, seen & BIT_ULL(keys[n]));
				seen |= BIT_ULL(keys[n]);
			}
		}
		KUNIT_EXPECT_EQ(test, seen, BIT_ULL(50) - 1);
	}
}

/* Keys whose place is where the iteration begins, or the one before. */
static void an_iteration_returns_the_keys_at_its_start_once(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_top_bits, 0);
	u64 keys[7], seen, place;
	u32 n;

	/* The place of a key below 256 is the key with its bits reversed. */
	hk_put_range(test, h, 0, 40);
	for (place = 0; place < 256; place++) {
		struct hmap_iter iter = {
			.cursor = { .place = place, .start = place },
		};

		for (seen = 0; !hmap_iter_done(&iter);) {
			n = hmap_iter_next(h, &iter, keys, NULL, 7);
			while (n--) {
				KUNIT_EXPECT_FALSE(test, seen & BIT_ULL(keys[n]));
				seen |= BIT_ULL(keys[n]);
			}
		}
		KUNIT_EXPECT_EQ(test, seen, BIT_ULL(40) - 1);
	}
}

#define CAPACITY_CASE(name) KUNIT_CASE_PARAM(name, capacity_gen_params)

static struct kunit_case iterate_cases[] = {
	CAPACITY_CASE(a_scan_returns_all_keys_once),
	CAPACITY_CASE(a_scan_of_a_growing_map_returns_all_keys_once),
	CAPACITY_CASE(a_scan_during_same_size_growth_returns_all_keys_once),
	CAPACITY_CASE(evacuation_during_a_scan_moves_nothing_past_it),
	CAPACITY_CASE(same_size_evacuation_during_a_scan_moves_nothing_past_it),
	CAPACITY_CASE(a_scan_of_a_shrinking_map_returns_all_keys_once),
	CAPACITY_CASE(growth_during_a_scan_returns_old_keys_once),
	CAPACITY_CASE(growth_during_an_iteration_returns_old_keys_once),
	CAPACITY_CASE(reserve_during_a_scan_returns_all_keys_once),
	CAPACITY_CASE(deletes_during_a_scan_keep_the_others),
	CAPACITY_CASE(what_is_deleted_before_it_is_reached_is_not_returned),
	CAPACITY_CASE(churn_during_a_scan_returns_what_stays_once),
	CAPACITY_CASE(keys_of_one_hash_are_returned_once),
	CAPACITY_CASE(keys_of_one_hash_are_returned_once_during_growth),
	CAPACITY_CASE(keys_of_two_hashes_are_returned_once),
	CAPACITY_CASE(a_clear_during_a_scan_ends_the_old_keys),
	KUNIT_CASE(an_empty_map_has_nothing_to_scan),
	KUNIT_CASE(a_step_over_empty_buckets_is_bounded),
	KUNIT_CASE(a_done_cursor_stays_done),
	KUNIT_CASE(any_cursor_is_safe),
	KUNIT_CASE(no_room_returns_nothing),
	KUNIT_CASE(an_iteration_without_room_goes_nowhere),
	KUNIT_CASE(an_iteration_over_empty_buckets_is_not_over),
	KUNIT_CASE(keys_or_values_can_be_left_out),
	KUNIT_CASE(a_full_step_can_be_the_last_one),
	KUNIT_CASE(large_values_are_copied_a_few_at_a_time),
	KUNIT_CASE(a_scan_goes_in_one_order),
	KUNIT_CASE(iterations_begin_in_different_places),
	KUNIT_CASE(an_iteration_wraps_at_any_place),
	KUNIT_CASE(an_iteration_returns_the_keys_at_its_start_once),
	{}
};

HK_SUITE(iterate, iterate_cases);
