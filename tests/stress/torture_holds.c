// SPDX-License-Identifier: GPL-2.0
/*
 * How long calls take, and how long the maps' locks are held, by what is done: the
 * longest, and what all but one in a hundred, and all but one in ten thousand, stay
 * below (as powers of two).
 *
 * With lockdep its tracepoints tell of the locks. Without, the calls that cannot
 * sleep do: none holds a lock longer than it takes. What else runs on the processor
 * meanwhile, in the guest and outside, is part of all figures.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>

#include "torture.h"

#define BINS	40

static const char * const kind_names[TORTURE_KINDS] = {
	[TORTURE_PUT] = "put",
	[TORTURE_PUT_NOFS] = "put in a NOFS scope",
	[TORTURE_PUT_ATOMIC] = "put under a spinlock",
	[TORTURE_PUT_SOFTIRQ] = "put in softirq",
	[TORTURE_DELETE] = "delete",
	[TORTURE_DELETE_SOFTIRQ] = "delete in softirq",
	[TORTURE_GET] = "get",
	[TORTURE_SCAN] = "scan",
	[TORTURE_STATS] = "stats",
	[TORTURE_LAYOUT] = "layout",
	[TORTURE_VERIFY] = "verify",
	[TORTURE_RESERVE] = "reserve",
	[TORTURE_SHRINK] = "shrink",
	[TORTURE_CLEAR] = "clear",
	[TORTURE_INIT] = "init",
	[TORTURE_DESTROY] = "destroy",
	[TORTURE_RECLAIM] = "in reclaim",
	[TORTURE_WORKER] = "worker",
	[TORTURE_OTHER] = "other",
};

/**
 * struct figures - times
 * @longest: in ns
 * @bins: [i] is the number of those of 2^i to 2^(i+1) ns
 */
struct figures {
	unsigned long longest;
	atomic_long_t bins[BINS];
};

static struct figures calls[TORTURE_KINDS];
static struct figures holds[TORTURE_KINDS];

static void figures_add(struct figures *f, u64 ns)
{
	unsigned long new = min_t(u64, ns, ULONG_MAX);
	unsigned long longest = READ_ONCE(f->longest);

	atomic_long_inc(&f->bins[min(ilog2(ns | 1), BINS - 1)]);
	while (new > longest && !try_cmpxchg(&f->longest, &longest, new))
		;
}

/* The least bound that no more than @few are not below, in us. */
static u64 figures_most(const struct figures *f, long few)
{
	long above = 0;
	int i;

	for (i = BINS - 1; i > 0; i--) {
		above += atomic_long_read(&f->bins[i]);
		if (above > few)
			break;
	}
	return DIV_ROUND_UP_ULL(2ull << i, 1000);
}

static void figures_report(const struct figures *all, const char *what)
{
	unsigned int kind, i;
	long total;

	for (kind = 0; kind < TORTURE_KINDS; kind++) {
		total = 0;
		for (i = 0; i < BINS; i++)
			total += atomic_long_read(&all[kind].bins[i]);
		if (total)
			pr_info("longest %s: %s %lu us (99 %% below %llu us, 99.99 %% below %llu us, of %ld)\n",
				what, kind_names[kind],
				DIV_ROUND_UP(READ_ONCE(all[kind].longest), 1000),
				figures_most(&all[kind], total / 100),
				figures_most(&all[kind], total / 10000), total);
	}
}

void torture_called(enum torture_kind kind, u64 ns)
{
	figures_add(&calls[kind], ns);
}

#ifdef CONFIG_LOCKDEP

/**
 * struct holding - the locks of maps that a processor holds
 * @depth: how many
 * @released: of the outermost of them, see struct torture_map
 * @since: when it was asked for
 */
struct holding {
	unsigned int depth;
	u64 *released;
	u64 since;
};

static DEFINE_PER_CPU(struct holding, holding);

static enum torture_kind current_kind(void)
{
	const struct torture_thread *t;

	if (in_serving_softirq())
		return READ_ONCE(torture_softirq.kind);
	if (current->flags & PF_MEMALLOC)
		return TORTURE_RECLAIM;
	if (current->flags & PF_WQ_WORKER)
		return TORTURE_WORKER;
	t = torture_thread_of(current);
	return t ? READ_ONCE(t->kind) : TORTURE_OTHER;
}

/* When @lock was last released; NULL if it is none of those of the maps. */
static u64 *released_of(const struct lockdep_map *lock)
{
	struct hmap_stripe *stripes;
	struct torture_map *m;
	unsigned long s;

	for (m = torture_maps; m < torture_maps + TORTURE_MAPS; m++) {
		if (lock == &m->map.all.dep_map)
			return &m->released[HMAP_MAX_STRIPES];
		stripes = m->map.stripes;
		if ((void *)lock < (void *)stripes ||
		    (void *)lock >= (void *)(stripes + m->params.stripes))
			continue;
		s = ((void *)lock - (void *)stripes) / sizeof(*stripes);
		return &m->released[s];
	}
	return NULL;
}

/* It may have to be waited for: until it is released. */
static void on_lock_acquire(void *data, struct lockdep_map *lock,
			    unsigned int subclass, int trylock, int read,
			    int check, struct lockdep_map *next_lock,
			    unsigned long ip)
{
	struct holding *holds_now;
	u64 *released = released_of(lock);

	if (!released)
		return;
	holds_now = this_cpu_ptr(&holding);
	if (holds_now->depth++)
		return;
	holds_now->released = released;
	holds_now->since = ktime_get_mono_fast_ns();
}

static void on_lock_release(void *data, struct lockdep_map *lock, unsigned long ip)
{
	struct holding *holds_now;
	u64 *released = released_of(lock), now, since;

	if (!released)
		return;
	now = ktime_get_mono_fast_ns();
	holds_now = this_cpu_ptr(&holding);
	/* It may have been taken before this was told of it. */
	if (holds_now->depth && !--holds_now->depth) {
		since = max(holds_now->since, READ_ONCE(*holds_now->released));
		figures_add(&holds[current_kind()], now > since ? now - since : 0);
	}
	WRITE_ONCE(*released, now);
}

static struct probe {
	const char *name;
	void *fn;
	struct tracepoint *tp;
} probes[] = {
	/* First, so that nothing is taken that is not seen to be released. */
	{ "lock_release", on_lock_release },
	{ "lock_acquire", on_lock_acquire },
};

static void find_probe(struct tracepoint *tp, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
}

int torture_holds_begin(void)
{
	unsigned int i;
	int err = 0;

	for_each_kernel_tracepoint(find_probe, NULL);
	for (i = 0; !err && i < ARRAY_SIZE(probes); i++)
		if (probes[i].tp)
			err = tracepoint_probe_register(probes[i].tp,
							probes[i].fn, NULL);
	return err;
}

void torture_holds_end(void)
{
	unsigned int i;

	for (i = ARRAY_SIZE(probes); i--;)
		if (probes[i].tp)
			tracepoint_probe_unregister(probes[i].tp, probes[i].fn,
						    NULL);
	tracepoint_synchronize_unregister();
}

#else

int torture_holds_begin(void)
{
	return 0;
}

void torture_holds_end(void)
{
}

#endif /* CONFIG_LOCKDEP */

void torture_holds_report(void)
{
	figures_report(holds, "hold");
	figures_report(calls, "call");
}
