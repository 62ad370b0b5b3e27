// SPDX-License-Identifier: GPL-2.0
/*
 * Operations: all that can be done to one element, at once or not at all.
 *
 * An operation that changes a value depending on what it was does so in a
 * callback of hmap_update(), under the lock of the map. As in cmd_elem.c no
 * address of the caller is accessed there: operands are copied in before, and
 * results are copied out afterwards.
 */
#include <linux/log2.h>
#include <linux/nospec.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "cmd_op.h"
#include "watch.h"

/* The part of the value that an operation works on. */
enum hmap_op_part {
	PART_NONE,
	PART_WHOLE,
	PART_ANY,	/* any part, or none */
	PART_SOME,	/* any part */
	PART_NUMBER,	/* any 1, 2, 4 or 8 bytes */
};

/* Fields of struct hmap_op that an operation uses; all others must be 0. */
#define USES_VALUE	1
#define USES_OUT	2
#define USES_OPERAND	4
#define USES_EXPECTED	8
#define NEEDS_OUT	16	/* @out must be set if @length is */

typedef int (*hmap_op_fn_t)(struct hmap *h, struct hmap_op *op,
			    struct hmap_elem_buf *buf);

/**
 * struct hmap_op_kind - properties of an operation
 * @fn: carries it out; stores its result at the same offset in @buf->old
 * @mode: modes that the file must be open for
 * @flags: flags that it accepts
 * @part: the part of the value that it works on
 * @uses: USES_* and NEEDS_* bits
 */
struct hmap_op_kind {
	hmap_op_fn_t fn;
	fmode_t mode;
	u32 flags;
	enum hmap_op_part part;
	u32 uses;
};

/* Argument of the callbacks of hmap_update(). */
struct hmap_op_arg {
	struct hmap_op *op;
	struct hmap_elem_buf *buf;
};

static int hmap_op_get(struct hmap *h, struct hmap_op *op,
		       struct hmap_elem_buf *buf)
{
	int ret = hmap_get(h, buf->key, op->length ? buf->old : NULL);

	op->existed = !ret;
	return ret;
}

static int hmap_op_delete(struct hmap *h, struct hmap_op *op,
			  struct hmap_elem_buf *buf)
{
	int ret = hmap_pop(h, buf->key, op->length ? buf->old : NULL);

	op->existed = !ret;
	return ret;
}

/* Record whether the element exists, and the old part if it is wanted. */
static void hmap_op_note(const struct hmap_op_arg *a, const void *value,
			 bool exists)
{
	const struct hmap_op *op = a->op;

	a->op->existed = exists;
	if (op->out)
		memcpy(a->buf->old + op->offset, value + op->offset, op->length);
}

static int hmap_op_store(void *value, bool exists, void *arg)
{
	const struct hmap_op_arg *a = arg;

	hmap_op_note(a, value, exists);
	memcpy(value + a->op->offset, a->buf->value, a->op->length);
	return 0;
}

static int hmap_op_put(struct hmap *h, struct hmap_op *op,
		       struct hmap_elem_buf *buf)
{
	struct hmap_op_arg arg = { op, buf };
	int ret = hmap_update(h, buf->key, hmap_op_store, &arg, op->flags,
			      GFP_KERNEL_ACCOUNT);

	if (ret == -EEXIST)
		op->existed = 1;
	return ret;
}

/* Argument of the callback of hmap_get_or_put(). */
struct hmap_first_arg {
	void *value;
	u32 size;
};

static int hmap_store_first(void *value, bool exists, void *arg)
{
	const struct hmap_first_arg *a = arg;

	if (!a->size)
		return exists ? -EEXIST : 0;
	memcpy(exists ? a->value : value, exists ? value : a->value, a->size);
	return exists ? -EEXIST : 0;
}

/**
 * hmap_get_or_put() - insert an element, or get the value of the existing one
 * @h: the map
 * @key: the key
 * @value: in: the value to insert; out: the existing value. NULL in a set
 *
 * Return: 0 if the element has been inserted; -EEXIST if it existed; otherwise as
 * hmap_update().
 */
