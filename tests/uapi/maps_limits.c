// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of memory: of a map, of all maps together, of a memory cgroup. Limits of a map
 * that are changed.
 */
#include <pthread.h>
#include <sys/mount.h>

#include "hmap_test.h"

/* What writers that come at the same time may take beyond a limit. */
#define SLACK	32768

FIXTURE(limits) {
	struct map m;		/* the default map, whose file makes others */
};

FIXTURE_SETUP(limits)
{
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
}

FIXTURE_TEARDOWN(limits)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

static u64 memory_of(const struct map *m)
{
	struct hmap_stats stats = {};

	dev_stats(m->fd, &stats);
	return stats.memory;
}

/* Keys from @first on until one is refused with @error. How many went in. */
static u64 fill_up(struct map *m, u64 first, int error)
{
	u64 i = first;
	int ret;

	do {
		ret = map_put(m, i, i, HMAP_NOEXIST);
		i += !ret;
	} while (!ret);
	return ret == error ? i - first : 0;
}

/* ---- a map's own ---- */

FIXTURE(limited) {
	struct map m;
	struct map l;
};

FIXTURE_VARIANT(limited) {
	u32 key_size, value_size, stripes;
	u64 max_bytes;
};

FIXTURE_VARIANT_ADD(limited, words) {
	.key_size = 8, .value_size = 8, .max_bytes = 300000,
};

FIXTURE_VARIANT_ADD(limited, striped) {
	.key_size = 8, .value_size = 8, .stripes = 16, .max_bytes = 300000,
};

FIXTURE_VARIANT_ADD(limited, out_of_line) {
	.key_size = 200, .value_size = 1000, .max_bytes = 1000000,
};

FIXTURE_SETUP(limited)
{
	struct hmap_ioc_create arg = create_arg(variant->key_size,
						variant->value_size);

	arg.max_bytes = variant->max_bytes;
	arg.stripes = variant->stripes;
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
	ASSERT_EQ(0, map_create(&self->l, self->m.fd, &arg));
}

FIXTURE_TEARDOWN(limited)
{
	EXPECT_EQ(0, map_close(&self->l));
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

TEST_F(limited, a_map_at_its_limit_goes_on_working)
{
	struct map *l = &self->l;
	u64 n = fill_up(l, 0, -ENOSPC), i;

	ASSERT_LT(200, n);
	EXPECT_LE(memory_of(l), variant->max_bytes + SLACK);
	EXPECT_GT(memory_of(l), variant->max_bytes / 2);
	EXPECT_EQ(n, dev_count(l->fd));
	EXPECT_EQ(0, map_check_range(l, 0, n));
	EXPECT_EQ(-ENOSPC, map_put(l, n, n, HMAP_ANY));
	EXPECT_EQ(-ENOENT, map_has(l, n));
	/* what is there can be overwritten, deleted, and put again */
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, map_put(l, i, i + 1, i % 2 ? HMAP_ANY : HMAP_EXIST));
	EXPECT_EQ(-EEXIST, map_put(l, 5, 5, HMAP_NOEXIST));
	EXPECT_EQ(0, map_put_range(l, 0, n));
	for (i = 0; i < n; i += 7) {
		ASSERT_EQ(0, map_delete(l, i));
		ASSERT_EQ(0, map_put(l, i, i, HMAP_NOEXIST));
	}
	EXPECT_EQ(0, map_check_range(l, 0, n));
	EXPECT_LE(memory_of(l), variant->max_bytes + SLACK);
	/* another map does not notice */
	EXPECT_EQ(0, map_put_range(&self->m, 0, 1000));
}

TEST_F(limited, a_full_map_can_be_cleared_and_filled_again)
{
	u64 n = fill_up(&self->l, 0, -ENOSPC), again;

	EXPECT_EQ(0, dev_clear(self->l.fd));
	EXPECT_EQ(0, dev_count(self->l.fd));
	again = fill_up(&self->l, n, -ENOSPC);
	EXPECT_LT(n / 2, again);
	EXPECT_LE(memory_of(&self->l), variant->max_bytes + SLACK);
}

