// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lookups: in the memory of a map that can be mapped, without a system call, or
 * with HMAP_IOC_GET. struct hmap_mapped in <linux/hmap.h> documents the steps
 * of the former and the protection against changes by the kernel.
 *
 * The first thread that finds a new sequence in the control page copies the
 * page to struct mapped, with addresses instead of offsets. Threads share the
 * copy. It is changed while others read it, and so are the windows to which
 * arrays are mapped. That is safe for these reasons:
 *
 *  - The copy contains the sequence of the control page from which it was made.
 *    A reader reads the sequence before all other fields, and the writer stores
 *    it after them. Nothing that a reader takes from the copy is therefore
 *    older than the sequence. If a field is newer, the control page had another
 *    sequence before the field was written, and a reader that checks the
 *    control page afterwards sees that. Each lookup checks it before it uses an
 *    address, since address and size might be those of different arrays, and
 *    again at the end, before it uses the result.
 *
 *  - A window is never unmapped, but only replaced by another mapping of the
 *    whole window: each address that a reader has taken stays readable until
 *    hmap_close(). A window is replaced only after the sequence has changed and
 *    its array is no longer one of the map's. A reader that is still in it
 *    reads garbage, but within bounds: indices are checked, chains are followed
 *    only while the sequence is the same, and the result is discarded at the
 *    end.
 *
 * No thread waits for another. If a thread finds the copy out of date while
 * another thread updates it, it asks the kernel. It does not matter whether
 * that other thread still exists, after fork(), or is the one that a signal
 * handler has interrupted.
 */
#define _FILE_OFFSET_BITS	64 /* arrays are far apart in the file */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command.h"
#include "hash.h"
#include "mapped.h"

#define TRIES		16	/* then the kernel is asked */
#define WINDOWS		2	/* an array and the one that it replaces */
#define OUTGROWN	128	/* windows cannot double more often */

/* glibc defines this; without it lookups are a little slower. */
#ifndef __attribute_noinline__
#define __attribute_noinline__
#endif

#define BYTES(x)	((__u64)(x) * 0x0101010101010101ULL)

/*
 * Access to memory that the kernel or another thread may change. The kernel's
 * side is in hmap_bucket_write_begin(), hmap_bucket_write_end(),
 * hmap_view_begin_change() and hmap_view_end_change().
 */
#define READ(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define READ_FIRST(x)	__atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define WRITE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#define WRITE_LAST(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELEASE)
#define AFTER_READS()	__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define BEFORE_WRITES()	__atomic_thread_fence(__ATOMIC_RELEASE)

/* An odd number: no copy is made from an odd sequence. */
#define NO_SEQUENCE	1

/**
 * struct window - an address range to which arrays are mapped
 * @base: its start; NULL if there is none yet
 * @size: its size in bytes
 * @offset: offset of the mapping in the file
 */
struct window {
	char *base;
	size_t size;
	__u64 offset;
};

/**
 * struct array - struct hmap_mapped_array, with addresses
 * @buckets: the buckets; NULL if there is no array
 * @last: index of the last bucket
 * @spares: number of overflow buckets behind the buckets
 * @blocks: the blocks of all other overflow buckets
 * @nr_blocks: number of blocks that are mapped
 */
struct array {
	const char *buckets;
	size_t last;
	__u64 spares;
	const char *blocks;
	__u64 nr_blocks;
};

/**
 * struct mapped - a map in memory
 * @fd: its file
 * @control: the control page
 * @page: size of a page
 * @hash: constant copy of the field of the control page, as the next five
 * @key_size: likewise
 * @value_size: likewise
 * @bucket_size: likewise
 * @block_buckets: likewise
 * @block_size: likewise
 * @sequence: of the copy, which begins here
 * @settled: @sequence if all elements are in @now, otherwise NO_SEQUENCE
 * @quick: @settled if get_quick() can be used for the map, or NO_SEQUENCE
 * @lost: an array could not be mapped
 * @hash0: the seed
 * @now: the array of the map
 * @old: the array that is being evacuated
 * @busy: a thread makes the copy; it owns the following fields
 * @window: windows in use
 * @outgrown: windows that were too small
 * @nr_outgrown: number of these
 */
struct mapped {
	int fd;
	const struct hmap_mapped *control;
	size_t page;
	__u32 hash;
	__u32 key_size;
	__u32 value_size;
	__u32 bucket_size;
	__u32 block_buckets;
	__u32 block_size;
	__u32 sequence;
	__u32 settled;
	__u32 quick;
	bool lost;
	__u64 hash0[2];
	struct array now;
	struct array old;
	bool busy;
	struct window window[WINDOWS];
	struct window outgrown[OUTGROWN];
	unsigned int nr_outgrown;
};

