// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what: modes of the file, capabilities, user namespaces.
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

/* ---- how the file was opened ---- */

/* What each command returns, in the order of their numbers. */
struct results {
	int info, get, put, delete, scan, clear, stats, layout, verify;
};

/* Leaves the map as it was if everything is allowed, except for the clear. */
static struct results try_all(struct map *m, int fd)
{
	struct map f = *m;
	struct hmap_ioc_info info;
	struct hmap_stats stats;
	struct hmap_layout layout;
	struct scan s = scan_begin(m, 1);

	f.fd = fd;
	return (struct results){
		.info = dev_info(fd, &info),
		.get = map_get(&f, 1),
		.put = map_put(&f, 100, 100, HMAP_ANY),
		.delete = map_delete(&f, 100),
		.scan = scan_next(&f, &s),
		.clear = dev_clear(fd),
		.stats = dev_stats(fd, &stats),
		.layout = dev_layout(fd, &layout),
		.verify = dev_verify(fd),
	};
}

TEST_F(perm, a_file_open_for_reading_cannot_change_the_map)
{
	int fd = dev_open(O_RDONLY);
	struct results r;

	ASSERT_GE(fd, 0);
	r = try_all(&self->m, fd);
	EXPECT_EQ(0, r.info);
	EXPECT_EQ(0, r.get);
	EXPECT_EQ(-EACCES, r.put);
	EXPECT_EQ(-EACCES, r.delete);
	EXPECT_EQ(0, r.scan);
	EXPECT_EQ(-EACCES, r.clear);
	EXPECT_EQ(0, r.stats);
	EXPECT_EQ(0, r.layout);
	EXPECT_EQ(0, r.verify);
	close(fd);
}

TEST_F(perm, a_file_open_for_writing_cannot_read_the_map)
{
	int fd = dev_open(O_WRONLY);
	struct results r;

	ASSERT_GE(fd, 0);
	r = try_all(&self->m, fd);
	EXPECT_EQ(0, r.info);
	EXPECT_EQ(-EACCES, r.get);
	EXPECT_EQ(0, r.put);
	EXPECT_EQ(0, r.delete);
	EXPECT_EQ(-EACCES, r.scan);
	EXPECT_EQ(0, r.clear);
	EXPECT_EQ(0, r.stats);
	EXPECT_EQ(0, r.layout);
	EXPECT_EQ(0, r.verify);
	EXPECT_EQ(0, dev_count(fd));
	close(fd);
}

/* Access mode 3 is Linux's for a file that only has ioctls. */
TEST_F(perm, a_file_open_for_neither_can_only_ask)
{
	int fd = dev_open(3);
	struct results r;

	ASSERT_GE(fd, 0);
	r = try_all(&self->m, fd);
	EXPECT_EQ(0, r.info);
	EXPECT_EQ(-EACCES, r.get);
	EXPECT_EQ(-EACCES, r.put);
	EXPECT_EQ(-EACCES, r.delete);
	EXPECT_EQ(-EACCES, r.scan);
	EXPECT_EQ(-EACCES, r.clear);
	EXPECT_EQ(0, r.stats);
	close(fd);
}

/* ---- who opens it ---- */

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

/* ---- VERIFY ---- */

static int verify_without_sys_admin(void *arg)
{
	int ret = drop_capability(CAP_SYS_ADMIN);

	return ret ? ret : dev_verify(*(int *)arg) == -EPERM ? 0 : -EBADE;
}

static int verify_in_user_namespace(void *arg)
{
	if (unshare(CLONE_NEWUSER))
		return -errno;
	return dev_verify(*(int *)arg) == -EPERM ? 0 : -EBADE;
}

/* The capability comes before flags, and after the structure. */
static int verify_wrongly_without_sys_admin(void *arg)
{
	struct hmap_ioc_plain plain = { .size = sizeof(plain), .flags = 1 };
	int fd = *(int *)arg, ret = drop_capability(CAP_SYS_ADMIN);

	if (ret)
		return ret;
	if (ioc(fd, HMAP_IOC_VERIFY, &plain) != -EPERM)
		return -EBADE;
	plain.size = 4;
	if (ioc(fd, HMAP_IOC_VERIFY, &plain) != -EINVAL)
		return -EBADF;
	return ioc(fd, HMAP_IOC_VERIFY, NULL) == -EFAULT ? 0 : -EBADFD;
}

TEST_F(perm, verify_needs_cap_sys_admin)
{
	int *fd = &self->m.fd;

	EXPECT_EQ(0, reap(spawn(verify_without_sys_admin, fd)));
	EXPECT_EQ(0, reap(spawn(verify_wrongly_without_sys_admin, fd)));
	EXPECT_EQ(0, dev_verify(*fd));
}

TEST_F(perm, verify_needs_the_capability_of_the_first_user_namespace)
{
	if (!has_user_namespaces())
		SKIP(return, "this kernel has no user namespaces");
	EXPECT_EQ(0, reap(spawn(verify_in_user_namespace, &self->m.fd)));
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
