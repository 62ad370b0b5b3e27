// SPDX-License-Identifier: GPL-2.0-only
/*
 * libhmap's operations, batches and vectors against an ioctl() that records what
 * it is given: each function fills the structure of its command, gives results
 * back, and refuses what it can tell to be wrong.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "fake_ioctl.h"

static char key[KEY_SIZE], value[VALUE_SIZE], other[VALUE_SIZE];

static __u64 address(const void *p)
{
	return (uintptr_t)p;
}

/* The operation passed, with the sizes of the map around it. */
static const struct hmap_op *passed(__u32 kind, __u32 flags, __u32 length)
{
	const struct hmap_op *op = &fake.in.op.op;

	assert_int_equal(fake.request, HMAP_IOC_OP);
	assert_int_equal(fake.in.op.size, sizeof(fake.in.op));
	assert_int_equal(fake.in.op.flags, 0);
	assert_int_equal(fake.in.op.key_size, KEY_SIZE);
	assert_int_equal(fake.in.op.value_size, fake.value_size);
	assert_int_equal(op->op, kind);
	assert_int_equal(op->flags, flags);
	assert_int_equal(op->length, length);
	assert_int_equal(op->key, address(key));
	return op;
}

static void answer_existed(void *arg)
{
	struct hmap_ioc_op *op = arg;

	op->op.existed = 1;
	op->op.answer = 4321;
	op->op.result = -fake.err;
}

static void operations_fill_the_structure(void **state)
{
	struct hmap *map = *state;
	const struct hmap_op *op;
	__u64 number = 0;

	assert_int_equal(hmap_pop(map, key, KEY_SIZE, value, VALUE_SIZE), 0);
	op = passed(HMAP_OP_POP, 0, VALUE_SIZE);
	assert_int_equal(op->value, 0);
	assert_int_equal(op->out, address(value));

	assert_int_equal(hmap_pop(map, key, KEY_SIZE, NULL, 0), 0);
	assert_int_equal(passed(HMAP_OP_POP, 0, 0)->out, 0);

	assert_int_equal(hmap_get_or_put(map, key, KEY_SIZE, value, VALUE_SIZE), 0);
	op = passed(HMAP_OP_GET_OR_PUT, 0, VALUE_SIZE);
	assert_int_equal(op->value, address(value));
	assert_int_equal(op->out, address(value));

	assert_int_equal(hmap_swap(map, key, KEY_SIZE, value, other, VALUE_SIZE,
				   HMAP_EXIST), 0);
	op = passed(HMAP_OP_PUT, HMAP_EXIST, VALUE_SIZE);
	assert_int_equal(op->value, address(value));
	assert_int_equal(op->out, address(other));
	assert_int_equal(hmap_swap(map, key, KEY_SIZE, value, NULL, VALUE_SIZE,
				   HMAP_ANY), 0);
	assert_int_equal(passed(HMAP_OP_PUT, HMAP_ANY, VALUE_SIZE)->out, 0);

	assert_int_equal(hmap_compare_swap(map, key, KEY_SIZE, other, value,
					   VALUE_SIZE, HMAP_OP_CREATE), 0);
	op = passed(HMAP_OP_CMPXCHG, HMAP_OP_CREATE, VALUE_SIZE);
	assert_int_equal(op->value, address(value));
	assert_int_equal(op->expected, address(other));
	assert_int_equal(op->out, address(other));

	fake.answer = answer_existed;
	assert_int_equal(hmap_add(map, key, KEY_SIZE, 8, 4, -3, &number), 1);
	op = passed(HMAP_OP_ADD, HMAP_OP_CREATE | HMAP_OP_NEW, 4);
	assert_int_equal(op->offset, 8);
	assert_int_equal(op->operand, -3);
	assert_int_equal(op->out, 0);
	assert_int_equal(number, 4321);
}

static void it_is_told_whether_the_key_was_there(void **state)
{
	struct hmap *map = *state;

	assert_int_equal(hmap_add(map, key, KEY_SIZE, 0, 8, 1, NULL), 0);
	fake.answer = answer_existed;
	assert_int_equal(hmap_add(map, key, KEY_SIZE, 0, 8, 1, NULL), 1);
	assert_int_equal(hmap_get_or_put(map, key, KEY_SIZE, value, VALUE_SIZE), 1);
	assert_int_equal(hmap_swap(map, key, KEY_SIZE, value, NULL, VALUE_SIZE, 0), 1);
	/* but not these, which succeed only then */
	assert_int_equal(hmap_pop(map, key, KEY_SIZE, value, VALUE_SIZE), 0);
	assert_int_equal(hmap_compare_swap(map, key, KEY_SIZE, other, value,
					   VALUE_SIZE, 0), 0);
}

