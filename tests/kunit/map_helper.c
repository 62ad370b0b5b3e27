// SPDX-License-Identifier: GPL-2.0
/*
 * Helpers of the tests that make, fill and look into maps.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/tracepoint.h>

#include "hmap_kunit.h"

/* Maps of up to this B are verified after each hk_put() and hk_delete(). */
#define STEP_B	4

/**
 * struct hk_owned - a map and the test that it belongs to
 * @h: the map
 * @test: the test
 */
struct hk_owned {
	struct hmap h;
	struct kunit *test;
};

void hk_comes_to(struct kunit *test, struct hmap *h, u8 B)
{
	unsigned int ms;

	/* Long, in case the machine has other work. */
	for (ms = 0; ms < 20000; ms += 20) {
		if (hk_B(h) == B && !hk_growing(h))
			break;
		msleep(20);
	}
	KUNIT_EXPECT_EQ(test, hk_B(h), B);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
}

void hk_wait_memory(struct kunit *test, struct hmap *h)
{
	unsigned int i;

	for (i = 0; i < 20000 && hk_waiting(h); i++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, hk_waiting(h), 0);
}

/* Nothing is left but what waits for a grace period. */
static void hk_map_release(void *ctx)
{
	struct hk_owned *owned = ctx;
	struct hmap_memory *memory = owned->h.memory;
	long waiting;

	KUNIT_EXPECT_EQ(owned->test, hmap_verify(&owned->h), 0);
	refcount_inc(&memory->ref);
	hmap_destroy(&owned->h);
	/* First what may become less meanwhile. */
	waiting = atomic_long_read(&memory->waiting);
	KUNIT_EXPECT_LE(owned->test, atomic_long_read(&memory->bytes), waiting);
	hmap_memory_put(memory);
}

struct hmap *hk_map_view(struct kunit *test, const struct hmap_params *params,
			 struct hmap_view *view)
{
	struct hk_owned *owned = hk_alloc(test, 1, sizeof(*owned));

	owned->test = test;
	KUNIT_ASSERT_EQ(test, hmap_init_view(&owned->h, params, view), 0);
	if (view)
		hk_view_attach(&owned->h);
	/* As Go's does; stripe_kunit.c has maps that do. */
	owned->h.params.flags |= HMAP_NO_SHRINK;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, hk_map_release,
							owned), 0);
	return &owned->h;
}

struct hmap *hk_map(struct kunit *test, const struct hmap_params *params)
{
	return hk_map_view(test, params, NULL);
}

/* For tests that make many maps. */
void hk_map_destroy(struct kunit *test, struct hmap *h)
{
	struct hk_owned *owned = container_of(h, struct hk_owned, h);

	kunit_release_action(test, hk_map_release, owned);
	kunit_kfree(test, owned);
}

struct hmap *hk_map_sized(struct kunit *test, u32 key_size, u32 value_size)
{
	const struct hmap_params params = {
		.key_size = key_size, .value_size = value_size,
	};

	return hk_map(test, &params);
}

struct hmap *hk_map_u64(struct kunit *test)
{
	return hk_map_sized(test, sizeof(u64), sizeof(u64));
}

struct hmap *hk_map_hint(struct kunit *test, unsigned long hint)
{
	return hk_map_hashed(test, NULL, hint);
}

struct hmap *hk_map_hashed(struct kunit *test, hmap_hashfn_t hashfn,
			   unsigned long hint)
{
	const struct hmap_params params = {
		.key_size = sizeof(u64), .value_size = sizeof(u64),
		.hashfn = hashfn, .hint = hint,
		/* Most of these hashes are bad: chain_kunit.c has the limit. */
		.flags = hashfn ? HMAP_LONG_CHAINS : 0,
	};

	return hk_map(test, &params);
}

/* The array that is due is one that no put makes itself: 2.5 MiB. */
u64 hk_overfill(struct kunit *test, struct hmap *h)
{
	const u64 n = 2 * hmap_capacity(12);
	u64 key;

	KUNIT_ASSERT_EQ(test, hmap_reserve(h, hmap_capacity(12)), 0);
	disable_delayed_work_sync(&h->work);
	for (key = 1; key <= n; key++)
		KUNIT_ASSERT_EQ(test, hmap_put(h, &key, &(u64){ hk_value(key) },
					       HMAP_NOEXIST, GFP_ATOMIC), 0);
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 12);
	return n;
}

