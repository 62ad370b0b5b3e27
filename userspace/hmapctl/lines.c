// SPDX-License-Identifier: GPL-2.0-only
/* Files of lines "key value", as dump writes and load reads them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hmapctl.h"

static const char white[] = " \t\r\n\v\f";

int lines_open(struct lines *lines, const char *path)
{
	bool is_stdin = !strcmp(path, "-");

	memset(lines, 0, sizeof(*lines));
	lines->name = is_stdin ? "<stdin>" : path;
	lines->file = is_stdin ? stdin : fopen(path, "re");
	if (!lines->file) {
		p_err("cannot open %s: %s", path, strerror(errno));
		return -1;
	}
	return 0;
}

void lines_close(struct lines *lines)
{
	if (lines->file != stdin)
		fclose(lines->file);
	free(lines->text);
}

static enum line bad(const struct lines *lines, const char *why)
{
	p_err("%s%s", lines->where, why);
	return LINE_BAD;
}

static enum line split(struct lines *lines)
{
	char *rest;

	lines->key = strtok_r(lines->text, white, &rest);
	lines->value = strtok_r(NULL, white, &rest);
	if (strtok_r(NULL, white, &rest))
		return bad(lines, "more than a key and a value: write a space as \\x20");
	return LINE_OK;
}

static bool is_blank(const char *text)
{
	text += strspn(text, white);
	return !*text || *text == '#';
}

/* Read one line. LINE_OK: it is in lines->text and may be blank. */
static enum line read_line(struct lines *lines)
{
	ssize_t length;

	if (ferror(lines->file))
		return LINE_END;
	length = getline(&lines->text, &lines->room, lines->file);
	lines->number++;
	snprintf(lines->where, sizeof(lines->where), "%s:%lu: ", lines->name,
		 lines->number);
	if (length < 0)
		return ferror(lines->file) ? bad(lines, strerror(errno)) :
					     LINE_END;
	if (strlen(lines->text) != (size_t)length)
		return bad(lines, "a zero byte: write it as \\x00");
	return LINE_OK;
}

enum line lines_next(struct lines *lines)
{
	enum line line;

	do {
		line = read_line(lines);
		if (line != LINE_OK)
			return line;
	} while (is_blank(lines->text));
	return split(lines);
}
