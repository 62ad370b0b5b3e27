// SPDX-License-Identifier: GPL-2.0
/*
 * What is done while a lock is held, counted in elements and bytes; which locks a call
 * takes; and what it frees. bound_kunit.c counts units.
 *
 * The hash function of most maps here counts its calls. The kernel's own tracepoints
 * tell when a lock is taken and released, and when memory is freed.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

#include "hmap_kunit.h"

/* Elements of a hold, without the unit with which the bound is reached. */
#define ELEMENTS_OF_HOLD	(HMAP_HOLD_BYTES / HMAP_HOLD_MIN)

/*
 * Hashes that are calculated in a hold. Evacuation to several chains may look at an
 * element twice; the last unit may have a chain of the greatest length.
 */
#define HASHES_OF_HOLD	(2 * (ELEMENTS_OF_HOLD + HMAP_MAX_CHAIN * HMAP_BUCKET_CNT))

/* What a put or delete may free: a small array, and a page or two of slabs. */
#define BYTES_OF_PUT	(SZ_32K + SZ_16K)

/* Calls of the hash functions below. */
static atomic_long_t hashes;

/* Calls of equal_counted(). */
static long compared;

/**
 * struct hold - a map, while something is done with it
 * @h: the map
 * @task: does what the test is about
 * @before: hashes when a stripe was last taken
 * @most: most hashes in one hold of a stripe
 * @holds: holds of a stripe
 * @stripes: stripes that @task has taken
 * @all_locks: times that @task has taken the lock of all stripes
 * @since: when a stripe was last taken
 * @held: how long it was held, in ns
 * @longest: the longest hold so far
 * @reading: read-side critical sections of RCU that @task is in
 * @compared: comparisons before the outermost
 * @most_compared: most comparisons in one
 * @freed: bytes that @task has freed
 * @allocated: pages that it has allocated, in bytes
 */
struct hold {
	struct hmap *h;
	struct task_struct *task;
	long before;
	long most;
	unsigned long holds;
	unsigned long stripes;
	unsigned long all_locks;
	u64 since;
	u64 held;
	u64 longest;
	unsigned int reading;
	long compared;
	long most_compared;
	size_t freed;
	size_t allocated;
};

static bool is_stripe(const struct hold *w, const void *lock)
{
	const void *begin = w->h->stripes;

	return lock >= begin && lock < begin + w->h->params.stripes *
						sizeof(*w->h->stripes);
}

static bool is_all(const struct hold *w, const void *lock)
{
	const void *all = &w->h->all;

	return lock >= all && lock < all + sizeof(w->h->all);
}

/* Without lockdep there is neither this map nor the tracepoint that names it. */
static bool is_rcu(const void *lock)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	return lock == &rcu_lock_map;
#else
	return false;
#endif
}

static void on_lock_acquire(void *data, struct lockdep_map *lock,
			    unsigned int subclass, int trylock, int read,
			    int check, struct lockdep_map *next_lock,
			    unsigned long ip)
{
	struct hold *w = data;

	if (current == w->task && is_all(w, lock))
		w->all_locks++;
	if (current == w->task && is_rcu(lock) && !w->reading++)
		w->compared = compared;
	if (!is_stripe(w, lock))
		return;
	if (current == w->task)
		w->stripes++;
	w->before = atomic_long_read(&hashes);
	w->since = ktime_get_mono_fast_ns();
}

static void on_lock_release(void *data, struct lockdep_map *lock,
			    unsigned long ip)
{
	struct hold *w = data;

	if (current == w->task && is_rcu(lock) && !--w->reading)
		w->most_compared = max(w->most_compared, compared - w->compared);
	if (!is_stripe(w, lock))
		return;
	w->held = ktime_get_mono_fast_ns() - w->since;
	w->longest = max(w->longest, w->held);
	w->most = max(w->most, atomic_long_read(&hashes) - w->before);
	w->holds++;
}

