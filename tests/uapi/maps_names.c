// SPDX-License-Identifier: GPL-2.0
/*
 * Maps that are files of hmapfs: CREATE with a name or a directory, rights to open them,
 * what else leads to them, and all of that at the same time.
 */
#include <linux/capability.h>
#include <linux/xattr.h>
#include <pthread.h>
#include <sys/xattr.h>

#include "maps_names.h"

FIXTURE(names) {
	struct map m;		/* the default map, whose file makes others */
	int root;		/* of the file system */
};

FIXTURE_SETUP(names)
{
	umask(0);
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
	ASSERT_EQ(0, nodes_mount(NULL));
	self->root = open(HMAP_NODES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->root);
}

FIXTURE_TEARDOWN(names)
{
	close(self->root);
	EXPECT_EQ(0, nodes_umount());
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* ---- the file ---- */

TEST_F(names, a_named_map_is_a_file_that_can_be_opened)
{
	struct map made, opened;
	struct stat st;

	ASSERT_EQ(0, map_of_fd(&made, create_named(self->m.fd, "a", 0640)));
	ASSERT_EQ(0, stat(node("a"), &st));
	EXPECT_EQ(S_IFREG | 0640, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
	EXPECT_EQ(1, st.st_nlink);
	EXPECT_EQ(0, st.st_size);
	ASSERT_EQ(0, map_of_fd(&opened, open_named("a", O_RDWR)));
	EXPECT_EQ(0, map_put_range(&made, 0, 100));
	EXPECT_EQ(0, map_check_range(&opened, 0, 100));
	EXPECT_EQ(0, dev_clear(opened.fd));
	EXPECT_EQ(0, dev_count(made.fd));
	EXPECT_EQ(1, links_of(made.fd));
	EXPECT_EQ(1, links_of(opened.fd));
	EXPECT_EQ(-ENOTTY, create_named(opened.fd, "b", 0600));
	EXPECT_EQ(FD_CLOEXEC, fcntl(made.fd, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(made.fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(0, map_close(&made));
	EXPECT_EQ(0, map_close(&opened));
}

TEST_F(names, a_named_map_keeps_its_elements_while_nobody_has_it_open)
{
	struct map m;

	ASSERT_EQ(0, map_of_fd(&m, create_named(self->m.fd, "kept", 0600)));
	ASSERT_EQ(0, map_put_range(&m, 0, 100));
	EXPECT_EQ(0, dev_freeze(m.fd));
	close(m.fd);
	ASSERT_EQ(0, map_of_fd(&m, open_named("kept", O_RDWR)));
	EXPECT_EQ(0, map_check_range(&m, 0, 100));
	EXPECT_EQ(-EPERM, map_put(&m, 1, 1, HMAP_ANY));
	EXPECT_EQ(0, map_close(&m));
}

TEST_F(names, the_mode_is_that_of_a_new_file)
{
	static const struct {
		u32 mode, mask, expected;
	} table[] = {
		{ 0666, 022, 0644 }, { 0777, 0777, 0 }, { 0, 0, 0 },
		{ 0777, 0, 0777 }, { 0600, 077, 0600 },
	};
	struct stat st;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		umask(table[i].mask);
		ASSERT_EQ(0, make_named(self->m.fd, "mode", table[i].mode));
		fd = create_at(self->m.fd, self->root, "", table[i].mode);
		umask(0);
		ASSERT_EQ(0, stat(node("mode"), &st));
		EXPECT_EQ(table[i].expected, st.st_mode & 07777);
		ASSERT_EQ(0, fstat(fd, &st));
		EXPECT_EQ(table[i].expected, st.st_mode & 07777);
		EXPECT_EQ(0, destroy("mode"));
		close(fd);
	}
	EXPECT_EQ(-EINVAL, create_named(self->m.fd, "mode", 01000));
	EXPECT_EQ(-EINVAL, create_named(self->m.fd, "mode", 04755));
	EXPECT_EQ(-EINVAL, create_named(self->m.fd, "mode", UINT32_MAX));
	EXPECT_NE(0, access(node("mode"), F_OK));
}

TEST_F(names, a_file_that_is_no_map_cannot_be_made)
{
	EXPECT_EQ(-EACCES, open_named("a", O_RDWR | O_CREAT));
	EXPECT_EQ(-EACCES, open_named("a", O_RDWR | O_CREAT | O_EXCL));
	EXPECT_EQ(-EACCES, sys_result(mknod(node("a"), S_IFREG | 0600, 0)));
	EXPECT_EQ(-EPERM, sys_result(mknod(node("a"), S_IFIFO | 0600, 0)));
	EXPECT_EQ(-EPERM, sys_result(mknod(node("a"), S_IFCHR | 0600, 0x103)));
	EXPECT_EQ(-EOPNOTSUPP, sys_result(open(HMAP_NODES, O_TMPFILE | O_RDWR,
					       0600)));
	EXPECT_NE(0, access(node("a"), F_OK));
}

TEST_F(names, a_map_has_no_length_and_is_no_program)
{
	char *const argv[] = { "a", NULL };
	struct map m;
	int fd;

	ASSERT_EQ(0, map_of_fd(&m, create_named(self->m.fd, "a", 0777)));
	ASSERT_EQ(0, map_put_range(&m, 0, 10));
	EXPECT_EQ(-EINVAL, sys_result(truncate(node("a"), 1)));
	EXPECT_EQ(-EINVAL, sys_result(ftruncate(m.fd, 4096)));
	EXPECT_EQ(0, truncate(node("a"), 0));
	EXPECT_EQ(0, ftruncate(m.fd, 0));
	fd = open_named("a", O_RDWR | O_TRUNC);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, map_check_range(&m, 0, 10));
	close(fd);
	EXPECT_EQ(-EOPNOTSUPP, sys_result(fallocate(m.fd, 0, 0, 4096)));
	EXPECT_EQ(-ESPIPE, sys_result(lseek(m.fd, 0, SEEK_END)));
	EXPECT_EQ(-EINVAL, sys_result(write(m.fd, "x", 1)));
	EXPECT_EQ(-EACCES, sys_result(execve(node("a"), argv, argv)));
	EXPECT_EQ(0, map_close(&m));
}

static int read_fdinfo(int map_fd, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map_fd);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	return 0;
}

TEST_F(names, proc_tells_what_an_open_map_holds)
{
	char text[512], expected[64];
	struct hmap_stats stats;
	struct map m;
	int tries = 10;

	ASSERT_EQ(0, map_of_fd(&m, create_named(self->m.fd, "a", 0600)));
	ASSERT_EQ(0, map_put_range(&m, 0, 100));
	ASSERT_EQ(0, dev_freeze(m.fd));
	/* an old array may be freed between the two readings of the memory */
	do {
		ASSERT_EQ(0, dev_stats(m.fd, &stats));
		ASSERT_EQ(0, read_fdinfo(m.fd, text, sizeof(text)));
		snprintf(expected, sizeof(expected), "\nhmap-memory:\t%llu\n",
			 stats.memory);
	} while (!strstr(text, expected) && --tries);
	EXPECT_LT(0, tries);
	EXPECT_NE(NULL, strstr(text, "\nhmap-entries:\t100\n"));
	EXPECT_NE(NULL, strstr(text, "\nhmap-frozen:\t1\n"));
	ASSERT_EQ(0, read_fdinfo(self->m.fd, text, sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "\nhmap-entries:\t0\n"));
	EXPECT_NE(NULL, strstr(text, "\nhmap-frozen:\t0\n"));
	EXPECT_EQ(0, map_close(&m));
}

/* ---- rights to open ---- */

/* Expects the rights of the user nobody to the files of the test below. */
static int open_as_nobody(void *arg)
{
	struct map m;
	int ret = become(NOBODY);

	if (ret)
		return ret;
	if (open_named("secret", O_RDONLY) != -EACCES ||
	    open_named("secret", O_WRONLY) != -EACCES ||
	    open_named("public", O_RDWR) != -EACCES ||
	    open_named("public", O_WRONLY) != -EACCES ||
	    open_named("letterbox", O_RDONLY) != -EACCES)
		return -EBADE;
	ret = map_of_fd(&m, open_named("public", O_RDONLY));
	if (ret || map_check_range(&m, 0, 10) ||
	    map_put(&m, 1, 1, HMAP_ANY) != -EACCES ||
	    map_delete(&m, 1) != -EACCES || dev_clear(m.fd) != -EACCES ||
	    dev_freeze(m.fd) != -EACCES)
		return -EBADE;
	ret = map_of_fd(&m, open_named("letterbox", O_WRONLY));
	if (ret || map_put(&m, 1, 1, HMAP_ANY) || map_get(&m, 1) != -EACCES)
		return -EBADE;
	return 0;
}

TEST_F(names, permissions_of_the_file_decide)
{
	struct map m;

	ASSERT_EQ(0, make_named(self->m.fd, "secret", 0600));
	ASSERT_EQ(0, make_named(self->m.fd, "letterbox", 0622));
	ASSERT_EQ(0, map_of_fd(&m, create_named(self->m.fd, "public", 0644)));
	ASSERT_EQ(0, map_put_range(&m, 0, 10));
	EXPECT_EQ(0, map_close(&m));
	EXPECT_EQ(0, reap(spawn(open_as_nobody, NULL)));
	/* and can be changed as those of any file */
	ASSERT_EQ(0, chmod(node("secret"), 0444));
	EXPECT_NE(0, reap(spawn(open_as_nobody, NULL)));
	ASSERT_EQ(0, chmod(node("secret"), 0));
	EXPECT_EQ(0, reap(spawn(open_as_nobody, NULL)));
	ASSERT_EQ(0, chown(node("secret"), NOBODY, NOBODY));
	ASSERT_EQ(0, chmod(node("secret"), 0400));
	EXPECT_NE(0, reap(spawn(open_as_nobody, NULL)));
	/* those of the directory, too */
	ASSERT_EQ(0, chmod(HMAP_NODES, 0700));
	EXPECT_NE(0, reap(spawn(open_as_nobody, NULL)));
}

struct opening {
	const char *path;
	int flags;
};

/* 0 or a negative errno. */
static int open_once(void *arg)
{
	const struct opening *o = arg;
	int ret = become(NOBODY);

	return ret ? ret : closed(sys_result(open(o->path, o->flags)));
}

/* What a process of another user gets by a path. */
static bool nobody_may(const char *path, int flags)
{
	struct opening o = { path, flags };

	return !reap(spawn(open_once, &o));
}

#define MAX_ENTRIES	80

/* An access list: u::rw-, @users of u:UID:@perm from @uid on, g::---, m::rwx, o::--- */
static int set_long_acl(const char *path, const char *name, uid_t uid, u32 perm,
			unsigned int users)
{
	struct entry {
		__le16 tag, perm;
		__le32 id;
	};
	struct {
		__le32 version;
		struct entry e[MAX_ENTRIES];
	} acl = { .version = 2, .e = { { 0x01, 6, UINT32_MAX } } };
	unsigned int n = 1;

	while (n <= users) {
		acl.e[n] = (struct entry){ 0x02, perm, uid + n - 1 };
		n++;
	}
	acl.e[n++] = (struct entry){ 0x04, 0, UINT32_MAX };
	acl.e[n++] = (struct entry){ 0x10, 7, UINT32_MAX };
	acl.e[n++] = (struct entry){ 0x20, 0, UINT32_MAX };
	return sys_result(setxattr(path, name, &acl, 4 + n * sizeof(struct entry), 0));
}

static int set_acl(const char *path, const char *name, uid_t uid, u32 perm)
{
	return set_long_acl(path, name, uid, perm, 1);
}

TEST_F(names, access_control_lists_decide)
{
	char list[256] = "";
	struct stat st;
	int ret;

	ASSERT_EQ(0, make_named(self->m.fd, "a", 0600));
	ret = set_acl(node("a"), "system.posix_acl_access", NOBODY, 4);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no access control lists");
	ASSERT_EQ(0, ret);
	EXPECT_TRUE(nobody_may(node("a"), O_RDONLY));
	EXPECT_FALSE(nobody_may(node("a"), O_RDWR));
	ASSERT_EQ(0, set_acl(node("a"), "system.posix_acl_access", NOBODY, 6));
	EXPECT_TRUE(nobody_may(node("a"), O_RDWR));
	ASSERT_EQ(0, stat(node("a"), &st));
	EXPECT_EQ(0670, st.st_mode & 07777);
	EXPECT_EQ(24, listxattr(node("a"), NULL, 0));
	EXPECT_EQ(-ERANGE, sys_result(listxattr(node("a"), list, 23)));
	EXPECT_EQ(24, listxattr(node("a"), list, 24));
	EXPECT_STREQ("system.posix_acl_access", list);
	/* chmod changes the mask */
	ASSERT_EQ(0, chmod(node("a"), 0600));
	EXPECT_FALSE(nobody_may(node("a"), O_RDONLY));
	ASSERT_EQ(0, chmod(node("a"), 0640));
	EXPECT_TRUE(nobody_may(node("a"), O_RDONLY));
	ASSERT_EQ(0, removexattr(node("a"), "system.posix_acl_access"));
	EXPECT_FALSE(nobody_may(node("a"), O_RDONLY));
}

/* The kernel charges their memory to no cgroup: there must not be much of it. */
TEST_F(names, access_control_lists_have_a_limit)
{
	static const char access[] = "system.posix_acl_access";
	int ret;

	ASSERT_EQ(0, make_named(self->m.fd, "a", 0600));
	ASSERT_EQ(0, mkdir(node("d"), 0755));
	ret = set_long_acl(node("a"), access, 1, 4, 60);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no access control lists");
	ASSERT_EQ(0, ret);
	EXPECT_EQ(-E2BIG, set_long_acl(node("a"), access, 1, 6, 61));
	EXPECT_EQ(-E2BIG, set_long_acl(node("d"), access, 1, 6, 61));
	EXPECT_EQ(-E2BIG, set_long_acl(node("d"), "system.posix_acl_default", 1, 6, 61));
	EXPECT_EQ(0, set_long_acl(node("d"), "system.posix_acl_default", 1, 6, 60));
	/* the list is the one before */
	EXPECT_EQ(4 + 64 * 8, getxattr(node("a"), access, NULL, 0));
}

TEST_F(names, default_lists_of_a_directory_are_inherited)
{
	struct stat st;
	int dir, fd, ret;

	ASSERT_EQ(0, mkdir(node("d"), 0755));
	ret = set_acl(node("d"), "system.posix_acl_default", NOBODY, 6);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no access control lists");
	ASSERT_EQ(0, ret);
	umask(077);
	dir = open(node("d"), O_PATH);
	fd = create_at(self->m.fd, dir, "a", 0666);
	ASSERT_LE(0, fd);
	/* the list, not the umask */
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(0660, st.st_mode & 07777);
	EXPECT_TRUE(nobody_may(node("d/a"), O_RDWR));
	close(fd);
	fd = create_at(self->m.fd, dir, "", 0666);
	ASSERT_EQ(0, link_to(fd, dir, "b"));
	EXPECT_TRUE(nobody_may(node("d/b"), O_RDWR));
	close(fd);
	ASSERT_EQ(0, mkdir(node("d/e"), 0777));
	ASSERT_EQ(0, stat(node("d/e"), &st));
	EXPECT_EQ(0670, st.st_mode & 07777);
	umask(0);
	close(dir);
}

TEST_F(names, a_new_directory_obeys_the_umask)
{
	struct stat st;

	umask(027);
	ASSERT_EQ(0, mkdir(node("d"), 0777));
	umask(0);
	ASSERT_EQ(0, stat(node("d"), &st));
	EXPECT_EQ(S_IFDIR | 0750, st.st_mode);
}

/* ---- what leads to it ---- */

TEST_F(names, a_bind_mount_leads_to_the_map_with_its_permissions)
{
	int fd = create_named(self->m.fd, "a", 0600);

	ASSERT_EQ(0, closed(open("/tmp/bound", O_CREAT | O_WRONLY, 0666)));
	ASSERT_EQ(0, mount(node("a"), "/tmp/bound", NULL, MS_BIND, NULL));
	EXPECT_TRUE(leads_to("/tmp/bound", fd));
	EXPECT_FALSE(nobody_may("/tmp/bound", O_RDONLY));
	ASSERT_EQ(0, chmod(node("a"), 0644));
	EXPECT_TRUE(nobody_may("/tmp/bound", O_RDONLY));
	EXPECT_FALSE(nobody_may("/tmp/bound", O_RDWR));
	/* what is mounted somewhere is the map, whatever becomes of its name */
	EXPECT_EQ(0, destroy("a"));
	ASSERT_EQ(0, make_named(self->m.fd, "a", 0666));
	EXPECT_TRUE(leads_to("/tmp/bound", fd));
	EXPECT_FALSE(nobody_may("/tmp/bound", O_RDWR));
	EXPECT_EQ(0, umount2("/tmp/bound", MNT_DETACH));
	unlink("/tmp/bound");
	close(fd);
}

TEST_F(names, a_file_descriptor_leads_to_its_map_as_long_as_it_may)
{
	int fd = create_named(self->m.fd, "a", 0600), path, other;
	char proc[64];

	path = open(node("a"), O_PATH);
	ASSERT_LE(0, path);
	/* O_PATH is no right */
	EXPECT_EQ(-EBADF, dev_freeze(path));
	snprintf(proc, sizeof(proc), "%s", proc_path(path));
	EXPECT_TRUE(leads_to(proc, fd));
	EXPECT_FALSE(nobody_may(proc, O_RDONLY));
	/* another map of the same name is another map */
	EXPECT_EQ(0, destroy("a"));
	EXPECT_EQ(0, links_of(fd));
	other = create_named(self->m.fd, "a", 0666);
	EXPECT_TRUE(leads_to(proc, fd));
	EXPECT_FALSE(leads_to(proc, other));
	EXPECT_FALSE(nobody_may(proc, O_RDONLY));
	EXPECT_TRUE(leads_to(node("a"), other));
	/* a file that is open stays open, with what it was opened for */
	ASSERT_EQ(0, chmod(proc, 0));
	EXPECT_EQ(0, dev_clear(fd));
	close(path);
	close(other);
	close(fd);
}

TEST_F(names, a_copy_of_the_device_node_leads_to_the_default_map)
{
	struct map m;
	struct stat st;

	ASSERT_EQ(0, make_named(self->m.fd, "a", 0600));
	ASSERT_EQ(0, fstat(self->m.fd, &st));
	ASSERT_EQ(0, mknod("/tmp/copy", S_IFCHR | 0600, st.st_rdev));
	ASSERT_EQ(0, map_of_fd(&m, open("/tmp/copy", O_RDWR)));
	EXPECT_TRUE(same_map(m.fd, self->m.fd));
	close(m.fd);
	unlink("/tmp/copy");
	/* a map with a name has no number that could be copied */
	ASSERT_EQ(0, stat(node("a"), &st));
	EXPECT_EQ(0, st.st_rdev);
}

/* ---- names come and go ---- */

TEST_F(names, an_unlinked_map_lives_on_where_it_is_open)
{
	struct map old, opened, new;

	ASSERT_EQ(0, map_of_fd(&old, create_named(self->m.fd, "a", 0600)));
	ASSERT_EQ(0, map_of_fd(&opened, open_named("a", O_RDWR)));
	ASSERT_EQ(0, map_put_range(&old, 0, 100));
	EXPECT_EQ(0, destroy("a"));
	EXPECT_EQ(-ENOENT, open_named("a", O_RDWR));
	EXPECT_EQ(-ENOENT, destroy("a"));
	EXPECT_EQ(0, links_of(old.fd));
	EXPECT_EQ(0, links_of(opened.fd));
	EXPECT_EQ(0, map_check_range(&opened, 0, 100));
	/* it gets no name again */
	EXPECT_EQ(-ENOENT, link_to(old.fd, self->root, "b"));
	/* the name is free for another */
	ASSERT_EQ(0, map_of_fd(&new, create_named(self->m.fd, "a", 0600)));
	EXPECT_EQ(0, dev_count(new.fd));
	EXPECT_EQ(0, map_put_range(&new, 1000, 10));
	EXPECT_EQ(0, map_put_range(&opened, 100, 100));
	EXPECT_EQ(0, map_check_range(&old, 0, 200));
	EXPECT_EQ(-ENOENT, map_has(&old, 1000));
	EXPECT_EQ(0, map_close(&old));
	EXPECT_EQ(0, map_check_range(&opened, 0, 200));
	EXPECT_EQ(0, map_close(&opened));
	EXPECT_EQ(0, map_close(&new));
}

TEST_F(names, a_map_may_have_many_names)
{
	int fd = create_named(self->m.fd, "a", 0600);

	ASSERT_EQ(0, link(node("a"), HMAP_NODES "/b"));
	ASSERT_EQ(0, link_to(fd, self->root, "c"));
	EXPECT_EQ(3, links_of(fd));
	EXPECT_TRUE(leads_to(node("b"), fd));
	EXPECT_TRUE(leads_to(node("c"), fd));
	EXPECT_EQ(-EEXIST, link_to(fd, self->root, "b"));
	ASSERT_EQ(0, chmod(node("b"), 0644));
	EXPECT_TRUE(nobody_may(node("c"), O_RDONLY));
	EXPECT_EQ(0, destroy("a"));
	EXPECT_EQ(2, links_of(fd));
	EXPECT_EQ(0, destroy("b"));
	close(fd);
	fd = open_named("c", O_RDWR);
	EXPECT_EQ(1, links_of(fd));
	close(fd);
}

TEST_F(names, rename_replaces_a_map_in_one_moment)
{
	int a = create_named(self->m.fd, "a", 0600);
	int b = create_named(self->m.fd, "b", 0600);

	ASSERT_EQ(0, rename(node("a"), HMAP_NODES "/b"));
	EXPECT_EQ(-ENOENT, open_named("a", O_RDWR));
	EXPECT_TRUE(leads_to(node("b"), a));
	/* the old one stays with those that have it */
	EXPECT_EQ(0, links_of(b));
	EXPECT_EQ(0, dev_clear(b));
	close(b);
	b = create_named(self->m.fd, "a", 0600);
	EXPECT_EQ(-EEXIST, sys_result(renameat2(self->root, "a", self->root, "b",
						RENAME_NOREPLACE)));
	ASSERT_EQ(0, renameat2(self->root, "a", self->root, "b",
			       RENAME_EXCHANGE));
	EXPECT_TRUE(leads_to(node("a"), a));
	EXPECT_TRUE(leads_to(node("b"), b));
	EXPECT_EQ(1, links_of(a));
	EXPECT_EQ(1, links_of(b));
	ASSERT_EQ(0, renameat2(self->root, "a", self->root, "c",
			       RENAME_NOREPLACE));
	EXPECT_TRUE(leads_to(node("c"), a));
	EXPECT_EQ(-EINVAL, sys_result(renameat2(self->root, "b", self->root, "c",
						RENAME_WHITEOUT)));
	EXPECT_EQ(-EXDEV, sys_result(rename(node("c"), "/tmp/c")));
	close(a);
	close(b);
}

TEST_F(names, directories_hold_maps)
{
	int dir, fd, path;
	struct stat st;

	ASSERT_EQ(0, mkdir(node("d"), 0755));
	ASSERT_EQ(0, mkdir(node("d/e"), 02755));
	dir = open(node("d/e"), O_RDONLY | O_DIRECTORY);
	path = open(node("d/e"), O_PATH);
	fd = create_at(self->m.fd, dir, "a", 0600);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(leads_to(node("d/e/a"), fd));
	EXPECT_EQ(-EEXIST, create_at(self->m.fd, path, "a", 0600));
	EXPECT_EQ(-ENOTEMPTY, sys_result(rmdir(node("d/e"))));
	EXPECT_EQ(-ENOTEMPTY, sys_result(rmdir(node("d"))));
	/* as a whole, and into each other */
	ASSERT_EQ(0, rename(node("d/e"), HMAP_NODES "/f"));
	EXPECT_TRUE(leads_to(node("f/a"), fd));
	ASSERT_EQ(0, rename(node("f/a"), HMAP_NODES "/d/b"));
	EXPECT_TRUE(leads_to(node("d/b"), fd));
	ASSERT_EQ(0, rmdir(node("f")));
	/* in one that is gone nothing can be made that could be found */
	EXPECT_EQ(-ENOENT, create_at(self->m.fd, dir, "a", 0600));
	close(fd);
	fd = create_at(self->m.fd, path, "", 0600);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, fstat(dir, &st));
	EXPECT_EQ(0, st.st_nlink);
	close(fd);
	close(path);
	close(dir);
	ASSERT_EQ(0, stat(HMAP_NODES, &st));
	EXPECT_EQ(3, st.st_nlink);
}

TEST_F(names, symbolic_links_lead_to_maps)
{
	char text[64] = "";
	int fd;

	ASSERT_EQ(0, symlink("a", HMAP_NODES "/l"));
	EXPECT_EQ(1, readlink(node("l"), text, sizeof(text)));
	EXPECT_STREQ("a", text);
	EXPECT_EQ(-ENOENT, open_named("l", O_RDWR));
	/* the name is taken, wherever it leads */
	EXPECT_EQ(-EEXIST, create_named(self->m.fd, "l", 0600));
	fd = create_named(self->m.fd, "a", 0600);
	EXPECT_TRUE(leads_to(node("l"), fd));
	EXPECT_EQ(-EEXIST, create_named(self->m.fd, "l", 0600));
	EXPECT_EQ(0, destroy("l"));
	EXPECT_EQ(1, links_of(fd));
	close(fd);
}

/* ---- made and filled before it has a name ---- */

TEST_F(names, a_map_without_a_name_can_be_given_one)
{
	struct stat st;
	struct map m;
	int fd;

	ASSERT_EQ(0, map_of_fd(&m, create_at(self->m.fd, self->root, "", 0640)));
	ASSERT_EQ(0, fstat(m.fd, &st));
	EXPECT_EQ(S_IFREG | 0640, st.st_mode);
	EXPECT_EQ(0, st.st_nlink);
	EXPECT_EQ(0, links_of(m.fd));
	EXPECT_EQ(FD_CLOEXEC, fcntl(m.fd, F_GETFD));
	ASSERT_EQ(0, map_put_range(&m, 0, 100));
	ASSERT_EQ(0, make_named(self->m.fd, "taken", 0600));
	EXPECT_EQ(-EEXIST, link_to(m.fd, self->root, "taken"));
	EXPECT_EQ(-EXDEV, link_to(m.fd, AT_FDCWD, "/tmp/a"));
	ASSERT_EQ(0, link_to(m.fd, self->root, "a"));
	EXPECT_EQ(1, links_of(m.fd));
	EXPECT_TRUE(leads_to(node("a"), m.fd));
	close(m.fd);
	/* the file stays, its elements with it */
	ASSERT_EQ(0, map_of_fd(&m, open_named("a", O_RDWR)));
	EXPECT_EQ(0, map_check_range(&m, 0, 100));
	EXPECT_EQ(0, map_close(&m));
	/* without a file descriptor of /proc, for those that may */
	fd = create_at(self->m.fd, self->root, "", 0640);
	ASSERT_EQ(0, linkat(fd, "", self->root, "b", AT_EMPTY_PATH));
	EXPECT_TRUE(leads_to(node("b"), fd));
	close(fd);
}

TEST_F(names, a_map_without_a_name_goes_with_its_last_file)
{
	int fd = create_at(self->m.fd, self->root, "", 0600), dir, other;

	other = open(proc_path(fd), O_RDWR);
	EXPECT_TRUE(same_map(fd, other));
	close(fd);
	EXPECT_EQ(0, links_of(other));
	close(other);
	/* nothing of it in the directory that it was made in */
	ASSERT_EQ(0, mkdir(node("d"), 0755));
	dir = open(node("d"), O_RDONLY);
	fd = create_at(self->m.fd, dir, "", 0600);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, rmdir(node("d")));
	ASSERT_EQ(0, link_to(fd, self->root, "a"));
	EXPECT_TRUE(leads_to(node("a"), fd));
	close(dir);
	close(fd);
}

