// SPDX-License-Identifier: GPL-2.0
/*
 * hmap: a resizable hash map in the design of Go's classic map.
 *
 * Elements live in buckets of eight slots (hmap-bucket.h), buckets in an array with
 * overflow buckets (array.c). A growing map has two arrays; every put and
 * delete moves a bucket or two from the old one to the new one (resize.c), so
 * that no operation pays for the table. A key is in the old array until its
 * bucket there has been evacuated, and in the new one from then on.
 *
 * Writers and evacuation take the lock of a stripe of the buckets (lock.c).
 * Lookups take none: they read the version of the chain before and after, and
 * start again if it has changed (hmap-inline.h). What they may be in is freed
 * after a grace period of RCU.
 *
 * Nothing is allocated under a lock: see struct hmap_supply.
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

static siphash_key_t hmap_new_seed(void)
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
				   HMAP_ACCOUNT)) &&
	       hmap_node_ok(params) &&
	       (!params->view || hmap_view_params_ok(params)) &&
	       (!params->max_entries || params->hint <= params->max_entries);
}

static int hmap_init_stripes(struct hmap *h)
{
	bool account = h->params.flags & HMAP_ACCOUNT;
	u32 s;

	/* Zeroed, and aligned to cache lines since the size is a power of two. */
	h->stripes = kcalloc_node(h->params.stripes, sizeof(*h->stripes),
				  account ? GFP_KERNEL_ACCOUNT : GFP_KERNEL,
				  hmap_node(&h->params));
	if (!h->stripes)
		return -ENOMEM;
	for (s = 0; s < h->params.stripes; s++)
		spin_lock_init(&h->stripes[s].lock);
	spin_lock_init(&h->all);
	init_waitqueue_head(&h->wait);
	INIT_DELAYED_WORK(&h->work, hmap_worker);
	return 0;
}

/* What a map has besides its arrays. */
static void hmap_free_rest(struct hmap *h)
{
	mem_cgroup_put(h->memcg);
	kfree(h->stripes);
}

/**
 * hmap_init() - make a map
 * @h: the map; all of it is overwritten
 * @params: what it is made for; copied
 *
 * Buckets for @params->hint elements are allocated at once; up to 8 elements
 * need none before the first put.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL if a size or the number of stripes is out of range, a flag
 * or the node unknown, the hint beyond what any map can hold or beyond
 * max_entries; -ENOSPC if it is beyond what max_bytes or the pool allows; -ENOMEM.
 */
int hmap_init(struct hmap *h, const struct hmap_params *params)
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
	if (hmap_hint_B(h, params->hint, &h->min_B))
		return -EINVAL;
	err = hmap_init_stripes(h);
	if (err)
		return err;
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
	if (hmap_nbuckets(a) >= h->params.stripes)
		a->mask = h->params.stripes - 1;
	RCU_INIT_POINTER(h->buckets, a);
	if (params->view)
		hmap_view_attach(h);
	return 0;
}
EXPORT_SYMBOL_GPL(hmap_init);

static void hmap_free_slot(struct hmap *h, struct bmap *b, unsigned int i)
{
	struct hmap_blob **key = bmap_key(&h->geo, b, i);
	struct hmap_blob **value = bmap_value(&h->geo, b, i);

	if (hmap_out_of_line(h->params.key_size))
		hmap_blob_free(h, *key, h->params.key_size);
	if (hmap_out_of_line(h->params.value_size))
		hmap_blob_free(h, *value, h->params.value_size);
}

/* Free the keys and values out of line that an unreachable array names. */
static void hmap_free_blobs(struct hmap *h, struct hmap_array *a)
{
	struct bmap *b;
	unsigned int i;
	size_t n;

	if (!a->data || (!hmap_out_of_line(h->params.key_size) &&
			 !hmap_out_of_line(h->params.value_size)))
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
		hmap_array_free(h, old);
	}
	hmap_free_blobs(h, a);
	hmap_array_free(h, a);
}

/**
 * hmap_destroy() - free a map
 * @h: the map; nobody may be using it or begin to
 *
 * Context: process; may sleep.
 */
