// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail: -ENOMEM or success without, and nothing lost. Needs a
 * kernel with fault injection (FAILSLAB), which no distribution has: each
 * command is repeated with its first allocation failing, its second, and so
 * on, until there is none left to fail.
 */
#include "fault.h"

FIXTURE(fault) {
	struct map m;
	int fail_nth;
};

FIXTURE_VARIANT(fault) {
	u32 key_size;
	u32 value_size;
	u32 keys;
};

FIXTURE_VARIANT_ADD(fault, words) {
	.key_size = 8, .value_size = 8, .keys = 230,
};

FIXTURE_VARIANT_ADD(fault, out_of_line) {
	.key_size = 200, .value_size = 1000, .keys = 60,
};

FIXTURE_VARIANT_ADD(fault, largest) {
	.key_size = 4096, .value_size = 65536, .keys = 30,
};

FIXTURE_SETUP(fault)
{
	self->m.fd = -1;
	if (!can_fail(false))
		SKIP(return, "this kernel has no fault injection");
	self->fail_nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fail_nth, 0);
	ASSERT_EQ(0, map_load(&self->m, variant->key_size,
			      variant->value_size));
}

FIXTURE_TEARDOWN(fault)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* A put that failed has left no trace; one that succeeded is all there. */
static int check_put(struct map *m, u64 i, int result)
{
	int ret = map_get(m, i);

	if (dev_verify(m->fd))
		return -EUCLEAN;
	if (result == -ENOMEM)
		return ret == -ENOENT && dev_count(m->fd) == (s64)i ? 0 :
								      -EBADE;
	if (result)
		return result;
	if (ret || !value_is(m, m->value, i) ||
	    dev_count(m->fd) != (s64)i + 1)
		return -EBADMSG;
	return 0;
}

/* Put key @i in spite of all; counts how often it was -ENOMEM. */
static int put_stubbornly(struct map *m, int fail_nth, u64 i, u32 *failed)
{
	bool injected = true;
	u32 nth;
	int ret;

	for (nth = 1; injected; nth++) {
		fail_begin(fail_nth, nth);
		ret = map_put(m, i, i, HMAP_NOEXIST);
		injected = fail_end(fail_nth);
		*failed += ret == -ENOMEM;
		if (ret == -ENOMEM && !injected)
			return ret;
		ret = check_put(m, i, ret);
		if (ret)
			return ret;
		if (injected)
			map_delete(m, i);
	}
	return 0;
}

TEST_F(fault, a_put_without_memory_changes_nothing)
{
	struct map *m = &self->m;
	u32 failed = 0, i;

	for (i = 0; i < variant->keys; i++) {
		ASSERT_EQ(0, put_stubbornly(m, self->fail_nth, i, &failed))
			TH_LOG("key %u", i);
	}
	EXPECT_GT(failed, 0);
	EXPECT_EQ(0, map_check_range(m, 0, variant->keys));
}

TEST_F(fault, an_overwrite_without_memory_keeps_the_old_value)
{
	struct map *m = &self->m;
	bool injected = true;
	u32 nth;
	int ret;

	ASSERT_EQ(0, map_put_range(m, 0, variant->keys));
	for (nth = 1; injected; nth++) {
		fail_begin(self->fail_nth, nth);
		ret = map_put(m, 5, nth + 100, HMAP_ANY);
		injected = fail_end(self->fail_nth);
		ASSERT_EQ(0, map_get(m, 5));
		if (ret) {
			ASSERT_EQ(-ENOMEM, ret);
			ASSERT_TRUE(value_is(m, m->value, 5));
		} else {
			ASSERT_TRUE(value_is(m, m->value, nth + 100));
			ASSERT_EQ(0, map_put(m, 5, 5, HMAP_ANY));
		}
		ASSERT_EQ(0, dev_verify(m->fd));
	}
}

TEST_F(fault, a_clear_without_memory_changes_nothing)
{
	struct map *m = &self->m;
	bool injected = true;
	u32 nth;
	int ret;

	for (nth = 1; injected; nth++) {
		ASSERT_EQ(0, map_put_range(m, 0, variant->keys));
		fail_begin(self->fail_nth, nth);
		ret = dev_clear(m->fd);
		injected = fail_end(self->fail_nth);
		if (ret) {
			ASSERT_EQ(-ENOMEM, ret);
			ASSERT_EQ(0, map_check_range(m, 0, variant->keys));
		}
		ASSERT_EQ(ret ? variant->keys : 0, dev_count(m->fd));
		ASSERT_EQ(0, dev_verify(m->fd));
	}
}

