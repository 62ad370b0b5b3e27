// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/dev/dev.c from inside the kernel: errors of ioctls that no program can provoke,
 * since it cannot break the map, or lives to see, since it has been killed.
 *
 * While this is loaded /dev/hmap has no other users.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/mman.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "../../kmod/dev/object.h"
#include "hmap_kunit.h"

/*
 * Tests run in a kernel thread. From 7.3 on its root is empty unless it borrows that of
 * the first process; before, all kernel threads had the latter.
 */
#ifndef scoped_with_init_fs
#define scoped_with_init_fs()
#endif

/**
 * struct device - the open device, with some memory of the user
 * @test: the test
 * @file: the file
 * @h: its map
 * @arg: where the structure of an ioctl is
 * @room: what it points to
 */
struct device {
	struct kunit *test;
	struct file *file;
	struct hmap *h;
	void __user *arg;
	void __user *room;
};

static void device_close(void *data)
{
	struct device *dev = data;

	KUNIT_EXPECT_EQ(dev->test, hmap_clear(dev->h), 0);
	filp_close(dev->file, NULL);
}

static struct device *device_open(struct kunit *test)
{
	struct device *dev = hk_alloc(test, 1, sizeof(*dev));
	unsigned long page;

	page = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(page) || !page);
	dev->test = test;
	dev->arg = (void __user *)page;
	dev->room = dev->arg + PAGE_SIZE / 2;
	scoped_with_init_fs()
		dev->file = filp_open("/dev/hmap", O_RDWR, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(dev->file));
	dev->h = &((struct hmap_file *)dev->file->private_data)->object->map;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, device_close,
							dev), 0);
	return dev;
}

/* The pages are there from now on: a task that is being killed gets no others. */
static void set_arg(struct kunit *test, struct device *dev, const void *arg,
		    size_t size)
{
	KUNIT_ASSERT_EQ(test, copy_to_user(dev->arg, arg, size), 0);
}

static long device_ioctl(struct device *dev, unsigned int cmd)
{
	return dev->file->f_op->unlocked_ioctl(dev->file, cmd,
					       (unsigned long)dev->arg);
}

static void verify_of_a_broken_map_is_euclean(struct kunit *test)
{
	struct device *dev = device_open(test);
	const struct hmap_ioc_plain arg = { .size = sizeof(arg) };

	set_arg(test, dev, &arg, sizeof(arg));
	hk_put_range(test, dev->h, 0, 10);
	KUNIT_EXPECT_EQ(test, device_ioctl(dev, HMAP_IOC_VERIFY), 0);
	dev->h->stripes[0].count++;
	KUNIT_EXPECT_EQ(test, device_ioctl(dev, HMAP_IOC_VERIFY), -EUCLEAN);
	dev->h->stripes[0].count--;
	KUNIT_EXPECT_EQ(test, device_ioctl(dev, HMAP_IOC_VERIFY), 0);
}

/* This thread is killed, as far as the map can see. */
static void die(void)
{
	allow_kernel_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
}

static void revive(void)
{
	flush_signals(current);
	disallow_signal(SIGKILL);
}

static long ioctl_of_the_killed(struct device *dev, unsigned int cmd)
{
	long ret;

	die();
	ret = device_ioctl(dev, cmd);
	revive();
	return ret;
}

static void a_scan_of_the_killed_brings_what_it_has(struct kunit *test)
{
	struct device *dev = device_open(test);
	struct hmap_ioc_scan arg = {
		.size = sizeof(arg), .key_size = 8, .capacity = 10,
		.keys = (uintptr_t)dev->room, .cursor = { .place = 5 },
	};

	hk_put_range(test, dev->h, 0, 10);
	set_arg(test, dev, &arg, sizeof(arg));
	KUNIT_EXPECT_EQ(test, ioctl_of_the_killed(dev, HMAP_IOC_SCAN), 0);
	/* It tells how far it came. */
	KUNIT_ASSERT_EQ(test, copy_from_user(&arg, dev->arg, sizeof(arg)), 0);
	KUNIT_EXPECT_GT(test, arg.count, 0);
	KUNIT_EXPECT_GT(test, arg.cursor.place, 5);
}

