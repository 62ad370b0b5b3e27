# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The modules with W=1 and sparse (C=2), for each kernel: no warning. Guests get what is
# built here (run.sh).
# suite: style
# packages: make gcc libc6-dev kmod sparse
# kernels: um stock-old stock-new
# timeout: 600
set -euo pipefail
cd "$(dirname "$0")/../vm"
. ./lib.sh
. ../kernels/kernels.sh
. ./modules.sh
. ./tap.sh

# Only what is about files of the project counts: 6.12's own headers make newer
# compilers and sparse complain.
no_warnings() # KERNEL
{
	local dir=$build/$1

	rm -rf "$dir"
	mkdir -p "$dir"
	build_modules "$1" "$dir" C=2 || return 1
	! grep -E '(kmod|tests)/.*(warning|error):|^WARNING' "$dir/build.log"
}

for kernel in ${KERNELS:-um stock-old stock-new}; do
	use_kernel "$kernel"
	compiler_for "$kernel"
	tap_ok "W=1 C=2 for $kernel" no_warnings "$kernel"
done
tap_done
