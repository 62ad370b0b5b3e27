// SPDX-License-Identifier: GPL-2.0
/*
 * When to grow or shrink, and what decides about it.
 *
 * A resize is started by publishing an array that names the one it replaces,
 * and is over when all units have been evacuated (evacuate.c). The task that
 * publishes holds a stripe of the array that is replaced, so that the holder of
 * all stripes has the map to itself. The worker makes the arrays that are too
 * large for a put, takes its part in large resizes, finishes those that no
 * writer drives, and shrinks, until nothing is left to do.
 *
 * What decides about the size, in this order:
 *
 *  1. An explicit request: hmap_reserve(), hmap_shrink(), hmap_clear(). They
 *     and the worker exclude each other by the resizer mutex: of two the later
 *     one has the last word, and the worker waits for either. A caller that may
 *     not wait for the memory that the holder is allocating (hmap_may_wait())
 *     goes on without the mutex; then the publications decide (cmpxchg), and
 *     the last min_B does.
 *  2. h->min_B, below which the worker does not shrink: hmap_init()'s hint,
 *     raised by hmap_reserve() before it begins, and taken back if it fails;
 *     hmap_shrink() sets it to 0. Above it HMAP_NO_SHRINK keeps the worker, but
 *     no explicit request, from shrinking.
 *  3. The number of elements: puts and the worker grow the map beyond its
 *     capacity, the worker shrinks it below an eighth of it.
 *
 * See kmod/README.md for the life of an array.
 */
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "hash.h"
#include "resize.h"
#include "trace.h"

/* How long no writer may drive a resize before the worker does. */
#define IDLE_TIME	(HZ / 4)

/* How long the worker waits at the most until it asks for memory again. */
#define RETRY_TIME	(4 * HZ)

/* Tables of up to this B are not worth shrinking. */
#define SHRINK_MIN_B	4

/* Have the worker look whether there is something to do. */
static void hmap_call_worker_later(struct hmap *h)
{
	/*
	 * First what it is called for: pairs with smp_mb() in hmap_worker(), which
	 * follows the end of "pending".
	 */
	smp_mb();
	if (!delayed_work_pending(&h->work))
		queue_delayed_work(hmap_wq, &h->work, IDLE_TIME);
}

/* Have the worker come at once. Once is enough until it has begun. */
static void hmap_call_worker(struct hmap *h)
{
	/* First what it is called for: pairs with smp_mb() in hmap_worker(). */
	smp_mb();
	if (READ_ONCE(h->called))
		return;
	WRITE_ONCE(h->called, true);
	hmap_note_payer(h);
	mod_delayed_work(hmap_wq, &h->work, 0);
}

/* ---- publication ---- */

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

/* Whether there is nothing to evacuate. With all stripes in use that is not known. */
static bool hmap_is_empty(const struct hmap *h, const struct hmap_locked *lk)
{
	return !lk->a->data || (!lk->a->mask && !hmap_count_near(h, lk));
}

/* Make @new the array that replaces @a, of which nothing remains if it is @empty. */
static void hmap_set_old(const struct hmap *h, struct hmap_array *new,
			 struct hmap_array *a, bool empty)
{
	new->hash0 = a->hash0;
	new->mask = empty ? hmap_full_mask(h, new) : a->mask;
	new->settled = empty ? new->data : NULL;
	new->oldbuckets = empty ? NULL : a;
	new->extra.oldoverflow = empty ? NULL : &a->extra.overflow;
	new->flags = !empty && new->B == a->B ? HMAP_FLAG_SAMESIZEGROW : 0;
	atomic_set(&new->remaining, empty ? 0 : new->mask + 1);
}

/*
 * Publish @new in the place of the locked array. Returns false if that is not
 * the map's any more, or is replacing another one itself. @reason is for the
 * tracepoint.
 *
 * Of an array that nothing is evacuated to the mask may be another one: it was 0, so
 * that the holder of stripe 0, as the caller is, is alone.
 */
static bool hmap_publish(struct hmap *h, const struct hmap_locked *lk,
			 struct hmap_array *new, u8 reason)
{
	struct hmap_array *a = lk->a;
	bool empty = hmap_is_empty(h, lk), published;

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
	if (!empty) {
		hmap_call_worker_later(h);
		return true;
	}
	if (a->data)
		trace_hmap_resize_done(h, a->B, new->B);
	hmap_array_retire(a);
	return true;
}

/* ---- growth by puts ---- */

