// SPDX-License-Identifier: GPL-2.0
/*
 * Every command, with every allocation and every copy from or to the program failing
 * in turn: it succeeds or says -ENOMEM or -EFAULT, what it says is what it did, and
 * nothing is left behind. Needs a kernel with fault injection; see also fault.c.
 */
#include <poll.h>
#include <sys/mman.h>

#include "fault.h"

#define KEYS		40	/* are in the map, each with its number as value */
#define VICTIMS		8	/* of these, the first */
#define MISSING		1000	/* as many from here on are not in the map */
#define CHANGED		5000	/* more than the number: the value afterwards */
#define NAME		"faulty"

/* What a key may be. */
enum state {
	AS_IT_WAS,
	GONE,
	NEW,		/* with the value CHANGED + its number */
	ANY_VALUE,
};

/**
 * struct scenario - a command to be disturbed
 * @name: for people
 * @run: calls it
 * @undo: makes it as it has to be before @run, but for the keys; or NULL
 * @first: the first of the keys that it is about
 * @keys: how many these are
 * @after: what they are if it succeeds
 * @late: -EFAULT may come when it has been done already
 * @each: the keys are changed one by one, some perhaps and some not
 */
struct scenario {
	const char *name;
	int (*run)(struct map *m);
	void (*undo)(struct map *m);
	u64 first;
	u32 keys;
	enum state after;
	bool late;
	bool each;
};

/* ---- one element ---- */

static int run_get(struct map *m)
{
	return map_get(m, 0);
}

static int run_insert(struct map *m)
{
	return map_put(m, MISSING, CHANGED + MISSING, HMAP_NOEXIST);
}

static int run_overwrite(struct map *m)
{
	return map_put(m, 0, CHANGED, HMAP_EXIST);
}

static int run_delete(struct map *m)
{
	return map_delete(m, 0);
}

static int wait_until(struct map *m, u32 flags, u64 key)
{
	struct hmap_ioc_wait arg = {
		.size = sizeof(arg), .flags = flags, .key_size = m->key_size,
		.key = addr(m->key),
	};

	if (flags != HMAP_WAIT_ABSENT) {
		arg.value_size = m->value_size;
		arg.value = addr(m->value);
	}
	make_key(m, m->key, key);
	make_value(m, m->value, CHANGED);
	return ioc(m->fd, HMAP_IOC_WAIT, &arg);
}

static int run_wait_present(struct map *m)
{
	return wait_until(m, HMAP_WAIT_PRESENT, 0);
}

static int run_wait_absent(struct map *m)
{
	return wait_until(m, HMAP_WAIT_ABSENT, MISSING);
}

static int run_wait_other(struct map *m)
{
	return wait_until(m, HMAP_WAIT_OTHER, 0);
}

/* The deadline is over. */
static int run_wait_late(struct map *m)
{
	int ret = wait_until(m, HMAP_WAIT_PRESENT, MISSING);

	return ret == -ETIMEDOUT ? 0 : ret;
}

/* ---- operations ---- */

static char old_value[MAX_VALUE], expected_value[MAX_VALUE];

static struct hmap_op victim_op(const struct map *m, u32 op, u64 key)
{
	make_key(m, m->key, key);
	make_value(m, m->value, CHANGED + key);
	make_value(m, expected_value, key);
	return op_arg(m, op);
}

static int run_one_op(struct map *m, struct hmap_op *op)
{
	int ret = map_op(m, op);

	/* the structure was not written back: what else than -EFAULT is it? */
	return ret == -EBADMSG ? -EFAULT : ret;
}

static int run_op_get(struct map *m)
{
	struct hmap_op op = victim_op(m, HMAP_OP_GET, 0);

	op.length = m->value_size;
	op.out = addr(old_value);
	return run_one_op(m, &op);
}

static int run_op_store(struct map *m, u32 kind, u64 key)
{
	struct hmap_op op = victim_op(m, kind, key);

	op.length = m->value_size;
	op.value = addr(m->value);
	op.out = addr(old_value);
	if (kind == HMAP_OP_CMPXCHG)
		op.expected = addr(expected_value);
	return run_one_op(m, &op);
}

