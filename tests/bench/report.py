#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""report.py [--markdown] [SUITE...]: tables of what was measured, and what that is
worth: each target, the ratio that was reached, and whether that is enough.
report.py --compare CONTESTANT [SUITE...]: its results and those of hmap.
report.py --merge SUITE <OBJECTS: puts them in the place of older ones.

build/bench/results.json is one array of objects:

  suite       kernel-single, kernel-fill, kernel-latency, kernel-smp, user, reads or go
  contestant  hmap, hmap-siphash, rhashtable, BPF HASH, ..., floor, control
  op          hit, insert, bytes/entry, ...; a name of the tables below
  n           elements in the map
  unit        ns/op, ns, ns (longest of a doubling), ns of CPU/op, Mops/s, bytes or
              bytes, at most (of all sizes from n to 2n)
  median, min, max, runs      of the repetitions
  each        of the maximum of kernel-latency: what every run found, in their order
  kernel      what it ran on: um-up, um-smp, stock-new, native
  note        what a reader has to know, or ""
  key_size    bytes; 8 if it is left away

The suites print such objects, one a line. Those that differ in nothing but their
figures are repetitions, which --merge makes one of. Only contestants that were
measured in one run are compared: a run of a suite replaces everything that is known
of it for the same kernel, n, key_size and unit.

