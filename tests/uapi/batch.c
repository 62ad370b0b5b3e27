// SPDX-License-Identifier: GPL-2.0
/*
 * BATCH and VECTOR: many operations in one call, each with its own result, and
 * an exact account of what has been done however the call ends.
 */
#include <limits.h>

#include "hmap_test.h"

#define MANY	1300		/* elements: more than one part of a vector */
#define PROCESSES	4

FIXTURE(batch) {
	struct map m;
	char *keys;		/* MANY of each, guarded */
	char *values;
	s32 *results;
	struct hmap_op *ops;
};

FIXTURE_VARIANT(batch) {
	u32 key_size;
	u32 value_size;
};

FIXTURE_VARIANT_ADD(batch, 8_8) { .key_size = 8, .value_size = 8 };
FIXTURE_VARIANT_ADD(batch, 8_0) { .key_size = 8, .value_size = 0 };
FIXTURE_VARIANT_ADD(batch, 5_3) { .key_size = 5, .value_size = 3 };
FIXTURE_VARIANT_ADD(batch, 200_1000) { .key_size = 200, .value_size = 1000 };

static char *key_at(const struct map *m, char *keys, u32 i)
{
	return keys + (size_t)i * m->key_size;
}

static char *value_at(const struct map *m, char *values, u32 i)
{
	return values + (size_t)i * m->value_size;
}

/* Keys 0..MANY-1, each with the value of its number. */
static void make_elements(const struct map *m, char *keys, char *values)
{
	u32 i;

	for (i = 0; i < MANY; i++) {
		make_key(m, key_at(m, keys, i), i);
		make_value(m, value_at(m, values, i), i);
	}
}

FIXTURE_SETUP(batch)
{
	struct map *m = &self->m;

	ASSERT_EQ(0, map_load(m, variant->key_size, variant->value_size));
	self->keys = guarded((size_t)MANY * m->key_size);
	self->values = guarded((size_t)MANY * m->value_size);
	self->results = guarded(MANY * sizeof(*self->results));
	self->ops = guarded(MANY * sizeof(*self->ops));
	make_elements(m, self->keys, self->values);
}

FIXTURE_TEARDOWN(batch)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* ---- batches ---- */

static struct hmap_ioc_batch batch_arg(const struct map *m,
				       const struct hmap_op *ops, u32 count)
{
	return (struct hmap_ioc_batch){
		.size = sizeof(struct hmap_ioc_batch),
		.key_size = m->key_size,
		.value_size = m->value_size,
		.ops = addr(ops),
		.count = count,
		.op_size = sizeof(*ops),
		.done = 0xdeadbeef,
		.failed = 0xdeadbeef,
	};
}

static int run_batch(const struct map *m, struct hmap_ioc_batch *arg)
{
	return ioc(m->fd, HMAP_IOC_BATCH, arg);
}

/* PUT of element @i. */
static struct hmap_op put_op(const struct map *m, char *keys, char *values, u32 i)
{
	struct hmap_op op = op_arg(m, HMAP_OP_PUT);

	op.key = addr(key_at(m, keys, i));
	op.length = m->value_size;
	op.value = m->value_size ? addr(value_at(m, values, i)) : 0;
	return op;
}

static struct hmap_op key_op(const struct map *m, u32 kind, char *keys, u32 i)
{
	struct hmap_op op = op_arg(m, kind);

	op.key = addr(key_at(m, keys, i));
	return op;
}

static void make_puts(FIXTURE_DATA(batch) * self, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		self->ops[i] = put_op(&self->m, self->keys, self->values, i);
}

TEST_F(batch, a_mixture_is_done_in_order_each_with_its_result)
{
	struct map *m = &self->m;
	struct hmap_op *op = self->ops;
	struct hmap_ioc_batch arg;

	op[0] = put_op(m, self->keys, self->values, 3);
	op[1] = key_op(m, HMAP_OP_GET, self->keys, 3);
	op[2] = key_op(m, HMAP_OP_DELETE, self->keys, 4);
	op[3] = key_op(m, HMAP_OP_DELETE, self->keys, 3);
	op[4] = key_op(m, HMAP_OP_GET, self->keys, 3);
	op[5] = op_arg(m, 99);
	op[6] = put_op(m, self->keys, self->values, 4);
	arg = batch_arg(m, op, 7);
	ASSERT_EQ(0, run_batch(m, &arg));
	EXPECT_EQ(7, arg.done);
	EXPECT_EQ(3, arg.failed);
	EXPECT_EQ(0, op[0].result);
	EXPECT_EQ(0, op[1].result);
	EXPECT_EQ(-ENOENT, op[2].result);
	EXPECT_EQ(0, op[3].result);
	EXPECT_EQ(-ENOENT, op[4].result);
	EXPECT_EQ(-EINVAL, op[5].result);
	EXPECT_EQ(0, op[6].result);
	EXPECT_EQ(0, op[0].existed);
	EXPECT_EQ(1, op[1].existed);
	EXPECT_EQ(0, op[2].existed);
	EXPECT_EQ(1, op[3].existed);
	EXPECT_EQ(1, dev_count(m->fd));
	EXPECT_EQ(0, map_check_range(m, 4, 1));
}

