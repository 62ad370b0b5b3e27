// SPDX-License-Identifier: GPL-2.0
/*
 * Puts and updates.
 *
 * Nothing is allocated or freed under a lock. An operation that finds something
 * missing there unlocks, gets it and starts again: see struct hmap_supply.
 */
#include <linux/export.h>

#include "resize.h"

/*
 * How often a put that reaches a limit waits for a resize to free memory: for the
 * end of the resize under way, for the next one, whose array may already exist, and
 * for its end.
 */
#define HMAP_ROOM_TRIES		3

/*
 * As hmap_find(), under the stripe, for a put. If the key is not in the chain, @free
 * is the first free slot. If there is none, @free->i is HMAP_BUCKET_CNT, @free->b
 * the last bucket and @len the number of buckets.
 */
static bool hmap_find_or_free(const struct hmap *h,
			      const struct hmap_chain *chain, const void *key,
			      u64 hash, struct hmap_slot *slot,
			      struct hmap_slot *free, u32 *len)
{
	u64 tophashes, empty;

	*len = 0;
	free->i = HMAP_BUCKET_CNT;
	for (slot->b = chain->head; slot->b;
	     slot->b = hmap_next(h, chain->a, slot->b)) {
		++*len;
		tophashes = hmap_bucket_tophashes(slot->b);
		if (hmap_find_slot(h, slot, tophashes, key, hash))
			return true;
		if (free->i == HMAP_BUCKET_CNT) {
			free->b = slot->b;
			empty = hmap_bucket_match_empty(tophashes);
			if (empty)
				free->i = hmap_bucket_first_slot(empty);
		}
		if (hmap_bucket_has_rest(tophashes) ||
		    (free->i < HMAP_BUCKET_CNT &&
		     !hmap_bucket_filter_test(chain->head,
					      hmap_bucket_tophash_of(hash))))
			break;
	}
	return false;
}

/**
 * struct hmap_write - a put or an update in progress
 * @key: the key
 * @hashed: its hash
 * @value: the value to store; with @fn a buffer for it
 * @flags: HMAP_ANY, HMAP_NOEXIST or HMAP_EXIST
 * @fn: changes the value; NULL to store @value
 * @arg: for @fn
 * @may_wait: the caller may wait for other tasks' allocations (hmap_may_wait())
 * @refused: @fn has returned an error, which is that of the call
 * @key_blob: memory for a key out of line, until it is stored
 * @value_blob: memory for a value out of line, until it is stored; contains @value
 * @replaced: the old value out of line that has been replaced
 *
 * The caller of hmap_write() sets the fields up to @arg, and hmap_write() the others.
 */
struct hmap_write {
	const void *key;
	struct hmap_hashed hashed;
	void *value;
	unsigned int flags;
	hmap_updatefn_t fn;
	void *arg;
	bool may_wait;
	bool refused;
	struct hmap_blob *key_blob;
	struct hmap_blob *value_blob;
	struct hmap_blob *replaced;
};

static void hmap_store_value(struct hmap *h, struct hmap_write *w,
			     const struct hmap_slot *slot)
{
	void *to = hmap_bucket_value(&h->geo, slot->b, slot->i);

	if (hmap_out_of_line(h->params.value_size)) {
		w->replaced = hmap_get_blob(to);
		hmap_set_blob(to, w->value_blob);
		w->value_blob = NULL;
	} else {
		hmap_bucket_copy(to, w->value, h->params.value_size);
	}
}

static void hmap_store_key(struct hmap *h, struct hmap_write *w,
			   const struct hmap_slot *slot)
{
	void *to = hmap_bucket_key(&h->geo, slot->b, slot->i);

	if (hmap_out_of_line(h->params.key_size)) {
		w->key_blob->hash = w->hashed.hash;
		hmap_set_blob(to, w->key_blob);
		w->key_blob = NULL;
	} else {
		hmap_bucket_copy(to, w->key, h->params.key_size);
	}
}

/* Call the callback, if there is one, to get the value to store. */
static int hmap_call_update(struct hmap *h, struct hmap_write *w,
			    const struct hmap_slot *slot)
{
	int err;

	if (!w->fn)
		return 0;
	if (slot)
		hmap_copy_value(h, slot, w->value);
	err = w->fn(w->value, slot, w->arg);
	w->refused = err;
	return err;
}

