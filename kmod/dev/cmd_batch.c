// SPDX-License-Identifier: GPL-2.0
/*
 * Many operations in one call: a batch is of any kinds, a vector of one.
 *
 * Both say how many they have done whatever happens, so that a caller that was
 * interrupted, or gave a bad address, knows how far it came. From there they go on when
 * they are called again: after a signal that has no handler, a freeze or a stop the system
 * call is restarted, and its caller notices nothing. Each call gets on by one part at
 * least, however many signals there are.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "cmd_op.h"
#include "watch.h"

/* Results are the last fields, so that one copy writes them back. */
#define RESULT_OFFSET	offsetof(struct hmap_op, answer)
#define RESULT_SIZE	(sizeof(struct hmap_op) - RESULT_OFFSET)

/*
 * @done and @failed are valid as input only with the flag that an interrupted call
 * has set in the structure.
 */
static void hmap_resume(u32 flags, u32 *done, u32 *failed)
{
	if (flags & HMAP_BATCH_RESUME)
		return;
	*done = 0;
	*failed = 0;
}

static bool hmap_progress_ok(u32 flags, u32 count, u32 done, u32 failed)
{
	return !(flags & ~(HMAP_BATCH_STOP | HMAP_BATCH_RESUME)) &&
	       done <= count && failed <= done;
}

static int hmap_interrupt(u32 *flags)
{
	*flags |= HMAP_BATCH_RESUME;
	return -ERESTARTSYS;
}

/* One operation of a batch. Returns 0, or -EFAULT for the array itself. */
static int hmap_batch_step(struct hmap_call *call, struct hmap_elem_buf *buf)
{
	struct hmap_ioc_batch *batch = &call->arg.batch;
	u64 at = batch->ops + (u64)batch->done * sizeof(struct hmap_op);
	struct hmap_op op;

	if (copy_from_user(&op, u64_to_user_ptr(at), sizeof(op)))
		return -EFAULT;
	hmap_op_run(call, &op, buf);
	batch->done++;
	batch->failed += !!op.result;
	if (copy_to_user(u64_to_user_ptr(at + RESULT_OFFSET), &op.answer,
			 RESULT_SIZE))
		return -EFAULT;
	return 0;
}

static int hmap_batch_run(struct hmap_call *call, struct hmap_elem_buf *buf)
{
	struct hmap_ioc_batch *batch = &call->arg.batch;
	int ret = 0;

	while (!ret && batch->done < batch->count) {
		if (batch->failed && batch->flags & HMAP_BATCH_STOP)
			break;
		ret = hmap_batch_step(call, buf);
		if (!ret && batch->done < batch->count && signal_pending(current))
			return hmap_interrupt(&batch->flags);
		cond_resched();
	}
	return ret;
}

static int hmap_batch_check(const struct hmap_params *params,
			    const struct hmap_ioc_batch *batch)
{
	if (!hmap_progress_ok(batch->flags, batch->count, batch->done,
			      batch->failed) ||
	    batch->key_size != params->key_size ||
	    batch->value_size != params->value_size ||
	    batch->op_size != sizeof(struct hmap_op))
		return -EINVAL;
	return 0;
}

int hmap_cmd_batch(struct hmap_call *call)
{
	const struct hmap_params *params = &call->map->params;
	struct hmap_ioc_batch *batch = &call->arg.batch;
	struct hmap_elem_buf buf;
	int ret;

	hmap_resume(batch->flags, &batch->done, &batch->failed);
	ret = hmap_batch_check(params, batch);
	if (ret)
		goto out;
	ret = hmap_elem_buf_init(&buf, params->key_size, params->value_size, 3);
	if (ret)
		goto out;
	batch->flags &= ~HMAP_BATCH_RESUME;
	ret = hmap_batch_run(call, &buf);
	hmap_elem_buf_free(&buf);
out:
	return hmap_call_return(call, sizeof(*batch)) ?: ret;
}

/* Size of the bounce buffer, unless a single element is larger. */
#define VECTOR_BOUNCE	SZ_64K

