/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Seeds of hashes.
 */
#ifndef _HMAP_MAP_HASH_H
#define _HMAP_MAP_HASH_H

#include <linux/siphash.h>

siphash_key_t hmap_new_seed(void);

#endif /* _HMAP_MAP_HASH_H */
