#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# check.sh [NAME...]: check hmap.pml with spin. The protocol must pass in each
# configuration, and each rule that is left out (a seeded bug) must be noticed
# in the one that is named for it. TAP, and a line "N passed, N failed".
#
# NAME: configurations or bugs to check, instead of all. JOBS of them (2) run
# at the same time; each takes up to 600 MB.
set -u
export LC_ALL=C

top=$(cd "$(dirname "$0")/../.." && pwd)
model=$top/tests/model/hmap.pml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

. "$top/tests/vm/tap.sh"

passed=0
order=()
jobs=${JOBS:-2}
failed=0
wanted=("$@")

# Configurations. config.h says what the names are.
declare -A config=(
	# Two writers and the worker: two resizes, the first raises the mask.
	[grow]="WORKER WRITERS=2 OPS=1 RESIZES=2 START=0 FILL=1 KEYS=3"
	# From one bucket to two, or to four at once.
	[multi]="WORKER WRITERS=2 OPS=1 RESIZES=1 STEP=2 START=0 FILL=1 KEYS=3"
	# From two buckets to eight, with both stripes in use.
	[wide]="WORKER WRITERS=2 OPS=1 RESIZES=1 STEP=2 TOP=3 FILL=1 H1=7 H2=5 KEYS=3"
	# Two operations each, while the mask is raised.
	[writers]="WORKER WRITERS=2 OPS=2 RESIZES=1 START=0 FILL=1"
	# Two stripes publish at the same time.
	[race]="WORKER WRITERS=2 OPS=1 RESIZES=2 START=2 SAME H1=2"
	# The worker publishes, too.
	[worker]="WORKER WRITERS=2 OPS=1 RESIZES=1 GROW=1 START=0 FILL=1"
	# Nothing is to be evacuated.
	[empty]="WORKER WRITERS=2 OPS=1 RESIZES=1 STEP=2 START=0"
	# A unit may find no memory for overflow buckets.
	[memory]="WORKER WRITERS=2 OPS=1 RESIZES=1 START=0 FILL=1 FAILS=2"
	# A reader while the map grows; while the mask is raised.
	[read]="WORKER WRITERS=1 OPS=2 RESIZES=1 READS=1 FILL=1"
	[readmask]="WORKER WRITERS=1 OPS=2 RESIZES=1 READS=1 START=0 FILL=1 H1=2"
	# The same through two resizes; to four buckets at once.
	[readtwo]="WORKER WRITERS=1 OPS=1 GROW=2 READS=1 START=0 READ0 NO_DELETE FILL=1 H0=2 TRIES=1"
	[readmulti]="WORKER WRITERS=1 OPS=1 RESIZES=1 STEP=2 READS=1 START=0 FILL=1 H1=2"
	# An array of the same size.
	[same]="WORKER WRITERS=1 OPS=1 RESIZES=1 READS=1 SAME FILL=1"
	# Units ahead of the stripe's progress have been evacuated.
	[ahead]="WORKER WRITERS=1 OPS=2 RESIZES=1 SAME START=2 H0=2 H1=0 ADVANCE=0 FILL=3"
	# Writers evacuate only the next unit; the same with a reader; either way,
	# as the noverflow of the old array decides.
	[large]="WORKER WRITERS=2 OPS=1 RESIZES=1 SAME START=3 TOP=3 H0=6 H1=0 FILL=1 OWN=0"
	[largeread]="WORKER WRITERS=1 OPS=2 RESIZES=1 READS=1 READ0 NO_DELETE SAME START=3 TOP=3 H0=6 H1=0 FILL=1 OWN=0"
	[either]="WORKER WRITERS=2 OPS=1 RESIZES=1 START=2 SAME FILL=1 OWN=1"
	# Two buckets into one, with a reader; with another writer.
	[shrink]="WORKER WRITERS=1 OPS=1 READS=1 SHRINK=1 START=2 FILL=3"
	[shrinkwriters]="WORKER WRITERS=2 OPS=1 RESIZES=1 SHRINK=1 START=2 FILL=1"
	# As many buckets as stripes: it does not shrink.
	[shrinkmin]="WORKER WRITERS=2 OPS=1 SHRINK=1 FILL=1 H1=2"
	# Clear, while the mask is raised; with a reader; with a resize under way; to
	# one bucket, so that the mask becomes 0.
	[clear]="WORKER WRITERS=2 OPS=1 RESIZES=1 CLEAR START=0 FILL=1"
	[clearread]="WRITERS=1 OPS=2 CLEAR READS=1 FILL=1"
	[cleargrow]="WORKER WRITERS=1 OPS=1 RESIZES=1 CLEAR READS=1 READ0 NO_DELETE FILL=1 TRIES=1"
	[clearsmall]="WORKER WRITERS=2 OPS=1 RESIZES=1 CLEAR CLEAR_B=0 FILL=1"
	[clearcount]="WRITERS=1 OPS=2 CLEAR FILL=1 H1=2"
	# A map that becomes empty takes another seed.
	[reseed]="WORKER WRITERS=2 OPS=2 RESIZES=1 START=0 RESEED RESEEDS=1 FILL=1"
	[reseedread]="WRITERS=1 OPS=2 READS=1 START=0 RESEED FILL=1"
	# Counts are pushed while another process sums them.
	[count]="WORKER WRITERS=2 OPS=1 RESIZES=1 START=0 PUSH COUNT NO_DELETE FILL=1"
	[readcount]="WRITERS=1 OPS=1 READS=1 PUSH FILL=1"
)

