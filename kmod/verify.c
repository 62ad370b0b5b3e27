// SPDX-License-Identifier: GPL-2.0
/*
 * What must always hold, checked: for tests, after every scenario.
 *
 * 1. Every key is in the chain that its hash names, once, in one array.
 * 2. Behind the last slot in use of a chain all slots are HMAP_EMPTY_REST, and only
 *    there; no slot in use follows an HMAP_EMPTY_REST.
 * 3. count is the slots in use, noverflow the overflow buckets in chains.
 * 4. An old bucket has been evacuated with its whole chain or not at all;
 *    without an old array no bucket is.
 * 5. No version is odd. The flags agree with the arrays.
 * 6. The filter of a chain has every tophash that is behind its first bucket; other
 *    buckets have none.
 * 7. Slots that are not in use hold zeros.
 */
#include <linux/export.h>
#include <linux/string.h>

#include "internal.h"

/**
 * struct verify - a check in progress
 * @h: the map, of which all stripes are locked
 * @present: its array
 * @old: the array that is evacuated to it, or NULL
 * @count: slots in use so far
 * @chain: the chain being checked
 * @index: its index
 * @rest: an HMAP_EMPTY_REST has been seen in it
 * @last: tophash of its last slot that is not HMAP_EMPTY_REST
 */
struct verify {
	struct hmap *h;
	struct hmap_array *present;
	struct hmap_array *old;
	long count;
	struct hmap_chain chain;
	size_t index;
	bool rest;
	u8 last;
};

static int verify_fail(const struct verify *v, const char *what)
{
	pr_err("hmap: verify: B %u, bucket %zu: %s\n", v->chain.a->B, v->index,
	       what);
	return -EUCLEAN;
}

/* A slot in use: its key is found there, and nowhere before. */
static int verify_used(struct verify *v, struct bmap *b, unsigned int i)
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
	if (bmap_tophash_of(hash) != b->tophash[i])
		return verify_fail(v, "a tophash that is not its key's");
	if (b != v->chain.head && !bmap_filter_test(v->chain.head, b->tophash[i]))
		return verify_fail(v, "a key that the filter does not know");
	if (!hmap_find(h, &v->chain, key, b->tophash[i], &slot) ||
	    slot.b != b || slot.i != i)
		return verify_fail(v, "a key that is there twice");
	return 0;
}

static int verify_empty(struct verify *v, struct bmap *b, unsigned int i)
{
	const struct hmap_geometry *geo = &v->h->geo;

	if (b->tophash[i] == HMAP_EMPTY_REST)
		v->rest = true;
	else if (v->rest)
		return verify_fail(v, "emptyOne behind emptyRest");
	if (memchr_inv(bmap_key(geo, b, i), 0, geo->key_slot) ||
	    memchr_inv(bmap_value(geo, b, i), 0, geo->value_slot))
		return verify_fail(v, "an empty slot that was not wiped");
	return 0;
}

static int verify_slot(struct verify *v, struct bmap *b, unsigned int i)
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

/* A chain that counts. */
static int verify_chain(struct verify *v)
{
	struct bmap *b;
	unsigned int i;
	int err;

	v->rest = false;
	v->last = HMAP_EMPTY_REST;
	for (b = v->chain.head; b; b = hmap_next(v->h, v->chain.a, b)) {
		if (b->version & 1)
			return verify_fail(v, "an odd version");
		if (b != v->chain.head &&
		    b->overflow != bmap_overflow_index(b->overflow))
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

/* A chain that has been evacuated: so have all of its slots. */
static int verify_evacuated(struct verify *v)
{
	struct bmap *b;
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
	return i / (a->mask + 1) < a->nevacuate[s];
}

static int verify_bucket(struct verify *v, struct hmap_array *a, size_t i)
{
	struct hmap_array *old = v->old;

	v->chain = (struct hmap_chain){ a, hmap_bucket(v->h, a, i) };
	v->index = i;
	if (a == old && verify_is_past(v, i) && !hmap_evacuated(v->h, a, i))
		return verify_fail(v, "below nevacuate and not evacuated");
	if (a == old && hmap_evacuated(v->h, a, i))
		return verify_evacuated(v);
	if (a != old && old &&
	    !hmap_evacuated(v->h, old, i & (hmap_nbuckets(old) - 1)))
		return verify_untouched(v);
	return verify_chain(v);
}

static int verify_array(struct verify *v, struct hmap_array *a)
{
	u32 noverflow = 0;
	struct bmap *b;
	size_t i;
	int err;

	for (i = 0; a->data && i < hmap_nbuckets(a); i++) {
		err = verify_bucket(v, a, i);
		if (err)
			return err;
		for (b = hmap_bucket(v->h, a, i); (b = hmap_next(v->h, a, b));)
			noverflow++;
	}
	if (noverflow != a->noverflow)
		return verify_fail(v, "noverflow is not what chains hold");
	if (a->extra.nextOverflow != noverflow + 1)
		return verify_fail(v, "nextOverflow is not the next one");
	if (a->reserved)
		return verify_fail(v, "overflow buckets that stay reserved");
	if (noverflow > a->extra.overflow.nr)
		return verify_fail(v, "more overflow buckets than there are");
	return 0;
}

static int verify_whole(struct verify *v)
{
	struct hmap_array *a = v->present, *old = v->old;
	bool same = old && old->B == a->B;

	if (v->count != hmap_count(v->h))
		return verify_fail(v, "count is not the slots in use");
	if (a->flags != (same ? HMAP_FLAG_SAMESIZEGROW : 0))
		return verify_fail(v, "flags do not agree with the arrays");
	if (a->extra.oldoverflow != (old ? &old->extra.overflow : NULL))
		return verify_fail(v, "oldoverflow is not the old array's");
	if (a->settled != (old ? NULL : a->data))
		return verify_fail(v, "settled does not agree with the arrays");
	if (old && (old->oldbuckets || !old->data ||
		    abs(old->B - a->B) > 1))
		return verify_fail(v, "an old array that cannot be");
	if (!!old != !!(old && atomic_long_read(&a->remaining)))
		return verify_fail(v, "an old array of which nothing remains");
	return 0;
}

static int verify_locked(struct verify *v)
{
	int err = 0;

	lockdep_assert_held(&v->h->all);
	v->chain.a = v->present;
	if (v->old)
		err = verify_array(v, v->old);
	if (!err)
		err = verify_array(v, v->present);
	return err ?: verify_whole(v);
}

/**
 * hmap_verify() - check everything that must always hold
 * @h: the map
 *
 * For tests: all stripes are locked, and nobody can write, while the whole map is
 * gone through.
 *
 * Context: process or softirq.
 * Return: 0, or -EUCLEAN, with the reason in the kernel log.
 */
int hmap_verify(struct hmap *h)
{
	struct verify v = { .h = h };
	int err;

	v.present = hmap_lock_all(h);
	v.old = hmap_old(v.present);
	err = verify_locked(&v);
	hmap_unlock_all(h);
	return err;
}
EXPORT_SYMBOL_GPL(hmap_verify);
