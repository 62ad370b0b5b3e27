/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libhmap: use hash maps of the hmap kernel module from a program.
 *
 * A struct hmap is an open map. Keys and values are blocks of bytes. Their
 * sizes are fixed for each map; hmap_key_size() and hmap_value_size() return
 * them.
 *
 * Sizes: each key and value, and each array of them, is passed with a @key_size
 * or @value_size, the size of one of them in the memory of the caller. If the
 * map has other sizes, the function returns -EINVAL before it accesses that
 * memory or changes the map. A caller that has opened another map than expected
 * therefore does no harm. Where NULL is allowed, its size is 0. In a set values
 * have the size 0; a pointer to a value is not used and may be NULL. An array
 * with a @count of 0 may also be NULL, but its size is checked nevertheless.
 *
 * Errors: a function that returns int returns a negative errno value and sets
 * errno to the positive one; a function that returns a pointer returns NULL and
 * sets errno. The library never prints. Besides the errors listed below, each
 * function that takes a struct hmap can fail with EBADF (the program has closed
 * the file descriptor) and ENODEV or ENOTTY (the program has replaced it by a
 * file that is not a map), and each function that changes elements with EPERM
 * (the map is frozen). ENOTTY also means that the kernel module is older than
 * the library and does not have the command. Only functions that wait can fail
 * with EINTR; others continue after a signal.
 *
 * Threads may share a struct hmap between hmap_open() and hmap_close(). Any
 * number of threads and processes may use a map at the same time.
 *
 * Maps that can be mapped (HMAP_CREATE_MMAP): if the map is open for reading,
 * hmap_get() and hmap_contains() read its memory without a system call. They
 * return the same results as the kernel does, and ask the kernel when they
 * cannot decide. The only difference: an invalid pointer crashes the program
 * instead of causing EFAULT.
 *
 * Names: for the linker the functions have the prefix libhmap_ instead of
 * hmap_. A program can therefore be linked with another library that has
 * functions of the same names, as Open vSwitch has. One source file cannot
 * include this header and openvswitch/hmap.h: each declares its own struct
 * hmap. <linux/hmap.h> can be included with either of them.
 */
#ifndef LIBHMAP_H
#define LIBHMAP_H

#include <stddef.h>
#include <time.h>
#include <linux/hmap.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef HMAP_API
#define HMAP_API __attribute__((visibility("default")))
#endif

/* The name for the linker: libhmap_get() for hmap_get(). */
#define HMAP_SYMBOL(name)	__asm__("libhmap_" #name)

/** struct hmap - an open map */
struct hmap;

/**
 * HMAP_OPEN_OWNED - refuse a map that other users can change
 *
 * A flag of hmap_open() and hmap_open_named(). The owner of the map must be the
 * effective user of the process or root, and its mode must not let the group or
 * others write. If the map has an access control list, the group bits of the
 * mode cover all users and groups in the list. No other user can therefore
 * replace the expected map by its own. A program that shares a map with a group
 * checks the owner with hmap_info() instead.
 */
#define HMAP_OPEN_OWNED		0x40000000

/**
 * hmap_open() - open a map
 * @path: its file; NULL for HMAP_DEVICE, the default map
 * @flags: O_RDONLY, O_WRONLY or O_RDWR, and optionally HMAP_OPEN_OWNED. Each
 *	function documents the mode that it needs; others work with any mode.
 *
 * The file is closed on exec.
 *
 * Return: the map, to be closed with hmap_close(); NULL with errno EINVAL
 * (@flags), ENOTTY (@path is not a map), EPERM (HMAP_OPEN_OWNED refuses it),
 * ENOMEM, or any error of open(2).
 */
HMAP_API struct hmap *hmap_open(const char *path, int flags) HMAP_SYMBOL(open);

/**
 * hmap_open_fd() - use a map that is open already
 * @fd: its file descriptor. hmap_close() closes it. After a failure it still
 *	belongs to the caller.
 *
 * Return: the map; NULL with errno EBADF, ENOTTY (@fd is not a map) or ENOMEM.
 */
HMAP_API struct hmap *hmap_open_fd(int fd) HMAP_SYMBOL(open_fd);

/**
 * hmap_open_named() - open a map by its name
 * @name: its name in HMAP_NODES, or a path if it contains a slash
 * @flags: as for hmap_open()
 *
 * Return: the map; NULL with errno EINVAL (an empty name, "." or ".."), ENOENT
 * (no map has this name), ENODEV (no hmapfs is mounted on HMAP_NODES, see
 * hmap(4)), or as for hmap_open().
 */
