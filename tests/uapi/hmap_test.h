/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the selftests of /dev/hmap share: loading the module, calling the
 * device without a library in between, elements that can be told apart.
 *
 * Environment: HMAP_KO is the module (default ./hmap.ko), HMAP_SEED repeats
 * the random choices of an earlier run, HMAP_NIGHTLY (anything) makes more
 * rounds of what may race. Every function returns 0 or a negative errno unless
 * it says otherwise. All of it needs root.
 */
#ifndef HMAP_TEST_H
#define HMAP_TEST_H

#include "../random.h"
#include "kselftest_harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include <linux/hmap.h>

typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

/* Emulated processors are ten times slower than real ones. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	300

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define POISON		0xcc
#define NOBODY		65534

/* More elements than 2^28 buckets hold, and fewer than 2^29, which are the most. */
#define NEEDS_LARGEST	3800000000

#define MAX_KEY		HMAP_MAX_KEY_SIZE
#define MAX_VALUE	HMAP_MAX_VALUE_SIZE

/* ---- random numbers: one seed for a program, the same for each test ---- */

static u64 test_seed;
static u64 rng_state;

/* Any number gives a well-mixed one, zero as well. */
static inline u64 mix64(u64 x)
{
	return random_mix(x + RANDOM_STEP);
}

static inline u64 rnd(void)
{
	return random_next(&rng_state);
}

static inline u64 rnd_below(u64 n)
{
	return rnd() % n;
}

__attribute__((constructor)) static void seed_init(void)
{
	const char *env = getenv("HMAP_SEED");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	test_seed = env ? strtoull(env, NULL, 0) :
			  (u64)now.tv_sec * 1000000000ULL + now.tv_nsec;
	rng_state = test_seed;
	printf("# HMAP_SEED=%llu\n", test_seed);
	fflush(stdout);
}

/* To be called by every teardown: a failure names its seed. */
#define TELL_SEED_ON_FAILURE() do {					\
	if (!__test_passed(_metadata))					\
		TH_LOG("repeat with HMAP_SEED=%llu", test_seed);	\
} while (0)

/* Rounds of what may race: all of @n at night, a fifth by day. */
static inline u64 often(u64 n)
{
	return getenv("HMAP_NIGHTLY") ? n : n / 5;
}

/* For files of the kernel's, which take a setting by one write. */
static inline int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* ---- memory that ends at a page which cannot be touched ---- */

