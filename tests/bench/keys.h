/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The keys of the benchmarks and the orders in which they are used. Other programs
 * that measure with the same keys (gomap.go) do the same, in 64-bit arithmetic that
 * wraps around. mix() and STEP are random_mix() and RANDOM_STEP of ../random.h:
 *
 *	word(i):	mix(mix(seed) + (i + 1) * STEP)
 *
 *	8-byte key i:	word(i)
 *	16-byte key i:	word(i), word(i + 2^32)
 *	4-byte key i:	mix32(low half of mix(seed) + i), with
 *	mix32(x):	x = (x ^ x >> 16) * 0x85ebca6b
 *			x = (x ^ x >> 13) * 0xc2b2ae35
 *			return x ^ x >> 16
 *
 * (These are the finalisers of splitmix64 by Steele, Lea and Flood, and of
 * MurmurHash3 by Appleby. Both can be inverted, hence no two keys are the same.)
 *
 * A map of n elements holds the keys 0 to n-1 and gets them in this order.
 * Everything else is done in the order to which this shuffles them:
 *
 *	for i = n - 1 down to 1: swap keys i and
 *		(word(i + 2^33 + round * 2^34) >> 32) * (i + 1) >> 32
 *
 * The round is 0 the first time. Where a small map is gone through again and
 * again, each of rounds 0 to 2^20 / n - 1 starts with the keys in order and gets
 * shuffled in its own way: processors learn what comes next in a sequence that they
 * have seen. Lookups that miss are in round r for the keys (r + 1) * n to
 * (r + 2) * n - 1.
 *
 * The value of a key is the complement of its first word (of the key itself if
 * that has 4 bytes); after an update it is one more.
 */
#ifndef BENCH_KEYS_H
#define BENCH_KEYS_H

#include <linux/types.h>

struct bench_key16 {
	u64 word[2];
};

/**
 * struct bench_keys - the keys for maps of a size
 * @key_size: 4, 8 or 16
 * @n: how many are in the map
 * @insert: them, as they are inserted
 * @rounds: how many there are
 * @lookup: for each round: them, in another order
 * @absent: for each round: as many that are not in the map
 * @sum: of the values of all @n
 */
struct bench_keys {
	unsigned int key_size;
	unsigned long n;
	void *insert;
	unsigned int rounds;
	void *lookup;
	void *absent;
	u64 sum;
};

int bench_keys_make(struct bench_keys *keys, unsigned int key_size,
		    unsigned long n, unsigned int rounds, u64 seed);
void bench_keys_free(struct bench_keys *keys);

static __always_inline u64 bench_value(const void *key, unsigned int key_size)
{
	return key_size == sizeof(u32) ? ~(u64)*(const u32 *)key :
					 ~*(const u64 *)key;
}

#endif /* BENCH_KEYS_H */
