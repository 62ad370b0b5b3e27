/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device /dev/hmap.
 */
#ifndef _HMAP_DEV_H
#define _HMAP_DEV_H

struct hmap;

int hmap_dev_register(struct hmap *h);
void hmap_dev_unregister(void);

#endif /* _HMAP_DEV_H */