TEST_F(batch, nothing_but_results_is_written)
{
	struct map *m = &self->m;
	struct hmap_op before[20];
	struct hmap_ioc_batch arg;
	u32 i;

	make_puts(self, 20);
	memcpy(before, self->ops, sizeof(before));
	arg = batch_arg(m, self->ops, 20);
	ASSERT_EQ(0, run_batch(m, &arg));
	for (i = 0; i < 20; i++) {
		before[i].answer = 0;
		before[i].result = 0;
		before[i].existed = 0;
	}
	EXPECT_EQ(0, memcmp(before, self->ops, sizeof(before)));
}

TEST_F(batch, no_operation_is_fine)
{
	struct map *m = &self->m;
	struct hmap_ioc_batch arg = batch_arg(m, NULL, 0);

	EXPECT_EQ(0, run_batch(m, &arg));
	EXPECT_EQ(0, arg.done);
	EXPECT_EQ(0, arg.failed);
}

TEST_F(batch, a_batch_stops_if_asked_to)
{
	struct map *m = &self->m;
	struct hmap_ioc_batch arg;

	make_puts(self, 10);
	self->ops[6].flags = HMAP_EXIST;
	arg = batch_arg(m, self->ops, 10);
	arg.flags = HMAP_BATCH_STOP;
	ASSERT_EQ(0, run_batch(m, &arg));
	EXPECT_EQ(7, arg.done);
	EXPECT_EQ(1, arg.failed);
	EXPECT_EQ(-ENOENT, self->ops[6].result);
	EXPECT_EQ(0x5ca1ab1e, self->ops[7].result);
	EXPECT_EQ(6, dev_count(m->fd));

	arg = batch_arg(m, self->ops, 10);
	ASSERT_EQ(0, run_batch(m, &arg));
	EXPECT_EQ(10, arg.done);
	EXPECT_EQ(1, arg.failed);
	EXPECT_EQ(9, dev_count(m->fd));
	EXPECT_EQ(0, map_check_range(m, 0, 6));
	EXPECT_EQ(0, map_check_range(m, 7, 3));
}

TEST_F(batch, fields_of_a_batch_are_checked)
{
	struct map *m = &self->m;
	struct hmap_ioc_batch good, bad[6];
	size_t i;

	make_puts(self, 1);
	good = batch_arg(m, self->ops, 1);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		bad[i] = good;
	bad[0].flags = 4;
	bad[1].flags = 1U << 31;
	bad[2].key_size++;
	bad[3].value_size++;
	bad[4].op_size--;
	bad[5].op_size = 0;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		EXPECT_EQ(-EINVAL, run_batch(m, &bad[i])) TH_LOG("%zu", i);
		EXPECT_EQ(0, bad[i].done);
		EXPECT_EQ(0, bad[i].failed);
	}
	EXPECT_EQ(0, dev_count(m->fd));
	EXPECT_EQ(0, run_batch(m, &good));
}

TEST_F(batch, a_bad_address_in_an_operation_is_its_own_failure)
{
	struct map *m = &self->m;
	struct hmap_ioc_batch arg;

	make_puts(self, 5);
	self->ops[1].key = 8;
	self->ops[3].key = -8ULL;
	arg = batch_arg(m, self->ops, 5);
	ASSERT_EQ(0, run_batch(m, &arg));
	EXPECT_EQ(5, arg.done);
	EXPECT_EQ(2, arg.failed);
	EXPECT_EQ(-EFAULT, self->ops[1].result);
	EXPECT_EQ(-EFAULT, self->ops[3].result);
	EXPECT_EQ(0, self->ops[4].result);
	EXPECT_EQ(3, dev_count(m->fd));
}

/* The guard page is behind the last operation. */
TEST_F(batch, what_comes_before_a_bad_address_is_done)
{
	struct map *m = &self->m;
	struct hmap_ioc_batch arg;
	char *ops = (char *)self->ops;
	u32 n = 100;

	make_puts(self, n);
	memmove(self->ops + MANY - n, self->ops, n * sizeof(*self->ops));
	arg = batch_arg(m, self->ops + MANY - n, n + 1);
	EXPECT_EQ(-EFAULT, run_batch(m, &arg));
	EXPECT_EQ(n, arg.done);
	EXPECT_EQ(0, arg.failed);
	EXPECT_EQ(n, dev_count(m->fd));

	/* unaligned, and half of the last is missing */
	memmove(ops + 13, self->ops + MANY - n, n * sizeof(*self->ops));
	arg = batch_arg(m, (void *)(ops + 13), n);
	EXPECT_EQ(0, run_batch(m, &arg));
	EXPECT_EQ(n, arg.done);
	ops += (MANY - n) * sizeof(*self->ops) + sizeof(*self->ops) / 2;
	make_puts(self, n);
	memmove(ops, self->ops, (n - 1) * sizeof(*self->ops) + 32);
	arg = batch_arg(m, (void *)ops, n);
	EXPECT_EQ(-EFAULT, run_batch(m, &arg));
	EXPECT_EQ(n - 1, arg.done);
}

