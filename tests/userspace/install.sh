# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# install.sh TOP BUILD: what is installed can be used as the manual says. TAP.

top=$1
build=$2
tmp=$(mktemp -d)
root=$tmp/root
export PKG_CONFIG_PATH=$root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
unset MAKEFLAGS MFLAGS

# Those in the manual that need no library.
ioctl_examples=(bytes limited buckets publish)

. "$top/tests/vm/tap.sh"
. "$top/tests/vm/examples.sh"

userspace()
{
	"${MAKE:-make}" -s --no-print-directory -C "$top/userspace" "$@"
}

installed()
{
	(cd "$root" && find . ! -type d) | sort
}

exported_symbols()
{
	nm -D --defined-only "$root/usr/lib/libhmap.so" |
		sed -n 's/.* T lib\(hmap_[a-z_]*\)@@HMAP_.*/\1/p' | sort
}

declared_functions()
{
	sed -n '/^HMAP_API/s/.*[ *]\(hmap_[a-z_]*\)(.*/\1/p' \
		"$top/userspace/lib/hmap.h" | sort
}

same_symbols()
{
	diff <(declared_functions) <(exported_symbols)
}

# Those of a program, and of other libraries, may have any other name.
archive_has_our_names_only()
{
	! nm -g --defined-only "$root/usr/lib/libhmap.a" |
		grep ' [A-Z] ' | grep -v ' libhmap_'
}

has_soname()
{
	readelf -d "$root/usr/lib/libhmap.so" | grep -F 'soname: [libhmap.so.0]'
}

# header_alone COMPILER...: nothing else need be included
header_alone()
{
	# shellcheck disable=SC2046
	echo '#include <hmap.h>' | "$@" -Wall -Wextra -Wpedantic -Werror \
		-fsyntax-only $(pkg-config --cflags libhmap) -
}

# A program in the manual.
extract_example() # NAME
{
	cat "$top"/userspace/man/* | sed -n "/begin $1\.c/,/end $1\.c/p" |
		sed '/^\./d; s/\\e/\\/g' >"$tmp/$1.c"
	[ -s "$tmp/$1.c" ]
}

# One that uses the kernel interface alone.
compile_ioctl_example() # NAME
{
	extract_example "$1" &&
		"${CC:-cc}" -Wall -Wextra -Werror -I"$root/usr/include" \
			-o "$tmp/$1" "$tmp/$1.c"
}

# All programs of the manual are tried below.
knows_all_examples()
{
	diff <(sed -n 's/^\.\\" begin \(.*\)\.c$/\1/p' "$top"/userspace/man/* |
			sort) \
	     <(printf '%s\n' words follow shared "${ioctl_examples[@]}" | sort)
}

run_bytes()
{
	printf '%-63s\n' 'HMAPFAKE 1 8 0 0' >"$tmp/device"
	[ "$(printf aab | LD_PRELOAD=$build/tests/fake_hmap.so \
		"$tmp/bytes" "$tmp/device" | sort)" = $'61 2\n62 1' ]
}

compile_example() # NAME LIBRARY...
{
	# shellcheck disable=SC2046
	"${CC:-cc}" -Wall -Wextra -Werror $(pkg-config --cflags libhmap) \
		-o "$tmp/$1" "$tmp/${1%-static}.c" "${@:2}"
}

# It opens /dev/hmap, which need not be here.
run_readme()
{
	sed -i "s|hmap_open(NULL|hmap_open(\"$tmp/device\"|" "$tmp/readme.c"
	compile_example readme "$root/usr/lib/libhmap.a" || return 1
	printf '%-63s\n' 'HMAPFAKE 8 8 0 0' >"$tmp/device"
	[ "$(LD_PRELOAD=$build/tests/fake_hmap.so "$tmp/readme")" = 1 ]
}

# Of the device that run_example() has left, which never changes.
run_follow()
{
	[ "$(LD_LIBRARY_PATH=$root/usr/lib \
		LD_PRELOAD=$build/tests/fake_hmap.so "$tmp/follow" "$tmp/device" |
		awk '{ print $1, $2 }' | sort)" = $' \n1 sea\n1 see\n3 the' ]
}

# A map without a name does here: the imitation has no file system of maps.
run_shared()
{
	sed -i "s|hmap_create(NULL|hmap_create(\"$tmp/device\"|
		s|hmap_open_named(sessions.name|hmap_open(\"$tmp/none\"|" "$tmp/shared.c"
	compile_example shared "$root/usr/lib/libhmap.a" || return 1
	[ "$(LD_PRELOAD=$build/tests/fake_hmap.so "$tmp/shared")" = "16 bytes a key" ]
}

run_example() # NAME
{
	local wanted=$'1 sea\n1 see\n3 the'

	printf '%-63s\n' 'HMAPFAKE 16 8 0 0' >"$tmp/device"
	found=$(echo 'the sea the see the' |
		LD_LIBRARY_PATH=$root/usr/lib \
		LD_PRELOAD=$build/tests/fake_hmap.so "$tmp/$1" "$tmp/device" |
		awk '{ print $1, $2 }' | sort)
	[ "$found" = "$wanted" ] || {
		echo "$found"
		return 1
	}
}

# That the udev rule names.
makes_group()
{
	local group

	group=$(sed -n 's/.*GROUP="\([^"]*\)".*/\1/p' \
		"$root/usr/lib/udev/rules.d/60-hmap.rules")
	mkdir -p "$tmp/machine/etc"
	systemd-sysusers --root="$tmp/machine" "$root/usr/lib/sysusers.d/hmap.conf"
	cat "$tmp/machine/etc/group"
	grep "^$group:" "$tmp/machine/etc/group"
}

