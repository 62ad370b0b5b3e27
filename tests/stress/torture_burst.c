// SPDX-License-Identifier: GPL-2.0
/*
 * How far the load of a map goes if one caller that may not sleep puts for a while
 * without a pause. Where there is one processor the map's worker does not run before
 * that is over, and the load only depends on the number of elements: so it is told
 * for numbers, too, whatever else slows the machine down.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/log2.h>
#include <linux/slab.h>

#include "hold.h"
#include "resize.h"
#include "scan.h"
#include "torture.h"

/* The map has 256 buckets at the beginning. */
#define FIRST_B		8

#define ROUNDS		3

/* Of the burst that is told of by number: elements, and the most time. */
#define MANY		0x100000
#define MANY_MS		2000

/**
 * struct burst - what one burst has come to
 * @n: elements put
 * @load: the highest load, in hundredths of the capacity
 * @load_B: where that was
 * @load_n: and at how many elements
 * @longest: the longest put, in ns
 */
struct burst {
	u64 n;
	u64 load;
	u8 load_B;
	u64 load_n;
	u64 longest;
};

static DEFINE_SPINLOCK(single_lock);

static u8 burst_B(struct hmap *h)
{
	u8 B;

	rcu_read_lock();
	B = rcu_dereference(h->buckets)->B;
	rcu_read_unlock();
	return B;
}

/* Beyond each power of two: how high the load has been since the one before. */
static void burst_tell(struct burst *burst)
{
	if (burst->n < 4096 || !is_power_of_2(burst->n))
		return;
	pr_info("burst: up to %llu elements: load up to %llu.%02llu, of B %u with %llu elements\n",
		burst->n, div_u64(burst->load, 100),
		burst->load - 100 * div_u64(burst->load, 100), burst->load_B,
		burst->load_n);
	burst->load = 0;
}

static void burst_look(struct hmap *h, struct burst *burst)
{
	u8 B = burst_B(h);
	u64 load = div64_u64(burst->n * 100, hmap_capacity(B));

	if (load <= burst->load)
		return;
	burst->load = load;
	burst->load_B = B;
	burst->load_n = burst->n;
}

/*
 * Puts of different keys, with a spinlock held, for so long, or so many: that is told
 * of as it goes.
 */
static int burst_put(struct hmap *h, unsigned int ms, u64 most, u64 seed,
		     struct burst *burst)
{
	u64 start, now, end, key;
	int err = 0;

	spin_lock(&single_lock);
	now = ktime_get_mono_fast_ns();
	end = now + (u64)ms * NSEC_PER_MSEC;
	while (!err && now < end && burst->n < most) {
		start = now;
		key = random_mix(seed + burst->n);
		err = hmap_put(h, &key, &key, HMAP_NOEXIST,
			       GFP_ATOMIC | __GFP_NOWARN);
		if (!err)
			burst->n++;
		burst_look(h, burst);
		if (most == MANY)
			burst_tell(burst);
		now = ktime_get_mono_fast_ns();
		burst->longest = max(burst->longest, now - start);
	}
	spin_unlock(&single_lock);
	return err;
}

static int burst_one(struct torture_map *m, unsigned int ms, u64 most, u64 seed)
{
	struct burst burst = {};
	u8 B;
	long proper;
	int err;

	m->params.hint = hmap_capacity(FIRST_B);
	err = hmap_init(&m->map, &m->params);
	if (err)
		return err;
	err = burst_put(&m->map, ms, most, seed, &burst);
	B = burst_B(&m->map);
	proper = torture_await_proper(m, 5000);
	pr_info("burst of at most %u ms: %llu elements; load up to %llu.%02llu of the capacity, of B %u with %llu elements; the longest put %llu us; B %u, and %u after %ld ms more\n",
		ms, burst.n, div_u64(burst.load, 100),
		burst.load - 100 * div_u64(burst.load, 100), burst.load_B,
		burst.load_n, div_u64(burst.longest, 1000), B, burst_B(&m->map),
		proper);
	if (err)
		torture_fail("a put of a burst", m->name, burst.n, err);
	if (proper < 0)
		torture_fail("not the proper size after a burst", m->name,
			     burst.n, burst_B(&m->map));
	err = hmap_verify(&m->map);
	hmap_destroy(&m->map);
	return err;
}

int torture_bursts(void)
{
	static const unsigned int times[] = { 10, 100 };
	struct torture_map *m = kzalloc(sizeof(*m), GFP_KERNEL);
	unsigned int i;
	int err;

	if (!m)
		return -ENOMEM;
	m->name = "burst";
	m->params.key_size = sizeof(u64);
	m->params.value_size = sizeof(u64);
	err = burst_one(m, MANY_MS, MANY, torture_seed);
	for (i = 0; !err && i < ROUNDS * ARRAY_SIZE(times); i++)
		err = burst_one(m, times[i / ROUNDS], U64_MAX, random_mix(i));
	kfree(m);
	return err;
}
