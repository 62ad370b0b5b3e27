/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The view of a map that is mapped into programs: a file of its arrays.
 */
#ifndef _HMAP_DEV_VIEW_H
#define _HMAP_DEV_VIEW_H

#include <linux/atomic.h>
#include <linux/hmap-view.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

struct hmap_mapped_view;

/**
 * struct hmap_mapped_view_ops - what a view asks of the code that maps it into programs
 * @zap: nothing that these pages of the file have been mapped to is to be mapped
 *	any more; returns when no processor can get at it. May sleep
 * @release: the last reference has gone
 */
struct hmap_mapped_view_ops {
	void (*zap)(struct hmap_mapped_view *view, pgoff_t first, pgoff_t pages);
	void (*release)(struct hmap_mapped_view *view);
};

/**
 * struct hmap_mapped_view - what programs see of a map
 * @base: what the map knows of it
 * @ops: constant
 * @control: the first page of the file. Under @lock; programs read it anytime
 * @lock: leaf, under the stripes: what programs are told of the map
 * @pages: held for reading while a page is looked up and mapped, for writing
 *	where @arrays is changed: a page that was looked up is mapped, and can be
 *	found there, before it ceases to be one of the map
 * @arrays: all arrays that have not been freed, and holes, by the place in the file.
 *	Under @pages
 * @holes: how many holes there are
 */
struct hmap_mapped_view {
	struct hmap_view base;
	const struct hmap_mapped_view_ops *ops;
	struct hmap_mapped *control;
	spinlock_t lock; /* control */
	struct rw_semaphore pages;
	struct xarray arrays;
	atomic_t holes;
};

int hmap_view_init(struct hmap_mapped_view *view,
		   const struct hmap_mapped_view_ops *ops);
void hmap_view_exit(struct hmap_mapped_view *view);
void hmap_view_attach(struct hmap_mapped_view *view, const struct hmap *h);
void *hmap_view_page(struct hmap_mapped_view *view, pgoff_t pgoff);
int hmap_view_hole(struct hmap_mapped_view *view, pgoff_t pgoff);
void hmap_view_close_holes(struct hmap_mapped_view *view);

#endif /* _HMAP_DEV_VIEW_H */
