#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Suite "kernel-latency": the dearest calls that chosen keys can cause, then single
# operations while a map grows and shrinks. One JSON object for each of these calls, for
# each contestant, phase and quantile, and for the longest of each doubling.
#
# N=, RUNS=, SEED=   how large it gets, how often, which keys
# KERNELS=   um-up, um-smp or both
set -euo pipefail
cd "$(dirname "$0")"
. ./lib.sh

sizes=${N:-4000000}
bench_build um-up
bench_run um-up suite=hold n=1000
for kernel in ${KERNELS:-um-up um-smp}; do
	bench_build "$kernel"
	bench_run "$kernel" suite=latency n="${sizes// /,}" runs="${RUNS:-5}" \
		seed="${SEED:-1}"
done
