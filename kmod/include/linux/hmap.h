/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hmap: a resizable hash map with inline keys and values.
 *
 * The layout is that of Go's classic map: buckets of eight slots with a byte of the
 * hash for each (tophash), overflow buckets, and a resize that is spread over the
 * operations, so that no single operation pays for the whole table.
 *
 * This is the only header that a kernel user includes. Functions are documented
 * where they are defined, in the .c files of kmod/map.
 *
 * Context: call the functions from process or softirq context with interrupts
 * enabled, and those that may sleep from process context. The caller needs no lock
 * and no rcu_read_lock(). It may hold its own locks as long as interrupts stay
 * enabled: the map takes no lock of the caller's under its own, unless a callback
 * does. A caller that holds spinlocks passes GFP_ATOMIC.
 *
 * Allocation and waiting: memory is allocated with @gfp, restricted by the scopes of
 * the task (memalloc_nofs_save() and the like). The worker allocates with
 * GFP_KERNEL, so a put waits for it only if the caller could allocate like that
 * itself: not with GFP_NOFS or GFP_NOIO, in such a scope, or in reclaim. No call
 * frees more than 32 KiB at once, unless the call has allocated the memory itself.
 * Only calls that are documented to sleep free memory that may be freed in a
 * sleeping context only.
 *
 * Do not call from hard interrupts or NMIs, or with interrupts disabled: writers
 * take their lock with spin_lock_bh(). A lookup normally takes no lock, but falls
 * back to the writers' lock after it has met a writer of its chain 17 times. A hard
 * interrupt that interrupts a writer of the same chain would deadlock on that lock.
 * There is no trylock variant. hmap_len() may be called in any context.
 *
 * With PREEMPT_RT the locks sleep: do not write or look up in sections that cannot
 * be preempted (raw spinlocks, preempt_disable()). Softirqs and interrupt threads
 * are threads there, and all of the above applies to them.
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
 * @hash0: the seed of the map, which should affect every hash
 *
 * Low bits select the bucket and the top byte becomes the tophash: both ends of the
 * result have to be well mixed. Equal keys must have equal hashes. Called in any
 * context that the map is called in, also under the map's locks.
 */
typedef u64 (*hmap_hashfn_t)(const void *key, u32 key_size,
			     const siphash_key_t *hash0);

/**
 * typedef hmap_equalfn_t - whether two keys are equal
 * @a: a key
 * @b: another key
 * @key_size: bytes of each
 *
 * A lookup may call this while a key is being overwritten. The result is then not
 * used, but the function must not crash or loop on such a key.
 */
typedef bool (*hmap_equalfn_t)(const void *a, const void *b, u32 key_size);

/**
 * typedef hmap_updatefn_t - change a value, see hmap_update()
 * @value: in: the present value, or zeros if there is none; out: the new one
 * @exists: whether the key was in the map
 * @arg: as given to hmap_update()
 *
 * Called once, under a lock of the map with bottom halves disabled: it must not
 * sleep and must not use the same map. @value is aligned to 8 bytes.
 *
 * Return: 0 to store @value, or a negative errno to leave the map as it is.
 */
typedef int (*hmap_updatefn_t)(void *value, bool exists, void *arg);

/* hmap_params.flags; programs know some of them as HMAP_CREATE_* */
#define HMAP_NO_SHRINK		HMAP_CREATE_NO_SHRINK	/* no automatic shrinking */
#define HMAP_NUMA_NODE		HMAP_CREATE_NUMA_NODE	/* memory comes from @node */
#define HMAP_ACCOUNT		0x100	/* to the memory cgroup of hmap_init()'s caller */
#define HMAP_LONG_CHAINS	0x200	/* chains of any length, see hmap_put() */
#define HMAP_ACCOUNT_CALLERS	0x400	/* to the cgroups of the writers */

/* The most stripes: all of them can be locked at once. */
#define HMAP_MAX_STRIPES	64

/* Limits that a map can share with other maps. */
#define HMAP_POOLS		3

/**
 * struct hmap_pool - a limit that several maps share
 * @memory: bytes that they hold, including memory that waits for an RCU grace period
 * @max_bytes: bytes that they may hold, 0 for no limit. May be changed at any time,
 *	with WRITE_ONCE()
 * @workers: maps whose workers are running
 * @max_workers: workers that may run at the same time, 0 for no limit. Constant while
 *	there are maps. Further workers are put off: growth and shrinking of their maps
 *	is late
 *
 * Initialise @memory and @workers to 0. After the last map has been destroyed, call
 * hmap_pool_exit() before freeing the pool: it waits for memory that the maps have
 * not freed yet.
 */
