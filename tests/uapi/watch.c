// SPDX-License-Identifier: GPL-2.0
/*
 * poll and read: a file is readable when the map has changed since it was
 * opened or last read. WAIT for a state: the same without a memory of the file.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include "hmap_test.h"

#define READABLE	(POLLIN | POLLRDNORM)
#define ROUNDS		often(3000)

FIXTURE(watch) {
	struct map m;
};

FIXTURE_SETUP(watch)
{
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
	ASSERT_EQ(0, map_put_range(&self->m, 0, 10));
}

FIXTURE_TEARDOWN(watch)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* What poll() says within @ms milliseconds. */
static int polled_in(int fd, int ms)
{
	struct pollfd p = {
		.fd = fd,
		.events = READABLE | POLLOUT | POLLPRI,
	};
	int ret = poll(&p, 1, ms);

	return ret < 0 ? -errno : p.revents;
}

static int polled(int fd)
{
	return polled_in(fd, 0);
}

/* The number of the state, or a negative errno. */
static s64 look(int fd)
{
	s64 number;
	ssize_t n = read(fd, &number, sizeof(number));

	if (n < 0)
		return -errno;
	return n == sizeof(number) ? number : -EBADMSG;
}

/* ---- what is a change ---- */

/* Needs fd, before and number. */
#define CHANGES(change) do {						\
	ASSERT_EQ(0, (change));						\
	EXPECT_EQ(READABLE, polled(fd)) TH_LOG("%s", #change);		\
	number = look(fd);						\
	EXPECT_LT(before, number);					\
	EXPECT_EQ(0, polled(fd));					\
	before = number;						\
} while (0)

TEST_F(watch, each_change_makes_it_readable_until_it_is_read)
{
	struct map *m = &self->m;
	int fd = dev_open(O_RDONLY);
	s64 before, number;

	EXPECT_EQ(0, polled(fd));
	ASSERT_EQ(0, map_put(m, 100, 1, HMAP_ANY));
	EXPECT_EQ(READABLE, polled(fd));
	EXPECT_EQ(READABLE, polled(fd));
	before = look(fd);
	EXPECT_LE(0, before);
	EXPECT_EQ(0, polled(fd));

	CHANGES(map_put(m, 100, 2, HMAP_ANY));
	CHANGES(map_put(m, 101, 3, HMAP_NOEXIST));
	CHANGES(map_put(m, 101, 4, HMAP_EXIST));
	CHANGES(map_put(m, 101, 4, HMAP_EXIST));	/* values are not compared */
	CHANGES(map_delete(m, 100));
	CHANGES(map_put_range(m, 200, 1000));
	CHANGES(dev_clear(m->fd));
	close(fd);
}

TEST_F(watch, what_changes_nothing_is_no_change)
{
	struct map *m = &self->m;
	int fd = dev_open(O_RDONLY);
	unsigned char seen[10] = {};

	EXPECT_EQ(-ENOENT, map_delete(m, 100));
	EXPECT_EQ(-ENOENT, map_put(m, 100, 1, HMAP_EXIST));
	EXPECT_EQ(-EEXIST, map_put(m, 1, 1, HMAP_NOEXIST));
	EXPECT_EQ(-EINVAL, map_put(m, 1, 1, 99));
	EXPECT_EQ(0, map_get(m, 1));
	EXPECT_EQ(0, scan_count(m, 4, seen, 10));
	EXPECT_EQ(10, dev_count(m->fd));
	EXPECT_EQ(0, dev_verify(m->fd));
	EXPECT_EQ(0, polled(fd));
	close(fd);
}

