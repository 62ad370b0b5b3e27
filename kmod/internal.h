/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the files of the map: arrays, overflow buckets, resizing.
 *
 * map.c and scan.c use lock.c and resize.c, which uses evacuate.c, which uses
 * array.c, which uses memory.c. The parts of a lookup are in
 * <linux/hmap-inline.h>, buckets are in <linux/hmap-bucket.h>.
 *
 * See kmod/README.md for the terms, the lock order and all pairs of barriers.
 */
#ifndef _HMAP_INTERNAL_H
#define _HMAP_INTERNAL_H

#include <linux/hmap.h>
#include <linux/lockdep.h>
#include <linux/numa.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

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

/* Up to so many doublings in one resize: a unit goes to 2^3 buckets at the most. */
#define HMAP_MAX_DOUBLINGS	3

/*
 * A put that meets a limit waits so often for a resize to give room: for the end of the
 * one under way, for the next, which may already have an array, and for its end.
 */
#define HMAP_ROOM_TRIES		3

/* The most chains that the elements of a unit go to. */
#define HMAP_UNIT_CHAINS	8	/* 2^HMAP_MAX_DOUBLINGS */

/*
 * Arrays up to this size are made by the put that needs them, and blocks of overflow
 * buckets are no larger. What is larger comes from the worker, whatever the size of
 * a page.
 */
#define HMAP_SMALL_BYTES	SZ_32K

/*
 * A put that is ahead of the worker makes larger ones, without sleeping: up to
 * HMAP_AHEAD_BYTES beyond 5/4 of the capacity, which takes some 0.1 ms, and up to
 * HMAP_FAR_AHEAD_BYTES, all that the page allocator gives in a row, beyond twice
 * the capacity, some 0.5 ms.
 */
#define HMAP_AHEAD_BYTES	SZ_1M
#define HMAP_FAR_AHEAD_BYTES	SZ_4M

/*
 * The worker takes its part in the evacuation of a larger array from the beginning, and
 * a put or delete evacuates a unit only where the worker is behind: where the stripe has
 * seen HMAP_PACE of them for each unit that has been evacuated, or where fewer inserts
 * for each unit that is left would make the next growth due. So the evacuation is over
 * before that, without the worker, too, if the array has been published in time: with
 * room for an insert for each unit.
 */
#define HMAP_SHARED_BYTES	SZ_1M
#define HMAP_PACE		4

/*
 * After so long the worker pauses, for up to twice as long, if others want its CPU: a
 * writer there does not wait for it longer, whatever the scheduler's slices are. It does
 * not pause while the next growth or an explicit request waits for it.
 */
#define HMAP_PAUSE_US		500

/*
 * What several stripes count by themselves before they add it to the map's count: up
 * to this, and together no more than an eighth of the capacity.
 */
#define HMAP_COUNT_BATCH	32

/* Blocks of overflow buckets that an array can have. */
#define HMAP_MAX_BLOCKS		(HMAP_OVERFLOW_BLOCKS << HMAP_OVERFLOW_TABLES)

/*
 * The bound of every critical section that is about more than one element: so many
 * units, and elements of so many bytes, are looked at or moved. An element counts
 * for HMAP_HOLD_MIN at least, so that there are no more than 512. The unit with
 * which the bound is reached is finished: HMAP_MAX_CHAIN bounds what that is.
 */
#define HMAP_HOLD_UNITS		64
#define HMAP_HOLD_BYTES		SZ_64K
#define HMAP_HOLD_MIN		128

/*
 * Buckets of a chain. With honest keys the longest has four or five, and in a burst
 * that the worker cannot follow a few dozen. Long elements have as many as take
 * HMAP_HOLD_BYTES, but never fewer than HMAP_MIN_MAX_CHAIN: of the longest keys, compared
 * to their end or hashed once, some 70 us.
 */
#define HMAP_MAX_CHAIN		64
#define HMAP_MIN_MAX_CHAIN	8

