// SPDX-License-Identifier: GPL-2.0
/*
 * The files that a process has open, and what has to be in their maps.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hmap.h>

#include "fuzz.h"

#define MODEL_BYTES	(256 << 10)	/* of the values of a model, about */
#define MODEL_KEYS	500
#define VISIT_CALLS	60
#define OWNER		0xa0		/* the first byte of a key, plus a number */

struct slot slots[MAX_SLOTS];

/* The map of the device: each process has its keys there. */
static struct model *default_model;

/* ---- keys ---- */

/*
 * First the owner, last the number, as many bytes of both as there is room for.
 * Bytes of keys without an owner are below 0x80 each, so that no mixture of them
 * makes a key of another worker's.
 */
static void make_key(void *key, u32 key_size, u8 owner, u32 i)
{
	u32 n = key_size - 1 < sizeof(i) ? key_size - 1 : sizeof(i);

	memset(key, 'k', key_size);
	memcpy((u8 *)key + key_size - n, &i, n);
	*(u8 *)key = owner;
}

void make_own_key(void *key, u32 key_size, u32 i)
{
	make_key(key, key_size, OWNER + self, i);
}

bool own_key(const void *key)
{
	return *(const u8 *)key == OWNER + self;
}

u32 key_index(const void *key, u32 key_size)
{
	u32 n = key_size - 1 < sizeof(u32) ? key_size - 1 : sizeof(u32);
	u32 i = 0;

	memcpy(&i, (const u8 *)key + key_size - n, n);
	return i;
}

/* How many keys one owner can tell apart. */
static u32 keys_of_size(u32 key_size, u32 limit)
{
	if (key_size == 1)
		return 1;
	return key_size == 2 && limit > 256 ? 256 : limit;
}

void put_key(const struct call *c, void *key, u32 i)
{
	u32 key_size = c->slot->key_size;

	if (c->model)
		make_own_key(key, key_size, i);
	else
		make_key(key, key_size, 1 + rnd_below(3), i & 0x7f7f7f7f);
}

u32 choose_key(const struct call *c)
{
	u32 limit = (1 << 20) / (c->slot->key_size + c->slot->value_size);

	if (c->model)
		return rnd_below(c->model->keys);
	return rnd_below(limit < 4096 ? limit : 4096);
}

/* ---- models ---- */

u8 *model_value(const struct model *m, u32 i)
{
	return m->values + (size_t)i * m->value_size;
}

void model_cleared(struct model *m)
{
	memset(m->present, 0, m->keys);
}

bool model_limited(const struct model *m)
{
	return m->max_entries || m->max_bytes;
}

void model_reread_limits(struct model *m)
{
	struct hmap_ioc_info info = { .size = sizeof(info) };

	if (ioctl(m->fd, HMAP_IOC_INFO, &info))
		fail(NULL, "INFO: %s", strerror(errno));
	m->max_entries = info.max_entries;
	m->max_bytes = info.max_bytes;
}

static struct model *model_new(int fd, const struct hmap_ioc_info *info)
{
	u32 keys = MODEL_BYTES / (info->value_size + 1);
	struct model *m = calloc(1, sizeof(*m));

	if (keys > MODEL_KEYS)
		keys = MODEL_KEYS;
	m->keys = keys_of_size(info->key_size, 1 + rnd_below(keys));
	m->fd = fcntl(fd, F_DUPFD_CLOEXEC, 200);
	m->key_size = info->key_size;
	m->value_size = info->value_size;
	m->max_entries = info->max_entries;
	m->max_bytes = info->max_bytes;
	m->present = calloc(m->keys, 1);
	m->values = calloc(m->keys, info->value_size + 1);
	if (info->create_flags & HMAP_CREATE_MMAP)
		m->mapped = hmap_open_fd(fcntl(fd, F_DUPFD_CLOEXEC, 200));
	if (m->fd < 0 || !m->present || !m->values)
		fail(NULL, "no memory for a model");
	return m;
}

static void model_put(struct model *m)
{
	if (--m->refs)
		return;
	hmap_close(m->mapped);
	close(m->fd);
	free(m->present);
	free(m->values);
	free(m);
}

