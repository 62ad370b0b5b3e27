// SPDX-License-Identifier: GPL-2.0-only
/*
 * libhmap against an ioctl() that records what it is given: each function
 * checks its arguments, fills the structure of its command, passes errors on.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_ioctl.h"

/* @call fails with the kernel's error. */
#define assert_passes_error(call, expected)		\
	do {						\
		int err = expected;			\
							\
		fake.err = err;				\
		errno = 0;				\
		assert_int_equal(call, -err);		\
		assert_int_equal(errno, err);		\
		fake.err = 0;				\
	} while (0)

static void open_asks_for_info(void **state)
{
	const struct hmap_ioc_info *info = hmap_info(*state);

	assert_int_equal(fake.info_fd, hmap_fd(*state));
	assert_int_equal(fake.info.size, sizeof(struct hmap_ioc_info));
	assert_int_equal(fake.info.flags, 0);
	assert_int_equal(info->max_entries, 77);
	assert_int_equal(info->hint, 5);
	assert_int_equal(hmap_key_size(*state), KEY_SIZE);
	assert_int_equal(hmap_value_size(*state), VALUE_SIZE);
	assert_int_equal(fake.calls, 0);
}

static void open_closes_on_exec(void **state)
{
	int flags = fcntl(hmap_fd(*state), F_GETFD);

	assert_true(flags & FD_CLOEXEC);
}

static void open_keeps_the_access_mode(void **state)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		struct hmap *map = hmap_open("/dev/null", modes[i]);

		assert_non_null(map);
		assert_int_equal(fcntl(hmap_fd(map), F_GETFL) & O_ACCMODE,
				 modes[i]);
		hmap_close(map);
	}
}

static void open_refuses_other_flags(void **state)
{
	static const int flags[] = {
		O_RDWR | O_CREAT, O_RDONLY | O_NONBLOCK, O_WRONLY | O_TRUNC,
		O_ACCMODE, -1,
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		errno = 0;
		assert_null(hmap_open("/dev/null", flags[i]));
		assert_int_equal(errno, EINVAL);
	}
}

static void open_passes_errors_of_open_on(void **state)
{
	(void)state;
	errno = 0;
	assert_null(hmap_open("/dev/null/nothing", O_RDWR));
	assert_int_equal(errno, ENOTDIR);
	errno = 0;
	assert_null(hmap_open("/nonexistent", O_RDWR));
	assert_int_equal(errno, ENOENT);
}

static void open_of_another_file_leaks_nothing(void **state)
{
	int before = next_fd();

	(void)state;
	fake.info_err = ENOTTY;
	errno = 0;
	assert_null(hmap_open("/dev/null", O_RDWR));
	assert_int_equal(errno, ENOTTY);
	assert_int_equal(next_fd(), before);
}

