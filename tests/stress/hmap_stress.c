// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once, for a while: loading this module fails if the map ever
 * does what it must not.
 *
 * - Anchors are keys that are there throughout. Readers must always find them,
 *   one by one, inlined or not, and in batches, with a value that is one word
 *   repeated: not torn. Overwriters change them.
 * - Owners each have keys of their own, put and delete them at random, and know
 *   what must be there.
 * - Tides make the map grow by many keys, and shrink when they are gone.
 * - Scanners must see each anchor exactly once, and no key twice.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hmap.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../random.h"

#define ANCHORS		512
#define OWNED		128
#define VALUE_WORDS	8
#define SCAN_AT_ONCE	48
#define READ_AT_ONCE	8

enum { ROLE_READER, ROLE_OVERWRITER, ROLE_OWNER, ROLE_TIDE, ROLE_SCANNER, ROLES };

static unsigned int seconds = 5;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "how long (default 5)");

static unsigned int stripes = 8;
module_param(stripes, uint, 0444);
MODULE_PARM_DESC(stripes, "stripes of the map (default 8)");

static unsigned int each = 2;
module_param(each, uint, 0444);
MODULE_PARM_DESC(each, "threads of each kind (default 2)");

static unsigned int tide = 4000;
module_param(tide, uint, 0444);
MODULE_PARM_DESC(tide, "keys that come and go together (default 4000)");

static bool realtime;
module_param(realtime, bool, 0444);
MODULE_PARM_DESC(realtime, "readers wake up often and preempt all others");

static unsigned long seed = 1;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "of all random choices (default 1)");

struct stress_value {
	u64 word[VALUE_WORDS];
};

struct stress_thread {
	unsigned int role;
	unsigned int number;
	u64 random;
	u64 ops;
	struct completion done;
};

/* A type, so that lookups are inlined; they know nothing of stripes. */
DEFINE_HMAP(stress_map, u64, struct stress_value);

static struct stress_map map;
static bool stop;
static bool failed;

/* Keys of anchors, owners and tides differ in the upper half. */
static u64 stress_key(unsigned int role, unsigned int number, u32 i)
{
	return (u64)role << 56 | (u64)number << 32 | i;
}

static struct stress_value stress_value(u64 word)
{
	struct stress_value value;
	unsigned int i;

	for (i = 0; i < VALUE_WORDS; i++)
		value.word[i] = word;
	return value;
}

static void stress_fail(const struct stress_thread *t, const char *what, u64 key,
			long detail)
{
	if (!xchg(&failed, true))
		pr_err("BUG: seed %lu, role %u.%u, key %#llx: %s (%ld)\n", seed,
		       t->role, t->number, key, what, detail);
	WRITE_ONCE(stop, true);
}

static void stress_check_value(struct stress_thread *t, u64 key,
			       const struct stress_value *value)
{
	unsigned int i;

	for (i = 1; i < VALUE_WORDS; i++)
		if (value->word[i] != value->word[0])
			return stress_fail(t, "a torn value", key, i);
}

static void stress_put(struct stress_thread *t, u64 key, u64 word, u32 flags)
{
	struct stress_value value = stress_value(word);
	int err = hmap_put(&map.map, &key, &value, flags, GFP_KERNEL);

	if (err)
		stress_fail(t, "put failed", key, err);
}

/* What a reader preempts may be a writer whose change it has to wait for. */
static void stress_sleep(struct stress_thread *t)
{
	if (!t->ops)
		sched_set_fifo_low(current);
	if (t->ops % 32 == 0)
		usleep_range(20, 50);
}

static u64 stress_anchor(struct stress_thread *t)
{
	return stress_key(ROLES, 0, random_below(&t->random, ANCHORS));
}

static void stress_read_one(struct stress_thread *t)
{
	u64 key = stress_anchor(t);
	struct stress_value value;
	int err;

	err = t->ops & 1 ? hmap_get(&map.map, &key, &value) :
			   stress_map_get(&map, key, &value);
	if (err)
		stress_fail(t, "an anchor was not found", key, err);
	else
		stress_check_value(t, key, &value);
}

