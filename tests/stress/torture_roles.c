// SPDX-License-Identifier: GPL-2.0
/*
 * What the threads of the torture do.
 *
 * Each value says which key it is of, and is a pattern throughout: one that is torn,
 * or found under another key, shows.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "torture.h"

#define GET_AT_ONCE	4
#define SCAN_AT_ONCE	64

/* Under which puts with GFP_ATOMIC are made. Not taken in softirq context. */
static DEFINE_SPINLOCK(burst_lock);

struct torture_thread torture_softirq = { .name = "softirq" };

/* ---- keys and values ---- */

static u64 torture_word(u64 id, unsigned int i)
{
	return i ? random_mix(id + i) : id;
}

static void torture_key(const struct torture_map *m, u64 id, u64 *key)
{
	unsigned int i;

	for (i = 0; i < m->params.key_size / sizeof(u64); i++)
		key[i] = torture_word(id, i);
}

u64 torture_id_of(const u64 *key)
{
	return key[0];
}

/* The first word says which of its values this is, if there is more than one. */
static void torture_value(const struct torture_map *m, u64 id, u64 version, u64 *value)
{
	unsigned int i, n = m->params.value_size / sizeof(u64);

	value[0] = n == 1 ? ~id : version;
	for (i = 1; i < n; i++)
		value[i] = (id + i) ^ version;
}

bool torture_check(const struct torture_map *m, u64 id, const u64 *value)
{
	unsigned int i, n = m->params.value_size / sizeof(u64);

	if (n == 1)
		return value[0] == ~id;
	for (i = 1; i < n; i++)
		if (value[i] != ((id + i) ^ value[0]))
			return false;
	return true;
}

static u64 torture_some_id(struct torture_thread *t, const struct torture_map *m)
{
	return random_below(&t->random, m->ids);
}

/* The id that is @n behind another one; the first follows the last. */
static u64 torture_id_behind(const struct torture_map *m, u64 id, u32 n)
{
	return (u32)(id + n) % m->ids;
}

static u64 torture_anchor(struct torture_thread *t, const struct torture_map *m)
{
	return m->ids + random_below(&t->random, TORTURE_ANCHORS);
}

/* ---- single operations ---- */

/* What a put may be refused for: no memory, or what the map's limits say. */
static bool torture_may_be(const struct torture_map *m, int err)
{
	return !err || err == -ENOMEM ||
	       (err == -ENOSPC && (m->params.max_bytes || m->pool.max_bytes));
}

int torture_put(struct torture_thread *t, struct torture_map *m, u64 id,
		enum torture_kind kind, gfp_t gfp)
{
	u64 key[TORTURE_KEY_WORDS], value[TORTURE_VALUE_WORDS], start;
	int err;

	torture_key(m, id, key);
	torture_value(m, id, random_next(&t->random), value);
	start = torture_begin(t, kind);
	err = hmap_put(&m->map, key, value, HMAP_ANY, gfp);
	torture_end(t, start);
	if (!torture_may_be(m, err))
		torture_fail("put", m->name, id, err);
	return err;
}

/* Its value has to be what was put, if it was there at all. */
void torture_delete(struct torture_thread *t, struct torture_map *m, u64 id,
		    enum torture_kind kind)
{
	u64 key[TORTURE_KEY_WORDS], value[TORTURE_VALUE_WORDS], start;
	int err;

	torture_key(m, id, key);
	start = torture_begin(t, kind);
	err = hmap_pop(&m->map, key, value);
	torture_end(t, start);
	if (err && err != -ENOENT)
		torture_fail("pop", m->name, id, err);
	if (!err && !torture_check(m, id, value))
		torture_fail("a torn value in pop", m->name, id, 0);
}

/* Look up a key that must be there. */
void torture_look(struct torture_thread *t, struct torture_map *m, u64 id)
{
	u64 key[TORTURE_KEY_WORDS], value[TORTURE_VALUE_WORDS], start;
	int err;

	torture_key(m, id, key);
	start = torture_begin(t, TORTURE_GET);
	err = hmap_get(&m->map, key, value);
	torture_end(t, start);
	if (err)
		torture_fail("a key is not found", m->name, id, err);
	else if (!torture_check(m, id, value))
		torture_fail("a torn value", m->name, id, 0);
}

