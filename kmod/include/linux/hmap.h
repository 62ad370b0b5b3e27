/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hmap: a resizable hash map with inline keys and values.
 *
 * The layout is that of Go's classic map: buckets of eight slots with a byte
 * of the hash for each (tophash), overflow buckets, and a resize that is
 * spread over the operations, so that none of them ever pays for the table.
 *
 * This is the only header that a kernel user includes. Functions are
 * documented where they are defined, in kmod/map.c, resize.c, scan.c, stats.c,
 * verify.c, lock.c, memory.c and hash.c.
 *
 * Context. Functions are called from process or softirq context with interrupts
 * enabled, from process context if they may sleep. The caller needs no lock and
 * no rcu_read_lock(). It may hold locks of its own that leave interrupts enabled:
 * under those of a map none is taken, unless a callback does. A caller that holds
 * spinlocks passes GFP_ATOMIC.
 *
 * Allocation and waiting. Memory is allocated as @gfp says, as far as the scopes of
 * the task (memalloc_nofs_save() and the like) allow. A put waits for the worker,
 * which allocates with GFP_KERNEL, only if its caller could do that itself: not with
 * GFP_NOFS or GFP_NOIO, in such a scope, or in reclaim. No call frees more than
 * 32 KiB at once, unless it has allocated that itself, and none frees what only a
 * sleeping context may free, but for those that are documented to sleep.
 *
 * Not from hard interrupts, NMIs, or with interrupts disabled: writers take their
 * lock with spin_lock_bh(), which is for neither. Lookups take none as long as
 * they find a chain at rest, but one that meets a writer of it 16 times takes
 * the writer's lock. An interrupt that came in the middle of a write meets that
 * each time, and would then wait for ever for what it has interrupted. There is
 * no lookup that gives up instead. hmap_len() is for any context.
 *
 * With PREEMPT_RT the locks sleep: sections that cannot be preempted (raw
 * spinlocks, preempt_disable()) may neither write nor look up. Softirqs and the
 * threads of interrupts are threads there and may do all that is said above.
 */
#ifndef _LINUX_HMAP_H
#define _LINUX_HMAP_H

#include <linux/cache.h>
#include <linux/gfp.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <linux/hmap-bucket.h>
#include <uapi/linux/hmap.h>

struct hmap_array;
struct hmap_memory;
struct hmap_view;

/**
 * typedef hmap_hashfn_t - hash of a key
 * @key: the key; its address may be unaligned
 * @key_size: bytes of the key
 * @hash0: the seed of the map, which should change every hash
 *
 * Low bits choose the bucket, the top byte becomes the tophash: both ends of
 * the result have to be well mixed. Equal keys have equal hashes. Called in
 * any context of the callers of the map, also under its locks.
 */
typedef u64 (*hmap_hashfn_t)(const void *key, u32 key_size,
			     const siphash_key_t *hash0);

/**
 * typedef hmap_equalfn_t - whether two keys are the same
 * @a: a key
 * @b: another key
 * @key_size: bytes of each
 *
 * A lookup may call this on a key that is being overwritten; what it then
 * returns is not used, but it must not misbehave.
 */
typedef bool (*hmap_equalfn_t)(const void *a, const void *b, u32 key_size);

/**
 * typedef hmap_updatefn_t - change a value, see hmap_update()
 * @value: in: the present value, or zeros if there is none; out: the new one
 * @exists: whether the key was in the map
 * @arg: as given to hmap_update()
 *
 * Called once, under a lock of the map with bottom halves off: it must not
 * sleep and not use the same map. @value is aligned to 8 bytes.
 *
 * Return: 0 to store @value, or a negative errno to leave the map as it is.
 */
typedef int (*hmap_updatefn_t)(void *value, bool exists, void *arg);

