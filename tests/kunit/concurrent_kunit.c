// SPDX-License-Identifier: GPL-2.0
/*
 * Several threads in one map: readers without a lock, writers, scans.
 */
#include "hmap_kunit.h"

#define MS	700

/* Values of a word that is repeated: a mixture of two would show. */
#define WORDS	16

static void repeat(u64 *words, u32 size, u64 word)
{
	u32 i;

	for (i = 0; i < size / sizeof(u64); i++)
		words[i] = word;
}

static bool repeated(const u64 *words, u32 size)
{
	u32 i;

	for (i = 1; i < size / sizeof(u64); i++)
		if (words[i] != words[0])
			return false;
	return true;
}

/**
 * struct shared - what the threads of a test share
 * @h: the map
 * @value_size: bytes of a value
 * @keys: keys in use are below this, or as many at the most
 * @ready: how many have done their first part
 * @total: what they count together
 */
struct shared {
	struct hmap *h;
	u32 value_size;
	u64 keys;
	atomic_t ready;
	atomic_long_t total;
};

static bool write_words(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 key = hk_below(&thread->rnd, s->keys);
	u64 words[WORDS];

	repeat(words, s->value_size, hk_rnd64(&thread->rnd));
	if (hmap_put(s->h, &key, words, HMAP_ANY, GFP_KERNEL))
		thread->errors++;
	return true;
}

static bool write_and_delete_words(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 key = hk_below(&thread->rnd, s->keys);

	if (hk_rnd64(&thread->rnd) & 1)
		return write_words(thread);
	hmap_delete(s->h, &key);
	return true;
}

static bool read_words(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 key = hk_below(&thread->rnd, s->keys);
	u64 words[WORDS];

	if (!hmap_get(s->h, &key, words) && !repeated(words, s->value_size))
		thread->errors++;
	return true;
}

static bool scan_words(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	struct hmap_cursor cursor = {};
	u64 words[4 * WORDS];
	u32 n;

	while (!hmap_cursor_done(&cursor)) {
		n = hmap_scan(s->h, &cursor, NULL, words, 4);
		while (n--)
			if (!repeated(words + n * (s->value_size / 8),
				      s->value_size))
				thread->errors++;
	}
	return true;
}

static const u32 word_sizes[] = { 16, 64, 128 };

static void no_value_is_torn_by_an_overwrite(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(word_sizes); i++) {
		struct shared s = {
			.h = hk_map_sized(test, 8, word_sizes[i]),
			.value_size = word_sizes[i], .keys = 4,
		};
		struct hk_thread threads[] = {
			{ write_words, &s }, { read_words, &s },
			{ read_words, &s }, { scan_words, &s },
		};

		hk_run(test, threads, ARRAY_SIZE(threads), MS / 2);
		HK_VERIFY(test, s.h);
	}
}

static void no_value_is_torn_by_deletes_and_inserts(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(word_sizes); i++) {
		struct shared s = {
			.h = hk_map_sized(test, 8, word_sizes[i]),
			.value_size = word_sizes[i], .keys = 30,
		};
		struct hk_thread threads[] = {
			{ write_and_delete_words, &s }, { read_words, &s },
			{ write_and_delete_words, &s }, { scan_words, &s },
		};

		hk_run(test, threads, ARRAY_SIZE(threads), MS / 2);
		HK_VERIFY(test, s.h);
	}
}

/* The map grows, is emptied, is cleared, and grows again. */
static bool grow_and_clear(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 words[WORDS], key;

	for (key = 0; key < s->keys; key++) {
		repeat(words, s->value_size, key);
		if (hmap_put(s->h, &key, words, HMAP_ANY, GFP_KERNEL))
			thread->errors++;
	}
	if (hk_rnd64(&thread->rnd) & 1)
		return !hmap_clear(s->h);
	for (key = 0; key < s->keys; key++)
		hmap_delete(s->h, &key);
	return true;
}

static bool read_own_words(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 key = hk_below(&thread->rnd, s->keys);
	u64 words[WORDS];

	if (!hmap_get(s->h, &key, words) &&
	    (words[0] != key || !repeated(words, s->value_size)))
		thread->errors++;
	return true;
}

