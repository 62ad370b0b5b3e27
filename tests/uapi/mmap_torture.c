// SPDX-License-Identifier: GPL-2.0
/*
 * Lookups in mapped memory while other processes grow, shrink, clear and destroy the
 * map. A value is a word that is repeated, from which the key can be told: a torn
 * value, or another key's, is found out. Keys that are always there must always be
 * found.
 *
 * HMAP_SECONDS is how long each of it takes (2, at night 10).
 */
#include <hmap.h>
#include <pthread.h>

#include "hmap_test.h"

#define STABLE		64	/* keys that are always there: 0 ... */
#define OWN		100000	/* keys that only one process writes */
#define PASSING		1000000	/* keys that come and go */
#define THREADS		8
#define MAX_WORDS	16

FIXTURE(torture) {
	struct map device;
	struct map m;
};

FIXTURE_VARIANT(torture) {
	u32 words;	/* in a value */
	u32 hash;
	u32 stripes;
	u32 keys;	/* that come and go, for each process */
};

FIXTURE_VARIANT_ADD(torture, words) {
	.words = 1, .hash = HMAP_HASH_SIPHASH, .stripes = 1, .keys = 3000,
};

FIXTURE_VARIANT_ADD(torture, long_values) {
	.words = 16, .hash = HMAP_HASH_FAST, .stripes = 4, .keys = 800,
};

FIXTURE_VARIANT_ADD(torture, small_and_many_stripes) {
	.words = 3, .hash = HMAP_HASH_FAST, .stripes = 64, .keys = 90,
};

/* What the processes are told. */
static struct task {
	int fd;
	u32 words;
	u32 keys;
	u32 id;
} task;

static u64 deadline;

static u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

static bool time_left(void)
{
	return now_ms() < deadline;
}

/* The key's number in the low half, the word's in the high one. */
static void make_words(u64 *value, u32 words, u64 key, u32 nr)
{
	while (words--)
		*value++ = (u64)nr << 32 | key;
}

static bool are_words(const u64 *value, u32 words, u64 key)
{
	u32 i;

	for (i = 0; i < words; i++)
		if (value[i] != value[0])
			return false;
	return (u32)value[0] == key;
}

static int put_words(const struct hmap *map, u64 key, u32 nr)
{
	u64 value[MAX_WORDS];

	make_words(value, task.words, key, nr);
	return hmap_put(map, &key, sizeof(key), value,
			task.words * sizeof(*value), HMAP_ANY);
}

/* 0, -ENOENT, or -EBADMSG if it is a value that no process has put. */
static int get_words(const struct hmap *map, u64 key, u64 *value)
{
	int ret = hmap_get(map, &key, sizeof(key), value,
			   task.words * sizeof(*value));

	return ret || are_words(value, task.words, key) ? ret : -EBADMSG;
}

static struct hmap *open_map(void)
{
	struct hmap *map = hmap_open_fd(dup(task.fd));

	if (!map || hmap_is_mapped(map) != 1)
		abort();
	rng_state += task.id;
	return map;
}

FIXTURE_SETUP(torture)
{
	const char *seconds = getenv("HMAP_SECONDS");
	struct hmap_ioc_create create = create_arg(8, 8 * variant->words);
	struct hmap *map;
	u64 i;

	create.flags = HMAP_CREATE_MMAP;
	create.hash = variant->hash;
	create.stripes = variant->stripes;
	self->m.fd = -1;
	ASSERT_EQ(0, map_load(&self->device, 8, 8));
	ASSERT_EQ(0, map_create(&self->m, self->device.fd, &create));
	task = (struct task){
		.fd = self->m.fd, .words = variant->words,
		.keys = variant->keys,
	};
	map = open_map();
	for (i = 0; i < STABLE; i++)
		ASSERT_EQ(0, put_words(map, i, 0));
	hmap_close(map);
	deadline = now_ms() + 1000 * (seconds ? (u64)atoi(seconds) : often(10));
}

