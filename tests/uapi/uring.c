// SPDX-License-Identifier: GPL-2.0
/*
 * Watching a map by io_uring: what waits for a change does not hold its thread.
 */
#include <linux/io_uring.h>
#include <poll.h>

#include "hmap_test.h"

#define READ	1	/* user_data */
#define POLL	2

/* A ring with room for few, used without a library. */
struct ring {
	int fd;
	struct io_uring_params p;
	char *sq;
	char *cq;
	struct io_uring_sqe *sqes;
};

static void *ring_map(int fd, size_t size, off_t offset)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, fd, offset);

	if (p == MAP_FAILED)
		abort();
	return p;
}

static size_t sq_size(const struct io_uring_params *p)
{
	return p->sq_off.array + p->sq_entries * sizeof(u32);
}

static size_t cq_size(const struct io_uring_params *p)
{
	return p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
}

static int ring_open(struct ring *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = syscall(SYS_io_uring_setup, 8, &r->p);
	if (r->fd < 0)
		return -errno;
	r->sq = ring_map(r->fd, sq_size(&r->p), IORING_OFF_SQ_RING);
	r->cq = ring_map(r->fd, cq_size(&r->p), IORING_OFF_CQ_RING);
	r->sqes = ring_map(r->fd, r->p.sq_entries * sizeof(*r->sqes),
			   IORING_OFF_SQES);
	return 0;
}

/* Its mappings hold it, too. */
static void ring_close(struct ring *r)
{
	munmap(r->sq, sq_size(&r->p));
	munmap(r->cq, cq_size(&r->p));
	munmap(r->sqes, r->p.sq_entries * sizeof(*r->sqes));
	close(r->fd);
}

static u32 *field(char *part, u32 offset)
{
	return (u32 *)(part + offset);
}

/* Hands one request over. Returns 0 or a negative errno. */
static int submit(struct ring *r, const struct io_uring_sqe *sqe)
{
	u32 tail = *field(r->sq, r->p.sq_off.tail);
	u32 i = tail & *field(r->sq, r->p.sq_off.ring_mask);

	r->sqes[i] = *sqe;
	field(r->sq, r->p.sq_off.array)[i] = i;
	__atomic_store_n(field(r->sq, r->p.sq_off.tail), tail + 1,
			 __ATOMIC_RELEASE);
	return syscall(SYS_io_uring_enter, r->fd, 1, 0, 0, NULL, 0) == 1 ?
		       0 : -errno;
}

static bool is_done(const struct ring *r)
{
	return *field(r->cq, r->p.cq_off.head) !=
	       __atomic_load_n(field(r->cq, r->p.cq_off.tail),
			       __ATOMIC_ACQUIRE);
}

/* Waits for the next result and stores it at @cqe. */
static int complete(struct ring *r, struct io_uring_cqe *cqe)
{
	u32 head = *field(r->cq, r->p.cq_off.head);
	u32 mask = *field(r->cq, r->p.cq_off.ring_mask);

	while (!is_done(r))
		if (syscall(SYS_io_uring_enter, r->fd, 0, 1,
			    IORING_ENTER_GETEVENTS, NULL, 0) < 0)
			return -errno;
	*cqe = ((struct io_uring_cqe *)(r->cq + r->p.cq_off.cqes))[head & mask];
	__atomic_store_n(field(r->cq, r->p.cq_off.head), head + 1,
			 __ATOMIC_RELEASE);
	return 0;
}

FIXTURE(uring) {
	struct map m;
	struct ring ring;
	u64 number;
};

FIXTURE_SETUP(uring)
{
	int ret = ring_open(&self->ring);

	self->m.fd = -1;
	if (ret)
		SKIP(return, "this kernel has no io_uring");
	ASSERT_EQ(0, map_load(&self->m, 8, 8));
}

/* The files of a ring that is closed are put a little later. */
FIXTURE_TEARDOWN(uring)
{
	int ret, i;

	if (self->m.fd < 0)
		return;
	ring_close(&self->ring);
	EXPECT_EQ(0, dev_verify(self->m.fd));
	close(self->m.fd);
	for (i = 0; (ret = module_unload()) == -EWOULDBLOCK && i < 1000; i++)
		usleep(10000);
	EXPECT_EQ(0, ret);
	TELL_SEED_ON_FAILURE();
}

static int submit_read(struct ring *r, int fd, u64 *number)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ, .fd = fd, .addr = addr(number),
		.len = sizeof(*number), .user_data = READ,
	};

	return submit(r, &sqe);
}

static int submit_poll(struct ring *r, int fd)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_POLL_ADD, .fd = fd,
		.poll32_events = POLLIN, .user_data = POLL,
	};

	return submit(r, &sqe);
}

TEST_F(uring, a_read_is_done_when_the_map_changes)
{
	struct io_uring_cqe cqe = {};
	u64 before = 0;
	int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, submit_read(&self->ring, self->m.fd,
					 &self->number));
		usleep(50 * 1000);
		EXPECT_FALSE(is_done(&self->ring));
		ASSERT_EQ(0, map_put(&self->m, i, i, HMAP_ANY));
		ASSERT_EQ(0, complete(&self->ring, &cqe));
		EXPECT_EQ(READ, cqe.user_data);
		EXPECT_EQ(8, cqe.res);
		EXPECT_LT(before, self->number);
		before = self->number;
	}
}

TEST_F(uring, a_poll_is_done_when_the_map_changes)
{
	struct io_uring_cqe cqe = {};

	ASSERT_EQ(0, submit_poll(&self->ring, self->m.fd));
	usleep(50 * 1000);
	EXPECT_FALSE(is_done(&self->ring));
	ASSERT_EQ(0, map_put(&self->m, 1, 1, HMAP_ANY));
	ASSERT_EQ(0, complete(&self->ring, &cqe));
	EXPECT_EQ(POLL, cqe.user_data);
	EXPECT_EQ(POLLIN, cqe.res);
	/* and at once until it is read */
	ASSERT_EQ(0, submit_poll(&self->ring, self->m.fd));
	ASSERT_EQ(0, complete(&self->ring, &cqe));
	EXPECT_EQ(POLLIN, cqe.res);
}

/* What still waits then is given up: see the teardown. */
TEST_F(uring, a_ring_may_be_closed_while_it_waits)
{
	ASSERT_EQ(0, submit_read(&self->ring, self->m.fd, &self->number));
	ASSERT_EQ(0, submit_poll(&self->ring, self->m.fd));
	usleep(50 * 1000);
	EXPECT_FALSE(is_done(&self->ring));
}

TEST_F(uring, commands_are_not_passed_through)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_URING_CMD, .fd = self->m.fd,
		.cmd_op = HMAP_IOC_GET,
	};
	struct io_uring_cqe cqe = {};

	ASSERT_EQ(0, submit(&self->ring, &sqe));
	ASSERT_EQ(0, complete(&self->ring, &cqe));
	EXPECT_EQ(-EOPNOTSUPP, cqe.res);
}

TEST_HARNESS_MAIN