static void no_value_is_torn_by_growth_or_clear(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(word_sizes); i++) {
		struct shared s = {
			.h = hk_map_sized(test, 8, word_sizes[i]),
			.value_size = word_sizes[i], .keys = 1000,
		};
		struct hk_thread threads[] = {
			{ grow_and_clear, &s }, { read_own_words, &s },
			{ read_own_words, &s },
		};

		hk_run(test, threads, ARRAY_SIZE(threads), MS / 2);
		HK_VERIFY(test, s.h);
	}
}

/* Out of line: each value is a block of memory that is freed when replaced. */
#define LARGE	1000

static bool write_large(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 key[25] = { hk_below(&thread->rnd, s->keys) };
	u64 *words = kmalloc(LARGE, GFP_KERNEL);
	int err = 0;

	if (!words)
		return true;
	repeat(words, LARGE, hk_rnd64(&thread->rnd));
	switch (hk_below(&thread->rnd, 8)) {
	case 0:
		hmap_delete(s->h, key);
		break;
	case 1:
		if (!hmap_pop(s->h, key, words) && !repeated(words, LARGE))
			thread->errors++;
		break;
	default:
		err = hmap_put(s->h, key, words, HMAP_ANY, GFP_KERNEL);
	}
	thread->errors += err != 0;
	kfree(words);
	return true;
}

static bool read_large(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 key[25] = { hk_below(&thread->rnd, s->keys) };
	u64 *words = kmalloc(LARGE, GFP_KERNEL);

	if (!words)
		return true;
	if (!hmap_get(s->h, key, words) && !repeated(words, LARGE))
		thread->errors++;
	kfree(words);
	return true;
}

static void no_value_out_of_line_is_torn(struct kunit *test)
{
	struct shared s = { .h = hk_map_sized(test, 200, LARGE), .keys = 40 };
	struct hk_thread threads[] = {
		{ write_large, &s }, { read_large, &s }, { read_large, &s },
		{ write_large, &s },
	};

	hk_run(test, threads, ARRAY_SIZE(threads), MS);
	HK_VERIFY(test, s.h);
}

/* Keys below 64 stay; all others come and go, so that the map resizes. */
#define STAY	64

static bool find_what_stays(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 key = hk_below(&thread->rnd, STAY), value;

	if (hmap_get(s->h, &key, &value) || value != hk_value(key))
		thread->errors++;
	return true;
}

static bool come_and_go(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 first = STAY + thread->index * 10000;
	u64 n = 1 + hk_below(&thread->rnd, s->keys), key, value;

	for (key = first; key < first + n; key++) {
		value = hk_value(key);
		if (hmap_put(s->h, &key, &value, HMAP_NOEXIST, GFP_KERNEL))
			thread->errors++;
	}
	for (key = first; key < first + n; key++)
		if (hmap_delete(s->h, &key))
			thread->errors++;
	return true;
}

/* The same key stays all the time, but is written over. */
static bool overwrite_what_stays(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 key = hk_below(&thread->rnd, STAY), value = hk_value(key);

	if (hmap_put(s->h, &key, &value, HMAP_EXIST, GFP_KERNEL))
		thread->errors++;
	return true;
}

static bool scan_what_stays(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	struct hmap_iter iter;
	u64 keys[7], values[7], seen = 0;
	u32 n;

	hmap_iter_init(&iter);
	while (!hmap_iter_done(&iter)) {
		n = hmap_iter_next(s->h, &iter, keys, values, 7);
		while (n--) {
			if (values[n] != hk_value(keys[n]))
				thread->errors++;
			if (keys[n] >= STAY)
				continue;
			if (seen & BIT_ULL(keys[n]))
				thread->errors++;
			seen |= BIT_ULL(keys[n]);
		}
	}
	if (seen != U64_MAX)
		thread->errors++;
	return true;
}

static void a_key_that_stays_is_always_found(struct kunit *test)
{
	struct shared s = { .h = hk_map_u64(test), .keys = 3000 };
	struct hk_thread threads[] = {
		{ come_and_go, &s }, { find_what_stays, &s },
		{ find_what_stays, &s }, { overwrite_what_stays, &s },
	};

	hk_put_range(test, s.h, 0, STAY);
	hk_run(test, threads, ARRAY_SIZE(threads), 2 * MS);
	hk_expect_all(test, s.h, 0, STAY);
}

