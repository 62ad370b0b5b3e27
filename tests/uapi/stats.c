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
	EXPECT_EQ(0, s->next_overflow);
	EXPECT_EQ(0, s->grows);
	EXPECT_EQ(0, s->same_size_grows);
	EXPECT_EQ(0, s->evacuated);
	EXPECT_EQ(0, s->alloc_failures);
	EXPECT_EQ(0, s->longest_chain);
	EXPECT_EQ(8, s->capacity);
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

/* Up to here an array is made by the put that needs it. */
#define SMALL_B	7

/*
 * A larger one comes from a worker, which may be late. No writer is kept waiting
 * for it before the map holds twice of what it should.
 */
static bool grows_in_time(u32 keys, u32 B)
{
	if (keys >= go_grows[B] && B < SMALL_B)
		return false;
	if (B && keys < go_grows[B - 1])
		return false;
	return keys <= 2 * go_grows[B];
}

TEST_F(stats, the_map_grows_when_go_does)
{
	struct map *m = &self->m;
	struct hmap_stats s;
	u32 i;

	for (i = 1; i < 8000; i++) {
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
		ASSERT_EQ(0, dev_stats(m->fd, &s));
		ASSERT_EQ(i, s.count);
		ASSERT_TRUE(grows_in_time(i, s.B))
			TH_LOG("%u keys, B %u", i, s.B);
		ASSERT_EQ(s.B, s.grows);
		ASSERT_EQ(0, s.same_size_grows);
		/* an overwrite never grows */
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
	}
	EXPECT_EQ(0, s.alloc_failures);
}

/*
 * The worker finishes a resize that no writer has driven for a quarter of a second. Where
 * that would be in the way, the time is measured.
 */
static u64 milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#define WORKER_MS	200

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
	u64 then = milliseconds(), done;
	u32 i;

	for (i = 1; i < 2000; i++) {
		ASSERT_EQ(0, map_put(m, i, i, HMAP_ANY));
		ASSERT_EQ(0, dev_stats(m->fd, &s));
		done = s.evacuated - before.evacuated;
		ASSERT_GE(done, !!before.oldbuckets);
		ASSERT_TRUE(done <= 2 || milliseconds() - then > WORKER_MS)
			TH_LOG("%llu at %u keys", done, i);
		ASSERT_TRUE(evacuation_agrees(&s));
		before = s;
		then = milliseconds();
	}
	/* all buckets of all sizes up to half of the present one */
	EXPECT_EQ(s.oldbuckets ? s.evacuated : (1ULL << s.B) - 1, s.evacuated);
}

/* Whether nothing has changed, or too late to tell. */
static int look_up(struct map *m, u32 keys)
{
	struct hmap_stats s, before;
	u64 then = milliseconds();
	u32 i;

	if (until_growing(m) || dev_stats(m->fd, &before))
		return -EBADE;
	for (i = 0; i < keys; i++)
		if (map_check_range(m, i, 1) || map_get(m, 1000000) != -ENOENT)
			return -EBADMSG;
	if (dev_stats(m->fd, &s))
		return -EBADE;
	if (milliseconds() - then > WORKER_MS)
		return -EAGAIN;
	/* The arrays before these may have been freed, after their grace period. */
	s.memory = before.memory;
	return memcmp(&s, &before, sizeof(s)) ? -EUCLEAN : 0;
}

TEST_F(stats, a_lookup_never_evacuates)
{
	u32 tries = 0;
	int ret;

	ASSERT_EQ(0, map_put_range(&self->m, 0, 26));
	do {
		ret = look_up(&self->m, 26);
	} while (ret == -EAGAIN && tries++ < 8);
	EXPECT_EQ(0, ret);
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
			  s.next_overflow);
		ASSERT_EQ(!!s.extra, !!(s.present & HMAP_HAS_EXTRA));
		ASSERT_EQ(!!s.buckets, !!(s.present & HMAP_HAS_BUCKETS));
		/* Puts make small arrays themselves: the map has grown in time. */
		if (s.B < 7)
			ASSERT_LE(s.count, s.capacity);
	}
}

/* As in Go. The map is too small to shrink. */
TEST_F(stats, a_map_that_becomes_empty_has_a_new_seed)
{
	struct map *m = &self->m;
	struct hmap_stats full, empty;

	ASSERT_EQ(0, map_put_range(m, 0, 80));
	ASSERT_EQ(0, dev_stats(m->fd, &full));
	ASSERT_EQ(0, map_delete_every(m, 0, 80, 1));
	ASSERT_EQ(0, dev_stats(m->fd, &empty));
	EXPECT_EQ(0, empty.count);
	EXPECT_EQ(full.B, empty.B);
	EXPECT_NE(full.hash0, empty.hash0);
	ASSERT_EQ(0, map_put_range(m, 0, 80));
	EXPECT_EQ(0, map_check_range(m, 0, 80));
}

