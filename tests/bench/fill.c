// SPDX-License-Identifier: GPL-2.0
/*
 * Suite kernel-fill, bytes/entry: one map at a time grows from nothing to 2n, and
 * pages that are gone are counted on the way. It does so twice:
 *
 * - without a pause. The map grows once between n and 2n elements; what it holds
 *   then, old and new, is the peak, and so is what waits to be freed.
 * - with a rest at each of POINTS sizes from n on, and at the fullest: just before
 *   it grows a map may already hold memory to grow into. What it holds at rest is
 *   bytes/entry, and the most of these is told.
 *
 * All of it is looked at after every STRIDE inserts.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "bench.h"

#define POINTS		64

#define STRIDE		64

/* The fullest, in thousandths of what the map holds before it grows. */
static const unsigned int fullest[] = { 980, 990, 995, 999, 1000 };

/**
 * struct greatest - the most bytes for an element
 * @milli: thousandths of a byte
 * @filled: how many elements there were
 */
struct greatest {
	u64 milli;
	unsigned long filled;
};

/**
 * struct fill - a contestant in this suite
 * @c: the contestant
 * @keys: twice as many keys as it is first looked at with
 * @map: its map
 * @filled: elements in it
 * @used: pages that were not free before there was the first map
 * @capacity: elements that it held when it began to grow between n and 2n; 0 if
 *	that is not known
 * @at_rest: the most, with nothing going on in the background
 * @peak: the most at any time
 */
struct fill {
	const struct contestant *c;
	const struct bench_keys *keys;
	void *map;
	unsigned long filled;
	unsigned long used;
	unsigned long capacity;
	struct greatest at_rest;
	struct greatest peak;
};

/* Thousandths of a byte for each element. */
static u64 milli_bytes(const struct fill *f)
{
	unsigned long free = bench_free_pages();
	u64 pages = f->used > free ? f->used - free : 0;

	return div64_u64(pages * PAGE_SIZE * 1000, f->filled);
}

static void look(struct fill *f, struct greatest *most)
{
	u64 milli = milli_bytes(f);

	if (f->filled < f->keys->n / 2 || milli <= most->milli)
		return;
	most->milli = milli;
	most->filled = f->filled;
}

/* Inserts keys until there are @n. */
static int fill_up(struct fill *f, unsigned long n)
{
	u64 before = f->c->buckets ? f->c->buckets(f->map) : 0, now = before;
	struct bench_tally tally = { };
	unsigned int some;

	while (f->filled < n && !tally.failed) {
		some = min_t(unsigned long, n - f->filled, STRIDE);
		f->c->loop[BENCH_INSERT](f->map, f->keys->insert +
					 f->filled * f->keys->key_size, some,
					 &tally);
		if (f->c->buckets)
			now = f->c->buckets(f->map);
		if (now > before && f->filled >= f->keys->n / 2)
			f->capacity = f->filled;
		before = now;
		f->filled += some;
		look(f, &f->peak);
		cond_resched();
	}
	return tally.failed ? -EIO : 0;
}

static void remove(struct fill *f)
{
	if (f->map)
		f->c->destroy(f->map);
	f->map = NULL;
	f->filled = 0;
}

static int create(struct fill *f)
{
	f->map = f->c->create(f->keys);
	return f->map ? 0 : -ENOMEM;
}

static int compare(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a;
	unsigned long y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* The sizes at which to rest, in their order. */
static unsigned int choose_points(const struct fill *f, unsigned long *point)
{
	unsigned long first = f->keys->n / 2;
	unsigned int i, nr = 0;

	for (i = 0; i < POINTS; i++)
		point[nr++] = first + first * i / POINTS;
	for (i = 0; i < ARRAY_SIZE(fullest) && f->capacity; i++)
		point[nr++] = f->capacity * fullest[i] / 1000;
	sort(point, nr, sizeof(*point), compare, NULL);
	return nr;
}

static void report(const struct fill *f, const char *op, const char *unit,
		   unsigned long n, u64 milli, const char *note)
{
	struct bench_row row = {
		.suite = "kernel-fill",
		.contestant = f->c,
		.op = op,
		.n = n,
		.unit = unit,
		.value = &milli,
		.runs = 1,
		.note = note,
	};

	bench_report(&row);
}

/* What is told of a doubling has the size with which it begins. */
static void report_most(const struct fill *f, const char *op,
			const struct greatest *most)
{
	char note[64];

	if (f->capacity)
		scnprintf(note, sizeof(note), "with %lu elements: grows at %lu",
			  most->filled, f->capacity);
	else
		scnprintf(note, sizeof(note), "with %lu elements",
			  most->filled);
	report(f, op, "bytes, at most", f->keys->n / 2, most->milli, note);
}

static int rest_at_points(struct fill *f)
{
	unsigned long point[POINTS + ARRAY_SIZE(fullest)];
	unsigned int nr = choose_points(f, point), i;
	u64 milli;
	int err = 0;

	for (i = 0; i < nr && !err; i++) {
		err = fill_up(f, point[i]) ?: bench_settle(f->c, &f->map, 1);
		milli = milli_bytes(f);
		look(f, &f->at_rest);
		look(f, &f->peak);
		if (!err)
			report(f, "bytes/entry", "bytes", f->filled, milli, "");
	}
	return err;
}

/*
 * An allocator keeps some of what the first map has freed. The second is given that
 * first, and then it is used: all is counted from before there were any maps.
 */
static int measure(struct fill *f)
{
	int err = bench_settle(f->c, NULL, 0);

	f->used = bench_free_pages();
	err = err ?: create(f);
	err = err ?: fill_up(f, f->keys->n);
	remove(f);
	err = err ?: bench_settle(f->c, NULL, 0);
	err = err ?: create(f);
	err = err ?: rest_at_points(f);
	if (err) {
		pr_err("%s: error %d\n", f->c->name, err);
	} else {
		report_most(f, "bytes/entry, the most", &f->at_rest);
		report_most(f, "bytes/entry, peak", &f->peak);
	}
	remove(f);
	return err;
}

/**
 * bench_fill_memory() - suite kernel-fill, bytes/entry
 * @c: the contestants, maps that grow
 * @nr: how many
 * @keys: the keys, twice as many as a map is first looked at with
 *
 * Return: 0 or a negative errno.
 */
int bench_fill_memory(const struct contestant **c, unsigned int nr,
		      const struct bench_keys *keys)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr && !err; i++) {
		struct fill f = { .c = c[i], .keys = keys };

		if (!c[i]->loop[BENCH_INSERT] || c[i]->fixed)
			continue;
		pr_info("n %lu to %lu, memory of %s\n", keys->n / 2, keys->n,
			c[i]->name);
		err = measure(&f);
	}
	return err;
}
