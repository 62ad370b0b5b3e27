// SPDX-License-Identifier: GPL-2.0
/*
 * Operations: OP, BATCH and VECTOR, and the commands for one element, which are
 * operations, too. What each has to bring is worked out from the model; then the
 * model is changed in the same way.
 */
#include <fcntl.h>
#include <string.h>

#include "fuzz.h"

/* The operations of the call that is being made, as they were made. */
static struct hmap_op made[MAX_ITEMS];

/* Values of a vector as they were before the call. */
static u8 saved[ROOM_SIZE];

static bool on_number(const struct hmap_op *op)
{
	return op->op >= HMAP_OP_ADD && op->op <= HMAP_OP_XOR;
}

/* ---- what an operation has to do ---- */

/**
 * struct effect - of an operation
 * @result: of it
 * @existed: likewise
 * @answer: likewise
 * @changes: the element is to become @present with value @after
 * @present: see there
 * @brings: bytes of @out that go to the caller
 * @after: the new value
 * @out: see @brings
 */
struct effect {
	int result;
	u32 existed;
	u64 answer;
	bool changes;
	bool present;
	u32 brings;
	u8 after[HMAP_MAX_VALUE_SIZE];
	u8 out[HMAP_MAX_VALUE_SIZE];
};

static const void *pointer(u64 address)
{
	return (void *)(uintptr_t)address;
}

static void effect_store(struct effect *e, const struct hmap_op *op,
			 const void *part)
{
	memcpy(e->after + op->offset, part, op->length);
	e->changes = true;
	e->present = true;
}

static void effect_bring(struct effect *e, const struct hmap_op *op,
			 const void *part)
{
	if (!op->out)
		return;
	memcpy(e->out, part, op->length);
	e->brings = op->length;
}

static u64 calculate(u32 op, u64 a, u64 b)
{
	switch (op) {
	case HMAP_OP_ADD:
		return a + b;
	case HMAP_OP_AND:
		return a & b;
	case HMAP_OP_OR:
		return a | b;
	default:
		return a ^ b;
	}
}

/* The first bytes of a u64 are its low ones: the machines of the tests are so. */
static void effect_number(struct effect *e, const struct hmap_op *op)
{
	u64 old = 0, new;

	memcpy(&old, e->after + op->offset, op->length);
	new = calculate(op->op, old, op->operand);
	if (op->length < sizeof(new))
		new &= (1ULL << (8 * op->length)) - 1;
	e->answer = op->flags & HMAP_OP_NEW ? new : old;
	effect_store(e, op, &new);
}

static void effect_put(struct effect *e, const struct hmap_op *op)
{
	if (op->flags == HMAP_NOEXIST && e->existed)
		e->result = -EEXIST;
	else if (op->flags == HMAP_EXIST && !e->existed)
		e->result = -ENOENT;
	if (e->result)
		return;
	effect_bring(e, op, e->after);
	effect_store(e, op, pointer(op->value));
}

static void effect_get_or_put(struct effect *e, const struct hmap_op *op)
{
	if (!e->existed)
		effect_store(e, op, pointer(op->value));
	effect_bring(e, op, e->after);
}

static void effect_exchange(struct effect *e, const struct hmap_op *op)
{
	const u8 *part = e->after + op->offset;

	effect_bring(e, op, part);
	if (op->op == HMAP_OP_CMPXCHG &&
	    memcmp(part, pointer(op->expected), op->length))
		e->result = -ECANCELED;
	else
		effect_store(e, op, pointer(op->value));
}

static void effect_take(struct effect *e, const struct hmap_op *op)
{
	effect_bring(e, op, e->after + op->offset);
	e->changes = op->op != HMAP_OP_GET;
	e->present = false;
}

/* Of @op, if key @i is as the model says. */
static void effect_of(const struct model *m, u32 i, const struct hmap_op *op,
		      struct effect *e)
{
	memset(e, 0, offsetof(struct effect, after));
	e->existed = m->present[i];
	if (e->existed)
		memcpy(e->after, model_value(m, i), m->value_size);
	else
		memset(e->after, 0, m->value_size);

	if (op->op == HMAP_OP_PUT)
		effect_put(e, op);
	else if (op->op == HMAP_OP_GET_OR_PUT)
		effect_get_or_put(e, op);
	else if (!e->existed && !(op->flags & HMAP_OP_CREATE))
		e->result = -ENOENT;
	else if (op->op < HMAP_OP_ADD)
		effect_take(e, op);
	else if (on_number(op))
		effect_number(e, op);
	else
		effect_exchange(e, op);
}

