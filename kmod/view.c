// SPDX-License-Identifier: GPL-2.0
/*
 * A view: programs that look keys up in the memory of a map by themselves.
 *
 * They see a file. Its first page, the control page, names the arrays that the
 * map is in, by their places in the file; each is shown there whole, buckets
 * first and then its overflow blocks, from when it has been allocated until it
 * is freed. <uapi/linux/hmap.h> says how a program uses that: it does as
 * hmap_get_slow(), with the sequence of the control page in the place of RCU.
 *
 * What might go wrong, and why it does not:
 *
 *  - A program knows an array that is not the map's any more, or not the seed.
 *    Each change of the array, its old one or the seed is made while the
 *    sequence is odd, so that a program that has seen the same even one before
 *    and after a lookup has made it in the arrays of the map. While one of
 *    these is being evacuated it shows, by marks and versions, what it shows to
 *    a reader in the kernel.
 *
 *  - It is in an array that is being freed. Before the pages are, they are
 *    taken out of @arrays and then out of all page tables (hmap_view_remove()).
 *    A fault that was about to map one has done so before that, and maps none
 *    after it, since faults hold @pages. A page that has gone is read as a page
 *    of evacuated buckets; the array has left the control page before, so it
 *    shows in the sequence.
 *
 *  - It still has such a page where there is an array again. A place that a
 *    program has touched while there was no array is a HOLE, and none comes
 *    there before the page has been taken out of all page tables. Readers that
 *    touch holes do that themselves, when there are HOLES of them: no put ever
 *    pays for it. The one exception is an overflow block that comes later: a
 *    program may have touched its place too early, if it followed what it had
 *    read in an array that was gone. A block is a page, so that no bucket is
 *    partly there: it is seen to be evacuated, and the program asks the kernel.
 *
 *  - A bucket is changed while it is read: the version of its chain tells.
 *
 *  - A page has something that the map must not show. Buckets are in pages of
 *    their own, zeroed; the slots of deleted and evacuated elements are wiped,
 *    and overflow buckets are named by indices, not by addresses.
 */
#include <linux/bits.h>
#include <linux/bottom_half.h>
#include <linux/build_bug.h>
#include <linux/mm.h>

#include "internal.h"
#include "view.h"

/* Arrays are this far apart in the file; the control page is before the first. */
#define SLOT_SHIFT	40
#define SLOT_SIZE	BIT_ULL(SLOT_SHIFT)
#define SLOT_PAGES	(SLOT_SIZE >> PAGE_SHIFT)

/* The most arrays: what a pgoff_t can tell apart, and enough. */
#define SLOTS	(BITS_PER_LONG == 64 ? 1UL << 20 : ULONG_MAX / SLOT_PAGES)

/* In the place of an array: programs may have an empty page mapped there. */
#define HOLE		xa_mk_value(1)

/* What was mapped there is being taken out of page tables. */
#define CLOSING		xa_mk_value(2)

/* From so many on they are closed. */
#define HOLES		64

static_assert(sizeof(struct hmap_mapped_bucket) == sizeof(struct bmap));
static_assert(offsetof(struct hmap_mapped_bucket, overflow) ==
	      offsetof(struct bmap, overflow));
static_assert(offsetof(struct hmap_mapped_bucket, version) ==
	      offsetof(struct bmap, version));

/* With one reference. Returns 0 or -ENOMEM. */
int hmap_view_init(struct hmap_view *view, const struct hmap_view_ops *ops)
{
	view->control = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!view->control)
		return -ENOMEM;
	view->ops = ops;
	spin_lock_init(&view->lock);
	init_rwsem(&view->pages);
	xa_init_flags(&view->arrays, XA_FLAGS_ALLOC1);
	kref_init(&view->ref);
	return 0;
}

/* When nobody can see it any more. */
void hmap_view_exit(struct hmap_view *view)
{
	xa_destroy(&view->arrays);
	free_page((unsigned long)view->control);
}

static void hmap_view_release(struct kref *ref)
{
	struct hmap_view *view = container_of(ref, struct hmap_view, ref);

	view->ops->release(view);
}

void hmap_view_put(struct hmap_view *view)
{
	kref_put(&view->ref, hmap_view_release);
}

static struct hmap_array *hmap_view_array(struct hmap_view *view, unsigned long slot)
{
	void *entry = xa_load(&view->arrays, slot);

	return xa_is_value(entry) ? NULL : entry;
}

/* The page at a place of the file, or NULL if there is none. Under @pages. */
void *hmap_view_page(struct hmap_view *view, pgoff_t pgoff)
{
	unsigned long slot = (u64)pgoff / SLOT_PAGES;
	struct hmap_array *a;

	lockdep_assert_held(&view->pages);
	if (!slot)
		return pgoff ? NULL : view->control;
	a = hmap_view_array(view, slot);
	return a ? hmap_array_page(a, pgoff % SLOT_PAGES) : NULL;
}

/**
 * hmap_view_hole() - a program is about to get an empty page
 * @view: the view, with @pages held for reading
 * @pgoff: where in the file, at a place where hmap_view_page() finds nothing
 *
 * Return: 0; -ENOMEM; -EAGAIN: there is going to be something else in a moment.
 */
