/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs about maps in a file system share. */
#ifndef MAPS_NAMES_H
#define MAPS_NAMES_H

#include "hmap_test.h"

/* The argument of CREATE; @dir is AT_FDCWD for HMAP_NODES. */
static inline struct hmap_ioc_create named_arg(int dir, const char *name, u32 mode)
{
	struct hmap_ioc_create arg = create_arg(8, 8);

	set_name(arg.name, name);
	arg.mode = mode;
	if (dir != AT_FDCWD) {
		arg.flags = HMAP_CREATE_DIR;
		arg.dir = dir;
	}
	return arg;
}

/* The file descriptor of a new map, or a negative errno. */
static inline int create_at(int dev, int dir, const char *name, u32 mode)
{
	struct hmap_ioc_create arg = named_arg(dir, name, mode);

	return dev_create(dev, &arg);
}

static inline int create_named(int dev, const char *name, u32 mode)
{
	return create_at(dev, AT_FDCWD, name, mode);
}

static inline int closed(int fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* The same without the file descriptor: 0 or a negative errno. */
static inline int make_named(int dev, const char *name, u32 mode)
{
	return closed(create_named(dev, name, mode));
}

static inline int become(uid_t uid)
{
	if (setgid(uid) || setuid(uid))
		return -errno;
	return 0;
}

/* Become the root of a new namespace, where no other user is a member. */
static inline int write_ids(uid_t uid, gid_t gid)
{
	char map[32];
	int ret;

	ret = write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	ret = ret ?: write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return ret ?: write_file("/proc/self/gid_map", map);
}

/* How often the map's file is found, or a negative errno. */
static inline int links_of(int fd)
{
	struct hmap_ioc_info info;
	int ret = dev_info(fd, &info);

	return ret ? ret : (int)info.links;
}

/* Whether two files are of the same map: what one puts the other finds, and back. */
static inline bool same_map(int a, int b)
{
	struct map m, n;
	u64 i = 1ULL << 62;
	bool same;

	if (map_of_fd(&m, dup(a)) || map_of_fd(&n, dup(b)))
		return false;
	same = !map_put(&m, i, i, HMAP_NOEXIST) && !map_delete(&n, i);
	if (!same)
		map_delete(&m, i);
	close(m.fd);
	close(n.fd);
	unguard(m.key, m.key_size);
	unguard(n.key, n.key_size);
	unguard(m.value, m.value_size);
	unguard(n.value, n.value_size);
	return same;
}

/* Whether a path leads to the map of @fd. */
static inline bool leads_to(const char *path, int fd)
{
	int other = open(path, O_RDWR | O_CLOEXEC);
	bool same = other >= 0 && same_map(other, fd);

	close(other);
	return same;
}

static inline const char *proc_path(int fd)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

/* Gives a map that has no name its first, or a map one more. */
static inline int link_to(int fd, int dir, const char *name)
{
	char proc[64];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return sys_result(linkat(AT_FDCWD, proc, dir, name, AT_SYMLINK_FOLLOW));
}

#endif /* MAPS_NAMES_H */
