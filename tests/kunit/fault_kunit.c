// SPDX-License-Identifier: GPL-2.0
/*
 * Failing allocations, each one in its turn: an operation then returns -ENOMEM
 * and has changed nothing, or does without and has done what it should.
 *
 * With current->fail_nth = n the n-th allocation of this thread fails. The
 * kernel needs CONFIG_FAILSLAB, and ignore-gfp-wait in debugfs has to be off.
 */
#include "hmap_kunit.h"

/**
 * struct scenario - an operation that allocates
 * @name: what it is
 * @key_size: bytes of a key
 * @value_size: bytes of a value
 * @hashfn: hash function
 * @hint: elements to make room for
 * @filled: elements that are there before
 * @op: the operation, with the number of the first key that is not there
 * @adds: elements that it adds; -1 if it removes all
 * @must: allocations that it cannot do without: the first and so many in all
 * @pages: the first one is of pages in a row. For a caller that may sleep others do
 * @shown: the map is shown to programs
 */
struct scenario {
	const char *name;
	u32 key_size;
	u32 value_size;
	hmap_hashfn_t hashfn;
	unsigned long hint;
	u32 filled;
	int (*op)(struct hmap *h, u32 next, gfp_t gfp);
	int adds;
	u32 must;
	bool pages;
	bool shown;
};

/* Keys and values of any size from numbers. */
#define ROOM	300

static void set_number(u8 *bytes, u32 size, u32 n)
{
	memset(bytes, n >> 3, size);
	memcpy(bytes, &n, min_t(u32, size, sizeof(n)));
}

static int put_number(struct hmap *h, u32 n, unsigned int flags, gfp_t gfp)
{
	u8 key[ROOM], value[ROOM];

	set_number(key, h->params.key_size, n);
	set_number(value, h->params.value_size, ~n);
	return hmap_put(h, key, value, flags, gfp);
}

static int op_put_new(struct hmap *h, u32 next, gfp_t gfp)
{
	return put_number(h, next, HMAP_NOEXIST, gfp);
}

static int op_put_old(struct hmap *h, u32 next, gfp_t gfp)
{
	return put_number(h, next / 2, HMAP_EXIST, gfp);
}

static int update_number(void *value, bool exists, void *arg)
{
	struct hmap *h = ((void **)arg)[0];
	u32 *n = ((void **)arg)[1];

	set_number(value, h->params.value_size, ~*n);
	return 0;
}

static int update(struct hmap *h, u32 n, gfp_t gfp)
{
	void *args[] = { h, &n };
	u8 key[ROOM];

	set_number(key, h->params.key_size, n);
	return hmap_update(h, key, update_number, args, HMAP_ANY, gfp);
}

static int op_update_new(struct hmap *h, u32 next, gfp_t gfp)
{
	return update(h, next, gfp);
}

static int op_update_old(struct hmap *h, u32 next, gfp_t gfp)
{
	return update(h, next / 2, gfp);
}

static int op_clear(struct hmap *h, u32 next, gfp_t gfp)
{
	return hmap_clear(h);
}

static int op_reserve(struct hmap *h, u32 next, gfp_t gfp)
{
	return hmap_reserve(h, 5000);
}

static int op_shrink(struct hmap *h, u32 next, gfp_t gfp)
{
	return hmap_shrink(h);
}

/* The worker, whose allocations fail only where they are made by this thread. */
static void work(struct hmap *h)
{
	disable_delayed_work_sync(&h->work);
	h->work.work.func(&h->work.work);
	enable_delayed_work(&h->work);
}

/* The put that exceeds the capacity calls it for an array. */
static int op_put_and_work(struct hmap *h, u32 next, gfp_t gfp)
{
	int err;

	disable_delayed_work_sync(&h->work);
	err = op_put_new(h, next, gfp);
	h->work.work.func(&h->work.work);
	enable_delayed_work(&h->work);
	return err;
}

static int op_shrink_by_work_and_put(struct hmap *h, u32 next, gfp_t gfp)
{
	h->params.flags &= ~HMAP_NO_SHRINK;
	h->min_B = 0;
	work(h);
	return op_put_new(h, next, gfp);
}