int hmap_get_or_put(struct hmap *h, const void *key, void *value)
{
	struct hmap_first_arg arg = { value, h->params.value_size };

	return hmap_update(h, key, hmap_store_first, &arg, HMAP_ANY,
			   GFP_KERNEL_ACCOUNT);
}

/* Try a lookup without a lock first: most often the element exists. */
static int hmap_op_get_or_put(struct hmap *h, struct hmap_op *op,
			      struct hmap_elem_buf *buf)
{
	int ret;

	if (!hmap_op_get(h, op, buf))
		return 0;
	ret = hmap_get_or_put(h, buf->key, buf->value);
	op->existed = ret == -EEXIST;
	if (op->out)
		memcpy(buf->old, buf->value, op->length);
	return op->existed ? 0 : ret;
}

/* An update; with HMAP_OP_CREATE a missing element is taken for one of zeros. */
static int hmap_op_update(struct hmap *h, struct hmap_op *op,
			  struct hmap_elem_buf *buf, hmap_updatefn_t fn)
{
	struct hmap_op_arg arg = { op, buf };

	return hmap_update(h, buf->key, fn, &arg,
			   op->flags & HMAP_OP_CREATE ? HMAP_ANY : HMAP_EXIST,
			   GFP_KERNEL_ACCOUNT);
}

static int hmap_op_xchg(struct hmap *h, struct hmap_op *op,
			struct hmap_elem_buf *buf)
{
	return hmap_op_update(h, op, buf, hmap_op_store);
}

static int hmap_op_store_if(void *value, bool exists, void *arg)
{
	const struct hmap_op_arg *a = arg;
	void *part = value + a->op->offset;

	hmap_op_note(a, value, exists);
	if (memcmp(part, a->buf->expected, a->op->length))
		return -ECANCELED;
	memcpy(part, a->buf->value, a->op->length);
	return 0;
}

static int hmap_op_cmpxchg(struct hmap *h, struct hmap_op *op,
			   struct hmap_elem_buf *buf)
{
	return hmap_op_update(h, op, buf, hmap_op_store_if);
}

/* A number of 1, 2, 4 or 8 bytes. In the value it may be unaligned. */
union hmap_op_number {
	u8 u8;
	u16 u16;
	u32 u32;
	u64 u64;
};

static u64 hmap_load_number(const void *p, u32 length)
{
	union hmap_op_number n;

	memcpy(&n, p, length);
	switch (length) {
	case sizeof(u8):
		return n.u8;
	case sizeof(u16):
		return n.u16;
	case sizeof(u32):
		return n.u32;
	default:
		return n.u64;
	}
}

static void hmap_store_number(void *p, u64 x, u32 length)
{
	union hmap_op_number n;

	switch (length) {
	case sizeof(u8):
		n.u8 = x;
		break;
	case sizeof(u16):
		n.u16 = x;
		break;
	case sizeof(u32):
		n.u32 = x;
		break;
	default:
		n.u64 = x;
	}
	memcpy(p, &n, length);
}

static u64 hmap_calculate(u32 op, u64 number, u64 operand)
{
	switch (op) {
	case HMAP_OP_ADD:
		return number + operand;
	case HMAP_OP_AND:
		return number & operand;
	case HMAP_OP_OR:
		return number | operand;
	default:
		return number ^ operand;
	}
}

static int hmap_op_calculate(void *value, bool exists, void *arg)
{
	const struct hmap_op_arg *a = arg;
	struct hmap_op *op = a->op;
	void *part = value + op->offset;

	op->existed = exists;
	op->answer = hmap_load_number(part, op->length);
	hmap_store_number(part, hmap_calculate(op->op, op->answer, op->operand),
			  op->length);
	if (op->flags & HMAP_OP_NEW)
		op->answer = hmap_load_number(part, op->length);
	return 0;
}

