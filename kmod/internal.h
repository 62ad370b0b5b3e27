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
#include <linux/numa.h>
#include <linux/rcupdate.h>

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
 * The next large array is asked for when one part in so many of the load is left:
 * late, since its memory is held in vain until then, and for ever if the map
 * stays as it is; early enough for a hundred thousand inserts a second. Writers
 * that are much faster are ahead of the worker at any time.
 */
#define HMAP_SPARE_PART		128

/* Of several stripes, one in so many operations looks at the whole count. */
#define HMAP_COUNT_EVERY	32

/* Blocks of overflow buckets that an array can have. */
#define HMAP_MAX_BLOCKS		(HMAP_OVERFLOW_BLOCKS << HMAP_OVERFLOW_TABLES)

/* Buckets that one critical section of a bounded walk looks at. */
#define HMAP_BATCH		64

/**
 * struct hmap_supply - memory that an operation brings along into the lock
 * @array: an array to grow into, or NULL
 * @block: a block of overflow buckets, or NULL
 * @block_buckets: buckets in @block
 * @table: a table for blocks, or NULL
 * @table_blocks: blocks that @table is for
 * @want: what was missing when the operation gave up its lock
 * @want_B: the B of the array that was missing
 * @want_buckets: the buckets of the block that was missing
 * @want_table: the blocks of the table that was missing; 0 if none was
 * @helped: a unit that is not the operation's own has been evacuated
 * @no_array: why there is no array to be had, a negative errno: go on without
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
	enum {
		WANT_NOTHING,
		WANT_ARRAY,
		WANT_BLOCK,
		WANT_WORKER,	/* to wait until the worker has made an array */
		WANT_RESTART,	/* the key is in another stripe now */
	} want;
	u8 want_B;
	u32 want_buckets;
	u32 want_table;
	int no_array;
	bool helped;
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

/**
 * struct hmap_hashed - a key's hash
 * @hash: the hash
 * @hash0: the seed that it was made with
 */
struct hmap_hashed {
	u64 hash;
	siphash_key_t hash0;
};

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

struct bmap *hmap_overflow_bucket(const struct hmap *h,
				  const struct hmap_array *a, u32 index);

static inline struct bmap *hmap_bucket(const struct hmap *h,
				       const struct hmap_array *a, size_t i)
{
	return a->data + i * h->geo.bucket_size;
}

/* Ask for all of the bucket that @hash is in. A hint: there may be none. */
static inline void hmap_prefetch_bucket(const struct hmap *h,
					const struct hmap_array *a, u64 hash)
{
	const struct bmap *b = hmap_bucket(h, a, hmap_bucket_index(a, hash));

	prefetchw(b);
	bmap_prefetch(&h->geo, b);
}

static inline size_t hmap_nbuckets(const struct hmap_array *a)
{
	return a->last + 1;
}

/* The bucket behind @b in its chain, or NULL. */
static inline struct bmap *hmap_next(const struct hmap *h,
				     const struct hmap_array *a,
				     const struct bmap *b)
{
	/*
	 * Acquire: whoever sees the index sees the block that it is in. Pairs
	 * with the release in hmap_append_bucket().
	 */
	u32 index = bmap_overflow_index(smp_load_acquire(&b->overflow));

	return index ? hmap_overflow_bucket(h, a, index) : NULL;
}

