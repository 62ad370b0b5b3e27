// SPDX-License-Identifier: GPL-2.0-only
/*
 * An imitation of /dev/hmap for programs that run where the module is not:
 * preload it, and an ordinary file is the device. The file begins with a line
 *
 *	HMAPFAKE key_size value_size max_entries hint
 *
 * padded to HEADER bytes; the elements follow. It imitates what the tool and
 * the library see, not the hash table: a search is linear, and STATS tells
 * what Go's map would look like whose resizes are always done at once.
 *
 * The caller has all capabilities, root or not, but HMAP_FAKE_HIDDEN in the
 * environment hides hash0 and addresses.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hmap.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER 64

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct fake {
	int fd;			/* of its own, for reading and writing */
	int mode;		/* access mode of the caller's */
	size_t key_size;
	size_t value_size;
	unsigned long long max_entries;
	unsigned long long hint;
	size_t count;
	unsigned char *data;	/* mapped file */
	size_t length;
};

static void *user(__u64 address)
{
	return (void *)(uintptr_t)address;
}

static size_t stride(const struct fake *f)
{
	return f->key_size + f->value_size;
}

static unsigned char *element(const struct fake *f, size_t i)
{
	return f->data + HEADER + i * stride(f);
}

static void fake_close(struct fake *f)
{
	if (f->data)
		munmap(f->data, f->length);
	close(f->fd);
}

static int fake_map(struct fake *f)
{
	struct stat st;

	if (fstat(f->fd, &st) || !S_ISREG(st.st_mode) || st.st_size < HEADER)
		return -1;
	f->length = st.st_size;
	f->data = mmap(NULL, f->length, PROT_READ | PROT_WRITE, MAP_SHARED,
		       f->fd, 0);
	if (f->data == MAP_FAILED) {
		f->data = NULL;
		return -1;
	}
	if (sscanf((char *)f->data, "HMAPFAKE %zu %zu %llu %llu\n",
		   &f->key_size, &f->value_size, &f->max_entries,
		   &f->hint) != 4)
		return -1;
	f->count = (f->length - HEADER) / stride(f);
	return 0;
}

static int fake_open(struct fake *f, int fd)
{
	char path[64];

	memset(f, 0, sizeof(*f));
	f->mode = fcntl(fd, F_GETFL) & O_ACCMODE;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	f->fd = open(path, O_RDWR | O_CLOEXEC);
	if (f->fd < 0)
		return -1;
	if (!fake_map(f))
		return 0;
	fake_close(f);
	return -1;
}

static unsigned char *find(const struct fake *f, __u64 key)
{
	size_t i;

	for (i = 0; i < f->count; i++) {
		if (!memcmp(element(f, i), user(key), f->key_size))
			return element(f, i);
	}
	return NULL;
}

static int do_info(struct fake *f, void *arg)
{
	struct hmap_ioc_info *info = arg;

	info->abi_version = HMAP_ABI_VERSION;
	info->key_size = f->key_size;
	info->value_size = f->value_size;
	info->max_key_size = HMAP_MAX_KEY_SIZE;
	info->max_value_size = HMAP_MAX_VALUE_SIZE;
	info->max_inline_size = HMAP_MAX_INLINE_SIZE;
	info->max_entries = f->max_entries;
	info->hint = f->hint;
	info->stripes = 1;
	info->mode = 0600;
	info->links = 1;
	return 0;
}

static int do_get(struct fake *f, void *arg)
{
	struct hmap_ioc_elem *e = arg;
	unsigned char *found;

	if (f->mode == O_WRONLY)
		return -EACCES;
	if (e->flags || e->key_size != f->key_size ||
	    (e->value_size && e->value_size != f->value_size))
		return -EINVAL;
	found = find(f, e->key);
	if (!found)
		return -ENOENT;
	if (e->value_size)
		memcpy(user(e->value), found + f->key_size, f->value_size);
	return 0;
}

