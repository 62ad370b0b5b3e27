// SPDX-License-Identifier: GPL-2.0
/*
 * What the concurrent tests of Go's classic map assert; the Go test is named
 * above each. Where Go's map stops the program, this one has to succeed.
 */
#include <linux/delay.h>

#include "hmap_kunit.h"

/**
 * struct crowd - what the threads of a test share
 * @h: the map
 * @n: keys in use are below this
 * @done: the others may end, too
 */
struct crowd {
	struct hmap *h;
	u64 n;
	bool done;
};

static bool iterate_once(struct hk_thread *thread)
{
	struct crowd *crowd = thread->arg;
	struct hmap_iter iter;
	u64 keys[16], n = 0;

	hmap_iter_init(&iter);
	while (!hmap_iter_done(&iter))
		n += hmap_iter_next(crowd->h, &iter, keys, NULL, 16);
	if (n != crowd->n)
		thread->errors++;
	return false;
}

static bool read_once(struct hk_thread *thread)
{
	struct crowd *crowd = thread->arg;
	u64 key, value;

	for (key = 0; key < crowd->n; key++)
		if (hmap_get(crowd->h, &key, &value) || value != hk_value(key))
			thread->errors++;
	return false;
}

/* TestConcurrentReadsAfterGrowth: in any state of a resize */
static void many_read_after_each_insert(struct kunit *test)
{
	struct crowd crowd = { .h = hk_map_u64(test) };
	struct hk_thread threads[8];
	unsigned int i;

	while (crowd.n < 60) {
		hk_put_range(test, crowd.h, crowd.n, crowd.n + 1);
		crowd.n++;
		for (i = 0; i < ARRAY_SIZE(threads); i++)
			threads[i] = (struct hk_thread){
				.fn = i % 2 ? read_once : iterate_once,
				.arg = &crowd,
			};
		hk_run(test, threads, ARRAY_SIZE(threads), 0);
	}
	HK_VERIFY(test, crowd.h);
}

static bool write_round(struct hk_thread *thread)
{
	struct crowd *crowd = thread->arg;
	u64 key, value;

	for (key = 0; key < crowd->n; key++) {
		value = hk_value(key);
		if (hmap_put(crowd->h, &key, &value, HMAP_ANY, GFP_KERNEL))
			thread->errors++;
	}
	return true;
}

static bool read_round(struct hk_thread *thread)
{
	struct crowd *crowd = thread->arg;
	u64 key, value;

	for (key = 0; key < crowd->n; key++)
		if (!hmap_get(crowd->h, &key, &value) && value != hk_value(key))
			thread->errors++;
	return true;
}

static bool iterate_round(struct hk_thread *thread)
{
	struct crowd *crowd = thread->arg;
	struct hmap_iter iter;
	u64 keys[16], values[16];
	u32 n;

	hmap_iter_init(&iter);
	while (!hmap_iter_done(&iter)) {
		n = hmap_iter_next(crowd->h, &iter, keys, values, 16);
		while (n--)
			if (values[n] != hk_value(keys[n]))
				thread->errors++;
	}
	return true;
}

static bool delete_round(struct hk_thread *thread)
{
	struct crowd *crowd = thread->arg;
	u64 key;

	for (key = 0; key < crowd->n; key++)
		hmap_delete(crowd->h, &key);
	return true;
}

/* TestConcurrentMapWrites */
static void concurrent_writes_succeed(struct kunit *test)
{
	struct crowd crowd = { .h = hk_map_u64(test), .n = 2000 };
	struct hk_thread threads[] = {
		{ write_round, &crowd }, { write_round, &crowd },
	};

	hk_run(test, threads, ARRAY_SIZE(threads), 300);
	hk_expect_all(test, crowd.h, 0, 2000);
}

/* TestConcurrentMapReadWrite */
static void concurrent_reads_and_writes_succeed(struct kunit *test)
{
	struct crowd crowd = { .h = hk_map_u64(test), .n = 2000 };
	struct hk_thread threads[] = {
		{ write_round, &crowd }, { read_round, &crowd },
		{ delete_round, &crowd }, { read_round, &crowd },
	};

	hk_run(test, threads, ARRAY_SIZE(threads), 300);
	HK_VERIFY(test, crowd.h);
}

/* TestConcurrentMapIterateWrite */
static void concurrent_iterations_and_writes_succeed(struct kunit *test)
{
	struct crowd crowd = { .h = hk_map_u64(test), .n = 2000 };
	struct hk_thread threads[] = {
		{ write_round, &crowd }, { iterate_round, &crowd },
		{ delete_round, &crowd }, { iterate_round, &crowd },
	};

	hk_run(test, threads, ARRAY_SIZE(threads), 300);
	HK_VERIFY(test, crowd.h);
}

/* Two keys more and one less at a time, then one less until none is left. */
static bool churn_and_drain(struct hk_thread *thread)
{
	struct crowd *crowd = thread->arg;
	u64 next = 0, oldest = 0, value;

	while (next - oldest < crowd->n) {
		value = hk_value(next);
		thread->errors += !!hmap_put(crowd->h, &next, &value,
					     HMAP_NOEXIST, GFP_KERNEL);
		next++;
		if (!(next % 2))
			thread->errors += !!hmap_delete(crowd->h, &oldest);
		oldest += !(next % 2);
	}
	for (; oldest < next; oldest++)
		thread->errors += !!hmap_delete(crowd->h, &oldest);
	WRITE_ONCE(crowd->done, true);
	return false;
}

static bool read_churn(struct hk_thread *thread)
{
	struct crowd *crowd = thread->arg;
	u64 key, value;
	u32 i;

	for (i = 0; i < 200; i++) {
		key = hk_below(&thread->rnd, 2 * crowd->n);
		if (!hmap_get(crowd->h, &key, &value) && value != hk_value(key))
			thread->errors++;
	}
	usleep_range(2000, 3000);
	return !READ_ONCE(crowd->done);
}

static bool iterate_churn(struct hk_thread *thread)
{
	struct crowd *crowd = thread->arg;

	iterate_round(thread);
	/* Or ten of them leave the writer no time at all on a machine of two. */
	usleep_range(20000, 30000);
	return !READ_ONCE(crowd->done);
}

/* test/stress/maps.go */
static void churn_with_many_readers(struct kunit *test)
{
	struct crowd crowd = { .h = hk_map_u64(test), .n = 10000 };
	struct hk_thread threads[11] = { { churn_and_drain, &crowd } };
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(threads); i++)
		threads[i] = (struct hk_thread){
			.fn = i % 2 ? read_churn : iterate_churn,
			.arg = &crowd,
		};
	hk_run(test, threads, ARRAY_SIZE(threads), 0);
	KUNIT_EXPECT_EQ(test, hmap_len(crowd.h), 0);
	HK_VERIFY(test, crowd.h);
}

static struct kunit_case go_concurrent_cases[] = {
	KUNIT_CASE_SLOW(many_read_after_each_insert),
	KUNIT_CASE_SLOW(concurrent_writes_succeed),
	KUNIT_CASE_SLOW(concurrent_reads_and_writes_succeed),
	KUNIT_CASE_SLOW(concurrent_iterations_and_writes_succeed),
	KUNIT_CASE_SLOW(churn_with_many_readers),
	{}
};

HK_SUITE(go_concurrent, go_concurrent_cases);
