/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * hmap: the ioctl interface of /dev/hmap.
 *
 * Every command takes a pointer to the structure named beside it. Each
 * structure begins with its own size in bytes, so that later versions can
 * append fields. A shorter structure is accepted: missing fields read as zero
 * and are not written back (so far only the results of INFO, STATS and LAYOUT
 * and the directory of CREATE may be missing; -EINVAL otherwise). A longer
 * structure is accepted if all bytes that the kernel does not know are zero
 * (-E2BIG otherwise).
 *
 * -EINVAL  unknown flag, or a reserved field that is not zero
 * -ENOTTY  unknown command
 * -EFAULT  an address cannot be read or written
 *
 * A signal ends a long call early. The kernel restarts the call if the signal
 * has no handler (stop, freezer) or one with SA_RESTART; otherwise the call
 * returns -EINTR, and continues if it is called again with the same structure.
 * Each call makes some progress. A scan that already has elements returns 0
 * with these instead. The exception is VERIFY: it is not restarted, and begins
 * anew each time.
 *
 * Maps that have names are files of hmapfs, a file system that the module
 * provides: open(2), unlink(2), rename(2), linkat(2) and readdir(3) work as
 * for any file.
 *
 * Pointers are passed as 64-bit integers, and there is no implicit padding:
 * 32-bit programs use the same structures on a 64-bit kernel.
 */
#ifndef _UAPI_LINUX_HMAP_H
#define _UAPI_LINUX_HMAP_H

#include <linux/ioctl.h>
#include <linux/types.h>

/** HMAP_ABI_VERSION - incremented by releases that add commands or fields */
#define HMAP_ABI_VERSION	2

/** HMAP_DEVICE - path of the device */
#define HMAP_DEVICE		"/dev/hmap"

/** HMAP_NODES - where hmapfs, the file system of named maps, is mounted */
#define HMAP_NODES		"/dev/hmaps"

/** HMAP_NAME_SIZE - bytes of a map's name, including the terminating 0 */
#define HMAP_NAME_SIZE		64

/** HMAPFS_MAGIC - f_type of statfs() for hmapfs: "hmap" */
#define HMAPFS_MAGIC		0x686d6170

/* Limits of every map. A value size of 0 makes a set. */
#define HMAP_MIN_KEY_SIZE	1
#define HMAP_MAX_KEY_SIZE	4096
#define HMAP_MAX_VALUE_SIZE	65536
/* Larger keys and values live outside the buckets (as in Go's map). */
#define HMAP_MAX_INLINE_SIZE	128

/* Flags of a put; exactly one of these. */
#define HMAP_ANY		0	/* insert or overwrite */
#define HMAP_NOEXIST		1	/* insert only (-EEXIST) */
#define HMAP_EXIST		2	/* overwrite only (-ENOENT) */

/* hmap_stats.flags; the value is the one of Go's map. */
#define HMAP_FLAG_SAMESIZEGROW	8	/* oldbuckets is as large as buckets */

/* hmap_stats.present: which pointers of the map are not NULL. */
#define HMAP_HAS_BUCKETS	1
#define HMAP_HAS_OLDBUCKETS	2
#define HMAP_HAS_EXTRA		4
#define HMAP_HAS_ADDRESSES	8	/* hash0 and addresses are not hidden */

/* hmap_layout.slots and .chains */
#define HMAP_BUCKET_SLOTS	8
#define HMAP_LAYOUT_CHAINS	16

