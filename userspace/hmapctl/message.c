// SPDX-License-Identifier: GPL-2.0-only
/* Error messages. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "hmapctl.h"

/* Longer messages are truncated: they quote arguments of any length. */
#define MESSAGE_ROOM	512

/* Escape bytes that are not printable ASCII: they may control a terminal. */
static void put_printable(const char *text, FILE *file)
{
	for (; *text; text++) {
		if (*text >= ' ' && *text <= '~')
			putc(*text, file);
		else
			fprintf(file, "\\x%02x", (unsigned char)*text);
	}
}

#define FS_TYPE	"hmapfs"

void p_err(const char *format, ...)
{
	char text[MESSAGE_ROOM];
	va_list args;
	int length;

	fflush(stdout);
	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fputs("hmapctl: ", stderr);
	put_printable(text, stderr);
	fputs(length >= (int)sizeof(text) ? "...\n" : "\n", stderr);
}

const char *explain(int err)
{
	switch (-err) {
	case ENOENT:
		return "no such key";
	case EEXIST:
		return "the key exists already";
	case ENOSPC:
		return "the map is full (see max_entries and max_bytes in hmapctl info)";
	case EMLINK:
		return "too many keys collide with this one (see CHAINS in hmap(4))";
	case EPERM:
		return "the map is frozen";
	case ETIMEDOUT:
		return "timed out";
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
		p_err("%s is not an hmap device", device);
		break;
	default:
		p_err("cannot open %s: %s", device, reason);
	}
}

const char *explain_unmounted(void)
{
	return "no file system of maps is mounted on " HMAP_NODES
	       ": systemctl start dev-hmaps.mount, or mkdir -p " HMAP_NODES
	       " and mount -t " FS_TYPE " " FS_TYPE " " HMAP_NODES;
}

void p_err_map(const char *name)
{
	switch (errno) {
	case ENODEV:
		p_err("cannot open the map %s: %s", name, explain_unmounted());
		break;
	case ENOTTY:
	case EINVAL:
		p_err("%s is not a map", name);
		break;
	default:
		p_err("cannot open the map %s: %s", name, strerror(errno));
	}
}
