// SPDX-License-Identifier: GPL-2.0
/*
 * The rules of the interface: sizes of structures, flags, reserved fields,
 * addresses, and the order in which what is wrong is found.
 */
#include <limits.h>
#include <setjmp.h>
#include <stddef.h>

#include "hmap_test.h"

#define KEY_SIZE	16
#define VALUE_SIZE	24

/* The largest structure, with room behind it. */
union any_arg {
	u32 size;
	struct hmap_ioc_info info;
	struct hmap_ioc_elem elem;
	struct hmap_ioc_scan scan;
	struct hmap_ioc_stats stats;
	struct hmap_ioc_layout layout;
	struct hmap_ioc_plain plain;
	struct hmap_ioc_op op;
	struct hmap_ioc_batch batch;
	struct hmap_ioc_vector vector;
	struct hmap_ioc_count count;
	struct hmap_ioc_set set;
	struct hmap_ioc_wait wait;
	unsigned char bytes[8192];
};

struct command {
	const char *name;
	unsigned int cmd;
	u32 size;
	u32 min_size;	/* of version 2 of the interface */
	bool writes_back;
};

static const struct command commands[] = {
	{ "INFO", HMAP_IOC_INFO, sizeof(struct hmap_ioc_info), 8, true },
	{ "GET", HMAP_IOC_GET, sizeof(struct hmap_ioc_elem), 32, false },
	{ "PUT", HMAP_IOC_PUT, sizeof(struct hmap_ioc_elem), 32, false },
	{ "DELETE", HMAP_IOC_DELETE, sizeof(struct hmap_ioc_elem), 32, false },
	{ "SCAN", HMAP_IOC_SCAN, sizeof(struct hmap_ioc_scan), 80, true },
	{ "CLEAR", HMAP_IOC_CLEAR, sizeof(struct hmap_ioc_plain), 8, false },
	{ "STATS", HMAP_IOC_STATS, sizeof(struct hmap_ioc_stats), 8, true },
	{ "LAYOUT", HMAP_IOC_LAYOUT, sizeof(struct hmap_ioc_layout), 8, true },
	{ "VERIFY", HMAP_IOC_VERIFY, sizeof(struct hmap_ioc_plain), 8, false },
	{ "OP", HMAP_IOC_OP, sizeof(struct hmap_ioc_op), 80, true },
	{ "BATCH", HMAP_IOC_BATCH, sizeof(struct hmap_ioc_batch), 40, true },
	{ "VECTOR", HMAP_IOC_VECTOR, sizeof(struct hmap_ioc_vector), 64, true },
	{ "COUNT", HMAP_IOC_COUNT, sizeof(struct hmap_ioc_count), 16, true },
	{ "RESERVE", HMAP_IOC_RESERVE, sizeof(struct hmap_ioc_count), 16, false },
	{ "SHRINK", HMAP_IOC_SHRINK, sizeof(struct hmap_ioc_plain), 8, false },
	{ "SET", HMAP_IOC_SET, sizeof(struct hmap_ioc_set), 24, false },
	{ "WAIT", HMAP_IOC_WAIT, sizeof(struct hmap_ioc_wait), 48, false },
};

#define COMMANDS_END	(commands + ARRAY_LEN(commands))

/* The key and the value size of what takes both. */
static void good_sizes(const struct map *m, union any_arg *arg)
{
	arg->op.key_size = m->key_size;
	arg->op.value_size = m->value_size;
}

/* An argument that makes the command succeed while key 1 is in the map. */
static void good_arg(struct map *m, const struct command *c,
		     union any_arg *arg)
{
	static struct hmap_op op;
	static struct scan scan;

