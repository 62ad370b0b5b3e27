// SPDX-License-Identifier: GPL-2.0
/*
 * What a lookup costs a program that makes no system call for it: maps of /dev/hmap
 * that are mapped, LMDB, and a table of the program's own. Runs in a guest as root,
 * with hmap.ko loaded for keys and values of 8 bytes.
 *
 *   reads_bench KERNEL N ROUNDS SEED FOLDER
 *
 * All contestants have the same keys (of keys.h), and in each round all of them look
 * these up, one after the other; which one begins changes with the round. Every value
 * is added up, and the sum is checked. LMDB has its files in FOLDER. Prints one JSON
 * object for each contestant and round.
 *
 * Each contestant has a loop of its own, so that the compiler inlines what it can.
 */
#include <fcntl.h>
#include <hmap.h>
#include <lmdb.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "program.h"

#define LOOKUPS		1048576		/* at least, between two looks at the clock */
#define ROUND_NS	1e8		/* how long a contestant is measured */
#define BATCH		4096		/* elements in a call that inserts */
#define LINE		8		/* words in a line of the cache */

/**
 * struct contestant - a kind of table
 * @name: as in the results
 * @note: what to know about it
 * @open: makes it, with all keys
 * @loop: looks @count keys up, and returns the sum of their values
 */
struct contestant {
	const char *name;
	const char *note;
	void (*open)(void);
	__u64 (*loop)(const __u64 *keys, size_t count);
};

static __u32 n;
static __u64 *inserted;		/* the keys, in the order of insertion */
static __u64 *asked;		/* the same, in the orders of many rounds */
static size_t nr_asked;
static const char *folder;

static void must(int error, const char *what)
{
	if (error)
		errx(1, "%s: error %d", what, error);
}

/* ---- /dev/hmap, mapped ---- */

static struct hmap *device, *fast, *siphash;

/* Lookups of a map that is being resized may have to be system calls. */
static void wait_for_resize(struct hmap *map)
{
	struct hmap_stats stats;

	do {
		usleep(10000);
		must(hmap_get_stats(map, &stats), "hmap_get_stats");
	} while (stats.present & HMAP_HAS_OLDBUCKETS);
}

static struct hmap *mapped_open(__u32 hash)
{
	struct hmap_ioc_create create = {
		.size = sizeof(create), .flags = HMAP_CREATE_MMAP,
		.key_size = sizeof(__u64), .value_size = sizeof(__u64),
		.hash = hash,
	};
	__u64 values[BATCH];
	struct hmap *map;
	__u32 i, j, some;

	map = hmap_open_fd(ioctl(hmap_fd(device), HMAP_IOC_CREATE, &create));
	if (!map || !hmap_is_mapped(map))
		err(1, "no mapped map");
	for (i = 0; i < n; i += some) {
		some = n - i < BATCH ? n - i : BATCH;
		for (j = 0; j < some; j++)
			values[j] = value_of(inserted[i + j]);
		must(hmap_put_many(map, inserted + i, sizeof(*inserted), values,
				   sizeof(*values), NULL, some,
				   HMAP_NOEXIST) != (int)some, "hmap_put_many");
	}
	wait_for_resize(map);
	return map;
}

static void fast_open(void)
{
	fast = mapped_open(HMAP_HASH_FAST);
}

static void siphash_open(void)
{
	siphash = mapped_open(HMAP_HASH_SIPHASH);
}

static inline __u64 mapped_loop(struct hmap *map, const __u64 *keys, size_t count)
{
	__u64 sum = 0, value;
	size_t i;

	for (i = 0; i < count; i++)
		if (!hmap_get(map, &keys[i], sizeof(*keys), &value, sizeof(value)))
			sum += value;
	return sum;
}

static __u64 fast_loop(const __u64 *keys, size_t count)
{
	return mapped_loop(fast, keys, count);
}

static __u64 siphash_loop(const __u64 *keys, size_t count)
{
	return mapped_loop(siphash, keys, count);
}

/* ---- LMDB ---- */

