// SPDX-License-Identifier: GPL-2.0
/*
 * The code of the tracepoints.
 */
#include <linux/module.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

EXPORT_TRACEPOINT_SYMBOL_GPL(hmap_alloc_failure);
