// SPDX-License-Identifier: GPL-2.0
/*
 * Growth under the worst conditions: loading this module fails if the map ever does
 * what it must not, or anything takes too long.
 *
 * Threads and a tasklet put in bursts, with spinlocks held and in softirq context,
 * write with GFP_KERNEL, and with GFP_NOFS while they hold what the reclaim of others
 * waits for, reserve, shrink, clear, scan and verify, while another one keeps all
 * memory for itself for a while, again and again. Then all stops, and within some
 * seconds and without a further call each map has to come to its proper size, and
 * what it has given up has to be free.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/sched/debug.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "hold.h"
#include "resize.h"
#include "scan.h"
#include "torture.h"

#define SCAN_AT_ONCE	16

/* How long the worker may take when all is over: it retries after 4 s. */
#define PROPER_MS	10000

static unsigned int seconds = 10;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "how long (default 10); 0: only the single bursts");

unsigned long torture_seed = 1;
module_param_named(seed, torture_seed, ulong, 0444);
MODULE_PARM_DESC(seed, "of all random choices (default 1)");

static unsigned int stripes = HMAP_MAX_STRIPES;
module_param(stripes, uint, 0444);
MODULE_PARM_DESC(stripes, "of the maps that have several (default 64)");

static unsigned int limit = 30;
module_param(limit, uint, 0444);
MODULE_PARM_DESC(limit, "seconds that a call may take (default 30)");

static bool bursts;
module_param(bursts, bool, 0444);
MODULE_PARM_DESC(bursts, "begin with single bursts, and say how far the load goes");

/* By how much time limits are longer: what looks for bugs slows everything down. */
unsigned int torture_slowness = IS_ENABLED(CONFIG_KASAN) ||
				IS_ENABLED(CONFIG_KCSAN) ? 4 : 1;

struct torture_map torture_maps[TORTURE_MAPS] = {
	{
		.name = "one stripe",
		.params = { .key_size = 8, .value_size = 8, .stripes = 1 },
		.ids = 1 << 18,
	}, {
		.name = "stripes",
		.params = { .key_size = 8, .value_size = 64 },
		.ids = 1 << 16,
		.anchored = true,
	}, {
		.name = "stripes, cleared",
		.params = { .key_size = 8, .value_size = 8 },
		.ids = 1 << 18,
	}, {
		.name = "long values",
		.params = { .key_size = 8, .value_size = 304, .stripes = 1,
			    .max_bytes = 4 << 20 },
		.ids = 1 << 14,
		.anchored = true,
	}, {
		.name = "long keys",
		.params = { .key_size = 200, .value_size = 24 },
		.pool = { .max_bytes = 3 << 20 },
		.ids = 1 << 14,
	},
};

static bool stopped;
static bool failed;
static unsigned int nr_maps;

bool torture_stopped(void)
{
	return READ_ONCE(stopped);
}

/* The first failure is reported, and ends it all. */
void torture_fail(const char *what, const char *where, u64 key, long detail)
{
	if (!xchg(&failed, true))
		pr_err("BUG: seed %lu, %s: %s, key %#llx (%ld)\n", torture_seed,
		       where, what, key, detail);
	WRITE_ONCE(stopped, true);
}

/* ---- threads ---- */

const struct torture_thread *torture_thread_of(const struct task_struct *task)
{
	unsigned int i;

	for (i = 0; i < torture_nr_threads; i++)
		if (READ_ONCE(torture_threads[i].task) == task)
			return &torture_threads[i];
	return NULL;
}

static int torture_run(void *data)
{
	struct torture_thread *t = data;

	WRITE_ONCE(t->task, current);
	while (!torture_stopped()) {
		t->run(t);
		t->ops++;
		cond_resched();
	}
	WRITE_ONCE(t->task, NULL);
	/* The module may go away then: not one instruction more of it. */
	kthread_complete_and_exit(&t->done, 0);
}

static void torture_start(struct torture_thread *t, unsigned int i)
{
	struct task_struct *task;

	t->random = random_mix(torture_seed + i);
	init_completion(&t->done);
	task = kthread_run(torture_run, t, "torture/%s", t->name);
	if (IS_ERR(task)) {
		torture_fail("no thread", t->name, 0, PTR_ERR(task));
		complete(&t->done);
	}
}

