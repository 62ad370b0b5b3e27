// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of other hash tables in the kernel ask of these, asked of hmap.
 * The tests are named after those that they re-express; no text of theirs is here.
 *
 *   bpf test_maps
 *     hashmap                elem.c any_overwrites, noexist_only_inserts,
 *                            exist_only_overwrites, params.c a_full_map_is_enospc
 *     hashmap_sizes          elem.c sizes_work_in_every_combination
 *     hashmap_walk           test_maps_hashmap_walk
 *     hashmap_zero_seed      none: hmap lets no program choose a seed
 *     map_large              test_maps_map_large
 *     map_parallel           test_maps_map_parallel
 *     map_stress             test_maps_map_stress
 *     map_rdonly, _wronly    perm.c
 *   bpf map_tests
 *     htab_map_batch_ops     htab_map_batch_ops
 *     map_percpu_stats       map_percpu_stats
 *   bpf prog_tests
 *     htab_reuse             htab_reuse_basic, htab_reuse_consistency
 *     htab_update            parallel.c; its reentry is what KUnit tests callbacks for
 *     lookup_and_delete      ops.c, batch.c (POP)
 *     hash_large_key         elem.c sizes_work_in_every_combination
 *     for_each hash_modify   test_maps_hashmap_walk
 *     map_init (refusals)    maps.c attributes_are_checked_and_told
 *   lib/test_rhashtable
 *     test_rhashtable        test_rhashtable
 *     max_size               test_rhashtable_max
 *     insert_duplicates      elem.c noexist_only_inserts: no key is there twice
 *     threadfunc             test_rhashtable_threads
 */
#include <sys/mman.h>

#include "hmap_test.h"

#define PART		400	/* elements of one vector */

FIXTURE(rivals) {
	struct map m;
};

FIXTURE_SETUP(rivals)
{
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
}

FIXTURE_TEARDOWN(rivals)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* ---- many elements at a time ---- */

/* Memory for vectors of @m's elements. */
struct many {
	struct hmap_ioc_vector arg;
	char *keys;
	char *values;
	s32 results[PART];
};

static struct many *many_new(const struct map *m)
{
	struct many *v = calloc(1, sizeof(*v));

	v->keys = calloc(PART, m->key_size);
	v->values = calloc(PART, m->value_size);
	v->arg = (struct hmap_ioc_vector){
		.size = sizeof(v->arg), .key_size = m->key_size,
		.value_size = m->value_size, .keys = addr(v->keys),
		.results = addr(v->results),
	};
	return v;
}

/* Keys first, first + step, ..., @n of them, with their numbers as values. */
static int many_call(struct map *m, struct many *v, u32 op, u64 first,
		     u64 step, u32 n)
{
	u32 i;

	v->arg.op = op;
	v->arg.count = n;
	v->arg.values = 0;
	if (op != HMAP_OP_DELETE && m->value_size)
		v->arg.values = addr(v->values);
	for (i = 0; i < n; i++) {
		make_key(m, v->keys + (size_t)i * m->key_size, first + i * step);
		if (op == HMAP_OP_PUT)
			make_value(m, v->values + (size_t)i * m->value_size,
				   first + i * step);
	}
	return ioc(m->fd, HMAP_IOC_VECTOR, &v->arg);
}

/* Whether each brought @result, and a GET the right value. */
static bool many_are(struct map *m, const struct many *v, u64 first, u64 step,
		     int result)
{
	bool brings = !result && v->arg.op != HMAP_OP_DELETE;
	u32 i;

	if (v->arg.done != v->arg.count)
		return false;
	for (i = 0; i < v->arg.count; i++)
		if (v->results[i] != result ||
		    (brings && !value_is(m, v->values +
					 (size_t)i * m->value_size,
					 first + i * step)))
			return false;
	return true;
}

/* The same for any number of keys; -EBADE: one had another result. */
static int all(struct map *m, u32 op, u64 first, u64 step, u32 total,
	       u32 part, int result)
{
	struct many *v = many_new(m);
	u32 i, n;
	int ret = 0;

	for (i = 0; !ret && i < total; i += n) {
		n = total - i < part ? total - i : part;
		ret = many_call(m, v, op, first + i * step, step, n);
		if (!ret && !many_are(m, v, first + i * step, step, result))
			ret = -EBADE;
	}
	free(v->keys);
	free(v->values);
	free(v);
	return ret;
}

static int put_all(struct map *m, u64 first, u64 step, u32 n)
{
	return all(m, HMAP_OP_PUT, first, step, n, PART, 0);
}