/* Why an operation is refused before it looks at the map. */
static int refused(const struct call *c, const struct hmap_op *op)
{
	bool reads = op->out || on_number(op) || op->op == HMAP_OP_GET ||
		     op->op == HMAP_OP_POP || op->op == HMAP_OP_GET_OR_PUT ||
		     op->op == HMAP_OP_CMPXCHG;
	bool writes = op->op != HMAP_OP_GET;

	if ((reads && !may_read(c)) || (writes && !may_write(c)))
		return -EACCES;
	return writes && c->model->frozen ? -EPERM : 0;
}

static void commit(struct model *m, u32 i, const struct effect *e)
{
	if (!e->changes)
		return;
	m->present[i] = e->present;
	if (e->present)
		memcpy(model_value(m, i), e->after, m->value_size);
}

/*
 * Was there no room for what would have been stored, or, before a CMPXCHG could
 * look at it, for a new element?
 */
static bool no_room(const struct model *m, const struct hmap_op *op,
		    const struct effect *e, int result)
{
	bool stores = e->changes && e->present;
	bool creates = !e->existed && op->flags & HMAP_OP_CREATE;

	return (stores || (creates && op->op >= HMAP_OP_ADD)) &&
	       (result == -ENOMEM || (result == -ENOSPC && model_limited(m)));
}

/*
 * One operation has been done. @back is it with its results, or NULL if only its
 * @result is known.
 */
static void settle(struct call *c, u32 n, int result,
		   const struct hmap_op *back)
{
	const struct hmap_op *op = &made[n];
	int refusal = refused(c, op);
	static struct effect e;

	effect_of(c->model, c->item[n], op, &e);
	if (refusal) {
		memset(&e, 0, offsetof(struct effect, after));
		e.result = refusal;
	} else if (no_room(c->model, op, &e, result)) {
		return;
	}
	if (result != e.result)
		fail(c, "operation %u: %u returned %d, not %d", n, op->op,
		     result, e.result);
	if (back && (back->existed != e.existed || back->answer != e.answer ||
		     back->result != result))
		fail(c, "operation %u: %u has wrong results", n, op->op);
	if (e.brings && memcmp(e.out, pointer(op->out), e.brings))
		fail(c, "operation %u: %u brings something else", n, op->op);
	commit(c->model, c->item[n], &e);
}

/* ---- the commands for one element ---- */

void check_elem(struct call *c)
{
	const struct hmap_ioc_elem *elem = &c->arg.elem;
	struct hmap_op *op = &made[0];

	*op = (struct hmap_op){ .flags = elem->flags, .length = elem->value_size };
	if (c->nr == HMAP_IOC_GET) {
		op->op = HMAP_OP_GET;
		op->out = elem->value;
	} else if (c->nr == HMAP_IOC_PUT) {
		op->op = HMAP_OP_PUT;
		op->value = elem->value;
	} else {
		op->op = HMAP_OP_DELETE;
	}
	settle(c, 0, c->ret, NULL);
}

/* ---- making operations ---- */

/* Where the parts of all operations of a call begin. */
struct parts {
	u8 *keys;
	u8 *values;
	u8 *expected;
	u8 *out;
};

/* How many fit into a room. */
static u32 random_count(const struct call *c)
{
	u32 size = c->slot->key_size > c->slot->value_size ?
			   c->slot->key_size : c->slot->value_size;
	u32 most = (ROOM_SIZE - 16) / size, n = one_in(8) ? MAX_ITEMS : 8;

	return rnd_below((most < n ? most : n) + 1);
}

static struct parts take_parts(struct call *c, u32 n)
{
	size_t values = (size_t)n * c->slot->value_size;

	c->items = n;
	return (struct parts){
		.keys = room_take(c, ROOM_KEYS, (size_t)n * c->slot->key_size),
		.values = room_take(c, ROOM_VALUES, values),
		.expected = room_take(c, ROOM_EXPECTED, values),
		.out = room_take(c, ROOM_OUT, values),
	};
}

/* Any part of the value, of at least one byte. */
static void choose_part(struct hmap_op *op, u32 value_size)
{
	op->offset = rnd_below(value_size);
	op->length = 1 + rnd_below(value_size - op->offset);
}

static void build_number(struct call *c, struct hmap_op *op)
{
	do {
		op->length = 1 << rnd_below(4);
	} while (op->length > c->slot->value_size);
	op->offset = rnd_below(c->slot->value_size - op->length + 1);
	op->operand = one_in(2) ? rnd() : 1;
	op->flags = rnd_below(4) * HMAP_OP_CREATE;
}

