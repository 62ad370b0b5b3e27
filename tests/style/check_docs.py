#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""check_docs.py FILE.md...: do the links and paths in these documents exist?

A link is relative to the folder of its document. A path is a word with a slash between
backticks; it is relative to that folder or to the top folder, and may be a glob. Prints
what does not exist, and lines that are too long; the exit status is 1 then.
"""
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COLUMNS = 95
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
PATH = re.compile(r"`((?:\w|\.\w)[\w.*-]*/[\w./*-]*)`")
BUILT = ("build/",)  # not there before a build


def targets(line):
    """The links and paths of a line, and what they may be relative to."""
    for match in LINK.finditer(line):
        if "://" not in match[1]:
            yield match[1], False
    for match in PATH.finditer(line):
        if not match[1].startswith(BUILT):
            yield match[1], True


def problems(path):
    folder = os.path.dirname(os.path.abspath(path))
    code = False
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n").expandtabs()
            if len(line) > COLUMNS:
                yield f"{path}:{number}: {len(line)} columns"
            code ^= line.startswith("```")
            if code or line.startswith("    "):
                continue
            for target, from_top in targets(line):
                bases = (folder, TOP) if from_top else (folder,)
                if not any(glob.glob(os.path.join(base, target)) for base in bases):
                    yield f"{path}:{number}: there is no {target}"


def main():
    found = [text for path in sys.argv[1:] for text in problems(path)]
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
