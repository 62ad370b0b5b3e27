// SPDX-License-Identifier: GPL-2.0
/*
 * SCAN: keys or values alone, keys with a prefix, a start anywhere.
 */
#include <limits.h>

#include "hmap_test.h"

#define KEYS		1500
#define PREFIXES	5

FIXTURE(select) {
	struct map m;
	unsigned char seen[KEYS];
};

FIXTURE_VARIANT(select) {
	u32 key_size;
	u32 value_size;
};

FIXTURE_VARIANT_ADD(select, 8_8) { .key_size = 8, .value_size = 8 };
FIXTURE_VARIANT_ADD(select, 16_0) { .key_size = 16, .value_size = 0 };
FIXTURE_VARIANT_ADD(select, 12_5) { .key_size = 12, .value_size = 5 };
FIXTURE_VARIANT_ADD(select, 300_200) { .key_size = 300, .value_size = 200 };

FIXTURE_SETUP(select)
{
	ASSERT_EQ(0, map_load(&self->m, variant->key_size,
			      variant->value_size));
}

FIXTURE_TEARDOWN(select)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* Key number @i begins with @i % PREFIXES in two bytes, and ends with @i. */
static void prefixed_key(const struct map *m, char *key, u64 i)
{
	u32 number = i;

	memset(key, 0, m->key_size);
	key[1] = i % PREFIXES;
	memcpy(key + m->key_size - sizeof(number), &number, sizeof(number));
}

static u32 prefixed_number(const struct map *m, const struct scan *s, u32 i)
{
	u32 number;

	memcpy(&number, (char *)s->keys + (i + 1) * m->key_size - sizeof(number),
	       sizeof(number));
	return number;
}

static int fill_map(struct map *m)
{
	struct hmap_ioc_elem elem = elem_arg(m);
	int ret = 0;
	u64 i;

	for (i = 0; !ret && i < KEYS; i++) {
		prefixed_key(m, m->key, i);
		make_value(m, m->value, i);
		ret = ioc(m->fd, HMAP_IOC_PUT, &elem);
	}
	return ret;
}

/* A whole scan; -EBADMSG: a key or value that is wrong. */
static int scan_all(struct map *m, struct scan *s, unsigned char *seen)
{
	u32 i, n;
	int ret;

	s->arg.cursor = (struct hmap_cursor){};
	while (!(ret = scan_next(m, s)) && s->arg.count) {
		if (s->arg.count > s->arg.capacity)
			return -EOVERFLOW;
		for (i = 0; s->arg.keys && i < s->arg.count; i++) {
			n = prefixed_number(m, s, i);
			if (n >= KEYS)
				return -EBADMSG;
			if (s->arg.values && !value_is(m, scan_value(m, s, i), n))
				return -EBADMSG;
			seen[n]++;
		}
	}
	return ret;
}

static const u32 capacities[] = { 1, 2, 7, 64, KEYS, 3 * KEYS };

/* Which keys are to come. */
static bool only_prefix(const unsigned char *seen, int prefix)
{
	u32 i;

	for (i = 0; i < KEYS; i++)
		if (seen[i] != (prefix < 0 || i % PREFIXES == prefix))
			return false;
	return true;
}

TEST_F(select, a_prefix_brings_its_keys_once)
{
	struct map *m = &self->m;
	char *prefix = guarded(2);
	struct scan s;
	size_t i;

	ASSERT_EQ(0, fill_map(m));
	prefix[0] = 0;
	for (i = 0; i < ARRAY_LEN(capacities); i++) {
		s = scan_begin(m, capacities[i]);
		for (prefix[1] = 0; prefix[1] < PREFIXES; prefix[1]++) {
			memset(self->seen, 0, KEYS);
			s.arg.prefix = addr(prefix);
			s.arg.prefix_size = 2;
			ASSERT_EQ(0, scan_all(m, &s, self->seen));
			EXPECT_TRUE(only_prefix(self->seen, prefix[1]));
		}
		/* there is no such key, and the call says so by itself */
		s.arg.cursor = (struct hmap_cursor){};
		EXPECT_EQ(0, scan_next(m, &s));
		EXPECT_EQ(0, s.arg.count);
		/* one byte is the same for all */
		memset(self->seen, 0, KEYS);
		s.arg.prefix_size = 1;
		ASSERT_EQ(0, scan_all(m, &s, self->seen));
		EXPECT_TRUE(only_prefix(self->seen, -1));
		scan_end(m, &s);
	}
}

