// SPDX-License-Identifier: GPL-2.0
/*
 * An array of buckets with its overflow buckets: allocate, free, hand out.
 */
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/hmap-view.h>
#include <linux/kmemleak.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../compat.h"
#include "array.h"

/* The longest pause between two removals of arrays from a view, in microseconds. */
#define REMOVAL_PAUSE_MAX	USEC_PER_SEC

/* A removal that takes less than this many microseconds needs no pause. */
#define REMOVAL_QUICK		100

/* Views from which arrays are being removed. */
static atomic_t hmap_removals;

/*
 * Whether buckets come from kmalloc(). Not if they are larger than a slab object,
 * which kmalloc() would round up to a power of two, up to nearly twice the size. Not
 * if programs see them: these buckets are in pages of their own.
 */
static bool hmap_buckets_kmalloc(bool shown, size_t size)
{
	return !shown && size <= KMALLOC_MAX_CACHE_SIZE;
}

/* The most memory that @size bytes of buckets may really take. */
static size_t hmap_buckets_most(const struct hmap *h, size_t size)
{
	return hmap_buckets_kmalloc(h->view, size) ?
		       roundup_pow_of_two(size) : PAGE_ALIGN(size);
}

/* alloc_pages_exact() for a node. */
static void *hmap_pages_on_node(size_t size, gfp_t gfp, int node)
{
	unsigned int order = get_order(size), i;
	struct page *page = alloc_pages_node(node, gfp, order);

	if (!page)
		return NULL;
	split_page(page, order);
	for (i = PAGE_ALIGN(size) >> PAGE_SHIFT; i < 1u << order; i++)
		__free_page(page + i);
	return page_address(page);
}

/*
 * Contiguous pages: they need no mapping of their own and fewer TLB entries. Small
 * sizes, and pages of a given node, are allocated as @gfp says; larger ones only if
 * the pages are available without reclaim.
 */
static void *hmap_pages_in_a_row(size_t size, gfp_t gfp, int node)
{
	if (size > KMALLOC_MAX_SIZE)
		return NULL;
	if (node != NUMA_NO_NODE)
		return hmap_pages_on_node(size, gfp, node);
	if (size > HMAP_SMALL_BYTES)
		gfp = (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_RETRY_MAYFAIL)) |
		      __GFP_NORETRY;
	return alloc_pages_exact(size, gfp);
}

/*
 * Allocate zeroed memory for buckets; NULL without a warning. If @gfp does not allow
 * sleeping, only contiguous pages are tried. @taken is the memory that it really
 * takes, which is added to the map's memory.
 */
static void *hmap_buckets_alloc(struct hmap *h, size_t size, gfp_t gfp,
				size_t *taken)
{
	int node = hmap_node(&h->params);
	struct mem_cgroup *memcg;
	void *p;

	if (hmap_buckets_kmalloc(h->view, size))
		return hmap_mem_alloc(h, size, gfp, taken);
	memcg = hmap_alloc_begin(h, &gfp);
	/* Do not kill a task for this: the map can continue with longer chains. */
	if (gfpflags_allow_blocking(gfp))
		gfp |= __GFP_RETRY_MAYFAIL;
	p = hmap_pages_in_a_row(size, gfp, node);
	/* For kmemleak: only buckets may point to keys and values out of line. */
	if (p)
		kmemleak_alloc(p, size, 1, gfp);
	else if (gfpflags_allow_blocking(gfp))
		p = hmap_vmalloc(size, gfp, node);
	hmap_alloc_end(h, memcg);
	*taken = p ? PAGE_ALIGN(size) : 0;
	hmap_memory_add(h->memory, *taken);
	if (!p)
		hmap_alloc_failed(h, size);
	return p;
}

static void hmap_buckets_free(bool shown, void *p, size_t size)
{
	if (!p || hmap_buckets_kmalloc(shown, size) || is_vmalloc_addr(p)) {
		kvfree(p);
		return;
	}
	kmemleak_free(p);
	free_pages_exact(p, size);
}

/* Bytes of an array's buckets and spares; SIZE_MAX if that overflows. */
static size_t hmap_data_size(u32 bucket_size, u8 B)
{
	return size_mul(((size_t)1 << B) + hmap_spares(B), bucket_size);
}

/* A page holds a bucket of the longest inline elements: hmap_page_buckets() is not 0. */
static_assert(sizeof(struct hmap_bucket) +
	      HMAP_BUCKET_CNT * 2 * HMAP_MAX_INLINE_SIZE <= PAGE_SIZE);

