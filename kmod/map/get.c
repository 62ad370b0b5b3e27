// SPDX-License-Identifier: GPL-2.0
/*
 * Lookups. They take no lock: they read the version of the chain before and after, and
 * start again if it has changed (hmap-inline.h).
 */
#include <linux/export.h>

#include "chain.h"
#include "lock.h"

/* A lookup that has met a writer this often takes the lock. */
#define HMAP_READ_TRIES	16

/*
 * Open the chain of @hash in @a for reading. Returns false if it has been evacuated.
 * The acquire of the version comes before the read of the mark: an evacuation in
 * between changes one or the other.
 */
static bool hmap_read_chain(struct hmap *h, struct hmap_array *a, u64 hash,
			    struct hmap_chain *chain, u32 *version)
{
	chain->a = a;
	chain->head = hmap_bucket(h, a, hmap_bucket_index(a, hash));
	hmap_bucket_prefetch(&h->geo, chain->head);
	*version = hmap_bucket_read_begin(chain->head);
	/* Mark before the new chain: pairs with the release in hmap_evac_chain(). */
	return !hmap_bucket_evacuated(smp_load_acquire(&chain->head->tophash[0]));
}

/*
 * A lookup without the lock. Returns -EAGAIN if the chain was written meanwhile, or
 * if the array itself has been replaced.
 */
static int hmap_get_lockless(struct hmap *h, const void *key, void *value)
{
	struct hmap_array *a = rcu_dereference(h->buckets), *old = hmap_old(a);
	struct hmap_chain chain;
	struct hmap_slot slot;
	siphash_key_t hash0;
	u32 version;
	bool found;
	u64 hash;

	if (!a->data)
		return -ENOENT;
	hash0 = hmap_seed(a);
	hash = hmap_hash(h, key, &hash0);
	if (!old || hmap_is_past(a, old, hash) ||
	    !hmap_read_chain(h, old, hash, &chain, &version))
		if (!hmap_read_chain(h, a, hash, &chain, &version))
			return -EAGAIN;
	found = hmap_find(h, &chain, key, hash, &slot);
	if (found)
		hmap_copy_value(h, &slot, value);
	if (hmap_bucket_read_retry(chain.head, version))
		return -EAGAIN;
	return found ? 0 : -ENOENT;
}

static int hmap_get_locked(struct hmap *h, const void *key, void *value)
{
	struct hmap_locked lk;
	struct hmap_chain chain;
	struct hmap_slot slot;
	int err = -ENOENT;

	hmap_lock_key(h, key, &lk);
	chain = hmap_chain_of(h, lk.a, lk.hash);
	if (hmap_find(h, &chain, key, lk.hash, &slot)) {
		hmap_copy_value(h, &slot, value);
		err = 0;
	}
	hmap_unlock(h, &lk);
	return err;
}

/* A lookup for which the first bucket of the chain is not enough (private). */
int hmap_get_in_chain(struct hmap *h, struct hmap_array *a,
		      const struct hmap_bucket *head, u32 version, const void *key,
		      u64 hash, void *value)
{
	struct hmap_chain chain = { a, (struct hmap_bucket *)head };
	struct hmap_slot slot;
	bool found;

	found = hmap_find(h, &chain, key, hash, &slot);
	if (found)
		hmap_copy_value(h, &slot, value);
	if (hmap_bucket_read_retry(head, version))
		return -EAGAIN;
	return found ? 0 : -ENOENT;
}
EXPORT_SYMBOL_GPL(hmap_get_in_chain);

/* A lookup that met a writer or an evacuation, or follows pointers (private). */
int hmap_get_slow(struct hmap *h, const void *key, void *value)
{
	unsigned int try;
	int err = -EAGAIN;

	rcu_read_lock();
	for (try = 0; err == -EAGAIN && try < HMAP_READ_TRIES; try++)
		err = hmap_get_lockless(h, key, value);
	rcu_read_unlock();
	if (err == -EAGAIN)
		err = hmap_get_locked(h, key, value);
	return err;
}
EXPORT_SYMBOL_GPL(hmap_get_slow);

/**
 * hmap_get() - look a key up
 * @h: the map
 * @key: the key
 * @value: where to copy its value to; NULL to check only whether the key exists.
 *	Undefined contents if it does not
 *
 * The value is never a mixture of two values, unless the caller is interrupted for
 * so long that the chain is written 2^31 times meanwhile, as with any sequence
 * counter.
 *
 * Context: process or softirq. Takes no lock unless it meets writers of the same
 * chain many times in a row.
 * Return: 0, or -ENOENT if the key is not in the map.
 */
int hmap_get(struct hmap *h, const void *key, void *value)
{
	return hmap_get_inline(h, key, value, h->params);
}
EXPORT_SYMBOL_GPL(hmap_get);

/**
 * hmap_get_batch() - look several keys up
 * @h: the map
 * @keys: keys, one after the other
 * @n: how many
 * @values: where to copy their values to, in the same order; NULL if they are not
 *	wanted. Undefined contents for a missing key
 * @found: out: a bitmap of @n bits: the keys that are in the map
 *
 * Each is looked up as by hmap_get(), but their cache misses overlap.
 *
 * Context: process or softirq.
 * Return: the number of keys that are in the map.
 */
unsigned int hmap_get_batch(struct hmap *h, const void *keys, unsigned int n,
			    void *values, unsigned long *found)
{
	return hmap_get_batch_inline(h, keys, n, values, found, h->params);
}
EXPORT_SYMBOL_GPL(hmap_get_batch);
