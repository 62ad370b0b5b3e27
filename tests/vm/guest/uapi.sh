# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Every program of tests/uapi, each with a freshly loaded module.
# suite: uapi
# kernels: um-7.2 um-7.2-kasan debian-6.1 debian-6.12
# timeout: 300

. "$HMAP/guest/lib.sh"

leaks_begin
for program in "$HMAP"/uapi/*; do
	[ -x "$program" ] || continue
	name=$(basename "$program")
	tap_ok "insmod hmap.ko for $name" load_hmap
	tap_program "$name" timeout 200 "$program"
	if [ -n "${coverage:-}" ]; then
		. "$HMAP/guest/gcov.sh"
	fi
	tap_ok "rmmod hmap after $name" unload_hmap
done
leaks_end
tap_done
