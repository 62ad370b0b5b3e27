# shellcheck shell=bash
# shellcheck disable=SC2034 # used by scripts that source this
# SPDX-License-Identifier: GPL-2.0-only
#
# Shared by the host side of tests/vm. What is here, and how to use it:
#
#   run.sh [SUITE...]          make test: all suites, or those named (as in the
#                              heads of guest/*.sh and host/*.sh); with NIGHTLY=1
#                              make test-nightly
#   boot.sh KERNEL SCRIPT      boot one kernel, run one script of guest/ in it
#                              (FILTER=glob: only these KUnit "suite.case",
#                              uapi programs or bats files)
#   demo.sh, coverage.sh       make demo, make coverage
#   kernel.sh KERNEL           fetch or build a kernel, print where its KDIR is
#   guest/*.sh                 run inside; "# kernels:" and "# timeout:" in the
#                              head of each say where and how long, "# nightly
#                              kernels:" and "# nightly timeout:" the same at night,
#                              "# thread: multi" that QEMU's processors run at once
#   host/*.sh                  run outside; "# packages:" and "# kernels:" say what
#                              they need
#   summary.py                 reads the TAP of all of them
#   versions.sh                other versions of module and hmapctl, for guest/compat.sh
#   examples.sh                what the READMEs show, for the scripts that try it
#   check_docs.py              whether links and paths in the READMEs exist
#
# KERNEL is one of
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
# and for make bench
#   um-up       User Mode Linux without SMP and without what finds bugs
#   um-smp      the same with SMP
# of the series that kmod/kernels.conf says; the cache has them under a name with it.
#
# A guest boots from an initramfs with busybox, bash, bats and the project's
# programs and modules: nothing of the host is visible to it. Results are in
# build/test/SCENARIO@KERNEL.tap (of boot.sh: build/boot), the console in .log. Kernels are kept in
# $XDG_CACHE_HOME/hmap; REFRESH=1 asks the mirror for newer ones.

vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$vm/../.." && pwd)
build=$top/build
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hmap
ncpus=$(nproc)
# shellcheck source=kmod/kernels.conf
. "$top/kmod/kernels.conf"

note()
{
	echo "hmap: $*" >&2
}

die()
{
	note "$@"
	exit 1
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "this needs root, and there is no sudo: $*"
	fi
}

# No longer than that, and no longer than this shell: timeout is in a process group
# of its own, which a kill of ours does not reach.
bounded() # SECONDS COMMAND...
{
	setpriv --pdeathsig TERM timeout -k 5 "$@"
}

installed()
{
	dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'
}

# Installs those of the packages that are missing.
need_packages()
{
	local p missing=()

	if ! command -v apt-get >/dev/null; then
		note "this is no Debian system; what has to be there is: $*"
		return
	fi
	for p in "$@"; do
		installed "$p" || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	note "installing ${missing[*]}"
	(
		exec 9>"$cache/apt.lock"
		flock 9
		as_root apt-get -qq update || note "some package lists are not up to date"
		as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install \
			-y --no-install-recommends "${missing[@]}" </dev/null >/dev/null
	) || die "could not install ${missing[*]}"
}

need_boot_packages()
{
	need_packages bash busybox-static cpio kmod make gcc libc6-dev \
		qemu-system-x86 python3
}

need_build_packages()
{
	need_packages bc bison flex libelf-dev libssl-dev pahole rsync xz-utils
}

# exclusive NAME COMMAND...: no second run does the same meanwhile
exclusive()
{
	local lock=$cache/$1.lock

	shift
	mkdir -p "$cache"
	(
		exec 8>"$lock"
		flock 8
		"$@" 8>&-
	)
}

mkdir -p "$cache" "$build"
