#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kernel.sh KERNEL...: fetches or builds, prints "KERNEL KDIR" for each
set -euo pipefail
cd "$(dirname "$0")/../vm"
. ./lib.sh
. ../kernels/kernels.sh

for kernel in "$@"; do
	use_kernel "$kernel"
	echo "$kernel $kdir"
done