	memset(arg, 0, sizeof(*arg));
	switch (c->cmd) {
	case HMAP_IOC_GET:
	case HMAP_IOC_PUT:
	case HMAP_IOC_DELETE:
		make_key(m, m->key, 1);
		make_value(m, m->value, 1);
		arg->elem = elem_arg(m);
		if (c->cmd != HMAP_IOC_DELETE)
			break;
		arg->elem.value_size = 0;
		arg->elem.value = 0;
		break;
	case HMAP_IOC_SCAN:
		if (!scan.keys)
			scan = scan_begin(m, 4);
		arg->scan = scan.arg;
		break;
	case HMAP_IOC_OP:
		make_key(m, m->key, 1);
		good_sizes(m, arg);
		arg->op.op = op_arg(m, HMAP_OP_GET);
		break;
	case HMAP_IOC_BATCH:
		make_key(m, m->key, 1);
		good_sizes(m, arg);
		op = op_arg(m, HMAP_OP_GET);
		arg->batch.ops = addr(&op);
		arg->batch.count = 1;
		arg->batch.op_size = sizeof(op);
		break;
	case HMAP_IOC_VECTOR:
		make_key(m, m->key, 1);
		good_sizes(m, arg);
		arg->vector.op = HMAP_OP_GET;
		arg->vector.count = 1;
		arg->vector.keys = addr(m->key);
		break;
	case HMAP_IOC_SET:
		arg->set.flags = HMAP_SET_MAX_ENTRIES;
		break;
	case HMAP_IOC_WAIT:
		make_key(m, m->key, 1);
		arg->wait.key_size = m->key_size;
		arg->wait.key = addr(m->key);
		break;
	}
	arg->size = c->size;
}

FIXTURE(abi) {
	struct map m;
};

FIXTURE_SETUP(abi)
{
	ASSERT_EQ(0, map_load(&self->m, KEY_SIZE, VALUE_SIZE));
	ASSERT_EQ(0, map_put(&self->m, 1, 1, HMAP_ANY));
}

FIXTURE_TEARDOWN(abi)
{
	EXPECT_EQ(0, map_unload(&self->m));
	TELL_SEED_ON_FAILURE();
}

/* Programs of 32 and of 64 bits agree on these. */
TEST(structures_have_the_sizes_of_version_2)
{
	EXPECT_EQ(136, sizeof(struct hmap_ioc_info));
	EXPECT_EQ(32, sizeof(struct hmap_ioc_elem));
	EXPECT_EQ(80, sizeof(struct hmap_ioc_scan));
	EXPECT_EQ(152, sizeof(struct hmap_stats));
	EXPECT_EQ(160, sizeof(struct hmap_ioc_stats));
	EXPECT_EQ(208, sizeof(struct hmap_layout));
	EXPECT_EQ(224, sizeof(struct hmap_ioc_layout));
	EXPECT_EQ(8, sizeof(struct hmap_ioc_plain));
	EXPECT_EQ(64, sizeof(struct hmap_op));
	EXPECT_EQ(80, sizeof(struct hmap_ioc_op));
	EXPECT_EQ(40, sizeof(struct hmap_ioc_batch));
	EXPECT_EQ(64, sizeof(struct hmap_ioc_vector));
	EXPECT_EQ(16, sizeof(struct hmap_ioc_count));
	EXPECT_EQ(24, sizeof(struct hmap_ioc_set));
	EXPECT_EQ(48, sizeof(struct hmap_ioc_wait));
	EXPECT_EQ(128, sizeof(struct hmap_ioc_create));
	EXPECT_EQ(24, sizeof(struct hmap_cursor));
	EXPECT_EQ(56, offsetof(struct hmap_ioc_scan, cursor));
	EXPECT_EQ(2, HMAP_ABI_VERSION);
}

TEST_F(abi, every_command_can_succeed)
{
	const struct command *c;
	union any_arg arg;

	for (c = commands; c < COMMANDS_END; c++) {
		ASSERT_EQ(0, map_put(&self->m, 1, 1, HMAP_ANY));
		good_arg(&self->m, c, &arg);
		EXPECT_EQ(0, ioc(self->m.fd, c->cmd, &arg))
			TH_LOG("%s", c->name);
	}
}

static const struct command *command_of(unsigned int cmd)
{
	const struct command *c;

	for (c = commands; c < COMMANDS_END; c++)
		if (c->cmd == cmd)
			return c;
	return NULL;
}

/* Commands that have a program of their own beside this one. */
static const unsigned int elsewhere[] = {
	HMAP_IOC_CREATE, HMAP_IOC_FREEZE,
};

