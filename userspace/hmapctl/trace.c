// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmapctl trace: put random int64 keys and values into a map and print its
 * state after each put, in the format of a Go program that prints its runtime
 * map with %+v.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "hmapctl.h"

#define TRACE_DEFAULT_PUTS	10
#define TRACE_NUMBERS		10000	/* keys and values are below this */
#define TRACE_BAR_WIDTH		64	/* old buckets drawn one by one */

struct trace {
	const struct options *opt;
	struct hmap *map;
	unsigned int puts;
	unsigned short random[3];
	__s64 keys[TRACE_NUMBERS];
	struct hmap_stats stats;	/* after the last put */
	__u64 base;			/* .evacuated before this resize */
};

static void trace_print_address(FILE *file, const char *name,
				const struct hmap_stats *stats, __u32 bit,
				__u64 address)
{
	if (!(stats->present & bit))
		fprintf(file, " %s:<nil>", name);
	else if (!(stats->present & HMAP_HAS_ADDRESSES))
		fprintf(file, " %s:<hidden>", name);
	else
		fprintf(file, " %s:0x%llx", name, address);
}

void trace_print_state(FILE *file, const struct hmap_stats *stats)
{
	fprintf(file, "&{count:%llu flags:%u B:%u noverflow:%llu",
		stats->count, stats->flags, stats->B,
		stats->noverflow);
	if (stats->present & HMAP_HAS_ADDRESSES)
		fprintf(file, " hash0:%u", stats->hash0);
	else
		fputs(" hash0:<hidden>", file);
	trace_print_address(file, "buckets", stats, HMAP_HAS_BUCKETS,
			    stats->buckets);
	trace_print_address(file, "oldbuckets", stats, HMAP_HAS_OLDBUCKETS,
			    stats->oldbuckets);
	fprintf(file, " nevacuate:%llu", stats->nevacuate);
	trace_print_address(file, "extra", stats, HMAP_HAS_EXTRA, stats->extra);
	fprintf(file, "} len:%llu\n", stats->count);
}

/*
 * Draw the old buckets, one or more to a character. Those below nevacuate have
 * been evacuated. Puts also evacuate others out of order; their number is
 * known, their positions are not.
 */
static void trace_draw(const struct trace *t)
{
	const struct hmap_stats *stats = &t->stats;
	bool same_size = stats->flags & HMAP_FLAG_SAMESIZEGROW;
	__u64 old = 1ULL << (stats->B - !same_size);
	__u64 per = (old + TRACE_BAR_WIDTH - 1) / TRACE_BAR_WIDTH;
	__u64 done = stats->evacuated - t->base;
	__u64 i;

	printf("    oldbuckets [");
	for (i = 0; i < old / per; i++) {
		if ((i + 1) * per <= stats->nevacuate)
			fputs(t->opt->ascii ? "#" : "█", stdout);
		else
			fputs(t->opt->ascii ? "." : "░", stdout);
	}
	printf("] nevacuate %llu of %llu, %llu evacuated%s\n",
	       stats->nevacuate, old,
	       done, same_size ? ", same size" : "");
}

static __u64 trace_below(struct trace *t, unsigned int limit)
{
	return nrand48(t->random) % limit;
}

/* Shuffle t->puts distinct keys to the front. */
static void trace_choose_keys(struct trace *t)
{
	unsigned int i;

	for (i = 0; i < TRACE_NUMBERS; i++)
		t->keys[i] = i;
	for (i = 0; i < t->puts; i++) {
		unsigned int j = i + trace_below(t, TRACE_NUMBERS - i);
		__s64 key = t->keys[j];

		t->keys[j] = t->keys[i];
		t->keys[i] = key;
	}
}

static int trace_read_stats(struct trace *t)
{
	int err = hmap_get_stats(t->map, &t->stats);

	if (err) {
		p_err("trace: %s", explain(err));
		return -1;
	}
	if (!(t->stats.present & HMAP_HAS_OLDBUCKETS))
		t->base = t->stats.evacuated;
	return 0;
}