static int get_all(struct map *m, u64 first, u64 step, u32 n, int result)
{
	return all(m, HMAP_OP_GET, first, step, n, PART, result);
}

static int delete_all(struct map *m, u64 first, u64 step, u32 n)
{
	return all(m, HMAP_OP_DELETE, first, step, n, PART, 0);
}

/* ---- processes ---- */

struct task {
	struct map *m;
	u32 id;
	u32 keys;
	bool *stop;
};

/* @n at once, all with the same file. Returns how many did not succeed. */
static int run_tasks(int (*fn)(void *), struct map *m, u32 n, u32 keys)
{
	struct task task[100];
	pid_t pid[100];
	u32 i, failed = 0;

	for (i = 0; i < n; i++) {
		task[i] = (struct task){ .m = m, .id = i, .keys = keys };
		pid[i] = spawn(fn, &task[i]);
	}
	for (i = 0; i < n; i++)
		failed += !!reap(pid[i]);
	return failed;
}

/* ---- test_maps ---- */

/* Each element that the walk comes to is changed, every third deleted. */
static int walk_and_change(struct map *m, u32 *walked)
{
	struct scan s = scan_begin(m, 50);
	int ret;
	u64 k;
	u32 i;

	while (!(ret = scan_next(m, &s)) && s.arg.count) {
		for (i = 0; !ret && i < s.arg.count; i++) {
			k = scan_key(m, &s, i);
			if (!value_is(m, scan_value(m, &s, i), k))
				return -EBADMSG;
			ret = k % 3 ? map_put(m, k, k + 1, HMAP_EXIST) :
				      map_delete(m, k);
		}
		if (ret)
			break;
		*walked += s.arg.count;
	}
	scan_end(m, &s);
	return ret;
}

TEST_F(rivals, test_maps_hashmap_walk)
{
	struct map *m = &self->m;
	const u32 n = 10000;
	u32 walked = 0, k;

	ASSERT_EQ(0, put_all(m, 0, 1, n));
	ASSERT_EQ(0, walk_and_change(m, &walked));
	EXPECT_EQ(n, walked);
	for (k = 0; k < n; k += 7) {
		ASSERT_EQ(k % 3 ? 0 : -ENOENT, map_get(m, k));
		if (k % 3)
			ASSERT_TRUE(value_is(m, m->value, k + 1));
	}
	EXPECT_EQ(n - (n + 2) / 3, dev_count(m->fd));
}

/* Keys of 4 KB that differ in their last bytes, as many as the map may hold. */
TEST_F(rivals, test_maps_map_large)
{
	struct hmap_ioc_create arg = create_arg(4096, 4);
	const u32 n = 2000;
	struct map m;

	arg.max_entries = n;
	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	ASSERT_EQ(0, put_all(&m, 0, 1, n));
	EXPECT_EQ(-ENOSPC, map_put(&m, n, n, HMAP_ANY));
	EXPECT_EQ(0, map_put(&m, 0, 0, HMAP_EXIST));
	EXPECT_EQ(0, get_all(&m, 0, 1, n, 0));
	EXPECT_EQ(-ENOENT, map_get(&m, n));
	EXPECT_EQ(n, dev_count(m.fd));
	EXPECT_EQ(0, map_close(&m));
}

/* Task i has the keys i, i + 100, i + 200, ... */
static int insert_own(void *arg)
{
	struct task *t = arg;

	return put_all(t->m, t->id, 100, t->keys);
}

static int delete_own(void *arg)
{
	struct task *t = arg;

	return delete_all(t->m, t->id, 100, t->keys);
}

TEST_F(rivals, test_maps_map_parallel)
{
	struct map *m = &self->m;
	const u32 keys = 100;

	EXPECT_EQ(0, run_tasks(insert_own, m, 100, keys));
	EXPECT_EQ(100 * keys, dev_count(m->fd));
	/* each again, by another way */
	EXPECT_EQ(-EEXIST, map_put(m, 0, 0, HMAP_NOEXIST));
	EXPECT_EQ(0, get_all(m, 0, 1, 100 * keys, 0));
	EXPECT_EQ(0, run_tasks(delete_own, m, 100, keys));
	EXPECT_EQ(0, dev_count(m->fd));
	EXPECT_EQ(0, get_all(m, 0, 1, 100 * keys, -ENOENT));
}

