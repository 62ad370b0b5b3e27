// SPDX-License-Identifier: GPL-2.0
/*
 * The table of hmap(4), SECURITY, as far as it is about open files: each command, each
 * operation of OP, BATCH and VECTOR, read, poll and mmap, by files that were opened in
 * each way, of each kind of map, as each identity, with arguments that are good or wrong
 * in one way, before and after a freeze. What a cell returns is computed from the tables
 * here, and compared.
 */
#include "rights.h"

/* What an action takes: of the file, and of the caller. */
#define R	1
#define W	2
#define RW	(R | W)
#define OWNER	4	/* to own the file of the map, or CAP_FOWNER */
#define ADMIN	8	/* CAP_SYS_ADMIN */
#define SYSLOG	16	/* CAP_SYSLOG */
#define LIMITS	32	/* CAP_SYS_RESOURCE */

/* Maps that each user may have: the owner of those here has some. */
#define USER_FILES	8

/* ---- ways of opening, kinds of maps, forms of arguments ---- */

enum opening { READ_ONLY, WRITE_ONLY, READ_WRITE, NEITHER, PATH_ONLY, OPENINGS };

/* Access mode 3 is Linux's for a file that only has ioctls. */
static const struct {
	const char *name;
	int flags;
	u32 rights;
} openings[] = {
	[READ_ONLY] = { "O_RDONLY", O_RDONLY, R },
	[WRITE_ONLY] = { "O_WRONLY", O_WRONLY, W },
	[READ_WRITE] = { "O_RDWR", O_RDWR, RW },
	[NEITHER] = { "mode 3", 3, 0 },
	[PATH_ONLY] = { "O_PATH", O_PATH, 0 },
};

enum kind { DEVICE, ANONYMOUS, NAMELESS, NAMED, KINDS };

static const char *const kinds[] = { "device", "anonymous", "nameless", "named" };

enum form { GOOD, NO_STRUCT, SHORT, LONG, WRONG_FLAG, BAD_POINTERS, FORMS };

static const char *const forms[] = {
	"good", "no structure", "short", "long", "wrong flag", "bad pointers",
};

/* ---- what can be done ---- */

/* Keys and values are numbers. The map has one element, and not the other. */
static u64 key_there = 1, key_absent = 2, value = 0x1122334455667788ULL;
static u64 out;

#define POISON64	0xccccccccccccccccULL

/* Where all that is. */
struct addresses {
	u64 there, absent, value, out;
};

union arg {
	struct {
		u32 size, flags;
	} head;
	struct hmap_ioc_elem elem;
	struct hmap_ioc_scan scan;
	struct hmap_ioc_wait wait;
	struct hmap_ioc_create create;
	struct hmap_ioc_op op;
	struct hmap_ioc_batch batch;
	struct hmap_ioc_vector vector;
	char room[512];
};

/* An operation of OP, BATCH and, unless it has no such form, VECTOR. */
struct operation {
	const char *name;
	u32 op;
	u32 flags;
	u32 takes;
	bool bare;	/* without a value */
	bool out;	/* what was there is wanted */
	bool no_vector;
	bool absent;	/* of the key that is not there */
	int adds;	/* elements */
};

struct action {
	const char *name;
	unsigned int command;
	u32 size;
	u32 flags;
	u32 takes;
	void (*fill)(const struct action *a, const struct addresses *at,
		     union arg *arg);
	int (*call)(int fd);	/* what is no command */
	int refused;		/* what is returned in the place of -EACCES */
	bool points;		/* has addresses in its structure */
	bool absent;
	bool changes;
	int adds;
	const struct operation *op;
};

static u64 key_of(bool absent, const struct addresses *at)
{
	return absent ? at->absent : at->there;
}

static void fill_elem(const struct action *a, const struct addresses *at,
		      union arg *arg)
{
	arg->elem.key_size = sizeof(u64);
	arg->elem.key = key_of(a->absent, at);
	if (a->command == HMAP_IOC_DELETE)
		return;
	arg->elem.value_size = sizeof(u64);
	arg->elem.value = a->command == HMAP_IOC_GET ? at->out : at->value;
}

