#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""coverage.py BUILD-DIR SOURCE-DIR: reads gcov's JSON from standard input, prints
the share of the lines of each file of kmod/ that ran, and the lines that did not.
"""

import json
import os
import sys

GOAL = 95.0


def read_counts(stream, build):
    """{file: {line: count}}; a header is counted where it is included."""
    counts = {}
    for text in stream:
        if not text.strip():
            continue
        unit = json.loads(text)
        for entry in unit["files"]:
            path = os.path.join(unit["current_working_directory"], entry["file"])
            path = os.path.relpath(os.path.abspath(path), build)
            if not path.startswith("kmod/"):
                continue
            lines = counts.setdefault(path, {})
            for line in entry["lines"]:
                number = line["line_number"]
                lines[number] = lines.get(number, 0) + line["count"]
    return counts


def print_missing(path, lines, source):
    with open(os.path.join(source, path), encoding="utf-8") as file:
        text = file.read().splitlines()
    missing = sorted(number for number, count in lines.items() if not count)
    for number in missing:
        print(f"{path}:{number}: {text[number - 1].strip()}")


def share(ran, total):
    return 100.0 * ran / total if total else 100.0


def main():
    build, source = sys.argv[1:3]
    counts = read_counts(sys.stdin, build)
    all_ran = all_lines = 0
    print("lines that no test runs:")
    for path in sorted(counts):
        print_missing(path, counts[path], source)
    print()
    for path in sorted(counts):
        ran = sum(1 for count in counts[path].values() if count)
        total = len(counts[path])
        print(f"{path:24} {ran:5} of {total:5} lines  {share(ran, total):6.2f} %")
        all_ran += ran
        all_lines += total
    percent = share(all_ran, all_lines)
    print(f"{'kmod':24} {all_ran:5} of {all_lines:5} lines  {percent:6.2f} %")
    return 0 if all_lines and percent >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
