// SPDX-License-Identifier: GPL-2.0
/*
 * STATS and LAYOUT: the fields of the map, and that they move as Go's do.
 */
#include "hmap_test.h"

FIXTURE(stats) {
	struct map m;
	struct hmap_stats s;
};

FIXTURE_SETUP(stats)
{
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
	ASSERT_EQ(0, dev_stats(self->m.fd, &self->s));
}

FIXTURE_TEARDOWN(stats)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

TEST_F(stats, a_new_map_has_no_buckets)
{
	struct hmap_stats *s = &self->s;

	EXPECT_EQ(0, s->count);
	EXPECT_EQ(0, s->flags);
	EXPECT_EQ(0, s->B);
	EXPECT_EQ(0, s->noverflow);
	EXPECT_EQ(HMAP_HAS_ADDRESSES, s->present);
	EXPECT_EQ(0, s->buckets);
	EXPECT_EQ(0, s->oldbuckets);
	EXPECT_EQ(0, s->nevacuate);
	EXPECT_EQ(0, s->extra);
	EXPECT_EQ(0, s->overflow);
	EXPECT_EQ(0, s->oldoverflow);
	EXPECT_EQ(0, s->nextOverflow);
	EXPECT_EQ(0, s->grows);
	EXPECT_EQ(0, s->same_size_grows);
	EXPECT_EQ(0, s->evacuated);
	EXPECT_EQ(0, s->alloc_failures);
	EXPECT_LE(s->memory, page_size());
}

/*
 * The seed's program puts ten keys and prints the map after each. The seed
 * stays the same, the ninth key doubles the map, and the only old bucket is
 * evacuated within that put.
 */
TEST_F(stats, ten_puts_go_as_in_the_seed)
{
	struct map *m = &self->m;
	struct hmap_stats s, first;
	u32 i;

	ASSERT_EQ(0, map_put(m, 0, 0, HMAP_ANY));
	ASSERT_EQ(0, dev_stats(m->fd, &first));
	EXPECT_EQ(self->s.hash0, first.hash0);
	EXPECT_NE(0, first.buckets);
	for (i = 1; i < 10; i++) {
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
		ASSERT_EQ(0, dev_stats(m->fd, &s));
		EXPECT_EQ(i + 1, s.count);
		EXPECT_EQ(0, s.flags);
		EXPECT_EQ(i < 8 ? 0 : 1, s.B);
		EXPECT_EQ(first.hash0, s.hash0);
		EXPECT_EQ(i < 8, s.buckets == first.buckets);
		EXPECT_EQ(0, s.oldbuckets);
		EXPECT_EQ(i < 8 ? 0 : 1, s.nevacuate);
		EXPECT_EQ(i < 8 ? 0 : 1, s.grows);
		EXPECT_EQ(i < 8 ? 0 : 1, s.evacuated);
	}
}

/* Distinct keys at which Go's map doubles. */
static const u32 go_grows[] = {
	9, 14, 27, 53, 105, 209, 417, 833, 1665, 3329, 6657, 13313,
};

TEST_F(stats, the_map_grows_when_go_does)
{
	struct map *m = &self->m;
	struct hmap_stats s;
	u32 i, B = 0;

	for (i = 1; i < 8000; i++) {
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
		ASSERT_EQ(0, dev_stats(m->fd, &s));
		if (i == go_grows[B])
			B++;
		ASSERT_EQ(i, s.count);
		ASSERT_EQ(B, s.B) TH_LOG("at %u keys", i);
		ASSERT_EQ(B, s.grows + s.same_size_grows);
		ASSERT_EQ(0, s.same_size_grows);
		/* an overwrite never grows */
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
	}
	EXPECT_EQ(ARRAY_LEN(go_grows) - 1, B);
	EXPECT_EQ(0, s.alloc_failures);
}

/* While there are old buckets, not all of them have been evacuated. */
static bool evacuation_agrees(const struct hmap_stats *s)
{
	u64 old = s->B ? 1ULL << (s->B - 1) : 0;

	return s->oldbuckets ? s->nevacuate < old : s->nevacuate == old;
}