/* ---- readers ---- */

static void torture_get_batch(struct torture_thread *t, struct torture_map *m)
{
	u32 key_words = m->params.key_size / sizeof(u64);
	u32 value_words = m->params.value_size / sizeof(u64);
	u64 keys[GET_AT_ONCE * TORTURE_KEY_WORDS], ids[GET_AT_ONCE], start;
	DECLARE_BITMAP(found, GET_AT_ONCE);
	unsigned int i;
	u64 *values;

	values = kcalloc(GET_AT_ONCE, m->params.value_size, GFP_KERNEL);
	if (!values)
		return;
	for (i = 0; i < GET_AT_ONCE; i++) {
		ids[i] = torture_some_id(t, m);
		torture_key(m, ids[i], keys + i * key_words);
	}
	start = torture_begin(t, TORTURE_GET);
	hmap_get_batch(&m->map, keys, GET_AT_ONCE, values, found);
	torture_end(t, start);
	for (i = 0; i < GET_AT_ONCE; i++)
		if (test_bit(i, found) &&
		    !torture_check(m, ids[i], values + i * value_words))
			torture_fail("a torn value of a batch", m->name, ids[i], i);
	kfree(values);
}

static void torture_read(struct torture_thread *t)
{
	struct torture_map *m = torture_some_map(t);
	unsigned int i;

	for (i = 0; i < 50 && m->anchored; i++)
		torture_look(t, m, torture_anchor(t, m));
	for (i = 0; i < 20; i++)
		torture_get_batch(t, m);
}

static void torture_scan(struct torture_thread *t, struct torture_map *m)
{
	u32 words = m->params.key_size / sizeof(u64);
	unsigned int anchors = 0, i, n;
	struct hmap_iter iter = {};
	u64 *keys, start;

	keys = kcalloc(SCAN_AT_ONCE, m->params.key_size, GFP_KERNEL);
	if (!keys)
		return;
	if (random_next(&t->random) & 1)
		hmap_iter_init(&iter);
	while (!hmap_iter_done(&iter) && !torture_stopped()) {
		start = torture_begin(t, TORTURE_SCAN);
		n = hmap_iter_next(&m->map, &iter, keys, NULL, SCAN_AT_ONCE);
		torture_end(t, start);
		for (i = 0; i < n; i++)
			anchors += torture_id_of(keys + i * words) >= m->ids;
		cond_resched();
	}
	if (m->anchored && anchors != TORTURE_ANCHORS && !torture_stopped())
		torture_fail("anchors in a scan", m->name, 0, anchors);
	kfree(keys);
}

static void torture_layout(struct torture_thread *t, struct torture_map *m)
{
	struct hmap_layout *layout = kzalloc(sizeof(*layout), GFP_KERNEL);
	u64 start, place = 0;
	int err;

	if (!layout)
		return;
	start = torture_begin(t, TORTURE_LAYOUT);
	err = hmap_get_layout(&m->map, &place, layout);
	torture_end(t, start);
	if (err)
		torture_fail("layout", m->name, 0, err);
	kfree(layout);
}

static void torture_stats(struct torture_thread *t, struct torture_map *m)
{
	struct hmap_stats stats;
	u64 start;

	start = torture_begin(t, TORTURE_STATS);
	hmap_get_stats(&m->map, &stats);
	torture_end(t, start);
	/* In a race with others, elements may be counted that are gone. */
	if (stats.count > 4ull * m->ids)
		torture_fail("count", m->name, 0, stats.count);
}

static void torture_verify(struct torture_thread *t, struct torture_map *m)
{
	u64 start = torture_begin(t, TORTURE_VERIFY);
	int err = hmap_verify(&m->map);

	torture_end(t, start);
	if (err)
		torture_fail("verify beside writers", m->name, 0, err);
}

static void torture_view(struct torture_thread *t)
{
	struct torture_map *m = torture_some_map(t);

	switch (random_below(&t->random, 8)) {
	case 0:
		torture_layout(t, m);
		break;
	case 1:
		torture_verify(t, m);
		break;
	case 2:
	case 3:
		torture_stats(t, m);
		break;
	default:
		torture_scan(t, m);
	}
	usleep_range(500, 2000);
}