/* A map that can be mapped, too: it is shown by whatever file it was opened by. */
TEST_F(names, a_mapped_map_is_seen_by_all_its_files)
{
	struct hmap_ioc_create arg = named_arg(self->root, "", 0600);
	const struct hmap_mapped *a, *b;
	int fd, other;

	arg.flags |= HMAP_CREATE_MMAP;
	fd = dev_create(self->m.fd, &arg);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, link_to(fd, self->root, "a"));
	other = open_named("a", O_RDONLY);
	a = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, 0);
	b = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, other, 0);
	ASSERT_NE(MAP_FAILED, a);
	ASSERT_NE(MAP_FAILED, b);
	EXPECT_EQ(8, a->key_size);
	EXPECT_EQ(0, memcmp(a, b, sizeof(*a)));
	EXPECT_NE(0, a->hash0[0] | a->hash0[1]);
	munmap((void *)a, page_size());
	munmap((void *)b, page_size());
	close(other);
	close(fd);
}

/* ---- errors of CREATE ---- */

TEST_F(names, the_directory_has_to_be_one_of_the_file_system)
{
	int dev = self->m.fd, map = create_named(dev, "a", 0600);
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY);
	struct hmap_ioc_create arg;
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-EBADF, create_at(dev, -1, "b", 0600));
	EXPECT_EQ(-EBADF, create_at(dev, 12345, "b", 0600));
	EXPECT_EQ(-ENOTDIR, create_at(dev, map, "b", 0600));
	EXPECT_EQ(-ENOTDIR, create_at(dev, dev, "b", 0600));
	EXPECT_EQ(-ENOTDIR, create_at(dev, pipes[0], "b", 0600));
	EXPECT_EQ(-ENODEV, create_at(dev, tmp, "b", 0600));
	EXPECT_EQ(-ENODEV, create_at(dev, tmp, "", 0600));
	/* a descriptor is for the flag alone */
	arg = named_arg(AT_FDCWD, "b", 0600);
	arg.dir = self->root;
	EXPECT_EQ(-EINVAL, dev_create(dev, &arg));
	arg.dir = 0;
	arg.reserved = 1;
	EXPECT_EQ(-EINVAL, dev_create(dev, &arg));
	arg = named_arg(self->root, "b", 0600);
	arg.reserved = 1U << 31;
	EXPECT_EQ(-EINVAL, dev_create(dev, &arg));
	/* a mode is for what has a file */
	arg = named_arg(AT_FDCWD, "", 0600);
	EXPECT_EQ(-EINVAL, dev_create(dev, &arg));
	EXPECT_EQ(-ENOENT, open_named("b", O_RDWR));
	close(pipes[0]);
	close(pipes[1]);
	close(tmp);
	close(map);
}