static int trace_put(struct trace *t, unsigned int i)
{
	__s64 value = trace_below(t, TRACE_NUMBERS);
	int err = hmap_put(t->map, &t->keys[i], sizeof(t->keys[i]), &value,
			   sizeof(value), HMAP_ANY);

	if (err) {
		p_err("trace: put '%lld': %s", (long long)t->keys[i],
		      explain(err));
		return -1;
	}
	if (trace_read_stats(t))
		return -1;
	printf("i:%u ", i);
	trace_print_state(stdout, &t->stats);
	if (t->opt->watch && t->stats.present & HMAP_HAS_OLDBUCKETS)
		trace_draw(t);
	return 0;
}

/* Go's map begins without buckets; one that has had elements does not. */
static int trace_check_new(struct trace *t)
{
	if (hmap_key_size(t->map) != 8 || hmap_value_size(t->map) != 8) {
		p_err("trace needs keys and values of 8 bytes, not of %zu and %zu: reload the module (rmmod hmap; modprobe hmap key_size=8 value_size=8)",
		      hmap_key_size(t->map), hmap_value_size(t->map));
		return -1;
	}
	if (trace_read_stats(t))
		return -1;
	if (t->stats.count || t->stats.present & HMAP_HAS_BUCKETS) {
		p_err("trace needs a new map, but this one has %s: reload the module without a hint (rmmod hmap; modprobe hmap)",
		      t->stats.count ? "elements" : "buckets");
		return -1;
	}
	return 0;
}

/* The Go program prints the empty map twice, through two pointers to it. */
static int trace_run(struct trace *t)
{
	unsigned int i;

	if (trace_check_new(t))
		return EXIT_FAILURE;
	trace_print_state(stdout, &t->stats);
	trace_print_state(stdout, &t->stats);
	trace_choose_keys(t);
	for (i = 0; i < t->puts; i++) {
		if (trace_put(t, i))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static int trace_read_puts(struct trace *t)
{
	__u16 puts = TRACE_DEFAULT_PUTS;
	const char *text = t->opt->argv[0];

	if (t->opt->argc && (args_number(text, &puts, sizeof(puts)) ||
			     puts > TRACE_NUMBERS)) {
		p_err("trace: invalid number (0 to %d): '%s'", TRACE_NUMBERS,
		      text);
		return -1;
	}
	t->puts = puts;
	return 0;
}

static void trace_seed(struct trace *t)
{
	__u64 number = t->opt->seed;

	if (!t->opt->seeded &&
	    getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = time(NULL);
	t->random[0] = (unsigned short)number;
	t->random[1] = (unsigned short)(number >> 16);
	t->random[2] = (unsigned short)(number >> 32);
}

static int cmd_trace(const struct options *opt)
{
	static struct trace t;
	int status;

	t.opt = opt;
	if (trace_read_puts(&t))
		return EXIT_USAGE;
	trace_seed(&t);
	t.map = open_map(opt, O_RDWR);
	if (!t.map)
		return EXIT_FAILURE;
	status = trace_run(&t);
	hmap_close(t.map);
	return status;
}

static const char *trace_take_seed(const struct opt_row *row,
				   struct options *opt, const char *argument)
{
	(void)row;
	opt->seeded = true;
	if (args_number(argument, &opt->seed, sizeof(opt->seed)))
		return "invalid seed:";
	return NULL;
}

static const struct opt_row trace_options[] = {
	OPT_DEVICE, OPT_MAP,
	OPT_CALL(0, "seed", "NUMBER", "use the same keys and values each time",
		 trace_take_seed),
	OPT_SWITCH(0, "watch", "draw the evacuation of old buckets", watch),
	OPT_ASCII,
	{ }
};

const struct command command_trace = {
	.name = "trace", .operands = "[N]", .max = 1,
	.summary = "Put N random elements and print the map's state",
	.options = trace_options, .run = cmd_trace,
};
