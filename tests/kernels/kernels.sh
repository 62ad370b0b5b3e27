# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of lib.sh, or for its users
# SPDX-License-Identifier: GPL-2.0-only
# The kernels of the tests. KERNEL is one of
#   um          User Mode Linux, SMP: lockdep, failslab, coverage
#   um-kasan    the same with one CPU and KASAN, kmemleak
#   um-newest   as um, of the newest kernel that is supported
#   stock-old   as Debian 12 has it, in QEMU
#   stock-new   as Debian 13 (and the backports of 12) has it, in QEMU
#   stock-old-rt, stock-new-rt    Debian's with PREEMPT_RT
# for make test-nightly, in QEMU
#   x86-kasan   KASAN, kmemleak, UBSAN, lockdep, debug objects
#   x86-kcsan   KCSAN: data races, missing barriers
#   s390x       big endian, 64 bits
#   i386        32 bits
# by hand, with tests/vm/boot.sh
#   x86-kmsan   KMSAN: memory that is used, or given to programs, before it is written
# and for make bench
#   um-up       User Mode Linux without SMP and without what finds bugs
#   um-smp      the same with SMP
# of the series that kmod/kernels.conf says; the cache has them under a name with it.
#
# They are kept in $XDG_CACHE_HOME/hmap; REFRESH=1 asks the mirror for newer ones. An entry
# is built under another name and renamed when it is complete. A symbolic link without the
# version leads to the current entry.
#
# The headers of the selftests and checkpatch are those of $main_series. KERNEL_SRC=
# stands in for its package.

# The series that a kernel is of.
series_of() # KERNEL
{
	case $1 in
	stock-old*) echo "$stock_old_series" ;;
	stock-new*) echo "$stock_new_series" ;;
	um-newest) echo "$newest_series" ;;
	*) echo "$main_series" ;;
	esac
}

# What the cache calls a kernel: with the series, since that of a role may change.
link_name() # KERNEL
{
	local name

	name=${1%%-*}-$(series_of "$1")
	case $1 in
	*-rt | *-kasan | *-kcsan | *-kmsan | *-up | *-smp) name+=-${1##*-} ;;
	esac
	echo "${name/#stock-/debian-}"
}

# The URI of a repository, from this machine's own apt sources.
mirror() # Debian|Debian-Security
{
	# shellcheck disable=SC2016 # apt-get's variables
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' \
		2>/dev/null | awk -v l="$1" '$1 == l && $2 ~ /:/ { print $2; exit }'
}

# An apt that sees the suites in which the kernels are, and leaves the machine's
# own configuration alone.
other_apt() # apt-get|apt-cache ARGUMENT...
{
	local tool=$1

	shift
	"$tool" -qq -o Dir::Etc::sourcelist="$cache/apt/sources.list" \
		-o Dir::Etc::sourceparts=- -o Dir::State::Lists="$cache/apt/lists" \
		-o Dir::Cache="$cache/apt/cache" -o APT::Sandbox::User=root "$@"
}

write_sources()
{
	local debian security suite key

	key="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
	debian=$(mirror Debian)
	[ -n "$debian" ] || die "no Debian mirror in this machine's apt sources"
	security=$(mirror Debian-Security)
	mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial"
	for suite in bookworm bookworm-backports trixie trixie-backports sid; do
		echo "deb $key $debian $suite main"
	done >"$cache/apt/sources.list"
	[ -n "$security" ] || return 0
	for suite in bookworm trixie; do
		echo "deb $key $security $suite-security main"
	done >>"$cache/apt/sources.list"
}

update_other_apt()
{
	[ -z "${other_apt_updated:-}" ] || return 0
	command -v apt-get >/dev/null ||
		die "kernels come from Debian packages; without apt, name a source" \
		    "tree of Linux $main_series with KERNEL_SRC= and choose" \
		    "KERNELS=um"
	[ -n "$(mirror Debian)" ] || as_root apt-get -qq update
	write_sources
	other_apt apt-get update || note "some suites could not be read"
	other_apt_updated=yes
}

