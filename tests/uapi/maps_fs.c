// SPDX-License-Identifier: GPL-2.0
/*
 * hmapfs as it is mounted: options and limits, instances, read-only mounts, user
 * namespaces, and what umount and rmmod do while it is in use.
 */
#include <sched.h>
#include <sys/prctl.h>
#include <sys/statfs.h>

#include "maps_names.h"

FIXTURE(fs) {
	struct map m;		/* the default map, whose file makes others */
};

FIXTURE_SETUP(fs)
{
	umask(0);
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
}

FIXTURE_TEARDOWN(fs)
{
	while (!umount2(HMAP_NODES, MNT_DETACH))
		;
	rmdir(HMAP_NODES);
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

#define KIB	1024ULL
#define MIB	(1024 * KIB)

static u64 ram_pages(void)
{
	return sysconf(_SC_PHYS_PAGES);
}

static struct statfs stat_fs(void)
{
	struct statfs st;

	if (statfs(HMAP_NODES, &st))
		memset(&st, POISON, sizeof(st));
	return st;
}

static u64 bytes_used(void)
{
	struct statfs st = stat_fs();

	return (u64)(st.f_blocks - st.f_bfree) * st.f_bsize;
}

static u64 files_used(void)
{
	struct statfs st = stat_fs();

	return st.f_files - st.f_ffree;
}

static int remount(const char *options)
{
	return sys_result(mount(NULL, HMAP_NODES, NULL, MS_REMOUNT, options));
}

/* Whether the line of /proc/mounts about the directory has this in it. */
static bool mounts_say(const char *what)
{
	char line[512];
	FILE *f = fopen("/proc/mounts", "r");
	bool found = false;

	while (fgets(line, sizeof(line), f))
		if (strstr(line, HMAP_NODES " hmapfs "))
			found = strstr(line, what);
	fclose(f);
	return found;
}

/* How many elements a map takes until one is refused with @expected. */
static s64 fill_until(struct map *m, int expected)
{
	s64 i;
	int ret = 0;

	for (i = 0; !ret && i < 10000000; i++)
		ret = map_put(m, i, i, HMAP_ANY);
	return ret == expected ? i - 1 : ret;
}

/* ---- options ---- */

TEST_F(fs, it_is_as_it_is_unless_told_otherwise)
{
	struct statfs st;
	struct stat root;

	ASSERT_EQ(0, nodes_mount(NULL));
	st = stat_fs();
	EXPECT_EQ(HMAPFS_MAGIC, st.f_type);
	EXPECT_EQ(page_size(), st.f_bsize);
	EXPECT_EQ(255, st.f_namelen);
	/* about: the kernel's own part of memory may count or not */
	EXPECT_LT(ram_pages() / 2 - ram_pages() / 50, st.f_blocks);
	EXPECT_GT(ram_pages() / 2 + ram_pages() / 50, st.f_blocks);
	EXPECT_EQ(4096, st.f_files);
	EXPECT_EQ(st.f_blocks, st.f_bfree);
	EXPECT_EQ(st.f_bfree, st.f_bavail);
	EXPECT_EQ(st.f_files, st.f_ffree);
	ASSERT_EQ(0, stat(HMAP_NODES, &root));
	EXPECT_EQ(S_IFDIR | 0755, root.st_mode);
	EXPECT_EQ(0, root.st_uid);
	EXPECT_EQ(0, root.st_gid);
	EXPECT_EQ(2, root.st_nlink);
}

TEST_F(fs, options_are_obeyed_and_shown)
{
	struct stat root;
	struct statfs st;

	ASSERT_EQ(0, nodes_mount("size=3m,nr_maps=17,mode=1770,uid=7,gid=999"));
	ASSERT_EQ(0, stat(HMAP_NODES, &root));
	EXPECT_EQ(S_IFDIR | 01770, root.st_mode);
	EXPECT_EQ(7, root.st_uid);
	EXPECT_EQ(999, root.st_gid);
	st = stat_fs();
	EXPECT_EQ(3 * MIB, (u64)st.f_blocks * st.f_bsize);
	EXPECT_EQ(17, st.f_files);
	EXPECT_TRUE(mounts_say("size=3072k"));
	EXPECT_TRUE(mounts_say("nr_maps=17"));
	EXPECT_TRUE(mounts_say("mode=1770"));
	EXPECT_TRUE(mounts_say("uid=7,gid=999"));
	/* no limits at all */
	ASSERT_EQ(0, remount("size=0,nr_maps=0"));
	st = stat_fs();
	EXPECT_EQ(0, st.f_blocks);
	EXPECT_EQ(0, st.f_files);
	EXPECT_EQ(0, make_named(self->m.fd, "a", 0600));
	/* a remount without options leaves all as it is */
	ASSERT_EQ(0, remount("size=64k"));
	ASSERT_EQ(0, remount(NULL));
	EXPECT_TRUE(mounts_say("size=64k,nr_maps=0"));
}

TEST_F(fs, sizes_are_numbers_of_bytes_or_a_share_of_memory)
{
	static const struct {
		const char *option;
		u64 bytes;
	} table[] = {
		{ "size=1", 4096 }, { "size=4096", 4096 }, { "size=4097", 8192 },
		{ "size=64k", 64 * KIB }, { "size=2M", 2 * MIB },
		{ "size=1g", 1024 * MIB }, { "size=0x10000", 65536 },
	};
	struct statfs st;
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		ASSERT_EQ(0, nodes_mount(table[i].option));
		st = stat_fs();
		if (page_size() == 4096)
			EXPECT_EQ(table[i].bytes, (u64)st.f_blocks * st.f_bsize);
		ASSERT_EQ(0, nodes_umount());
	}
	ASSERT_EQ(0, nodes_mount("size=25%"));
	st = stat_fs();
	EXPECT_LT(ram_pages() / 4 - ram_pages() / 50, st.f_blocks);
	EXPECT_GT(ram_pages() / 4 + ram_pages() / 50, st.f_blocks);
}