/* hmap_params.flags; the first ones programs can give, too */
#define HMAP_NO_SHRINK		HMAP_CREATE_NO_SHRINK	/* keep the size, as Go does */
#define HMAP_NUMA_NODE		HMAP_CREATE_NUMA_NODE	/* memory comes from @node */
#define HMAP_ACCOUNT		0x100	/* to the memory cgroup of hmap_init()'s caller */
#define HMAP_LONG_CHAINS	0x200	/* chains of any length, see hmap_put() */
#define HMAP_ACCOUNT_CALLERS	0x400	/* to the cgroups of those that write the map */

/* The most stripes: all of them can be locked at once. */
#define HMAP_MAX_STRIPES	64

/* Limits that a map can have in common with others. */
#define HMAP_POOLS		3

/**
 * struct hmap_pool - a limit that several maps have together
 * @memory: bytes that they hold, what waits for a grace period of RCU included
 * @max_bytes: bytes that they may hold, 0 for no limit. May be changed at any time, by
 *	WRITE_ONCE()
 *
 * Begins with @memory 0. After its last map has been destroyed, and before it goes
 * away itself, hmap_pool_exit() waits for what its maps have left.
 */
struct hmap_pool {
	atomic_long_t memory;
	unsigned long max_bytes;
};

/**
 * struct hmap_params - what a map is made for
 * @key_size: bytes of a key, 1..HMAP_MAX_KEY_SIZE
 * @value_size: bytes of a value, 0..HMAP_MAX_VALUE_SIZE; 0 makes a set
 * @hint: elements to make room for at once, 0 for none
 * @max_entries: refuse to hold more (-ENOSPC), 0 for no limit. With several
 *	stripes a few more may slip in
 * @max_bytes: memory that the map may hold, 0 for no limit. It does not grow beyond
 *	but goes on with longer chains, until there is no room for an element
 *	(-ENOSPC). Memory that waits for a grace period counts until it is free;
 *	long values that are overwritten at the limit may hold an eighth of it more,
 *	and more than that if their writers may not wait.
 *	Writers that come at the same time may each take a block of 32 KiB or an
 *	element more, evacuation the blocks that it needs, since its end gives back
 *	more; while it grows or shrinks a map has two arrays, and the second one is
 *	under the limit if it is the larger one: a writer that may not wait may be
 *	refused then, and find room when that is over
 * @pools: further limits, which it shares with other maps: there has to be room in all
 *	of them; NULL for none
 * @stripes: writers that can work at the same time: a power of two up to
 *	HMAP_MAX_STRIPES; 0 for one
 * @flags: HMAP_NO_SHRINK, HMAP_NUMA_NODE, HMAP_ACCOUNT or HMAP_ACCOUNT_CALLERS, and
 *	HMAP_LONG_CHAINS; or 0. With HMAP_ACCOUNT_CALLERS memory is charged to the task
 *	that allocates it, and what the worker allocates to the last one that needed it
 * @node: where memory comes from, as far as it has some, with HMAP_NUMA_NODE. Without,
 *	a large array comes from the node on which the worker happens to run
 * @hashfn: hash function. NULL for a fast one that is keyed but can be broken by
 *	whoever learns from the map's timing; hmap_siphash() for maps whose keys
 *	come from those who may not be trusted
 * @equalfn: equality, NULL for comparing the key's bytes
 */
struct hmap_params {
	u32 key_size;
	u32 value_size;
	unsigned long hint;
	unsigned long max_entries;
	unsigned long max_bytes;
	struct hmap_pool *pools[HMAP_POOLS];
	u32 stripes;
	u32 flags;
	int node;
	hmap_hashfn_t hashfn;
	hmap_equalfn_t equalfn;
};

/**
 * struct hmap_stripe - a lock of a map (private)
 * @lock: for the buckets whose index is that of the stripe modulo their number
 * @count: elements inserted under this lock, less those deleted, that are not in
 *	hmap.count (yet). May be negative. Under @lock; read anywhere
 * @changes: inserts and deletes. Under @lock; read anywhere
 * @evacuated: units evacuated. Under @lock; read anywhere
 * @due: puts and deletes under this lock in the resize of a large map, less HMAP_PACE for
 *	each unit evacuated; no more than HMAP_PACE. 0 otherwise. Under @lock
 *
 * A cache line for each: writers of different stripes share none that they write.
 */