/* ---- writers ---- */

static void torture_ebb(struct torture_thread *t, struct torture_map *m, u64 from,
			u32 n, enum torture_kind kind)
{
	u32 i;

	for (i = 0; i < n && !torture_stopped(); i++) {
		torture_delete(t, m, torture_id_behind(m, from, i), kind);
		if (kind == TORTURE_DELETE)
			cond_resched();
	}
}

/* Put as many as there is time for, without a pause. Returns how many. */
static u32 torture_flood(struct torture_thread *t, struct torture_map *m, u64 from,
			 u64 us, enum torture_kind kind)
{
	u64 end = ktime_get_mono_fast_ns() + us * NSEC_PER_USEC;
	u32 n = 0;

	while (n < m->ids && ktime_get_mono_fast_ns() < end)
		torture_put(t, m, torture_id_behind(m, from, n++), kind,
			    GFP_ATOMIC | __GFP_NOWARN);
	return n;
}

static void torture_burst(struct torture_thread *t)
{
	struct torture_map *m = torture_some_map(t);
	u64 from = torture_some_id(t, m), us = 100 << random_below(&t->random, 8);
	u32 n;

	spin_lock(&burst_lock);
	n = torture_flood(t, m, from, us, TORTURE_PUT_ATOMIC);
	spin_unlock(&burst_lock);
	if (random_next(&t->random) & 1)
		torture_ebb(t, m, from, n, TORTURE_DELETE);
	usleep_range(1000, 5000);
}

/* In softirq context: a short burst, and half of the time away with it again. */
static void torture_softirq_run(struct tasklet_struct *tasklet)
{
	struct torture_thread *t = &torture_softirq;
	struct torture_map *m = torture_some_map(t);
	u64 from = torture_some_id(t, m);
	u32 n;

	n = torture_flood(t, m, from, 50 << random_below(&t->random, 6),
			  TORTURE_PUT_SOFTIRQ);
	if (random_next(&t->random) & 1)
		torture_ebb(t, m, from, min(n, 200u), TORTURE_DELETE_SOFTIRQ);
	t->ops++;
}

static DECLARE_TASKLET(torture_tasklet, torture_softirq_run);

static void torture_raise(struct torture_thread *t)
{
	tasklet_schedule(&torture_tasklet);
	usleep_range(1000, 10000);
}

/* Grow it by many, then have them go. */
static void torture_tide(struct torture_thread *t)
{
	struct torture_map *m = torture_some_map(t);
	u64 from = torture_some_id(t, m);
	u32 n = random_below(&t->random, m->ids / 2) >> random_below(&t->random, 8), i;

	for (i = 0; i < n && !torture_stopped(); i++) {
		torture_put(t, m, torture_id_behind(m, from, i), TORTURE_PUT, GFP_KERNEL);
		cond_resched();
	}
	if (random_below(&t->random, 4))
		torture_ebb(t, m, from, i, TORTURE_DELETE);
}

/* ---- explicit requests ---- */

static void torture_explicit_done(const struct torture_map *m, int err, const char *what)
{
	if (!torture_may_be(m, err))
		torture_fail(what, m->name, 0, err);
}

static void torture_reserve(struct torture_thread *t, struct torture_map *m)
{
	u32 n = random_below(&t->random, m->ids) >> random_below(&t->random, 10);
	u64 start = torture_begin(t, TORTURE_RESERVE);
	int err = hmap_reserve(&m->map, n);

	torture_end(t, start);
	torture_explicit_done(m, err, "reserve");
}

static void torture_shrink(struct torture_thread *t, struct torture_map *m)
{
	u64 start = torture_begin(t, TORTURE_SHRINK);
	int err = hmap_shrink(&m->map);

	torture_end(t, start);
	torture_explicit_done(m, err, "shrink");
}

static void torture_clear(struct torture_thread *t, struct torture_map *m)
{
	u64 start;
	int err;

	if (m->anchored)
		return;
	start = torture_begin(t, TORTURE_CLEAR);
	err = hmap_clear(&m->map);
	torture_end(t, start);
	torture_explicit_done(m, err, "clear");
}

