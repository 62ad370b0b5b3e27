// SPDX-License-Identifier: GPL-2.0
/*
 * hmapfs: a file system whose regular files are maps.
 *
 * A map with a name is a file, so that all that is known of files decides which users
 * may open, rename or remove it: owner, mode and access control lists, directories, mounts
 * and namespaces. The inode holds a reference to the object for as long as there is a
 * name or an open file. Files are made by CREATE alone; directories, symbolic and hard
 * links as in any file system that lives in memory.
 *
 * Each mount is an instance with limits of its own: of the memory that its maps hold
 * together (a pool, memory.c), and of the number of its files, directories and links.
 */
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/fs_struct.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/posix_acl.h>
#include <linux/sched/mm.h>
#include <linux/security.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/string.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "../compat.h"
#include "fs.h"
#include "object.h"
#include "user.h"

#define HMAPFS_NR_MAPS	4096
#define HMAPFS_MODE	0755

/* The most names that a file may have. */
#define HMAPFS_MAX_LINKS	16

/**
 * struct hmapfs - an instance: s_fs_info of its super block
 * @pool: the memory of all maps in it
 * @lock: protects @inodes and @max_inodes
 * @inodes: files, directories and symbolic links, including the root, and hard links
 *	beyond the first of each file
 * @max_inodes: limit of @inodes, not counting the root; 0 for no limit. Written
 *	under @lock, read anywhere
 * @mode: permissions of the root when it was mounted. Constant
 * @uid: owner of the root, likewise
 * @gid: group of the root, likewise
 * @dead: in hmapfs_dead after the last unmount
 */
struct hmapfs {
	struct hmap_pool pool;
	spinlock_t lock; /* counts */
	unsigned long inodes;
	unsigned long max_inodes;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	struct list_head dead;
};

/* Instances that are not mounted any more, but of which maps are still being freed. */
static LIST_HEAD(hmapfs_dead);
static DEFINE_SPINLOCK(hmapfs_dead_lock); /* hmapfs_dead */

/* Delay before they are looked at again. */
#define HMAPFS_REAP_TIME	HZ

static struct file_system_type hmapfs_type;

static struct hmapfs *hmapfs_of(const struct super_block *sb)
{
	return sb->s_fs_info;
}

/* ---- number of files ---- */

static int hmapfs_reserve(struct hmapfs *fs)
{
	int ret = 0;

	spin_lock(&fs->lock);
	if (fs->max_inodes && fs->inodes > fs->max_inodes)
		ret = -ENOSPC;
	else
		fs->inodes++;
	spin_unlock(&fs->lock);
	return ret;
}

static void hmapfs_release(struct hmapfs *fs)
{
	spin_lock(&fs->lock);
	fs->inodes--;
	spin_unlock(&fs->lock);
}

/* ---- inodes ---- */

static const struct inode_operations hmapfs_dir_iops;

/* The user that an inode is charged to: of the object, or i_private itself. */
static struct hmap_user *hmapfs_user(const struct inode *inode)
{
	const struct hmap_object *object = inode->i_private;

	return S_ISREG(inode->i_mode) ? object->user : inode->i_private;
}

/*
 * The files that an inode is still charged for when it is evicted. After an unmount
 * it still has its names. One file of a map is charged to the object, and not
 * included.
 */
static unsigned int hmapfs_charged(const struct inode *inode)
{
	unsigned int names = S_ISDIR(inode->i_mode) ? 1 : max(inode->i_nlink, 1U);

	return S_ISREG(inode->i_mode) ? names - 1 : names;
}

