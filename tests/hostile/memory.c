// SPDX-License-Identifier: GPL-2.0
/*
 * Memory: a cgroup takes no more of the machine's than it may have, whatever its tasks call,
 * and no task of another group is killed for it.
 */
#include <sys/xattr.h>

#include "hostile.h"

#define MB		1000000LL
#define GROUP_BYTES	(48 * MB)

/* Pages that the kernel has freed but keeps for each CPU, and what other tasks take. */
#define SLACK		(24 * MB)

FIXTURE(memory) {
	struct hostile h;
};

FIXTURE_SETUP(memory)
{
	int ret = hostile_setup(&self->h);

	if (ret == -ENODEV)
		SKIP(return, "this kernel has no memory cgroups here");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(memory)
{
	EXPECT_EQ(0, hostile_teardown(&self->h));
	TELL_SEED_ON_FAILURE();
}

static s64 free_memory(void)
{
	return number_of("/proc/meminfo", "MemFree:") * 1024;
}

/* ---- ways to take memory: each goes on until it is refused, or for ever ---- */

static int reserve(struct map *m, u64 n)
{
	struct hmap_ioc_count count = { .size = sizeof(count), .count = n };

	return ioc(m->fd, HMAP_IOC_RESERVE, &count);
}

static int default_map(struct map *m)
{
	return map_open(m, O_RDWR);
}

static int reserve_default(void)
{
	struct map m;
	int ret = default_map(&m);
	u64 n;

	for (n = 1000000; !ret; n *= 2)
		ret = reserve(&m, n);
	return ret;
}

static int fill_default(void)
{
	struct map m;
	int ret = default_map(&m);

	return ret ?: map_fill(&m, 0, 20000000);
}

/* Arrays come and go, of which those that go are free after a grace period only. */
static int resize_default(void)
{
	struct map m;
	int ret = default_map(&m);

	while (!ret) {
		ret = reserve(&m, 400000);
		ret = ret ?: dev_plain(m.fd, HMAP_IOC_SHRINK);
		ret = ret ?: map_fill(&m, 0, 20000);
		ret = ret ?: dev_clear(m.fd);
		/* what the last one has taken is still on its way back */
		ret = ret == -ENOMEM ? 0 : ret;
	}
	return ret;
}

/* Of any kind, with and without names: they stay, for nothing closes them. */
static int make_maps(u32 key_size, u32 value_size, u32 flags, const char *name)
{
	struct hmap_ioc_create arg = create_arg(key_size, value_size);
	int dev = dev_open(O_RDWR), ret = dev < 0 ? dev : 0, i;
	struct map m;
	char text[HMAP_NAME_SIZE];

	arg.flags = flags;
	arg.mode = name ? 0600 : 0;
	for (i = 0; !ret; i++) {
		if (name) {
			snprintf(text, sizeof(text), "%s%d", name, i);
			set_name(arg.name, text);
		}
		ret = map_create(&m, dev, &arg);
		ret = ret ?: map_fill(&m, 0, 4000000 / (key_size + value_size));
	}
	return ret;
}

static int make_anonymous(void)
{
	return make_maps(8, 8, 0, NULL);
}

static int make_mapped(void)
{
	return make_maps(8, 8, HMAP_CREATE_MMAP, NULL);
}

static int make_long(void)
{
	return make_maps(4096, 8, 0, NULL);
}

static int make_named_maps(void)
{
	return make_maps(8, 8, 0, "memory");
}

/* Values of a MiB, written again and again: the old ones wait for a grace period. */
static int overwrite_values(void)
{
	struct hmap_ioc_create arg = create_arg(8, MAX_VALUE);
	int dev = dev_open(O_RDWR), ret;
	struct map m = {};
	u64 i;

	ret = dev < 0 ? dev : map_create(&m, dev, &arg);
	for (i = 0; !ret || ret == -ENOMEM; i++)
		ret = map_put(&m, i % 16, i, HMAP_ANY);
	return ret;
}

/* The longest that is possible, of entries for one user. -EOPNOTSUPP: there are none. */
static int set_lists(const char *path)
{
	struct entry {
		__le16 tag, perm;
		__le32 id;
	};
	struct {
		__le32 version;
		struct entry e[8191];
	} acl = { .version = 2, .e = { { 0x01, 7, UINT32_MAX } } };
	static unsigned int n = ARRAY_LEN(acl.e);	/* until it is known */
	unsigned int i;
	int ret;

	for (;; n /= 2) {
		for (i = 1; i < n - 3; i++)
			acl.e[i] = (struct entry){ 0x02, 7, 0 };
		acl.e[i++] = (struct entry){ 0x04, 0, UINT32_MAX };
		acl.e[i++] = (struct entry){ 0x10, 7, UINT32_MAX };
		acl.e[i++] = (struct entry){ 0x20, 0, UINT32_MAX };
		i = 4 + n * sizeof(struct entry);
		ret = sys_result(setxattr(path, "system.posix_acl_default", &acl, i, 0) ?:
				 setxattr(path, "system.posix_acl_access", &acl, i, 0));
		if (ret != -E2BIG || n < 8)
			return ret;
	}
}

/* The kernel charges them to no cgroup. */
static int make_lists(void)
{
	char path[128];
	int ret = 0, i;

	for (i = 0; !ret; i++) {
		snprintf(path, sizeof(path), HMAP_NODES "/dir%d", i);
		ret = sys_result(mkdir(path, 0700)) ?: set_lists(path);
	}
	return ret;
}

/* Instances of its own, in a namespace of its own. */
static int mount_instances(void)
{
	int ret = sys_result(unshare(CLONE_NEWUSER | CLONE_NEWNS)), i;
	char path[128];

	ret = ret ?: write_ids(NOBODY, NOBODY);
	ret = ret ?: sys_result(mount("tmpfs", "/tmp", "tmpfs", 0, NULL));
	for (i = 0; !ret; i++) {
		snprintf(path, sizeof(path), "/tmp/%d", i);
		ret = sys_result(mkdir(path, 0700)) ?:
		      sys_result(mount("hmapfs", path, "hmapfs", 0, "mode=0700"));
		if (!ret && set_lists(path) == -ENOMEM)
			ret = -ENOMEM;
	}
	return ret;
}

/* Names in directories in directories, as many as one user may have. */
static int make_directories(void)
{
	char path[4096] = HMAP_NODES;
	size_t n = strlen(path);

	while (n < sizeof(path) - 8) {
		n += sprintf(path + n, "/dir");
		if (mkdir(path, 0700))
			return -errno;
	}
	return 0;
}

static void *wait_for_ever(void *arg)
{
	struct hmap_ioc_wait wait = {
		.size = sizeof(wait), .key_size = 8, .flags = HMAP_WAIT_PRESENT,
		.deadline = HMAP_WAIT_FOREVER, .key = addr(arg),
	};

	ioc(dev_open(O_RDONLY), HMAP_IOC_WAIT, &wait);
	return NULL;
}

static int start_waiters(void)
{
	static u64 keys[2000];
	pthread_attr_t attr;
	pthread_t thread;
	unsigned int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32768);
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		keys[i] = ~0ULL - i;
		if (pthread_create(&thread, &attr, wait_for_ever, &keys[i]))
			return -EAGAIN;
	}
	return 0;
}

