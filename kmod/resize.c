// SPDX-License-Identifier: GPL-2.0
/*
 * When to grow or shrink, and evacuation: moving the elements of the old array
 * to the new one, a bucket or two with each put and delete.
 *
 * A resize is started by publishing an array that names the one it replaces,
 * and is over when all units have been evacuated. A unit is a bucket of the
 * smaller array, with the one or two of the other that share its elements. All
 * of these are in one stripe. Only an array that replaces nothing (any more) is
 * replaced, and whoever publishes holds a stripe of it, so that the holder of
 * all stripes has the map to itself.
 *
 * Who writes drives the resize. What no writer drives the worker finishes; it
 * also makes the arrays that are too large to be made by the way, ahead of
 * need, and shrinks.
 */
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "internal.h"
#include "trace.h"
#include "view.h"

/* How far one put or delete looks for the next bucket to evacuate (Go's). */
#define ADVANCE_LIMIT	1024

/* How long nobody may drive a resize before the worker does. */
#define IDLE_TIME	(HZ / 4)

/* Tables of up to this B are not worth shrinking. */
#define SHRINK_MIN_B	4

/* Runs the workers of all maps, and frees arrays. */
struct workqueue_struct *hmap_wq;

int hmap_worker_init(void)
{
	hmap_wq = alloc_workqueue("hmap", WQ_UNBOUND, 0);
	return hmap_wq ? 0 : -ENOMEM;
}

void hmap_worker_exit(void)
{
	destroy_workqueue(hmap_wq);
}

/* Have the worker look for a resize that nobody drives. */
static void hmap_call_worker_later(struct hmap *h)
{
	queue_delayed_work(hmap_wq, &h->work, IDLE_TIME);
}

/* Have the worker make an array. Once is enough until it has looked. */
static void hmap_call_worker(struct hmap *h)
{
	if (READ_ONCE(h->called))
		return;
	WRITE_ONCE(h->called, true);
	mod_delayed_work(hmap_wq, &h->work, 0);
}

/**
 * struct evac_dest - where the elements of a unit go
 * @head: first bucket of the new chain
 * @b: its last bucket
 * @i: first free slot in @b
 * @len: buckets of the new chain
 */
struct evac_dest {
	struct bmap *head;
	struct bmap *b;
	unsigned int i;
	u32 len;
};

/**
 * struct evac - the evacuation of one unit
 * @h: the map
 * @a: to here
 * @old: from here
 * @bit: the bit of a hash that tells @dest[1] from @dest[0]; 0 if there is one
 * @dest: the new chains
 * @moved: elements moved
 * @appended: overflow buckets used
 */
struct evac {
	struct hmap *h;
	struct hmap_array *a;
	struct hmap_array *old;
	u64 bit;
	struct evac_dest dest[2];
	long moved;
	u32 appended;
};

/* Copy a slot to the next free one; its overflow buckets are reserved. */
static void hmap_evac_copy(struct evac *evac, struct evac_dest *dest,
			   struct bmap *from, unsigned int f)
{
	struct hmap *h = evac->h;

	if (dest->i == HMAP_BUCKET_CNT) {
		dest->b = hmap_append_bucket(h, evac->a, dest->b, ++dest->len);
		dest->i = 0;
		evac->appended++;
	}
	if (dest->b != dest->head)
		bmap_filter_add(dest->head, from->tophash[f]);
	bmap_copy_slot(&h->geo, dest->b, dest->i, from, f);
	bmap_set_tophash(dest->b, dest->i, from->tophash[f]);
	dest->i++;
	evac->moved++;
}

/*
 * Who sees the old array sees nothing there that is deleted from the new one
 * later on.
 */
static void hmap_evac_wipe(struct hmap *h, struct bmap *from, unsigned int f)
{
	if (!h->params.view)
		return;
	bmap_wipe(bmap_key(&h->geo, from, f), h->geo.key_slot);
	bmap_wipe(bmap_value(&h->geo, from, f), h->geo.value_slot);
}

