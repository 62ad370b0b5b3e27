// SPDX-License-Identifier: GPL-2.0
/*
 * Maps whose memory can be mapped: what the file shows, and lookups without a
 * system call.
 */
#define _FILE_OFFSET_BITS	64 /* arrays are far apart in the file */

#include <hmap.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "hmap_test.h"

#define KEYS	3000

static int create_map(struct map *device, struct map *m,
		      struct hmap_ioc_create create)
{
	create.size = sizeof(create);
	return map_create(m, device->fd, &create);
}

/* What a test has mapped is unmapped at its end: it would keep the module. */
static struct iovec parts[256];
static unsigned int nr_parts;

static const void *map_part(struct map *m, u64 offset, u64 size)
{
	void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, m->fd, offset);

	if (p == MAP_FAILED)
		return NULL;
	if (nr_parts == ARRAY_LEN(parts))
		abort();
	parts[nr_parts++] = (struct iovec){ p, size };
	return p;
}

static void unmap_parts(void)
{
	while (nr_parts--)
		munmap(parts[nr_parts].iov_base, parts[nr_parts].iov_len);
}

FIXTURE(mapped) {
	struct map device;
	struct map m;
	struct hmap *map;	/* the same, through the library */
};

FIXTURE_VARIANT(mapped) {
	struct hmap_ioc_create create;
};

#define CREATE(key, value, kind, n) {					\
	.flags = HMAP_CREATE_MMAP, .key_size = key, .value_size = value,	\
	.hash = HMAP_HASH_##kind, .stripes = n,				\
}

FIXTURE_VARIANT_ADD(mapped, words) {
	.create = CREATE(8, 8, SIPHASH, 0),
};

FIXTURE_VARIANT_ADD(mapped, words_fast) {
	.create = CREATE(8, 8, FAST, 4),
};

FIXTURE_VARIANT_ADD(mapped, halves_fast) {
	.create = CREATE(4, 4, FAST, 0),
};

FIXTURE_VARIANT_ADD(mapped, odd_sizes) {
	.create = CREATE(5, 3, SIPHASH, 0),
};

FIXTURE_VARIANT_ADD(mapped, odd_sizes_fast) {
	.create = CREATE(13, 7, FAST, 0),
};

FIXTURE_VARIANT_ADD(mapped, a_set) {
	.create = CREATE(16, 0, SIPHASH, 64),
};

FIXTURE_VARIANT_ADD(mapped, large) {
	.create = CREATE(128, 128, SIPHASH, 16),
};

FIXTURE_VARIANT_ADD(mapped, large_fast) {
	.create = CREATE(127, 128, FAST, 0),
};

FIXTURE_SETUP(mapped)
{
	self->m.fd = -1;
	ASSERT_EQ(0, map_load(&self->device, 8, 8));
	ASSERT_EQ(0, create_map(&self->device, &self->m, variant->create));
	self->map = hmap_open_fd(dup(self->m.fd));
	ASSERT_NE(NULL, self->map);
	ASSERT_EQ(1, hmap_is_mapped(self->map));
}

FIXTURE_TEARDOWN(mapped)
{
	EXPECT_EQ(0, dev_verify(self->m.fd));
	hmap_close(self->map);
	close(self->m.fd);
	unmap_parts();
	EXPECT_EQ(0, map_unload(&self->device));
	TELL_SEED_ON_FAILURE();
}

/* As map_get(), but through the library. */
static int get(const struct hmap *map, struct map *m, u64 i)
{
	make_key(m, m->key, i);
	memset(m->value, POISON, m->value_size);
	return hmap_get(map, m->key, m->key_size, m->value, m->value_size);
}

/* 0 if both say the same of key @i. */
static int compare(const struct hmap *map, struct map *m, u64 i)
{
	static unsigned char value[HMAP_MAX_INLINE_SIZE];
	int ret = map_get(m, i), mapped;

	memcpy(value, m->value, m->value_size);
	mapped = get(map, m, i);
	if (ret != mapped || memcmp(value, m->value, m->value_size))
		return -EBADMSG;
	return hmap_contains(map, m->key, m->key_size) == !ret ? 0 : -EBADMSG;
}