/* What is larger comes to on_mm_page_free(). */
static void on_kfree(void *data, unsigned long call_site, const void *ptr)
{
	struct hold *w = data;
	size_t size;

	if (current != w->task || !in_task() || ZERO_OR_NULL_PTR(ptr))
		return;
	size = ksize(ptr);
	if (size <= KMALLOC_MAX_CACHE_SIZE)
		w->freed += size;
}

static void on_mm_page_free(void *data, struct page *page, unsigned int order)
{
	struct hold *w = data;

	if (current == w->task && in_task())
		w->freed += PAGE_SIZE << order;
}

static void on_mm_page_alloc(void *data, struct page *page, unsigned int order,
			     gfp_t gfp_flags, int migratetype)
{
	struct hold *w = data;

	if (current == w->task && in_task())
		w->allocated += PAGE_SIZE << order;
}

static struct probe {
	const char *name;
	void *fn;
	struct tracepoint *tp;
} probes[] = {
	{ "lock_acquire", on_lock_acquire },
	{ "lock_release", on_lock_release },
	{ "kfree", on_kfree },
	{ "mm_page_free", on_mm_page_free },
	{ "mm_page_alloc", on_mm_page_alloc },
};

static void find_probe(struct tracepoint *tp, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
}

static void hold_stop(void *data)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		tracepoint_probe_unregister(probes[i].tp, probes[i].fn, data);
	tracepoint_synchronize_unregister();
}

static void hold_begin(struct kunit *test, struct hold *w, struct hmap *h)
{
	unsigned int i;

	*w = (struct hold){ .h = h, .task = current };
	for_each_kernel_tracepoint(find_probe, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!probes[i].tp)
			kunit_skip(test, "no tracepoint %s", probes[i].name);
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		KUNIT_EXPECT_EQ(test, tracepoint_probe_register(probes[i].tp,
								probes[i].fn, w),
				0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, hold_stop, w), 0);
}

static void hold_end(struct kunit *test, struct hold *w)
{
	kunit_release_action(test, hold_stop, w);
	kunit_info(test, "%lu holds, the longest of %llu us, %ld hashes at the most",
		   w->holds, div_u64(w->longest, NSEC_PER_USEC), w->most);
}

/* ---- hash functions that count ---- */

static u64 hash_counted(const void *key, u32 size, const siphash_key_t *hash0)
{
	atomic_long_inc(&hashes);
	return siphash(key, size, hash0);
}

static u64 number(const void *key)
{
	u64 n;

	memcpy(&n, key, sizeof(n));
	return n;
}

/* 64 chains that stand one beside the other, for what goes in the order of buckets. */
static u64 hash_low(const void *key, u32 size, const siphash_key_t *hash0)
{
	u64 n = number(key);

	atomic_long_inc(&hashes);
	return (n & 63) | (random_mix(n) >> 32 << 32);
}

/* The same for what goes in the order of hashes, of a map of 2^12 buckets. */
static u64 hash_high(const void *key, u32 size, const siphash_key_t *hash0)
{
	u64 n = number(key);

	atomic_long_inc(&hashes);
	return (n & 63) << 6 | (random_mix(n) >> 32 << 32);
}

/* 2^12 buckets, of which 64 have chains of 32 buckets each. */
#define CLUSTER_B	12
#define CLUSTER_N	(64 * 32 * HMAP_BUCKET_CNT)

static struct hmap *clustered_map(struct kunit *test, hmap_hashfn_t hashfn)
{
	const struct hmap_params params = {
		.key_size = sizeof(u64), .value_size = sizeof(u64),
		.hashfn = hashfn, .hint = hmap_capacity(CLUSTER_B),
	};
	struct hmap *h = hk_map(test, &params);

	hk_put_range(test, h, 0, CLUSTER_N);
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, CLUSTER_B);
	KUNIT_ASSERT_EQ(test, hk_array(h)->longest_chain, 32);
	return h;
}

/* ---- evacuation ---- */