# The unit's name is that of its directory, as systemd wants it, and its options
# are those that the manual and userspace/README.md give.
has_unit()
{
	local unit=$root/usr/lib/systemd/system/dev-hmaps.mount

	grep -qx 'Where=/dev/hmaps' "$unit" && grep -qx 'Type=hmapfs' "$unit" &&
		grep -q '^Options=mode=1770,gid=hmap' "$unit" &&
		grep -q '^hmapfs /dev/hmaps hmapfs mode=1770,gid=hmap 0 0$' \
			<(readme_commands 'Share maps between programs') &&
		grep -q 'hmapfs /dev/hmaps hmapfs mode=1770,gid=hmap 0 0$' \
			"$top/userspace/man/hmap.4"
}

unit_is_sound()
{
	# other units need not be here
	systemd-analyze --man=no verify "$root/usr/lib/systemd/system/dev-hmaps.mount" 2>&1 |
		grep 'dev-hmaps.mount:' && return 1
	return 0
}

lint_pages()
{
	local page messages

	for page in "$top"/userspace/man/*; do
		# other pages may be installed or not
		messages=$(mandoc -T lint "$page" 2>&1 |
			grep -v 'referenced manual not found\|mandoc\.db')
		[ -z "$messages" ] || {
			echo "$messages"
			return 1
		}
	done
}

# What the completion offers for the last word; there is a map of this name.
complete_words() # WORD...
{
	local PATH=$root/usr/bin:$PATH

	# shellcheck disable=SC2317 # the completion calls it
	hmapctl()
	{
		case $* in
		list) printf '%s\n' visits 'a\x20b' ;;
		*) command hmapctl "$@" ;;
		esac
	}
	COMP_WORDS=(hmapctl "$@")
	COMP_CWORD=$#
	# shellcheck disable=SC1091
	. "$root/usr/share/bash-completion/completions/hmapctl"
	_hmapctl
	unset -f hmapctl
	echo "${COMPREPLY[*]}"
}

completes() # WANTED WORD...
{
	local found

	found=$(complete_words "${@:2}")
	[ "$found" = "$1" ] || {
		echo "$found"
		return 1
	}
}

completes_all_commands()
{
	completes "$("$build/hmapctl/hmapctl" --help |
		sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p' | xargs)" ""
}

completes_all_options()
{
	local command

	for command in $(complete_words "") ""; do
		completes "$("$build/hmapctl/hmapctl" ${command:+"$command"} --help |
			sed -n -E 's/^  (-.,|   ) (--[a-z-]+) .*/\2/p' | xargs)" \
			${command:+"$command"} -- || {
			echo "of $command"
			return 1
		}
	done
}