/* For key numbers below @n. Returns one that they do not agree about, or -1. */
static s64 disagree(const struct hmap *map, struct map *m, u64 n)
{
	u64 i;

	for (i = 0; i < n; i++)
		if (compare(map, m, i))
			return i;
	return -1;
}

/* ---- lookups ---- */

TEST_F(mapped, lookups_agree_with_the_kernel_while_the_map_changes)
{
	u64 keys = distinct_keys(&self->m, KEYS), i;
	struct map *m = &self->m;

	EXPECT_EQ(-1, disagree(self->map, m, 10));
	for (i = 0; i < keys; i++) {
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
		ASSERT_EQ(0, compare(self->map, m, i)) TH_LOG("key %llu", i);
		ASSERT_EQ(0, compare(self->map, m, rnd_below(keys)));
	}
	EXPECT_EQ(-1, disagree(self->map, m, keys + 100));
	for (i = 0; i < keys; i++) {
		ASSERT_EQ(0, map_delete(m, i));
		ASSERT_EQ(-ENOENT, get(self->map, m, i));
		ASSERT_EQ(0, compare(self->map, m, rnd_below(keys)));
	}
	EXPECT_EQ(-1, disagree(self->map, m, keys));
}

TEST_F(mapped, lookups_agree_with_the_kernel_after_anything)
{
	u64 steps = often(20 * KEYS);
	u64 keys = distinct_keys(&self->m, KEYS / 10), i, k;
	struct map *m = &self->m;

	for (i = 0; i < steps; i++) {
		k = rnd_below(keys);
		switch (rnd_below(2000) ? rnd_below(5) : 5) {
		case 0 ... 1:
			ASSERT_EQ(0, map_put(m, k, i, HMAP_ANY));
			break;
		case 2 ... 3:
			map_delete(m, k);
			break;
		case 4:
			break;
		case 5:
			ASSERT_EQ(0, dev_clear(m->fd));
			break;
		}
		ASSERT_EQ(0, compare(self->map, m, k)) TH_LOG("step %llu", i);
	}
	EXPECT_EQ(-1, disagree(self->map, m, keys));
}

/* The worker gives back memory that is not needed, after a while. */
TEST_F(mapped, lookups_agree_with_the_kernel_when_it_shrinks)
{
	u64 keys = distinct_keys(&self->m, KEYS), i;
	struct map *m = &self->m;
	struct hmap_stats s;

	ASSERT_EQ(0, map_put_range(m, 0, keys));
	ASSERT_EQ(0, map_delete_every(m, 10, keys, 1));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(-1, disagree(self->map, m, 100));
		ASSERT_EQ(0, dev_stats(m->fd, &s));
		if (s.shrinks && !(s.present & HMAP_HAS_OLDBUCKETS))
			break;
		usleep(50000);
	}
	EXPECT_EQ(-1, disagree(self->map, m, keys));
}

/* Only read, write and exit are system calls from now on: all others kill. */
static int look_without_system_calls(void *arg)
{
	struct hmap *map = arg;
	struct map m = {
		.key_size = hmap_key_size(map), .value_size = hmap_value_size(map),
	};
	u64 keys = distinct_keys(&m, KEYS), i;
	int ret;

	m.key = guarded(m.key_size);
	m.value = guarded(m.value_size);
	ret = get(map, &m, 1);
	if (!ret && prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		_exit(KSFT_SKIP);
	for (i = 0; !ret && i < keys; i++) {
		ret = get(map, &m, i);
		if (!ret && !value_is(&m, m.value, i))
			ret = -EBADMSG;
		if (!ret && hmap_contains(map, m.key, m.key_size) != 1)
			ret = -EBADMSG;
	}
	make_key(&m, m.key, keys + 5);
	if (!ret && keys == KEYS && hmap_contains(map, m.key, m.key_size))
		ret = -EBADMSG;
	syscall(SYS_exit, ret ? 1 : 0);
	return ret;
}

TEST_F(mapped, lookups_need_no_system_call)
{
	u64 keys = distinct_keys(&self->m, KEYS);
	struct hmap_stats s;
	int status, i;

	ASSERT_EQ(0, map_put_range(&self->m, 0, keys));
	/* also while there are two arrays */
	status = reap(spawn(look_without_system_calls, self->map));
	if (WEXITSTATUS(status) == KSFT_SKIP)
		SKIP(return, "this kernel has no seccomp");
	EXPECT_EQ(0, status);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, dev_stats(self->m.fd, &s));
		if (!(s.present & HMAP_HAS_OLDBUCKETS))
			break;
		usleep(50000);
	}
	EXPECT_EQ(0, reap(spawn(look_without_system_calls, self->map)));
}

