// SPDX-License-Identifier: GPL-2.0
/*
 * Maps that are file descriptors: CREATE with every attribute, sharing them,
 * when they go; FREEZE.
 */
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "hmap_test.h"

FIXTURE(maps) {
	struct map m;		/* the default map, whose file makes others */
};

FIXTURE_SETUP(maps)
{
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
}

FIXTURE_TEARDOWN(maps)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* ---- CREATE ---- */

TEST_F(maps, a_new_map_is_one_of_its_own)
{
	struct hmap_ioc_create arg = create_arg(16, 100);
	struct map a, b;

	ASSERT_EQ(0, map_create(&a, self->m.fd, &arg));
	arg = create_arg(8, 0);
	ASSERT_EQ(0, map_create(&b, self->m.fd, &arg));
	EXPECT_EQ(16, a.key_size);
	EXPECT_EQ(100, a.value_size);
	EXPECT_EQ(8, b.key_size);
	EXPECT_EQ(0, b.value_size);
	EXPECT_EQ(0, map_put_range(&a, 0, 1000));
	EXPECT_EQ(0, map_put_range(&b, 500, 10));
	EXPECT_EQ(1000, dev_count(a.fd));
	EXPECT_EQ(10, dev_count(b.fd));
	EXPECT_EQ(0, dev_count(self->m.fd));
	EXPECT_EQ(0, dev_clear(b.fd));
	EXPECT_EQ(0, map_check_range(&a, 0, 1000));
	EXPECT_EQ(0, map_close(&a));
	EXPECT_EQ(0, map_close(&b));
}

