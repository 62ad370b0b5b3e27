// SPDX-License-Identifier: GPL-2.0
/*
 * No operation pays for the table: what is done under a lock at a time, and what
 * never is. The kernel's own tracepoints tell when a lock is released and when
 * memory is allocated or freed.
 */
#include <linux/debug_locks.h>
#include <linux/lockdep.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

#include "hmap_kunit.h"

/* Units that may be evacuated by a put or delete, and in one hold of a lock. */
#define UNITS_OF_OPERATION	2
#define UNITS_OF_HOLD		64

/* Large enough for what is not bounded to show. */
#define MANY	100000

/**
 * struct watch - a map of one stripe, while something is done with it
 * @h: the map
 * @task: the task that does what the test is about
 * @what: is watched
 * @units: evacuated when the lock was last released
 * @own: units that @task has evacuated since this was set to 0
 * @most: most units that were evacuated in one hold of the lock
 * @holds: times that the lock has been released
 * @since: when @task began to take the lock
 * @held: how long @task held it the last time, in ns
 * @memory: times that @task has allocated or freed memory
 * @locked: as many with the lock held
 */
struct watch {
	struct hmap *h;
	struct task_struct *task;
	unsigned int what;
	long units;
	long own;
	long most;
	unsigned long holds;
	u64 since;
	u64 held;
	unsigned long memory;
	unsigned long locked;
};

static bool is_stripe(const struct watch *w, const struct lockdep_map *lock)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	return lock == &w->h->stripes[0].lock.dep_map;
#else
	return false;
#endif
}

static void on_lock_acquire(void *data, struct lockdep_map *lock,
			    unsigned int subclass, int trylock, int read,
			    int check, struct lockdep_map *next_lock,
			    unsigned long ip)
{
	struct watch *w = data;

	if (current == w->task && is_stripe(w, lock))
		w->since = ktime_get_mono_fast_ns();
}

/* Only the holder of the lock evacuates. */
static void on_lock_release(void *data, struct lockdep_map *lock,
			    unsigned long ip)
{
	struct watch *w = data;
	long units;

	if (!is_stripe(w, lock))
		return;
	units = hk_evacuated(w->h) - w->units;
	w->units += units;
	w->most = max(w->most, units);
	w->holds++;
	if (current != w->task)
		return;
	w->own += units;
	w->held = ktime_get_mono_fast_ns() - w->since;
}

static void on_memory(struct watch *w)
{
	if (current != w->task || !in_task())
		return;
	w->memory++;
	if (IS_ENABLED(CONFIG_LOCKDEP))
		w->locked += lockdep_is_held(&w->h->stripes[0].lock) ||
			     lockdep_is_held(&w->h->all);
}

static void on_kmalloc(void *data, unsigned long call_site, const void *ptr,
		       size_t bytes_req, size_t bytes_alloc, gfp_t gfp_flags,
		       int node)
{
	on_memory(data);
}

static void on_kmem_cache_alloc(void *data, unsigned long call_site,
				const void *ptr, struct kmem_cache *s,
				gfp_t gfp_flags, int node)
{
	on_memory(data);
}

static void on_mm_page_alloc(void *data, struct page *page, unsigned int order,
			     gfp_t gfp_flags, int migratetype)
{
	on_memory(data);
}

static void on_kfree(void *data, unsigned long call_site, const void *ptr)
{
	on_memory(data);
}

static void on_kmem_cache_free(void *data, unsigned long call_site,
			       const void *ptr, const struct kmem_cache *s)
{
	on_memory(data);
}

static void on_mm_page_free(void *data, struct page *page, unsigned int order)
{
	on_memory(data);
}

/* What to watch. */
enum {
	UNITS	= 1,
	TIME	= 2,
	MEMORY	= 4,
};