void hmap_destroy(struct hmap *h)
{
	might_sleep();
	cancel_delayed_work_sync(&h->work);
	hmap_drop_spare(h);
	hmap_free_arrays(h, rcu_dereference_protected(h->buckets, true));
	RCU_INIT_POINTER(h->buckets, NULL);
	hmap_free_rest(h);
}
EXPORT_SYMBOL_GPL(hmap_destroy);

/* Find a key in the bucket @slot->b. */
static __always_inline bool hmap_find_slot(const struct hmap *h,
					   struct hmap_slot *slot,
					   u64 tophashes, const void *key,
					   u8 top)
{
	const void *k;

	bmap_for_each_slot(slot->i, bmap_match(tophashes, top)) {
		k = hmap_key_bytes(h, slot->b, slot->i);
		if (k && hmap_keys_equal(h->params, k, key))
			return true;
	}
	return false;
}

/**
 * hmap_find() - find a key in a chain
 * @h: the map
 * @chain: the chain
 * @key: the key
 * @top: tophash of the key
 * @slot: out: where it is
 *
 * Return: true if it is there. Without a lock, bmap_read_retry() tells whether
 * the answer can be relied on.
 */
bool hmap_find(const struct hmap *h, const struct hmap_chain *chain,
	       const void *key, u8 top, struct hmap_slot *slot)
{
	u64 tophashes;

	for (slot->b = chain->head; slot->b;
	     slot->b = hmap_next(h, chain->a, slot->b)) {
		tophashes = bmap_tophashes(slot->b);
		if (hmap_find_slot(h, slot, tophashes, key, top))
			return true;
		if (bmap_has_rest(tophashes) ||
		    !bmap_filter_test(chain->head, top))
			break;
	}
	return false;
}

/*
 * The same under the stripe, for a key that is to be put: if it is not there,
 * @free is the first free slot of the chain, or with @free->i = HMAP_BUCKET_CNT
 * the last bucket.
 */
static bool hmap_find_or_free(const struct hmap *h,
			      const struct hmap_chain *chain, const void *key,
			      u8 top, struct hmap_slot *slot,
			      struct hmap_slot *free)
{
	u64 tophashes, empty;

	free->i = HMAP_BUCKET_CNT;
	for (slot->b = chain->head; slot->b;
	     slot->b = hmap_next(h, chain->a, slot->b)) {
		tophashes = bmap_tophashes(slot->b);
		if (hmap_find_slot(h, slot, tophashes, key, top))
			return true;
		if (free->i == HMAP_BUCKET_CNT) {
			free->b = slot->b;
			empty = bmap_match_empty(tophashes);
			if (empty)
				free->i = bmap_first_slot(empty);
		}
		if (bmap_has_rest(tophashes) ||
		    (free->i < HMAP_BUCKET_CNT &&
		     !bmap_filter_test(chain->head, top)))
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
	/* A mixture of two seeds: the map was empty, the key is not there. */
	hash0 = data_race(a->hash0);
	hash = hmap_hash(h, key, &hash0);
	if (!old || !hmap_read_chain(h, old, hash, &chain, &version))
		if (!hmap_read_chain(h, a, hash, &chain, &version))
			return -EAGAIN;
	found = hmap_find(h, &chain, key, bmap_tophash_of(hash), &slot);
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
	if (hmap_find(h, &chain, key, bmap_tophash_of(lk.hash), &slot)) {
		hmap_copy_value(h, &slot, value);
		err = 0;
	}
	hmap_unlock(h, &lk);
	return err;
}

/* A lookup for which the first bucket of its chain is not enough (private). */
int hmap_get_in_chain(struct hmap *h, struct hmap_array *a,
		      const struct bmap *head, u32 version, const void *key,
		      u64 hash, void *value)
{
	struct hmap_chain chain = { a, (struct bmap *)head };
	struct hmap_slot slot;
	bool found;

	found = hmap_find(h, &chain, key, bmap_tophash_of(hash), &slot);
	if (found)
		hmap_copy_value(h, &slot, value);
	if (bmap_read_retry(head, version))
		return -EAGAIN;
	return found ? 0 : -ENOENT;
}
EXPORT_SYMBOL_GPL(hmap_get_in_chain);

/* A lookup while the map is resized, or that a writer has disturbed (private). */
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
 * The value is never a mixture of two.
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
 * @full: the map seemed to be full
 * @fn: changes the value; NULL if @value is what to store
 * @arg: for @fn
 * @key_blob: memory for a key out of line, until it is stored
 * @value_blob: memory for a value out of line, @value is in it; when it has been
 *	stored, the one that it replaced
 */
struct hmap_write {
	const void *key;
	struct hmap_hashed hashed;
	void *value;
	unsigned int flags;
	bool full;
	hmap_updatefn_t fn;
	void *arg;
	struct hmap_blob *key_blob;
	struct hmap_blob *value_blob;
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
	struct hmap_blob *old;

