#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Suite "kernel-smp": readers and writers at the same time, on two processors, and
# the processor time of growing from nothing. One JSON object for each contestant
# and scenario, as a rate and as a time.
#
# N=, RUNS=, SEED=   size, how often, which keys
# PART=   some of these: threads, grow
set -euo pipefail
cd "$(dirname "$0")"
. ./lib.sh

kernel=um-smp

run() # SUITE SIZES
{
	bench_run $kernel suite="$1" n="${2// /,}" runs="${RUNS:-5}" seed="${SEED:-1}"
}

bench_build $kernel
for part in ${PART:-threads grow}; do
	case $part in
	threads) run smp "${N:-1000000}" ;;
	grow) run grow "${N:-4000000}" ;;
	*) die "there is no part $part" ;;
	esac
done
