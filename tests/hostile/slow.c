// SPDX-License-Identifier: GPL-2.0
/*
 * A cgroup that the kernel slows down delays its own tasks only. Above memory.high each
 * charge may sleep for two seconds, and with a low cpu.max a task keeps a lock for as long
 * as its cgroup likes: so no other task may wait for either.
 */
#include <dirent.h>
#include <sys/uio.h>

#include "hostile.h"

#define MB	1000000ULL

/* ns: what a call of another user may take; and a request, which waits for 2 s at most. */
#define BOUND_PUT	1000000000ULL
#define BOUND_REQUEST	10000000000ULL

/* How long each attack lasts. */
#define SECONDS		10

/* Elements of 128 + 128 bytes: growth soon needs arrays that puts do not make. */
#define WIDE		128
#define PARAMS		"key_size=128 value_size=128 user_bytes=0"

/* Elements that the innocent user keeps in the default map. */
#define KEEP		1000

FIXTURE(slow) {
	struct hostile h;
};

FIXTURE_SETUP(slow)
{
	int ret = hostile_setup_with(&self->h, PARAMS);

	if (ret == -ENODEV)
		SKIP(return, "this kernel has no memory cgroups here");
	ASSERT_EQ(0, ret);
	make_cgroup("slow", "500000000");
}

FIXTURE_TEARDOWN(slow)
{
	drop_cgroup("slow");
	EXPECT_EQ(0, hostile_teardown(&self->h));
	TELL_SEED_ON_FAILURE();
}

static int set_slow(const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), CGROUP "/slow/%s", file);
	return write_file(path, text);
}

/* ---- the innocent ---- */

/* Of one task, in shared memory: ns. */
struct calls {
	u64 worst;
	u64 since;	/* when the present call began, 0 if there is none */
};

static void call_begins(struct calls *calls)
{
	__atomic_store_n(&calls->since, now_ns(), __ATOMIC_RELAXED);
}

static u64 call_ends(struct calls *calls)
{
	u64 since = __atomic_exchange_n(&calls->since, 0, __ATOMIC_RELAXED);
	u64 ns = since ? now_ns() - since : 0;

	if (ns > calls->worst)
		calls->worst = ns;
	return calls->worst;
}

/* A map that others may read and map. */
static int make_grown(struct map *m, int dev)
{
	struct hmap_ioc_create arg = named_arg(AT_FDCWD, "grown", 0644);

	arg.key_size = WIDE;
	arg.value_size = WIDE;
	arg.flags = HMAP_CREATE_MMAP;
	return map_create(m, dev, &arg);
}

/* It grows again and again. */
static int grow_own(struct calls *calls)
{
	int dev = dev_open(O_RDWR), ret = become(INNOCENT);
	struct map m;
	u64 i;

	ret = ret ?: make_grown(&m, dev);
	for (i = 0; !ret; i = (i + 1) % 16000) {
		call_begins(calls);
		if (!i)
			ret = dev_clear(m.fd) ?: dev_plain(m.fd, HMAP_IOC_SHRINK);
		ret = ret ?: map_put(&m, i, i, HMAP_ANY);
		call_ends(calls);
	}
	return ret;
}

/* Keys that come and go in the map of all. */
static int use_default(struct calls *calls)
{
	struct map m;
	int ret;
	u64 i;

	ret = map_open(&m, O_RDWR) ?: become(INNOCENT);
	for (i = INNOCENT_KEY; !ret; i++) {
		call_begins(calls);
		ret = map_put(&m, i, i, HMAP_ANY);
		call_ends(calls);
		if (!ret && i >= INNOCENT_KEY + KEEP)
			ret = map_delete(&m, i - KEEP);
	}
	return ret;
}

/* Elements of the private map, and of the one that others read; how often it goes. */
#define PRIVATE		3000
#define SHOWN		30
#define SHOWN_TIMES	30

/*
 * A map that others may read and map comes and goes in size. The calls that count are
 * those of another map, which has no room for two of its arrays.
 */
