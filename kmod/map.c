// SPDX-License-Identifier: GPL-2.0
/*
 * hmap: a resizable hash map in the design of Go's classic map.
 *
 * Elements live in buckets of eight slots (bucket.h), buckets in an array with
 * overflow buckets (array.c). A growing map has two arrays; every put and
 * delete moves a bucket or two from the old one to the new one (resize.c), so
 * that no operation pays for the table. A key is in the old array until its
 * bucket there has been evacuated, and in the new one from then on.
 *
 * Writers and evacuation take the lock of the map. Lookups take none: they
 * read the version of the chain before and after, and start again if it has
 * changed (bucket.h). What they may be in is freed after a grace period of RCU.
 *
 * Nothing is allocated under the lock: see struct hmap_supply.
 */
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "hash.h"
#include "internal.h"

/* Lookups that met a writer this often take the lock. */
#define HMAP_READ_TRIES	16

static bool hmap_out_of_line(u32 size)
{
	return size > HMAP_MAX_INLINE_SIZE;
}

static u32 hmap_slot_size(u32 size)
{
	return hmap_out_of_line(size) ? sizeof(struct hmap_blob *) : size;
}

static void hmap_init_geometry(struct hmap *h)
{
	struct hmap_geometry *geo = &h->geo;

	geo->key_slot = hmap_slot_size(h->params.key_size);
	geo->value_slot = hmap_slot_size(h->params.value_size);
	geo->values = sizeof(struct bmap) + BUCKET_CNT * geo->key_slot;
	geo->tail = geo->values + BUCKET_CNT * geo->value_slot;
	geo->bucket_size = geo->tail + sizeof(struct bmap_tail);
}

