# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The library and the tool against a fake device: no kernel needed.
# suite: userspace
# packages: make gcc g++ libc6-dev libcmocka-dev libjson-c-dev pkgconf bats jq mandoc python3 openvswitch-source
# timeout: 400
set -euo pipefail
cd "$(dirname "$0")/../vm"
. ./lib.sh
. ./tap.sh

tap_program "make -C userspace check" \
	make -s --no-print-directory -C "$top/userspace" check
tap_done
