/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzzer for /dev/hmap that knows what the structures mean.
 *
 * Several processes make random calls, most of them right, some broken in one
 * place (a size, a flag, an address, a count ...). Every key begins with a byte
 * that names its owner. Each process keeps a model of the keys that it owns in the
 * default map and in the maps that it made, and no other worker touches these: so what
 * a right call has to return is known exactly, although others write the same map
 * at the same time. As guests, in maps that others made, processes take arguments
 * from memory that all of them scribble over meanwhile; there any result will do
 * that is documented, and the owner of the map sees to it that nothing is lost.
 *
 * hmap_fuzz.c  processes, their number of calls, the table of results
 * maps.c       the files that a process has, and models of their maps
 * calls.c      the commands: how to make a right call, and what it must return
 * mapped.c     memory of maps, and lookups in it
 * ops.c        likewise for the operations: OP, BATCH, VECTOR
 * broken.c     how a call is broken
 */
#ifndef HMAP_FUZZ_H
#define HMAP_FUZZ_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/hmap.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_WORKERS	16
#define MAX_SLOTS	12
#define MAX_ITEMS	64	/* keys of a call */
#define MAX_ROOM	4200	/* bytes of a structure: more than a page */
#define MAX_ERRNO	134
#define MAX_COMMANDS	30

/* ---- random numbers ---- */

u64 rnd(void);
u64 rnd_below(u64 n);
bool one_in(u32 n);

/* ---- maps ---- */

/**
 * struct model - what has to be in a map of this process's keys
 * @refs: slots that have it
 * @fd: a file of the map, open for reading and writing, of no slot
 * @key_size: of the map
 * @value_size: of the map
 * @keys: how many keys there may be
 * @max_entries: its limits now; in a map that others may change, as it was made
 * @max_bytes: if either is not 0, a put may be -ENOSPC
 * @frozen: by this process
 * @shared: others may change the map, too
 * @mapped: the map for lookups without system calls; NULL if it cannot be mapped
 * @present: [i] is whether key i is there
 * @values: its value
 */
struct model {
	u32 refs;
	int fd;
	u32 key_size;
	u32 value_size;
	u32 keys;
	u64 max_entries;
	u64 max_bytes;
	bool frozen;
	bool shared;
	struct hmap *mapped;
	u8 *present;
	u8 *values;
};

/**
 * struct slot - an open file
 * @fd: -1: none
 * @mode: O_RDONLY, O_WRONLY or O_RDWR
 * @device: it is the device's own
 * @mappable: its map has HMAP_CREATE_MMAP
 * @key_size: of its map
 * @value_size: of its map
 * @model: NULL: this process is a guest here
 * @cursor: of a scan that is under way
 * @state: the number of the map's state, as last heard of
 */
struct slot {
	int fd;
	int mode;
	bool device;
	bool mappable;
	u32 key_size;
	u32 value_size;
	struct model *model;
	struct hmap_cursor cursor;
	u64 state;
};

extern struct slot slots[MAX_SLOTS];

void maps_begin(void);
void maps_check_all(void);
struct slot *maps_any(void);
void maps_act(void);
void maps_adopt(int fd, bool shared);
int maps_root(void);
struct model *slot_model(const struct slot *s);
bool model_limited(const struct model *m);
u8 *model_value(const struct model *m, u32 i);
bool model_read(struct model *m, u32 i, void *value);
void model_cleared(struct model *m);
void model_reread_limits(struct model *m);
void make_own_key(void *key, u32 key_size, u32 i);
bool own_key(const void *key);
u32 key_index(const void *key, u32 key_size);
void random_name(char *name);

/* ---- mapped memory ---- */

void *mapped_any(void);
void mapped_act(void);

/* ---- calls ---- */

/* Memory that a call points to; each ends at a page that cannot be touched. */
enum room {
	ROOM_ARG,
	ROOM_OPS,
	ROOM_KEYS,
	ROOM_VALUES,
	ROOM_EXPECTED,
	ROOM_OUT,
	ROOM_RESULTS,
	N_ROOMS,
};

#define ROOM_SIZE	(512 << 10)

union argument {
	u32 size;
	struct hmap_ioc_plain plain;
	struct hmap_ioc_info info;
	struct hmap_ioc_elem elem;
	struct hmap_ioc_scan scan;
	struct hmap_ioc_count count;
	struct hmap_ioc_set set;
	struct hmap_ioc_stats stats;
	struct hmap_ioc_layout layout;
	struct hmap_ioc_create create;
	struct hmap_ioc_wait wait;
	struct hmap_ioc_op op;
	struct hmap_ioc_batch batch;
	struct hmap_ioc_vector vector;
	u8 room[MAX_ROOM];
};

