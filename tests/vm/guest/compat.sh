# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Library and module of different versions: hmapctl, in which libhmap is linked, and a
# module of another version. What one version does, both do together, or they say that
# they do not; wrong data is never returned. tests/vm/versions.sh makes the versions:
# "this", the "next", whose structures are longer and whose mapped memory has another
# format, and the one before, "old".
# suite: compat
# cpus: 1
# kernels: um
# timeout: 600

. "$HMAP/guest/lib.sh"

KEYS=300

# hmapctl of the version under test
ctl()
{
	"hmapctl_$tool" "$@"
}

prints() # TEXT ARGUMENT...
{
	local text

	text=$(ctl "${@:2}" 2>&1)
	echo "$text"
	[ "$text" = "$1" ]
}

# Fails with a message.
refuses() # ARGUMENT...
{
	local text

	if text=$(ctl "$@" 2>&1); then
		echo "succeeded, and should not: $*"
		return 1
	fi
	echo "$text"
	[[ $text == hmapctl:* ]]
}

elements()
{
	local key

	for ((key = 0; key < KEYS; key++)); do
		printf '%d\t%d\n' $key $((7 * key))
	done
}

keeps_elements() # [-m NAME]
{
	elements | ctl load "$@" && prints $KEYS count "$@" &&
		elements | ctl compare "$@" && diff <(elements) <(ctl dump "$@" | sort -n)
}

does_operations()
{
	prints 12 add 1 5 && prints 12 pop 1 && ctl del 2 && refuses get 2 &&
		prints 21 wait 3 --timeout 1 && prints $((KEYS - 2)) count
}

tells_its_state()
{
	ctl reserve 10000 && ctl shrink && ctl verify && ctl layout &&
		ctl stats --json | grep -F "\"count\": $((KEYS - 2))," &&
		ctl clear && prints 0 count
}

# The lookups of compare and get are in mapped memory, if the library knows the format.
looks_up() # NAME
{
	keeps_elements -m "$1" && ctl del -m "$1" 5 && refuses get -m "$1" 5 &&
		refuses get -m "$1" $KEYS && prints 42 get -m "$1" 6
}

has_mapped_maps()
{
	ctl create slow --mmap && looks_up slow &&
		ctl create fast --mmap --fast-hash && looks_up fast
}

freezes()
{
	ctl freeze -m fast && refuses put -m fast 1 2 && prints 7 get -m fast 1
}

knows_names()
{
	prints $'fast\nslow' list && ctl destroy slow && prints fast list &&
		refuses get -m slow 1
}

# Names of version 1 of the interface were no files of hmapfs.
knows_names_or_refuses()
{
	knows_names || { refuses list && refuses destroy fast && prints 7 get -m fast 1; }
}

load_version() # VERSION
{
	insmod "$HMAP/compat/$1/hmap.ko" || return 1
	! grep -qw hmapfs /proc/filesystems ||
		{ mkdir -p /dev/hmaps && mount -t hmapfs hmapfs /dev/hmaps; }
}

unload_version() # VERSION
{
	"hmapctl_$1" destroy fast slow
	unload_hmap
}

try() # TOOL MODULE
{
	local tool=$1 pair="hmapctl of $1, module of $2" names=knows_names

	[[ $1 != old && $2 != old ]] || names=knows_names_or_refuses
	tap_ok "$pair: insmod" load_version "$2"
	tap_ok "$pair: elements are kept" keeps_elements
	tap_ok "$pair: operations" does_operations
	tap_ok "$pair: state of the map" tells_its_state
	tap_ok "$pair: mapped maps" has_mapped_maps
	tap_ok "$pair: freeze" freezes
	tap_ok "$pair: names" $names
	tap_ok "$pair: rmmod" unload_version "$2"
}

hurry_rcu
try next next
try this next
try next this
if [ -d "$HMAP/compat/old" ]; then
	try this old
	try old this
else
	tap_skip "hmapctl and module of the version before" \
		"the history of this checkout does not reach back to it"
fi
tap_done