static struct MDB_txn *txn;
static MDB_dbi dbi;

static int compare_keys(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static MDB_env *lmdb_env(unsigned int flags)
{
	MDB_env *env;

	must(mdb_env_create(&env), "mdb_env_create");
	must(mdb_env_set_mapsize(env, 1048576 + 128UL * n), "mdb_env_set_mapsize");
	must(mdb_env_open(env, folder, flags, 0600), "mdb_env_open");
	return env;
}

/* In the order of the keys: its pages get full, and there are as few as can be. */
static void lmdb_fill(void)
{
	MDB_env *env = lmdb_env(MDB_NOSYNC | MDB_WRITEMAP);
	__u64 *sorted = array(n), value;
	MDB_val k = { sizeof(*sorted), NULL }, v = { sizeof(value), &value };
	__u32 i;

	memcpy(sorted, inserted, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_keys);
	must(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
	must(mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &dbi), "mdb_dbi_open");
	must(mdb_drop(txn, dbi, 0), "mdb_drop");
	for (i = 0; i < n; i++) {
		k.mv_data = &sorted[i];
		value = value_of(sorted[i]);
		must(mdb_put(txn, dbi, &k, &v, MDB_APPEND), "mdb_put");
	}
	must(mdb_txn_commit(txn), "mdb_txn_commit");
	mdb_env_close(env);
	free(sorted);
}

static void lmdb_open(void)
{
	MDB_env *env;

	lmdb_fill();
	env = lmdb_env(MDB_RDONLY);
	must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "mdb_txn_begin");
	must(mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &dbi), "mdb_dbi_open");
	mdb_txn_reset(txn);
}

/* Both contestants read the same database. */
static void lmdb_is_open(void)
{
	if (!txn)
		lmdb_open();
}

static inline __u64 lmdb_get(const __u64 *key)
{
	MDB_val k = { sizeof(*key), (void *)key }, v;

	return mdb_get(txn, dbi, &k, &v) ? 0 : *(const __u64 *)v.mv_data;
}

/* A transaction that is renewed is cheaper than a new one. */
static __u64 lmdb_loop(const __u64 *keys, size_t count)
{
	__u64 sum = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (mdb_txn_renew(txn))
			return 0;
		sum += lmdb_get(&keys[i]);
		mdb_txn_reset(txn);
	}
	return sum;
}

static __u64 lmdb_one_txn_loop(const __u64 *keys, size_t count)
{
	__u64 sum = 0;
	size_t i;

	if (mdb_txn_renew(txn))
		return 0;
	for (i = 0; i < count; i++)
		sum += lmdb_get(&keys[i]);
	mdb_txn_reset(txn);
	return sum;
}

/* ---- a table of the program's own: open addressing, linear probing, half full ---- */

static struct slot {
	__u64 key;	/* 0: none */
	__u64 value;
} *slots;

static __u64 table_seed;

static inline __u64 high_word(__u64 a, __u64 b)
{
	return (__uint128_t)a * b >> 64;
}

static inline __u64 slot_of(__u64 key)
{
	__uint128_t product = (__uint128_t)(key ^ table_seed) *
				    0x9e3779b97f4a7c15ULL;

	return high_word((__u64)product ^ (__u64)(product >> 64), 2ULL * n);
}

static inline __u64 next_slot(__u64 at)
{
	return at + 1 < 2ULL * n ? at + 1 : 0;
}

static void table_open(void)
{
	__u64 at;
	__u32 i;

	slots = aligned_alloc(64, (2UL * n * sizeof(*slots) + 63) & ~63UL);
	if (!slots)
		err(1, "no memory");
	memset(slots, 0, 2UL * n * sizeof(*slots));
	table_seed = random_mix(getpid());
	for (i = 0; i < n; i++) {
		if (!inserted[i])
			errx(1, "a key is 0");
		for (at = slot_of(inserted[i]); slots[at].key; at = next_slot(at))
			;
		slots[at] = (struct slot){ inserted[i], value_of(inserted[i]) };
	}
}