This is Debian's own Python, since the package python3-tabulate is for no other.
"""

import argparse
import json
import operator
import os
import re
import signal
import statistics
import sys
from collections import namedtuple

from tabulate import tabulate

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RESULTS = os.path.join(TOP, "build", "bench", "results.json")

RUN = ("suite", "kernel", "n", "key_size", "unit")  # what is measured in one run
NOISY = 2  # max/min above this says nothing

SUITES = ("kernel-single", "kernel-fill", "kernel-latency", "kernel-smp", "user", "reads",
          "go")
CONTESTANTS = (
    "hmap", "hmap-siphash", "/dev/hmap", "/dev/hmap mmap", "/dev/hmap mmap siphash",
    "rhashtable", "BPF HASH", "BPF HASH NO_PREALLOC", "BPF RHASH", "in-process table", "LMDB",
    "LMDB one txn", "Go map", "floor", "control", "busy control",
)

# --- tables ---------------------------------------------------------------------

LONGEST = "ns (longest of a doubling)"  # of the operations with n/2 to n elements
MOST = "bytes, at most"  # of the sizes from n to 2n
CPU = "ns of CPU/op"  # of all threads and workers

# One table for each combination of `per`; contestants are the columns.
Table = namedtuple("Table", "suite unit title per row")
TABLES = (
    Table("kernel-single", "ns/op", "one thread", ("n", "key_size", "kernel"), "op"),
    Table("kernel-single", "bytes", "memory", ("key_size", "kernel"), "op"),
    Table("kernel-fill", "ns/op", "nearly full", ("op", "kernel"), "n"),
    Table("kernel-fill", "bytes", "memory", ("key_size", "kernel"), "op"),
    Table("kernel-fill", MOST, "from n to 2n elements", ("op", "kernel"), "n"),
    Table("kernel-latency", "ns", "each operation timed", ("n", "kernel"), "op"),
    Table("kernel-latency", LONGEST, "by size", ("op", "kernel"), "n"),
    Table("kernel-smp", "Mops/s", "two CPUs", ("n", "kernel"), "op"),  # and ns/op
    Table("kernel-smp", CPU, "threads and workers", ("n", "kernel"), "op"),
    Table("user", "ns/op", "system calls", ("n", "kernel"), "op"),
    Table("reads", "ns/op", "programs", ("op", "kernel"), "n"),
    Table("go", "ns/op", "Go's map, native; hmap in User Mode Linux", ("op",), "n"),
    Table("go", "ns", "Go's map, native; hmap in User Mode Linux", ("op",), "n"),
)

# --- targets --------------------------------------------------------------------

# What is computed of which field, which way is better, and how it is written.
Kind = namedtuple("Kind", "measure enough sign text field", defaults=("median",))
FASTER = Kind(lambda ours, theirs: theirs / ours, operator.ge, "≥", "{:.3g}×")
AT_MOST = Kind(lambda ours, theirs: ours / theirs, operator.le, "≤", "{:.3g}×")
RATE = Kind(lambda ours, theirs: ours / theirs, operator.ge, "≥", "{:.3g}×")
BYTES = Kind(lambda ours, theirs: ours, operator.le, "≤", "{:.1f} bytes")

# The worst run counts.
ENOUGH_NS = 1e6
OR_ENOUGH = Kind(lambda ours, theirs: max(mine / max(rival, ENOUGH_NS)
                                          for mine, rival in zip(ours, theirs)),
                 operator.le, "≤", "{:.3g}×", "each")
MORE = Kind(lambda ours, theirs: max(mine - rival for mine, rival in zip(ours, theirs)) / 1e6,
            operator.le, "≤", "{:+,.3g} ms", "each")

# The sizes of ours and of the rival's figures that are compared, of those measured.


Growth = namedtuple("Growth", "small large")  # what is compared is large over small


def every(least=0, most=float("inf")):
    """Each of these sizes; the worst counts."""
    return lambda measured: [((n,), (n,)) for n in measured if least <= n <= most]


def mean_of_each_sweep(measured):
    """The worst sweep counts."""
    return [(tuple(sweep), tuple(sweep)) for sweep in sweeps(measured)]


def growth_of_cost(small, large):
    """What an operation costs at one size over what it does at another."""
    return lambda measured: ([(Growth(small, large),) * 2]
                             if {small, large} <= set(measured) else [])


def against_size(large, small):
    """Our own figures at two sizes."""
    return lambda measured: [((large,), (small,))] if {small, large} <= set(measured) else []


def doublings(measured):
    """Each size against half of it, without small ones."""
    return [((n,), (n // 2,)) for n in measured if n // 2 in measured and n >= 2048]


ALL = every()

# fill.sh: what 2^17 buckets hold before they grow, nearly full and less so.
FULLEST, FULL = (950272 * percent // 100 for percent in (99, 70))

BOTH = ("um-up", "um-smp")

# Cases are pairs of a contestant and an operation: ours and the rival's. The worst case,
# size and kernel is what counts. Where there is neither a must nor an aim, it is told.
Target = namedtuple("Target", "what suite unit kind cases sizes must aim kernels",
                    defaults=(None,))


def single(what, kind, op, rival, sizes, must, aim, rival_op=None):
    """A target of one thread in the kernel."""
    return Target(f"{what}: against {rival}", "kernel-single",
                  "bytes" if op == "bytes/entry" else "ns/op", kind,
                  [(("hmap", op), (rival, rival_op or op))], sizes, must, aim)


def full(op):
    return Target(f"{op} at the fullest: against 70 %", "kernel-fill", "ns/op", AT_MOST,
                  [(("hmap", op), ("hmap", op))], against_size(FULLEST, FULL), 1.35, 1.15)


def told(what, suite, unit, kind, ops, sizes, kernels=None):
    """No target: something that is to be known."""
    return Target(what, suite, unit, kind, [(("hmap", op), ("hmap", op)) for op in ops], sizes,
                  None, None, kernels)


def latency(what, kind, quantile, rival, must, aim):
    """A target of single inserts, by callers that may sleep or may not, on both kernels."""
    return Target(f"{what}: against {rival}", "kernel-latency", "ns", kind,
                  [(("hmap", op), (rival, op)) for op in
                   (f"insert {quantile}", f"insert-sleeping {quantile}")],
                  ALL, must, aim, BOTH)


def smp(what, kind, ours, theirs, must, aim):
    """A target of threads; contestant and operation of ours and of what they compare with."""
    return Target(what, "kernel-smp", CPU if kind is AT_MOST else "Mops/s", kind,
                  [(ours, theirs)], ALL, must, aim)


def program(what, suite, kind, cases, must, aim):
    return Target(what, suite, "ns/op", kind, cases, ALL, must, aim)


TARGETS = (
    single("hit, n ≤ 1e5", FASTER, "hit", "rhashtable", every(most=10**5), 1.4, None),
    single("hit, n ≤ 1e5", FASTER, "hit", "BPF HASH", every(most=10**5), 2, None),
    single("hit, n ≤ 1e5", AT_MOST, "hit", "floor", every(most=10**5), None, 1.5),
    single("hit, n ≥ 1e6", FASTER, "hit", "rhashtable", every(10**6), 1.5, 2.5),
    single("hit, n ≥ 1e6", FASTER, "hit", "BPF RHASH", every(10**6), 1.5, 2.5),
    single("hit, n ≥ 1e6", FASTER, "hit", "BPF HASH", every(10**6), 2.5, None),
    single("hit, n ≥ 1e6", AT_MOST, "hit", "floor", every(10**6), 2.2, 1.4),
    full("hit"),
    full("miss"),
    single("miss", FASTER, "miss", "rhashtable", ALL, 1.5, 2.5),
    single("batch-hit, n = 4e6", AT_MOST, "batch-hit", "floor", every(4 * 10**6), 2, 1.3, "hit"),
    single("insert from empty", FASTER, "insert", "rhashtable", ALL, 1.3, 2),
    single("insert from empty", FASTER, "insert", "BPF HASH", ALL, 0.75, 1),
    single("update", FASTER, "update", "BPF HASH", ALL, 1.5, None),
    single("update", FASTER, "update", "BPF RHASH", ALL, None, 1),
    single("delete", FASTER, "delete", "rhashtable", ALL, 2.5, 5),
    single("bytes/entry", AT_MOST, "bytes/entry", "rhashtable", mean_of_each_sweep, 0.85, 0.75),
    single("bytes/entry", AT_MOST, "bytes/entry", "BPF HASH", mean_of_each_sweep, 0.45, 0.38),
    told("bytes/entry, the most at rest", "kernel-fill", MOST, BYTES, ["bytes/entry, the most"],
         ALL),
    told("bytes/entry, peak while growing", "kernel-fill", MOST, BYTES, ["bytes/entry, peak"],
         ALL),
    latency("insert p99 while growing", AT_MOST, "p99", "BPF RHASH", 1, None),
    latency("insert p99 while growing", AT_MOST, "p99", "rhashtable", None, 1),
    latency("insert p99.9 while growing", AT_MOST, "p99.9", "BPF RHASH", 1, None),
    latency("insert p99.9 while growing", AT_MOST, "p99.9", "rhashtable", None, 1),
    latency("longest insert of each run, or 1 ms", OR_ENOUGH, "max", "BPF RHASH", 1, None),
    latency("longest insert of each run", MORE, "max", "busy control", None, 0.3),
    smp("1 writer in a resize: against rhashtable", RATE, ("hmap", "1 writer, resizing"),
        ("rhashtable", "1 writer, resizing"), 0.8, 1.2),
    smp("2 writers in a resize: against rhashtable", RATE, ("hmap", "2 writers, resizing"),
        ("rhashtable", "2 writers, resizing"), 0.8, 1.2),
    smp("grow, 2 writers, CPU time: against rhashtable", AT_MOST, ("hmap", "grow, 2 writers"),
        ("rhashtable", "grow, 2 writers"), 1, 0.8),
    smp("reader in a resize: against its rate otherwise", RATE, ("hmap", "1 reader, resizing"),
        ("hmap", "1 reader"), 0.6, 0.8),
    smp("2 readers: against 1", RATE, ("hmap", "2 readers"), ("hmap", "1 reader"), 1.8, 1.95),
    smp("2 writers: against 1", RATE, ("hmap", "2 writers"), ("hmap", "1 writer"), 1.6, 1.9),
    smp("reader beside a full-speed writer: against alone", RATE,
        ("hmap", "1 reader + 1 writer"), ("hmap", "1 reader"), 0.9, 0.97),
    program("ioctl get: against bpf(2) lookup", "user", FASTER,
            [(("/dev/hmap", "get"), ("BPF HASH", "get"))], 1.3, 1.6),
    program("batches of 256: against bpf(2)", "user", FASTER,
            [(("/dev/hmap", op), ("BPF HASH", op)) for op in ("batch-get", "batch-put")], 2, 3),
    program("mapped get: against the in-process table", "reads", AT_MOST,
            [(("/dev/hmap mmap", "hit"), ("in-process table", "hit"))], 1.75, 1.3),
    program("mapped get: against LMDB", "reads", FASTER,
            [(("/dev/hmap mmap", "hit"), ("LMDB", "hit"))], 8, 15),
    program("hit and miss: against Go's map", "go", FASTER,
            [(("hmap", op), ("Go map", op)) for op in ("hit", "miss")], 1.5, 3),
    single("hit cost at 4e6 over that at 1e4", AT_MOST, "hit", "rhashtable",
           growth_of_cost(10**4, 4 * 10**6), 1, None),
    told("longest insert: steps from n/2 to n", "kernel-latency", LONGEST, AT_MOST,
         ["insert", "insert-sleeping"], doublings, BOTH),
)


# --- objects --------------------------------------------------------------------


def read(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write(path, objects):
    """All or nothing: a reader of the old file is not disturbed."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(map(json.dumps, objects)) + "\n]\n")
    os.replace(path + ".new", path)


