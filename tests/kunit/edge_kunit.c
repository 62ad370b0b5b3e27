// SPDX-License-Identifier: GPL-2.0
/*
 * Growth at its edges: requests against the worker and against each other, callers
 * that may not wait, bursts that the worker cannot follow, and maps that come to
 * their size by themselves.
 */
#include <linux/completion.h>
#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>

#include "hmap_kunit.h"

/* How long the worker may take for what it has to do, on a machine with other work. */
#define PATIENCE_MS	20000

/*
 * Elements of 128 + 128 bytes, 2,064 bytes for a bucket: beyond 2^10 buckets an array
 * is larger than what a put makes, whatever the load.
 */
struct wide {
	u64 n;
	u64 pad[15];
};

#define WIDE_B	10

static struct hmap *wide_map(struct kunit *test, unsigned long hint)
{
	const struct hmap_params params = {
		.key_size = sizeof(struct wide),
		.value_size = sizeof(struct wide), .hint = hint,
	};

	return hk_map(test, &params);
}

static int put_wide(struct hmap *h, u64 key, gfp_t gfp)
{
	struct wide wide = { .n = key }, value = { .n = hk_value(key) };

	return hmap_put(h, &wide, &value, HMAP_ANY, gfp);
}

static void put_wide_range(struct kunit *test, struct hmap *h, u64 from, u64 to)
{
	for (; from < to; from++) {
		KUNIT_ASSERT_EQ(test, put_wide(h, from, GFP_ATOMIC), 0);
		cond_resched();
	}
}

static long shrinks(struct hmap *h)
{
	return atomic_long_read(&h->shrinks);
}

static long resizes(struct hmap *h)
{
	return hk_grows(h) + hk_same_size_grows(h) + shrinks(h);
}

/* The least B whose capacity @count does not exceed. */
static u8 least_B(u64 count)
{
	u8 B = 0;

	while (hmap_over_load(count, B))
		B++;
	return B;
}

static void call_worker(struct hmap *h)
{
	mod_delayed_work(system_wq, &h->work, 0);
}

/* ---- explicit requests ---- */

/**
 * struct contest - threads that want different things of a map
 * @h: the map
 * @n: what is reserved
 * @keys: keys from 0 on are in the map, to be deleted
 * @begun: resizes there were before
 * @peak: the most memory that was seen
 * @left: threads that have not ended
 */
struct contest {
	struct hmap *h;
	unsigned long n;
	u64 keys;
	long begun;
	long peak;
	atomic_t left;
};

static bool reserving(struct hk_thread *thread)
{
	struct contest *contest = thread->arg;

	thread->errors += hmap_reserve(contest->h, contest->n) != 0;
	atomic_dec(&contest->left);
	return false;
}

/* The worker comes again and again, and memory is looked at. */
static bool kicking(struct hk_thread *thread)
{
	struct contest *contest = thread->arg;

	call_worker(contest->h);
	contest->peak = max(contest->peak, hk_memory(contest->h));
	usleep_range(900, 1100);
	return atomic_read(&contest->left);
}

static bool watching(struct hk_thread *thread)
{
	struct contest *contest = thread->arg;

	contest->peak = max(contest->peak, hk_memory(contest->h));
	usleep_range(50, 100);
	return atomic_read(&contest->left);
}

static bool shrinking(struct hk_thread *thread)
{
	struct contest *contest = thread->arg;

	thread->errors += hmap_shrink(contest->h) != 0;
	return atomic_read(&contest->left);
}

static bool clearing(struct hk_thread *thread)
{
	struct contest *contest = thread->arg;
	u64 key = thread->rounds;

	thread->errors += hmap_put(contest->h, &key, &key, HMAP_ANY, GFP_KERNEL) != 0;
	thread->errors += hmap_clear(contest->h) != 0;
	return atomic_read(&contest->left);
}

/* As soon as the map has begun to grow. */
static bool deleting(struct hk_thread *thread)
{
	struct contest *contest = thread->arg;
	u64 key;

	if (resizes(contest->h) == contest->begun && atomic_read(&contest->left)) {
		usleep_range(50, 100);
		return true;
	}
	for (key = 64; key < contest->keys; key++) {
		thread->errors += hmap_delete(contest->h, &key) != 0;
		cond_resched();
	}
	return false;
}

