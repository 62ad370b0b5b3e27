// SPDX-License-Identifier: GPL-2.0
/*
 * What has been wrong once, and what the model of the protocol found: each test
 * fails without the lines that mended it.
 */
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "hmap_kunit.h"

/* ---- progress ---- */

/* Old buckets of the next map. */
#define UNITS		4096

/* More than the units that one operation passes at the most, see resize.c. */
#define AHEAD		1100

/*
 * The hash of a key is the key: its low bits are the unit that it is in. Each has nine
 * keys at first, so that there are as many overflow buckets as buckets: in a map of
 * such a size this has writers evacuate their own units, too.
 */
static struct hmap *make_growing(struct kunit *test)
{
	const u64 n = UNITS / 2 * 13;
	struct hmap *h = hk_map_hashed(test, hk_hash_identity, n);
	u64 i, k;

	disable_delayed_work_sync(&h->work);
	for (i = 0; i < UNITS; i++) {
		for (k = 0; k < 9; k++)
			hk_put(test, h, k * UNITS + i, i);
		for (k = 0; k < 9; k++)
			hk_delete(test, h, k * UNITS + i);
	}
	hk_put_range(test, h, 0, n);
	KUNIT_ASSERT_EQ(test, hk_array(h)->noverflow, UNITS);
	hk_enable_worker(h);
	hk_put_range(test, h, n, n + 1);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	KUNIT_ASSERT_EQ(test, hmap_nbuckets(hk_array(h)), 2 * UNITS);
	/* The test alone is to drive it. */
	cancel_delayed_work_sync(&h->work);
	return h;
}

/* A delete that finds nothing evacuates its unit and the next of its stripe. */
static void touch(struct kunit *test, struct hmap *h, u64 unit)
{
	u64 key = unit | 1ULL << 40;

	KUNIT_ASSERT_EQ(test, hmap_delete(h, &key), -ENOENT);
}

static bool next_is_evacuated(struct hmap *h)
{
	struct hmap_array *a = hk_array(h);
	struct hmap_bucket *next = hmap_bucket(h, a->oldbuckets, a->nevacuate[0].n);

	return hmap_bucket_evacuated(hmap_bucket_tophashes(next));
}

/*
 * Units far ahead are evacuated, so many that the progress of the stripe stops
 * among them. It went on from there only if the next unit had not been
 * evacuated: what relied on the progress never came to an end.
 */
static void a_unit_that_was_evacuated_before_is_passed(struct kunit *test)
{
	struct hmap *h = make_growing(test);
	u64 unit, n, next = 0;

	for (unit = AHEAD; !next_is_evacuated(h); unit++) {
		KUNIT_ASSERT_LT(test, unit, UNITS);
		next = hk_array(h)->nevacuate[0].n;
		touch(test, h, unit);
	}
	/* As in Go it passes one, and 1024 further at the most. */
	KUNIT_EXPECT_EQ(test, hk_array(h)->nevacuate[0].n, next + 1 + 1024);
	for (n = 0; n < UNITS && hk_growing(h); n++)
		touch(test, h, 0);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	HK_VERIFY(test, h);
}

/* ---- shrinking ---- */

/*
 * Two chains become one. When the second is moved, readers may be in what came
 * of the first: the version of the new chain has to change.
 */
static void the_second_of_two_chains_is_moved_under_a_version(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	size_t i;

	h->params.flags = 0;
	hk_put_range(test, h, 0, 1000);
	hk_delete_range(test, h, 100, 1000);
	flush_delayed_work(&h->work);
	KUNIT_ASSERT_GT(test, atomic_long_read(&h->shrinks), 0);
	KUNIT_ASSERT_FALSE(test, hk_growing(h));
	for (i = 0; i < hmap_nbuckets(hk_array(h)); i++)
		KUNIT_EXPECT_EQ(test, hmap_bucket(h, hk_array(h), i)->version,
				2);
}

/* ---- counts that are added up while they change ---- */

/**
 * struct moving - elements move between counts while another task looks at these
 * @h: the map
 * @off: by how much the sum of the counts is wrong meanwhile
 * @mask: the mask of the array afterwards; 0 for the same
 * @look: what the other thread does
 * @ready: it is about to
 * @moved: they are in between
 * @done: it has done it
 */
struct moving {
	struct hmap *h;
	long off;
	u32 mask;
	int (*look)(struct hmap *h);
	bool ready;
	bool moved;
	bool done;
};

