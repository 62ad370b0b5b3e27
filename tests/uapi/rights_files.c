// SPDX-License-Identifier: GPL-2.0
/*
 * The table of hmap(4), SECURITY, as far as it is about files: which identity opens,
 * removes, renames, links and makes them, mounts the file system, and reads what /proc
 * and /sys tell. The directory is as userspace/dist/dev-hmaps.mount makes it.
 */
#include <sys/statfs.h>
#include <sys/xattr.h>

#include "rights.h"

#define GROUP		999
#define USER_BYTES	"200000"

FIXTURE(files) {
	struct map m;
	int root;	/* the directory of maps, O_PATH */
};

FIXTURE_SETUP(files)
{
	umask(0);
	ASSERT_EQ(0, map_load_params(&self->m, "user_bytes=" USER_BYTES));
	ASSERT_EQ(0, nodes_mount("mode=1770,gid=999"));
	self->root = open(HMAP_NODES, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->root);
}

FIXTURE_TEARDOWN(files)
{
	close(self->root);
	EXPECT_EQ(0, nodes_umount());
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* What an identity gets, in a child: 0 or a negative errno; -ECHILD: no such identity. */
struct attempt {
	const struct identity *id;
	int (*fn)(const void *arg);
	const void *arg;
	int told;
};

static int attempt_in_child(void *arg)
{
	struct attempt *a = arg;
	int ret = become_identity(a->id);

	ret = ret ? -ECHILD : a->fn(a->arg);
	return write(a->told, &ret, sizeof(ret)) == sizeof(ret) ? 0 : -EIO;
}

static int attempt(const struct identity *id, int (*fn)(const void *arg),
		   const void *arg)
{
	struct attempt a = { id, fn, arg, -1 };
	int pipes[2], ret = -ECHILD;

	if (pipe(pipes))
		return -errno;
	a.told = pipes[1];
	if (reap(spawn(attempt_in_child, &a)) ||
	    read(pipes[0], &ret, sizeof(ret)) != sizeof(ret))
		ret = -ECHILD;
	close(pipes[0]);
	close(pipes[1]);
	return ret;
}

/* Whether there is a capability of this number. */
static bool is_capability(int cap)
{
	return prctl(PR_CAPBSET_READ, cap) >= 0;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : closed(fd);
}

static const struct identity owner = { .uid = OWNER_UID, .cap = NO_CAPS };

static const struct identity other = { .uid = OTHER_UID, .cap = NO_CAPS };

static const struct identity member = {
	.uid = OTHER_UID, .group = GROUP, .cap = NO_CAPS,
};

static const struct identity root_without = { .cap = NO_CAPS };

static const struct identity namespace_root = { .ids = "0 1001 1\n" };

static const struct identity namespace_mounter = {
	.ids = "0 1001 1\n", .unshare = CLONE_NEWNS,
};

/* ---- open: modes and capabilities ---- */

/* An access mode of 3 takes both rights, and gives none. */
static const struct {
	int flags;
	u32 bits;
} openings[] = {
	{ O_RDONLY, 4 }, { O_WRONLY, 2 }, { O_RDWR, 6 }, { 3, 6 }, { O_PATH, 0 },
};

struct door {
	const char *path;
	u32 bits;	/* what may be opened */
};

/* -EBADE: one of the ways is open that should not be, or the other way round. */
static int open_each_way(const void *arg)
{
	const struct door *door = arg;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_LEN(openings); i++) {
		ret = try_open(door->path, openings[i].flags);
		if (ret != (openings[i].bits & ~door->bits ? -EACCES : 0))
			return -EBADE;
	}
	return 0;
}

/* Which bits of the mode are whose. */
static const struct {
	const struct identity *id;
	u32 shift;
} classes[] = {
	{ &owner, 6 }, { &member, 3 }, { &other, 0 }, { &root_without, 0 },
	{ &namespace_root, 0 },
};