# Bugs: the rule that is left out, and where that is noticed.
declare -A bug=(
	[MASK_RECHECK]="grow"		# compare the mask again under the stripe
	[MASK_BY_ARRAY]="writers"	# the mask, not only the array
	[SEED_RECHECK]="reseed"		# and at the seed
	[NO_RELOAD]="grow"		# load the array again under the stripe
	[RESIZE_WHILE_OLD]="race"	# begin only if nothing is replaced
	[PLAIN_PUBLISH]="race"		# cmpxchg
	[STALE_MINE]="race"		# of an array loaded in this RCU section
	[MASK_EARLY]="grow"		# keep the mask of the array that is replaced
	[STALE_MASK]="grow"		# as it is when publishing, not when locking
	[EMPTY_STRIPED]="grow"		# empty: only if one stripe is in use
	[EMPTY_NO_STRIPE]="empty"	# and while it is held
	[NO_RESTART]="empty"		# start again after a publication
	[RAISE_EARLY]="grow"		# the mask after old = NULL
	[RAISE_NO_STRIPE]="writers"	# under stripe 0
	[RAISE_NO_RESTART]="grow"	# start again if the key is elsewhere
	[MASK_STAYS]="grow"		# all stripes are in use in the end
	[MULTI_ONE_DEST]="multi"	# a unit goes to 2^k buckets
	[FINISH_BY_PROGRESS]="race"	# dec_and_test
	[STRIPE_DONE_EARLY]="read"	# after the last unit has been moved
	[RETIRE_EARLY]="readmulti"		# old = NULL first
	[NO_GRACE]="read"		# free after a grace period
	[WRITER_NO_RCU]="grow"		# writers are readers, too
	[PROGRESS_EARLY]="read"		# after the unit has been moved
	[PROGRESS_ANY]="ahead"		# only when the next unit was moved
	[PROGRESS_FIRST]="readtwo"	# read after the array has been loaded
	[PROGRESS_OF_OLD]="readtwo"	# of the new array
	[PROGRESS_STRIPE]="read"	# of the key's stripe
	[MARK_EARLY]="read"		# the mark last
	[EVAC_NO_VERSION]="read"	# versions odd meanwhile
	[DEST_VERSION]="shrink"		# of the new chain, too, if it is not fresh
	[WRITE_AHEAD]="large"		# write into the old chain until it is moved
	[FAILED_EVAC]="memory"		# nothing is done if memory is missing
	[FAILED_ADVANCE]="memory"	# and progress stays
	[ADVANCE]="ahead"		# progress goes on beyond what is done
	[WRITE_NO_VERSION]="clearread"	# odd while a slot is written
	[MARK_BEFORE_VERSION]="read"	# a reader: version, mark, slots, version
	[ODD_VERSION]="clearread"	# odd: again
	[NO_RETRY]="clearread"		# another: again
	[EVACUATED_IS_MISS]="read"	# the array has been replaced: again
	[NO_FALLBACK]="clearread"	# in the end under the stripe
	[READ_COUNT]="readcount"	# conclude nothing from the counts
	[PUSH_ORDER]="count"		# subtract before adding
	[SUM_ORDER]="count"		# the shared count before the stripes'
	[CLEAR_IN_PLACE]="clearread"	# a new array
	[CLEAR_KEEPS_OLD]="clear"	# retire both arrays
	[CLEAR_COUNT]="clearcount"	# know that it is empty under all stripes
	[ONE_STRIPE]="clearsmall"	# clear and reseed under all stripes
	[RESEED_NOT_EMPTY]="reseed"	# if it is still empty
	[RESEED_STRIPED]="reseed"	# under one only if one is in use
	[SHRINK_BELOW]="shrinkmin"	# not below the number of stripes
)

