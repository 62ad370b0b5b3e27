// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of memory, of a map and of several together, and limits that are changed;
 * memory of a NUMA node.
 */
#include <linux/delay.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>

#include "hmap_kunit.h"

/* A block of overflow buckets for evacuation, which is not refused. */
#define SLACK	SZ_32K

static struct hmap *limited_map(struct kunit *test, u32 key_size,
				u32 value_size, unsigned long max_bytes)
{
	const struct hmap_params params = {
		.key_size = key_size, .value_size = value_size,
		.max_bytes = max_bytes,
	};

	return hk_map(test, &params);
}

static long memory_of(struct hmap *h)
{
	return hk_memory(h);
}

/* An element whose value is all @byte. */
static int put_byte(struct hmap *h, u64 n, u8 byte, unsigned int flags)
{
	static u8 key[512], value[2048];

	memcpy(key, &n, sizeof(n));
	memset(value, byte, h->params.value_size);
	return hmap_put(h, key, value, flags, GFP_KERNEL);
}

static int delete_number(struct hmap *h, u64 n)
{
	static u8 key[512];

	memcpy(key, &n, sizeof(n));
	return hmap_delete(h, key);
}

static bool has_byte(struct hmap *h, u64 n, u8 byte)
{
	static u8 key[512], value[2048];

	memcpy(key, &n, sizeof(n));
	return !hmap_get(h, key, value) && value[0] == byte &&
	       value[h->params.value_size - 1] == byte;
}

/*
 * Numbers from @from on, until one does not fit, and neither the worker nor the end of a
 * resize gives room. Returns that.
 */
static u64 fill_up(struct kunit *test, struct hmap *h, u64 from)
{
	unsigned int refused = 0;
	u64 n = from;
	int err;

	while (refused < 4 && n < from + 1000000) {
		err = put_byte(h, n, n, HMAP_NOEXIST);
		n += !err;
		cond_resched();
		if (!err || (err == -ENOSPC && hk_growing(h))) {
			refused = 0;
			continue;
		}
		KUNIT_ASSERT_EQ(test, err, -ENOSPC);
		flush_delayed_work(&h->work);
		hk_wait_memory(test, h);
		refused++;
	}
	KUNIT_EXPECT_EQ(test, refused, 4);
	return n;
}

static void expect_numbers(struct kunit *test, struct hmap *h, u64 from,
			   u64 to)
{
	u64 n;

	KUNIT_EXPECT_EQ(test, hmap_len(h), to - from);
	for (n = from; n < to; n++)
		KUNIT_ASSERT_TRUE_MSG(test, has_byte(h, n, n), "%llu", n);
	HK_VERIFY(test, h);
}

static const struct {
	u32 key_size;
	u32 value_size;
} sizes[] = {
	{ 8, 8 }, { 8, 128 }, { 100, 100 }, { 8, 129 }, { 200, 8 },
	{ 300, 1000 },
};

static void a_map_stays_within_its_limit(struct kunit *test)
{
	static const long limits[] = { SZ_16K, SZ_128K, SZ_1M };
	u32 element, i, j;
	struct hmap *h;
	u64 n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < ARRAY_SIZE(limits); j++) {
			h = limited_map(test, sizes[i].key_size,
					sizes[i].value_size, limits[j]);
			n = fill_up(test, h, 0);
			KUNIT_EXPECT_LE(test, memory_of(h), limits[j] + SLACK);
			/* The most of it is not wasted. */
			element = sizes[i].key_size + sizes[i].value_size;
			KUNIT_EXPECT_GT_MSG(test, n * (element + 3) * 4,
					    limits[j], "%u+%u: %llu in %ld",
					    sizes[i].key_size,
					    sizes[i].value_size, n, limits[j]);
			expect_numbers(test, h, 0, n);
			hk_map_destroy(test, h);
		}
	}
}