static bool is_known(unsigned int cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(elsewhere); i++)
		if (elsewhere[i] == cmd)
			return true;
	return command_of(cmd);
}

TEST_F(abi, unknown_commands_are_enotty)
{
	union any_arg arg = { .size = 64 };
	unsigned int nr, cmd, magic;

	for (nr = 0; nr < 256; nr++) {
		cmd = _IO(HMAP_IOC_MAGIC, nr);
		if (!is_known(cmd))
			EXPECT_EQ(-ENOTTY, ioc(self->m.fd, cmd, &arg));
	}
	for (magic = 0; magic < 256; magic++) {
		if (magic == HMAP_IOC_MAGIC || magic == 'f' || magic == 'T' ||
		    magic == 'X')
			continue;	/* the kernel's own: FIONREAD, FIGETBSZ */
		EXPECT_EQ(-ENOTTY, ioc(self->m.fd, _IO(magic, 1), &arg))
			TH_LOG("magic %u", magic);
	}
	EXPECT_EQ(-ENOTTY, ioc(self->m.fd, _IOWR(HMAP_IOC_MAGIC, 0,
						 struct hmap_ioc_info), &arg));
	EXPECT_EQ(-ENOTTY, ioc(self->m.fd, _IOR(HMAP_IOC_MAGIC, 0, u32),
			       &arg));
	EXPECT_EQ(-ENOTTY, ioc(self->m.fd, _IO(HMAP_IOC_MAGIC, 255), NULL));
}

/* ---- the size of the structure ---- */

TEST_F(abi, a_short_structure_is_refused)
{
	const struct command *c;
	union any_arg arg;
	u32 size;

	for (c = commands; c < COMMANDS_END; c++) {
		for (size = 0; size < c->min_size; size++) {
			good_arg(&self->m, c, &arg);
			arg.size = size;
			EXPECT_EQ(-EINVAL, ioc(self->m.fd, c->cmd, &arg))
				TH_LOG("%s size %u", c->name, size);
		}
	}
	EXPECT_EQ(0, map_check_range(&self->m, 1, 1));
}

/* What the caller does not know is not written. */
TEST_F(abi, a_result_is_no_longer_than_the_structure)
{
	const struct command *c;
	union any_arg arg;
	u32 size;

	for (c = commands; c < COMMANDS_END; c++) {
		for (size = c->min_size; size < c->size; size++) {
			good_arg(&self->m, c, &arg);
			arg.size = size;
			memset(arg.bytes + size, POISON, sizeof(arg) - size);
			EXPECT_EQ(0, ioc(self->m.fd, c->cmd, &arg))
				TH_LOG("%s size %u", c->name, size);
			EXPECT_EQ(size, arg.size);
			EXPECT_TRUE(is_poison(arg.bytes + size,
					      sizeof(arg) - size));
		}
	}
}

TEST_F(abi, a_longer_structure_is_taken_if_the_rest_is_zero)
{
	const struct command *c;
	union any_arg arg;
	u32 size;

	for (c = commands; c < COMMANDS_END; c++) {
		for (size = c->size; size <= 4096; size += 1 + size / 3) {
			ASSERT_EQ(0, map_put(&self->m, 1, 1, HMAP_ANY));
			good_arg(&self->m, c, &arg);
			arg.size = size;
			memset(arg.bytes + size, POISON, sizeof(arg) - size);
			EXPECT_EQ(0, ioc(self->m.fd, c->cmd, &arg))
				TH_LOG("%s size %u", c->name, size);
			EXPECT_TRUE(is_poison(arg.bytes + size,
					      sizeof(arg) - size));
		}
	}
}

TEST_F(abi, a_longer_structure_is_refused_if_the_rest_is_not_zero)
{
	const struct command *c;
	union any_arg arg;
	u32 i;

	for (c = commands; c < COMMANDS_END; c++) {
		for (i = c->size; i < 1024; i += 1 + i / 8) {
			good_arg(&self->m, c, &arg);
			arg.size = 1024;
			arg.bytes[i] = 1;
			EXPECT_EQ(-E2BIG, ioc(self->m.fd, c->cmd, &arg))
				TH_LOG("%s byte %u", c->name, i);
		}
	}
	EXPECT_EQ(0, map_check_range(&self->m, 1, 1));
}

