// SPDX-License-Identifier: GPL-2.0-only
/* hmapctl wait, watch: wait for changes. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hmapctl.h"

#define NSEC_PER_SEC	1000000000

/* The time @seconds from now, at most about 34 years. */
static struct timespec deadline_in(double seconds)
{
	struct timespec t;

	if (seconds > INT32_MAX / 2)
		seconds = INT32_MAX / 2;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)seconds;
	t.tv_nsec += (long)((seconds - (time_t)seconds) * NSEC_PER_SEC);
	t.tv_sec += t.tv_nsec / NSEC_PER_SEC;
	t.tv_nsec %= NSEC_PER_SEC;
	return t;
}

static unsigned int wait_flags(const struct options *opt)
{
	if (opt->absent)
		return HMAP_WAIT_ABSENT;
	return opt->unlike ? HMAP_WAIT_OTHER : HMAP_WAIT_PRESENT;
}

static int wait_for_key(struct session *s, const struct options *opt)
{
	struct timespec deadline = deadline_in(opt->timeout);
	const char *key = opt->argv[0];
	int err;

	if (session_parse_key(s, "", key) ||
	    (opt->unlike && session_parse_value(s, "", opt->unlike)))
		return EXIT_FAILURE;
	err = hmap_wait(s->map, s->key, s->key_size, s->value, s->value_size,
			wait_flags(opt), opt->limited ? &deadline : NULL);
	if (err) {
		p_err("wait '%s': %s", key, explain(err));
		return EXIT_FAILURE;
	}
	if (!opt->absent)
		session_print_value(s);
	return EXIT_SUCCESS;
}

static int cmd_wait(const struct options *opt)
{
	struct session s;
	int status;

	if (session_open(&s, opt, O_RDONLY))
		return EXIT_FAILURE;
	status = wait_for_key(&s, opt);
	session_close(&s);
	return status;
}

/* Take digits with a point; no sign and no exponent. */
static const char *wait_take_timeout(const struct opt_row *row,
				     struct options *opt, const char *argument)
{
	char *end;

	(void)row;
	opt->limited = true;
	opt->timeout = strtod(argument, &end);
	if (*end || end == argument ||
	    argument[strspn(argument, "0123456789.")])
		return "invalid number of seconds:";
	return NULL;
}

static const struct opt_row wait_options[] = {
	OPT_DEVICE, OPT_MAP, OPT_KEY_FORMAT, OPT_VALUE_FORMAT, OPT_ABSENT,
	OPT_STRING(0, "not", "VALUE", "wait until the value differs", unlike,
		   .excludes = "absent"),
	OPT_CALL(0, "timeout", "SECONDS", "fail after SECONDS; 0 checks once",
		 wait_take_timeout),
	{ }
};

const struct command command_wait = {
	.name = "wait", .operands = "KEY", .min = 1, .max = 1,
	.summary = "Wait for a key and print its value",
	.options = wait_options, .run = cmd_wait,
};

/* Print a line as dump does, or a comment. Returns false if that failed. */
static bool print_element(struct session *s, bool found)
{
	format_print(s->key_format, s->key, s->key_size, s->text);
	printf("%s%s", found ? "" : "# no ", s->text);
	if (found && s->value_size) {
		putchar('\t');
		session_print_value(s);
	} else {
		putchar('\n');
	}
	return !fflush(stdout);
}

static int watch_key(struct session *s)
{
	int err = hmap_get(s->map, s->key, s->key_size, s->value,
			   s->value_size);

	while ((!err || err == -ENOENT) && print_element(s, !err))
		err = hmap_wait(s->map, s->key, s->key_size, s->value,
				s->value_size,
				err ? HMAP_WAIT_PRESENT : HMAP_WAIT_OTHER,
				NULL);
	return err == -ENOENT ? 0 : err;
}

static bool print_count(long long count)
{
	printf("%lld\n", count);
	return !fflush(stdout);
}

static int watch_map(struct session *s)
{
	long long count;
	__u64 state = 0;
	int err;

	do {
		err = hmap_wait_change(s->map, &state, NULL);
		count = err ? err : hmap_count(s->map);
	} while (count >= 0 && print_count(count));
	return count < 0 ? (int)count : 0;
}

static int watch_run(struct session *s, const struct options *opt)
{
	int err;

	if (opt->argc && session_parse_key(s, "", opt->argv[0]))
		return EXIT_FAILURE;
	err = opt->argc ? watch_key(s) : watch_map(s);
	/* -EPERM: the map is frozen and will not change again. */
	if (!err || err == -EPERM)
		return EXIT_SUCCESS;
	p_err("watch: %s", explain(err));
	return EXIT_FAILURE;
}

static int cmd_watch(const struct options *opt)
{
	struct session s;
	int status;

	if (session_open(&s, opt, O_RDONLY))
		return EXIT_FAILURE;
	status = watch_run(&s, opt);
	session_close(&s);
	return status;
}

static const struct opt_row watch_options[] = {
	OPT_DEVICE, OPT_MAP, OPT_KEY_FORMAT, OPT_VALUE_FORMAT,
	{ }
};

const struct command command_watch = {
	.name = "watch", .operands = "[KEY]", .max = 1,
	.summary = "Print a line whenever the map or a key changes",
	.options = watch_options, .run = cmd_watch,
};
