// SPDX-License-Identifier: GPL-2.0
/*
 * OP: every operation on one element, with elements of all sizes, and nothing
 * between what it finds and what it leaves.
 */
#include <limits.h>

#include "hmap_test.h"

#define PROCESSES	4
#define OPS_END		(HMAP_OP_CMPXCHG + 1)

/* Room for a value each, guarded. */
struct rooms {
	char *in;
	char *out;
	char *expected;
};

FIXTURE(ops) {
	struct map m;
	struct rooms room;
};

FIXTURE_VARIANT(ops) {
	u32 key_size;
	u32 value_size;
};

FIXTURE_VARIANT_ADD(ops, 8_8) { .key_size = 8, .value_size = 8 };
FIXTURE_VARIANT_ADD(ops, 8_0) { .key_size = 8, .value_size = 0 };
FIXTURE_VARIANT_ADD(ops, 3_5) { .key_size = 3, .value_size = 5 };
FIXTURE_VARIANT_ADD(ops, 16_64) { .key_size = 16, .value_size = 64 };
FIXTURE_VARIANT_ADD(ops, 8_128) { .key_size = 8, .value_size = 128 };
FIXTURE_VARIANT_ADD(ops, 200_1000) { .key_size = 200, .value_size = 1000 };
FIXTURE_VARIANT_ADD(ops, 4096_65536) { .key_size = 4096, .value_size = 65536 };

FIXTURE_SETUP(ops)
{
	ASSERT_EQ(0, map_load(&self->m, variant->key_size,
			      variant->value_size));
	self->room.in = guarded(variant->value_size);
	self->room.out = guarded(variant->value_size);
	self->room.expected = guarded(variant->value_size);
}

FIXTURE_TEARDOWN(ops)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* An address that takes the last @length bytes of a value's room. */
static u64 last(const struct map *m, const void *room, u32 length)
{
	return length ? addr(room) + m->value_size - length : 0;
}

static struct hmap_op part_op(const struct map *m, u32 op, u32 offset,
			      u32 length)
{
	struct hmap_op arg = op_arg(m, op);

	arg.offset = offset;
	arg.length = length;
	return arg;
}

static struct hmap_op whole_op(const struct map *m, u32 op)
{
	return part_op(m, op, 0, m->value_size);
}

/* Parts of a value: its ends, its middle, all of it, one byte. */
static u32 parts(const struct map *m, u32 part[][2])
{
	u32 size = m->value_size, n = 0;
	const u32 all[][2] = {
		{ 0, size }, { 0, 1 }, { size - 1, 1 }, { size / 2, size - size / 2 },
		{ 1, size / 3 }, { size / 3, size / 2 },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(all); i++)
		if (all[i][1] && (u64)all[i][0] + all[i][1] <= size) {
			part[n][0] = all[i][0];
			part[n++][1] = all[i][1];
		}
	return n;
}

/* ---- GET, PUT, DELETE, POP, GET_OR_PUT ---- */

TEST_F(ops, get_brings_any_part)
{
	struct map *m = &self->m;
	u32 part[8][2], n = parts(m, part), i;
	struct hmap_op op;

	ASSERT_EQ(0, map_put(m, 7, 1, HMAP_ANY));
	make_value(m, self->room.expected, 1);
	for (i = 0; i < n; i++) {
		memset(self->room.out, POISON, m->value_size);
		op = part_op(m, HMAP_OP_GET, part[i][0], part[i][1]);
		op.out = last(m, self->room.out, op.length);
		ASSERT_EQ(0, map_op(m, &op));
		EXPECT_EQ(1, op.existed);
		EXPECT_EQ(0, op.answer);
		EXPECT_EQ(0, memcmp((char *)(uintptr_t)op.out,
				    self->room.expected + op.offset, op.length));
		EXPECT_TRUE(is_poison(self->room.out, m->value_size - op.length));
	}
	op = part_op(m, HMAP_OP_GET, 0, 0);
	EXPECT_EQ(0, map_op(m, &op));
	EXPECT_EQ(1, op.existed);
}

TEST_F(ops, what_is_not_there_brings_nothing)
{
	const u32 kinds[] = { HMAP_OP_GET, HMAP_OP_POP, HMAP_OP_DELETE };
	struct map *m = &self->m;
	struct hmap_op op;
	size_t i;

	make_key(m, m->key, 7);
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		op = op_arg(m, kinds[i]);
		if (kinds[i] != HMAP_OP_DELETE) {
			op.length = m->value_size;
			op.out = last(m, self->room.out, op.length);
		}
		EXPECT_EQ(-ENOENT, map_op(m, &op));
		EXPECT_EQ(0, op.existed);
		EXPECT_EQ(0, op.answer);
		EXPECT_TRUE(is_poison(self->room.out, m->value_size));
	}
	EXPECT_EQ(0, dev_count(m->fd));
}

/* A put of value @x; the value before, if there was one, is in self->room.out. */
static int put(struct map *m, char *in, char *out, u64 x, u32 flags, u32 *existed)
{
	struct hmap_op op = whole_op(m, HMAP_OP_PUT);
	int ret;

	make_value(m, in, x);
	memset(out, POISON, m->value_size);
	op.flags = flags;
	op.value = last(m, in, m->value_size);
	op.out = last(m, out, m->value_size);
	ret = map_op(m, &op);
	*existed = op.existed;
	return ret;
}

