// SPDX-License-Identifier: GPL-2.0
/*
 * Watching a map: poll() and read() tell a file that it has changed, WAIT waits
 * for a key or for any change. Both end when the map is frozen.
 *
 * A task that changes a map calls hmap_object_changed(). As long as no task
 * watches the map, that costs a barrier and two loads:
 *
 * - The counter of changes does not count each of them. A look makes it odd,
 *   and only the first change after that makes it even again, and wakes the
 *   tasks that wait for any. A number, once looked at, is that of no other
 *   state.
 * - A waiter for a key counts itself in object->waiting. Only then are keys
 *   hashed, and waiters for the same key woken. They look for themselves.
 *
 * A change pays only for the waiters for its keys, however many tasks watch:
 *
 * - These stand in a table of the keys that are waited for, in all maps, by a
 *   hash whose seed no program sees (hmap_wait_keys). A change finds a key
 *   there without a lock.
 * - Tasks that wait for any change are woken by it if they are a few
 *   (WATCHERS_AT_ONCE). More of them, and poll(), are left to a work: one entry
 *   of a poll may have any number of tasks behind it, by way of an epoll. A
 *   change of all keys, and the end of all changes, leave waiters to it, too.
 *
 * A writer changes the map, has a barrier, and loads the counters; a task that
 * watches stores to a counter, has a barrier, and looks at the map. One of the
 * two sees the other: kmod/README.md lists these pairs.
 */
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/sched/signal.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "cmd.h"
#include "watch.h"

/* Up to this many tasks are woken by the change itself. */
#define WATCHERS_AT_ONCE	16

/* Keys whose waiters are woken before the lock is released for a moment. */
#define KEYS_AT_ONCE	64

/* Bits of hmap_object.wake: what the work has to wake. */
#define WAKE_WATCHERS	0	/* and pollers */
#define WAKE_WAITERS	1

/**
 * struct hmap_wait_id - identifies a key that tasks wait for
 * @object: the object
 * @hash: hash of the key
 */
struct hmap_wait_id {
	u64 object;
	u64 hash;
};

/**
 * struct hmap_wait_key - a key that tasks wait for
 * @node: in hmap_wait_keys
 * @entry: in object->keys. Under object->keys_lock
 * @id: constant
 * @users: number of tasks that wait for it. Under object->keys_lock
 * @waiters: wait queue of these tasks
 * @rcu: frees it a grace period after the last task has left
 */
struct hmap_wait_key {
	struct rhash_head node;
	struct list_head entry;
	struct hmap_wait_id id;
	unsigned int users;
	wait_queue_head_t waiters;
	struct rcu_head rcu;
};

static const struct rhashtable_params hmap_wait_params = {
	.key_len = sizeof(struct hmap_wait_id),
	.key_offset = offsetof(struct hmap_wait_key, id),
	.head_offset = offsetof(struct hmap_wait_key, node),
	.automatic_shrinking = true,
};

/* All struct hmap_wait_key. */
static struct rhashtable hmap_wait_keys;

static siphash_key_t hmap_wait_seed __read_mostly;

/**
 * struct hmap_waiter - a task that waits for a key or for any change
 * @entry: in the queue of @wait_key, or in object->watchers
 * @wait_key: shared by all tasks that wait for this key
 * @key: the key
 * @value: buffer for its value; NULL if the value is not needed
 * @known: the value that it must differ from, or NULL
 * @heap: memory of the last three
 */
struct hmap_waiter {
	struct wait_queue_entry entry;
	struct hmap_wait_key *wait_key;
	void *key;
	void *value;
	void *known;
	void *heap;
};

int hmap_watch_module_init(void)
{
	get_random_bytes(&hmap_wait_seed, sizeof(hmap_wait_seed));
	return rhashtable_init(&hmap_wait_keys, &hmap_wait_params);
}

/* Call when no file is open. */
void hmap_watch_module_exit(void)
{
	rhashtable_destroy(&hmap_wait_keys);
}

/* ---- keys that tasks wait for ---- */

/* Different keys may have the same hash: tasks are then woken unnecessarily. */
static struct hmap_wait_id hmap_wait_id(const struct hmap_object *object,
					const void *key)
{
	return (struct hmap_wait_id){
		.object = (uintptr_t)object,
		.hash = siphash(key, object->map.params.key_size,
				&hmap_wait_seed),
	};
}

/* The struct hmap_wait_key of @key, with a reference; ERR_PTR(-ENOMEM). */
static struct hmap_wait_key *hmap_wait_key_get(struct hmap_object *object,
					       const void *key)
{
	struct hmap_wait_key *new, *found;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->id = hmap_wait_id(object, key);
	init_waitqueue_head(&new->waiters);
	spin_lock(&object->keys_lock);
	found = rhashtable_lookup_fast(&hmap_wait_keys, &new->id,
				       hmap_wait_params);
	if (!found && !rhashtable_insert_fast(&hmap_wait_keys, &new->node,
					      hmap_wait_params)) {
		list_add_tail(&new->entry, &object->keys);
		found = new;
	}
	if (found)
		found->users++;
	spin_unlock(&object->keys_lock);
	if (found != new)
		kfree(new);
	return found ?: ERR_PTR(-ENOMEM);
}