void hk_enable_worker(struct hmap *h)
{
	WRITE_ONCE(h->called, false);
	enable_delayed_work(&h->work);
}

/*
 * 256 old buckets, the first two of them evacuated, one by each delete. The worker
 * finishes a resize that rests for 250 ms, for which a busy machine may stop this task: then
 * begin again. In the end the worker is not called, so that the map stays like that.
 */
struct hmap *hk_map_growing(struct kunit *test, u64 *from, u64 *to)
{
	struct hmap *h;
	int tries = 10;

	*from = 0;
	*to = 1665;
	for (;;) {
		h = hk_map_u64(test);
		hk_put_range(test, h, *from, *to);
		disable_delayed_work_sync(&h->work);
		if (hk_growing(h) || !--tries)
			break;
		hk_map_destroy(test, h);
	}
	KUNIT_ASSERT_EQ(test, hmap_delete(h, to), -ENOENT);
	KUNIT_ASSERT_EQ(test, hmap_delete(h, to), -ENOENT);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 9);
	KUNIT_ASSERT_EQ(test, hk_evacuated(h), 255 + 2);
	hk_enable_worker(h);
	return h;
}

/*
 * Each of 32 buckets gets nine keys, so an overflow bucket, and loses four of
 * them: as many overflow buckets as buckets, at a load that is no reason to
 * grow. The next key begins a resize to the same size.
 */
struct hmap *hk_map_same_size(struct kunit *test, u64 *from, u64 *to)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_identity, 208);
	unsigned int i, k;

	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 5);
	for (i = 0; i < 32; i++) {
		for (k = 0; k < 9; k++)
			hk_put(test, h, 32 * k + i, hk_value(32 * k + i));
		for (k = 0; k < 4; k++)
			hk_delete(test, h, 32 * k + i);
	}
	KUNIT_ASSERT_EQ(test, hk_array(h)->noverflow, 32);
	KUNIT_ASSERT_EQ(test, hk_same_size_grows(h), 0);
	*from = 32 * 4;
	*to = 32 * 9 + 1;
	hk_put(test, h, *to - 1, hk_value(*to - 1));
	KUNIT_ASSERT_EQ(test, hk_same_size_grows(h), 1);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	KUNIT_ASSERT_EQ(test, hk_grows(h), 0);
	return h;
}

/* After each step of a test: the whole map is looked at, if it is small. */
static void verify_step(struct kunit *test, struct hmap *h)
{
	bool small;

	rcu_read_lock();
	small = rcu_dereference(h->buckets)->B <= STEP_B;
	rcu_read_unlock();
	if (small)
		HK_VERIFY(test, h);
}

/*
 * A large array comes from the worker, which the put calls that exceeds the capacity:
 * here it has come when the next one is made, so that the map grows where Go's does.
 */
static void wait_worker(struct hmap *h)
{
	if (READ_ONCE(h->called))
		flush_delayed_work(&h->work);
	else
		flush_work(&h->work.work);
}

void hk_put(struct kunit *test, struct hmap *h, u64 key, u64 value)
{
	KUNIT_ASSERT_EQ_MSG(test, hmap_put(h, &key, &value, HMAP_ANY,
					   GFP_KERNEL), 0, "key %llu", key);
	wait_worker(h);
	verify_step(test, h);
}

void hk_delete(struct kunit *test, struct hmap *h, u64 key)
{
	KUNIT_ASSERT_EQ_MSG(test, hmap_delete(h, &key), 0, "key %llu", key);
	verify_step(test, h);
}

void hk_expect(struct kunit *test, struct hmap *h, u64 key, u64 value)
{
	u64 got = ~value;

	KUNIT_ASSERT_EQ_MSG(test, hmap_get(h, &key, &got), 0, "key %llu", key);
	KUNIT_ASSERT_EQ_MSG(test, got, value, "key %llu", key);
}

void hk_expect_absent(struct kunit *test, struct hmap *h, u64 key)
{
	KUNIT_ASSERT_EQ_MSG(test, hmap_get(h, &key, NULL), -ENOENT, "key %llu",
			    key);
}

void hk_put_range(struct kunit *test, struct hmap *h, u64 from, u64 to)
{
	for (; from < to; from++)
		hk_put(test, h, from, hk_value(from));
}