/* With 5 as operand, expected value and new value. */
static int do_op(struct map *m, u32 kind, u32 flags, u64 key)
{
	static const u64 five = 5;
	static u64 out;
	struct hmap_op op = op_arg(m, kind);

	make_key(m, m->key, key);
	op.flags = flags;
	if (kind != HMAP_OP_DELETE)
		op.length = 8;
	if (kind == HMAP_OP_PUT || kind == HMAP_OP_GET_OR_PUT ||
	    kind == HMAP_OP_XCHG || kind == HMAP_OP_CMPXCHG)
		op.value = addr(&five);
	if (kind == HMAP_OP_GET || kind == HMAP_OP_POP ||
	    kind == HMAP_OP_GET_OR_PUT)
		op.out = addr(&out);
	if (kind >= HMAP_OP_ADD && kind <= HMAP_OP_XOR)
		op.operand = 5;
	if (kind == HMAP_OP_CMPXCHG)
		op.expected = addr(&five);
	return map_op(m, &op);
}

TEST_F(watch, every_operation_that_changes_something_is_a_change)
{
	struct map *m = &self->m;
	int fd = dev_open(O_RDONLY);
	s64 before = 0, number;
	u32 op;

	CHANGES(do_op(m, HMAP_OP_PUT, 0, 300));
	for (op = HMAP_OP_ADD; op <= HMAP_OP_XCHG; op++)
		CHANGES(do_op(m, op, 0, 300));
	CHANGES(do_op(m, HMAP_OP_CMPXCHG, 0, 300));
	CHANGES(do_op(m, HMAP_OP_ADD, HMAP_OP_CREATE, 301));
	CHANGES(do_op(m, HMAP_OP_GET_OR_PUT, 0, 302));
	CHANGES(do_op(m, HMAP_OP_POP, 0, 301));
	CHANGES(do_op(m, HMAP_OP_DELETE, 0, 302));

	EXPECT_EQ(0, do_op(m, HMAP_OP_GET, 0, 300));
	EXPECT_EQ(0, do_op(m, HMAP_OP_GET_OR_PUT, 0, 300));
	EXPECT_EQ(-ECANCELED, do_op(m, HMAP_OP_CMPXCHG, 0, 1));
	EXPECT_EQ(-ENOENT, do_op(m, HMAP_OP_POP, 0, 301));
	EXPECT_EQ(-ENOENT, do_op(m, HMAP_OP_DELETE, 0, 301));
	EXPECT_EQ(-ENOENT, do_op(m, HMAP_OP_ADD, 0, 301));
	EXPECT_EQ(-EEXIST, do_op(m, HMAP_OP_PUT, HMAP_NOEXIST, 300));
	EXPECT_EQ(0, polled(fd));
	close(fd);
}

/* How many of @n keys failed, or a negative errno. */
static int map_vector(struct map *m, u32 op, u64 *keys, u32 n)
{
	u64 values[16];
	struct hmap_ioc_vector arg = {
		.size = sizeof(arg),
		.key_size = m->key_size,
		.value_size = m->value_size,
		.op = op,
		.keys = addr(keys),
		.values = op == HMAP_OP_DELETE ? 0 : addr(values),
		.count = n,
	};
	int ret;

	memset(values, POISON, sizeof(values));
	ret = ioc(m->fd, HMAP_IOC_VECTOR, &arg);
	return ret ? ret : (int)arg.failed;
}

static int map_batch(struct map *m, struct hmap_op *ops, u32 n)
{
	struct hmap_ioc_batch arg = {
		.size = sizeof(arg),
		.key_size = m->key_size,
		.value_size = m->value_size,
		.ops = addr(ops),
		.op_size = sizeof(*ops),
		.count = n,
	};
	int ret = ioc(m->fd, HMAP_IOC_BATCH, &arg);

	return ret ? ret : (int)arg.failed;
}

