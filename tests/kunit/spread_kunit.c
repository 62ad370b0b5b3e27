// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/map/hash.c: how evenly keys that are anything but random are spread over the
 * buckets and tophashes of a map. The statistics are compared with those of
 * balls that are thrown into bins; a good hash exceeds one of the limits once
 * in 10^9 times. The same is asked of hashes that are known to be bad, so that
 * the limits are known to tell one from the other.
 */
#include <linux/math64.h>
#include <linux/vmalloc.h>

#include "hmap_kunit.h"

/* Keys of a set, and the B of a map that holds as many: 6.1 in a bucket. */
#define KEYS		100000
#define MAX_B		14

/* Buckets of the maps that are filled are 2^MAP_B. */
#define MAP_B		13

/* Seeds that each set is tried with. */
#define SEEDS		4

/* ln(10^9), and a bit */
#define LN_IMPROBABLE	21

/* Keys of one bucket that are told apart; few have more than 33. */
#define MAX_FILL	100

/**
 * struct set - a set of keys: number after number somewhere in the key
 * @name: what it is
 * @size: bytes of a key
 * @at: where in the key the number stands, in 8 bytes or as many as are left
 * @first: the first number
 * @step: from one number to the next
 * @n: how many keys; 0 for KEYS
 * @twice: the number stands in both halves of the key, in the second one
 *	combined with MIRROR by exclusive or
 * @map: they are also put into a map: the worst of all, or for others
 */
struct set {
	const char *name;
	u32 size;
	u32 at;
	u64 first;
	u64 step;
	u32 n;
	bool twice;
	bool map;
};

#define MIRROR	0x5bd1e995a3c59ac3ULL

static const struct set sets[] = {
	{ "sequential", 8, 0, 0, 1 },
	{ "sequential, from a large number", 8, 0, ~0ULL - KEYS, 1 },
	{ "every third", 8, 0, 0, 3 },
	{ "every 192nd", 8, 0, 0, 192 },
	{ "every 1000th", 8, 0, 0, 1000 },
	{ "every 4095th", 8, 0, 0, 4095 },
	{ "every 65537th", 8, 0, 0, 65537 },
	{ "every (2^32+1)th", 8, 0, 0, (1ULL << 32) + 1 },
	{ "steps of the golden ratio", 8, 0, 0, 0x9e3779b97f4a7c15ULL },
	{ "objects of 64 bytes", 8, 0, 0xffff888104200000ULL, 64 },
	{ "objects of 192 bytes", 8, 0, 0xffff888104200000ULL, 192 },
	{ "objects of 1216 bytes", 8, 0, 0xffff888104200000ULL, 1216 },
	{ "pages", 8, 0, 0xffff888104200000ULL, 4096, .map = true },
	{ "struct pages", 8, 0, 0xffffea0000108000ULL, 64 },
	{ "vmalloc, with guard pages", 8, 0, 0xffffc90000001000ULL, 8192 },
	{ "kernel stacks", 8, 0, 0xffffc90000004000ULL, 5 * 4096 },
	{ "user pages", 8, 0, 0x00007f12c0a00000ULL, 4096 },
	{ "only the high 24 bits", 8, 0, 0, 1ULL << 40, .map = true },
	{ "only the high 17 bits", 8, 0, 0, 1ULL << 47 },
	{ "only the high 8 bits", 8, 0, 0, 1ULL << 56, 256 },
	{ "halves that differ in constant bits", 8, 0, 0, 1, .twice = true,
	  .map = true },
	{ "4 bytes, sequential", 4, 0, 0, 1 },
	{ "4 bytes, every 256th", 4, 0, 0, 256 },
	{ "4 bytes, every 32768th", 4, 0, 0, 32768, .map = true },
	{ "4 bytes, only the high 16 bits", 4, 0, 0, 1 << 16, 1 << 16 },
	{ "4 bytes, only the high 8 bits", 4, 0, 0, 1 << 24, 256 },
	{ "4 bytes, halves that differ in constant bits", 4, 0, 0, 1, 1 << 16,
	  .twice = true },
	{ "16 bytes, low word sequential", 16, 0, 0, 1 },
	{ "16 bytes, high word sequential", 16, 8, 0, 1 },
	{ "16 bytes, low word of pages", 16, 0, 0xffff888104200000ULL, 4096 },
	{ "16 bytes, only high bits of the low word", 16, 0, 0, 1ULL << 40 },
	{ "16 bytes, only high bits of the high word", 16, 8, 0, 1ULL << 40 },
	{ "16 bytes, words that differ in constant bits", 16, 0, 0, 1,
	  .twice = true, .map = true },
	{ "16 bytes, pages and their mirrors", 16, 0, 0xffff888104200000ULL,
	  4096, .twice = true },
	{ "3 bytes, sequential", 3, 0, 0, 1 },
	{ "3 bytes, every 64th", 3, 0, 0, 64 },
	{ "5 bytes, every 2^20th", 5, 0, 0, 1 << 20 },
	{ "7 bytes, every 2^32th", 7, 0, 0, 1ULL << 32 },
	{ "9 bytes, sequential at the end", 9, 1, 0, 1 },
	{ "12 bytes, sequential at the end", 12, 8, 0, 1 },
	{ "13 bytes, the port of a flow", 13, 8, 1024, 1 },
	{ "13 bytes, the address of a flow", 13, 4, 0, 256 },
	{ "24 bytes, sequential in the middle", 24, 8, 0, 1 },
	{ "37 bytes, sequential at the end", 37, 33, 0, 1 },
	{ "100 bytes, only high bits of the last word", 100, 88, 0,
	  1ULL << 40 },
};