HMAP_API struct hmap *hmap_open_named(const char *name, int flags)
	HMAP_SYMBOL(open_named);

/**
 * hmap_create() - make a map
 * @device: the device; NULL for HMAP_DEVICE. The caller needs write access
 * @create: the attributes of the map, with @create->size = sizeof(*create). A
 *	field of 0 selects the default; see struct hmap_ioc_create
 *
 * The map is open for reading and writing. A map without a name is known only
 * to this process and to those that receive its file descriptor with fork(2) or
 * over a socket; it is freed on last close. A map with a name can be opened by
 * others and stays until hmap_destroy_named(). With HMAP_CREATE_DIR the map is
 * made in the directory @create->dir. Without a name there it can be filled
 * before hmap_link() gives it one.
 *
 * Return: the map, to be closed with hmap_close(); NULL with errno EINVAL (an
 * attribute is out of range, or the hint is above max_entries), E2BIG (the
 * kernel does not know an attribute), EEXIST (the name exists), ENODEV (no
 * hmapfs is mounted on HMAP_NODES, or @create->dir is not a directory of one),
 * EACCES (no write access to the directory), EROFS, EBADF, ENOTDIR, EOVERFLOW,
 * ENOSPC (the file system is full, or the hint exceeds a limit of memory),
 * EDQUOT (the user has as many maps as it may have), ENOMEM, EMFILE, ENFILE,
 * or any error of open(2).
 */
HMAP_API struct hmap *hmap_create(const char *device,
				  const struct hmap_ioc_create *create)
	HMAP_SYMBOL(create);

/**
 * hmap_link() - give a map a name
 * @map: a map that was made with HMAP_CREATE_DIR and without a name, or a map
 *	that has a name
 * @name: the name in HMAP_NODES, or a path if it contains a slash, in the file
 *	system of the map
 *
 * Other programs can then open the map, with all elements that it contains.
 *
 * Return: 0; -EEXIST: the name exists; -EXDEV: that is another file system;
 * -ENOENT: the last name of the map has been removed, the map is anonymous, or
 * the directory does not exist; -ENODEV: no hmapfs is mounted on HMAP_NODES;
 * -ENOSPC: the file system is full; -EPERM: the map belongs to another user
 * (see protected_hardlinks in proc(5)); -EINVAL: an empty name, "." or ".."; or
 * any error of linkat(2).
 */
HMAP_API int hmap_link(const struct hmap *map, const char *name)
	HMAP_SYMBOL(link);

/**
 * hmap_destroy_named() - unlink a map
 * @name: the name in HMAP_NODES, or a path if it contains a slash
 *
 * Does what unlink(2) does, but only in a file system of maps. Programs that
 * have the map open continue to use it. The map is freed when it has no name
 * and no open file.
 *
 * Return: 0; -ENOENT: no map has this name; -EACCES, -EPERM: the caller may not
 * change the directory; -ENODEV: the directory is in no hmapfs, or none is
 * mounted on HMAP_NODES; -EINVAL: an empty name, "." or ".."; or any error of
 * unlink(2).
 */
HMAP_API int hmap_destroy_named(const char *name) HMAP_SYMBOL(destroy_named);

/**
 * hmap_list_named() - list the names of maps
 * @directory: a directory in a file system of maps; NULL for HMAP_NODES
 * @names: out: a block of memory with pointers to the names, in the order of
 *	strcmp() and followed by NULL, to be freed with free(). NULL after a
 *	failure
 *
 * Only maps are listed, not directories and symbolic links. A name can contain
 * any byte except '/' and is not safe to print without escapes.
 *
 * Return: the number of names; -ENODEV: @directory is in no hmapfs, or none is
 * mounted on HMAP_NODES; -EINVAL: @names is NULL; -ENOMEM; or any error of
 * open(2).
 */
HMAP_API int hmap_list_named(const char *directory, char ***names)
	HMAP_SYMBOL(list_named);

/**
 * hmap_close() - close a map
 * @map: the map; NULL does nothing
 *
 * Preserves errno.
 */
HMAP_API void hmap_close(struct hmap *map) HMAP_SYMBOL(close);