TEST_F(watch, a_batch_is_a_change_if_a_part_of_it_is)
{
	struct map *m = &self->m;
	int fd = dev_open(O_RDONLY);
	u64 keys[] = { 500, 501, 502, 503 };
	struct hmap_op ops[] = {
		{ .op = HMAP_OP_DELETE, .key = addr(&keys[0]) },
		{ .op = HMAP_OP_DELETE, .key = addr(&keys[1]) },
	};
	s64 before = 0, number;

	CHANGES(map_vector(m, HMAP_OP_PUT, keys, 4));
	EXPECT_EQ(0, map_vector(m, HMAP_OP_GET, keys, 4));
	EXPECT_EQ(0, polled(fd));
	EXPECT_EQ(0, map_vector(m, HMAP_OP_GET_OR_PUT, keys, 4));
	EXPECT_EQ(0, polled(fd));
	CHANGES(map_vector(m, HMAP_OP_DELETE, keys, 1));
	CHANGES(map_vector(m, HMAP_OP_GET_OR_PUT, keys, 4));
	CHANGES(map_vector(m, HMAP_OP_DELETE, keys, 1));
	EXPECT_EQ(1, map_vector(m, HMAP_OP_DELETE, keys, 1));
	EXPECT_EQ(0, polled(fd));
	CHANGES(map_batch(m, ops + 1, 1));
	EXPECT_EQ(2, map_batch(m, ops, 2));
	EXPECT_EQ(0, polled(fd));
	/* the last of them */
	EXPECT_EQ(2, map_vector(m, HMAP_OP_DELETE, keys, 3));
	EXPECT_EQ(READABLE, polled(fd));
	close(fd);
}

TEST_F(watch, a_map_without_a_name_can_be_watched)
{
	struct hmap_ioc_create create = {
		.size = sizeof(create), .key_size = 8, .value_size = 8,
	};
	struct map other = self->m;

	other.fd = ioctl(self->m.fd, HMAP_IOC_CREATE, &create);
	ASSERT_LE(0, other.fd);
	EXPECT_EQ(0, polled(other.fd));
	EXPECT_EQ(0, map_put(&self->m, 1, 1, HMAP_ANY));
	EXPECT_EQ(0, polled(other.fd));
	EXPECT_EQ(0, map_put(&other, 1, 1, HMAP_ANY));
	EXPECT_EQ(READABLE, polled(other.fd));
	EXPECT_LE(0, look(other.fd));
	EXPECT_EQ(0, polled(other.fd));
	close(other.fd);
}

/* ---- which state a program has seen ---- */

TEST_F(watch, each_file_looks_for_itself)
{
	int a = dev_open(O_RDONLY), b = dev_open(O_RDONLY), c;
	s64 number;

	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	c = dev_open(O_RDONLY);
	EXPECT_EQ(READABLE, polled(a));
	EXPECT_EQ(READABLE, polled(b));
	EXPECT_EQ(0, polled(c));
	number = look(a);
	EXPECT_EQ(0, polled(a));
	EXPECT_EQ(READABLE, polled(b));
	/* the same state has the same number */
	EXPECT_EQ(number, look(b));
	EXPECT_EQ(0, polled(b));
	/* a file that is open for both sees its own changes */
	EXPECT_EQ(READABLE, polled(self->m.fd));
	close(a);
	close(b);
	close(c);
}

TEST_F(watch, a_duplicate_has_seen_what_the_file_has)
{
	int fd = dev_open(O_RDONLY), copy = dup(fd);

	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	EXPECT_EQ(READABLE, polled(copy));
	EXPECT_LE(0, look(fd));
	EXPECT_EQ(0, polled(copy));
	close(fd);
	close(copy);
}

TEST_F(watch, a_file_that_cannot_be_read_is_never_readable)
{
	int fd = dev_open(O_WRONLY);

	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	EXPECT_EQ(0, polled(fd));
	EXPECT_EQ(-EBADF, look(fd));
	close(fd);
}

/* ---- read ---- */

