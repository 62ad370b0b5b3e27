// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that are about the map as a whole.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/user_namespace.h>

#include "../compat.h"
#include "cmd.h"
#include "user.h"
#include "watch.h"

/* Owner, mode and links of the file; for an anonymous map its creator. */
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
	info->max_entries = READ_ONCE(params->max_entries);
	info->hint = params->hint;
	info->max_bytes = READ_ONCE(params->max_bytes);
	info->create_flags = params->flags & HMAP_CREATE_PARAMS;
	if (object->view)
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

/* An address as %pK prints it: hashed, or as sysctl kernel.kptr_restrict says. */
static u64 hmap_shown_address(u64 address)
{
	char text[sizeof("0xffffffffffffffff")];
	u64 shown;

	snprintf(text, sizeof(text), "%pK", (void *)(uintptr_t)address);
	return address && !kstrtou64(text, 16, &shown) ? shown : 0;
}

/*
 * Addresses and the seed would help to attack the kernel and the map. The capability
 * is checked in the initial user namespace: any user can have all capabilities in a
 * namespace of its own. No audit record: reading statistics without the capability
 * is not an offence.
 */
static void hmap_hide_addresses(struct hmap_stats *stats)
{
	if (ns_capable_noaudit(&init_user_ns, CAP_SYSLOG)) {
		stats->buckets = hmap_shown_address(stats->buckets);
		stats->oldbuckets = hmap_shown_address(stats->oldbuckets);
		stats->extra = hmap_shown_address(stats->extra);
		return;
	}
	stats->hash0 = 0;
	stats->buckets = 0;
	stats->oldbuckets = 0;
	stats->extra = 0;
	stats->present &= ~HMAP_HAS_ADDRESSES;
}

int hmap_cmd_stats(struct hmap_call *call)
{
	struct hmap_ioc_stats *stats = &call->arg.stats;

	if (stats->reserved)
		return -EINVAL;
	hmap_get_stats(call->map, &stats->stats);
	hmap_hide_addresses(&stats->stats);
	return hmap_call_return(call, sizeof(*stats));
}

int hmap_cmd_clear(struct hmap_call *call)
{
	int ret;

	if (call->arg.plain.flags)
		return -EINVAL;
	ret = hmap_change_begin(call->object);
	if (ret)
		return ret;
	ret = hmap_clear(call->map);
	if (!ret)
		hmap_object_changed(call->object, NULL, 0);
	hmap_change_end(call->object);
	return hmap_call_restart(ret);
}

int hmap_cmd_layout(struct hmap_call *call)
{
	struct hmap_ioc_layout *layout = &call->arg.layout;
	int ret;

	if (layout->reserved)
		return -EINVAL;
	if (!layout->place)
		memset(&layout->layout, 0, sizeof(layout->layout));
	ret = hmap_get_layout(call->map, &layout->place, &layout->layout);
	return hmap_call_return(call, sizeof(*layout)) ?: hmap_call_restart(ret);
}

int hmap_cmd_verify(struct hmap_call *call)
{
	/* VERIFY may log internals of the map, and takes long. */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (call->arg.plain.flags)
		return -EINVAL;
	/* Not restarted: it would begin anew each time. */
	return hmap_verify(call->map);
}

int hmap_cmd_count(struct hmap_call *call)
{
	struct hmap_ioc_count *count = &call->arg.count;

	if (count->flags)
		return -EINVAL;
	count->count = hmap_len(call->map);
	return hmap_call_return(call, sizeof(*count));
}

int hmap_cmd_reserve(struct hmap_call *call)
{
	const struct hmap_ioc_count *count = &call->arg.count;

	if (count->flags || count->count > ULONG_MAX)
		return -EINVAL;
	return hmap_call_restart(hmap_reserve(call->map, count->count));
}

int hmap_cmd_shrink(struct hmap_call *call)
{
	if (call->arg.plain.flags)
		return -EINVAL;
	return hmap_call_restart(hmap_shrink(call->map));
}

/* As for chmod(): the owner of the file; of an anonymous map its creator. */
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
	if (!hmap_is_owner(call))
		return -EPERM;
	if (call->arg.plain.flags)
		return -EINVAL;
	return hmap_object_freeze(call->object);
}

#define HMAP_SET_FLAGS	(HMAP_SET_MAX_ENTRIES | HMAP_SET_MAX_BYTES)

static bool hmap_set_ok(const struct hmap_ioc_set *set)
{
	return set->flags && !(set->flags & ~HMAP_SET_FLAGS) &&
	       (set->flags & HMAP_SET_MAX_ENTRIES || !set->max_entries) &&
	       (set->flags & HMAP_SET_MAX_BYTES || !set->max_bytes) &&
	       set->max_entries <= ULONG_MAX && set->max_bytes <= ULONG_MAX;
}

/* No element changes: a frozen map is not in the way, nor is it a change to wait for. */
int hmap_cmd_set(struct hmap_call *call)
{
	const struct hmap_ioc_set *set = &call->arg.set;

	if (!hmap_is_owner(call))
		return -EPERM;
	if (!hmap_set_ok(set))
		return -EINVAL;
	if (set->flags & HMAP_SET_MAX_ENTRIES)
		hmap_set_max_entries(call->map, set->max_entries);
	if (set->flags & HMAP_SET_MAX_BYTES)
		hmap_set_max_bytes(call->map, set->max_bytes);
	return 0;
}
