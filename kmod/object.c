// SPDX-License-Identifier: GPL-2.0
/*
 * Objects: maps that programs share, from CREATE to the last reference.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/slab.h>

#include "dev.h"

/**
 * hmap_object_create() - make a map that programs share
 * @params: what its map is made for
 *
 * Return: the object, with one reference; or what hmap_init() says, -ENOMEM.
 */
struct hmap_object *hmap_object_create(const struct hmap_params *params)
{
	struct hmap_object *object;
	int ret;

	object = kzalloc(sizeof(*object), GFP_KERNEL_ACCOUNT);
	if (!object)
		return ERR_PTR(-ENOMEM);
	ret = hmap_init(&object->map, params);
	if (ret) {
		kfree(object);
		return ERR_PTR(ret);
	}
	kref_init(&object->ref);
	hmap_watch_init(object);
	return object;
}

static void hmap_object_free(struct kref *ref)
{
	struct hmap_object *object = container_of(ref, struct hmap_object, ref);

	hmap_destroy(&object->map);
	kfree(object);
}

void hmap_object_put(struct hmap_object *object)
{
	kref_put(&object->ref, hmap_object_free);
}

static struct hmap_file *hmap_file_create(struct hmap_object *object,
					  bool device)
{
	struct hmap_file *hf = kzalloc(sizeof(*hf), GFP_KERNEL_ACCOUNT);

	if (!hf)
		return NULL;
	kref_get(&object->ref);
	hf->object = object;
	hf->device = device;
	hmap_watch_begin(hf);
	return hf;
}

static void hmap_file_free(struct hmap_file *hf)
{
	hmap_object_put(hf->object);
	kfree(hf);
}

/**
 * hmap_file_bind() - make a file that is being opened one of an object
 * @file: the file
 * @object: the object, of which it takes a reference
 * @device: whether it is a file of the device itself
 *
 * Return: 0 or -ENOMEM.
 */
int hmap_file_bind(struct file *file, struct hmap_object *object, bool device)
{
	file->private_data = hmap_file_create(object, device);
	return file->private_data ? 0 : -ENOMEM;
}

void hmap_file_unbind(struct file *file)
{
	hmap_file_free(file->private_data);
}

static int hmap_create_params(const struct hmap_ioc_create *create,
			      struct hmap_params *params)
{
	if (create->flags & ~HMAP_CREATE_NO_SHRINK ||
	    create->hash > HMAP_HASH_FAST || create->reserved ||
	    create->hint > ULONG_MAX || create->max_entries > ULONG_MAX)
		return -EINVAL;
	*params = (struct hmap_params){
		.key_size = create->key_size,
		.value_size = create->value_size,
		.hint = create->hint,
		.max_entries = create->max_entries,
		.stripes = create->stripes,
		.flags = create->flags & HMAP_CREATE_NO_SHRINK ?
				 HMAP_NO_SHRINK : 0,
		.hashfn = create->hash == HMAP_HASH_SIPHASH ? hmap_siphash : NULL,
	};
	return 0;
}

/* A file descriptor of its own for an object. */
static int hmap_object_fd(struct hmap_object *object)
{
	struct hmap_file *hf = hmap_file_create(object, false);
	int fd;

	if (!hf)
		return -ENOMEM;
	fd = anon_inode_getfd("[hmap]", &hmap_object_fops, hf,
			      O_RDWR | O_CLOEXEC);
	if (fd < 0)
		hmap_file_free(hf);
	return fd;
}

int hmap_cmd_create(struct hmap_call *call)
{
	struct hmap_params params;
	struct hmap_object *object;
	int ret;

	ret = hmap_create_params(&call->arg.create, &params);
	if (ret)
		return ret;
	object = hmap_object_create(&params);
	if (IS_ERR(object))
		return PTR_ERR(object);
	ret = hmap_object_fd(object);
	hmap_object_put(object);
	return ret;
}