static void a_key_that_stays_is_found_in_any_chain(struct kunit *test)
{
	struct shared s = {
		.h = hk_map_hashed(test, hk_hash_bit, 0), .keys = 500,
	};
	struct hk_thread threads[] = {
		{ come_and_go, &s }, { find_what_stays, &s },
		{ find_what_stays, &s },
	};

	hk_put_range(test, s.h, 0, STAY);
	hk_run(test, threads, ARRAY_SIZE(threads), MS);
	hk_expect_all(test, s.h, 0, STAY);
}

static void a_key_that_stays_is_scanned_once(struct kunit *test)
{
	struct shared s = { .h = hk_map_u64(test), .keys = 3000 };
	struct hk_thread threads[] = {
		{ come_and_go, &s }, { scan_what_stays, &s },
		{ scan_what_stays, &s },
	};

	hk_put_range(test, s.h, 0, STAY);
	hk_run(test, threads, ARRAY_SIZE(threads), MS);
	hk_expect_all(test, s.h, 0, STAY);
}

static bool reserve_more(struct hk_thread *thread)
{
	struct shared *s = thread->arg;

	if (hmap_reserve(s->h, 1 + hk_below(&thread->rnd, 20000)))
		thread->errors++;
	return thread->rounds < 50;
}

static bool shrink(struct hk_thread *thread)
{
	struct shared *s = thread->arg;

	if (hmap_shrink(s->h))
		thread->errors++;
	return thread->rounds < 50;
}

static void shrink_disturbs_nobody(struct kunit *test)
{
	struct shared s = { .h = hk_map_u64(test), .keys = 3000 };
	struct hk_thread threads[] = {
		{ reserve_more, &s }, { shrink, &s }, { find_what_stays, &s },
		{ scan_what_stays, &s }, { come_and_go, &s },
	};

	hk_put_range(test, s.h, 0, STAY);
	hk_run(test, threads, ARRAY_SIZE(threads), MS);
	hk_expect_all(test, s.h, 0, STAY);
}

static void reserve_disturbs_nobody(struct kunit *test)
{
	struct shared s = { .h = hk_map_u64(test), .keys = 3000 };
	struct hk_thread threads[] = {
		{ reserve_more, &s }, { find_what_stays, &s },
		{ scan_what_stays, &s }, { come_and_go, &s },
	};

	hk_put_range(test, s.h, 0, STAY);
	hk_run(test, threads, ARRAY_SIZE(threads), MS);
	hk_expect_all(test, s.h, 0, STAY);
}

static int add_one(void *value, bool exists, void *arg)
{
	++*(u64 *)value;
	return 0;
}

static bool count_up(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 key = hk_below(&thread->rnd, s->keys);

	if (hmap_update(s->h, &key, add_one, NULL, HMAP_ANY, GFP_KERNEL))
		thread->errors++;
	atomic_long_inc(&s->total);
	return true;
}

static void no_update_is_lost(struct kunit *test)
{
	struct shared s = { .h = hk_map_u64(test), .keys = 500 };
	struct hk_thread threads[] = {
		{ count_up, &s }, { count_up, &s }, { count_up, &s },
	};
	u64 key, value, total = 0;

	hk_run(test, threads, ARRAY_SIZE(threads), MS);
	for (key = 0; key < 500; key++)
		if (!hmap_get(s.h, &key, &value))
			total += value;
	KUNIT_EXPECT_EQ(test, total, atomic_long_read(&s.total));
	HK_VERIFY(test, s.h);
}

/* Keys that several threads try to insert, or to delete. */
#define ONCE	8000

static bool insert_once(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 key = thread->rounds - 1, value = thread->index;
	int err;

	err = hmap_put(s->h, &key, &value, HMAP_NOEXIST, GFP_KERNEL);
	if (!err)
		atomic_long_inc(&s->total);
	else if (err != -EEXIST)
		thread->errors++;
	return thread->rounds < s->keys;
}

static void one_of_several_inserts_wins(struct kunit *test)
{
	struct shared s = { .h = hk_map_u64(test), .keys = ONCE };
	struct hk_thread threads[] = {
		{ insert_once, &s }, { insert_once, &s }, { insert_once, &s },
	};

	hk_run(test, threads, ARRAY_SIZE(threads), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&s.total), ONCE);
	KUNIT_EXPECT_EQ(test, hmap_len(s.h), ONCE);
	HK_VERIFY(test, s.h);
}

