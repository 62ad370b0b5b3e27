# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A module of another author links the exported symbols and checks itself when it
# is loaded; hmap cannot go away under it, nor under an open file.
# suite: example
# cpus: 1
# kernels: um um-kasan stock-old stock-new
# timeout: 300

. "$HMAP/guest/lib.sh"

check_passed()
{
	dmesg | grep 'hmap_example: [1-9][0-9]* flows'
}

leaks_begin
tap_fails "hmap_example.ko needs hmap.ko" insmod "$HMAP/hmap_example.ko"
tap_ok "insmod hmap.ko" load_hmap
tap_ok "insmod hmap_example.ko" insmod "$HMAP/hmap_example.ko"
tap_ok "its self-check passed" check_passed
tap_fails "rmmod hmap is refused while a module uses it" unload_hmap
tap_ok "rmmod hmap_example" rmmod hmap_example
exec 5<>/dev/hmap
tap_fails "rmmod hmap is refused while /dev/hmap is open" unload_hmap
exec 5>&-
tap_ok "rmmod hmap" unload_hmap
tap_ok "/dev/hmap is gone" test ! -e /dev/hmap
leaks_end
tap_done
