#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# load, dump, compare, del --from

# shellcheck disable=SC2154 # stderr and file are set by what is called
load helper

@test "load takes any white space, comments, empty lines and CR LF" {
	load_module
	file '1 10\n\n  2\t\t20  \n# 3 30\n   # 4 40\n5 50\r\n6 60'
	prints "loaded 4, failed 0" ctl load "$file"
	prints "1	10
2	20
5	50
6	60" dump_sorted
}

dump_sorted()
{
	ctl dump "$@" | sorted
}

@test "load reads stdin, named or not" {
	load_module
	prints "loaded 1, failed 0" ctl load <<<"1 10"
	prints "loaded 1, failed 0" ctl load - <<<"2 20"
	prints 20 ctl get 2
	run -1 --separate-stderr ctl load <<<"3 30 300"
	[[ $stderr == "hmapctl: <stdin>:1: more than a key and a value"* ]]
}

@test "load stops at the first bad line and names it" {
	load_module
	file '1 10\n2 x\n3 30\n'
	run -1 --separate-stderr ctl load "$file"
	[ "$output" = "loaded 1, failed 1" ]
	[ "$stderr" = "hmapctl: $file:2: value 'x': not a decimal number (format dec, 8 bytes)" ]
	[ "$(stat_of count)" = 1 ]
}

@test "load --keep-going counts the bad lines" {
	load_module
	file '1 10\nx 20\n3\n4 40 400\n5 50\n6 \\x\n'
	run -1 --separate-stderr ctl load --keep-going "$file"
	[ "$output" = "loaded 2, failed 4" ]
	[[ $stderr == *"$file:2: key 'x': not a decimal number"* ]]
	[[ $stderr == *"$file:3: no value: the map's values have 8 bytes"* ]]
	[[ $stderr == *"$file:4: more than a key and a value"* ]]
	[[ $stderr == *"$file:6: value '\\x'"* ]]
}

@test "a zero byte in a line is an error, not an end" {
	load_module key_size=8 value_size=0
	file 'abc\n\0def\nghi\0\njkl\n'
	run -1 --separate-stderr ctl load -k str --keep-going "$file"
	[ "$output" = "loaded 2, failed 2" ]
	[[ $stderr == *"$file:2: a zero byte: write it as \\x00"* ]]
}

@test "a line longer than an element can be is an error, not an end" {
	load_module
	{
		seq 1 100 | sed 's/$/ 1/'
		head -c 200000000 /dev/zero | tr '\0' x
		echo
		seq 101 201 | sed 's/$/ 1/'
	} >"$BATS_TEST_TMPDIR/long"
	run -1 --separate-stderr ctl load "$BATS_TEST_TMPDIR/long"
	[ "$output" = "loaded 100, failed 1" ]
	[[ $stderr == *":101: longer than an element can be" ]]
	run -1 --separate-stderr ctl load --keep-going "$BATS_TEST_TMPDIR/long"
	[ "$output" = "loaded 201, failed 1" ]
}

@test "a read error is not an end" {
	load_module
	run -1 --separate-stderr ctl load /proc/self/mem
	[[ $output == "loaded 0, failed 1" ]]
	[[ $stderr == *"Input/output error" ]]
}

@test "what is wrong is quoted without control characters, and not all of it" {
	load_module
	file '1 10\n2 \033[31mred\007\n'
	run -1 --separate-stderr ctl load "$file"
	[[ $stderr == *"value '\\x1b[31mred\\x07'"* ]]
	run -1 --separate-stderr ctl get "$(printf '\033]0;title\007')"
	[[ $stderr != *$'\033'* && $stderr != *$'\007'* ]]
	run -1 --separate-stderr ctl get "$(head -c 100000 /dev/zero | tr '\0' 1)"
	[ "${#stderr}" -lt 600 ]
}

@test "load overwrites; --noexist and --exist as for put" {
	load_module
	file '1 10\n1 11\n'
	prints "loaded 2, failed 0" ctl load "$file"
	prints 11 ctl get 1
	run -1 --separate-stderr ctl load --noexist "$file"
	[[ $stderr == *":1: key '1': the key exists already"* ]]
	file '1 12\n2 20\n'
	run -1 --separate-stderr ctl load --exist "$file"
	[ "$output" = "loaded 1, failed 1" ]
	[[ $stderr == *":2: key '2': no such key"* ]]
	prints 12 ctl get 1
}

