// SPDX-License-Identifier: GPL-2.0-only
/* The text formats of keys and values. */
#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

#define OUT_OF_RANGE "out of range"

static const char * const format_names[] = {
	[FORMAT_DEFAULT] = "default",
	[FORMAT_DEC] = "dec",
	[FORMAT_INT] = "int",
	[FORMAT_STR] = "str",
	[FORMAT_HEX] = "hex",
};

const char *format_name(enum format format)
{
	return format_names[format];
}

enum format format_by_name(const char *name)
{
	enum format format;

	for (format = FORMAT_DEC; format <= FORMAT_HEX; format++) {
		if (!strcmp(name, format_names[format]))
			return format;
	}
	return FORMAT_DEFAULT;
}

static bool is_number_size(size_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

enum format format_resolve(enum format format, size_t size)
{
	if (format != FORMAT_DEFAULT)
		return format;
	return is_number_size(size) ? FORMAT_DEC : FORMAT_STR;
}

int format_suits(enum format format, size_t size)
{
	return (format != FORMAT_DEC && format != FORMAT_INT) ||
	       is_number_size(size);
}

/* The offset of the @size least significant bytes in 8 bytes. */
static size_t low_bytes(size_t size)
{
	const unsigned short one = 1;
	bool little_endian = *(const char *)&one;

	return little_endian ? 0 : 8 - size;
}

__u64 format_load_number(const void *data, size_t size)
{
	__u64 number = 0;

	memcpy((char *)&number + low_bytes(size), data, size);
	return number;
}

void format_store_number(__u64 number, void *data, size_t size)
{
	memcpy(data, (char *)&number + low_bytes(size), size);
}

static __s64 load_signed(const void *data, size_t size)
{
	unsigned int shift = 64 - 8 * size;

	return (__s64)(format_load_number(data, size) << shift) >> shift;
}

/* The largest number of @bits bits, 1 to 64. */
static __u64 max_number(unsigned int bits)
{
	return ~0ULL >> (64 - bits);
}

/* strtoull() that accepts digits only: no space, no sign, no prefix. */
static const char *parse_digits(const char *text, int base, __u64 *number)
{
	const char *digits = base == 16 ? "0123456789abcdefABCDEF" :
					  "0123456789";

	if (!*text || text[strspn(text, digits)])
		return base == 16 ? "not a hexadecimal number" :
				    "not a decimal number";
	errno = 0;
	*number = strtoull(text, NULL, base);
	return errno ? OUT_OF_RANGE : NULL;
}

static const char *parse_dec(enum format format, const char *text, void *data,
			     size_t size)
{
	unsigned int bits = 8 * size;
	bool negative = *text == '-';
	const char *why;
	__u64 number;
	__u64 max;

	why = parse_digits(text + (negative || *text == '+'), 10, &number);
	if (why)
		return why;
	if (negative)
		max = max_number(bits - 1) + 1;
	else
		max = max_number(format == FORMAT_INT ? bits - 1 : bits);
	if (number > max)
		return OUT_OF_RANGE;
	format_store_number(negative ? -number : number, data, size);
	return NULL;
}

/* Parse two hexadecimal digits. Returns -1 if there are none. */
static int parse_byte(const char *text)
{
	char digits[3] = "";

	if (!isxdigit((unsigned char)text[0]) ||
	    !isxdigit((unsigned char)text[1]))
		return -1;
	memcpy(digits, text, 2);
	return (int)strtoul(digits, NULL, 16);
}

/* Parse up to @size bytes; their number is stored in *@used. */
static const char *parse_text(const char *text, unsigned char *data, size_t size,
			      size_t *used)
{
	*used = 0;
	while (*text) {
		int byte = (unsigned char)*text++;

		if (byte == '\\') {
			byte = *text == 'x' ? parse_byte(text + 1) : -1;
			if (byte < 0)
				return "a backslash must begin \\xNN with two hexadecimal digits";
			text += 3;
		}
		if (*used == size)
			return "too long";
		data[(*used)++] = byte;
	}
	return NULL;
}

/* The same for pairs of hexadecimal digits. */
static const char *parse_pairs(const char *text, unsigned char *data,
			       size_t size, size_t *used)
{
	for (*used = 0; *text; text += 2) {
		int byte = parse_byte(text);

		if (byte < 0)
			return "not two hexadecimal digits for each byte";
		if (*used == size)
			return "too long";
		data[(*used)++] = byte;
	}
	return NULL;
}

static const char *parse_str(const char *text, unsigned char *data, size_t size)
{
	size_t used;

	memset(data, 0, size);
	return parse_text(text, data, size, &used);
}

static const char *parse_hex_number(const char *digits, void *data, size_t size)
{
	const char *why;
	__u64 number;

	if (size > 8)
		return "0x is for up to 8 bytes, use two digits for each byte";
	why = parse_digits(digits, 16, &number);
	if (why)
		return why;
	if (size && number > max_number(8 * size))
		return OUT_OF_RANGE;
	format_store_number(number, data, size);
	return NULL;
}

static const char *parse_hex(const char *text, unsigned char *data, size_t size)
{
	size_t used;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return parse_hex_number(text + 2, data, size);
	if (parse_pairs(text, data, size, &used) || used < size)
		return "neither 0x and a number nor two hexadecimal digits for each byte";
	return NULL;
}

const char *format_parse(enum format format, const char *text, void *data,
			 size_t size)
{
	switch (format_resolve(format, size)) {
	case FORMAT_DEC:
	case FORMAT_INT:
		if (!is_number_size(size))
			return "a number must have 1, 2, 4 or 8 bytes";
		return parse_dec(format, text, data, size);
	case FORMAT_HEX:
		return parse_hex(text, data, size);
	default:
		return parse_str(text, data, size);
	}
}

const char *format_parse_prefix(enum format format, const char *text,
				void *data, size_t size, size_t *used)
{
	switch (format_resolve(format, size)) {
	case FORMAT_DEC:
	case FORMAT_INT:
		return "numbers have no prefix, use str or hex";
	case FORMAT_HEX:
		return parse_pairs(text, data, size, used);
	default:
		return parse_text(text, data, size, used);
	}
}

size_t format_room(size_t size)
{
	/* \xNN for each byte, or the 20 digits of a number */
	return 4 * size + 24;
}

/* Whether a byte can be written to a line of a key and a value unescaped. */
static bool is_plain(unsigned char byte, bool first)
{
	return byte > ' ' && byte < 0x7f && byte != '\\' &&
	       !(first && byte == '#');
}

static void print_str(const unsigned char *data, size_t size, char *text)
{
	size_t i;

	while (size > 1 && !data[size - 1])
		size--;
	for (i = 0; i < size; i++) {
		if (is_plain(data[i], i == 0))
			*text++ = (char)data[i];
		else
			text += sprintf(text, "\\x%02x", data[i]);
	}
	*text = '\0';
}

static void print_hex(const unsigned char *data, size_t size, char *text)
{
	size_t i;

	if (is_number_size(size)) {
		sprintf(text, "0x%0*llx", (int)(2 * size),
			format_load_number(data, size));
		return;
	}
	for (i = 0; i < size; i++)
		text += sprintf(text, "%02x", data[i]);
	*text = '\0';
}

void format_print(enum format format, const void *data, size_t size,
		  char *text)
{
	switch (format_resolve(format, size)) {
	case FORMAT_DEC:
		sprintf(text, "%llu", format_load_number(data, size));
		break;
	case FORMAT_INT:
		sprintf(text, "%lld", load_signed(data, size));
		break;
	case FORMAT_HEX:
		print_hex(data, size, text);
		break;
	default:
		print_str(data, size, text);
	}
}

struct json_object *format_json(enum format format, const void *data,
				size_t size)
{
	struct json_object *object;
	char *text;

	switch (format_resolve(format, size)) {
	case FORMAT_DEC:
		return json_object_new_uint64(format_load_number(data, size));
	case FORMAT_INT:
		return json_object_new_int64(load_signed(data, size));
	default:
		text = malloc(format_room(size));
		if (!text)
			return NULL;
		format_print(format, data, size, text);
		object = json_object_new_string(text);
		free(text);
		return object;
	}
}
