#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""check_facts.py: is each name that one file defines in all files that list such names?

The same for the versions of hmap and of kernels, and for the errors of commands. Prints a
sentence for each name that is missing or stale, and for each function and constant of
userspace/ that is defined twice; the exit status is 1 then. Run at the top of the project.
"""
import glob
import re
import sys

UAPI = "kmod/include/uapi/linux/hmap.h"
MANUALS = "userspace/man/*.[24]"
KERNELS = "kmod/kernels.conf"

# What, where it is defined and by which lines, and in which files it has to stand: a name
# as it is, or within the text that is given. Files in which it may be missing have the
# names, with the reason.
FACTS = [
    {
        "what": "command",
        "source": UAPI,
        "lines": r"^#define HMAP_IOC_(\w+)\s+_IO\(",
        "files": {
            "kmod/dev/dev.c": r"\bHMAP_IOC_{}\b",
            UAPI: r"^ \* {} ",
            MANUALS: r"HMAP_IOC_{}\b",
            "tests/uapi/abi.c": r"\bHMAP_IOC_{}\b",
            "tests/fuzz/calls.c": r"\bHMAP_IOC_{}\b",
            "tests/hostile/faults.c": r"\bHMAP_IOC_{}\b",
        },
        # it needs a capability, which the attackers of that suite do not have
        "missing": {"tests/hostile/faults.c": {"VERIFY"}},
    },
    {
        "what": "operation",
        "source": UAPI,
        "lines": r"^#define HMAP_OP_(\w+)\s+\d+",
        "files": {
            "kmod/dev/cmd_op.c": r"\bHMAP_OP_{}\b",
            MANUALS: r"HMAP_OP_{}\b",
            "tests/fuzz/calls.c tests/fuzz/ops.c": r"\bHMAP_OP_{}\b",
            "tests/uapi/ops.c": r"\bHMAP_OP_{}\b",
        },
    },
    {
        "what": "flag",
        "source": UAPI,
        "lines": r"^#define HMAP_(CREATE_\w+|SET_\w+|SCAN_\w+|BATCH_\w+|WAIT_\w+|HASH_\w+)\s+\d+",
        "files": {
            MANUALS: r"HMAP_{}\b",
            "tests/uapi/*.c": r"\bHMAP_{}\b",
        },
    },
    {
        "what": "statistic",
        "source": UAPI,
        "block": r"^struct hmap_stats \{(.*?)^\};",
        "lines": r"^\t__\w+ (\w+);",
        "files": {
            "kmod/map/stats.c": r"\bstats->{}\b",
            "userspace/hmapctl/stats.c": r"\bstats->{}\b",
            "userspace/man/hmap_ioctl_map.2": r"^\.It Va {}$",
            "tests/uapi/stats.c": r"\b(s|stats|first|full|empty)(\.|->){}\b",
        },
    },
    {
        "what": "tracepoint",
        "source": "kmod/map/trace.h",
        "lines": r"^TRACE_EVENT\((\w+),",
        "files": {
            "userspace/man/hmap.4": r"^\.It Va {}$",
            "tests/kunit/trace_kunit.c tests/uapi/trace.c": r"\b{}\b",
        },
    },
    {
        "what": "command of hmapctl",
        "source": "userspace/hmapctl/*.c",
        "lines": r"^const struct command command_(\w+) = ",
        "files": {
            "userspace/hmapctl/main.c": r"^\t&command_{},$",
            "userspace/man/hmapctl.1": r"\bCm {}\b",
            "tests/cli/usage.bats": r"\b{}\b",
        },
    },
    {
        "what": "option of hmapctl",
        "source": "userspace/hmapctl/*.[ch]",
        "lines": r"""\bOPT_\w+\((?:'\w'|0), "([\w-]+)",""",
        "files": {
            "userspace/man/hmapctl.1": r"-{}\b",
            "tests/cli/*.bats": r"--{}\b",
        },
        # as -v, in each of them
        "missing": {"tests/cli/*.bats": {"value-format"}},
    },
    {
        "what": "version of hmap",
        "source": "dkms.conf",
        "lines": r'^PACKAGE_VERSION="(.*)"',
        "files": {
            "kmod/main.c": r'^MODULE_VERSION\("{}"\);',
            "README.md": r"dkms install hmap/{0}`(?s:.*)^Version {0}, for Linux",
        },
    },
    {
        "what": "oldest kernel",
        "source": KERNELS,
        "lines": r"^stock_old_series=(.*)",
        "files": {"README.md": r"^Version .*, for Linux {} to"},
    },
    {
        "what": "newest kernel",
        "source": KERNELS,
        "lines": r"^newest_series=(.*)",
        "files": {"README.md": r"^Version .*, for Linux .* to {};"},
    },
    {
        "what": "tested kernel",
        "source": KERNELS,
        "lines": r"_series=(.*)",
        "files": {"README.md": r"^- \*\*Tested\*\*[^;]*\b{}\b"},
    },
    {
        "what": "package",
        "source": "userspace/Makefile",
        "lines": r"\b(libjson-c-dev|pkgconf)\b",
        "files": {
            "README.md": r"^    apt install .*\b{}\b",
            "tests/vm/modules.sh": r"^\tneed_packages .*\b{}\b",
            "tests/host/build.sh": r"^# packages: .*\b{}\b",
            "tests/host/userspace.sh": r"^# packages: .*\b{}\b",
        },
    },
    {
        "what": "format of hmapctl",
        "source": "userspace/hmapctl/format.c",
        "lines": r'^\t\[FORMAT_(?!DEFAULT)\w+\] = "(\w+)",',
        "files": {
            "userspace/hmapctl/args.[ch]": r"\b{}\b",
            "userspace/dist/hmapctl.bash": r"\b{}\b",
            "userspace/man/hmapctl.1": r"^\.It Cm {}$",
        },
    },
]


def read(names):
    """The text of files, of which several stand for one, with patterns."""
    files = [file for name in names.split() for file in sorted(glob.glob(name))]
    if not files:
        sys.exit(f"there is no {names}")
    return "\n".join(open(file, encoding="utf-8").read() for file in files)


def missing(fact):
    """Sentences about what is missing."""
    text = read(fact["source"])
    if "block" in fact:
        text = re.search(fact["block"], text, re.M | re.S)[1]
    names = re.findall(fact["lines"], text, re.M)
    if not names:
        sys.exit(f"{fact['source']} has no {fact['what']}")
    for files, pattern in fact["files"].items():
        content = read(files)
        excused = fact.get("missing", {}).get(files, set())
        for name in names:
            if name in excused:
                continue
            if not re.search(pattern.format(re.escape(name)), content, re.M):
                yield f"{files} lacks the {fact['what']} {name}, which {fact['source']} has"


def stale_kernels():
    """Do the documents name a version of Linux that is in no role any more?"""
    known = set(re.findall(r"_series=(.*)", read(KERNELS)))
    for file in ["README.md", "tests/README.md", *sorted(glob.glob("userspace/man/*.[1-8]"))]:
        lists = re.findall(r"\b(?:Linux|Debian's)\s((?:\d+\.\d+|to|and|\(.*\)|[\s,])+)",
                           read(file))
        for version in sorted(set(re.findall(r"\d+\.\d+", " ".join(lists))) - known):
            yield f"{file} names the kernel {version}, which {KERNELS} has not"


def errors_of_commands():
    """Do the header and the manual list the same errors of each command?"""
    ours, theirs = {}, {}
    header = re.search(r"The command numbers do not encode.*?\*/", read(UAPI), re.S)[0]
    for name, text in re.findall(r"^ \* ([A-Z]+) +[rwxcd*]+ (.*?)^ \*$", header, re.M | re.S):
        ours[name] = set(re.findall(r"^ \* +-(E\w+)", text, re.M))
    sections = re.findall(r"^\.Sh ERRORS$.*?^\.Sh ", read(MANUALS), re.M | re.S)
    lists = r"^\.Pp\n(\.Dv HMAP_IOC_(?:(?!\.Bl|\.Pp).*\n)*)\.Bl(.*\n(?:(?!\.El).*\n)*)"
    for heading, text in re.findall(lists, "".join(sections), re.M):
        for name in re.findall(r"^\.Dv HMAP_IOC_(\w+)", heading, re.M):
            theirs[name] = set(re.findall(r"^\.It Bq Er (E\w+)", text, re.M))
    # the header describes these for all commands, by the letters and at the top
    of_all = {"EACCES", "EFAULT", "EINVAL", "ENOTTY", "EPERM", "ENOMEM"}
    del theirs["OP"]  # the header describes its errors at struct hmap_op
    for name in ours:
        for error in sorted(ours[name] - theirs.get(name, set())):
            yield f"{MANUALS} lacks the error {error} of {name}, which {UAPI} has"
        for error in sorted(theirs.get(name, set()) - ours[name] - of_all):
            yield f"{UAPI} lacks the error {error} of {name}, which {MANUALS} has"


def defined_twice():
    """Functions and constants of the library and of hmapctl are found by their names."""
    definition = r"^#define (\w+)|^(?:\w[\w *]*[ *])(\w+)\([^;{}]*\)\n\{"
    places = {}
    for file in sorted(glob.glob("userspace/*/*.[ch]")):
        for names in re.findall(definition, read(file), re.M):
            places.setdefault("".join(names), []).append(file)
    for name, files in places.items():
        if len(files) > 1:
            yield f"{name} is defined in {' and in '.join(files)}"


def main():
    found = [sentence for fact in FACTS for sentence in missing(fact)]
    found += stale_kernels()
    found += errors_of_commands()
    found += defined_twice()
    print("\n".join(found), end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