static void torture_explicit_one(struct torture_thread *t, struct torture_map *m)
{
	switch (random_below(&t->random, 5)) {
	case 0:
	case 1:
		torture_reserve(t, m);
		break;
	case 2:
	case 3:
		torture_shrink(t, m);
		break;
	case 4:
		torture_clear(t, m);
	}
}

static void torture_explicit(struct torture_thread *t)
{
	torture_explicit_one(t, torture_some_map(t));
	usleep_range(100, 30000);
}

/*
 * As a filesystem does: what the reclaim of others waits for is held, so that
 * nothing may wait for the reclaim of others.
 */
static void torture_nofs(struct torture_thread *t)
{
	struct torture_map *m = torture_some_map(t);
	unsigned int flags = memalloc_nofs_save(), i;
	u64 from = torture_some_id(t, m);
	gfp_t gfp = random_next(&t->random) & 1 ? GFP_NOFS : GFP_KERNEL;

	mutex_lock(&torture_fs_lock);
	if (random_below(&t->random, 8))
		for (i = 0; i < 500; i++)
			torture_put(t, m, torture_id_behind(m, from, i), TORTURE_PUT_NOFS,
				    gfp);
	else
		torture_explicit_one(t, m);
	mutex_unlock(&torture_fs_lock);
	memalloc_nofs_restore(flags);
	usleep_range(100, 1000);
}

/* ---- maps that do not live long ---- */

static void torture_short_map(struct torture_thread *t, struct torture_map *m)
{
	static const u32 value_sizes[] = { 8, 64, 152, 304 };
	u64 start;
	u32 i, n;
	int err;

	m->name = "short-lived";
	m->ids = 1 << 14;
	m->pool.max_bytes = random_next(&t->random) & 1 ? 2 << 20 : 0;
	m->params.key_size = sizeof(u64);
	m->params.value_size = value_sizes[random_below(&t->random, 4)];
	m->params.stripes = 1 << random_below(&t->random, 7);
	m->params.hint = random_below(&t->random, 2000);
	m->params.pools[0] = &m->pool;
	start = torture_begin(t, TORTURE_INIT);
	err = hmap_init(&m->map, &m->params);
	torture_end(t, start);
	torture_explicit_done(m, err, "init");
	if (err)
		return;
	n = random_below(&t->random, m->ids) >> random_below(&t->random, 8);
	for (i = 0; i < n && !torture_stopped(); i++)
		torture_put(t, m, i, TORTURE_PUT, GFP_KERNEL);
	start = torture_begin(t, TORTURE_DESTROY);
	hmap_destroy(&m->map);
	if (random_next(&t->random) & 1)
		memset(&m->map, 0x5a, sizeof(m->map));
	hmap_pool_exit(&m->pool);
	torture_end(t, start);
	if (atomic_long_read(&m->pool.memory))
		torture_fail("a pool is not empty", m->name, 0,
			     atomic_long_read(&m->pool.memory));
}

static void torture_short(struct torture_thread *t)
{
	struct torture_map *m = kzalloc(sizeof(*m), GFP_KERNEL);

	if (m)
		torture_short_map(t, m);
	kfree(m);
	usleep_range(1000, 20000);
}

struct torture_thread torture_threads[] = {
	{ .name = "read", .run = torture_read },
	{ .name = "view", .run = torture_view },
	{ .name = "burst", .run = torture_burst },
	{ .name = "raise", .run = torture_raise },
	{ .name = "tide", .run = torture_tide },
	{ .name = "tide2", .run = torture_tide },
	{ .name = "nofs", .run = torture_nofs },
	{ .name = "nofs2", .run = torture_nofs },
	{ .name = "explicit", .run = torture_explicit },
	{ .name = "explicit2", .run = torture_explicit },
	{ .name = "short", .run = torture_short },
	{ .name = "eat", .run = torture_eat },
};

const unsigned int torture_nr_threads = ARRAY_SIZE(torture_threads);

void torture_roles_init(void)
{
	torture_softirq.random = random_mix(~torture_seed);
}

/* All threads have ended. */
void torture_roles_exit(void)
{
	tasklet_kill(&torture_tasklet);
}
