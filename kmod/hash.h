/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hash functions and their seeds.
 *
 * Maps that untrusted programs write need a keyed hash whose collisions
 * cannot be found without the seed: SipHash (Aumasson and Bernstein, 2012),
 * the kernel's own, with a random 128-bit seed for each map.
 */
#ifndef _HMAP_HASH_H
#define _HMAP_HASH_H

#include <linux/compiler.h>
#include <linux/hmap.h>
#include <linux/random.h>
#include <linux/string.h>

static inline u64 hmap_siphash(const void *key, u32 key_size,
			       const siphash_key_t *hash0)
{
	return siphash(key, key_size, hash0);
}

static inline u64 hmap_hash(const struct hmap *h, const void *key,
			    const siphash_key_t *hash0)
{
	return h->params.hashfn(key, h->params.key_size, hash0);
}

static inline bool hmap_equal_bytes(const void *a, const void *b, u32 key_size)
{
	return !memcmp(a, b, key_size);
}

static inline bool hmap_equal(const struct hmap *h, const void *a,
			      const void *b)
{
	/* As in bmap_copy(). */
	return data_race(h->params.equalfn(a, b, h->params.key_size));
}

static inline siphash_key_t hmap_new_seed(void)
{
	siphash_key_t hash0;

	get_random_bytes(&hash0, sizeof(hash0));
	return hash0;
}

#endif /* _HMAP_HASH_H */