static struct hmap *contested_map(struct kunit *test, u64 keys)
{
	struct hmap *h = hk_map_u64(test);

	h->params.flags = 0; /* hk_map() does not let it shrink */
	hk_put_range(test, h, 0, keys);
	flush_delayed_work(&h->work);
	flush_delayed_work(&h->work);
	return h;
}

static void the_worker_does_not_undo_a_reserve(struct kunit *test)
{
	struct hmap *h = contested_map(test, 64);
	struct contest contest = { .h = h, .n = 200000 };
	struct hk_thread threads[] = {
		{ .fn = reserving, .arg = &contest },
		{ .fn = kicking, .arg = &contest },
	};
	u8 B = hk_B(h);
	long grows = hk_grows(h);

	atomic_set(&contest.left, 1);
	hk_run(test, threads, ARRAY_SIZE(threads), 0);
	KUNIT_EXPECT_EQ(test, shrinks(h), 0);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(200000));
	KUNIT_EXPECT_LE(test, hk_grows(h) - grows, hk_B(h) - B);
	/* Nor later. */
	call_worker(h);
	flush_delayed_work(&h->work);
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_EQ(test, shrinks(h), 0);
	hk_expect_all(test, h, 0, 64);
}

/* No array is made twice: the peak is that of one of them alone. */
static void two_reserves_at_once_do_the_work_of_one(struct kunit *test)
{
	struct hmap *h = contested_map(test, 64);
	struct contest contest = { .h = h, .n = 200000 };
	struct hk_thread threads[] = {
		{ .fn = reserving, .arg = &contest },
		{ .fn = reserving, .arg = &contest },
		{ .fn = watching, .arg = &contest },
	};
	u8 B = hk_B(h);
	long grows = hk_grows(h);

	atomic_set(&contest.left, 2);
	hk_run(test, threads, ARRAY_SIZE(threads), 0);
	KUNIT_EXPECT_EQ(test, shrinks(h), 0);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(200000));
	KUNIT_EXPECT_LE(test, hk_grows(h) - grows, hk_B(h) - B);
	hk_wait_memory(test, h);
	KUNIT_EXPECT_LE(test, contest.peak, hk_memory(h) / 4 * 7);
	hk_expect_all(test, h, 0, 64);
}

static void reserve_beside_deletes_keeps_the_room(struct kunit *test)
{
	struct hmap *h = contested_map(test, 20000);
	struct contest contest = {
		.h = h, .n = 200000, .keys = 20000, .begun = resizes(h),
	};
	struct hk_thread threads[] = {
		{ .fn = reserving, .arg = &contest },
		{ .fn = deleting, .arg = &contest },
		{ .fn = kicking, .arg = &contest },
	};

	atomic_set(&contest.left, 1);
	hk_run(test, threads, ARRAY_SIZE(threads), 0);
	call_worker(h);
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_EQ(test, shrinks(h), 0);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(200000));
	hk_expect_all(test, h, 0, 64);
}

/* One at a time, each to its end: up, and down after each, and the last one up. */
static void reserve_and_shrink_at_once(struct kunit *test, struct contest *contest)
{
	struct hk_thread threads[] = {
		{ .fn = reserving, .arg = contest },
		{ .fn = shrinking, .arg = contest },
		{ .fn = kicking, .arg = contest },
	};

	atomic_set(&contest->left, 1);
	hk_run(test, threads, ARRAY_SIZE(threads), 0);
}

/* Of two requests the later one has the last word. */
static void reserve_against_shrink_ends(struct kunit *test)
{
	struct hmap *h = contested_map(test, 64);
	struct contest contest = { .h = h, .n = 50000 };
	unsigned int round;
	long before;

	for (round = 0; round < 5; round++) {
		before = hk_grows(h);
		reserve_and_shrink_at_once(test, &contest);
		KUNIT_EXPECT_LE(test, hk_grows(h) - before, least_B(50000));
		HK_VERIFY(test, h);
	}
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 50000), 0);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(50000));
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(64));
	hk_expect_all(test, h, 0, 64);
}

