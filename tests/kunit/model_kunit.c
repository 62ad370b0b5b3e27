// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations against a model: an array that is indexed by the number of
 * the key and says whether the key is there, and with what value.
 */
#include "hmap_kunit.h"

/* Bytes of the longest key and value here. */
#define ROOM	512

/* Elements of the longest batch: more than the bits of a word. */
#define BATCH	70

/* The worker goes and comes after so many operations. */
#define LATE_EVERY	16384

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
 * @shrinks: the map may shrink
 * @tides: now most operations insert, now most delete, over and over
 * @late: at times the worker does not come, and chains grow until it does
 * @shown: what is got is looked up by a program, too
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
	bool shrinks;
	bool tides;
	bool late;
	bool shown;
};

static const struct config configs[] = {
	{ "8 -> 8, 16 keys", 8, 8, 16, 40, hk_hash_seeded, 5 },
	{ "8 -> 8, 300 keys", 8, 8, 300, 30, hk_hash_seeded, 6 },
	{ "8 -> 8, 300 keys, own seeds", 8, 8, 300, 45, NULL, 4 },
	{ "8 -> 8, 5000 keys", 8, 8, 5000, 20, hk_hash_seeded, 6 },
	{ "8 -> 8, 5000 keys, 16 stripes", 8, 8, 5000, 40, NULL, 8,
	  .stripes = 16 },
	{ "8 -> 8, 60000 keys", 8, 8, 60000, 10, NULL, 8 },
	{ "8 -> 8, tides of 1000", 8, 8, 1000, 5, NULL, 6, .shrinks = true,
	  .tides = true },
	{ "8 -> 8, tides of 2000, 8 stripes", 8, 8, 2000, 5, NULL, 6,
	  .stripes = 8, .shrinks = true, .tides = true },
	{ "128 -> 128, a late worker", 128, 128, 4000, 10, NULL, 6,
	  .late = true },
	{ "8 -> 8, shown", 8, 8, 2000, 5, NULL, 5, .shrinks = true,
	  .tides = true, .shown = true },
	{ "120 -> 128, shown by a late worker", 120, 128, 4000, 10, hmap_siphash,
	  5, .late = true, .shown = true },
	{ "8 -> 8, full with 26 of 500", 8, 8, 500, 15, hk_hash_seeded, 4, 26 },
	{ "8 -> 8, full with 416 of 5000", 8, 8, 5000, 10, NULL, 4, 416, 4 },
	{ "8 -> 300, full with 52 of 200", 8, 300, 200, 15, NULL, 4, 52 },
	{ "8 -> 8, 200 keys, one bucket", 8, 8, 200, 30, hk_hash_one_bucket, 4 },
	{ "4 -> 4, one tophash", 4, 4, 1000, 30, hk_hash_one_tophash, 4 },
	{ "3 -> 5", 3, 5, 2000, 25, hk_hash_seeded, 3 },
	{ "a set of 2", 2, 0, 3000, 30, NULL, 3 },
	{ "16 -> 128", 16, 128, 1000, 30, hk_hash_seeded, 3 },
	{ "200 -> 8", 200, 8, 500, 30, NULL, 2 },
	{ "8 -> 300, tides", 8, 300, 500, 5, hk_hash_seeded, 2,
	  .shrinks = true, .tides = true },
	{ "129 -> 512, 4 stripes", 129, 512, 1000, 30, NULL, 2, .stripes = 4 },
};

KUNIT_ARRAY_PARAM_DESC(config, configs, name);

/**
 * struct entry - what the model knows of a key
 * @present: whether it is there
 * @stays: it has been there since the scan by steps began
 * @stepped: how often that has returned it
 * @seen: how often the scan that no write disturbs has returned it
 * @value: number of its value
 */