/* The one whose result could not be written has been done, and no more. */
TEST_F(batch, results_that_cannot_be_written_end_it)
{
	struct map *m = &self->m;
	struct hmap_op *ops = map_pages(2);
	u32 n = page_size() / sizeof(*ops), i;
	struct hmap_ioc_batch arg;

	make_puts(self, 2 * n);
	for (i = 0; i < 2 * n; i++)
		ops[i] = self->ops[i];
	ASSERT_EQ(0, mprotect(ops + n, page_size(), PROT_READ));
	arg = batch_arg(m, ops, 2 * n);
	EXPECT_EQ(-EFAULT, run_batch(m, &arg));
	EXPECT_EQ(n + 1, arg.done);
	EXPECT_EQ(n + 1, dev_count(m->fd));
	EXPECT_EQ(0, map_check_range(m, 0, n + 1));
	EXPECT_EQ(0x5ca1ab1e, ops[n].result);
	EXPECT_EQ(0, munmap(ops, 2 * page_size()));
}

TEST_F(batch, addresses_that_overflow_are_efault)
{
	const u64 bad[] = { 0, 1, -1ULL, -64ULL, 1ULL << 63, LONG_MAX };
	struct map *m = &self->m;
	struct hmap_ioc_batch arg;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		arg = batch_arg(m, NULL, UINT_MAX);
		arg.ops = bad[i];
		EXPECT_EQ(-EFAULT, run_batch(m, &arg)) TH_LOG("%llx", bad[i]);
		EXPECT_EQ(0, arg.done);
		EXPECT_EQ(0, arg.failed);
	}
}

/* ---- vectors ---- */

static struct hmap_ioc_vector vector_arg(FIXTURE_DATA(batch) * self, u32 op,
					 u32 first, u32 count)
{
	struct map *m = &self->m;
	bool values = m->value_size && op != HMAP_OP_DELETE;

	memset(self->results, POISON, MANY * sizeof(*self->results));
	return (struct hmap_ioc_vector){
		.size = sizeof(struct hmap_ioc_vector),
		.key_size = m->key_size,
		.value_size = m->value_size,
		.op = op,
		.count = count,
		.done = 0xdeadbeef,
		.failed = 0xdeadbeef,
		.keys = addr(key_at(m, self->keys, first)),
		.values = values ? addr(value_at(m, self->values, first)) : 0,
		.results = addr(self->results + first),
	};
}

static int run_vector(const struct map *m, struct hmap_ioc_vector *arg)
{
	return ioc(m->fd, HMAP_IOC_VECTOR, arg);
}

/* -EBADMSG: not all @count were done, or not @failed of them failed. */
static int vector(const struct map *m, struct hmap_ioc_vector arg, u32 failed)
{
	int ret = run_vector(m, &arg);

	if (ret)
		return ret;
	return arg.done == arg.count && arg.failed == failed ? 0 : -EBADMSG;
}

static bool results_are(const s32 *results, u32 n, int result)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (results[i] != result)
			return false;
	return true;
}

/* Sizes beside those of the parts that it is done in. */
static const u32 counts[] = { 0, 1, 2, 15, 16, 17, 63, 64, 65, 255, 256, 511,
			      512, 513, 1024, 1025, MANY };

TEST_F(batch, vectors_of_every_length)
{
	struct map *m = &self->m;
	u32 first, n;
	size_t i;

	for (i = 0; i < ARRAY_LEN(counts); i++) {
		n = counts[i];
		first = MANY - n;	/* they end at the guard page */
		ASSERT_EQ(0, vector(m, vector_arg(self, HMAP_OP_PUT, first, n), 0));
		EXPECT_TRUE(results_are(self->results + first, n, 0));
		EXPECT_TRUE(is_poison(self->results, 4 * first));
		ASSERT_EQ(n, dev_count(m->fd));
		ASSERT_EQ(0, map_check_range(m, first, n));

		memset(self->values, POISON, (size_t)MANY * m->value_size);
		ASSERT_EQ(0, vector(m, vector_arg(self, HMAP_OP_GET, first, n), 0));
		EXPECT_TRUE(results_are(self->results + first, n, 0));
		EXPECT_TRUE(is_poison(self->values,
				      (size_t)first * m->value_size));
		ASSERT_EQ(0, dev_clear(m->fd));
		ASSERT_EQ(0, vector(m, vector_arg(self, HMAP_OP_PUT, first, n), 0));
		ASSERT_EQ(0, map_check_range(m, first, n));

		ASSERT_EQ(0, vector(m, vector_arg(self, HMAP_OP_DELETE, first, n),
				    0));
		EXPECT_TRUE(results_are(self->results + first, n, 0));
		EXPECT_EQ(0, dev_count(m->fd));
		ASSERT_EQ(0, vector(m, vector_arg(self, HMAP_OP_DELETE, first, n),
				    n));
		EXPECT_TRUE(results_are(self->results + first, n, -ENOENT));
		make_elements(m, self->keys, self->values);
	}
}