tap_ok "make install DESTDIR= PREFIX=/usr" \
	userspace install DESTDIR="$root" PREFIX=/usr B="$tmp/build"
tap_ok "the library exports what hmap.h declares" same_symbols
tap_ok "the library is libhmap.so.0" has_soname
tap_ok "the static library has no names but its own" archive_has_our_names_only
tap_ok "hmap.h can be included alone, in C" header_alone "${CC:-cc}" -std=c11 -x c
if command -v c++ >/dev/null; then
	tap_ok "hmap.h can be included alone, in C++" header_alone c++ -x c++
else
	tap_skip "hmap.h can be included alone, in C++" "no c++"
fi
tap_ok "the manual has an example" extract_example words
# shellcheck disable=SC2046
tap_ok "the example compiles, as the manual says" \
	compile_example words $(pkg-config --libs libhmap)
tap_ok "the example compiles with the static library" \
	compile_example words-static "$root/usr/lib/libhmap.a"
tap_ok "the example counts words" run_example words
tap_ok "the example counts words with the static library" \
	run_example words-static
tap_ok "the manual has an example of watching" extract_example follow
# shellcheck disable=SC2046
tap_ok "which compiles without warnings" \
	compile_example follow $(pkg-config --libs libhmap)
tap_ok "and prints the words" run_follow
tap_ok "the manual has an example of sharing" extract_example shared
# shellcheck disable=SC2046
tap_ok "which compiles without warnings" \
	compile_example shared $(pkg-config --libs libhmap)
tap_ok "and makes a map" run_shared
for example in "${ioctl_examples[@]}"; do
	tap_ok "the example $example of the manual compiles" \
		compile_ioctl_example "$example"
done
tap_ok "the example bytes counts bytes" run_bytes
tap_ok "no example of the manual is left out" knows_all_examples
if [ -f "$top/README.md" ]; then
	readme_program user >"$tmp/readme.c"
	readme_program shared >"$tmp/shared.c"
	# shellcheck disable=SC2046
	tap_ok "the example in README.md compiles" \
		compile_example readme $(pkg-config --libs libhmap)
	tap_ok "the example in README.md does what it says" run_readme
	# shellcheck disable=SC2046
	tap_ok "the example of a shared map in userspace/README.md compiles" \
		compile_example shared $(pkg-config --libs libhmap)
fi
if command -v systemd-sysusers >/dev/null; then
	tap_ok "systemd-sysusers makes the group" makes_group
else
	tap_skip "systemd-sysusers makes the group" "no systemd-sysusers"
fi
tap_ok "make install installs the unit that mounts the file system" has_unit
if command -v systemd-analyze >/dev/null; then
	tap_ok "systemd has nothing to say about it" unit_is_sound
else
	tap_skip "systemd has nothing to say about it" "no systemd-analyze"
fi
if command -v mandoc >/dev/null; then
	tap_ok "mandoc -T lint has nothing to say about the manual" lint_pages
else
	tap_skip "mandoc -T lint has nothing to say about the manual" "no mandoc"
fi
tap_ok "bash completes a command" completes layout la
tap_ok "bash completes all commands" completes_all_commands
tap_ok "bash completes all options of each command" completes_all_options
tap_ok "bash completes a format" completes hex get --key-format h
tap_ok "bash completes any format" completes "dec int str hex" -v ""
tap_ok "bash completes the name of a map" completes visits put 1 1 -m ""
tap_ok "bash completes the name of a map to destroy" completes visits destroy v
tap_ok "bash completes a file" completes "$top/userspace/Makefile" load "$top/userspace/Mak"
tap_ok "bash completes the file of an option" \
	completes "$top/userspace/Makefile" del --from "$top/userspace/Mak"
tap_ok "bash completes no file where a key is expected" \
	completes "" get "$top/userspace/Mak"
if command -v clang >/dev/null; then
	tap_ok "all is clean under clang, too" \
		userspace all CC=clang B="$tmp/clang"
else
	tap_skip "all is clean under clang, too" "no clang"
fi
tap_ok "make uninstall" \
	userspace uninstall DESTDIR="$root" PREFIX=/usr B="$tmp/build"
tap_silent "nothing is left behind" installed
tap_done
rm -r "$tmp"