/* The whole life of a map of one's own. */
static int life_of_a_map(void *arg)
{
	struct task *t = arg;
	struct hmap_ioc_create create = create_arg(1 + t->id, t->id * 10);
	u32 walked = 0, n = t->keys;
	struct map m;
	int ret;

	create.key_size += 4;
	ret = map_create(&m, t->m->fd, &create);
	if (!ret)
		ret = put_all(&m, 0, 1, n);
	if (!ret && m.value_size)
		ret = walk_and_change(&m, &walked);
	if (!ret && m.value_size && walked != n)
		ret = -ERANGE;
	if (!ret)
		ret = dev_clear(m.fd);
	if (!ret)
		ret = get_all(&m, 0, 1, n, -ENOENT);
	return ret ? ret : map_close(&m);
}

TEST_F(rivals, test_maps_map_stress)
{
	EXPECT_EQ(0, run_tasks(life_of_a_map, &self->m, 20, 200));
}

/* ---- map_tests ---- */

TEST_F(rivals, htab_map_batch_ops)
{
	struct map *m = &self->m;
	struct many *v = many_new(m);
	const u32 n = 40;
	u32 step;

	/* an empty map; nothing to do */
	EXPECT_EQ(0, get_all(m, 0, 1, n, -ENOENT));
	EXPECT_EQ(0, many_call(m, v, HMAP_OP_PUT, 0, 1, 0));
	EXPECT_EQ(0, v->arg.done);
	EXPECT_EQ(0, dev_count(m->fd));

	for (step = 1; step <= n; step++) {
		ASSERT_EQ(0, all(m, HMAP_OP_PUT, 0, 1, n, step, 0));
		ASSERT_EQ(n, dev_count(m->fd));
		ASSERT_EQ(0, all(m, HMAP_OP_GET, 0, 1, n, step, 0));
		ASSERT_EQ(0, all(m, step % 2 ? HMAP_OP_DELETE : HMAP_OP_POP, 0,
				 1, n, step, 0));
		ASSERT_EQ(0, dev_count(m->fd));
	}
}

/* 8 tasks insert, overwrite and delete: the count is what is left. */
static int come_and_go(void *arg)
{
	struct task *t = arg;
	u64 first = (u64)t->id * t->keys;
	u32 round;
	int ret = 0;

	for (round = 0; !ret && round < 3; round++) {
		ret = put_all(t->m, first, 1, t->keys);
		if (!ret)
			ret = put_all(t->m, first, 2, t->keys / 2);
		if (!ret)
			ret = delete_all(t->m, first, 2, t->keys / 2);
	}
	return ret;
}

TEST_F(rivals, map_percpu_stats)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct hmap_ioc_count count = { .size = sizeof(count) };
	const u32 keys = 1000;
	struct map m;

	for (arg.stripes = 1; arg.stripes <= 64; arg.stripes *= 8) {
		ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
		EXPECT_EQ(0, run_tasks(come_and_go, &m, 8, keys));
		EXPECT_EQ(0, ioc(m.fd, HMAP_IOC_COUNT, &count));
		EXPECT_EQ(8 * keys / 2, count.count);
		EXPECT_EQ(count.count, dev_count(m.fd));
		EXPECT_EQ(0, map_close(&m));
	}
}

/* ---- prog_tests ---- */

/* A value of which all words are the same, and not those of another key. */
static int put_words(struct map *m, u64 key, u64 x)
{
	struct hmap_ioc_elem elem = elem_arg(m);
	u64 *words = m->value;
	u32 i;

	make_key(m, m->key, key);
	for (i = 0; i < m->value_size / sizeof(*words); i++)
		words[i] = key << 32 | x;
	return ioc(m->fd, HMAP_IOC_PUT, &elem);
}

static bool words_agree(const struct map *m, u64 key)
{
	const u64 *words = m->value;
	u32 i;

	for (i = 0; i < m->value_size / sizeof(*words); i++)
		if (words[i] != words[0] || words[i] >> 32 != key)
			return false;
	return true;
}

/* Slots and memory are used again at once, for other keys. */
static int reuse(void *arg)
{
	struct task *t = arg;
	u32 i;
	int ret = 0;

	for (i = 0; !ret && i < t->keys; i++) {
		ret = put_words(t->m, rnd_below(4) + 4 * t->id, i);
		if (!ret)
			map_delete(t->m, rnd_below(4) + 4 * t->id);
	}
	return ret;
}