static const struct scenario scenarios[] = {
	{ "the first put", 8, 8, .op = op_put_new, .adds = 1, .must = 1 },
	{ "a put that grows to 2", 8, 8, .filled = 8, .op = op_put_new,
	  .adds = 1 },
	{ "a put that grows to 64", 8, 8, .filled = 208, .op = op_put_new,
	  .adds = 1 },
	{ "a put that grows with one long chain", 8, 8, hk_hash_constant,
	  .filled = 104, .op = op_put_new, .adds = 1 },
	{ "a put that needs an overflow bucket", 8, 8, hk_hash_constant,
	  .hint = 100, .filled = 8, .op = op_put_new, .adds = 1, .must = 1 },
	{ "a put that needs the fourth block", 8, 8, hk_hash_constant,
	  .hint = 100, .filled = 64, .op = op_put_new, .adds = 1,
	  .must = 1 },
	{ "a put that needs a table of blocks", 128, 128, hk_hash_constant,
	  .hint = 1200, .filled = 1160, .op = op_put_new, .adds = 1,
	  .must = 2, .pages = true },
	{ "a put that grows what is shown", 8, 8, .filled = 26,
	  .op = op_put_new, .adds = 1, .shown = true },
	{ "an overwrite in line", 8, 8, .filled = 20, .op = op_put_old },
	{ "a put of a long key", 200, 8, .filled = 20, .op = op_put_new,
	  .adds = 1, .must = 1 },
	{ "a put of a long value", 8, 300, .filled = 20, .op = op_put_new,
	  .adds = 1, .must = 1 },
	{ "a put of both that grows", 200, 300, .filled = 26, .op = op_put_new,
	  .adds = 1, .must = 1 },
	{ "an overwrite of a long value", 200, 300, .filled = 20,
	  .op = op_put_old, .must = 1 },
	{ "the first update", 8, 8, .op = op_update_new, .adds = 1,
	  .must = 1 },
	{ "an update that grows", 8, 8, .filled = 52, .op = op_update_new,
	  .adds = 1 },
	{ "an update of both that grows", 200, 300, .filled = 52,
	  .op = op_update_new, .adds = 1, .must = 1 },
	{ "an update of a long value", 8, 300, .filled = 20,
	  .op = op_update_old, .must = 1 },
	{ "clear", 8, 8, .filled = 300, .op = op_clear, .adds = -1 },
	{ "clear out of line", 200, 300, .filled = 53, .op = op_clear,
	  .adds = -1 },
	{ "reserve of an empty map", 8, 8, .op = op_reserve, .must = 1 },
	{ "reserve of a filled map", 8, 8, .filled = 100, .op = op_reserve,
	  .must = 1 },
	{ "reserve of a growing map", 8, 8, .filled = 209, .op = op_reserve,
	  .must = 1 },
	{ "reserve with one long chain", 8, 8, hk_hash_constant, .filled = 105,
	  .op = op_reserve, .must = 1 },
	{ "shrink", 8, 8, .hint = 1000, .filled = 100, .op = op_shrink,
	  .must = 1 },
	{ "shrink with one long chain", 8, 8, hk_hash_constant, .hint = 1000,
	  .filled = 105, .op = op_shrink, .must = 1 },
	{ "a put, and the worker's array", 8, 8, .hint = 832, .filled = 832,
	  .op = op_put_and_work, .adds = 1 },
	{ "shrinking by the worker, and a put", 8, 8, .hint = 1000,
	  .filled = 100, .op = op_shrink_by_work_and_put, .adds = 1 },
};

KUNIT_ARRAY_PARAM_DESC(scenario, scenarios, name);

static struct hmap *make_map(struct kunit *test, const struct scenario *s)
{
	const struct hmap_params params = {
		.key_size = s->key_size, .value_size = s->value_size,
		.hashfn = s->hashfn, .hint = s->hint,
		.flags = s->hashfn ? HMAP_LONG_CHAINS : 0,
	};
	struct hmap *h = hk_map_view(test, &params, s->shown ? hk_view(test) : NULL);
	u32 n;

