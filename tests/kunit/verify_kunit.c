// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/map/verify.c finds what is broken: all other tests rely on that. And a reader
 * in a chain that is never at rest does what it should.
 */
#include "hmap_kunit.h"

/* 20 keys in one chain of three buckets, in the order of their numbers. */
static struct hmap *make_chain(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_constant, 104);

	hk_put_range(test, h, 0, 20);
	return h;
}

/* A set of the same: the slot of key 0 looks like one that was wiped. */
static struct hmap *make_set(struct kunit *test)
{
	const struct hmap_params params = {
		.key_size = 8, .hashfn = hk_hash_constant, .hint = 104,
	};
	struct hmap *h = hk_map(test, &params);

	hk_put_range(test, h, 0, 20);
	return h;
}

/* Two keys in each of four buckets, which are the lowest bits of the key. */
static struct hmap *make_buckets(struct kunit *test)
{
	struct hmap *h = hk_map_hashed(test, hk_hash_identity, 26);

	hk_put_range(test, h, 0, 8);
	return h;
}

static struct hmap *make_large(struct kunit *test)
{
	struct hmap *h = hk_map_sized(test, 8, 1000);
	u8 *value = hk_alloc(test, 1, 1000);

	KUNIT_ASSERT_EQ(test, hmap_put(h, value, value, HMAP_ANY, GFP_KERNEL),
			0);
	return h;
}

static struct hmap *make_growing(struct kunit *test)
{
	u64 from, to;

	return hk_map_growing(test, &from, &to);
}

static struct hmap_bucket *head(struct hmap *h)
{
	return hk_chain_of(h, hk_hash_constant(NULL, 0, NULL)).head;
}

static struct hmap_bucket *last(struct hmap *h)
{
	return hmap_next(h, hk_array(h), hmap_next(h, hk_array(h), head(h)));
}

static void *state_0(struct hmap *h)
{
	return &head(h)->tophash[0];
}

static void *state_2(struct hmap *h)
{
	return &head(h)->tophash[2];
}

static void *state_in_last_4(struct hmap *h)
{
	return &last(h)->tophash[4];
}

static void *state_in_last_6(struct hmap *h)
{
	return &last(h)->tophash[6];
}

static void *key_1(struct hmap *h)
{
	return hmap_bucket_key(&h->geo, head(h), 1);
}

static void *free_key(struct hmap *h)
{
	return hmap_bucket_key(&h->geo, last(h), 5);
}

static void *free_value(struct hmap *h)
{
	return hmap_bucket_value(&h->geo, last(h), 5);
}

static void *version(struct hmap *h)
{
	return &head(h)->version;
}

static void *head_overflow(struct hmap *h)
{
	return &head(h)->overflow;
}

static void *last_overflow(struct hmap *h)
{
	return &last(h)->overflow;
}

static void *count(struct hmap *h)
{
	return &h->stripes[0].count;
}

static void *flags(struct hmap *h)
{
	return &hk_array(h)->flags;
}

static void *noverflow(struct hmap *h)
{
	return &hk_array(h)->noverflow;
}

static void *next_overflow(struct hmap *h)
{
	return &hk_array(h)->extra.next_overflow;
}

static void *overflow_nr(struct hmap *h)
{
	return &hk_array(h)->extra.overflow.nr;
}

static void *oldoverflow(struct hmap *h)
{
	return &hk_array(h)->extra.oldoverflow;
}

static void *reserved(struct hmap *h)
{
	return &hk_array(h)->reserved;
}

static void *remaining(struct hmap *h)
{
	return &hk_array(h)->remaining;
}

static void *settled(struct hmap *h)
{
	return &hk_array(h)->settled;
}

static void *key_in_bucket_1(struct hmap *h)
{
	return hmap_bucket_key(&h->geo, hmap_bucket(h, hk_array(h), 1), 0);
}

static void *only_value(struct hmap *h)
{
	return hmap_bucket_value(&h->geo, hmap_bucket(h, hk_array(h), 0), 0);
}

static struct hmap_bucket *evacuated(struct hmap *h)
{
	return hmap_bucket(h, hk_array(h)->oldbuckets, 0);
}

static void *evacuated_state_0(struct hmap *h)
{
	return &evacuated(h)->tophash[0];
}

static void *evacuated_state_5(struct hmap *h)
{
	return &evacuated(h)->tophash[5];
}

static void *evacuated_version(struct hmap *h)
{
	return &evacuated(h)->version;
}

static void *unused_new_key(struct hmap *h)
{
	return hmap_bucket_key(&h->geo, hmap_bucket(h, hk_array(h),
						    hk_array(h)->nevacuate[0].n), 3);
}

static void *older_array(struct hmap *h)
{
	return &hk_array(h)->oldbuckets->oldbuckets;
}

/**
 * struct damage - something that must never be
 * @name: what it is
 * @make: makes a map
 * @where: what is changed in it
 * @size: bytes of that
 * @to: what it becomes
 */
