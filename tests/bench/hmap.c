// SPDX-License-Identifier: GPL-2.0
/* hmap, through the types that DEFINE_HMAP() declares. */
#include <linux/hmap.h>
#include <linux/slab.h>

#include "bench.h"

static inline void begin(void)
{
}

static inline void end(void)
{
}

DEFINE_HMAP(map4, u32, u64);
#define TYPE map4
#define KEY u32
#include "hmap_type.h"

DEFINE_HMAP(map8, u64, u64);
#define TYPE map8
#define KEY u64
#include "hmap_type.h"

DEFINE_HMAP(map16, struct bench_key16, u64);
#define TYPE map16
#define KEY struct bench_key16
#include "hmap_type.h"

DEFINE_HMAP_PARAMS(siphash4, u32, u64, .hashfn = hmap_siphash);
#define TYPE siphash4
#define KEY u32
#include "hmap_type.h"

DEFINE_HMAP_PARAMS(siphash8, u64, u64, .hashfn = hmap_siphash);
#define TYPE siphash8
#define KEY u64
#include "hmap_type.h"

DEFINE_HMAP_PARAMS(siphash16, struct bench_key16, u64, .hashfn = hmap_siphash);
#define TYPE siphash16
#define KEY struct bench_key16
#include "hmap_type.h"

DEFINE_HMAP_PARAMS(striped8, u64, u64, .stripes = HMAP_MAX_STRIPES);
#define TYPE striped8
#define KEY u64
#include "hmap_type.h"

/* The map is the only member of each type. */
static bool settled(void *map)
{
	struct hmap_stats stats;

	hmap_get_stats(map, &stats);
	return !(stats.present & HMAP_HAS_OLDBUCKETS);
}

static u64 memory(void *map)
{
	struct hmap_stats stats;

	hmap_get_stats(map, &stats);
	return stats.memory;
}

static u64 buckets(void *map)
{
	struct hmap_stats stats;

	hmap_get_stats(map, &stats);
	return 1ULL << stats.B;
}

static void destroy(void *map)
{
	hmap_destroy(map);
	kfree(map);
}

#define CONTESTANT(label, type, size, who)				\
{									\
	.name = label,							\
	.key_size = size,						\
	.threads = who,							\
	.create = type##_create,					\
	.settled = settled,						\
	.memory = memory,						\
	.buckets = buckets,						\
	.destroy = destroy,						\
	.loop = {							\
		BENCH_LOOPS(type),					\
		[BENCH_BATCH] = type##_loop_batch,			\
	},								\
}

const struct contestant bench_hmap[] = {
	CONTESTANT("hmap", map4, 4, BENCH_ALONE),
	CONTESTANT("hmap", map8, 8, BENCH_ALONE),
	CONTESTANT("hmap", map16, 16, BENCH_ALONE),
	CONTESTANT("hmap-siphash", siphash4, 4, BENCH_ALONE),
	CONTESTANT("hmap-siphash", siphash8, 8, BENCH_ALONE),
	CONTESTANT("hmap-siphash", siphash16, 16, BENCH_ALONE),
	CONTESTANT("hmap", striped8, 8, BENCH_SHARED),
	{ }
};

/**
 * bench_hmap_memory() - what an hmap takes
 * @keys: the keys that are in it
 *
 * Return: bytes, or 0 if there is no memory.
 */
size_t bench_hmap_memory(const struct bench_keys *keys)
{
	struct hmap_params params = {
		.key_size = keys->key_size,
		.value_size = sizeof(u64),
	};
	struct hmap_stats stats;
	unsigned long i;
	struct hmap map;
	int err = hmap_init(&map, &params);
	u64 value = 0;

	if (err)
		return 0;
	for (i = 0; i < keys->n && !err; i++)
		err = hmap_put(&map, keys->insert + i * keys->key_size, &value,
			       HMAP_ANY, GFP_KERNEL);
	hmap_get_stats(&map, &stats);
	hmap_destroy(&map);
	return err ? 0 : stats.memory;
}
