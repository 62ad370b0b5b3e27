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
 *    touch holes do that themselves, when there are HMAP_VIEW_HOLES of them: no
 *    put ever pays for it. The one exception is an overflow block that comes later: a
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
#include <linux/bottom_half.h>
#include <linux/build_bug.h>
#include <linux/mm.h>

#include "../compat.h"
#include "view.h"

/* A slot without an array in which programs may have the void page mapped. */
#define HOLE		xa_mk_value(1)

/* A slot whose pages are being removed from page tables. */
#define CLOSING		xa_mk_value(2)

/*
 * This layout is ABI: installed libraries have it compiled in. Another layout needs
 * another HMAP_MAPPED_FORMAT. A library that does not know the format falls back to
 * the ioctls.
 */
static_assert(sizeof(struct hmap_mapped_bucket) == sizeof(struct hmap_bucket));
static_assert(offsetof(struct hmap_bucket, tophash) == 0);
static_assert(offsetof(struct hmap_bucket, overflow) == 8);
static_assert(offsetof(struct hmap_bucket, version) == 12);
static_assert(sizeof(struct hmap_bucket) == 16);
static_assert(HMAP_BUCKET_CNT == HMAP_BUCKET_SLOTS);

static_assert(offsetof(struct hmap_mapped_bucket, tophash) == 0);
static_assert(offsetof(struct hmap_mapped_bucket, overflow) == 8);
static_assert(offsetof(struct hmap_mapped_bucket, version) == 12);

static_assert(offsetof(struct hmap_mapped_array, buckets) == 0);
static_assert(offsetof(struct hmap_mapped_array, offset) == 8);
static_assert(offsetof(struct hmap_mapped_array, spares) == 16);
static_assert(offsetof(struct hmap_mapped_array, blocks) == 24);
static_assert(offsetof(struct hmap_mapped_array, end) == 32);
static_assert(sizeof(struct hmap_mapped_array) == 40);

static_assert(offsetof(struct hmap_mapped, sequence) == 0);
static_assert(offsetof(struct hmap_mapped, hash) == 4);
static_assert(offsetof(struct hmap_mapped, key_size) == 8);
static_assert(offsetof(struct hmap_mapped, value_size) == 12);
static_assert(offsetof(struct hmap_mapped, bucket_size) == 16);
static_assert(offsetof(struct hmap_mapped, block_buckets) == 20);
static_assert(offsetof(struct hmap_mapped, block_size) == 24);
static_assert(offsetof(struct hmap_mapped, format) == 28);
static_assert(offsetof(struct hmap_mapped, hash0) == 32);
static_assert(offsetof(struct hmap_mapped, buckets) == 48);
static_assert(offsetof(struct hmap_mapped, oldbuckets) == 88);
static_assert(sizeof(struct hmap_mapped) == 128);

/* Call when no program can see the view any more. */
void hmap_view_exit(struct hmap_mapped_view *view)
{
	xa_destroy(&view->arrays);
	free_page((unsigned long)view->control);
}
EXPORT_SYMBOL_IF_KUNIT(hmap_view_exit);

static struct hmap_array *hmap_view_array(struct hmap_mapped_view *view, unsigned long slot)
{
	void *entry = xa_load(&view->arrays, slot);

	return xa_is_value(entry) ? NULL : entry;
}