/* Chains take what is left when the next array would be too large. */
static void chains_are_longer_where_an_array_does_not_fit(struct kunit *test)
{
	struct hmap *h = limited_map(test, 8, 8, 110000), *free = hk_map_u64(test);
	u64 n;

	n = fill_up(test, h, 0);
	hk_put_range(test, free, 0, n);
	KUNIT_EXPECT_LT(test, hk_array(h)->B, hk_array(free)->B);
	KUNIT_EXPECT_GT(test, hk_array(h)->longest_chain,
			hk_array(free)->longest_chain);
	KUNIT_EXPECT_LE(test, memory_of(h), 110000);
	/* And the worker is not asked again and again for what cannot be. */
	KUNIT_EXPECT_EQ(test, atomic_long_read(&h->alloc_failures), 0);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(h->called));
}

static void a_map_at_its_limit_goes_on_working(struct kunit *test)
{
	struct hmap *h;
	u64 n, k;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		h = limited_map(test, sizes[i].key_size, sizes[i].value_size,
				SZ_128K);
		n = fill_up(test, h, 0);
		for (k = 0; k < n; k++) {
			KUNIT_ASSERT_EQ(test, put_byte(h, k, k, HMAP_EXIST), 0);
			KUNIT_ASSERT_EQ(test, put_byte(h, k, k, HMAP_ANY), 0);
		}
		KUNIT_EXPECT_EQ(test, put_byte(h, 1, 1, HMAP_NOEXIST), -EEXIST);
		KUNIT_EXPECT_EQ(test, put_byte(h, n, 1, HMAP_EXIST), -ENOENT);
		KUNIT_EXPECT_EQ(test, put_byte(h, n, 1, HMAP_ANY), -ENOSPC);
		expect_numbers(test, h, 0, n);
		hk_map_destroy(test, h);
	}
}

static void a_full_map_can_be_cleared(struct kunit *test)
{
	struct hmap *h;
	u64 n;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		h = limited_map(test, sizes[i].key_size, sizes[i].value_size,
				SZ_128K);
		n = fill_up(test, h, 0);
		KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
		KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
		KUNIT_EXPECT_GT(test, fill_up(test, h, n), n + n / 2);
		hk_map_destroy(test, h);
	}
}

/*
 * The first refusal is true: what is in the way is neither an array that the worker has
 * made and not put in place nor the one that the end of a resize gives back.
 */
static void no_resize_refuses_an_insert(struct kunit *test)
{
	unsigned long max_bytes;
	u64 refused, full;
	struct hmap *h;

	for (max_bytes = 100000; max_bytes < 300000; max_bytes += 10000) {
		h = limited_map(test, 8, 200, max_bytes);
		for (refused = 0; !put_byte(h, refused, 0, HMAP_NOEXIST); refused++)
			cond_resched();
		full = fill_up(test, h, refused);
		KUNIT_EXPECT_GE_MSG(test, refused, full - full / 32,
				    "max_bytes %lu", max_bytes);
		hk_map_destroy(test, h);
	}
}

/**
 * struct filling - a map that is filled while others use it
 * @h: the map
 * @n: elements so far
 * @refused: a put has been refused
 */
struct filling {
	struct hmap *h;
	u64 n;
	bool refused;
};

static bool fill_one(struct hk_thread *thread)
{
	struct filling *f = thread->arg;
	u64 value = 0;

	f->refused = hmap_put(f->h, &f->n, &value, HMAP_NOEXIST, GFP_KERNEL);
	WRITE_ONCE(f->n, f->n + !f->refused);
	return !f->refused;
}

static bool overwrite_one(struct hk_thread *thread)
{
	struct filling *f = thread->arg;
	u64 n = READ_ONCE(f->n), value = 1, key;

	key = n ? hk_below(&thread->rnd, n) : 0;
	if (n && hmap_put(f->h, &key, &value, HMAP_EXIST, GFP_KERNEL))
		thread->errors++;
	return !READ_ONCE(f->refused);
}

/* Nor if other writers keep the worker from taking the resize for idle. */
static void no_resize_refuses_an_insert_beside_others(struct kunit *test)
{
	unsigned long max_bytes;
	struct filling f;
	u64 full;

	for (max_bytes = 100000; max_bytes < 300000; max_bytes += 20000) {
		struct hk_thread threads[] = {
			{ fill_one, &f, .complete = true },
			{ overwrite_one, &f, .complete = true },
		};

		f = (struct filling){
			.h = limited_map(test, 8, 8, max_bytes),
		};
		hk_run(test, threads, ARRAY_SIZE(threads), 0);
		full = fill_up(test, f.h, f.n);
		KUNIT_EXPECT_GE_MSG(test, f.n, full - full / 16, "max_bytes %lu",
				    max_bytes);
		hk_map_destroy(test, f.h);
	}
}