static bool all_zero(const char *p, u32 n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

TEST_F(ops, put_brings_the_old_value)
{
	struct map *m = &self->m;
	u32 existed;

	make_key(m, m->key, 7);
	EXPECT_EQ(-ENOENT, put(m, self->room.in, self->room.out, 1, HMAP_EXIST, &existed));
	EXPECT_EQ(0, existed);
	EXPECT_TRUE(is_poison(self->room.out, m->value_size));
	ASSERT_EQ(0, put(m, self->room.in, self->room.out, 1, HMAP_ANY, &existed));
	EXPECT_EQ(0, existed);
	EXPECT_TRUE(all_zero(self->room.out, m->value_size));
	ASSERT_EQ(0, put(m, self->room.in, self->room.out, 2, HMAP_ANY, &existed));
	EXPECT_EQ(1, existed);
	EXPECT_TRUE(value_is(m, self->room.out, 1));
	ASSERT_EQ(0, put(m, self->room.in, self->room.out, 3, HMAP_EXIST, &existed));
	EXPECT_EQ(1, existed);
	EXPECT_TRUE(value_is(m, self->room.out, 2));
	EXPECT_EQ(-EEXIST, put(m, self->room.in, self->room.out, 4, HMAP_NOEXIST,
			       &existed));
	EXPECT_EQ(1, existed);
	EXPECT_TRUE(is_poison(self->room.out, m->value_size));
	ASSERT_EQ(0, map_get(m, 7));
	EXPECT_TRUE(value_is(m, m->value, 3));
	EXPECT_EQ(1, dev_count(m->fd));
}

TEST_F(ops, delete_and_pop_remove)
{
	struct map *m = &self->m;
	u32 part[8][2], n = parts(m, part), i;
	struct hmap_op op;

	ASSERT_EQ(0, map_put(m, 7, 1, HMAP_ANY));
	op = op_arg(m, HMAP_OP_DELETE);
	EXPECT_EQ(0, map_op(m, &op));
	EXPECT_EQ(1, op.existed);
	EXPECT_EQ(-ENOENT, map_op(m, &op));

	make_value(m, self->room.expected, 2);
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, map_put(m, 7, 2, HMAP_ANY));
		op = part_op(m, HMAP_OP_POP, part[i][0], part[i][1]);
		op.out = last(m, self->room.out, op.length);
		ASSERT_EQ(0, map_op(m, &op));
		EXPECT_EQ(1, op.existed);
		EXPECT_EQ(0, memcmp((char *)(uintptr_t)op.out,
				    self->room.expected + op.offset, op.length));
		EXPECT_EQ(-ENOENT, map_has(m, 7));
	}
	ASSERT_EQ(0, map_put(m, 7, 2, HMAP_ANY));
	op = op_arg(m, HMAP_OP_POP);
	EXPECT_EQ(0, map_op(m, &op));
	EXPECT_EQ(0, dev_count(m->fd));
}

TEST_F(ops, the_first_get_or_put_decides)
{
	struct map *m = &self->m;
	struct hmap_op op;
	u64 x;

	make_key(m, m->key, 7);
	for (x = 1; x <= 3; x++) {
		make_value(m, self->room.in, x);
		memset(self->room.out, POISON, m->value_size);
		op = whole_op(m, HMAP_OP_GET_OR_PUT);
		op.value = last(m, self->room.in, m->value_size);
		op.out = last(m, self->room.out, m->value_size);
		ASSERT_EQ(0, map_op(m, &op));
		EXPECT_EQ(x > 1, op.existed);
		EXPECT_TRUE(value_is(m, self->room.out, 1));
	}
	op.out = 0;
	EXPECT_EQ(0, map_op(m, &op));
	ASSERT_EQ(0, map_get(m, 7));
	EXPECT_TRUE(value_is(m, m->value, 1));
}

/* ---- XCHG, CMPXCHG ---- */

TEST_F(ops, xchg_stores_a_part)
{
	struct map *m = &self->m;
	u32 part[8][2], n = parts(m, part), i;
	struct hmap_op op;

	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, map_put(m, 7, 1, HMAP_ANY));
		make_value(m, self->room.expected, 1);
		op = part_op(m, HMAP_OP_XCHG, part[i][0], part[i][1]);
		make_value(m, self->room.in, 100 + i);
		op.value = last(m, self->room.in, op.length);
		op.out = last(m, self->room.out, op.length);
		ASSERT_EQ(0, map_op(m, &op));
		EXPECT_EQ(1, op.existed);
		EXPECT_EQ(0, memcmp((char *)(uintptr_t)op.out,
				    self->room.expected + op.offset, op.length));
		memcpy(self->room.expected + op.offset,
		       (char *)(uintptr_t)op.value, op.length);
		ASSERT_EQ(0, map_get(m, 7));
		EXPECT_EQ(0, memcmp(m->value, self->room.expected, m->value_size));
	}
}

