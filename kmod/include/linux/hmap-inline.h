/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hmap: what lookups are made of; included by <linux/hmap.h>.
 *
 * These functions take the parameters of the map by value. Where they are
 * constants, as in a map that DEFINE_HMAP() declares, the compiler is left with
 * a lookup for keys of just that size: no indirect call, no loop over bytes.
 * kmod/map.c calls them with the parameters of any map.
 */
#ifndef _LINUX_HMAP_INLINE_H
#define _LINUX_HMAP_INLINE_H

#include <linux/atomic.h>
#include <linux/hmap-bucket.h>
#include <linux/llist.h>
#include <linux/prefetch.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

/* Blocks of overflow buckets that need no table. */
#define HMAP_OVERFLOW_BLOCKS	16

/* Tables of further blocks, each for twice as many as the one before. */
#define HMAP_OVERFLOW_TABLES	20

/**
 * struct hmap_overflow - the overflow buckets of an array
 * @block: the first blocks of overflow buckets beyond the spares. Blocks double
 *	in size up to what may be allocated at once. Set under the array's lock
 *	before an index into it is linked, and constant from then on
 * @table: the same for the blocks behind these: table t is for 16 * 2^t blocks
 * @nr: how many buckets there are: the spares and those in blocks. Under the
 *	array's lock
 * @nr_blocks: blocks in use. Under the array's lock
 */
struct hmap_overflow {
	void *block[HMAP_OVERFLOW_BLOCKS];
	void **table[HMAP_OVERFLOW_TABLES];
	u32 nr;
	u32 nr_blocks;
};

/**
 * struct hmap_extra - the seed's mapextra
 * @oldoverflow: those of the array that this one replaces, while it does. Goes
 *	to NULL with oldbuckets
 * @overflow: the overflow buckets of this array
 * @nextOverflow: index of the overflow bucket that is handed out next. Indices
 *	start at 1: 0 is the end of a chain. Under the array's lock
 */
struct hmap_extra {
	struct hmap_overflow *oldoverflow;
	struct hmap_overflow overflow;
	u32 nextOverflow;
};

/**
 * struct hmap_progress - how far a stripe has been evacuated
 * @n: its units below this have been. Under the stripe; read anywhere. Keeps its
 *	last value, as in Go
 * @pad: up to the next cache line
 *
 * As far apart as cache lines are.
 */
struct hmap_progress {
	size_t n;
#ifdef CONFIG_SMP
	u8 pad[SMP_CACHE_BYTES - sizeof(size_t)];
#endif
};

/**
 * struct hmap_array - an array of buckets and what belongs to it
 * @settled: @data if there is any and no array is evacuated to it (any more):
 *	a lookup then needs to look nowhere else. What it saves is the looks
 *	at @data and @oldbuckets
 * @last: index of the last bucket; the bits of a hash that choose one. Constant
 * @hash0: seed of the hashes of all elements here. Changes only while the map
 *	is empty and not being resized, under all stripes in use; a reader that sees
 *	a mixture of two misses, which is true
 * @data: the 2^B buckets with the spare overflow buckets behind them; NULL in
 *	a map that has not been put into. Constant once published
 * @oldbuckets: the array that this one replaces, while it does. Goes to NULL
 *	once, by the task that takes @remaining to 0
 * @B: log2 of the number of buckets. Constant once published
 * @flags: HMAP_FLAG_SAMESIZEGROW while @oldbuckets is as large as this
 * @block_order: log2 of the buckets in the largest blocks. Constant
 * @count_batch: what a stripe counts by itself before it adds to hmap.count. Constant
 * @mask: which bits of a hash choose the stripe. Goes from 0 to its last value once,
 *	under stripe 0 (hmap_resize_done()), or is constant
 * @bucket_size: bytes of a bucket. Constant
 * @extra: overflow buckets
 * @lock: leaf: overflow buckets
 * @noverflow: overflow buckets in use. Under @lock; read anywhere
 * @reserved: overflow buckets that have been promised. Under @lock
 * @longest_chain: buckets in the longest chain there has been. Under @lock; read
 *	anywhere
 * @bytes: memory that it takes. Under @lock once published
 * @remaining: stripes that have not been evacuated
 * @memory: what @bytes are a part of
 * @view: what it is shown by, or NULL. Constant
 * @slot: where it is shown; 0 if it has no buckets. Constant once published
 * @release: for freeing it when no reader can be in it
 * @nevacuate: for each stripe that can be in use
 *
 * The first cache line is what every operation reads. What an overflow bucket's
 * append writes, from @nr to @bytes, is apart from it and from the blocks, which
 * every walk beyond a first bucket reads.
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
	struct rcu_work release;
	struct hmap_progress nevacuate[];
};

/**
 * struct hmap_blob - a key or value that lives out of line
 * @hash: of a key that is in the map. A reader may see something else in its
 *	place when it is not any more, which the version of the chain tells
 * @node: in the list of those that wait for a grace period
 * @size: bytes, of one that waits
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

/* The array that is evacuated to @a, or NULL when that is over. */
static inline struct hmap_array *hmap_old(const struct hmap_array *a)
{
	/*
	 * Pairs with the release in hmap_resize_done(), since NULL carries no
	 * dependency.
	 */
	return smp_load_acquire(&a->oldbuckets);
}

