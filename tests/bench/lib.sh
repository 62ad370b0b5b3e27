# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of tests/vm
# SPDX-License-Identifier: GPL-2.0-only
#
# Running the benchmark module. Source it and then
#
#	bench_build KERNEL
#		builds hmap.ko and hmap_bench.ko for um-up or um-smp
#	bench_run KERNEL PARAMETER=VALUE...
#		boots the kernel, loads the module with these parameters (see
#		main.c) and prints the results, one JSON object on a line.
#		Fails if the module does, or if the kernel complains
#	bench_root DIR MODULE-DIR, bench_boot KERNEL DIR LOG
#		the same with another init: a guest's files, and booting it
#
# MEMORY=, TIMEOUT=   of a boot: megabytes, seconds
# MODULES=   where bench_run finds the modules, if bench_build has not built them

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$bench/../vm/lib.sh"
. "$bench/../kernels/kernels.sh"
. "$bench/../vm/modules.sh"

bench_build() # KERNEL
{
	need_packages busybox-static
	use_kernel "$1"
	build_modules "$1" "$build/bench/$1" HMAP_TESTS= HMAP_BENCH=1 ||
		die "see build/bench/$1/build.log"
}

# The guest's file system: a folder of the host's, read-only. What init does is
# read from standard input.
bench_root() # DIR MODULE-DIR
{
	# what is left of a run that was killed
	rm -rf "$1"
	mkdir -p "$1"/{bin,dev,proc,sys,tmp}
	cp -L /bin/busybox "$1/bin/busybox"
	cp -L "$2/kmod/hmap.ko" "$2/tests/bench/hmap_bench.ko" "$1/"
	{
		echo '#!/bin/busybox sh
			/bin/busybox mount -t proc proc /proc
			/bin/busybox mount -t sysfs sys /sys
			trap "/bin/busybox poweroff -f" EXIT'
		cat
	} >"$1/init"
	chmod +x "$1/init"
}

bench_init() # PARAMETER=VALUE...
{
	cat <<-END
		/bin/busybox insmod /hmap.ko &&
		/bin/busybox insmod /hmap_bench.ko $* &&
		/bin/busybox rmmod hmap_bench &&
		/bin/busybox rmmod hmap
	END
}

# All results that the console shows; fails if some got lost.
bench_results() # LOG
{
	local all

	sed -n 's/.*hmap_bench: \({.*}\)\r*$/\1/p' "$1"
	all=$(sed -n 's/.*hmap_bench: results \([0-9]*\).*/\1/p' "$1")
	[ "$(grep -c 'hmap_bench: {.*}' "$1")" = "${all:-none}" ]
}

# Boots, and shows what the module says meanwhile.
bench_boot() # KERNEL DIR LOG
{
	local uml args=(mem="${MEMORY:-4096}M")

	use_kernel "$1"
	[ "$1" != um-smp ] || args+=(ncpus=2 seccomp=on)
	# into a file: it does not wait for a pipe that is full
	timeout -k 5 "${TIMEOUT:-600}" "$image" "${args[@]}" \
		rootfstype=hostfs rootflags="$2" ro init=/init \
		con=null con0=null,fd:1 panic=-1 loglevel=7 \
		</dev/null >"$3" 2>&1 &
	uml=$!
	tail -n +1 -f --pid=$uml "$3" |
		sed -u -n '/hmap_bench: {/d; s/.*hmap_bench:/hmap:/p' >&2
	wait $uml || true
	rm -rf "$2"
	! grep -E 'WARNING: |BUG: |Oops|INFO: (task|rcu)|Call Trace' "$3" >&2 ||
		die "the kernel complains, see $3"
}

bench_run() # KERNEL PARAMETER=VALUE...
{
	local root=$build/bench/$1.root log=$build/bench/$1.log

	bench_init "kernel=$1" "${@:2}" |
		bench_root "$root" "${MODULES:-$build/bench/$1}"
	bench_boot "$1" "$root" "$log"
	bench_results "$log" || die "the benchmark failed, see $log"
}
