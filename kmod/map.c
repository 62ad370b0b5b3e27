// SPDX-License-Identifier: GPL-2.0
/*
 * The map: init and destroy, get, put, update, delete and clear.
 *
 * Nothing is allocated or freed under a lock. An operation that finds something
 * missing there unlocks, gets it and starts again: see struct hmap_supply and
 * memory.c.
 *
 * See kmod/README.md for how the files of the map work together.
 */
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/nodemask.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "internal.h"
#include "view.h"

/* Lookups that met a writer this often take the lock. */
#define HMAP_READ_TRIES	16

siphash_key_t hmap_new_seed(void)
{
	siphash_key_t hash0;

	get_random_bytes(&hash0, sizeof(hash0));
	return hash0;
}

static bool hmap_node_ok(const struct hmap_params *params)
{
	return !(params->flags & HMAP_NUMA_NODE) ||
	       (params->node >= 0 && params->node < MAX_NUMNODES &&
		node_online(params->node));
}

static bool hmap_params_ok(const struct hmap_params *params)
{
	return params->key_size >= HMAP_MIN_KEY_SIZE &&
	       params->key_size <= HMAP_MAX_KEY_SIZE &&
	       params->value_size <= HMAP_MAX_VALUE_SIZE &&
	       params->stripes <= HMAP_MAX_STRIPES &&
	       (!params->stripes || is_power_of_2(params->stripes)) &&
	       !(params->flags & ~(HMAP_NO_SHRINK | HMAP_NUMA_NODE |
				   HMAP_ACCOUNT | HMAP_ACCOUNT_CALLERS |
				   HMAP_LONG_CHAINS)) &&
	       (params->flags & HMAP_ACCOUNTING) != HMAP_ACCOUNTING &&
	       hmap_node_ok(params) &&
	       (!params->view || hmap_view_params_ok(params)) &&
	       (!params->max_entries || params->hint <= params->max_entries);
}

static int hmap_init_locks(struct hmap *h, struct hmap_lock_class *class)
{
	bool account = h->params.flags & HMAP_ACCOUNTING;
	u32 s;

	/* Zeroed, and aligned to cache lines since the size is a power of two. */
	h->stripes = kcalloc_node(h->params.stripes, sizeof(*h->stripes),
				  account ? GFP_KERNEL_ACCOUNT : GFP_KERNEL,
				  hmap_node(&h->params));
	if (!h->stripes)
		return -ENOMEM;
	for (s = 0; s < h->params.stripes; s++) {
		spin_lock_init(&h->stripes[s].lock);
		lockdep_set_class(&h->stripes[s].lock, &class->stripe);
	}
	spin_lock_init(&h->all);
	lockdep_set_class(&h->all, &class->all);
	mutex_init(&h->resizer);
	lockdep_set_class(&h->resizer, &class->resizer);
	init_waitqueue_head(&h->wait);
	INIT_DELAYED_WORK(&h->work, hmap_worker);
	return 0;
}

/* Buckets that a chain may have: fewer where elements are long. */
static u32 hmap_max_chain(const struct hmap *h)
{
	u32 size = h->params.key_size + h->geo.value_slot;

	if (h->params.flags & HMAP_LONG_CHAINS)
		return U32_MAX;
	return clamp_t(u32, HMAP_HOLD_BYTES / (HMAP_BUCKET_CNT * size),
		       HMAP_MIN_MAX_CHAIN, HMAP_MAX_CHAIN);
}

/* What a map has besides its arrays. */
static void hmap_free_rest(struct hmap *h)
{
	mem_cgroup_put(h->memcg);
	mem_cgroup_put(h->payer);
	kfree(h->stripes);
	hmap_memory_put(h->memory);
	h->memory = NULL;
}

/* hmap_init(), with what lockdep is to know the locks by (private). */
int __hmap_init(struct hmap *h, const struct hmap_params *params,
		struct hmap_lock_class *class)
{
	struct hmap_array *a;
	int err;

