// SPDX-License-Identifier: GPL-2.0
/*
 * Stripes: the locks of a map.
 *
 * Stripe s is for every bucket whose index is s modulo the number of stripes.
 * Doubling and halving keep the low bits of an index, so that a bucket and
 * those that it is evacuated to are in one stripe. While an array, or the one
 * that it replaces, has fewer buckets than there are stripes, stripe 0 is the
 * only one in use: the mask of the array is 0. hmap_resize_done() raises the
 * mask when that is over, holding stripe 0.
 *
 * See kmod/README.md for the lock order.
 */
#include <linux/export.h>

#include "lock.h"

/*
 * Lock the stripe of @hash. The array and its mask are loaded again under the
 * stripe, since another array may have been published: the stripe is the right one
 * if the mask has not changed. The array loaded before the lock is not used any
 * further.
 */
void hmap_lock_hash(struct hmap *h, u64 hash, struct hmap_locked *lk)
	__acquires(RCU) __acquires(stripe)
{
	u32 mask;

	rcu_read_lock();
	for (;;) {
		/*
		 * Changes that the holder of stripe 0 made before it raised the mask
		 * are visible under the other stripes: pairs with the release in
		 * hmap_resize_done().
		 */
		mask = smp_load_acquire(&rcu_dereference(h->buckets)->mask);
		lk->hash = hash;
		lk->s = hash & mask;
		spin_lock_bh(&h->stripes[lk->s].lock);
		lk->a = rcu_dereference(h->buckets);
		/* Likewise, for an array that has been published since. */
		if (smp_load_acquire(&lk->a->mask) == mask)
			return;
		/* Not covered: two CPUs publish between the loads, coverage runs on one */
		spin_unlock_bh(&h->stripes[lk->s].lock);
	}
}

/*
 * Lock the stripe of @key. The caller has hashed it before, outside of the lock,
 * since it may be long. If the seed has changed since then, hash it again.
 */
void hmap_lock_hashed(struct hmap *h, const void *key,
		      struct hmap_hashed *hashed, struct hmap_locked *lk)
	__acquires(RCU) __acquires(stripe)
{
	for (;;) {
		hmap_lock_hash(h, hashed->hash, lk);
		if (hashed->hash0.key[0] == lk->a->hash0.key[0] &&
		    hashed->hash0.key[1] == lk->a->hash0.key[1])
			return;
		hmap_unlock(h, lk);
		hmap_hash_ahead(h, key, hashed);
	}
}

void hmap_lock_key(struct hmap *h, const void *key, struct hmap_locked *lk)
	__acquires(RCU) __acquires(stripe)
{
	struct hmap_hashed hashed;

	hmap_hash_ahead(h, key, &hashed);
	hmap_lock_hashed(h, key, &hashed, lk);
}

/* Lock the whole map. No array is published meanwhile: that takes a stripe. */
struct hmap_array *hmap_lock_all(struct hmap *h)
	__acquires(RCU) __acquires(all)
{
	u32 s;

	rcu_read_lock();
	spin_lock_bh(&h->all);
	for (s = 0; s < h->params.stripes; s++) {
		spin_lock_nest_lock(&h->stripes[s].lock, &h->all);
		__release(stripe); /* sparse: balance the loop */
	}
	return rcu_dereference(h->buckets);
}

void hmap_unlock_all(struct hmap *h)
	__releases(all) __releases(RCU)
{
	u32 s;

	for (s = h->params.stripes; s--;) {
		__acquire(stripe);
		spin_unlock(&h->stripes[s].lock);
	}
	spin_unlock_bh(&h->all);
	rcu_read_unlock();
}

/* Number of elements; exact if all stripes are locked. */
long hmap_count(const struct hmap *h)
{
	/* The shared count first: pairs with the release in hmap_count_push(). */
	long count = atomic_long_read_acquire(&h->count);
	u32 s;

	for (s = 0; s < h->params.stripes; s++)
		count += READ_ONCE(h->stripes[s].count);
	return count;
}

/* Exact number of elements. Takes all stripes. */
long hmap_count_exact(struct hmap *h)
{
	long count;

	hmap_lock_all(h);
	count = hmap_count(h);
	hmap_unlock_all(h);
	return count;
}

/* Inserts and deletes so far; exact under the same conditions as hmap_count(). */
unsigned long hmap_changes(const struct hmap *h)
{
	unsigned long changes = 0;
	u32 s;

	for (s = 0; s < h->params.stripes; s++)
		changes += READ_ONCE(h->stripes[s].changes);
	return changes;
}

/* Units evacuated so far, likewise. */
long hmap_evacuated_units(const struct hmap *h)
{
	long units = 0;
	u32 s;

	for (s = 0; s < h->params.stripes; s++)
		units += READ_ONCE(h->stripes[s].evacuated);
	return units;
}

/**
 * hmap_len() - number of elements
 * @h: the map
 *
 * Takes no lock: the number may change at any time. While a map of several stripes
 * is being written the result is an estimate.
 *
 * Context: any.
 * Return: the number of elements.
 */
unsigned long hmap_len(const struct hmap *h)
{
	return max(hmap_count(h), 0L);
}
EXPORT_SYMBOL_GPL(hmap_len);