# The newest version of a package that begins so, or nothing.
newest_version() # PACKAGE VERSION-PREFIX [SUITES]
{
	other_apt apt-cache madison "$1" 2>/dev/null |
		awk -F ' *[|] *' -v p="$2" -v s=" (${3:-.*})[-/]" \
			'index($2, p) == 1 && " " $3 ~ s { print $2 }' |
		sort -V | tail -n 1
}

# The programs among the headers (fixdep, modpost) have to run here: a suite newer
# than this machine's is of no use.
usable_suites()
{
	case $(. /etc/os-release && echo "${VERSION_CODENAME:-}") in
	bookworm) echo bookworm ;;
	*) echo 'bookworm|trixie' ;;
	esac
}

download() # DIR PACKAGE=VERSION...
{
	local dir=$1

	shift
	mkdir -p "$dir"
	(cd "$dir" && other_apt apt-get download "$@")
}

# An empty folder to make an entry in. Its name is fixed, and its maker has the
# lock: what a run that was killed has left is cleared by the next.
scratch() # LINK
{
	rm -rf "$1.tmp"
	mkdir "$1.tmp"
	echo "$1.tmp"
}

complete() # TMP FINAL LINK
{
	rm -rf "$2"
	mv "$1" "$2"
	ln -sfn "$(basename "$2")" "$3"
}

# --- Debian's kernels: image and headers, unpacked -----------------------------

debian_kernel() # KERNEL LINK
{
	local link=$cache/$2

	if [ ! -e "$link/kdir" ] || [ -n "${REFRESH:-}" ]; then
		exclusive "$2" fetch_debian_kernel "$1" "$link" >&2
	fi
	[ -e "$link/kdir" ]
}

fetch_debian_kernel() # KERNEL LINK
{
	local link=$2 series rt="" version release final tmp

	series=$(series_of "$1")
	[[ $1 != *-rt ]] || rt=-rt
	[ ! -e "$link/kdir" ] || [ -n "${REFRESH:-}" ] || return 0
	update_other_apt
	version=$(newest_version "linux-headers$rt-amd64" "$series." \
		"$(usable_suites)")
	[ -n "$version" ] || die "no mirror has a Debian kernel $series$rt"
	final=$cache/debian-$version$rt
	if [ ! -e "$final/kdir" ]; then
		release=$(other_apt apt-cache show "linux-headers$rt-amd64=$version" |
			sed -n "s/^Depends: linux-headers-\([^ ]*\)$rt-amd64.*/\1/p")
		note "fetching the Debian kernel $release$rt ($version)"
		tmp=$(scratch "$link")
		unpack_debian_kernel "$tmp" "$final" "$release" "$version" \
			"$series" "$rt"
		complete "$tmp" "$final" "$link"
	fi
	ln -sfn "$(basename "$final")" "$link"
}

unpack_debian_kernel() # TMP FINAL RELEASE VERSION SERIES ""|-rt
{
	local tmp=$1 final=$2 release=$3 version=$4 rt=$6 kbuild deb

	kbuild=linux-kbuild-$release
	[ -n "$(newest_version "$kbuild" "$version")" ] || kbuild=linux-kbuild-$5
	download "$tmp/deb" "linux-image-$release$rt-amd64=$version" \
		"linux-headers-$release$rt-amd64=$version" \
		"linux-headers-$release-common$rt=$version" "$kbuild=$version"
	for deb in "$tmp"/deb/linux-{headers,kbuild}*.deb; do
		dpkg-deb -x "$deb" "$tmp"
	done
	dpkg-deb --fsys-tarfile "$tmp"/deb/linux-image*.deb |
		tar -x -C "$tmp" --wildcards './boot/vmlinuz-*'
	rm -r "$tmp/deb"
	# headers name each other by the path that they have when installed
	sed -i "s|^include /usr/src/|include $final/usr/src/|" \
		"$tmp/usr/src/linux-headers-$release$rt-amd64/Makefile"
	ln -s "boot/vmlinuz-$release$rt-amd64" "$tmp/image"
	ln -s "usr/src/linux-headers-$release$rt-amd64" "$tmp/kdir"
}