/**
 * struct hmap_stats - the state of a map, with the field names of Go's hmap
 * @count: elements in the map
 * @flags: HMAP_FLAG_SAMESIZEGROW or 0
 * @B: log2 of the number of buckets
 * @noverflow: overflow buckets in use by @buckets
 * @hash0: low 32 bits of the hash seed; 0 without CAP_SYSLOG
 * @present: HMAP_HAS_* bits
 * @buckets: address of the 2^B buckets, as printk() prints it with %pK: hashed,
 *	or as sysctl kernel.kptr_restrict says; 0 without CAP_SYSLOG
 * @oldbuckets: address of the buckets being evacuated, likewise
 * @nevacuate: progress of the evacuation: buckets below this index of the
 *	smaller array have been evacuated. With several stripes, the sum of
 *	their values. Keeps its last value after a resize, as in Go's map
 * @extra: address of the overflow record, likewise
 * @overflow: overflow buckets that the array has, in use or not: spares behind
 *	the buckets, and allocated blocks
 * @oldoverflow: overflow buckets in use by @oldbuckets
 * @next_overflow: index of the overflow bucket that is used next, counted from
 *	1; 0 if it has to be allocated first
 * @memory: bytes of kernel memory that the map holds for elements: arrays, from
 *	the moment at which their allocation begins, and everything in them. Not
 *	counted is the fixed overhead of a map: locks, files and, with
 *	HMAP_CREATE_MMAP, an inode and a control page
 * @grows: resizes to a larger size since the map was created
 * @same_size_grows: resizes that kept the size, to shorten chains
 * @evacuated: buckets evacuated since the map was created
 * @longest_chain: buckets in the longest chain that the present arrays have had
 * @alloc_failures: failed allocations, including those that the operation could
 *	do without
 * @shrinks: resizes to half the size since the map was created
 * @capacity: elements that the map can hold before it grows
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
	__aligned_u64 capacity;
};

/**
 * struct hmap_layout - how full buckets and chains are
 * @buckets: buckets counted: heads of chains and overflow buckets
 * @slots: [i] is the number of buckets with i of 8 slots in use
 * @chains: [i] is the number of chains with i overflow buckets; the last entry
 *	also counts all longer chains
 *
 * Gathered a few buckets at a time: exact if the map is not written meanwhile.
 */
struct hmap_layout {
	__aligned_u64 buckets;
	__aligned_u64 slots[HMAP_BUCKET_SLOTS + 1];
	__aligned_u64 chains[HMAP_LAYOUT_CHAINS];
};

/**
 * struct hmap_cursor - a position in the order of a scan
 * @place: opaque; 0 at the start of a scan
 * @tie: opaque; 0 at the start of a scan
 * @start: opaque; 0 at the start of a scan
 *
 * All bytes zero: the start. All bits of @place and @tie set: the end.
 *
 * Scans visit keys in the order of their hashes. Cursors, like the order
 * itself, therefore reveal bits of the hashes, but not the seed of
 * HMAP_HASH_SIPHASH. A program that may both read and write a map can use them
 * to fill one bucket and slow the map down. That is no more harm than clearing
 * the map, which the program may do anyway.
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
 * @count: COUNT: out: elements in the map; RESERVE: in: elements to make room
 *	for
 */
struct hmap_ioc_count {
	__u32 size;
	__u32 flags;
	__aligned_u64 count;
};

/* hmap_ioc_set.flags */
#define HMAP_SET_MAX_ENTRIES	1	/* set @max_entries */
#define HMAP_SET_MAX_BYTES	2	/* set @max_bytes */

/**
 * struct hmap_ioc_set - argument of HMAP_IOC_SET
 * @size: sizeof(struct hmap_ioc_set)
 * @flags: HMAP_SET_* bits: which of the limits are set, at least one
 * @max_entries: with HMAP_SET_MAX_ENTRIES: elements that the map may hold, 0 for
 *	no limit; otherwise 0
 * @max_bytes: with HMAP_SET_MAX_BYTES: memory that the map may hold, 0 for no
 *	limit of its own; otherwise 0
 *
 * A limit that is below what the map holds deletes no element and frees no
 * memory: new elements are refused until the map holds less. A map that could
 * not grow grows when its limit is raised.
 */
struct hmap_ioc_set {
	__u32 size;
	__u32 flags;
	__aligned_u64 max_entries;
	__aligned_u64 max_bytes;
};

/* hmap_ioc_create.flags */
#define HMAP_CREATE_NO_SHRINK	1	/* no automatic shrinking */
#define HMAP_CREATE_NUMA_NODE	2	/* allocate memory on the given node */
#define HMAP_CREATE_MMAP	4	/* mappable, see struct hmap_mapped */
#define HMAP_CREATE_DIR		8	/* in directory @dir, named or not */

/* hmap_ioc_create.hash */
#define HMAP_HASH_SIPHASH	0	/* for keys from untrusted sources */
#define HMAP_HASH_FAST		1	/* not safe against hash flooding */