static int append(struct fake *f, const struct hmap_ioc_elem *e)
{
	unsigned char buffer[HMAP_MAX_KEY_SIZE + HMAP_MAX_VALUE_SIZE];

	if (f->max_entries && f->count >= f->max_entries)
		return -ENOSPC;
	memcpy(buffer, user(e->key), f->key_size);
	if (f->value_size)
		memcpy(buffer + f->key_size, user(e->value), f->value_size);
	if (pwrite(f->fd, buffer, stride(f), f->length) != (ssize_t)stride(f))
		return -ENOMEM;
	return 0;
}

static int do_put(struct fake *f, void *arg)
{
	struct hmap_ioc_elem *e = arg;
	unsigned char *found;

	if (f->mode == O_RDONLY)
		return -EACCES;
	if (e->flags > HMAP_EXIST || e->key_size != f->key_size ||
	    e->value_size != f->value_size)
		return -EINVAL;
	found = find(f, e->key);
	if (found && e->flags == HMAP_NOEXIST)
		return -EEXIST;
	if (!found && e->flags == HMAP_EXIST)
		return -ENOENT;
	if (!found)
		return append(f, e);
	memcpy(found + f->key_size, user(e->value), f->value_size);
	return 0;
}

static int do_delete(struct fake *f, void *arg)
{
	struct hmap_ioc_elem *e = arg;
	unsigned char *found;

	if (f->mode == O_RDONLY)
		return -EACCES;
	if (e->flags || e->key_size != f->key_size || e->value_size || e->value)
		return -EINVAL;
	found = find(f, e->key);
	if (!found)
		return -ENOENT;
	memmove(found, element(f, f->count - 1), stride(f));
	return ftruncate(f->fd, f->length - stride(f)) ? -EIO : 0;
}

/* The element of an operation, in the structure of PUT and DELETE. */
static struct hmap_ioc_elem elem_of(const struct hmap_ioc_op *arg)
{
	return (struct hmap_ioc_elem){
		.key_size = arg->key_size,
		.key = arg->op.key,
	};
}

static int op_pop(struct fake *f, struct hmap_ioc_op *arg)
{
	struct hmap_ioc_elem e = elem_of(arg);
	unsigned char *found = find(f, e.key);

	if (!found)
		return -ENOENT;
	memcpy(user(arg->op.out), found + f->key_size, arg->op.length);
	return do_delete(f, &e);
}

/* Only the whole value, of 8 bytes or less in the order of x86. */
static int op_add(struct fake *f, struct hmap_ioc_op *arg)
{
	struct hmap_ioc_elem e = elem_of(arg);
	unsigned char *found = find(f, e.key);

	if (arg->op.offset || arg->op.length != f->value_size)
		return -EINVAL;
	arg->op.answer = 0;
	if (found)
		memcpy(&arg->op.answer, found + f->key_size, f->value_size);
	arg->op.answer += arg->op.operand;
	arg->op.existed = !!found;
	e.value_size = f->value_size;
	e.value = (uintptr_t)&arg->op.answer;
	return do_put(f, &e);
}

static int do_op(struct fake *f, void *arg)
{
	struct hmap_ioc_op *op = arg;

	if (f->mode != O_RDWR)
		return -EACCES;
	if (op->op.op == HMAP_OP_POP)
		return op_pop(f, op);
	return op->op.op == HMAP_OP_ADD ? op_add(f, op) : -EINVAL;
}

static int do_count(struct fake *f, void *arg)
{
	((struct hmap_ioc_count *)arg)->count = f->count;
	return 0;
}

static int do_reserve(struct fake *f, void *arg)
{
	struct hmap_ioc_count *count = arg;

	if (f->mode == O_RDONLY)
		return -EACCES;
	return count->count > (f->max_entries ? f->max_entries : 1ULL << 32) ?
		-EINVAL : 0;
}

