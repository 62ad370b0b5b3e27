// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libhmap: operations on elements other than get, put and delete, functions for
 * many elements, and the size and limits of a map. hmap.h documents them.
 */
#include <limits.h>

#include "command.h"

/* ---- one operation ---- */

/* Check the sizes for operations; only the kernel uses their addresses. */
static bool has_sizes(const struct hmap *map, size_t key_size,
		      size_t value_size)
{
	return key_size == map->info.key_size &&
	       value_size == map->info.value_size;
}

int hmap_do(const struct hmap *map, struct hmap_op *op, size_t key_size,
	    size_t value_size)
{
	struct hmap_ioc_op arg = { .size = sizeof(arg) };
	int err;

	if (!map || !op)
		return fail(EINVAL);
	if (!has_sizes(map, key_size, value_size)) {
		op->result = fail(EINVAL);
		return op->result;
	}
	arg.key_size = key_size;
	arg.value_size = value_size;
	arg.op = *op;
	err = command(map, HMAP_IOC_OP, &arg);
	*op = arg.op;
	op->result = err;	/* even if the operation was not reached */
	return err;
}

/* hmap_do() for an operation whose arguments have been checked. */
static int do_checked(const struct hmap *map, struct hmap_op *op)
{
	return hmap_do(map, op, map->info.key_size, map->info.value_size);
}

/* An operation on the whole value; @value and @out may be NULL. */
static struct hmap_op whole_op(const struct hmap *map, __u32 op, const void *key,
			       const void *value, void *out)
{
	__u32 size = map->info.value_size;

	return (struct hmap_op){
		.op = op,
		.length = size,
		.key = address(key),
		.value = size ? address(value) : 0,
		.out = size ? address(out) : 0,
	};
}

/* Return 1 if the key existed, 0 if not, or the error. */
static int existed(int err, const struct hmap_op *op)
{
	return err ? err : (int)op->existed;
}

int hmap_pop(const struct hmap *map, const void *key, size_t key_size,
	     void *value, size_t value_size)
{
	struct hmap_op op;

	if (!map || !is_key(map, key, key_size) ||
	    !is_value_or_none(map, value, value_size))
		return fail(EINVAL);
	op = whole_op(map, HMAP_OP_POP, key, NULL, value);
	if (!op.out)
		op.length = 0;
	return do_checked(map, &op);
}

int hmap_get_or_put(const struct hmap *map, const void *key, size_t key_size,
		    void *value, size_t value_size)
{
	struct hmap_op op;
	int err;

	if (!map || !is_key(map, key, key_size) ||
	    !is_value(map, value, value_size))
		return fail(EINVAL);
	op = whole_op(map, HMAP_OP_GET_OR_PUT, key, value, value);
	err = do_checked(map, &op);
	return existed(err, &op);
}

int hmap_swap(const struct hmap *map, const void *key, size_t key_size,
	      const void *value, void *old, size_t value_size, unsigned int flags)
{
	struct hmap_op op;
	int err;

	if (!map || !is_key(map, key, key_size) ||
	    !is_value(map, value, value_size))
		return fail(EINVAL);
	op = whole_op(map, HMAP_OP_PUT, key, value, old);
	op.flags = flags;
	err = do_checked(map, &op);
	return existed(err, &op);
}

int hmap_compare_swap(const struct hmap *map, const void *key, size_t key_size,
		      void *expected, const void *value, size_t value_size,
		      unsigned int flags)
{
	struct hmap_op op;

	if (!map || !is_key(map, key, key_size) || !value_size ||
	    !is_value(map, expected, value_size) ||
	    !is_value(map, value, value_size))
		return fail(EINVAL);
	op = whole_op(map, HMAP_OP_CMPXCHG, key, value, expected);
	op.expected = address(expected);
	op.flags = flags;
	return do_checked(map, &op);
}

int hmap_add(const struct hmap *map, const void *key, size_t key_size,
	     size_t offset, size_t length, __u64 operand, __u64 *number)
{
	struct hmap_op op = {
		.op = HMAP_OP_ADD,
		.flags = HMAP_OP_CREATE | HMAP_OP_NEW,
		.key = address(key),
		.operand = operand,
	};
	int err;

	if (!map || !is_key(map, key, key_size) || offset > UINT_MAX ||
	    length > UINT_MAX)
		return fail(EINVAL);
	op.offset = offset;
	op.length = length;
	err = do_checked(map, &op);
	if (!err && number)
		*number = op.answer;
	return existed(err, &op);
}

/* ---- many operations ---- */

