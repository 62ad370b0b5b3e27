// SPDX-License-Identifier: GPL-2.0
/*
 * Memory: how it is allocated, what is counted, and what frees it.
 *
 * A map's struct hmap_memory counts every byte from its allocation until it is
 * free. Memory that readers may be in waits for a grace period of RCU before
 * that, and is then freed by a work, in process context. So no put or delete
 * frees more than an allocation that it has made itself, and nothing that only
 * a sleeping context may free.
 *
 * There are three queues, all with a rescuer, since others wait for them under
 * memory pressure: hmap_wq runs the workers of all maps, which allocate;
 * hmap_free_wq frees, and its works allocate nothing themselves; nor do those of
 * hmap_view_wq, which free the arrays that programs see, and may wait for these.
 */
#include <linux/export.h>
#include <linux/memcontrol.h>
#include <linux/page_counter.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../compat.h"
#include "memory.h"
#include "trace.h"

/* From this size on huge pages waste less than a sixteenth at the end. */
#define HUGE_LIMIT	(16 * PMD_SIZE)

/* Runs the workers of all maps. */
struct workqueue_struct *hmap_wq;
EXPORT_SYMBOL_IF_KUNIT(hmap_wq);

/* Frees memory. */
struct workqueue_struct *hmap_free_wq;

/* Removes arrays from views, and frees them. */
struct workqueue_struct *hmap_view_wq;

int hmap_queues_init(void)
{
	/* Many at once: a worker may sleep for long, see struct hmap_pool. */
	hmap_wq = alloc_workqueue("hmap", WQ_UNBOUND | WQ_MEM_RECLAIM,
				  WQ_MAX_ACTIVE);
	hmap_free_wq = alloc_workqueue("hmap_free", WQ_UNBOUND | WQ_MEM_RECLAIM,
				       0);
	hmap_view_wq = alloc_workqueue("hmap_view", WQ_UNBOUND | WQ_MEM_RECLAIM,
				       WQ_MAX_ACTIVE);
	if (hmap_wq && hmap_free_wq && hmap_view_wq)
		return 0;
	hmap_queues_exit();
	return -ENOMEM;
}

/*
 * Wait until memory that is already waiting for a grace period has been freed, that of
 * all maps: nothing that another task waits for may call this. Blobs that were retired
 * while a batch was under way are in the next batch: call this twice to wait for all
 * memory.
 */
static void hmap_drain(void)
{
	rcu_barrier();
	flush_workqueue(hmap_free_wq);
	flush_workqueue(hmap_view_wq);
}

/* All maps have been destroyed: free the memory that still waits. */
void hmap_queues_exit(void)
{
	if (hmap_free_wq && hmap_view_wq) {
		hmap_drain();
		hmap_drain();
	}
	if (hmap_view_wq)
		destroy_workqueue(hmap_view_wq);
	if (hmap_free_wq)
		destroy_workqueue(hmap_free_wq);
	if (hmap_wq)
		destroy_workqueue(hmap_wq);
}

/* ---- counting ---- */

void hmap_memory_add(struct hmap_memory *memory, long bytes)
{
	int i;

	atomic_long_add(bytes, &memory->bytes);
	for (i = 0; i < HMAP_POOLS; i++)
		if (memory->pools[i])
			atomic_long_add(bytes, &memory->pools[i]->memory);
}

/* Whether there is a limit, and @bytes plus @size exceed it. */
static bool hmap_is_beyond(unsigned long limit, long bytes, long size)
{
	return limit && size > (long)min_t(unsigned long, limit, LONG_MAX) - bytes;
}

/**
 * hmap_has_room() - whether a map may hold more memory
 * @h: the map
 * @size: additional bytes; may be negative
 *
 * Return: true if neither the map nor any of its pools would exceed its limit.
 */
bool hmap_has_room(const struct hmap *h, long size)
{
	const struct hmap_pool *pool;
	int i;

	if (hmap_is_beyond(READ_ONCE(h->params.max_bytes),
			   atomic_long_read(&h->memory->bytes), size))
		return false;
	for (i = 0; i < HMAP_POOLS; i++) {
		pool = h->params.pools[i];
		if (pool && hmap_is_beyond(READ_ONCE(pool->max_bytes),
					   atomic_long_read(&pool->memory), size))
			return false;
	}
	return true;
}

