/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands: the functions behind the ioctls, and their argument. dev.c has the
 * table.
 */
#ifndef _HMAP_DEV_CMD_H
#define _HMAP_DEV_CMD_H

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>

#include "object.h"

/* Flags of CREATE that are also flags of the map. */
#define HMAP_CREATE_PARAMS	(HMAP_CREATE_NO_SHRINK | HMAP_CREATE_NUMA_NODE)

union hmap_ioc_arg {
	u32 size;
	struct hmap_ioc_info info;
	struct hmap_ioc_elem elem;
	struct hmap_ioc_scan scan;
	struct hmap_ioc_stats stats;
	struct hmap_ioc_layout layout;
	struct hmap_ioc_plain plain;
	struct hmap_ioc_create create;
	struct hmap_ioc_op op;
	struct hmap_ioc_batch batch;
	struct hmap_ioc_vector vector;
	struct hmap_ioc_count count;
	struct hmap_ioc_set set;
	struct hmap_ioc_wait wait;
};

/**
 * struct hmap_call - an ioctl in progress
 * @file: the file
 * @object: the object that the file is bound to
 * @map: the map of @object
 * @user: user address of the structure
 * @arg: the kernel's copy of the structure; fields that the caller did not pass are
 *	0
 */
struct hmap_call {
	struct file *file;
	struct hmap_object *object;
	struct hmap *map;
	void __user *user;
	union hmap_ioc_arg arg;
};

/* Write the structure back, up to the size that the caller passed. */
static inline int hmap_call_return(struct hmap_call *call, u32 size)
{
	u32 n = min(call->arg.size, size);

	return copy_to_user(call->user, &call->arg, n) ? -EFAULT : 0;
}

/**
 * hmap_call_restart() - result of a command that can be restarted
 * @ret: result of a function of the map
 *
 * A call that has been interrupted by a signal continues when it is restarted. The
 * program does not notice unless it handles the signal without SA_RESTART.
 *
 * Return: @ret, but -ERESTARTSYS instead of -EINTR.
 */
static inline int hmap_call_restart(int ret)
{
	return ret == -EINTR ? -ERESTARTSYS : ret;
}

/* cmd_create.c */
int hmap_cmd_create(struct hmap_call *call);

/* cmd_elem.c: single elements */
int hmap_cmd_get(struct hmap_call *call);
int hmap_cmd_put(struct hmap_call *call);
int hmap_cmd_delete(struct hmap_call *call);

/* cmd_op.c: any operation on a single element */
int hmap_cmd_op(struct hmap_call *call);

/* cmd_batch.c: many operations */
int hmap_cmd_batch(struct hmap_call *call);
int hmap_cmd_vector(struct hmap_call *call);

/* cmd_scan.c */
int hmap_cmd_scan(struct hmap_call *call);

/* cmd_map.c: the map as a whole */
int hmap_cmd_info(struct hmap_call *call);
int hmap_cmd_stats(struct hmap_call *call);
int hmap_cmd_layout(struct hmap_call *call);
int hmap_cmd_verify(struct hmap_call *call);
int hmap_cmd_count(struct hmap_call *call);
int hmap_cmd_clear(struct hmap_call *call);
int hmap_cmd_reserve(struct hmap_call *call);
int hmap_cmd_shrink(struct hmap_call *call);
int hmap_cmd_freeze(struct hmap_call *call);
int hmap_cmd_set(struct hmap_call *call);

/* watch.c */
int hmap_cmd_wait(struct hmap_call *call);

#endif /* _HMAP_DEV_CMD_H */