/* hmap_ioc_info.state */
#define HMAP_STATE_FROZEN	1	/* the map can no longer be changed */

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
 * @max_entries: out: elements that the map may hold now, 0 for no limit
 * @hint: out: elements that the map was created for; may be above a
 *	@max_entries that has been lowered since
 * @max_bytes: out: memory that the map may hold now, 0 for no limit of its own
 * @create_flags: out: HMAP_CREATE_NO_SHRINK, HMAP_CREATE_NUMA_NODE and
 *	HMAP_CREATE_MMAP, as the map was created
 * @hash: out: HMAP_HASH_*
 * @stripes: out: writers that can work at the same time
 * @node: out: NUMA node of its memory, with HMAP_CREATE_NUMA_NODE; otherwise 0
 * @state: out: HMAP_STATE_* bits
 * @reserved: out: 0
 * @uid: out: owner of the map's file, in the caller's user namespace; for an
 *	anonymous map the user that created it
 * @gid: out: group of the map's file, likewise
 * @mode: out: permissions of the file; 0 for an anonymous map
 * @links: out: names that the file has now; 0 for an anonymous map
 * @all_max_bytes: out: memory that all maps of the device may hold together, 0
 *	for no limit
 * @user_files: out: files of the caller's user: maps that it has created,
 *	directories, symbolic links, and hard links beyond the first of a file
 * @user_max_files: out: limit of @user_files (-EDQUOT), 0 for no limit
 * @user_memory: out: bytes that the user's maps hold
 * @user_max_bytes: out: limit of @user_memory, 0 for no limit
 *
 * An anonymous map is in no file system. The file of the default map is the
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
 * struct hmap_ioc_elem - argument of HMAP_IOC_GET, PUT and DELETE
 * @size: sizeof(struct hmap_ioc_elem)
 * @flags: PUT: HMAP_ANY, HMAP_NOEXIST or HMAP_EXIST; GET and DELETE: 0
 * @key_size: the map's key size (-EINVAL otherwise)
 * @value_size: GET and PUT: the map's value size (-EINVAL otherwise). GET also
 *	accepts 0 with @value 0, to check only whether the key exists.
 *	DELETE: 0
 * @key: address of the key
 * @value: GET: where to store the value; PUT: address of the value; both ignore
 *	it if the map's value size is 0. DELETE: 0
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
#define HMAP_SCAN_RANDOM	1	/* begin at a random place */

/**
 * struct hmap_ioc_scan - argument of HMAP_IOC_SCAN
 * @size: sizeof(struct hmap_ioc_scan)
 * @flags: HMAP_SCAN_RANDOM or 0. Makes no difference to a scan that is under
 *	way: it continues at its cursor
 * @key_size: the map's key size
 * @value_size: the map's value size, or 0 with @values 0
 * @keys: where to store the keys, one after the other; 0 if only values are
 *	wanted
 * @values: where to store the values, in the same order; 0 if only keys are
 *	wanted
 * @prefix: address of a prefix of the keys to return; 0 for all keys
 * @prefix_size: bytes of @prefix, up to the key size; 0 for all keys
 * @capacity: elements that fit into @keys and @values; at least 1
 * @count: out: elements stored. Valid on every return once the structure has
 *	been accepted, also with an error
 * @reserved: 0
 * @cursor: in: where to begin, all zero for the start; out: where to continue.
 *	The scan is over when @count is 0
 *
 * A key that is in the map from the start of a scan to its end is returned
 * exactly once, regardless of writes and resizes meanwhile. A prefix saves
 * copying elements that the caller would discard; the scan still visits the
 * whole map.
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
 * @layout: out: layout of the whole map if @place is 0, otherwise of the part
 *	before @place
 * @place: in: 0 to begin. To continue an interrupted call (-EINTR), leave this
 *	and @layout as they are. Out: 0 at the end, otherwise where to continue
 */
struct hmap_ioc_layout {
	__u32 size;
	__u32 reserved;
	struct hmap_layout layout;
	__aligned_u64 place;
};

