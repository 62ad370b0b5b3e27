// SPDX-License-Identifier: GPL-2.0
/*
 * Commands for single elements.
 *
 * No address of the caller is touched while the map is locked: keys and
 * values go through a bounce buffer, so that a page fault can neither hold up
 * other users of the map nor leave half of a change behind.
 */
#include <linux/uaccess.h>

#include "cmd.h"
#include "elem_buf.h"
#include "watch.h"

/* Allocate room and copy the key. Call hmap_elem_buf_free() even after an error. */
static int hmap_elem_begin(const struct hmap_ioc_elem *elem,
			   struct hmap_elem_buf *buf)
{
	int ret;

	ret = hmap_elem_buf_init(buf, elem->key_size, elem->value_size, 1);
	if (ret)
		return ret;
	if (copy_from_user(buf->key, u64_to_user_ptr(elem->key),
			   elem->key_size))
		return -EFAULT;
	return 0;
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

int hmap_cmd_get(struct hmap_call *call)
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
	hmap_elem_buf_free(&buf);
	return ret;
}

static int hmap_put_elem(struct hmap_call *call, struct hmap_elem_buf *buf)
{
	const struct hmap_ioc_elem *elem = &call->arg.elem;
	int ret;

	ret = hmap_elem_begin(elem, buf);
	if (ret)
		return ret;
	if (buf->value &&
	    copy_from_user(buf->value, u64_to_user_ptr(elem->value),
			   elem->value_size))
		return -EFAULT;
	ret = hmap_change_begin(call->object);
	if (ret)
		return ret;
	ret = hmap_put(call->map, buf->key, buf->value, elem->flags,
		       GFP_KERNEL_ACCOUNT);
	if (!ret)
		hmap_object_changed(call->object, buf->key, 1);
	hmap_change_end(call->object);
	return ret;
}

int hmap_cmd_put(struct hmap_call *call)
{
	const struct hmap_ioc_elem *elem = &call->arg.elem;
	const struct hmap_params *params = &call->map->params;
	struct hmap_elem_buf buf;
	int ret;

	if (elem->flags > HMAP_EXIST ||
	    elem->key_size != params->key_size ||
	    elem->value_size != params->value_size)
		return -EINVAL;

	ret = hmap_put_elem(call, &buf);
	hmap_elem_buf_free(&buf);
	return ret;
}

static int hmap_delete_elem(struct hmap_call *call, struct hmap_elem_buf *buf)
{
	int ret;

	ret = hmap_elem_begin(&call->arg.elem, buf) ?:
	      hmap_change_begin(call->object);
	if (ret)
		return ret;
	ret = hmap_delete(call->map, buf->key);
	if (!ret)
		hmap_object_changed(call->object, buf->key, 1);
	hmap_change_end(call->object);
	return ret;
}

int hmap_cmd_delete(struct hmap_call *call)
{
	const struct hmap_ioc_elem *elem = &call->arg.elem;
	struct hmap_elem_buf buf;
	int ret;

	if (elem->flags || elem->key_size != call->map->params.key_size ||
	    elem->value_size || elem->value)
		return -EINVAL;

	ret = hmap_delete_elem(call, &buf);
	hmap_elem_buf_free(&buf);
	return ret;
}