@test "load into a full map fails with the line" {
	load_module max_entries=2
	file '1 1\n2 2\n3 3\n'
	run -1 --separate-stderr ctl load "$file"
	[ "$output" = "loaded 2, failed 1" ]
	[[ $stderr == *"$file:3: key '3': the map is full"* ]]
}

@test "a file that is not there or a directory is an error" {
	load_module
	fails 1 "cannot open /nonexistent: No such file or directory" \
		ctl load /nonexistent
	run -1 --separate-stderr ctl load /
	[[ $stderr == *"Is a directory"* ]]
	fails 1 "cannot open /nonexistent" ctl compare /nonexistent
	fails 1 "cannot open /nonexistent" ctl del --from /nonexistent
}

# random_lines N KEY-SIZE VALUE-SIZE: lines in hex, distinct keys
random_lines()
{
	od -An -v -tx1 -w$(($2 + $3)) -N $(($1 * ($2 + $3))) /dev/urandom |
		tr -d ' ' | sed "s/^\(.\{$((2 * $2))\}\)/\1 /; s/ $//" |
		sorted -u -k 1,1
}

# round_trip KEY-FORMAT VALUE-FORMAT: dump in these, clear, load, same map?
round_trip()
{
	local dump=$BATS_TEST_TMPDIR/dump

	ctl dump -k hex -v hex | sorted >"$dump.before"
	ctl dump -k "$1" -v "$2" >"$dump"
	ctl clear
	ctl load -k "$1" -v "$2" "$dump" >"$dump.message"
	ctl dump -k hex -v hex | sorted >"$dump.after"
	cmp "$dump.before" "$dump.after"
}

@test "dump and load round-trip in every format, whatever the bytes" {
	local size

	for size in 2 8; do
		load_module key_size=$size value_size=$size
		random_lines 100 $size $size |
			ctl load -k hex -v hex >/dev/null
		round_trip dec int
		round_trip int str
		round_trip str hex
		round_trip hex dec
	done
}

@test "dump and load round-trip strings of odd sizes" {
	local sizes

	for sizes in "3 5" "7 0" "200 300"; do
		# shellcheck disable=SC2086
		set -- $sizes
		load_module key_size="$1" value_size="$2"
		random_lines 50 "$1" "$2" | ctl load -k hex -v hex >/dev/null
		# zero, space, tab, newline, #, backslash first and last
		printf "%0$((2 * $1))d" 0 | sed 's/^00/23/' |
			sed "s/\$/ $(printf "%0$((2 * $2))d" 0)/; s/ \$//;
				s/ 0\$//" >"$BATS_TEST_TMPDIR/special"
		[ "$2" = 0 ] ||
			ctl load -k hex -v hex "$BATS_TEST_TMPDIR/special"
		round_trip str str
		round_trip hex hex
	done
}

@test "the largest sizes go through dump, load and compare" {
	local dump=$BATS_TEST_TMPDIR/dump

	load_module key_size=4096 value_size=65536
	random_lines 3 4096 65536 >"$dump"
	prints "loaded 3, failed 0" ctl load -k hex -v hex "$dump"
	prints "compared 3: 3 equal, 0 differ, 0 missing, failed 0" \
		ctl compare -k hex -v hex "$dump"
	round_trip str str
}

@test "thousands of lines are loaded, compared, dumped and deleted" {
	local all=$BATS_TEST_TMPDIR/all

	load_module
	seq 1 5000 | awk '{ printf "%d\t%d\n", $1, $1 * $1 }' >"$all"
	prints "loaded 5000, failed 0" ctl load "$all"
	[ "$(stat_of count)" = 5000 ]
	prints "compared 5000: 5000 equal, 0 differ, 0 missing, failed 0" \
		ctl compare "$all"
	ctl dump | sort -n | cmp - "$all"
	head -n 2000 "$all" >"$all.deleted"
	prints "deleted 2000, missing 0, failed 0" \
		ctl del --from "$all.deleted"
	prints "compared 2000: 2000 absent, 0 present, failed 0" \
		ctl compare --absent "$all.deleted"
	tail -n 3000 "$all" | prints \
		"compared 3000: 3000 equal, 0 differ, 0 missing, failed 0" \
		ctl compare -
	ctl verify
}