static void torture_show_blocked(void)
{
	struct task_struct *group, *task;

	rcu_read_lock();
	for_each_process_thread(group, task)
		if ((READ_ONCE(task->__state) & TASK_IDLE) ==
		    TASK_UNINTERRUPTIBLE || torture_thread_of(task))
			sched_show_task(task);
	rcu_read_unlock();
}

/* A thread that does not come back cannot be unloaded. */
static void torture_watch_one(const struct torture_thread *t)
{
	unsigned long since = READ_ONCE(t->since);
	unsigned long most = (unsigned long)limit * torture_slowness * HZ;
	long late;

	if (!since)
		return;
	late = jiffies - since - most;
	if (late > 0 && !READ_ONCE(failed)) {
		torture_fail("a call does not return", t->name, 0,
			     READ_ONCE(t->kind));
		torture_show_blocked();
	}
	if (late > (long)most) {
		torture_show_blocked();
		panic("hmap_torture: %s does not end", t->name);
	}
}

static void torture_watch(void)
{
	unsigned int i;

	for (i = 0; i < torture_nr_threads; i++)
		torture_watch_one(&torture_threads[i]);
	torture_watch_one(&torture_softirq);
}

static void torture_all(void)
{
	unsigned int i;

	for (i = 0; i < torture_nr_threads; i++)
		torture_start(&torture_threads[i], i);
	for (i = 0; i < seconds * 10 && !torture_stopped(); i++) {
		msleep(100);
		torture_watch();
	}
	WRITE_ONCE(stopped, true);
	for (i = 0; i < torture_nr_threads; i++)
		while (!wait_for_completion_timeout(&torture_threads[i].done, HZ))
			torture_watch();
}

/* ---- maps ---- */

static int torture_map_init(struct torture_map *m, struct torture_thread *t)
{
	u64 id;
	int err;

	if (!m->params.stripes)
		m->params.stripes = stripes;
	if (m->pool.max_bytes)
		m->params.pools[0] = &m->pool;
	err = hmap_init(&m->map, &m->params);
	for (id = m->ids; !err && id < m->ids + TORTURE_ANCHORS; id++)
		err = torture_put(t, m, id, TORTURE_PUT, GFP_KERNEL);
	return err;
}

static void torture_maps_exit(void)
{
	struct torture_map *m;

	while (nr_maps) {
		m = &torture_maps[--nr_maps];
		hmap_destroy(&m->map);
		hmap_pool_exit(&m->pool);
		if (atomic_long_read(&m->pool.memory))
			torture_fail("a pool is not empty", m->name, 0,
				     atomic_long_read(&m->pool.memory));
	}
}

static int torture_maps_init(void)
{
	int err;

	while (nr_maps < TORTURE_MAPS) {
		err = torture_map_init(&torture_maps[nr_maps],
				       &torture_threads[0]);
		if (err) {
			torture_maps_exit();
			return err;
		}
		nr_maps++;
	}
	return 0;
}

/* ---- when all is over ---- */

/* Whether its limits leave plenty for an array of twice the size. */
static bool torture_has_room(const struct torture_map *m, const struct hmap_array *a)
{
	const struct hmap *h = &m->map;
	long size = 5 * hmap_nbuckets(a) * h->geo.bucket_size;

	if (m->params.max_bytes &&
	    atomic_long_read(&h->memory->bytes) + size > m->params.max_bytes)
		return false;
	return !m->pool.max_bytes ||
	       atomic_long_read(&m->pool.memory) + size <= m->pool.max_bytes;
}

/* Whether it has the size that its elements need, as far as its limits allow. */
bool torture_is_proper(struct torture_map *m)
{
	struct hmap *h = &m->map;
	u64 count = hmap_len(h);
	struct hmap_array *a;
	bool old, over, under;

	rcu_read_lock();
	a = rcu_dereference(h->buckets);
	old = hmap_old(a);
	over = a->data && hmap_over_load(count, a->B) &&
	       torture_has_room(m, a);
	under = a->B > 4 && a->B > READ_ONCE(h->min_B) &&
		count < hmap_capacity(a->B) / 8 &&
		hmap_nbuckets(a) > h->params.stripes &&
		READ_ONCE(a->longest_chain) <= h->max_chain / 2;
	rcu_read_unlock();
	return !old && !over && !under;
}

