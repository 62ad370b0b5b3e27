#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""plot.py [--results FILE] [--text NAME] [DIR]: draws the results with gnuplot.

PNG and SVG files, or with --text one plot (not one of bars) in letters.

  cost-OP             what an operation costs against the size of the map
  fill-OP             the same near the size at which it grows
  memory-N            bytes of an element against the size of the map, from N on
  latency-OP-KERNEL   how long the slowest of a hundred, a thousand, ... takes
  longest-OP-KERNEL   the slowest of all, against the size that the map has got to
  memory-fill         the same at all sizes
  scaling, scaling-resizing, grow, user   bars for each thing that was done
  reads               lookups of programs against the size of the map
  go                  how many times faster than Go's map

Points are medians, bars reach from the least to the greatest.
"""

import argparse
import os
import re
import subprocess
import sys

from report import CPU, LONGEST, RESULTS, distinct, in_order, read, sweeps

# Each contestant looks the same everywhere. The colours are Okabe and Ito's, which
# the colour-blind can tell apart.
LOOKS = {
    "hmap": ("#0072b2", 7), "/dev/hmap": ("#0072b2", 7),
    "/dev/hmap mmap": ("#003f66", 7), "hmap-siphash": ("#56b4e9", 6),
    "/dev/hmap mmap siphash": ("#56b4e9", 6), "in-process table": ("#d55e00", 5),
    "LMDB": ("#009e73", 9), "LMDB one txn": ("#8c6d31", 8),
    "rhashtable": ("#d55e00", 5), "BPF HASH": ("#009e73", 9),
    "BPF HASH NO_PREALLOC": ("#8c6d31", 8), "BPF RHASH": ("#e69f00", 11),
    "Go map": ("#cc79a7", 13), "floor": ("#999999", 2), "control": ("#999999", 2),
    "busy control": ("#666666", 1),
}

RESIZING = ", resizing"

OPS_COLOURS = ("#000000", "#7b3294", "#01665e", "#e7298a")

TERMINALS = {
    "png": "pngcairo size 960,600 font 'DejaVu Sans,12'",
    "svg": "svg size 960,600 font 'DejaVu Sans,12' background '#ffffff'",
}

STYLE = """
set grid lt 1 lw 1 lc rgb '#dddddd'
set border 3 lc rgb '#666666'
set tics nomirror
set key outside right top Left reverse samplen 2
set errorbars 0.5
"""


class Plot:
    """A gnuplot script: data, settings, and the curves of one plot command."""

    def __init__(self, title, settings):
        self.data = []
        self.settings = [f"set title {quoted(title)} noenhanced", settings]
        self.curves = []

    def add(self, rows, how, title):
        name = f"$d{len(self.data)}"
        lines = "\n".join(" ".join(map(str, row)) for row in rows)
        self.data.append(f"{name} << EOD\n{lines}\nEOD")
        self.curves.append(f"{name} {how} title {quoted(title)} noenhanced")

    def write(self, path):
        for suffix, terminal in TERMINALS.items():
            script = "\n".join([f"set terminal {terminal}",
                                f"set output {quoted(f'{path}.{suffix}')}", STYLE,
                                *self.settings, *self.data, "plot " + ", ".join(self.curves)])
            subprocess.run(["gnuplot"], input=script, text=True, check=True)
        print(f"{path}.png")

    def text(self):
        """The medians as letters, for a document."""
        curves = [re.sub(r"using 1:2.*? title", "using 1:2 with points title", curve)
                  for curve in self.curves]
        script = "\n".join(["set terminal dumb noenhanced size 78,24", STYLE, "unset grid",
                            "set key below left horizontal Left noreverse", *self.settings,
                            *self.data, "plot " + ", ".join(curves)])
        drawn = subprocess.run(["gnuplot"], input=script, text=True, check=True,
                               stdout=subprocess.PIPE).stdout
        print("\n".join(row.rstrip() for row in drawn.strip("\f\n").split("\n")))


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def line(contestant):
    colour, point = LOOKS[contestant]
    return f"lc rgb '{colour}' pt {point} ps 1.1 lw 2"


def figures(one):
    return one["median"], one["min"], one["max"]


def about(objects, *words):
    return ", ".join([*words, *distinct(objects, "kernel")])


def largest(objects):
    """Those with the greatest n, and that."""
    n = max(one["n"] for one in objects)
    return [one for one in objects if one["n"] == n], n


def against_n(objects, title, settings):
    plot = Plot(title, "set format x '%.0s%c'\nset xlabel 'n'\n" + settings)
    for name in in_order(distinct(objects, "contestant")):
        rows = sorted((one["n"], *figures(one)) for one in objects if one["contestant"] == name)
        plot.add(rows, f"using 1:2:3:4 with yerrorlines {line(name)}", name)
    return plot


def bars(objects, title, settings):
    """A group of bars for each op, in it one for each contestant."""
    plot = Plot(title, "set style data histograms\nset style histogram errorbars gap 1.5 lw 1.5\n"
                "set style fill solid border\nset datafile missing '?'\nset yrange [0:]\n"
                "set xtics rotate by -20 noenhanced\nset errorbars 2 lc rgb '#444444'\n" + settings)
    ops = distinct(objects, "op")
    for name in in_order(distinct(objects, "contestant")):
        found = {one["op"]: figures(one) for one in objects if one["contestant"] == name}
        plot.add([(f'"{op}"', *found.get(op, ("?",) * 3)) for op in ops],
                 f"using 2:3:4:xtic(1) lc rgb '{LOOKS[name][0]}'", name)
    return plot


def cost(objects):
    """One for each operation, 8-byte keys."""
    for op in distinct(objects, "op"):
        some = [one for one in objects if one["op"] == op]
        yield f"cost-{op}", against_n(some, about(some, op, "8-byte keys"),
                                      "set logscale xy\nset ylabel 'ns'")


def fill(objects):
    for op in distinct(objects, "op"):
        some = [one for one in objects if one["op"] == op]
        yield f"fill-{op}", against_n(some, about(some, op, "2^17 buckets from half full on"),
                                      "set yrange [0:]\nset ylabel 'ns'")


def fill_memory(objects):
    yield "memory-fill", against_n(
        objects, about(objects, "bytes for an element of 8 + 8 bytes, at rest"),
        "set logscale x\nset yrange [0:]\nset ylabel 'bytes'")


def memory(objects):
    for sweep in sweeps(distinct(objects, "n")):
        some = [one for one in objects if one["n"] in sweep]
        yield f"memory-{sweep[0]}", against_n(
            some, about(some, "bytes for an element of 8 + 8 bytes"),
            "set format x '%.1s%c'\nset yrange [0:]\nset ylabel 'bytes'")


def one_of(op, n):
    """p99 is exceeded by one of a hundred; the maximum is reached by one of n."""
    percentile = re.search(r" p([\d.]+)$", op)
    return min(n, round(1 / (1 - float(percentile[1]) / 100))) if percentile else n


def in_seconds(objects):
    return [dict(one, **{field: one[field] / 1e9 for field in ("median", "min", "max")})
            for one in objects]


DURATIONS = "set encoding utf8\nset logscale xy\nset format y '%.0s %cs'\n"


def latency(objects):
    for kernel in distinct(objects, "kernel"):
        some, n = largest([one for one in objects if one["kernel"] == kernel])
        for phase in dict.fromkeys(one["op"].split()[0] for one in some):
            points = [dict(one, n=one_of(one["op"], n)) for one in some
                      if one["op"].split()[0] == phase]
            yield f"latency-{phase}-{kernel}", against_n(
                in_seconds(points), about(some, f"each {phase} timed, 0 to {n:,} elements"),
                DURATIONS + "set xlabel 'the slowest one of ...'\nset ylabel 'takes'")


def longest(objects):
    for kernel in distinct(objects, "kernel"):
        for phase in distinct(objects, "op"):
            some = [one for one in objects if (one["kernel"], one["op"]) == (kernel, phase)]
            yield f"longest-{phase}-{kernel}", against_n(
                in_seconds(some), about(some, f"the longest {phase}"),
                DURATIONS + "set xlabel 'with n/2 to n elements'\nset ylabel 'takes'")


def scaling(objects):
    objects, n = largest(objects)
    for name, resizing in (("scaling", False), ("scaling-resizing", True)):
        some = [dict(one, op=one["op"].removesuffix(RESIZING)) for one in objects
                if one["op"].endswith(RESIZING) == resizing]
        if some:
            yield name, bars(some, about(some, "operations of the threads named first",
                                         *["while the map is resized"] * resizing, f"n = {n:,}"),
                             "set ylabel 'million per second'")


def grow(objects):
    objects, n = largest(objects)
    yield "grow", bars(objects, about(objects, "processor time of an insert", f"0 to {n:,}"),
                       "set ylabel 'ns'")


def reads(objects):
    yield "reads", against_n(objects, about(objects, "hits of a program"),
                             "set logscale xy\nset ylabel 'ns'")


def user(objects):
    objects, n = largest(objects)
    yield "user", bars(objects, about(objects, "an element by system calls", f"n = {n:,}", "QEMU"),
                       "set ylabel 'ns'")


def go(objects):
    """The ratio of costs; the bars are the worst and the best that it can have been."""
    plot = Plot("times faster than Go's map",
                "set logscale x\nset format x '%.0s%c'\nset xlabel 'n'\nset yrange [0:]\n"
                "set ylabel 'cost of Go / cost of hmap'\nset arrow from graph 0, first 1 "
                "to graph 1, first 1 nohead lc rgb '#666666'")
    for colour, op in zip(OPS_COLOURS, distinct(objects, "op")):
        cost_of = {(one["contestant"], one["n"]): figures(one) for one in objects
                   if one["op"] == op}
        rows = []
        for n in sorted(n for name, n in cost_of if name == "hmap"):
            if ("Go map", n) in cost_of:
                ours, theirs = cost_of["hmap", n], cost_of["Go map", n]
                rows.append((n, theirs[0] / ours[0], theirs[1] / ours[2], theirs[2] / ours[1]))
        if rows:
            plot.add(rows, f"using 1:2:3:4 with yerrorlines lc rgb '{colour}' pt 7 lw 2", op)
    yield "go", plot


# What is drawn of which objects.
PLOTS = (
    ("kernel-single", "ns/op", cost), ("kernel-single", "bytes", memory),
    ("kernel-fill", "ns/op", fill), ("kernel-fill", "bytes", fill_memory),
    ("kernel-latency", "ns", latency), ("kernel-latency", LONGEST, longest),
    ("kernel-smp", "Mops/s", scaling), ("kernel-smp", CPU, grow), ("user", "ns/op", user),
    ("reads", "ns/op", reads), ("go", "ns/op", go),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", default=RESULTS, help="the file [%(default)s]")
    parser.add_argument("--text", metavar="NAME", help="print this one")
    parser.add_argument("dir", nargs="?", default=os.path.dirname(RESULTS))
    args = parser.parse_args()

    objects = [one for one in read(args.results) if one["key_size"] == 8]
    for suite, unit, draw in PLOTS:
        some = [one for one in objects if (one["suite"], one["unit"]) == (suite, unit)]
        if some:
            for name, plot in draw(some):
                if not args.text:
                    plot.write(os.path.join(args.dir, name))
                elif name == args.text:
                    plot.text()


if __name__ == "__main__":
    sys.exit(main())