static void reserve_moves_a_bounded_number_of_elements(struct kunit *test)
{
	struct hmap *h = clustered_map(test, hash_low);
	struct hold w;

	hold_begin(test, &w, h);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 2 * hmap_capacity(CLUSTER_B)), 0);
	hold_end(test, &w);
	KUNIT_EXPECT_GT(test, w.most, ELEMENTS_OF_HOLD / 2);
	KUNIT_EXPECT_LE(test, w.most, HASHES_OF_HOLD);
	hk_expect_all(test, h, 0, CLUSTER_N);
}

static void shrink_moves_a_bounded_number_of_elements(struct kunit *test)
{
	struct hmap *h = clustered_map(test, hash_low);
	struct hold w;

	KUNIT_ASSERT_EQ(test, hmap_reserve(h, 2 * hmap_capacity(CLUSTER_B)), 0);
	hold_begin(test, &w, h);
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	hold_end(test, &w);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, CLUSTER_B);
	KUNIT_EXPECT_LE(test, w.most, HASHES_OF_HOLD);
	/* Nothing is hashed for it; as many holds as there have to be. */
	KUNIT_EXPECT_GE(test, w.holds, CLUSTER_N / (2 * ELEMENTS_OF_HOLD));
	hk_expect_all(test, h, 0, CLUSTER_N);
}

static void the_worker_moves_a_bounded_number_of_elements(struct kunit *test)
{
	struct hmap *h = clustered_map(test, hash_low);
	u64 n = hmap_capacity(CLUSTER_B) + 1;
	struct hold w;

	hk_put_range(test, h, CLUSTER_N, n);
	hold_begin(test, &w, h);
	flush_delayed_work(&h->work);
	flush_delayed_work(&h->work);
	hold_end(test, &w);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, CLUSTER_B + 1);
	KUNIT_EXPECT_LE(test, w.most, HASHES_OF_HOLD);
	hk_expect_all(test, h, 0, n);
}

/* A put of its own unit and of the next one: two chains. */
static void a_put_moves_no_more_than_two_chains(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .hashfn = hash_low,
	};
	struct hmap *h = hk_map(test, &params);
	struct hold w;
	u64 key;

	hold_begin(test, &w, h);
	for (key = 0; key < CLUSTER_N; key++) {
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, &key, HMAP_ANY,
					       GFP_ATOMIC), 0);
		cond_resched();
	}
	hold_end(test, &w);
	KUNIT_EXPECT_LE(test, w.most,
			2 * 2 * HMAP_MAX_CHAIN * HMAP_BUCKET_CNT);
}

static void long_keys_are_not_hashed_again(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = HMAP_MAX_KEY_SIZE, .value_size = 8,
		.hashfn = hash_counted, .hint = 1000,
	};
	struct hmap *h = hk_map(test, &params);
	u64 *key = hk_alloc(test, 1, HMAP_MAX_KEY_SIZE);
	struct hold w;

	for (*key = 0; *key < 1000; ++*key)
		KUNIT_ASSERT_EQ(test, hmap_put(h, key, key, HMAP_ANY, GFP_KERNEL),
				0);
	hold_begin(test, &w, h);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 10000), 0);
	hold_end(test, &w);
	KUNIT_EXPECT_EQ(test, w.most, 0);
	HK_VERIFY(test, h);
}

/* ---- walks ---- */

/* Each element once, and every hold bounded. */
static void scan_all(struct kunit *test, struct hmap *h, u32 capacity)
{
	struct hk_scan scan = { .capacity = capacity, .limit = CLUSTER_N };
	struct hold w;

	hold_begin(test, &w, h);
	hk_scan(test, h, &scan);
	hold_end(test, &w);
	KUNIT_EXPECT_LE(test, w.most, HASHES_OF_HOLD);
	hk_expect_times(test, &scan, 0, CLUSTER_N, 1);
}

static void a_scan_looks_at_a_bounded_number_of_elements(struct kunit *test)
{
	struct hmap *h = clustered_map(test, hash_high);

	scan_all(test, h, 1000);
	scan_all(test, h, 10);
}

static void verify_looks_at_a_bounded_number_of_elements(struct kunit *test)
{
	struct hmap *h = clustered_map(test, hash_low);
	struct hold w;

	hold_begin(test, &w, h);
	KUNIT_EXPECT_EQ(test, hmap_verify(h), 0);
	hold_end(test, &w);
	KUNIT_EXPECT_LE(test, w.most, HASHES_OF_HOLD);
}