static const char *const bad_options[] = {
	"size", "size=", "size=x", "size=1x", "size=-1", "size=1kk", "size=%",
	"size=10%%", "size=1001%", "size=18446744073709551615", "size=16e",
	"nr_maps", "nr_maps=", "nr_maps=-1", "nr_maps=x", "nr_maps=1.5",
	"nr_maps=18446744073709551616",
	"mode", "mode=8", "mode=10000", "mode=rwx", "mode=-1",
	"uid=-1", "uid=root", "uid=4294967296", "gid=-1", "gid=4294967295",
	"uid=4294967295", "Size=1m", "nonsense", "nonsense=1",
};

TEST_F(fs, other_options_are_einval)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad_options); i++)
		EXPECT_EQ(-EINVAL, nodes_mount(bad_options[i]))
			TH_LOG("%s", bad_options[i]);
	ASSERT_EQ(0, nodes_mount("size=1m"));
	for (i = 0; i < ARRAY_LEN(bad_options); i++)
		EXPECT_EQ(-EINVAL, remount(bad_options[i]))
			TH_LOG("%s", bad_options[i]);
	EXPECT_TRUE(mounts_say("size=1024k"));
}

/* ---- limits ---- */

TEST_F(fs, all_maps_together_have_a_size)
{
	struct hmap_ioc_create arg = named_arg(AT_FDCWD, "big", 0600);
	struct map a, b;
	s64 n, m;

	ASSERT_EQ(0, nodes_mount("size=1m"));
	ASSERT_EQ(0, map_of_fd(&a, create_named(self->m.fd, "a", 0600)));
	ASSERT_EQ(0, map_of_fd(&b, create_named(self->m.fd, "b", 0600)));
	n = fill_until(&a, -ENOSPC);
	ASSERT_LT(10000, n);
	/* a block that is allocated at the same time may come on top */
	EXPECT_LT(900 * KIB, bytes_used());
	EXPECT_GT(1100 * KIB, bytes_used());
	m = fill_until(&b, -ENOSPC);
	EXPECT_LE(0, m);
	EXPECT_GT(n / 4, m);
	arg.hint = 100000;
	EXPECT_EQ(-ENOSPC, dev_create(self->m.fd, &arg));
	EXPECT_EQ(-ENOENT, open_named("big", O_RDWR));
	/* those outside are free of it */
	EXPECT_EQ(0, map_fill(&self->m, 0, 100000));
	/* a map that goes gives back what it had, at its last close */
	EXPECT_EQ(0, map_check_range(&a, 0, n));
	EXPECT_EQ(0, destroy("a"));
	EXPECT_LT(900 * KIB, bytes_used());
	close(a.fd);
	EXPECT_LT(m, fill_until(&b, -ENOSPC));
	EXPECT_EQ(0, map_close(&b));
}