static struct probe {
	const char *name;
	void *fn;
	unsigned int what;
	struct tracepoint *tp;
} probes[] = {
	{ "lock_acquire", on_lock_acquire, TIME },
	{ "lock_release", on_lock_release, UNITS | TIME },
	{ "kmalloc", on_kmalloc, MEMORY },
	{ "kmem_cache_alloc", on_kmem_cache_alloc, MEMORY },
	{ "mm_page_alloc", on_mm_page_alloc, MEMORY },
	{ "kfree", on_kfree, MEMORY },
	{ "kmem_cache_free", on_kmem_cache_free, MEMORY },
	{ "mm_page_free", on_mm_page_free, MEMORY },
};

static void find_probe(struct tracepoint *tp, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
}

static void watch_stop(void *data)
{
	struct watch *w = data;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].what & w->what)
			tracepoint_probe_unregister(probes[i].tp, probes[i].fn,
						    w);
	tracepoint_synchronize_unregister();
}

static void watch_begin(struct kunit *test, struct watch *w, struct hmap *h,
			unsigned int what)
{
	unsigned int i;

	*w = (struct watch){ .h = h, .task = current, .what = what };
	w->units = hk_evacuated(h);
	for_each_kernel_tracepoint(find_probe, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!probes[i].tp)
			kunit_skip(test, "no tracepoint %s", probes[i].name);
	}
	/* It does so after the first complaint, of whatever else in the kernel. */
	if (what & MEMORY && !debug_locks)
		kunit_skip(test, "lockdep has switched itself off");
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].what & what)
			KUNIT_EXPECT_EQ(test,
					tracepoint_probe_register(probes[i].tp,
								  probes[i].fn,
								  w), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, watch_stop, w),
			0);
}

static void watch_end(struct kunit *test, struct watch *w)
{
	kunit_release_action(test, watch_stop, w);
}

/* ---- evacuation ---- */

/* Put all keys below @n. Returns the most units that one put has evacuated. */
static long put_all(struct kunit *test, struct watch *w, u64 n, gfp_t gfp)
{
	long most = 0;
	u64 key;

	for (key = 0; key < n; key++) {
		w->own = 0;
		KUNIT_ASSERT_EQ(test, hmap_put(w->h, &key, &key, HMAP_NOEXIST,
					       gfp), 0);
		most = max(most, w->own);
		cond_resched();
	}
	return most;
}

static long delete_all(struct kunit *test, struct watch *w, u64 n)
{
	long most = 0;
	u64 key;

	for (key = 0; key < n; key++) {
		w->own = 0;
		KUNIT_ASSERT_EQ(test, hmap_delete(w->h, &key), 0);
		most = max(most, w->own);
		cond_resched();
	}
	return most;
}

/* A map that grows and shrinks: no put and no delete evacuates more than @most units. */
static void expect_most(struct kunit *test, struct hmap *h, unsigned int most)
{
	struct watch w;

	h->params.flags = 0;
	watch_begin(test, &w, h, UNITS);
	KUNIT_EXPECT_EQ(test, put_all(test, &w, MANY / 2, GFP_KERNEL), most);
	KUNIT_EXPECT_LE(test, delete_all(test, &w, MANY / 2), most);
	watch_end(test, &w);
	KUNIT_EXPECT_LE(test, w.most, UNITS_OF_HOLD);
	KUNIT_EXPECT_GE(test, hk_evacuated(h), MANY / 2 / 13);
}

static void a_put_or_delete_evacuates_two_units_at_the_most(struct kunit *test)
{
	expect_most(test, hk_map_u64(test), 2);
}

/* Of an old array of more than 32 KiB only the stripe's next unit, and none is left. */
static void in_a_large_map_it_is_one_unit(struct kunit *test)
{
	expect_most(test, hk_map_hint(test, hmap_capacity(8)), 1);
}