static void open_fd_owns_the_file_after_success_only(void **state)
{
	int fd = open("/dev/null", O_RDONLY);
	struct hmap *map;

	(void)state;
	fake.info_err = ENOTTY;
	assert_null(hmap_open_fd(fd));
	assert_int_equal(errno, ENOTTY);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	fake.info_err = 0;
	map = hmap_open_fd(fd);
	assert_non_null(map);
	assert_int_equal(hmap_fd(map), fd);
	hmap_close(map);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void close_keeps_errno(void **state)
{
	struct hmap *map = hmap_open("/dev/null", O_RDWR);

	(void)state;
	close(hmap_fd(map));
	errno = ERANGE;
	hmap_close(map);
	assert_int_equal(errno, ERANGE);
	hmap_close(NULL);
	assert_int_equal(errno, ERANGE);
}

static void null_map_is_invalid(void **state)
{
	struct hmap_cursor cursor = { 0 };
	struct hmap_layout layout;
	struct hmap_stats stats;
	__u64 state_number = 0;
	char b[VALUE_SIZE] = "";

	(void)state;
	assert_refused(hmap_fd(NULL));
	assert_refused(hmap_get(NULL, b, KEY_SIZE, b, VALUE_SIZE));
	assert_refused(hmap_contains(NULL, b, KEY_SIZE));
	assert_refused(hmap_put(NULL, b, KEY_SIZE, b, VALUE_SIZE, 0));
	assert_refused(hmap_delete(NULL, b, KEY_SIZE));
	assert_refused(hmap_scan(NULL, &cursor, b, KEY_SIZE, b, VALUE_SIZE, 1));
	assert_refused(hmap_clear(NULL));
	assert_refused(hmap_get_stats(NULL, &stats));
	assert_refused(hmap_get_layout(NULL, &layout));
	assert_refused(hmap_verify(NULL));
	assert_refused(hmap_wait(NULL, b, KEY_SIZE, b, VALUE_SIZE, 0, NULL));
	assert_refused(hmap_wait_change(NULL, &state_number, NULL));
}

static void info_of_null_map_is_invalid(void **state)
{
	(void)state;
	errno = 0;
	assert_null(hmap_info(NULL));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_int_equal(hmap_key_size(NULL), 0);
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_int_equal(hmap_value_size(NULL), 0);
	assert_int_equal(errno, EINVAL);
}

static void null_arguments_are_invalid(void **state)
{
	struct hmap_cursor cursor = { 0 };
	struct hmap *map = *state;
	char b[VALUE_SIZE] = "";

	assert_refused(hmap_get(map, NULL, KEY_SIZE, b, VALUE_SIZE));
	assert_refused(hmap_get(map, b, KEY_SIZE, NULL, 0));
	assert_refused(hmap_get(map, b, KEY_SIZE, NULL, VALUE_SIZE));
	assert_refused(hmap_contains(map, NULL, KEY_SIZE));
	assert_refused(hmap_put(map, NULL, KEY_SIZE, b, VALUE_SIZE, 0));
	assert_refused(hmap_put(map, b, KEY_SIZE, NULL, 0, 0));
	assert_refused(hmap_put(map, b, KEY_SIZE, NULL, VALUE_SIZE, 0));
	assert_refused(hmap_delete(map, NULL, KEY_SIZE));
	assert_refused(hmap_scan(map, NULL, b, KEY_SIZE, b, VALUE_SIZE, 1));
	assert_refused(hmap_scan(map, &cursor, NULL, KEY_SIZE, b, VALUE_SIZE, 1));
	assert_refused(hmap_get_stats(map, NULL));
	assert_refused(hmap_get_layout(map, NULL));
	assert_refused(hmap_wait(map, NULL, KEY_SIZE, b, VALUE_SIZE, 0, NULL));
	assert_refused(hmap_wait(map, b, KEY_SIZE, NULL, 0, HMAP_WAIT_OTHER, NULL));
	assert_refused(hmap_wait_change(map, NULL, NULL));
}

static void scan_refuses_a_capacity_that_int_cannot_count(void **state)
{
	struct hmap_cursor cursor = { 0 };
	char b[VALUE_SIZE] = "";

	assert_refused(hmap_scan(*state, &cursor, b, KEY_SIZE, b, VALUE_SIZE, 0));
	assert_refused(hmap_scan(*state, &cursor, b, KEY_SIZE, b, VALUE_SIZE,
				 INT_MAX + 1U));
}

static void check_elem(unsigned long request, const void *key,
		       __u32 value_size, const void *value, __u32 flags)
{
	assert_int_equal(fake.request, request);
	assert_int_equal(fake.in.elem.size, sizeof(struct hmap_ioc_elem));
	assert_int_equal(fake.in.elem.flags, flags);
	assert_int_equal(fake.in.elem.key_size, KEY_SIZE);
	assert_int_equal(fake.in.elem.key, (uintptr_t)key);
	assert_int_equal(fake.in.elem.value_size, value_size);
	assert_int_equal(fake.in.elem.value, (uintptr_t)value);
}

static void element_commands_fill_the_structure(void **state)
{
	struct hmap *map = *state;
	char key[KEY_SIZE] = "";
	char value[VALUE_SIZE] = "";

	assert_int_equal(hmap_get(map, key, KEY_SIZE, value, VALUE_SIZE), 0);
	check_elem(HMAP_IOC_GET, key, VALUE_SIZE, value, 0);
	assert_int_equal(hmap_contains(map, key, KEY_SIZE), 1);
	check_elem(HMAP_IOC_GET, key, 0, NULL, 0);
	assert_int_equal(hmap_put(map, key, KEY_SIZE, value, VALUE_SIZE,
				  HMAP_NOEXIST), 0);
	check_elem(HMAP_IOC_PUT, key, VALUE_SIZE, value, HMAP_NOEXIST);
	assert_int_equal(hmap_delete(map, key, KEY_SIZE), 0);
	check_elem(HMAP_IOC_DELETE, key, 0, NULL, 0);
}

static void a_set_needs_no_value(void **state)
{
	struct hmap *map = *state;
	char key[KEY_SIZE] = "";

	assert_int_equal(hmap_get(map, key, KEY_SIZE, NULL, 0), 0);
	check_elem(HMAP_IOC_GET, key, 0, NULL, 0);
	assert_int_equal(hmap_get(map, key, KEY_SIZE, key, 0), 0);
	check_elem(HMAP_IOC_GET, key, 0, NULL, 0);
	assert_int_equal(hmap_put(map, key, KEY_SIZE, NULL, 0, HMAP_ANY), 0);
	check_elem(HMAP_IOC_PUT, key, 0, NULL, HMAP_ANY);
}

static void contains_takes_a_missing_key_for_no(void **state)
{
	char key[KEY_SIZE] = "";

	fake.err = ENOENT;
	assert_int_equal(hmap_contains(*state, key, KEY_SIZE), 0);
	fake.err = 0;
	assert_passes_error(hmap_contains(*state, key, KEY_SIZE), EACCES);
}

static void unknown_put_flags_are_left_to_the_kernel(void **state)
{
	char b[VALUE_SIZE] = "";

	assert_passes_error(hmap_put(*state, b, KEY_SIZE, b, VALUE_SIZE,
				     0x80000003), EINVAL);
	assert_int_equal(fake.in.elem.flags, 0x80000003);
}

static void answer_scan(void *arg)
{
	struct hmap_ioc_scan *scan = arg;

	scan->count = 3;
	scan->cursor.place = 100;
	scan->cursor.tie = 200;
}

static void scan_moves_the_cursor(void **state)
{
	struct hmap_cursor cursor = { .place = 10, .tie = 20 };
	char keys[4 * KEY_SIZE];
	char values[4 * VALUE_SIZE];

	fake.answer = answer_scan;
	assert_int_equal(hmap_scan(*state, &cursor, keys, KEY_SIZE, values,
				   VALUE_SIZE, 4), 3);
	assert_int_equal(fake.request, HMAP_IOC_SCAN);
	assert_int_equal(fake.in.scan.size, sizeof(struct hmap_ioc_scan));
	assert_int_equal(fake.in.scan.flags, 0);
	assert_int_equal(fake.in.scan.key_size, KEY_SIZE);
	assert_int_equal(fake.in.scan.value_size, VALUE_SIZE);
	assert_int_equal(fake.in.scan.keys, (uintptr_t)keys);
	assert_int_equal(fake.in.scan.values, (uintptr_t)values);
	assert_int_equal(fake.in.scan.capacity, 4);
	assert_int_equal(fake.in.scan.cursor.place, 10);
	assert_int_equal(fake.in.scan.cursor.tie, 20);
	assert_int_equal(cursor.place, 100);
	assert_int_equal(cursor.tie, 200);
}

static void scan_without_values_asks_for_none(void **state)
{
	struct hmap_cursor cursor = { 0 };
	char keys[KEY_SIZE];

	fake.answer = answer_scan;
	assert_int_equal(hmap_scan(*state, &cursor, keys, KEY_SIZE, NULL, 0, 1), 3);
	assert_int_equal(fake.in.scan.value_size, 0);
	assert_int_equal(fake.in.scan.values, 0);
}

static void scan_keeps_the_cursor_on_error(void **state)
{
	struct hmap_cursor cursor = { .place = 10, .tie = 20 };
	char keys[KEY_SIZE];

	fake.answer = answer_scan;
	assert_passes_error(hmap_scan(*state, &cursor, keys, KEY_SIZE, NULL, 0,
				      1), EFAULT);
	assert_int_equal(cursor.place, 10);
	assert_int_equal(cursor.tie, 20);
}

static void answer_stats(void *arg)
{
	((struct hmap_ioc_stats *)arg)->stats.count = 42;
}

static void answer_layout(void *arg)
{
	((struct hmap_ioc_layout *)arg)->layout.buckets = 43;
}

static void stats_and_layout_are_copied_on_success_only(void **state)
{
	struct hmap_layout layout = { .buckets = 1 };
	struct hmap_stats stats = { .count = 1 };

	fake.answer = answer_stats;
	assert_passes_error(hmap_get_stats(*state, &stats), ENODEV);
	assert_int_equal(stats.count, 1);
	assert_int_equal(hmap_get_stats(*state, &stats), 0);
	assert_int_equal(fake.in.size, sizeof(struct hmap_ioc_stats));
	fake.answer = answer_layout;
	assert_passes_error(hmap_get_layout(*state, &layout), EIO);
	assert_int_equal(layout.buckets, 1);
	assert_int_equal(hmap_get_layout(*state, &layout), 0);
	assert_int_equal(fake.in.size, sizeof(struct hmap_ioc_layout));
	assert_int_equal(stats.count, 42);
	assert_int_equal(layout.buckets, 43);
}

static void clear_and_verify_are_plain(void **state)
{
	assert_int_equal(hmap_clear(*state), 0);
	assert_int_equal(fake.request, HMAP_IOC_CLEAR);
	assert_int_equal(fake.in.plain.size, sizeof(struct hmap_ioc_plain));
	assert_int_equal(fake.in.plain.flags, 0);
	assert_int_equal(hmap_verify(*state), 0);
	assert_int_equal(fake.request, HMAP_IOC_VERIFY);
	assert_int_equal(fake.in.plain.size, sizeof(struct hmap_ioc_plain));
}

static void errors_of_the_kernel_are_passed_on(void **state)
{
	struct hmap *map = *state;
	char b[VALUE_SIZE] = "";

	assert_passes_error(hmap_get(map, b, KEY_SIZE, b, VALUE_SIZE), ENOENT);
	assert_passes_error(hmap_get(map, b, KEY_SIZE, b, VALUE_SIZE), EBADF);
	assert_passes_error(hmap_put(map, b, KEY_SIZE, b, VALUE_SIZE,
				     HMAP_NOEXIST), EEXIST);
	assert_passes_error(hmap_put(map, b, KEY_SIZE, b, VALUE_SIZE, HMAP_ANY),
			    ENOSPC);
	assert_passes_error(hmap_put(map, b, KEY_SIZE, b, VALUE_SIZE, HMAP_ANY),
			    ENOMEM);
	assert_passes_error(hmap_delete(map, b, KEY_SIZE), EACCES);
	assert_passes_error(hmap_clear(map), ENOMEM);
	assert_passes_error(hmap_verify(map), EUCLEAN);
}

static void version_is_three_numbers(void **state)
{
	int a, b, c;
	int fields;
	char rest;

	(void)state;
	fields = sscanf(hmap_version(), "%d.%d.%d%c", &a, &b, &c, &rest);
	assert_int_equal(fields, 3);
}

static void check_wait(__u32 flags, const void *key, __u32 value_size,
		       const void *value, __u64 deadline)
{
	assert_int_equal(fake.request, HMAP_IOC_WAIT);
	assert_int_equal(fake.in.wait.size, sizeof(struct hmap_ioc_wait));
	assert_int_equal(fake.in.wait.flags, flags);
	assert_int_equal(fake.in.wait.key_size, key ? KEY_SIZE : 0);
	assert_int_equal(fake.in.wait.key, (uintptr_t)key);
	assert_int_equal(fake.in.wait.value_size, value_size);
	assert_int_equal(fake.in.wait.value, (uintptr_t)value);
	assert_true(fake.in.wait.deadline == deadline);
}

static void wait_fills_the_structure(void **state)
{
	struct hmap *map = *state;
	char key[KEY_SIZE] = "";
	char value[VALUE_SIZE] = "";

	assert_int_equal(hmap_wait(map, key, KEY_SIZE, value, VALUE_SIZE,
				   HMAP_WAIT_PRESENT, NULL), 0);
	check_wait(HMAP_WAIT_PRESENT, key, VALUE_SIZE, value,
		   HMAP_WAIT_FOREVER);
	assert_int_equal(hmap_wait(map, key, KEY_SIZE, NULL, 0,
				   HMAP_WAIT_PRESENT, NULL), 0);
	check_wait(HMAP_WAIT_PRESENT, key, 0, NULL, HMAP_WAIT_FOREVER);
	assert_int_equal(hmap_wait(map, key, KEY_SIZE, value, VALUE_SIZE,
				   HMAP_WAIT_ABSENT, NULL), 0);
	check_wait(HMAP_WAIT_ABSENT, key, 0, NULL, HMAP_WAIT_FOREVER);
	assert_int_equal(hmap_wait(map, key, KEY_SIZE, value, VALUE_SIZE,
				   HMAP_WAIT_OTHER, NULL), 0);
	check_wait(HMAP_WAIT_OTHER, key, VALUE_SIZE, value, HMAP_WAIT_FOREVER);
	assert_int_equal(fake.in.wait.state, 0);
	assert_passes_error(hmap_wait(map, key, KEY_SIZE, value, VALUE_SIZE, 0,
				      NULL), ETIMEDOUT);
}

static void a_wait_in_a_set_has_no_value(void **state)
{
	char key[KEY_SIZE] = "";

	assert_int_equal(hmap_wait(*state, key, KEY_SIZE, NULL, 0,
				   HMAP_WAIT_OTHER, NULL), 0);
	check_wait(HMAP_WAIT_OTHER, key, 0, NULL, HMAP_WAIT_FOREVER);
	assert_int_equal(hmap_wait(*state, key, KEY_SIZE, key, 0,
				   HMAP_WAIT_PRESENT, NULL), 0);
	check_wait(HMAP_WAIT_PRESENT, key, 0, NULL, HMAP_WAIT_FOREVER);
}

static void a_deadline_is_in_nanoseconds(void **state)
{
	static const struct {
		struct timespec time;
		__u64 deadline;
	} times[] = {
		{ { 0, 0 }, 0 },
		{ { 1, 5 }, 1000000005ULL },
		{ { 5000000, 999999999 }, 5000000999999999ULL },
		{ { -1, 999999999 }, 0 },
		{ { 9223372035LL, 1 }, 9223372035000000001ULL },
		{ { 9223372036LL, 0 }, HMAP_WAIT_FOREVER },
		{ { INT64_MAX, 0 }, HMAP_WAIT_FOREVER },
	};
	char key[KEY_SIZE] = "";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		assert_int_equal(hmap_wait(*state, key, KEY_SIZE, NULL, 0, 0,
					   &times[i].time), 0);
		check_wait(0, key, 0, NULL, times[i].deadline);
	}
	assert_refused(hmap_wait(*state, key, KEY_SIZE, NULL, 0, 0,
				 &(struct timespec){ 0, 1000000000 }));
	assert_refused(hmap_wait(*state, key, KEY_SIZE, NULL, 0, 0,
				 &(struct timespec){ 0, -1 }));
}

