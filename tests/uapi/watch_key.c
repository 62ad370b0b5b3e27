// SPDX-License-Identifier: GPL-2.0
/*
 * WAIT: until a key is there, is gone, or has another value.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include "hmap_test.h"

#define MS		1000000ULL

FIXTURE(wait) {
	struct map m;
};

FIXTURE_VARIANT(wait) {
	u32 key_size;
	u32 value_size;
	u64 rounds;
};

FIXTURE_VARIANT_ADD(wait, words) {
	.key_size = 8, .value_size = 8, .rounds = 3000,
};

FIXTURE_VARIANT_ADD(wait, odd_sizes) {
	.key_size = 13, .value_size = 27, .rounds = 1000,
};

FIXTURE_VARIANT_ADD(wait, largest) {
	.key_size = MAX_KEY, .value_size = MAX_VALUE, .rounds = 100,
};

FIXTURE_SETUP(wait)
{
	ASSERT_EQ(0, map_load(&self->m, variant->key_size,
			      variant->value_size));
	ASSERT_EQ(0, map_put_range(&self->m, 0, 10));
}

FIXTURE_TEARDOWN(wait)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

static struct hmap_ioc_wait wait_arg(const struct map *m, u32 flags,
				     u64 deadline)
{
	struct hmap_ioc_wait arg = {
		.size = sizeof(arg),
		.flags = flags,
		.key_size = m->key_size,
		.key = addr(m->key),
		.deadline = deadline,
	};

	if (flags != HMAP_WAIT_ABSENT) {
		arg.value_size = m->value_size;
		arg.value = m->value_size ? addr(m->value) : 0;
	}
	return arg;
}

/*
 * Waits for key @i; @x is what its value must not be (OTHER). The new value is
 * in m->value, which is poison if none has been written.
 */
static int map_wait(struct map *m, u64 i, u64 x, u32 flags, u64 deadline)
{
	struct hmap_ioc_wait arg = wait_arg(m, flags, deadline);

	make_key(m, m->key, i);
	memset(m->value, POISON, m->value_size);
	if (flags == HMAP_WAIT_OTHER)
		make_value(m, m->value, x);
	return ioc(m->fd, HMAP_IOC_WAIT, &arg);
}

/* ---- when there is nothing to wait for ---- */

TEST_F(wait, a_key_that_is_so_is_not_waited_for)
{
	struct map *m = &self->m;
	struct hmap_ioc_wait arg = wait_arg(m, HMAP_WAIT_PRESENT, 0);

	EXPECT_EQ(0, map_wait(m, 1, 0, HMAP_WAIT_PRESENT, 0));
	EXPECT_TRUE(value_is(m, m->value, 1));
	EXPECT_EQ(0, map_wait(m, 100, 0, HMAP_WAIT_ABSENT, 0));
	EXPECT_TRUE(is_poison(m->value, m->value_size));
	EXPECT_EQ(0, map_wait(m, 1, 99, HMAP_WAIT_OTHER, 0));
	EXPECT_TRUE(value_is(m, m->value, 1));
	EXPECT_EQ(-ENOENT, map_wait(m, 100, 99, HMAP_WAIT_OTHER, 0));
	EXPECT_TRUE(value_is(m, m->value, 99));
	/* the value is not wanted */
	arg.value_size = 0;
	arg.value = 0;
	make_key(m, m->key, 1);
	EXPECT_EQ(0, ioc(m->fd, HMAP_IOC_WAIT, &arg));
}

TEST_F(wait, a_deadline_that_is_over_is_not_waited_for)
{
	struct map *m = &self->m;
	const u64 over[] = { 0, 1, now_ns() };
	size_t i;

	for (i = 0; i < ARRAY_LEN(over); i++) {
		EXPECT_EQ(-ETIMEDOUT, map_wait(m, 100, 0, HMAP_WAIT_PRESENT,
					       over[i]));
		EXPECT_TRUE(is_poison(m->value, m->value_size));
		EXPECT_EQ(-ETIMEDOUT, map_wait(m, 1, 0, HMAP_WAIT_ABSENT,
					       over[i]));
		EXPECT_EQ(-ETIMEDOUT, map_wait(m, 1, 1, HMAP_WAIT_OTHER,
					       over[i]));
		EXPECT_TRUE(value_is(m, m->value, 1));
	}
}