static int hmap_overwrite(struct hmap *h, struct hmap_write *w,
			  struct hmap_bucket *head, const struct hmap_slot *slot)
{
	int err;

	if (w->flags == HMAP_NOEXIST)
		return -EEXIST;
	err = hmap_call_update(h, w, slot);
	if (err)
		return err;
	hmap_bucket_write_begin(head);
	hmap_store_value(h, w, slot);
	hmap_bucket_write_end(head);
	return 0;
}

/* The error if an insert has no overflow bucket; -EAGAIN to allocate one. */
static int hmap_no_overflow(struct hmap *h, struct hmap_supply *supply)
{
	if (!hmap_supply_over_limit(h, supply))
		return supply->want ? -EAGAIN : -ENOMEM;
	supply->want = WANT_NOTHING;
	return -ENOSPC;
}

/*
 * The error if a chain has its maximum length: -EMLINK if the map is within its
 * load, so that the keys are to blame. Otherwise the map could not grow: -EAGAIN to
 * wait for the worker, which may be behind, or -ENOMEM.
 */
static int hmap_chain_full(struct hmap *h, const struct hmap_write *w,
			   const struct hmap_locked *lk,
			   struct hmap_supply *supply)
{
	if (!hmap_over_load(hmap_count_near(h, lk), lk->a->B))
		return -EMLINK;
	if (!w->may_wait || supply->waited || hmap_worker_is_late(h))
		return -ENOMEM;
	supply->want = WANT_WORKER;
	return -EAGAIN;
}

/*
 * Update the filter before an element is stored in @slot, which is behind the
 * chain's first bucket.
 */
static void hmap_filter_slot(struct hmap *h, const struct hmap_chain *chain,
			     const struct hmap_slot *slot, u8 top)
{
	if (!slot->i && slot->b->tophash[0] == HMAP_EMPTY_REST &&
	    slot->b == hmap_next(h, chain->a, chain->head))
		hmap_bucket_filter_clear(chain->head);
	hmap_bucket_filter_add(chain->head, top);
}

/*
 * Whether a chain of @len buckets may not get another element, which needs a new
 * bucket if the chain is @full. When the map shrinks, the chain will be joined with
 * another one, and the result must not be too long either; this need not be checked
 * as long as no chain has more than half of the maximum.
 */
static bool hmap_chain_at_limit(const struct hmap *h, const struct hmap_locked *lk,
				const struct hmap_chain *chain, u32 len, bool full)
{
	struct hmap_array *old = chain->a;
	size_t index, other;

	if (full && len >= h->max_chain)
		return true;
	if (old->B <= lk->a->B ||
	    max(READ_ONCE(old->longest_chain), len + full) <= h->max_chain / 2)
		return false;
	index = hmap_bucket_index(old, lk->hash);
	other = index ^ hmap_nbuckets(lk->a);
	return hmap_chain_used(h, old, index) + hmap_chain_used(h, old, other) >=
	       (size_t)h->max_chain * HMAP_BUCKET_CNT;
}

/*
 * Insert into a chain that does not have the key: at its first free slot, or behind
 * the last of its @len buckets.
 */
static int hmap_insert(struct hmap *h, struct hmap_write *w,
		       const struct hmap_locked *lk,
		       const struct hmap_chain *chain, struct hmap_slot slot,
		       u32 len, struct hmap_supply *supply)
{
	struct hmap_array *a = chain->a;
	bool full = slot.i == HMAP_BUCKET_CNT;
	u8 top = hmap_bucket_tophash_of(lk->hash);
	int err;

	if (hmap_chain_at_limit(h, lk, chain, len, full))
		return hmap_chain_full(h, w, lk, supply);
	if (full && !hmap_reserve_overflow(h, a, 1, supply))
		return hmap_no_overflow(h, supply);
	err = hmap_call_update(h, w, NULL);
	if (err) {
		hmap_unreserve_overflow(a, full);
		return err;
	}
	hmap_bucket_write_begin(chain->head);
	if (full) {
		slot.b = hmap_append_bucket(h, a, slot.b, len + 1);
		slot.i = 0;
	}
	if (slot.b != chain->head)
		hmap_filter_slot(h, chain, &slot, top);
	hmap_store_key(h, w, &slot);
	hmap_store_value(h, w, &slot);
	hmap_bucket_set_tophash(slot.b, slot.i, top);
	hmap_bucket_write_end(chain->head);
	hmap_count_change(h, lk, 1);
	return 0;
}

