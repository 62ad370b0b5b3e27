# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What the map does, to be watched: the program of the seed documents, then all
# symbols of the running kernel. Everything that is shown is also checked; the
# last line says what, and the exit status is 1 if anything was wrong.
#
# Needs root, busybox, hmapctl on the PATH and the module: HMAP_KO.
# timeout: 400

set -u
export LC_ALL=C

ko=$(readlink -f "${HMAP_KO:-${HMAP:-.}/hmap.ko}")
key_size=64
tmp=$(mktemp -d)
cd "$tmp" || exit 1

title()
{
	printf '\n== %s ==\n\n' "$*"
}

fail()
{
	printf '\nhmap demo: FAILED: %s\n' "$*"
	exit 1
}

# show COMMAND...: print it as typed, then run it
show()
{
	echo "# $*"
	"$@" || fail "$* (exit status $?)"
}

# must COMMAND...: as show, but only its last line of output, kept in $said
must()
{
	local begin=${EPOCHREALTIME/./}

	said=$("$@" 2>errors) || {
		cat errors
		fail "$*: $said"
	}
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
	printf '# %s\n%s  (%d.%02d s)\n' "$*" "$said" \
		$((took / 1000)) $((took % 1000 / 10))
}

load_module()
{
	[ ! -d /sys/module/hmap ] || rmmod hmap || fail "rmmod hmap"
	show insmod "$ko" "$@"
}

stat_of()
{
	hmapctl stats | awk -v name="$1" '$1 == name { print $2 }'
}

expect() # WHAT FOUND WANTED
{
	[ "$2" = "$3" ] || fail "$1: $2, not $3"
}

# The lines that the seed shows, with P for the address of the buckets and H for
# the hash seed.
seed_lines()
{
	local i B

	for i in 1 2; do
		echo "&{count:0 flags:0 B:0 noverflow:0 hash0:H buckets:<nil> oldbuckets:<nil> nevacuate:0 extra:<nil>} len:0"
	done
	for i in 0 1 2 3 4 5 6 7 8 9; do
		B=$((i >= 8))
		echo "i:$i &{count:$((i + 1)) flags:0 B:$B noverflow:0 hash0:H buckets:P oldbuckets:<nil> nevacuate:$B extra:<nil>} len:$((i + 1))"
	done
}

# Ten keys fit into two buckets without an overflow bucket in 49 maps of 50, in Go
# as here. The seed's did: show one that does, too.
seed_program()
{
	for _ in 1 2 3 4 5; do
		load_module
		echo "# hmapctl trace"
		hmapctl trace >lines || fail "hmapctl trace"
		cat lines
		grep -q 'noverflow:1' lines || break
		echo "(here a bucket got nine of the ten keys; the seed's did not: once more)"
	done
	sed 's/hash0:[0-9]*/hash0:H/; s/ buckets:0x[0-9a-f]*/ buckets:P/' \
		lines >found
	seed_lines >wanted
	cmp -s found wanted || {
		diff wanted found
		fail "the trace is not the seed's"
	}
}

# From the lines of a trace: at which count B changed, how many lines show old
# buckets, and whether each growth began with the last array as the old one.
study_trace()
{
	awk '
	function field(name) {
		if (!match($0, " " name ":[^ ]*"))
			return ""
		return substr($0, RSTART + length(name) + 2,
			      RLENGTH - length(name) - 2)
	}
	!/^i:/ { next }
	{
		len = $0
		sub(/.*len:/, "", len)
		B = field("B")
		old = field("oldbuckets")
		if (B != lastB && len > 1) {
			grew = grew " " len
			if (old != "<nil>" && old != buckets)
				wrong = wrong " " len
		}
		if (old != "<nil>") {
			visible++
			if (B == lastB && field("nevacuate") <= nevacuate)
				wrong = wrong " " len
		}
		lastB = B
		buckets = field("buckets")
		nevacuate = field("nevacuate") + 0
	}
	END { print "grew" grew; print "visible", visible + 0; print "wrong" wrong }
	' "$1"
}

longer_program()
{
	load_module
	echo "# hmapctl trace 60 --watch"
	hmapctl trace 60 --watch >lines || fail "hmapctl trace 60"
	cat lines
	study_trace lines >study
	grew=$(sed -n 's/^grew //p' study)
	visible=$(sed -n 's/^visible //p' study)
	expect "puts that doubled the buckets" "$grew" "9 14 27 53"
	[ "$visible" -ge 2 ] || fail "no old buckets to be seen"
	expect "evacuation" "$(grep '^wrong' study)" wrong
	hmapctl verify >verified || fail "verify: $(cat verified)"
}

