/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What rhashtable.c does with a type of keys: KEY is it, SAME a function that
 * compares two, TYPE the name of the objects, SHARED whether another thread may
 * free an object that is being read.
 */
struct TYPE {
	struct rhash_head head;
	KEY key;
	u64 value;
};

static struct kmem_cache *T(_cache);

static __always_inline int T(_compare)(struct rhashtable_compare_arg *arg,
				       const void *object)
{
	const struct TYPE *o = object;
	const KEY *key = arg->key;

	return !SAME(&o->key, key);
}

static const struct rhashtable_params T(_params) = {
	.head_offset = offsetof(struct TYPE, head),
	.key_offset = offsetof(struct TYPE, key),
	.key_len = sizeof(KEY),
	.obj_cmpfn = T(_compare),
	.automatic_shrinking = true,
};

static __always_inline int T(_one_get)(void *map, const KEY *key, u64 *value)
{
	const struct TYPE *o;

	rcu_read_lock();
	do {
		o = rhashtable_lookup(map, key, T(_params));
		if (!o)
			break;
		*value = READ_ONCE(o->value);
		/* Value before key: pairs with smp_wmb() in T(_one_insert). */
		smp_rmb();
	} while (SHARED && unlikely(!SAME(&o->key, key)));
	rcu_read_unlock();
	return o ? 0 : -ENOENT;
}

static __always_inline int T(_one_insert)(void *map, const KEY *key, u64 value,
					  gfp_t gfp, struct bench_tally *tally)
{
	struct TYPE *o = kmem_cache_alloc(T(_cache), gfp);
	int err;

	if (!o)
		return -ENOMEM;
	o->key = *key;
	/* A reader may still have the object: key before value. */
	smp_wmb();
	WRITE_ONCE(o->value, value);
	err = rhashtable_lookup_insert_fast(map, &o->head, T(_params));
	if (err)
		kmem_cache_free(T(_cache), o);
	return err;
}

static __always_inline int T(_one_update)(void *map, const KEY *key, u64 value,
					  struct bench_tally *tally)
{
	struct TYPE *o;

	rcu_read_lock();
	o = rhashtable_lookup(map, key, T(_params));
	if (o)
		WRITE_ONCE(o->value, value);
	rcu_read_unlock();
	return o ? 0 : -ENOENT;
}

static __always_inline int T(_one_delete)(void *map, const KEY *key)
{
	struct TYPE *o;
	int err = -ENOENT;

	rcu_read_lock();
	o = rhashtable_lookup(map, key, T(_params));
	if (o)
		err = rhashtable_remove_fast(map, &o->head, T(_params));
	rcu_read_unlock();
	if (!err)
		kmem_cache_free(T(_cache), o);
	return err;
}

static void *T(_create)(const struct bench_keys *keys)
{
	struct rhashtable *map = kmalloc(sizeof(*map), GFP_KERNEL);

	if (map && rhashtable_init(map, &T(_params))) {
		kfree(map);
		map = NULL;
	}
	return map;
}

static void T(_free)(void *object, void *arg)
{
	kmem_cache_free(T(_cache), object);
}

static void T(_destroy)(void *map)
{
	rhashtable_free_and_destroy(map, T(_free), NULL);
	kfree(map);
}

#include "loops.h"

#undef SAME
