/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hashes of the kernel, for lookups in mapped memory. They are part of the format
 * of a map: tests/kunit/hash_vectors.h has the results for keys of every length.
 */
#ifndef HMAP_HASH_H
#define HMAP_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/hmap.h>

static inline __u64 load64(const void *p)
{
	__u64 word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline __u64 le64(__u64 word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap64(word);
#else
	return word;
#endif
}

static __u64 rotate(__u64 x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

static __always_inline void sip_rounds(__u64 v[4], unsigned int rounds)
{
	while (rounds--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static __always_inline void sip_word(__u64 v[4], __u64 word)
{
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
}

/* SipHash-2-4 (Aumasson and Bernstein, 2012). */
static __always_inline __u64
siphash(const unsigned char *key, size_t size, const __u64 hash0[2])
{
	__u64 v[4] = {
		hash0[0] ^ 0x736f6d6570736575ULL,
		hash0[1] ^ 0x646f72616e646f6dULL,
		hash0[0] ^ 0x6c7967656e657261ULL,
		hash0[1] ^ 0x7465646279746573ULL,
	};
	__u64 last = (__u64)size << 56;
	size_t i;

	for (; size >= 8; size -= 8, key += 8)
		sip_word(v, le64(load64(key)));
	for (i = 0; i < size; i++)
		last |= (__u64)key[i] << 8 * i;
	sip_word(v, last);
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The XOR of the halves of the 128-bit product. */
static inline __u64 mulfold(__u64 a, __u64 b)
{
#ifdef __SIZEOF_INT128__
	__uint128_t product = (__uint128_t)a * b;

	return (__u64)product ^ (__u64)(product >> 64);
#else
	__u64 ll = (a & UINT32_MAX) * (b & UINT32_MAX);
	__u64 hl = (a >> 32) * (b & UINT32_MAX);
	__u64 lh = (a & UINT32_MAX) * (b >> 32);
	__u64 mid = (ll >> 32) + (hl & UINT32_MAX) + (lh & UINT32_MAX);

	return (mid << 32 | (ll & UINT32_MAX)) ^
	       ((a >> 32) * (b >> 32) + (hl >> 32) + (lh >> 32) + (mid >> 32));
#endif
}

static inline __u64 hash_fast_finish(__u64 hash, const __u64 hash0[2])
{
	return mulfold(hash ^ hash0[0], 0x9e3779b97f4a7c15ULL);
}

static inline __u64 hash_fast_word(__u64 word, const __u64 hash0[2])
{
	return hash_fast_finish(mulfold(hash0[0] ^ word, hash0[1]), hash0);
}

/* In native byte order, as in the kernel. */
static __always_inline __u64
hash_fast(const unsigned char *key, size_t size, const __u64 hash0[2])
{
	__u64 hash = hash0[0], word = 0;

	for (; size >= 8; size -= 8, key += 8)
		hash = mulfold(hash ^ load64(key), hash0[1]);
	if (size) {
		memcpy(&word, key, size);
		hash = mulfold(hash ^ word, hash0[1]);
	}
	return hash_fast_finish(hash, hash0);
}

static __always_inline __u64
hash_of(__u32 hash, const void *key, size_t key_size, const __u64 hash0[2])
{
	__u32 word;

	if (hash != HMAP_HASH_FAST)
		return siphash(key, key_size, hash0);
	if (key_size != sizeof(word))
		return hash_fast(key, key_size, hash0);
	memcpy(&word, key, sizeof(word));
	return hash_fast_word(word, hash0);
}

#endif /* HMAP_HASH_H */
