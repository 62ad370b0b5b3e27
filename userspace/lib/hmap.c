// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libhmap: one function per command of /dev/hmap. hmap.h documents them.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "mapped.h"

/* hmap_open_fd() that closes @fd if it fails. */
struct hmap *libhmap_open_or_close(int fd)
{
	struct hmap *map = hmap_open_fd(fd);

	if (!map) {
		int err = errno;

		close(fd);
		errno = err;
	}
	return map;
}

/* Check the open file: the path may lead to another one by now. */
static int is_owned(const struct hmap_ioc_info *info)
{
	return (!info->uid || info->uid == geteuid()) && !(info->mode & 022);
}

struct hmap *hmap_open(const char *path, int flags)
{
	int fd, owned = flags & HMAP_OPEN_OWNED;
	struct hmap *map;

	flags &= ~HMAP_OPEN_OWNED;
	if (flags != O_RDONLY && flags != O_WRONLY && flags != O_RDWR) {
		errno = EINVAL;
		return NULL;
	}
	fd = open(path ? path : HMAP_DEVICE, flags | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	map = libhmap_open_or_close(fd);
	if (!map || !owned || is_owned(&map->info))
		return map;
	hmap_close(map);
	errno = EPERM;
	return NULL;
}

struct hmap *hmap_open_fd(int fd)
{
	struct hmap *map = calloc(1, sizeof(*map));
	int err;

	if (!map)
		return NULL;
	map->fd = fd;
	map->info.size = sizeof(map->info);
	err = command(map, HMAP_IOC_INFO, &map->info);
	if (err) {
		free(map);
		errno = -err;
		return NULL;
	}
	if (map->info.create_flags & HMAP_CREATE_MMAP)
		map->mapped = libhmap_mapped_open(fd, &map->info);
	return map;
}

void hmap_close(struct hmap *map)
{
	int err = errno;

	if (!map)
		return;
	libhmap_mapped_close(map->mapped);
	close(map->fd);
	free(map);
	errno = err;
}

int hmap_is_mapped(const struct hmap *map)
{
	return map ? !!map->mapped : fail(EINVAL);
}

int hmap_fd(const struct hmap *map)
{
	return map ? map->fd : fail(EINVAL);
}

const struct hmap_ioc_info *hmap_info(const struct hmap *map)
{
	if (!map) {
		errno = EINVAL;
		return NULL;
	}
	return &map->info;
}

size_t hmap_key_size(const struct hmap *map)
{
	const struct hmap_ioc_info *info = hmap_info(map);

	return info ? info->key_size : 0;
}

size_t hmap_value_size(const struct hmap *map)
{
	const struct hmap_ioc_info *info = hmap_info(map);

	return info ? info->value_size : 0;
}

int hmap_put(const struct hmap *map, const void *key, size_t key_size,
	     const void *value, size_t value_size, unsigned int flags)
{
	struct hmap_ioc_elem elem;

	if (!map || !is_key(map, key, key_size) ||
	    !is_value(map, value, value_size))
		return fail(EINVAL);
	elem = element(map, key);
	elem.flags = flags;
	set_value(&elem, map, value);
	return command(map, HMAP_IOC_PUT, &elem);
}

int hmap_delete(const struct hmap *map, const void *key, size_t key_size)
{
	struct hmap_ioc_elem elem;

	if (!map || !is_key(map, key, key_size))
		return fail(EINVAL);
	elem = element(map, key);
	return command(map, HMAP_IOC_DELETE, &elem);
}

int hmap_select(const struct hmap *map, struct hmap_cursor *cursor, void *keys,
		size_t key_size, void *values, size_t value_size,
		unsigned int capacity, unsigned int flags, const void *prefix,
		size_t prefix_size)
{
	struct hmap_ioc_scan scan = { .size = sizeof(scan), .flags = flags };
	int err;

	if (!map || !cursor || (!keys && !values) || !capacity ||
	    capacity > INT_MAX || (!prefix && prefix_size) ||
	    prefix_size > map->info.key_size ||
	    !is_buffer_or_none(keys, key_size, map->info.key_size, capacity) ||
	    !is_buffer_or_none(values, value_size, map->info.value_size, capacity))
		return fail(EINVAL);
	scan.key_size = map->info.key_size;
	scan.keys = address(keys);
	scan.value_size = value_size;
	scan.values = value_size ? address(values) : 0;
	if (prefix_size) {
		scan.prefix = address(prefix);
		scan.prefix_size = prefix_size;
	}
	scan.capacity = capacity;
	scan.cursor = *cursor;
	err = long_command(map, HMAP_IOC_SCAN, &scan);
	if (err)
		return err;
	*cursor = scan.cursor;
	return scan.count;
}

int hmap_scan(const struct hmap *map, struct hmap_cursor *cursor, void *keys,
	      size_t key_size, void *values, size_t value_size,
	      unsigned int capacity)
{
	if (!keys)
		return fail(EINVAL);
	return hmap_select(map, cursor, keys, key_size, values, value_size,
			   capacity, 0, NULL, 0);
}

static int plain_command(const struct hmap *map, unsigned long request)
{
	struct hmap_ioc_plain plain = { .size = sizeof(plain) };

	if (!map)
		return fail(EINVAL);
	return long_command(map, request, &plain);
}

int hmap_clear(const struct hmap *map)
{
	return plain_command(map, HMAP_IOC_CLEAR);
}

int hmap_shrink(const struct hmap *map)
{
	return plain_command(map, HMAP_IOC_SHRINK);
}

int hmap_freeze(const struct hmap *map)
{
	return plain_command(map, HMAP_IOC_FREEZE);
}

int hmap_get_stats(const struct hmap *map, struct hmap_stats *stats)
{
	struct hmap_ioc_stats arg = { .size = sizeof(arg) };
	int err;

	if (!map || !stats)
		return fail(EINVAL);
	err = command(map, HMAP_IOC_STATS, &arg);
	if (!err)
		*stats = arg.stats;
	return err;
}

int hmap_get_layout(const struct hmap *map, struct hmap_layout *layout)
{
	struct hmap_ioc_layout arg = { .size = sizeof(arg) };
	int err;

	if (!map || !layout)
		return fail(EINVAL);
	err = long_command(map, HMAP_IOC_LAYOUT, &arg);
	if (!err)
		*layout = arg.layout;
	return err;
}

int hmap_verify(const struct hmap *map)
{
	return plain_command(map, HMAP_IOC_VERIFY);
}

const char *hmap_version(void)
{
	return HMAP_VERSION;
}
