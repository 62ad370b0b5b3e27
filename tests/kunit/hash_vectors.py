#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints tests/kunit/hash_vectors.h: what the hashes of keys of every length are.

This is written from the definitions, and shares nothing with the code that is tested:
SipHash-2-4 (Aumasson and Bernstein, 2012) and the fast hash as <linux/hmap-hash.h> says.
Key number n is the bytes 0, 1, ... n - 1; the seed is that of the test vectors of
SipHash's authors. A test sees to it that the committed header is what this prints.
"""
LENGTHS = range(257)
MASK = (1 << 64) - 1
SEED = (0x0706050403020100, 0x0f0e0d0c0b0a0908)
GOLDEN_RATIO = 0x9E3779B97F4A7C15


def key_of(length):
    return bytes(i & 0xFF for i in range(length))


def rotate(x, n):
    return (x << n | x >> (64 - n)) & MASK


def sip_round(v):
    v[0] = (v[0] + v[1]) & MASK
    v[1] = rotate(v[1], 13) ^ v[0]
    v[0] = rotate(v[0], 32)
    v[2] = (v[2] + v[3]) & MASK
    v[3] = rotate(v[3], 16) ^ v[2]
    v[0] = (v[0] + v[3]) & MASK
    v[3] = rotate(v[3], 21) ^ v[0]
    v[2] = (v[2] + v[1]) & MASK
    v[1] = rotate(v[1], 17) ^ v[2]
    v[2] = rotate(v[2], 32)


def siphash(key):
    names = (b"somepseu", b"dorandom", b"lygenera", b"tedbytes")
    v = [int.from_bytes(name, "big") for name in names]
    for i, word in enumerate(SEED * 2):
        v[i] ^= word
    whole = len(key) & ~7
    words = [key[i:i + 8] for i in range(0, whole, 8)]
    words.append(key[whole:].ljust(7, b"\0") + bytes([len(key) & 0xFF]))
    for word in words:
        m = int.from_bytes(word, "little")
        v[3] ^= m
        sip_round(v)
        sip_round(v)
        v[0] ^= m
    v[2] ^= 0xFF
    for _ in range(4):
        sip_round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def fold(a, b):
    product = a * b
    return (product ^ product >> 64) & MASK


def fast(key, order):
    state = SEED[0]
    # A key of four bytes is a number; what is left of a longer one is the first
    # bytes of a word.
    if len(key) == 4:
        words = [int.from_bytes(key, order)]
    else:
        words = [int.from_bytes(key[i:i + 8].ljust(8, b"\0"), order)
                 for i in range(0, len(key), 8)]
    for word in words:
        state = fold(state ^ word, SEED[1])
    return fold(state ^ SEED[0], GOLDEN_RATIO)


def table(name, function):
    print(f"static const {name}[] = {{")
    for first in range(0, len(LENGTHS), 3):
        words = [f"0x{function(key_of(n)):016x}," for n in LENGTHS[first:first + 3]]
        print("\t" + " ".join(words))
    print("};")


def main():
    print("""/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hashes of keys of 0 to 256 bytes, printed by hash_vectors.py: key number n is the
 * bytes 0, 1, ... n - 1. Programs compute hashes of keys by themselves (struct
 * hmap_mapped), so that these can never change.
 */
#ifndef _HASH_VECTORS_H
#define _HASH_VECTORS_H
""")
    print(f"#define HASH_VECTOR_SEED\t{{ 0x{SEED[0]:016x}, 0x{SEED[1]:016x} }}\n")
    table("unsigned long long siphash_vectors", siphash)
    print("\n#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__")
    table("unsigned long long fast_vectors", lambda key: fast(key, "little"))
    print("#else")
    table("unsigned long long fast_vectors", lambda key: fast(key, "big"))
    print("#endif\n\n#endif /* _HASH_VECTORS_H */")


if __name__ == "__main__":
    main()
