// SPDX-License-Identifier: GPL-2.0-only
/* hmapctl get, put, add, pop, del: single elements. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "hmapctl.h"

static int element_report(int err, const char *doing, const char *key)
{
	if (!err)
		return EXIT_SUCCESS;
	p_err("%s '%s': %s", doing, key, explain(err));
	return EXIT_FAILURE;
}

static int element_get(struct session *s, const char *key)
{
	int err;

	if (session_parse_key(s, "", key))
		return EXIT_FAILURE;
	err = hmap_get(s->map, s->key, s->key_size, s->value, s->value_size);
	if (!err)
		session_print_value(s);
	return element_report(err, "get", key);
}

static int cmd_get(const struct options *opt)
{
	struct session s;
	int status;

	if (session_open(&s, opt, O_RDONLY))
		return EXIT_FAILURE;
	status = element_get(&s, opt->argv[0]);
	session_close(&s);
	return status;
}

static const struct opt_row element_options[] = {
	OPT_DEVICE, OPT_MAP, OPT_KEY_FORMAT, OPT_VALUE_FORMAT,
	{ }
};

const struct command command_get = {
	.name = "get", .operands = "KEY", .min = 1, .max = 1,
	.summary = "Print the value of a key",
	.options = element_options, .run = cmd_get,
};

static int element_put(struct session *s, const struct options *opt)
{
	const char *key = opt->argv[0];
	const char *value = opt->argc > 1 ? opt->argv[1] : NULL;
	int err;

	if (session_parse_key(s, "", key) ||
	    session_parse_value(s, "", value))
		return EXIT_FAILURE;
	err = hmap_put(s->map, s->key, s->key_size, s->value, s->value_size,
		       opt->put_flags);
	return element_report(err, "put", key);
}

static int cmd_put(const struct options *opt)
{
	struct session s;
	int status;

	if (session_open(&s, opt, O_WRONLY))
		return EXIT_FAILURE;
	status = element_put(&s, opt);
	session_close(&s);
	return status;
}

static const struct opt_row put_options[] = {
	OPT_DEVICE, OPT_MAP, OPT_KEY_FORMAT, OPT_VALUE_FORMAT,
	OPT_NOEXIST, OPT_EXIST,
	{ }
};

const struct command command_put = {
	.name = "put", .operands = "KEY [VALUE]", .min = 1, .max = 2,
	.summary = "Insert or overwrite an element",
	.options = put_options, .run = cmd_put,
};

/* The default operand of add. */
static const char *element_one(const struct session *s)
{
	return s->value_format == FORMAT_HEX ? "0x1" : "1";
}

static int element_add(struct session *s, const struct options *opt)
{
	const char *operand = opt->argc > 1 ? opt->argv[1] : element_one(s);
	const char *key = opt->argv[0];
	__u64 number;
	int err;

	if (!format_suits(FORMAT_DEC, s->value_size)) {
		p_err("add: the values are not numbers of 1, 2, 4 or 8 bytes");
		return EXIT_FAILURE;
	}
	/* Neither text nor pairs of hexadecimal digits are numbers. */
	if (s->value_format != FORMAT_INT && s->value_format != FORMAT_HEX)
		s->value_format = FORMAT_DEC;
	if (session_parse_key(s, "", key) ||
	    session_parse_value(s, "", operand))
		return EXIT_FAILURE;
	number = format_load_number(s->value, s->value_size);
	err = hmap_add(s->map, s->key, s->key_size, 0, s->value_size, number,
		       &number);
	if (err < 0)
		return element_report(err, "add", key);
	format_store_number(number, s->value, s->value_size);
	session_print_value(s);
	return EXIT_SUCCESS;
}

static int cmd_add(const struct options *opt)
{
	struct session s;
	int status;

	if (session_open(&s, opt, O_RDWR))
		return EXIT_FAILURE;
	status = element_add(&s, opt);
	session_close(&s);
	return status;
}

const struct command command_add = {
	.name = "add", .operands = "KEY [NUMBER]", .min = 1, .max = 2,
	.summary = "Add to the number in a value and print the sum",
	.options = element_options, .run = cmd_add,
};

static int element_pop(struct session *s, const char *key)
{
	int err;

	if (session_parse_key(s, "", key))
		return EXIT_FAILURE;
	err = hmap_pop(s->map, s->key, s->key_size, s->value, s->value_size);
	if (!err)
		session_print_value(s);
	return element_report(err, "pop", key);
}

static int cmd_pop(const struct options *opt)
{
	struct session s;
	int status;

	if (session_open(&s, opt, O_RDWR))
		return EXIT_FAILURE;
	status = element_pop(&s, opt->argv[0]);
	session_close(&s);
	return status;
}

const struct command command_pop = {
	.name = "pop", .operands = "KEY", .min = 1, .max = 1,
	.summary = "Print the value of a key and delete it",
	.options = element_options, .run = cmd_pop,
};

static int element_delete(struct session *s, const struct options *opt)
{
	int status = EXIT_SUCCESS;
	int i, err;

	for (i = 0; i < opt->argc; i++) {
		const char *key = opt->argv[i];

		if (session_parse_key(s, "", key)) {
			status = EXIT_FAILURE;
			continue;
		}
		err = hmap_delete(s->map, s->key, s->key_size);
		if (element_report(err, "del", key))
			status = EXIT_FAILURE;
	}
	return status;
}

static int cmd_del(const struct options *opt)
{
	struct session s;
	int status;

	if (!opt->argc == !opt->from)
		return args_usage(&command_del);
	if (opt->from)
		return del_lines(opt);
	if (session_open(&s, opt, O_WRONLY))
		return EXIT_FAILURE;
	status = element_delete(&s, opt);
	session_close(&s);
	return status;
}

static const struct opt_row del_options[] = {
	OPT_DEVICE, OPT_MAP, OPT_KEY_FORMAT,
	OPT_STRING(0, "from", "FILE", "delete the keys in the lines of FILE",
		   from),
	{ }
};

const struct command command_del = {
	.name = "del", .operands = "KEY... | --from FILE", .max = INT_MAX,
	.summary = "Delete keys",
	.options = del_options, .run = cmd_del,
};
