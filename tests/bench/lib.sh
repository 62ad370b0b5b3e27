# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of tests/vm
# SPDX-License-Identifier: GPL-2.0-only
#
# Running the benchmark module. Source it and then
#
#	bench_build KERNEL
#		builds hmap.ko and hmap_bench.ko for um-7.2-up or um-7.2-smp
#	bench_run KERNEL PARAMETER=VALUE...
#		boots the kernel, loads the module with these parameters (see
#		main.c) and prints the results, one JSON object on a line.
#		Fails if the module does, or if the kernel complains
#
# MEMORY=, TIMEOUT=   of a boot: megabytes, seconds

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$bench/../vm/lib.sh"
. "$bench/../vm/kernels.sh"
. "$bench/../vm/modules.sh"

bench_build() # KERNEL
{
	use_kernel "$1"
	build_modules "$1" "$build/bench/$1" HMAP_TESTS= HMAP_BENCH=1 ||
		die "see build/bench/$1/build.log"
}

# The guest's file system: a folder of the host's, read-only.
bench_root() # DIR MODULE-DIR PARAMETER=VALUE...
{
	mkdir -p "$1"/{bin,dev,proc,sys}
	cp -L /bin/busybox "$1/bin/busybox"
	cp -L "$2/kmod/hmap.ko" "$2/tests/bench/hmap_bench.ko" "$1/"
	cat >"$1/init" <<-END
		#!/bin/busybox sh
		/bin/busybox mount -t proc proc /proc
		/bin/busybox insmod /hmap.ko &&
		/bin/busybox insmod /hmap_bench.ko ${*:3} &&
		/bin/busybox rmmod hmap_bench &&
		/bin/busybox rmmod hmap
		/bin/busybox poweroff -f
	END
	chmod +x "$1/init"
}

# All results that the console shows; fails if some got lost.
bench_results() # LOG
{
	local all

	sed -n 's/.*hmap_bench: \({.*}\)\r*$/\1/p' "$1"
	all=$(sed -n 's/.*hmap_bench: results \([0-9]*\).*/\1/p' "$1")
	[ "$(grep -c 'hmap_bench: {.*}' "$1")" = "${all:-none}" ]
}

bench_run() # KERNEL PARAMETER=VALUE...
{
	local root=$build/bench/$1.root log uml args=(mem="${MEMORY:-4096}M")

	use_kernel "$1"
	log=$build/bench/$1.log
	# what is left of a run that was killed
	rm -rf "$root"
	[ "$1" != um-7.2-smp ] || args+=(ncpus=2 seccomp=on)
	bench_root "$root" "$build/bench/$1" "kernel=$1" "${@:2}"
	# into a file: it does not wait for a pipe that is full
	timeout -k 5 "${TIMEOUT:-600}" "$image" "${args[@]}" \
		rootfstype=hostfs rootflags="$root" ro init=/init \
		con=null con0=null,fd:1 panic=-1 loglevel=7 \
		</dev/null >"$log" 2>&1 &
	uml=$!
	tail -n +1 -f --pid=$uml "$log" |
		sed -u -n '/hmap_bench: {/d; s/.*hmap_bench:/hmap:/p' >&2
	wait $uml || true
	rm -rf "$root"
	! grep -E 'WARNING: |BUG: |Oops|INFO: (task|rcu)|Call Trace' "$log" >&2 ||
		die "the kernel complains, see $log"
	bench_results "$log" || die "the benchmark failed, see $log"
}