/* The most elements of one part of a vector. */
#define VECTOR_PART	512

/**
 * struct hmap_vector - a part of a vector
 * @map: the map
 * @arg: the argument of the ioctl
 * @keys: room for @room keys
 * @values: room for @room values; NULL if there are none
 * @results: room for @room results
 * @room: elements that fit; at least 1, unless the vector is empty
 * @found: elements of the part that succeeded without changing the map
 */
struct hmap_vector {
	struct hmap *map;
	const struct hmap_ioc_vector *arg;
	void *keys;
	void *values;
	s32 *results;
	u32 room;
	u32 found;
};

/* Work on elements @i up to @n, or to a failure that stops; returns the end. */
typedef u32 (*hmap_vector_fn_t)(struct hmap_vector *v, u32 i, u32 n);

#define USES_IN		1	/* takes values */
#define USES_OUT	2	/* returns values */

/**
 * struct hmap_vector_kind - properties of an operation
 * @fn: carries it out for the elements of a part
 * @mode: modes that the file must be open for
 * @flags: the highest value of op_flags that it accepts
 * @uses: USES_* bits
 */
struct hmap_vector_kind {
	hmap_vector_fn_t fn;
	fmode_t mode;
	u32 flags;
	u32 uses;
};

static void *hmap_vector_key(const struct hmap_vector *v, u32 i)
{
	return v->keys + (size_t)i * v->arg->key_size;
}

static void *hmap_vector_value(const struct hmap_vector *v, u32 i)
{
	return v->values ? v->values + (size_t)i * v->arg->value_size : NULL;
}

/* Record a result. Returns whether the vector continues. */
static bool hmap_vector_note(struct hmap_vector *v, u32 i, int result)
{
	v->results[i] = result;
	return !result || !(v->arg->flags & HMAP_BATCH_STOP);
}

/* Lookups have no effect: those behind a failure that stops are ignored. */
static u32 hmap_vector_get(struct hmap_vector *v, u32 i, u32 n)
{
	DECLARE_BITMAP(found, VECTOR_PART);

	hmap_get_batch(v->map, hmap_vector_key(v, i), n - i,
		       hmap_vector_value(v, i), found);
	while (i < n) {
		if (!hmap_vector_note(v, i, test_bit(i, found) ? 0 : -ENOENT))
			return i + 1;
		i++;
	}
	return n;
}

static u32 hmap_vector_put_each(struct hmap_vector *v, u32 i, u32 n)
{
	bool more = true;
	int ret;

	for (; more && i < n; i++) {
		ret = hmap_put(v->map, hmap_vector_key(v, i),
			       hmap_vector_value(v, i), v->arg->op_flags,
			       GFP_KERNEL_ACCOUNT);
		more = hmap_vector_note(v, i, ret);
	}
	return i;
}

/*
 * Put in batches, so that cache misses overlap. If an element fails, the rest of its
 * batch has been prefetched already, and is put one by one.
 */
static u32 hmap_vector_put(struct hmap_vector *v, u32 i, u32 n)
{
	unsigned int done;
	u32 end;
	int ret;

	while (i < n) {
		end = min_t(u32, n, i + HMAP_BATCH_KEYS);
		ret = hmap_put_batch(v->map, hmap_vector_key(v, i),
				     hmap_vector_value(v, i), end - i,
				     v->arg->op_flags, GFP_KERNEL_ACCOUNT,
				     &done);
		memset(v->results + i, 0, done * sizeof(*v->results));
		i += done;
		if (!ret)
			continue;
		if (!hmap_vector_note(v, i++, ret))
			return i;
		i = hmap_vector_put_each(v, i, end);
		if (i < end)
			return i;
	}
	return n;
}

/* POP and DELETE. DELETE has no values. */
static u32 hmap_vector_pop(struct hmap_vector *v, u32 i, u32 n)
{
	bool more = true;

	for (; more && i < n; i++)
		more = hmap_vector_note(v, i, hmap_pop(v->map,
						       hmap_vector_key(v, i),
						       hmap_vector_value(v, i)));
	return i;
}

