#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""check_description.py HEADER DESCRIPTION: is the description for syzkaller complete?

Every command, flag, operation and hash of the header has to be in the description, and
each structure of a command has to have the header's fields there, at their offsets, or
bytes in their place. Prints what differs; the exit status is 1 then.
"""
import os
import re
import subprocess
import sys
import tempfile

INT = re.compile(r"int(8|16|32|64)\b")
# of the header, but no command and no flag
NOT_PASSED = ("HMAP_IOC_MAGIC", "HMAP_WAIT_FOREVER")


def size_of_type(text, structs):
    """Bytes of a type of the description."""
    if text.startswith("ptr64["):
        return 8
    array = re.match(r"array\[(.*), (\d+)\]", text)
    if array:
        return size_of_type(array[1], structs) * int(array[2])
    if text.startswith(("len[", "const[", "flags[")):
        text = INT.search(text)[0]
    number = INT.match(text)
    if number:
        return int(number[1]) // 8
    name = re.match(r"\w+", text)[0]
    if name == "hmap_name":  # a string and zeros, as many as there is room for
        return 64
    return structs[name]["size"] if name in structs else 4  # a file descriptor


def read_structs(text):
    """{name: {"fields": [(name, offset, size)], "size": n}} of structures and unions."""
    structs = {}
    blocks = dict((m[1], m) for m in re.finditer(r"^(\w+) ([{\[])\n(.*?)^[}\]]", text, re.M | re.S))

    def read(name):
        union, fields, offset, size = blocks[name][2] == "[", [], 0, 0
        for line in blocks[name][3].splitlines():
            field, kind = line.split("#")[0].split(None, 1)
            inner = re.match(r"\w+", kind)[0]
            if inner in blocks and inner not in structs:
                read(inner)
            length = size_of_type(kind, structs)
            fields.append((field, offset, length))
            size = max(size, offset + length)
            offset = 0 if union else offset + length
        structs[name] = {"fields": fields, "size": size}

    for name in blocks:
        if name not in structs and name != "hmap_name":
            read(name)
    return structs


def real_offsets(header, fields):
    """What the compiler says: {(structure, field): (offset, size of the structure)}."""
    lines = "".join(f'printf("{s} {f} %zu %zu\\n", offsetof(struct {s}, {f}), sizeof(struct {s}));\n'
                    for s, f in fields)
    with tempfile.TemporaryDirectory() as tmp:
        source, program = os.path.join(tmp, "a.c"), os.path.join(tmp, "a")
        with open(source, "w", encoding="ascii") as out:
            out.write(f'#include <stdio.h>\n#include <stddef.h>\n#include "{header}"\n'
                      f"int main(void)\n{{\n{lines}return 0;\n}}\n")
        subprocess.run([os.environ.get("CC", "gcc"), "-o", program, source], check=True)
        text = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return {(s, f): (int(o), int(n)) for s, f, o, n in map(str.split, text.splitlines())}


def main():
    header = os.path.abspath(sys.argv[1])
    with open(header, encoding="ascii") as source:
        text = source.read()
    with open(sys.argv[2], encoding="ascii") as source:
        described = source.read()
    wrong = []
    for name in re.findall(r"^#define (HMAP_(?:IOC|OP|CREATE|SET|HASH|SCAN|BATCH|WAIT)_\w+|"
                           r"HMAP_(?:ANY|NOEXIST|EXIST))\b(?!\()", text, re.M):
        if name not in NOT_PASSED and \
                not re.search(rf"\b{name}\b", described):
            wrong.append(f"{name} is not described")

    structs = {n: s for n, s in read_structs(described).items()
               if re.match(r"hmap_(ioc_|op$|cursor$)", n)}
    known = re.findall(r"^struct (\w+) {", text, re.M)
    real = {n: n if n in known else n.rsplit("_", 1)[0] for n in structs}
    wrong += [f"struct {n} is not described" for n in known
              if n.startswith("hmap_ioc_") and n not in real.values()]
    offsets = real_offsets(header, {(real[n], f[0]) for n, s in structs.items()
                                    for f in s["fields"] if f[0] != "out" or n == "hmap_op"})
    for name, struct in structs.items():
        for field, offset, _ in struct["fields"]:
            found = offsets.get((real[name], field))
            if found and found[0] != offset:
                wrong.append(f"{name}.{field} is at {found[0]}, not at {offset}")
            if found and found[1] != struct["size"]:
                wrong.append(f"{name} has {found[1]} bytes, not {struct['size']}")
                break
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