static int refuse(void *value, bool exists, void *arg)
{
	++*(unsigned int *)arg;
	return -ENOSPC;
}

/* An error of a callback is the error of the call, also if the map has it, too. */
static void a_callback_is_called_once(struct kunit *test)
{
	struct hmap *h = limited_map(test, 8, 200, SZ_128K);
	unsigned int calls = 0;
	u64 key = 1;

	KUNIT_ASSERT_EQ(test, put_byte(h, key, 0, HMAP_NOEXIST), 0);
	KUNIT_EXPECT_EQ(test, hmap_update(h, &key, refuse, &calls, HMAP_ANY,
					  GFP_KERNEL), -ENOSPC);
	KUNIT_EXPECT_EQ(test, calls, 1);
	key = 2;
	KUNIT_EXPECT_EQ(test, hmap_update(h, &key, refuse, &calls, HMAP_ANY,
					  GFP_KERNEL), -ENOSPC);
	KUNIT_EXPECT_EQ(test, calls, 2);
}

/* The limit that first_puts() meets. */
static struct hmap_pool tide;

static bool move_tide(struct hk_thread *thread)
{
	WRITE_ONCE(tide.max_bytes, hk_below(&thread->rnd, 2) ? 1 : SZ_1M);
	return true;
}

/* The first put of a map, which needs an array, while the room for it comes and goes. */
static bool first_puts(struct hk_thread *thread)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .pools = { &tide },
	};
	unsigned int tries = 1000;
	u64 key = 0, value = 0;
	struct hmap h;
	int err;

	if (hmap_init(&h, &params))
		return true;
	/* In the end the room may have gone for good. */
	do {
		err = hmap_put(&h, &key, &value, HMAP_NOEXIST, GFP_KERNEL);
	} while (err == -ENOSPC && --tries);
	if ((err && err != -ENOSPC) || hmap_len(&h) != !err)
		thread->errors++;
	hmap_destroy(&h);
	return true;
}

static void room_that_comes_and_goes_is_asked_for_once(struct kunit *test)
{
	struct hk_thread threads[] = {
		{ move_tide }, { first_puts }, { first_puts },
	};

	hk_run(test, threads, ARRAY_SIZE(threads), 1000);
	hmap_pool_exit(&tide);
}

/* The second array is beyond the limit for a while, but it is the smaller one. */
static void fill_and_shrink(struct kunit *test, struct hmap *h,
			    u32 min_overflow)
{
	unsigned int i;
	u64 n, k;

	n = fill_up(test, h, 0);
	KUNIT_EXPECT_GE(test, hk_array(h)->noverflow, min_overflow);
	h->params.flags &= ~HMAP_NO_SHRINK;
	for (k = 0; k < n; k++)
		KUNIT_ASSERT_EQ(test, hmap_delete(h, &k), 0);
	for (i = 0; i < 20 && hk_array(h)->B > 4; i++) {
		mod_delayed_work(hmap_wq, &h->work, 0);
		flush_delayed_work(&h->work);
	}
	KUNIT_EXPECT_EQ(test, hk_array(h)->B, 4);
	hk_wait_memory(test, h);
	KUNIT_EXPECT_LT(test, memory_of(h), SZ_16K);
}

static void a_full_map_can_shrink(struct kunit *test)
{
	fill_and_shrink(test, limited_map(test, 8, 8, SZ_1M), 0);
}

/* There is no room for an array of the same size, which would be in order, too. */
static void a_full_map_with_long_chains_can_shrink(struct kunit *test)
{
	fill_and_shrink(test, limited_map(test, 8, 8, 100000), 256);
}