static u32 hmap_vector_get_or_put(struct hmap_vector *v, u32 i, u32 n)
{
	bool more = true;
	int ret;

	for (; more && i < n; i++) {
		ret = hmap_get_or_put(v->map, hmap_vector_key(v, i),
				      hmap_vector_value(v, i));
		v->found += ret == -EEXIST;
		more = hmap_vector_note(v, i, ret == -EEXIST ? 0 : ret);
	}
	return i;
}

static const struct hmap_vector_kind hmap_vector_kinds[] = {
	[HMAP_OP_GET] = {
		.fn = hmap_vector_get,
		.mode = FMODE_READ,
		.uses = USES_OUT,
	},
	[HMAP_OP_PUT] = {
		.fn = hmap_vector_put,
		.mode = FMODE_WRITE,
		.flags = HMAP_EXIST,
		.uses = USES_IN,
	},
	[HMAP_OP_DELETE] = {
		.fn = hmap_vector_pop,
		.mode = FMODE_WRITE,
	},
	[HMAP_OP_POP] = {
		.fn = hmap_vector_pop,
		.mode = FMODE_READ | FMODE_WRITE,
		.uses = USES_OUT,
	},
	[HMAP_OP_GET_OR_PUT] = {
		.fn = hmap_vector_get_or_put,
		.mode = FMODE_READ | FMODE_WRITE,
		.uses = USES_IN | USES_OUT,
	},
};

static const struct hmap_vector_kind *hmap_find_vector(u32 op)
{
	if (op >= ARRAY_SIZE(hmap_vector_kinds))
		return NULL;
	op = array_index_nospec(op, ARRAY_SIZE(hmap_vector_kinds));
	return hmap_vector_kinds[op].fn ? &hmap_vector_kinds[op] : NULL;
}

static int hmap_vector_check(const struct hmap_call *call,
			     const struct hmap_vector_kind *kind)
{
	const struct hmap_params *params = &call->map->params;
	const struct hmap_ioc_vector *arg = &call->arg.vector;

	if (!kind)
		return -EINVAL;
	if ((call->file->f_mode & kind->mode) != kind->mode)
		return -EACCES;
	if (!hmap_progress_ok(arg->flags, arg->count, arg->done, arg->failed) ||
	    arg->reserved ||
	    arg->key_size != params->key_size ||
	    arg->value_size != params->value_size)
		return -EINVAL;
	if (arg->op_flags > kind->flags ||
	    (arg->values && (!kind->uses || !arg->value_size)))
		return -EINVAL;
	return 0;
}

static int hmap_vector_init(struct hmap_vector *v, struct hmap_call *call,
			    const struct hmap_vector_kind *kind)
{
	const struct hmap_ioc_vector *arg = &call->arg.vector;
	bool values = arg->value_size && (arg->values || kind->uses & USES_IN);
	size_t elem_size = arg->key_size + sizeof(*v->results);

	if (values)
		elem_size += arg->value_size;
	v->map = call->map;
	v->arg = arg;
	v->room = clamp_t(u32, VECTOR_BOUNCE / elem_size, 1, VECTOR_PART);
	v->room = min(v->room, arg->count);
	v->results = kvmalloc_array(v->room, elem_size, GFP_KERNEL_ACCOUNT);
	if (!v->results)
		return -ENOMEM;
	v->keys = v->results + v->room;
	v->values = values ? hmap_vector_key(v, v->room) : NULL;
	return 0;
}

static int hmap_vector_fetch(struct hmap_vector *v, u32 n, u32 uses)
{
	const struct hmap_ioc_vector *arg = v->arg;
	u64 keys = arg->keys + (u64)arg->done * arg->key_size;
	u64 values = arg->values + (u64)arg->done * arg->value_size;

	if (copy_from_user(v->keys, u64_to_user_ptr(keys),
			   (size_t)n * arg->key_size))
		return -EFAULT;
	if (v->values && uses & USES_IN &&
	    copy_from_user(v->values, u64_to_user_ptr(values),
			   (size_t)n * arg->value_size))
		return -EFAULT;
	return 0;
}