TEST_F(wait, it_ends_at_the_deadline)
{
	u64 deadline = now_ns() + 50 * MS, end;

	EXPECT_EQ(-ETIMEDOUT, map_wait(&self->m, 100, 0, HMAP_WAIT_PRESENT,
				       deadline));
	end = now_ns();
	EXPECT_LE(deadline, end);
	EXPECT_GT(deadline + 10000 * MS, end);
}

/* ---- what ends it ---- */

/* Waits on a file of its own, for what the test then does. */
struct waiter {
	u64 key;
	u64 known;
	u32 flags;
	u64 deadline;
	int ret;
	u64 value;	/* that it finds if @ret is 0, unless ABSENT */
};

static int do_wait(void *arg)
{
	const struct waiter *w = arg;
	struct map m;
	int ret = map_open(&m, O_RDONLY);

	if (ret)
		return ret;
	ret = map_wait(&m, w->key, w->known, w->flags, w->deadline);
	if (ret != w->ret)
		return ret ? ret : -EBADE;
	if (!ret && w->flags != HMAP_WAIT_ABSENT &&
	    !value_is(&m, m.value, w->value))
		return -EBADMSG;
	return 0;
}

/* A child that sleeps in its wait, as far as one can tell. */
static pid_t start(struct waiter *w)
{
	pid_t pid;

	w->deadline = HMAP_WAIT_FOREVER;
	pid = spawn(do_wait, w);
	usleep(100 * 1000);
	return pid;
}

static bool still_waits(pid_t pid)
{
	usleep(50 * 1000);
	return waitpid(pid, NULL, WNOHANG) == 0;
}