static int run_op_put(struct map *m)
{
	return run_op_store(m, HMAP_OP_PUT, MISSING);
}

static int run_op_get_or_put(struct map *m)
{
	return run_op_store(m, HMAP_OP_GET_OR_PUT, MISSING);
}

static int run_op_xchg(struct map *m)
{
	return run_op_store(m, HMAP_OP_XCHG, 0);
}

static int run_op_cmpxchg(struct map *m)
{
	return run_op_store(m, HMAP_OP_CMPXCHG, 0);
}

static int run_op_delete(struct map *m)
{
	struct hmap_op op = victim_op(m, HMAP_OP_DELETE, 0);

	return run_one_op(m, &op);
}

static int run_op_pop(struct map *m)
{
	struct hmap_op op = victim_op(m, HMAP_OP_POP, 0);

	op.length = m->value_size;
	op.out = addr(old_value);
	return run_one_op(m, &op);
}

static int run_op_add(struct map *m)
{
	struct hmap_op op = victim_op(m, HMAP_OP_ADD, 0);

	op.length = 8;
	op.operand = 1;
	return run_one_op(m, &op);
}

/* ---- many elements ---- */

static char many_keys[VICTIMS * 256], many_values[VICTIMS * 2048];

static void fill_many(const struct map *m, u64 first)
{
	u64 i;

	for (i = 0; i < VICTIMS; i++) {
		make_key(m, many_keys + i * m->key_size, first + i);
		make_value(m, many_values + i * m->value_size,
			   CHANGED + first + i);
	}
}

static int run_batch(struct map *m)
{
	struct hmap_op ops[VICTIMS] = {};
	struct hmap_ioc_batch arg = {
		.size = sizeof(arg), .key_size = m->key_size,
		.value_size = m->value_size, .ops = addr(ops),
		.count = VICTIMS, .op_size = sizeof(ops[0]),
	};
	u32 i;

	fill_many(m, 0);
	for (i = 0; i < VICTIMS; i++) {
		ops[i].op = HMAP_OP_PUT;
		ops[i].length = m->value_size;
		ops[i].key = addr(many_keys + i * m->key_size);
		ops[i].value = addr(many_values + i * m->value_size);
	}
	return ioc(m->fd, HMAP_IOC_BATCH, &arg);
}

static int run_vector(struct map *m, u32 op, u64 first)
{
	s32 results[VICTIMS];
	struct hmap_ioc_vector arg = {
		.size = sizeof(arg), .key_size = m->key_size,
		.value_size = m->value_size, .op = op, .count = VICTIMS,
		.keys = addr(many_keys), .results = addr(results),
		.values = op == HMAP_OP_DELETE ? 0 : addr(many_values),
	};

	fill_many(m, first);
	return ioc(m->fd, HMAP_IOC_VECTOR, &arg);
}

static int run_vector_get(struct map *m)
{
	return run_vector(m, HMAP_OP_GET, 0);
}

static int run_vector_put(struct map *m)
{
	return run_vector(m, HMAP_OP_PUT, 0);
}

static int run_vector_insert(struct map *m)
{
	return run_vector(m, HMAP_OP_PUT, MISSING);
}

static int run_vector_delete(struct map *m)
{
	return run_vector(m, HMAP_OP_DELETE, 0);
}

static int run_vector_pop(struct map *m)
{
	return run_vector(m, HMAP_OP_POP, 0);
}

static int run_vector_get_or_put(struct map *m)
{
	return run_vector(m, HMAP_OP_GET_OR_PUT, MISSING);
}

/* All elements, in parts, also by their prefix. */
static int run_scan(struct map *m)
{
	struct hmap_ioc_scan arg = {
		.size = sizeof(arg), .key_size = m->key_size,
		.value_size = m->value_size, .keys = addr(many_keys),
		.values = addr(many_values), .capacity = VICTIMS,
		.prefix = addr(m->key),
	};
	int ret;

	make_key(m, m->key, 0);
	arg.prefix_size = m->key_size > 8 ? m->key_size - 8 : 0;
	if (!arg.prefix_size)
		arg.prefix = 0;
	do {
		ret = ioc(m->fd, HMAP_IOC_SCAN, &arg);
	} while (!ret && arg.count);
	return ret;
}

