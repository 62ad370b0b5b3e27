#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Suite "user": user_bench.c in a stock Debian kernel in QEMU. One JSON object for
# each operation, contestant and round.
#
# N=, RUNS=, SEED=   sizes, how many rounds, which keys
set -euo pipefail
cd "$(dirname "$0")/../vm"
. ./lib.sh
. ../kernels/kernels.sh
. ./modules.sh
. ./guest.sh

kernel=stock-new
dir=$build/bench/user

# A guest's initramfs has no benchmarks: add them behind it, in an archive of
# their own, with the script that runs them.
add_benchmark() # INITRAMFS
{
	local root=$dir/root

	rm -rf "$root"
	mkdir -p "$root/hmap/guest"
	"${CC:-gcc}" -static -O2 -g -Wall -Wextra -D_GNU_SOURCE \
		-I "$top/kmod/include/uapi" -I "$top/userspace/lib" \
		-o "$root/hmap/user_bench" "$top/tests/bench/user_bench.c" \
		"$build/userspace/libhmap.a" -lbpf -lelf -lz
	echo "insmod /hmap/hmap.ko &&
		for n in ${N:-100000}; do
			/hmap/user_bench $kernel \$n ${RUNS:-5} ${SEED:-1} || exit
		done" \
		>"$root/hmap/guest/user.sh"
	(cd "$root/" && find . -type f | cpio --quiet -o -H newc -R 0:0) >>"$1"
}

mkdir -p "$dir"
need_boot_packages
need_packages libbpf-dev libelf-dev zlib1g-dev
use_kernel $kernel
compiler_for $kernel
build_modules $kernel "$build/$kernel" || die "see build/$kernel/build.log"
build_userspace
make_initramfs "$dir/run.cpio" user "$build/$kernel"
add_benchmark "$dir/run.cpio"
note "booting $kernel in QEMU"
boot_qemu 580 "$dir/run" "file:$dir/run.out" multi ||
	die "the guest failed, see build/bench/user/run.log"
grep -q '^# hmap: end 0' "$dir/run.out" ||
	die "the benchmark failed, see build/bench/user/run.log"
grep '^{' "$dir/run.out"