/* Each element by itself: present ones are odd. */
static bool only_odd_brought(const struct map *m, char *values, const s32 *results)
{
	u32 i;

	for (i = 0; i < MANY; i++) {
		if (results[i] != (i & 1 ? 0 : -ENOENT))
			return false;
		if (i & 1 ? !value_is(m, value_at(m, values, i), i) :
			    !is_poison(value_at(m, values, i), m->value_size))
			return false;
	}
	return true;
}

TEST_F(batch, values_come_only_for_keys_that_are_there)
{
	const u32 kinds[] = { HMAP_OP_GET, HMAP_OP_POP };
	struct map *m = &self->m;
	u32 i;

	for (i = 1; i < MANY; i += 2)
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		memset(self->values, POISON, (size_t)MANY * m->value_size);
		ASSERT_EQ(0, vector(m, vector_arg(self, kinds[i], 0, MANY),
				    MANY / 2));
		EXPECT_TRUE(only_odd_brought(m, self->values, self->results));
	}
	EXPECT_EQ(0, dev_count(m->fd));
}

TEST_F(batch, values_and_results_need_not_be_wanted)
{
	const u32 kinds[] = { HMAP_OP_GET, HMAP_OP_POP };
	struct map *m = &self->m;
	struct hmap_ioc_vector arg;
	u32 i;

	ASSERT_EQ(0, map_put_range(m, 0, MANY));
	memset(self->values, POISON, (size_t)MANY * m->value_size);
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		arg = vector_arg(self, kinds[i], 0, MANY);
		arg.values = 0;
		arg.results = 0;
		EXPECT_EQ(0, vector(m, arg, 0));
	}
	EXPECT_TRUE(is_poison(self->values, (size_t)MANY * m->value_size));
	EXPECT_TRUE(is_poison(self->results, MANY * sizeof(s32)));
	EXPECT_EQ(0, dev_count(m->fd));
}

TEST_F(batch, get_or_put_brings_what_is_there)
{
	struct map *m = &self->m;
	u32 i;

	for (i = 0; i < MANY; i += 3)
		ASSERT_EQ(0, map_put(m, i, i + 5000, HMAP_ANY));
	ASSERT_EQ(0, vector(m, vector_arg(self, HMAP_OP_GET_OR_PUT, 0, MANY), 0));
	EXPECT_TRUE(results_are(self->results, MANY, 0));
	EXPECT_EQ(MANY, dev_count(m->fd));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, map_get(m, i));
		ASSERT_TRUE(value_is(m, m->value, i % 3 ? i : i + 5000));
		ASSERT_EQ(0, memcmp(m->value, value_at(m, self->values, i),
				    m->value_size));
	}
}

/* Each third key is there. */
TEST_F(batch, put_does_what_its_flags_say_for_each)
{
	struct map *m = &self->m;
	struct hmap_ioc_vector arg;
	u32 there = (MANY + 2) / 3, i;

	for (i = 0; i < MANY; i += 3)
		ASSERT_EQ(0, map_put(m, i, i + 5000, HMAP_ANY));
	arg = vector_arg(self, HMAP_OP_PUT, 0, MANY);
	arg.op_flags = HMAP_NOEXIST;
	ASSERT_EQ(0, vector(m, arg, there));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(i % 3 ? 0 : -EEXIST, self->results[i]);
		ASSERT_EQ(0, map_get(m, i));
		ASSERT_TRUE(value_is(m, m->value, i % 3 ? i : i + 5000));
	}
	for (i = 1; i < MANY; i += 3)
		ASSERT_EQ(0, map_delete(m, i));
	arg = vector_arg(self, HMAP_OP_PUT, 0, MANY);
	arg.op_flags = HMAP_EXIST;
	ASSERT_EQ(0, vector(m, arg, MANY / 3));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(i % 3 == 1 ? -ENOENT : 0, self->results[i]);
		ASSERT_EQ(i % 3 == 1 ? -ENOENT : 0, map_get(m, i));
		ASSERT_TRUE(i % 3 == 1 || value_is(m, m->value, i));
	}
}

/* Element 700 fails, and so does 702; nothing behind 700 is done. */
static void stop_at_700(struct __test_metadata *_metadata,
			FIXTURE_DATA(batch) * self, struct hmap_ioc_vector arg,
			int result)
{
	arg.flags = HMAP_BATCH_STOP;
	ASSERT_EQ(0, run_vector(&self->m, &arg));
	EXPECT_EQ(701, arg.done) TH_LOG("op %u", arg.op);
	EXPECT_EQ(1, arg.failed);
	EXPECT_TRUE(results_are(self->results, 700, 0));
	EXPECT_EQ(result, self->results[700]);
	EXPECT_TRUE(is_poison(self->results + 701, (MANY - 701) * sizeof(s32)));
}