/* A new inode, which counts until it is evicted. @dir is NULL for the root. */
static struct inode *hmapfs_inode(struct super_block *sb,
				  const struct inode *dir, umode_t mode)
{
	unsigned int noreclaim;
	struct inode *inode;
	int ret;

	ret = hmapfs_reserve(hmapfs_of(sb));
	if (ret)
		return ERR_PTR(ret);
	/*
	 * The directory is locked: do not sleep there until the cgroup has room, but
	 * exceed its limit by the inode.
	 */
	noreclaim = memalloc_noreclaim_save();
	inode = new_inode(sb);
	memalloc_noreclaim_restore(noreclaim);
	if (!inode) {
		hmapfs_release(hmapfs_of(sb));
		return ERR_PTR(-ENOMEM);
	}
	inode->i_ino = get_next_ino();
	simple_inode_init_ts(inode);
	inode_init_owner(&hmap_nop_idmap, inode, dir, mode);
	if (S_ISDIR(mode)) {
		inode->i_op = &hmapfs_dir_iops;
		inode->i_fop = &simple_dir_operations;
		inc_nlink(inode); /* "." */
	}
	return inode;
}

/* A new inode in @dir, with access control lists and security attributes. */
static struct inode *hmapfs_inode_in(struct inode *dir, const struct qstr *name,
				     umode_t mode)
{
	struct inode *inode = hmapfs_inode(dir->i_sb, dir, mode);
	int ret;

	if (IS_ERR(inode))
		return inode;
	ret = hmapfs_acl_init(inode, dir);
	if (!ret)
		ret = security_inode_init_security(inode, dir, name, NULL, NULL);
	if (!ret || ret == -EOPNOTSUPP)
		return inode;
	iput(inode);
	return ERR_PTR(ret);
}

static void hmapfs_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	if (inode->i_private)
		hmap_user_uncharge(hmapfs_user(inode), hmapfs_charged(inode));
	if (inode->i_private && S_ISREG(inode->i_mode))
		hmap_object_put(inode->i_private);
	hmapfs_release(hmapfs_of(inode->i_sb));
}

/* After an RCU grace period: until then lockless lookups may follow a link. */
static void hmapfs_free_inode(struct inode *inode)
{
	if (S_ISLNK(inode->i_mode))
		kfree(inode->i_link);
	free_inode_nonrcu(inode);
}

/* The size of a map cannot be changed. O_TRUNC has no effect. */
static int hmapfs_setattr(struct hmap_idmap *idmap, struct dentry *dentry,
			  struct iattr *attr)
{
	int ret;

	if (attr->ia_valid & ATTR_SIZE && attr->ia_size)
		return -EINVAL;
	ret = simple_setattr(idmap, dentry, attr);
	if (!ret && attr->ia_valid & ATTR_MODE)
		ret = hmapfs_acl_chmod(idmap, dentry);
	return ret;
}

static const struct inode_operations hmapfs_file_iops = {
	.setattr = hmapfs_setattr,
	HMAPFS_ACL_IOPS
};

/**
 * hmapfs_open() - open a map by its file
 * @inode: the inode
 * @file: the file that is being opened
 *
 * Return: 0 or -ENOMEM.
 */
int hmapfs_open(struct inode *inode, struct file *file)
{
	return hmap_file_bind(file, inode->i_private, false) ?:
	       nonseekable_open(inode, file);
}

/* ---- directories ---- */

static void hmapfs_instantiate(struct inode *dir, struct dentry *dentry,
			       struct inode *inode)
{
	d_make_persistent(dentry, inode);
	hmap_inode_touch(dir);
}

/* A new directory or symbolic link. It is charged to the user. */
static struct inode *hmapfs_user_inode(struct inode *dir, const struct qstr *name,
				       umode_t mode)
{
	struct hmap_user *user = hmap_user_charge();
	struct inode *inode;

	if (IS_ERR(user))
		return ERR_CAST(user);
	inode = hmapfs_inode_in(dir, name, mode);
	if (IS_ERR(inode))
		hmap_user_uncharge(user, 1);
	else
		inode->i_private = user;
	return inode;
}

static hmap_mkdir_t hmapfs_mkdir(struct hmap_idmap *idmap, struct inode *dir,
				 struct dentry *dentry, umode_t mode)
{
	struct inode *inode = hmapfs_user_inode(dir, &dentry->d_name,
						S_IFDIR | mode);

