// SPDX-License-Identifier: GPL-2.0-only
/*
 * libhmap's functions with keys and values of other sizes than the map's: they are
 * refused, without a look at the buffers, which cannot be accessed here, and without
 * asking the kernel.
 */
#include <string.h>

#include "fake_ioctl.h"

static void *nowhere;

/* ---- the functions, all with the same arguments ---- */

static int get(const struct hmap *map, void *key, size_t key_size, void *value,
	       size_t value_size)
{
	return hmap_get(map, key, key_size, value, value_size);
}

static int contains(const struct hmap *map, void *key, size_t key_size,
		    void *value, size_t value_size)
{
	int ret = hmap_contains(map, key, key_size);

	(void)value;
	(void)value_size;
	return ret == 1 ? 0 : ret;
}

static int put(const struct hmap *map, void *key, size_t key_size, void *value,
	       size_t value_size)
{
	return hmap_put(map, key, key_size, value, value_size, HMAP_ANY);
}

static int delete(const struct hmap *map, void *key, size_t key_size,
		  void *value, size_t value_size)
{
	(void)value;
	(void)value_size;
	return hmap_delete(map, key, key_size);
}

static int pop(const struct hmap *map, void *key, size_t key_size, void *value,
	       size_t value_size)
{
	return hmap_pop(map, key, key_size, value, value_size);
}

static int get_or_put(const struct hmap *map, void *key, size_t key_size,
		      void *value, size_t value_size)
{
	return hmap_get_or_put(map, key, key_size, value, value_size);
}

static int swap(const struct hmap *map, void *key, size_t key_size, void *value,
		size_t value_size)
{
	return hmap_swap(map, key, key_size, value, nowhere, value_size, HMAP_ANY);
}

static int compare_swap(const struct hmap *map, void *key, size_t key_size,
			void *value, size_t value_size)
{
	return hmap_compare_swap(map, key, key_size, value, nowhere, value_size, 0);
}

static int add(const struct hmap *map, void *key, size_t key_size, void *value,
	       size_t value_size)
{
	(void)value;
	(void)value_size;
	return hmap_add(map, key, key_size, 0, 8, 1, NULL);
}

static int do_op(const struct hmap *map, void *key, size_t key_size, void *value,
		 size_t value_size)
{
	struct hmap_op op = {
		.op = HMAP_OP_GET, .length = VALUE_SIZE, .result = 1,
		.key = (uintptr_t)key, .out = (uintptr_t)value,
	};
	int err = hmap_do(map, &op, key_size, value_size);

	assert_int_equal(op.result, err);
	return err;
}

static int batch(const struct hmap *map, void *key, size_t key_size, void *value,
		 size_t value_size)
{
	unsigned int done = 1;
	int err;

	(void)key;
	(void)value;
	err = hmap_batch(map, nowhere, 3, key_size, value_size, 0, &done);
	assert_int_equal(done, 0);
	return err;
}

static int get_many(const struct hmap *map, void *key, size_t key_size,
		    void *value, size_t value_size)
{
	return hmap_get_many(map, key, key_size, value, value_size, nowhere, 2);
}

static int put_many(const struct hmap *map, void *key, size_t key_size,
		    void *value, size_t value_size)
{
	return hmap_put_many(map, key, key_size, value, value_size, nowhere, 2,
			     HMAP_ANY);
}

static int delete_many(const struct hmap *map, void *key, size_t key_size,
		       void *value, size_t value_size)
{
	(void)value;
	(void)value_size;
	return hmap_delete_many(map, key, key_size, nowhere, 2);
}

static int scan(const struct hmap *map, void *key, size_t key_size, void *value,
		size_t value_size)
{
	struct hmap_cursor cursor = { 0 };

	return hmap_scan(map, &cursor, key, key_size, value, value_size, 2);
}

static int select_some(const struct hmap *map, void *key, size_t key_size,
		       void *value, size_t value_size)
{
	struct hmap_cursor cursor = { 0 };

	return hmap_select(map, &cursor, key, key_size, value, value_size, 2,
			   HMAP_SCAN_RANDOM, NULL, 0);
}

static int wait_present(const struct hmap *map, void *key, size_t key_size,
			void *value, size_t value_size)
{
	return hmap_wait(map, key, key_size, value, value_size,
			 HMAP_WAIT_PRESENT, NULL);
}

static int wait_absent(const struct hmap *map, void *key, size_t key_size,
		       void *value, size_t value_size)
{
	return hmap_wait(map, key, key_size, value, value_size,
			 HMAP_WAIT_ABSENT, NULL);
}

static int wait_other(const struct hmap *map, void *key, size_t key_size,
		      void *value, size_t value_size)
{
	return hmap_wait(map, key, key_size, value, value_size, HMAP_WAIT_OTHER,
			 NULL);
}

/* What a function does with a value. */
enum value {
	NONE,
	OPTIONAL,	/* NULL: it is not wanted */
	NEEDED,
	SIZE_ONLY,	/* its address is in an operation */
	NO_SET,		/* needed, and of some size */
};