/* Move slot @i of an old bucket. Returns the state that remains there. */
static u8 hmap_evac_slot(struct evac *evac, struct bmap *from, unsigned int i)
{
	struct hmap *h = evac->h;
	unsigned int y = 0;

	if (from->tophash[i] < HMAP_MIN_TOPHASH)
		return HMAP_EVACUATED_EMPTY;
	if (evac->bit)
		y = !!(hmap_hash(h, hmap_key_bytes(h, from, i),
				 &evac->a->hash0) & evac->bit);
	hmap_evac_copy(evac, &evac->dest[y], from, i);
	hmap_evac_wipe(h, from, i);
	return y ? HMAP_EVACUATED_Y : HMAP_EVACUATED_X;
}

/* Move an old chain. */
static void hmap_evac_chain(struct evac *evac, size_t index)
{
	struct hmap *h = evac->h;
	struct bmap *head = hmap_bucket(h, evac->old, index), *b;
	u8 state, head_state = HMAP_EVACUATED_EMPTY;
	unsigned int i;

	bmap_write_begin(head);
	for (b = head; b; b = hmap_next(h, evac->old, b)) {
		for (i = 0; i < HMAP_BUCKET_CNT; i++) {
			state = hmap_evac_slot(evac, b, i);
			if (b == head && i == 0)
				head_state = state;
			else
				bmap_set_tophash(b, i, state);
		}
	}
	/* The copies first: pairs with the acquire in hmap_read_chain(). */
	smp_store_release(&head->tophash[0], head_state);
	bmap_write_end(head);
}

/* Elements of an old chain. */
static size_t hmap_chain_used(const struct hmap *h, const struct hmap_array *a,
			      size_t index)
{
	struct bmap *b;
	size_t n = 0;

	for (b = hmap_bucket(h, a, index); b; b = hmap_next(h, a, b))
		n += hweight64(bmap_match_used(bmap_tophashes(b)));
	return n;
}

/* The last unit is done: the old array is not needed any more. */
static void hmap_resize_done(struct hmap *h, struct hmap_array *a,
			     struct hmap_array *old)
{
	trace_hmap_resize_done(h, old->B, a->B);
	WRITE_ONCE(a->flags, 0);
	WRITE_ONCE(a->extra.oldoverflow, NULL);
	hmap_view_begin(h);
	/* All is in the new array: pairs with the acquire in hmap_old(). */
	smp_store_release(&a->oldbuckets, NULL);
	/* The same: pairs with the address dependency behind hmap_settled(). */
	smp_store_release(&a->settled, a->data);
	hmap_view_end(h);
	hmap_array_retire(h, old);
}

static struct evac_dest hmap_evac_dest(struct hmap *h, struct hmap_array *a,
				       size_t index)
{
	struct bmap *head = hmap_bucket(h, a, index);

	hmap_prefetch_bucket(h, a, index);
	return (struct evac_dest){ .head = head, .b = head, .len = 1 };
}

static void hmap_evac_unit(struct hmap *h, const struct hmap_locked *lk,
			   struct evac *evac, size_t unit)
{
	struct hmap_array *a = evac->a, *old = evac->old;

	evac->dest[0] = hmap_evac_dest(h, a, unit);
	if (a->B > old->B) {
		evac->bit = hmap_nbuckets(old);
		evac->dest[1] = hmap_evac_dest(h, a, unit + evac->bit);
	}
	/*
	 * Nobody looks into a new chain before an old one says that it has been
	 * evacuated: only what comes second to a chain needs a version there.
	 */
	hmap_evac_chain(evac, unit);
	if (a->B < old->B) {
		bmap_write_begin(hmap_bucket(h, a, unit));
		hmap_evac_chain(evac, unit + hmap_nbuckets(a));
		bmap_write_end(hmap_bucket(h, a, unit));
	}
	if (!old->mask && a->mask) {
		/* Elements get to the count of the stripe that they are in. */
		WRITE_ONCE(h->stripes[lk->s].count,
			   h->stripes[lk->s].count + evac->moved);
		atomic_long_sub(evac->moved, &h->unassigned);
	}
}

/*
 * Overflow buckets that a unit of n elements needs at the most: (n - 1) / 8 if
 * all go to one chain, and no more if they are spread over two.
 */
static u32 hmap_evac_need(struct hmap *h, struct hmap_array *a,
			  struct hmap_array *old, size_t unit)
{
	size_t n = hmap_chain_used(h, old, unit);

	if (a->B < old->B)
		n += hmap_chain_used(h, old, unit + hmap_nbuckets(a));
	return n ? (n - 1) / HMAP_BUCKET_CNT : 0;
}