static inline __u64 table_get(__u64 key)
{
	__u64 at;

	for (at = slot_of(key); slots[at].key; at = next_slot(at))
		if (slots[at].key == key)
			return slots[at].value;
	return 0;
}

static __u64 table_loop(const __u64 *keys, size_t count)
{
	__u64 sum = 0;
	size_t i;

	for (i = 0; i < count; i++)
		sum += table_get(keys[i]);
	return sum;
}

/* ---- the floor: a line of memory for each lookup, of as much as hmap takes ---- */

static __u64 *line;
static __u64 lines;

static void floor_open(void)
{
	struct hmap_stats stats;

	must(hmap_get_stats(fast, &stats), "hmap_get_stats");
	lines = stats.memory / sizeof(*line) / LINE;
	line = aligned_alloc(64, lines * LINE * sizeof(*line));
	if (!line)
		err(1, "no memory");
	memset(line, 0xff, lines * LINE * sizeof(*line));
}

static __u64 floor_loop(const __u64 *keys, size_t count)
{
	__u64 sum = 0;
	size_t i;

	for (i = 0; i < count; i++)
		sum += __atomic_load_n(&line[high_word(value_of(keys[i]), lines) *
					     LINE], __ATOMIC_RELAXED);
	return sum;
}

/* ---- measuring ---- */

/* In the order in which they are opened; the floor is no table. */
static const struct contestant contestants[] = {
	{ "/dev/hmap mmap", "the fast hash", fast_open, fast_loop },
	{ "/dev/hmap mmap siphash", "", siphash_open, siphash_loop },
	{ "LMDB", "a read transaction renewed for each get", lmdb_is_open, lmdb_loop },
	{ "LMDB one txn", "", lmdb_is_open, lmdb_one_txn_loop },
	{ "in-process table", "half full", table_open, table_loop },
	{ "floor", "", floor_open, floor_loop },
};

static void make_asked(__u64 seed)
{
	__u32 rounds = LOOKUPS / n ? LOOKUPS / n : 1, i;

	nr_asked = (size_t)rounds * n;
	asked = array(nr_asked);
	for (i = 0; i < rounds; i++) {
		make_keys(asked + (size_t)i * n, n, seed);
		shuffle(asked + (size_t)i * n, n, seed, i);
	}
}

static void measure(const struct contestant *c, __u64 sum, const char *kernel)
{
	unsigned int passes = 0;
	double begin, ns;

	c->loop(asked, n);
	begin = now();
	do {
		if (c->loop(asked, nr_asked) != sum && c->loop != floor_loop)
			errx(1, "%s: wrong values", c->name);
		passes++;
		ns = now() - begin;
	} while (ns < ROUND_NS);
	print_row("reads", c->name, "hit", n, ns / nr_asked / passes, kernel, c->note);
	fflush(stdout);
}

/* The first processor is for everything else. */
static void use_last_processor(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpus - 1, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
}

int main(int argc, char **argv)
{
	unsigned int rounds, round, i;
	__u64 seed, sum = 0;
	size_t k;

	if (argc != 6)
		errx(2, "usage: reads_bench KERNEL N ROUNDS SEED FOLDER");
	n = strtoul(argv[2], NULL, 0);
	rounds = strtoul(argv[3], NULL, 0);
	seed = strtoull(argv[4], NULL, 0);
	folder = argv[5];
	use_last_processor();
	inserted = array(n);
	make_keys(inserted, n, seed);
	make_asked(seed);
	for (k = 0; k < nr_asked; k++)
		sum += value_of(asked[k]);
	device = hmap_open(NULL, O_RDWR);
	if (!device)
		err(1, "no /dev/hmap");
	for (i = 0; i < ARRAY_LEN(contestants); i++)
		contestants[i].open();
	for (round = 0; round < rounds; round++)
		for (i = 0; i < ARRAY_LEN(contestants); i++)
			measure(&contestants[(round + i) % ARRAY_LEN(contestants)],
				sum, argv[1]);
	return 0;
}
