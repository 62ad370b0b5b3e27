/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When a map grows or shrinks, and the worker.
 */
#ifndef _HMAP_MAP_RESIZE_H
#define _HMAP_MAP_RESIZE_H

#include <linux/sizes.h>

#include "evacuate.h"

/*
 * A put makes arrays of up to HMAP_SMALL_BYTES by itself. A put that is ahead of the
 * worker makes larger ones, without sleeping: beyond 5/4 of the capacity up to
 * HMAP_AHEAD_BYTES, which takes some 0.1 ms, and beyond twice the capacity up to
 * HMAP_FAR_AHEAD_BYTES, the most that the page allocator returns contiguously, which
 * takes some 0.5 ms.
 */
#define HMAP_AHEAD_BYTES	SZ_1M
#define HMAP_FAR_AHEAD_BYTES	SZ_4M

int hmap_hint_B(const struct hmap *h, unsigned long n, u8 *B);
int __hmap_resize_for_insert(struct hmap *h, const struct hmap_locked *lk,
			     struct hmap_supply *supply, bool may_wait);
void __hmap_resize_for_delete(struct hmap *h, const struct hmap_locked *lk);
int hmap_resizer_lock(struct hmap *h);
void hmap_resizer_unlock(struct hmap *h, int locked);
int hmap_wait_worker(struct hmap *h, struct hmap_supply *supply);
void hmap_worker(struct work_struct *work);

/**
 * hmap_resize_for_insert() - begin a resize if one more element needs it
 * @h: the map
 * @lk: the locked stripe
 * @supply: where an array may come from
 * @may_wait: whether the caller may wait for the worker
 *
 * A map that cannot grow for lack of memory continues with longer chains.
 *
 * Return: 0 if the insert can go ahead; -EAGAIN if the caller should fill @supply
 * and start again; -ENOMEM or -ENOSPC if the map has no buckets and cannot get any.
 */
static inline int hmap_resize_for_insert(struct hmap *h,
					 const struct hmap_locked *lk,
					 struct hmap_supply *supply,
					 bool may_wait)
{
	const struct hmap_array *a = lk->a;

	if (a->data &&
	    !hmap_too_many_overflow(READ_ONCE(a->noverflow), a->B) &&
	    hmap_count_near(h, lk) + hmap_count_error(a) < (long)hmap_capacity(a->B))
		return 0;
	return __hmap_resize_for_insert(h, lk, supply, may_wait);
}

/* Whether the worker waits for memory, or is slower than a writer waits. */
static inline bool hmap_worker_is_late(const struct hmap *h)
{
	return READ_ONCE(h->retry) || READ_ONCE(h->late);
}

/*
 * Call after a delete: have the worker shrink the map if it has become too large,
 * and replace the seed if the map is empty.
 */
static inline void hmap_resize_for_delete(struct hmap *h,
					  const struct hmap_locked *lk)
{
	const struct hmap_array *a = lk->a;

	if (hmap_count_near(h, lk) - hmap_count_error(a) <=
	    (long)hmap_capacity(a->B) / 8)
		__hmap_resize_for_delete(h, lk);
}

#endif /* _HMAP_MAP_RESIZE_H */