FIXTURE_TEARDOWN(torture)
{
	if (self->m.fd < 0)
		return;
	EXPECT_EQ(0, map_close(&self->m));
	EXPECT_EQ(0, map_unload(&self->device));
	TELL_SEED_ON_FAILURE();
}

/* ---- what the processes do ---- */

/* Stable keys are there, all others are whole if they are. */
static int read_some(const struct hmap *map, u32 n)
{
	u64 value[MAX_WORDS], key;
	int ret = 0;

	while (!ret && n--) {
		key = rnd_below(STABLE);
		ret = get_words(map, key, value);
		if (ret)
			fprintf(stderr, "# key %llu, always there: %d\n", key,
				ret);
		if (!ret)
			ret = get_words(map, PASSING + rnd_below(task.keys),
					value);
		if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

/* ENOENT of a stable key is not to be taken for one of another. */
static int read_stable(const struct hmap *map, u32 n)
{
	u64 value[MAX_WORDS], key;
	int ret = 0;

	while (!ret && n--) {
		key = rnd_below(STABLE);
		ret = get_words(map, key, value);
	}
	if (ret)
		fprintf(stderr, "# key %llu, always there: %d\n", key, ret);
	return ret ? -EBADMSG : 0;
}

static int reader(void *arg)
{
	struct hmap *map = open_map();
	int ret = 0;

	while (!ret && time_left()) {
		ret = read_stable(map, 500);
		if (!ret)
			ret = read_some(map, 500);
	}
	hmap_close(map);
	return ret;
}

/* A new mapping all the time. */
static int opener(void *arg)
{
	struct hmap *map;
	int ret = 0;

	while (!ret && time_left()) {
		map = open_map();
		ret = read_stable(map, 1 + rnd_below(50));
		hmap_close(map);
	}
	return ret;
}

static void *thread(void *arg)
{
	int ret = 0;

	while (!ret && time_left())
		ret = read_stable(arg, 500);
	return ret ? arg : NULL;
}

/* Threads that share one mapping. */
static int threads(void *arg)
{
	struct hmap *map = open_map();
	pthread_t id[THREADS];
	void *failed;
	int i, ret = 0;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&id[i], NULL, thread, map))
			abort();
	for (i = 0; i < THREADS; i++) {
		pthread_join(id[i], &failed);
		if (failed)
			ret = -EBADMSG;
	}
	hmap_close(map);
	return ret;
}

/* What this process has put it finds, what it has deleted it does not. */
static int check_own(const struct hmap *map, u64 key, u32 nr, bool there)
{
	u64 value[MAX_WORDS];
	int ret = get_words(map, key, value);

	if (there && !ret && value[0] >> 32 == nr)
		return 0;
	if (!there && ret == -ENOENT)
		return 0;
	fprintf(stderr, "# own key %llu, %s: %d\n", key,
		there ? "put" : "deleted", ret);
	return -EBADMSG;
}

static int write_own(const struct hmap *map, u32 n)
{
	u64 key = OWN + 1000 * task.id + rnd_below(900);
	u32 nr = rnd_below(1 << 30);
	int ret = 0;

	while (!ret && n--) {
		ret = put_words(map, key, ++nr);
		if (!ret)
			ret = check_own(map, key, nr, true);
		if (!ret && rnd_below(2)) {
			ret = hmap_delete(map, &key, sizeof(key));
			if (!ret)
				ret = check_own(map, key, nr, false);
		}
	}
	return ret;
}

static int owner(void *arg)
{
	struct hmap *map = open_map();
	int ret = 0;

	while (!ret && time_left())
		ret = write_own(map, 20);
	hmap_close(map);
	return ret;
}

/* New values of keys that are always there. */
static int overwriter(void *arg)
{
	struct hmap *map = open_map();
	u32 nr = 0;
	int ret = 0;

	while (!ret && time_left())
		ret = put_words(map, rnd_below(STABLE), ++nr);
	hmap_close(map);
	return ret;
}

