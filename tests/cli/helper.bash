# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For the tests of hmapctl. They run as root where hmap.ko can be loaded
# (HMAP_KO names it) with hmapctl on the PATH. With HMAP_FAKE=fake_hmap.so they
# run anywhere, on an imitation of the device; what needs the kernel is skipped.

bats_require_minimum_version 1.5.0

ko=${HMAP_KO:-${HMAP:-.}/hmap.ko}

# load_module [PARAMETER=VALUE...]: a new map
load_module()
{
	if [ -n "${HMAP_FAKE:-}" ]; then
		device=$BATS_TEST_TMPDIR/device
		fake_device "$@"
		return
	fi
	device=/dev/hmap
	unload_module
	insmod "$ko" "$@"
	mkdir -p /dev/hmaps
	mount -t hmapfs hmapfs /dev/hmaps
}

unload_module()
{
	umount /dev/hmaps 2>/dev/null || true
	[ ! -d /sys/module/hmap ] || rmmod hmap
}

fake_device()
{
	local key_size=8 value_size=8 hint=0 max_entries=0

	[ $# = 0 ] || local "$@"
	printf '%-63s\n' "HMAPFAKE $key_size $value_size $max_entries $hint" \
		>"$device"
}

# ctl COMMAND...: hmapctl on the map that load_module made
ctl()
{
	if [ -n "${HMAP_FAKE:-}" ]; then
		LD_PRELOAD=$HMAP_FAKE hmapctl --device "$device" "$@"
	else
		hmapctl "$@"
	fi
}

needs_kernel()
{
	[ -z "${HMAP_FAKE:-}" ] || skip "needs the kernel module"
}

needs()
{
	command -v "$1" >/dev/null || skip "needs $1"
}

# fails STATUS TEXT COMMAND...: exit status, nothing on stdout, message
fails()
{
	local status_wanted=$1 text=$2

	shift 2
	run --separate-stderr "$@"
	# shellcheck disable=SC2154
	[ "$status" = "$status_wanted" ] ||
		explain "status $status, not $status_wanted"
	[ -z "$output" ] || explain "output: $output"
	# shellcheck disable=SC2154
	[[ $stderr == *"$text"* ]] || explain "message: $stderr"
}

explain()
{
	echo "$*" >&2
	return 1
}

# prints TEXT COMMAND...: success, exactly this on stdout, nothing on stderr
prints()
{
	local text=$1

	shift
	run --separate-stderr "$@"
	[ "$status" = 0 ] || explain "status $status: $stderr"
	[ "$output" = "$text" ] || explain "printed: $output"
	[ -z "$stderr" ] || explain "message: $stderr"
}

# stat_of NAME: one field
stat_of()
{
	ctl stats | awk -v name="$1" '$1 == name { print $2 }'
}

# file TEXT: a file with these lines; \t and \n are escapes
file()
{
	file=$BATS_TEST_TMPDIR/lines
	printf '%b' "$1" >"$file"
}

# From the help of hmapctl to the names of its commands.
commands_in_help()
{
	sed -n 's/^  \([a-z]\+\) .*/\1/p'
}

sorted()
{
	LC_ALL=C sort "$@"
}