/* Units of a resize that are in one stripe. */
static size_t hmap_stripe_units(struct hmap_array *a, struct hmap_array *old)
{
	return hmap_nbuckets(hmap_smaller(a, old)) >> fls(a->mask);
}

/* The stripe's next unit has been evacuated: go on to one that has not. */
static void hmap_advance(struct hmap *h, const struct hmap_locked *lk,
			 struct hmap_array *old)
{
	size_t *next = &lk->a->nevacuate[lk->s];
	size_t step = lk->a->mask + 1;
	size_t stop = min(*next + 1 + ADVANCE_LIMIT,
			  hmap_stripe_units(lk->a, old));

	do {
		WRITE_ONCE(*next, *next + 1);
	} while (*next < stop && hmap_evacuated(h, old, lk->s + *next * step));
}

/*
 * Move a unit that has not been moved. Returns false, and leaves the old chains
 * as those that count, if there are not enough overflow buckets.
 */
static bool hmap_evac_now(struct hmap *h, const struct hmap_locked *lk,
			  struct hmap_array *old, size_t unit,
			  struct hmap_supply *supply)
{
	struct evac evac = { .h = h, .a = lk->a, .old = old };
	u32 need = hmap_evac_need(h, lk->a, old, unit);

	if (!hmap_reserve_overflow(h, lk->a, need, supply))
		return false;
	hmap_evac_unit(h, lk, &evac, unit);
	hmap_unreserve_overflow(lk->a, need - evac.appended);
	atomic_long_inc(&h->evacuated);
	return true;
}

/*
 * Evacuate a unit, if that has not been done. Returns false if there is no
 * memory for it. The old array may be gone afterwards, but for the RCU reader
 * that the caller is.
 */
static bool hmap_evacuate(struct hmap *h, const struct hmap_locked *lk,
			  struct hmap_array *old, size_t unit,
			  struct hmap_supply *supply)
{
	size_t next = lk->s + lk->a->nevacuate[lk->s] * (lk->a->mask + 1);
	bool done = hmap_evacuated(h, old, unit);

	lockdep_assert_held(&h->stripes[lk->s].lock);
	if (!done && !hmap_evac_now(h, lk, old, unit, supply))
		return false;
	/* Also if it was done: the last advance may have stopped at it. */
	if (unit == next)
		hmap_advance(h, lk, old);
	/* Full barrier: all marks come before oldbuckets = NULL. */
	if (!done && atomic_long_dec_and_test(&lk->a->remaining))
		hmap_resize_done(h, lk->a, old);
	return true;
}

/* Evacuate the stripe's next unit. Returns false if that was impossible. */
static bool hmap_evacuate_next(struct hmap *h, const struct hmap_locked *lk,
			       struct hmap_supply *supply)
{
	struct hmap_array *old = hmap_old(lk->a);
	size_t next = lk->a->nevacuate[lk->s];

	if (!old || next == hmap_stripe_units(lk->a, old))
		return false;
	return hmap_evacuate(h, lk, old, lk->s + next * (lk->a->mask + 1),
			     supply);
}

/* hmap_resize_work() while there is an old array. */
bool __hmap_resize_work(struct hmap *h, const struct hmap_locked *lk,
			struct hmap_array *old, struct hmap_supply *supply)
{
	hmap_evacuate(h, lk, old,
		      hmap_bucket_index(hmap_smaller(lk->a, old), lk->hash),
		      supply);
	if (!supply) {
		hmap_evacuate_next(h, lk, NULL);
		return true;
	}
	/* Once, however often the operation has to start again. */
	if (!supply->want && !supply->helped) {
		hmap_evacuate_next(h, lk, supply);
		supply->helped = !supply->want;
	}
	return !supply->want;
}

/*
 * All stripes are in use if both the new array and the one that is evacuated to
 * it have buckets for all.
 */
static u32 hmap_mask_of(const struct hmap *h, const struct hmap_array *new,
			const struct hmap_array *a)
{
	u32 stripes = h->params.stripes;

	if (hmap_nbuckets(new) < stripes || hmap_nbuckets(a) < stripes)
		return 0;
	return stripes - 1;
}