struct hmap_pool {
	atomic_long_t memory;
	unsigned long max_bytes;
	atomic_t workers;
	unsigned int max_workers;
};

/**
 * struct hmap_params - parameters of a map
 * @key_size: bytes of a key, 1..HMAP_MAX_KEY_SIZE
 * @value_size: bytes of a value, 0..HMAP_MAX_VALUE_SIZE; 0 makes a set
 * @hint: elements to make room for at once, 0 for none; up to @max_entries
 * @max_entries: elements that the map may hold (-ENOSPC), 0 for no limit. With
 *	several stripes a few more may slip in. hmap_set_max_entries() changes it
 * @max_bytes: memory that the map may hold, 0 for no limit. hmap_set_max_bytes()
 *	changes it. A map that cannot grow within the limit continues with longer
 *	chains, until there is no room for an element (-ENOSPC). An array counts from
 *	the moment at which its allocation begins; memory that waits for a grace
 *	period counts until it is freed. The limit may be exceeded: by an eighth for
 *	long values that are overwritten, and by more if their writers may not wait;
 *	by a block of 32 KiB or an element for each concurrent writer; and by the
 *	blocks that evacuation needs, since its end frees more. While a map is resized
 *	it has two arrays, and the new one must fit the limit only if it is the larger
 *	one. A writer that may not wait may then be refused, and find room after the
 *	resize
 * @pools: further limits, shared with other maps: all of them must have room; NULL
 *	for none
 * @stripes: writers that can work at the same time: a power of two up to
 *	HMAP_MAX_STRIPES; 0 for one
 * @flags: HMAP_NO_SHRINK, HMAP_NUMA_NODE, HMAP_ACCOUNT or HMAP_ACCOUNT_CALLERS, and
 *	HMAP_LONG_CHAINS; or 0. With HMAP_ACCOUNT_CALLERS memory is charged to the
 *	task that allocates it. A larger array that the worker makes is charged to the
 *	last task that needed a larger one and can pay for this one: it is no more than
 *	an eighth of what each cgroup of that task may have, and none of them is being
 *	slowed down (memory.high). Until there is such a task the map continues with
 *	longer chains. hmap_clear() and hmap_shrink() charge their caller in the same
 *	case only: others may have chosen the size. The worker's other memory replaces
 *	more than it takes, and is charged to no cgroup
 * @node: with HMAP_NUMA_NODE: node to allocate memory on, as long as it has some.
 *	Without the flag a large array comes from the node that the worker runs on
 * @hashfn: hash function. NULL for a fast keyed hash, which is not safe against
 *	attackers that can measure the map's timing; hmap_siphash() for keys from
 *	untrusted sources
 * @equalfn: equality of keys, NULL to compare their bytes
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
 * @lock: protects the buckets whose index modulo the number of stripes is the
 *	stripe's
 * @count: elements inserted minus elements deleted under this lock that are not in
 *	hmap.count yet. May be negative. Written under @lock, read anywhere
 * @changes: inserts and deletes. Written under @lock, read anywhere
 * @evacuated: units evacuated. Written under @lock, read anywhere
 * @due: during the resize of a large map: puts and deletes under this lock, minus
 *	HMAP_PACE for each unit evacuated; at most HMAP_PACE. Not used by other
 *	resizes; 0 when the stripe has been evacuated. Under @lock
 *
 * Each has a cache line of its own: writers of different stripes write no common
 * one.
 */
struct hmap_stripe {
	spinlock_t lock; /* the buckets of this stripe */
	long count;
	unsigned long changes;
	long evacuated;
	int due;
} ____cacheline_aligned_in_smp;

/**
 * struct hmap_lock_class - lockdep classes of the locks of a map (private)
 * @stripe: the stripes of a map
 * @all: the lock that is taken before all stripes
 * @resizer: the mutex of explicit requests and of the worker
 */
struct hmap_lock_class {
	struct lock_class_key stripe;
	struct lock_class_key all;
	struct lock_class_key resizer;
};