static void a_set_has_no_values(void **state)
{
	struct hmap *map = *state;

	assert_int_equal(hmap_pop(map, key, KEY_SIZE, value, 0), 0);
	assert_int_equal(passed(HMAP_OP_POP, 0, 0)->out, 0);
	assert_int_equal(hmap_get_or_put(map, key, KEY_SIZE, NULL, 0), 0);
	assert_int_equal(passed(HMAP_OP_GET_OR_PUT, 0, 0)->value, 0);
	assert_int_equal(hmap_swap(map, key, KEY_SIZE, value, other, 0, 0), 0);
	assert_int_equal(passed(HMAP_OP_PUT, 0, 0)->out, 0);
	assert_refused(hmap_compare_swap(map, key, KEY_SIZE, other, value, 0, 0));
	assert_int_equal(hmap_put_many(map, key, KEY_SIZE, NULL, 0, NULL, 1, 0), 0);
	assert_int_equal(fake.in.vector.values, 0);
	assert_int_equal(hmap_get_many(map, key, KEY_SIZE, value, 0, NULL, 1), 0);
	assert_int_equal(fake.in.vector.values, 0);
}

static void do_passes_the_operation_and_its_results(void **state)
{
	struct hmap_op op = {
		.op = 99, .flags = 98, .offset = 97, .length = 96,
		.key = address(key), .value = 95, .out = 94, .operand = 93,
	};

	fake.answer = answer_existed;
	fake.err = ECANCELED;
	assert_int_equal(hmap_do(*state, &op, KEY_SIZE, VALUE_SIZE), -ECANCELED);
	assert_int_equal(errno, ECANCELED);
	assert_int_equal(passed(99, 98, 96)->offset, 97);
	assert_int_equal(fake.in.op.op.value, 95);
	assert_int_equal(fake.in.op.op.out, 94);
	assert_int_equal(fake.in.op.op.operand, 93);
	assert_int_equal(op.result, -ECANCELED);
	assert_int_equal(op.existed, 1);
	assert_int_equal(op.answer, 4321);
	assert_int_equal(op.op, 99);
}

static void answer_batch(void *arg)
{
	((struct hmap_ioc_batch *)arg)->done = 5;
}

static void a_batch_says_how_far_it_got(void **state)
{
	struct hmap_op ops[7];
	unsigned int done = 0;

	fake.answer = answer_batch;
	assert_int_equal(hmap_batch(*state, ops, 7, KEY_SIZE, VALUE_SIZE,
				    HMAP_BATCH_STOP, &done), 0);
	assert_int_equal(fake.request, HMAP_IOC_BATCH);
	assert_int_equal(fake.in.batch.size, sizeof(fake.in.batch));
	assert_int_equal(fake.in.batch.flags, HMAP_BATCH_STOP);
	assert_int_equal(fake.in.batch.key_size, KEY_SIZE);
	assert_int_equal(fake.in.batch.value_size, VALUE_SIZE);
	assert_int_equal(fake.in.batch.ops, address(ops));
	assert_int_equal(fake.in.batch.op_size, sizeof(ops[0]));
	assert_int_equal(fake.in.batch.count, 7);
	assert_int_equal(done, 5);

	fake.err = EFAULT;
	done = 0;
	assert_int_equal(hmap_batch(*state, ops, 7, KEY_SIZE, VALUE_SIZE, 0,
				    &done), -EFAULT);
	assert_int_equal(done, 5);
	fake.err = 0;
	assert_int_equal(hmap_batch(*state, NULL, 0, KEY_SIZE, VALUE_SIZE, 0, NULL), 0);
}

/* Three operations, then a signal; the rest when it is called again. */
static void answer_interrupted(void *arg)
{
	struct hmap_ioc_batch *batch = arg;

	fake.err = batch->done ? 0 : EINTR;
	batch->done = batch->done ? 7 : 3;
}

static void an_interrupted_batch_goes_on(void **state)
{
	struct hmap_op ops[7];
	unsigned int done = 0;

	fake.answer = answer_interrupted;
	assert_int_equal(hmap_batch(*state, ops, 7, KEY_SIZE, VALUE_SIZE, 0, &done), 0);
	assert_int_equal(fake.calls, 2);
	assert_int_equal(fake.in.batch.done, 3);
	assert_int_equal(done, 7);
}

