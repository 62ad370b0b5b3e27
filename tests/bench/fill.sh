#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Suite "kernel-fill": what operations cost in a map that is nearly full, and how
# much memory is taken between two doublings. One JSON object for each contestant,
# operation and size.
#
# N=, RUNS=, SEED=   sizes, how often, which keys
# PART=   some of these: times, memory
set -euo pipefail
cd "$(dirname "$0")"
. ./lib.sh

kernel=um-up

# What a map of 2^17 buckets holds before it grows, and how full it is made. report.py
# knows both, too.
capacity=950272
percents="51 70 85 95 99"

# All sizes in one kernel, by turns.
times() # SIZES
{
	bench_run $kernel suite=fill n="${1// /,}" runs="${RUNS:-7}" seed="${SEED:-1}"
}

# From n to 2n, from 2n to 4n, ...: arrays of 2^14 buckets grow in the first, those
# of 2^20 in the last.
memory() # N...
{
	local n

	for n in "$@"; do
		bench_run $kernel suite=fill-memory n="$n" seed="${SEED:-1}"
	done
}

sizes=
for percent in $percents; do
	sizes+="${sizes:+ }$((capacity * percent / 100))"
done
bench_build $kernel
for part in ${PART:-times memory}; do
	# shellcheck disable=SC2086 # words
	case $part in
	times) times "${N:-$sizes}" ;;
	memory) memory ${N:-80000 160000 320000 640000 1280000 2560000 5120000} ;;
	*) die "there is no part $part" ;;
	esac
done