TEST_F(maps, the_file_is_open_for_both_and_closed_on_exec)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct map m;

	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	EXPECT_EQ(O_RDWR, fcntl(m.fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(FD_CLOEXEC, fcntl(m.fd, F_GETFD));
	EXPECT_EQ(0, map_close(&m));
}

/* Two files of one map are one map: bring the other by a socket. */
static int pass_fd(int fd, int to, int from)
{
	char room[CMSG_SPACE(sizeof(int))] = "", byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room,
		.msg_controllen = sizeof(room),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (sendmsg(to, &msg, 0) != 1 || close(fd) ||
	    recvmsg(from, &msg, 0) != 1)
		return -errno;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static int use_inherited(void *arg)
{
	int ret = map_check_range(arg, 0, 100);

	return ret ? ret : map_put_range(arg, 100, 100);
}

TEST_F(maps, a_map_lives_as_long_as_somebody_has_it)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	int copy, pair[2];
	struct map m;

	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	ASSERT_EQ(0, map_put_range(&m, 0, 100));
	/* a child has it, too */
	EXPECT_EQ(0, reap(spawn(use_inherited, &m)));
	EXPECT_EQ(0, map_check_range(&m, 0, 200));
	/* a copy is as good */
	copy = dup(m.fd);
	close(m.fd);
	m.fd = copy;
	EXPECT_EQ(0, map_check_range(&m, 0, 200));
	/* while it is in the socket no process has it */
	if (!socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
		m.fd = pass_fd(m.fd, pair[0], pair[1]);
		ASSERT_GE(m.fd, 0);
		EXPECT_EQ(0, map_check_range(&m, 0, 200));
	}
	/* the device is not needed any more */
	close(self->m.fd);
	EXPECT_EQ(0, map_put_range(&m, 200, 100));
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_EQ(0, map_close(&m));
	EXPECT_EQ(0, module_unload());
	self->m.fd = -1;
}

/* Half of them are left to the end of the process to close. */
static int make_many(void *arg)
{
	struct hmap_ioc_create create = create_arg(200, 300);
	struct map m;
	int i, ret = 0;

	for (i = 0; !ret && i < 100; i++) {
		ret = map_create(&m, *(int *)arg, &create);
		if (!ret)
			ret = map_put_range(&m, 0, 30);
		if (!ret && i % 2)
			ret = map_close(&m);
	}
	return ret;
}

TEST_F(maps, maps_go_with_the_process_that_made_them)
{
	EXPECT_EQ(0, reap(spawn(make_many, &self->m.fd)));
	close(self->m.fd);
	self->m.fd = -1;
	EXPECT_EQ(0, module_unload());
}

struct create_case {
	const char *what;
	struct hmap_ioc_create arg;
	int ret;
};

#define CASE(text, error, ...)						\
	{ text, { .size = sizeof(struct hmap_ioc_create),		\
		  .key_size = 8, .value_size = 8, __VA_ARGS__ }, error }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"

static const struct create_case create_cases[] = {
	CASE("no key", -EINVAL, .key_size = 0),
	CASE("key", -EINVAL, .key_size = MAX_KEY + 1),
	CASE("huge key", -EINVAL, .key_size = UINT32_MAX),
	CASE("value", -EINVAL, .value_size = MAX_VALUE + 1),
	CASE("huge value", -EINVAL, .value_size = UINT32_MAX),
	CASE("hint", -EINVAL, .hint = UINT64_MAX),
	CASE("hint of no array", -EINVAL, .hint = 1ULL << 62),
	CASE("hint above max_entries", -EINVAL, .hint = 2, .max_entries = 1),
	CASE("hint of no memory", -ENOSPC, .hint = NEEDS_LARGEST),
	CASE("stripes 3", -EINVAL, .stripes = 3),
	CASE("stripes 128", -EINVAL, .stripes = 128),
	CASE("stripes -1", -EINVAL, .stripes = UINT32_MAX),
	CASE("hash", -EINVAL, .hash = 2),
	CASE("hash -1", -EINVAL, .hash = UINT32_MAX),
	CASE("node without its flag", -EINVAL, .node = 1),
	CASE("node", -EINVAL, .flags = HMAP_CREATE_NUMA_NODE, .node = 1 << 20),
	CASE("node -1", -EINVAL, .flags = HMAP_CREATE_NUMA_NODE,
	     .node = UINT32_MAX),
	CASE("hint above max_bytes", -ENOSPC, .hint = 1000, .max_bytes = 10000),
	CASE("mode without a name", -EINVAL, .mode = 0600),
	CASE("reserved", -EINVAL, .reserved = 1),
	CASE("dir without its flag", -EINVAL, .dir = 1),
	CASE("dir -1 without its flag", -EINVAL, .dir = -1),
	CASE("dir that is none", -ENOTDIR, .flags = HMAP_CREATE_DIR, .dir = 0),
	CASE("dir of no file", -EBADF, .flags = HMAP_CREATE_DIR, .dir = 12345),
	CASE("a cwd for a dir", -EBADF, .flags = HMAP_CREATE_DIR, .dir = AT_FDCWD),
	CASE("largest", 0, .key_size = MAX_KEY, .value_size = MAX_VALUE),
	CASE("smallest", 0, .key_size = 1, .value_size = 0),
	CASE("max_entries", 0, .max_entries = UINT64_MAX),
	CASE("as many as fit", 0, .hint = 5, .max_entries = 5),
	CASE("stripes 1", 0, .stripes = 1),
	CASE("stripes 64", 0, .stripes = 64),
	CASE("hash fast", 0, .hash = HMAP_HASH_FAST),
	CASE("no shrink", 0, .flags = HMAP_CREATE_NO_SHRINK),
	CASE("node 0", 0, .flags = HMAP_CREATE_NUMA_NODE),
	CASE("both flags", 0,
	     .flags = HMAP_CREATE_NUMA_NODE | HMAP_CREATE_NO_SHRINK),
	CASE("max_bytes", 0, .max_bytes = UINT64_MAX),
	CASE("hint below max_bytes", 0, .hint = 1000, .max_bytes = 100000),
};

#pragma GCC diagnostic pop

static bool info_agrees(int fd, const struct hmap_ioc_create *arg)
{
	struct hmap_ioc_info info;

	memset(&info, POISON, sizeof(info));
	info.size = sizeof(info);
	info.flags = 0;
	return !ioc(fd, HMAP_IOC_INFO, &info) &&
	       info.key_size == arg->key_size &&
	       info.value_size == arg->value_size &&
	       info.hint == arg->hint &&
	       info.max_entries == arg->max_entries &&
	       info.create_flags == arg->flags && info.hash == arg->hash &&
	       info.stripes == (arg->stripes ? arg->stripes : 1) &&
	       info.node == arg->node && info.max_bytes == arg->max_bytes &&
	       !info.reserved && !info.state && !info.uid && !info.gid &&
	       !info.mode && !info.links;
}

TEST_F(maps, attributes_are_checked_and_told)
{
	const struct create_case *c;
	struct map m;

	for (c = create_cases; c < create_cases + ARRAY_LEN(create_cases); c++) {
		EXPECT_EQ(c->ret, map_create(&m, self->m.fd, &c->arg))
			TH_LOG("%s", c->what);
		if (m.fd < 0)
			continue;
		EXPECT_TRUE(info_agrees(m.fd, &c->arg))
			TH_LOG("%s", c->what);
		EXPECT_EQ(0, map_put_range(&m, 0, 5));
		EXPECT_EQ(0, map_check_range(&m, 0, 5));
		EXPECT_EQ(0, map_close(&m));
	}
}

TEST_F(maps, unknown_flags_are_refused)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	unsigned int bit;

	for (bit = 8; bit < 32; bit++) {
		arg.flags = 1U << bit;
		EXPECT_EQ(-EINVAL, dev_create(self->m.fd, &arg));
	}
}