/* Copy out the values of elements that succeeded, adjacent ones together. */
static int hmap_vector_deliver_values(const struct hmap_vector *v, u32 n)
{
	u32 size = v->arg->value_size, i, end;
	u64 to = v->arg->values + (u64)v->arg->done * size;

	for (i = 0; i < n; i = end) {
		end = i + 1;
		if (v->results[i])
			continue;
		while (end < n && !v->results[end])
			end++;
		if (copy_to_user(u64_to_user_ptr(to + (u64)i * size),
				 hmap_vector_value(v, i),
				 (size_t)(end - i) * size))
			return -EFAULT;
	}
	return 0;
}

static int hmap_vector_deliver(const struct hmap_vector *v, u32 n, u32 uses)
{
	u64 results = v->arg->results + (u64)v->arg->done * sizeof(*v->results);
	int ret = 0;

	if (v->arg->results &&
	    copy_to_user(u64_to_user_ptr(results), v->results,
			 n * sizeof(*v->results)))
		ret = -EFAULT;
	if (v->values && uses & USES_OUT)
		ret = hmap_vector_deliver_values(v, n) ?: ret;
	return ret;
}

/* Carry it out for a part of *@n elements; *@n is then the number that was done. */
static void hmap_vector_do(struct hmap_call *call, struct hmap_vector *v, u32 *n,
			   const struct hmap_vector_kind *kind)
{
	u32 failed = 0, i;

	v->found = 0;
	*n = kind->fn(v, 0, *n);
	for (i = 0; i < *n; i++)
		failed += !!v->results[i];
	call->arg.vector.failed += failed;
	if (kind->mode & FMODE_WRITE && failed + v->found < *n)
		hmap_object_changed(call->object, v->keys, *n);
}

static int hmap_vector_part(struct hmap_call *call, struct hmap_vector *v,
			    const struct hmap_vector_kind *kind)
{
	struct hmap_ioc_vector *arg = &call->arg.vector;
	u32 n = min(v->room, arg->count - arg->done);
	bool writes = kind->mode & FMODE_WRITE;
	int ret;

	ret = hmap_vector_fetch(v, n, kind->uses);
	if (!ret && writes)
		ret = hmap_change_begin(call->object);
	if (ret)
		return ret;
	hmap_vector_do(call, v, &n, kind);
	if (writes)
		hmap_change_end(call->object);
	ret = hmap_vector_deliver(v, n, kind->uses);
	arg->done += n;
	return ret;
}

static int hmap_vector_run(struct hmap_call *call, struct hmap_vector *v,
			   const struct hmap_vector_kind *kind)
{
	struct hmap_ioc_vector *arg = &call->arg.vector;
	int ret = 0;

	while (!ret && arg->done < arg->count) {
		if (arg->failed && arg->flags & HMAP_BATCH_STOP)
			break;
		ret = hmap_vector_part(call, v, kind);
		if (!ret && arg->done < arg->count && signal_pending(current))
			return hmap_interrupt(&arg->flags);
		cond_resched();
	}
	return ret;
}

int hmap_cmd_vector(struct hmap_call *call)
{
	struct hmap_ioc_vector *arg = &call->arg.vector;
	const struct hmap_vector_kind *kind = hmap_find_vector(arg->op);
	struct hmap_vector v = {};
	int ret;

	hmap_resume(arg->flags, &arg->done, &arg->failed);
	ret = hmap_vector_check(call, kind);
	if (ret)
		goto out;
	ret = hmap_vector_init(&v, call, kind);
	if (ret)
		goto out;
	arg->flags &= ~HMAP_BATCH_RESUME;
	ret = hmap_vector_run(call, &v, kind);
out:
	kvfree(v.results);

	return hmap_call_return(call, sizeof(*arg)) ?: ret;
}
