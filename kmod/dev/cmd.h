/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands, which are ioctls under way, and the functions that do them. dev.c has the
 * table.
 */
#ifndef _HMAP_DEV_CMD_H
#define _HMAP_DEV_CMD_H

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>

#include "object.h"

/* Flags of CREATE that are flags of the map as well. */
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
	struct hmap_ioc_wait wait;
};

/**
 * struct hmap_call - an ioctl under way
 * @file: the file
 * @object: what the file is bound to
 * @map: the map of @object
 * @user: where the structure is
 * @arg: the kernel's copy of it; fields that the caller does not know are 0
 */
struct hmap_call {
	struct file *file;
	struct hmap_object *object;
	struct hmap *map;
	void __user *user;
	union hmap_ioc_arg arg;
};

/* Writes the structure back, as much of it as the caller knows. */
static inline int hmap_call_return(struct hmap_call *call, u32 size)
{
	u32 n = min(call->arg.size, size);

	return copy_to_user(call->user, &call->arg, n) ? -EFAULT : 0;
}

/**
 * hmap_call_restart() - what a command returns that can be begun again
 * @ret: what a function of the map has returned
 *
 * A call that a signal has ended goes on when it is restarted, which the program does not
 * notice unless it handles the signal without SA_RESTART.
 *
 * Return: @ret, or -ERESTARTSYS in the place of -EINTR.
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

/* watch.c */
int hmap_cmd_wait(struct hmap_call *call);

#endif /* _HMAP_DEV_CMD_H */
