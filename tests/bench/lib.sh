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
		/bin/busybox rmmod hmap &&
		echo 'hmap_bench: done' >/dev/kmsg
		/bin/busybox poweroff -f
	END
	chmod +x "$1/init"
}

# The console: results to stdout, how far it is to stderr.
bench_console()
{
	local line

	while IFS= read -r line; do
		case $line in
		*'hmap_bench: {'*) echo "{${line#*'hmap_bench: {'}" ;;
		*'hmap_bench: '*) note "${line#*'hmap_bench: '}" ;;
		esac
	done
}

bench_run() # KERNEL PARAMETER=VALUE...
{
	local root log args=(mem="${MEMORY:-4096}M") status=0

	use_kernel "$1"
	mkdir -p "$build/bench"
	root=$(mktemp -d "$build/bench/root.XXXXXX")
	log=$build/bench/$1.log
	[ "$1" != um-7.2-smp ] || args+=(ncpus=2 seccomp=on)
	bench_root "$root" "$build/bench/$1" "kernel=$1" "${@:2}"
	timeout -k 5 "${TIMEOUT:-600}" "$image" "${args[@]}" \
		rootfstype=hostfs rootflags="$root" ro init=/init \
		con=null con0=null,fd:1 panic=-1 loglevel=7 \
		</dev/null 2>&1 | tee "$log" | bench_console || status=$?
	rm -rf "$root"
	[ "$status" = 0 ] || die "the benchmark failed, see $log"
	grep -q 'hmap_bench: done' "$log" || die "the benchmark failed, see $log"
	! grep -E 'WARNING: |BUG: |Oops|INFO: (task|rcu)|Call Trace' "$log" >&2 ||
		die "the kernel complains, see $log"
}
