// SPDX-License-Identifier: GPL-2.0-only
/* The formats of hmapctl: limits, errors, and that print and parse agree. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "test.h"

static const size_t number_sizes[] = { 1, 2, 4, 8 };

/* @text makes the bytes of the native number @number. */
static void assert_number(enum format format, const char *text, size_t size,
			  __u64 number)
{
	unsigned char data[8];
	const char *why = format_parse(format, text, data, size);
	__u8 n1 = (__u8)number;
	__u16 n2 = (__u16)number;
	__u32 n4 = (__u32)number;
	const void *expected = size == 1 ? (void *)&n1 :
			       size == 2 ? (void *)&n2 :
			       size == 4 ? (void *)&n4 : (void *)&number;

	if (why)
		fail_msg("'%s' in %zu bytes: %s", text, size, why);
	assert_memory_equal(data, expected, size);
}

static void assert_wrong(enum format format, const char *text, size_t size,
			 const char *expected)
{
	unsigned char data[64];
	const char *why = format_parse(format, text, data, size);

	if (!why)
		fail_msg("'%s' in %zu bytes was taken", text, size);
	assert_non_null(strstr(why, expected));
}

static void assert_bytes(enum format format, const char *text,
			 const char *bytes, size_t size)
{
	unsigned char data[64];

	memset(data, 0xcc, sizeof(data));
	assert_null(format_parse(format, text, data, size));
	assert_memory_equal(data, bytes, size);
	assert_int_equal(data[size], 0xcc);
}

static void assert_printed(enum format format, const char *bytes, size_t size,
			   const char *expected)
{
	char text[300];

	format_print(format, bytes, size, text);
	assert_string_equal(text, expected);
	assert_true(strlen(text) < format_room(size));
}

static void names_are_the_documented_ones(void **state)
{
	(void)state;
	assert_int_equal(format_by_name("dec"), FORMAT_DEC);
	assert_int_equal(format_by_name("int"), FORMAT_INT);
	assert_int_equal(format_by_name("str"), FORMAT_STR);
	assert_int_equal(format_by_name("hex"), FORMAT_HEX);
	assert_int_equal(format_by_name("default"), FORMAT_DEFAULT);
	assert_int_equal(format_by_name(""), FORMAT_DEFAULT);
	assert_int_equal(format_by_name("HEX"), FORMAT_DEFAULT);
	assert_string_equal(format_name(FORMAT_HEX), "hex");
}

static void default_is_dec_for_number_sizes_else_str(void **state)
{
	size_t size;

	(void)state;
	for (size = 1; size <= 70; size++) {
		int number = size == 1 || size == 2 || size == 4 || size == 8;

		assert_int_equal(format_resolve(FORMAT_DEFAULT, size),
				 number ? FORMAT_DEC : FORMAT_STR);
		assert_int_equal(format_suits(FORMAT_DEC, size), number);
		assert_int_equal(format_suits(FORMAT_INT, size), number);
		assert_true(format_suits(FORMAT_STR, size));
		assert_true(format_suits(FORMAT_HEX, size));
	}
	assert_int_equal(format_resolve(FORMAT_HEX, 4), FORMAT_HEX);
}

static void dec_takes_the_numbers_that_fit(void **state)
{
	(void)state;
	assert_number(FORMAT_DEC, "0", 1, 0);
	assert_number(FORMAT_DEC, "255", 1, 255);
	assert_number(FORMAT_DEC, "-128", 1, -128);
	assert_number(FORMAT_DEC, "+7", 2, 7);
	assert_number(FORMAT_DEC, "007", 2, 7);
	assert_number(FORMAT_DEC, "-0", 2, 0);
	assert_number(FORMAT_DEC, "65535", 2, 65535);
	assert_number(FORMAT_DEC, "-32768", 2, -32768);
	assert_number(FORMAT_DEC, "4294967295", 4, 4294967295U);
	assert_number(FORMAT_DEC, "-2147483648", 4, -2147483648LL);
	assert_number(FORMAT_DEC, "18446744073709551615", 8, UINT64_MAX);
	assert_number(FORMAT_DEC, "-9223372036854775808", 8, INT64_MIN);
}

