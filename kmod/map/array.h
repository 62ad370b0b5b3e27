/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An array of buckets with its overflow buckets, and what it is to be made for.
 */
#ifndef _HMAP_MAP_ARRAY_H
#define _HMAP_MAP_ARRAY_H

#include <linux/hmap.h>
#include <linux/hmap-view.h>

#include "memory.h"

/*
 * Beyond this B, there would be more overflow buckets than HMAP_OVERFLOW_INDEX can
 * tell apart: an array at its load factor has three for ten buckets.
 */
#define HMAP_MAX_B		29

/*
 * Go's load factor of 13/2: 6.5 elements for a bucket of 8 slots. Its authors'
 * table of load factors stands at the head of Go's runtime/map.go.
 */
#define LOAD_FACTOR_NUM		13
#define LOAD_FACTOR_DEN		2

/*
 * From this B on it is 7.25, for memory's sake: between two doublings an element of
 * 8 + 8 bytes takes 33 bytes in the mean, with Go's 35. What it costs is a fifth of a
 * lookup's time when the array is full, and nothing when it is new.
 */
#define LOAD_LARGE_B		16
#define LOAD_LARGE_NUM		29
#define LOAD_LARGE_DEN		4

/*
 * What several stripes count by themselves before they add it to the map's count: up
 * to this, and together no more than an eighth of the capacity.
 */
#define HMAP_COUNT_BATCH	32

/* Blocks of overflow buckets that an array can have. */
#define HMAP_MAX_BLOCKS		(HMAP_OVERFLOW_BLOCKS << HMAP_OVERFLOW_TABLES)

/* Elements that 2^B buckets are for. */
static inline u64 hmap_capacity(u8 B)
{
	if (B >= LOAD_LARGE_B)
		return LOAD_LARGE_NUM * ((1ULL << B) / LOAD_LARGE_DEN);
	return max_t(u64, HMAP_BUCKET_CNT,
		     LOAD_FACTOR_NUM * ((1ULL << B) / LOAD_FACTOR_DEN));
}

static inline bool hmap_over_load(size_t count, u8 B)
{
	return count > hmap_capacity(B);
}

/*
 * Go keeps noverflow in 16 bits and from B = 16 on counts only one in
 * 2^(B-15), with a limit of 2^15. An exact counter has the same limit in
 * full: as many overflow buckets as buckets.
 */
static inline bool hmap_too_many_overflow(u32 noverflow, u8 B)
{
	return noverflow >= (u32)1 << B;
}

static inline u32 hmap_spares(u8 B)
{
	/*
	 * The seed's rule: more than 2^4 buckets get 2^(B-4) spare overflow
	 * buckets. (Go begins at 2^4, and rounds up to an allocator class.)
	 */
	return B > 4 ? 1u << (B - 4) : 0;
}

static inline size_t hmap_nbuckets(const struct hmap_array *a)
{
	return a->last + 1;
}

struct hmap_bucket *hmap_overflow_bucket(const struct hmap *h,
					 const struct hmap_array *a, u32 index);

static inline struct hmap_bucket *hmap_bucket(const struct hmap *h,
					      const struct hmap_array *a, size_t i)
{
	return a->data + i * h->geo.bucket_size;
}

/* The mask with which all stripes are in use, if there are buckets for all. */
static inline u32 hmap_full_mask(const struct hmap *h, const struct hmap_array *a)
{
	return hmap_nbuckets(a) < h->params.stripes ? 0 : h->params.stripes - 1;
}

/* The bucket behind @b in its chain, or NULL. */
static inline struct hmap_bucket *hmap_next(const struct hmap *h,
					    const struct hmap_array *a,
					    const struct hmap_bucket *b)
{
	/*
	 * Acquire: whoever sees the index sees the block that it is in. Pairs
	 * with the release in hmap_append_bucket().
	 */
	u32 index = hmap_bucket_overflow_index(smp_load_acquire(&b->overflow));

	return index ? hmap_overflow_bucket(h, a, index) : NULL;
}

/* The unit of evacuation is a bucket of the smaller array. */
static inline struct hmap_array *hmap_smaller(struct hmap_array *a,
					      struct hmap_array *old)
{
	return old && old->B < a->B ? old : a;
}

