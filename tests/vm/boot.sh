#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# boot.sh KERNEL SCRIPT: builds what the guest needs and boots it. The console is
# build/boot/SCRIPT@KERNEL.log, the results .tap beside it, shown at the end.
# NIGHTLY=1: it may take as long as in make test-nightly.
set -euo pipefail
cd "$(dirname "$0")"
. ./lib.sh
. ../kernels/kernels.sh
. ./modules.sh
. ./guest.sh

kernel=${1:?usage: boot.sh KERNEL SCRIPT}
script=${2:?usage: boot.sh KERNEL SCRIPT}
result=$build/boot/$script@$kernel

# the same scenario twice at a time would share its files
mkdir -p "$build/boot"
exec 7>"$result.lock"
flock 7

use_kernel "$kernel"
[ -n "${PREBUILT:-}" ] || {
	need_boot_packages
	compiler_for "$kernel"
	build_modules "$kernel" "$build/$kernel" || die "see build/$kernel/build.log"
	build_userspace
	build_uapi_tests
}
boot "$kernel" "$script" "$build/$kernel" "$result" || true
cat "$result.tap"
python3 "$vm/summary.py" "$result.tap"