KUNIT_ARRAY_PARAM_DESC(set, sets, name);

static u32 set_keys(const struct set *set)
{
	return set->n ?: KEYS;
}

/* The low bytes of a number, in the order of this machine. */
static void store_number(u8 *to, u32 size, u64 number)
{
	const u8 *from = (const u8 *)&number;

	if (IS_ENABLED(CONFIG_CPU_BIG_ENDIAN))
		from += sizeof(number) - size;
	memcpy(to, from, size);
}

static void make_key(const struct set *set, u8 *key, u32 i)
{
	u32 room = set->twice ? set->size / 2 : set->size - set->at;
	u32 size = min_t(u32, room, sizeof(u64));
	u64 number = set->first + i * set->step;

	memset(key, 0, set->size);
	store_number(key + set->at, size, number);
	if (set->twice)
		store_number(key + set->at + room, size, number ^ MIRROR);
}

/* ---- balls in bins ---- */

/**
 * struct poisson - the Poisson distribution, not divided by the sum
 * @weight: of each number of balls in a bin
 * @sum: of all weights
 */
struct poisson {
	u64 weight[MAX_FILL];
	u64 sum;
};

/* With n balls in 2^B bins: the ratio of neighbours is n / (2^B * k). */
static void make_poisson(struct poisson *p, u32 n, u8 B)
{
	u64 load = ((u64)n << 10) >> B;
	u32 k;

	p->weight[0] = 1ULL << 43;
	p->sum = p->weight[0];
	for (k = 1; k < MAX_FILL; k++) {
		p->weight[k] = div64_u64(p->weight[k - 1] * load, k << 10);
		p->sum += p->weight[k];
	}
}

/* Hardly ever a bin has so many balls: 2^B bins with 2^-30 each at the most. */
static u32 improbable_fill(const struct poisson *p, u8 B)
{
	u64 tail = 0;
	u32 k;

	for (k = MAX_FILL - 1; tail + p->weight[k] < p->sum >> (30 + B); k--)
		tail += p->weight[k];
	return k + 1;
}

/*
 * What a chi-square of so many degrees of freedom exceeds with a probability of
 * e^-LN_IMPROBABLE at the most (Laurent and Massart, 2000).
 */
static u64 chi_square_limit(u32 freedom)
{
	return freedom + 2 * LN_IMPROBABLE +
	       int_sqrt(4 * freedom * LN_IMPROBABLE) + 1;
}

/* The same for a number of which so many are expected (Bernstein). */
static u64 count_limit(u64 expected)
{
	return expected + 2 * LN_IMPROBABLE / 3 +
	       int_sqrt(2 * expected * LN_IMPROBABLE) + 1;
}

/* One term of a chi-square; @expected in 256ths, as the result. */
static u64 chi_square_term(u64 observed, u64 expected)
{
	s64 diff = (observed << 8) - expected;

	return div64_u64(diff * diff, expected);
}

/* ---- what is looked at ---- */