/* At most two old buckets for each put, and done before the next growth. */
TEST_F(stats, evacuation_takes_one_or_two_buckets_for_each_put)
{
	struct map *m = &self->m;
	struct hmap_stats s, before = self->s;
	u32 i;

	for (i = 1; i < 2000; i++) {
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
		ASSERT_EQ(0, dev_stats(m->fd, &s));
		ASSERT_LE(s.evacuated - before.evacuated, 2);
		ASSERT_GE(s.evacuated - before.evacuated, !!before.oldbuckets);
		ASSERT_EQ(!!s.oldbuckets,
			  !!(s.present & HMAP_HAS_OLDBUCKETS));
		ASSERT_TRUE(evacuation_agrees(&s));
		before = s;
	}
	/* all buckets of all sizes up to half of the present one */
	EXPECT_EQ((1ULL << s.B) - 1, s.evacuated);
}

TEST_F(stats, a_lookup_never_evacuates)
{
	struct map *m = &self->m;
	struct hmap_stats s, before;
	u32 i;

	ASSERT_EQ(0, map_put_range(m, 0, 27));	/* just grown to 8 buckets */
	ASSERT_EQ(0, dev_stats(m->fd, &before));
	ASSERT_NE(0, before.oldbuckets);
	for (i = 0; i < 27; i++) {
		ASSERT_EQ(0, map_check_range(m, i, 1));
		ASSERT_EQ(-ENOENT, map_get(m, 1000 + i));
	}
	ASSERT_EQ(0, dev_stats(m->fd, &s));
	EXPECT_EQ(0, memcmp(&s, &before, sizeof(s)));
}

TEST_F(stats, more_than_16_buckets_have_spares)
{
	struct map *m = &self->m;
	struct hmap_stats s;
	u32 i;

	for (i = 1; i < 2000; i++) {
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
		ASSERT_EQ(0, dev_stats(m->fd, &s));
		ASSERT_GE(s.overflow, s.B > 4 ? 1ULL << (s.B - 4) : 0);
		ASSERT_LE(s.noverflow, s.overflow);
		ASSERT_EQ(s.noverflow < s.overflow ? s.noverflow + 1 : 0,
			  s.nextOverflow);
		ASSERT_EQ(!!s.extra, !!(s.present & HMAP_HAS_EXTRA));
		ASSERT_EQ(!!s.buckets, !!(s.present & HMAP_HAS_BUCKETS));
	}
}

TEST_F(stats, a_map_does_not_shrink_but_an_empty_one_has_a_new_seed)
{
	struct map *m = &self->m;
	struct hmap_stats full, empty;

	ASSERT_EQ(0, map_put_range(m, 0, 1000));
	ASSERT_EQ(0, dev_stats(m->fd, &full));
	ASSERT_EQ(0, map_delete_every(m, 0, 1000, 1));
	ASSERT_EQ(0, dev_stats(m->fd, &empty));
	EXPECT_EQ(0, empty.count);
	EXPECT_EQ(full.B, empty.B);
	EXPECT_NE(full.hash0, empty.hash0);
	ASSERT_EQ(0, map_put_range(m, 0, 1000));
	EXPECT_EQ(0, map_check_range(m, 0, 1000));
}

TEST_F(stats, a_clear_keeps_the_buckets_and_changes_the_seed)
{
	struct map *m = &self->m;
	struct hmap_stats full, empty;

	ASSERT_EQ(0, map_put_range(m, 0, 850));
	ASSERT_EQ(0, dev_stats(m->fd, &full));
	ASSERT_NE(0, full.oldbuckets);
	ASSERT_EQ(0, dev_clear(m->fd));
	ASSERT_EQ(0, dev_stats(m->fd, &empty));
	EXPECT_EQ(0, empty.count);
	EXPECT_EQ(0, empty.flags);
	EXPECT_EQ(full.B, empty.B);
	EXPECT_EQ(0, empty.noverflow);
	EXPECT_EQ(0, empty.oldbuckets);
	EXPECT_EQ(0, empty.nevacuate);
	EXPECT_NE(full.hash0, empty.hash0);
	EXPECT_LE(empty.memory, full.memory);
}