static void a_layout_for_the_killed_can_go_on(struct kunit *test)
{
	struct device *dev = device_open(test);
	struct hmap_ioc_layout arg = { .size = sizeof(arg) };

	hk_put_range(test, dev->h, 0, 10);
	KUNIT_ASSERT_EQ(test, hmap_reserve(dev->h, 10000), 0);
	set_arg(test, dev, &arg, sizeof(arg));
	KUNIT_EXPECT_EQ(test, ioctl_of_the_killed(dev, HMAP_IOC_LAYOUT), -ERESTARTSYS);
	KUNIT_ASSERT_EQ(test, copy_from_user(&arg, dev->arg, sizeof(arg)), 0);
	KUNIT_EXPECT_NE(test, arg.place, 0);
	KUNIT_EXPECT_EQ(test, arg.layout.buckets, HMAP_HOLD_UNITS);
	KUNIT_EXPECT_EQ(test, device_ioctl(dev, HMAP_IOC_LAYOUT), 0);
	KUNIT_ASSERT_EQ(test, copy_from_user(&arg, dev->arg, sizeof(arg)), 0);
	KUNIT_EXPECT_EQ(test, arg.place, 0);
	KUNIT_EXPECT_EQ(test, arg.layout.buckets, hmap_nbuckets(hk_array(dev->h)));
	KUNIT_EXPECT_EQ(test, hmap_shrink(dev->h), 0);
}

/* So full that a put waits for the worker, which there is none of. */
static void a_put_of_the_killed_is_eintr(struct kunit *test)
{
	struct device *dev = device_open(test);
	struct hmap_ioc_elem arg = {
		.size = sizeof(arg), .key_size = 8, .value_size = 8,
		.key = (uintptr_t)dev->room, .value = (uintptr_t)dev->room,
	};

	hk_overfill(test, dev->h);
	set_arg(test, dev, &arg, sizeof(arg));
	/* Key 0: what an anonymous page holds. */
	KUNIT_EXPECT_EQ(test, ioctl_of_the_killed(dev, HMAP_IOC_PUT), -EINTR);
	hk_expect_absent(test, dev->h, 0);
	HK_VERIFY(test, dev->h);
	hk_enable_worker(dev->h);
	KUNIT_EXPECT_EQ(test, device_ioctl(dev, HMAP_IOC_PUT), 0);
	hk_expect(test, dev->h, 0, 0);
}

static void a_resize_for_the_killed_ends(struct kunit *test)
{
	struct device *dev = device_open(test);
	const struct hmap_ioc_count count = {
		.size = sizeof(count), .count = 10000,
	};
	const struct hmap_ioc_plain plain = { .size = sizeof(plain) };
	u8 B;

	hk_put_range(test, dev->h, 0, 10);
	B = hk_array(dev->h)->B;
	set_arg(test, dev, &count, sizeof(count));
	KUNIT_EXPECT_EQ(test, ioctl_of_the_killed(dev, HMAP_IOC_RESERVE), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, hk_array(dev->h)->B, B);
	KUNIT_ASSERT_EQ(test, device_ioctl(dev, HMAP_IOC_RESERVE), 0);
	B = hk_array(dev->h)->B;
	set_arg(test, dev, &plain, sizeof(plain));
	KUNIT_EXPECT_EQ(test, ioctl_of_the_killed(dev, HMAP_IOC_SHRINK), -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, device_ioctl(dev, HMAP_IOC_SHRINK), 0);
	KUNIT_EXPECT_LT(test, hk_array(dev->h)->B, B);
	HK_VERIFY(test, dev->h);
}