/*
 * The B of the array that so many elements need: the least that is for as many, but
 * not beyond what one resize can do.
 */
static u8 hmap_wanted_B(const struct hmap_array *a, u64 count)
{
	u8 more = 0;

	while (more < HMAP_MAX_DOUBLINGS && hmap_over_load(count, a->B + more))
		more++;
	return a->B + more;
}

/**
 * hmap_grow_needed() - whether so many elements need another array
 * @a: the array
 * @count: the elements
 * @B: out: the B of the array that is needed
 *
 * Go's rules: a larger one beyond its capacity, one of the same size, for shorter
 * chains, when overflow buckets are as many as buckets.
 *
 * Return: true if they do.
 */
static bool hmap_grow_needed(const struct hmap_array *a, u64 count, u8 *B)
{
	*B = hmap_wanted_B(a, count);
	return *B > a->B || hmap_too_many_overflow(READ_ONCE(a->noverflow), a->B);
}

/* The least B that is of use if @B is wanted. */
static u8 hmap_least_B(const struct hmap_array *a, u8 B)
{
	return a->B < B ? a->B + 1 : B;
}

/* Whether @new is worth growing into if @B is wanted. */
static bool hmap_grow_fits(const struct hmap_array *a,
			   const struct hmap_array *new, u8 B)
{
	return new && new->B >= hmap_least_B(a, B) && new->B <= B;
}

/*
 * Whether a put makes an array of 2^B buckets by itself: a small one, or if it is so
 * far ahead of the worker that chains would become long.
 */
static bool hmap_makes_array(const struct hmap *h, const struct hmap_array *a,
			     u64 count, u8 B)
{
	size_t size = hmap_array_data_size(h, B);
	u64 capacity = hmap_capacity(a->B);

	return size <= HMAP_SMALL_BYTES ||
	       (size <= HMAP_AHEAD_BYTES && count > capacity + capacity / 4) ||
	       (size <= HMAP_FAR_AHEAD_BYTES && count > 2 * capacity);
}

/* The largest array up to 2^B buckets that a put makes by itself; -1 if it makes none. */
static int hmap_put_B(const struct hmap *h, const struct hmap_array *a, u64 count,
		      u8 B)
{
	int least = hmap_least_B(a, B), b;

	for (b = B; b >= least; b--)
		if (hmap_makes_array(h, a, count, b) && hmap_array_fits(h, b))
			return b;
	return -1;
}

/* A large array is wanted now, and not there. */
static int hmap_await_worker(struct hmap *h, const struct hmap_array *a,
			     struct hmap_supply *supply, u64 count, bool may_wait)
{
	hmap_call_worker(h);
	/* Nor where the worker has found no memory, and is waiting itself. */
	if (!may_wait || supply->waited || READ_ONCE(h->retry) ||
	    count < 2 * hmap_capacity(a->B))
		return 0;
	trace_hmap_back_pressure(h, a->B, count);
	supply->want = WANT_WORKER;
	return -EAGAIN;
}

/* hmap_resize_for_insert() near the load, or without any buckets. */
int __hmap_resize_for_insert(struct hmap *h, const struct hmap_locked *lk,
			     struct hmap_supply *supply, bool may_wait)
{
	struct hmap_array *a = lk->a;
	u64 count = max(hmap_count_near(h, lk), 0L);
	int put_B;
	u8 B = 0;

	if (hmap_old(a)) {
		/* The next resize is due, and this one has not ended. */
		if (hmap_over_load(count, a->B))
			hmap_call_worker(h);
		return 0;
	}
	if (a->data && !hmap_grow_needed(a, count + 1, &B)) {
		/* The other stripes may have counted more: see to it later. */
		if (hmap_over_load(count + hmap_count_error(a), a->B))
			hmap_call_worker_later(h);
		return 0;
	}
	if (hmap_grow_fits(a, supply->array, B)) {
		if (hmap_publish(h, lk, supply->array,
				 a->B < B ? HMAP_TRACE_LOAD : HMAP_TRACE_OVERFLOW)) {
			supply->array = NULL;
			/* Also if it has been called before, and waits for memory. */
			if (hmap_evac_is_shared(h, a))
				mod_delayed_work(hmap_wq, &h->work, 0);
		}
		supply->want = WANT_RESTART;
		return -EAGAIN;
	}
	if (!hmap_array_fits(h, hmap_least_B(a, B))) {
		/* The arrays before this one may be what is in the way. */
		if (may_wait && !supply->drained &&
		    hmap_array_will_fit(h, hmap_least_B(a, B))) {
			supply->want = WANT_MEMORY;
			return -EAGAIN;
		}
		/* Unless there is room again by then. */
		if (a->data)
			hmap_call_worker_later(h);
		return a->data ? 0 : -ENOSPC;
	}
	put_B = supply->no_array ? -1 : hmap_put_B(h, a, count, B);
	if (put_B < 0)
		return a->data ? hmap_await_worker(h, a, supply, count, may_wait) :
				 supply->no_array;
	supply->want = WANT_ARRAY;
	supply->want_B = put_B;
	return -EAGAIN;
}

