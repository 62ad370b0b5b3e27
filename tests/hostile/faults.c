// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers whose pages the kernel waits for, for ever: in each command, in its structure and
 * in whatever that points to. The other users of the map do not wait.
 */
#include <linux/userfaultfd.h>

#include "hostile.h"

FIXTURE(faults) {
	struct hostile h;
};

FIXTURE_SETUP(faults)
{
	int ret = hostile_setup(&self->h);

	if (ret == -ENODEV)
		SKIP(return, "this kernel has no memory cgroups here");
	ASSERT_EQ(0, ret);
	/* not the default: else a page of FUSE does the same */
	if (write_file("/proc/sys/vm/unprivileged_userfaultfd", "1"))
		SKIP(return, "this kernel has no userfaultfd");
}

FIXTURE_TEARDOWN(faults)
{
	EXPECT_EQ(0, hostile_teardown(&self->h));
	write_file("/proc/sys/vm/unprivileged_userfaultfd", "0");
	TELL_SEED_ON_FAILURE();
}

/*
 * From now on a task that reads or writes it sleeps, for nothing serves the fault, which
 * can be polled for by the file descriptor that this returns.
 */
static int make_missing(void *page)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd < 0)
		return -errno;
	reg.range.start = addr(page);
	reg.range.len = page_size();
	if (ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return uffd;
}

/* A call with all that it needs. One pointer, or the structure itself, is missing. */
struct call {
	const char *name;
	unsigned int cmd;
	union {
		struct hmap_ioc_elem elem;
		struct hmap_ioc_op op;
		struct hmap_ioc_batch batch;
		struct hmap_ioc_vector vector;
		struct hmap_ioc_scan scan;
		struct hmap_ioc_wait wait;
	} arg;
	__u64 *pointer;		/* in @arg; NULL: the structure */
	int fd;
	int uffd;
	void *missing;
};

#define CALLS	40

static struct call calls[CALLS];
static unsigned int nr_calls;

static u64 there[64];		/* a key, a value, whatever is there */

static struct call *add_call(const char *name, unsigned int cmd, int fd)
{
	struct call *c = &calls[nr_calls++];

	if (nr_calls > CALLS)
		abort();
	c->name = name;
	c->cmd = cmd;
	c->fd = fd;
	return c;
}

static void add_elements(int fd)
{
	static const unsigned int cmd[] = {
		HMAP_IOC_GET, HMAP_IOC_PUT, HMAP_IOC_GET, HMAP_IOC_PUT, HMAP_IOC_DELETE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(cmd); i++) {
		struct call *c = add_call(i < 2 ? "value" : "key", cmd[i], fd);

		c->arg.elem = (struct hmap_ioc_elem){
			.size = sizeof(c->arg.elem), .key_size = 8,
			.value_size = cmd[i] == HMAP_IOC_DELETE ? 0 : 8,
			.key = addr(there), .value = addr(there),
		};
		if (cmd[i] == HMAP_IOC_DELETE)
			c->arg.elem.value = 0;
		c->pointer = i < 2 ? &c->arg.elem.value : &c->arg.elem.key;
	}
}

