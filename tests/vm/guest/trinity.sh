# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# trinity, which knows nothing of the device: random calls of a few system calls
# with files of it. FUZZ_CALLS=n makes so many; TIMEOUT=n lets the guest live for it.
# suite: fuzz
# packages: trinity
# programs: trinity
# nightly kernels: stock-new x86-kasan
# nightly timeout: 1800

. "$HMAP/guest/lib.sh"

trinity_calls() # NODE
{
	cd /tmp || return 1
	# as the user nobody, so that only what may be opened is in danger; so many calls, or
	# as many as ten minutes allow
	timeout -s INT -k 30 600 setpriv --reuid=65534 --regid=65534 --clear-groups \
		trinity -q -l off -C 4 -s "${seed:?}" -N "${fuzz_calls:-200000}" -V "$1" \
		--enable-fds=pseudo -c ioctl -c write -c mmap -c fcntl \
		-c lseek -c fsync -c dup >/tmp/trinity 2>&1
	cat /tmp/trinity >/dev/console
	tail -n 3 /tmp/trinity
	grep 'ran.* calls\|Ran .* syscalls' /tmp/trinity
}

leaks_begin
tap_ok "insmod hmap.ko" load_hmap
chmod 666 /dev/hmap
tap_ok "trinity on /dev/hmap" trinity_calls /dev/hmap
tap_ok "the map is whole" hmapctl verify
tap_ok "rmmod hmap" unload_hmap
leaks_end
tap_done
