// SPDX-License-Identifier: GPL-2.0
/*
 * Objects: maps that programs share, from CREATE to the last reference.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/path.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "../compat.h"
#include "dev.h"
#include "fs.h"
#include "../map/view.h"

/* The map is frozen, and the last change is done. */
static void hmap_object_frozen(struct percpu_ref *writers)
{
	struct hmap_object *object = container_of(writers, struct hmap_object,
						  writers);

	hmap_watch_end(object);
	/* From here on it may be freed. */
	complete_all(&object->frozen);
}

/* The limit of all maps of the device together. */
static struct hmap_pool hmap_all_maps;

/**
 * hmap_object_limit() - limit the memory of all maps that programs share
 * @max_bytes: what they may hold together; 0 for no limit
 *
 * To be called before there are any.
 */
void hmap_object_limit(unsigned long max_bytes)
{
	hmap_all_maps.max_bytes = max_bytes;
}

/**
 * hmap_object_create() - make a map that programs share
 * @params: what its map is made for; it comes under the limit of all maps. The
 *	view, if there is one, is the object's from now on, and is put if this fails
 * @user: whose map it is, which has been charged for it, and is uncharged if this
 *	fails; NULL for a map of no user
 *
 * Return: the object, with one reference; or what hmap_init() says, -ENOMEM.
 */
struct hmap_object *hmap_object_create(struct hmap_params *params,
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
	ret = hmap_init(&object->map, params);
	if (ret)
		goto err_writers;
	init_completion(&object->frozen);
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
	if (params->view)
		hmap_view_put(params->view);
	if (user)
		hmap_user_uncharge(user, 1);
	return ERR_PTR(ret);
}

static void hmap_object_free(struct kref *ref)
{
	struct hmap_object *object = container_of(ref, struct hmap_object, ref);
	struct hmap_view *view = object->map.params.view;

	/* Whoever froze it may have been killed before it was. */
	if (object->freezing)
		wait_for_completion(&object->frozen);
	percpu_ref_exit(&object->writers);
	hmap_watch_exit(object);
	hmap_destroy(&object->map);
	if (view)
		hmap_view_put(view);
	if (object->user)
		hmap_user_uncharge(object->user, 1);
	kfree(object);
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

static struct hmap_file *hmap_file_create(struct hmap_object *object,
					  bool device)
{
	struct hmap_file *hf = kzalloc(sizeof(*hf), GFP_KERNEL_ACCOUNT);

	if (!hf)
		return NULL;
	hf->object = hmap_object_get(object);
	hf->device = device;
	hmap_watch_begin(hf);
	return hf;
}

static void hmap_file_free(struct hmap_file *hf)
{
	hmap_object_put(hf->object);
	kfree(hf);
}

/* What is mapped of a file that is being opened can be found by its map. */
static void hmap_file_show(struct file *file, const struct hmap_object *object)
{
	if (object->map.params.view)
		hmap_mapping_bind(file, object->map.params.view);
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
	if (!file->private_data)
		return -ENOMEM;
	hmap_file_show(file, object);
	return 0;
}

void hmap_file_unbind(struct file *file)
{
	hmap_file_free(file->private_data);
}

/* Flags of CREATE and those of a map that mean the same. */
static const struct {
	u32 create;
	u32 params;
} hmap_flags[] = {
	{ HMAP_CREATE_NO_SHRINK, HMAP_NO_SHRINK },
	{ HMAP_CREATE_NUMA_NODE, HMAP_NUMA_NODE },
};

static u32 hmap_create_flags(u32 params_flags)
{
	u32 flags = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(hmap_flags); i++)
		if (params_flags & hmap_flags[i].params)
			flags |= hmap_flags[i].create;
	return flags;
}

static u32 hmap_params_flags(u32 create_flags)
{
	u32 flags = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(hmap_flags); i++)
		if (create_flags & hmap_flags[i].create)
			flags |= hmap_flags[i].params;
	return flags;
}

/* Whose file it is: that of the node, or of the caller that made the map. */
static void hmap_info_owner(const struct hmap_call *call,
			    struct hmap_ioc_info *info)
{
	const struct hmap_file *hf = call->file->private_data;
	const struct inode *inode = file_inode(call->file);
	struct user_namespace *ns = current_user_ns();
	bool anonymous = hf->anonymous;

	info->uid = from_kuid_munged(ns, anonymous ? call->object->uid :
						     inode->i_uid);
	info->gid = from_kgid_munged(ns, anonymous ? call->object->gid :
						     inode->i_gid);
	info->mode = anonymous ? 0 : inode->i_mode & S_IALLUGO;
	info->links = anonymous ? 0 : inode->i_nlink;
}

