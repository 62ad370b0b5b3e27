#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# add, pop, count, reserve, shrink, set

load helper

@test "add counts, from nothing" {
	load_module
	prints 1 ctl add 7
	prints 2 ctl add 7
	prints 42 ctl add 7 40
	prints 41 ctl add 7 -1
	prints 41 ctl get 7
	prints 1 ctl add 8
	[ "$(ctl count)" = 2 ]
}

@test "add wraps, and takes the format of the values" {
	load_module value_size=1
	prints 255 ctl add 7 -1
	prints 1 ctl add 7 2
	prints -2 ctl add -v int 7 -3
	prints 0xff ctl add -v hex 7 0x01
	fails 1 "out of range" ctl add 7 256
	fails 1 "not a" ctl add 7 many
	prints 255 ctl get 7
	prints 0x01 ctl add -v hex 9
	prints 2 ctl add -v str 9
	prints 2 ctl get 9
}

@test "add needs numbers" {
	load_module value_size=16
	fails 1 "add: the values are not numbers of 1, 2, 4 or 8 bytes" ctl add 7
	load_module value_size=0
	fails 1 "not numbers" ctl add 7
	[ "$(ctl count)" = 0 ]
}

@test "additions of several processes are not lost" {
	needs_kernel
	load_module
	for _ in 1 2 3 4; do
		for _ in $(seq 25); do
			ctl add 7
		done >/dev/null &
	done
	wait
	prints 100 ctl get 7
}

@test "pop prints the value and deletes" {
	load_module
	ctl put 7 70
	prints 70 ctl pop 7
	fails 1 "hmapctl: pop '7': no such key" ctl pop 7
	[ "$(ctl count)" = 0 ]
}

@test "pop in a set prints nothing" {
	load_module value_size=0
	ctl put 7
	prints "" ctl pop 7
	fails 1 "no such key" ctl pop 7
}

@test "count counts" {
	load_module
	prints 0 ctl count
	ctl put 1 1
	ctl put 2 1
	prints 2 ctl count
}

@test "reserve makes room, shrink gives it back" {
	needs_kernel
	load_module
	ctl put 1 1
	prints "" ctl reserve 5000
	[ "$(stat_of B)" = 10 ]
	prints "" ctl shrink
	[ "$(stat_of B)" = 0 ]
	prints 1 ctl get 1
}

@test "reserve says what is wrong" {
	load_module max_entries=100
	prints "" ctl reserve 100
	fails 1 "reserve: the map cannot hold that many elements" ctl reserve 101
	fails 2 "invalid number of elements: 'many'" ctl reserve many
	fails 2 "invalid number of elements: '-1'" ctl reserve -1
	fails 2 "usage: hmapctl reserve [OPTIONS] COUNT" ctl reserve
}

# limit_of NAME: one field of the info
limit_of()
{
	ctl info | awk -v name="$1" '$1 == name { print $2 }'
}

@test "set changes the number of elements that a map may have" {
	load_module max_entries=2
	ctl put 1 1
	ctl put 2 1
	fails 1 "the map is full" ctl put 3 1
	prints "" ctl set --max-entries 3
	[ "$(limit_of max_entries)" = 3 ]
	ctl put 3 1
	fails 1 "the map is full" ctl put 4 1
	# fewer than there are: none is lost
	prints "" ctl set --max-entries 1
	prints 3 ctl count
	fails 1 "the map is full" ctl put 4 1
	prints "" ctl set --max-entries 0
	[ "$(limit_of max_entries)" = 0 ]
	ctl put 4 1
	prints 4 ctl count
}

@test "set changes the memory that a map may have" {
	needs_kernel
	load_module
	seq 1 5000 | sed 's/$/ 1/' | ctl load >/dev/null
	prints "" ctl set --max-bytes 20000
	[ "$(limit_of max_bytes)" = 20000 ]
	[ "$(limit_of max_entries)" = 0 ]
	fails 1 "reserve: the map is full" ctl reserve 50000
	prints 5000 ctl count
	prints "" ctl set --max-bytes 0 --max-entries 5001
	[ "$(limit_of max_bytes)" = 0 ]
	[ "$(limit_of max_entries)" = 5001 ]
	prints "" ctl reserve 5001
	hmapctl create a
	prints "" hmapctl set -m a --max-bytes 1
	fails 1 "put '1': the map is full" hmapctl put -m a 1 1
	hmapctl put 5001 1
}

@test "only the owner sets limits" {
	needs_kernel
	needs setpriv
	load_module
	hmapctl create a --mode 0666
	fails 1 "set: only the owner may change the limits of a map" \
		setpriv --reuid 65534 --regid 65534 --clear-groups \
		hmapctl set -m a --max-entries 1
	chown 65534 /dev/hmaps/a
	prints "" setpriv --reuid 65534 --regid 65534 --clear-groups \
		hmapctl set -m a --max-entries 1
	hmapctl freeze -m a
	prints "" hmapctl set -m a --max-entries 2
}

@test "set says what is wrong" {
	load_module
	fails 2 "set: --max-entries or --max-bytes is required" ctl set
	fails 2 "invalid number: 'many'" ctl set --max-entries many
	fails 2 "invalid number: '-1'" ctl set --max-bytes -1
	fails 2 "does not take the option --hint" ctl set --hint 3
	fails 2 "usage: hmapctl set [OPTIONS]" ctl set --max-bytes 1 1
}