def grouped(objects, fields):
    """{their values: objects that have these fields in common}"""
    groups = {}
    for one in objects:
        groups.setdefault(tuple(one.get(field) for field in fields), []).append(one)
    return groups


def combine(objects):
    """One object of those that are repetitions of each other."""
    return [dict(group[0],
                 median=statistics.median(one["median"] for one in group),
                 min=min(one["min"] for one in group),
                 max=max(one["max"] for one in group),
                 runs=sum(one["runs"] for one in group),
                 **({"each": sum((one["each"] for one in group), [])} if "each" in group[0]
                    else {}))
            for group in grouped(objects, RUN + ("contestant", "op")).values()]


def merge(path, suite, lines):
    fresh = [{"key_size": 8, **json.loads(line)} for line in lines if line.strip()]
    if not fresh or any(one["suite"] != suite for one in fresh):
        sys.exit(f"report.py: these are no results of {suite}")
    runs = grouped(fresh, RUN)
    old = [one for one in read(path) if tuple(one[field] for field in RUN) not in runs]
    write(path, sorted(old + combine(fresh), key=lambda one: (
        SUITES.index(one["suite"]), one["kernel"], one["key_size"], one["n"])))


def counted(one):
    """Memory is counted, not measured."""
    return one["unit"].startswith("bytes")


