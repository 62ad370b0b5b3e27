// SPDX-License-Identifier: GPL-2.0
/*
 * Evacuation: moving elements from the old array to the new one, unit by unit.
 *
 * All buckets of a unit are in one stripe. Each stripe evacuates its units in
 * order and publishes its progress: lookups and writes of the units before it
 * go straight to the new array. For all others the mark of the old bucket
 * decides. A write of a unit that has not been evacuated goes into the old
 * chain, which counts until then.
 *
 * Writers drive it. In a small map each put and delete does its own unit and
 * the next one in order, as in Go. In a larger one it does the next one only:
 * no put has to pay for more than one unit; a resize lasts about as many puts
 * as there are units, and the next one is not due before seven times as many.
 * In a large one the worker takes its part from the beginning, and a put does
 * one only if the worker does not keep up with the writers (HMAP_PACE): on a
 * CPU of its own it does, and units that are evacuated one after the other cost
 * half of what they cost in between.
 *
 * See kmod/README.md for pictures of a unit.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>

#include "evacuate.h"
#include "hold.h"
#include "trace.h"

/* How far one put or delete searches for the next unit to evacuate, as in Go. */
#define ADVANCE_LIMIT	1024

/* Elements of a unit that are hashed only once: all, unless chains have no limit. */
#define EVAC_CHOICES	(HMAP_MAX_CHAIN * HMAP_BUCKET_CNT)

/**
 * struct evac_dest - where the elements of a unit go
 * @head: first bucket of the new chain
 * @b: its last bucket
 * @i: first free slot in @b
 * @len: buckets of the new chain
 */
struct evac_dest {
	struct hmap_bucket *head;
	struct hmap_bucket *b;
	unsigned int i;
	u32 len;
};

/**
 * struct evac - the evacuation of one unit
 * @h: the map
 * @a: the new array
 * @old: the old array
 * @nr: number of new chains, a power of two
 * @dest: the new chains. The bits of a hash above those that select the old bucket
 *	select one of them
 * @choice: index in @dest for each of the first EVAC_CHOICES elements, so that these
 *	are hashed only once
 * @moved: elements moved
 * @looked: elements moved, and buckets looked at
 * @appended: overflow buckets used
 */
struct evac {
	struct hmap *h;
	struct hmap_array *a;
	struct hmap_array *old;
	u32 nr;
	struct evac_dest dest[HMAP_UNIT_CHAINS];
	u8 choice[EVAC_CHOICES];
	u32 moved;
	u32 looked;
	u32 appended;
};

/* Copy a slot. If the map shrinks, readers may be in the new chain. */
static void hmap_evac_copy_bytes(void *to, const void *from, u32 size)
{
	if (hmap_out_of_line(size))
		WRITE_ONCE(*(void **)to, *(void **)from);
	else
		hmap_bucket_copy(to, from, size);
}

/* Copy a slot to the next free one. Overflow buckets have been reserved. */
static void hmap_evac_copy(struct evac *evac, struct evac_dest *dest,
			   struct hmap_bucket *from, unsigned int f)
{
	struct hmap *h = evac->h;
	const struct hmap_geometry *geo = &h->geo;

	if (dest->i == HMAP_BUCKET_CNT) {
		dest->b = hmap_append_bucket(h, evac->a, dest->b, ++dest->len);
		dest->i = 0;
		evac->appended++;
	}
	if (dest->b != dest->head)
		hmap_bucket_filter_add(dest->head, from->tophash[f]);
	hmap_evac_copy_bytes(hmap_bucket_key(geo, dest->b, dest->i),
			     hmap_bucket_key(geo, from, f), h->params.key_size);
	hmap_evac_copy_bytes(hmap_bucket_value(geo, dest->b, dest->i),
			     hmap_bucket_value(geo, from, f), h->params.value_size);
	hmap_bucket_set_tophash(dest->b, dest->i, from->tophash[f]);
	dest->i++;
	evac->moved++;
	evac->looked++;
}

/*
 * Wipe the old slot: a program that still maps the old array must not see an element
 * after it has been deleted from the new one.
 */
static void hmap_evac_wipe(struct hmap *h, struct hmap_bucket *from, unsigned int f)
{
	if (!h->view)
		return;
	hmap_bucket_wipe(hmap_bucket_key(&h->geo, from, f), h->geo.key_slot);
	hmap_bucket_wipe(hmap_bucket_value(&h->geo, from, f), h->geo.value_slot);
}

/* The new chain of an element in a growing map, as an index in @dest. */
static u32 hmap_evac_choose(const struct evac *evac, struct hmap_bucket *from,
			    unsigned int i)
{
	u64 hash = hmap_slot_hash(evac->h, from, i, &evac->a->hash0);

	return hmap_bucket_index(evac->a, hash) >> evac->old->B;
}