/**
 * struct spread - how the keys of a set are spread by a hash
 * @B: log2 of the number of buckets
 * @n: keys
 * @fill: how many are in each bucket
 * @cell: how many there have each tophash
 * @top: how many there are with each tophash
 * @shared: pairs in one bucket with one tophash
 */
struct spread {
	u8 B;
	u32 n;
	u16 fill[1 << MAX_B];
	u8 cell[1 << MAX_B][256];
	u32 top[256];
	u64 shared;
};

/* What can be wrong with it. */
enum {
	UNEVEN		= 1,	/* buckets are not filled as bins are by balls */
	LONG		= 2,	/* a chain is longer than by chance */
	BAD_TOPHASH	= 4,	/* some tophashes are too frequent */
	SHARED		= 8,	/* keys of a bucket have too often the same */
};

static void add(struct spread *s, u64 hash)
{
	u32 bucket = hash & ((1U << s->B) - 1);
	u8 top = hmap_bucket_tophash_of(hash);

	s->n++;
	s->top[top]++;
	s->fill[bucket] += s->fill[bucket] < U16_MAX;
	s->shared += s->cell[bucket][top];
	s->cell[bucket][top] += s->cell[bucket][top] < U8_MAX;
}

/*
 * The chi-square of the number of buckets with each fill. Fills that are rare
 * are taken together with the next.
 */
static bool is_uneven(const struct spread *s, const struct poisson *p)
{
	u64 expected = 0, rest = (u64)256 << s->B, chi_square = 0;
	u32 observed[MAX_FILL] = {}, count = 0, terms = 0, k;

	for (k = 0; k < 1 << s->B; k++)
		observed[min_t(u32, s->fill[k], MAX_FILL - 1)]++;
	for (k = 0; k < MAX_FILL; k++) {
		count += observed[k];
		expected += mul_u64_u64_div_u64(p->weight[k], 256 << s->B,
						p->sum);
		if (k < MAX_FILL - 1 &&
		    (expected < 8 * 256 || rest < expected + 8 * 256))
			continue;
		if (k == MAX_FILL - 1)
			expected = rest;
		chi_square += chi_square_term(count, expected);
		rest -= expected;
		terms++;
		expected = 0;
		count = 0;
	}
	return chi_square >> 8 > chi_square_limit(terms - 1);
}

static bool is_long(const struct spread *s, const struct poisson *p)
{
	u32 limit = improbable_fill(p, s->B), bucket;

	for (bucket = 0; bucket < 1 << s->B; bucket++)
		if (s->fill[bucket] >= limit)
			return true;
	return false;
}

/* Of 256 top bytes five become tophashes that others have, too. */
static u32 top_bytes(u32 top)
{
	if (top < HMAP_MIN_TOPHASH)
		return 0;
	return top < 2 * HMAP_MIN_TOPHASH ? 2 : 1;
}

static bool has_bad_tophashes(const struct spread *s)
{
	u64 chi_square = 0;
	u32 top;

	for (top = HMAP_MIN_TOPHASH; top < 256; top++)
		chi_square += chi_square_term(s->top[top],
					      (u64)s->n * top_bytes(top));
	return chi_square >> 8 > chi_square_limit(255 - HMAP_MIN_TOPHASH);
}

/* Pairs count as independent while few keys share a bucket. */
static bool shares_tophashes(const struct spread *s)
{
	u64 pairs = 0, same = 0;
	u32 i;

	for (i = 0; i < 1 << s->B; i++)
		pairs += (u64)s->fill[i] * (s->fill[i] - 1) / 2;
	for (i = 0; i < 256; i++)
		same += top_bytes(i) * top_bytes(i);
	return s->shared > count_limit(pairs * same >> 16);
}

static unsigned int faults(const struct spread *s)
{
	unsigned int found = 0;
	struct poisson p;

	make_poisson(&p, s->n, s->B);
	if (is_uneven(s, &p))
		found |= UNEVEN;
	if (has_bad_tophashes(s))
		found |= BAD_TOPHASH;
	if (is_long(s, &p))
		found |= LONG;
	else if (shares_tophashes(s))
		found |= SHARED;
	return found;
}

static void spread_free(void *s)
{
	vfree(s);
}

static struct spread *make_spread(struct kunit *test)
{
	struct spread *s = vmalloc(sizeof(*s));

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, spread_free, s),
			0);
	return s;
}

static siphash_key_t make_seed(struct hk_rnd *rnd)
{
	return (siphash_key_t){ { hk_rnd64(rnd), hk_rnd64(rnd) } };
}