static void add_ops(int fd)
{
	static const struct {
		u32 op;
		bool value, out, expected;
	} op[] = {
		{ HMAP_OP_GET, false, true, false },
		{ HMAP_OP_PUT, true, false, false },
		{ HMAP_OP_XCHG, true, true, false },
		{ HMAP_OP_CMPXCHG, true, false, true },
		{ HMAP_OP_POP, false, true, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(op); i++) {
		struct call *c = add_call("operation", HMAP_IOC_OP, fd);
		struct hmap_op *o = &c->arg.op.op;

		c->arg.op.size = sizeof(c->arg.op);
		c->arg.op.key_size = 8;
		c->arg.op.value_size = 8;
		o->op = op[i].op;
		o->key = addr(there);
		o->length = 8;
		o->value = op[i].value ? addr(there) : 0;
		o->out = op[i].out ? addr(there + 8) : 0;
		o->expected = op[i].expected ? addr(there) : 0;
		c->pointer = op[i].out ? &o->out :
			     op[i].expected ? &o->expected : &o->value;
	}
}

static void add_vectors(int fd)
{
	static const u32 op[] = { HMAP_OP_GET, HMAP_OP_PUT, HMAP_OP_DELETE };
	unsigned int i, pointer;

	for (i = 0; i < ARRAY_LEN(op); i++) {
		for (pointer = 0; pointer < 3; pointer++) {
			struct call *c = add_call("vector", HMAP_IOC_VECTOR, fd);
			struct hmap_ioc_vector *v = &c->arg.vector;

			*v = (struct hmap_ioc_vector){
				.size = sizeof(*v), .key_size = 8, .value_size = 8,
				.op = op[i], .count = 16, .keys = addr(there),
				.values = addr(there), .results = addr(there + 32),
			};
			if (op[i] == HMAP_OP_DELETE)
				v->values = 0;
			c->pointer = pointer == 0 ? &v->keys :
				     pointer == 1 && v->values ? &v->values : &v->results;
		}
	}
}

static void add_rest(int fd)
{
	static struct hmap_op op;
	struct call *c;
	unsigned int i;

	op = (struct hmap_op){ .op = HMAP_OP_PUT, .value = addr(there), .length = 8 };
	for (i = 0; i < 2; i++) {
		c = add_call(i ? "operations" : "key of a batch", HMAP_IOC_BATCH, fd);
		c->arg.batch = (struct hmap_ioc_batch){
			.size = sizeof(c->arg.batch), .key_size = 8, .value_size = 8,
			.ops = addr(&op), .count = 1, .op_size = sizeof(op),
		};
		c->pointer = i ? &c->arg.batch.ops : &op.key;
	}
	for (i = 0; i < 2; i++) {
		c = add_call("elements of a scan", HMAP_IOC_SCAN, fd);
		c->arg.scan = (struct hmap_ioc_scan){
			.size = sizeof(c->arg.scan), .key_size = 8, .value_size = 8,
			.keys = addr(there), .values = addr(there + 16), .capacity = 16,
		};
		c->pointer = i ? &c->arg.scan.keys : &c->arg.scan.values;
		c = add_call("key or value to wait for", HMAP_IOC_WAIT, fd);
		c->arg.wait = (struct hmap_ioc_wait){
			.size = sizeof(c->arg.wait), .flags = HMAP_WAIT_OTHER,
			.key_size = 8, .value_size = 8, .key = addr(there),
			.value = addr(there + 16), .deadline = HMAP_WAIT_FOREVER,
		};
		c->pointer = i ? &c->arg.wait.key : &c->arg.wait.value;
	}
}

/* The structure itself of each command. */
static void add_structures(int fd)
{
	static const unsigned int cmd[] = {
		HMAP_IOC_INFO, HMAP_IOC_CREATE, HMAP_IOC_STATS, HMAP_IOC_LAYOUT,
		HMAP_IOC_CLEAR, HMAP_IOC_FREEZE, HMAP_IOC_COUNT, HMAP_IOC_RESERVE,
		HMAP_IOC_SHRINK, HMAP_IOC_GET, HMAP_IOC_OP, HMAP_IOC_SET,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(cmd); i++)
		add_call("structure", cmd[i], fd);
}

static int miss_page(struct call *c)
{
	void *missing = map_pages(1);

	if (c->pointer)
		*c->pointer = addr(missing);
	c->uffd = make_missing(missing);
	c->missing = missing;
	return c->uffd < 0 ? c->uffd : 0;
}

/* Until it has met what is missing: the key may not be there at first. */
static void *call_thread(void *arg)
{
	struct call *c = arg;

	for (;;) {
		ioc(c->fd, c->cmd, c->pointer ? &c->arg : c->missing);
		usleep(1000);
	}
	return NULL;
}

static int prepare_faults(void **state)
{
	int fd = dev_open(O_RDWR);
	pthread_attr_t attr;
	pthread_t thread;
	unsigned int i;

	if (fd < 0)
		return fd;
	there[0] = INNOCENT_KEY;
	add_elements(fd);
	add_ops(fd);
	add_vectors(fd);
	add_rest(fd);
	add_structures(fd);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (i = 0; i < nr_calls; i++)
		if (miss_page(&calls[i]) ||
		    pthread_create(&thread, &attr, call_thread, &calls[i]))
			return -EAGAIN;
	return 0;
}

/* One that the kernel has not met what is missing in so far, or NULL. */
static const struct call *still_free(void)
{
	struct pollfd p;
	unsigned int i;

	for (i = 0; i < nr_calls; i++) {
		p = (struct pollfd){ .fd = calls[i].uffd, .events = POLLIN };
		if (poll(&p, 1, 0) != 1 || !(p.revents & POLLIN))
			return &calls[i];
	}
	return NULL;
}

static int change_size(struct stage *stage, void *state)
{
	struct hmap_ioc_count count = { .size = sizeof(count), .count = 100000 };
	const struct call *call;
	int ret;

	usleep(20000);
	ret = ioc(calls[0].fd, HMAP_IOC_RESERVE, &count);
	ret = ret ?: dev_plain(calls[0].fd, HMAP_IOC_SHRINK);
	call = still_free();
	if (!call)
		stage->all_stuck = true;
	snprintf(stage->free_call, sizeof(stage->free_call), "%s, command %#x",
		 call ? call->name : "", call ? call->cmd : 0);
	return ret;
}

TEST_F(faults, pages_that_never_come)
{
	static const struct attack attack = { "pages that never come", prepare_faults,
					      change_size };

	EXPECT_BOUNDED(&self->h, &attack, 2);
	EXPECT_TRUE(self->h.stage->all_stuck) TH_LOG("not: %s", self->h.stage->free_call);
}

TEST_HARNESS_MAIN