TEST_F(fs, maps_without_a_name_count_in_their_instance)
{
	struct map m;
	int root;

	ASSERT_EQ(0, nodes_mount("size=256k,nr_maps=2"));
	root = open(HMAP_NODES, O_PATH);
	ASSERT_EQ(0, map_of_fd(&m, create_at(self->m.fd, root, "", 0600)));
	EXPECT_EQ(1, files_used());
	EXPECT_LT(0, fill_until(&m, -ENOSPC));
	EXPECT_LT(100 * KIB, bytes_used());
	ASSERT_EQ(0, link_to(m.fd, root, "a"));
	/* its first name counts nothing more, the next one does */
	EXPECT_EQ(1, files_used());
	ASSERT_EQ(0, link_to(m.fd, root, "b"));
	EXPECT_EQ(2, files_used());
	EXPECT_EQ(-ENOSPC, link_to(m.fd, root, "c"));
	EXPECT_EQ(-ENOSPC, create_at(self->m.fd, root, "", 0600));
	EXPECT_EQ(0, destroy("a"));
	EXPECT_EQ(1, files_used());
	EXPECT_EQ(0, destroy("b"));
	/* it is open as yet */
	EXPECT_EQ(1, files_used());
	EXPECT_EQ(0, map_close(&m));
	EXPECT_EQ(0, files_used());
	close(root);
}

TEST_F(fs, files_directories_and_links_are_counted)
{
	int dev = self->m.fd;

	ASSERT_EQ(0, nodes_mount("nr_maps=4"));
	ASSERT_EQ(0, make_named(dev, "a", 0600));
	ASSERT_EQ(0, mkdir(node("d"), 0755));
	ASSERT_EQ(0, symlink("a", HMAP_NODES "/s"));
	ASSERT_EQ(0, link(node("a"), HMAP_NODES "/l"));
	EXPECT_EQ(4, files_used());
	EXPECT_EQ(-ENOSPC, create_named(dev, "b", 0600));
	EXPECT_EQ(-ENOSPC, sys_result(mkdir(node("e"), 0755)));
	EXPECT_EQ(-ENOSPC, sys_result(symlink("a", HMAP_NODES "/t")));
	EXPECT_EQ(-ENOSPC, sys_result(link(node("a"), HMAP_NODES "/m")));
	EXPECT_NE(0, access(node("b"), F_OK));
	/* what a rename replaces is given back */
	ASSERT_EQ(0, rename(node("s"), HMAP_NODES "/l"));
	EXPECT_EQ(3, files_used());
	ASSERT_EQ(0, make_named(dev, "b", 0600));
	ASSERT_EQ(0, rename(node("b"), HMAP_NODES "/a"));
	EXPECT_EQ(3, files_used());
	ASSERT_EQ(0, renameat2(AT_FDCWD, HMAP_NODES "/a", AT_FDCWD,
			       HMAP_NODES "/l", RENAME_EXCHANGE));
	EXPECT_EQ(3, files_used());
	EXPECT_EQ(0, destroy("l"));
	EXPECT_EQ(0, destroy("a"));
	EXPECT_EQ(0, rmdir(node("d")));
	EXPECT_EQ(0, files_used());
}