static int do_shrink(struct fake *f, void *arg)
{
	(void)arg;
	return f->mode == O_RDONLY ? -EACCES : 0;
}

/* Changes the header: what follows it stays. */
static int do_set(struct fake *f, void *arg)
{
	const struct hmap_ioc_set *set = arg;
	char header[HEADER + 1];

	if (f->mode == O_RDONLY)
		return -EACCES;
	/* memory is not imitated */
	if (set->flags & HMAP_SET_MAX_ENTRIES) {
		snprintf(header, sizeof(header), "HMAPFAKE %zu %zu %llu %llu",
			 f->key_size, f->value_size, set->max_entries, f->hint);
		sprintf((char *)f->data, "%-*s", HEADER - 1, header);
		f->data[HEADER - 1] = '\n';
	}
	return 0;
}

static int do_scan(struct fake *f, void *arg)
{
	struct hmap_ioc_scan *s = arg;
	unsigned char *keys = user(s->keys);
	unsigned char *values = user(s->values);
	size_t i = s->cursor.place;

	if (f->mode == O_WRONLY)
		return -EACCES;
	for (s->count = 0; i < f->count && s->count < s->capacity; i++) {
		if (s->prefix_size &&
		    memcmp(element(f, i), user(s->prefix), s->prefix_size))
			continue;
		memcpy(keys + s->count * f->key_size, element(f, i),
		       f->key_size);
		if (s->value_size)
			memcpy(values + s->count * f->value_size,
			       element(f, i) + f->key_size, f->value_size);
		s->count++;
	}
	s->cursor.place = i;
	return 0;
}

static int do_clear(struct fake *f, void *arg)
{
	(void)arg;
	if (f->mode == O_RDONLY)
		return -EACCES;
	return ftruncate(f->fd, HEADER) ? -EIO : 0;
}

/* The elements of 2^B buckets, and the B for as many elements, as in Go's map. */
static size_t capacity(unsigned int B)
{
	return B ? 13 * ((1UL << B) / 2) : 8;
}

static unsigned int log2_buckets(size_t count)
{
	unsigned int B = 0;

	while (count > capacity(B))
		B++;
	return B;
}

static int do_stats(struct fake *f, void *arg)
{
	struct hmap_stats *st = &((struct hmap_ioc_stats *)arg)->stats;
	bool shown = !getenv("HMAP_FAKE_HIDDEN");

	memset(st, 0, sizeof(*st));
	st->count = f->count;
	st->B = log2_buckets(f->count);
	st->capacity = capacity(st->B);
	st->nevacuate = (1ULL << st->B) / 2;
	st->grows = st->B;
	st->evacuated = (1ULL << st->B) - 1;
	st->memory = f->length;
	if (f->count || f->hint) {
		st->present |= HMAP_HAS_BUCKETS;
		st->longest_chain = 1;
	}
	if (shown) {
		st->present |= HMAP_HAS_ADDRESSES;
		st->hash0 = 3265330623U;
		if (st->present & HMAP_HAS_BUCKETS)
			st->buckets = 0xffff888000010000ULL << st->B;
	}
	return 0;
}

static int do_layout(struct fake *f, void *arg)
{
	struct hmap_layout *l = &((struct hmap_ioc_layout *)arg)->layout;

	memset(l, 0, sizeof(*l));
	l->buckets = (f->count + 7) / 8;
	l->chains[0] = l->buckets;
	l->slots[8] = f->count / 8;
	if (f->count % 8)
		l->slots[f->count % 8] = 1;
	return 0;
}

static int do_verify(struct fake *f, void *arg)
{
	(void)f;
	(void)arg;
	return 0;
}