TEST_F(abi, a_structure_of_more_than_a_page_is_refused)
{
	const u32 sizes[] = { page_size() + 1, 1U << 20, UINT32_MAX };
	const struct command *c;
	union any_arg arg;
	size_t i;

	for (c = commands; c < COMMANDS_END; c++) {
		for (i = 0; i < ARRAY_LEN(sizes); i++) {
			good_arg(&self->m, c, &arg);
			arg.size = sizes[i];
			EXPECT_EQ(-E2BIG, ioc(self->m.fd, c->cmd, &arg))
				TH_LOG("%s size %u", c->name, sizes[i]);
		}
	}
}

/* ---- the address of the structure ---- */

TEST_F(abi, a_structure_that_cannot_be_read_is_efault)
{
	const struct command *c;
	union any_arg arg;
	u32 n;
	char *p;

	for (c = commands; c < COMMANDS_END; c++) {
		EXPECT_EQ(-EFAULT, ioc(self->m.fd, c->cmd, NULL));
		EXPECT_EQ(-EFAULT, ioc(self->m.fd, c->cmd, (void *)-8L));
		EXPECT_EQ(-EFAULT, ioc(self->m.fd, c->cmd,
				       (void *)(LONG_MAX - 7)));
		good_arg(&self->m, c, &arg);
		for (n = 0; n < c->size; n++) {
			p = guarded(n);
			memcpy(p, &arg, n);
			EXPECT_EQ(-EFAULT, ioc(self->m.fd, c->cmd, p))
				TH_LOG("%s: only %u bytes", c->name, n);
			unguard(p, n);
		}
		/* a tail that cannot be read */
		arg.size = c->size + 1;
		p = guarded(c->size);
		memcpy(p, &arg, c->size);
		EXPECT_EQ(-EFAULT, ioc(self->m.fd, c->cmd, p));
		unguard(p, c->size);
	}
	EXPECT_EQ(0, map_check_range(&self->m, 1, 1));
}

TEST_F(abi, a_structure_needs_no_alignment_and_no_more_room_than_its_size)
{
	const struct command *c;
	union any_arg arg;
	char *p;

	for (c = commands; c < COMMANDS_END; c++) {
		ASSERT_EQ(0, map_put(&self->m, 1, 1, HMAP_ANY));
		good_arg(&self->m, c, &arg);
		p = guarded(c->size);
		memcpy(p, &arg, c->size);
		EXPECT_EQ(0, ioc(self->m.fd, c->cmd, p))
			TH_LOG("%s", c->name);
		p = guarded(c->size + 1);
		ASSERT_EQ(0, map_put(&self->m, 1, 1, HMAP_ANY));
		good_arg(&self->m, c, &arg);
		memcpy(p, &arg, c->size);
		EXPECT_EQ(0, ioc(self->m.fd, c->cmd, p))
			TH_LOG("%s unaligned", c->name);
	}
}

/* Only commands with results in the structure have to write there. */
TEST_F(abi, a_structure_without_results_may_be_read_only)
{
	const struct command *c;
	union any_arg *arg = map_pages(2);

	for (c = commands; c < COMMANDS_END; c++) {
		ASSERT_EQ(0, map_put(&self->m, 1, 1, HMAP_ANY));
		good_arg(&self->m, c, arg);
		ASSERT_EQ(0, mprotect(arg, 2 * page_size(), PROT_READ));
		EXPECT_EQ(c->writes_back ? -EFAULT : 0,
			  ioc(self->m.fd, c->cmd, arg))
			TH_LOG("%s", c->name);
		ASSERT_EQ(0, mprotect(arg, 2 * page_size(),
				      PROT_READ | PROT_WRITE));
	}
}

/* ---- fields of the structure ---- */

/*
 * What the call returns; -EBADE if it changed its structure or the map, which
 * a call that is refused must not do.
 */