TEST_F(ops, an_element_that_is_missing_is_created_only_if_asked)
{
	const u32 kinds[] = { HMAP_OP_XCHG, HMAP_OP_CMPXCHG };
	struct map *m = &self->m;
	struct hmap_op op;
	size_t i;

	if (!m->value_size)
		return;
	make_key(m, m->key, 7);
	make_value(m, self->room.in, 1);
	memset(self->room.expected, 0, m->value_size);
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		op = part_op(m, kinds[i], m->value_size - 1, 1);
		op.value = last(m, self->room.in, 1);
		op.out = last(m, self->room.out, 1);
		if (kinds[i] == HMAP_OP_CMPXCHG)
			op.expected = addr(self->room.expected);
		memset(self->room.out, POISON, m->value_size);
		EXPECT_EQ(-ENOENT, map_op(m, &op));
		EXPECT_EQ(0, op.existed);
		EXPECT_TRUE(is_poison(self->room.out, m->value_size));
		EXPECT_EQ(0, dev_count(m->fd));

		op.flags = HMAP_OP_CREATE;
		EXPECT_EQ(0, map_op(m, &op));
		EXPECT_EQ(0, op.existed);
		EXPECT_EQ(0, self->room.out[m->value_size - 1]);
		ASSERT_EQ(0, map_get(m, 7));
		EXPECT_TRUE(all_zero(m->value, m->value_size - 1));
		EXPECT_EQ(self->room.in[m->value_size - 1],
			  ((char *)m->value)[m->value_size - 1]);
		ASSERT_EQ(0, map_delete(m, 7));
	}
}

TEST_F(ops, cmpxchg_stores_only_over_what_was_expected)
{
	struct map *m = &self->m;
	u32 part[8][2], n = parts(m, part), i;
	struct hmap_op op;

	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, map_put(m, 7, 1, HMAP_ANY));
		op = part_op(m, HMAP_OP_CMPXCHG, part[i][0], part[i][1]);
		make_value(m, self->room.in, 2);
		op.value = last(m, self->room.in, op.length);
		op.out = last(m, self->room.out, op.length);

		/* all but the last byte is as expected */
		make_value(m, self->room.expected, 1);
		op.expected = addr(self->room.expected) + op.offset;
		self->room.expected[op.offset + op.length - 1] ^= 1;
		EXPECT_EQ(-ECANCELED, map_op(m, &op));
		EXPECT_EQ(1, op.existed);
		self->room.expected[op.offset + op.length - 1] ^= 1;
		EXPECT_EQ(0, memcmp((char *)(uintptr_t)op.out,
				    self->room.expected + op.offset, op.length));
		ASSERT_EQ(0, map_get(m, 7));
		EXPECT_TRUE(value_is(m, m->value, 1));

		EXPECT_EQ(0, map_op(m, &op));
		memcpy(self->room.expected + op.offset,
		       (char *)(uintptr_t)op.value, op.length);
		ASSERT_EQ(0, map_get(m, 7));
		EXPECT_EQ(0, memcmp(m->value, self->room.expected, m->value_size));
	}
}

TEST_F(ops, cmpxchg_that_fails_creates_nothing)
{
	struct map *m = &self->m;
	struct hmap_op op = whole_op(m, HMAP_OP_CMPXCHG);

	if (!m->value_size)
		return;
	make_key(m, m->key, 7);
	make_value(m, self->room.in, 1);
	op.flags = HMAP_OP_CREATE;
	op.value = addr(self->room.in);
	op.expected = addr(self->room.in);
	op.out = addr(self->room.out);
	EXPECT_EQ(-ECANCELED, map_op(m, &op));
	EXPECT_EQ(0, op.existed);
	EXPECT_TRUE(all_zero(self->room.out, m->value_size));
	EXPECT_EQ(0, dev_count(m->fd));
}

/* ---- numbers ---- */

static u64 load(const char *p, u32 length)
{
	u64 x = 0;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&x, p, length);
#else
	memcpy((char *)&x + sizeof(x) - length, p, length);
#endif
	return x;
}

static void store(char *p, u64 x, u32 length)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(p, &x, length);
#else
	memcpy(p, (char *)&x + sizeof(x) - length, length);
#endif
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
	}
	return a ^ b;
}

/* Does one in a map whose element 7 is @value, and there. False: it is wrong. */
static bool number_is_right(struct map *m, char *value, struct hmap_op op)
{
	u64 before = load(value + op.offset, op.length);

	store(value + op.offset, calculate(op.op, before, op.operand), op.length);
	if (map_op(m, &op) || op.existed != 1)
		return false;
	if (op.answer != (op.flags & HMAP_OP_NEW ?
			  load(value + op.offset, op.length) : before))
		return false;
	return !map_get(m, 7) && !memcmp(m->value, value, m->value_size);
}

TEST_F(ops, numbers_of_any_size_anywhere)
{
	struct map *m = &self->m;
	u32 kind, length, i;
	struct hmap_op op;

	ASSERT_EQ(0, map_put(m, 7, 1, HMAP_ANY));
	make_value(m, self->room.expected, 1);
	for (kind = HMAP_OP_ADD; kind <= HMAP_OP_XOR; kind++)
		for (length = 1; length <= 8 && length <= m->value_size; length *= 2)
			for (i = 0; i < 20; i++) {
				op = part_op(m, kind,
					     rnd_below(m->value_size - length + 1),
					     length);
				op.operand = rnd();
				op.flags = (i & 1 ? HMAP_OP_NEW : 0) |
					   (i & 2 ? HMAP_OP_CREATE : 0);
				ASSERT_TRUE(number_is_right(m, self->room.expected, op))
					TH_LOG("op %u length %u offset %u", kind,
					       length, op.offset);
			}
}

