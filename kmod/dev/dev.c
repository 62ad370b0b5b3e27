// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/hmap: a map for programs, through ioctls.
 *
 * What is wrong with a call is found in this order, and nothing has been
 * changed or written before the last of these steps:
 *
 *   1. -ENOTTY  there is no such command, or not for such a file
 *   2. -EACCES  the file is not open for reading, or writing, as it demands
 *   3. -EFAULT  the structure cannot be read; -EINVAL: it is too short;
 *      -E2BIG   it is too long, or what is behind the known fields is not 0
 *   4. -EPERM   the caller lacks a capability, or is not the map's owner
 *   5. -EINVAL  an unknown flag, a reserved field that is not 0, a wrong size
 *   6. -ENOMEM  there is no memory for a bounce buffer
 *   7. -EFAULT  the key cannot be read, then the value of a put
 *   8. -EPERM   the map is frozen, and the call would change it
 *   9. what the map says: -ENOENT, -EEXIST, -ENOSPC, -ENOMEM, ...
 *  10. -EFAULT  the result cannot be written
 *
 * A signal ends a long call early. The kernel restarts the call unless the signal has
 * a handler without SA_RESTART: then the call returns -EINTR. The work done so far
 * stays done, and the structure says how much that is. VERIFY is not restarted, since
 * it would begin anew each time.
 *
 * SCAN differs in one point: from step 5 on it writes the structure back whatever it
 * returns, with the number of elements delivered and the place behind them. OP, BATCH
 * and VECTOR do so, too, with the work done; they check for each operation whether
 * the file is open for it and the map is not frozen.
 */
#include <linux/fs.h>
#include <linux/hmap.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "cmd.h"
#include "dev.h"
#include "fs.h"
#include "mapped.h"
#include "watch.h"

/**
 * struct hmap_command - an entry of the table of commands
 * @fn: carries it out
 * @size: bytes of the structure that this kernel knows
 * @min_size: bytes that the caller must provide. Does not change if the structure
 *	grows
 * @mode: modes that the file must be open for; 0 if any will do
 * @device: only for files of the device itself
 */
struct hmap_command {
	int (*fn)(struct hmap_call *call);
	u32 size;
	u32 min_size;
	fmode_t mode;
	bool device;
};

/*
 * @_last is the last field that a caller must provide. For commands that only return
 * data that is the second field; otherwise it is the last field of ABI version 1.
 */
#define COMMAND(_ioctl, _fn, _struct, _last, ...)			\
	[_IOC_NR(_ioctl)] = {						\
		.fn = _fn,						\
		.size = sizeof(struct _struct),				\
		.min_size = offsetofend(struct _struct, _last),		\
		__VA_ARGS__						\
	}

static const struct hmap_command hmap_commands[] = {
	COMMAND(HMAP_IOC_INFO, hmap_cmd_info, hmap_ioc_info, flags),
	COMMAND(HMAP_IOC_GET, hmap_cmd_get, hmap_ioc_elem, value,
		.mode = FMODE_READ),
	COMMAND(HMAP_IOC_PUT, hmap_cmd_put, hmap_ioc_elem, value,
		.mode = FMODE_WRITE),
	COMMAND(HMAP_IOC_DELETE, hmap_cmd_delete, hmap_ioc_elem, value,
		.mode = FMODE_WRITE),
	COMMAND(HMAP_IOC_SCAN, hmap_cmd_scan, hmap_ioc_scan, cursor,
		.mode = FMODE_READ),
	COMMAND(HMAP_IOC_CLEAR, hmap_cmd_clear, hmap_ioc_plain, flags,
		.mode = FMODE_WRITE),
	COMMAND(HMAP_IOC_STATS, hmap_cmd_stats, hmap_ioc_stats, reserved),
	COMMAND(HMAP_IOC_LAYOUT, hmap_cmd_layout, hmap_ioc_layout, reserved),
	COMMAND(HMAP_IOC_VERIFY, hmap_cmd_verify, hmap_ioc_plain, flags),
	COMMAND(HMAP_IOC_CREATE, hmap_cmd_create, hmap_ioc_create, name,
		.mode = FMODE_WRITE, .device = true),
	COMMAND(HMAP_IOC_FREEZE, hmap_cmd_freeze, hmap_ioc_plain, flags,
		.mode = FMODE_WRITE),
	COMMAND(HMAP_IOC_OP, hmap_cmd_op, hmap_ioc_op, op),
	COMMAND(HMAP_IOC_BATCH, hmap_cmd_batch, hmap_ioc_batch, failed),
	COMMAND(HMAP_IOC_VECTOR, hmap_cmd_vector, hmap_ioc_vector, results),
	COMMAND(HMAP_IOC_COUNT, hmap_cmd_count, hmap_ioc_count, count),
	COMMAND(HMAP_IOC_RESERVE, hmap_cmd_reserve, hmap_ioc_count, count,
		.mode = FMODE_WRITE),
	COMMAND(HMAP_IOC_SHRINK, hmap_cmd_shrink, hmap_ioc_plain, flags,
		.mode = FMODE_WRITE),
	COMMAND(HMAP_IOC_SET, hmap_cmd_set, hmap_ioc_set, max_bytes,
		.mode = FMODE_WRITE),
	COMMAND(HMAP_IOC_WAIT, hmap_cmd_wait, hmap_ioc_wait, state,
		.mode = FMODE_READ),
};

