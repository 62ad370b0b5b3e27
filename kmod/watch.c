// SPDX-License-Identifier: GPL-2.0
/*
 * Watching a map: poll() and read() tell a file that it has changed, WAIT waits
 * for a key or for any change. Both end when the map is frozen.
 *
 * Who changes a map calls hmap_object_changed(). As long as nobody watches that
 * is a barrier and two loads of what nobody writes to:
 *
 * - The counter of changes does not count each of them. To look is to make it
 *   odd, and only the first change after that makes it even again, and wakes
 *   those who poll. A number, once looked at, is that of no other state.
 * - Who waits for a key counts himself in object->waiting. Only then are keys
 *   hashed and waiters with the same hash woken. They look for themselves.
 *
 * The barrier of the writer is between his change and these loads; that of who
 * watches is between his store and his look at the map. One of the two sees the
 * other.
 */
#include <linux/hash.h>
#include <linux/hrtimer.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "dev.h"

/**
 * struct hmap_waiter - who waits, and for which key if not for any change
 * @entry: in object->waiters or object->pollers
 * @hash: of the key
 * @key: the key
 * @value: where its value is read to; NULL if it does not matter
 * @known: what the value must not be; NULL if that does not matter
 * @heap: the memory of these three
 */
struct hmap_waiter {
	struct wait_queue_entry entry;
	u32 hash;
	void *key;
	void *value;
	void *known;
	void *heap;
};

void hmap_watch_init(struct hmap_object *object)
{
	unsigned int i;

	/* The first number to be seen is 1: who says 0 has seen none. */
	atomic64_set(&object->changes, 2);
	init_waitqueue_head(&object->pollers);
	for (i = 0; i < HMAP_WAIT_QUEUES; i++)
		init_waitqueue_head(&object->waiters[i]);
}

/* Keys that differ may have the same hash: somebody is woken for nothing. */
static u32 hmap_wait_hash(const struct hmap_object *object, const void *key)
{
	return jhash(key, object->map.params.key_size, hash32_ptr(object));
}

static struct wait_queue_head *hmap_wait_queue(struct hmap_object *object,
					       u32 hash)
{
	return &object->waiters[hash % HMAP_WAIT_QUEUES];
}

/* ---- writers ---- */

/* Called with the lock of the queue; @hash points to a u32, or is NULL: any. */
static int hmap_waiter_wake(struct wait_queue_entry *entry, unsigned int mode,
			    int flags, void *hash)
{
	struct hmap_waiter *waiter =
		container_of(entry, struct hmap_waiter, entry);

	if (hash && *(u32 *)hash != waiter->hash)
		return 0;
	return default_wake_function(entry, mode, flags, NULL);
}

/* For hmap_object_changed(): somebody waits for a key. */
void hmap_wake_waiters(struct hmap_object *object, const void *keys, u32 n)
{
	unsigned int i;
	u32 hash;

	for (; keys && n; n--, keys += object->map.params.key_size) {
		hash = hmap_wait_hash(object, keys);
		__wake_up(hmap_wait_queue(object, hash), TASK_NORMAL, 0, &hash);
	}
	for (i = 0; !keys && i < HMAP_WAIT_QUEUES; i++)
		__wake_up(&object->waiters[i], TASK_NORMAL, 0, NULL);
}

/* For hmap_object_changed(): somebody has looked at change number @looked. */
void hmap_wake_pollers(struct hmap_object *object, s64 looked)
{
	if (atomic64_cmpxchg(&object->changes, looked, looked + 1) == looked)
		wake_up_interruptible_poll(&object->pollers,
					   EPOLLIN | EPOLLRDNORM);
}

/* The last change is done: to be called when no other can come. */
void hmap_watch_end(struct hmap_object *object)
{
	wake_up_interruptible_poll(&object->pollers, EPOLLHUP);
	hmap_wake_waiters(object, NULL, 0);
}

/* ---- whether the map has changed ---- */

/*
 * What is read from the map from here on belongs to the number that this returns
 * or to later ones: a full barrier, which pairs with smp_mb() in
 * hmap_object_changed().
 */
static s64 hmap_look(struct hmap_object *object)
{
	return atomic64_fetch_or(1, &object->changes) | 1;
}

/* What users are told of it. */
static u64 hmap_state_number(s64 looked)
{
	return looked >> 1;
}

