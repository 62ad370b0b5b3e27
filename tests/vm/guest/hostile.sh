# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Every program of tests/hostile: a user that has nothing but the group of the device, and
# those beside it. The figures are in the log. At the default watchdog.
# suite: hostile
# thread: multi
# nightly kernels: debian-6.1 debian-6.12 um-7.2 um-7.3
# nightly timeout: 1800

. "$HMAP/guest/lib.sh"

leaks_begin
run_programs "$HMAP/hostile" 900
leaks_end
tap_done
