# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The examples of userspace/README.md for perf, trace-cmd and bpftrace, each with a map that
# grows to 2^9 buckets under its eyes.
# suite: trace
# kernels: stock-new
# timeout: 400
# packages: linux-perf trace-cmd bpftrace
# programs: perf trace-cmd bpftrace

. "$HMAP/guest/lib.sh"
. "$HMAP/guest/examples.sh"

# Into $printed: what the example prints, with a map that is new.
run_example() # WORD
{
	local command

	command=$(readme_trace "$1")
	echo "$command"
	[ -n "$command" ] || return 1
	! grep -q '^hmap ' /proc/modules || unload_hmap || return 1
	# shellcheck disable=SC2119 # without parameters
	load_hmap || return 1
	bash -c "$command" >"$printed" 2>&1
}

# A line for each of the resizes to B = 1..7, which need no worker. PATTERN is an
# extended regular expression, in which % stands for B.
shows_resizes() # PATTERN...
{
	local pattern B

	cat "$printed"
	for pattern; do
		for B in 1 2 3 4 5 6 7; do
			[ "$(grep -cE "${pattern//%/$B}" "$printed")" = 1 ] || {
				echo "not once: ${pattern//%/$B}"
				return 1
			}
		done
	done
}

printed=/tmp/printed
cd /tmp || exit 1
mount -t tracefs tracefs /sys/kernel/tracing
seq 3000 | awk '{ print $1, $1 }' >saved

tap_ok "the example of perf runs" run_example perf
tap_ok "perf shows resizes" shows_resizes 'hmap_resize_start\(.*new_B: %,' \
	'hmap_resize_done\(.*new_B: %\)'
tap_ok "the example of trace-cmd runs" run_example trace-cmd
tap_ok "trace-cmd shows resizes" shows_resizes 'hmap_resize_start: .* reason=load .* new_B=% ' \
	'hmap_resize_done: .* new_B=%$'
tap_ok "the example of bpftrace runs" run_example bpftrace
tap_ok "bpftrace shows resizes" shows_resizes '^@us\[%\]: [0-9]'
tap_ok "rmmod hmap" unload_hmap
tap_done
