/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the files of the device: objects, which are maps that programs
 * share, the files by which they do, and calls, which are ioctls under way.
 *
 * dev.c has the table of commands and uses all others; object.c makes and frees
 * what they work on, fs.c gives it a name. None of them looks into a bucket.
 *
 * See kmod/README.md for the order of their locks and for all files of the
 * device.
 */
#ifndef _HMAP_DEV_H
#define _HMAP_DEV_H

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

/* What a map's memory counts in, as index of hmap_params.pools. */
#define HMAP_POOL_INSTANCE	0	/* of the file system that it is in */
#define HMAP_POOL_DEVICE	1
#define HMAP_POOL_USER		2	/* that made it; the default map has one alone */

struct hmap_user;

/**
 * struct hmap_object - a map that programs share
 * @map: the map
 * @ref: files that are bound to it, and whatever else can find it
 * @writers: changes that are under way; dead when the map is frozen
 * @freezing: somebody has frozen the map, or is about to. Set once, by xchg
 * @frozen: the map is frozen, and no change is under way any more
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
	bool freezing;
	struct completion frozen;
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
 * hmap_call_restart() - what a command returns that can be begun again
 * @ret: what a function of the map has returned
 *
 * A call that a signal has ended goes on when it is restarted, which the program does not
 * notice unless it handles the signal without SA_RESTART.
 *
 * Return: @ret, or -ERESTARTSYS in the place of -EINTR.
 */
static inline int hmap_call_restart(int ret)
{
	return ret == -EINTR ? -ERESTARTSYS : ret;
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

union hmap_ioc_arg {
	u32 size;
	struct hmap_ioc_info info;
	struct hmap_ioc_elem elem;
	struct hmap_ioc_scan scan;
	struct hmap_ioc_stats stats;
	struct hmap_ioc_layout layout;
	struct hmap_ioc_plain plain;
	struct hmap_ioc_create create;
	struct hmap_ioc_op op;
	struct hmap_ioc_batch batch;
	struct hmap_ioc_vector vector;
	struct hmap_ioc_count count;
	struct hmap_ioc_wait wait;
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

/* A key and its values of up to this many bytes together fit on the stack. */
#define HMAP_ELEM_ON_STACK	256

/**
 * struct hmap_elem_buf - a bounce buffer for an element
 * @key: the key
 * @value: the value, aligned to 8 bytes; NULL if there is none
 * @old: room for another value; NULL if none was asked for
 * @expected: and for a third
 * @heap: memory to free, or NULL
 * @small: used instead if it is large enough
 */
struct hmap_elem_buf {
	void *key;
	void *value;
	void *old;
	void *expected;
	void *heap;
	u64 small[HMAP_ELEM_ON_STACK / sizeof(u64)];
};

/* elem.c: single elements */
int hmap_elem_buf_init(struct hmap_elem_buf *buf, u32 key_size, u32 value_size,
		       unsigned int values);
void hmap_elem_buf_free(struct hmap_elem_buf *buf);
int hmap_cmd_get(struct hmap_call *call);
int hmap_cmd_put(struct hmap_call *call);
int hmap_cmd_delete(struct hmap_call *call);

/* ops.c: any operation on a single element */
int hmap_op_run(struct hmap_call *call, struct hmap_op *op,
		struct hmap_elem_buf *buf);
int hmap_cmd_op(struct hmap_call *call);
int hmap_get_or_put(struct hmap *h, const void *key, void *value);

/* batch.c: many operations */
int hmap_cmd_batch(struct hmap_call *call);
int hmap_cmd_vector(struct hmap_call *call);

/* walk.c: commands that go over the whole map */
int hmap_cmd_scan(struct hmap_call *call);
int hmap_cmd_clear(struct hmap_call *call);
int hmap_cmd_layout(struct hmap_call *call);
int hmap_cmd_verify(struct hmap_call *call);
int hmap_cmd_count(struct hmap_call *call);
int hmap_cmd_reserve(struct hmap_call *call);
int hmap_cmd_shrink(struct hmap_call *call);

/* object.c */
void hmap_object_limit(unsigned long max_bytes);
struct hmap_object *hmap_object_create(struct hmap_params *params,
				       struct hmap_user *user);
struct hmap_object *hmap_object_get(struct hmap_object *object);
void hmap_object_put(struct hmap_object *object);
int hmap_file_bind(struct file *file, struct hmap_object *object, bool device);
void hmap_file_unbind(struct file *file);
int hmap_cmd_info(struct hmap_call *call);
int hmap_cmd_create(struct hmap_call *call);
int hmap_cmd_freeze(struct hmap_call *call);

/* user.c */
int hmap_users_init(unsigned long max_files, unsigned long max_bytes);
void hmap_users_exit(void);
struct hmap_user *hmap_user_charge(void);
int hmap_user_charge_more(struct hmap_user *user);
void hmap_user_uncharge(struct hmap_user *user, unsigned int files);
struct hmap_pool *hmap_user_pool(struct hmap_user *user);
void hmap_user_info(struct hmap_ioc_info *info);

/* watch.c */
int hmap_watch_module_init(void);
void hmap_watch_module_exit(void);
void hmap_watch_init(struct hmap_object *object);
void hmap_watch_exit(struct hmap_object *object);
void hmap_watch_begin(struct hmap_file *hf);
void hmap_watch_end(struct hmap_object *object);
void hmap_wake_waiters(struct hmap_object *object, const void *keys, u32 n);
void hmap_wake_watchers(struct hmap_object *object, s64 looked);
__poll_t hmap_file_poll(struct file *file, struct poll_table_struct *wait);
ssize_t hmap_file_read(struct kiocb *iocb, struct iov_iter *to);
int hmap_cmd_wait(struct hmap_call *call);

/**
 * hmap_object_changed() - to be called after each change of a map
 * @object: what has been changed; before hmap_change_end(), which may be the end
 *	of all watching
 * @keys: the keys that may have changed, one behind the other; NULL for all
 * @n: how many
 *
 * A command that changes many keys may call this once for all of them, or for
 * each part of its work. Nothing is lost if a key has not really been changed.
 */
static inline void hmap_object_changed(struct hmap_object *object,
				       const void *keys, u32 n)
{
	s64 changes;

	/* Pairs with hmap_look() and set_current_state() in hmap_wait_sleep(). */
	smp_mb();
	changes = atomic64_read(&object->changes);
	if (unlikely(changes & 1))
		hmap_wake_watchers(object, changes);
	if (unlikely(atomic_read(&object->waiting)))
		hmap_wake_waiters(object, keys, n);
}

/* mmap.c */
struct hmap_view *hmap_mapping_create(void);
void hmap_mapping_bind(struct file *file, struct hmap_view *view);
int hmap_object_mmap(struct file *file, struct vm_area_struct *vma);
int hmap_mmap_init(void);
void hmap_mmap_exit(void);

#endif /* _HMAP_DEV_H */