/* Move the elements of an old bucket. Returns its new slot states, as a word. */
static u64 hmap_evac_bucket(struct evac *evac, struct hmap_bucket *from)
{
	u64 states = HMAP_BYTES(HMAP_EVACUATED_EMPTY);
	unsigned int i;
	u32 y = 0;

	hmap_bucket_for_each_used(i, from) {
		if (evac->nr > 1 && evac->moved < EVAC_CHOICES)
			y = evac->choice[evac->moved];
		else if (evac->nr > 1)
			y = hmap_evac_choose(evac, from, i);
		hmap_evac_copy(evac, &evac->dest[y], from, i);
		hmap_evac_wipe(evac->h, from, i);
		states &= ~(0xffULL << 8 * i);
		states |= (u64)(y ? HMAP_EVACUATED_Y : HMAP_EVACUATED_X) << 8 * i;
	}
	evac->looked++;
	return states;
}

/* Move an old chain. */
static void hmap_evac_chain(struct evac *evac, size_t index)
{
	struct hmap *h = evac->h;
	struct hmap_bucket *head = hmap_bucket(h, evac->old, index), *b;
	u64 states;

	hmap_bucket_write_begin(head);
	states = hmap_evac_bucket(evac, head);
	for (b = head; (b = hmap_next(h, evac->old, b));)
		WRITE_ONCE(b->tophashes, cpu_to_le64(hmap_evac_bucket(evac, b)));
	WRITE_ONCE(head->tophashes, cpu_to_le64((states & ~0xffULL) |
						head->tophash[0]));
	/* Copies before the mark: pairs with the acquire in hmap_read_chain(). */
	smp_store_release(&head->tophash[0], (u8)states);
	hmap_bucket_write_end(head);
}

/*
 * The last unit is done: retire the old array. If stripe 0 was the only one in use,
 * because the old array had fewer buckets than there are stripes, raise the mask so
 * that all stripes are used. The caller then holds stripe 0, which may no longer be
 * the stripe of its key (hmap_lock_is_right()).
 */
static void hmap_resize_done(struct hmap *h, struct hmap_array *a,
			     struct hmap_array *old)
{
	trace_hmap_resize_done(h, old->B, a->B);
	WRITE_ONCE(a->flags, 0);
	WRITE_ONCE(a->extra.oldoverflow, NULL);
	hmap_view_begin(h);
	/* Evacuation before NULL: pairs with the acquire in hmap_old(). */
	smp_store_release(&a->oldbuckets, NULL);
	/* Likewise: pairs with the address dependency on hmap_settled(). */
	smp_store_release(&a->settled, a->data);
	hmap_view_end(h);
	hmap_array_retire(old);
	if (a->mask)
		return;
	/* Before other stripes are used: pairs with acquires in hmap_lock_hash(). */
	smp_store_release(&a->mask, hmap_full_mask(h, a));
}

static struct evac_dest hmap_evac_dest(struct hmap *h, struct hmap_array *a,
				       size_t index)
{
	struct hmap_bucket *head = hmap_bucket(h, a, index);

	hmap_prefetch_bucket(h, a, index);
	return (struct evac_dest){ .head = head, .b = head, .len = 1 };
}

static void hmap_evac_unit(struct evac *evac, size_t unit)
{
	struct hmap_array *a = evac->a, *old = evac->old;
	struct hmap *h = evac->h;

	/*
	 * No reader looks into a new chain before an old one is marked as evacuated.
	 * So only the second old chain, when the map shrinks, needs the new chain's
	 * version.
	 */
	hmap_evac_chain(evac, unit);
	if (a->B < old->B) {
		hmap_bucket_write_begin(hmap_bucket(h, a, unit));
		hmap_evac_chain(evac, unit + hmap_nbuckets(a));
		hmap_bucket_write_end(hmap_bucket(h, a, unit));
	}
}

/* Overflow buckets that a unit needs if its elements go to several chains. */
static u32 hmap_evac_need_split(struct evac *evac, size_t unit)
{
	u32 used[HMAP_UNIT_CHAINS] = {}, need = 0, n = 0, y;
	struct hmap *h = evac->h;
	struct hmap_bucket *b;
	unsigned int i;

	for (b = hmap_bucket(h, evac->old, unit); b;
	     b = hmap_next(h, evac->old, b)) {
		hmap_bucket_for_each_used(i, b) {
			y = hmap_evac_choose(evac, b, i);
			if (n < EVAC_CHOICES)
				evac->choice[n++] = y;
			/* For the 9th, 17th, 25th ... element of a chain. */
			need += used[y] && used[y] % HMAP_BUCKET_CNT == 0;
			used[y]++;
		}
	}
	return need;
}

