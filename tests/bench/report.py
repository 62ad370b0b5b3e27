#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""report.py [--markdown] [SUITE...]: tables of what was measured, and what that is
worth: each target, the ratio that was reached, and whether that is enough.
report.py --merge SUITE <OBJECTS: puts them in the place of older ones.

build/bench/results.json is one array of objects:

  suite       kernel-single, kernel-latency, kernel-smp, user or go
  contestant  hmap, hmap-siphash, rhashtable, BPF HASH, ..., floor, control
  op          hit, insert, bytes/entry, ...; a name of the tables below
  n           elements in the map
  unit        ns/op, ns, ns (longest of a doubling), bytes or Mops/s
  median, min, max, runs      of the repetitions
  kernel      what it ran on: um-7.2-up, um-7.2-smp, debian-6.12, native
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

SUITES = ("kernel-single", "kernel-latency", "kernel-smp", "user", "go")
CONTESTANTS = (
    "hmap", "hmap-siphash", "/dev/hmap", "/dev/hmap mmap", "rhashtable", "BPF HASH",
    "BPF HASH NO_PREALLOC", "BPF RHASH", "Go map", "floor", "control", "busy control",
)

# --- tables ---------------------------------------------------------------------

LONGEST = "ns (longest of a doubling)"  # of the operations with n/2 to n elements

# One table for each combination of `per`; contestants are the columns.
Table = namedtuple("Table", "suite unit title per row")
TABLES = (
    Table("kernel-single", "ns/op", "one thread", ("n", "key_size", "kernel"), "op"),
    Table("kernel-single", "bytes", "memory", ("key_size", "kernel"), "op"),
    Table("kernel-latency", "ns", "each operation timed", ("n", "kernel"), "op"),
    Table("kernel-latency", LONGEST, "by size", ("op", "kernel"), "n"),
    Table("kernel-smp", "Mops/s", "two CPUs", ("n", "kernel"), "op"),  # and ns/op
    Table("user", "ns/op", "system calls", ("n", "kernel"), "op"),
    Table("go", "ns/op", "Go's map, native; hmap in User Mode Linux", ("op",), "n"),
    Table("go", "ns", "Go's map, native; hmap in User Mode Linux", ("op",), "n"),
)

# --- targets --------------------------------------------------------------------

# What is computed, which way is better, and how it is written.
Kind = namedtuple("Kind", "measure enough sign text")
FASTER = Kind(lambda ours, theirs: theirs / ours, operator.ge, "≥", "{:.3g}×")
AT_MOST = Kind(lambda ours, theirs: ours / theirs, operator.le, "≤", "{:.3g}×")
RATE = Kind(lambda ours, theirs: ours / theirs, operator.ge, "≥", "{:.3g}×")
MICROSECONDS_MORE = Kind(lambda ours, theirs: (ours - theirs) / 1e3, operator.le, "≤",
                         "{:+,.1f} µs")

ALL = "all n"  # the worst of them counts
MEAN = "means"  # of the sizes of a sweep; the worst counts

Target = namedtuple("Target", "what suite kind ours theirs n must aim kernel", defaults=(None,))


def single(what, kind, op, rival, n, must, aim, rival_op=None):
    """A target of one thread in the kernel."""
    return Target(f"{what}: against {rival}", "kernel-single", kind,
                  ("hmap", op), (rival, rival_op or op), n, must, aim)


def latency(what, kind, op, rival, must, aim):
    """A target of single operations, on both kernels."""
    return [Target(f"{what}, {kernel}: against {rival}", "kernel-latency", kind,
                   ("hmap", op), (rival, op), ALL, must, aim, kernel)
            for kernel in ("um-7.2-up", "um-7.2-smp")]


