/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much is done under a lock before it is given up.
 */
#ifndef _HMAP_MAP_HOLD_H
#define _HMAP_MAP_HOLD_H

#include <linux/hmap.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

/*
 * The bound of every critical section that is about more than one element: so many
 * units, and elements of so many bytes, are looked at or moved. An element counts
 * for HMAP_HOLD_MIN at least, so that there are no more than 512. The unit with
 * which the bound is reached is finished: HMAP_MAX_CHAIN bounds what that is.
 */
#define HMAP_HOLD_UNITS		64
#define HMAP_HOLD_BYTES		SZ_64K
#define HMAP_HOLD_MIN		128

/* What a walk that looks at an element counts for it. */
static inline u32 hmap_slot_cost(const struct hmap *h)
{
	return max_t(u32, h->geo.key_slot + h->geo.value_slot, HMAP_HOLD_MIN);
}

/* Whether a call that takes long is to end early. kthread_stop() is no reason for that. */
static inline bool hmap_interrupted(void)
{
	return current->flags & PF_KTHREAD ? fatal_signal_pending(current) :
					     signal_pending(current);
}

#endif /* _HMAP_MAP_HOLD_H */
