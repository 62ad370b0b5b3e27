// SPDX-License-Identifier: GPL-2.0
/*
 * GET, PUT, DELETE and CLEAR: what they do with elements of all sizes.
 */
#include "hmap_test.h"

FIXTURE(elem) {
	struct map m;
};

FIXTURE_VARIANT(elem) {
	u32 key_size;
	u32 value_size;
};

FIXTURE_VARIANT_ADD(elem, 8_8) { .key_size = 8, .value_size = 8 };
FIXTURE_VARIANT_ADD(elem, 1_1) { .key_size = 1, .value_size = 1 };
FIXTURE_VARIANT_ADD(elem, 3_5) { .key_size = 3, .value_size = 5 };
FIXTURE_VARIANT_ADD(elem, 8_0) { .key_size = 8, .value_size = 0 };
FIXTURE_VARIANT_ADD(elem, 64_8) { .key_size = 64, .value_size = 8 };
FIXTURE_VARIANT_ADD(elem, 128_128) { .key_size = 128, .value_size = 128 };
FIXTURE_VARIANT_ADD(elem, 129_8) { .key_size = 129, .value_size = 8 };
FIXTURE_VARIANT_ADD(elem, 8_129) { .key_size = 8, .value_size = 129 };
FIXTURE_VARIANT_ADD(elem, 200_1000) { .key_size = 200, .value_size = 1000 };
FIXTURE_VARIANT_ADD(elem, 4096_65536) { .key_size = 4096, .value_size = 65536 };

FIXTURE_SETUP(elem)
{
	ASSERT_EQ(0, map_load(&self->m, variant->key_size,
			      variant->value_size));
}

FIXTURE_TEARDOWN(elem)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

TEST_F(elem, nothing_is_in_a_new_map)
{
	struct map *m = &self->m;

	EXPECT_EQ(-ENOENT, map_get(m, 1));
	EXPECT_TRUE(is_poison(m->value, m->value_size));
	EXPECT_EQ(-ENOENT, map_has(m, 1));
	EXPECT_EQ(-ENOENT, map_delete(m, 1));
	EXPECT_EQ(-ENOENT, map_put(m, 1, 1, HMAP_EXIST));
	EXPECT_EQ(0, dev_count(m->fd));
}

TEST_F(elem, what_was_put_can_be_got)
{
	struct map *m = &self->m;
	u64 n = distinct_keys(m, m->value_size > 4096 ? 100 : 2000);

	ASSERT_EQ(0, map_put_range(m, 0, n));
	EXPECT_EQ(n, dev_count(m->fd));
	EXPECT_EQ(0, map_check_range(m, 0, n));
	EXPECT_EQ(0, dev_verify(m->fd));
	EXPECT_EQ(distinct_keys(m, n + 1) > n ? -ENOENT : 0, map_get(m, n));
}

TEST_F(elem, any_overwrites)
{
	struct map *m = &self->m;

	ASSERT_EQ(0, map_put(m, 7, 1, HMAP_ANY));
	ASSERT_EQ(0, map_put(m, 7, 2, HMAP_ANY));
	EXPECT_EQ(1, dev_count(m->fd));
	ASSERT_EQ(0, map_get(m, 7));
	EXPECT_TRUE(value_is(m, m->value, 2));
}

TEST_F(elem, noexist_only_inserts)
{
	struct map *m = &self->m;

	ASSERT_EQ(0, map_put(m, 7, 1, HMAP_NOEXIST));
	EXPECT_EQ(-EEXIST, map_put(m, 7, 2, HMAP_NOEXIST));
	EXPECT_EQ(1, dev_count(m->fd));
	ASSERT_EQ(0, map_get(m, 7));
	EXPECT_TRUE(value_is(m, m->value, 1));
}

TEST_F(elem, exist_only_overwrites)
{
	struct map *m = &self->m;

	EXPECT_EQ(-ENOENT, map_put(m, 7, 1, HMAP_EXIST));
	EXPECT_EQ(0, dev_count(m->fd));
	EXPECT_EQ(-ENOENT, map_has(m, 7));

	ASSERT_EQ(0, map_put(m, 7, 1, HMAP_ANY));
	EXPECT_EQ(0, map_put(m, 7, 2, HMAP_EXIST));
	EXPECT_EQ(1, dev_count(m->fd));
	ASSERT_EQ(0, map_get(m, 7));
	EXPECT_TRUE(value_is(m, m->value, 2));
}

