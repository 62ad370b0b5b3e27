// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmarks inside the kernel: they run while this module is loaded, and print
 * what they measure. Loading fails if a map did not do what it must.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/string.h>

#include "bench.h"

#define MAX_SIZES	16
#define MAX_CONTESTANTS	16

static char *suite_name = "single";
module_param_named(suite, suite_name, charp, 0444);
MODULE_PARM_DESC(suite, "single (default), fill, memory, fill-memory, latency, hold, smp or grow");

static char *contestants;
module_param(contestants, charp, 0444);
MODULE_PARM_DESC(contestants, "names with commas, hyphens for spaces (default: those of the suite)");

static unsigned long n[MAX_SIZES] = { 1000, 10000, 100000, 1000000 };
static unsigned int nr_n = 4;
module_param_array(n, ulong, &nr_n, 0444);
MODULE_PARM_DESC(n, "elements of a map: several sizes, with commas");

static unsigned int key_size = 8;
module_param(key_size, uint, 0444);
MODULE_PARM_DESC(key_size, "bytes of a key: 4, 8 or 16 (default 8)");

unsigned int bench_runs = 5;
module_param_named(runs, bench_runs, uint, 0444);
MODULE_PARM_DESC(runs, "how often all is measured (default 5)");

static unsigned long seed = 1;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "of keys and orders (default 1)");

char *bench_kernel = "";
module_param_named(kernel, bench_kernel, charp, 0444);
MODULE_PARM_DESC(kernel, "name of this kernel in the results");

/**
 * struct suite - a suite
 * @name: its name
 * @contestants: those that take part if none are named
 * @run: does it
 * @together: @run is called once, with the keys of all sizes and then one with
 *	n == 0
 * @keys_per_n: how many times n keys are in a map
 * @rounds: at least, see keys.h
 * @threads: one or several
 */
struct suite {
	const char *name;
	const char *contestants;
	int (*run)(const struct contestant **c, unsigned int nr,
		   const struct bench_keys *keys);
	unsigned int keys_per_n;
	unsigned int rounds;
	enum bench_threads threads;
	bool together;
};

#define ALL_MAPS "hmap,hmap-siphash,rhashtable,bpf-hash,bpf-hash-no_prealloc,bpf-rhash"

#define GROWING "hmap,rhashtable,bpf-rhash"

static const struct suite suites[] = {
	{ "single", ALL_MAPS ",floor", bench_single, 1, 1, BENCH_ALONE },
	{ "fill", GROWING, bench_fill, 1, 1, BENCH_ALONE, true },
	{ "memory", ALL_MAPS, bench_memory, 2, 1, BENCH_ALONE },
	{ "fill-memory", GROWING, bench_fill_memory, 2, 1, BENCH_ALONE },
	{ "latency", GROWING ",control,busy-control", bench_latency, 1, 1,
	  BENCH_ALONE },
	{ "hold", "hmap", bench_hold, 1, 1, BENCH_ALONE },
	{ "smp", "hmap,rhashtable,bpf-hash", bench_smp, 1, 2, BENCH_SHARED },
	{ "grow", "hmap,rhashtable,bpf-hash", bench_grow, 1, 1, BENCH_SHARED },
};

/* The keys of the size that is being measured, or of all. */
static struct bench_keys keys[MAX_SIZES + 1];

static int run_suite(const struct suite *suite, const unsigned long *size,
		     unsigned int sizes)
{
	const struct contestant *chosen[MAX_CONTESTANTS];
	unsigned int nr, i;
	int err = 0;

	nr = bench_choose(contestants ?: suite->contestants, key_size,
			  suite->threads, chosen, MAX_CONTESTANTS);
	if (!nr || !bench_runs)
		return -EINVAL;
	memset(keys, 0, sizeof(keys));
	for (i = 0; i < sizes && !err; i++)
		err = !size[i] ? -EINVAL :
		      bench_keys_make(&keys[i], key_size,
				      suite->keys_per_n * size[i],
				      suite->rounds, seed);
	err = err ?: suite->run(chosen, nr, keys);
	for (i = 0; i < sizes; i++)
		bench_keys_free(&keys[i]);
	return err;
}

static int run_sizes(const struct suite *suite)
{
	unsigned int i;
	int err = 0;

	if (suite->together)
		return run_suite(suite, n, nr_n);
	for (i = 0; i < nr_n && !err; i++)
		err = run_suite(suite, &n[i], 1);
	return err;
}

static int __init bench_init(void)
{
	unsigned int which;
	int err;

	for (which = 0; which < ARRAY_SIZE(suites); which++)
		if (!strcmp(suites[which].name, suite_name))
			break;
	if (which == ARRAY_SIZE(suites))
		return -EINVAL;
	err = bench_rhashtable_init();
	if (err)
		return err;
	err = run_sizes(&suites[which]);
	if (err)
		bench_rhashtable_exit();
	return err;
}
module_init(bench_init);

/* The last line: readers of the results see whether some got lost. */
static void __exit bench_exit(void)
{
	bench_rhashtable_exit();
	pr_info("results %u\n", bench_results);
}
module_exit(bench_exit);

MODULE_DESCRIPTION("hmap and its peers, measured");
MODULE_LICENSE("GPL");
