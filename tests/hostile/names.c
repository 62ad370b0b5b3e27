// SPDX-License-Identifier: GPL-2.0
/*
 * Names and rights: what the hostile user tries with maps that are not its own, and with the
 * default map, ends in errors, and others have what they had.
 */
#include <sys/sysmacros.h>

#include "hostile.h"

FIXTURE(names) {
	struct hostile h;
	struct map secret;	/* root's, without any right for others */
};

FIXTURE_SETUP(names)
{
	int ret = hostile_setup(&self->h);

	if (ret == -ENODEV)
		SKIP(return, "this kernel has no memory cgroups here");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, map_of_fd(&self->secret, create_named(self->h.m.fd, "secret", 0600)));
	ASSERT_EQ(0, map_put(&self->secret, 42, 4711, HMAP_ANY));
}

FIXTURE_TEARDOWN(names)
{
	if (self->secret.fd > 0) {
		EXPECT_EQ(0, map_close(&self->secret));
		EXPECT_EQ(0, destroy("secret"));
	}
	EXPECT_EQ(0, hostile_teardown(&self->h));
	TELL_SEED_ON_FAILURE();
}

static int hostile_child(int (*fn)(void *), void *arg)
{
	pid_t pid;
	int ret;

	fflush(NULL);
	pid = fork();
	if (pid)
		return reap(pid);
	ret = become_hostile() ?: fn(arg);
	if (ret)
		fprintf(stderr, "# hostile: %d (%s)\n", ret, strerror(-ret));
	_exit(ret != 0);
}

/* 0 if what has been tried failed with @error, else a number to know it by. */
#define REFUSED(call, error) \
	({ errno = 0; (call) == -1 && errno == (error) ? 0 : -(int)__LINE__; })

#define IS(value, call) ((call) == (value) ? 0 : -(int)__LINE__)

static int try_secret(void *arg)
{
	struct stat st;

	return REFUSED(open(node("secret"), O_RDONLY), EACCES) ?:
	       REFUSED(open(node("secret"), O_WRONLY), EACCES) ?:
	       REFUSED(open(node("secret"), 3), EACCES) ?:
	       REFUSED(unlink(node("secret")), EPERM) ?:
	       REFUSED(rename(node("secret"), HMAP_NODES "/mine"), EPERM) ?:
	       REFUSED(chmod(node("secret"), 0666), EPERM) ?:
	       REFUSED(chown(node("secret"), NOBODY, GROUP), EPERM) ?:
	       REFUSED(truncate(node("secret"), 0), EACCES) ?:
	       REFUSED(mknod(HMAP_NODES "/node", S_IFCHR | 0666, makedev(10, 1)), EPERM) ?:
	       REFUSED(umount(HMAP_NODES), EPERM) ?:
	       REFUSED(open("/proc/hmap_users", O_RDONLY), EACCES) ?:
	       IS(0, stat(node("secret"), &st));
}

TEST_F(names, a_map_of_another_user)
{
	EXPECT_EQ(0, hostile_child(try_secret, NULL));
	EXPECT_EQ(0, map_get(&self->secret, 42));
	EXPECT_TRUE(value_is(&self->secret, self->secret.value, 4711));
}

/* An open file may not be opened again with other rights. */
static int try_file(void *arg)
{
	int fd = *(int *)arg;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return REFUSED(open(path, O_RDWR), EACCES) ?:
	       REFUSED(open(path, O_RDONLY), EACCES) ?:
	       IS(-EPERM, dev_freeze(fd)) ?: IS(-1, fchmod(fd, 0666)) ?:
	       IS(-1, linkat(AT_FDCWD, path, AT_FDCWD, HMAP_NODES "/mine",
			     AT_SYMLINK_FOLLOW));
}

static int try_to_write(void *arg)
{
	return IS(-EACCES, dev_clear(*(int *)arg)) ?: IS(-EACCES, dev_freeze(*(int *)arg));
}

TEST_F(names, a_file_that_was_passed_on)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	int reading = open_named("secret", O_RDONLY);
	int both = open_named("secret", O_RDWR);
	int anonymous = dev_create(self->h.m.fd, &arg);

	ASSERT_TRUE(reading >= 0 && both >= 0 && anonymous >= 0);
	/* Debian's default: links to files of others take the right to write them */
	ASSERT_EQ(0, write_file("/proc/sys/fs/protected_hardlinks", "1"));
	EXPECT_EQ(0, hostile_child(try_to_write, &reading));
	EXPECT_EQ(0, hostile_child(try_file, &both));
	EXPECT_EQ(0, hostile_child(try_file, &anonymous));
	close(reading);
	close(both);
	close(anonymous);
}

