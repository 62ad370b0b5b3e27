# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Every program of tests/hostile: a user that has nothing but the group of the device, and
# those beside it. The figures are in the log. At the default watchdog.
# suite: hostile
# thread: multi
# nightly kernels: stock-old stock-new um um-newest
# nightly timeout: 1800

. "$HMAP/guest/lib.sh"

leaks_begin
run_programs "$HMAP/hostile" 900
leaks_end
tap_done