TEST_F(maps, the_limit_of_entries_is_the_maps_own)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct map m;

	arg.max_entries = 10;
	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	EXPECT_EQ(0, map_put_range(&m, 0, 10));
	EXPECT_EQ(-ENOSPC, map_put(&m, 10, 10, HMAP_ANY));
	EXPECT_EQ(0, map_put_range(&self->m, 0, 100));
	EXPECT_EQ(0, map_close(&m));
}

static int fill_and_empty(struct map *m)
{
	int ret = map_put_range(m, 0, 10000);

	return ret ? ret : map_delete_every(m, 0, 10000, 1);
}

/* The worker halves a map, step by step, some time after the deletes. */
static u32 B_after_shrinking(struct map *m)
{
	struct hmap_stats s = {};
	int i;

	for (i = 0; i < 1000 && !dev_stats(m->fd, &s) && s.B > 4; i++)
		usleep(10000);
	return s.B;
}

TEST_F(maps, a_map_keeps_its_size_if_it_is_told_to)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct hmap_stats s;
	struct map m, kept;

	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	arg.flags = HMAP_CREATE_NO_SHRINK;
	ASSERT_EQ(0, map_create(&kept, self->m.fd, &arg));
	/* when the one has shrunk, the worker has also had time for the other */
	ASSERT_EQ(0, fill_and_empty(&kept));
	ASSERT_EQ(0, fill_and_empty(&m));
	EXPECT_EQ(4, B_after_shrinking(&m));
	ASSERT_EQ(0, dev_stats(kept.fd, &s));
	EXPECT_EQ(11, s.B);
	EXPECT_EQ(0, map_close(&m));
	EXPECT_EQ(0, map_close(&kept));
}

/* ---- the structure ---- */

/* A call that is refused leaves no file behind. */
static int refused(int fd, unsigned int cmd, void *arg)
{
	int before = dup(fd), ret, after;

	close(before);
	ret = ioctl(fd, cmd, arg) < 0 ? -errno : 0;
	after = dup(fd);
	close(after);
	return before == after ? ret : -EBADE;
}