TEST_F(names, a_name_is_taken_by_whatever_has_it)
{
	struct hmap_ioc_create arg = named_arg(AT_FDCWD, "a", 0600);
	int dev = self->m.fd;

	ASSERT_EQ(0, make_named(dev, "a", 0600));
	ASSERT_EQ(0, mkdir(node("d"), 0755));
	EXPECT_EQ(-EEXIST, create_named(dev, "a", 0600));
	EXPECT_EQ(-EEXIST, create_named(dev, "d", 0600));
	EXPECT_EQ(-EEXIST, create_at(dev, self->root, "d", 0600));
	/* and that is found before there is no memory for it */
	arg.hint = 1ULL << 30;
	EXPECT_EQ(-EEXIST, dev_create(dev, &arg));
}

TEST_F(names, without_the_file_system_no_map_has_a_name)
{
	int dev = self->m.fd;

	close(self->root);
	ASSERT_EQ(0, umount(HMAP_NODES));
	EXPECT_EQ(-ENODEV, create_named(dev, "a", 0600));
	ASSERT_EQ(0, rmdir(HMAP_NODES));
	EXPECT_EQ(-ENOENT, create_named(dev, "a", 0600));
	ASSERT_EQ(0, closed(open(HMAP_NODES, O_CREAT | O_WRONLY, 0600)));
	EXPECT_EQ(-ENOTDIR, create_named(dev, "a", 0600));
	unlink(HMAP_NODES);
	ASSERT_EQ(0, nodes_mount(NULL));
	self->root = -1;
	EXPECT_EQ(0, make_named(dev, "a", 0600));
}