/* The page at @pgoff of the file, or NULL if there is none. Under @pages. */
void *hmap_view_page(struct hmap_mapped_view *view, pgoff_t pgoff)
{
	unsigned long slot = (u64)pgoff / HMAP_VIEW_SLOT_PAGES;
	struct hmap_array *a;

	lockdep_assert_held(&view->pages);
	if (!slot)
		return pgoff ? NULL : view->control;
	a = hmap_view_array(view, slot);
	return a ? hmap_array_page(a, pgoff % HMAP_VIEW_SLOT_PAGES) : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(hmap_view_page);

/**
 * hmap_view_hole() - prepare for mapping the void page
 * @view: the view, with @pages held for reading
 * @pgoff: page of the file, for which hmap_view_page() has returned NULL
 *
 * Return: 0; -ENOMEM; -EAGAIN if the slot is about to change: fault again.
 */
int hmap_view_hole(struct hmap_mapped_view *view, pgoff_t pgoff)
{
	unsigned long slot = (u64)pgoff / HMAP_VIEW_SLOT_PAGES;
	int err;

	lockdep_assert_held(&view->pages);
	/* Outside of all slots; or an array is there, but has no page here (yet). */
	if (!slot || slot >= HMAP_VIEW_SLOTS || hmap_view_array(view, slot))
		return 0;
	err = xa_insert(&view->arrays, slot, HOLE, GFP_KERNEL_ACCOUNT);
	if (!err)
		atomic_inc(&view->holes);
	if (err == -EBUSY)
		return xa_load(&view->arrays, slot) == HOLE ? 0 : -EAGAIN;
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(hmap_view_hole);

/* Remove a slot from all page tables, and free it. */
static void hmap_view_close(struct hmap_mapped_view *view, unsigned long slot)
{
	view->ops->zap(view, slot * HMAP_VIEW_SLOT_PAGES, HMAP_VIEW_SLOT_PAGES);
	xa_erase(&view->arrays, slot);
}

/* Change one hole to CLOSING. Returns its slot; 0 if there is no hole. */
static unsigned long hmap_view_take_hole(struct hmap_mapped_view *view)
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

/* Call after a fault that made a hole: close the holes if many. May sleep. */
void hmap_view_close_holes(struct hmap_mapped_view *view)
{
	unsigned long slot;

	if (atomic_read(&view->holes) < HMAP_VIEW_HOLES)
		return;
	while ((slot = hmap_view_take_hole(view)))
		hmap_view_close(view, slot);
}
EXPORT_SYMBOL_IF_KUNIT(hmap_view_close_holes);

/* Give a new array a slot; -EBUSY if there is none left. */
static int hmap_view_add(struct hmap_view *base, struct hmap_array *a, gfp_t gfp)
{
	struct hmap_mapped_view *view = hmap_mapped_view(base);
	u32 slot;
	int err;

	/*
	 * Without @pages, for which a put would have to wait: a fault that finds the slot
	 * reserved or taken makes no hole there (hmap_view_hole()).
	 */
	err = xa_alloc(&view->arrays, &slot, NULL, XA_LIMIT(1, HMAP_VIEW_SLOTS - 1), gfp);
	if (err)
		return err;
	/* Only now: xa_alloc() that fails may have set it. */
	a->slot = slot;
	xa_store(&view->arrays, a->slot, a, 0);
	return 0;
}

static void hmap_view_remove(struct hmap_view *base, struct hmap_array *a)
{
	struct hmap_mapped_view *view = hmap_mapped_view(base);

	down_write(&view->pages);
	xa_store(&view->arrays, a->slot, CLOSING, 0);
	up_write(&view->pages);
	hmap_view_close(view, a->slot);
}

static void hmap_view_tell(struct hmap_mapped_array *to, const struct hmap_array *a)
{
	struct hmap_shape shape;
	u64 offset;

	memset(to, 0, sizeof(*to));
	if (!a || !a->slot)
		return;
	shape = hmap_array_shape(a);
	offset = (u64)a->slot << HMAP_VIEW_SLOT_SHIFT;
	to->buckets = shape.buckets;
	to->offset = offset;
	to->spares = shape.spares;
	to->blocks = offset + shape.blocks;
	to->end = offset + shape.extent;
}

static void hmap_view_begin_change(struct hmap_view *base)
{
	struct hmap_mapped_view *view = hmap_mapped_view(base);

	spin_lock(&view->lock);
	WRITE_ONCE(view->control->sequence, view->control->sequence + 1);
	/* Odd sequence before any change: pairs with AFTER_READS() in libhmap. */
	smp_wmb();
	__release(&view->lock); /* sparse: hmap_view_end_change() unlocks it */
}

static void hmap_view_end_change(struct hmap_view *base, const struct hmap *h)
{
	struct hmap_array *a = rcu_dereference_protected(h->buckets, true);
	struct hmap_mapped_view *view = hmap_mapped_view(base);
	struct hmap_mapped *control = view->control;

	__acquire(&view->lock);
	lockdep_assert_held(&view->lock);
	control->hash0[0] = a->hash0.key[0];
	control->hash0[1] = a->hash0.key[1];
	hmap_view_tell(&control->buckets, a);
	hmap_view_tell(&control->oldbuckets, hmap_old(a));
	/* All changes before even sequence: pairs with READ_FIRST() in libhmap. */
	smp_store_release(&control->sequence, control->sequence + 1);
	spin_unlock(&view->lock);
}

static void hmap_view_release(struct hmap_view *base)
{
	struct hmap_mapped_view *view = hmap_mapped_view(base);

	view->ops->release(view);
}

static const struct hmap_view_ops hmap_view_ops = {
	.add = hmap_view_add,
	.remove = hmap_view_remove,
	.begin = hmap_view_begin_change,
	.end = hmap_view_end_change,
	.release = hmap_view_release,
};

/* Initialise a view with one reference. Returns 0 or -ENOMEM. */
int hmap_view_init(struct hmap_mapped_view *view,
		   const struct hmap_mapped_view_ops *ops)
{
	view->control = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!view->control)
		return -ENOMEM;
	view->base.ops = &hmap_view_ops;
	view->base.max_extent = HMAP_VIEW_SLOT_SIZE;
	kref_init(&view->base.ref);
	view->ops = ops;
	spin_lock_init(&view->lock);
	init_rwsem(&view->pages);
	xa_init_flags(&view->arrays, XA_FLAGS_ALLOC1);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(hmap_view_init);

/* Show a map that has just been initialised. */
void hmap_view_attach(struct hmap_mapped_view *view, const struct hmap *h)
{
	struct hmap_mapped *control = view->control;

	control->hash = h->params.hashfn ? HMAP_HASH_SIPHASH : HMAP_HASH_FAST;
	control->key_size = h->params.key_size;
	control->value_size = h->params.value_size;
	control->bucket_size = h->geo.bucket_size;
	control->block_buckets = hmap_page_buckets(h->geo.bucket_size);
	control->block_size = PAGE_SIZE;
	control->format = HMAP_MAPPED_FORMAT;
	/* For lockdep: otherwise called under a stripe, where BHs are disabled. */
	local_bh_disable();
	hmap_view_begin_change(&view->base);
	hmap_view_end_change(&view->base, h);
	local_bh_enable();
}
EXPORT_SYMBOL_IF_KUNIT(hmap_view_attach);
