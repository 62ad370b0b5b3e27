#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# create, destroy, list, freeze; --map

load helper

# info_of NAME: one field of a map
info_of()
{
	hmapctl info --map "$1" | awk -v name="$2" '$1 == name { print $2 }'
}

as_nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

@test "create makes a map that --map finds" {
	needs_kernel
	load_module
	prints "" hmapctl create sessions
	hmapctl put -m sessions 1 10
	prints 10 hmapctl get --map sessions 1
	prints 10 hmapctl get --device /dev/hmaps/sessions 1
	fails 1 "no such key" hmapctl get 1
	prints 10 hmapctl get --map /dev/hmaps/sessions 1
	[ "$(info_of sessions mode)" = 0600 ]
	[ "$(stat -c '%a %F' /dev/hmaps/sessions)" = "600 regular empty file" ]
	[ "$(info_of sessions key_size)" = 8 ]
}

# What is the map's own: behind that come limits of the device and of the user.
own_info()
{
	hmapctl info -m "$1" | sed '/^all_max_bytes/,$d'
}

@test "create takes every attribute" {
	needs_kernel
	load_module
	hmapctl create a --key-size 16 --value-size 0 --hint 100 --max-entries 200 \
		--max-bytes 1000000 --stripes 4 --fast-hash --no-shrink --node 0 \
		--mode 0666
	prints "abi_version      2
key_size         16
value_size       0
max_key_size     4096
max_value_size   65536
max_inline_size  128
max_entries      200
hint             100
max_bytes        1000000
stripes          4
hash             fast
flags            no_shrink,numa_node
node             0
state            none
uid              0
gid              0
mode             0666
links            1" own_info a
	[ "$(stat -c %a /dev/hmaps/a)" = 666 ]
	hmapctl create b --mmap
	[ "$(info_of b flags)" = mmap ]
	hmapctl put -m b 1 10
	prints 10 hmapctl get -m b 1
}

@test "create says what is wrong" {
	needs_kernel
	load_module
	hmapctl create a
	fails 1 "create a: a map of this name exists already" hmapctl create a
	fails 1 "create .a: the kernel refuses an attribute or the name" \
		hmapctl create .a
	fails 1 "refuses an attribute" hmapctl create b --key-size 0
	fails 1 "refuses an attribute" hmapctl create b --stripes 3
	fails 1 "the hint exceeds" hmapctl create b --hint 1000 --max-bytes 100
	fails 1 "names have 1 to 63 characters" hmapctl create "$(printf 'x%.0s' {1..64})"
	fails 1 "names have 1 to 63 characters" hmapctl create ""
	prints a hmapctl list
}

@test "list is in order, destroy takes names away" {
	needs_kernel
	load_module
	prints "" hmapctl list
	prints "[ ]" hmapctl list --json
	for name in m z a b-1; do
		hmapctl create $name
	done
	prints $'a\nb-1\nm\nz' hmapctl list
	prints '[ "a", "b-1", "m", "z" ]' hmapctl list --json
	prints "" hmapctl destroy m a
	prints $'b-1\nz' hmapctl list
	fails 1 "destroy a: no such map" hmapctl destroy a z
	prints b-1 hmapctl list
	fails 1 "cannot open the map m: No such file" hmapctl info --map m
}

@test "maps in directories, by their paths" {
	needs_kernel
	load_module
	mkdir /dev/hmaps/d
	hmapctl create /dev/hmaps/d/a
	hmapctl create a
	hmapctl put -m /dev/hmaps/d/a 1 10
	prints 10 hmapctl get -m /dev/hmaps/d/a 1
	fails 1 "no such key" hmapctl get -m a 1
	prints a hmapctl list
	prints a hmapctl list /dev/hmaps/d
	(cd /dev/hmaps/d && prints 10 hmapctl get -m ./a 1)
	mv /dev/hmaps/d/a /dev/hmaps/a
	prints 10 hmapctl get -m a 1
	prints "" hmapctl list /dev/hmaps/d
	fails 1 "create /dev/hmaps/none/a: No such file" hmapctl create /dev/hmaps/none/a
	fails 1 "create /tmp/a: no file system of maps is mounted" hmapctl create /tmp/a
	touch "$BATS_TEST_TMPDIR/file"
	fails 1 "no file system of maps is mounted" \
		hmapctl destroy "$BATS_TEST_TMPDIR/file"
	[ -e "$BATS_TEST_TMPDIR/file" ]
	fails 1 "is not a map" hmapctl info -m "$BATS_TEST_TMPDIR/file"
	prints "" hmapctl destroy /dev/hmaps/a
	prints "" hmapctl list
}

