// SPDX-License-Identifier: GPL-2.0-only
/* The line that hmapctl trace prints is the seed's, to the letter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hmapctl.h"
#include "test.h"

static void assert_line(const struct hmap_stats *stats, const char *expected)
{
	char line[1024];
	FILE *file = fmemopen(line, sizeof(line), "w");

	assert_non_null(file);
	trace_print_state(file, stats);
	fclose(file);
	assert_string_equal(line, expected);
}

static void an_empty_map_is_printed_as_in_the_seed(void **state)
{
	const struct hmap_stats stats = {
		.hash0 = 3265330623U,
		.present = HMAP_HAS_ADDRESSES,
	};

	(void)state;
	assert_line(&stats,
		    "&{count:0 flags:0 B:0 noverflow:0 hash0:3265330623 buckets:<nil> oldbuckets:<nil> nevacuate:0 extra:<nil>} len:0\n");
}

static void a_grown_map_is_printed_as_in_the_seed(void **state)
{
	const struct hmap_stats stats = {
		.count = 9,
		.B = 1,
		.hash0 = 3265330623U,
		.present = HMAP_HAS_ADDRESSES | HMAP_HAS_BUCKETS,
		.buckets = 0xc0000b6000,
		.nevacuate = 1,
	};

	(void)state;
	assert_line(&stats,
		    "&{count:9 flags:0 B:1 noverflow:0 hash0:3265330623 buckets:0xc0000b6000 oldbuckets:<nil> nevacuate:1 extra:<nil>} len:9\n");
}

static void every_field_has_its_place(void **state)
{
	const struct hmap_stats stats = {
		.count = 100,
		.flags = HMAP_FLAG_SAMESIZEGROW,
		.B = 4,
		.noverflow = 17,
		.hash0 = 1,
		.present = HMAP_HAS_ADDRESSES | HMAP_HAS_BUCKETS |
			   HMAP_HAS_OLDBUCKETS | HMAP_HAS_EXTRA,
		.buckets = 0xffff888000000010,
		.oldbuckets = 0xffff888000000020,
		.nevacuate = 3,
		.extra = 0xffff888000000030,
	};

	(void)state;
	assert_line(&stats,
		    "&{count:100 flags:8 B:4 noverflow:17 hash0:1 buckets:0xffff888000000010 oldbuckets:0xffff888000000020 nevacuate:3 extra:0xffff888000000030} len:100\n");
}

static void what_may_not_be_shown_is_hidden(void **state)
{
	const struct hmap_stats stats = {
		.count = 27,
		.B = 3,
		.present = HMAP_HAS_BUCKETS | HMAP_HAS_OLDBUCKETS,
		.nevacuate = 1,
	};

	(void)state;
	assert_line(&stats,
		    "&{count:27 flags:0 B:3 noverflow:0 hash0:<hidden> buckets:<hidden> oldbuckets:<hidden> nevacuate:1 extra:<nil>} len:27\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_is_printed_as_in_the_seed),
		cmocka_unit_test(a_grown_map_is_printed_as_in_the_seed),
		cmocka_unit_test(every_field_has_its_place),
		cmocka_unit_test(what_may_not_be_shown_is_hidden),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
