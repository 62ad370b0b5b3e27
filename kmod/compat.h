/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only file that checks for a kernel version, and in kmod the only one that
 * checks for a kernel feature.
 *
 * The rest of the module is written for the newest kernel that is supported, and this
 * file provides what older ones lack, each with the version that introduced it
 * (kernels.conf has the newest and the oldest). Features are checked instead of versions
 * where possible, because distributions backport.
 */
#ifndef _HMAP_COMPAT_H
#define _HMAP_COMPAT_H

#include <linux/cacheinfo.h>
#include <linux/dcache.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/overflow.h>
#include <linux/version.h>

/* 6.5, and stable kernels before it */
#ifndef struct_size_t
#define struct_size_t(type, member, count) \
	struct_size((type *)NULL, member, count)
#endif

/* 6.9. Aliasing data caches are not supported before that: assume there are none. */
#ifndef cpu_dcache_is_aliasing
#define cpu_dcache_is_aliasing()	false
#endif

/* 6.2: what only KUnit tests use. The suites need a newer kernel than 6.1. */
#if LINUX_VERSION_CODE < 0x060200
#define hmap_not_exported(symbol)
#define EXPORT_SYMBOL_IF_KUNIT	hmap_not_exported
#define VISIBLE_IF_KUNIT	static
#else
#include <kunit/visibility.h>
#endif

/* 6.13: the namespace is a string */
#if LINUX_VERSION_CODE < 0x060d00
#define HMAP_IMPORT_FOR_KUNIT	MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING)
#else
#define HMAP_IMPORT_FOR_KUNIT	MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING")
#endif

/* 6.3 */
#if LINUX_VERSION_CODE < 0x060300
static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set,
				vm_flags_t clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

/* 6.3: type of the id mapping of a mount; hmapfs has no idmapped mounts */
#if LINUX_VERSION_CODE < 0x060300
#define hmap_idmap		user_namespace
#define hmap_nop_idmap		init_user_ns
#define file_mnt_idmap(file)	file_mnt_user_ns(file)
#else
#define hmap_idmap		mnt_idmap
#define hmap_nop_idmap		nop_mnt_idmap
#endif

/* 6.2: access control lists are set by dentry, not by xattr handlers */
#if LINUX_VERSION_CODE < 0x060200
#define hmap_acl_target			struct inode
#define hmap_acl_target_of(dentry)	d_inode(dentry)
#define hmap_acl_inode(target)		(target)
#define HMAP_ACL_HANDLERS
#else
#define hmap_acl_target			struct dentry
#define hmap_acl_target_of(dentry)	(dentry)
#define hmap_acl_inode(target)		d_inode(target)
#endif

/* 6.6 and 6.7: accessors for the times of an inode */
static inline void hmap_inode_touch(struct inode *inode)
{
#if LINUX_VERSION_CODE < 0x060600
	inode->i_mtime = current_time(inode);
	inode->i_ctime = inode->i_mtime;
#elif LINUX_VERSION_CODE < 0x060700
	inode->i_mtime = inode_set_ctime_current(inode);
#else
	inode_set_mtime_to_ts(inode, inode_set_ctime_current(inode));
#endif
}

#if LINUX_VERSION_CODE < 0x060700
static inline void simple_inode_init_ts(struct inode *inode)
{
	hmap_inode_touch(inode);
	inode->i_atime = inode->i_mtime;
}
#endif

/* 6.5: declared in a public header; exported long before */
#if LINUX_VERSION_CODE < 0x060500
int vfs_path_lookup(struct dentry *dentry, struct vfsmount *mnt,
		    const char *name, unsigned int flags, struct path *path);
#endif

/* 6.15: .mkdir returns a dentry if it used another than the one passed in */
#if LINUX_VERSION_CODE < 0x060f00
#define hmap_mkdir_t		int
#define hmap_mkdir_result(err)	(err)
#else
#define hmap_mkdir_t		struct dentry *
#define hmap_mkdir_result(err)	ERR_PTR(err)
#endif

/* 6.18: renamed */
#if LINUX_VERSION_CODE < 0x061200
#define inode_just_drop generic_delete_inode
#endif

/* 6.19: dentries that keep an inode in memory are marked as persistent */
#if LINUX_VERSION_CODE < 0x061300
static inline void d_make_persistent(struct dentry *dentry, struct inode *inode)
{
	d_instantiate(dentry, inode);
	dget(dentry);
}

#define hmap_kill_litter_super kill_litter_super
#else
#define hmap_kill_litter_super kill_anon_super
#endif

/* 6.19: accessors for the state of an inode */
#if LINUX_VERSION_CODE < 0x061300
static inline void inode_state_set(struct inode *inode, unsigned long flags)
{
	inode->i_state |= flags;
}
#endif

/* 6.19: lookups that lock the directory; 6.16: lookup_one() takes a qstr */
#if LINUX_VERSION_CODE < 0x061300
static inline struct dentry *start_creating(struct hmap_idmap *idmap,
					    struct dentry *parent,
					    struct qstr *name)
{
	struct dentry *dentry;

	inode_lock_nested(d_inode(parent), I_MUTEX_PARENT);
#if LINUX_VERSION_CODE < 0x061000
	dentry = lookup_one(idmap, name->name, parent, name->len);
#else
	dentry = lookup_one(idmap, name, parent);
#endif
	if (IS_ERR(dentry))
		inode_unlock(d_inode(parent));
	return dentry;
}

static inline void end_creating(struct dentry *dentry)
{
	inode_unlock(d_inode(dentry->d_parent));
	dput(dentry);
}

static inline struct dentry *start_removing_dentry(struct dentry *parent,
						   struct dentry *child)
{
	inode_lock_nested(d_inode(parent), I_MUTEX_PARENT);
	if (!IS_DEADDIR(d_inode(parent)) && child->d_parent == parent &&
	    !d_unhashed(child))
		return dget(child);
	inode_unlock(d_inode(parent));
	return ERR_PTR(-EINVAL);
}

static inline void end_removing(struct dentry *dentry)
{
	end_creating(dentry);
}
#endif

#endif /* _HMAP_COMPAT_H */