/* It hashes nothing: 2,048 of the buckets are in 64 units that follow each other. */
static void layout_looks_at_a_bounded_number_of_buckets(struct kunit *test)
{
	struct hmap *h = clustered_map(test, hash_high);
	struct hmap_layout layout;
	struct hold w;

	hold_begin(test, &w, h);
	layout = hk_layout(test, h);
	hold_end(test, &w);
	KUNIT_EXPECT_EQ(test, layout.buckets, (1 << CLUSTER_B) + 64 * 31);
	KUNIT_EXPECT_GE(test, w.holds, (1 << CLUSTER_B) / HMAP_HOLD_UNITS +
				       64 * 32 / ELEMENTS_OF_HOLD - 2);
}

/* Copies of keys and values, too. Nothing is lost. */
static void a_scan_copies_a_bounded_number_of_bytes(struct kunit *test)
{
	static const struct hmap_params params[] = {
		{ .key_size = 8, .value_size = HMAP_MAX_VALUE_SIZE },
		{ .key_size = 4096, .value_size = 8 },
		{ .key_size = 8, .value_size = 1000 },
	};
	u8 *keys = hk_alloc(test, 32, 4096), *value = hk_alloc(test, 1, 65536);
	struct hmap_cursor cursor;
	unsigned int i, n, most, total;
	struct hmap *h;
	u64 key;

	for (i = 0; i < ARRAY_SIZE(params); i++) {
		h = hk_map(test, &params[i]);
		most = max(HMAP_HOLD_BYTES / (params[i].key_size +
					      params[i].value_size), 1U);
		for (key = 0; key < 100; key++) {
			memcpy(keys, &key, sizeof(key));
			KUNIT_ASSERT_EQ(test, hmap_put(h, keys, value, HMAP_ANY,
						       GFP_KERNEL), 0);
		}
		cursor = (struct hmap_cursor){};
		for (total = 0; !hmap_cursor_done(&cursor); total += n) {
			n = hmap_scan(h, &cursor, NULL, NULL, 1000);
			KUNIT_ASSERT_LE(test, n, most);
		}
		KUNIT_EXPECT_EQ(test, total, 100);
		hk_map_destroy(test, h);
	}
}

/* An iteration over a map in which there is nothing comes back nevertheless. */
static void an_empty_map_is_iterated_in_parts(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, 100000);
	struct hmap_iter iter;
	unsigned int call_locks = 0;
	u64 key;

	hmap_iter_init(&iter);
	while (!hmap_iter_done(&iter)) {
		KUNIT_ASSERT_EQ(test, hmap_iter_next(h, &iter, &key, NULL, 1), 0);
		KUNIT_ASSERT_LT(test, call_locks++, 1000000);
	}
	KUNIT_EXPECT_GE(test, call_locks, hmap_nbuckets(hk_array(h)) / HMAP_HOLD_UNITS);
}

/* ---- the end of a resize ---- */

/* Elements of 256 bytes: a bucket of 2 KiB, blocks of 8 buckets. */
static int put_fat(struct hmap *h, u64 n)
{
	u64 key[16] = { n }, value[16] = { n };

	return hmap_put(h, key, value, HMAP_ANY, GFP_ATOMIC);
}

/* Eight times the load, then the array for it, to which nothing has been moved. */
static struct hmap *map_of_many_blocks(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 128, .value_size = 128, .hint = hmap_capacity(10),
	};
	struct hmap *h = hk_map(test, &params);
	u64 n;

	/* The arrays that would be needed are too large for a put. */
	disable_delayed_work_sync(&h->work);
	for (n = 0; n < hmap_capacity(13); n++) {
		KUNIT_ASSERT_EQ(test, put_fat(h, n), 0);
		cond_resched();
	}
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 10);
	hk_only_publish(test, h);
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 13);
	return h;
}