static void clear_keeps_what_is_reserved(struct kunit *test)
{
	struct hmap *h = contested_map(test, 64);
	struct contest contest = { .h = h, .n = 50000 };
	struct hk_thread threads[] = {
		{ .fn = reserving, .arg = &contest },
		{ .fn = clearing, .arg = &contest },
		{ .fn = kicking, .arg = &contest },
	};

	atomic_set(&contest.left, 1);
	hk_run(test, threads, ARRAY_SIZE(threads), 0);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(50000));
	hk_put_range(test, h, 0, 10);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	call_worker(h);
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(50000));
	KUNIT_EXPECT_EQ(test, shrinks(h), 0);
	HK_VERIFY(test, h);
}

static void a_failed_reserve_leaves_the_worker_free(struct kunit *test)
{
	struct hmap *h = contested_map(test, 64);
	u8 B = hk_B(h);

	h->params.max_bytes = hk_memory(h) + SZ_64K;
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 200000), -ENOSPC);
	KUNIT_EXPECT_EQ(test, h->min_B, 0);
	h->params.max_bytes = 0;
	/* One that has been met stays, whatever fails after it. */
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 1000), 0);
	h->params.max_bytes = hk_memory(h) + SZ_64K;
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 200000), -ENOSPC);
	KUNIT_EXPECT_EQ(test, h->min_B, least_B(1000));
	h->params.max_bytes = 0;
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	hk_comes_to(test, h, B);
	hk_expect_all(test, h, 0, 64);
}

/* HMAP_NO_SHRINK binds the worker only. */
static void no_shrink_does_not_bind_a_request(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, 5000);

	hk_put_range(test, h, 0, 20);
	call_worker(h);
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(5000));
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(20));
	hk_expect_all(test, h, 0, 20);
}

/* ---- callers that may not wait ---- */

/* The scopes of a task that allocates. */
enum scope { SCOPE_NONE, SCOPE_NOFS, SCOPE_NOIO, SCOPE_RECLAIM };

/**
 * struct putter - one put in a task of its own
 * @h: the map, with wide values
 * @key: the key
 * @gfp: how to allocate
 * @scope: what the task is in
 * @fail: its first allocation fails
 * @err: what the put has returned
 * @done: it has returned
 */
struct putter {
	struct hmap *h;
	u64 key;
	gfp_t gfp;
	enum scope scope;
	bool fail;
	int err;
	struct completion done;
};

static unsigned int scope_begin(enum scope scope)
{
	if (scope == SCOPE_NOFS)
		return memalloc_nofs_save();
	if (scope == SCOPE_NOIO)
		return memalloc_noio_save();
	if (scope == SCOPE_RECLAIM)
		return memalloc_noreclaim_save();
	return 0;
}

static void scope_end(enum scope scope, unsigned int flags)
{
	if (scope == SCOPE_NOFS)
		memalloc_nofs_restore(flags);
	if (scope == SCOPE_NOIO)
		memalloc_noio_restore(flags);
	if (scope == SCOPE_RECLAIM)
		memalloc_noreclaim_restore(flags);
}

static int putter_fn(void *arg)
{
	struct putter *putter = arg;
	unsigned int flags = scope_begin(putter->scope);

	hk_fail_nth(putter->fail);
	putter->err = put_wide(putter->h, putter->key, putter->gfp);
	hk_fail_nth(0);
	scope_end(putter->scope, flags);
	complete(&putter->done);
	while (!kthread_should_stop())
		usleep_range(100, 200);
	return 0;
}

/* Returns whether the put was over after @ms. In any case the worker is let go then. */
static bool put_ends(struct kunit *test, struct putter *putter, unsigned int ms)
{
	struct hmap *h = putter->h;
	struct task_struct *task;
	bool ended;

	init_completion(&putter->done);
	task = kthread_run(putter_fn, putter, "hmap_kunit/put");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	ended = wait_for_completion_timeout(&putter->done, msecs_to_jiffies(ms));
	enable_delayed_work(&h->work);
	if (!ended) {
		call_worker(h);
		wait_for_completion(&putter->done);
	}
	kthread_stop(task);
	return ended;
}

/*
 * More than twice the load, and a worker that does not come. The next array is too
 * large for a put to make.
 */
static struct hmap *overdue_map(struct kunit *test, u64 *n)
{
	struct hmap *h = wide_map(test, hmap_capacity(WIDE_B));

