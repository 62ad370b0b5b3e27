// SPDX-License-Identifier: GPL-2.0
/*
 * Names: maps that are nodes under /dev/hmaps.
 *
 * A name is a character device of its own, so that a map is opened as a file is:
 * permissions, access control lists and mounts decide. The name holds a
 * reference to its map, and each file that was opened by it one to the name.
 */
#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "dev.h"

/* Names that LIST copies out at once. */
#define LIST_GROUP	64

/**
 * struct hmap_name - a name of a map
 * @dev: makes the node
 * @cdev: opens it
 * @entry: in hmap_names
 * @object: the map; it has the name's letters
 * @mode: permissions of the node
 * @uid: owner of the node, who may take the name away
 * @gid: group of the node
 */
struct hmap_name {
	struct device dev;
	struct cdev cdev;
	struct list_head entry;
	struct hmap_object *object;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
};

static dev_t hmap_first_devt;
static DEFINE_IDA(hmap_minors);

/* All names in their order, and what keeps it so: devices come and go under it. */
static LIST_HEAD(hmap_names);
static DEFINE_MUTEX(hmap_names_lock);

static struct class hmap_class = { .name = "hmap" };

/*
 * S_IFCHR, since the kernel would take a mode of 0 for none at all. It asks only
 * for the path when the node is to go.
 */
static char *hmap_name_devnode(hmap_const_device *dev, umode_t *mode,
			       kuid_t *uid, kgid_t *gid)
{
	const struct hmap_name *name = container_of(dev, struct hmap_name, dev);

	if (mode) {
		*mode = S_IFCHR | name->mode;
		*uid = name->uid;
		*gid = name->gid;
	}
	return kasprintf(GFP_KERNEL, "hmaps/%s", name->object->name);
}

/* Nobody has the node open any more, nor can open it. */
static void hmap_name_release(struct device *dev)
{
	struct hmap_name *name = container_of(dev, struct hmap_name, dev);

	ida_free(&hmap_minors, MINOR(dev->devt));
	hmap_object_put(name->object);
	kfree(name);
}

static const struct device_type hmap_name_type = {
	.name = "hmap",
	.devnode = hmap_name_devnode,
	.release = hmap_name_release,
};

int hmap_name_open(struct inode *inode, struct file *file)
{
	struct hmap_name *name = container_of(inode->i_cdev, struct hmap_name,
					      cdev);

	return hmap_file_bind(file, name->object, false) ?:
	       nonseekable_open(inode, file);
}

/**
 * hmap_name_ok() - whether a name can be that of a map
 * @name: the name, in HMAP_NAME_SIZE bytes
 *
 * Only zeros are no name, but as good as one: it is for the caller to refuse
 * that.
 *
 * Return: true if it can.
 */
bool hmap_name_ok(const char *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strnlen(name, HMAP_NAME_SIZE);

	return len < HMAP_NAME_SIZE && strspn(name, allowed) == len &&
	       name[0] != '.' && !memchr_inv(name + len, 0, HMAP_NAME_SIZE - len);
}

/* The first name that is not before @letters; the head of the list if none is. */
static struct list_head *hmap_name_seek(const char *letters)
{
	struct hmap_name *name;

	lockdep_assert_held(&hmap_names_lock);
	list_for_each_entry(name, &hmap_names, entry)
		if (strcmp(name->object->name, letters) >= 0)
			return &name->entry;
	return &hmap_names;
}

static struct hmap_name *hmap_name_find(const char *letters)
{
	struct list_head *at = hmap_name_seek(letters);
	struct hmap_name *name = list_entry(at, struct hmap_name, entry);

	if (at == &hmap_names || strcmp(name->object->name, letters))
		return NULL;
	return name;
}

/* A name that nobody can find yet. It goes with the last reference to its dev. */
static struct hmap_name *hmap_name_alloc(struct hmap_object *object,
					 umode_t mode)
{
	struct hmap_name *name = kzalloc(sizeof(*name), GFP_KERNEL_ACCOUNT);
	int minor;

	if (!name)
		return ERR_PTR(-ENOMEM);
	minor = ida_alloc_max(&hmap_minors, HMAP_MAX_NAMES - 1, GFP_KERNEL);
	if (minor < 0) {
		kfree(name);
		return ERR_PTR(minor);
	}
	kref_get(&object->ref);
	name->object = object;
	name->mode = mode;
	current_fsuid_fsgid(&name->uid, &name->gid);
	device_initialize(&name->dev);
	name->dev.devt = hmap_first_devt + minor;
	name->dev.class = &hmap_class;
	name->dev.type = &hmap_name_type;
	cdev_init(&name->cdev, &hmap_object_fops);
	name->cdev.owner = THIS_MODULE;
	return name;
}

static int hmap_name_add(struct hmap_name *name)
{
	struct hmap_object *object = name->object;
	int ret;

	if (hmap_name_find(object->name))
		return -EEXIST;
	ret = dev_set_name(&name->dev, "%s", object->name) ?:
	      cdev_device_add(&name->cdev, &name->dev);
	if (ret)
		return ret;
	list_add_tail(&name->entry, hmap_name_seek(object->name));
	WRITE_ONCE(object->named, true);
	return 0;
}