/* Nor when the worker makes no large arrays, and chains become long. */
static void nor_without_the_worker(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct watch w;

	disable_delayed_work_sync(&h->work);
	watch_begin(test, &w, h, UNITS);
	KUNIT_EXPECT_EQ(test, put_all(test, &w, MANY / 10, GFP_ATOMIC), 2);
	KUNIT_EXPECT_LE(test, delete_all(test, &w, MANY / 10), 2);
	watch_end(test, &w);
	KUNIT_EXPECT_EQ(test, w.most, 2);
	enable_delayed_work(&h->work);
}

/* The keys are in few of the buckets: evacuation takes overflow buckets. */
static u64 hash_few(const void *key, u32 size, const siphash_key_t *hash0)
{
	return siphash(key, size, hash0) & ~0xff0ULL;
}

static void nor_with_long_chains(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hash_few, 0);
	struct watch w;

	watch_begin(test, &w, h, UNITS);
	KUNIT_EXPECT_EQ(test, put_all(test, &w, MANY / 20, GFP_KERNEL), 2);
	KUNIT_EXPECT_LE(test, delete_all(test, &w, MANY / 20), 2);
	watch_end(test, &w);
	/* The worker's, where it comes to evacuate something. */
	KUNIT_EXPECT_LE(test, w.most, UNITS_OF_HOLD);
}

static void reserve_lets_others_in(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct watch w;

	hk_put_range(test, h, 0, MANY / 4);
	watch_begin(test, &w, h, UNITS);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, MANY), 0);
	watch_end(test, &w);
	/* From 2^12 buckets, two doublings at once. */
	KUNIT_EXPECT_EQ(test, w.own, 4096);
	KUNIT_EXPECT_LE(test, w.most, UNITS_OF_HOLD);
	HK_VERIFY(test, h);
}

static void the_worker_lets_others_in(struct kunit *test)
{
	const u64 n = 13 << 10;
	struct hmap *h = hk_map_hint(test, n);
	struct watch w;

	hk_put_range(test, h, 0, n + 1);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	watch_begin(test, &w, h, UNITS);
	/* It looks whether a writer drives the resize, then does it. */
	flush_delayed_work(&h->work);
	flush_delayed_work(&h->work);
	watch_end(test, &w);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	KUNIT_EXPECT_EQ(test, w.own, 0);
	KUNIT_EXPECT_GT(test, w.most, UNITS_OF_OPERATION);
	KUNIT_EXPECT_LE(test, w.most, UNITS_OF_HOLD);
	HK_VERIFY(test, h);
}

/* ---- what does not depend on the number of elements ---- */

/* How long clear holds the lock of a map of such a size: the shortest of some. */
static u64 time_of_clear(struct kunit *test, unsigned long hint)
{
	struct hmap *h = hk_map_hint(test, hint);
	u64 best = U64_MAX;
	struct watch w;
	unsigned int i;

	for (i = 0; i < 6; i++) {
		hk_put_range(test, h, 0, 10);
		watch_begin(test, &w, h, TIME);
		KUNIT_ASSERT_EQ(test, hmap_clear(h), 0);
		watch_end(test, &w);
		best = min(best, w.held);
	}
	hk_map_destroy(test, h);
	return best;
}

/* To touch each of 2^14 buckets would take a hundred times as long. */
static void clear_locks_a_large_map_no_longer_than_a_small_one(struct kunit *test)
{
	u64 small = time_of_clear(test, 10);
	u64 large = time_of_clear(test, MANY);

	KUNIT_EXPECT_LE(test, large, 10 * small);
}

static void destroy_takes_no_lock(struct kunit *test)
{
	const struct hmap_params params = { .key_size = 8, .value_size = 8 };
	static struct hmap h; /* work has to say so if it is on a stack */
	struct watch w;

	KUNIT_ASSERT_EQ(test, hmap_init(&h, &params), 0);
	hk_put_range(test, &h, 0, 2000);
	watch_begin(test, &w, &h, UNITS);
	hmap_destroy(&h);
	watch_end(test, &w);
	KUNIT_EXPECT_EQ(test, w.holds, 0);
}