static void dec_refuses_the_numbers_that_do_not_fit(void **state)
{
	(void)state;
	assert_wrong(FORMAT_DEC, "256", 1, "out of range");
	assert_wrong(FORMAT_DEC, "-129", 1, "out of range");
	assert_wrong(FORMAT_DEC, "65536", 2, "out of range");
	assert_wrong(FORMAT_DEC, "-32769", 2, "out of range");
	assert_wrong(FORMAT_DEC, "4294967296", 4, "out of range");
	assert_wrong(FORMAT_DEC, "-2147483649", 4, "out of range");
	assert_wrong(FORMAT_DEC, "18446744073709551616", 8, "out of range");
	assert_wrong(FORMAT_DEC, "-9223372036854775809", 8, "out of range");
	assert_wrong(FORMAT_DEC, "99999999999999999999999", 8, "out of range");
	assert_wrong(FORMAT_DEC, "-18446744073709551616", 8, "out of range");
}

static void int_takes_signed_numbers_only(void **state)
{
	(void)state;
	assert_number(FORMAT_INT, "127", 1, 127);
	assert_number(FORMAT_INT, "-128", 1, -128);
	assert_wrong(FORMAT_INT, "128", 1, "out of range");
	assert_number(FORMAT_INT, "9223372036854775807", 8, INT64_MAX);
	assert_wrong(FORMAT_INT, "9223372036854775808", 8, "out of range");
}

static void dec_refuses_what_is_no_number(void **state)
{
	static const char * const texts[] = {
		"", "-", "+", "--1", "+-1", " 1", "1 ", "1x", "0x10", "1.5",
		"1e3", "one", "\t1", "- 1",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_wrong(FORMAT_DEC, texts[i], 4, "not a decimal number");
		assert_wrong(FORMAT_INT, texts[i], 4, "not a decimal number");
	}
}

static void dec_refuses_other_sizes(void **state)
{
	(void)state;
	assert_wrong(FORMAT_DEC, "1", 3, "1, 2, 4 or 8 bytes");
	assert_wrong(FORMAT_DEC, "1", 16, "1, 2, 4 or 8 bytes");
	assert_wrong(FORMAT_INT, "1", 0, "1, 2, 4 or 8 bytes");
}

static void dec_and_int_print_without_and_with_sign(void **state)
{
	static const char * const dec[] = {
		"255", "65535", "4294967295", "18446744073709551615",
	};
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_printed(FORMAT_DEC, "\xff\xff\xff\xff\xff\xff\xff\xff",
			       number_sizes[i], dec[i]);
		assert_printed(FORMAT_INT, "\xff\xff\xff\xff\xff\xff\xff\xff",
			       number_sizes[i], "-1");
	}
}

static void str_is_padded_with_zeros(void **state)
{
	(void)state;
	assert_bytes(FORMAT_STR, "abc", "abc\0\0", 5);
	assert_bytes(FORMAT_STR, "abcde", "abcde", 5);
	assert_bytes(FORMAT_STR, "", "\0\0\0", 3);
	assert_wrong(FORMAT_STR, "abcdef", 5, "too long");
	assert_wrong(FORMAT_STR, "a", 0, "too long");
}

static void str_knows_escapes(void **state)
{
	(void)state;
	assert_bytes(FORMAT_STR, "a\\x20b", "a b\0", 4);
	assert_bytes(FORMAT_STR, "\\x5C\\xff", "\\\xff", 2);
	assert_bytes(FORMAT_STR, "\\x00a", "\0a\0", 3);
	assert_wrong(FORMAT_STR, "a\\", 8, "backslash");
	assert_wrong(FORMAT_STR, "\\n", 8, "backslash");
	assert_wrong(FORMAT_STR, "\\x", 8, "backslash");
	assert_wrong(FORMAT_STR, "\\x1", 8, "backslash");
	assert_wrong(FORMAT_STR, "\\x1g", 8, "backslash");
	assert_wrong(FORMAT_STR, "\\x+1", 8, "backslash");
	assert_wrong(FORMAT_STR, "abcdefgh\\x20", 8, "too long");
}

