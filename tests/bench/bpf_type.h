/* SPDX-License-Identifier: GPL-2.0 */
/* What bpf.c does with a type of keys: KEY is it, TYPE a name for the map. */
static __always_inline int T(_one_get)(struct bpf_map *map, const KEY *key,
				       u64 *value)
{
	const u64 *found = map->ops->map_lookup_elem(map, (void *)key);

	if (!found)
		return -ENOENT;
	*value = READ_ONCE(*found);
	return 0;
}

static __always_inline int T(_one_insert)(struct bpf_map *map, const KEY *key,
					  u64 value, gfp_t gfp,
					  struct bench_tally *tally)
{
	return put(map, key, value, BPF_NOEXIST, gfp, tally);
}

static __always_inline int T(_one_update)(struct bpf_map *map, const KEY *key,
					  u64 value, struct bench_tally *tally)
{
	return put(map, key, value, BPF_ANY, GFP_KERNEL, tally);
}

static __always_inline int T(_one_delete)(struct bpf_map *map, const KEY *key)
{
	return map->ops->map_delete_elem(map, (void *)key);
}

#include "loops.h"
