/* SPDX-License-Identifier: GPL-2.0-only */
/* How keys and values, which are bytes to the map, look as text. */
#ifndef FORMAT_H
#define FORMAT_H

#include <linux/types.h>
#include <stddef.h>

enum format {
	FORMAT_DEFAULT,		/* dec for 1, 2, 4 and 8 bytes, else str */
	FORMAT_DEC,		/* a number; printed without a sign */
	FORMAT_INT,		/* a number; printed with its sign */
	FORMAT_STR,		/* text, zero bytes behind it; \xNN is a byte */
	FORMAT_HEX,		/* 0x and a number, or two digits per byte */
};

struct json_object;

/* The name of a format, as the options -k and -v take it. */
const char *format_name(enum format format);

/* FORMAT_DEFAULT if there is no such name. */
enum format format_by_name(const char *name);

/* What FORMAT_DEFAULT means for @size; any other format is returned as it is. */
enum format format_resolve(enum format format, size_t size);

/* Can @size bytes be written in this format? */
int format_suits(enum format format, size_t size);

/*
 * Turn @text into @size bytes at @data. Returns NULL, or a few words that say
 * what is wrong with it. @data may then hold anything.
 */
const char *format_parse(enum format format, const char *text, void *data,
			 size_t size);

/*
 * Turn @text, in FORMAT_STR or as pairs of digits in FORMAT_HEX, into the first
 * bytes of what has @size of them; *@used gets how many. Returns as format_parse().
 */
const char *format_parse_prefix(enum format format, const char *text,
				void *data, size_t size, size_t *used);

/* The number that 1, 2, 4 or 8 bytes are, and back: the low bytes of it. */
__u64 format_load_number(const void *data, size_t size);
void format_store_number(__u64 number, void *data, size_t size);

/* The room that format_print() needs for @size bytes at most. */
size_t format_room(size_t size);

/*
 * Turn @size bytes into @text. It contains no white space, is never empty
 * unless @size is 0, does not begin with #, and format_parse() makes the same
 * bytes of it.
 */
void format_print(enum format format, const void *data, size_t size,
		  char *text);

/* The same as a JSON number or string; the caller owns it. */
struct json_object *format_json(enum format format, const void *data,
				size_t size);

#endif /* FORMAT_H */
