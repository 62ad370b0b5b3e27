// SPDX-License-Identifier: GPL-2.0
/*
 * SCAN: every element exactly once, whatever happens meanwhile.
 */
#include "hmap_test.h"

#define MAX_KEYS	20000

static unsigned char seen[MAX_KEYS];

FIXTURE(scan) {
	struct map m;
};

FIXTURE_VARIANT(scan) {
	u32 key_size;
	u32 value_size;
	u32 keys;
};

FIXTURE_VARIANT_ADD(scan, words) {
	.key_size = 8, .value_size = 8, .keys = 3000,
};

FIXTURE_VARIANT_ADD(scan, set) {
	.key_size = 8, .value_size = 0, .keys = 3000,
};

FIXTURE_VARIANT_ADD(scan, out_of_line) {
	.key_size = 200, .value_size = 1000, .keys = 500,
};

/* One of these is more than the kernel copies at a time. */
FIXTURE_VARIANT_ADD(scan, largest) {
	.key_size = 4096, .value_size = 65536, .keys = 30,
};

FIXTURE_SETUP(scan)
{
	ASSERT_EQ(0, map_load(&self->m, variant->key_size,
			      variant->value_size));
}

FIXTURE_TEARDOWN(scan)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

static bool at_end(const struct hmap_cursor *cursor)
{
	return cursor->place == UINT64_MAX && cursor->tie == UINT64_MAX;
}

TEST_F(scan, an_empty_map_ends_at_once)
{
	struct scan s = scan_begin(&self->m, 5);
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, scan_next(&self->m, &s));
		EXPECT_EQ(0, s.arg.count);
		EXPECT_TRUE(at_end(&s.arg.cursor));
		EXPECT_TRUE(is_poison(s.keys, 5 * self->m.key_size));
		EXPECT_TRUE(is_poison(s.values, 5 * self->m.value_size));
		/* the second time with buckets */
		ASSERT_EQ(0, map_put_range(&self->m, 0, 10));
		ASSERT_EQ(0, dev_clear(self->m.fd));
		s.arg.cursor = (struct hmap_cursor){};
	}
}

/* Elements below @n, their values, and nothing behind the last one. */
static int check_part(const struct map *m, struct scan *s, u64 n)
{
	u32 capacity = s->arg.capacity, count = s->arg.count, i;
	u64 k;

	if (count > capacity)
		return -EOVERFLOW;
	for (i = 0; i < count; i++) {
		k = scan_key(m, s, i);
		if (k >= n)
			return -ERANGE;
		seen[k]++;
		if (s->arg.values && !value_is(m, scan_value(m, s, i), k))
			return -EBADMSG;
	}
	if (!is_poison((char *)s->keys + (size_t)count * m->key_size,
		       (size_t)(capacity - count) * m->key_size) ||
	    !is_poison((char *)s->values + (size_t)count * m->value_size,
		       (size_t)(capacity - count) * m->value_size))
		return -EILSEQ;
	return 0;
}

static int scan_all_of(const struct map *m, u64 n, u32 capacity,
		       bool values)
{
	struct scan s = scan_begin(m, capacity);
	int ret;

	if (!values) {
		s.arg.value_size = 0;
		s.arg.values = 0;
	}
	memset(seen, 0, n);
	do {
		memset(s.keys, POISON, (size_t)capacity * m->key_size);
		memset(s.values, POISON, (size_t)capacity * m->value_size);
		ret = scan_next(m, &s);
		if (!ret)
			ret = check_part(m, &s, n);
	} while (!ret && s.arg.count);
	if (!ret && !all_are(seen, n, 1))
		ret = -ENODATA;
	if (!ret && !at_end(&s.arg.cursor))
		ret = -ESPIPE;
	scan_end(m, &s);
	return ret;
}

TEST_F(scan, elements_come_once_whatever_the_capacity)
{
	static const u32 capacities[] = { 1, 2, 7, 8, 9, 31, 100, 3500 };
	struct map *m = &self->m;
	u32 n = 0, i;

	while (n < variant->keys) {
		ASSERT_EQ(0, map_put_range(m, n, 1 + n));
		n += 1 + n;
		for (i = 0; i < ARRAY_LEN(capacities); i++) {
			if (capacities[i] > 100 && m->value_size > 4096)
				continue;
			EXPECT_EQ(0, scan_all_of(m, n, capacities[i], true))
				TH_LOG("%u keys, capacity %u", n,
				       capacities[i]);
		}
		EXPECT_EQ(0, scan_all_of(m, n, 64, false));
	}
}

/* A full buffer is not the end, and what is not the end is a full buffer. */
TEST_F(scan, a_call_returns_as_many_as_there_are_or_fit)
{
	struct map *m = &self->m;
	u32 n = variant->keys;
	struct scan s = scan_begin(m, n - 1);

	ASSERT_EQ(0, map_put_range(m, 0, n));
	ASSERT_EQ(0, scan_next(m, &s));
	EXPECT_EQ(n - 1, s.arg.count);
	ASSERT_EQ(0, scan_next(m, &s));
	EXPECT_EQ(1, s.arg.count);
	ASSERT_EQ(0, scan_next(m, &s));
	EXPECT_EQ(0, s.arg.count);
}