TEST_F(mapped, a_child_goes_on_with_the_mapping)
{
	struct map *m = &self->m;
	pid_t pid;

	ASSERT_EQ(0, map_put_range(m, 0, 100));
	EXPECT_EQ(-1, disagree(self->map, m, 200));
	pid = fork();
	if (!pid) {
		/* other arrays, in the same windows */
		if (map_put_range(m, 0, 200) || dev_clear(m->fd) ||
		    map_put_range(m, 100, 100))
			_exit(1);
		_exit(disagree(self->map, m, 300) == -1 ? 0 : 2);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-1, disagree(self->map, m, 300));
}

/* ---- what the file shows ---- */

static const struct hmap_mapped *control_of(struct map *m)
{
	return map_part(m, 0, page_size());
}

static bool all_bytes(const unsigned char *p, size_t n, unsigned char byte)
{
	while (n--)
		if (*p++ != byte)
			return false;
	return true;
}

/* A bucket of an array that is not being evacuated. Returns its elements, or -1. */
static int check_bucket(struct map *m, const struct hmap_mapped_bucket *b)
{
	const unsigned char *keys = (const void *)(b + 1), *values;
	int i, used = 0;

	values = keys + HMAP_BUCKET_SLOTS * m->key_size;
	for (i = 0; i < HMAP_BUCKET_SLOTS; i++) {
		const unsigned char *key = keys + i * m->key_size;
		const unsigned char *value = values + i * m->value_size;

		if (b->tophash[i] >= HMAP_MIN_TOPHASH) {
			used++;
			if (!value_is(m, value, key_number(m, key)))
				return -1;
		} else if (b->tophash[i] > HMAP_EMPTY_ONE ||
			   !all_bytes(key, m->key_size, 0) ||
			   !all_bytes(value, m->value_size, 0)) {
			return -1;
		}
	}
	return b->version & 1 ? -1 : used;
}

/*
 * All buckets of the array: they are elements or zeros, so are the blocks, and there
 * is nothing behind them. Returns how many elements, or -1.
 */
static s64 check_array(struct map *m, const struct hmap_mapped *c)
{
	const struct hmap_mapped_array *a = &c->buckets;
	const unsigned char *p = map_part(m, a->offset, a->end - a->offset);
	u64 n = a->buckets + a->spares, i, k;
	const unsigned char *end = p + n * c->bucket_size, *block;
	s64 used = 0;
	int ret;

	if (!p)
		return -1;
	for (i = 0; i < n; i++) {
		ret = check_bucket(m, (const void *)(p + i * c->bucket_size));
		if (ret < 0)
			return -1;
		used += ret;
	}
	block = p + (a->blocks - a->offset);
	if (!all_bytes(end, block - end, 0))
		return -1;
	for (; block < p + (a->end - a->offset); block += c->block_size) {
		if (all_bytes(block, c->block_size, HMAP_EVACUATED_EMPTY))
			continue;
		for (k = 0; k < c->block_buckets; k++) {
			ret = check_bucket(m, (const void *)(block + k * c->bucket_size));
			if (ret < 0)
				return -1;
			used += ret;
		}
		k *= c->bucket_size;
		if (!all_bytes(block + k, c->block_size - k, 0))
			return -1;
	}
	return used;
}

