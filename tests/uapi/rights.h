/* SPDX-License-Identifier: GPL-2.0 */
/* Identities: what the programs about rights try everything as. */
#ifndef RIGHTS_H
#define RIGHTS_H

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "maps_names.h"

#define OWNER_UID	1000
#define OTHER_UID	1001

#define NO_CAPS		(-1)
#define ALL_CAPS	(-2)

/*
 * A user, in the group of the same number and in no other but @group, with one capability,
 * none or all. With @ids it is the root of a namespace that this user has made: what
 * /proc/PID/uid_map and gid_map are to be.
 */
struct identity {
	uid_t uid;
	gid_t group;
	int cap;
	const char *ids;
	int unshare;	/* what else is its own: CLONE_* */
};

static inline int keep_capability(int cap)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};

	if (cap >= 0) {
		data[cap / 32].effective = 1U << cap % 32;
		data[cap / 32].permitted = 1U << cap % 32;
	}
	return sys_result(syscall(SYS_capset, &head, data));
}

static inline int write_ids_of(pid_t pid, const char *ids)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	ret = write_file(path, ids);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	return ret ?: write_file(path, ids);
}

/* The ids are written by a child, which stays outside. */
static inline int enter_own_namespace(const struct identity *id)
{
	pid_t self = getpid(), child;
	int pipes[2], ret;
	char c;

	if (pipe(pipes))
		return -errno;
	fflush(NULL);
	child = fork();
	if (!child)
		_exit(read(pipes[0], &c, 1) != 1 || write_ids_of(self, id->ids));
	ret = sys_result(seteuid(id->uid) ?: unshare(CLONE_NEWUSER | id->unshare));
	if (write(pipes[1], "", 1) != 1 || reap(child))
		ret = ret ?: -EBADE;
	close(pipes[0]);
	close(pipes[1]);
	return ret ?: sys_result(setgroups(0, NULL) ?: setgid(0) ?: setuid(0));
}

static inline int become_user(const struct identity *id)
{
	int ret;

	ret = sys_result(prctl(PR_SET_KEEPCAPS, 1) ?:
			 setgroups(!!id->group, &id->group) ?:
			 setgid(id->uid) ?: setuid(id->uid));
	if (!ret && id->cap != ALL_CAPS)
		ret = keep_capability(id->cap);
	return ret;
}

/* In a child, for there is no way back. The files of /proc/self are its own. */
static inline int become_identity(const struct identity *id)
{
	int ret = id->ids ? enter_own_namespace(id) : become_user(id);

	return ret ?: sys_result(prctl(PR_SET_DUMPABLE, 1));
}

/* Whether the kernel can do that. */
static inline bool can_become(const struct identity *id)
{
	return !id->ids || !access("/proc/self/ns/user", F_OK);
}

#endif /* RIGHTS_H */
