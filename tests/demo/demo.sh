#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make demo: guest/demo.sh in Debian's own kernel. What it prints is shown here,
# what the kernel prints goes to build/demo/demo.log.
set -euo pipefail
cd "$(dirname "$0")/../vm"
. ./lib.sh
. ../kernels/kernels.sh
. ./modules.sh
. ./guest.sh

result=$build/demo/demo
mkdir -p "$build/demo"
kernel=stock-new
need_boot_packages
(use_kernel "$kernel") || kernel=stock-old
use_kernel "$kernel"
compiler_for "$kernel"
note "building hmap.ko for ${kdir##*/linux-headers-}"
build_modules "$kernel" "$build/$kernel" || die "see build/$kernel/build.log"
build_userspace
note "booting it in QEMU"
boot "$kernel" demo "$build/$kernel" "$result" - |
	tee "$result.out" | sed -u -e 's/\r$//' -e '/^# hmap: end/d' || true
status=$(sed -n 's/^# hmap: end \([0-9]*\).*/\1/p' "$result.out")
[ "$status" = 0 ] || die "the demo failed, see build/demo/demo.log"
