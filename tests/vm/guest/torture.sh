# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Growth under the worst conditions, by hmap_torture.ko: bursts, explicit requests,
# softirqs, and no memory. It checks itself and refuses to load if the map did what it
# must not, or anything took too long. STRESS_SECONDS=n: three times as long;
# TIMEOUT=n lets the guest live for it. What it measures are comments here.
# suite: torture
# kernels: um um-kasan
# timeout: 600
# thread: multi
# nightly kernels: um um-kasan x86-kcsan x86-kasan
# nightly timeout: 1800

. "$HMAP/guest/lib.sh"

figures()
{
	dmesg | sed -n 's/.*\] hmap_torture: /# /p'
}

round() # PARAMETER=VALUE...
{
	insmod "$HMAP/hmap_torture.ko" seed="${seed:?}" "$@" && rmmod hmap_torture
}

# a call that does not return is told of before by the module
echo 300 >/proc/sys/kernel/hung_task_timeout_secs 2>/dev/null

leaks_begin
tap_ok "insmod hmap.ko" load_hmap
tap_ok "single bursts" round bursts=1 seconds=0
tap_ok "torture" round seconds=$((3 * ${stress_seconds:?}))
figures
tap_ok "rmmod hmap" unload_hmap
leaks_end
tap_done
