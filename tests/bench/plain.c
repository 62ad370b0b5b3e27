// SPDX-License-Identifier: GPL-2.0
/*
 * What an operation would cost if there were nothing to do but one cache miss
 * (floor), or nothing at all (control). The longer a loop runs, the more often it
 * is interrupted: "busy control" does nothing for about as long as an insert
 * takes, so that it meets as many interrupts.
 */
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "bench.h"

/**
 * struct floor - lines of memory, as much as an hmap takes
 * @lines: how many
 * @line: them
 */
struct floor {
	unsigned long lines;
	struct {
		u64 word[8];
	} *line;
};

static void floor_destroy(void *map)
{
	struct floor *floor = map;

	vfree(floor->line);
	kfree(floor);
}

static void *floor_create(const struct bench_keys *keys)
{
	struct floor *floor = kmalloc(sizeof(*floor), GFP_KERNEL);
	unsigned long i;

	if (!floor)
		return NULL;
	floor->lines = bench_hmap_memory(keys) / sizeof(*floor->line);
	floor->line = vmalloc_array(floor->lines, sizeof(*floor->line));
	if (!floor->line) {
		floor_destroy(floor);
		return NULL;
	}
	for (i = 0; i < floor->lines; i++)
		floor->line[i].word[0] = i;
	return floor;
}

static __always_inline void
floor_loop(unsigned int key_size, void *map, const void *keys,
	   unsigned int count, struct bench_tally *tally)
{
	const struct floor *floor = map;
	unsigned int i;
	u64 sum = 0, at;

	for (i = 0; i < count; i++) {
		at = mul_u64_u64_shr(bench_value(keys + i * key_size, key_size)
				     << (key_size == sizeof(u32) ? 32 : 0),
				     floor->lines, 64);
		sum += READ_ONCE(floor->line[at].word[0]);
	}
	tally->sum += sum;
}

static void floor4_loop(void *map, const void *keys, unsigned int count,
			struct bench_tally *tally)
{
	floor_loop(sizeof(u32), map, keys, count, tally);
}

static void floor8_loop(void *map, const void *keys, unsigned int count,
			struct bench_tally *tally)
{
	floor_loop(sizeof(u64), map, keys, count, tally);
}

static void floor16_loop(void *map, const void *keys, unsigned int count,
			 struct bench_tally *tally)
{
	floor_loop(sizeof(struct bench_key16), map, keys, count, tally);
}

/* About 400 ns at 2.5 GHz. */
#define BUSY_CYCLES	1000

/* What a control is: the cycles that its operations wait. */
static void *control_make(u64 cycles)
{
	u64 *map = kmalloc(sizeof(*map), GFP_KERNEL);

	if (map)
		*map = cycles;
	return map;
}

static void *control_create(const struct bench_keys *keys)
{
	return control_make(0);
}

static void *busy_create(const struct bench_keys *keys)
{
	return control_make(BUSY_CYCLES);
}

static void control_destroy(void *map)
{
	kfree(map);
}

static void control_loop(void *map, const void *keys, unsigned int count,
			 struct bench_tally *tally)
{
	const u64 *cycles = map;
	u64 end;

	if (!*cycles)
		return;
	end = bench_cycles() + count * *cycles;
	while (bench_cycles() < end)
		;
}

#define FLOOR(size)							\
{									\
	.name = "floor",						\
	.key_size = size,						\
	.create = floor_create,						\
	.destroy = floor_destroy,					\
	.loop = { [BENCH_HIT] = floor##size##_loop }			\
}

#define CONTROL(size, called, how)					\
{									\
	.name = called,							\
	.key_size = size,						\
	.create = how,							\
	.destroy = control_destroy,					\
	.loop = {							\
		[BENCH_INSERT] = control_loop,				\
		[BENCH_INSERT_ATOMIC] = control_loop,			\
		[BENCH_DELETE] = control_loop,				\
	},								\
}

const struct contestant bench_plain[] = {
	FLOOR(4),
	FLOOR(8),
	FLOOR(16),
	CONTROL(4, "control", control_create),
	CONTROL(8, "control", control_create),
	CONTROL(16, "control", control_create),
	CONTROL(8, "busy control", busy_create),
	{ }
};
