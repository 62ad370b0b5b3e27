# shellcheck shell=bash
# shellcheck disable=SC2034 # used by scripts that source this
# SPDX-License-Identifier: GPL-2.0-only
#
# Shared by the scripts that run outside a guest. What is here, and how to use it:
#
#   run.sh [SUITE...]          make test: all suites, or those named (as in the
#                              heads of guest/*.sh, ../host/*.sh and ../style/*.sh);
#                              with NIGHTLY=1 make test-nightly
#   boot.sh KERNEL SCRIPT      boot one kernel, run one script of guest/ in it
#                              (FILTER=glob: only these KUnit "suite.case",
#                              uapi programs or bats files)
#   guest/*.sh                 run inside; "# kernels:" and "# timeout:" in the
#                              head of each say where and how long, "# nightly
#                              kernels:" and "# nightly timeout:" the same at night,
#                              "# thread: multi" that QEMU's processors run at once
#   summary.py                 reads the TAP of all scenarios
#   versions.sh                other versions of module and hmapctl, for guest/compat.sh
#   examples.sh                what the READMEs show, for the scripts that try it
#
# For KERNEL see ../kernels/kernels.sh. A guest boots from an initramfs with busybox, bash,
# bats and the project's programs and modules: nothing of the host is visible to it.
# Results are in build/test/SCENARIO@KERNEL.tap (of boot.sh: build/boot), the console in
# .log.

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
