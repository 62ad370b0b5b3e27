#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# wait, watch

# shellcheck disable=SC2154 # stderr and file are set by what is called
load helper

# what runs on after a test that failed: hmapctl itself, not ctl in a subshell
teardown()
{
	local pid

	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null || true
	done
}

# becomes TEXT FILE: within a minute the file has exactly these lines
becomes()
{
	local i

	for ((i = 0; i < 600; i++)); do
		[ "$(cat "$2")" != "$1" ] || return 0
		sleep 0.1
	done
	explain "$2 has: $(cat "$2")"
}

@test "wait returns at once what is there" {
	load_module
	ctl put 1 100
	prints 100 ctl wait 1
	prints 100 ctl wait --timeout 0 1
	prints 100 ctl wait --not 99 1
	prints "" ctl wait --absent 2
}

@test "wait ends when its time is over" {
	load_module
	ctl put 1 100
	fails 1 "hmapctl: wait '2': timed out" ctl wait --timeout 0.1 2
	fails 1 "timed out" ctl wait --timeout 0 --not 100 1
	fails 1 "timed out" ctl wait --timeout 0.05 --absent 1
	fails 1 "wait '2': no such key" ctl wait --not 100 2
}

@test "wait checks its arguments" {
	load_module
	fails 2 "usage: hmapctl wait [OPTIONS] KEY" ctl wait
	fails 2 "--absent and --not cannot be combined" \
		ctl wait --absent --not 1 1
	for seconds in "" x 1x -1 1e3 inf nan 0x1 .; do
		fails 2 "invalid number of seconds: '$seconds'" \
			ctl wait --timeout "$seconds" 1
	done
	fails 1 "key 'x': not a decimal number" ctl wait x
	fails 1 "value 'x': not a decimal number" ctl wait --not x 1
	fails 2 "put does not take the option --timeout" ctl put --timeout 1 1 1
}

@test "wait waits until a key is put" {
	needs_kernel
	load_module
	hmapctl wait 1 >"$BATS_TEST_TMPDIR/out" 3>&- &
	sleep 0.5
	ctl put 2 200
	ctl put 1 100
	wait $!
	becomes 100 "$BATS_TEST_TMPDIR/out"
}

@test "wait waits until a key is deleted, or has another value" {
	needs_kernel
	load_module
	ctl put 1 100
	ctl put 2 200
	hmapctl wait --timeout 100 --absent 1 >"$BATS_TEST_TMPDIR/gone" 3>&- &
	local gone=$!
	hmapctl wait --timeout 100 --not 200 2 >"$BATS_TEST_TMPDIR/other" 3>&- &
	local other=$!
	sleep 0.5
	ctl put 1 101
	ctl put 2 200
	ctl del 1
	wait "$gone"
	ctl put 2 201
	wait "$other"
	becomes "" "$BATS_TEST_TMPDIR/gone"
	becomes 201 "$BATS_TEST_TMPDIR/other"
}

@test "watch prints the count whenever the map changes" {
	needs_kernel
	load_module
	ctl put 1 100
	hmapctl watch >"$BATS_TEST_TMPDIR/out" 3>&- &
	becomes 1 "$BATS_TEST_TMPDIR/out"
	ctl put 2 200
	becomes $'1\n2' "$BATS_TEST_TMPDIR/out"
	ctl clear
	becomes $'1\n2\n0' "$BATS_TEST_TMPDIR/out"
	kill $!
}

@test "watch prints a key whenever its value is another one" {
	needs_kernel
	load_module
	hmapctl watch 1 >"$BATS_TEST_TMPDIR/out" 3>&- &
	becomes "# no 1" "$BATS_TEST_TMPDIR/out"
	ctl put 2 200
	ctl put 1 100
	becomes $'# no 1\n1\t100' "$BATS_TEST_TMPDIR/out"
	ctl put 1 100
	ctl put 1 101
	becomes $'# no 1\n1\t100\n1\t101' "$BATS_TEST_TMPDIR/out"
	ctl del 1
	becomes $'# no 1\n1\t100\n1\t101\n# no 1' "$BATS_TEST_TMPDIR/out"
	kill $!
	# what it prints can be loaded
	prints "loaded 2, failed 0" ctl load "$BATS_TEST_TMPDIR/out"
}

@test "watch fails on what it cannot watch" {
	load_module
	fails 1 "key 'x': not a decimal number" ctl watch x
	fails 2 "usage: hmapctl watch [OPTIONS] [KEY]" ctl watch 1 2
}

@test "watch ends when its output is closed" {
	needs_kernel
	load_module
	ctl put 1 100
	bash -c 'hmapctl watch | head -n 1' >"$BATS_TEST_TMPDIR/out" 3>&- &
	becomes 1 "$BATS_TEST_TMPDIR/out"
	ctl put 2 200
	wait $!
}