static int open_with_modes(const char *path)
{
	struct door door = { .path = path };
	u32 bits, shift;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_LEN(classes); i++) {
		if (!can_become(classes[i].id))
			continue;
		shift = classes[i].shift;
		for (bits = 0; !ret && bits <= 6; bits += 2) {
			door.bits = bits;
			/* all others may */
			ret = sys_result(chmod(path, (0666 & ~(6U << shift)) |
						     bits << shift));
			ret = ret ?: attempt(classes[i].id, open_each_way, &door);
		}
	}
	return ret;
}

static u32 bits_with(int cap)
{
	if (cap == CAP_DAC_OVERRIDE)
		return 6;
	return cap == CAP_DAC_READ_SEARCH ? 4 : 0;
}

/* In a directory that all may search. */
static int open_with_capabilities(const char *path)
{
	struct identity id = { .uid = OTHER_UID };
	struct door door = { .path = path };
	int ret = sys_result(chmod(path, 0));

	for (; !ret && is_capability(id.cap); id.cap++) {
		door.bits = bits_with(id.cap);
		ret = attempt(&id, open_each_way, &door);
	}
	return ret;
}

TEST_F(files, a_map_is_opened_as_any_file)
{
	const char *path = node("map");

	ASSERT_EQ(0, chmod(HMAP_NODES, 0777));
	ASSERT_EQ(0, make_named(self->m.fd, "map", 0));
	ASSERT_EQ(0, chown(path, OWNER_UID, GROUP));
	ASSERT_EQ(0, chown(HMAP_DEVICE, OWNER_UID, GROUP));
	EXPECT_EQ(0, open_with_modes(path));
	EXPECT_EQ(0, open_with_modes(HMAP_DEVICE));
	EXPECT_EQ(0, open_with_capabilities(path));
	EXPECT_EQ(0, open_with_capabilities(HMAP_DEVICE));
}

/* ---- a sticky directory of a group ---- */

static int dev_fd, root_fd;

static int do_stat(const void *arg)
{
	struct stat st;

	return sys_result(stat(node("map"), &st));
}

static int do_statfs(const void *arg)
{
	struct statfs st;

	return sys_result(statfs(HMAP_NODES, &st));
}

static int do_list(const void *arg)
{
	return try_open(HMAP_NODES, O_RDONLY | O_DIRECTORY);
}

static int do_open(const void *arg)
{
	return closed(open_named("map", O_RDWR));
}

static int do_unlink(const void *arg)
{
	return destroy("map");
}

static int do_unlink_own(const void *arg)
{
	return destroy("own");
}

static int do_rmdir(const void *arg)
{
	return sys_result(rmdir(node("dir")));
}

static int do_rename(const void *arg)
{
	return sys_result(rename(node("map"), HMAP_NODES "/new"));
}

static int do_replace(const void *arg)
{
	return sys_result(rename(node("own"), HMAP_NODES "/map"));
}

static int do_exchange(const void *arg)
{
	return sys_result(renameat2(AT_FDCWD, HMAP_NODES "/own", AT_FDCWD,
				    HMAP_NODES "/map", RENAME_EXCHANGE));
}

static int do_link(const void *arg)
{
	return sys_result(link(node("map"), HMAP_NODES "/new"));
}

static int do_chmod(const void *arg)
{
	return sys_result(chmod(node("map"), 0640));
}

static int do_chown(const void *arg)
{
	return sys_result(chown(node("map"), OTHER_UID, -1));
}

static int do_chgrp(const void *arg)
{
	return sys_result(chown(node("map"), -1, GROUP));
}

static int do_truncate(const void *arg)
{
	return sys_result(truncate(node("map"), 0));
}

/* u::rw-, u:@uid:r--, g::---, m::r--, o::--- */
static int do_acl(const void *arg)
{
	static const struct {
		__le32 version;
		struct {
			__le16 tag, perm;
			__le32 id;
		} e[5];
	} acl = {
		.version = 2,
		.e = {
			{ 0x01, 6, UINT32_MAX }, { 0x02, 4, OTHER_UID },
			{ 0x04, 0, UINT32_MAX }, { 0x10, 4, UINT32_MAX },
			{ 0x20, 0, UINT32_MAX },
		},
	};
	int ret = sys_result(setxattr(node("map"), "system.posix_acl_access", &acl,
				      sizeof(acl), 0));

	/* there may be none; but the path is searched in any case */
	return ret == -EOPNOTSUPP ? do_chmod(NULL) : ret;
}

