# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# hmapctl against the device: every tests/cli/*.bats. The files load and unload
# the module themselves ($HMAP/hmap.ko); what they leave loaded is removed.
# suite: cli
# cpus: 1
# kernels: um
# timeout: 1500
# nightly kernels: stock-old stock-new
# nightly timeout: 900
# packages: udev
# programs: udevadm /lib/systemd/systemd-udevd

. "$HMAP/guest/lib.sh"

cd "$HMAP/cli" || exit 1
hurry_rcu
for file in *.bats; do
	[ -e "$file" ] || continue
	chosen "$file" || continue
	lsmod | grep -q '^hmap ' || insmod "$HMAP/hmap.ko"
	tap_program "$file" bats --tap "$file"
	! lsmod | grep -q '^hmap ' || tap_ok "rmmod hmap after $file" unload_hmap
done
tap_done