TEST_F(elem, what_was_deleted_is_gone)
{
	struct map *m = &self->m;
	u64 n = distinct_keys(m, m->value_size > 4096 ? 100 : 1000);
	u64 i;

	ASSERT_EQ(0, map_put_range(m, 0, n));
	ASSERT_EQ(0, map_delete_every(m, 0, n, 2));
	EXPECT_EQ(n / 2, dev_count(m->fd));
	EXPECT_EQ(0, dev_verify(m->fd));
	for (i = 0; i < n; i += 2) {
		ASSERT_EQ(-ENOENT, map_get(m, i));
		ASSERT_EQ(-ENOENT, map_delete(m, i));
		ASSERT_EQ(0, map_check_range(m, i + 1, 1));
	}
	EXPECT_EQ(n / 2, dev_count(m->fd));
}

/* The place of a deleted element is used again, with nothing left in it. */
TEST_F(elem, what_was_deleted_can_be_put_again)
{
	struct map *m = &self->m;

	ASSERT_EQ(0, map_put_range(m, 0, 6));
	ASSERT_EQ(0, map_delete(m, 3));
	ASSERT_EQ(0, map_put(m, 3, 99, HMAP_NOEXIST));
	ASSERT_EQ(0, map_get(m, 3));
	EXPECT_TRUE(value_is(m, m->value, 99));
	EXPECT_EQ(6, dev_count(m->fd));
}

TEST_F(elem, only_presence_can_be_asked_for)
{
	struct map *m = &self->m;

	ASSERT_EQ(0, map_put(m, 7, 1, HMAP_ANY));
	memset(m->value, POISON, m->value_size);
	EXPECT_EQ(0, map_has(m, 7));
	EXPECT_EQ(-ENOENT, map_has(m, 8));
	EXPECT_TRUE(is_poison(m->value, m->value_size));
}

/* Every byte of a key counts, the first as well as the last. */
TEST_F(elem, keys_that_differ_in_one_bit_are_different)
{
	struct map *m = &self->m;
	struct hmap_ioc_elem elem = elem_arg(m);
	unsigned char *key = m->key;
	u32 i;
	int failed = 0;

	make_value(m, m->value, 1);
	for (i = 0; i < m->key_size; i += 1 + i / 16) {
		memset(key, 0, m->key_size);
		key[i] = 0x80;
		elem.flags = HMAP_NOEXIST;
		failed += !!ioc(m->fd, HMAP_IOC_PUT, &elem);
		elem.flags = 0;
		key[i] = 0x40;
		failed += ioc(m->fd, HMAP_IOC_GET, &elem) != -ENOENT;
		key[i] = 0x80;
		failed += !!ioc(m->fd, HMAP_IOC_GET, &elem);
	}
	EXPECT_EQ(0, failed);
}

TEST_F(elem, addresses_need_no_alignment)
{
	struct map *m = &self->m;
	char *buf = guarded(sizeof(struct hmap_ioc_elem) + 1 + m->key_size +
			    1 + m->value_size + 1);
	char *key = buf + sizeof(struct hmap_ioc_elem) + 1;
	char *value = key + m->key_size + 1;
	struct hmap_ioc_elem elem = elem_arg(m);

	elem.key = addr(key);
	if (m->value_size)
		elem.value = addr(value);
	memcpy(buf + 1, &elem, sizeof(elem));
	make_key(m, key, 7);
	make_value(m, value, 7);
	ASSERT_EQ(0, ioc(m->fd, HMAP_IOC_PUT, buf + 1));
	memset(value, POISON, m->value_size);
	ASSERT_EQ(0, ioc(m->fd, HMAP_IOC_GET, buf + 1));
	EXPECT_TRUE(value_is(m, value, 7));
	EXPECT_TRUE(is_poison(value + m->value_size, 1));
	EXPECT_TRUE(is_poison(value - 1, 1));
	EXPECT_EQ(0, map_check_range(m, 7, 1));
}

