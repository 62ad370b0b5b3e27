// SPDX-License-Identifier: GPL-2.0
/*
 * The device node as it comes, the seed and addresses that STATS shows, a file that is
 * passed on. What each command takes is in rights.c.
 */
#include <linux/capability.h>
#include <sched.h>

#include "hmap_test.h"

FIXTURE(perm) {
	struct map m;
};

FIXTURE_SETUP(perm)
{
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
	ASSERT_EQ(0, map_put_range(&self->m, 0, 26));
}

FIXTURE_TEARDOWN(perm)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* ---- opening ---- */

/* As a child, for these things cannot be taken back. */
static int become_nobody(void)
{
	if (setgid(NOBODY) || setuid(NOBODY))
		return -errno;
	return 0;
}

static int open_as_nobody(void *arg)
{
	int ret = become_nobody();

	if (ret)
		return ret;
	return dev_open(O_RDONLY) == -EACCES &&
	       dev_open(O_WRONLY) == -EACCES &&
	       dev_open(O_RDWR) == -EACCES ? 0 : -EPERM;
}

TEST_F(perm, the_device_is_only_for_root_by_default)
{
	struct stat st;

	ASSERT_EQ(0, stat(HMAP_DEVICE, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, reap(spawn(open_as_nobody, NULL)));
}

/* ---- addresses and the seed ---- */

static bool shows_secrets(const struct hmap_stats *s)
{
	return s->hash0 || s->buckets || s->oldbuckets || s->extra ||
	       (s->present & HMAP_HAS_ADDRESSES);
}

/* All else is there. */
static bool shows_the_rest(const struct hmap_stats *s)
{
	return s->count && s->B >= 2 && s->memory && s->grows &&
	       (s->present & HMAP_HAS_BUCKETS);
}

/* Best while there are old buckets: a worker may be quicker, but not always. */
static int expect_no_secrets(struct map *m)
{
	struct hmap_stats s;
	u32 tries = 0;
	int ret;

	do {
		ret = until_growing(m);
		if (!ret)
			ret = dev_stats(m->fd, &s);
		if (ret)
			return ret;
		if (shows_secrets(&s) || !shows_the_rest(&s))
			return -EPERM;
	} while (!(s.present & HMAP_HAS_OLDBUCKETS) && tries++ < 5);
	return s.present & HMAP_HAS_OLDBUCKETS ? 0 : -ETIME;
}

static int drop_capability(int cap)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	data[cap / 32].effective &= ~(1U << cap % 32);
	data[cap / 32].permitted &= ~(1U << cap % 32);
	return sys_result(syscall(SYS_capset, &head, data));
}

static int stats_without_syslog(void *arg)
{
	int ret = drop_capability(CAP_SYSLOG);

	return ret ? ret : expect_no_secrets(arg);
}

static int stats_as_nobody(void *arg)
{
	int ret = become_nobody();

	return ret ? ret : expect_no_secrets(arg);
}

/* All capabilities, but of a namespace of one's own. */
static int stats_in_user_namespace(void *arg)
{
	struct map *m = arg, own = *m;

	if (unshare(CLONE_NEWUSER))
		return -errno;
	own.fd = dev_open(O_RDWR);	/* the owner's uid is enough to open it */
	if (own.fd >= 0 && expect_no_secrets(&own))
		return -EPERM;
	return expect_no_secrets(m);
}

static bool has_user_namespaces(void)
{
	return !access("/proc/self/ns/user", F_OK);
}

TEST_F(perm, root_sees_the_seed_and_addresses)
{
	struct hmap_stats s;

	do {
		ASSERT_EQ(0, until_growing(&self->m));
		ASSERT_EQ(0, dev_stats(self->m.fd, &s));
	} while (!(s.present & HMAP_HAS_OLDBUCKETS));
	EXPECT_NE(0, s.hash0);
	EXPECT_NE(0, s.buckets);
	EXPECT_NE(0, s.oldbuckets);
	EXPECT_TRUE(s.present & HMAP_HAS_ADDRESSES);
	EXPECT_TRUE(shows_the_rest(&s));
}

/* 64 bits of an address are never shown, only a hash of it, or nothing at all. */
TEST_F(perm, addresses_are_as_in_the_kernel_log)
{
	static const char path[] = "/proc/sys/kernel/kptr_restrict";
	char before[8] = "";
	struct hmap_stats s;
	int fd = open(path, O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_LT(0, read(fd, before, sizeof(before) - 1));
	close(fd);
	ASSERT_EQ(0, until_growing(&self->m));
	ASSERT_EQ(0, write_file(path, "2"));
	ASSERT_EQ(0, dev_stats(self->m.fd, &s));
	EXPECT_EQ(0, s.buckets);
	EXPECT_EQ(0, s.extra);
	EXPECT_NE(0, s.hash0);
	EXPECT_TRUE(s.present & HMAP_HAS_BUCKETS);
	ASSERT_EQ(0, write_file(path, "0"));
	ASSERT_EQ(0, dev_stats(self->m.fd, &s));
	EXPECT_NE(0, s.buckets);
	EXPECT_EQ(0, s.buckets >> 32);
	EXPECT_EQ(0, write_file(path, before));
}

TEST_F(perm, without_cap_syslog_seed_and_addresses_are_zero)
{
	EXPECT_EQ(0, reap(spawn(stats_without_syslog, &self->m)));
	EXPECT_EQ(0, reap(spawn(stats_as_nobody, &self->m)));
}

TEST_F(perm, in_a_user_namespace_seed_and_addresses_are_zero)
{
	if (!has_user_namespaces())
		SKIP(return, "this kernel has no user namespaces");
	EXPECT_EQ(0, reap(spawn(stats_in_user_namespace, &self->m)));
}

/* ---- a file that was passed on ---- */

static int use_as_nobody(void *arg)
{
	struct map *m = arg;
	int ret = become_nobody();

	if (!ret)
		ret = map_put_range(m, 1000, 100);
	if (!ret)
		ret = map_check_range(m, 1000, 100);
	if (!ret)
		ret = map_delete_every(m, 1000, 1100, 1);
	return ret;
}

TEST_F(perm, an_open_file_can_be_given_to_anybody)
{
	EXPECT_EQ(0, reap(spawn(use_as_nobody, &self->m)));
}

TEST_HARNESS_MAIN
