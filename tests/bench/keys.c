// SPDX-License-Identifier: GPL-2.0
/* What keys.h says. */
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "../random.h"
#include "keys.h"

/* Keys of all rounds together: 2^20. */
#define ALL_ROUNDS	1048576UL

static u32 mix32(u32 x)
{
	x = (x ^ (x >> 16)) * 0x85ebca6b;
	x = (x ^ (x >> 13)) * 0xc2b2ae35;
	return x ^ (x >> 16);
}

static u64 word(u64 seed, u64 i)
{
	return random_mix(random_mix(seed) + (i + 1) * RANDOM_STEP);
}

static void make_key(void *key, unsigned int key_size, u64 seed, u64 i)
{
	if (key_size == sizeof(u32)) {
		*(u32 *)key = mix32((u32)random_mix(seed) + i);
		return;
	}
	*(u64 *)key = word(seed, i);
	if (key_size == sizeof(struct bench_key16))
		((u64 *)key)[1] = word(seed, i + (1ULL << 32));
}

static void shuffle(void *keys, unsigned int key_size, unsigned long n, u64 seed,
		    u64 round)
{
	u8 tmp[sizeof(struct bench_key16)];
	unsigned long i, j;
	u64 random;

	for (i = n - 1; i > 0; i--) {
		random = word(seed, i + (1ULL << 33) + (round << 34)) >> 32;
		j = random * (i + 1) >> 32;
		memcpy(tmp, keys + i * key_size, key_size);
		memcpy(keys + i * key_size, keys + j * key_size, key_size);
		memcpy(keys + j * key_size, tmp, key_size);
	}
}

static void make_round(struct bench_keys *keys, u64 seed, unsigned int round)
{
	size_t size = keys->n * keys->key_size;
	unsigned long i;

	memcpy(keys->lookup + round * size, keys->insert, size);
	shuffle(keys->lookup + round * size, keys->key_size, keys->n, seed,
		round);
	for (i = round * keys->n; i < (round + 1) * keys->n; i++)
		make_key(keys->absent + i * keys->key_size, keys->key_size,
			 seed, keys->n + i);
}

void bench_keys_free(struct bench_keys *keys)
{
	vfree(keys->insert);
	vfree(keys->lookup);
	vfree(keys->absent);
}

/**
 * bench_keys_make() - make keys
 * @keys: out: them
 * @key_size: 4, 8 or 16
 * @n: how many
 * @rounds: at least
 * @seed: of all choices
 *
 * Return: 0 or -ENOMEM.
 */
int bench_keys_make(struct bench_keys *keys, unsigned int key_size,
		    unsigned long n, unsigned int rounds, u64 seed)
{
	unsigned long i;
	void *key;

	keys->key_size = key_size;
	keys->n = n;
	keys->rounds = max_t(unsigned long, ALL_ROUNDS / n, rounds);
	keys->insert = vmalloc_array(n, key_size);
	keys->lookup = vmalloc_array(keys->rounds * n, key_size);
	keys->absent = vmalloc_array(keys->rounds * n, key_size);
	if (!keys->insert || !keys->lookup || !keys->absent) {
		bench_keys_free(keys);
		memset(keys, 0, sizeof(*keys));
		return -ENOMEM;
	}
	keys->sum = 0;
	for (i = 0; i < n; i++) {
		key = keys->insert + i * key_size;
		make_key(key, key_size, seed, i);
		keys->sum += bench_value(key, key_size);
	}
	for (i = 0; i < keys->rounds; i++) {
		make_round(keys, seed, i);
		cond_resched();
	}
	return 0;
}
