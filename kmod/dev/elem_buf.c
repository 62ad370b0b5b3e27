// SPDX-License-Identifier: GPL-2.0
/*
 * Bounce buffers: keys and values on their way between a program and the map.
 */
#include <linux/align.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "elem_buf.h"

/**
 * hmap_elem_buf_init() - allocate room for an element
 * @buf: the buffer; call hmap_elem_buf_free() even after an error
 * @key_size: bytes of the key
 * @value_size: bytes of a value
 * @values: number of values, up to 3
 *
 * Return: 0 or -ENOMEM.
 */
int hmap_elem_buf_init(struct hmap_elem_buf *buf, u32 key_size, u32 value_size,
		       unsigned int values)
{
	size_t key_room = ALIGN(key_size, sizeof(u64));
	size_t value_room = ALIGN(value_size, sizeof(u64));
	size_t room = key_room + values * value_room;

	buf->heap = NULL;
	buf->key = buf->small;
	if (room > sizeof(buf->small)) {
		buf->heap = kvmalloc(room, GFP_KERNEL_ACCOUNT);
		if (!buf->heap)
			return -ENOMEM;
		buf->key = buf->heap;
	}
	buf->value = value_size ? buf->key + key_room : NULL;
	buf->old = values > 1 ? buf->key + key_room + value_room : NULL;
	buf->expected = values > 2 ? buf->old + value_room : NULL;
	return 0;
}

void hmap_elem_buf_free(struct hmap_elem_buf *buf)
{
	kvfree(buf->heap);
}