static int hmap_op_number(struct hmap *h, struct hmap_op *op,
			  struct hmap_elem_buf *buf)
{
	return hmap_op_update(h, op, buf, hmap_op_calculate);
}

#define READ_WRITE	(FMODE_READ | FMODE_WRITE)

#define NUMBER_KIND {						\
	.fn = hmap_op_number,					\
	.mode = READ_WRITE,					\
	.flags = HMAP_OP_CREATE | HMAP_OP_NEW,			\
	.part = PART_NUMBER,					\
	.uses = USES_OPERAND,					\
}

static const struct hmap_op_kind hmap_op_kinds[] = {
	[HMAP_OP_GET] = {
		.fn = hmap_op_get,
		.mode = FMODE_READ,
		.part = PART_ANY,
		.uses = USES_OUT | NEEDS_OUT,
	},
	[HMAP_OP_PUT] = {
		.fn = hmap_op_put,
		.mode = FMODE_WRITE,
		.flags = HMAP_NOEXIST | HMAP_EXIST,
		.part = PART_WHOLE,
		.uses = USES_VALUE | USES_OUT,
	},
	[HMAP_OP_DELETE] = {
		.fn = hmap_op_delete,
		.mode = FMODE_WRITE,
		.part = PART_NONE,
	},
	[HMAP_OP_POP] = {
		.fn = hmap_op_delete,
		.mode = READ_WRITE,
		.part = PART_ANY,
		.uses = USES_OUT | NEEDS_OUT,
	},
	[HMAP_OP_GET_OR_PUT] = {
		.fn = hmap_op_get_or_put,
		.mode = READ_WRITE,
		.part = PART_WHOLE,
		.uses = USES_VALUE | USES_OUT,
	},
	[HMAP_OP_ADD] = NUMBER_KIND,
	[HMAP_OP_AND] = NUMBER_KIND,
	[HMAP_OP_OR] = NUMBER_KIND,
	[HMAP_OP_XOR] = NUMBER_KIND,
	[HMAP_OP_XCHG] = {
		.fn = hmap_op_xchg,
		.mode = FMODE_WRITE,
		.flags = HMAP_OP_CREATE,
		.part = PART_SOME,
		.uses = USES_VALUE | USES_OUT,
	},
	[HMAP_OP_CMPXCHG] = {
		.fn = hmap_op_cmpxchg,
		.mode = READ_WRITE,
		.flags = HMAP_OP_CREATE,
		.part = PART_SOME,
		.uses = USES_VALUE | USES_OUT | USES_EXPECTED,
	},
};

static const struct hmap_op_kind *hmap_find_op(u32 op)
{
	if (op >= ARRAY_SIZE(hmap_op_kinds))
		return NULL;
	op = array_index_nospec(op, ARRAY_SIZE(hmap_op_kinds));
	return hmap_op_kinds[op].fn ? &hmap_op_kinds[op] : NULL;
}

static bool hmap_op_part_ok(const struct hmap_op *op, enum hmap_op_part part,
			    u32 value_size)
{
	bool fits = (u64)op->offset + op->length <= value_size;

	switch (part) {
	case PART_NONE:
		return !op->offset && !op->length;
	case PART_WHOLE:
		return !op->offset && op->length == value_size;
	case PART_ANY:
		return fits && (op->length || !op->offset);
	case PART_SOME:
		return fits && op->length;
	default:
		return fits && is_power_of_2(op->length) &&
		       op->length <= sizeof(u64);
	}
}

static bool hmap_op_fields_ok(const struct hmap_op *op, u32 uses)
{
	if (op->value && !(uses & USES_VALUE))
		return false;
	if (op->out && (!(uses & USES_OUT) || !op->length))
		return false;
	if (op->length && !op->out && uses & NEEDS_OUT)
		return false;
	return !op->operand || uses & (USES_OPERAND | USES_EXPECTED);
}

