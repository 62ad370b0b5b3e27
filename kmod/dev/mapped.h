/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Maps that programs can map (HMAP_CREATE_MMAP).
 */
#ifndef _HMAP_DEV_MAPPED_H
#define _HMAP_DEV_MAPPED_H

struct file;
struct hmap_mapped_view;
struct vm_area_struct;

int hmap_mapped_init(void);
void hmap_mapped_exit(void);
struct hmap_mapped_view *hmap_mapping_create(void);
void hmap_mapping_bind(struct file *file, struct hmap_mapped_view *view);
int hmap_file_mmap(struct file *file, struct vm_area_struct *vma);

#endif /* _HMAP_DEV_MAPPED_H */
