// SPDX-License-Identifier: GPL-2.0
/*
 * Maps that are nodes under /dev/hmaps: CREATE with a name, DESTROY, LIST, who may
 * open them, and all of that at the same time.
 */
#include <linux/capability.h>
#include <pthread.h>

#include "hmap_test.h"

FIXTURE(names) {
	struct map m;		/* the default map, whose file makes others */
};

FIXTURE_SETUP(names)
{
	umask(0);
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
}

FIXTURE_TEARDOWN(names)
{
	EXPECT_EQ(0, map_unload(&self->m));
	EXPECT_NE(0, access(HMAP_NODES, F_OK));
	TELL_SEED_ON_FAILURE();
}

/* The file descriptor of a new map, or a negative errno. */
static int create_named(int dev, const char *name, u32 mode)
{
	struct hmap_ioc_create arg = create_arg(8, 8);

	set_name(arg.name, name);
	arg.mode = mode;
	return dev_create(dev, &arg);
}

/* The same without the file descriptor: 0 or a negative errno. */
static int make_named(int dev, const char *name, u32 mode)
{
	int fd = create_named(dev, name, mode);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static const char *node(const char *name)
{
	static char path[sizeof(HMAP_NODES) + 1 + HMAP_NAME_SIZE];

	snprintf(path, sizeof(path), HMAP_NODES "/%s", name);
	return path;
}

static int open_named(const char *name, int flags)
{
	int fd = open(node(name), flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static bool has_name(int fd, const char *name)
{
	char expected[HMAP_NAME_SIZE];
	struct hmap_ioc_info info;

	set_name(expected, name);
	memset(&info, POISON, sizeof(info));
	info.size = sizeof(info);
	info.flags = 0;
	return !ioc(fd, HMAP_IOC_INFO, &info) &&
	       !memcmp(info.name, expected, sizeof(expected));
}

/* ---- the node ---- */

TEST_F(names, a_named_map_is_a_node_that_can_be_opened)
{
	struct map made, opened;
	struct stat st;

	ASSERT_EQ(0, map_of_fd(&made, create_named(self->m.fd, "a", 0640)));
	ASSERT_EQ(0, stat(node("a"), &st));
	EXPECT_EQ(S_IFCHR | 0640, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
	ASSERT_EQ(0, map_of_fd(&opened, open_named("a", O_RDWR)));
	EXPECT_EQ(0, map_put_range(&made, 0, 100));
	EXPECT_EQ(0, map_check_range(&opened, 0, 100));
	EXPECT_EQ(0, dev_clear(opened.fd));
	EXPECT_EQ(0, dev_count(made.fd));
	EXPECT_TRUE(has_name(made.fd, "a"));
	EXPECT_TRUE(has_name(opened.fd, "a"));
	EXPECT_TRUE(has_name(self->m.fd, ""));
	EXPECT_EQ(-ENOTTY, create_named(opened.fd, "b", 0600));
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

	for (i = 0; i < ARRAY_LEN(table); i++) {
		umask(table[i].mask);
		ASSERT_EQ(0, make_named(self->m.fd, "mode", table[i].mode));
		umask(0);
		ASSERT_EQ(0, stat(node("mode"), &st));
		EXPECT_EQ(table[i].expected, st.st_mode & 07777);
		EXPECT_EQ(0, dev_destroy(self->m.fd, "mode"));
	}
	EXPECT_EQ(-EINVAL, create_named(self->m.fd, "mode", 01000));
	EXPECT_EQ(-EINVAL, create_named(self->m.fd, "mode", 04755));
	EXPECT_EQ(-EINVAL, create_named(self->m.fd, "mode", UINT32_MAX));
	EXPECT_NE(0, access(node("mode"), F_OK));
}

/* ---- who may open it ---- */

static int become(uid_t uid)
{
	if (setgid(uid) || setuid(uid))
		return -errno;
	return 0;
}

/* Expects what nobody in particular may do with the nodes of the test below. */
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

TEST_F(names, permissions_of_the_node_decide)
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
}

/* ---- DESTROY ---- */

TEST_F(names, a_destroyed_map_lives_on_for_those_who_have_it)
{
	struct map old, opened, new;

	ASSERT_EQ(0, map_of_fd(&old, create_named(self->m.fd, "a", 0600)));
	ASSERT_EQ(0, map_of_fd(&opened, open_named("a", O_RDWR)));
	ASSERT_EQ(0, map_put_range(&old, 0, 100));
	EXPECT_EQ(0, dev_destroy(self->m.fd, "a"));
	EXPECT_EQ(-ENOENT, open_named("a", O_RDWR));
	EXPECT_EQ(-ENOENT, dev_destroy(self->m.fd, "a"));
	EXPECT_TRUE(has_name(old.fd, ""));
	EXPECT_TRUE(has_name(opened.fd, ""));
	EXPECT_EQ(0, map_check_range(&opened, 0, 100));
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

TEST_F(names, another_node_of_a_destroyed_map_is_enxio)
{
	const char *other = "/tmp/hmap-other-node";
	struct stat st;
	int fd = create_named(self->m.fd, "a", 0600), opened;

	ASSERT_EQ(0, stat(node("a"), &st));
	ASSERT_EQ(0, mknod(other, S_IFCHR | 0600, st.st_rdev));
	opened = open(other, O_RDWR);
	EXPECT_LE(0, opened);
	close(opened);
	EXPECT_EQ(0, dev_destroy(self->m.fd, "a"));
	EXPECT_EQ(-ENXIO, sys_result(open(other, O_RDWR)));
	unlink(other);
	close(fd);
}

/* A map of nobody's, and then one of root's. */
static int destroy_as_nobody(void *arg)
{
	int dev = *(int *)arg, ret = become(NOBODY);
	struct stat st;

	if (ret)
		return ret;
	if (make_named(dev, "mine", 0600))
		return -EBADE;
	if (stat(node("mine"), &st) || st.st_uid != NOBODY ||
	    st.st_gid != NOBODY)
		return -EBADE;
	if (dev_destroy(dev, "roots") != -EPERM || access(node("roots"), F_OK))
		return -EBADE;
	if (dev_destroy(dev, "missing") != -ENOENT)
		return -EBADE;
	return dev_destroy(dev, "mine");
}

static int create_as_nobody(void *arg)
{
	int ret = become(NOBODY);

	return ret ? ret : make_named(*(int *)arg, "nobodys", 0600);
}

/* With the uid of root, but without its rights. */
static int destroy_without_fowner(void *arg)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};
	int dev = *(int *)arg;

	if (syscall(SYS_capset, &head, data))
		return -errno;
	if (dev_destroy(dev, "nobodys") != -EPERM)
		return -EBADE;
	return dev_destroy(dev, "roots");
}

TEST_F(names, the_owner_and_root_may_destroy)
{
	int *dev = &self->m.fd;

	ASSERT_EQ(0, make_named(*dev, "roots", 0600));
	EXPECT_EQ(0, reap(spawn(destroy_as_nobody, dev)));
	EXPECT_EQ(0, reap(spawn(create_as_nobody, dev)));
	EXPECT_EQ(0, reap(spawn(destroy_without_fowner, dev)));
	EXPECT_EQ(-ENOENT, dev_destroy(*dev, "roots"));
	EXPECT_EQ(0, dev_destroy(*dev, "nobodys"));
}

TEST_F(names, destroy_is_for_a_device_that_may_be_written)
{
	struct hmap_ioc_destroy arg = { .size = sizeof(arg), .name = "a" };
	int ro = dev_open(O_RDONLY);
	unsigned int bit;
	char *p;
	u32 n;

	ASSERT_EQ(0, make_named(self->m.fd, "a", 0600));
	EXPECT_EQ(-EACCES, ioc(ro, HMAP_IOC_DESTROY, &arg));
	for (bit = 0; bit < 32; bit++) {
		arg.flags = 1U << bit;
		EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_DESTROY, &arg));
	}
	arg.flags = 0;
	for (arg.size = 0; arg.size < sizeof(arg); arg.size++)
		EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_DESTROY, &arg));
	for (n = 0; n < sizeof(arg); n++) {
		p = guarded(n);
		memcpy(p, &arg, n);
		EXPECT_EQ(-EFAULT, ioc(self->m.fd, HMAP_IOC_DESTROY, p));
		unguard(p, n);
	}
	EXPECT_EQ(0, ioc(self->m.fd, HMAP_IOC_DESTROY, &arg));
	close(ro);
}

