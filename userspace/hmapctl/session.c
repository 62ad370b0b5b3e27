// SPDX-License-Identifier: GPL-2.0-only
/* An open map, with formats and buffers for one element. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hmapctl.h"

static int check_format(enum format format, size_t size, const char *what,
			char letter)
{
	if (format_suits(format, size))
		return 0;
	p_err("format %s is for 1, 2, 4 or 8 bytes, but the map's %ss have %zu: use -%c str or -%c hex",
	      format_name(format), what, size, letter, letter);
	return -1;
}

static int choose_formats(struct session *s, const struct options *opt)
{
	s->key_format = format_resolve(opt->key_format, s->key_size);
	s->value_format = format_resolve(opt->value_format, s->value_size);
	if (check_format(s->key_format, s->key_size, "key", 'k'))
		return -1;
	if (!s->value_size)
		return 0;
	return check_format(s->value_format, s->value_size, "value", 'v');
}

static int allocate_buffers(struct session *s)
{
	size_t larger = s->key_size;

	if (larger < s->value_size)
		larger = s->value_size;
	s->key = malloc(s->key_size);
	s->value = malloc(s->value_size + 1);
	s->text = malloc(format_room(larger));
	if (s->key && s->value && s->text)
		return 0;
	p_err("%s", strerror(ENOMEM));
	return -1;
}

struct hmap *open_map(const struct options *opt, int flags)
{
	struct hmap *map;

	if (opt->map) {
		map = hmap_open_named(opt->map, flags);
		if (!map)
			p_err_map(opt->map);
	} else {
		map = hmap_open(opt->device, flags);
		if (!map)
			p_err_open(opt->device);
	}
	return map;
}

int session_open(struct session *s, const struct options *opt, int flags)
{
	memset(s, 0, sizeof(*s));
	s->map = open_map(opt, flags);
	if (!s->map)
		return -1;
	s->key_size = hmap_key_size(s->map);
	s->value_size = hmap_value_size(s->map);
	if (choose_formats(s, opt) || allocate_buffers(s)) {
		session_close(s);
		return -1;
	}
	return 0;
}

void session_close(struct session *s)
{
	free(s->key);
	free(s->value);
	free(s->text);
	hmap_close(s->map);
}

/* Returns 0, or -1 after reporting @why @text is invalid. */
static int session_parsed(const char *why, const char *where, const char *what,
			  const char *text, enum format format, size_t size)
{
	if (!why)
		return 0;
	p_err("%s%s '%s': %s (format %s, %zu byte%s)", where, what, text,
	      why, format_name(format), size, size == 1 ? "" : "s");
	return -1;
}

int session_parse_key(struct session *s, const char *where, const char *text)
{
	return session_parsed(format_parse(s->key_format, text, s->key,
					   s->key_size),
			      where, "key", text, s->key_format, s->key_size);
}

int session_parse_prefix(struct session *s, const char *text, size_t *used)
{
	return session_parsed(format_parse_prefix(s->key_format, text, s->key,
						  s->key_size, used),
			      "", "prefix", text, s->key_format, s->key_size);
}

int session_parse_value(struct session *s, const char *where,
			const char *text)
{
	if (!s->value_size && text) {
		p_err("%svalue '%s': the map is a set and has no values",
		      where, text);
		return -1;
	}
	if (!s->value_size)
		return 0;
	if (!text) {
		p_err("%sno value: the map's values have %zu byte%s", where,
		      s->value_size, s->value_size == 1 ? "" : "s");
		return -1;
	}
	return session_parsed(format_parse(s->value_format, text, s->value,
					   s->value_size),
			      where, "value", text, s->value_format,
			      s->value_size);
}

void session_print_value(struct session *s)
{
	if (!s->value_size)
		return;
	format_print(s->value_format, s->value, s->value_size, s->text);
	puts(s->text);
}