	might_sleep();
	if (!hmap_params_ok(params))
		return -EINVAL;
	memset(h, 0, sizeof(*h));
	h->params = *params;
	h->params.stripes = params->stripes ?: 1;
	h->geo = hmap_geometry_of(h->params);
	h->max_chain = hmap_max_chain(h);
	if (hmap_hint_B(h, params->hint, &h->min_B))
		return -EINVAL;
	h->memory = hmap_memory_alloc(params, GFP_KERNEL);
	if (!h->memory)
		return -ENOMEM;
	err = hmap_init_locks(h, class);
	if (err) {
		hmap_free_rest(h);
		return err;
	}
	if (h->params.flags & HMAP_ACCOUNT)
		h->memcg = get_mem_cgroup_from_mm(current->mm);
	a = h->min_B ? hmap_array_make(h, h->min_B, GFP_KERNEL) :
		       hmap_array_alloc_empty(h, GFP_KERNEL);
	if (IS_ERR_OR_NULL(a)) {
		hmap_free_rest(h);
		return a ? PTR_ERR(a) : -ENOMEM;
	}
	h->tie = hmap_new_seed();
	a->hash0 = hmap_new_seed();
	a->mask = hmap_full_mask(h, a);
	RCU_INIT_POINTER(h->buckets, a);
	if (params->view)
		hmap_view_attach(h);
	return 0;
}
EXPORT_SYMBOL_GPL(__hmap_init);

static void hmap_free_slot(struct hmap *h, struct bmap *b, unsigned int i)
{
	struct hmap_blob **key = bmap_key(&h->geo, b, i);
	struct hmap_blob **value = bmap_value(&h->geo, b, i);

	if (hmap_out_of_line(h->params.key_size))
		hmap_blob_free(h, *key, h->params.key_size);
	if (hmap_out_of_line(h->params.value_size))
		hmap_blob_free(h, *value, h->params.value_size);
}

/* Whether elements have keys or values out of line. */
static bool hmap_has_blobs(const struct hmap *h)
{
	return hmap_out_of_line(h->params.key_size) ||
	       hmap_out_of_line(h->params.value_size);
}

/* Free the keys and values out of line that an unreachable array names. */
static void hmap_free_blobs(struct hmap *h, struct hmap_array *a)
{
	struct bmap *b;
	unsigned int i;
	size_t n;

	if (!a->data || !hmap_has_blobs(h))
		return;
	for (n = 0; n < hmap_nbuckets(a); n++) {
		if (hmap_evacuated(h, a, n))
			continue;
		for (b = hmap_bucket(h, a, n); b; b = hmap_next(h, a, b))
			bmap_for_each_slot(i,
					   bmap_match_used(bmap_tophashes(b)))
				hmap_free_slot(h, b, i);
		cond_resched();
	}
}

/* Free an array that no reader can be in, and the one that it replaces. */
static void hmap_free_arrays(struct hmap *h, struct hmap_array *a)
{
	struct hmap_array *old = a->oldbuckets;

	if (old) {
		hmap_free_blobs(h, old);
		hmap_array_free(old);
	}
	hmap_free_blobs(h, a);
	hmap_array_free(a);
}

/**
 * hmap_destroy() - free a map
 * @h: the map, which is not used any more
 *
 * What waits for a grace period of RCU is freed after it; see hmap_pool_exit().
 *
 * Context: process; may sleep, where the caller could allocate with GFP_KERNEL. Waits for
 * the worker, which leaves off at its next step; that may be to make an array.
 */
void hmap_destroy(struct hmap *h)
{
	might_sleep();
	WRITE_ONCE(h->dying, true);
	cancel_delayed_work_sync(&h->work);
	hmap_free_arrays(h, rcu_dereference_protected(h->buckets, true));
	RCU_INIT_POINTER(h->buckets, NULL);
	hmap_free_rest(h);
}
EXPORT_SYMBOL_GPL(hmap_destroy);

/*
 * Whether a slot has the key. A long one is compared only if its hash is the same,
 * so that keys of one tophash cost no more.
 */
