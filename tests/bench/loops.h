/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loops around operations on one key, so that each type of map has its own
 * and the compiler inlines what can be inlined. This is included once for each
 * type, after these have been defined:
 *
 *	TYPE	the name of the type, which T(_name) puts before all names
 *	KEY	the type of the keys
 *	T(_one_get), T(_one_insert), T(_one_update), T(_one_delete)
 *		the operations: 0 or a negative errno
 *	begin(), end()
 *		what is to be called around a loop
 */
static void T(_loop_get)(void *map, const void *keys, unsigned int count,
			 struct bench_tally *tally)
{
	const KEY *key = keys;
	unsigned int i, failed = 0;
	u64 value, sum = 0;

	begin();
	for (i = 0; i < count; i++) {
		if (T(_one_get)(map, &key[i], &value))
			failed++;
		else
			sum += value;
	}
	end();
	tally->sum += sum;
	tally->failed += failed;
}

static __always_inline void
T(_insert_all)(void *map, const void *keys, unsigned int count, gfp_t gfp,
	       struct bench_tally *tally)
{
	const KEY *key = keys;
	unsigned int i, failed = 0;

	begin();
	for (i = 0; i < count; i++)
		if (T(_one_insert)(map, &key[i],
				   bench_value(&key[i], sizeof(KEY)), gfp,
				   tally))
			failed++;
	end();
	tally->failed += failed;
}

static void T(_loop_insert)(void *map, const void *keys, unsigned int count,
			    struct bench_tally *tally)
{
	T(_insert_all)(map, keys, count, GFP_KERNEL, tally);
}

static void T(_loop_insert_atomic)(void *map, const void *keys,
				   unsigned int count,
				   struct bench_tally *tally)
{
	T(_insert_all)(map, keys, count, GFP_ATOMIC, tally);
}

static void T(_loop_update)(void *map, const void *keys, unsigned int count,
			    struct bench_tally *tally)
{
	const KEY *key = keys;
	unsigned int i, failed = 0;

	begin();
	for (i = 0; i < count; i++)
		if (T(_one_update)(map, &key[i],
				   bench_value(&key[i], sizeof(KEY)) + 1, tally))
			failed++;
	end();
	tally->failed += failed;
}

static void T(_loop_delete)(void *map, const void *keys, unsigned int count,
			    struct bench_tally *tally)
{
	const KEY *key = keys;
	unsigned int i, failed = 0;

	begin();
	for (i = 0; i < count; i++)
		if (T(_one_delete)(map, &key[i]))
			failed++;
	end();
	tally->failed += failed;
}

#undef TYPE
#undef KEY