int hmap_batch(const struct hmap *map, struct hmap_op *ops, unsigned int count,
	       size_t key_size, size_t value_size, unsigned int flags,
	       unsigned int *done)
{
	struct hmap_ioc_batch batch = { .size = sizeof(batch), .flags = flags };
	int err;

	if (done)
		*done = 0;
	if (!map || (!ops && count) || !has_sizes(map, key_size, value_size))
		return fail(EINVAL);
	batch.key_size = key_size;
	batch.value_size = value_size;
	batch.ops = address(ops);
	batch.count = count;
	batch.op_size = sizeof(*ops);
	err = long_command(map, HMAP_IOC_BATCH, &batch);
	if (done)
		*done = batch.done;
	return err;
}

int hmap_vector(const struct hmap *map, struct hmap_ioc_vector *vector)
{
	if (!map || !vector)
		return fail(EINVAL);
	vector->size = sizeof(*vector);
	vector->done = 0;
	vector->failed = 0;
	return long_command(map, HMAP_IOC_VECTOR, vector);
}

/*
 * Carry out a vector and return the number of elements for which it succeeded.
 * The kernel requires the size of values even if no values are passed.
 */
static int many(const struct hmap *map, struct hmap_ioc_vector *vector)
{
	int err;

	vector->key_size = map->info.key_size;
	vector->value_size = map->info.value_size;
	if (!vector->value_size)
		vector->values = 0;
	err = hmap_vector(map, vector);
	return err ? err : (int)(vector->done - vector->failed);
}

/* Whether @keys and @count are valid for a vector. */
static bool are_keys(const struct hmap *map, const void *keys, size_t key_size,
		     unsigned int count)
{
	return count <= INT_MAX &&
	       is_buffer(keys, key_size, map->info.key_size, count);
}

int hmap_get_many(const struct hmap *map, const void *keys, size_t key_size,
		  void *values, size_t value_size, __s32 *results,
		  unsigned int count)
{
	struct hmap_ioc_vector vector = {
		.op = HMAP_OP_GET,
		.count = count,
		.keys = address(keys),
		.values = address(values),
		.results = address(results),
	};

	if (!map || !are_keys(map, keys, key_size, count) ||
	    !is_buffer_or_none(values, value_size, map->info.value_size, count))
		return fail(EINVAL);
	return many(map, &vector);
}

int hmap_put_many(const struct hmap *map, const void *keys, size_t key_size,
		  const void *values, size_t value_size, __s32 *results,
		  unsigned int count, unsigned int flags)
{
	struct hmap_ioc_vector vector = {
		.op = HMAP_OP_PUT,
		.op_flags = flags,
		.count = count,
		.keys = address(keys),
		.values = address(values),
		.results = address(results),
	};

	if (!map || !are_keys(map, keys, key_size, count) ||
	    !is_buffer(values, value_size, map->info.value_size, count))
		return fail(EINVAL);
	return many(map, &vector);
}

int hmap_delete_many(const struct hmap *map, const void *keys, size_t key_size,
		     __s32 *results, unsigned int count)
{
	struct hmap_ioc_vector vector = {
		.op = HMAP_OP_DELETE,
		.count = count,
		.keys = address(keys),
		.results = address(results),
	};

	if (!map || !are_keys(map, keys, key_size, count))
		return fail(EINVAL);
	return many(map, &vector);
}

/* ---- size and limits of the map ---- */

long long hmap_count(const struct hmap *map)
{
	struct hmap_ioc_count arg = { .size = sizeof(arg) };
	int err;

	if (!map)
		return fail(EINVAL);
	err = command(map, HMAP_IOC_COUNT, &arg);
	return err ? err : (long long)arg.count;
}

int hmap_reserve(const struct hmap *map, unsigned long long count)
{
	struct hmap_ioc_count arg = { .size = sizeof(arg), .count = count };

	if (!map)
		return fail(EINVAL);
	return long_command(map, HMAP_IOC_RESERVE, &arg);
}

/* @info is the field of the map's copy of the limit. */
static int set_limit(struct hmap *map, struct hmap_ioc_set *arg, __u64 limit,
		     __u64 *info)
{
	int err = command(map, HMAP_IOC_SET, arg);

	if (!err)
		*info = limit;
	return err;
}

int hmap_set_max_entries(struct hmap *map, unsigned long long n)
{
	struct hmap_ioc_set arg = {
		.size = sizeof(arg), .flags = HMAP_SET_MAX_ENTRIES, .max_entries = n,
	};

	return map ? set_limit(map, &arg, n, &map->info.max_entries) : fail(EINVAL);
}

int hmap_set_max_bytes(struct hmap *map, unsigned long long bytes)
{
	struct hmap_ioc_set arg = {
		.size = sizeof(arg), .flags = HMAP_SET_MAX_BYTES, .max_bytes = bytes,
	};

	return map ? set_limit(map, &arg, bytes, &map->info.max_bytes) : fail(EINVAL);
}
