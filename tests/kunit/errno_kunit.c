// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever the caller's context, and whatever others do with the map meanwhile,
 * an operation returns nothing but what is documented of it: never -EBUSY, never
 * -EAGAIN. And -EINTR to tasks that have been killed.
 */
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "hmap_kunit.h"

#define MS	400

/* Bytes of keys and values, at the most. */
#define ROOM	200

/* Keys of a batch. */
#define BATCH	4

/**
 * struct shared - the map of a test
 * @h: the map
 * @keys: keys are below this
 * @failing: some allocations fail
 */
struct shared {
	struct hmap *h;
	u32 keys;
	bool failing;
};

/**
 * struct caller - a caller
 * @s: the map
 * @rnd: random numbers
 * @gfp: how to allocate
 * @errors: what was returned and is not documented
 * @key: a random key, or several
 * @value: as many values
 */
struct caller {
	struct shared *s;
	struct hk_rnd *rnd;
	gfp_t gfp;
	unsigned long errors;
	u8 key[BATCH * ROOM];
	u8 value[BATCH * ROOM];
};

static int refuse_some(void *value, bool exists, void *arg)
{
	return *(u32 *)value & 1 ? -EDOM : 0;
}

static int do_put(struct caller *c)
{
	return hmap_put(c->s->h, c->key, c->value, hk_below(c->rnd, 3), c->gfp);
}

static int do_update(struct caller *c)
{
	return hmap_update(c->s->h, c->key, refuse_some, NULL,
			   hk_below(c->rnd, 3), c->gfp);
}

static int do_put_batch(struct caller *c)
{
	unsigned int done;

	return hmap_put_batch(c->s->h, c->key, c->value, BATCH,
			      hk_below(c->rnd, 3), c->gfp, &done);
}

static int do_get(struct caller *c)
{
	return hmap_get(c->s->h, c->key, c->value);
}

static int do_delete(struct caller *c)
{
	return hmap_delete(c->s->h, c->key);
}

static int do_pop(struct caller *c)
{
	return hmap_pop(c->s->h, c->key, c->value);
}

/* These have no error to return. */
static int do_get_batch(struct caller *c)
{
	unsigned long found;

	return hmap_get_batch(c->s->h, c->key, BATCH, c->value, &found) > BATCH;
}

static int do_scan(struct caller *c)
{
	struct hmap_cursor cursor = { .place = hk_rnd64(c->rnd) };

	return hmap_scan(c->s->h, &cursor, c->key, c->value, BATCH) > BATCH;
}

static int do_clear(struct caller *c)
{
	return hk_below(c->rnd, 100) ? 0 : hmap_clear(c->s->h);
}

static int do_reserve(struct caller *c)
{
	return hk_below(c->rnd, 100) ? 0 :
	       hmap_reserve(c->s->h, hk_below(c->rnd, 2 * c->s->keys));
}

/* The same limits again: what others may meet does not change. */
static int do_limit(struct caller *c)
{
	const struct hmap_params *params = &c->s->h->params;

	hmap_set_max_entries(c->s->h, READ_ONCE(params->max_entries));
	hmap_set_max_bytes(c->s->h, READ_ONCE(params->max_bytes));
	return 0;
}

#define E(name)		BIT_ULL(E##name)

/**
 * struct operation - an operation and what it may return
 * @fn: the operation
 * @errors: errors that may be returned
 * @sleeps: it may sleep
 */
static const struct operation {
	int (*fn)(struct caller *c);
	u64 errors;
	bool sleeps;
} operations[] = {
	{ do_put, E(EXIST) | E(NOENT) | E(NOSPC) | E(NOMEM) },
	{ do_put_batch, E(EXIST) | E(NOENT) | E(NOSPC) | E(NOMEM) },
	{ do_update, E(EXIST) | E(NOENT) | E(NOSPC) | E(NOMEM) | E(DOM) },
	{ do_get, E(NOENT) },
	{ do_get_batch, 0 },
	{ do_delete, E(NOENT) },
	{ do_pop, E(NOENT) },
	{ do_scan, 0 },
	{ do_clear, E(NOMEM), .sleeps = true },
	/* -EINVAL: more than max_entries */
	{ do_reserve, E(INVAL) | E(NOMEM), .sleeps = true },
	{ do_limit, 0 },
};

