// SPDX-License-Identifier: GPL-2.0
/*
 * Deletes, and what they leave behind in the slots.
 */
#include <linux/export.h>

#include "resize.h"

/* Whether all slots behind this one are HMAP_EMPTY_REST. */
static bool hmap_rest_follows(struct hmap *h, const struct hmap_chain *chain,
			      const struct hmap_slot *slot)
{
	struct hmap_bucket *next;

	if (slot->i + 1 < HMAP_BUCKET_CNT)
		return slot->b->tophash[slot->i + 1] == HMAP_EMPTY_REST;
	next = hmap_next(h, chain->a, slot->b);
	return !next || next->tophash[0] == HMAP_EMPTY_REST;
}

/* The last bucket before @b that has a slot in use; the first bucket if none has. */
static struct hmap_bucket *hmap_last_used_before(struct hmap *h,
						 const struct hmap_chain *chain,
						 const struct hmap_bucket *b)
{
	struct hmap_bucket *last = chain->head, *p;

	for (p = chain->head; p != b; p = hmap_next(h, chain->a, p))
		if (hmap_bucket_match_used(hmap_bucket_tophashes(p)))
			last = p;
	return last;
}

/*
 * Mark a slot empty. If no slot behind it is in use, mark it and the empty slots
 * before it HMAP_EMPTY_REST, so that lookups stop early.
 */
static void hmap_mark_empty(struct hmap *h, const struct hmap_chain *chain,
			    const struct hmap_slot *slot)
{
	struct hmap_bucket *b = slot->b, *p;

	hmap_bucket_set_empty(b, slot->i, hmap_rest_follows(h, chain, slot));
	if (b == chain->head || b->tophash[0] != HMAP_EMPTY_REST)
		return;
	for (p = hmap_last_used_before(h, chain, b); p != b;
	     p = hmap_next(h, chain->a, p))
		hmap_bucket_set_rest(p);
}

static void hmap_wipe(struct hmap *h, const struct hmap_slot *slot)
{
	void *key = hmap_bucket_key(&h->geo, slot->b, slot->i);
	void *value = hmap_bucket_value(&h->geo, slot->b, slot->i);

	if (hmap_out_of_line(h->params.key_size))
		hmap_set_blob(key, NULL);
	else
		hmap_bucket_wipe(key, h->params.key_size);
	if (hmap_out_of_line(h->params.value_size))
		hmap_set_blob(value, NULL);
	else
		hmap_bucket_wipe(value, h->params.value_size);
}

/**
 * struct hmap_removed - memory of a removed element, to be retired by the caller
 * @key: the key, if it is out of line
 * @value: the value, if it is out of line
 */
struct hmap_removed {
	struct hmap_blob *key;
	struct hmap_blob *value;
};

static struct hmap_removed hmap_remove_slot(struct hmap *h,
					    const struct hmap_locked *lk,
					    const struct hmap_chain *chain,
					    const struct hmap_slot *slot)
{
	struct hmap_removed removed = {};

	if (hmap_out_of_line(h->params.key_size))
		removed.key = hmap_get_blob(hmap_bucket_key(&h->geo, slot->b,
							    slot->i));
	if (hmap_out_of_line(h->params.value_size))
		removed.value = hmap_get_blob(hmap_bucket_value(&h->geo, slot->b,
								slot->i));
	hmap_bucket_write_begin(chain->head);
	hmap_wipe(h, slot);
	hmap_mark_empty(h, chain, slot);
	hmap_bucket_write_end(chain->head);
	hmap_count_change(h, lk, -1);
	return removed;
}

/* Returns 0; -ENOENT; or -EAGAIN if the key may now be in another stripe. */
static int hmap_remove_locked(struct hmap *h, const struct hmap_locked *lk,
			      const void *key, void *value,
			      struct hmap_removed *removed)
{
	struct hmap_chain chain;
	struct hmap_slot slot;

	lockdep_assert_held(&h->stripes[lk->s].lock);
	if (!hmap_resize_work(h, lk, NULL))
		return -EAGAIN;
	chain = hmap_chain_of(h, lk->a, lk->hash);
	if (!hmap_find(h, &chain, key, lk->hash, &slot))
		return -ENOENT;
	if (!hmap_out_of_line(h->params.value_size))
		hmap_copy_value(h, &slot, value);
	*removed = hmap_remove_slot(h, lk, &chain, &slot);
	hmap_resize_for_delete(h, lk);
	return 0;
}

/**
 * hmap_pop() - delete an element and return its value
 * @h: the map
 * @key: the key
 * @value: where to copy the value to; NULL if it is not wanted
 *
 * Context: process or softirq.
 * Return: 0, or -ENOENT if the key is not in the map.
 */
int hmap_pop(struct hmap *h, const void *key, void *value)
{
	struct hmap_removed removed = {};
	struct hmap_locked lk;
	int err;

	do {
		hmap_lock_key(h, key, &lk);
		err = hmap_remove_locked(h, &lk, key, value, &removed);
		hmap_unlock(h, &lk);
	} while (err == -EAGAIN);
	if (removed.value && value)
		memcpy(value, removed.value->bytes, h->params.value_size);
	hmap_blob_retire(h, removed.key, h->params.key_size);
	hmap_blob_retire(h, removed.value, h->params.value_size);
	return err;
}
EXPORT_SYMBOL_GPL(hmap_pop);

/**
 * hmap_delete() - delete an element
 * @h: the map
 * @key: the key
 *
 * Context: process or softirq.
 * Return: 0, or -ENOENT if the key is not in the map.
 */
int hmap_delete(struct hmap *h, const void *key)
{
	return hmap_pop(h, key, NULL);
}
EXPORT_SYMBOL_GPL(hmap_delete);
