# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of lib.sh and kernels.sh
# SPDX-License-Identifier: GPL-2.0-only
# Making the initramfs of a guest, booting it, and the end of it.

. "$(dirname "${BASH_SOURCE[0]}")/versions.sh"

# copy_program ROOT FILE [NAME]: with the libraries that it needs, in /bin
copy_program()
{
	local lib

	cp -L "$2" "$1/bin/${3:-$(basename "$2")}"
	ldd "$2" 2>/dev/null | grep -o '/[^ ]*' | while read -r lib; do
		mkdir -p "$1$(dirname "$lib")"
		[ -e "$1$lib" ] || cp -L "$lib" "$1$lib"
	done || true
}

# Everything but the modules and the scenario is the same for all guests.
make_root() # ROOT
{
	mkdir -p "$1"/{dev,etc,hmap,lib64,out,proc,run,sys,tmp,usr/bin,usr/lib}
	ln -s usr/bin "$1/bin"
	ln -s usr/bin "$1/sbin"
	ln -s usr/lib "$1/lib"
	echo 'root:x:0:0::/:/bin/sh
nobody:x:65534:65534::/:/bin/sh' >"$1/etc/passwd"
	echo 'root:x:0:
hmap:x:999:' >"$1/etc/group"
	cp "$vm/guest/init" "$1/init"
	mkdir -p "$1/hmap/guest"
	cp "$vm"/{tap,examples}.sh "$vm"/guest/*.sh "$1/hmap/guest/"
	if [ -n "$foreign" ]; then
		cp "$(foreign_programs "$foreign")"/* "$1/bin/"
	else
		copy_programs "$1"
	fi
}

copy_programs() # ROOT
{
	local program

	copy_program "$1" /bin/busybox
	copy_program "$1" /bin/bash
	# the real ones: busybox's differ in what the tests see
	for program in cmp diff od seq setpriv sort stat timeout; do
		copy_program "$1" "$(command -v $program)"
	done
	# busybox's tries again if a module refuses to load
	copy_program "$1" "$(command -v kmod)" insmod
	copy_bats "$1"
	copy_tests "$1"
}

copy_bats() # ROOT
{
	[ -d /usr/lib/bats-core ] || [ -d /usr/libexec/bats-core ] || return 0
	cp -L /usr/bin/bats "$1/bin/bats"
	local dir
	for dir in /usr/lib/bats-core /usr/libexec/bats-core /usr/lib/bats; do
		[ ! -d "$dir" ] || { mkdir -p "$1$dir"; cp -rL "$dir/." "$1$dir/"; }
	done
}

copy_tests() # ROOT
{
	local program

	mkdir -p "$1/hmap"/{uapi,cli}
	for program in "$build"/uapi/*; do
		[ ! -x "$program" ] || cp "$program" "$1/hmap/uapi/"
	done
	cp -r "$top"/tests/cli/. "$1/hmap/cli/" 2>/dev/null || true
	[ ! -x "$build/userspace/hmapctl/hmapctl" ] ||
		copy_program "$1" "$build/userspace/hmapctl/hmapctl"
}

# What only some scenarios need: "# packages:" and "# programs:" in their heads.
copy_extras() # ROOT SCRIPT
{
	local program packages

	packages=$(scenario_says "$2" packages)
	# shellcheck disable=SC2086 # words
	[ -z "$packages" ] || need_packages $packages
	for program in $(scenario_says "$2" programs); do
		copy_program "$1" "$(command -v "$program")"
	done
	[ "$2" != uapi32 ] || copy_uapi32 "$1"
	[ "$2" != fuzz ] || cp "$build/fuzz/hmap_fuzz" "$1/bin/"
	[ "$2" != readme ] || cp "$build"/readme/readme_* "$1/bin/"
	[ "$2" != hostile ] || cp -r "$build/hostile" "$1/hmap/"
	# shellcheck disable=SC2086 # words
	(cd "$top" && cp --parents $readmes "$1/hmap/")
	install -D -m 644 -t "$1/usr/lib/udev/rules.d" \
		"$top/userspace/dist/60-hmap.rules"
}

# In place of those of 64 bits, which have the same names.
copy_uapi32() # ROOT
{
	build_uapi32_tests
	cp "$build"/uapi32/* "$1/hmap/uapi/"
}

# make_initramfs FILE SCRIPT MODULE-DIR: adds modules and the scenario
make_initramfs()
{
	local root=$1.root module

	# what is left of a run that was killed
	rm -rf "$root"
	make_root "$root"
	for module in "$3"/kmod/*.ko "$3"/tests/*/*.ko; do
		[ ! -f "$module" ] || cp "$module" "$root/hmap/"
	done
	{
		echo "scenario=$2"
		echo "seed=${SEED:-1}"
		echo "filter='${FILTER:-}'"
		echo "stress_seconds=${STRESS_SECONDS:-4}"
		echo "fuzz_calls=${FUZZ_CALLS:-}"
		[ -z "${NIGHTLY:-}" ] || echo "export HMAP_NIGHTLY=1"
	} >"$root/hmap/env"
	copy_extras "$root" "$2"
	[ "$2" != compat ] || copy_versions "$root" "$3"
	(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$1"
	rm -rf "$root"
}

# What the head of a guest script says: "# timeout: 120". A benchmark's is added
# later, and says nothing.
scenario_says() # SCRIPT KEY
{
	[ -f "$vm/guest/$1.sh" ] || return 0
	sed -n "s/^# $2: *//p" "$vm/guest/$1.sh" | head -n 1
}

# boot KERNEL SCRIPT MODULE-DIR RESULT [PROGRAM-OUTPUT-OF-GUEST]
# Leaves RESULT.tap and RESULT.log. With "-" the guest's output goes to stdout.
boot()
{
	local name=$1 script=$2 modules=$3 result=$4 out=${5:-} thread=multi cpus=
	local timeout status=0

	if [ -z "${NIGHTLY:-}" ]; then
		thread=$(scenario_says "$script" thread)
		cpus=$(scenario_says "$script" cpus)
	fi
	timeout=${TIMEOUT:-$(scenario_says "$script" "${NIGHTLY:+nightly }timeout")}
	mkdir -p "$(dirname "$result")"
	: >"$result.tap"
	make_initramfs "$result.cpio" "$script" "$modules"
	if is_um "$name"; then
		boot_um "${timeout:-120}" "$result" "$cpus" || status=$?
	else
		boot_qemu "${timeout:-120}" "$result" "${out:-file:$result.tap}" \
			"$thread" || status=$?
	fi
	rm -f "$result.cpio"
	[ "$status" != 124 ] ||
		echo "# hmap: no end after ${timeout:-120} s" >>"$result.log"
	return "$status"
}

# On a busy machine a guest with two CPUs spins for locks whose holder does not run. By
# day a script that says "# cpus: 1" has one, and takes half to two thirds of the time.
boot_um() # TIMEOUT RESULT CPUS|""
{
	local out=$2.out args=(seccomp=on) status=0

	! grep -q '^CONFIG_SMP=y' "$kdir/.config" || args+=("ncpus=${3:-2}")
	# built by clang it crashes in its first program but by ptrace, with one CPU
	[ -z "${LLVM:-}" ] || args=(seccomp=off)
	# an empty glob would match no suite at all
	[ -z "${FILTER:-}" ] || args+=("kunit.filter_glob=$FILTER")
	rm -rf "$out"
	mkdir -p "$out"
	bounded "$1" "$image" mem=1G "${args[@]}" \
		initrd="$2.cpio" con=null con0=null,fd:1 panic=-1 loglevel=7 \
		hmap_out="$out" </dev/null >"$2.log" 2>&1 || status=$?
	[ ! -f "$out/tap" ] || mv "$out/tap" "$2.tap"
	rmdir "$out" 2>/dev/null || true
	return "$status"
}

# With a thread for each processor QEMU 7.2 now and then goes on executing what another
# has overwritten: the breakpoint of a static key that is being switched, for ever. At
# night, and where a script says "# thread: multi", that they run at the same time is
# worth it.
boot_qemu() # TIMEOUT RESULT file:FILE|- multi|""
{
	local second=(-serial "${3/#-/stdio}") status=0

	[ "$tty" != hvc0 ] || second=(-chardev "file,id=out,path=${3#file:}"
		-device virtio-serial -device "virtconsole,chardev=out")
	# a kernel without ACPI sees one CPU of each socket
	bounded "$1" "${machine[@]}" -m "$memory" -smp 2,sockets=2 -cpu max \
		-accel "tcg,thread=${4:-single}" -display none -monitor none -no-reboot \
		-nic none -serial "file:$2.log" "${second[@]}" \
		-kernel "$image" -initrd "$2.cpio" \
		-append "console=ttyS0 panic=-1 loglevel=7 random.trust_cpu=on hmap_tty=$tty ${FILTER:+kunit.filter_glob=$FILTER}" \
		</dev/null || status=$?
	return "$status"
}
