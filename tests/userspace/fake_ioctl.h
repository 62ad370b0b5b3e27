/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ioctl() that records what the library gives it, and answers as the test wants.
 * Any file is a map, with keys of KEY_SIZE bytes.
 */
#ifndef FAKE_IOCTL_H
#define FAKE_IOCTL_H

#include <errno.h>

#include "hmap.h"
#include "test.h"

#define KEY_SIZE	8
#define VALUE_SIZE	24

/**
 * struct fake - the ioctl()
 * @err: to fail with
 * @info_err: the same for HMAP_IOC_INFO
 * @value_size: of the map
 * @uid: whose it is
 * @file_mode: permissions of its file
 * @hmapfs: any directory is one of a file system of maps; where fstatfs() is imitated
 * @answer: fills the structure of a command in, also of one that fails
 * @info_fd: what INFO was asked of
 * @info: what was passed for that
 * @calls: commands but INFO; what follows is about the last of these
 * @mode: how the file was open
 * @request: which one it was
 * @in: what was passed
 */
struct fake {
	int err;
	int info_err;
	__u32 value_size;
	__u32 uid;
	__u32 file_mode;
	int hmapfs;
	void (*answer)(void *arg);
	int info_fd;
	struct hmap_ioc_info info;
	unsigned int calls;
	int mode;
	unsigned long request;
	union {
		__u32 size;
		struct hmap_ioc_batch batch;
		struct hmap_ioc_count count;
		struct hmap_ioc_create create;
		struct hmap_ioc_elem elem;
		struct hmap_ioc_op op;
		struct hmap_ioc_plain plain;
		struct hmap_ioc_scan scan;
		struct hmap_ioc_set set;
		struct hmap_ioc_vector vector;
		struct hmap_ioc_wait wait;
	} in;
};

extern struct fake fake;

/* @call returns -EINVAL and sets errno, without having asked the kernel. */
#define assert_refused(call)				\
	do {						\
		unsigned int calls = fake.calls;	\
							\
		errno = 0;				\
		assert_int_equal(call, -EINVAL);	\
		assert_int_equal(errno, EINVAL);	\
		assert_int_equal(fake.calls, calls);	\
	} while (0)

/* Forget what was recorded, and answer nothing. */
int reset_fake(void **state);

/* A map, and a set, of the fake, for the test; and the end of either. */
int open_map(void **state);
int open_set(void **state);
int close_map(void **state);

/* The next free file descriptor: the same before and after if nothing leaks. */
int next_fd(void);

#define with_map(test) cmocka_unit_test_setup_teardown(test, open_map, close_map)
#define with_set(test) cmocka_unit_test_setup_teardown(test, open_set, close_map)

#endif /* FAKE_IOCTL_H */