/*
 * The seed. A reader may get a mixture of two, if the map is empty: it misses,
 * which is true. Read once, so that it hashes with what it believes to have.
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
	geo.values = sizeof(struct bmap) + HMAP_BUCKET_CNT * geo.key_slot;
	geo.bucket_size = geo.values + HMAP_BUCKET_CNT * geo.value_slot;
	return geo;
}

u64 hmap_hash_bytes(const void *key, u32 key_size, const siphash_key_t *hash0);

/*
 * The 128-bit product, its halves folded together: every bit of both factors
 * reaches every bit of the result. A hash made of this is in the manner of
 * wyhash (Wang Yi, 2019): it withstands accidents, not attackers.
 */
static __always_inline u64 hmap_mulfold(u64 a, u64 b)
{
	/* UML on x86-64 does not say that it has them. */
#if defined(CONFIG_ARCH_SUPPORTS_INT128) || defined(CONFIG_X86_64)
	__uint128_t product = (__uint128_t)a * b;

	return (u64)product ^ (u64)(product >> 64);
#else
	u64 ll = (u64)(u32)a * (u32)b, hl = (a >> 32) * (u32)b;
	u64 lh = (u32)a * (b >> 32), hh = (a >> 32) * (b >> 32);
	u64 mid = (ll >> 32) + (u32)hl + (u32)lh;

	return (mid << 32 | (u32)ll) ^
	       (hh + (hl >> 32) + (lh >> 32) + (mid >> 32));
#endif
}

/* Keys need not be aligned. */
static __always_inline u64 hmap_load64(const void *p)
{
	u64 word;

	bmap_memcpy(&word, p, sizeof(word));
	return word;
}

static __always_inline u32 hmap_load32(const void *p)
{
	u32 word;

	bmap_memcpy(&word, p, sizeof(word));
	return word;
}

/* One word of a key. */
static __always_inline u64 hmap_hash_mix(u64 hash, u64 word,
					 const siphash_key_t *hash0)
{
	return hmap_mulfold(hash ^ word, hash0->key[1]);
}

/*
 * After the last word. One multiplication alone does not mix evenly: the lowest
 * bit that a change reaches always flips. The factor is 2^64 divided by the
 * golden ratio.
 */
static __always_inline u64 hmap_hash_finish(u64 hash, const siphash_key_t *hash0)
{
	return hmap_mulfold(hash ^ hash0->key[0], 0x9e3779b97f4a7c15ULL);
}

static __always_inline u64 hmap_hash_word(u64 word, const siphash_key_t *hash0)
{
	return hmap_hash_finish(hmap_hash_mix(hash0->key[0], word, hash0),
				hash0);
}

