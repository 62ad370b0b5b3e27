// SPDX-License-Identifier: GPL-2.0-only
/* hmapctl stats, info: the fields of a map. */
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "hmapctl.h"

static void stats_add_number(struct json_object *object, const char *name,
			     __u64 number)
{
	json_object_object_add(object, name, json_object_new_uint64(number));
}

/* An address, <hidden> without the capability, or nil. */
static void stats_add_address(struct json_object *object, const char *name,
			      const struct hmap_stats *stats, __u32 bit,
			      __u64 address)
{
	struct json_object *value = NULL;
	char text[2 + 16 + 1];

	if (stats->present & bit) {
		snprintf(text, sizeof(text), "0x%llx",
			 address);
		if (!(stats->present & HMAP_HAS_ADDRESSES))
			value = json_object_new_string("<hidden>");
		else
			value = json_object_new_string(text);
	}
	json_object_object_add(object, name, value);
}

static void stats_add_hash0(struct json_object *object,
			    const struct hmap_stats *stats)
{
	if (stats->present & HMAP_HAS_ADDRESSES)
		stats_add_number(object, "hash0", stats->hash0);
	else
		json_object_object_add(object, "hash0",
				       json_object_new_string("<hidden>"));
}

static void stats_add_string(struct json_object *object, const char *name,
			     const char *string)
{
	struct json_object *value = string ? json_object_new_string(string) :
					     NULL;

	json_object_object_add(object, name, value);
}

/* The names of the bits that are set. */
static void stats_add_words(struct json_object *object, const char *name,
			    __u32 bits, const char * const *names, size_t n)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < n; i++) {
		if (bits & 1U << i)
			json_object_array_add(list,
					      json_object_new_string(names[i]));
	}
	json_object_object_add(object, name, list);
}

static void stats_add_present(struct json_object *object,
			      const struct hmap_stats *stats)
{
	static const char * const names[] = {
		"buckets", "oldbuckets", "extra", "addresses",
	};

	stats_add_words(object, "present", stats->present, names,
			ARRAY_SIZE(names));
}

static struct json_object *stats_describe(const struct hmap_stats *stats)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	stats_add_number(o, "count", stats->count);
	stats_add_number(o, "flags", stats->flags);
	stats_add_number(o, "B", stats->B);
	stats_add_number(o, "noverflow", stats->noverflow);
	stats_add_hash0(o, stats);
	stats_add_present(o, stats);
	stats_add_address(o, "buckets", stats, HMAP_HAS_BUCKETS,
			  stats->buckets);
	stats_add_address(o, "oldbuckets", stats, HMAP_HAS_OLDBUCKETS,
			  stats->oldbuckets);
	stats_add_number(o, "nevacuate", stats->nevacuate);
	stats_add_address(o, "extra", stats, HMAP_HAS_EXTRA, stats->extra);
	stats_add_number(o, "overflow", stats->overflow);
	stats_add_number(o, "oldoverflow", stats->oldoverflow);
	stats_add_number(o, "nextOverflow", stats->next_overflow);
	stats_add_number(o, "memory", stats->memory);
	stats_add_number(o, "grows", stats->grows);
	stats_add_number(o, "same_size_grows", stats->same_size_grows);
	stats_add_number(o, "evacuated", stats->evacuated);
	stats_add_number(o, "longest_chain", stats->longest_chain);
	stats_add_number(o, "alloc_failures", stats->alloc_failures);
	stats_add_number(o, "shrinks", stats->shrinks);
	stats_add_number(o, "capacity", stats->capacity);
	return o;
}

static int cmd_stats(const struct options *opt)
{
	struct hmap_stats stats;
	struct session s;
	int err;

	if (session_open(&s, opt, O_RDONLY))
		return EXIT_FAILURE;
	err = hmap_get_stats(s.map, &stats);
	session_close(&s);
	if (!err)
		return print_object(stats_describe(&stats), opt->json);
	p_err("stats: %s", explain(err));
	return EXIT_FAILURE;
}

static const struct opt_row stats_options[] = {
	OPT_DEVICE, OPT_MAP, OPT_JSON,
	{ }
};

const struct command command_stats = {
	.name = "stats",
	.summary = "Print the state of the map",
	.options = stats_options, .run = cmd_stats,
};

static struct json_object *stats_describe_info(const struct hmap_ioc_info *info)
{
	static const char * const flag_names[] = {
		"no_shrink", "numa_node", "mmap",
	};
	static const char * const state_names[] = { "frozen" };
	char mode[16];
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	stats_add_number(o, "abi_version", info->abi_version);
	stats_add_number(o, "key_size", info->key_size);
	stats_add_number(o, "value_size", info->value_size);
	stats_add_number(o, "max_key_size", info->max_key_size);
	stats_add_number(o, "max_value_size", info->max_value_size);
	stats_add_number(o, "max_inline_size", info->max_inline_size);
	stats_add_number(o, "max_entries", info->max_entries);
	stats_add_number(o, "hint", info->hint);
	stats_add_number(o, "max_bytes", info->max_bytes);
	stats_add_number(o, "stripes", info->stripes);
	stats_add_string(o, "hash",
			 info->hash == HMAP_HASH_FAST ? "fast" : "siphash");
	stats_add_words(o, "flags", info->create_flags, flag_names,
			ARRAY_SIZE(flag_names));
	stats_add_number(o, "node", info->node);
	stats_add_words(o, "state", info->state, state_names,
			ARRAY_SIZE(state_names));
	stats_add_number(o, "uid", info->uid);
	stats_add_number(o, "gid", info->gid);
	snprintf(mode, sizeof(mode), "%04o", info->mode);
	stats_add_string(o, "mode", mode);
	stats_add_number(o, "links", info->links);
	stats_add_number(o, "all_max_bytes", info->all_max_bytes);
	stats_add_number(o, "user_files", info->user_files);
	stats_add_number(o, "user_max_files", info->user_max_files);
	stats_add_number(o, "user_memory", info->user_memory);
	stats_add_number(o, "user_max_bytes", info->user_max_bytes);
	return o;
}

static int cmd_info(const struct options *opt)
{
	struct session s;
	int status;

	if (session_open(&s, opt, O_RDONLY))
		return EXIT_FAILURE;
	status = print_object(stats_describe_info(hmap_info(s.map)), opt->json);
	session_close(&s);
	return status;
}

const struct command command_info = {
	.name = "info",
	.summary = "Print sizes and limits",
	.options = stats_options, .run = cmd_info,
};