/* One look: what is not so yet never will be in time. */
static int do_wait(struct fake *f, void *arg)
{
	struct hmap_ioc_wait *w = arg;
	unsigned char *found;

	if (f->mode == O_WRONLY)
		return -EACCES;
	if (w->flags == HMAP_WAIT_CHANGE) {
		if (w->state == 1)
			return -ETIMEDOUT;
		w->state = 1;
		return 0;
	}
	if (w->key_size != f->key_size)
		return -EINVAL;
	found = find(f, w->key);
	if (w->flags == HMAP_WAIT_ABSENT)
		return found ? -ETIMEDOUT : 0;
	if (!found)
		return w->flags == HMAP_WAIT_OTHER ? -ENOENT : -ETIMEDOUT;
	if (w->flags == HMAP_WAIT_OTHER &&
	    !memcmp(user(w->value), found + f->key_size, f->value_size))
		return -ETIMEDOUT;
	if (w->value_size)
		memcpy(user(w->value), found + f->key_size, f->value_size);
	return 0;
}

/* Names are not imitated: the new map is known by its file only. */
static int do_create(struct fake *f, void *arg)
{
	struct hmap_ioc_create *c = arg;
	char header[HEADER + 1];
	int fd;

	if (f->mode == O_RDONLY)
		return -EACCES;
	fd = memfd_create("hmap", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(header, sizeof(header), "HMAPFAKE %u %u %llu %llu",
		 c->key_size, c->value_size, c->max_entries, c->hint);
	dprintf(fd, "%-*s\n", HEADER - 1, header);
	return fd;
}

static const struct {
	unsigned long request;
	int (*fn)(struct fake *f, void *arg);
	size_t size;
} commands[] = {
	{ HMAP_IOC_INFO, do_info, sizeof(struct hmap_ioc_info) },
	{ HMAP_IOC_GET, do_get, sizeof(struct hmap_ioc_elem) },
	{ HMAP_IOC_PUT, do_put, sizeof(struct hmap_ioc_elem) },
	{ HMAP_IOC_DELETE, do_delete, sizeof(struct hmap_ioc_elem) },
	{ HMAP_IOC_SCAN, do_scan, sizeof(struct hmap_ioc_scan) },
	{ HMAP_IOC_CLEAR, do_clear, sizeof(struct hmap_ioc_plain) },
	{ HMAP_IOC_STATS, do_stats, sizeof(struct hmap_ioc_stats) },
	{ HMAP_IOC_LAYOUT, do_layout, sizeof(struct hmap_ioc_layout) },
	{ HMAP_IOC_OP, do_op, sizeof(struct hmap_ioc_op) },
	{ HMAP_IOC_COUNT, do_count, sizeof(struct hmap_ioc_count) },
	{ HMAP_IOC_RESERVE, do_reserve, sizeof(struct hmap_ioc_count) },
	{ HMAP_IOC_SET, do_set, sizeof(struct hmap_ioc_set) },
	{ HMAP_IOC_SHRINK, do_shrink, sizeof(struct hmap_ioc_plain) },
	{ HMAP_IOC_VERIFY, do_verify, sizeof(struct hmap_ioc_plain) },
	{ HMAP_IOC_CREATE, do_create, sizeof(struct hmap_ioc_create) },
	{ HMAP_IOC_WAIT, do_wait, sizeof(struct hmap_ioc_wait) },
};

static int fake_command(int fd, unsigned long request, void *arg)
{
	struct fake f;
	int err = -ENOTTY;
	size_t i;

	if (fake_open(&f, fd))
		return -ENOTTY;
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (commands[i].request != request)
			continue;
		err = *(__u32 *)arg == commands[i].size ?
			commands[i].fn(&f, arg) : -EINVAL;
	}
	fake_close(&f);
	return err;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int fd, unsigned long request, ...);
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (_IOC_TYPE(request) == HMAP_IOC_MAGIC && fcntl(fd, F_GETFL) >= 0) {
		ret = fake_command(fd, request, arg);
		if (ret < 0)
			errno = -ret;
		return ret < 0 ? -1 : ret;
	}
	*(void **)&next = dlsym(RTLD_NEXT, "ioctl");
	return next(fd, request, arg);
}
