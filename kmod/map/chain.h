/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chain of buckets, and the slots in it.
 */
#ifndef _HMAP_MAP_CHAIN_H
#define _HMAP_MAP_CHAIN_H

#include <linux/hmap.h>
#include <linux/rcupdate.h>

#include "array.h"

/*
 * The most buckets of a chain. With honest keys the longest chain has four or five,
 * and a few dozen in a burst that the worker cannot keep up with. For long elements
 * the limit is the number of buckets that take HMAP_HOLD_BYTES, but at least
 * HMAP_MIN_MAX_CHAIN: to compare the longest keys of such a chain to their end, or
 * to hash them once, takes some 70 us.
 */
#define HMAP_MAX_CHAIN		64
#define HMAP_MIN_MAX_CHAIN	8

/**
 * struct hmap_chain - a chain of buckets
 * @a: the array of the chain
 * @head: its first bucket; NULL if the array has no buckets yet
 */
struct hmap_chain {
	struct hmap_array *a;
	struct hmap_bucket *head;
};

/**
 * struct hmap_slot - a slot in a chain
 * @b: the bucket
 * @i: the index in the bucket
 */
struct hmap_slot {
	struct hmap_bucket *b;
	unsigned int i;
};

/**
 * struct hmap_hashed - a key's hash
 * @hash: the hash
 * @hash0: the seed that it was computed with
 */
struct hmap_hashed {
	u64 hash;
	siphash_key_t hash0;
};

/* Prefetch the whole bucket of @hash. Only a hint: there may be no bucket. */
static inline void hmap_prefetch_bucket(const struct hmap *h,
					const struct hmap_array *a, u64 hash)
{
	const struct hmap_bucket *b = hmap_bucket(h, a, hmap_bucket_index(a, hash));

	prefetchw(b);
	hmap_bucket_prefetch(&h->geo, b);
}

/* The address of a key or value: its slot, or what its slot points to. */
static inline void *hmap_slot_bytes(void *slot, u32 size)
{
	struct hmap_blob *blob;

	if (!hmap_out_of_line(size))
		return slot;
	blob = READ_ONCE(*(struct hmap_blob **)slot);
	return blob ? blob->bytes : NULL;
}

static inline void *hmap_key_bytes(const struct hmap *h, struct hmap_bucket *b,
				   unsigned int i)
{
	return hmap_slot_bytes(hmap_bucket_key(&h->geo, b, i), h->params.key_size);
}

static inline void *hmap_value_bytes(const struct hmap *h, struct hmap_bucket *b,
				     unsigned int i)
{
	return hmap_slot_bytes(hmap_bucket_value(&h->geo, b, i),
			       h->params.value_size);
}

/*
 * A pointer in a slot must be stored as a whole: a reader follows it before it
 * checks whether the version has changed.
 */
static inline void hmap_set_blob(void *slot, struct hmap_blob *blob)
{
	WRITE_ONCE(*(struct hmap_blob **)slot, blob);
}

static inline struct hmap_blob *hmap_get_blob(void *slot)
{
	return *(struct hmap_blob **)slot;
}

static inline u64 hmap_hash(const struct hmap *h, const void *key,
			    const siphash_key_t *hash0)
{
	return hmap_hash_key(h->params, key, hash0);
}

/* The hash of the element in a slot. A key out of line is stored with its hash. */
static inline u64 hmap_slot_hash(const struct hmap *h, struct hmap_bucket *b,
				 unsigned int i, const siphash_key_t *hash0)
{
	void *key = hmap_bucket_key(&h->geo, b, i);

	if (hmap_out_of_line(h->params.key_size))
		return (*(struct hmap_blob **)key)->hash;
	return hmap_hash(h, key, hash0);
}

static inline void hmap_copy_value(struct hmap *h, const struct hmap_slot *slot,
				   void *value)
{
	void *bytes = hmap_value_bytes(h, slot->b, slot->i);

	if (value && bytes)
		hmap_bucket_copy(value, bytes, h->params.value_size);
}