	if (IS_ERR(inode))
		return hmap_mkdir_result(PTR_ERR(inode));
	inc_nlink(dir);
	hmapfs_instantiate(dir, dentry, inode);
	return hmap_mkdir_result(0);
}

static int hmapfs_symlink(struct hmap_idmap *idmap, struct inode *dir,
			  struct dentry *dentry, const char *to)
{
	char *link = kstrdup(to, GFP_KERNEL_ACCOUNT);
	struct inode *inode;

	if (!link)
		return -ENOMEM;
	inode = hmapfs_user_inode(dir, &dentry->d_name, S_IFLNK | 0777);
	if (IS_ERR(inode)) {
		kfree(link);
		return PTR_ERR(inode);
	}
	inode->i_op = &simple_symlink_inode_operations;
	inode->i_link = link;
	i_size_write(inode, strlen(link));
	hmapfs_instantiate(dir, dentry, inode);
	return 0;
}

/* Count one more, or one less, link of a file that has a name. */
static int hmapfs_count_link(const struct inode *inode)
{
	struct hmap_user *user = hmapfs_user(inode);
	int ret;

	/* A bound: links that other users make are charged to this user, too. */
	if (inode->i_nlink >= HMAPFS_MAX_LINKS)
		return -EMLINK;
	ret = hmapfs_reserve(hmapfs_of(inode->i_sb));
	if (ret)
		return ret;
	ret = hmap_user_charge_more(user);
	if (ret)
		hmapfs_release(hmapfs_of(inode->i_sb));
	return ret;
}

static void hmapfs_uncount_link(const struct inode *inode)
{
	hmapfs_release(hmapfs_of(inode->i_sb));
	hmap_user_uncharge(hmapfs_user(inode), 1);
}

/* The first name of a map created without one has been counted already. */
static int hmapfs_link(struct dentry *old, struct inode *dir,
		       struct dentry *dentry)
{
	int ret = d_inode(old)->i_nlink ? hmapfs_count_link(d_inode(old)) : 0;

	return ret ?: simple_link(old, dir, dentry);
}

/* Whether the name that is about to be removed counts as a link of its own. */
static bool hmapfs_has_more_links(struct dentry *dentry)
{
	return d_really_is_positive(dentry) && !d_is_dir(dentry) &&
	       d_inode(dentry)->i_nlink > 1;
}

static int hmapfs_unlink(struct inode *dir, struct dentry *dentry)
{
	bool more = hmapfs_has_more_links(dentry);
	int ret = simple_unlink(dir, dentry);

	if (!ret && more)
		hmapfs_uncount_link(d_inode(dentry));
	return ret;
}

static int hmapfs_rename(struct hmap_idmap *idmap, struct inode *old_dir,
			 struct dentry *old, struct inode *new_dir,
			 struct dentry *new, unsigned int flags)
{
	bool more = !(flags & RENAME_EXCHANGE) && hmapfs_has_more_links(new);
	int ret = simple_rename(idmap, old_dir, old, new_dir, new, flags);

	if (!ret && more)
		hmapfs_uncount_link(d_inode(new));
	return ret;
}

/* Neither .create nor .mknod: only CREATE makes regular files. */
static const struct inode_operations hmapfs_dir_iops = {
	.lookup = simple_lookup,
	.link = hmapfs_link,
	.unlink = hmapfs_unlink,
	.symlink = hmapfs_symlink,
	.mkdir = hmapfs_mkdir,
	.rmdir = simple_rmdir,
	.rename = hmapfs_rename,
	.setattr = hmapfs_setattr,
	HMAPFS_ACL_IOPS
};

/* ---- CREATE ---- */

