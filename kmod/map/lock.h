/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stripes, and the counters that they protect.
 */
#ifndef _HMAP_MAP_LOCK_H
#define _HMAP_MAP_LOCK_H

#include <linux/hmap.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>

#include "chain.h"

/**
 * struct hmap_locked - a locked stripe
 * @a: the current array when the stripe was locked. Another array may have been
 *	published since, but the elements of the stripe stay here until they are
 *	evacuated under this lock
 * @s: index of the stripe
 * @hash: the hash that it was locked for
 */
struct hmap_locked {
	struct hmap_array *a;
	u32 s;
	u64 hash;
};

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

static inline void hmap_unlock(struct hmap *h, const struct hmap_locked *lk)
	__releases(stripe) __releases(RCU)
{
	spin_unlock_bh(&h->stripes[lk->s].lock);
	rcu_read_unlock();
}

/*
 * Whether the locked stripe is (still) that of the hash. It may not be after the
 * holder of the lock has raised the mask (hmap_resize_done()).
 */
static inline bool hmap_lock_is_right(const struct hmap_locked *lk)
{
	return (lk->hash & lk->a->mask) == lk->s;
}

/*
 * The number of elements, as far as this stripe knows. Exact if only one stripe is
 * in use. Otherwise each of the other stripes may have counted up to a->count_batch
 * that are not included.
 */
static inline long hmap_count_near(const struct hmap *h,
				   const struct hmap_locked *lk)
{
	return atomic_long_read(&h->count) + h->stripes[lk->s].count;
}

/*
 * The error of hmap_count_near(). Until a stripe has been evacuated it may have
 * counted up to the count_batch of the old array. Signed, as the count is: their
 * difference may be negative.
 */
static inline long hmap_count_error(const struct hmap_array *a)
{
	const struct hmap_array *old;
	long batch = a->count_batch;

	if (!a->mask)
		return 0;
	old = hmap_old(a);
	return a->mask * (old ? max_t(long, batch, old->count_batch) : batch);
}

/* Add a stripe's count to the map's. Under the stripe. */
static inline void hmap_count_push(struct hmap *h, struct hmap_stripe *stripe)
{
	long count = stripe->count;

	WRITE_ONCE(stripe->count, 0);
	/*
	 * Zero the stripe's count first, so that no element is counted twice: pairs
	 * with the acquire in hmap_count().
	 */
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

#endif /* _HMAP_MAP_LOCK_H */