def noisy(one):
    return not counted(one) and one["max"] > NOISY * one["min"]


def in_order(names):
    return sorted(names, key=lambda name: (
        CONTESTANTS.index(name) if name in CONTESTANTS else len(CONTESTANTS), name))


# --- printing -------------------------------------------------------------------


def number(value):
    """Three digits that count."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def scale(one):
    """Long times are written in a larger unit."""
    if one["unit"].startswith("ns"):
        for factor, unit in ((1e9, " s"), (1e6, " ms"), (1e3, " µs")):
            if one["median"] >= max(factor, 1e4):
                return factor, unit
    return 1, ""


def distinct(objects, field):
    return list(dict.fromkeys(one.get(field) for one in objects))


class Printer:
    """Tables for a terminal, or in Markdown."""

    def __init__(self, markdown):
        self.markdown = markdown

    def heading(self, text):
        print(f"\n### {text}\n" if self.markdown else f"\n{text}\n")

    def table(self, rows, headers):
        if not self.markdown:  # long names in two lines
            headers = [name.replace("BPF HASH ", "BPF HASH\n") for name in headers]
        align = ("left",) + ("right",) * (len(headers) - 1)
        print(tabulate(rows, headers, tablefmt="pipe" if self.markdown else "simple",
                       colalign=align, disable_numparse=True))

    def cell(self, one):
        if not one:
            return ""
        factor, unit = scale(one)
        median, low, high = (number(one[field] / factor) for field in ("median", "min", "max"))
        spread = "" if self.markdown or low == high else f" ({low} - {high})"
        return median + unit + spread + (" ~" if noisy(one) else "")

    def remarks(self, lines):
        if lines:
            print()
        for line in lines:
            print(("- " if self.markdown else "  ") + line)


def describe(table, one):
    """What all of one table have in common."""
    known = {"op": one["op"], "kernel": one["kernel"], "n": f"n = {one['n']:,}",
             "key_size": f"{one['key_size']}-byte keys"}
    return ", ".join([f"{table.suite} ({table.title})"] + [known[field] for field in table.per]
                     + [table.unit])


def sweeps(sizes):
    """Memory is counted at many sizes close together: lists of those."""
    found = []
    for n in sorted(sizes):
        if not found or n > 1.5 * found[-1][-1]:
            found.append([])
        found[-1].append(n)
    return found


def mean_of_sweeps(objects):
    """For each sweep one object: the mean, and how much it varies with n."""
    means = []
    for sweep in sweeps(distinct(objects, "n")):
        some = [one for one in objects if one["n"] in sweep]
        for group in grouped(some, ("contestant", "op")).values():
            medians = [one["median"] for one in group]
            means.append(dict(group[0], op=f"{group[0]['op']}, {sweep[0]:,} to {sweep[-1]:,}",
                              median=statistics.mean(medians), min=min(medians), max=max(medians)))
    return means


def print_table(printer, table, objects):
    if table.unit == "bytes":
        objects = mean_of_sweeps(objects)
    columns = in_order(distinct(objects, "contestant"))
    rows = []
    for label in distinct(objects, table.row):
        found = {one["contestant"]: one for one in objects if one[table.row] == label}
        rows.append([f"{label:,}" if table.row == "n" else label]
                    + [printer.cell(found.get(name)) for name in columns])
    printer.heading(describe(table, objects[0]))
    printer.table(rows, [table.row] + columns)


def spread(figures):
    """The least and the greatest, or the only one."""
    numbers = sorted({int(figure) for figure in figures if figure})
    return " - ".join(map(str, numbers[:1] + numbers[1:][-1:]))


def notes(objects):
    """What there is to know of each contestant, once: a figure in it may differ."""
    known = {}
    for one in objects:
        for note in one["note"].split(", "):
            before, figure, after = re.fullmatch(r"(\D*)(\d*)(.*)", note).groups()
            if note not in ("", "noisy"):
                known.setdefault((one["contestant"], before, after), []).append(figure)
    return [f"{name}: " + ", ".join(before + spread(figures) + after
                                    for (who, before, after), figures in known.items()
                                    if who == name)
            for name in in_order({who for who, _, _ in known})]


def print_suite(printer, suite, objects):
    for table in TABLES:
        if table.suite == suite:
            some = [one for one in objects if one["unit"] == table.unit]
            for group in grouped(some, table.per).values():
                print_table(printer, table, group)
    timed = [one for one in objects if not counted(one)]
    runs = " or ".join(map(str, sorted(distinct(timed, "runs"))))
    extremes = "" if printer.markdown else " (least - greatest)"
    printer.remarks([*notes(timed), f"median{extremes} of {runs} runs; "
                                    f"~: noisy, max/min above {NOISY}"])


# --- comparing ------------------------------------------------------------------


def by_size(objects, target, who, kernel):
    """{n: object} of one contestant and operation."""
    contestant, op = who
    return {one["n"]: one for one in objects
            if one["suite"] == target.suite and one["contestant"] == contestant
            and one["op"] == op and one["key_size"] == 8 and one["unit"] == target.unit
            and kernel in (None, one["kernel"]) and target.kind.field in one}


def figure(found, sizes, target):
    """One size, the growth from one to another, or the mean of several."""
    values = [found[one][target.kind.field] for one in sizes]
    if isinstance(sizes, Growth):
        return values[1] / values[0]
    return statistics.mean(values) if len(values) > 1 else values[0]


def comparisons(objects, target):
    """[(measured, where, noisy)]"""
    results = []
    for kernel in target.kernels or (None,):
        for us, rival in target.cases:
            ours, theirs = (by_size(objects, target, who, kernel) for who in (us, rival))
            for mine, others in target.sizes([n for n in ours if n in theirs]):
                where = [" - ".join(f"{n:,}" for n in dict.fromkeys((mine[0], mine[-1])))]
                where += [us[1]] * (len(target.cases) > 1) + [kernel] * (kernel is not None)
                results.append((
                    target.kind.measure(figure(ours, mine, target),
                                        figure(theirs, others, target)),
                    ", ".join(where),
                    any(noisy(ours[n]) for n in mine) or any(noisy(theirs[n]) for n in others)))
    return results


def verdict_on(target, value):
    enough = target.kind.enough
    if target.must is None and target.aim is None:
        return "told"
    if target.aim is not None and enough(value, target.aim):
        return "aim met"
    if target.must is None:
        return "aim not met"
    return "met" if enough(value, target.must) else "MISSED"


def judge(objects, target):
    """A row of the table of targets: the verdict is last."""
    kind = target.kind
    bounds = ["" if bound is None else f"{kind.sign} {kind.text.format(bound)}"
              for bound in (target.must, target.aim)]
    found = comparisons(objects, target)
    if not found:
        return [target.what, "", ""] + bounds + ["not measured"]
    value, where, bad = found[0]
    for one in found:
        if not kind.enough(one[0], value):
            value, where, bad = one
    return [target.what, where, kind.text.format(value)] + bounds + [
        verdict_on(target, value) + (" ~" if bad else "")]


def print_targets(printer, targets, objects):
    rows = [judge(objects, target) for target in targets]
    printer.heading("targets: the worst case of each")
    printer.table(rows, ["target", "where", "measured", "must", "aim", "verdict"])
    count = {}
    for row in rows:
        verdict = row[-1].removesuffix(" ~")
        count[verdict] = count.get(verdict, 0) + 1
    printer.remarks([", ".join(f"{verdict}: {many}" for verdict, many in sorted(count.items()))])


def print_comparison(printer, objects, other):
    """Every result of a contestant beside that of hmap, and theirs over ours."""
    rows = []
    for both in grouped(objects, RUN + ("op",)).values():
        found = {one["contestant"]: one for one in both}
        if {"hmap", other} <= set(found):
            ours, theirs = found["hmap"], found[other]
            best = "max" if ours["unit"] == "Mops/s" else "min"
            rows.append([ours["op"], f"{ours['n']:,}", ours["unit"], printer.cell(theirs),
                         printer.cell(ours)] +
                        [number(theirs[field] / (ours[field] or 1)) for field in ("median", best)])
    printer.heading(f"{other} over hmap")
    printer.table(rows, ["op", "n", "unit", other, "hmap", "ratio", "of the best runs"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", default=RESULTS, help="the file [%(default)s]")
    parser.add_argument("--merge", metavar="SUITE", help="read objects of this suite")
    parser.add_argument("--compare", metavar="CONTESTANT", help="only hmap and this one")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("suites", nargs="*", help="only the tables of these")
    args = parser.parse_args()

    if args.merge:
        merge(args.results, args.merge, sys.stdin)
        return
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as in "report.py | head"
    objects = read(args.results)
    printer = Printer(args.markdown)
    suites = [suite for suite in distinct(objects, "suite")
              if not args.suites or suite in args.suites]
    if not suites:
        sys.exit(f"report.py: {args.results} has no such results; make bench measures")
    if args.compare:
        print_comparison(printer, [one for one in objects if one["suite"] in suites],
                         args.compare)
        return
    for suite in suites:
        print_suite(printer, suite, [one for one in objects if one["suite"] == suite])
    print_targets(printer, [target for target in TARGETS if target.suite in suites], objects)


if __name__ == "__main__":
    main()