/* Buckets in a block of one page. */
u32 hmap_page_buckets(u32 bucket_size)
{
	return rounddown_pow_of_two(PAGE_SIZE / bucket_size);
}

/*
 * The layout of an array in a view. It has room for all overflow buckets that are
 * likely to exist before they cause a resize.
 */
static struct hmap_shape hmap_shape_of(u32 bucket_size, u8 B)
{
	unsigned int order = ilog2(hmap_page_buckets(bucket_size));
	u64 blocks = PAGE_ALIGN(hmap_data_size(bucket_size, B));

	return (struct hmap_shape){
		.buckets = 1ull << B,
		.spares = hmap_spares(B),
		.blocks = blocks,
		.extent = blocks + max((2ull << B) >> order, 16ull) * PAGE_SIZE,
	};
}

/* For a view: the layout of an array. */
struct hmap_shape hmap_array_shape(const struct hmap_array *a)
{
	return a->data ? hmap_shape_of(a->bucket_size, a->B) :
			 (struct hmap_shape){};
}

static bool hmap_array_can_be_shown(const struct hmap *h, u8 B)
{
	return hmap_shape_of(h->geo.bucket_size, B).extent <= h->view->max_extent;
}

/* Whether an array of 2^B buckets can exist at all. */
bool hmap_array_size_ok(const struct hmap *h, u8 B)
{
	return B <= HMAP_MAX_B && B < BITS_PER_LONG - 1 &&
	       hmap_data_size(h->geo.bucket_size, B) <= LONG_MAX &&
	       (!h->view || hmap_array_can_be_shown(h, B));
}
EXPORT_SYMBOL_IF_KUNIT(hmap_array_size_ok);

/* Bytes of the buckets and spares of an array of this map. */
size_t hmap_array_data_size(const struct hmap *h, u8 B)
{
	return hmap_data_size(h->geo.bucket_size, B);
}

/* An array of 2^B buckets, but without memory for the buckets; or ERR_PTR(-ENOMEM). */
static struct hmap_array *hmap_array_alloc_head(struct hmap *h, u8 B, gfp_t gfp)
{
	u32 stripes = h->params.stripes;
	struct hmap_array *a;
	size_t taken;

	if ((u64)1 << B < stripes)
		stripes = 1;
	a = hmap_mem_alloc(h, struct_size_t(struct hmap_array, nevacuate,
					    stripes), gfp, &taken);
	if (!a)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&a->lock);
	a->B = B;
	a->bucket_size = h->geo.bucket_size;
	a->block_order = ilog2(HMAP_SMALL_BYTES / a->bucket_size);
	/* An eighth, by shifts: 32-bit kernels have no division of 64 bits. */
	a->count_batch = clamp_t(u64, hmap_capacity(B) >> (3 + ilog2(stripes)), 1,
				 HMAP_COUNT_BATCH);
	a->extra.next_overflow = 1;
	a->bytes = taken;
	a->memory = h->memory;
	if (h->view) {
		a->view = h->view;
		hmap_view_get(a->view);
		a->block_order = ilog2(hmap_page_buckets(a->bucket_size));
	}
	return a;
}

/* An array without buckets, for a map before its first put; or ERR_PTR(-ENOMEM). */
struct hmap_array *hmap_array_alloc_empty(struct hmap *h, gfp_t gfp)
{
	return hmap_array_alloc_head(h, 0, gfp);
}

/* An array of 2^B buckets; or ERR_PTR(-ENOMEM). The caller sets its hash0. */
struct hmap_array *hmap_array_alloc(struct hmap *h, u8 B, gfp_t gfp)
{
	struct hmap_array *a;
	size_t taken;

	if (!hmap_array_size_ok(h, B))
		return ERR_PTR(-ENOMEM);
	a = hmap_array_alloc_head(h, B, gfp);
	if (IS_ERR(a))
		return a;
	a->data = hmap_buckets_alloc(h, hmap_array_data_size(h, B), gfp, &taken);
	a->bytes += taken;
	if (!a->data || (a->view && a->view->ops->add(a->view, a, gfp))) {
		hmap_array_free(a);
		return ERR_PTR(-ENOMEM);
	}
	a->settled = a->data;
	a->last = ((size_t)1 << B) - 1;
	a->extra.overflow.nr = hmap_spares(B);
	a->longest_chain = 1;
	return a;
}
EXPORT_SYMBOL_IF_KUNIT(hmap_array_alloc);