static int look_at_reused(void *arg)
{
	struct task *t = arg;
	u64 key;
	int ret;

	for (;;) {
		key = rnd_below(8);
		ret = map_get(t->m, key);
		if (ret ? ret != -ENOENT : !words_agree(t->m, key))
			return ret ? ret : -EBADMSG;
		if (__atomic_load_n(t->stop, __ATOMIC_RELAXED))
			return 0;
	}
}

/* 2 tasks that write, 2 that read. */
static int reuse_in_parallel(struct map *m)
{
	bool *stop = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct task reader = { .m = m, .stop = stop };
	pid_t a = spawn(look_at_reused, &reader);
	pid_t b = spawn(look_at_reused, &reader);
	int failed = run_tasks(reuse, m, 2, 1000);

	*stop = true;
	failed += !!reap(a);
	failed += !!reap(b);
	munmap(stop, page_size());
	return failed;
}

TEST_F(rivals, htab_reuse_basic)
{
	struct map *m = &self->m;

	ASSERT_EQ(0, map_put(m, 1, 1, HMAP_NOEXIST));
	ASSERT_EQ(0, map_delete(m, 1));
	ASSERT_EQ(0, map_put(m, 1, 2, HMAP_NOEXIST));
	ASSERT_EQ(0, map_get(m, 1));
	EXPECT_TRUE(value_is(m, m->value, 2));
	EXPECT_EQ(1, dev_count(m->fd));
}

TEST_F(rivals, htab_reuse_consistency)
{
	static const u32 sizes[] = { 8, 64, 128, 1024 };
	struct hmap_ioc_create arg = create_arg(8, 0);
	struct map m;
	u32 i;

	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		arg.value_size = sizes[i];
		ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
		EXPECT_EQ(0, reuse_in_parallel(&m))
			TH_LOG("values of %u bytes", sizes[i]);
		EXPECT_EQ(0, map_close(&m));
	}
}

/* ---- test_rhashtable ---- */

#define ENTRIES	50000

/* Even keys are in the map, odd ones are not; a walk comes to as many. */
TEST_F(rivals, test_rhashtable)
{
	static unsigned char seen[2 * ENTRIES];
	struct map *m = &self->m;
	u32 i;

	ASSERT_EQ(0, put_all(m, 0, 2, ENTRIES));
	EXPECT_EQ(0, get_all(m, 0, 2, ENTRIES, 0));
	EXPECT_EQ(0, get_all(m, 1, 2, ENTRIES, -ENOENT));
	EXPECT_EQ(0, scan_count(m, 1000, seen, 2 * ENTRIES));
	for (i = 0; i < 2 * ENTRIES; i++)
		ASSERT_EQ(i % 2 ? 0 : 1, seen[i]);
	EXPECT_EQ(0, delete_all(m, 0, 2, ENTRIES));
	EXPECT_EQ(0, get_all(m, 0, 2, ENTRIES, -ENOENT));
	EXPECT_EQ(0, dev_count(m->fd));
}

TEST_F(rivals, test_rhashtable_max)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	const u32 n = 1000;
	struct map m;

	arg.max_entries = n;
	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	ASSERT_EQ(0, put_all(&m, 0, 1, n));
	EXPECT_EQ(-ENOSPC, map_put(&m, n, n, HMAP_ANY));
	EXPECT_EQ(0, map_delete(&m, 0));
	EXPECT_EQ(0, map_put(&m, n, n, HMAP_ANY));
	EXPECT_EQ(-ENOSPC, map_put(&m, 0, 0, HMAP_ANY));
	EXPECT_EQ(0, map_close(&m));
}

/* Of its keys that are left, each task deletes every tenth, ninth, ... and all. */
static int thin_out(void *arg)
{
	struct task *t = arg;
	bool *there = malloc(t->keys);
	u64 first = (u64)t->id * t->keys;
	u32 step, i;
	int ret = put_all(t->m, first, 1, t->keys);

	memset(there, true, t->keys);
	for (step = 10; step; step--) {
		for (i = 0; !ret && i < t->keys; i += step)
			if (there[i]) {
				ret = map_delete(t->m, first + i);
				there[i] = false;
			}
		for (i = 0; !ret && i < t->keys; i++)
			if (map_has(t->m, first + i) != (there[i] ? 0 : -ENOENT))
				ret = -EBADE;
	}
	free(there);
	return ret;
}

TEST_F(rivals, test_rhashtable_threads)
{
	EXPECT_EQ(0, run_tasks(thin_out, &self->m, 10, 100));
	EXPECT_EQ(0, dev_count(self->m.fd));
}

TEST_HARNESS_MAIN
