# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Every program of tests/uapi, built for 32 bits, on a kernel of 64 bits.
# suite: uapi
# nightly kernels: stock-new
# nightly timeout: 1200

. "$HMAP/guest/uapi.sh"
