// SPDX-License-Identifier: LGPL-2.1-or-later
/* libhmap: wait for changes of a map. hmap.h documents the functions. */
#include "command.h"

#define NS_PER_S	1000000000LL
/* The last second that fits into 63 bits of nanoseconds: 292 years. */
#define LAST_SECOND	(INT64_MAX / NS_PER_S - 1)

/* In nanoseconds; a negative time becomes 0, which has passed. */
static __u64 deadline_of(const struct timespec *deadline)
{
	long long seconds = deadline ? deadline->tv_sec : INT64_MAX;

	if (seconds > LAST_SECOND)
		return HMAP_WAIT_FOREVER;
	return seconds < 0 ? 0 : seconds * NS_PER_S + deadline->tv_nsec;
}

static int deadline_is_bad(const struct timespec *deadline)
{
	return deadline &&
	       (deadline->tv_nsec < 0 || deadline->tv_nsec >= NS_PER_S);
}

int hmap_wait(const struct hmap *map, const void *key, size_t key_size,
	      void *value, size_t value_size, unsigned int flags,
	      const struct timespec *deadline)
{
	struct hmap_ioc_wait wait = { .size = sizeof(wait), .flags = flags };

	if (!map || !is_key(map, key, key_size) || deadline_is_bad(deadline))
		return fail(EINVAL);
	if (flags == HMAP_WAIT_OTHER ? !is_value(map, value, value_size) :
				       !is_value_or_none(map, value, value_size))
		return fail(EINVAL);
	wait.key_size = key_size;
	wait.key = address(key);
	if (value_size && flags != HMAP_WAIT_ABSENT) {
		wait.value_size = value_size;
		wait.value = address(value);
	}
	wait.deadline = deadline_of(deadline);
	return command(map, HMAP_IOC_WAIT, &wait);
}

int hmap_wait_change(const struct hmap *map, __u64 *state,
		     const struct timespec *deadline)
{
	struct hmap_ioc_wait wait = {
		.size = sizeof(wait),
		.flags = HMAP_WAIT_CHANGE,
	};
	int err;

	if (!map || !state || deadline_is_bad(deadline))
		return fail(EINVAL);
	wait.deadline = deadline_of(deadline);
	wait.state = *state;
	err = command(map, HMAP_IOC_WAIT, &wait);
	if (!err)
		*state = wait.state;
	return err;
}
