// SPDX-License-Identifier: GPL-2.0
/*
 * What must always hold, checked: for tests, after every scenario.
 *
 * 1. Every key is in the chain that its hash names, once, in one array. (That it is there
 *    once is not checked behind the first VERIFY_TWICE buckets of a chain.)
 * 2. Behind the last slot in use of a chain all slots are HMAP_EMPTY_REST, and only
 *    there; no slot in use follows an HMAP_EMPTY_REST.
 * 3. count is the slots in use, noverflow the overflow buckets in chains.
 * 4. An old bucket has been evacuated with its whole chain or not at all;
 *    without an old array no bucket is.
 * 5. No version is odd. The flags agree with the arrays.
 * 6. The filter of a chain has every tophash that is behind its first bucket; other
 *    buckets have none.
 * 7. Slots that are not in use hold zeros.
 * 8. No chain is longer than a chain may be; a long key has its hash with it.
 */
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "evacuate.h"
#include "hold.h"

/* Looking up n keys takes n * n comparisons if they were chosen to collide. */
#define VERIFY_TWICE	8

/**
 * struct verify - a check in progress
 * @h: the map
 * @present: its array when the check began
 * @old: the array that was being evacuated to it, or NULL
 * @mask: the mask of @present
 * @nr: buckets of @present
 * @old_nr: buckets of @old
 * @changes: inserts, deletes and units evacuated when the check began
 * @count: slots in use so far
 * @noverflow: overflow buckets so far of the array being checked
 * @chain: the chain being checked
 * @index: its index
 * @len: its buckets so far
 * @rest: an HMAP_EMPTY_REST has been seen in it
 * @last: tophash of its last slot that is not HMAP_EMPTY_REST
 */
struct verify {
	struct hmap *h;
	struct hmap_array *present;
	struct hmap_array *old;
	u32 mask;
	size_t nr;
	size_t old_nr;
	unsigned long changes;
	long count;
	u32 noverflow;
	struct hmap_chain chain;
	size_t index;
	u32 len;
	bool rest;
	u8 last;
};

static int verify_fail(const struct verify *v, const char *what)
{
	pr_err("hmap: verify: B %u, bucket %zu: %s\n", v->chain.a->B, v->index,
	       what);
	return -EUCLEAN;
}

/* A slot in use: a lookup must find its key there, and in no slot before. */
static int verify_used(struct verify *v, struct hmap_bucket *b, unsigned int i)
{
	struct hmap *h = v->h;
	const struct hmap_array *a = v->chain.a;
	const void *key = hmap_key_bytes(h, b, i);
	struct hmap_slot slot;
	u64 hash;

	v->count++;
	if (v->rest)
		return verify_fail(v, "a slot in use behind emptyRest");
	if (!key || !hmap_value_bytes(h, b, i))
		return verify_fail(v, "a slot in use without key or value");
	hash = hmap_hash(h, key, &v->present->hash0);
	if (hmap_bucket_index(a, hash) != v->index)
		return verify_fail(v, "a key that belongs to another bucket");
	if (hmap_slot_hash(h, b, i, &v->present->hash0) != hash)
		return verify_fail(v, "a long key without its hash");
	if (hmap_bucket_tophash_of(hash) != b->tophash[i])
		return verify_fail(v, "a tophash that is not its key's");
	if (b != v->chain.head &&
	    !hmap_bucket_filter_test(v->chain.head, b->tophash[i]))
		return verify_fail(v, "a key that the filter does not know");
	if (v->len <= VERIFY_TWICE && (!hmap_find(h, &v->chain, key, hash, &slot) ||
				       slot.b != b || slot.i != i))
		return verify_fail(v, "a key that is there twice");
	return 0;
}

static int verify_empty(struct verify *v, struct hmap_bucket *b, unsigned int i)
{
	const struct hmap_geometry *geo = &v->h->geo;

	if (b->tophash[i] == HMAP_EMPTY_REST)
		v->rest = true;
	else if (v->rest)
		return verify_fail(v, "emptyOne behind emptyRest");
	if (memchr_inv(hmap_bucket_key(geo, b, i), 0, geo->key_slot) ||
	    memchr_inv(hmap_bucket_value(geo, b, i), 0, geo->value_slot))
		return verify_fail(v, "an empty slot that was not wiped");
	return 0;
}

static int verify_slot(struct verify *v, struct hmap_bucket *b, unsigned int i)
{
	u8 top = b->tophash[i];

	if (top != HMAP_EMPTY_REST)
		v->last = top;
	if (top >= HMAP_MIN_TOPHASH)
		return verify_used(v, b, i);
	if (top <= HMAP_EMPTY_ONE)
		return verify_empty(v, b, i);
	return verify_fail(v, "an evacuated slot in a bucket that is not");
}

