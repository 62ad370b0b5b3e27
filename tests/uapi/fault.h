/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations, and copies from and to programs, that fail: for kernels with fault
 * injection, which no distribution has.
 */
#ifndef HMAP_TEST_FAULT_H
#define HMAP_TEST_FAULT_H

#include <sys/mount.h>

#include "hmap_test.h"

#define FAULTS	"/sys/kernel/debug/"

/*
 * Whether allocations can fail, also those that may sleep; there is no word in the
 * log about each. Copies fail, too, if they are to and the kernel knows how.
 */
static inline bool can_fail(bool copies)
{
	if (access(FAULTS "failslab", F_OK))
		mount("debugfs", FAULTS, "debugfs", 0, NULL);
	write_file(FAULTS "fail_page_alloc/ignore-gfp-wait", "N");
	write_file(FAULTS "fail_page_alloc/min-order", "0");
	write_file(FAULTS "fail_page_alloc/verbose", "0");
	write_file(FAULTS "fail_usercopy/verbose", "0");
	/* no function of the kernel has an address as low as 1 */
	if (!access(FAULTS "fail_usercopy", F_OK) &&
	    write_file(FAULTS "fail_usercopy/require-start", copies ? "0" : "1"))
		return false;
	if (!access(FAULTS "fail_usercopy", F_OK))
		write_file(FAULTS "fail_usercopy/require-end",
			   copies ? "0xffffffffffffffff" : "2");
	return !write_file(FAULTS "failslab/ignore-gfp-wait", "N") &&
	       !write_file(FAULTS "failslab/verbose", "0");
}

/* The @nth allocation or copy of this process from now on fails. */
static inline void fail_begin(int fail_nth, u32 nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fail_nth, text, n, 0) != n)
		abort();
}

/* How many were left. To ask is to copy: it may be that which fails. */
static inline u32 fail_left(int fail_nth)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) >= 1)
		return atoi(text);
	if (errno != EFAULT)
		abort();
	return 1;
}

/* Whether it came to that. */
static inline bool fail_end(int fail_nth)
{
	u32 left = fail_left(fail_nth);

	if (pwrite(fail_nth, "0", 1, 0) != 1 && pwrite(fail_nth, "0", 1, 0) != 1)
		abort();
	return !left;
}

#endif /* HMAP_TEST_FAULT_H */
