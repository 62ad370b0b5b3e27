// SPDX-License-Identifier: GPL-2.0
/*
 * COUNT, RESERVE and SHRINK: how many elements there are, and room for more.
 */
#include "hmap_test.h"

FIXTURE(size) {
	struct map m;
};

FIXTURE_VARIANT(size) {
	u32 key_size;
	u32 value_size;
};

FIXTURE_VARIANT_ADD(size, 8_8) { .key_size = 8, .value_size = 8 };
FIXTURE_VARIANT_ADD(size, 200_1000) { .key_size = 200, .value_size = 1000 };

FIXTURE_SETUP(size)
{
	ASSERT_EQ(0, map_load(&self->m, variant->key_size,
			      variant->value_size));
}

FIXTURE_TEARDOWN(size)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

static s64 count_of(int fd)
{
	struct hmap_ioc_count arg = { .size = sizeof(arg), .count = ~0ULL };
	int ret = ioc(fd, HMAP_IOC_COUNT, &arg);

	return ret ? ret : (s64)arg.count;
}

static int reserve(int fd, u64 count)
{
	struct hmap_ioc_count arg = { .size = sizeof(arg), .count = count };
	int ret = ioc(fd, HMAP_IOC_RESERVE, &arg);

	return arg.count == count ? ret : -EBADMSG;
}

static int shrink(int fd)
{
	return dev_plain(fd, HMAP_IOC_SHRINK);
}

static struct hmap_stats stats_of(int fd)
{
	struct hmap_stats stats = {};

	if (dev_stats(fd, &stats))
		abort();
	return stats;
}

TEST_F(size, count_follows_every_change)
{
	struct map *m = &self->m;
	u64 i;

	EXPECT_EQ(0, count_of(m->fd));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
		EXPECT_EQ(i + 1, count_of(m->fd));
		ASSERT_EQ(0, map_put(m, i, i + 1, HMAP_ANY));
		EXPECT_EQ(i + 1, count_of(m->fd));
	}
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, map_delete(m, i));
		EXPECT_EQ(99 - i, count_of(m->fd));
	}
	ASSERT_EQ(0, dev_clear(m->fd));
	EXPECT_EQ(0, count_of(m->fd));
}

TEST_F(size, reserve_makes_room_that_shrink_gives_back)
{
	struct map *m = &self->m;
	struct hmap_stats before, after;

	ASSERT_EQ(0, map_put_range(m, 0, 50));
	before = stats_of(m->fd);
	ASSERT_EQ(0, reserve(m->fd, 3000));
	after = stats_of(m->fd);
	EXPECT_EQ(9, after.B);
	EXPECT_GT(after.memory, before.memory);
	EXPECT_EQ(0, map_check_range(m, 0, 50));

	/* it holds as many without growing */
	ASSERT_EQ(0, map_put_range(m, 50, 1000));
	EXPECT_EQ(after.grows, stats_of(m->fd).grows);
	EXPECT_EQ(0, dev_verify(m->fd));
	ASSERT_EQ(0, map_delete_every(m, 50, 1050, 1));

	ASSERT_EQ(0, shrink(m->fd));
	after = stats_of(m->fd);
	EXPECT_EQ(3, after.B);
	EXPECT_EQ(6, after.shrinks);
	EXPECT_EQ(0, after.present & HMAP_HAS_OLDBUCKETS);
	EXPECT_EQ(0, map_check_range(m, 0, 50));
	EXPECT_EQ(50, count_of(m->fd));
}

TEST_F(size, a_small_reserve_changes_nothing)
{
	struct map *m = &self->m;
	struct hmap_stats before, after;

	ASSERT_EQ(0, map_put_range(m, 0, 200));
	before = stats_of(m->fd);
	ASSERT_EQ(0, reserve(m->fd, 0));
	ASSERT_EQ(0, reserve(m->fd, 100));
	after = stats_of(m->fd);
	EXPECT_EQ(before.B, after.B);
	EXPECT_EQ(before.grows, after.grows);
}

TEST_F(size, an_impossible_reserve_is_einval)
{
	const u64 counts[] = { ~0ULL, 1ULL << 63, 1ULL << 62, 1ULL << 48 };
	struct map *m = &self->m;
	size_t i;

	ASSERT_EQ(0, map_put_range(m, 0, 20));
	for (i = 0; i < ARRAY_LEN(counts); i++) {
		EXPECT_EQ(-EINVAL, reserve(m->fd, counts[i]))
			TH_LOG("%llu", counts[i]);
	}
	EXPECT_EQ(0, map_check_range(m, 0, 20));
	EXPECT_LE(stats_of(m->fd).B, 2);
}

TEST(reserve_beyond_max_entries_is_einval)
{
	struct map m;

	ASSERT_EQ(0, map_load_params(&m, "key_size=8 value_size=8 max_entries=100"));
	EXPECT_EQ(-EINVAL, reserve(m.fd, 101));
	EXPECT_EQ(0, reserve(m.fd, 100));
	EXPECT_EQ(4, stats_of(m.fd).B);
	EXPECT_EQ(0, map_unload(&m));
}