	*n = 2 * hmap_capacity(WIDE_B) + 2;
	disable_delayed_work_sync(&h->work);
	put_wide_range(test, h, 0, *n);
	KUNIT_ASSERT_EQ(test, hk_B(h), WIDE_B);
	return h;
}

static void callers_that_may_not_wait_do_not(struct kunit *test)
{
	static const struct {
		gfp_t gfp;
		enum scope scope;
	} callers[] = {
		{ GFP_NOFS, SCOPE_NONE }, { GFP_NOIO, SCOPE_NONE },
		{ GFP_ATOMIC, SCOPE_NONE }, { GFP_NOWAIT, SCOPE_NONE },
		{ GFP_KERNEL, SCOPE_NOFS }, { GFP_KERNEL, SCOPE_NOIO },
		{ GFP_KERNEL, SCOPE_RECLAIM },
	};
	struct putter putter = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(callers); i++) {
		putter.h = overdue_map(test, &putter.key);
		putter.gfp = callers[i].gfp;
		putter.scope = callers[i].scope;
		KUNIT_EXPECT_TRUE_MSG(test, put_ends(test, &putter, 2000),
				      "caller %u waits", i);
		KUNIT_EXPECT_EQ(test, putter.err, 0);
		KUNIT_EXPECT_EQ(test, hmap_len(putter.h), putter.key + 1);
		hk_map_destroy(test, putter.h);
	}
}

static void a_caller_that_may_wait_does(struct kunit *test)
{
	struct putter putter = { .gfp = GFP_KERNEL };

	putter.h = overdue_map(test, &putter.key);
	KUNIT_EXPECT_FALSE(test, put_ends(test, &putter, 200));
	KUNIT_EXPECT_EQ(test, putter.err, 0);
	hk_comes_to(test, putter.h, least_B(hmap_len(putter.h)));
}

/* The next array is one that a put makes by itself, if there is memory for it. */
static void a_caller_whose_own_attempt_has_failed_waits(struct kunit *test)
{
	const u8 B = 6;
	struct putter putter = { .gfp = GFP_KERNEL, .fail = true };
	u64 capacity = hmap_capacity(B), key;
	int err = 0;

	hk_skip_unless_allocations_fail(test);
	putter.h = wide_map(test, capacity);
	disable_delayed_work_sync(&putter.h->work);
	for (key = 0; key < 2 * capacity + 2 && !err; key++) {
		hk_fail_nth(key > capacity + capacity / 4);
		err = put_wide(putter.h, key, GFP_ATOMIC);
		hk_fail_nth(0);
	}
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_ASSERT_EQ(test, hk_B(putter.h), B);
	putter.key = key;
	KUNIT_EXPECT_FALSE(test, put_ends(test, &putter, 200));
	KUNIT_EXPECT_EQ(test, putter.err, 0);
	hk_comes_to(test, putter.h, least_B(hmap_len(putter.h)));
}

/* The holder of the mutex may be waiting for memory. */
static void a_request_in_a_scope_waits_for_no_other(struct kunit *test)
{
	struct hmap *h = contested_map(test, 64);
	unsigned int flags;

	mutex_lock(&h->resizer);
	flags = memalloc_nofs_save();
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 5000), 0);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(5000));
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(64));
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	memalloc_nofs_restore(flags);
	mutex_unlock(&h->resizer);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
	HK_VERIFY(test, h);
}

/* ---- those that others hold up ---- */

static s64 put_takes_ms(struct kunit *test, struct hmap *h, u64 key)
{
	ktime_t begin = ktime_get();

	KUNIT_EXPECT_EQ(test, put_wide(h, key, GFP_KERNEL), 0);
	return ktime_ms_delta(ktime_get(), begin);
}

/* Its allocation may be charged to a cgroup that delays it. */
static void a_late_worker_is_waited_for_once(struct kunit *test)
{
	struct hmap *h;
	u64 key;

	h = overdue_map(test, &key);
	KUNIT_EXPECT_GE(test, put_takes_ms(test, h, key++), 1900);
	KUNIT_EXPECT_TRUE(test, h->late);
	KUNIT_EXPECT_LT(test, put_takes_ms(test, h, key++), 1000);
	enable_delayed_work(&h->work);
	call_worker(h);
	hk_comes_to(test, h, least_B(key));
	KUNIT_EXPECT_FALSE(test, h->late);
}