/* The default map is for all of its group; what cannot be undone is its owner's. */
static int try_default(void *arg)
{
	int fd = dev_open(O_RDWR);
	struct hmap_stats stats;

	return fd < 0 ? fd :
	       IS(-EPERM, dev_freeze(fd)) ?: IS(-EPERM, dev_verify(fd)) ?:
	       IS(0, dev_stats(fd, &stats)) ?: IS(0, stats.hash0) ?:
	       IS(0, stats.buckets) ?: IS(0, stats.extra) ?:
	       REFUSED(chmod(HMAP_DEVICE, 0666), EPERM) ?:
	       REFUSED(unlink(HMAP_DEVICE), EACCES) ?:
	       REFUSED(syscall(SYS_delete_module, "hmap", O_NONBLOCK), EPERM);
}

TEST_F(names, the_default_map)
{
	EXPECT_EQ(0, hostile_child(try_default, NULL));
	EXPECT_EQ(0, map_put(&self->h.m, 1, 1, HMAP_ANY));
}

/* A name that is gone, and all that still leads to the map behind it. */
struct stale {
	int path;		/* O_PATH */
	int file;
};

static int try_stale(void *arg)
{
	struct stale *s = arg;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->path);
	return REFUSED(open(HMAP_NODES "/shared", O_RDWR), EACCES) ?:
	       IS(1, open(path, O_RDONLY) >= 0) ?: IS(0, links_of(s->file)) ?:
	       IS(-1, linkat(AT_FDCWD, path, AT_FDCWD, HMAP_NODES "/again",
			     AT_SYMLINK_FOLLOW));
}

TEST_F(names, a_name_that_has_another_map_now)
{
	struct stale s;
	int old = create_named(self->h.m.fd, "shared", 0644), fd;
	struct map m;

	ASSERT_LE(0, old);
	s.path = open(HMAP_NODES "/shared", O_PATH);
	s.file = open_named("shared", O_RDONLY);
	ASSERT_EQ(0, destroy("shared"));
	fd = create_named(self->h.m.fd, "shared", 0600);
	ASSERT_EQ(0, map_of_fd(&m, fd));
	ASSERT_EQ(0, map_put(&m, 1, 1, HMAP_ANY));
	EXPECT_EQ(0, hostile_child(try_stale, &s));
	EXPECT_FALSE(same_map(old, m.fd));
	EXPECT_EQ(0, map_get(&m, 1));
	close(s.path);
	close(s.file);
	close(old);
	EXPECT_EQ(0, map_close(&m));
	EXPECT_EQ(0, destroy("shared"));
}

/* All that it may have, which is not all that there is. */
static int take_all_names(void *arg)
{
	int dev = dev_open(O_RDWR), i, ret = 0;
	char name[HMAP_NAME_SIZE];

	for (i = 0; i < 5000 && !ret; i++) {
		snprintf(name, sizeof(name), "taken%d", i);
		ret = make_named(dev, name, 0600);
	}
	printf("# %d names, then %s\n", i - 1, strerror(-ret));
	fflush(stdout);
	return i < 100 ? -ENODATA : IS(-EDQUOT, ret) ?:
	       REFUSED(mkdir(HMAP_NODES "/directory", 0700), EDQUOT);
}

static int make_one(void *arg)
{
	int dev = dev_open(O_RDWR), ret = become(INNOCENT);

	ret = ret ?: make_named(dev, "one", 0600);
	return ret ?: destroy("one");
}

TEST_F(names, all_that_one_user_may_have)
{
	ASSERT_EQ(0, write_file(CGROUP "/hostile/memory.max", "max"));
	EXPECT_EQ(0, hostile_child(take_all_names, NULL));
	ASSERT_EQ(0, chmod(HMAP_NODES, 01777));
	EXPECT_EQ(0, reap(spawn(make_one, NULL)));
	EXPECT_EQ(0, system("rm -f " HMAP_NODES "/taken*"));
}

TEST_HARNESS_MAIN