/* Puts of what is there. A delete does not bring the overflow buckets along. */
static void finish_growth(struct hmap *h)
{
	u64 n;

	for (n = 0; hk_growing(h) && n < hmap_capacity(13); n++)
		put_fat(h, n);
}

/* What an array takes is one number, whatever it consists of. */
static void a_resize_ends_without_a_look_at_blocks(struct kunit *test)
{
	struct hmap *h = map_of_many_blocks(test);
	struct hmap_array *old;
	size_t bytes, waiting;
	u32 blocks = 0;
	struct hold w;

	hk_wait_memory(test, h);
	rcu_read_lock();
	old = hmap_old(hk_array(h));
	if (old) {
		blocks = old->extra.overflow.nr_blocks;
		bytes = old->bytes;
	}
	rcu_read_unlock();
	KUNIT_ASSERT_GT(test, blocks, 500);
	KUNIT_EXPECT_EQ(test, hk_memory(h), bytes + hk_array(h)->bytes);
	hold_begin(test, &w, h);
	rcu_read_lock();
	finish_growth(h);
	waiting = hk_waiting(h);
	rcu_read_unlock();
	hold_end(test, &w);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	KUNIT_EXPECT_EQ(test, waiting, bytes);
	kunit_info(test, "the last hold: %llu us", div_u64(w.held, NSEC_PER_USEC));
	enable_delayed_work(&h->work);
	hk_wait_memory(test, h);
	KUNIT_EXPECT_EQ(test, hk_memory(h), hk_array(h)->bytes);
}

/* ---- what a put frees ---- */

static DEFINE_SPINLOCK(mine);

/*
 * Under a lock of the caller's own. To make an array takes a power of two of pages, of
 * which those that are too many are free again at once.
 */
static void put_atomic(struct kunit *test, struct hmap *h, u64 from, u64 to)
{
	struct hold w;
	size_t most = 0;
	int err = 0;

	hold_begin(test, &w, h);
	for (; !err && from < to; from++) {
		w.freed = 0;
		w.allocated = 0;
		spin_lock(&mine);
		err = hmap_put(h, &from, &from, HMAP_ANY, GFP_ATOMIC);
		spin_unlock(&mine);
		most = max(most, w.freed - min(w.freed, w.allocated / 2));
		cond_resched();
	}
	hold_end(test, &w);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_LE(test, most, BYTES_OF_PUT);
}

/* The array that was made too early, or by another one. */
static void no_put_frees_a_large_array(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, hmap_capacity(10));
	u64 n = hmap_capacity(10) - hmap_capacity(10) / 256;

	hk_put_range(test, h, 0, n);
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, hmap_capacity(11)), 0);
	put_atomic(test, h, n, hmap_capacity(11) + 10);
	flush_delayed_work(&h->work);
	put_atomic(test, h, hmap_capacity(11) + 10, hmap_capacity(12) + 10);
	HK_VERIFY(test, h);
}

/* Nor in a burst, in which puts make arrays. */
static void no_put_of_a_burst_frees_a_large_array(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	disable_delayed_work_sync(&h->work);
	put_atomic(test, h, 0, 50000);
	enable_delayed_work(&h->work);
	KUNIT_EXPECT_GT(test, hk_array(h)->B, 10);
	HK_VERIFY(test, h);
}

/* ---- which locks ---- */

static struct hmap *striped_map(struct kunit *test, unsigned long max_entries)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .stripes = 64, .hint = 1000,
		.max_entries = max_entries,
	};
	struct hmap *h = hk_map(test, &params);

	hk_put_range(test, h, 0, 1000);
	KUNIT_ASSERT_EQ(test, hk_array(h)->mask, 63);
	return h;
}

static void statistics_take_no_lock(struct kunit *test)
{
	struct hmap *h = striped_map(test, 0);
	struct hmap_stats stats;
	struct hold w;

	hold_begin(test, &w, h);
	hmap_get_stats(h, &stats);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 1000);
	hold_end(test, &w);
	KUNIT_EXPECT_EQ(test, stats.count, 1000);
	KUNIT_EXPECT_EQ(test, w.stripes, 0);
	KUNIT_EXPECT_EQ(test, w.all_locks, 0);
}