/* Whether key @i is in the map; its value. */
bool model_read(struct model *m, u32 i, void *value)
{
	u8 key[HMAP_MAX_KEY_SIZE];
	struct hmap_ioc_elem elem = {
		.size = sizeof(elem),
		.key_size = m->key_size,
		.value_size = m->value_size,
		.key = (uintptr_t)key,
		.value = m->value_size ? (uintptr_t)value : 0,
	};

	make_own_key(key, m->key_size, i);
	if (!ioctl(m->fd, HMAP_IOC_GET, &elem))
		return true;
	if (errno != ENOENT)
		fail(NULL, "key %u cannot be read: %s", i, strerror(errno));
	return false;
}

static void check_keys(struct model *m)
{
	static u8 value[HMAP_MAX_VALUE_SIZE];
	u32 i;

	for (i = 0; i < m->keys; i++) {
		if (model_read(m, i, value) != m->present[i])
			fail(NULL, "key %u of %u bytes is %s", i, m->key_size,
			     m->present[i] ? "lost" : "there again");
		if (m->present[i] &&
		    memcmp(value, model_value(m, i), m->value_size))
			fail(NULL, "key %u of %u bytes has another value", i,
			     m->key_size);
	}
}

/* Counts in @seen the keys that this process owns. */
static void check_part(struct model *m, const struct hmap_ioc_scan *scan,
		       const u8 *keys, u8 *seen)
{
	u32 i, k;

	for (i = 0; i < scan->count; i++) {
		if (!own_key(keys + (size_t)i * m->key_size))
			continue;
		k = key_index(keys + (size_t)i * m->key_size, m->key_size);
		if (k >= m->keys || seen[k]++)
			fail(NULL, "a scan brings key %u twice", k);
	}
}

/* A scan brings each key once, whatever others do to theirs meanwhile. */
static void check_scan(struct model *m)
{
	u32 capacity = 1 + rnd_below(1 + 65536 / m->key_size);
	struct hmap_ioc_scan scan = {
		.size = sizeof(scan),
		.key_size = m->key_size,
		.capacity = capacity,
		.flags = one_in(2) ? HMAP_SCAN_RANDOM : 0,
	};
	u8 *keys = malloc((size_t)capacity * m->key_size);
	u8 *seen = calloc(m->keys, 1);

	scan.keys = (uintptr_t)keys;
	do {
		if (call_to_the_end(m->fd, HMAP_IOC_SCAN, &scan))
			fail(NULL, "a scan: %s", strerror(errno));
		check_part(m, &scan, keys, seen);
	} while (scan.count);
	if (memcmp(seen, m->present, m->keys))
		fail(NULL, "a scan brings other keys than there are");
	free(keys);
	free(seen);
}

static void check_model(struct model *m)
{
	struct hmap_ioc_plain plain = { .size = sizeof(plain) };

	if (call_to_the_end(m->fd, HMAP_IOC_VERIFY, &plain))
		fail(NULL, "VERIFY: %s", strerror(errno));
	check_keys(m);
	check_scan(m);
}

/* ---- slots ---- */

struct model *slot_model(const struct slot *s)
{
	return visitor ? NULL : s->model;
}

static struct slot *slot_free(void)
{
	u32 i;

	for (i = 0; i < MAX_SLOTS; i++)
		if (slots[i].fd < 0)
			return &slots[i];
	return NULL;
}

static void slot_close(struct slot *s)
{
	struct model *m = slot_model(s);

	if (m && one_in(8))
		check_model(m);
	close(s->fd);
	if (m)
		model_put(m);
	s->fd = -1;
	s->model = NULL;
}

/* Slot 0 is the device's and stays. */
static struct slot *slot_new(void)
{
	struct slot *s = slot_free();

	if (s)
		return s;
	s = &slots[1 + rnd_below(MAX_SLOTS - 1)];
	slot_close(s);
	return s;
}

