// SPDX-License-Identifier: GPL-2.0
/*
 * rhashtable as it is at its best: constant parameters, keys compared inline,
 * objects from a slab cache of their own that hold no more than they must.
 *
 * Objects are freed at once and not after a grace period. Where there are other
 * threads, that makes them larger (SLAB_TYPESAFE_BY_RCU), and a reader has to look
 * again whether the object whose value it has read is still the same. Alone, the
 * benchmark does without.
 */
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "bench.h"

static inline void begin(void)
{
}

static inline void end(void)
{
}

static __always_inline bool same4(const u32 *a, const u32 *b)
{
	return *a == *b;
}

static __always_inline bool same8(const u64 *a, const u64 *b)
{
	return *a == *b;
}

static __always_inline bool same16(const struct bench_key16 *a,
				   const struct bench_key16 *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

#define SHARED false

#define TYPE rht4
#define KEY u32
#define SAME same4
#include "rhashtable_type.h"

#define TYPE rht8
#define KEY u64
#define SAME same8
#include "rhashtable_type.h"

#define TYPE rht16
#define KEY struct bench_key16
#define SAME same16
#include "rhashtable_type.h"

#undef SHARED
#define SHARED true

#define TYPE shared8
#define KEY u64
#define SAME same8
#include "rhashtable_type.h"

static bool settled(void *map)
{
	struct rhashtable *ht = map;
	bool resizing;

	rcu_read_lock();
	resizing = rcu_access_pointer(rcu_dereference(ht->tbl)->future_tbl);
	rcu_read_unlock();
	return !resizing && !work_busy(&ht->run_work);
}

#define CONTESTANT(type, size, who)					\
{									\
	.name = "rhashtable",						\
	.key_size = size,						\
	.threads = who,							\
	.create = type##_create,					\
	.settled = settled,						\
	.destroy = type##_destroy,					\
	.loop = { BENCH_LOOPS(type) },					\
}

const struct contestant bench_rhashtable[] = {
	CONTESTANT(rht4, 4, BENCH_ALONE),
	CONTESTANT(rht8, 8, BENCH_ALONE),
	CONTESTANT(rht16, 16, BENCH_ALONE),
	CONTESTANT(shared8, 8, BENCH_SHARED),
	{ }
};

void bench_rhashtable_exit(void)
{
	kmem_cache_destroy(rht4_cache);
	kmem_cache_destroy(rht8_cache);
	kmem_cache_destroy(rht16_cache);
	kmem_cache_destroy(shared8_cache);
}

int bench_rhashtable_init(void)
{
	rht4_cache = KMEM_CACHE(rht4, SLAB_NO_MERGE);
	rht8_cache = KMEM_CACHE(rht8, SLAB_NO_MERGE);
	rht16_cache = KMEM_CACHE(rht16, SLAB_NO_MERGE);
	shared8_cache = KMEM_CACHE(shared8,
				   SLAB_NO_MERGE | SLAB_TYPESAFE_BY_RCU);
	if (rht4_cache && rht8_cache && rht16_cache && shared8_cache)
		return 0;
	bench_rhashtable_exit();
	return -ENOMEM;
}
