// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading the module: refused while it is in use, and nothing
 * left behind. HMAP_EXAMPLE_KO is the example module.
 */
#include "hmap_test.h"

FIXTURE(lifecycle) {
	struct map m;
};

FIXTURE_SETUP(lifecycle)
{
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
}

FIXTURE_TEARDOWN(lifecycle)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* The test's own file goes, and then the module. */
#define UNLOAD_NOW() do {						\
	close(self->m.fd);						\
	self->m.fd = -1;						\
	EXPECT_EQ(0, module_unload());					\
} while (0)

TEST_F(lifecycle, the_module_stays_while_a_file_is_open)
{
	int fd = dev_open(O_RDONLY), copy = dup(fd);

	ASSERT_EQ(0, map_put_range(&self->m, 0, 100));
	close(self->m.fd);
	self->m.fd = -1;
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	close(fd);
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	self->m.fd = copy;
	EXPECT_EQ(0, map_check_range(&self->m, 0, 100));
	UNLOAD_NOW();
	EXPECT_FALSE(module_loaded());
	EXPECT_EQ(-ENOENT, dev_open(O_RDONLY));
	EXPECT_EQ(-ENOENT, module_unload());
}

static int wait_for_end(void *arg)
{
	pause();
	return 0;
}

/* The kernel closes the files of a killed process a little later. */
TEST_F(lifecycle, the_file_of_a_killed_process_is_closed)
{
	pid_t pid = spawn(wait_for_end, NULL);

	close(self->m.fd);
	self->m.fd = -1;
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	kill(pid, SIGKILL);
	EXPECT_TRUE(WIFSIGNALED(reap(pid)));
	EXPECT_EQ(0, module_unload());
}

TEST_F(lifecycle, the_module_loads_once)
{
	EXPECT_EQ(-EEXIST, module_load(""));
	EXPECT_EQ(0, map_put_range(&self->m, 0, 10));
}

TEST_F(lifecycle, nothing_of_the_map_survives)
{
	ASSERT_EQ(0, map_put_range(&self->m, 0, 100));
	UNLOAD_NOW();
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
	EXPECT_EQ(0, dev_count(self->m.fd));
	EXPECT_EQ(-ENOENT, map_has(&self->m, 1));
}

TEST_F(lifecycle, another_module_can_use_the_map)
{
	const char *example = getenv("HMAP_EXAMPLE_KO");
	int i;

	if (!example)
		SKIP(return, "HMAP_EXAMPLE_KO is not set");
	close(self->m.fd);
	self->m.fd = -1;
	for (i = 0; i < 5; i++) {
		/* it checks itself when it is loaded */
		ASSERT_EQ(0, load_file(example, ""));
		EXPECT_EQ(-EWOULDBLOCK, module_unload());
		EXPECT_EQ(0, unload_name("hmap_example"));
	}
	EXPECT_EQ(0, module_unload());
	/* without the map there is nothing to link to */
	EXPECT_EQ(-ENOENT, load_file(example, ""));
}

/* ---- memory ---- */

/* Kilobytes of a line of /proc/meminfo. */
static long kilobytes(const char *name)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = -1;

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, name, strlen(name)))
			kb = strtol(line + strlen(name), NULL, 10);
	}
	if (f)
		fclose(f);
	return kb;
}

/*
 * Such a kernel keeps records and freed memory of its own, which would have to
 * be told from leaks. It finds those better itself.
 */
static bool has_kmemleak(void)
{
	FILE *f = fopen("/proc/slabinfo", "r");
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "kmemleak_object", 15);
	if (f)
		fclose(f);
	return found;
}

struct memory {
	long slab;
	long vmalloc;
	long available;
};

/* Slab pages on per-CPU lists and the like are not leaks. */
static struct memory memory_now(void)
{
	write_file("/proc/sys/vm/drop_caches", "3");
	return (struct memory){
		.slab = kilobytes("Slab:"),
		.vmalloc = kilobytes("VmallocUsed:"),
		.available = kilobytes("MemAvailable:"),
	};
}

/* Fill a map, replace a third of it, delete another. */
static int use_the_map(u32 key_size, u32 value_size, u64 n)
{
	struct map m;
	int ret, unloaded;

	ret = map_load(&m, key_size, value_size);
	if (ret)
		return ret;
	ret = map_fill(&m, 0, n);
	if (!ret)
		ret = map_fill(&m, 0, n / 3);
	if (!ret)
		ret = map_delete_every(&m, 1, n, 3);
	unloaded = map_unload(&m);
	return ret ? ret : unloaded;
}

static int use_the_map_often(u32 times, u32 key_size, u32 value_size, u64 n)
{
	int ret = 0;

	while (!ret && times--)
		ret = use_the_map(key_size, value_size, n);
	return ret;
}

/* A seventh of a map, left behind each time, would be too much. */
static void must_not_leak(struct __test_metadata *_metadata, u32 key_size,
			  u32 value_size, u64 n)
{
	struct memory before, after;

	/* Free pages that a processor keeps to itself count as taken. */
	write_file("/proc/sys/vm/percpu_pagelist_high_fraction", "100000");
	ASSERT_EQ(0, use_the_map_often(3, key_size, value_size, n));
	before = memory_now();
	ASSERT_EQ(0, use_the_map_often(50, key_size, value_size, n));
	after = memory_now();
	if (has_kmemleak())
		SKIP(return, "kmemleak looks for leaks in this kernel");
	TH_LOG("kB before: slab %ld vmalloc %ld available %ld", before.slab,
	       before.vmalloc, before.available);
	TH_LOG("kB after:  slab %ld vmalloc %ld available %ld", after.slab,
	       after.vmalloc, after.available);
	EXPECT_LT(after.slab - before.slab, 1500);
	EXPECT_LT(after.vmalloc - before.vmalloc, 500);
	EXPECT_LT(before.available - after.available, 6000);
}

TEST(a_map_of_words_leaks_nothing)
{
	must_not_leak(_metadata, 8, 8, 3000);
}

TEST(a_map_of_large_elements_leaks_nothing)
{
	must_not_leak(_metadata, 200, 1000, 300);
}

/* Empty maps: what a leak of little things for each load would show. */
TEST(loading_and_unloading_leaks_nothing)
{
	struct memory before, after;
	int i;

	ASSERT_EQ(0, module_gone());
	for (i = 0; i < 70; i++) {
		if (i == 20)
			before = memory_now();
		ASSERT_EQ(0, module_load(""));
		ASSERT_EQ(0, module_unload());
	}
	after = memory_now();
	if (has_kmemleak())
		SKIP(return, "kmemleak looks for leaks in this kernel");
	EXPECT_LT(after.slab - before.slab, 1500);
	EXPECT_LT(after.vmalloc - before.vmalloc, 500);
}

TEST_HARNESS_MAIN