TEST_F(mapped, the_control_page_tells_what_it_should)
{
	const struct hmap_mapped *c = control_of(&self->m);
	u32 sequence;

	ASSERT_NE(NULL, c);
	EXPECT_EQ(variant->create.hash, c->hash);
	EXPECT_EQ(self->m.key_size, c->key_size);
	EXPECT_EQ(self->m.value_size, c->value_size);
	EXPECT_EQ(16 + 8 * (c->key_size + c->value_size), c->bucket_size);
	EXPECT_EQ(0, c->block_buckets & (c->block_buckets - 1));
	EXPECT_LE(c->block_buckets * c->bucket_size, c->block_size);
	EXPECT_EQ(0, c->block_size % page_size());
	EXPECT_EQ(HMAP_MAPPED_FORMAT, c->format);
	EXPECT_TRUE(c->hash0[0] || c->hash0[1]);
	EXPECT_EQ(0, c->sequence & 1);
	/* there are no buckets before the first put */
	EXPECT_TRUE(all_bytes((const void *)&c->buckets, sizeof(c->buckets), 0));
	EXPECT_TRUE(all_bytes((const void *)&c->oldbuckets, sizeof(c->oldbuckets), 0));
	EXPECT_TRUE(all_bytes((const void *)(c + 1), page_size() - sizeof(*c), 0));
	sequence = c->sequence;
	ASSERT_EQ(0, map_put(&self->m, 1, 1, HMAP_ANY));
	EXPECT_NE(sequence, c->sequence);
	EXPECT_EQ(0, c->sequence & 1);
	EXPECT_EQ(1, c->buckets.buckets);
	EXPECT_EQ(0, c->buckets.offset % page_size());
	EXPECT_EQ(0, c->oldbuckets.buckets);
	EXPECT_EQ(1, check_array(&self->m, c));
	EXPECT_TRUE(all_bytes((const void *)(c + 1), page_size() - sizeof(*c), 0));
}

TEST_F(mapped, the_seed_changes_with_each_clear_and_belongs_to_one_map)
{
	const struct hmap_mapped *c = control_of(&self->m), *d;
	struct map other;
	u64 seed[2];

	ASSERT_EQ(0, create_map(&self->device, &other, variant->create));
	d = control_of(&other);
	EXPECT_NE(0, memcmp((const void *)c->hash0, (const void *)d->hash0, 16));
	memcpy(seed, (const void *)c->hash0, sizeof(seed));
	ASSERT_EQ(0, map_put_range(&self->m, 0, 2));
	EXPECT_EQ(0, memcmp((const void *)c->hash0, seed, sizeof(seed)));
	ASSERT_EQ(0, dev_clear(self->m.fd));
	EXPECT_NE(0, memcmp((const void *)c->hash0, seed, sizeof(seed)));
	memcpy(seed, (const void *)c->hash0, sizeof(seed));
	ASSERT_EQ(0, map_put_range(&self->m, 0, 1));
	ASSERT_EQ(0, map_delete(&self->m, 0));
	EXPECT_NE(0, memcmp((const void *)c->hash0, seed, sizeof(seed)));
	close(other.fd);
}

TEST_F(mapped, nothing_is_shown_but_elements_and_zeros)
{
	u64 keys = distinct_keys(&self->m, KEYS), i;
	const struct hmap_mapped *c = control_of(&self->m);
	struct map *m = &self->m;

	ASSERT_EQ(0, map_put_range(m, 0, keys));
	ASSERT_EQ(0, map_delete_every(m, 1, keys, 2));
	for (i = 0; c->oldbuckets.buckets && i < 100; i++)
		usleep(50000);
	ASSERT_EQ(0, c->oldbuckets.buckets);
	EXPECT_EQ(dev_count(m->fd), check_array(m, c));
}

#define DELETED		8	/* keys, from number 1 on */

/* Whether any slot holds one of them, in use or not. */
static bool bucket_shows(struct map *m, const char *bucket)
{
	const char *keys = bucket + sizeof(struct hmap_mapped_bucket);
	u64 key;
	int i;

	for (i = 0; i < HMAP_BUCKET_SLOTS; i++) {
		key = key_number(m, keys + i * m->key_size);
		if (key > 0 && key <= DELETED)
			return true;
	}
	return false;
}