static void a_limit_that_allows_nothing_allows_no_element(struct kunit *test)
{
	struct hmap *h;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		h = limited_map(test, sizes[i].key_size, sizes[i].value_size, 1);
		KUNIT_EXPECT_EQ(test, put_byte(h, 1, 1, HMAP_ANY), -ENOSPC);
		KUNIT_EXPECT_EQ(test, put_byte(h, 1, 1, HMAP_EXIST), -ENOENT);
		KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
		KUNIT_EXPECT_EQ(test, hmap_len(h), 0);
		hk_map_destroy(test, h);
	}
}

static void room_beyond_the_limit_is_refused(struct kunit *test)
{
	struct hmap_params params = {
		.key_size = 8, .value_size = 8, .hint = 1000,
		.max_bytes = 20000,
	};
	static struct hmap refused;
	struct hmap *h;

	KUNIT_EXPECT_EQ(test, hmap_init(&refused, &params), -ENOSPC);
	KUNIT_EXPECT_PTR_EQ(test, refused.memory, NULL);
	params.max_bytes = 60000;
	h = hk_map(test, &params);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 100000), -ENOSPC);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 1000), 0);
	KUNIT_EXPECT_LE(test, memory_of(h), 60000);
}

static void a_pool_is_shared(struct kunit *test)
{
	struct hmap_pool *pool = hk_alloc(test, 1, sizeof(*pool));
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .pools = { pool },
	};
	struct hmap *a, *b;
	u64 n, m;

	pool->max_bytes = SZ_256K;
	a = hk_map(test, &params);
	b = hk_map(test, &params);
	n = fill_up(test, a, 0);
	KUNIT_EXPECT_LE(test, memory_of(a), SZ_256K + SLACK);
	hk_wait_memory(test, a);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->memory),
			memory_of(a) + memory_of(b));
	m = fill_up(test, b, 0);
	KUNIT_EXPECT_LT(test, m, n / 2);
	hk_wait_memory(test, b);
	/* What one gives back the other may have. */
	hk_map_destroy(test, a);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->memory), memory_of(b));
	KUNIT_EXPECT_GT(test, fill_up(test, b, m), n / 2);
	hk_map_destroy(test, b);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&pool->memory), 0);
}

static void every_pool_is_a_limit(struct kunit *test)
{
	struct hmap_pool *pools = hk_alloc(test, HMAP_POOLS, sizeof(*pools));
	struct hmap_params params = { .key_size = 8, .value_size = 8 };
	struct hmap *h;
	int i, j;

	for (i = 0; i < HMAP_POOLS; i++) {
		for (j = 0; j < HMAP_POOLS; j++)
			pools[j].max_bytes = j == i ? SZ_256K : SZ_4M;
		/* one that has no limit counts, too */
		pools[(i + 1) % HMAP_POOLS].max_bytes = 0;
		for (j = 0; j < HMAP_POOLS; j++)
			params.pools[j] = &pools[j];
		h = hk_map(test, &params);
		fill_up(test, h, 0);
		KUNIT_EXPECT_LE(test, memory_of(h), SZ_256K + SLACK);
		KUNIT_EXPECT_EQ(test, hmap_reserve(h, 100000), -ENOSPC);
		/* the limit may be changed */
		WRITE_ONCE(pools[i].max_bytes, SZ_16M);
		KUNIT_EXPECT_EQ(test, hmap_reserve(h, 60000), 0);
		hk_wait_memory(test, h);
		for (j = 0; j < HMAP_POOLS; j++)
			KUNIT_EXPECT_EQ(test, memory_of(h),
					atomic_long_read(&pools[j].memory));
		hk_map_destroy(test, h);
		for (j = 0; j < HMAP_POOLS; j++)
			KUNIT_EXPECT_EQ(test, 0,
					atomic_long_read(&pools[j].memory));
	}
}

/* ---- limits that are changed ---- */

static int put_number(struct hmap *h, u64 key, unsigned int flags)
{
	u64 value = hk_value(key);

	return hmap_put(h, &key, &value, flags, GFP_KERNEL);
}

static const u32 stripes[] = { 1, 8 };

