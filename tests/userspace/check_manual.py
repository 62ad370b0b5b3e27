#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""check_manual.py HMAPCTL PAGE: does the manual have what the help of hmapctl has?

Compared are commands, their operands, and their options with letters and arguments. The page
has the options of many commands in the list "Options", those of create in ATTRIBUTES, and all
others in the entry of each command that takes them. An option that is in both, such as -j, has
to be in all of these entries. Prints a sentence for each difference; the exit status is 1 then.
"""
import re
import subprocess
import sys

HMAPCTL, PAGE = sys.argv[1:]
ROW = re.compile(r"^  (?:-(.),|   ) --([a-z-]+)(?: ([A-Z]+(?: \| [A-Z]+)?))?  ", re.M)


def read_help(*command):
    return subprocess.run([HMAPCTL, *command, "--help"], check=True, capture_output=True,
                          text=True).stdout


def options_of_help(text):
    """The letter and the argument of each option, which may be empty."""
    return {name: (letter, argument) for letter, name, argument in ROW.findall(text)}


def read_heads(text):
    """The heads of the entries of all lists: one line, or lines from Xo to Xc."""
    for head in re.findall(r"^\.It (Xo\n.*?^\.Xc|.*?)$", text, re.M | re.S):
        yield " ".join(head.removeprefix("Xo\n").replace("\n.", " ").lstrip(".").split())


def options_of_section(text, heading):
    """The same as options_of_help(), from the heads of the list in a section."""
    section = re.search(rf"^\.S[hs] {heading}\n(.*?)(?=^\.S[hs] )", text, re.M | re.S)[1]
    found = {}
    for head in read_heads(section):
        letter, name, argument = re.match(
            r"Fl (?:(\w) , )?-([a-z-]+)(?: Ar (.+))?$", head).groups("")
        found[name] = letter, argument.upper()
    return found


def options_of_entry(entry, letters):
    """The argument of each option."""
    found = {letters.get(letter, letter): "" for letter in re.findall(r"Fl (\w)\b", entry)}
    for name, argument in re.findall(r" -([a-z-]+)(?: Ar (\w+))?", entry):
        found[name] = argument.upper()
    return found


def check_entry(command, entry, listed, letters):
    """Compare the entry of a command with its help. @listed need not be in the entry."""
    text = read_help(command)
    taken = options_of_help(text)
    shown = options_of_entry(entry, letters)
    for name in sorted(taken.keys() - shown.keys() - listed):
        yield f"{PAGE} lacks the option --{name} of {command}"
    for name in sorted(shown):
        if name not in taken:
            yield f"{PAGE} has the option --{name} of {command}, which does not take it"
        elif shown[name] != taken[name][1]:
            yield f"{PAGE} has another argument of {command} --{name} than the help"
    for operand in re.findall(r"[A-Z]+", text.split("\n", 1)[0].partition("[OPTIONS]")[2]):
        if not re.search(rf"\bAr (\w+ \| )?{operand.lower()}\b", entry):
            yield f"{PAGE} lacks the operand {operand} of {command}"


def differences(text):
    everything = read_help()
    options = options_of_help(everything)
    letters = {letter: name for name, (letter, _) in options.items() if letter}
    common = options_of_section(text, "Options")
    attributes = options_of_section(text, "ATTRIBUTES")
    for section, taken in (common, options), (attributes, options_of_help(read_help("create"))):
        for name, row in section.items():
            if taken.get(name) != row:
                yield f"{PAGE} and the help differ in the option --{name}"

    entries = {}
    for head in read_heads(text):
        if head.startswith("Nm Cm "):
            command, _, rest = head.removeprefix("Nm Cm ").partition(" ")
            entries[command] = entries.get(command, "") + " " + rest
    commands = re.findall(r"^  ([a-z]+) ", everything, re.M)
    for command in sorted(set(entries) ^ set(commands)):
        yield f"{PAGE} and the help differ in the command {command}"
    for entry in entries.values():
        common = {name: row for name, row in common.items()
                  if name not in options_of_entry(entry, letters)}
    for command in commands:
        listed = common.keys() | (attributes.keys() if command == "create" else set())
        yield from check_entry(command, entries.get(command, ""), listed, letters)


def main():
    with open(PAGE, encoding="utf-8") as page:
        found = list(differences(page.read()))
    print("\n".join(found), end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