TEST_F(batch, a_vector_stops_if_asked_to)
{
	struct map *m = &self->m;
	struct hmap_ioc_vector arg;

	ASSERT_EQ(0, map_put_range(m, 0, MANY));
	ASSERT_EQ(0, map_delete(m, 700));
	ASSERT_EQ(0, map_delete(m, 702));
	arg = vector_arg(self, HMAP_OP_PUT, 0, MANY);
	arg.op_flags = HMAP_EXIST;
	stop_at_700(_metadata, self, arg, -ENOENT);
	memset(self->values, POISON, (size_t)MANY * m->value_size);
	stop_at_700(_metadata, self, vector_arg(self, HMAP_OP_GET, 0, MANY),
		    -ENOENT);
	EXPECT_TRUE(is_poison(value_at(m, self->values, 700),
			      (size_t)(MANY - 700) * m->value_size));
	EXPECT_EQ(MANY - 2, dev_count(m->fd));
	stop_at_700(_metadata, self, vector_arg(self, HMAP_OP_DELETE, 0, MANY),
		    -ENOENT);
	EXPECT_EQ(MANY - 702, dev_count(m->fd));

	ASSERT_EQ(0, map_put_range(m, 0, 700));
	stop_at_700(_metadata, self, vector_arg(self, HMAP_OP_POP, 0, MANY),
		    -ENOENT);
	EXPECT_EQ(MANY - 702, dev_count(m->fd));

	make_elements(m, self->keys, self->values);
	ASSERT_EQ(0, map_put(m, 700, 1, HMAP_ANY));
	ASSERT_EQ(0, map_put(m, 702, 1, HMAP_ANY));
	arg = vector_arg(self, HMAP_OP_PUT, 0, MANY);
	arg.op_flags = HMAP_NOEXIST;
	stop_at_700(_metadata, self, arg, -EEXIST);
	EXPECT_EQ(0, map_check_range(m, 0, 700));
}

TEST_F(batch, fields_of_a_vector_are_checked)
{
	struct map *m = &self->m;
	const struct hmap_ioc_vector good = vector_arg(self, HMAP_OP_GET, 0, 5);
	struct hmap_ioc_vector bad[14];
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++)
		bad[i] = good;
	bad[0].flags = 4;
	bad[1].flags = 1U << 31;
	bad[2].key_size++;
	bad[3].value_size++;
	bad[4].op = 0;
	bad[5].op = HMAP_OP_ADD;
	bad[6].op = HMAP_OP_CMPXCHG;
	bad[7].op = UINT_MAX;
	bad[8].op_flags = HMAP_NOEXIST;
	bad[9].op = HMAP_OP_PUT;
	bad[9].op_flags = HMAP_NOEXIST | HMAP_EXIST;
	bad[10].op = HMAP_OP_PUT;
	bad[10].op_flags = 1U << 31;
	bad[11].reserved = 1;
	bad[12].op = HMAP_OP_DELETE;
	bad[12].values = addr(self->values);
	bad[13].op = HMAP_OP_GET_OR_PUT;
	bad[13].op_flags = HMAP_OP_CREATE;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		EXPECT_EQ(-EINVAL, run_vector(m, &bad[i])) TH_LOG("%zu", i);
		EXPECT_EQ(0, bad[i].done);
		EXPECT_EQ(0, bad[i].failed);
	}
	EXPECT_TRUE(is_poison(self->results, MANY * sizeof(s32)));
	EXPECT_EQ(0, dev_count(m->fd));
	EXPECT_EQ(0, vector(m, good, 5));
}

TEST_F(batch, a_set_has_no_values)
{
	struct map *m = &self->m;
	struct hmap_ioc_vector arg = vector_arg(self, HMAP_OP_PUT, 0, 5);

	arg.values = addr(self->values);
	EXPECT_EQ(m->value_size ? 0 : -EINVAL, run_vector(m, &arg));
}

/* The guard page is behind the last key. Nothing is done twice, or unsaid. */
TEST_F(batch, a_bad_address_of_keys_ends_a_vector)
{
	struct map *m = &self->m;
	struct hmap_ioc_vector arg = vector_arg(self, HMAP_OP_PUT, 300, MANY);

	/* values go on: they are read only after the keys */
	arg.values = m->value_size ? addr(self->values) : 0;
	EXPECT_EQ(-EFAULT, run_vector(m, &arg));
	EXPECT_LT(arg.done, MANY - 299);
	EXPECT_EQ(0, arg.failed);
	EXPECT_EQ(arg.done, dev_count(m->fd));
	EXPECT_TRUE(results_are(self->results + 300, arg.done, 0));
	EXPECT_TRUE(is_poison(self->results + 300 + arg.done,
			      (MANY - 300 - arg.done) * sizeof(s32)));
}