/**
 * hmapfs_find() - find the directory in which CREATE makes a map
 * @create: argument of CREATE, with HMAP_CREATE_DIR or a name
 * @path: out: the directory; the caller puts it
 *
 * The name is looked up before memory is allocated for the map.
 *
 * Return: 0; -EBADF if there is no such file descriptor; the error of the lookup of
 * HMAP_NODES; -ENOTDIR if it is not a directory; -ENODEV if it is not in an hmapfs;
 * -EEXIST if the name exists; or another error of its lookup.
 */
int hmapfs_find(const struct hmap_ioc_create *create, struct path *path)
{
	struct path taken;
	struct file *file;
	int ret = 0;

	if (create->flags & HMAP_CREATE_DIR) {
		file = fget_raw(create->dir);
		if (!file)
			return -EBADF;
		*path = file->f_path;
		path_get(path);
		fput(file);
	} else {
		ret = kern_path(HMAP_NODES, LOOKUP_FOLLOW, path);
		if (ret)
			return ret;
	}
	if (!d_is_dir(path->dentry))
		ret = -ENOTDIR;
	else if (path->dentry->d_sb->s_type != &hmapfs_type)
		ret = -ENODEV;
	else if (create->name[0])
		ret = vfs_path_lookup(path->dentry, path->mnt, create->name, 0,
				      &taken);
	else
		return 0;
	if (ret == -ENOENT)
		return 0;
	if (!ret) {
		path_put(&taken);
		ret = -EEXIST;
	}
	path_put(path);
	return ret;
}

/**
 * hmapfs_pool() - the pool of an instance
 * @path: a directory of it, from hmapfs_find()
 *
 * Return: the pool that maps in this instance count in.
 */
struct hmap_pool *hmapfs_pool(const struct path *path)
{
	return &hmapfs_of(path->dentry->d_sb)->pool;
}

static struct inode *hmapfs_map_inode(struct inode *dir, const struct qstr *name,
				      umode_t mode, struct hmap_object *object)
{
	struct inode *inode = hmapfs_inode_in(dir, name, S_IFREG | mode);

	if (IS_ERR(inode))
		return inode;
	inode->i_op = &hmapfs_file_iops;
	inode->i_fop = hmap_map_fops;
	inode->i_private = hmap_object_get(object);
	return inode;
}

static int hmapfs_fill(struct dentry *dentry, umode_t mode, void *object)
{
	struct inode *dir = d_inode(dentry->d_parent);
	struct inode *inode = hmapfs_map_inode(dir, &dentry->d_name,
					       mode & 0777, object);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	hmapfs_instantiate(dir, dentry, inode);
	return 0;
}

/* Unlink a new file, unless it has been unlinked or renamed meanwhile. */
static void hmapfs_undo(struct dentry *parent, struct dentry *dentry)
{
	struct dentry *found = start_removing_dentry(parent, dentry);

	if (IS_ERR(found))
		return;
	inode_lock(d_inode(found));
	hmapfs_unlink(d_inode(parent), found);
	inode_unlock(d_inode(found));
	d_delete(found);
	end_removing(found);
}

/*
 * The file is opened after the directory has been unlocked, since a fanotify
 * listener may have to permit the open. If the open fails the file is unlinked
 * again.
 */
static struct file *hmapfs_create_named(const struct path *dir, const char *name,
					umode_t mode, struct hmap_object *object)
{
	struct qstr qstr = QSTR_INIT(name, strlen(name));
	struct path path = { .mnt = dir->mnt };
	unsigned int noreclaim;
	struct file *file;
	int ret;

	/*
	 * As in hmapfs_inode(), and more so: what the map has been charged before may
	 * make the next charge sleep, here that of the name.
	 */
	noreclaim = memalloc_noreclaim_save();
	path.dentry = start_creating(&hmap_nop_idmap, dir->dentry, &qstr);
	if (IS_ERR(path.dentry)) {
		memalloc_noreclaim_restore(noreclaim);
		return ERR_CAST(path.dentry);
	}
	ret = security_path_mknod(dir, path.dentry, S_IFREG | mode, 0) ?:
	      vfs_mkobj(path.dentry, mode, hmapfs_fill, object);
	dget(path.dentry);
	end_creating(path.dentry);
	memalloc_noreclaim_restore(noreclaim);
	file = ret ? ERR_PTR(ret) :
		     dentry_open(&path, O_RDWR, current_cred());
	if (!ret && IS_ERR(file))
		hmapfs_undo(dir->dentry, path.dentry);
	dput(path.dentry);
	return file;
}

