/* SPDX-License-Identifier: GPL-2.0-only */
/* The text formats of keys and values. */
#ifndef FORMAT_H
#define FORMAT_H

#include <linux/types.h>
#include <stddef.h>

enum format {
	FORMAT_DEFAULT,		/* dec for 1, 2, 4 and 8 bytes, else str */
	FORMAT_DEC,		/* a number; printed without a sign */
	FORMAT_INT,		/* a number; printed with its sign */
	FORMAT_STR,		/* text, zero-padded; \xNN is a byte */
	FORMAT_HEX,		/* 0x and a number, or two digits per byte */
};

struct json_object;

/* The name of a format, for the options -k and -v. */
const char *format_name(enum format format);

/* The format of a name; FORMAT_DEFAULT if there is none. */
enum format format_by_name(const char *name);

/* The format, with FORMAT_DEFAULT replaced by the default for @size. */
enum format format_resolve(enum format format, size_t size);

/* Whether @size bytes can be written in this format. */
int format_suits(enum format format, size_t size);

/*
 * Convert @text to @size bytes at @data. Returns NULL, or a message that says
 * why @text is invalid; the contents of @data are then undefined.
 */
const char *format_parse(enum format format, const char *text, void *data,
			 size_t size);

/*
 * Convert @text, in FORMAT_STR or as pairs of digits in FORMAT_HEX, to the
 * first bytes of a key of @size bytes. *@used is their number. Returns as
 * format_parse().
 */
const char *format_parse_prefix(enum format format, const char *text,
				void *data, size_t size, size_t *used);

/* Load and store numbers of 1, 2, 4 or 8 bytes. */
__u64 format_load_number(const void *data, size_t size);
void format_store_number(__u64 number, void *data, size_t size);

/* The buffer size that format_print() needs for @size bytes. */
size_t format_room(size_t size);

/*
 * Convert @size bytes to @text. The text contains no white space, is not empty
 * unless @size is 0, and does not begin with #. format_parse() converts it back
 * to the same bytes.
 */
void format_print(enum format format, const void *data, size_t size,
		  char *text);

/* The same as a JSON number or string; the caller owns it. */
struct json_object *format_json(enum format format, const void *data,
				size_t size);

#endif /* FORMAT_H */
