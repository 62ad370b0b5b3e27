# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh TOP BUILD UNIT-TEST...: all tests of userspace that need no kernel
# module; make check builds what they need. TAP.

top=$1
build=$2
shift 2

. "$top/tests/vm/tap.sh"

for program; do
	tap_program "${program##*/}" env CMOCKA_MESSAGE_OUTPUT=TAP "$program"
done
tap_program "install.sh" bash "$top/tests/userspace/install.sh" "$top" "$build"
tap_program "names.sh" bash "$top/tests/userspace/names.sh" "$top" "$build"
tap_silent "hmapctl.1 has the commands and options of the help" python3 \
	"$top/tests/userspace/check_manual.py" "$build/hmapctl/hmapctl" "$top/userspace/man/hmapctl.1"
export HMAP_FAKE=$build/tests/fake_hmap.so PATH=$build/hmapctl:$PATH
tap_program "tests/cli on an imitation of the device" \
	bats --tap "$top/tests/cli"
tap_done
