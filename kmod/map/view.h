/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A view: the memory of a map for programs that look keys up by themselves.
 */
#ifndef _HMAP_VIEW_H
#define _HMAP_VIEW_H

#include <linux/hmap.h>
#include <linux/kref.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

struct hmap_view;

/**
 * struct hmap_view_ops - what a view asks of whoever maps it into programs
 * @zap: nothing that these pages of the file have been mapped to is to be mapped
 *	any more; returns when no processor can get at it. May sleep
 * @release: the last reference has gone
 */
struct hmap_view_ops {
	void (*zap)(struct hmap_view *view, pgoff_t first, pgoff_t pages);
	void (*release)(struct hmap_view *view);
};

/**
 * struct hmap_view - what programs see of a map
 * @ops: constant
 * @control: the first page of the file. Under @lock; programs read it anytime
 * @lock: leaf, under the stripes: what programs are told of the map
 * @pages: held for reading while a page is looked up and mapped, for writing
 *	where @arrays is changed: a page that was looked up is mapped, and can be
 *	found there, before it ceases to be one of the map
 * @arrays: all arrays that have not been freed, and holes, by the place in the file.
 *	Under @pages
 * @holes: how many holes there are
 * @ref: the map's, and one for each array
 */
struct hmap_view {
	const struct hmap_view_ops *ops;
	struct hmap_mapped *control;
	spinlock_t lock; /* control */
	struct rw_semaphore pages;
	struct xarray arrays;
	atomic_t holes;
	struct kref ref;
};

int hmap_view_init(struct hmap_view *view, const struct hmap_view_ops *ops);
void hmap_view_exit(struct hmap_view *view);
void hmap_view_put(struct hmap_view *view);
void *hmap_view_page(struct hmap_view *view, pgoff_t pgoff);
int hmap_view_hole(struct hmap_view *view, pgoff_t pgoff);
void hmap_view_close_holes(struct hmap_view *view);

bool hmap_view_size_ok(const struct hmap *h, u8 B);
bool hmap_view_params_ok(const struct hmap_params *params);
void hmap_view_attach(struct hmap *h);
int hmap_view_add(struct hmap_view *view, struct hmap_array *a, gfp_t gfp);
void hmap_view_remove(struct hmap_array *a);
void __hmap_view_begin(struct hmap_view *view);
void __hmap_view_end(struct hmap *h);

/*
 * Around each change of the array that a map is in, of that which is evacuated to
 * it, and of their seed: programs do not use in between what they know, nor what
 * they have found.
 */
static inline void hmap_view_begin(struct hmap *h)
{
	if (h->params.view)
		__hmap_view_begin(h->params.view);
}

static inline void hmap_view_end(struct hmap *h)
{
	if (h->params.view)
		__hmap_view_end(h);
}

#endif /* _HMAP_VIEW_H */
