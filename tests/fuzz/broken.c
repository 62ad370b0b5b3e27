// SPDX-License-Identifier: GPL-2.0
/*
 * Breaking a right call: in one place, most often.
 */
#include <string.h>
#include <sys/mman.h>

#include "fuzz.h"

static u64 random_number(u64 was)
{
	switch (rnd_below(8)) {
	case 0:
		return 0;
	case 1:
		return was + 1;
	case 2:
		return was - 1;
	case 3:
		return was * 2;
	case 4:
		return ~0ULL;
	case 5:
		return (1ULL << rnd_below(64)) - rnd_below(2);
	case 6:
		return 0x80000000ULL - rnd_below(2);
	default:
		return rnd();
	}
}

static u64 random_far(void)
{
	return one_in(2) ? rnd_below(65536) : rnd() | 1ULL << 41;
}

/* Most lead nowhere; some can be read, but only in part, or not be written. */
static u64 random_address(void)
{
	switch (rnd_below(9)) {
	case 0:
		return 0;
	case 8:
		return (uintptr_t)mapped_any();
	case 1:
		return rnd_below(4096);
	case 2:
		return 0xffff888000000000ULL + rnd_below(1 << 30);
	case 3:
		return ~0ULL - rnd_below(64);
	case 4:
		return (uintptr_t)bad_page;
	case 5:
		return (uintptr_t)fixed_page + 65536 - rnd_below(64);
	case 6:
		return rnd();
	default:
		return (uintptr_t)fixed_page + rnd_below(256);
	}
}

static u64 random_field(enum field_kind kind, u64 was)
{
	switch (kind) {
	case FIELD_FLAGS:
		return was ^ 1ULL << rnd_below(one_in(2) ? 5 : 64);
	case FIELD_FAR:
		return random_far();
	case FIELD_ADDRESS:
		return random_address();
	default:
		return random_number(was);
	}
}

void break_field(void *structure, const struct field *fields, u32 n)
{
	const struct field *field = &fields[rnd_below(n)];
	u8 *p = (u8 *)structure + field->offset;
	u64 x = 0;

	if (field->kind == FIELD_BYTES) {
		p[rnd_below(field->size)] = rnd();
		return;
	}
	memcpy(&x, p, field->size);
	x = random_field(field->kind, x);
	memcpy(p, &x, field->size);
}

/* Another size, and as many bytes; what is behind the known fields is 0 or not. */
static void break_size(struct call *c)
{
	u32 known = c->command->size, size;

	switch (rnd_below(4)) {
	case 0:
		size = rnd_below(known + 1);
		break;
	case 1:
		size = known + 8;
		break;
	case 2:
		size = 4090 + rnd_below(10);
		break;
	default:
		size = rnd();
	}
	c->arg.size = size;
	c->room = size < 8 ? 8 : size > MAX_ROOM ? MAX_ROOM : size;
	if (c->room <= known)
		return;
	memset(c->arg.room + known, 0, c->room - known);
	if (one_in(2))
		c->arg.room[known + rnd_below(c->room - known)] = 1;
}

/* A number that no command has, of this kind or of another. */
static void break_number(struct call *c)
{
	if (one_in(2))
		c->nr = (c->nr & ~0xffU) | (0x40 + rnd_below(0xc0));
	else
		c->nr ^= 1U << (8 + rnd_below(24));
}

void break_call(struct call *c)
{
	c->broken = true;
	do {
		if (one_in(8))
			break_size(c);
		else if (one_in(20))
			break_number(c);
		else
			break_field(&c->arg, c->command->fields,
				    c->command->n_fields);
	} while (one_in(4));
}