static int refused(struct map *m, unsigned int cmd, union any_arg *arg)
{
	union any_arg before = *arg;
	int ret = ioc(m->fd, cmd, arg);

	if (memcmp(&before, arg, sizeof(before)) || dev_count(m->fd) != 1 ||
	    map_check_range(m, 1, 1))
		return -EBADE;
	return ret;
}

static bool is_known_flag(unsigned int cmd, u32 flags)
{
	return (cmd == HMAP_IOC_PUT && flags <= HMAP_EXIST) ||
	       (cmd == HMAP_IOC_SCAN && flags <= HMAP_SCAN_RANDOM) ||
	       (cmd == HMAP_IOC_BATCH && flags <= HMAP_BATCH_RESUME) ||
	       (cmd == HMAP_IOC_VECTOR && flags <= HMAP_BATCH_RESUME) ||
	       (cmd == HMAP_IOC_SET && flags <= HMAP_SET_MAX_BYTES) ||
	       (cmd == HMAP_IOC_WAIT && flags <= HMAP_WAIT_OTHER);
}

/* The second field is flags, or reserved: everywhere at the same place. */
TEST_F(abi, unknown_flags_and_reserved_fields_are_refused)
{
	const struct command *c;
	union any_arg arg;
	unsigned int bit;

	for (c = commands; c < COMMANDS_END; c++) {
		for (bit = 0; bit < 32; bit++) {
			if (is_known_flag(c->cmd, 1U << bit))
				continue;
			good_arg(&self->m, c, &arg);
			arg.plain.flags = 1U << bit;
			if (c->cmd == HMAP_IOC_SCAN)
				arg.scan.count = 0;
			EXPECT_EQ(-EINVAL, refused(&self->m, c->cmd, &arg));
		}
		good_arg(&self->m, c, &arg);
		arg.plain.flags = 7;
		if (c->cmd == HMAP_IOC_SCAN)
			arg.scan.count = 0;
		EXPECT_EQ(-EINVAL, refused(&self->m, c->cmd, &arg));
	}
}

TEST_F(abi, another_key_size_is_refused)
{
	const u32 sizes[] = {
		0, 1, KEY_SIZE - 1, KEY_SIZE + 1, 2 * KEY_SIZE, UINT32_MAX,
	};
	union any_arg arg;
	size_t i;

	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		good_arg(&self->m, command_of(HMAP_IOC_GET), &arg);
		arg.elem.key_size = sizes[i];
		EXPECT_EQ(-EINVAL, refused(&self->m, HMAP_IOC_GET, &arg));
		EXPECT_EQ(-EINVAL, refused(&self->m, HMAP_IOC_PUT, &arg));
		good_arg(&self->m, command_of(HMAP_IOC_DELETE), &arg);
		arg.elem.key_size = sizes[i];
		EXPECT_EQ(-EINVAL, refused(&self->m, HMAP_IOC_DELETE, &arg));
		good_arg(&self->m, command_of(HMAP_IOC_SCAN), &arg);
		arg.scan.key_size = sizes[i];
		arg.scan.count = 0;
		EXPECT_EQ(-EINVAL, refused(&self->m, HMAP_IOC_SCAN, &arg));
	}
}

TEST_F(abi, another_value_size_is_refused)
{
	const u32 sizes[] = {
		0, 1, VALUE_SIZE - 1, VALUE_SIZE + 1, UINT32_MAX,
	};
	union any_arg arg;
	size_t i;

	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		/* 0 with an address is as wrong as any other size */
		good_arg(&self->m, command_of(HMAP_IOC_GET), &arg);
		arg.elem.value_size = sizes[i];
		EXPECT_EQ(-EINVAL, refused(&self->m, HMAP_IOC_GET, &arg));
		EXPECT_EQ(-EINVAL, refused(&self->m, HMAP_IOC_PUT, &arg));
		good_arg(&self->m, command_of(HMAP_IOC_SCAN), &arg);
		arg.scan.value_size = sizes[i];
		arg.scan.count = 0;
		EXPECT_EQ(-EINVAL, refused(&self->m, HMAP_IOC_SCAN, &arg));
	}
	/* presence can be asked for, but not put */
	good_arg(&self->m, command_of(HMAP_IOC_PUT), &arg);
	arg.elem.value_size = 0;
	arg.elem.value = 0;
	EXPECT_EQ(-EINVAL, refused(&self->m, HMAP_IOC_PUT, &arg));
}

