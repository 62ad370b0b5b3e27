/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits of users: files and memory.
 */
#ifndef _HMAP_DEV_USER_H
#define _HMAP_DEV_USER_H

#include <linux/hmap.h>

struct hmap_user;

int hmap_users_init(unsigned long max_files, unsigned long max_bytes);
void hmap_users_exit(void);
struct hmap_user *hmap_user_charge(void);
int hmap_user_charge_more(struct hmap_user *user);
void hmap_user_uncharge(struct hmap_user *user, unsigned int files);
struct hmap_pool *hmap_user_pool(struct hmap_user *user);
void hmap_user_info(struct hmap_ioc_info *info);

#endif /* _HMAP_DEV_USER_H */