TEST_F(batch, a_bad_address_of_values_ends_a_vector)
{
	struct map *m = &self->m;
	struct hmap_ioc_vector arg;
	u32 done;

	if (!m->value_size)
		return;
	arg = vector_arg(self, HMAP_OP_PUT, 0, MANY);
	arg.values++;
	EXPECT_EQ(-EFAULT, run_vector(m, &arg));
	done = arg.done;
	EXPECT_LT(done, MANY);
	EXPECT_EQ(done, dev_count(m->fd));

	ASSERT_EQ(0, map_put_range(m, 0, MANY));
	arg = vector_arg(self, HMAP_OP_POP, 0, MANY);
	arg.values = 8;
	EXPECT_EQ(-EFAULT, run_vector(m, &arg));
	EXPECT_EQ(0, arg.failed);
	EXPECT_GT(arg.done, 0);
	EXPECT_EQ(MANY - arg.done, dev_count(m->fd));
	EXPECT_TRUE(results_are(self->results, arg.done, 0));
}

TEST_F(batch, a_bad_address_of_results_ends_a_vector)
{
	struct map *m = &self->m;
	struct hmap_ioc_vector arg = vector_arg(self, HMAP_OP_PUT, 0, MANY);

	arg.results = 8;
	EXPECT_EQ(-EFAULT, run_vector(m, &arg));
	EXPECT_EQ(0, arg.failed);
	EXPECT_GT(arg.done, 0);
	EXPECT_EQ(arg.done, dev_count(m->fd));
	EXPECT_EQ(0, map_check_range(m, 0, arg.done));
}

TEST_F(batch, counts_and_addresses_that_overflow_are_efault)
{
	const u64 bad[] = { 0, 1, -1ULL, -8ULL, 1ULL << 63, LONG_MAX - 7 };
	struct map *m = &self->m;
	struct hmap_ioc_vector arg;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		arg = vector_arg(self, HMAP_OP_PUT, 0, UINT_MAX);
		arg.keys = bad[i];
		EXPECT_EQ(-EFAULT, run_vector(m, &arg)) TH_LOG("%llx", bad[i]);
		EXPECT_EQ(0, arg.done);
	}
	EXPECT_EQ(0, dev_count(m->fd));
}

/* ---- how the file was opened ---- */

TEST_F(batch, operations_need_the_file_open_for_them)
{
	const int modes[] = { O_RDONLY, O_WRONLY, 3 };
	struct map *m = &self->m, other = *m;
	struct hmap_ioc_vector arg;
	struct hmap_ioc_batch b;
	bool reads, writes;
	size_t i;
	u32 op;

	for (i = 0; i < ARRAY_LEN(modes); i++) {
		other.fd = dev_open(modes[i]);
		ASSERT_GE(other.fd, 0);
		for (op = HMAP_OP_GET; op <= HMAP_OP_GET_OR_PUT; op++) {
			ASSERT_EQ(0, map_put_range(m, 0, 5));
			writes = op != HMAP_OP_GET;
			reads = op != HMAP_OP_PUT && op != HMAP_OP_DELETE;
			arg = vector_arg(self, op, 0, 5);
			EXPECT_EQ((reads && modes[i] != O_RDONLY) ||
				  (writes && modes[i] != O_WRONLY) ? -EACCES : 0,
				  vector(&other, arg, 0));
			if (!writes || modes[i] != O_WRONLY)
				EXPECT_EQ(0, map_check_range(m, 0, 5));
		}
		ASSERT_EQ(0, map_put_range(m, 0, 5));
		self->ops[0] = key_op(m, HMAP_OP_GET, self->keys, 0);
		self->ops[1] = key_op(m, HMAP_OP_DELETE, self->keys, 0);
		b = batch_arg(m, self->ops, 2);
		EXPECT_EQ(0, run_batch(&other, &b));
		EXPECT_EQ(2, b.done);
		EXPECT_EQ(modes[i] == O_RDONLY ? 0 : -EACCES, self->ops[0].result);
		EXPECT_EQ(modes[i] == O_WRONLY ? 0 : -EACCES, self->ops[1].result);
		close(other.fd);
	}
}

/* ---- a frozen map, a map that is watched ---- */

TEST_F(batch, a_frozen_map_can_only_be_read)
{
	struct map *m = &self->m;
	struct hmap_ioc_vector v;
	struct hmap_ioc_batch b;
	u32 op;

	ASSERT_EQ(0, map_put_range(m, 0, 5));
	ASSERT_EQ(0, dev_freeze(m->fd));
	for (op = HMAP_OP_GET; op <= HMAP_OP_GET_OR_PUT; op++) {
		v = vector_arg(self, op, 0, 5);
		EXPECT_EQ(op == HMAP_OP_GET ? 0 : -EPERM, run_vector(m, &v));
		EXPECT_EQ(op == HMAP_OP_GET ? 5 : 0, v.done);
		EXPECT_EQ(0, v.failed);
	}
	self->ops[0] = key_op(m, HMAP_OP_GET, self->keys, 0);
	self->ops[1] = key_op(m, HMAP_OP_DELETE, self->keys, 0);
	b = batch_arg(m, self->ops, 2);
	EXPECT_EQ(0, run_batch(m, &b));
	EXPECT_EQ(0, self->ops[0].result);
	EXPECT_EQ(-EPERM, self->ops[1].result);
	EXPECT_EQ(0, map_check_range(m, 0, 5));
}

