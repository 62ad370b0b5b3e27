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
 *     one has the last word, and the worker waits for either. The mutex saves
 *     work, and orders requests; the map does not depend on it. So a caller
 *     that may not wait for the memory that the holder is allocating
 *     (hmap_may_wait()) goes on without it, and so do all for whom the holder
 *     is late, since it may be a task that its cgroup slows down at will. Then
 *     the publications decide (cmpxchg), and the last min_B does.
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

/* The worker drives a resize that no writer has driven for this long. */
#define IDLE_TIME	(HZ / 4)

/* The longest time that the worker waits before it allocates again. */
#define RETRY_TIME	(4 * HZ)

/* A worker that exceeds a pool's max_workers tries again after this time. */
#define TURN_TIME	DIV_ROUND_UP(HZ, 50)

/* Arrays of up to this B are not worth shrinking. */
#define SHRINK_MIN_B	4

/* Have the worker check later whether there is something to do. */
static void hmap_call_worker_later(struct hmap *h)
{
	/*
	 * The reason for the call first: pairs with smp_mb() in hmap_worker(), which
	 * runs after the work has ceased to be pending.
	 */
	smp_mb();
	if (!delayed_work_pending(&h->work))
		queue_delayed_work(hmap_wq, &h->work, IDLE_TIME);
}

