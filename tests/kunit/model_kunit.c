// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations against a model: an array that is indexed by the number of
 * the key and says whether the key is there, and with what value.
 */
#include "hmap_kunit.h"

/* Bytes of the longest key and value here. */
#define ROOM	512

/* The map is gone through after so many operations, and at every resize. */
#define VERIFY_EVERY	4096

/**
 * struct config - a map, and what is done to it
 * @name: what it is
 * @key_size: bytes of a key
 * @value_size: bytes of a value
 * @keys: how many different keys there are
 * @deletes: per cent of operations that delete
 * @hashfn: hash function
 * @share: per cent of all operations that are done here
 * @max_entries: elements that the map may hold: it stays that full, so that it
 *	gets overflow buckets and resizes of the same size instead of growth
 * @stripes: locks of the map
 */
struct config {
	const char *name;
	u32 key_size;
	u32 value_size;
	u32 keys;
	u32 deletes;
	hmap_hashfn_t hashfn;
	u32 share;
	u32 max_entries;
	u32 stripes;
};

static const struct config configs[] = {
	{ "8 -> 8, 16 keys", 8, 8, 16, 40, hk_hash_seeded, 5 },
	{ "8 -> 8, 300 keys", 8, 8, 300, 30, hk_hash_seeded, 5 },
	{ "8 -> 8, 300 keys, own seeds", 8, 8, 300, 45, NULL, 5 },
	{ "8 -> 8, 5000 keys", 8, 8, 5000, 20, hk_hash_seeded, 10 },
	{ "8 -> 8, 5000 keys, 16 stripes", 8, 8, 5000, 40, NULL, 10,
	  .stripes = 16 },
	{ "8 -> 8, 60000 keys", 8, 8, 60000, 10, NULL, 15 },
	{ "8 -> 8, full with 26 of 500", 8, 8, 500, 15, hk_hash_seeded, 5, 26 },
	{ "8 -> 8, full with 416 of 5000", 8, 8, 5000, 10, NULL, 5, 416, 4 },
	{ "8 -> 300, full with 52 of 200", 8, 300, 200, 15, NULL, 5, 52 },
	{ "8 -> 8, 200 keys, one bucket", 8, 8, 200, 30, hk_hash_one_bucket, 5 },
	{ "4 -> 4, one tophash", 4, 4, 1000, 30, hk_hash_one_tophash, 5 },
	{ "3 -> 5", 3, 5, 2000, 25, hk_hash_seeded, 5 },
	{ "a set of 2", 2, 0, 3000, 30, NULL, 5 },
	{ "16 -> 128", 16, 128, 1000, 30, hk_hash_seeded, 5 },
	{ "200 -> 8", 200, 8, 500, 30, NULL, 3 },
	{ "8 -> 300", 8, 300, 500, 30, hk_hash_seeded, 3 },
	{ "129 -> 512", 129, 512, 1000, 30, NULL, 4 },
};

KUNIT_ARRAY_PARAM_DESC(config, configs, name);

/**
 * struct entry - what the model knows of a key
 * @present: whether it is there
 * @seen: how often the scan under way has returned it
 * @value: number of its value
 */
struct entry {
	bool present;
	u8 seen;
	u32 value;
};

/**
 * struct model - a map and what should be in it
 * @test: the test
 * @config: what is done
 * @rnd: random numbers
 * @h: the map
 * @entries: one for each key
 * @count: how many are there
 * @next_value: number of the next value
 * @resizes: resizes begun or ended when last looked
 * @growing: whether one was under way then
 * @since_verify: operations since the last look
 * @key: room for a key
 * @value: room for a value
 * @got: room for another
 */
struct model {
	struct kunit *test;
	const struct config *config;
	struct hk_rnd rnd;
	struct hmap *h;
	struct entry *entries;
	u32 count;
	u32 next_value;
	u64 resizes;
	bool growing;
	u32 since_verify;
	u8 key[ROOM];
	u8 value[ROOM];
	u8 got[ROOM];
};

#define EXPECT(m, left, right) KUNIT_ASSERT_EQ((m)->test, left, right)

static void fill(u8 *bytes, u32 size, u64 n)
{
	const __le64 word = cpu_to_le64(n);
	u32 i, part;

	for (i = 0; i < size; i += part) {
		part = min_t(u32, size - i, sizeof(word));
		memcpy(bytes + i, &word, part);
	}
}

static struct entry *pick(struct model *m)
{
	u32 n = hk_below(&m->rnd, m->config->keys);

	fill(m->key, m->config->key_size, n);
	return &m->entries[n];
}

/* Values of few bytes cannot all be different. */
static void set_value(struct model *m, u8 *bytes, u32 value)
{
	fill(bytes, m->config->value_size, hk_mix(value));
}

