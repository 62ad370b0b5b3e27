#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""coverage.py BUILD-DIR SOURCE-DIR: reads gcov's JSON from standard input, prints
the share of the lines of each file of kmod/ that ran, and the lines that did not, with
the reason: a comment "Not covered: ..." at the line, or above it in the same block.
"""

import json
import os
import re
import sys

GOAL = 95.0


def read_counts(stream, build):
    """{file: {line: (count, function)}}; a header counts where it is included."""
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
                count, _ = lines.get(number, (0, ""))
                name = line.get("function_name", "")
                lines[number] = (count + line["count"], name)
    return counts


def reason(text, number):
    """What a comment at line @number, or above it in its block, says."""
    indent = len(text[number - 1]) - len(text[number - 1].lstrip())
    for line in reversed(text[:number]):
        if found := re.search(r"/\* Not covered: (.*?)(?: \*/|$)", line):
            return found[1]
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            break
    return "no reason is known"


def print_missing(path, lines, source):
    with open(os.path.join(source, path), encoding="utf-8") as file:
        text = file.read().splitlines()
    last = None
    for number, (count, name) in sorted(lines.items()):
        if count:
            continue
        if name != last:
            print(f"# {name}: {reason(text, number)}")
            last = name
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
        ran = sum(1 for count, _ in counts[path].values() if count)
        total = len(counts[path])
        print(f"{path:24} {ran:5} of {total:5} lines  {share(ran, total):6.2f} %")
        all_ran += ran
        all_lines += total
    percent = share(all_ran, all_lines)
    print(f"{'kmod':24} {all_ran:5} of {all_lines:5} lines  {percent:6.2f} %")
    return 0 if all_lines and percent >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