/* Whether the key is there. */
static void fill_key(const struct action *a, const struct addresses *at,
		     union arg *arg)
{
	arg->elem.key_size = sizeof(u64);
	arg->elem.key = key_of(a->absent, at);
}

static void fill_scan(const struct action *a, const struct addresses *at,
		      union arg *arg)
{
	arg->scan.key_size = sizeof(u64);
	arg->scan.value_size = sizeof(u64);
	arg->scan.values = at->out;
	arg->scan.capacity = 1;
}

static void fill_scan_keys(const struct action *a, const struct addresses *at,
			   union arg *arg)
{
	arg->scan.key_size = sizeof(u64);
	arg->scan.keys = at->out;
	arg->scan.capacity = 1;
}

/* All is so already. */
static void fill_wait(const struct action *a, const struct addresses *at,
		      union arg *arg)
{
	if (a->flags == HMAP_WAIT_CHANGE)
		return;
	arg->wait.key_size = sizeof(u64);
	arg->wait.key = key_of(a->absent, at);
	if (a->flags == HMAP_WAIT_ABSENT)
		return;
	arg->wait.value_size = sizeof(u64);
	arg->wait.value = at->out;
}

static void fill_create(const struct action *a, const struct addresses *at,
			union arg *arg)
{
	arg->create.key_size = sizeof(u64);
	arg->create.value_size = sizeof(u64);
}

static int try_read(int fd)
{
	return read(fd, &out, sizeof(out)) < 0 ? -errno : 0;
}

static int try_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, 0) < 0)
		return -errno;
	if (p.revents & POLLNVAL)
		return -EBADF;
	return p.revents & (POLLIN | POLLHUP) ? 0 : -EAGAIN;
}

static int try_mmap(int fd)
{
	void *p = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, page_size());
	return 0;
}

#define COMMAND(_name, _struct, _takes, ...) {				\
	.name = #_name,							\
	.command = HMAP_IOC_##_name,					\
	.size = sizeof(struct hmap_ioc_##_struct),			\
	.takes = (_takes),						\
	__VA_ARGS__							\
}

#define ELEM(_name, _takes, ...)					\
	COMMAND(_name, elem, _takes, .fill = fill_elem, .points = true, __VA_ARGS__)
