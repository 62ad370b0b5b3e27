// SPDX-License-Identifier: GPL-2.0
/*
 * Scanning by cursor: exactly once, with no state in the map.
 *
 * Keys are visited in the order of their bit-reversed hashes: their places. In
 * that order the keys of a bucket are an interval whatever the number of
 * buckets, since its index is the low bits of the hash, and a key keeps its
 * place while the map is resized. So a cursor, which is the next place to
 * visit, stays good across any resize: what is before it has been visited.
 *
 * Keys of equal hashes are told apart by a second hash, the tie.
 */
#include <linux/export.h>
#include <linux/random.h>
#include <linux/swab.h>

#include "hold.h"
#include "scan.h"

/* The most elements that are collected in one pass over a chain. */
#define SCAN_GROUP	32

/*
 * Bits 63..0 become bits 0..63. A module cannot select CONFIG_BITREVERSE, which the
 * kernel's bitrev32() needs.
 */
u64 hmap_bitrev64(u64 x)
{
	x = ((x >> 1) & 0x5555555555555555ULL) |
	    ((x & 0x5555555555555555ULL) << 1);
	x = ((x >> 2) & 0x3333333333333333ULL) |
	    ((x & 0x3333333333333333ULL) << 2);
	x = ((x >> 4) & 0x0f0f0f0f0f0f0f0fULL) |
	    ((x & 0x0f0f0f0f0f0f0f0fULL) << 4);
	return swab64(x);
}

/**
 * hmap_unit() - get the chains that hold the keys around a place
 * @h: the map
 * @a: its array, as found under the stripe of the place
 * @place: the place
 * @chains: out: one chain, or two that will be joined by a resize
 * @last: out: the last place of the unit
 *
 * The keys of a unit are those of an interval of places: the keys of one bucket, or
 * of two that a shrinking map has not joined yet.
 *
 * Return: the number of chains.
 */
unsigned int hmap_unit(struct hmap *h, struct hmap_array *a, u64 place,
		       struct hmap_chain chains[2], u64 *last)
{
	struct hmap_array *old = hmap_old(a);
	u64 hash = hmap_bitrev64(place);

	chains[0] = hmap_chain_of(h, a, hash);
	if (!old || chains[0].a == a || a->B >= old->B) {
		*last = place | (U64_MAX >> chains[0].a->B);
		return 1;
	}
	*last = place | (U64_MAX >> a->B);
	chains[1] = hmap_chain_of(h, a, hash ^ (1ULL << a->B));
	return 2;
}

/**
 * struct scan_ref - an element that has been found
 * @place: its place
 * @tie: its hmap_tie(), or 0 if that has not been computed
 * @slot: its slot
 */
struct scan_ref {
	u64 place;
	u64 tie;
	struct hmap_slot slot;
};

/**
 * struct scan_group - the first elements of a unit at or after a cursor
 * @n: number of elements
 * @looked: elements and buckets that have been read
 * @limit: the most elements that are wanted
 * @more: whether the unit has more elements
 * @ref: the elements, in the order of their places
 */
struct scan_group {
	unsigned int n;
	unsigned int looked;
	unsigned int limit;
	bool more;
	struct scan_ref ref[SCAN_GROUP];
};

/*
 * The order of elements with equal places: a hash with another seed, which is never
 * shown, so that it is independent of the first hash. Never 0, and never all ones
 * (the end of a scan). Cached in @ref: a chain may be full of equal places.
 */
static u64 hmap_tie(struct hmap *h, struct scan_ref *ref)
{
	if (!ref->tie)
		ref->tie = clamp_t(u64,
				   hmap_hash_bytes(hmap_key_bytes(h, ref->slot.b,
								  ref->slot.i),
						   h->params.key_size, &h->tie),
				   1, U64_MAX - 2);
	return ref->tie;
}

static bool scan_before(struct hmap *h, struct scan_ref *a, struct scan_ref *b)
{
	if (a->place != b->place)
		return a->place < b->place;
	return hmap_tie(h, a) < hmap_tie(h, b);
}