/* A slot for @fd, which is some map's; NULL, and closed, if it is not. */
static struct slot *slot_of_fd(int fd, struct hmap_ioc_info *info)
{
	struct slot *s;

	*info = (struct hmap_ioc_info){ .size = sizeof(*info) };
	if (ioctl(fd, HMAP_IOC_INFO, info)) {
		close(fd);
		return NULL;
	}
	s = slot_new();
	*s = (struct slot){
		.fd = fd,
		.mode = fcntl(fd, F_GETFL) & O_ACCMODE,
		.mappable = info->create_flags & HMAP_CREATE_MMAP,
		.key_size = info->key_size,
		.value_size = info->value_size,
	};
	return s;
}

/* A map that this process has just made. */
void maps_adopt(int fd, bool shared)
{
	struct hmap_ioc_info info;
	struct slot *s = slot_of_fd(fd, &info);

	if (!s)
		fail(NULL, "CREATE returned what is no map");
	if (visitor)
		return;
	s->model = model_new(fd, &info);
	s->model->refs = 1;
	s->model->shared = shared;
}

struct slot *maps_any(void)
{
	struct slot *s;

	do {
		s = &slots[rnd_below(MAX_SLOTS)];
	} while (s->fd < 0);
	return s;
}

void maps_check_all(void)
{
	u32 i;

	for (i = 0; i < MAX_SLOTS; i++)
		if (slots[i].fd >= 0 && slots[i].model)
			check_model(slots[i].model);
}

/* ---- what can be done with files ---- */

static void act_open_device(void)
{
	static const int modes[] = { O_RDWR, O_RDONLY, O_WRONLY };
	int mode = modes[rnd_below(ARRAY_LEN(modes))];
	struct hmap_ioc_info info;
	struct slot *s;
	int fd;

	fd = open(HMAP_DEVICE, mode | O_CLOEXEC | (one_in(2) ? O_NONBLOCK : 0));
	if (fd < 0)
		fail(NULL, HMAP_DEVICE ": %s", strerror(errno));
	s = slot_of_fd(fd, &info);
	s->device = true;
	if (visitor)
		return;
	s->model = default_model;
	s->model->refs++;
}

void random_name(char *name)
{
	memset(name, 0, HMAP_NAME_SIZE);
	snprintf(name, HMAP_NAME_SIZE, "fuzz%u", (u32)rnd_below(16));
}

