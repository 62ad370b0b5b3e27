// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/dev/view.c: what a map shows to programs, by a reader that reads it as they do.
 *
 * These views are not mapped: the pages that would be are looked at.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/rwsem.h>

#include "../../kmod/dev/view.h"
#include "hmap_kunit.h"

/**
 * struct owned - a view that is not mapped
 * @view: the view
 * @mapped: held for reading by a program that looks into pages; a zap waits for it
 * @zaps: places that were to be taken away from programs that had mapped them
 * @task: the task of the test
 * @own: zaps of that task
 * @released: the last reference has gone
 */
struct owned {
	struct hmap_mapped_view view;
	struct rw_semaphore mapped;
	atomic_t zaps;
	struct task_struct *task;
	unsigned int own;
	struct completion released;
};

static void count_zap(struct hmap_mapped_view *view, pgoff_t first, pgoff_t pages)
{
	struct owned *owned = container_of(view, struct owned, view);

	/* Programs have finished what they do with the pages. */
	down_write(&owned->mapped);
	up_write(&owned->mapped);
	atomic_inc(&owned->zaps);
	owned->own += current == owned->task;
}

static void release(struct hmap_mapped_view *view)
{
	struct owned *owned = container_of(view, struct owned, view);

	hmap_view_exit(view);
	complete(&owned->released);
}

static const struct hmap_mapped_view_ops ops = {
	.zap = count_zap,
	.release = release,
};

/* The arrays of the map hold references until they are freed. */
static void put_view(void *ctx)
{
	struct owned *owned = ctx;

	hmap_view_put(&owned->view.base);
	wait_for_completion(&owned->released);
}

struct hmap_view *hk_view(struct kunit *test)
{
	struct owned *owned = hk_alloc(test, 1, sizeof(*owned));

	owned->task = current;
	init_rwsem(&owned->mapped);
	init_completion(&owned->released);
	KUNIT_ASSERT_EQ(test, hmap_view_init(&owned->view, &ops), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_view, owned),
			0);
	return &owned->view.base;
}

static struct hmap_mapped_view *view_of(const struct hmap *h)
{
	return hmap_mapped_view(h->view);
}

void hk_view_attach(struct hmap *h)
{
	hmap_view_attach(view_of(h), h);
}

/* What stands at an offset of the file. Arrays and blocks are in one piece each. */
static void *at(struct hmap_mapped_view *view, u64 offset)
{
	void *page = hmap_view_page(view, offset >> PAGE_SHIFT);

	return IS_ERR_OR_NULL(page) ? NULL : page + offset_in_page(offset);
}

static struct rw_semaphore *mapped_of(struct hmap_mapped_view *view)
{
	return &container_of(view, struct owned, view)->mapped;
}

/* The same for a caller that does not hold the semaphore. */
static void *shown_at(struct hmap_mapped_view *view, u64 offset)
{
	void *p;

	down_read(mapped_of(view));
	p = at(view, offset);
	up_read(mapped_of(view));
	return p;
}

static struct hmap_bucket *next_bucket(struct hmap_mapped_view *view,
				       const struct hmap_mapped_array *a,
				       const struct hmap_bucket *b)
{
	const struct hmap_mapped *control = view->control;
	u32 n = hmap_bucket_overflow_index(b->overflow);

	if (!n--)
		return NULL;
	if (n < a->spares)
		return at(view, a->offset +
				(a->buckets + n) * control->bucket_size);
	n -= a->spares;
	return at(view, a->blocks +
			n / control->block_buckets * control->block_size +
			n % control->block_buckets * control->bucket_size);
}

