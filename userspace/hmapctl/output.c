// SPDX-License-Identifier: GPL-2.0-only
/* Output as JSON or as text. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "hmapctl.h"

static void print_list(struct json_object *list)
{
	size_t length = json_object_array_length(list);
	size_t i;

	if (!length)
		fputs("none", stdout);
	for (i = 0; i < length; i++)
		printf("%s%s", i ? "," : "",
		       json_object_get_string(json_object_array_get_idx(list, i)));
}

static void print_field(const char *name, struct json_object *value)
{
	printf("%-16s ", name);
	if (json_object_is_type(value, json_type_array))
		print_list(value);
	else
		fputs(value ? json_object_get_string(value) : "<nil>", stdout);
	putchar('\n');
}

static int no_memory(void)
{
	p_err("%s", strerror(ENOMEM));
	return EXIT_FAILURE;
}

int print_object(struct json_object *object, bool json)
{
	if (!object)
		return no_memory();
	if (json) {
		puts(json_object_to_json_string(object));
	} else {
		json_object_object_foreach(object, name, value)
			print_field(name, value);
	}
	json_object_put(object);
	return EXIT_SUCCESS;
}

int print_strings(struct json_object *array, bool json)
{
	size_t length, i;

	if (!array)
		return no_memory();
	length = json_object_array_length(array);
	if (json)
		puts(json_object_to_json_string(array));
	for (i = 0; !json && i < length; i++)
		puts(json_object_get_string(json_object_array_get_idx(array, i)));
	json_object_put(array);
	return EXIT_SUCCESS;
}