static void run_on_cpu(u32 cpu)
{
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

static bool look(struct hk_thread *thread)
{
	struct moving *m = thread->arg;

	run_on_cpu(thread->index);
	WRITE_ONCE(m->ready, true);
	while (!READ_ONCE(m->moved))
		cond_resched();
	if (m->look(m->h))
		thread->errors++;
	WRITE_ONCE(m->done, true);
	return false;
}

/*
 * A stripe has taken what it adds to the map's count from its own. For a task that
 * reads count after count the sum is too small; that the map is empty may not rest on it
 * without all locks.
 */
static bool move(struct hk_thread *thread)
{
	struct moving *m = thread->arg;
	u64 end;

	run_on_cpu(thread->index);
	while (!READ_ONCE(m->ready))
		cond_resched();
	spin_lock_bh(&m->h->stripes[0].lock);
	atomic_long_add(m->off, &m->h->count);
	WRITE_ONCE(m->moved, true);
	end = ktime_get_ns() + 100 * NSEC_PER_MSEC;
	while (!READ_ONCE(m->done) && ktime_get_ns() < end)
		cpu_relax();
	atomic_long_sub(m->off, &m->h->count);
	if (m->mask)
		hk_array(m->h)->mask = m->mask;
	spin_unlock_bh(&m->h->stripes[0].lock);
	return false;
}

static void look_while_moving(struct kunit *test, struct moving *m)
{
	struct hk_thread threads[] = { { move, m }, { look, m } };

	if (num_online_cpus() < 2)
		kunit_skip(test, "this takes two processors");
	/* As before the resize that the mover ends. */
	if (m->mask)
		hk_array(m->h)->mask = 0;
	hk_run(test, threads, ARRAY_SIZE(threads), 0);
}

static struct hmap *make_two_stripes(struct kunit *test, unsigned long hint)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .stripes = 2, .hint = hint,
		.hashfn = hk_hash_identity,
	};

	return hk_map(test, &params);
}

/* It took the map for empty. */
static void clear_is_not_misled_by_moving_elements(struct kunit *test)
{
	struct moving m = {
		.h = make_two_stripes(test, 0), .off = -5,
		.look = hmap_clear,
	};

	hk_put_range(test, m.h, 0, 5);
	look_while_moving(test, &m);
	KUNIT_EXPECT_EQ(test, hmap_len(m.h), 0);
	hk_expect_absent(test, m.h, 0);
}

static int put_19(struct hmap *h)
{
	return hmap_put(h, &(u64){ 19 }, &(u64){ hk_value(19) }, HMAP_NOEXIST,
			GFP_KERNEL);
}

/*
 * Key 19 is in stripe 1. While its put waits for stripe 0, the only one in use, a resize
 * ends that makes enough buckets for both. The element would have been put under the
 * wrong lock.
 */
static void an_insert_is_not_misled_by_another_mask(struct kunit *test)
{
	struct moving m = {
		.h = make_two_stripes(test, 100), .mask = 1,
		.look = put_19,
	};

	look_while_moving(test, &m);
	KUNIT_EXPECT_EQ(test, m.h->stripes[0].count, 0);
	KUNIT_EXPECT_EQ(test, m.h->stripes[1].count, 1);
	hk_expect_all(test, m.h, 19, 20);
}

/* ---- reserve and clear ---- */

/* They were used only after the next resize. */
static void a_reserved_empty_map_has_all_of_its_stripes(struct kunit *test)
{
	struct hmap *h = make_two_stripes(test, 0);

	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 100), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->mask, 1);
	/* The same for one that has been used. */
	h = make_two_stripes(test, 0);
	hk_put_range(test, h, 0, 1);
	hk_delete_range(test, h, 0, 1);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 100), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->mask, 1);
}

/*
 * A chain cannot be evacuated, since the array has all the blocks of overflow
 * buckets that it may have. It tried again and again: a failing allocation
 * ends that here.
 */
static void reserve_ends_if_there_are_no_more_blocks(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_identity, 104);
	u64 i;

	hk_skip_unless_allocations_fail(test);
	for (i = 0; i < 104; i++)
		hk_put(test, h, 16 * i + 15, i);
	/* Begins to grow, and evacuates units 0 and 1. */
	hk_put(test, h, 1, 1);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	cancel_delayed_work_sync(&h->work);
	hk_array(h)->extra.overflow.nr_blocks = HMAP_MAX_BLOCKS;
	hk_fail_nth(50);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 1000), -ENOMEM);
	KUNIT_EXPECT_TRUE(test, hk_fail_pending());
	hk_fail_nth(0);
	hk_array(h)->extra.overflow.nr_blocks = 0;
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 1000), 0);
}

/* A map that had lost its buckets in a clear did not get them back. */
static void a_second_clear_gets_back_what_was_reserved(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);

	hk_skip_unless_allocations_fail(test);
	KUNIT_ASSERT_EQ(test, hmap_reserve(h, 1000), 0);
	hk_put_range(test, h, 0, 1);
	hk_fail_nth(1);
	KUNIT_ASSERT_EQ(test, hmap_clear(h), 0);
	hk_fail_nth(0);
	KUNIT_ASSERT_EQ(test, hk_array(h)->B, 0);
	hk_put_range(test, h, 0, 1);
	KUNIT_ASSERT_EQ(test, hmap_clear(h), 0);
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 8);
}

static struct kunit_case regress_cases[] = {
	KUNIT_CASE(a_unit_that_was_evacuated_before_is_passed),
	KUNIT_CASE(the_second_of_two_chains_is_moved_under_a_version),
	KUNIT_CASE(clear_is_not_misled_by_moving_elements),
	KUNIT_CASE(an_insert_is_not_misled_by_another_mask),
	KUNIT_CASE(a_reserved_empty_map_has_all_of_its_stripes),
	KUNIT_CASE(reserve_ends_if_there_are_no_more_blocks),
	KUNIT_CASE(a_second_clear_gets_back_what_was_reserved),
	{}
};

HK_SUITE(regress, regress_cases);