static bool hmap_unseen(const struct hmap_file *hf)
{
	return atomic64_read(&hf->object->changes) != atomic64_read(&hf->seen);
}

/* Nothing changes the map any more: what is read after this is for ever. */
static bool hmap_watch_ended(struct hmap_object *object)
{
	bool frozen = percpu_ref_is_zero(&object->writers);

	/* Pairs with the decrement to zero, which comes after all changes. */
	smp_rmb();
	return frozen;
}

/* A file that is opened has seen what there is. */
void hmap_watch_begin(struct hmap_file *hf)
{
	atomic64_set(&hf->seen, hmap_look(hf->object));
}

__poll_t hmap_file_poll(struct file *file, struct poll_table_struct *wait)
{
	struct hmap_file *hf = file->private_data;
	__poll_t ready;

	/* Without read() nobody could say that he has seen it. */
	if (!(file->f_mode & FMODE_READ))
		return 0;
	poll_wait(file, &hf->object->pollers, wait);
	ready = hmap_watch_ended(hf->object) ? EPOLLHUP : 0;
	if (hmap_unseen(hf))
		ready |= EPOLLIN | EPOLLRDNORM;
	return ready;
}

/* 1: there is something to see; 0: there never will be; -EAGAIN: not yet. */
static int hmap_to_see(const struct hmap_file *hf)
{
	bool ended = hmap_watch_ended(hf->object);

	if (hmap_unseen(hf))
		return 1;
	return ended ? 0 : -EAGAIN;
}

static int hmap_wait_to_see(const struct hmap_file *hf, bool nonblock)
{
	int ret = hmap_to_see(hf);
	int err = 0;

	if (ret == -EAGAIN && !nonblock)
		err = wait_event_interruptible(hf->object->pollers,
					       (ret = hmap_to_see(hf)) != -EAGAIN);
	return err ?: ret;
}

/*
 * Threads that read at the same time may all be told of the same change, but
 * none is lost.
 */
ssize_t hmap_file_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct hmap_file *hf = iocb->ki_filp->private_data;
	bool nonblock = iocb->ki_filp->f_flags & O_NONBLOCK ||
			iocb->ki_flags & IOCB_NOWAIT;
	u64 number;
	s64 seen;
	int ret;

	if (iov_iter_count(to) < sizeof(number))
		return -EINVAL;
	ret = hmap_wait_to_see(hf, nonblock);
	if (ret <= 0)
		return ret;
	seen = hmap_look(hf->object);
	number = hmap_state_number(seen);
	if (copy_to_iter(&number, sizeof(number), to) != sizeof(number))
		return -EFAULT;
	atomic64_set(&hf->seen, seen);
	return sizeof(number);
}

/* ---- waiting ---- */

static int hmap_wait_check(const struct hmap_params *params,
			   const struct hmap_ioc_wait *wait)
{
	if (wait->flags == HMAP_WAIT_CHANGE)
		return wait->key_size || wait->value_size || wait->key ||
		       wait->value ? -EINVAL : 0;
	if (wait->flags > HMAP_WAIT_CHANGE || wait->state ||
	    wait->key_size != params->key_size)
		return -EINVAL;
	if (wait->flags != HMAP_WAIT_ABSENT &&
	    wait->value_size == params->value_size)
		return 0;
	if (wait->flags == HMAP_WAIT_OTHER || wait->value_size || wait->value)
		return -EINVAL;
	return 0;
}

static int hmap_waiter_init(struct hmap_waiter *waiter,
			    const struct hmap_ioc_wait *wait)
{
	size_t key_room = ALIGN(wait->key_size, sizeof(u64));
	size_t value_room = ALIGN(wait->value_size, sizeof(u64));

	waiter->heap = kvmalloc(key_room + 2 * value_room, GFP_KERNEL_ACCOUNT);
	if (!waiter->heap)
		return -ENOMEM;
	waiter->key = waiter->heap;
	if (wait->value_size)
		waiter->value = waiter->key + key_room;
	if (wait->value_size && wait->flags == HMAP_WAIT_OTHER)
		waiter->known = waiter->value + value_room;

	if (copy_from_user(waiter->key, u64_to_user_ptr(wait->key),
			   wait->key_size))
		return -EFAULT;
	if (waiter->known &&
	    copy_from_user(waiter->known, u64_to_user_ptr(wait->value),
			   wait->value_size))
		return -EFAULT;
	return 0;
}