/* -EAGAIN if the bucket has been evacuated, or there is none. */
static int look_into(struct hmap_mapped_view *view, const struct hmap_mapped_array *a,
		     const struct hmap_params *params, const void *key, u64 hash,
		     void *value)
{
	const struct hmap_geometry geo = hmap_geometry_of(*params);
	u8 top = hmap_bucket_tophash_of(hash);
	struct hmap_bucket *head, *b;
	unsigned int i;

	if (!a->buckets)
		return -EAGAIN;
	head = at(view, a->offset + (hash & (a->buckets - 1)) * geo.bucket_size);
	if (hmap_bucket_evacuated(hmap_bucket_tophashes(head)))
		return -EAGAIN;
	for (b = head; b; b = next_bucket(view, a, b)) {
		hmap_bucket_for_each_slot(i, hmap_bucket_match(hmap_bucket_tophashes(b),
							       top)) {
			if (memcmp(hmap_bucket_key(&geo, b, i), key, geo.key_slot))
				continue;
			memcpy(value, hmap_bucket_value(&geo, b, i), geo.value_slot);
			return 0;
		}
		if (hmap_bucket_has_rest(hmap_bucket_tophashes(b)) ||
		    !hmap_bucket_filter_test(head, top))
			break;
	}
	return -ENOENT;
}

/* By what the control page says, and nothing else. */
static int look_up(struct hmap_mapped_view *view, const struct hmap_params *params,
		   const void *key, void *value)
{
	const struct hmap_mapped *control = view->control;
	const siphash_key_t hash0 = {
		{ control->hash0[0], control->hash0[1] },
	};
	struct hmap_params hashed = *params;
	int err;
	u64 hash;

	hashed.hashfn = control->hash == HMAP_HASH_SIPHASH ? hmap_siphash : NULL;
	hash = hmap_hash_key(hashed, key, &hash0);
	err = look_into(view, &control->oldbuckets, params, key, hash, value);
	if (err == -EAGAIN)
		err = look_into(view, &control->buckets, params, key, hash,
				value);
	return err == -EAGAIN ? -ENOENT : err;
}

/*
 * Only the worker may be writing. Pages stay as long as the semaphore is held, as for a
 * program that maps them.
 */
int hk_view_get(struct hmap *h, const void *key, void *value)
{
	struct hmap_mapped_view *view = view_of(h);
	long evacuated;
	u32 sequence;
	int err;

	do {
		down_read(mapped_of(view));
		evacuated = hk_evacuated(h);
		/* The sequence, and then what it is about. */
		sequence = smp_load_acquire(&view->control->sequence);
		err = look_up(view, &h->params, key, value);
		/* That, and then the sequence again. */
		smp_rmb();
		if (sequence & 1 || sequence != view->control->sequence ||
		    evacuated != hk_evacuated(h))
			err = -EAGAIN;
		up_read(mapped_of(view));
	} while (err == -EAGAIN);
	return err;
}

static struct hmap *make_shown(struct kunit *test, u32 key_size, u32 value_size,
			       hmap_hashfn_t hashfn)
{
	const struct hmap_params params = {
		.key_size = key_size, .value_size = value_size,
		.hashfn = hashfn,
	};

	return hk_map_view(test, &params, hk_view(test));
}

/* As hk_map_growing(): 256 old buckets. */
static struct hmap *make_growing(struct kunit *test)
{
	struct hmap *h = make_shown(test, 8, 8, NULL);

	hk_put_range(test, h, 0, 1665);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	cancel_delayed_work_sync(&h->work);
	return h;
}

static void expect_seen(struct kunit *test, struct hmap *h, u64 from, u64 to)
{
	u64 value;

	for (; from < to; from++) {
		KUNIT_ASSERT_EQ(test, hk_view_get(h, &from, &value), 0);
		KUNIT_ASSERT_EQ(test, value, hk_value(from));
	}
}

