// SPDX-License-Identifier: GPL-2.0-only
/* hmapctl: use hash maps of the hmap kernel module. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "hmapctl.h"

static const struct command commands[] = {
	{ "get", cmd_get, "KEY", "Print the value of a key",
	  "dmkv", 1, 1 },
	{ "put", cmd_put, "KEY [VALUE]", "Insert or overwrite an element",
	  "dmkvNE", 1, 2 },
	{ "add", cmd_add, "KEY [NUMBER]", "Add to the number in a value and print the sum",
	  "dmkv", 1, 2 },
	{ "pop", cmd_pop, "KEY", "Print the value of a key and delete it",
	  "dmkv", 1, 1 },
	{ "del", cmd_del, "KEY... | --from FILE", "Delete keys",
	  "dmkF", 0, INT_MAX },
	{ "dump", cmd_dump, "", "Print all elements, one to a line",
	  "dmkvjR", 0, 0 },
	{ "load", cmd_load, "[FILE | -]", "Put the elements in the lines of a file",
	  "dmkvNEK", 0, 1 },
	{ "compare", cmd_compare, "[FILE | -]", "Compare the map with the lines of a file",
	  "dmkvA", 0, 1 },
	{ "wait", cmd_wait, "KEY", "Wait for a key and print its value",
	  "dmkvAOT", 1, 1 },
	{ "watch", cmd_watch, "[KEY]", "Print a line whenever the map or a key changes",
	  "dmkv", 0, 1 },
	{ "stats", cmd_stats, "", "Print the state of the map",
	  "dmj", 0, 0 },
	{ "info", cmd_info, "", "Print sizes and limits",
	  "dmj", 0, 0 },
	{ "layout", cmd_layout, "", "Draw how full buckets and chains are",
	  "dmjX", 0, 0 },
	{ "count", cmd_count, "", "Print the number of elements",
	  "dm", 0, 0 },
	{ "reserve", cmd_reserve, "COUNT", "Make room for a number of elements",
	  "dm", 1, 1 },
	{ "shrink", cmd_shrink, "", "Free memory that the elements do not need",
	  "dm", 0, 0 },
	{ "clear", cmd_clear, "", "Delete all elements",
	  "dm", 0, 0 },
	{ "verify", cmd_verify, "", "Make the kernel check the whole map",
	  "dm", 0, 0 },
	{ "freeze", cmd_freeze, "", "Make a map permanently read-only",
	  "dm", 0, 0 },
	{ "create", cmd_create, "NAME | PATH", "Make a map with a name",
	  "dCDHMBPfnpuo", 1, 1 },
	{ "destroy", cmd_destroy, "NAME | PATH...", "Unlink named maps",
	  "", 1, INT_MAX },
	{ "list", cmd_list, "[DIRECTORY]", "Print the names of maps",
	  "j", 0, 1 },
	{ "trace", cmd_trace, "[N]", "Put N random elements and print the map's state",
	  "dmSWX", 0, 1 },
	{ }
};

/* A failure to write the output is an error. */
static int finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	p_err("cannot write: %s", strerror(errno));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options opt = {
		.device = HMAP_DEVICE,
		.create = {
			.size = sizeof(opt.create), .key_size = 8,
			.value_size = 8, .mode = 0600,
		},
	};
	const struct command *command;
	char **operands;
	int status;

	operands = calloc(argc + 1, sizeof(*operands));
	if (!operands)
		return EXIT_FAILURE;
	opt.argv = operands;
	command = args_parse(commands, argc, argv, &opt, &status);
	if (command)
		status = command->run(&opt);
	free(operands);
	return finish(status);
}
