// SPDX-License-Identifier: GPL-2.0
/*
 * When to grow, and evacuation: moving the elements of the old array to the
 * new one, a bucket or two with each put and delete.
 */
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "hash.h"
#include "internal.h"

/* How far one put or delete looks for the next bucket to evacuate (Go's). */
#define ADVANCE_LIMIT	1024

bool hmap_evacuated(const struct hmap *h, const struct hmap_array *old,
		    size_t i)
{
	return bmap_evacuated(bmap_tophashes(hmap_bucket(h, old, i)));
}

/**
 * hmap_grow_needed() - whether one more element needs another array
 * @h: the map
 * @a: its array
 * @B: out: the B of the array that is needed
 *
 * Go's rules: one of twice the size beyond 6.5 elements a bucket, one of the
 * same size, for shorter chains, when overflow buckets are as many as buckets.
 * Nothing while a resize is under way.
 *
 * Return: true if it does.
 */
bool hmap_grow_needed(const struct hmap *h, const struct hmap_array *a, u8 *B)
{
	lockdep_assert_held(&h->lock);
	*B = a->B;
	if (!a->data)
		return true;
	if (a->oldbuckets)
		return false;
	if (hmap_over_load(h->count + 1, a->B)) {
		*B += 1;
		return true;
	}
	return hmap_too_many_overflow(a->noverflow, a->B);
}

/* Put @new in the place of the map's array; from then on it is evacuated. */
void hmap_grow(struct hmap *h, struct hmap_array *new)
{
	struct hmap_array *a = hmap_array_locked(h);

	lockdep_assert_held(&h->lock);
	new->hash0 = a->hash0;
	if (a->data) {
		if (hmap_same_size(new, a))
			h->same_size_grows++;
		else
			h->grows++;
	}
	if (!h->count) {
		/* Nothing to evacuate: the array is replaced at once. */
		rcu_assign_pointer(h->buckets, new);
		hmap_array_retire(h, a);
		return;
	}
	new->oldbuckets = a;
	new->extra.oldoverflow = &a->extra.overflow;
	if (hmap_same_size(new, a))
		h->flags |= HMAP_FLAG_SAMESIZEGROW;
	rcu_assign_pointer(h->buckets, new);
}

static void hmap_grow_done(struct hmap *h, struct hmap_array *a)
{
	struct hmap_array *old = a->oldbuckets;

	/*
	 * All is in the new array: pairs with the acquire in hmap_get(), since
	 * NULL carries no dependency.
	 */
	smp_store_release(&a->oldbuckets, NULL);
	a->extra.oldoverflow = NULL;
	h->flags &= ~HMAP_FLAG_SAMESIZEGROW;
	hmap_array_retire(h, old);
}

/* Bucket @nevacuate is done: go on to the next one that is not. */
static void hmap_advance(struct hmap *h, struct hmap_array *a)
{
	struct hmap_array *old = a->oldbuckets;
	size_t nold = hmap_nbuckets(old);
	size_t stop = min(a->nevacuate + 1 + ADVANCE_LIMIT, nold);

	a->nevacuate++;
	while (a->nevacuate < stop && hmap_evacuated(h, old, a->nevacuate))
		a->nevacuate++;
	if (a->nevacuate == nold)
		hmap_grow_done(h, a);
}

/**
 * struct evac_dest - where the elements of a chain go
 * @b: last bucket of the new chain
 * @i: first free slot in @b
 * @len: buckets of the new chain
 */
struct evac_dest {
	struct bmap *b;
	unsigned int i;
	u32 len;
};

/* The next free slot; its overflow buckets have been secured. */
static void hmap_evac_slot(struct hmap *h, struct hmap_array *a,
			   struct evac_dest *dest, struct bmap *from,
			   unsigned int f)
{
	if (dest->i == BUCKET_CNT) {
		dest->b = hmap_append_bucket(h, a, dest->b);
		dest->i = 0;
		dest->len++;
		a->longest_chain = max(a->longest_chain, dest->len);
	}
	bmap_copy_slot(&h->geo, dest->b, dest->i, from, f);
	bmap_set_tophash(dest->b, dest->i, from->tophash[f]);
	dest->i++;
}

/* Move slot @i of an old bucket. Returns the state that remains there. */
static u8 hmap_evac_one(struct hmap *h, struct hmap_array *a,
			struct evac_dest dest[2], struct bmap *from,
			unsigned int i)
{
	struct hmap_array *old = a->oldbuckets;
	unsigned int y = 0;
	u64 hash;

	if (from->tophash[i] < MIN_TOPHASH)
		return EVACUATED_EMPTY;
	if (!hmap_same_size(a, old)) {
		hash = hmap_hash(h, hmap_key_bytes(h, from, i), &a->hash0);
		y = !!(hash & hmap_nbuckets(old));
	}
	hmap_evac_slot(h, a, &dest[y], from, i);
	return y ? EVACUATED_Y : EVACUATED_X;
}

/*
 * Move a chain. Nobody looks into the new chains before the head says that it
 * has been evacuated, so they need no version of their own.
 */