struct hmap_stripe {
	spinlock_t lock; /* the buckets of this stripe */
	long count;
	unsigned long changes;
	long evacuated;
	int due;
} ____cacheline_aligned_in_smp;

/**
 * struct hmap_lock_class - what lockdep tells the locks of maps apart by (private)
 * @stripe: the stripes of a map
 * @all: what is taken before all of them
 * @resizer: the mutex of those changes of the size that exclude each other
 */
struct hmap_lock_class {
	struct lock_class_key stripe;
	struct lock_class_key all;
	struct lock_class_key resizer;
};

/**
 * struct hmap - a map; embed it and call hmap_init()
 * @buckets: the array that the map is in, never NULL. Changed by cmpxchg, or
 *	under all stripes
 * @stripes: params.stripes of them
 * @geo: constant after hmap_init()
 * @params: constant after hmap_init()
 * @memory: what the map holds. Constant after hmap_init()
 * @view: what its memory is shown by, or NULL. Constant after hmap_init()
 * @memcg: what memory is charged to, with HMAP_ACCOUNT; constant after hmap_init(). With
 *	HMAP_ACCOUNT_CALLERS that of the last caller that needed the worker; by xchg()
 * @payer: what the worker's memory is charged to, with HMAP_ACCOUNT_CALLERS (worker)
 * @tie: seed of the order of equal hashes in a scan. Constant after hmap_init()
 * @max_chain: buckets that a chain may have. Constant after hmap_init()
 * @min_B: the worker does not shrink the map below 2^min_B buckets. Under @resizer,
 *	as far as that is taken (resize.c); read anywhere
 * @dying: the worker is to leave off
 * @called: @work has been asked to come at once, and has not begun
 * @emptied: a delete may have left the map empty, and its seed is the old one
 * @all: taken before all stripes are
 * @resizer: an explicit change of the size, or the worker's
 * @work: makes large arrays, finishes resizes, shrinks
 * @wait: writers that wait for the worker
 * @rounds: how often the worker has tried to make an array
 * @retry: how long the worker waits before it asks for memory again, 0 if it has not
 *	been refused any. Written by the worker; read anywhere
 * @last_evacuated: units evacuated when the worker last looked (worker)
 * @compacted: the sum of the stripes' changes when chains have last been made as short as
 *	they can be so that the map can shrink; 0 if never. Under @resizer, as far as
 *	that is taken; read anywhere
 * @requests: explicit requests that wait for @resizer
 * @grows: resizes to a larger size
 * @same_size_grows: resizes that kept the size
 * @shrinks: resizes to half the size
 * @alloc_failures: failed allocations
 * @count: elements, but for what stripes have counted since they last added it
 *
 * What every operation reads comes first; @count, which many write, stands last,
 * beside what is hardly ever looked at.
 *
 * The other fields of Go's hmap (flags, B, noverflow, hash0, oldbuckets,
 * nevacuate and extra) belong to the array, so that a reader that loads one
 * pointer gets a set of them that belong together. All fields but @params are
 * private.
 */
struct hmap {
	struct hmap_array __rcu *buckets;
	struct hmap_stripe *stripes;
	struct hmap_geometry geo;
	struct hmap_params params;
	struct hmap_memory *memory;
	struct hmap_view *view;
	struct mem_cgroup *memcg;
	struct mem_cgroup *payer;
	siphash_key_t tie;
	u32 max_chain;
	u8 min_B;
	bool dying;
	bool called;
	bool emptied;
	spinlock_t all; /* outside of all stripes */
	struct mutex resizer; /* outside of all */
	struct delayed_work work;
	wait_queue_head_t wait;
	unsigned int rounds;
	unsigned long retry;
	long last_evacuated;
	unsigned long compacted;
	atomic_t requests;
	atomic_long_t grows;
	atomic_long_t same_size_grows;
	atomic_long_t shrinks;
	atomic_long_t alloc_failures;
	atomic_long_t count;
};