static void answer_vector(void *arg)
{
	struct hmap_ioc_vector *vector = arg;

	vector->done = 9;
	vector->failed = 2;
}

static void check_vector(__u32 op, __u32 op_flags, const void *values,
			 const __s32 *results)
{
	const struct hmap_ioc_vector *in = &fake.in.vector;

	assert_int_equal(fake.request, HMAP_IOC_VECTOR);
	assert_int_equal(in->size, sizeof(*in));
	assert_int_equal(in->flags, 0);
	assert_int_equal(in->key_size, KEY_SIZE);
	assert_int_equal(in->value_size, VALUE_SIZE);
	assert_int_equal(in->op, op);
	assert_int_equal(in->op_flags, op_flags);
	assert_int_equal(in->count, 9);
	assert_int_equal(in->reserved, 0);
	assert_int_equal(in->keys, address(key));
	assert_int_equal(in->values, address(values));
	assert_int_equal(in->results, address(results));
}

static void many_are_vectors(void **state)
{
	struct hmap *map = *state;
	__s32 results[9];

	fake.answer = answer_vector;
	assert_int_equal(hmap_get_many(map, key, KEY_SIZE, value, VALUE_SIZE,
				       results, 9), 7);
	check_vector(HMAP_OP_GET, 0, value, results);
	assert_int_equal(hmap_get_many(map, key, KEY_SIZE, NULL, 0, NULL, 9), 7);
	check_vector(HMAP_OP_GET, 0, NULL, NULL);
	assert_int_equal(hmap_put_many(map, key, KEY_SIZE, value, VALUE_SIZE,
				       results, 9, HMAP_NOEXIST), 7);
	check_vector(HMAP_OP_PUT, HMAP_NOEXIST, value, results);
	assert_int_equal(hmap_delete_many(map, key, KEY_SIZE, results, 9), 7);
	check_vector(HMAP_OP_DELETE, 0, NULL, results);
	fake.err = EFAULT;
	assert_int_equal(hmap_get_many(map, key, KEY_SIZE, value, VALUE_SIZE,
				       results, 9), -EFAULT);
	assert_int_equal(errno, EFAULT);
}

static void a_vector_is_passed_on(void **state)
{
	struct hmap_ioc_vector vector = {
		.key_size = 79, .value_size = 78,
		.op = 77, .op_flags = 76, .flags = 75, .count = 74,
		.keys = 73, .values = 72, .results = 71,
		.done = 70, .failed = 69,
	};

	fake.err = EINVAL;
	assert_int_equal(hmap_vector(*state, &vector), -EINVAL);
	assert_int_equal(fake.in.vector.size, sizeof(vector));
	assert_int_equal(fake.in.vector.key_size, 79);
	assert_int_equal(fake.in.vector.value_size, 78);
	assert_int_equal(fake.in.vector.op, 77);
	assert_int_equal(fake.in.vector.flags, 75);
	assert_int_equal(vector.done, 0);
	assert_int_equal(vector.failed, 0);
	fake.answer = answer_vector;
	assert_int_equal(hmap_vector(*state, &vector), -EINVAL);
	assert_int_equal(vector.done, 9);
	assert_int_equal(vector.failed, 2);
}

static void answer_count(void *arg)
{
	((struct hmap_ioc_count *)arg)->count = 1ULL << 40;
}

static void count_reserve_and_shrink(void **state)
{
	struct hmap *map = *state;

	fake.answer = answer_count;
	assert_true(hmap_count(map) == 1LL << 40);
	assert_int_equal(fake.request, HMAP_IOC_COUNT);
	assert_int_equal(fake.in.count.size, sizeof(fake.in.count));
	fake.answer = NULL;
	assert_int_equal(hmap_reserve(map, 1ULL << 41), 0);
	assert_int_equal(fake.request, HMAP_IOC_RESERVE);
	assert_int_equal(fake.in.count.size, sizeof(fake.in.count));
	assert_int_equal(fake.in.count.flags, 0);
	assert_true(fake.in.count.count == 1ULL << 41);
	assert_int_equal(hmap_shrink(map), 0);
	assert_int_equal(fake.request, HMAP_IOC_SHRINK);
	assert_int_equal(fake.in.plain.size, sizeof(fake.in.plain));
	fake.err = ENOMEM;
	assert_int_equal(hmap_shrink(map), -ENOMEM);
	assert_int_equal(hmap_reserve(map, 1), -ENOMEM);
	fake.err = EBADF;
	assert_int_equal(hmap_count(map), -EBADF);
}

