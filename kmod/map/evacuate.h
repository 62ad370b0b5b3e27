/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Evacuation: moving elements from the old array to the new one.
 */
#ifndef _HMAP_MAP_EVACUATE_H
#define _HMAP_MAP_EVACUATE_H

#include <linux/sizes.h>

#include "lock.h"

/* The most doublings in one resize: a unit goes to at most 2^3 buckets. */
#define HMAP_MAX_DOUBLINGS	3

/* The most chains that the elements of a unit go to. */
#define HMAP_UNIT_CHAINS	8	/* 2^HMAP_MAX_DOUBLINGS */

/*
 * The worker evacuates an array that is larger than HMAP_SHARED_BYTES from the
 * beginning, and a put or delete evacuates a unit only if the worker is behind. That
 * is so if the stripe has seen HMAP_PACE puts and deletes for each unit evacuated,
 * or if the next growth would be due after fewer than HMAP_PACE inserts for each
 * unit that is left. The evacuation is then over before the next growth is due, even
 * without the worker, if the new array was published with room for an insert for
 * each unit.
 */
#define HMAP_SHARED_BYTES	SZ_1M
#define HMAP_PACE		4

/*
 * After this time the worker pauses, for up to twice as long, if other tasks want
 * its CPU: a writer there does not wait longer for the CPU, whatever the scheduler's
 * slices are. The worker does not pause if the next growth or an explicit request
 * waits for it.
 */
#define HMAP_PAUSE_US		500

bool __hmap_resize_work(struct hmap *h, const struct hmap_locked *lk,
			struct hmap_array *old, struct hmap_supply *supply);
int hmap_finish_resize(struct hmap *h, struct hmap_supply *supply, bool polite);

/*
 * Whether the worker evacuates an array from the beginning, so that writers help
 * only if the worker is behind.
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
 * @supply: where overflow buckets may come from; NULL if the caller does not allocate
 *
 * Evacuates at most two units: the operation's own and the stripe's next one
 * (hmap_help_is_due()). If there is no memory for the overflow buckets that a unit
 * needs, the old chain stays in use.
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