TEST_F(watch, a_read_needs_room_for_the_number)
{
	char buf[64];
	size_t n;

	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	for (n = 0; n < 8; n++) {
		EXPECT_EQ(-1, read(self->m.fd, buf, n));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(READABLE, polled(self->m.fd));
	for (n = 8; n <= sizeof(buf); n++) {
		ASSERT_EQ(0, map_put(&self->m, 100, n, HMAP_ANY));
		memset(buf, POISON, sizeof(buf));
		EXPECT_EQ(8, read(self->m.fd, buf, n));
		EXPECT_TRUE(is_poison(buf + 8, sizeof(buf) - 8));
	}
}

TEST_F(watch, a_read_may_be_scattered)
{
	char low[3], high[5];
	struct iovec iov[] = { { low, 3 }, { high, 5 } };
	int fd = dev_open(O_RDONLY);
	s64 number = 0;

	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	EXPECT_EQ(8, readv(self->m.fd, iov, 2));
	memcpy(&number, low, 3);
	memcpy((char *)&number + 3, high, 5);
	EXPECT_EQ(number, look(fd));
	close(fd);
}

TEST_F(watch, a_read_that_fails_has_seen_nothing)
{
	char *p = guarded(7);

	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	EXPECT_EQ(-1, read(self->m.fd, p, 8));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, read(self->m.fd, p + 7, 8));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(READABLE, polled(self->m.fd));
	EXPECT_LE(0, look(self->m.fd));
}

TEST_F(watch, a_read_that_may_not_block_is_eagain)
{
	int fd = dev_open(O_RDONLY | O_NONBLOCK);

	EXPECT_EQ(-EAGAIN, look(fd));
	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	EXPECT_LE(0, look(fd));
	EXPECT_EQ(-EAGAIN, look(fd));
	close(fd);
}

/* ---- waiting ---- */

static int put_soon(void *arg)
{
	struct map *m = arg;

	usleep(100 * 1000);
	return map_put(m, 7, 77, HMAP_ANY);
}

TEST_F(watch, poll_waits_for_a_change)
{
	int fd = dev_open(O_RDONLY);
	pid_t pid = spawn(put_soon, &self->m);

	EXPECT_EQ(READABLE, polled_in(fd, 60000));
	EXPECT_EQ(0, map_get(&self->m, 7));
	EXPECT_TRUE(value_is(&self->m, self->m.value, 77));
	EXPECT_EQ(0, reap(pid));
	/* and not for ever */
	EXPECT_LE(0, look(fd));
	EXPECT_EQ(0, polled_in(fd, 10));
	close(fd);
}

TEST_F(watch, read_waits_for_a_change)
{
	int fd = dev_open(O_RDONLY);
	pid_t pid = spawn(put_soon, &self->m);

	EXPECT_LE(0, look(fd));
	EXPECT_EQ(0, map_get(&self->m, 7));
	EXPECT_TRUE(value_is(&self->m, self->m.value, 77));
	EXPECT_EQ(0, reap(pid));
	close(fd);
}

static int look_once(void *arg)
{
	s64 number = look(*(int *)arg);

	return number < 0 ? number : 0;
}

/* Each has a file of its own. Those that are late find it readable. */
TEST_F(watch, one_change_wakes_all)
{
	int fd[20];
	pid_t pid[ARRAY_LEN(fd)];
	size_t i;

	for (i = 0; i < ARRAY_LEN(fd); i++) {
		fd[i] = dev_open(O_RDONLY);
		pid[i] = spawn(look_once, &fd[i]);
	}
	usleep(100 * 1000);
	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	for (i = 0; i < ARRAY_LEN(fd); i++) {
		EXPECT_EQ(0, reap(pid[i]));
		close(fd[i]);
	}
}

static void on_signal(int sig)
{
}

static void handle(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

static int look_with_signals(int fd, int flags)
{
	s64 number;

	handle(SIGUSR1, flags);
	number = look(fd);
	return number < 0 ? number : 0;
}

static int look_interrupted(void *arg)
{
	int ret = look_with_signals(*(int *)arg, 0);

	return ret == -EINTR ? 0 : -EBADE;
}

static int look_restarted(void *arg)
{
	return look_with_signals(*(int *)arg, SA_RESTART);
}

TEST_F(watch, a_signal_ends_a_read)
{
	int fd = dev_open(O_RDONLY);
	pid_t pid = spawn(look_interrupted, &fd);

	usleep(200 * 1000);
	kill(pid, SIGUSR1);
	EXPECT_EQ(0, reap(pid));
	pid = spawn(look_restarted, &fd);
	usleep(200 * 1000);
	kill(pid, SIGUSR1);
	usleep(100 * 1000);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	EXPECT_EQ(0, reap(pid));
	pid = spawn(look_once, &fd);
	kill(pid, SIGKILL);
	EXPECT_TRUE(WIFSIGNALED(reap(pid)));
	close(fd);
}

/* ---- epoll ---- */

static int epoll_of(int fd, u32 events)
{
	struct epoll_event event = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) ? -errno : ep;
}