/**
 * hmap_fd() - the file descriptor of a map
 * @map: the map
 *
 * Return: the file descriptor, which hmap_close() closes; -EINVAL if @map is
 * NULL.
 */
HMAP_API int hmap_fd(const struct hmap *map) HMAP_SYMBOL(fd);

/**
 * hmap_is_mapped() - whether lookups use no system call
 * @map: the map
 *
 * Return: 1: lookups read mapped memory; 0: lookups are system calls, since the
 * map was not made for mapping, is not open for reading, could not be mapped,
 * or has a format that this library does not know; -EINVAL: @map is NULL.
 */
HMAP_API int hmap_is_mapped(const struct hmap *map) HMAP_SYMBOL(is_mapped);

/**
 * hmap_info() - sizes and limits
 * @map: the map
 *
 * They are read once, by hmap_open(). Sizes of a map never change. All else is
 * as it was at that time, but the limits of the map are those that
 * hmap_set_max_entries() and hmap_set_max_bytes() have set since by way of @map.
 *
 * Return: sizes and limits, valid until hmap_close(); NULL with errno EINVAL
 * if @map is NULL.
 */
HMAP_API const struct hmap_ioc_info *hmap_info(const struct hmap *map)
	HMAP_SYMBOL(info);

/**
 * hmap_key_size() - the size of a key in bytes
 * @map: the map
 *
 * Return: 1 or more; 0 with errno EINVAL if @map is NULL.
 */
HMAP_API size_t hmap_key_size(const struct hmap *map) HMAP_SYMBOL(key_size);

/**
 * hmap_value_size() - the size of a value in bytes
 * @map: the map
 *
 * Return: 0 if the map is a set, otherwise 1 or more; 0 with errno EINVAL if
 * @map is NULL.
 */
HMAP_API size_t hmap_value_size(const struct hmap *map) HMAP_SYMBOL(value_size);

/**
 * hmap_get() - look up a key
 * @map: the map, open for reading
 * @key: the key
 * @key_size: its size
 * @value: receives a copy of its value; unchanged if the key does not exist
 * @value_size: its size
 *
 * Return: 0; -ENOENT: no such key; -EACCES: not open for reading; -EINVAL: a
 * NULL pointer or another size; -EFAULT: an invalid pointer.
 */
HMAP_API int hmap_get(const struct hmap *map, const void *key,
		      size_t key_size, void *value, size_t value_size)
	HMAP_SYMBOL(get);

/**
 * hmap_contains() - check whether a key exists
 * @map: the map, open for reading
 * @key: the key
 * @key_size: its size
 *
 * Return: 1: it exists; 0: it does not; -EACCES, -EINVAL, -EFAULT as for
 * hmap_get().
 */
HMAP_API int hmap_contains(const struct hmap *map, const void *key,
			   size_t key_size) HMAP_SYMBOL(contains);

/**
 * hmap_put() - insert or overwrite an element
 * @map: the map, open for writing
 * @key: the key
 * @key_size: its size
 * @value: the value
 * @value_size: its size
 * @flags: HMAP_ANY, or HMAP_NOEXIST to insert only, or HMAP_EXIST to overwrite
 *	only
 *
 * Return: 0; -EEXIST: HMAP_NOEXIST, and the key exists; -ENOENT: HMAP_EXIST,
 * and it does not; -ENOSPC: the map is full; -EMLINK: too many keys have been
 * chosen to collide with this one; -ENOMEM: no memory; -EACCES: not open for
 * writing; -EINVAL: a NULL pointer, another size or unknown @flags; -EFAULT: an
 * invalid pointer. The map is unchanged after an error.
 */
HMAP_API int hmap_put(const struct hmap *map, const void *key,
		      size_t key_size, const void *value, size_t value_size,
		      unsigned int flags) HMAP_SYMBOL(put);

/**
 * hmap_delete() - remove an element
 * @map: the map, open for writing
 * @key: the key
 * @key_size: its size
 *
 * Return: 0; -ENOENT: no such key; -EACCES: not open for writing; -EINVAL: a
 * NULL pointer or another size; -EFAULT: an invalid pointer; -ENOMEM.
 */
HMAP_API int hmap_delete(const struct hmap *map, const void *key,
			 size_t key_size) HMAP_SYMBOL(delete);

