/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * hmap: the ioctl interface of /dev/hmap.
 *
 * Every command takes a pointer to the structure named beside it. Each
 * structure begins with its own size in bytes, so that later versions can
 * append fields: a shorter structure is accepted with the missing fields read
 * as zero and not written back (so far only the results of INFO, STATS and
 * LAYOUT may be missing), a longer one only if what the kernel does not know is
 * zero (-E2BIG otherwise). Unknown flags and non-zero reserved fields
 * are refused with -EINVAL, an unknown command with -ENOTTY, an address that
 * cannot be read or written with -EFAULT.
 *
 * Calls that take long end early when a signal comes. The kernel restarts them after a
 * handler with SA_RESTART, and where there is none (stop, freeze); else they return
 * -EINTR, and called again with the same structure they go on. All make some progress each
 * time. A scan ends with the elements that it has, if there are any, and returns 0.
 *
 * Maps that have names are files of hmapfs, a file system that the module brings:
 * open(2), unlink(2), rename(2), linkat(2) and readdir(3) are for them what they are for
 * any file.
 *
 * Pointers are carried as 64-bit integers; there is no implicit padding, so
 * that 32-bit programs use the same structures on a 64-bit kernel.
 */
#ifndef _UAPI_LINUX_HMAP_H
#define _UAPI_LINUX_HMAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

/** HMAP_ABI_VERSION - grows by one whenever commands or fields are added */
#define HMAP_ABI_VERSION	2

/** HMAP_DEVICE - where the device is found */
#define HMAP_DEVICE		"/dev/hmap"

/** HMAP_NODES - where the file system of maps that have names is mounted */
#define HMAP_NODES		"/dev/hmaps"

/** HMAP_NAME_SIZE - room for the name of a map, with the 0 at its end */
#define HMAP_NAME_SIZE		64

/** HMAPFS_MAGIC - f_type of statfs() for that file system: "hmap" */
#define HMAPFS_MAGIC		0x686d6170

/* Limits of every map. A value size of 0 makes a set. */
#define HMAP_MIN_KEY_SIZE	1
#define HMAP_MAX_KEY_SIZE	4096
#define HMAP_MAX_VALUE_SIZE	65536
/* Larger keys and values live outside the buckets (as in Go's map). */
#define HMAP_MAX_INLINE_SIZE	128

/* What a put may do; exactly one of these. */
#define HMAP_ANY		0	/* insert or overwrite */
#define HMAP_NOEXIST		1	/* insert only: -EEXIST if the key is there */
#define HMAP_EXIST		2	/* overwrite only: -ENOENT if it is not */

/* hmap_stats.flags; the value is the one of Go's map. */
#define HMAP_FLAG_SAMESIZEGROW	8	/* oldbuckets is as large as buckets */

/* hmap_stats.present: which pointers of the map are not NULL. */
#define HMAP_HAS_BUCKETS	1
#define HMAP_HAS_OLDBUCKETS	2
#define HMAP_HAS_EXTRA		4
#define HMAP_HAS_ADDRESSES	8	/* hash0 and addresses are shown */

/* hmap_layout.slots and .chains */
#define HMAP_BUCKET_SLOTS	8
#define HMAP_LAYOUT_CHAINS	16

/**
 * struct hmap_stats - the state of a map, under the names of Go's hmap
 * @count: elements in the map
 * @flags: HMAP_FLAG_SAMESIZEGROW or 0
 * @B: log2 of the number of buckets
 * @noverflow: overflow buckets in use by @buckets
 * @hash0: low 32 bits of the hash seed; 0 without CAP_SYSLOG
 * @present: HMAP_HAS_* bits
 * @buckets: address of the 2^B buckets, as printk() shows it with %pK: hashed, or as
 *	sysctl kernel.kptr_restrict says; 0 without CAP_SYSLOG
 * @oldbuckets: address of the buckets being evacuated, likewise
 * @nevacuate: buckets of @oldbuckets below this have been evacuated; with several
 *	stripes, the sum of what this is in each. Keeps its last value when a resize
 *	is done, as in Go's map
 * @extra: address of the overflow record, likewise
 * @overflow: overflow buckets that the array can hand out without allocating
 *	or has handed out: spares behind the buckets and further blocks
 * @oldoverflow: overflow buckets in use by @oldbuckets
 * @next_overflow: index of the overflow bucket that is handed out next,
 *	counted from 1; 0 if the next one has to be allocated first
 * @memory: bytes of kernel memory that the map holds for elements: arrays and all
 *	that is in them. Not what each map takes from the beginning to its end, with
 *	elements or without: locks, files and, with HMAP_CREATE_MMAP, an inode and a
 *	control page
 * @grows: resizes to twice the size since the map was made
 * @same_size_grows: resizes that kept the size, to shorten chains
 * @evacuated: buckets evacuated since the map was made
 * @longest_chain: buckets in the longest chain
 * @alloc_failures: allocations that failed, whether or not the operation
 *	could be done without
 * @shrinks: resizes to half the size since the map was made
 */