	for (n = 0; n < s->filled; n++)
		KUNIT_ASSERT_EQ(test, put_number(h, n, HMAP_ANY, GFP_KERNEL),
				0);
	return h;
}

static void expect_numbers(struct kunit *test, struct hmap *h, u32 n)
{
	u8 key[ROOM], value[ROOM], got[ROOM];

	HK_VERIFY(test, h);
	KUNIT_ASSERT_EQ(test, hmap_len(h), n);
	while (n--) {
		set_number(key, h->params.key_size, n);
		set_number(value, h->params.value_size, ~n);
		KUNIT_ASSERT_EQ(test, hmap_get(h, key, got), 0);
		KUNIT_ASSERT_EQ(test, memcmp(got, value, h->params.value_size),
				0);
	}
}

static bool first_is_made_up_for(const struct scenario *s, gfp_t gfp)
{
	return s->pages && gfpflags_allow_blocking(gfp);
}

/*
 * One try with the @nth allocation failing. Returns whether one has failed; if the
 * operation has, too, that is one of @errors.
 */
static bool try(struct kunit *test, const struct scenario *s, unsigned int nth,
		gfp_t gfp, u32 *errors)
{
	struct hmap *h = make_map(test, s);
	long failures = atomic_long_read(&h->alloc_failures);
	bool failed;
	int err;

	hk_fail_nth(nth);
	err = s->op(h, s->filled, gfp);
	failed = !hk_fail_pending();
	hk_fail_nth(0);
	/*
	 * Some are made up for where they fail: in vmalloc(), or in what a
	 * debugging kernel notes down with each allocation.
	 */
	failures = atomic_long_read(&h->alloc_failures) - failures;
	KUNIT_EXPECT_LE(test, failures, failed);
	KUNIT_EXPECT_TRUE(test, !err || (failures && err == -ENOMEM));
	if (nth == 1 && s->must && !first_is_made_up_for(s, gfp))
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	expect_numbers(test, h, err ? s->filled :
				s->adds < 0 ? 0 : s->filled + s->adds);
	*errors += !!err;
	/* And it goes on as if nothing had been. */
	if (err)
		KUNIT_EXPECT_EQ(test, s->op(h, s->filled, gfp), 0);
	HK_VERIFY(test, h);
	hk_map_destroy(test, h);
	return failed;
}

/*
 * Again if too few mattered: what a debugging kernel notes down is not always the same,
 * and may have taken the place of one that does.
 */
static void try_all(struct kunit *test, gfp_t gfp)
{
	const struct scenario *s = test->param_value;
	u32 must = s->must - first_is_made_up_for(s, gfp), errors;
	unsigned int nth, round = 0;

	hk_skip_unless_allocations_fail(test);
	do {
		errors = 0;
		for (nth = 1; try(test, s, nth, gfp, &errors); nth++)
			;
	} while (errors < must && ++round < 10);
	KUNIT_EXPECT_GE(test, errors, must);
	/* Something has failed, or there is nothing that could. */
	if (s->must || s->adds)
		KUNIT_EXPECT_GT(test, nth, 1);
	else
		KUNIT_EXPECT_EQ(test, nth, 1);
}

static void a_failed_allocation_leaves_the_map_intact(struct kunit *test)
{
	try_all(test, GFP_KERNEL);
}

static void a_failed_atomic_allocation_leaves_the_map_intact(struct kunit *test)
{
	try_all(test, GFP_ATOMIC);
}

static void a_failed_nowait_allocation_leaves_the_map_intact(struct kunit *test)
{
	try_all(test, GFP_NOWAIT);
}

static bool try_init(struct kunit *test, unsigned long hint, unsigned int nth)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .hint = hint,
	};
	static struct hmap h; /* work has to say so if it is on a stack */
	bool failed;
	int err;

	hk_fail_nth(nth);
	err = hmap_init(&h, &params);
	failed = !hk_fail_pending();
	hk_fail_nth(0);
	/* Some within vmalloc() are made up for there. */
	KUNIT_EXPECT_TRUE(test, !err || (failed && err == -ENOMEM));
	if (nth == 1)
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	if (!err)
		hmap_destroy(&h);
	KUNIT_EXPECT_PTR_EQ(test, h.memory, NULL);
	return failed;
}

