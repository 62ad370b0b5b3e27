# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# For the scripts that run in a guest. HMAP is the folder with the modules and
# the test programs.

. "$HMAP/guest/tap.sh"

# The module, and its file system where maps have names.
load_hmap() # [PARAMETER=VALUE...]
{
	insmod "$HMAP/hmap.ko" "$@" && mkdir -p /dev/hmaps &&
		mount -t hmapfs hmapfs /dev/hmaps
}

# The files of a process that has just ended may be closed a moment later.
umount_hmaps()
{
	local try

	for try in {1..20}; do
		grep -q ' /dev/hmaps hmapfs ' /proc/mounts || return 0
		umount /dev/hmaps 2>/dev/null || sleep 0.1
	done
	echo "/dev/hmaps is busy after $try tries"
	return 1
}

unload_hmap()
{
	umount_hmaps
	rmmod hmap
}

# Is it one of those that FILTER=, a glob, names? All without it.
chosen() # NAME
{
	# shellcheck disable=SC2053 # a pattern
	[[ $1 == ${filter:-*} ]]
}

# Each program of a folder that is chosen: they load and unload the module themselves.
run_programs() # DIR SECONDS
{
	local program name

	for program in "$1"/*; do
		[ -x "$program" ] || continue
		name=$(basename "$program")
		chosen "$name" || continue
		tap_program "$name" timeout "$2" "$program"
		tap_ok "$name leaves no module behind" tap_not grep -q '^hmap ' /proc/modules
		! grep -q '^hmap ' /proc/modules || unload_hmap
	done
}

is_um()
{
	grep -q 'User Mode Linux' /proc/cpuinfo
}

# Half of the time would be spent waiting for grace periods, with each reload.
hurry_rcu()
{
	echo 1 >/sys/kernel/rcu_expedited
}

# Objects without a reference left, as a test. Nothing where the kernel has
# no kmemleak.
kmemleak=/sys/kernel/debug/kmemleak

leaks_begin()
{
	[ ! -e $kmemleak ] || echo clear >$kmemleak
}

leaks_end()
{
	[ -e $kmemleak ] || return 0
	# objects younger than five seconds are not reported
	echo scan >$kmemleak
	sleep 6
	echo scan >$kmemleak
	tap_silent "kmemleak finds nothing" cat $kmemleak
}