/* ---- the control page ---- */

static void *map_file(const struct mapped *m, void *at, size_t size,
		      __u64 offset)
{
	void *p = mmap(at, size, PROT_READ, at ? MAP_SHARED | MAP_FIXED : MAP_SHARED,
		       m->fd, offset);

	return p == MAP_FAILED ? NULL : p;
}

/* Replace a window by one of at least @need bytes. */
static bool grow_window(struct mapped *m, struct window *w, __u64 need,
			__u64 offset)
{
	size_t size = w->size ? w->size : m->page;
	void *base;

	while (size < need) {
		if (size > SIZE_MAX / 2)
			return false;
		size *= 2;
	}
	if (m->nr_outgrown == OUTGROWN)
		return false;
	base = map_file(m, NULL, size, offset);
	if (!base)
		return false;
	if (w->base)
		m->outgrown[m->nr_outgrown++] = *w;
	*w = (struct window){ base, size, offset };
	return true;
}

/* Map an array to a window that @other, if it exists, does not use. */
static struct window *map_array(struct mapped *m,
				const struct hmap_mapped_array *a,
				const struct hmap_mapped_array *other)
{
	__u64 need = a->end - a->offset;
	struct window *w = m->window;

	if (m->window[1].base && m->window[1].offset == a->offset)
		w = &m->window[1];
	else if (w->base && w->offset != a->offset && other->buckets &&
		 w->offset == other->offset)
		w = &m->window[1];
	if (w->size < need)
		return grow_window(m, w, need, a->offset) ? w : NULL;
	if (w->offset != a->offset) {
		if (!map_file(m, w->base, w->size, a->offset))
			return NULL;
		w->offset = a->offset;
	}
	return w;
}

/* Fill @to from the control page. Returns false if @a could not be mapped. */
static bool find_array(struct mapped *m, struct array *to,
		       const struct hmap_mapped_array *a,
		       const struct hmap_mapped_array *other)
{
	const struct window *w;

	*to = (struct array){ .buckets = NULL };
	if (!a->buckets)
		return true;
	w = map_array(m, a, other);
	if (!w)
		return false;
	to->buckets = w->base;
	to->last = a->buckets - 1;
	to->spares = a->spares;
	to->blocks = w->base + (a->blocks - a->offset);
	to->nr_blocks = (a->end - a->blocks) / m->block_size;
	return true;
}

static void write_array(struct array *to, const struct array *from)
{
	WRITE(to->buckets, from->buckets);
	WRITE(to->last, from->last);
	WRITE(to->spares, from->spares);
	WRITE(to->blocks, from->blocks);
	WRITE(to->nr_blocks, from->nr_blocks);
}

/* Whether get_quick() can be used for the map. */
static bool is_quick(const struct mapped *m)
{
	return m->hash == HMAP_HASH_FAST && m->key_size == 8 &&
	       m->value_size == 8;
}

static void make_copy(struct mapped *m, const struct hmap_mapped *control)
{
	__u32 sequence = control->sequence, settled = NO_SEQUENCE;
	struct array now, old = { .buckets = NULL };
	bool lost;

	lost = !find_array(m, &now, &control->buckets, &control->oldbuckets) ||
	       !find_array(m, &old, &control->oldbuckets, &control->buckets);
	if (now.buckets && !old.buckets && !lost)
		settled = sequence;
	/* A reader of a new field also sees the control page's new sequence. */
	BEFORE_WRITES();
	WRITE(m->lost, lost);
	WRITE(m->hash0[0], control->hash0[0]);
	WRITE(m->hash0[1], control->hash0[1]);
	write_array(&m->now, &now);
	write_array(&m->old, &old);
	WRITE_LAST(m->quick, is_quick(m) ? settled : NO_SEQUENCE);
	WRITE_LAST(m->settled, settled);
	WRITE_LAST(m->sequence, sequence);
}

/* Copy the control page. Returns false if the kernel is changing it. */
static bool read_control(const struct mapped *m, struct hmap_mapped *control)
{
	__u32 sequence = READ_FIRST(m->control->sequence);

	memcpy(control, m->control, sizeof(*control));
	AFTER_READS();
	control->sequence = sequence;
	return !(sequence & 1) && READ(m->control->sequence) == sequence;
}