/* What only reads fails or not, and has nothing to undo. */
TEST_F(fault, a_lookup_or_delete_without_memory_can_be_repeated)
{
	struct map *m = &self->m;
	bool injected = true;
	u32 nth;
	int ret;

	ASSERT_EQ(0, map_put_range(m, 0, variant->keys));
	for (nth = 1; injected; nth++) {
		fail_begin(self->fail_nth, nth);
		ret = map_get(m, 5);
		injected = fail_end(self->fail_nth);
		ASSERT_TRUE(!ret || (injected && ret == -ENOMEM));
		ASSERT_TRUE(ret ? is_poison(m->value, m->value_size) :
				  value_is(m, m->value, 5));
	}
	injected = true;
	for (nth = 1; injected; nth++) {
		fail_begin(self->fail_nth, nth);
		ret = map_delete(m, 7);
		injected = fail_end(self->fail_nth);
		ASSERT_TRUE(!ret || (injected && ret == -ENOMEM));
		ASSERT_EQ(ret ? 0 : -ENOENT, map_has(m, 7));
		ASSERT_EQ(0, dev_verify(m->fd));
		ASSERT_EQ(0, map_put(m, 7, 7, HMAP_ANY));
	}
}

TEST_F(fault, a_scan_without_memory_stays_where_it_was)
{
	struct map *m = &self->m;
	struct scan s = scan_begin(m, variant->keys);
	bool injected = true;
	u32 nth;
	int ret;

	ASSERT_EQ(0, map_put_range(m, 0, variant->keys));
	for (nth = 1; injected; nth++) {
		s.arg.cursor = (struct hmap_cursor){};
		s.arg.count = 77;
		fail_begin(self->fail_nth, nth);
		ret = scan_next(m, &s);
		injected = fail_end(self->fail_nth);
		if (!ret) {
			ASSERT_EQ(variant->keys, s.arg.count);
			continue;
		}
		ASSERT_EQ(-ENOMEM, ret);
		ASSERT_EQ(0, s.arg.count);
		ASSERT_EQ(0, s.arg.cursor.place);
	}
}

/* Key number @keys is created, or not, by adding to the first byte of its value. */
TEST_F(fault, an_addition_without_memory_changes_nothing)
{
	struct map *m = &self->m;
	bool injected = true;
	struct hmap_op op;
	u32 nth;
	int ret;

	ASSERT_EQ(0, map_put_range(m, 0, variant->keys));
	for (nth = 1; injected; nth++) {
		make_key(m, m->key, variant->keys);
		op = op_arg(m, HMAP_OP_ADD);
		op.flags = HMAP_OP_CREATE | HMAP_OP_NEW;
		op.length = 1;
		op.operand = 3;
		fail_begin(self->fail_nth, nth);
		ret = map_op(m, &op);
		injected = fail_end(self->fail_nth);
		if (ret == -EBADMSG)	/* the structure was not written back */
			ret = -ENOMEM;
		ASSERT_TRUE(!ret || (injected && ret == -ENOMEM));
		ASSERT_EQ(variant->keys + !ret, dev_count(m->fd));
		ASSERT_EQ(0, dev_verify(m->fd));
		if (ret)
			continue;
		ASSERT_EQ(3, op.answer);
		ASSERT_EQ(0, map_delete(m, variant->keys));
	}
	EXPECT_EQ(0, map_check_range(m, 0, variant->keys));
}

#define VECTOR	20

/* Whether exactly those are in the map that have the result 0. */
static int check_results(struct map *m, const s32 *results, u32 done)
{
	u32 i;
	int ret;

	for (i = 0; i < VECTOR; i++) {
		ret = map_get(m, i);
		if (ret != (i < done && !results[i] ? 0 : -ENOENT))
			return -EBADE;
		if (!ret && !value_is(m, m->value, i))
			return -EBADMSG;
	}
	return dev_verify(m->fd);
}