static inline size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static inline void *map_pages(size_t n)
{
	void *p = mmap(NULL, n * page_size(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

/*
 * @size poisoned bytes directly before an inaccessible page: a kernel that
 * reads or writes one byte more than it should gets a fault. Most are never
 * freed: each test is a process of its own.
 */
static inline void *guarded(size_t size)
{
	size_t pages = (size + page_size() - 1) / page_size();
	char *p = map_pages(pages + 1);

	if (mprotect(p + pages * page_size(), page_size(), PROT_NONE))
		abort();
	memset(p, POISON, pages * page_size());
	return p + pages * page_size() - size;
}

static inline void unguard(void *p, size_t size)
{
	size_t pages = (size + page_size() - 1) / page_size();
	char *end = (char *)p + size;

	munmap(end - pages * page_size(), (pages + 1) * page_size());
}

static inline bool is_poison(const void *p, size_t n)
{
	const unsigned char *b = p;

	while (n--)
		if (*b++ != POISON)
			return false;
	return true;
}

static inline u64 addr(const void *p)
{
	return (uintptr_t)p;
}

/* ---- the module ---- */

static inline int sys_result(long ret)
{
	return ret < 0 ? -errno : 0;
}

static inline int load_file(const char *path, const char *params)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = sys_result(syscall(SYS_finit_module, fd, params, 0));
	close(fd);
	return ret;
}

static inline int module_load(const char *params)
{
	const char *path = getenv("HMAP_KO");

	return load_file(path ? path : "hmap.ko", params);
}

static inline int unload_name(const char *name)
{
	return sys_result(syscall(SYS_delete_module, name, O_NONBLOCK));
}

static inline int module_unload(void)
{
	return unload_name("hmap");
}

static inline bool module_loaded(void)
{
	return !access("/sys/module/hmap", F_OK);
}

/* Where maps with names are looked for. An instance without any is mounted there. */
static inline int nodes_mount(const char *options)
{
	mkdir(HMAP_NODES, 0755);
	return sys_result(mount("hmapfs", HMAP_NODES, "hmapfs", 0, options));
}

/* The files of a process that has just ended may be closed a moment later. */
static inline int nodes_umount(void)
{
	int ret = sys_result(umount2(HMAP_NODES, 0)), i;

	for (i = 0; ret == -EBUSY && i < 100; i++) {
		usleep(10000);
		ret = sys_result(umount2(HMAP_NODES, 0));
	}
	if (!ret)
		rmdir(HMAP_NODES);
	return ret;
}

/* Whatever an earlier test has left behind goes. */
static inline int module_gone(void)
{
	if (!module_loaded())
		return 0;
	while (!umount2(HMAP_NODES, MNT_DETACH))
		;
	return module_unload();
}

/* ---- the device ---- */

static inline int dev_open(int flags)
{
	int fd = open(HMAP_DEVICE, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static inline int ioc(int fd, unsigned int cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

static inline int dev_info(int fd, struct hmap_ioc_info *info)
{
	*info = (struct hmap_ioc_info){ .size = sizeof(*info) };
	return ioc(fd, HMAP_IOC_INFO, info);
}

static inline int dev_stats(int fd, struct hmap_stats *stats)
{
	struct hmap_ioc_stats arg = { .size = sizeof(arg) };
	int ret = ioc(fd, HMAP_IOC_STATS, &arg);

	*stats = arg.stats;
	return ret;
}

static inline int dev_layout(int fd, struct hmap_layout *layout)
{
	struct hmap_ioc_layout arg = { .size = sizeof(arg) };
	int ret = ioc(fd, HMAP_IOC_LAYOUT, &arg);

	*layout = arg.layout;
	return ret;
}

static inline int dev_plain(int fd, unsigned int cmd)
{
	struct hmap_ioc_plain arg = { .size = sizeof(arg) };

	return ioc(fd, cmd, &arg);
}

static inline int dev_clear(int fd)
{
	return dev_plain(fd, HMAP_IOC_CLEAR);
}

static inline int dev_verify(int fd)
{
	return dev_plain(fd, HMAP_IOC_VERIFY);
}

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Whether the map has changed since this was last asked, or it was opened. */
static inline bool dev_changed(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	u64 number;

	if (!poll(&p, 1, 0))
		return false;
	return read(fd, &number, sizeof(number)) == sizeof(number);
}

/* Elements in the map, or a negative errno. */
static inline s64 dev_count(int fd)
{
	struct hmap_stats stats;
	int ret = dev_stats(fd, &stats);

	return ret ? ret : (s64)stats.count;
}

/* ---- a loaded module with an open device ---- */

struct map {
	int fd;
	u32 key_size;
	u32 value_size;
	void *key;		/* room for one, guarded */
	void *value;
};

/* A file of a map, however it was come by. Closed if this fails. */
static inline int map_of_fd(struct map *m, int fd)
{
	struct hmap_ioc_info info;
	int ret;

	*m = (struct map){ .fd = fd };
	if (fd < 0)
		return fd;
	ret = dev_info(fd, &info);
	if (ret) {
		close(fd);
		return ret;
	}
	m->key_size = info.key_size;
	m->value_size = info.value_size;
	m->key = guarded(m->key_size);
	m->value = guarded(m->value_size);
	return 0;
}

/* For a child that opens the device itself. */
static inline int map_open(struct map *m, int flags)
{
	return map_of_fd(m, dev_open(flags));
}

static inline int map_load_params(struct map *m, const char *params)
{
	int ret;

	m->fd = -1;
	ret = module_gone();
	if (!ret)
		ret = module_load(params);
	if (ret)
		return ret;
	ret = map_open(m, O_RDWR);
	if (ret)
		module_unload();
	return ret;
}

static inline int map_load(struct map *m, u32 key_size,
			   u32 value_size)
{
	char params[64];

	snprintf(params, sizeof(params), "key_size=%u value_size=%u", key_size,
		 value_size);
	return map_load_params(m, params);
}

/* Every scenario ends with this: is the map still whole? */
static inline int map_unload(struct map *m)
{
	int verified, unloaded;

	if (m->fd < 0)
		return 0;
	verified = dev_verify(m->fd);
	close(m->fd);
	m->fd = -1;
	unloaded = module_unload();
	return verified ? verified : unloaded;
}

/* ---- maps made by CREATE ---- */

static inline struct hmap_ioc_create create_arg(u32 key_size, u32 value_size)
{
	return (struct hmap_ioc_create){
		.size = sizeof(struct hmap_ioc_create),
		.key_size = key_size,
		.value_size = value_size,
	};
}

/* A file descriptor or a negative errno. */
static inline int dev_create(int fd, const struct hmap_ioc_create *arg)
{
	int ret = ioctl(fd, HMAP_IOC_CREATE, arg);

	return ret < 0 ? -errno : ret;
}

static inline int map_create(struct map *m, int dev,
			     const struct hmap_ioc_create *arg)
{
	return map_of_fd(m, dev_create(dev, arg));
}

/* Every scenario ends with this. */
static inline int map_close(struct map *m)
{
	int verified = dev_verify(m->fd);

	close(m->fd);
	m->fd = -1;
	return verified;
}

static inline int dev_set(int fd, u32 flags, u64 max_entries, u64 max_bytes)
{
	struct hmap_ioc_set arg = {
		.size = sizeof(arg), .flags = flags, .max_entries = max_entries,
		.max_bytes = max_bytes,
	};

	return ioc(fd, HMAP_IOC_SET, &arg);
}

static inline int dev_freeze(int fd)
{
	return dev_plain(fd, HMAP_IOC_FREEZE);
}

/* Whatever fits of it, followed by zeros if there is room. */
static inline void set_name(char *to, const char *name)
{
	memset(to, 0, HMAP_NAME_SIZE);
	memcpy(to, name, strnlen(name, HMAP_NAME_SIZE));
}

/* The path of a map with a name; valid until the next call. */
static inline const char *node(const char *name)
{
	static char path[sizeof(HMAP_NODES) + 1 + HMAP_NAME_SIZE];

	snprintf(path, sizeof(path), HMAP_NODES "/%s", name);
	return path;
}

static inline int open_named(const char *name, int flags)
{
	int fd = open(node(name), flags | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

static inline int destroy(const char *name)
{
	return sys_result(unlink(node(name)));
}

/* ---- elements ---- */

static inline void fill(void *to, size_t size, u64 x)
{
	unsigned char *p = to;
	size_t n;

	while (size) {
		x = mix64(x);
		n = size < sizeof(x) ? size : sizeof(x);
		memcpy(p, &x, n);
		p += n;
		size -= n;
	}
}

/*
 * Key number @i. The number stands at its end, after bytes that are the same
 * for all, so that a long key differs only in its last bytes. Keys of one
 * byte are the same for numbers that differ by 256, and so on.
 */
static inline void make_key(const struct map *m, void *key, u64 i)
{
	size_t n = m->key_size < sizeof(i) ? m->key_size : sizeof(i);

	memset(key, 'k', m->key_size - n);
	memcpy((char *)key + m->key_size - n, &i, n);
}

static inline u64 key_number(const struct map *m, const void *key)
{
	size_t n = m->key_size < sizeof(u64) ? m->key_size :
						    sizeof(u64);
	u64 i = 0;

	memcpy(&i, (const char *)key + m->key_size - n, n);
	return i;
}

static inline void make_value(const struct map *m, void *value, u64 x)
{
	fill(value, m->value_size, x);
}

static inline bool value_is(const struct map *m, const void *value, u64 x)
{
	static unsigned char expected[MAX_VALUE];

	fill(expected, m->value_size, x);
	return !memcmp(value, expected, m->value_size);
}

/* How many different keys there can be, at most @limit. */
static inline u64 distinct_keys(const struct map *m, u64 limit)
{
	if (m->key_size < sizeof(limit) && limit > 1ULL << (8 * m->key_size))
		return 1ULL << (8 * m->key_size);
	return limit;
}

/* ---- operations on the element in m->key and m->value ---- */

static inline struct hmap_ioc_elem elem_arg(const struct map *m)
{
	return (struct hmap_ioc_elem){
		.size = sizeof(struct hmap_ioc_elem),
		.key_size = m->key_size,
		.value_size = m->value_size,
		.key = addr(m->key),
		.value = m->value_size ? addr(m->value) : 0,
	};
}

static inline int map_put(struct map *m, u64 i, u64 x,
			  u32 flags)
{
	struct hmap_ioc_elem elem = elem_arg(m);

	elem.flags = flags;
	make_key(m, m->key, i);
	make_value(m, m->value, x);
	return ioc(m->fd, HMAP_IOC_PUT, &elem);
}

/* The value is in m->value, which is poison unless 0 is returned. */
static inline int map_get(struct map *m, u64 i)
{
	struct hmap_ioc_elem elem = elem_arg(m);

	make_key(m, m->key, i);
	memset(m->value, POISON, m->value_size);
	return ioc(m->fd, HMAP_IOC_GET, &elem);
}

static inline int map_has(struct map *m, u64 i)
{
	struct hmap_ioc_elem elem = elem_arg(m);

	make_key(m, m->key, i);
	elem.value_size = 0;
	elem.value = 0;
	return ioc(m->fd, HMAP_IOC_GET, &elem);
}

static inline int map_delete(struct map *m, u64 i)
{
	struct hmap_ioc_elem elem = elem_arg(m);

	make_key(m, m->key, i);
	elem.value_size = 0;
	elem.value = 0;
	return ioc(m->fd, HMAP_IOC_DELETE, &elem);
}

/* An operation on the element in m->key; what it brings is poison as yet. */
static inline struct hmap_op op_arg(const struct map *m, u32 op)
{
	return (struct hmap_op){
		.op = op,
		.key = addr(m->key),
		.answer = 0xdeadbeefdeadbeefULL,
		.result = 0x5ca1ab1e,
		.existed = 0xdeadbeef,
	};
}

/* -EBADMSG: the result in the structure is another. */
static inline int map_op(const struct map *m, struct hmap_op *op)
{
	struct hmap_ioc_op arg = {
		.size = sizeof(arg),
		.key_size = m->key_size,
		.value_size = m->value_size,
		.op = *op,
	};
	int ret = ioc(m->fd, HMAP_IOC_OP, &arg);

	*op = arg.op;
	return op->result == ret ? ret : -EBADMSG;
}

/* Keys first..first+n-1, each with its own number as its value's. */
static inline int map_put_range(struct map *m, u64 first, u64 n)
{
	u64 i;
	int ret = 0;

	for (i = first; !ret && i < first + n; i++)
		ret = map_put(m, i, i, HMAP_ANY);
	return ret;
}

/*
 * HMAP_OP_PUT or HMAP_OP_GET of the elements @first to @first + @n - 1, many in a system
 * call. The error is that of the first element that fails; -EBADMSG: a wrong value.
 */
static inline int map_range_vector(struct map *m, u32 op, u64 first, u64 n)
{
	enum { MANY = 200 };
	char *keys = calloc(MANY, m->key_size);
	char *values = calloc(MANY, m->value_size ? m->value_size : 1);
	s32 results[MANY];
	struct hmap_ioc_vector arg = {
		.size = sizeof(arg), .flags = HMAP_BATCH_STOP,
		.key_size = m->key_size, .value_size = m->value_size,
		.op = op, .keys = addr(keys),
		.values = m->value_size ? addr(values) : 0,
		.results = addr(results),
	};
	int ret = keys && values ? 0 : -ENOMEM;
	u64 i;

	for (; !ret && n; first += arg.count, n -= arg.count) {
		arg.count = n < MANY ? n : MANY;
		for (i = 0; i < arg.count; i++) {
			make_key(m, keys + i * m->key_size, first + i);
			if (op == HMAP_OP_PUT)
				make_value(m, values + i * m->value_size, first + i);
		}
		ret = ioc(m->fd, HMAP_IOC_VECTOR, &arg);
		if (!ret && arg.failed)
			ret = results[arg.done - 1];
		for (i = 0; !ret && op == HMAP_OP_GET && i < arg.count; i++)
			if (!value_is(m, values + i * m->value_size, first + i))
				ret = -EBADMSG;
	}
	free(keys);
	free(values);
	return ret;
}

/* As map_put_range(), where it is about what is in the map. */
static inline int map_fill(struct map *m, u64 first, u64 n)
{
	return map_range_vector(m, HMAP_OP_PUT, first, n);
}

/* Keys first, first+step, ... below @end. */
static inline int map_delete_every(struct map *m, u64 first, u64 end, u64 step)
{
	u64 i;
	int ret = 0;

	for (i = first; !ret && i < end; i += step)
		ret = map_delete(m, i);
	return ret;
}

static inline int map_check_range(struct map *m, u64 first, u64 n)
{
	return map_range_vector(m, HMAP_OP_GET, first, n);
}

/* Put keys until there are old buckets: a new array has just come. */
static inline int until_growing(struct map *m)
{
	struct hmap_stats s = {};
	u64 i;
	int ret = 0;

	for (i = 0; !ret && !(s.present & HMAP_HAS_OLDBUCKETS); i++) {
		if (i == 1000000)
			return -ETIME;
		ret = map_put(m, i, i, HMAP_ANY);
		if (!ret)
			ret = dev_stats(m->fd, &s);
	}
	return ret;
}

/* ---- scans ---- */

struct scan {
	struct hmap_ioc_scan arg;
	void *keys;
	void *values;
};

static inline struct scan scan_begin(const struct map *m, u32 capacity)
{
	struct scan s = {
		.keys = guarded((size_t)capacity * m->key_size),
		.values = guarded((size_t)capacity * m->value_size),
	};

	s.arg = (struct hmap_ioc_scan){
		.size = sizeof(s.arg),
		.key_size = m->key_size,
		.value_size = m->value_size,
		.keys = addr(s.keys),
		.values = m->value_size ? addr(s.values) : 0,
		.capacity = capacity,
		.count = 0xdeadbeef,
	};
	return s;
}

static inline int scan_next(const struct map *m, struct scan *s)
{
	return ioc(m->fd, HMAP_IOC_SCAN, &s->arg);
}

static inline void scan_end(const struct map *m, struct scan *s)
{
	unguard(s->keys, (size_t)s->arg.capacity * m->key_size);
	unguard(s->values, (size_t)s->arg.capacity * m->value_size);
}

static inline u64 scan_key(const struct map *m, const struct scan *s,
			   u32 i)
{
	return key_number(m, (char *)s->keys + (size_t)i * m->key_size);
}

static inline void *scan_value(const struct map *m, const struct scan *s,
			       u32 i)
{
	return (char *)s->values + (size_t)i * m->value_size;
}

/*
 * A whole scan that counts in seen[] how often each key below @n came, and
 * returns how many others did, or a negative errno. Values are not looked at.
 */
static inline s64 scan_count(const struct map *m, u32 capacity,
			     unsigned char *seen, u64 n)
{
	struct scan s = scan_begin(m, capacity);
	s64 others = 0;
	u32 i;
	u64 k;
	int ret;

	while (!(ret = scan_next(m, &s)) && s.arg.count) {
		for (i = 0; i < s.arg.count; i++) {
			k = scan_key(m, &s, i);
			if (k < n)
				seen[k]++;
			else
				others++;
		}
	}
	scan_end(m, &s);
	return ret ? ret : others;
}

static inline bool all_are(const unsigned char *seen, u64 n,
			   unsigned char value)
{
	u64 i;

	for (i = 0; i < n; i++)
		if (seen[i] != value)
			return false;
	return true;
}

/* ---- processes ---- */

/* Runs fn(arg) in a child, whose exit status is 0 if it returns 0. */
static inline pid_t spawn(int (*fn)(void *), void *arg)
{
	pid_t pid;
	int ret;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	ret = fn(arg);
	if (ret)
		fprintf(stderr, "# child: returned %d (%s)\n", ret,
			strerror(-ret));
	_exit(ret ? 1 : 0);
}

/* 0 if the child exited with 0, else its wait status. */
static inline int reap(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return status;
}

#endif /* HMAP_TEST_H */