/* Update the copy, unless another thread is doing so. */
static void refresh(struct mapped *m)
{
	struct hmap_mapped control;

	if (__atomic_exchange_n(&m->busy, true, __ATOMIC_ACQUIRE))
		return;
	/* A sequence is copied only once. */
	if (read_control(m, &control) && control.sequence != m->sequence)
		make_copy(m, &control);
	WRITE_LAST(m->busy, false);
}

/* ---- lookups ---- */

/**
 * struct lookup - a lookup under way
 * @m: the map
 * @sequence: sequence of the copy in use
 * @key: the key
 * @hash: its hash
 * @value: the value, if it has been found
 */
struct lookup {
	const struct mapped *m;
	__u32 sequence;
	const void *key;
	__u64 hash;
	__u64 value[HMAP_MAX_INLINE_SIZE / sizeof(__u64)];
};

/* The result of a lookup in a bucket that has been evacuated. */
#define MOVED	1

static __always_inline __u64 zero_bytes(__u64 w)
{
	return ~(((w & BYTES(0x7f)) + BYTES(0x7f)) | w | BYTES(0x7f));
}

/* If a writer interferes, the version changes. */
static inline __u64 tophashes_of(const struct hmap_mapped_bucket *b)
{
	__u64 word = load64(b->tophash);

	AFTER_READS();
	return le64(word);
}

static bool is_evacuated(__u64 tophashes)
{
	unsigned char state = tophashes;

	return state > HMAP_EMPTY_ONE && state < HMAP_MIN_TOPHASH;
}

static __u64 top_of(__u64 hash)
{
	__u64 top = hash >> 56;

	return top < HMAP_MIN_TOPHASH ? top + HMAP_MIN_TOPHASH : top;
}

static inline bool same_key(const void *a, const void *b, size_t size)
{
	return size == 8 ? load64(a) == load64(b) : !memcmp(a, b, size);
}

/* Whether a key that is not in the first bucket is not in the chain at all. */
static inline bool ends_here(const struct hmap_mapped_bucket *head, __u64 hash)
{
	return !(READ(head->overflow) & HMAP_OVERFLOW_FILTER(top_of(hash)));
}

/* The value of the key in the bucket @b, or NULL if it is not there. */
static __always_inline const char *
find_in_bucket(const char *b, __u64 tophashes, const void *key, __u64 hash,
	       size_t key_size, size_t value_size)
{
	__u64 match = zero_bytes(tophashes ^ BYTES(top_of(hash)));
	const char *slot;
	size_t i;

	for (; match; match &= match - 1) {
		i = (unsigned int)__builtin_ctzll(match) / 8;
		slot = b + sizeof(struct hmap_mapped_bucket) + i * key_size;
		if (same_key(slot, key, key_size))
			return slot + HMAP_BUCKET_SLOTS * key_size +
			       i * (value_size - key_size);
	}
	return NULL;
}

/* The same for a lookup: copies the value. Returns whether it was found. */
static bool get_in_bucket(struct lookup *l, const char *b, __u64 tophashes)
{
	const struct mapped *m = l->m;
	const char *value = find_in_bucket(b, tophashes, l->key, l->hash,
					   m->key_size, m->value_size);

	if (value)
		memcpy(l->value, value, m->value_size);
	return value;
}

/* Whether all that was read from the copy belongs to the lookup's sequence. */
static bool is_current(const struct lookup *l)
{
	AFTER_READS();
	return READ(l->m->control->sequence) == l->sequence;
}

/* An overflow bucket by its index; NULL if the kernel must be asked. */
static const char *overflow_bucket(const struct lookup *l,
				   const struct array *array, __u64 index)
{
	const struct mapped *m = l->m;
	struct array a = {
		READ(array->buckets), READ(array->last), READ(array->spares),
		READ(array->blocks), READ(array->nr_blocks),
	};

	if (!is_current(l))
		return NULL;
	if (index <= a.spares)
		return a.buckets + (a.last + index) * m->bucket_size;
	index -= a.spares + 1;
	if (index / m->block_buckets >= a.nr_blocks)
		return NULL;
	return a.blocks + index / m->block_buckets * m->block_size +
	       index % m->block_buckets * m->bucket_size;
}

/* Search the rest of a chain, behind the bucket @b. */
static int find_in_overflow(struct lookup *l, const struct array *array,
			    const char *b)
{
	__u64 tophashes, index;

	for (;;) {
		index = READ_FIRST(((const struct hmap_mapped_bucket *)b)->overflow) &
			HMAP_OVERFLOW_INDEX;
		if (!index)
			return -ENOENT;
		b = overflow_bucket(l, array, index);
		if (!b)
			return -EAGAIN;
		tophashes = tophashes_of((const void *)b);
		if (is_evacuated(tophashes))
			return -EAGAIN;
		if (get_in_bucket(l, b, tophashes))
			return 0;
		if (zero_bytes(tophashes))
			return -ENOENT;
	}
}