TEST_F(wait, until_a_key_appears)
{
	struct waiter w = { .key = 100, .value = 5 };
	pid_t pid = start(&w);

	ASSERT_EQ(0, map_put(&self->m, 101, 4, HMAP_ANY));
	EXPECT_EQ(0, map_delete(&self->m, 1));
	EXPECT_TRUE(still_waits(pid));
	ASSERT_EQ(0, map_put(&self->m, 100, 5, HMAP_NOEXIST));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(wait, until_a_key_is_gone)
{
	struct waiter w = { .key = 1, .flags = HMAP_WAIT_ABSENT };
	pid_t pid = start(&w);

	ASSERT_EQ(0, map_put(&self->m, 1, 5, HMAP_EXIST));
	EXPECT_EQ(0, map_delete(&self->m, 2));
	EXPECT_TRUE(still_waits(pid));
	EXPECT_EQ(0, map_delete(&self->m, 1));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(wait, until_a_value_is_another_one)
{
	struct waiter w = {
		.key = 1, .known = 1, .flags = HMAP_WAIT_OTHER, .value = 2,
	};
	pid_t pid = start(&w);

	ASSERT_EQ(0, map_put(&self->m, 1, 1, HMAP_EXIST));
	ASSERT_EQ(0, map_put(&self->m, 2, 7, HMAP_EXIST));
	EXPECT_TRUE(still_waits(pid));
	ASSERT_EQ(0, map_put(&self->m, 1, 2, HMAP_EXIST));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(wait, a_key_that_goes_has_no_value_any_more)
{
	struct waiter w = {
		.key = 1, .known = 1, .flags = HMAP_WAIT_OTHER, .ret = -ENOENT,
	};
	pid_t pid = start(&w);

	EXPECT_EQ(0, map_delete(&self->m, 1));
	EXPECT_EQ(0, reap(pid));
}

TEST_F(wait, a_clear_takes_all_keys)
{
	struct waiter gone = { .key = 1, .flags = HMAP_WAIT_ABSENT };
	struct waiter other = {
		.key = 2, .known = 2, .flags = HMAP_WAIT_OTHER, .ret = -ENOENT,
	};
	struct waiter there = { .key = 100, .value = 100 };
	pid_t a = start(&gone), b = start(&other), c = start(&there);

	ASSERT_EQ(0, dev_clear(self->m.fd));
	EXPECT_EQ(0, reap(a));
	EXPECT_EQ(0, reap(b));
	EXPECT_TRUE(still_waits(c));
	ASSERT_EQ(0, map_put(&self->m, 100, 100, HMAP_ANY));
	EXPECT_EQ(0, reap(c));
}

/* What is so already is no less so. */
TEST_F(wait, a_frozen_map_is_not_waited_for)
{
	struct waiter w[] = {
		{ .key = 100, .ret = -EPERM },
		{ .key = 1, .flags = HMAP_WAIT_ABSENT, .ret = -EPERM },
		{ .key = 1, .known = 1, .flags = HMAP_WAIT_OTHER,
		  .ret = -EPERM },
	};
	pid_t pid[ARRAY_LEN(w)];
	size_t i;

	for (i = 0; i < ARRAY_LEN(w); i++)
		pid[i] = start(&w[i]);
	ASSERT_EQ(0, dev_plain(self->m.fd, HMAP_IOC_FREEZE));
	for (i = 0; i < ARRAY_LEN(w); i++) {
		EXPECT_EQ(0, reap(pid[i]));
		EXPECT_EQ(-EPERM, map_wait(&self->m, w[i].key, w[i].known,
					   w[i].flags, HMAP_WAIT_FOREVER));
	}
	EXPECT_EQ(0, map_wait(&self->m, 1, 0, HMAP_WAIT_PRESENT, 0));
	EXPECT_EQ(0, map_wait(&self->m, 100, 0, HMAP_WAIT_ABSENT, 0));
	EXPECT_EQ(0, map_wait(&self->m, 1, 2, HMAP_WAIT_OTHER, 0));
}

TEST_F(wait, a_late_deadline_is_no_hindrance)
{
	const u64 late[] = {
		HMAP_WAIT_FOREVER, HMAP_WAIT_FOREVER - 1, 1ULL << 63,
		(1ULL << 63) - 1, (1ULL << 63) - 2, now_ns() + 1000000 * MS,
	};
	struct waiter w[ARRAY_LEN(late)];
	pid_t pid[ARRAY_LEN(late)];
	size_t i;

	for (i = 0; i < ARRAY_LEN(late); i++) {
		w[i] = (struct waiter){
			.key = 100, .value = 5, .deadline = late[i],
		};
		pid[i] = spawn(do_wait, &w[i]);
	}
	EXPECT_TRUE(still_waits(pid[0]));
	ASSERT_EQ(0, map_put(&self->m, 100, 5, HMAP_ANY));
	for (i = 0; i < ARRAY_LEN(late); i++)
		EXPECT_EQ(0, reap(pid[i]));
}

/* Each has its own key, and some the same. */
TEST_F(wait, many_wait)
{
	struct waiter w[60];
	pid_t pid[ARRAY_LEN(w)];
	size_t i;

	for (i = 0; i < ARRAY_LEN(w); i++) {
		w[i] = (struct waiter){
			.key = 100 + i / 2, .value = 100 + i / 2,
			.deadline = HMAP_WAIT_FOREVER,
		};
		pid[i] = spawn(do_wait, &w[i]);
	}
	usleep(100 * 1000);
	ASSERT_EQ(0, map_put_range(&self->m, 100, ARRAY_LEN(w)));
	for (i = 0; i < ARRAY_LEN(w); i++)
		EXPECT_EQ(0, reap(pid[i]));
}

#define CROWD	400

struct crowd {
	struct map m;
	pthread_t thread[CROWD];
};

static void *wait_in_crowd(void *arg)
{
	struct crowd *c = arg;
	unsigned char key[MAX_KEY];
	struct hmap_ioc_wait w = wait_arg(&c->m, HMAP_WAIT_PRESENT,
					  HMAP_WAIT_FOREVER);

	make_key(&c->m, key, 1000);
	w.key = addr(key);
	w.value_size = 0;
	w.value = 0;
	ioc(c->m.fd, HMAP_IOC_WAIT, &w);
	return NULL;
}

#define TIMED_KEYS	64

/*
 * Time puts of some keys and return the slowest key's time in ns. best[] keeps the
 * fastest put of each key over all calls: a put that another task or an interrupt
 * delays does not count, and a put that always passes waiters does.
 */
static u64 slowest_key(struct map *m, u64 best[TIMED_KEYS])
{
	u64 i, n, ns, slowest = 0;

	/* A key's puts are spread over the time: a delay meets few of them. */
	for (n = 0; n < 20; n++) {
		for (i = 0; i < TIMED_KEYS; i++) {
			ns = now_ns();
			map_put(m, i, n, HMAP_ANY);
			ns = now_ns() - ns;
			best[i] = ns < best[i] ? ns : best[i];
		}
	}
	for (i = 0; i < TIMED_KEYS; i++)
		slowest = best[i] > slowest ? best[i] : slowest;
	return slowest;
}

/* In a table of a few queues there would be a key that has to pass all of them. */
TEST_F(wait, a_put_does_not_pay_for_waiters_for_other_keys)
{
	struct crowd c = { .m = self->m };
	u64 best_alone[TIMED_KEYS], best_beside[TIMED_KEYS];
	pthread_attr_t attr;
	u64 alone, beside;
	int i;

	memset(best_alone, 0xff, sizeof(best_alone));
	memset(best_beside, 0xff, sizeof(best_beside));
	alone = slowest_key(&self->m, best_alone);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (i = 0; i < CROWD; i++)
		ASSERT_EQ(0, pthread_create(&c.thread[i], &attr, wait_in_crowd,
					    &c));
	usleep(500000);
	/* A busy host slows a guest for a while: then look again, later. */
	for (i = 0; i < 20; i++) {
		beside = slowest_key(&self->m, best_beside);
		if (beside < 2 * alone)
			break;
		usleep(250000);
	}
	TH_LOG("a put takes %llu ns, beside %d waiters %llu", alone, CROWD, beside);
	EXPECT_LT(beside, 2 * alone);
	EXPECT_EQ(0, map_put(&self->m, 1000, 1, HMAP_ANY));
	for (i = 0; i < CROWD; i++)
		EXPECT_EQ(0, pthread_join(c.thread[i], NULL));
}

TEST_F(wait, a_vector_ends_the_waits_for_its_keys)
{
	struct map *m = &self->m;
	struct hmap_ioc_vector arg = {
		.size = sizeof(arg),
		.key_size = m->key_size,
		.value_size = m->value_size,
		.op = HMAP_OP_PUT,
		.count = 3,
	};
	char *keys = guarded(3 * m->key_size);
	char *values = guarded(3 * m->value_size);
	struct waiter first = { .key = 100, .value = 100 };
	struct waiter last = { .key = 102, .value = 102 };
	struct waiter none = { .key = 103, .value = 103 };
	pid_t a = start(&first), b = start(&last), c = start(&none);
	u64 i;

	for (i = 0; i < 3; i++) {
		make_key(m, keys + i * m->key_size, 100 + i);
		make_value(m, values + i * m->value_size, 100 + i);
	}
	arg.keys = addr(keys);
	arg.values = addr(values);
	ASSERT_EQ(0, ioc(m->fd, HMAP_IOC_VECTOR, &arg));
	EXPECT_EQ(0, reap(a));
	EXPECT_EQ(0, reap(b));
	EXPECT_TRUE(still_waits(c));
	ASSERT_EQ(0, map_put(m, 103, 103, HMAP_ANY));
	EXPECT_EQ(0, reap(c));
}

/* ---- which waiters are woken ---- */

static int wait_undisturbed(void *arg)
{
	struct rusage usage;
	int ret = do_wait(arg);

	getrusage(RUSAGE_SELF, &usage);
	if (usage.ru_nvcsw > 100)
		return -EBUSY;
	return ret;
}

TEST_F(wait, other_keys_wake_nobody)
{
	struct waiter w = {
		.key = 100, .value = 5, .deadline = HMAP_WAIT_FOREVER,
	};
	pid_t pid = spawn(wait_undisturbed, &w);
	int i;

	for (i = 0; i < 10; i++) {
		usleep(10 * 1000);
		ASSERT_EQ(0, map_put_range(&self->m, 1000, 50));
		ASSERT_EQ(0, map_delete_every(&self->m, 1000, 1050, 1));
	}
	ASSERT_EQ(0, map_put(&self->m, 100, 5, HMAP_ANY));
	EXPECT_EQ(0, reap(pid));
}

/* Whether a change that comes between look and sleep is missed. */
static int play(struct map *m, u64 mine, u64 other, u64 rounds)
{
	u64 i;
	int ret = 0;

	for (i = 1; !ret && i <= rounds; i++) {
		ret = map_put(m, mine, i, HMAP_ANY);
		if (!ret)
			ret = map_wait(m, other, i - 1, HMAP_WAIT_OTHER,
				       HMAP_WAIT_FOREVER);
		if (!ret && !value_is(m, m->value, i))
			return -EBADMSG;
	}
	return ret;
}

static int play_second(void *arg)
{
	struct map m;
	int ret = map_open(&m, O_RDWR);
	u64 i;

	for (i = 1; !ret && i <= *(u64 *)arg; i++) {
		ret = map_wait(&m, 1000, i - 1, HMAP_WAIT_OTHER,
			       HMAP_WAIT_FOREVER);
		if (!ret && !value_is(&m, m.value, i))
			return -EBADMSG;
		if (!ret)
			ret = map_put(&m, 1001, i, HMAP_ANY);
	}
	return ret;
}

TEST_F(wait, no_change_is_lost)
{
	u64 rounds = often(variant->rounds);
	pid_t pid;

	ASSERT_EQ(0, map_put(&self->m, 1000, 0, HMAP_ANY));
	ASSERT_EQ(0, map_put(&self->m, 1001, 0, HMAP_ANY));
	pid = spawn(play_second, &rounds);
	EXPECT_EQ(0, play(&self->m, 1000, 1001, rounds));
	EXPECT_EQ(0, reap(pid));
}

/* ---- signals ---- */

static void on_signal(int sig)
{
}

static int wait_with_handler(void *arg, int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(SIGUSR1, &sa, NULL);
	return do_wait(arg);
}

static int wait_interrupted(void *arg)
{
	return wait_with_handler(arg, 0);
}

static int wait_restarted(void *arg)
{
	return wait_with_handler(arg, SA_RESTART);
}

TEST_F(wait, a_signal_ends_it)
{
	struct waiter w = {
		.key = 100, .deadline = HMAP_WAIT_FOREVER, .ret = -EINTR,
	};
	pid_t pid = spawn(wait_interrupted, &w);

	usleep(200 * 1000);
	kill(pid, SIGUSR1);
	EXPECT_EQ(0, reap(pid));
	pid = start(&w);
	kill(pid, SIGKILL);
	EXPECT_TRUE(WIFSIGNALED(reap(pid)));
}

TEST_F(wait, a_signal_may_let_it_go_on)
{
	struct waiter w = {
		.key = 100, .value = 5, .deadline = HMAP_WAIT_FOREVER,
	};
	pid_t pid = spawn(wait_restarted, &w);

	usleep(200 * 1000);
	kill(pid, SIGUSR1);
	EXPECT_TRUE(still_waits(pid));
	ASSERT_EQ(0, map_put(&self->m, 100, 5, HMAP_ANY));
	EXPECT_EQ(0, reap(pid));
}

/* Signals in a row do not put the deadline off. */
TEST_F(wait, the_deadline_stays_when_it_goes_on)
{
	struct waiter w = {
		.key = 100, .deadline = now_ns() + 500 * MS, .ret = -ETIMEDOUT,
	};
	pid_t pid = spawn(wait_restarted, &w);
	int status = -1, i;

	usleep(200 * 1000);
	for (i = 0; i < 1000 && !waitpid(pid, &status, WNOHANG); i++) {
		kill(pid, SIGUSR1);
		usleep(20 * 1000);
	}
	EXPECT_EQ(0, status);
}

/* ---- what is refused ---- */

TEST_F(wait, other_sizes_are_refused)
{
	struct map *m = &self->m;
	const u32 key_sizes[] = { 0, m->key_size - 1, m->key_size + 1, ~0U };
	const u32 value_sizes[] = { 1, m->value_size - 1, m->value_size + 1,
				    ~0U };
	struct hmap_ioc_wait arg;
	u32 flags;
	size_t i;

	make_key(m, m->key, 1);
	for (flags = 0; flags <= HMAP_WAIT_OTHER; flags++) {
		for (i = 0; i < ARRAY_LEN(key_sizes); i++) {
			arg = wait_arg(m, flags, 0);
			arg.key_size = key_sizes[i];
			EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_WAIT, &arg));
		}
		for (i = 0; i < ARRAY_LEN(value_sizes); i++) {
			arg = wait_arg(m, flags, 0);
			arg.value_size = value_sizes[i];
			EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_WAIT, &arg));
		}
		/* an address of no bytes */
		arg = wait_arg(m, flags, 0);
		arg.value_size = 0;
		arg.value = addr(m->value);
		EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_WAIT, &arg));
	}
	arg = wait_arg(m, HMAP_WAIT_ABSENT, 0);
	arg.value_size = m->value_size;
	EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_WAIT, &arg));
	arg = wait_arg(m, HMAP_WAIT_OTHER, 0);
	arg.value_size = 0;
	arg.value = 0;
	EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_WAIT, &arg));
	for (i = 2; i < 32; i++) {
		arg = wait_arg(m, 1U << i, 0);
		EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_WAIT, &arg));
	}
	arg = wait_arg(m, HMAP_WAIT_CHANGE, 0);
	EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_WAIT, &arg));
}

