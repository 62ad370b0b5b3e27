/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the map share.
 *
 * Most maps here have keys and values of 8 bytes: the key is a number, the
 * value is hk_value() of it unless a test says otherwise.
 */
#ifndef _HMAP_KUNIT_H
#define _HMAP_KUNIT_H

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/hmap.h>
#include <linux/slab.h>

#include "../random.h"
#include "hold.h"
#include "resize.h"
#include "scan.h"

/* Random numbers that only depend on the seed and the name of the test. */
struct hk_rnd {
	u64 state;
};

extern unsigned long hk_ops;

struct hk_rnd hk_rnd(struct kunit *test);
u64 hk_seed(void);

static inline u64 hk_rnd64(struct hk_rnd *rnd)
{
	return random_next(&rnd->state);
}

static inline u32 hk_below(struct hk_rnd *rnd, u32 n)
{
	return random_below(&rnd->state, n);
}

/* The allocation number @n of this thread from now on fails; none if it is 0. */
void hk_fail_nth(unsigned int n);

/* Whether the failure that was asked for has not come yet. */
bool hk_fail_pending(void);

void hk_skip_unless_allocations_fail(struct kunit *test);

void *hk_alloc(struct kunit *test, size_t n, size_t size);
void hk_shuffle(struct hk_rnd *rnd, u64 *list, u32 n);

/* For every suite: tells the seed if the test has failed. */
void hk_exit(struct kunit *test);