struct filler {
	pthread_t thread;
	int fd;
	u64 first, n;
};

static void *fill_until_full(void *arg)
{
	struct filler *f = arg;
	struct map m;

	if (!map_of_fd(&m, f->fd))
		f->n = fill_up(&m, f->first, -ENOSPC);
	return NULL;
}

TEST_F(limited, several_writers_meet_the_same_limit)
{
	struct filler f[4];
	u64 sum = 0;
	u32 i;

	for (i = 0; i < ARRAY_LEN(f); i++) {
		f[i] = (struct filler){ .fd = self->l.fd, .first = i << 24 };
		ASSERT_EQ(0, pthread_create(&f[i].thread, NULL,
					    fill_until_full, &f[i]));
	}
	for (i = 0; i < ARRAY_LEN(f); i++) {
		pthread_join(f[i].thread, NULL);
		sum += f[i].n;
	}
	EXPECT_LT(200, sum);
	EXPECT_EQ(sum, dev_count(self->l.fd));
	EXPECT_LE(memory_of(&self->l), variant->max_bytes + 5 * SLACK);
	for (i = 0; i < ARRAY_LEN(f); i++)
		EXPECT_EQ(0, map_check_range(&self->l, f[i].first, f[i].n));
}

TEST_F(limits, a_limit_below_everything_allows_no_element)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct map m;

	arg.max_bytes = 1;
	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	EXPECT_EQ(-ENOSPC, map_put(&m, 1, 1, HMAP_ANY));
	EXPECT_EQ(-ENOENT, map_get(&m, 1));
	EXPECT_EQ(0, dev_clear(m.fd));
	EXPECT_EQ(0, map_close(&m));
}

/* Whichever allocation it is that there is no room for: the error is the same. */
TEST_F(limits, any_limit_is_met_with_the_same_error)
{
	struct hmap_ioc_create arg = create_arg(129, 2);
	struct map m;
	int ret;

	arg.stripes = 64;
	for (arg.max_bytes = 128; arg.max_bytes < 8192; arg.max_bytes += 128) {
		ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
		ret = map_put(&m, 1, 1, HMAP_ANY);
		EXPECT_TRUE(!ret || ret == -ENOSPC)
			TH_LOG("%llu bytes: %d", arg.max_bytes, ret);
		EXPECT_EQ(0, map_close(&m));
	}
}

/* ---- limits that are changed ---- */

static int set_entries(const struct map *m, u64 n)
{
	return dev_set(m->fd, HMAP_SET_MAX_ENTRIES, n, 0);
}

static int set_bytes(const struct map *m, u64 bytes)
{
	return dev_set(m->fd, HMAP_SET_MAX_BYTES, 0, bytes);
}

static bool has_limits(const struct map *m, u64 max_entries, u64 max_bytes)
{
	struct hmap_ioc_info info;

	return !dev_info(m->fd, &info) && info.max_entries == max_entries &&
	       info.max_bytes == max_bytes;
}

/* The map has room for its elements, after some time, and without a further call. */
static bool grows(const struct map *m)
{
	struct hmap_stats stats = {};
	int i;

	for (i = 0; i < 1000; i++) {
		if (dev_stats(m->fd, &stats))
			return false;
		if (stats.count <= stats.capacity)
			return true;
		usleep(20000);
	}
	return false;
}