TEST_F(wait, addresses_are_checked)
{
	struct map *m = &self->m;
	char *short_key = guarded(m->key_size - 1);
	char *short_value = guarded(m->value_size - 1);
	struct hmap_ioc_wait arg;
	u32 flags;

	make_key(m, m->key, 1);
	for (flags = 0; flags <= HMAP_WAIT_OTHER; flags++) {
		arg = wait_arg(m, flags, 0);
		arg.key = 0;
		EXPECT_EQ(-EFAULT, ioc(m->fd, HMAP_IOC_WAIT, &arg));
		arg.key = addr(short_key);
		EXPECT_EQ(-EFAULT, ioc(m->fd, HMAP_IOC_WAIT, &arg));
	}
	arg = wait_arg(m, HMAP_WAIT_PRESENT, 0);
	arg.value = 0;
	EXPECT_EQ(-EFAULT, ioc(m->fd, HMAP_IOC_WAIT, &arg));
	arg.value = addr(short_value);
	EXPECT_EQ(-EFAULT, ioc(m->fd, HMAP_IOC_WAIT, &arg));
	/* the known value is read first, whether or not it is needed */
	arg = wait_arg(m, HMAP_WAIT_OTHER, 0);
	arg.value = addr(short_value);
	EXPECT_EQ(-EFAULT, ioc(m->fd, HMAP_IOC_WAIT, &arg));
	make_key(m, m->key, 100);
	EXPECT_EQ(-EFAULT, ioc(m->fd, HMAP_IOC_WAIT, &arg));
}