static __always_inline u64 hmap_hash_key(const struct hmap_params params,
					 const void *key,
					 const siphash_key_t *hash0)
{
	if (params.hashfn)
		return params.hashfn(key, params.key_size, hash0);
	if (params.key_size == sizeof(u64))
		return hmap_hash_word(hmap_load64(key), hash0);
	if (params.key_size == sizeof(u32))
		return hmap_hash_word(hmap_load32(key), hash0);
	return hmap_hash_bytes(key, params.key_size, hash0);
}

static __always_inline bool hmap_bytes_equal(const struct hmap_params params,
					     const void *a, const void *b)
{
	if (params.equalfn)
		return params.equalfn(a, b, params.key_size);
	if (params.key_size == sizeof(u64))
		return hmap_load64(a) == hmap_load64(b);
	if (params.key_size == sizeof(u32))
		return hmap_load32(a) == hmap_load32(b);
	return !__builtin_memcmp(a, b, params.key_size);
}

static __always_inline bool hmap_keys_equal(const struct hmap_params params,
					    const void *a, const void *b)
{
	/* A key that is being overwritten is found out by its version. */
	return data_race(hmap_bytes_equal(params, a, b));
}

/*
 * The buckets of @a, if no key can be elsewhere; else NULL. That they hold all
 * that was evacuated to them is seen through the address (hmap_resize_done()).
 */
static __always_inline void *hmap_settled(const struct hmap_array *a)
{
	return READ_ONCE(a->settled);
}

/* The first bucket of the chain of @hash in @a. */
static __always_inline struct bmap *
hmap_first_bucket(const struct hmap_geometry *geo, const struct hmap_array *a,
		  void *settled, u64 hash)
{
	return settled + hmap_bucket_index(a, hash) * geo->bucket_size;
}

struct hmap_array *hmap_array_in_resize(struct hmap_array *a, u64 hash);
int hmap_get_in_chain(struct hmap *h, struct hmap_array *a,
		      const struct bmap *head, u32 version, const void *key,
		      u64 hash, void *value);
int hmap_get_slow(struct hmap *h, const void *key, void *value);

/* Whether a lookup has to follow pointers to what is out of line. */
static __always_inline bool hmap_get_follows(const struct hmap_params params,
					     const void *value)
{
	return hmap_out_of_line(params.key_size) ||
	       (value && hmap_out_of_line(params.value_size));
}

/*
 * Look into the first bucket of a chain, which nearly always tells. -EAGAIN if it
 * does not: the bucket has been evacuated or is being written. Not for what is out
 * of line.
 */
static __always_inline int
hmap_get_first(struct hmap *h, const struct hmap_params params,
	       struct hmap_array *a, const struct bmap *b, const void *key,
	       u64 hash, void *value)
{
	const struct hmap_geometry geo = hmap_geometry_of(params);
	u32 version = bmap_read_begin(b);
	u64 tophashes = bmap_tophashes(b);
	u8 top = bmap_tophash_of(hash);
	unsigned int i;
	int err;

	bmap_for_each_slot(i, bmap_match(tophashes, top)) {
		if (hmap_keys_equal(params, bmap_key(&geo, b, i), key)) {
			if (value)
				bmap_copy(value, bmap_value(&geo, b, i),
					  params.value_size);
			err = 0;
			goto check;
		}
	}
	if (bmap_evacuated(tophashes))
		return -EAGAIN;
	/* No look at HMAP_EMPTY_REST: the processor could not foresee it. */
	if (bmap_filter_test(b, top))
		return hmap_get_in_chain(h, a, b, version, key, hash, value);
	err = -ENOENT;
check:
	return bmap_read_retry(b, version) ? -EAGAIN : err;
}

/**
 * hmap_get_inline() - hmap_get() for a map whose parameters are constants
 * @h: the map
 * @key: the key
 * @value: where its value is copied to; NULL to ask only whether the key is
 *	there. Undefined if the key is not there
 * @params: of the map; they must be those that it was made with
 *
 * Context: process or softirq, as hmap_get().
 * Return: 0, or -ENOENT if the key is not in the map.
 */
