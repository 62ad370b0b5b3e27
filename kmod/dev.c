// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/hmap: a map for programs, through ioctls.
 *
 * What is wrong with a call is found in this order, and nothing has been
 * changed or written before the last of these steps:
 *
 *   1. -ENOTTY  there is no such command
 *   2. -EACCES  the file is not open for reading, or writing, as it demands
 *   3. -EFAULT  the structure cannot be read; -EINVAL: it is too short;
 *      -E2BIG   it is too long, or what is behind the known fields is not 0
 *   4. -EPERM   the caller lacks a capability
 *   5. -EINVAL  an unknown flag, a reserved field that is not 0, a wrong size
 *   6. -ENOMEM  there is no memory for a bounce buffer
 *   7. -EFAULT  the key cannot be read, then the value of a put
 *   8. what the map says: -ENOENT, -EEXIST, -ENOSPC, -ENOMEM, ...
 *   9. -EFAULT  the result cannot be written
 *
 * A scan differs in one point: from step 5 on, whatever it returns, it writes
 * the structure back with the count of what has been delivered and the cursor
 * behind that.
 *
 * No address of the caller is touched while the map is locked: keys and
 * values go through a bounce buffer, so that a page fault can neither hold up
 * other users of the map nor leave half of a change behind.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/hmap.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "dev.h"

/* A key and a value of up to this many bytes together fit on the stack. */
#define ELEM_ON_STACK	256

/* What a scan gathers before it copies it out, if an element is not larger. */
#define SCAN_BOUNCE	SZ_64K

union hmap_ioc_arg {
	u32 size;
	struct hmap_ioc_info info;
	struct hmap_ioc_elem elem;
	struct hmap_ioc_scan scan;
	struct hmap_ioc_stats stats;
	struct hmap_ioc_layout layout;
	struct hmap_ioc_plain plain;
};

/**
 * struct hmap_call - an ioctl under way
 * @map: what the file is bound to
 * @user: where the structure is
 * @arg: the kernel's copy of it; fields that the caller does not know are 0
 */
struct hmap_call {
	struct hmap *map;
	void __user *user;
	union hmap_ioc_arg arg;
};

/**
 * struct hmap_command - an entry of the table of commands
 * @fn: does it
 * @size: bytes of the structure that this kernel knows
 * @min_size: bytes that the caller has to know. As the structure grows this
 *	stays behind
 * @mode: how the file has to be open; 0 if that does not matter
 */
struct hmap_command {
	int (*fn)(struct hmap_call *call);
	u32 size;
	u32 min_size;
	fmode_t mode;
};

/* Writes the structure back, as much of it as the caller knows. */
static int hmap_call_return(struct hmap_call *call, u32 size)
{
	u32 n = min(call->arg.size, size);

	return copy_to_user(call->user, &call->arg, n) ? -EFAULT : 0;
}

static int hmap_cmd_info(struct hmap_call *call)
{
	const struct hmap_params *params = &call->map->params;
	struct hmap_ioc_info *info = &call->arg.info;

	if (info->flags)
		return -EINVAL;

	info->abi_version = HMAP_ABI_VERSION;
	info->key_size = params->key_size;
	info->value_size = params->value_size;
	info->max_key_size = HMAP_MAX_KEY_SIZE;
	info->max_value_size = HMAP_MAX_VALUE_SIZE;
	info->max_inline_size = HMAP_MAX_INLINE_SIZE;
	info->max_entries = params->max_entries;
	info->hint = params->hint;
	return hmap_call_return(call, sizeof(*info));
}

/**
 * struct hmap_elem_buf - the bounce buffer of one element
 * @key: the key
 * @value: the value, aligned to 8 bytes; NULL if there is none
 * @heap: memory to free, or NULL
 * @small: used instead if it is large enough
 */
struct hmap_elem_buf {
	void *key;
	void *value;
	void *heap;
	u64 small[ELEM_ON_STACK / sizeof(u64)];
};

static int hmap_elem_buf_init(struct hmap_elem_buf *buf, u32 key_size,
			      u32 value_size)
{
	size_t key_room = ALIGN(key_size, sizeof(u64));
	size_t room = key_room + value_size;

	buf->heap = NULL;
	buf->key = buf->small;
	if (room > sizeof(buf->small)) {
		buf->heap = kvmalloc(room, GFP_KERNEL_ACCOUNT);
		if (!buf->heap)
			return -ENOMEM;
		buf->key = buf->heap;
	}
	buf->value = value_size ? buf->key + key_room : NULL;
	return 0;
}

