// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of a program that uses the hash map of Open vSwitch, and the kernel
 * interface of hmap beside it. Run by names.sh.
 */
#include <linux/hmap.h>
#include <openvswitch/hmap.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "names.h"

/* What the hash map needs of the rest of Open vSwitch's library. */
void coverage_counter_register(void *counter)
{
	(void)counter;
}

void ovs_assert_failure(const char *where, const char *function,
			const char *condition)
{
	(void)where;
	(void)function;
	(void)condition;
	abort();
}

uint32_t random_uint32(void)
{
	return 4;
}

void vlog_insert_module(void *list)
{
	(void)list;
}

void vlog_rate_limit(void)
{
}

void *xmalloc(size_t size)
{
	return malloc(size);
}

void *xmalloc__(size_t size)
{
	return malloc(size);
}

void xpthread_setspecific(pthread_key_t key, const void *value)
{
	pthread_setspecific(key, value);
}

/* Whether two maps of Open vSwitch do what they should. */
int use_ovs(void)
{
	struct hmap_node nodes[HMAP_BUCKET_SLOTS];
	struct hmap full, empty;
	size_t i;
	int ok;

	hmap_init(&full);
	hmap_init(&empty);
	for (i = 0; i < HMAP_BUCKET_SLOTS; i++)
		hmap_insert(&empty, &nodes[i], i);
	hmap_swap(&full, &empty);
	ok = hmap_count(&full) == HMAP_BUCKET_SLOTS && hmap_is_empty(&empty);
	for (i = 0; i < HMAP_BUCKET_SLOTS; i++)
		ok &= hmap_contains(&full, &nodes[i]) &&
		      !hmap_contains(&empty, &nodes[i]);
	hmap_clear(&full);
	hmap_shrink(&full);
	ok &= hmap_is_empty(&full);
	hmap_destroy(&full);
	hmap_destroy(&empty);
	return ok;
}
