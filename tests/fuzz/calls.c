// SPDX-License-Identifier: GPL-2.0
/*
 * The commands: how to make a right call of each, and what it must return then.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "fuzz.h"

/* ---- memory that calls point to ---- */

void *const bad_page = (void *)0x10000000UL;
void *const fixed_page = (void *)0x10010000UL;

/* One set of rooms is the process's own, the other is shared by all. */
static u8 *room_end[2][N_ROOMS];

static void *map_at(void *at, size_t size, int prot, int flags)
{
	void *p = mmap(at, size, prot, flags | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail(NULL, "no memory");
	return p;
}

static u8 *room_new(int flags)
{
	u8 *p = map_at(NULL, ROOM_SIZE + 65536, PROT_NONE, flags);

	mprotect(p, ROOM_SIZE, PROT_READ | PROT_WRITE);
	return p + ROOM_SIZE;
}

void rooms_begin(void)
{
	const struct call shared = { .shared = true };
	enum room r;

	map_at(bad_page, 65536, PROT_NONE, MAP_PRIVATE | MAP_FIXED);
	map_at(fixed_page, 65536, PROT_READ | PROT_WRITE,
	       MAP_PRIVATE | MAP_FIXED);
	fill_random(&shared, fixed_page, 65536);
	mprotect(fixed_page, 65536, PROT_READ);
	for (r = 0; r < N_ROOMS; r++) {
		room_end[0][r] = room_new(MAP_PRIVATE);
		room_end[1][r] = room_new(MAP_SHARED);
	}
}

/* The last @size bytes, or nearly: what is behind them is 0, and then a fault. */
void *room_take(const struct call *c, enum room which, size_t size)
{
	u8 *end = room_end[c->shared][which];
	size_t behind = one_in(4) ? rnd_below(9) : 0;

	memset(end - behind, 0, behind);
	return end - behind - size;
}

/* In memory of all processes no byte must look like the owner of a key. */
void fill_random(const struct call *c, void *to, size_t size)
{
	u64 mask = c->shared ? 0x7f7f7f7f7f7f7f7fULL : ~0ULL;
	u64 x = rnd();
	u8 *p = to;

	for (; size >= sizeof(x); size -= sizeof(x), p += sizeof(x)) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		*(u64 *)p = x & mask;
	}
	x = rnd() & mask;
	memcpy(p, &x, size);
}

/* ---- what is the same for several commands ---- */

bool may_read(const struct call *c)
{
	return c->slot->mode != O_WRONLY;
}

bool may_write(const struct call *c)
{
	return c->slot->mode != O_RDONLY;
}

/* Why a right call is refused before anything else is looked at. */
static int denied(const struct call *c, bool reads, bool writes)
{
	if ((reads && !may_read(c)) || (writes && !may_write(c)))
		return -EACCES;
	return 0;
}

static void want(const struct call *c, int ret)
{
	if (c->ret != ret)
		fail(c, "returned %d, not %d", c->ret, ret);
}

/*
 * A call was not right, or its results are missing: what has happened to the keys
 * that it was about? Nothing, if it says so; else the model learns it. So it does with
 * the limits that SET has set.
 */
void reread(struct call *c)
{
	static u8 value[HMAP_MAX_VALUE_SIZE];
	struct model *m = c->model;
	bool sure = c->ret < 0 && c->ret != -EFAULT &&
		    c->nr != HMAP_IOC_BATCH && c->nr != HMAP_IOC_VECTOR;
	u32 n, i;

	if (c->nr == HMAP_IOC_SET && !c->ret)
		model_reread_limits(m);
	for (n = 0; n < c->items; n++) {
		i = c->item[n];
		if (!sure)
			m->present[i] = model_read(m, i, model_value(m, i));
		else if (model_read(m, i, value) != m->present[i] ||
			 (m->present[i] &&
			  memcmp(value, model_value(m, i), m->value_size)))
			fail(c, "changed key %u and returned %d", i, c->ret);
	}
}

static void *take_key(struct call *c)
{
	void *key = room_take(c, ROOM_KEYS, c->slot->key_size);

	c->item[0] = choose_key(c);
	c->items = 1;
	put_key(c, key, c->item[0]);
	return key;
}

