// SPDX-License-Identifier: GPL-2.0
/*
 * The eater of memory. Most of it is put aside from the beginning to the end. Of what
 * is left the eater takes every page that can be had without reclaim, for a while,
 * again and again. Its shrinker gives them back: behind a mutex, if the reclaim may
 * enter filesystems, as that of a filesystem would be; and it uses the maps, as a
 * cache would.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/shrinker.h>

#include "torture.h"

/* What is put aside, and eaten as long as there are any, are blocks of 64 pages. */
#define BLOCK_ORDER	6

/* Pages that are given back at a time. */
#define GIVE_AT_ONCE	32

static unsigned int room = 128;
module_param(room, uint, 0444);
MODULE_PARM_DESC(room, "MiB that are free but for what the eater takes (default 128)");

/* Only used by the task that loads the module. */
static LIST_HEAD(aside);

/* What the reclaim waits for that may enter filesystems. */
DEFINE_MUTEX(torture_fs_lock);

/* Protects the eaten pages and their number. */
static DEFINE_SPINLOCK(eaten_lock);
static LIST_HEAD(eaten);
static unsigned long nr_eaten;

/* Figures. */
static atomic_long_t most_eaten;
static atomic_long_t scans;
static atomic_long_t waited;

static unsigned long torture_free_pages(void)
{
	struct sysinfo info;

	si_meminfo(&info);
	return info.freeram;
}

static void torture_put_aside(void)
{
	unsigned long keep = (unsigned long)room << (20 - PAGE_SHIFT);
	struct page *page;

	while (torture_free_pages() > keep + (1 << BLOCK_ORDER)) {
		page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, BLOCK_ORDER);
		if (!page)
			break;
		list_add(&page->lru, &aside);
		cond_resched();
	}
}

static void torture_free_aside(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &aside, lru) {
		list_del(&page->lru);
		__free_pages(page, BLOCK_ORDER);
		cond_resched();
	}
}

/* A block of pages, each of which is given back by itself. */
static bool torture_eat_block(unsigned int order)
{
	struct page *page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, order);
	unsigned int i;

	if (!page)
		return false;
	split_page(page, order);
	spin_lock(&eaten_lock);
	for (i = 0; i < 1u << order; i++)
		list_add(&page[i].lru, &eaten);
	WRITE_ONCE(nr_eaten, nr_eaten + i);
	spin_unlock(&eaten_lock);
	return true;
}

/* Take some of them off the list. Returns how many. */
static unsigned int torture_take(struct list_head *pages, unsigned long n)
{
	unsigned int taken = 0;

	spin_lock(&eaten_lock);
	while (taken < min(n, GIVE_AT_ONCE) && !list_empty(&eaten)) {
		list_move(eaten.next, pages);
		taken++;
	}
	WRITE_ONCE(nr_eaten, nr_eaten - taken);
	spin_unlock(&eaten_lock);
	return taken;
}

static unsigned long torture_give_back(unsigned long n)
{
	unsigned long given = 0;
	struct page *page, *next;
	unsigned int taken;
	LIST_HEAD(pages);

	do {
		taken = torture_take(&pages, n - given);
		list_for_each_entry_safe(page, next, &pages, lru) {
			list_del(&page->lru);
			__free_page(page);
		}
		given += taken;
	} while (taken && given < n);
	return given;
}

/* All that can be had without reclaim. What others free it takes, too. */
static void torture_fill_up(unsigned long end)
{
	unsigned int order = BLOCK_ORDER;

	while (!torture_stopped() && time_before(jiffies, end)) {
		if (torture_eat_block(order))
			cond_resched();
		else if (order)
			order = 0;
		else
			break;
	}
	if ((long)READ_ONCE(nr_eaten) > atomic_long_read(&most_eaten))
		atomic_long_set(&most_eaten, READ_ONCE(nr_eaten));
}

void torture_eat(struct torture_thread *t)
{
	unsigned long end = jiffies + HZ / 20 + random_below(&t->random, HZ / 4);

	set_user_nice(current, -10);
	while (!torture_stopped() && time_before(jiffies, end)) {
		torture_fill_up(end);
		usleep_range(1000, 3000);
	}
	torture_give_back(ULONG_MAX);
	msleep(200 + random_below(&t->random, 600));
}

/* ---- the shrinker ---- */

static unsigned long torture_count_objects(struct shrinker *shrinker,
					   struct shrink_control *sc)
{
	return READ_ONCE(nr_eaten);
}

/* A cache deletes what it finds, and may note that it did. */
static void torture_use_maps(void)
{
	struct torture_thread t = {
		.random = random_mix(ktime_get_mono_fast_ns()),
	};
	struct torture_map *m = torture_some_map(&t);
	unsigned int i;

	for (i = 0; i < 8; i++)
		torture_delete(&t, m, random_below(&t.random, m->ids), TORTURE_RECLAIM);
	torture_put(&t, m, random_below(&t.random, m->ids), TORTURE_RECLAIM,
		    GFP_NOWAIT | __GFP_NOWARN);
}

static unsigned long torture_scan_objects(struct shrinker *shrinker,
					  struct shrink_control *sc)
{
	bool fs = sc->gfp_mask & __GFP_FS;
	unsigned long given;

	atomic_long_inc(&scans);
	if (fs && !mutex_trylock(&torture_fs_lock)) {
		atomic_long_inc(&waited);
		mutex_lock(&torture_fs_lock);
	}
	torture_use_maps();
	given = torture_give_back(sc->nr_to_scan);
	if (fs)
		mutex_unlock(&torture_fs_lock);
	return given ?: SHRINK_STOP;
}

/* 6.7: shrinkers are allocated. A macro that came at the same time. */
#ifdef SHRINKER_ALLOCATED
static struct shrinker *torture_shrinker;

static int torture_register(void)
{
	torture_shrinker = shrinker_alloc(0, "hmap_torture");
	if (!torture_shrinker)
		return -ENOMEM;
	torture_shrinker->count_objects = torture_count_objects;
	torture_shrinker->scan_objects = torture_scan_objects;
	shrinker_register(torture_shrinker);
	return 0;
}

static void torture_unregister(void)
{
	shrinker_free(torture_shrinker);
}
#else
static struct shrinker torture_shrinker = {
	.count_objects = torture_count_objects,
	.scan_objects = torture_scan_objects,
	.seeks = DEFAULT_SEEKS,
};

static int torture_register(void)
{
	return register_shrinker(&torture_shrinker, "hmap_torture");
}

static void torture_unregister(void)
{
	unregister_shrinker(&torture_shrinker);
}
#endif

int torture_memory_init(void)
{
	int err = torture_register();

	if (!err)
		torture_put_aside();
	return err;
}

void torture_memory_exit(void)
{
	torture_unregister();
	torture_give_back(ULONG_MAX);
	torture_free_aside();
}

void torture_memory_report(void)
{
	pr_info("memory: %lu MiB eaten at the most, %ld calls of the shrinker, of which %ld waited for the lock\n",
		atomic_long_read(&most_eaten) >> (20 - PAGE_SHIFT),
		atomic_long_read(&scans), atomic_long_read(&waited));
}