static int use_private(struct calls *calls)
{
	struct hmap_ioc_create arg = create_arg(WIDE, WIDE);
	int dev = dev_open(O_RDWR), ret = become(INNOCENT);
	struct map shown, m;
	u64 i;

	arg.max_bytes = 2 * MB;
	ret = ret ?: make_grown(&shown, dev) ?: map_create(&m, dev, &arg);
	while (!ret) {
		for (i = 0; !ret && i < SHOWN_TIMES; i++)
			ret = dev_clear(shown.fd) ?: map_fill(&shown, 0, SHOWN);
		for (i = 0; !ret && i <= PRIVATE; i++) {
			call_begins(calls);
			ret = i < PRIVATE ? map_put(&m, i, i, HMAP_ANY) :
					    dev_clear(m.fd);
			call_ends(calls);
		}
	}
	return ret;
}

struct innocent {
	int (*use)(struct calls *calls);
	struct calls *calls;
};

/* It goes on until it is killed, or a call fails. */
static int innocent(void *arg)
{
	struct innocent *in = arg;
	gid_t group = GROUP;
	int ret = sys_result(setgroups(1, &group)) ?: in->use(in->calls);

	in->calls->worst = ~0ULL;
	return ret;
}

/* ---- attacks ---- */

static int use_bytes(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? -errno : 0;
}

#define STRIDE		(2ULL << 20)
#define READS		256

static int grown = -1, sink;

static int open_innocent(void)
{
	int i;

	for (i = 0; i < 1000 && grown < 0; i++, usleep(10000))
		grown = open_named("grown", O_RDONLY);
	sink = memfd_create("sink", 0);
	return grown < 0 || sink < 0 ? -errno : use_bytes(8 * MB);
}

/* One call, and in it a fault for each page table, which is charged. */
static int read_innocent(void)
{
	void *p = mmap(NULL, STRIDE * READS, PROT_READ, MAP_SHARED, grown, 0);
	struct iovec iov[READS];
	int i;

	if (p == MAP_FAILED)
		return -errno;
	for (i = 0; i < READS; i++)
		iov[i] = (struct iovec){ p + i * STRIDE, 1 };
	if (pwritev(sink, iov, READS, 0) < 0)
		return -errno;
	return sys_result(munmap(p, STRIDE * READS));
}

/* When an array goes, each mapping of its place is looked at. */
#define MAPPINGS	10000
#define PLACES		4
#define PLACE		0x10000000000LL	/* how far arrays are apart in the file */

static struct map mapped;

static int make_mappings(void)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	int ret, i;

	arg.flags = HMAP_CREATE_MMAP;
	ret = map_create(&mapped, dev_open(O_RDWR), &arg) ?: map_fill(&mapped, 0, 1);
	/* Neighbours are of different places, so that the kernel does not merge them. */
	for (i = 0; i < MAPPINGS && !ret; i++)
		if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, mapped.fd,
			 (i % PLACES + 1) * PLACE) == MAP_FAILED)
			ret = -errno;
	return ret;
}

static int clear_mapped(void)
{
	int ret = map_fill(&mapped, 0, 30) ?: dev_clear(mapped.fd);

	return ret == -ENOMEM || ret == -ENOSPC ? 0 : ret;
}

#define MAPS	110	/* for each attacker: more than a work queue runs at a time */

static struct map own[MAPS];

/* Up to the last element before the worker is needed. */
static int make_full(struct map *m, int dev, struct hmap_ioc_create *arg, u64 hint)
{
	struct hmap_stats stats;

	arg->key_size = WIDE;
	arg->value_size = WIDE;
	arg->hint = hint;
	return map_create(m, dev, arg) ?: dev_stats(m->fd, &stats) ?:
	       map_fill(m, 0, stats.capacity);
}

/* The next array of each has 0.6 MB. */
static int make_maps(void)
{
	struct hmap_ioc_create arg = create_arg(WIDE, WIDE);
	int dev = dev_open(O_RDWR), ret = 0, i;

	for (i = 0; i < MAPS && !ret; i++)
		ret = make_full(&own[i], dev, &arg, 900);
	return ret;
}

static int grow_all(void)
{
	static u64 key = 100000;
	int i, ret = 0;

	for (i = 0; i < MAPS && !ret; i++)
		ret = map_put(&own[i], key, key, HMAP_ANY);
	key++;
	usleep(100000);
	return ret == -ENOMEM || ret == -ENOSPC ? 0 : ret;
}

