/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations, of which a batch and a vector consist as well.
 */
#ifndef _HMAP_DEV_CMD_OP_H
#define _HMAP_DEV_CMD_OP_H

#include "cmd.h"
#include "elem_buf.h"

int hmap_op_run(struct hmap_call *call, struct hmap_op *op,
		struct hmap_elem_buf *buf);
int hmap_get_or_put(struct hmap *h, const void *key, void *value);

#endif /* _HMAP_DEV_CMD_OP_H */
