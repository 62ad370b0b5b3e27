# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What is in a map that is alive is no leak: keys and values out of line can be
# reached from buckets only, which kmemleak has to know. (kunit.sh looks for what is
# left when all maps are gone.)
# suite: reload
# kernels: um-kasan
# timeout: 400
# nightly kernels: x86-kasan
# nightly timeout: 300

. "$HMAP/guest/lib.sh"

fill()
{
	seq 20000 | sed 's/.*/& value&/' | hmapctl load
}

tap_ok "insmod hmap.ko" load_hmap key_size=8 value_size=200
leaks_begin
tap_ok "20,000 elements of 8+200 bytes" fill
tap_ok "all of them are there" test "$(hmapctl count)" = 20000
leaks_end
tap_ok "reserve" hmapctl reserve 100000
leaks_end
tap_ok "clear" hmapctl clear
leaks_end
tap_ok "rmmod hmap" unload_hmap
tap_done