/* Random bytes, but that there are only so many keys. */
static void choose_elements(struct caller *c)
{
	u32 size = c->s->h->params.key_size, i, key;

	memset(c->key, 0, sizeof(c->key));
	for (i = 0; i < BATCH; i++) {
		key = hk_below(c->rnd, c->s->keys);
		memcpy(c->key + i * size, &key, sizeof(key));
		c->value[i] = key;
	}
}

static bool is_documented(const struct shared *s, const struct operation *op,
			  int err)
{
	u64 errors = op->errors;

	if (!s->failing)
		errors &= ~E(NOMEM);
	if (!READ_ONCE(s->h->params.max_entries))
		errors &= ~(E(NOSPC) | E(INVAL));
	return !err || (err < 0 && err > -64 && errors & BIT_ULL(-err));
}

static void call_one(struct caller *c)
{
	const struct operation *op;

	op = &operations[hk_below(c->rnd, ARRAY_SIZE(operations))];
	if (op->sleeps && !gfpflags_allow_blocking(c->gfp))
		return;
	choose_elements(c);
	if (!is_documented(c->s, op, op->fn(c)))
		c->errors++;
}

static void call_some(struct caller *c, struct hk_thread *thread, gfp_t gfp)
{
	unsigned int i;

	c->s = thread->arg;
	c->rnd = &thread->rnd;
	c->gfp = gfp;
	c->errors = 0;
	for (i = 0; i < 64; i++) {
		if (c->s->failing)
			hk_fail_nth(1 + hk_below(c->rnd, 6));
		call_one(c);
		hk_fail_nth(0);
	}
	thread->errors += c->errors;
}

static bool call_from_process(struct hk_thread *thread)
{
	static struct caller c;

	call_some(&c, thread, GFP_KERNEL);
	return true;
}

static bool call_with_bh_disabled(struct hk_thread *thread)
{
	static struct caller c;

	local_bh_disable();
	call_some(&c, thread, GFP_ATOMIC);
	local_bh_enable();
	return true;
}

/**
 * struct softirq_call - work for a softirq
 * @work: the work
 * @thread: the thread that calls
 */
struct softirq_call {
	struct work_struct work;
	struct hk_thread *thread;
};

static void softirq_work(struct work_struct *work)
{
	struct softirq_call *call = container_of(work, struct softirq_call,
						 work);
	static struct caller c;

	if (!in_serving_softirq())
		call->thread->errors++;
	call_some(&c, call->thread, GFP_ATOMIC);
}

static bool call_from_softirq(struct hk_thread *thread)
{
	struct softirq_call call = { .thread = thread };

	INIT_WORK_ONSTACK(&call.work, softirq_work);
	queue_work(system_bh_wq, &call.work);
	flush_work(&call.work);
	destroy_work_on_stack(&call.work);
	return true;
}

/**
 * struct scenario - a map that they share
 * @name: what is special
 * @params: of the map
 * @keys: keys are below this
 */
struct scenario {
	const char *name;
	struct hmap_params params;
	u32 keys;
};

static const struct scenario scenarios[] = {
	{ "one stripe", { .key_size = 8, .value_size = 8 }, 3000 },
	{ "eight stripes", { .key_size = 8, .value_size = 8, .stripes = 8 },
	  3000 },
	{ "often full",
	  { .key_size = 8, .value_size = 8, .stripes = 4, .max_entries = 60 },
	  150 },
	{ "often empty", { .key_size = 4, .value_size = 4, .stripes = 2 }, 3 },
	{ "one chain",
	  { .key_size = 8, .value_size = 8, .hashfn = hk_hash_one_bucket },
	  100 },
	{ "out of line", { .key_size = 200, .value_size = 200, .stripes = 64 },
	  1000 },
};

KUNIT_ARRAY_PARAM_DESC(scenario, scenarios, name);

static void call_from_everywhere(struct kunit *test, bool failing)
{
	const struct scenario *scenario = test->param_value;
	struct shared s = {
		.h = hk_map(test, &scenario->params), .keys = scenario->keys,
		.failing = failing,
	};
	struct hk_thread threads[] = {
		{ call_from_process, &s }, { call_with_bh_disabled, &s },
		{ call_from_softirq, &s },
	};
	long failures;

	s.h->params.flags = 0;
	hk_run(test, threads, ARRAY_SIZE(threads), MS);
	failures = atomic_long_read(&s.h->alloc_failures);
	if (!failing)
		KUNIT_EXPECT_EQ(test, failures, 0);
	/* Of the others only few operations allocate anything. */
	if (failing && hmap_out_of_line(scenario->params.key_size))
		KUNIT_EXPECT_GT(test, failures, 0);
	HK_VERIFY(test, s.h);
}