/* ---- the map ---- */

static int run_clear(struct map *m)
{
	return dev_clear(m->fd);
}

static int run_info(struct map *m)
{
	struct hmap_ioc_info info;

	return dev_info(m->fd, &info);
}

static int run_stats(struct map *m)
{
	struct hmap_stats stats;

	return dev_stats(m->fd, &stats);
}

static int run_layout(struct map *m)
{
	struct hmap_layout layout;

	return dev_layout(m->fd, &layout);
}

static int run_verify(struct map *m)
{
	return dev_verify(m->fd);
}

static int run_count(struct map *m)
{
	struct hmap_ioc_count arg = { .size = sizeof(arg) };

	return ioc(m->fd, HMAP_IOC_COUNT, &arg);
}

static int run_reserve(struct map *m)
{
	struct hmap_ioc_count arg = { .size = sizeof(arg), .count = 2000 };

	return ioc(m->fd, HMAP_IOC_RESERVE, &arg);
}

static int run_set(struct map *m)
{
	return dev_set(m->fd, HMAP_SET_MAX_ENTRIES | HMAP_SET_MAX_BYTES, 1000, 1 << 24);
}

/* No limits: other scenarios reserve room for more elements. */
static void undo_set(struct map *m)
{
	dev_set(m->fd, HMAP_SET_MAX_ENTRIES | HMAP_SET_MAX_BYTES, 0, 0);
}

static int run_shrink(struct map *m)
{
	return dev_plain(m->fd, HMAP_IOC_SHRINK);
}

static void undo_reserve(struct map *m)
{
	run_shrink(m);
}

/* It has been reserved before: there is something to give up. */
static void undo_shrink(struct map *m)
{
	run_reserve(m);
}

/* ---- maps and files ---- */

static int run_create(struct map *m)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	int fd;

	arg.hint = 500;
	arg.stripes = 16;
	fd = dev_create(m->fd, &arg);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int create_named(struct map *m, u32 flags)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	int fd;

	arg.mode = 0600;
	arg.flags = flags;
	set_name(arg.name, NAME);
	fd = dev_create(m->fd, &arg);
	if (fd < 0)
		return fd == -EEXIST || access(node(NAME), F_OK) ? fd : -EBADE;
	close(fd);
	return 0;
}

static int run_create_named(struct map *m)
{
	return create_named(m, 0);
}

static int run_create_mmap(struct map *m)
{
	return create_named(m, HMAP_CREATE_MMAP);
}

static void undo_create(struct map *m)
{
	destroy(NAME);
}

static int run_destroy(struct map *m)
{
	return destroy(NAME);
}

/* It is there before, whether or not it is afterwards. */
static void undo_destroy(struct map *m)
{
	create_named(m, HMAP_CREATE_MMAP);
}

/* Made without a name, and given one. */
static int run_link(struct map *m)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	char proc[64];
	int fd, ret;

	arg.dir = open(HMAP_NODES, O_PATH);
	if (arg.dir < 0)
		return -errno;
	arg.flags = HMAP_CREATE_DIR;
	arg.mode = 0600;
	fd = dev_create(m->fd, &arg);
	close(arg.dir);
	if (fd < 0)
		return fd;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	ret = sys_result(linkat(AT_FDCWD, proc, AT_FDCWD, node(NAME),
				AT_SYMLINK_FOLLOW));
	close(fd);
	return ret && !access(node(NAME), F_OK) ? -EBADE : ret;
}

static int run_directory(struct map *m)
{
	int ret = sys_result(mkdir(HMAP_NODES "/dir", 0700));

	if (ret)
		return ret;
	ret = sys_result(symlink("elsewhere", HMAP_NODES "/dir/link"));
	return ret ? ret : sys_result(unlink(HMAP_NODES "/dir/link"));
}

static void undo_directory(struct map *m)
{
	unlink(HMAP_NODES "/dir/link");
	rmdir(HMAP_NODES "/dir");
}

static int run_mount(struct map *m)
{
	return sys_result(mount("hmapfs", HMAP_NODES, "hmapfs", 0,
				"size=1m,nr_maps=5,mode=0700"));
}