#define SCAN(...)	COMMAND(SCAN, scan, R, .points = true, __VA_ARGS__)
#define WAIT(_flag, ...)						\
	COMMAND(WAIT, wait, R, .fill = fill_wait, .flags = HMAP_WAIT_##_flag, __VA_ARGS__)

static const struct action actions[] = {
	COMMAND(INFO, info, 0),
	COMMAND(COUNT, count, 0),
	COMMAND(STATS, stats, 0),
	COMMAND(LAYOUT, layout, 0),
	COMMAND(VERIFY, plain, ADMIN),
	ELEM(GET, R),
	COMMAND(GET, elem, R, .fill = fill_key, .points = true),
	SCAN(.fill = fill_scan),
	SCAN(.fill = fill_scan_keys),
	SCAN(.fill = fill_scan, .flags = HMAP_SCAN_RANDOM),
	WAIT(PRESENT, .points = true),
	WAIT(ABSENT, .points = true, .absent = true),
	WAIT(OTHER, .points = true),
	WAIT(CHANGE),
	ELEM(PUT, W, .changes = true),
	ELEM(PUT, W, .flags = HMAP_NOEXIST, .absent = true, .changes = true, .adds = 1),
	ELEM(PUT, W, .flags = HMAP_EXIST, .changes = true),
	ELEM(DELETE, W, .changes = true, .adds = -1),
	COMMAND(CLEAR, plain, W, .changes = true, .adds = -1),
	COMMAND(RESERVE, count, W),
	COMMAND(SHRINK, plain, W),
	COMMAND(SET, set, W | OWNER, .flags = HMAP_SET_MAX_ENTRIES),
	COMMAND(FREEZE, plain, W | OWNER),
	COMMAND(CREATE, create, W, .fill = fill_create),
	{ .name = "read", .call = try_read, .takes = R, .refused = -EBADF },
	{ .name = "poll", .call = try_poll, .takes = R, .refused = -EAGAIN },
	{ .name = "mmap", .call = try_mmap, .takes = R },
};

/* ---- operations ---- */

#define OPERATION(_op, _takes, ...)					\
	{ .name = #_op, .op = HMAP_OP_##_op, .takes = (_takes), __VA_ARGS__ }

#define NUMBER(_op, ...)						\
	OPERATION(_op, RW, .no_vector = true, __VA_ARGS__)

static const struct operation operations[] = {
	OPERATION(GET, R, .out = true),
	OPERATION(GET, R, .bare = true),
	OPERATION(PUT, W),
	OPERATION(PUT, W, .flags = HMAP_NOEXIST, .absent = true, .adds = 1),
	OPERATION(PUT, W, .flags = HMAP_EXIST),
	OPERATION(PUT, RW, .out = true, .no_vector = true),
	OPERATION(PUT, RW, .out = true, .no_vector = true, .flags = HMAP_NOEXIST,
		  .absent = true, .adds = 1),
	OPERATION(PUT, RW, .out = true, .no_vector = true, .flags = HMAP_EXIST),
	OPERATION(DELETE, W, .bare = true, .adds = -1),
	OPERATION(POP, RW, .out = true, .adds = -1),
	OPERATION(POP, RW, .bare = true, .adds = -1),
	OPERATION(GET_OR_PUT, RW, .absent = true, .adds = 1),
	OPERATION(GET_OR_PUT, RW, .absent = true, .adds = 1, .out = true),
	NUMBER(ADD),
	NUMBER(ADD, .flags = HMAP_OP_NEW),
	NUMBER(ADD, .flags = HMAP_OP_CREATE, .absent = true, .adds = 1),
	NUMBER(AND),
	NUMBER(AND, .flags = HMAP_OP_NEW),
	NUMBER(AND, .flags = HMAP_OP_CREATE, .absent = true, .adds = 1),
	NUMBER(OR),
	NUMBER(OR, .flags = HMAP_OP_NEW),
	NUMBER(OR, .flags = HMAP_OP_CREATE, .absent = true, .adds = 1),
	NUMBER(XOR),
	NUMBER(XOR, .flags = HMAP_OP_NEW),
	NUMBER(XOR, .flags = HMAP_OP_CREATE, .absent = true, .adds = 1),
	OPERATION(XCHG, W, .no_vector = true),
	OPERATION(XCHG, W, .no_vector = true, .flags = HMAP_OP_CREATE,
		  .absent = true, .adds = 1),
	OPERATION(XCHG, RW, .no_vector = true, .out = true),
	OPERATION(XCHG, RW, .no_vector = true, .out = true, .flags = HMAP_OP_CREATE,
		  .absent = true, .adds = 1),
	OPERATION(CMPXCHG, RW, .no_vector = true),
	OPERATION(CMPXCHG, RW, .no_vector = true, .out = true),
	OPERATION(CMPXCHG, RW, .no_vector = true, .flags = HMAP_OP_CREATE),
};

static bool op_stores(u32 op)
{
	return op == HMAP_OP_PUT || op == HMAP_OP_GET_OR_PUT ||
	       op == HMAP_OP_XCHG || op == HMAP_OP_CMPXCHG;
}

static struct hmap_op op_of(const struct operation *o, const struct addresses *at)
{
	return (struct hmap_op){
		.op = o->op,
		.flags = o->flags,
		.length = o->bare ? 0 : sizeof(u64),
		.key = key_of(o->absent, at),
		.value = op_stores(o->op) ? at->value : 0,
		.out = o->out ? at->out : 0,
		.expected = o->op == HMAP_OP_CMPXCHG ? at->value : 0,
	};
}

static void fill_op(const struct action *a, const struct addresses *at,
		    union arg *arg)
{
	arg->op.key_size = sizeof(u64);
	arg->op.value_size = sizeof(u64);
	arg->op.op = op_of(a->op, at);
}

/* The only operation of a batch. */
static struct hmap_op batched;

static void fill_batch(const struct action *a, const struct addresses *at,
		       union arg *arg)
{
	batched = op_of(a->op, at);
	arg->batch.key_size = sizeof(u64);
	arg->batch.value_size = sizeof(u64);
	arg->batch.ops = addr(&batched);
	arg->batch.count = 1;
	arg->batch.op_size = sizeof(batched);
}

static s32 vector_result;

static void fill_vector(const struct action *a, const struct addresses *at,
			union arg *arg)
{
	const struct operation *o = a->op;

	arg->vector.key_size = sizeof(u64);
	arg->vector.value_size = sizeof(u64);
	arg->vector.op = o->op;
	arg->vector.op_flags = o->flags;
	arg->vector.count = 1;
	arg->vector.keys = key_of(o->absent, at);
	if (!o->bare)
		arg->vector.values = o->op == HMAP_OP_PUT ? at->value : at->out;
	arg->vector.results = addr(&vector_result);
}

static const struct action carriers[] = {
	COMMAND(OP, op, 0, .fill = fill_op, .points = true),
	COMMAND(BATCH, batch, 0, .fill = fill_batch, .points = true),
	COMMAND(VECTOR, vector, 0, .fill = fill_vector, .points = true),
};

static struct action carried(const struct action *carrier,
			     const struct operation *o)
{
	struct action a = *carrier;

	a.op = o;
	a.changes = o->op != HMAP_OP_GET;
	a.adds = o->adds;
	return a;
}

/* ---- a cell of the table ---- */

/* Wrong cells that a child tells of. */
#define TOLD	50

/* All that a child does, as an identity. */
struct run {
	const struct identity *id;
	u32 may;			/* what the identity has */
	int map[KINDS];			/* files of root's, for reading and writing */
	int passed[KINDS][OPENINGS];	/* files that root has opened, or -1 */
	bool frozen;
	bool briefly;			/* commands only, by files that were passed on */
	u32 cells, wrong;
};

struct cell {
	const struct action *action;
	bool own;	/* opened by the identity itself, not passed on */
	enum kind kind;
	enum opening opening;
	enum form form;
	int fd;
};

/* Before a command looks at what is in the structure. */
static int expected_first(const struct cell *c, u32 lacks)
{
	const struct action *a = c->action;

	if (c->opening == PATH_ONLY)
		return -EBADF;
	if (a->command == HMAP_IOC_CREATE && c->kind != DEVICE)
		return -ENOTTY;
	if (lacks & RW)
		return a->refused ?: -EACCES;
	switch (c->form) {
	case NO_STRUCT:
		return -EFAULT;
	case SHORT:
		return -EINVAL;
	case LONG:
		return -E2BIG;
	default:
		return lacks ? -EPERM : 0;
	}
}

static int expected(const struct run *r, const struct cell *c)
{
	const struct action *a = c->action;
	u32 has = openings[c->opening].rights | r->may;
	bool refused = a->op && a->op->takes & ~has;
	int ret = expected_first(c, a->takes & ~has);

	if (ret)
		return ret;
	/* the operation of a vector is a part of its structure */
	if (refused && a->command == HMAP_IOC_VECTOR)
		return -EACCES;
	if (c->form == WRONG_FLAG)
		return -EINVAL;
	if (refused)
		return -EACCES;
	if (c->form == BAD_POINTERS)
		return -EFAULT;
	if (r->frozen && a->changes)
		return -EPERM;
	return a->call == try_mmap && c->kind == DEVICE ? -ENODEV : 0;
}

/* What is not there to be wrong, or is the same for all operations. */
static bool has_form(const struct run *r, const struct action *a, enum form form)
{
	switch (form) {
	case GOOD:
		return true;
	case WRONG_FLAG:
		return !a->call;
	case BAD_POINTERS:
		return a->points && !r->briefly;
	default:
		return !a->call && !r->briefly && (!a->op || a->op == operations);
	}
}

/* The freeze would come too early. */
static bool is_void(const struct run *r, const struct cell *c)
{
	const struct action *a = c->action;

	if (c->form == GOOD)
		return a->command == HMAP_IOC_FREEZE && !r->frozen &&
		       !expected(r, c);
	return c->own || !has_form(r, a, c->form);
}

static void fill_arg(const struct cell *c, union arg *arg)
{
	static const struct addresses bad = { 8, 8, 8, 8 };
	struct addresses good = {
		addr(&key_there), addr(&key_absent), addr(&value), addr(&out),
	};
	const struct action *a = c->action;

	memset(arg, 0, a->size);
	memset(arg->room + a->size, POISON, sizeof(arg->room) - a->size);
	arg->head.size = a->size;
	arg->head.flags = a->flags;
	if (a->fill)
		a->fill(a, c->form == BAD_POINTERS ? &bad : &good, arg);
	if (c->form == SHORT)
		arg->head.size = 4;
	if (c->form == LONG)
		arg->head.size = sizeof(arg->room);
	if (c->form == WRONG_FLAG)
		arg->head.flags = 1U << 31;
}

static int command(const struct cell *c)
{
	const struct action *a = c->action;
	union arg arg;
	int ret;

	fill_arg(c, &arg);
	ret = ioctl(c->fd, a->command, c->form == NO_STRUCT ? NULL : &arg);
	if (ret < 0)
		return -errno;
	if (a->command == HMAP_IOC_CREATE)
		return closed(ret);
	if (a->command == HMAP_IOC_BATCH)
		return batched.result;
	return a->command == HMAP_IOC_VECTOR ? vector_result : 0;
}

/* The number of the map's state, which each change changes. */
static u64 state_of(int fd)
{
	struct hmap_ioc_wait arg = {
		.size = sizeof(arg), .flags = HMAP_WAIT_CHANGE,
	};

	return ioc(fd, HMAP_IOC_WAIT, &arg) ? 0 : arg.state;
}

static u64 count_of(int fd)
{
	struct hmap_ioc_count arg = { .size = sizeof(arg) };

	return ioc(fd, HMAP_IOC_COUNT, &arg) ? 0 : arg.count;
}

/* One element, and for each file something to see. */
static int prepare(int fd)
{
	struct hmap_ioc_elem elem = {
		.size = sizeof(elem), .key_size = sizeof(u64),
		.value_size = sizeof(u64), .key = addr(&key_there),
		.value = addr(&value),
	};
	int ret = ioc(fd, HMAP_IOC_PUT, &elem);

	elem.key = addr(&key_absent);
	elem.value_size = 0;
	elem.value = 0;
	ioc(fd, HMAP_IOC_DELETE, &elem);
	return ret;
}

/* The first of many, which mostly have one cause. */
static void tell_wrong(struct run *r, const struct cell *c, const char *what)
{
	const struct operation *op = c->action->op;

	if (r->wrong++ >= TOLD)
		return;
	fprintf(stderr, "# %s%s, %s%s: %s%s%s, %s: %s\n",
		r->frozen ? "frozen " : "", kinds[c->kind],
		openings[c->opening].name, c->own ? "" : ", passed on",
		c->action->name, op ? " " : "", op ? op->name : "",
		forms[c->form], what);
}

static void try_cell(struct run *r, const struct cell *c)
{
	int map = r->map[c->kind], expect = expected(r, c), ret;
	bool changes = !expect && c->action->changes, changed;
	u64 state, left = 1 + (expect ? 0 : c->action->adds);
	char text[32];

	if (is_void(r, c))
		return;
	state = state_of(map);
	out = POISON64;
	ret = c->action->call ? c->action->call(c->fd) : command(c);
	changed = state_of(map) != state;
	r->cells++;
	snprintf(text, sizeof(text), "%d, not %d", ret, expect);
	if (ret != expect)
		tell_wrong(r, c, text);
	else if (ret && out != POISON64)
		tell_wrong(r, c, "refused, and something is written");
	else if (changed != changes || count_of(map) != left)
		tell_wrong(r, c, "the map is not as it should be");
	if ((!ret || changed) && !r->frozen)
		prepare(map);
}

static void try_action(struct run *r, struct cell *c, const struct action *a)
{
	c->action = a;
	for (c->form = GOOD; c->form < FORMS; c->form++)
		try_cell(r, c);
}

/* All that can be done with a file. */
static void try_file(struct run *r, struct cell *c)
{
	struct action a;
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(actions); i++)
		try_action(r, c, &actions[i]);
	for (i = 0; i < ARRAY_LEN(operations) && !r->briefly; i++) {
		for (j = 0; j < ARRAY_LEN(carriers); j++) {
			a = carried(&carriers[j], &operations[i]);
			if (a.command == HMAP_IOC_VECTOR && operations[i].no_vector)
				continue;
			try_action(r, c, &a);
		}
	}
}

/* ---- all cells of an identity ---- */

/* The file descriptor, or a negative errno. */
static int open_kind(const int *map, enum kind kind, enum opening opening)
{
	int flags = openings[opening].flags | O_CLOEXEC | O_NONBLOCK, fd;
	const char *path = proc_path(map[kind]);

	if (kind == DEVICE)
		path = HMAP_DEVICE;
	else if (kind == NAMED)
		path = node("named");
	if (opening == PATH_ONLY)
		flags = O_PATH;
	fd = open(path, flags);
	return fd < 0 ? -errno : fd;
}

/* An anonymous map is open for both, and cannot be opened again. */
static bool can_open(enum kind kind, enum opening opening)
{
	return kind != ANONYMOUS || opening == PATH_ONLY;
}

static int try_files(struct run *r, struct cell *c)
{
	c->fd = r->passed[c->kind][c->opening];
	c->own = false;
	try_file(r, c);
	if (!can_open(c->kind, c->opening) || r->briefly)
		return 0;
	c->fd = open_kind(r->map, c->kind, c->opening);
	if (c->fd < 0)
		return c->fd;
	c->own = true;
	if (!r->frozen)
		prepare(r->map[c->kind]);
	try_file(r, c);
	close(c->fd);
	return 0;
}

static int try_kind(struct run *r, enum kind kind)
{
	struct cell c = { .kind = kind };
	int ret = 0;

	if (!r->frozen)
		ret = prepare(r->map[kind]);
	for (; !ret && c.opening < OPENINGS; c.opening++)
		if (r->passed[kind][c.opening] >= 0)
			ret = try_files(r, &c);
	return ret;
}

static int try_kinds(struct run *r)
{
	enum kind kind;
	int ret = 0;

	for (kind = 0; !ret && kind < KINDS; kind++)
		ret = try_kind(r, kind);
	return r->wrong ? -EBADE : ret;
}

/* In a child. */
static int try_all(void *arg)
{
	struct run *r = arg;
	int ret = become_identity(r->id) ?: try_kinds(r);

	printf("# %u cells, %u wrong\n", r->cells, r->wrong);
	fflush(NULL);
	return ret;
}

/* By any file. */
static int try_secrets(const struct run *r)
{
	enum opening opening;
	struct hmap_stats s;
	bool shown;

	for (opening = 0; opening < PATH_ONLY; opening++) {
		if (dev_stats(r->passed[NAMED][opening], &s))
			return -EBADF;
		shown = s.hash0 || s.buckets || s.oldbuckets || s.extra ||
			s.present & HMAP_HAS_ADDRESSES;
		if (shown != !!(r->may & SYSLOG))
			return -EBADE;
	}
	return 0;
}

/* As many maps as a user may have, and one more. */
static int try_limit(const struct run *r)
{
	struct hmap_ioc_create arg = create_arg(sizeof(u64), sizeof(u64));
	int dev = r->passed[DEVICE][WRITE_ONLY], fd[USER_FILES + 1], i;
	int expect = r->may & LIMITS ? 0 : -EDQUOT, ret = 0;

	for (i = 0; i <= USER_FILES && ret >= 0; i++) {
		ret = dev_create(dev, &arg);
		fd[i] = ret;
	}
	while (i--)
		close(fd[i]);
	return (ret < 0 ? ret : 0) == expect ? 0 : -EBADMSG;
}

/* In a child: what is not about a file. */
static int try_caller(void *arg)
{
	const struct run *r = arg;

	return become_identity(r->id) ?: try_secrets(r) ?: try_limit(r);
}

/* In a child: both, for an identity of many. */
static int try_briefly(void *arg)
{
	struct run *r = arg;

	r->briefly = true;
	return try_caller(r) ?: try_kinds(r);
}

/* In a child: the freeze itself. */
static int try_freeze(void *arg)
{
	struct run *r = arg;
	int expect = r->may & OWNER ? 0 : -EPERM, ret;
	enum kind kind;

	ret = become_identity(r->id);
	for (kind = 0; !ret && kind < KINDS; kind++) {
		if (dev_freeze(r->map[kind]) != expect)
			return -EBADE;
		if (prepare(r->map[kind]) != (expect ? 0 : -EPERM))
			return -EBADMSG;
	}
	return ret;
}

/* ---- identities ---- */

FIXTURE(rights) {
	struct map m;
	struct run run;
};

FIXTURE_VARIANT(rights) {
	struct identity id;
	u32 may;
};

/* The maps are another's. */
FIXTURE_VARIANT_ADD(rights, root) {
	.id = { .cap = ALL_CAPS }, .may = OWNER | ADMIN | SYSLOG | LIMITS,
};

FIXTURE_VARIANT_ADD(rights, root_without_capabilities) {
	.id = { .cap = NO_CAPS },
};

FIXTURE_VARIANT_ADD(rights, owner) {
	.id = { .uid = OWNER_UID, .cap = NO_CAPS }, .may = OWNER,
};

FIXTURE_VARIANT_ADD(rights, other) {
	.id = { .uid = OTHER_UID, .cap = NO_CAPS },
};

FIXTURE_VARIANT_ADD(rights, cap_fowner) {
	.id = { .uid = OTHER_UID, .cap = CAP_FOWNER }, .may = OWNER,
};

FIXTURE_VARIANT_ADD(rights, cap_sys_admin) {
	.id = { .uid = OTHER_UID, .cap = CAP_SYS_ADMIN }, .may = ADMIN,
};

/* All capabilities, in a namespace of one's own. */
FIXTURE_VARIANT_ADD(rights, namespace_root) {
	.id = { .ids = "0 1001 1\n" },
};

FIXTURE_VARIANT_ADD(rights, namespace_root_that_knows_the_owner) {
	.id = { .ids = "0 1001 1\n1 1000 1\n" }, .may = OWNER,
};

FIXTURE_VARIANT_ADD(rights, namespace_root_that_is_the_owner) {
	.id = { .ids = "0 1000 1\n" }, .may = OWNER,
};

/* A map of the owner's that any user may open, and what shows it to programs. */
static int make_kind(int dev, int root, enum kind kind)
{
	struct hmap_ioc_create arg = create_arg(sizeof(u64), sizeof(u64));

	arg.flags = HMAP_CREATE_MMAP;
	if (kind != ANONYMOUS) {
		arg.flags |= HMAP_CREATE_DIR;
		arg.dir = root;
		arg.mode = 0666;
	}
	if (kind == NAMED)
		set_name(arg.name, "named");
	return dev_create(dev, &arg);
}

/* Maps are of the user that makes them. */
static int make_maps(int dev, int *map)
{
	int root = open(HMAP_NODES, O_RDONLY | O_DIRECTORY);
	enum kind kind;
	int ret = 0;

	map[DEVICE] = dev;
	setfsuid(OWNER_UID);
	for (kind = ANONYMOUS; !ret && kind < KINDS; kind++) {
		map[kind] = make_kind(dev, root, kind);
		if (map[kind] < 0)
			ret = map[kind];
	}
	setfsuid(0);
	close(root);
	return ret;
}

static int pass_files(struct run *r)
{
	enum opening opening;
	enum kind kind;
	int fd;

	for (kind = 0; kind < KINDS; kind++) {
		for (opening = 0; opening < OPENINGS; opening++) {
			if (can_open(kind, opening))
				fd = open_kind(r->map, kind, opening);
			else
				fd = opening == READ_WRITE ? dup(r->map[kind]) : -1;
			if (fd < 0 && (can_open(kind, opening) || opening == READ_WRITE))
				return fd;
			r->passed[kind][opening] = fd;
		}
	}
	return 0;
}

static int set_up(struct run *r, struct map *m)
{
	char params[64];
	int ret;

	umask(0);
	snprintf(params, sizeof(params), "user_files=%d", USER_FILES);
	ret = map_load_params(m, params);
	if (ret)
		return ret;
	return sys_result(chmod(HMAP_DEVICE, 0666) ?:
			  chown(HMAP_DEVICE, OWNER_UID, 0)) ?:
	       nodes_mount("mode=0777") ?: make_maps(m->fd, r->map) ?:
	       pass_files(r);
}

static int tear_down(struct run *r, struct map *m)
{
	enum opening opening;
	enum kind kind;
	int ret = 0;

	for (kind = 0; kind < KINDS; kind++) {
		for (opening = 0; opening < OPENINGS; opening++)
			close(r->passed[kind][opening]);
		if (kind == DEVICE)
			continue;
		ret = ret ?: dev_verify(r->map[kind]);
		close(r->map[kind]);
	}
	return ret ?: nodes_umount() ?: map_unload(m);
}

FIXTURE_SETUP(rights)
{
	self->m.fd = -1;
	if (!can_become(&variant->id))
		SKIP(return, "this kernel has no user namespaces");
	self->run.id = &variant->id;
	self->run.may = variant->may;
	ASSERT_EQ(0, set_up(&self->run, &self->m));
}

FIXTURE_TEARDOWN(rights)
{
	if (self->m.fd >= 0)
		EXPECT_EQ(0, tear_down(&self->run, &self->m));
	TELL_SEED_ON_FAILURE();
}

TEST_F(rights, each_command_takes_what_the_manual_says)
{
	EXPECT_EQ(0, reap(spawn(try_all, &self->run)));
}

TEST_F(rights, nothing_changes_a_frozen_map)
{
	enum kind kind;

	for (kind = 0; kind < KINDS; kind++)
		ASSERT_EQ(0, prepare(self->run.map[kind]));
	EXPECT_EQ(0, reap(spawn(try_freeze, &self->run)));
	for (kind = 0; kind < KINDS; kind++)
		ASSERT_EQ(0, dev_freeze(self->run.map[kind]));
	self->run.frozen = true;
	EXPECT_EQ(0, reap(spawn(try_all, &self->run)));
}

TEST_F(rights, the_caller_has_what_its_capabilities_give)
{
	EXPECT_EQ(0, reap(spawn(try_caller, &self->run)));
}

FIXTURE(maps_of_another) {
	struct map m;
	struct run run;
};

FIXTURE_SETUP(maps_of_another)
{
	ASSERT_EQ(0, set_up(&self->run, &self->m));
}

FIXTURE_TEARDOWN(maps_of_another)
{
	EXPECT_EQ(0, tear_down(&self->run, &self->m));
	TELL_SEED_ON_FAILURE();
}

/* What each capability gives, alone; all others give nothing. */
static u32 may_with(int cap)
{
	switch (cap) {
	case CAP_FOWNER:
		return OWNER;
	case CAP_SYS_ADMIN:
		return ADMIN;
	case CAP_SYSLOG:
		return SYSLOG;
	case CAP_SYS_RESOURCE:
		return LIMITS;
	default:
		return 0;
	}
}

TEST_F(maps_of_another, no_other_capability_gives_anything)
{
	struct identity id = { .uid = OTHER_UID };
	struct run *r = &self->run;

	r->id = &id;
	for (id.cap = 0; prctl(PR_CAPBSET_READ, id.cap) >= 0; id.cap++) {
		r->may = may_with(id.cap);
		EXPECT_EQ(0, reap(spawn(try_briefly, r)))
			TH_LOG("capability %d", id.cap);
	}
	EXPECT_LT(CAP_BPF, id.cap);
}

/* Its inode is that of many files. */
TEST_F(maps_of_another, an_anonymous_map_is_not_opened_again)
{
	enum opening opening;

	for (opening = 0; opening < PATH_ONLY; opening++)
		EXPECT_EQ(-ENXIO, open_kind(self->run.map, ANONYMOUS, opening));
}

TEST_HARNESS_MAIN
