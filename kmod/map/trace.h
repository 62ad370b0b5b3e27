/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: resizes, failed allocations and back pressure. For example
 *
 *	perf trace -e 'hmap:*'
 *	bpftrace -e 'tracepoint:hmap:hmap_resize_start { print(args->new_B); }'
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM hmap

#if !defined(_HMAP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _HMAP_TRACE_H

#include <linux/tracepoint.h>

struct hmap;

/*
 * Why a map is resized. Plain numbers and a table of names: the parsers of perf and
 * trace-cmd do not understand anything else.
 */
#define HMAP_TRACE_SHRINK	0
#define HMAP_TRACE_OVERFLOW	1
#define HMAP_TRACE_LOAD		2
#define HMAP_TRACE_RESERVE	3

#define hmap_trace_reason(reason)				\
	__print_symbolic(reason,				\
			 { HMAP_TRACE_SHRINK, "shrink" },	\
			 { HMAP_TRACE_OVERFLOW, "overflow" },	\
			 { HMAP_TRACE_LOAD, "load" },		\
			 { HMAP_TRACE_RESERVE, "reserve" })

TRACE_EVENT(hmap_resize_start,
	TP_PROTO(const struct hmap *map, u8 old_B, u8 new_B, u8 reason, u64 count),
	TP_ARGS(map, old_B, new_B, reason, count),
	TP_STRUCT__entry(
		__field(const void *, map)
		__field(u8, old_B)
		__field(u8, new_B)
		__field(u8, reason)
		__field(u64, count)
	),
	TP_fast_assign(
		__entry->map = map;
		__entry->old_B = old_B;
		__entry->new_B = new_B;
		__entry->reason = reason;
		__entry->count = count;
	),
	TP_printk("map=%p reason=%s old_B=%u new_B=%u count=%llu", __entry->map,
		  hmap_trace_reason(__entry->reason), __entry->old_B,
		  __entry->new_B, __entry->count)
);

TRACE_EVENT(hmap_resize_done,
	TP_PROTO(const struct hmap *map, u8 old_B, u8 new_B),
	TP_ARGS(map, old_B, new_B),
	TP_STRUCT__entry(
		__field(const void *, map)
		__field(u8, old_B)
		__field(u8, new_B)
	),
	TP_fast_assign(
		__entry->map = map;
		__entry->old_B = old_B;
		__entry->new_B = new_B;
	),
	TP_printk("map=%p old_B=%u new_B=%u", __entry->map, __entry->old_B,
		  __entry->new_B)
);

TRACE_EVENT(hmap_alloc_failure,
	TP_PROTO(const struct hmap *map, size_t size),
	TP_ARGS(map, size),
	TP_STRUCT__entry(
		__field(const void *, map)
		__field(size_t, size)
	),
	TP_fast_assign(
		__entry->map = map;
		__entry->size = size;
	),
	TP_printk("map=%p size=%zu", __entry->map, __entry->size)
);

TRACE_EVENT(hmap_back_pressure,
	TP_PROTO(const struct hmap *map, u8 B, u64 count),
	TP_ARGS(map, B, count),
	TP_STRUCT__entry(
		__field(const void *, map)
		__field(u8, B)
		__field(u64, count)
	),
	TP_fast_assign(
		__entry->map = map;
		__entry->B = B;
		__entry->count = count;
	),
	TP_printk("map=%p B=%u count=%llu", __entry->map, __entry->B,
		  __entry->count)
);

#endif /* _HMAP_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