static __always_inline int
hmap_get_inline(struct hmap *h, const void *key, void *value,
		const struct hmap_params params)
{
	const struct hmap_geometry geo = hmap_geometry_of(params);
	const struct bmap *b;
	struct hmap_array *a;
	siphash_key_t hash0;
	int err = -EAGAIN;
	void *settled;
	u64 hash;

	if (hmap_get_follows(params, value))
		return hmap_get_slow(h, key, value);
	rcu_read_lock();
	a = rcu_dereference(h->buckets);
	settled = hmap_settled(a);
	hash0 = hmap_seed(a);
	hash = hmap_hash_key(params, key, &hash0);
	if (unlikely(!settled)) {
		a = hmap_array_in_resize(a, hash);
		settled = a->data;
	}
	if (likely(settled)) {
		b = hmap_first_bucket(&geo, a, settled, hash);
		bmap_prefetch(&geo, b);
		err = hmap_get_first(h, params, a, b, key, hash, value);
	}
	rcu_read_unlock();
	return likely(err != -EAGAIN) ? err : hmap_get_slow(h, key, value);
}

/* Lookups that are under way together in a batch. */
#define HMAP_BATCH_KEYS	16

/*
 * Up to HMAP_BATCH_KEYS lookups: all buckets are asked for before the first is
 * looked into, so that their cache misses overlap. Returns the bits of the keys
 * that were found.
 */
static __always_inline unsigned long
hmap_get_some(struct hmap *h, const void *keys, unsigned int n, void *values,
	      const struct hmap_params params)
{
	const struct hmap_geometry geo = hmap_geometry_of(params);
	const void *key = keys;
	void *value = values;
	const struct bmap *b;
	struct hmap_array *a;
	unsigned long found = 0;
	u64 hash[HMAP_BATCH_KEYS];
	siphash_key_t hash0;
	unsigned int i;
	void *settled;
	int err;

	rcu_read_lock();
	a = rcu_dereference(h->buckets);
	settled = hmap_get_follows(params, values) ? NULL : hmap_settled(a);
	hash0 = hmap_seed(a);
	for (i = 0; settled && i < n; i++, key += params.key_size) {
		hash[i] = hmap_hash_key(params, key, &hash0);
		b = hmap_first_bucket(&geo, a, settled, hash[i]);
		prefetch(b);
		bmap_prefetch(&geo, b);
	}
	for (i = 0, key = keys; i < n; i++, key += params.key_size) {
		err = -EAGAIN;
		if (likely(settled)) {
			b = hmap_first_bucket(&geo, a, settled, hash[i]);
			err = hmap_get_first(h, params, a, b, key, hash[i],
					     value);
		}
		if (unlikely(err == -EAGAIN))
			err = hmap_get_slow(h, key, value);
		if (!err)
			found |= BIT(i);
		if (value)
			value += params.value_size;
	}
	rcu_read_unlock();
	return found;
}

/**
 * hmap_get_batch_inline() - hmap_get_batch() with constant parameters
 * @h: the map
 * @keys: keys, one after the other
 * @n: how many
 * @values: where their values are copied to; NULL if they are not wanted
 * @found: out: a bitmap of @n bits: the keys that are in the map
 * @params: of the map; they must be those that it was made with
 *
 * Context: process or softirq.
 * Return: the number of keys that are in the map.
 */
static __always_inline unsigned int
hmap_get_batch_inline(struct hmap *h, const void *keys, unsigned int n,
		      void *values, unsigned long *found,
		      const struct hmap_params params)
{
	const size_t key_size = params.key_size;
	const size_t value_size = params.value_size;
	unsigned int i, some, total = 0;
	unsigned long bits;

	for (i = 0; i < n; i += some) {
		some = min_t(unsigned int, n - i, HMAP_BATCH_KEYS);
		bits = hmap_get_some(h, keys + i * key_size, some,
				     values ? values + i * value_size : NULL,
				     params);
		total += hweight_long(bits);
		if (i % BITS_PER_LONG)
			found[i / BITS_PER_LONG] |= bits << i % BITS_PER_LONG;
		else
			found[i / BITS_PER_LONG] = bits;
	}
	return total;
}

#endif /* _LINUX_HMAP_INLINE_H */