static void answer_state(void *arg)
{
	((struct hmap_ioc_wait *)arg)->state = 9;
}

static void a_change_is_told_on_success_only(void **state)
{
	struct timespec deadline = { 1, 0 };
	__u64 number = 7;

	fake.answer = answer_state;
	assert_passes_error(hmap_wait_change(*state, &number, NULL), ETIMEDOUT);
	assert_int_equal(number, 7);
	assert_int_equal(hmap_wait_change(*state, &number, &deadline), 0);
	check_wait(HMAP_WAIT_CHANGE, NULL, 0, NULL, 1000000000);
	assert_int_equal(fake.in.wait.state, 7);
	assert_int_equal(number, 9);
	deadline.tv_nsec = -1;
	assert_refused(hmap_wait_change(*state, &number, &deadline));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_map(open_asks_for_info),
		with_map(open_closes_on_exec),
		cmocka_unit_test_setup(open_keeps_the_access_mode, reset_fake),
		cmocka_unit_test(open_refuses_other_flags),
		cmocka_unit_test(open_passes_errors_of_open_on),
		cmocka_unit_test_setup(open_of_another_file_leaks_nothing, reset_fake),
		cmocka_unit_test_setup(open_fd_owns_the_file_after_success_only, reset_fake),
		cmocka_unit_test_setup(close_keeps_errno, reset_fake),
		cmocka_unit_test(null_map_is_invalid),
		cmocka_unit_test(info_of_null_map_is_invalid),
		with_map(null_arguments_are_invalid),
		with_map(scan_refuses_a_capacity_that_int_cannot_count),
		with_map(element_commands_fill_the_structure),
		with_set(a_set_needs_no_value),
		with_map(contains_takes_a_missing_key_for_no),
		with_map(unknown_put_flags_are_left_to_the_kernel),
		with_map(scan_moves_the_cursor),
		with_map(scan_without_values_asks_for_none),
		with_map(scan_keeps_the_cursor_on_error),
		with_map(stats_and_layout_are_copied_on_success_only),
		with_map(clear_and_verify_are_plain),
		with_map(errors_of_the_kernel_are_passed_on),
		with_map(wait_fills_the_structure),
		with_set(a_wait_in_a_set_has_no_value),
		with_map(a_deadline_is_in_nanoseconds),
		with_map(a_change_is_told_on_success_only),
		cmocka_unit_test(version_is_three_numbers),
	};

	return cmocka_run_group_tests_name("libhmap", tests, NULL, NULL);
}
