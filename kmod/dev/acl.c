// SPDX-License-Identifier: GPL-2.0
/*
 * Access control lists of maps and directories in hmapfs.
 *
 * They are kept where the kernel caches them, as in other file systems that live in
 * memory: an inode that has a name stays, and its cache with it.
 */
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/string.h>
#include <linux/xattr.h>

#include "../compat.h"
#include "fs.h"

/*
 * The most entries of a list. The VFS allocates lists without charging them to a
 * cgroup, so a list must not take more memory than a file is charged for.
 */
#define HMAPFS_MAX_ACL	64

#ifdef HMAP_ACL_HANDLERS
static const struct xattr_handler *hmapfs_xattr_handlers[] = {
	&posix_acl_access_xattr_handler,
	&posix_acl_default_xattr_handler,
	NULL
};
#endif

void hmapfs_acl_super(struct super_block *sb)
{
	sb->s_flags |= SB_POSIXACL;
#ifdef HMAP_ACL_HANDLERS
	sb->s_xattr = hmapfs_xattr_handlers;
#endif
}

/* Apply the directory's default list, or else the umask, to a new inode. */
int hmapfs_acl_init(struct inode *inode, struct inode *dir)
{
	struct posix_acl *access, *inherited;
	int ret;

	ret = posix_acl_create(dir, &inode->i_mode, &inherited, &access);
	if (ret)
		return ret;
	set_cached_acl(inode, ACL_TYPE_DEFAULT, inherited);
	set_cached_acl(inode, ACL_TYPE_ACCESS, access);
	posix_acl_release(inherited);
	posix_acl_release(access);
	return 0;
}

/* Call after a change of the mode, which is also a part of the list. */
int hmapfs_acl_chmod(struct hmap_idmap *idmap, struct dentry *dentry)
{
	return posix_acl_chmod(idmap, hmap_acl_target_of(dentry),
			       d_inode(dentry)->i_mode);
}

/* Set a list. Returns -E2BIG if it has more than HMAPFS_MAX_ACL entries. */
int hmapfs_set_acl(struct hmap_idmap *idmap, hmap_acl_target *target,
		   struct posix_acl *acl, int type)
{
	struct inode *inode = hmap_acl_inode(target);
	int ret = 0;

	if (acl && acl->a_count > HMAPFS_MAX_ACL)
		return -E2BIG;
	if (type == ACL_TYPE_ACCESS)
		ret = posix_acl_update_mode(idmap, inode, &inode->i_mode, &acl);
	if (ret)
		return ret;
	hmap_inode_touch(inode);
	set_cached_acl(inode, type, acl);
	return 0;
}

/* Append a name if the list is set. Returns the bytes used; -ERANGE: no room. */
static ssize_t hmapfs_list_one(const struct posix_acl *acl, const char *name,
			       char *list, size_t size, size_t used)
{
	size_t bytes = strlen(name) + 1;

	if (!acl || is_uncached_acl((struct posix_acl *)acl))
		return used;
	if (size && size - used < bytes)
		return -ERANGE;
	if (size)
		memcpy(list + used, name, bytes);
	return used + bytes;
}

/* The names of the lists that are set. A @size of 0 asks for the size needed. */
ssize_t hmapfs_listxattr(struct dentry *dentry, char *list, size_t size)
{
	const struct inode *inode = d_inode(dentry);
	ssize_t used;

	used = hmapfs_list_one(READ_ONCE(inode->i_acl),
			       XATTR_NAME_POSIX_ACL_ACCESS, list, size, 0);
	if (used < 0)
		return used;
	return hmapfs_list_one(READ_ONCE(inode->i_default_acl),
			       XATTR_NAME_POSIX_ACL_DEFAULT, list, size, used);
}
