/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watching a map: setup, the hook that each change calls, poll() and read().
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
 * hmap_object_changed() - call after each change of a map
 * @object: the object. Call this before hmap_change_end(), after which watching may
 *	end
 * @keys: the keys that may have changed, one behind the other; NULL for all
 * @n: number of keys
 *
 * A command that changes many keys may call this once for all of them, or for each
 * part of its work. It does no harm if a key has not really been changed.
 */
static inline void hmap_object_changed(struct hmap_object *object,
				       const void *keys, u32 n)
{
	s64 changes;

	/*
	 * Change before loads: pairs with hmap_look() and with set_current_state()
	 * in hmap_wait_sleep().
	 */
	smp_mb();
	changes = atomic64_read(&object->changes);
	if (unlikely(changes & 1))
		hmap_wake_watchers(object, changes);
	if (unlikely(atomic_read(&object->waiting)))
		hmap_wake_waiters(object, keys, n);
}

#endif /* _HMAP_DEV_WATCH_H */