/**
 * struct hmap - a map; embed it and call hmap_init()
 * @buckets: the current array, never NULL. Changed by cmpxchg, or under all stripes
 * @stripes: params.stripes of them
 * @geo: constant after hmap_init()
 * @params: constant after hmap_init(), but for max_entries and max_bytes: written by
 *	WRITE_ONCE() and read by READ_ONCE(), without a lock. hint is what hmap_init()
 *	was given, and may be above a max_entries that has been lowered
 * @memory: memory that the map holds. Constant after hmap_init()
 * @view: the view that shows its memory, or NULL. Constant after hmap_init()
 * @memcg: with HMAP_ACCOUNT: the cgroup that memory is charged to; constant after
 *	hmap_init(). With HMAP_ACCOUNT_CALLERS: the cgroup of the last caller that
 *	needed the worker; by xchg()
 * @payer: with HMAP_ACCOUNT_CALLERS: the cgroup that the worker's last larger array
 *	was to be charged to. Only used by the worker
 * @tie: seed of the order of equal hashes in a scan. Constant after hmap_init()
 * @max_chain: buckets that a chain may have. Constant after hmap_init()
 * @min_B: the worker does not shrink the map below 2^min_B buckets. Written under
 *	@resizer if the task could take it (resize.c), read anywhere
 * @dying: the worker must stop
 * @called: @work has been called to run at once, and has not begun
 * @emptied: a delete may have left the map empty, and its seed has not been replaced
 * @making: the worker has allocated, or is allocating, a larger array that it has
 *	not published
 * @late: a writer has waited in vain for the worker's present round
 * @all: taken before all stripes are
 * @resizer: held for an explicit request, or by the worker, unless the holder is late
 * @work: the worker: makes large arrays, finishes resizes, shrinks
 * @wait: writers that wait for the worker, and requests that wait for @resizer
 * @rounds: how often the worker has tried to make an array
 * @retry: how long the worker waits before it allocates again, 0 if its last
 *	allocation did not fail. Written by the worker, read anywhere
 * @last_evacuated: units evacuated when the worker last looked. Only used by the
 *	worker
 * @put_off: when the worker first found @resizer taken, in jiffies; 0 if it is not
 *	waiting for it. Only used by the worker
 * @compacted: the sum of the stripes' changes when chains were last compacted so
 *	that the map can shrink; 0 if never. Written under @resizer if the task could
 *	take it, read anywhere
 * @requests: explicit requests that wait for @resizer, and puts that wait for room
 * @halving: a task is making an array of half the size
 * @grows: resizes to a larger size
 * @same_size_grows: resizes that kept the size
 * @shrinks: resizes to half the size
 * @alloc_failures: failed allocations
 * @count: elements, without those that stripes have counted but not added yet
 *
 * Fields that every operation reads come first. @count, which many tasks write,
 * comes last, next to fields that are rarely read.
 *
 * The other fields of Go's hmap (flags, B, noverflow, hash0, oldbuckets, nevacuate
 * and extra) are in struct hmap_array: a reader that loads one pointer gets a
 * consistent set of them. All fields but @params are private.
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
	bool making;
	bool late;
	spinlock_t all; /* outside of all stripes */
	struct mutex resizer; /* outside of all */
	struct delayed_work work;
	wait_queue_head_t wait;
	unsigned int rounds;
	unsigned long retry;
	long last_evacuated;
	unsigned long put_off;
	unsigned long compacted;
	atomic_t requests;
	atomic_t halving;
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
 * hmap_init() - initialise a map
 * @h: the map; all of it is overwritten
 * @params: its parameters; copied
 *
 * Buckets for @params->hint elements are allocated at once. With a hint of up to 8
 * elements no bucket is allocated before the first put.
 *
 * Each place in the source that calls this is a lockdep class of its own: a callback
 * of hmap_update() may use a map that was initialised at another place.
 *
 * Context: process; may sleep.
 * Return: 0; -EINVAL if a size or the number of stripes is out of range, a flag or
 * the node is unknown, or the hint is above what any map can hold or above
 * max_entries; -ENOSPC if the hint is above what max_bytes or a pool allows;
 * -ENOMEM.
 */
#define hmap_init(h, params)						\
({									\
	static struct hmap_lock_class __hmap_class;			\
									\
	__hmap_init(h, params, NULL, &__hmap_class);			\
})

bool hmap_stop(struct hmap *h);
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
void hmap_set_max_entries(struct hmap *h, unsigned long n);
void hmap_set_max_bytes(struct hmap *h, unsigned long bytes);

unsigned long hmap_len(const struct hmap *h);

/**
 * struct hmap_iter - an iteration over a map, see hmap_iter_next()
 * @cursor: where to continue. cursor.start is the place where the iteration began;
 *	if cursor.place is before that, the iteration has passed the end of the order
 */
struct hmap_iter {
	struct hmap_cursor cursor;
};

/**
 * hmap_cursor_done() - whether a scan is over
 * @cursor: the cursor of the scan
 *
 * Return: true if no element is left.
 */
static inline bool hmap_cursor_done(const struct hmap_cursor *cursor)
{
	return cursor->place == U64_MAX && cursor->tie == U64_MAX;
}

/**
 * hmap_iter_done() - whether an iteration is over
 * @iter: the iteration
 *
 * Return: true if no element is left.
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
