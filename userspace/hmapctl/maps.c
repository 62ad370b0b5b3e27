// SPDX-License-Identifier: GPL-2.0-only
/* hmapctl create, destroy, list, freeze: maps and their names. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hmapctl.h"

static int maps_report(const char *what, const char *name, const char *why)
{
	p_err("%s %s: %s", what, name, why);
	return EXIT_FAILURE;
}

static const char *explain_create(int err)
{
	switch (err) {
	case EEXIST:
		return "a map of this name exists already";
	case EINVAL:
		return "the kernel refuses an attribute or the name";
	case ENODEV:
		return explain_unmounted();
	case ENOSPC:
		return "the file system of maps is full, or the hint exceeds a limit of memory";
	default:
		return strerror(err);
	}
}

/* Open the directory of a path as create->dir. Returns 0, or -1 with errno. */
static int maps_open_directory(const char *path, const char *slash,
			       struct hmap_ioc_create *create)
{
	char directory[PATH_MAX];
	size_t length = slash > path ? slash - path : 1;

	if (length >= sizeof(directory)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(directory, path, length);
	directory[length] = '\0';
	create->flags |= HMAP_CREATE_DIR;
	create->dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return create->dir < 0 ? -1 : 0;
}

/* --mode is the final mode: clear the umask. */
static int cmd_create(const struct options *opt)
{
	struct hmap_ioc_create create = opt->create;
	const char *path = opt->argv[0], *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct hmap *map;

	if (!*name || strlen(name) >= sizeof(create.name))
		return maps_report("create", path,
				   "names have 1 to 63 characters");
	memcpy(create.name, name, strlen(name));
	if (slash && maps_open_directory(path, slash, &create))
		return maps_report("create", path, strerror(errno));
	umask(0);
	map = hmap_create(opt->device, &create);
	if (!map && access(opt->device, F_OK)) {
		p_err_open(opt->device);
		return EXIT_FAILURE;
	}
	if (!map)
		return maps_report("create", path, explain_create(errno));
	hmap_close(map);
	return EXIT_SUCCESS;
}

static const char *create_take_node(const struct opt_row *row,
				    struct options *opt, const char *argument)
{
	struct hmap_ioc_create *create = &opt->create;

	(void)row;
	create->flags |= HMAP_CREATE_NUMA_NODE;
	if (args_number(argument, &create->node, sizeof(create->node)))
		return "invalid number:";
	return NULL;
}

static const char *create_take_mode(const struct opt_row *row,
				    struct options *opt, const char *argument)
{
	unsigned long mode;
	char *end;

	(void)row;
	mode = strtoul(argument, &end, 8);
	if (!isdigit((unsigned char)*argument) || *end || mode > 0777)
		return "invalid mode (0 to 0777):";
	opt->create.mode = mode;
	return NULL;
}

static const struct opt_row create_options[] = {
	OPT_DEVICE,
	OPT_NUMBER(0, "key-size", "BYTES", "size of each key [8]",
		   create.key_size, __u32),
	OPT_NUMBER(0, "value-size", "BYTES",
		   "size of each value; 0 makes a set [8]",
		   create.value_size, __u32),
	OPT_NUMBER(0, "hint", "COUNT", "elements to make room for immediately",
		   create.hint, __u64),
	OPT_MAX_ENTRIES, OPT_MAX_BYTES,
	OPT_NUMBER(0, "stripes", "COUNT",
		   "writers that can work at the same time [1]",
		   create.stripes, __u32),
	OPT_BITS(0, "fast-hash",
		 "fast keyed hash, not safe against hash flooding",
		 create.hash, HMAP_HASH_FAST),
	OPT_BITS(0, "no-shrink", "keep the size when elements are deleted",
		 create.flags, HMAP_CREATE_NO_SHRINK),
	OPT_BITS(0, "mmap", "allow lookups without system calls",
		 create.flags, HMAP_CREATE_MMAP),
	OPT_CALL(0, "node", "NUMBER", "NUMA node to allocate memory from",
		 create_take_node),
	OPT_CALL(0, "mode", "OCTAL", "permissions of the file [0600]",
		 create_take_mode),
	{ }
};

const struct command command_create = {
	.name = "create", .operands = "NAME | PATH", .min = 1, .max = 1,
	.summary = "Make a map with a name",
	.options = create_options, .run = cmd_create,
};

static const char *explain_name(int err)
{
	switch (-err) {
	case ENOENT:
		return "no such map";
	case ENODEV:
		return explain_unmounted();
	default:
		return strerror(-err);
	}
}

static int cmd_destroy(const struct options *opt)
{
	int i, err, status = EXIT_SUCCESS;

	for (i = 0; i < opt->argc; i++) {
		err = hmap_destroy_named(opt->argv[i]);
		if (err)
			status = maps_report("destroy", opt->argv[i],
					     explain_name(err));
	}
	return status;
}

static const struct opt_row destroy_options[] = {
	{ }
};

const struct command command_destroy = {
	.name = "destroy", .operands = "NAME | PATH...", .min = 1, .max = INT_MAX,
	.summary = "Unlink named maps",
	.options = destroy_options, .run = cmd_destroy,
};

/*
 * A name that is safe to print: another user may have chosen it with rename().
 * Spaces, backslashes and bytes that are not printable ASCII become \xNN.
 */
static struct json_object *maps_printable(const char *name)
{
	char text[4 * NAME_MAX + 1], *to = text;

	for (; *name && to < text + sizeof(text) - 4; name++) {
		if (*name > ' ' && *name < 0x7f && *name != '\\')
			*to++ = *name;
		else
			to += sprintf(to, "\\x%02x", (unsigned char)*name);
	}
	*to = '\0';
	return json_object_new_string(text);
}

static int cmd_list(const struct options *opt)
{
	const char *directory = opt->argc ? opt->argv[0] : NULL;
	struct json_object *list;
	const char *why;
	char **names;
	int i, n;

	n = hmap_list_named(directory, &names);
	if (n < 0) {
		why = n == -ENOENT ? strerror(ENOENT) : explain_name(n);
		return maps_report("list", directory ? directory : HMAP_NODES,
				   why);
	}
	list = json_object_new_array();
	for (i = 0; list && i < n; i++)
		json_object_array_add(list, maps_printable(names[i]));
	free(names);
	return print_strings(list, opt->json);
}

static const struct opt_row list_options[] = {
	OPT_JSON,
	{ }
};

const struct command command_list = {
	.name = "list", .operands = "[DIRECTORY]", .max = 1,
	.summary = "Print the names of maps",
	.options = list_options, .run = cmd_list,
};

static int cmd_freeze(const struct options *opt)
{
	struct session s;
	int err;

	if (session_open(&s, opt, O_WRONLY))
		return EXIT_FAILURE;
	err = hmap_freeze(s.map);
	session_close(&s);
	if (!err)
		return EXIT_SUCCESS;
	p_err("freeze: %s", err == -EPERM ?
	      "only the owner may freeze a map" : explain(err));
	return EXIT_FAILURE;
}

static const struct opt_row freeze_options[] = {
	OPT_DEVICE, OPT_MAP,
	{ }
};

const struct command command_freeze = {
	.name = "freeze",
	.summary = "Make a map permanently read-only",
	.options = freeze_options, .run = cmd_freeze,
};
