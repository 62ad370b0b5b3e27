// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line: options and operands in any order. A negative number is
 * an operand, not an option.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hmapctl.h"

/* struct command.options has the letters of the accepted options. */
enum {
	OPT_ABSENT = 'A',
	OPT_MAX_BYTES = 'B',
	OPT_KEY_SIZE = 'C',
	OPT_VALUE_SIZE = 'D',
	OPT_EXIST = 'E',
	OPT_FROM = 'F',
	OPT_HINT = 'H',
	OPT_KEEP_GOING = 'K',
	OPT_MAX_ENTRIES = 'M',
	OPT_NOEXIST = 'N',
	OPT_NOT = 'O',
	OPT_STRIPES = 'P',
	OPT_PREFIX = 'R',
	OPT_SEED = 'S',
	OPT_TIMEOUT = 'T',
	OPT_WATCH = 'W',
	OPT_ASCII = 'X',
	OPT_FAST = 'f',
	OPT_NO_SHRINK = 'n',
	OPT_MODE = 'o',
	OPT_MMAP = 'p',
	OPT_NODE = 'u',
};

/* In the mode that "-" selects, operands come as option 1. */
static const char short_options[] = "-d:hjk:m:v:V";

static const struct option long_options[] = {
	{ "device", required_argument, NULL, 'd' },
	{ "map", required_argument, NULL, 'm' },
	{ "key-format", required_argument, NULL, 'k' },
	{ "value-format", required_argument, NULL, 'v' },
	{ "json", no_argument, NULL, 'j' },
	{ "noexist", no_argument, NULL, OPT_NOEXIST },
	{ "exist", no_argument, NULL, OPT_EXIST },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "prefix", required_argument, NULL, OPT_PREFIX },
	{ "keep-going", no_argument, NULL, OPT_KEEP_GOING },
	{ "absent", no_argument, NULL, OPT_ABSENT },
	{ "not", required_argument, NULL, OPT_NOT },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "watch", no_argument, NULL, OPT_WATCH },
	{ "ascii", no_argument, NULL, OPT_ASCII },
	{ "key-size", required_argument, NULL, OPT_KEY_SIZE },
	{ "value-size", required_argument, NULL, OPT_VALUE_SIZE },
	{ "hint", required_argument, NULL, OPT_HINT },
	{ "max-entries", required_argument, NULL, OPT_MAX_ENTRIES },
	{ "max-bytes", required_argument, NULL, OPT_MAX_BYTES },
	{ "stripes", required_argument, NULL, OPT_STRIPES },
	{ "fast-hash", no_argument, NULL, OPT_FAST },
	{ "no-shrink", no_argument, NULL, OPT_NO_SHRINK },
	{ "mmap", no_argument, NULL, OPT_MMAP },
	{ "node", required_argument, NULL, OPT_NODE },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ }
};

/* One line of help for each option, in the order of long_options. */
static const struct {
	int letter;
	const char *text;
} help_lines[] = {
	{ 'd', "-d, --device PATH        the device [" HMAP_DEVICE "]" },
	{ 'm', "-m, --map NAME | PATH    a map in " HMAP_NODES ", or a path" },
	{ 'k', "-k, --key-format NAME    dec, int, str or hex" },
	{ 'v', "-v, --value-format NAME  [dec for 1, 2, 4 and 8 bytes, else str]" },
	{ 'j', "-j, --json               print JSON" },
	{ OPT_NOEXIST, "    --noexist            insert only" },
	{ OPT_EXIST, "    --exist              overwrite only" },
	{ OPT_FROM, "    --from FILE          delete the keys in the lines of FILE" },
	{ OPT_PREFIX, "    --prefix PREFIX      only keys that begin with PREFIX" },
	{ OPT_KEEP_GOING, "    --keep-going         continue after errors" },
	{ OPT_ABSENT, "    --absent             require keys to be absent" },
	{ OPT_NOT, "    --not VALUE          wait until the value differs" },
	{ OPT_TIMEOUT, "    --timeout SECONDS    fail after SECONDS; 0 checks once" },
	{ OPT_SEED, "    --seed NUMBER        use the same keys and values each time" },
	{ OPT_WATCH, "    --watch              draw the evacuation of old buckets" },
	{ OPT_ASCII, "    --ascii              draw with ASCII characters" },
	{ OPT_KEY_SIZE, "    --key-size BYTES     size of each key [8]" },
	{ OPT_VALUE_SIZE, "    --value-size BYTES   size of each value; 0 makes a set [8]" },
	{ OPT_HINT, "    --hint COUNT         elements to make room for immediately" },
	{ OPT_MAX_ENTRIES, "    --max-entries COUNT  maximum number of elements" },
	{ OPT_MAX_BYTES, "    --max-bytes BYTES    maximum memory" },
	{ OPT_STRIPES, "    --stripes COUNT      writers that can work at the same time [1]" },
	{ OPT_FAST, "    --fast-hash          fast keyed hash, not safe against hash flooding" },
	{ OPT_NO_SHRINK, "    --no-shrink          keep the size when elements are deleted" },
	{ OPT_MMAP, "    --mmap               allow lookups without system calls" },
	{ OPT_NODE, "    --node NUMBER        NUMA node to allocate memory from" },
	{ OPT_MODE, "    --mode OCTAL         permissions of the file [0600]" },
	{ 'h', "-h, --help               print this help" },
	{ 'V', "-V, --version            print the version" },
};