/**
 * hmap_pop() - remove an element and return its value
 * @map: the map, open for reading and writing
 * @key: the key
 * @key_size: its size
 * @value: receives its value; may be NULL. Unchanged if the key does not exist
 * @value_size: its size
 *
 * Return: 0, or an error as for hmap_delete(). After -EFAULT for @value the
 * element has been removed.
 */
HMAP_API int hmap_pop(const struct hmap *map, const void *key,
		      size_t key_size, void *value, size_t value_size)
	HMAP_SYMBOL(pop);

/**
 * hmap_get_or_put() - look up a key, and insert it if it does not exist
 * @map: the map, open for reading and writing
 * @key: the key
 * @key_size: its size
 * @value: in: the value to insert; out: the value in the map afterwards
 * @value_size: its size
 *
 * If several callers do so at the same time for one key, one of them inserts
 * its value, and all of them get that value.
 *
 * Return: 1: the key existed; 0: it has been inserted; an error as for
 * hmap_put().
 */
HMAP_API int hmap_get_or_put(const struct hmap *map, const void *key,
			     size_t key_size, void *value, size_t value_size)
	HMAP_SYMBOL(get_or_put);

/**
 * hmap_swap() - insert or overwrite an element and return its old value
 * @map: the map, open for writing; if @old is not NULL also for reading
 * @key: the key
 * @key_size: its size
 * @value: the value
 * @old: receives the previous value, or zeros if there was none; may be NULL
 * @value_size: the size of @value, and of @old if that is not NULL
 * @flags: as for hmap_put()
 *
 * Return: 1: the key existed; 0: it did not; an error as for hmap_put().
 */
HMAP_API int hmap_swap(const struct hmap *map, const void *key,
		       size_t key_size, const void *value, void *old,
		       size_t value_size, unsigned int flags) HMAP_SYMBOL(swap);

/**
 * hmap_compare_swap() - overwrite a value if it is equal to an expected one
 * @map: the map, open for reading and writing; not a set
 * @key: the key
 * @key_size: its size
 * @expected: in: the expected value; out: the previous value
 * @value: the new value
 * @value_size: the size of each of them
 * @flags: HMAP_OP_CREATE to take a missing element as one of zeros, or 0
 *
 * Return: 0; -ECANCELED: the value differs, the map is unchanged, and @expected
 * is ready for another try; -ENOENT: no such key; or an error as for
 * hmap_put().
 */
HMAP_API int hmap_compare_swap(const struct hmap *map, const void *key,
			       size_t key_size, void *expected,
			       const void *value, size_t value_size,
			       unsigned int flags) HMAP_SYMBOL(compare_swap);

/**
 * hmap_add() - add to a number in a value
 * @map: the map, open for reading and writing; not a set
 * @key: the key. If it does not exist, it is inserted with a value of zeros
 *	first
 * @key_size: its size
 * @offset: offset of the number in the value
 * @length: size of the number: 1, 2, 4 or 8, in native byte order
 * @operand: the number to add, or the negated number to subtract. The sum wraps
 * @number: receives the sum; may be NULL
 *
 * No addition is lost if several callers add at the same time.
 *
 * Return: 1: the key existed; 0: it has been inserted; an error as for
 * hmap_put(); also -EINVAL: the value does not have these bytes.
 */
HMAP_API int hmap_add(const struct hmap *map, const void *key,
		      size_t key_size, size_t offset, size_t length,
		      __u64 operand, __u64 *number) HMAP_SYMBOL(add);

/**
 * hmap_do() - carry out any operation
 * @map: the map, open as the operation requires
 * @op: the operation, as documented in linux/hmap.h. Its result is set, and if
 *	that is 0 or -ECANCELED also answer and existed
 * @key_size: the size of its key
 * @value_size: the size of a whole value, even if the operation is on a part of
 *	it or does not use it
 *
 * Return: the result: 0, or a negative errno value.
 */
HMAP_API int hmap_do(const struct hmap *map, struct hmap_op *op,
		     size_t key_size, size_t value_size) HMAP_SYMBOL(do);

/**
 * hmap_batch() - carry out several operations in one system call
 * @map: the map
 * @ops: the operations, of any kinds. Each gets its own result
 * @count: their number
 * @key_size: as for hmap_do()
 * @value_size: as for hmap_do()
 * @flags: HMAP_BATCH_STOP to stop after the first that fails, or 0
 * @done: receives the number of operations carried out, including those that
 *	failed, also after an error; may be NULL
 *
 * Operations are carried out in this order. Each is atomic, the batch is not.
 * The open mode of the file is checked for each.
 *
 * Return: 0, even if operations failed; -EINVAL: a NULL pointer, another size
 * or unknown @flags; -EFAULT: @ops is invalid; -ENOMEM.
 */