TEST_F(fs, limits_can_be_changed_but_not_to_less_than_is_used)
{
	struct map m;
	s64 n;

	ASSERT_EQ(0, nodes_mount("size=512k,nr_maps=1"));
	ASSERT_EQ(0, map_of_fd(&m, create_named(self->m.fd, "a", 0600)));
	n = fill_until(&m, -ENOSPC);
	ASSERT_LT(0, n);
	EXPECT_EQ(-ENOSPC, create_named(self->m.fd, "b", 0600));
	EXPECT_EQ(-EINVAL, remount("size=64k"));
	EXPECT_EQ(-EINVAL, remount("size=64k,nr_maps=2"));
	EXPECT_TRUE(mounts_say("size=512k,nr_maps=1,"));
	ASSERT_EQ(0, remount("size=2m,nr_maps=2"));
	EXPECT_LT(n + 1000, fill_until(&m, -ENOSPC));
	ASSERT_EQ(0, make_named(self->m.fd, "b", 0600));
	EXPECT_EQ(-EINVAL, remount("nr_maps=1"));
	EXPECT_EQ(0, destroy("b"));
	EXPECT_EQ(0, remount("nr_maps=1"));
	EXPECT_EQ(-ENOSPC, create_named(self->m.fd, "b", 0600));
	EXPECT_EQ(0, map_close(&m));
}

TEST_F(fs, the_device_may_have_a_limit_besides)
{
	struct map m;

	ASSERT_EQ(0, map_unload(&self->m));
	ASSERT_EQ(0, map_load_params(&self->m, "max_bytes=300000"));
	ASSERT_EQ(0, nodes_mount("size=1m"));
	ASSERT_EQ(0, map_of_fd(&m, create_named(self->m.fd, "a", 0600)));
	EXPECT_LT(0, fill_until(&m, -ENOSPC));
	EXPECT_GT(400000, bytes_used());
	EXPECT_EQ(0, map_close(&m));
}

/* ---- mounts ---- */

TEST_F(fs, each_mount_is_an_instance)
{
	struct stat a, b;
	int fd, other;

	ASSERT_EQ(0, nodes_mount("nr_maps=1"));
	fd = create_named(self->m.fd, "a", 0600);
	ASSERT_EQ(0, mkdir("/tmp/other", 0755));
	ASSERT_EQ(0, mount("hmapfs", "/tmp/other", "hmapfs", 0, "nr_maps=1"));
	other = open("/tmp/other", O_PATH);
	EXPECT_EQ(0, closed(create_at(self->m.fd, other, "a", 0600)));
	EXPECT_FALSE(leads_to("/tmp/other/a", fd));
	ASSERT_EQ(0, stat(node("a"), &a));
	ASSERT_EQ(0, stat("/tmp/other/a", &b));
	EXPECT_NE(a.st_dev, b.st_dev);
	EXPECT_EQ(-EXDEV, sys_result(rename(node("a"), "/tmp/other/b")));
	EXPECT_EQ(-EXDEV, sys_result(link(node("a"), "/tmp/other/b")));
	close(other);
	close(fd);
	ASSERT_EQ(0, umount("/tmp/other"));
	rmdir("/tmp/other");
}

