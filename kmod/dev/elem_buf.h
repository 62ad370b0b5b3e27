/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bounce buffers for elements.
 */
#ifndef _HMAP_DEV_ELEM_BUF_H
#define _HMAP_DEV_ELEM_BUF_H

#include <linux/types.h>

/* A key and its values of up to this many bytes together are kept on the stack. */
#define HMAP_ELEM_ON_STACK	256

/**
 * struct hmap_elem_buf - a bounce buffer for an element
 * @key: the key
 * @value: the value, aligned to 8 bytes; NULL if there is none
 * @old: room for a second value, or NULL
 * @expected: room for a third value, or NULL
 * @heap: memory to free, or NULL
 * @small: used instead of @heap if it is large enough
 */
struct hmap_elem_buf {
	void *key;
	void *value;
	void *old;
	void *expected;
	void *heap;
	u64 small[HMAP_ELEM_ON_STACK / sizeof(u64)];
};

int hmap_elem_buf_init(struct hmap_elem_buf *buf, u32 key_size, u32 value_size,
		       unsigned int values);
void hmap_elem_buf_free(struct hmap_elem_buf *buf);

#endif /* _HMAP_DEV_ELEM_BUF_H */
