// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of maps in the address space of this process: what may be mapped, that
 * reading it is never an error whatever becomes of the map, and that lookups in it
 * find what is in the map.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include <hmap.h>

#include "fuzz.h"

#define MAPPINGS	6
#define MOST_PAGES	64
#define PAGE		4096

static struct mapping {
	u8 *p;
	size_t size;
} mappings[MAPPINGS];

/* Somewhere in a mapping, if there is one; the map may be gone long since. */
void *mapped_any(void)
{
	const struct mapping *m = &mappings[rnd_below(MAPPINGS)];

	return m->size ? m->p + rnd_below(m->size) : bad_page;
}

static void unmap(struct mapping *m)
{
	if (m->size)
		munmap(m->p, m->size);
	m->size = 0;
}

/* What mmap() has to answer: 0 or a negative errno. */
static int expected(const struct slot *s, int prot, int flags, off_t offset)
{
	if (offset % PAGE)
		return -EINVAL;
	if (s->mode == O_WRONLY)
		return -EACCES;
	if (flags == MAP_SHARED && prot & PROT_WRITE && s->mode != O_RDWR)
		return -EACCES;
	if (!s->mappable)
		return -ENODEV;
	if (prot & (PROT_WRITE | PROT_EXEC))
		return -EACCES;
	return flags == MAP_SHARED ? 0 : -EINVAL;
}

static void act_map(void)
{
	struct mapping *m = &mappings[rnd_below(MAPPINGS)];
	const struct slot *s = maps_any();
	int prot = one_in(8) ? rnd_below(8) : PROT_READ;
	int flags = one_in(8) ? MAP_PRIVATE : MAP_SHARED;
	off_t offset = one_in(2) ? 0 : rnd_below(1 << 20) * PAGE;
	int want, error = 0;

	if (one_in(16))
		offset += 1 + rnd_below(PAGE);
	want = expected(s, prot, flags, offset);
	unmap(m);
	m->size = (1 + rnd_below(MOST_PAGES)) * PAGE;
	m->p = mmap(NULL, m->size, prot, flags, s->fd, offset);
	if (m->p == MAP_FAILED) {
		error = -errno;
		m->size = 0;
	}
	/* what is mounted without exec has its own word for that */
	if (error == -EPERM && prot & PROT_EXEC)
		error = want;
	if (error != want)
		fail(NULL, "mmap(%d, %d, %lld): %d, not %d", prot, flags,
		     (long long)offset, error, want);
	count_result(ROW_MMAP, error);
	if (!(prot & PROT_READ))
		unmap(m);
}

/* Reads what is there, and tries to do more. */
static void act_look(void)
{
	const struct mapping *m = &mappings[rnd_below(MAPPINGS)];
	u32 i;

	if (!m->size)
		return;
	for (i = 0; i < 16; i++)
		asm volatile("" : : "r"(m->p[rnd_below(m->size)]));
	if (!mprotect(m->p, PAGE, PROT_READ | PROT_WRITE))
		fail(NULL, "a mapping can be made writable");
	if (!mprotect(m->p, PAGE, PROT_READ | PROT_EXEC))
		fail(NULL, "a mapping can be made executable");
	if (one_in(4))
		madvise(m->p, m->size, rnd_below(5));
}

/* Keeps the first pages of a mapping. */
static void act_cut(void)
{
	struct mapping *m = &mappings[rnd_below(MAPPINGS)];
	size_t size;

	if (m->size <= PAGE)
		return;
	size = (1 + rnd_below(m->size / PAGE - 1)) * PAGE;
	munmap(m->p + size, m->size - size);
	m->size = size;
}

static void act_lookup(void)
{
	static u8 value[HMAP_MAX_INLINE_SIZE], key[HMAP_MAX_INLINE_SIZE];
	const struct slot *s = maps_any();
	const struct model *m = slot_model(s);
	u32 n, i;
	int ret;

	if (!m || !m->mapped)
		return;
	for (n = 0; n < 16; n++) {
		i = rnd_below(m->keys);
		make_own_key(key, m->key_size, i);
		ret = hmap_get(m->mapped, key, m->key_size, value,
			       m->value_size);
		count_result(ROW_LOOKUP, ret);
		if (ret != (m->present[i] ? 0 : -ENOENT))
			fail(NULL, "key %u: a mapped lookup returns %d", i, ret);
		if (!ret && memcmp(value, model_value(m, i), m->value_size))
			fail(NULL, "key %u: a mapped lookup brings another value",
			     i);
	}
}

void mapped_act(void)
{
	static void (*const acts[])(void) = {
		act_map, act_map, act_look, act_look, act_cut, act_lookup,
		act_lookup, act_lookup,
	};

	acts[rnd_below(ARRAY_LEN(acts))]();
}