static void a_pool_has_few_workers(struct kunit *test)
{
	struct hmap_pool pool = { .max_workers = 2 };
	const struct hmap_params params = {
		.key_size = sizeof(struct wide),
		.value_size = sizeof(struct wide),
		.hint = hmap_capacity(WIDE_B), .pools = { NULL, &pool },
	};
	struct hmap *h = hk_map(test, &params);
	u64 n = params.hint + 1;

	atomic_set(&pool.workers, 2);
	put_wide_range(test, h, 0, n);
	msleep(500);
	KUNIT_EXPECT_EQ(test, hk_B(h), WIDE_B);
	atomic_set(&pool.workers, 1);
	hk_comes_to(test, h, least_B(n));
	hk_map_destroy(test, h);
	KUNIT_EXPECT_EQ(test, atomic_read(&pool.workers), 1);
	hmap_pool_exit(&pool);
}

/* The holder of the mutex may be a task that its cgroup slows down. */
static void a_late_request_does_not_hold_up_growth(struct kunit *test)
{
	struct hmap *h = wide_map(test, hmap_capacity(WIDE_B));
	u64 n = hmap_capacity(WIDE_B) + 1;

	mutex_lock(&h->resizer);
	put_wide_range(test, h, 0, n);
	hk_comes_to(test, h, least_B(n));
	mutex_unlock(&h->resizer);
	HK_VERIFY(test, h);
}

static void a_late_request_does_not_hold_up_another(struct kunit *test)
{
	struct hmap *h = contested_map(test, 64);
	ktime_t begin = ktime_get();

	mutex_lock(&h->resizer);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 5000), 0);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(5000));
	KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
	KUNIT_EXPECT_EQ(test, hk_B(h), least_B(64));
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
	mutex_unlock(&h->resizer);
	KUNIT_EXPECT_GE(test, ktime_ms_delta(ktime_get(), begin), 3 * 1900);
	HK_VERIFY(test, h);
}

/* ---- maps come to their size by themselves ---- */

/* 20 times the load, from callers that may not sleep, before the worker comes. */
static void a_burst_is_made_up_for(struct kunit *test)
{
	u64 n = 20 * hmap_capacity(WIDE_B);
	struct hmap *h = wide_map(test, hmap_capacity(WIDE_B));
	struct wide key = {}, value;

	disable_delayed_work_sync(&h->work);
	put_wide_range(test, h, 0, n);
	KUNIT_EXPECT_EQ(test, hk_B(h), WIDE_B);
	KUNIT_EXPECT_GT(test, hk_array(h)->longest_chain, 16);
	enable_delayed_work(&h->work);
	/* The call that it did not answer; from here on there is none. */
	call_worker(h);
	hk_comes_to(test, h, least_B(n));
	KUNIT_EXPECT_LE(test, hk_array(h)->longest_chain, 8);
	KUNIT_EXPECT_LE(test, resizes(h), 2);
	KUNIT_EXPECT_EQ(test, hmap_len(h), n);
	for (key.n = 0; key.n < n; key.n += 7) {
		KUNIT_ASSERT_EQ(test, hmap_get(h, &key, &value), 0);
		KUNIT_ASSERT_EQ(test, value.n, hk_value(key.n));
	}
}

/* The same of a map that is small: the puts themselves see to it. */
static void a_burst_in_a_small_map_is_followed(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	const u64 n = 100000;
	u32 longest = 0;
	u64 key;

	disable_delayed_work_sync(&h->work);
	for (key = 0; key < n; key++) {
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, &key, HMAP_ANY,
					       GFP_ATOMIC), 0);
		longest = max(longest, READ_ONCE(hk_array(h)->longest_chain));
		/* 4 MiB: up to 4 times the load, then an array of 8 times */
		KUNIT_ASSERT_LE(test, key, 5 * hmap_capacity(hk_array(h)->B) + 1);
		cond_resched();
	}
	KUNIT_EXPECT_LE(test, longest, 16);
	enable_delayed_work(&h->work);
	call_worker(h);
	hk_comes_to(test, h, least_B(n));
}