/* Open a file without a name, as O_TMPFILE does: linkat() can give it one. */
static struct file *hmapfs_open_nameless(const struct path *dir,
					 const struct qstr *name,
					 struct inode *inode)
{
	struct path path = { .mnt = dir->mnt };
	struct file *file;

	clear_nlink(inode);
	spin_lock(&inode->i_lock);
	inode_state_set(inode, I_LINKABLE);
	spin_unlock(&inode->i_lock);
	path.dentry = d_alloc(dir->dentry, name);
	if (!path.dentry) {
		iput(inode);
		return ERR_PTR(-ENOMEM);
	}
	d_instantiate(path.dentry, inode);
	file = dentry_open(&path, O_RDWR, current_cred());
	dput(path.dentry);
	return file;
}

static struct file *hmapfs_create_nameless(const struct path *dir, umode_t mode,
					   struct hmap_object *object)
{
	struct inode *parent = d_inode(dir->dentry), *inode;
	struct qstr name = QSTR_INIT("#hmap", 5);
	int ret;

	if (!fsuidgid_has_mapping(parent->i_sb, &hmap_nop_idmap))
		return ERR_PTR(-EOVERFLOW);
	ret = inode_permission(&hmap_nop_idmap, parent, MAY_WRITE | MAY_EXEC);
	if (ret)
		return ERR_PTR(ret);
	inode = hmapfs_map_inode(parent, &name, mode, object);
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	return hmapfs_open_nameless(dir, &name, inode);
}

/**
 * hmapfs_create() - create the file of a map
 * @dir: the directory, from hmapfs_find()
 * @name: the name; empty for a file without a name
 * @mode: permissions, before umask or access control lists
 * @object: the map, which has no file so far
 *
 * Return: the file, open for reading and writing; or ERR_PTR() of -EEXIST; -EACCES;
 * -EROFS; -ENOSPC: the instance has too many files; -EOVERFLOW: the instance does
 * not map the caller's user or group; -ENOENT: the directory has been removed (only
 * with a name); -ENFILE; -ENOMEM; or an error of an LSM.
 */
struct file *hmapfs_create(const struct path *dir, const char *name, umode_t mode,
			   struct hmap_object *object)
{
	struct file *file;
	int ret;

	/* With ACLs, posix_acl_create() applies the umask or the default list. */
	if (!IS_POSIXACL(d_inode(dir->dentry)))
		mode &= ~current_umask();
	ret = mnt_want_write(dir->mnt);
	if (ret)
		return ERR_PTR(ret);
	if (*name)
		file = hmapfs_create_named(dir, name, mode, object);
	else
		file = hmapfs_create_nameless(dir, mode, object);
	mnt_drop_write(dir->mnt);
	return file;
}

/* ---- instances ---- */

/* What is left of a limit; 0 if more is in use. */
static u64 hmapfs_left(u64 limit, u64 used)
{
	return used < limit ? limit - used : 0;
}

