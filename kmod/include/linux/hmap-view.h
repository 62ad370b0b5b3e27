/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Views: show the memory of a map to programs, which then look keys up by
 * themselves.
 *
 * The map knows nothing of programs. It calls its view when an array has been
 * allocated or is about to be freed, and around each change of the arrays that the
 * map uses or of their seed.
 */
#ifndef _LINUX_HMAP_VIEW_H
#define _LINUX_HMAP_VIEW_H

#include <linux/hmap.h>
#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct hmap_view;

/**
 * struct hmap_view_ops - callbacks from a map to its view
 * @add: an array has been allocated: store its slot, which is not 0, in @a->slot.
 *	May sleep. Returns 0, or a negative errno, with @a->slot 0, if the array
 *	must not be used
 * @remove: an array with a slot is about to be freed, after an RCU grace period if
 *	it has been in use; the map does not use it any more. May sleep. For arrays
 *	that have been in use, called by a work of the view, for one at a time
 * @begin: the arrays of the map, or their seed, are about to change. Under a stripe
 * @end: they have changed. Follows @begin under the same stripe
 * @release: the last reference has been dropped. May sleep
 */
struct hmap_view_ops {
	int (*add)(struct hmap_view *view, struct hmap_array *a, gfp_t gfp);
	void (*remove)(struct hmap_view *view, struct hmap_array *a);
	void (*begin)(struct hmap_view *view);
	void (*end)(struct hmap_view *view, const struct hmap *h);
	void (*release)(struct hmap_view *view);
};

/**
 * struct hmap_view - shows the memory of a map
 * @ops: constant
 * @max_extent: bytes that an array may take in the view. Constant
 * @ref: held by the owner, by each array, and by @removal while it is queued
 * @retired: arrays that have waited for a grace period
 * @removal: removes them from the view, and frees them
 */
struct hmap_view {
	const struct hmap_view_ops *ops;
	u64 max_extent;
	struct kref ref;
	struct llist_head retired;
	struct work_struct removal;
};

void hmap_view_setup(struct hmap_view *view, const struct hmap_view_ops *ops,
		     u64 max_extent);

/**
 * hmap_init_view() - initialise a map whose memory is shown by a view
 * @h: the map
 * @params: its parameters: inline sizes, the fast hash or hmap_siphash(), no equalfn
 * @view: the view, for this map only; keep the reference until the map is destroyed
 *
 * The buckets of such a map are in pages of their own. These are zeroed before use,
 * and the slots of deleted elements are wiped.
 *
 * Context: process; may sleep. The same goes for all other functions on this map.
 * Return: as hmap_init(); -EINVAL also for other @params.
 */
#define hmap_init_view(h, params, view)					\
({									\
	static struct hmap_lock_class __hmap_class;			\
									\
	__hmap_init(h, params, view, &__hmap_class);			\
})

/**
 * struct hmap_shape - layout of an array in a view
 * @buckets: number of buckets, 0 if there are none yet
 * @spares: number of overflow buckets directly behind them
 * @blocks: offset of the overflow blocks, which are a page each
 * @extent: bytes that the array may take
 */
struct hmap_shape {
	u64 buckets;
	u64 spares;
	u64 blocks;
	u64 extent;
};

struct hmap_shape hmap_array_shape(const struct hmap_array *a);
void *hmap_array_page(const struct hmap_array *a, u64 page);
u32 hmap_page_buckets(u32 bucket_size);

static inline void hmap_view_get(struct hmap_view *view)
{
	kref_get(&view->ref);
}

void hmap_view_put(struct hmap_view *view);

#endif /* _LINUX_HMAP_VIEW_H */