TEST_F(elem, a_clear_leaves_nothing)
{
	struct map *m = &self->m;
	u64 n = distinct_keys(m, 100), i;

	EXPECT_EQ(0, dev_clear(m->fd));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, map_put_range(m, 0, n));
		EXPECT_EQ(0, dev_clear(m->fd));
		EXPECT_EQ(0, dev_count(m->fd));
		EXPECT_EQ(0, dev_verify(m->fd));
		EXPECT_EQ(-ENOENT, map_get(m, 0));
		EXPECT_EQ(-ENOENT, map_delete(m, n - 1));
	}
	ASSERT_EQ(0, map_put_range(m, 0, n));
	EXPECT_EQ(0, map_check_range(m, 0, n));
}

/* One random operation on the map and on a table of what it should hold. */
static int mix_step(struct map *m, u64 *model, u64 n)
{
	u64 k = rnd_below(n), x = rnd() | 1;
	u32 flags;
	int ret;

	switch (rnd_below(8)) {
	case 0 ... 3:
		flags = rnd_below(3);
		ret = map_put(m, k, x, flags);
		if (flags == HMAP_NOEXIST && model[k])
			return ret != -EEXIST;
		if (flags == HMAP_EXIST && !model[k])
			return ret != -ENOENT;
		model[k] = x;
		return ret;
	case 4 ... 5:
		ret = map_delete(m, k);
		if (!model[k])
			return ret != -ENOENT;
		model[k] = 0;
		return ret;
	default:
		ret = map_get(m, k);
		if (!model[k])
			return ret != -ENOENT;
		return ret || !value_is(m, m->value, model[k]);
	}
}

TEST_F(elem, a_random_mixture_agrees_with_a_table)
{
	struct map *m = &self->m;
	u64 n = distinct_keys(m, m->value_size > 4096 ? 60 : 700);
	u64 steps = m->value_size > 4096 ? 1000 : 20000;
	u64 i, present = 0;
	u64 model[700] = {};

	for (i = 0; i < steps; i++) {
		ASSERT_EQ(0, mix_step(m, model, n))
			TH_LOG("at step %llu", i);
		ASSERT_EQ(0, i % (steps / 10) ? 0 : dev_verify(m->fd));
	}
	for (i = 0; i < n; i++) {
		EXPECT_EQ(model[i] ? 0 : -ENOENT, map_get(m, i));
		if (model[i]) {
			EXPECT_TRUE(value_is(m, m->value, model[i]));
			present++;
		}
	}
	EXPECT_EQ(present, dev_count(m->fd));
}

/* ---- every size against every size ---- */

static const u32 key_sizes[] = {
	1, 3, 4, 8, 9, 31, 128, 129, 255, 4095, 4096,
};

static const u32 value_sizes[] = {
	0, 1, 4, 7, 8, 63, 128, 129, 4096, 65536,
};

#define GRID_KEYS	30

static int grid_fill(struct map *m)
{
	u64 i;
	int ret;

	ret = map_put_range(m, 0, GRID_KEYS);
	if (!ret)
		ret = map_check_range(m, 0, GRID_KEYS);
	if (!ret)
		ret = map_delete_every(m, 0, GRID_KEYS, 2);
	for (i = 1; !ret && i < GRID_KEYS; i += 2)
		ret = map_check_range(m, i, 1);
	return ret;
}

/* Only the odd keys are left. */
static int grid_scan(struct map *m)
{
	struct scan s = scan_begin(m, GRID_KEYS);
	u32 i;
	u64 k;
	int ret;

	ret = scan_next(m, &s);
	if (ret)
		return ret;
	if (s.arg.count != GRID_KEYS / 2)
		return -ERANGE;
	for (i = 0; i < s.arg.count; i++) {
		k = scan_key(m, &s, i);
		if (k >= GRID_KEYS || !(k & 1) ||
		    !value_is(m, scan_value(m, &s, i), k))
			return -EBADMSG;
	}
	scan_end(m, &s);
	return 0;
}