/* It is told of a change a moment later. */
static int epoll_events(int ep)
{
	struct epoll_event event = {};
	int n = epoll_wait(ep, &event, 1, 200);

	return n < 0 ? -errno : event.events;
}

TEST_F(watch, epoll_tells_until_it_is_read)
{
	int fd = dev_open(O_RDONLY), ep = epoll_of(fd, EPOLLIN);

	EXPECT_EQ(0, epoll_events(ep));
	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	EXPECT_EQ(EPOLLIN, epoll_events(ep));
	EXPECT_EQ(EPOLLIN, epoll_events(ep));
	EXPECT_LE(0, look(fd));
	EXPECT_EQ(0, epoll_events(ep));
	close(fd);
	close(ep);
}

TEST_F(watch, epoll_edges_are_changes_after_a_read)
{
	int fd = dev_open(O_RDONLY), ep = epoll_of(fd, EPOLLIN | EPOLLET);
	int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, map_put(&self->m, 100, i, HMAP_ANY));
		ASSERT_EQ(0, map_put(&self->m, 101, i, HMAP_ANY));
		EXPECT_EQ(EPOLLIN, epoll_events(ep));
		EXPECT_EQ(0, epoll_events(ep));
		EXPECT_LE(0, look(fd));
		EXPECT_EQ(0, epoll_events(ep));
	}
	close(fd);
	close(ep);
}

/* ---- WAIT for another state ---- */

static struct hmap_ioc_wait change_arg(u64 state, u64 deadline)
{
	return (struct hmap_ioc_wait){
		.size = sizeof(struct hmap_ioc_wait),
		.flags = HMAP_WAIT_CHANGE,
		.deadline = deadline,
		.state = state,
	};
}

/* The number of a state that is not @state, or a negative errno. */
static s64 wait_change(int fd, u64 state, u64 deadline)
{
	struct hmap_ioc_wait arg = change_arg(state, deadline), before = arg;
	int ret = ioc(fd, HMAP_IOC_WAIT, &arg);

	if (ret)
		return memcmp(&arg, &before, sizeof(arg)) ? -EBADE : ret;
	before.state = arg.state;
	return memcmp(&arg, &before, sizeof(arg)) ? -EBADE : (s64)arg.state;
}

TEST_F(watch, a_state_that_is_not_known_is_told_at_once)
{
	int fd = self->m.fd;
	s64 state = wait_change(fd, 0, 0);

	EXPECT_LT(0, state);
	EXPECT_EQ(-ETIMEDOUT, wait_change(fd, state, 0));
	EXPECT_EQ(state, wait_change(fd, state + 1, 0));
	EXPECT_EQ(state, wait_change(fd, ~0ULL, 0));
	/* the file has seen nothing by that */
	EXPECT_EQ(READABLE, polled(fd));
	EXPECT_EQ(state, look(fd));
	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	EXPECT_LT(state, wait_change(fd, state, 0));
}

static int wait_in_vain(void *arg)
{
	int fd = *(int *)arg;
	s64 state = wait_change(fd, 0, 0), before = now_ns();

	if (wait_change(fd, state, before + 50000000) != -ETIMEDOUT)
		return -EBADE;
	return now_ns() >= before + 50000000ULL ? 0 : -ETIME;
}

TEST_F(watch, a_wait_for_a_change_ends_at_its_deadline)
{
	EXPECT_EQ(0, wait_in_vain(&self->m.fd));
}

