// SPDX-License-Identifier: GPL-2.0-only
/* A JSON object, or the same as aligned lines of names and values. */
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

int print_object(struct json_object *object, bool json)
{
	if (!object) {
		p_err("%s", strerror(ENOMEM));
		return EXIT_FAILURE;
	}
	if (json) {
		puts(json_object_to_json_string(object));
	} else {
		json_object_object_foreach(object, name, value)
			print_field(name, value);
	}
	json_object_put(object);
	return EXIT_SUCCESS;
}