TARGETS = (
    single("hit, n = 1e4", FASTER, "hit", "rhashtable", 10**4, 3, 5),
    single("hit, n = 1e4", FASTER, "hit", "BPF HASH", 10**4, 3, 5),
    single("hit, n = 1e6", FASTER, "hit", "rhashtable", 10**6, 2, 3),
    single("hit, n = 1e6", FASTER, "hit", "BPF RHASH", 10**6, 2, 3),
    single("hit, n = 1e6", FASTER, "hit", "BPF HASH", 10**6, 3, 4),
    single("hit, n = 4e6", FASTER, "hit", "rhashtable", 4 * 10**6, 1.7, 2.5),
    single("hit, n = 4e6", FASTER, "hit", "BPF RHASH", 4 * 10**6, 1.7, 2.5),
    single("hit, n = 4e6", FASTER, "hit", "BPF HASH", 4 * 10**6, 2.5, 4),
    single("miss", FASTER, "miss", "rhashtable", ALL, 1.5, 3),
    single("batch-hit, n = 4e6", AT_MOST, "batch-hit", "floor", 4 * 10**6, 2, 1.4, "hit"),
    single("insert from empty", FASTER, "insert", "rhashtable", ALL, 1, 2),
    single("insert from empty", FASTER, "insert", "BPF HASH", ALL, None, 1),
    single("delete", FASTER, "delete", "rhashtable", ALL, 2, 4),
    single("bytes/entry", AT_MOST, "bytes/entry", "rhashtable", MEAN, 0.85, 0.7),
    single("bytes/entry", AT_MOST, "bytes/entry", "BPF HASH", MEAN, 0.5, 0.4),
    single("hit cost at 4e6 over that at 1e4", AT_MOST, "hit", "rhashtable",
           (10**4, 4 * 10**6), 1, None),
    # In atomic context rhashtable leaves the work to its worker, who does not get to it.
    *latency("longest insert while growing", AT_MOST, "insert-sleeping max", "rhashtable",
             1 / 20, None),
    *latency("longest insert while growing", MICROSECONDS_MORE, "insert max", "control", None, 50),
    *latency("p99.99 of inserts", MICROSECONDS_MORE, "insert p99.99", "control", 10, None),
    # No map can meet that: what takes longer is interrupted more often.
    *latency("p99.99 of inserts", MICROSECONDS_MORE, "insert p99.99", "busy control", 10, None),
    Target("2 readers against 1", "kernel-smp", RATE,
           ("hmap", "2 readers"), ("hmap", "1 reader"), ALL, 1.8, 1.95),
    Target("reader beside a full-speed writer", "kernel-smp", RATE,
           ("hmap", "1 reader + 1 writer"), ("hmap", "1 reader"), ALL, 0.7, 0.9),
    Target("2 writers against 1", "kernel-smp", RATE,
           ("hmap", "2 writers"), ("hmap", "1 writer"), ALL, 1.4, 1.8),
    Target("ioctl get against bpf(2) lookup", "user", FASTER,
           ("/dev/hmap", "get"), ("BPF HASH", "get"), ALL, 1, 1.2),
    Target("mapped get against bpf(2) lookup", "user", FASTER,
           ("/dev/hmap mmap", "get"), ("BPF HASH", "get"), ALL, 20, None),
    Target("batch put of 256 against BPF's", "user", FASTER,
           ("/dev/hmap", "batch-put"), ("BPF HASH", "batch-put"), ALL, 1.5, 3),
    Target("batch get of 256 against BPF's", "user", FASTER,
           ("/dev/hmap", "batch-get"), ("BPF HASH", "batch-get"), ALL, 1.5, 3),
    Target("hit: against Go's map", "go", FASTER, ("hmap", "hit"), ("Go map", "hit"), ALL, 1.3, 3),
    Target("miss: against Go's map", "go", FASTER,
           ("hmap", "miss"), ("Go map", "miss"), ALL, 1.3, 3),
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
                 runs=sum(one["runs"] for one in group))
            for group in grouped(objects, RUN + ("contestant", "op")).values()]


def merge(path, suite, lines):
    fresh = [{"key_size": 8, **json.loads(line)} for line in lines if line.strip()]
    if not fresh or any(one["suite"] != suite for one in fresh):
        sys.exit(f"report.py: these are no results of {suite}")
    runs = grouped(fresh, RUN)
    old = [one for one in read(path) if tuple(one[field] for field in RUN) not in runs]
    write(path, sorted(old + combine(fresh), key=lambda one: (
        SUITES.index(one["suite"]), one["kernel"], one["key_size"], one["n"])))


def noisy(one):
    """Memory is counted, not measured."""
    return one["unit"] != "bytes" and one["max"] > NOISY * one["min"]


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
    timed = [one for one in objects if one["unit"] != "bytes"]  # which is exact
    runs = " or ".join(map(str, sorted(distinct(timed, "runs"))))
    extremes = "" if printer.markdown else " (least - greatest)"
    printer.remarks([*notes(timed), f"median{extremes} of {runs} runs; "
                                    f"~: noisy, max/min above {NOISY}"])


# --- comparing ------------------------------------------------------------------


def by_size(objects, target, who):
    """{n: object} of one contestant and operation."""
    contestant, op = who
    return {one["n"]: one for one in objects
            if one["suite"] == target.suite and one["contestant"] == contestant
            and one["op"] == op and one["key_size"] == 8
            and (one["unit"] == "Mops/s") == (target.kind is RATE)
            and target.kernel in (None, one["kernel"])}


def size_groups(n, measured):
    """The sizes of each figure that is to be compared."""
    if n == ALL:
        return [(one,) for one in measured]
    if n == MEAN:
        return sweeps(measured)
    sizes = n if isinstance(n, tuple) else (n,)
    return [sizes] if all(one in measured for one in sizes) else []


def figure(found, sizes, n):
    """One size, the mean of several, or of two the second over the first."""
    values = [found[one]["median"] for one in sizes]
    if n == MEAN:
        return statistics.mean(values)
    return values[1] / values[0] if isinstance(n, tuple) else values[0]


def comparisons(objects, target):
    """[(measured, where, noisy)]"""
    ours = by_size(objects, target, target.ours)
    theirs = by_size(objects, target, target.theirs)
    return [(target.kind.measure(figure(ours, sizes, target.n), figure(theirs, sizes, target.n)),
             " - ".join(f"{n:,}" for n in dict.fromkeys((sizes[0], sizes[-1]))),
             any(noisy(found[n]) for found in (ours, theirs) for n in sizes))
            for sizes in size_groups(target.n, [n for n in ours if n in theirs])]


def verdict_on(target, value):
    enough = target.kind.enough
    if target.aim is not None and enough(value, target.aim):
        return "aim met"
    if target.must is None:
        return "aim not met"
    return "must met" if enough(value, target.must) else "MISSED"


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
    printer.table(rows, ["target", "n", "measured", "must", "aim", "verdict"])
    count = {}
    for row in rows:
        verdict = row[-1].removesuffix(" ~")
        count[verdict] = count.get(verdict, 0) + 1
    printer.remarks([", ".join(f"{verdict}: {many}" for verdict, many in sorted(count.items()))])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", default=RESULTS, help="the file [%(default)s]")
    parser.add_argument("--merge", metavar="SUITE", help="read objects of this suite")
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
    for suite in suites:
        print_suite(printer, suite, [one for one in objects if one["suite"] == suite])
    print_targets(printer, [target for target in TARGETS if target.suite in suites], objects)


if __name__ == "__main__":
    main()