struct hmap_stats {
	__aligned_u64 count;
	__u32 flags;
	__u32 B;
	__aligned_u64 noverflow;
	__u32 hash0;
	__u32 present;
	__aligned_u64 buckets;
	__aligned_u64 oldbuckets;
	__aligned_u64 nevacuate;
	__aligned_u64 extra;
	__aligned_u64 overflow;
	__aligned_u64 oldoverflow;
	__aligned_u64 next_overflow;
	__aligned_u64 memory;
	__aligned_u64 grows;
	__aligned_u64 same_size_grows;
	__aligned_u64 evacuated;
	__aligned_u64 longest_chain;
	__aligned_u64 alloc_failures;
	__aligned_u64 shrinks;
};

/**
 * struct hmap_layout - how full buckets and chains are
 * @buckets: buckets looked at: heads of chains and overflow buckets
 * @slots: [i] is the number of buckets with i of 8 slots in use
 * @chains: [i] is the number of chains with i overflow buckets; the last
 *	counts all longer ones too
 *
 * Gathered a few buckets at a time: exact if nobody writes meanwhile.
 */
struct hmap_layout {
	__aligned_u64 buckets;
	__aligned_u64 slots[HMAP_BUCKET_SLOTS + 1];
	__aligned_u64 chains[HMAP_LAYOUT_CHAINS];
};

/**
 * struct hmap_cursor - a place in the order of a scan
 * @place: opaque; 0 at the start of a scan
 * @tie: opaque; 0 at the start of a scan
 * @start: opaque; 0 at the start of a scan
 *
 * All zero bytes: the start. @place and @tie with all bits set: the end.
 *
 * The order is that of the keys' hashes, so that cursors, like the order itself,
 * tell bits of these, though not the seed of HMAP_HASH_SIPHASH. Who may both
 * read and write a map can use that to put keys that share a bucket, which slows
 * the map down, but him no more might than the right to clear it gives.
 */
struct hmap_cursor {
	__aligned_u64 place;
	__aligned_u64 tie;
	__aligned_u64 start;
};

/**
 * struct hmap_ioc_count - argument of HMAP_IOC_COUNT and HMAP_IOC_RESERVE
 * @size: sizeof(struct hmap_ioc_count)
 * @flags: 0
 * @count: COUNT: out: elements in the map; RESERVE: in: elements to make room for
 */
struct hmap_ioc_count {
	__u32 size;
	__u32 flags;
	__aligned_u64 count;
};

/* hmap_ioc_create.flags */
#define HMAP_CREATE_NO_SHRINK	1	/* keep the size when elements go */
#define HMAP_CREATE_NUMA_NODE	2	/* take memory from the node given */
#define HMAP_CREATE_MMAP	4	/* may be mapped, see struct hmap_mapped */
#define HMAP_CREATE_DIR		8	/* in the directory given, with or without a name */

/* hmap_ioc_create.hash */
#define HMAP_HASH_SIPHASH	0	/* for keys of those who may not be trusted */
#define HMAP_HASH_FAST		1	/* keyed, but no defence against attackers */

/* hmap_ioc_info.state */
#define HMAP_STATE_FROZEN	1	/* nobody can change it any more */

/**
 * struct hmap_ioc_info - argument of HMAP_IOC_INFO
 * @size: sizeof(struct hmap_ioc_info)
 * @flags: 0
 * @abi_version: out: HMAP_ABI_VERSION of the kernel
 * @key_size: out: bytes of a key of this map
 * @value_size: out: bytes of a value of this map
 * @max_key_size: out: HMAP_MAX_KEY_SIZE of the kernel
 * @max_value_size: out: HMAP_MAX_VALUE_SIZE of the kernel
 * @max_inline_size: out: HMAP_MAX_INLINE_SIZE of the kernel
 * @max_entries: out: elements that the map may hold, 0 for no limit
 * @hint: out: elements that the map was made for
 * @max_bytes: out: memory that the map may hold, 0 for no limit of its own
 * @create_flags: out: HMAP_CREATE_* bits that the map was made with
 * @hash: out: HMAP_HASH_*
 * @stripes: out: writers that can work at the same time
 * @node: out: NUMA node that memory is taken from, with HMAP_CREATE_NUMA_NODE;
 *	else 0
 * @state: out: HMAP_STATE_* bits
 * @reserved: out: 0
 * @uid: out: owner of the map's file, in the caller's user namespace; of an
 *	anonymous map the user that made it
 * @gid: out: its group, likewise
 * @mode: out: permissions of the file; 0 for an anonymous map
 * @links: out: names that the file has; 0 if the map had none, or has none any more
 * @all_max_bytes: out: memory that all maps of the device may hold together, 0 for no
 *	limit
 * @user_files: out: what the caller's user has: maps that it has made, directories,
 *	symbolic links, and names beyond the first of each
 * @user_max_files: out: what it may have (-EDQUOT), 0 for no limit
 * @user_memory: out: bytes that its maps hold
 * @user_max_bytes: out: bytes that they may hold, 0 for no limit
 *
 * An anonymous map is one that is in no file system. The default map's file is the
 * device node that was opened.
 */