/* Room for the element, and its key. hmap_elem_buf_free() also on error. */
static int hmap_elem_begin(const struct hmap_ioc_elem *elem,
			   struct hmap_elem_buf *buf)
{
	int ret;

	ret = hmap_elem_buf_init(buf, elem->key_size, elem->value_size);
	if (ret)
		return ret;
	if (copy_from_user(buf->key, u64_to_user_ptr(elem->key),
			   elem->key_size))
		return -EFAULT;
	return 0;
}

static void hmap_elem_end(struct hmap_elem_buf *buf)
{
	kvfree(buf->heap);
}

static int hmap_get_elem(struct hmap *h, const struct hmap_ioc_elem *elem,
			 struct hmap_elem_buf *buf)
{
	int ret;

	ret = hmap_elem_begin(elem, buf);
	if (ret)
		return ret;
	ret = hmap_get(h, buf->key, buf->value);
	if (ret || !buf->value)
		return ret;
	if (copy_to_user(u64_to_user_ptr(elem->value), buf->value,
			 elem->value_size))
		return -EFAULT;
	return 0;
}

static int hmap_cmd_get(struct hmap_call *call)
{
	const struct hmap_ioc_elem *elem = &call->arg.elem;
	const struct hmap_params *params = &call->map->params;
	struct hmap_elem_buf buf;
	int ret;

	if (elem->flags || elem->key_size != params->key_size)
		return -EINVAL;
	if (elem->value_size != params->value_size &&
	    (elem->value_size || elem->value))
		return -EINVAL;

	ret = hmap_get_elem(call->map, elem, &buf);
	hmap_elem_end(&buf);
	return ret;
}

static int hmap_put_elem(struct hmap *h, const struct hmap_ioc_elem *elem,
			 struct hmap_elem_buf *buf)
{
	int ret;

	ret = hmap_elem_begin(elem, buf);
	if (ret)
		return ret;
	if (buf->value &&
	    copy_from_user(buf->value, u64_to_user_ptr(elem->value),
			   elem->value_size))
		return -EFAULT;
	return hmap_put(h, buf->key, buf->value, elem->flags,
			GFP_KERNEL_ACCOUNT);
}

static int hmap_cmd_put(struct hmap_call *call)
{
	const struct hmap_ioc_elem *elem = &call->arg.elem;
	const struct hmap_params *params = &call->map->params;
	struct hmap_elem_buf buf;
	int ret;

	if (elem->flags > HMAP_EXIST ||
	    elem->key_size != params->key_size ||
	    elem->value_size != params->value_size)
		return -EINVAL;

	ret = hmap_put_elem(call->map, elem, &buf);
	hmap_elem_end(&buf);
	return ret;
}

static int hmap_cmd_delete(struct hmap_call *call)
{
	const struct hmap_ioc_elem *elem = &call->arg.elem;
	struct hmap_elem_buf buf;
	int ret;

	if (elem->flags || elem->key_size != call->map->params.key_size ||
	    elem->value_size || elem->value)
		return -EINVAL;

	ret = hmap_elem_begin(elem, &buf);
	if (!ret)
		ret = hmap_delete(call->map, buf.key);
	hmap_elem_end(&buf);
	return ret;
}

/**
 * struct hmap_scan_buf - the bounce buffer of a scan
 * @keys: room for @batch keys
 * @values: room for @batch values; NULL if they are not wanted
 * @batch: elements that fit; at least 1
 */
struct hmap_scan_buf {
	void *keys;
	void *values;
	u32 batch;
};

static int hmap_scan_buf_init(struct hmap_scan_buf *buf,
			      const struct hmap_ioc_scan *scan)
{
	u32 elem_size = scan->key_size + scan->value_size;

	buf->batch = clamp_t(u32, SCAN_BOUNCE / elem_size, 1, scan->capacity);
	buf->keys = kvmalloc_array(buf->batch, elem_size, GFP_KERNEL_ACCOUNT);
	if (!buf->keys)
		return -ENOMEM;
	buf->values = NULL;
	if (scan->value_size)
		buf->values = buf->keys + buf->batch * scan->key_size;
	return 0;
}

