/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arrays of buckets with their overflow buckets: load factors, sizes, and memory
 * that an operation brings along for them.
 */
#ifndef _HMAP_MAP_ARRAY_H
#define _HMAP_MAP_ARRAY_H

#include <linux/hmap.h>
#include <linux/hmap-view.h>

#include "memory.h"

/*
 * Beyond this B there could be more overflow buckets than HMAP_OVERFLOW_INDEX can
 * number: an array at its load factor has three for ten buckets.
 */
#define HMAP_MAX_B		29

/*
 * Go's load factor of 13/2: 6.5 elements for a bucket of 8 slots. The comment at the
 * head of Go's runtime/map.go has a table of load factors.
 */
#define LOAD_FACTOR_NUM		13
#define LOAD_FACTOR_DEN		2

/*
 * From this B on the load factor is 7.25, to save memory: averaged over a doubling,
 * an element of 8 + 8 bytes takes 33 bytes instead of 35. The cost is a fifth of a
 * lookup's time when the array is full, and nothing when it is new.
 */
#define LOAD_LARGE_B		16
#define LOAD_LARGE_NUM		29
#define LOAD_LARGE_DEN		4

/*
 * If there are several stripes, each counts up to this many elements by itself
 * before it adds them to the map's count; all stripes together at most an eighth of
 * the capacity.
 */
#define HMAP_COUNT_BATCH	32

/* The most blocks of overflow buckets that an array can have. */
#define HMAP_MAX_BLOCKS		(HMAP_OVERFLOW_BLOCKS << HMAP_OVERFLOW_TABLES)

/* Elements that 2^B buckets hold at the load factor. */
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
 * The limit is Go's: as many overflow buckets as buckets. Go keeps noverflow in 16
 * bits, and from B = 16 on counts only one in 2^(B-15), up to a limit of 2^15. This
 * counter is exact.
 */
static inline bool hmap_too_many_overflow(u32 noverflow, u8 B)
{
	return noverflow >= (u32)1 << B;
}

static inline u32 hmap_spares(u8 B)
{
	/*
	 * Go's rule: 2^(B-4) spare overflow buckets. (Go begins at 2^4 buckets
	 * instead of 2^5, and rounds up to a size class of its allocator.)
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

/* The mask that uses all stripes; 0 if there are fewer buckets than stripes. */
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
	 * Index before block: pairs with the release in hmap_append_bucket(). A
	 * reader that sees the index also sees the block that it is in.
	 */
	u32 index = hmap_bucket_overflow_index(smp_load_acquire(&b->overflow));

	return index ? hmap_overflow_bucket(h, a, index) : NULL;
}

/* The smaller array of two: its buckets are the units of evacuation. */
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
 * struct hmap_supply - memory allocated for an operation before it takes its lock
 * @array: an array to grow into, or NULL
 * @block: a block of overflow buckets, or NULL
 * @block_buckets: buckets in @block
 * @table_blocks: blocks that @table is for
 * @table: a table for blocks, or NULL
 * @bytes: memory of @block and @table
 * @want: what was missing when the operation released its lock
 * @want_B: B of the missing array
 * @want_buckets: buckets in the missing block
 * @want_table: blocks of the missing table; 0 if no table is missing
 * @no_array: negative errno if no array could be allocated: continue without one
 * @helped: the operation has done its part of the evacuation
 * @waited: the operation has waited for the worker
 * @drained: the operation has waited for memory that waited for a grace period
 * @no_block: no block could be allocated: continue without one
 *
 * Nothing is allocated under a lock. An operation that finds something missing sets
 * @want and returns -EAGAIN. The caller unlocks, calls hmap_supply_fill(), locks
 * again and restarts the operation. hmap_supply_drop() frees what has not been used.
 *
 * Each put has one on its stack: see hmap_supply_init().
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
		WANT_WORKER,	/* wait for the worker to try to make an array */
		WANT_MEMORY,	/* wait until memory that waits for RCU is freed */
		WANT_RESTART,	/* the key may now be in another array or stripe */
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

/*
 * Initialise only the fields that are read before they are written: most puts need
 * nothing, and would spend a tenth of their time on zeroing the other fields.
 */
static inline void hmap_supply_init(struct hmap_supply *supply)
{
	supply->array = NULL;
	supply->block = NULL;
	supply->table = NULL;
	supply->bytes = 0;
	supply->want = WANT_NOTHING;
	supply->no_array = 0;
	supply->helped = false;
	supply->waited = false;
	supply->drained = false;
	supply->no_block = false;
}

#if IS_ENABLED(CONFIG_KUNIT)
void **hmap_block_slot(struct hmap_overflow *overflow, u32 k);
size_t hmap_block_size(const struct hmap_array *a, u32 k);
#endif

/* Free what an operation did not use. */
static inline void hmap_supply_drop(struct hmap *h, struct hmap_supply *supply)
{
	if (supply->array || supply->block || supply->table)
		__hmap_supply_drop(h, supply);
}

/* Whether the put that needs an array makes it at once. */
static inline bool hmap_array_is_small(const struct hmap *h, u8 B)
{
	return hmap_array_data_size(h, B) <= HMAP_SMALL_BYTES;
}

/*
 * Call these around each change of the current array, of the array that is evacuated
 * to it, and of their seed. In between, programs discard what they have read from
 * the view.
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