static void hmap_wait_key_put(struct hmap_object *object,
			      struct hmap_wait_key *wait_key)
{
	spin_lock(&object->keys_lock);
	if (!--wait_key->users) {
		rhashtable_remove_fast(&hmap_wait_keys, &wait_key->node,
				       hmap_wait_params);
		list_del(&wait_key->entry);
		kfree_rcu(wait_key, rcu);
	}
	spin_unlock(&object->keys_lock);
}

/* Whether the map is frozen for good. If so, data read after this never changes. */
static bool hmap_watch_ended(struct hmap_object *object)
{
	bool frozen = percpu_ref_is_zero(&object->writers);

	/* Zero before data: pairs with the decrement to zero, after all changes. */
	smp_rmb();
	return frozen;
}

/* ---- waking ---- */

static void hmap_wake_later(struct hmap_object *object, unsigned int what)
{
	set_bit(what, &object->wake);
	queue_work(system_highpri_wq, &object->wake_work);
}

/* For hmap_object_changed(), if tasks wait for keys. */
void hmap_wake_waiters(struct hmap_object *object, const void *keys, u32 n)
{
	struct hmap_wait_key *wait_key;
	struct hmap_wait_id id;

	if (!keys) {
		hmap_wake_later(object, WAKE_WAITERS);
		return;
	}
	for (; n; n--, keys += object->map.params.key_size) {
		id = hmap_wait_id(object, keys);
		rcu_read_lock();
		wait_key = rhashtable_lookup(&hmap_wait_keys, &id,
					     hmap_wait_params);
		if (wait_key)
			wake_up_all(&wait_key->waiters);
		rcu_read_unlock();
	}
}

/* Wake the waiters of all keys of an object, some keys at a time. */
static void hmap_wake_all_waiters(struct hmap_object *object)
{
	struct hmap_wait_key *wait_key;
	unsigned int n = 0;
	LIST_HEAD(left);

	spin_lock(&object->keys_lock);
	list_splice_init(&object->keys, &left);
	while (!list_empty(&left)) {
		wait_key = list_first_entry(&left, struct hmap_wait_key, entry);
		list_move_tail(&wait_key->entry, &object->keys);
		wake_up_all(&wait_key->waiters);
		if (++n % KEYS_AT_ONCE)
			continue;
		spin_unlock(&object->keys_lock);
		cond_resched();
		spin_lock(&object->keys_lock);
	}
	spin_unlock(&object->keys_lock);
}

static __poll_t hmap_watch_events(struct hmap_object *object)
{
	return hmap_watch_ended(object) ? EPOLLHUP : EPOLLIN | EPOLLRDNORM;
}

static void hmap_wake_work(struct work_struct *work)
{
	struct hmap_object *object = container_of(work, struct hmap_object,
						  wake_work);

	if (test_and_clear_bit(WAKE_WATCHERS, &object->wake)) {
		wake_up_interruptible_all(&object->watchers);
		wake_up_interruptible_poll(&object->pollers,
					   hmap_watch_events(object));
	}
	if (test_and_clear_bit(WAKE_WAITERS, &object->wake))
		hmap_wake_all_waiters(object);
}

/*
 * For hmap_object_changed(), which has read the odd number @looked from
 * object->changes. The queue has no more tasks than nr_watchers: if that is small
 * its lock is not held for long.
 */
void hmap_wake_watchers(struct hmap_object *object, s64 looked)
{
	unsigned int n;

	/* Full barrier: pairs with hmap_look(). */
	if (atomic64_cmpxchg(&object->changes, looked, looked + 1) != looked)
		return;
	/* After atomic64_cmpxchg(): pairs with the barrier in hmap_wait_to_see(). */
	n = atomic_read(&object->nr_watchers);
	if (n && n <= WATCHERS_AT_ONCE)
		wake_up_interruptible_all(&object->watchers);
	/* After the barrier above, which pairs with smp_mb() in hmap_file_poll(). */
	if (waitqueue_active(&object->pollers) || n > WATCHERS_AT_ONCE)
		hmap_wake_later(object, WAKE_WATCHERS);
}

/* Call when the last change is done and no other can come. In any context. */
void hmap_watch_end(struct hmap_object *object)
{
	set_bit(WAKE_WATCHERS, &object->wake);
	hmap_wake_later(object, WAKE_WAITERS);
}

