/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libhmap: the hash map of the hmap kernel module, from a program.
 *
 * A struct hmap is an open map. Keys and values are blocks of bytes whose
 * sizes the map fixes; hmap_key_size() and hmap_value_size() tell them.
 *
 * Errors: a function that returns int returns a negative errno value and sets
 * errno to the positive one; a function that returns a pointer returns NULL
 * and sets errno. The library never prints. Besides the errors named below
 * each function that takes a struct hmap can fail with EBADF (the file
 * descriptor was closed behind the library's back) and ENODEV or ENOTTY (it is
 * not a map's).
 *
 * Threads: a struct hmap does not change between hmap_open() and hmap_close(),
 * so that threads may share it. The map itself may be used by any number of
 * threads and processes at once.
 */
#ifndef HMAP_H
#define HMAP_H

#include <stddef.h>
#include <time.h>
#include <linux/hmap.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef HMAP_API
#define HMAP_API __attribute__((visibility("default")))
#endif

/** struct hmap - an open map */
struct hmap;

/**
 * hmap_open() - open a map
 * @path: its device node; NULL for HMAP_DEVICE, the default map
 * @flags: O_RDONLY, O_WRONLY or O_RDWR and nothing else. Which functions the
 *	mode permits is told at each; those that say nothing work with any.
 *
 * The file is closed on exec.
 *
 * Return: the map, to be given to hmap_close(); NULL with errno EINVAL
 * (@flags), ENOTTY (@path is no map), ENOMEM, or any error of open(2).
 */
HMAP_API struct hmap *hmap_open(const char *path, int flags);

/**
 * hmap_open_fd() - use a map that is open already
 * @fd: its file descriptor. The map owns it from here on: hmap_close() closes
 *	it. After a failure it is still the caller's.
 *
 * Return: the map; NULL with errno EBADF, ENOTTY (@fd is no map) or ENOMEM.
 */
HMAP_API struct hmap *hmap_open_fd(int fd);

/**
 * hmap_close() - close a map
 * @map: the map; NULL does nothing
 *
 * errno is left as it was.
 */
HMAP_API void hmap_close(struct hmap *map);

/**
 * hmap_fd() - the file descriptor of a map
 * @map: the map
 *
 * Return: the file descriptor, which stays the map's; -EINVAL if @map is NULL.
 */
HMAP_API int hmap_fd(const struct hmap *map);

/**
 * hmap_info() - sizes and limits
 * @map: the map
 *
 * They are read once, by hmap_open(): a map never changes them.
 *
 * Return: sizes and limits, valid until hmap_close(); NULL with errno EINVAL
 * if @map is NULL.
 */
HMAP_API const struct hmap_ioc_info *hmap_info(const struct hmap *map);

/**
 * hmap_key_size() - bytes of a key
 * @map: the map
 *
 * Return: 1 or more; 0 with errno EINVAL if @map is NULL.
 */
HMAP_API size_t hmap_key_size(const struct hmap *map);

/**
 * hmap_value_size() - bytes of a value
 * @map: the map
 *
 * Return: 0 if the map is a set, else 1 or more; 0 with errno EINVAL if @map is
 * NULL.
 */
HMAP_API size_t hmap_value_size(const struct hmap *map);

/**
 * hmap_get() - look a key up
 * @map: the map, open for reading
 * @key: the key
 * @value: where a copy of its value goes; may be NULL only in a set. Unchanged
 *	unless the key was found.
 *
 * Return: 0; -ENOENT: no such key; -EACCES: not open for reading; -EINVAL: a
 * NULL pointer; -EFAULT: a pointer that leads nowhere.
 */
HMAP_API int hmap_get(const struct hmap *map, const void *key, void *value);

/**
 * hmap_contains() - is a key in the map?
 * @map: the map, open for reading
 * @key: the key
 *
 * Return: 1: yes; 0: no; -EACCES, -EINVAL, -EFAULT as for hmap_get().
 */
HMAP_API int hmap_contains(const struct hmap *map, const void *key);

/**
 * hmap_put() - insert or overwrite an element
 * @map: the map, open for writing
 * @key: the key
 * @value: the value; may be NULL only in a set
 * @flags: HMAP_ANY, or HMAP_NOEXIST to insert only, or HMAP_EXIST to overwrite
 *	only
 *
 * Return: 0; -EEXIST: HMAP_NOEXIST and the key is there; -ENOENT: HMAP_EXIST
 * and it is not; -ENOSPC: the map is full; -ENOMEM: no memory; -EACCES: not
 * open for writing; -EINVAL: a NULL pointer or unknown @flags; -EFAULT: a
 * pointer that leads nowhere. After an error the map is as it was.
 */
HMAP_API int hmap_put(const struct hmap *map, const void *key,
		      const void *value, unsigned int flags);

/**
 * hmap_delete() - remove an element
 * @map: the map, open for writing
 * @key: the key
 *
 * Return: 0; -ENOENT: no such key; -EACCES: not open for writing; -EINVAL: a
 * NULL pointer; -EFAULT: a pointer that leads nowhere; -ENOMEM.
 */
HMAP_API int hmap_delete(const struct hmap *map, const void *key);

/**
 * hmap_scan() - visit the elements
 * @map: the map, open for reading
 * @cursor: the place; all zero bytes to start. Moved on by success, left as it
 *	is by an error.
 * @keys: where keys go, one behind the other: @capacity * hmap_key_size() bytes
 * @values: where values go in the same order; NULL if they are not wanted
 * @capacity: how many elements fit; at least 1
 *
 * Call it until it returns 0. A key that is in the map from the first call to
 * the last is returned exactly once, whatever is written meanwhile. A scan
 * leaves nothing behind in the kernel: it may be given up at any place.
 *
 * Return: the number of elements written; 0: the scan is over; -EACCES: not
 * open for reading; -EINVAL: a NULL pointer, or @capacity 0 or above INT_MAX;
 * -EFAULT: a pointer that leads nowhere; -ENOMEM; -EINTR: killed.
 */
HMAP_API int hmap_scan(const struct hmap *map, struct hmap_cursor *cursor,
		       void *keys, void *values, unsigned int capacity);

/**
 * hmap_clear() - remove all elements
 * @map: the map, open for writing
 *
 * Return: 0; -EACCES: not open for writing; -EINVAL: @map is NULL; -ENOMEM: no
 * memory, nothing was removed.
 */
HMAP_API int hmap_clear(const struct hmap *map);

/**
 * hmap_wait() - wait for a key
 * @map: the map, open for reading
 * @key: the key
 * @value: HMAP_WAIT_PRESENT: where its value goes; may be NULL.
 *	HMAP_WAIT_OTHER: the value that it must not have; the new one goes there;
 *	may be NULL only in a set. HMAP_WAIT_ABSENT: not looked at
 * @flags: HMAP_WAIT_PRESENT to wait until the key is in the map,
 *	HMAP_WAIT_ABSENT until it is not, HMAP_WAIT_OTHER until it is not there
 *	with the value of @value
 * @deadline: when to give up, by CLOCK_MONOTONIC; NULL for never
 *
 * Returns at once if the key is so already. What it was in between, for a moment,
 * may not be noticed. The thread sleeps meanwhile; changes of other keys do not
 * wake it.
 *
 * Return: 0; -ENOENT: HMAP_WAIT_OTHER, and the key is not there; -ETIMEDOUT: the
 * deadline is over; -EINTR: a signal handler ran that was not installed with
 * SA_RESTART; -EACCES: not open for reading; -EINVAL: a NULL pointer, unknown
 * @flags, or @deadline has nanoseconds out of range; -EFAULT: a pointer that
 * leads nowhere; -ENOMEM. @value is unchanged after an error.
 */
HMAP_API int hmap_wait(const struct hmap *map, const void *key, void *value,
		       unsigned int flags, const struct timespec *deadline);

/**
 * hmap_wait_change() - wait for any change of a map
 * @map: the map, open for reading
 * @state: in: the number of the state that the caller knows, 0 for none; out:
 *	that of the present one. Unchanged after an error
 * @deadline: when to give up, by CLOCK_MONOTONIC; NULL for never
 *
 * Returns when the map is not in the state @state, at once if that is 0. Several
 * changes may be told as one. What is read of the map afterwards is of the new
 * state, or of a later one, which the next call tells.
 *
 * A program that has other things to wait for gives hmap_fd() to poll(2) or
 * epoll(7): it is readable when the map has changed since it was opened or last
 * read; read(2) of 8 bytes gets the number of the state.
 *
 * Return: 0; -ETIMEDOUT: the deadline is over; -EINTR: a signal handler ran that
 * was not installed with SA_RESTART; -EACCES: not open for reading; -EINVAL: a
 * NULL pointer, or @deadline has nanoseconds out of range.
 */
HMAP_API int hmap_wait_change(const struct hmap *map, __u64 *state,
			      const struct timespec *deadline);

/**
 * hmap_get_stats() - the state of a map
 * @map: the map
 * @stats: where it goes
 *
 * hash0 and the addresses are zero, and HMAP_HAS_ADDRESSES is not set, unless
 * the caller has CAP_SYSLOG in the first user namespace.
 *
 * Return: 0; -EINVAL: a NULL pointer.
 */
HMAP_API int hmap_get_stats(const struct hmap *map, struct hmap_stats *stats);

/**
 * hmap_get_layout() - how full buckets and chains are
 * @map: the map
 * @layout: where the counts go
 *
 * Walks the whole map, a few buckets at a time.
 *
 * Return: 0; -EINVAL: a NULL pointer; -EINTR: killed.
 */
HMAP_API int hmap_get_layout(const struct hmap *map,
			     struct hmap_layout *layout);

/**
 * hmap_verify() - check all of a map
 * @map: the map
 *
 * Nobody can write while it runs.
 *
 * Return: 0: all is well; -EUCLEAN: it is broken, the kernel log says how;
 * -EPERM: needs CAP_SYS_ADMIN; -EINVAL: @map is NULL.
 */
HMAP_API int hmap_verify(const struct hmap *map);

/**
 * hmap_version() - the version of the library, such as "1.2.3"
 *
 * Return: a string that need not be freed.
 */
HMAP_API const char *hmap_version(void);

#ifdef __cplusplus
}
#endif

#endif /* HMAP_H */
