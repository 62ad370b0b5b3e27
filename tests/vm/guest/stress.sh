# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Everything at once, with one lock and with several: hmap_stress.ko checks
# itself and refuses to load if the map did what it must not. STRESS_SECONDS=n
# makes each of the rounds longer; TIMEOUT=n lets the guest live for it.
# suite: stress
# kernels: um um-kasan um-newest stock-old stock-new stock-new-rt
# timeout: 600
# thread: multi
# nightly kernels: x86-kcsan x86-kasan s390x i386 um um-kasan um-newest stock-old stock-new stock-old-rt stock-new-rt
# nightly timeout: 1800

. "$HMAP/guest/lib.sh"

round() # PARAMETER=VALUE...
{
	insmod "$HMAP/hmap_stress.ko" seed="${seed:?}" \
		seconds="${stress_seconds:?}" "$@" && rmmod hmap_stress
}

leaks_begin
tap_ok "insmod hmap.ko" load_hmap
for stripes in 1 2 8 64; do
	tap_ok "stripes=$stripes" round stripes=$stripes
done
if uname -v | grep -q PREEMPT_RT; then
	# no part of a CPU's time is kept for others
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us
	tap_ok "readers with real-time priority" round realtime=1
fi
tap_ok "rmmod hmap" unload_hmap
leaks_end
tap_done