/**
 * struct hmap_ioc_plain - argument of HMAP_IOC_CLEAR, HMAP_IOC_VERIFY,
 *	HMAP_IOC_SHRINK and HMAP_IOC_FREEZE
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
 * @max_bytes: memory that the map may hold, as counted by hmap_stats.memory; 0
 *	for no limit. If an array of twice the size would exceed it, the map
 *	does not grow: its chains get longer, until there is no room for
 *	another element
 * @stripes: writers that can work at the same time: a power of two up to 64; 0
 *	for one
 * @hash: HMAP_HASH_*
 * @node: with HMAP_CREATE_NUMA_NODE: NUMA node to allocate memory on as long as
 *	it has some; otherwise 0
 * @mode: permissions of the file, 0 to 0777, reduced by the umask or by the
 *	directory's default access control list; 0 for an anonymous map
 * @name: the map's name, padded with zeros; all zeros for a map without one.
 *	ASCII letters and digits, '.', '_' and '-'; must not begin with '.'
 * @dir: with HMAP_CREATE_DIR: file descriptor of a directory of hmapfs, which
 *	may be open with O_PATH; otherwise 0
 * @reserved: 0
 *
 * The ioctl returns a file descriptor of the map, open for reading and writing
 * and closed on exec. It can be duplicated, inherited and passed on. A map
 * without a name is freed on last close.
 *
 * A map with a name is a file of hmapfs, in the directory @dir, or, without
 * HMAP_CREATE_DIR, in HMAP_NODES, which is looked up like any path of the
 * caller. The caller owns the file, like any file that it creates, and the
 * permissions of the file decide which users may open it. The map is freed
 * after its last name has been unlinked and its last file closed.
 *
 * With HMAP_CREATE_DIR but without a name, the map has no name yet. Like a file
 * opened with O_TMPFILE it can be given one later, for example when it has been
 * filled: by linkat() of /proc/self/fd/N with AT_SYMLINK_FOLLOW. Its memory
 * counts towards the limit of the file system instance. Without either, the
 * map is anonymous: it is in no file system.
 *
 * Memory is charged to the memory cgroup of the caller, including memory for
 * other programs' puts and memory that the map allocates by itself.
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
#define HMAP_OP_GET		1	/* get the value, or a part of it */
#define HMAP_OP_PUT		2	/* can also return the old value */
#define HMAP_OP_DELETE		3
#define HMAP_OP_POP		4	/* DELETE that returns the value */
#define HMAP_OP_GET_OR_PUT	5	/* insert, or get the present value */
#define HMAP_OP_ADD		6	/* to a number in the value; wraps */
#define HMAP_OP_AND		7	/* likewise */
#define HMAP_OP_OR		8	/* likewise */
#define HMAP_OP_XOR		9	/* likewise */
#define HMAP_OP_XCHG		10	/* overwrite a part of the value */
#define HMAP_OP_CMPXCHG		11	/* likewise, if it equals @expected */

/* hmap_op.flags, besides the flags of a put */
#define HMAP_OP_CREATE		4	/* ADD to CMPXCHG: absent means zeros */
#define HMAP_OP_NEW		8	/* ADD to XOR: @answer is the result */