# symbols: every symbol that fits a key, in the order of the kernel's list
# list: the same without duplicates, the last one counts; sorted
# deleted, kept: the two parts of that
prepare_symbols()
{
	cp /proc/kallsyms kallsyms
	awk -v max="$key_size" -v symbols=symbols -v list=unsorted '
	length($3) > max { long++; next }
	{
		print $3 "\t0x" $1 >symbols
		value[$3] = "0x" $1
	}
	END {
		for (name in value)
			print name "\t" value[name] >list
		print NR, long + 0
	}' kallsyms >counts
	sort unsorted >list
	awk -v deleted=deleted -v kept=kept '
	NR % 20 == 0 { print >deleted; next }
	{ print >kept }' list
	read -r symbols long <counts
	loaded=$(wc -l <symbols)
	distinct=$(wc -l <list)
	deleted=$(wc -l <deleted)
	rm kallsyms unsorted
	echo "$symbols symbols in /proc/kallsyms; $long names are longer than $key_size bytes and left out,"
	echo "$((loaded - distinct)) are there more than once (the last one counts)"
	[ "$symbols" -ge 50000 ] || fail "only $symbols symbols"
	case $(head -n 1 list) in
	*0x0000000000000000) fail "the kernel hides the addresses of its symbols" ;;
	esac
}

compared() # HOW-MANY: what compare has to say
{
	expect compare "$said" "compared $1: $1 equal, 0 differ, 0 missing, failed 0"
}

load_and_compare()
{
	must hmapctl load -v hex symbols
	expect load "$said" "loaded $loaded, failed 0"
	expect count "$(stat_of count)" "$distinct"
	must hmapctl compare -v hex list
	compared "$distinct"
	hmapctl dump -v hex | sort >dumped
	cmp dumped list || fail "the dump is not the list"
	echo "# hmapctl dump -v hex | sort | cmp - list"
	echo "the same $distinct lines"
}

delete_some()
{
	must hmapctl del --from deleted
	expect del "$said" "deleted $deleted, missing 0, failed 0"
	must hmapctl compare --absent deleted
	expect compare "$said" \
		"compared $deleted: $deleted absent, 0 present, failed 0"
	must hmapctl compare -v hex kept
	compared $((distinct - deleted))
	expect count "$(stat_of count)" $((distinct - deleted))
}

named_map()
{
	mkdir -p /dev/hmaps
	show mount -t hmapfs -o size=1m hmapfs /dev/hmaps
	show hmapctl create sessions --mode 0640
	show hmapctl put -m sessions 1 100
	show mv /dev/hmaps/sessions /dev/hmaps/old
	must hmapctl get -m old 1
	expect get "$said" 100
	show ls -l /dev/hmaps
	show df /dev/hmaps
	show rm /dev/hmaps/old
	expect list "$(hmapctl list)" ""
	show umount /dev/hmaps
}

echo "hmap in $(uname -sr) ($(uname -v))"
title "1. The seed's program: ten puts of int64 into an empty map"
seed_program
echo
echo "Each field is the seed's but for addresses and hash0."

title "2. The same to 60: old buckets are evacuated by the puts, two at most by each"
longer_program
echo
echo "Doubled at $grew; old buckets to be seen in $visible lines."

title "3. All symbols of this kernel: name -> address"
prepare_symbols
load_module key_size=$key_size value_size=8
load_and_compare
echo
must hmapctl verify

title "4. How full are buckets and chains?"
show hmapctl stats
echo
show hmapctl layout

title "5. Delete every twentieth"
delete_some
must hmapctl verify

title "6. A map with a name is a file"
named_map
show rmmod hmap
cd / && rm -r "$tmp"

printf '\nhmap demo: verified on Linux %s: 12 lines as in the seed; growth at %s of 60 puts, old buckets seen in %d; %d symbols loaded, %d different ones read back, compared and dumped without a difference; %d deleted, all absent, the other %d intact; every map sound.\n' \
	"$(uname -r)" "${grew// /, }" "$visible" "$loaded" "$distinct" \
	"$deleted" "$((distinct - deleted))"