# Installs the compiler of a Debian kernel, as its headers name it (gcc-12, ...).
compiler_for() # KERNEL
{
	local compiler

	[[ $1 == stock-* ]] || return 0
	compiler=$(sed -n 's/^CC = .*[^a-z]\(gcc-[0-9]*\)$/\1/p' "$kdir/.kernelvariables")
	[ -z "$compiler" ] || command -v "$compiler" >/dev/null ||
		need_packages "$compiler"
	need_packages pahole libelf-dev
}

# --- the source tree and the kernels built from it ------------------------------
#
# Not by kunit.py, though the fragments are like its own: the suites are a module
# out of the tree, which kunit.py neither builds nor could insert, for it boots
# without an initramfs.

# Prints where the source tree of a series is; fetches it if need be.
source_tree() # [SERIES]
{
	local series=${1:-$main_series} link

	link=$cache/source-$series
	if [ "$series" = "$main_series" ] && [ -n "${KERNEL_SRC:-}" ]; then
		[ -f "$KERNEL_SRC/Kbuild" ] ||
			die "KERNEL_SRC=$KERNEL_SRC is not a kernel source tree"
		(cd "$KERNEL_SRC" && pwd)
		return
	fi
	if [ ! -e "$link/Kbuild" ] || [ -n "${REFRESH:-}" ]; then
		exclusive "source-$series" fetch_source "$series" >&2
	fi
	(cd "$link" && pwd -P)
}

fetch_source() # SERIES
{
	local link=$cache/source-$1 package version final tmp hint

	[ ! -e "$link/Kbuild" ] || [ -n "${REFRESH:-}" ] || return 0
	need_build_packages
	update_other_apt
	package=$source_package-$1
	version=$(newest_version "$package" "")
	hint="choose other kernels with KERNELS="
	[ "$1" != "$main_series" ] ||
		hint="name a source tree of Linux $1 with KERNEL_SRC="
	[ -n "$version" ] || die "no mirror has $package any more: $hint"
	final=$cache/source-$version
	if [ ! -e "$final/Kbuild" ]; then
		note "fetching $package ($version)"
		tmp=$(scratch "$link")
		unpack_source "$tmp" "$package=$version"
		complete "$tmp/tree" "$final" "$link"
		rm -rf "$tmp"
	fi
	ln -sfn "$(basename "$final")" "$link"
}