/* A chain that is in use, not evacuated. */
static int verify_chain(struct verify *v)
{
	struct hmap_bucket *b;
	unsigned int i;
	int err;

	v->len = 0;
	v->rest = false;
	v->last = HMAP_EMPTY_REST;
	for (b = v->chain.head; b; b = hmap_next(v->h, v->chain.a, b)) {
		if (++v->len > v->h->max_chain)
			return verify_fail(v, "a chain longer than it may be");
		if (b->version & 1)
			return verify_fail(v, "an odd version");
		if (b != v->chain.head &&
		    b->overflow != hmap_bucket_overflow_index(b->overflow))
			return verify_fail(v, "a filter within a chain");
		for (i = 0; i < HMAP_BUCKET_CNT; i++) {
			err = verify_slot(v, b, i);
			if (err)
				return err;
		}
	}
	if (v->last == HMAP_EMPTY_ONE)
		return verify_fail(v, "emptyOne before emptyRest");
	return 0;
}

/* An evacuated chain: all of its slots must be marked so. */
static int verify_evacuated(struct verify *v)
{
	struct hmap_bucket *b;
	unsigned int i;

	if (v->chain.head->version & 1)
		return verify_fail(v, "an odd version");
	for (b = v->chain.head; b; b = hmap_next(v->h, v->chain.a, b))
		for (i = 0; i < HMAP_BUCKET_CNT; i++)
			if (b->tophash[i] <= HMAP_EMPTY_ONE ||
			    b->tophash[i] >= HMAP_MIN_TOPHASH)
				return verify_fail(v, "not evacuated whole");
	return 0;
}

/* Nothing is written to a new chain before its old one has been evacuated. */
static int verify_untouched(struct verify *v)
{
	if (memchr_inv(v->chain.head, 0, v->h->geo.bucket_size))
		return verify_fail(v, "in use before it was evacuated to");
	return 0;
}

/* Whether the stripe's progress says that old bucket @i has been evacuated. */
static bool verify_is_past(const struct verify *v, size_t i)
{
	const struct hmap_array *a = v->present;
	u32 s = i & a->mask;

	i &= hmap_nbuckets(hmap_smaller(v->present, v->old)) - 1;
	return i / (a->mask + 1) < a->nevacuate[s].n;
}

static int verify_bucket(struct verify *v, struct hmap_array *a, size_t i)
{
	struct hmap_array *old = v->old;
	struct hmap_bucket *b;

	v->chain = (struct hmap_chain){ a, hmap_bucket(v->h, a, i) };
	v->index = i;
	for (b = v->chain.head; (b = hmap_next(v->h, a, b));)
		v->noverflow++;
	if (a == old && verify_is_past(v, i) && !hmap_evacuated(v->h, a, i))
		return verify_fail(v, "below nevacuate and not evacuated");
	if (a == old && hmap_evacuated(v->h, a, i))
		return verify_evacuated(v);
	if (a != old && old &&
	    !hmap_evacuated(v->h, old, i & (hmap_nbuckets(old) - 1)))
		return verify_untouched(v);
	return verify_chain(v);
}

/*
 * Check some of the buckets of a stripe, from its bucket number *@n on. Returns
 * -EAGAIN if the map has moved to another array.
 */
static int verify_part(struct verify *v, struct hmap_array *a, u32 s, size_t *n)
{
	u32 units = 0, before = v->count + v->noverflow;
	u32 cost = max_t(u32, v->h->params.key_size + v->h->geo.value_slot,
			 HMAP_HOLD_MIN);
	struct hmap_locked lk;
	int err = 0;
	size_t i;

	hmap_lock_hash(v->h, s, &lk);
	if (lk.a != v->present || hmap_old(lk.a) != v->old)
		err = -EAGAIN;
	for (i = s + *n * (lk.a->mask + 1);
	     !err && i < hmap_nbuckets(a) && units < HMAP_HOLD_UNITS &&
	     (v->count + v->noverflow - before) * cost < HMAP_HOLD_BYTES;
	     i += lk.a->mask + 1) {
		err = verify_bucket(v, a, i);
		units++;
	}
	*n += units;
	hmap_unlock(v->h, &lk);
	return err;
}

