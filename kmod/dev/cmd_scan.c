// SPDX-License-Identifier: GPL-2.0
/*
 * SCAN: the elements of a map, some with each call.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "cmd.h"

/* Size of the bounce buffer, unless a single element is larger. */
#define SCAN_BOUNCE	SZ_64K

/**
 * struct hmap_scan_buf - the bounce buffer of a scan
 * @heap: memory of the following buffers
 * @keys: room for @batch keys; NULL if they are not needed
 * @values: room for @batch values; NULL if they are not wanted
 * @prefix: the prefix that keys must have
 * @batch: elements that fit; at least 1
 */
struct hmap_scan_buf {
	void *heap;
	void *keys;
	void *values;
	void *prefix;
	u32 batch;
};

static int hmap_scan_buf_init(struct hmap_scan_buf *buf,
			      const struct hmap_ioc_scan *scan)
{
	bool keys = scan->keys || scan->prefix_size;
	bool values = scan->values && scan->value_size;
	size_t elem_size = (keys ? scan->key_size : 0) +
			   (values ? scan->value_size : 0);
	size_t room;

	buf->batch = clamp_t(u32, SCAN_BOUNCE / elem_size, 1, scan->capacity);
	room = buf->batch * elem_size;
	buf->heap = kvmalloc(room + scan->prefix_size, GFP_KERNEL_ACCOUNT);
	if (!buf->heap)
		return -ENOMEM;
	buf->keys = keys ? buf->heap : NULL;
	if (values)
		buf->values = buf->heap + room - buf->batch * scan->value_size;
	buf->prefix = buf->heap + room;
	if (copy_from_user(buf->prefix, u64_to_user_ptr(scan->prefix),
			   scan->prefix_size))
		return -EFAULT;
	return 0;
}

/* Move the elements with the prefix to the front. Returns the number of these. */
static u32 hmap_scan_select(const struct hmap_ioc_scan *scan,
			    const struct hmap_scan_buf *buf, u32 n)
{
	size_t key_size = scan->key_size, value_size = scan->value_size;
	u32 i, selected = 0;
	void *key;

	if (!scan->prefix_size)
		return n;
	for (i = 0; i < n; i++) {
		key = buf->keys + i * key_size;
		if (memcmp(key, buf->prefix, scan->prefix_size))
			continue;
		memmove(buf->keys + selected * key_size, key, key_size);
		if (buf->values)
			memmove(buf->values + selected * value_size,
				buf->values + i * value_size, value_size);
		selected++;
	}
	return selected;
}

/* Copy out @n elements, behind those already copied. */
static int hmap_scan_deliver(const struct hmap_ioc_scan *scan,
			     const struct hmap_scan_buf *buf, u32 n)
{
	u64 keys = scan->keys + (u64)scan->count * scan->key_size;
	u64 values = scan->values + (u64)scan->count * scan->value_size;

	if (scan->keys && copy_to_user(u64_to_user_ptr(keys), buf->keys,
				       (size_t)n * scan->key_size))
		return -EFAULT;
	if (buf->values &&
	    copy_to_user(u64_to_user_ptr(values), buf->values,
			 (size_t)n * scan->value_size))
		return -EFAULT;
	return 0;
}

/*
 * Count and cursor advance only over elements that have been copied out. A signal
 * ends the scan: it returns the elements that it has, or, if there are none, is
 * restarted at the cursor it has reached.
 */
static int hmap_scan_fill(struct hmap *h, struct hmap_ioc_scan *scan,
			  const struct hmap_scan_buf *buf)
{
	struct hmap_cursor cursor = scan->cursor;
	u32 n;
	int ret;

	while (scan->count < scan->capacity && !hmap_cursor_done(&cursor)) {
		n = hmap_scan(h, &cursor, buf->keys, buf->values,
			      min(buf->batch, scan->capacity - scan->count));
		n = hmap_scan_select(scan, buf, n);
		ret = hmap_scan_deliver(scan, buf, n);
		if (ret)
			return ret;
		scan->count += n;
		scan->cursor = cursor;
		if (signal_pending(current))
			return scan->count ? 0 : -ERESTARTSYS;
		cond_resched();
	}
	return 0;
}

static int hmap_scan_check(const struct hmap_params *params,
			   const struct hmap_ioc_scan *scan)
{
	if (scan->flags & ~HMAP_SCAN_RANDOM || scan->reserved ||
	    !scan->capacity || scan->key_size != params->key_size)
		return -EINVAL;
	if (scan->value_size != params->value_size &&
	    (scan->value_size || scan->values))
		return -EINVAL;
	if (!scan->keys && (!scan->values || !scan->value_size))
		return -EINVAL;
	if (scan->prefix_size > params->key_size ||
	    (scan->prefix && !scan->prefix_size))
		return -EINVAL;
	return 0;
}

/* HMAP_SCAN_RANDOM: begin a new scan at a random place. */
static void hmap_scan_start(struct hmap_ioc_scan *scan)
{
	struct hmap_iter iter;

	if (!(scan->flags & HMAP_SCAN_RANDOM) || scan->cursor.place ||
	    scan->cursor.tie || scan->cursor.start)
		return;
	hmap_iter_init(&iter);
	scan->cursor = iter.cursor;
}

int hmap_cmd_scan(struct hmap_call *call)
{
	struct hmap_ioc_scan *scan = &call->arg.scan;
	struct hmap_scan_buf buf = {};
	int ret;

	scan->count = 0;
	ret = hmap_scan_check(&call->map->params, scan);
	if (ret)
		goto out;
	ret = hmap_scan_buf_init(&buf, scan);
	if (ret)
		goto out;
	hmap_scan_start(scan);
	ret = hmap_scan_fill(call->map, scan, &buf);
out:
	kvfree(buf.heap);

	return hmap_call_return(call, sizeof(*scan)) ?: ret;
}
