/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects, which are maps that programs share, and the files by which they do.
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

/* What a map's memory counts in, as index of hmap_params.pools. */
#define HMAP_POOL_INSTANCE	0	/* of the file system that it is in */
#define HMAP_POOL_DEVICE	1
#define HMAP_POOL_USER		2	/* that made it; the default map has one alone */

/**
 * struct hmap_object - a map that programs share
 * @map: the map
 * @ref: files that are bound to it, and whatever else can find it
 * @writers: changes that are under way; dead when the map is frozen
 * @freezing: somebody has frozen the map, or is about to. Set once, by xchg
 * @frozen: the map is frozen, and no change is under way any more
 * @view: what programs map of it, or NULL. Constant
 * @user: what it counts as part of; NULL for the default map. Constant
 * @uid: the user that made it. Constant
 * @gid: its group, likewise
 * @changes: grows with changes; odd if somebody has looked since the last (watch.c)
 * @pollers: entries of poll() and epoll, and whatever is behind these
 * @watchers: tasks that wait for any change
 * @nr_watchers: how many, at least
 * @waiting: tasks that wait for a key
 * @keys: the keys that are waited for. Under @keys_lock
 * @keys_lock: taken by waiters, and to wake all of them
 * @wake: what @wake_work is to wake
 * @wake_work: wakes many
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
};

/**
 * hmap_change_begin() - what comes before every change of an object's map
 * @object: the object
 *
 * A freeze waits for hmap_change_end(): no memory of a program is touched before that,
 * since its pages may be another program's to give.
 *
 * Return: 0, and hmap_change_end() has to follow; or -EPERM: it is frozen.
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
 * @object: what it is bound to
 * @device: it is a file of the device itself, not of a map made by CREATE
 * @anonymous: its map is in no file system, and its inode not the map's own
 * @seen: object->changes when a read of this file last looked at it
 */
struct hmap_file {
	struct hmap_object *object;
	bool device;
	bool anonymous;
	atomic64_t seen;
};

/* What the files of maps do. Constant once there are maps. */
extern const struct file_operations *hmap_map_fops;

/* Memory that all maps may hold together, 0 for no limit; likewise. */
extern unsigned long hmap_objects_max_bytes;

void hmap_objects_init(unsigned long max_bytes, const struct file_operations *fops);
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
