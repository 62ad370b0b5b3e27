/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hmap: hashing and comparing keys; included by <linux/hmap.h>. Everything here is
 * private.
 *
 * These functions take the parameters of the map by value. If the parameters are
 * constants, as in a map that DEFINE_HMAP() declares, the compiler generates code
 * for keys of exactly that size: no indirect call, no loop over bytes.
 *
 * Both hashes are ABI: programs that look keys up in mapped memory have them
 * compiled in (struct hmap_mapped). The hash of a key with a given seed must never
 * change; another hash needs another HMAP_HASH_*. tests/kunit/hash_vectors.h has hashes of
 * keys of every length.
 */
#ifndef _LINUX_HMAP_HASH_H
#define _LINUX_HMAP_HASH_H

#include <linux/hmap-bucket.h>
#include <linux/siphash.h>

u64 hmap_hash_bytes(const void *key, u32 key_size, const siphash_key_t *hash0);

/*
 * The 128-bit product with its halves xored: every bit of both factors affects every
 * bit of the result. A hash built on this is similar to wyhash (Wang Yi, 2019): good
 * against accidental collisions, not against attackers.
 */
static __always_inline u64 hmap_mulfold(u64 a, u64 b)
{
	/* UML on x86-64 has 128-bit integers but does not select the option. */
#if defined(CONFIG_ARCH_SUPPORTS_INT128) || defined(CONFIG_X86_64)
	__uint128_t product = (__uint128_t)a * b;

	return (u64)product ^ (u64)(product >> 64);
#else
	u64 ll = (u64)(u32)a * (u32)b, hl = (a >> 32) * (u32)b;
	u64 lh = (u32)a * (b >> 32), hh = (a >> 32) * (b >> 32);
	u64 mid = (ll >> 32) + (u32)hl + (u32)lh;

	return (mid << 32 | (u32)ll) ^
	       (hh + (hl >> 32) + (lh >> 32) + (mid >> 32));
#endif
}

/* Keys may be unaligned. */
static __always_inline u64 hmap_load64(const void *p)
{
	u64 word;

	hmap_bucket_memcpy(&word, p, sizeof(word));
	return word;
}

static __always_inline u32 hmap_load32(const void *p)
{
	u32 word;

	hmap_bucket_memcpy(&word, p, sizeof(word));
	return word;
}

/* Mix one word of a key into the hash. */
static __always_inline u64 hmap_hash_mix(u64 hash, u64 word,
					 const siphash_key_t *hash0)
{
	return hmap_mulfold(hash ^ word, hash0->key[1]);
}

/*
 * Call after the last word. A single multiplication does not mix evenly: the lowest
 * bit that a change reaches always flips. The factor is 2^64 divided by the golden
 * ratio.
 */
static __always_inline u64 hmap_hash_finish(u64 hash, const siphash_key_t *hash0)
{
	return hmap_mulfold(hash ^ hash0->key[0], 0x9e3779b97f4a7c15ULL);
}

static __always_inline u64 hmap_hash_word(u64 word, const siphash_key_t *hash0)
{
	return hmap_hash_finish(hmap_hash_mix(hash0->key[0], word, hash0),
				hash0);
}

static __always_inline u64 hmap_hash_key(const struct hmap_params params,
					 const void *key,
					 const siphash_key_t *hash0)
{
	if (params.hashfn)
		return params.hashfn(key, params.key_size, hash0);
	if (params.key_size == sizeof(u64))
		return hmap_hash_word(hmap_load64(key), hash0);
	if (params.key_size == sizeof(u32))
		return hmap_hash_word(hmap_load32(key), hash0);
	return hmap_hash_bytes(key, params.key_size, hash0);
}

static __always_inline bool hmap_bytes_equal(const struct hmap_params params,
					     const void *a, const void *b)
{
	if (params.equalfn)
		return params.equalfn(a, b, params.key_size);
	if (params.key_size == sizeof(u64))
		return hmap_load64(a) == hmap_load64(b);
	if (params.key_size == sizeof(u32))
		return hmap_load32(a) == hmap_load32(b);
	return !__builtin_memcmp(a, b, params.key_size);
}

static __always_inline bool hmap_keys_equal(const struct hmap_params params,
					    const void *a, const void *b)
{
	/* If the key is being overwritten, the caller finds another version. */
	return data_race(hmap_bytes_equal(params, a, b));
}

#endif /* _LINUX_HMAP_HASH_H */
