/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Places: positions in the order in which a scan visits keys.
 */
#ifndef _HMAP_MAP_SCAN_H
#define _HMAP_MAP_SCAN_H

#include "lock.h"

unsigned int hmap_unit(struct hmap *h, struct hmap_array *a, u64 place,
		       struct hmap_chain chains[2], u64 *last);
u64 hmap_bitrev64(u64 x);
bool hmap_place_in_stripe(u64 place, const struct hmap_locked *lk);

#endif /* _HMAP_MAP_SCAN_H */
