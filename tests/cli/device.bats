#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The device: missing, forbidden, read-only, something else

# shellcheck disable=SC2154 # stderr and file are set by what is called
load helper

as_nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

@test "a device that is not there: is the module loaded?" {
	fails 1 "cannot open /nonexistent: No such file or directory; is the module loaded? (modprobe hmap)" \
		hmapctl --device /nonexistent stats
}

@test "without the module every command asks for it" {
	local command operands

	needs_kernel
	unload_module
	for command in $(hmapctl --help | commands_in_help); do
		case $command in
		# these two look at /dev/hmaps
		destroy | list) continue ;;
		get | pop | del | wait | reserve) operands=1 ;;
		put | add) operands="1 1" ;;
		load | compare) operands=/dev/null ;;
		create) operands=a ;;
		set) operands="--max-entries 1" ;;
		*) operands= ;;
		esac
		# shellcheck disable=SC2086 # words
		fails 1 "cannot open /dev/hmap: No such file or directory; is the module loaded?" \
			hmapctl "$command" $operands
	done
}

@test "another device or file is refused" {
	fails 1 "/dev/null is not an hmap device" \
		hmapctl -d /dev/null stats
	fails 1 "is not an hmap device" hmapctl -d /etc/passwd info
}

@test "a device that may not be opened: the message names the group" {
	needs_kernel
	needs setpriv
	load_module
	chmod 0660 /dev/hmap
	fails 1 "cannot open /dev/hmap: Permission denied; become root, or install the udev rule 60-hmap.rules and join the group hmap" \
		as_nobody hmapctl stats
}

@test "a member of the group may read and write" {
	needs_kernel
	needs setpriv
	load_module
	chgrp 999 /dev/hmap
	chmod 0660 /dev/hmap
	setpriv --reuid 65534 --regid 999 --clear-groups hmapctl put 1 10
	prints 10 setpriv --reuid 65534 --regid 999 --clear-groups hmapctl get 1
}

# As on a machine that has started: the rule is where make install puts it.
@test "the udev rule gives the device to the group, and leaves named maps alone" {
	needs_kernel
	needs systemd-udevd
	[ -e /proc/net ] || skip "udevd needs sockets, which this kernel has not"
	unload_module
	systemd-udevd --daemon
	# what happens before it listens it does not hear of
	until udevadm control --ping; do
		sleep 0.1
	done
	insmod "$ko"
	mkdir -p /dev/hmaps
	mount -t hmapfs hmapfs /dev/hmaps
	hmapctl create named --mode 0604
	chown :hmap /dev/hmaps/named
	# nothing that udev does is about maps with names
	udevadm trigger
	udevadm settle
	node=$(stat -c '%a %U:%G' /dev/hmap)
	named=$(stat -c '%a %U:%G' /dev/hmaps/named)
	udevadm control --exit
	[ "$node" = "660 root:hmap" ] || explain "/dev/hmap: $node"
	[ "$named" = "604 root:hmap" ] || explain "/dev/hmaps/named: $named"
}

@test "a user with only the right to read cannot change the map" {
	needs_kernel
	needs setpriv
	load_module
	hmapctl put 1 10
	chmod 0444 /dev/hmap
	prints 10 as_nobody hmapctl get 1
	prints "1	10" as_nobody hmapctl dump
	fails 1 "Permission denied" as_nobody hmapctl put 1 11
	fails 1 "Permission denied" as_nobody hmapctl del 1
	fails 1 "Permission denied" as_nobody hmapctl clear
	prints 10 hmapctl get 1
}

@test "--device names another node of the map" {
	needs_kernel
	load_module
	node=$BATS_TEST_TMPDIR/node
	mknod "$node" c 10 "$(awk '$2 == "hmap" { print $1 }' /proc/misc)" ||
		skip "cannot make a node here"
	hmapctl put 1 10
	prints 10 hmapctl --device "$node" get 1
}