/* Copies out @n elements behind those that have been. */
static int hmap_scan_deliver(const struct hmap_ioc_scan *scan,
			     const struct hmap_scan_buf *buf, u32 n)
{
	u64 keys = scan->keys + (u64)scan->count * scan->key_size;
	u64 values = scan->values + (u64)scan->count * scan->value_size;

	if (copy_to_user(u64_to_user_ptr(keys), buf->keys,
			 (size_t)n * scan->key_size))
		return -EFAULT;
	if (buf->values &&
	    copy_to_user(u64_to_user_ptr(values), buf->values,
			 (size_t)n * scan->value_size))
		return -EFAULT;
	return 0;
}

/* Count and cursor move on only over what has been delivered. */
static int hmap_scan_fill(struct hmap *h, struct hmap_ioc_scan *scan,
			  const struct hmap_scan_buf *buf)
{
	struct hmap_cursor cursor = scan->cursor;
	u32 n;
	int ret;

	while (scan->count < scan->capacity && !hmap_cursor_done(&cursor)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		n = hmap_scan(h, &cursor, buf->keys, buf->values,
			      min(buf->batch, scan->capacity - scan->count));
		ret = hmap_scan_deliver(scan, buf, n);
		if (ret)
			return ret;
		scan->count += n;
		scan->cursor = cursor;
		cond_resched();
	}
	return 0;
}

static int hmap_scan_check(const struct hmap_params *params,
			   const struct hmap_ioc_scan *scan)
{
	if (scan->flags || !scan->capacity ||
	    scan->key_size != params->key_size)
		return -EINVAL;
	if (scan->value_size != params->value_size &&
	    (scan->value_size || scan->values))
		return -EINVAL;
	return 0;
}

static int hmap_cmd_scan(struct hmap_call *call)
{
	struct hmap_ioc_scan *scan = &call->arg.scan;
	struct hmap_scan_buf buf = {};
	int ret;

	scan->count = 0;
	ret = hmap_scan_check(&call->map->params, scan);
	if (!ret)
		ret = hmap_scan_buf_init(&buf, scan);
	if (!ret)
		ret = hmap_scan_fill(call->map, scan, &buf);
	kvfree(buf.keys);

	return hmap_call_return(call, sizeof(*scan)) ?: ret;
}

static int hmap_cmd_clear(struct hmap_call *call)
{
	if (call->arg.plain.flags)
		return -EINVAL;
	return hmap_clear(call->map);
}

/*
 * Addresses and the seed would help to attack the kernel and the map. The
 * capability has to be one of the initial user namespace: everybody has all
 * capabilities in one of his own. Asking for statistics without it is nothing
 * that the audit log should hear of.
 */
static void hmap_hide_addresses(struct hmap_stats *stats)
{
	if (ns_capable_noaudit(&init_user_ns, CAP_SYSLOG))
		return;
	stats->hash0 = 0;
	stats->buckets = 0;
	stats->oldbuckets = 0;
	stats->extra = 0;
	stats->present &= ~HMAP_HAS_ADDRESSES;
}

static int hmap_cmd_stats(struct hmap_call *call)
{
	struct hmap_ioc_stats *stats = &call->arg.stats;

	if (stats->reserved)
		return -EINVAL;
	hmap_get_stats(call->map, &stats->stats);
	hmap_hide_addresses(&stats->stats);
	return hmap_call_return(call, sizeof(*stats));
}

static int hmap_cmd_layout(struct hmap_call *call)
{
	struct hmap_ioc_layout *layout = &call->arg.layout;
	int ret;

	if (layout->reserved)
		return -EINVAL;
	ret = hmap_get_layout(call->map, &layout->layout);
	if (ret)
		return ret;
	return hmap_call_return(call, sizeof(*layout));
}

static int hmap_cmd_verify(struct hmap_call *call)
{
	/* It keeps everybody else off the map for as long as it takes. */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (call->arg.plain.flags)
		return -EINVAL;
	return hmap_verify(call->map);
}

/*
 * What a caller has to know of a structure: all of version 1, but of one that
 * only brings results no more than its first two fields.
 */
