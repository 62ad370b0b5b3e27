// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lookups of libhmap in mapped memory, which is here a file that the tests write,
 * and an ioctl() that counts how often the kernel is asked.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hmap.h"
#include "test.h"

#define PAGES		16
#define BUCKET_SIZE	(16 + 8 * (8 + 8))
#define BLOCK_BUCKETS	16
#define KERNEL		77	/* the value that the kernel finds */

/* Where what is in the file, in pages. */
#define ARRAY		1
#define OLD		2
#define BLOCKS		3
#define LAST		(PAGES - 1)	/* the page that goes */

/*
 * A test vector of the authors of SipHash: the key 00 01 ... 0f, the message
 * 00 01 ... 07. So each key of a test has the tophash 0x93.
 */
#define HASH0		{ 0x0706050403020100, 0x0f0e0d0c0b0a0908 }
#define MESSAGE		0x0706050403020100
#define HASH		0x93f5f5799a932462

static struct {
	unsigned int asked;
	int fd;
	size_t page;
	char *bytes;
	struct hmap_mapped *control;
	struct hmap *map;
	unsigned int gone;	/* how often a page had gone */
} f;

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	struct hmap_ioc_info *info = arg;
	struct hmap_ioc_elem *elem = arg;

	(void)fd;
	if (request == HMAP_IOC_INFO) {
		info->create_flags = HMAP_CREATE_MMAP;
		info->key_size = 8;
		info->value_size = 8;
		return 0;
	}
	assert_int_equal(request, HMAP_IOC_GET);
	f.asked++;
	if (elem->value)
		*(__u64 *)(uintptr_t)elem->value = KERNEL;
	return 0;
}

static struct hmap_mapped_bucket *bucket_at(unsigned int page, unsigned int i)
{
	return (void *)(f.bytes + page * f.page + i * BUCKET_SIZE);
}

static void set_slot(struct hmap_mapped_bucket *b, unsigned int i, __u64 key,
		     __u64 value)
{
	__u64 *slots = (__u64 *)(b + 1);

	b->tophash[i] = HASH >> 56;
	slots[i] = key;
	slots[8 + i] = value;
}

static struct hmap_mapped_array array_at(unsigned int page, __u64 buckets)
{
	return (struct hmap_mapped_array){
		.buckets = buckets,
		.offset = page * f.page,
		.spares = 0,
		.blocks = BLOCKS * f.page,
		.end = (BLOCKS + 1) * f.page,
	};
}

/* A map of one bucket, with one element. */
static int setup(void **state)
{
	const struct hmap_mapped control = {
		.sequence = 4, .hash = HMAP_HASH_SIPHASH,
		.key_size = 8, .value_size = 8, .bucket_size = BUCKET_SIZE,
		.block_buckets = BLOCK_BUCKETS, .hash0 = HASH0,
	};
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	f.asked = 0;
	f.page = sysconf(_SC_PAGESIZE);
	assert_int_equal(ftruncate(fileno(file), PAGES * f.page), 0);
	f.bytes = mmap(NULL, PAGES * f.page, PROT_READ | PROT_WRITE, MAP_SHARED,
		       fileno(file), 0);
	assert_ptr_not_equal(f.bytes, MAP_FAILED);
	f.control = (void *)f.bytes;
	*f.control = control;
	f.control->block_size = f.page;
	f.control->buckets = array_at(ARRAY, 1);
	set_slot(bucket_at(ARRAY, 0), 3, MESSAGE, 5);
	f.fd = dup(fileno(file));
	f.map = hmap_open_fd(dup(f.fd));
	assert_non_null(f.map);
	fclose(file);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	hmap_close(f.map);
	close(f.fd);
	munmap(f.bytes, PAGES * f.page);
	return 0;
}

/* What the library may read, and what the kernel answers. */
static void assert_finds(__u64 expected, unsigned int asked)
{
	__u64 key = MESSAGE, value = 0;

	f.asked = 0;
	assert_int_equal(hmap_get(f.map, &key, 8, &value, 8), 0);
	assert_int_equal(value, expected);
	assert_int_equal(f.asked, asked);
	assert_int_equal(hmap_contains(f.map, &key, 8), 1);
	assert_int_equal(f.asked, 2 * asked);
}

static void assert_finds_nothing(__u64 key)
{
	__u64 value = 3;

	errno = 0;
	assert_int_equal(hmap_get(f.map, &key, 8, &value, 8), -ENOENT);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(value, 3);
	assert_int_equal(hmap_contains(f.map, &key, 8), 0);
	assert_int_equal(f.asked, 0);
}

