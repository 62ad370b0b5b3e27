// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fake_ioctl.h"

struct fake fake;

static int fake_info(int fd, struct hmap_ioc_info *info)
{
	fake.info_fd = fd;
	fake.info = *info;
	info->abi_version = HMAP_ABI_VERSION;
	info->key_size = KEY_SIZE;
	info->value_size = fake.value_size;
	info->max_entries = 77;
	info->hint = 5;
	info->uid = fake.uid;
	info->mode = fake.file_mode;
	errno = fake.info_err;
	return fake.info_err ? -1 : 0;
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	__u32 size = *(__u32 *)arg;

	if (request == HMAP_IOC_INFO)
		return fake_info(fd, arg);
	fake.calls++;
	fake.mode = fcntl(fd, F_GETFL) & O_ACCMODE;
	fake.request = request;
	memset(&fake.in, 0xcc, sizeof(fake.in));
	memcpy(&fake.in, arg, size < sizeof(fake.in) ? size : sizeof(fake.in));
	if (fake.answer)
		fake.answer(arg);
	errno = fake.err;
	if (fake.err)
		return -1;
	return request == HMAP_IOC_CREATE ? dup(fd) : 0;
}

int reset_fake(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.value_size = VALUE_SIZE;
	return 0;
}

int open_set(void **state)
{
	reset_fake(state);
	fake.value_size = 0;
	*state = hmap_open("/dev/null", O_RDWR);
	return *state ? 0 : -1;
}

int open_map(void **state)
{
	reset_fake(state);
	*state = hmap_open("/dev/null", O_RDWR);
	return *state ? 0 : -1;
}

int close_map(void **state)
{
	hmap_close(*state);
	return 0;
}

int next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}