TEST_F(maps, the_size_of_the_structure_is_checked)
{
	struct {
		struct hmap_ioc_create arg;
		unsigned char rest[4096];
	} room = { .arg = create_arg(8, 8) };
	int fd = self->m.fd;
	struct map m;
	u32 i;

	for (i = 0; i < offsetof(struct hmap_ioc_create, dir); i++) {
		room.arg.size = i;
		EXPECT_EQ(-EINVAL, refused(fd, HMAP_IOC_CREATE, &room));
	}
	/* as version 1 of the interface had it; what is behind it is not read */
	room.arg.size = i;
	room.arg.reserved = 1;
	ASSERT_EQ(0, map_create(&m, fd, &room.arg));
	EXPECT_EQ(0, map_close(&m));
	room.arg.reserved = 0;
	room.arg.size = page_size() + 1;
	EXPECT_EQ(-E2BIG, refused(fd, HMAP_IOC_CREATE, &room));
	room.arg.size = 1024;
	ASSERT_EQ(0, map_create(&m, fd, &room.arg));
	EXPECT_EQ(0, map_close(&m));
	for (i = 0; i < 1024 - sizeof(room.arg); i += 1 + i / 4) {
		room.rest[i] = 1;
		EXPECT_EQ(-E2BIG, refused(fd, HMAP_IOC_CREATE, &room));
		room.rest[i] = 0;
	}
}

TEST_F(maps, an_address_that_cannot_be_read_is_efault)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	int fd = self->m.fd;
	struct map m;
	char *p;
	u32 n;

	EXPECT_EQ(-EFAULT, refused(fd, HMAP_IOC_CREATE, NULL));
	for (n = 0; n < sizeof(arg); n++) {
		p = guarded(n);
		memcpy(p, &arg, n);
		EXPECT_EQ(-EFAULT, refused(fd, HMAP_IOC_CREATE, p));
		unguard(p, n);
	}
	/* nothing is written to it */
	p = guarded(sizeof(arg));
	memcpy(p, &arg, sizeof(arg));
	ASSERT_EQ(0, map_create(&m, fd, (void *)p));
	EXPECT_EQ(0, memcmp(p, &arg, sizeof(arg)));
	EXPECT_EQ(0, map_close(&m));
}

/* ---- rights ---- */

TEST_F(maps, maps_are_made_by_the_device_alone)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct map m;

	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	EXPECT_EQ(-ENOTTY, dev_create(m.fd, &arg));
	EXPECT_EQ(0, map_close(&m));
}

TEST_F(maps, the_device_has_to_be_open_for_writing)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	int ro = dev_open(O_RDONLY), wo = dev_open(O_WRONLY), neither = dev_open(3);
	struct map m;

	EXPECT_EQ(-EACCES, refused(ro, HMAP_IOC_CREATE, &arg));
	EXPECT_EQ(-EACCES, refused(neither, HMAP_IOC_CREATE, &arg));
	/* what is made is open for both nevertheless */
	ASSERT_EQ(0, map_create(&m, wo, &arg));
	EXPECT_EQ(0, map_put_range(&m, 0, 10));
	EXPECT_EQ(0, map_check_range(&m, 0, 10));
	EXPECT_EQ(0, map_close(&m));
	close(ro);
	close(wo);
	close(neither);
}

TEST_F(maps, too_many_files_are_emfile)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct rlimit limit = {}, low;
	struct map m;
	int last = dup(self->m.fd);

	ASSERT_EQ(0, nodes_mount(NULL));
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	low = limit;
	low.rlim_cur = last;
	close(last);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &low));
	EXPECT_EQ(-EMFILE, dev_create(self->m.fd, &arg));
	set_name(arg.name, "emfile");
	EXPECT_EQ(-EMFILE, dev_create(self->m.fd, &arg));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_NE(0, access(HMAP_NODES "/emfile", F_OK));
	/* and the name is free */
	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	EXPECT_EQ(0, map_close(&m));
	EXPECT_EQ(0, nodes_umount());
}

#define FILE_MAX	"/proc/sys/fs/file-max"

/* The system's limit does not hold for root. */
static int create_as_nobody(void *arg)
{
	struct hmap_ioc_create create = create_arg(8, 8);
	int fd = *(int *)arg, ret;

	if (setuid(NOBODY))
		return -errno;
	ret = dev_create(fd, &create);
	if (ret != -ENFILE)
		return ret < 0 ? ret : -EBADE;
	set_name(create.name, "enfile");
	ret = dev_create(fd, &create);
	return ret == -ENFILE && access(node("enfile"), F_OK) ? 0 : -EBADE;
}

