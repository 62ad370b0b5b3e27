/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bucket: eight slots, as in Go's map.
 *
 *	tophash[8] | u32 overflow | u32 version | 8 keys | 8 values
 *
 * All keys come first, then all values, so that no padding is needed between them.
 * The two u32 replace Go's overflow pointer. The overflow word is an index instead
 * of an address: bucket memory holds no kernel pointer, and a racing reader can
 * check the range of the index. Unlike Go's pointer they come before the keys: a
 * lookup finds everything but the element itself in one cache line.
 *
 * The eight tophash bytes are one word: finding a match, a free slot or the end of a
 * chain are operations on a word. Byte i is bits 8i..8i+7 of it.
 *
 * The layout of a bucket, the states of slots and the filter are ABI: programs that
 * map the memory of a map have them compiled in (struct hmap_mapped_bucket).
 * kmod/dev/view.c asserts them. Another layout needs another HMAP_MAPPED_FORMAT.
 *
 * Everything here is a pure function of a bucket: no lock, no allocation.
 */
#ifndef _LINUX_HMAP_BUCKET_H
#define _LINUX_HMAP_BUCKET_H

#include <linux/bitops.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/prefetch.h>
#include <linux/string.h>

#include <uapi/linux/hmap.h>

#define HMAP_BUCKET_CNT	HMAP_BUCKET_SLOTS

/**
 * struct hmap_geometry - sizes and offsets in a bucket (private)
 * @key_slot: bytes of a key's slot: the key, or a pointer to a key out of line
 * @value_slot: the same for the value
 * @values: offset of the first value
 * @bucket_size: bytes of a bucket
 */
struct hmap_geometry {
	u32 key_slot;
	u32 value_slot;
	u32 values;
	u32 bucket_size;
};

/**
 * struct hmap_bucket - the head of a bucket; keys and values follow
 * @tophash: for each slot, a byte of the element's hash, or the state of the slot:
 *	HMAP_EMPTY_REST and following, see <uapi/linux/hmap.h>
 * @tophashes: the same as a word
 * @overflow: index of the next bucket of the chain, 0 if this is the last. The high
 *	bits of the first bucket's are the filter
 * @version: odd while the chain is being changed; the version of the first bucket is
 *	that of the chain
 */
struct hmap_bucket {
	union {
		u8 tophash[HMAP_BUCKET_CNT];
		__le64 tophashes;
	};
	u32 overflow;
	u32 version;
};

#define HMAP_BYTES(x)	((u64)(x) * 0x0101010101010101ULL)

static inline u8 hmap_bucket_tophash_of(u64 hash)
{
	u8 top = hash >> 56;

	return top < HMAP_MIN_TOPHASH ? top + HMAP_MIN_TOPHASH : top;
}

static inline u64 hmap_bucket_tophashes(const struct hmap_bucket *b)
{
	return le64_to_cpu(READ_ONCE(b->tophashes));
}

/*
 * Returns 0x80 in each byte of @w that is zero. Exact: in the shorter formula with a
 * subtraction, a borrow can make the byte after a zero byte look like zero. The
 * has_zero() of <asm/word-at-a-time.h> is that formula on little-endian machines, and
 * has only 32 bits on 32-bit ones.
 */
static inline u64 hmap_bucket_zero_bytes(u64 w)
{
	return ~(((w & HMAP_BYTES(0x7f)) + HMAP_BYTES(0x7f)) | w | HMAP_BYTES(0x7f));
}

/* The slots (0x80 in their bytes) that hold the tophash @top. */
static inline u64 hmap_bucket_match(u64 tophashes, u8 top)
{
	return hmap_bucket_zero_bytes(tophashes ^ HMAP_BYTES(top));
}

/* The slots that are HMAP_EMPTY_REST or HMAP_EMPTY_ONE. */
static inline u64 hmap_bucket_match_empty(u64 tophashes)
{
	return hmap_bucket_zero_bytes(tophashes & ~HMAP_BYTES(HMAP_EMPTY_ONE));
}

/* The slots in use, if the bucket has not been evacuated. */
static inline u64 hmap_bucket_match_used(u64 tophashes)
{
	return hmap_bucket_match_empty(tophashes) ^ HMAP_BYTES(0x80);
}

/* Whether the chain ends in this bucket. */
static inline bool hmap_bucket_has_rest(u64 tophashes)
{
	return hmap_bucket_zero_bytes(tophashes);
}

static inline unsigned int hmap_bucket_first_slot(u64 match)
{
	return __ffs64(match) / 8;
}

#define hmap_bucket_for_each_slot(i, match) \
	for (u64 __m = (match); __m && (i = hmap_bucket_first_slot(__m), true); \
	     __m &= __m - 1)

#define hmap_bucket_for_each_used(i, b) \
	hmap_bucket_for_each_slot(i, hmap_bucket_match_used(hmap_bucket_tophashes(b)))

/* How many slots are in use. */
static inline unsigned int hmap_bucket_used(const struct hmap_bucket *b)
{
	return hweight64(hmap_bucket_match_used(hmap_bucket_tophashes(b)));
}

static inline bool hmap_bucket_evacuated(u64 tophashes)
{
	u8 state = tophashes;

	return state > HMAP_EMPTY_ONE && state < HMAP_MIN_TOPHASH;
}

static inline u32 hmap_bucket_overflow_index(u32 overflow)
{
	return overflow & HMAP_OVERFLOW_INDEX;
}

/*
 * The filter: whether an element with this tophash can be in the chain behind its
 * first bucket @head. In an array at its load factor every fifth chain has overflow
 * buckets, in a large array three in ten. The filter saves most lookups of missing
 * keys a second cache miss.
 */
