// SPDX-License-Identifier: GPL-2.0
/*
 * Chains: the worst that keys can do which have been chosen with knowledge of the seed, and
 * without it. All chains are as long as there may be one, and lie side by side, so that
 * scans, evacuations and shrinks meet one after the other.
 */
#include "hostile.h"

#define BITS		14	/* of the array of buckets that is reserved */
#define CHAINS		24
#define TAIL		512	/* keys in a call */

FIXTURE(chains) {
	struct hostile h;
};

FIXTURE_SETUP(chains)
{
	int ret = hostile_setup(&self->h);

	if (ret == -ENODEV)
		SKIP(return, "this kernel has no memory cgroups here");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(chains)
{
	EXPECT_EQ(0, hostile_teardown(&self->h));
	TELL_SEED_ON_FAILURE();
}

struct chains {
	struct map m;
	char *keys;		/* those that were found last in each chain */
	char *values;
	u32 n;
};

static int vector(struct chains *c, u32 op, u32 flags)
{
	struct hmap_ioc_vector v = {
		.size = sizeof(v), .flags = 0, .key_size = c->m.key_size,
		.value_size = c->m.value_size, .op = op, .op_flags = flags, .count = c->n,
		.keys = addr(c->keys),
		.values = c->m.value_size && op != HMAP_OP_DELETE ? addr(c->values) : 0,
	};

	return ioc(c->m.fd, HMAP_IOC_VECTOR, &v);
}

static int put_key(struct chains *c, const void *key)
{
	struct hmap_ioc_elem elem = elem_arg(&c->m);

	elem.key = addr(key);
	elem.value = c->m.value_size ? addr(c->values) : 0;
	return ioc(c->m.fd, HMAP_IOC_PUT, &elem);
}

/* ---- with the seed: two words, for which HMAP_HASH_FAST is no secret any more ---- */

static u64 mulfold(u64 a, u64 b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (u64)product ^ (u64)(product >> 64);
}

/* What the first word has to come to, with the second, for the hash to end so. */
static u64 middle_of(const u64 seed[2], u64 bucket)
{
	u64 middle = rnd(), hash;

	do {
		hash = mulfold(mulfold(++middle, seed[1]) ^ seed[0], 0x9e3779b97f4a7c15ULL);
	} while ((hash & ((1 << BITS) - 1)) != bucket);
	return middle;
}

static int fill_chain(struct chains *c, const u64 seed[2], u64 bucket)
{
	u64 middle = middle_of(seed, bucket), key[2] = {};
	int ret;

	do {
		key[0]++;
		key[1] = mulfold(seed[0] ^ key[0], seed[1]) ^ middle;
		ret = put_key(c, key);
		if (!ret && c->n < TAIL && key[0] > 400)
			memcpy(c->keys + 16 * c->n++, key, 16);
	} while (!ret);
	return ret == -EMLINK ? 0 : ret;
}

static int prepare_chains(void **state)
{
	struct hmap_ioc_create arg = create_arg(16, 0);
	struct chains *c = calloc(1, sizeof(*c));
	const struct hmap_mapped *control;
	int dev = dev_open(O_RDWR), ret;
	u64 i, seed[2];

	arg.flags = HMAP_CREATE_MMAP | HMAP_CREATE_NO_SHRINK;
	arg.hash = HMAP_HASH_FAST;
	arg.hint = 6ULL << BITS;
	c->keys = calloc(TAIL, 16);
	ret = dev < 0 ? dev : map_create(&c->m, dev, &arg);
	if (ret)
		return ret;
	control = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, c->m.fd, 0);
	if (control == MAP_FAILED)
		return -errno;
	memcpy(seed, (const void *)control->hash0, sizeof(seed));
	for (i = 0; i < CHAINS && !ret; i++)
		ret = fill_chain(c, seed, i);
	*state = c;
	return ret ?: c->n == TAIL ? 0 : -ENODATA;
}

/* ---- without it: the order of a scan tells which hashes end with the same bits ---- */

#define CANDIDATES	4096

/* So many of the candidates are in the first of 64 buckets. */
#define LONG_CHAIN	48