TEST_F(abi, a_delete_has_no_value)
{
	union any_arg arg;

	good_arg(&self->m, command_of(HMAP_IOC_DELETE), &arg);
	arg.elem.value_size = VALUE_SIZE;
	EXPECT_EQ(-EINVAL, refused(&self->m, HMAP_IOC_DELETE, &arg));
	arg.elem.value_size = 0;
	arg.elem.value = addr(self->m.value);
	EXPECT_EQ(-EINVAL, refused(&self->m, HMAP_IOC_DELETE, &arg));
}

TEST_F(abi, a_scan_without_room_is_refused)
{
	union any_arg arg;

	good_arg(&self->m, command_of(HMAP_IOC_SCAN), &arg);
	arg.scan.capacity = 0;
	arg.scan.count = 0;
	EXPECT_EQ(-EINVAL, refused(&self->m, HMAP_IOC_SCAN, &arg));
}

/* Once the structure has been taken, count is right whatever is returned. */
TEST_F(abi, a_refused_scan_counts_nothing_and_stays_where_it_was)
{
	union any_arg arg;

	good_arg(&self->m, command_of(HMAP_IOC_SCAN), &arg);
	arg.scan.flags = 2;
	arg.scan.count = 77;
	arg.scan.cursor.place = 1234;
	arg.scan.cursor.tie = 5678;
	EXPECT_EQ(-EINVAL, ioc(self->m.fd, HMAP_IOC_SCAN, &arg));
	EXPECT_EQ(0, arg.scan.count);
	EXPECT_EQ(1234, arg.scan.cursor.place);
	EXPECT_EQ(5678, arg.scan.cursor.tie);
}

/* ---- addresses of keys and values ---- */

/* Addresses at which @size bytes are not all there. */
#define BAD_ADDRESSES	7

static void bad_addresses(u64 bad[BAD_ADDRESSES], size_t size)
{
	char *none = map_pages(1);

	if (mprotect(none, page_size(), PROT_NONE))
		abort();
	bad[0] = 0;
	bad[1] = 8;
	bad[2] = addr(guarded(size - 1));
	bad[3] = addr(guarded(0));
	bad[4] = addr(none);
	bad[5] = 0xffffffff80000000ULL;	/* a kernel's */
	bad[6] = UINT64_MAX;
}

TEST_F(abi, a_key_that_cannot_be_read_is_efault)
{
	u64 bad[BAD_ADDRESSES];
	union any_arg arg;
	size_t i;

	bad_addresses(bad, KEY_SIZE);
	for (i = 0; i < BAD_ADDRESSES; i++) {
		good_arg(&self->m, command_of(HMAP_IOC_GET), &arg);
		arg.elem.key = bad[i];
		EXPECT_EQ(-EFAULT, refused(&self->m, HMAP_IOC_GET, &arg));
		EXPECT_EQ(-EFAULT, refused(&self->m, HMAP_IOC_PUT, &arg));
		good_arg(&self->m, command_of(HMAP_IOC_DELETE), &arg);
		arg.elem.key = bad[i];
		EXPECT_EQ(-EFAULT, refused(&self->m, HMAP_IOC_DELETE, &arg));
	}
}

TEST_F(abi, a_value_that_cannot_be_read_changes_nothing)
{
	u64 bad[BAD_ADDRESSES];
	union any_arg arg;
	size_t i;

	bad_addresses(bad, VALUE_SIZE);
	for (i = 0; i < BAD_ADDRESSES; i++) {
		good_arg(&self->m, command_of(HMAP_IOC_PUT), &arg);
		arg.elem.value = bad[i];
		EXPECT_EQ(-EFAULT, refused(&self->m, HMAP_IOC_PUT, &arg));
		arg.elem.flags = HMAP_NOEXIST;
		make_key(&self->m, self->m.key, 2);
		EXPECT_EQ(-EFAULT, refused(&self->m, HMAP_IOC_PUT, &arg));
		EXPECT_EQ(-ENOENT, map_has(&self->m, 2));
	}
}