TEST_F(maps, too_many_files_of_all_are_enfile)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	char limit[32] = "";
	struct map m;
	int fd = open(FILE_MAX, O_RDONLY);

	ASSERT_LT(0, read(fd, limit, sizeof(limit) - 1));
	close(fd);
	ASSERT_EQ(0, nodes_mount("mode=0777"));
	ASSERT_EQ(0, write_file(FILE_MAX, "0"));
	EXPECT_EQ(0, reap(spawn(create_as_nobody, &self->m.fd)));
	EXPECT_EQ(0, write_file(FILE_MAX, limit));
	/* and the name is free */
	set_name(arg.name, "enfile");
	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	EXPECT_EQ(0, map_close(&m));
	EXPECT_EQ(0, nodes_umount());
}

/* ---- FREEZE ---- */

static u32 state_of(int fd)
{
	struct hmap_ioc_info info;

	return dev_info(fd, &info) ? UINT32_MAX : info.state;
}

/* Key 1 is in the map. */
static void expect_frozen(struct __test_metadata *_metadata, struct map *m)
{
	struct hmap_stats stats;
	struct scan s = scan_begin(m, 1);

	EXPECT_EQ(HMAP_STATE_FROZEN, state_of(m->fd));
	EXPECT_EQ(-EPERM, map_put(m, 1, 2, HMAP_ANY));
	EXPECT_EQ(-EPERM, map_put(m, 1000000, 2, HMAP_NOEXIST));
	EXPECT_EQ(-EPERM, map_put(m, 1, 2, HMAP_EXIST));
	EXPECT_EQ(-EPERM, map_delete(m, 1));
	EXPECT_EQ(-EPERM, map_delete(m, 1000000));
	EXPECT_EQ(-EPERM, dev_clear(m->fd));
	EXPECT_EQ(0, map_check_range(m, 1, 1));
	EXPECT_EQ(0, scan_next(m, &s));
	EXPECT_EQ(1, s.arg.count);
	EXPECT_EQ(0, dev_stats(m->fd, &stats));
	EXPECT_EQ(0, dev_verify(m->fd));
}

TEST_F(maps, a_frozen_map_can_be_read_only)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct map m;

	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	ASSERT_EQ(0, map_put_range(&m, 0, 1000));
	EXPECT_EQ(0, state_of(m.fd));
	EXPECT_EQ(0, dev_freeze(m.fd));
	expect_frozen(_metadata, &m);
	EXPECT_EQ(1000, dev_count(m.fd));
	/* permanent, and may be repeated */
	EXPECT_EQ(0, dev_freeze(m.fd));
	expect_frozen(_metadata, &m);
	EXPECT_EQ(0, map_check_range(&m, 0, 1000));
	EXPECT_EQ(0, map_close(&m));
	/* it alone */
	EXPECT_EQ(0, map_put_range(&self->m, 0, 10));
}

TEST_F(maps, the_default_map_is_frozen_for_all_its_files)
{
	struct map other;

	ASSERT_EQ(0, map_put_range(&self->m, 0, 10));
	ASSERT_EQ(0, map_open(&other, O_RDWR));
	EXPECT_EQ(0, dev_freeze(self->m.fd));
	expect_frozen(_metadata, &other);
	close(other.fd);
	ASSERT_EQ(0, map_open(&other, O_RDWR));
	expect_frozen(_metadata, &other);
	/* new maps can be made nevertheless */
	close(other.fd);
	ASSERT_EQ(0, map_create(&other, self->m.fd,
				&(struct hmap_ioc_create){
					.size = sizeof(struct hmap_ioc_create),
					.key_size = 8, .value_size = 8 }));
	EXPECT_EQ(0, map_put_range(&other, 0, 10));
	EXPECT_EQ(0, map_close(&other));
}