TEST_F(ops, a_number_wraps_and_its_neighbours_stay)
{
	struct map *m = &self->m;
	struct hmap_op op;

	if (m->value_size < 3)
		return;
	make_key(m, m->key, 7);
	op = part_op(m, HMAP_OP_ADD, 1, 1);
	op.flags = HMAP_OP_CREATE;
	op.operand = ~0ULL;
	ASSERT_EQ(0, map_op(m, &op));
	EXPECT_EQ(0, op.existed);
	EXPECT_EQ(0, op.answer);
	op.operand = 0x102;
	op.flags = HMAP_OP_NEW;
	ASSERT_EQ(0, map_op(m, &op));
	EXPECT_EQ(1, op.existed);
	EXPECT_EQ(1, op.answer);
	ASSERT_EQ(0, map_get(m, 7));
	EXPECT_EQ(0, ((char *)m->value)[0]);
	EXPECT_EQ(1, ((char *)m->value)[1]);
	EXPECT_TRUE(all_zero((char *)m->value + 2, m->value_size - 2));
}

TEST_F(ops, a_number_that_is_missing_is_created_only_if_asked)
{
	struct map *m = &self->m;
	struct hmap_op op;

	if (!m->value_size)
		return;
	make_key(m, m->key, 7);
	op = part_op(m, HMAP_OP_ADD, 0, 1);
	op.operand = 5;
	EXPECT_EQ(-ENOENT, map_op(m, &op));
	EXPECT_EQ(0, op.answer);
	EXPECT_EQ(0, op.existed);
	EXPECT_EQ(0, dev_count(m->fd));
}

/* ---- what is refused ---- */

/* -EBADE: it changed the map. */
static int refused(struct map *m, struct hmap_op op)
{
	int ret;

	make_key(m, m->key, 7);
	ret = map_op(m, &op);
	if (op.existed || op.answer || dev_count(m->fd) != 1 ||
	    map_check_range(m, 7, 1))
		return -EBADE;
	return ret;
}

/* An operation that would succeed on element 7, whose value is 7. */
static struct hmap_op good_op(struct map *m, const struct rooms *room,
			      u32 kind)
{
	struct hmap_op op = whole_op(m, kind);

	make_key(m, m->key, 7);
	make_value(m, room->in, 7);
	make_value(m, room->expected, 7);
	switch (kind) {
	case HMAP_OP_DELETE:
		op.length = 0;
		break;
	case HMAP_OP_GET:
	case HMAP_OP_POP:
		op.out = last(m, room->out, op.length);
		break;
	case HMAP_OP_CMPXCHG:
		op.expected = addr(room->expected);
		__attribute__((fallthrough));
	case HMAP_OP_PUT:
	case HMAP_OP_GET_OR_PUT:
	case HMAP_OP_XCHG:
		op.value = last(m, room->in, op.length);
		op.out = last(m, room->out, op.length);
		break;
	default:
		op.length = 1;
	}
	return op;
}

/* In a set there is no part of a value to work on. */
static bool is_for(const struct map *m, u32 kind)
{
	return m->value_size || kind <= HMAP_OP_GET_OR_PUT;
}

static u32 flags_of(u32 kind)
{
	if (kind >= HMAP_OP_XCHG)
		return HMAP_OP_CREATE;
	return kind >= HMAP_OP_ADD ? HMAP_OP_CREATE | HMAP_OP_NEW : 0;
}

TEST_F(ops, every_operation_can_succeed)
{
	struct map *m = &self->m;
	struct hmap_op op;
	u32 kind;

	for (kind = HMAP_OP_GET; kind < OPS_END; kind++) {
		ASSERT_EQ(0, map_put(m, 7, 7, HMAP_ANY));
		op = good_op(m, &self->room, kind);
		EXPECT_EQ(is_for(m, kind) ? 0 : -EINVAL, map_op(m, &op))
			TH_LOG("op %u", kind);
	}
}

TEST_F(ops, unknown_operations_and_flags_are_einval)
{
	const u32 kinds[] = { 0, OPS_END, OPS_END + 1, 255, 1U << 31, UINT_MAX };
	struct map *m = &self->m;
	struct hmap_op op;
	u32 kind, bit;
	size_t i;

	ASSERT_EQ(0, map_put(m, 7, 7, HMAP_ANY));
	for (i = 0; i < ARRAY_LEN(kinds); i++)
		EXPECT_EQ(-EINVAL, refused(m, op_arg(m, kinds[i])));
	for (kind = HMAP_OP_GET; kind < OPS_END; kind++) {
		for (bit = 0; bit < 32; bit++) {
			op = good_op(m, &self->room, kind);
			op.flags = 1U << bit;
			if (op.flags & flags_of(kind) ||
			    (kind == HMAP_OP_PUT && bit < 2))
				continue;
			EXPECT_EQ(-EINVAL, refused(m, op))
				TH_LOG("op %u flags %x", kind, 1U << bit);
		}
	}
	op = good_op(m, &self->room, HMAP_OP_PUT);
	op.flags = HMAP_NOEXIST | HMAP_EXIST;
	EXPECT_EQ(-EINVAL, refused(m, op));
}

TEST_F(ops, fields_that_are_not_used_must_be_zero)
{
	struct map *m = &self->m;
	struct hmap_op op;
	u32 kind;

	ASSERT_EQ(0, map_put(m, 7, 7, HMAP_ANY));
	for (kind = HMAP_OP_GET; kind < OPS_END; kind++) {
		op = good_op(m, &self->room, kind);
		if (!op.value && m->value_size) {
			op.value = addr(self->room.in);
			EXPECT_EQ(-EINVAL, refused(m, op)) TH_LOG("op %u", kind);
		}
		op = good_op(m, &self->room, kind);
		if (!op.out) {
			op.out = addr(self->room.out);
			EXPECT_EQ(-EINVAL, refused(m, op)) TH_LOG("op %u", kind);
		}
		op = good_op(m, &self->room, kind);
		if (kind < HMAP_OP_ADD || kind == HMAP_OP_XCHG) {
			op.operand = 1ULL << 40;
			EXPECT_EQ(-EINVAL, refused(m, op)) TH_LOG("op %u", kind);
		}
	}
	EXPECT_TRUE(is_poison(self->room.out, m->value_size));
}