/*
 * Find a command. The number alone is not enough: type, direction and size of @cmd
 * must match too. Not all numbers are in use.
 */
static const struct hmap_command *hmap_find_command(unsigned int cmd)
{
	const struct hmap_command *command;
	unsigned int nr = _IOC_NR(cmd);

	if (nr >= ARRAY_SIZE(hmap_commands) || cmd != _IO(HMAP_IOC_MAGIC, nr))
		return NULL;
	command = &hmap_commands[array_index_nospec(nr,
						    ARRAY_SIZE(hmap_commands))];
	return command->fn ? command : NULL;
}

/*
 * Copy the structure in. The limit of a page bounds the check for non-zero bytes
 * behind the fields that this kernel knows.
 */
static int hmap_call_begin(struct hmap_call *call,
			   const struct hmap_command *command)
{
	u32 size;
	int ret;

	if (get_user(size, (u32 __user *)call->user))
		return -EFAULT;
	if (size < command->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&call->arg, command->size, call->user,
				    size);
	/* Another thread may have changed it between the two reads. */
	call->arg.size = size;
	return ret;
}

static long hmap_dev_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	const struct hmap_command *command = hmap_find_command(cmd);
	struct hmap_file *hf = file->private_data;
	struct hmap_call call = {
		.file = file,
		.object = hf->object,
		.map = &hf->object->map,
		.user = (void __user *)arg,
	};
	int ret;

	if (!command || (command->device && !hf->device))
		return -ENOTTY;
	if ((file->f_mode & command->mode) != command->mode)
		return -EACCES;
	ret = hmap_call_begin(&call, command);
	return ret ?: command->fn(&call);
}

static int hmap_object_release(struct inode *inode, struct file *file)
{
	hmap_file_unbind(file);
	return 0;
}

/* Additional lines in /proc/PID/fdinfo. */
static void hmap_object_show(struct seq_file *m, struct file *file)
{
	struct hmap_file *hf = file->private_data;
	struct hmap_stats stats;

	hmap_get_stats(&hf->object->map, &stats);
	seq_printf(m, "hmap-entries:\t%llu\nhmap-memory:\t%llu\nhmap-frozen:\t%d\n",
		   stats.count, stats.memory, READ_ONCE(hf->object->freezing));
}

/* Files of maps: of hmapfs, or anonymous ones made by CREATE. */
const struct file_operations hmap_file_fops = {
	.owner = THIS_MODULE,
	.open = hmapfs_open,
	.release = hmap_object_release,
	.poll = hmap_file_poll,
	.read_iter = hmap_file_read,
	.unlocked_ioctl = hmap_dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = hmap_file_mmap,
	.show_fdinfo = hmap_object_show,
};

/**
 * struct hmap_device - a device and its map
 * @misc: the device
 * @object: the object that its files are bound to
 */
struct hmap_device {
	struct miscdevice misc;
	struct hmap_object *object;
};

static int hmap_dev_open(struct inode *inode, struct file *file)
{
	struct miscdevice *misc = file->private_data;
	struct hmap_device *dev = container_of(misc, struct hmap_device, misc);
	int ret;

	ret = hmap_file_bind(file, dev->object, true);
	return ret ?: nonseekable_open(inode, file);
}

static const struct file_operations hmap_dev_fops = {
	.owner = THIS_MODULE,
	.open = hmap_dev_open,
	.release = hmap_object_release,
	.poll = hmap_file_poll,
	.read_iter = hmap_file_read,
	.unlocked_ioctl = hmap_dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = hmap_object_show,
};

/* Root only; the udev rule that comes with the module gives a group access. */
static struct hmap_device hmap_device = {
	.misc = {
		.minor = MISC_DYNAMIC_MINOR,
		.name = "hmap",
		.fops = &hmap_dev_fops,
		.mode = 0600,
	},
};

int hmap_dev_register(struct hmap_object *object)
{
	hmap_device.object = object;
	return misc_register(&hmap_device.misc);
}

void hmap_dev_unregister(void)
{
	misc_deregister(&hmap_device.misc);
}