/* Whether bucket @i of an old array has been evacuated. */
static inline bool hmap_evacuated(const struct hmap *h,
				  const struct hmap_array *old, size_t i)
{
	return hmap_bucket_evacuated(hmap_bucket_tophashes(hmap_bucket(h, old, i)));
}

/**
 * struct hmap_supply - memory that an operation brings along into the lock
 * @array: an array to grow into, or NULL
 * @block: a block of overflow buckets, or NULL
 * @block_buckets: buckets in @block
 * @table_blocks: blocks that @table is for
 * @table: a table for blocks, or NULL
 * @bytes: what @block and @table take
 * @want: what was missing when the operation gave up its lock
 * @want_B: the B of the array that was missing
 * @want_buckets: the buckets of the block that was missing
 * @want_table: the blocks of the table that was missing; 0 if none was
 * @no_array: why there is no array to be had, a negative errno: go on without
 * @helped: the operation has done its part of the evacuation
 * @waited: the operation has waited for the worker
 * @drained: the operation has waited for memory
 * @no_block: there is no memory for a block: go on without
 *
 * Nothing is allocated under a lock. An operation that finds something missing
 * says so here, returns -EAGAIN to its caller, who unlocks, calls
 * hmap_supply_fill(), locks and starts it again. What is left over is freed by
 * hmap_supply_drop().
 */
struct hmap_supply {
	struct hmap_array *array;
	void *block;
	u32 block_buckets;
	u32 table_blocks;
	void **table;
	size_t bytes;
	enum {
		WANT_NOTHING,
		WANT_ARRAY,
		WANT_BLOCK,
		WANT_WORKER,	/* to wait until the worker has tried to make an array */
		WANT_MEMORY,	/* to wait until memory is free that waits for that */
		WANT_RESTART,	/* the key may be in another array or stripe now */
	} want;
	u8 want_B;
	u32 want_buckets;
	u32 want_table;
	int no_array;
	bool helped;
	bool waited;
	bool drained;
	bool no_block;
};

struct hmap_array *hmap_array_alloc(struct hmap *h, u8 B, gfp_t gfp);
struct hmap_array *hmap_array_make(struct hmap *h, u8 B, gfp_t gfp);
struct hmap_array *hmap_array_alloc_empty(struct hmap *h, gfp_t gfp);
void hmap_array_free(struct hmap_array *a);
void hmap_array_discard(struct hmap_array *a);
void hmap_array_retire(struct hmap_array *a);
bool hmap_array_size_ok(const struct hmap *h, u8 B);
bool hmap_array_fits(const struct hmap *h, u8 B);
bool hmap_array_will_fit(const struct hmap *h, u8 B);
size_t hmap_array_data_size(const struct hmap *h, u8 B);
bool hmap_reserve_overflow(struct hmap *h, struct hmap_array *a, u32 n,
			   struct hmap_supply *supply);
void hmap_unreserve_overflow(struct hmap_array *a, u32 n);
struct hmap_bucket *hmap_append_bucket(struct hmap *h, struct hmap_array *a,
				       struct hmap_bucket *last, u32 len);
void hmap_supply_fill(struct hmap *h, struct hmap_supply *supply, gfp_t gfp);
bool hmap_supply_over_limit(const struct hmap *h,
			    const struct hmap_supply *supply);
void __hmap_supply_drop(struct hmap *h, struct hmap_supply *supply);

/* Free what an operation did not need after all. */
static inline void hmap_supply_drop(struct hmap *h, struct hmap_supply *supply)
{
	if (supply->array || supply->block || supply->table)
		__hmap_supply_drop(h, supply);
}

/* Whether an array is made at once by the put that needs it. */
static inline bool hmap_array_is_small(const struct hmap *h, u8 B)
{
	return hmap_array_data_size(h, B) <= HMAP_SMALL_BYTES;
}

/*
 * Around each change of the array that a map is in, of that which is evacuated to it, and
 * of their seed: nothing that a view has told before holds in between.
 */
static inline void hmap_view_begin(struct hmap *h)
{
	if (h->view)
		h->view->ops->begin(h->view);
}

static inline void hmap_view_end(struct hmap *h)
{
	if (h->view)
		h->view->ops->end(h->view, h);
}

#endif /* _HMAP_MAP_ARRAY_H */