/* Overflow buckets that a unit needs. */
static u32 hmap_evac_need(struct evac *evac, size_t unit)
{
	struct hmap_array *a = evac->a, *old = evac->old;
	size_t n;

	if (evac->nr > 1)
		return hmap_evac_need_split(evac, unit);
	n = hmap_chain_used(evac->h, old, unit);
	if (a->B < old->B)
		n += hmap_chain_used(evac->h, old, unit + hmap_nbuckets(a));
	return n ? (n - 1) / HMAP_BUCKET_CNT : 0;
}

/* Number of units in each stripe. */
static size_t hmap_stripe_units(struct hmap_array *a, struct hmap_array *old)
{
	return hmap_nbuckets(hmap_smaller(a, old)) >> fls(a->mask);
}

/*
 * Whether puts and deletes also evacuate their own units: in small maps, as in Go,
 * and if chains have become so long that a write to a chain costs as much as its
 * evacuation.
 */
static bool hmap_evacuates_own(const struct hmap *h, const struct hmap_array *old)
{
	return hmap_array_is_small(h, old->B) ||
	       hmap_too_many_overflow(READ_ONCE(old->noverflow), old->B);
}

/*
 * Whether a put or delete has to evacuate the stripe's next unit. If the worker
 * evacuates this array from the beginning: only if the worker is behind, or if the
 * next growth may be due before the map has seen HMAP_PACE writes for each unit that
 * is left.
 */
static bool hmap_help_is_due(struct hmap *h, const struct hmap_locked *lk,
			     struct hmap_array *old)
{
	struct hmap_stripe *stripe = &h->stripes[lk->s];
	struct hmap_array *a = lk->a;
	u64 left;
	s64 room;

	if (!hmap_evac_is_shared(h, old) || hmap_evacuates_own(h, old))
		return true;
	left = hmap_stripe_units(a, old) - a->nevacuate[lk->s].n;
	if (!left)
		return false;
	room = hmap_capacity(a->B) - max(hmap_count_near(h, lk), 0L);
	if (stripe->due < HMAP_PACE)
		stripe->due++;
	return stripe->due == HMAP_PACE ||
	       room < (s64)(HMAP_PACE * left << fls(a->mask));
}

/*
 * The stripe's next unit has been evacuated: advance to the first one that has not
 * been. If writers evacuate in order only, that is the one behind it.
 */
static void hmap_advance(struct hmap *h, const struct hmap_locked *lk,
			 struct hmap_array *old)
{
	size_t units = hmap_stripe_units(lk->a, old);
	size_t n = lk->a->nevacuate[lk->s].n + 1, step = lk->a->mask + 1;
	size_t stop = min(n, units);

	if (hmap_evacuates_own(h, old))
		stop = min(n + ADVANCE_LIMIT, units);
	while (n < stop && hmap_evacuated(h, old, lk->s + n * step))
		n++;
	/* Evacuation before progress: pairs with the acquire in hmap_is_past(). */
	smp_store_release(&lk->a->nevacuate[lk->s].n, n);
	if (n < units)
		return;
	h->stripes[lk->s].due = 0;
	/* For hmap_count_error(), and for other stripes, which may now be used. */
	if (h->params.stripes > 1)
		hmap_count_push(h, &h->stripes[lk->s]);
	/*
	 * Full barrier: the evacuation of all stripes before oldbuckets = NULL.
	 * Pairs with the other stripes' decrements.
	 */
	if (atomic_dec_and_test(&lk->a->remaining))
		hmap_resize_done(h, lk->a, old);
}

/*
 * Evacuate a unit that has not been evacuated. Returns the number of elements moved
 * and buckets read; or -ENOMEM if there are not enough overflow buckets: the old
 * chains then stay valid.
 */
static int hmap_evac_now(struct hmap *h, const struct hmap_locked *lk,
			 struct hmap_array *old, size_t unit,
			 struct hmap_supply *supply)
{
	struct hmap_stripe *stripe = &h->stripes[lk->s];
	struct hmap_array *a = lk->a;
	/* @choice is large. Each kernel of a distribution would zero it. */
	struct evac evac __uninitialized;
	u32 need, y;

	evac.h = h;
	evac.a = a;
	evac.old = old;
	evac.nr = a->B > old->B ? 1 << (a->B - old->B) : 1;
	evac.moved = 0;
	evac.looked = 0;
	evac.appended = 0;
	for (y = 0; y < evac.nr; y++)
		evac.dest[y] = hmap_evac_dest(h, a, unit + ((size_t)y << old->B));
	need = hmap_evac_need(&evac, unit);
	if (!hmap_reserve_overflow(h, a, need, supply))
		return -ENOMEM;
	hmap_evac_unit(&evac, unit);
	hmap_unreserve_overflow(lk->a, need - evac.appended);
	WRITE_ONCE(stripe->evacuated, stripe->evacuated + 1);
	stripe->due -= HMAP_PACE;
	return evac.looked;
}