@test "names that others have given do not reach the terminal as they are" {
	needs_kernel
	load_module
	hmapctl create a
	mv /dev/hmaps/a $'/dev/hmaps/\e[31m b\\\n'
	prints '\x1b[31m\x20b\x5c\x0a' hmapctl list
	prints '[ "\\x1b[31m\\x20b\\x5c\\x0a" ]' hmapctl list --json
}

@test "where no file system of maps is mounted hmapctl says what to do" {
	needs_kernel
	load_module
	umount /dev/hmaps
	local text="no file system of maps is mounted on /dev/hmaps: systemctl start dev-hmaps.mount, or mkdir -p /dev/hmaps and mount -t hmapfs hmapfs /dev/hmaps"
	fails 1 "create a: $text" hmapctl create a
	fails 1 "destroy a: $text" hmapctl destroy a
	fails 1 "list /dev/hmaps: $text" hmapctl list
	fails 1 "cannot open the map a: $text" hmapctl get -m a 1
	rmdir /dev/hmaps
	fails 1 "create a: $text" hmapctl create a
	fails 1 "list /dev/hmaps: $text" hmapctl list
	fails 1 "cannot open the map a: $text" hmapctl get -m a 1
	# and that it does
	mkdir -p /dev/hmaps
	mount -t hmapfs hmapfs /dev/hmaps
	prints "" hmapctl create a
}

@test "a long list" {
	needs_kernel
	load_module
	for i in $(seq 100 349); do
		hmapctl create "$i"
	done
	[ "$(hmapctl list)" = "$(seq 100 349)" ]
}

@test "a user without the right to write the device cannot make maps, others destroy their own" {
	needs_kernel
	needs setpriv
	load_module
	umount /dev/hmaps
	mount -t hmapfs -o mode=1777 hmapfs /dev/hmaps
	hmapctl create a --mode 0644
	chmod 0444 /dev/hmap
	fails 1 "create b: Permission denied" as_nobody hmapctl create b
	prints a as_nobody hmapctl list
	chmod 0666 /dev/hmap
	as_nobody hmapctl create b
	fails 1 "destroy a: Operation not permitted" as_nobody hmapctl destroy a
	as_nobody hmapctl destroy b
	chmod 0755 /dev/hmaps
	fails 1 "create b: Permission denied" as_nobody hmapctl create b
	fails 1 "destroy a: Permission denied" as_nobody hmapctl destroy a
}

@test "only the owner freezes" {
	needs_kernel
	needs setpriv
	load_module
	hmapctl create a --mode 0666
	fails 1 "freeze: only the owner may freeze a map" \
		as_nobody hmapctl freeze -m a
	chmod 0666 /dev/hmap
	fails 1 "freeze: only the owner may freeze a map" as_nobody hmapctl freeze
	chown 65534 /dev/hmaps/a
	prints "" as_nobody hmapctl freeze -m a
	[ "$(info_of a state)" = frozen ]
	[ "$(info_of a uid)" = 65534 ]
}

@test "freeze: no change any more" {
	needs_kernel
	load_module
	hmapctl put 1 10
	prints "" hmapctl freeze
	fails 1 "put '1': the map is frozen" hmapctl put 1 11
	fails 1 "the map is frozen" hmapctl del 1
	fails 1 "clear: the map is frozen" hmapctl clear
	prints 10 hmapctl get 1
	[ "$(hmapctl info | awk '$1 == "state" { print $2 }')" = frozen ]
}

@test "usage errors of the new options" {
	fails 2 "usage: hmapctl create" ctl create
	fails 2 "usage: hmapctl destroy" hmapctl destroy
	fails 2 "usage: hmapctl list" hmapctl list x y
	fails 2 "does not take the option --device" hmapctl list --device x
	fails 2 "invalid number: 'x'" ctl create a --key-size x
	fails 2 "invalid number: '4294967296'" ctl create a --value-size 4294967296
	fails 2 "invalid number: '-1'" ctl create a --hint -1
	fails 2 "invalid mode (0 to 0777): '888'" ctl create a --mode 888
	fails 2 "invalid mode (0 to 0777): '1777'" ctl create a --mode 1777
	fails 2 "invalid map name: '..'" ctl get 1 --map ..
	fails 2 "invalid map name: ''" ctl get 1 --map ""
	fails 2 "does not take the option --map" ctl create a --map b
	fails 2 "does not take the option --hint" ctl put 1 1 --hint 3
}

@test "without the module there are no maps" {
	needs_kernel
	unload_module
	fails 1 "cannot open /dev/hmap: No such file or directory; is the module loaded?" \
		hmapctl create a
	fails 1 "no file system of maps is mounted on /dev/hmaps" hmapctl list
	fails 1 "no file system of maps is mounted on /dev/hmaps" hmapctl destroy a
}