static struct map shared;

static int fill_default(void)
{
	u64 first = (u64)getpid() << 32;

	return map_open(&shared, O_RDWR) ?: map_fill(&shared, first, 1400) ?:
	       use_bytes(8 * MB);
}

static int fill_more(void)
{
	static u64 done = 1400;
	int ret = map_fill(&shared, ((u64)getpid() << 32) + done, 100);

	done += 100;
	return ret == -EMLINK || ret == -ENOMEM ? 0 : ret;
}

static int open_default(void)
{
	return map_open(&shared, O_RDWR);
}

static int reserve_default(void)
{
	struct hmap_ioc_count count = { .size = sizeof(count), .count = 200000 };

	return ioc(shared.fd, HMAP_IOC_RESERVE, &count);
}

static const struct slow_attack {
	const char *name, *file, *limit;
	int (*prepare)(void);
	int (*run)(void);
} reading = {
	"a fault above memory.high", "memory.high", "4000000", open_innocent, read_innocent,
}, growing = {
	"workers above memory.high", "memory.high", "50000000", make_maps, grow_all,
}, filling = {
	"the default map's worker above memory.high", "memory.high", "4000000",
	fill_default, fill_more,
}, reserving = {
	"reserve with 1 ms of processor time in a second", "cpu.max", "1000 1000000",
	open_default, reserve_default,
}, starving = {
	"faults with 1 ms of processor time in a second", "cpu.max", "1000 1000000",
	open_innocent, read_innocent,
}, mapping = {
	"a map that is mapped very often", "memory.high", "max", make_mappings, clear_mapped,
};

struct slow_attacker {
	struct stage *stage;
	const struct slow_attack *attack;
};

static int attack_slowly(void *arg)
{
	struct slow_attacker *attacker = arg;
	const struct slow_attack *attack = attacker->attack;
	struct stage *stage = attacker->stage;
	int ret;

	ret = become_hostile_in("slow") ?: attack->prepare();
	stage->unable += !!ret;
	__atomic_fetch_add(&stage->ready, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&stage->end, __ATOMIC_RELAXED))
		usleep(1000);
	while (!ret) {
		ret = attack->run();
		stage->attacks++;
	}
	fprintf(stderr, "# %s: %d (%s)\n", attack->name, ret, strerror(-ret));
	return pause();
}

/* All of them are ready: now their cgroup is slow. */
static int begin_attack(struct stage *stage, const struct slow_attack *attack, pid_t *pid)
{
	struct slow_attacker attacker = { stage, attack };
	unsigned int i;
	int ret;

	for (i = 0; i < ATTACKERS; i++)
		pid[i] = spawn(attack_slowly, &attacker);
	ret = wait_until_ready(stage, ATTACKERS);
	ret = ret ?: set_slow(attack->file, attack->limit);
	__atomic_store_n(&stage->end, 1, __ATOMIC_RELAXED);
	return ret;
}

static void end_attack(const struct slow_attack *attack, const pid_t *pid)
{
	set_slow(attack->file, "max");
	kill_attackers(pid, ATTACKERS);
}