TEST_F(ops, parts_beyond_the_value_are_einval)
{
	const u32 size = self->m.value_size;
	const u32 part[][2] = {
		{ 0, size + 1 }, { 1, size }, { size, 1 }, { size + 1, 0 },
		{ UINT_MAX, 1 }, { 1, UINT_MAX }, { UINT_MAX, UINT_MAX },
		{ 1U << 31, 1U << 31 }, { UINT_MAX - size + 2, size },
	};
	struct map *m = &self->m;
	struct hmap_op op;
	u32 kind;
	size_t i;

	ASSERT_EQ(0, map_put(m, 7, 7, HMAP_ANY));
	for (kind = HMAP_OP_GET; kind < OPS_END; kind++) {
		for (i = 0; i < ARRAY_LEN(part); i++) {
			op = good_op(m, &self->room, kind);
			op.offset = part[i][0];
			op.length = part[i][1];
			EXPECT_EQ(-EINVAL, refused(m, op))
				TH_LOG("op %u offset %u length %u", kind,
				       op.offset, op.length);
		}
	}
	EXPECT_TRUE(is_poison(self->room.out, m->value_size));
}

TEST_F(ops, parts_that_an_operation_does_not_take_are_einval)
{
	struct map *m = &self->m;
	struct hmap_op op;
	u32 kind;

	if (m->value_size < 4)
		return;
	ASSERT_EQ(0, map_put(m, 7, 7, HMAP_ANY));
	for (kind = HMAP_OP_GET; kind < OPS_END; kind++) {
		op = good_op(m, &self->room, kind);
		if (kind == HMAP_OP_PUT || kind == HMAP_OP_GET_OR_PUT) {
			op.length = m->value_size - 1;
			EXPECT_EQ(-EINVAL, refused(m, op));
		} else if (kind == HMAP_OP_DELETE) {
			op.length = m->value_size;
			EXPECT_EQ(-EINVAL, refused(m, op));
		} else if (kind >= HMAP_OP_ADD && kind <= HMAP_OP_XOR) {
			op.length = 3;
			EXPECT_EQ(-EINVAL, refused(m, op));
			op.length = 16;
			EXPECT_EQ(-EINVAL, refused(m, op));
		}
		op = good_op(m, &self->room, kind);
		op.length = 0;
		/* nothing to calculate with, to store, or to bring */
		if (kind >= HMAP_OP_ADD || op.out)
			EXPECT_EQ(-EINVAL, refused(m, op));
		if (kind == HMAP_OP_GET || kind == HMAP_OP_POP) {
			op = good_op(m, &self->room, kind);
			op.out = 0;
			EXPECT_EQ(-EINVAL, refused(m, op));
		}
	}
}

/* ---- the structure ---- */

TEST_F(ops, sizes_and_flags_of_the_structure_are_checked)
{
	struct hmap_ioc_op arg = {
		.size = sizeof(arg),
		.key_size = self->m.key_size,
		.value_size = self->m.value_size,
	}, bad;
	struct map *m = &self->m;

	ASSERT_EQ(0, map_put(m, 7, 7, HMAP_ANY));
	arg.op = good_op(m, &self->room, HMAP_OP_DELETE);
	bad = arg;
	bad.flags = 1;
	EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_OP, &bad));
	bad = arg;
	bad.key_size++;
	EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_OP, &bad));
	bad = arg;
	bad.value_size++;
	EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_OP, &bad));
	bad = arg;
	bad.key_size = UINT_MAX;
	bad.value_size = UINT_MAX;
	EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_OP, &bad));
	EXPECT_EQ(0, map_check_range(m, 7, 1));
	EXPECT_EQ(0, ioc(m->fd, HMAP_IOC_OP, &arg));
}

/* ---- addresses ---- */

TEST_F(ops, what_cannot_be_read_changes_nothing)
{
	struct map *m = &self->m;
	struct hmap_op op;
	u32 kind;

	ASSERT_EQ(0, map_put(m, 7, 7, HMAP_ANY));
	for (kind = HMAP_OP_GET; kind < OPS_END; kind++) {
		if (!is_for(m, kind))
			continue;
		/* one byte less than is needed can be read */
		op = good_op(m, &self->room, kind);
		op.key++;
		EXPECT_EQ(-EFAULT, refused(m, op)) TH_LOG("op %u", kind);
		op.key = 0;
		EXPECT_EQ(-EFAULT, refused(m, op)) TH_LOG("op %u", kind);
		op.key = -8ULL;
		EXPECT_EQ(-EFAULT, refused(m, op)) TH_LOG("op %u", kind);
		op = good_op(m, &self->room, kind);
		if (op.value) {
			op.value++;
			EXPECT_EQ(-EFAULT, refused(m, op));
			op.value = 0;
			EXPECT_EQ(-EFAULT, refused(m, op));
		}
		op = good_op(m, &self->room, kind);
		if (kind == HMAP_OP_CMPXCHG) {
			op.expected++;
			EXPECT_EQ(-EFAULT, refused(m, op));
			op.expected = 0;
			EXPECT_EQ(-EFAULT, refused(m, op));
		}
	}
	EXPECT_TRUE(is_poison(self->room.out, m->value_size));
}