static bool build_plain(struct call *c)
{
	return true;
}

/* ---- the map as a whole ---- */

static void check_info(struct call *c)
{
	const struct hmap_ioc_info *info = &c->back.info;

	want(c, 0);
	if (info->key_size != c->slot->key_size ||
	    info->value_size != c->slot->value_size ||
	    info->abi_version != HMAP_ABI_VERSION)
		fail(c, "another map");
	if (info->max_entries != c->model->max_entries ||
	    info->max_bytes != c->model->max_bytes)
		fail(c, "other limits");
}

static void check_zero(struct call *c)
{
	want(c, 0);
}

/* What others would lose is left alone. */
static bool build_private(struct call *c)
{
	return c->model && !c->model->shared;
}

/* Not too soon: little can be done with a frozen map. */
static bool build_freeze(struct call *c)
{
	return one_in(8) && build_private(c);
}

/* Not of maps that others change as well: their models would not have the new limits. */
static bool build_set(struct call *c)
{
	struct hmap_ioc_set *set = &c->arg.set;

	if (!build_private(c))
		return false;
	set->flags = 1 + rnd_below(3);
	if (set->flags & HMAP_SET_MAX_ENTRIES && one_in(2))
		set->max_entries = 1 + rnd_below(3000);
	if (set->flags & HMAP_SET_MAX_BYTES && one_in(2))
		set->max_bytes = 4096 << rnd_below(12);
	return true;
}

/* Also of a frozen map. */
static void check_set(struct call *c)
{
	const struct hmap_ioc_set *set = &c->arg.set;

	want(c, denied(c, false, true));
	if (c->ret)
		return;
	if (set->flags & HMAP_SET_MAX_ENTRIES)
		c->model->max_entries = set->max_entries;
	if (set->flags & HMAP_SET_MAX_BYTES)
		c->model->max_bytes = set->max_bytes;
}

static void check_clear(struct call *c)
{
	int ret = denied(c, false, true);

	if (!ret && c->model->frozen)
		ret = -EPERM;
	if (c->ret != -ENOMEM)
		want(c, ret);
	if (!c->ret)
		model_cleared(c->model);
}

static void check_freeze(struct call *c)
{
	want(c, denied(c, false, true));
	if (!c->ret)
		c->model->frozen = true;
}

/* ---- elements ---- */

static bool build_elem(struct call *c)
{
	struct hmap_ioc_elem *elem = &c->arg.elem;

	elem->key_size = c->slot->key_size;
	elem->key = (uintptr_t)take_key(c);
	return true;
}

static bool build_get(struct call *c)
{
	struct hmap_ioc_elem *elem = &c->arg.elem;

	if (one_in(8) || !c->slot->value_size)
		return build_elem(c);
	elem->value_size = c->slot->value_size;
	elem->value = (uintptr_t)room_take(c, ROOM_OUT, elem->value_size);
	return build_elem(c);
}

static bool build_put(struct call *c)
{
	struct hmap_ioc_elem *elem = &c->arg.elem;
	void *value;

	elem->flags = rnd_below(3);
	elem->value_size = c->slot->value_size;
	if (elem->value_size) {
		value = room_take(c, ROOM_VALUES, elem->value_size);
		fill_random(c, value, elem->value_size);
		elem->value = (uintptr_t)value;
	}
	return build_elem(c);
}

/* ---- scans ---- */

/* Of the keys of this process, or of some guests'. */
static void build_prefix(struct call *c, struct hmap_ioc_scan *scan)
{
	u8 *prefix;

	scan->prefix_size = 1 + rnd_below(c->slot->key_size);
	prefix = room_take(c, ROOM_EXPECTED, c->slot->key_size);
	put_key(c, prefix, choose_key(c));
	scan->prefix = (uintptr_t)prefix;
}

