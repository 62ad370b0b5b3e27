// SPDX-License-Identifier: GPL-2.0-only
/* hmapctl: use a hash map of the hmap kernel module. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "hmapctl.h"

static const struct command commands[] = {
	{ "get", cmd_get, "KEY", "Print the value of a key",
	  "dkv", 1, 1 },
	{ "put", cmd_put, "KEY [VALUE]", "Insert or overwrite an element",
	  "dkvNE", 1, 2 },
	{ "add", cmd_add, "KEY [NUMBER]", "Add to the number that is a key's value, print the sum",
	  "dkv", 1, 2 },
	{ "pop", cmd_pop, "KEY", "Print the value of a key and delete it",
	  "dkv", 1, 1 },
	{ "del", cmd_del, "KEY... | --from FILE", "Delete keys",
	  "dkF", 0, INT_MAX },
	{ "dump", cmd_dump, "", "Print all elements, one to a line",
	  "dkvj", 0, 0 },
	{ "load", cmd_load, "[FILE | -]", "Put the elements of a file of lines",
	  "dkvNEK", 0, 1 },
	{ "compare", cmd_compare, "[FILE | -]", "Read the elements of a file back and compare",
	  "dkvA", 0, 1 },
	{ "wait", cmd_wait, "KEY", "Wait for a key, and print its value",
	  "dkvAOT", 1, 1 },
	{ "watch", cmd_watch, "[KEY]", "Print a line whenever the map, or a key, changes",
	  "dkv", 0, 1 },
	{ "stats", cmd_stats, "", "Print the state of the map",
	  "dj", 0, 0 },
	{ "info", cmd_info, "", "Print sizes and limits",
	  "dj", 0, 0 },
	{ "layout", cmd_layout, "", "Draw how full buckets and chains are",
	  "djX", 0, 0 },
	{ "count", cmd_count, "", "Print the number of elements",
	  "d", 0, 0 },
	{ "reserve", cmd_reserve, "COUNT", "Make room for a number of elements",
	  "d", 1, 1 },
	{ "shrink", cmd_shrink, "", "Give back memory that the elements do not need",
	  "d", 0, 0 },
	{ "clear", cmd_clear, "", "Delete everything",
	  "d", 0, 0 },
	{ "verify", cmd_verify, "", "Have the kernel check the whole map",
	  "d", 0, 0 },
	{ "trace", cmd_trace, "[N]", "Put N random elements into a new map, printing its state",
	  "dSWX", 0, 1 },
	{ }
};

/* Output that did not arrive is a failure. */
static int finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	p_err("cannot write: %s", strerror(errno));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options opt = { .device = HMAP_DEVICE };
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
