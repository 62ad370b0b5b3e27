# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# checkpatch, kernel-doc, shellcheck, man pages: no warning. The description of the
# interface for syzkaller is complete, and READMEs name only files that exist.
# suite: style
# packages: git shellcheck mandoc codespell perl python3 gcc libc6-dev
# timeout: 600
set -euo pipefail
cd "$(dirname "$0")/../vm"
. ./lib.sh
. ../kernels/kernels.sh
. ./tap.sh

src=$(source_tree)
cd "$top"

files() # PATTERN...: of the project, without what is built
{
	git ls-files --cached --others --exclude-standard -- "$@" 2>/dev/null |
		while read -r file; do [ ! -f "$file" ] || echo "$file"; done
}

# What cannot be otherwise: TRACE_EVENT() is laid out like
# that all over the kernel, a macro that declares types cannot put them into
# parentheses, and one that describes a field needs its name twice. What follows the
# parameters of a function in libhmap's header is taken for one of them.
exceptions() # FILE
{
	case $1 in
	*/trace.h) echo --ignore OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT ;;
	tests/userspace/*.c) echo --ignore CAMELCASE ;; # cmocka's types
	userspace/lib/hmap.h) echo --ignore FUNCTION_ARGUMENTS ;;
	kmod/dev/dev.c | tests/fuzz/*) echo --ignore MACRO_ARG_REUSE ;;
	*-typed.h | */typed_kunit.c) echo --ignore MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE,SPACING ;;
	esac
}

# It takes a minute for all, and says the same of a file that is the same: of what
# has been clean there is a note in the cache.
checkpatch() # FILE
{
	local command clean

	read -ra command <<<"$(exceptions "$1")"
	command=(perl "$src/scripts/checkpatch.pl" --strict --no-summary --terse
		"${command[@]}" -f "$1")
	clean=$cache/checkpatch/$({ echo "${command[*]}"
		cat "$1" .checkpatch.conf; } | sha256sum | cut -c 1-32)
	[ ! -e "$clean" ] || return 0
	tap_no_output "${command[@]}" || return 1
	touch "$clean"
}

kernel_doc()
{
	"$src/scripts/kernel-doc" -none -Wall "$@"
}

mapfile -t sources < <(files '*.[ch]')
mapfile -t documented < <(files 'kmod/*.[ch]')
mapfile -t scripts < <(files '*.sh' '.ci/run')
mapfile -t pages < <(files '*.[1-8]')
mapfile -t python < <(files '*.py')
mapfile -t documents < <(files '*.md')

mkdir -p "$cache/checkpatch"
find "$cache/checkpatch" -type f -mtime +30 -delete
for file in "${sources[@]}"; do
	tap_ok "checkpatch --strict $file" checkpatch "$file"
done
find . -name '.checkpatch-camelcase.*' -delete
tap_silent "kernel-doc -Wall kmod" kernel_doc "${documented[@]}"
tap_silent "shellcheck" shellcheck -x -P tests/vm -e SC1090,SC1091 "${scripts[@]}"
for file in "${python[@]}"; do
	tap_ok "python compiles $file" python3 -c \
		'import ast, sys; ast.parse(open(sys.argv[1]).read())' "$file"
done
for page in "${pages[@]}"; do
	tap_silent "mandoc $page" mandoc -T lint -W warning "$page"
done
tap_silent "tests/fuzz/hmap.txt describes all" python3 tests/fuzz/check_description.py \
	kmod/include/uapi/linux/hmap.h tests/fuzz/hmap.txt
tap_silent "a name is in all files that list such names" python3 tests/style/check_facts.py
tap_silent "tests/kunit/hash_vectors.h is what hash_vectors.py prints" \
	diff <(python3 tests/kunit/hash_vectors.py) tests/kunit/hash_vectors.h
tap_silent "the links and paths in README.md and others exist" \
	python3 tests/style/check_docs.py "${documents[@]}"
tap_silent "codespell" codespell -q 3 -L nd,fo,iput "${documents[@]}" "${sources[@]}" \
	"${scripts[@]}" "${pages[@]}"
tap_done