/* ---- shrinking ---- */

/*
 * Two chains become one when a map shrinks, so that none may be longer than half of what
 * a chain may have, unless all elements together are no more than that.
 */
static bool hmap_chains_fit(const struct hmap *h, const struct hmap_array *a,
			    u64 count)
{
	return READ_ONCE(a->longest_chain) <= h->max_chain / 2 ||
	       count <= (u64)h->max_chain * HMAP_BUCKET_CNT;
}

/*
 * Chains that do not fit are not as long any more if what made them so has been deleted:
 * an array of the same size tells. It is not worth while again before as many elements
 * have come or gone as the array is for, unless hmap_shrink() asks.
 */
static bool hmap_may_compact(const struct hmap *h, const struct hmap_array *a)
{
	unsigned long compacted = READ_ONCE(h->compacted);

	return !compacted || hmap_changes(h) - compacted >= hmap_capacity(a->B);
}

/* Whether there can be an array of half the size, if chains fit. */
static bool hmap_can_halve(const struct hmap *h, const struct hmap_array *a)
{
	return a->B && hmap_nbuckets(a) > h->params.stripes && !hmap_old(a);
}

/* Whether the map would use a quarter of an array of half the size. */
static bool hmap_shrink_needed(const struct hmap *h, const struct hmap_array *a,
			       u64 count)
{
	return !(h->params.flags & HMAP_NO_SHRINK) && a->B > SHRINK_MIN_B &&
	       a->B > READ_ONCE(h->min_B) && count < hmap_capacity(a->B) / 8 &&
	       hmap_can_halve(h, a);
}

/* Whether an array of half the size would hold as much. */
static bool hmap_shrink_possible(const struct hmap *h, const struct hmap_array *a,
				 u64 count)
{
	return a->B > READ_ONCE(h->min_B) && hmap_can_halve(h, a) &&
	       !hmap_over_load(count, a->B - 1);
}

/*
 * The map is empty: a fresh seed. While one stripe is in use its holder is alone; a
 * reader that still has the other seed misses, which is true.
 */
static void hmap_reseed(struct hmap *h, struct hmap_array *a)
{
	siphash_key_t seed = hmap_new_seed();

	hmap_view_begin(h);
	WRITE_ONCE(a->hash0.key[0], seed.key[0]);
	WRITE_ONCE(a->hash0.key[1], seed.key[1]);
	hmap_view_end(h);
}

/*
 * hmap_resize_for_delete() when there may be something to do. The other stripes are
 * not asked: with several in use the worker counts.
 */
void __hmap_resize_for_delete(struct hmap *h, const struct hmap_locked *lk)
{
	long count = hmap_count_near(h, lk) - hmap_count_error(lk->a);
	struct hmap_array *a = lk->a;

	if (count <= 0 && !hmap_old(a)) {
		if (!a->mask) {
			hmap_reseed(h, a);
		} else {
			/* The count first: pairs with smp_mb() in hmap_worker_reseed(). */
			smp_mb();
			/* Perhaps. That takes all stripes: if it stays empty. */
			if (!READ_ONCE(h->emptied)) {
				WRITE_ONCE(h->emptied, true);
				hmap_call_worker_later(h);
			}
		}
	}
	if (hmap_shrink_needed(h, a, max(count, 0L)))
		hmap_call_worker_later(h);
}

/*
 * Begin to shrink, if @wanted says so; or, if long chains are in the way, to make them as
 * short as they can be in an array of the same size. Returns 1 if that was so, or another
 * task has begun a resize meanwhile; 0 if it is not wanted, or chains stay too long;
 * -ENOMEM.
 */
