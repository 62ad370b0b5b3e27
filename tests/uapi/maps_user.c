// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of users: of maps and other files (-EDQUOT), and of the memory of their maps
 * (-ENOSPC). A user that has reached them is in no other's way.
 */
#include "rights.h"

#define OTHER	65533
#define DIR	"/run/hmap-user"
#define FILES	10
#define BYTES	1000000
#define SLACK	100000

FIXTURE(user) {
	struct map m;
};

FIXTURE_SETUP(user)
{
	ASSERT_EQ(0, map_load_params(&self->m, "user_files=10 user_bytes=1000000"));
	ASSERT_EQ(0, chmod(HMAP_DEVICE, 0666));
	mkdir(DIR, 0755);
	ASSERT_EQ(0, mount("hmapfs", DIR, "hmapfs", 0, "mode=0777"));
}

FIXTURE_TEARDOWN(user)
{
	umount(DIR);
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* A map without a name; the file descriptor or a negative errno. */
static int make_map(int dev)
{
	struct hmap_ioc_create arg = create_arg(8, 8);

	return dev_create(dev, &arg);
}

/* All maps that there may be; one that goes makes room for another. */
static int make_all(void *arg)
{
	int fds[FILES], dev = dev_open(O_RDWR), i, ret = become(*(uid_t *)arg);
	struct hmap_ioc_info info;

	if (dev < 0 || ret)
		return dev < 0 ? dev : ret;
	for (i = 0; i < FILES; i++) {
		fds[i] = make_map(dev);
		if (fds[i] < 0)
			return fds[i];
	}
	ret = dev_info(dev, &info);
	if (ret || info.user_files != FILES || info.user_max_files != FILES ||
	    info.user_max_bytes != BYTES)
		return -EBADMSG;
	if (make_map(dev) != -EDQUOT || mkdir(DIR "/full", 0755) != -1 ||
	    errno != EDQUOT)
		return -EBADE;
	close(fds[3]);
	ret = make_map(dev);
	return ret < 0 ? ret : 0;
}

TEST_F(user, maps_are_limited_for_each_user)
{
	uid_t uid = NOBODY, other = OTHER;
	int i, fds[2 * FILES];

	EXPECT_EQ(0, reap(spawn(make_all, &uid)));
	/* what a process had goes with it */
	EXPECT_EQ(0, reap(spawn(make_all, &uid)));
	EXPECT_EQ(0, reap(spawn(make_all, &other)));
	/* the superuser has no limit */
	for (i = 0; i < 2 * FILES; i++) {
		fds[i] = make_map(self->m.fd);
		EXPECT_LE(0, fds[i]);
	}
	while (i--)
		close(fds[i]);
}

/* Each kind of file counts, and is given back when it goes. */
static int make_files(void *arg)
{
	int dev = dev_open(O_RDWR), dir = open(DIR, O_PATH), i;
	int ret = become(NOBODY);
	char path[64];

	if (ret || dev < 0 || dir < 0)
		return -EBADF;
	for (i = 0; i < 3; i++) {
		ret = closed(create_at(dev, dir, "map", 0600));
		if (ret)
			return ret;
		for (ret = 0; ret < 3; ret++) {
			snprintf(path, sizeof(path), DIR "/link%d", ret);
			if (link(DIR "/map", path))
				return -errno;
			snprintf(path, sizeof(path), DIR "/dir%d", ret);
			if (mkdir(path, 0700))
				return -errno;
			snprintf(path, sizeof(path), DIR "/sym%d", ret);
			if (symlink("map", path))
				return -errno;
		}
		if (!symlink("map", DIR "/more") || errno != EDQUOT)
			return -EBADE;
		if (!link(DIR "/map", DIR "/more") || errno != EDQUOT)
			return -EBADE;
		if (rename(DIR "/link0", DIR "/sym0") || unlink(DIR "/map"))
			return -errno;
		for (ret = 0; ret < 3; ret++) {
			snprintf(path, sizeof(path), DIR "/link%d", ret);
			unlink(path);
			snprintf(path, sizeof(path), DIR "/dir%d", ret);
			rmdir(path);
			snprintf(path, sizeof(path), DIR "/sym%d", ret);
			unlink(path);
		}
	}
	return make_all(&(uid_t){ NOBODY });
}

TEST_F(user, all_files_count)
{
	EXPECT_EQ(0, reap(spawn(make_files, NULL)));
}

TEST_F(user, a_file_has_few_names)
{
	int dir = open(DIR, O_PATH), i;
	char path[64];

	ASSERT_EQ(0, closed(create_at(self->m.fd, dir, "map", 0600)));
	for (i = 1; i < 16; i++) {
		snprintf(path, sizeof(path), DIR "/link%d", i);
		ASSERT_EQ(0, link(DIR "/map", path)) TH_LOG("link %d", i);
	}
	EXPECT_EQ(-1, link(DIR "/map", DIR "/more"));
	EXPECT_EQ(EMLINK, errno);
	close(dir);
}

static s64 fill_up(int dev)
{
	struct map m;
	int ret = map_of_fd(&m, make_map(dev));
	u64 i;

	for (i = 0; !ret && i < 10000000; i++)
		ret = map_put(&m, i, i, HMAP_ANY);
	return ret == -ENOSPC ? (s64)i - 1 : ret ?: -EBADE;
}

/* Several maps have no more than one, and the other user as much. */
static int fill_all(void *arg)
{
	int dev = dev_open(O_RDWR), ret = become(*(uid_t *)arg);
	struct hmap_ioc_info info;
	s64 first, second;

	if (ret || dev < 0)
		return -EBADF;
	first = fill_up(dev);
	second = fill_up(dev);
	ret = dev_info(dev, &info);
	if (ret || first < 10000 || second < 0 || second > first / 2)
		return -EBADE;
	return info.user_memory > BYTES + SLACK || info.user_memory < BYTES / 3 ?
	       -EBADMSG : 0;
}

TEST_F(user, memory_is_limited_for_each_user)
{
	uid_t uid = NOBODY, other = OTHER;

	struct map m;

	EXPECT_EQ(0, reap(spawn(fill_all, &uid)));
	EXPECT_EQ(0, reap(spawn(fill_all, &other)));
	/* the superuser has no limit */
	ASSERT_EQ(0, map_of_fd(&m, make_map(self->m.fd)));
	EXPECT_EQ(0, map_fill(&m, 0, 200000));
	EXPECT_EQ(0, map_close(&m));
}

/* The default map is none's: it has as much as a user. */
static int fill_default(void *arg)
{
	struct map m;
	int ret = become(NOBODY) ?: map_open(&m, O_RDWR);
	u64 i;

	for (i = 0; !ret && i < 10000000; i++)
		ret = map_put(&m, i, i, HMAP_ANY);
	if (ret != -ENOSPC || i < 10000)
		return -EBADE;
	return i > 100000 ? -E2BIG : 0;
}

TEST_F(user, the_default_map_takes_no_more_than_a_user)
{
	uid_t other = OTHER;

	EXPECT_EQ(0, reap(spawn(fill_default, NULL)));
	EXPECT_EQ(0, reap(spawn(fill_all, &other)));
}

/* ---- user namespaces ---- */

/* As root of a namespace that NOBODY has made, with further ids. */
static const struct identity own_root = {
	.ids = "0 65534 1\n1 100000 10\n", .uid = NOBODY, .unshare = CLONE_NEWNS,
};

static int mount_all(void *arg)
{
	int ret = become_identity(&own_root), i;
	char path[64];

	ret = ret ?: sys_result(mount("tmpfs", "/tmp", "tmpfs", 0, NULL));
	for (i = 0; !ret && i < 2 * FILES; i++) {
		snprintf(path, sizeof(path), "/tmp/%d", i);
		ret = sys_result(mkdir(path, 0700)) ?:
		      sys_result(mount("hmapfs", path, "hmapfs", 0, NULL));
	}
	return ret == -EDQUOT && i == FILES + 1 ? 0 : -EBADE;
}

TEST_F(user, instances_count)
{
	if (!can_become(&own_root))
		SKIP(return, "this kernel has no user namespaces");
	EXPECT_EQ(0, reap(spawn(mount_all, NULL)));
	EXPECT_EQ(0, reap(spawn(mount_all, NULL)));
}

static int make_half(void *arg)
{
	int i, dev = dev_open(O_RDWR), ret = sys_result(setuid(*(uid_t *)arg));

	for (i = 0; !ret && i < FILES / 2; i++)
		ret = make_map(dev) < 0 ? -EBADF : 0;
	return ret;
}

/* Two ids, which keep what they make until this has seen that there is no more. */
static int make_as_two(void *arg)
{
	int ret = become_identity(&own_root), dev = dev_open(O_RDWR), i;
	uid_t uid = 5;

	for (i = 0; !ret && i < FILES / 2; i++)
		ret = make_map(dev) < 0 ? -EBADF : 0;
	ret = ret ?: reap(spawn(make_half, &uid));
	for (; !ret && i < FILES; i++)
		ret = make_map(dev) < 0 ? -EBADF : 0;
	if (ret)
		return ret;
	uid = 7;
	return reap(spawn(make_half, &uid)) ? 0 : -EBADE;
}

TEST_F(user, ids_of_a_namespace_are_the_user_that_made_it)
{
	if (!can_become(&own_root))
		SKIP(return, "this kernel has no user namespaces");
	EXPECT_EQ(0, reap(spawn(make_as_two, NULL)));
}

/* A line for each user, for the superuser only. */
static int nobody_cannot_read_users(void *arg)
{
	int ret = become(NOBODY);

	if (ret)
		return ret;
	return open("/proc/hmap_users", O_RDONLY) < 0 && errno == EACCES ?
	       0 : -EBADE;
}

TEST_F(user, the_superuser_sees_what_users_have)
{
	char text[512] = "";
	int fd, map = make_map(self->m.fd);

	ASSERT_LE(0, map);
	fd = open("/proc/hmap_users", O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, read(fd, text, sizeof(text) - 1));
	/* the map, and what the fixture has mounted */
	EXPECT_NE(NULL, strstr(text, "\n0 2 "));
	close(fd);
	close(map);
	EXPECT_EQ(0, reap(spawn(nobody_cannot_read_users, NULL)));
}

TEST_HARNESS_MAIN
