#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""summary.py [--seed N] FILE.tap...: counts test results, names what failed.

Each file is what one scenario printed: TAP 13 or KTAP of any producer, subtests
indented. Leaf test cases are counted. FILE.log beside it is the console: a
complaint of the kernel there is a failed test, too, and so is a scenario that did
not come to its end ("# hmap: end 0"), or whose plan does not hold.

The last line is "N passed, N failed", with ", N skipped" if there are any.
"""

import argparse
import os
import re
import sys

VERSION = re.compile(r"K?TAP version \d+")
PLAN = re.compile(r"1\.\.(\d+)")
RESULT = re.compile(r"(not ok|ok)\b *(\d*) *-? *(.*)")
DIRECTIVE = re.compile(r"\s*(?<!\\)#\s*(SKIP|TODO)\b\s*(.*)", re.IGNORECASE)
SUBTEST = re.compile(r"# Subtest: (.*)")
END = re.compile(r"# hmap: end (\d+)")

KERNEL_LINE = re.compile(r"\[ *\d+\.\d+\]")
KTAP_LINE = re.compile(r"\] +(ok \d|not ok \d|# Subtest: )")
BEGIN = "hmap: test begins"
COMPLAINT = re.compile(
    r"WARNING: |BUG: |BUG:? |Oops|INFO: (task|rcu|trying|lockdep|possible|suspicious)"
    r"|rcu: INFO|KASAN|UBSAN|Kernel panic|general protection fault"
    r"|scheduling while atomic|sleeping function called|possible circular"
    r"|suspicious RCU|soft lockup|hard LOCKUP|refcount_t:|list_(add|del) corruption"
    r"|kmemleak: [1-9]\d* new suspected|Modules linked in:|hung_task:"
)
RACE = "BUG: KCSAN: "
REPORT_END = re.compile(r"\] ={60,}$")
# what a guest kernel says of itself, with KASAN or without hmap
HARMLESS = re.compile(r"KernelAddressSanitizer initialized|kmemleak: Kernel memory leak")


def without_foreign_races(lines):
    """KCSAN looks at the whole kernel, which has data races of its own: reports
    without a function of one of the project's modules are left out."""
    kept = []
    report = None
    for line in lines:
        if report is None and RACE in line:
            report = []
        if report is None:
            kept.append(line)
            continue
        report.append(line)
        if REPORT_END.search(line):
            if any("[hmap" in t for t in report):
                kept += report
            report = None
    return kept + (report or [])


class Level:
    """The results at one depth of indentation."""

    def __init__(self, indent, name=""):
        self.indent = indent
        self.name = name
        self.plan = None
        self.count = 0
        self.has_children = False
        self.child_failed = False  # one of the children of the next result
        self.failed = False  # one of the results so far
        self.comments = []


class Scenario:
    """One file of results."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path).removesuffix(".tap")
        self.passed = 0
        self.skipped = 0
        self.failures = []
        self.levels = [Level(0)]
        self.next_name = ""
        self.end = None

    def fail(self, what, comments=()):
        self.failures.append((what, list(comments)))

    def read(self):
        with open(self.path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self.line(line.rstrip())
        self.close_below(-1)
        if self.end is None:
            self.fail("the scenario did not come to its end (crash or time-out)",
                      self.last_words())
        elif self.end:
            self.fail(f"the script exits with {self.end}")
        self.scan_log()
        return self

    def line(self, line):
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        if match := SUBTEST.match(text):
            self.next_name = match[1]
        elif match := END.match(text):
            self.end = int(match[1])
        elif VERSION.match(text):
            self.next_document(self.level(indent))
        elif match := PLAN.match(text):
            level = self.level(indent)
            if level.plan is not None:
                self.next_document(level)
            level.plan = int(match[1])
        elif match := RESULT.match(text):
            self.result(self.level(indent), match)
        elif text.startswith("#"):
            self.levels[-1].comments.append(text)

    def level(self, indent):
        self.close_below(indent)
        if self.levels[-1].indent < indent:
            self.levels.append(Level(indent, self.next_name))
            self.next_name = ""
        return self.levels[-1]

    def close_below(self, indent):
        """Leave the levels that are deeper than this one."""
        while self.levels and self.levels[-1].indent > indent:
            level = self.levels.pop()
            self.check_plan(level)
            if self.levels:
                self.levels[-1].has_children = True
                self.levels[-1].child_failed |= level.failed

    def next_document(self, level):
        """Several programs may print theirs one after the other."""
        if level.count:
            self.check_plan(level)
            level.count = 0
            level.plan = None

    def check_plan(self, level):
        # KUnit leaves the plan away for some parameterised cases
        if level.plan is None and level.indent == 0:
            self.fail("no plan")
        elif level.plan is not None and level.plan != level.count:
            where = level.name or self.name
            self.fail(f"{where}: {level.plan} tests planned, {level.count} ran")
            level.failed = True

    def result(self, level, match):
        name, directive = match[3], ""
        if found := DIRECTIVE.search(name):
            name, directive = name[: found.start()], found[1].upper()
        level.count += 1
        path = "/".join([lv.name for lv in self.levels if lv.name] + [name])
        if directive == "SKIP":
            self.skipped += 1
        elif match[1] == "not ok":
            # a subtest that failed because of its cases is not a case itself
            if not (level.has_children and level.child_failed):
                self.fail(path, level.comments)
            level.failed = True
        elif not level.has_children:
            self.passed += 1
        level.has_children = False
        level.child_failed = False
        level.comments = []

    def log(self):
        log = self.path.removesuffix(".tap") + ".log"
        if not os.path.exists(log):
            return []
        with open(log, encoding="utf-8", errors="replace") as lines:
            return [line.rstrip() for line in lines]

    def last_words(self):
        """What the kernel log has of the KUnit case that did not return."""
        return [t for t in self.log() if KTAP_LINE.search(t)][-2:] or self.log()[-2:]

    def scan_log(self):
        text = self.log()
        begin = max((i for i, t in enumerate(text) if BEGIN in t), default=0)
        kernel = without_foreign_races(t for t in text[begin:] if KERNEL_LINE.match(t))
        bad = [t for t in kernel if COMPLAINT.search(t) and not HARMLESS.search(t)]
        if bad:
            self.fail("the kernel complains", bad[:5])


def report(scenario, seed):
    log = os.path.relpath(scenario.path.removesuffix(".tap") + ".log")
    if not os.path.exists(log):
        log = os.path.relpath(scenario.path)
    for what, comments in scenario.failures:
        print(f"FAILED {scenario.name}: {what} (seed {seed}, see {log})")
        for comment in comments[-12:]:
            print(f"    {comment}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", default=os.environ.get("SEED", "none"))
    parser.add_argument("--quiet", action="store_true", help="no list of failures")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()

    scenarios = [Scenario(path).read() for path in args.files]
    if not args.quiet:
        for scenario in scenarios:
            report(scenario, args.seed)
    passed = sum(s.passed for s in scenarios)
    failed = sum(len(s.failures) for s in scenarios)
    skipped = sum(s.skipped for s in scenarios)
    if passed + failed == 0:
        print("FAILED: no test ran")
        failed = 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