static void a_refused_insert_takes_one_stripe(struct kunit *test)
{
	struct hmap *h = striped_map(test, 1000);
	struct hold w;
	u64 key;

	hold_begin(test, &w, h);
	for (key = 1000; key < 1100; key++)
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, &key, HMAP_ANY,
					       GFP_KERNEL), -ENOSPC);
	hold_end(test, &w);
	KUNIT_EXPECT_EQ(test, w.stripes, 100);
	KUNIT_EXPECT_EQ(test, w.all_locks, 0);
}

static void a_delete_that_empties_takes_one_stripe(struct kunit *test)
{
	struct hmap *h = striped_map(test, 0);
	struct hold w;
	u64 key;

	hold_begin(test, &w, h);
	for (key = 0; key < 1000; key++)
		KUNIT_ASSERT_EQ(test, hmap_delete(h, &key), 0);
	hold_end(test, &w);
	KUNIT_EXPECT_EQ(test, w.stripes, 1000);
	KUNIT_EXPECT_EQ(test, w.all_locks, 0);
}

/* What all operations read is not in the lines that some of them write. */
static void what_is_written_stands_apart(struct kunit *test)
{
	const size_t line = SMP_CACHE_BYTES;

	if (!IS_ENABLED(CONFIG_SMP))
		kunit_skip(test, "one processor");
	KUNIT_EXPECT_EQ(test, sizeof(struct hmap_stripe) % line, 0);
	KUNIT_EXPECT_GE(test, sizeof(struct hmap_progress), line);
	/* Of an array: the first line; the blocks; what appending writes. */
	KUNIT_EXPECT_GE(test, offsetof(struct hmap_array, extra), line - 4);
	KUNIT_EXPECT_GE(test, offsetof(struct hmap_array, remaining), line);
	KUNIT_EXPECT_GE(test, offsetof(struct hmap_array, lock),
			offsetof(struct hmap_array, extra.overflow.nr));
	/* Of a map. */
	KUNIT_EXPECT_NE(test, offsetof(struct hmap, count) / line,
			offsetof(struct hmap, params) / line);
	KUNIT_EXPECT_GE(test, offsetof(struct hmap, count),
			offsetof(struct hmap, wait));
}

/* ---- lookups ---- */

static long hashes_of_get(struct hmap *h, u64 n, void *value)
{
	static u64 key[25];
	long before = atomic_long_read(&hashes);

	key[0] = n;
	hmap_get(h, key, value);
	return atomic_long_read(&hashes) - before;
}

static void a_lookup_hashes_once(struct kunit *test)
{
	static const struct hmap_params params[] = {
		{ .key_size = 8, .value_size = 8, .hashfn = hash_counted },
		{ .key_size = 200, .value_size = 8, .hashfn = hash_counted },
		{ .key_size = 8, .value_size = 200, .hashfn = hash_counted },
	};
	u64 key[25] = {}, value[25] = {};
	struct hmap *h;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(params); i++) {
		h = hk_map(test, &params[i]);
		for (key[0] = 0; key[0] < 100; key[0]++)
			KUNIT_ASSERT_EQ(test, hmap_put(h, key, value, HMAP_ANY,
						       GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, hashes_of_get(h, 5, value), 1);
		KUNIT_EXPECT_EQ(test, hashes_of_get(h, 5, NULL), 1);
		KUNIT_EXPECT_EQ(test, hashes_of_get(h, 500, value), 1);
		hk_map_destroy(test, h);
	}
}

static bool equal_counted(const void *a, const void *b, u32 key_size)
{
	compared++;
	return !memcmp(a, b, key_size);
}

/*
 * All keys are in one chain, which is as long as a chain may be, and look alike. Its
 * first bucket is looked into twice.
 */
