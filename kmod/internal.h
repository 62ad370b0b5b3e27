/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the map share: the array, overflow buckets, resizing.
 *
 * map.c and scan.c use lock.c and resize.c, which uses array.c. What lookups
 * need is in <linux/hmap-inline.h>, buckets are in <linux/hmap-bucket.h>.
 */
#ifndef _HMAP_INTERNAL_H
#define _HMAP_INTERNAL_H

#include <linux/hmap.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>

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
 * Nothing is allocated under a lock. An operation that finds something missing
 * says so here, returns -EAGAIN to its caller, who unlocks, calls
 * hmap_supply_fill(), locks and starts it again. What is left over is freed by
 * hmap_supply_drop().
 */
struct hmap_supply {
	struct hmap_array *array;
	void *block;
	u32 block_buckets;
	enum {
		WANT_NOTHING,
		WANT_ARRAY,
		WANT_BLOCK,
		WANT_WORKER,	/* to wait until the worker has made an array */
		WANT_RESTART,	/* the key is in another stripe now */
	} want;
	u8 want_B;
	u32 want_buckets;
	bool no_array;
	bool no_block;
};

/**
 * struct hmap_locked - a stripe that is locked
 * @a: the array that the map was in when it was locked. Another may have been
 *	published since; the buckets of the stripe are here nevertheless, until
 *	they are evacuated under this lock
 * @s: index of the stripe
 * @hash: the hash that it was locked for
 */
struct hmap_locked {
	struct hmap_array *a;
	u32 s;
	u64 hash;
};

static inline struct bmap *hmap_bucket(const struct hmap *h,
				       const struct hmap_array *a, size_t i)
{
	return a->data + i * h->geo.bucket_size;
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

static inline u64 hmap_hash(const struct hmap *h, const void *key,
			    const siphash_key_t *hash0)
{
	return hmap_hash_key(h->params, key, hash0);
}

static inline bool hmap_over_load(size_t count, u8 B)
{
	return count > HMAP_BUCKET_CNT &&
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

/* The unit of evacuation is a bucket of the smaller array. */
static inline struct hmap_array *hmap_smaller(struct hmap_array *a,
					      struct hmap_array *old)
{
	return old && old->B < a->B ? old : a;
}

/* array.c */
struct hmap_array *hmap_array_alloc(struct hmap *h, u8 B, gfp_t gfp);
struct hmap_array *hmap_array_alloc_empty(struct hmap *h, gfp_t gfp);
void hmap_array_free(struct hmap *h, struct hmap_array *a);
void hmap_array_retire(struct hmap *h, struct hmap_array *a);
bool hmap_array_size_ok(const struct hmap *h, u8 B);
bool hmap_array_is_small(const struct hmap *h, u8 B);
bool hmap_reserve_overflow(struct hmap *h, struct hmap_array *a, u32 n,
			   struct hmap_supply *supply);
void hmap_unreserve_overflow(struct hmap_array *a, u32 n);
struct bmap *hmap_append_bucket(struct hmap *h, struct hmap_array *a,
				struct bmap *last, u32 len);
struct hmap_blob *hmap_blob_alloc(struct hmap *h, u32 size, gfp_t gfp);
void hmap_blob_free(struct hmap *h, struct hmap_blob *blob, u32 size);
void hmap_blob_retire(struct hmap *h, struct hmap_blob *blob, u32 size);
void hmap_supply_fill(struct hmap *h, struct hmap_supply *supply, gfp_t gfp);
void hmap_supply_drop(struct hmap *h, struct hmap_supply *supply);

/* resize.c */
int hmap_hint_B(const struct hmap *h, unsigned long n, u8 *B);
bool hmap_evacuated(const struct hmap *h, const struct hmap_array *old,
		    size_t i);
bool hmap_resize_work(struct hmap *h, const struct hmap_locked *lk,
		      struct hmap_supply *supply);
int hmap_resize_for_insert(struct hmap *h, const struct hmap_locked *lk,
			   struct hmap_supply *supply, bool may_wait);
void hmap_resize_for_delete(struct hmap *h, const struct hmap_locked *lk);
int hmap_wait_worker(struct hmap *h, struct hmap_supply *supply);
void hmap_worker(struct work_struct *work);
int hmap_worker_init(void);
void hmap_worker_exit(void);

/* lock.c */
void hmap_lock_hash(struct hmap *h, u64 hash, struct hmap_locked *lk)
	__acquires(RCU) __acquires(stripe);
void hmap_lock_key(struct hmap *h, const void *key, struct hmap_locked *lk)
	__acquires(RCU) __acquires(stripe);
void hmap_unlock(struct hmap *h, const struct hmap_locked *lk)
	__releases(stripe) __releases(RCU);
struct hmap_array *hmap_lock_all(struct hmap *h)
	__acquires(RCU) __acquires(all);
void hmap_unlock_all(struct hmap *h)
	__releases(all) __releases(RCU);
long hmap_count(const struct hmap *h);
long hmap_count_exact(struct hmap *h);

/* map.c */
struct hmap_chain hmap_chain_of(struct hmap *h, struct hmap_array *a,
				u64 hash);
bool hmap_find(const struct hmap *h, const struct hmap_chain *chain,
	       const void *key, u8 top, struct hmap_slot *slot);

/* scan.c */
unsigned int hmap_unit(struct hmap *h, struct hmap_array *a, u64 place,
		       struct hmap_chain chains[2], u64 *last);
u64 hmap_bitrev64(u64 x);
bool hmap_place_in_stripe(u64 place, const struct hmap_locked *lk);

#endif /* _HMAP_INTERNAL_H */
