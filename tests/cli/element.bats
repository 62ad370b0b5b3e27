#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# get, put, del, and every format of keys and values

# shellcheck disable=SC2154 # stderr and file are set by what is called
load helper

@test "what was put is got" {
	load_module
	prints "" ctl put 1 100
	prints "" ctl put 2 200
	prints 100 ctl get 1
	prints 200 ctl get 2
	prints "" ctl put 1 101
	prints 101 ctl get 1
	[ "$(stat_of count)" = 2 ]
}

@test "a missing key fails with a clear message" {
	load_module
	fails 1 "hmapctl: get '7': no such key" ctl get 7
}

@test "put --noexist inserts only" {
	load_module
	ctl put --noexist 1 100
	fails 1 "put '1': the key exists already" ctl put --noexist 1 200
	prints 100 ctl get 1
}

@test "put --exist overwrites only" {
	load_module
	fails 1 "put '1': no such key" ctl put --exist 1 100
	ctl put 1 100
	ctl put --exist 1 200
	prints 200 ctl get 1
}

@test "del removes keys, names those that are missing and goes on" {
	load_module
	ctl put 1 1
	ctl put 2 2
	ctl put 3 3
	prints "" ctl del 1
	fails 1 "del '1': no such key" ctl del 1 2
	fails 1 "no such key" ctl get 2
	prints 3 ctl get 3
	[ "$(stat_of count)" = 1 ]
}

@test "a negative number is an operand, also behind --" {
	load_module
	ctl put -5 -7
	prints 18446744073709551609 ctl get -5
	prints -7 ctl get -v int -5
	prints -7 ctl get -v int -- -5
	prints -7 ctl get -v int 18446744073709551611
	ctl del -5
}

@test "dec takes exactly what fits the size" {
	local size max min over under

	# all four sizes are tested in tests/userspace
	for size in 1 8; do
		load_module key_size=$size value_size=$size
		case $size in
		1) max=255 min=-128 over=256 under=-129 ;;
		8) max=18446744073709551615 min=-9223372036854775808
		   over=18446744073709551616 under=-9223372036854775809 ;;
		esac
		ctl put "$max" "$min"
		prints "$min" ctl get -v int "$max"
		prints "$min" ctl get -v int -- -1
		fails 1 "'$over': out of range (format dec, $size byte" \
			ctl put "$over" 0
		fails 1 "value '$under': out of range" ctl put 0 "$under"
		fails 1 "key 'x1': not a decimal number" ctl get x1
	done
}

@test "hex is a number or bytes" {
	load_module
	ctl put -k hex -v hex 0xff ffffffffffffffff
	prints 18446744073709551615 ctl get 255
	prints 0x00000000000000ff sh -c \
		"$(declare -f ctl); device=$device; ctl dump -k hex | cut -f 1"
	fails 1 "two hexadecimal digits for each byte" ctl get -k hex ff
	fails 1 "out of range (format hex, 8 bytes)" \
		ctl get -k hex 0x10000000000000000
}

@test "other sizes are strings by default, or hex" {
	load_module key_size=16 value_size=5
	ctl put name value
	prints value ctl get name
	prints 76616c7565 ctl get -v hex name
	prints value ctl get -k hex 6e616d65000000000000000000000000
	fails 1 "key 'abcdefghijklmnopq': too long (format str, 16 bytes)" \
		ctl get abcdefghijklmnopq
	fails 1 "value 'values': too long (format str, 5 bytes)" \
		ctl put name values
	fails 1 "0x is for up to 8 bytes" ctl get -k hex 0x1
}

@test "dec is refused for a size that is no number's" {
	load_module key_size=16 value_size=5
	fails 1 "format dec is for 1, 2, 4 or 8 bytes, but the map's keys have 16: use -k str or -k hex" \
		ctl get -k dec 1
	fails 1 "the map's values have 5: use -v str or -v hex" \
		ctl get -v int 1
}

@test "a string may hold any byte as \\xNN" {
	load_module key_size=8 value_size=8
	ctl put -k str -v str 'a\x20b' '\x00\x5cn\xff'
	prints '\x00\x5cn\xff' ctl get -k str -v str 'a b'
	fails 1 'a backslash must begin \xNN' ctl get -k str 'a\b'
}

@test "an empty string is a key" {
	load_module key_size=3 value_size=3
	ctl put "" ""
	prints '\x00' ctl get ""
	prints '000000' ctl get -v hex '\x00'
}

@test "a set has keys only" {
	load_module key_size=4 value_size=0
	prints "" ctl put 5
	prints "" ctl get 5
	fails 1 "get '6': no such key" ctl get 6
	fails 1 "the map is a set and has no values" ctl put 6 1
	fails 1 "already" ctl put 5 --noexist
	prints 5 ctl dump
	ctl del 5
}

@test "put without a value is refused unless the map is a set" {
	load_module
	fails 1 "no value: the map's values have 8 bytes" ctl put 1
}

@test "a full map says so" {
	load_module max_entries=2
	ctl put 1 1
	ctl put 2 2
	fails 1 "put '3': the map is full (see max_entries and max_bytes in hmapctl info)" \
		ctl put 3 3
	ctl put 2 22
	ctl del 1
	ctl put 3 3
}