static int hmapfs_statfs(struct dentry *dentry, struct kstatfs *st)
{
	struct hmapfs *fs = hmapfs_of(dentry->d_sb);
	u64 max_bytes = READ_ONCE(fs->pool.max_bytes);

	st->f_type = HMAPFS_MAGIC;
	st->f_bsize = PAGE_SIZE;
	st->f_namelen = NAME_MAX;
	st->f_fsid = u64_to_fsid(huge_encode_dev(dentry->d_sb->s_dev));
	st->f_blocks = max_bytes >> PAGE_SHIFT;
	st->f_bfree = hmapfs_left(max_bytes, atomic_long_read(&fs->pool.memory)) >>
		      PAGE_SHIFT;
	st->f_bavail = st->f_bfree;
	spin_lock(&fs->lock);
	st->f_files = fs->max_inodes;
	st->f_ffree = hmapfs_left(fs->max_inodes, fs->inodes - 1);
	spin_unlock(&fs->lock);
	return 0;
}

static int hmapfs_show_options(struct seq_file *m, struct dentry *root)
{
	struct hmapfs *fs = hmapfs_of(root->d_sb);

	seq_printf(m, ",size=%luk,nr_maps=%lu,mode=%03ho",
		   READ_ONCE(fs->pool.max_bytes) >> 10,
		   READ_ONCE(fs->max_inodes), fs->mode);
	if (!uid_eq(fs->uid, GLOBAL_ROOT_UID))
		seq_printf(m, ",uid=%u",
			   from_kuid_munged(&init_user_ns, fs->uid));
	if (!gid_eq(fs->gid, GLOBAL_ROOT_GID))
		seq_printf(m, ",gid=%u",
			   from_kgid_munged(&init_user_ns, fs->gid));
	return 0;
}

static const struct super_operations hmapfs_super_ops = {
	.statfs = hmapfs_statfs,
	.drop_inode = inode_just_drop,
	.evict_inode = hmapfs_evict_inode,
	.free_inode = hmapfs_free_inode,
	.show_options = hmapfs_show_options,
};

enum hmapfs_option {
	HMAPFS_OPT_SIZE,
	HMAPFS_OPT_NR_MAPS,
	HMAPFS_OPT_MODE,
	HMAPFS_OPT_UID,
	HMAPFS_OPT_GID,
};

static const struct fs_parameter_spec hmapfs_parameters[] = {
	fsparam_string("size", HMAPFS_OPT_SIZE),
	fsparam_u64("nr_maps", HMAPFS_OPT_NR_MAPS),
	fsparam_u32oct("mode", HMAPFS_OPT_MODE),
	fsparam_u32("uid", HMAPFS_OPT_UID),
	fsparam_u32("gid", HMAPFS_OPT_GID),
	{}
};

/**
 * struct hmapfs_options - options of a mount or remount
 * @size: limit of memory, in bytes
 * @nr_maps: limit of files
 * @mode: permissions of the root
 * @uid: owner of the root
 * @gid: group of the root
 * @given: options that are given, a bit for each enum hmapfs_option
 */
struct hmapfs_options {
	unsigned long size;
	unsigned long nr_maps;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	unsigned int given;
};

/*
 * Parse a size such as "64k", or "10%" of memory: like memparse(), but checked for
 * overflow, and rounded up to whole pages, the unit of statfs().
 */
static int hmapfs_parse_size(struct fs_context *fc, const char *text,
			     unsigned long *size)
{
	static const char units[] = "kmgt%";
	size_t len = strlen(text);
	const char *unit = NULL;
	unsigned int shift;
	char number[24];
	u64 value;

	if (len && len < sizeof(number)) {
		strscpy(number, text, sizeof(number));
		unit = strchr(units, tolower(number[len - 1]));
		if (unit)
			number[len - 1] = '\0';
	}
	if (!len || len >= sizeof(number) || kstrtou64(number, 0, &value))
		return invalfc(fc, "size: needs a number, with k, m, g, t or %%");
	if (unit && *unit == '%') {
		if (value > 1000)
			return invalfc(fc, "size: more than 1000 %% of memory");
		value = div_u64(value * totalram_pages(), 100) << PAGE_SHIFT;
	} else if (unit) {
		shift = 10 * (unit - units + 1);
		value = value > U64_MAX >> shift ? U64_MAX : value << shift;
	}
	if (value > LONG_MAX - PAGE_SIZE)
		return invalfc(fc, "size: too large");
	*size = PAGE_ALIGN(value);
	return 0;
}

