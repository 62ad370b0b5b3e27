// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that take long, and signals: they end early, and go on when they are called again,
 * which the kernel does by itself unless there is a handler without SA_RESTART. Nothing
 * is done twice or left out, and a task in the middle of one can be stopped.
 */
#include "hmap_test.h"

#include <sys/mman.h>
#include <sys/time.h>

/* Elements of a call: it takes some tenths of a second where a machine is fast. */
#define MANY	100000
#define KEYS	1024

static sig_atomic_t alarms;

static void on_alarm(int sig)
{
	__atomic_add_fetch(&alarms, 1, __ATOMIC_RELAXED);
}

/* A signal in @first_us and, if @each_us is not 0, again and again. */
static void alarm_in(unsigned int first_us, unsigned int each_us, int flags)
{
	struct sigaction act = { .sa_handler = on_alarm, .sa_flags = flags };
	struct itimerval timer = {
		.it_value.tv_usec = first_us, .it_interval.tv_usec = each_us,
	};

	alarms = 0;
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void no_alarms(void)
{
	struct itimerval timer = {};

	setitimer(ITIMER_REAL, &timer, NULL);
}

FIXTURE(signals) {
	struct map m;
	u64 *keys;
	struct hmap_op *ops;
};

FIXTURE_SETUP(signals)
{
	u64 i;

	ASSERT_EQ(0, map_load(&self->m, 8, 8));
	self->keys = calloc(MANY, sizeof(*self->keys));
	self->ops = calloc(MANY, sizeof(*self->ops));
	ASSERT_TRUE(self->keys && self->ops);
	for (i = 0; i < MANY; i++) {
		self->keys[i] = i;
		self->ops[i] = op_arg(&self->m, HMAP_OP_ADD);
		self->ops[i].key = addr(&self->keys[i % KEYS]);
		self->ops[i].length = 8;
		self->ops[i].flags = HMAP_OP_CREATE;
		self->ops[i].operand = 1;
	}
}

FIXTURE_TEARDOWN(signals)
{
	no_alarms();
	free(self->keys);
	free(self->ops);
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

static struct hmap_ioc_batch additions(const struct map *m, struct hmap_op *ops)
{
	return (struct hmap_ioc_batch){
		.size = sizeof(struct hmap_ioc_batch), .key_size = 8,
		.value_size = 8, .ops = addr(ops), .count = MANY,
		.op_size = sizeof(*ops),
	};
}

/* As many additions as there were operations in @calls batches. */
static u64 added(struct map *m, unsigned int calls)
{
	u64 i, sum = 0;

	for (i = 0; i < KEYS; i++)
		sum += map_get(m, i) ? 0 : *(u64 *)m->value;
	return sum - (u64)calls * MANY;
}

TEST_F(signals, a_batch_ends_and_goes_on)
{
	struct hmap_ioc_batch b = additions(&self->m, self->ops);
	unsigned int interrupted = 0;
	u32 done = 0;
	int ret;

	do {
		alarm_in(5000, 0, 0);
		ret = ioc(self->m.fd, HMAP_IOC_BATCH, &b);
		EXPECT_GT(b.done, done);
		done = b.done;
		interrupted += ret == -EINTR;
		EXPECT_EQ(ret ? HMAP_BATCH_RESUME : 0, b.flags);
	} while (ret == -EINTR);
	EXPECT_EQ(0, ret);
	EXPECT_GT(interrupted, 0);
	EXPECT_EQ(MANY, b.done);
	EXPECT_EQ(0, b.failed);
	EXPECT_EQ(0, added(&self->m, 1));
}

TEST_F(signals, a_batch_is_restarted)
{
	struct hmap_ioc_batch b = additions(&self->m, self->ops);

	alarm_in(10000, 10000, SA_RESTART);
	EXPECT_EQ(0, ioc(self->m.fd, HMAP_IOC_BATCH, &b));
	no_alarms();
	EXPECT_GT(alarms, 3);
	EXPECT_EQ(MANY, b.done);
	EXPECT_EQ(0, added(&self->m, 1));
}

/* With what it said before, and nothing else. */
TEST_F(signals, how_far_a_batch_is_has_to_be_possible)
{
	struct hmap_ioc_batch b = additions(&self->m, self->ops);

	b.flags = HMAP_BATCH_RESUME;
	b.done = MANY + 1;
	EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_BATCH, &b));
	b.flags = HMAP_BATCH_RESUME;
	b.done = 2;
	b.failed = 3;
	EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_BATCH, &b));
	b.flags = HMAP_BATCH_RESUME;
	b.done = 2;
	b.failed = 2;
	b.count = 7;
	EXPECT_EQ(0, ioc(self->m.fd, HMAP_IOC_BATCH, &b));
	EXPECT_EQ(7, b.done);
	EXPECT_EQ(2, b.failed);
	EXPECT_EQ(0, b.flags);
	EXPECT_EQ(5, dev_count(self->m.fd));
	/* without the flag it begins at the beginning */
	EXPECT_EQ(0, ioc(self->m.fd, HMAP_IOC_BATCH, &b));
	EXPECT_EQ(7, b.done);
	EXPECT_EQ(0, b.failed);
	EXPECT_EQ(7, dev_count(self->m.fd));
}