/* Where a key or value is: in its slot, or where its slot points to. */
static inline void *hmap_slot_bytes(void *slot, u32 size)
{
	struct hmap_blob *blob;

	if (!hmap_out_of_line(size))
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

static inline u64 hmap_hash(const struct hmap *h, const void *key,
			    const siphash_key_t *hash0)
{
	return hmap_hash_key(h->params, key, hash0);
}

/* Hash a key that is about to be written, and ask for its bucket. */
static inline void hmap_hash_ahead(struct hmap *h, const void *key,
				   struct hmap_hashed *hashed)
{
	struct hmap_array *a;

	rcu_read_lock();
	a = rcu_dereference(h->buckets);
	/* A mixture of two seeds is found out under the lock. */
	hashed->hash0 = data_race(a->hash0);
	hashed->hash = hmap_hash(h, key, &hashed->hash0);
	hmap_prefetch_bucket(h, a, hashed->hash);
	rcu_read_unlock();
}

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

static inline int hmap_node(const struct hmap_params *params)
{
	return params->flags & HMAP_NUMA_NODE ? params->node : NUMA_NO_NODE;
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
	return bmap_evacuated(bmap_tophashes(hmap_bucket(h, old, i)));
}

/* The chain that the hash is in at present. Under its stripe. */
static inline struct hmap_chain hmap_chain_of(struct hmap *h,
					      struct hmap_array *a, u64 hash)
{
	struct hmap_array *old = hmap_old(a);

	if (old && !hmap_evacuated(h, old, hmap_bucket_index(old, hash)))
		a = old;
	return (struct hmap_chain){
		a, hmap_bucket(h, a, hmap_bucket_index(a, hash))
	};
}

static inline void hmap_unlock(struct hmap *h, const struct hmap_locked *lk)
	__releases(stripe) __releases(RCU)
{
	spin_unlock_bh(&h->stripes[lk->s].lock);
	rcu_read_unlock();
}

static inline u32 hmap_spares(u8 B)
{
	/*
	 * The seed's rule: more than 2^4 buckets get 2^(B-4) spare overflow
	 * buckets. (Go begins at 2^4, and rounds up to an allocator class.)
	 */
	return B > 4 ? 1u << (B - 4) : 0;
}

extern struct workqueue_struct *hmap_wq;

/* array.c */
bool hmap_has_room(const struct hmap *h, size_t size);
struct hmap_array *hmap_array_alloc(struct hmap *h, u8 B, gfp_t gfp);
struct hmap_array *hmap_array_make(struct hmap *h, u8 B, gfp_t gfp);
struct hmap_array *hmap_array_alloc_empty(struct hmap *h, gfp_t gfp);
void hmap_array_free(struct hmap *h, struct hmap_array *a);
void hmap_array_retire(struct hmap *h, struct hmap_array *a);
bool hmap_array_size_ok(const struct hmap *h, u8 B);
bool hmap_array_fits(const struct hmap *h, u8 B);
bool hmap_array_is_small(const struct hmap *h, u8 B);
u32 hmap_page_buckets(u32 bucket_size);
u64 hmap_array_blocks_at(u32 bucket_size, u8 B);
u64 hmap_array_extent(u32 bucket_size, u8 B);
void *hmap_array_page(const struct hmap_array *a, u64 page);
bool hmap_reserve_overflow(struct hmap *h, struct hmap_array *a, u32 n,
			   struct hmap_supply *supply);
void hmap_unreserve_overflow(struct hmap_array *a, u32 n);
struct bmap *hmap_append_bucket(struct hmap *h, struct hmap_array *a,
				struct bmap *last, u32 len);
struct hmap_blob *hmap_blob_alloc(struct hmap *h, u32 size, gfp_t gfp);
void hmap_blob_free(struct hmap *h, struct hmap_blob *blob, u32 size);
void __hmap_blob_retire(struct hmap *h, struct hmap_blob *blob, u32 size);
void hmap_supply_fill(struct hmap *h, struct hmap_supply *supply, gfp_t gfp);
bool hmap_supply_over_limit(const struct hmap *h,
			    const struct hmap_supply *supply);
void __hmap_supply_drop(struct hmap *h, struct hmap_supply *supply);

/* Free a key or value that readers may be copying from, if there is one. */
static inline void hmap_blob_retire(struct hmap *h, struct hmap_blob *blob,
				    u32 size)
{
	if (blob)
		__hmap_blob_retire(h, blob, size);
}

/* Free what an operation did not need after all. */
static inline void hmap_supply_drop(struct hmap *h, struct hmap_supply *supply)
{
	if (supply->array || supply->block || supply->table)
		__hmap_supply_drop(h, supply);
}

/* resize.c */
int hmap_hint_B(const struct hmap *h, unsigned long n, u8 *B);
bool __hmap_resize_work(struct hmap *h, const struct hmap_locked *lk,
			struct hmap_array *old, struct hmap_supply *supply);
int __hmap_resize_for_insert(struct hmap *h, const struct hmap_locked *lk,
			     struct hmap_supply *supply, bool may_wait);
void __hmap_resize_for_delete(struct hmap *h, const struct hmap_array *a);
void hmap_drop_spare(struct hmap *h);
int hmap_wait_worker(struct hmap *h, struct hmap_supply *supply);
void hmap_worker(struct work_struct *work);
int hmap_worker_init(void);
void hmap_worker_exit(void);

/**
 * hmap_resize_work() - what a put or delete contributes to a resize
 * @h: the map
 * @lk: the locked stripe, and the hash that the operation is about
 * @supply: where overflow buckets may come from; NULL if there is no memory
 *
 * Evacuates the unit that the operation is about to use and one more. Without
 * overflow buckets to evacuate to, the old chain goes on to be used.
 *
 * Return: false if the caller should fill @supply and start again.
 */
static inline bool hmap_resize_work(struct hmap *h,
				    const struct hmap_locked *lk,
				    struct hmap_supply *supply)
{
	struct hmap_array *old = hmap_old(lk->a);

	return !old || __hmap_resize_work(h, lk, old, supply);
}

/**
 * hmap_resize_for_insert() - begin a resize if one more element calls for it
 * @h: the map
 * @lk: the locked stripe
 * @supply: where an array may come from
 * @may_wait: whether the caller may wait for the worker
 *
 * A map that cannot grow for lack of memory goes on with longer chains.
 *
 * Return: 0 if there is nothing to do; -EAGAIN if the caller should fill
 * @supply and start again; -ENOMEM if the map cannot do without an array.
 */
static inline int hmap_resize_for_insert(struct hmap *h,
					 const struct hmap_locked *lk,
					 struct hmap_supply *supply,
					 bool may_wait)
{
	const struct hmap_array *a = lk->a;

	/* With several stripes this one's count alone is too small to tell. */
	if (a->data && !a->mask && !hmap_too_many_overflow(a->noverflow, a->B) &&
	    h->stripes[0].count < hmap_capacity(a->B) -
				  hmap_capacity(a->B) / HMAP_SPARE_PART)
		return 0;
	return __hmap_resize_for_insert(h, lk, supply, may_wait);
}

/* After a delete: let the worker shrink the map if it has become too large. */
static inline void hmap_resize_for_delete(struct hmap *h,
					  const struct hmap_locked *lk)
{
	if (h->stripes[lk->s].count % HMAP_COUNT_EVERY == 0)
		__hmap_resize_for_delete(h, lk->a);
}

/* lock.c */
void hmap_lock_hash(struct hmap *h, u64 hash, struct hmap_locked *lk)
	__acquires(RCU) __acquires(stripe);
void hmap_lock_hashed(struct hmap *h, const void *key,
		      struct hmap_hashed *hashed, struct hmap_locked *lk)
	__acquires(RCU) __acquires(stripe);
void hmap_lock_key(struct hmap *h, const void *key, struct hmap_locked *lk)
	__acquires(RCU) __acquires(stripe);
struct hmap_array *hmap_lock_all(struct hmap *h)
	__acquires(RCU) __acquires(all);
void hmap_unlock_all(struct hmap *h)
	__releases(all) __releases(RCU);
long hmap_count(const struct hmap *h);
long hmap_count_exact(struct hmap *h);

/* map.c */
bool hmap_find(const struct hmap *h, const struct hmap_chain *chain,
	       const void *key, u8 top, struct hmap_slot *slot);

/* scan.c */
unsigned int hmap_unit(struct hmap *h, struct hmap_array *a, u64 place,
		       struct hmap_chain chains[2], u64 *last);
u64 hmap_bitrev64(u64 x);
bool hmap_place_in_stripe(u64 place, const struct hmap_locked *lk);

#endif /* _HMAP_INTERNAL_H */