/**
 * struct hmap_memory - what a map holds
 * @bytes: all of it, what waits for a grace period included
 * @waiting: bytes that wait for one
 * @pools: limits shared with other maps, or NULL. Constant
 * @ref: the map's, one for each array that waits, and one for @batch
 * @retired: keys and values that have been taken out of the map
 * @batch: those that wait for a grace period (@work)
 * @busy: @work has been queued
 * @work: frees @batch
 *
 * Outlives the map until all that it held is free.
 */
struct hmap_memory {
	atomic_long_t bytes;
	atomic_long_t waiting;
	struct hmap_pool *pools[HMAP_POOLS];
	refcount_t ref;
	struct llist_head retired;
	struct llist_node *batch;
	atomic_t busy;
	struct rcu_work work;
};

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

/* The mask with which all stripes are in use, if there are buckets for all. */
static inline u32 hmap_full_mask(const struct hmap *h, const struct hmap_array *a)
{
	return hmap_nbuckets(a) < h->params.stripes ? 0 : h->params.stripes - 1;
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

/* The hash of the element in a slot. That of a long key is kept with it. */
static inline u64 hmap_slot_hash(const struct hmap *h, struct bmap *b,
				 unsigned int i, const siphash_key_t *hash0)
{
	void *key = bmap_key(&h->geo, b, i);

	if (hmap_out_of_line(h->params.key_size))
		return (*(struct hmap_blob **)key)->hash;
	return hmap_hash(h, key, hash0);
}

/* Whether a call that takes long is to end early. kthread_stop() is no reason for that. */
static inline bool hmap_interrupted(void)
{
	return current->flags & PF_KTHREAD ? fatal_signal_pending(current) :
					     signal_pending(current);
}

/* What a walk that looks at an element counts for it. */
static inline u32 hmap_slot_cost(const struct hmap *h)
{
	return max_t(u32, h->geo.key_slot + h->geo.value_slot, HMAP_HOLD_MIN);
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

/*
 * Whether the stripe's progress says that the unit of @hash has been evacuated to @a,
 * which saves the look at the old bucket. If not, that may be so nevertheless.
 */
static inline bool hmap_is_past(const struct hmap_array *a,
				const struct hmap_array *old, u64 hash)
{
	size_t unit = hash & min(a->last, old->last);
	/*
	 * If it is raised meanwhile (hmap_resize_done()) everything has been
	 * evacuated, and either answer is right.
	 */
	u32 mask = READ_ONCE(a->mask);

	/* What has been evacuated is seen: pairs with the release in hmap_advance(). */
	return unit >> fls(mask) < smp_load_acquire(&a->nevacuate[unit & mask].n);
}

/* Whether bucket @i of an old array has been evacuated. */
static inline bool hmap_evacuated(const struct hmap *h,
				  const struct hmap_array *old, size_t i)
{
	return bmap_evacuated(bmap_tophashes(hmap_bucket(h, old, i)));
}

/* Hash a key that is about to be written, and ask for its bucket. */
static inline void hmap_hash_ahead(struct hmap *h, const void *key,
				   struct hmap_hashed *hashed)
{
	struct hmap_array *a;

	rcu_read_lock();
	a = rcu_dereference(h->buckets);
	/* A mixture of two seeds is found out under the lock. */
	hashed->hash0 = hmap_seed(a);
	hashed->hash = hmap_hash(h, key, &hashed->hash0);
	if (!hmap_settled(a))
		a = hmap_array_in_resize(a, hashed->hash);
	hmap_prefetch_bucket(h, a, hashed->hash);
	rcu_read_unlock();
}

/* The chain that the hash is in at present. Under its stripe. */
static inline struct hmap_chain hmap_chain_of(struct hmap *h,
					      struct hmap_array *a, u64 hash)
{
	struct hmap_array *old = hmap_old(a);

	if (old && !hmap_is_past(a, old, hash) &&
	    !hmap_evacuated(h, old, hmap_bucket_index(old, hash)))
		a = old;
	return (struct hmap_chain){
		a, hmap_bucket(h, a, hmap_bucket_index(a, hash))
	};
}

/*
 * Whether the stripe that is locked is (still) that of the hash. It is not after
 * the mask has been raised, by the holder of the lock itself.
 */
static inline bool hmap_lock_is_right(const struct hmap_locked *lk)
{
	return (lk->hash & lk->a->mask) == lk->s;
}

/*
 * The number of elements, by what this stripe knows. Exact while there is one
 * stripe in use; of several, each may have a->count_batch that the others do not
 * see.
 */
static inline long hmap_count_near(const struct hmap *h,
				   const struct hmap_locked *lk)
{
	return atomic_long_read(&h->count) + h->stripes[lk->s].count;
}

/*
 * By how much that may be wrong. Until a stripe has been evacuated it may have counted
 * as far as the old array let it.
 */
static inline u32 hmap_count_error(const struct hmap_array *a)
{
	const struct hmap_array *old;
	u32 batch = a->count_batch;

	if (!a->mask)
		return 0;
	old = hmap_old(a);
	return a->mask * (old ? max_t(u32, batch, old->count_batch) : batch);
}

/* Add what a stripe has counted to what all can see. Under the stripe. */
static inline void hmap_count_push(struct hmap *h, struct hmap_stripe *stripe)
{
	long count = stripe->count;

	WRITE_ONCE(stripe->count, 0);
	/* Never counted twice: pairs with the acquire in hmap_count(). */
	atomic_long_add_return_release(count, &h->count);
}

/* Count an insert (1) or delete (-1). */
static inline void hmap_count_change(struct hmap *h, const struct hmap_locked *lk,
				     int change)
{
	struct hmap_stripe *stripe = &h->stripes[lk->s];

	WRITE_ONCE(stripe->changes, stripe->changes + 1);
	WRITE_ONCE(stripe->count, stripe->count + change);
	if (lk->a->mask && abs(stripe->count) >= lk->a->count_batch)
		hmap_count_push(h, stripe);
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
extern struct workqueue_struct *hmap_free_wq;

/* memory.c */
int hmap_queues_init(void);
void hmap_queues_exit(void);
struct hmap_memory *hmap_memory_alloc(const struct hmap_params *params,
				      gfp_t gfp);
void hmap_memory_put(struct hmap_memory *memory);
void hmap_memory_add(struct hmap_memory *memory, long bytes);
bool hmap_may_wait(gfp_t gfp);
void hmap_memory_wait(struct hmap_memory *memory, gfp_t gfp);
void hmap_memory_throttle(struct hmap *h, gfp_t gfp);
bool hmap_has_room(const struct hmap *h, long size);
struct mem_cgroup *hmap_alloc_begin(struct hmap *h, gfp_t *gfp);
void hmap_alloc_end(struct hmap *h, struct mem_cgroup *memcg);
void hmap_note_payer(struct hmap *h);
void hmap_take_payer(struct hmap *h);

/* Either of these. */
#define HMAP_ACCOUNTING	(HMAP_ACCOUNT | HMAP_ACCOUNT_CALLERS)
void *hmap_vmalloc(size_t size, gfp_t gfp, int node);
void *hmap_mem_alloc(struct hmap *h, size_t size, gfp_t gfp, size_t *taken);
void hmap_alloc_failed(struct hmap *h, size_t size);
struct hmap_blob *hmap_blob_alloc(struct hmap *h, u32 size, gfp_t gfp);
void hmap_blob_free(struct hmap *h, struct hmap_blob *blob, u32 size);
void hmap_blob_retire(struct hmap *h, struct hmap_blob *blob, u32 size);

/* array.c */
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
u32 hmap_page_buckets(u32 bucket_size);
u64 hmap_array_blocks_at(u32 bucket_size, u8 B);
u64 hmap_array_extent(u32 bucket_size, u8 B);
void *hmap_array_page(const struct hmap_array *a, u64 page);
bool hmap_reserve_overflow(struct hmap *h, struct hmap_array *a, u32 n,
			   struct hmap_supply *supply);
void hmap_unreserve_overflow(struct hmap_array *a, u32 n);
struct bmap *hmap_append_bucket(struct hmap *h, struct hmap_array *a,
				struct bmap *last, u32 len);
void hmap_supply_fill(struct hmap *h, struct hmap_supply *supply, gfp_t gfp);
bool hmap_supply_over_limit(const struct hmap *h,
			    const struct hmap_supply *supply);
void __hmap_supply_drop(struct hmap *h, struct hmap_supply *supply);

/* Whether there is a limit to the map's memory. */
static inline bool hmap_has_limit(const struct hmap *h)
{
	const struct hmap_params *params = &h->params;

	BUILD_BUG_ON(HMAP_POOLS != 3);
	return params->max_bytes || params->pools[0] || params->pools[1] ||
	       params->pools[2];
}

/*
 * Whether a limit may be in the way only because of memory that is about to become free.
 * Asked before the limit is: if it has become free since, there is room.
 */
static inline bool hmap_room_is_coming(const struct hmap *h)
{
	return hmap_has_limit(h) && atomic_long_read(&h->memory->waiting);
}

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
 * Whether the worker takes its part in the evacuation of an array from the beginning, so
 * that writers help only where it is behind.
 */
static inline bool hmap_evac_is_shared(const struct hmap *h,
				       const struct hmap_array *old)
{
	return hmap_array_data_size(h, old->B) > HMAP_SHARED_BYTES;
}

/* evacuate.c */
size_t hmap_chain_used(const struct hmap *h, const struct hmap_array *a, size_t index);
bool __hmap_resize_work(struct hmap *h, const struct hmap_locked *lk,
			struct hmap_array *old, struct hmap_supply *supply);
int hmap_finish_resize(struct hmap *h, struct hmap_supply *supply, bool polite);

/* resize.c */
int hmap_hint_B(const struct hmap *h, unsigned long n, u8 *B);
int __hmap_resize_for_insert(struct hmap *h, const struct hmap_locked *lk,
			     struct hmap_supply *supply, bool may_wait);
void __hmap_resize_for_delete(struct hmap *h, const struct hmap_locked *lk);
int hmap_resizer_lock(struct hmap *h);
void hmap_resizer_unlock(struct hmap *h, int locked);
int hmap_wait_worker(struct hmap *h, struct hmap_supply *supply);
void hmap_worker(struct work_struct *work);

/**
 * hmap_resize_work() - what a put or delete contributes to a resize
 * @h: the map
 * @lk: the locked stripe, and the hash that the operation is about
 * @supply: where overflow buckets may come from
 *
 * Evacuates two units at the most (hmap_help_is_due() says when one). Without
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

	if (a->data &&
	    !hmap_too_many_overflow(READ_ONCE(a->noverflow), a->B) &&
	    hmap_count_near(h, lk) + hmap_count_error(a) < (long)hmap_capacity(a->B))
		return 0;
	return __hmap_resize_for_insert(h, lk, supply, may_wait);
}

/*
 * After a delete: let the worker shrink the map if it has become too large, and
 * see to a fresh seed if it is empty.
 */
static inline void hmap_resize_for_delete(struct hmap *h,
					  const struct hmap_locked *lk)
{
	const struct hmap_array *a = lk->a;

	if (hmap_count_near(h, lk) - hmap_count_error(a) <=
	    (long)hmap_capacity(a->B) / 8)
		__hmap_resize_for_delete(h, lk);
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
unsigned long hmap_changes(const struct hmap *h);
long hmap_evacuated_units(const struct hmap *h);

/* map.c */
siphash_key_t hmap_new_seed(void);
bool hmap_find(const struct hmap *h, const struct hmap_chain *chain,
	       const void *key, u64 hash, struct hmap_slot *slot);

/* scan.c */
unsigned int hmap_unit(struct hmap *h, struct hmap_array *a, u64 place,
		       struct hmap_chain chains[2], u64 *last);
u64 hmap_bitrev64(u64 x);
bool hmap_place_in_stripe(u64 place, const struct hmap_locked *lk);

#endif /* _HMAP_INTERNAL_H */
