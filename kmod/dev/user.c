// SPDX-License-Identifier: GPL-2.0
/*
 * Users and what they have: maps and other files of hmapfs, and the memory of
 * their maps. Each has a limit, so that none takes all that is there for all of
 * them; the superuser has none.
 *
 * A user is one of the initial user namespace. All that come from a namespace
 * which an ordinary user has made are that user: the ids that it may give
 * itself there are not users of their own. A map counts for the user that has
 * made it, not for the owner of its file.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "user.h"

/*
 * Workers of a user's maps that may run at the same time. They may be charging a cgroup
 * that slows them down; there are hundreds of places for those of all users.
 */
#define USER_WORKERS	16

/* Delay before a user without files is freed: its memory may wait for RCU. */
#define REAP_TIME	HZ

#define PROC_NAME	"hmap_users"

/**
 * struct hmap_user - a user that has files, or had some until a moment ago
 * @uid: constant
 * @files: maps, directories, symbolic links, and hard links beyond the first
 * @pool: memory of the maps
 */
struct hmap_user {
	kuid_t uid;
	unsigned long files;
	struct hmap_pool pool;
};

/* All users, by uid. Under the lock. */
static DEFINE_XARRAY(hmap_users);
static DEFINE_MUTEX(hmap_users_lock);

/* Limits of each user; 0 for none. Constant. */
static unsigned long hmap_user_max_files;
static unsigned long hmap_user_max_bytes;

/* The user that the caller counts as. */
static kuid_t hmap_user_uid(void)
{
	const struct user_namespace *ns = current_user_ns();

	if (ns == &init_user_ns)
		return current_fsuid();
	while (ns->parent != &init_user_ns)
		ns = ns->parent;
	/* In a container made by the superuser each id is a user of its own. */
	return uid_eq(ns->owner, GLOBAL_ROOT_UID) ? current_fsuid() : ns->owner;
}

static void hmap_users_reap(struct work_struct *work);
static DECLARE_DELAYED_WORK(hmap_reaper, hmap_users_reap);

static void hmap_users_reap(struct work_struct *work)
{
	struct hmap_user *user;
	unsigned long uid;
	bool again = false;

	mutex_lock(&hmap_users_lock);
	xa_for_each(&hmap_users, uid, user) {
		if (user->files)
			continue;
		if (atomic_long_read(&user->pool.memory)) {
			again = true;
			continue;
		}
		xa_erase(&hmap_users, uid);
		kfree(user);
	}
	mutex_unlock(&hmap_users_lock);
	if (again)
		schedule_delayed_work(&hmap_reaper, REAP_TIME);
}

static struct hmap_user *hmap_user_alloc(kuid_t uid)
{
	struct hmap_user *user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);

	if (!user)
		return NULL;
	user->uid = uid;
	if (!uid_eq(uid, GLOBAL_ROOT_UID)) {
		user->pool.max_bytes = hmap_user_max_bytes;
		user->pool.max_workers = USER_WORKERS;
	}
	return user;
}

/* The user, or NULL if it has no files and had none a moment ago. */
static struct hmap_user *hmap_user_find(kuid_t uid)
{
	lockdep_assert_held(&hmap_users_lock);
	return xa_load(&hmap_users, __kuid_val(uid));
}

/*
 * Insert a user; if another task has done so meanwhile, free @new and return that one.
 * ERR_PTR(-ENOMEM) if there is no memory.
 */
static struct hmap_user *hmap_user_insert(struct hmap_user *new)
{
	struct hmap_user *user;

	lockdep_assert_held(&hmap_users_lock);
	user = xa_cmpxchg(&hmap_users, __kuid_val(new->uid), NULL, new, GFP_KERNEL);
	if (!user)
		return new;
	kfree(new);
	return xa_is_err(user) ? ERR_PTR(xa_err(user)) : user;
}

static int hmap_user_add(struct hmap_user *user)
{
	lockdep_assert_held(&hmap_users_lock);
	if (hmap_user_max_files && user->files >= hmap_user_max_files &&
	    !ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE))
		return -EDQUOT;
	user->files++;
	return 0;
}

/**
 * hmap_user_charge() - charge a map or a file to the caller's user
 *
 * Return: the user, for hmap_user_uncharge(); ERR_PTR(-EDQUOT) if it has as many as
 * it may have; ERR_PTR(-ENOMEM).
 */