static void a_failed_init_leaves_nothing_behind(struct kunit *test)
{
	static const unsigned long hints[] = { 0, 9, 100, 10000 };
	unsigned int i, nth;

	hk_skip_unless_allocations_fail(test);
	for (i = 0; i < ARRAY_SIZE(hints); i++) {
		for (nth = 1; try_init(test, hints[i], nth); nth++)
			;
		KUNIT_EXPECT_GE(test, nth, hints[i] ? 3 : 2);
	}
}

/* A map of 53 elements that should have grown, and has called the worker. */
static struct hmap *make_too_small(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	hk_put_range(test, h, 0, 52);
	disable_delayed_work_sync(&h->work);
	hk_fail_nth(1);
	hk_put_range(test, h, 52, 53);
	KUNIT_EXPECT_FALSE(test, hk_fail_pending());
	hk_fail_nth(0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 3);
	KUNIT_EXPECT_TRUE(test, h->called);
	enable_delayed_work(&h->work);
	return h;
}

/* A map that cannot grow at first does so at the next insert. */
static void growth_that_failed_is_made_up_for(struct kunit *test)
{
	struct hmap *h;

	hk_skip_unless_allocations_fail(test);
	h = make_too_small(test);
	hk_put_range(test, h, 53, 54);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 4);
	hk_expect_all(test, h, 0, 54);
}

/* Or without one, since the worker tries what the put could not. */
static void the_worker_makes_up_for_growth_that_failed(struct kunit *test)
{
	struct hmap *h;

	hk_skip_unless_allocations_fail(test);
	h = make_too_small(test);
	mod_delayed_work(hmap_wq, &h->work, 0);
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 4);
	hk_expect_all(test, h, 0, 53);
}

/* And tries again until there is memory: later and later, up to 4 seconds. */
static void the_worker_tries_again(struct kunit *test)
{
	struct hmap *h;
	unsigned int i;
	unsigned long retry = HZ / 4;

	hk_skip_unless_allocations_fail(test);
	h = make_too_small(test);
	disable_delayed_work_sync(&h->work);
	for (i = 0; i < 8; i++) {
		hk_fail_nth(1);
		h->work.work.func(&h->work.work);
		hk_fail_nth(0);
		KUNIT_EXPECT_EQ(test, h->retry, retry);
		KUNIT_EXPECT_TRUE(test, h->called);
		KUNIT_EXPECT_EQ(test, hk_array(h)->B, 3);
		retry = min(2 * retry, 4UL * HZ);
	}
	h->work.work.func(&h->work.work);
	enable_delayed_work(&h->work);
	KUNIT_EXPECT_EQ(test, h->retry, 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 4);
	hk_expect_all(test, h, 0, 53);
}

/* One of the next few allocations fails with each put into the map. */
static void a_map_grows_through_many_failures(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 8, 200);
	struct hk_rnd rnd = hk_rnd(test);
	u32 n;
	int err;

	hk_skip_unless_allocations_fail(test);
	for (n = 0; n < 2000;) {
		hk_fail_nth(1 + hk_below(&rnd, 6));
		err = put_number(h, n, HMAP_NOEXIST, GFP_KERNEL);
		hk_fail_nth(0);
		KUNIT_ASSERT_TRUE(test, !err || err == -ENOMEM);
		n += !err;
	}
	expect_numbers(test, h, n);
	KUNIT_EXPECT_GT(test, atomic_long_read(&h->alloc_failures), 100);
}