static void expect_got(struct model *m, const struct entry *e)
{
	set_value(m, m->value, e->value);
	EXPECT(m, memcmp(m->got, m->value, m->config->value_size), 0);
}

static void note_put(struct model *m, struct entry *e)
{
	m->count += !e->present;
	e->present = true;
	e->value = m->next_value++;
}

static int expected_err(struct model *m, const struct entry *e,
			unsigned int flags)
{
	if (e->present)
		return flags == HMAP_NOEXIST ? -EEXIST : 0;
	if (flags == HMAP_EXIST)
		return -ENOENT;
	return m->config->max_entries == m->count && m->count ? -ENOSPC : 0;
}

static unsigned int pick_flags(struct model *m)
{
	u32 n = hk_below(&m->rnd, 4);

	return n < 2 ? HMAP_ANY : n == 2 ? HMAP_NOEXIST : HMAP_EXIST;
}

static gfp_t pick_gfp(struct model *m)
{
	return hk_below(&m->rnd, 8) ? GFP_KERNEL : GFP_ATOMIC;
}

static void op_put(struct model *m)
{
	struct entry *e = pick(m);
	unsigned int flags = pick_flags(m);
	int err = expected_err(m, e, flags);

	set_value(m, m->value, m->next_value);
	EXPECT(m, hmap_put(m->h, m->key, m->value, flags, pick_gfp(m)), err);
	if (!err)
		note_put(m, e);
}

/**
 * struct change - what hmap_update() shall do, and what it saw
 * @m: the model
 * @e: the element
 * @err: what the callback returns
 * @calls: how often it was called
 * @wrong: whether it saw anything but what the model says
 */
struct change {
	struct model *m;
	struct entry *e;
	int err;
	u32 calls;
	bool wrong;
};

static int change(void *value, bool exists, void *arg)
{
	struct change *c = arg;
	struct model *m = c->m;

	c->calls++;
	if (exists)
		set_value(m, m->got, c->e->value);
	else
		memset(m->got, 0, m->config->value_size);
	c->wrong = exists != c->e->present ||
		   memcmp(value, m->got, m->config->value_size);
	set_value(m, value, m->next_value);
	return c->err;
}

static void op_update(struct model *m)
{
	struct entry *e = pick(m);
	unsigned int flags = pick_flags(m);
	struct change c = { .m = m, .e = e };
	int err = expected_err(m, e, flags);
	bool called = !err;

	if (!hk_below(&m->rnd, 4))
		c.err = -EAGAIN;
	err = err ?: c.err;
	EXPECT(m, hmap_update(m->h, m->key, change, &c, flags, pick_gfp(m)),
	       err);
	EXPECT(m, c.calls, called);
	EXPECT(m, c.wrong, false);
	if (!err)
		note_put(m, e);
}

static void op_get(struct model *m)
{
	struct entry *e = pick(m);

	EXPECT(m, hmap_get(m->h, m->key, m->got), e->present ? 0 : -ENOENT);
	if (e->present)
		expect_got(m, e);
}

static void op_delete(struct model *m)
{
	struct entry *e = pick(m);

	EXPECT(m, hmap_delete(m->h, m->key), e->present ? 0 : -ENOENT);
	m->count -= e->present;
	e->present = false;
}

static void op_pop(struct model *m)
{
	struct entry *e = pick(m);

	EXPECT(m, hmap_pop(m->h, m->key, m->got), e->present ? 0 : -ENOENT);
	if (e->present)
		expect_got(m, e);
	m->count -= e->present;
	e->present = false;
}

static void op_clear(struct model *m)
{
	u32 i;

	EXPECT(m, hmap_clear(m->h), 0);
	for (i = 0; i < m->config->keys; i++)
		m->entries[i].present = false;
	m->count = 0;
}

/* Nobody writes meanwhile, so the scan returns what the model has, once. */
static void expect_scanned(struct model *m, const u8 *key, const u8 *value)
{
	__le32 word = 0;
	u32 n;

	memcpy(&word, key, min_t(u32, m->config->key_size, sizeof(word)));
	n = le32_to_cpu(word);
	KUNIT_ASSERT_LT(m->test, n, m->config->keys);
	EXPECT(m, m->entries[n].present, true);
	EXPECT(m, m->entries[n].seen++, 0);
	memcpy(m->got, value, m->config->value_size);
	expect_got(m, &m->entries[n]);
}