HMAP_API int hmap_batch(const struct hmap *map, struct hmap_op *ops,
			unsigned int count, size_t key_size,
			size_t value_size, unsigned int flags,
			unsigned int *done) HMAP_SYMBOL(batch);

/**
 * hmap_vector() - carry out one operation on many elements
 * @map: the map, open as the operation requires
 * @vector: documented in linux/hmap.h. The library sets size; done and failed
 *	are set on every return
 *
 * Much faster than as many single operations.
 *
 * Return: 0, even if the operation failed for some elements; -EINVAL: a NULL
 * pointer, another size, or a field that the operation does not accept;
 * -EACCES: not open as required; -EFAULT: an invalid pointer; -ENOMEM.
 */
HMAP_API int hmap_vector(const struct hmap *map,
			 struct hmap_ioc_vector *vector) HMAP_SYMBOL(vector);

/**
 * hmap_get_many() - look up many keys
 * @map: the map, open for reading
 * @keys: array of keys
 * @key_size: the size of each key
 * @values: receives their values, in the same order; may be NULL. The value of
 *	a missing key is unchanged
 * @value_size: the size of each value
 * @results: receives 0 or -ENOENT for each key; may be NULL
 * @count: number of keys, up to INT_MAX
 *
 * Return: the number of keys found; an error as for hmap_vector().
 */
HMAP_API int hmap_get_many(const struct hmap *map, const void *keys,
			   size_t key_size, void *values, size_t value_size,
			   __s32 *results, unsigned int count)
	HMAP_SYMBOL(get_many);

/**
 * hmap_put_many() - insert or overwrite many elements
 * @map: the map, open for writing
 * @keys: array of keys
 * @key_size: the size of each key
 * @values: their values, in the same order
 * @value_size: the size of each value
 * @results: receives 0 or an error of hmap_put() for each key; may be NULL
 * @count: number of keys, up to INT_MAX
 * @flags: as for hmap_put()
 *
 * Return: the number of keys for which it succeeded; an error as for
 * hmap_vector().
 */
HMAP_API int hmap_put_many(const struct hmap *map, const void *keys,
			   size_t key_size, const void *values,
			   size_t value_size, __s32 *results,
			   unsigned int count, unsigned int flags)
	HMAP_SYMBOL(put_many);

/**
 * hmap_delete_many() - remove many elements
 * @map: the map, open for writing
 * @keys: array of keys
 * @key_size: the size of each key
 * @results: receives 0 or -ENOENT for each key; may be NULL
 * @count: number of keys, up to INT_MAX
 *
 * Return: the number of elements removed; an error as for hmap_vector().
 */
HMAP_API int hmap_delete_many(const struct hmap *map, const void *keys,
			      size_t key_size, __s32 *results,
			      unsigned int count) HMAP_SYMBOL(delete_many);

/**
 * hmap_scan() - visit all elements
 * @map: the map, open for reading
 * @cursor: the position; zero bytes to start. Moved on success, unchanged after
 *	an error
 * @keys: receives an array of keys: @capacity * @key_size bytes
 * @key_size: the size of each key
 * @values: receives an array of values, in the same order; may be NULL
 * @value_size: the size of each value
 * @capacity: maximum number of elements; at least 1
 *
 * Call it until it returns 0. A key that is in the map from the first call to
 * the last is returned exactly once, whatever is written meanwhile, unless the
 * map becomes empty or is cleared. A scan uses no resources of the kernel and
 * can be abandoned at any point.
 *
 * Return: the number of elements written; 0: the scan is over; -EACCES: not
 * open for reading; -EINVAL: a NULL pointer, another size, or @capacity 0 or
 * above INT_MAX; -EFAULT: an invalid pointer; -ENOMEM.
 */
HMAP_API int hmap_scan(const struct hmap *map, struct hmap_cursor *cursor,
		       void *keys, size_t key_size, void *values,
		       size_t value_size, unsigned int capacity)
	HMAP_SYMBOL(scan);