static void nothing_undocumented_is_returned(struct kunit *test)
{
	call_from_everywhere(test, false);
}

static void nor_when_allocations_fail(struct kunit *test)
{
	hk_skip_unless_allocations_fail(test);
	call_from_everywhere(test, true);
}

/*
 * A chain that a writer is always at, as a lookup sees it: it may not say so, but
 * takes the lock.
 */
static void a_disturbed_lookup_takes_the_lock(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	const u64 keys[] = { 5, 6, 99 };
	unsigned long found;
	u64 value, values[ARRAY_SIZE(keys)];
	struct hmap_bucket *b;

	hk_put_range(test, h, 0, 8);
	b = hmap_bucket(h, hk_array(h), 0);
	b->version++;
	KUNIT_EXPECT_EQ(test, hmap_get(h, &keys[0], &value), 0);
	KUNIT_EXPECT_EQ(test, value, hk_value(5));
	KUNIT_EXPECT_EQ(test, hmap_get(h, &keys[2], &value), -ENOENT);
	KUNIT_EXPECT_EQ(test, hmap_get_batch(h, keys, ARRAY_SIZE(keys), values,
					     &found), 2);
	KUNIT_EXPECT_EQ(test, found, 3);
	KUNIT_EXPECT_EQ(test, values[1], hk_value(6));
	b->version++;
}

/* ---- the killed ---- */

/**
 * struct victim - a thread that is killed
 * @h: the map
 * @task: the thread, once it runs
 * @err: what the operation returned to it
 * @absent: the key was in the map neither before nor after
 */
struct victim {
	struct hmap *h;
	struct task_struct *task;
	int err;
	bool absent;
};

static bool put_until_killed(struct hk_thread *thread)
{
	struct victim *v = thread->arg;
	u64 key = U64_MAX;

	allow_kernel_signal(SIGKILL);
	WRITE_ONCE(v->task, current);
	v->err = hmap_put(v->h, &key, &key, HMAP_ANY, GFP_KERNEL);
	v->absent = hmap_get(v->h, &key, NULL) == -ENOENT;
	flush_signals(current);
	return false;
}

static bool kill_it_when_it_waits(struct hk_thread *thread)
{
	struct victim *v = thread->arg;

	while (!wq_has_sleeper(&v->h->wait))
		usleep_range(100, 200);
	send_sig(SIGKILL, v->task, 1);
	return false;
}

static void a_killed_writer_does_not_wait_for_the_worker(struct kunit *test)
{
	struct victim v = { .h = hk_map_u64(test) };
	struct hk_thread threads[] = {
		{ put_until_killed, &v }, { kill_it_when_it_waits, &v },
	};
	u64 n = hk_overfill(test, v.h);

	hk_run(test, threads, ARRAY_SIZE(threads), 0);
	hk_enable_worker(v.h);
	KUNIT_EXPECT_EQ(test, v.err, -EINTR);
	KUNIT_EXPECT_TRUE(test, v.absent);
	KUNIT_EXPECT_EQ(test, hmap_len(v.h), n);
}

static bool reserve_killed(struct hk_thread *thread)
{
	struct victim *v = thread->arg;

	allow_kernel_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	v->err = hmap_reserve(v->h, 10000);
	flush_signals(current);
	return false;
}

static void a_killed_reserve_stops(struct kunit *test)
{
	u64 from, to;
	struct victim v = { .h = hk_map_growing(test, &from, &to) };
	struct hk_thread threads[] = { { reserve_killed, &v } };

	hk_run(test, threads, ARRAY_SIZE(threads), 0);
	KUNIT_EXPECT_EQ(test, v.err, -EINTR);
	hk_expect_all(test, v.h, from, to);
}

static struct kunit_case errno_cases[] = {
	KUNIT_CASE_PARAM(nothing_undocumented_is_returned, scenario_gen_params),
	KUNIT_CASE_PARAM(nor_when_allocations_fail, scenario_gen_params),
	KUNIT_CASE(a_disturbed_lookup_takes_the_lock),
	KUNIT_CASE(a_killed_writer_does_not_wait_for_the_worker),
	KUNIT_CASE(a_killed_reserve_stops),
	{}
};

HK_SUITE(errno, errno_cases);