TEST_F(select, a_prefix_may_be_all_of_a_key)
{
	struct map *m = &self->m;
	struct scan s = scan_begin(m, 3);

	ASSERT_EQ(0, fill_map(m));
	prefixed_key(m, m->key, 777);
	s.arg.prefix = addr(m->key);
	s.arg.prefix_size = m->key_size;
	ASSERT_EQ(0, scan_next(m, &s));
	ASSERT_EQ(1, s.arg.count);
	EXPECT_EQ(777, prefixed_number(m, &s, 0));
	EXPECT_TRUE(is_poison((char *)s.keys + m->key_size, 2 * m->key_size));
	EXPECT_TRUE(is_poison(scan_value(m, &s, 1), 2 * m->value_size));
	ASSERT_EQ(0, scan_next(m, &s));
	EXPECT_EQ(0, s.arg.count);
}

TEST_F(select, keys_alone)
{
	struct map *m = &self->m;
	struct scan s = scan_begin(m, 70);

	ASSERT_EQ(0, fill_map(m));
	s.arg.values = 0;
	ASSERT_EQ(0, scan_all(m, &s, self->seen));
	EXPECT_TRUE(only_prefix(self->seen, -1));
	s.arg.value_size = 0;
	memset(self->seen, 0, KEYS);
	ASSERT_EQ(0, scan_all(m, &s, self->seen));
	EXPECT_TRUE(only_prefix(self->seen, -1));
	EXPECT_TRUE(is_poison(s.values, 70 * m->value_size));
}

/* The number of a value, by trying all. */
static int value_number(const struct map *m, const void *value)
{
	int i;

	for (i = 0; i < KEYS; i++)
		if (value_is(m, value, i))
			return i;
	return -1;
}

TEST_F(select, values_alone_also_with_a_prefix)
{
	char prefix[2] = { 0, 3 };
	struct map *m = &self->m;
	struct scan s = scan_begin(m, 70);
	u32 total = 0, i;
	int n;

	if (!m->value_size)
		return;
	ASSERT_EQ(0, fill_map(m));
	s.arg.keys = 0;
	s.arg.prefix = addr(prefix);
	s.arg.prefix_size = 2;
	do {
		ASSERT_EQ(0, scan_next(m, &s));
		for (i = 0; i < s.arg.count; i++) {
			n = value_number(m, scan_value(m, &s, i));
			ASSERT_GE(n, 0);
			EXPECT_EQ(3, n % PREFIXES);
			EXPECT_EQ(0, self->seen[n]++);
		}
		total += s.arg.count;
	} while (s.arg.count);
	EXPECT_EQ(KEYS / PREFIXES, total);
	EXPECT_TRUE(is_poison(s.keys, 70 * m->key_size));
}

/* ---- a start anywhere ---- */

TEST_F(select, a_random_scan_brings_all_keys_once)
{
	struct map *m = &self->m;
	struct scan s;
	size_t i;
	int round;

	ASSERT_EQ(0, fill_map(m));
	for (i = 0; i < ARRAY_LEN(capacities); i++) {
		s = scan_begin(m, capacities[i]);
		for (round = 0; round < 5; round++) {
			memset(self->seen, 0, KEYS);
			s.arg.flags = HMAP_SCAN_RANDOM;
			ASSERT_EQ(0, scan_all(m, &s, self->seen));
			EXPECT_TRUE(only_prefix(self->seen, -1));
		}
		scan_end(m, &s);
	}
}