static void programs_see_what_is_put(struct kunit *test)
{
	hmap_hashfn_t hashfns[] = { NULL, hmap_siphash };
	struct hmap *h;
	unsigned int i;
	u64 key, value;

	for (i = 0; i < ARRAY_SIZE(hashfns); i++) {
		h = make_shown(test, 8, 8, hashfns[i]);
		KUNIT_EXPECT_EQ(test, view_of(h)->control->buckets.buckets,
				0);
		for (key = 0; key < 500; key++) {
			KUNIT_ASSERT_EQ(test, hk_view_get(h, &key, &value),
					-ENOENT);
			hk_put(test, h, key, hk_value(key));
			expect_seen(test, h, key & ~15ULL, key + 1);
		}
		expect_seen(test, h, 0, 500);
		hk_delete(test, h, 7);
		key = 7;
		KUNIT_EXPECT_EQ(test, hk_view_get(h, &key, &value), -ENOENT);
	}
}

/* Without the worker's arrays chains become long, beyond the spares. */
static void programs_find_overflow_blocks(struct kunit *test)
{
	struct hmap *h = make_shown(test, 8, 8, NULL);
	u64 n = hk_overfill(test, h);

	KUNIT_EXPECT_GT(test, hk_array(h)->extra.overflow.nr_blocks, 2);
	expect_seen(test, h, 1, n + 1);
}

static void expect_control(struct kunit *test, struct hmap *h)
{
	const struct hmap_mapped *control = view_of(h)->control;
	struct hmap_array *a = hk_array(h), *old = a->oldbuckets;

	KUNIT_EXPECT_EQ(test, control->sequence & 1, 0);
	KUNIT_EXPECT_MEMEQ(test, control->hash0, &a->hash0, sizeof(a->hash0));
	KUNIT_EXPECT_EQ(test, control->buckets.buckets, hmap_nbuckets(a));
	KUNIT_EXPECT_PTR_EQ(test, shown_at(view_of(h),
					   control->buckets.offset), a->data);
	KUNIT_EXPECT_EQ(test, control->oldbuckets.buckets,
			old ? hmap_nbuckets(old) : 0);
	if (old)
		KUNIT_EXPECT_PTR_EQ(test,
				    shown_at(view_of(h),
					     control->oldbuckets.offset),
				    old->data);
}

static void each_change_of_arrays_is_told(struct kunit *test)
{
	struct hmap *h = make_growing(test);
	u32 sequence = view_of(h)->control->sequence;

	expect_control(test, h);
	hk_finish_growth(test, h);
	expect_control(test, h);
	KUNIT_EXPECT_EQ(test, view_of(h)->control->sequence, sequence + 2);
	KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
	expect_control(test, h);
	KUNIT_EXPECT_EQ(test, view_of(h)->control->sequence, sequence + 4);
	/* And a fresh seed. */
	hk_put_range(test, h, 0, 1);
	hk_delete_range(test, h, 0, 1);
	expect_control(test, h);
	KUNIT_EXPECT_EQ(test, view_of(h)->control->sequence, sequence + 6);
}

/* What is deleted from the new array is not to be found in the old one. */
static void what_is_evacuated_is_wiped(struct kunit *test)
{
	struct hmap *h = make_growing(test);
	struct hmap_array *old = hk_array(h)->oldbuckets;
	size_t body = h->geo.bucket_size - sizeof(struct hmap_bucket), i;
	struct hmap_bucket *b;

	hk_delete_range(test, h, 0, 50);
	KUNIT_ASSERT_TRUE(test, hk_growing(h));
	KUNIT_ASSERT_EQ(test, hk_array(h)->nevacuate[0].n, 50);
	for (i = 0; i < hmap_nbuckets(old); i++)
		for (b = hmap_bucket(h, old, i); b && hmap_evacuated(h, old, i);
		     b = hmap_next(h, old, b))
			KUNIT_EXPECT_PTR_EQ(test, memchr_inv(b + 1, 0, body),
					    NULL);
}

