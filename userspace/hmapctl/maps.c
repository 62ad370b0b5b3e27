// SPDX-License-Identifier: GPL-2.0-only
/* hmapctl create, destroy, list, freeze: maps and their names. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hmapctl.h"

/* Names that are asked for at once. */
#define LIST_GROUP	100

static int report(const char *what, const char *name, const char *why)
{
	p_err("%s %s: %s", what, name, why);
	return EXIT_FAILURE;
}

static const char *explain_create(int err)
{
	switch (err) {
	case EEXIST:
		return "there is a map of this name already";
	case EINVAL:
		return "the kernel refuses an attribute or the name";
	case ENOSPC:
		return "there are too many maps with names, or the hint is more than may be held";
	default:
		return strerror(err);
	}
}

/* The mode is meant as it is given: it is not for the umask to change it. */
int cmd_create(const struct options *opt)
{
	struct hmap_ioc_create create = opt->create;
	const char *name = opt->argv[0];
	struct hmap *map;

	if (!*name || strlen(name) >= sizeof(create.name))
		return report("create", name, "names have 1 to 63 characters");
	memcpy(create.name, name, strlen(name));
	umask(0);
	map = hmap_create(opt->device, &create);
	if (!map && access(opt->device, F_OK)) {
		p_err_open(opt->device);
		return EXIT_FAILURE;
	}
	if (!map)
		return report("create", name, explain_create(errno));
	hmap_close(map);
	return EXIT_SUCCESS;
}

int cmd_destroy(const struct options *opt)
{
	int i, err, status = EXIT_SUCCESS;

	if (access(opt->device, F_OK)) {
		p_err_open(opt->device);
		return EXIT_FAILURE;
	}
	for (i = 0; i < opt->argc; i++) {
		err = hmap_destroy_named(opt->device, opt->argv[i]);
		if (err == -ENOENT)
			status = report("destroy", opt->argv[i], "no such map");
		else if (err)
			status = report("destroy", opt->argv[i], strerror(-err));
	}
	return status;
}

int cmd_list(const struct options *opt)
{
	char names[LIST_GROUP][HMAP_NAME_SIZE], after[HMAP_NAME_SIZE] = "";
	struct json_object *list = json_object_new_array();
	int i, n;

	while ((n = hmap_list_named(opt->device, after, names, LIST_GROUP)) > 0)
		for (i = 0; i < n; i++)
			json_object_array_add(list,
					      json_object_new_string(names[i]));
	if (!n)
		return print_strings(list, opt->json);
	p_err_open(opt->device);
	json_object_put(list);
	return EXIT_FAILURE;
}

int cmd_freeze(const struct options *opt)
{
	struct session s;
	int err;

	if (session_open(&s, opt, O_WRONLY))
		return EXIT_FAILURE;
	err = hmap_freeze(s.map);
	session_close(&s);
	if (!err)
		return EXIT_SUCCESS;
	p_err("freeze: %s", explain(err));
	return EXIT_FAILURE;
}