/* The state of the parser. */
struct parser {
	const struct command *commands;
	struct options *opt;
	char given[64];		/* letters of the options seen */
	bool help;
	bool version;
	bool error;
};

static const char *long_name(int letter)
{
	const struct option *o = long_options;

	while (o->val != letter)
		o++;
	return o->name;
}

static bool args_takes(const struct command *command, int letter)
{
	return letter == 'h' || letter == 'V' ||
	       strchr(command->options, letter);
}

static void print_options(const struct command *command)
{
	size_t i;

	puts("\nOptions:");
	for (i = 0; i < ARRAY_SIZE(help_lines); i++) {
		if (!command || args_takes(command, help_lines[i].letter))
			printf("  %s\n", help_lines[i].text);
	}
}

static void print_command_help(const struct command *command)
{
	printf("Usage: hmapctl %s [OPTIONS]%s%s\n\n%s.\n", command->name,
	       *command->operands ? " " : "", command->operands,
	       command->summary);
	print_options(command);
}

static void print_help(const struct command *commands)
{
	const struct command *c;
	char usage[64];

	puts("Usage: hmapctl COMMAND [OPTIONS] [OPERANDS]\n\n"
	     "Use hash maps of the hmap kernel module.\n\n"
	     "Commands:");
	for (c = commands; c->name; c++) {
		snprintf(usage, sizeof(usage), "%s %s", c->name, c->operands);
		printf("  %-26s %s\n", usage, c->summary);
	}
	print_options(NULL);
	puts("\nSee hmapctl COMMAND --help and hmapctl(1) for more.");
}

static void usage_error(struct parser *p, const char *what, const char *name)
{
	p_err("%s '%s'", what, name);
	p->error = true;
}

static enum format parse_format(struct parser *p, const char *name)
{
	enum format format = format_by_name(name);

	if (format == FORMAT_DEFAULT)
		usage_error(p, "invalid format (dec, int, str or hex):", name);
	return format;
}

int args_number(const char *text, __u64 *number)
{
	return format_parse(FORMAT_DEC, text, number, sizeof(*number)) ||
	       *text == '-' ? -1 : 0;
}

/* Parse digits with a point; no sign and no exponent. Returns 0 or -1. */
static int parse_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return *end || end == text || text[strspn(text, "0123456789.")] ?
	       -1 : 0;
}

static void take_map(struct parser *p, const char *name)
{
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		usage_error(p, "invalid map name:", name);
	p->opt->map = name;
}

static __u64 take_number(struct parser *p, const char *argument, __u64 max)
{
	__u64 number = 0;

	if (args_number(argument, &number) || number > max)
		usage_error(p, "invalid number:", argument);
	return number;
}

static __u32 take_mode(struct parser *p, const char *argument)
{
	unsigned long mode;
	char *end;

	mode = strtoul(argument, &end, 8);
	if (!isdigit((unsigned char)*argument) || *end || mode > 0777)
		usage_error(p, "invalid mode (0 to 0777):", argument);
	return mode;
}

/* Handle an attribute of create. Returns whether the option was one. */
static bool take_attribute(struct parser *p, int letter, const char *argument)
{
	struct hmap_ioc_create *create = &p->opt->create;

	switch (letter) {
	case OPT_KEY_SIZE:
		create->key_size = take_number(p, argument, UINT32_MAX);
		return true;
	case OPT_VALUE_SIZE:
		create->value_size = take_number(p, argument, UINT32_MAX);
		return true;
	case OPT_HINT:
		create->hint = take_number(p, argument, UINT64_MAX);
		return true;
	case OPT_MAX_ENTRIES:
		create->max_entries = take_number(p, argument, UINT64_MAX);
		return true;
	case OPT_MAX_BYTES:
		create->max_bytes = take_number(p, argument, UINT64_MAX);
		return true;
	case OPT_STRIPES:
		create->stripes = take_number(p, argument, UINT32_MAX);
		return true;
	case OPT_FAST:
		create->hash = HMAP_HASH_FAST;
		return true;
	case OPT_NO_SHRINK:
		create->flags |= HMAP_CREATE_NO_SHRINK;
		return true;
	case OPT_MMAP:
		create->flags |= HMAP_CREATE_MMAP;
		return true;
	case OPT_NODE:
		create->flags |= HMAP_CREATE_NUMA_NODE;
		create->node = take_number(p, argument, UINT32_MAX);
		return true;
	case OPT_MODE:
		create->mode = take_mode(p, argument);
		return true;
	default:
		return false;
	}
}

