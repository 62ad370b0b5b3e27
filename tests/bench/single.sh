#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Suite "kernel-single": what each operation costs, and how much memory is taken.
# One JSON object for each contestant, operation and size.
#
# N=, RUNS=, SEED=   sizes, how often, which keys
# PART=   some of these: 8 and 16 (bytes of a key), 4 (one size only), memory
set -euo pipefail
cd "$(dirname "$0")"
. ./lib.sh

kernel=um-up

# Each size has a kernel of its own, whose memory is not in pieces.
times() # KEY-SIZE N...
{
	local n

	for n in "${@:2}"; do
		bench_run $kernel suite=single key_size="$1" n="$n" \
			runs="${RUNS:-5}" seed="${SEED:-1}"
	done
}

# From n to 2n, from 2n to 4n, ...
memory() # N...
{
	local n

	for n in "$@"; do
		bench_run $kernel suite=memory n="$n" seed="${SEED:-1}"
	done
}

bench_build $kernel
sizes=${N:-1000 10000 100000 1000000 4000000}
for part in ${PART:-8 16 4 memory}; do
	# shellcheck disable=SC2086 # words
	case $part in
	8 | 16) times "$part" $sizes ;;
	4) times 4 "${N:-100000}" ;;
	memory) memory ${N:-1000 10000 100000 200000 1000000 2000000 4000000} ;;
	*) die "there is no part $part" ;;
	esac
done