struct hmap_ioc_info {
	__u32 size;
	__u32 flags;
	__u32 abi_version;
	__u32 key_size;
	__u32 value_size;
	__u32 max_key_size;
	__u32 max_value_size;
	__u32 max_inline_size;
	__aligned_u64 max_entries;
	__aligned_u64 hint;
	__aligned_u64 max_bytes;
	__u32 create_flags;
	__u32 hash;
	__u32 stripes;
	__u32 node;
	__u32 state;
	__u32 reserved;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 links;
	__aligned_u64 all_max_bytes;
	__aligned_u64 user_files;
	__aligned_u64 user_max_files;
	__aligned_u64 user_memory;
	__aligned_u64 user_max_bytes;
};

/**
 * struct hmap_ioc_elem - argument of HMAP_IOC_GET, HMAP_IOC_PUT, HMAP_IOC_DELETE
 * @size: sizeof(struct hmap_ioc_elem)
 * @flags: PUT: HMAP_ANY, HMAP_NOEXIST or HMAP_EXIST; GET and DELETE: 0
 * @key_size: the map's key size; any other is -EINVAL
 * @value_size: GET and PUT: the map's value size, any other is -EINVAL; GET
 *	also takes 0 with @value 0, to ask only whether the key is there.
 *	DELETE: 0
 * @key: address of the key
 * @value: GET: where the value goes; PUT: where it is; neither looks at it if
 *	the map's value size is 0. DELETE: 0
 */
struct hmap_ioc_elem {
	__u32 size;
	__u32 flags;
	__u32 key_size;
	__u32 value_size;
	__aligned_u64 key;
	__aligned_u64 value;
};

/* hmap_ioc_scan.flags */
#define HMAP_SCAN_RANDOM	1	/* a new scan begins anywhere */

/**
 * struct hmap_ioc_scan - argument of HMAP_IOC_SCAN
 * @size: sizeof(struct hmap_ioc_scan)
 * @flags: HMAP_SCAN_RANDOM or 0. A scan that is under way goes on from its cursor
 *	with or without it
 * @key_size: the map's key size
 * @value_size: the map's value size, or 0 with @values 0
 * @keys: where the keys go, one after the other; 0 if only values are wanted
 * @values: where the values go, in the same order; 0 if only keys are wanted
 * @prefix: address of what the keys have to begin with; 0 for any keys
 * @prefix_size: bytes of it, up to the key size; 0 for any keys
 * @capacity: elements that fit there; at least 1
 * @count: out: elements written. Valid on every return once the structure has
 *	been accepted, also with an error
 * @reserved: 0
 * @cursor: in: where to begin; out: where to go on. All zero to start. The
 *	scan is over when @count is 0
 *
 * A key that is in the map from the start of a scan to its end is returned
 * exactly once, whatever is written and however the map is resized meanwhile. A
 * prefix spares what would only be thrown away; the scan goes over the whole map
 * nevertheless.
 */
struct hmap_ioc_scan {
	__u32 size;
	__u32 flags;
	__u32 key_size;
	__u32 value_size;
	__aligned_u64 keys;
	__aligned_u64 values;
	__aligned_u64 prefix;
	__u32 prefix_size;
	__u32 capacity;
	__u32 count;
	__u32 reserved;
	struct hmap_cursor cursor;
};

/**
 * struct hmap_ioc_stats - argument of HMAP_IOC_STATS
 * @size: sizeof(struct hmap_ioc_stats)
 * @reserved: 0
 * @stats: out
 */
struct hmap_ioc_stats {
	__u32 size;
	__u32 reserved;
	struct hmap_stats stats;
};

/**
 * struct hmap_ioc_layout - argument of HMAP_IOC_LAYOUT
 * @size: sizeof(struct hmap_ioc_layout)
 * @reserved: 0
 * @layout: out: of the whole map if @place is 0, else of the part before @place
 * @place: in: 0 to begin, or what an interrupted call (-EINTR) has left here, with
 *	@layout; out: 0, or where to go on
 */
struct hmap_ioc_layout {
	__u32 size;
	__u32 reserved;
	struct hmap_layout layout;
	__aligned_u64 place;
};

/**
 * struct hmap_ioc_plain - argument of HMAP_IOC_CLEAR, HMAP_IOC_VERIFY and
 *	HMAP_IOC_FREEZE
 * @size: sizeof(struct hmap_ioc_plain)
 * @flags: 0
 */
struct hmap_ioc_plain {
	__u32 size;
	__u32 flags;
};