unpack_source() # TMP PACKAGE=VERSION
{
	download "$1/deb" "$2"
	dpkg-deb -x "$1"/deb/*.deb "$1/x"
	mkdir "$1/tree"
	tar -x -C "$1/tree" --strip-components=1 -f "$1"/x/usr/src/"$source_package"-*.tar.xz
}

# The fragments of a kernel's configuration. um-newest differs from um by its source
# only.
built_configs() # KERNEL
{
	case $1 in
	um-up) echo "$top/tests/kernels/um-up.config" ;;
	um-smp) echo "$top/tests/kernels/um-up.config" "$top/tests/kernels/um-smp.config" ;;
	um-newest) echo "$top/tests/kernels/um-common.config" "$top/tests/kernels/um.config" ;;
	um*) echo "$top/tests/kernels/um-common.config" "$top/tests/kernels/$1.config" ;;
	*) echo "$top/tests/kernels/qemu.config" "$top/tests/kernels/$1.config" ;;
	esac
}

# What the entry depends on: the tree, the configuration, the compiler.
built_key() # SOURCE KERNEL
{
	{
		echo "$1"
		# shellcheck disable=SC2046 # words
		cat $(built_configs "$2")
		"$compiler" --version
	} | sha256sum | cut -c 1-10
}

built_kernel() # KERNEL LINK
{
	local src final

	src=$(source_tree "$(series_of "$1")") || return
	! is_um "$1" || src=$(patched_tree "$src" "$1") || return
	final=$cache/$2-$(built_key "$src" "$1")
	[ -e "$final/kdir" ] || exclusive "$2" build_kernel "$@" "$src" "$final" >&2
	ln -sfn "$(basename "$final")" "$cache/$2"
	[ -e "$final/kdir" ]
}

# The source for a kernel of User Mode Linux, with what a few patches mend: for the
# tests, a bug of its own; for the benchmark, what distorts it.
patched_tree() # SOURCE KERNEL
{
	local kind patches key final link

	case $2 in
	um-up | um-smp) kind=bench patches=("$top"/tests/bench/*.patch) ;;
	*) kind=um patches=("$top"/tests/kernels/*.patch) ;;
	esac
	key=$({ echo "$1"; cat "${patches[@]}"; } | sha256sum | cut -c 1-10)
	final=$cache/source-$kind-$key
	link=$cache/source-$kind-$(series_of "$2")
	[ -e "$final/Kbuild" ] || exclusive "$(basename "$link")" \
		patch_tree "$1" "$final" "$link" "${patches[@]}" >&2
	echo "$final"
}

patch_tree() # SOURCE FINAL LINK PATCH...
{
	local src=$1 final=$2 link=$3 tmp file

	shift 3
	[ ! -e "$final/Kbuild" ] || return 0
	need_packages patch
	tmp=$(scratch "$link")
	# links cost no space, but what is patched must not be one
	cp -al "$src/." "$tmp" 2>/dev/null || cp -a "$src/." "$tmp"
	sed -n 's|^+++ b/||p' "$@" | while read -r file; do
		cp --remove-destination "$src/$file" "$tmp/$file"
	done
	cat "$@" | patch -s -d "$tmp" -p1 || {
		rm -rf "$tmp"
		die "$* do not apply to $src"
	}
	complete "$tmp" "$final" "$link"
}

build_kernel() # KERNEL LINK SOURCE FINAL
{
	local tmp

	[ ! -e "$4/kdir" ] || return 0
	need_build_packages
	note "building $1 of Linux $(series_of "$1") (a few minutes)"
	tmp=$(scratch "$cache/$2")
	# the others begin with what Kconfig gives by itself
	! is_um "$1" || make_kernel "$3" "$tmp" defconfig >"$tmp/build.log" 2>&1
	# shellcheck disable=SC2046 # words
	cat $(built_configs "$1") >>"$tmp/.config"
	{
		make_kernel "$3" "$tmp" olddefconfig &&
		make_kernel "$3" "$tmp" -j "$ncpus" &&
		make_kernel "$3" "$tmp" modules_prepare
	} >>"$tmp/build.log" 2>&1 || {
		cp "$tmp/build.log" "$build/$1.build.log"
		rm -rf "$tmp"
		die "$1 could not be built, see build/$1.build.log"
	}
	check_config "$1" "$tmp/.config"
	# only what modules are built against is kept
	find "$tmp" -name '*.o' ! -path '*/scripts/*' ! -path '*/tools/*' -delete
	rm -f "$tmp"/vmlinux "$tmp"/.tmp_vmlinux*
	sed -i "s|$tmp|$4|" "$tmp/Makefile"
	ln -s "$bootable" "$tmp/image"
	ln -s . "$tmp/kdir"
	complete "$tmp" "$4" "$cache/$2"
}

make_kernel() # SOURCE OUTPUT ARGUMENT...
{
	plain_make -C "$1" O="$2" "${arch[@]}" "${@:3}"
}

# What CC= and LLVM= of "make test" are for is in $arch: Debian's kernels and those
# of other architectures have compilers of their own.
plain_make() # ARGUMENT...
{
	env -u MAKEFLAGS -u CC -u LLVM make "$@"
}

# An option that olddefconfig dropped would silently weaken every test.
check_config() # KERNEL CONFIG
{
	local option

	# shellcheck disable=SC2046 # words
	grep -h '^CONFIG_' $(built_configs "$1") | while read -r option; do
		grep -qxF "$option" "$2" || note "$1 has no $option"
	done
}

# --- other architectures ----------------------------------------------------------

# What is particular to the architecture of a kernel:
# arch      what make has to be told; nothing for Debian's, whose headers know
# compiler  of the kernels that are built here
# bootable  where make leaves the kernel
# foreign   what Debian calls it, if this machine's programs do not run there
# machine   the QEMU that runs it
# memory    that it gets
# tty       the second console in it
set_arch() # KERNEL
{
	arch=(${CC:+CC="$CC"} ${LLVM:+LLVM="$LLVM"}) foreign=
	compiler=${CC:-$(llvm_compiler)}
	bootable=arch/x86/boot/bzImage
	machine=(qemu-system-x86_64 -M q35) memory=1G tty=ttyS1
	case $1 in
	stock-*) arch=() ;;
	um*) arch+=(ARCH=um) bootable=linux ;;
	x86-kmsan)
		# of clang only; two bytes of its memory say whether a third one is written
		need_packages clang-19 lld-19 llvm-19
		arch=(ARCH=x86_64 LLVM=-19) compiler=clang-19 memory=4G
		;;
	x86-*) arch+=(ARCH=x86_64) ;;
	i386) arch+=(ARCH=i386) foreign=i386 ;;
	s390x)
		need_packages gcc-s390x-linux-gnu qemu-system-misc
		arch=(ARCH=s390 CROSS_COMPILE=s390x-linux-gnu-)
		compiler=s390x-linux-gnu-gcc bootable=arch/s390/boot/bzImage
		foreign=s390x machine=(qemu-system-s390x) tty=hvc0
		;;
	esac
}

# As the kernel's Makefile takes LLVM: 1, the suffix of a version, a folder.
llvm_compiler()
{
	case ${LLVM:-} in
	"") echo gcc ;;
	*/) echo "${LLVM}clang" ;;
	-*) echo "clang$LLVM" ;;
	*) echo clang ;;
	esac
}

