/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random numbers for tests and benchmarks, in modules and in programs. A seed gives the
 * same numbers everywhere. The generator is splitmix64 (Steele, Lea and Flood, "Fast
 * splittable pseudorandom number generators", 2014).
 */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <linux/types.h>

#define RANDOM_STEP	0x9e3779b97f4a7c15ULL

static inline __u64 random_mix(__u64 z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline __u64 random_next(__u64 *state)
{
	*state += RANDOM_STEP;
	return random_mix(*state);
}

/* A number below @n. */
static inline __u32 random_below(__u64 *state, __u32 n)
{
	return (random_next(state) >> 32) * n >> 32;
}

#endif /* TESTS_RANDOM_H */
