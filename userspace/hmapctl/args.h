/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line: tables of options and of commands, from which the parser,
 * the help and the completion work.
 */
#ifndef ARGS_H
#define ARGS_H

#include <hmap.h>
#include <stdbool.h>
#include <stddef.h>

#include "format.h"

/* The parsed command line. */
struct options {
	const char *device;
	const char *map;	/* name or path; NULL for @device */
	const char *from;
	const char *prefix;	/* of keys */
	enum format key_format;
	enum format value_format;
	__u32 put_flags;
	bool json;
	bool ascii;
	bool watch;
	bool keep_going;
	bool absent;
	bool limited;		/* by @timeout */
	double timeout;		/* seconds */
	const char *unlike;	/* a value */
	bool seeded;
	__u64 seed;
	struct hmap_ioc_create create;
	__u32 limits;		/* HMAP_SET_* bits of those given for @create */
	bool help;
	bool version;
	int argc;		/* operands, without the name of the command */
	char **argv;
};

/*
 * A row of a table of options, which ends with an empty row. An option that
 * several commands take has the same row in each of their tables.
 */
struct opt_row {
	const char *name;
	char letter;		/* or 0 */
	const char *argument;	/* for the help; NULL if it has none */
	const char *help;
	const char *excludes;	/* an option that it cannot be combined with */
	/* Store the argument. Returns NULL, or what is wrong with it. */
	const char *(*take)(const struct opt_row *row, struct options *opt,
			    const char *argument);
	size_t field;		/* offset in struct options */
	size_t size;		/* of the field, if it is a number */
	__u32 bits;		/* to set in the field */
};

struct command {
	const char *name;
	const char *operands;	/* for the usage line; NULL if it has none */
	int min;		/* number of operands */
	int max;
	const char *summary;
	const struct opt_row *options;
	int (*run)(const struct options *opt);
};

/* The field of struct options that an option is stored in. */
#define OPT_FIELD(_member) .field = offsetof(struct options, _member)

/* An option that @_take stores. */
#define OPT_CALL(_letter, _name, _argument, _help, _take, ...) { \
	.name = _name, .letter = _letter, .argument = _argument, \
	.help = _help, .take = _take, __VA_ARGS__ \
}

#define OPT_SWITCH(_letter, _name, _help, _member) \
	OPT_CALL(_letter, _name, NULL, _help, opt_take_switch, \
		 OPT_FIELD(_member))

#define OPT_BITS(_letter, _name, _help, _member, _bits, ...) \
	OPT_CALL(_letter, _name, NULL, _help, opt_take_bits, \
		 OPT_FIELD(_member), .bits = _bits, __VA_ARGS__)

#define OPT_STRING(_letter, _name, _argument, _help, _member, ...) \
	OPT_CALL(_letter, _name, _argument, _help, opt_take_string, \
		 OPT_FIELD(_member), __VA_ARGS__)

/* A number without a sign. */
#define OPT_NUMBER(_letter, _name, _argument, _help, _member, _type) \
	OPT_CALL(_letter, _name, _argument, _help, opt_take_number, \
		 OPT_FIELD(_member), .size = sizeof(_type))

#define OPT_FORMAT(_letter, _name, _help, _member) \
	OPT_CALL(_letter, _name, "FORMAT", _help, opt_take_format, \
		 OPT_FIELD(_member))

/* Options of several commands. */
#define OPT_DEVICE \
	OPT_CALL('d', "device", "PATH", "the device [" HMAP_DEVICE "]", \
		 opt_take_device)
#define OPT_MAP \
	OPT_CALL('m', "map", "NAME | PATH", \
		 "a map in " HMAP_NODES ", or a path", opt_take_map)
#define OPT_KEY_FORMAT \
	OPT_FORMAT('k', "key-format", "dec, int, str or hex", key_format)
#define OPT_VALUE_FORMAT \
	OPT_FORMAT('v', "value-format", \
		   "[dec for 1, 2, 4 and 8 bytes, else str]", value_format)
#define OPT_JSON \
	OPT_SWITCH('j', "json", "print JSON", json)
#define OPT_NOEXIST \
	OPT_BITS(0, "noexist", "insert only", put_flags, HMAP_NOEXIST)
#define OPT_EXIST \
	OPT_BITS(0, "exist", "overwrite only", put_flags, HMAP_EXIST, \
		 .excludes = "noexist")
#define OPT_MAX_ENTRIES \
	OPT_CALL(0, "max-entries", "COUNT", "maximum number of elements", \
		 opt_take_limit, OPT_FIELD(create.max_entries), \
		 .size = sizeof(__u64), .bits = HMAP_SET_MAX_ENTRIES)
#define OPT_MAX_BYTES \
	OPT_CALL(0, "max-bytes", "BYTES", "maximum memory", \
		 opt_take_limit, OPT_FIELD(create.max_bytes), \
		 .size = sizeof(__u64), .bits = HMAP_SET_MAX_BYTES)
#define OPT_ABSENT \
	OPT_SWITCH(0, "absent", "require keys to be absent", absent)
#define OPT_ASCII \
	OPT_SWITCH(0, "ascii", "draw with ASCII characters", ascii)

const char *opt_take_switch(const struct opt_row *row, struct options *opt,
			    const char *argument);
const char *opt_take_bits(const struct opt_row *row, struct options *opt,
			  const char *argument);
const char *opt_take_string(const struct opt_row *row, struct options *opt,
			    const char *argument);
const char *opt_take_number(const struct opt_row *row, struct options *opt,
			    const char *argument);
const char *opt_take_limit(const struct opt_row *row, struct options *opt,
			   const char *argument);
const char *opt_take_format(const struct opt_row *row, struct options *opt,
			    const char *argument);
const char *opt_take_device(const struct opt_row *row, struct options *opt,
			    const char *argument);
const char *opt_take_map(const struct opt_row *row, struct options *opt,
			 const char *argument);

/*
 * Parse the command line. Returns the command to run, or NULL with the exit
 * status in *@status after --help, --version or a reported error. The last of
 * @commands is NULL.
 */
const struct command *args_parse(const struct command * const *commands,
				 int argc, char **argv, struct options *opt,
				 int *status);

/* Parse a decimal number of @size bytes, without a sign. Returns 0 or -1. */
int args_number(const char *text, void *number, size_t size);

/* Print how to use @command, as an error. Returns EXIT_USAGE. */
int args_usage(const struct command *command);

#endif /* ARGS_H */
