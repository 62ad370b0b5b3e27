// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/map/hash.c: what Go's hash_test.go (after SMHasher) asks of a hash function,
 * asked of the fast one and of SipHash. The Go test is named above each.
 *
 * A 64-bit hash of the few thousand keys of a test collides about once in 2^32
 * runs. Its low 32 bits, which choose the bucket, may do so now and then.
 */
#include <linux/sort.h>

#include "hash_vectors.h"
#include "hmap_kunit.h"

/* Keys of one test. */
#define MAX_HASHES	70000

/* Low 32 bits of 70000 hashes: 0.6 collisions are expected. */
#define MAX_COLLISIONS	12

static u64 fast_hash(const void *key, u32 size, const siphash_key_t *hash0)
{
	const struct hmap_params params = { .key_size = size };

	return hmap_hash_key(params, key, hash0);
}

static const struct function {
	char name[8];
	hmap_hashfn_t hash;
} functions[] = {
	{ "fast", fast_hash },
	{ "siphash", hmap_siphash },
};

static void function_name(const struct function *function, char *desc)
{
	strscpy(desc, function->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(function, functions, function_name);

/**
 * struct hashes - the hashes of a set of keys
 * @test: the test
 * @hash: the function
 * @seed: the seed of them all
 * @n: how many
 * @list: the hashes
 */
struct hashes {
	struct kunit *test;
	hmap_hashfn_t hash;
	siphash_key_t seed;
	u32 n;
	u64 *list;
};

static struct hashes make_hashes(struct kunit *test)
{
	const struct function *function = test->param_value;
	struct hk_rnd rnd = hk_rnd(test);

	return (struct hashes){
		.test = test,
		.hash = function ? function->hash : hmap_siphash,
		.seed = { { hk_rnd64(&rnd), hk_rnd64(&rnd) } },
		.list = hk_alloc(test, MAX_HASHES, sizeof(u64)),
	};
}

static void add(struct hashes *hashes, const void *key, u32 size)
{
	KUNIT_ASSERT_LT(hashes->test, hashes->n, MAX_HASHES);
	hashes->list[hashes->n++] = hashes->hash(key, size, &hashes->seed);
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u32 collisions(struct hashes *hashes)
{
	u32 i, n = 0;

	sort(hashes->list, hashes->n, sizeof(u64), compare, NULL);
	for (i = 1; i < hashes->n; i++)
		n += hashes->list[i] == hashes->list[i - 1];
	return n;
}

static void expect_different(struct hashes *hashes)
{
	u32 i;

	KUNIT_EXPECT_EQ(hashes->test, collisions(hashes), 0);
	for (i = 0; i < hashes->n; i++)
		hashes->list[i] = (u32)hashes->list[i];
	KUNIT_EXPECT_LE(hashes->test, collisions(hashes), MAX_COLLISIONS);
	hashes->n = 0;
}

/* TestSmhasherSanity */
static void only_the_bytes_of_the_key_count(struct kunit *test)
{
	struct hashes hashes = make_hashes(test);
	struct hk_rnd rnd = hk_rnd(test);
	u8 room[2][128];
	u32 size, pad, i;

	for (size = 0; size <= 64; size++) {
		for (pad = 0; pad < 16; pad++) {
			for (i = 0; i < sizeof(room); i++)
				((u8 *)room)[i] = hk_rnd64(&rnd);
			memcpy(&room[1][16 + pad], &room[0][16], size);
			KUNIT_ASSERT_EQ(test,
					hashes.hash(&room[0][16], size,
						     &hashes.seed),
					hashes.hash(&room[1][16 + pad], size,
						     &hashes.seed));
		}
	}
}

/* TestSmhasherAppendedZeros, TestSmhasherZeros */
static void zeros_of_different_lengths_differ(struct kunit *test)
{
	struct hashes hashes = make_hashes(test);
	u8 *zeros = hk_alloc(test, 1, HMAP_MAX_KEY_SIZE);
	u32 size;

	for (size = 0; size <= HMAP_MAX_KEY_SIZE; size++)
		add(&hashes, zeros, size);
	expect_different(&hashes);
}

/* TestSmhasherSmallKeys */
static void small_keys_differ(struct kunit *test)
{
	struct hashes hashes = make_hashes(test);
	__le32 key;
	u32 i;

	for (i = 0; i < 1 << 8; i++) {
		key = cpu_to_le32(i);
		add(&hashes, &key, 1);
	}
	for (i = 0; i < 1 << 16; i++) {
		key = cpu_to_le32(i);
		add(&hashes, &key, 2);
	}
	expect_different(&hashes);
}

/* TestSmhasherTwoNonzero */
static void keys_with_two_bytes_that_are_not_zero_differ(struct kunit *test)
{
	struct hashes hashes = make_hashes(test);
	u32 size, i, j, x;
	u8 key[64];

	for (size = 4; size <= 64; size *= 4) {
		for (i = 0; i < size; i++) {
			for (j = i + 1; j < size; j++) {
				for (x = 1; x < 256; x += 12) {
					memset(key, 0, sizeof(key));
					key[i] = x;
					key[j] = 256 - x;
					add(&hashes, key, size);
				}
			}
		}
		expect_different(&hashes);
	}
}

/* TestSmhasherCyclic */
static void repetitive_keys_differ(struct kunit *test)
{
	struct hashes hashes = make_hashes(test);
	struct hk_rnd rnd = hk_rnd(test);
	u32 period, n, i;
	u8 key[64];

	for (period = 4; period <= 8; period++) {
		for (n = 0; n < 10000; n++) {
			for (i = 0; i < period; i++)
				key[i] = hk_rnd64(&rnd);
			for (i = period; i < 8 * period; i++)
				key[i] = key[i - period];
			add(&hashes, key, 8 * period);
		}
		/* Four random bytes may be the same twice. */
		if (period > 4)
			expect_different(&hashes);
		else
			KUNIT_EXPECT_LE(test, collisions(&hashes), 4);
		hashes.n = 0;
	}
}

static void flip(u8 *key, u32 bit)
{
	key[bit / 8] ^= 1 << bit % 8;
}

/* TestSmhasherSparse */
static void sparse_keys_differ(struct kunit *test)
{
	static const u32 sizes[] = { 4, 8, 16, 32, 40 };
	struct hashes hashes = make_hashes(test);
	u8 key[40] = {};
	u32 i, a, b, bits;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		bits = 8 * sizes[i];
		add(&hashes, key, sizes[i]);
		for (a = 0; a < bits; a++) {
			flip(key, a);
			add(&hashes, key, sizes[i]);
			for (b = a + 1; b < bits; b++) {
				flip(key, b);
				add(&hashes, key, sizes[i]);
				flip(key, b);
			}
			flip(key, a);
		}
		expect_different(&hashes);
	}
}

/* TestSmhasherPermutation */
static void arrangements_of_two_words_differ(struct kunit *test)
{
	static const u32 words[][2] = {
		{ 0, 1 }, { 0, 1U << 31 }, { 1, U32_MAX },
	};
	struct hashes hashes = make_hashes(test);
	u32 key[15], i, pattern, j;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		for (pattern = 0; pattern < 1 << 15; pattern++) {
			for (j = 0; j < 15; j++)
				key[j] = words[i][pattern >> j & 1];
			add(&hashes, key, sizeof(key));
		}
		expect_different(&hashes);
	}
}

/* TestSmhasherWindowed */
static void keys_that_differ_in_a_window_differ(struct kunit *test)
{
	struct hashes hashes = make_hashes(test);
	u32 shift, i;
	u64 key[2];

	for (shift = 0; shift < 64; shift += 3) {
		for (i = 0; i < 1 << 12; i++) {
			key[0] = (u64)i << shift;
			key[1] = shift ? (u64)i >> (64 - shift) : 0;
			add(&hashes, key, sizeof(key));
		}
		expect_different(&hashes);
	}
}

/* TestSmhasherText */
static void texts_that_differ_in_a_few_letters_differ(struct kunit *test)
{
	static const char * const forms[] = { "Foo%04xBar", "FooBar%04x",
					      "%04xFooBar" };
	struct hashes hashes = make_hashes(test);
	char key[16];
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		for (n = 0; n < 1 << 16; n++) {
			snprintf(key, sizeof(key), forms[i], n);
			add(&hashes, key, 10);
		}
		expect_different(&hashes);
	}
}

