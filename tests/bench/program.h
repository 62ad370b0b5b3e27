/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmark's programs share: the keys of keys.h, memory, time, and the
 * lines that they print.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <err.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../random.h"

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

static inline __u64 word(__u64 seed, __u64 i)
{
	return random_mix(random_mix(seed) + (i + 1) * RANDOM_STEP);
}

static inline __u64 value_of(__u64 key)
{
	return ~key;
}

/* Keys 0 to @n - 1, in the order of insertion. */
static inline void make_keys(__u64 *keys, __u32 n, __u64 seed)
{
	__u32 i;

	for (i = 0; i < n; i++)
		keys[i] = word(seed, i);
}

/* Brings keys in the order of insertion into that of a round. */
static inline void shuffle(__u64 *keys, __u32 n, __u64 seed, __u64 round)
{
	__u64 i, j, key;

	for (i = n - 1; i > 0; i--) {
		j = (word(seed, i + (1ULL << 33) + (round << 34)) >> 32) *
		    (i + 1) >> 32;
		key = keys[i];
		keys[i] = keys[j];
		keys[j] = key;
	}
}

static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* The array has been written to: its pages are there before anything is timed. */
static inline __u64 *array(size_t count)
{
	__u64 *p = malloc(count * sizeof(*p));

	if (!p)
		err(1, "no memory");
	memset(p, 0xff, count * sizeof(*p));
	return p;
}

/* One JSON object: nanoseconds for an operation, of one round. */
static inline void print_row(const char *suite, const char *contestant,
			     const char *op, __u32 n, double ns,
			     const char *kernel, const char *note)
{
	printf("{\"suite\": \"%s\", \"contestant\": \"%s\", ", suite, contestant);
	printf("\"op\": \"%s\", ", op);
	printf("\"n\": %u, \"unit\": \"ns/op\", \"median\": %.1f, ", n, ns);
	printf("\"min\": %.1f, \"max\": %.1f, \"runs\": 1, ", ns, ns);
	printf("\"kernel\": \"%s\", \"note\": \"%s\"}\n", kernel, note);
}

#endif /* PROGRAM_H */
