/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Views: the memory of a map, shown to programs that look keys up by themselves.
 *
 * The map knows nothing of programs. It tells the view of a map when an array comes,
 * goes, or becomes or ceases to be one that the map is in.
 */
#ifndef _LINUX_HMAP_VIEW_H
#define _LINUX_HMAP_VIEW_H

#include <linux/hmap.h>
#include <linux/kref.h>
#include <linux/types.h>

struct hmap_view;

/**
 * struct hmap_view_ops - what a map asks of its view
 * @add: an array has been made: give it a place, in @a->slot, which is not 0. May
 *	sleep. Returns 0 or a negative errno: the array is then not used
 * @remove: the memory of an array with a place is about to be freed, after a grace
 *	period of RCU; the map is not in it any more. May sleep
 * @begin: the arrays that the map is in, or their seed, are about to change. Under a
 *	stripe
 * @end: they have changed. Follows @begin under the same stripe
 * @release: the last reference has gone. May sleep
 */
struct hmap_view_ops {
	int (*add)(struct hmap_view *view, struct hmap_array *a, gfp_t gfp);
	void (*remove)(struct hmap_view *view, struct hmap_array *a);
	void (*begin)(struct hmap_view *view);
	void (*end)(struct hmap_view *view, const struct hmap *h);
	void (*release)(struct hmap_view *view);
};

/**
 * struct hmap_view - what the memory of a map is shown by
 * @ops: constant
 * @max_extent: bytes that an array may be shown in. Constant
 * @ref: the owner's, and one for each array
 */
struct hmap_view {
	const struct hmap_view_ops *ops;
	u64 max_extent;
	struct kref ref;
};

/**
 * hmap_init_view() - make a map whose memory is shown
 * @h: the map
 * @params: what it is made for: inline sizes, the fast hash or hmap_siphash(), no
 *	equalfn
 * @view: shows it; of this map alone, and not put before the map is destroyed
 *
 * The buckets of such a map are in pages of their own, zeroed before they are
 * used and wiped where an element has gone.
 *
 * Context: process; may sleep. So are all other functions for the map.
 * Return: as hmap_init(); -EINVAL also for other params.
 */
#define hmap_init_view(h, params, view)					\
({									\
	static struct hmap_lock_class __hmap_class;			\
									\
	__hmap_init(h, params, view, &__hmap_class);			\
})

/**
 * struct hmap_shape - where an array's buckets are
 * @buckets: buckets, 0 if there are none yet
 * @spares: overflow buckets behind them
 * @blocks: offset of the overflow blocks, which are a page each
 * @extent: bytes for which there may be pages
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