/**
 * hmap_select() - visit some elements
 * @map: the map, open for reading
 * @cursor: as for hmap_scan()
 * @keys: receives an array of keys; NULL for values only
 * @key_size: the size of each key
 * @values: receives an array of values; NULL for keys only
 * @value_size: the size of each value
 * @capacity: maximum number of elements; at least 1
 * @flags: HMAP_SCAN_RANDOM to begin at a random element, or 0
 * @prefix: the first bytes of the keys to visit; may be NULL if @prefix_size is
 *	0
 * @prefix_size: number of these bytes
 *
 * The general form of hmap_scan().
 *
 * Return: as for hmap_scan(); also -EINVAL: unknown @flags, or @prefix_size is
 * above the size of a key.
 */
HMAP_API int hmap_select(const struct hmap *map, struct hmap_cursor *cursor,
			 void *keys, size_t key_size, void *values,
			 size_t value_size, unsigned int capacity,
			 unsigned int flags, const void *prefix,
			 size_t prefix_size) HMAP_SYMBOL(select);

/**
 * hmap_count() - the number of elements
 * @map: the map
 *
 * Takes constant time.
 *
 * Return: the number; -EINVAL: @map is NULL.
 */
HMAP_API long long hmap_count(const struct hmap *map) HMAP_SYMBOL(count);

/**
 * hmap_reserve() - make room for a number of elements
 * @map: the map, open for writing
 * @count: number of elements that the map can hold without growing
 *
 * The map does not shrink below that size by itself.
 *
 * Return: 0; -EINVAL: @map is NULL, or @count is above max_entries or above the
 * largest possible map; -ENOSPC: a limit of memory does not allow it; -EACCES:
 * not open for writing; -ENOMEM.
 */
HMAP_API int hmap_reserve(const struct hmap *map, unsigned long long count)
	HMAP_SYMBOL(reserve);

/**
 * hmap_shrink() - free memory that the elements do not need
 * @map: the map, open for writing
 *
 * Also gives up room that was reserved, or requested when the map was made.
 *
 * Return: 0; -EACCES: not open for writing; -EINVAL: @map is NULL; -ENOMEM: no
 * memory to move to.
 */
HMAP_API int hmap_shrink(const struct hmap *map) HMAP_SYMBOL(shrink);

/**
 * hmap_set_max_entries() - change the maximum number of elements
 * @map: the map, open for writing
 * @n: elements that the map may hold; 0 for no limit
 *
 * A limit below the number of elements removes none: new elements are refused
 * until there are fewer. The limit is also that of hmap_info(); no other thread
 * may read it there meanwhile.
 *
 * Return: 0; -EACCES: not open for writing; -EPERM: the caller is not the owner
 * of the map and has no CAP_FOWNER; -EINVAL: @map is NULL, or @n exceeds the
 * word size of the kernel.
 */
HMAP_API int hmap_set_max_entries(struct hmap *map, unsigned long long n)
	HMAP_SYMBOL(set_max_entries);

/**
 * hmap_set_max_bytes() - change the maximum memory of a map
 * @map: the map, open for writing
 * @bytes: memory that the map may hold; 0 for no limit of its own
 *
 * A limit below the memory that the map holds frees nothing: elements that need
 * memory are refused until it holds less. A map that could not grow grows when
 * the limit is raised. As for hmap_info(), see hmap_set_max_entries().
 *
 * Return: as for hmap_set_max_entries().
 */
HMAP_API int hmap_set_max_bytes(struct hmap *map, unsigned long long bytes)
	HMAP_SYMBOL(set_max_bytes);

/**
 * hmap_clear() - remove all elements
 * @map: the map, open for writing
 *
 * Return: 0; -EACCES: not open for writing; -EINVAL: @map is NULL; -ENOMEM: no
 * memory, nothing was removed.
 */
HMAP_API int hmap_clear(const struct hmap *map) HMAP_SYMBOL(clear);

