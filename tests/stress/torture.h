/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of hmap_torture.ko share.
 *
 * torture_main.c has the maps, the threads, the watchdog and the checks at the end;
 * torture_roles.c what the threads do; torture_memory.c the eater of memory and its
 * shrinker; torture_holds.c the figures; torture_burst.c single bursts.
 */
#ifndef _HMAP_TORTURE_H
#define _HMAP_TORTURE_H

#include <linux/completion.h>
#include <linux/hmap.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/timekeeping.h>

#include "../random.h"

#define TORTURE_MAPS		5
#define TORTURE_ANCHORS		256

/* Words of the longest key and value. */
#define TORTURE_KEY_WORDS	25
#define TORTURE_VALUE_WORDS	38

/* What is being done, for the figures and the watchdog. */
enum torture_kind {
	TORTURE_PUT,		/* with GFP_KERNEL */
	TORTURE_PUT_NOFS,	/* holding a mutex that the shrinker takes */
	TORTURE_PUT_ATOMIC,	/* holding a spinlock */
	TORTURE_PUT_SOFTIRQ,
	TORTURE_DELETE,
	TORTURE_DELETE_SOFTIRQ,
	TORTURE_GET,
	TORTURE_SCAN,
	TORTURE_STATS,
	TORTURE_LAYOUT,
	TORTURE_VERIFY,
	TORTURE_RESERVE,
	TORTURE_SHRINK,
	TORTURE_CLEAR,
	TORTURE_INIT,
	TORTURE_DESTROY,
	TORTURE_RECLAIM,	/* in the shrinker */
	TORTURE_WORKER,		/* of the map itself */
	TORTURE_OTHER,
	TORTURE_KINDS
};

/**
 * struct torture_map - a map that is tortured
 * @name: for messages
 * @params: what it is made for
 * @ids: keys are made from numbers below this, and anchors from those behind it
 * @anchored: it is not cleared: its anchors are always there
 * @map: the map
 * @pool: its limit, if it has one
 * @released: when each lock was last released, in ns: those of the stripes, then
 *	the one before all (torture_holds.c)
 */
struct torture_map {
	const char *name;
	struct hmap_params params;
	u32 ids;
	bool anchored;
	struct hmap map;
	struct hmap_pool pool;
	u64 released[HMAP_MAX_STRIPES + 1];
};

/**
 * struct torture_thread - a thread, or the tasklet
 * @name: for messages
 * @run: what it does again and again; NULL for the tasklet
 * @random: state of its random numbers
 * @kind: what it is doing
 * @since: when that began, in jiffies (odd); 0 if it is not in the map
 * @ops: how often @run has been called
 * @task: it; NULL for the tasklet
 * @done: it has ended
 */
struct torture_thread {
	const char *name;
	void (*run)(struct torture_thread *t);
	u64 random;
	enum torture_kind kind;
	unsigned long since;
	unsigned long ops;
	struct task_struct *task;
	struct completion done;
};

/* torture_main.c */
extern struct torture_map torture_maps[TORTURE_MAPS];
extern unsigned long torture_seed;
extern unsigned int torture_slowness;
bool torture_stopped(void);
void torture_fail(const char *what, const char *where, u64 key, long detail);
const struct torture_thread *torture_thread_of(const struct task_struct *task);
bool torture_is_proper(struct torture_map *m);
long torture_await_proper(struct torture_map *m, unsigned int ms);

/* torture_roles.c */
extern struct torture_thread torture_threads[];
extern const unsigned int torture_nr_threads;
extern struct torture_thread torture_softirq;
void torture_roles_init(void);
void torture_roles_exit(void);
int torture_put(struct torture_thread *t, struct torture_map *m, u64 id,
		enum torture_kind kind, gfp_t gfp);
void torture_delete(struct torture_thread *t, struct torture_map *m, u64 id,
		    enum torture_kind kind);
bool torture_check(const struct torture_map *m, u64 id, const u64 *value);
u64 torture_id_of(const u64 *key);
void torture_look(struct torture_thread *t, struct torture_map *m, u64 id);

/* torture_memory.c */
extern struct mutex torture_fs_lock;
int torture_memory_init(void);
void torture_memory_exit(void);
void torture_eat(struct torture_thread *t);
void torture_memory_report(void);

/* torture_holds.c */
int torture_holds_begin(void);
void torture_holds_end(void);
void torture_called(enum torture_kind kind, u64 ns);
void torture_holds_report(void);

/* torture_burst.c */
int torture_bursts(void);

static inline struct torture_map *torture_some_map(struct torture_thread *t)
{
	return &torture_maps[random_below(&t->random, TORTURE_MAPS)];
}

/* Around each call of the map: for the watchdog and the figures. */
static inline u64 torture_begin(struct torture_thread *t, enum torture_kind kind)
{
	WRITE_ONCE(t->kind, kind);
	WRITE_ONCE(t->since, jiffies | 1);
	return ktime_get_mono_fast_ns();
}

static inline void torture_end(struct torture_thread *t, u64 start)
{
	torture_called(t->kind, ktime_get_mono_fast_ns() - start);
	WRITE_ONCE(t->since, 0);
}

#endif /* _HMAP_TORTURE_H */
