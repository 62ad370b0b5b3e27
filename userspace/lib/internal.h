/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of libhmap share. Functions are named hmap_ though they are not for
 * programs: in the static library names of other kinds would meet those of programs.
 */
#ifndef HMAP_INTERNAL_H
#define HMAP_INTERNAL_H

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "hmap.h"

struct hmap {
	int fd;
	struct hmap_ioc_info info;
	struct mapped *mapped;	/* NULL: lookups are commands */
};

struct hmap *hmap_open_or_close(int fd);

/* @value may be NULL. */
int hmap_get_by_command(const struct hmap *map, const void *key, void *value);

/* Return a negative errno value, and set errno. */
static inline int fail(int err)
{
	errno = err;
	return -err;
}

static inline int command(const struct hmap *map, unsigned long request,
			  void *arg)
{
	return ioctl(map->fd, request, arg) < 0 ? -errno : 0;
}

/* One that goes on when it is called again after a signal. */
static inline int long_command(const struct hmap *map, unsigned long request,
			       void *arg)
{
	int err;

	do {
		err = command(map, request, arg);
	} while (err == -EINTR);
	return err;
}

static inline __u64 address(const void *p)
{
	return (uintptr_t)p;
}

#endif /* HMAP_INTERNAL_H */