/**
 * struct hmap_ioc_create - argument of HMAP_IOC_CREATE
 * @size: sizeof(struct hmap_ioc_create)
 * @flags: HMAP_CREATE_* bits
 * @key_size: bytes of a key, 1 to HMAP_MAX_KEY_SIZE, or HMAP_MAX_INLINE_SIZE
 *	with HMAP_CREATE_MMAP
 * @value_size: bytes of a value, 0 to HMAP_MAX_VALUE_SIZE, or
 *	HMAP_MAX_INLINE_SIZE with HMAP_CREATE_MMAP; 0 makes a set
 * @hint: elements to make room for at once, 0 for none; up to @max_entries
 * @max_entries: elements that the map may hold, 0 for no limit
 * @max_bytes: memory that the map may hold, as counted by hmap_stats.memory; 0 for
 *	no limit. A map that would need more for an array of twice the size does not
 *	grow, but goes on with longer chains until there is no room for another
 *	element
 * @stripes: writers that can work at the same time: a power of two up to 64; 0
 *	for one
 * @hash: HMAP_HASH_*
 * @node: NUMA node to take memory from as long as it has some, with
 *	HMAP_CREATE_NUMA_NODE; else 0
 * @mode: permissions of the file, 0 to 0777, less the umask, or as the directory's
 *	default access control list has it; 0 for an anonymous map
 * @name: the map's name, followed by zeros; all zeros for a map without one. Of
 *	letters and digits of ASCII, '.', '_' and '-', and not beginning with '.'
 * @dir: with HMAP_CREATE_DIR: file descriptor of a directory of hmapfs, which may be
 *	open with O_PATH; else 0
 * @reserved: 0
 *
 * The ioctl returns a file descriptor of the map, open for reading and writing
 * and closed on exec. It may be duplicated, inherited and sent; a map without a
 * name goes with the last of these.
 *
 * A map with a name is a file of hmapfs, in the directory @dir, or without
 * HMAP_CREATE_DIR in HMAP_NODES as the caller sees it. The file belongs to the caller,
 * as any file that it makes. Which users may open it for what is decided there. The map
 * stays until the last of its names is removed (unlink) and it is closed everywhere.
 *
 * With HMAP_CREATE_DIR, but without a name, it has no name as yet. As a file that was
 * opened with O_TMPFILE it can be given one when it has been filled, by linkat() of
 * /proc/self/fd/N with AT_SYMLINK_FOLLOW. Its memory counts in the instance of the file
 * system as that of the others there. Without both the map is an anonymous one, in no
 * file system.
 *
 * Memory is charged to the memory cgroup of the caller, also what others cause by
 * their puts and what the map allocates by itself.
 */
struct hmap_ioc_create {
	__u32 size;
	__u32 flags;
	__u32 key_size;
	__u32 value_size;
	__aligned_u64 hint;
	__aligned_u64 max_entries;
	__aligned_u64 max_bytes;
	__u32 stripes;
	__u32 hash;
	__u32 node;
	__u32 mode;
	char name[HMAP_NAME_SIZE];
	__s32 dir;
	__u32 reserved;
};

/* hmap_op.op */
#define HMAP_OP_GET		1	/* copy the value, or a part of it, out */
#define HMAP_OP_PUT		2	/* insert or overwrite; may bring the old value */
#define HMAP_OP_DELETE		3
#define HMAP_OP_POP		4	/* DELETE that brings the value, or a part */
#define HMAP_OP_GET_OR_PUT	5	/* insert, or bring the value that is there */
#define HMAP_OP_ADD		6	/* to a number in the value; it wraps */
#define HMAP_OP_AND		7	/* likewise */
#define HMAP_OP_OR		8	/* likewise */
#define HMAP_OP_XOR		9	/* likewise */
#define HMAP_OP_XCHG		10	/* overwrite a part of the value */
#define HMAP_OP_CMPXCHG		11	/* likewise, if it is as expected */

/* hmap_op.flags, beside what a put may do */
#define HMAP_OP_CREATE		4	/* ADD to CMPXCHG: no element is one of zeros */
#define HMAP_OP_NEW		8	/* ADD to XOR: answer is the number afterwards */