/* When an array is freed, after a grace period, its place is empty. */
static void what_is_freed_is_taken_away(struct kunit *test)
{
	struct hmap *h = make_growing(test);
	struct hmap_mapped_view *view = view_of(h);
	atomic_t *zaps = &container_of(view, struct owned, view)->zaps;
	u32 slot = hk_array(h)->oldbuckets->slot;
	int before = atomic_read(zaps);
	unsigned int i;

	hk_finish_growth(test, h);
	for (i = 0; i < 500 && xa_load(&view->arrays, slot); i++)
		msleep(20);
	KUNIT_EXPECT_PTR_EQ(test, shown_at(view, (u64)slot << HMAP_VIEW_SLOT_SHIFT), NULL);
	for (i = 0; i < 500 && atomic_read(zaps) == before; i++)
		msleep(20);
	KUNIT_EXPECT_GT(test, atomic_read(zaps), before);
	expect_seen(test, h, 0, 1665);
}

/* As a fault in a place where no array is. */
static int touch(struct hmap_mapped_view *view, unsigned long slot)
{
	pgoff_t pgoff = slot * HMAP_VIEW_SLOT_PAGES;
	int touched;

	down_read(mapped_of(view));
	touched = hmap_view_touch(view, pgoff);
	if (hmap_view_page(view, pgoff))
		touched = -EEXIST;
	up_read(mapped_of(view));
	return touched;
}

/* The map grows five times, past all places that have been touched. */
static void no_put_pays_for_holes(struct kunit *test)
{
	struct hmap_mapped_view *view = hmap_mapped_view(hk_view(test));
	struct owned *owned = container_of(view, struct owned, view);
	const struct hmap_params params = { .key_size = 8, .value_size = 8 };
	struct hmap *h;
	unsigned long i;
	u32 slot;

	for (i = 1; i <= 10; i++)
		KUNIT_ASSERT_EQ(test, touch(view, i), 1);
	h = hk_map_view(test, &params, &view->base);
	hk_put_range(test, h, 0, 200);
	slot = hk_array(h)->slot;
	KUNIT_EXPECT_EQ(test, owned->own, 0);
	KUNIT_EXPECT_GT(test, slot, 10);
	KUNIT_EXPECT_EQ(test, touch(view, slot), -EEXIST);
	KUNIT_EXPECT_EQ(test, atomic_read(&view->holes), 10);
	for (i = 1; i <= 10; i++)
		KUNIT_EXPECT_EQ(test, touch(view, i), 1);
	expect_seen(test, h, 0, 200);
}

/* Their places are free then. What is no place of arrays is no hole. */
static void readers_close_holes(struct kunit *test)
{
	struct hmap_mapped_view *view = hmap_mapped_view(hk_view(test));
	struct owned *owned = container_of(view, struct owned, view);
	unsigned long i;

	KUNIT_EXPECT_EQ(test, touch(view, HMAP_VIEW_SLOTS), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&view->holes), 0);
	for (i = 1; i < HMAP_VIEW_HOLES; i++) {
		KUNIT_ASSERT_EQ(test, touch(view, 2 * i), 1);
		hmap_view_close_holes(view);
	}
	KUNIT_EXPECT_EQ(test, owned->own, 0);
	KUNIT_ASSERT_EQ(test, touch(view, 2 * i), 1);
	hmap_view_close_holes(view);
	KUNIT_EXPECT_EQ(test, owned->own, HMAP_VIEW_HOLES);
	KUNIT_EXPECT_EQ(test, atomic_read(&view->holes), 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&view->arrays));
}

static struct kunit_case view_cases[] = {
	KUNIT_CASE(programs_see_what_is_put),
	KUNIT_CASE(programs_find_overflow_blocks),
	KUNIT_CASE(each_change_of_arrays_is_told),
	KUNIT_CASE(what_is_evacuated_is_wiped),
	KUNIT_CASE(what_is_freed_is_taken_away),
	KUNIT_CASE(no_put_pays_for_holes),
	KUNIT_CASE(readers_close_holes),
	{}
};

HK_SUITE(view, view_cases);