static const struct way {
	const char *name;
	int (*take)(void);
} ways[] = {
	{ "reserve of the default map", reserve_default },
	{ "elements of the default map", fill_default },
	{ "reserve, shrink, clear of it", resize_default },
	{ "maps without names", make_anonymous },
	{ "mapped maps", make_mapped },
	{ "keys of 4 KiB", make_long },
	{ "maps with names", make_named_maps },
	{ "values that are overwritten", overwrite_values },
	{ "directories", make_directories },
	{ "access control lists", make_lists },
	{ "instances", mount_instances },
	{ "waiters", start_waiters },
};

/* Takes what it can, and keeps it. */
static pid_t taker(struct stage *stage, const struct way *way)
{
	pid_t pid;
	int ret;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	ret = become_hostile();
	if (ret)
		stage->unable++;
	else
		ret = way->take();
	printf("# %s: %s\n", way->name, strerror(-ret));
	fflush(stdout);
	stage->ready++;
	pause();
	_exit(0);
}

static void tell_of(const char *name, s64 taken)
{
	printf("# %s: %lld MB less free, cgroup %lld MB, killed %lld\n", name, taken / MB,
	       number_of(CGROUP "/hostile/memory.current", "") / MB,
	       number_of(CGROUP "/hostile/memory.events", "oom_kill "));
	fflush(stdout);
}

/* A few seconds, or until it has ended or been killed; how much less was free at most. */
static s64 watch(struct stage *stage, pid_t pid, s64 before)
{
	s64 least = before, now;
	int i;

	for (i = 0; i < 80 && !stage->ready && waitpid(pid, NULL, WNOHANG) != pid; i++) {
		usleep(50000);
		now = free_memory();
		least = now < least ? now : least;
	}
	return before - least;
}

static void remove_all(void)
{
	if (system("rm -rf " HMAP_NODES "/memory* " HMAP_NODES "/dir*"))
		abort();
}

TEST_F(memory, no_more_than_the_cgroup_may_have)
{
	struct stage *stage = self->h.stage;
	s64 before, taken;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ARRAY_LEN(ways); i++) {
		ASSERT_EQ(0, dev_clear(self->h.m.fd));
		ASSERT_EQ(0, dev_plain(self->h.m.fd, HMAP_IOC_SHRINK));
		usleep(500000);
		before = free_memory();
		stage->ready = 0;
		pid = taker(stage, &ways[i]);
		taken = watch(stage, pid, before);
		tell_of(ways[i].name, taken);
		EXPECT_GT(GROUP_BYTES + SLACK, taken) TH_LOG("%s", ways[i].name);
		EXPECT_LE(number_of(CGROUP "/hostile/memory.current", ""), GROUP_BYTES);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		remove_all();
	}
	EXPECT_EQ(0, stage->unable);
	EXPECT_EQ(0, number_of(CGROUP "/innocent/memory.events", "oom_kill "));
	EXPECT_LT(0, stage->innocent_touched);
	EXPECT_LT(0, stage->innocent_calls);
}

TEST_HARNESS_MAIN
