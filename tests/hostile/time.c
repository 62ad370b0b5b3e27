// SPDX-License-Identifier: GPL-2.0
/*
 * Time: whatever the hostile user calls, other tasks get their CPU and their locks.
 */
#include <sys/epoll.h>

#include "hostile.h"

#define MANY	8000

FIXTURE(slow) {
	struct hostile h;
};

FIXTURE_SETUP(slow)
{
	int ret = hostile_setup(&self->h);

	if (ret == -ENODEV)
		SKIP(return, "this kernel has no memory cgroups here");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(slow)
{
	EXPECT_EQ(0, hostile_teardown(&self->h));
	TELL_SEED_ON_FAILURE();
}

/* ---- nothing: what the machine itself takes ---- */

static int ask(struct stage *stage, void *state)
{
	getppid();
	return 0;
}

TEST_F(slow, nothing_but_system_calls)
{
	static const struct attack attack = { "system calls that do nothing", NULL, ask };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

/* ---- many keys in one call, in the default map ---- */

struct calls {
	struct map m;
	u64 *keys;
	struct hmap_op *ops;
};

/* All of the attackers have the same keys. */
static int prepare_calls(void **state)
{
	struct calls *c = calloc(1, sizeof(*c));
	int ret = map_open(&c->m, O_RDWR);
	u64 i;

	c->keys = calloc(MANY, sizeof(*c->keys));
	c->ops = calloc(MANY, sizeof(*c->ops));
	for (i = 0; i < MANY; i++) {
		c->keys[i] = i;
		c->ops[i] = op_arg(&c->m, HMAP_OP_ADD);
		c->ops[i].key = addr(&c->keys[i]);
		c->ops[i].length = 8;
		c->ops[i].flags = HMAP_OP_CREATE;
		c->ops[i].operand = 1;
	}
	*state = c;
	return ret;
}

static int call_vector(struct calls *c, u32 op)
{
	struct hmap_ioc_vector v = {
		.size = sizeof(v), .key_size = 8, .value_size = 8, .op = op,
		.count = MANY, .keys = addr(c->keys),
		.values = op == HMAP_OP_DELETE ? 0 : addr(c->keys),
	};

	return ioc(c->m.fd, HMAP_IOC_VECTOR, &v);
}

static int run_vectors(struct stage *stage, void *state)
{
	return call_vector(state, HMAP_OP_PUT) ?: call_vector(state, HMAP_OP_GET) ?:
	       call_vector(state, HMAP_OP_DELETE);
}

TEST_F(slow, vectors)
{
	static const struct attack attack = { "vectors", prepare_calls, run_vectors };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

static int run_batch(struct stage *stage, void *state)
{
	struct calls *c = state;
	struct hmap_ioc_batch b = {
		.size = sizeof(b), .key_size = 8, .value_size = 8,
		.ops = addr(c->ops), .count = MANY, .op_size = sizeof(*c->ops),
	};

	return ioc(c->m.fd, HMAP_IOC_BATCH, &b);
}

TEST_F(slow, batches)
{
	static const struct attack attack = { "batches", prepare_calls, run_batch };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

/* ---- the whole map: its size, and all that looks at it ---- */

static int prepare_full(void **state)
{
	int ret = prepare_calls(state);

	return ret ?: map_fill(&((struct calls *)*state)->m, 0, 100000);
}

/* Each wins over another attacker's, or loses. */
static int run_sizes(struct stage *stage, void *state)
{
	struct hmap_ioc_count count = { .size = sizeof(count), .count = 400000 };
	struct calls *c = state;
	int ret = call_vector(c, HMAP_OP_PUT);

	if (!ret)
		ret = ioc(c->m.fd, HMAP_IOC_RESERVE, &count);
	if (!ret || ret == -ENOMEM)
		ret = dev_plain(c->m.fd, HMAP_IOC_SHRINK);
	if (!ret || ret == -ENOMEM)
		ret = dev_clear(c->m.fd);
	return ret == -ENOMEM ? 0 : ret;
}

TEST_F(slow, reserve_shrink_and_clear)
{
	static const struct attack attack = { "reserve, shrink, clear", prepare_calls,
					      run_sizes };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

static int run_looks(struct stage *stage, void *state)
{
	struct calls *c = state;
	struct hmap_stats stats;
	struct hmap_layout layout;
	struct hmap_ioc_scan scan = {
		.size = sizeof(scan), .key_size = 8, .value_size = 8,
		.keys = addr(c->keys), .capacity = MANY,
	};

	return dev_stats(c->m.fd, &stats) ?: dev_layout(c->m.fd, &layout) ?:
	       ioc(c->m.fd, HMAP_IOC_SCAN, &scan);
}

TEST_F(slow, statistics_layout_and_scan)
{
	static const struct attack attack = { "statistics, layout, scan", prepare_full,
					      run_looks };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

/* ---- waiting: for keys that the others put, for other keys, for any change ---- */

#define WAITERS	200

struct waiter {
	int fd;
	u32 flags;
	u64 key;
};

static void *wait_again(void *arg)
{
	struct waiter *w = arg;
	struct hmap_ioc_wait wait = {
		.size = sizeof(wait), .key_size = 8, .value_size = 8,
		.flags = w->flags, .deadline = HMAP_WAIT_FOREVER,
	};
	u64 key = w->key, value = 0;

	wait.key = addr(&key);
	wait.value = addr(&value);
	for (;;) {
		/* OTHER returns with each new value, and as long as there is no key */
		if (ioc(w->fd, HMAP_IOC_WAIT, &wait))
			usleep(100000);
	}
	return NULL;
}

static int start_waiters(u32 flags, u64 first, u64 different)
{
	struct waiter *w = calloc(WAITERS, sizeof(*w));
	int fd = dev_open(O_RDONLY);
	pthread_attr_t attr;
	pthread_t thread;
	u32 i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (i = 0; i < WAITERS; i++) {
		w[i] = (struct waiter){ fd, flags, first + i % different };
		if (pthread_create(&thread, &attr, wait_again, &w[i]))
			return -EAGAIN;
	}
	return 0;
}

/* All for one key of those that the innocent process puts. */
static int prepare_waiters(void **state)
{
	return start_waiters(HMAP_WAIT_OTHER, INNOCENT_KEY, 1);
}

static int prepare_other_waiters(void **state)
{
	return start_waiters(HMAP_WAIT_PRESENT, 0, WAITERS);
}

static int sleep_a_bit(struct stage *stage, void *state)
{
	usleep(1000);
	return 0;
}

TEST_F(slow, waiters_for_a_key_that_is_put)
{
	static const struct attack attack = { "waiters for a key that is put",
					      prepare_waiters, sleep_a_bit };

	EXPECT_BOUNDED(&self->h, &attack, 2);
}

TEST_F(slow, waiters_for_other_keys)
{
	static const struct attack attack = { "waiters for other keys",
					      prepare_other_waiters, sleep_a_bit };

	EXPECT_BOUNDED(&self->h, &attack, 2);
}

#define POLLED	900

static int prepare_polls(void **state)
{
	struct pollfd *p = calloc(POLLED, sizeof(*p));
	unsigned int i;

	for (i = 0; i < POLLED; i++) {
		p[i] = (struct pollfd){ .fd = dev_open(O_RDONLY), .events = POLLIN };
		if (p[i].fd < 0)
			return p[i].fd;
	}
	*state = p;
	return 0;
}

static int run_polls(struct stage *stage, void *state)
{
	struct pollfd *p = state;
	unsigned int i;
	u64 number;

	if (poll(p, POLLED, 10) < 0)
		return -errno;
	for (i = 0; i < POLLED; i++)
		if ((p[i].revents & POLLIN) &&
		    read(p[i].fd, &number, sizeof(number)) < 0)
			return -errno;
	return 0;
}

TEST_F(slow, polls_of_many_files)
{
	static const struct attack attack = { "polls of many files", prepare_polls,
					      run_polls };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

/* A file of epoll stands behind one entry of the map, and many behind that. */
static int prepare_nested(void **state)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct pollfd *p = calloc(POLLED + 1, sizeof(*p));
	int ep = epoll_create1(EPOLL_CLOEXEC), i;

	p[POLLED] = (struct pollfd){ .fd = dev_open(O_RDONLY), .events = POLLIN };
	if (epoll_ctl(ep, EPOLL_CTL_ADD, p[POLLED].fd, &event))
		return -errno;
	for (i = 0; i < POLLED; i++)
		p[i] = (struct pollfd){ .fd = ep, .events = POLLIN };
	*state = p;
	return 0;
}

static int run_nested(struct stage *stage, void *state)
{
	struct epoll_event event;
	struct pollfd *p = state;
	u64 number;

	if (poll(p, POLLED, 10) < 0 || epoll_wait(p[0].fd, &event, 1, 0) < 0)
		return -errno;
	if (poll(&p[POLLED], 1, 0) == 1 &&
	    read(p[POLLED].fd, &number, sizeof(number)) < 0)
		return -errno;
	return 0;
}

TEST_F(slow, polls_of_an_epoll)
{
	static const struct attack attack = { "polls of an epoll", prepare_nested,
					      run_nested };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

/* ---- mapped memory of a map that another user writes ---- */

#define PLACES	16
#define TOUCHED	1048576	/* of each place */

/* Where arrays have been: they are now, others are, or none is. */
struct places {
	u64 offset[PLACES];
	unsigned int n;
};

static int prepare_places(void **state)
{
	*state = calloc(1, sizeof(struct places));
	return 0;
}

static void note_place(struct places *p, u64 offset)
{
	unsigned int i;

	for (i = 0; i < p->n; i++)
		if (p->offset[i] == offset)
			return;
	if (offset && p->n < PLACES)
		p->offset[p->n++] = offset;
}

static u64 touch(int fd, u64 offset)
{
	char *p = mmap(NULL, TOUCHED, PROT_READ, MAP_SHARED, fd, offset);
	u64 i, pages = 0;

	if (p == MAP_FAILED)
		return 0;
	for (i = 0; i < TOUCHED; i += page_size())
		pages += __atomic_load_n(&p[i], __ATOMIC_RELAXED) != 0;
	munmap(p, TOUCHED);
	return pages;
}

static int run_maps(struct stage *stage, void *state)
{
	int fd = open(HMAP_NODES "/innocent", O_RDONLY | O_CLOEXEC);
	const struct hmap_mapped *c;
	struct places *p = state;
	unsigned int i;

	if (fd < 0)
		return -errno;
	c = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, 0);
	if (c == MAP_FAILED)
		return -errno;
	note_place(p, c->buckets.offset);
	note_place(p, c->oldbuckets.offset);
	munmap((void *)c, page_size());
	for (i = 0; i < p->n; i++)
		touch(fd, p->offset[i]);
	close(fd);
	return 0;
}

TEST_F(slow, mappings_of_a_map_that_others_write)
{
	static const struct attack attack = { "mappings", prepare_places, run_maps };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

/* ---- maps and names that come and go ---- */

static int run_names(struct stage *stage, void *state)
{
	char name[HMAP_NAME_SIZE], path[128], to[128];
	int dev = dev_open(O_RDWR), ret;

	snprintf(name, sizeof(name), "m%d", getpid());
	snprintf(path, sizeof(path), HMAP_NODES "/%s", name);
	snprintf(to, sizeof(to), HMAP_NODES "/n%d", getpid());
	ret = dev < 0 ? dev : make_named(dev, name, 0600);
	if (!ret && (rename(path, to) || link(to, path) || unlink(to) || unlink(path)))
		ret = -errno;
	close(dev);
	return ret;
}

TEST_F(slow, maps_and_names_that_come_and_go)
{
	static const struct attack attack = { "maps and names", NULL, run_names };

	EXPECT_BOUNDED(&self->h, &attack, ATTACKERS);
}

/* ---- the cgroup freezer ---- */

static bool group_is_frozen(void)
{
	char text[128] = "";
	int fd = open(CGROUP "/hostile/cgroup.events", O_RDONLY);
	bool frozen = read(fd, text, sizeof(text) - 1) > 0 && strstr(text, "frozen 1");

	close(fd);
	return frozen;
}

/* Long calls, one after the other; what they do goes on when the group is thawed. */
TEST_F(slow, long_calls_can_be_frozen)
{
	static const struct attack attack = { "long calls", prepare_calls, run_vectors };
	struct stage *stage = self->h.stage;
	u64 begin, longest = 0, calls;
	pid_t pid;
	int i;

	pid = fork();
	if (!pid)
		attacker(stage, &attack);
	ASSERT_EQ(0, wait_until_ready(stage, 1));
	stage->end = ~0ULL;
	for (i = 0; i < 10; i++) {
		usleep(50000);
		begin = now_ns();
		ASSERT_EQ(0, write_file(CGROUP "/hostile/cgroup.freeze", "1"));
		while (!group_is_frozen() && now_ns() < begin + 10 * BOUND_KILL)
			usleep(100);
		begin = now_ns() - begin;
		longest = begin > longest ? begin : longest;
		calls = stage->attacks;
		usleep(20000);
		EXPECT_EQ(calls, stage->attacks);
		ASSERT_EQ(0, write_file(CGROUP "/hostile/cgroup.freeze", "0"));
	}
	printf("# frozen after at most %llu us\n", longest / 1000);
	EXPECT_GT(BOUND_KILL, longest);
	for (i = 0; i < 1000 && calls == stage->attacks; i++)
		usleep(10000);
	EXPECT_LT(calls, stage->attacks);
	kill(pid, SIGKILL);
	reap(pid);
}

TEST_HARNESS_MAIN