/* With a device that may be written: all else is a matter of directories. */
static int create_as_nobody(void *arg)
{
	int *fds = arg, ret = become(NOBODY);
	struct hmap_ioc_info info;
	int fd;

	if (ret)
		return ret;
	if (create_named(fds[0], "a", 0600) != -EACCES ||
	    create_at(fds[0], fds[1], "a", 0600) != -EACCES ||
	    create_at(fds[0], fds[1], "", 0600) != -EACCES ||
	    create_at(fds[0], fds[2], "a", 0600) != -EACCES)
		return -EBADE;
	fd = create_at(fds[0], fds[3], "mine", 0640);
	if (dev_info(fd, &info) || info.uid != NOBODY || info.gid != NOBODY ||
	    info.mode != 0640 || info.links != 1)
		return -EBADMSG;
	/* a sticky directory is for the owners of what is in it */
	if (sys_result(unlinkat(fds[3], "roots", 0)) != -EPERM ||
	    unlinkat(fds[3], "mine", 0))
		return -EBADF;
	return links_of(fd);
}

TEST_F(names, directories_decide_where_maps_are_made)
{
	int fds[] = { self->m.fd, self->root, 0, 0 };

	ASSERT_EQ(0, mkdir(node("closed"), 0700));
	ASSERT_EQ(0, mkdir(node("sticky"), 01777));
	fds[2] = open(node("closed"), O_PATH);
	fds[3] = open(node("sticky"), O_RDONLY);
	ASSERT_EQ(0, closed(create_at(self->m.fd, fds[3], "roots", 0666)));
	EXPECT_EQ(0, reap(spawn(create_as_nobody, fds)));
	close(fds[2]);
	close(fds[3]);
}