/**
 * struct hmap_op - one operation on one element, of HMAP_IOC_OP and HMAP_IOC_BATCH
 * @op: HMAP_OP_*
 * @flags: PUT: HMAP_ANY, HMAP_NOEXIST or HMAP_EXIST; ADD, AND, OR, XOR:
 *	HMAP_OP_CREATE and HMAP_OP_NEW; XCHG, CMPXCHG: HMAP_OP_CREATE; others: 0
 * @offset: where in the value the part begins that the operation is about
 * @length: bytes of that part. PUT and GET_OR_PUT: all of the value; ADD, AND,
 *	OR, XOR: 1, 2, 4 or 8, a number in the order of bytes of the machine,
 *	aligned or not; XCHG, CMPXCHG: at least 1; GET, POP: 0 with @out 0 if the
 *	value is not wanted; DELETE: 0
 * @key: address of the key
 * @value: PUT, GET_OR_PUT, XCHG, CMPXCHG: address of the @length bytes to
 *	store; others: 0
 * @out: address where @length bytes go, 0 if they are not wanted: GET, POP: the
 *	part; PUT, XCHG, CMPXCHG: what it was before, zeros if there was no
 *	element; GET_OR_PUT: what is in the map afterwards; others: 0
 * @operand: ADD, AND, OR, XOR: the low @length bytes of this
 * @expected: CMPXCHG: address of the @length bytes to compare with
 * @answer: out: ADD, AND, OR, XOR: the number before; with HMAP_OP_NEW
 *	afterwards; 0 unless @result is 0
 * @result: out: 0 or a negative errno. -ENOENT: no such key; -EEXIST: PUT with
 *	HMAP_NOEXIST, and it is there; -ECANCELED: CMPXCHG, and the part is not as
 *	expected: @out tells how it is
 * @existed: out: 1 if the key was in the map before, 0 if not or if another error
 *	came first
 *
 * Nobody sees an element half changed, and nothing comes between what an
 * operation finds and what it leaves. Reading operations and all that use @out
 * or @answer need a file open for reading, all but GET one open for writing
 * (-EACCES) and a map that is not frozen (-EPERM).
 */
struct hmap_op {
	__u32 op;
	__u32 flags;
	__u32 offset;
	__u32 length;
	__aligned_u64 key;
	__aligned_u64 value;
	__aligned_u64 out;
	union {
		__aligned_u64 operand;
		__aligned_u64 expected;
	};
	__aligned_u64 answer;
	__s32 result;
	__u32 existed;
};

/**
 * struct hmap_ioc_op - argument of HMAP_IOC_OP
 * @size: sizeof(struct hmap_ioc_op)
 * @flags: 0
 * @key_size: the map's key size; any other is -EINVAL
 * @value_size: the map's value size; any other is -EINVAL
 * @op: the operation. The ioctl returns its result
 */
struct hmap_ioc_op {
	__u32 size;
	__u32 flags;
	__u32 key_size;
	__u32 value_size;
	struct hmap_op op;
};

/* hmap_ioc_batch.flags and hmap_ioc_vector.flags */
#define HMAP_BATCH_STOP		1	/* nothing more after the first that fails */
#define HMAP_BATCH_RESUME	2	/* left by an interrupted call (-EINTR): go on */

/**
 * struct hmap_ioc_batch - argument of HMAP_IOC_BATCH
 * @size: sizeof(struct hmap_ioc_batch)
 * @flags: HMAP_BATCH_STOP or 0. A call that a signal ends adds HMAP_BATCH_RESUME, which
 *	is gone when it has gone on to the end
 * @key_size: the map's key size
 * @value_size: the map's value size
 * @ops: address of the operations: struct hmap_op, one after the other
 * @count: how many
 * @op_size: sizeof(struct hmap_op)
 * @done: out: how many have been carried out, whether they failed or not: the
 *	first ones, and no other. Valid on every return once the structure has
 *	been accepted, also with an error. With HMAP_BATCH_RESUME in, too: it goes on
 *	behind them
 * @failed: likewise: how many of these failed
 *
 * They are carried out in this order, each for itself: others may come between
 * two. The ioctl returns 0 even if some failed, which the result of each tells.
 * After -EFAULT for @ops the result of the last that was done may be missing.
 */
struct hmap_ioc_batch {
	__u32 size;
	__u32 flags;
	__u32 key_size;
	__u32 value_size;
	__aligned_u64 ops;
	__u32 count;
	__u32 op_size;
	__u32 done;
	__u32 failed;
};

/**
 * struct hmap_ioc_vector - argument of HMAP_IOC_VECTOR
 * @size: sizeof(struct hmap_ioc_vector)
 * @flags: HMAP_BATCH_STOP or 0. A call that a signal ends adds HMAP_BATCH_RESUME, which
 *	is gone when it has gone on to the end
 * @key_size: the map's key size
 * @value_size: the map's value size
 * @op: HMAP_OP_GET, PUT, DELETE, POP or GET_OR_PUT
 * @op_flags: PUT: HMAP_ANY, HMAP_NOEXIST or HMAP_EXIST; others: 0
 * @count: elements
 * @done: as in struct hmap_ioc_batch
 * @failed: likewise
 * @reserved: 0
 * @keys: address of the keys, one after the other
 * @values: address of as many values. GET, POP: where they go, 0 if they are not
 *	wanted; that of a key that is not there is left as it is. PUT: where they
 *	are. GET_OR_PUT: both. DELETE: 0. In a set: 0
 * @results: address where as many __s32 go: 0 or a negative errno for each; 0 if
 *	they are not wanted
 *
 * The same as a batch of one kind of operation, but faster. After -EFAULT values
 * and results of the last that were done may be missing.
 */