static void hmap_count_resize(struct hmap *h, const struct hmap_array *new,
			      const struct hmap_array *a)
{
	if (new->B > a->B)
		atomic_long_inc(&h->grows);
	else if (new->B < a->B)
		atomic_long_inc(&h->shrinks);
	else
		atomic_long_inc(&h->same_size_grows);
}

/* Whether there is nothing to evacuate. With all stripes in use nobody knows. */
static bool hmap_is_empty(const struct hmap *h, const struct hmap_array *a)
{
	return !a->data || (!a->mask && !h->stripes[0].count);
}

/* Make @new the array that replaces @a, of which nothing remains if it is @empty. */
static void hmap_set_old(const struct hmap *h, struct hmap_array *new,
			 struct hmap_array *a, bool empty)
{
	new->hash0 = a->hash0;
	new->mask = hmap_mask_of(h, new, empty ? new : a);
	new->settled = empty ? new->data : NULL;
	new->oldbuckets = empty ? NULL : a;
	new->extra.oldoverflow = empty ? NULL : &a->extra.overflow;
	new->flags = !empty && new->B == a->B ? HMAP_FLAG_SAMESIZEGROW : 0;
	atomic_long_set(&new->remaining,
			empty ? 0 : hmap_nbuckets(hmap_smaller(new, a)));
}

/*
 * Publish @new in the place of the locked array. Returns false if that is not
 * the map's any more, or is replacing another one itself. @reason is for those
 * who trace.
 *
 * A change of the mask is made under stripe 0, the only one while it is 0: so
 * no writer is under way, and all elements are on its count.
 */
static bool hmap_publish(struct hmap *h, const struct hmap_locked *lk,
			 struct hmap_array *new, u8 reason)
{
	struct hmap_array *a = lk->a;
	bool empty = hmap_is_empty(h, a), published;

	lockdep_assert_held(&h->stripes[lk->s].lock);
	if (hmap_old(a))
		return false;
	hmap_set_old(h, new, a, empty);
	hmap_view_begin(h);
	/*
	 * A full barrier: the array is complete before it can be reached. Pairs
	 * with rcu_dereference().
	 */
	published = cmpxchg((__force struct hmap_array **)&h->buckets, a,
			    new) == a;
	hmap_view_end(h);
	if (!published)
		return false;
	if (a->data) {
		hmap_count_resize(h, new, a);
		trace_hmap_resize_start(h, a->B, new->B, reason, hmap_len(h));
	}
	if (empty) {
		if (a->data)
			trace_hmap_resize_done(h, a->B, new->B);
		hmap_array_retire(h, a);
		return true;
	}
	if (new->mask != a->mask) {
		atomic_long_add(h->stripes[0].count, &h->unassigned);
		WRITE_ONCE(h->stripes[0].count, 0);
	}
	hmap_call_worker_later(h);
	return true;
}

/*
 * The number of elements; -1 if this insert is not one that looks: with several
 * stripes it takes all of them to know.
 */
static long hmap_count_sometimes(struct hmap *h, const struct hmap_locked *lk)
{
	long count = h->stripes[lk->s].count;

	if (!lk->a->mask)
		return count;
	return count % HMAP_COUNT_EVERY ? -1 : hmap_count(h);
}

/**
 * hmap_grow_needed() - whether one more element needs another array
 * @a: the array
 * @count: elements in it
 * @B: out: the B of the array that is needed
 *
 * Go's rules: one of twice the size beyond its capacity, one of the same size, for
 * shorter chains, when overflow buckets are as many as buckets.
 *
 * Return: true if it does.
 */
static bool hmap_grow_needed(const struct hmap_array *a, u64 count, u8 *B)
{
	*B = a->B;
	if (hmap_over_load(count + 1, a->B)) {
		*B += 1;
		return true;
	}
	return hmap_too_many_overflow(READ_ONCE(a->noverflow), a->B);
}

/*
 * An array that only the worker makes. It is asked for one when the present
 * one's capacity is nearly used up.
 */
static bool hmap_spare_needed(const struct hmap *h, const struct hmap_array *a,
			      u64 count, u8 *B)
{
	if (!hmap_grow_needed(a, count + hmap_capacity(a->B) / HMAP_SPARE_PART, B))
		return false;
	return !hmap_array_is_small(h, *B) && hmap_array_fits(h, *B);
}

