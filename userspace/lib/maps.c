// SPDX-License-Identifier: LGPL-2.1-or-later
/* libhmap: make maps, and names of maps in hmapfs. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "command.h"

/* close() that preserves errno. */
static void close_quietly(int fd)
{
	int err = errno;

	close(fd);
	errno = err;
}

/* Whether the file of @fd is in hmapfs; if not, errno is ENODEV. */
static int is_hmapfs(int fd)
{
	struct statfs st;

	if (fstatfs(fd, &st))
		return 0;
	if ((__u32)st.f_type == HMAPFS_MAGIC)
		return 1;
	errno = ENODEV;
	return 0;
}

/* Open a directory of hmapfs; -1 with errno ENODEV if it is in another. */
static int open_directory(const char *path, int flags)
{
	int fd = open(path, flags | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && !strcmp(path, HMAP_NODES))
		errno = ENODEV;
	if (fd < 0 || is_hmapfs(fd))
		return fd;
	close_quietly(fd);
	return -1;
}

/* Whether @err is ENOENT because no hmapfs is mounted on HMAP_NODES. */
static int is_unmounted(int err)
{
	int fd;

	if (err != ENOENT)
		return 0;
	fd = open_directory(HMAP_NODES, O_PATH);
	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == ENODEV;
}

/* Open the device and make a map. Returns its file descriptor, or -1. */
static int make(const char *device, const struct hmap_ioc_create *create)
{
	int fd = open(device ? device : HMAP_DEVICE, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -1;
	ret = ioctl(fd, HMAP_IOC_CREATE, create);
	close_quietly(fd);
	if (ret < 0 && create->name[0] && !(create->flags & HMAP_CREATE_DIR) &&
	    is_unmounted(errno))
		errno = ENODEV;
	return ret;
}

struct hmap *hmap_create(const char *device,
			 const struct hmap_ioc_create *create)
{
	int fd;

	if (!create) {
		errno = EINVAL;
		return NULL;
	}
	fd = make(device, create);
	return fd < 0 ? NULL : libhmap_open_or_close(fd);
}

/*
 * The path of a map: @name in HMAP_NODES, or @name itself if it contains a
 * slash. Returns NULL with errno EINVAL for an invalid name, ENAMETOOLONG for a
 * long one.
 */
static const char *path_of(const char *name, char path[PATH_MAX])
{
	int bad = !name || !*name || !strcmp(name, ".") || !strcmp(name, "..");

	if (!bad && strchr(name, '/'))
		return name;
	if (!bad && strlen(name) <= NAME_MAX) {
		snprintf(path, PATH_MAX, HMAP_NODES "/%s", name);
		return path;
	}
	errno = bad ? EINVAL : ENAMETOOLONG;
	return NULL;
}

struct hmap *hmap_open_named(const char *name, int flags)
{
	char room[PATH_MAX];
	const char *path = path_of(name, room);
	struct hmap *map;

	if (!path)
		return NULL;
	map = hmap_open(path, flags);
	if (!map && path != name && is_unmounted(errno))
		errno = ENODEV;
	return map;
}

/* Unlink in the directory that has been checked: it cannot be replaced. */
int hmap_destroy_named(const char *name)
{
	char room[PATH_MAX], directory[PATH_MAX];
	const char *path = path_of(name, room), *slash;
	int fd, ret;

	if (!path)
		return -errno;
	slash = strrchr(path, '/');
	if (slash - path >= PATH_MAX - 1)
		return fail(ENAMETOOLONG);
	memcpy(directory, path, slash - path + 1);
	/* "/" for "/name", otherwise without the slash */
	directory[slash > path ? slash - path : 1] = '\0';
	fd = open_directory(directory, O_PATH);
	if (fd < 0)
		return -errno;
	ret = unlinkat(fd, slash + 1, 0) ? -errno : 0;
	close_quietly(fd);
	return ret;
}

int hmap_link(const struct hmap *map, const char *name)
{
	char room[PATH_MAX], proc[64];
	const char *path = path_of(name, room);
	int ret;

	if (!map)
		return fail(EINVAL);
	if (!path)
		return -errno;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", map->fd);
	if (!access(proc, F_OK))
		ret = linkat(AT_FDCWD, proc, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
	else
		ret = linkat(map->fd, "", AT_FDCWD, path, AT_EMPTY_PATH);
	if (!ret)
		return 0;
	if (path != name && is_unmounted(errno))
		errno = ENODEV;
	return -errno;
}

/* ---- lists ---- */

/* Names in the order of readdir(), each terminated by a zero byte. */
struct list {
	char *letters;
	size_t used;
	size_t room;
	int count;
};

static int list_add(struct list *list, const char *name)
{
	size_t size = strlen(name) + 1, room;
	char *letters;

	if (list->room - list->used < size) {
		room = 2 * list->room + size;
		letters = realloc(list->letters, room);
		if (!letters)
			return -1;
		list->letters = letters;
		list->room = room;
	}
	memcpy(list->letters + list->used, name, size);
	list->used += size;
	list->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Copy the list to one block: sorted pointers, and the names behind them. */
static char **list_sort(const struct list *list)
{
	size_t pointers = (list->count + 1) * sizeof(char *);
	char **names = malloc(pointers + list->used), *p;
	int i;

	if (!names)
		return NULL;
	p = (char *)names + pointers;
	if (list->used)
		memcpy(p, list->letters, list->used);
	for (i = 0; i < list->count; i++, p += strlen(p) + 1)
		names[i] = p;
	names[i] = NULL;
	qsort(names, list->count, sizeof(*names), compare);
	return names;
}

/* Add the names of all maps in @dir. Returns 0, or -1 with errno. */
static int list_read(struct list *list, DIR *dir)
{
	struct dirent *entry;

	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return errno ? -1 : 0;
		if (entry->d_type == DT_REG && list_add(list, entry->d_name))
			return -1;
	}
}

int hmap_list_named(const char *directory, char ***names)
{
	struct list list = {};
	int fd, err = 0;
	DIR *dir;

	if (!names)
		return fail(EINVAL);
	*names = NULL;
	fd = open_directory(directory ? directory : HMAP_NODES, O_RDONLY);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close_quietly(fd);
		return -errno;
	}
	if (!list_read(&list, dir))
		*names = list_sort(&list);
	if (!*names)
		err = errno;
	closedir(dir);
	free(list.letters);
	return *names ? list.count : fail(err);
}
