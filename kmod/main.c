// SPDX-License-Identifier: GPL-2.0
/*
 * The module: its parameters and the default map that they describe.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/hmap.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "dev/dev.h"
#include "dev/fs.h"
#include "dev/mapped.h"
#include "dev/object.h"
#include "dev/user.h"
#include "dev/watch.h"
#include "map/memory.h"

/**
 * struct hmap_number - a module parameter
 * @value: the value; must be the first member, for param_get_ulong()
 * @min: the lowest value allowed
 * @max: the highest value allowed
 */
struct hmap_number {
	unsigned long value;
	unsigned long min;
	unsigned long max;
};

/*
 * A parameter type of our own: every invalid number (a sign, a letter, too many
 * digits, out of range) is refused with the same errno and a message that has the
 * limits. The kernel's own types accept some of these and wrap around.
 */
static int hmap_number_set(const char *val, const struct kernel_param *kp)
{
	struct hmap_number *number = kp->arg;
	unsigned long value;

	if (kstrtoul(val, 0, &value) || value < number->min ||
	    value > number->max) {
		/* Not covered: the kernel forgets the counters of a module that fails */
		pr_err("invalid %s=%s: must be a number from %lu to %lu\n",
		       kp->name, val, number->min, number->max);
		return -EINVAL;
	}
	number->value = value;
	return 0;
}

static const struct kernel_param_ops hmap_number_ops = {
	.set = hmap_number_set,
	.get = param_get_ulong,
};

static struct hmap_number key_size = {
	.value = 8, .min = HMAP_MIN_KEY_SIZE, .max = HMAP_MAX_KEY_SIZE,
};
module_param_cb(key_size, &hmap_number_ops, &key_size, 0444);
__MODULE_PARM_TYPE(key_size, "ulong");
MODULE_PARM_DESC(key_size, "bytes of a key, 1 to 4096 (default 8)");

static struct hmap_number value_size = {
	.value = 8, .min = 0, .max = HMAP_MAX_VALUE_SIZE,
};
module_param_cb(value_size, &hmap_number_ops, &value_size, 0444);
__MODULE_PARM_TYPE(value_size, "ulong");
MODULE_PARM_DESC(value_size,
		 "bytes of a value, 0 to 65536; 0 makes a set (default 8)");

static struct hmap_number hint = {
	.value = 0, .min = 0, .max = ULONG_MAX,
};
module_param_cb(hint, &hmap_number_ops, &hint, 0444);
__MODULE_PARM_TYPE(hint, "ulong");
MODULE_PARM_DESC(hint, "elements to make room for at load time (default 0)");

static struct hmap_number max_entries = {
	.value = 0, .min = 0, .max = ULONG_MAX,
};
module_param_cb(max_entries, &hmap_number_ops, &max_entries, 0444);
__MODULE_PARM_TYPE(max_entries, "ulong");
MODULE_PARM_DESC(max_entries,
		 "elements that the map may hold, 0 for no limit (default 0)");

/* Default: a part of RAM, as for tmpfs. */
#define SHARE_OF_RAM	ULONG_MAX

static void hmap_number_share(struct hmap_number *number, unsigned long parts)
{
	if (number->value == SHARE_OF_RAM)
		number->value = totalram_pages() / parts << PAGE_SHIFT;
}

static struct hmap_number max_bytes = {
	.value = SHARE_OF_RAM, .min = 0, .max = ULONG_MAX - 1,
};
module_param_cb(max_bytes, &hmap_number_ops, &max_bytes, 0444);
__MODULE_PARM_TYPE(max_bytes, "ulong");
MODULE_PARM_DESC(max_bytes,
		 "memory that all maps of the device may hold together, 0 for no limit (default half of RAM)");

static struct hmap_number user_files = {
	.value = 1024, .min = 0, .max = ULONG_MAX,
};
module_param_cb(user_files, &hmap_number_ops, &user_files, 0444);
__MODULE_PARM_TYPE(user_files, "ulong");
MODULE_PARM_DESC(user_files,
		 "maps, directories and links that each user may have, 0 for no limit (default 1024)");

