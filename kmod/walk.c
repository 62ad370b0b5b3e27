// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that go over the whole map.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "dev.h"

/* What a scan gathers before it copies it out, if an element is not larger. */
#define SCAN_BOUNCE	SZ_64K

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

int hmap_cmd_scan(struct hmap_call *call)
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

int hmap_cmd_clear(struct hmap_call *call)
{
	int ret;

	if (call->arg.plain.flags)
		return -EINVAL;
	ret = hmap_clear(call->map);
	if (!ret)
		hmap_object_changed(call->object, NULL, 0);
	return ret;
}

int hmap_cmd_layout(struct hmap_call *call)
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

int hmap_cmd_verify(struct hmap_call *call)
{
	/* It keeps everybody else off the map for as long as it takes. */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (call->arg.plain.flags)
		return -EINVAL;
	return hmap_verify(call->map);
}
