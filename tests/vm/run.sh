#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh [SUITE...]: all tests, or those of some suites (see lib.sh).
#
# NIGHTLY=1   those that take long instead: on the kernels, and within the time,
#             that "# nightly kernels:" and "# nightly timeout:" in the scripts say
# SEED=n      seed of the randomised tests; a new one for each run if not given
# KERNELS=".."  only on these
# STRESS_SECONDS=n   of each round of the stress test; the torture takes three times as long
# JOBS=n      scenarios at a time
set -euo pipefail
cd "$(dirname "$0")"
. ./lib.sh
. ../kernels/kernels.sh
. ./modules.sh
. ./guest.sh

suites=$*
suites=${suites:-${SUITE:-all}}
kernels=${KERNELS:-}
night=${NIGHTLY:+nightly }
[ -z "$night" ] || export STRESS_SECONDS=${STRESS_SECONDS:-60}
export SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
results=$build/test
# guests also wait, for grace periods, timers and workers
slots=${JOBS:-$((ncpus + 1))}

# what the head of a script says: "# suite: kunit"
says() # FILE KEY
{
	sed -n "s/^# $2: *//p" "$1" | head -n 1
}

# all words that any script says: "# kernels: um ..."
all_say() # KEY
{
	sed -n "s/^# $1: *//p" guest/*.sh ../host/*.sh ../style/*.sh | tr ' ' '\n' | sort -u | xargs
}

# A misspelt name must not pass for a test that has been run.
check_names() # WHAT NAMES KNOWN
{
	local name

	for name in $2; do
		[[ " $3 " == *" $name "* ]] || die "there is no $1 $name, but $3"
	done
}

wanted() # FILE
{
	local suite

	suite=$(says "$1" suite)
	[[ -n $suite && -n $(says "$1" "${night}timeout") ]] || return 1
	[[ " $suites " == *" all "* || " $suites " == *" $suite "* ]]
}

# The kernels that a script is for, of those that are wanted.
kernels_of() # FILE
{
	local kernel

	for kernel in $(says "$1" "${night}kernels"); do
		[[ -n $kernels && " $kernels " != *" $kernel "* ]] || echo "$kernel"
	done
}

# Prints "KERNEL SCRIPT" for each guest that is to be booted: first those that may
# take longest, so that in the end none runs alone.
guest_scenarios()
{
	local file kernel

	for file in guest/*.sh; do
		wanted "$file" || continue
		for kernel in $(kernels_of "$file"); do
			echo "$(says "$file" "${night}timeout")" \
				"$kernel $(basename "$file" .sh)"
		done
	done | sort -s -n -r -k 1,1 | cut -d ' ' -f 2-
}

# Packages and kernels, which may take long, are there before anything runs that has
# little time.
prepare_kernels() # KERNEL...
{
	local kernel

	for kernel in "$@"; do
		use_kernel "$kernel"
		compiler_for "$kernel"
	done
}

prepare_hosts() # FILE...
{
	local file

	for file in "$@"; do
		# shellcheck disable=SC2046 # words
		need_packages $(says "$file" packages)
		# shellcheck disable=SC2046 # words
		prepare_kernels $(kernels_of "$file")
	done
}

prepare_guests() # KERNEL...
{
	need_boot_packages
	need_packages bats
	build_userspace
	prepare_kernels "$@"
}

# What the guests run. A module that does not build is a failed test, and its
# kernel is not booted.
build_for_guests() # KERNEL...
{
	local kernel kunit

	build_uapi_tests
	exec 6>"$results/modules.tap"
	for kernel in "$@"; do
		note "building the modules for $kernel"
		use_kernel "$kernel"
		# it takes longer to build the suites than to run most other scenarios
		kunit=(HMAP_KUNIT=0)
		[[ $scenarios != *"$kernel kunit"* ]] || kunit=()
		if build_modules "$kernel" "$build/$kernel" "${kunit[@]}"; then
			echo "ok - modules build for $kernel" >&6
		else
			cp "$build/$kernel/build.log" "$results/modules.log"
			echo "not ok - modules build for $kernel" >&6
			unbuilt+=" $kernel "
		fi
	done
	echo "1..$#
# hmap: end 0" >&6
	exec 6>&-
}

run_guest() # KERNEL SCRIPT
{
	use_kernel "$1"
	boot "$1" "$2" "$build/$1" "$results/$2@$1" || true
}

run_host() # SCRIPT
{
	local name status=0

	name=$(basename "$1" .sh)
	bounded "$(says "$1" timeout)" bash "$1" \
		>"$results/$name.tap" 2>"$results/$name.log" </dev/null || status=$?
	echo "# hmap: end $status" >>"$results/$name.tap"
}

# job NAME COMMAND...: in the background, when there is a free slot
job()
{
	while [ "$(jobs -rp | wc -l)" -ge "$slots" ]; do
		wait -n || true
	done
	run_job "$@" &
}

run_job() # NAME COMMAND...
{
	local name=$1 start=$SECONDS

	shift
	"$@" 7>&-
	printf '%-26s %4d s   %s\n' "$name" $((SECONDS - start)) \
		"$(python3 summary.py --quiet "$results/$name.tap")"
}

main()
{
	local scenarios booted kernel script file hosts=() sparse='' unbuilt=

	check_names suite "$suites" "all $(all_say suite)"
	check_names kernel "$kernels" "$(all_say '\(nightly \)\?kernels')"
	scenarios=$(guest_scenarios)
	for file in ../host/*.sh ../style/*.sh; do
		! wanted "$file" || hosts+=("$file")
	done
	[ -n "$scenarios${hosts[*]}" ] ||
		die "no ${night}test of $suites runs on ${kernels:-any kernel}"
	exec 7>"$build/test.lock"
	flock -n 7 || die "another run is going on in this checkout"
	rm -rf "$results"
	mkdir -p "$results"
	echo "seed $SEED (make test${NIGHTLY:+-nightly} SEED=$SEED runs the same again)"
	mapfile -t booted < <(cut -d ' ' -f 1 <<<"$scenarios" | sort -u)
	need_packages python3
	[ -z "$scenarios" ] || prepare_guests "${booted[@]}"
	prepare_hosts "${hosts[@]}"
	for file in "${hosts[@]}"; do
		job "$(basename "$file" .sh)" run_host "$file"
		[ "$file" != ../style/sparse.sh ] || sparse=$!
	done
	# it builds modules that guests run
	[ -z "$sparse" ] || wait "$sparse" || true
	[ -z "$scenarios" ] || build_for_guests "${booted[@]}"
	while read -r kernel script; do
		[[ -n $kernel && $unbuilt != *" $kernel "* ]] || continue
		job "$script@$kernel" run_guest "$kernel" "$script"
	done <<<"$scenarios"
	wait
	echo
	(cd "$top" && python3 "$vm/summary.py" --seed "$SEED" "$results"/*.tap)
}

trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM
main