/* @text makes the @size bytes at @bytes, and leaves alone what is behind. */
static void assert_prefix(enum format format, const char *text,
			  const char *bytes, size_t size)
{
	unsigned char data[8];
	size_t used = 99;

	memset(data, 0xcc, sizeof(data));
	assert_null(format_parse_prefix(format, text, data, 4, &used));
	assert_int_equal(used, size);
	assert_memory_equal(data, bytes, size);
	assert_int_equal(data[size], 0xcc);
}

static void assert_no_prefix(enum format format, const char *text,
			     const char *expected)
{
	unsigned char data[8];
	size_t used;
	const char *why = format_parse_prefix(format, text, data, 4, &used);

	assert_non_null(why);
	assert_non_null(strstr(why, expected));
}

static void a_prefix_is_as_long_as_its_text(void **state)
{
	(void)state;
	assert_prefix(FORMAT_STR, "", "", 0);
	assert_prefix(FORMAT_STR, "a\\x00b", "a\0b", 3);
	assert_prefix(FORMAT_STR, "abcd", "abcd", 4);
	assert_prefix(FORMAT_HEX, "", "", 0);
	assert_prefix(FORMAT_HEX, "0aFf", "\x0a\xff", 2);
	assert_prefix(FORMAT_HEX, "01020304", "\1\2\3\4", 4);
	assert_no_prefix(FORMAT_STR, "abcde", "too long");
	assert_no_prefix(FORMAT_STR, "\\x1", "backslash");
	assert_no_prefix(FORMAT_HEX, "0102030405", "too long");
	assert_no_prefix(FORMAT_HEX, "012", "two hexadecimal digits");
	assert_no_prefix(FORMAT_HEX, "0x01", "two hexadecimal digits");
	assert_no_prefix(FORMAT_DEC, "1", "use str or hex");
	assert_no_prefix(FORMAT_INT, "1", "use str or hex");
	assert_no_prefix(FORMAT_DEFAULT, "1", "use str or hex");
}

static void str_prints_one_word(void **state)
{
	(void)state;
	assert_printed(FORMAT_STR, "abc\0\0", 5, "abc");
	assert_printed(FORMAT_STR, "a b\tc", 5, "a\\x20b\\x09c");
	assert_printed(FORMAT_STR, "\0\0\0", 3, "\\x00");
	assert_printed(FORMAT_STR, "\0a\0", 3, "\\x00a");
	assert_printed(FORMAT_STR, "#a#", 3, "\\x23a#");
	assert_printed(FORMAT_STR, "\\\n\x7f\x80\xff", 5,
		       "\\x5c\\x0a\\x7f\\x80\\xff");
}

static void hex_takes_a_number_or_bytes(void **state)
{
	(void)state;
	assert_number(FORMAT_HEX, "0x0", 1, 0);
	assert_number(FORMAT_HEX, "0xff", 1, 0xff);
	assert_number(FORMAT_HEX, "0XfF", 4, 0xff);
	assert_number(FORMAT_HEX, "0xFFFFFFFF81000000", 8, 0xffffffff81000000);
	assert_bytes(FORMAT_HEX, "0102aB", "\x01\x02\xab", 3);
	assert_bytes(FORMAT_HEX, "0102030405060708090a",
		     "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a", 10);
}

