// SPDX-License-Identifier: GPL-2.0
/*
 * Chains of buckets. What every operation uses is inline, in chain.h.
 */
#include <linux/export.h>

#include "chain.h"

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
