#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Suite "go": Go's map in a program on this machine, and hmap in User Mode Linux,
# which also is one. By turns, on the same keys. One JSON object for each
# operation, contestant and turn.
#
# N=, RUNS=, SEED=   sizes, how many turns, which keys
set -euo pipefail
cd "$(dirname "$0")"
. ./lib.sh

kernel=um-up
dir=$build/bench/go

# hmap's results as some of this suite: those for which there are some of Go's map.
# Inserts that may sleep are what compares with those of a program.
as_ours()
{
	sed -n -e 's/"suite": "[^"]*"/"suite": "go"/; s/insert-sleeping max/longest insert/' \
		-e '/"op": "\(insert\|hit\|miss\|delete\|longest insert\)".*"ns\(\/op\)\?"/p'
}

turn() # N
{
	"$dir/gomap" "$1" "${SEED:-1}"
	for suite in single latency; do
		bench_run $kernel suite=$suite contestants=hmap "n=$1" runs=1 \
			"seed=${SEED:-1}" | as_ours
	done
}

need_packages golang-go
mkdir -p "$dir"
go build -o "$dir/gomap" gomap.go
bench_build $kernel
for ((run = 1; run <= ${RUNS:-5}; run++)); do
	for n in ${N:-1000 10000 100000 1000000 4000000}; do
		note "n $n, turn $run"
		turn "$n"
	done
done