/* The most memory that the buckets of an array of 2^B may take. */
static size_t hmap_array_most(const struct hmap *h, u8 B)
{
	return hmap_buckets_most(h, hmap_array_data_size(h, B));
}

/* Whether an array of 2^B buckets fits the map's limits. */
bool hmap_array_fits(const struct hmap *h, u8 B)
{
	return hmap_array_size_ok(h, B) && hmap_has_room(h, hmap_array_most(h, B));
}

/* Whether it fits once memory that waits for a grace period has been freed. */
bool hmap_array_will_fit(const struct hmap *h, u8 B)
{
	return hmap_array_size_ok(h, B) &&
	       hmap_has_room(h, hmap_array_most(h, B) -
				atomic_long_read(&h->memory->waiting));
}

/**
 * hmap_array_make() - allocate an array within the map's limits
 * @h: the map
 * @B: log2 of its buckets
 * @gfp: how to allocate
 *
 * Return: the array; ERR_PTR(-ENOSPC) if the map's limits do not allow it;
 * ERR_PTR(-ENOMEM).
 */
struct hmap_array *hmap_array_make(struct hmap *h, u8 B, gfp_t gfp)
{
	bool coming = hmap_room_is_coming(h);
	struct hmap_array *a;
	size_t size;

	if (!hmap_array_fits(h, B) && coming)
		hmap_memory_wait(h->memory, gfp);
	if (!hmap_array_size_ok(h, B))
		return ERR_PTR(-ENOSPC);
	/* Counted before it is allocated, which may take long. */
	size = hmap_array_most(h, B);
	if (!hmap_memory_claim(h, size))
		return ERR_PTR(-ENOSPC);
	a = hmap_array_alloc(h, B, gfp);
	hmap_memory_add(h->memory, -size);
	return a;
}

/*
 * Log2 of the buckets in the first block: as many as there are spares. The blocks
 * behind it double in size up to HMAP_SMALL_BYTES: the bound keeps the put that
 * needs a block from taking longer in a large map. In a map with a view each block
 * is a page.
 */
static unsigned int hmap_first_order(const struct hmap_array *a)
{
	if (a->view)
		return a->block_order;
	return min_t(unsigned int, a->B > 4 ? a->B - 4 : 0, a->block_order);
}

static u32 hmap_block_buckets(const struct hmap_array *a, u32 k)
{
	return 1u << min(hmap_first_order(a) + k, (u32)a->block_order);
}

VISIBLE_IF_KUNIT size_t hmap_block_size(const struct hmap_array *a, u32 k)
{
	return (size_t)hmap_block_buckets(a, k) * a->bucket_size;
}
EXPORT_SYMBOL_IF_KUNIT(hmap_block_size);

/* Number of blocks in the table that begins with block @k; 0 if none does. */
static u32 hmap_table_blocks(u32 k)
{
	return k >= HMAP_OVERFLOW_BLOCKS && is_power_of_2(k) ? k : 0;
}