static bool build_scan(struct call *c)
{
	struct hmap_ioc_scan *scan = &c->arg.scan;
	u32 most = 65536 / (c->slot->key_size + c->slot->value_size);
	u32 which = c->slot->value_size ? 1 + rnd_below(3) : 1;

	scan->capacity = 1 + rnd_below(most < 100 ? most + 1 : 100);
	scan->key_size = c->slot->key_size;
	if (which & 1)
		scan->keys = (uintptr_t)room_take(c, ROOM_OUT,
						  (size_t)scan->capacity *
						  c->slot->key_size);
	if (which & 2) {
		scan->value_size = c->slot->value_size;
		scan->values = (uintptr_t)room_take(c, ROOM_VALUES,
						    (size_t)scan->capacity *
						    scan->value_size);
	}
	if (one_in(8))
		build_prefix(c, scan);
	scan->flags = one_in(2) ? HMAP_SCAN_RANDOM : 0;
	scan->cursor = c->slot->cursor;
	return true;
}

/* A key of this process has the value that it gave it. */
static void check_element(struct call *c, const u8 *key, const u8 *value)
{
	const struct hmap_ioc_scan *scan = &c->arg.scan;
	u32 i = key_index(key, c->model->key_size);

	if (memcmp(key, (void *)(uintptr_t)scan->prefix, scan->prefix_size))
		fail(c, "brings a key that begins otherwise");
	if (!own_key(key))
		return;
	if (i >= c->model->keys || !c->model->present[i])
		fail(c, "brings key %u, which is not there", i);
	if (value && memcmp(value, model_value(c->model, i),
			    c->model->value_size))
		fail(c, "brings another value of key %u", i);
}

static void check_scan(struct call *c)
{
	const struct hmap_ioc_scan *scan = &c->back.scan;
	const u8 *keys = (u8 *)(uintptr_t)scan->keys;
	const u8 *values = (u8 *)(uintptr_t)scan->values;
	u32 i;

	want(c, denied(c, true, false));
	if (c->ret)
		return;
	if (scan->count > scan->capacity)
		fail(c, "brings too many");
	for (i = 0; keys && i < scan->count; i++)
		check_element(c, keys + (size_t)i * scan->key_size,
			      values ? values + (size_t)i * scan->value_size :
				       NULL);
	c->slot->cursor = scan->cursor;
	if (!scan->count)
		c->slot->cursor = (struct hmap_cursor){};
}

/* ---- room ---- */

/* What is there in any case: keys of this process. */
static void check_count(struct call *c)
{
	u32 i, n = 0;

	want(c, 0);
	for (i = 0; i < c->model->keys; i++)
		n += c->model->present[i];
	if (c->back.count.count < n)
		fail(c, "is below %u", n);
}

static bool build_reserve(struct call *c)
{
	c->arg.count.count = rnd_below(3000);
	return true;
}

static void check_room(struct call *c)
{
	int ret = denied(c, false, true);

	if (ret || !model_limited(c->model))
		want(c, ret);
}

/* ---- maps ---- */

static u32 random_size(u32 min, u32 max)
{
	static const u32 sizes[] = { 0, 1, 2, 3, 4, 8, 8, 8, 16, 24, 128, 129 };
	u32 size = sizes[rnd_below(ARRAY_LEN(sizes))];

	if (one_in(30))
		size = rnd_below(one_in(8) ? max + 1 : 1000);
	return size < min ? min : size;
}

/* By its name, or by that which a process gives it later. */
static bool may_be_found(const struct hmap_ioc_create *create)
{
	return *create->name || create->flags & HMAP_CREATE_DIR;
}

static bool build_create(struct call *c)
{
	struct hmap_ioc_create *create = &c->arg.create;

	if (!c->slot->device)
		return false;
	create->key_size = random_size(1, HMAP_MAX_KEY_SIZE);
	create->value_size = random_size(0, HMAP_MAX_VALUE_SIZE);
	create->max_entries = one_in(2) ? 0 : 1 + rnd_below(3000);
	create->hint = one_in(2) ? 0 : rnd_below(create->max_entries + 1);
	create->stripes = one_in(2) ? 0 : 1 << rnd_below(7);
	create->hash = rnd_below(2);
	create->flags = rnd_below(4);	/* NO_SHRINK, NUMA_NODE: node 0 */
	if (create->key_size <= HMAP_MAX_INLINE_SIZE &&
	    create->value_size <= HMAP_MAX_INLINE_SIZE && one_in(2))
		create->flags |= HMAP_CREATE_MMAP;
	if (one_in(4))
		create->max_bytes = 4096 << rnd_below(12);
	if (one_in(3))
		random_name(create->name);
	if (one_in(3)) {
		create->flags |= HMAP_CREATE_DIR;
		create->dir = maps_root();
	}
	if (may_be_found(create))
		create->mode = rnd_below(01000);
	return true;
}

