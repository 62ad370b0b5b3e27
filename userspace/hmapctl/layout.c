// SPDX-License-Identifier: GPL-2.0-only
/* hmapctl layout: draw how full buckets and chains are. */
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "hmapctl.h"

/* Characters of the longest bar. */
#define BAR_WIDTH 48

/* The figures to print, computed from the counts of the kernel. */
struct picture {
	const struct hmap_layout *layout;
	const struct hmap_stats *stats;
	__u64 used;		/* slots in use */
	__u64 chains;
	double fill;		/* slots in use per bucket */
	double load;		/* elements per chain */
	double bytes;		/* memory per element */
};

static double layout_ratio(__u64 a, __u64 b)
{
	return b ? (double)a / (double)b : 0;
}

static void layout_compute(struct picture *p, const struct hmap_layout *layout,
			   const struct hmap_stats *stats)
{
	unsigned int i;

	*p = (struct picture){ .layout = layout, .stats = stats };
	for (i = 0; i <= HMAP_BUCKET_SLOTS; i++)
		p->used += i * layout->slots[i];
	for (i = 0; i < HMAP_LAYOUT_CHAINS; i++)
		p->chains += layout->chains[i];
	p->fill = layout_ratio(p->used, layout->buckets);
	p->load = layout_ratio(p->used, p->chains);
	p->bytes = layout_ratio(stats->memory, stats->count);
}

/* Draw in eighths of a character, or with @ascii in whole characters. */
static void draw_bar(__u64 number, __u64 most, bool ascii)
{
	static const char * const eighths[] = {
		"", "▏", "▎", "▍", "▌", "▋", "▊", "▉",
	};
	unsigned int length = layout_ratio(number, most) * BAR_WIDTH * 8 + 0.5;

	if (number && !length)
		length = 1;
	if (ascii) {
		for (length = (length + 7) / 8; length; length--)
			putchar('#');
		return;
	}
	for (; length >= 8; length -= 8)
		fputs("█", stdout);
	fputs(eighths[length], stdout);
}

/* Draw one line for each of @count numbers. */
static void draw_histogram(const char *title, const __u64 *numbers,
			   unsigned int count, bool open_end, bool ascii)
{
	__u64 most = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (most < numbers[i])
			most = numbers[i];
	}
	printf("%s\n", title);
	for (i = 0; i < count; i++) {
		bool more = open_end && i == count - 1;

		printf("%4u%c %10llu ", i, more ? '+' : ' ',
		       numbers[i]);
		draw_bar(numbers[i], most, ascii);
		putchar('\n');
	}
	putchar('\n');
}

/* The number of chain lengths to draw: up to the longest that occurs. */
static unsigned int chain_lines(const struct hmap_layout *layout)
{
	unsigned int count = HMAP_LAYOUT_CHAINS;

	while (count > 1 && !layout->chains[count - 1])
		count--;
	return count;
}

/* The load factor at which the map grows. */
static double layout_grows_at(const struct hmap_stats *stats)
{
	return (double)stats->capacity / (1ULL << stats->B);
}

static void layout_draw(const struct picture *p, bool ascii)
{
	const struct hmap_layout *layout = p->layout;
	unsigned int lines = chain_lines(layout);

	printf("%llu elements in %llu buckets: ", p->used, layout->buckets);
	printf("%llu heads of chains and %llu overflow buckets\n\n",
	       p->chains, layout->buckets - p->chains);
	draw_histogram("buckets by slots in use", layout->slots,
		       HMAP_BUCKET_SLOTS + 1, false, ascii);
	draw_histogram("chains by overflow buckets", layout->chains, lines,
		       lines == HMAP_LAYOUT_CHAINS, ascii);
	printf("average fill     %.2f of %d slots of a bucket (%.1f %%)\n",
	       p->fill, HMAP_BUCKET_SLOTS, 100 * p->fill / HMAP_BUCKET_SLOTS);
	printf("load factor      %.2f elements of a chain; the map grows at %g\n",
	       p->load, layout_grows_at(p->stats));
	printf("memory           %llu bytes, %.1f of an element\n",
	       p->stats->memory, p->bytes);
}

static struct json_object *layout_list(const __u64 *numbers, unsigned int count)
{
	struct json_object *array = json_object_new_array();
	unsigned int i;

	for (i = 0; i < count; i++)
		json_object_array_add(array, json_object_new_uint64(numbers[i]));
	return array;
}

/* A figure with two decimals. */
static struct json_object *layout_figure(double number)
{
	char text[64];

	snprintf(text, sizeof(text), "%.2f", number);
	return json_object_new_double_s(number, text);
}

static struct json_object *layout_describe(const struct picture *p)
{
	const struct hmap_layout *layout = p->layout;
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	json_object_object_add(o, "elements", json_object_new_uint64(p->used));
	json_object_object_add(o, "buckets",
			       json_object_new_uint64(layout->buckets));
	json_object_object_add(o, "slots",
			       layout_list(layout->slots,
					   HMAP_BUCKET_SLOTS + 1));
	json_object_object_add(o, "chains",
			       layout_list(layout->chains, HMAP_LAYOUT_CHAINS));
	json_object_object_add(o, "average_fill", layout_figure(p->fill));
	json_object_object_add(o, "load_factor", layout_figure(p->load));
	json_object_object_add(o, "memory",
			       json_object_new_uint64(p->stats->memory));
	json_object_object_add(o, "memory_per_element",
			       layout_figure(p->bytes));
	return o;
}

static int cmd_layout(const struct options *opt)
{
	struct hmap_layout layout;
	struct hmap_stats stats;
	struct picture p;
	struct session s;
	int err;

	if (session_open(&s, opt, O_RDONLY))
		return EXIT_FAILURE;
	err = hmap_get_layout(s.map, &layout);
	if (!err)
		err = hmap_get_stats(s.map, &stats);
	session_close(&s);
	if (err) {
		p_err("layout: %s", explain(err));
		return EXIT_FAILURE;
	}
	layout_compute(&p, &layout, &stats);
	if (opt->json)
		return print_object(layout_describe(&p), true);
	layout_draw(&p, opt->ascii);
	return EXIT_SUCCESS;
}

static const struct opt_row layout_options[] = {
	OPT_DEVICE, OPT_MAP, OPT_JSON, OPT_ASCII,
	{ }
};

const struct command command_layout = {
	.name = "layout",
	.summary = "Draw how full buckets and chains are",
	.options = layout_options, .run = cmd_layout,
};