TEST_F(limited, a_map_whose_limit_is_raised_grows)
{
	struct map *l = &self->l;
	u64 n = fill_up(l, 0, -ENOSPC), more;

	ASSERT_LT(200, n);
	ASSERT_EQ(0, set_bytes(l, 4 * variant->max_bytes));
	EXPECT_TRUE(has_limits(l, 0, 4 * variant->max_bytes));
	EXPECT_TRUE(grows(l));
	more = fill_up(l, n, -ENOSPC);
	EXPECT_LT(n, more);
	EXPECT_LE(memory_of(l), 4 * variant->max_bytes + SLACK);
	ASSERT_EQ(0, set_bytes(l, 0));
	EXPECT_TRUE(has_limits(l, 0, 0));
	EXPECT_TRUE(grows(l));
	EXPECT_EQ(0, map_put_range(l, n + more, n));
	EXPECT_EQ(0, map_check_range(l, 0, n + more + n));
}

TEST_F(limited, a_lower_limit_removes_nothing)
{
	struct map *l = &self->l;
	u64 n = fill_up(l, 0, -ENOSPC), memory = memory_of(l), more, i;

	ASSERT_LT(200, n);
	ASSERT_EQ(0, set_bytes(l, variant->max_bytes / 4));
	EXPECT_TRUE(has_limits(l, 0, variant->max_bytes / 4));
	/* only slots that are free */
	more = fill_up(l, n, -ENOSPC);
	EXPECT_LE(memory_of(l), memory);
	EXPECT_EQ(n + more, dev_count(l->fd));
	EXPECT_EQ(0, map_check_range(l, 0, n + more));
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, map_put(l, i, i, HMAP_EXIST));
	for (i = 100; i < n + more; i++)
		ASSERT_EQ(0, map_delete(l, i));
	EXPECT_EQ(0, dev_plain(l->fd, HMAP_IOC_SHRINK));
	EXPECT_LT(0, fill_up(l, n + more, -ENOSPC));
	EXPECT_LE(memory_of(l), variant->max_bytes / 4 + SLACK);
	EXPECT_EQ(0, map_check_range(l, 0, 100));
}

TEST_F(limited, max_entries_can_be_changed)
{
	struct hmap_ioc_info info;
	struct map *l = &self->l;

	ASSERT_EQ(0, map_put_range(l, 0, 100));
	ASSERT_EQ(0, set_entries(l, 50));
	EXPECT_TRUE(has_limits(l, 50, variant->max_bytes));
	EXPECT_EQ(-ENOSPC, map_put(l, 100, 100, HMAP_ANY));
	EXPECT_EQ(0, map_put(l, 99, 99, HMAP_ANY));
	EXPECT_EQ(0, map_check_range(l, 0, 100));
	ASSERT_EQ(0, set_entries(l, 101));
	EXPECT_EQ(0, map_put(l, 100, 100, HMAP_ANY));
	EXPECT_EQ(-ENOSPC, map_put(l, 101, 101, HMAP_ANY));
	/* both at once */
	ASSERT_EQ(0, dev_set(l->fd, HMAP_SET_MAX_ENTRIES | HMAP_SET_MAX_BYTES, 0, 0));
	EXPECT_TRUE(has_limits(l, 0, 0));
	EXPECT_EQ(0, map_put_range(l, 101, 20000));
	EXPECT_EQ(0, dev_info(l->fd, &info));
	EXPECT_EQ(0, info.hint);
}

TEST_F(limits, the_hint_stays_what_it_was)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct hmap_ioc_info info;
	struct map m;

	arg.hint = 1000;
	arg.max_entries = 1000;
	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	EXPECT_EQ(0, set_entries(&m, 10));
	EXPECT_EQ(0, dev_info(m.fd, &info));
	EXPECT_EQ(1000, info.hint);
	EXPECT_EQ(10, info.max_entries);
	EXPECT_EQ(10, fill_up(&m, 0, -ENOSPC));
	EXPECT_EQ(0, map_close(&m));
}