static int hmap_op_check(const struct hmap_call *call, const struct hmap_op *op,
			 const struct hmap_op_kind *kind)
{
	fmode_t mode = kind->mode | (op->out ? FMODE_READ : 0);

	if ((call->file->f_mode & mode) != mode)
		return -EACCES;
	if (op->flags & ~kind->flags ||
	    (op->op == HMAP_OP_PUT && op->flags > HMAP_EXIST))
		return -EINVAL;
	if (!hmap_op_part_ok(op, kind->part, call->map->params.value_size) ||
	    !hmap_op_fields_ok(op, kind->uses))
		return -EINVAL;
	return 0;
}

static bool hmap_fetch(void *to, u64 from, u32 size)
{
	return !copy_from_user(to, u64_to_user_ptr(from), size);
}

static int hmap_op_fetch(const struct hmap_call *call, const struct hmap_op *op,
			 u32 uses, struct hmap_elem_buf *buf)
{
	if (!hmap_fetch(buf->key, op->key, call->map->params.key_size))
		return -EFAULT;
	if (uses & USES_VALUE && op->length &&
	    !hmap_fetch(buf->value, op->value, op->length))
		return -EFAULT;
	if (uses & USES_EXPECTED &&
	    !hmap_fetch(buf->expected, op->expected, op->length))
		return -EFAULT;
	return 0;
}

/* Copy the result out, also the unexpected part of a failed CMPXCHG. */
static int hmap_op_deliver(const struct hmap_op *op, int ret,
			   const struct hmap_elem_buf *buf)
{
	if (!op->out || (ret && ret != -ECANCELED))
		return ret;
	if (copy_to_user(u64_to_user_ptr(op->out), buf->old + op->offset,
			 op->length))
		return -EFAULT;
	return ret;
}

/* Carry the operation out unless the map is frozen; wake if it has changed it. */
static int hmap_op_do(struct hmap_call *call, struct hmap_op *op,
		      const struct hmap_op_kind *kind, struct hmap_elem_buf *buf)
{
	int ret;

	if (!(kind->mode & FMODE_WRITE))
		return kind->fn(call->map, op, buf);
	ret = hmap_change_begin(call->object);
	if (ret)
		return ret;
	ret = kind->fn(call->map, op, buf);
	if (!ret && !(op->op == HMAP_OP_GET_OR_PUT && op->existed))
		hmap_object_changed(call->object, buf->key, 1);
	hmap_change_end(call->object);
	return ret;
}

/**
 * hmap_op_run() - carry out an operation
 * @call: the call that it is part of
 * @op: the operation; answer, existed and result are set
 * @buf: a buffer for 3 values
 *
 * Return: the result of the operation.
 */
int hmap_op_run(struct hmap_call *call, struct hmap_op *op,
		struct hmap_elem_buf *buf)
{
	const struct hmap_op_kind *kind = hmap_find_op(op->op);
	int ret = -EINVAL;

	op->answer = 0;
	op->existed = 0;
	if (!kind)
		goto out;
	ret = hmap_op_check(call, op, kind);
	if (ret)
		goto out;
	ret = hmap_op_fetch(call, op, kind->uses, buf);
	if (ret)
		goto out;
	ret = hmap_op_deliver(op, hmap_op_do(call, op, kind, buf), buf);
out:
	op->result = ret;
	return ret;
}

int hmap_cmd_op(struct hmap_call *call)
{
	const struct hmap_params *params = &call->map->params;
	struct hmap_ioc_op *arg = &call->arg.op;
	struct hmap_elem_buf buf;
	int ret;

	if (arg->flags || arg->key_size != params->key_size ||
	    arg->value_size != params->value_size)
		return -EINVAL;
	ret = hmap_elem_buf_init(&buf, params->key_size, params->value_size, 3);
	if (ret)
		return ret;
	ret = hmap_op_run(call, &arg->op, &buf);
	hmap_elem_buf_free(&buf);

	return hmap_call_return(call, sizeof(*arg)) ?: ret;
}