/* What the same operations need is the same each time: nothing is left. */
TEST_F(stats, memory_comes_back)
{
	struct map *m = &self->m;
	struct hmap_stats s;
	u64 empty = 0;
	u32 i;

	for (i = 0; i < 30; i++) {
		ASSERT_EQ(0, map_put_range(m, 0, 3000));
		ASSERT_EQ(0, dev_stats(m->fd, &s));
		EXPECT_GE(s.memory, 3000 * 16);
		ASSERT_EQ(0, dev_clear(m->fd));
		ASSERT_EQ(0, dev_stats(m->fd, &s));
		if (!empty)
			empty = s.memory;
		EXPECT_EQ(empty, s.memory);
	}
}

/* The recipe of Go issue 69110: few keys, always the oldest replaced. */
TEST_F(stats, churn_makes_a_map_grow_to_the_same_size)
{
	struct map *m = &self->m;
	struct hmap_stats s;
	bool flag_seen = false;
	u32 i;

	ASSERT_EQ(0, map_put_range(m, 0, 26));
	for (i = 26; i < 50000; i++) {
		ASSERT_EQ(0, map_delete(m, i - 26));
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
		ASSERT_EQ(0, dev_stats(m->fd, &s));
		ASSERT_EQ(2, s.B);
		ASSERT_EQ(26, s.count);
		if (s.flags) {
			ASSERT_EQ(HMAP_FLAG_SAMESIZEGROW, s.flags);
			ASSERT_NE(0, s.oldbuckets);
			flag_seen = true;
		}
		if (s.same_size_grows >= 3)
			break;
	}
	EXPECT_EQ(3, s.same_size_grows);
	EXPECT_TRUE(flag_seen);
	EXPECT_EQ(0, map_check_range(m, i - 25, 26));
}

/* ---- LAYOUT ---- */

static int check_layout(struct map *m)
{
	struct hmap_layout l;
	struct hmap_stats s;
	u64 used = 0, buckets = 0, chains = 0, overflow = 0, i;
	int ret;

	ret = dev_layout(m->fd, &l);
	if (!ret)
		ret = dev_stats(m->fd, &s);
	if (ret)
		return ret;
	for (i = 0; i <= HMAP_BUCKET_SLOTS; i++) {
		used += i * l.slots[i];
		buckets += l.slots[i];
	}
	for (i = 0; i < HMAP_LAYOUT_CHAINS; i++) {
		chains += l.chains[i];
		overflow += i * l.chains[i];
	}
	if (used != s.count || buckets != l.buckets)
		return -ERANGE;
	if (chains + overflow != buckets && !l.chains[HMAP_LAYOUT_CHAINS - 1])
		return -EDOM;
	if (s.oldbuckets || !s.buckets)
		return 0;
	return chains == 1ULL << s.B && overflow == s.noverflow ? 0 : -ESRCH;
}

TEST_F(stats, the_layout_adds_up)
{
	struct map *m = &self->m;
	struct hmap_layout l;
	u32 i;

	ASSERT_EQ(0, dev_layout(m->fd, &l));
	EXPECT_EQ(0, l.buckets);
	for (i = 0; i < 3000; i++) {
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
		if (i < 120 || i % 37 == 0) {
			ASSERT_EQ(0, check_layout(m))
				TH_LOG("at %u keys", i + 1);
		}
	}
	for (i = 0; i < 3000; i++) {
		ASSERT_EQ(0, map_delete(m, i));
		if (i % 37 == 0) {
			ASSERT_EQ(0, check_layout(m))
				TH_LOG("after %u deletes", i + 1);
		}
	}
	ASSERT_EQ(0, dev_layout(m->fd, &l));
	EXPECT_EQ(l.buckets, l.slots[0]);
}

TEST_HARNESS_MAIN