/* Handle an option without an argument. Returns whether it was one. */
static bool take_switch(struct parser *p, int letter)
{
	struct options *opt = p->opt;

	switch (letter) {
	case 'j':
		opt->json = true;
		return true;
	case OPT_NOEXIST:
		opt->put_flags |= HMAP_NOEXIST;
		return true;
	case OPT_EXIST:
		opt->put_flags |= HMAP_EXIST;
		return true;
	case OPT_KEEP_GOING:
		opt->keep_going = true;
		return true;
	case OPT_ABSENT:
		opt->absent = true;
		return true;
	case OPT_WATCH:
		opt->watch = true;
		return true;
	case OPT_ASCII:
		opt->ascii = true;
		return true;
	case 'h':
		p->help = true;
		return true;
	case 'V':
		p->version = true;
		return true;
	default:
		return false;
	}
}

/* Handle an option with an argument. */
static void take_argument(struct parser *p, int letter, const char *argument)
{
	struct options *opt = p->opt;

	switch (letter) {
	case 'm':
		take_map(p, argument);
		break;
	case 'd':
		opt->device = argument;
		opt->map = NULL;
		break;
	case 'k':
		opt->key_format = parse_format(p, argument);
		break;
	case 'v':
		opt->value_format = parse_format(p, argument);
		break;
	case OPT_FROM:
		opt->from = argument;
		break;
	case OPT_PREFIX:
		opt->prefix = argument;
		break;
	case OPT_NOT:
		opt->unlike = argument;
		break;
	case OPT_TIMEOUT:
		opt->limited = true;
		if (parse_seconds(argument, &opt->timeout))
			usage_error(p, "invalid number of seconds:", argument);
		break;
	case OPT_SEED:
		opt->seeded = true;
		if (args_number(argument, &opt->seed))
			usage_error(p, "invalid seed:", argument);
		break;
	default:	/* reported by getopt_long() */
		p->error = true;
	}
}

static void take_option(struct parser *p, int letter, const char *argument)
{
	size_t seen = strlen(p->given);

	if (seen + 1 < sizeof(p->given) && !strchr(p->given, letter))
		p->given[seen] = (char)letter;
	if (!take_attribute(p, letter, argument) && !take_switch(p, letter))
		take_argument(p, letter, argument);
}

static bool is_negative_number(const char *text)
{
	return text && text[0] == '-' && isdigit((unsigned char)text[1]);
}

static void read_arguments(struct parser *p, int argc, char **argv)
{
	struct options *opt = p->opt;
	int letter;

	optind = 0;
	while (optind <= argc) {
		if (optind && is_negative_number(argv[optind])) {
			opt->argv[opt->argc++] = argv[optind++];
			continue;
		}
		letter = getopt_long(argc, argv, short_options, long_options,
				     NULL);
		if (letter == -1)
			break;
		if (letter == 1)
			opt->argv[opt->argc++] = optarg;
		else
			take_option(p, letter, optarg);
	}
	while (optind < argc)
		opt->argv[opt->argc++] = argv[optind++];
}

static const struct command *find_command(struct parser *p)
{
	const struct command *c;

	if (!p->opt->argc) {
		p_err("no command given, see hmapctl --help");
		p->error = true;
		return NULL;
	}
	for (c = p->commands; c->name; c++) {
		if (!strcmp(c->name, p->opt->argv[0]))
			break;
	}
	if (!c->name) {
		usage_error(p, "unknown command, see hmapctl --help:",
			    p->opt->argv[0]);
		return NULL;
	}
	p->opt->argc--;
	p->opt->argv++;
	return c;
}

static void args_check(struct parser *p, const struct command *command)
{
	const struct options *opt = p->opt;
	const char *letter;

	for (letter = p->given; *letter; letter++) {
		if (*letter == '?' || args_takes(command, *letter))
			continue;
		p_err("%s does not take the option --%s", command->name,
		      long_name(*letter));
		p->error = true;
	}
	if (opt->put_flags == (HMAP_NOEXIST | HMAP_EXIST)) {
		p_err("--noexist and --exist cannot be combined");
		p->error = true;
	}
	if (opt->argc < command->min || opt->argc > command->max) {
		p_err("usage: hmapctl %s [OPTIONS]%s%s", command->name,
		      *command->operands ? " " : "", command->operands);
		p->error = true;
	}
}

const struct command *args_parse(const struct command *commands, int argc,
				 char **argv, struct options *opt, int *status)
{
	struct parser p = { .commands = commands, .opt = opt };
	const struct command *command = NULL;

	read_arguments(&p, argc, argv);
	*status = EXIT_SUCCESS;
	if (p.version && !p.error) {
		printf("hmapctl %s\n", hmap_version());
		return NULL;
	}
	if (!p.error && (opt->argc || !p.help))
		command = find_command(&p);
	if (p.help && !p.error) {
		if (command)
			print_command_help(command);
		else
			print_help(commands);
		return NULL;
	}
	if (command)
		args_check(&p, command);
	if (!p.error)
		return command;
	*status = EXIT_USAGE;
	return NULL;
}