struct damage {
	const char *name;
	struct hmap *(*make)(struct kunit *test);
	void *(*where)(struct hmap *h);
	u32 size;
	u64 to;
};

static const struct damage damages[] = {
	{ "a slot in use behind emptyRest", make_set, state_0, 1, HMAP_EMPTY_REST },
	{ "a slot that was lost", make_set, state_0, 1, HMAP_EMPTY_ONE },
	{ "a slot that was not wiped", make_chain, state_2, 1, HMAP_EMPTY_ONE },
	{ "another tophash", make_chain, state_2, 1, 0x77 },
	{ "an evacuated slot", make_chain, state_2, 1, HMAP_EVACUATED_X },
	{ "emptyOne before emptyRest", make_chain, state_in_last_4, 1,
	  HMAP_EMPTY_ONE },
	{ "emptyOne behind emptyRest", make_chain, state_in_last_6, 1,
	  HMAP_EMPTY_ONE },
	{ "a key twice", make_chain, key_1, 8, 0 },
	{ "a key that was not wiped", make_chain, free_key, 1, 1 },
	{ "a value that was not wiped", make_chain, free_value, 1, 1 },
	{ "an odd version", make_chain, version, 4, 1 },
	{ "an empty filter", make_chain, head_overflow, 4, 1 },
	{ "a filter behind the first bucket", make_chain, last_overflow, 4,
	  HMAP_OVERFLOW_FILTER(0) },
	{ "another count", make_chain, count, sizeof(long), 19 },
	{ "a flag", make_chain, flags, 1, HMAP_FLAG_SAMESIZEGROW },
	{ "another noverflow", make_chain, noverflow, 4, 3 },
	{ "another nextOverflow", make_chain, next_overflow, 4, 2 },
	{ "too few overflow buckets", make_chain, overflow_nr, 4, 1 },
	{ "a reserved overflow bucket", make_chain, reserved, 4, 1 },
	{ "an oldoverflow", make_chain, oldoverflow, sizeof(void *), 1 },
	{ "a map at rest that is not settled", make_chain, settled,
	  sizeof(void *), 0 },
	{ "a growing map that is settled", make_growing, settled,
	  sizeof(void *), 1 },
	{ "a key of another bucket", make_buckets, key_in_bucket_1, 8, 16 },
	{ "no value", make_large, only_value, sizeof(void *), 0 },
	{ "not evacuated below nevacuate", make_growing, evacuated_state_0, 1,
	  0x77 },
	{ "nothing remaining", make_growing, remaining, 4, 0 },
	{ "not evacuated whole", make_growing, evacuated_state_5, 1,
	  HMAP_EMPTY_REST },
	{ "an odd version of an old bucket", make_growing, evacuated_version, 4,
	  1 },
	{ "a new bucket in use too early", make_growing, unused_new_key, 1, 1 },
	{ "an array older than the old one", make_growing, older_array,
	  sizeof(void *), 1 },
};

KUNIT_ARRAY_PARAM_DESC(damage, damages, name);

static void set(void *where, u32 size, u64 to)
{
	switch (size) {
	case 1:
		*(u8 *)where = to;
		break;
	case 4:
		*(u32 *)where = to;
		break;
	default:
		*(u64 *)where = to;
	}
}

static void damage_is_found(struct kunit *test)
{
	const struct damage *damage = test->param_value;
	struct hmap *h = damage->make(test);
	void *where = damage->where(h);
	u8 before[8];
	int err;

	HK_VERIFY(test, h);
	memcpy(before, where, damage->size);
	set(where, damage->size, damage->to);
	err = hmap_verify(h);
	/* Whole again, before anything else looks at it. */
	memcpy(where, before, damage->size);
	KUNIT_EXPECT_EQ(test, err, -EUCLEAN);
	HK_VERIFY(test, h);
}

static void a_reader_whom_writers_disturb_takes_the_lock(struct kunit *test)
{
	struct hmap *h = make_chain(test);
	u64 key = 100, value;

	/* As if a writer was in it all the time. */
	hmap_bucket_write_begin(head(h));
	hk_expect_range(test, h, 0, 20);
	KUNIT_EXPECT_EQ(test, hmap_get(h, &key, &value), -ENOENT);
	hmap_bucket_write_end(head(h));
	hk_expect_all(test, h, 0, 20);
}

static void a_reader_in_a_replaced_array_tries_again(struct kunit *test)
{
	struct hmap *h = make_chain(test);
	u8 *state = &head(h)->tophash[0], before = *state;

	/* As if that array had been evacuated since the reader loaded it. */
	*state = HMAP_EVACUATED_X;
	hk_expect_range(test, h, 1, 20);
	*state = before;
	hk_expect_all(test, h, 0, 20);
}

static struct kunit_case verify_cases[] = {
	KUNIT_CASE_PARAM(damage_is_found, damage_gen_params),
	KUNIT_CASE(a_reader_whom_writers_disturb_takes_the_lock),
	KUNIT_CASE(a_reader_in_a_replaced_array_tries_again),
	{}
};

HK_SUITE(verify, verify_cases);