static void check_create(struct call *c)
{
	const struct hmap_ioc_create *create = &c->arg.create;
	int ret = denied(c, false, true);

	if (ret)
		want(c, ret);
	else if (!may_be_found(create) && c->ret < 0 &&
		 !(c->ret == -ENOSPC && create->max_bytes))
		fail(c, "returned %d", c->ret);
}

/* ---- waiting ---- */

static u64 random_deadline(void)
{
	struct timespec now;
	u64 ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	/* only for those whom a signal gets out again */
	if (one_in(50) && !visitor && self % 2)
		return HMAP_WAIT_FOREVER;
	return one_in(4) ? rnd_below(ns) : ns + rnd_below(300000);
}

static void build_wait_value(struct call *c, struct hmap_ioc_wait *wait)
{
	u32 size = c->slot->value_size;
	void *value = room_take(c, ROOM_OUT, size);

	fill_random(c, value, size);
	if (c->model && one_in(2))
		memcpy(value, model_value(c->model, c->item[0]), size);
	c->known = c->model &&
		   !memcmp(value, model_value(c->model, c->item[0]), size);
	wait->value = (uintptr_t)value;
	wait->value_size = size;
}

static bool build_wait(struct call *c)
{
	struct hmap_ioc_wait *wait = &c->arg.wait;

	wait->flags = rnd_below(4);
	wait->deadline = random_deadline();
	if (wait->flags == HMAP_WAIT_CHANGE) {
		wait->state = c->slot->state;
		return true;
	}
	wait->key_size = c->slot->key_size;
	wait->key = (uintptr_t)take_key(c);
	if (wait->flags != HMAP_WAIT_ABSENT && c->slot->value_size)
		build_wait_value(c, wait);
	return true;
}

static void want_waiting(const struct call *c)
{
	if (c->ret != -ETIMEDOUT && c->ret != -EINTR &&
	    !(c->ret == -EPERM && c->model->frozen))
		fail(c, "returned %d instead of waiting", c->ret);
}

static void check_wait_change(struct call *c)
{
	u64 state = c->back.wait.state;

	if (c->ret)
		want_waiting(c);
	else if (state <= c->arg.wait.state)
		fail(c, "went back to state %llu", state);
	else
		c->slot->state = state;
}

static void check_wait(struct call *c)
{
	const struct hmap_ioc_wait *wait = &c->arg.wait;
	u32 i = c->item[0];
	bool other = wait->flags == HMAP_WAIT_OTHER;
	bool present = c->items && c->model->present[i];

	if (!may_read(c)) {
		want(c, -EACCES);
	} else if (wait->flags == HMAP_WAIT_CHANGE) {
		check_wait_change(c);
	} else if (other && !present) {
		want(c, -ENOENT);
	} else if (present == (wait->flags == HMAP_WAIT_ABSENT) ||
		   (other && (c->known || !wait->value_size))) {
		want_waiting(c);
	} else {
		want(c, 0);
		if (wait->value && memcmp((void *)(uintptr_t)wait->value,
					  model_value(c->model, i),
					  c->model->value_size))
			fail(c, "brings another value");
	}
}

/* ---- the table ---- */

#define FLAGS(type)	FIELD(type, flags, FIELD_FLAGS)
#define KEY_SIZE(type)	FIELD(type, key_size, FIELD_NUMBER)
#define VALUE_SIZE(type) FIELD(type, value_size, FIELD_NUMBER)

static const struct field plain_fields[] = { FLAGS(hmap_ioc_plain) };