static int hmap_halve(struct hmap *h,
		      bool (*wanted)(const struct hmap *h,
				     const struct hmap_array *a, u64 count))
{
	struct hmap_array *a, *new;
	struct hmap_locked lk;
	bool begin, fit;
	u8 B;

	rcu_read_lock();
	a = rcu_dereference(h->buckets);
	B = a->B;
	fit = hmap_chains_fit(h, a, hmap_len(h));
	begin = wanted(h, a, hmap_len(h)) && (fit || hmap_may_compact(h, a));
	rcu_read_unlock();
	if (!begin)
		return 0;
	if (!fit)
		WRITE_ONCE(h->compacted, hmap_changes(h));
	new = fit ? hmap_array_alloc(h, B - 1, GFP_KERNEL) :
		    hmap_array_make(h, B, GFP_KERNEL);
	/* Within the limits, and if there is memory: the size can stay as it is. */
	if (IS_ERR_OR_NULL(new))
		return fit ? -ENOMEM : 0;
	hmap_lock_hash(h, 0, &lk);
	if (lk.a->B == B && wanted(h, lk.a, hmap_len(h)) &&
	    hmap_chains_fit(h, lk.a, hmap_len(h)) == fit &&
	    hmap_publish(h, &lk, new, fit ? HMAP_TRACE_SHRINK : HMAP_TRACE_OVERFLOW))
		new = NULL;
	hmap_unlock(h, &lk);
	if (new)
		hmap_array_free(new);
	return 1;
}

/* ---- a resize as a whole: explicit requests and the worker ---- */

/**
 * hmap_resizer_lock() - begin an explicit change of the size
 * @h: the map
 *
 * Return: 1 if no other is under way; 0 if one may be, since the caller may not
 * wait for it; -EINTR if a signal came.
 */
int hmap_resizer_lock(struct hmap *h)
{
	int err;

	if (!hmap_may_wait(GFP_KERNEL))
		return mutex_trylock(&h->resizer);
	atomic_inc(&h->requests);
	err = current->flags & PF_KTHREAD ?
	      mutex_lock_killable(&h->resizer) :
	      mutex_lock_interruptible(&h->resizer);
	atomic_dec(&h->requests);
	return err ? -EINTR : 1;
}

