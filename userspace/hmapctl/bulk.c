// SPDX-License-Identifier: GPL-2.0-only
/* hmapctl dump, load, compare, del --from: many elements. */
#include <fcntl.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "hmapctl.h"

/* The number of differences that compare prints; others are only counted. */
#define SHOWN_DIFFERENCES 20

/* Bytes of keys and values that one scan requests; at least one element. */
#define BATCH_BYTES 65536

/* The state of a command that handles each line of a file. */
struct bulk {
	const struct options *opt;
	struct session s;
	struct lines lines;
	unsigned char *found;		/* the value in the map */
	unsigned long done;
	unsigned long missing;
	unsigned long differ;
	unsigned long failed;
};

/*
 * Call @each for each line, with the key in b->s.key. @each returns 0, or -1
 * after reporting an error. Errors are counted.
 */
static void do_lines(struct bulk *b, int (*each)(struct bulk *b),
		     bool keep_going)
{
	enum line line;

	while ((line = lines_next(&b->lines)) != LINE_END) {
		if (line == LINE_OK &&
		    !session_parse_key(&b->s, b->lines.where, b->lines.key) &&
		    !each(b))
			continue;
		b->failed++;
		if (!keep_going)
			break;
	}
}

static int bulk_open(struct bulk *b, const struct options *opt,
		     const char *path, int flags)
{
	memset(b, 0, sizeof(*b));
	b->opt = opt;
	if (session_open(&b->s, opt, flags))
		return -1;
	if (lines_open(&b->lines, path, b->s.key_size + b->s.value_size)) {
		session_close(&b->s);
		return -1;
	}
	return 0;
}

static void bulk_close(struct bulk *b)
{
	session_close(&b->s);
	lines_close(&b->lines);
	free(b->found);
}

static const char *path_operand(const struct options *opt)
{
	return opt->argc ? opt->argv[0] : "-";
}

/* Report an error of the map; the text of the key is still in the line. */
static int line_error(const struct bulk *b, int err)
{
	p_err("%skey '%s': %s", b->lines.where, b->lines.key, explain(err));
	return -1;
}

static int load_line(struct bulk *b)
{
	int err;

	if (session_parse_value(&b->s, b->lines.where, b->lines.value))
		return -1;
	err = hmap_put(b->s.map, b->s.key, b->s.key_size, b->s.value,
		       b->s.value_size, b->opt->put_flags);
	if (err)
		return line_error(b, err);
	b->done++;
	return 0;
}

