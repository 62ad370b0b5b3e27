// SPDX-License-Identifier: GPL-2.0
/*
 * Objects: maps that programs share, from CREATE to the last reference.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/hmap-view.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "mapped.h"
#include "object.h"
#include "user.h"
#include "view.h"
#include "watch.h"

const struct file_operations *hmap_map_fops;
struct hmap_pool hmap_all_maps;

/* Destroys maps whose workers are running. */
static struct workqueue_struct *hmap_destroy_wq;

/* Called when the map is frozen and the last change is done. */
static void hmap_object_frozen(struct percpu_ref *writers)
{
	struct hmap_object *object = container_of(writers, struct hmap_object,
						  writers);

	hmap_watch_end(object);
	/* From here on it may be freed. */
	complete_all(&object->frozen);
}

/**
 * hmap_objects_init() - set what all objects have in common
 * @max_bytes: memory that their maps may hold together; 0 for no limit
 * @fops: their file operations
 *
 * Call before the first object is created.
 *
 * Return: 0 or -ENOMEM.
 */
int hmap_objects_init(unsigned long max_bytes, const struct file_operations *fops)
{
	hmap_destroy_wq = alloc_workqueue("hmap_destroy", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!hmap_destroy_wq)
		return -ENOMEM;
	hmap_all_maps.max_bytes = max_bytes;
	hmap_map_fops = fops;
	return 0;
}

/* Call when the last reference to each object has been put: destroys those that are left. */
void hmap_objects_exit(void)
{
	destroy_workqueue(hmap_destroy_wq);
}

/**
 * hmap_object_create() - create a map that programs share
 * @params: parameters of the map; the limits of all maps and of @user are added
 * @view: what programs can map of it, or NULL. The object takes over the reference;
 *	it is put if this fails
 * @user: the user that has been charged for the map, and is uncharged if this fails;
 *	NULL for a map of no user
 *
 * Return: the object, with one reference; ERR_PTR(-ENOMEM); or an error of
 * hmap_init() as ERR_PTR().
 */
struct hmap_object *hmap_object_create(struct hmap_params *params,
				       struct hmap_mapped_view *view,
				       struct hmap_user *user)
{
	struct hmap_object *object;
	int ret;

	object = kzalloc(sizeof(*object), GFP_KERNEL_ACCOUNT);
	if (!object) {
		ret = -ENOMEM;
		goto err_view;
	}
	ret = percpu_ref_init(&object->writers, hmap_object_frozen, 0,
			      GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_object;
	if (hmap_all_maps.max_bytes)
		params->pools[HMAP_POOL_DEVICE] = &hmap_all_maps;
	if (user)
		params->pools[HMAP_POOL_USER] = hmap_user_pool(user);
	ret = hmap_init_view(&object->map, params, view ? &view->base : NULL);
	if (ret)
		goto err_writers;
	if (view)
		hmap_view_attach(view, &object->map);
	init_completion(&object->frozen);
	object->view = view;
	object->user = user;
	current_fsuid_fsgid(&object->uid, &object->gid);
	kref_init(&object->ref);
	hmap_watch_init(object);
	return object;

err_writers:
	percpu_ref_exit(&object->writers);
err_object:
	kfree(object);
err_view:
	if (view)
		hmap_view_put(&view->base);
	if (user)
		hmap_user_uncharge(user, 1);
	return ERR_PTR(ret);
}

static void hmap_object_destroy(struct hmap_object *object)
{
	hmap_destroy(&object->map);
	if (object->view)
		hmap_view_put(&object->view->base);
	if (object->user)
		hmap_user_uncharge(object->user, 1);
	kfree(object);
}

static void hmap_object_destroy_work(struct work_struct *work)
{
	hmap_object_destroy(container_of(work, struct hmap_object, destroy_work));
}

/*
 * The task may hold a directory's lock, or be the one that closes files for all tasks. So
 * it does not wait for the worker, which a cgroup may delay.
 */
static void hmap_object_free(struct kref *ref)
{
	struct hmap_object *object = container_of(ref, struct hmap_object, ref);

	/* The task that froze it may have been interrupted before it was frozen. */
	if (object->freezing)
		wait_for_completion(&object->frozen);
	percpu_ref_exit(&object->writers);
	hmap_watch_exit(object);
	if (hmap_stop(&object->map)) {
		hmap_object_destroy(object);
		return;
	}
	INIT_WORK(&object->destroy_work, hmap_object_destroy_work);
	queue_work(hmap_destroy_wq, &object->destroy_work);
}

struct hmap_object *hmap_object_get(struct hmap_object *object)
{
	kref_get(&object->ref);
	return object;
}

void hmap_object_put(struct hmap_object *object)
{
	kref_put(&object->ref, hmap_object_free);
}

struct hmap_file *hmap_file_create(struct hmap_object *object, bool device)
{
	struct hmap_file *hf = kzalloc(sizeof(*hf), GFP_KERNEL_ACCOUNT);

	if (!hf)
		return NULL;
	hf->object = hmap_object_get(object);
	hf->device = device;
	hmap_watch_begin(hf);
	return hf;
}

void hmap_file_free(struct hmap_file *hf)
{
	hmap_object_put(hf->object);
	kfree(hf);
}

/* Let the view find the mappings of a file that is being opened. */
void hmap_file_show(struct file *file, const struct hmap_object *object)
{
	if (object->view)
		hmap_mapping_bind(file, object->view);
}

/**
 * hmap_file_bind() - bind a file that is being opened to an object
 * @file: the file
 * @object: the object; the file takes a reference
 * @device: whether it is a file of the device itself
 *
 * Return: 0 or -ENOMEM.
 */
int hmap_file_bind(struct file *file, struct hmap_object *object, bool device)
{
	file->private_data = hmap_file_create(object, device);
	if (!file->private_data)
		return -ENOMEM;
	hmap_file_show(file, object);
	return 0;
}

void hmap_file_unbind(struct file *file)
{
	hmap_file_free(file->private_data);
}

/**
 * hmap_object_freeze() - make an object's map permanently read-only
 * @object: the object
 *
 * Return: 0 when no change is under way any more; -ERESTARTSYS if a signal came
 * before that.
 */
int hmap_object_freeze(struct hmap_object *object)
{
	if (!xchg(&object->freezing, 1))
		percpu_ref_kill(&object->writers);
	return wait_for_completion_interruptible(&object->frozen);
}