static int hmap_wait_state(struct hmap_call *call)
{
	u64 number = hmap_state_number(hmap_look(call->object));

	if (number == call->arg.wait.state)
		return -EAGAIN;
	call->arg.wait.state = number;
	return 0;
}

/* What to return, or -EAGAIN if it is as it should not be. */
static int hmap_wait_look(struct hmap_call *call, struct hmap_waiter *waiter)
{
	const struct hmap_ioc_wait *wait = &call->arg.wait;
	int ret;

	if (wait->flags == HMAP_WAIT_CHANGE)
		return hmap_wait_state(call);
	ret = hmap_get(call->map, waiter->key, waiter->value);
	switch (wait->flags) {
	case HMAP_WAIT_PRESENT:
		return ret ? -EAGAIN : 0;
	case HMAP_WAIT_ABSENT:
		return ret ? 0 : -EAGAIN;
	default: /* HMAP_WAIT_OTHER */
		if (!ret && (!waiter->known ||
			     !memcmp(waiter->value, waiter->known,
				     wait->value_size)))
			return -EAGAIN;
		return ret;
	}
}

/* The deadline in the time of the host, which that of a container is set off from. */
static ktime_t hmap_wait_deadline(u64 deadline)
{
	struct timespec64 offset = {};
	s64 host;

	if (deadline >= KTIME_MAX)
		return KTIME_MAX;
	timens_add_monotonic(&offset);
	if (check_sub_overflow((s64)deadline, timespec64_to_ktime(offset),
			       &host))
		return KTIME_MAX;
	return max_t(s64, host, 0);
}

/*
 * The state is set before each look: whoever changes the key later wakes us. Pairs
 * with smp_mb() in hmap_object_changed().
 */
static int hmap_wait_sleep(struct hmap_call *call, struct hmap_waiter *waiter)
{
	ktime_t deadline = hmap_wait_deadline(call->arg.wait.deadline);
	ktime_t *expires = deadline == KTIME_MAX ? NULL : &deadline;
	bool late = false, ended;
	int ret;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		ended = hmap_watch_ended(call->object);
		ret = hmap_wait_look(call, waiter);
		if (ret == -EAGAIN && ended)
			ret = -EPERM;
		if (ret == -EAGAIN && late)
			ret = -ETIMEDOUT;
		if (ret == -EAGAIN && signal_pending(current))
			ret = -ERESTARTSYS;
		if (ret != -EAGAIN)
			break;
		late = !schedule_hrtimeout(expires, HRTIMER_MODE_ABS);
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

static int hmap_wait_for_change(struct hmap_call *call,
				struct hmap_waiter *waiter)
{
	int ret;

	init_waitqueue_entry(&waiter->entry, current);
	add_wait_queue(&call->object->pollers, &waiter->entry);
	ret = hmap_wait_sleep(call, waiter);
	remove_wait_queue(&call->object->pollers, &waiter->entry);
	return ret ?: hmap_call_return(call, sizeof(call->arg.wait));
}

static int hmap_wait_for_key(struct hmap_call *call, struct hmap_waiter *waiter)
{
	struct hmap_object *object = call->object;
	struct wait_queue_head *queue;
	int ret;

	waiter->hash = hmap_wait_hash(object, waiter->key);
	queue = hmap_wait_queue(object, waiter->hash);
	init_waitqueue_func_entry(&waiter->entry, hmap_waiter_wake);
	waiter->entry.private = current;
	add_wait_queue(queue, &waiter->entry);
	atomic_inc(&object->waiting);
	ret = hmap_wait_sleep(call, waiter);
	atomic_dec(&object->waiting);
	remove_wait_queue(queue, &waiter->entry);
	return ret;
}

int hmap_cmd_wait(struct hmap_call *call)
{
	const struct hmap_ioc_wait *wait = &call->arg.wait;
	struct hmap_waiter waiter = {};
	int ret;

	ret = hmap_wait_check(&call->map->params, wait);
	if (ret)
		return ret;
	if (wait->flags == HMAP_WAIT_CHANGE)
		return hmap_wait_for_change(call, &waiter);
	ret = hmap_waiter_init(&waiter, wait);
	if (!ret)
		ret = hmap_wait_for_key(call, &waiter);
	if (!ret && waiter.value &&
	    copy_to_user(u64_to_user_ptr(wait->value), waiter.value,
			 wait->value_size))
		ret = -EFAULT;
	kvfree(waiter.heap);
	return ret;
}