void hk_delete_range(struct kunit *test, struct hmap *h, u64 from, u64 to)
{
	for (; from < to; from++)
		hk_delete(test, h, from);
}

void hk_expect_range(struct kunit *test, struct hmap *h, u64 from, u64 to)
{
	for (; from < to; from++)
		hk_expect(test, h, from, hk_value(from));
}

void hk_expect_all(struct kunit *test, struct hmap *h, u64 from, u64 to)
{
	HK_VERIFY(test, h);
	KUNIT_ASSERT_EQ(test, hmap_len(h), to - from);
	hk_expect_range(test, h, from, to);
}

struct hmap_layout hk_layout(struct kunit *test, struct hmap *h)
{
	struct hmap_layout layout = {};
	u64 place = 0;

	KUNIT_ASSERT_EQ(test, hmap_get_layout(h, &place, &layout), 0);
	return layout;
}

void hk_finish_growth(struct kunit *test, struct hmap *h)
{
	u64 key;

	/* Different keys, since each drives its own stripe. */
	for (key = U64_MAX; hk_growing(h); key--) {
		KUNIT_ASSERT_GT_MSG(test, key, U64_MAX - 1000000, "no end");
		KUNIT_ASSERT_EQ(test, hmap_delete(h, &key), -ENOENT);
	}
}

/* In the old array if it has not been evacuated. */
struct hmap_chain hk_chain_of(struct hmap *h, u64 hash)
{
	struct hmap_array *a = hk_array(h), *old = a->oldbuckets;
	struct hmap_bucket *b;

	if (old) {
		b = hmap_bucket(h, old, hmap_bucket_index(old, hash));
		if (!hmap_bucket_evacuated(hmap_bucket_tophashes(b)))
			return (struct hmap_chain){ old, b };
	}
	return (struct hmap_chain){
		a, hmap_bucket(h, a, hmap_bucket_index(a, hash))
	};
}

static char hk_state(u8 tophash)
{
	static const char states[] = ".oxye";

	return tophash < HMAP_MIN_TOPHASH ? states[tophash] : '#';
}

const char *hk_chain_states(struct kunit *test, struct hmap *h,
			    const struct hmap_chain *chain)
{
	struct hmap_bucket *b;
	unsigned int i;
	size_t len = 0;
	char *s, *p;

	for (b = chain->head; b; b = hmap_next(h, chain->a, b))
		len += HMAP_BUCKET_CNT + 1;
	s = hk_alloc(test, len + 1, 1);
	for (p = s, b = chain->head; b; b = hmap_next(h, chain->a, b)) {
		if (b != chain->head)
			*p++ = '|';
		for (i = 0; i < HMAP_BUCKET_CNT; i++)
			*p++ = hk_state(b->tophash[i]);
	}
	return s;
}

static void hk_scan_count(struct kunit *test, struct hk_scan *scan,
			  const u64 *keys, const u64 *values, u32 n)
{
	KUNIT_ASSERT_LE(test, n, scan->capacity);
	for (; n--; keys++, values++) {
		KUNIT_ASSERT_LT(test, *keys, scan->limit);
		KUNIT_ASSERT_EQ(test, *values, hk_value(*keys));
		scan->times[*keys]++;
	}
}

void hk_scan(struct kunit *test, struct hmap *h, struct hk_scan *scan)
{
	u64 *keys = hk_alloc(test, scan->capacity, sizeof(*keys));
	u64 *values = hk_alloc(test, scan->capacity, sizeof(*values));
	struct hmap_cursor cursor = {};
	struct hmap_iter iter;
	u32 n, step = 0;

	scan->times = hk_alloc(test, scan->limit, 1);
	hmap_iter_init(&iter);
	do {
		if (scan->iter)
			n = hmap_iter_next(h, &iter, keys, values,
					   scan->capacity);
		else
			n = hmap_scan(h, &cursor, keys, values, scan->capacity);
		hk_scan_count(test, scan, keys, values, n);
		if (scan->between)
			scan->between(test, h, step, scan->arg);
		KUNIT_ASSERT_LT_MSG(test, step++, 1000000, "it does not end");
	} while (scan->iter ? !hmap_iter_done(&iter) : !hmap_cursor_done(&cursor));
	kunit_kfree(test, keys);
	kunit_kfree(test, values);
}

