/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of hmapctl share. */
#ifndef HMAPCTL_H
#define HMAPCTL_H

#include <hmap.h>
#include <stdbool.h>
#include <stdio.h>

#include "args.h"
#include "format.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define __printf(a, b) __attribute((__format__(printf, a, b)))

/* Exit statuses besides EXIT_SUCCESS and EXIT_FAILURE. */
#define EXIT_USAGE 2

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

/* bulk.c */

/* Delete the keys in the lines of the file of --from. */
int del_lines(const struct options *opt);

/* The commands, each beside its function and its options. */
extern const struct command command_get;	/* element.c */
extern const struct command command_put;
extern const struct command command_add;
extern const struct command command_pop;
extern const struct command command_del;
extern const struct command command_dump;	/* bulk.c */
extern const struct command command_load;
extern const struct command command_compare;
extern const struct command command_stats;	/* stats.c */
extern const struct command command_info;
extern const struct command command_layout;	/* layout.c */
extern const struct command command_wait;	/* wait.c */
extern const struct command command_watch;
extern const struct command command_clear;	/* whole.c */
extern const struct command command_count;
extern const struct command command_reserve;
extern const struct command command_set;
extern const struct command command_shrink;
extern const struct command command_verify;
extern const struct command command_trace;	/* trace.c */
extern const struct command command_create;	/* maps.c */
extern const struct command command_destroy;
extern const struct command command_list;
extern const struct command command_freeze;

#endif /* HMAPCTL_H */