TEST_F(fs, nothing_is_made_in_a_read_only_mount)
{
	int dev = self->m.fd, root, fd;

	ASSERT_EQ(0, nodes_mount(NULL));
	fd = create_named(dev, "a", 0600);
	root = open(HMAP_NODES, O_PATH);
	ASSERT_EQ(0, mkdir("/tmp/ro", 0755));
	ASSERT_EQ(0, mount(HMAP_NODES, "/tmp/ro", NULL, MS_BIND, NULL));
	ASSERT_EQ(0, mount(NULL, "/tmp/ro", NULL,
			   MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	close(root);
	root = open("/tmp/ro", O_PATH);
	EXPECT_EQ(-EROFS, create_at(dev, root, "b", 0600));
	EXPECT_EQ(-EROFS, create_at(dev, root, "", 0600));
	/* that a name is taken is told first, as by open */
	EXPECT_EQ(-EEXIST, create_at(dev, root, "a", 0600));
	EXPECT_EQ(-EROFS, sys_result(unlink("/tmp/ro/a")));
	EXPECT_EQ(-EROFS, sys_result(open("/tmp/ro/a", O_RDWR)));
	EXPECT_EQ(0, closed(open("/tmp/ro/a", O_RDONLY)));
	/* the other mount of the same instance can be written */
	EXPECT_EQ(0, make_named(dev, "b", 0600));
	EXPECT_EQ(0, closed(open("/tmp/ro/b", O_RDONLY)));
	close(root);
	ASSERT_EQ(0, umount("/tmp/ro"));
	rmdir("/tmp/ro");
	close(fd);
	ASSERT_EQ(0, remount("size=1m") ?:
		  sys_result(mount(NULL, HMAP_NODES, NULL,
				   MS_REMOUNT | MS_RDONLY, NULL)));
	EXPECT_EQ(-EROFS, create_named(dev, "c", 0600));
}

TEST_F(fs, an_instance_that_is_in_use_is_busy)
{
	struct map m;

	ASSERT_EQ(0, nodes_mount(NULL));
	ASSERT_EQ(0, map_of_fd(&m, create_named(self->m.fd, "a", 0600)));
	ASSERT_EQ(0, map_put_range(&m, 0, 1000));
	EXPECT_EQ(-EBUSY, sys_result(umount(HMAP_NODES)));
	/* detached it goes on for programs that have its maps open */
	ASSERT_EQ(0, umount2(HMAP_NODES, MNT_DETACH));
	EXPECT_EQ(-ENODEV, create_named(self->m.fd, "b", 0600));
	EXPECT_EQ(0, map_check_range(&m, 0, 1000));
	EXPECT_EQ(1, links_of(m.fd));
	close(self->m.fd);
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_EQ(0, map_check_range(&m, 0, 1000));
	close(m.fd);
	EXPECT_EQ(0, module_unload());
	self->m.fd = -1;
}

TEST_F(fs, the_module_stays_while_it_is_mounted)
{
	int i;

	ASSERT_EQ(0, nodes_mount(NULL));
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, make_named(self->m.fd, (char[]){ 'a' + i, 0 },
					0600));
	close(self->m.fd);
	self->m.fd = -1;
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	ASSERT_EQ(0, mkdir("/tmp/other", 0755));
	ASSERT_EQ(0, mount("hmapfs", "/tmp/other", "hmapfs", 0, NULL));
	ASSERT_EQ(0, nodes_umount());
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	ASSERT_EQ(0, umount("/tmp/other"));
	rmdir("/tmp/other");
	EXPECT_EQ(0, module_unload());
	EXPECT_EQ(-ENODEV, nodes_mount(NULL));
}

/* What its maps have held is waited for, however it was freed. */
TEST_F(fs, umount_frees_what_maps_have_left)
{
	struct hmap_ioc_create arg;
	struct map m;
	u64 round;

	for (round = 0; round < often(50); round++) {
		ASSERT_EQ(0, nodes_mount("size=64m"));
		arg = named_arg(AT_FDCWD, "a", 0600);
		arg.value_size = 200;
		ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
		ASSERT_EQ(0, map_fill(&m, 0, 500));
		ASSERT_EQ(0, map_fill(&m, 0, 500));
		if (round & 1)
			EXPECT_EQ(0, destroy("a"));
		close(m.fd);
		ASSERT_EQ(0, umount(HMAP_NODES));
	}
}

/* ---- user namespaces ---- */

/* In a namespace of its own, of which no other user is a member. */
static int enter_namespace(void)
{
	int ret = become(NOBODY);

	/* files of /proc/self are its own again */
	ret = ret ?: sys_result(prctl(PR_SET_DUMPABLE, 1));
	ret = ret ?: sys_result(unshare(CLONE_NEWUSER | CLONE_NEWNS));
	return ret ?: write_ids(NOBODY, NOBODY);
}

static int use_namespace(void *arg)
{
	struct hmap_ioc_info info;
	struct stat st;
	struct map m;
	int dev = *(int *)arg, ret = enter_namespace();

	if (ret)
		return ret;
	ret = nodes_mount("size=1m,nr_maps=3");
	if (ret)
		return ret;
	if (nodes_mount("uid=5") != -EINVAL || nodes_mount("gid=5") != -EINVAL)
		return -EBADMSG;
	if (stat(HMAP_NODES, &st) || st.st_uid || st.st_gid)
		return -EBADE;
	ret = map_of_fd(&m, create_named(dev, "a", 0640));
	if (ret)
		return ret;
	if (dev_info(m.fd, &info) || info.uid || info.gid ||
	    info.mode != 0640 || info.links != 1)
		return -EBADE;
	/* That is found out by a put, for which a full map may have no room. */
	if (!leads_to(node("a"), m.fd) || fill_until(&m, -ENOSPC) <= 0)
		return -EBADE;
	if (mkdir(node("d"), 0755) || rename(node("a"), HMAP_NODES "/d/a"))
		return -EBADE;
	return dev_freeze(m.fd);
}

/* Mounts one, says so, and stays until it is told to end. */
static pid_t mount_elsewhere(int ready, int end)
{
	pid_t pid;
	char c;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	c = (enter_namespace() ?: nodes_mount(NULL)) ? 'n' : 'y';
	if (write(ready, &c, 1) == 1 && read(end, &c, 1) >= 0)
		_exit(c != 'y');
	_exit(1);
}

TEST_F(fs, a_user_mounts_one_in_a_namespace)
{
	int ready[2], end[2], root, dev = self->m.fd;
	char path[64], c = 0;
	pid_t pid;

	if (access("/proc/self/ns/user", F_OK))
		SKIP(return, "this kernel has no user namespaces");
	mkdir(HMAP_NODES, 0755);
	EXPECT_EQ(0, reap(spawn(use_namespace, &self->m.fd)));
	/* nothing of it is seen here */
	EXPECT_EQ(-ENODEV, create_named(dev, "a", 0600));
	/* and root of here is none of its users, whatever leads there */
	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(end));
	pid = mount_elsewhere(ready[1], end[0]);
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_EQ('y', c);
	snprintf(path, sizeof(path), "/proc/%d/root" HMAP_NODES, pid);
	root = open(path, O_PATH);
	ASSERT_LE(0, root);
	EXPECT_EQ(-EOVERFLOW, create_at(dev, root, "a", 0600));
	EXPECT_EQ(-EOVERFLOW, create_at(dev, root, "", 0600));
	close(root);
	EXPECT_EQ(1, write(end[1], &c, 1));
	EXPECT_EQ(0, reap(pid));
	close(ready[0]);
	close(ready[1]);
	close(end[0]);
	close(end[1]);
}

