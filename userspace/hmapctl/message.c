// SPDX-License-Identifier: GPL-2.0-only
/* What hmapctl says when something is wrong. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "hmapctl.h"

void p_err(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("hmapctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

const char *explain(int err)
{
	switch (-err) {
	case ENOENT:
		return "no such key";
	case EEXIST:
		return "the key is there already";
	case ENOSPC:
		return "the map is full (see max_entries and max_bytes in hmapctl info)";
	case EMLINK:
		return "too many keys collide with this one (see CHAINS in hmap(4))";
	case EPERM:
		return "the map is frozen";
	case ETIMEDOUT:
		return "not so in time";
	default:
		return strerror(-err);
	}
}

void p_err_open(const char *device)
{
	const char *reason = strerror(errno);

	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		p_err("cannot open %s: %s; is the module loaded? (modprobe hmap)",
		      device, reason);
		break;
	case EACCES:
	case EPERM:
		p_err("cannot open %s: %s; become root, or install the udev rule 60-hmap.rules and join the group hmap",
		      device, reason);
		break;
	case ENOTTY:
	case EINVAL:
		p_err("%s is not the device of an hmap", device);
		break;
	default:
		p_err("cannot open %s: %s", device, reason);
	}
}
