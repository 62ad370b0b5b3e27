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
 *    A fault looks a page up with the page table locked that it maps it in: if
 *    it finds the array, the page is removed when that page table's turn comes.
 *    So the task that removes waits for none that is in a fault. A page that
 *    has gone is read as a page of evacuated buckets; the array has left the
 *    control page before, so it shows in the sequence.
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
#include <linux/err.h>
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

/**
 * hmap_view_page() - a page to be mapped
 * @view: the view
 * @pgoff: page of the file
 *
 * Call this with the page table locked, and map the page before it is unlocked:
 * otherwise the page may be freed.
 *
 * Return: the page; NULL if there is none, so that the void page may be mapped;
 * ERR_PTR(-EAGAIN) if the slot is about to change: map nothing.
 */
void *hmap_view_page(struct hmap_mapped_view *view, pgoff_t pgoff)
{
	unsigned long slot = (u64)pgoff / HMAP_VIEW_SLOT_PAGES;
	void *entry;

	if (!slot)
		return pgoff ? NULL : view->control;
	if (slot >= HMAP_VIEW_SLOTS)
		return NULL;
	/* Page table before slot: pairs with smp_mb() in hmap_view_close(). */
	smp_mb();
	entry = xa_load(&view->arrays, slot);
	if (entry == HOLE)
		return NULL;
	if (!entry || entry == CLOSING)
		return ERR_PTR(-EAGAIN);
	return hmap_array_page(entry, pgoff % HMAP_VIEW_SLOT_PAGES);
}
EXPORT_SYMBOL_IF_KUNIT(hmap_view_page);

/**
 * hmap_view_touch() - a program needs a page: if there is no array, make a hole
 * @view: the view
 * @pgoff: page of the file
 *
 * Context: process; may sleep.
 * Return: 0; 1 if there is no array: call hmap_view_close_holes() when the page has been
 * mapped; -ENOMEM.
 */
int hmap_view_touch(struct hmap_mapped_view *view, pgoff_t pgoff)
{
	unsigned long slot = (u64)pgoff / HMAP_VIEW_SLOT_PAGES;
	void *entry;
	int err;

	if (!slot || slot >= HMAP_VIEW_SLOTS)
		return 0;
	entry = xa_load(&view->arrays, slot);
	if (entry && !xa_is_value(entry))
		return 0;
	err = xa_insert(&view->arrays, slot, HOLE, GFP_KERNEL_ACCOUNT);
	if (!err)
		atomic_inc(&view->holes);
	return err == -ENOMEM ? err : 1;
}
EXPORT_SYMBOL_IF_KUNIT(hmap_view_touch);

/* Remove a slot, which is CLOSING, from all page tables, and free it. */
static void hmap_view_close(struct hmap_mapped_view *view, unsigned long slot)
{
	/* Slot before page tables: pairs with smp_mb() in hmap_view_page(). */
	smp_mb();
	view->ops->zap(view, slot * HMAP_VIEW_SLOT_PAGES, HMAP_VIEW_SLOT_PAGES);
	xa_erase(&view->arrays, slot);
}

/* Change one hole to CLOSING. Returns its slot; 0 if there is no hole. */
static unsigned long hmap_view_take_hole(struct hmap_mapped_view *view)
{
	unsigned long slot;
	void *entry;

	xa_for_each(&view->arrays, slot, entry) {
		if (entry == HOLE &&
		    xa_cmpxchg(&view->arrays, slot, HOLE, CLOSING, 0) == HOLE) {
			atomic_dec(&view->holes);
			return slot;
		}
	}
	return 0;
}

/* Call after a fault in a hole: close the holes if many. May sleep. */
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

	/* While it is reserved a fault makes no hole there, and maps nothing. */
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

	xa_store(&view->arrays, a->slot, CLOSING, 0);
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
	hmap_view_setup(&view->base, &hmap_view_ops, HMAP_VIEW_SLOT_SIZE);
	view->ops = ops;
	spin_lock_init(&view->lock);
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