/* Unlike Go's: memory comes back when most elements have gone. */
TEST_F(stats, a_map_shrinks_in_the_background)
{
	struct map *m = &self->m;
	struct hmap_stats s;
	u64 then;

	ASSERT_EQ(0, map_put_range(m, 0, 4000));
	ASSERT_EQ(0, map_delete_every(m, 10, 4000, 1));
	then = milliseconds();
	do {
		usleep(10000);
		ASSERT_EQ(0, dev_stats(m->fd, &s));
	} while (s.B > 4 && milliseconds() - then < 60000);
	EXPECT_EQ(4, s.B);
	EXPECT_EQ(s.grows - 4, s.shrinks);
	EXPECT_EQ(10, s.count);
	EXPECT_EQ(0, map_check_range(m, 0, 10));
	EXPECT_EQ(0, dev_verify(m->fd));
	EXPECT_EQ(0, map_put_range(m, 0, 4000));
	EXPECT_EQ(0, map_check_range(m, 0, 4000));
}

/*
 * The worker, which growth has called, would shrink an empty map if it came just
 * between CLEAR and STATS.
 */
TEST_F(stats, a_clear_keeps_the_buckets_and_changes_the_seed)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	struct map made, *m = &made;
	struct hmap_stats full, empty;
	unsigned int i;

	arg.flags = HMAP_CREATE_NO_SHRINK;
	ASSERT_EQ(0, map_create(m, self->m.fd, &arg));
	ASSERT_EQ(0, map_put_range(m, 0, 850));
	ASSERT_EQ(0, until_growing(m));
	ASSERT_EQ(0, dev_stats(m->fd, &full));
	ASSERT_EQ(0, dev_clear(m->fd));
	ASSERT_EQ(0, dev_stats(m->fd, &empty));
	EXPECT_EQ(0, empty.count);
	EXPECT_EQ(0, empty.flags);
	EXPECT_EQ(full.B, empty.B);
	EXPECT_EQ(0, empty.noverflow);
	EXPECT_EQ(0, empty.oldbuckets);
	EXPECT_EQ(0, empty.nevacuate);
	EXPECT_NE(full.hash0, empty.hash0);
	/* What was there before counts until a grace period is over. */
	for (i = 0; i < 1000 && empty.memory > full.memory; i++) {
		usleep(10000);
		ASSERT_EQ(0, dev_stats(m->fd, &empty));
	}
	EXPECT_LE(empty.memory, full.memory);
	EXPECT_EQ(0, map_close(m));
}

/*
 * A filling may leave an array in reserve, of twice the size and a little more,
 * but not each of them another one.
 */
TEST_F(stats, memory_comes_back)
{
	struct map *m = &self->m;
	struct hmap_stats s;
	u64 most = 0;
	u32 i;

	for (i = 0; i < 30; i++) {
		ASSERT_EQ(0, map_put_range(m, 0, 3000));
		ASSERT_EQ(0, dev_stats(m->fd, &s));
		EXPECT_GE(s.memory, 3000 * 16);
		if (i < 5 && s.memory > most)
			most = s.memory;
		EXPECT_LE(s.memory, 4 * most);
		ASSERT_EQ(0, dev_clear(m->fd));
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

/* Only what is true whether or not the worker is at it. */
static int check_sums(const struct hmap_layout *l, const struct hmap_stats *s)
{
	u64 used = 0, buckets = 0, chains = 0, overflow = 0, i;

	for (i = 0; i <= HMAP_BUCKET_SLOTS; i++) {
		used += i * l->slots[i];
		buckets += l->slots[i];
	}
	for (i = 0; i < HMAP_LAYOUT_CHAINS; i++) {
		chains += l->chains[i];
		overflow += i * l->chains[i];
	}
	if (used != s->count || buckets != l->buckets)
		return -ERANGE;
	if (chains + overflow != buckets && !l->chains[HMAP_LAYOUT_CHAINS - 1])
		return -EDOM;
	if (s->oldbuckets || !s->buckets)
		return 0;
	return chains == 1ULL << s->B && overflow == s->noverflow ? 0 : -ESRCH;
}

static int check_layout(struct map *m)
{
	struct hmap_stats before, after;
	struct hmap_layout l;
	int ret;

	do {
		ret = dev_stats(m->fd, &before);
		if (!ret)
			ret = dev_layout(m->fd, &l);
		if (!ret)
			ret = dev_stats(m->fd, &after);
		if (ret)
			return ret;
	} while (before.evacuated != after.evacuated ||
		 before.shrinks != after.shrinks);
	return check_sums(&l, &after);
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