/*
 * Whether the stripe's progress says that the unit of @hash has been evacuated to
 * @a, which saves reading the old bucket. If this is false, the unit may still have
 * been evacuated, out of order.
 */
static inline bool hmap_is_past(const struct hmap_array *a,
				const struct hmap_array *old, u64 hash)
{
	size_t unit = hash & min(a->last, old->last);
	/*
	 * If hmap_resize_done() raises the mask meanwhile, everything has been
	 * evacuated, and either answer is correct.
	 */
	u32 mask = READ_ONCE(a->mask);

	/* Progress before buckets: pairs with the release in hmap_advance(). */
	return unit >> fls(mask) < smp_load_acquire(&a->nevacuate[unit & mask].n);
}

/* The chain that the hash belongs to now. Under its stripe. */
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

/* Hash a key that is about to be written, and prefetch its bucket. */
static inline void hmap_hash_ahead(struct hmap *h, const void *key,
				   struct hmap_hashed *hashed)
{
	struct hmap_array *a;

	rcu_read_lock();
	a = rcu_dereference(h->buckets);
	/* hmap_lock_hashed() detects a mixture of two seeds. */
	hashed->hash0 = hmap_seed(a);
	hashed->hash = hmap_hash(h, key, &hashed->hash0);
	if (!hmap_settled(a))
		a = hmap_array_in_resize(a, hashed->hash);
	hmap_prefetch_bucket(h, a, hashed->hash);
	rcu_read_unlock();
}

/*
 * Whether a slot has the key. A key out of line is compared only if its hash is
 * equal, so that other keys with the same tophash are cheap.
 */
static __always_inline bool hmap_slot_has_key(const struct hmap *h,
					      const struct hmap_slot *slot,
					      const void *key, u64 hash)
{
	const void *k = hmap_bucket_key(&h->geo, slot->b, slot->i);
	struct hmap_blob *blob;

	if (hmap_out_of_line(h->params.key_size)) {
		blob = READ_ONCE(*(struct hmap_blob **)k);
		/* If the key is being retired, the caller finds another version. */
		if (!blob || data_race(blob->hash) != hash)
			return false;
		k = blob->bytes;
	}
	return hmap_keys_equal(h->params, k, key);
}

/* Find a key in the bucket @slot->b. */
static __always_inline bool hmap_find_slot(const struct hmap *h,
					   struct hmap_slot *slot,
					   u64 tophashes, const void *key,
					   u64 hash)
{
	u8 top = hmap_bucket_tophash_of(hash);

	hmap_bucket_for_each_slot(slot->i, hmap_bucket_match(tophashes, top))
		if (hmap_slot_has_key(h, slot, key, hash))
			return true;
	return false;
}

/**
 * hmap_find() - find a key in a chain
 * @h: the map
 * @chain: the chain
 * @key: the key
 * @hash: hash of the key
 * @slot: out: the slot of the key
 *
 * Return: true if the key is in the chain. Without a lock, the result is valid only
 * if hmap_bucket_read_retry() returns false afterwards.
 */
static inline bool hmap_find(const struct hmap *h, const struct hmap_chain *chain,
			     const void *key, u64 hash, struct hmap_slot *slot)
{
	u64 tophashes;

	for (slot->b = chain->head; slot->b;
	     slot->b = hmap_next(h, chain->a, slot->b)) {
		tophashes = hmap_bucket_tophashes(slot->b);
		if (hmap_find_slot(h, slot, tophashes, key, hash))
			return true;
		if (hmap_bucket_has_rest(tophashes) ||
		    !hmap_bucket_filter_test(chain->head, hmap_bucket_tophash_of(hash)))
			break;
	}
	return false;
}

size_t hmap_chain_used(const struct hmap *h, const struct hmap_array *a, size_t index);

#endif /* _HMAP_MAP_CHAIN_H */