/* An element that has been evacuated may be deleted before the old array goes. */
TEST_F(mapped, an_old_array_shows_no_deleted_element)
{
	const struct hmap_mapped *c = control_of(&self->m);
	const struct hmap_mapped_array *a = &c->oldbuckets;
	struct map *m = &self->m;
	u64 keys = 0, i;
	const char *p;
	int tries;

	for (tries = 0; tries < 6 && !a->buckets; tries++) {
		for (; keys < 200 || !a->buckets; keys++)
			ASSERT_EQ(0, map_put(m, keys, keys, HMAP_ANY));
		/* each is evacuated first, if that has not been done */
		ASSERT_EQ(0, map_delete_every(m, 1, DELETED + 1, 1));
		/* On a busy machine the worker may finish the resize: then the next one. */
		if (!a->buckets)
			ASSERT_EQ(0, map_put_range(m, 1, DELETED));
	}
	ASSERT_NE(0, a->buckets);
	p = map_part(m, a->offset, a->blocks - a->offset);
	for (i = 0; i < a->buckets + a->spares; i++)
		EXPECT_FALSE(bucket_shows(m, p + i * c->bucket_size));
}

/* ---- what is not there ---- */

/* Within some seconds: an array goes after a grace period. */
static bool gone(const unsigned char *p, u64 size)
{
	unsigned int i;

	for (i = 0; i < 1000 && !all_bytes(p, size, HMAP_EVACUATED_EMPTY); i++)
		usleep(10000);
	return all_bytes(p, size, HMAP_EVACUATED_EMPTY);
}

TEST_F(mapped, what_has_gone_reads_as_evacuated_buckets)
{
	const struct hmap_mapped *c = control_of(&self->m);
	struct hmap_mapped_array a;
	const unsigned char *p;
	unsigned char *other;
	u64 i;

	ASSERT_EQ(0, map_put_range(&self->m, 0, 5));
	a = c->buckets;
	p = map_part(&self->m, a.offset, a.end - a.offset);
	ASSERT_NE(NULL, p);
	EXPECT_FALSE(all_bytes(p, page_size(), HMAP_EVACUATED_EMPTY));
	/* a later block of overflow buckets */
	EXPECT_TRUE(all_bytes(p + (a.end - a.offset) - page_size(), page_size(),
			      HMAP_EVACUATED_EMPTY));
	ASSERT_EQ(0, dev_clear(self->m.fd));
	EXPECT_NE(a.offset, c->buckets.offset);
	EXPECT_TRUE(gone(p, a.end - a.offset));
	/* no array comes where a program may have an empty page */
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, map_put_range(&self->m, 0, 5));
		ASSERT_EQ(0, dev_clear(self->m.fd));
		EXPECT_NE(a.offset, c->buckets.offset);
	}
	EXPECT_TRUE(gone(p, a.end - a.offset));
	if (sizeof(long) == 4)
		return; /* it cannot map as many places */
	/* until there are many of these: when it is taken again, it is there again */
	for (i = 100; i < 200; i++) {
		other = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, self->m.fd,
			     i * a.offset);
		ASSERT_NE(MAP_FAILED, other);
		EXPECT_EQ(HMAP_EVACUATED_EMPTY, *other);
		munmap(other, page_size());
	}
	for (i = 0; i < 20 && a.offset != c->buckets.offset; i++) {
		ASSERT_EQ(0, dev_clear(self->m.fd));
		ASSERT_EQ(0, map_put_range(&self->m, 0, 5));
	}
	EXPECT_EQ(a.offset, c->buckets.offset);
	EXPECT_EQ(5, check_array(&self->m, c));
	EXPECT_EQ(0, memcmp(p, map_part(&self->m, a.offset, page_size()),
			    page_size()));
	EXPECT_FALSE(all_bytes(p, page_size(), HMAP_EVACUATED_EMPTY));
}

