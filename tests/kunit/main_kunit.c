// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of hmap: the module, and what its files share.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/unaligned.h>

#include "../../kmod/compat.h"
#include "hmap_kunit.h"

static unsigned long seed;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "for what is random in the tests; 0: choose one");

unsigned long hk_ops = 1000000;
module_param_named(ops, hk_ops, ulong, 0444);
MODULE_PARM_DESC(ops, "operations of the random model test, all in all");

u64 hk_seed(void)
{
	return seed;
}

struct hk_rnd hk_rnd(struct kunit *test)
{
	struct hk_rnd rnd = { seed };
	const char *p;

	for (p = test->name; *p; p++)
		rnd.state = random_mix(rnd.state + *p);
	return rnd;
}

void hk_exit(struct kunit *test)
{
	if (test->status == KUNIT_FAILURE)
		kunit_err(test, "failed with seed=%lu\n", seed);
}

void hk_fail_nth(unsigned int n)
{
#ifdef CONFIG_FAULT_INJECTION
	WRITE_ONCE(current->fail_nth, n);
#endif
}

bool hk_fail_pending(void)
{
#ifdef CONFIG_FAULT_INJECTION
	return READ_ONCE(current->fail_nth);
#else
	return true;
#endif
}

void hk_skip_unless_allocations_fail(struct kunit *test)
{
	void *p;

	hk_fail_nth(1);
	p = kmalloc(32, GFP_KERNEL | __GFP_NOWARN);
	hk_fail_nth(0);
	kfree(p);
	if (p)
		kunit_skip(test, "allocations of GFP_KERNEL do not fail here");
}

void *hk_alloc(struct kunit *test, size_t n, size_t size)
{
	void *p = kunit_kcalloc(test, n, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

void hk_shuffle(struct hk_rnd *rnd, u64 *list, u32 n)
{
	u32 i;

	for (; n > 1; n--) {
		i = hk_below(rnd, n);
		swap(list[n - 1], list[i]);
	}
}

u64 hk_hash_seeded(const void *key, u32 size, const siphash_key_t *hash0)
{
	const siphash_key_t mine = { { seed, ~(u64)seed } };

	return siphash(key, size, &mine);
}

u64 hk_hash_identity(const void *key, u32 size, const siphash_key_t *hash0)
{
	return get_unaligned((const u64 *)key);
}

u64 hk_hash_constant(const void *key, u32 size, const siphash_key_t *hash0)
{
	return 0x123456789abcdef0ULL;
}

/* The same bucket up to B = 32, tophashes of all kinds. */
u64 hk_hash_one_bucket(const void *key, u32 size, const siphash_key_t *hash0)
{
	return siphash(key, size, hash0) & ~(u64)U32_MAX;
}

/* The same tophash, buckets of all kinds. */
u64 hk_hash_one_tophash(const void *key, u32 size, const siphash_key_t *hash0)
{
	return siphash(key, size, hash0) >> 8 | 0x77ULL << 56;
}

u64 hk_hash_top_bits(const void *key, u32 size, const siphash_key_t *hash0)
{
	return hk_hash_identity(key, size, hash0) << 56;
}

u64 hk_hash_bit(const void *key, u32 size, const siphash_key_t *hash0)
{
	return (hk_hash_identity(key, size, hash0) & 1) << HK_HASH_BIT;
}

static int __init hk_module_init(void)
{
	if (!seed)
		seed = get_random_u32() | 1;
	pr_info("seed=%lu\n", seed);
	return 0;
}
module_init(hk_module_init);

static void __exit hk_module_exit(void)
{
}
module_exit(hk_module_exit);

HMAP_IMPORT_FOR_KUNIT;
MODULE_AUTHOR("hmap developers");
MODULE_DESCRIPTION("KUnit tests of hmap");
MODULE_LICENSE("GPL");