static int wait_once(void *arg)
{
	const struct hmap_ioc_wait *known = arg;
	s64 state = wait_change(known->key, known->state, HMAP_WAIT_FOREVER);

	if (state < 0)
		return state;
	return state > (s64)known->state ? 0 : -EBADE;
}

/* They share a file and do not take the change from each other. */
TEST_F(watch, all_who_wait_are_told)
{
	struct hmap_ioc_wait known = { .key = self->m.fd };
	pid_t pid[10];
	size_t i;

	known.state = wait_change(self->m.fd, 0, 0);
	for (i = 0; i < ARRAY_LEN(pid); i++)
		pid[i] = spawn(wait_once, &known);
	usleep(100 * 1000);
	for (i = 0; i < ARRAY_LEN(pid); i++)
		EXPECT_EQ(0, waitpid(pid[i], NULL, WNOHANG));
	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	for (i = 0; i < ARRAY_LEN(pid); i++)
		EXPECT_EQ(0, reap(pid[i]));
}

static int wait_interrupted(void *arg)
{
	int fd = *(int *)arg;
	s64 state = wait_change(fd, 0, 0);

	handle(SIGUSR1, 0);
	state = wait_change(fd, state, HMAP_WAIT_FOREVER);
	return state == -EINTR ? 0 : -EBADE;
}

TEST_F(watch, a_signal_ends_a_wait_for_a_change)
{
	pid_t pid = spawn(wait_interrupted, &self->m.fd);

	usleep(200 * 1000);
	kill(pid, SIGUSR1);
	EXPECT_EQ(0, reap(pid));
}

TEST_F(watch, a_wait_for_a_change_takes_nothing_else)
{
	struct hmap_ioc_wait *arg = map_pages(1), good = change_arg(0, 0);
	struct hmap_ioc_wait bad;
	int fd = dev_open(O_WRONLY);

	EXPECT_EQ(-EACCES, wait_change(fd, 0, 0));
	close(fd);
	fd = self->m.fd;
	bad = good;
	bad.key_size = 8;
	EXPECT_EQ(-EINVAL, ioc(fd, HMAP_IOC_WAIT, &bad));
	bad = good;
	bad.value_size = 8;
	EXPECT_EQ(-EINVAL, ioc(fd, HMAP_IOC_WAIT, &bad));
	bad = good;
	bad.key = addr(self->m.key);
	EXPECT_EQ(-EINVAL, ioc(fd, HMAP_IOC_WAIT, &bad));
	bad = good;
	bad.value = addr(self->m.value);
	EXPECT_EQ(-EINVAL, ioc(fd, HMAP_IOC_WAIT, &bad));
	/* and others take no state */
	bad = good;
	bad.flags = HMAP_WAIT_ABSENT;
	bad.key_size = 8;
	bad.key = addr(self->m.key);
	make_key(&self->m, self->m.key, 100);
	EXPECT_EQ(0, ioc(fd, HMAP_IOC_WAIT, &bad));
	bad.state = 1;
	EXPECT_EQ(-EINVAL, ioc(fd, HMAP_IOC_WAIT, &bad));

	*arg = good;
	ASSERT_EQ(0, mprotect(arg, page_size(), PROT_READ));
	EXPECT_EQ(-EFAULT, ioc(fd, HMAP_IOC_WAIT, arg));
}

/* ---- a map that is frozen ---- */

TEST_F(watch, a_frozen_map_has_an_end)
{
	int fd = dev_open(O_RDONLY);
	s64 state = wait_change(fd, 0, 0);

	ASSERT_EQ(0, map_put(&self->m, 100, 1, HMAP_ANY));
	ASSERT_EQ(0, dev_plain(self->m.fd, HMAP_IOC_FREEZE));
	/* first the change that no program has seen */
	EXPECT_EQ(READABLE | POLLHUP, polled(fd));
	EXPECT_LT(state, look(fd));
	EXPECT_EQ(POLLHUP, polled(fd));
	EXPECT_EQ(-EBADMSG, look(fd));	/* no bytes */
	EXPECT_EQ(-EPERM, map_put(&self->m, 100, 2, HMAP_ANY));
	EXPECT_EQ(POLLHUP, polled(fd));
	state = wait_change(fd, state, HMAP_WAIT_FOREVER);
	EXPECT_LT(0, state);
	EXPECT_EQ(-EPERM, wait_change(fd, state, HMAP_WAIT_FOREVER));
	close(fd);
	/* a file that is opened now has nothing to wait for */
	fd = dev_open(O_RDONLY | O_NONBLOCK);
	EXPECT_EQ(POLLHUP, polled(fd));
	EXPECT_EQ(-EBADMSG, look(fd));
	close(fd);
}

