# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Random calls of the device, by several processes that know what has to come of
# them (tests/fuzz). FUZZ_CALLS=n makes so many; TIMEOUT=n lets the guest live for
# it. The table of results is in the log.
# suite: fuzz
# cpus: 1
# kernels: um um-kasan stock-old stock-new
# timeout: 900
# nightly kernels: um um-kasan x86-kasan x86-kcsan
# nightly timeout: 3600

. "$HMAP/guest/lib.sh"

fuzz() # SEED CALLS
{
	local status=0

	hmap_fuzz -s "$1" -n "$2" >/tmp/fuzz || status=$?
	cat /tmp/fuzz >/dev/console
	cat /tmp/fuzz
	return "$status"
}

# at night most where memory is checked and calls are nevertheless fast
calls=100000
if is_um && [ -e $kmemleak ] && [ -n "${HMAP_NIGHTLY:-}" ]; then
	calls=1000000
fi
calls=${fuzz_calls:-$calls}

leaks_begin
tap_ok "insmod hmap.ko" load_hmap key_size=12 value_size=24
tap_ok "$calls calls" fuzz "${seed:?}" "$calls"
tap_ok "rmmod hmap" unload_hmap
leaks_end
tap_done