TEST_F(batch, who_watches_is_told_of_changes_only)
{
	struct map *m = &self->m;
	struct hmap_ioc_batch b;

	make_puts(self, 5);
	b = batch_arg(m, self->ops, 5);
	ASSERT_EQ(0, run_batch(m, &b));
	EXPECT_TRUE(dev_changed(m->fd));
	self->ops[0] = key_op(m, HMAP_OP_GET, self->keys, 0);
	b = batch_arg(m, self->ops, 1);
	ASSERT_EQ(0, run_batch(m, &b));
	EXPECT_FALSE(dev_changed(m->fd));

	ASSERT_EQ(0, vector(m, vector_arg(self, HMAP_OP_GET, 0, 10), 5));
	EXPECT_FALSE(dev_changed(m->fd));
	ASSERT_EQ(0, vector(m, vector_arg(self, HMAP_OP_DELETE, 5, 5), 5));
	EXPECT_FALSE(dev_changed(m->fd));
	ASSERT_EQ(0, vector(m, vector_arg(self, HMAP_OP_DELETE, 0, 10), 5));
	EXPECT_TRUE(dev_changed(m->fd));
}

/* ---- a full map ---- */

TEST(a_full_map_takes_what_is_there_and_refuses_the_rest)
{
	u64 keys[40], values[40], i;
	s32 results[40];
	struct hmap_ioc_vector arg;
	struct map m;

	ASSERT_EQ(0, map_load_params(&m, "key_size=8 value_size=8 max_entries=20"));
	for (i = 0; i < 40; i++) {
		keys[i] = i % 2 ? 100 + i : i / 2;
		values[i] = i;
	}
	ASSERT_EQ(0, map_put_range(&m, 0, 20));
	arg = (struct hmap_ioc_vector){
		.size = sizeof(arg), .key_size = 8, .value_size = 8,
		.op = HMAP_OP_PUT, .count = 40, .keys = addr(keys),
		.values = addr(values), .results = addr(results),
	};
	ASSERT_EQ(0, run_vector(&m, &arg));
	EXPECT_EQ(40, arg.done);
	EXPECT_EQ(20, arg.failed);
	for (i = 0; i < 40; i++)
		EXPECT_EQ(i % 2 ? -ENOSPC : 0, results[i]);
	EXPECT_EQ(20, dev_count(m.fd));
	EXPECT_EQ(0, map_unload(&m));
}

/* ---- killed in the middle ---- */

#define SHARED_OPS	4096
#define TIMES		1024

/* What the child runs, in memory that is shared with it. */
struct victim {
	struct hmap_ioc_batch batch;
	struct hmap_ioc_vector vector;
	unsigned int cmd;
	void *arg;
	int returned;
};