/* Whether the array to grow into is there; then it is the supply's. */
static bool hmap_take_spare(struct hmap *h, struct hmap_supply *supply, u8 B)
{
	/* Pairs with the release in hmap_make_spare(). */
	if (!supply->array)
		supply->array = xchg(&h->spare, NULL);
	return supply->array && supply->array->B == B;
}

/* A large array is wanted now, and not there. The map has 2^B buckets. */
static int hmap_await_spare(struct hmap *h, struct hmap_supply *supply, u8 B,
			    u64 count, bool may_wait)
{
	hmap_call_worker(h);
	if (!may_wait || supply->no_array || count < 2 * hmap_capacity(B))
		return 0;
	trace_hmap_back_pressure(h, B, count);
	supply->want = WANT_WORKER;
	return -EAGAIN;
}

/* hmap_resize_for_insert() near the load, or without any buckets. */
int __hmap_resize_for_insert(struct hmap *h, const struct hmap_locked *lk,
			     struct hmap_supply *supply, bool may_wait)
{
	struct hmap_array *a = lk->a;
	long count = hmap_count_sometimes(h, lk);
	u8 B = 0, reason;

	if (count < 0 || hmap_old(a))
		return 0;
	if (a->data && !hmap_grow_needed(a, count, &B)) {
		if (hmap_spare_needed(h, a, count, &B) && !READ_ONCE(h->spare))
			hmap_call_worker(h);
		return 0;
	}
	if (hmap_take_spare(h, supply, B)) {
		reason = a->B < B ? HMAP_TRACE_LOAD : HMAP_TRACE_OVERFLOW;
		if (hmap_publish(h, lk, supply->array, reason))
			supply->array = NULL;
		supply->want = WANT_RESTART;
		return -EAGAIN;
	}
	if (!hmap_array_fits(h, B))
		return a->data ? 0 : -ENOSPC;
	if (!hmap_array_is_small(h, B))
		return hmap_await_spare(h, supply, a->B, count, may_wait);
	if (supply->no_array)
		return a->data ? 0 : supply->no_array;
	supply->want = WANT_ARRAY;
	supply->want_B = B;
	return -EAGAIN;
}

/* Whether the map would use a quarter of an array of half the size. */
static bool hmap_shrink_needed(const struct hmap *h, const struct hmap_array *a,
			       u64 count)
{
	if (h->params.flags & HMAP_NO_SHRINK || a->B <= SHRINK_MIN_B ||
	    a->B <= READ_ONCE(h->min_B) || hmap_old(a))
		return false;
	return hmap_nbuckets(a) > h->params.stripes &&
	       count < hmap_capacity(a->B) / 8;
}

/* hmap_resize_for_delete() when it looks. */
void __hmap_resize_for_delete(struct hmap *h, const struct hmap_array *a)
{
	if (hmap_shrink_needed(h, a, hmap_count(h)))
		hmap_call_worker_later(h);
}

/* One bounded step of a stripe. Returns whether it has more to do. */
static bool hmap_finish_step(struct hmap *h, u32 s, struct hmap_supply *supply)
{
	struct hmap_locked lk;
	unsigned int n = 0;
	bool more = true;

	hmap_lock_hash(h, s, &lk);
	while (more && n++ < HMAP_BATCH)
		more = hmap_evacuate_next(h, &lk, supply);
	hmap_unlock(h, &lk);
	return more || supply->want;
}

