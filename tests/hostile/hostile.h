/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of the suite "hostile" share: a user that has nothing but the group of
 * the device, in a memory cgroup of its own, and those beside it that it must not harm:
 *
 * - on each CPU a thread with SCHED_FIFO that wakes up each millisecond: how much later?
 * - a process of another user, with SCHED_FIFO as well, which puts and gets, in the
 *   default map and in one of its own: how long does a call take?
 * - a process in another memory cgroup, which uses all that it may have: does it live?
 *
 * An attack lasts for several rounds, of each of which the worst delay counts. What has a
 * bound is their lower quartile: what an attack can do at will it does in every round,
 * while other tasks of the machine on which the guest runs delay some of them. The worst of
 * all is printed as well.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "maps_names.h"

/* The group of the device, and a user of it that is not hostile. */
#define GROUP		999
#define INNOCENT	65533

/* Keys from here on belong to the process that puts and gets. */
#define INNOCENT_KEY	0x10000000000ULL

#define ROUNDS		9
#define CPUS		4
#define ATTACKERS	4

/* Of each round, in ns. */
#define ROUND		500000000ULL

#define CGROUP		"/run/hmap-hostile"

/* ns. Emulated, or with lockdep and no timer finer than a tick, a machine is slow. */
#define BOUND_WAKE	60000000ULL
#define BOUND_CALL	60000000ULL
#define BOUND_KILL	1000000000ULL

enum delay { DELAY_WAKE, DELAY_SHARED, DELAY_OWN, DELAYS };

/* In memory that all processes share. */
struct stage {
	unsigned int round;	/* ROUNDS while delays do not count */
	bool over;
	u64 end;		/* of all rounds; 0: they have not begun */
	unsigned int ready;	/* attackers that wait for it to begin, or cannot attack */
	unsigned int unable;
	u64 worst[DELAYS][ROUNDS];
	u64 kill;		/* ns until all attackers were gone */
	u64 innocent_calls;
	u64 attacks;		/* calls of the attack, in all rounds */
	bool all_stuck;		/* all calls of an attack were in the kernel */
	char free_call[64];	/* one that was not */
	u64 innocent_touched;	/* how often the other cgroup has used its memory */
};

struct hostile {
	struct map m;		/* the default map, open by root */
	struct stage *stage;
	pid_t victims[CPUS + 2];
	unsigned int nr_victims;
};

/* The hostile user: the group of the device, nothing else, and a cgroup of its own. */
static inline int become_hostile_in(const char *name)
{
	gid_t group = GROUP;
	char path[128];
	int ret;

	snprintf(path, sizeof(path), CGROUP "/%s/cgroup.procs", name);
	ret = write_file(path, "0");
	if (ret)
		return ret;
	if (setgroups(1, &group) || setgid(NOBODY) || setuid(NOBODY))
		return -errno;
	return prctl(PR_SET_DUMPABLE, 1) ? -errno : 0;
}

static inline int become_hostile(void)
{
	return become_hostile_in("hostile");
}

static inline int be_fifo(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return sys_result(sched_setscheduler(0, SCHED_FIFO, &param));
}

static inline void note_delay(struct stage *stage, enum delay kind, u64 ns)
{
	unsigned int round = __atomic_load_n(&stage->round, __ATOMIC_RELAXED);
	u64 *worst = &stage->worst[kind][round], before;
	const int order = __ATOMIC_RELAXED;

	if (round >= ROUNDS)
		return;
	before = __atomic_load_n(worst, order);
	while (before < ns &&
	       !__atomic_compare_exchange_n(worst, &before, ns, true, order, order))
		;
}

static inline bool is_over(struct stage *stage)
{
	return __atomic_load_n(&stage->over, __ATOMIC_RELAXED);
}

/* ---- those that must not be harmed ---- */

static inline int wake_up_in_time(struct stage *stage, int cpu)
{
	struct timespec due;
	cpu_set_t set;
	int ret;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return -errno;
	ret = be_fifo(20);
	while (!ret && !is_over(stage)) {
		u64 at = now_ns() + 1000000;

		due = (struct timespec){ at / 1000000000, at % 1000000000 };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		note_delay(stage, DELAY_WAKE, now_ns() - at);
	}
	return ret;
}

static inline int call_in_time(struct stage *stage, struct map *m, enum delay kind, u64 i)
{
	u64 begin = now_ns();
	int ret = map_put(m, INNOCENT_KEY + i, i, HMAP_ANY);

	if (!ret)
		ret = map_has(m, INNOCENT_KEY + i);
	note_delay(stage, kind, now_ns() - begin);
	/* what it has put may be cleared, and all slots be taken by an attacker's */
	return ret == -ENOENT || ret == -ENOSPC || ret == -EMLINK ? 0 : ret;
}

/* A map that the others may read, and map. */
static inline int create_own(struct map *own, int dev)
{
	struct hmap_ioc_create arg = named_arg(AT_FDCWD, "innocent", 0644);

	arg.flags = HMAP_CREATE_MMAP;
	return map_create(own, dev, &arg);
}

