#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

# shellcheck disable=SC2154 # stderr and file are set by what is called
load helper

setup()
{
	load_module
}

commands="get put add pop del dump load compare wait watch stats info layout
	count reserve shrink set clear verify freeze create destroy list trace"

@test "--help and -h list these commands and no others, and succeed" {
	local option

	for option in --help -h; do
		run -0 --separate-stderr hmapctl "$option"
		[ -z "$stderr" ]
		# shellcheck disable=SC2086 # words
		[ "$(commands_in_help <<<"$output")" = "$(printf '%s\n' $commands)" ]
	done
}

@test "each command has a --help of its own" {
	local name

	for name in $commands; do
		run -0 --separate-stderr hmapctl "$name" --help
		[ -z "$stderr" ]
		[[ $output == "Usage: hmapctl $name "* ]]
	done
}

# rows_of [COMMAND]: the lines of the help that are about options
rows_of()
{
	hmapctl "$@" --help | sed -n -E '/^  (-.,|   ) --/p'
}

names_of()
{
	hmapctl "$@" --help | sed -n -E 's/^  (-.,|   ) --([a-z-]+) .*/\2/p'
}

@test "an option is described alike in the help of all commands that take it" {
	local name

	diff <(for name in $commands; do rows_of "$name"; done | sorted -u) \
		<(rows_of | sorted)
	# and by one line
	[ -z "$(names_of | sorted | uniq -d)" ]
	[ -z "$(hmapctl --help | awk 'length > 80')" ]
}

# every_option: all options but --help and --version, with arguments
every_option()
{
	rows_of | sed -n -E '/--(help|version) /d
		s/^ *(-.,)* *(--[a-z-]*)  .*/\2/p
		s/^ *(-.,)* *(--[a-z-]*) FORMAT .*/\2=dec/p
		s/^ *(-.,)* *(--[a-z-]*) [A-Z].*/\2=1/p'
}

@test "a command takes the options in its help and no other" {
	local name all names

	mapfile -t all < <(every_option)
	names=$(names_of | sorted)
	[ "${#all[@]}" = $(($(wc -l <<<"$names") - 2)) ]
	for name in $commands; do
		output=$(hmapctl "$name" "${all[@]}" 2>&1) || [ $? = 2 ]
		diff <(sed -n "s/^hmapctl: $name does not take the option --//p" \
			<<<"$output" | cat - <(names_of "$name") | sorted) \
			- <<<"$names"
	done
}

@test "--version and -V print name and version" {
	local option

	for option in --version -V; do
		run -0 --separate-stderr hmapctl "$option"
		[[ $output =~ ^hmapctl\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	done
}

@test "a command line that makes no sense is refused with status 2" {
	fails 2 "no command given" hmapctl
	fails 2 "unknown command, see hmapctl --help: 'frob'" hmapctl frob
}

# refuses MESSAGE ARGUMENT...: status 2, and exactly this on stderr
refuses()
{
	fails 2 "hmapctl: $1" hmapctl "${@:2}"
	[ "$stderr" = "hmapctl: $1" ] || explain "message: $stderr"
}

@test "an option that there is not, or is not complete, is refused" {
	refuses "unrecognized option '--frob'" stats --frob
	refuses "unrecognized option '--frob'" --frob
	refuses "invalid option -- 'z'" stats -z
	refuses "option '--key-format' requires an argument" get 1 --key-format
	refuses "option requires an argument -- 'k'" get 1 -k
	refuses "option '--json' doesn't allow an argument" stats --json=1
	refuses "option '--key' is ambiguous; possibilities: '--key-format' '--key-size'" \
		get 1 --key dec
}

@test "a wrong number of operands is refused with the usage" {
	fails 2 "usage: hmapctl get [OPTIONS] KEY" ctl get
	fails 2 "usage: hmapctl get [OPTIONS] KEY" ctl get 1 2
	fails 2 "usage: hmapctl put [OPTIONS] KEY [VALUE]" ctl put
	fails 2 "usage: hmapctl put [OPTIONS] KEY [VALUE]" ctl put 1 2 3
	fails 2 "usage: hmapctl stats [OPTIONS]" ctl stats 1
	fails 2 "usage: hmapctl load [OPTIONS] [FILE | -]" ctl load a b
	fails 2 "usage: hmapctl del [OPTIONS] KEY... | --from FILE" ctl del
	fails 2 "usage: hmapctl del" ctl del 1 --from /dev/null
	fails 2 "usage: hmapctl trace" ctl trace 1 2
}

@test "an option that the command does not take is refused" {
	refuses "get does not take the option --json" get 1 --json
	refuses "get does not take the option --json" --json get 1
	fails 2 "stats does not take the option --noexist" ctl stats --noexist
	fails 2 "clear does not take the option --key-format" ctl clear -k dec
	fails 2 "load does not take the option --absent" ctl load --absent
}

@test "--noexist and --exist cannot be combined" {
	refuses "--noexist and --exist cannot be combined" put 1 2 --noexist --exist
	fails 2 "cannot be combined" ctl load --exist --noexist /dev/null
}

@test "an unknown format or a bad seed is refused" {
	fails 2 "invalid format (dec, int, str or hex): 'oct'" ctl get 1 -k oct
	fails 2 "'default'" ctl get 1 -v default
	fails 2 "invalid seed: '-1'" ctl trace --seed -1
	fails 2 "invalid seed: 'x'" ctl trace --seed x
}

@test "options may stand before the command and behind the operands" {
	ctl -k hex put 0x1 2
	ctl put -v hex 2 0x3
	ctl put 3 0x4 -v hex
	prints 2 ctl get 1
	prints 3 ctl get 2
	prints 4 ctl get 3
}

@test "long options may be abbreviated as getopt_long does" {
	ctl put --key-f=hex 0x10 5
	prints 5 ctl get 16
}

@test "output that cannot be written is a failure" {
	[ -c /dev/full ] || skip "needs /dev/full"
	run -1 sh -c "'$(command -v hmapctl)' --help >/dev/full"
	[[ $output == *"cannot write: No space left on device"* ]]
}