static void build_exchange(struct call *c, struct hmap_op *op, u32 n,
			   const struct parts *p)
{
	size_t at = (size_t)n * c->slot->value_size;
	u8 *expected = p->expected + at;

	choose_part(op, c->slot->value_size);
	op->flags = one_in(2) ? HMAP_OP_CREATE : 0;
	op->value = (uintptr_t)(p->values + at);
	fill_random(c, p->values + at, op->length);
	if (one_in(2))
		op->out = (uintptr_t)(p->out + at);
	if (op->op != HMAP_OP_CMPXCHG)
		return;
	op->expected = (uintptr_t)expected;
	if (c->model && !one_in(4))
		memcpy(expected, model_value(c->model, c->item[n]) + op->offset,
		       op->length);
	else
		memset(expected, 0, op->length);
}

static void build_whole(struct call *c, struct hmap_op *op, u32 n,
			const struct parts *p)
{
	size_t at = (size_t)n * c->slot->value_size;

	op->length = c->slot->value_size;
	op->value = (uintptr_t)(p->values + at);
	fill_random(c, p->values + at, op->length);
	if (op->length && one_in(2))
		op->out = (uintptr_t)(p->out + at);
	if (op->op == HMAP_OP_PUT)
		op->flags = one_in(2) ? HMAP_ANY : rnd_below(3);
}

static void build_take(struct call *c, struct hmap_op *op, u32 n,
		       const struct parts *p)
{
	if (op->op == HMAP_OP_DELETE || !c->slot->value_size || one_in(8))
		return;
	choose_part(op, c->slot->value_size);
	op->out = (uintptr_t)(p->out + (size_t)n * c->slot->value_size);
}

/* A right operation, number @n of the call. */
static void build_one(struct call *c, u32 n, const struct parts *p)
{
	u32 last = c->slot->value_size ? HMAP_OP_CMPXCHG : HMAP_OP_GET_OR_PUT;
	u8 *key = p->keys + (size_t)n * c->slot->key_size;
	struct hmap_op *op = &made[n];

	c->item[n] = choose_key(c);
	put_key(c, key, c->item[n]);
	*op = (struct hmap_op){
		.op = 1 + rnd_below(last),
		.key = (uintptr_t)key,
		.answer = rnd(),
		.result = 0x5ca1ab1e,
		.existed = rnd(),
	};
	if (on_number(op))
		build_number(c, op);
	else if (op->op >= HMAP_OP_XCHG)
		build_exchange(c, op, n, p);
	else if (op->op == HMAP_OP_PUT || op->op == HMAP_OP_GET_OR_PUT)
		build_whole(c, op, n, p);
	else
		build_take(c, op, n, p);
}

/* ---- OP ---- */

bool build_op(struct call *c)
{
	const struct parts p = take_parts(c, 1);

	build_one(c, 0, &p);
	c->arg.op.key_size = c->slot->key_size;
	c->arg.op.value_size = c->slot->value_size;
	c->arg.op.op = made[0];
	return true;
}

void check_op(struct call *c)
{
	settle(c, 0, c->ret, &c->back.op.op);
}

/* ---- BATCH ---- */

#define OP_FIELD(name, kind)	FIELD(hmap_op, name, kind)

static const struct field op_fields[] = {
	OP_FIELD(op, FIELD_NUMBER), OP_FIELD(flags, FIELD_FLAGS),
	OP_FIELD(offset, FIELD_NUMBER), OP_FIELD(length, FIELD_NUMBER),
	OP_FIELD(key, FIELD_ADDRESS), OP_FIELD(value, FIELD_ADDRESS),
	OP_FIELD(out, FIELD_ADDRESS), OP_FIELD(expected, FIELD_ADDRESS),
};

bool build_batch(struct call *c)
{
	u32 n = random_count(c), i;
	const struct parts p = take_parts(c, n);
	struct hmap_op *ops = room_take(c, ROOM_OPS, n * sizeof(*ops));

	for (i = 0; i < n; i++)
		build_one(c, i, &p);
	if (n && one_in(10)) {
		break_field(&made[rnd_below(n)], op_fields,
			    ARRAY_LEN(op_fields));
		c->broken = true;
	}
	memcpy(ops, made, n * sizeof(*ops));
	c->arg.batch.key_size = c->slot->key_size;
	c->arg.batch.value_size = c->slot->value_size;
	c->arg.batch.flags = one_in(3) ? HMAP_BATCH_STOP : 0;
	c->arg.batch.ops = (uintptr_t)ops;
	c->arg.batch.count = n;
	c->arg.batch.op_size = sizeof(*ops);
	return true;
}