static void a_batch_of_lookups_is_made_in_parts(struct kunit *test)
{
	const unsigned int n = HMAP_MAX_CHAIN * HMAP_BUCKET_CNT, batch = 256;
	const unsigned int each = n + HMAP_BUCKET_CNT;
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .hashfn = hk_hash_constant,
		.equalfn = equal_counted, .hint = n,
	};
	struct hmap *h = hk_map(test, &params);
	u64 *keys = hk_alloc(test, batch, sizeof(*keys));
	DECLARE_BITMAP(found, 256);
	unsigned int i;
	struct hold w;

	hk_put_range(test, h, 0, n);
	for (i = 0; i < batch; i++)
		keys[i] = n + i;
	compared = 0;
	hold_begin(test, &w, h);
	/* The probes come one after the other: one may have seen what another has not. */
	w.reading = 0;
	KUNIT_EXPECT_EQ(test, hmap_get_batch(h, keys, batch, NULL, found), 0);
	hold_end(test, &w);
	KUNIT_EXPECT_EQ(test, compared, batch * each);
	KUNIT_EXPECT_GE(test, w.most_compared, each);
	KUNIT_EXPECT_LE(test, w.most_compared, HMAP_BATCH_KEYS * each);
}

/* ---- the end of a map ---- */

static bool slow;

static u64 hash_slow(const void *key, u32 size, const siphash_key_t *hash0)
{
	if (READ_ONCE(slow))
		udelay(9);
	return hash_counted(key, size, hash0);
}

/* The worker is in the middle of a resize that would take a quarter of a second. */
static void destroy_does_not_wait_for_a_resize(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .hint = hmap_capacity(12),
		.hashfn = hash_slow,
	};
	static struct hmap h; /* work has to say so if it is on a stack */
	unsigned int ms;
	long before;

	KUNIT_ASSERT_EQ(test, hmap_init(&h, &params), 0);
	hk_put_range(test, &h, 0, hmap_capacity(12));
	flush_delayed_work(&h.work);
	hk_put_range(test, &h, hmap_capacity(12), hmap_capacity(12) + 2);
	before = hk_evacuated(&h);
	WRITE_ONCE(slow, true);
	for (ms = 0; ms < 20000 && hk_evacuated(&h) < before + 2; ms++)
		usleep_range(1000, 2000);
	before = atomic_long_read(&hashes);
	hmap_destroy(&h);
	KUNIT_EXPECT_LE(test, atomic_long_read(&hashes) - before,
			2 * HASHES_OF_HOLD);
	WRITE_ONCE(slow, false);
}

static struct kunit_case hold_cases[] = {
	KUNIT_CASE_SLOW(reserve_moves_a_bounded_number_of_elements),
	KUNIT_CASE_SLOW(shrink_moves_a_bounded_number_of_elements),
	KUNIT_CASE_SLOW(the_worker_moves_a_bounded_number_of_elements),
	KUNIT_CASE_SLOW(a_put_moves_no_more_than_two_chains),
	KUNIT_CASE(long_keys_are_not_hashed_again),
	KUNIT_CASE_SLOW(a_scan_looks_at_a_bounded_number_of_elements),
	KUNIT_CASE_SLOW(verify_looks_at_a_bounded_number_of_elements),
	KUNIT_CASE_SLOW(layout_looks_at_a_bounded_number_of_buckets),
	KUNIT_CASE(a_scan_copies_a_bounded_number_of_bytes),
	KUNIT_CASE(an_empty_map_is_iterated_in_parts),
	KUNIT_CASE_SLOW(a_resize_ends_without_a_look_at_blocks),
	KUNIT_CASE_SLOW(no_put_frees_a_large_array),
	KUNIT_CASE_SLOW(no_put_of_a_burst_frees_a_large_array),
	KUNIT_CASE(statistics_take_no_lock),
	KUNIT_CASE(a_refused_insert_takes_one_stripe),
	KUNIT_CASE(a_delete_that_empties_takes_one_stripe),
	KUNIT_CASE(what_is_written_stands_apart),
	KUNIT_CASE(a_lookup_hashes_once),
	KUNIT_CASE(a_batch_of_lookups_is_made_in_parts),
	KUNIT_CASE_SLOW(destroy_does_not_wait_for_a_resize),
	{}
};

HK_SUITE(hold, hold_cases);