/* The insert that exceeds the capacity is the last call. */
static void the_last_put_is_enough_to_grow(struct kunit *test)
{
	struct hmap *h = hk_map_hint(test, hmap_capacity(10));
	u64 n = hmap_capacity(10) + 1;

	hk_put_range(test, h, 0, n);
	hk_comes_to(test, h, 11);
	KUNIT_EXPECT_EQ(test, hk_grows(h), 1);
	hk_expect_all(test, h, 0, n);
}

/*
 * One less than an eighth of the capacity, with deletes whose number is not the
 * multiple of anything.
 */
static void the_last_delete_is_enough_to_shrink(struct kunit *test)
{
	static const u32 stripes[] = { 1, 2, 8 };
	struct hmap_params params = { .key_size = 8, .value_size = 8 };
	struct hmap *h;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stripes); i++) {
		params.stripes = stripes[i];
		h = hk_map(test, &params);
		h->params.flags = 0;
		hk_put_range(test, h, 0, 105);
		hk_comes_to(test, h, 5);
		hk_delete_range(test, h, 25, 105);
		hk_comes_to(test, h, 4);
		hk_delete_range(test, h, 0, 24);
		hk_expect_all(test, h, 24, 25);
		hk_map_destroy(test, h);
	}
}

/* Down to the end, however many steps that is. */
static void deletes_are_made_up_for(struct kunit *test)
{
	struct hmap *h = contested_map(test, 20000);

	hk_delete_range(test, h, 3, 20000);
	hk_comes_to(test, h, 4);
	hk_wait_memory(test, h);
	KUNIT_EXPECT_LT(test, hk_memory(h), SZ_16K);
	hk_expect_all(test, h, 0, 3);
}

/* ---- stripes ---- */

/* They are in use as soon as there is a bucket for each, and growth is seen in time. */
static void stripes_begin_and_grow_in_time(struct kunit *test)
{
	struct hmap_params params = { .key_size = 8, .value_size = 8 };
	struct hmap_array *a;
	struct hmap *h;
	u64 key;

	for (params.stripes = 1; params.stripes <= 64; params.stripes *= 2) {
		h = hk_map(test, &params);
		for (key = 0; key < 6000; key++) {
			hk_put(test, h, key, hk_value(key));
			if (READ_ONCE(h->called))
				flush_delayed_work(&h->work);
			if (hk_growing(h))
				continue;
			a = hk_array(h);
			KUNIT_ASSERT_LE_MSG(test, key + 1,
					    hmap_capacity(a->B) * 9 / 8 + 1,
					    "%u stripes", params.stripes);
			if (a->data && hmap_nbuckets(a) >= params.stripes)
				KUNIT_ASSERT_EQ(test, a->mask,
						params.stripes - 1);
		}
		hk_expect_all(test, h, 0, 6000);
		hk_map_destroy(test, h);
	}
}

/* What stripes count by themselves is seen by every call. */
static void the_shared_count_is_written_now_and_then(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .stripes = 64, .hint = 50000,
	};
	struct hmap *h = hk_map(test, &params);
	long shared = atomic_long_read(&h->count);
	unsigned int changes = 0;
	u64 key;

	for (key = 0; key < 40000; key++) {
		hk_put(test, h, key, hk_value(key));
		if (atomic_long_read(&h->count) != shared)
			changes++;
		shared = atomic_long_read(&h->count);
		KUNIT_ASSERT_EQ(test, hmap_len(h), key + 1);
	}
	KUNIT_EXPECT_LE(test, changes, 40000 / hk_array(h)->count_batch + 1);
	KUNIT_EXPECT_EQ(test, hk_array(h)->count_batch, HMAP_COUNT_BATCH);
}

static u64 seed_of(struct hmap *h)
{
	u64 seed;

	rcu_read_lock();
	seed = rcu_dereference(h->buckets)->hash0.key[0];
	rcu_read_unlock();
	return seed;
}