/* ---- everything at once ---- */

/* Mounts, makes, opens and unmounts, again and again, until it is killed. */
static int use_for_ever(void *arg)
{
	int fd;

	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	for (;;) {
		nodes_mount(NULL);
		fd = dev_open(O_RDWR);
		if (fd >= 0) {
			make_named(fd, "door", 0600);
			close(fd);
		}
		fd = open_named("door", O_RDWR);
		if (rnd_below(2))
			destroy("door");
		umount2(HMAP_NODES, MNT_DETACH);
		if (fd >= 0)
			close(fd);
		usleep(rnd_below(10000));
	}
	return 0;
}

TEST_F(fs, unloading_races_with_mounting)
{
	pid_t pid[2];
	int i, tries, ret, unloaded = 0, times = often(2000);

	close(self->m.fd);
	self->m.fd = -1;
	mkdir(HMAP_NODES, 0755);
	pid[0] = spawn(use_for_ever, NULL);
	pid[1] = spawn(use_for_ever, NULL);
	for (tries = 0; tries < times && unloaded < times / 20; tries++) {
		ret = module_unload();
		if (ret == -EWOULDBLOCK || ret == -EBUSY) {
			usleep(rnd_below(2000));
			continue;
		}
		ASSERT_EQ(0, ret);
		unloaded++;
		ASSERT_EQ(0, module_load(""));
		usleep(rnd_below(2000));
	}
	for (i = 0; i < 2; i++) {
		kill(pid[i], SIGKILL);
		reap(pid[i]);
	}
	TH_LOG("unloaded %d times of %d", unloaded, tries);
	EXPECT_LT(0, unloaded);
	/* the last of its mount namespaces goes by and by */
	for (i = 0; i < 100 && (ret = module_gone()); i++)
		usleep(10000);
	EXPECT_EQ(0, ret);
}

TEST_HARNESS_MAIN
