/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of a map: how it is allocated, what is counted, and what frees it.
 */
#ifndef _HMAP_MAP_MEMORY_H
#define _HMAP_MAP_MEMORY_H

#include <linux/build_bug.h>
#include <linux/hmap.h>
#include <linux/llist.h>
#include <linux/numa.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

struct mem_cgroup;

/*
 * Arrays up to this size are made by the put that needs them, and blocks of overflow
 * buckets are no larger. What is larger comes from the worker, whatever the size of
 * a page.
 */
#define HMAP_SMALL_BYTES	SZ_32K

/**
 * struct hmap_memory - what a map holds
 * @bytes: all of it, what waits for a grace period included
 * @waiting: bytes that wait for one
 * @pools: limits shared with other maps, or NULL. Constant
 * @ref: the map's, one for each array that waits, and one for @batch
 * @retired: keys and values that have been taken out of the map
 * @batch: those that wait for a grace period (@work)
 * @busy: @work has been queued
 * @work: frees @batch
 *
 * Outlives the map until all that it held is free.
 */
struct hmap_memory {
	atomic_long_t bytes;
	atomic_long_t waiting;
	struct hmap_pool *pools[HMAP_POOLS];
	refcount_t ref;
	struct llist_head retired;
	struct llist_node *batch;
	atomic_t busy;
	struct rcu_work work;
};

extern struct workqueue_struct *hmap_wq;
extern struct workqueue_struct *hmap_free_wq;

int hmap_queues_init(void);
void hmap_queues_exit(void);
struct hmap_memory *hmap_memory_alloc(const struct hmap_params *params,
				      gfp_t gfp);
void hmap_memory_put(struct hmap_memory *memory);
void hmap_memory_add(struct hmap_memory *memory, long bytes);
bool hmap_may_wait(gfp_t gfp);
void hmap_memory_wait(struct hmap_memory *memory, gfp_t gfp);
void hmap_memory_throttle(struct hmap *h, gfp_t gfp);
bool hmap_has_room(const struct hmap *h, long size);
struct mem_cgroup *hmap_alloc_begin(struct hmap *h, gfp_t *gfp);
void hmap_alloc_end(struct hmap *h, struct mem_cgroup *memcg);
void hmap_note_payer(struct hmap *h);
void hmap_take_payer(struct hmap *h);

/* Either of these. */
#define HMAP_ACCOUNTING	(HMAP_ACCOUNT | HMAP_ACCOUNT_CALLERS)
void *hmap_vmalloc(size_t size, gfp_t gfp, int node);
void *hmap_mem_alloc(struct hmap *h, size_t size, gfp_t gfp, size_t *taken);
void hmap_alloc_failed(struct hmap *h, size_t size);
struct hmap_blob *hmap_blob_alloc(struct hmap *h, u32 size, gfp_t gfp);
void hmap_blob_free(struct hmap *h, struct hmap_blob *blob, u32 size);
void hmap_blob_retire(struct hmap *h, struct hmap_blob *blob, u32 size);

static inline int hmap_node(const struct hmap_params *params)
{
	return params->flags & HMAP_NUMA_NODE ? params->node : NUMA_NO_NODE;
}

/* Whether there is a limit to the map's memory. */
static inline bool hmap_has_limit(const struct hmap *h)
{
	const struct hmap_params *params = &h->params;

	BUILD_BUG_ON(HMAP_POOLS != 3);
	return params->max_bytes || params->pools[0] || params->pools[1] ||
	       params->pools[2];
}

/*
 * Whether a limit may be in the way only because of memory that is about to become free.
 * Asked before the limit is: if it has become free since, there is room.
 */
static inline bool hmap_room_is_coming(const struct hmap *h)
{
	return hmap_has_limit(h) && atomic_long_read(&h->memory->waiting);
}

/* Whether elements have keys or values out of line. */
static inline bool hmap_has_blobs(const struct hmap *h)
{
	return hmap_out_of_line(h->params.key_size) ||
	       hmap_out_of_line(h->params.value_size);
}

#endif /* _HMAP_MAP_MEMORY_H */