static struct hmap_ioc_vector vector(u32 op, u64 *keys)
{
	return (struct hmap_ioc_vector){
		.size = sizeof(struct hmap_ioc_vector), .key_size = 8,
		.value_size = 8, .op = op, .count = MANY, .keys = addr(keys),
		.values = addr(keys),
	};
}

TEST_F(signals, how_far_a_vector_is_has_to_be_possible)
{
	struct hmap_ioc_vector v = vector(HMAP_OP_PUT, self->keys);

	v.flags = HMAP_BATCH_RESUME;
	v.done = MANY + 1;
	EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_VECTOR, &v));
	v.done = 2;
	v.failed = 3;
	EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_VECTOR, &v));
	v.failed = 2;
	v.count = 7;
	EXPECT_EQ(0, ioc(self->m.fd, HMAP_IOC_VECTOR, &v));
	EXPECT_EQ(7, v.done);
	EXPECT_EQ(2, v.failed);
	EXPECT_EQ(0, v.flags);
	EXPECT_EQ(5, dev_count(self->m.fd));
}

TEST_F(signals, a_vector_ends_and_goes_on)
{
	struct hmap_ioc_vector v = vector(HMAP_OP_PUT, self->keys);
	unsigned int interrupted = 0;
	int ret;

	v.op_flags = HMAP_NOEXIST;
	do {
		alarm_in(5000, 0, 0);
		ret = ioc(self->m.fd, HMAP_IOC_VECTOR, &v);
		interrupted += ret == -EINTR;
	} while (ret == -EINTR);
	EXPECT_EQ(0, ret);
	EXPECT_GT(interrupted, 0);
	EXPECT_EQ(MANY, v.done);
	EXPECT_EQ(0, v.failed);
	EXPECT_EQ(MANY, dev_count(self->m.fd));
}

/* What is done in the child: a vector of all keys, over and over. */
static int put_all(void *arg)
{
	u64 *keys = arg;
	struct hmap_ioc_vector v;
	int fd = dev_open(O_RDWR), i, ret = fd < 0 ? fd : 0;

	for (i = 0; i < 5 && !ret; i++) {
		v = vector(HMAP_OP_PUT, keys);
		ret = ioc(fd, HMAP_IOC_VECTOR, &v);
		if (!ret && (v.done != MANY || v.failed))
			ret = -EBADE;
	}
	return ret;
}

TEST_F(signals, a_vector_can_be_stopped)
{
	pid_t pid = spawn(put_all, self->keys);
	u64 begin;
	int status, i;

	for (i = 0; i < 5; i++) {
		usleep(20000);
		begin = now_ns();
		kill(pid, SIGSTOP);
		ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
		if (!WIFSTOPPED(status))
			break;
		EXPECT_LT(now_ns() - begin, 1000000000);
		kill(pid, SIGCONT);
	}
	EXPECT_GT(i, 0);
	if (i == 5)
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_EQ(MANY, dev_count(self->m.fd));
}

