#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# compare.sh REVISION KERNEL PARAMETER=VALUE...: measures two versions of hmap by turns,
# each in a boot of its own: kmod of the revision, called "hmap (old)", and kmod of this
# checkout as it is. The benchmark is this checkout's for both; see main.c for its
# parameters. Prints each result of both and the ratio.
#
#	compare.sh HEAD~3 um-smp suite=grow contestants=hmap,rhashtable n=4000000
#
# TURNS=   how many boots of each (5); there is one run in each, unless runs= says more
set -euo pipefail
cd "$(dirname "$0")"
. ./lib.sh

revision=${1:?usage: compare.sh REVISION KERNEL PARAMETER=VALUE...}
kernel=${2:?usage: compare.sh REVISION KERNEL PARAMETER=VALUE...}
dir=$build/bench/compare
shift 2

build_old()
{
	local top=$dir/tree

	rm -rf "$top"
	mkdir -p "$top"
	git -C ../.. archive --format=tar "$revision" Kbuild kmod | tar -x -m -C "$top"
	ln -s "$PWD/.." "$top/tests"
	build_modules "$kernel" "$dir/$kernel" HMAP_TESTS= HMAP_BENCH=1 ||
		die "see build/bench/compare/$kernel/build.log"
}

old()
{
	MODULES=$dir/$kernel bench_run "$kernel" runs=1 "$@" |
		sed 's/"contestant": "\(hmap[^"]*\)"/"contestant": "\1 (old)"/'
}

new()
{
	bench_run "$kernel" runs=1 "$@"
}

mkdir -p "$dir"
need_packages python3-tabulate
bench_build "$kernel"
build_old
for ((turn = 0; turn < ${TURNS:-5}; turn++)); do
	note "turn $((turn + 1)) of ${TURNS:-5}"
	((turn % 2)) || old "$@"
	new "$@"
	((turn % 2 == 0)) || old "$@"
done >"$dir/lines"
suite=$(sed -n '1s/.*"suite": "\([^"]*\)".*/\1/p' "$dir/lines")
rm -f "$dir/results.json"
./report.py --results "$dir/results.json" --merge "$suite" <"$dir/lines"
./report.py --results "$dir/results.json" --compare "hmap (old)"