TEST_F(wait, it_needs_a_file_open_for_reading)
{
	struct map m = self->m;

	m.fd = dev_open(O_WRONLY);
	EXPECT_EQ(-EACCES, map_wait(&m, 1, 0, HMAP_WAIT_PRESENT, 0));
	close(m.fd);
	m.fd = dev_open(O_RDONLY);
	EXPECT_EQ(0, map_wait(&m, 1, 0, HMAP_WAIT_PRESENT, 0));
	close(m.fd);
}

/* ---- a set ---- */

TEST(a_set_can_be_waited_for)
{
	struct map m;
	struct waiter there = { .key = 1 };
	struct waiter gone = {
		.key = 1, .flags = HMAP_WAIT_OTHER, .ret = -ENOENT,
	};
	pid_t pid;

	ASSERT_EQ(0, map_load(&m, 8, 0));
	pid = start(&there);
	EXPECT_TRUE(still_waits(pid));
	EXPECT_EQ(0, map_put(&m, 1, 0, HMAP_ANY));
	EXPECT_EQ(0, reap(pid));
	pid = start(&gone);
	EXPECT_EQ(0, map_put(&m, 1, 0, HMAP_ANY));
	EXPECT_TRUE(still_waits(pid));
	EXPECT_EQ(0, map_delete(&m, 1));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, map_unload(&m));
}