struct hmap_ioc_vector {
	__u32 size;
	__u32 flags;
	__u32 key_size;
	__u32 value_size;
	__u32 op;
	__u32 op_flags;
	__u32 count;
	__u32 done;
	__u32 failed;
	__u32 reserved;
	__aligned_u64 keys;
	__aligned_u64 values;
	__aligned_u64 results;
};

/* hmap_ioc_wait.flags: what to wait for; exactly one of these. */
#define HMAP_WAIT_PRESENT	0	/* the key is in the map */
#define HMAP_WAIT_ABSENT	1	/* the key is not in the map */
#define HMAP_WAIT_OTHER		2	/* it is not there with the value given */
#define HMAP_WAIT_CHANGE	3	/* the map is not in the state given */

/* hmap_ioc_wait.deadline */
#define HMAP_WAIT_FOREVER	0xffffffffffffffffULL

/**
 * struct hmap_ioc_wait - argument of HMAP_IOC_WAIT
 * @size: sizeof(struct hmap_ioc_wait)
 * @flags: HMAP_WAIT_*
 * @key_size: the map's key size. CHANGE: 0
 * @value_size: the map's value size. PRESENT also takes 0 with @value 0, if the
 *	value is not wanted. ABSENT and CHANGE: 0
 * @key: address of the key. CHANGE: 0
 * @value: PRESENT: where the value goes; OTHER: where the value is that it must
 *	not be, and where the new one goes. ABSENT and CHANGE: 0
 * @deadline: when to give up, in nanoseconds of CLOCK_MONOTONIC. One that is over:
 *	only look. HMAP_WAIT_FOREVER: never
 * @state: CHANGE: the number of the state that the caller knows, 0 for none;
 *	out, if it returns 0: that of the present one. Else 0
 *
 * It returns at once if all is so already. Between two looks it may have been so
 * and no longer be: that is not seen. A signal that is handled with SA_RESTART
 * makes it go on with the same deadline.
 *
 * States have numbers from 1 on. A later one has a greater number, but not greater
 * by one with each change: what nobody looks at is not counted. What is read of
 * the map after the number is of that state or of a later one.
 */
struct hmap_ioc_wait {
	__u32 size;
	__u32 flags;
	__u32 key_size;
	__u32 value_size;
	__aligned_u64 key;
	__aligned_u64 value;
	__aligned_u64 deadline;
	__aligned_u64 state;
};

/*
 * States of a slot, in the byte that stands for it in tophash[] of its bucket.
 * HMAP_MIN_TOPHASH or more is a slot in use: the top byte of the key's hash, plus
 * HMAP_MIN_TOPHASH if it is less than that. The evacuation states stand in old
 * buckets; tophash[0] tells for the whole bucket.
 */
#define HMAP_EMPTY_REST		0	/* empty, as all behind it in the chain */
#define HMAP_EMPTY_ONE		1	/* empty */
#define HMAP_EVACUATED_X	2	/* moved to the same index of the new array */
#define HMAP_EVACUATED_Y	3	/* moved to that plus a multiple of the old size */
#define HMAP_EVACUATED_EMPTY	4	/* was empty when its bucket was evacuated */
#define HMAP_MIN_TOPHASH	5

/* Parts of the word that leads from a bucket to the next one of its chain. */
#define HMAP_OVERFLOW_INDEX		0x0fffffffU
#define HMAP_OVERFLOW_FILTER(tophash)	(0x10000000U << ((tophash) & 3))

/*
 * The format of what follows, and of all that a mapped map consists of: the control page,
 * buckets, blocks and both hashes. Programs have it compiled in. A program that does not
 * know the format or the hash of a map must leave its lookups to HMAP_IOC_GET.
 */
#define HMAP_MAPPED_FORMAT	0

/**
 * struct hmap_mapped_bucket - the head of a bucket
 * @tophash: states of the slots
 * @overflow: HMAP_OVERFLOW_INDEX: index of the next bucket of the chain, from 1 on;
 *	0: there is none. HMAP_OVERFLOW_FILTER(tophash), in the first bucket: clear if
 *	no key with that tophash is in any of the others
 * @version: odd while the chain is being changed, another one afterwards; that
 *	of the first bucket counts for the chain
 *
 * HMAP_BUCKET_SLOTS keys follow, then as many values, without padding.
 */
struct hmap_mapped_bucket {
	__u8 tophash[HMAP_BUCKET_SLOTS];
	__u32 overflow;
	__u32 version;
};

/**
 * struct hmap_mapped_array - where an array of buckets is
 * @buckets: how many it has, a power of two, without overflow buckets; 0: there
 *	is no array
 * @offset: where they begin in the file
 * @spares: overflow buckets that stand behind them: those with index 1 to @spares
 * @blocks: where the blocks with all other overflow buckets begin in the file,
 *	one behind the other
 * @end: where in the file ends what may be mapped of it. Overflow buckets behind
 *	that have to be left to HMAP_IOC_GET
 */
struct hmap_mapped_array {
	__aligned_u64 buckets;
	__aligned_u64 offset;
	__aligned_u64 spares;
	__aligned_u64 blocks;
	__aligned_u64 end;
};

