// SPDX-License-Identifier: GPL-2.0-only
/* Files with lines of a key and a value, as dump writes and load reads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hmapctl.h"

static const char white[] = " \t\r\n\v\f";

/* A byte has at most four characters; the rest is for space and comments. */
#define TEXT_OF(bytes)	(4 * (bytes) + 4096)

int lines_open(struct lines *lines, const char *path, size_t elem_size)
{
	bool is_stdin = !strcmp(path, "-");

	memset(lines, 0, sizeof(*lines));
	lines->room = TEXT_OF(elem_size);
	lines->text = malloc(lines->room);
	if (!lines->text) {
		p_err("%s", strerror(ENOMEM));
		return -1;
	}
	lines->name = is_stdin ? "<stdin>" : path;
	lines->file = is_stdin ? stdin : fopen(path, "re");
	if (!lines->file) {
		p_err("cannot open %s: %s", path, strerror(errno));
		free(lines->text);
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

static enum line lines_bad(const struct lines *lines, const char *why)
{
	p_err("%s%s", lines->where, why);
	return LINE_BAD;
}

static enum line lines_split(struct lines *lines)
{
	char *rest;

	lines->key = strtok_r(lines->text, white, &rest);
	lines->value = strtok_r(NULL, white, &rest);
	if (strtok_r(NULL, white, &rest))
		return lines_bad(lines,
				 "more than a key and a value: write a space as \\x20");
	return LINE_OK;
}

static bool lines_is_blank(const char *text)
{
	text += strspn(text, white);
	return !*text || *text == '#';
}

/*
 * Read one line. LINE_OK: the line is in lines->text and may be blank. An error
 * is reported after the whole line has been read.
 */
static enum line lines_read(struct lines *lines)
{
	const char *why = NULL;
	size_t n = 0;
	int c;

	if (lines->ended)
		return LINE_END;
	lines->number++;
	snprintf(lines->where, sizeof(lines->where), "%s:%lu: ", lines->name,
		 lines->number);
	while ((c = getc(lines->file)) != EOF && c != '\n') {
		if (!c)
			why = "a zero byte: write it as \\x00";
		else if (n == lines->room - 1)
			why = "longer than an element can be";
		else
			lines->text[n++] = c;
	}
	lines->text[n] = 0;
	lines->ended = c == EOF;
	if (ferror(lines->file))
		return lines_bad(lines, strerror(errno));
	if (why)
		return lines_bad(lines, why);
	return n || c == '\n' ? LINE_OK : LINE_END;
}

enum line lines_next(struct lines *lines)
{
	enum line line;

	do {
		line = lines_read(lines);
		if (line != LINE_OK)
			return line;
	} while (lines_is_blank(lines->text));
	return lines_split(lines);
}