/* The same memory, many times over in a row. */
static void *map_repeatedly(size_t size, unsigned int times)
{
	int fd = syscall(SYS_memfd_create, "hmap", 0);
	char *p = mmap(NULL, size * times, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned int i;

	if (fd < 0 || p == MAP_FAILED || ftruncate(fd, size))
		abort();
	for (i = 0; i < times; i++)
		if (mmap(p + i * size, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			abort();
	close(fd);
	return p;
}

static int be_killed(void *arg)
{
	struct victim *v = arg;
	int fd = dev_open(O_RDWR);

	if (fd < 0)
		return fd;
	v->returned = ioc(fd, v->cmd, v->arg);
	return 0;
}

/* How long a killed child goes on, in ms. */
static s64 kill_it(struct victim *v)
{
	struct timespec wait = { .tv_nsec = 200000000 };
	pid_t pid;
	u64 begin;

	pid = spawn(be_killed, v);
	nanosleep(&wait, NULL);
	begin = now_ns();
	kill(pid, SIGKILL);
	if (reap(pid) != SIGKILL)
		return -ECHILD;
	return (now_ns() - begin) / 1000000;
}

TEST(a_killed_batch_says_how_far_it_got)
{
	struct victim *v = mmap(NULL, sizeof(*v), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct hmap_op *ops = map_repeatedly(SHARED_OPS * sizeof(*ops), TIMES);
	u64 *keys = map_repeatedly(SHARED_OPS * sizeof(*keys), TIMES), i;
	struct map m;

	ASSERT_NE(MAP_FAILED, v);
	ASSERT_EQ(0, map_load(&m, 8, 8));
	for (i = 0; i < SHARED_OPS; i++) {
		keys[i] = i;
		ops[i] = op_arg(&m, HMAP_OP_ADD);
		ops[i].key = addr(&keys[i % 7]);
		ops[i].length = 8;
		ops[i].flags = HMAP_OP_CREATE;
		ops[i].operand = 1;
	}
	v->batch = batch_arg(&m, ops, SHARED_OPS * TIMES);
	v->cmd = HMAP_IOC_BATCH;
	v->arg = &v->batch;
	v->returned = 1;
	EXPECT_LT(kill_it(v), 2000);
	EXPECT_EQ(1, v->returned);
	EXPECT_GT(v->batch.done, 0);
	EXPECT_LT(v->batch.done, SHARED_OPS * TIMES);
	EXPECT_EQ(0, v->batch.failed);
	/* exactly as many additions as it says */
	for (i = 0; i < 7; i++) {
		ASSERT_EQ(0, map_get(&m, i));
		v->batch.done -= *(u64 *)m.value;
	}
	EXPECT_EQ(0, v->batch.done);

	ASSERT_EQ(0, dev_clear(m.fd));
	v->vector = (struct hmap_ioc_vector){
		.size = sizeof(v->vector), .key_size = 8, .value_size = 8,
		.op = HMAP_OP_GET_OR_PUT, .count = SHARED_OPS * TIMES,
		.keys = addr(keys), .values = addr(keys),
	};
	v->cmd = HMAP_IOC_VECTOR;
	v->arg = &v->vector;
	EXPECT_LT(kill_it(v), 2000);
	EXPECT_EQ(1, v->returned);
	EXPECT_GT(v->vector.done, 0);
	EXPECT_LT(v->vector.done, SHARED_OPS * TIMES);
	EXPECT_EQ(0, map_unload(&m));
}

/* ---- several processes at once ---- */

#define ROUNDS	60

static int add_in_batches(void *arg)
{
	struct hmap_op ops[100];
	struct hmap_ioc_batch b;
	u64 keys[100], i;
	struct map m;
	int ret, round;

	(void)arg;
	ret = map_open(&m, O_RDWR);
	for (round = 0; !ret && round < ROUNDS; round++) {
		for (i = 0; i < 100; i++) {
			keys[i] = i;
			ops[i] = op_arg(&m, HMAP_OP_ADD);
			ops[i].key = addr(&keys[i]);
			ops[i].length = 8;
			ops[i].flags = HMAP_OP_CREATE;
			ops[i].operand = i;
		}
		b = batch_arg(&m, ops, 100);
		ret = run_batch(&m, &b);
		if (!ret && (b.done != 100 || b.failed))
			ret = -EBADMSG;
	}
	return ret;
}

TEST(no_addition_of_a_batch_is_lost)
{
	pid_t pid[PROCESSES];
	struct map m;
	u64 i;

	ASSERT_EQ(0, map_load(&m, 8, 8));
	for (i = 0; i < PROCESSES; i++)
		pid[i] = spawn(add_in_batches, NULL);
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, reap(pid[i]));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, map_get(&m, i));
		EXPECT_EQ(i * ROUNDS * PROCESSES, *(u64 *)m.value);
	}
	EXPECT_EQ(0, map_unload(&m));
}

/* Elements go in and out by vectors; each is popped by one. */
static int move_elements(void *arg)
{
	u64 keys[256], values[256], *popped = arg, i;
	s32 results[256];
	struct hmap_ioc_vector v;
	struct map m;
	int ret, round;

	ret = map_open(&m, O_RDWR);
	for (i = 0; i < 256; i++)
		keys[i] = i * 31;
	for (round = 0; !ret && round < 2 * ROUNDS; round++) {
		v = (struct hmap_ioc_vector){
			.size = sizeof(v), .key_size = 8, .value_size = 8,
			.op = round & 1 ? HMAP_OP_POP : HMAP_OP_PUT,
			.op_flags = round & 1 ? 0 : HMAP_NOEXIST,
			.count = 256, .keys = addr(keys),
			.values = addr(values), .results = addr(results),
		};
		for (i = 0; i < 256; i++)
			values[i] = ~keys[i];
		ret = run_vector(&m, &v);
		for (i = 0; !ret && i < 256; i++) {
			if (values[i] != ~keys[i])
				ret = -EBADMSG;
			__atomic_add_fetch(popped,
					   results[i] ? 0 : round & 1 ? -1 : 1,
					   __ATOMIC_RELAXED);
		}
	}
	return ret;
}

TEST(what_goes_in_comes_out_once)
{
	u64 *balance = mmap(NULL, sizeof(u64), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0), i;
	pid_t pid[PROCESSES];
	struct map m;

	ASSERT_NE(MAP_FAILED, balance);
	ASSERT_EQ(0, map_load(&m, 8, 8));
	for (i = 0; i < PROCESSES; i++)
		pid[i] = spawn(move_elements, balance);
	for (i = 0; i < PROCESSES; i++)
		EXPECT_EQ(0, reap(pid[i]));
	EXPECT_EQ(*balance, dev_count(m.fd));
	EXPECT_EQ(0, map_unload(&m));
}

TEST_HARNESS_MAIN