/* The location of the address of block @k; NULL if there is no table for it. */
VISIBLE_IF_KUNIT void **hmap_block_slot(struct hmap_overflow *overflow, u32 k)
{
	unsigned int t;
	void **table;

	if (k < HMAP_OVERFLOW_BLOCKS)
		return &overflow->block[k];
	t = ilog2(k / HMAP_OVERFLOW_BLOCKS);
	if (t >= HMAP_OVERFLOW_TABLES)
		return NULL;
	table = READ_ONCE(overflow->table[t]);
	return table ? &table[k - (HMAP_OVERFLOW_BLOCKS << t)] : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(hmap_block_slot);

static size_t hmap_table_size(u32 blocks)
{
	return blocks * sizeof(void *);
}

/* For a view: page number @page of an array, or NULL if there is none (yet). */
void *hmap_array_page(const struct hmap_array *a, u64 page)
{
	u64 blocks = hmap_array_shape(a).blocks / PAGE_SIZE;
	void **slot;

	if (page < blocks)
		return a->data + page * PAGE_SIZE;
	page -= blocks;
	if (page >= HMAP_MAX_BLOCKS)
		return NULL;
	slot = hmap_block_slot((struct hmap_overflow *)&a->extra.overflow, page);
	return slot ? READ_ONCE(*slot) : NULL;
}

static void hmap_view_release(struct kref *ref)
{
	struct hmap_view *view = container_of(ref, struct hmap_view, ref);

	view->ops->release(view);
}

/**
 * hmap_view_put() - give back a reference to a view
 * @view: the view
 *
 * Context: process; may sleep.
 */
void hmap_view_put(struct hmap_view *view)
{
	kref_put(&view->ref, hmap_view_release);
}
EXPORT_SYMBOL_IF_KUNIT(hmap_view_put);

/**
 * hmap_array_free() - free an array that no reader can be in
 * @a: the array; keys and values out of line are not freed
 *
 * Context: process, may sleep; any context if the array is small and has no view.
 */
void hmap_array_free(struct hmap_array *a)
{
	struct hmap_overflow *overflow = &a->extra.overflow;
	struct hmap_view *view = a->view;
	unsigned int k;

	if (a->slot)
		view->ops->remove(view, a);
	for (k = 0; k < overflow->nr_blocks; k++) {
		hmap_buckets_free(view, *hmap_block_slot(overflow, k),
				  hmap_block_size(a, k));
		if (k)
			cond_resched();
	}
	for (k = 0; k < HMAP_OVERFLOW_TABLES; k++)
		kvfree(overflow->table[k]);
	hmap_buckets_free(view, a->data, hmap_data_size(a->bucket_size, a->B));
	hmap_memory_add(a->memory, -a->bytes);
	if (view)
		hmap_view_put(view);
	kfree(a);
}
EXPORT_SYMBOL_IF_KUNIT(hmap_array_free);

static void hmap_array_finish(struct hmap_array *a)
{
	struct hmap_memory *memory = a->memory;
	size_t bytes = a->bytes;

	hmap_array_free(a);
	hmap_memory_freed(memory, bytes);
	hmap_memory_put(memory);
}

/*
 * Pause after a removal that has taken @ns. It takes time for each mapping, and no
 * cgroup is charged for it: so removals that are not quick may use a fifth of a CPU for
 * one view, and all together a fifth of the CPUs; more only if one takes longer than
 * REMOVAL_PAUSE_MAX / 4.
 */
static void hmap_removal_pause(u64 ns, int running)
{
	u64 us = div_u64(ns, NSEC_PER_USEC);

	/* With few mappings it is as quick as freeing the memory: no reason to pause. */
	if (us < REMOVAL_QUICK)
		return;
	us *= 4 * DIV_ROUND_UP(running, num_online_cpus());
	us = min_t(u64, us, REMOVAL_PAUSE_MAX);
	usleep_range_state(us, us + us / 4, TASK_IDLE);
}

static void hmap_view_removal(struct work_struct *work)
{
	struct hmap_view *view = container_of(work, struct hmap_view, removal);
	int running = atomic_inc_return(&hmap_removals);
	struct hmap_array *a, *next;
	u64 start;

	llist_for_each_entry_safe(a, next, llist_del_all(&view->retired), retired) {
		start = ktime_get_ns();
		hmap_array_finish(a);
		hmap_removal_pause(ktime_get_ns() - start, running);
	}
	atomic_dec(&hmap_removals);
	hmap_view_put(view);
}

/**
 * hmap_view_setup() - initialise the part of a view that the map knows
 * @view: the view. The caller owns the first reference
 * @ops: callbacks
 * @max_extent: bytes that an array may take in the view
 */
void hmap_view_setup(struct hmap_view *view, const struct hmap_view_ops *ops,
		     u64 max_extent)
{
	view->ops = ops;
	view->max_extent = max_extent;
	kref_init(&view->ref);
	init_llist_head(&view->retired);
	INIT_WORK(&view->removal, hmap_view_removal);
}

/*
 * Programs that map a view can delay its removals: they hold locks of their own page
 * tables and of the mapping, and may have no processor time. So each view has one work,
 * in a queue of views, and delays others only if it is one of WQ_MAX_ACTIVE.
 */
static void hmap_array_release(struct work_struct *work)
{
	struct hmap_array *a = container_of(to_rcu_work(work),
					    struct hmap_array, release);
	struct hmap_view *view = a->view;

	if (!a->slot) {
		hmap_array_finish(a);
		return;
	}
	/* The work's: @a, which holds one, may be freed before the work is queued. */
	hmap_view_get(view);
	if (!llist_add(&a->retired, &view->retired) ||
	    !queue_work(hmap_view_wq, &view->removal))
		hmap_view_put(view);
}

static void hmap_array_wait(struct hmap_array *a)
{
	refcount_inc(&a->memory->ref);
	atomic_long_add(a->bytes, &a->memory->waiting);
	INIT_RCU_WORK(&a->release, hmap_array_release);
}

/* Free an array that has never been published. In any context. */
void hmap_array_discard(struct hmap_array *a)
{
	if (!a->view && hmap_data_size(a->bucket_size, a->B) <= HMAP_SMALL_BYTES) {
		hmap_array_free(a);
		return;
	}
	hmap_array_wait(a);
	queue_work(hmap_free_wq, &a->release.work);
}

/* Free an array that readers may still be in. In any context. */
void hmap_array_retire(struct hmap_array *a)
{
	hmap_array_wait(a);
	queue_rcu_work(hmap_free_wq, &a->release);
}
EXPORT_SYMBOL_IF_KUNIT(hmap_array_retire);

/**
 * hmap_overflow_bucket() - an overflow bucket by its index
 * @h: the map
 * @a: the array
 * @index: from 1 on
 *
 * Exported for the tests.
 *
 * Return: the bucket, which is one of the spares or in a block; NULL if the index is
 * out of range, which only a reader without a lock can see.
 */
struct hmap_bucket *hmap_overflow_bucket(const struct hmap *h,
					 const struct hmap_array *a, u32 index)
{
	unsigned int small = hmap_first_order(a), large = a->block_order;
	u32 spares = hmap_spares(a->B), k;
	u64 n = index - 1, top;
	void **slot, *block;

	if (n < spares)
		return hmap_bucket(h, a, hmap_nbuckets(a) + n);
	/* Block 0 would begin at 2^small, block 1 at 2^(small + 1), ... */
	n = n - spares + (1ull << small);
	if (n >> large) {
		k = large - small - 1 + (n >> large);
		top = n >> large << large;
	} else {
		k = ilog2(n) - small;
		top = 1ull << ilog2(n);
	}
	/* Cast away const: the slot is only read. */
	slot = hmap_block_slot((struct hmap_overflow *)&a->extra.overflow, k);
	block = slot ? READ_ONCE(*slot) : NULL;
	return block ? block + (size_t)(n - top) * h->geo.bucket_size : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(hmap_overflow_bucket);

/* Add the supply's block to the array, if it has the right size. */
static bool hmap_add_block(struct hmap *h, struct hmap_array *a,
			   struct hmap_supply *supply)
{
	struct hmap_overflow *overflow = &a->extra.overflow;
	u32 k = overflow->nr_blocks, due = hmap_block_buckets(a, k);
	u32 table = hmap_table_blocks(k);

	lockdep_assert_held(&a->lock);
	if (supply->no_block)
		return false;
	if (k == HMAP_MAX_BLOCKS || overflow->nr > HMAP_OVERFLOW_INDEX - due) {
		supply->no_block = true;
		return false;
	}
	if (!supply->block || supply->block_buckets != due ||
	    supply->table_blocks != table) {
		supply->want = WANT_BLOCK;
		supply->want_buckets = due;
		supply->want_table = table;
		return false;
	}
	if (table) {
		/* Zeroed: pairs with the address dependency in hmap_array_page(). */
		smp_store_release(&overflow->table[ilog2(k / HMAP_OVERFLOW_BLOCKS)],
				  supply->table);
		supply->table = NULL;
	}
	/* The same. */
	smp_store_release(hmap_block_slot(overflow, k), supply->block);
	supply->block = NULL;
	overflow->nr_blocks++;
	overflow->nr += due;
	a->bytes += supply->bytes;
	supply->bytes = 0;
	return true;
}

/**
 * hmap_reserve_overflow() - make sure that overflow buckets can be appended
 * @h: the map
 * @a: the array
 * @n: how many
 * @supply: where a block may come from
 *
 * Return: true if @n calls of hmap_append_bucket() will succeed. Call
 * hmap_unreserve_overflow() for buckets that are not appended after all.
 */
bool hmap_reserve_overflow(struct hmap *h, struct hmap_array *a, u32 n,
			   struct hmap_supply *supply)
{
	bool ok = true;

	if (!n)
		return true;
	spin_lock(&a->lock);
	while (ok && a->extra.overflow.nr - a->noverflow - a->reserved < n)
		ok = hmap_add_block(h, a, supply);
	if (ok)
		a->reserved += n;
	spin_unlock(&a->lock);
	return ok;
}
EXPORT_SYMBOL_IF_KUNIT(hmap_reserve_overflow);

void hmap_unreserve_overflow(struct hmap_array *a, u32 n)
{
	if (!n)
		return;
	spin_lock(&a->lock);
	a->reserved -= n;
	spin_unlock(&a->lock);
}
EXPORT_SYMBOL_IF_KUNIT(hmap_unreserve_overflow);

/**
 * hmap_append_bucket() - append an overflow bucket that has been reserved
 * @h: the map
 * @a: the array
 * @last: last bucket of the chain
 * @len: buckets in the chain, including the new one
 *
 * Return: the new bucket.
 */
struct hmap_bucket *hmap_append_bucket(struct hmap *h, struct hmap_array *a,
				       struct hmap_bucket *last, u32 len)
{
	u32 index;

	spin_lock(&a->lock);
	index = a->extra.next_overflow++;
	a->reserved--;
	WRITE_ONCE(a->noverflow, a->noverflow + 1);
	if (len > a->longest_chain)
		WRITE_ONCE(a->longest_chain, len);
	spin_unlock(&a->lock);
	/* Block before index: pairs with the acquire in hmap_next(). */
	smp_store_release(&last->overflow, last->overflow | index);
	return hmap_overflow_bucket(h, a, index);
}
EXPORT_SYMBOL_IF_KUNIT(hmap_append_bucket);

static void hmap_supply_drop_block(struct hmap *h, struct hmap_supply *supply)
{
	hmap_buckets_free(h->view, supply->block,
			  size_mul(supply->block_buckets, h->geo.bucket_size));
	supply->block = NULL;
	kvfree(supply->table);
	supply->table = NULL;
	hmap_memory_add(h->memory, -(long)supply->bytes);
	supply->bytes = 0;
}

static void hmap_supply_get_block(struct hmap *h, struct hmap_supply *supply,
				  gfp_t gfp)
{
	size_t size = size_mul(supply->want_buckets, h->geo.bucket_size);
	size_t taken;

	hmap_supply_drop_block(h, supply);
	supply->block_buckets = supply->want_buckets;
	supply->block = hmap_buckets_alloc(h, size, gfp, &taken);
	supply->bytes = taken;
	supply->table_blocks = supply->want_table;
	if (supply->want_table) {
		supply->table = hmap_mem_alloc(h,
					       hmap_table_size(supply->want_table),
					       gfp, &taken);
		supply->bytes += taken;
	}
	supply->no_block = !supply->block ||
			   (supply->want_table && !supply->table);
}

static void hmap_supply_drop_array(struct hmap_supply *supply)
{
	if (supply->array)
		hmap_array_discard(supply->array);
	supply->array = NULL;
}

/**
 * hmap_supply_fill() - allocate what an operation was missing
 * @h: the map
 * @supply: its @want says what is missing
 * @gfp: how to allocate
 *
 * A failure is recorded in @supply: the operation continues without, or fails.
 */
void hmap_supply_fill(struct hmap *h, struct hmap_supply *supply, gfp_t gfp)
{
	struct hmap_array *a;

	if (supply->want == WANT_ARRAY) {
		hmap_supply_drop_array(supply);
		a = hmap_array_make(h, supply->want_B, gfp);
		supply->no_array = PTR_ERR_OR_ZERO(a);
		supply->array = IS_ERR(a) ? NULL : a;
	} else if (supply->want == WANT_BLOCK) {
		hmap_supply_get_block(h, supply, gfp);
	}
	supply->want = WANT_NOTHING;
}
EXPORT_SYMBOL_IF_KUNIT(hmap_supply_fill);

/**
 * hmap_supply_over_limit() - whether the missing block exceeds a limit
 * @h: the map
 * @supply: its @want_buckets and @want_table say which block is missing
 *
 * Return: true if the map's limits do not allow it.
 */
bool hmap_supply_over_limit(const struct hmap *h,
			    const struct hmap_supply *supply)
{
	size_t size = size_mul(supply->want_buckets, h->geo.bucket_size);

	return supply->want == WANT_BLOCK &&
	       !hmap_has_room(h, hmap_buckets_most(h, size) +
				 hmap_table_size(supply->want_table));
}

/* hmap_supply_drop() if there is something to free. */
void __hmap_supply_drop(struct hmap *h, struct hmap_supply *supply)
{
	hmap_supply_drop_array(supply);
	hmap_supply_drop_block(h, supply);
}
EXPORT_SYMBOL_IF_KUNIT(__hmap_supply_drop);