/* Add @size to @bytes, unless that exceeds the limit. */
static bool hmap_add_within(unsigned long limit, atomic_long_t *bytes, long size)
{
	long old = atomic_long_read(bytes);

	do {
		if (hmap_is_beyond(limit, old, size))
			return false;
	} while (!atomic_long_try_cmpxchg(bytes, &old, old + size));
	return true;
}

/**
 * hmap_memory_claim() - count memory that is about to be allocated
 * @h: the map that it is for
 * @size: bytes
 *
 * However many tasks allocate for the maps of a pool at the same time: the memory
 * that all of them claim is within the limits. hmap_memory_add() ends the claim, when
 * the memory has been allocated and counted.
 *
 * Return: false if the map or one of its pools would exceed its limit.
 */
bool hmap_memory_claim(struct hmap *h, size_t size)
{
	struct hmap_pool *pool;
	int i;

	if (!hmap_add_within(READ_ONCE(h->params.max_bytes), &h->memory->bytes, size))
		return false;
	for (i = 0; i < HMAP_POOLS; i++) {
		pool = h->params.pools[i];
		if (pool && !hmap_add_within(READ_ONCE(pool->max_bytes),
					     &pool->memory, size))
			break;
	}
	if (i == HMAP_POOLS)
		return true;
	while (i--)
		if (h->params.pools[i])
			atomic_long_sub(size, &h->params.pools[i]->memory);
	atomic_long_sub(size, &h->memory->bytes);
	return false;
}

static void hmap_leave_pools(struct hmap *h, int n)
{
	struct hmap_pool *pool;

	while (n--) {
		pool = h->params.pools[n];
		if (pool && pool->max_workers)
			atomic_dec(&pool->workers);
	}
}

/**
 * hmap_worker_begin() - the map's worker begins
 * @h: the map
 *
 * Return: false if as many workers of one of the map's pools are running as may be.
 */
bool hmap_worker_begin(struct hmap *h)
{
	struct hmap_pool *pool;
	int i;

	for (i = 0; i < HMAP_POOLS; i++) {
		pool = h->params.pools[i];
		if (pool && pool->max_workers &&
		    !atomic_add_unless(&pool->workers, 1, pool->max_workers)) {
			hmap_leave_pools(h, i);
			return false;
		}
	}
	return true;
}

void hmap_worker_end(struct hmap *h)
{
	hmap_leave_pools(h, HMAP_POOLS);
}

/* Memory that has waited for a grace period is free. */
void hmap_memory_freed(struct hmap_memory *memory, long bytes)
{
	atomic_long_sub(bytes, &memory->waiting);
	/* Before it counts as freed: pairs with smp_rmb() in hmap_memory_wait(). */
	smp_mb__before_atomic();
	atomic_long_add(bytes, &memory->freed);
	wake_up_all(&memory->wait);
}

/* The lowest of a map's limits; ULONG_MAX if it has none. */
static unsigned long hmap_least_limit(const struct hmap *h)
{
	unsigned long limit, max_bytes;
	int i;

	max_bytes = READ_ONCE(h->params.max_bytes);
	limit = max_bytes ?: ULONG_MAX;
	for (i = 0; i < HMAP_POOLS; i++) {
		if (!h->params.pools[i])
			continue;
		max_bytes = READ_ONCE(h->params.pools[i]->max_bytes);
		limit = min(limit, max_bytes ?: ULONG_MAX);
	}
	return limit;
}

/**
 * hmap_may_wait() - whether a caller may wait for allocations of other tasks
 * @gfp: how the caller allocates
 *
 * Other tasks allocate with GFP_KERNEL, whose reclaim may need locks that the caller
 * holds. Waiting is safe only if the caller could allocate with GFP_KERNEL itself.
 *
 * Return: true if it may.
 */
