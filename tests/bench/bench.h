/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts of the benchmark module: contestants (hmap.c, rhashtable.c, bpf.c,
 * plain.c) know how to use a map and nothing of measuring; suites (single.c,
 * memory.c, fill.c, latency.c, hold.c, smp.c, grow.c) measure and know nothing of maps.
 */
#ifndef BENCH_H
#define BENCH_H

#include <linux/args.h>
#include <linux/gfp_types.h>
#include <linux/types.h>

#include "keys.h"

enum bench_op {
	BENCH_INSERT,
	BENCH_INSERT_ATOMIC,
	BENCH_HIT,
	BENCH_MISS,
	BENCH_BATCH,
	BENCH_UPDATE,
	BENCH_DELETE,
	BENCH_OPS,
};

enum bench_threads { BENCH_ANY, BENCH_ALONE, BENCH_SHARED };

/* Keys of one call of a batch. */
#define BENCH_BATCH_KEYS	64

/* Keys between two chances for others to run: whole batches. */
#define BENCH_CHUNK		256

/**
 * struct bench_tally - what became of some operations
 * @sum: of the values found
 * @failed: operations that did not do it: a key not found or not inserted
 * @retries: operations that had to be tried again
 */
struct bench_tally {
	u64 sum;
	unsigned long failed;
	unsigned long retries;
};

/**
 * typedef bench_loop_t - an operation on some keys, one after the other
 * @map: the map
 * @keys: the keys
 * @count: how many
 * @tally: what became of it is added
 */
typedef void (*bench_loop_t)(void *map, const void *keys, unsigned int count,
			     struct bench_tally *tally);

/**
 * struct contestant - a kind of map, for keys of one size
 * @name: as in the results
 * @note: what to know about the results, or NULL
 * @key_size: bytes of a key
 * @create: makes an empty map for @keys, which are not put into it; NULL if there
 *	is no memory
 * @threads: BENCH_ALONE or BENCH_SHARED if it is made for one thread, or for
 *	several; or BENCH_ANY
 * @fixed: the map is made for keys->n elements and does not grow
 * @settled: whether the map has nothing left to do in the background; NULL if
 *	no contestant can know
 * @memory: bytes that it says it takes; NULL if it does not say
 * @buckets: how many it has: they become more when it begins to grow; NULL if it
 *	does not say
 * @destroy: frees it and what is in it
 * @loop: the operations; NULL for what it does not have
 */
struct contestant {
	const char *name;
	const char *note;
	unsigned int key_size;
	enum bench_threads threads;
	bool fixed;
	void *(*create)(const struct bench_keys *keys);
	bool (*settled)(void *map);
	u64 (*memory)(void *map);
	u64 (*buckets)(void *map);
	void (*destroy)(void *map);
	bench_loop_t loop[BENCH_OPS];
};

/* The loops that loops.h makes for a type. */
#define T(name) CONCATENATE(TYPE, name)
#define BENCH_LOOPS(type)						\
	[BENCH_INSERT] = type##_loop_insert,				\
	[BENCH_INSERT_ATOMIC] = type##_loop_insert_atomic,		\
	[BENCH_HIT] = type##_loop_get,					\
	[BENCH_MISS] = type##_loop_get,					\
	[BENCH_UPDATE] = type##_loop_update,				\
	[BENCH_DELETE] = type##_loop_delete

/*
 * ktime_get() counts in quarters of a microsecond here. The time stamp counter
 * does better, if it runs at a constant speed: its users check that.
 */
static inline u64 bench_cycles(void)
{
	u32 low, high;

	asm volatile("lfence\n\trdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
}

/* contestants.c */
unsigned int bench_choose(const char *names, unsigned int key_size,
			  enum bench_threads threads,
			  const struct contestant **chosen, unsigned int max);

/* Each ends with one that has no name. */
extern const struct contestant bench_hmap[], bench_rhashtable[], bench_bpf[],
	bench_plain[];

/* hmap.c */
size_t bench_hmap_memory(const struct bench_keys *keys);

/* rhashtable.c */
int bench_rhashtable_init(void);
void bench_rhashtable_exit(void);

/* report.c */

/**
 * struct bench_row - a result
 * @suite: name of the suite
 * @contestant: its name
 * @op: what
 * @n: elements in the map
 * @unit: of the values
 * @value: one for each run, in thousandths of the unit
 * @runs: how many
 * @each: print all values, too, in the order of the runs
 * @note: what to know about it besides what is true for the contestant, or ""
 */
struct bench_row {
	const char *suite;
	const struct contestant *contestant;
	const char *op;
	unsigned long n;
	const char *unit;
	u64 *value;
	unsigned int runs;
	bool each;
	const char *note;
};

void bench_report(struct bench_row *row);
extern unsigned int bench_results; /* how many have been printed */
int bench_settle(const struct contestant *c, void **map, unsigned int nr);

/* memory.c */
unsigned long bench_free_pages(void);

/* single.c, memory.c, fill.c, latency.c, hold.c, smp.c, grow.c */
int bench_single(const struct contestant **c, unsigned int nr,
		 const struct bench_keys *keys);
int bench_fill(const struct contestant **c, unsigned int nr,
	       const struct bench_keys *keys);
int bench_memory(const struct contestant **c, unsigned int nr,
		 const struct bench_keys *keys);
int bench_fill_memory(const struct contestant **c, unsigned int nr,
		      const struct bench_keys *keys);
int bench_latency(const struct contestant **c, unsigned int nr,
		  const struct bench_keys *keys);
int bench_hold(const struct contestant **c, unsigned int nr,
	       const struct bench_keys *keys);
int bench_smp(const struct contestant **c, unsigned int nr,
	      const struct bench_keys *keys);
int bench_grow(const struct contestant **c, unsigned int nr,
	       const struct bench_keys *keys);

/* main.c */
extern unsigned int bench_runs;
extern char *bench_kernel;

#endif /* BENCH_H */
