/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the map share: the array, overflow buckets, resizing.
 *
 * map.c and scan.c use resize.c, which uses array.c, which uses bucket.h.
 */
#ifndef _HMAP_INTERNAL_H
#define _HMAP_INTERNAL_H

#include <linux/hmap.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>

#include "bucket.h"

/* Beyond this B, indices of overflow buckets would no longer fit in a u32. */
#define HMAP_MAX_B		31

/*
 * Go's load factor of 13/2: 6.5 elements for a bucket of 8 slots. Its authors'
 * table of load factors stands at the head of Go's runtime/map.go.
 */
#define LOAD_FACTOR_NUM		13
#define LOAD_FACTOR_DEN		2

/* Buckets that one critical section of a bounded walk looks at. */
#define HMAP_BATCH		64

/*
 * Blocks of overflow buckets beyond the spares double in size, so 16 of them
 * hold 2^16-1 times the first.
 */
#define HMAP_OVERFLOW_BLOCKS	16

/**
 * struct hmap_overflow - the overflow buckets of an array
 * @nr: how many there are: the spares and those in blocks. Under the map's lock
 * @nr_blocks: blocks in use. Under the map's lock
 * @block: blocks of overflow buckets, the first of hmap_first_block() buckets,
 *	each twice the one before. Set under the map's lock before an index into
 *	it is linked, and constant from then on
 */
struct hmap_overflow {
	u32 nr;
	u32 nr_blocks;
	void *block[HMAP_OVERFLOW_BLOCKS];
};

/**
 * struct hmap_extra - the seed's mapextra
 * @overflow: the overflow buckets of this array
 * @oldoverflow: those of the array that this one replaces, while it does.
 *	Under the map's lock
 * @nextOverflow: index of the overflow bucket that is handed out next. Indices
 *	start at 1: 0 is the end of a chain. Under the map's lock
 */
struct hmap_extra {
	struct hmap_overflow overflow;
	struct hmap_overflow *oldoverflow;
	u32 nextOverflow;
};

/**
 * struct hmap_array - an array of buckets and what belongs to it
 * @data: the 2^B buckets with the spare overflow buckets behind them; NULL in
 *	a map that has not been put into. Constant once published
 * @B: log2 of the number of buckets. Constant once published
 * @hash0: seed of the hashes of all elements here. Changes only while the map
 *	is empty, under its lock; a reader who sees a mixture of two misses,
 *	which is true
 * @oldbuckets: the array that this one replaces, while it does. Goes to NULL
 *	once, under the map's lock
 * @nevacuate: buckets of @oldbuckets below this have been evacuated. Under the
 *	map's lock. Keeps its last value, as in Go
 * @noverflow: overflow buckets in use. Under the map's lock
 * @longest_chain: buckets in the longest chain. Under the map's lock
 * @extra: overflow buckets
 * @rcu: for freeing it when no reader can be in it
 */
struct hmap_array {
	void *data;
	u8 B;
	siphash_key_t hash0;
	struct hmap_array *oldbuckets;
	size_t nevacuate;
	u32 noverflow;
	u32 longest_chain;
	struct hmap_extra extra;
	struct rcu_head rcu;
};

/**
 * struct hmap_blob - a key or value that lives out of line
 * @rcu: for freeing it when no reader can be copying from it
 * @bytes: the key or value
 */
struct hmap_blob {
	struct rcu_head rcu;
	u8 bytes[] __aligned(8);
};

/**
 * struct hmap_supply - memory that an operation brings along into the lock
 * @array: an array to grow into, or NULL
 * @block: a block of overflow buckets, or NULL
 * @block_buckets: buckets in @block
 * @want: what was missing when the operation gave up its lock
 * @want_B: the B of the array that was missing
 * @want_buckets: the buckets of the block that was missing
 * @no_array: there is no memory for an array: go on without
 * @no_block: there is no memory for a block: go on without
 *
 * Nothing is allocated under the lock. An operation that finds something
 * missing says so here, returns -EAGAIN to its caller, who unlocks, calls
 * hmap_supply_fill(), locks and starts it again. What is left over is freed by
 * hmap_supply_drop().
 */
struct hmap_supply {
	struct hmap_array *array;
	void *block;
	u32 block_buckets;
	enum { WANT_NOTHING, WANT_ARRAY, WANT_BLOCK } want;
	u8 want_B;
	u32 want_buckets;
	bool no_array;
	bool no_block;
};

static inline struct hmap_array *hmap_array_locked(struct hmap *h)
{
	return rcu_dereference_protected(h->buckets,
					 lockdep_is_held(&h->lock));
}

static inline size_t hmap_nbuckets(const struct hmap_array *a)
{
	return (size_t)1 << a->B;
}