static void a_lower_max_entries_deletes_nothing(struct kunit *test)
{
	struct hmap_params params = {
		.key_size = 8, .value_size = 8, .hint = 80,
	};
	struct hmap *h;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(stripes); i++) {
		params.stripes = stripes[i];
		h = hk_map(test, &params);
		hk_put_range(test, h, 0, 100);
		hmap_set_max_entries(h, 50);
		KUNIT_EXPECT_EQ(test, put_number(h, 100, HMAP_ANY), -ENOSPC);
		KUNIT_EXPECT_EQ(test, put_number(h, 99, HMAP_ANY), 0);
		KUNIT_EXPECT_EQ(test, put_number(h, 99, HMAP_NOEXIST), -EEXIST);
		hk_expect_all(test, h, 0, 100);
		hk_delete_range(test, h, 50, 100);
		KUNIT_EXPECT_EQ(test, put_number(h, 50, HMAP_ANY), -ENOSPC);
		hk_delete(test, h, 49);
		KUNIT_EXPECT_EQ(test, put_number(h, 49, HMAP_NOEXIST), 0);
		KUNIT_EXPECT_EQ(test, put_number(h, 50, HMAP_ANY), -ENOSPC);
		/* What the map was made for is history. */
		KUNIT_EXPECT_EQ(test, h->params.hint, 80);
		KUNIT_EXPECT_EQ(test, hmap_reserve(h, 51), -EINVAL);
		KUNIT_EXPECT_EQ(test, hmap_reserve(h, 50), 0);
		hk_expect_all(test, h, 0, 50);
	}
}

static void a_raised_max_entries_has_room_at_once(struct kunit *test)
{
	struct hmap_params params = {
		.key_size = 8, .value_size = 8, .max_entries = 100,
	};
	struct hmap *h;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(stripes); i++) {
		params.stripes = stripes[i];
		h = hk_map(test, &params);
		hk_put_range(test, h, 0, 100);
		KUNIT_EXPECT_EQ(test, put_number(h, 100, HMAP_ANY), -ENOSPC);
		hmap_set_max_entries(h, 1000);
		hk_put_range(test, h, 100, 1000);
		KUNIT_EXPECT_EQ(test, put_number(h, 1000, HMAP_ANY), -ENOSPC);
		hmap_set_max_entries(h, 0);
		hk_put_range(test, h, 1000, 2000);
		hmap_set_max_entries(h, ULONG_MAX);
		hk_put_range(test, h, 2000, 3000);
		hk_expect_all(test, h, 0, 3000);
	}
}

/* As while the worker waits for memory: calls have no effect, and it runs much later. */
static void put_worker_off(struct hmap *h)
{
	flush_delayed_work(&h->work);
	WRITE_ONCE(h->called, true);
	mod_delayed_work(hmap_wq, &h->work, 3600 * HZ);
}

/*
 * By the worker, which drives a resize that no writer drives. To @B or to more: a map
 * that has been at its limit has come to twice as many buckets.
 */
static void expect_grown(struct kunit *test, struct hmap *h, u8 B)
{
	unsigned long end = jiffies + 20 * HZ;

	while ((hk_growing(h) || hk_B(h) < B) && time_before(jiffies, end))
		usleep_range(1000, 2000);
	KUNIT_EXPECT_FALSE(test, hk_growing(h));
	KUNIT_EXPECT_GE(test, hk_B(h), B);
}

static void expect_settled(struct kunit *test, struct hmap *h)
{
	expect_grown(test, h, 0);
}

static void a_raised_max_bytes_grows_the_map_without_a_call(struct kunit *test)
{
	struct hmap *h, *free;
	u32 i, grown = 0;
	u8 full_B, free_B;
	u64 n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		h = limited_map(test, sizes[i].key_size, sizes[i].value_size,
				SZ_256K);
		free = hk_map_sized(test, sizes[i].key_size, sizes[i].value_size);
		n = fill_up(test, h, 0);
		while (hmap_len(free) < n)
			KUNIT_ASSERT_EQ(test, put_byte(free, hmap_len(free), 0,
						       HMAP_NOEXIST), 0);
		expect_settled(test, free);
		full_B = hk_B(h);
		free_B = hk_B(free);
		put_worker_off(h);
		/* No limit, or one that is high enough. */
		hmap_set_max_bytes(h, i % 2 ? 0 : SZ_16M);
		/* Without a call of the map, and without one of the worker by the test. */
		expect_grown(test, h, max(full_B, free_B));
		KUNIT_EXPECT_LE(test, hk_B(h), max(full_B, free_B) + 1);
		grown += free_B > full_B;
		KUNIT_EXPECT_EQ(test, put_byte(h, n, n, HMAP_NOEXIST), 0);
		expect_numbers(test, h, 0, n + 1);
		hk_map_destroy(test, h);
		hk_map_destroy(test, free);
	}
	/* At least one of them had less buckets than it should have had. */
	KUNIT_EXPECT_GT(test, grown, 0);
}