static void limits_are_set_one_by_one(void **state)
{
	struct hmap *map = *state;
	const struct hmap_ioc_info *info = hmap_info(map);

	assert_int_equal(hmap_set_max_entries(map, 1ULL << 41), 0);
	assert_int_equal(fake.request, HMAP_IOC_SET);
	assert_int_equal(fake.in.set.size, sizeof(fake.in.set));
	assert_int_equal(fake.in.set.flags, HMAP_SET_MAX_ENTRIES);
	assert_true(fake.in.set.max_entries == 1ULL << 41);
	assert_true(fake.in.set.max_bytes == 0);
	assert_int_equal(hmap_set_max_bytes(map, 1ULL << 42), 0);
	assert_int_equal(fake.request, HMAP_IOC_SET);
	assert_int_equal(fake.in.set.size, sizeof(fake.in.set));
	assert_int_equal(fake.in.set.flags, HMAP_SET_MAX_BYTES);
	assert_true(fake.in.set.max_entries == 0);
	assert_true(fake.in.set.max_bytes == 1ULL << 42);
	assert_int_equal(fake.calls, 2);
	/* the library's copy is right, and stays so after an error */
	assert_ptr_equal(hmap_info(map), info);
	assert_true(info->max_entries == 1ULL << 41);
	assert_true(info->max_bytes == 1ULL << 42);
	fake.err = EPERM;
	assert_int_equal(hmap_set_max_entries(map, 1), -EPERM);
	assert_int_equal(hmap_set_max_bytes(map, 1), -EPERM);
	assert_true(info->max_entries == 1ULL << 41);
	assert_true(info->max_bytes == 1ULL << 42);
	fake.err = 0;
	assert_int_equal(hmap_set_max_entries(map, 0), 0);
	assert_int_equal(fake.in.set.flags, HMAP_SET_MAX_ENTRIES);
	assert_int_equal(hmap_set_max_bytes(map, 0), 0);
	assert_int_equal(fake.in.set.flags, HMAP_SET_MAX_BYTES);
	assert_true(info->max_entries == 0);
	assert_true(info->max_bytes == 0);
}

static void select_passes_everything(void **state)
{
	struct hmap_cursor cursor = { .place = 1, .tie = 2, .start = 3 };
	const struct hmap_ioc_scan *in = &fake.in.scan;
	struct hmap *map = *state;

	assert_int_equal(hmap_select(map, &cursor, NULL, 0, value, VALUE_SIZE, 4,
				     HMAP_SCAN_RANDOM, "abc", 3), 0);
	assert_int_equal(fake.request, HMAP_IOC_SCAN);
	assert_int_equal(in->flags, HMAP_SCAN_RANDOM);
	assert_int_equal(in->keys, 0);
	assert_int_equal(in->values, address(value));
	assert_int_equal(in->value_size, VALUE_SIZE);
	assert_int_equal(in->prefix_size, 3);
	assert_memory_equal((char *)(uintptr_t)in->prefix, "abc", 3);
	assert_int_equal(in->reserved, 0);
	assert_int_equal(in->cursor.start, 3);
	assert_int_equal(hmap_select(map, &cursor, key, KEY_SIZE, NULL, 0, 1, 0,
				     key, 0), 0);
	assert_int_equal(in->prefix, 0);
	assert_refused(hmap_select(map, &cursor, NULL, 0, NULL, 0, 1, 0, NULL, 0));
	assert_refused(hmap_select(map, &cursor, key, KEY_SIZE, NULL, 0, 1, 0,
				   NULL, 1));
	assert_refused(hmap_select(map, &cursor, key, KEY_SIZE, NULL, 0, 1, 0,
				   key, KEY_SIZE + 1));
	assert_refused(hmap_select(map, &cursor, key, KEY_SIZE, NULL, 0, 0, 0,
				   NULL, 0));
	assert_refused(hmap_select(map, NULL, key, KEY_SIZE, NULL, 0, 1, 0, NULL, 0));
}