TEST_F(maps, who_may_not_write_may_not_freeze)
{
	struct hmap_ioc_plain arg = { .size = sizeof(arg) };
	int ro = dev_open(O_RDONLY);
	unsigned int bit;

	EXPECT_EQ(-EACCES, dev_freeze(ro));
	close(ro);
	for (bit = 0; bit < 32; bit++) {
		arg.flags = 1U << bit;
		EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_FREEZE, &arg));
	}
	arg.flags = 0;
	for (arg.size = 0; arg.size < 8; arg.size++)
		EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_FREEZE, &arg));
	EXPECT_EQ(-EFAULT, ioc(self->m.fd, HMAP_IOC_FREEZE, NULL));
	EXPECT_EQ(0, state_of(self->m.fd));
	EXPECT_EQ(0, map_put_range(&self->m, 0, 10));
}

TEST_F(maps, what_is_asked_is_looked_at_before_the_right_to_change)
{
	struct hmap_ioc_elem elem = elem_arg(&self->m);
	struct hmap_ioc_plain plain = { .size = sizeof(plain), .flags = 1 };

	ASSERT_EQ(0, map_put_range(&self->m, 0, 10));
	ASSERT_EQ(0, dev_freeze(self->m.fd));
	EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_CLEAR, &plain));
	plain.flags = 0;
	EXPECT_EQ(-EPERM, ioc(self->m.fd, HMAP_IOC_CLEAR, &plain));
	elem.flags = 77;
	EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_PUT, &elem));
	elem.flags = 0;
	elem.key = 0;
	EXPECT_EQ(-EFAULT, ioc(self->m.fd, HMAP_IOC_PUT, &elem));
	elem = elem_arg(&self->m);
	EXPECT_EQ(-EPERM, ioc(self->m.fd, HMAP_IOC_PUT, &elem));
	elem.size = 31;
	EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_PUT, &elem));
	EXPECT_EQ(-EFAULT, ioc(self->m.fd, HMAP_IOC_PUT, NULL));
}

/* ---- FREEZE while others write ---- */

#define WRITERS	4

struct writer {
	pthread_t thread;
	int fd;
	u32 id;
	int ret;	/* what ended it */
};

/* Puts and deletes until it is refused. */
static void *write_on(void *arg)
{
	struct writer *w = arg;
	struct map m;
	u64 i;

	w->ret = map_of_fd(&m, w->fd);
	for (i = 0; !w->ret; i++) {
		w->ret = map_put(&m, w->id << 20 | i, i, HMAP_ANY);
		if (!w->ret && i % 3 == 0)
			w->ret = map_delete(&m, w->id << 20 | i);
	}
	return NULL;
}

/* A sum over all elements; other ones give another. */
static u64 picture(const struct map *m)
{
	struct scan s = scan_begin(m, 100);
	u64 sum = 0, key, value;
	u32 i;

	while (!scan_next(m, &s) && s.arg.count) {
		for (i = 0; i < s.arg.count; i++) {
			key = scan_key(m, &s, i);
			memcpy(&value, scan_value(m, &s, i), sizeof(value));
			sum += mix64(key ^ mix64(value));
		}
	}
	scan_end(m, &s);
	return sum;
}

TEST_F(maps, nothing_changes_after_freeze_has_returned)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct writer w[WRITERS];
	u64 before, after;
	struct map m;
	u32 i, round;

	arg.stripes = 4;
	for (round = 0; round < 10; round++) {
		ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
		for (i = 0; i < WRITERS; i++) {
			w[i] = (struct writer){ .fd = m.fd, .id = i };
			ASSERT_EQ(0, pthread_create(&w[i].thread, NULL,
						    write_on, &w[i]));
		}
		usleep(rnd_below(20000));
		EXPECT_EQ(0, dev_freeze(m.fd));
		before = picture(&m);
		for (i = 0; i < WRITERS; i++) {
			pthread_join(w[i].thread, NULL);
			EXPECT_EQ(-EPERM, w[i].ret);
		}
		after = picture(&m);
		EXPECT_EQ(before, after);
		EXPECT_EQ(0, map_close(&m));
	}
}

/* A page that the kernel finds only when this program gives it. */
static void *missing_page(int *uffd)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	void *page = map_pages(1);

	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (*uffd < 0)
		return NULL;
	reg.range.start = addr(page);
	reg.range.len = page_size();
	if (ioctl(*uffd, UFFDIO_API, &api) ||
	    ioctl(*uffd, UFFDIO_REGISTER, &reg))
		return NULL;
	return page;
}