/**
 * struct hmap_op - operation on one element, of HMAP_IOC_OP and HMAP_IOC_BATCH
 * @op: HMAP_OP_*
 * @flags: PUT: HMAP_ANY, HMAP_NOEXIST or HMAP_EXIST; ADD, AND, OR, XOR:
 *	HMAP_OP_CREATE and HMAP_OP_NEW; XCHG, CMPXCHG: HMAP_OP_CREATE; others:
 *	0. With HMAP_OP_CREATE a missing element is taken for one of zeros;
 *	without it, it is -ENOENT
 * @offset: offset in the value of the part that the operation works on
 * @length: bytes of that part. PUT, GET_OR_PUT: the whole value; ADD, AND, OR,
 *	XOR: 1, 2, 4 or 8, a number in native byte order, aligned or not;
 *	XCHG, CMPXCHG: at least 1; GET, POP: 0 with @out 0 if the value is not
 *	wanted; DELETE: 0
 * @key: address of the key
 * @value: PUT, GET_OR_PUT, XCHG, CMPXCHG: address of the @length bytes to
 *	store; others: 0
 * @out: where to store @length bytes, 0 if they are not wanted. GET, POP: the
 *	part; PUT, XCHG, CMPXCHG: the part before the operation, zeros if there
 *	was no element; GET_OR_PUT: the value after the operation; others: 0
 * @operand: ADD, AND, OR, XOR: the operand, in the low @length bytes
 * @expected: CMPXCHG: address of the @length bytes to compare with
 * @answer: out: ADD, AND, OR, XOR: the number before the operation, or after it
 *	with HMAP_OP_NEW; 0 unless @result is 0
 * @result: out: 0 or a negative errno, among them
 *	-ENOENT: no such key;
 *	-EEXIST: PUT with HMAP_NOEXIST, and the key exists;
 *	-ECANCELED: CMPXCHG, and the part differs from @expected: @out has it
 * @existed: out: 1 if the key was in the map before, 0 if not or if another
 *	error came first
 *
 * Operations are atomic: an element is never seen half changed, and no other
 * change comes between what an operation reads and what it writes.
 *
 * Operations that read, and all that use @out or @answer, need a file open for
 * reading. All but GET need a file open for writing (-EACCES) and a map that is
 * not frozen (-EPERM).
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
 * @key_size: the map's key size (-EINVAL otherwise)
 * @value_size: the map's value size (-EINVAL otherwise)
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
#define HMAP_BATCH_STOP		1	/* stop after the first failure */
#define HMAP_BATCH_RESUME	2	/* set by an interrupted call */

/**
 * struct hmap_ioc_batch - argument of HMAP_IOC_BATCH
 * @size: sizeof(struct hmap_ioc_batch)
 * @flags: HMAP_BATCH_STOP or 0. An interrupted call adds HMAP_BATCH_RESUME; a
 *	call that is not interrupted removes it
 * @key_size: the map's key size
 * @value_size: the map's value size
 * @ops: address of the operations: an array of struct hmap_op
 * @count: number of operations
 * @op_size: sizeof(struct hmap_op)
 * @done: out: operations carried out, whether they failed or not: the first
 *	@done of the array, and no others. Valid on every return once the
 *	structure has been accepted, also with an error. With HMAP_BATCH_RESUME
 *	also in: the call continues behind these
 * @failed: likewise: how many of these failed
 *
 * The operations are carried out in this order. Each is atomic by itself: other
 * programs' operations may come in between. The ioctl returns 0 even if some
 * failed; see the result of each. After -EFAULT for @ops the result of the last
 * operation carried out may be missing.
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
 * @flags: HMAP_BATCH_STOP or 0. An interrupted call adds HMAP_BATCH_RESUME; a
 *	call that is not interrupted removes it
 * @key_size: the map's key size
 * @value_size: the map's value size
 * @op: HMAP_OP_GET, PUT, DELETE, POP or GET_OR_PUT
 * @op_flags: PUT: HMAP_ANY, HMAP_NOEXIST or HMAP_EXIST; others: 0
 * @count: number of elements
 * @done: as in struct hmap_ioc_batch
 * @failed: likewise
 * @reserved: 0
 * @keys: address of the keys, one after the other
 * @values: address of as many values. GET, POP: where to store them, 0 if they
 *	are not wanted; the place of a missing key's value is left unchanged.
 *	PUT: the values to store. GET_OR_PUT: both. DELETE: 0. In a set: 0
 * @results: where to store an __s32 for each element, 0 or a negative errno; 0
 *	if they are not wanted
 *
 * Equivalent to a batch of operations of one kind, but faster. After -EFAULT
 * values and results of the last elements may be missing.
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
#define HMAP_WAIT_OTHER		2	/* the key has another value */
#define HMAP_WAIT_CHANGE	3	/* the map is not in the given state */

/* hmap_ioc_wait.deadline */
#define HMAP_WAIT_FOREVER	0xffffffffffffffffULL

