// SPDX-License-Identifier: GPL-2.0-only
/* hmapctl clear, count, reserve, set, shrink, verify: the whole map. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "hmapctl.h"

static int whole_report(int err, const char *doing)
{
	if (!err)
		return EXIT_SUCCESS;
	p_err("%s: %s", doing, explain(err));
	return EXIT_FAILURE;
}

static int cmd_clear(const struct options *opt)
{
	struct session s;
	int err;

	if (session_open(&s, opt, O_WRONLY))
		return EXIT_FAILURE;
	err = hmap_clear(s.map);
	session_close(&s);
	return whole_report(err, "clear");
}

static const struct opt_row whole_options[] = {
	OPT_DEVICE, OPT_MAP,
	{ }
};

const struct command command_clear = {
	.name = "clear",
	.summary = "Delete all elements",
	.options = whole_options, .run = cmd_clear,
};

static int cmd_count(const struct options *opt)
{
	struct session s;
	long long count;

	if (session_open(&s, opt, O_RDONLY))
		return EXIT_FAILURE;
	count = hmap_count(s.map);
	session_close(&s);
	if (count >= 0)
		printf("%lld\n", count);
	return whole_report(count < 0 ? count : 0, "count");
}

const struct command command_count = {
	.name = "count",
	.summary = "Print the number of elements",
	.options = whole_options, .run = cmd_count,
};

static int cmd_reserve(const struct options *opt)
{
	struct session s;
	__u64 count;
	int err;

	if (args_number(opt->argv[0], &count, sizeof(count))) {
		p_err("invalid number of elements: '%s'", opt->argv[0]);
		return EXIT_USAGE;
	}
	if (session_open(&s, opt, O_WRONLY))
		return EXIT_FAILURE;
	err = hmap_reserve(s.map, count);
	session_close(&s);
	if (err != -EINVAL)
		return whole_report(err, "reserve");
	p_err("reserve: the map cannot hold that many elements");
	return EXIT_FAILURE;
}

const struct command command_reserve = {
	.name = "reserve", .operands = "COUNT", .min = 1, .max = 1,
	.summary = "Make room for a number of elements",
	.options = whole_options, .run = cmd_reserve,
};

static int cmd_shrink(const struct options *opt)
{
	struct session s;
	int err;

	if (session_open(&s, opt, O_WRONLY))
		return EXIT_FAILURE;
	err = hmap_shrink(s.map);
	session_close(&s);
	return whole_report(err, "shrink");
}

const struct command command_shrink = {
	.name = "shrink",
	.summary = "Free memory that the elements do not need",
	.options = whole_options, .run = cmd_shrink,
};

/* Set the limits that were given, of which there is at least one. */
static int set_limits(struct hmap *map, const struct options *opt)
{
	int err = 0;

	if (opt->limits & HMAP_SET_MAX_ENTRIES)
		err = hmap_set_max_entries(map, opt->create.max_entries);
	if (!err && opt->limits & HMAP_SET_MAX_BYTES)
		err = hmap_set_max_bytes(map, opt->create.max_bytes);
	return err;
}

static int cmd_set(const struct options *opt)
{
	struct session s;
	int err;

	if (!opt->limits) {
		p_err("set: --max-entries or --max-bytes is required");
		return EXIT_USAGE;
	}
	if (session_open(&s, opt, O_WRONLY))
		return EXIT_FAILURE;
	err = set_limits(s.map, opt);
	session_close(&s);
	if (err != -EPERM)
		return whole_report(err, "set");
	p_err("set: only the owner may change the limits of a map");
	return EXIT_FAILURE;
}

static const struct opt_row set_options[] = {
	OPT_DEVICE, OPT_MAP, OPT_MAX_ENTRIES, OPT_MAX_BYTES,
	{ }
};

const struct command command_set = {
	.name = "set",
	.summary = "Change the limits of a map",
	.options = set_options, .run = cmd_set,
};

static const char *explain_verify(int err)
{
	switch (err) {
	case -EUCLEAN:
		return "the map is inconsistent; see the kernel log (dmesg)";
	case -EPERM:
		return "CAP_SYS_ADMIN is needed";
	default:
		return explain(err);
	}
}

static int cmd_verify(const struct options *opt)
{
	struct session s;
	int err;

	if (session_open(&s, opt, O_RDONLY))
		return EXIT_FAILURE;
	err = hmap_verify(s.map);
	session_close(&s);
	if (!err) {
		puts("the map is sound");
		return EXIT_SUCCESS;
	}
	p_err("verify: %s", explain_verify(err));
	return EXIT_FAILURE;
}

const struct command command_verify = {
	.name = "verify",
	.summary = "Make the kernel check the whole map",
	.options = whole_options, .run = cmd_verify,
};