is_wanted()
{
	local name

	[ ${#wanted[@]} = 0 ] && return
	for name in "${wanted[@]}"; do
		[ "$name" = "$1" ] && return
	done
	return 1
}

# Run the checker on a configuration. Prints what it found.
run() # NAME [BUG]
{
	local defs=() def

	for def in ${config[$1]} ${2:+BUG_$2}; do
		defs+=("-D$def")
	done
	spin -a "${defs[@]}" "$model" || return
	# To optimize the checker takes longer than the search.
	${CC:-cc} -O0 -w -DSAFETY -DCOLLAPSE -DMEMLIM=4000 -o pan pan.c || return
	# Processor time: others may be using the machine.
	(ulimit -t 300 && exec ./pan -m100000)
}

# The whole state space is to be searched, and no error in it.
check_config() # NAME
{
	local seconds=$SECONDS states

	run "$1" >out 2>&1
	states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' out)
	echo "$1: $states states, $((SECONDS - seconds)) s" >name
	grep -q 'errors: 0' out &&
		! grep -q 'not completed\|too small\|out of memory' out
}

check_bug() # BUG
{
	run "${bug[$1]}" "$1" >out 2>&1
	echo "$1 noticed in ${bug[$1]}:" \
		"$(sed -n 's/^pan:1: \(.*\) (at depth.*/\1/p' out)" >name
	grep -q '^pan:1: .* (at depth' out
}

# Checks run in directories of their own, two at a time.
start() # check_config|check_bug NAME
{
	mkdir "$work/$2" || exit
	order+=("$2")
	(
		cd "$work/$2" || exit
		"$@"
		echo $? >status
	) &
	if [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; then
		wait -n
	fi
}

report() # NAME
{
	if [ "$(cat "$work/$1/status")" = 0 ]; then
		tap_result ok "$(cat "$work/$1/name")"
		passed=$((passed + 1))
	else
		tap_result "not ok" "$(cat "$work/$1/name")" "$work/$1/out"
		failed=$((failed + 1))
	fi
}

if ! command -v spin >/dev/null; then
	echo "check.sh: there is no spin: install the package spin" >&2
	exit 1
fi
for name in $(printf '%s\n' "${!config[@]}" | sort); do
	is_wanted "$name" && start check_config "$name"
done
for name in $(printf '%s\n' "${!bug[@]}" | sort); do
	is_wanted "$name" && start check_bug "$name"
done
wait
for name in "${order[@]}"; do
	report "$name"
done
echo "1..$tap_count"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