TEST_F(mapped, any_place_of_the_file_can_be_read)
{
	const unsigned char *p;
	u64 offset;
	int i;

	ASSERT_EQ(0, map_put_range(&self->m, 0, 5));
	p = map_part(&self->m, page_size(), 4 * page_size());
	EXPECT_TRUE(all_bytes(p, 4 * page_size(), HMAP_EVACUATED_EMPTY));
	for (i = 0; i < 100; i++) {
		offset = rnd_below(1ULL << (12 + rnd_below(31))) & -page_size();
		p = map_part(&self->m, offset, 2 * page_size());
		if (!p)
			continue;
		EXPECT_LE(0, p[0] + p[page_size()]);
	}
}

/* ---- what is refused ---- */

static int try_mmap(int fd, int prot, int flags)
{
	void *p = mmap(NULL, page_size(), prot, flags, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, page_size());
	return 0;
}

TEST_F(mapped, it_is_for_reading_and_shared)
{
	int fd = self->m.fd;
	char *p;

	EXPECT_EQ(0, try_mmap(fd, PROT_READ, MAP_SHARED));
	EXPECT_EQ(0, try_mmap(fd, PROT_NONE, MAP_SHARED));
	EXPECT_EQ(-EACCES, try_mmap(fd, PROT_WRITE, MAP_SHARED));
	EXPECT_EQ(-EACCES, try_mmap(fd, PROT_READ | PROT_WRITE, MAP_SHARED));
	EXPECT_NE(0, try_mmap(fd, PROT_READ | PROT_EXEC, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_mmap(fd, PROT_READ, MAP_PRIVATE));
	EXPECT_EQ(-EACCES, try_mmap(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE));

	p = (void *)map_part(&self->m, 0, page_size());
	ASSERT_NE(NULL, p);
	EXPECT_EQ(-EACCES, sys_result(mprotect(p, page_size(), PROT_WRITE)));
	EXPECT_EQ(-EACCES, sys_result(mprotect(p, page_size(),
					       PROT_READ | PROT_EXEC)));
	EXPECT_EQ(0, sys_result(mprotect(p, page_size(), PROT_NONE)));
	EXPECT_EQ(0, sys_result(mprotect(p, page_size(), PROT_READ)));
	EXPECT_EQ(0, ((struct hmap_mapped *)p)->sequence & 1);
	EXPECT_EQ(MAP_FAILED, mremap(p, page_size(), 2 * page_size(),
				     MREMAP_MAYMOVE));
}

static void on_fault(int sig)
{
	_exit(77);
}

TEST_F(mapped, a_write_is_a_fault)
{
	char *p = (void *)map_part(&self->m, 0, page_size());
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		signal(SIGSEGV, on_fault);
		__atomic_store_n(p, 1, __ATOMIC_RELAXED);
		_exit(0);
	}
	status = reap(pid);
	EXPECT_EQ(77, WEXITSTATUS(status));
}

/* Not even a pipe: what is mapped goes when the kernel frees it. */
TEST_F(mapped, nobody_holds_a_page)
{
	struct iovec iov = { (void *)control_of(&self->m), page_size() };
	char copy[sizeof(struct hmap_mapped)];
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-EFAULT, sys_result(vmsplice(pipes[1], &iov, 1, 0)));
	/* copies can be made */
	EXPECT_EQ(sizeof(copy), write(pipes[1], iov.iov_base, sizeof(copy)));
	EXPECT_EQ(sizeof(copy), read(pipes[0], copy, sizeof(copy)));
	EXPECT_EQ(0, memcmp(copy, iov.iov_base, sizeof(copy)));
}

/* The mapping is a reference: to the map, and to the module. */
TEST_F(mapped, the_mapping_outlives_the_file)
{
	const struct hmap_mapped *c;
	struct map other;
	const char *p;

	ASSERT_EQ(0, create_map(&self->device, &other, variant->create));
	ASSERT_EQ(0, map_put_range(&other, 0, 5));
	c = control_of(&other);
	p = map_part(&other, c->buckets.offset, page_size());
	ASSERT_EQ(5, check_array(&other, c));
	close(other.fd);
	EXPECT_EQ(1, c->buckets.buckets);
	EXPECT_EQ(5, check_bucket(&other, (const void *)p));
	close(self->device.fd);
	close(self->m.fd);
	hmap_close(self->map);
	self->map = NULL;
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	self->device.fd = dev_open(O_RDWR);
	self->m.fd = dev_open(O_RDWR);
}