TEST_F(scan, the_end_stays_the_end)
{
	struct map *m = &self->m;
	struct scan s = scan_begin(m, 5);

	ASSERT_EQ(0, map_put_range(m, 0, 20));
	memset(&s.arg.cursor, 0xff, sizeof(s.arg.cursor));
	ASSERT_EQ(0, scan_next(m, &s));
	EXPECT_EQ(0, s.arg.count);
	EXPECT_TRUE(at_end(&s.arg.cursor));
}

/* A cursor is opaque, but any bytes at all are one. */
TEST_F(scan, any_cursor_is_safe)
{
	struct map *m = &self->m;
	struct scan s = scan_begin(m, 5);
	u32 i;

	ASSERT_EQ(0, map_put_range(m, 0, variant->keys));
	for (i = 0; i < 500; i++) {
		s.arg.cursor.place = rnd() << rnd_below(64);
		s.arg.cursor.tie = rnd_below(2) ? rnd() : rnd_below(2) - 1;
		ASSERT_EQ(0, scan_next(m, &s));
		ASSERT_LE(s.arg.count, 5);
		if (s.arg.count) {
			ASSERT_LT(scan_key(m, &s, s.arg.count - 1),
				  variant->keys);
		}
	}
}

TEST_F(scan, a_capacity_beyond_the_buffer_does_not_matter)
{
	struct map *m = &self->m;
	struct scan s = scan_begin(m, 20);

	ASSERT_EQ(0, map_put_range(m, 0, 20));
	s.arg.capacity = UINT32_MAX;
	ASSERT_EQ(0, scan_next(m, &s));
	EXPECT_EQ(20, s.arg.count);
}

/* ---- a fault in the middle ---- */

/*
 * The buffers end after 10 elements but should hold 2000: what was delivered
 * is counted, and the cursor stands behind it.
 */
static int scan_with_fault(struct map *m, u32 n, bool fault_in_values)
{
	struct scan s = scan_begin(m, n);
	char *keys = s.keys, *values = s.values;
	char *bad = guarded(n / 3 * (fault_in_values ? m->value_size :
				     m->key_size));
	u32 i, total = 0;
	int ret, faults = 0;

	memset(seen, 0, n);
	s.arg.keys = addr(keys);
	if (fault_in_values)
		s.arg.values = addr(bad);
	else
		s.arg.keys = addr(bad);
	for (;;) {
		ret = scan_next(m, &s);
		if (ret && ret != -EFAULT)
			return ret;
		if (!ret && !s.arg.count)
			break;
		if (s.arg.count > n || (ret && s.arg.count > n / 3))
			return -EOVERFLOW;
		s.keys = fault_in_values || faults ? keys : bad;
		for (i = 0; i < s.arg.count; i++)
			seen[scan_key(m, &s, i) % n]++;
		total += s.arg.count;
		faults += !!ret;
		/* go on with good ones */
		s.arg.keys = addr(keys);
		if (m->value_size)
			s.arg.values = addr(values);
	}
	return total == n && faults == 1 && all_are(seen, n, 1) ? 0 : -ENODATA;
}

TEST_F(scan, a_fault_loses_nothing)
{
	ASSERT_EQ(0, map_put_range(&self->m, 0, variant->keys));
	EXPECT_EQ(0, scan_with_fault(&self->m, variant->keys, false));
	if (!variant->value_size)
		return;
	EXPECT_EQ(0, scan_with_fault(&self->m, variant->keys, true));
}

TEST_F(scan, a_fault_at_the_first_element_moves_nothing)
{
	struct map *m = &self->m;
	struct scan s = scan_begin(m, 5);

	ASSERT_EQ(0, map_put_range(m, 0, 20));
	s.arg.keys = 8;
	EXPECT_EQ(-EFAULT, scan_next(m, &s));
	EXPECT_EQ(0, s.arg.count);
	EXPECT_EQ(0, s.arg.cursor.place);
	EXPECT_EQ(0, s.arg.cursor.tie);
	s.arg.keys = addr(s.keys);
	if (!m->value_size)
		return;
	s.arg.values = 8;
	EXPECT_EQ(-EFAULT, scan_next(m, &s));
	EXPECT_EQ(0, s.arg.count);
	EXPECT_EQ(0, s.arg.cursor.place);
}

/* ---- a map that changes between the calls ---- */

/* Half of the keys are there from start to end: those come exactly once. */
TEST_F(scan, growth_in_between_repeats_and_loses_nothing)
{
	struct map *m = &self->m;
	u32 half = variant->keys / 2, next = half;
	struct scan s = scan_begin(m, 3);
	u32 i;

	ASSERT_EQ(0, map_put_range(m, 0, half));
	memset(seen, 0, variant->keys);
	for (;;) {
		ASSERT_EQ(0, scan_next(m, &s));
		if (!s.arg.count)
			break;
		for (i = 0; i < s.arg.count; i++)
			seen[scan_key(m, &s, i)]++;
		if (next + 5 > variant->keys)
			continue;
		ASSERT_EQ(0, map_put_range(m, next, 5));
		next += 5;
	}
	EXPECT_TRUE(all_are(seen, half, 1));
	EXPECT_EQ(NULL, memchr(seen + half, 2, variant->keys - half));
}

