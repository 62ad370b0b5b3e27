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

# The console: results to stdout, how far it is to stderr. None may be lost.
bench_console()
{
	local line results=0 all=none

	while IFS= read -r line; do
		case $line in
		*'hmap_bench: {'*)
			echo "{${line#*'hmap_bench: {'}"
			results=$((results + 1))
			;;
		*'hmap_bench: results '*) all=${line##* } ;;
		*'hmap_bench: '*) note "${line#*'hmap_bench: '}" ;;
		esac
	done
	[ "$results" = "$all" ]
}

bench_run() # KERNEL PARAMETER=VALUE...
{
	local root log uml args=(mem="${MEMORY:-4096}M") status=0

	use_kernel "$1"
	log=$build/bench/$1.log
	root=$(mktemp -d "$build/bench/root.XXXXXX")
	[ "$1" != um-7.2-smp ] || args+=(ncpus=2 seccomp=on)
	bench_root "$root" "$build/bench/$1" "kernel=$1" "${@:2}"
	# into a file: it does not wait for a pipe that is full
	timeout -k 5 "${TIMEOUT:-600}" "$image" "${args[@]}" \
		rootfstype=hostfs rootflags="$root" ro init=/init \
		con=null con0=null,fd:1 panic=-1 loglevel=7 \
		</dev/null >"$log" 2>&1 &
	uml=$!
	tail -n +1 -f --pid=$uml "$log" | bench_console || status=1
	wait $uml || true
	rm -rf "$root"
	[ "$status" = 0 ] || die "the benchmark failed, see $log"
	! grep -E 'WARNING: |BUG: |Oops|INFO: (task|rcu)|Call Trace' "$log" >&2 ||
		die "the kernel complains, see $log"
}