TEST_F(select, a_random_scan_goes_on_without_the_flag_and_over_growth)
{
	struct map *m = &self->m;
	struct scan s = scan_begin(m, 10);
	u32 i, n, round;
	int ret;

	ASSERT_EQ(0, fill_map(m));
	s.arg.flags = HMAP_SCAN_RANDOM;
	for (round = 0; !(ret = scan_next(m, &s)) && s.arg.count; round++) {
		for (i = 0; i < s.arg.count; i++) {
			n = prefixed_number(m, &s, i);
			if (n < KEYS)
				self->seen[n]++;
		}
		s.arg.flags = round & 1 ? HMAP_SCAN_RANDOM : 0;
		for (i = 0; round < 100 && i < 40; i++) {
			struct hmap_ioc_elem elem = elem_arg(m);

			prefixed_key(m, m->key, KEYS + round * 40 + i);
			ASSERT_EQ(0, ioc(m->fd, HMAP_IOC_PUT, &elem));
		}
	}
	EXPECT_EQ(0, ret);
	EXPECT_TRUE(only_prefix(self->seen, -1));
}

/* 20 starts in 1500 elements are not all the same, but once in 10^60 times. */
TEST_F(select, random_scans_begin_in_different_places)
{
	struct map *m = &self->m;
	struct scan s = scan_begin(m, 1);
	u32 first = 0, different = 0, i;

	ASSERT_EQ(0, fill_map(m));
	for (i = 0; i < 20; i++) {
		s.arg.flags = HMAP_SCAN_RANDOM;
		s.arg.cursor = (struct hmap_cursor){};
		ASSERT_EQ(0, scan_next(m, &s));
		ASSERT_EQ(1, s.arg.count);
		if (i == 0)
			first = prefixed_number(m, &s, 0);
		different += prefixed_number(m, &s, 0) != first;
	}
	EXPECT_GT(different, 0);
}

TEST_F(select, a_random_scan_of_an_empty_map_ends)
{
	struct map *m = &self->m;
	struct scan s = scan_begin(m, 1);

	s.arg.flags = HMAP_SCAN_RANDOM;
	EXPECT_EQ(0, scan_next(m, &s));
	EXPECT_EQ(0, s.arg.count);
	EXPECT_EQ(0, scan_next(m, &s));
	EXPECT_EQ(0, s.arg.count);
}

/* ---- what is refused ---- */

TEST_F(select, fields_are_checked)
{
	struct map *m = &self->m;
	const struct scan good = scan_begin(m, 5);
	char prefix[HMAP_MAX_KEY_SIZE] = {};
	struct scan bad[8];
	size_t i;

	ASSERT_EQ(0, fill_map(m));
	for (i = 0; i < ARRAY_LEN(bad); i++)
		bad[i] = good;
	bad[0].arg.flags = 2;
	bad[1].arg.flags = HMAP_SCAN_RANDOM | 1U << 31;
	bad[2].arg.reserved = 1;
	bad[3].arg.prefix = addr(prefix);
	bad[4].arg.prefix = addr(prefix);
	bad[4].arg.prefix_size = m->key_size + 1;
	bad[5].arg.prefix = addr(prefix);
	bad[5].arg.prefix_size = UINT_MAX;
	bad[6].arg.keys = 0;
	bad[6].arg.values = 0;
	bad[7].arg.keys = 0;
	bad[7].arg.value_size = 0;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		EXPECT_EQ(-EINVAL, scan_next(m, &bad[i])) TH_LOG("%zu", i);
		EXPECT_EQ(0, bad[i].arg.count);
		EXPECT_EQ(0, bad[i].arg.cursor.place);
		EXPECT_EQ(0, bad[i].arg.cursor.start);
	}
	EXPECT_TRUE(is_poison(good.keys, 5 * m->key_size));
}

TEST_F(select, a_prefix_that_cannot_be_read_is_efault)
{
	struct map *m = &self->m;
	char *prefix = guarded(3);
	struct scan s = scan_begin(m, 5);

	ASSERT_EQ(0, fill_map(m));
	s.arg.prefix = addr(prefix + 1);
	s.arg.prefix_size = 3;
	EXPECT_EQ(-EFAULT, scan_next(m, &s));
	s.arg.prefix = 0;
	EXPECT_EQ(-EFAULT, scan_next(m, &s));
	EXPECT_EQ(0, s.arg.count);
	EXPECT_EQ(0, s.arg.cursor.place);
	EXPECT_TRUE(is_poison(s.keys, 5 * m->key_size));
}

TEST_HARNESS_MAIN
