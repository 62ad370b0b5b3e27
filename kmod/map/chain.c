// SPDX-License-Identifier: GPL-2.0
/*
 * Looks for a key in a chain, with or without its stripe.
 */
#include <linux/export.h>

#include "chain.h"

/*
 * Whether a slot has the key. A key out of line is compared only if its hash is
 * equal, so that other keys with the same tophash are cheap.
 */
static __always_inline bool hmap_slot_has_key(const struct hmap *h,
					      const struct hmap_slot *slot,
					      const void *key, u64 hash)
{
	const void *k = hmap_bucket_key(&h->geo, slot->b, slot->i);
	struct hmap_blob *blob;

	if (hmap_out_of_line(h->params.key_size)) {
		blob = READ_ONCE(*(struct hmap_blob **)k);
		/* If the key is being retired, the caller finds another version. */
		if (!blob || data_race(blob->hash) != hash)
			return false;
		k = blob->bytes;
	}
	return hmap_keys_equal(h->params, k, key);
}

/* Find a key in the bucket @slot->b. */
static __always_inline bool hmap_find_slot(const struct hmap *h,
					   struct hmap_slot *slot,
					   u64 tophashes, const void *key,
					   u64 hash)
{
	u8 top = hmap_bucket_tophash_of(hash);

	hmap_bucket_for_each_slot(slot->i, hmap_bucket_match(tophashes, top))
		if (hmap_slot_has_key(h, slot, key, hash))
			return true;
	return false;
}

/**
 * hmap_find() - find a key in a chain
 * @h: the map
 * @chain: the chain
 * @key: the key
 * @hash: hash of the key
 * @slot: out: the slot of the key
 *
 * Return: true if the key is in the chain. Without a lock, the result is valid only
 * if hmap_bucket_read_retry() returns false afterwards.
 */
bool hmap_find(const struct hmap *h, const struct hmap_chain *chain,
	       const void *key, u64 hash, struct hmap_slot *slot)
{
	u64 tophashes;

	for (slot->b = chain->head; slot->b;
	     slot->b = hmap_next(h, chain->a, slot->b)) {
		tophashes = hmap_bucket_tophashes(slot->b);
		if (hmap_find_slot(h, slot, tophashes, key, hash))
			return true;
		if (hmap_bucket_has_rest(tophashes) ||
		    !hmap_bucket_filter_test(chain->head, hmap_bucket_tophash_of(hash)))
			break;
	}
	return false;
}

/*
 * As hmap_find(), under the stripe, for a put. If the key is not in the chain, @free
 * is the first free slot. If there is none, @free->i is HMAP_BUCKET_CNT, @free->b
 * the last bucket and @len the number of buckets.
 */
bool hmap_find_or_free(const struct hmap *h, const struct hmap_chain *chain,
		       const void *key, u64 hash, struct hmap_slot *slot,
		       struct hmap_slot *free, u32 *len)
{
	u64 tophashes, empty;

	*len = 0;
	free->i = HMAP_BUCKET_CNT;
	for (slot->b = chain->head; slot->b;
	     slot->b = hmap_next(h, chain->a, slot->b)) {
		++*len;
		tophashes = hmap_bucket_tophashes(slot->b);
		if (hmap_find_slot(h, slot, tophashes, key, hash))
			return true;
		if (free->i == HMAP_BUCKET_CNT) {
			free->b = slot->b;
			empty = hmap_bucket_match_empty(tophashes);
			if (empty)
				free->i = hmap_bucket_first_slot(empty);
		}
		if (hmap_bucket_has_rest(tophashes) ||
		    (free->i < HMAP_BUCKET_CNT &&
		     !hmap_bucket_filter_test(chain->head,
					      hmap_bucket_tophash_of(hash))))
			break;
	}
	return false;
}

/* Number of elements in the chain of bucket @index. */
size_t hmap_chain_used(const struct hmap *h, const struct hmap_array *a, size_t index)
{
	struct hmap_bucket *b;
	size_t n = 0;

	for (b = hmap_bucket(h, a, index); b; b = hmap_next(h, a, b))
		n += hmap_bucket_used(b);
	return n;
}

/*
 * The array that most likely has @hash while the map is being resized: the old
 * array, unless the unit has been evacuated in order (private). The mark of the old
 * bucket says whether that is correct.
 */
struct hmap_array *hmap_array_in_resize(struct hmap_array *a, u64 hash)
{
	struct hmap_array *old = hmap_old(a);

	return old && !hmap_is_past(a, old, hash) ? old : a;
}
EXPORT_SYMBOL_GPL(hmap_array_in_resize);