/* TestSmhasherSeed */
static void seeds_differ(struct kunit *test)
{
	struct hashes hashes = make_hashes(test);
	u32 word, n;

	for (word = 0; word < 2; word++) {
		for (n = 0; n < 20000; n++) {
			hashes.seed.key[word]++;
			add(&hashes, "hello", 5);
		}
	}
	expect_different(&hashes);
}

/* Keys of the next test, and the most that half of the flips may be missed by. */
#define FLIP_KEYS	2048
#define FLIP_LIMIT	(7 * 23)

/*
 * TestSmhasherAvalanche: each bit of a key flips each bit of the hash in half
 * of the cases. 7 standard deviations off happens once in 10^11. Returns how
 * many pairs of bits are farther off.
 */
static u32 uneven_flips(struct hashes *hashes, u32 size)
{
	u32 (*flips)[64] = hk_alloc(hashes->test, 8 * size, sizeof(*flips));
	struct hk_rnd rnd = hk_rnd(hashes->test);
	u32 rep, i, j, uneven = 0;
	u64 key[2], hash, diff;

	for (rep = 0; rep < FLIP_KEYS; rep++) {
		key[0] = hk_rnd64(&rnd);
		key[1] = hk_rnd64(&rnd);
		hash = hashes->hash(key, size, &hashes->seed);
		for (i = 0; i < 8 * size; i++) {
			flip((u8 *)key, i);
			diff = hash ^ hashes->hash(key, size, &hashes->seed);
			flip((u8 *)key, i);
			for (j = 0; j < 64; j++)
				flips[i][j] += diff >> j & 1;
		}
	}
	for (i = 0; i < 8 * size; i++)
		for (j = 0; j < 64; j++)
			uneven += abs((int)(flips[i][j] - FLIP_KEYS / 2)) >
				  FLIP_LIMIT;
	kunit_kfree(hashes->test, flips);
	return uneven;
}

