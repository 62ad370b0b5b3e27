/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hmapfs, the file system of named maps: interface of fs.c, and of acl.c if the
 * kernel has access control lists.
 */
#ifndef _HMAP_FS_H
#define _HMAP_FS_H

#include <linux/fs.h>

#include "../compat.h"

struct hmap_ioc_create;
struct hmap_object;
struct hmap_pool;
struct path;

/* fs.c */
int hmapfs_init(void);
void hmapfs_exit(void);
void hmapfs_instances_exit(void);
int hmapfs_open(struct inode *inode, struct file *file);
int hmapfs_find(const struct hmap_ioc_create *create, struct path *path);
struct hmap_pool *hmapfs_pool(const struct path *path);
struct file *hmapfs_create(const struct path *dir, const char *name, umode_t mode,
			   struct hmap_object *object);

/* acl.c */
#ifdef CONFIG_FS_POSIX_ACL

void hmapfs_acl_super(struct super_block *sb);
int hmapfs_acl_init(struct inode *inode, struct inode *dir);
int hmapfs_acl_chmod(struct hmap_idmap *idmap, struct dentry *dentry);
int hmapfs_set_acl(struct hmap_idmap *idmap, hmap_acl_target *target,
		   struct posix_acl *acl, int type);
ssize_t hmapfs_listxattr(struct dentry *dentry, char *list, size_t size);

#define HMAPFS_ACL_IOPS				\
	.set_acl = hmapfs_set_acl,		\
	.listxattr = hmapfs_listxattr,

#else

static inline void hmapfs_acl_super(struct super_block *sb)
{
}

static inline int hmapfs_acl_init(struct inode *inode, struct inode *dir)
{
	return 0;
}

static inline int hmapfs_acl_chmod(struct hmap_idmap *idmap,
				   struct dentry *dentry)
{
	return 0;
}

#define HMAPFS_ACL_IOPS

#endif /* CONFIG_FS_POSIX_ACL */

#endif /* _HMAP_FS_H */