bool hmap_may_wait(gfp_t gfp)
{
	return (current_gfp_context(gfp) & GFP_KERNEL) == GFP_KERNEL &&
	       !(current->flags & PF_MEMALLOC);
}

/**
 * hmap_memory_wait() - wait until memory that waits for a grace period is freed
 * @memory: memory of the map
 * @gfp: how the caller allocates
 *
 * For a caller that has reached a limit of memory. Waits for what this map has given up
 * until now, for HMAP_WAIT_TIME at most and until the task is killed. Returns at once if
 * the caller may not wait (hmap_may_wait()).
 */
void hmap_memory_wait(struct hmap_memory *memory, gfp_t gfp)
{
	long target = atomic_long_read(&memory->freed);

	/* Memory must not be in both: pairs with the barrier in hmap_memory_freed(). */
	smp_rmb();
	target += atomic_long_read(&memory->waiting);
	if (hmap_may_wait(gfp))
		wait_event_killable_timeout(memory->wait,
					    atomic_long_read(&memory->freed) - target >= 0,
					    HMAP_WAIT_TIME);
}

/**
 * hmap_memory_throttle() - wait if too much memory waits for a grace period
 * @h: the map
 * @gfp: how the caller allocates
 *
 * For a caller that is about to allocate a key or value out of line, perhaps to
 * overwrite another one. When the map has reached its limit, memory that waits may
 * exceed the limit by an eighth, so that not every overwrite has to wait. Returns at
 * once if the caller may not wait.
 */
void hmap_memory_throttle(struct hmap *h, gfp_t gfp)
{
	if (atomic_long_read(&h->memory->waiting) > hmap_least_limit(h) / 8 &&
	    !hmap_has_room(h, h->params.key_size + h->params.value_size))
		hmap_memory_wait(h->memory, gfp);
}

/**
 * hmap_pool_exit() - wait until all memory of a pool's maps has been freed
 * @pool: the pool, of which all maps have been destroyed
 *
 * Call this before freeing the pool itself.
 *
 * Context: process; may sleep, for an RCU grace period.
 */
void hmap_pool_exit(struct hmap_pool *pool)
{
	might_sleep();
	if (atomic_long_read(&pool->memory)) {
		hmap_drain();
		hmap_drain();
	}
	WARN_ON_ONCE(atomic_long_read(&pool->memory));
}
EXPORT_SYMBOL_GPL(hmap_pool_exit);

/* ---- allocation ---- */

/*
 * The caller needs a larger array from the worker: with HMAP_ACCOUNT_CALLERS, charge
 * it to the caller. Called in any context; a softirq has no cgroup, as a kernel thread.
 */
void hmap_note_payer(struct hmap *h)
{
	struct mm_struct *mm = in_task() ? current->mm : NULL;

	if (h->params.flags & HMAP_ACCOUNT_CALLERS)
		mem_cgroup_put(xchg(&h->memcg, get_mem_cgroup_from_mm(mm)));
}

/**
 * hmap_take_payer() - what the worker charges a larger array to
 * @h: the map
 *
 * Return: with HMAP_ACCOUNT_CALLERS, the cgroup of the last caller that needed a
 * larger array, for set_active_memcg(); otherwise NULL.
 */
struct mem_cgroup *hmap_take_payer(struct hmap *h)
{
	struct mem_cgroup *memcg;

	if (!(h->params.flags & HMAP_ACCOUNT_CALLERS))
		return NULL;
	memcg = xchg(&h->memcg, NULL);
	if (memcg) {
		mem_cgroup_put(h->payer);
		h->payer = memcg;
	}
	return h->payer;
}

/**
 * hmap_cgroup_pays() - whether an array for all callers is charged to one of them
 * @memcg: the cgroup of that caller, or NULL
 * @size: bytes of the array
 *
 * Others have filled the array. So it must leave the caller most of what it may have.
 * A task that charges a cgroup above memory.high sleeps for up to 2 s each time, be
 * it a task of the cgroup or not; so no such cgroup pays.
 *
 * Return: true if it is.
 */