/* Search an array whose buckets are at @buckets. */
static int find_in_array(struct lookup *l, const struct array *array,
			 const char *buckets, size_t last)
{
	const char *b = buckets + (l->hash & last) * l->m->bucket_size;
	const struct hmap_mapped_bucket *head = (const void *)b;
	__u32 version = READ_FIRST(head->version);
	__u64 tophashes = tophashes_of(head);
	int err = 0;

	if (version & 1)
		return -EAGAIN;
	if (is_evacuated(tophashes))
		return MOVED;
	if (!get_in_bucket(l, b, tophashes))
		err = ends_here(head, l->hash) ? -ENOENT :
						 find_in_overflow(l, array, b);
	AFTER_READS();
	return READ(head->version) == version ? err : -EAGAIN;
}

static int look_up(struct lookup *l)
{
	const struct mapped *m = l->m;
	const __u64 hash0[2] = { READ(m->hash0[0]), READ(m->hash0[1]) };
	const char *now = READ(m->now.buckets), *old = READ(m->old.buckets);
	size_t last = READ(m->now.last), old_last = READ(m->old.last);
	bool lost = READ(m->lost);
	int err = MOVED;

	if (!is_current(l) || lost)
		return -EAGAIN;
	if (!now)
		return -ENOENT;
	l->hash = hash_of(m->hash, l->key, m->key_size, hash0);
	if (old)
		err = find_in_array(l, &m->old, old, old_last);
	if (err == MOVED)
		err = find_in_array(l, &m->now, now, last);
	return err == MOVED ? -EAGAIN : err;
}

/* Any lookup; -EAGAIN if the map changes too often. */
static __attribute_noinline__ int
get_slowly(struct mapped *m, const void *key, void *value)
{
	struct lookup l;
	unsigned int try;
	int err;

	l.m = m;
	l.key = key;
	for (try = 0; try < TRIES; try++) {
		l.sequence = READ_FIRST(m->control->sequence);
		if (l.sequence & 1)
			continue;
		if (READ_FIRST(m->sequence) != l.sequence) {
			refresh(m);
			continue;
		}
		err = look_up(&l);
		if (err == -EAGAIN || !is_current(&l))
			continue;
		if (!err && value)
			memcpy(value, l.value, m->value_size);
		return err;
	}
	return -EAGAIN;
}

/* Whether sequence and version are still those at the beginning of a lookup. */
static __always_inline bool
all_unchanged(const struct mapped *m, __u32 sequence,
	      const struct hmap_mapped_bucket *head, __u32 version)
{
	AFTER_READS();
	return !((READ(head->version) ^ version) | (version & 1) |
		 (READ(m->control->sequence) ^ sequence));
}

/*
 * Nearly all lookups: the map is not being resized (@sequence is @settled or
 * @quick of the map) and the first bucket of the chain decides; otherwise
 * -EAGAIN. Hash and sizes are those of the map; they are parameters so that
 * they can be constants where this is inlined.
 */
static __always_inline int
get_settled(const struct mapped *m, __u32 sequence, const void *key, void *value,
	    __u32 hash_name, size_t key_size, size_t value_size)
{
	const __u64 hash0[2] = { READ(m->hash0[0]), READ(m->hash0[1]) };
	__u64 word[HMAP_MAX_INLINE_SIZE / sizeof(__u64)];
	const struct hmap_mapped_bucket *head;
	const char *b, *found;
	__u64 hash, tophashes;
	__u32 version;
	size_t last;

	if (sequence == NO_SEQUENCE)
		return -EAGAIN;
	hash = hash_of(hash_name, key, key_size, hash0);
	b = READ(m->now.buckets);
	last = READ(m->now.last);
	AFTER_READS();
	if (READ(m->control->sequence) != sequence)
		return -EAGAIN;
	b += (hash & last) * (sizeof(*head) +
			      HMAP_BUCKET_SLOTS * (key_size + value_size));
	head = (const void *)b;
	version = READ_FIRST(head->version);
	tophashes = tophashes_of(head);
	found = find_in_bucket(b, tophashes, key, hash, key_size, value_size);
	/* Read tophashes again: keeping them would need a register. */
	if (!found)
		return !is_evacuated(tophashes_of(head)) &&
		       ends_here(head, hash) &&
		       all_unchanged(m, sequence, head, version) ? -ENOENT :
								   -EAGAIN;
	memcpy(word, found, value_size);
	if (!all_unchanged(m, sequence, head, version))
		return -EAGAIN;
	if (value)
		memcpy(value, word, value_size);
	return 0;
}