/* It is no change of the map either: no task that waits for one is woken. */
TEST_F(limits, limits_of_a_frozen_map_can_be_changed)
{
	struct hmap_ioc_wait wait = {
		.size = sizeof(wait), .flags = HMAP_WAIT_CHANGE,
	};
	struct map *m = &self->m;
	u64 state;

	ASSERT_EQ(0, map_put(m, 1, 1, HMAP_ANY));
	ASSERT_EQ(0, ioc(m->fd, HMAP_IOC_WAIT, &wait));
	state = wait.state;
	EXPECT_EQ(0, set_entries(m, 5));
	wait.state = state;
	EXPECT_EQ(-ETIMEDOUT, ioc(m->fd, HMAP_IOC_WAIT, &wait));
	EXPECT_EQ(state, wait.state);
	ASSERT_EQ(0, dev_freeze(m->fd));
	EXPECT_EQ(0, set_entries(m, 7));
	EXPECT_EQ(0, set_bytes(m, 1000000));
	EXPECT_TRUE(has_limits(m, 7, 1000000));
	EXPECT_EQ(0, map_check_range(m, 1, 1));
}

TEST_F(limits, wrong_limits_are_refused)
{
	static const struct {
		u32 flags;
		u64 max_entries, max_bytes;
	} wrong[] = {
		{ 0, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 },
		{ HMAP_SET_MAX_ENTRIES, 0, 1 }, { HMAP_SET_MAX_ENTRIES, 1, UINT64_MAX },
		{ HMAP_SET_MAX_BYTES, 1, 0 }, { HMAP_SET_MAX_BYTES, UINT64_MAX, 1 },
		{ 4, 0, 0 }, { 7, 0, 0 }, { 1U << 31 | HMAP_SET_MAX_BYTES, 0, 1 },
	};
	int ro = dev_open(O_RDONLY);
	struct map *m = &self->m;
	size_t i;

	for (i = 0; i < ARRAY_LEN(wrong); i++)
		EXPECT_EQ(-EINVAL, dev_set(m->fd, wrong[i].flags, wrong[i].max_entries,
					   wrong[i].max_bytes)) TH_LOG("%zu", i);
	EXPECT_EQ(-EACCES, dev_set(ro, HMAP_SET_MAX_ENTRIES, 1, 0));
	close(ro);
	EXPECT_EQ(-EFAULT, ioc(m->fd, HMAP_IOC_SET, NULL));
	EXPECT_TRUE(has_limits(m, 0, 0));
	/* an unsigned long of the kernel, which may have more bits than a program's */
	if (sizeof(long) == sizeof(u64))
		EXPECT_EQ(0, dev_set(m->fd, HMAP_SET_MAX_ENTRIES | HMAP_SET_MAX_BYTES,
				     UINT64_MAX, UINT64_MAX));
	EXPECT_EQ(0, map_put_range(m, 0, 1000));
}

/* ---- of all maps ---- */

TEST(all_maps_together_stay_within_the_limit_of_the_module)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct map def, a, b;
	u64 n, m;

	ASSERT_EQ(0, map_load_params(&def, "max_bytes=1000000"));
	ASSERT_EQ(0, map_create(&a, def.fd, &arg));
	ASSERT_EQ(0, map_create(&b, def.fd, &arg));
	n = fill_up(&a, 0, -ENOSPC);
	EXPECT_LT(10000, n);
	m = fill_up(&b, 0, -ENOSPC);
	m += fill_up(&def, 0, -ENOSPC);
	EXPECT_GT(n, m);
	EXPECT_LE(memory_of(&a) + memory_of(&b) + memory_of(&def),
		  1000000 + 3 * SLACK);
	/* the attributes are the map's own: it has no limit */
	EXPECT_EQ(0, map_check_range(&a, 0, n));
	/* one that goes leaves its share to the others */
	EXPECT_EQ(0, map_close(&a));
	EXPECT_LT(n / 2, fill_up(&def, m, -ENOSPC));
	EXPECT_EQ(0, map_close(&b));
	arg.hint = 10000000;
	EXPECT_EQ(-ENOSPC, dev_create(def.fd, &arg));
	EXPECT_EQ(0, map_unload(&def));
	EXPECT_EQ(-ENOSPC, module_load("max_bytes=1000000 hint=1000000"));
	EXPECT_EQ(-EINVAL, module_load("max_bytes=-1"));
	EXPECT_FALSE(module_loaded());
}

