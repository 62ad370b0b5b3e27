/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of a map: allocating, counting and freeing it.
 */
#ifndef _HMAP_MAP_MEMORY_H
#define _HMAP_MAP_MEMORY_H

#include <linux/build_bug.h>
#include <linux/hmap.h>
#include <linux/llist.h>
#include <linux/numa.h>
#include <linux/refcount.h>
#include <linux/sizes.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct mem_cgroup;

/*
 * Arrays up to this size are made by the put that needs them, and blocks of overflow
 * buckets are no larger. Larger arrays are made by the worker. Independent of
 * PAGE_SIZE.
 */
#define HMAP_SMALL_BYTES	SZ_32K

/*
 * No task waits longer than this for another one to allocate or free memory: the cgroup
 * that an allocation is charged to may delay it as long as it likes.
 */
#define HMAP_WAIT_TIME		(2 * HZ)

/**
 * struct hmap_memory - memory that a map holds
 * @bytes: all of it, including memory that waits for a grace period
 * @waiting: bytes that wait for a grace period
 * @freed: bytes that have waited, and are free
 * @wait: tasks that wait for @freed to grow
 * @pools: limits shared with other maps, or NULL. Constant
 * @ref: held by the map, by each array that waits, and by @batch
 * @retired: keys and values out of line that have been removed from the map
 * @batch: those that wait for a grace period (@work)
 * @busy: @work has been queued
 * @work: frees @batch
 *
 * Lives on after hmap_destroy() until all memory of the map has been freed.
 */
struct hmap_memory {
	atomic_long_t bytes;
	atomic_long_t waiting;
	atomic_long_t freed;
	wait_queue_head_t wait;
	struct hmap_pool *pools[HMAP_POOLS];
	refcount_t ref;
	struct llist_head retired;
	struct llist_node *batch;
	atomic_t busy;
	struct rcu_work work;
};

extern struct workqueue_struct *hmap_wq;
extern struct workqueue_struct *hmap_free_wq;
extern struct workqueue_struct *hmap_view_wq;

int hmap_queues_init(void);
void hmap_queues_exit(void);
struct hmap_memory *hmap_memory_alloc(const struct hmap_params *params,
				      gfp_t gfp);
void hmap_memory_put(struct hmap_memory *memory);
void hmap_memory_add(struct hmap_memory *memory, long bytes);
void hmap_memory_freed(struct hmap_memory *memory, long bytes);
bool hmap_may_wait(gfp_t gfp);
void hmap_memory_wait(struct hmap_memory *memory, gfp_t gfp);
void hmap_memory_throttle(struct hmap *h, gfp_t gfp);
bool hmap_has_room(const struct hmap *h, long size);
bool hmap_memory_claim(struct hmap *h, size_t size);
struct mem_cgroup *hmap_alloc_begin(struct hmap *h, gfp_t *gfp);
void hmap_alloc_end(struct hmap *h, struct mem_cgroup *memcg);
void hmap_note_payer(struct hmap *h);
struct mem_cgroup *hmap_take_payer(struct hmap *h);
bool hmap_cgroup_pays(struct mem_cgroup *memcg, size_t size);
bool hmap_caller_pays(const struct hmap *h, size_t size);
bool hmap_worker_begin(struct hmap *h);
void hmap_worker_end(struct hmap *h);

/* Either of the two flags. */
#define HMAP_ACCOUNTING	(HMAP_ACCOUNT | HMAP_ACCOUNT_CALLERS)
void *hmap_vmalloc(size_t size, gfp_t gfp, int node);
void *hmap_mem_alloc(struct hmap *h, size_t size, gfp_t gfp, size_t *taken);
void hmap_alloc_failed(struct hmap *h, size_t size);
struct hmap_blob *hmap_blob_alloc(struct hmap *h, u32 size, gfp_t gfp);
void __hmap_blob_free(struct hmap *h, struct hmap_blob *blob, u32 size);
void __hmap_blob_retire(struct hmap *h, struct hmap_blob *blob, u32 size);

static inline int hmap_node(const struct hmap_params *params)
{
	return params->flags & HMAP_NUMA_NODE ? params->node : NUMA_NO_NODE;
}

/* Whether the map's memory has a limit. */
static inline bool hmap_has_limit(const struct hmap *h)
{
	const struct hmap_params *params = &h->params;

	BUILD_BUG_ON(HMAP_POOLS != 3);
	return READ_ONCE(params->max_bytes) || params->pools[0] ||
	       params->pools[1] || params->pools[2];
}

/*
 * Whether a limit may be reached only because of memory that is about to be freed.
 * Call this before checking the limit: if the memory is freed in between, there is
 * room.
 */
static inline bool hmap_room_is_coming(const struct hmap *h)
{
	return hmap_has_limit(h) && atomic_long_read(&h->memory->waiting);
}

/* Free a key or value that was never in the map, if there is one. */
static inline void hmap_blob_free(struct hmap *h, struct hmap_blob *blob, u32 size)
{
	if (blob)
		__hmap_blob_free(h, blob, size);
}

/* Free a key or value that readers may still be copying, if there is one. */
static inline void hmap_blob_retire(struct hmap *h, struct hmap_blob *blob, u32 size)
{
	if (blob)
		__hmap_blob_retire(h, blob, size);
}

/* Whether keys or values are out of line. */
static inline bool hmap_has_blobs(const struct hmap *h)
{
	return hmap_out_of_line(h->params.key_size) ||
	       hmap_out_of_line(h->params.value_size);
}

#endif /* _HMAP_MAP_MEMORY_H */
