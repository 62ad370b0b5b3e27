# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Every program of tests/uapi, which load and unload the module (HMAP_KO) themselves.
# suite: uapi
# cpus: 1
# kernels: um stock-new
# timeout: 1800
# nightly kernels: stock-old stock-new um-kasan um-newest x86-kcsan x86-kasan
# nightly timeout: 3600

. "$HMAP/guest/lib.sh"

# By day the programs that only see the map are run on one kernel, which has lockdep. The
# others depend on the kernel around the map: files, mounts, memory cgroups, signals.
if [ -z "${HMAP_NIGHTLY:-}${filter:-}" ] && ! is_um; then
	for program in abi batch elem ops rivals scan scan_select size stats watch_key; do
		rm "$HMAP/uapi/$program"
	done
fi

hurry_rcu
leaks_begin
run_programs "$HMAP/uapi" 600
leaks_end
tap_done