static const struct field elem_fields[] = {
	FLAGS(hmap_ioc_elem), KEY_SIZE(hmap_ioc_elem), VALUE_SIZE(hmap_ioc_elem),
	FIELD(hmap_ioc_elem, key, FIELD_ADDRESS),
	FIELD(hmap_ioc_elem, value, FIELD_ADDRESS),
};

static const struct field count_fields[] = {
	FLAGS(hmap_ioc_count), FIELD(hmap_ioc_count, count, FIELD_FAR),
};

static const struct field set_fields[] = {
	FLAGS(hmap_ioc_set),
	FIELD(hmap_ioc_set, max_entries, FIELD_NUMBER),
	FIELD(hmap_ioc_set, max_bytes, FIELD_NUMBER),
};

static const struct field scan_fields[] = {
	FLAGS(hmap_ioc_scan), KEY_SIZE(hmap_ioc_scan), VALUE_SIZE(hmap_ioc_scan),
	FIELD(hmap_ioc_scan, prefix, FIELD_ADDRESS),
	FIELD(hmap_ioc_scan, prefix_size, FIELD_NUMBER),
	FIELD(hmap_ioc_scan, reserved, FIELD_FLAGS),
	FIELD(hmap_ioc_scan, keys, FIELD_ADDRESS),
	FIELD(hmap_ioc_scan, values, FIELD_ADDRESS),
	FIELD(hmap_ioc_scan, capacity, FIELD_NUMBER),
	FIELD(hmap_ioc_scan, cursor, FIELD_BYTES),
};

static const struct field create_fields[] = {
	FLAGS(hmap_ioc_create), KEY_SIZE(hmap_ioc_create), VALUE_SIZE(hmap_ioc_create),
	FIELD(hmap_ioc_create, hint, FIELD_FAR),
	FIELD(hmap_ioc_create, max_entries, FIELD_NUMBER),
	FIELD(hmap_ioc_create, stripes, FIELD_NUMBER),
	FIELD(hmap_ioc_create, hash, FIELD_NUMBER),
	FIELD(hmap_ioc_create, mode, FIELD_NUMBER),
	FIELD(hmap_ioc_create, max_bytes, FIELD_NUMBER),
	FIELD(hmap_ioc_create, node, FIELD_NUMBER),
	FIELD(hmap_ioc_create, name, FIELD_BYTES),
	FIELD(hmap_ioc_create, dir, FIELD_NUMBER),
	FIELD(hmap_ioc_create, reserved, FIELD_FLAGS),
};

/* The deadline stays: a later one would stop the run. */
static const struct field wait_fields[] = {
	FLAGS(hmap_ioc_wait), KEY_SIZE(hmap_ioc_wait), VALUE_SIZE(hmap_ioc_wait),
	FIELD(hmap_ioc_wait, key, FIELD_ADDRESS),
	FIELD(hmap_ioc_wait, value, FIELD_ADDRESS),
	FIELD(hmap_ioc_wait, state, FIELD_NUMBER),
};

static const struct field ioc_op_fields[] = {
	FLAGS(hmap_ioc_op), KEY_SIZE(hmap_ioc_op), VALUE_SIZE(hmap_ioc_op),
	FIELD(hmap_ioc_op, op.op, FIELD_NUMBER),
	FIELD(hmap_ioc_op, op.flags, FIELD_FLAGS),
	FIELD(hmap_ioc_op, op.offset, FIELD_NUMBER),
	FIELD(hmap_ioc_op, op.length, FIELD_NUMBER),
	FIELD(hmap_ioc_op, op.key, FIELD_ADDRESS),
	FIELD(hmap_ioc_op, op.value, FIELD_ADDRESS),
	FIELD(hmap_ioc_op, op.out, FIELD_ADDRESS),
	FIELD(hmap_ioc_op, op.expected, FIELD_ADDRESS),
};

static const struct field batch_fields[] = {
	FLAGS(hmap_ioc_batch), KEY_SIZE(hmap_ioc_batch), VALUE_SIZE(hmap_ioc_batch),
	FIELD(hmap_ioc_batch, ops, FIELD_ADDRESS),
	FIELD(hmap_ioc_batch, count, FIELD_NUMBER),
	FIELD(hmap_ioc_batch, op_size, FIELD_NUMBER),
};