/* What is beneath it stays. */
static void undo_mount(struct map *m)
{
	struct stat st;

	if (!stat(HMAP_NODES, &st) && (st.st_mode & 0777) == 0700)
		umount(HMAP_NODES);
}

static int run_freeze(struct map *m)
{
	struct hmap_ioc_create arg = create_arg(8, 8);
	int fd = dev_create(m->fd, &arg), ret;

	if (fd < 0)
		return fd;
	ret = dev_freeze(fd);
	close(fd);
	return ret;
}

static int run_open(struct map *m)
{
	int fd = dev_open(O_RDWR);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int run_open_name(struct map *m)
{
	int fd = open(HMAP_NODES "/" NAME, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int run_mmap(struct map *m)
{
	int fd = open(HMAP_NODES "/" NAME, O_RDWR | O_CLOEXEC), ret = 0;
	void *p;

	if (fd < 0)
		return -errno;
	p = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		ret = -errno;
	else
		munmap(p, page_size());
	close(fd);
	return ret;
}

static int run_read(struct map *m)
{
	struct pollfd p = { .fd = m->fd, .events = POLLIN };
	u64 number;
	int ret = poll(&p, 1, 0);

	if (ret > 0)
		ret = read(m->fd, &number, sizeof(number));
	return ret < 0 ? -errno : 0;
}

/* ---- all of them ---- */

#define READS(what)	{ .name = #what, .run = run_##what }

#define CHANGES(what, first_, keys_, after_, ...) {			\
	.name = #what, .run = run_##what, .first = first_,		\
	.keys = keys_, .after = after_, __VA_ARGS__			\
}

static const struct scenario scenarios[] = {
	READS(info), READS(get), READS(stats), READS(layout), READS(verify),
	READS(count), READS(scan), READS(open), READS(read),
	READS(wait_present), READS(wait_absent), READS(wait_other),
	READS(wait_late), READS(op_get), READS(vector_get), READS(create),
	READS(freeze),
	CHANGES(insert, MISSING, 1, NEW),
	CHANGES(overwrite, 0, 1, NEW),
	CHANGES(delete, 0, 1, GONE),
	CHANGES(clear, 0, KEYS, GONE),
	CHANGES(op_put, MISSING, 1, NEW, .late = true),
	CHANGES(op_get_or_put, MISSING, 1, NEW, .late = true),
	CHANGES(op_xchg, 0, 1, NEW, .late = true),
	CHANGES(op_cmpxchg, 0, 1, NEW, .late = true),
	CHANGES(op_delete, 0, 1, GONE, .late = true),
	CHANGES(op_pop, 0, 1, GONE, .late = true),
	CHANGES(op_add, 0, 1, ANY_VALUE, .late = true),
	CHANGES(batch, 0, VICTIMS, NEW, .each = true),
	CHANGES(vector_put, 0, VICTIMS, NEW, .each = true),
	CHANGES(vector_insert, MISSING, VICTIMS, NEW, .each = true),
	CHANGES(vector_delete, 0, VICTIMS, GONE, .each = true),
	CHANGES(vector_pop, 0, VICTIMS, GONE, .each = true),
	CHANGES(vector_get_or_put, MISSING, VICTIMS, NEW, .each = true),
	{ .name = "reserve", .run = run_reserve, .undo = undo_reserve },
	{ .name = "shrink", .run = run_shrink, .undo = undo_shrink },
	{ .name = "set", .run = run_set, .undo = undo_set },
	{ .name = "create_named", .run = run_create_named, .undo = undo_create },
	{ .name = "create_mmap", .run = run_create_mmap, .undo = undo_create },
	{ .name = "link", .run = run_link, .undo = undo_create },
	{ .name = "directory", .run = run_directory, .undo = undo_directory },
	{ .name = "mount", .run = run_mount, .undo = undo_mount },
	/* from here on there is a map of that name */
	{ .name = "destroy", .run = run_destroy, .undo = undo_destroy },
	READS(open_name), READS(mmap),
};

FIXTURE(fault) {
	struct map m;
	int fail_nth;
};

FIXTURE_VARIANT(fault) {
	u32 key_size;
	u32 value_size;
};

FIXTURE_VARIANT_ADD(fault, words) {
	.key_size = 8, .value_size = 8,
};

FIXTURE_VARIANT_ADD(fault, out_of_line) {
	.key_size = 200, .value_size = 1000,
};

FIXTURE_SETUP(fault)
{
	self->m.fd = -1;
	if (!can_fail(true))
		SKIP(return, "this kernel has no fault injection");
	self->fail_nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fail_nth, 0);
	ASSERT_EQ(0, map_load(&self->m, variant->key_size,
			      variant->value_size));
	ASSERT_EQ(0, nodes_mount(NULL));
	ASSERT_EQ(0, map_put_range(&self->m, 0, KEYS));
}

FIXTURE_TEARDOWN(fault)
{
	if (self->m.fd >= 0)
		EXPECT_EQ(0, nodes_umount());
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

static enum state state_before(u64 i)
{
	return i < KEYS ? AS_IT_WAS : GONE;
}

static bool is_in_state(struct map *m, u64 i, enum state state)
{
	int ret = map_get(m, i);

	switch (state) {
	case GONE:
		return ret == -ENOENT;
	case NEW:
		return !ret && value_is(m, m->value, CHANGED + i);
	case ANY_VALUE:
		return !ret;
	default:
		return !ret && value_is(m, m->value, i);
	}
}

/* One of the keys that the command was about. */
static bool check_victim(struct map *m, const struct scenario *s, u64 i, int ret)
{
	bool maybe_done = s->each || (s->late && ret == -EFAULT);

	if ((ret || maybe_done) && is_in_state(m, i, state_before(i)))
		return true;
	return (!ret || maybe_done) && is_in_state(m, i, s->after);
}

/* -EBADE: what the command did is not what it said. */
static int check_keys(struct map *m, const struct scenario *s, int ret)
{
	u64 i;

	for (i = s->first; i < s->first + s->keys; i++)
		if (!check_victim(m, s, i, ret))
			return -EBADE;
	for (i = 0; i < KEYS; i++)
		if ((i < s->first || i >= s->first + s->keys) &&
		    !is_in_state(m, i, AS_IT_WAS))
			return -EBADE;
	return dev_verify(m->fd);
}

static int undo(struct map *m, const struct scenario *s)
{
	u64 i;
	int ret = 0;

	if (s->undo)
		s->undo(m);
	for (i = s->first; !ret && i < s->first + s->keys; i++) {
		if (i < KEYS)
			ret = map_put(m, i, i, HMAP_ANY);
		else
			map_delete(m, i);
	}
	return ret;
}

/* One command with all that can fail failing in turn; 0 or what is wrong. */
static int disturb(struct map *m, int fail_nth, const struct scenario *s,
		   u32 *nth, u32 *failures)
{
	bool injected = true;
	int ret, err = undo(m, s);

	for (*nth = 1; injected; ++*nth) {
		fail_begin(fail_nth, *nth);
		ret = s->run(m);
		injected = fail_end(fail_nth);
		*failures += !!ret;
		if (ret && (!injected || (ret != -ENOMEM && ret != -EFAULT)))
			return ret;
		err = check_keys(m, s, ret);
		if (!err)
			err = undo(m, s);
		if (err)
			return err;
	}
	return 0;
}

TEST_F(fault, every_command_does_what_it_says)
{
	const struct scenario *s;
	u32 nth, failures;
	int lowest = dup(0);

	close(lowest);

	for (s = scenarios; s < scenarios + ARRAY_LEN(scenarios); s++) {
		failures = 0;
		ASSERT_EQ(0, disturb(&self->m, self->fail_nth, s, &nth,
				     &failures))
			TH_LOG("%s, failure %u", s->name, nth);
		/* if only because its structure could not be read */
		ASSERT_TRUE(failures || access(FAULTS "fail_usercopy", F_OK))
			TH_LOG("%s never failed", s->name);
	}
	EXPECT_EQ(lowest, dup(0)) {
		TH_LOG("files are left open");
	}
}

TEST_HARNESS_MAIN