#define HK_SUITE(_name, _cases)				\
	static struct kunit_suite _name##_suite = {	\
		.name = "hmap_" #_name,			\
		.exit = hk_exit,			\
		.test_cases = _cases,			\
	};						\
	kunit_test_suite(_name##_suite)

/*
 * Maps: destroyed, and checked once more, when the test ends. They have HMAP_NO_SHRINK,
 * as Go's map: only hmap_shrink() shrinks them.
 */
struct hmap *hk_map(struct kunit *test, const struct hmap_params *params);
struct hmap *hk_map_sized(struct kunit *test, u32 key_size, u32 value_size);
struct hmap *hk_map_u64(struct kunit *test);
struct hmap *hk_map_hint(struct kunit *test, unsigned long hint);
struct hmap *hk_map_hashed(struct kunit *test, hmap_hashfn_t hashfn,
			   unsigned long hint);
void hk_map_destroy(struct kunit *test, struct hmap *h);

/*
 * Puts keys from 1 on into an empty map until the next put that may sleep waits for the
 * worker, which is disabled. Returns how many.
 */
u64 hk_overfill(struct kunit *test, struct hmap *h);

/* As if the worker had been called in vain before. */
void hk_enable_worker(struct hmap *h);

/*
 * The worker, which is disabled before and after, publishes the array that is due, and
 * evacuates no more than the first 64 units of a shrinking map.
 */
void hk_only_publish(struct kunit *test, struct hmap *h);

/* A tracepoint of the module. */
struct tracepoint *hk_tracepoint(struct kunit *test, const char *name);

/* Maps in the middle of a resize, with the keys from @from up to @to. */
struct hmap *hk_map_growing(struct kunit *test, u64 *from, u64 *to);
struct hmap *hk_map_same_size(struct kunit *test, u64 *from, u64 *to);

struct hmap *hk_map_view(struct kunit *test, const struct hmap_params *params,
			 struct hmap_view *view);

/* A view for a map, put when the test ends. */
struct hmap_view *hk_view(struct kunit *test);

/* Show a map that has just been made with one. */
void hk_view_attach(struct hmap *h);

/* A lookup in what the map shows, as a program does it. */
int hk_view_get(struct hmap *h, const void *key, void *value);

#define HK_VERIFY(test, h) KUNIT_ASSERT_EQ(test, hmap_verify(h), 0)

/* Hash functions; all but hk_hash_seeded() collide in one way or another. */
u64 hk_hash_seeded(const void *key, u32 size, const siphash_key_t *hash0);
u64 hk_hash_identity(const void *key, u32 size, const siphash_key_t *hash0);
u64 hk_hash_constant(const void *key, u32 size, const siphash_key_t *hash0);
u64 hk_hash_one_bucket(const void *key, u32 size, const siphash_key_t *hash0);
u64 hk_hash_one_tophash(const void *key, u32 size, const siphash_key_t *hash0);
u64 hk_hash_top_bits(const void *key, u32 size, const siphash_key_t *hash0);
u64 hk_hash_bit(const void *key, u32 size, const siphash_key_t *hash0);

/* The bit in which the two hashes of hk_hash_bit() differ. */
#define HK_HASH_BIT	3

static inline u64 hk_value(u64 key)
{
	return random_mix(key + 1);
}

void hk_put(struct kunit *test, struct hmap *h, u64 key, u64 value);
void hk_delete(struct kunit *test, struct hmap *h, u64 key);
void hk_expect(struct kunit *test, struct hmap *h, u64 key, u64 value);
void hk_expect_absent(struct kunit *test, struct hmap *h, u64 key);

/* The same for the keys from @from up to, not including, @to. */
void hk_put_range(struct kunit *test, struct hmap *h, u64 from, u64 to);
void hk_delete_range(struct kunit *test, struct hmap *h, u64 from, u64 to);
void hk_expect_range(struct kunit *test, struct hmap *h, u64 from, u64 to);

/* Exactly these keys, with their values. */
void hk_expect_all(struct kunit *test, struct hmap *h, u64 from, u64 to);

/* What a test looks at inside. There may be no writer. */
static inline struct hmap_array *hk_array(struct hmap *h)
{
	return rcu_dereference_protected(h->buckets, true);
}

static inline long hk_grows(struct hmap *h)
{
	return atomic_long_read(&h->grows);
}

static inline long hk_same_size_grows(struct hmap *h)
{
	return atomic_long_read(&h->same_size_grows);
}

static inline long hk_evacuated(struct hmap *h)
{
	long units = 0;
	u32 s;

	for (s = 0; s < h->params.stripes; s++)
		units += READ_ONCE(h->stripes[s].evacuated);
	return units;
}

/* Bytes that a map holds, and those of them that wait for a grace period. */
static inline long hk_memory(struct hmap *h)
{
	return atomic_long_read(&h->memory->bytes);
}

static inline long hk_waiting(struct hmap *h)
{
	return atomic_long_read(&h->memory->waiting);
}

/* Until nothing waits for a grace period any more. */
void hk_wait_memory(struct kunit *test, struct hmap *h);

/* Also while the worker may be at it. */
static inline bool hk_growing(struct hmap *h)
{
	bool growing;

	rcu_read_lock();
	growing = READ_ONCE(rcu_dereference(h->buckets)->oldbuckets);
	rcu_read_unlock();
	return growing;
}

static inline u8 hk_B(struct hmap *h)
{
	u8 B;

	rcu_read_lock();
	B = rcu_dereference(h->buckets)->B;
	rcu_read_unlock();
	return B;
}

/* A map that is not called any more comes to 2^B buckets, and is at rest there. */
void hk_comes_to(struct kunit *test, struct hmap *h, u8 B);

/* How full the buckets of the whole map are. */
struct hmap_layout hk_layout(struct kunit *test, struct hmap *h);

void hk_finish_growth(struct kunit *test, struct hmap *h);
struct hmap_chain hk_chain_of(struct hmap *h, u64 hash);

/*
 * The states of the slots of a chain: '.' emptyRest, 'o' emptyOne, 'x', 'y' and
 * 'e' evacuated, '#' in use, '|' between buckets.
 */
const char *hk_chain_states(struct kunit *test, struct hmap *h,
			    const struct hmap_chain *chain);

/* What is done between two steps of a scan. */
typedef void (*hk_between_t)(struct kunit *test, struct hmap *h, u32 step,
			     void *arg);

/**
 * struct hk_scan - a scan of a map with keys below a limit
 * @capacity: elements for each step
 * @limit: keys are below this
 * @times: out: how often each was returned
 * @between: called after each step, unless NULL
 * @arg: for @between
 * @iter: with hmap_iter_next() rather than hmap_scan()
 */
struct hk_scan {
	u32 capacity;
	u64 limit;
	u8 *times;
	hk_between_t between;
	void *arg;
	bool iter;
};

void hk_scan(struct kunit *test, struct hmap *h, struct hk_scan *scan);

/* The keys in @times in [from, to) were returned @times times. */
void hk_expect_times(struct kunit *test, const struct hk_scan *scan, u64 from,
		     u64 to, u8 times);

/* Nothing was returned twice. */
void hk_expect_no_twice(struct kunit *test, const struct hk_scan *scan);

/**
 * struct hk_thread - a kernel thread of a test
 * @fn: called over and over until it returns false or the time is over
 * @arg: for @fn
 * @index: its place in the array
 * @rnd: its random numbers
 * @errors: what it found wrong
 * @rounds: calls of @fn
 * @complete: there is no time limit: it goes on until @fn returns false
 * @task: the thread
 */
struct hk_thread {
	bool (*fn)(struct hk_thread *thread);
	void *arg;
	u32 index;
	struct hk_rnd rnd;
	unsigned long errors;
	unsigned long rounds;
	bool complete;
	struct task_struct *task;
};

/*
 * Run threads side by side, for @ms milliseconds or, if that is 0, until all of
 * them have ended by themselves. Expects that none of them has found an error.
 */
void hk_run(struct kunit *test, struct hk_thread *threads, u32 n,
	    unsigned int ms);

#endif /* _HMAP_KUNIT_H */
