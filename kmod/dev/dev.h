/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device /dev/hmap.
 */
#ifndef _HMAP_DEV_DEV_H
#define _HMAP_DEV_DEV_H

struct file_operations;
struct hmap_object;

extern const struct file_operations hmap_file_fops;

int hmap_dev_register(struct hmap_object *object);
void hmap_dev_unregister(void);

#endif /* _HMAP_DEV_DEV_H */
