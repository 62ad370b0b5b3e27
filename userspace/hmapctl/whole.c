// SPDX-License-Identifier: GPL-2.0-only
/* hmapctl clear, verify: the whole map. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "hmapctl.h"

int cmd_clear(const struct options *opt)
{
	struct session s;
	int err;

	if (session_open(&s, opt, O_WRONLY))
		return EXIT_FAILURE;
	err = hmap_clear(s.map);
	session_close(&s);
	if (!err)
		return EXIT_SUCCESS;
	p_err("clear: %s", explain(err));
	return EXIT_FAILURE;
}

static const char *explain_verify(int err)
{
	switch (err) {
	case -EUCLEAN:
		return "the map is broken; the kernel log (dmesg) says how";
	case -EPERM:
		return "only root may (CAP_SYS_ADMIN)";
	default:
		return explain(err);
	}
}

int cmd_verify(const struct options *opt)
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
