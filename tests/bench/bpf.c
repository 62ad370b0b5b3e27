// SPDX-License-Identifier: GPL-2.0
/*
 * The hash maps of BPF, through the operations of their map types, which the
 * kernels of the benchmark export. As in a program, the read lock is taken once
 * for many operations.
 */
#include <linux/bpf.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/rcupdate.h>

#include "bench.h"

/* Tries before an operation counts as failed; there is a millisecond in between. */
#define MAX_TRIES	1000

static inline void begin(void)
{
	rcu_read_lock_dont_migrate();
}

static inline void end(void)
{
	rcu_read_unlock_migrate();
}

static void *create(const struct bpf_map_ops *ops, u32 type, u32 flags,
		    u32 key_size, u32 max_entries)
{
	union bpf_attr attr = {
		.map_type = type,
		.key_size = key_size,
		.value_size = sizeof(u64),
		.max_entries = max_entries,
		.map_flags = flags,
	};
	struct bpf_map *map;

	if (ops->map_alloc_check(&attr))
		return NULL;
	map = ops->map_alloc(&attr);
	if (IS_ERR(map))
		return NULL;
	map->ops = ops;
	return map;
}

static void *hash_create(const struct bench_keys *keys)
{
	return create(&htab_map_ops, BPF_MAP_TYPE_HASH, 0, keys->key_size,
		      keys->n);
}

static void *no_prealloc_create(const struct bench_keys *keys)
{
	return create(&htab_map_ops, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC,
		      keys->key_size, keys->n);
}

/* Here the number of elements is but a limit. */
static void *rhash_create(const struct bench_keys *keys)
{
	return create(&rhtab_map_ops, BPF_MAP_TYPE_RHASH, BPF_F_NO_PREALLOC,
		      keys->key_size, 1U << 31);
}

static u64 memory(void *arg)
{
	struct bpf_map *map = arg;

	return map->ops->map_mem_usage(map);
}

static void destroy(void *arg)
{
	struct bpf_map *map = arg;

	synchronize_rcu();
	map->ops->map_free(map);
}

/*
 * What the allocator has ready may be used up, and a table may be in the middle of
 * a resize that wants another: let the background do its work and try again.
 */
static noinline int put_again(struct bpf_map *map, void *key, u64 value,
			      u64 flags, struct bench_tally *tally)
{
	int err, tries = 0;

	do {
		end();
		usleep_range(1000, 2000);
		begin();
		tally->retries++;
		err = map->ops->map_update_elem(map, key, &value, flags);
	} while ((err == -ENOMEM || err == -EBUSY) && ++tries < MAX_TRIES);
	return err;
}

static __always_inline int put(struct bpf_map *map, const void *key, u64 value,
			       u64 flags, gfp_t gfp, struct bench_tally *tally)
{
	int err = map->ops->map_update_elem(map, (void *)key, &value, flags);

	if (unlikely(err == -ENOMEM || err == -EBUSY) &&
	    gfpflags_allow_blocking(gfp))
		err = put_again(map, (void *)key, value, flags, tally);
	return err;
}

#define TYPE bpf4
#define KEY u32
#include "bpf_type.h"

#define TYPE bpf8
#define KEY u64
#include "bpf_type.h"

#define TYPE bpf16
#define KEY struct bench_key16
#include "bpf_type.h"

#define CONTESTANT(label, capacity, kind, type, size)			\
{									\
	.name = label,							\
	.key_size = size,						\
	.fixed = capacity,						\
	.create = kind##_create,					\
	.memory = memory,						\
	.destroy = destroy,						\
	.loop = { BENCH_LOOPS(type) },					\
}

const struct contestant bench_bpf[] = {
	CONTESTANT("BPF HASH", true, hash, bpf4, 4),
	CONTESTANT("BPF HASH", true, hash, bpf8, 8),
	CONTESTANT("BPF HASH", true, hash, bpf16, 16),
	CONTESTANT("BPF HASH NO_PREALLOC", true, no_prealloc, bpf4, 4),
	CONTESTANT("BPF HASH NO_PREALLOC", true, no_prealloc, bpf8, 8),
	CONTESTANT("BPF HASH NO_PREALLOC", true, no_prealloc, bpf16, 16),
	CONTESTANT("BPF RHASH", false, rhash, bpf4, 4),
	CONTESTANT("BPF RHASH", false, rhash, bpf8, 8),
	CONTESTANT("BPF RHASH", false, rhash, bpf16, 16),
	{ }
};
