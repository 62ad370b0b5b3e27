// SPDX-License-Identifier: GPL-2.0
/* Choosing contestants by their names. */
#include <linux/ctype.h>
#include <linux/string.h>

#include "bench.h"

static const struct contestant *const families[] = {
	bench_hmap, bench_rhashtable, bench_bpf, bench_plain,
};

/*
 * Whether @name is one of @names, a list with commas. Case does not matter, and
 * a hyphen there stands for a space in the name: "hmap,bpf-hash".
 */
static bool listed(const char *names, const char *name)
{
	size_t i, len = strlen(name);

	for (;; names++) {
		for (i = 0; i < len; i++)
			if (tolower(names[i]) != tolower(name[i]) &&
			    !(names[i] == '-' && name[i] == ' '))
				break;
		if (i == len && (names[len] == ',' || !names[len]))
			return true;
		names = strchr(names, ',');
		if (!names)
			return false;
	}
}

/**
 * bench_choose() - find contestants
 * @names: their names, with commas
 * @key_size: size of the keys
 * @threads: what they have to be made for
 * @chosen: out: them
 * @max: how many @chosen has room for
 *
 * Return: how many there are.
 */
unsigned int bench_choose(const char *names, unsigned int key_size,
			  enum bench_threads threads,
			  const struct contestant **chosen, unsigned int max)
{
	const struct contestant *c;
	unsigned int i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(families); i++)
		for (c = families[i]; c->name && nr < max; c++)
			if (c->key_size == key_size && listed(names, c->name) &&
			    (c->threads == BENCH_ANY || c->threads == threads))
				chosen[nr++] = c;
	return nr;
}