static int look_until_end(void *arg)
{
	s64 number = look(*(int *)arg);

	return number == -EBADMSG ? 0 : -EBADE;
}

static int poll_until_end(void *arg)
{
	return polled_in(*(int *)arg, -1) == POLLHUP ? 0 : -EBADE;
}

static int wait_until_end(void *arg)
{
	int fd = *(int *)arg;
	s64 state = wait_change(fd, 0, 0);

	state = wait_change(fd, state, HMAP_WAIT_FOREVER);
	return state == -EPERM ? 0 : -EBADE;
}

TEST_F(watch, freezing_a_map_wakes_all_who_wait)
{
	int fd = dev_open(O_RDONLY);
	pid_t pid[] = {
		spawn(look_until_end, &fd), spawn(poll_until_end, &fd),
		spawn(wait_until_end, &fd),
	};
	size_t i;

	usleep(200 * 1000);
	ASSERT_EQ(0, dev_plain(self->m.fd, HMAP_IOC_FREEZE));
	for (i = 0; i < ARRAY_LEN(pid); i++)
		EXPECT_EQ(0, reap(pid[i]));
	close(fd);
}

/* ---- nothing is lost ---- */

/*
 * Two processes answer each other: the one puts i, the other waits for it. A
 * change that is not told stops both, until the harness gives up.
 */
static int play(struct map *m, u64 mine, u64 other, bool first)
{
	u64 i;
	s64 state = 0;
	int ret;

	for (i = 1; i <= ROUNDS; i++) {
		if (first && map_put(m, mine, i, HMAP_ANY))
			return -EIO;
		for (;;) {
			ret = map_get(m, other);
			if (!ret && value_is(m, m->value, i))
				break;
			/* the one by read, the other by WAIT */
			state = first ? look(m->fd) :
				wait_change(m->fd, state, HMAP_WAIT_FOREVER);
			if (state < 0)
				return state;
		}
		if (!first && map_put(m, mine, i, HMAP_ANY))
			return -EIO;
	}
	return 0;
}

static int play_second(void *arg)
{
	struct map m;
	int ret = map_open(&m, O_RDWR);

	return ret ? ret : play(&m, 1001, 1000, false);
}

TEST_F(watch, no_change_is_lost)
{
	pid_t pid = spawn(play_second, NULL);

	EXPECT_EQ(0, play(&self->m, 1000, 1001, true));
	EXPECT_EQ(0, reap(pid));
}

/* Two writers, and a reader that reads the state and then all elements. */
static int count_up(void *arg)
{
	u64 i;
	struct map m;
	int ret = map_open(&m, O_RDWR);

	for (i = 1; !ret && i <= ROUNDS; i++)
		ret = map_put(&m, (uintptr_t)arg, i, HMAP_ANY);
	return ret;
}

static bool is_last(struct map *m, u64 key)
{
	return !map_get(m, key) && value_is(m, m->value, ROUNDS);
}

TEST_F(watch, the_last_change_is_seen)
{
	pid_t a = spawn(count_up, (void *)1), b = spawn(count_up, (void *)2);
	s64 before = -1, number;

	while (!is_last(&self->m, 1) || !is_last(&self->m, 2)) {
		number = look(self->m.fd);
		ASSERT_LT(before, number);
		before = number;
	}
	EXPECT_EQ(0, reap(a));
	EXPECT_EQ(0, reap(b));
}

TEST_HARNESS_MAIN
