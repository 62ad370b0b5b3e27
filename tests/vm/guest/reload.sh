# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# insmod and rmmod, fifty times, with something in the map: no memory is lost.
# suite: reload
# cpus: 1
# kernels: um um-kasan
# timeout: 600
# nightly kernels: stock-old stock-new
# nightly timeout: 900

. "$HMAP/guest/lib.sh"

cycle() # COUNT
{
	local i

	for ((i = 0; i < $1; i++)); do
		load_hmap hint=100000 || return 1
		if command -v hmapctl >/dev/null; then
			hmapctl put 1 2 >/dev/null || return 1
		fi
		unload_hmap || return 1
	done
}

# kB that are neither free nor a cache that shrinks on demand
used()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	awk '$1 == "Slab:" || $1 == "VmallocUsed:" || $1 == "Percpu:" { n += $2 }
	     END { print n }' /proc/meminfo
}

# A leak of one page per cycle would be 200 kB, of the hinted table 50 MB. What
# grows once and not again is no leak: caches of the kernel fill.
grows_little()
{
	local try before after

	before=$(used)
	for try in 1 2 3; do
		cycle 50 || return 1
		after=$(used)
		echo "50 cycles, time $try: in use before $before kB, after $after kB"
		[ $((after - before)) -ge 100 ] || return 0
		before=$after
	done
	return 1
}

hurry_rcu
leaks_begin
tap_ok "50 times insmod, put, rmmod" cycle 50
if [ -e $kmemleak ]; then
	tap_skip "memory in use is as before" "the checkers keep memory themselves"
else
	tap_ok "memory in use is as before" grows_little
fi
tap_ok "/proc/modules has no hmap" tap_not grep -q '^hmap' /proc/modules
leaks_end
tap_done
