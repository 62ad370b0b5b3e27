// SPDX-License-Identifier: GPL-2.0
/*
 * The fields of a map, and how full its buckets and chains are.
 */
#include <linux/export.h>
#include <linux/sched.h>

#include "hold.h"
#include "scan.h"

static u64 hmap_address(const void *p)
{
	return (uintptr_t)p;
}

/* Go's map has an extra if it has, or had, overflow buckets. */
static bool hmap_has_extra(const struct hmap_array *a)
{
	return READ_ONCE(a->extra.overflow.nr) || READ_ONCE(a->extra.oldoverflow);
}

static void hmap_stats_old(const struct hmap_array *a, struct hmap_stats *stats)
{
	const struct hmap_array *old = hmap_old(a);

	if (!old)
		return;
	stats->present |= HMAP_HAS_OLDBUCKETS;
	stats->flags = READ_ONCE(a->flags);
	stats->oldbuckets = hmap_address(old->data);
	stats->oldoverflow = READ_ONCE(old->noverflow);
	stats->longest_chain = max_t(u64, stats->longest_chain,
				     READ_ONCE(old->longest_chain));
}

static u64 hmap_stats_nevacuate(const struct hmap_array *a)
{
	u64 n = 0;
	u32 s;

	for (s = 0; s <= READ_ONCE(a->mask); s++)
		n += READ_ONCE(a->nevacuate[s].n);
	return n;
}

static void hmap_stats_array(const struct hmap_array *a,
			     struct hmap_stats *stats)
{
	stats->B = a->B;
	stats->capacity = hmap_capacity(a->B);
	stats->noverflow = READ_ONCE(a->noverflow);
	stats->hash0 = READ_ONCE(a->hash0.key[0]);
	stats->nevacuate = hmap_stats_nevacuate(a);
	stats->overflow = READ_ONCE(a->extra.overflow.nr);
	stats->longest_chain = READ_ONCE(a->longest_chain);
	if (stats->noverflow < stats->overflow)
		stats->next_overflow = READ_ONCE(a->extra.next_overflow);
	if (a->data) {
		stats->present |= HMAP_HAS_BUCKETS;
		stats->buckets = hmap_address(a->data);
	}
	if (hmap_has_extra(a)) {
		stats->present |= HMAP_HAS_EXTRA;
		stats->extra = hmap_address(&a->extra);
	}
	hmap_stats_old(a, stats);
}

/**
 * hmap_get_stats() - get the fields of a map
 * @h: the map
 * @stats: out: all fields, including addresses and the seed: a caller that passes
 *	them on must hide these from users that may not see them
 *
 * Takes no lock: if the map is being written the fields are not a consistent
 * snapshot. The fields of an array all belong to the same array.
 *
 * Context: process or softirq.
 */
void hmap_get_stats(struct hmap *h, struct hmap_stats *stats)
{
	u32 s;

	memset(stats, 0, sizeof(*stats));
	stats->present = HMAP_HAS_ADDRESSES;
	stats->count = hmap_len(h);
	rcu_read_lock();
	hmap_stats_array(rcu_dereference(h->buckets), stats);
	rcu_read_unlock();
	stats->grows = atomic_long_read(&h->grows);
	stats->same_size_grows = atomic_long_read(&h->same_size_grows);
	stats->shrinks = atomic_long_read(&h->shrinks);
	for (s = 0; s < h->params.stripes; s++)
		stats->evacuated += READ_ONCE(h->stripes[s].evacuated);
	stats->memory = atomic_long_read(&h->memory->bytes);
	stats->alloc_failures = atomic_long_read(&h->alloc_failures);
}
EXPORT_SYMBOL_GPL(hmap_get_stats);

/* Add a chain to the layout. Returns its number of buckets. */
static u32 hmap_layout_chain(struct hmap *h, const struct hmap_chain *chain,
			     struct hmap_layout *layout)
{
	struct hmap_bucket *b;
	u32 len = 0;

	for (b = chain->head; b; b = hmap_next(h, chain->a, b)) {
		len++;
		layout->buckets++;
		layout->slots[hmap_bucket_used(b)]++;
	}
	if (len)
		layout->chains[min_t(u32, len - 1, HMAP_LAYOUT_CHAINS - 1)]++;
	return len;
}

/* Add some chains, from @place on. Returns the next place; 0 at the end. */
static u64 hmap_layout_part(struct hmap *h, u64 place,
			    struct hmap_layout *layout)
{
	struct hmap_chain chains[2];
	u32 units = 0, bytes = 0, n;
	struct hmap_locked lk;
	u64 last;

	hmap_lock_hash(h, hmap_bitrev64(place), &lk);
	do {
		n = hmap_unit(h, lk.a, place, chains, &last);
		while (n--)
			bytes += HMAP_HOLD_MIN *
				 hmap_layout_chain(h, &chains[n], layout);
		place = last + 1;
	} while (place && ++units < HMAP_HOLD_UNITS && bytes < HMAP_HOLD_BYTES &&
		 hmap_place_in_stripe(place, &lk));
	hmap_unlock(h, &lk);
	return place;
}

/**
 * hmap_get_layout() - get how full buckets and chains are
 * @h: the map
 * @place: in: where to begin, 0 for the start; out: where to continue, 0 at the end
 * @layout: in, out: the counts are added to it
 *
 * Walks a bounded number of buckets at a time; the result is exact if the map is not
 * written meanwhile.
 *
 * Context: process; may sleep.
 * Return: 0, or -EINTR if a signal came: another call continues at @place.
 */
int hmap_get_layout(struct hmap *h, u64 *place, struct hmap_layout *layout)
{
	might_sleep();
	do {
		*place = hmap_layout_part(h, *place, layout);
		if (*place && hmap_interrupted())
			return -EINTR;
		cond_resched();
	} while (*place);
	return 0;
}
EXPORT_SYMBOL_GPL(hmap_get_layout);