/**
 * struct call - one ioctl
 * @command: what it is
 * @slot: whose file
 * @model: of the slot; NULL: a guest
 * @nr: the number for the ioctl
 * @user: address for the ioctl
 * @arg: the structure as it was made
 * @back: as it came back
 * @room: bytes of it at @user
 * @shared: in memory that all processes write to
 * @broken: not a right call: nearly any error will do
 * @known: WAIT: the value that the key has already is given
 * @items: how many keys it is about
 * @item: their numbers
 * @ret: 0 or what the ioctl returned, or a negative errno
 */
struct call {
	const struct command *command;
	struct slot *slot;
	struct model *model;
	unsigned int nr;
	void *user;
	union argument arg;
	union argument back;
	u32 room;
	bool shared;
	bool broken;
	bool known;
	u32 items;
	u32 item[MAX_ITEMS];
	int ret;
};

/* What a field of a structure is, which says how it may be broken. */
enum field_kind {
	FIELD_FLAGS,
	FIELD_NUMBER,
	FIELD_FAR,	/* a number that is small, or far beyond all memory */
	FIELD_ADDRESS,
	FIELD_BYTES,
};

struct field {
	u32 offset;
	u32 size;
	enum field_kind kind;
};

/**
 * struct command - a command of the device
 * @name: for people
 * @nr: HMAP_IOC_*
 * @size: of its structure
 * @weight: how often it is called
 * @errors: what a right call may return besides -ENOMEM; ends with 0
 * @fields: what can be broken, apart from the size
 * @n_fields: how many
 * @build: makes a right call; false: not with this slot
 * @check: NULL: only the errno counts
 */
struct command {
	const char *name;
	unsigned int nr;
	u32 size;
	u32 weight;
	int errors[8];
	const struct field *fields;
	u32 n_fields;
	bool (*build)(struct call *c);
	void (*check)(struct call *c);
};

#define FIELD(type, name, kind) \
	{ offsetof(struct type, name), sizeof(((struct type *)0)->name), kind }

extern const struct command commands[];
extern const u32 n_commands;

void rooms_begin(void);
void *room_take(const struct call *c, enum room which, size_t size);
void make_call(void);
void break_call(struct call *c);
void break_field(void *structure, const struct field *fields, u32 n);
void fill_random(const struct call *c, void *to, size_t size);
u32 choose_key(const struct call *c);
void put_key(const struct call *c, void *key, u32 i);
void reread(struct call *c);
bool may_read(const struct call *c);
bool may_write(const struct call *c);

extern void *const bad_page;	/* cannot be touched */
extern void *const fixed_page;	/* can be read only */

void check_elem(struct call *c);
bool build_op(struct call *c);
bool build_batch(struct call *c);
bool build_vector(struct call *c);
void check_op(struct call *c);
void check_batch(struct call *c);
void check_vector(struct call *c);

/* ---- processes ---- */

/* What there are results of: commands, and what is no call of the device. */
enum {
	ROW_MMAP = MAX_COMMANDS,
	ROW_LOOKUP,		/* in mapped memory */
	MAX_ROWS
};

/**
 * struct world - memory that all processes share
 * @calls: made so far
 * @limit: how many there are to be
 * @failed: a worker has found a bug
 * @device: number of the device
 * @pids: of the processes
 * @results: [row][errno]
 */
struct world {
	u64 calls;
	u64 limit;
	bool failed;
	dev_t device;
	pid_t pids[MAX_WORKERS];
	u64 results[MAX_ROWS][MAX_ERRNO];
};

extern struct world *world;
extern u64 seed;
extern u32 workers;
extern u32 self;		/* number of this process */
extern bool visitor;		/* a child that owns no keys */

void count_result(u32 row, int ret);

#define __printf(a, b)	__attribute((__format__(printf, a, b)))
#define __noreturn	__attribute((__noreturn__))

__printf(2, 3) __noreturn
void fail(const struct call *c, const char *format, ...);

/* An ioctl that goes on after signals, some of whose handlers end it. */
int call_to_the_end(int fd, unsigned int nr, void *arg);

#endif /* HMAP_FUZZ_H */
