// SPDX-License-Identifier: GPL-2.0
/*
 * What a program sees: /dev/hmap through libhmap against a BPF HASH map through
 * libbpf, system call by system call. Runs in a guest as root, with hmap.ko
 * loaded for keys and values of 8 bytes.
 *
 *   user_bench KERNEL N ROUNDS SEED
 *
 * In each round every operation is done by all contestants, one after the
 * other, on the same keys (of keys.h) in the same order; the first one changes with
 * the round.
 * Every answer is checked. Prints one JSON object for each operation, contestant
 * and round; report.py makes medians of them.
 *
 * A contestant that lacks an operation has NULL there, and prints nothing.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <hmap.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "program.h"

#define BATCH		256	/* elements in a call of the batch operations */
#define SCAN_BATCH	4096	/* elements that a scan may return at once */
#define REPEAT_NS	1e9	/* how long what only reads is repeated */
#define TLB_DOUBLINGS	6	/* from a small one to a large one */

/* Functions return 0 or a negative errno value, or how many elements they did. */
struct contestant {
	const char *name;
	const char *note;
	int (*open)(void);
	int (*clear)(void);
	int (*get)(const __u64 *key, __u64 *value);
	int (*put)(const __u64 *key, const __u64 *value);
	int (*delete)(const __u64 *key);
	/* up to BATCH; may replace the keys asked for by those that it found */
	int (*get_batch)(__u64 *keys, __u64 *values, __u32 count);
	int (*put_batch)(const __u64 *keys, const __u64 *values, __u32 count);
	/* all elements; there is room for n + SCAN_BATCH */
	int (*scan)(__u64 *keys, __u64 *values);
};

static __u32 n;
static __u64 *inserted;		/* the keys, in the order of insertion */
static __u64 *asked;		/* the same in another order */
static __u64 *seen_keys;	/* what a scan found */
static __u64 *seen_values;

static void check(bool good, const struct contestant *c, const char *what)
{
	if (!good)
		errx(1, "%s: wrong result of %s", c->name, what);
}

/* ---- /dev/hmap ---- */

static struct hmap *map;

/* With room for all, as the rival has. */
static int dev_open(void)
{
	map = hmap_open(NULL, O_RDWR);
	return map ? hmap_reserve(map, n) : -errno;
}

static int dev_clear(void)
{
	return hmap_clear(map);
}

static int dev_get(const __u64 *key, __u64 *value)
{
	return hmap_get(map, key, sizeof(*key), value, sizeof(*value));
}

static int dev_put(const __u64 *key, const __u64 *value)
{
	return hmap_put(map, key, sizeof(*key), value, sizeof(*value),
			HMAP_ANY);
}

static int dev_delete(const __u64 *key)
{
	return hmap_delete(map, key, sizeof(*key));
}

static int dev_get_batch(__u64 *keys, __u64 *values, __u32 count)
{
	return hmap_get_many(map, keys, sizeof(*keys), values, sizeof(*values),
			     NULL, count);
}

static int dev_put_batch(const __u64 *keys, const __u64 *values, __u32 count)
{
	return hmap_put_many(map, keys, sizeof(*keys), values, sizeof(*values),
			     NULL, count, HMAP_ANY);
}

static int dev_scan(__u64 *keys, __u64 *values)
{
	struct hmap_cursor cursor = { 0 };
	__u32 found = 0;
	int got;

	do {
		got = hmap_scan(map, &cursor, keys + found, sizeof(*keys),
				values + found, sizeof(*values), SCAN_BATCH);
		found += got > 0 ? got : 0;
	} while (got > 0 && found <= n);
	return got < 0 ? got : (int)found;
}

/* ---- the same, in a map that can be mapped: lookups are no system calls ---- */

static struct hmap *mapped;

static int mapped_open(void)
{
	struct hmap_ioc_create create = {
		.size = sizeof(create), .flags = HMAP_CREATE_MMAP,
		.key_size = sizeof(__u64), .value_size = sizeof(__u64),
		.hash = HMAP_HASH_FAST,
	};
	int fd = ioctl(hmap_fd(map), HMAP_IOC_CREATE, &create);

	if (fd < 0)
		return -errno;
	mapped = hmap_open_fd(fd);
	if (!mapped)
		return -errno;
	return hmap_is_mapped(mapped) ? 0 : -ENODEV;
}

static int mapped_clear(void)
{
	return hmap_clear(mapped);
}

static int mapped_get(const __u64 *key, __u64 *value)
{
	return hmap_get(mapped, key, sizeof(*key), value, sizeof(*value));
}