static void null_pointers_are_invalid(void **state)
{
	struct hmap_cursor cursor = { 0 };
	struct hmap_ioc_vector vector;
	struct hmap *map = *state;
	unsigned int done = 7;
	struct hmap_op op;

	assert_refused(hmap_do(NULL, &op, KEY_SIZE, VALUE_SIZE));
	assert_refused(hmap_do(map, NULL, KEY_SIZE, VALUE_SIZE));
	assert_refused(hmap_pop(NULL, key, KEY_SIZE, value, VALUE_SIZE));
	assert_refused(hmap_pop(map, NULL, KEY_SIZE, value, VALUE_SIZE));
	assert_refused(hmap_get_or_put(NULL, key, KEY_SIZE, value, VALUE_SIZE));
	assert_refused(hmap_get_or_put(map, NULL, KEY_SIZE, value, VALUE_SIZE));
	assert_refused(hmap_get_or_put(map, key, KEY_SIZE, NULL, 0));
	assert_refused(hmap_swap(NULL, key, KEY_SIZE, value, NULL, VALUE_SIZE, 0));
	assert_refused(hmap_swap(map, NULL, KEY_SIZE, value, NULL, VALUE_SIZE, 0));
	assert_refused(hmap_swap(map, key, KEY_SIZE, NULL, value, VALUE_SIZE, 0));
	assert_refused(hmap_compare_swap(NULL, key, KEY_SIZE, value, value,
					 VALUE_SIZE, 0));
	assert_refused(hmap_compare_swap(map, NULL, KEY_SIZE, value, value,
					 VALUE_SIZE, 0));
	assert_refused(hmap_compare_swap(map, key, KEY_SIZE, NULL, value,
					 VALUE_SIZE, 0));
	assert_refused(hmap_compare_swap(map, key, KEY_SIZE, value, NULL,
					 VALUE_SIZE, 0));
	assert_refused(hmap_add(NULL, key, KEY_SIZE, 0, 8, 1, NULL));
	assert_refused(hmap_add(map, NULL, KEY_SIZE, 0, 8, 1, NULL));
	assert_refused(hmap_batch(NULL, &op, 1, KEY_SIZE, VALUE_SIZE, 0, &done));
	assert_int_equal(done, 0);
	assert_refused(hmap_batch(map, NULL, 1, KEY_SIZE, VALUE_SIZE, 0, NULL));
	assert_refused(hmap_vector(NULL, &vector));
	assert_refused(hmap_vector(map, NULL));
	assert_refused(hmap_get_many(NULL, key, KEY_SIZE, value, VALUE_SIZE, NULL, 1));
	assert_refused(hmap_get_many(map, NULL, KEY_SIZE, value, VALUE_SIZE, NULL, 1));
	assert_refused(hmap_get_many(map, key, KEY_SIZE, value, VALUE_SIZE,
				     NULL, INT_MAX + 1U));
	assert_refused(hmap_put_many(NULL, key, KEY_SIZE, value, VALUE_SIZE,
				     NULL, 1, 0));
	assert_refused(hmap_put_many(map, NULL, KEY_SIZE, value, VALUE_SIZE,
				     NULL, 1, 0));
	assert_refused(hmap_put_many(map, key, KEY_SIZE, NULL, 0, NULL, 1, 0));
	assert_refused(hmap_delete_many(NULL, key, KEY_SIZE, NULL, 1));
	assert_refused(hmap_delete_many(map, NULL, KEY_SIZE, NULL, 1));
	assert_refused(hmap_select(NULL, &cursor, key, KEY_SIZE, NULL, 0, 1, 0,
				   NULL, 0));
	assert_refused(hmap_count(NULL));
	assert_refused(hmap_reserve(NULL, 1));
	assert_refused(hmap_shrink(NULL));
	assert_refused(hmap_set_max_entries(NULL, 1));
	assert_refused(hmap_set_max_bytes(NULL, 1));
}

/* What does not fit in the structure would be something else there. */
static void an_offset_of_more_than_32_bits_is_invalid(void **state)
{
	if (SIZE_MAX == UINT_MAX)
		return;
	assert_refused(hmap_add(*state, key, KEY_SIZE, (size_t)UINT_MAX + 1, 8,
				1, NULL));
	assert_refused(hmap_add(*state, key, KEY_SIZE, 0, (size_t)UINT_MAX + 9,
				1, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_map(operations_fill_the_structure),
		with_map(it_is_told_whether_the_key_was_there),
		with_set(a_set_has_no_values),
		with_map(do_passes_the_operation_and_its_results),
		with_map(a_batch_says_how_far_it_got),
		with_map(an_interrupted_batch_goes_on),
		with_map(many_are_vectors),
		with_map(a_vector_is_passed_on),
		with_map(count_reserve_and_shrink),
		with_map(limits_are_set_one_by_one),
		with_map(select_passes_everything),
		with_map(null_pointers_are_invalid),
		with_map(an_offset_of_more_than_32_bits_is_invalid),
	};

	return cmocka_run_group_tests_name("libhmap operations", tests, NULL,
					   NULL);
}