/**
 * hmap_name_create() - have a map found by a name
 * @object: the map, which has had no name so far
 * @letters: the name, in HMAP_NAME_SIZE bytes
 * @mode: permissions of the node
 *
 * The node belongs to the caller.
 *
 * Return: 0; -EEXIST; -ENOSPC; -ENOMEM.
 */
int hmap_name_create(struct hmap_object *object, const char *letters,
		     umode_t mode)
{
	struct hmap_name *name;
	int ret;

	memcpy(object->name, letters, sizeof(object->name));
	name = hmap_name_alloc(object, mode);
	if (IS_ERR(name))
		return PTR_ERR(name);
	mutex_lock(&hmap_names_lock);
	ret = hmap_name_add(name);
	mutex_unlock(&hmap_names_lock);
	if (ret)
		put_device(&name->dev);
	return ret;
}

/* The caller puts the device, without the lock: the map may go with it. */
static void hmap_name_del(struct hmap_name *name)
{
	list_del(&name->entry);
	WRITE_ONCE(name->object->named, false);
	cdev_device_del(&name->cdev, &name->dev);
}

static int hmap_name_may_destroy(const struct hmap_name *name)
{
	return uid_eq(name->uid, current_fsuid()) || capable(CAP_FOWNER) ?
	       0 : -EPERM;
}

int hmap_cmd_destroy(struct hmap_call *call)
{
	const struct hmap_ioc_destroy *destroy = &call->arg.destroy;
	struct hmap_name *name;
	int ret = -ENOENT;

	if (destroy->flags || !destroy->name[0] || !hmap_name_ok(destroy->name))
		return -EINVAL;
	mutex_lock(&hmap_names_lock);
	name = hmap_name_find(destroy->name);
	if (name)
		ret = hmap_name_may_destroy(name);
	if (!ret)
		hmap_name_del(name);
	mutex_unlock(&hmap_names_lock);
	if (!ret)
		put_device(&name->dev);
	return ret;
}

/* Up to @n names behind @after. Returns how many there were. */
static u32 hmap_names_after(const char *after, char (*letters)[HMAP_NAME_SIZE],
			    u32 n)
{
	struct hmap_name *name;
	u32 i = 0;

	mutex_lock(&hmap_names_lock);
	list_for_each_entry(name, &hmap_names, entry) {
		if (i == n)
			break;
		if (strcmp(name->object->name, after) > 0)
			memcpy(letters[i++], name->object->name, HMAP_NAME_SIZE);
	}
	mutex_unlock(&hmap_names_lock);
	return i;
}

/* What is copied out is copied without the lock: the page may be somebody's. */
static int hmap_list_fill(struct hmap_ioc_list *list,
			  char (*letters)[HMAP_NAME_SIZE])
{
	u32 n, wanted;
	u64 to;

	do {
		wanted = min_t(u32, list->capacity - list->count, LIST_GROUP);
		n = hmap_names_after(list->after, letters, wanted);
		to = list->names + (u64)list->count * HMAP_NAME_SIZE;
		if (copy_to_user(u64_to_user_ptr(to), letters,
				 n * HMAP_NAME_SIZE))
			return -EFAULT;
		list->count += n;
		if (n)
			memcpy(list->after, letters[n - 1], HMAP_NAME_SIZE);
	} while (n == wanted && list->count < list->capacity);
	return 0;
}

int hmap_cmd_list(struct hmap_call *call)
{
	struct hmap_ioc_list *list = &call->arg.list;
	char (*letters)[HMAP_NAME_SIZE];
	int ret = -EINVAL;

	list->count = 0;
	if (!list->flags && list->capacity && hmap_name_ok(list->after)) {
		letters = kmalloc_array(LIST_GROUP, HMAP_NAME_SIZE,
					GFP_KERNEL_ACCOUNT);
		ret = letters ? hmap_list_fill(list, letters) : -ENOMEM;
		kfree(letters);
	}
	return hmap_call_return(call, sizeof(*list)) ?: ret;
}

int hmap_registry_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&hmap_first_devt, 0, HMAP_MAX_NAMES, "hmaps");
	if (ret)
		return ret;
	ret = class_register(&hmap_class);
	if (ret)
		unregister_chrdev_region(hmap_first_devt, HMAP_MAX_NAMES);
	return ret;
}

/* No file is open, so that all maps go with their names. */
void hmap_registry_exit(void)
{
	struct hmap_name *name, *next;

	mutex_lock(&hmap_names_lock);
	list_for_each_entry_safe(name, next, &hmap_names, entry) {
		hmap_name_del(name);
		put_device(&name->dev);
	}
	mutex_unlock(&hmap_names_lock);
	class_unregister(&hmap_class);
	unregister_chrdev_region(hmap_first_devt, HMAP_MAX_NAMES);
}