/*
 * Evacuate a unit, if that has not been done. Afterwards the old array may have been
 * retired: only the caller's rcu_read_lock() keeps it. Returns as hmap_evac_now().
 */
static int hmap_evacuate(struct hmap *h, const struct hmap_locked *lk,
			 struct hmap_array *old, size_t unit,
			 struct hmap_supply *supply)
{
	size_t next = lk->s + lk->a->nevacuate[lk->s].n * (lk->a->mask + 1);
	int looked = 1;

	lockdep_assert_held(&h->stripes[lk->s].lock);
	if (!hmap_evacuated(h, old, unit))
		looked = hmap_evac_now(h, lk, old, unit, supply);
	/* Also if it was evacuated before: hmap_advance() may have stopped there. */
	if (looked >= 0 && unit == next)
		hmap_advance(h, lk, old);
	return looked;
}

/* Evacuate the stripe's next unit. Returns the same, or -ENOENT if there is none. */
static int hmap_evacuate_next(struct hmap *h, const struct hmap_locked *lk,
			      struct hmap_supply *supply)
{
	struct hmap_array *old = hmap_old(lk->a);
	size_t next = lk->a->nevacuate[lk->s].n;

	if (!old || next == hmap_stripe_units(lk->a, old))
		return -ENOENT;
	return hmap_evacuate(h, lk, old, lk->s + next * (lk->a->mask + 1),
			     supply);
}

/* hmap_resize_work() while there is an old array. */
bool __hmap_resize_work(struct hmap *h, const struct hmap_locked *lk,
			struct hmap_array *old, struct hmap_supply *supply)
{
	struct hmap_array *small = hmap_smaller(lk->a, old);
	struct hmap_supply none = { .no_block = true };

	if (!supply)
		supply = &none;
	/* Only once, however often the operation has to restart. */
	if (!supply->helped && !hmap_is_past(lk->a, old, lk->hash) &&
	    hmap_evacuates_own(h, old))
		hmap_evacuate(h, lk, old, hmap_bucket_index(small, lk->hash),
			      supply);
	if (!supply->want && !supply->helped) {
		if (hmap_help_is_due(h, lk, old))
			hmap_evacuate_next(h, lk, supply);
		supply->helped = !supply->want;
	}
	if (!supply->want && !hmap_lock_is_right(lk))
		supply->want = WANT_RESTART;
	return !supply->want;
}

/* One bounded step of a stripe. Returns whether it has more to do. */
static bool hmap_finish_step(struct hmap *h, u32 s, struct hmap_supply *supply)
{
	u32 units = 0, bytes = 0;
	struct hmap_locked lk;
	int looked = 0;

	hmap_lock_hash(h, s, &lk);
	while (units++ < HMAP_HOLD_UNITS && bytes < HMAP_HOLD_BYTES) {
		looked = hmap_evacuate_next(h, &lk, supply);
		/* If the lock is contended a writer waits for one unit at most. */
		if (looked < 0 || spin_is_contended(&h->stripes[lk.s].lock))
			break;
		bytes += looked * hmap_slot_cost(h);
	}
	hmap_unlock(h, &lk);
	return looked >= 0 || supply->want;
}

/*
 * Leave the CPU to other tasks for a while, unless the next growth or an explicit
 * request waits for the end of this resize.
 */
static void hmap_give_way(struct hmap *h, ktime_t *since)
{
	bool over;

	if (ktime_us_delta(ktime_get(), *since) < HMAP_PAUSE_US)
		return;
	rcu_read_lock();
	over = hmap_over_load(hmap_len(h), rcu_dereference(h->buckets)->B);
	rcu_read_unlock();
	if (!over && !atomic_read(&h->requests) && !single_task_running())
		usleep_range(HMAP_PAUSE_US, 2 * HMAP_PAUSE_US);
	*since = ktime_get();
}

/**
 * hmap_finish_resize() - evacuate all units, a bounded number at a time
 * @h: the map
 * @supply: where overflow buckets come from
 * @polite: pause for other tasks (hmap_give_way())
 *
 * The stripes take turns, so that all are about equally far.
 *
 * Return: 0, -ENOMEM or -EINTR.
 */
int hmap_finish_resize(struct hmap *h, struct hmap_supply *supply, bool polite)
{
	ktime_t since = ktime_get();
	bool more;
	u32 s;

	do {
		more = false;
		for (s = 0; s < h->params.stripes; s++) {
			more |= hmap_finish_step(h, s, supply);
			hmap_supply_fill(h, supply, GFP_KERNEL);
			if (supply->no_block) {
				supply->no_block = false;
				return -ENOMEM;
			}
			if (hmap_interrupted() || READ_ONCE(h->dying))
				return -EINTR;
			cond_resched();
			if (polite)
				hmap_give_way(h, &since);
		}
	} while (more);
	return 0;
}