/* ---- memory cgroups ---- */

#define GROUP	"/run/hmap-cgroup"

/* A number of a file; with @key the one behind it. */
static s64 read_group(const char *name, const char *key)
{
	char path[128], text[1024] = "";
	const char *at = text;
	int fd;

	snprintf(path, sizeof(path), GROUP "/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text) - 1) < 0)
		at = NULL;
	close(fd);
	if (at && key) {
		at = strstr(text, key);
		at = at ? at + strlen(key) : NULL;
	}
	return at ? strtoll(at, NULL, 10) : -ENODATA;
}

FIXTURE(cgroup) {
	struct map m;
	struct map c;		/* made by a process of the group */
};

FIXTURE_VARIANT(cgroup) {
	u32 key_size, value_size;
};

/* Mostly large arrays, which the worker allocates. */
FIXTURE_VARIANT_ADD(cgroup, words) {
	.key_size = 8, .value_size = 8,
};

FIXTURE_VARIANT_ADD(cgroup, out_of_line) {
	.key_size = 200, .value_size = 1000,
};

/* Its creator is in another group, or in none, when the map is used. */
static int create_in_group(void *arg)
{
	struct hmap_ioc_create *create = arg;
	int ret = write_file(GROUP "/g/cgroup.procs", "0");

	if (ret)
		return ret;
	ret = dev_open(O_RDWR);
	if (ret >= 0)
		ret = dev_create(ret, create);
	return ret < 0 ? ret : 0;
}

FIXTURE_SETUP(cgroup)
{
	struct hmap_ioc_create arg = create_arg(variant->key_size,
						variant->value_size);

	arg.mode = 0600;
	set_name(arg.name, "grouped");
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
	ASSERT_EQ(0, nodes_mount(NULL));
	mkdir(GROUP, 0755);
	if (mount("none", GROUP, "cgroup2", 0, NULL) ||
	    write_file(GROUP "/cgroup.subtree_control", "+memory"))
		SKIP(return, "this kernel has no memory cgroups here");
	ASSERT_EQ(0, mkdir(GROUP "/g", 0755));
	ASSERT_EQ(0, reap(spawn(create_in_group, &arg)));
	ASSERT_EQ(0, map_of_fd(&self->c, open(HMAP_NODES "/grouped",
					      O_RDWR | O_CLOEXEC)));
}

FIXTURE_TEARDOWN(cgroup)
{
	int i;

	if (self->c.fd > 0) {
		EXPECT_EQ(0, map_close(&self->c));
		EXPECT_EQ(0, destroy("grouped"));
	}
	EXPECT_EQ(0, nodes_umount());
	/* what it has been charged for may still be on its way back */
	for (i = 0; i < 100 && rmdir(GROUP "/g"); i++)
		usleep(10000);
	umount(GROUP);
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* Not to this process, which puts the elements. */
TEST_F(cgroup, memory_is_charged_to_who_made_the_map)
{
	s64 before = read_group("g/memory.current", NULL), held;
	u64 n = variant->value_size > 8 ? 5000 : 150000;

	ASSERT_EQ(0, map_fill(&self->c, 0, n));
	held = memory_of(&self->c);
	EXPECT_LT(4000000, held);
	EXPECT_GT(read_group("g/memory.current", NULL) - before, held * 9 / 10);
	EXPECT_EQ(0, dev_clear(self->c.fd));
	EXPECT_EQ(0, map_fill(&self->m, 0, 100000));
	EXPECT_EQ(0, destroy("grouped"));
	close(self->c.fd);
	self->c.fd = -1;
	/* blocks and arrays are freed after a grace period */
	usleep(500000);
	EXPECT_LT(read_group("g/memory.current", NULL) - before, held / 4);
}

/* What a process of the group does with the default map. */
struct intruder {
	struct hmap_ioc_count reserve;
	u64 from;
	u64 n;
	int ret;
};

static int intrude(void *arg)
{
	struct intruder *in = arg;
	int ret = write_file(GROUP "/g/cgroup.procs", "0");
	struct map m;

	if (!ret)
		ret = map_open(&m, O_RDWR);
	if (!ret && in->reserve.count)
		return ioc(m.fd, HMAP_IOC_RESERVE, &in->reserve);
	return ret ?: map_fill(&m, in->from, in->n);
}

/* Waits while an array is counted whose allocation is still being tried, and fails. */
static u64 memory_once_below(const struct map *m, u64 bytes)
{
	u64 memory = memory_of(m);
	int i;

	for (i = 0; i < 100 && memory >= bytes; i++) {
		usleep(20000);
		memory = memory_of(m);
	}
	return memory;
}

/* No group may take what it is not charged for: not by arrays of any kind either. */
TEST_F(cgroup, memory_of_the_default_map_is_charged_to_who_writes_it)
{
	struct intruder in = { .n = 150000 };
	s64 before = read_group("g/memory.current", NULL), held;

	ASSERT_EQ(0, reap(spawn(intrude, &in)));
	held = memory_of(&self->m);
	EXPECT_LT(4000000, held);
	TH_LOG("%lld bytes, %lld charged", held,
	       read_group("g/memory.current", NULL) - before);
	EXPECT_GT(read_group("g/memory.current", NULL) - before, held * 9 / 10);

	ASSERT_EQ(0, write_file(GROUP "/g/memory.max", "12000000"));
	in.reserve = (struct hmap_ioc_count){
		.size = sizeof(in.reserve), .count = 15000000,
	};
	/* -ENOMEM, or killed when it needs memory itself after that */
	EXPECT_NE(0, reap(spawn(intrude, &in)));
	EXPECT_LT(memory_once_below(&self->m, 12000000), 12000000);
	in.reserve.count = 0;
	in.from = in.n;
	in.n = 2000000;
	EXPECT_NE(0, reap(spawn(intrude, &in)));
	EXPECT_LT(memory_once_below(&self->m, 12000000), 12000000);
	EXPECT_LE(read_group("g/memory.current", NULL), 12000000);
	/* those of no group are not concerned */
	EXPECT_EQ(0, map_put(&self->m, 10000000, 1, HMAP_ANY));
	in.reserve.count = 1000000;
	EXPECT_EQ(0, ioc(self->m.fd, HMAP_IOC_RESERVE, &in.reserve));
	EXPECT_EQ(0, map_check_range(&self->m, 0, 150000));
}

TEST_F(cgroup, a_group_at_its_limit_is_enomem)
{
	struct map *c = &self->c;
	u64 n, i;

	ASSERT_EQ(0, write_file(GROUP "/g/memory.max", "3000000"));
	n = fill_up(c, 0, -ENOMEM);
	TH_LOG("%llu elements, %llu bytes, %lld charged", n, memory_of(c),
	       read_group("g/memory.current", NULL));
	ASSERT_LT(500, n);
	EXPECT_LE(read_group("g/memory.current", NULL), 3000000);
	/* it still has all, and whatever needs no memory goes on */
	EXPECT_EQ(n, dev_count(c->fd));
	EXPECT_EQ(0, map_check_range(c, 0, n));
	for (i = 0; i < n; i += 3)
		ASSERT_EQ(0, map_delete(c, i));
	EXPECT_EQ(n - (n + 2) / 3, dev_count(c->fd));
	/* no task was killed for it */
	EXPECT_EQ(0, read_group("g/memory.events", "oom_kill "));
	/* and with more memory it goes on growing */
	ASSERT_EQ(0, write_file(GROUP "/g/memory.max", "max"));
	EXPECT_EQ(0, map_fill(c, n, n * 3));
	EXPECT_EQ(0, map_check_range(c, n, n * 3));
}

TEST_HARNESS_MAIN