/**
 * struct hmap_ioc_wait - argument of HMAP_IOC_WAIT
 * @size: sizeof(struct hmap_ioc_wait)
 * @flags: HMAP_WAIT_*
 * @key_size: the map's key size. CHANGE: 0
 * @value_size: the map's value size. PRESENT also accepts 0 with @value 0, if
 *	the value is not wanted. ABSENT and CHANGE: 0
 * @key: address of the key. CHANGE: 0
 * @value: PRESENT: where to store the value; OTHER: address of the value to
 *	compare with, which is replaced by the new one. ABSENT and CHANGE: 0
 * @deadline: when to give up, in nanoseconds of CLOCK_MONOTONIC. If it has
 *	passed, the call only checks. HMAP_WAIT_FOREVER: no deadline
 * @state: CHANGE: in: number of the state that the caller knows, 0 for none;
 *	out, if the ioctl returns 0: number of the present state. Others: 0
 *
 * The call returns at once if the condition already holds. Short-lived states
 * may be missed: a condition that holds only between two checks is not noticed.
 * With OTHER the call fails with -ENOENT if the key is not in the map. After a
 * signal handler with SA_RESTART the call continues with the same deadline.
 *
 * State numbers begin at 1 and only increase. Changes that were not observed may
 * share one number. Data read from the map after the number belongs to that
 * state or to a later one.
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
 * States of a slot, as the slot's byte in tophash[] of its bucket. A byte of
 * HMAP_MIN_TOPHASH or more is a slot in use: the top byte of the key's hash,
 * plus HMAP_MIN_TOPHASH if the top byte is less than that. Evacuation states
 * occur in old buckets; tophash[0] is valid for the whole bucket.
 */
#define HMAP_EMPTY_REST		0	/* empty, like the rest of the chain */
#define HMAP_EMPTY_ONE		1	/* empty */
#define HMAP_EVACUATED_X	2	/* at the same index, modulo new size */
#define HMAP_EVACUATED_Y	3	/* higher by a multiple of old size */
#define HMAP_EVACUATED_EMPTY	4	/* was empty when evacuated */
#define HMAP_MIN_TOPHASH	5

/* Parts of hmap_mapped_bucket.overflow. */
#define HMAP_OVERFLOW_INDEX		0x0fffffffU
#define HMAP_OVERFLOW_FILTER(tophash)	(0x10000000U << ((tophash) & 3))

/*
 * Version of the format of mapped maps: the structures below, buckets, overflow
 * blocks and both hashes. Programs have the format compiled in. A program that
 * does not know the format or the hash of a map must use HMAP_IOC_GET.
 */
#define HMAP_MAPPED_FORMAT	0

/**
 * struct hmap_mapped_bucket - the head of a bucket
 * @tophash: states of the slots
 * @overflow: HMAP_OVERFLOW_INDEX: index of the next bucket of the chain, from 1
 *	on; 0 if there is none. HMAP_OVERFLOW_FILTER(tophash), in the first
 *	bucket of a chain: clear if no key with that tophash is in any of the
 *	others
 * @version: odd while the chain is being changed, a new even number afterwards.
 *	The version of the first bucket is that of the chain
 *
 * HMAP_BUCKET_SLOTS keys follow, then as many values, without padding.
 */
struct hmap_mapped_bucket {
	__u8 tophash[HMAP_BUCKET_SLOTS];
	__u32 overflow;
	__u32 version;
};

/**
 * struct hmap_mapped_array - location of an array of buckets in the file
 * @buckets: number of buckets, a power of two, without overflow buckets; 0 if
 *	there is no array
 * @offset: file offset of the buckets
 * @spares: overflow buckets directly behind the buckets: those with index 1 to
 *	@spares
 * @blocks: file offset of the blocks with all other overflow buckets, one
 *	directly behind the other
 * @end: file offset of the end of the part that may be mapped. If an overflow
 *	bucket is behind it, use HMAP_IOC_GET
 */
struct hmap_mapped_array {
	__aligned_u64 buckets;
	__aligned_u64 offset;
	__aligned_u64 spares;
	__aligned_u64 blocks;
	__aligned_u64 end;
};