/* Sixteen at a time; it grows, and is cleared from time to time. */
static inline int put_own(struct stage *stage, struct map *own, u64 first)
{
	u64 i, begin = now_ns();
	int ret = 0;

	if (!(first % 16384)) {
		ret = dev_clear(own->fd);
		note_delay(stage, DELAY_OWN, now_ns() - begin);
	}
	for (i = first; !ret && i < first + 16; i++)
		ret = call_in_time(stage, own, DELAY_OWN, i);
	return ret;
}

static inline int put_in_time(struct stage *stage)
{
	struct map shared, own = {};
	gid_t group = GROUP;
	int ret = map_open(&shared, O_RDWR);
	u64 i;

	if (!ret)
		ret = be_fifo(10);
	if (!ret)
		ret = sys_result(setgroups(1, &group)) ?: become(INNOCENT);
	if (!ret)
		ret = create_own(&own, shared.fd);
	for (i = 0; !ret && !is_over(stage); i++) {
		ret = call_in_time(stage, &shared, DELAY_SHARED, i % 512);
		if (!ret)
			ret = put_own(stage, &own, 16 * i);
		stage->innocent_calls++;
		usleep(500);
	}
	return ret ?: destroy("innocent");
}

/* Uses 12 MB of the 16 that its cgroup may have, again and again. */
static inline int use_memory(struct stage *stage)
{
	size_t size = 12000000, i;
	int ret = write_file(CGROUP "/innocent/cgroup.procs", "0");
	char *p;

	while (!ret && !is_over(stage)) {
		p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			return -errno;
		for (i = 0; i < size; i += 4096)
			p[i] = 1;
		munmap(p, size);
		stage->innocent_touched++;
		usleep(100000);
	}
	return ret;
}

static inline pid_t victim(struct stage *stage, unsigned int i, unsigned int cpus)
{
	pid_t pid;
	int ret;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	if (i < cpus)
		ret = wake_up_in_time(stage, i);
	else
		ret = i == cpus ? put_in_time(stage) : use_memory(stage);
	if (ret)
		fprintf(stderr, "# other task %u: %d (%s)\n", i, ret, strerror(-ret));
	_exit(ret != 0);
}

/* ---- the machine as an administrator has set it up ---- */

/* The number behind @key in a file, or a negative errno. */
static inline s64 number_of(const char *path, const char *key)
{
	char text[4096] = "", *at = text;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text) - 1) < 0)
		at = NULL;
	close(fd);
	at = at ? strstr(text, key) : NULL;
	return at ? strtoll(at + strlen(key), NULL, 10) : -ENODATA;
}

static inline void make_cgroup(const char *name, const char *max)
{
	char path[128];

	snprintf(path, sizeof(path), CGROUP "/%s", name);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), CGROUP "/%s/memory.max", name);
	write_file(path, max);
}