/**
 * struct hmap_mapped - first page of a map that was made with HMAP_CREATE_MMAP
 * @sequence: odd while what follows is being changed, another number afterwards
 * @hash: HMAP_HASH_*
 * @key_size: bytes of a key
 * @value_size: bytes of a value
 * @bucket_size: bytes of a bucket
 * @block_buckets: overflow buckets in a block, a power of two
 * @block_size: bytes from one block to the next
 * @format: HMAP_MAPPED_FORMAT of the kernel
 * @hash0: seed of the hashes
 * @buckets: the array that the map is in
 * @oldbuckets: the array that is being evacuated to @buckets
 *
 * The first page of the file may be mapped, and then the arrays that it names:
 * PROT_READ and MAP_SHARED, nothing else (-EACCES, -EINVAL; -ENODEV for other
 * maps). Any range may be mapped. What is no page of the map, or has ceased to be
 * one, reads as bytes of HMAP_EVACUATED_EMPTY, and no access is ever an error.
 *
 * How to look a key up:
 *
 *   1. Read @sequence; if it is odd, begin again. Then read the rest, and @sequence
 *      again: if it has changed, begin again. The rest is as it was as long as
 *      @sequence is.
 *   2. Hash the key: HMAP_HASH_SIPHASH is SipHash-2-4 of its bytes with the key
 *      @hash0. HMAP_HASH_FAST is kept in the library. The low bits choose the
 *      bucket.
 *   3. If there are @oldbuckets look there first. Read the version of the chain; if
 *      it is odd, begin again. If tophash[0] then is an evacuation state, the chain
 *      is to be looked for in @buckets in the same way; if that is so there, too,
 *      begin again.
 *   4. Go through the buckets of the chain until the key is found, or one has a
 *      slot with HMAP_EMPTY_REST or no next one, or the filter tells that there is
 *      no use in going on. A bucket behind the first that
 *      has an evacuation state: begin again. Copy the value.
 *   5. Read the version again, and @sequence: if either has changed, what was found
 *      is worth nothing: begin again. (A program that is stopped in between while
 *      the chain is changed 2^31 times cannot tell.)
 *
 * Each of these reads comes after the one before (acquire). Who has begun again
 * often uses HMAP_IOC_GET. libhmap does all this.
 *
 * A program that may read the map can map it, and so learn its seed: with that keys can
 * be found that have the same hash. One that may write it, too, can make chains as
 * long as a chain may be (-EMLINK). No other map has the same seed.
 */
struct hmap_mapped {
	__u32 sequence;
	__u32 hash;
	__u32 key_size;
	__u32 value_size;
	__u32 bucket_size;
	__u32 block_buckets;
	__u32 block_size;
	__u32 format;
	__aligned_u64 hash0[2];
	struct hmap_mapped_array buckets;
	struct hmap_mapped_array oldbuckets;
};

#define HMAP_IOC_MAGIC	0xB9