/* Deletes key 0, which is what an anonymous page holds, and then once more. */
static void a_batch_of_the_killed_can_go_on(struct kunit *test)
{
	struct device *dev = device_open(test);
	const struct hmap_op op[] = {
		{ .op = HMAP_OP_DELETE, .key = (uintptr_t)dev->arg + PAGE_SIZE / 4 },
		{ .op = HMAP_OP_DELETE, .key = (uintptr_t)dev->arg + PAGE_SIZE / 4 },
	};
	struct hmap_ioc_batch arg = {
		.size = sizeof(arg), .key_size = 8, .value_size = 8,
		.ops = (uintptr_t)dev->room, .count = 2,
		.op_size = sizeof(op[0]), .done = 77, .failed = 77,
	};

	hk_put_range(test, dev->h, 0, 10);
	set_arg(test, dev, &arg, sizeof(arg));
	KUNIT_ASSERT_EQ(test, copy_to_user(dev->room, op, sizeof(op)), 0);
	KUNIT_EXPECT_EQ(test, ioctl_of_the_killed(dev, HMAP_IOC_BATCH), -ERESTARTSYS);
	KUNIT_ASSERT_EQ(test, copy_from_user(&arg, dev->arg, sizeof(arg)), 0);
	KUNIT_EXPECT_EQ(test, arg.flags, HMAP_BATCH_RESUME);
	KUNIT_EXPECT_EQ(test, arg.done, 1);
	KUNIT_EXPECT_EQ(test, arg.failed, 0);
	hk_expect_absent(test, dev->h, 0);
	KUNIT_EXPECT_EQ(test, device_ioctl(dev, HMAP_IOC_BATCH), 0);
	KUNIT_ASSERT_EQ(test, copy_from_user(&arg, dev->arg, sizeof(arg)), 0);
	KUNIT_EXPECT_EQ(test, arg.flags, 0);
	KUNIT_EXPECT_EQ(test, arg.done, 2);
	KUNIT_EXPECT_EQ(test, arg.failed, 1);
}

static void a_vector_of_the_killed_does_a_part(struct kunit *test)
{
	struct device *dev = device_open(test);
	struct hmap_ioc_vector arg = {
		.size = sizeof(arg), .key_size = 8, .value_size = 8,
		.op = HMAP_OP_DELETE, .keys = (uintptr_t)dev->room, .count = 1,
		.done = 77, .failed = 77,
	};

	hk_put_range(test, dev->h, 0, 10);
	set_arg(test, dev, &arg, sizeof(arg));
	KUNIT_EXPECT_EQ(test, ioctl_of_the_killed(dev, HMAP_IOC_VECTOR), 0);
	KUNIT_ASSERT_EQ(test, copy_from_user(&arg, dev->arg, sizeof(arg)), 0);
	KUNIT_EXPECT_EQ(test, arg.done, 1);
	KUNIT_EXPECT_EQ(test, arg.failed, 0);
	hk_expect_absent(test, dev->h, 0);
}

/* Of a map of its own, since it is for ever. */
static struct file *create_map(struct kunit *test, struct device *dev)
{
	const struct hmap_ioc_create arg = {
		.size = sizeof(arg), .key_size = 8, .value_size = 8,
	};
	struct file *file;
	long fd;

	set_arg(test, dev, &arg, sizeof(arg));
	fd = device_ioctl(dev, HMAP_IOC_CREATE);
	KUNIT_ASSERT_GE(test, fd, 0);
	file = fget(fd);
	close_fd(fd);
	KUNIT_ASSERT_NOT_NULL(test, file);
	return file;
}

static void a_freeze_by_the_killed_freezes(struct kunit *test)
{
	struct device *dev = device_open(test), own = *dev;
	const struct hmap_ioc_plain arg = { .size = sizeof(arg) };
	struct hmap_object *object;

	own.file = create_map(test, dev);
	object = ((struct hmap_file *)own.file->private_data)->object;
	set_arg(test, dev, &arg, sizeof(arg));
	KUNIT_EXPECT_EQ(test, hmap_change_begin(object), 0);
	KUNIT_EXPECT_EQ(test, ioctl_of_the_killed(&own, HMAP_IOC_FREEZE), -ERESTARTSYS);
	/* It is frozen nevertheless, but for what was under way. */
	KUNIT_EXPECT_EQ(test, device_ioctl(&own, HMAP_IOC_CLEAR), -EPERM);
	hmap_change_end(object);
	KUNIT_EXPECT_EQ(test, device_ioctl(&own, HMAP_IOC_FREEZE), 0);
	fput(own.file);
}

static struct kunit_case dev_cases[] = {
	KUNIT_CASE(verify_of_a_broken_map_is_euclean),
	KUNIT_CASE(a_scan_of_the_killed_brings_what_it_has),
	KUNIT_CASE(a_layout_for_the_killed_can_go_on),
	KUNIT_CASE(a_put_of_the_killed_is_eintr),
	KUNIT_CASE(a_resize_for_the_killed_ends),
	KUNIT_CASE(a_batch_of_the_killed_can_go_on),
	KUNIT_CASE(a_vector_of_the_killed_does_a_part),
	KUNIT_CASE(a_freeze_by_the_killed_freezes),
	{}
};

HK_SUITE(dev, dev_cases);