static void the_kernel_is_not_asked(void **state)
{
	(void)state;
	assert_int_equal(hmap_is_mapped(f.map), 1);
	assert_finds(5, 0);
	assert_finds_nothing(1);
}

static void other_sizes_are_refused(void **state)
{
	void *p = no_buffer();
	unsigned int i;

	(void)state;
	for (i = 0; i < WRONG_SIZES; i++) {
		size_t size = wrong_size(8, i);

		assert_int_equal(hmap_get(f.map, p, size, p, 8), -EINVAL);
		assert_int_equal(hmap_get(f.map, p, 8, p, size), -EINVAL);
		errno = 0;
		assert_int_equal(hmap_contains(f.map, p, size), -EINVAL);
		assert_int_equal(errno, EINVAL);
	}
	assert_int_equal(f.asked, 0);
	munmap(p, 1);
}

static void no_buckets_hold_nothing(void **state)
{
	(void)state;
	memset(&f.control->buckets, 0, sizeof(f.control->buckets));
	assert_finds_nothing(MESSAGE);
}

static void the_kernel_is_asked_while_something_changes(void **state)
{
	(void)state;
	f.control->sequence++;
	assert_finds(KERNEL, 1);
	f.control->sequence++;
	assert_finds(5, 0);
	bucket_at(ARRAY, 0)->version++;
	assert_finds(KERNEL, 1);
	bucket_at(ARRAY, 0)->version++;
	assert_finds(5, 0);
}

static void another_array_is_found_by_the_sequence(void **state)
{
	(void)state;
	assert_finds(5, 0);
	set_slot(bucket_at(OLD, HASH % 2), 0, MESSAGE, 6);
	f.control->buckets = array_at(OLD, 2);
	assert_finds(5, 0);
	f.control->sequence += 2;
	assert_finds(6, 0);
}

static void an_old_bucket_counts_until_it_is_evacuated(void **state)
{
	static const unsigned char states[] = {
		HMAP_EVACUATED_X, HMAP_EVACUATED_Y, HMAP_EVACUATED_EMPTY,
	};
	size_t i;

	(void)state;
	f.control->oldbuckets = array_at(OLD, 1);
	f.control->sequence += 2;
	set_slot(bucket_at(OLD, 0), 1, MESSAGE, 9);
	assert_finds(9, 0);
	for (i = 0; i < sizeof(states); i++) {
		bucket_at(OLD, 0)->tophash[0] = states[i];
		assert_finds(5, 0);
	}
	/* what has gone reads so */
	bucket_at(ARRAY, 0)->tophash[0] = HMAP_EVACUATED_EMPTY;
	assert_finds(KERNEL, 1);
}

static void fill(struct hmap_mapped_bucket *b, __u32 overflow)
{
	unsigned int i;

	for (i = 0; i < HMAP_BUCKET_SLOTS; i++)
		set_slot(b, i, i, 1000);
	b->overflow = overflow | HMAP_OVERFLOW_FILTER(0) |
		      HMAP_OVERFLOW_FILTER(1) | HMAP_OVERFLOW_FILTER(2) |
		      HMAP_OVERFLOW_FILTER(3);
}

static void a_chain_is_followed(void **state)
{
	(void)state;
	f.control->buckets.spares = 2;
	fill(bucket_at(ARRAY, 0), 2);
	fill(bucket_at(ARRAY, 2), 3 + 7);
	set_slot(bucket_at(BLOCKS, 7), 0, MESSAGE, 12);
	assert_finds(12, 0);
	assert_finds_nothing(100);
	/* the last that may be mapped, and one more */
	bucket_at(ARRAY, 2)->overflow = 2 + BLOCK_BUCKETS;
	set_slot(bucket_at(BLOCKS, BLOCK_BUCKETS - 1), 0, MESSAGE, 13);
	assert_finds(13, 0);
	bucket_at(ARRAY, 2)->overflow = 2 + BLOCK_BUCKETS + 1;
	assert_finds(KERNEL, 1);
	/* a page that has gone */
	bucket_at(ARRAY, 2)->overflow = 3 + 7;
	memset(bucket_at(BLOCKS, 0), HMAP_EVACUATED_EMPTY, f.page);
	assert_finds(KERNEL, 1);
}