/* ---- names ---- */

#define LONGEST	"abcdefghijklmnopqrstuvwxyz.ABCDEFGHIJKLMNOPQRSTUVWXYZ_012345678"

static const char *const good_names[] = {
	"a", "0", "-", "_", "a.b", "x-1_y", "Z", LONGEST,
	/* names that mean something to sysfs, or to a C program */
	"uevent", "power", "subsystem", "dev", "null", "a..", "virtual", "%s%n",
};

static const char *const bad_names[] = {
	"", ".", "..", ".a", "a/b", "/", "a b", " ", "a\n", "\x80", "\xc3\xa4",
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
		EXPECT_TRUE(has_name(fd, good_names[i]));
		close(fd);
		EXPECT_EQ(-EEXIST, create_named(self->m.fd, good_names[i], 0600));
		EXPECT_EQ(0, dev_destroy(self->m.fd, good_names[i]));
	}
	EXPECT_EQ(-EINVAL, create_named(self->m.fd, good_names[i], 0600));
	for (i = 0; i < ARRAY_LEN(bad_names); i++) {
		EXPECT_EQ(-EINVAL, create_named(self->m.fd, bad_names[i], 0600))
			TH_LOG("%s", bad_names[i]);
		EXPECT_EQ(-EINVAL, dev_destroy(self->m.fd, bad_names[i]));
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
	EXPECT_NE(0, access(HMAP_NODES, F_OK));
}

