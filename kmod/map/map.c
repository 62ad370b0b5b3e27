// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a map: init, destroy and clear.
 *
 * See kmod/README.md for how the files of the map work together.
 */
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/nodemask.h>
#include <linux/slab.h>

#include "hash.h"
#include "hold.h"
#include "resize.h"

static bool hmap_node_ok(const struct hmap_params *params)
{
	return !(params->flags & HMAP_NUMA_NODE) ||
	       (params->node >= 0 && params->node < MAX_NUMNODES &&
		node_online(params->node));
}

/* Programs can look up only inline elements, with a hash that they know. */
static bool hmap_view_params_ok(const struct hmap_params *params)
{
	return !hmap_out_of_line(params->key_size) &&
	       !hmap_out_of_line(params->value_size) && !params->equalfn &&
	       (!params->hashfn || params->hashfn == hmap_siphash);
}

static bool hmap_params_ok(const struct hmap_params *params,
			   const struct hmap_view *view)
{
	return params->key_size >= HMAP_MIN_KEY_SIZE &&
	       params->key_size <= HMAP_MAX_KEY_SIZE &&
	       params->value_size <= HMAP_MAX_VALUE_SIZE &&
	       params->stripes <= HMAP_MAX_STRIPES &&
	       (!params->stripes || is_power_of_2(params->stripes)) &&
	       !(params->flags & ~(HMAP_NO_SHRINK | HMAP_NUMA_NODE |
				   HMAP_ACCOUNT | HMAP_ACCOUNT_CALLERS |
				   HMAP_LONG_CHAINS)) &&
	       (params->flags & HMAP_ACCOUNTING) != HMAP_ACCOUNTING &&
	       hmap_node_ok(params) &&
	       (!view || hmap_view_params_ok(params)) &&
	       (!params->max_entries || params->hint <= params->max_entries);
}

static int hmap_init_locks(struct hmap *h, struct hmap_lock_class *class)
{
	bool account = h->params.flags & HMAP_ACCOUNTING;
	u32 s;

	/* Zeroed, and aligned to cache lines since the size is a power of two. */
	h->stripes = kcalloc_node(h->params.stripes, sizeof(*h->stripes),
				  account ? GFP_KERNEL_ACCOUNT : GFP_KERNEL,
				  hmap_node(&h->params));
	if (!h->stripes)
		return -ENOMEM;
	for (s = 0; s < h->params.stripes; s++) {
		spin_lock_init(&h->stripes[s].lock);
		lockdep_set_class(&h->stripes[s].lock, &class->stripe);
	}
	spin_lock_init(&h->all);
	lockdep_set_class(&h->all, &class->all);
	mutex_init(&h->resizer);
	lockdep_set_class(&h->resizer, &class->resizer);
	init_waitqueue_head(&h->wait);
	INIT_DELAYED_WORK(&h->work, hmap_worker);
	return 0;
}

/* The most buckets of a chain: fewer if elements are long. */
static u32 hmap_max_chain(const struct hmap *h)
{
	u32 size = h->params.key_size + h->geo.value_slot;

	if (h->params.flags & HMAP_LONG_CHAINS)
		return U32_MAX;
	return clamp_t(u32, HMAP_HOLD_BYTES / (HMAP_BUCKET_CNT * size),
		       HMAP_MIN_MAX_CHAIN, HMAP_MAX_CHAIN);
}

/* Free everything but the arrays. */
static void hmap_free_rest(struct hmap *h)
{
	mem_cgroup_put(h->memcg);
	mem_cgroup_put(h->payer);
	kfree(h->stripes);
	hmap_memory_put(h->memory);
	h->memory = NULL;
}

/* hmap_init() or hmap_init_view(), with the lockdep class (private). */
int __hmap_init(struct hmap *h, const struct hmap_params *params,
		struct hmap_view *view, struct hmap_lock_class *class)
{
	struct hmap_array *a;
	int err;

	might_sleep();
	if (!hmap_params_ok(params, view))
		return -EINVAL;
	memset(h, 0, sizeof(*h));
	h->params = *params;
	h->view = view;
	h->params.stripes = params->stripes ?: 1;
	h->geo = hmap_geometry_of(h->params);
	h->max_chain = hmap_max_chain(h);
	if (hmap_hint_B(h, params->hint, &h->min_B))
		return -EINVAL;
	h->memory = hmap_memory_alloc(params, GFP_KERNEL);
	if (!h->memory)
		return -ENOMEM;
	err = hmap_init_locks(h, class);
	if (err) {
		hmap_free_rest(h);
		return err;
	}
	if (h->params.flags & HMAP_ACCOUNT)
		h->memcg = get_mem_cgroup_from_mm(current->mm);
	a = h->min_B ? hmap_array_make(h, h->min_B, GFP_KERNEL) :
		       hmap_array_alloc_empty(h, GFP_KERNEL);
	if (IS_ERR(a)) {
		hmap_free_rest(h);
		return PTR_ERR(a);
	}
	h->tie = hmap_new_seed();
	a->hash0 = hmap_new_seed();
	a->mask = hmap_full_mask(h, a);
	RCU_INIT_POINTER(h->buckets, a);
	return 0;
}
EXPORT_SYMBOL_GPL(__hmap_init);

static void hmap_free_slot(struct hmap *h, struct hmap_bucket *b, unsigned int i)
{
	struct hmap_blob **key = hmap_bucket_key(&h->geo, b, i);
	struct hmap_blob **value = hmap_bucket_value(&h->geo, b, i);

	if (hmap_out_of_line(h->params.key_size))
		hmap_blob_free(h, *key, h->params.key_size);
	if (hmap_out_of_line(h->params.value_size))
		hmap_blob_free(h, *value, h->params.value_size);
}