/* What has been done is done. */
TEST_F(ops, what_cannot_be_written_is_efault)
{
	struct map *m = &self->m;
	struct hmap_op op;
	u32 kind;

	if (!m->value_size)
		return;
	for (kind = HMAP_OP_GET; kind < OPS_END; kind++) {
		ASSERT_EQ(0, map_put(m, 7, 7, HMAP_ANY));
		op = good_op(m, &self->room, kind);
		if (!op.out)
			continue;
		op.out++;
		EXPECT_EQ(-EFAULT, map_op(m, &op)) TH_LOG("op %u", kind);
		EXPECT_EQ(1, op.existed);
		EXPECT_EQ(kind == HMAP_OP_POP ? -ENOENT : 0, map_has(m, 7));
	}
}

/* ---- how the file was opened ---- */

TEST_F(ops, an_operation_needs_the_file_open_for_it)
{
	const int modes[] = { O_RDONLY, O_WRONLY, 3 };
	struct map *m = &self->m, other = *m;
	bool reads, writes;
	struct hmap_op op;
	u32 kind;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_LEN(modes); i++) {
		other.fd = dev_open(modes[i]);
		ASSERT_GE(other.fd, 0);
		for (kind = HMAP_OP_GET; kind < OPS_END; kind++) {
			if (!is_for(m, kind))
				continue;
			ASSERT_EQ(0, map_put(m, 7, 7, HMAP_ANY));
			op = good_op(m, &self->room, kind);
			writes = kind != HMAP_OP_GET;
			reads = op.out || kind == HMAP_OP_GET ||
				(kind >= HMAP_OP_POP && kind != HMAP_OP_XCHG);
			ret = (reads && modes[i] != O_RDONLY) ||
			      (writes && modes[i] != O_WRONLY) ? -EACCES : 0;
			EXPECT_EQ(ret, map_op(&other, &op))
				TH_LOG("op %u mode %d", kind, modes[i]);
			EXPECT_EQ(0, map_check_range(m, 7, 1) && ret);
			if (kind != HMAP_OP_XCHG && kind != HMAP_OP_PUT)
				continue;
			op = good_op(m, &self->room, kind);
			op.out = 0;
			EXPECT_EQ(modes[i] == O_WRONLY ? 0 : -EACCES,
				  map_op(&other, &op));
		}
		close(other.fd);
	}
}

/* ---- a frozen map, a map that is watched ---- */

TEST_F(ops, a_frozen_map_can_only_be_read)
{
	struct map *m = &self->m;
	struct hmap_op op;
	u32 kind;

	ASSERT_EQ(0, map_put(m, 7, 7, HMAP_ANY));
	ASSERT_EQ(0, dev_freeze(m->fd));
	for (kind = HMAP_OP_GET; kind < OPS_END; kind++) {
		if (!is_for(m, kind))
			continue;
		op = good_op(m, &self->room, kind);
		EXPECT_EQ(kind == HMAP_OP_GET ? 0 : -EPERM, map_op(m, &op))
			TH_LOG("op %u", kind);
		EXPECT_EQ(0, map_check_range(m, 7, 1));
	}
}

TEST_F(ops, who_watches_is_told_of_changes_only)
{
	struct map *m = &self->m;
	struct hmap_op op;
	bool changes;
	u32 kind;

	for (kind = HMAP_OP_GET; kind < OPS_END; kind++) {
		if (!is_for(m, kind))
			continue;
		ASSERT_EQ(0, map_put(m, 7, 7, HMAP_ANY));
		EXPECT_TRUE(dev_changed(m->fd));
		op = good_op(m, &self->room, kind);
		changes = kind != HMAP_OP_GET && kind != HMAP_OP_GET_OR_PUT;
		ASSERT_EQ(0, map_op(m, &op));
		EXPECT_EQ(changes, dev_changed(m->fd)) TH_LOG("op %u", kind);
		/* and now one that fails */
		if (kind == HMAP_OP_GET_OR_PUT)
			continue;
		op = good_op(m, &self->room, kind);
		if (kind == HMAP_OP_PUT)
			op.flags = HMAP_EXIST;
		make_key(m, m->key, 8);
		ASSERT_EQ(-ENOENT, map_op(m, &op));
		EXPECT_FALSE(dev_changed(m->fd)) TH_LOG("op %u", kind);
	}
	op = good_op(m, &self->room, HMAP_OP_GET_OR_PUT);
	make_key(m, m->key, 9);
	ASSERT_EQ(0, map_op(m, &op));
	EXPECT_TRUE(dev_changed(m->fd));
}

/* ---- a full map ---- */