/**
 * hmap_wait() - wait for a key
 * @map: the map, open for reading
 * @key: the key
 * @key_size: its size
 * @value: HMAP_WAIT_PRESENT: receives its value; may be NULL. HMAP_WAIT_OTHER:
 *	in: the value to compare with; out: the new value. HMAP_WAIT_ABSENT: not
 *	used; may be NULL
 * @value_size: its size
 * @flags: HMAP_WAIT_PRESENT to wait until the key exists, HMAP_WAIT_ABSENT
 *	until it does not exist, HMAP_WAIT_OTHER until its value differs from
 *	@value
 * @deadline: time of CLOCK_MONOTONIC at which to give up; NULL for none
 *
 * Returns immediately if the condition is true already. A condition that is
 * true only for a short time may be missed. The thread sleeps; changes of other
 * keys do not wake it.
 *
 * Return: 0; -ENOENT: HMAP_WAIT_OTHER, and the key does not exist; -ETIMEDOUT:
 * the deadline has passed; -EPERM: the map is frozen, so that the condition
 * will never be true; -EINTR: a signal handler ran that was not installed with
 * SA_RESTART; -EACCES: not open for reading; -EINVAL: a NULL pointer, another
 * size, unknown @flags, or nanoseconds of @deadline out of range; -EFAULT: an
 * invalid pointer; -ENOMEM. @value is unchanged after an error.
 */
HMAP_API int hmap_wait(const struct hmap *map, const void *key,
		       size_t key_size, void *value, size_t value_size,
		       unsigned int flags, const struct timespec *deadline)
	HMAP_SYMBOL(wait);

/**
 * hmap_wait_change() - wait for any change of a map
 * @map: the map, open for reading
 * @state: in: the number of the state that the caller knows, 0 for none; out:
 *	the number of the present state. Unchanged after an error
 * @deadline: time of CLOCK_MONOTONIC at which to give up; NULL for none
 *
 * Returns when the number of the map's state differs from @state, and
 * immediately if that is 0. Several changes may be reported as one. What is
 * read from the map afterwards belongs to the new state or to a later one; the
 * next call reports a later one.
 *
 * A program that also waits for other events passes hmap_fd() to poll(2) or
 * epoll(7). The file is readable when the map has changed since the file was
 * opened or last read; read(2) of 8 bytes returns the number of the state.
 *
 * Return: 0; -ETIMEDOUT: the deadline has passed; -EPERM: the map is frozen and
 * will not change; -EINTR: a signal handler ran that was not installed with
 * SA_RESTART; -EACCES: not open for reading; -EINVAL: a NULL pointer, or
 * nanoseconds of @deadline out of range.
 */
HMAP_API int hmap_wait_change(const struct hmap *map, __u64 *state,
			      const struct timespec *deadline)
	HMAP_SYMBOL(wait_change);

/**
 * hmap_freeze() - make a map permanently read-only
 * @map: the map, open for writing
 *
 * All programs then get -EPERM for changes. When the function returns, changes
 * in progress have been completed.
 *
 * Return: 0; -EACCES: not open for writing; -EPERM: the caller is not the owner
 * of the map and has no CAP_FOWNER; -EINVAL: @map is NULL.
 */
HMAP_API int hmap_freeze(const struct hmap *map) HMAP_SYMBOL(freeze);

/**
 * hmap_get_stats() - the state of a map
 * @map: the map
 * @stats: receives the state
 *
 * hash0 and the addresses are zero, and HMAP_HAS_ADDRESSES is not set, unless
 * the caller has CAP_SYSLOG in the initial user namespace.
 *
 * Return: 0; -EINVAL: a NULL pointer.
 */
HMAP_API int hmap_get_stats(const struct hmap *map, struct hmap_stats *stats)
	HMAP_SYMBOL(get_stats);

/**
 * hmap_get_layout() - how full buckets and chains are
 * @map: the map
 * @layout: receives the counts
 *
 * Walks the whole map, a few buckets at a time. The counts are exact if no
 * program writes meanwhile.
 *
 * Return: 0; -EINVAL: a NULL pointer.
 */
HMAP_API int hmap_get_layout(const struct hmap *map,
			     struct hmap_layout *layout)
	HMAP_SYMBOL(get_layout);

/**
 * hmap_verify() - check the consistency of a map
 * @map: the map
 *
 * Checks a bounded part at a time. Properties of the map as a whole are checked
 * only if no program writes meanwhile.
 *
 * Return: 0: the map is consistent; -EUCLEAN: it is not, and the kernel log
 * says how; -EPERM: the caller has no CAP_SYS_ADMIN; -EINVAL: @map is NULL.
 */
HMAP_API int hmap_verify(const struct hmap *map) HMAP_SYMBOL(verify);

/**
 * hmap_version() - the version of the library, such as "1.2.3"
 *
 * Return: a constant string.
 */
HMAP_API const char *hmap_version(void)
	HMAP_SYMBOL(version);

#ifdef __cplusplus
}
#endif

#endif /* LIBHMAP_H */