/* ---- another time ---- */

/* A container whose clock is a thousand seconds ahead. */
static int wait_in_another_time(void *arg)
{
	u64 start = now_ns(), deadline, end;
	struct map m;
	int ret, fd;

	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "monotonic 1000 0\n", 17) != 17)
		return -errno;
	close(fd);
	fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, 0))
		return -errno;
	close(fd);
	deadline = now_ns() + 50 * MS;
	if (deadline < start + 1000000 * MS)
		return -ETIME;
	ret = map_open(&m, O_RDONLY);
	if (ret)
		return ret;
	ret = map_wait(&m, 1, 0, HMAP_WAIT_PRESENT, deadline);
	end = now_ns();
	if (ret != -ETIMEDOUT)
		return ret ? ret : -EBADE;
	return end >= deadline && end < deadline + 10000 * MS ? 0 : -ETIME;
}

static int unshare_time(void *arg)
{
	return unshare(CLONE_NEWTIME) ? -errno : wait_in_another_time(arg);
}

TEST(the_deadline_is_in_the_time_of_the_caller)
{
	struct map m;

	if (access("/proc/self/ns/time", F_OK))
		SKIP(return, "this kernel has no time namespaces");
	ASSERT_EQ(0, map_load(&m, 8, 8));
	EXPECT_EQ(0, reap(spawn(unshare_time, NULL)));
	EXPECT_EQ(0, map_unload(&m));
}

TEST_HARNESS_MAIN
