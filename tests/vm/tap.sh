# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# TAP from bash, for the guest and for the host. Source it, then:
#
#   tap_ok NAME COMMAND...    passes if the command succeeds
#   tap_fails NAME COMMAND... passes if it fails
#   tap_silent NAME COMMAND... passes if it also prints nothing
#   tap_program NAME COMMAND... a program that prints TAP of its own, as a subtest
#   tap_skip NAME REASON
#   tap_done                  prints the plan; the script ends here

tap_count=0
echo "TAP version 13"

tap_result() # ok|not\ ok NAME [FILE-WITH-OUTPUT]
{
	tap_count=$((tap_count + 1))
	echo "$1 $tap_count - $2"
	if [ "$1" != ok ] && [ -n "${3:-}" ]; then
		tail -n 60 "$3" | sed 's/^/# /'
	fi
}

tap_ok()
{
	local name=$1 out

	shift
	out=$(mktemp)
	if "$@" >"$out" 2>&1; then
		tap_result ok "$name"
	else
		tap_result "not ok" "$name" "$out"
	fi
	rm -f "$out"
}

tap_fails()
{
	local name=$1

	shift
	tap_ok "$name" tap_not "$@"
}

tap_not()
{
	if "$@"; then
		echo "succeeded, and should not: $*"
		return 1
	fi
}

tap_skip()
{
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# Passes if the command prints nothing: for checkers that warn and succeed.
tap_silent()
{
	local name=$1

	shift
	tap_ok "$name" tap_no_output "$@"
}

tap_no_output()
{
	local out status=0

	out=$("$@" 2>&1) || status=$?
	[ -z "$out" ] || { echo "$out"; return 1; }
	return "$status"
}

# A test program that prints TAP of its own: as a subtest.
tap_program() # NAME COMMAND...
{
	local name=$1 status out start=$SECONDS

	shift
	out=$(mktemp)
	echo "# Subtest: $name"
	"$@" 2>&1 | tee "$out" | sed 's/^/    /'
	status=${PIPESTATUS[0]}
	echo "# $name took $((SECONDS - start)) s"
	if ! grep -q '^1\.\.[0-9]' "$out"; then
		echo "# $name printed no plan"
		tap_result "not ok" "$name"
	# 4 is the kselftest status of a program that skips
	elif [ "$status" = 0 ] || [ "$status" = 4 ]; then
		tap_result ok "$name"
	else
		echo "# $name: exit status $status"
		tap_result "not ok" "$name"
	fi
	rm -f "$out"
}

tap_done()
{
	echo "1..$tap_count"
}