/* Free the keys and values out of line of an array that is no longer reachable. */
static void hmap_free_blobs(struct hmap *h, struct hmap_array *a)
{
	struct hmap_bucket *b;
	unsigned int i;
	size_t n;

	if (!a->data || !hmap_has_blobs(h))
		return;
	for (n = 0; n < hmap_nbuckets(a); n++) {
		if (hmap_evacuated(h, a, n))
			continue;
		for (b = hmap_bucket(h, a, n); b; b = hmap_next(h, a, b))
			hmap_bucket_for_each_used(i, b)
				hmap_free_slot(h, b, i);
		cond_resched();
	}
}

/* Free an array that no reader can be in, and the one being evacuated to it. */
static void hmap_free_arrays(struct hmap *h, struct hmap_array *a)
{
	struct hmap_array *old = a->oldbuckets;

	if (old) {
		hmap_free_blobs(h, old);
		hmap_array_free(old);
	}
	hmap_free_blobs(h, a);
	hmap_array_free(a);
}

/**
 * hmap_stop() - begin to destroy a map
 * @h: the map, which is not used any more
 *
 * For a caller that must not wait for an allocation of the worker, which may be charged
 * to a cgroup that delays it. hmap_destroy() has to follow.
 *
 * Context: process; may sleep, for some milliseconds.
 * Return: whether the worker has stopped, so that hmap_destroy() will not wait for it.
 */
bool hmap_stop(struct hmap *h)
{
	unsigned int i;

	might_sleep();
	WRITE_ONCE(h->dying, true);
	cancel_delayed_work(&h->work);
	/* It stops within a millisecond, unless it is allocating a large array. */
	for (i = 0; i < 10 && work_busy(&h->work.work); i++)
		usleep_range(500, 1000);
	return !work_busy(&h->work.work);
}
EXPORT_SYMBOL_GPL(hmap_stop);

/**
 * hmap_destroy() - free a map
 * @h: the map, which is not used any more
 *
 * Memory that waits for an RCU grace period is freed later; see hmap_pool_exit().
 *
 * Context: process; may sleep; the caller must be able to allocate with GFP_KERNEL.
 * Waits for the worker, which stops before its next step; the present step may be
 * the allocation of an array.
 */
void hmap_destroy(struct hmap *h)
{
	might_sleep();
	WRITE_ONCE(h->dying, true);
	cancel_delayed_work_sync(&h->work);
	hmap_free_arrays(h, rcu_dereference_protected(h->buckets, true));
	RCU_INIT_POINTER(h->buckets, NULL);
	hmap_free_rest(h);
}
EXPORT_SYMBOL_GPL(hmap_destroy);

/* Replace the array by an empty one. Returns the old one. */
static struct hmap_array *hmap_replace_all(struct hmap *h,
					   struct hmap_array *new)
{
	struct hmap_array *a;
	u32 s;

	new->hash0 = hmap_new_seed();
	new->mask = hmap_full_mask(h, new);
	a = hmap_lock_all(h);
	hmap_view_begin(h);
	/* It is complete: pairs with rcu_dereference(). */
	rcu_assign_pointer(h->buckets, new);
	hmap_view_end(h);
	for (s = 0; s < h->params.stripes; s++) {
		WRITE_ONCE(h->stripes[s].count, 0);
		h->stripes[s].due = 0;
		WRITE_ONCE(h->stripes[s].changes, h->stripes[s].changes + 1);
	}
	atomic_long_set(&h->count, 0);
	hmap_unlock_all(h);
	return a;
}

/* Free arrays after a grace period. For keys or values out of line, wait for it. */
static void hmap_clear_arrays(struct hmap *h, struct hmap_array *a)
{
	struct hmap_array *old = a->oldbuckets;

	if (hmap_has_blobs(h)) {
		synchronize_rcu();
		hmap_free_arrays(h, a);
		return;
	}
	if (old)
		hmap_array_retire(old);
	hmap_array_retire(a);
}

/**
 * hmap_clear() - delete all elements
 * @h: the map
 *
 * The map keeps its number of buckets. If there is no memory for them, or a limit
 * does not allow it, the map starts again without buckets; so it does with
 * HMAP_ACCOUNT_CALLERS if the caller's cgroup does not pay for them (struct
 * hmap_params). Like Go's map, an empty map is left as it is.
 *
 * Context: process; may sleep, also for an RCU grace period if keys or values are
 * out of line. Waits as hmap_reserve() does.
 * Return: 0; -ENOMEM, or -EINTR if a signal came, with the map unchanged.
 */
int hmap_clear(struct hmap *h)
{
	struct hmap_array *new;
	int locked;
	u8 B;

	might_sleep();
	if (!hmap_count_exact(h))
		return 0;
	locked = hmap_resizer_lock(h);
	if (locked < 0)
		return locked;
	rcu_read_lock();
	B = max(rcu_dereference(h->buckets)->B, READ_ONCE(h->min_B));
	rcu_read_unlock();
	new = ERR_PTR(-ENOMEM);
	if (hmap_caller_pays(h, hmap_array_data_size(h, B)))
		new = hmap_array_make(h, B, GFP_KERNEL);
	if (IS_ERR(new))
		new = hmap_array_alloc_empty(h, GFP_KERNEL);
	if (!IS_ERR(new))
		hmap_clear_arrays(h, hmap_replace_all(h, new));
	hmap_resizer_unlock(h, locked);
	return PTR_ERR_OR_ZERO(new);
}
EXPORT_SYMBOL_GPL(hmap_clear);
