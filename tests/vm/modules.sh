# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of lib.sh, or for its users
# SPDX-License-Identifier: GPL-2.0-only
# Building what goes into a guest.

. "$(dirname "${BASH_SOURCE[0]}")/examples.sh"

# The objects of two kernels do not mix: each is built in a folder of links to
# the sources.
link_sources() # DIR
{
	local file

	mkdir -p "$1"
	find -L "$1" -type l -delete
	(cd "$top" && find Kbuild kmod tests/random.h tests/{kunit,example,stress,bench} -type f \
		\( -name '*.[ch]' -o -name Kbuild \) ! -name '*.mod.c') |
	while read -r file; do
		mkdir -p "$1/$(dirname "$file")"
		ln -sfn "$top/$file" "$1/$file"
	done
}

# build_modules KERNEL DIR [VARIABLE=VALUE...]
build_modules()
{
	exclusive "build-$1" make_modules "$@"
}

make_modules()
{
	local status=0

	link_sources "$2"
	plain_make -C "$kdir" M="$2" "${arch[@]}" HMAP_TESTS=1 W=1 -j "$ncpus" "${@:3}" \
		modules >"$2/build.log" 2>&1 || status=$?
	[ "$status" = 0 ] || grep -E 'error|Error|undefined' "$2/build.log" >&2 || true
	return "$status"
}

# The library and the tool, once for all guests.
build_userspace()
{
	[ -f "$top/userspace/Makefile" ] || return 0
	need_packages libjson-c-dev pkgconf
	make -C "$top/userspace" all >"$build/userspace.log" 2>&1 ||
		die "userspace could not be built, see build/userspace.log"
}

# Every .c file of tests/uapi and tests/hostile is a program of its own;
# kselftest_harness.h comes from the kernel source.
build_uapi_tests()
{
	build_programs uapi "$build/uapi" "$build/userspace/libhmap.a" "${CC:-gcc}"
	build_programs hostile "$build/hostile" "$build/userspace/libhmap.a" "${CC:-gcc}"
	build_fuzzer
	build_readme
}

# The same for 32 bits, by a cross compiler: Debian's -m32 cannot be installed
# beside other cross compilers. The harness prints pointers as numbers of 64 bits.
build_uapi32_tests()
{
	local cc=i686-linux-gnu-gcc lib=$build/userspace32

	need_packages gcc-i686-linux-gnu libc6-dev-i386-cross
	make -C "$top/userspace" B="$lib" CC=$cc "$lib/libhmap.a" \
		>"$build/userspace32.log" 2>&1 || note "see build/userspace32.log"
	build_programs uapi "$build/uapi32" "$lib/libhmap.a" $cc -Wno-pointer-to-int-cast
}

build_programs() # SUITE DIR LIBRARY COMPILER [OPTION...]
{
	local src selftests lib=$3

	selftests=$(source_tree)/tools/testing/selftests
	rm -f "$2.log"
	mkdir -p "$2"
	# in a shell of its own, which does not wait for other jobs
	(
		for src in "$top/tests/$1"/*.c; do
			[ "$(jobs -rp | wc -l)" -lt "$ncpus" ] || wait -n
			build_or_fail "$src" "$2/$(basename "$src" .c)" "${@:4}" &
		done
		wait
	)
}

build_or_fail() # SOURCE PROGRAM COMPILER [OPTION...]
{
	build_uapi_test "$@" >>"${2%/*}.log" 2>&1 || failing_program "$2"
}

# Stands for a program that does not compile: one failed test, not the end of all.
failing_program() # PROGRAM
{
	note "${1##*/}.c could not be built, see ${1%/*}.log"
	printf '#!/bin/sh\necho 1..1\necho "not ok 1 compiles"\nexit 1\n' >"$1"
	chmod +x "$1"
	touch -t 200001010000 "$1"
}

build_uapi_test() # SOURCE PROGRAM COMPILER [OPTION...]
{
	local libs=()

	[ ! -f "$lib" ] || libs=("$lib")
	if [ -x "$2" ] && [ -z "$(find "$1" "$top"/tests/{random,uapi/*,hostile/*}.h "$top/kmod/include" "${libs[@]}" -newer "$2")" ]; then
		return
	fi
	"${@:3}" -static -O2 -g -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
		-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
		-I "$top/kmod/include/uapi" -I "$top/userspace/lib" -I "$selftests" \
		-I "$top/tests/uapi" -o "$2" "$1" "${libs[@]}" -lpthread
}

# The programs that the READMEs show, as a reader builds them but for -static.
build_readme()
{
	local name

	mkdir -p "$build/readme"
	for name in user shared; do
		readme_program $name >"$build/readme/$name.c"
		"${CC:-gcc}" -static -O2 -Wall -I "$top/kmod/include/uapi" \
			-I "$top/userspace/lib" -o "$build/readme/readme_$name" \
			"$build/readme/$name.c" "$build/userspace/libhmap.a" \
			>"$build/readme.log" 2>&1 ||
			failing_program "$build/readme/readme_$name"
	done
}

build_fuzzer()
{
	local program=$build/fuzz/hmap_fuzz

	mkdir -p "$build/fuzz"
	"${CC:-gcc}" -static -O2 -g -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
		-D_GNU_SOURCE -I "$top/kmod/include/uapi" -I "$top/userspace/lib" \
		-o "$program" "$top"/tests/fuzz/*.c "$build/userspace/libhmap.a" \
		>"$build/fuzz.log" 2>&1 || failing_program "$program"
}
