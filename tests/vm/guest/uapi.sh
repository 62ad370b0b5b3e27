# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Every program of tests/uapi, which load and unload the module (HMAP_KO) themselves.
# suite: uapi
# kernels: um stock-new
# timeout: 1800
# nightly kernels: stock-old um-kasan um-newest x86-kcsan x86-kasan
# nightly timeout: 3600

. "$HMAP/guest/lib.sh"

hurry_rcu
leaks_begin
run_programs "$HMAP/uapi" 300
leaks_end
tap_done