static int mapped_put(const __u64 *key, const __u64 *value)
{
	return hmap_put(mapped, key, sizeof(*key), value, sizeof(*value),
			HMAP_ANY);
}

/* ---- BPF HASH, preallocated, which is the default and the fastest ---- */

static int bpf_fd = -1;
static __u32 bpf_place;
static bool bpf_scanning;

/* An empty one is a new one: cheaper than deletes, and what a program would do. */
static int bpf_clear(void)
{
	if (bpf_fd >= 0)
		close(bpf_fd);
	bpf_fd = bpf_map_create(BPF_MAP_TYPE_HASH, "bench", sizeof(__u64),
				sizeof(__u64), n, NULL);
	return bpf_fd < 0 ? bpf_fd : 0;
}

static int bpf_get(const __u64 *key, __u64 *value)
{
	return bpf_map_lookup_elem(bpf_fd, key, value);
}

static int bpf_put(const __u64 *key, const __u64 *value)
{
	return bpf_map_update_elem(bpf_fd, key, value, BPF_ANY);
}

static int bpf_delete(const __u64 *key)
{
	return bpf_map_delete_elem(bpf_fd, key);
}

static int bpf_put_batch(const __u64 *keys, const __u64 *values, __u32 count)
{
	int err = bpf_map_update_batch(bpf_fd, keys, values, &count, NULL);

	return err ? err : (int)count;
}

/* Elements from where the last call ended, or from the start after the end. */
static int bpf_next(__u64 *keys, __u64 *values, __u32 capacity)
{
	int err;

	err = bpf_map_lookup_batch(bpf_fd, bpf_scanning ? &bpf_place : NULL,
				   &bpf_place, keys, values, &capacity, NULL);
	if (err && err != -ENOENT)
		return err;
	bpf_scanning = !err;	/* -ENOENT: these were the last ones */
	return capacity;
}

/* It has no batch of keys that the caller chooses, which would cost it more. */
static int bpf_get_batch(__u64 *keys, __u64 *values, __u32 count)
{
	(void)count;
	return bpf_next(keys, values, BATCH);
}

static int bpf_scan(__u64 *keys, __u64 *values)
{
	__u32 found = 0;
	int got;

	bpf_scanning = false;
	do {
		got = bpf_next(keys + found, values + found, SCAN_BATCH);
		found += got > 0 ? got : 0;
	} while (bpf_scanning && got >= 0 && found <= n);
	return got < 0 ? got : (int)found;
}

static const struct contestant contestants[] = {
	{
		.name = "/dev/hmap",
		.note = "room reserved for n",
		.open = dev_open,
		.clear = dev_clear,
		.get = dev_get,
		.put = dev_put,
		.delete = dev_delete,
		.get_batch = dev_get_batch,
		.put_batch = dev_put_batch,
		.scan = dev_scan,
	}, {
		.name = "/dev/hmap mmap",
		.note = "made to be mapped, with the fast hash; get is no system call",
		.open = mapped_open,
		.clear = mapped_clear,
		.get = mapped_get,
		.put = mapped_put,
	}, {
		.name = "BPF HASH",
		.note = "preallocated for n; batch-get returns any elements, not those asked for",
		.open = bpf_clear,
		.clear = bpf_clear,
		.get = bpf_get,
		.put = bpf_put,
		.delete = bpf_delete,
		.get_batch = bpf_get_batch,
		.put_batch = bpf_put_batch,
		.scan = bpf_scan,
	},
};

/* ---- the operations, each on all elements; false: there is no such thing ---- */

static bool op_put(const struct contestant *c)
{
	__u32 i;

	for (i = 0; i < n; i++) {
		__u64 value = value_of(inserted[i]);

		check(!c->put(&inserted[i], &value), c, "put");
	}
	return true;
}

static bool op_get(const struct contestant *c)
{
	__u64 value;
	__u32 i;

	for (i = 0; i < n; i++) {
		check(!c->get(&asked[i], &value), c, "get");
		check(value == value_of(asked[i]), c, "get");
	}
	return true;
}

static bool op_delete(const struct contestant *c)
{
	__u32 i;

	for (i = 0; c->delete && i < n; i++)
		check(!c->delete(&asked[i]), c, "delete");
	return c->delete;
}

static __u32 batch_at(__u32 i)
{
	return n - i < BATCH ? n - i : BATCH;
}