static void an_empty_map_takes_a_fresh_seed(struct kunit *test)
{
	struct hmap_params params = { .key_size = 8, .value_size = 8, .hint = 1000 };
	unsigned int ms;
	struct hmap *h;
	u64 seed;

	for (params.stripes = 1; params.stripes <= 64; params.stripes *= 8) {
		h = hk_map(test, &params);
		hk_put_range(test, h, 0, 300);
		seed = seed_of(h);
		hk_delete_range(test, h, 0, 299);
		KUNIT_EXPECT_EQ(test, seed_of(h), seed);
		hk_delete(test, h, 299);
		/* With one stripe at once, else when it has stayed empty. */
		if (params.stripes == 1)
			KUNIT_EXPECT_NE(test, seed_of(h), seed);
		for (ms = 0; ms < PATIENCE_MS && seed_of(h) == seed; ms += 20)
			msleep(20);
		KUNIT_EXPECT_NE(test, seed_of(h), seed);
		/* Not while there is something in it. */
		seed = seed_of(h);
		hk_put_range(test, h, 0, 300);
		call_worker(h);
		flush_delayed_work(&h->work);
		KUNIT_EXPECT_EQ(test, seed_of(h), seed);
		hk_expect_all(test, h, 0, 300);
		hk_map_destroy(test, h);
	}
}

/* ---- another map in a callback ---- */

static int put_elsewhere(void *value, bool exists, void *other)
{
	u64 key = 1;

	*(u64 *)value = 2;
	return hmap_put(other, &key, value, HMAP_ANY, GFP_ATOMIC);
}

static void lockdep_tells_maps_apart(struct kunit *test)
{
	const struct hmap_params params = { .key_size = 8, .value_size = 8 };
	static struct hmap other; /* work has to say so if it is on a stack */
	struct hmap *h = hk_map_u64(test);
	u64 key = 7;

	if (!debug_locks)
		kunit_skip(test, "lockdep has switched itself off");
	KUNIT_ASSERT_EQ(test, hmap_init(&other, &params), 0);
	KUNIT_EXPECT_EQ(test, hmap_update(h, &key, put_elsewhere, &other, HMAP_ANY,
					  GFP_KERNEL), 0);
	key = 1;
	KUNIT_EXPECT_EQ(test, hmap_get(&other, &key, &key), 0);
	KUNIT_EXPECT_EQ(test, key, 2);
	hmap_destroy(&other);
	KUNIT_EXPECT_TRUE(test, debug_locks);
}

static struct kunit_case edge_cases[] = {
	KUNIT_CASE_SLOW(the_worker_does_not_undo_a_reserve),
	KUNIT_CASE_SLOW(two_reserves_at_once_do_the_work_of_one),
	KUNIT_CASE_SLOW(reserve_beside_deletes_keeps_the_room),
	KUNIT_CASE_SLOW(reserve_against_shrink_ends),
	KUNIT_CASE_SLOW(clear_keeps_what_is_reserved),
	KUNIT_CASE(a_failed_reserve_leaves_the_worker_free),
	KUNIT_CASE(no_shrink_does_not_bind_a_request),
	KUNIT_CASE_SLOW(callers_that_may_not_wait_do_not),
	KUNIT_CASE_SLOW(a_caller_that_may_wait_does),
	KUNIT_CASE_SLOW(a_caller_whose_own_attempt_has_failed_waits),
	KUNIT_CASE(a_request_in_a_scope_waits_for_no_other),
	KUNIT_CASE_SLOW(a_late_worker_is_waited_for_once),
	KUNIT_CASE_SLOW(a_pool_has_few_workers),
	KUNIT_CASE_SLOW(a_late_request_does_not_hold_up_growth),
	KUNIT_CASE_SLOW(a_late_request_does_not_hold_up_another),
	KUNIT_CASE_SLOW(a_burst_is_made_up_for),
	KUNIT_CASE_SLOW(a_burst_in_a_small_map_is_followed),
	KUNIT_CASE(the_last_put_is_enough_to_grow),
	KUNIT_CASE_SLOW(the_last_delete_is_enough_to_shrink),
	KUNIT_CASE_SLOW(deletes_are_made_up_for),
	KUNIT_CASE_SLOW(stripes_begin_and_grow_in_time),
	KUNIT_CASE(the_shared_count_is_written_now_and_then),
	KUNIT_CASE_SLOW(an_empty_map_takes_a_fresh_seed),
	KUNIT_CASE(lockdep_tells_maps_apart),
	{}
};

HK_SUITE(edge, edge_cases);
