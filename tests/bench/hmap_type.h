/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What hmap.c does with a type of map that DEFINE_HMAP() has declared: TYPE is its
 * name, KEY the type of its keys.
 */
static __always_inline int T(_one_get)(void *map, const KEY *key, u64 *value)
{
	return T(_get)(map, *key, value);
}

static __always_inline int T(_one_insert)(void *map, const KEY *key, u64 value,
					  gfp_t gfp, struct bench_tally *tally)
{
	return T(_put)(map, *key, value, HMAP_NOEXIST, gfp);
}

static __always_inline int T(_one_update)(void *map, const KEY *key, u64 value,
					  struct bench_tally *tally)
{
	return T(_put)(map, *key, value, HMAP_ANY, GFP_KERNEL);
}

static __always_inline int T(_one_delete)(void *map, const KEY *key)
{
	return T(_delete)(map, *key);
}

static void T(_loop_batch)(void *map, const void *keys, unsigned int count,
			   struct bench_tally *tally)
{
	DECLARE_BITMAP(found, BENCH_BATCH_KEYS);
	u64 value[BENCH_BATCH_KEYS];
	const KEY *key = keys;
	unsigned int i, some, v;
	u64 sum = 0;

	for (i = 0; i < count; i += some) {
		some = min_t(unsigned int, count - i, BENCH_BATCH_KEYS);
		tally->failed += some -
			T(_get_batch)(map, key + i, some, value, found);
		for (v = 0; v < some; v++)
			sum += value[v];
	}
	tally->sum += sum;
}

static void *T(_create)(const struct bench_keys *keys)
{
	struct TYPE *map = kmalloc(sizeof(*map), GFP_KERNEL);

	if (map && T(_init)(map)) {
		kfree(map);
		map = NULL;
	}
	return map;
}

#include "loops.h"