/* Go's TestIterGrowAndDelete: nothing comes after it was deleted. */
TEST_F(scan, what_is_deleted_in_between_does_not_come)
{
	struct map *m = &self->m;
	u32 n = variant->keys;
	struct scan s = scan_begin(m, 1);
	bool deleted = false;
	u32 calls = 0;
	u64 k;

	ASSERT_EQ(0, map_put_range(m, 0, n));
	memset(seen, 0, n);
	while (!at_end(&s.arg.cursor)) {
		ASSERT_EQ(0, scan_next(m, &s));
		if (!s.arg.count)
			break;
		k = scan_key(m, &s, 0);
		EXPECT_FALSE(deleted && (k & 1));
		seen[k]++;
		if (++calls == n / 4) {
			ASSERT_EQ(0, map_delete_every(m, 1, n, 2));
			deleted = true;
		}
	}
	for (k = 0; k < n; k++) {
		EXPECT_TRUE(seen[k] == 1 || ((k & 1) && !seen[k]))
			TH_LOG("key %llu came %u times", k, seen[k]);
	}
}

TEST_F(scan, a_clear_in_between_ends_it)
{
	struct map *m = &self->m;
	struct scan s = scan_begin(m, 3);

	ASSERT_EQ(0, map_put_range(m, 0, variant->keys));
	ASSERT_EQ(0, scan_next(m, &s));
	ASSERT_EQ(3, s.arg.count);
	ASSERT_EQ(0, dev_clear(m->fd));
	ASSERT_EQ(0, scan_next(m, &s));
	EXPECT_EQ(0, s.arg.count);
}

TEST_F(scan, two_scans_do_not_know_of_each_other)
{
	struct map *m = &self->m;
	struct scan a = scan_begin(m, 3), b = scan_begin(m, 5);
	u32 total[2] = {};

	ASSERT_EQ(0, map_put_range(m, 0, variant->keys));
	do {
		ASSERT_EQ(0, scan_next(m, &a));
		ASSERT_EQ(0, scan_next(m, &b));
		total[0] += a.arg.count;
		total[1] += b.arg.count;
	} while (a.arg.count || b.arg.count);
	EXPECT_EQ(variant->keys, total[0]);
	EXPECT_EQ(variant->keys, total[1]);
}

/* ---- a map that changes all the time ---- */

#define STABLE	2000

/* Grows the map until it is killed, or to six times the size. */
static int grower(void *arg)
{
	struct map m;
	int ret;

	ret = map_open(&m, O_WRONLY);
	if (!ret)
		ret = map_put_range(&m, STABLE, 5 * STABLE);
	while (!ret)
		ret = map_put(&m, STABLE, STABLE, HMAP_ANY);
	return ret;
}

/* Fills overflow chains and empties them, so that same-size growth comes. */
static int churner(void *arg)
{
	struct map m;
	u64 i;
	int ret;

	ret = map_open(&m, O_WRONLY);
	for (i = STABLE; !ret; i++) {
		ret = map_put(&m, i, i, HMAP_ANY);
		if (!ret && i >= STABLE + 500)
			ret = map_delete(&m, i - 500);
	}
	return ret;
}

static int scan_stable(struct map *m, u32 capacity)
{
	s64 others;

	memset(seen, 0, STABLE);
	others = scan_count(m, capacity, seen, STABLE);
	if (others < 0)
		return others;
	return all_are(seen, STABLE, 1) ? 0 : -ENODATA;
}

/* A new map for each, so that it is small enough to grow. */
static int scan_beside(int (*fn)(void *), u32 capacity)
{
	struct map m;
	pid_t pid;
	int ret;

	ret = map_load(&m, 8, 8);
	if (!ret)
		ret = map_put_range(&m, 0, STABLE);
	if (ret)
		return ret;
	pid = spawn(fn, NULL);
	ret = scan_stable(&m, capacity);
	if (!ret)
		ret = scan_stable(&m, capacity);
	kill(pid, SIGKILL);
	if (!WIFSIGNALED(reap(pid)))
		ret = -ECHILD;
	return ret ? ret : map_unload(&m);
}

static const u32 beside_capacities[] = { 1, 2, 8, 30, 100, 1000, 5000 };

TEST(keys_come_once_while_another_process_grows_the_map)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(beside_capacities); i++) {
		EXPECT_EQ(0, scan_beside(grower, beside_capacities[i]))
			TH_LOG("capacity %u", beside_capacities[i]);
	}
}

TEST(keys_come_once_while_another_process_churns_the_map)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(beside_capacities); i++) {
		EXPECT_EQ(0, scan_beside(churner, beside_capacities[i]))
			TH_LOG("capacity %u", beside_capacities[i]);
	}
}

TEST_HARNESS_MAIN