static const struct field vector_fields[] = {
	FLAGS(hmap_ioc_vector), KEY_SIZE(hmap_ioc_vector), VALUE_SIZE(hmap_ioc_vector),
	FIELD(hmap_ioc_vector, op, FIELD_NUMBER),
	FIELD(hmap_ioc_vector, op_flags, FIELD_FLAGS),
	FIELD(hmap_ioc_vector, count, FIELD_NUMBER),
	FIELD(hmap_ioc_vector, reserved, FIELD_FLAGS),
	FIELD(hmap_ioc_vector, keys, FIELD_ADDRESS),
	FIELD(hmap_ioc_vector, values, FIELD_ADDRESS),
	FIELD(hmap_ioc_vector, results, FIELD_ADDRESS),
};

#define COMMAND(name_, nr_, type, weight_, fields_, build_, check_, ...) {	\
	.name = name_, .nr = nr_, .size = sizeof(struct type),			\
	.weight = weight_, .fields = fields_, .n_fields = ARRAY_LEN(fields_),	\
	.build = build_, .check = check_, .errors = { __VA_ARGS__ },		\
}

const struct command commands[] = {
	COMMAND("INFO", HMAP_IOC_INFO, hmap_ioc_info, 10, plain_fields,
		build_plain, check_info, 0),
	COMMAND("GET", HMAP_IOC_GET, hmap_ioc_elem, 100, elem_fields,
		build_get, check_elem, EACCES, ENOENT),
	COMMAND("PUT", HMAP_IOC_PUT, hmap_ioc_elem, 150, elem_fields,
		build_put, check_elem, EACCES, EPERM, ENOENT, EEXIST, ENOSPC,
		EINTR),
	COMMAND("DELETE", HMAP_IOC_DELETE, hmap_ioc_elem, 80, elem_fields,
		build_elem, check_elem, EACCES, EPERM, ENOENT),
	COMMAND("SCAN", HMAP_IOC_SCAN, hmap_ioc_scan, 20, scan_fields,
		build_scan, check_scan, EACCES, EINTR),
	COMMAND("CLEAR", HMAP_IOC_CLEAR, hmap_ioc_plain, 3, plain_fields,
		build_private, check_clear, EACCES, EPERM),
	COMMAND("STATS", HMAP_IOC_STATS, hmap_ioc_stats, 5, plain_fields,
		build_plain, check_zero, 0),
	COMMAND("LAYOUT", HMAP_IOC_LAYOUT, hmap_ioc_layout, 2, plain_fields,
		build_plain, check_zero, EINTR),
	COMMAND("VERIFY", HMAP_IOC_VERIFY, hmap_ioc_plain, 1, plain_fields,
		build_plain, check_zero, EINTR),
	COMMAND("CREATE", HMAP_IOC_CREATE, hmap_ioc_create, 10, create_fields,
		build_create, check_create, EACCES, EEXIST, ENOSPC, EMFILE,
		ENFILE, EBADF, ENOTDIR, ENODEV),
	COMMAND("FREEZE", HMAP_IOC_FREEZE, hmap_ioc_plain, 1, plain_fields,
		build_freeze, check_freeze, EACCES, EINTR),
	COMMAND("OP", HMAP_IOC_OP, hmap_ioc_op, 150, ioc_op_fields, build_op,
		check_op, EACCES, EPERM, ENOENT, EEXIST, ENOSPC, ECANCELED,
		EINTR),
	COMMAND("BATCH", HMAP_IOC_BATCH, hmap_ioc_batch, 40, batch_fields,
		build_batch, check_batch, EINTR),
	COMMAND("VECTOR", HMAP_IOC_VECTOR, hmap_ioc_vector, 40, vector_fields,
		build_vector, check_vector, EACCES, EPERM, EINTR),
	COMMAND("COUNT", HMAP_IOC_COUNT, hmap_ioc_count, 10, count_fields,
		build_plain, check_count, 0),
	COMMAND("RESERVE", HMAP_IOC_RESERVE, hmap_ioc_count, 5, count_fields,
		build_reserve, check_room, EACCES, EINVAL, ENOSPC, EINTR),
	COMMAND("SHRINK", HMAP_IOC_SHRINK, hmap_ioc_plain, 5, plain_fields,
		build_plain, check_room, EACCES, EINTR),
	COMMAND("SET", HMAP_IOC_SET, hmap_ioc_set, 5, set_fields,
		build_set, check_set, EACCES),
	COMMAND("WAIT", HMAP_IOC_WAIT, hmap_ioc_wait, 20, wait_fields,
		build_wait, check_wait, EACCES, EPERM, ENOENT, ETIMEDOUT, EINTR),
};

