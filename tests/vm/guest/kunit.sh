# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The KUnit suites in hmap_kunit.ko: they run when the module is inserted.
# suite: kunit
# kernels: um um-kasan
# timeout: 1500
# nightly kernels: um-kasan um-newest x86-kcsan x86-kasan s390x i386
# nightly timeout: 5400

. "$HMAP/guest/lib.sh"

# current->fail_nth decides which allocation fails; these only let it reach those
# that may sleep, and keep the log quiet
for fault in failslab fail_page_alloc; do
	dir=/sys/kernel/debug/$fault
	[ -d "$dir" ] || continue
	echo N >$dir/ignore-gfp-wait
	[ ! -e $dir/ignore-gfp-highmem ] || echo N >$dir/ignore-gfp-highmem
	[ ! -e $dir/min-order ] || echo 0 >$dir/min-order
	echo 0 >$dir/verbose
done

# insmod waits for each case; in QEMU some take minutes
echo 600 >/proc/sys/kernel/hung_task_timeout_secs

# of the random model test: at night three times as many
ops=300000
[ -z "${HMAP_NIGHTLY:-}" ] || ops=1000000

leaks_begin
tap_ok "insmod hmap.ko" load_hmap
# By day, where memory is checked, only the cases that are quick: those that are slow run
# on the other kernel, and stress and torture use memory here as they do.
if [ -z "${HMAP_NIGHTLY:-}${filter:-}" ] && is_um && [ -e $kmemleak ]; then
	# without a newline, which would be part of it
	printf 'speed>slow' >/sys/module/kunit/parameters/filter
	printf skip >/sys/module/kunit/parameters/filter_action
fi
tap_ok "insmod hmap_kunit.ko" insmod "$HMAP/hmap_kunit.ko" seed="${seed:?}" ops=$ops
found=0
for results in /sys/kernel/debug/kunit/*/results; do
	[ -e "$results" ] || continue
	found=$((found + 1))
	suite=$(basename "$(dirname "$results")")
	# without the two lines of the outer document and its result
	echo "# Subtest: $suite"
	sed 's/^/    /' "$results"
	if grep -q '^not ok' "$results"; then
		tap_result "not ok" "$suite"
	else
		tap_result ok "$suite"
	fi
done
tap_ok "there are KUnit suites" test $found -gt 0
tap_ok "rmmod hmap_kunit" rmmod hmap_kunit
tap_ok "rmmod hmap" unload_hmap
leaks_end
tap_done
