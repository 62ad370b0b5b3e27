#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Suite "reads": reads_bench.c in User Mode Linux, where programs run at native
# speed. One JSON object for each contestant, size and round.
#
# N=, RUNS=, SEED=   sizes, how many rounds, which keys
set -euo pipefail
cd "$(dirname "$0")"
. ./lib.sh

kernel=um-smp
root=$build/bench/reads.root
log=$build/bench/reads.log

need_packages liblmdb-dev
bench_build $kernel
build_userspace
bench_root "$root" "$build/bench/$kernel" <<-END
	/bin/busybox mount -t tmpfs tmp /tmp
	/bin/busybox mkdir /dev/shm
	/bin/busybox mount -t tmpfs shm /dev/shm
	/bin/busybox insmod /hmap.ko
	for n in ${N:-1000 10000 100000 1000000}; do
		/bin/busybox mkdir /dev/shm/\$n
		/bin/reads_bench $kernel \$n ${RUNS:-7} ${SEED:-1} /dev/shm/\$n || exit
	done
	echo reads: end
END
"${CC:-gcc}" -static -O2 -g -Wall -Wextra -D_GNU_SOURCE \
	-I "$top/kmod/include/uapi" -I "$top/userspace/lib" \
	-o "$root/bin/reads_bench" reads_bench.c \
	"$build/userspace/libhmap.a" -llmdb -lpthread
bench_boot $kernel "$root" "$log"
grep -q '^reads: end' "$log" || die "the benchmark failed, see build/bench/reads.log"
sed -n 's/^\({.*}\)\r*$/\1/p' "$log"