/**
 * struct hmap_mapped - first page of a map created with HMAP_CREATE_MMAP
 * @sequence: odd while the other fields are being changed, a new even number
 *	afterwards
 * @hash: HMAP_HASH_*
 * @key_size: bytes of a key
 * @value_size: bytes of a value
 * @bucket_size: bytes of a bucket
 * @block_buckets: overflow buckets in a block, a power of two
 * @block_size: bytes from one block to the next
 * @format: HMAP_MAPPED_FORMAT of the kernel
 * @hash0: seed of the hashes
 * @buckets: the current array
 * @oldbuckets: the array that is being evacuated to @buckets
 *
 * A program may map the first page of the file, and then the arrays that it
 * names; any range may be mapped. mmap() fails with
 *
 * -ENODEV  the map was created without HMAP_CREATE_MMAP
 * -EACCES  PROT_WRITE or PROT_EXEC
 * -EINVAL  not MAP_SHARED
 *
 * A page that is not part of the map, or no longer, reads as bytes of
 * HMAP_EVACUATED_EMPTY. No access to a mapping is ever an error.
 *
 * How to look a key up:
 *
 *   1. Read @sequence; if it is odd, start again. Read the other fields, then
 *      @sequence again; if it has changed, start again. The other fields are
 *      valid as long as @sequence does not change.
 *   2. Hash the key: HMAP_HASH_SIPHASH is SipHash-2-4 of its bytes with the
 *      key @hash0. HMAP_HASH_FAST is defined by libhmap. The low bits of the
 *      hash select the bucket.
 *   3. If there are @oldbuckets, look there first. Read the version of the
 *      chain; if it is odd, start again. If tophash[0] is then an evacuation
 *      state, go to the chain in @buckets in the same way; if that one has an
 *      evacuation state too, start again.
 *   4. Go through the buckets of the chain until the key is found, a bucket
 *      has a slot with HMAP_EMPTY_REST or no next bucket, or the filter says
 *      that the key is in no other bucket. If a bucket behind the first has an
 *      evacuation state, start again. Copy the value.
 *   5. Read the version again, and @sequence: if either has changed, discard
 *      the result and start again. (The program cannot notice if the chain is
 *      changed exactly 2^31 times meanwhile.)
 *
 * Each of these reads must come after the one before (acquire). A program that
 * has started again often should use HMAP_IOC_GET. libhmap does all this.
 *
 * A program that may read the map can map it, and so learns its seed, with
 * which it can find keys that have the same hash. If it may also write the map,
 * it can make chains as long as they may be (-EMLINK). No other map has the
 * same seed.
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
 * The command numbers do not encode a size: it is in the structure.
 *
 *   r  needs a file open for reading (-EACCES)
 *   w  needs a file open for writing (-EACCES)
 *   x  any file
 *   *  depends on the operation
 *   d  needs a file of /dev/hmap itself (-ENOTTY)
 *   c  changes the map (-EPERM if it is frozen)
 *
 * INFO     x   get sizes, limits and the version of this interface
 *
 * GET      r   get the value of a key
 *    -ENOENT   no such key
 *
 * PUT      wc  insert or overwrite an element; unchanged on any error
 *    -EEXIST   HMAP_NOEXIST, and the key exists
 *    -ENOENT   HMAP_EXIST, and the key does not exist
 *    -ENOSPC   max_entries reached, or a limit of memory: max_bytes, or that
 *              of the file system instance, of the user or of all maps
 *    -EMLINK   the key's chain is as long as a chain may be, which takes keys
 *              that have been chosen to collide
 *    -ENOMEM   no memory, or the memory cgroup is at its limit
 *    -EINTR    the task was killed
 *
 * DELETE   wc  delete an element
 *    -ENOENT   no such key
 *
 * SCAN     r   get elements from a cursor on
 *    -EINTR    a signal came before the first element
 *
 * CLEAR    wc  delete all elements; unchanged on any error
 *    -ENOMEM   no memory
 *    -EINTR    a signal came
 *
 * STATS    x   get the fields of the map
 *
 * LAYOUT   x   get how full buckets and chains are
 *    -EINTR    a signal came
 *
 * VERIFY   x   check the map, a bounded part at a time; what concerns the map
 *              as a whole only if it is not written meanwhile
 *    -EPERM    the caller lacks CAP_SYS_ADMIN
 *    -EUCLEAN  the map is corrupt, see the kernel log
 *    -EINTR    a signal came
 *
 * CREATE   wd  create a map; returns a file descriptor
 *    -EINVAL   invalid field; hint is above max_entries, or above what any map
 *              can hold
 *    -EBADF    dir is not an open file descriptor
 *    -ENOTDIR  dir, or HMAP_NODES, is not a directory
 *    -ENODEV   the directory is not in an hmapfs (none mounted at HMAP_NODES)
 *    -ENOENT   HMAP_NODES does not exist, or the directory has been removed
 *    -EACCES   no permission to search or write the directory
 *    -EROFS    the file system is mounted read-only
 *    -EEXIST   the name exists
 *    -EOVERFLOW  the user namespace of the mount does not map the caller's
 *              user or group
 *    -ENOSPC   the instance has as many files as nr_maps= allows; or hint
 *              needs more memory than max_bytes, size= of the instance, or the
 *              limit of the user or of all maps allows
 *    -EDQUOT   the caller's user has as many maps and files as it may have
 *    -EMFILE   the process has too many open files
 *    -ENFILE   the system has too many open files
 *    -ENOMEM   no memory
 *    -EOPNOTSUPP  HMAP_CREATE_MMAP, but the data cache aliases: programs would
 *              not see what the kernel writes
 *
 * FREEZE   w   make the map permanently read-only; on return all changes that
 *              were under way are done
 *    -EPERM    the caller is not the owner of the file (of an anonymous map:
 *              the user that created it) and lacks CAP_FOWNER
 *    -EINTR    a signal came before the changes were done
 *
 * OP       *   carry out an operation on one element, see struct hmap_op
 *
 * BATCH    *   carry out several operations
 *    -EINTR    a signal came
 *
 * VECTOR   *   carry out the same operation on several elements
 *    -EINTR    a signal came
 *
 * COUNT    x   get the number of elements, without visiting them
 *
 * RESERVE  w   make room for a number of elements, and keep it; on an error the
 *              steps that were made stay made
 *    -EINVAL   count is above max_entries, or above what any map can hold
 *    -ENOSPC   a limit of memory, as for PUT
 *    -ENOMEM   no memory
 *    -EINTR    a signal came
 *
 * SHRINK   w   give up reserved room, including that for hint, and memory that
 *              the elements do not need; on an error the steps that were made
 *              stay made
 *    -ENOMEM   no memory
 *    -EINTR    a signal came
 *
 * SET      w   set limits of the map; works on a frozen map, too
 *    -EINVAL   no flag is set, a limit is not 0 but its flag is not set, or a
 *              limit is above what the kernel can count
 *    -EPERM    the caller is not the owner, as for FREEZE
 *
 * WAIT     r   wait until a key is present, is absent or has another value, or
 *              until the map has changed
 *    -ETIMEDOUT  the deadline has passed
 *    -ENOENT   HMAP_WAIT_OTHER, and the key is not in the map
 *    -EPERM    the condition can never hold: the map is frozen
 *    -EINTR    a signal came
 *
 * poll() and read(): a file open for reading becomes readable (EPOLLIN) when
 * the map has changed since the file was opened or last read. read() waits for
 * that (-EAGAIN with O_NONBLOCK) and returns a __u64, the number of the present
 * state (see struct hmap_ioc_wait); less than 8 bytes are -EINVAL. Duplicates
 * of a file (dup, fork) share what has been read: programs that share a file
 * should use WAIT. Tasks that sleep in poll or epoll are woken shortly after
 * the change, not by it. When the map is frozen, poll() reports EPOLLHUP, and
 * read() returns 0 after the last change.
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
#define HMAP_IOC_RESERVE _IO(HMAP_IOC_MAGIC, 0x14) /* struct hmap_ioc_count */
#define HMAP_IOC_SHRINK	_IO(HMAP_IOC_MAGIC, 0x15) /* struct hmap_ioc_plain */
#define HMAP_IOC_SET	_IO(HMAP_IOC_MAGIC, 0x16) /* struct hmap_ioc_set */
#define HMAP_IOC_WAIT	_IO(HMAP_IOC_MAGIC, 0x18) /* struct hmap_ioc_wait */

#endif /* _UAPI_LINUX_HMAP_H */
