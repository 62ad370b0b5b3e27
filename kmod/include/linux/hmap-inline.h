/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hmap: inline lookups; included by <linux/hmap.h>.
 *
 * These functions take the parameters of the map by value. If the parameters are
 * constants, as in a map that DEFINE_HMAP() declares, the compiler generates a
 * lookup for keys of exactly that size: no indirect call, no loop over bytes.
 * kmod/map/get.c calls them with the parameters of any map.
 */
#ifndef _LINUX_HMAP_INLINE_H
#define _LINUX_HMAP_INLINE_H

#include <linux/hmap-array.h>
#include <linux/hmap-hash.h>
#include <linux/prefetch.h>
#include <linux/rcupdate.h>

struct hmap_array *hmap_array_in_resize(struct hmap_array *a, u64 hash);
int hmap_get_in_chain(struct hmap *h, struct hmap_array *a,
		      const struct hmap_bucket *head, u32 version, const void *key,
		      u64 hash, void *value);
int hmap_get_slow(struct hmap *h, const void *key, void *value);

/* Whether a lookup has to follow pointers to a key or value out of line. */
static __always_inline bool hmap_get_follows(const struct hmap_params params,
					     const void *value)
{
	return hmap_out_of_line(params.key_size) ||
	       (value && hmap_out_of_line(params.value_size));
}

/*
 * Look a key up in the first bucket of a chain, and in the others if its filter says
 * that the key may be there. Returns -EAGAIN if the bucket has been evacuated or is
 * being written. Not for keys or values out of line.
 */
static __always_inline int
hmap_get_first(struct hmap *h, const struct hmap_params params,
	       struct hmap_array *a, const struct hmap_bucket *b, const void *key,
	       u64 hash, void *value)
{
	const struct hmap_geometry geo = hmap_geometry_of(params);
	u32 version = hmap_bucket_read_begin(b);
	u64 tophashes = hmap_bucket_tophashes(b);
	u8 top = hmap_bucket_tophash_of(hash);
	unsigned int i;
	int err;

	hmap_bucket_for_each_slot(i, hmap_bucket_match(tophashes, top)) {
		if (hmap_keys_equal(params, hmap_bucket_key(&geo, b, i), key)) {
			if (value)
				hmap_bucket_copy(value, hmap_bucket_value(&geo, b, i),
						 params.value_size);
			err = 0;
			goto check;
		}
	}
	if (hmap_bucket_evacuated(tophashes))
		return -EAGAIN;
	/* HMAP_EMPTY_REST is not checked: the branch could not be predicted. */
	if (hmap_bucket_filter_test(b, top))
		return hmap_get_in_chain(h, a, b, version, key, hash, value);
	err = -ENOENT;
check:
	return hmap_bucket_read_retry(b, version) ? -EAGAIN : err;
}

/**
 * hmap_get_inline() - hmap_get() for a map whose parameters are constants
 * @h: the map
 * @key: the key
 * @value: where to copy its value to; NULL to check only whether the key exists.
 *	Undefined contents if it does not
 * @params: of the map; they must be those that it was initialised with
 *
 * Context: process or softirq, as hmap_get().
 * Return: 0, or -ENOENT if the key is not in the map.
 */
static __always_inline int
hmap_get_inline(struct hmap *h, const void *key, void *value,
		const struct hmap_params params)
{
	const struct hmap_geometry geo = hmap_geometry_of(params);
	const struct hmap_bucket *b;
	struct hmap_array *a;
	siphash_key_t hash0;
	int err = -EAGAIN;
	void *settled;
	u64 hash;

	if (hmap_get_follows(params, value))
		return hmap_get_slow(h, key, value);
	rcu_read_lock();
	a = rcu_dereference(h->buckets);
	settled = hmap_settled(a);
	hash0 = hmap_seed(a);
	hash = hmap_hash_key(params, key, &hash0);
	if (unlikely(!settled)) {
		a = hmap_array_in_resize(a, hash);
		settled = a->data;
	}
	if (likely(settled)) {
		b = hmap_first_bucket(&geo, a, settled, hash);
		hmap_bucket_prefetch(&geo, b);
		err = hmap_get_first(h, params, a, b, key, hash, value);
	}
	rcu_read_unlock();
	return likely(err != -EAGAIN) ? err : hmap_get_slow(h, key, value);
}

/* Lookups of a batch whose cache misses overlap. */
#define HMAP_BATCH_KEYS	16

/*
 * Up to HMAP_BATCH_KEYS lookups: all buckets are prefetched before the first is
 * read, so that their cache misses overlap. Returns the bits of the keys that were
 * found.
 */
static __always_inline unsigned long
hmap_get_some(struct hmap *h, const void *keys, unsigned int n, void *values,
	      const struct hmap_params params)
{
	const struct hmap_geometry geo = hmap_geometry_of(params);
	const void *key = keys;
	void *value = values;
	const struct hmap_bucket *b;
	struct hmap_array *a;
	unsigned long found = 0;
	u64 hash[HMAP_BATCH_KEYS] __uninitialized;
	siphash_key_t hash0;
	unsigned int i;
	void *settled;
	int err;

	rcu_read_lock();
	a = rcu_dereference(h->buckets);
	settled = hmap_get_follows(params, values) ? NULL : hmap_settled(a);
	hash0 = hmap_seed(a);
	for (i = 0; settled && i < n; i++, key += params.key_size) {
		hash[i] = hmap_hash_key(params, key, &hash0);
		b = hmap_first_bucket(&geo, a, settled, hash[i]);
		prefetch(b);
		hmap_bucket_prefetch(&geo, b);
	}
	for (i = 0, key = keys; i < n; i++, key += params.key_size) {
		err = -EAGAIN;
		if (likely(settled)) {
			b = hmap_first_bucket(&geo, a, settled, hash[i]);
			err = hmap_get_first(h, params, a, b, key, hash[i],
					     value);
		}
		if (unlikely(err == -EAGAIN))
			err = hmap_get_slow(h, key, value);
		if (!err)
			found |= BIT(i);
		if (value)
			value += params.value_size;
	}
	rcu_read_unlock();
	return found;
}

/**
 * hmap_get_batch_inline() - hmap_get_batch() with constant parameters
 * @h: the map
 * @keys: keys, one after the other
 * @n: how many
 * @values: where to copy their values to; NULL if they are not wanted
 * @found: out: a bitmap of @n bits: the keys that are in the map
 * @params: of the map; they must be those that it was initialised with
 *
 * Context: process or softirq.
 * Return: the number of keys that are in the map.
 */
static __always_inline unsigned int
hmap_get_batch_inline(struct hmap *h, const void *keys, unsigned int n,
		      void *values, unsigned long *found,
		      const struct hmap_params params)
{
	const size_t key_size = params.key_size;
	const size_t value_size = params.value_size;
	unsigned int i, some, total = 0;
	unsigned long bits;

	for (i = 0; i < n; i += some) {
		some = min_t(unsigned int, n - i, HMAP_BATCH_KEYS);
		bits = hmap_get_some(h, keys + i * key_size, some,
				     values ? values + i * value_size : NULL,
				     params);
		total += hweight_long(bits);
		if (i % BITS_PER_LONG)
			found[i / BITS_PER_LONG] |= bits << i % BITS_PER_LONG;
		else
			found[i / BITS_PER_LONG] = bits;
	}
	return total;
}

#endif /* _LINUX_HMAP_INLINE_H */