/* Each of these takes a path of its own through the fast hash. */
static const u32 flip_sizes[] = { 4, 8, 13, 16 };

static void each_bit_flips_each_other_half_of_the_time(struct kunit *test)
{
	struct hashes hashes = make_hashes(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flip_sizes); i++)
		KUNIT_EXPECT_EQ_MSG(test, uneven_flips(&hashes, flip_sizes[i]),
				    0, "%u bytes", flip_sizes[i]);
}

/* One multiplication, even one whose halves are folded, is not enough. */
static u64 multiply_once(const void *key, u32 size, const siphash_key_t *hash0)
{
	return (hmap_load64(key) ^ hash0->key[0]) * (hash0->key[1] | 1);
}

static u64 mulfold_once(const void *key, u32 size, const siphash_key_t *hash0)
{
	return hmap_hash_mix(hash0->key[0], hmap_load64(key), hash0);
}

static void bits_that_do_not_flip_others_are_noticed(struct kunit *test)
{
	struct hashes hashes = make_hashes(test);

	hashes.hash = hk_hash_identity;
	KUNIT_EXPECT_EQ(test, uneven_flips(&hashes, 8), 64 * 64);
	hashes.hash = multiply_once;
	KUNIT_EXPECT_GT(test, uneven_flips(&hashes, 8), 64 * 64 / 2);
	hashes.hash = mulfold_once;
	KUNIT_EXPECT_GT(test, uneven_flips(&hashes, 8), 0);
}

/* Both ends of the hash are used: buckets and tophashes get equal shares. */
static void both_ends_of_the_hash_are_even(struct kunit *test)
{
	struct hashes hashes = make_hashes(test);
	u16 low[256] = {}, top[256] = {};
	u64 key, hash;
	u32 i;

	for (key = 0; key < 1 << 16; key++) {
		hash = hashes.hash(&key, sizeof(key), &hashes.seed);
		low[(u8)hash]++;
		top[hash >> 56]++;
	}
	/* 256 each are expected, with a standard deviation of 16. */
	for (i = 0; i < 256; i++) {
		KUNIT_EXPECT_LT(test, abs((int)low[i] - 256), 7 * 16);
		KUNIT_EXPECT_LT(test, abs((int)top[i] - 256), 7 * 16);
	}
}

/* Programs have these functions compiled in: what they return can never change. */
static void hashes_are_those_that_programs_compute(struct kunit *test)
{
	const siphash_key_t seed = { HASH_VECTOR_SEED };
	u8 key[ARRAY_SIZE(fast_vectors)];
	u32 n;

	for (n = 0; n < ARRAY_SIZE(fast_vectors); n++)
		key[n] = n;
	for (n = 0; n < ARRAY_SIZE(fast_vectors); n++) {
		KUNIT_EXPECT_EQ_MSG(test, fast_hash(key, n, &seed), fast_vectors[n],
				    "%u bytes", n);
		KUNIT_EXPECT_EQ_MSG(test, hmap_siphash(key, n, &seed),
				    siphash_vectors[n], "%u bytes", n);
	}
}

static struct kunit_case hash_cases[] = {
	KUNIT_CASE(hashes_are_those_that_programs_compute),
	KUNIT_CASE_PARAM(only_the_bytes_of_the_key_count, function_gen_params),
	/* Of the fast one all keys have the same length. */
	KUNIT_CASE(zeros_of_different_lengths_differ),
	KUNIT_CASE(small_keys_differ),
	KUNIT_CASE_PARAM(keys_with_two_bytes_that_are_not_zero_differ, function_gen_params),
	KUNIT_CASE_PARAM(repetitive_keys_differ, function_gen_params),
	KUNIT_CASE_PARAM(sparse_keys_differ, function_gen_params),
	KUNIT_CASE_PARAM(arrangements_of_two_words_differ, function_gen_params),
	KUNIT_CASE_PARAM(keys_that_differ_in_a_window_differ, function_gen_params),
	KUNIT_CASE_PARAM(texts_that_differ_in_a_few_letters_differ, function_gen_params),
	KUNIT_CASE_PARAM(seeds_differ, function_gen_params),
	KUNIT_CASE_PARAM(each_bit_flips_each_other_half_of_the_time, function_gen_params),
	KUNIT_CASE(bits_that_do_not_flip_others_are_noticed),
	KUNIT_CASE_PARAM(both_ends_of_the_hash_are_even, function_gen_params),
	{}
};

HK_SUITE(hash, hash_cases);