TEST_F(abi, a_value_that_cannot_be_written_is_efault)
{
	u64 bad[BAD_ADDRESSES];
	char *read_only = map_pages(1);
	union any_arg arg;
	size_t i;

	bad_addresses(bad, VALUE_SIZE);
	for (i = 0; i < BAD_ADDRESSES; i++) {
		good_arg(&self->m, command_of(HMAP_IOC_GET), &arg);
		arg.elem.value = bad[i];
		EXPECT_EQ(-EFAULT, refused(&self->m, HMAP_IOC_GET, &arg));
	}
	ASSERT_EQ(0, mprotect(read_only, page_size(), PROT_READ));
	good_arg(&self->m, command_of(HMAP_IOC_GET), &arg);
	arg.elem.value = addr(read_only);
	EXPECT_EQ(-EFAULT, refused(&self->m, HMAP_IOC_GET, &arg));
}

TEST_F(abi, what_is_only_read_may_be_read_only)
{
	struct map *m = &self->m;
	char *p = map_pages(1);
	struct hmap_ioc_elem elem = elem_arg(m);

	make_key(m, p, 5);
	make_value(m, p + KEY_SIZE, 5);
	ASSERT_EQ(0, mprotect(p, page_size(), PROT_READ));
	elem.key = addr(p);
	elem.value = addr(p + KEY_SIZE);
	ASSERT_EQ(0, ioc(m->fd, HMAP_IOC_PUT, &elem));
	EXPECT_EQ(0, map_check_range(m, 5, 1));
}

/* A set has no values, so it does not matter where they are not. */
TEST(the_value_of_a_set_is_not_looked_at)
{
	struct hmap_ioc_elem elem;
	struct scan scan;
	struct map m;

	ASSERT_EQ(0, map_load(&m, KEY_SIZE, 0));
	elem = elem_arg(&m);
	elem.value = 8;
	make_key(&m, m.key, 1);
	EXPECT_EQ(0, ioc(m.fd, HMAP_IOC_PUT, &elem));
	EXPECT_EQ(0, ioc(m.fd, HMAP_IOC_GET, &elem));
	elem.value_size = 1;
	EXPECT_EQ(-EINVAL, ioc(m.fd, HMAP_IOC_PUT, &elem));
	EXPECT_EQ(-EINVAL, ioc(m.fd, HMAP_IOC_GET, &elem));
	scan = scan_begin(&m, 3);
	scan.arg.values = 8;
	EXPECT_EQ(0, scan_next(&m, &scan));
	EXPECT_EQ(1, scan.arg.count);
	EXPECT_EQ(0, map_unload(&m));
}

/* ---- what comes first when several things are wrong ---- */

TEST_F(abi, errors_are_found_in_their_order)
{
	struct map *m = &self->m;
	int ro = dev_open(O_RDONLY);
	union any_arg arg;
	char *none = guarded(0);

	ASSERT_GE(ro, 0);
	/* no such command, not open for writing, no structure */
	EXPECT_EQ(-ENOTTY, ioc(ro, _IO(HMAP_IOC_MAGIC, 99), none));
	EXPECT_EQ(-EACCES, ioc(ro, HMAP_IOC_PUT, none));
	EXPECT_EQ(-EACCES, ioc(ro, HMAP_IOC_DELETE, none));
	EXPECT_EQ(-EACCES, ioc(ro, HMAP_IOC_CLEAR, none));
	EXPECT_EQ(-EACCES, ioc(ro, HMAP_IOC_SET, none));

	/* the structure before its fields, and its size before its tail */
	good_arg(m, command_of(HMAP_IOC_PUT), &arg);
	arg.elem.flags = 99;
	arg.size = sizeof(arg.elem) + 8;
	arg.bytes[sizeof(arg.elem)] = 1;
	EXPECT_EQ(-E2BIG, ioc(m->fd, HMAP_IOC_PUT, &arg));
	arg.size = 8;
	EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_PUT, &arg));

	/* fields before addresses */
	good_arg(m, command_of(HMAP_IOC_PUT), &arg);
	arg.elem.flags = 3;
	arg.elem.key = 0;
	EXPECT_EQ(-EINVAL, ioc(m->fd, HMAP_IOC_PUT, &arg));

	/* addresses that are read before what the map says */
	arg.elem.flags = HMAP_NOEXIST;
	EXPECT_EQ(-EFAULT, ioc(m->fd, HMAP_IOC_PUT, &arg));
	good_arg(m, command_of(HMAP_IOC_PUT), &arg);
	arg.elem.flags = HMAP_NOEXIST;
	arg.elem.value = 0;
	EXPECT_EQ(-EFAULT, ioc(m->fd, HMAP_IOC_PUT, &arg));

	/* what the map says before addresses that are written */
	good_arg(m, command_of(HMAP_IOC_GET), &arg);
	arg.elem.value = 0;
	make_key(m, m->key, 2);
	EXPECT_EQ(-ENOENT, ioc(m->fd, HMAP_IOC_GET, &arg));
	close(ro);
}

