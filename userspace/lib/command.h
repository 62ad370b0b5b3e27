/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of the device, shared by the files of libhmap. Internal functions have
 * the prefix libhmap_, as the public ones have for the linker: other names could
 * clash with those of a program that links the static library.
 */
#ifndef HMAP_COMMAND_H
#define HMAP_COMMAND_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "hmap.h"

struct hmap {
	int fd;
	struct mapped *mapped;	/* NULL: lookups are system calls */
	struct hmap_ioc_info info;
};

struct hmap *libhmap_open_or_close(int fd);

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

/* A command that continues when it is called again after a signal. */
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

/*
 * The rule for sizes in hmap.h: whether @size is @map_size, the size in the
 * map, and @buffer is valid for @count keys or values of this size.
 */
static inline bool is_buffer(const void *buffer, size_t size, __u32 map_size,
			     unsigned int count)
{
	return size == map_size && (buffer || !size || !count);
}

/* The same if the caller may omit the buffer. */
static inline bool is_buffer_or_none(const void *buffer, size_t size,
				     __u32 map_size, unsigned int count)
{
	return (!buffer && !size) || is_buffer(buffer, size, map_size, count);
}

static inline bool is_key(const struct hmap *map, const void *key,
			  size_t key_size)
{
	return is_buffer(key, key_size, map->info.key_size, 1);
}

static inline bool is_value(const struct hmap *map, const void *value,
			    size_t value_size)
{
	return is_buffer(value, value_size, map->info.value_size, 1);
}

static inline bool is_value_or_none(const struct hmap *map, const void *value,
				    size_t value_size)
{
	return is_buffer_or_none(value, value_size, map->info.value_size, 1);
}

/* The argument of a command for one element, without its value. */
static inline struct hmap_ioc_elem
element(const struct hmap *map, const void *key)
{
	return (struct hmap_ioc_elem){
		.size = sizeof(struct hmap_ioc_elem),
		.key_size = map->info.key_size,
		.key = address(key),
	};
}

static inline void set_value(struct hmap_ioc_elem *elem, const struct hmap *map,
			     const void *value)
{
	elem->value_size = map->info.value_size;
	elem->value = map->info.value_size ? address(value) : 0;
}

/* A lookup. The caller has checked the sizes; @value may be NULL. */
static inline int get_by_command(const struct hmap *map, const void *key,
				 void *value)
{
	struct hmap_ioc_elem elem = element(map, key);

	if (value)
		set_value(&elem, map, value);
	return command(map, HMAP_IOC_GET, &elem);
}

#endif /* HMAP_COMMAND_H */
