/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hmap: arrays of buckets, as far as lookups need them; included by <linux/hmap.h>.
 * Everything here is private.
 */
#ifndef _LINUX_HMAP_ARRAY_H
#define _LINUX_HMAP_ARRAY_H

#include <linux/atomic.h>
#include <linux/hmap-bucket.h>
#include <linux/llist.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

/* Blocks of overflow buckets whose addresses are not in a table. */
#define HMAP_OVERFLOW_BLOCKS	16

/* Tables of further blocks, each twice as long as the one before. */
#define HMAP_OVERFLOW_TABLES	20

/**
 * struct hmap_overflow - the overflow buckets of an array
 * @block: the first blocks of overflow buckets beyond the spares. Blocks double in
 *	size up to the largest block. Set under the array's lock before an index into
 *	the block is linked, and constant from then on
 * @table: the same for the blocks behind these: table t is for 16 * 2^t blocks
 * @nr: number of overflow buckets: the spares and those in blocks. Under the array's
 *	lock
 * @nr_blocks: blocks in use. Under the array's lock
 */
struct hmap_overflow {
	void *block[HMAP_OVERFLOW_BLOCKS];
	void **table[HMAP_OVERFLOW_TABLES];
	u32 nr;
	u32 nr_blocks;
};

/**
 * struct hmap_extra - Go's mapextra
 * @oldoverflow: overflow buckets of @oldbuckets of the array. Set to NULL with it
 * @overflow: overflow buckets of this array
 * @next_overflow: index of the overflow bucket that is handed out next. Indices
 *	start at 1: 0 is the end of a chain. Under the array's lock
 */
struct hmap_extra {
	struct hmap_overflow *oldoverflow;
	struct hmap_overflow overflow;
	u32 next_overflow;
};

/**
 * struct hmap_progress - how far a stripe has been evacuated
 * @n: the stripe's units below this have been evacuated. Written under the stripe,
 *	read anywhere. Keeps its last value after the resize, as in Go
 * @pad: up to the next cache line
 *
 * Each has the size of a cache line.
 */
struct hmap_progress {
	size_t n;
#ifdef CONFIG_SMP
	u8 pad[SMP_CACHE_BYTES - sizeof(size_t)];
#endif
};

/**
 * struct hmap_array - an array of buckets and what belongs to it
 * @settled: @data if it is not NULL and @oldbuckets is NULL; otherwise NULL. A
 *	lookup that finds it set needs to read neither @data nor @oldbuckets
 * @last: index of the last bucket; the bits of a hash that select a bucket. Constant
 * @hash0: seed of the hashes of all elements here. Changes only while the map is
 *	empty and not being resized, under all stripes in use. A reader that sees a
 *	mixture of two seeds misses, which is correct: the map is empty
 * @data: the 2^B buckets with the spare overflow buckets behind them; NULL in a map
 *	before its first put. Constant once published
 * @oldbuckets: the array that is being evacuated to this one, or NULL. Set to NULL
 *	once, by the task that takes @remaining to 0. Not __rcu: storing NULL needs a
 *	release here, which rcu_assign_pointer(NULL) is not
 * @B: log2 of the number of buckets. Constant once published
 * @flags: HMAP_FLAG_SAMESIZEGROW while @oldbuckets is as large as this
 * @block_order: log2 of the buckets in the largest blocks. Constant
 * @count_batch: how far a stripe counts by itself before it adds to hmap.count.
 *	Constant
 * @mask: the bits of a hash that select the stripe. Constant, or raised once from 0
 *	to its final value, under stripe 0 (hmap_resize_done())
 * @bucket_size: bytes of a bucket. Constant
 * @extra: overflow buckets
 * @lock: protects the overflow buckets; a leaf
 * @noverflow: overflow buckets in use. Written under @lock, read anywhere
 * @reserved: overflow buckets that are reserved but not in use yet. Under @lock
 * @longest_chain: buckets in the longest chain there has been. Written under @lock,
 *	read anywhere
 * @bytes: memory of the array. Under @lock once published
 * @remaining: stripes that have not been evacuated completely
 * @memory: what @bytes count towards
 * @view: the view that shows it, or NULL. Constant
 * @slot: its slot in the view; 0 if it has no buckets. Constant once published
 * @release: frees it when no reader can be in it
 * @retired: instead of @release, which has done its part: in the list of its view
 * @nevacuate: progress of each stripe that can be in use
 *
 * The first cache line has the fields that every operation reads. Appending an
 * overflow bucket writes fields from @nr of @extra to @bytes: these are in other
 * cache lines than the first fields and than the blocks, which every walk beyond a
 * first bucket reads.
 */
