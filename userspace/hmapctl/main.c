// SPDX-License-Identifier: GPL-2.0-only
/* hmapctl: use hash maps of the hmap kernel module. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hmapctl.h"

/* In the order of the help. */
static const struct command * const commands[] = {
	&command_get,
	&command_put,
	&command_add,
	&command_pop,
	&command_del,
	&command_dump,
	&command_load,
	&command_compare,
	&command_wait,
	&command_watch,
	&command_stats,
	&command_info,
	&command_layout,
	&command_count,
	&command_reserve,
	&command_shrink,
	&command_set,
	&command_clear,
	&command_verify,
	&command_freeze,
	&command_create,
	&command_destroy,
	&command_list,
	&command_trace,
	NULL
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