/* The map grows, and shrinks again, or is made anew in the same size. */
static int grower(void *arg)
{
	struct hmap *map = open_map();
	u64 key, i;
	int ret = 0;

	while (!ret && time_left()) {
		for (i = 0; !ret && i < task.keys; i++)
			ret = put_words(map, PASSING + i, i);
		for (i = 0; !ret && i < task.keys; i++) {
			key = PASSING + i;
			ret = hmap_delete(map, &key, sizeof(key));
		}
		if (!ret && rnd_below(2))
			ret = hmap_shrink(map);
	}
	hmap_close(map);
	return ret;
}

static int run_all(int (*const *fn)(void *), size_t n)
{
	int i, failed = 0;
	pid_t pid[16];

	for (i = 0; i < n; i++) {
		task.id = i;
		pid[i] = spawn(fn[i], NULL);
	}
	for (i = 0; i < n; i++)
		failed += !!reap(pid[i]);
	return failed;
}

TEST_F(torture, what_is_there_is_found_while_the_map_is_resized)
{
	static int (*const all[])(void *) = {
		reader, opener, threads, owner, overwriter, grower,
	};
	u64 value[MAX_WORDS], i;
	struct hmap *map;

	EXPECT_EQ(0, run_all(all, ARRAY_LEN(all)));
	map = open_map();
	for (i = 0; i < STABLE; i++)
		EXPECT_EQ(0, get_words(map, i, value));
	hmap_close(map);
}

/* ---- clear ---- */

/* Nothing is certain but that a value is whole. */
static int reader_of_anything(void *arg)
{
	struct hmap *map = open_map();
	u64 value[MAX_WORDS];
	int ret = 0;

	while (!ret && time_left()) {
		ret = get_words(map, PASSING + rnd_below(task.keys), value);
		if (ret == -ENOENT)
			ret = 0;
	}
	hmap_close(map);
	return ret;
}

static int filler(void *arg)
{
	struct hmap *map = open_map();
	int ret = 0;
	u32 nr = 0;

	while (!ret && time_left())
		ret = put_words(map, PASSING + rnd_below(task.keys), ++nr);
	hmap_close(map);
	return ret;
}

/* No other process writes these keys: a deleted one stays deleted. */
static int clearer(void *arg)
{
	struct hmap *map = open_map();
	u64 key = OWN;
	int ret = 0;

	while (!ret && time_left()) {
		ret = put_words(map, key, 1);
		if (!ret)
			ret = check_own(map, key, 1, true);
		if (!ret)
			ret = hmap_clear(map);
		if (!ret)
			ret = check_own(map, key, 1, false);
	}
	hmap_close(map);
	return ret;
}

TEST_F(torture, what_is_cleared_is_gone)
{
	static int (*const all[])(void *) = {
		reader_of_anything, reader_of_anything, filler, filler, clearer,
	};

	EXPECT_EQ(0, run_all(all, ARRAY_LEN(all)));
}

/* ---- the map goes ---- */

/* A map that only the mapping of a reader keeps, while it is resized. */
TEST_F(torture, a_map_goes_with_its_last_mapping)
{
	struct hmap_ioc_create create = create_arg(8, 8 * variant->words);
	u64 i;

	create.flags = HMAP_CREATE_MMAP;
	while (time_left()) {
		struct hmap *map;
		pid_t pid;

		task.fd = dev_create(self->device.fd, &create);
		ASSERT_LE(0, task.fd);
		map = open_map();
		close(task.fd);
		for (i = 0; i < STABLE; i++)
			ASSERT_EQ(0, put_words(map, i, 0));
		task.fd = hmap_fd(map);
		pid = spawn(grower, NULL);
		ASSERT_EQ(0, read_stable(map, 2000));
		hmap_close(map);
		usleep(rnd_below(3000));
		kill(pid, SIGKILL);
		reap(pid);
	}
}

TEST_HARNESS_MAIN
