// SPDX-License-Identifier: GPL-2.0
/*
 * What the tracepoints tell.
 */
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "hmap_kunit.h"
#include "trace.h"

/**
 * struct watch - a tracepoint, and what it told of a map
 * @tp: the tracepoint
 * @probe: called by it
 * @h: the map
 * @calls: how often
 * @B: the last time: of the array
 * @new_B: of the one that replaces it
 * @reason: of that
 * @count: elements
 */
struct watch {
	struct tracepoint *tp;
	void *probe;
	const struct hmap *h;
	unsigned int calls;
	u8 B;
	u8 new_B;
	u8 reason;
	u64 count;
};

static void on_resize_start(void *data, const struct hmap *h, u8 B, u8 new_B,
			    u8 reason, u64 count)
{
	struct watch *w = data;

	if (h != w->h)
		return;
	w->calls++;
	w->B = B;
	w->new_B = new_B;
	w->reason = reason;
	w->count = count;
}

static void on_back_pressure(void *data, const struct hmap *h, u8 B, u64 count)
{
	struct watch *w = data;

	if (h != w->h)
		return;
	w->calls++;
	w->B = B;
	w->count = count;
}

static void unwatch(void *ctx)
{
	struct watch *w = ctx;

	tracepoint_probe_unregister(w->tp, w->probe, w);
	tracepoint_synchronize_unregister();
}

static struct watch *watch(struct kunit *test, const struct hmap *h,
			   const char *name, void *probe)
{
	struct watch *w = hk_alloc(test, 1, sizeof(*w));

	w->tp = hk_tracepoint(test, name);
	w->probe = probe;
	w->h = h;
	KUNIT_ASSERT_EQ(test, tracepoint_probe_register(w->tp, probe, w), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, unwatch, w), 0);
	return w;
}

static struct watch *watch_resizes(struct kunit *test, const struct hmap *h)
{
	return watch(test, h, "hmap_resize_start", on_resize_start);
}

static void expect_resize(struct kunit *test, const struct watch *w, u8 reason,
			  u8 B, u8 new_B)
{
	KUNIT_EXPECT_EQ(test, w->reason, reason);
	KUNIT_EXPECT_EQ(test, w->B, B);
	KUNIT_EXPECT_EQ(test, w->new_B, new_B);
}

static void growth_is_because_of_the_load(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct watch *w = watch_resizes(test, h);

	hk_put_range(test, h, 0, 8);
	KUNIT_EXPECT_EQ(test, w->calls, 0);
	hk_put_range(test, h, 8, 27);
	KUNIT_EXPECT_EQ(test, w->calls, 3);
	expect_resize(test, w, HMAP_TRACE_LOAD, 2, 3);
	KUNIT_EXPECT_EQ(test, w->count, 26);
}

/* The oldest of some elements goes when a new one comes: chains become longer. */
static void long_chains_are_a_reason_of_their_own(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct watch *w;
	u64 key;

	hk_put_range(test, h, 0, 26);
	w = watch_resizes(test, h);
	for (key = 26; !w->calls && key < 100000; key++) {
		hk_delete(test, h, key - 26);
		hk_put(test, h, key, hk_value(key));
	}
	KUNIT_EXPECT_EQ(test, w->calls, 1);
	expect_resize(test, w, HMAP_TRACE_OVERFLOW, 2, 2);
	KUNIT_EXPECT_EQ(test, w->count, 25);
}

static void a_reserve_is_a_reason(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct watch *w = watch_resizes(test, h);

	hk_put_range(test, h, 0, 8);
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 50), 0);
	KUNIT_EXPECT_EQ(test, w->calls, 1);
	expect_resize(test, w, HMAP_TRACE_RESERVE, 0, 3);
	KUNIT_EXPECT_EQ(test, w->count, 8);
	/* Three doublings at a time. */
	KUNIT_EXPECT_EQ(test, hmap_reserve(h, 1000), 0);
	KUNIT_EXPECT_EQ(test, w->calls, 3);
	expect_resize(test, w, HMAP_TRACE_RESERVE, 6, 8);
}

static void shrinking_is_a_reason(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct watch *w;
	u8 B;

	hk_put_range(test, h, 0, 800);
	hk_finish_growth(test, h);
	B = hk_array(h)->B;
	w = watch_resizes(test, h);
	h->params.flags = 0;
	hk_delete_range(test, h, 1, 800);
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_GT(test, w->calls, 0);
	expect_resize(test, w, HMAP_TRACE_SHRINK, B + 1 - w->calls,
		      B - w->calls);
	KUNIT_EXPECT_EQ(test, w->count, 1);
}

/* Only a writer that may sleep waits, and only at twice the load. */
static void waiting_for_the_worker_is_told(struct kunit *test)
{
	struct hmap *h = hk_map_u64(test);
	struct watch *w = watch(test, h, "hmap_back_pressure", on_back_pressure);
	u64 n = hk_overfill(test, h), key;
	u8 B = hk_array(h)->B;

	KUNIT_ASSERT_EQ(test, n, 2 * hmap_capacity(B));
	KUNIT_EXPECT_EQ(test, w->calls, 0);
	/* With one less it does not wait, or this would not return. */
	hk_delete(test, h, n);
	KUNIT_ASSERT_EQ(test, hmap_put(h, &n, &n, HMAP_ANY, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, w->calls, 0);
	hk_enable_worker(h);
	key = n + 1;
	KUNIT_ASSERT_EQ(test, hmap_put(h, &key, &key, HMAP_ANY, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, w->calls, 1);
	KUNIT_EXPECT_EQ(test, w->B, B);
	KUNIT_EXPECT_EQ(test, w->count, n);
	/* And it has waited until there was an array, which may be replaced by now. */
	flush_delayed_work(&h->work);
	KUNIT_EXPECT_GT(test, hk_array(h)->B, B);
}

static struct kunit_case trace_cases[] = {
	KUNIT_CASE(growth_is_because_of_the_load),
	KUNIT_CASE(long_chains_are_a_reason_of_their_own),
	KUNIT_CASE(a_reserve_is_a_reason),
	KUNIT_CASE(shrinking_is_a_reason),
	KUNIT_CASE(waiting_for_the_worker_is_told),
	{}
};

HK_SUITE(trace, trace_cases);
