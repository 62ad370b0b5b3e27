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
	[ "$(info_of sessions name)" = sessions ]
	[ "$(stat -c %a /dev/hmaps/sessions)" = 600 ]
	[ "$(info_of sessions key_size)" = 8 ]
}

@test "create takes every attribute" {
	needs_kernel
	load_module
	hmapctl create a --key-size 16 --value-size 0 --hint 100 --max-entries 200 \
		--max-bytes 1000000 --stripes 4 --fast-hash --no-shrink --node 0 \
		--mode 0666
	prints "abi_version      1
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
name             a" hmapctl info -m a
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
	fails 1 "create a: there is a map of this name already" hmapctl create a
	fails 1 "create .a: the kernel refuses an attribute or the name" \
		hmapctl create .a
	fails 1 "refuses an attribute" hmapctl create b --key-size 0
	fails 1 "refuses an attribute" hmapctl create b --stripes 3
	fails 1 "the hint is more" hmapctl create b --hint 1000 --max-bytes 100
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
	fails 1 "cannot open /dev/hmaps/m: No such file" hmapctl info --map m
}

@test "a long list" {
	needs_kernel
	load_module
	for i in $(seq 100 349); do
		hmapctl create "$i"
	done
	[ "$(hmapctl list)" = "$(seq 100 349)" ]
}

@test "who may not write the device cannot make or destroy" {
	needs_kernel
	needs setpriv
	load_module
	hmapctl create a --mode 0644
	chmod 0444 /dev/hmap
	fails 1 "create b: Permission denied" as_nobody hmapctl create b
	fails 1 "destroy a: Permission denied" as_nobody hmapctl destroy a
	prints a as_nobody hmapctl list
	chmod 0666 /dev/hmap
	as_nobody hmapctl create b
	fails 1 "destroy a: Operation not permitted" as_nobody hmapctl destroy a
	as_nobody hmapctl destroy b
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
	fails 2 "usage: hmapctl destroy" ctl destroy
	fails 2 "usage: hmapctl list" ctl list x
	fails 2 "not a possible number: 'x'" ctl create a --key-size x
	fails 2 "not a possible number: '4294967296'" ctl create a --value-size 4294967296
	fails 2 "not a possible number: '-1'" ctl create a --hint -1
	fails 2 "not a mode, 0 to 0777: '888'" ctl create a --mode 888
	fails 2 "not a mode, 0 to 0777: '1777'" ctl create a --mode 1777
	fails 2 "not the name of a map: '../x'" ctl get 1 --map ../x
	fails 2 "does not take the option --map" ctl create a --map b
	fails 2 "does not take the option --hint" ctl put 1 1 --hint 3
}

@test "without the module there are no maps" {
	needs_kernel
	unload_module
	fails 1 "cannot open /dev/hmap: No such file or directory; is the module loaded?" \
		hmapctl create a
	fails 1 "is the module loaded?" hmapctl list
	fails 1 "cannot open /dev/hmap: No such file or directory; is the module loaded?" hmapctl destroy a
}