static void max_bytes_below_the_memory_frees_nothing(struct kunit *test)
{
	struct hmap *h;
	long memory;
	u64 n, k;
	u8 B;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		h = hk_map_sized(test, sizes[i].key_size, sizes[i].value_size);
		for (n = 0; n < 500; n++)
			KUNIT_ASSERT_EQ(test, put_byte(h, n, n, HMAP_NOEXIST), 0);
		expect_settled(test, h);
		hk_wait_memory(test, h);
		memory = memory_of(h);
		B = hk_B(h);
		hmap_set_max_bytes(h, memory / 2);
		flush_delayed_work(&h->work);
		/* At most into slots that are there. */
		n = fill_up(test, h, n);
		if (hmap_has_blobs(h))
			KUNIT_EXPECT_EQ(test, n, 500);
		KUNIT_EXPECT_EQ(test, hk_B(h), B);
		KUNIT_EXPECT_LE(test, memory_of(h), memory);
		KUNIT_EXPECT_EQ(test, hmap_reserve(h, 5000), -ENOSPC);
		for (k = 0; k < n; k++)
			KUNIT_ASSERT_EQ(test, put_byte(h, k, k, HMAP_EXIST), 0);
		expect_numbers(test, h, 0, n);
		/* Fewer of them in fewer buckets: there is room again. */
		for (k = 0; k < n - 20; k++)
			KUNIT_ASSERT_EQ(test, delete_number(h, k), 0);
		KUNIT_EXPECT_EQ(test, hmap_shrink(h), 0);
		hk_wait_memory(test, h);
		KUNIT_EXPECT_LT(test, memory_of(h), memory / 2);
		k = fill_up(test, h, n);
		KUNIT_EXPECT_GT(test, k, n);
		KUNIT_EXPECT_LE(test, memory_of(h), memory / 2 + SLACK);
		expect_numbers(test, h, n - 20, k);
		hk_map_destroy(test, h);
	}
}

/* It starts again without buckets if those that it has do not fit any more. */
static void a_map_above_a_lower_limit_can_be_cleared(struct kunit *test)
{
	struct hmap *h;
	long memory;
	u64 n;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		h = hk_map_sized(test, sizes[i].key_size, sizes[i].value_size);
		for (n = 0; n < 500; n++)
			KUNIT_ASSERT_EQ(test, put_byte(h, n, n, HMAP_NOEXIST), 0);
		expect_settled(test, h);
		hk_wait_memory(test, h);
		memory = memory_of(h) / 2;
		hmap_set_max_bytes(h, memory);
		KUNIT_EXPECT_EQ(test, hmap_clear(h), 0);
		hk_wait_memory(test, h);
		KUNIT_EXPECT_GT(test, fill_up(test, h, 0), 0);
		KUNIT_EXPECT_LE(test, memory_of(h), memory + SLACK);
		hk_map_destroy(test, h);
	}
}

/* ---- threads ---- */

struct limited {
	struct hmap *h;
	long most;
};

static bool put_and_delete(struct hk_thread *thread)
{
	struct limited *l = thread->arg;
	u64 key = hk_below(&thread->rnd, 50000), value = hk_value(key);
	int err;

	err = hmap_put(l->h, &key, &value, HMAP_ANY, GFP_KERNEL);
	if (err && err != -ENOSPC)
		thread->errors++;
	if (hk_below(&thread->rnd, 8) == 0)
		hmap_delete(l->h, &key);
	if (memory_of(l->h) > l->most)
		thread->errors++;
	return true;
}

