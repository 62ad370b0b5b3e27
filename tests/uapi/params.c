// SPDX-License-Identifier: GPL-2.0
/*
 * The parameters of the module: what is refused, and what the others do.
 */
#include "hmap_test.h"

/* ---- the kernel log ---- */

/* From now on. */
static int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* Whether a line of the module contains both. */
static bool kmsg_says(int fd, const char *a, const char *b)
{
	char line[8192];
	ssize_t n;

	while ((n = read(fd, line, sizeof(line) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;	/* overwritten meanwhile */
		line[n] = 0;
		if (strstr(line, "hmap: ") && strstr(line, a) &&
		    strstr(line, b))
			return true;
	}
	return false;
}

/* ---- what is refused ---- */

#define HINT_OF(n)	"hint=" #n
#define HINT(n)		HINT_OF(n)
#define LARGEST_HINT	HINT(NEEDS_LARGEST)

struct bad {
	const char *params;
	const char *name;	/* the log says this, */
	const char *limit;	/* and this */
};

static const struct bad bad[] = {
	{ "key_size=0", "key_size=0:", "from 1 to 4096" },
	{ "key_size=4097", "key_size=4097:", "from 1 to 4096" },
	{ "key_size=-1", "key_size=-1:", "from 1 to 4096" },
	{ "key_size=4294967304", "key_size=4294967304:", "from 1 to 4096" },
	{ "key_size=99999999999999999999", "key_size=9", "from 1 to 4096" },
	{ "key_size=eight", "key_size=eight:", "from 1 to 4096" },
	{ "key_size=8x", "key_size=8x:", "from 1 to 4096" },
	{ "key_size=", "key_size=:", "from 1 to 4096" },
	{ "value_size=65537", "value_size=65537:", "from 0 to 65536" },
	{ "value_size=-8", "value_size=-8:", "from 0 to 65536" },
	{ "value_size=4294967304", "value_size=4", "from 0 to 65536" },
	{ "value_size=x", "value_size=x:", "from 0 to 65536" },
	{ "hint=-1", "hint=-1:", "from 0 to " },
	{ "hint=18446744073709551616", "hint=18446744073709551616:",
	  "from 0 to " },
	{ "hint=some", "hint=some:", "from 0 to " },
	/* a number, but of no possible map: Go's test of a bogus hint */
	{ "hint=18446744073709551615", "hint=18446744073709551615:", "no map" },
	{ "hint=4611686018427387904", "hint=4611686018427387904:", "no map" },
	{ "hint=4611686018427387904 key_size=4096", "hint=46", "no map" },
	{ "max_entries=-1", "max_entries=-1:", "from 0 to " },
	{ "max_entries=many", "max_entries=many:", "from 0 to " },
	{ "hint=10 max_entries=9", "hint=10:", "max_entries=9" },
};

TEST(wrong_parameters_are_refused_and_the_log_says_why)
{
	size_t i;
	int kmsg;

	ASSERT_EQ(0, module_gone());
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		kmsg = kmsg_open();
		ASSERT_GE(kmsg, 0);
		EXPECT_EQ(-EINVAL, module_load(bad[i].params))
			TH_LOG("%s", bad[i].params);
		EXPECT_FALSE(module_loaded());
		EXPECT_TRUE(kmsg_says(kmsg, bad[i].name, bad[i].limit))
			TH_LOG("no word about %s", bad[i].params);
		close(kmsg);
	}
	/* a parameter without a value is the kernel's to refuse */
	EXPECT_EQ(-EINVAL, module_load("key_size"));
	EXPECT_FALSE(module_loaded());
}

/* Possible, but not on this machine: by default the share of RAM says so. */
TEST(a_hint_beyond_the_memory_is_refused)
{
	int kmsg = kmsg_open();

	ASSERT_EQ(0, module_gone());
	EXPECT_EQ(-ENOSPC, module_load(LARGEST_HINT));
	EXPECT_FALSE(module_loaded());
	EXPECT_TRUE(kmsg_says(kmsg, LARGEST_HINT ":", "max_bytes="));
	EXPECT_EQ(-ENOMEM, module_load(LARGEST_HINT " max_bytes=0 user_bytes=0"));
	EXPECT_FALSE(module_loaded());
	EXPECT_TRUE(kmsg_says(kmsg, "no memory", LARGEST_HINT " "));
	close(kmsg);
}

/* ---- what the others do ---- */

struct good {
	const char *params;
	u32 key_size;
	u32 value_size;
	u64 hint;
	u64 max_entries;
};

static const struct good good[] = {
	{ "", 8, 8, 0, 0 },
	{ "key_size=1 value_size=0", 1, 0, 0, 0 },
	{ "key_size=4096 value_size=65536", 4096, 65536, 0, 0 },
	{ "key_size=0x10 value_size=0x20", 16, 32, 0, 0 },
	{ "hint=1000", 8, 8, 1000, 0 },
	{ "hint=10 max_entries=10", 8, 8, 10, 10 },
	{ "max_entries=18446744073709551615", 8, 8, 0, UINT64_MAX },
};

static bool info_agrees(const struct hmap_ioc_info *info,
			const struct good *good)
{
	return info->size == sizeof(*info) && !info->flags &&
	       info->abi_version == HMAP_ABI_VERSION &&
	       info->key_size == good->key_size &&
	       info->value_size == good->value_size &&
	       info->max_key_size == HMAP_MAX_KEY_SIZE &&
	       info->max_value_size == HMAP_MAX_VALUE_SIZE &&
	       info->max_inline_size == HMAP_MAX_INLINE_SIZE &&
	       info->max_entries == good->max_entries &&
	       info->hint == good->hint;
}

TEST(info_tells_the_parameters)
{
	struct hmap_ioc_info info;
	struct map m;
	size_t i;

	for (i = 0; i < ARRAY_LEN(good); i++) {
		ASSERT_EQ(0, map_load_params(&m, good[i].params))
			TH_LOG("%s", good[i].params);
		memset(&info, POISON, sizeof(info));
		EXPECT_EQ(0, dev_info(m.fd, &info));
		EXPECT_TRUE(info_agrees(&info, &good[i]))
			TH_LOG("%s", good[i].params);
		EXPECT_EQ(0, map_put_range(&m, 0, 5));
		EXPECT_EQ(0, map_check_range(&m, 0, 5));
		EXPECT_EQ(0, map_unload(&m));
	}
}

static u64 sysfs_number(const char *name, mode_t *mode)
{
	char path[128], text[64] = "";
	struct stat st = {};
	int fd;

	snprintf(path, sizeof(path), "/sys/module/hmap/parameters/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return UINT64_MAX;
	if (fstat(fd, &st) || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	*mode = st.st_mode & 0777;
	return strtoull(text, NULL, 10);
}

TEST(sysfs_shows_the_parameters)
{
	const char *params = "key_size=3 value_size=4 hint=5 max_entries=6";
	mode_t mode = 0;
	struct map m;

	ASSERT_EQ(0, map_load_params(&m, params));
	EXPECT_EQ(3, sysfs_number("key_size", &mode));
	EXPECT_EQ(0444, mode);
	EXPECT_EQ(4, sysfs_number("value_size", &mode));
	EXPECT_EQ(0444, mode);
	EXPECT_EQ(5, sysfs_number("hint", &mode));
	EXPECT_EQ(0444, mode);
	EXPECT_EQ(6, sysfs_number("max_entries", &mode));
	EXPECT_EQ(0444, mode);
	EXPECT_EQ(0, map_unload(&m));
}

/* Go's TestMapBuckets: as many buckets as the hint needs, at 6.5 a bucket. */
TEST(a_hint_makes_room_at_once)
{
	static const struct {
		u32 hint;
		u32 B;
	} table[] = {
		{ 0, 0 }, { 1, 0 }, { 8, 0 }, { 9, 1 }, { 13, 1 }, { 14, 2 },
		{ 26, 2 }, { 27, 3 }, { 52, 3 }, { 53, 4 }, { 1000, 8 },
		{ 100000, 14 },
	};
	struct hmap_stats s;
	char params[32];
	struct map m;
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		snprintf(params, sizeof(params), "hint=%u", table[i].hint);
		ASSERT_EQ(0, map_load_params(&m, params));
		ASSERT_EQ(0, dev_stats(m.fd, &s));
		EXPECT_EQ(table[i].B, s.B);
		EXPECT_EQ(!!table[i].B, !!(s.present & HMAP_HAS_BUCKETS));
		EXPECT_EQ(0, map_fill(&m, 0, table[i].hint % 100000));
		ASSERT_EQ(0, dev_stats(m.fd, &s));
		EXPECT_EQ(table[i].B, s.B);
		EXPECT_EQ(0, s.grows);
		EXPECT_EQ(0, map_unload(&m));
	}
}

TEST(a_full_map_is_enospc)
{
	struct map m;
	u32 i;

	ASSERT_EQ(0, map_load_params(&m, "max_entries=100"));
	ASSERT_EQ(0, map_put_range(&m, 0, 100));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-ENOSPC, map_put(&m, 100, 1, HMAP_ANY));
		EXPECT_EQ(-ENOSPC, map_put(&m, 100, 1, HMAP_NOEXIST));
		EXPECT_EQ(-ENOENT, map_put(&m, 100, 1, HMAP_EXIST));
		EXPECT_EQ(-ENOENT, map_has(&m, 100));
		EXPECT_EQ(100, dev_count(m.fd));
		/* what is there can be overwritten */
		EXPECT_EQ(0, map_put(&m, 7, 7, HMAP_ANY));
		EXPECT_EQ(0, map_put(&m, 8, 8, HMAP_EXIST));
		EXPECT_EQ(-EEXIST, map_put(&m, 9, 1, HMAP_NOEXIST));
		/* and replaced */
		EXPECT_EQ(0, map_delete(&m, 50));
		EXPECT_EQ(0, map_put(&m, 50, 50, HMAP_NOEXIST));
	}
	EXPECT_EQ(0, map_check_range(&m, 0, 100));
	EXPECT_EQ(0, dev_clear(m.fd));
	EXPECT_EQ(0, map_put_range(&m, 1000, 100));
	EXPECT_EQ(-ENOSPC, map_put(&m, 0, 0, HMAP_ANY));
	EXPECT_EQ(0, map_unload(&m));
}

TEST_HARNESS_MAIN