u64 hmap_siphash(const void *key, u32 key_size, const siphash_key_t *hash0);

int __hmap_init(struct hmap *h, const struct hmap_params *params,
		struct hmap_view *view, struct hmap_lock_class *class);

/**
 * hmap_init() - make a map
 * @h: the map; all of it is overwritten
 * @params: what it is made for; copied
 *
 * Buckets for @params->hint elements are allocated at once; up to 8 elements
 * need none before the first put.
 *
 * Lockdep takes the locks of all maps that are made at one place in the source for
 * one class, and those of different places for different ones: a callback of
 * hmap_update() may use a map that was made elsewhere.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL if a size or the number of stripes is out of range, a flag
 * or the node unknown, the hint beyond what any map can hold or beyond
 * max_entries; -ENOSPC if it is beyond what max_bytes or a pool allows; -ENOMEM.
 */
#define hmap_init(h, params)						\
({									\
	static struct hmap_lock_class __hmap_class;			\
									\
	__hmap_init(h, params, NULL, &__hmap_class);			\
})

void hmap_destroy(struct hmap *h);
void hmap_pool_exit(struct hmap_pool *pool);

int hmap_get(struct hmap *h, const void *key, void *value);
int hmap_put(struct hmap *h, const void *key, const void *value,
	     unsigned int flags, gfp_t gfp);
int hmap_update(struct hmap *h, const void *key, hmap_updatefn_t fn, void *arg,
		unsigned int flags, gfp_t gfp);
unsigned int hmap_get_batch(struct hmap *h, const void *keys, unsigned int n,
			    void *values, unsigned long *found);
int hmap_put_batch(struct hmap *h, const void *keys, const void *values,
		   unsigned int n, unsigned int flags, gfp_t gfp,
		   unsigned int *done);
int hmap_delete(struct hmap *h, const void *key);
int hmap_pop(struct hmap *h, const void *key, void *value);
int hmap_clear(struct hmap *h);
int hmap_reserve(struct hmap *h, unsigned long n);
int hmap_shrink(struct hmap *h);

unsigned long hmap_len(const struct hmap *h);

/**
 * struct hmap_iter - an iteration over a map, see hmap_iter_next()
 * @cursor: where it goes on. Its start is the place where it began; before that
 *	it has passed the end of the order
 */
struct hmap_iter {
	struct hmap_cursor cursor;
};

/**
 * hmap_cursor_done() - whether a scan has come to its end
 * @cursor: the cursor of the scan
 *
 * Return: true if there is nothing behind the cursor.
 */
static inline bool hmap_cursor_done(const struct hmap_cursor *cursor)
{
	return cursor->place == U64_MAX && cursor->tie == U64_MAX;
}

/**
 * hmap_iter_done() - whether an iteration is over
 * @iter: the iteration
 *
 * Return: true if hmap_iter_next() has nothing more to return.
 */
static inline bool hmap_iter_done(const struct hmap_iter *iter)
{
	return hmap_cursor_done(&iter->cursor);
}

unsigned int hmap_scan(struct hmap *h, struct hmap_cursor *cursor, void *keys,
		       void *values, unsigned int capacity);
void hmap_iter_init(struct hmap_iter *iter);
unsigned int hmap_iter_next(struct hmap *h, struct hmap_iter *iter, void *keys,
			    void *values, unsigned int capacity);

void hmap_get_stats(struct hmap *h, struct hmap_stats *stats);
int hmap_get_layout(struct hmap *h, u64 *place, struct hmap_layout *layout);
int hmap_verify(struct hmap *h);

#include <linux/hmap-array.h>
#include <linux/hmap-hash.h>
#include <linux/hmap-inline.h>
#include <linux/hmap-typed.h>

#endif /* _LINUX_HMAP_H */