static bool hmap_has_max_entries(const struct hmap *h)
{
	unsigned long max = READ_ONCE(h->params.max_entries);

	return max && hmap_len(h) >= max;
}

/*
 * Whether the map has max_entries. If it is far below, this stripe's count is
 * enough. Otherwise the counts of all stripes are added, without their locks: a few
 * elements more may slip in, and an insert that races with deletes may be refused.
 */
static bool hmap_is_full(const struct hmap *h, const struct hmap_locked *lk)
{
	unsigned long max = READ_ONCE(h->params.max_entries);

	if (!max || hmap_count_near(h, lk) + hmap_count_error(lk->a) < (long)max)
		return false;
	return hmap_has_max_entries(h);
}

/*
 * Whether a new element exceeds the map's limits. A write allocates its key and
 * value out of line in advance, beyond the limit if necessary, since it may turn out
 * to be an overwrite, which frees the old value.
 */
static bool hmap_is_over_limit(const struct hmap *h)
{
	return hmap_has_blobs(h) && !hmap_has_room(h, 0);
}

/*
 * The order is Go's: help with the resize under way; find the key; if it is missing,
 * begin a resize if one is due, and then start again to see where the key belongs.
 */
static int hmap_write_locked(struct hmap *h, struct hmap_write *w,
			     const struct hmap_locked *lk,
			     struct hmap_supply *supply)
{
	struct hmap_chain chain;
	struct hmap_slot slot, free;
	u32 len;
	int err;

	lockdep_assert_held(&h->stripes[lk->s].lock);
	if (!hmap_resize_work(h, lk, supply))
		return -EAGAIN;
	chain = hmap_chain_of(h, lk->a, lk->hash);
	if (hmap_find_or_free(h, &chain, w->key, lk->hash, &slot, &free, &len))
		return hmap_overwrite(h, w, chain.head, &slot);
	if (w->flags == HMAP_EXIST)
		return -ENOENT;
	if (hmap_is_full(h, lk) || hmap_is_over_limit(h))
		return -ENOSPC;
	err = hmap_resize_for_insert(h, lk, supply, w->may_wait);
	if (err)
		return err;
	return hmap_insert(h, w, lk, &chain, free, len, supply);
}

/* Allocate memory for a key and value out of line; @value is then in @value_blob. */
static int hmap_write_prepare(struct hmap *h, struct hmap_write *w, gfp_t gfp)
{
	if (hmap_has_blobs(h))
		hmap_memory_throttle(h, gfp);
	if (hmap_out_of_line(h->params.key_size) && w->flags != HMAP_EXIST) {
		w->key_blob = hmap_blob_alloc(h, h->params.key_size, gfp);
		if (!w->key_blob)
			return -ENOMEM;
		memcpy(w->key_blob->bytes, w->key, h->params.key_size);
	}
	if (hmap_out_of_line(h->params.value_size)) {
		w->value_blob = hmap_blob_alloc(h, h->params.value_size, gfp);
		if (!w->value_blob)
			return -ENOMEM;
		if (!w->fn)
			memcpy(w->value_blob->bytes, w->value,
			       h->params.value_size);
		w->value = w->value_blob->bytes;
	}
	return 0;
}

/* Allocate what was missing under the lock; a large array without reclaim. */
static int hmap_write_refill(struct hmap *h, struct hmap_supply *supply,
			     gfp_t gfp)
{
	if (supply->want == WANT_WORKER)
		return hmap_wait_worker(h, supply);
	if (supply->want == WANT_MEMORY) {
		hmap_memory_wait(h->memory, gfp);
		supply->drained = true;
	}
	if (supply->want == WANT_ARRAY && !hmap_array_is_small(h, supply->want_B))
		gfp = (gfp & ~__GFP_DIRECT_RECLAIM) | __GFP_NORETRY;
	hmap_supply_fill(h, supply, gfp);
	return 0;
}

