// SPDX-License-Identifier: GPL-2.0
/*
 * Several processes at once, and processes killed in the middle.
 */
#include "hmap_test.h"

#define PROCESSES	4

FIXTURE(parallel) {
	struct map m;
};

FIXTURE_VARIANT(parallel) {
	u32 key_size;
	u32 value_size;
	u32 keys;		/* for each process */
};

FIXTURE_VARIANT_ADD(parallel, words) {
	.key_size = 8, .value_size = 8, .keys = 3000,
};

FIXTURE_VARIANT_ADD(parallel, inline_128) {
	.key_size = 16, .value_size = 128, .keys = 2000,
};

FIXTURE_VARIANT_ADD(parallel, out_of_line) {
	.key_size = 200, .value_size = 4096, .keys = 300,
};

FIXTURE_SETUP(parallel)
{
	ASSERT_EQ(0, map_load(&self->m, variant->key_size,
			      variant->value_size));
}

FIXTURE_TEARDOWN(parallel)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* What a child is to do. */
struct task {
	u32 id;
	u32 keys;
	u64 *won;	/* shared by all: for each key, how often */
};

/* All of them at once. Returns how many did not succeed. */
static int run_all(int (*fn)(void *), u32 keys, u64 *won)
{
	struct task task[PROCESSES];
	pid_t pid[PROCESSES];
	int i, failed = 0;

	for (i = 0; i < PROCESSES; i++) {
		task[i] = (struct task){ .id = i, .keys = keys, .won = won };
		pid[i] = spawn(fn, &task[i]);
	}
	for (i = 0; i < PROCESSES; i++)
		failed += !!reap(pid[i]);
	return failed;
}