/* ---- names ---- */

#define LONGEST	"abcdefghijklmnopqrstuvwxyz.ABCDEFGHIJKLMNOPQRSTUVWXYZ_012345678"

static const char *const good_names[] = {
	"a", "0", "-", "_", "a.b", "x-1_y", "Z", LONGEST,
	/* names that mean something to others, or to a C program */
	"uevent", "power", "dev", "null", "a..", "%s%n",
};

static const char *const bad_names[] = {
	".", "..", ".a", "a/b", "/", "a b", " ", "a\n", "\x80", "\xc3\xa4",
	"a!b", "a:b", "~", "*", "\x7f", "a\\", "\"", LONGEST "x",
};

TEST_F(names, names_are_checked)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	size_t i;
	int fd;

	for (i = 0; i + 1 < ARRAY_LEN(good_names); i++) {
		fd = create_named(self->m.fd, good_names[i], 0600);
		EXPECT_GE(fd, 0)
			TH_LOG("%s", good_names[i]);
		EXPECT_TRUE(leads_to(node(good_names[i]), fd));
		close(fd);
		EXPECT_EQ(-EEXIST, create_named(self->m.fd, good_names[i], 0600));
		EXPECT_EQ(0, destroy(good_names[i]));
	}
	EXPECT_EQ(-EINVAL, create_named(self->m.fd, good_names[i], 0600));
	for (i = 0; i < ARRAY_LEN(bad_names); i++) {
		EXPECT_EQ(-EINVAL, create_named(self->m.fd, bad_names[i], 0600))
			TH_LOG("%s", bad_names[i]);
		EXPECT_EQ(-EINVAL, create_at(self->m.fd, self->root,
					     bad_names[i], 0600));
	}
	/* what is behind the end has to be zero, all of it */
	for (i = 2; i < HMAP_NAME_SIZE; i++) {
		memset(arg.name, 0, sizeof(arg.name));
		arg.name[0] = 'a';
		arg.name[i] = 'b';
		EXPECT_EQ(-EINVAL, dev_create(self->m.fd, &arg));
		arg.name[0] = 0;
		EXPECT_EQ(-EINVAL, dev_create(self->m.fd, &arg));
	}
	/* by other means a name may be any */
	ASSERT_EQ(0, make_named(self->m.fd, "a", 0600));
	EXPECT_EQ(0, rename(node("a"), HMAP_NODES "/.\xc3\xa4 b\n"));
	EXPECT_EQ(0, unlink(HMAP_NODES "/.\xc3\xa4 b\n"));
}

