// SPDX-License-Identifier: GPL-2.0
/*
 * Suite kernel-single, bytes/entry: pages that are gone, for POINTS sizes from n to
 * 2n. So many small maps are filled at the same time that pages used in part do
 * not matter.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmstat.h>

#include "bench.h"

#define POINTS		16

/* Elements in all maps together, at least. */
#define TOGETHER	1000000

/* 2^32 times 2^(1/16). */
#define STEP		4485121744ULL

/**
 * struct memory - maps of a contestant
 * @c: the contestant
 * @keys: for maps of twice the size
 * @map: the maps
 * @nr: how many
 * @filled: elements in each
 * @used: pages that were not free before there were any maps
 */
struct memory {
	const struct contestant *c;
	const struct bench_keys *keys;
	void **map;
	unsigned int nr;
	unsigned long filled;
	unsigned long used;
};

/**
 * bench_free_pages() - pages that are not in use
 *
 * Those that are kept free for a processor are among them.
 *
 * Return: how many.
 */
unsigned long bench_free_pages(void)
{
	unsigned long pages = global_zone_page_state(NR_FREE_PAGES);
	unsigned int z, cpu;

	for (z = 0; z < MAX_NR_ZONES; z++) {
		struct zone *zone = &NODE_DATA(0)->node_zones[z];

		if (!populated_zone(zone))
			continue;
		for_each_online_cpu(cpu)
			pages += per_cpu_ptr(zone->per_cpu_pageset, cpu)->count;
	}
	return pages;
}

static void destroy(struct memory *m)
{
	unsigned int i;

	for (i = 0; i < m->nr; i++) {
		if (m->map[i])
			m->c->destroy(m->map[i]);
		m->map[i] = NULL;
	}
	m->filled = 0;
}

/* Empty maps for @n elements. */
static int create(struct memory *m, unsigned long n)
{
	struct bench_keys keys = *m->keys;
	unsigned int i;

	destroy(m);
	keys.n = n;
	for (i = 0; i < m->nr; i++) {
		m->map[i] = m->c->create(&keys);
		if (!m->map[i])
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/* Insert keys until there are @n, into one map. */
static int fill_one(struct memory *m, void *map, unsigned long n)
{
	struct bench_tally tally = { };
	unsigned long i, some;

	for (i = m->filled; i < n; i += some) {
		some = min_t(unsigned long, n - i, BENCH_CHUNK);
		m->c->loop[BENCH_INSERT](map, m->keys->insert +
					 i * m->keys->key_size, some, &tally);
		cond_resched();
	}
	return tally.failed ? -EIO : 0;
}

static int fill(struct memory *m, unsigned long n)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < m->nr && !err; i++)
		err = fill_one(m, m->map[i], n);
	m->filled = n;
	return err ?: bench_settle(m->c, m->map, m->nr);
}

static void report(struct memory *m, unsigned long pages)
{
	u64 milli = div64_u64((u64)pages * PAGE_SIZE * 1000,
			      (u64)m->filled * m->nr);
	char note[32] = "";
	struct bench_row row = {
		.suite = "kernel-single",
		.contestant = m->c,
		.op = "bytes/entry",
		.n = m->filled,
		.unit = "bytes",
		.value = &milli,
		.runs = 1,
		.note = note,
	};
	unsigned int i;
	u64 claim = 0;

	if (m->c->memory) {
		for (i = 0; i < m->nr; i++)
			claim += m->c->memory(m->map[i]);
		claim = div64_u64(claim * 10, (u64)m->filled * m->nr);
		scnprintf(note, sizeof(note), "own count %llu.%llu",
			  claim / 10, claim % 10);
	}
	bench_report(&row);
}

static int measure(struct memory *m, unsigned long first)
{
	u64 n = (u64)first << 32;
	unsigned int point;
	int err;

	err = bench_settle(m->c, NULL, 0);
	m->used = bench_free_pages();
	for (point = 0; point < POINTS && !err; point++) {
		if (!point || m->c->fixed)
			err = create(m, n >> 32);
		err = err ?: fill(m, n >> 32);
		if (!err)
			report(m, m->used - bench_free_pages());
		n = mul_u64_u64_shr(n, STEP, 32);
	}
	if (err)
		pr_err("%s: error %d\n", m->c->name, err);
	destroy(m);
	return err;
}

/**
 * bench_memory() - suite kernel-single, bytes/entry
 * @c: the contestants
 * @nr: how many
 * @keys: the keys, twice as many as the smallest maps have
 *
 * Return: 0 or a negative errno.
 */
int bench_memory(const struct contestant **c, unsigned int nr,
		 const struct bench_keys *keys)
{
	unsigned long first = keys->n / 2;
	struct memory m = {
		.keys = keys,
		.nr = DIV_ROUND_UP(TOGETHER, first),
	};
	unsigned int i;
	int err = 0;

	m.map = kcalloc(m.nr, sizeof(*m.map), GFP_KERNEL);
	if (!m.map)
		return -ENOMEM;
	for (i = 0; i < nr && !err; i++) {
		if (!c[i]->loop[BENCH_INSERT])
			continue;
		pr_info("n %lu to %lu, key_size %u, memory of %s\n", first,
			keys->n, keys->key_size, c[i]->name);
		m.c = c[i];
		err = measure(&m, first);
	}
	kfree(m.map);
	return err;
}