/* Those that a scan finds first stay, and are one chain when the map has shrunk. */
static int keep_first(struct chains *c)
{
	struct scan s = scan_begin(&c->m, TAIL);
	struct hmap_ioc_elem elem = elem_arg(&c->m);
	int ret;
	u32 i;

	elem.value = 0;
	elem.value_size = 0;
	ret = scan_next(&c->m, &s);
	c->n = LONG_CHAIN;
	memcpy(c->keys, s.keys, (size_t)c->n * c->m.key_size);
	i = c->n;
	while (!ret && s.arg.count) {
		for (; i < s.arg.count && !ret; i++) {
			elem.key = addr((char *)s.keys + (size_t)i * c->m.key_size);
			ret = ioc(c->m.fd, HMAP_IOC_DELETE, &elem);
		}
		i = 0;
		ret = ret ?: scan_next(&c->m, &s);
	}
	scan_end(&c->m, &s);
	return ret ?: dev_plain(c->m.fd, HMAP_IOC_SHRINK);
}

static int prepare_long_chain(void **state)
{
	struct hmap_ioc_create arg = create_arg(MAX_KEY, 8);
	struct chains *c = calloc(1, sizeof(*c));
	int dev = dev_open(O_RDWR), ret;
	u64 i;

	c->keys = calloc(TAIL, MAX_KEY);
	c->values = calloc(TAIL, 8);
	ret = dev < 0 ? dev : map_create(&c->m, dev, &arg);
	for (i = 0; i < CANDIDATES && !ret; i++)
		ret = map_put(&c->m, i, i, HMAP_ANY);
	*state = c;
	return ret ?: keep_first(c);
}

/* ---- what is done with them ---- */

static int run_scan(struct stage *stage, void *state)
{
	struct chains *c = state;
	static char keys[4096 * 16];
	struct hmap_ioc_scan scan = {
		.size = sizeof(scan), .key_size = c->m.key_size,
		.value_size = c->m.value_size, .keys = addr(keys),
		.capacity = sizeof(keys) / c->m.key_size,
	};
	int ret;

	do {
		ret = ioc(c->m.fd, HMAP_IOC_SCAN, &scan);
	} while (!ret && scan.count);
	return ret;
}

static int run_get(struct stage *stage, void *state)
{
	return vector(state, HMAP_OP_GET, 0);
}

/* At the end of a chain the place that becomes free is looked for from its beginning. */
static int run_delete_and_put(struct stage *stage, void *state)
{
	return vector(state, HMAP_OP_DELETE, 0) ?: vector(state, HMAP_OP_PUT, HMAP_ANY);
}

/* To twice as many buckets and back: each chain is evacuated whole. */
static int run_resize(struct stage *stage, void *state)
{
	struct hmap_ioc_count count = { .size = sizeof(count), .count = 12ULL << BITS };
	struct chains *c = state;
	int ret = ioc(c->m.fd, HMAP_IOC_RESERVE, &count);

	count.count = 0;
	return ret ?: dev_plain(c->m.fd, HMAP_IOC_SHRINK);
}

TEST_F(chains, scans)
{
	static const struct attack attack = { "scans of chains", prepare_chains, run_scan };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

TEST_F(chains, lookups)
{
	static const struct attack attack = { "lookups at their ends", prepare_chains,
					      run_get };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

TEST_F(chains, deletes_and_puts)
{
	static const struct attack attack = { "deletes and puts at their ends",
					      prepare_chains, run_delete_and_put };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

TEST_F(chains, resizes)
{
	static const struct attack attack = { "evacuations of chains", prepare_chains,
					      run_resize };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

TEST_F(chains, long_keys_scans)
{
	static const struct attack attack = { "scans of a chain of keys of 4 KiB",
					      prepare_long_chain, run_scan };

	EXPECT_BOUNDED(&self->h, &attack, 1);
}

TEST_F(chains, long_keys_deletes_and_puts)
{
	static const struct attack attack = { "deletes and puts of keys of 4 KiB",
					      prepare_long_chain, run_delete_and_put };

	EXPECT_BOUNDED(&self->h, &attack, 1);
}

TEST_HARNESS_MAIN