struct entry {
	bool present;
	bool stays;
	u8 stepped;
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
 * @cursor: where the scan by steps goes on
 * @scanning: there is one under way
 * @late: the worker does not come
 * @key: room for a key
 * @value: room for a value
 * @got: room for another
 * @keys: room for the keys of a batch
 * @values: the same for values
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
	struct hmap_cursor cursor;
	bool scanning;
	bool late;
	u8 key[ROOM];
	u8 value[ROOM];
	u8 got[ROOM];
	u8 keys[BATCH * ROOM];
	u8 values[BATCH * ROOM];
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
	fill(bytes, m->config->value_size, random_mix(value));
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

/* An empty map may take another seed: cursors are good for nothing then. */
static void note_delete(struct model *m, struct entry *e)
{
	m->count -= e->present;
	e->present = false;
	e->stays = false;
	if (!m->count)
		m->scanning = false;
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

/* No put may wait for a worker that does not come. */
static gfp_t pick_gfp(struct model *m)
{
	return hk_below(&m->rnd, 8) && !m->late ? GFP_KERNEL : GFP_ATOMIC;
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

/* The first that fails ends it. A key may be there twice. */
static void op_put_batch(struct model *m)
{
	u32 n = hk_below(&m->rnd, BATCH + 1), first = m->next_value, put;
	unsigned int flags = pick_flags(m), done;
	int err = 0, expected = 0;
	struct entry *e;

	for (put = 0; put < n; put++) {
		e = pick(m);
		memcpy(m->keys + put * m->config->key_size, m->key,
		       m->config->key_size);
		set_value(m, m->values + put * m->config->value_size,
			  first + put);
		expected = expected_err(m, e, flags);
		if (expected)
			break;
		note_put(m, e);
	}
	err = hmap_put_batch(m->h, m->keys, m->values,
			     expected ? put + 1 : put, flags, pick_gfp(m),
			     &done);
	EXPECT(m, err, expected);
	EXPECT(m, done, put);
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
	int err = e->present ? 0 : -ENOENT;

	EXPECT(m, hmap_get(m->h, m->key, m->got), err);
	if (e->present)
		expect_got(m, e);
	if (!m->config->shown)
		return;
	memset(m->got, 0, m->config->value_size);
	EXPECT(m, hk_view_get(m->h, m->key, m->got), err);
	if (e->present)
		expect_got(m, e);
}

static void op_get_batch(struct model *m)
{
	u32 n = hk_below(&m->rnd, BATCH + 1), there = 0, i;
	unsigned long found[BITS_TO_LONGS(BATCH)];
	struct entry *e[BATCH];

	for (i = 0; i < n; i++) {
		e[i] = pick(m);
		there += e[i]->present;
		memcpy(m->keys + i * m->config->key_size, m->key,
		       m->config->key_size);
	}
	EXPECT(m, hmap_get_batch(m->h, m->keys, n, m->values, found), there);
	for (i = 0; i < n; i++) {
		EXPECT(m, test_bit(i, found), e[i]->present);
		if (!e[i]->present)
			continue;
		memcpy(m->got, m->values + i * m->config->value_size,
		       m->config->value_size);
		expect_got(m, e[i]);
	}
}

static void op_delete(struct model *m)
{
	struct entry *e = pick(m);

	EXPECT(m, hmap_delete(m->h, m->key), e->present ? 0 : -ENOENT);
	note_delete(m, e);
}

static void op_pop(struct model *m)
{
	struct entry *e = pick(m);

	EXPECT(m, hmap_pop(m->h, m->key, m->got), e->present ? 0 : -ENOENT);
	if (e->present)
		expect_got(m, e);
	note_delete(m, e);
}

static void op_clear(struct model *m)
{
	u32 i;

	EXPECT(m, hmap_clear(m->h), 0);
	for (i = 0; i < m->config->keys; i++)
		note_delete(m, &m->entries[i]);
}

/* What a scan has returned: it is there, with this value. */
static struct entry *expect_there(struct model *m, const u8 *key,
				  const u8 *value)
{
	__le32 word = 0;
	u32 n;

	memcpy(&word, key, min_t(u32, m->config->key_size, sizeof(word)));
	n = le32_to_cpu(word);
	KUNIT_ASSERT_LT(m->test, n, m->config->keys);
	EXPECT(m, m->entries[n].present, true);
	memcpy(m->got, value, m->config->value_size);
	expect_got(m, &m->entries[n]);
	return &m->entries[n];
}

/* There are no writes meanwhile, so a scan returns what the model has, once. */
static void op_scan(struct model *m)
{
	u32 capacity = 1 + hk_below(&m->rnd, BATCH), n, total = 0;
	bool iterate = hk_below(&m->rnd, 2);
	struct hmap_iter iter = {};
	struct entry *e;

	if (iterate)
		hmap_iter_init(&iter);
	while (!hmap_cursor_done(&iter.cursor)) {
		n = iterate ? hmap_iter_next(m->h, &iter, m->keys, m->values,
					     capacity) :
			      hmap_scan(m->h, &iter.cursor, m->keys, m->values,
					capacity);
		total += n;
		while (n--) {
			e = expect_there(m, m->keys + n * m->config->key_size,
					 m->values + n * m->config->value_size);
			EXPECT(m, e->seen++, 0);
		}
	}
	EXPECT(m, total, m->count);
	for (n = 0; n < m->config->keys; n++)
		m->entries[n].seen = 0;
}

static void begin_steps(struct model *m)
{
	u32 n;

	m->cursor = (struct hmap_cursor){};
	if (hk_below(&m->rnd, 2))
		m->cursor.start = hk_rnd64(&m->rnd);
	m->cursor.place = m->cursor.start;
	for (n = 0; n < m->config->keys; n++) {
		m->entries[n].stays = m->entries[n].present;
		m->entries[n].stepped = 0;
	}
	m->scanning = true;
}

static void end_steps(struct model *m)
{
	u32 n;

	for (n = 0; n < m->config->keys; n++)
		if (m->entries[n].stays)
			EXPECT(m, m->entries[n].stepped, 1);
	m->scanning = false;
}

/*
 * A step of a scan that goes on while the map is written and resized: what stays is
 * returned once, nothing twice.
 */
static void op_step(struct model *m)
{
	u32 capacity = 1 + hk_below(&m->rnd, BATCH), n;
	struct entry *e;

	if (!m->scanning)
		begin_steps(m);
	n = hmap_scan(m->h, &m->cursor, m->keys, m->values, capacity);
	while (n--) {
		e = expect_there(m, m->keys + n * m->config->key_size,
				 m->values + n * m->config->value_size);
		EXPECT(m, e->stepped++, 0);
	}
	if (hmap_cursor_done(&m->cursor))
		end_steps(m);
}

static void op_tell(struct model *m)
{
	struct hmap_layout layout = {};
	struct hmap_stats stats;
	u64 place = 0, used = 0, buckets = 0;
	unsigned int i;

	hmap_get_stats(m->h, &stats);
	EXPECT(m, stats.count, m->count);
	EXPECT(m, hmap_get_layout(m->h, &place, &layout), 0);
	for (i = 0; i <= HMAP_BUCKET_CNT; i++) {
		used += i * layout.slots[i];
		buckets += layout.slots[i];
	}
	EXPECT(m, used, m->count);
	EXPECT(m, buckets, layout.buckets);
}

/* What is done once in a few thousand times. A map with a late worker grows first. */
static void op_rare(struct model *m)
{
	u32 room = m->config->max_entries ?: 2 * m->config->keys;

	switch (m->late ? 3 : hk_below(&m->rnd, 8)) {
	case 0:
		op_clear(m);
		break;
	case 1:
		EXPECT(m, hmap_reserve(m->h, hk_below(&m->rnd, room)), 0);
		break;
	case 2:
		EXPECT(m, hmap_shrink(m->h), 0);
		break;
	case 3:
		op_tell(m);
		break;
	default:
		op_scan(m);
	}
}

/* What is done to some elements, or all: once in fifty times. */
static void op_many(struct model *m)
{
	u32 n = hk_below(&m->rnd, 100);

	if (!n)
		op_rare(m);
	else if (n < 10)
		op_put_batch(m);
	else if (n < 20)
		op_get_batch(m);
	else
		op_step(m);
}

/* @deletes: per cent of operations that delete. */
static void op_any(struct model *m, u32 deletes)
{
	u32 n = hk_below(&m->rnd, 100);

	if (!hk_below(&m->rnd, 50))
		op_many(m);
	else if (n < deletes / 2)
		op_delete(m);
	else if (n < deletes)
		op_pop(m);
	else if (n < deletes + (100 - deletes) / 2)
		op_put(m);
	else if (n < deletes + (100 - deletes) * 5 / 6)
		op_get(m);
	else
		op_update(m);
}

/* The tide turns, and the worker looks what it has left behind. */
static u32 turn_tide(struct model *m, u32 deletes)
{
	flush_delayed_work(&m->h->work);
	return 100 - deletes;
}

static void worker_returns(struct model *m)
{
	hk_enable_worker(m->h);
	m->late = false;
}

/*
 * The worker stays away from a map of few elements that are so large that the array
 * which is due has more than 1 MiB. No put makes that before there are twice as many
 * elements as there should be: the map gets long chains until the worker is back.
 */
static void turn_worker(struct model *m)
{
	const struct hmap_array *a;

	if (m->late) {
		a = hk_array(m->h);
		KUNIT_EXPECT_GT(m->test, m->count, hmap_capacity(a->B) * 5 / 4);
		KUNIT_EXPECT_GT(m->test, a->extra.overflow.nr_blocks, 0);
		worker_returns(m);
	} else {
		op_clear(m);
		EXPECT(m, hmap_shrink(m->h), 0);
		disable_delayed_work_sync(&m->h->work);
		m->late = true;
	}
}

/* At the beginning and the end of every resize, and now and then. */
static void look(struct model *m)
{
	u64 resizes = hk_grows(m->h) + hk_same_size_grows(m->h) +
		      atomic_long_read(&m->h->shrinks);
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
		m->rnd.state = random_mix(m->rnd.state + *p);
}

static struct model *make_model(struct kunit *test, const struct config *config)
{
	const struct hmap_params params = {
		.key_size = config->key_size, .value_size = config->value_size,
		.hashfn = config->hashfn, .stripes = config->stripes,
		.max_entries = config->max_entries,
	};
	struct model *m = hk_alloc(test, 1, sizeof(*m));

	m->test = test;
	m->config = config;
	m->rnd = hk_rnd(test);
	mix_in_config(m);
	m->h = hk_map_view(test, &params, config->shown ? hk_view(test) : NULL);
	if (config->shrinks)
		m->h->params.flags &= ~HMAP_NO_SHRINK;
	m->entries = hk_alloc(test, config->keys, sizeof(*m->entries));
	return m;
}

static void a_map_does_what_the_model_does(struct kunit *test)
{
	const struct config *config = test->param_value;
	struct model *m = make_model(test, config);
	unsigned long n, ops = hk_ops / 100 * config->share;
	u32 deletes = config->deletes;

	for (n = 0; n < ops; n++) {
		if (config->late && n % LATE_EVERY == 0)
			turn_worker(m);
		if (config->tides && n % (4 * config->keys) == 0)
			deletes = turn_tide(m, deletes);
		op_any(m, deletes);
		look(m);
	}
	if (m->late)
		worker_returns(m);
	HK_VERIFY(test, m->h);
	expect_equal(m);
	op_scan(m);
	kunit_info(test, "%lu operations, %ld + %ld + %ld resizes, %u elements\n",
		   ops, hk_grows(m->h), hk_same_size_grows(m->h),
		   atomic_long_read(&m->h->shrinks), m->count);
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