#define HEADER_SIZE	offsetofend(struct hmap_ioc_plain, flags)
#define ELEM_SIZE	offsetofend(struct hmap_ioc_elem, value)
#define SCAN_SIZE	offsetofend(struct hmap_ioc_scan, cursor)

static const struct hmap_command hmap_commands[] = {
	[_IOC_NR(HMAP_IOC_INFO)] = {
		.fn = hmap_cmd_info,
		.size = sizeof(struct hmap_ioc_info),
		.min_size = HEADER_SIZE,
	},
	[_IOC_NR(HMAP_IOC_GET)] = {
		.fn = hmap_cmd_get,
		.size = sizeof(struct hmap_ioc_elem),
		.min_size = ELEM_SIZE,
		.mode = FMODE_READ,
	},
	[_IOC_NR(HMAP_IOC_PUT)] = {
		.fn = hmap_cmd_put,
		.size = sizeof(struct hmap_ioc_elem),
		.min_size = ELEM_SIZE,
		.mode = FMODE_WRITE,
	},
	[_IOC_NR(HMAP_IOC_DELETE)] = {
		.fn = hmap_cmd_delete,
		.size = sizeof(struct hmap_ioc_elem),
		.min_size = ELEM_SIZE,
		.mode = FMODE_WRITE,
	},
	[_IOC_NR(HMAP_IOC_SCAN)] = {
		.fn = hmap_cmd_scan,
		.size = sizeof(struct hmap_ioc_scan),
		.min_size = SCAN_SIZE,
		.mode = FMODE_READ,
	},
	[_IOC_NR(HMAP_IOC_CLEAR)] = {
		.fn = hmap_cmd_clear,
		.size = sizeof(struct hmap_ioc_plain),
		.min_size = HEADER_SIZE,
		.mode = FMODE_WRITE,
	},
	[_IOC_NR(HMAP_IOC_STATS)] = {
		.fn = hmap_cmd_stats,
		.size = sizeof(struct hmap_ioc_stats),
		.min_size = HEADER_SIZE,
	},
	[_IOC_NR(HMAP_IOC_LAYOUT)] = {
		.fn = hmap_cmd_layout,
		.size = sizeof(struct hmap_ioc_layout),
		.min_size = HEADER_SIZE,
	},
	[_IOC_NR(HMAP_IOC_VERIFY)] = {
		.fn = hmap_cmd_verify,
		.size = sizeof(struct hmap_ioc_plain),
		.min_size = HEADER_SIZE,
	},
};

/* No command can be told from the number alone: type and direction count. */
static const struct hmap_command *hmap_find_command(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (nr >= ARRAY_SIZE(hmap_commands) || cmd != _IO(HMAP_IOC_MAGIC, nr))
		return NULL;
	return &hmap_commands[array_index_nospec(nr,
						 ARRAY_SIZE(hmap_commands))];
}

/*
 * A page bounds the search for a byte that is not 0 behind the fields that
 * this kernel knows.
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
	struct hmap_call call = {
		.map = file->private_data,
		.user = (void __user *)arg,
	};
	int ret;

	if (!command)
		return -ENOTTY;
	if ((file->f_mode & command->mode) != command->mode)
		return -EACCES;
	ret = hmap_call_begin(&call, command);
	if (ret)
		return ret;
	return command->fn(&call);
}

/**
 * struct hmap_device - a device and its map
 * @misc: the device
 * @map: what a file of it is bound to
 */
struct hmap_device {
	struct miscdevice misc;
	struct hmap *map;
};

static int hmap_dev_open(struct inode *inode, struct file *file)
{
	struct miscdevice *misc = file->private_data;

	file->private_data = container_of(misc, struct hmap_device, misc)->map;
	return nonseekable_open(inode, file);
}

static const struct file_operations hmap_dev_fops = {
	.owner = THIS_MODULE,
	.open = hmap_dev_open,
	.unlocked_ioctl = hmap_dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* The udev rule that comes with the module lets a group in. */
static struct hmap_device hmap_device = {
	.misc = {
		.minor = MISC_DYNAMIC_MINOR,
		.name = "hmap",
		.fops = &hmap_dev_fops,
		.mode = 0600,
	},
};

int hmap_dev_register(struct hmap *h)
{
	hmap_device.map = h;
	return misc_register(&hmap_device.misc);
}

void hmap_dev_unregister(void)
{
	misc_deregister(&hmap_device.misc);
}