/* ---- CREATE ---- */

FIXTURE(mapped_create) {
	struct map device;
};

FIXTURE_SETUP(mapped_create)
{
	ASSERT_EQ(0, map_load(&self->device, 8, 8));
}

FIXTURE_TEARDOWN(mapped_create)
{
	EXPECT_EQ(0, map_unload(&self->device));
}

static int try_create(struct map *device, u32 key_size, u32 value_size,
		      u32 flags)
{
	struct map m;
	int ret = create_map(device, &m, (struct hmap_ioc_create){
		.flags = flags, .key_size = key_size, .value_size = value_size,
	});

	if (!ret)
		close(m.fd);
	return ret;
}

TEST_F(mapped_create, only_inline_sizes)
{
	struct map *device = &self->device;

	EXPECT_EQ(0, try_create(device, 128, 128, HMAP_CREATE_MMAP));
	EXPECT_EQ(0, try_create(device, 1, 0, HMAP_CREATE_MMAP));
	EXPECT_EQ(-EINVAL, try_create(device, 129, 8, HMAP_CREATE_MMAP));
	EXPECT_EQ(-EINVAL, try_create(device, 8, 129, HMAP_CREATE_MMAP));
	EXPECT_EQ(-EINVAL, try_create(device, 0, 8, HMAP_CREATE_MMAP));
	EXPECT_EQ(0, try_create(device, 8, 8,
				HMAP_CREATE_MMAP | HMAP_CREATE_NO_SHRINK));
	EXPECT_EQ(0, try_create(device, 129, 129, 0));
}

TEST_F(mapped_create, other_maps_cannot_be_mapped)
{
	struct hmap *map;
	struct map m;

	ASSERT_EQ(0, create_map(&self->device, &m, (struct hmap_ioc_create){
		.key_size = 8, .value_size = 8,
	}));
	EXPECT_EQ(-ENODEV, try_mmap(m.fd, PROT_READ, MAP_SHARED));
	EXPECT_EQ(-ENODEV, try_mmap(self->device.fd, PROT_READ, MAP_SHARED));
	map = hmap_open_fd(m.fd);
	ASSERT_NE(NULL, map);
	EXPECT_EQ(0, hmap_is_mapped(map));
	EXPECT_EQ(-ENOENT, hmap_get(map, &(u64){ 1 }, 8, &(u64){ 1 }, 8));
	ASSERT_EQ(0, hmap_put(map, &(u64){ 1 }, 8, &(u64){ 2 }, 8, HMAP_ANY));
	EXPECT_EQ(0, hmap_get(map, &(u64){ 1 }, 8, &(u64){ 1 }, 8));
	hmap_close(map);
}

/* Growing to where much is in blocks of overflow buckets, and many pages. */
TEST_F(mapped_create, a_larger_map)
{
	struct hmap *map;
	u64 i, value;
	struct map m;

	ASSERT_EQ(0, create_map(&self->device, &m, (struct hmap_ioc_create){
		.flags = HMAP_CREATE_MMAP, .key_size = 8, .value_size = 8,
	}));
	map = hmap_open_fd(m.fd);
	for (i = 0; i < 40000; i++) {
		ASSERT_EQ(0, hmap_put(map, &i, 8, &i, 8, HMAP_ANY));
		value = rnd_below(i + 1);
		ASSERT_EQ(0, hmap_get(map, &value, 8, &value, 8));
	}
	for (i = 0; i < 40000; i++) {
		ASSERT_EQ(0, hmap_get(map, &i, 8, &value, 8));
		ASSERT_EQ(i, value);
	}
	EXPECT_EQ(0, hmap_verify(map));
	hmap_close(map);
}

TEST_HARNESS_MAIN
