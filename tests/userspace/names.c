// SPDX-License-Identifier: GPL-2.0-only
/*
 * names MAP: a program that uses libhmap and, in names_ovs.c, the hash map of
 * Open vSwitch, whose functions have the same names. Run by names.sh; fails if
 * either library does not do what it should.
 */
#define HMAP_H	/* the guard of openvswitch/hmap.h is another */
#include <errno.h>
#include <fcntl.h>
#include <hmap.h>
#include <stdio.h>

#include "names.h"

#define KEYS	20

static int has_keys(const struct hmap *map, __u64 keys)
{
	__u64 key, value;

	for (key = 0; key < KEYS; key++) {
		int expected = key < keys;

		if (hmap_contains(map, &key, 8) != expected)
			return 0;
		if (expected && (hmap_get(map, &key, 8, &value, 8) ||
				 value != 2 * key))
			return 0;
	}
	return hmap_count(map) == (long long)keys;
}

/* Whether a map of libhmap does what it should. */
static int use_libhmap(const struct hmap *map)
{
	__u64 key, value;

	for (key = 0; key < KEYS; key++) {
		value = 2 * key;
		if (hmap_put(map, &key, 8, &value, 8, HMAP_ANY))
			return 0;
	}
	/* the imitation of the device has no exchange, but the size is checked */
	return hmap_swap(map, &key, 7, &value, NULL, 8, HMAP_ANY) == -EINVAL &&
	       has_keys(map, KEYS) && use_ovs() && has_keys(map, KEYS) &&
	       !hmap_reserve(map, KEYS) && !hmap_clear(map) &&
	       !hmap_shrink(map) && has_keys(map, 0) && use_ovs();
}

int main(int argc, char **argv)
{
	struct hmap *map = hmap_open(argc > 1 ? argv[1] : NULL, O_RDWR);
	int ok;

	if (!map) {
		perror("hmap_open");
		return 1;
	}
	ok = use_libhmap(map);
	hmap_close(map);
	return !ok;
}