/* Every tophash but that of the key may be behind. */
static void a_chain_is_not_followed_in_vain(void **state)
{
	(void)state;
	f.control->buckets.spares = 2;
	fill(bucket_at(ARRAY, 0), 2);
	set_slot(bucket_at(ARRAY, 2), 0, MESSAGE, 12);
	assert_finds(12, 0);
	bucket_at(ARRAY, 0)->overflow &=
		~HMAP_OVERFLOW_FILTER(bucket_at(ARRAY, 2)->tophash[0]);
	assert_finds_nothing(MESSAGE);
}

static void the_kernel_is_asked_for_what_cannot_be_mapped(void **state)
{
	(void)state;
	f.control->buckets.offset++;
	assert_finds(KERNEL, 1);
	f.control->buckets.offset--;
	f.control->sequence += 2;
	assert_finds(5, 0);
}

/* As many arrays as windows can be outgrown, and then smaller ones again. */
static void windows_grow(void **state)
{
	__u64 pages;

	(void)state;
	for (pages = 1; pages < 1 << 20; pages *= 2) {
		f.control->buckets.end = (BLOCKS + pages) * f.page;
		f.control->sequence += 2;
		assert_finds(5, 0);
	}
	f.control->buckets.end = (BLOCKS + 1) * f.page;
	f.control->oldbuckets = array_at(OLD, 1);
	f.control->sequence += 2;
	set_slot(bucket_at(OLD, 0), 1, MESSAGE, 9);
	assert_finds(9, 0);
}

/*
 * In the middle of a lookup the page is lost, comes again with nothing on it, and
 * the map is in another array.
 */
static void page_has_gone(int sig)
{
	(void)sig;
	f.gone++;
	if (ftruncate(hmap_fd(f.map), PAGES * f.page))
		abort();
	f.control->buckets = array_at(ARRAY, 1);
	memset(&f.control->oldbuckets, 0, sizeof(f.control->oldbuckets));
	f.control->sequence += 2;
}

static void lose_page(void)
{
	f.gone = 0;
	signal(SIGBUS, page_has_gone);
	f.control->sequence += 2;
	assert_int_equal(ftruncate(hmap_fd(f.map), LAST * f.page), 0);
	assert_finds(5, 0);
	assert_int_equal(f.gone, 1);
}

static void what_was_read_while_the_map_changed_does_not_count(void **state)
{
	const struct hmap_mapped_array last = {
		.buckets = 1, .offset = LAST * f.page,
		.blocks = PAGES * f.page, .end = PAGES * f.page,
	};

	(void)state;
	f.control->buckets = last;
	lose_page();
	f.control->oldbuckets = last;
	lose_page();
}

/* What this library does not know: each is found by the kernel, as all is. */
static void what_is_not_known_is_left_to_the_kernel(void **state)
{
	const struct hmap_mapped known = *f.control;
	unsigned int i;

	(void)state;
	for (i = 0; i < 7; i++) {
		hmap_close(f.map);
		*f.control = known;
		f.control->hash = i == 0 ? 2 : known.hash;
		f.control->hash = i == 1 ? ~0U : f.control->hash;
		f.control->format = HMAP_MAPPED_FORMAT + (i == 2);
		f.control->key_size += i == 3;
		f.control->value_size += i == 4;
		f.control->bucket_size -= i == 5;
		f.control->bucket_size += 8 * (i == 6);
		f.map = hmap_open_fd(dup(f.fd));
		assert_non_null(f.map);
		assert_int_equal(hmap_is_mapped(f.map), 0);
		assert_finds(KERNEL, 1);
	}
}

static void null_map_is_invalid(void **state)
{
	(void)state;
	errno = 0;
	assert_int_equal(hmap_is_mapped(NULL), -EINVAL);
	assert_int_equal(errno, EINVAL);
}

#define with_map(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_map(the_kernel_is_not_asked),
		with_map(other_sizes_are_refused),
		with_map(no_buckets_hold_nothing),
		with_map(the_kernel_is_asked_while_something_changes),
		with_map(another_array_is_found_by_the_sequence),
		with_map(an_old_bucket_counts_until_it_is_evacuated),
		with_map(a_chain_is_followed),
		with_map(a_chain_is_not_followed_in_vain),
		with_map(the_kernel_is_asked_for_what_cannot_be_mapped),
		with_map(windows_grow),
		with_map(what_was_read_while_the_map_changed_does_not_count),
		with_map(what_is_not_known_is_left_to_the_kernel),
		cmocka_unit_test(null_map_is_invalid),
	};

	return cmocka_run_group_tests_name("mapped", tests, NULL, NULL);
}