/* All of them have been done, or all up to the first that failed. */
static void check_done(const struct call *c, u32 flags, u32 done, u32 failed,
		       int last)
{
	bool stopped = flags & HMAP_BATCH_STOP && failed;

	if (c->ret)
		fail(c, "returned %d", c->ret);
	if (stopped ? failed != 1 || !last : done != c->items)
		fail(c, "did %u of %u, of which %u failed", done, c->items,
		     failed);
}

void check_batch(struct call *c)
{
	const struct hmap_ioc_batch *batch = &c->back.batch;
	const struct hmap_op *ops = pointer(batch->ops);
	u32 i, failed = 0;

	for (i = 0; i < batch->done; i++) {
		settle(c, i, ops[i].result, &ops[i]);
		failed += !!ops[i].result;
	}
	check_done(c, batch->flags, batch->done, batch->failed,
		   i ? ops[i - 1].result : 0);
	if (failed != batch->failed)
		fail(c, "%u failed, not %u", failed, batch->failed);
	if (memcmp(ops + i, made + i, (c->items - i) * sizeof(*ops)))
		fail(c, "touched what it did not do");
}

/* ---- VECTOR ---- */

static void build_values(struct call *c, struct hmap_ioc_vector *v,
			 const struct parts *p)
{
	size_t size = (size_t)c->items * c->slot->value_size;
	bool takes = v->op == HMAP_OP_PUT || v->op == HMAP_OP_GET_OR_PUT;

	if (!size || v->op == HMAP_OP_DELETE || (!takes && one_in(4)))
		return;
	fill_random(c, p->values, size);
	memcpy(saved, p->values, size);
	v->values = (uintptr_t)p->values;
}

bool build_vector(struct call *c)
{
	const struct parts p = take_parts(c, random_count(c));
	struct hmap_ioc_vector *v = &c->arg.vector;
	u32 i;

	for (i = 0; i < c->items; i++) {
		c->item[i] = choose_key(c);
		put_key(c, p.keys + (size_t)i * c->slot->key_size, c->item[i]);
	}
	v->key_size = c->slot->key_size;
	v->value_size = c->slot->value_size;
	v->flags = one_in(3) ? HMAP_BATCH_STOP : 0;
	v->op = 1 + rnd_below(HMAP_OP_GET_OR_PUT);
	v->op_flags = v->op == HMAP_OP_PUT ? rnd_below(3) : 0;
	v->count = c->items;
	v->keys = (uintptr_t)p.keys;
	build_values(c, v, &p);
	if (!one_in(8))
		v->results = (uintptr_t)room_take(c, ROOM_RESULTS,
						  c->items * sizeof(s32));
	return true;
}

/* The same as an operation. */
static void vector_op(const struct call *c, u32 i)
{
	const struct hmap_ioc_vector *v = &c->arg.vector;
	size_t at = (size_t)i * v->value_size;
	bool whole = v->op == HMAP_OP_PUT || v->op == HMAP_OP_GET_OR_PUT;

	made[i] = (struct hmap_op){ .op = v->op, .flags = v->op_flags };
	if (whole)
		made[i].value = (uintptr_t)(saved + at);
	if (v->values && v->op != HMAP_OP_PUT)
		made[i].out = v->values + at;
	if (whole || v->values)
		made[i].length = v->value_size;
}

/* A vector is refused as a whole. */
static bool vector_refused(struct call *c)
{
	int refusal;

	vector_op(c, 0);
	refusal = refused(c, &made[0]);
	if (!refusal || (refusal == -EPERM && !c->items))
		return false;
	if (c->ret != refusal || c->back.vector.done)
		fail(c, "returned %d, not %d", c->ret, refusal);
	return true;
}

void check_vector(struct call *c)
{
	const struct hmap_ioc_vector *v = &c->back.vector;
	const s32 *results = pointer(v->results);
	size_t size = v->value_size;
	u32 i;

	if (vector_refused(c))
		return;
	if (!results) {
		reread(c);
		return;
	}
	for (i = 0; i < v->done; i++) {
		vector_op(c, i);
		settle(c, i, results[i], NULL);
		if (results[i] && made[i].out &&
		    memcmp(pointer(made[i].out), saved + i * size, size))
			fail(c, "element %u failed and brings a value", i);
	}
	check_done(c, v->flags, v->done, v->failed, i ? results[i - 1] : 0);
}