struct hmap_user *hmap_user_charge(void)
{
	kuid_t uid = hmap_user_uid();
	struct hmap_user *user, *new;
	int ret;

	mutex_lock(&hmap_users_lock);
	user = hmap_user_find(uid);
	if (!user) {
		/* Charging a cgroup may take long: not under the lock of all users. */
		mutex_unlock(&hmap_users_lock);
		new = hmap_user_alloc(uid);
		if (!new)
			return ERR_PTR(-ENOMEM);
		mutex_lock(&hmap_users_lock);
		user = hmap_user_insert(new);
	}
	ret = IS_ERR(user) ? PTR_ERR(user) : hmap_user_add(user);
	/* Free the user again if it has just been created. */
	if (ret)
		schedule_delayed_work(&hmap_reaper, REAP_TIME);
	mutex_unlock(&hmap_users_lock);
	return ret ? ERR_PTR(ret) : user;
}

/**
 * hmap_user_charge_more() - charge a file to a given user
 * @user: a user that has a file already
 *
 * Return: 0 or -EDQUOT.
 */
int hmap_user_charge_more(struct hmap_user *user)
{
	int ret;

	mutex_lock(&hmap_users_lock);
	ret = hmap_user_add(user);
	mutex_unlock(&hmap_users_lock);
	return ret;
}

/**
 * hmap_user_uncharge() - uncharge files of a user
 * @user: the user; its pool stays until the memory of its maps has been freed
 * @files: number of files
 */
void hmap_user_uncharge(struct hmap_user *user, unsigned int files)
{
	mutex_lock(&hmap_users_lock);
	user->files -= files;
	if (!user->files)
		schedule_delayed_work(&hmap_reaper, REAP_TIME);
	mutex_unlock(&hmap_users_lock);
}

/**
 * hmap_user_pool() - the pool that the maps of a user count in
 * @user: the user
 *
 * Return: the pool.
 */
struct hmap_pool *hmap_user_pool(struct hmap_user *user)
{
	return &user->pool;
}

/* Report usage and limits of the caller's user. */
void hmap_user_info(struct hmap_ioc_info *info)
{
	kuid_t uid = hmap_user_uid();
	struct hmap_user *user;

	mutex_lock(&hmap_users_lock);
	user = hmap_user_find(uid);
	info->user_files = user ? user->files : 0;
	info->user_memory = user ? atomic_long_read(&user->pool.memory) : 0;
	mutex_unlock(&hmap_users_lock);
	info->user_max_files = hmap_user_max_files;
	info->user_max_bytes = uid_eq(uid, GLOBAL_ROOT_UID) ? 0 : hmap_user_max_bytes;
}

/* One line for each user. Only the superuser may read the file. */
static int hmap_users_show(struct seq_file *m, void *unused)
{
	struct hmap_user *user;
	unsigned long uid;

	seq_puts(m, "uid files bytes\n");
	mutex_lock(&hmap_users_lock);
	xa_for_each(&hmap_users, uid, user)
		seq_printf(m, "%u %lu %ld\n",
			   from_kuid_munged(seq_user_ns(m), user->uid),
			   user->files, atomic_long_read(&user->pool.memory));
	mutex_unlock(&hmap_users_lock);
	return 0;
}

/**
 * hmap_users_init() - set the limits of users, before there are any
 * @max_files: maps and files that each user may have, 0 for no limit
 * @max_bytes: memory that the maps of each user may hold, 0 for no limit
 *
 * Return: 0 or -ENOMEM.
 */
int hmap_users_init(unsigned long max_files, unsigned long max_bytes)
{
	hmap_user_max_files = max_files;
	hmap_user_max_bytes = max_bytes;
#ifdef CONFIG_PROC_FS
	if (!proc_create_single(PROC_NAME, 0400, NULL, hmap_users_show))
		return -ENOMEM;
#endif
	return 0;
}

/* Call when all maps have been destroyed and their memory freed. */
void hmap_users_exit(void)
{
	remove_proc_entry(PROC_NAME, NULL);
	cancel_delayed_work_sync(&hmap_reaper);
	hmap_users_reap(NULL);
	WARN_ON_ONCE(!xa_empty(&hmap_users));
	cancel_delayed_work_sync(&hmap_reaper);
	xa_destroy(&hmap_users);
}