static void stress_read_batch(struct stress_thread *t)
{
	struct stress_value values[READ_AT_ONCE];
	DECLARE_BITMAP(found, READ_AT_ONCE);
	u64 keys[READ_AT_ONCE];
	unsigned int i;

	for (i = 0; i < READ_AT_ONCE; i++)
		keys[i] = stress_anchor(t);
	stress_map_get_batch(&map, keys, READ_AT_ONCE, values, found);
	for (i = 0; i < READ_AT_ONCE; i++)
		if (!test_bit(i, found))
			stress_fail(t, "a batch without an anchor", keys[i], i);
		else
			stress_check_value(t, keys[i], &values[i]);
}

static void stress_read(struct stress_thread *t)
{
	if (realtime)
		stress_sleep(t);
	if (t->ops % READ_AT_ONCE)
		stress_read_one(t);
	else
		stress_read_batch(t);
}

static void stress_overwrite(struct stress_thread *t)
{
	stress_put(t, stress_anchor(t), random_next(&t->random), HMAP_EXIST);
}

/* The words of an owner's keys are known: 0 is a key that is not there. */
static void stress_own(struct stress_thread *t, u64 *words)
{
	u32 i = random_below(&t->random, OWNED);
	u64 key = stress_key(ROLE_OWNER, t->number, i);
	struct stress_value value;
	int err = hmap_get(&map.map, &key, &value);

	if (err != (words[i] ? 0 : -ENOENT))
		return stress_fail(t, "an owned key", key, err);
	if (words[i] && value.word[0] != words[i])
		return stress_fail(t, "an owned key's value", key, i);
	if (words[i] && random_next(&t->random) & 1) {
		err = hmap_pop(&map.map, &key, &value);
		if (err || value.word[0] != words[i])
			return stress_fail(t, "pop", key, err);
		words[i] = 0;
	} else {
		stress_put(t, key, i + 1,
			   words[i] ? HMAP_EXIST : HMAP_NOEXIST);
		words[i] = i + 1;
	}
}

static void stress_owner(struct stress_thread *t)
{
	u64 *words = kcalloc(OWNED, sizeof(*words), GFP_KERNEL);

	if (!words)
		return stress_fail(t, "no memory", 0, 0);
	while (!READ_ONCE(stop)) {
		stress_own(t, words);
		t->ops++;
		cond_resched();
	}
	kfree(words);
}

static u64 stress_shrinks(void)
{
	struct hmap_stats stats;

	hmap_get_stats(&map.map, &stats);
	return stats.shrinks;
}

/* Wait until the map has shrunk, which takes the ebb of all tides. */
static void stress_await_shrink(struct stress_thread *t, u64 shrinks)
{
	unsigned long end = jiffies + 60 * HZ;

	while (stress_shrinks() == shrinks && !READ_ONCE(stop)) {
		if (time_after(jiffies, end))
			return stress_fail(t, "the map has not shrunk", 0,
					   shrinks);
		msleep(20);
	}
}

static void stress_tide(struct stress_thread *t)
{
	u64 shrinks = stress_shrinks();
	u64 key;
	u32 i;
	int err;

	for (i = 0; i < tide && !READ_ONCE(stop); i++, t->ops++) {
		stress_put(t, stress_key(ROLE_TIDE, t->number, i), i,
			   HMAP_NOEXIST);
		cond_resched();
	}
	while (i--) {
		key = stress_key(ROLE_TIDE, t->number, i);
		err = hmap_delete(&map.map, &key);
		if (err)
			return stress_fail(t, "ebb", key, err);
		t->ops++;
		cond_resched();
	}
	stress_await_shrink(t, shrinks);
}

/* One scan: a byte for each anchor says how often it has been seen. */
static void stress_scan(struct stress_thread *t, u8 *seen)
{
	struct hmap_cursor cursor = {};
	u64 keys[SCAN_AT_ONCE];
	unsigned int i, n;

	memset(seen, 0, ANCHORS);
	while (!hmap_cursor_done(&cursor)) {
		n = hmap_scan(&map.map, &cursor, keys, NULL,
			      1 + random_below(&t->random, SCAN_AT_ONCE));
		for (i = 0; i < n; i++)
			if (keys[i] >> 56 == ROLES)
				seen[(u32)keys[i]]++;
		cond_resched();
	}
	for (i = 0; i < ANCHORS; i++)
		if (seen[i] != 1)
			stress_fail(t, "an anchor in a scan", i, seen[i]);
}