static inline size_t hmap_bucket_index(const struct hmap_array *a, u64 hash)
{
	return hash & (hmap_nbuckets(a) - 1);
}

static inline struct bmap *hmap_bucket(const struct hmap *h,
				       const struct hmap_array *a, size_t i)
{
	return a->data + i * h->geo.bucket_size;
}

static inline bool hmap_over_load(size_t count, u8 B)
{
	return count > BUCKET_CNT &&
	       count > LOAD_FACTOR_NUM * ((1ULL << B) / LOAD_FACTOR_DEN);
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

static inline bool hmap_same_size(const struct hmap_array *a,
				  const struct hmap_array *old)
{
	return a->B == old->B;
}

/* Where a key or value is: in its slot, or where its slot points to. */
static inline void *hmap_slot_bytes(void *slot, u32 size)
{
	struct hmap_blob *blob;

	if (size <= HMAP_MAX_INLINE_SIZE)
		return slot;
	blob = READ_ONCE(*(struct hmap_blob **)slot);
	return blob ? blob->bytes : NULL;
}

static inline void *hmap_key_bytes(const struct hmap *h, struct bmap *b,
				   unsigned int i)
{
	return hmap_slot_bytes(bmap_key(&h->geo, b, i), h->params.key_size);
}

static inline void *hmap_value_bytes(const struct hmap *h, struct bmap *b,
				     unsigned int i)
{
	return hmap_slot_bytes(bmap_value(&h->geo, b, i),
			       h->params.value_size);
}

/* array.c */
struct hmap_array *hmap_array_alloc(struct hmap *h, u8 B, gfp_t gfp);
struct hmap_array *hmap_array_alloc_empty(struct hmap *h, gfp_t gfp);
void hmap_array_free(struct hmap *h, struct hmap_array *a);
void hmap_array_retire(struct hmap *h, struct hmap_array *a);
bool hmap_array_size_ok(const struct hmap *h, u8 B);
struct bmap *hmap_overflow_bucket(const struct hmap *h,
				  const struct hmap_array *a, u32 index);
bool hmap_secure_overflow(struct hmap *h, struct hmap_array *a, u32 n,
			  struct hmap_supply *supply);
struct bmap *hmap_append_bucket(struct hmap *h, struct hmap_array *a,
				struct bmap *last);
struct hmap_blob *hmap_blob_alloc(struct hmap *h, u32 size, gfp_t gfp);
void hmap_blob_free(struct hmap *h, struct hmap_blob *blob, u32 size);
void hmap_blob_retire(struct hmap *h, struct hmap_blob *blob, u32 size);
void hmap_supply_fill(struct hmap *h, struct hmap_supply *supply, gfp_t gfp);
void hmap_supply_drop(struct hmap *h, struct hmap_supply *supply);

/* The bucket behind @b in its chain, or NULL. */
static inline struct bmap *hmap_next(const struct hmap *h,
				     const struct hmap_array *a, struct bmap *b)
{
	/*
	 * Acquire: whoever sees the index sees the block that it is in. Pairs
	 * with the release in hmap_append_bucket().
	 */
	u32 index = smp_load_acquire(&bmap_tail(&h->geo, b)->overflow);

	return index ? hmap_overflow_bucket(h, a, index) : NULL;
}

/* resize.c */
bool hmap_grow_needed(const struct hmap *h, const struct hmap_array *a,
		      u8 *B);
void hmap_grow(struct hmap *h, struct hmap_array *new);
bool hmap_grow_work(struct hmap *h, u64 hash, struct hmap_supply *supply);
bool hmap_evacuated(const struct hmap *h, const struct hmap_array *old,
		    size_t i);
int hmap_hint_B(const struct hmap *h, unsigned long n, u8 *B);

/**
 * struct hmap_chain - a chain of buckets
 * @a: the array that it is in
 * @head: its first bucket; NULL if the array has no buckets yet
 */
struct hmap_chain {
	struct hmap_array *a;
	struct bmap *head;
};

/**
 * struct hmap_slot - a slot in a chain
 * @b: the bucket
 * @i: the index in the bucket
 */
struct hmap_slot {
	struct bmap *b;
	unsigned int i;
};

/* map.c */
struct hmap_chain hmap_chain_locked(struct hmap *h, u64 hash);
bool hmap_find(const struct hmap *h, const struct hmap_chain *chain,
	       const void *key, u8 top, struct hmap_slot *slot);

/* scan.c */
unsigned int hmap_unit_locked(struct hmap *h, u64 place,
			      struct hmap_chain chains[2], u64 *last);

#endif /* _HMAP_INTERNAL_H */