	if (hmap_out_of_line(h->params.value_size)) {
		old = hmap_get_blob(to);
		hmap_set_blob(to, w->value_blob);
		w->value_blob = old;
	} else {
		bmap_copy(to, w->value, h->params.value_size);
	}
}

static void hmap_store_key(struct hmap *h, struct hmap_write *w,
			   const struct hmap_slot *slot)
{
	void *to = bmap_key(&h->geo, slot->b, slot->i);

	if (hmap_out_of_line(h->params.key_size)) {
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

/* Buckets of a chain. */
static u32 hmap_chain_len(struct hmap *h, const struct hmap_chain *chain)
{
	struct bmap *b;
	u32 len = 0;

	for (b = chain->head; b; b = hmap_next(h, chain->a, b))
		len++;
	return len;
}

/* Why there is no overflow bucket for an insert, or -EAGAIN to fetch one. */
static int hmap_no_overflow(struct hmap *h, struct hmap_supply *supply)
{
	if (!hmap_supply_over_limit(h, supply))
		return supply->want ? -EAGAIN : -ENOMEM;
	supply->want = WANT_NOTHING;
	return -ENOSPC;
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
 * Insert into a chain that does not have the key, at its first free slot or
 * behind its last bucket.
 */
static int hmap_insert(struct hmap *h, struct hmap_write *w,
		       const struct hmap_locked *lk,
		       const struct hmap_chain *chain, struct hmap_slot slot,
		       struct hmap_supply *supply)
{
	struct hmap_stripe *stripe = &h->stripes[lk->s];
	struct hmap_array *a = chain->a;
	bool full = slot.i == HMAP_BUCKET_CNT;
	u8 top = bmap_tophash_of(lk->hash);
	int err;

	if (full && !hmap_reserve_overflow(h, a, 1, supply))
		return hmap_no_overflow(h, supply);
	err = hmap_call_update(h, w, NULL);
	if (err) {
		hmap_unreserve_overflow(a, full);
		return err;
	}
	bmap_write_begin(chain->head);
	if (full) {
		slot.b = hmap_append_bucket(h, a, slot.b,
					    hmap_chain_len(h, chain) + 1);
		slot.i = 0;
	}
	if (slot.b != chain->head)
		hmap_filter_slot(h, chain, &slot, top);
	hmap_store_key(h, w, &slot);
	hmap_store_value(h, w, &slot);
	bmap_set_tophash(slot.b, slot.i, top);
	bmap_write_end(chain->head);
	WRITE_ONCE(stripe->count, stripe->count + 1);
	return 0;
}

/*
 * With several stripes a few more may slip in, since others insert meanwhile;
 * before an insert is refused the elements are counted under all stripes.
 */
static bool hmap_is_full(const struct hmap *h)
{
	return h->params.max_entries && hmap_len(h) >= h->params.max_entries;
}

static bool hmap_is_exactly_full(struct hmap *h)
{
	return hmap_count_exact(h) >= (long)h->params.max_entries;
}

/*
 * Whether the new element is more than the map's limits allow. A write brings its
 * key and value out of line along, beyond the limit if need be: it may be one that
 * gives others back for them.
 */
static bool hmap_is_over_limit(const struct hmap *h)
{
	return (hmap_out_of_line(h->params.key_size) ||
		hmap_out_of_line(h->params.value_size)) &&
	       !hmap_has_room(h, 0);
}

/*
 * Go's order: work for the resize under way; find the key; if it is not there
 * begin a resize if one is due, and look where the key belongs then.
 */
static int hmap_write_locked(struct hmap *h, struct hmap_write *w,
			     const struct hmap_locked *lk, bool may_wait,
			     struct hmap_supply *supply)
{
	struct hmap_chain chain;
	struct hmap_slot slot, free;
	int err;

	lockdep_assert_held(&h->stripes[lk->s].lock);
	w->full = false;
	if (!hmap_resize_work(h, lk, supply))
		return -EAGAIN;
	chain = hmap_chain_of(h, lk->a, lk->hash);
	if (hmap_find_or_free(h, &chain, w->key, bmap_tophash_of(lk->hash),
			      &slot, &free))
		return hmap_overwrite(h, w, chain.head, &slot);
	if (w->flags == HMAP_EXIST)
		return -ENOENT;
	w->full = hmap_is_full(h);
	if (w->full || hmap_is_over_limit(h))
		return -ENOSPC;
	err = hmap_resize_for_insert(h, lk, supply, may_wait);
	if (err)
		return err;
	return hmap_insert(h, w, lk, &chain, free, supply);
}

/* Memory for what is kept out of line; @value is then in @value_blob. */
static int hmap_write_prepare(struct hmap *h, struct hmap_write *w, gfp_t gfp)
{
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

/* Get what was missing under the lock. */
static int hmap_write_refill(struct hmap *h, struct hmap_supply *supply,
			     gfp_t gfp)
{
	if (supply->want == WANT_WORKER)
		return hmap_wait_worker(h, supply);
	hmap_supply_fill(h, supply, gfp);
	return 0;
}

static int hmap_write(struct hmap *h, struct hmap_write *w, gfp_t gfp)
{
	struct hmap_supply supply = {};
	struct hmap_locked lk;
	int err;

	if (w->flags > HMAP_EXIST)
		return -EINVAL;
	err = hmap_write_prepare(h, w, gfp);
	while (!err) {
		hmap_lock_hashed(h, w->key, &w->hashed, &lk);
		err = hmap_write_locked(h, w, &lk, gfpflags_allow_blocking(gfp),
					&supply);
		hmap_unlock(h, &lk);
		if (w->full && !hmap_is_exactly_full(h))
			err = 0;
		else if (supply.want)
			err = hmap_write_refill(h, &supply, gfp);
		else
			break;
	}
	hmap_supply_drop(h, &supply);
	hmap_blob_retire(h, w->key_blob, h->params.key_size);
	hmap_blob_retire(h, w->value_blob, h->params.value_size);
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
 * fails only when there is no memory for the element itself.
 *
 * Context: process or softirq, as @gfp says.
 * Return: 0; -EINVAL for other flags; -EEXIST or -ENOENT as @flags ask;
 * -ENOSPC if the map has max_entries elements, or no memory left of what it may
 * hold; -ENOMEM; -EINTR if the task was killed while it waited, as a sleeping
 * caller does who is far ahead of the worker that makes large arrays. The map is
 * unchanged if it is not 0.
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
 * the map: it must not sleep and not use the same map.
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

/* The bucket before @b in its chain. */
static struct bmap *hmap_bucket_before(struct hmap *h,
				       const struct hmap_chain *chain,
				       const struct bmap *b)
{
	struct bmap *before = chain->head;

	while (hmap_next(h, chain->a, before) != b)
		before = hmap_next(h, chain->a, before);
	return before;
}

/*
 * Mark a slot that has become empty, and the empty ones before it if nothing
 * is behind, so that lookups stop early.
 */
static void hmap_mark_empty(struct hmap *h, const struct hmap_chain *chain,
			    const struct hmap_slot *slot)
{
	struct bmap *b = slot->b;
	bool rest = hmap_rest_follows(h, chain, slot);

	bmap_set_empty(b, slot->i, rest);
	while (b != chain->head && b->tophash[0] == HMAP_EMPTY_REST) {
		b = hmap_bucket_before(h, chain, b);
		bmap_set_rest(b);
	}
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
 * @maybe_last: it was the last of its stripe
 */
struct hmap_removed {
	struct hmap_blob *key;
	struct hmap_blob *value;
	bool maybe_last;
};

static struct hmap_removed hmap_remove_slot(struct hmap *h,
					    const struct hmap_locked *lk,
					    const struct hmap_chain *chain,
					    const struct hmap_slot *slot)
{
	struct hmap_stripe *stripe = &h->stripes[lk->s];
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
	WRITE_ONCE(stripe->count, stripe->count - 1);
	removed.maybe_last = !stripe->count;
	return removed;
}

static int hmap_remove_locked(struct hmap *h, const struct hmap_locked *lk,
			      const void *key, void *value,
			      struct hmap_removed *removed)
{
	struct hmap_chain chain;
	struct hmap_slot slot;

	lockdep_assert_held(&h->stripes[lk->s].lock);
	hmap_resize_work(h, lk, NULL);
	chain = hmap_chain_of(h, lk->a, lk->hash);
	if (!hmap_find(h, &chain, key, bmap_tophash_of(lk->hash), &slot))
		return -ENOENT;
	if (!hmap_out_of_line(h->params.value_size))
		hmap_copy_value(h, &slot, value);
	*removed = hmap_remove_slot(h, lk, &chain, &slot);
	hmap_resize_for_delete(h, lk);
	return 0;
}

/*
 * An empty map takes a fresh seed. A reader who still has the other misses,
 * which is then true.
 */
static void hmap_reseed(struct hmap *h)
{
	struct hmap_array *a = hmap_lock_all(h);

	if (!hmap_count(h) && !hmap_old(a)) {
		hmap_view_begin(h);
		a->hash0 = hmap_new_seed();
		hmap_view_end(h);
	}
	hmap_unlock_all(h);
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

	hmap_lock_key(h, key, &lk);
	err = hmap_remove_locked(h, &lk, key, value, &removed);
	hmap_unlock(h, &lk);
	if (removed.maybe_last && !hmap_count(h))
		hmap_reseed(h);
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
	if (hmap_nbuckets(new) >= h->params.stripes)
		new->mask = h->params.stripes - 1;
	a = hmap_lock_all(h);
	hmap_view_begin(h);
	rcu_assign_pointer(h->buckets, new);
	hmap_view_end(h);
	for (s = 0; s < h->params.stripes; s++)
		WRITE_ONCE(h->stripes[s].count, 0);
	atomic_long_set(&h->unassigned, 0);
	hmap_unlock_all(h);
	return a;
}

/**
 * hmap_clear() - delete all elements
 * @h: the map
 *
 * The map keeps its number of buckets, or starts again without any if memory
 * for as many empty ones cannot be had, or is not allowed. Like Go's, an empty
 * map is left as it is.
 *
 * Context: process; may sleep, for a grace period of RCU.
 * Return: 0, or -ENOMEM, with the map unchanged.
 */
int hmap_clear(struct hmap *h)
{
	struct hmap_array *a, *new;
	u8 B;

	might_sleep();
	if (!hmap_count_exact(h))
		return 0;
	hmap_drop_spare(h);
	rcu_read_lock();
	B = max(rcu_dereference(h->buckets)->B, READ_ONCE(h->min_B));
	rcu_read_unlock();
	new = hmap_array_make(h, B, GFP_KERNEL);
	if (IS_ERR(new))
		new = hmap_array_alloc_empty(h, GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	a = hmap_replace_all(h, new);
	synchronize_rcu();
	hmap_free_arrays(h, a);
	return 0;
}
EXPORT_SYMBOL_GPL(hmap_clear);
