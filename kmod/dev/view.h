/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The view of a map that programs can map: a file that shows its arrays.
 */
#ifndef _HMAP_DEV_VIEW_H
#define _HMAP_DEV_VIEW_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/hmap-view.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

/* Arrays are this far apart in the file; the control page is before the first. */
#define HMAP_VIEW_SLOT_SHIFT	40
#define HMAP_VIEW_SLOT_SIZE	BIT_ULL(HMAP_VIEW_SLOT_SHIFT)
#define HMAP_VIEW_SLOT_PAGES	(HMAP_VIEW_SLOT_SIZE >> PAGE_SHIFT)

/* The number of slots: limited by pgoff_t on 32-bit kernels. */
#define HMAP_VIEW_SLOTS		\
	(BITS_PER_LONG == 64 ? 1UL << 20 : ULONG_MAX / HMAP_VIEW_SLOT_PAGES)

/* When there are this many holes they are closed: arrays find a slot in any case. */
#define HMAP_VIEW_HOLES		\
	(HMAP_VIEW_SLOTS < 256 ? (int)HMAP_VIEW_SLOTS / 4 : 64)

struct hmap_mapped_view;

/**
 * struct hmap_mapped_view_ops - callbacks to the code that maps a view into programs
 * @zap: remove these pages of the file from all page tables; return when no CPU can
 *	access them any more. May sleep
 * @release: the last reference has been dropped
 */
struct hmap_mapped_view_ops {
	void (*zap)(struct hmap_mapped_view *view, pgoff_t first, pgoff_t pages);
	void (*release)(struct hmap_mapped_view *view);
};

/**
 * struct hmap_mapped_view - the part of a map that programs can see
 * @base: the part that the map knows
 * @ops: constant
 * @control: the first page of the file. Written under @lock; programs read it
 *	anytime
 * @lock: protects @control; a leaf, taken under the stripes
 * @arrays: all arrays that have not been freed, and holes, by slot. Under its lock;
 *	a fault reads it with the page table locked, see hmap_view_page()
 * @holes: number of holes
 */
struct hmap_mapped_view {
	struct hmap_view base;
	const struct hmap_mapped_view_ops *ops;
	struct hmap_mapped *control;
	spinlock_t lock; /* control */
	struct xarray arrays;
	atomic_t holes;
};

static inline struct hmap_mapped_view *hmap_mapped_view(struct hmap_view *base)
{
	return container_of(base, struct hmap_mapped_view, base);
}

int hmap_view_init(struct hmap_mapped_view *view,
		   const struct hmap_mapped_view_ops *ops);
void hmap_view_exit(struct hmap_mapped_view *view);
void hmap_view_attach(struct hmap_mapped_view *view, const struct hmap *h);
void *hmap_view_page(struct hmap_mapped_view *view, pgoff_t pgoff);
int hmap_view_touch(struct hmap_mapped_view *view, pgoff_t pgoff);
void hmap_view_close_holes(struct hmap_mapped_view *view);

#endif /* _HMAP_DEV_VIEW_H */