void hk_expect_times(struct kunit *test, const struct hk_scan *scan, u64 from,
		     u64 to, u8 times)
{
	for (; from < to; from++)
		KUNIT_ASSERT_EQ_MSG(test, scan->times[from], times, "key %llu",
				    from);
}

void hk_expect_no_twice(struct kunit *test, const struct hk_scan *scan)
{
	u64 key;

	for (key = 0; key < scan->limit; key++)
		KUNIT_ASSERT_LE_MSG(test, scan->times[key], 1, "key %llu", key);
}

static int hk_thread_fn(void *arg)
{
	struct hk_thread *thread = arg;
	bool more = true;

	while (more && (thread->complete || !kthread_should_stop())) {
		WRITE_ONCE(thread->rounds, thread->rounds + 1);
		more = thread->fn(thread);
		/*
		 * Not cond_resched(), which does nothing in a preemptible kernel: User
		 * Mode Linux does not preempt a task in the kernel when an interrupt
		 * returns, and @fn may take no lock for a while.
		 */
		if (need_resched())
			schedule();
	}
	while (!kthread_should_stop())
		usleep_range(100, 200);
	return 0;
}

static void hk_run_stop(struct kunit *test, struct hk_thread *threads, u32 n)
{
	for (; n--; threads++) {
		/* One that is stopped too early never runs. */
		while (!READ_ONCE(threads->rounds))
			usleep_range(100, 200);
		kthread_stop(threads->task);
		KUNIT_EXPECT_EQ_MSG(test, threads->errors, 0, "thread %u",
				    threads->index);
	}
}

void hk_run(struct kunit *test, struct hk_thread *threads, u32 n,
	    unsigned int ms)
{
	u32 i;

	for (i = 0; i < n; i++) {
		threads[i].index = i;
		threads[i].complete = !ms;
		threads[i].rnd = hk_rnd(test);
		threads[i].rnd.state += i;
		threads[i].task = kthread_run(hk_thread_fn, &threads[i],
					      "hmap_kunit/%u", i);
		if (IS_ERR(threads[i].task)) {
			hk_run_stop(test, threads, i);
			KUNIT_FAIL_AND_ABORT(test, "no thread");
		}
	}
	if (ms)
		msleep(ms);
	hk_run_stop(test, threads, n);
}

/**
 * struct search - for a tracepoint
 * @nb: is told of the tracepoints of all modules
 * @name: its name
 * @tp: the tracepoint
 */
struct search {
	struct notifier_block nb;
	const char *name;
	struct tracepoint *tp;
};

static int search_module(struct notifier_block *nb, unsigned long action, void *data)
{
	struct search *search = container_of(nb, struct search, nb);
	const struct module *mod = ((struct tp_module *)data)->mod;
	struct tracepoint *tp;
	unsigned int i;

	for (i = 0; i < mod->num_tracepoints; i++) {
		tp = tracepoint_ptr_deref(&mod->tracepoints_ptrs[i]);
		if (!strcmp(tp->name, search->name))
			search->tp = tp;
	}
	return NOTIFY_OK;
}

/* The module does not export them: they are found as tracers find them. */
struct tracepoint *hk_tracepoint(struct kunit *test, const char *name)
{
	struct search search = {
		.nb = { .notifier_call = search_module }, .name = name,
	};

	KUNIT_ASSERT_EQ(test, register_tracepoint_module_notifier(&search.nb), 0);
	unregister_tracepoint_module_notifier(&search.nb);
	KUNIT_ASSERT_NOT_NULL(test, search.tp);
	return search.tp;
}

static void leave_off(void *data, const struct hmap *h, u8 B, u8 new_B, u8 reason,
		      u64 count)
{
	if (h == data)
		WRITE_ONCE(((struct hmap *)data)->dying, true);
}

void hk_only_publish(struct kunit *test, struct hmap *h)
{
	struct tracepoint *tp = hk_tracepoint(test, "hmap_resize_start");

	KUNIT_ASSERT_EQ(test, tracepoint_probe_register(tp, leave_off, h), 0);
	enable_delayed_work(&h->work);
	mod_delayed_work(system_wq, &h->work, 0);
	flush_work(&h->work.work);
	disable_delayed_work_sync(&h->work);
	tracepoint_probe_unregister(tp, leave_off, h);
	tracepoint_synchronize_unregister();
	h->dying = false;
	h->called = false;
}