static int hmapfs_parse_owner(struct fs_context *fc, enum hmapfs_option option,
			      u32 id, struct hmapfs_options *options)
{
	if (option == HMAPFS_OPT_UID) {
		options->uid = make_kuid(current_user_ns(), id);
		if (kuid_has_mapping(fc->user_ns, options->uid))
			return 0;
		return invalfc(fc, "uid: not mapped in the user namespace");
	}
	options->gid = make_kgid(current_user_ns(), id);
	if (kgid_has_mapping(fc->user_ns, options->gid))
		return 0;
	return invalfc(fc, "gid: not mapped in the user namespace");
}

static int hmapfs_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct hmapfs_options *options = fc->fs_private;
	struct fs_parse_result result;
	int option = fs_parse(fc, hmapfs_parameters, param, &result);
	int ret = 0;

	if (option < 0)
		return option;
	switch (option) {
	case HMAPFS_OPT_SIZE:
		ret = hmapfs_parse_size(fc, param->string, &options->size);
		break;
	case HMAPFS_OPT_NR_MAPS:
		if (result.uint_64 > ULONG_MAX)
			return invalfc(fc, "nr_maps: too many");
		options->nr_maps = result.uint_64;
		break;
	case HMAPFS_OPT_MODE:
		if (result.uint_32 & ~S_IALLUGO)
			return invalfc(fc, "mode: must be octal permissions");
		options->mode = result.uint_32;
		break;
	default:
		ret = hmapfs_parse_owner(fc, option, result.uint_32, options);
	}
	options->given |= 1U << option;
	return ret;
}

/* The root directory. It is charged to the user that mounts. */
static struct inode *hmapfs_root(struct super_block *sb,
				 const struct hmapfs_options *options)
{
	struct hmap_user *user = hmap_user_charge();
	struct inode *root;

	if (IS_ERR(user))
		return ERR_CAST(user);
	root = hmapfs_inode(sb, NULL, S_IFDIR | options->mode);
	if (IS_ERR(root)) {
		hmap_user_uncharge(user, 1);
		return root;
	}
	root->i_private = user;
	root->i_uid = options->uid;
	root->i_gid = options->gid;
	/* No lists. Cache that first: a later lookup could hide a list just set. */
	cache_no_acl(root);
	return root;
}