/* ---- INFO and FREEZE ---- */

TEST_F(names, information_tells_whose_map_it_is)
{
	struct hmap_ioc_info info;
	struct stat st;
	int fd = create_named(self->m.fd, "a", 0600);

	ASSERT_EQ(0, chown(node("a"), 1234, 5678));
	ASSERT_EQ(0, chmod(node("a"), 02755));
	memset(&info, POISON, sizeof(info));
	info.size = sizeof(info);
	info.flags = 0;
	ASSERT_EQ(0, ioc(fd, HMAP_IOC_INFO, &info));
	EXPECT_EQ(1234, info.uid);
	EXPECT_EQ(5678, info.gid);
	EXPECT_EQ(02755, info.mode);
	EXPECT_EQ(1, info.links);
	EXPECT_EQ(2, info.abi_version);
	close(fd);
	/* the default map is as its node */
	ASSERT_EQ(0, chown(HMAP_DEVICE, 0, 4321));
	ASSERT_EQ(0, chmod(HMAP_DEVICE, 0640));
	ASSERT_EQ(0, dev_info(self->m.fd, &info));
	ASSERT_EQ(0, stat(HMAP_DEVICE, &st));
	EXPECT_EQ(0, info.uid);
	EXPECT_EQ(4321, info.gid);
	EXPECT_EQ(0640, info.mode);
	EXPECT_EQ(st.st_nlink, info.links);
	/* an anonymous one has no file */
	ASSERT_EQ(0, setegid(77));
	fd = create_named(self->m.fd, "", 0);
	ASSERT_EQ(0, setegid(0));
	ASSERT_EQ(0, dev_info(fd, &info));
	EXPECT_EQ(0, info.uid);
	EXPECT_EQ(77, info.gid);
	EXPECT_EQ(0, info.mode);
	EXPECT_EQ(0, info.links);
	close(fd);
}

