// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hashes that libhmap has compiled in are those of the kernel, for keys of every
 * length: tests/kunit/hash_kunit.c asks the same of the kernel's.
 */
#include "test.h"

#include "../kunit/hash_vectors.h"
#include "hash.h"

#define LENGTHS	ARRAY_SIZE(fast_vectors)

static const __u64 seed[2] = HASH_VECTOR_SEED;
static unsigned char key[LENGTHS];

static void fill_key(void)
{
	size_t i;

	for (i = 0; i < LENGTHS; i++)
		key[i] = i;
}

static void the_fast_hash_is_that_of_the_kernel(void **state)
{
	size_t n;

	(void)state;
	fill_key();
	for (n = 0; n < LENGTHS; n++)
		assert_int_equal(hash_of(HMAP_HASH_FAST, key, n, seed),
				 fast_vectors[n]);
}

static void siphash_is_that_of_the_kernel(void **state)
{
	size_t n;

	(void)state;
	fill_key();
	for (n = 0; n < LENGTHS; n++)
		assert_int_equal(hash_of(HMAP_HASH_SIPHASH, key, n, seed),
				 siphash_vectors[n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fast_hash_is_that_of_the_kernel),
		cmocka_unit_test(siphash_is_that_of_the_kernel),
	};

	return cmocka_run_group_tests_name("libhmap: hashes", tests, NULL, NULL);
}