static void put_keys(struct __test_metadata *_metadata, struct map *m, u64 *keys)
{
	struct hmap_ioc_vector v = vector(HMAP_OP_PUT, keys);

	ASSERT_EQ(0, ioc(m->fd, HMAP_IOC_VECTOR, &v));
	ASSERT_EQ(MANY, v.done - v.failed);
}

/* A whole scan that alarms interrupt brings each key once. Returns its parts. */
static int scan_in_parts(struct __test_metadata *_metadata, const struct map *m, u64 *keys)
{
	struct hmap_ioc_scan scan = {
		.size = sizeof(scan), .key_size = 8, .value_size = 8,
		.keys = addr(keys), .capacity = MANY,
	};
	unsigned char *seen = calloc(MANY, 1);
	u64 total = 0, i;
	int ret, parts = 0;

	for (;;) {
		ret = ioc(m->fd, HMAP_IOC_SCAN, &scan);
		ASSERT_TRUE(!ret || ret == -EINTR);
		if (ret == -EINTR) {
			EXPECT_EQ(0, scan.count);
			continue;
		}
		if (!scan.count)
			break;
		parts++;
		total += scan.count;
		for (i = 0; i < scan.count; i++) {
			ASSERT_LT(keys[i], MANY);
			seen[keys[i]]++;
		}
	}
	EXPECT_EQ(MANY, total);
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(1, seen[i]);
	free(seen);
	return parts;
}

/*
 * Signals all the time: parts, and one of no elements is no end. Where a scan is over
 * before the next signal, one of several meets it.
 */
TEST_F(signals, a_scan_ends_with_what_it_has)
{
	int parts = 0, n;

	put_keys(_metadata, &self->m, self->keys);
	alarm_in(10000, 10000, 0);
	for (n = 0; n < 100 && parts < 2; n++)
		parts = scan_in_parts(_metadata, &self->m, self->keys);
	no_alarms();
	EXPECT_GT(parts, 1);
}

TEST_F(signals, a_layout_goes_on)
{
	struct hmap_ioc_layout l = { .size = sizeof(l) };
	u64 elements = 0, i;

	put_keys(_metadata, &self->m, self->keys);
	alarm_in(2000, 10000, SA_RESTART);
	EXPECT_EQ(0, ioc(self->m.fd, HMAP_IOC_LAYOUT, &l));
	no_alarms();
	EXPECT_GT(alarms, 0);
	EXPECT_EQ(0, l.place);
	for (i = 0; i <= HMAP_BUCKET_SLOTS; i++)
		elements += i * l.layout.slots[i];
	EXPECT_EQ(MANY, elements);
	/* one that is new begins with nothing */
	l.layout.buckets = 1000000000;
	EXPECT_EQ(0, ioc(self->m.fd, HMAP_IOC_LAYOUT, &l));
	EXPECT_LT(l.layout.buckets, 1000000000);
}

TEST_F(signals, resizes_go_on)
{
	struct hmap_ioc_count count = { .size = sizeof(count), .count = 4 * MANY };
	struct hmap_stats stats;
	u64 reserved;

	put_keys(_metadata, &self->m, self->keys);
	alarm_in(10000, 10000, SA_RESTART);
	EXPECT_EQ(0, ioc(self->m.fd, HMAP_IOC_RESERVE, &count));
	EXPECT_EQ(0, dev_stats(self->m.fd, &stats));
	reserved = stats.B;
	EXPECT_EQ(0, dev_plain(self->m.fd, HMAP_IOC_SHRINK));
	EXPECT_EQ(0, dev_stats(self->m.fd, &stats));
	EXPECT_LT(stats.B, reserved);
	EXPECT_EQ(MANY, stats.count);
	EXPECT_EQ(0, dev_clear(self->m.fd));
	no_alarms();
	EXPECT_GT(alarms, 3);
	EXPECT_EQ(0, dev_count(self->m.fd));
}

TEST_HARNESS_MAIN
