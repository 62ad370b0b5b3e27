/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the device share: objects, which are maps that programs
 * share, the files by which they do, and calls, which are ioctls under way.
 *
 * dev.c has the table of commands and uses all others; object.c makes and frees
 * what they work on. None of them looks into a bucket.
 */
#ifndef _HMAP_DEV_H
#define _HMAP_DEV_H

#include <linux/fs.h>
#include <linux/hmap.h>
#include <linux/kref.h>

/**
 * struct hmap_object - a map that programs share
 * @map: the map
 * @ref: files that are bound to it, and whatever else can find it
 */
struct hmap_object {
	struct hmap map;
	struct kref ref;
};

/**
 * struct hmap_file - an open file, as its private_data
 * @object: what it is bound to
 * @device: it is a file of the device itself, not of a map made by CREATE
 */
struct hmap_file {
	struct hmap_object *object;
	bool device;
};

union hmap_ioc_arg {
	u32 size;
	struct hmap_ioc_info info;
	struct hmap_ioc_elem elem;
	struct hmap_ioc_scan scan;
	struct hmap_ioc_stats stats;
	struct hmap_ioc_layout layout;
	struct hmap_ioc_plain plain;
	struct hmap_ioc_create create;
};

/**
 * struct hmap_call - an ioctl under way
 * @file: the file
 * @object: what the file is bound to
 * @map: the map of @object
 * @user: where the structure is
 * @arg: the kernel's copy of it; fields that the caller does not know are 0
 */
struct hmap_call {
	struct file *file;
	struct hmap_object *object;
	struct hmap *map;
	void __user *user;
	union hmap_ioc_arg arg;
};

/* dev.c */
extern const struct file_operations hmap_object_fops;

int hmap_call_return(struct hmap_call *call, u32 size);
int hmap_dev_register(struct hmap_object *object);
void hmap_dev_unregister(void);

/* elem.c: single elements */
int hmap_cmd_get(struct hmap_call *call);
int hmap_cmd_put(struct hmap_call *call);
int hmap_cmd_delete(struct hmap_call *call);

/* walk.c: commands that go over the whole map */
int hmap_cmd_scan(struct hmap_call *call);
int hmap_cmd_clear(struct hmap_call *call);
int hmap_cmd_layout(struct hmap_call *call);
int hmap_cmd_verify(struct hmap_call *call);

/* object.c */
struct hmap_object *hmap_object_create(const struct hmap_params *params);
void hmap_object_put(struct hmap_object *object);
int hmap_file_bind(struct file *file, struct hmap_object *object, bool device);
void hmap_file_unbind(struct file *file);
int hmap_cmd_create(struct hmap_call *call);

#endif /* _HMAP_DEV_H */