static bool scan_visited(struct hmap *h, struct scan_ref *ref,
			 const struct hmap_cursor *cursor)
{
	if (ref->place != cursor->place)
		return ref->place < cursor->place;
	return cursor->tie && hmap_tie(h, ref) < cursor->tie;
}

/* Insert in order. Elements that do not fit are left for the next pass. */
static void scan_group_add(struct hmap *h, struct scan_group *group,
			   struct scan_ref *ref)
{
	unsigned int i;

	if (group->n == group->limit) {
		group->more = true;
		if (!scan_before(h, ref, &group->ref[group->n - 1]))
			return;
		group->n--;
	}
	for (i = group->n; i && scan_before(h, ref, &group->ref[i - 1]); i--)
		group->ref[i] = group->ref[i - 1];
	group->ref[i] = *ref;
	group->n++;
}

static void scan_chain(struct hmap *h, const siphash_key_t *hash0,
		       const struct hmap_chain *chain,
		       const struct hmap_cursor *cursor, u64 end,
		       struct scan_group *group)
{
	struct scan_ref ref;
	struct hmap_bucket *b;
	unsigned int i;

	for (b = chain->head; b; b = hmap_next(h, chain->a, b)) {
		group->looked++;
		hmap_bucket_for_each_used(i, b) {
			group->looked++;
			ref.place = hmap_bitrev64(hmap_slot_hash(h, b, i, hash0));
			ref.tie = 0;
			ref.slot = (struct hmap_slot){ b, i };
			if (ref.place <= end && !scan_visited(h, &ref, cursor))
				scan_group_add(h, group, &ref);
		}
	}
}

static void scan_copy(struct hmap *h, const struct scan_group *group,
		      void *keys, void *values)
{
	u32 key_size = h->params.key_size;
	u32 value_size = h->params.value_size;
	const struct hmap_slot *slot;
	unsigned int n;

	for (n = 0; n < group->n; n++) {
		slot = &group->ref[n].slot;
		if (keys)
			memcpy(keys + (size_t)n * key_size,
			       hmap_key_bytes(h, slot->b, slot->i), key_size);
		if (values)
			memcpy(values + (size_t)n * value_size,
			       hmap_value_bytes(h, slot->b, slot->i),
			       value_size);
	}
}

/* The last place to visit: before the place where the scan began, or the end. */
static u64 scan_end(const struct hmap_cursor *cursor)
{
	return cursor->place < cursor->start ? cursor->start - 1 : U64_MAX;
}

/*
 * Move the cursor behind the group, or behind the unit if the group has all of it.
 * At the end of the order, a scan that did not begin at place 0 continues there.
 */
static void scan_advance(struct hmap *h, struct scan_group *group,
			 struct hmap_cursor *cursor, u64 last, u64 end)
{
	struct scan_ref *ref;

	if (group->more) {
		ref = &group->ref[group->n - 1];
		cursor->place = ref->place;
		cursor->tie = hmap_tie(h, ref) + 1;
	} else if (last < end) {
		cursor->place = last + 1;
		cursor->tie = 0;
	} else if (end == U64_MAX && cursor->start) {
		cursor->place = 0;
		cursor->tie = 0;
	} else {
		cursor->place = U64_MAX;
		cursor->tie = U64_MAX;
	}
}

/* Copy the rest of one unit, as far as it fits. Returns the number of elements. */
static unsigned int scan_unit(struct hmap *h, struct hmap_array *a,
			      struct hmap_cursor *cursor, void *keys,
			      void *values, unsigned int capacity, u32 *looked)
{
	struct scan_group group;
	struct hmap_chain chains[2];
	u64 end = scan_end(cursor), last;
	unsigned int n, i;

	group.n = 0;
	group.looked = 0;
	group.more = false;
	group.limit = min_t(unsigned int, capacity, SCAN_GROUP);
	n = hmap_unit(h, a, cursor->place, chains, &last);
	for (i = 0; i < n; i++)
		scan_chain(h, &a->hash0, &chains[i], cursor, end, &group);
	scan_copy(h, &group, keys, values);
	scan_advance(h, &group, cursor, last, end);
	*looked += group.looked;
	return group.n;
}