/*
 * A limit was reached. Wait for memory that is about to become free: the array that the
 * worker has allocated and not yet published, the old array of a resize, and memory that
 * waits for a grace period. A worker that is late is not waited for, nor is a request
 * that holds @resizer.
 *
 * Returns 1 if there was a resize, after which the next one may take memory again; 0 if
 * there was none; or -EINTR.
 */
static int hmap_await_room(struct hmap *h, struct hmap_supply *supply, gfp_t gfp)
{
	bool resizing;
	int err = 0;

	rcu_read_lock();
	/* If not, it has been published: pairs with the release in hmap_worker_grow(). */
	resizing = smp_load_acquire(&h->making) ||
		   hmap_old(rcu_dereference(h->buckets));
	rcu_read_unlock();
	resizing &= !hmap_worker_is_late(h);
	if (resizing) {
		/* As for a request, the worker does not leave the resize to writers. */
		atomic_inc(&h->requests);
		err = hmap_wait_worker(h, supply);
		atomic_dec(&h->requests);
	}
	hmap_memory_wait(h->memory, gfp);
	supply->no_array = 0;
	supply->no_block = false;
	return err ?: resizing;
}

static int hmap_write(struct hmap *h, struct hmap_write *w, gfp_t gfp)
{
	struct hmap_supply supply __uninitialized;
	unsigned int tries = HMAP_ROOM_TRIES;
	struct hmap_locked lk;
	int err;

	if (w->flags > HMAP_EXIST)
		return -EINVAL;
	w->may_wait = hmap_may_wait(gfp);
	w->refused = false;
	w->key_blob = NULL;
	w->value_blob = NULL;
	w->replaced = NULL;
	hmap_supply_init(&supply);
	err = hmap_write_prepare(h, w, gfp);
	while (!err) {
		hmap_lock_hashed(h, w->key, &w->hashed, &lk);
		err = hmap_write_locked(h, w, &lk, &supply);
		hmap_unlock(h, &lk);
		if (err == -ENOSPC && !w->refused && w->may_wait && tries &&
		    hmap_has_limit(h) && !hmap_has_max_entries(h)) {
			err = hmap_await_room(h, &supply, gfp);
			/* Try once more in any case: there may be room by now. */
			tries = err ? tries - 1 : 0;
			err = min(err, 0);
		} else if (supply.want) {
			err = hmap_write_refill(h, &supply, gfp);
		} else {
			break;
		}
	}
	hmap_supply_drop(h, &supply);
	hmap_blob_free(h, w->key_blob, h->params.key_size);
	hmap_blob_free(h, w->value_blob, h->params.value_size);
	hmap_blob_retire(h, w->replaced, h->params.value_size);
	return err;
}

/**
 * hmap_put() - insert or overwrite an element
 * @h: the map
 * @key: the key
 * @value: the value; ignored if the map's value size is 0
 * @flags: HMAP_ANY to insert or overwrite, HMAP_NOEXIST only to insert, HMAP_EXIST
 *	only to overwrite
 * @gfp: how to allocate
 *
 * A map that should grow but finds no memory continues with longer chains. The put
 * fails only if there is no memory for the element itself.
 *
 * No chain has more than 64 buckets of 8 elements (8 buckets for the longest
 * elements, and in proportion in between), which bounds the work of each call. With
 * a good hash the limit is never reached, however many elements there are. Keys that
 * have been chosen to collide can fill the chains of one bucket in 70 (9) before the
 * map grows: at most that share of all other keys is refused. HMAP_LONG_CHAINS
 * disables the limit; all bounds of time then depend on the longest chain.
 *
 * Context: process or softirq, as @gfp says. A caller that could allocate with
 * GFP_KERNEL at this place waits for the worker if the put is far ahead of it, for two
 * seconds at most. If such a caller reaches a limit of the map's memory, it waits for
 * memory that is about to be freed: by a resize, or after a grace period. Other
 * callers do not wait.
 * Return: 0; -EINVAL for other flags; -EEXIST or -ENOENT, depending on @flags;
 * -ENOSPC if the map has max_entries elements, or has reached a limit of its memory;
 * -EMLINK if the key's chain has its maximum length though the map is not over its
 * capacity (the keys have been chosen to collide, or the hash is bad); -ENOMEM, also
 * if the chain has its maximum length because the map cannot grow; -EINTR if the
 * task was killed while it waited. On any error the map is unchanged.
 */
