# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# names.sh TOP BUILD: libhmap and the hash map of Open vSwitch, whose functions have the
# same names, in one program. Debian has no package of Open vSwitch's library: its hash
# map is compiled from the package openvswitch-source. TAP.

top=$1
build=$2
source=${OVS_SOURCE:-/usr/src/openvswitch}
tmp=$(mktemp -d)

. "$top/tests/vm/tap.sh"

compile() # ARGUMENT...
{
	"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 "$@"
}

# The package has files since Debian 13, and before that an archive.
copy_ovs()
{
	if [ -f "$source/openvswitch.tar.gz" ]; then
		tar -x -C "$tmp" --strip-components=1 -f "$source/openvswitch.tar.gz" \
			openvswitch/include openvswitch/lib
	else
		cp -r "$source/include" "$source/lib" "$tmp"
	fi
}

# One source file, with the headers that it needs and no configuration.
build_ovs()
{
	copy_ovs && touch "$tmp"/{config,include/openvswitch/version}.h &&
		compile -w -fPIC -DHAVE_STDATOMIC_H -I"$tmp" \
			-I"$tmp/include" -I"$tmp/lib" -c -o "$tmp/hmap.o" \
			"$tmp/lib/hmap.c" &&
		ar rcs "$tmp/libovs.a" "$tmp/hmap.o" &&
		compile -shared -o "$tmp/libovs.so" "$tmp/hmap.o"
}

# Neither part sees the headers of the other.
build_parts()
{
	compile -Wall -Wextra -Werror -I"$top/userspace/lib" \
		-I"$top/kmod/include/uapi" -c -o "$tmp/names.o" "$top/tests/userspace/names.c" &&
		compile -Wall -Wextra -Werror -isystem "$tmp/include" \
			-I"$top/kmod/include/uapi" -c -o "$tmp/names_ovs.o" \
			"$top/tests/userspace/names_ovs.c"
}

runs_with() # LIBRARY...
{
	compile -o "$tmp/names" "$tmp"/names.o "$tmp"/names_ovs.o "$@" || return 1
	printf '%-63s\n' 'HMAPFAKE 8 8 0 0' >"$tmp/device"
	LD_LIBRARY_PATH=$tmp:$build LD_PRELOAD=$build/tests/fake_hmap.so \
		"$tmp/names" "$tmp/device"
}

if [ ! -e "$source" ]; then
	tap_skip "libhmap and Open vSwitch in one program" \
		"the package openvswitch-source is not installed"
	tap_done
	exit
fi
tap_ok "the hash map of Open vSwitch compiles" build_ovs
tap_ok "a program that uses both compiles" build_parts
for ours in "$build"/libhmap.{a,so}; do
	for theirs in "$tmp"/libovs.{a,so}; do
		both="${ours##*/} and ${theirs##*/}"
		tap_ok "$both: each call reaches its library" runs_with "$ours" "$theirs"
		tap_ok "$both: also in the other order" runs_with "$theirs" "$ours"
	done
done
tap_done
rm -r "$tmp"