static int hmapfs_fill_super(struct super_block *sb, struct fs_context *fc)
{
	const struct hmapfs_options *options = fc->fs_private;
	struct hmapfs *fs = kzalloc(sizeof(*fs), GFP_KERNEL_ACCOUNT);
	struct inode *root;

	if (!fs)
		return -ENOMEM;
	spin_lock_init(&fs->lock);
	fs->pool.max_bytes = options->size;
	fs->max_inodes = options->nr_maps;
	fs->mode = options->mode;
	fs->uid = options->uid;
	fs->gid = options->gid;

	sb->s_fs_info = fs;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_magic = HMAPFS_MAGIC;
	sb->s_op = &hmapfs_super_ops;
	sb->s_time_gran = 1;
	/* execve() must not read a map, which would wait for a change. */
	sb->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;
	hmapfs_acl_super(sb);

	root = hmapfs_root(sb, options);
	if (IS_ERR(root))
		return PTR_ERR(root);
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

static int hmapfs_get_tree(struct fs_context *fc)
{
	return get_tree_nodev(fc, hmapfs_fill_super);
}

/* Remount: only the limits can be changed, and not to less than is in use. */
static int hmapfs_reconfigure(struct fs_context *fc)
{
	const struct hmapfs_options *options = fc->fs_private;
	struct hmapfs *fs = hmapfs_of(fc->root->d_sb);
	const char *why = NULL;

	spin_lock(&fs->lock);
	if (options->given & BIT(HMAPFS_OPT_SIZE) && options->size &&
	    options->size < atomic_long_read(&fs->pool.memory))
		why = "size: maps hold more memory than that";
	else if (options->given & BIT(HMAPFS_OPT_NR_MAPS) && options->nr_maps &&
		 options->nr_maps < fs->inodes - 1)
		why = "nr_maps: there are more files than that";
	if (!why && options->given & BIT(HMAPFS_OPT_SIZE))
		WRITE_ONCE(fs->pool.max_bytes, options->size);
	if (!why && options->given & BIT(HMAPFS_OPT_NR_MAPS))
		WRITE_ONCE(fs->max_inodes, options->nr_maps);
	spin_unlock(&fs->lock);
	return why ? invalfc(fc, "%s", why) : 0;
}

static void hmapfs_free_context(struct fs_context *fc)
{
	kfree(fc->fs_private);
}

static const struct fs_context_operations hmapfs_context_ops = {
	.free = hmapfs_free_context,
	.parse_param = hmapfs_parse_param,
	.get_tree = hmapfs_get_tree,
	.reconfigure = hmapfs_reconfigure,
};

static int hmapfs_init_context(struct fs_context *fc)
{
	struct hmapfs_options *options = kzalloc(sizeof(*options), GFP_KERNEL);

	if (!options)
		return -ENOMEM;
	options->size = (totalram_pages() / 2) << PAGE_SHIFT;
	options->nr_maps = HMAPFS_NR_MAPS;
	options->mode = HMAPFS_MODE;
	current_fsuid_fsgid(&options->uid, &options->gid);
	fc->fs_private = options;
	fc->ops = &hmapfs_context_ops;
	return 0;
}

static void hmapfs_reap(struct work_struct *work);
static DECLARE_DELAYED_WORK(hmapfs_reaper, hmapfs_reap);

/* Memory of maps counts in the pool until it is freed. A map always has some. */
static void hmapfs_reap(struct work_struct *work)
{
	struct hmapfs *fs, *next;

	spin_lock(&hmapfs_dead_lock);
	list_for_each_entry_safe(fs, next, &hmapfs_dead, dead) {
		if (atomic_long_read(&fs->pool.memory))
			continue;
		list_del(&fs->dead);
		kfree(fs);
	}
	if (!list_empty(&hmapfs_dead))
		schedule_delayed_work(&hmapfs_reaper, HMAPFS_REAP_TIME);
	spin_unlock(&hmapfs_dead_lock);
}

/* The task that unmounts it does not wait for the workers of its maps. */
static void hmapfs_kill_super(struct super_block *sb)
{
	struct hmapfs *fs = hmapfs_of(sb);

	hmap_kill_litter_super(sb);
	if (!fs)
		return;
	spin_lock(&hmapfs_dead_lock);
	list_add(&fs->dead, &hmapfs_dead);
	spin_unlock(&hmapfs_dead_lock);
	hmapfs_reap(NULL);
}

static struct file_system_type hmapfs_type = {
	.owner = THIS_MODULE,
	.name = "hmapfs",
	.init_fs_context = hmapfs_init_context,
	.parameters = hmapfs_parameters,
	.kill_sb = hmapfs_kill_super,
	.fs_flags = FS_USERNS_MOUNT,
};
MODULE_ALIAS_FS("hmapfs");

int hmapfs_init(void)
{
	return register_filesystem(&hmapfs_type);
}

/* Call when no instance is mounted. Inodes may still wait for a grace period. */
void hmapfs_exit(void)
{
	unregister_filesystem(&hmapfs_type);
	rcu_barrier();
}

/* Call when all maps have been destroyed and their memory freed. */
void hmapfs_instances_exit(void)
{
	cancel_delayed_work_sync(&hmapfs_reaper);
	hmapfs_reap(NULL);
	WARN_ON_ONCE(!list_empty(&hmapfs_dead));
	cancel_delayed_work_sync(&hmapfs_reaper);
}
