/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of hmapctl share. */
#ifndef HMAPCTL_H
#define HMAPCTL_H

#include <hmap.h>
#include <stdbool.h>
#include <stdio.h>

#include "format.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define __printf(a, b) __attribute((__format__(printf, a, b)))

/* Exit statuses besides EXIT_SUCCESS and EXIT_FAILURE. */
#define EXIT_USAGE 2

/* The parsed command line. */
struct options {
	const char *device;
	const char *map;	/* name or path; NULL for @device */
	const char *from;
	const char *prefix;	/* of keys */
	enum format key_format;
	enum format value_format;
	unsigned int put_flags;
	bool json;
	bool ascii;
	bool watch;
	bool keep_going;
	bool absent;
	bool limited;		/* by @timeout */
	double timeout;		/* seconds */
	const char *unlike;	/* a value */
	bool seeded;
	__u64 seed;
	struct hmap_ioc_create create;
	int argc;		/* operands, without the name of the command */
	char **argv;
};

struct command {
	const char *name;
	int (*run)(const struct options *opt);
	const char *operands;	/* for the usage line */
	const char *summary;
	const char *options;	/* letters of the accepted options */
	int min;		/* number of operands */
	int max;
};

/* args.c */

/*
 * Parse the command line. Returns the command to run, or NULL with the exit
 * status in *@status after --help, --version or a reported error.
 */
const struct command *args_parse(const struct command *commands, int argc,
				 char **argv, struct options *opt, int *status);

/* Parse a decimal number without a sign. Returns 0 or -1. */
int args_number(const char *text, __u64 *number);

/* message.c */

/* Print an error on stderr, after the name of the program. */
__printf(1, 2) void p_err(const char *format, ...);

/* The message for a negative errno value of the library. */
const char *explain(int err);

/* Print why @device could not be opened, from errno. */
void p_err_open(const char *device);

/* The same for a map that was opened by its name or path. */
void p_err_map(const char *name);

/* The message if no file system of maps is mounted on HMAP_NODES. */
const char *explain_unmounted(void);

/* session.c: an open map, with formats and buffers for one element */

struct session {
	struct hmap *map;
	size_t key_size;
	size_t value_size;
	enum format key_format;
	enum format value_format;
	unsigned char *key;
	unsigned char *value;
	char *text;		/* room for a key or a value as text */
};

/* Open the map that the options name. Returns NULL after reporting an error. */
struct hmap *open_map(const struct options *opt, int flags);

/* Returns 0, or -1 after reporting an error. */
int session_open(struct session *s, const struct options *opt, int flags);
void session_close(struct session *s);

/* Fill s->key or s->value. @where, which may be "", begins error messages. */
int session_parse_key(struct session *s, const char *where, const char *text);
int session_parse_value(struct session *s, const char *where,
			const char *text);

/* Fill the first *@used bytes of s->key with the prefix @text. */
int session_parse_prefix(struct session *s, const char *text, size_t *used);

/* Print s->value as a line if the map has values. */
void session_print_value(struct session *s);

/* lines.c: files of "key value" lines */

struct lines {
	FILE *file;
	const char *name;
	unsigned long number;
	bool ended;		/* by the end of the file or an error */
	char *text;
	size_t room;
	char *key;		/* fields of the current line */
	char *value;		/* NULL if the line has only a key */
	char where[4096 + 32];	/* "file:line: " */
};

enum line { LINE_END, LINE_OK, LINE_BAD };

/* "-" is stdin. Returns 0, or -1 after reporting an error. */
int lines_open(struct lines *lines, const char *path, size_t elem_size);
void lines_close(struct lines *lines);

/* Read the next line that is not blank or a comment. Reports a bad line. */
enum line lines_next(struct lines *lines);

/* output.c: JSON, or the same as text */

struct json_object;

/*
 * Print an object as JSON, or as lines of names and values, and put it. Returns
 * the exit status.
 */
int print_object(struct json_object *object, bool json);

/* The same for an array of strings, as text one to a line. */
int print_strings(struct json_object *array, bool json);

/* trace.c */

/* Print the state in the format of Go's %+v. */
void trace_print_state(FILE *file, const struct hmap_stats *stats);

/* The commands. */
int cmd_get(const struct options *opt);		/* element.c */
int cmd_put(const struct options *opt);
int cmd_add(const struct options *opt);
int cmd_pop(const struct options *opt);
int cmd_del(const struct options *opt);
int cmd_dump(const struct options *opt);	/* bulk.c */
int cmd_load(const struct options *opt);
int cmd_compare(const struct options *opt);
int del_lines(const struct options *opt);
int cmd_stats(const struct options *opt);	/* stats.c */
int cmd_info(const struct options *opt);
int cmd_layout(const struct options *opt);	/* layout.c */
int cmd_wait(const struct options *opt);	/* wait.c */
int cmd_watch(const struct options *opt);
int cmd_clear(const struct options *opt);	/* whole.c */
int cmd_count(const struct options *opt);
int cmd_reserve(const struct options *opt);
int cmd_shrink(const struct options *opt);
int cmd_verify(const struct options *opt);
int cmd_trace(const struct options *opt);	/* trace.c */
int cmd_create(const struct options *opt);	/* maps.c */
int cmd_destroy(const struct options *opt);
int cmd_list(const struct options *opt);
int cmd_freeze(const struct options *opt);

#endif /* HMAPCTL_H */