struct stuck {
	pthread_t thread;
	struct map m;
	void *value;
	int (*call)(struct map *m, void *missing);
	int ret;
};

static int put_stuck(struct map *m, void *value)
{
	struct hmap_ioc_elem elem = elem_arg(m);

	make_key(m, m->key, 1);
	elem.value = addr(value);
	return ioc(m->fd, HMAP_IOC_PUT, &elem);
}

static int delete_stuck(struct map *m, void *key)
{
	struct hmap_ioc_elem elem = elem_arg(m);

	elem.key = addr(key);
	elem.value_size = 0;
	elem.value = 0;
	return ioc(m->fd, HMAP_IOC_DELETE, &elem);
}

static int op_stuck(struct map *m, void *value)
{
	struct hmap_ioc_op arg = {
		.size = sizeof(arg), .key_size = 8, .value_size = 8,
		.op = op_arg(m, HMAP_OP_PUT),
	};

	make_key(m, m->key, 1);
	arg.op.length = 8;
	arg.op.value = addr(value);
	return ioc(m->fd, HMAP_IOC_OP, &arg);
}

static int vector_stuck(struct map *m, void *value)
{
	struct hmap_ioc_vector arg = {
		.size = sizeof(arg), .key_size = 8, .value_size = 8,
		.op = HMAP_OP_PUT, .count = 1, .keys = addr(m->key),
		.values = addr(value),
	};

	make_key(m, m->key, 1);
	return ioc(m->fd, HMAP_IOC_VECTOR, &arg);
}

static int (*const stuck_calls[])(struct map *m, void *missing) = {
	put_stuck, delete_stuck, op_stuck, vector_stuck,
};

/* A call that does not get what it reads. */
static void *call_stuck(void *arg)
{
	struct stuck *s = arg;

	s->ret = s->call(&s->m, s->value);
	return NULL;
}

static int freeze_child(void *arg)
{
	return dev_freeze(*(int *)arg);
}

static int give_page(int uffd, void *page)
{
	struct uffdio_zeropage zero = {
		.range = { .start = addr(page), .len = page_size() },
	};

	return ioctl(uffd, UFFDIO_ZEROPAGE, &zero) ? -errno : 0;
}

/* Each command that changes the map, its memory not there yet. */
TEST_F(maps, freeze_does_not_wait_for_memory_of_a_program)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct stuck s = {};
	unsigned int i;
	int uffd;

	for (i = 0; i < ARRAY_LEN(stuck_calls); i++) {
		ASSERT_EQ(0, map_create(&s.m, self->m.fd, &arg));
		s.value = missing_page(&uffd);
		if (!s.value) {
			close(s.m.fd);
			SKIP(return, "this kernel has no userfaultfd");
		}
		s.call = stuck_calls[i];
		ASSERT_EQ(0, pthread_create(&s.thread, NULL, call_stuck, &s));
		usleep(100000);
		EXPECT_EQ(0, dev_freeze(s.m.fd)) TH_LOG("call %u", i);
		EXPECT_EQ(HMAP_STATE_FROZEN, state_of(s.m.fd));
		EXPECT_EQ(0, give_page(uffd, s.value));
		pthread_join(s.thread, NULL);
		EXPECT_EQ(-EPERM, s.ret) TH_LOG("call %u", i);
		EXPECT_EQ(0, dev_count(s.m.fd));
		EXPECT_EQ(-EPERM, map_put(&s.m, 2, 2, HMAP_ANY));
		EXPECT_EQ(0, map_close(&s.m));
		close(uffd);
	}
}

/* Killed freezers, of maps that go at once. */
TEST_F(maps, a_map_can_go_while_it_is_being_frozen)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct map m;
	pid_t pid;
	int i;

	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
		pid = spawn(freeze_child, &m.fd);
		close(m.fd);
		usleep(rnd_below(3000));
		kill(pid, SIGKILL);
		reap(pid);
	}
}

TEST_HARNESS_MAIN