static int grid_cell(int dev, u32 key_size, u32 value_size)
{
	struct hmap_ioc_create arg = create_arg(key_size, value_size);
	struct map m;
	int ret, closed;

	ret = map_create(&m, dev, &arg);
	if (ret)
		return ret;
	ret = grid_fill(&m);
	if (!ret)
		ret = grid_scan(&m);
	closed = map_close(&m);
	return ret ? ret : closed;
}

TEST(sizes_work_in_every_combination)
{
	struct map device;
	size_t k, v;

	ASSERT_EQ(0, map_load(&device, 8, 8));
	for (k = 0; k < ARRAY_LEN(key_sizes); k++)
		for (v = 0; v < ARRAY_LEN(value_sizes); v++) {
			EXPECT_EQ(0, grid_cell(device.fd, key_sizes[k],
					       value_sizes[v]))
				TH_LOG("key_size=%u value_size=%u",
				       key_sizes[k], value_sizes[v]);
		}
	EXPECT_EQ(0, map_unload(&device));
	TELL_SEED_ON_FAILURE();
}

/* ---- keys that have been chosen to collide ---- */

FIXTURE(chosen) {
	struct map m;
};

FIXTURE_SETUP(chosen)
{
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
}

FIXTURE_TEARDOWN(chosen)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* Elements of a chain of 64 buckets, and a few more. */
#define CHAIN	512
#define CHOSEN	520

/* Of so many keys as many are in one of 128 buckets, with room to spare. */
#define CANDIDATES	80000

/*
 * Those that a scan returns first: they have the same low bits of the hash. They, and no
 * others, stay in the map if @keep is true for them.
 */
static int choose_keys(struct map *m, u64 *keys, unsigned char *keep)
{
	struct scan s = scan_begin(m, CHOSEN);
	u32 n = 0, i;
	int ret;

	ret = map_put_range(m, 0, CANDIDATES);
	while (!ret && n < CHOSEN) {
		ret = scan_next(m, &s);
		for (i = 0; !ret && i < s.arg.count && n < CHOSEN; i++)
			keys[n++] = scan_key(m, &s, i);
	}
	scan_end(m, &s);
	keep[keys[0]] = 1;
	for (i = 0; !ret && i < CANDIDATES; i++)
		if (!keep[i])
			ret = map_delete(m, i);
	return ret;
}

/* What is known of the hash is used by one program; the others go on. */
TEST_F(chosen, a_chain_has_a_limit_and_other_keys_do_not_notice)
{
	static unsigned char keep[CANDIDATES];
	struct map *m = &self->m;
	u64 keys[CHOSEN], refused = 0;
	u32 i;

	memset(keep, 0, sizeof(keep));
	ASSERT_EQ(0, choose_keys(m, keys, keep));
	ASSERT_EQ(0, dev_plain(m->fd, HMAP_IOC_SHRINK));
	for (i = 1; i < CHAIN; i++)
		ASSERT_EQ(0, map_put(m, keys[i], i, HMAP_NOEXIST));
	for (; i < CHOSEN; i++)
		refused += map_put(m, keys[i], i, HMAP_ANY) == -EMLINK;
	EXPECT_EQ(CHOSEN - CHAIN, refused);
	EXPECT_EQ(CHAIN, dev_count(m->fd));
	for (i = 1; i < CHAIN; i++)
		ASSERT_EQ(0, map_has(m, keys[i]));
	for (; i < CHOSEN; i++)
		ASSERT_EQ(-ENOENT, map_has(m, keys[i]));
	EXPECT_EQ(0, map_put(m, keys[1], 7, HMAP_EXIST));
	/* But for those that belong into the same one of 128 buckets. */
	for (i = CANDIDATES, refused = 0; i < CANDIDATES + 250; i++)
		refused += map_put(m, i, i, HMAP_NOEXIST) != 0;
	EXPECT_GT(20, refused);
	EXPECT_EQ(0, map_delete(m, keys[CHAIN - 1]));
	EXPECT_EQ(0, map_put(m, keys[CHAIN], 1, HMAP_NOEXIST));
	EXPECT_EQ(-EMLINK, map_put(m, keys[CHAIN + 1], 1, HMAP_NOEXIST));
	EXPECT_EQ(0, dev_verify(m->fd));
}

TEST_HARNESS_MAIN