static void writers_stay_within_the_limit_together(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .stripes = 4,
		.max_bytes = SZ_512K,
	};
	struct limited l = { .h = hk_map(test, &params) };
	struct hk_thread threads[4];
	u32 i;

	l.most = SZ_512K + (ARRAY_SIZE(threads) + 1) * SLACK;
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = (struct hk_thread){
			.fn = put_and_delete, .arg = &l,
		};
	hk_run(test, threads, ARRAY_SIZE(threads), 300);
	HK_VERIFY(test, l.h);
}

/* Room for one array of reserve_and_go(), and not for two. */
static struct hmap_pool narrow = { .max_bytes = SZ_4M };

/* Not even for a moment do the maps hold more than their pool allows. */
static bool reserve_and_go(struct hk_thread *thread)
{
	const struct hmap_params params = {
		.key_size = 8, .value_size = 8, .pools = { &narrow },
	};
	struct hmap h;
	int err;

	if (hmap_init(&h, &params))
		return true;
	err = hmap_reserve(&h, 60000);
	if (atomic_long_read(&narrow.memory) > SZ_4M + SLACK)
		thread->errors++;
	if (err && err != -ENOSPC)
		thread->errors++;
	hmap_destroy(&h);
	return true;
}

static void maps_that_grow_together_stay_within_their_pool(struct kunit *test)
{
	struct hk_thread threads[] = {
		{ reserve_and_go }, { reserve_and_go }, { reserve_and_go },
		{ reserve_and_go },
	};

	hk_run(test, threads, ARRAY_SIZE(threads), 300);
	hmap_pool_exit(&narrow);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&narrow.memory), 0);
}

static bool change_limits(struct hk_thread *thread)
{
	struct hmap *h = thread->arg;
	struct hk_rnd *rnd = &thread->rnd;

	hmap_set_max_entries(h, hk_below(rnd, 2) ? hk_below(rnd, 3000) : 0);
	hmap_set_max_bytes(h, hk_below(rnd, 2) ? hk_below(rnd, SZ_1M) : 0);
	if (hk_below(rnd, 8) == 0)
		usleep_range(1000, 2000);
	return true;
}

static bool put_below_limits(struct hk_thread *thread)
{
	struct hmap *h = thread->arg;
	u64 key = hk_below(&thread->rnd, 5000), value[200 / sizeof(u64)] = {};
	int err;

	value[0] = hk_value(key);
	err = hmap_put(h, &key, value, HMAP_ANY, GFP_KERNEL);
	if (err && err != -ENOSPC)
		thread->errors++;
	if (!hmap_get(h, &key, value) && value[0] != hk_value(key))
		thread->errors++;
	if (hk_below(&thread->rnd, 4) == 0)
		hmap_delete(h, &key);
	return true;
}

static void limits_are_changed_while_puts_run(struct kunit *test)
{
	static const u32 value_sizes[] = { 8, 200 };
	struct hmap_params params = { .key_size = 8, .stripes = 4 };
	struct hk_thread threads[4];
	struct hmap *h;
	u64 key;
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(value_sizes); i++) {
		params.value_size = value_sizes[i];
		h = hk_map(test, &params);
		for (j = 0; j < ARRAY_SIZE(threads); j++)
			threads[j] = (struct hk_thread){
				.fn = j ? put_below_limits : change_limits, .arg = h,
			};
		hk_run(test, threads, ARRAY_SIZE(threads), 200);
		HK_VERIFY(test, h);
		/* The last word counts. */
		hmap_set_max_entries(h, 0);
		hmap_set_max_bytes(h, 0);
		for (key = 10000; key < 20000; key++)
			KUNIT_ASSERT_EQ(test, put_byte(h, key, key, HMAP_NOEXIST),
					0);
		hmap_set_max_entries(h, 1);
		KUNIT_EXPECT_EQ(test, put_byte(h, key, key, HMAP_NOEXIST), -ENOSPC);
		hk_map_destroy(test, h);
	}
}

/* ---- nodes ---- */