/* ---- LIST ---- */

struct list {
	struct hmap_ioc_list arg;
	char (*names)[HMAP_NAME_SIZE];
};

static struct list list_begin(u32 capacity)
{
	struct list l = {
		.names = guarded((size_t)capacity * HMAP_NAME_SIZE),
	};

	l.arg = (struct hmap_ioc_list){
		.size = sizeof(l.arg),
		.names = addr(l.names),
		.capacity = capacity,
		.count = 0xdeadbeef,
	};
	return l;
}

static void create_many(struct __test_metadata *_metadata, int dev, u32 n)
{
	char name[HMAP_NAME_SIZE];
	u32 i;

	for (i = 0; i < n; i++) {
		/* not in their order */
		snprintf(name, sizeof(name), "n%03u", i * 7 % n);
		ASSERT_EQ(0, make_named(dev, name, 0600));
	}
}

TEST_F(names, the_list_is_in_order_in_parts_of_any_size)
{
	static const u32 sizes[] = { 1, 2, 7, 63, 64, 65, 128, 199, 200, 201, 1000 };
	char name[HMAP_NAME_SIZE];
	struct list l;
	u32 found, j;
	size_t i;

	create_many(_metadata, self->m.fd, 200);
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		l = list_begin(sizes[i]);
		found = 0;
		do {
			memset(l.names, POISON, (size_t)sizes[i] * HMAP_NAME_SIZE);
			ASSERT_EQ(0, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
			ASSERT_LE(l.arg.count, sizes[i]);
			for (j = 0; j < l.arg.count; j++) {
				memset(name, 0, sizeof(name));
				snprintf(name, sizeof(name), "n%03u", found++);
				EXPECT_EQ(0, memcmp(name, l.names[j],
						    sizeof(name)));
			}
			EXPECT_TRUE(is_poison(l.names[j], (sizes[i] - j) *
							  HMAP_NAME_SIZE));
			if (j)
				EXPECT_STREQ(l.names[j - 1], l.arg.after);
		} while (l.arg.count == sizes[i]);
		EXPECT_EQ(200, found);
		unguard(l.names, (size_t)sizes[i] * HMAP_NAME_SIZE);
	}
}