/* The most elements that may be copied under the lock: at least one. */
static unsigned int scan_limit(const struct hmap *h, unsigned int capacity)
{
	u32 size = h->params.key_size + h->params.value_size;

	return min_t(unsigned int, capacity, max_t(u32, HMAP_HOLD_BYTES / size, 1));
}

/* Whether the keys of a place are in the locked stripe. */
bool hmap_place_in_stripe(u64 place, const struct hmap_locked *lk)
{
	return (hmap_bitrev64(place) & lk->a->mask) == lk->s;
}

/**
 * hmap_scan() - copy elements, from a cursor on
 * @h: the map
 * @cursor: in: where to begin, all zero for the start; out: where to continue
 * @keys: where to copy keys to, one after the other; NULL if they are not wanted
 * @values: where to copy values to; NULL if they are not wanted
 * @capacity: elements that fit there
 *
 * Elements come in the order of their hashes. A key that is in the map from the
 * start of a scan to its end is returned exactly once, regardless of writes and
 * resizes meanwhile. A map that becomes empty, or is cleared, takes a fresh seed,
 * and with it another order.
 *
 * Each call does a bounded amount of work. It may return 0 before the end: use
 * hmap_cursor_done() to check for that.
 *
 * Context: process or softirq.
 * Return: the number of elements copied.
 */
unsigned int hmap_scan(struct hmap *h, struct hmap_cursor *cursor, void *keys,
		       void *values, unsigned int capacity)
{
	u32 key_size = h->params.key_size, value_size = h->params.value_size;
	unsigned int n = 0, units = 0, found;
	struct hmap_locked lk;
	u32 looked = 0;

	capacity = scan_limit(h, capacity);
	hmap_lock_hash(h, hmap_bitrev64(cursor->place), &lk);
	while (n < capacity && units++ < HMAP_HOLD_UNITS &&
	       looked * hmap_slot_cost(h) < HMAP_HOLD_BYTES &&
	       !hmap_cursor_done(cursor) &&
	       hmap_place_in_stripe(cursor->place, &lk)) {
		found = scan_unit(h, lk.a, cursor, keys, values,
				  capacity - n, &looked);
		n += found;
		if (keys)
			keys += (size_t)found * key_size;
		if (values)
			values += (size_t)found * value_size;
	}
	hmap_unlock(h, &lk);
	return n;
}
EXPORT_SYMBOL_GPL(hmap_scan);

/**
 * hmap_iter_init() - begin an iteration at a random place
 * @iter: the iteration
 *
 * Context: any but NMI, because of get_random_bytes().
 */
void hmap_iter_init(struct hmap_iter *iter)
{
	struct hmap_cursor *cursor = &iter->cursor;

	get_random_bytes(&cursor->start, sizeof(cursor->start));
	cursor->place = cursor->start;
	cursor->tie = 0;
}
EXPORT_SYMBOL_GPL(hmap_iter_init);

/**
 * hmap_iter_next() - the next elements of an iteration
 * @h: the map
 * @iter: the iteration
 * @keys: where to copy keys to; NULL if they are not wanted
 * @values: where to copy values to; NULL if they are not wanted
 * @capacity: elements that fit there
 *
 * Like hmap_scan(), but from a random place to the end, and then from the first
 * place to the random one, as in Go's range. An iteration can be abandoned at any
 * time: there is nothing to release. A call does a bounded amount of work, and may
 * return 0 before the iteration is over if many buckets are empty. A caller that may
 * sleep should yield in between:
 *
 *	while (!hmap_iter_done(&iter)) {
 *		n = hmap_iter_next(h, &iter, keys, values, capacity);
 *		...
 *		cond_resched();
 *	}
 *
 * Context: process or softirq.
 * Return: the number of elements copied; 0 also if @capacity is 0.
 */
unsigned int hmap_iter_next(struct hmap *h, struct hmap_iter *iter, void *keys,
			    void *values, unsigned int capacity)
{
	return hmap_scan(h, &iter->cursor, keys, values, capacity);
}
EXPORT_SYMBOL_GPL(hmap_iter_next);
