// SPDX-License-Identifier: GPL-2.0-only
/*
 * libhmap's functions that make, name and freeze maps, against an ioctl() that
 * records what it is given.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "fake_ioctl.h"

#define DEVICE	"/dev/null"

static const struct hmap_ioc_create attributes = {
	.size = sizeof(attributes), .key_size = 16, .value_size = 4,
	.max_bytes = 1 << 20, .mode = 0640, .name = "sessions",
};

static void create_passes_the_attributes_on(void **state)
{
	struct hmap *map = hmap_create(DEVICE, &attributes);

	(void)state;
	assert_non_null(map);
	assert_int_equal(fake.request, HMAP_IOC_CREATE);
	assert_int_equal(fake.mode, O_WRONLY);
	assert_memory_equal(&fake.in.create, &attributes, sizeof(attributes));
	assert_int_equal(hmap_key_size(map), KEY_SIZE);
	hmap_close(map);
}

static void create_that_fails_leaks_nothing(void **state)
{
	int before = next_fd();

	(void)state;
	fake.err = EEXIST;
	assert_null(hmap_create(DEVICE, &attributes));
	assert_int_equal(errno, EEXIST);
	fake.err = 0;
	fake.info_err = ENOMEM;
	assert_null(hmap_create(DEVICE, &attributes));
	assert_int_equal(errno, ENOMEM);
	assert_null(hmap_create("/nonexistent", &attributes));
	assert_int_equal(errno, ENOENT);
	errno = 0;
	assert_null(hmap_create(DEVICE, NULL));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(next_fd(), before);
}

static const char *const bad_names[] = {
	NULL, "", ".", "..", ".hidden", "a/b", "/dev/null", "../null",
	"a234567890123456789012345678901234567890123456789012345678901234",
};

static void names_that_lead_elsewhere_are_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad_names); i++) {
		errno = 0;
		assert_null(hmap_open_named(bad_names[i], O_RDWR));
		assert_int_equal(errno, EINVAL);
		errno = 0;
		assert_int_equal(hmap_destroy_named(DEVICE, bad_names[i]),
				 -EINVAL);
		assert_int_equal(errno, EINVAL);
	}
	assert_int_equal(fake.calls, 0);
}

static void open_named_is_an_open_below_the_directory(void **state)
{
	(void)state;
	errno = 0;
	assert_null(hmap_open_named("no-such-map-here", O_RDWR));
	assert_int_equal(errno, ENOENT);
	errno = 0;
	assert_null(hmap_open_named("no-such-map-here", O_RDWR | O_CREAT));
	assert_int_equal(errno, EINVAL);
}

static void destroy_names_the_map(void **state)
{
	const char rest[HMAP_NAME_SIZE - 3] = "";
	int before = next_fd();

	(void)state;
	assert_int_equal(hmap_destroy_named(DEVICE, "abc"), 0);
	assert_int_equal(fake.request, HMAP_IOC_DESTROY);
	assert_int_equal(fake.mode, O_WRONLY);
	assert_int_equal(fake.in.destroy.size, sizeof(fake.in.destroy));
	assert_int_equal(fake.in.destroy.flags, 0);
	assert_memory_equal(fake.in.destroy.name, "abc", 3);
	assert_memory_equal(fake.in.destroy.name + 3, rest, sizeof(rest));
	fake.err = EPERM;
	assert_int_equal(hmap_destroy_named(DEVICE, "abc"), -EPERM);
	assert_int_equal(errno, EPERM);
	assert_int_equal(hmap_destroy_named("/nonexistent", "abc"), -ENOENT);
	assert_int_equal(next_fd(), before);
}

static void answer_list(void *arg)
{
	struct hmap_ioc_list *list = arg;
	char (*names)[HMAP_NAME_SIZE] = (void *)(uintptr_t)list->names;

	memcpy(names[0], "one", 4);
	memcpy(names[1], "two", 4);
	memcpy(list->after, "two", 4);
	list->count = 2;
}

static void list_moves_on_by_success_only(void **state)
{
	char after[HMAP_NAME_SIZE] = "before", names[2][HMAP_NAME_SIZE];

	(void)state;
	fake.answer = answer_list;
	fake.err = EFAULT;
	assert_int_equal(hmap_list_named(DEVICE, after, names, 2), -EFAULT);
	assert_string_equal(after, "before");
	fake.err = 0;
	assert_int_equal(hmap_list_named(DEVICE, after, names, 2), 2);
	assert_int_equal(fake.request, HMAP_IOC_LIST);
	assert_int_equal(fake.mode, O_RDONLY);
	assert_int_equal(fake.in.list.size, sizeof(fake.in.list));
	assert_int_equal(fake.in.list.flags, 0);
	assert_int_equal(fake.in.list.capacity, 2);
	assert_int_equal(fake.in.list.names, (uintptr_t)names);
	assert_string_equal(fake.in.list.after, "before");
	assert_string_equal(after, "two");
	assert_string_equal(names[0], "one");
	assert_string_equal(names[1], "two");
}

static void list_refuses_what_it_cannot_count(void **state)
{
	char after[HMAP_NAME_SIZE] = "", names[1][HMAP_NAME_SIZE];

	(void)state;
	assert_int_equal(hmap_list_named(DEVICE, NULL, names, 1), -EINVAL);
	assert_int_equal(hmap_list_named(DEVICE, after, NULL, 1), -EINVAL);
	assert_int_equal(hmap_list_named(DEVICE, after, names, 0), -EINVAL);
	errno = 0;
	assert_int_equal(hmap_list_named(DEVICE, after, names, INT_MAX + 1U),
			 -EINVAL);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(fake.calls, 0);
}

static void freeze_is_plain(void **state)
{
	struct hmap *map = hmap_open(DEVICE, O_RDWR);

	(void)state;
	assert_non_null(map);
	assert_int_equal(hmap_freeze(map), 0);
	assert_int_equal(fake.request, HMAP_IOC_FREEZE);
	assert_int_equal(fake.in.plain.size, sizeof(fake.in.plain));
	assert_int_equal(fake.in.plain.flags, 0);
	fake.err = EACCES;
	assert_int_equal(hmap_freeze(map), -EACCES);
	hmap_close(map);
	errno = 0;
	assert_int_equal(hmap_freeze(NULL), -EINVAL);
	assert_int_equal(errno, EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(create_passes_the_attributes_on, reset_fake),
		cmocka_unit_test_setup(create_that_fails_leaks_nothing, reset_fake),
		cmocka_unit_test_setup(names_that_lead_elsewhere_are_refused, reset_fake),
		cmocka_unit_test_setup(open_named_is_an_open_below_the_directory, reset_fake),
		cmocka_unit_test_setup(destroy_names_the_map, reset_fake),
		cmocka_unit_test_setup(list_moves_on_by_success_only, reset_fake),
		cmocka_unit_test_setup(list_refuses_what_it_cannot_count, reset_fake),
		cmocka_unit_test_setup(freeze_is_plain, reset_fake),
	};

	return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
