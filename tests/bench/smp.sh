#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Suite "kernel-smp": readers and writers at the same time, on two processors. One
# JSON object for each contestant and scenario, as a rate and as a time.
#
# N=, RUNS=, SEED=   size, how often, which keys
set -euo pipefail
cd "$(dirname "$0")"
. ./lib.sh

sizes=${N:-1000000}
bench_build um-7.2-smp
bench_run um-7.2-smp suite=smp n="${sizes// /,}" runs="${RUNS:-5}" seed="${SEED:-1}"