/* Deletes work without memory, whatever they have to evacuate. */
static void deletes_and_reads_allocate_nothing(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_one_bucket, 0);
	struct hmap_cursor cursor = {};
	struct hmap_stats stats;
	u64 key, value;

	hk_skip_unless_allocations_fail(test);
	hk_put_range(test, h, 0, 209);
	hk_fail_nth(1);
	for (key = 0; key < 100; key++) {
		hk_delete(test, h, key);
		hk_expect_range(test, h, key + 1, key + 2);
	}
	for (; key < 200; key++)
		KUNIT_EXPECT_EQ(test, hmap_pop(h, &key, &value), 0);
	while (!hmap_cursor_done(&cursor))
		hmap_scan(h, &cursor, &key, NULL, 1);
	hmap_get_stats(h, &stats);
	KUNIT_EXPECT_TRUE(test, hk_fail_pending());
	hk_fail_nth(0);
	hk_expect_all(test, h, 200, 209);
}

static bool chain_is_old(struct hmap *h)
{
	u64 hash = hk_hash_constant(NULL, 0, NULL);

	return hk_growing(h) &&
	       hk_chain_of(h, hash).a == hk_array(h)->oldbuckets;
}

/*
 * A map with one long chain, in the old array, and without the overflow
 * buckets to evacuate it to. Which allocation has to fail is found by trying.
 */
static struct hmap *make_stuck(struct kunit *test)
{
	struct hmap *h;
	unsigned int nth;

	for (nth = 1; nth < 100; nth++) {
		h = hk_map_hashed(test, hk_hash_constant, 104);
		hk_put_range(test, h, 0, 104);
		hk_fail_nth(nth);
		hk_put_range(test, h, 104, 105);
		hk_fail_nth(0);
		if (chain_is_old(h))
			return h;
		hk_map_destroy(test, h);
	}
	KUNIT_FAIL_AND_ABORT(test, "no allocation is the right one");
	return NULL;
}

static void a_delete_that_cannot_evacuate_uses_the_old_chain(struct kunit *test)
{
	struct hmap *h;
	u64 key;

	hk_skip_unless_allocations_fail(test);
	h = make_stuck(test);
	for (key = 0; key < 50; key++) {
		hk_delete(test, h, key);
		HK_VERIFY(test, h);
	}
	KUNIT_EXPECT_TRUE(test, chain_is_old(h));
	hk_expect_all(test, h, 50, 105);
}

static void a_put_brings_what_evacuation_lacks(struct kunit *test)
{
	struct hmap *h;

	hk_skip_unless_allocations_fail(test);
	h = make_stuck(test);
	hk_put_range(test, h, 105, 106);
	KUNIT_EXPECT_FALSE(test, chain_is_old(h));
	hk_expect_all(test, h, 0, 106);
}

static void a_stuck_chain_can_be_read_and_scanned(struct kunit *test)
{
	struct hk_scan scan = { .capacity = 10, .limit = 105 };
	struct hmap *h;

	hk_skip_unless_allocations_fail(test);
	h = make_stuck(test);
	hk_expect_all(test, h, 0, 105);
	hk_scan(test, h, &scan);
	hk_expect_times(test, &scan, 0, 105, 1);
	KUNIT_EXPECT_TRUE(test, chain_is_old(h));
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE_PARAM(a_failed_allocation_leaves_the_map_intact,
			 scenario_gen_params),
	KUNIT_CASE_PARAM(a_failed_atomic_allocation_leaves_the_map_intact,
			 scenario_gen_params),
	KUNIT_CASE_PARAM(a_failed_nowait_allocation_leaves_the_map_intact,
			 scenario_gen_params),
	KUNIT_CASE(a_failed_init_leaves_nothing_behind),
	KUNIT_CASE(growth_that_failed_is_made_up_for),
	KUNIT_CASE(the_worker_makes_up_for_growth_that_failed),
	KUNIT_CASE(the_worker_tries_again),
	KUNIT_CASE(a_map_grows_through_many_failures),
	KUNIT_CASE(deletes_and_reads_allocate_nothing),
	KUNIT_CASE(a_delete_that_cannot_evacuate_uses_the_old_chain),
	KUNIT_CASE(a_put_brings_what_evacuation_lacks),
	KUNIT_CASE(a_stuck_chain_can_be_read_and_scanned),
	{}
};

HK_SUITE(fault, fault_cases);