/* Have the worker run at once. Until it has begun, further calls have no effect. */
static void hmap_call_worker(struct hmap *h)
{
	/* First the reason of the call: pairs with smp_mb() in hmap_worker(). */
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

/* Whether nothing has to be evacuated. Unknown (false) if all stripes are in use. */
static bool hmap_is_empty(const struct hmap *h, const struct hmap_locked *lk)
{
	return !lk->a->data || (!lk->a->mask && !hmap_count_near(h, lk));
}

/* Prepare @new to replace @a. If @a is @empty nothing has to be evacuated. */
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
 * Publish @new in place of the locked array. Returns false if that is no longer the
 * current array, or is itself being evacuated to. @reason is for the tracepoint.
 *
 * If the locked array is empty, @new may have another mask. The mask was 0 then: the
 * caller holds stripe 0, the only one in use.
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
	 * Full barrier: the array is initialised before it can be reached. Pairs
	 * with rcu_dereference().
	 */
	published = unrcu_pointer(cmpxchg(&h->buckets, RCU_INITIALIZER(a),
					  RCU_INITIALIZER(new))) == a;
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
 * The B of the array that @count elements need: the smallest that holds them at its
 * load factor, but no larger than one resize can reach.
 */
static u8 hmap_wanted_B(const struct hmap_array *a, u64 count)
{
	u8 more = 0;

	while (more < HMAP_MAX_DOUBLINGS && hmap_over_load(count, a->B + more))
		more++;
	return a->B + more;
}

/**
 * hmap_grow_needed() - whether a number of elements needs another array
 * @a: the array
 * @count: number of elements
 * @B: out: the B of the array that is needed
 *
 * Go's rules: a larger array if the capacity is exceeded; an array of the same size,
 * for shorter chains, if there are as many overflow buckets as buckets.
 *
 * Return: true if another array is needed.
 */
static bool hmap_grow_needed(const struct hmap_array *a, u64 count, u8 *B)
{
	*B = hmap_wanted_B(a, count);
	return *B > a->B || hmap_too_many_overflow(READ_ONCE(a->noverflow), a->B);
}

/* The lowest B that is useful if @B is wanted. */
static u8 hmap_least_B(const struct hmap_array *a, u8 B)
{
	return a->B < B ? a->B + 1 : B;
}

/* Whether @new is useful if @B is wanted. */
static bool hmap_grow_fits(const struct hmap_array *a,
			   const struct hmap_array *new, u8 B)
{
	return new && new->B >= hmap_least_B(a, B) && new->B <= B;
}

/*
 * Whether a put makes an array of 2^B buckets by itself: if it is small, or if the
 * put is so far ahead of the worker that chains would become long.
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

/* The B, up to @B, of the largest array that a put makes by itself; -1 for none. */
static int hmap_put_B(const struct hmap *h, const struct hmap_array *a, u64 count,
		      u8 B)
{
	int least = hmap_least_B(a, B), b;

	for (b = B; b >= least; b--)
		if (hmap_makes_array(h, a, count, b) && hmap_array_fits(h, b))
			return b;
	return -1;
}

/*
 * A large array is needed: call the worker, and wait for it if it is far behind. A caller
 * that does not pay for the array leaves that to others.
 */
static int hmap_await_worker(struct hmap *h, const struct hmap_array *a,
			     struct hmap_supply *supply, u64 count, u8 B, bool may_wait)
{
	if (!hmap_caller_pays(h, hmap_array_data_size(h, hmap_least_B(a, B))))
		return 0;
	hmap_call_worker(h);
	if (!may_wait || supply->waited || hmap_worker_is_late(h) ||
	    count < 2 * hmap_capacity(a->B))
		return 0;
	trace_hmap_back_pressure(h, a->B, count);
	supply->want = WANT_WORKER;
	return -EAGAIN;
}

/* hmap_resize_for_insert() near the capacity, or if there are no buckets. */
int __hmap_resize_for_insert(struct hmap *h, const struct hmap_locked *lk,
			     struct hmap_supply *supply, bool may_wait)
{
	struct hmap_array *a = lk->a;
	u64 count = max(hmap_count_near(h, lk), 0L);
	int put_B;
	u8 B = 0;

	if (hmap_old(a)) {
		/* The next resize is due before this one is over. */
		if (hmap_over_load(count, a->B))
			hmap_call_worker(h);
		return 0;
	}
	if (a->data && !hmap_grow_needed(a, count + 1, &B)) {
		/* Other stripes may have counted more: check that later. */
		if (hmap_over_load(count + hmap_count_error(a), a->B)) {
			hmap_note_payer(h);
			hmap_call_worker_later(h);
		}
		return 0;
	}
	if (hmap_grow_fits(a, supply->array, B)) {
		if (hmap_publish(h, lk, supply->array,
				 a->B < B ? HMAP_TRACE_LOAD : HMAP_TRACE_OVERFLOW)) {
			supply->array = NULL;
			/* Even if it has been called before and waits for memory. */
			if (hmap_evac_is_shared(h, a))
				mod_delayed_work(hmap_wq, &h->work, 0);
		}
		supply->want = WANT_RESTART;
		return -EAGAIN;
	}
	if (!hmap_array_fits(h, hmap_least_B(a, B))) {
		/* Previous arrays that wait to be freed may be the reason. */
		if (may_wait && !supply->drained &&
		    hmap_array_will_fit(h, hmap_least_B(a, B))) {
			supply->want = WANT_MEMORY;
			return -EAGAIN;
		}
		/* Have the worker try again: there may be room by then. */
		if (a->data)
			hmap_call_worker_later(h);
		return a->data ? 0 : -ENOSPC;
	}
	put_B = supply->no_array ? -1 : hmap_put_B(h, a, count, B);
	if (put_B < 0 && !a->data)
		/* Without a reason there was room a moment ago, and is not any more. */
		return supply->no_array ?: -ENOSPC;
	if (put_B < 0)
		return hmap_await_worker(h, a, supply, count, B, may_wait);
	supply->want = WANT_ARRAY;
	supply->want_B = put_B;
	return -EAGAIN;
}

/* ---- shrinking ---- */

/*
 * When a map shrinks two chains become one. So none may be longer than half of the
 * maximum, unless all elements of the map fit into one chain.
 */
static bool hmap_chains_fit(const struct hmap *h, const struct hmap_array *a,
			    u64 count)
{
	return READ_ONCE(a->longest_chain) <= h->max_chain / 2 ||
	       count <= (u64)h->max_chain * HMAP_BUCKET_CNT;
}

/*
 * If hmap_chains_fit() fails, elements may have been deleted since the chains were
 * that long: a resize to the same size compacts them. Do not repeat that before as
 * many inserts and deletes as the capacity of the array, unless hmap_shrink() is
 * called.
 */
static bool hmap_may_compact(const struct hmap *h, const struct hmap_array *a)
{
	unsigned long compacted = READ_ONCE(h->compacted);

	return !compacted || hmap_changes(h) - compacted >= hmap_capacity(a->B);
}

/* Whether the array can be halved, if chains fit. */
static bool hmap_can_halve(const struct hmap *h, const struct hmap_array *a)
{
	return a->B && hmap_nbuckets(a) > h->params.stripes && !hmap_old(a);
}

/* Whether the map would use less than a quarter of an array of half the size. */
static bool hmap_shrink_needed(const struct hmap *h, const struct hmap_array *a,
			       u64 count)
{
	return !(h->params.flags & HMAP_NO_SHRINK) && a->B > SHRINK_MIN_B &&
	       a->B > READ_ONCE(h->min_B) && count < hmap_capacity(a->B) / 8 &&
	       hmap_can_halve(h, a);
}

/* Whether an array of half the size would hold all elements. */
static bool hmap_shrink_possible(const struct hmap *h, const struct hmap_array *a,
				 u64 count)
{
	return a->B > READ_ONCE(h->min_B) && hmap_can_halve(h, a) &&
	       !hmap_over_load(count, a->B - 1);
}

/*
 * The map is empty: take a fresh seed. Under all stripes in use. A reader that still
 * uses the old seed misses, which is correct.
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
 * hmap_resize_for_delete() if there may be something to do. Only this stripe's count
 * is used: with several stripes in use, the worker adds up the others.
 */
void __hmap_resize_for_delete(struct hmap *h, const struct hmap_locked *lk)
{
	long count = hmap_count_near(h, lk) - hmap_count_error(lk->a);
	struct hmap_array *a = lk->a;

	if (count <= 0 && !hmap_old(a)) {
		if (!a->mask) {
			hmap_reseed(h, a);
		} else {
			/* Count first: pairs with smp_mb() in hmap_worker_reseed(). */
			smp_mb();
			/* May be empty. The worker checks, under all stripes. */
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
 * Begin to halve the array, if @wanted says so. If chains are too long for that,
 * begin a resize to the same size instead, which compacts them. Returns 1 if a
 * resize was begun, or if another task has begun one meanwhile; 0 if it is not
 * wanted, another task is about to do so, or chains stay too long; -ENOMEM.
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
	/* One at a time, since the smaller array is not subject to limits of memory. */
	if (atomic_xchg(&h->halving, 1))
		return 0;
	new = ERR_PTR(-ENOMEM);
	if (hmap_caller_pays(h, hmap_array_data_size(h, B - fit)))
		new = fit ? hmap_array_alloc(h, B - 1, GFP_KERNEL) :
			    hmap_array_make(h, B, GFP_KERNEL);
	atomic_set(&h->halving, 0);
	/* Compacting is optional: without memory for it the map keeps its size. */
	if (IS_ERR(new))
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

/* ---- explicit requests ---- */

/**
 * hmap_resizer_lock() - begin an explicit resize
 * @h: the map
 *
 * Return: 1 if the lock has been taken; 0 if another task holds it and the caller
 * may not wait for that, or has waited for HMAP_WAIT_TIME: the caller continues without
 * the lock; -EINTR if a signal came.
 */
int hmap_resizer_lock(struct hmap *h)
{
	long left;

	if (!hmap_may_wait(GFP_KERNEL))
		return mutex_trylock(&h->resizer);
	atomic_inc(&h->requests);
	left = current->flags & PF_KTHREAD ?
	       wait_event_killable_timeout(h->wait, mutex_trylock(&h->resizer),
					   HMAP_WAIT_TIME) :
	       wait_event_interruptible_timeout(h->wait,
						mutex_trylock(&h->resizer),
						HMAP_WAIT_TIME);
	atomic_dec(&h->requests);
	return left < 0 ? -EINTR : left > 0;
}

/* A request or the worker lets the next one go on. */
static void hmap_resizer_release(struct hmap *h)
{
	mutex_unlock(&h->resizer);
	wake_up_all(&h->wait);
}

/* The worker may have found the lock taken: call it again. */
void hmap_resizer_unlock(struct hmap *h, int locked)
{
	if (!locked)
		return;
	hmap_resizer_release(h);
	hmap_call_worker_later(h);
}

/**
 * hmap_hint_B() - the smallest array that holds a number of elements
 * @h: the map; its geometry has been set
 * @n: number of elements
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
 * One step towards 2^B buckets: publish the supply's array if it is useful, or say
 * in @supply which one is needed. Returns whether the map has 2^B buckets.
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

/* Grow to 2^B buckets, a bounded number of units at a time. */
static int hmap_grow_to(struct hmap *h, u8 B)
{
	struct hmap_supply supply = {};
	int err;

	err = hmap_finish_resize(h, &supply, false);
	while (!err && !hmap_reserve_step(h, B, &supply)) {
		/* Publish an array before checking for signals. */
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
 * @n: elements that the map must hold without growing
 *
 * The map is grown step by step, a bounded number of buckets at a time, while other
 * tasks use it. From the beginning of the call the worker does not shrink it below
 * that size. A map that already has room is left as it is.
 *
 * Context: process; may sleep. Waits for a resize by another hmap_reserve(),
 * hmap_shrink(), hmap_clear() or the worker, for two seconds at most, unless the task
 * may not allocate with GFP_KERNEL (memalloc_nofs_save() and the like).
 * Return: 0; -EINVAL if no map can be that large or @n is above max_entries; -ENOSPC
 * if the map's limits do not allow it; -ENOMEM if there is no memory; -EINTR if a
 * signal came. After -ENOSPC, -ENOMEM and -EINTR the steps that were made stay made,
 * and another call continues.
 */
int hmap_reserve(struct hmap *h, unsigned long n)
{
	unsigned long max = READ_ONCE(h->params.max_entries);
	int err, locked;
	u8 B, min_B;

	might_sleep();
	if (max && n > max)
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
 * hmap_shrink() - free memory that the elements do not need
 * @h: the map
 *
 * Gives up the room that hmap_init() and hmap_reserve() have made, and shrinks the
 * map to the size that its elements need, even with HMAP_NO_SHRINK: step by step, a
 * bounded number of buckets at a time, while other tasks use it.
 *
 * A map with a chain of more than half the maximum length keeps its size, unless all
 * elements fit into one chain. If a chain has ever been that long, a resize to the
 * same size compacts the chains first.
 *
 * Context: process; may sleep. Waits as hmap_reserve() does.
 * Return: 0; -ENOMEM if there is no memory for the smaller array; -EINTR if a signal
 * came. Steps that were made stay made, and another call continues.
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
	/* Bounded, in case other tasks make the map grow again and again. */
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

/* ---- limits ---- */

/**
 * hmap_set_max_entries() - change the limit of elements
 * @h: the map
 * @n: elements that the map may hold, 0 for no limit
 *
 * No element is deleted. A map that holds @n elements or more refuses new ones
 * (-ENOSPC) until it holds less; elements can still be overwritten and deleted. An
 * insert that is under way may still use the previous limit. Room that has been made
 * by hmap_init()'s hint or by hmap_reserve() is kept, even if it is for more elements.
 *
 * Context: any; does not sleep. Calls that set different limits at the same time leave
 * one of them.
 */
void hmap_set_max_entries(struct hmap *h, unsigned long n)
{
	/* Nothing waits for this limit: it refuses inserts, but no growth. */
	WRITE_ONCE(h->params.max_entries, n);
}
EXPORT_SYMBOL_GPL(hmap_set_max_entries);

/**
 * hmap_set_max_bytes() - change the limit of memory
 * @h: the map
 * @bytes: memory that the map may hold, 0 for no limit. The limits of pools remain
 *
 * No memory is freed and no element is deleted. A map that holds more goes on as one
 * that has reached its limit: it does not grow, and refuses elements that need memory
 * (-ENOSPC) until it holds less. Slots that are free need none, if keys and values are
 * inline. An array that is being allocated may still be published. The worker grows a
 * map that the previous limit has kept from growing, without another call.
 *
 * Context: process or softirq. Does not wait for the worker. Calls that set different
 * limits at the same time leave one of them.
 */
void hmap_set_max_bytes(struct hmap *h, unsigned long bytes)
{
	WRITE_ONCE(h->params.max_bytes, bytes);
	/* The limit first: pairs with smp_mb() in hmap_worker(). */
	smp_mb();
	/* Even if it has been called before and waits for memory. */
	mod_delayed_work(hmap_wq, &h->work, 0);
}
EXPORT_SYMBOL_GPL(hmap_set_max_bytes);

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
 * Grow to 2^B buckets, or to as many as there is room for, but at least 2^least.
 * Returns 1, also if a writer has grown the map meanwhile; -ENOMEM or -ENOSPC.
 */
static int hmap_worker_grow(struct hmap *h, u8 B, u8 least)
{
	struct mem_cgroup *payer = hmap_take_payer(h), *own;
	struct hmap_array *new;
	struct hmap_locked lk;
	bool published;

	WRITE_ONCE(h->making, true);
	own = set_active_memcg(payer);
	do {
		new = ERR_PTR(-ENOSPC);
		if (hmap_cgroup_pays(payer, hmap_array_data_size(h, B)))
			new = hmap_array_make(h, B, GFP_KERNEL);
	} while (IS_ERR(new) && B-- > least);
	set_active_memcg(own);
	if (IS_ERR(new)) {
		WRITE_ONCE(h->making, false);
		return PTR_ERR(new);
	}
	hmap_lock_hash(h, 0, &lk);
	/* The map may be in another array by now, for which the size is wrong. */
	published = hmap_grow_needed(lk.a, hmap_len(h), &B) &&
		    hmap_grow_fits(lk.a, new, B) &&
		    hmap_publish(h, &lk, new, new->B > lk.a->B ?
				 HMAP_TRACE_LOAD : HMAP_TRACE_OVERFLOW);
	hmap_unlock(h, &lk);
	if (!published)
		hmap_array_free(new);
	/* Published or freed: pairs with the acquire in hmap_await_room(). */
	smp_store_release(&h->making, false);
	/* Give writers a chance to drive the resize: do not take it for idle yet. */
	h->last_evacuated = -1;
	return 1;
}

/* Take a fresh seed if a map of several stripes is still empty. */
static void hmap_worker_reseed(struct hmap *h)
{
	struct hmap_array *a;

	WRITE_ONCE(h->emptied, false);
	/*
	 * Clear it before counting: a delete that is not counted sets it and calls
	 * again. Pairs with smp_mb() in __hmap_resize_for_delete().
	 */
	smp_mb();
	if (hmap_count(h))
		return;
	a = hmap_lock_all(h);
	if (!hmap_count(h) && !hmap_old(a))
		hmap_reseed(h, a);
	hmap_unlock_all(h);
}

/* Wake the writers that wait: they continue, whether there is an array or not. */
static void hmap_worker_wake(struct hmap *h)
{
	WRITE_ONCE(h->late, false);
	/* Round before its number: pairs with the acquire in hmap_wait_worker(). */
	smp_store_release(&h->rounds, h->rounds + 1);
	wake_up_all(&h->wait);
}

/*
 * Do the most urgent work of the map. Returns 1 if there may be more work; 0 if
 * there is none, or writers do it; or a negative errno.
 */
static int hmap_worker_step(struct hmap *h, struct hmap_supply *supply, bool locked)
{
	u64 count = hmap_len(h);
	struct hmap_array *a, *old;
	bool asked, grow, shrink;
	u8 B = 0, least;
	int err;

	rcu_read_lock();
	a = rcu_dereference(h->buckets);
	old = hmap_old(a);
	/* A request that is late evacuates, too: leave that to it as long as it does. */
	asked = locked && old && (hmap_evac_is_shared(h, old) ||
				  atomic_read(&h->requests));
	grow = a->data && hmap_grow_needed(a, count, &B);
	least = hmap_least_B(a, B);
	shrink = hmap_shrink_needed(h, a, count);
	rcu_read_unlock();
	if (old && !asked && !grow && !hmap_is_idle(h)) {
		hmap_call_worker_later(h);
		return 0;
	}
	if (old)
		return hmap_finish_resize(h, supply, !grow) ?: 1;
	if (shrink && locked) {
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

/*
 * Returns 1 if the worker has @resizer; 0 if it goes on without, since the request that
 * holds it is late: growth is not for the holder to put off; -EBUSY otherwise.
 */
static int hmap_worker_lock(struct hmap *h)
{
	if (mutex_trylock(&h->resizer)) {
		h->put_off = 0;
		return 1;
	}
	if (!h->put_off)
		h->put_off = jiffies ?: 1;
	return time_after_eq(jiffies, h->put_off + IDLE_TIME) ? 0 : -EBUSY;
}

void hmap_worker(struct work_struct *work)
{
	struct hmap *h = container_of(to_delayed_work(work), struct hmap, work);
	bool called = READ_ONCE(h->called), worked = false;
	struct hmap_supply supply = {};
	int more = 1, locked = 0;
	unsigned long delay;

	if (!hmap_worker_begin(h)) {
		queue_delayed_work(hmap_wq, &h->work, TURN_TIME);
		return;
	}
	WRITE_ONCE(h->called, false);
	/*
	 * h->called = false before reading the map: pairs with smp_mb() in
	 * hmap_call_worker(). A later call either queues the work again, or its
	 * reason is visible now.
	 */
	smp_mb();
	while (more > 0 && !READ_ONCE(h->dying)) {
		locked = hmap_worker_lock(h);
		if (locked < 0)
			break;
		more = hmap_worker_step(h, &supply, locked);
		worked |= more;
		if (locked)
			hmap_resizer_release(h);
		cond_resched();
	}
	hmap_supply_drop(h, &supply);
	hmap_worker_end(h);
	hmap_worker_wake(h);
	if (!locked)
		h->put_off = 0;
	/* An insert calls before its element is counted: check again later. */
	if (locked < 0 || (called && !worked))
		hmap_call_worker_later(h);
	/* At a limit (-ENOSPC) the next insert calls again. */
	if (more != -ENOMEM || READ_ONCE(h->dying)) {
		WRITE_ONCE(h->retry, 0);
		return;
	}
	/* No memory: retry. h->called keeps writers from calling until then. */
	delay = clamp_t(unsigned long, 2 * h->retry, IDLE_TIME, RETRY_TIME);
	WRITE_ONCE(h->retry, delay);
	WRITE_ONCE(h->called, true);
	queue_delayed_work(hmap_wq, &h->work, delay);
}

/**
 * hmap_wait_worker() - wait until the worker has tried to make an array
 * @h: the map
 * @supply: records that the writer has waited
 *
 * Only if hmap_may_wait() allows it. Waits for HMAP_WAIT_TIME at most. After that no
 * writer waits for this round of the worker.
 *
 * Return: 0, or -EINTR if the task was killed.
 */
int hmap_wait_worker(struct hmap *h, struct hmap_supply *supply)
{
	unsigned int rounds;
	long left;

	/*
	 * If we see the new round number we must also see h->called cleared;
	 * otherwise hmap_call_worker() would skip the wake-up. Pairs with the
	 * release in hmap_worker_wake().
	 */
	rounds = smp_load_acquire(&h->rounds);
	hmap_call_worker(h);
	left = wait_event_killable_timeout(h->wait, READ_ONCE(h->rounds) != rounds,
					   HMAP_WAIT_TIME);
	if (!left)
		WRITE_ONCE(h->late, true);
	/* Whether there is an array now or not: a put does without from here on. */
	supply->waited = true;
	supply->no_array = -ENOMEM;
	supply->want = WANT_NOTHING;
	return left < 0 ? -EINTR : 0;
}