struct hmap_array {
	void *settled;
	size_t last;
	siphash_key_t hash0;
	void *data;
	struct hmap_array *oldbuckets;
	u8 B;
	u8 flags;
	u8 block_order;
	u8 count_batch;
	u32 mask;
	u32 bucket_size;
	struct hmap_extra extra;
	spinlock_t lock; /* overflow buckets */
	u32 noverflow;
	u32 reserved;
	u32 longest_chain;
	size_t bytes;
	atomic_t remaining;
	struct hmap_memory *memory;
	struct hmap_view *view;
	u32 slot;
	union {
		struct rcu_work release;
		struct llist_node retired;
	};
	struct hmap_progress nevacuate[];
};

/**
 * struct hmap_blob - a key or value out of line
 * @hash: hash of a key that is in the map. When the key has been deleted a reader
 *	may see @node and @size instead; the version of the chain has then changed
 * @node: in the list of blobs that wait for a grace period
 * @size: bytes of a blob that waits
 * @bytes: the key or value
 */
struct hmap_blob {
	union {
		u64 hash;
		struct {
			struct llist_node node;
			u32 size;
		};
	};
	u8 bytes[] __aligned(8);
};

/* The array that is being evacuated to @a, or NULL. */
static inline struct hmap_array *hmap_old(const struct hmap_array *a)
{
	/*
	 * Pairs with the release in hmap_resize_done(). An acquire is needed because
	 * NULL carries no address dependency.
	 */
	return smp_load_acquire(&a->oldbuckets);
}

/*
 * The seed. If the map is empty a reader may get a mixture of two seeds: it then
 * misses, which is correct. READ_ONCE(): the caller must hash with the same seed
 * that it keeps.
 */
static __always_inline siphash_key_t hmap_seed(const struct hmap_array *a)
{
	return (siphash_key_t){
		{ READ_ONCE(a->hash0.key[0]), READ_ONCE(a->hash0.key[1]) }
	};
}

static inline size_t hmap_bucket_index(const struct hmap_array *a, u64 hash)
{
	return hash & a->last;
}

static __always_inline bool hmap_out_of_line(u32 size)
{
	return size > HMAP_MAX_INLINE_SIZE;
}

static __always_inline u32 hmap_slot_size(u32 size)
{
	return hmap_out_of_line(size) ? sizeof(struct hmap_blob *) : size;
}

static __always_inline struct hmap_geometry
hmap_geometry_of(const struct hmap_params params)
{
	struct hmap_geometry geo;

	geo.key_slot = hmap_slot_size(params.key_size);
	geo.value_slot = hmap_slot_size(params.value_size);
	geo.values = sizeof(struct hmap_bucket) + HMAP_BUCKET_CNT * geo.key_slot;
	geo.bucket_size = geo.values + HMAP_BUCKET_CNT * geo.value_slot;
	return geo;
}

/*
 * The buckets of @a if no key can be in another array; otherwise NULL. The address
 * dependency orders the read of a bucket after the evacuation: pairs with the
 * release in hmap_resize_done().
 */
static __always_inline void *hmap_settled(const struct hmap_array *a)
{
	return READ_ONCE(a->settled);
}

/* The first bucket of the chain of @hash in @a. */
static __always_inline struct hmap_bucket *
hmap_first_bucket(const struct hmap_geometry *geo, const struct hmap_array *a,
		  void *settled, u64 hash)
{
	return settled + hmap_bucket_index(a, hash) * geo->bucket_size;
}

#endif /* _LINUX_HMAP_ARRAY_H */