static int cmd_load(const struct options *opt)
{
	struct bulk b;

	if (bulk_open(&b, opt, path_operand(opt), O_WRONLY))
		return EXIT_FAILURE;
	do_lines(&b, load_line, opt->keep_going);
	printf("loaded %lu, failed %lu\n", b.done, b.failed);
	bulk_close(&b);
	return b.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const struct opt_row load_options[] = {
	OPT_DEVICE, OPT_MAP, OPT_KEY_FORMAT, OPT_VALUE_FORMAT,
	OPT_NOEXIST, OPT_EXIST,
	OPT_SWITCH(0, "keep-going", "continue after errors", keep_going),
	{ }
};

const struct command command_load = {
	.name = "load", .operands = "[FILE | -]", .max = 1,
	.summary = "Put the elements in the lines of a file",
	.options = load_options, .run = cmd_load,
};

static int delete_line(struct bulk *b)
{
	int err = hmap_delete(b->s.map, b->s.key, b->s.key_size);

	if (err == -ENOENT) {
		b->missing++;
		return 0;
	}
	if (err)
		return line_error(b, err);
	b->done++;
	return 0;
}

int del_lines(const struct options *opt)
{
	struct bulk b;

	if (bulk_open(&b, opt, opt->from, O_WRONLY))
		return EXIT_FAILURE;
	do_lines(&b, delete_line, true);
	printf("deleted %lu, missing %lu, failed %lu\n", b.done, b.missing,
	       b.failed);
	bulk_close(&b);
	return b.failed || b.missing ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Print how the map and the line differ, up to SHOWN_DIFFERENCES times. */
static void show_difference(struct bulk *b, const char *how, const char *found)
{
	unsigned long shown = b->missing + b->differ;

	if (shown < SHOWN_DIFFERENCES)
		p_err("%skey '%s' %s%s", b->lines.where, b->lines.key, how,
		      found);
	else if (shown == SHOWN_DIFFERENCES)
		p_err("further differences are not shown");
}

static int compare_line(struct bulk *b)
{
	struct session *s = &b->s;
	int err;

	if (session_parse_value(s, b->lines.where, b->lines.value))
		return -1;
	err = hmap_get(s->map, s->key, s->key_size, b->found, s->value_size);
	if (err && err != -ENOENT)
		return line_error(b, err);
	b->done++;
	if (err) {
		show_difference(b, "is missing", "");
		b->missing++;
	} else if (memcmp(b->found, s->value, s->value_size)) {
		format_print(s->value_format, b->found, s->value_size, s->text);
		show_difference(b, "has the value ", s->text);
		b->differ++;
	}
	return 0;
}

/* Values in the lines are ignored. */
static int compare_absent_line(struct bulk *b)
{
	int present = hmap_contains(b->s.map, b->s.key, b->s.key_size);

	if (present < 0)
		return line_error(b, present);
	b->done++;
	if (present) {
		show_difference(b, "is present", "");
		b->differ++;
	}
	return 0;
}

static void print_compared(const struct bulk *b)
{
	if (b->opt->absent)
		printf("compared %lu: %lu absent, %lu present, failed %lu\n",
		       b->done, b->done - b->differ, b->differ, b->failed);
	else
		printf("compared %lu: %lu equal, %lu differ, %lu missing, failed %lu\n",
		       b->done, b->done - b->differ - b->missing, b->differ,
		       b->missing, b->failed);
}

static int cmd_compare(const struct options *opt)
{
	bool bad = true;
	struct bulk b;

	if (bulk_open(&b, opt, path_operand(opt), O_RDONLY))
		return EXIT_FAILURE;
	b.found = calloc(1, b.s.value_size + 1);
	if (b.found) {
		do_lines(&b, opt->absent ? compare_absent_line :
			 compare_line, true);
		print_compared(&b);
		bad = b.differ || b.missing || b.failed;
	} else {
		p_err("%s", strerror(ENOMEM));
	}
	bulk_close(&b);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const struct opt_row compare_options[] = {
	OPT_DEVICE, OPT_MAP, OPT_KEY_FORMAT, OPT_VALUE_FORMAT, OPT_ABSENT,
	{ }
};

const struct command command_compare = {
	.name = "compare", .operands = "[FILE | -]", .max = 1,
	.summary = "Compare the map with the lines of a file",
	.options = compare_options, .run = cmd_compare,
};

static void dump_text(struct session *s, const void *key, const void *value)
{
	format_print(s->key_format, key, s->key_size, s->text);
	fputs(s->text, stdout);
	if (s->value_size) {
		format_print(s->value_format, value, s->value_size, s->text);
		printf("\t%s", s->text);
	}
	putchar('\n');
}

/* Print elements one by one, so that memory is bounded for any map. */
static void dump_json(struct session *s, const void *key, const void *value,
		      bool first)
{
	struct json_object *element = json_object_new_object();

	json_object_object_add(element, "key",
			       format_json(s->key_format, key, s->key_size));
	if (s->value_size)
		json_object_object_add(element, "value",
				       format_json(s->value_format, value,
						   s->value_size));
	printf("%s%s", first ? "" : ",\n",
	       json_object_to_json_string(element));
	json_object_put(element);
}

/* The prefix is in s->key. */
static int dump_batches(struct session *s, size_t prefix_size, bool json,
			unsigned char *keys, unsigned char *values,
			unsigned int capacity)
{
	struct hmap_cursor cursor = { 0 };
	bool first = true;
	int count;
	int i;

	do {
		count = hmap_select(s->map, &cursor, keys, s->key_size, values,
				    s->value_size, capacity, 0, s->key,
				    prefix_size);
		for (i = 0; i < count; i++) {
			const void *key = keys + i * s->key_size;
			const void *value = values + i * s->value_size;

			if (json)
				dump_json(s, key, value, first);
			else
				dump_text(s, key, value);
			first = false;
		}
	} while (count > 0 && !ferror(stdout));
	return count < 0 ? count : 0;
}

static int bulk_dump(struct session *s, size_t prefix_size, bool json)
{
	unsigned int capacity = BATCH_BYTES / (s->key_size + s->value_size);
	unsigned char *keys;
	unsigned char *values;
	int err = -ENOMEM;

	if (!capacity)
		capacity = 1;
	keys = calloc(capacity, s->key_size);
	values = calloc(capacity, s->value_size + 1);
	if (json)
		puts("[");
	if (keys && values)
		err = dump_batches(s, prefix_size, json, keys, values, capacity);
	if (json)
		puts("\n]");
	free(keys);
	free(values);
	return err;
}

static int cmd_dump(const struct options *opt)
{
	size_t prefix_size = 0;
	struct session s;
	int err;

	if (session_open(&s, opt, O_RDONLY))
		return EXIT_FAILURE;
	if (opt->prefix && session_parse_prefix(&s, opt->prefix, &prefix_size)) {
		session_close(&s);
		return EXIT_FAILURE;
	}
	err = bulk_dump(&s, prefix_size, opt->json);
	session_close(&s);
	if (!err)
		return EXIT_SUCCESS;
	p_err("dump: %s", explain(err));
	return EXIT_FAILURE;
}

static const struct opt_row dump_options[] = {
	OPT_DEVICE, OPT_MAP, OPT_KEY_FORMAT, OPT_VALUE_FORMAT, OPT_JSON,
	OPT_STRING(0, "prefix", "PREFIX",
		   "only keys that begin with PREFIX", prefix),
	{ }
};

const struct command command_dump = {
	.name = "dump",
	.summary = "Print all elements, one to a line",
	.options = dump_options, .run = cmd_dump,
};
