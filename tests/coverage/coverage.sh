#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make coverage: which lines of kmod/ the tests run. hmap.ko is instrumented, and
# KUnit, the programs of tests/uapi, the example and the stress test run in User
# Mode Linux, one CPU (with more, counters get lost).
#
# SCRIPTS=   other scripts of vm/guest than these
set -euo pipefail
cd "$(dirname "$0")/../vm"
. ./lib.sh
. ../kernels/kernels.sh
. ./modules.sh
. ./guest.sh

kernel=um-kasan
dir=$build/coverage
export SEED=${SEED:-1}

# gcov-tool merges folders pairwise
merge() # RESULT-DIR DIR...
{
	local merged=$1 one

	shift
	cp -r "$1" "$merged"
	for one in "${@:2}"; do
		gcov-tool merge -o "$merged.new" "$merged" "$one" >/dev/null 2>&1
		rm -r "$merged"
		mv "$merged.new" "$merged"
	done
}

need_boot_packages
use_kernel $kernel
note "building hmap.ko with counters"
build_modules $kernel "$dir" HMAP_GCOV=1 || die "see build/coverage/build.log"
build_userspace
build_uapi_tests
rm -rf "$dir"/*.out "$dir/merged"
for script in ${SCRIPTS:-kunit uapi example stress}; do
	note "running $script"
	boot $kernel "$script" "$dir" "$dir/$script" || true
	python3 summary.py "$dir/$script.tap" >&2 || true
done
merge "$dir/merged" "$dir"/*.out/gcda
cp -r "$dir"/merged/. "$dir/kmod/"
cd "$dir/kmod"
find . -name '*.gcda' -exec gcov --json-format --stdout {} + |
	python3 "$top/tests/coverage/coverage.py" "$dir" "$top"