static bool op_batch_get(const struct contestant *c)
{
	__u64 keys[BATCH], values[BATCH];
	__u32 i;
	int got, j;

	for (i = 0; c->get_batch && i < n; i += got) {
		memcpy(keys, asked + i, batch_at(i) * sizeof(*keys));
		got = c->get_batch(keys, values, batch_at(i));
		check(got > 0, c, "batch-get");
		for (j = 0; j < got; j++)
			check(values[j] == value_of(keys[j]), c, "batch-get");
	}
	return c->get_batch;
}

static bool op_batch_put(const struct contestant *c)
{
	__u64 values[BATCH];
	__u32 i, j;

	for (i = 0; c->put_batch && i < n; i += BATCH) {
		for (j = 0; j < batch_at(i); j++)
			values[j] = value_of(inserted[i + j]);
		check(c->put_batch(inserted + i, values, batch_at(i)) ==
		      (int)batch_at(i), c, "batch-put");
	}
	return c->put_batch;
}

static bool op_scan(const struct contestant *c)
{
	__u64 sum = 0;
	__u32 i;

	if (!c->scan)
		return false;
	check(c->scan(seen_keys, seen_values) == (int)n, c, "scan");
	for (i = 0; i < n; i++) {
		check(seen_values[i] == value_of(seen_keys[i]), c, "scan");
		sum += seen_keys[i] - inserted[i];
	}
	check(!sum, c, "scan");
	return true;
}

/*
 * In this order: each finds the map as the one before leaves it. What only reads
 * is repeated for a while: some contestants are through in milliseconds.
 */
static const struct {
	const char *name;
	bool (*run)(const struct contestant *c);
	bool repeat;
} ops[] = {
	{ "put", op_put, false },
	{ "get", op_get, true },
	{ "batch-get", op_batch_get, true },
	{ "scan", op_scan, true },
	{ "delete", op_delete, false },
	{ "batch-put", op_batch_put, false },
};

/* What one operation has left to others to be done is done when the next begins. */
static void settle(void)
{
	usleep(50000);
}

/* Too much to be flushed page by page: Linux flushes all of the TLB. */
static void flush_tlb(void)
{
	const size_t size = 256 * sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		err(1, "no memory");
	munmap(p, size);
}

/*
 * QEMU changes the size of the TLB that it emulates, but only when that is flushed:
 * to twice or half of what it was, by how much of it had been in use. Else it would
 * depend on what was done before how fast this is.
 */
static bool warm_up(unsigned int op, const struct contestant *c)
{
	unsigned int i;

	for (i = 0; i < TLB_DOUBLINGS; i++) {
		if (!ops[op].run(c))
			return false;
		flush_tlb();
	}
	return true;
}

static void run_op(unsigned int op, const struct contestant *c, const char *kernel)
{
	unsigned int times = 0;
	double begin, ns;

	if (ops[op].repeat && !warm_up(op, c))
		return;
	settle();
	begin = now();
	do {
		if (!ops[op].run(c))
			return;
		times++;
	} while (ops[op].repeat && now() - begin < REPEAT_NS);
	ns = (now() - begin) / n / times;
	print_row("user", c->name, ops[op].name, n, ns, kernel, c->note);
}

static void run_round(unsigned int round, const char *kernel)
{
	unsigned int op, i;

	for (i = 0; i < ARRAY_LEN(contestants); i++)
		check(!contestants[i].clear(), &contestants[i], "clear");
	for (op = 0; op < ARRAY_LEN(ops); op++)
		for (i = 0; i < ARRAY_LEN(contestants); i++)
			run_op(op, &contestants[(round + i) % ARRAY_LEN(contestants)],
			       kernel);
}

int main(int argc, char **argv)
{
	unsigned int rounds, i;
	__u64 seed;

	if (argc != 5)
		errx(2, "usage: user_bench KERNEL N ROUNDS SEED");
	n = strtoul(argv[2], NULL, 0);
	rounds = strtoul(argv[3], NULL, 0);
	seed = strtoull(argv[4], NULL, 0);
	inserted = array(n);
	asked = array(n);
	seen_keys = array(n + SCAN_BATCH);
	seen_values = array(n + SCAN_BATCH);
	make_keys(inserted, n, seed);
	make_keys(asked, n, seed);
	shuffle(asked, n, seed, 0);
	for (i = 0; i < ARRAY_LEN(contestants); i++)
		check(!contestants[i].open(), &contestants[i], "open");
	for (i = 0; i < rounds; i++)
		run_round(i, argv[1]);
	return 0;
}