@test "compare tells values that differ and keys that are missing" {
	load_module
	ctl put 1 10
	ctl put 2 20
	file '1 10\n2 21\n3 30\n'
	run -1 --separate-stderr ctl compare "$file"
	[ "$output" = "compared 3: 1 equal, 1 differ, 1 missing, failed 0" ]
	[[ $stderr == *"$file:2: key '2' has the value 20"* ]]
	[[ $stderr == *"$file:3: key '3' is missing"* ]]
}

@test "compare --absent tells keys that are present" {
	load_module
	ctl put 1 10
	file '1\n2 7\n'
	run -1 --separate-stderr ctl compare --absent "$file"
	[ "$output" = "compared 2: 1 absent, 1 present, failed 0" ]
	[[ $stderr == *"$file:1: key '1' is present"* ]]
}

@test "compare counts bad lines and goes on" {
	load_module
	ctl put 2 20
	file 'x 10\n2 20\n'
	run -1 --separate-stderr ctl compare "$file"
	[ "$output" = "compared 1: 1 equal, 0 differ, 0 missing, failed 1" ]
}

@test "compare shows twenty differences and counts the others" {
	load_module
	seq 1 100 | sed 's/$/ 1/' >"$BATS_TEST_TMPDIR/lines"
	run -1 --separate-stderr ctl compare "$BATS_TEST_TMPDIR/lines"
	[ "$output" = "compared 100: 0 equal, 0 differ, 100 missing, failed 0" ]
	[ "$(grep -c "is missing" <<<"$stderr")" = 20 ]
	[[ $stderr == *"further differences are not shown"* ]]
}

@test "compare of an empty file finds nothing wrong" {
	load_module
	prints "compared 0: 0 equal, 0 differ, 0 missing, failed 0" \
		ctl compare /dev/null
}

@test "del --from counts missing keys and fails" {
	load_module
	ctl put 1 10
	file '1 10\n2\n'
	run -1 --separate-stderr ctl del --from "$file"
	[ "$output" = "deleted 1, missing 1, failed 0" ]
}

@test "dump of an empty map is empty" {
	load_module
	prints "" ctl dump
	prints "[

]" ctl dump --json
}

@test "dump --json has an object for each element" {
	load_module
	ctl put 1 10
	prints '[
{ "key": 1, "value": 10 }
]' ctl dump --json
	prints '[
{ "key": "0x0000000000000001", "value": -10 }
]' json_of_minus_ten
	load_module value_size=0
	ctl put 1
	prints '[
{ "key": 1 }
]' ctl dump -j
}

json_of_minus_ten()
{
	ctl put 1 -10 && ctl dump --json -k hex -v int
}

@test "dump --json of many elements with odd bytes is JSON" {
	needs jq
	load_module key_size=5 value_size=7
	random_lines 300 5 7 | ctl load -k hex -v hex >/dev/null
	count=$(ctl dump --json | jq length)
	[ "$count" = "$(stat_of count)" ]
}

@test "dump --prefix has the keys that begin so" {
	load_module key_size=5 value_size=2
	file "aa 1\nab 2\nabc 3\nb 4\na\\\\x20 5\n"
	ctl load -k str "$file" >/dev/null
	prints $'a\\x20\t5\naa\t1\nab\t2\nabc\t3' dump_sorted -k str --prefix a
	prints $'ab\t2\nabc\t3' dump_sorted -k str --prefix ab
	prints $'ab\t2' dump_sorted -k str --prefix 'ab\x00'
	prints $'6162000000\t2\n6162630000\t3' dump_sorted -k hex --prefix 6162
	prints "" ctl dump -k str --prefix ac
	prints 5 eval 'ctl dump -k str --prefix "" | wc -l'
	prints '[
{ "key": "b", "value": 4 }
]' ctl dump -k str --prefix b --json
}

@test "dump --prefix refuses what cannot be the beginning of a key" {
	load_module key_size=4
	fails 1 "prefix '1': numbers have no prefix, use str or hex (format dec, 4 bytes)" \
		ctl dump --prefix 1
	fails 1 "prefix 'abcde': too long" ctl dump -k str --prefix abcde
	fails 1 "two hexadecimal digits" ctl dump -k hex --prefix 0x1
	fails 2 "load does not take the option --prefix" \
		ctl load --prefix 1 /dev/null
}