/* ---- what else can be done to a file ---- */

TEST_F(abi, the_file_cannot_be_written_or_sought)
{
	char buf[8];

	EXPECT_EQ(-1, write(self->m.fd, buf, sizeof(buf)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pread(self->m.fd, buf, sizeof(buf), 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, lseek(self->m.fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size(), PROT_READ, MAP_SHARED,
				   self->m.fd, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(0, map_check_range(&self->m, 1, 1));
}

/* ---- a 32-bit program on a 64-bit kernel ---- */

#ifdef __x86_64__
static sigjmp_buf no_ia32;

static void on_no_ia32(int sig)
{
	siglongjmp(no_ia32, 1);
}

static long ioctl32(int fd, unsigned int cmd, u32 arg)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a" (ret)
		     : "a" (54), "b" (fd), "c" (cmd), "d" (arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

/* User Mode Linux has no 32-bit system calls: they would reach the host. */
static bool has_ia32(void)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];
	bool um = false;

	while (f && fgets(line, sizeof(line), f))
		um |= !!strstr(line, "User Mode Linux");
	if (f)
		fclose(f);
	if (um)
		return false;
	signal(SIGSEGV, on_no_ia32);
	if (sigsetjmp(no_ia32, 1))
		return false;
	return ioctl32(-1, 0, 0) == -EBADF;
}

/* Everything lies below 4 GiB, as in a 32-bit program. */
TEST_F(abi, programs_of_32_bits_work)
{
	struct map *m = &self->m;
	char *p = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	union any_arg *arg = (void *)p;
	char *key = p + 1024, *value = key + KEY_SIZE;
	u32 arg32 = addr(p);

	ASSERT_NE(MAP_FAILED, (void *)p);
	if (!has_ia32())
		SKIP(return, "this kernel runs no 32-bit programs");
	make_key(m, key, 9);
	make_value(m, value, 9);
	arg->elem = elem_arg(m);
	arg->elem.key = addr(key);
	arg->elem.value = addr(value);
	EXPECT_EQ(0, ioctl32(m->fd, HMAP_IOC_PUT, arg32));
	memset(value, POISON, VALUE_SIZE);
	EXPECT_EQ(0, ioctl32(m->fd, HMAP_IOC_GET, arg32));
	EXPECT_TRUE(value_is(m, value, 9));
	arg->elem.flags = 99;
	EXPECT_EQ(-EINVAL, ioctl32(m->fd, HMAP_IOC_PUT, arg32));
	EXPECT_EQ(-EFAULT, ioctl32(m->fd, HMAP_IOC_GET, 0));
	EXPECT_EQ(-ENOTTY, ioctl32(m->fd, _IO(HMAP_IOC_MAGIC, 99), arg32));
	arg->stats = (struct hmap_ioc_stats){ .size = sizeof(arg->stats) };
	EXPECT_EQ(0, ioctl32(m->fd, HMAP_IOC_STATS, arg32));
	EXPECT_EQ(2, arg->stats.stats.count);
}
#endif

TEST_HARNESS_MAIN