/* What is wrong with a hash of a set, by one seed. */
static unsigned int try(struct spread *s, const struct set *set,
			hmap_hashfn_t hashfn, const siphash_key_t *seed)
{
	const struct hmap_params params = {
		.key_size = set->size, .hashfn = hashfn,
	};
	u8 key[128];
	u32 i;

	memset(s, 0, sizeof(*s));
	while (hmap_over_load(set_keys(set), s->B))
		s->B++;
	for (i = 0; i < set_keys(set); i++) {
		make_key(set, key, i);
		add(s, hmap_hash_key(params, key, seed));
	}
	return faults(s);
}

static void expect_even(struct kunit *test, const struct set *set, u32 seeds)
{
	struct spread *s = make_spread(test);
	struct hk_rnd rnd = hk_rnd(test);
	siphash_key_t seed;
	unsigned int n;

	for (n = 0; n < seeds; n++) {
		seed = make_seed(&rnd);
		KUNIT_EXPECT_EQ_MSG(test, try(s, set, NULL, &seed), 0,
				    "step %llu, fast hash, seed %u", set->step,
				    n);
		KUNIT_EXPECT_EQ_MSG(test, try(s, set, hmap_siphash, &seed), 0,
				    "step %llu, siphash, seed %u", set->step,
				    n);
	}
	kunit_release_action(test, spread_free, s);
}

static void keys_are_spread_evenly(struct kunit *test)
{
	expect_even(test, test->param_value, SEEDS);
}

static void strides_of_powers_of_two_are_spread_evenly(struct kunit *test)
{
	struct set set = { .size = 8 };
	u32 shift;

	for (shift = 1; shift < 47; shift++) {
		set.step = 1ULL << shift;
		expect_even(test, &set, 1);
	}
}

/* ---- hashes that are bad, but for the bits that are taken from SipHash ---- */

static u64 with_good_top(u64 low, const void *key, u32 size,
			 const siphash_key_t *hash0)
{
	return (siphash(key, size, hash0) & 0xffULL << 56) |
	       (low & ~(0xffULL << 56));
}

static u64 hash_identity(const void *key, u32 size, const siphash_key_t *hash0)
{
	return with_good_top(hk_hash_identity(key, size, hash0), key, size,
			     hash0);
}

static u64 hash_multiply(const void *key, u32 size, const siphash_key_t *hash0)
{
	u64 word = hk_hash_identity(key, size, hash0) ^ hash0->key[0];

	return with_good_top(word * (hash0->key[1] | 1), key, size, hash0);
}

/* What BPF RHASH does with keys of 8 bytes. */
static u64 hash_xor_halves(const void *key, u32 size,
			   const siphash_key_t *hash0)
{
	u64 word = hk_hash_identity(key, size, hash0);

	return with_good_top((u32)(word ^ word >> 32) ^ (u32)hash0->key[0],
			     key, size, hash0);
}

static u64 hash_half_of_tophashes(const void *key, u32 size,
				  const siphash_key_t *hash0)
{
	return siphash(key, size, hash0) | 1ULL << 56;
}

static u64 hash_tophash_of_bucket(const void *key, u32 size,
				  const siphash_key_t *hash0)
{
	u64 hash = siphash(key, size, hash0);

	return hash << 56 | (hash & ~(0xffULL << 56));
}

/**
 * struct bad - a hash and a set of keys that it is bad for
 * @name: what they are
 * @hashfn: the hash
 * @set: the set; of 8 bytes
 * @faults: what is wrong
 */
struct bad {
	const char *name;
	hmap_hashfn_t hashfn;
	struct set set;
	unsigned int faults;
};

static const struct bad bads[] = {
	{ "the key itself, too even", hash_identity, { .step = 1 }, UNEVEN },
	{ "the key itself, pages", hash_identity, { .step = 4096 },
	  UNEVEN | LONG },
	{ "one multiplication, too even", hash_multiply, { .step = 1 },
	  UNEVEN },
	{ "one multiplication, high bits", hash_multiply,
	  { .step = 1ULL << 40 }, UNEVEN | LONG },
	{ "exclusive or of halves, pages", hash_xor_halves, { .step = 4096 },
	  UNEVEN | LONG },
	{ "exclusive or of halves, halves that differ in constant bits",
	  hash_xor_halves, { .step = 1, .twice = true }, UNEVEN | LONG },
	{ "half of the tophashes", hash_half_of_tophashes, { .step = 1 },
	  BAD_TOPHASH | SHARED },
	{ "one tophash", hk_hash_one_tophash, { .step = 1 },
	  BAD_TOPHASH | SHARED },
	{ "the tophash is that of the bucket", hash_tophash_of_bucket,
	  { .step = 1 }, SHARED },
};