/* The right to write a map is not the right to freeze it for all others. */
static int freeze_as_nobody(void *arg)
{
	struct hmap_ioc_plain plain = { .size = sizeof(plain), .flags = 1 };
	int *fds = arg, ret = become(NOBODY), i, fd;

	if (ret)
		return ret;
	for (i = 0; i < 3; i++)
		if (dev_freeze(fds[i]) != -EPERM || dev_clear(fds[i]) ||
		    ioc(fds[i], HMAP_IOC_FREEZE, &plain) != -EPERM)
			return -EBADE;
	/* but its own, of any kind */
	fd = create_named(fds[0], "", 0);
	if (ioc(fd, HMAP_IOC_FREEZE, &plain) != -EINVAL || dev_freeze(fd))
		return -EBADMSG;
	fd = create_named(fds[0], "mine", 0600);
	return fd < 0 ? fd : dev_freeze(fd);
}

/* With the uid of root, but without its rights. */
static int freeze_without_fowner(void *arg)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};
	int *fds = arg;

	if (syscall(SYS_capset, &head, data))
		return -errno;
	if (dev_freeze(fds[3]) != -EPERM)
		return -EBADE;
	return dev_freeze(fds[1]);
}

static int make_nobodys(void *arg)
{
	int ret = become(NOBODY);

	return ret ? ret : make_named(*(int *)arg, "nobodys", 0600);
}

TEST_F(names, only_the_owner_freezes)
{
	int fds[] = {
		self->m.fd, create_named(self->m.fd, "a", 0666),
		create_named(self->m.fd, "", 0), -1,
	};

	ASSERT_EQ(0, chmod(HMAP_NODES, 0777));
	EXPECT_EQ(0, reap(spawn(freeze_as_nobody, fds)));
	ASSERT_EQ(0, reap(spawn(make_nobodys, fds)));
	fds[3] = open_named("nobodys", O_RDWR);
	ASSERT_LE(0, fds[3]);
	EXPECT_EQ(0, reap(spawn(freeze_without_fowner, fds)));
	EXPECT_EQ(-EPERM, dev_clear(fds[1]));
	EXPECT_EQ(0, dev_clear(fds[3]));
	/* root may */
	EXPECT_EQ(0, dev_freeze(fds[3]));
	EXPECT_EQ(-EPERM, dev_clear(fds[3]));
	/* the owner is that of the moment */
	ASSERT_EQ(0, make_named(self->m.fd, "b", 0666));
	ASSERT_EQ(0, chown(node("b"), NOBODY, -1));
	close(fds[1]);
	fds[1] = open_named("b", O_RDWR);
	EXPECT_EQ(-EPERM, reap(spawn(freeze_without_fowner, fds)) ? -EPERM : 0);
	EXPECT_EQ(0, dev_clear(fds[1]));
	close(fds[1]);
	close(fds[2]);
	close(fds[3]);
}

