// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints, as the kernel itself prints them.
 */
#include <sys/mount.h>

#include "hmap_test.h"

#define TRACING	"/sys/kernel/tracing/"

/* Bytes of a trace that are looked at. */
#define TRACE_SIZE	1048576

FIXTURE(trace) {
	struct map m;
	char *text;
};

FIXTURE_SETUP(trace)
{
	self->m.fd = -1;
	if (access(TRACING "trace", F_OK) &&
	    mount("tracefs", TRACING, "tracefs", 0, NULL))
		SKIP(return, "this kernel has no tracefs");
	self->text = malloc(TRACE_SIZE);
	ASSERT_NE(NULL, self->text);
	ASSERT_EQ(0, map_load(&self->m, 8, 1000));
	ASSERT_EQ(0, write_file(TRACING "trace", ""));
	ASSERT_EQ(0, write_file(TRACING "events/hmap/enable", "1"));
}

FIXTURE_TEARDOWN(trace)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* Lines of the trace in which both words are. */
static int traced(char *text, const char *a, const char *b)
{
	int fd = open(TRACING "trace", O_RDONLY | O_CLOEXEC), count = 0;
	size_t n = 0;
	ssize_t got;
	char *line;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, text + n, TRACE_SIZE - 1 - n)) > 0)
		n += got;
	close(fd);
	text[n] = 0;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		count += strstr(line, a) && strstr(line, b);
	return count;
}

TEST_F(trace, growth_is_traced)
{
	static const struct {
		const char *start;
		const char *done;
	} grow[] = {
		{ "reason=load old_B=0 new_B=1 count=8", "old_B=0 new_B=1" },
		{ "reason=load old_B=1 new_B=2 count=13", "old_B=1 new_B=2" },
		{ "reason=load old_B=2 new_B=3 count=26", "old_B=2 new_B=3" },
		{ "reason=load old_B=3 new_B=4 count=52", "old_B=3 new_B=4" },
	};
	size_t i;

	ASSERT_EQ(0, map_put_range(&self->m, 0, 100));
	for (i = 0; i < ARRAY_LEN(grow); i++) {
		EXPECT_EQ(1, traced(self->text, "hmap_resize_start:",
				    grow[i].start));
		EXPECT_EQ(1, traced(self->text, "hmap_resize_done:",
				    grow[i].done));
	}
	EXPECT_EQ(4, traced(self->text, "hmap_resize_", "start:"));
	EXPECT_EQ(4, traced(self->text, "hmap_resize_", "done:"));
}

/* The oldest of some elements goes when a new one comes: chains become longer. */
TEST_F(trace, a_resize_that_keeps_the_size_is_traced)
{
	struct map *m = &self->m;
	struct hmap_stats s = {};
	u64 i;

	ASSERT_EQ(0, map_put_range(m, 0, 26));
	for (i = 26; i < 100000 && !s.same_size_grows; i++) {
		ASSERT_EQ(0, map_delete(m, i - 26));
		ASSERT_EQ(0, map_put(m, i, i, HMAP_NOEXIST));
		ASSERT_EQ(0, dev_stats(m->fd, &s));
	}
	EXPECT_EQ(1, traced(self->text, "hmap_resize_start:",
			    "reason=overflow old_B=2 new_B=2 count=25"));
}

TEST_F(trace, shrinking_is_traced)
{
	struct map *m = &self->m;
	struct hmap_stats s = {};
	int tries;

	ASSERT_EQ(0, map_put_range(m, 0, 800));
	ASSERT_EQ(0, map_delete_every(m, 0, 800, 1));
	for (tries = 0; tries < 200 && s.shrinks < 3; tries++) {
		usleep(100000);
		ASSERT_EQ(0, dev_stats(m->fd, &s));
	}
	EXPECT_EQ(1, traced(self->text, "hmap_resize_start:",
			    "reason=shrink old_B=7 new_B=6"));
	EXPECT_EQ(1, traced(self->text, "hmap_resize_done:",
			    "old_B=7 new_B=6"));
}

/* A put allocates memory for the value; so does the device, to copy it. */
TEST_F(trace, a_failed_allocation_is_traced)
{
	struct map *m = &self->m;
	struct hmap_stats s = {};
	char nth[16];
	int i;

	if (access("/proc/self/fail-nth", W_OK) ||
	    write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N") ||
	    write_file("/sys/kernel/debug/failslab/verbose", "0"))
		SKIP(return, "this kernel has no fault injection");
	ASSERT_EQ(0, map_put_range(m, 0, 1));
	/* again: what a debugging kernel allocates beside is not always the same */
	for (i = 0; !s.alloc_failures && i < 500; i++) {
		snprintf(nth, sizeof(nth), "%d", 1 + i % 50);
		ASSERT_EQ(0, write_file("/proc/self/fail-nth", nth));
		map_put(m, 0, 0, HMAP_EXIST);
		while (write_file("/proc/self/fail-nth", "0"))
			;
		ASSERT_EQ(0, dev_stats(m->fd, &s));
	}
	EXPECT_EQ(1, s.alloc_failures);
	EXPECT_EQ(1, traced(self->text, "hmap_alloc_failure:", "size="));
}

TEST_HARNESS_MAIN