TEST(a_full_map_creates_nothing_but_goes_on_working)
{
	struct hmap_op op;
	u64 in = 5, out = 0;
	struct map m;
	u32 kind;

	ASSERT_EQ(0, map_load_params(&m, "key_size=8 value_size=8 max_entries=20"));
	ASSERT_EQ(0, map_put_range(&m, 0, 20));
	for (kind = HMAP_OP_PUT; kind < OPS_END; kind++) {
		if (kind == HMAP_OP_DELETE || kind == HMAP_OP_POP)
			continue;
		op = op_arg(&m, kind);
		op.flags = flags_of(kind) & HMAP_OP_CREATE;
		op.length = 8;
		if (kind < HMAP_OP_ADD || kind > HMAP_OP_XOR)
			op.value = addr(&in);
		if (kind == HMAP_OP_CMPXCHG)
			op.expected = addr(&out);
		make_key(&m, m.key, 20);
		EXPECT_EQ(-ENOSPC, map_op(&m, &op)) TH_LOG("op %u", kind);
		EXPECT_EQ(0, op.existed);
		make_key(&m, m.key, 19);
		EXPECT_EQ(kind == HMAP_OP_CMPXCHG ? -ECANCELED : 0,
			  map_op(&m, &op)) TH_LOG("op %u", kind);
		EXPECT_EQ(1, op.existed);
	}
	EXPECT_EQ(20, dev_count(m.fd));
	EXPECT_EQ(0, map_unload(&m));
}

/* ---- against a model: any operations, in any order ---- */

#define MODEL_KEYS	40
#define MODEL_VALUE	24

struct model {
	bool there;
	char value[MODEL_VALUE];
};

/* What a good operation does to an element. Returns its result. */
static int model_op(struct model *e, const struct hmap_op *op, const char *in,
		    const char *expected, char *out)
{
	char zeros[MODEL_VALUE] = {}, *value = e->there ? e->value : zeros;
	bool there = e->there;

	if (op->op == HMAP_OP_GET || op->op == HMAP_OP_DELETE ||
	    op->op == HMAP_OP_POP ||
	    (op->op >= HMAP_OP_ADD && !(op->flags & HMAP_OP_CREATE)) ||
	    (op->op == HMAP_OP_PUT && op->flags == HMAP_EXIST))
		if (!there)
			return -ENOENT;
	if (op->op == HMAP_OP_PUT && op->flags == HMAP_NOEXIST && there)
		return -EEXIST;
	if (op->out)
		memcpy(out, value + op->offset, op->length);
	switch (op->op) {
	case HMAP_OP_GET:
		return 0;
	case HMAP_OP_DELETE:
	case HMAP_OP_POP:
		e->there = false;
		return 0;
	case HMAP_OP_GET_OR_PUT:
		if (there)
			return 0;
		memcpy(out, in, op->length);
		break;
	case HMAP_OP_CMPXCHG:
		if (memcmp(value + op->offset, expected, op->length))
			return -ECANCELED;
		break;
	case HMAP_OP_PUT:
	case HMAP_OP_XCHG:
		break;
	default:
		store(value + op->offset,
		      calculate(op->op, load(value + op->offset, op->length),
				op->operand), op->length);
		in = value + op->offset;
	}
	memmove(value + op->offset, in, op->length);
	memmove(e->value, value, MODEL_VALUE);
	e->there = true;
	return 0;
}

/* A good operation with random operands, few enough to meet each other. */
static struct hmap_op random_op(struct map *m, char *in, char *expected, char *out)
{
	u32 kind = 1 + rnd_below(OPS_END - 1), i;
	struct hmap_op op = op_arg(m, kind);

	for (i = 0; i < MODEL_VALUE; i++) {
		in[i] = rnd_below(2);
		expected[i] = rnd_below(2);
	}
	op.flags = rnd() & flags_of(kind);
	if (kind >= HMAP_OP_ADD && kind <= HMAP_OP_XOR) {
		op.length = 1 << rnd_below(4);
		op.operand = rnd_below(3);
	} else if (kind == HMAP_OP_PUT || kind == HMAP_OP_GET_OR_PUT) {
		op.length = MODEL_VALUE;
	} else if (kind != HMAP_OP_DELETE) {
		op.length = 1 + rnd_below(4);
		op.out = addr(out);
	}
	op.offset = rnd_below(MODEL_VALUE - op.length + 1);
	if (kind == HMAP_OP_DELETE)
		op.offset = 0;
	if (kind == HMAP_OP_PUT)
		op.flags = rnd_below(3);
	if (kind == HMAP_OP_PUT || kind == HMAP_OP_GET_OR_PUT || kind >= HMAP_OP_XCHG) {
		op.value = addr(in);
		op.out = addr(out);
	}
	if (kind == HMAP_OP_CMPXCHG)
		op.expected = addr(expected);
	return op;
}

TEST(a_model_agrees_about_any_operations)
{
	struct model model[MODEL_KEYS] = {}, *e;
	char in[MODEL_VALUE], expected[MODEL_VALUE];
	char out[MODEL_VALUE], model_out[MODEL_VALUE];
	struct hmap_op op;
	struct map m;
	bool there;
	int i, ret;
	u64 key;

	ASSERT_EQ(0, map_load(&m, 8, MODEL_VALUE));
	for (i = 0; i < 20000; i++) {
		key = rnd_below(MODEL_KEYS);
		e = &model[key];
		there = e->there;
		make_key(&m, m.key, key);
		memset(out, POISON, sizeof(out));
		memset(model_out, POISON, sizeof(out));
		op = random_op(&m, in, expected, out);
		ret = model_op(e, &op, in, expected, model_out);
		ASSERT_EQ(ret, map_op(&m, &op)) TH_LOG("step %d op %u", i, op.op);
		ASSERT_EQ(there, op.existed) TH_LOG("step %d op %u", i, op.op);
		ASSERT_EQ(0, memcmp(out, model_out, sizeof(out)))
			TH_LOG("step %d op %u", i, op.op);
		ret = map_get(&m, key);
		ASSERT_EQ(e->there ? 0 : -ENOENT, ret);
		ASSERT_TRUE(ret || !memcmp(e->value, m.value, MODEL_VALUE))
			TH_LOG("step %d op %u", i, op.op);
	}
	EXPECT_EQ(0, map_unload(&m));
	TELL_SEED_ON_FAILURE();
}