/* ---- everything at once ---- */

#define THREADS		4
#define RACE_NAMES	3
#define RACE_ROUNDS	often(300)

struct racer {
	pthread_t thread;
	u64 random;
	int dev;
	int root;
	int ret;
	u64 created, opened, destroyed;
};

static u64 next_random(struct racer *r)
{
	r->random = mix64(r->random);
	return r->random;
}

/* One of the two: it did, or the other errno said why not. */
static bool did(struct racer *r, int ret, int expected, u64 *count)
{
	if (ret >= 0)
		++*count;
	else if (ret != expected)
		r->ret = ret;
	return ret >= 0;
}

static int use_briefly(int fd, u64 i)
{
	struct map m;
	int ret;

	ret = map_of_fd(&m, fd);
	if (ret)
		return ret;
	ret = map_put(&m, i, i, HMAP_ANY);
	if (!ret)
		ret = map_get(&m, i);
	unguard(m.key, m.key_size);
	unguard(m.value, m.value_size);
	return ret;
}

static void race_step(struct racer *r)
{
	char name[HMAP_NAME_SIZE] = "", other[HMAP_NAME_SIZE] = "", proc[64];
	u64 random = next_random(r);
	int fd;

	snprintf(name, sizeof(name), "race%llu", random % RACE_NAMES);
	snprintf(other, sizeof(other), "race%llu", (random >> 16) % RACE_NAMES);
	switch (random >> 32 & 7) {
	case 0:
		fd = create_at(r->dev, AT_FDCWD, name, 0600);
		if (!did(r, fd, -EEXIST, &r->created))
			return;
		break;
	case 1:
		did(r, sys_result(unlinkat(r->root, name, 0)), -ENOENT,
		    &r->destroyed);
		return;
	case 2:
		renameat2(r->root, name, r->root, other, random >> 40 & 1 ?
			  RENAME_EXCHANGE : RENAME_NOREPLACE);
		return;
	case 3:
		fd = create_at(r->dev, r->root, "", 0600);
		snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
		did(r, sys_result(linkat(AT_FDCWD, proc, r->root, name,
					 AT_SYMLINK_FOLLOW)),
		    -EEXIST, &r->created);
		break;
	default:
		fd = openat(r->root, name, O_RDWR | O_CLOEXEC);
		if (!did(r, fd < 0 ? -errno : fd, -ENOENT, &r->opened))
			return;
	}
	if (use_briefly(fd, r->random))
		r->ret = -EBADE;
	close(fd);
}

static void *race(void *arg)
{
	struct racer *r = arg;
	u32 i;

	for (i = 0; i < RACE_ROUNDS && !r->ret; i++)
		race_step(r);
	return NULL;
}

TEST_F(names, everything_may_race)
{
	struct racer r[THREADS];
	u64 created = 0, opened = 0, destroyed = 0;
	u32 i;

	for (i = 0; i < THREADS; i++) {
		r[i] = (struct racer){
			.dev = self->m.fd, .root = self->root, .random = rnd(),
		};
		ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, race, &r[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(r[i].thread, NULL);
		EXPECT_EQ(0, r[i].ret);
		created += r[i].created;
		opened += r[i].opened;
		destroyed += r[i].destroyed;
	}
	TH_LOG("%llu created, %llu opened, %llu destroyed", created, opened,
	       destroyed);
	EXPECT_LT(0, opened);
	EXPECT_LE(destroyed, created);
	EXPECT_GE(destroyed + RACE_NAMES, created);
}

/* As map_check_range(), for threads: without static memory. */
static int check_full(struct map *m, u64 n)
{
	u64 i, value;
	int ret = 0;

	for (i = 0; !ret && i < n; i++) {
		ret = map_get(m, i);
		make_value(m, &value, i);
		if (!ret && memcmp(m->value, &value, sizeof(value)))
			ret = -EBADMSG;
	}
	return ret;
}

/* The second creator is told, and finds a map that is ready. */
static void *create_full(void *arg)
{
	struct racer *r = arg;
	struct map m;

	r->ret = map_of_fd(&m, create_at(r->dev, r->root, "", 0600));
	if (!r->ret)
		r->ret = map_put_range(&m, 0, 50);
	if (!r->ret)
		r->ret = link_to(m.fd, r->root, "one");
	r->created = !r->ret;
	if (r->ret == -EEXIST) {
		close(m.fd);
		r->ret = map_of_fd(&m, openat(r->root, "one", O_RDWR));
		if (!r->ret)
			r->ret = check_full(&m, 50);
	}
	close(m.fd);
	return NULL;
}

TEST_F(names, a_map_is_found_full_or_not_at_all)
{
	struct racer r[THREADS];
	u64 round, created;
	u32 i;

	for (round = 0; round < often(100); round++) {
		for (i = 0; i < THREADS; i++) {
			r[i] = (struct racer){
				.dev = self->m.fd, .root = self->root,
			};
			ASSERT_EQ(0, pthread_create(&r[i].thread, NULL,
						    create_full, &r[i]));
		}
		for (i = 0, created = 0; i < THREADS; i++) {
			pthread_join(r[i].thread, NULL);
			EXPECT_EQ(0, r[i].ret);
			created += r[i].created;
		}
		ASSERT_EQ(1, created);
		ASSERT_EQ(0, destroy("one"));
	}
}

TEST_HARNESS_MAIN