static __always_inline bool hmap_slot_has_key(const struct hmap *h,
					      const struct hmap_slot *slot,
					      const void *key, u64 hash)
{
	const void *k = bmap_key(&h->geo, slot->b, slot->i);
	struct hmap_blob *blob;

	if (hmap_out_of_line(h->params.key_size)) {
		blob = READ_ONCE(*(struct hmap_blob **)k);
		/* Of one that is being retired the version tells. */
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
	bmap_for_each_slot(slot->i, bmap_match(tophashes, bmap_tophash_of(hash)))
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
 * @slot: out: where it is
 *
 * Return: true if it is there. Without a lock, bmap_read_retry() tells whether
 * the answer can be relied on.
 */
bool hmap_find(const struct hmap *h, const struct hmap_chain *chain,
	       const void *key, u64 hash, struct hmap_slot *slot)
{
	u64 tophashes;

	for (slot->b = chain->head; slot->b;
	     slot->b = hmap_next(h, chain->a, slot->b)) {
		tophashes = bmap_tophashes(slot->b);
		if (hmap_find_slot(h, slot, tophashes, key, hash))
			return true;
		if (bmap_has_rest(tophashes) ||
		    !bmap_filter_test(chain->head, bmap_tophash_of(hash)))
			break;
	}
	return false;
}

/*
 * The same under the stripe, for a key that is to be put: if it is not there,
 * @free is the first free slot of the chain, or with @free->i = HMAP_BUCKET_CNT
 * the last bucket, and @len how many there are.
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
		tophashes = bmap_tophashes(slot->b);
		if (hmap_find_slot(h, slot, tophashes, key, hash))
			return true;
		if (free->i == HMAP_BUCKET_CNT) {
			free->b = slot->b;
			empty = bmap_match_empty(tophashes);
			if (empty)
				free->i = bmap_first_slot(empty);
		}
		if (bmap_has_rest(tophashes) ||
		    (free->i < HMAP_BUCKET_CNT &&
		     !bmap_filter_test(chain->head, bmap_tophash_of(hash))))
			break;
	}
	return false;
}

static void hmap_copy_value(struct hmap *h, const struct hmap_slot *slot,
			    void *value)
{
	void *bytes = hmap_value_bytes(h, slot->b, slot->i);

	if (value && bytes)
		bmap_copy(value, bytes, h->params.value_size);
}

/*
 * The chain of @hash in @a, opened for reading. Returns false if its bucket has
 * been evacuated. The acquire of the version comes before the look at the mark,
 * so that an evacuation in between shows in one or the other.
 */
static bool hmap_read_chain(struct hmap *h, struct hmap_array *a, u64 hash,
			    struct hmap_chain *chain, u32 *version)
{
	chain->a = a;
	chain->head = hmap_bucket(h, a, hmap_bucket_index(a, hash));
	bmap_prefetch(&h->geo, chain->head);
	*version = bmap_read_begin(chain->head);
	/* Pairs with the release in hmap_evac_chain(). */
	return !bmap_evacuated(smp_load_acquire(&chain->head->tophash[0]));
}

/*
 * A lookup without the lock. -EAGAIN if a writer came in between, or the array
 * itself has been replaced.
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
	if (bmap_read_retry(chain.head, version))
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

/*
 * Of the two arrays of a map that is being resized the one that most likely has the
 * hash: the old one, unless its unit has been evacuated in order (private). The mark
 * of the old bucket tells whether that was right.
 */
struct hmap_array *hmap_array_in_resize(struct hmap_array *a, u64 hash)
{
	struct hmap_array *old = hmap_old(a);

	return old && !hmap_is_past(a, old, hash) ? old : a;
}
EXPORT_SYMBOL_GPL(hmap_array_in_resize);

/* A lookup for which the first bucket of its chain is not enough (private). */
int hmap_get_in_chain(struct hmap *h, struct hmap_array *a,
		      const struct bmap *head, u32 version, const void *key,
		      u64 hash, void *value)
{
	struct hmap_chain chain = { a, (struct bmap *)head };
	struct hmap_slot slot;
	bool found;

	found = hmap_find(h, &chain, key, hash, &slot);
	if (found)
		hmap_copy_value(h, &slot, value);
	if (bmap_read_retry(head, version))
		return -EAGAIN;
	return found ? 0 : -ENOENT;
}
EXPORT_SYMBOL_GPL(hmap_get_in_chain);

/* A lookup that a writer or the evacuation has disturbed (private). */
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
 * @value: where its value is copied to; NULL to ask only whether the key is
 *	there. Undefined if the key is not there
 *
 * The value is never a mixture of two, unless the caller is interrupted for so long
 * that the chain is written 2^31 times meanwhile, as with any sequence counter.
 *
 * Context: process or softirq. Takes no lock unless writers of the same chain
 * disturb it many times in a row.
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
 * @values: where their values are copied to, in the same order; NULL if they
 *	are not wanted. Undefined for a key that is not there
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

/**
 * struct hmap_write - a put or an update on its way
 * @key: the key
 * @hashed: its hash
 * @value: the value to store; with @fn room for it
 * @flags: HMAP_ANY, HMAP_NOEXIST or HMAP_EXIST
 * @may_wait: the caller may wait for memory that others allocate or free
 * @fn: changes the value; NULL if @value is what to store
 * @arg: for @fn
 * @key_blob: memory for a key out of line, until it is stored
 * @value_blob: memory for a value out of line, until it is stored; @value is in it
 * @replaced: the value out of line that another one has taken the place of
 */
struct hmap_write {
	const void *key;
	struct hmap_hashed hashed;
	void *value;
	unsigned int flags;
	bool may_wait;
	hmap_updatefn_t fn;
	void *arg;
	struct hmap_blob *key_blob;
	struct hmap_blob *value_blob;
	struct hmap_blob *replaced;
};

/*
 * A pointer in a slot is stored as a whole: a reader follows it before it
 * finds out that the version has changed.
 */
static void hmap_set_blob(void *slot, struct hmap_blob *blob)
{
	WRITE_ONCE(*(struct hmap_blob **)slot, blob);
}

static struct hmap_blob *hmap_get_blob(void *slot)
{
	return *(struct hmap_blob **)slot;
}

static void hmap_store_value(struct hmap *h, struct hmap_write *w,
			     const struct hmap_slot *slot)
{
	void *to = bmap_value(&h->geo, slot->b, slot->i);

	if (hmap_out_of_line(h->params.value_size)) {
		w->replaced = hmap_get_blob(to);
		hmap_set_blob(to, w->value_blob);
		w->value_blob = NULL;
	} else {
		bmap_copy(to, w->value, h->params.value_size);
	}
}

static void hmap_store_key(struct hmap *h, struct hmap_write *w,
			   const struct hmap_slot *slot)
{
	void *to = bmap_key(&h->geo, slot->b, slot->i);

	if (hmap_out_of_line(h->params.key_size)) {
		w->key_blob->hash = w->hashed.hash;
		hmap_set_blob(to, w->key_blob);
		w->key_blob = NULL;
	} else {
		bmap_copy(to, w->key, h->params.key_size);
	}
}

/* Ask the callback, if there is one, for the value to store. */
static int hmap_call_update(struct hmap *h, struct hmap_write *w,
			    const struct hmap_slot *slot)
{
	if (!w->fn)
		return 0;
	if (slot)
		hmap_copy_value(h, slot, w->value);
	return w->fn(w->value, slot, w->arg);
}

static int hmap_overwrite(struct hmap *h, struct hmap_write *w,
			  struct bmap *head, const struct hmap_slot *slot)
{
	int err;

	if (w->flags == HMAP_NOEXIST)
		return -EEXIST;
	err = hmap_call_update(h, w, slot);
	if (err)
		return err;
	bmap_write_begin(head);
	hmap_store_value(h, w, slot);
	bmap_write_end(head);
	return 0;
}

/* Why there is no overflow bucket for an insert, or -EAGAIN to fetch one. */
static int hmap_no_overflow(struct hmap *h, struct hmap_supply *supply)
{
	if (!hmap_supply_over_limit(h, supply))
		return supply->want ? -EAGAIN : -ENOMEM;
	supply->want = WANT_NOTHING;
	return -ENOSPC;
}

/*
 * Why a chain gets no longer: its keys are to blame; or the map could not grow, which
 * the worker, if it is late, may be about to change (-EAGAIN).
 */
static int hmap_chain_full(struct hmap *h, const struct hmap_write *w,
			   const struct hmap_locked *lk,
			   struct hmap_supply *supply)
{
	if (!hmap_over_load(hmap_count_near(h, lk), lk->a->B))
		return -EMLINK;
	if (!w->may_wait || supply->waited)
		return -ENOMEM;
	supply->want = WANT_WORKER;
	return -EAGAIN;
}

/* Before an element comes into @slot, which is behind the chain's first bucket. */
static void hmap_filter_slot(struct hmap *h, const struct hmap_chain *chain,
			     const struct hmap_slot *slot, u8 top)
{
	if (!slot->i && slot->b->tophash[0] == HMAP_EMPTY_REST &&
	    slot->b == hmap_next(h, chain->a, chain->head))
		bmap_filter_clear(chain->head);
	bmap_filter_add(chain->head, top);
}

/*
 * Whether a chain of @len buckets may not have an element more, in a new bucket if it is
 * @full. In a map that shrinks it is joined with another one, which must not become too
 * long; as long as each has half of what a chain may have that is not asked.
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
 * Insert into a chain that does not have the key, at its first free slot or behind
 * the last of its @len buckets.
 */
static int hmap_insert(struct hmap *h, struct hmap_write *w,
		       const struct hmap_locked *lk,
		       const struct hmap_chain *chain, struct hmap_slot slot,
		       u32 len, struct hmap_supply *supply)
{
	struct hmap_array *a = chain->a;
	bool full = slot.i == HMAP_BUCKET_CNT;
	u8 top = bmap_tophash_of(lk->hash);
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
	bmap_write_begin(chain->head);
	if (full) {
		slot.b = hmap_append_bucket(h, a, slot.b, len + 1);
		slot.i = 0;
	}
	if (slot.b != chain->head)
		hmap_filter_slot(h, chain, &slot, top);
	hmap_store_key(h, w, &slot);
	hmap_store_value(h, w, &slot);
	bmap_set_tophash(slot.b, slot.i, top);
	bmap_write_end(chain->head);
	hmap_count_change(h, lk, 1);
	return 0;
}

static bool hmap_has_max_entries(const struct hmap *h)
{
	return h->params.max_entries && hmap_len(h) >= h->params.max_entries;
}

/*
 * Whether the map has max_entries. Far from it this stripe knows; near it all are
 * asked, without their locks: a few more may slip in, and an insert beside deletes
 * may be refused that would have been in time a moment later.
 */
static bool hmap_is_full(const struct hmap *h, const struct hmap_locked *lk)
{
	unsigned long max = h->params.max_entries;

	if (!max || hmap_count_near(h, lk) + hmap_count_error(lk->a) < (long)max)
		return false;
	return hmap_has_max_entries(h);
}

/*
 * Whether the new element is more than the map's limits allow. A write brings its
 * key and value out of line along, beyond the limit if need be: it may be one that
 * gives others back for them.
 */
static bool hmap_is_over_limit(const struct hmap *h)
{
	return hmap_has_blobs(h) && !hmap_has_room(h, 0);
}

/*
 * Go's order: work for the resize under way; find the key; if it is not there
 * begin a resize if one is due, and look where the key belongs then.
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

/* Memory for what is kept out of line; @value is then in @value_blob. */
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

/* Get what was missing under the lock. An array that is not small: without waiting. */
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
 * A limit was in the way. Wait for the room that arrays take which the worker or a
 * request has made and not yet put in place, that a resize keeps, or a grace period.
 * Returns 1 if there was a resize, after which the next one may take room again; 0 if
 * not; or -EINTR.
 */
static int hmap_await_room(struct hmap *h, struct hmap_supply *supply, gfp_t gfp)
{
	bool resizing;
	int err = 0;

	rcu_read_lock();
	resizing = hmap_old(rcu_dereference(h->buckets));
	rcu_read_unlock();
	resizing |= mutex_is_locked(&h->resizer);
	if (resizing)
		err = hmap_wait_worker(h, supply);
	hmap_memory_wait(h->memory, gfp);
	supply->no_array = 0;
	supply->no_block = false;
	return err ?: resizing;
}

static int hmap_write(struct hmap *h, struct hmap_write *w, gfp_t gfp)
{
	unsigned int tries = HMAP_ROOM_TRIES;
	struct hmap_supply supply = {};
	struct hmap_locked lk;
	int err;

	if (w->flags > HMAP_EXIST)
		return -EINVAL;
	w->may_wait = hmap_may_wait(gfp);
	err = hmap_write_prepare(h, w, gfp);
	while (!err) {
		hmap_lock_hashed(h, w->key, &w->hashed, &lk);
		err = hmap_write_locked(h, w, &lk, &supply);
		hmap_unlock(h, &lk);
		if (err == -ENOSPC && w->may_wait && tries && hmap_has_limit(h) &&
		    !hmap_has_max_entries(h)) {
			err = hmap_await_room(h, &supply, gfp);
			/* Once more in any case: room may have come before that. */
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
 * @value: the value; not looked at if the map's values have no size
 * @flags: HMAP_ANY to do either, HMAP_NOEXIST only to insert, HMAP_EXIST only
 *	to overwrite
 * @gfp: how to allocate
 *
 * A map that should grow but finds no memory goes on with longer chains; it
 * fails only when there is no memory for the element itself. No chain has more than
 * 64 buckets of 8 elements (8 buckets if elements are long, between that in proportion),
 * so that no call ever has to look at more: with a hash that is any good that is never
 * reached, however many elements there are. Keys that have been chosen to collide
 * can fill the chains of one bucket in 70 (9) before the map grows: so many of all
 * other keys are refused at the most. HMAP_LONG_CHAINS switches the limit off; all
 * bounds of time are then those of the longest chain.
 *
 * Context: process or softirq, as @gfp says. A caller that could allocate with
 * GFP_KERNEL at this place waits for the worker if it is far ahead of it. If it meets
 * the limit of the map's memory it waits for what is about to give room: a resize, and
 * a grace period that memory waits for. Any other goes on without.
 * Return: 0; -EINVAL for other flags; -EEXIST or -ENOENT as @flags ask;
 * -ENOSPC if the map has max_entries elements, or no memory left of what it may
 * hold; -EMLINK if the key's chain is as long as a chain may be, though the map is
 * not over its capacity: its keys have been chosen to collide, or the hash is bad;
 * -ENOMEM, also if the chain is that long because the map cannot grow; -EINTR if the
 * task was killed while it waited. The map is unchanged if it is not 0.
 */
int hmap_put(struct hmap *h, const void *key, const void *value,
	     unsigned int flags, gfp_t gfp)
{
	struct hmap_write w = {
		.key = key, .value = (void *)value, .flags = flags,
	};

	hmap_hash_ahead(h, key, &w.hashed);
	return hmap_write(h, &w, gfp);
}
EXPORT_SYMBOL_GPL(hmap_put);

/* Hash keys that are about to be put, and ask for their buckets. */
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
 * Each is put as by hmap_put(), in this order, until one fails.
 *
 * Context: process or softirq, as @gfp says.
 * Return: 0, or the error of the element number *@done.
 */
int hmap_put_batch(struct hmap *h, const void *keys, const void *values,
		   unsigned int n, unsigned int flags, gfp_t gfp,
		   unsigned int *done)
{
	size_t key_size = h->params.key_size, value_size = h->params.value_size;
	struct hmap_hashed hashed[HMAP_BATCH_KEYS];
	struct hmap_write w;
	unsigned int i;
	int err = 0;

	for (i = 0; i < n; i++) {
		if (i % HMAP_BATCH_KEYS == 0)
			hmap_hash_some(h, keys + i * key_size,
				       min_t(unsigned int, n - i,
					     HMAP_BATCH_KEYS), hashed);
		w = (struct hmap_write){
			.key = keys + i * key_size,
			.hashed = hashed[i % HMAP_BATCH_KEYS],
			.value = (void *)values + i * value_size,
			.flags = flags,
		};
		err = hmap_write(h, &w, gfp);
		if (err)
			break;
	}
	*done = i;
	return err;
}
EXPORT_SYMBOL_GPL(hmap_put_batch);

/**
 * hmap_update() - change an element by a function
 * @h: the map
 * @key: the key
 * @fn: gets the value, or zeros if there is none, and changes it
 * @arg: for @fn
 * @flags: HMAP_ANY to insert if there is no element, HMAP_EXIST to return
 *	-ENOENT then, HMAP_NOEXIST to return -EEXIST if there is one
 * @gfp: how to allocate
 *
 * Nobody sees a value in between, and no other change of the element comes in
 * between.
 *
 * Context: process or softirq, as @gfp says. @fn is called under a lock of
 * the map: it must not sleep and not use the same map. A value out of line is copied
 * as a whole under the lock, up to 64 KiB.
 * Return: as hmap_put(), or what @fn returned if that is not 0.
 */
int hmap_update(struct hmap *h, const void *key, hmap_updatefn_t fn, void *arg,
		unsigned int flags, gfp_t gfp)
{
	u64 room[HMAP_MAX_INLINE_SIZE / sizeof(u64)] = {};
	struct hmap_write w = {
		.key = key, .value = room, .flags = flags, .fn = fn,
		.arg = arg,
	};

	hmap_hash_ahead(h, key, &w.hashed);
	return hmap_write(h, &w, gfp);
}
EXPORT_SYMBOL_GPL(hmap_update);

/* Whether everything behind the slot is HMAP_EMPTY_REST. */
static bool hmap_rest_follows(struct hmap *h, const struct hmap_chain *chain,
			      const struct hmap_slot *slot)
{
	struct bmap *next;

	if (slot->i + 1 < HMAP_BUCKET_CNT)
		return slot->b->tophash[slot->i + 1] == HMAP_EMPTY_REST;
	next = hmap_next(h, chain->a, slot->b);
	return !next || next->tophash[0] == HMAP_EMPTY_REST;
}

/* The last bucket before @b that has a slot in use; the first if none has. */
static struct bmap *hmap_last_used_before(struct hmap *h,
					  const struct hmap_chain *chain,
					  const struct bmap *b)
{
	struct bmap *last = chain->head, *p;

	for (p = chain->head; p != b; p = hmap_next(h, chain->a, p))
		if (bmap_match_used(bmap_tophashes(p)))
			last = p;
	return last;
}

/*
 * Mark a slot that has become empty, and the empty ones before it if nothing
 * is behind, so that lookups stop early.
 */
static void hmap_mark_empty(struct hmap *h, const struct hmap_chain *chain,
			    const struct hmap_slot *slot)
{
	struct bmap *b = slot->b, *p;

	bmap_set_empty(b, slot->i, hmap_rest_follows(h, chain, slot));
	if (b == chain->head || b->tophash[0] != HMAP_EMPTY_REST)
		return;
	for (p = hmap_last_used_before(h, chain, b); p != b;
	     p = hmap_next(h, chain->a, p))
		bmap_set_rest(p);
}

static void hmap_wipe(struct hmap *h, const struct hmap_slot *slot)
{
	void *key = bmap_key(&h->geo, slot->b, slot->i);
	void *value = bmap_value(&h->geo, slot->b, slot->i);

	if (hmap_out_of_line(h->params.key_size))
		hmap_set_blob(key, NULL);
	else
		bmap_wipe(key, h->params.key_size);
	if (hmap_out_of_line(h->params.value_size))
		hmap_set_blob(value, NULL);
	else
		bmap_wipe(value, h->params.value_size);
}

/**
 * struct hmap_removed - what a removed element leaves to its remover
 * @key: a key out of line
 * @value: a value out of line
 */
struct hmap_removed {
	struct hmap_blob *key;
	struct hmap_blob *value;
};

static struct hmap_removed hmap_remove_slot(struct hmap *h,
					    const struct hmap_locked *lk,
					    const struct hmap_chain *chain,
					    const struct hmap_slot *slot)
{
	struct hmap_removed removed = {};

	if (hmap_out_of_line(h->params.key_size))
		removed.key = hmap_get_blob(bmap_key(&h->geo, slot->b,
						     slot->i));
	if (hmap_out_of_line(h->params.value_size))
		removed.value = hmap_get_blob(bmap_value(&h->geo, slot->b,
							 slot->i));
	bmap_write_begin(chain->head);
	hmap_wipe(h, slot);
	hmap_mark_empty(h, chain, slot);
	bmap_write_end(chain->head);
	hmap_count_change(h, lk, -1);
	return removed;
}

/* -EAGAIN if the key may be in another stripe now. */
static int hmap_remove_locked(struct hmap *h, const struct hmap_locked *lk,
			      const void *key, void *value,
			      struct hmap_removed *removed)
{
	/* Nothing is allocated for a delete: the old chain does as well. */
	struct hmap_supply supply = { .no_block = true };
	struct hmap_chain chain;
	struct hmap_slot slot;

	lockdep_assert_held(&h->stripes[lk->s].lock);
	if (!hmap_resize_work(h, lk, &supply))
		return -EAGAIN;
	chain = hmap_chain_of(h, lk->a, lk->hash);
	if (!hmap_find(h, &chain, key, lk->hash, &slot))
		return -ENOENT;
	if (!hmap_out_of_line(h->params.value_size))
		hmap_copy_value(h, &slot, value);
	*removed = hmap_remove_slot(h, lk, &chain, &slot);
	hmap_resize_for_delete(h, lk);
	return 0;
}

/**
 * hmap_pop() - delete an element and return its value
 * @h: the map
 * @key: the key
 * @value: where the value is copied to; NULL if it is not wanted
 *
 * Context: process or softirq.
 * Return: 0, or -ENOENT if the key is not in the map.
 */
int hmap_pop(struct hmap *h, const void *key, void *value)
{
	struct hmap_removed removed = {};
	struct hmap_locked lk;
	int err;

	do {
		hmap_lock_key(h, key, &lk);
		err = hmap_remove_locked(h, &lk, key, value, &removed);
		hmap_unlock(h, &lk);
	} while (err == -EAGAIN);
	if (removed.value && value)
		memcpy(value, removed.value->bytes, h->params.value_size);
	hmap_blob_retire(h, removed.key, h->params.key_size);
	hmap_blob_retire(h, removed.value, h->params.value_size);
	return err;
}
EXPORT_SYMBOL_GPL(hmap_pop);

/**
 * hmap_delete() - delete an element
 * @h: the map
 * @key: the key
 *
 * Context: process or softirq.
 * Return: 0, or -ENOENT if the key is not in the map.
 */
int hmap_delete(struct hmap *h, const void *key)
{
	return hmap_pop(h, key, NULL);
}
EXPORT_SYMBOL_GPL(hmap_delete);

/* Replace the array by an empty one. Returns the one that was there. */
static struct hmap_array *hmap_replace_all(struct hmap *h,
					   struct hmap_array *new)
{
	struct hmap_array *a;
	u32 s;

	new->hash0 = hmap_new_seed();
	new->mask = hmap_full_mask(h, new);
	a = hmap_lock_all(h);
	hmap_view_begin(h);
	/* It is complete: pairs with rcu_dereference(). */
	rcu_assign_pointer(h->buckets, new);
	hmap_view_end(h);
	for (s = 0; s < h->params.stripes; s++) {
		WRITE_ONCE(h->stripes[s].count, 0);
		h->stripes[s].due = 0;
		WRITE_ONCE(h->stripes[s].changes, h->stripes[s].changes + 1);
	}
	atomic_long_set(&h->count, 0);
	hmap_unlock_all(h);
	return a;
}

/* The arrays go after a grace period, which what is out of line has to wait for. */
static void hmap_clear_arrays(struct hmap *h, struct hmap_array *a)
{
	struct hmap_array *old = a->oldbuckets;

	if (hmap_has_blobs(h)) {
		synchronize_rcu();
		hmap_free_arrays(h, a);
		return;
	}
	if (old)
		hmap_array_retire(old);
	hmap_array_retire(a);
}

/**
 * hmap_clear() - delete all elements
 * @h: the map
 *
 * The map keeps its number of buckets, or starts again without any if memory
 * for as many empty ones cannot be had, or is not allowed. Like Go's, an empty
 * map is left as it is.
 *
 * Context: process; may sleep, if keys or values are out of line for a grace period
 * of RCU. Waits as hmap_reserve() does.
 * Return: 0; -ENOMEM, or -EINTR if a signal came, with the map unchanged.
 */
int hmap_clear(struct hmap *h)
{
	struct hmap_array *new;
	int locked;
	u8 B;

	might_sleep();
	if (!hmap_count_exact(h))
		return 0;
	locked = hmap_resizer_lock(h);
	if (locked < 0)
		return locked;
	rcu_read_lock();
	B = max(rcu_dereference(h->buckets)->B, READ_ONCE(h->min_B));
	rcu_read_unlock();
	new = hmap_array_make(h, B, GFP_KERNEL);
	if (IS_ERR(new))
		new = hmap_array_alloc_empty(h, GFP_KERNEL);
	if (new)
		hmap_clear_arrays(h, hmap_replace_all(h, new));
	hmap_resizer_unlock(h, locked);
	return new ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_GPL(hmap_clear);
