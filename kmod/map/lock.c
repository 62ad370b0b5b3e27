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
 * Lock the stripe of @hash. The array is loaded again under the stripe, since
 * another may have been published, and so is its mask: the stripe is the right one
 * if that is still the same. No array is kept from before the lock, nor after it.
 */
void hmap_lock_hash(struct hmap *h, u64 hash, struct hmap_locked *lk)
	__acquires(RCU) __acquires(stripe)
{
	u32 mask;

	rcu_read_lock();
	for (;;) {
		/*
		 * What the holder of stripe 0 did before is seen under any other:
		 * pairs with the release in hmap_resize_done().
		 */
		mask = smp_load_acquire(&rcu_dereference(h->buckets)->mask);
		lk->hash = hash;
		lk->s = hash & mask;
		spin_lock_bh(&h->stripes[lk->s].lock);
		lk->a = rcu_dereference(h->buckets);
		/* The same, of an array that has been published since. */
		if (smp_load_acquire(&lk->a->mask) == mask)
			return;
		spin_unlock_bh(&h->stripes[lk->s].lock);
	}
}

/*
 * Lock the stripe of @key. It has been hashed before, since it may be long; the
 * seed may have changed since.
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

/* Lock the whole map. Nothing is published meanwhile: that takes a stripe. */
struct hmap_array *hmap_lock_all(struct hmap *h)
	__acquires(RCU) __acquires(all)
{
	u32 s;

	rcu_read_lock();
	spin_lock_bh(&h->all);
	for (s = 0; s < h->params.stripes; s++) {
		spin_lock_nest_lock(&h->stripes[s].lock, &h->all);
		__release(stripe); /* sparse: the loop takes as many as it gives */
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

/* Elements; exact if all stripes are locked, or there is one and it is. */
long hmap_count(const struct hmap *h)
{
	/* First what is shared: pairs with the release in hmap_count_push(). */
	long count = atomic_long_read_acquire(&h->count);
	u32 s;

	for (s = 0; s < h->params.stripes; s++)
		count += READ_ONCE(h->stripes[s].count);
	return count;
}

/* The same at one moment. */
long hmap_count_exact(struct hmap *h)
{
	long count;

	hmap_lock_all(h);
	count = hmap_count(h);
	hmap_unlock_all(h);
	return count;
}

/* Inserts and deletes so far; exact as hmap_count() is. */
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
 * Context: any; takes no lock, so others may change it at any time. While a map
 * of several stripes is written it is an estimate.
 * Return: the number of elements.
 */
unsigned long hmap_len(const struct hmap *h)
{
	return max(hmap_count(h), 0L);
}
EXPORT_SYMBOL_GPL(hmap_len);
