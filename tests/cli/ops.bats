#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# add, pop, count, reserve, shrink

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
