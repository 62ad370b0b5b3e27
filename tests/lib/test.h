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

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ld --wrap=ioctl has the library call this. */
int __wrap_ioctl(int fd, unsigned long request, void *arg);

#endif /* TEST_H */