static void op_scan(struct model *m)
{
	u32 capacity = 1 + hk_below(&m->rnd, 100), n, total = 0;
	u8 *keys = hk_alloc(m->test, capacity, m->config->key_size);
	u8 *values = hk_alloc(m->test, capacity, m->config->value_size + 1);
	struct hmap_cursor cursor = {};

	while (!hmap_cursor_done(&cursor)) {
		n = hmap_scan(m->h, &cursor, keys, values, capacity);
		total += n;
		while (n--)
			expect_scanned(m, keys + n * m->config->key_size,
				       values + n * m->config->value_size);
	}
	EXPECT(m, total, m->count);
	for (n = 0; n < m->config->keys; n++)
		m->entries[n].seen = 0;
	kunit_kfree(m->test, keys);
	kunit_kfree(m->test, values);
}

/* What is done once in a few thousand times. */
static void op_rare(struct model *m)
{
	u32 room = m->config->max_entries ?: 2 * m->config->keys;

	switch (hk_below(&m->rnd, 8)) {
	case 0:
		op_clear(m);
		break;
	case 1:
		EXPECT(m, hmap_reserve(m->h, hk_below(&m->rnd, room)), 0);
		break;
	default:
		op_scan(m);
	}
}

static void op_any(struct model *m)
{
	u32 n = hk_below(&m->rnd, 100);

	if (!hk_below(&m->rnd, 5000))
		op_rare(m);
	else if (n < m->config->deletes / 2)
		op_delete(m);
	else if (n < m->config->deletes)
		op_pop(m);
	else if (n < m->config->deletes + (100 - m->config->deletes) / 2)
		op_put(m);
	else if (n < 85)
		op_get(m);
	else
		op_update(m);
}

/* At the beginning and the end of every resize, and now and then. */
static void look(struct model *m)
{
	u64 resizes = hk_grows(m->h) + hk_same_size_grows(m->h);
	bool growing = hk_growing(m->h);

	EXPECT(m, hmap_len(m->h), m->count);
	if (resizes == m->resizes && growing == m->growing &&
	    ++m->since_verify < VERIFY_EVERY)
		return;
	m->resizes = resizes;
	m->growing = growing;
	m->since_verify = 0;
	HK_VERIFY(m->test, m->h);
}

static void expect_equal(struct model *m)
{
	u32 n;

	for (n = 0; n < m->config->keys; n++) {
		fill(m->key, m->config->key_size, n);
		if (!m->entries[n].present) {
			EXPECT(m, hmap_get(m->h, m->key, NULL), -ENOENT);
			continue;
		}
		EXPECT(m, hmap_get(m->h, m->key, m->got), 0);
		expect_got(m, &m->entries[n]);
	}
}

/* So that each configuration has operations of its own. */
static void mix_in_config(struct model *m)
{
	const char *p;

	for (p = m->config->name; *p; p++)
		m->rnd.state = hk_mix(m->rnd.state + *p);
}

static void a_map_does_what_the_model_does(struct kunit *test)
{
	const struct config *config = test->param_value;
	const struct hmap_params params = {
		.key_size = config->key_size, .value_size = config->value_size,
		.hashfn = config->hashfn, .stripes = config->stripes,
		.max_entries = config->max_entries,
	};
	struct model *m = hk_alloc(test, 1, sizeof(*m));
	unsigned long n, ops = hk_ops / 100 * config->share;

	m->test = test;
	m->config = config;
	m->rnd = hk_rnd(test);
	mix_in_config(m);
	m->h = hk_map(test, &params);
	m->entries = hk_alloc(test, config->keys, sizeof(*m->entries));
	for (n = 0; n < ops; n++) {
		op_any(m);
		look(m);
	}
	HK_VERIFY(test, m->h);
	expect_equal(m);
	op_scan(m);
	kunit_info(test, "%lu operations, %ld + %ld resizes, %u elements\n",
		   ops, hk_grows(m->h), hk_same_size_grows(m->h), m->count);
}

/* Grows by inserts only, then shrinks to nothing by deletes, over and over. */
static void a_map_breathes(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_seeded, 0);
	struct hk_rnd rnd = hk_rnd(test);
	u64 *keys = hk_alloc(test, 3000, sizeof(*keys));
	unsigned int round;
	u32 n, i;

	for (round = 0; round < 10; round++) {
		n = 1 + hk_below(&rnd, 3000);
		for (i = 0; i < n; i++)
			keys[i] = i;
		hk_shuffle(&rnd, keys, n);
		for (i = 0; i < n; i++)
			hk_put(test, h, keys[i], hk_value(keys[i]));
		hk_expect_all(test, h, 0, n);
		hk_shuffle(&rnd, keys, n);
		for (i = 0; i < n; i++)
			hk_delete(test, h, keys[i]);
		HK_VERIFY(test, h);
		KUNIT_ASSERT_EQ(test, hmap_len(h), 0);
	}
}

static struct kunit_case model_cases[] = {
	KUNIT_CASE_PARAM_ATTR(a_map_does_what_the_model_does, config_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE(a_map_breathes),
	{}
};

HK_SUITE(model, model_cases);