static inline bool hmap_bucket_filter_test(const struct hmap_bucket *head, u8 top)
{
	return READ_ONCE(head->overflow) & HMAP_OVERFLOW_FILTER(top);
}

/*
 * Call before adding an element with @top behind @head. The bit is not cleared when
 * the element is deleted: false positives are fine.
 */
static inline void hmap_bucket_filter_add(struct hmap_bucket *head, u8 top)
{
	WRITE_ONCE(head->overflow, head->overflow | HMAP_OVERFLOW_FILTER(top));
}

/* Call when the chain behind @head is empty. */
static inline void hmap_bucket_filter_clear(struct hmap_bucket *head)
{
	WRITE_ONCE(head->overflow, hmap_bucket_overflow_index(head->overflow));
}

static inline void hmap_bucket_set_tophash(struct hmap_bucket *b, unsigned int i,
					   u8 top)
{
	WRITE_ONCE(b->tophash[i], top);
}

/* @tophashes with all slots behind the last one in use set to HMAP_EMPTY_REST. */
static inline u64 hmap_bucket_with_rest(u64 tophashes)
{
	u64 used = hmap_bucket_match_used(tophashes);

	return used ? tophashes & (~0ULL >> (64 - fls64(used))) : 0;
}

static inline void hmap_bucket_set_rest(struct hmap_bucket *b)
{
	WRITE_ONCE(b->tophashes,
		   cpu_to_le64(hmap_bucket_with_rest(hmap_bucket_tophashes(b))));
}

/* Mark slot @i empty; @rest: all slots behind it are HMAP_EMPTY_REST. */
static inline void hmap_bucket_set_empty(struct hmap_bucket *b, unsigned int i,
					 bool rest)
{
	u64 tophashes = hmap_bucket_tophashes(b) & ~(0xffULL << 8 * i);

	tophashes |= (u64)HMAP_EMPTY_ONE << 8 * i;
	WRITE_ONCE(b->tophashes,
		   cpu_to_le64(rest ? hmap_bucket_with_rest(tophashes) : tophashes));
}

static inline void *hmap_bucket_key(const struct hmap_geometry *geo,
				    const struct hmap_bucket *b, unsigned int i)
{
	return (u8 *)b + sizeof(*b) + i * geo->key_slot;
}

static inline void *hmap_bucket_value(const struct hmap_geometry *geo,
				      const struct hmap_bucket *b, unsigned int i)
{
	return (u8 *)b + geo->values + i * geo->value_slot;
}

/*
 * memcpy(), inlined for constant sizes and for words. The builtin is called
 * explicitly because memcpy() is an ordinary function in some kernels (UML).
 */
static __always_inline void hmap_bucket_memcpy(void *to, const void *from, u32 size)
{
	if (__builtin_constant_p(size))
		__builtin_memcpy(to, from, size);
	else if (size == sizeof(u64))
		__builtin_memcpy(to, from, sizeof(u64));
	else
		memcpy(to, from, size);
}

/* Prefetch all but the first cache line of a bucket of ordinary size. */
static __always_inline void hmap_bucket_prefetch(const struct hmap_geometry *geo,
						 const struct hmap_bucket *b)
{
	u32 i;

	if (geo->bucket_size <= 4 * L1_CACHE_BYTES)
		for (i = L1_CACHE_BYTES; i < geo->bucket_size; i += L1_CACHE_BYTES)
			prefetch((const u8 *)b + i);
}

static __always_inline void hmap_bucket_copy(void *to, const void *from, u32 size)
{
	/*
	 * A reader's copy may race with a writer: the reader then finds that the
	 * version has changed and discards the copy.
	 */
	data_race(({ hmap_bucket_memcpy(to, from, size); 0; }));
}

static __always_inline void hmap_bucket_wipe(void *slot, u32 size)
{
	const u64 zero = 0;

	if (size == sizeof(zero))
		hmap_bucket_copy(slot, &zero, sizeof(zero));
	else
		data_race(memset(slot, 0, size)); /* as in hmap_bucket_copy() */
}

/*
 * Open the chain of @head for writing: readers of the chain will retry.
 *
 * The version is not a seqcount_t: programs read it in mapped memory, where its size
 * must not depend on the kernel's configuration, and a reader does not wait for an even
 * number, since a writer may be the task that the reader has interrupted.
 */
static inline void hmap_bucket_write_begin(struct hmap_bucket *head)
{
	WRITE_ONCE(head->version, head->version + 1);
	/* Odd before any data: pairs with smp_rmb() in hmap_bucket_read_retry(). */
	smp_wmb();
}

static inline void hmap_bucket_write_end(struct hmap_bucket *head)
{
	/* Data before even: pairs with the acquire in hmap_bucket_read_begin(). */
	smp_store_release(&head->version, head->version + 1);
}

/*
 * The version of a chain. If the chain is being changed, this is the version before
 * the change, which hmap_bucket_read_retry() will not find again.
 */
static inline u32 hmap_bucket_read_begin(const struct hmap_bucket *head)
{
	/* Version before data: pairs with the release in hmap_bucket_write_end(). */
	return smp_load_acquire(&head->version) & ~1;
}

/* Whether data read since hmap_bucket_read_begin() may be of two versions. */
static inline bool hmap_bucket_read_retry(const struct hmap_bucket *head, u32 version)
{
	/* Data before version: pairs with smp_wmb() in hmap_bucket_write_begin(). */
	smp_rmb();
	return READ_ONCE(head->version) != version;
}

#endif /* _LINUX_HMAP_BUCKET_H */
