/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watching a map: what its object has for that, and what each change calls.
 */
#ifndef _HMAP_DEV_WATCH_H
#define _HMAP_DEV_WATCH_H

#include "object.h"

struct iov_iter;
struct kiocb;
struct poll_table_struct;

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

#endif /* _HMAP_DEV_WATCH_H */