bool hmap_cgroup_pays(struct mem_cgroup *memcg, size_t size)
{
#ifdef CONFIG_MEMCG
	unsigned long pages = DIV_ROUND_UP(size, PAGE_SIZE), high;

	for (; memcg; memcg = parent_mem_cgroup(memcg)) {
		high = READ_ONCE(memcg->memory.high);
		if (pages > min(high, READ_ONCE(memcg->memory.max)) / 8 ||
		    page_counter_read(&memcg->memory) + pages > high)
			return false;
	}
#endif
	return true;
}

/**
 * hmap_caller_pays() - whether an array of a size that others may have chosen is charged
 * to the caller
 * @h: the map
 * @size: bytes of the array
 *
 * Return: false if it must not be made: with HMAP_ACCOUNT_CALLERS, if the caller's
 * cgroup does not pay (hmap_cgroup_pays()).
 */
bool hmap_caller_pays(const struct hmap *h, size_t size)
{
	struct mem_cgroup *memcg;
	bool pays;

	if (!(h->params.flags & HMAP_ACCOUNT_CALLERS))
		return true;
	memcg = get_mem_cgroup_from_mm(in_task() ? current->mm : NULL);
	pays = hmap_cgroup_pays(memcg, size);
	mem_cgroup_put(memcg);
	return pays;
}

/* The cgroup that this map's memory is charged to; NULL for that of the task. */
static struct mem_cgroup *hmap_charged_to(const struct hmap *h)
{
	return h->params.flags & HMAP_ACCOUNT ? h->memcg : NULL;
}

/*
 * Allocations up to hmap_alloc_end() are zeroed, fail without a warning, and are
 * charged as the map's flags say. __GFP_RETRY_MAYFAIL: do not kill a task because a
 * cgroup is at its limit; the map can do without the memory.
 */
struct mem_cgroup *hmap_alloc_begin(struct hmap *h, gfp_t *gfp)
{
	struct mem_cgroup *memcg = hmap_charged_to(h);

	*gfp |= __GFP_ZERO | __GFP_NOWARN;
	if (h->params.flags & HMAP_ACCOUNTING)
		*gfp |= __GFP_ACCOUNT;
	if (*gfp & __GFP_ACCOUNT && gfpflags_allow_blocking(*gfp))
		*gfp |= __GFP_RETRY_MAYFAIL;
	return memcg ? set_active_memcg(memcg) : NULL;
}

void hmap_alloc_end(struct hmap *h, struct mem_cgroup *memcg)
{
	if (hmap_charged_to(h))
		set_active_memcg(memcg);
}

void hmap_alloc_failed(struct hmap *h, size_t size)
{
	atomic_long_inc(&h->alloc_failures);
	trace_hmap_alloc_failure(h, size);
}

/*
 * Allocate by single pages, or by huge pages if @size is large. For sizes that
 * kmalloc() cannot return, kvmalloc_node() is a vmalloc() that takes a node; its
 * limit is INT_MAX.
 */
void *hmap_vmalloc(size_t size, gfp_t gfp, int node)
{
	bool huge = size >= HUGE_LIMIT;
	bool on_node = node != NUMA_NO_NODE && size > KMALLOC_MAX_SIZE;

	gfp |= __GFP_RETRY_MAYFAIL;
	if ((huge || on_node) && size <= INT_MAX)
		return kvmalloc_node(size, gfp, node);
	return __vmalloc(size, gfp);
}

/* The bytes that an allocation of @size at @p really takes. */
static size_t hmap_mem_size(const void *p, size_t size)
{
	return is_vmalloc_addr(p) ? PAGE_ALIGN(size) : ksize(p);
}

/**
 * hmap_mem_alloc() - zeroed memory that kvfree() frees
 * @h: the map that it is for
 * @size: bytes
 * @gfp: how to allocate
 * @taken: out: bytes that it really takes; they are added to the map's memory
 *
 * Return: the memory, or NULL without a warning.
 */