/* The worker may have been sent away meanwhile. */
void hmap_resizer_unlock(struct hmap *h, int locked)
{
	if (!locked)
		return;
	mutex_unlock(&h->resizer);
	hmap_call_worker_later(h);
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
 * Publish the supply's array, if it is one on the way to 2^B buckets, or say which
 * is. Returns whether the map has as many.
 */
static bool hmap_reserve_step(struct hmap *h, u8 B, struct hmap_supply *supply)
{
	struct hmap_locked lk;
	bool done;
	u8 most;

	hmap_lock_hash(h, 0, &lk);
	most = B;
	if (!hmap_is_empty(h, &lk))
		most = min_t(u8, B, lk.a->B + HMAP_MAX_DOUBLINGS);
	done = lk.a->data && lk.a->B >= B;
	if (!done && supply->array && (supply->array->B > lk.a->B || !lk.a->data) &&
	    supply->array->B <= most &&
	    hmap_publish(h, &lk, supply->array, HMAP_TRACE_RESERVE)) {
		supply->array = NULL;
	} else if (!done && !hmap_old(lk.a)) {
		supply->want = WANT_ARRAY;
		supply->want_B = most;
	}
	hmap_unlock(h, &lk);
	return done;
}

/* Grow to 2^B buckets, a bounded number at a time. */
static int hmap_grow_to(struct hmap *h, u8 B)
{
	struct hmap_supply supply = {};
	int err;

	err = hmap_finish_resize(h, &supply, false);
	while (!err && !hmap_reserve_step(h, B, &supply)) {
		/* What has been made is published before a signal is looked for. */
		if (supply.want == WANT_ARRAY) {
			hmap_supply_fill(h, &supply, GFP_KERNEL);
			err = supply.no_array;
		} else {
			err = hmap_finish_resize(h, &supply, false);
		}
	}
	hmap_supply_drop(h, &supply);
	return err;
}

/**
 * hmap_reserve() - make room for a number of elements
 * @h: the map
 * @n: elements that the map shall hold without growing
 *
 * The map is grown step by step, a bounded number of buckets at a time, while
 * others use it, and does not shrink below that size later: the worker does not
 * from the beginning of the call. A map that has the room already is left as it is.
 *
 * Context: process; may sleep. Waits for a resize that another hmap_reserve(),
 * hmap_shrink(), hmap_clear() or the worker is making, unless the task may not
 * allocate with GFP_KERNEL (memalloc_nofs_save() and the like).
 * Return: 0; -EINVAL if no map can be that large or @n is above max_entries;
 * -ENOSPC if the map's limits do not allow it, -ENOMEM if there is no memory
 * (steps that were made stay made); -EINTR if a signal came: another call goes on.
 */
int hmap_reserve(struct hmap *h, unsigned long n)
{
	int err, locked;
	u8 B, min_B;

	might_sleep();
	if (h->params.max_entries && n > h->params.max_entries)
		return -EINVAL;
	err = hmap_hint_B(h, n, &B);
	if (err)
		return err;
	locked = hmap_resizer_lock(h);
	if (locked < 0)
		return locked;
	min_B = READ_ONCE(h->min_B);
	if (min_B < B)
		WRITE_ONCE(h->min_B, B);
	err = hmap_grow_to(h, B);
	if (err && min_B < B && READ_ONCE(h->min_B) == B)
		WRITE_ONCE(h->min_B, min_B);
	hmap_resizer_unlock(h, locked);
	return err;
}
EXPORT_SYMBOL_GPL(hmap_reserve);

/**
 * hmap_shrink() - give memory back
 * @h: the map
 *
 * What hmap_init() and hmap_reserve() have made room for is given up, and the map
 * is shrunk to the size that its elements need, also with HMAP_NO_SHRINK: step by
 * step, a bounded number of buckets at a time, while others use it. A map one of
 * whose chains is more than half as long as a chain may be keeps its size, unless it has
 * no more elements than one chain could. If a chain has ever been that long, an array of
 * the same size tells first whether it still is.
 *
 * Context: process; may sleep. Waits as hmap_reserve() does.
 * Return: 0; -ENOMEM if there is no memory to move to, -EINTR if a signal came: steps
 * that were made stay made, and another call goes on.
 */
int hmap_shrink(struct hmap *h)
{
	struct hmap_supply supply = {};
	unsigned int step;
	int err, locked;

	might_sleep();
	locked = hmap_resizer_lock(h);
	if (locked < 0)
		return locked;
	WRITE_ONCE(h->min_B, 0);
	WRITE_ONCE(h->compacted, 0);
	err = hmap_finish_resize(h, &supply, false);
	/* A bound, should others let it grow again and again. */
	for (step = 0; !err && step < HMAP_MAX_B; step++) {
		err = hmap_halve(h, hmap_shrink_possible);
		if (err <= 0)
			break;
		err = hmap_finish_resize(h, &supply, false);
	}
	hmap_supply_drop(h, &supply);
	hmap_resizer_unlock(h, locked);
	return err;
}
EXPORT_SYMBOL_GPL(hmap_shrink);

/* ---- the worker ---- */

/* Whether no writer has driven the resize since the worker last looked. */
static bool hmap_is_idle(struct hmap *h)
{
	long evacuated = hmap_evacuated_units(h);

	if (evacuated == h->last_evacuated)
		return true;
	h->last_evacuated = evacuated;
	return false;
}

/*
 * Grow to 2^B buckets, or to as many as there is room for. Returns 1, also if a writer
 * has done so; -ENOMEM or -ENOSPC.
 */
static int hmap_worker_grow(struct hmap *h, u8 B, u8 least)
{
	struct hmap_array *new = hmap_array_make(h, B, GFP_KERNEL);
	struct hmap_locked lk;
	bool published;

	while (IS_ERR(new) && B > least)
		new = hmap_array_make(h, --B, GFP_KERNEL);
	if (IS_ERR(new))
		return PTR_ERR(new);
	hmap_lock_hash(h, 0, &lk);
	/* Of another array than it was made for it may have the wrong size. */
	published = hmap_grow_needed(lk.a, hmap_len(h), &B) &&
		    hmap_grow_fits(lk.a, new, B) &&
		    hmap_publish(h, &lk, new, new->B > lk.a->B ?
				 HMAP_TRACE_LOAD : HMAP_TRACE_OVERFLOW);
	hmap_unlock(h, &lk);
	if (!published)
		hmap_array_free(new);
	/* Writers may drive it: it is not idle before the next look. */
	h->last_evacuated = -1;
	return 1;
}

/* A map of several stripes that has stayed empty takes a fresh seed. */
static void hmap_worker_reseed(struct hmap *h)
{
	struct hmap_array *a;

	WRITE_ONCE(h->emptied, false);
	/*
	 * Before the count: a delete that it does not see calls again. Pairs with
	 * smp_mb() in __hmap_resize_for_delete().
	 */
	smp_mb();
	if (hmap_count(h))
		return;
	a = hmap_lock_all(h);
	if (!hmap_count(h) && !hmap_old(a))
		hmap_reseed(h, a);
	hmap_unlock_all(h);
}

/* The writers that wait go on, whether there is an array now or not. */
static void hmap_worker_wake(struct hmap *h)
{
	/* What was done first: pairs with the acquire in hmap_wait_worker(). */
	smp_store_release(&h->rounds, h->rounds + 1);
	wake_up_all(&h->wait);
}

/*
 * Do what the map needs most. Returns 1 if there may be more to do; 0 if not, or
 * writers are at it; or what was in the way, a negative errno.
 */
static int hmap_worker_step(struct hmap *h, struct hmap_supply *supply)
{
	u64 count = hmap_len(h);
	struct hmap_array *a, *old;
	bool shared, grow, shrink;
	u8 B = 0, least;
	int err;

	rcu_read_lock();
	a = rcu_dereference(h->buckets);
	old = hmap_old(a);
	shared = old && hmap_evac_is_shared(h, old);
	grow = a->data && hmap_grow_needed(a, count, &B);
	least = hmap_least_B(a, B);
	shrink = hmap_shrink_needed(h, a, count);
	rcu_read_unlock();
	if (old && !shared && !grow && !hmap_is_idle(h)) {
		hmap_call_worker_later(h);
		return 0;
	}
	if (old)
		return hmap_finish_resize(h, supply, !grow) ?: 1;
	if (shrink) {
		err = hmap_halve(h, hmap_shrink_needed);
		return err <= 0 ? err : hmap_finish_resize(h, supply, true) ?: 1;
	}
	if (grow) {
		err = hmap_worker_grow(h, B, least);
		hmap_worker_wake(h);
		return err;
	}
	if (READ_ONCE(h->emptied))
		hmap_worker_reseed(h);
	return 0;
}

void hmap_worker(struct work_struct *work)
{
	struct hmap *h = container_of(to_delayed_work(work), struct hmap, work);
	bool called = READ_ONCE(h->called), worked = false;
	struct hmap_supply supply = {};
	unsigned long delay;
	int more = 1;

	hmap_take_payer(h);
	WRITE_ONCE(h->called, false);
	/* A call that comes later is seen, or what it is for: see hmap_call_worker(). */
	smp_mb();
	/* The task of an explicit request calls again when it has been met. */
	while (more > 0 && !READ_ONCE(h->dying) && mutex_trylock(&h->resizer)) {
		more = hmap_worker_step(h, &supply);
		worked |= more;
		mutex_unlock(&h->resizer);
		cond_resched();
	}
	hmap_supply_drop(h, &supply);
	hmap_worker_wake(h);
	/* An insert calls before its element is counted: look again. */
	if (called && !worked)
		hmap_call_worker_later(h);
	/* At a limit (-ENOSPC) the next insert asks again. */
	if (more != -ENOMEM || READ_ONCE(h->dying)) {
		WRITE_ONCE(h->retry, 0);
		return;
	}
	/* No memory. Writers need not ask for it again before. */
	delay = clamp_t(unsigned long, 2 * h->retry, IDLE_TIME, RETRY_TIME);
	WRITE_ONCE(h->retry, delay);
	WRITE_ONCE(h->called, true);
	queue_delayed_work(hmap_wq, &h->work, delay);
}

/**
 * hmap_wait_worker() - wait until the worker has tried to make an array
 * @h: the map
 * @supply: notes that the writer has waited, or was killed
 *
 * Only for a caller that hmap_may_wait().
 *
 * Return: 0, or -EINTR if the task was killed.
 */
int hmap_wait_worker(struct hmap *h, struct hmap_supply *supply)
{
	unsigned int rounds;
	int err;

	/*
	 * A writer that sees that a round is over does not take its call for one that
	 * is still to be answered: pairs with the release in hmap_worker_wake().
	 */
	rounds = smp_load_acquire(&h->rounds);
	hmap_call_worker(h);
	err = wait_event_killable(h->wait, READ_ONCE(h->rounds) != rounds);
	/* Whether there is an array now or not: once is enough. */
	supply->waited = true;
	supply->no_array = -ENOMEM;
	supply->want = WANT_NOTHING;
	return err ? -EINTR : 0;
}