# A shell and what it needs, for the guests of another architecture.
foreign_programs() # ARCHITECTURE
{
	local programs=$cache/programs-$1

	[ -e "$programs" ] || exclusive "programs-$1" fetch_programs "$1" "$programs" >&2
	echo "$programs"
}

fetch_programs() # ARCHITECTURE FINAL
{
	local apt tmp deb

	[ ! -e "$2" ] || return 0
	note "fetching busybox and bash for $1"
	update_other_apt
	tmp=$(scratch "$2")
	mkdir -p "$tmp/lists/partial"
	grep ' bookworm main$' "$cache/apt/sources.list" >"$tmp/sources.list"
	apt=(apt-get -o Dir::Etc::sourcelist="$tmp/sources.list"
		-o Dir::State::Lists="$tmp/lists"
		-o APT::Architecture="$1" -o APT::Architectures="$1")
	other_apt "${apt[@]}" update
	(cd "$tmp" && other_apt "${apt[@]}" download busybox-static bash-static)
	for deb in "$tmp"/*.deb; do
		dpkg-deb -x "$deb" "$tmp"
	done
	mv "$tmp/bin/bash-static" "$tmp/bin/bash"
	mv "$tmp/bin" "$2"
	rm -rf "$tmp"
}

# --- for the scripts -------------------------------------------------------------

# Sets kdir, image and series of a kernel; builds or fetches it if need be.
use_kernel() # KERNEL
{
	local link entry

	set_arch "$1"
	link=$(link_name "$1")
	case $1 in
	um | um-kasan | um-up | um-smp | um-newest) built_kernel "$1" "$link" ;;
	x86-kasan | x86-kcsan | x86-kmsan | i386 | s390x) built_kernel "$1" "$link" ;;
	stock-old | stock-old-rt | stock-new | stock-new-rt) debian_kernel "$1" "$link" ;;
	*) die "there is no kernel $1; see tests/kernels/kernels.sh" ;;
	esac || exit 1
	# another checkout may want another entry, and change the link, at any time
	entry=$(cd "$cache/$link" && pwd -P)
	kdir=$(cd "$entry/kdir" && pwd -P)
	image=$entry/image
}

is_um()
{
	[[ $1 == um* ]]
}
