// SPDX-License-Identifier: GPL-2.0-only
/*
 * libhmap's functions that make, name and freeze maps, against an ioctl() that
 * records what it is given, and an fstatfs() that says what the test wants.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

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

static void create_tells_that_nothing_is_mounted(void **state)
{
	struct hmap_ioc_create create = attributes;

	(void)state;
	/* as the kernel says it, and as it says that there is no such directory */
	fake.err = ENODEV;
	assert_null(hmap_create(DEVICE, &create));
	assert_int_equal(errno, ENODEV);
	fake.err = ENOENT;
	assert_null(hmap_create(DEVICE, &create));
	assert_int_equal(errno, ENODEV);
	/* one that was given is another matter */
	create.flags = HMAP_CREATE_DIR;
	create.dir = 5;
	assert_null(hmap_create(DEVICE, &create));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(fake.in.create.dir, 5);
}

/* ---- in a directory of the test, which is said to be of the file system ---- */

static char directory[32];

/* The path of a name; valid until the next call. */
static const char *in_directory(const char *name)
{
	static char path[sizeof(directory) + 300];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void touch(const char *name)
{
	int fd = open(in_directory(name), O_CREAT | O_EXCL | O_RDWR, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* In place of fstatfs(), by the linker. */
int __wrap_fstatfs64(int fd, struct statfs *st);

int __wrap_fstatfs64(int fd, struct statfs *st)
{
	(void)fd;
	memset(st, 0, sizeof(*st));
	st->f_type = fake.hmapfs ? HMAPFS_MAGIC : 0x01021994;
	return 0;
}

static int make_directory(void **state)
{
	reset_fake(state);
	fake.hmapfs = 1;
	snprintf(directory, sizeof(directory), "/tmp/hmap-maps-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static const char *const bad_names[] = { NULL, "", ".", ".." };

static void what_is_no_name_is_refused(void **state)
{
	char name[NAME_MAX + 2];
	struct hmap *map = hmap_open(DEVICE, O_RDWR);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad_names); i++) {
		errno = 0;
		assert_null(hmap_open_named(bad_names[i], O_RDWR));
		assert_int_equal(errno, EINVAL);
		assert_refused(hmap_destroy_named(bad_names[i]));
		assert_refused(hmap_link(map, bad_names[i]));
	}
	assert_refused(hmap_link(NULL, "a"));
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_null(hmap_open_named(name, O_RDWR));
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(hmap_destroy_named(name), -ENAMETOOLONG);
	assert_int_equal(hmap_link(map, name), -ENAMETOOLONG);
	hmap_close(map);
}

static void a_name_with_a_slash_is_a_path(void **state)
{
	struct hmap *map;

	(void)state;
	touch("a");
	map = hmap_open_named(in_directory("a"), O_RDWR);
	assert_non_null(map);
	hmap_close(map);
	assert_null(hmap_open_named(in_directory("b"), O_RDWR));
	assert_int_equal(errno, ENOENT);
	assert_null(hmap_open_named(in_directory("a"), O_RDWR | O_CREAT));
	assert_int_equal(errno, EINVAL);
}

/* HMAP_NODES is not there, or no file system of maps. */
static void that_nothing_is_mounted_is_enodev(void **state)
{
	struct hmap *map = hmap_open(DEVICE, O_RDWR);
	char **names;

	(void)state;
	fake.hmapfs = 0;
	assert_null(hmap_open_named("no-such-map-here", O_RDWR));
	assert_int_equal(errno, ENODEV);
	assert_int_equal(hmap_destroy_named("no-such-map-here"), -ENODEV);
	assert_int_equal(hmap_link(map, "no-such-map-here"), -ENODEV);
	assert_int_equal(hmap_list_named(NULL, &names), -ENODEV);
	assert_null(names);
	hmap_close(map);
}

static void nothing_is_removed_anywhere_else(void **state)
{
	int before = next_fd();

	(void)state;
	touch("a");
	fake.hmapfs = 0;
	assert_int_equal(hmap_destroy_named(in_directory("a")), -ENODEV);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(access(in_directory("a"), F_OK), 0);
	fake.hmapfs = 1;
	assert_int_equal(hmap_destroy_named(in_directory("a")), 0);
	assert_int_not_equal(access(in_directory("a"), F_OK), 0);
	assert_int_equal(hmap_destroy_named(in_directory("a")), -ENOENT);
	assert_int_equal(hmap_destroy_named(in_directory("no/a")), -ENOENT);
	assert_int_equal(hmap_destroy_named("/no-such-map-here"), -ENOENT);
	assert_int_equal(hmap_destroy_named(in_directory("")), -ENOENT);
	assert_int_equal(next_fd(), before);
}

static void link_gives_an_open_file_a_name(void **state)
{
	struct hmap *map;
	struct stat st;
	int fd;

	(void)state;
	fd = open(directory, O_TMPFILE | O_RDWR, 0600);
	if (fd < 0)
		skip();
	map = hmap_open_fd(fd);
	assert_int_equal(hmap_link(map, in_directory("a")), 0);
	assert_int_equal(stat(in_directory("a"), &st), 0);
	assert_int_equal(hmap_link(map, in_directory("a")), -EEXIST);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(hmap_link(map, in_directory("no/a")), -ENOENT);
	hmap_close(map);
}

static void lists_are_in_order(void **state)
{
	static const char *const names[] = { "b", "a", "Z", "a.b", "\303\244", "a b" };
	static const char *const sorted[] = { "Z", "a", "a b", "a.b", "b", "\303\244" };
	int before = next_fd(), i;
	char **found;

	(void)state;
	assert_int_equal(hmap_list_named(directory, &found), 0);
	assert_non_null(found);
	assert_null(found[0]);
	free(found);
	for (i = 0; i < (int)ARRAY_SIZE(names); i++)
		touch(names[i]);
	/* neither of these is a map */
	assert_int_equal(mkdir(in_directory("d"), 0700), 0);
	assert_int_equal(symlink("a", in_directory("l")), 0);
	assert_int_equal(hmap_list_named(directory, &found), ARRAY_SIZE(sorted));
	for (i = 0; i < (int)ARRAY_SIZE(sorted); i++)
		assert_string_equal(found[i], sorted[i]);
	assert_null(found[i]);
	free(found);
	assert_int_equal(next_fd(), before);
}

static void a_long_list_is_complete(void **state)
{
	char name[200], **found;
	int i;

	(void)state;
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "%0*d", 4 + i % 150, i);
		touch(name);
	}
	assert_int_equal(hmap_list_named(directory, &found), 500);
	for (i = 1; i < 500; i++)
		assert_true(strcmp(found[i - 1], found[i]) < 0);
	free(found);
}

static void what_cannot_be_listed_is_an_error(void **state)
{
	int before = next_fd();
	char **found = (char **)1;

	(void)state;
	assert_refused(hmap_list_named(directory, NULL));
	assert_int_equal(hmap_list_named("/nonexistent", &found), -ENOENT);
	assert_null(found);
	touch("a");
	assert_int_equal(hmap_list_named(in_directory("a"), &found), -ENOTDIR);
	fake.hmapfs = 0;
	found = (char **)1;
	assert_int_equal(hmap_list_named(directory, &found), -ENODEV);
	assert_int_equal(errno, ENODEV);
	assert_null(found);
	assert_int_equal(next_fd(), before);
}

/* ---- whose it is ---- */

static struct hmap *open_owned(__u32 uid, __u32 mode)
{
	fake.uid = uid;
	fake.file_mode = mode;
	errno = 0;
	return hmap_open(DEVICE, O_RDWR | HMAP_OPEN_OWNED);
}

static void a_map_of_another_user_can_be_refused(void **state)
{
	static const struct {
		__u32 uid, mode;
		int err;
	} table[] = {
		{ 0, 0600, 0 }, { 0, 0755, 0 }, { 0, 0, 0 }, { 0, 02700, 0 },
		{ 4321, 0600, EPERM }, { 4321, 0, EPERM },
		{ 0, 0620, EPERM }, { 0, 0602, EPERM }, { 0, 0666, EPERM },
	};
	int before = next_fd();
	struct hmap *map;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		map = open_owned(table[i].uid, table[i].mode);
		assert_int_equal(errno, table[i].err);
		assert_int_equal(!map, !!table[i].err);
		hmap_close(map);
	}
	/* the caller's own */
	map = open_owned(geteuid(), 0600);
	assert_non_null(map);
	assert_int_equal(hmap_info(map)->uid, geteuid());
	assert_int_equal(hmap_info(map)->mode, 0600);
	hmap_close(map);
	/* without the flag any */
	fake.uid = 4321;
	fake.file_mode = 0666;
	map = hmap_open(DEVICE, O_RDWR);
	assert_non_null(map);
	hmap_close(map);
	assert_null(hmap_open(DEVICE, 3 | HMAP_OPEN_OWNED));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(next_fd(), before);
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

#define with_directory(test) \
	cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(create_passes_the_attributes_on, reset_fake),
		cmocka_unit_test_setup(create_that_fails_leaks_nothing, reset_fake),
		cmocka_unit_test_setup(create_tells_that_nothing_is_mounted, reset_fake),
		with_directory(what_is_no_name_is_refused),
		with_directory(a_name_with_a_slash_is_a_path),
		with_directory(that_nothing_is_mounted_is_enodev),
		with_directory(nothing_is_removed_anywhere_else),
		with_directory(link_gives_an_open_file_a_name),
		with_directory(lists_are_in_order),
		with_directory(a_long_list_is_complete),
		with_directory(what_cannot_be_listed_is_an_error),
		cmocka_unit_test_setup(a_map_of_another_user_can_be_refused, reset_fake),
		cmocka_unit_test_setup(freeze_is_plain, reset_fake),
	};

	return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