/* Evacuate all there is, a batch at a time. 0, -ENOMEM or -EINTR. */
static int hmap_finish_resize(struct hmap *h, struct hmap_supply *supply)
{
	bool more;
	u32 s;

	for (s = 0; s < h->params.stripes; s++) {
		do {
			more = hmap_finish_step(h, s, supply);
			hmap_supply_fill(h, supply, GFP_KERNEL);
			if (supply->no_block)
				return -ENOMEM;
			if (fatal_signal_pending(current))
				return -EINTR;
			cond_resched();
		} while (more);
	}
	return 0;
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

/*
 * Publish the supply's array, if it is the next on the way to 2^B buckets, or
 * say which is. Returns whether the map has as many.
 */
static bool hmap_reserve_step(struct hmap *h, u8 B, struct hmap_supply *supply)
{
	struct hmap_locked lk;
	bool done;
	u8 next;

	hmap_lock_hash(h, 0, &lk);
	next = hmap_is_empty(h, lk.a) ? B : lk.a->B + 1;
	done = lk.a->data && lk.a->B >= B;
	if (!done && supply->array && supply->array->B == next &&
	    hmap_publish(h, &lk, supply->array, HMAP_TRACE_RESERVE)) {
		supply->array = NULL;
	} else if (!done) {
		supply->want = WANT_ARRAY;
		supply->want_B = next;
	}
	hmap_unlock(h, &lk);
	return done;
}

/**
 * hmap_reserve() - make room for a number of elements
 * @h: the map
 * @n: elements that the map shall hold without growing
 *
 * The map is grown step by step, a bounded number of buckets at a time, while
 * others use it, and does not shrink below that size later. A map that has the
 * room already is left as it is.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL if no map can be that large or @n is above max_entries;
 * -ENOSPC if the map's limits do not allow it, -ENOMEM if there is no memory
 * (steps that were made stay made); -EINTR if the task was killed.
 */
int hmap_reserve(struct hmap *h, unsigned long n)
{
	struct hmap_supply supply = {};
	int err;
	u8 B;

	might_sleep();
	if (h->params.max_entries && n > h->params.max_entries)
		return -EINVAL;
	err = hmap_hint_B(h, n, &B);
	if (err)
		return err;
	while (!err) {
		err = hmap_finish_resize(h, &supply);
		if (err || hmap_reserve_step(h, B, &supply))
			break;
		hmap_supply_fill(h, &supply, GFP_KERNEL);
		err = supply.no_array;
	}
	hmap_supply_drop(h, &supply);
	if (!err)
		WRITE_ONCE(h->min_B, max(READ_ONCE(h->min_B), B));
	return err;
}
EXPORT_SYMBOL_GPL(hmap_reserve);

/* The array and count of the map, for a decision that may come late. */
static struct hmap_array *hmap_look(struct hmap *h, u64 *count)
{
	*count = hmap_len(h);
	return rcu_dereference(h->buckets);
}

/* Nobody wants to grow into it any more. */
void hmap_drop_spare(struct hmap *h)
{
	struct hmap_array *spare = xchg(&h->spare, NULL);

	if (spare)
		hmap_array_free(h, spare);
}

/* Make the next large array before it is needed. */
static void hmap_make_spare(struct hmap *h)
{
	struct hmap_array *a, *spare;
	bool needed;
	u64 count;
	u8 B;

	rcu_read_lock();
	a = hmap_look(h, &count);
	needed = hmap_spare_needed(h, a, count, &B);
	rcu_read_unlock();
	if (!needed || READ_ONCE(h->spare))
		return;
	spare = hmap_array_make(h, B, GFP_KERNEL);
	if (IS_ERR(spare))
		return;
	/*
	 * Complete before it can be taken: pairs with xchg() in
	 * hmap_take_spare(). Nobody but the worker puts one here.
	 */
	smp_store_release(&h->spare, spare);
}

/*
 * Grow into the spare if no writer has done so in time: they may have inserted
 * their last element while it was being made. Returns whether that was so.
 */
static bool hmap_grow(struct hmap *h)
{
	struct hmap_supply supply = {};
	struct hmap_locked lk;
	bool grown = false;

	hmap_lock_hash(h, 0, &lk);
	if (hmap_over_load(hmap_len(h), lk.a->B) &&
	    hmap_take_spare(h, &supply, lk.a->B + 1) &&
	    hmap_publish(h, &lk, supply.array, HMAP_TRACE_LOAD)) {
		supply.array = NULL;
		grown = true;
	}
	hmap_unlock(h, &lk);
	hmap_supply_drop(h, &supply);
	return grown;
}

/* Whether an array of half the size would hold as much. */
static bool hmap_shrink_possible(const struct hmap *h, const struct hmap_array *a,
				 u64 count)
{
	return a->B && hmap_nbuckets(a) > h->params.stripes && !hmap_old(a) &&
	       !hmap_over_load(count, a->B - 1);
}

/*
 * Begin to shrink, if @wanted says so. Returns 1 if that was so, or somebody else
 * has begun a resize meanwhile; 0 if it is not wanted; -ENOMEM.
 */
static int hmap_halve(struct hmap *h,
		      bool (*wanted)(const struct hmap *h,
				     const struct hmap_array *a, u64 count))
{
	struct hmap_array *a, *new;
	struct hmap_locked lk;
	bool begin;
	u64 count;
	u8 B;

	rcu_read_lock();
	a = hmap_look(h, &count);
	B = a->B - 1;
	begin = wanted(h, a, count);
	rcu_read_unlock();
	if (!begin)
		return 0;
	hmap_drop_spare(h);
	new = hmap_array_alloc(h, B, GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	hmap_lock_hash(h, 0, &lk);
	if (lk.a->B == B + 1 && wanted(h, lk.a, hmap_len(h)) &&
	    hmap_publish(h, &lk, new, HMAP_TRACE_SHRINK))
		new = NULL;
	hmap_unlock(h, &lk);
	if (new)
		hmap_array_free(h, new);
	return 1;
}

/**
 * hmap_shrink() - give memory back
 * @h: the map
 *
 * What hmap_init() and hmap_reserve() have made room for is given up, and the map
 * is shrunk to the size that its elements need, also with HMAP_NO_SHRINK: step by
 * step, a bounded number of buckets at a time, while others use it.
 *
 * Context: process; may sleep.
 * Return: 0; -ENOMEM if there is no memory to move to, -EINTR if the task was
 * killed: steps that were made stay made.
 */
int hmap_shrink(struct hmap *h)
{
	struct hmap_supply supply = {};
	unsigned int step;
	int err;

	might_sleep();
	WRITE_ONCE(h->min_B, 0);
	hmap_drop_spare(h);
	err = hmap_finish_resize(h, &supply);
	/* A bound, should others let it grow again and again. */
	for (step = 0; !err && step < HMAP_MAX_B; step++) {
		err = hmap_halve(h, hmap_shrink_possible);
		if (err <= 0)
			break;
		err = hmap_finish_resize(h, &supply);
	}
	hmap_supply_drop(h, &supply);
	return err;
}
EXPORT_SYMBOL_GPL(hmap_shrink);

/* Whether a resize is under way that nobody has driven since the last look. */
static bool hmap_is_idle(struct hmap *h)
{
	long evacuated = atomic_long_read(&h->evacuated);
	struct hmap_array *old;

	rcu_read_lock();
	old = hmap_old(rcu_dereference(h->buckets));
	rcu_read_unlock();
	if (old && evacuated != h->last_evacuated) {
		h->last_evacuated = evacuated;
		hmap_call_worker_later(h);
		return false;
	}
	return old;
}

void hmap_worker(struct work_struct *work)
{
	struct hmap *h = container_of(to_delayed_work(work), struct hmap, work);
	struct hmap_supply supply = {};
	bool grown;
	int err = 0;

	WRITE_ONCE(h->called, false);
	hmap_make_spare(h);
	grown = hmap_grow(h);
	/* After it has been uncalled: pairs with the acquire in hmap_wait_worker(). */
	smp_store_release(&h->rounds, h->rounds + 1);
	wake_up_all(&h->wait);
	/* What has just begun may be driven by writers. */
	if (!grown && hmap_is_idle(h))
		err = hmap_finish_resize(h, &supply);
	while (!err && hmap_halve(h, hmap_shrink_needed) > 0)
		err = hmap_finish_resize(h, &supply);
	hmap_supply_drop(h, &supply);
	if (err)
		hmap_call_worker_later(h);
}

/**
 * hmap_wait_worker() - wait until the worker has tried to make an array
 * @h: the map
 * @supply: notes that the writer has waited, or was killed
 *
 * Return: 0, or -EINTR if the task was killed.
 */
int hmap_wait_worker(struct hmap *h, struct hmap_supply *supply)
{
	unsigned int rounds;
	int err;

	/*
	 * Whoever sees that a round is over does not take its call for one that
	 * is still to be answered: pairs with the release in hmap_worker().
	 */
	rounds = smp_load_acquire(&h->rounds);
	hmap_call_worker(h);
	err = wait_event_killable(h->wait, READ_ONCE(h->rounds) != rounds);
	/* Whether there is an array now or not: once is enough. */
	supply->no_array = -ENOMEM;
	supply->want = WANT_NOTHING;
	return err ? -EINTR : 0;
}
