// SPDX-License-Identifier: GPL-2.0
/*
 * Hash functions. Those for keys of 4 and 8 bytes are in <linux/hmap-hash.h>.
 */
#include <linux/export.h>
#include <linux/hmap.h>
#include <linux/random.h>

#include "hash.h"

/**
 * hmap_siphash() - hash for maps that untrusted programs write
 * @key: the key
 * @key_size: bytes of the key
 * @hash0: the seed
 *
 * SipHash (Aumasson and Bernstein, 2012): keys that collide cannot be found without
 * the seed.
 *
 * Context: any.
 * Return: the hash.
 */
u64 hmap_siphash(const void *key, u32 key_size, const siphash_key_t *hash0)
{
	return siphash(key, key_size, hash0);
}
EXPORT_SYMBOL_GPL(hmap_siphash);

/* The last 1 to 7 bytes of a key, as a word. */
static u64 hmap_last_bytes(const u8 *key, u32 n)
{
	u64 word = 0;

	memcpy(&word, key, n);
	return word;
}

/**
 * hmap_hash_bytes() - fast hash for keys of any size
 * @key: the key
 * @key_size: bytes of the key
 * @hash0: the seed
 *
 * Mixes a word at a time, by hmap_hash_mix(). The size is not hashed: all keys of a
 * map have the same size.
 *
 * Context: any.
 * Return: the hash.
 */
u64 hmap_hash_bytes(const void *key, u32 key_size, const siphash_key_t *hash0)
{
	u64 hash = hash0->key[0];
	const u8 *p = key;

	for (; key_size >= sizeof(u64); key_size -= sizeof(u64), p += sizeof(u64))
		hash = hmap_hash_mix(hash, hmap_load64(p), hash0);
	if (key_size)
		hash = hmap_hash_mix(hash, hmap_last_bytes(p, key_size), hash0);
	return hmap_hash_finish(hash, hash0);
}
EXPORT_SYMBOL_GPL(hmap_hash_bytes);

siphash_key_t hmap_new_seed(void)
{
	siphash_key_t hash0;

	get_random_bytes(&hash0, sizeof(hash0));
	return hash0;
}
