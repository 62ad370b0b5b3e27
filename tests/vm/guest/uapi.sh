# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Every program of tests/uapi, which load and unload the module (HMAP_KO) themselves.
# suite: uapi
# kernels: um-7.2 debian-6.12
# timeout: 1200
# nightly kernels: debian-6.1 um-7.2-kasan um-7.3 x86-7.2-kcsan x86-7.2-kasan
# nightly timeout: 3600

. "$HMAP/guest/lib.sh"

hurry_rcu
leaks_begin
run_programs "$HMAP/uapi" 300
leaks_end
tap_done