static bool hmap_params_ok(const struct hmap_params *params)
{
	return params->key_size >= HMAP_MIN_KEY_SIZE &&
	       params->key_size <= HMAP_MAX_KEY_SIZE &&
	       params->value_size <= HMAP_MAX_VALUE_SIZE &&
	       (!params->max_entries || params->hint <= params->max_entries);
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
 * Return: 0; -EINVAL if a size is out of range, the hint is beyond what any
 * map can hold or beyond max_entries; -ENOMEM.
 */
int hmap_init(struct hmap *h, const struct hmap_params *params)
{
	struct hmap_array *a;
	u8 B;

	might_sleep();
	if (!hmap_params_ok(params))
		return -EINVAL;
	memset(h, 0, sizeof(*h));
	spin_lock_init(&h->lock);
	h->params = *params;
	if (!h->params.hashfn)
		h->params.hashfn = hmap_siphash;
	if (!h->params.equalfn)
		h->params.equalfn = hmap_equal_bytes;
	hmap_init_geometry(h);
	if (hmap_hint_B(h, params->hint, &B))
		return -EINVAL;
	a = B ? hmap_array_alloc(h, B, GFP_KERNEL) :
		hmap_array_alloc_empty(h, GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	a->hash0 = hmap_new_seed();
	RCU_INIT_POINTER(h->buckets, a);
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
	hmap_free_arrays(h, rcu_dereference_protected(h->buckets, true));
	RCU_INIT_POINTER(h->buckets, NULL);
}
EXPORT_SYMBOL_GPL(hmap_destroy);

/**
 * hmap_find() - find a key in a chain
 * @h: the map
 * @chain: the chain
 * @key: the key
 * @top: tophash of the key
 * @slot: out: where it is
 *
 * Return: true if it is there. Without the lock, bmap_read_retry() tells
 * whether the answer can be relied on.
 */
bool hmap_find(const struct hmap *h, const struct hmap_chain *chain,
	       const void *key, u8 top, struct hmap_slot *slot)
{
	struct bmap *b;
	const void *k;
	unsigned int i;
	u64 tophashes;

	for (b = chain->head; b; b = hmap_next(h, chain->a, b)) {
		tophashes = bmap_tophashes(b);
		bmap_for_each_slot(i, bmap_match(tophashes, top)) {
			k = hmap_key_bytes(h, b, i);
			if (k && hmap_equal(h, k, key)) {
				*slot = (struct hmap_slot){ b, i };
				return true;
			}
		}
		if (bmap_has_rest(tophashes))
			break;
	}
	return false;
}

/* The chain of the hash, in the array that it is in at present. */
struct hmap_chain hmap_chain_locked(struct hmap *h, u64 hash)
{
	struct hmap_array *a = hmap_array_locked(h);
	struct hmap_array *old = a->oldbuckets;

	if (old && !hmap_evacuated(h, old, hmap_bucket_index(old, hash)))
		a = old;
	return (struct hmap_chain){
		a, hmap_bucket(h, a, hmap_bucket_index(a, hash))
	};
}

/*
 * Hash the key and lock the map; not the other way round, since a key may be
 * long. The seed may change before the lock is held.
 */
static u64 hmap_lock_hash(struct hmap *h, const void *key)
	__acquires(&h->lock)
{
	siphash_key_t hash0;
	u64 hash;

	for (;;) {
		rcu_read_lock();
		/* A mixture of two seeds is found out under the lock. */
		hash0 = data_race(rcu_dereference(h->buckets)->hash0);
		rcu_read_unlock();
		hash = hmap_hash(h, key, &hash0);
		spin_lock_bh(&h->lock);
		if (!memcmp(&hash0, &hmap_array_locked(h)->hash0,
			    sizeof(hash0)))
			return hash;
		spin_unlock_bh(&h->lock);
	}
}

static void hmap_copy_value(struct hmap *h, const struct hmap_slot *slot,
			    void *value)
{
	void *bytes = hmap_value_bytes(h, slot->b, slot->i);

	if (value && bytes)
		bmap_copy(value, bytes, h->params.value_size);
}

/* A lookup in one chain. -EAGAIN if a writer came in between. */
static int hmap_get_chain(struct hmap *h, const struct hmap_chain *chain,
			  const void *key, u8 top, u32 version, void *value)
{
	struct hmap_slot slot;
	bool found = hmap_find(h, chain, key, top, &slot);

	if (found)
		hmap_copy_value(h, &slot, value);
	if ((version & 1) || bmap_read_retry(&h->geo, chain->head, version))
		return -EAGAIN;
	return found ? 0 : -ENOENT;
}

/*
 * Open the chain of @hash in @a for reading. Returns false if the bucket has
 * been evacuated. The acquire of the version comes before the look at the
 * mark, so that an evacuation in between shows in one or the other.
 */
static bool hmap_read_chain(struct hmap *h, struct hmap_array *a, u64 hash,
			    struct hmap_chain *chain, u32 *version)
{
	u8 state;

	chain->a = a;
	chain->head = hmap_bucket(h, a, hmap_bucket_index(a, hash));
	*version = bmap_read_begin(&h->geo, chain->head);
	/* Pairs with the release in hmap_evac_chain(). */
	state = smp_load_acquire(&chain->head->tophash[0]);
	return !bmap_evacuated(state);
}

/* A lookup without the lock. -EAGAIN if a writer came in between. */
static int hmap_get_lockless(struct hmap *h, const void *key, void *value)
{
	struct hmap_array *a = rcu_dereference(h->buckets), *old;
	struct hmap_chain chain;
	siphash_key_t hash0;
	u32 version;
	u64 hash;

	if (!a->data)
		return -ENOENT;
	/* A mixture of two seeds: the map was empty, the key is not there. */
	hash0 = data_race(a->hash0);
	hash = hmap_hash(h, key, &hash0);
	/* Pairs with the release in hmap_grow_done(). */
	old = smp_load_acquire(&a->oldbuckets);
	if (!old || !hmap_read_chain(h, old, hash, &chain, &version))
		if (!hmap_read_chain(h, a, hash, &chain, &version))
			return -EAGAIN; /* a itself has been replaced */
	return hmap_get_chain(h, &chain, key, bmap_tophash_of(hash), version,
			      value);
}

static int hmap_get_locked(struct hmap *h, const void *key, void *value)
{
	u64 hash = hmap_lock_hash(h, key);
	struct hmap_chain chain = hmap_chain_locked(h, hash);
	struct hmap_slot slot;
	int err = -ENOENT;

	if (hmap_find(h, &chain, key, bmap_tophash_of(hash), &slot)) {
		hmap_copy_value(h, &slot, value);
		err = 0;
	}
	spin_unlock_bh(&h->lock);
	return err;
}

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
EXPORT_SYMBOL_GPL(hmap_get);

/**
 * struct hmap_write - a put or an update on its way
 * @key: the key
 * @flags: HMAP_ANY, HMAP_NOEXIST or HMAP_EXIST
 * @fn: changes the value; NULL if @value is what to store
 * @arg: for @fn
 * @value: the value to store; with @fn room for it
 * @new_key: memory for a key out of line
 * @new_value: memory for a value out of line, @value is in it
 * @old_value: a value out of line that was replaced
 * @supply: other memory
 */
struct hmap_write {
	const void *key;
	unsigned int flags;
	hmap_updatefn_t fn;
	void *arg;
	void *value;
	struct hmap_blob *new_key;
	struct hmap_blob *new_value;
	struct hmap_blob *old_value;
	struct hmap_supply supply;
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
		w->old_value = hmap_get_blob(to);
		hmap_set_blob(to, w->new_value);
		w->new_value = NULL;
	} else {
		bmap_copy(to, w->value, h->params.value_size);
	}
}

static void hmap_store_key(struct hmap *h, struct hmap_write *w,
			   const struct hmap_slot *slot)
{
	void *to = bmap_key(&h->geo, slot->b, slot->i);

	if (hmap_out_of_line(h->params.key_size)) {
		hmap_set_blob(to, w->new_key);
		w->new_key = NULL;
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
	bmap_write_begin(&h->geo, head);
	hmap_store_value(h, w, slot);
	bmap_write_end(&h->geo, head);
	return 0;
}

/*
 * The first free slot of a chain. If there is none, the last bucket with
 * @slot->i = BUCKET_CNT. Returns the number of buckets looked at.
 */
static u32 hmap_find_free(struct hmap *h, const struct hmap_chain *chain,
			  struct hmap_slot *slot)
{
	struct bmap *b;
	u64 match;
	u32 len = 0;

	for (b = chain->head; b; b = hmap_next(h, chain->a, b)) {
		len++;
		slot->b = b;
		match = bmap_match_empty(bmap_tophashes(b));
		if (match) {
			slot->i = bmap_first_slot(match);
			return len;
		}
	}
	slot->i = BUCKET_CNT;
	return len;
}

/* Insert into a chain that does not have the key. */
static int hmap_insert(struct hmap *h, struct hmap_write *w,
		       const struct hmap_chain *chain, u8 top)
{
	struct hmap_array *a = chain->a;
	struct hmap_slot slot;
	u32 len = hmap_find_free(h, chain, &slot);
	bool full = slot.i == BUCKET_CNT;
	int err;

	if (full && !hmap_secure_overflow(h, a, 1, &w->supply))
		return w->supply.want ? -EAGAIN : -ENOMEM;
	err = hmap_call_update(h, w, NULL);
	if (err)
		return err;
	bmap_write_begin(&h->geo, chain->head);
	if (full) {
		slot.b = hmap_append_bucket(h, a, slot.b);
		slot.i = 0;
		a->longest_chain = max(a->longest_chain, len + 1);
	}
	hmap_store_key(h, w, &slot);
	hmap_store_value(h, w, &slot);
	bmap_set_tophash(slot.b, slot.i, top);
	bmap_write_end(&h->geo, chain->head);
	WRITE_ONCE(h->count, h->count + 1);
	return 0;
}

/*
 * Begin a resize if one more element calls for it. Returns 0 if there is
 * nothing (more) to do, -EAGAIN if an array is wanted, -ENOMEM if the map
 * cannot do without. A map that cannot grow for lack of memory goes on with
 * longer chains.
 */
static int hmap_grow_for_insert(struct hmap *h, struct hmap_supply *supply,
				u64 hash)
{
	struct hmap_array *a = hmap_array_locked(h);
	u8 B;

	if (!hmap_grow_needed(h, a, &B))
		return 0;
	if (supply->array && supply->array->B == B) {
		hmap_grow(h, supply->array);
		supply->array = NULL;
		return hmap_grow_work(h, hash, supply) ? 0 : -EAGAIN;
	}
	if (supply->no_array || !hmap_array_size_ok(h, B))
		return a->data ? 0 : -ENOMEM;
	supply->want = WANT_ARRAY;
	supply->want_B = B;
	return -EAGAIN;
}

/*
 * Go's order: work for the resize under way; find the key; if it is not there
 * begin a resize if one is due, and look where the key belongs then.
 */
static int hmap_write_locked(struct hmap *h, struct hmap_write *w, u64 hash)
{
	struct hmap_chain chain;
	struct hmap_slot slot;
	u8 top = bmap_tophash_of(hash);
	int err;

	if (!hmap_grow_work(h, hash, &w->supply))
		return -EAGAIN;
	chain = hmap_chain_locked(h, hash);
	if (hmap_find(h, &chain, w->key, top, &slot))
		return hmap_overwrite(h, w, chain.head, &slot);
	if (w->flags == HMAP_EXIST)
		return -ENOENT;
	if (h->params.max_entries && h->count >= h->params.max_entries)
		return -ENOSPC;
	err = hmap_grow_for_insert(h, &w->supply, hash);
	if (err)
		return err;
	chain = hmap_chain_locked(h, hash);
	return hmap_insert(h, w, &chain, top);
}

/* Memory for what is kept out of line; @value is then in @new_value. */
static int hmap_write_prepare(struct hmap *h, struct hmap_write *w, gfp_t gfp)
{
	if (hmap_out_of_line(h->params.key_size) && w->flags != HMAP_EXIST) {
		w->new_key = hmap_blob_alloc(h, h->params.key_size, gfp);
		if (!w->new_key)
			return -ENOMEM;
		memcpy(w->new_key->bytes, w->key, h->params.key_size);
	}
	if (hmap_out_of_line(h->params.value_size)) {
		w->new_value = hmap_blob_alloc(h, h->params.value_size, gfp);
		if (!w->new_value)
			return -ENOMEM;
		if (!w->fn)
			memcpy(w->new_value->bytes, w->value,
			       h->params.value_size);
		w->value = w->new_value->bytes;
	}
	return 0;
}

static int hmap_write(struct hmap *h, struct hmap_write *w, gfp_t gfp)
{
	u64 hash;
	int err;

	if (w->flags > HMAP_EXIST)
		return -EINVAL;
	err = hmap_write_prepare(h, w, gfp);
	while (!err) {
		hash = hmap_lock_hash(h, w->key);
		err = hmap_write_locked(h, w, hash);
		spin_unlock_bh(&h->lock);
		if (err != -EAGAIN || !w->supply.want)
			break;
		hmap_supply_fill(h, &w->supply, gfp);
		err = 0;
	}
	hmap_supply_drop(h, &w->supply);
	hmap_blob_free(h, w->new_key, h->params.key_size);
	hmap_blob_free(h, w->new_value, h->params.value_size);
	hmap_blob_retire(h, w->old_value, h->params.value_size);
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
 * -ENOSPC if the map has max_entries elements; -ENOMEM. The map is unchanged
 * if it is not 0.
 */
int hmap_put(struct hmap *h, const void *key, const void *value,
	     unsigned int flags, gfp_t gfp)
{
	struct hmap_write w = {
		.key = key, .flags = flags, .value = (void *)value,
	};

	return hmap_write(h, &w, gfp);
}
EXPORT_SYMBOL_GPL(hmap_put);

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
 * Context: process or softirq, as @gfp says. @fn is called under the lock of
 * the map: it must not sleep and not use the same map.
 * Return: as hmap_put(), or what @fn returned if that is not 0.
 */
int hmap_update(struct hmap *h, const void *key, hmap_updatefn_t fn, void *arg,
		unsigned int flags, gfp_t gfp)
{
	u64 room[HMAP_MAX_INLINE_SIZE / sizeof(u64)] = {};
	struct hmap_write w = {
		.key = key, .flags = flags, .fn = fn, .arg = arg,
		.value = room,
	};

	return hmap_write(h, &w, gfp);
}
EXPORT_SYMBOL_GPL(hmap_update);

static bool hmap_slot_is_rest(const struct hmap_slot *slot)
{
	return slot->b->tophash[slot->i] == EMPTY_REST;
}

/* Whether everything behind the slot is EMPTY_REST. */
static bool hmap_rest_follows(struct hmap *h, const struct hmap_chain *chain,
			      const struct hmap_slot *slot)
{
	struct hmap_slot next = { slot->b, slot->i + 1 };

	if (next.i == BUCKET_CNT) {
		next.b = hmap_next(h, chain->a, slot->b);
		next.i = 0;
	}
	return !next.b || hmap_slot_is_rest(&next);
}

/* The slot before; false for the first one of the chain. */
static bool hmap_slot_before(struct hmap *h, const struct hmap_chain *chain,
			     struct hmap_slot *slot)
{
	struct bmap *b = chain->head;

	if (slot->i) {
		slot->i--;
		return true;
	}
	if (slot->b == b)
		return false;
	while (hmap_next(h, chain->a, b) != slot->b)
		b = hmap_next(h, chain->a, b);
	*slot = (struct hmap_slot){ b, BUCKET_CNT - 1 };
	return true;
}

/*
 * Mark a slot that has become empty, and the empty ones before it if nothing
 * is behind, so that lookups stop early.
 */
static void hmap_mark_empty(struct hmap *h, const struct hmap_chain *chain,
			    struct hmap_slot slot)
{
	bmap_set_tophash(slot.b, slot.i, EMPTY_ONE);
	if (!hmap_rest_follows(h, chain, &slot))
		return;
	do {
		bmap_set_tophash(slot.b, slot.i, EMPTY_REST);
	} while (hmap_slot_before(h, chain, &slot) &&
		 slot.b->tophash[slot.i] == EMPTY_ONE);
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
	bmap_write_begin(&h->geo, chain->head);
	hmap_wipe(h, slot);
	hmap_mark_empty(h, chain, *slot);
	bmap_write_end(&h->geo, chain->head);
	WRITE_ONCE(h->count, h->count - 1);
	if (!h->count)
		hmap_array_locked(h)->hash0 = hmap_new_seed();
	return removed;
}

static int hmap_remove_locked(struct hmap *h, const void *key, u64 hash,
			      void *value, struct hmap_removed *removed)
{
	struct hmap_chain chain;
	struct hmap_slot slot;

	if (!h->count)
		return -ENOENT;
	hmap_grow_work(h, hash, NULL);
	chain = hmap_chain_locked(h, hash);
	if (!hmap_find(h, &chain, key, bmap_tophash_of(hash), &slot))
		return -ENOENT;
	if (!hmap_out_of_line(h->params.value_size))
		hmap_copy_value(h, &slot, value);
	*removed = hmap_remove_slot(h, &chain, &slot);
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
	u64 hash = hmap_lock_hash(h, key);
	int err = hmap_remove_locked(h, key, hash, value, &removed);

	spin_unlock_bh(&h->lock);
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
static struct hmap_array *hmap_clear_locked(struct hmap *h,
					    struct hmap_array *new)
{
	struct hmap_array *a = hmap_array_locked(h);

	lockdep_assert_held(&h->lock);
	new->hash0 = hmap_new_seed();
	rcu_assign_pointer(h->buckets, new);
	WRITE_ONCE(h->count, 0);
	h->flags &= ~HMAP_FLAG_SAMESIZEGROW;
	return a;
}

/**
 * hmap_clear() - delete all elements
 * @h: the map
 *
 * The map keeps its number of buckets, or starts again without any if memory
 * for as many empty ones cannot be had. Like Go's, an empty map is left as it
 * is.
 *
 * Context: process; may sleep, for a grace period of RCU.
 * Return: 0, or -ENOMEM, with the map unchanged.
 */
int hmap_clear(struct hmap *h)
{
	struct hmap_array *a, *new;
	u8 B;

	might_sleep();
	if (!hmap_len(h))
		return 0;
	rcu_read_lock();
	B = rcu_dereference(h->buckets)->B;
	rcu_read_unlock();
	new = hmap_array_alloc(h, B, GFP_KERNEL);
	if (!new)
		new = hmap_array_alloc_empty(h, GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	spin_lock_bh(&h->lock);
	a = hmap_clear_locked(h, new);
	spin_unlock_bh(&h->lock);
	synchronize_rcu();
	hmap_free_arrays(h, a);
	return 0;
}
EXPORT_SYMBOL_GPL(hmap_clear);
