// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line: options and operands in any order. A negative number is
 * an operand, not an option. An option may stand before the command, so the
 * parser knows the options of all commands.
 */
#include <assert.h>
#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "hmapctl.h"

/* The number of different options. */
#define MAX_OPTIONS	64

/* getopt_long() returns a letter, or this and the index of the option. */
#define LONG_OPTION	256

/* In the mode that this selects, operands come as option 1. */
#define IN_ORDER	"-"

/* Every command takes these. */
static const struct opt_row common_options[] = {
	OPT_SWITCH('h', "help", "print this help", help),
	OPT_SWITCH('V', "version", "print the version", version),
	{ }
};

/* The state of the parser. */
struct parser {
	const struct command * const *commands;
	struct options *opt;
	const struct opt_row *known[MAX_OPTIONS];
	bool given[MAX_OPTIONS];
	int n_known;
	bool error;
};

static const struct opt_row *find_option(const struct opt_row *rows,
					 const char *name)
{
	for (; rows->name; rows++) {
		if (!strcmp(rows->name, name))
			return rows;
	}
	return NULL;
}

static void learn_options(struct parser *p, const struct opt_row *rows)
{
	int i;

	for (; rows->name; rows++) {
		for (i = 0; i < p->n_known; i++) {
			if (!strcmp(p->known[i]->name, rows->name))
				break;
		}
		if (i < p->n_known)
			continue;
		assert(i < MAX_OPTIONS);
		p->known[p->n_known++] = rows;
	}
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void print_option(const struct opt_row *row)
{
	char usage[64];

	snprintf(usage, sizeof(usage), "--%s %s", row->name,
		 or_empty(row->argument));
	if (row->letter)
		printf("  -%c, %-22s %s\n", row->letter, usage, row->help);
	else
		printf("      %-22s %s\n", usage, row->help);
}

/* The end of the usage line. */
static void format_usage(const struct command *command, char *usage,
			 size_t size)
{
	snprintf(usage, size, "hmapctl %s [OPTIONS]%s%s", command->name,
		 command->operands ? " " : "", or_empty(command->operands));
}

int args_usage(const struct command *command)
{
	char usage[128];

	format_usage(command, usage, sizeof(usage));
	p_err("usage: %s", usage);
	return EXIT_USAGE;
}

static void print_command_help(const struct command *command)
{
	const struct opt_row *row;
	char usage[128];

	format_usage(command, usage, sizeof(usage));
	printf("Usage: %s\n\n%s.\n\nOptions:\n", usage, command->summary);
	for (row = command->options; row->name; row++)
		print_option(row);
	for (row = common_options; row->name; row++)
		print_option(row);
}

static void print_help(const struct parser *p)
{
	const struct command * const *c;
	char usage[64];
	int i;

	puts("Usage: hmapctl COMMAND [OPTIONS] [OPERANDS]\n\n"
	     "Use hash maps of the hmap kernel module.\n\n"
	     "Commands:");
	for (c = p->commands; *c; c++) {
		snprintf(usage, sizeof(usage), "%s %s", (*c)->name,
			 or_empty((*c)->operands));
		printf("  %-26s %s\n", usage, (*c)->summary);
	}
	puts("\nOptions:");
	for (i = 0; i < p->n_known; i++)
		print_option(p->known[i]);
	puts("\nSee hmapctl COMMAND --help and hmapctl(1) for more.");
}

static void usage_error(struct parser *p, const char *what, const char *name)
{
	p_err("%s '%s'", what, name);
	p->error = true;
}

int args_number(const char *text, void *number, size_t size)
{
	return *text == '-' || format_parse(FORMAT_DEC, text, number, size) ?
	       -1 : 0;
}

static void *option_field(const struct opt_row *row, struct options *opt)
{
	return (char *)opt + row->field;
}

const char *opt_take_switch(const struct opt_row *row, struct options *opt,
			    const char *argument)
{
	(void)argument;
	*(bool *)option_field(row, opt) = true;
	return NULL;
}

const char *opt_take_bits(const struct opt_row *row, struct options *opt,
			  const char *argument)
{
	(void)argument;
	*(__u32 *)option_field(row, opt) |= row->bits;
	return NULL;
}

const char *opt_take_string(const struct opt_row *row, struct options *opt,
			    const char *argument)
{
	*(const char **)option_field(row, opt) = argument;
	return NULL;
}

const char *opt_take_number(const struct opt_row *row, struct options *opt,
			    const char *argument)
{
	if (args_number(argument, option_field(row, opt), row->size))
		return "invalid number:";
	return NULL;
}

/* 0 is a limit as well: whether there was one has to be known. */
const char *opt_take_limit(const struct opt_row *row, struct options *opt,
			   const char *argument)
{
	opt->limits |= row->bits;
	return opt_take_number(row, opt, argument);
}

const char *opt_take_format(const struct opt_row *row, struct options *opt,
			    const char *argument)
{
	enum format format = format_by_name(argument);

	*(enum format *)option_field(row, opt) = format;
	if (format == FORMAT_DEFAULT)
		return "invalid format (dec, int, str or hex):";
	return NULL;
}

/* Of a device and a map, the last one counts. */
const char *opt_take_device(const struct opt_row *row, struct options *opt,
			    const char *argument)
{
	(void)row;
	opt->device = argument;
	opt->map = NULL;
	return NULL;
}

const char *opt_take_map(const struct opt_row *row, struct options *opt,
			 const char *argument)
{
	(void)row;
	opt->map = argument;
	if (!*argument || !strcmp(argument, ".") || !strcmp(argument, ".."))
		return "invalid map name:";
	return NULL;
}

/* @code is what getopt_long() returned. */
static void take_option(struct parser *p, int code, const char *argument)
{
	const char *why;
	int i;

	for (i = 0; i < p->n_known; i++) {
		if (code == LONG_OPTION + i || code == p->known[i]->letter)
			break;
	}
	if (i == p->n_known) {	/* reported by getopt_long() */
		p->error = true;
		return;
	}
	p->given[i] = true;
	why = p->known[i]->take(p->known[i], p->opt, argument);
	if (why)
		usage_error(p, why, argument);
}

static bool is_negative_number(const char *text)
{
	return text && text[0] == '-' && isdigit((unsigned char)text[1]);
}

static void read_arguments(struct parser *p, int argc, char **argv,
			   const char *letters, const struct option *names)
{
	struct options *opt = p->opt;
	int code;

	optind = 0;
	while (optind <= argc) {
		if (optind && is_negative_number(argv[optind])) {
			opt->argv[opt->argc++] = argv[optind++];
			continue;
		}
		code = getopt_long(argc, argv, letters, names, NULL);
		if (code == -1)
			break;
		if (code == 1)
			opt->argv[opt->argc++] = optarg;
		else
			take_option(p, code, optarg);
	}
	while (optind < argc)
		opt->argv[opt->argc++] = argv[optind++];
}

/* Make what getopt_long() needs from the tables. */
static void parse_arguments(struct parser *p, int argc, char **argv)
{
	struct option names[MAX_OPTIONS + 1] = { };
	char letters[sizeof(IN_ORDER) + 2 * MAX_OPTIONS] = IN_ORDER;
	char *end = letters + strlen(letters);
	int i;

	for (i = 0; i < p->n_known; i++) {
		const struct opt_row *row = p->known[i];

		names[i].name = row->name;
		names[i].has_arg = row->argument ? required_argument :
						   no_argument;
		names[i].val = LONG_OPTION + i;
		if (row->letter)
			*end++ = row->letter;
		if (row->letter && row->argument)
			*end++ = ':';
	}
	read_arguments(p, argc, argv, letters, names);
}

static const struct command *find_command(struct parser *p)
{
	const struct command * const *c;

	if (!p->opt->argc) {
		p_err("no command given, see hmapctl --help");
		p->error = true;
		return NULL;
	}
	for (c = p->commands; *c; c++) {
		if (!strcmp((*c)->name, p->opt->argv[0]))
			break;
	}
	if (!*c) {
		usage_error(p, "unknown command, see hmapctl --help:",
			    p->opt->argv[0]);
		return NULL;
	}
	p->opt->argc--;
	p->opt->argv++;
	return *c;
}

static bool is_given(const struct parser *p, const char *name)
{
	int i;

	for (i = 0; i < p->n_known; i++) {
		if (p->given[i] && !strcmp(p->known[i]->name, name))
			return true;
	}
	return false;
}

static void check_option(struct parser *p, const struct command *command,
			 const struct opt_row *row)
{
	if (!find_option(command->options, row->name) &&
	    !find_option(common_options, row->name)) {
		p_err("%s does not take the option --%s", command->name,
		      row->name);
		p->error = true;
	}
	if (row->excludes && is_given(p, row->excludes)) {
		p_err("--%s and --%s cannot be combined", row->excludes,
		      row->name);
		p->error = true;
	}
}

static void args_check(struct parser *p, const struct command *command)
{
	int argc = p->opt->argc;
	int i;

	for (i = 0; i < p->n_known; i++) {
		if (p->given[i])
			check_option(p, command, p->known[i]);
	}
	if (argc < command->min || argc > command->max) {
		args_usage(command);
		p->error = true;
	}
}

const struct command *args_parse(const struct command * const *commands,
				 int argc, char **argv, struct options *opt,
				 int *status)
{
	struct parser p = { .commands = commands, .opt = opt };
	const struct command *command = NULL;
	const struct command * const *c;

	for (c = commands; *c; c++)
		learn_options(&p, (*c)->options);
	learn_options(&p, common_options);
	parse_arguments(&p, argc, argv);
	*status = EXIT_SUCCESS;
	if (opt->version && !p.error) {
		printf("hmapctl %s\n", hmap_version());
		return NULL;
	}
	if (!p.error && (opt->argc || !opt->help))
		command = find_command(&p);
	if (opt->help && !p.error) {
		if (command)
			print_command_help(command);
		else
			print_help(&p);
		return NULL;
	}
	if (command)
		args_check(&p, command);
	if (!p.error)
		return command;
	*status = EXIT_USAGE;
	return NULL;
}
