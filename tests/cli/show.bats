#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# stats, info, layout, clear, verify

# shellcheck disable=SC2154 # stderr and file are set by what is called
load helper

fields="count flags B noverflow hash0 present buckets oldbuckets nevacuate extra"
fields+=" overflow oldoverflow nextOverflow memory grows same_size_grows"
fields+=" evacuated longest_chain alloc_failures shrinks capacity"

@test "stats prints every field of the header, in its order" {
	load_module
	run -0 --separate-stderr ctl stats
	[ "$(awk '{ print $1 }' <<<"$output" | xargs)" = "$fields" ]
	# names and values are aligned
	[ "$(grep -c '^.\{16\} [^ ]*$' <<<"$output")" = 21 ]
}

@test "stats of a new map: nothing there" {
	load_module
	[ "$(stat_of count)" = 0 ]
	[ "$(stat_of buckets)" = "<nil>" ]
	[ "$(stat_of oldbuckets)" = "<nil>" ]
	[ "$(stat_of extra)" = "<nil>" ]
	[ "$(stat_of present)" = addresses ]
	[[ $(stat_of hash0) =~ ^[0-9]+$ ]]
}

@test "stats follows the map" {
	load_module
	seq 1 9 | sed 's/$/ 0/' | ctl load >/dev/null
	[ "$(stat_of count)" = 9 ]
	[ "$(stat_of B)" = 1 ]
	[ "$(stat_of grows)" = 1 ]
	[ "$(stat_of evacuated)" = 1 ]
	[ "$(stat_of nevacuate)" = 1 ]
	[ "$(stat_of memory)" -gt 0 ]
	[[ $(stat_of buckets) =~ ^0x[0-9a-f]{8,16}$ ]]
	[[ $(stat_of present) == buckets,*addresses ]]
}

@test "stats --json has the same fields and values" {
	load_module
	ctl put 1 1
	run -0 ctl stats --json
	for name in $fields; do
		[[ $output == *"\"$name\": "* ]]
	done
	[[ $output == *'"count": 1,'* ]]
	[[ $output == *'"oldbuckets": null,'* ]]
	[[ $output == *'"present": [ "buckets", "addresses" ]'* ||
	   $output == *'"present": [ "buckets", "extra", "addresses" ]'* ]]
}

@test "hash0 and addresses are hidden without CAP_SYSLOG" {
	load_module
	ctl put 1 1
	if [ -n "${HMAP_FAKE:-}" ]; then
		export HMAP_FAKE_HIDDEN=1
		run -0 ctl stats
	else
		needs setpriv
		run -0 setpriv --bounding-set -syslog hmapctl stats
	fi
	[[ $output =~ hash0\ +\<hidden\> ]]
	[[ $output =~ (^|$'\n')buckets\ +\<hidden\> ]]
	[[ $output =~ oldbuckets\ +\<nil\> ]]
	[[ $output != *0x* ]]
	[[ $output != *addresses* ]]
}

no_limits=(max_bytes=0 user_files=0 user_bytes=0)

# What load_module has mounted.
files=1
[ -z "${HMAP_FAKE:-}" ] || files=0

@test "info prints sizes and limits" {
	load_module key_size=16 value_size=200 max_entries=1000 "${no_limits[@]}"
	prints "abi_version      2
key_size         16
value_size       200
max_key_size     4096
max_value_size   65536
max_inline_size  128
max_entries      1000
hint             0
max_bytes        0
stripes          1
hash             siphash
flags            none
node             0
state            none
uid              0
gid              0
mode             0600
links            1
all_max_bytes    0
user_files       $files
user_max_files   0
user_memory      0
user_max_bytes   0" ctl info
}

@test "info --json" {
	load_module key_size=1 value_size=0 hint=100 "${no_limits[@]}"
	prints '{ "abi_version": 2, "key_size": 1, "value_size": 0, "max_key_size": 4096, "max_value_size": 65536, "max_inline_size": 128, "max_entries": 0, "hint": 100, "max_bytes": 0, "stripes": 1, "hash": "siphash", "flags": [ ], "node": 0, "state": [ ], "uid": 0, "gid": 0, "mode": "0600", "links": 1, "all_max_bytes": 0, "user_files": '$files', "user_max_files": 0, "user_memory": 0, "user_max_bytes": 0 }' \
		ctl info --json
}

@test "stats, info and layout --json are JSON" {
	needs jq
	load_module
	ctl put 1 1
	ctl stats -j | jq -e '.count == 1'
	ctl info -j | jq -e '.key_size == 8'
	ctl layout -j | jq -e '.elements == 1 and (.slots | length) == 9'
}

@test "layout counts every element and draws bars" {
	load_module
	seq 1 100 | sed 's/$/ 0/' | ctl load >/dev/null
	run -0 ctl layout
	[[ ${lines[0]} == "100 elements in "* ]]
	[[ $output == *█* ]]
	[[ $output == *"buckets by slots in use"* ]]
	[[ $output == *"chains by overflow buckets"* ]]
	[[ $output == *"average fill"*"of 8 slots of a bucket"* ]]
	[[ $output == *"load factor"* ]]
	[[ $output == *"memory"*" bytes, "*" of an element"* ]]
}

@test "layout tells at which load the map grows" {
	local -A load=([1]=8 [100]=6.5 [212992]=6.5 [212993]=7.25)
	local hint

	needs_kernel
	for hint in "${!load[@]}"; do
		load_module hint="$hint"
		run -0 ctl layout
		[[ $output == *"the map grows at ${load[$hint]}"$'\n'* ]]
	done
}

@test "layout: the histogram adds up" {
	local sum

	load_module
	seq 1 1000 | sed 's/$/ 0/' | ctl load >/dev/null
	sum=$(ctl layout | awk '/^buckets by/ { on = 1; next }
		/^$/ { on = 0 } on { sum += $1 * $2 } END { print sum }')
	[ "$sum" = 1000 ]
}

@test "layout --ascii draws without Unicode" {
	load_module
	ctl put 1 1
	run -0 ctl layout --ascii
	[[ $output == *"##########"* ]]
	[ -z "$(LC_ALL=C tr -d '\000-\177' <<<"$output")" ]
}

@test "layout --json has the numbers" {
	load_module
	ctl put 1 1
	run -0 ctl layout --json
	[[ $output == *'"elements": 1, "buckets": 1, "slots": [ 0, 1, 0, 0, 0, 0, 0, 0, 0 ], "chains": [ 1, 0,'* ]]
	[[ $output == *'"average_fill": 1.00, "load_factor": 1.00, "memory": '* ]]
}

@test "layout of an empty map" {
	load_module
	run -0 ctl layout
	[[ ${lines[0]} == "0 elements in 0 buckets: "* ]]
	[[ $output == *"average fill     0.00"* ]]
}

@test "clear removes everything" {
	load_module
	seq 1 100 | sed 's/$/ 0/' | ctl load >/dev/null
	prints "" ctl clear
	[ "$(stat_of count)" = 0 ]
	prints "" ctl dump
	prints "" ctl clear
	ctl put 1 1
	prints 1 ctl get 1
}

@test "verify says that the map is sound" {
	load_module
	prints "the map is sound" ctl verify
	seq 1 1000 | sed 's/$/ 0/' | ctl load >/dev/null
	prints "the map is sound" ctl verify
}

@test "verify needs CAP_SYS_ADMIN" {
	needs_kernel
	needs setpriv
	load_module
	fails 1 "CAP_SYS_ADMIN is needed" \
		setpriv --bounding-set -sys_admin hmapctl verify
}
