/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much work is done under a lock before it is released.
 */
#ifndef _HMAP_MAP_HOLD_H
#define _HMAP_MAP_HOLD_H

#include <linux/hmap.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

/*
 * The bound of every critical section that works on more than one element: it reads
 * or moves at most HMAP_HOLD_UNITS units, and elements of HMAP_HOLD_BYTES together.
 * An element counts as at least HMAP_HOLD_MIN bytes, so there are at most 512. The
 * unit that reaches the bound is finished; HMAP_MAX_CHAIN bounds its size.
 */
#define HMAP_HOLD_UNITS		64
#define HMAP_HOLD_BYTES		SZ_64K
#define HMAP_HOLD_MIN		128

/* The bytes that a walk counts for each element. */
static inline u32 hmap_slot_cost(const struct hmap *h)
{
	return max_t(u32, h->geo.key_slot + h->geo.value_slot, HMAP_HOLD_MIN);
}

/* Whether a long call must end early. In a kthread only if it is killed. */
static inline bool hmap_interrupted(void)
{
	return current->flags & PF_KTHREAD ? fatal_signal_pending(current) :
					     signal_pending(current);
}

#endif /* _HMAP_MAP_HOLD_H */