/* -ENODEV: this kernel has no memory cgroups here. */
static inline int hostile_setup_with(struct hostile *h, const char *params)
{
	unsigned int cpus = sysconf(_SC_NPROCESSORS_ONLN), i;
	int ret = map_load_params(&h->m, params);

	if (ret)
		return ret;
	if (chown(HMAP_DEVICE, 0, GROUP) || chmod(HMAP_DEVICE, 0660))
		return -errno;
	ret = nodes_mount("mode=1770,gid=999");
	if (ret)
		return ret;
	mkdir(CGROUP, 0755);
	if (mount("none", CGROUP, "cgroup2", 0, NULL) ||
	    write_file(CGROUP "/cgroup.subtree_control", "+memory"))
		return -ENODEV;
	make_cgroup("hostile", "48000000");
	make_cgroup("innocent", "16000000");
	h->stage = mmap(NULL, sizeof(*h->stage), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	h->stage->round = ROUNDS;
	cpus = cpus > CPUS ? CPUS : cpus;
	for (i = 0; i < cpus + 2; i++)
		h->victims[h->nr_victims++] = victim(h->stage, i, cpus);
	return 0;
}

static inline int hostile_setup(struct hostile *h)
{
	return hostile_setup_with(h, "key_size=8 value_size=8");
}

/* What is still on its way back may keep a cgroup for a moment. */
static inline void drop_cgroup(const char *name)
{
	char path[128];
	int i;

	snprintf(path, sizeof(path), CGROUP "/%s", name);
	for (i = 0; i < 200 && rmdir(path) && errno == EBUSY; i++)
		usleep(10000);
}

/* 0 if no victim has come to harm, and the map is whole. */
static inline int hostile_teardown(struct hostile *h)
{
	int ret = 0, status;
	unsigned int i;

	if (h->stage)
		h->stage->over = true;
	for (i = 0; i < h->nr_victims; i++) {
		status = reap(h->victims[i]);
		ret = ret ?: status;
	}
	drop_cgroup("hostile");
	drop_cgroup("innocent");
	umount(CGROUP);
	if (h->stage)
		munmap(h->stage, sizeof(*h->stage));
	status = nodes_umount();
	ret = ret ?: status;
	status = map_unload(&h->m);
	return ret ?: status;
}

/* ---- an attack ---- */

/* Called again and again until the end of the round; not 0: it cannot go on. */
typedef int attack_fn(struct stage *stage, void *state);

struct attack {
	const char *name;
	int (*prepare)(void **state);	/* as the hostile user */
	attack_fn *run;
};

static inline void attacker(struct stage *stage, const struct attack *attack)
{
	void *state = NULL;
	int ret = become_hostile();

	if (!ret && attack->prepare)
		ret = attack->prepare(&state);
	if (ret) {
		fprintf(stderr, "# %s: cannot be prepared: %d (%s)\n", attack->name, ret,
			strerror(-ret));
		__atomic_fetch_add(&stage->unable, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_add(&stage->ready, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&stage->end, __ATOMIC_RELAXED))
		usleep(1000);
	while (!ret && now_ns() < stage->end) {
		ret = attack->run(stage, state);
		__atomic_fetch_add(&stage->attacks, 1, __ATOMIC_RELAXED);
	}
	if (ret)
		fprintf(stderr, "# %s: %d (%s)\n", attack->name, ret, strerror(-ret));
	pause();
	_exit(0);
}

/* -ETIME: not all have come so far. */
static inline int wait_until_ready(struct stage *stage, unsigned int n)
{
	int i;

	for (i = 0; i < 30000; i++) {
		if (__atomic_load_n(&stage->ready, __ATOMIC_RELAXED) == n)
			return stage->unable ? -ECANCELED : 0;
		usleep(1000);
	}
	return -ETIME;
}

static inline u64 kill_attackers(const pid_t *pid, unsigned int n)
{
	u64 begin = now_ns();
	unsigned int i;
	int status;

	for (i = 0; i < n; i++)
		kill(pid[i], SIGKILL);
	for (i = 0; i < n; i++)
		waitpid(pid[i], &status, 0);
	return now_ns() - begin;
}

/* All of them attack, round after round, until they are killed. */
static inline int attack_in_rounds(struct hostile *h, const struct attack *attack,
				   unsigned int n)
{
	struct stage *stage = h->stage;
	pid_t pid[ATTACKERS];
	unsigned int i;
	int ret;

	fflush(NULL);
	for (i = 0; i < n; i++) {
		pid[i] = fork();
		if (!pid[i])
			attacker(stage, attack);
	}
	ret = wait_until_ready(stage, n);
	__atomic_store_n(&stage->end, ret ? 1 : ~0ULL, __ATOMIC_RELAXED);
	for (i = 0; i < ROUNDS && !ret; i++) {
		stage->round = i;
		usleep(ROUND / 1000);
	}
	stage->round = ROUNDS;
	stage->kill = kill_attackers(pid, n);
	return ret;
}

static inline u64 usual_delay(const struct stage *stage, enum delay kind)
{
	u64 v[ROUNDS], x;
	unsigned int i, j;

	memcpy(v, stage->worst[kind], sizeof(v));
	for (i = 1; i < ROUNDS; i++) {
		x = v[i];
		for (j = i; j && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
	return v[ROUNDS / 4];
}

static inline u64 worst_delay(const struct stage *stage, enum delay kind)
{
	u64 worst = 0;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		if (stage->worst[kind][i] > worst)
			worst = stage->worst[kind][i];
	return worst;
}

/* The figures of an attack, in us. */
static inline void tell_delays(const struct stage *s, const char *name)
{
	static const char *const what[DELAYS] = {
		"a SCHED_FIFO thread", "put and get, default map",
		"put and get, own map",
	};
	unsigned int kind;

	printf("# %s, %llu calls:\n", name, s->attacks);
	for (kind = 0; kind < DELAYS; kind++)
		printf("#   %-26s %8llu us, at most %8llu us\n", what[kind],
		       usual_delay(s, kind) / 1000, worst_delay(s, kind) / 1000);
	printf("#   %-26s %8llu us\n", "to be rid of it", s->kill / 1000);
	fflush(stdout);
}

#define EXPECT_BOUNDED(on, with, n) do {					\
	const struct attack *a = (with);					\
	struct hostile *h = (on);						\
	struct stage *s = h->stage;						\
										\
	ASSERT_EQ(0, attack_in_rounds(h, a, n));				\
	tell_delays(s, a->name);						\
	EXPECT_LT(0, s->attacks);						\
	EXPECT_LT(0, s->innocent_calls);					\
	EXPECT_LT(0, s->innocent_touched);					\
	EXPECT_GT(BOUND_WAKE, usual_delay(s, DELAY_WAKE));			\
	EXPECT_GT(BOUND_CALL, usual_delay(s, DELAY_SHARED));			\
	EXPECT_GT(BOUND_CALL, usual_delay(s, DELAY_OWN));			\
	EXPECT_GT(BOUND_KILL, s->kill);						\
} while (0)

#endif /* HOSTILE_H */