static void hmap_evac_chain(struct hmap *h, struct hmap_array *a, size_t index)
{
	struct hmap_array *old = a->oldbuckets;
	struct bmap *head = hmap_bucket(h, old, index), *b;
	struct evac_dest dest[2] = { { hmap_bucket(h, a, index), 0, 1 } };
	u8 state, head_state = EVACUATED_EMPTY;
	unsigned int i;

	if (!hmap_same_size(a, old))
		dest[1] = (struct evac_dest){
			hmap_bucket(h, a, index + hmap_nbuckets(old)), 0, 1
		};
	bmap_write_begin(&h->geo, head);
	for (b = head; b; b = hmap_next(h, old, b)) {
		for (i = 0; i < BUCKET_CNT; i++) {
			state = hmap_evac_one(h, a, dest, b, i);
			if (b == head && i == 0)
				head_state = state;
			else
				bmap_set_tophash(b, i, state);
		}
	}
	/* The copies first: pairs with the acquire of hmap_get_lockless(). */
	smp_store_release(&head->tophash[0], head_state);
	bmap_write_end(&h->geo, head);
}

static u32 hmap_chain_overflow(const struct hmap *h, const struct hmap_array *a,
			       struct bmap *b)
{
	u32 n = 0;

	while ((b = hmap_next(h, a, b)))
		n++;
	return n;
}

/*
 * Evacuate bucket @i of the old array. Returns false, and leaves the old chain
 * as the one that counts, if there are not enough overflow buckets: a chain of
 * n + 1 buckets, spread over one or two, needs n at the most.
 */
static bool hmap_evacuate(struct hmap *h, struct hmap_array *a, size_t i,
			  struct hmap_supply *supply)
{
	struct hmap_array *old = a->oldbuckets;
	u32 n;

	if (!hmap_evacuated(h, old, i)) {
		n = hmap_chain_overflow(h, old, hmap_bucket(h, old, i));
		if (!hmap_secure_overflow(h, a, n, supply))
			return false;
		hmap_evac_chain(h, a, i);
		h->evacuated++;
	}
	if (i == a->nevacuate)
		hmap_advance(h, a);
	return true;
}

/**
 * hmap_grow_work() - what a put or delete contributes to a resize
 * @h: the map
 * @hash: hash of the key that the operation is about
 * @supply: where overflow buckets may come from; NULL if there is no memory
 *
 * Evacuates the bucket that the operation is about to use and one more. Without
 * overflow buckets to evacuate to, the old chain goes on to be used.
 *
 * Return: false if the caller should fill @supply and start again.
 */
bool hmap_grow_work(struct hmap *h, u64 hash, struct hmap_supply *supply)
{
	struct hmap_array *a = hmap_array_locked(h);

	lockdep_assert_held(&h->lock);
	if (a->oldbuckets)
		hmap_evacuate(h, a, hmap_bucket_index(a->oldbuckets, hash),
			      supply);
	if (a->oldbuckets && !(supply && supply->want))
		hmap_evacuate(h, a, a->nevacuate, supply);
	return !(supply && supply->want);
}

/**
 * hmap_hint_B() - the smallest array whose load a number does not exceed
 * @h: the map, of which geometry is set
 * @n: elements
 * @B: out: log2 of the number of buckets
 *
 * Return: 0, or -EINVAL if no array can be that large.
 */
int hmap_hint_B(const struct hmap *h, unsigned long n, u8 *B)
{
	for (*B = 0; hmap_over_load(n, *B); ++*B)
		if (!hmap_array_size_ok(h, *B + 1))
			return -EINVAL;
	return 0;
}

/* One bounded step towards 2^B buckets. Returns whether there is more to do. */
static bool hmap_reserve_step(struct hmap *h, u8 B, struct hmap_supply *supply)
{
	struct hmap_array *a = hmap_array_locked(h);
	unsigned int n;
	u8 next = h->count ? a->B + 1 : B;

	lockdep_assert_held(&h->lock);
	for (n = 0; a->oldbuckets && n < HMAP_BATCH; n++)
		if (!hmap_evacuate(h, a, a->nevacuate, supply))
			return true;
	if (a->oldbuckets)
		return true;
	if (a->data && a->B >= B)
		return false;
	if (!a->data)
		next = B;
	if (!supply->array || supply->array->B != next) {
		supply->want = WANT_ARRAY;
		supply->want_B = next;
		return true;
	}
	hmap_grow(h, supply->array);
	supply->array = NULL;
	return true;
}

/**
 * hmap_reserve() - make room for a number of elements
 * @h: the map
 * @n: elements that the map shall hold without growing
 *
 * The map is grown step by step, a bounded number of buckets at a time, while
 * others use it. A map that has the room already is left as it is.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL if no map can be that large or @n is above max_entries;
 * -ENOMEM if there is no memory (steps that were made stay made); -EINTR if the
 * task was killed.
 */
int hmap_reserve(struct hmap *h, unsigned long n)
{
	struct hmap_supply supply = {};
	bool more;
	int err;
	u8 B;

	might_sleep();
	if (h->params.max_entries && n > h->params.max_entries)
		return -EINVAL;
	err = hmap_hint_B(h, n, &B);
	if (err)
		return err;
	do {
		spin_lock_bh(&h->lock);
		more = hmap_reserve_step(h, B, &supply);
		spin_unlock_bh(&h->lock);
		if (!more)
			break;
		hmap_supply_fill(h, &supply, GFP_KERNEL);
		if (supply.no_array || supply.no_block)
			err = -ENOMEM;
		else if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	} while (!err);
	hmap_supply_drop(h, &supply);
	return err;
}
EXPORT_SYMBOL_GPL(hmap_reserve);