static void hex_refuses_the_rest(void **state)
{
	(void)state;
	assert_wrong(FORMAT_HEX, "0x100", 1, "out of range");
	assert_wrong(FORMAT_HEX, "0x1000000", 3, "out of range");
	assert_wrong(FORMAT_HEX, "0x10000000000000000", 8, "out of range");
	assert_wrong(FORMAT_HEX, "0x", 4, "not a hexadecimal number");
	assert_wrong(FORMAT_HEX, "0x-1", 4, "not a hexadecimal number");
	assert_wrong(FORMAT_HEX, "0x1", 9, "two digits for each byte");
	assert_wrong(FORMAT_HEX, "", 2, "neither");
	assert_wrong(FORMAT_HEX, "010", 2, "neither");
	assert_wrong(FORMAT_HEX, "010", 1, "neither");
	assert_wrong(FORMAT_HEX, "01020", 2, "neither");
	assert_wrong(FORMAT_HEX, "010203", 2, "neither");
	assert_wrong(FORMAT_HEX, "01 2", 2, "neither");
	assert_wrong(FORMAT_HEX, "+1-1", 2, "neither");
}

static void hex_prints_all_digits(void **state)
{
	__u32 number = 0x1234;

	(void)state;
	assert_printed(FORMAT_HEX, (char *)&number, 4, "0x00001234");
	assert_printed(FORMAT_HEX, "\x01\x02\xff", 3, "0102ff");
}

/* A few thousand random values of each size, plus the dull ones. */
static void print_and_parse_agree(void **state)
{
	static const unsigned char dull[] = { 0, 1, 0x20, '#', '\\', 0x7f, 0xff };
	unsigned char data[40];
	unsigned char back[40];
	enum format format;
	char text[300];
	size_t size;
	int round;

	(void)state;
	srandom(1);
	for (round = 0; round < 200; round++) {
		for (size = 1; size <= sizeof(data); size++) {
			size_t i;

			for (i = 0; i < size; i++)
				data[i] = round & 1 ? random() :
					  dull[random() % sizeof(dull)];
			for (format = FORMAT_DEFAULT; format <= FORMAT_HEX; format++) {
				if (!format_suits(format, size))
					continue;
				format_print(format, data, size, text);
				assert_true(strlen(text) > 0 && *text != '#');
				assert_null(strpbrk(text, " \t\r\n\v\f"));
				assert_null(format_parse(format, text, back, size));
				assert_memory_equal(data, back, size);
			}
		}
	}
}

static void json_has_numbers_and_strings(void **state)
{
	static const struct {
		enum format format;
		const char *json;
	} cases[] = {
		{ FORMAT_DEC, "18446744073709551615" },
		{ FORMAT_INT, "-1" },
		{ FORMAT_HEX, "\"0xffffffffffffffff\"" },
		{ FORMAT_STR, "\"\\\\xff\\\\xff\\\\xff\\\\xff\\\\xff\\\\xff\\\\xff\\\\xff\"" },
	};
	__u64 number = UINT64_MAX;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *o = format_json(cases[i].format, &number, 8);

		assert_string_equal(json_object_to_json_string(o),
				    cases[i].json);
		json_object_put(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_the_documented_ones),
		cmocka_unit_test(default_is_dec_for_number_sizes_else_str),
		cmocka_unit_test(dec_takes_the_numbers_that_fit),
		cmocka_unit_test(dec_refuses_the_numbers_that_do_not_fit),
		cmocka_unit_test(int_takes_signed_numbers_only),
		cmocka_unit_test(dec_refuses_what_is_no_number),
		cmocka_unit_test(dec_refuses_other_sizes),
		cmocka_unit_test(dec_and_int_print_without_and_with_sign),
		cmocka_unit_test(str_is_padded_with_zeros),
		cmocka_unit_test(str_knows_escapes),
		cmocka_unit_test(a_prefix_is_as_long_as_its_text),
		cmocka_unit_test(str_prints_one_word),
		cmocka_unit_test(hex_takes_a_number_or_bytes),
		cmocka_unit_test(hex_refuses_the_rest),
		cmocka_unit_test(hex_prints_all_digits),
		cmocka_unit_test(print_and_parse_agree),
		cmocka_unit_test(json_has_numbers_and_strings),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