/* Wait for that. Returns how many ms it took, or -ETIMEDOUT. */
long torture_await_proper(struct torture_map *m, unsigned int ms)
{
	u64 start = ktime_get_mono_fast_ns(), now = start;
	u64 end = start + (u64)ms * torture_slowness * NSEC_PER_MSEC;

	for (; now < end; now = ktime_get_mono_fast_ns()) {
		if (torture_is_proper(m))
			return div_u64(now - start, NSEC_PER_MSEC);
		msleep(20);
	}
	return torture_is_proper(m) ? ms : -ETIMEDOUT;
}

static void torture_await_memory(struct torture_map *m)
{
	unsigned int i;

	for (i = 0; i < 50 * torture_slowness; i++) {
		if (!atomic_long_read(&m->map.memory->waiting))
			return;
		msleep(100);
	}
	torture_fail("memory still waits", m->name, 0,
		     atomic_long_read(&m->map.memory->waiting));
}

/* All elements are found by a scan, and each by a lookup. */
static void torture_check_elements(struct torture_map *m, struct torture_thread *t)
{
	u64 (*keys)[TORTURE_KEY_WORDS] = kcalloc(SCAN_AT_ONCE, sizeof(*keys),
						 GFP_KERNEL);
	u32 words = m->params.key_size / sizeof(u64);
	struct hmap_cursor cursor = {};
	unsigned long found = 0;
	unsigned int i, n;

	while (keys && !hmap_cursor_done(&cursor)) {
		n = hmap_scan(&m->map, &cursor, keys, NULL, SCAN_AT_ONCE);
		for (i = 0; i < n; i++)
			torture_look(t, m, torture_id_of(&keys[0][0] + i * words));
		found += n;
		cond_resched();
	}
	if (keys && found != hmap_len(&m->map))
		torture_fail("elements and count", m->name, found,
			     hmap_len(&m->map));
	kfree(keys);
}

static void torture_check_map(struct torture_map *m, struct torture_thread *t)
{
	struct hmap_stats stats;
	long ms = torture_await_proper(m, PROPER_MS);
	int err;

	hmap_get_stats(&m->map, &stats);
	pr_info("%s: %llu elements, B %u, %llu grows, %llu shrinks, %llu of the same size, longest chain %llu, %llu failed allocations, proper size after %ld ms\n",
		m->name, stats.count, stats.B, stats.grows, stats.shrinks,
		stats.same_size_grows, stats.longest_chain, stats.alloc_failures,
		ms);
	if (ms < 0)
		torture_fail("not the proper size", m->name, stats.count, stats.B);
	torture_await_memory(m);
	err = hmap_verify(&m->map);
	if (err)
		torture_fail("verify", m->name, 0, err);
	torture_check_elements(m, t);
}

static void torture_report(void)
{
	unsigned int i;

	for (i = 0; i < torture_nr_threads; i++)
		pr_info("%s: %lu rounds\n", torture_threads[i].name,
			torture_threads[i].ops);
	torture_memory_report();
	torture_holds_report();
}

static int torture_once(void)
{
	unsigned int i;
	int err = torture_maps_init();

	if (err)
		return err;
	err = torture_memory_init();
	if (err)
		goto out;
	torture_roles_init();
	err = torture_holds_begin();
	if (!err) {
		torture_all();
		torture_roles_exit();
		torture_memory_exit();
		for (i = 0; i < TORTURE_MAPS; i++)
			torture_check_map(&torture_maps[i], &torture_threads[0]);
		torture_holds_end();
		torture_report();
	} else {
		torture_roles_exit();
		torture_memory_exit();
	}
out:
	torture_maps_exit();
	return err;
}

static int __init hmap_torture_init(void)
{
	int err = 0;

	if (bursts)
		err = torture_bursts();
	if (!err && seconds)
		err = torture_once();
	return err ?: failed ? -EUCLEAN : 0;
}

static void __exit hmap_torture_exit(void)
{
}

module_init(hmap_torture_init);
module_exit(hmap_torture_exit);

MODULE_AUTHOR("hmap developers");
MODULE_DESCRIPTION("Torture test of hmap's growth");
MODULE_LICENSE("GPL");