KUNIT_ARRAY_PARAM_DESC(bad, bads, name);

static void a_bad_hash_is_noticed(struct kunit *test)
{
	const struct bad *bad = test->param_value;
	struct spread *s = make_spread(test);
	struct hk_rnd rnd = hk_rnd(test);
	struct set set = bad->set;
	siphash_key_t seed;
	unsigned int n;

	set.size = sizeof(u64);
	for (n = 0; n < SEEDS; n++) {
		seed = make_seed(&rnd);
		KUNIT_EXPECT_EQ(test, try(s, &set, bad->hashfn, &seed),
				bad->faults);
	}
}

/* ---- in a map ---- */

/*
 * Buckets of a chain in a map that has the highest load before it grows, and
 * has been filled by inserts only.
 */
static u32 chain_limit(void)
{
	struct poisson p;

	make_poisson(&p, hmap_capacity(MAP_B), MAP_B);
	return DIV_ROUND_UP(improbable_fill(&p, MAP_B) - 1, HMAP_BUCKET_CNT);
}

static struct hmap *make_map(struct kunit *test, const struct set *set,
			     hmap_hashfn_t hashfn, struct hk_rnd *rnd)
{
	const struct hmap_params params = {
		.key_size = set->size, .value_size = sizeof(u32),
		.hashfn = hashfn,
	};
	struct hmap *h = hk_map(test, &params);

	hk_array(h)->hash0 = make_seed(rnd);
	return h;
}

/* Returns false as soon as there is a chain that is longer than by chance. */
static bool fill_map(struct kunit *test, struct hmap *h, const struct set *set)
{
	u32 limit = chain_limit(), i;
	u8 key[128];

	for (i = 0; i < hmap_capacity(MAP_B); i++) {
		make_key(set, key, i);
		if (READ_ONCE(h->called))
			flush_delayed_work(&h->work);
		KUNIT_ASSERT_EQ(test, hmap_put(h, key, &i, HMAP_NOEXIST,
					       GFP_KERNEL), 0);
		if (hk_array(h)->longest_chain > limit)
			return false;
	}
	return true;
}

static void expect_short_chains(struct kunit *test, const struct set *set,
				hmap_hashfn_t hashfn, struct hk_rnd *rnd)
{
	struct hmap *h = make_map(test, set, hashfn, rnd);

	KUNIT_EXPECT_TRUE_MSG(test, fill_map(test, h, set),
			      "%s: a chain of %u", set->name,
			      hk_array(h)->longest_chain);
	KUNIT_EXPECT_EQ(test, hk_same_size_grows(h), 0);
	hk_map_destroy(test, h);
}

static void a_map_of_such_keys_has_short_chains(struct kunit *test)
{
	struct hk_rnd rnd = hk_rnd(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		if (sets[i].map)
			expect_short_chains(test, &sets[i], NULL, &rnd);
	/* To SipHash all sets are alike. */
	expect_short_chains(test, &sets[0], hmap_siphash, &rnd);
}

static void a_map_with_a_bad_hash_has_long_chains(struct kunit *test)
{
	static const struct set set = { .size = 8, .step = 4096 };
	struct hk_rnd rnd = hk_rnd(test);
	struct hmap *h = make_map(test, &set, hash_xor_halves, &rnd);

	KUNIT_EXPECT_FALSE(test, fill_map(test, h, &set));
}

static struct kunit_case spread_cases[] = {
	KUNIT_CASE_PARAM(keys_are_spread_evenly, set_gen_params),
	KUNIT_CASE_SLOW(strides_of_powers_of_two_are_spread_evenly),
	KUNIT_CASE_PARAM(a_bad_hash_is_noticed, bad_gen_params),
	KUNIT_CASE_SLOW(a_map_of_such_keys_has_short_chains),
	KUNIT_CASE(a_map_with_a_bad_hash_has_long_chains),
	{}
};

HK_SUITE(spread, spread_cases);
