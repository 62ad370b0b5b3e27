/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libhmap: the hash map of the hmap kernel module, from a program.
 *
 * A struct hmap is an open map. Keys and values are blocks of bytes whose
 * sizes the map fixes; hmap_key_size() and hmap_value_size() tell them.
 *
 * Sizes: each key and value, and each array of them, comes with a @key_size or
 * @value_size: the bytes that one of them has in the memory of the caller. If the map
 * has other sizes the function returns -EINVAL, and has neither read nor written there,
 * nor changed anything in the map: no map does harm by being another than the caller
 * takes it for. NULL, where it is allowed, goes with the size 0. In a set values have
 * the size 0, and what points to them is not looked at and may be NULL. So may an
 * array with a @count of 0, but its size is checked nevertheless.
 *
 * Errors: a function that returns int returns a negative errno value and sets
 * errno to the positive one; a function that returns a pointer returns NULL
 * and sets errno. The library never prints. Besides the errors named below
 * each function that takes a struct hmap can fail with EBADF (the file
 * descriptor was closed behind the library's back) and ENODEV or ENOTTY (it is
 * not a map's), and each that changes elements with EPERM (the map is frozen).
 * Only the functions that wait can fail with EINTR: others go on after a signal.
 *
 * Threads may share a struct hmap between hmap_open() and hmap_close(). The map
 * itself may be used by any number of threads and processes at once.
 *
 * Maps that can be mapped (HMAP_CREATE_MMAP): hmap_get() and hmap_contains() look
 * into the memory of the map, without a system call, if it is open for reading.
 * They return the same as those that ask the kernel, and ask it themselves where
 * they cannot tell. But a pointer that leads nowhere is then not EFAULT: it crashes
 * the program, as anywhere else.
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
 * HMAP_OPEN_OWNED - refuse a map that other users can change
 *
 * A flag of hmap_open() and hmap_open_named(). The map has to belong to the effective
 * user of the process, or to root, and its mode may let neither the group nor others
 * write; in a map with an access control list the former are all that the list names.
 * So a program gets no map that another user has put in the place of its own. What
 * maps are shared with a group asks hmap_info() for the owner itself.
 */
#define HMAP_OPEN_OWNED		0x40000000

/**
 * hmap_open() - open a map
 * @path: its file; NULL for HMAP_DEVICE, the default map
 * @flags: O_RDONLY, O_WRONLY or O_RDWR, with HMAP_OPEN_OWNED or without. Which
 *	functions the mode permits is told at each; those that say nothing work with
 *	any.
 *
 * The file is closed on exec.
 *
 * Return: the map, to be given to hmap_close(); NULL with errno EINVAL
 * (@flags), ENOTTY (@path is no map), EPERM (HMAP_OPEN_OWNED refuses it), ENOMEM, or
 * any error of open(2).
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
 * hmap_open_named() - open a map by its name
 * @name: its name in HMAP_NODES; or with a slash in it a path, as for hmap_open()
 * @flags: as for hmap_open()
 *
 * Return: the map; NULL with errno EINVAL (an empty name, "." or ".."), ENOENT (no map
 * has the name), ENODEV (no hmapfs is mounted on HMAP_NODES, see hmap(4)), or as for
 * hmap_open().
 */
HMAP_API struct hmap *hmap_open_named(const char *name, int flags);

/**
 * hmap_create() - make a map
 * @device: the device; NULL for HMAP_DEVICE. The caller needs to be allowed to
 *	write to it
 * @create: what the map is to be, with @create->size = sizeof(*create). All
 *	that is 0 is as usual; see struct hmap_ioc_create
 *
 * The map is open for reading and writing. Without a name it is known to this
 * process, and to those that get its file descriptor by fork(2) or over a socket,
 * and goes with the last of them. With a name others can open it; it stays until
 * hmap_destroy_named(). With HMAP_CREATE_DIR it is made in the directory @create->dir;
 * without a name there it can be filled first, and then be given one by hmap_link().
 *
 * Return: the map, to be given to hmap_close(); NULL with errno EINVAL (an
 * attribute is wrong, or the hint above max_entries), E2BIG (a newer kernel is
 * needed for one), EEXIST (there is a map of this name), ENODEV (no hmapfs is mounted on
 * HMAP_NODES, or @create->dir is no directory of one), EACCES (the directory may not be
 * written), EROFS, EBADF, ENOTDIR, EOVERFLOW, ENOSPC (the file system is full, or the
 * hint above max_bytes), EDQUOT (as many maps as a user may have), ENOMEM, EMFILE,
 * ENFILE, or any error of open(2).
 */
HMAP_API struct hmap *hmap_create(const char *device,
				  const struct hmap_ioc_create *create);

/**
 * hmap_link() - give a map a name
 * @map: a map that was made with HMAP_CREATE_DIR and without a name, or has one
 * @name: the name in HMAP_NODES, or with a slash in it a path, in the file system in
 *	which it was made
 *
 * From then on others find it, with all that has been put into it before.
 *
 * Return: 0; -EEXIST: the name is taken; -EXDEV: that is another file system;
 * -ENOENT: its last name is gone, it is an anonymous map, or there is no such
 * directory; -ENODEV: no hmapfs is mounted on HMAP_NODES; -ENOSPC: the file system is
 * full; -EPERM: the map belongs to another user (see protected_hardlinks in proc(5));
 * -EINVAL: an empty name, "." or ".."; or any error of linkat(2).
 */
HMAP_API int hmap_link(const struct hmap *map, const char *name);

/**
 * hmap_destroy_named() - take a map's name away
 * @name: the name in HMAP_NODES, or with a slash in it a path
 *
 * unlink(2), but only in a file system of maps. It cannot be opened by this name any
 * more; a program that has it open goes on using it, and it goes with its last name and
 * the last of these.
 *
 * Return: 0; -ENOENT: no map has that name; -EACCES, -EPERM: the caller may not change
 * the directory; -ENODEV: it is in no hmapfs, or none is mounted on HMAP_NODES; -EINVAL:
 * an empty name, "." or ".."; or any error of unlink(2).
 */
HMAP_API int hmap_destroy_named(const char *name);

/**
 * hmap_list_named() - names of maps
 * @directory: a directory of a file system of maps; NULL for HMAP_NODES
 * @names: out: a block of memory with pointers to the names, in the order of strcmp(),
 *	and NULL behind them; to be given to free(). NULL after a failure
 *
 * Only maps are listed, and no directories or symbolic links. A name may have any bytes
 * but '/': it is not fit to be printed as it is.
 *
 * Return: how many names there are; -ENODEV: @directory is in no hmapfs, or none is
 * mounted on HMAP_NODES; -EINVAL: @names is NULL; -ENOMEM; or any error of open(2).
 */
HMAP_API int hmap_list_named(const char *directory, char ***names);

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
 * hmap_is_mapped() - are lookups made without system calls?
 * @map: the map
 *
 * Return: 1: yes; 0: no: it was not made for that, is not open for reading, or
 * there is no room among the addresses of the process; -EINVAL if @map is NULL.
 */
HMAP_API int hmap_is_mapped(const struct hmap *map);

/**
 * hmap_info() - sizes and limits
 * @map: the map
 *
 * They are read once, by hmap_open(): a map never changes them, but for its state,
 * and owner, mode and links of its file, which are as they were then.
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
 * @key_size: its size
 * @value: where a copy of its value goes. Unchanged unless the key was found.
 * @value_size: its size
 *
 * Return: 0; -ENOENT: no such key; -EACCES: not open for reading; -EINVAL: a
 * NULL pointer or another size; -EFAULT: a pointer that leads nowhere.
 */
HMAP_API int hmap_get(const struct hmap *map, const void *key,
		      size_t key_size, void *value, size_t value_size);

/**
 * hmap_contains() - is a key in the map?
 * @map: the map, open for reading
 * @key: the key
 * @key_size: its size
 *
 * Return: 1: yes; 0: no; -EACCES, -EINVAL, -EFAULT as for hmap_get().
 */
HMAP_API int hmap_contains(const struct hmap *map, const void *key,
			   size_t key_size);

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
 * Return: 0; -EEXIST: HMAP_NOEXIST and the key is there; -ENOENT: HMAP_EXIST
 * and it is not; -ENOSPC: the map is full; -EMLINK: too many keys have been chosen
 * to collide with this one; -ENOMEM: no memory; -EACCES: not open for writing;
 * -EINVAL: a NULL pointer, another size or unknown @flags; -EFAULT: a pointer that
 * leads nowhere. After an error the map is as it was.
 */
HMAP_API int hmap_put(const struct hmap *map, const void *key,
		      size_t key_size, const void *value, size_t value_size,
		      unsigned int flags);

/**
 * hmap_delete() - remove an element
 * @map: the map, open for writing
 * @key: the key
 * @key_size: its size
 *
 * Return: 0; -ENOENT: no such key; -EACCES: not open for writing; -EINVAL: a
 * NULL pointer or another size; -EFAULT: a pointer that leads nowhere; -ENOMEM.
 */
HMAP_API int hmap_delete(const struct hmap *map, const void *key,
			 size_t key_size);

/**
 * hmap_pop() - remove an element and return its value
 * @map: the map, open for reading and writing
 * @key: the key
 * @key_size: its size
 * @value: where its value goes; NULL if it is not wanted. Unchanged unless the key
 *	was found
 * @value_size: its size
 *
 * Return: 0, or an error as hmap_delete(). After -EFAULT for @value the element is
 * gone.
 */
HMAP_API int hmap_pop(const struct hmap *map, const void *key,
		      size_t key_size, void *value, size_t value_size);

/**
 * hmap_get_or_put() - look a key up, and insert it if it is not there
 * @map: the map, open for reading and writing
 * @key: the key
 * @key_size: its size
 * @value: in: the value to insert; out: the one that is in the map afterwards
 * @value_size: its size
 *
 * Of several who do this at once for the same key one inserts; all get his value.
 *
 * Return: 1: the key was there; 0: it has been inserted; an error as hmap_put().
 */
HMAP_API int hmap_get_or_put(const struct hmap *map, const void *key,
			     size_t key_size, void *value, size_t value_size);

/**
 * hmap_swap() - insert or overwrite an element and return its old value
 * @map: the map, open for writing; if @old is not NULL also for reading
 * @key: the key
 * @key_size: its size
 * @value: the value
 * @old: where the value before goes, zeros if there was none; NULL if it is not
 *	wanted
 * @value_size: the size of @value, and of @old if that is not NULL
 * @flags: as for hmap_put()
 *
 * Return: 1: the key was there; 0: it was not; an error as hmap_put().
 */
HMAP_API int hmap_swap(const struct hmap *map, const void *key,
		       size_t key_size, const void *value, void *old,
		       size_t value_size, unsigned int flags);

/**
 * hmap_compare_swap() - overwrite a value if it is the one expected
 * @map: the map, open for reading and writing; no set
 * @key: the key
 * @key_size: its size
 * @expected: in: what the value should be; out: what it was
 * @value: what it becomes then
 * @value_size: the size of either
 * @flags: HMAP_OP_CREATE to take a missing element as one of zeros, or 0
 *
 * Return: 0; -ECANCELED: the value is another, the map is as it was, and @expected
 * is ready for the next try; -ENOENT: no such key; or another error as hmap_put().
 */
HMAP_API int hmap_compare_swap(const struct hmap *map, const void *key,
			       size_t key_size, void *expected,
			       const void *value, size_t value_size,
			       unsigned int flags);

/**
 * hmap_add() - add to a number in a value
 * @map: the map, open for reading and writing; no set
 * @key: the key. If it is not there it is inserted with a value of zeros first
 * @key_size: its size
 * @offset: where in the value the number begins
 * @length: bytes of it: 1, 2, 4 or 8, in the order of the machine
 * @operand: what to add; to subtract, minus that. It wraps
 * @number: where the sum goes; NULL if it is not wanted
 *
 * No addition is lost, however many add at once.
 *
 * Return: 1: the key was there; 0: it has been inserted; an error as hmap_put();
 * also -EINVAL: the value has no such part.
 */
HMAP_API int hmap_add(const struct hmap *map, const void *key,
		      size_t key_size, size_t offset, size_t length,
		      __u64 operand, __u64 *number);

/**
 * hmap_do() - carry any operation out
 * @map: the map, open for what the operation does
 * @op: the operation; all of it is described in linux/hmap.h. Its result is set,
 *	and if that is 0 or -ECANCELED answer and existed
 * @key_size: the size of its key
 * @value_size: the size of values of which its other pointers lead to parts, or to
 *	all; it has to be right also if there are none
 *
 * Return: the result: 0, or a negative errno value.
 */
HMAP_API int hmap_do(const struct hmap *map, struct hmap_op *op,
		     size_t key_size, size_t value_size);

/**
 * hmap_batch() - carry several operations out in one system call
 * @map: the map
 * @ops: the operations, of any kinds. Each gets its own result
 * @count: how many
 * @key_size: as for hmap_do()
 * @value_size: as for hmap_do()
 * @flags: HMAP_BATCH_STOP to do nothing more after the first that fails, or 0
 * @done: where it goes how many have been carried out, whether they failed or not,
 *	also after an error; NULL if it is not wanted
 *
 * They are carried out in this order, each for itself. What an operation may do
 * is checked for each.
 *
 * Return: 0, also if some failed; -EINVAL: a NULL pointer, another size or unknown
 * @flags; -EFAULT: @ops leads nowhere; -ENOMEM.
 */
HMAP_API int hmap_batch(const struct hmap *map, struct hmap_op *ops,
			unsigned int count, size_t key_size,
			size_t value_size, unsigned int flags,
			unsigned int *done);

/**
 * hmap_vector() - the same operation on many elements
 * @map: the map, open for what the operation does
 * @vector: described in linux/hmap.h. size is filled in; done and failed are set
 *	whatever is returned
 *
 * Much faster than as many single operations.
 *
 * Return: 0, also if it failed for some elements; -EINVAL: a NULL pointer, another
 * size, or what the operation does not take; -EACCES: not open for it; -EFAULT: a
 * pointer that leads nowhere; -ENOMEM.
 */
HMAP_API int hmap_vector(const struct hmap *map, struct hmap_ioc_vector *vector);

/**
 * hmap_get_many() - look many keys up
 * @map: the map, open for reading
 * @keys: the keys, one behind the other
 * @key_size: the size of one
 * @values: where their values go, in the same order; NULL if they are not wanted.
 *	That of a key that is not there stays as it is
 * @value_size: the size of one
 * @results: where 0 or -ENOENT goes for each; NULL if it is not wanted
 * @count: how many, up to INT_MAX
 *
 * Return: how many were found; an error as hmap_vector().
 */
HMAP_API int hmap_get_many(const struct hmap *map, const void *keys,
			   size_t key_size, void *values, size_t value_size,
			   __s32 *results, unsigned int count);

/**
 * hmap_put_many() - insert or overwrite many elements
 * @map: the map, open for writing
 * @keys: the keys, one behind the other
 * @key_size: the size of one
 * @values: their values, in the same order
 * @value_size: the size of one
 * @results: where 0 or an error of hmap_put() goes for each; NULL if it is not
 *	wanted
 * @count: how many, up to INT_MAX
 * @flags: as for hmap_put()
 *
 * Return: how many succeeded; an error as hmap_vector().
 */
HMAP_API int hmap_put_many(const struct hmap *map, const void *keys,
			   size_t key_size, const void *values,
			   size_t value_size, __s32 *results,
			   unsigned int count, unsigned int flags);

/**
 * hmap_delete_many() - remove many elements
 * @map: the map, open for writing
 * @keys: the keys, one behind the other
 * @key_size: the size of one
 * @results: where 0 or -ENOENT goes for each; NULL if it is not wanted
 * @count: how many, up to INT_MAX
 *
 * Return: how many were removed; an error as hmap_vector().
 */
HMAP_API int hmap_delete_many(const struct hmap *map, const void *keys,
			      size_t key_size, __s32 *results,
			      unsigned int count);

/**
 * hmap_scan() - visit the elements
 * @map: the map, open for reading
 * @cursor: the place; all zero bytes to start. Moved on by success, left as it
 *	is by an error.
 * @keys: where keys go, one behind the other: @capacity * @key_size bytes
 * @key_size: the size of one
 * @values: where values go in the same order; NULL if they are not wanted
 * @value_size: the size of one
 * @capacity: how many elements fit; at least 1
 *
 * Call it until it returns 0. A key that is in the map from the first call to
 * the last is returned exactly once, whatever is written meanwhile. A scan
 * leaves nothing behind in the kernel: it may be given up at any place.
 *
 * Return: the number of elements written; 0: the scan is over; -EACCES: not
 * open for reading; -EINVAL: a NULL pointer, another size, or @capacity 0 or
 * above INT_MAX; -EFAULT: a pointer that leads nowhere; -ENOMEM.
 */
HMAP_API int hmap_scan(const struct hmap *map, struct hmap_cursor *cursor,
		       void *keys, size_t key_size, void *values,
		       size_t value_size, unsigned int capacity);

/**
 * hmap_select() - visit some elements
 * @map: the map, open for reading
 * @cursor: as for hmap_scan()
 * @keys: where keys go; NULL if only values are wanted
 * @key_size: the size of one
 * @values: where values go; NULL if only keys are wanted
 * @value_size: the size of one
 * @capacity: how many elements fit; at least 1
 * @flags: HMAP_SCAN_RANDOM to begin anywhere, or 0
 * @prefix: what the keys have to begin with; may be NULL if @prefix_size is 0
 * @prefix_size: bytes of it
 *
 * As hmap_scan(), of which it is the general form.
 *
 * Return: as hmap_scan(); also -EINVAL: unknown @flags, or @prefix_size is above
 * the key size.
 */
HMAP_API int hmap_select(const struct hmap *map, struct hmap_cursor *cursor,
			 void *keys, size_t key_size, void *values,
			 size_t value_size, unsigned int capacity,
			 unsigned int flags, const void *prefix,
			 size_t prefix_size);

/**
 * hmap_count() - the number of elements
 * @map: the map
 *
 * Takes the same time however many there are.
 *
 * Return: the number; -EINVAL: @map is NULL.
 */
HMAP_API long long hmap_count(const struct hmap *map);

/**
 * hmap_reserve() - make room for a number of elements
 * @map: the map, open for writing
 * @count: how many the map shall hold without growing
 *
 * The map does not shrink below that by itself.
 *
 * Return: 0; -EINVAL: @map is NULL, or @count is more than max_entries or than any
 * map can hold; -ENOSPC: more than its limits of memory allow; -EACCES: not open
 * for writing; -ENOMEM.
 */
HMAP_API int hmap_reserve(const struct hmap *map, unsigned long long count);

/**
 * hmap_shrink() - give back what memory the elements do not need
 * @map: the map, open for writing
 *
 * What was reserved, or asked for when the map was made, is given up.
 *
 * Return: 0; -EACCES: not open for writing; -EINVAL: @map is NULL; -ENOMEM: no
 * memory to move to.
 */
HMAP_API int hmap_shrink(const struct hmap *map);

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
 * @key_size: its size
 * @value: HMAP_WAIT_PRESENT: where its value goes; may be NULL.
 *	HMAP_WAIT_OTHER: the value that it must not have; the new one goes there.
 *	HMAP_WAIT_ABSENT: not looked at; may be NULL
 * @value_size: its size
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
 * deadline is over; -EPERM: it never will be so, for the map is frozen; -EINTR: a
 * signal handler ran that was not installed with SA_RESTART; -EACCES: not open for
 * reading; -EINVAL: a NULL pointer, another size, unknown @flags, or @deadline has
 * nanoseconds out of range; -EFAULT: a pointer that leads nowhere; -ENOMEM. @value is
 * unchanged after an error.
 */
HMAP_API int hmap_wait(const struct hmap *map, const void *key,
		       size_t key_size, void *value, size_t value_size,
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
 * Return: 0; -ETIMEDOUT: the deadline is over; -EPERM: there will be no change, for
 * the map is frozen; -EINTR: a signal handler ran that was not installed with
 * SA_RESTART; -EACCES: not open for reading; -EINVAL: a NULL pointer, or @deadline
 * has nanoseconds out of range.
 */
HMAP_API int hmap_wait_change(const struct hmap *map, __u64 *state,
			      const struct timespec *deadline);

/**
 * hmap_freeze() - allow no change of a map any more
 * @map: the map, open for writing
 *
 * From then on nobody can change it, for ever: -EPERM. When this returns, changes
 * that were under way are done.
 *
 * Return: 0; -EACCES: not open for writing; -EINVAL: @map is NULL.
 */
HMAP_API int hmap_freeze(const struct hmap *map);

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
 * Return: 0; -EINVAL: a NULL pointer.
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