/*
 * The numbers carry no size: it is in the structure. Which files may use a
 * command: r needs a file open for reading, w one open for writing (-EACCES
 * otherwise), x any, * what the operation asks for; d needs one of /dev/hmap
 * itself (-ENOTTY otherwise); c changes the map (-EPERM if it is frozen).
 *
 * INFO    x  sizes, limits and the version of this interface
 * GET     r  -ENOENT: no such key
 * PUT     wc -EEXIST, -ENOENT: see the flags; -ENOSPC: max_entries reached, or
 *            max_bytes, or the limit of all maps; -EMLINK: the buckets that the
 *            key would have to be in are a chain as long as there may be one,
 *            which takes keys that have been chosen for it; -ENOMEM: no memory, or
 *            the memory cgroup is at its limit; nothing changed; -EINTR: killed
 * DELETE  wc -ENOENT: no such key
 * SCAN    r  elements from a cursor; -EINTR: a signal
 * CLEAR   wc removes everything; -ENOMEM, -EINTR: a signal; nothing changed
 * STATS   x  the fields of the map
 * LAYOUT  x  how full buckets and chains are; -EINTR: a signal
 * VERIFY  x  checks the map, a bounded part at a time, and what is about the map as
 *            a whole if nothing is written meanwhile; needs CAP_SYS_ADMIN (-EPERM);
 *            -EUCLEAN: broken, see the kernel log; -EINTR: a signal
 * CREATE  wd a new map, returned as a file descriptor; -EINVAL also for a hint of
 *            more than max_entries, or than any map can hold; -EBADF: dir is no file
 *            descriptor; -ENOTDIR: dir, or HMAP_NODES, is no directory; -ENODEV: it
 *            is in no hmapfs: none is mounted there; -ENOENT: there is no
 *            HMAP_NODES, or the directory has been removed; -EACCES: the directory
 *            may not be searched or written; -EROFS: it is mounted read-only;
 *            -EEXIST: there is something of this name; -EOVERFLOW: the instance
 *            was mounted in a user namespace that does not know the caller's user
 *            or group; -ENOSPC: there are as many files as nr_maps= of the instance
 *            allows, or the memory for hint is more than max_bytes, the size= of the
 *            instance or the limit of all maps; -EDQUOT: the caller's user has as
 *            many maps and files as it may; -EMFILE, -ENFILE: too many files are
 *            open; -ENOMEM: no memory; -EOPNOTSUPP: HMAP_CREATE_MMAP where caches do
 *            not show what the kernel writes
 * FREEZE  w  nothing can change the map any more, for ever; when it returns, all
 *            changes that were under way are done; -EPERM: the file's owner, or of
 *            an anonymous map the user that made it, is another than the caller,
 *            which has no CAP_FOWNER; -EINTR: a signal came before they were
 * OP      *  any operation on one element
 * BATCH   *  any operations; -EINTR: a signal
 * VECTOR  *  the same operation on many elements; -EINTR: a signal
 * COUNT   x  the number of elements, without going over them
 * RESERVE w  makes room for a number of elements, and keeps it; -EINVAL: more than
 *            max_entries, or than any map can hold; -ENOSPC: more than max_bytes
 *            allow; -ENOMEM, -EINTR: a signal; what has been made stays
 * SHRINK  w  gives up what was reserved, at creation too, and as much memory as the
 *            elements do not need; -ENOMEM, -EINTR: a signal; what has been
 *            given up stays so
 * WAIT    r  until a key is there, is not, or has another value, or until the
 *            map has changed; -ETIMEDOUT: the deadline is over; -ENOENT: OTHER,
 *            and it is not there; -EPERM: it never will be so, for the map is
 *            frozen; -EINTR: a signal
 *
 * A file that is open for reading becomes readable (poll, EPOLLIN) when the map
 * has been changed since it was opened or last read. read() of 8 bytes or more
 * waits for that (-EAGAIN if the file is O_NONBLOCK) and returns a __u64, the
 * number of the present state as told at struct hmap_ioc_wait. Duplicates of a file
 * (dup, fork) have seen what it has: a program that shares it uses WAIT. Tasks that
 * sleep in poll or epoll are woken a moment after the change, not by it. When the map is
 * frozen there is an end to it: EPOLLHUP, and read() returns 0 behind the
 * last change.
 */
#define HMAP_IOC_INFO	_IO(HMAP_IOC_MAGIC, 0x00) /* struct hmap_ioc_info */
#define HMAP_IOC_GET	_IO(HMAP_IOC_MAGIC, 0x01) /* struct hmap_ioc_elem */
#define HMAP_IOC_PUT	_IO(HMAP_IOC_MAGIC, 0x02) /* struct hmap_ioc_elem */
#define HMAP_IOC_DELETE	_IO(HMAP_IOC_MAGIC, 0x03) /* struct hmap_ioc_elem */
#define HMAP_IOC_SCAN	_IO(HMAP_IOC_MAGIC, 0x04) /* struct hmap_ioc_scan */
#define HMAP_IOC_CLEAR	_IO(HMAP_IOC_MAGIC, 0x05) /* struct hmap_ioc_plain */
#define HMAP_IOC_STATS	_IO(HMAP_IOC_MAGIC, 0x06) /* struct hmap_ioc_stats */
#define HMAP_IOC_LAYOUT	_IO(HMAP_IOC_MAGIC, 0x07) /* struct hmap_ioc_layout */
#define HMAP_IOC_VERIFY	_IO(HMAP_IOC_MAGIC, 0x08) /* struct hmap_ioc_plain */
#define HMAP_IOC_CREATE	_IO(HMAP_IOC_MAGIC, 0x09) /* struct hmap_ioc_create */
#define HMAP_IOC_FREEZE	_IO(HMAP_IOC_MAGIC, 0x0c) /* struct hmap_ioc_plain */
#define HMAP_IOC_OP	_IO(HMAP_IOC_MAGIC, 0x10) /* struct hmap_ioc_op */
#define HMAP_IOC_BATCH	_IO(HMAP_IOC_MAGIC, 0x11) /* struct hmap_ioc_batch */
#define HMAP_IOC_VECTOR	_IO(HMAP_IOC_MAGIC, 0x12) /* struct hmap_ioc_vector */
#define HMAP_IOC_COUNT	_IO(HMAP_IOC_MAGIC, 0x13) /* struct hmap_ioc_count */
#define HMAP_IOC_RESERVE	_IO(HMAP_IOC_MAGIC, 0x14) /* struct hmap_ioc_count */
#define HMAP_IOC_SHRINK	_IO(HMAP_IOC_MAGIC, 0x15) /* struct hmap_ioc_plain */
#define HMAP_IOC_WAIT	_IO(HMAP_IOC_MAGIC, 0x18) /* struct hmap_ioc_wait */

#endif /* _UAPI_LINUX_HMAP_H */