static struct hmap_number user_bytes = {
	.value = SHARE_OF_RAM, .min = 0, .max = ULONG_MAX - 1,
};
module_param_cb(user_bytes, &hmap_number_ops, &user_bytes, 0444);
__MODULE_PARM_TYPE(user_bytes, "ulong");
MODULE_PARM_DESC(user_bytes,
		 "memory that the maps of each user, and the default map, may hold, 0 for no limit (default a quarter of RAM)");

static struct hmap_object *default_object;

/* The default map may hold as much memory as the maps of one user. */
static struct hmap_pool default_pool;

static int __init hmap_default_init(void)
{
	struct hmap_params params = {
		.key_size = key_size.value,
		.value_size = value_size.value,
		.hint = hint.value,
		.max_entries = max_entries.value,
		.flags = HMAP_ACCOUNT_CALLERS,
		.hashfn = hmap_siphash,
	};
	int ret;

	if (params.max_entries && params.hint > params.max_entries) {
		/* Not covered: the kernel forgets the counters of a module that fails */
		pr_err("invalid hint=%lu: above max_entries=%lu\n",
		       params.hint, params.max_entries);
		return -EINVAL;
	}

	default_pool.max_bytes = user_bytes.value;
	if (default_pool.max_bytes)
		params.pools[HMAP_POOL_USER] = &default_pool;
	hmap_number_share(&max_bytes, 2);
	ret = hmap_objects_init(max_bytes.value, &hmap_file_fops);
	if (ret)
		return ret;
	default_object = hmap_object_create(&params, NULL, NULL);
	ret = PTR_ERR_OR_ZERO(default_object);
	if (ret)
		hmap_objects_exit();
	/* All other parameters have been checked: only the hint can be invalid. */
	if (ret == -EINVAL)
		pr_err("invalid hint=%lu: no map can hold so many elements of %u+%u bytes\n",
		       params.hint, params.key_size, params.value_size);
	else if (ret == -ENOSPC)
		pr_err("invalid hint=%lu: so many elements of %u+%u bytes exceed max_bytes=%lu or user_bytes=%lu\n",
		       params.hint, params.key_size, params.value_size,
		       max_bytes.value, user_bytes.value);
	else if (ret)
		pr_err("no memory for hint=%lu elements of %u+%u bytes\n",
		       params.hint, params.key_size, params.value_size);
	return ret;
}

static int __init hmap_module_init(void)
{
	int ret;

	ret = hmap_queues_init();
	if (ret)
		return ret;
	ret = hmap_watch_module_init();
	if (ret)
		goto err_queues;
	ret = hmap_mapped_init();
	if (ret)
		goto err_watch;
	hmap_number_share(&user_bytes, 4);
	ret = hmap_users_init(user_files.value, user_bytes.value);
	if (ret)
		goto err_mmap;
	ret = hmap_default_init();
	if (ret)
		goto err_users;

	ret = hmapfs_init();
	if (ret) {
		pr_err("could not register the file system: %pe\n",
		       ERR_PTR(ret));
		goto err_map;
	}

	ret = hmap_dev_register(default_object);
	if (ret) {
		pr_err("could not register the device: %pe\n",
		       ERR_PTR(ret));
		goto err_fs;
	}
	return 0;

err_fs:
	hmapfs_exit();
err_map:
	hmap_object_put(default_object);
	hmap_objects_exit();
err_users:
	hmap_users_exit();
err_mmap:
	hmap_mapped_exit();
err_watch:
	hmap_watch_module_exit();
err_queues:
	hmap_queues_exit();
	return ret;
}

/* No file is open and nothing is mounted: these hold references to the module. */
static void __exit hmap_module_exit(void)
{
	hmap_dev_unregister();
	hmapfs_exit();
	hmap_object_put(default_object);
	hmap_objects_exit();
	hmap_queues_exit();
	hmapfs_instances_exit();
	hmap_users_exit();
	hmap_mapped_exit();
	hmap_watch_module_exit();
}

module_init(hmap_module_init);
module_exit(hmap_module_exit);

MODULE_AUTHOR("hmap developers");
MODULE_DESCRIPTION("Resizable hash map with inline keys and values");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