/* ---- several processes at once ---- */

#define ROUNDS	2000

struct task {
	int id;
	u64 *shared;
};

static int run_all(int (*fn)(void *), u64 *shared)
{
	struct task task[PROCESSES];
	pid_t pid[PROCESSES];
	int i, failed = 0;

	for (i = 0; i < PROCESSES; i++) {
		task[i] = (struct task){ i, shared };
		pid[i] = spawn(fn, &task[i]);
	}
	for (i = 0; i < PROCESSES; i++)
		failed += !!reap(pid[i]);
	return failed;
}

/* Adds 1 to each of 16 counters, and puts enough beside them to make it grow. */
static int adder(void *arg)
{
	struct task *task = arg;
	struct hmap_op op;
	struct map m;
	int i, ret;

	ret = map_open(&m, O_RDWR);
	for (i = 0; !ret && i < ROUNDS; i++) {
		make_key(&m, m.key, i % 16);
		op = part_op(&m, HMAP_OP_ADD, 8, 4);
		op.flags = HMAP_OP_CREATE;
		op.operand = 1;
		ret = map_op(&m, &op);
		if (!ret)
			ret = map_put(&m, 100 + i * PROCESSES + task->id, 0,
				      HMAP_ANY);
	}
	return ret;
}

TEST(no_addition_is_lost)
{
	struct map m;
	u32 number;
	u64 i;

	ASSERT_EQ(0, map_load(&m, 8, 16));
	EXPECT_EQ(0, run_all(adder, NULL));
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(0, map_get(&m, i));
		memcpy(&number, (char *)m.value + 8, sizeof(number));
		EXPECT_EQ(PROCESSES * ROUNDS / 16, number);
	}
	EXPECT_EQ(0, map_unload(&m));
}

/* The same by CMPXCHG of the whole value, as long as it takes. */
static int exchanger(void *arg)
{
	u64 now = 0, next;
	struct hmap_op op;
	struct map m;
	int i, ret;

	(void)arg;
	ret = map_open(&m, O_RDWR);
	for (i = 0; !ret && i < ROUNDS; i++) {
		make_key(&m, m.key, 1);
		do {
			next = now + 1;
			op = part_op(&m, HMAP_OP_CMPXCHG, 0, 8);
			op.flags = HMAP_OP_CREATE;
			op.value = addr(&next);
			op.expected = addr(&now);
			op.out = addr(&now);
			ret = map_op(&m, &op);
		} while (ret == -ECANCELED);
		now = next;
	}
	return ret;
}

TEST(no_exchange_is_lost)
{
	struct map m;

	ASSERT_EQ(0, map_load(&m, 8, 8));
	EXPECT_EQ(0, run_all(exchanger, NULL));
	ASSERT_EQ(0, map_get(&m, 1));
	EXPECT_EQ(PROCESSES * ROUNDS, *(u64 *)m.value);
	EXPECT_EQ(0, map_unload(&m));
}

/* A thread that wins a key by GET_OR_PUT counts it; all bring the same value. */
static int chooser(void *arg)
{
	struct task *task = arg;
	u64 value = task->id + 1, out, k;
	struct hmap_op op;
	struct map m;
	int ret;

	ret = map_open(&m, O_RDWR);
	for (k = 0; !ret && k < ROUNDS; k++) {
		make_key(&m, m.key, k);
		op = part_op(&m, HMAP_OP_GET_OR_PUT, 0, 8);
		op.value = addr(&value);
		op.out = addr(&out);
		ret = map_op(&m, &op);
		if (!ret && out != value && !op.existed)
			ret = -EBADMSG;
		if (!ret && !op.existed)
			__atomic_add_fetch(&task->shared[k], 1, __ATOMIC_RELAXED);
	}
	return ret;
}

/* A thread that gets a key by POP counts it. */
static int popper(void *arg)
{
	struct task *task = arg;
	struct hmap_op op;
	struct map m;
	u64 out, k;
	int ret;

	ret = map_open(&m, O_RDWR);
	for (k = 0; !ret && k < ROUNDS; k++) {
		make_key(&m, m.key, k);
		op = part_op(&m, HMAP_OP_POP, 0, 8);
		op.out = addr(&out);
		ret = map_op(&m, &op);
		if (!ret)
			__atomic_add_fetch(&task->shared[k], 1, __ATOMIC_RELAXED);
		else if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

TEST(each_key_is_won_once)
{
	u64 *won = mmap(NULL, ROUNDS * sizeof(*won), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0), k;
	struct map m;

	ASSERT_NE(MAP_FAILED, won);
	ASSERT_EQ(0, map_load(&m, 8, 8));
	EXPECT_EQ(0, run_all(chooser, won));
	EXPECT_EQ(ROUNDS, dev_count(m.fd));
	for (k = 0; k < ROUNDS; k++)
		ASSERT_EQ(1, won[k]);
	EXPECT_EQ(0, run_all(popper, won));
	EXPECT_EQ(0, dev_count(m.fd));
	for (k = 0; k < ROUNDS; k++)
		ASSERT_EQ(2, won[k]);
	EXPECT_EQ(0, map_unload(&m));
}

TEST_HARNESS_MAIN
