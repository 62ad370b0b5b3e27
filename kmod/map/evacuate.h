/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Evacuation: the way of elements from the old array to the new one.
 */
#ifndef _HMAP_MAP_EVACUATE_H
#define _HMAP_MAP_EVACUATE_H

#include <linux/sizes.h>

#include "lock.h"

/* Up to so many doublings in one resize: a unit goes to 2^3 buckets at the most. */
#define HMAP_MAX_DOUBLINGS	3

/* The most chains that the elements of a unit go to. */
#define HMAP_UNIT_CHAINS	8	/* 2^HMAP_MAX_DOUBLINGS */

/*
 * The worker takes its part in the evacuation of a larger array from the beginning, and
 * a put or delete evacuates a unit only where the worker is behind: where the stripe has
 * seen HMAP_PACE of them for each unit that has been evacuated, or where fewer inserts
 * for each unit that is left would make the next growth due. So the evacuation is over
 * before that, without the worker, too, if the array has been published in time: with
 * room for an insert for each unit.
 */
#define HMAP_SHARED_BYTES	SZ_1M
#define HMAP_PACE		4

/*
 * After so long the worker pauses, for up to twice as long, if others want its CPU: a
 * writer there does not wait for it longer, whatever the scheduler's slices are. It does
 * not pause while the next growth or an explicit request waits for it.
 */
#define HMAP_PAUSE_US		500

bool __hmap_resize_work(struct hmap *h, const struct hmap_locked *lk,
			struct hmap_array *old, struct hmap_supply *supply);
int hmap_finish_resize(struct hmap *h, struct hmap_supply *supply, bool polite);

/*
 * Whether the worker takes its part in the evacuation of an array from the beginning, so
 * that writers help only where it is behind.
 */
static inline bool hmap_evac_is_shared(const struct hmap *h,
				       const struct hmap_array *old)
{
	return hmap_array_data_size(h, old->B) > HMAP_SHARED_BYTES;
}

/**
 * hmap_resize_work() - what a put or delete contributes to a resize
 * @h: the map
 * @lk: the locked stripe, and the hash that the operation is about
 * @supply: where overflow buckets may come from
 *
 * Evacuates two units at the most (hmap_help_is_due() says when one). Without
 * overflow buckets to evacuate to, the old chain goes on to be used.
 *
 * Return: false if the caller should fill @supply and start again.
 */
static inline bool hmap_resize_work(struct hmap *h,
				    const struct hmap_locked *lk,
				    struct hmap_supply *supply)
{
	struct hmap_array *old = hmap_old(lk->a);

	return !old || __hmap_resize_work(h, lk, old, supply);
}

#endif /* _HMAP_MAP_EVACUATE_H */