TEST_F(names, a_list_goes_on_behind_a_name_that_is_gone)
{
	struct list l = list_begin(3);

	create_many(_metadata, self->m.fd, 10);
	ASSERT_EQ(0, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
	EXPECT_STREQ("n002", l.arg.after);
	EXPECT_EQ(0, dev_destroy(self->m.fd, "n002"));
	EXPECT_EQ(0, dev_destroy(self->m.fd, "n003"));
	ASSERT_EQ(0, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
	EXPECT_STREQ("n004", l.names[0]);
	EXPECT_STREQ("n006", l.arg.after);
	set_name(l.arg.after, "zzz");
	ASSERT_EQ(0, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
	EXPECT_EQ(0, l.arg.count);
	EXPECT_STREQ("zzz", l.arg.after);
}

TEST_F(names, no_names_make_an_empty_list)
{
	struct list l = list_begin(1);

	ASSERT_EQ(0, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
	EXPECT_EQ(0, l.arg.count);
	EXPECT_EQ(0, l.arg.after[0]);
	EXPECT_TRUE(is_poison(l.names, HMAP_NAME_SIZE));
}

TEST_F(names, the_count_of_a_list_is_right_whatever_happens)
{
	struct list l = list_begin(3);
	int wo = dev_open(O_WRONLY), ro = dev_open(O_RDONLY);
	unsigned int bit;

	create_many(_metadata, self->m.fd, 100);
	/* the buffer ends before the capacity: a group that does not fit as a
	 * whole is not delivered
	 */
	l.arg.capacity = 4;
	EXPECT_EQ(-EFAULT, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
	EXPECT_EQ(0, l.arg.count);
	EXPECT_EQ(0, l.arg.after[0]);
	l = list_begin(70);
	l.arg.capacity = 100;
	EXPECT_EQ(-EFAULT, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
	EXPECT_EQ(64, l.arg.count);
	EXPECT_STREQ("n063", l.arg.after);

	l = list_begin(3);
	l.arg.capacity = 0;
	EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
	EXPECT_EQ(0, l.arg.count);
	l.arg.capacity = 3;
	for (bit = 0; bit < 32; bit++) {
		l.arg.flags = 1U << bit;
		EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
	}
	l.arg.flags = 0;
	memset(l.arg.after, 'a', sizeof(l.arg.after));
	EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
	set_name(l.arg.after, "../x");
	EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
	set_name(l.arg.after, "");
	EXPECT_EQ(-EACCES, ioc(wo, HMAP_IOC_LIST, &l.arg));
	EXPECT_EQ(0, ioc(ro, HMAP_IOC_LIST, &l.arg));
	/* an enormous capacity is no trouble as long as there is room for all */
	l = list_begin(100);
	l.arg.capacity = UINT32_MAX;
	EXPECT_EQ(0, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
	EXPECT_EQ(100, l.arg.count);
	close(ro);
	close(wo);
}

TEST_F(names, the_structure_of_a_list_is_checked)
{
	struct list l = list_begin(1);
	struct hmap_ioc_list *p;
	u32 n;

	for (n = 0; n < sizeof(l.arg); n++) {
		l.arg.size = n;
		EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
		p = guarded(n);
		l.arg.size = sizeof(l.arg);
		memcpy(p, &l.arg, n);
		EXPECT_EQ(-EFAULT, ioc(self->m.fd, HMAP_IOC_LIST, p));
		unguard(p, n);
	}
	p = guarded(page_size());
	memcpy(p, &l.arg, sizeof(l.arg));
	ASSERT_EQ(0, mprotect(p, page_size(), PROT_READ));
	EXPECT_EQ(-EFAULT, ioc(self->m.fd, HMAP_IOC_LIST, p));
}

/* ---- how many ---- */

TEST_F(names, there_are_as_many_names_as_is_said)
{
	struct list l = list_begin(HMAP_MAX_NAMES + 1);
	char name[HMAP_NAME_SIZE];
	u32 i;

	for (i = 0; i < HMAP_MAX_NAMES; i++) {
		snprintf(name, sizeof(name), "%u", i);
		ASSERT_EQ(0, make_named(self->m.fd, name, 0600));
	}
	EXPECT_EQ(-ENOSPC, create_named(self->m.fd, "more", 0600));
	EXPECT_EQ(-ENOENT, dev_destroy(self->m.fd, "more"));
	ASSERT_EQ(0, ioc(self->m.fd, HMAP_IOC_LIST, &l.arg));
	EXPECT_EQ(HMAP_MAX_NAMES, l.arg.count);
	EXPECT_EQ(0, dev_destroy(self->m.fd, "77"));
	EXPECT_EQ(0, make_named(self->m.fd, "more", 0600));
}

/* ---- unloading ---- */

TEST_F(names, the_module_takes_its_nodes_along)
{
	struct map m;

	create_many(_metadata, self->m.fd, 20);
	ASSERT_EQ(0, map_of_fd(&m, open_named("n003", O_RDWR)));
	ASSERT_EQ(0, map_put_range(&m, 0, 1000));
	close(self->m.fd);
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_EQ(0, map_check_range(&m, 0, 1000));
	close(m.fd);
	EXPECT_EQ(0, module_unload());
	EXPECT_EQ(-ENOENT, open_named("n003", O_RDWR));
	EXPECT_NE(0, access("/sys/class/hmap", F_OK));
	self->m.fd = -1;
}

/* ---- everything at once ---- */

#define THREADS		4
#define RACE_NAMES	3
#define RACE_ROUNDS	often(300)

struct racer {
	pthread_t thread;
	u64 random;
	int dev;
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
	char name[HMAP_NAME_SIZE] = "", path[128];
	u64 random = next_random(r);
	int fd;

	snprintf(name, sizeof(name), "race%llu", random % RACE_NAMES);
	snprintf(path, sizeof(path), HMAP_NODES "/%s", name);
	switch (random >> 32 & 3) {
	case 0:
		fd = create_named(r->dev, name, 0600);
		if (!did(r, fd, -EEXIST, &r->created))
			return;
		break;
	case 1:
		did(r, dev_destroy(r->dev, name), -ENOENT, &r->destroyed);
		return;
	default:
		fd = open(path, O_RDWR);
		/* the node was there, but not the map any more */
		if (fd < 0 && (errno == ENXIO || errno == ENODEV))
			return;
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
	struct list l = list_begin(RACE_NAMES + 1);
	u32 i;

	for (i = 0; i < RACE_ROUNDS && !r->ret; i++) {
		race_step(r);
		memset(l.arg.after, 0, sizeof(l.arg.after));
		if (ioc(r->dev, HMAP_IOC_LIST, &l.arg) ||
		    l.arg.count > RACE_NAMES)
			r->ret = -EBADMSG;
	}
	return NULL;
}

TEST_F(names, create_open_and_destroy_may_race)
{
	struct racer r[THREADS];
	u64 created = 0, opened = 0, destroyed = 0;
	u32 i;

	for (i = 0; i < THREADS; i++) {
		r[i] = (struct racer){ .dev = self->m.fd, .random = rnd() };
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

/* Opens whatever is there, again and again, until it is killed. */
static int open_for_ever(void *arg)
{
	int fd;

	for (;;) {
		fd = open_named("door", O_RDWR);
		if (fd >= 0)
			close(fd);
		fd = dev_open(O_RDWR);
		if (fd >= 0) {
			make_named(fd, "door", 0600);
			close(fd);
		}
		usleep(rnd_below(1000));
	}
	return 0;
}

TEST_F(names, unloading_races_with_opening)
{
	pid_t pid[2];
	int i, ret, unloaded = 0, times = often(200);

	close(self->m.fd);
	self->m.fd = -1;
	pid[0] = spawn(open_for_ever, NULL);
	pid[1] = spawn(open_for_ever, NULL);
	for (i = 0; i < times; i++) {
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
	TH_LOG("unloaded %d times of %d", unloaded, times);
	EXPECT_LT(0, unloaded);
	EXPECT_EQ(0, module_gone());
	EXPECT_NE(0, access(HMAP_NODES, F_OK));
}

TEST_HARNESS_MAIN