static int do_create(const void *arg)
{
	return make_named(dev_fd, "new", 0600);
}

static int do_create_at(const void *arg)
{
	return closed(create_at(dev_fd, root_fd, "new", 0600));
}

static int do_create_nameless(const void *arg)
{
	return closed(create_at(dev_fd, root_fd, "", 0600));
}

/* What is made without a name is given its first one. */
static int do_give_name(const void *arg)
{
	int fd = create_at(dev_fd, root_fd, "", 0600);
	int ret = fd < 0 ? fd : link_to(fd, root_fd, "new");

	close(fd);
	return ret;
}

static int do_mkdir(const void *arg)
{
	return sys_result(mkdir(node("new"), 0700));
}

static int do_symlink(const void *arg)
{
	return sys_result(symlink("map", node("new")));
}

enum party { ROOT, OWNER, MEMBER, FOWNER, CHOWN, OUTSIDER, PARTIES };

static const struct identity parties[] = {
	[ROOT] = { .cap = ALL_CAPS },
	[OWNER] = { .uid = OWNER_UID, .group = GROUP, .cap = NO_CAPS },
	[MEMBER] = { .uid = OTHER_UID, .group = GROUP, .cap = NO_CAPS },
	[FOWNER] = { .uid = OTHER_UID, .group = GROUP, .cap = CAP_FOWNER },
	[CHOWN] = { .uid = OTHER_UID, .group = GROUP, .cap = CAP_CHOWN },
	[OUTSIDER] = { .uid = OTHER_UID, .cap = NO_CAPS },
};

#define DEED(_name, ...)	{ #_name, do_##_name, { __VA_ARGS__ } }

/* The map is the owner's, with the mode 0600. */
static const struct deed {
	const char *name;
	int (*fn)(const void *arg);
	int expected[PARTIES];
} deeds[] = {
	DEED(statfs, 0, 0, 0, 0, 0, 0),
	DEED(stat, 0, 0, 0, 0, 0, -EACCES),
	DEED(list, 0, 0, 0, 0, 0, -EACCES),
	DEED(open, 0, 0, -EACCES, -EACCES, -EACCES, -EACCES),
	DEED(truncate, 0, 0, -EACCES, -EACCES, -EACCES, -EACCES),
	DEED(unlink, 0, 0, -EPERM, 0, -EPERM, -EACCES),
	DEED(unlink_own, 0, 0, 0, 0, 0, -EACCES),
	DEED(rmdir, 0, 0, -EPERM, 0, -EPERM, -EACCES),
	DEED(rename, 0, 0, -EPERM, 0, -EPERM, -EACCES),
	DEED(replace, 0, 0, -EPERM, 0, -EPERM, -EACCES),
	DEED(exchange, 0, 0, -EPERM, 0, -EPERM, -EACCES),
	DEED(chmod, 0, 0, -EPERM, 0, -EPERM, -EACCES),
	DEED(acl, 0, 0, -EPERM, 0, -EPERM, -EACCES),
	DEED(chown, 0, -EPERM, -EPERM, -EPERM, 0, -EACCES),
	DEED(chgrp, 0, 0, -EPERM, -EPERM, 0, -EACCES),
	DEED(create, 0, 0, 0, 0, 0, -EACCES),
	DEED(create_at, 0, 0, 0, 0, 0, -EACCES),
	DEED(create_nameless, 0, 0, 0, 0, 0, -EACCES),
	DEED(give_name, 0, 0, 0, 0, 0, -EACCES),
	DEED(mkdir, 0, 0, 0, 0, 0, -EACCES),
	DEED(symlink, 0, 0, 0, 0, 0, -EACCES),
};