TEST_F(fault, a_vector_without_memory_says_what_it_did)
{
	struct map *m = &self->m;
	char *keys = guarded(VECTOR * m->key_size);
	char *values = guarded(VECTOR * m->value_size);
	struct hmap_ioc_vector v;
	s32 results[VECTOR];
	bool injected = true;
	u32 nth, i;
	int ret;

	for (i = 0; i < VECTOR; i++) {
		make_key(m, keys + i * m->key_size, i);
		make_value(m, values + i * m->value_size, i);
	}
	for (nth = 1; injected; nth++) {
		v = (struct hmap_ioc_vector){
			.size = sizeof(v),
			.key_size = m->key_size, .value_size = m->value_size,
			.op = HMAP_OP_PUT, .count = VECTOR,
			.keys = addr(keys), .values = addr(values),
			.results = addr(results), .done = 77,
		};
		fail_begin(self->fail_nth, nth);
		ret = ioc(m->fd, HMAP_IOC_VECTOR, &v);
		injected = fail_end(self->fail_nth);
		ASSERT_TRUE(!ret || (injected && ret == -ENOMEM));
		ASSERT_EQ(ret ? 0 : VECTOR, v.done);
		ASSERT_EQ(0, check_results(m, results, v.done));
		ASSERT_EQ(v.done - v.failed, dev_count(m->fd));
		ASSERT_EQ(0, dev_clear(m->fd));
	}
}

TEST_F(fault, a_resize_without_memory_loses_nothing)
{
	struct map *m = &self->m;
	struct hmap_ioc_count arg = { .size = sizeof(arg), .count = 3000 };
	bool injected = true;
	u32 nth;
	int ret;

	ASSERT_EQ(0, map_put_range(m, 0, variant->keys));
	for (nth = 1; injected; nth++) {
		fail_begin(self->fail_nth, nth);
		ret = ioc(m->fd, HMAP_IOC_RESERVE, &arg);
		if (!ret)
			ret = dev_plain(m->fd, HMAP_IOC_SHRINK);
		injected = fail_end(self->fail_nth);
		ASSERT_TRUE(!ret || (injected && ret == -ENOMEM));
		ASSERT_EQ(0, dev_verify(m->fd));
		ASSERT_EQ(0, map_check_range(m, 0, variant->keys));
		ASSERT_EQ(0, dev_plain(m->fd, HMAP_IOC_SHRINK));
	}
}

/*
 * Allocations of the kernel's loader before it looks at the parameters. If one of
 * these fails, code that is not ours may print a warning. Not every load takes as
 * many: the most of several.
 */
static u32 allocations_of_loader(int fail_nth)
{
	const u32 many = 1000000;
	u32 left = many, now;
	int i;

	for (i = 0; i < 8; i++) {
		fail_begin(fail_nth, many);
		if (module_load("key_size=0") != -EINVAL)
			abort();
		now = fail_left(fail_nth);
		fail_end(fail_nth);
		if (now < left)
			left = now;
	}
	return many - left;
}

TEST(a_load_without_memory_leaves_nothing)
{
	bool injected = true;
	u32 nth, failed = 0;
	int fail_nth, ret;
	struct map m;

	if (!can_fail(false))
		SKIP(return, "this kernel has no fault injection");
	fail_nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_GE(fail_nth, 0);
	ASSERT_EQ(0, module_gone());
	for (nth = allocations_of_loader(fail_nth); injected; nth++) {
		fail_begin(fail_nth, nth);
		ret = module_load("hint=1000");
		injected = fail_end(fail_nth);
		if (!ret) {
			ASSERT_EQ(0, module_unload());
			continue;
		}
		failed++;
		ASSERT_EQ(-ENOMEM, ret)
			TH_LOG("allocation %u", nth);
		ASSERT_FALSE(module_loaded());
		ASSERT_NE(0, access(HMAP_DEVICE, F_OK));
	}
	/* The worker, the map and the device take more than these. */
	EXPECT_GT(failed, 10);
	ASSERT_EQ(0, map_load(&m, 8, 8));
	EXPECT_EQ(0, map_put_range(&m, 0, 100));
	EXPECT_EQ(0, map_unload(&m));
}

TEST_HARNESS_MAIN