void *hmap_mem_alloc(struct hmap *h, size_t size, gfp_t gfp, size_t *taken)
{
	struct mem_cgroup *memcg = hmap_alloc_begin(h, &gfp);
	void *p;

	if (size <= HMAP_SMALL_BYTES || !gfpflags_allow_blocking(gfp))
		p = kmalloc_node(size, gfp, hmap_node(&h->params));
	else
		p = hmap_vmalloc(size, gfp, hmap_node(&h->params));
	hmap_alloc_end(h, memcg);
	*taken = 0;
	if (!p) {
		hmap_alloc_failed(h, size);
		return NULL;
	}
	*taken = hmap_mem_size(p, size);
	hmap_memory_add(h->memory, *taken);
	return p;
}

/* ---- keys and values out of line ---- */

struct hmap_blob *hmap_blob_alloc(struct hmap *h, u32 size, gfp_t gfp)
{
	size_t taken;

	return hmap_mem_alloc(h, sizeof(struct hmap_blob) + size, gfp, &taken);
}
EXPORT_SYMBOL_IF_KUNIT(hmap_blob_alloc);

static size_t hmap_blob_taken(const struct hmap_blob *blob, u32 size)
{
	return hmap_mem_size(blob, sizeof(*blob) + size);
}

void __hmap_blob_free(struct hmap *h, struct hmap_blob *blob, u32 size)
{
	hmap_memory_add(h->memory, -hmap_blob_taken(blob, size));
	kvfree(blob);
}
EXPORT_SYMBOL_IF_KUNIT(__hmap_blob_free);

static void hmap_memory_begin_batch(struct hmap_memory *memory)
{
	/* Full barrier: pairs with smp_mb() in hmap_memory_work(). */
	if (atomic_xchg(&memory->busy, true))
		return;
	/* All of these blobs have been removed from the map before. */
	memory->batch = llist_del_all(&memory->retired);
	refcount_inc(&memory->ref);
	queue_rcu_work(hmap_free_wq, &memory->work);
}

static void hmap_memory_work(struct work_struct *work)
{
	struct hmap_memory *memory = container_of(to_rcu_work(work),
						  struct hmap_memory, work);
	struct hmap_blob *blob, *next;
	long taken, total = 0;

	llist_for_each_entry_safe(blob, next, memory->batch, node) {
		taken = hmap_blob_taken(blob, blob->size);
		kvfree(blob);
		hmap_memory_add(memory, -taken);
		total += taken;
		cond_resched();
	}
	hmap_memory_freed(memory, total);
	/* The batch has been read. */
	atomic_set_release(&memory->busy, false);
	/*
	 * Either we see the new blob, or __hmap_blob_retire() sees busy == false. Pairs
	 * with llist_add() there and atomic_xchg() in hmap_memory_begin_batch().
	 */
	smp_mb();
	if (!llist_empty(&memory->retired))
		hmap_memory_begin_batch(memory);
	hmap_memory_put(memory);
}

/* Context: any in which the map may be written; not under its locks. */
void __hmap_blob_retire(struct hmap *h, struct hmap_blob *blob, u32 size)
{
	struct hmap_memory *memory = h->memory;

	blob->size = size;
	atomic_long_add(hmap_blob_taken(blob, size), &memory->waiting);
	llist_add(&blob->node, &memory->retired);
	if (!atomic_read(&memory->busy))
		hmap_memory_begin_batch(memory);
}
EXPORT_SYMBOL_IF_KUNIT(__hmap_blob_retire);

/* ---- struct hmap_memory ---- */

struct hmap_memory *hmap_memory_alloc(const struct hmap_params *params, gfp_t gfp)
{
	struct hmap_memory *memory = kzalloc(sizeof(*memory), gfp);

	if (!memory)
		return NULL;
	memcpy(memory->pools, params->pools, sizeof(memory->pools));
	refcount_set(&memory->ref, 1);
	init_llist_head(&memory->retired);
	init_waitqueue_head(&memory->wait);
	INIT_RCU_WORK(&memory->work, hmap_memory_work);
	return memory;
}

void hmap_memory_put(struct hmap_memory *memory)
{
	if (refcount_dec_and_test(&memory->ref))
		kfree(memory);
}
EXPORT_SYMBOL_IF_KUNIT(hmap_memory_put);