static int link_expected[2][PARTIES] = {
	{ 0, 0, 0, 0, 0, -EACCES },
	{ 0, 0, -EPERM, 0, -EPERM, -EACCES },
};

/* The owner's map and directory, and one map of the identity's. */
static int lay_out(uid_t uid)
{
	int ret;

	unlink(node("map"));
	unlink(node("own"));
	unlink(node("new"));
	rmdir(node("new"));
	rmdir(node("dir"));
	ret = make_named(dev_fd, "map", 0600) ?: make_named(dev_fd, "own", 0600);
	if (ret)
		return ret;
	return sys_result(mkdir(node("dir"), 0700) ?:
			  chown(node("dir"), OWNER_UID, OWNER_UID) ?:
			  chown(node("map"), OWNER_UID, OWNER_UID) ?:
			  chown(node("own"), uid, uid));
}

TEST_F(files, in_a_sticky_directory_members_have_their_own)
{
	const struct deed *deed;
	enum party p;

	dev_fd = self->m.fd;
	root_fd = self->root;
	for (deed = deeds; deed < deeds + ARRAY_LEN(deeds); deed++) {
		for (p = 0; p < PARTIES; p++) {
			ASSERT_EQ(0, lay_out(parties[p].uid));
			EXPECT_EQ(deed->expected[p],
				  attempt(&parties[p], deed->fn, NULL))
				TH_LOG("%s, party %d", deed->name, p);
		}
	}
}

/* Where fs.protected_hardlinks is set a link takes what changing the mode does. */
TEST_F(files, links_take_what_the_system_says)
{
	static const char path[] = "/proc/sys/fs/protected_hardlinks";
	char before[8] = "";
	int fd = open(path, O_RDONLY), protected;
	enum party p;

	ASSERT_LT(0, read(fd, before, sizeof(before) - 1));
	close(fd);
	dev_fd = self->m.fd;
	for (protected = 0; protected < 2; protected++) {
		ASSERT_EQ(0, write_file(path, protected ? "1" : "0"));
		for (p = 0; p < PARTIES; p++) {
			ASSERT_EQ(0, lay_out(parties[p].uid));
			EXPECT_EQ(link_expected[protected][p],
				  attempt(&parties[p], do_link, NULL))
				TH_LOG("%d, party %d", protected, p);
		}
	}
	EXPECT_EQ(0, write_file(path, before));
}

/* ---- mount ---- */

static int do_mount(const void *arg)
{
	return sys_result(mount("hmapfs", "/tmp", "hmapfs", 0, NULL));
}

/* Limits are the business of the user namespace in which it was mounted. */
static int do_remount(const void *arg)
{
	return sys_result(mount(NULL, HMAP_NODES, NULL, MS_REMOUNT, "size=0"));
}

static int do_own_remount(const void *arg)
{
	return nodes_mount("size=1m") ?: do_remount(NULL);
}

TEST_F(files, mounting_takes_cap_sys_admin)
{
	struct identity id = { .uid = OTHER_UID };
	int expect, ret;

	for (; is_capability(id.cap); id.cap++) {
		expect = id.cap == CAP_SYS_ADMIN ? 0 : -EPERM;
		ret = attempt(&id, do_mount, NULL);
		EXPECT_EQ(expect, ret)
			TH_LOG("capability %d", id.cap);
		EXPECT_EQ(expect, attempt(&id, do_remount, NULL));
		if (!ret)
			EXPECT_EQ(0, umount("/tmp"));
	}
	EXPECT_EQ(-EPERM, attempt(&root_without, do_mount, NULL));
	EXPECT_EQ(-EPERM, attempt(&root_without, do_remount, NULL));
}

TEST_F(files, a_user_namespace_mounts_for_itself)
{
	if (!can_become(&namespace_root))
		SKIP(return, "this kernel has no user namespaces");
	EXPECT_EQ(-EPERM, attempt(&namespace_root, do_mount, NULL));
	EXPECT_EQ(-EPERM, attempt(&namespace_root, do_remount, NULL));
	EXPECT_EQ(0, attempt(&namespace_mounter, do_mount, NULL));
	EXPECT_EQ(-EPERM, attempt(&namespace_mounter, do_remount, NULL));
	EXPECT_EQ(0, attempt(&namespace_mounter, do_own_remount, NULL));
}