int hmap_cmd_info(struct hmap_call *call)
{
	const struct hmap_params *params = &call->map->params;
	const struct hmap_object *object = call->object;
	struct hmap_ioc_info *info = &call->arg.info;

	if (info->flags)
		return -EINVAL;

	info->abi_version = HMAP_ABI_VERSION;
	info->key_size = params->key_size;
	info->value_size = params->value_size;
	info->max_key_size = HMAP_MAX_KEY_SIZE;
	info->max_value_size = HMAP_MAX_VALUE_SIZE;
	info->max_inline_size = HMAP_MAX_INLINE_SIZE;
	info->max_entries = params->max_entries;
	info->hint = params->hint;
	info->max_bytes = params->max_bytes;
	info->create_flags = hmap_create_flags(params->flags);
	if (params->view)
		info->create_flags |= HMAP_CREATE_MMAP;
	info->hash = params->hashfn ? HMAP_HASH_SIPHASH : HMAP_HASH_FAST;
	info->stripes = params->stripes;
	info->node = params->node;
	info->reserved = 0;
	info->state = READ_ONCE(object->freezing) ? HMAP_STATE_FROZEN : 0;
	hmap_info_owner(call, info);
	info->all_max_bytes = hmap_all_maps.max_bytes;
	hmap_user_info(info);
	return hmap_call_return(call, sizeof(*info));
}

/*
 * A name in HMAP_NAME_SIZE bytes. Only zeros are none, but as good as one: it is for
 * the caller to refuse that.
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

/* Flags that are none of the map's. */
#define HMAP_CREATE_OTHERS	(HMAP_CREATE_MMAP | HMAP_CREATE_DIR)

static int hmap_create_params(const struct hmap_ioc_create *create,
			      struct hmap_params *params)
{
	u32 flags = hmap_params_flags(create->flags);

	if ((create->flags & ~HMAP_CREATE_OTHERS) != hmap_create_flags(flags) ||
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

/* A file of an object that is in no file system. */
static struct file *hmap_anonymous_file(struct hmap_object *object)
{
	struct hmap_file *hf = hmap_file_create(object, false);
	struct file *file;

	if (!hf)
		return ERR_PTR(-ENOMEM);
	hf->anonymous = true;
	file = anon_inode_getfile("[hmap]", &hmap_object_fops, hf, O_RDWR);
	if (IS_ERR(file))
		hmap_file_free(hf);
	else
		hmap_file_show(file, object);
	return file;
}

/* A file descriptor for an object; @dir is where its file is to be, if anywhere. */
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

/* Makes the map, which may take long, and only then what leads to it. */
static int hmap_create_in(const struct hmap_ioc_create *create,
			  struct hmap_params *params, const struct path *dir)
{
	struct hmap_object *object;
	struct hmap_user *user;
	int ret;

	user = hmap_user_charge();
	if (IS_ERR(user))
		return PTR_ERR(user);
	if (dir->dentry)
		params->pools[HMAP_POOL_INSTANCE] = hmapfs_pool(dir);
	if (create->flags & HMAP_CREATE_MMAP)
		params->view = hmap_mapping_create();
	if (IS_ERR(params->view)) {
		hmap_user_uncharge(user, 1);
		return PTR_ERR(params->view);
	}
	object = hmap_object_create(params, user);
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
	/* After the last of the map: the instance outlives what counts in it. */
	path_put(&dir);
	return ret;
}

/* As for a change of mode: the owner of the file, or of a map that has none. */
static bool hmap_is_owner(const struct hmap_call *call)
{
	const struct hmap_file *hf = call->file->private_data;
	kuid_t uid = call->object->uid;

	if (!hf->anonymous)
		return inode_owner_or_capable(file_mnt_idmap(call->file),
					      file_inode(call->file));
	return uid_eq(uid, current_fsuid()) ||
	       (kuid_has_mapping(current_user_ns(), uid) &&
		ns_capable(current_user_ns(), CAP_FOWNER));
}

int hmap_cmd_freeze(struct hmap_call *call)
{
	struct hmap_object *object = call->object;

	if (!hmap_is_owner(call))
		return -EPERM;
	if (call->arg.plain.flags)
		return -EINVAL;
	if (!xchg(&object->freezing, true))
		percpu_ref_kill(&object->writers);
	return wait_for_completion_interruptible(&object->frozen);
}