static u64 *shared_counters(u32 n)
{
	void *p = mmap(NULL, n * sizeof(u64), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

/* A whole scan finds as many elements as the map counts, each once. */
static int count_agrees(struct map *m)
{
	static unsigned char seen[1 << 16];
	u32 limit = sizeof(seen), i;
	s64 others, total = 0;

	memset(seen, 0, limit);
	others = scan_count(m, 100, seen, limit);
	if (others < 0)
		return others;
	for (i = 0; i < limit; i++) {
		if (seen[i] > 1)
			return -EEXIST;
		total += seen[i];
	}
	return total + others == dev_count(m->fd) ? 0 : -ERANGE;
}

/* ---- each process has keys of its own ---- */

static int work_on_own_keys(void *arg)
{
	struct task *t = arg;
	u64 first = (u64)t->id * t->keys, end = first + t->keys;
	struct map m;
	int ret;

	ret = map_open(&m, O_RDWR);
	if (!ret)
		ret = map_put_range(&m, first, t->keys);
	if (!ret)
		ret = map_check_range(&m, first, t->keys);
	if (!ret)
		ret = map_delete_every(&m, first, end, 2);
	if (!ret)
		ret = map_put_range(&m, first, t->keys / 2);
	if (!ret)
		ret = map_check_range(&m, first, t->keys / 2);
	return ret;
}

TEST_F(parallel, processes_with_their_own_keys_do_not_disturb_each_other)
{
	struct map *m = &self->m;
	u32 keys = variant->keys, i;
	int ret = 0;

	EXPECT_EQ(0, run_all(work_on_own_keys, keys, NULL));
	/* the first half, and of the second every other one */
	EXPECT_EQ(PROCESSES * (keys / 2 + keys / 4), dev_count(m->fd));
	for (i = 0; !ret && i < PROCESSES; i++)
		ret = map_check_range(m, i * keys, keys / 2);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, count_agrees(m));
}

/* ---- all the same keys ---- */

static int insert_first(void *arg)
{
	struct task *t = arg;
	struct map m;
	int ret;
	u32 i;

	ret = map_open(&m, O_RDWR);
	for (i = 0; !ret && i < t->keys; i++) {
		ret = map_put(&m, i, t->id, HMAP_NOEXIST);
		if (!ret)
			__atomic_add_fetch(&t->won[i], 1 + t->id * 256,
					   __ATOMIC_RELAXED);
		else if (ret == -EEXIST)
			ret = 0;
	}
	return ret;
}

static int delete_first(void *arg)
{
	struct task *t = arg;
	struct map m;
	int ret;
	u32 i;

	ret = map_open(&m, O_RDWR);
	for (i = 0; !ret && i < t->keys; i++) {
		ret = map_delete(&m, i);
		if (!ret)
			__atomic_add_fetch(&t->won[i], 1, __ATOMIC_RELAXED);
		else if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

TEST_F(parallel, one_of_many_inserts_wins_and_one_of_many_deletes)
{
	struct map *m = &self->m;
	u64 *won = shared_counters(variant->keys);
	u32 i;

	EXPECT_EQ(0, run_all(insert_first, variant->keys, won));
	EXPECT_EQ(variant->keys, dev_count(m->fd));
	for (i = 0; i < variant->keys; i++) {
		ASSERT_EQ(1, won[i] % 256);
		ASSERT_EQ(0, map_get(m, i));
		ASSERT_TRUE(value_is(m, m->value, won[i] / 256));
		won[i] = 0;
	}
	EXPECT_EQ(0, run_all(delete_first, variant->keys, won));
	EXPECT_EQ(0, dev_count(m->fd));
	for (i = 0; i < variant->keys && won[i] == 1; i++)
		;
	EXPECT_EQ(variant->keys, i);
}

/* ---- no process sees half of a value ---- */

#define HOT_KEYS	10

static void fill_word(struct map *m, u64 x)
{
	u32 i;

	for (i = 0; i < m->value_size / sizeof(x); i++)
		memcpy((char *)m->value + i * sizeof(x), &x, sizeof(x));
}

/* A word that stands there again and again, and that is the key's. */
static bool is_whole(const struct map *m, const void *value, u64 key)
{
	const char *v = value;
	u64 x;

	memcpy(&x, v, sizeof(x));
	return x % HOT_KEYS == key &&
	       !memcmp(v, v + sizeof(x), m->value_size - sizeof(x));
}

static int write_words(struct map *m, u64 rounds)
{
	struct hmap_ioc_elem elem = elem_arg(m);
	u64 i;
	int ret = 0;

	for (i = 0; !ret && i < rounds; i++) {
		make_key(m, m->key, i % HOT_KEYS);
		fill_word(m, (rnd() >> 8) * HOT_KEYS + i % HOT_KEYS);
		ret = ioc(m->fd, HMAP_IOC_PUT, &elem);
		if (!ret && i % 16 == 15)
			ret = map_delete(m, rnd_below(HOT_KEYS));
		if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

static int read_words(struct map *m, u64 rounds)
{
	struct scan s = scan_begin(m, HOT_KEYS);
	u64 i, k;
	u32 n;
	int ret = 0;

	for (i = 0; !ret && i < rounds; i++) {
		ret = map_get(m, i % HOT_KEYS);
		if (!ret && !is_whole(m, m->value, i % HOT_KEYS))
			return -EBADMSG;
		if (ret == -ENOENT)
			ret = 0;
		if (i % 16)
			continue;
		s.arg.cursor = (struct hmap_cursor){};
		ret = scan_next(m, &s);
		for (n = 0; !ret && n < s.arg.count; n++) {
			k = scan_key(m, &s, n);
			if (k < HOT_KEYS &&
			    !is_whole(m, scan_value(m, &s, n), k))
				return -EILSEQ;
		}
	}
	return ret;
}

/* Something to evacuate, again and again. */
static int grow_and_clear(struct map *m, u32 keys, u64 rounds)
{
	int ret = 0;

	while (!ret && rounds--) {
		ret = map_put_range(m, 1000, keys);
		if (!ret)
			ret = dev_clear(m->fd);
	}
	return ret;
}

static int read_or_write_words(void *arg)
{
	struct task *t = arg;
	u64 rounds = 10 * t->keys;
	struct map m;
	int ret;

	ret = map_open(&m, O_RDWR);
	if (ret)
		return ret;
	rng_state += t->id;
	switch (t->id) {
	case 0:
		return grow_and_clear(&m, t->keys / 4, 10);
	case 1:
		return write_words(&m, rounds);
	default:
		return read_words(&m, rounds);
	}
}

TEST_F(parallel, values_are_never_torn)
{
	EXPECT_EQ(0, run_all(read_or_write_words, variant->keys, NULL));
	EXPECT_EQ(0, count_agrees(&self->m));
}

/* ---- everything at once ---- */

static int do_anything(void *arg)
{
	struct task *t = arg;
	struct map m;
	u32 i;
	u64 k;
	int ret;

	ret = map_open(&m, O_RDWR);
	rng_state += t->id;
	for (i = 0; !ret && i < 5 * t->keys; i++) {
		k = rnd_below(t->keys);
		switch (rnd_below(500) ? rnd_below(6) : 6) {
		case 0 ... 2:
			ret = map_put(&m, k, k, HMAP_ANY);
			break;
		case 3:
			ret = map_delete(&m, k);
			break;
		case 4 ... 5:
			ret = map_get(&m, k);
			if (!ret && !value_is(&m, m.value, k))
				return -EBADMSG;
			break;
		case 6:
			ret = rnd_below(2) ? dev_clear(m.fd) :
					     dev_verify(m.fd);
			break;
		}
		if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

TEST_F(parallel, a_mixture_of_everything_leaves_the_map_whole)
{
	EXPECT_EQ(0, run_all(do_anything, variant->keys, NULL));
	EXPECT_EQ(0, count_agrees(&self->m));
}

/* ---- a limit is a limit ---- */

static int insert_until_full(void *arg)
{
	struct task *t = arg;
	struct map m;
	u64 i;
	int ret;

	ret = map_open(&m, O_RDWR);
	for (i = 0; !ret && i < t->keys; i++) {
		ret = map_put(&m, t->id * 1000 + i, 1, HMAP_ANY);
		if (!ret)
			__atomic_add_fetch(t->won, 1, __ATOMIC_RELAXED);
		else if (ret == -ENOSPC)
			ret = 0;
	}
	return ret;
}

TEST(a_limit_holds_for_all_processes_together)
{
	u64 *won = shared_counters(1);
	struct map m;

	ASSERT_EQ(0, map_load_params(&m, "max_entries=500"));
	EXPECT_EQ(0, run_all(insert_until_full, 300, won));
	EXPECT_EQ(500, *won);
	EXPECT_EQ(500, dev_count(m.fd));
	EXPECT_EQ(0, map_unload(&m));
}

/* ---- kill -9 ---- */

/* Each of these goes on until it is killed. */
static int put_for_ever(void *arg)
{
	struct map m;
	u64 i;
	int ret;

	ret = map_open(&m, O_RDWR);
	for (i = 0; !ret; i++)
		ret = map_put(&m, i % 20000, i % 20000, HMAP_ANY);
	return ret;
}

static int put_and_delete_for_ever(void *arg)
{
	struct map m;
	u64 i;
	int ret;

	ret = map_open(&m, O_RDWR);
	for (i = 0; !ret; i++) {
		ret = map_put(&m, 20000 + i % 3000, i, HMAP_ANY);
		if (!ret && i % 3000 >= 30)
			ret = map_delete(&m, 20000 + i % 3000 - 30);
		if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

static int scan_for_ever(void *arg)
{
	static unsigned char seen[20000];
	struct map m;
	int ret;

	ret = map_open(&m, O_RDONLY);
	while (!ret)
		ret = scan_count(&m, 10000, seen, 20000) < 0;
	return ret;
}

static int clear_for_ever(void *arg)
{
	struct map m;
	int ret;

	ret = map_open(&m, O_WRONLY);
	while (!ret) {
		ret = dev_clear(m.fd);
		usleep(20000);
	}
	return ret;
}

static int look_for_ever(void *arg)
{
	struct hmap_layout layout;
	struct map m;
	int ret;

	ret = map_open(&m, O_RDONLY);
	while (!ret)
		ret = dev_layout(m.fd, &layout);
	return ret;
}

static int (*const for_ever[])(void *) = {
	put_for_ever, put_and_delete_for_ever, scan_for_ever, clear_for_ever,
	look_for_ever,
};

/* Start them all, kill them one after the other at random moments. */
static int kill_round(void)
{
	pid_t pid[ARRAY_LEN(for_ever)];
	size_t i;
	int ret = 0;

	for (i = 0; i < ARRAY_LEN(for_ever); i++)
		pid[i] = spawn(for_ever[i], NULL);
	for (i = 0; i < ARRAY_LEN(for_ever); i++) {
		usleep(rnd_below(30000));
		kill(pid[i], SIGKILL);
	}
	for (i = 0; i < ARRAY_LEN(for_ever); i++) {
		if (!WIFSIGNALED(reap(pid[i])))
			ret = -ECHILD;
	}
	return ret;
}

TEST_F(parallel, killed_processes_leave_the_map_whole)
{
	struct map *m = &self->m;
	int i;

	for (i = 0; i < often(20); i++) {
		ASSERT_EQ(0, kill_round()) TH_LOG("round %d", i);
		ASSERT_EQ(0, dev_verify(m->fd)) TH_LOG("round %d", i);
		ASSERT_EQ(0, count_agrees(m)) TH_LOG("round %d", i);
		/* no lock is held by the dead */
		ASSERT_EQ(0, map_put_range(m, 50000, 100));
		ASSERT_EQ(0, map_check_range(m, 50000, 100));
	}
}

TEST_HARNESS_MAIN
