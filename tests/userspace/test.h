/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests under cmocka share. */
#ifndef TEST_H
#define TEST_H

#include <linux/types.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mman.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ld --wrap=ioctl has the library call this. */
int __wrap_ioctl(int fd, unsigned long request, void *arg);

/* Sizes that are not @size, one of them @size in its low 32 bits. */
#define WRONG_SIZES	6

static inline size_t wrong_size(size_t size, unsigned int i)
{
	const size_t sizes[WRONG_SIZES] = {
		0, size - 1, size + 1, 2 * size, SIZE_MAX,
		sizeof(size) > 4 ? size + ((size_t)1 << 31 << 1) : 1U << 31,
	};

	return sizes[i];
}

/* An address that can be neither read nor written. */
static inline void *no_buffer(void)
{
	void *p = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

#endif /* TEST_H */
