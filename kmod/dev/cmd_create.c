// SPDX-License-Identifier: GPL-2.0
/*
 * CREATE: a new map and the file that leads to it.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/path.h>
#include <linux/string.h>

#include "cmd.h"
#include "fs.h"
#include "mapped.h"
#include "user.h"

/*
 * Whether the HMAP_NAME_SIZE bytes are a valid name. Accepts an empty name: the
 * caller decides whether a name is needed.
 */
static bool hmap_name_ok(const char *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strnlen(name, HMAP_NAME_SIZE);

	return len < HMAP_NAME_SIZE && strspn(name, allowed) == len &&
	       name[0] != '.' && !memchr_inv(name + len, 0, HMAP_NAME_SIZE - len);
}

static bool hmap_create_place_ok(const struct hmap_ioc_create *create)
{
	bool dir = create->flags & HMAP_CREATE_DIR;

	return hmap_name_ok(create->name) && !create->reserved &&
	       (dir || !create->dir) && !(create->mode & ~0777) &&
	       (dir || create->name[0] || !create->mode);
}

#define HMAP_CREATE_FLAGS	(HMAP_CREATE_PARAMS | HMAP_CREATE_MMAP | HMAP_CREATE_DIR)

static int hmap_create_params(const struct hmap_ioc_create *create,
			      struct hmap_params *params)
{
	u32 flags = create->flags & HMAP_CREATE_PARAMS;

	if (create->flags & ~HMAP_CREATE_FLAGS ||
	    create->hash > HMAP_HASH_FAST || create->hint > ULONG_MAX ||
	    create->max_entries > ULONG_MAX || create->max_bytes > ULONG_MAX ||
	    (create->node && !(flags & HMAP_NUMA_NODE)) ||
	    !hmap_create_place_ok(create))
		return -EINVAL;
	*params = (struct hmap_params){
		.key_size = create->key_size,
		.value_size = create->value_size,
		.hint = create->hint,
		.max_entries = create->max_entries,
		.max_bytes = create->max_bytes,
		.stripes = create->stripes,
		.flags = flags | HMAP_ACCOUNT,
		.node = create->node,
		.hashfn = create->hash == HMAP_HASH_SIPHASH ? hmap_siphash : NULL,
	};
	return 0;
}

/* A file for an object that is in no file system. */
static struct file *hmap_anonymous_file(struct hmap_object *object)
{
	struct hmap_file *hf = hmap_file_create(object, false);
	struct file *file;

	if (!hf)
		return ERR_PTR(-ENOMEM);
	hf->anonymous = true;
	file = anon_inode_getfile("[hmap]", hmap_map_fops, hf, O_RDWR);
	if (IS_ERR(file))
		hmap_file_free(hf);
	else
		hmap_file_show(file, object);
	return file;
}

/* Create a file for an object, in @dir if that is set. Returns a descriptor. */
static int hmap_object_publish(struct hmap_object *object,
			       const struct hmap_ioc_create *create,
			       const struct path *dir)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0)
		return fd;
	if (dir->dentry)
		file = hmapfs_create(dir, create->name, create->mode, object);
	else
		file = hmap_anonymous_file(object);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

/* Create the map first, which may take long, and only then its file and name. */
static int hmap_create_in(const struct hmap_ioc_create *create,
			  struct hmap_params *params, const struct path *dir)
{
	struct hmap_mapped_view *view = NULL;
	struct hmap_object *object;
	struct hmap_user *user;
	int ret;

	user = hmap_user_charge();
	if (IS_ERR(user))
		return PTR_ERR(user);
	if (dir->dentry)
		params->pools[HMAP_POOL_INSTANCE] = hmapfs_pool(dir);
	if (create->flags & HMAP_CREATE_MMAP)
		view = hmap_mapping_create();
	if (IS_ERR(view)) {
		hmap_user_uncharge(user, 1);
		return PTR_ERR(view);
	}
	object = hmap_object_create(params, view, user);
	if (IS_ERR(object))
		return PTR_ERR(object);
	ret = hmap_object_publish(object, create, dir);
	hmap_object_put(object);
	return ret;
}

int hmap_cmd_create(struct hmap_call *call)
{
	const struct hmap_ioc_create *create = &call->arg.create;
	struct hmap_params params;
	struct path dir = {};
	int ret;

	ret = hmap_create_params(create, &params);
	if (ret)
		return ret;
	if (create->name[0] || create->flags & HMAP_CREATE_DIR)
		ret = hmapfs_find(create, &dir);
	if (ret)
		return ret;
	ret = hmap_create_in(create, &params, &dir);
	/* After a failed map has been freed: the instance must outlive its maps. */
	path_put(&dir);
	return ret;
}