static const struct function {
	const char *name;
	int (*call)(const struct hmap *map, void *key, size_t key_size,
		    void *value, size_t value_size);
	enum value value;
} functions[] = {
	{ "hmap_get", get, NEEDED },
	{ "hmap_contains", contains, NONE },
	{ "hmap_put", put, NEEDED },
	{ "hmap_delete", delete, NONE },
	{ "hmap_pop", pop, OPTIONAL },
	{ "hmap_get_or_put", get_or_put, NEEDED },
	{ "hmap_swap", swap, NEEDED },
	{ "hmap_compare_swap", compare_swap, NO_SET },
	{ "hmap_add", add, NONE },
	{ "hmap_do", do_op, SIZE_ONLY },
	{ "hmap_batch", batch, SIZE_ONLY },
	{ "hmap_get_many", get_many, OPTIONAL },
	{ "hmap_put_many", put_many, NEEDED },
	{ "hmap_delete_many", delete_many, NONE },
	{ "hmap_scan", scan, OPTIONAL },
	{ "hmap_select", select_some, OPTIONAL },
	{ "hmap_wait, present", wait_present, OPTIONAL },
	{ "hmap_wait, absent", wait_absent, OPTIONAL },
	{ "hmap_wait, other", wait_other, NEEDED },
};

/* ---- the tests ---- */

/* The kernel is asked if all is @right, and else not: -EINVAL. */
static void check(const struct hmap *map, const struct function *f, void *key,
		  size_t key_size, void *value, size_t value_size, int right)
{
	unsigned int calls = fake.calls;
	int ret;

	errno = 0;
	ret = f->call(map, key, key_size, value, value_size);
	if (ret == (right ? 0 : -EINVAL) && errno == -ret &&
	    fake.calls == calls + right)
		return;
	fail_msg("%s: key %p of %zu bytes, value %p of %zu: returns %d, calls %u",
		 f->name, key, key_size, value, value_size, ret,
		 fake.calls - calls);
}

static void right_sizes_are_passed_on(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++)
		check(*state, &functions[i], nowhere, KEY_SIZE, nowhere,
		      VALUE_SIZE, 1);
}

static void other_sizes_are_refused(void **state)
{
	const struct function *f;
	unsigned int n;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		f = &functions[i];
		for (n = 0; n < WRONG_SIZES; n++) {
			check(*state, f, nowhere, wrong_size(KEY_SIZE, n),
			      nowhere, VALUE_SIZE, 0);
			if (f->value != NONE)
				check(*state, f, nowhere, KEY_SIZE, nowhere,
				      wrong_size(VALUE_SIZE, n), 0);
		}
	}
}

static void null_goes_with_size_zero(void **state)
{
	const struct function *f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		f = &functions[i];
		if (f->value == NONE || f->value == SIZE_ONLY)
			continue;
		check(*state, f, nowhere, KEY_SIZE, NULL, 0, f->value == OPTIONAL);
		check(*state, f, nowhere, KEY_SIZE, NULL, VALUE_SIZE, 0);
		check(*state, f, NULL, 0, nowhere, VALUE_SIZE,
		      f->call == select_some);
		check(*state, f, NULL, KEY_SIZE, nowhere, VALUE_SIZE, 0);
	}
}

static void values_of_a_set_have_size_zero(void **state)
{
	const struct function *f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		f = &functions[i];
		if (f->value == NONE)
			continue;
		check(*state, f, nowhere, KEY_SIZE, nowhere, 0, f->value != NO_SET);
		check(*state, f, nowhere, KEY_SIZE, NULL, 0, f->value != NO_SET);
		check(*state, f, nowhere, KEY_SIZE, nowhere, 1, 0);
		check(*state, f, nowhere, KEY_SIZE, NULL, VALUE_SIZE, 0);
		check(*state, f, nowhere, KEY_SIZE, nowhere, SIZE_MAX, 0);
	}
}

static void no_elements_need_no_buffer(void **state)
{
	struct hmap *map = *state;

	assert_int_equal(hmap_get_many(map, NULL, KEY_SIZE, NULL, VALUE_SIZE,
				       NULL, 0), 0);
	assert_int_equal(hmap_get_many(map, NULL, KEY_SIZE, NULL, 0, NULL, 0), 0);
	assert_int_equal(hmap_put_many(map, NULL, KEY_SIZE, NULL, VALUE_SIZE,
				       NULL, 0, HMAP_ANY), 0);
	assert_int_equal(hmap_delete_many(map, NULL, KEY_SIZE, NULL, 0), 0);
	assert_refused(hmap_get_many(map, NULL, KEY_SIZE + 1, NULL, 0, NULL, 0));
	assert_refused(hmap_put_many(map, NULL, KEY_SIZE, NULL, VALUE_SIZE + 1,
				     NULL, 0, HMAP_ANY));
	assert_refused(hmap_delete_many(map, NULL, 0, NULL, 0));
}

/* A prefix has a size of its own. */
static void a_prefix_is_no_longer_than_a_key(void **state)
{
	struct hmap_cursor cursor = { 0 };
	unsigned int n;

	for (n = 2; n < WRONG_SIZES; n++)
		assert_refused(hmap_select(*state, &cursor, nowhere, KEY_SIZE,
					   NULL, 0, 1, 0, nowhere,
					   wrong_size(KEY_SIZE, n)));
}

static int find_nowhere(void **state)
{
	(void)state;
	nowhere = no_buffer();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_map(right_sizes_are_passed_on),
		with_map(other_sizes_are_refused),
		with_map(null_goes_with_size_zero),
		with_set(values_of_a_set_have_size_zero),
		with_map(no_elements_need_no_buffer),
		with_map(a_prefix_is_no_longer_than_a_key),
	};

	return cmocka_run_group_tests_name("libhmap sizes", tests, find_nowhere,
					   NULL);
}
