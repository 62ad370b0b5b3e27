# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The Makefile: what it and the runner of the tests refuse, what it installs; dkms.
# suite: build
# packages: make gcc libc6-dev kmod dkms libjson-c-dev pkgconf
# kernels: stock-old
# timeout: 600
set -euo pipefail
cd "$(dirname "$0")/../vm"
. ./lib.sh
. ../kernels/kernels.sh
use_kernel stock-old
compiler_for stock-old
. ./tap.sh
. ./examples.sh

# what the run that this is a part of was told is not for the makes here
unset MAKEFLAGS MFLAGS LLVM
tmp=$(mktemp -d "$build/host.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
too_new=$((${newest_series%.*} + 1)).0
release=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' \
	"$kdir/include/generated/utsrelease.h")

# A copy of the sources, so that nothing is built in the checkout.
copy_sources() # DIR
{
	mkdir -p "$1"
	(cd "$top" && tar -c --exclude='*.o' --exclude='*.ko' --exclude='*.mod*' \
		--exclude='.*.cmd' --exclude='Module.symvers' --exclude='modules.order' \
		Kbuild Makefile dkms.conf kmod userspace) | tar -x -C "$1"
}

# Fails with one sentence that has these words.
refuses() # WORDS MAKE-ARGUMENT...
{
	local out

	if out=$(make -s -C "$tmp/src" "${@:2}" 2>&1); then
		echo "not refused: ${*:2}"
		return 1
	fi
	echo "$out"
	[ "$(grep -c '^hmap: ' <<<"$out")" = 1 ] && grep '^hmap: ' <<<"$out" | grep -q "$1"
}

# fake_kernel DIR VERSION-CODE: looks like a built one
fake_kernel()
{
	mkdir -p "$1/include/generated/uapi/linux"
	touch "$1/Makefile" "$1/.config" "$1/Module.symvers"
	echo "#define LINUX_VERSION_CODE $2" >"$1/include/generated/uapi/linux/version.h"
}

test_refusals()
{
	tap_ok "no headers: names the package" \
		refuses "install the package linux-headers-9.9.9-none" \
		modules KDIR=/lib/modules/9.9.9-none/build
	tap_ok "no such KDIR" refuses "is not a directory" modules KDIR="$tmp/none"
	mkdir "$tmp/empty"
	tap_ok "KDIR without a kernel" refuses "not a kernel tree" \
		modules KDIR="$tmp/empty"
	touch "$tmp/empty/Makefile"
	tap_ok "KDIR that is not configured" refuses "not configured" \
		modules KDIR="$tmp/empty"
	touch "$tmp/empty/.config"
	tap_ok "KDIR that is not built" refuses "not built" modules KDIR="$tmp/empty"
}

# A kernel of this version, whose make says that it builds, and builds an empty module.
fake_series() # VERSION
{
	fake_kernel "$tmp/fake-$1" $((${1%.*} * 65536 + ${1#*.} * 256 + 99))
	# shellcheck disable=SC2016 # make's variables
	printf 'modules:\n\t@echo built; touch $(M)/kmod/hmap.ko\n' \
		>"$tmp/fake-$1/Makefile"
}

# Builds, and prints exactly this on stderr.
builds_with() # WARNING MAKE-ARGUMENT...
{
	local out

	out=$(make -s -C "$tmp/src" modules "${@:2}" 2>"$tmp/warning") || return
	echo "stdout: $out"
	echo "stderr: $(<"$tmp/warning")"
	[ "$out" = built ] && [ "$(<"$tmp/warning")" = "$1" ]
}

test_versions()
{
	local version dir major=${newest_series%.*}

	for version in 5.10 6.0; do
		fake_series $version
		tap_ok "kernel $version" refuses "is version $version, but hmap supports" \
			modules KDIR="$tmp/fake-$version"
	done
	for version in "$stock_old_series" "$stock_new_series" "$main_series" \
		"$newest_series"; do
		fake_series "$version"
		tap_ok "kernel $version is accepted" builds_with "" \
			KDIR="$tmp/fake-$version"
	done
	for version in "$major.$((${newest_series#*.} + 1))" $major.99 $too_new \
		$((major + 10)).2; do
		dir=$tmp/fake-$version
		fake_series "$version"
		tap_ok "kernel $version builds, with a warning" builds_with \
			"hmap: the kernel in $dir is version $version, which is newer than hmap has been tested with ($newest_series): the build goes on." \
			KDIR="$dir"
	done
	echo "#define UTS_RELEASE \"$too_new.99\"" >"$tmp/fake-$too_new/include/generated/utsrelease.h"
	tap_silent "make uninstall does not warn" make -s -C "$tmp/src" uninstall \
		DESTDIR="$tmp/none" KDIR="$tmp/fake-$too_new"
}

# What dkms does with BUILD_EXCLUSIVE_KERNEL.
dkms_admits() # RELEASE
{
	# shellcheck disable=SC2034 # of dkms.conf
	local kernel_source_dir=/none major minors later BUILD_EXCLUSIVE_KERNEL

	. "$top/dkms.conf"
	[[ $1 =~ $BUILD_EXCLUSIVE_KERNEL ]]
}

test_dkms_releases()
{
	local release

	for release in "$stock_old_series.0-1-amd64" "$stock_old_series" \
		"$stock_new_series.95+deb12-amd64" "$stock_new_series~rc2" \
		"$main_series.1" "$newest_series.4" 7.10 $too_new-rc1 10.2; do
		tap_ok "dkms.conf admits $release" dkms_admits "$release"
	done
	for release in 4.19.0-27-amd64 5.10 5.10.0-8-amd64 5.19.17 6.0 6.0.12; do
		tap_fails "dkms.conf does not admit $release" dkms_admits $release
	done
}

# What the kernel's make is told: "CC LLVM".
compiles_with() # WORDS MAKE-ARGUMENT...
{
	local out

	out=$(env -u CC make -s -C "$tmp/src" modules "${@:2}")
	echo "$out"
	[ "$out" = "$1" ]
}

test_compilers()
{
	local kernel=$tmp/fake-clang

	fake_kernel "$kernel" $((7 * 65536 + 2 * 256))
	# shellcheck disable=SC2016 # make's variables
	printf 'modules:\n\t@echo "$(CC) $(LLVM)"\n' >"$kernel/Makefile"
	tap_ok "CC= is the kernel's to use" \
		compiles_with "some-cc " KDIR="$kernel" CC=some-cc
	tap_ok "LLVM= likewise" compiles_with "cc 1" KDIR="$kernel" LLVM=1
	printf 'CONFIG_CC_IS_CLANG=y\nCONFIG_CLANG_VERSION=990102\n' \
		>"$kernel/.config"
	tap_ok "a kernel built by clang gets LLVM=1" \
		compiles_with "cc 1" KDIR="$kernel"
	mkdir "$tmp/clang"
	install -m 755 /dev/null "$tmp/clang/clang-99"
	PATH=$tmp/clang:$PATH tap_ok "or that of its version, if it is there" \
		compiles_with "cc -99" KDIR="$kernel"
	PATH=$tmp/clang:$PATH tap_ok "unless another is asked for" \
		compiles_with "cc -15" KDIR="$kernel" LLVM=-15
}

# In a copy, so that nothing of the run that this is a part of is in danger.
test_unknown_names()
{
	mkdir "$tmp/src/tests"
	cp -r "$top"/tests/{bench,host,kernels,style,vm} "$tmp/src/tests"
	tap_ok "make test of no suite names those that there are" \
		refuses "no suite none, but .*kunit.* uapi" test SUITE=none
	tap_ok "nor does one misspelt suite of two pass" \
		refuses "no suite kunti, but" test SUITE="style kunti"
	tap_ok "make test on no kernel names those that there are" \
		refuses "no kernel none, but .*stock-old .*um " \
		test SUITE=kunit KERNELS=none
	tap_ok "a suite that runs on none of the kernels is no success" \
		refuses "no test of kunit runs on stock-old" \
		test SUITE=kunit KERNELS=stock-old
	tap_ok "make test-nightly knows its suites, too" \
		refuses "no nightly test of style" test-nightly SUITE=style KERNELS=
	tap_ok "make bench names its suites" \
		refuses "no suite none, but kernel-single" bench SUITE=none
}

# All but those that are for the Makefile itself.
help_names_targets()
{
	local target help

	help=$(make -s -C "$tmp/src" help)
	sed -n 's/^\.PHONY: //p' "$top/Makefile" | tr ' ' '\n' | while read -r target; do
		case $target in
		help | check-kdir | install-modules | clean-modules) continue ;;
		esac
		grep -q "^  make $target\( \|$\)" <<<"$help" || {
			echo "make help does not name $target"
			return 1
		}
	done
}

kernel_src_is_refused()
{
	local out

	! out=$(KERNEL_SRC=$tmp/none "$top/tests/kernels/kernel.sh" um 2>&1) || return
	echo "$out"
	[ "$out" = "hmap: KERNEL_SRC=$tmp/none is not a kernel source tree" ]
}

make_there()
{
	make -s -C "$tmp/src" KDIR="$kdir" "$@"
}

has_files() # DIR FILE...
{
	local file dir=$1

	shift
	for file; do
		compgen -G "$dir/$file" >/dev/null || {
			echo "missing: $file; there is:"
			(cd "$dir" && find . -type f)
			return 1
		}
	done
}

# The headers that come with the kernel tell whether a user can do without it.
installed_library_works()
{
	printf '#include <hmap.h>\n#include <linux/hmap.h>\nint main(void) { return 0; }\n' \
		>"$tmp/user.c"
	"${CC:-gcc}" -I "$tmp/root/usr/include" -o "$tmp/user" "$tmp/user.c" \
		-L "$tmp/root/usr/lib" -lhmap
}

# What README.md shows to writers of modules, built as it says.
readme_module_builds()
{
	local dir=$tmp/readme

	mkdir -p "$dir"
	{
		printf '#include <linux/module.h>\n'
		readme_program kernel
		printf 'MODULE_DESCRIPTION("readme");\nMODULE_LICENSE("GPL");\n'
	} >"$dir/readme.c"
	printf 'obj-m := readme.o\nccflags-y := -I%s/kmod/include\n' "$tmp/src" \
		>"$dir/Kbuild"
	make -s -C "$kdir" M="$dir" KBUILD_EXTRA_SYMBOLS="$tmp/src/Module.symvers" \
		modules
	grep -q hmap_update "$dir/readme.c" && [ -f "$dir/readme.ko" ]
}

# A module with this one line besides the header. Prints what the compiler says.
one_line_module() # LINE
{
	local dir=$tmp/one

	mkdir -p "$dir"
	printf '#include <linux/module.h>\n#include <linux/hmap.h>\n%s\nMODULE_DESCRIPTION("one");\nMODULE_LICENSE("GPL");\n' \
		"$1" >"$dir/one.c"
	printf 'obj-m := one.o\nccflags-y := -I%s/kmod/include\n' "$tmp/src" >"$dir/Kbuild"
	make -s -C "$kdir" M="$dir" KBUILD_EXTRA_SYMBOLS="$tmp/src/Module.symvers" \
		modules 2>&1
}

does_not_compile() # WORDS LINE
{
	local out

	if out=$(one_line_module "$2"); then
		echo "it compiles: $2"
		return 1
	fi
	echo "$out"
	grep -q "error: .*$1" <<<"$out"
}

test_typed_maps()
{
	local words="a typed map has no arrays: put the array into a struct"

	tap_ok "a typed map of structs compiles" one_line_module \
		'struct id { u8 b[16]; }; DEFINE_HMAP(ids, struct id, u64);'
	tap_ok "one whose keys are arrays does not" does_not_compile "$words" \
		'typedef u8 id[16]; DEFINE_HMAP(ids, id, u64);'
	tap_ok "nor one whose values are" does_not_compile "$words" \
		'typedef u8 id[16]; DEFINE_HMAP(ids, u64, id);'
}

test_install()
{
	tap_ok "make modules" make_there modules
	tap_ok "Module.symvers lists the exports" \
		grep -q hmap_ "$tmp/src/Module.symvers"
	tap_ok "the module in README.md builds" readme_module_builds
	test_typed_maps
	tap_ok "make install DESTDIR=" make_there install DESTDIR="$tmp/root" PREFIX=/usr
	tap_ok "installed files" has_files "$tmp/root" \
		"lib/modules/$release/updates/kmod/hmap.ko*" usr/bin/hmapctl \
		'usr/lib/libhmap.so.*' usr/lib/libhmap.so usr/lib/libhmap.a \
		usr/lib/pkgconfig/libhmap.pc usr/include/hmap.h \
		usr/include/linux/hmap.h 'usr/share/man/man1/hmapctl.1*' \
		'usr/share/man/man2/hmap_ioctl.2*' \
		'usr/share/man/man2/hmap_ioctl_map.2*' \
		'usr/share/man/man2/hmap_mmap.2*' \
		'usr/share/man/man3/libhmap.3*' 'usr/share/man/man4/hmap.4*' \
		usr/share/bash-completion/completions/hmapctl \
		'usr/lib/udev/rules.d/*hmap.rules' 'usr/lib/sysusers.d/*hmap*'
	tap_ok "a program links the installed library" installed_library_works
	tap_ok "make uninstall DESTDIR=" make_there uninstall DESTDIR="$tmp/root" \
		PREFIX=/usr
	tap_silent "nothing is left" find "$tmp/root" ! -type d ! -name 'modules.*'
	tap_ok "make clean" make_there clean
	tap_silent "make clean leaves no objects" find "$tmp/src" -name '*.o' -o -name '*.ko'
}

# dkms runs depmod on the whole system, whatever the tree: not here.
dkms_there() # ACTION ARGUMENT...
{
	PATH=$tmp/bin:$PATH dkms "$1" -m hmap -v "$version" --sourcetree "$tmp/usrsrc" \
		--dkmstree "$tmp/dkms" --installtree "$modules" "${@:2}"
}

test_dkms()
{
	local version kernel modules=$tmp/dkmsroot/lib/modules

	version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
	kernel=(-k "$release" --kernelsourcedir "$kdir")
	if [ "$(id -u)" != 0 ]; then
		tap_skip "dkms" "needs root"
		return
	fi
	copy_sources "$tmp/usrsrc/hmap-$version"
	mkdir -p "$tmp/dkms" "$tmp/bin" "$modules/$release"
	printf '#!/bin/sh\nexec %s -b %s "$@"\n' "$(PATH=$PATH:/sbin command -v depmod)" \
		"$tmp/dkmsroot" >"$tmp/bin/depmod"
	chmod +x "$tmp/bin/depmod"
	tap_ok "dkms add" dkms_there add
	tap_ok "dkms build" dkms_there build "${kernel[@]}"
	tap_ok "dkms install" dkms_there install "${kernel[@]}"
	tap_ok "dkms puts hmap.ko in place" \
		has_files "$modules" "$release/updates/dkms/hmap.ko*"
	tap_ok "dkms builds for a kernel that is too new" \
		dkms_there build -k $too_new.99-amd64 --kernelsourcedir "$tmp/fake-$too_new"
	tap_ok "the log of this build has the warning" grep -rqs --include=make.log \
		"^hmap: .* is version $too_new, .*: the build goes on.$" "$tmp/dkms"
	tap_ok "dkms skips a kernel that is too old" dkms_skips 5.10.0-8-amd64
	tap_ok "dkms remove" dkms_there remove --all
	tap_silent "dkms leaves no module" find "$modules" -name 'hmap.ko*'
}

# 77 and 9 are "not for this kernel", depending on the version of dkms
dkms_skips() # RELEASE
{
	local status=0 out

	out=$(dkms_there build -k "$1" --kernelsourcedir "$kdir" 2>&1) || status=$?
	echo "status $status: $out"
	grep -q 'BUILD_EXCLUSIVE' <<<"$out" && { [ $status = 9 ] || [ $status = 77 ]; }
}

copy_sources "$tmp/src"
tap_ok "make help names every target" help_names_targets
tap_ok "KERNEL_SRC= without a kernel's source" kernel_src_is_refused
test_refusals
test_versions
test_dkms_releases
test_compilers
test_unknown_names
test_install
test_dkms
tap_done