int hmap_put(struct hmap *h, const void *key, const void *value,
	     unsigned int flags, gfp_t gfp)
{
	struct hmap_write w __uninitialized;

	w.key = key;
	w.value = (void *)value;
	w.flags = flags;
	w.fn = NULL;
	hmap_hash_ahead(h, key, &w.hashed);
	return hmap_write(h, &w, gfp);
}
EXPORT_SYMBOL_GPL(hmap_put);

/* Hash keys that are about to be put, and prefetch their buckets. */
static void hmap_hash_some(struct hmap *h, const void *keys, unsigned int n,
			   struct hmap_hashed *hashed)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		hmap_hash_ahead(h, keys + (size_t)i * h->params.key_size,
				&hashed[i]);
}

/**
 * hmap_put_batch() - insert or overwrite several elements
 * @h: the map
 * @keys: keys, one after the other
 * @values: their values, in the same order
 * @n: how many
 * @flags: as for hmap_put()
 * @gfp: how to allocate
 * @done: out: how many were put
 *
 * The elements are put as by hmap_put(), in this order, until one fails.
 *
 * Context: process or softirq, as @gfp says.
 * Return: 0, or the error of element number *@done.
 */
int hmap_put_batch(struct hmap *h, const void *keys, const void *values,
		   unsigned int n, unsigned int flags, gfp_t gfp,
		   unsigned int *done)
{
	size_t key_size = h->params.key_size, value_size = h->params.value_size;
	struct hmap_hashed hashed[HMAP_BATCH_KEYS] __uninitialized;
	struct hmap_write w __uninitialized;
	unsigned int i;
	int err = 0;

	for (i = 0; i < n; i++) {
		if (i % HMAP_BATCH_KEYS == 0)
			hmap_hash_some(h, keys + i * key_size,
				       min_t(unsigned int, n - i,
					     HMAP_BATCH_KEYS), hashed);
		w.key = keys + i * key_size;
		w.hashed = hashed[i % HMAP_BATCH_KEYS];
		w.value = (void *)values + i * value_size;
		w.flags = flags;
		w.fn = NULL;
		err = hmap_write(h, &w, gfp);
		if (err)
			break;
	}
	*done = i;
	return err;
}
EXPORT_SYMBOL_GPL(hmap_put_batch);

/**
 * hmap_update() - change an element with a callback
 * @h: the map
 * @key: the key
 * @fn: gets the value, or zeros if there is none, and changes it
 * @arg: for @fn
 * @flags: HMAP_ANY to insert a missing element, HMAP_EXIST to return -ENOENT if it
 *	is missing, HMAP_NOEXIST to return -EEXIST if it exists
 * @gfp: how to allocate
 *
 * Atomic: no intermediate value is ever visible, and no other change of the element
 * comes in between.
 *
 * Context: process or softirq, as @gfp says. @fn is called under a lock of the map:
 * it must not sleep and must not use the same map. A value out of line, up to 64
 * KiB, is copied as a whole under the lock.
 * Return: as hmap_put(), or the error of @fn.
 */
int hmap_update(struct hmap *h, const void *key, hmap_updatefn_t fn, void *arg,
		unsigned int flags, gfp_t gfp)
{
	u64 room[HMAP_MAX_INLINE_SIZE / sizeof(u64)] = {};
	struct hmap_write w __uninitialized;

	w.key = key;
	w.value = room;
	w.flags = flags;
	w.fn = fn;
	w.arg = arg;
	hmap_hash_ahead(h, key, &w.hashed);
	return hmap_write(h, &w, gfp);
}
EXPORT_SYMBOL_GPL(hmap_update);