static u64 worst_under_attack(struct stage *stage, const struct slow_attack *attack,
			      int (*use)(struct calls *))
{
	struct calls *calls = mmap(NULL, sizeof(*calls), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct innocent in = { use, calls };
	pid_t pid[ATTACKERS], victim = spawn(innocent, &in);
	int ret = begin_attack(stage, attack, pid);
	u64 ns;

	if (calls->worst != ~0ULL)
		calls->worst = 0;
	if (!ret)
		usleep(SECONDS * 1000000);
	/* one that has not returned counts, too */
	ns = call_ends(calls);
	end_attack(attack, pid);
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	munmap(calls, sizeof(*calls));
	if (!ns)
		ns = ~0ULL;
	printf("# %s, %llu calls: a call of another user takes up to %llu us\n",
	       attack->name, stage->attacks, ns / 1000);
	fflush(stdout);
	return ret ? ~0ULL : ns;
}

TEST_F(slow, a_fault)
{
	EXPECT_GT(BOUND_PUT, worst_under_attack(self->h.stage, &reading, grow_own));
	EXPECT_EQ(0, destroy("grown"));
}

TEST_F(slow, workers_of_many_maps)
{
	EXPECT_GT(BOUND_PUT, worst_under_attack(self->h.stage, &growing, grow_own));
	EXPECT_EQ(0, destroy("grown"));
}

TEST_F(slow, the_worker_of_the_default_map)
{
	EXPECT_GT(BOUND_PUT, worst_under_attack(self->h.stage, &filling, use_default));
}

static bool has_cpu_limits(void)
{
	return !write_file(CGROUP "/cgroup.subtree_control", "+cpu") &&
	       !access(CGROUP "/slow/cpu.max", W_OK);
}

TEST_F(slow, a_fault_without_processor_time)
{
	if (!has_cpu_limits())
		SKIP(return, "this kernel has no limits of processor time");
	EXPECT_GT(BOUND_PUT, worst_under_attack(self->h.stage, &starving, use_private));
	EXPECT_EQ(0, destroy("grown"));
}

TEST_F(slow, a_request)
{
	struct stage *stage = self->h.stage;
	pid_t pid[ATTACKERS];
	struct calls calls = {};
	int i;

	if (!has_cpu_limits())
		SKIP(return, "this kernel has no limits of processor time");
	ASSERT_EQ(0, begin_attack(stage, &reserving, pid));
	for (i = 0; i < 4; i++) {
		usleep(500000);
		call_begins(&calls);
		EXPECT_EQ(0, i % 2 ? dev_clear(self->h.m.fd) :
				     dev_plain(self->h.m.fd, HMAP_IOC_SHRINK));
		call_ends(&calls);
	}
	end_attack(&reserving, pid);
	printf("# %s: a request of root takes up to %llu us\n", reserving.name,
	       calls.worst / 1000);
	EXPECT_GT(BOUND_REQUEST, calls.worst);
}

/* ---- a map that goes while its worker sleeps ---- */

/* A map of 9 MB for each attacker, whose next array has 18 MB. */
static int make_target(void)
{
	struct hmap_ioc_create arg;
	char name[32];

	snprintf(name, sizeof(name), "target%d", getpid());
	arg = named_arg(AT_FDCWD, name, 0600);
	return make_full(&own[0], dev_open(O_RDWR), &arg, 20000) ?: use_bytes(8 * MB);
}

/* The file system drops what is replaced, with the directory locked. */
static int replace_target(void)
{
	char from[64], to[64];
	int ret = map_put(&own[0], 1000000, 1, HMAP_ANY);

	usleep(500000);
	snprintf(from, sizeof(from), HMAP_NODES "/source%d", getpid());
	snprintf(to, sizeof(to), HMAP_NODES "/target%d", getpid());
	close(own[0].fd);
	ret = ret ?: sys_result(symlink("nothing", from)) ?: sys_result(rename(from, to));
	sleep(SECONDS);
	return ret ?: -ECANCELED;
}

/* In the same directory. */
static int make_names(struct calls *calls)
{
	int dev = dev_open(O_RDWR), ret = become(INNOCENT);

	while (!ret) {
		call_begins(calls);
		ret = make_named(dev, "other", 0600) ?: destroy("other");
		call_ends(calls);
		usleep(1000);
	}
	return ret;
}

static const struct slow_attack replacing = {
	"replacing a map whose worker is above memory.high", "memory.high", "4000000",
	make_target, replace_target,
};

TEST_F(slow, a_map_that_goes)
{
	EXPECT_GT(BOUND_PUT, worst_under_attack(self->h.stage, &replacing, make_names));
	EXPECT_EQ(0, system("rm -f " HMAP_NODES "/target* " HMAP_NODES "/source* "
			    HMAP_NODES "/other"));
}

/* ---- what no cgroup is charged for ---- */

/* The numbers from ppid to cmajflt in proc(5)'s stat. */
#define TEN_NUMBERS	"%*d %*d %*d %*d %*d %*u %*u %*u %*u %*u"

/* Clock ticks of the process @pid, if it is one of the kernel's for works. */
static u64 ticks_of_worker(const char *pid)
{
	char path[300], name[64];
	u64 user, system;
	FILE *file;
	int n;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return 0;
	n = fscanf(file, "%*d (kworker%63[^)]) %*c " TEN_NUMBERS " %llu %llu", name,
		   &user, &system);
	fclose(file);
	return n == 3 ? user + system : 0;
}

/* Processor time of the kernel's processes for works, in ns. */
static u64 workers_ns(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	u64 ticks = 0;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			ticks += ticks_of_worker(entry->d_name);
	if (dir)
		closedir(dir);
	return ticks * (1000000000 / sysconf(_SC_CLK_TCK));
}

/* All removals together may use a fifth; growth and the rest is less than another. */
TEST_F(slow, many_mappings_do_not_keep_processors_busy)
{
	u64 most = 1000000000ULL * SECONDS * sysconf(_SC_NPROCESSORS_ONLN) * 2 / 5, used;
	struct stage *stage = self->h.stage;
	pid_t pid[ATTACKERS];

	ASSERT_EQ(0, begin_attack(stage, &mapping, pid));
	used = workers_ns();
	usleep(SECONDS * 1000000);
	used = workers_ns() - used;
	printf("# %s, %llu calls: works use %llu ms of %d s\n", mapping.name,
	       stage->attacks, used / 1000000, SECONDS);
	EXPECT_GT(most, used);
	EXPECT_LT(10, stage->attacks);
	end_attack(&mapping, pid);
}

/* ---- the cgroup that pays for the default map ---- */

static s64 charged(void)
{
	return number_of(CGROUP "/hostile/memory.current", "");
}

/* The map's B after a second, or as soon as it is the one that is @wanted. */
static int settled_B(int fd, int wanted)
{
	struct hmap_stats stats = {};
	int ret = 0, i;

	for (i = 0; i < 100 && !ret && (int)stats.B != wanted; i++) {
		usleep(10000);
		ret = dev_stats(fd, &stats);
	}
	return ret ?: (int)stats.B;
}

static int put_some(void *arg)
{
	const u64 *first = arg;
	struct map m;
	int ret = become_hostile() ?: map_open(&m, O_RDWR);

	ret = ret ?: map_fill(&m, *first, 1000);
	settled_B(m.fd, 12);
	/* Whether or not the array has been made, and charged to others that can pay. */
	return ret ?: charged() > 8 * (s64)MB ? -E2BIG : 0;
}

/* Its cgroup may have 48 MB, and the next array has 9. */
TEST_F(slow, a_small_cgroup_does_not_pay_for_what_others_have_put)
{
	struct map *m = &self->h.m;
	struct hmap_stats stats;
	u64 n = 0;

	/* The other user of the map inserts no more keys, but could pay. */
	while (self->h.stage->innocent_calls < 1000)
		usleep(10000);
	do {
		ASSERT_EQ(0, dev_stats(m->fd, &stats));
		ASSERT_EQ(0, map_fill(m, n, stats.capacity - stats.count));
		n += stats.capacity - stats.count;
		if (stats.B == 11)
			break;
		ASSERT_EQ(0, map_fill(m, n++, 1));
		ASSERT_EQ((int)stats.B + 1, settled_B(m->fd, stats.B + 1));
	} while (true);
	EXPECT_EQ(0, reap(spawn(put_some, &n)));
	n += 1000;
	/* There is no limit for root, which can pay. */
	ASSERT_EQ(0, map_fill(m, n, 1));
	EXPECT_EQ(12, settled_B(m->fd, 12));
}

static int clear_some(void *unused)
{
	struct map m;
	int ret = become_hostile() ?: map_open(&m, O_RDWR);

	ret = ret ?: dev_clear(m.fd);
	return ret ?: charged() > 8 * (s64)MB ? -E2BIG : 0;
}

/* Others have reserved 18 MB. */
TEST_F(slow, a_small_cgroup_does_not_pay_for_a_clear)
{
	struct hmap_ioc_count count = { .size = sizeof(count), .count = 50000 };

	ASSERT_EQ(0, ioc(self->h.m.fd, HMAP_IOC_RESERVE, &count));
	ASSERT_EQ(0, map_put(&self->h.m, 1, 1, HMAP_ANY));
	EXPECT_EQ(0, reap(spawn(clear_some, NULL)));
	EXPECT_EQ(-ENOENT, map_has(&self->h.m, 1));
}

TEST_HARNESS_MAIN