TEST_F(size, a_reserve_beyond_max_bytes_is_enospc)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct map m;

	arg.max_bytes = 10000;
	ASSERT_EQ(0, map_create(&m, self->m.fd, &arg));
	ASSERT_EQ(0, map_put_range(&m, 0, 20));
	EXPECT_EQ(-ENOSPC, reserve(m.fd, 1000));
	EXPECT_EQ(0, map_check_range(&m, 0, 20));
	EXPECT_EQ(0, reserve(m.fd, 50));
	EXPECT_EQ(0, map_close(&m));
}

/* Of an empty map, which is given an array of that size at once. */
TEST_F(size, a_reserve_beyond_the_share_of_the_memory_is_enospc)
{
	struct map *m = &self->m;

	EXPECT_EQ(-ENOSPC, reserve(m->fd, NEEDS_LARGEST));
	EXPECT_EQ(0, stats_of(m->fd).B);
	EXPECT_EQ(0, map_put_range(m, 0, 20));
}

TEST_F(size, without_a_limit_it_is_enomem)
{
	struct map *m = &self->m;
	char params[64];

	ASSERT_EQ(0, map_unload(m));
	snprintf(params, sizeof(params),
		 "key_size=%u value_size=%u max_bytes=0 user_bytes=0", variant->key_size,
		 variant->value_size);
	ASSERT_EQ(0, map_load_params(m, params));
	EXPECT_EQ(-ENOMEM, reserve(m->fd, NEEDS_LARGEST));
	EXPECT_EQ(0, stats_of(m->fd).B);
	EXPECT_EQ(0, map_put_range(m, 0, 20));
}

TEST(shrink_gives_the_hint_up)
{
	struct map m;

	ASSERT_EQ(0, map_load_params(&m, "key_size=8 value_size=8 hint=10000"));
	ASSERT_EQ(0, map_put_range(&m, 0, 10));
	EXPECT_EQ(11, stats_of(m.fd).B);
	EXPECT_EQ(0, shrink(m.fd));
	EXPECT_EQ(1, stats_of(m.fd).B);
	EXPECT_EQ(0, map_check_range(&m, 0, 10));
	EXPECT_EQ(0, map_unload(&m));
}

TEST_F(size, fields_are_checked)
{
	const unsigned int cmds[] = { HMAP_IOC_COUNT, HMAP_IOC_RESERVE };
	struct map *m = &self->m;
	struct hmap_ioc_count arg;
	size_t i;
	u32 bit;

	for (bit = 0; bit < 32; bit++) {
		for (i = 0; i < ARRAY_LEN(cmds); i++) {
			arg = (struct hmap_ioc_count){
				.size = sizeof(arg), .flags = 1U << bit,
				.count = 77,
			};
			EXPECT_EQ(-EINVAL, ioc(m->fd, cmds[i], &arg));
			EXPECT_EQ(77, arg.count);
		}
	}
	EXPECT_EQ(0, stats_of(m->fd).B);
}

TEST_F(size, who_may_write_may_resize_and_anybody_may_count)
{
	struct map *m = &self->m;
	int ro = dev_open(O_RDONLY), wo = dev_open(O_WRONLY), none = dev_open(3);

	ASSERT_EQ(0, map_put_range(m, 0, 20));
	EXPECT_EQ(20, count_of(ro));
	EXPECT_EQ(20, count_of(wo));
	EXPECT_EQ(20, count_of(none));
	EXPECT_EQ(-EACCES, reserve(ro, 1000));
	EXPECT_EQ(-EACCES, reserve(none, 1000));
	EXPECT_EQ(0, reserve(wo, 1000));
	EXPECT_EQ(-EACCES, shrink(ro));
	EXPECT_EQ(-EACCES, shrink(none));
	EXPECT_EQ(0, shrink(wo));
	close(ro);
	close(wo);
	close(none);
}

/* No element changes: a frozen map may still be made smaller. */
TEST_F(size, a_frozen_map_can_be_resized)
{
	struct map *m = &self->m;

	ASSERT_EQ(0, map_put_range(m, 0, 20));
	ASSERT_EQ(0, dev_freeze(m->fd));
	EXPECT_EQ(0, reserve(m->fd, 1000));
	EXPECT_EQ(8, stats_of(m->fd).B);
	EXPECT_EQ(0, shrink(m->fd));
	EXPECT_EQ(2, stats_of(m->fd).B);
	EXPECT_EQ(0, map_check_range(m, 0, 20));
}

/* ---- while others use the map ---- */

static int resizer(void *arg)
{
	int fd = dev_open(O_RDWR), ret = 0, i;

	(void)arg;
	for (i = 0; !ret && i < 20; i++) {
		ret = reserve(fd, 20000);
		if (!ret)
			ret = shrink(fd);
	}
	return ret;
}

TEST_F(size, others_do_not_notice)
{
	struct map *m = &self->m;
	unsigned char seen[500];
	pid_t pid;
	int round;

	ASSERT_EQ(0, map_put_range(m, 0, 500));
	pid = spawn(resizer, NULL);
	for (round = 0; round < 20; round++) {
		ASSERT_EQ(0, map_put(m, 1000 + round, 1, HMAP_ANY));
		ASSERT_EQ(0, map_check_range(m, 0, 500));
		memset(seen, 0, sizeof(seen));
		ASSERT_LE(0, scan_count(m, 50, seen, 500));
		ASSERT_TRUE(all_are(seen, 500, 1));
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, map_check_range(m, 0, 500));
}

TEST_HARNESS_MAIN