/* ---- what a user may have ---- */

static int do_fill(const void *arg)
{
	struct hmap_ioc_create create = create_arg(8, 8);
	struct map m;
	int ret = map_create(&m, dev_fd, &create);
	u64 i;

	for (i = 0; !ret && i < 30000; i++)
		ret = map_put(&m, i, i, HMAP_ANY);
	return ret;
}

/* Number and memory: the one limit gives way to a capability, the other to a uid. */
TEST_F(files, memory_without_limit_is_for_uid_0)
{
	struct identity id = { .uid = OTHER_UID, .cap = CAP_SYS_RESOURCE };

	dev_fd = self->m.fd;
	EXPECT_EQ(-ENOSPC, attempt(&other, do_fill, NULL));
	EXPECT_EQ(-ENOSPC, attempt(&id, do_fill, NULL));
	EXPECT_EQ(0, attempt(&root_without, do_fill, NULL));
	if (can_become(&namespace_root))
		EXPECT_EQ(-ENOSPC, attempt(&namespace_root, do_fill, NULL));
}

/* ---- what /proc and /sys tell ---- */

#define USERS		"/proc/hmap_users"
#define PARAMETERS	"/sys/module/hmap/parameters/"

static int do_read_users(const void *arg)
{
	return try_open(USERS, O_RDONLY);
}

TEST_F(files, what_users_have_is_for_root_to_see)
{
	struct identity id = { .uid = OTHER_UID };

	for (; is_capability(id.cap); id.cap++)
		EXPECT_EQ(bits_with(id.cap) & 4 ? 0 : -EACCES,
			  attempt(&id, do_read_users, NULL))
			TH_LOG("capability %d", id.cap);
	EXPECT_EQ(0, attempt(&root_without, do_read_users, NULL));
	if (can_become(&namespace_root))
		EXPECT_EQ(-EACCES, attempt(&namespace_root, do_read_users, NULL));
}

static int do_parameters(const void *arg)
{
	static const char *const names[] = {
		"key_size", "value_size", "hint", "max_entries", "max_bytes",
		"user_files", "user_bytes",
	};
	char path[64];
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), PARAMETERS "%s", names[i]);
		ret = try_open(path, O_RDONLY);
		if (ret)
			return ret;
		if (try_open(path, O_WRONLY) != -EACCES)
			return -EBADE;
	}
	return 0;
}

TEST_F(files, parameters_can_be_read_and_not_written)
{
	EXPECT_EQ(0, attempt(&parties[ROOT], do_parameters, NULL));
	EXPECT_EQ(0, attempt(&other, do_parameters, NULL));
}

static int do_fdinfo(const void *path)
{
	char text[512] = "";
	int fd = open(path, O_RDONLY), ret;

	if (fd < 0)
		return -errno;
	ret = read(fd, text, sizeof(text) - 1) < 0 ? -errno : 0;
	close(fd);
	if (ret)
		return ret;
	return strstr(text, "\nhmap-entries:\t") ? 0 : -ENODATA;
}

/* Of whatever the file is open for; of another's process what it takes to trace that. */
TEST_F(files, fdinfo_is_for_those_that_may_trace_the_process)
{
	struct identity id = { .uid = OTHER_UID };
	char path[64];
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_LEN(openings); i++) {
		fd = dev_open(openings[i].flags);
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		EXPECT_EQ(openings[i].flags == O_PATH ? -ENODATA : 0,
			  do_fdinfo(path));
		close(fd);
	}
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", getpid(), self->m.fd);
	for (; is_capability(id.cap); id.cap++)
		EXPECT_EQ(id.cap == CAP_SYS_PTRACE ? 0 : -EACCES,
			  attempt(&id, do_fdinfo, path))
			TH_LOG("capability %d", id.cap);
}

TEST_HARNESS_MAIN