static void a_step_of_a_scan_passes_a_bounded_number_of_buckets(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, MANY);
	u64 *keys = hk_alloc(test, 1000, sizeof(*keys));
	struct hmap_cursor cursor = {};
	unsigned int steps = 0;

	/* Also if they are all empty. */
	for (; !hmap_cursor_done(&cursor); steps++)
		hmap_scan(h, &cursor, keys, NULL, 1000);
	KUNIT_EXPECT_GE(test, steps, hmap_nbuckets(hk_array(h)) / 64);
}

/* ---- memory ---- */

static int fill_value(void *value, bool exists, void *size)
{
	memset(value, 3, *(u32 *)size);
	return 0;
}

/* Everything that may need memory or give it back. */
static void use_memory(struct kunit *test, struct hmap *h, gfp_t gfp)
{
	u64 key[25] = {};
	u8 *value = hk_alloc(test, 1, 300);

	for (key[0] = 0; key[0] < 400; key[0]++) {
		KUNIT_EXPECT_EQ(test, hmap_put(h, key, value, HMAP_ANY, gfp),
				0);
		KUNIT_EXPECT_EQ(test, hmap_put(h, key, value, HMAP_ANY, gfp),
				0);
		KUNIT_EXPECT_EQ(test, hmap_update(h, key, fill_value,
						  &h->params.value_size,
						  HMAP_ANY, gfp), 0);
	}
	for (key[0] = 0; key[0] < 200; key[0]++)
		KUNIT_EXPECT_EQ(test, hmap_pop(h, key, value), 0);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 3000), 0);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
}

static void nothing_is_allocated_or_freed_under_a_lock(struct kunit *test)
{
	struct hmap *in_line = hk_map_sized(test, 200, 100);
	struct hmap *out_of_line = hk_map_sized(test, 200, 300);
	struct watch w;

	watch_begin(test, &w, in_line, MEMORY);
	use_memory(test, in_line, GFP_KERNEL);
	use_memory(test, in_line, GFP_ATOMIC);
	watch_end(test, &w);
	KUNIT_EXPECT_GT(test, w.memory, 1000);
	KUNIT_EXPECT_EQ(test, w.locked, 0);
	watch_begin(test, &w, out_of_line, MEMORY);
	use_memory(test, out_of_line, GFP_KERNEL);
	use_memory(test, out_of_line, GFP_ATOMIC);
	watch_end(test, &w);
	KUNIT_EXPECT_GT(test, w.memory, 1000);
	KUNIT_EXPECT_EQ(test, w.locked, 0);
}

static void what_is_allocated_under_a_lock_is_noticed(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct watch w;
	void *p;

	watch_begin(test, &w, h, MEMORY);
	spin_lock_bh(&h->stripes[0].lock);
	p = kmalloc(10, GFP_ATOMIC);
	spin_unlock_bh(&h->stripes[0].lock);
	kfree(p);
	watch_end(test, &w);
	KUNIT_EXPECT_GE(test, w.locked, 1);
}

static struct kunit_case bound_cases[] = {
	KUNIT_CASE_SLOW(a_put_or_delete_evacuates_two_units_at_the_most),
	KUNIT_CASE_SLOW(in_a_large_map_it_is_one_unit),
	KUNIT_CASE(nor_without_the_worker),
	KUNIT_CASE(nor_with_long_chains),
	KUNIT_CASE_SLOW(reserve_lets_others_in),
	KUNIT_CASE(the_worker_lets_others_in),
	KUNIT_CASE_SLOW(clear_locks_a_large_map_no_longer_than_a_small_one),
	KUNIT_CASE(destroy_takes_no_lock),
	KUNIT_CASE(a_step_of_a_scan_passes_a_bounded_number_of_buckets),
	KUNIT_CASE_SLOW(nothing_is_allocated_or_freed_under_a_lock),
	KUNIT_CASE(what_is_allocated_under_a_lock_is_noticed),
	{}
};

HK_SUITE(bound, bound_cases);