const u32 n_commands = ARRAY_LEN(commands);

/* ---- calling ---- */

static const struct command *choose_command(void)
{
	u32 total = 0, i, x;

	for (i = 0; i < n_commands; i++)
		total += commands[i].weight;
	x = rnd_below(total);
	for (i = 0; x >= commands[i].weight; i++)
		x -= commands[i].weight;
	return &commands[i];
}

/*
 * Guests share the memory of their calls; the device's map has none. But RESERVE
 * might take what another process has written there, part of an address, for a
 * count, and all memory for the map.
 */
static bool build_call(struct call *c)
{
	memset(c, 0, offsetof(struct call, arg));
	memset(&c->arg, 0, 256);
	c->items = 0;
	c->command = choose_command();
	c->slot = maps_any();
	c->model = slot_model(c->slot);
	c->nr = c->command->nr;
	c->shared = !c->model && !c->slot->device &&
		    c->nr != HMAP_IOC_RESERVE && one_in(2);
	c->broken = c->shared;
	c->room = c->command->size;
	c->arg.size = c->room;
	return c->command->build(c);
}

/* Any documented error, and no other. */
static void check_errno(const struct call *c)
{
	const int *known = c->command->errors;

	if (c->ret >= 0 || c->ret == -ENOMEM)
		return;
	if (c->broken && (c->ret == -EINVAL || c->ret == -EFAULT ||
			  c->ret == -E2BIG || c->ret == -ENOTTY))
		return;
	while (*known && c->ret != -*known)
		known++;
	if (!*known)
		fail(c, "returned %d, which is not documented", c->ret);
}

static void count_call(const struct call *c)
{
	__atomic_add_fetch(&world->calls, 1, __ATOMIC_RELAXED);
	count_result(c->command - commands, c->ret);
}

/* VERIFY begins at the beginning: with an alarm every now and then it would have no end. */
int call_to_the_end(int fd, unsigned int nr, void *arg)
{
	sigset_t alarms, before;
	int ret, err;

	sigemptyset(&alarms);
	if (nr == HMAP_IOC_VERIFY)
		sigaddset(&alarms, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarms, &before);
	do {
		ret = ioctl(fd, nr, arg);
	} while (ret < 0 && errno == EINTR && nr != HMAP_IOC_WAIT);
	err = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = err;
	return ret;
}

static void run_call(struct call *c)
{
	c->user = room_take(c, ROOM_ARG, c->room);
	memcpy(c->user, &c->arg, c->room);
	if (c->broken && one_in(20))
		c->user = one_in(2) ? bad_page : fixed_page;
	c->ret = call_to_the_end(c->slot->fd, c->nr, c->user);
	if (c->ret < 0)
		c->ret = -errno;
	if (c->user != bad_page)
		memcpy(&c->back, c->user, c->room);
}

/* That it was broken did not matter, and others than keys are concerned. */
static bool was_right(const struct call *c)
{
	return !c->broken || (!c->ret && (c->nr == HMAP_IOC_CLEAR ||
					  c->nr == HMAP_IOC_FREEZE));
}

void make_call(void)
{
	static struct call call;
	struct call *c = &call;

	while (!build_call(c))
		;
	if (one_in(6))
		break_call(c);
	run_call(c);
	count_call(c);
	check_errno(c);
	if (c->command->nr == HMAP_IOC_CREATE && c->ret >= 0)
		maps_adopt(c->ret, may_be_found(&c->arg.create));
	if (!c->model)
		return;
	if (!was_right(c))
		reread(c);
	else if (c->command->check)
		c->command->check(c);
}