int hmap_view_hole(struct hmap_view *view, pgoff_t pgoff)
{
	unsigned long slot = (u64)pgoff / SLOT_PAGES;
	int err;

	lockdep_assert_held(&view->pages);
	/* No array ever comes there, or one is there, which shows what it has. */
	if (!slot || slot >= SLOTS || hmap_view_array(view, slot))
		return 0;
	err = xa_insert(&view->arrays, slot, HOLE, GFP_KERNEL_ACCOUNT);
	if (!err)
		atomic_inc(&view->holes);
	if (err == -EBUSY)
		return xa_load(&view->arrays, slot) == HOLE ? 0 : -EAGAIN;
	return err;
}

/* Nothing is mapped at a place any more, and it is free. */
static void hmap_view_close(struct hmap_view *view, unsigned long slot)
{
	view->ops->zap(view, slot * SLOT_PAGES, SLOT_PAGES);
	xa_erase(&view->arrays, slot);
}

/* A hole that is a hole no more, though not free yet; 0 if there is none. */
static unsigned long hmap_view_take_hole(struct hmap_view *view)
{
	unsigned long slot, taken = 0;
	void *entry;

	down_write(&view->pages);
	xa_for_each(&view->arrays, slot, entry) {
		if (entry != HOLE)
			continue;
		xa_store(&view->arrays, slot, CLOSING, 0);
		atomic_dec(&view->holes);
		taken = slot;
		break;
	}
	up_write(&view->pages);
	return taken;
}

/* For a reader that has made a hole: when there are many it closes them. May sleep. */
void hmap_view_close_holes(struct hmap_view *view)
{
	unsigned long slot;

	if (atomic_read(&view->holes) < HOLES)
		return;
	while ((slot = hmap_view_take_hole(view)))
		hmap_view_close(view, slot);
}

bool hmap_view_size_ok(const struct hmap *h, u8 B)
{
	return hmap_array_extent(h->geo.bucket_size, B) <= SLOT_SIZE;
}

/* Programs see inline elements whose hash they know. */
bool hmap_view_params_ok(const struct hmap_params *params)
{
	return !hmap_out_of_line(params->key_size) &&
	       !hmap_out_of_line(params->value_size) && !params->equalfn &&
	       (!params->hashfn || params->hashfn == hmap_siphash);
}

/**
 * hmap_view_add() - give an array a place in the file
 * @view: the view
 * @a: the array, with its buckets
 * @gfp: how to allocate
 *
 * Context: process; may sleep.
 * Return: 0, -ENOMEM, or -EBUSY if there are too many arrays.
 */
int hmap_view_add(struct hmap_view *view, struct hmap_array *a, gfp_t gfp)
{
	int err;

	/* Reserved first: what frees an array takes @pages, and waits for no memory. */
	err = xa_alloc(&view->arrays, &a->slot, NULL, XA_LIMIT(1, SLOTS - 1), gfp);
	if (err)
		return err;
	down_write(&view->pages);
	xa_store(&view->arrays, a->slot, a, 0);
	up_write(&view->pages);
	return 0;
}

/*
 * The pages of an array, which is in the control page no more, are about to be
 * freed. May sleep.
 */
void hmap_view_remove(struct hmap_array *a)
{
	struct hmap_view *view = a->view;

	if (a->slot) {
		down_write(&view->pages);
		xa_store(&view->arrays, a->slot, CLOSING, 0);
		up_write(&view->pages);
		hmap_view_close(view, a->slot);
	}
	hmap_view_put(view);
}

static void hmap_view_show(struct hmap_mapped_array *to,
			   const struct hmap_array *a)
{
	u64 offset;

	if (!a || !a->data) {
		memset(to, 0, sizeof(*to));
		return;
	}
	offset = (u64)a->slot << SLOT_SHIFT;
	to->buckets = hmap_nbuckets(a);
	to->offset = offset;
	to->spares = hmap_spares(a->B);
	to->blocks = offset + hmap_array_blocks_at(a->bucket_size, a->B);
	to->end = offset + hmap_array_extent(a->bucket_size, a->B);
}

void __hmap_view_begin(struct hmap_view *view)
{
	spin_lock(&view->lock);
	WRITE_ONCE(view->control->sequence, view->control->sequence + 1);
	/* Odd before any change: pairs with AFTER_READS() in libhmap. */
	smp_wmb();
	__release(&view->lock); /* sparse: __hmap_view_end() unlocks it */
}

void __hmap_view_end(struct hmap *h)
{
	struct hmap_array *a = rcu_dereference_protected(h->buckets, true);
	struct hmap_view *view = h->params.view;
	struct hmap_mapped *control = view->control;

	__acquire(&view->lock);
	lockdep_assert_held(&view->lock);
	control->hash0[0] = a->hash0.key[0];
	control->hash0[1] = a->hash0.key[1];
	hmap_view_show(&control->buckets, a);
	hmap_view_show(&control->oldbuckets, hmap_old(a));
	/* All of it before even: pairs with READ_FIRST() in libhmap. */
	smp_store_release(&control->sequence, control->sequence + 1);
	spin_unlock(&view->lock);
}

/* Show a map that has just been made. */
void hmap_view_attach(struct hmap *h)
{
	struct hmap_view *view = h->params.view;
	struct hmap_mapped *control = view->control;

	control->hash = h->params.hashfn ? HMAP_HASH_SIPHASH : HMAP_HASH_FAST;
	control->key_size = h->params.key_size;
	control->value_size = h->params.value_size;
	control->bucket_size = h->geo.bucket_size;
	control->block_buckets = hmap_page_buckets(h->geo.bucket_size);
	control->block_size = PAGE_SIZE;
	/* As under a stripe, which in other maps is for softirqs, too (lockdep). */
	local_bh_disable();
	__hmap_view_begin(view);
	__hmap_view_end(h);
	local_bh_enable();
}
