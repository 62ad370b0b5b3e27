#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh [SUITE...]: make bench. Runs all suites, or those named, prints what they
# measured and draws everything that is known. build/bench has results.json (see
# report.py), *.png and *.svg (see plot.py).
#
# N=, RUNS=, SEED=   see the heads of single.sh, fill.sh, latency.sh, smp.sh, user.sh,
#	reads.sh, go.sh
set -euo pipefail
cd "$(dirname "$0")"
. ../vm/lib.sh

all="kernel-single kernel-fill kernel-latency kernel-smp user reads go"
suites=${*:-${SUITE:-$all}}
dir=$build/bench

run_suite() # SUITE
{
	local start=$SECONDS

	note "suite $1"
	"./${1#kernel-}.sh" >"$dir/$1.lines" || return 1
	./report.py --merge "$1" <"$dir/$1.lines" || return 1
	note "suite $1 took $((SECONDS - start)) s"
}

for suite in $suites; do
	[[ " $all " == *" $suite "* ]] || die "there is no suite $suite, but $all"
done
mkdir -p "$dir"
exec 7>"$dir/lock"
flock -n 7 || die "another run is going on in this checkout"
need_packages python3-tabulate gnuplot-nox
failed=0
for suite in $suites; do
	run_suite "$suite" 7>&- || {
		note "suite $suite failed: its results are not kept"
		failed=1
	}
done
# shellcheck disable=SC2086 # words
./report.py $suites || failed=1
./plot.py >&2
exit $failed
