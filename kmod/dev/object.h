/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects, which are maps that programs share, and the open files bound to them.
 */
#ifndef _HMAP_DEV_OBJECT_H
#define _HMAP_DEV_OBJECT_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/hmap.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/percpu-refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct hmap_mapped_view;
struct hmap_user;

/* The pools that a map's memory counts in, as indices of hmap_params.pools. */
#define HMAP_POOL_INSTANCE	0	/* the file system instance of the map */
#define HMAP_POOL_DEVICE	1	/* all maps of the device */
#define HMAP_POOL_USER		2	/* its user; the default map has its own */

/**
 * struct hmap_object - a map that programs share
 * @map: the map
 * @ref: held by each file that is bound to it, by its inode in hmapfs, and for the
 *	default map by the module
 * @writers: changes under way; killed when the map is frozen
 * @freezing: the map is frozen, or about to be. Set once, by xchg
 * @frozen: the map is frozen, and no change is under way any more
 * @view: what programs can map of it, or NULL. Constant
 * @user: the user that it is charged to; NULL for the default map. Constant
 * @uid: the user that created it. Constant
 * @gid: the group that created it. Constant
 * @changes: grows with changes; odd if it has been read since the last one (watch.c)
 * @pollers: wait queue of poll() and epoll
 * @watchers: wait queue of tasks that wait for any change
 * @nr_watchers: number of tasks in @watchers, or more
 * @waiting: number of tasks that wait for a key
 * @keys: the keys that tasks wait for. Under @keys_lock
 * @keys_lock: taken by tasks that wait for a key, and to wake all of them
 * @wake: bits of what @wake_work has to wake
 * @wake_work: wakes tasks if they may be many
 * @destroy_work: destroys the map if its worker is running when the last reference goes
 */
struct hmap_object {
	struct hmap map;
	struct kref ref;
	struct percpu_ref writers;
	int freezing;
	struct completion frozen;
	struct hmap_mapped_view *view;
	struct hmap_user *user;
	kuid_t uid;
	kgid_t gid;
	atomic64_t changes;
	wait_queue_head_t pollers;
	wait_queue_head_t watchers;
	atomic_t nr_watchers;
	atomic_t waiting;
	struct list_head keys;
	spinlock_t keys_lock; /* keys */
	unsigned long wake;
	struct work_struct wake_work;
	struct work_struct destroy_work;
};

/**
 * hmap_change_begin() - call before every change of an object's map
 * @object: the object
 *
 * A freeze waits for hmap_change_end(). Do not access user memory before that: the
 * page fault may have to wait for another program (userfaultfd, FUSE).
 *
 * Return: 0, and the caller must call hmap_change_end(); or -EPERM if the map is
 * frozen.
 */
static inline int hmap_change_begin(struct hmap_object *object)
{
	return percpu_ref_tryget_live(&object->writers) ? 0 : -EPERM;
}

static inline void hmap_change_end(struct hmap_object *object)
{
	percpu_ref_put(&object->writers);
}

/**
 * struct hmap_file - an open file, as its private_data
 * @object: the object that it is bound to
 * @device: it is a file of the device itself, not of a map created by CREATE
 * @anonymous: its map is in no file system: the inode is a shared anonymous one
 * @seen: object->changes as of the open or the last read of this file
 */
struct hmap_file {
	struct hmap_object *object;
	bool device;
	bool anonymous;
	atomic64_t seen;
};

/* File operations of maps. Constant once there are maps. */
extern const struct file_operations *hmap_map_fops;

/* The pool of all maps of the device. Its limit is constant once there are maps. */
extern struct hmap_pool hmap_all_maps;

int hmap_objects_init(unsigned long max_bytes, const struct file_operations *fops);
void hmap_objects_exit(void);
struct hmap_object *hmap_object_create(struct hmap_params *params,
				       struct hmap_mapped_view *view,
				       struct hmap_user *user);
struct hmap_object *hmap_object_get(struct hmap_object *object);
void hmap_object_put(struct hmap_object *object);
int hmap_object_freeze(struct hmap_object *object);
struct hmap_file *hmap_file_create(struct hmap_object *object, bool device);
void hmap_file_free(struct hmap_file *hf);
int hmap_file_bind(struct file *file, struct hmap_object *object, bool device);
void hmap_file_show(struct file *file, const struct hmap_object *object);
void hmap_file_unbind(struct file *file);

#endif /* _HMAP_DEV_OBJECT_H */