void hmap_watch_init(struct hmap_object *object)
{
	/* The first state number is 1: 0 stands for no state. */
	atomic64_set(&object->changes, 2);
	init_waitqueue_head(&object->pollers);
	init_waitqueue_head(&object->watchers);
	spin_lock_init(&object->keys_lock);
	INIT_LIST_HEAD(&object->keys);
	INIT_WORK(&object->wake_work, hmap_wake_work);
}

/* Call when no task watches or changes the object. */
void hmap_watch_exit(struct hmap_object *object)
{
	cancel_work_sync(&object->wake_work);
}

/* ---- whether the map has changed ---- */

/*
 * Read the counter of changes, and make it odd. Data read from the map after this
 * belongs to the returned number or to a later one: full barrier, pairs with
 * smp_mb() in hmap_object_changed().
 */
static s64 hmap_look(struct hmap_object *object)
{
	return atomic64_fetch_or(1, &object->changes) | 1;
}

/* The state number that programs see. */
static u64 hmap_state_number(s64 looked)
{
	return looked >> 1;
}

static bool hmap_unseen(const struct hmap_file *hf)
{
	return atomic64_read(&hf->object->changes) != atomic64_read(&hf->seen);
}

/* A file that is opened has seen the present state. */
void hmap_watch_begin(struct hmap_file *hf)
{
	atomic64_set(&hf->seen, hmap_look(hf->object));
}

__poll_t hmap_file_poll(struct file *file, struct poll_table_struct *wait)
{
	struct hmap_file *hf = file->private_data;
	__poll_t ready;

	/* Without read() the program could never acknowledge a change. */
	if (!(file->f_mode & FMODE_READ))
		return 0;
	poll_wait(file, &hf->object->pollers, wait);
	/* Queue before counter: pairs with the cmpxchg in hmap_wake_watchers(). */
	smp_mb();
	ready = hmap_watch_ended(hf->object) ? EPOLLHUP : 0;
	if (hmap_unseen(hf))
		ready |= EPOLLIN | EPOLLRDNORM;
	return ready;
}

/* 1: there is an unseen change; 0: there never will be one; -EAGAIN: not yet. */
static int hmap_to_see(const struct hmap_file *hf)
{
	bool ended = hmap_watch_ended(hf->object);

	if (hmap_unseen(hf))
		return 1;
	return ended ? 0 : -EAGAIN;
}

static int hmap_wait_to_see(const struct hmap_file *hf, bool nonblock)
{
	struct hmap_object *object = hf->object;
	int ret = hmap_to_see(hf);
	int err;

	if (ret != -EAGAIN || nonblock)
		return ret;
	/*
	 * Before hmap_to_see(), by the barrier in wait_event(): pairs with
	 * atomic64_cmpxchg() in hmap_wake_watchers().
	 */
	atomic_inc(&object->nr_watchers);
	err = wait_event_interruptible(object->watchers,
				       (ret = hmap_to_see(hf)) != -EAGAIN);
	atomic_dec(&object->nr_watchers);
	return err ?: ret;
}

/*
 * Threads that read at the same time may all see the same change, but no change is
 * lost.
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

/* Check the condition. Returns the call's result, or -EAGAIN to keep waiting. */
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

/* Convert a deadline from the caller's time namespace to the host's. */
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
 * The task state is set before each check of the map: a task that changes the key
 * after the check wakes us. set_current_state() pairs with smp_mb() in
 * hmap_object_changed().
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
	struct hmap_object *object = call->object;
	int ret;

	init_waitqueue_entry(&waiter->entry, current);
	atomic_inc(&object->nr_watchers);
	add_wait_queue(&object->watchers, &waiter->entry);
	ret = hmap_wait_sleep(call, waiter);
	remove_wait_queue(&object->watchers, &waiter->entry);
	atomic_dec(&object->nr_watchers);
	return ret ?: hmap_call_return(call, sizeof(call->arg.wait));
}

static int hmap_wait_for_key(struct hmap_call *call, struct hmap_waiter *waiter)
{
	struct hmap_object *object = call->object;
	struct wait_queue_head *queue;
	int ret;

	waiter->wait_key = hmap_wait_key_get(object, waiter->key);
	if (IS_ERR(waiter->wait_key))
		return PTR_ERR(waiter->wait_key);
	queue = &waiter->wait_key->waiters;
	init_waitqueue_entry(&waiter->entry, current);
	add_wait_queue(queue, &waiter->entry);
	atomic_inc(&object->waiting);
	ret = hmap_wait_sleep(call, waiter);
	atomic_dec(&object->waiting);
	remove_wait_queue(queue, &waiter->entry);
	hmap_wait_key_put(object, waiter->wait_key);
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
	if (ret)
		goto out;
	ret = hmap_wait_for_key(call, &waiter);
	if (ret)
		goto out;
	if (waiter.value &&
	    copy_to_user(u64_to_user_ptr(wait->value), waiter.value,
			 wait->value_size))
		ret = -EFAULT;
out:
	kvfree(waiter.heap);
	return ret;
}