/* The directory in which maps are made; open for as long as the process lives. */
int maps_root(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open(HMAP_NODES, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fail(NULL, HMAP_NODES ": %s", strerror(errno));
	return fd;
}

#define PATH_ROOM	(sizeof(HMAP_NODES) + HMAP_NAME_SIZE)

/* The map of some worker, or none, or one that is being destroyed. */
static void act_open_name(void)
{
	static const int modes[] = { O_RDWR, O_RDWR, O_RDONLY, O_WRONLY };
	char name[HMAP_NAME_SIZE], path[PATH_ROOM];
	struct hmap_ioc_info info;
	int fd;

	random_name(name);
	snprintf(path, sizeof(path), HMAP_NODES "/%s", name);
	fd = open(path, modes[rnd_below(ARRAY_LEN(modes))] | O_CLOEXEC);
	if (fd >= 0)
		slot_of_fd(fd, &info);
	else if (errno != ENOENT)
		fail(NULL, "%s: %s", path, strerror(errno));
}

/* Two of the names, or twice the same. */
static void random_paths(char a[PATH_ROOM], char b[PATH_ROOM])
{
	char name[HMAP_NAME_SIZE];

	random_name(name);
	snprintf(a, PATH_ROOM, HMAP_NODES "/%s", name);
	random_name(name);
	snprintf(b, PATH_ROOM, HMAP_NODES "/%s", name);
}

/* Whatever has the names: some have, some have not. */
static void act_names(void)
{
	char a[PATH_ROOM], b[PATH_ROOM];
	int ret;

	random_paths(a, b);
	switch (rnd_below(8)) {
	case 0:
		ret = link(a, b);
		break;
	case 1:
		ret = rename(a, b);
		break;
	case 2:
		ret = renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
		break;
	case 3:
		ret = chmod(a, rnd_below(01000));
		break;
	case 4:
		ret = truncate(a, 0);
		break;
	default:
		ret = unlink(a);
	}
	if (ret && errno != ENOENT && errno != EEXIST && errno != ENOMEM)
		fail(NULL, "%s, %s: %s", a, b, strerror(errno));
}

/* Only what others may change from the beginning is given to others. */
static void act_link(void)
{
	const struct slot *s = maps_any();
	char a[PATH_ROOM], b[PATH_ROOM], proc[64];

	if (s->model && !s->model->shared)
		return;
	random_paths(a, b);
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", s->fd);
	if (linkat(AT_FDCWD, proc, AT_FDCWD, a, AT_SYMLINK_FOLLOW) &&
	    errno != ENOENT && errno != EEXIST && errno != EXDEV &&
	    errno != ENOMEM)
		fail(NULL, "linkat %s: %s", a, strerror(errno));
}

static void act_dup(void)
{
	const struct slot from = *maps_any();
	int fd = fcntl(from.fd, F_DUPFD_CLOEXEC, 0);
	struct hmap_ioc_info info;
	struct slot *s;

	if (fd < 0)
		fail(NULL, "dup: %s", strerror(errno));
	if (slot_model(&from))
		from.model->refs++;
	s = slot_of_fd(fd, &info);
	s->device = from.device;
	s->model = slot_model(&from);
}

static void act_close(void)
{
	struct slot *s = maps_any();

	if (s != &slots[0])
		slot_close(s);
}

/* The file of another process, as if it had sent it: as a guest. */
static void act_steal(void)
{
	u32 from = rnd_below(workers);
	struct hmap_ioc_info info;
	struct stat stat;
	int pidfd, fd;

	if (from == self)
		return;
	pidfd = syscall(SYS_pidfd_open, world->pids[from], 0);
	if (pidfd < 0)
		return;
	fd = syscall(SYS_pidfd_getfd, pidfd, 3 + rnd_below(30), 0);
	close(pidfd);
	if (fd < 0)
		return;
	/* all workers have keys in the default map: none is a guest there */
	if (fstat(fd, &stat) || stat.st_rdev == world->device)
		close(fd);
	else
		slot_of_fd(fd, &info);
}

/* Works with the files of its parent, but owns no keys; may be killed. */
static void visit(void)
{
	u32 n;

	visitor = true;
	for (n = rnd_below(VISIT_CALLS); n; n--)
		make_call();
	_exit(0);
}

static void act_fork(void)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		visit();
	if (pid < 0)
		return;
	if (one_in(2)) {
		usleep(rnd_below(3000));
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) ? WEXITSTATUS(status) :
				WTERMSIG(status) != SIGKILL)
		fail(NULL, "a child ended with %#x", status);
}

static void act_check(void)
{
	const struct slot *s = maps_any();

	if (s->model)
		check_model(s->model);
}

void maps_act(void)
{
	static void (*const acts[])(void) = {
		act_open_device, act_open_name, act_names, act_link, act_dup,
		act_close, act_steal, act_fork, act_check,
	};

	/* visitors neither steal nor fork nor check */
	acts[rnd_below(visitor ? 6 : ARRAY_LEN(acts))]();
}

void maps_begin(void)
{
	struct hmap_ioc_info info = { .size = sizeof(info) };
	int fd = open(HMAP_DEVICE, O_RDWR | O_CLOEXEC);
	u32 i;

	if (fd < 0 || ioctl(fd, HMAP_IOC_INFO, &info))
		fail(NULL, HMAP_DEVICE ": %s", strerror(errno));
	for (i = 0; i < MAX_SLOTS; i++)
		slots[i].fd = -1;
	default_model = model_new(fd, &info);
	default_model->refs = 1;
	default_model->shared = true;
	slots[0] = (struct slot){
		.fd = fd,
		.mode = O_RDWR,
		.device = true,
		.key_size = info.key_size,
		.value_size = info.value_size,
		.model = default_model,
	};
	default_model->refs++;
}