/* Check an array of @nr buckets; -EAGAIN if the map has moved to another one. */
static int verify_array(struct verify *v, struct hmap_array *a, size_t nr)
{
	int err = 0;
	size_t n;
	u32 s;

	v->noverflow = 0;
	for (s = 0; s <= v->mask; s++) {
		for (n = 0; !err && s + n * (v->mask + 1) < nr;) {
			err = verify_part(v, a, s, &n);
			if (!err && hmap_interrupted())
				err = -EINTR;
			cond_resched();
		}
	}
	return err;
}

/* Inserts, deletes and units evacuated so far. Under all stripes. */
static unsigned long verify_changes(const struct hmap *h)
{
	return hmap_changes(h) + hmap_evacuated_units(h);
}

/* Check the counters of an array that need no walk. Under all stripes. */
static int verify_overflow(struct verify *v, struct hmap_array *a)
{
	v->chain.a = a;
	if (a->extra.next_overflow != a->noverflow + 1)
		return verify_fail(v, "nextOverflow is not the next one");
	if (a->reserved)
		return verify_fail(v, "overflow buckets that stay reserved");
	if (a->noverflow > a->extra.overflow.nr)
		return verify_fail(v, "more overflow buckets than there are");
	return 0;
}

static int verify_whole(struct verify *v)
{
	struct hmap_array *a = v->present, *old = v->old;
	bool same = old && old->B == a->B;

	lockdep_assert_held(&v->h->all);
	v->chain.a = a;
	if (a->flags != (same ? HMAP_FLAG_SAMESIZEGROW : 0))
		return verify_fail(v, "flags do not agree with the arrays");
	if (a->extra.oldoverflow != (old ? &old->extra.overflow : NULL))
		return verify_fail(v, "oldoverflow is not the old array's");
	if (a->settled != (old ? NULL : a->data))
		return verify_fail(v, "settled does not agree with the arrays");
	if (old && (old->oldbuckets || !old->data || old->B > a->B + 1 ||
		    a->B > old->B + HMAP_MAX_DOUBLINGS))
		return verify_fail(v, "an old array that cannot be");
	if (!!old != !!(old && atomic_read(&a->remaining)))
		return verify_fail(v, "an old array of which nothing remains");
	if (!old && a->mask != hmap_full_mask(v->h, a))
		return verify_fail(v, "stripes that are not in use");
	return (old ? verify_overflow(v, old) : 0) ?: verify_overflow(v, a);
}

static int verify_begin(struct verify *v)
{
	int err;

	v->present = hmap_lock_all(v->h);
	v->old = hmap_old(v->present);
	v->mask = v->present->mask;
	v->nr = v->present->data ? hmap_nbuckets(v->present) : 0;
	v->old_nr = v->old ? hmap_nbuckets(v->old) : 0;
	v->changes = verify_changes(v->h);
	v->count = 0;
	err = verify_whole(v);
	hmap_unlock_all(v->h);
	return err;
}

/* Check the counts, if nothing has been changed since verify_begin(). */
static int verify_end(struct verify *v, u32 oldoverflow)
{
	int err = 0;

	if (hmap_lock_all(v->h) == v->present &&
	    verify_changes(v->h) == v->changes) {
		if (v->count != hmap_count(v->h))
			err = verify_fail(v, "count is not the slots in use");
		else if (v->noverflow != v->present->noverflow ||
			 (v->old && oldoverflow != v->old->noverflow))
			err = verify_fail(v, "noverflow is not what chains hold");
	}
	hmap_unlock_all(v->h);
	return err;
}

static int verify_once(struct verify *v)
{
	u32 oldoverflow = 0;
	int err = verify_begin(v);

	if (!err && v->old) {
		err = verify_array(v, v->old, v->old_nr);
		oldoverflow = v->noverflow;
	}
	if (!err)
		err = verify_array(v, v->present, v->nr);
	return err ?: verify_end(v, oldoverflow);
}

/**
 * hmap_verify() - check the invariants of a map
 * @h: the map
 *
 * For tests. Like a scan this checks a bounded number of buckets at a time. The
 * counts of the map as a whole are checked only if nothing is written meanwhile. If
 * the map moves to another array the check starts again; after ten tries it gives up
 * and returns 0.
 *
 * Context: process; may sleep.
 * Return: 0; -EUCLEAN, with the reason in the kernel log; -EINTR if a signal came.
 */
int hmap_verify(struct hmap *h)
{
	struct verify v = { .h = h };
	unsigned int tries = 10;
	int err;

	might_sleep();
	do {
		err = verify_once(&v);
	} while (err == -EAGAIN && --tries);
	return err == -EAGAIN ? 0 : err;
}
EXPORT_SYMBOL_GPL(hmap_verify);