static void memory_comes_from_a_node(struct kunit *test)
{
	struct hmap_params params = {
		.key_size = 8, .value_size = 8, .flags = HMAP_NUMA_NODE,
	};
	struct hmap *h;
	u32 i;

	params.node = first_online_node;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		params.key_size = sizes[i].key_size;
		params.value_size = sizes[i].value_size;
		params.hint = i % 2 ? 2000 : 0;
		h = hk_map(test, &params);
		for (u64 n = 0; n < 2000; n++)
			KUNIT_ASSERT_EQ(test, put_byte(h, n, n, HMAP_ANY), 0);
		expect_numbers(test, h, 0, 2000);
		hk_map_destroy(test, h);
	}
}

/* From kmalloc(), of pages in a row, and of pages anywhere. */
static void arrays_of_a_node_are_empty_and_counted(struct kunit *test)
{
	struct hmap_params params = {
		.key_size = 8, .value_size = 8, .flags = HMAP_NUMA_NODE,
	};
	struct hmap_array *a;
	struct hmap *h;
	long before;
	size_t size;
	u8 B;

	params.node = first_online_node;
	h = hk_map(test, &params);
	before = memory_of(h);
	for (B = 0; B <= 16; B++) {
		a = hmap_array_alloc(h, B, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a);
		size = h->geo.bucket_size << B;
		KUNIT_EXPECT_NULL(test, memchr_inv(a->data, 0, size));
		KUNIT_EXPECT_GE(test, memory_of(h), before + size);
		memset(a->data, 0xff, size);
		hmap_array_free(a);
		KUNIT_EXPECT_EQ(test, memory_of(h), before);
	}
}

static void nodes_are_checked(struct kunit *test)
{
	static const int nodes[] = { -1, MAX_NUMNODES, INT_MAX, INT_MIN };
	struct hmap_params params = {
		.key_size = 8, .value_size = 8, .flags = HMAP_NUMA_NODE,
	};
	static struct hmap refused;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		params.node = nodes[i];
		KUNIT_EXPECT_EQ(test, hmap_init(&refused, &params), -EINVAL);
	}
	/* It is not looked at without the flag. */
	params.flags = HMAP_ACCOUNT;
	hk_map_destroy(test, hk_map(test, &params));
}

static struct kunit_case limit_cases[] = {
	KUNIT_CASE(a_map_stays_within_its_limit),
	KUNIT_CASE(chains_are_longer_where_an_array_does_not_fit),
	KUNIT_CASE(a_map_at_its_limit_goes_on_working),
	KUNIT_CASE(a_full_map_can_be_cleared),
	KUNIT_CASE(no_resize_refuses_an_insert),
	KUNIT_CASE(no_resize_refuses_an_insert_beside_others),
	KUNIT_CASE(a_callback_is_called_once),
	KUNIT_CASE(room_that_comes_and_goes_is_asked_for_once),
	KUNIT_CASE(a_full_map_can_shrink),
	KUNIT_CASE(a_full_map_with_long_chains_can_shrink),
	KUNIT_CASE(a_limit_that_allows_nothing_allows_no_element),
	KUNIT_CASE(room_beyond_the_limit_is_refused),
	KUNIT_CASE(a_pool_is_shared),
	KUNIT_CASE(every_pool_is_a_limit),
	KUNIT_CASE(a_lower_max_entries_deletes_nothing),
	KUNIT_CASE(a_raised_max_entries_has_room_at_once),
	KUNIT_CASE(a_raised_max_bytes_grows_the_map_without_a_call),
	KUNIT_CASE(max_bytes_below_the_memory_frees_nothing),
	KUNIT_CASE(a_map_above_a_lower_limit_can_be_cleared),
	KUNIT_CASE(writers_stay_within_the_limit_together),
	KUNIT_CASE(maps_that_grow_together_stay_within_their_pool),
	KUNIT_CASE(limits_are_changed_while_puts_run),
	KUNIT_CASE(memory_comes_from_a_node),
	KUNIT_CASE(arrays_of_a_node_are_empty_and_counted),
	KUNIT_CASE(nodes_are_checked),
	{}
};

HK_SUITE(limit, limit_cases);