static void stress_scanner(struct stress_thread *t)
{
	u8 *seen = kmalloc(ANCHORS, GFP_KERNEL);

	while (seen && !READ_ONCE(stop)) {
		stress_scan(t, seen);
		t->ops++;
	}
	kfree(seen);
}

static void stress_loop(struct stress_thread *t,
			void (*op)(struct stress_thread *t))
{
	while (!READ_ONCE(stop)) {
		op(t);
		t->ops++;
		cond_resched();
	}
}

static int stress_run(void *data)
{
	struct stress_thread *t = data;

	switch (t->role) {
	case ROLE_READER:
		stress_loop(t, stress_read);
		break;
	case ROLE_OVERWRITER:
		stress_loop(t, stress_overwrite);
		break;
	case ROLE_OWNER:
		stress_owner(t);
		break;
	case ROLE_TIDE:
		stress_loop(t, stress_tide);
		break;
	case ROLE_SCANNER:
		stress_scanner(t);
		break;
	}
	/* Then the module may be removed: not one instruction more of it. */
	kthread_complete_and_exit(&t->done, 0);
}

static void stress_start(struct stress_thread *t, unsigned int i)
{
	struct task_struct *task;

	t->role = i % ROLES;
	t->number = i / ROLES;
	t->random = seed + i * 7919;
	init_completion(&t->done);
	task = kthread_run(stress_run, t, "hmap_stress/%u", i);
	if (IS_ERR(task)) {
		stress_fail(t, "no thread", 0, PTR_ERR(task));
		complete(&t->done);
	}
}

static void stress_report(const struct stress_thread *threads)
{
	static const char * const name[] = {
		"reads", "overwrites", "owned", "tide", "scans"
	};
	struct hmap_stats stats;
	unsigned int i, role;
	u64 ops;

	for (role = 0; role < ROLES; role++) {
		ops = 0;
		for (i = role; i < each * ROLES; i += ROLES)
			ops += threads[i].ops;
		pr_info("%s %llu\n", name[role], ops);
	}
	hmap_get_stats(&map.map, &stats);
	pr_info("grows %llu, shrinks %llu, same size %llu, evacuated %llu\n",
		stats.grows, stats.shrinks, stats.same_size_grows,
		stats.evacuated);
}

static int stress_all(struct stress_thread *threads)
{
	unsigned int i;

	for (i = 0; i < ANCHORS; i++)
		stress_put(threads, stress_key(ROLES, 0, i), i, HMAP_NOEXIST);
	for (i = 0; i < each * ROLES; i++)
		stress_start(&threads[i], i);
	for (i = 0; i < seconds * 10 && !READ_ONCE(stop); i++)
		msleep(100);
	WRITE_ONCE(stop, true);
	for (i = 0; i < each * ROLES; i++)
		wait_for_completion(&threads[i].done);
	stress_report(threads);
	if (hmap_verify(&map.map))
		stress_fail(threads, "verify", 0, 0);
	return failed ? -EUCLEAN : 0;
}

static int __init hmap_stress_init(void)
{
	struct hmap_params params = stress_map_params;
	struct stress_thread *threads;
	int ret;

	params.stripes = stripes;
	ret = hmap_init(&map.map, &params);
	if (ret)
		return ret;
	threads = kcalloc(each * ROLES, sizeof(*threads), GFP_KERNEL);
	ret = threads ? stress_all(threads) : -ENOMEM;
	kfree(threads);
	hmap_destroy(&map.map);
	return ret;
}

static void __exit hmap_stress_exit(void)
{
}

module_init(hmap_stress_init);
module_exit(hmap_stress_exit);

MODULE_AUTHOR("hmap developers");
MODULE_DESCRIPTION("Stress test of hmap");
MODULE_LICENSE("GPL");