static bool pop_once(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	u64 key = thread->rounds - 1, value;

	if (!hmap_pop(s->h, &key, &value)) {
		if (value != hk_value(key))
			thread->errors++;
		atomic_long_inc(&s->total);
	}
	return thread->rounds < s->keys;
}

static void one_of_several_pops_wins(struct kunit *test)
{
	struct shared s = { .h = hk_map_u64(test), .keys = ONCE };
	struct hk_thread threads[] = {
		{ pop_once, &s }, { pop_once, &s }, { pop_once, &s },
	};

	hk_put_range(test, s.h, 0, ONCE);
	hk_run(test, threads, ARRAY_SIZE(threads), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&s.total), ONCE);
	KUNIT_EXPECT_EQ(test, hmap_len(s.h), 0);
	HK_VERIFY(test, s.h);
}

static bool clear_now(struct hk_thread *thread)
{
	struct shared *s = thread->arg;

	if (hmap_clear(s->h))
		thread->errors++;
	return true;
}

/* The seed changes all the time: with clear, and when the map is empty. */
static void fresh_seeds_lose_nothing(struct kunit *test)
{
	struct shared s = { .h = hk_map_u64(test), .keys = 3000 };
	struct hk_thread threads[] = {
		{ come_and_go, &s }, { come_and_go, &s },
	};
	unsigned int round;

	/* Each finds all of its own keys, or the test complains. */
	for (round = 0; round < 3; round++) {
		hk_run(test, threads, ARRAY_SIZE(threads), MS / 3);
		KUNIT_EXPECT_EQ(test, hmap_len(s.h), 0);
		HK_VERIFY(test, s.h);
	}
}

static void clear_and_writers_keep_the_map_whole(struct kunit *test)
{
	struct shared s = {
		.h = hk_map_u64(test), .value_size = 8, .keys = 3000,
	};
	struct hk_thread threads[] = {
		{ clear_now, &s }, { write_and_delete_words, &s },
		{ write_words, &s }, { scan_words, &s },
	};

	hk_run(test, threads, ARRAY_SIZE(threads), MS);
	HK_VERIFY(test, s.h);
}

static bool verify_now(struct hk_thread *thread)
{
	struct shared *s = thread->arg;
	struct hmap_layout layout = {};
	struct hmap_stats stats;
	u64 place = 0;

	hmap_get_stats(s->h, &stats);
	if (hmap_verify(s->h) || hmap_get_layout(s->h, &place, &layout))
		thread->errors++;
	if (stats.count > 2 * s->keys || stats.nevacuate > 1 << stats.B)
		thread->errors++;
	return true;
}

static void the_map_is_whole_at_any_moment(struct kunit *test)
{
	struct shared s = {
		.h = hk_map_u64(test), .value_size = 8, .keys = 300,
	};
	struct hk_thread threads[] = {
		{ write_and_delete_words, &s }, { write_and_delete_words, &s },
		{ verify_now, &s },
	};

	hk_run(test, threads, ARRAY_SIZE(threads), MS);
	HK_VERIFY(test, s.h);
}

static struct kunit_case concurrent_cases[] = {
	KUNIT_CASE_SLOW(no_value_is_torn_by_an_overwrite),
	KUNIT_CASE_SLOW(no_value_is_torn_by_deletes_and_inserts),
	KUNIT_CASE_SLOW(no_value_is_torn_by_growth_or_clear),
	KUNIT_CASE_SLOW(no_value_out_of_line_is_torn),
	KUNIT_CASE_SLOW(a_key_that_stays_is_always_found),
	KUNIT_CASE_SLOW(a_key_that_stays_is_found_in_any_chain),
	KUNIT_CASE_SLOW(a_key_that_stays_is_scanned_once),
	KUNIT_CASE_SLOW(reserve_disturbs_nobody),
	KUNIT_CASE_SLOW(shrink_disturbs_nobody),
	KUNIT_CASE_SLOW(no_update_is_lost),
	KUNIT_CASE_SLOW(one_of_several_inserts_wins),
	KUNIT_CASE_SLOW(one_of_several_pops_wins),
	KUNIT_CASE_SLOW(fresh_seeds_lose_nothing),
	KUNIT_CASE_SLOW(clear_and_writers_keep_the_map_whole),
	KUNIT_CASE_SLOW(the_map_is_whole_at_any_moment),
	{}
};

HK_SUITE(concurrent, concurrent_cases);