/* Lookups that get_quick() does not handle or has given up. */
static __attribute_noinline__ int
get_otherwise(const struct hmap *map, const void *key, void *value)
{
	struct mapped *m = map->mapped;
	int err = -EAGAIN;

	if (m) {
		err = get_settled(m, READ_FIRST(m->settled), key, value, m->hash,
				  m->key_size, m->value_size);
		if (err == -EAGAIN)
			err = get_slowly(m, key, value);
	}
	if (err == -EAGAIN)
		return get_by_command(map, key, value);
	return err ? fail(-err) : 0;
}

/* fail(), not inlined: access to errno is a function call. */
static __attribute_noinline__ int fail_aside(int err)
{
	return fail(err);
}

/*
 * Lookups in maps of 8-byte keys and values with the fast hash. Everything else
 * is a tail call to a function that is not inlined, so that hardly any register
 * has to be saved on the stack.
 */
static __always_inline int
get_quick(const struct hmap *map, const void *key, void *value)
{
	const struct mapped *m = map->mapped;
	int err = -EAGAIN;

	if (m)
		err = get_settled(m, READ_FIRST(m->quick), key, value,
				  HMAP_HASH_FAST, 8, 8);
	if (err == -EAGAIN)
		return get_otherwise(map, key, value);
	return err ? fail_aside(-err) : 0;
}

int hmap_get(const struct hmap *map, const void *key, size_t key_size,
	     void *value, size_t value_size)
{
	if (!map || !is_key(map, key, key_size) ||
	    !is_value(map, value, value_size))
		return fail_aside(EINVAL);
	if (!value)
		return get_otherwise(map, key, NULL);
	return get_quick(map, key, value);
}

int hmap_contains(const struct hmap *map, const void *key, size_t key_size)
{
	int err;

	if (!map || !is_key(map, key, key_size))
		return fail_aside(EINVAL);
	err = get_quick(map, key, NULL);
	if (err == -ENOENT)
		return 0;
	return err ? err : 1;
}

/* ---- open and close ---- */

/*
 * Whether this library knows the hash and the layout of the map. A newer kernel
 * may have others; then the kernel is asked.
 */
static int is_known(const struct hmap_mapped *c, const struct hmap_ioc_info *info)
{
	__u64 bucket = sizeof(struct hmap_mapped_bucket) +
		       (__u64)HMAP_BUCKET_SLOTS * (c->key_size + c->value_size);

	return (c->hash == HMAP_HASH_SIPHASH || c->hash == HMAP_HASH_FAST) &&
	       c->key_size == info->key_size &&
	       c->value_size == info->value_size &&
	       c->bucket_size == bucket && c->block_buckets &&
	       c->format == HMAP_MAPPED_FORMAT;
}

static void read_constants(struct mapped *m)
{
	const struct hmap_mapped *c = m->control;

	m->hash = c->hash;
	m->key_size = c->key_size;
	m->value_size = c->value_size;
	m->bucket_size = c->bucket_size;
	m->block_buckets = c->block_buckets;
	m->block_size = c->block_size;
	m->sequence = NO_SEQUENCE;
	m->settled = NO_SEQUENCE;
	m->quick = NO_SEQUENCE;
}

struct mapped *libhmap_mapped_open(int fd, const struct hmap_ioc_info *info)
{
	struct mapped *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->fd = fd;
	m->page = sysconf(_SC_PAGESIZE);
	m->control = map_file(m, NULL, m->page, 0);
	if (!m->control) {
		free(m);
		return NULL;
	}
	if (!is_known(m->control, info)) {
		libhmap_mapped_close(m);
		return NULL;
	}
	read_constants(m);
	return m;
}

static void unmap(const struct window *w)
{
	if (w->base)
		munmap(w->base, w->size);
}

void libhmap_mapped_close(struct mapped *m)
{
	unsigned int i;

	if (!m)
		return;
	for (i = 0; i < m->nr_outgrown; i++)
		unmap(&m->outgrown[i]);
	for (i = 0; i < WINDOWS; i++)
		unmap(&m->window[i]);
	munmap((void *)m->control, m->page);
	free(m);
}
