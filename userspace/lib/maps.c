// SPDX-License-Identifier: LGPL-2.1-or-later
/* libhmap: making maps, finding them by name. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* Asks the device, which is opened for this alone. */
static int ask_device(const char *device, int flags, unsigned long request,
		      void *arg)
{
	int fd = open(device ? device : HMAP_DEVICE, flags | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = ioctl(fd, request, arg);
	if (ret < 0)
		ret = -errno;
	close(fd);
	return ret < 0 ? fail(-ret) : ret;
}

struct hmap *hmap_create(const char *device,
			 const struct hmap_ioc_create *create)
{
	int fd;

	if (!create) {
		errno = EINVAL;
		return NULL;
	}
	fd = ask_device(device, O_WRONLY, HMAP_IOC_CREATE, (void *)create);
	return fd < 0 ? NULL : hmap_open_or_close(fd);
}

/* A name that no map can have must not lead anywhere else. */
static int name_is_bad(const char *name)
{
	return !name || !*name || *name == '.' || strchr(name, '/') ||
	       strlen(name) >= HMAP_NAME_SIZE;
}

struct hmap *hmap_open_named(const char *name, int flags)
{
	char path[sizeof(HMAP_NODES) + HMAP_NAME_SIZE];

	if (name_is_bad(name)) {
		errno = EINVAL;
		return NULL;
	}
	snprintf(path, sizeof(path), HMAP_NODES "/%s", name);
	return hmap_open(path, flags);
}

int hmap_destroy_named(const char *device, const char *name)
{
	struct hmap_ioc_destroy destroy = { .size = sizeof(destroy) };

	if (name_is_bad(name))
		return fail(EINVAL);
	memcpy(destroy.name, name, strlen(name));
	return ask_device(device, O_WRONLY, HMAP_IOC_DESTROY, &destroy);
}

int hmap_list_named(const char *device, char after[HMAP_NAME_SIZE],
		    void *names, unsigned int capacity)
{
	struct hmap_ioc_list list = { .size = sizeof(list) };
	int err;

	if (!after || !names || !capacity || capacity > INT_MAX)
		return fail(EINVAL);
	list.names = address(names);
	list.capacity = capacity;
	memcpy(list.after, after, sizeof(list.after));
	err = ask_device(device, O_RDONLY, HMAP_IOC_LIST, &list);
	if (err)
		return err;
	memcpy(after, list.after, sizeof(list.after));
	return list.count;
}
