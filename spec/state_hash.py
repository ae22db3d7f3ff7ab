"""The state hash of state-hash.md, from the records of an object: to copy, and to test another one with.

`python3 spec/state_hash.py spec/state-hash-vectors.jsonl` computes the vectors of single objects.
"""

import json
import struct
import sys

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
STEPS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
         (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
START, END, PARENT, ROOT, KEYED = 1, 2, 4, 8, 16


def compress(chain, block, counter, flags):
    """The compression of BLAKE3 (section 2.2 of its paper); a block of up to 64 bytes."""
    words = list(struct.unpack("<16I", block.ljust(64, b"\0")))
    v = [*chain, *IV[:4], counter & 0xFFFFFFFF, counter >> 32, len(block), flags]
    for _ in range(7):
        for i, (a, b, c, d) in enumerate(STEPS):
            for word, (turn_d, turn_b) in zip(words[2 * i : 2 * i + 2], ((16, 12), (8, 7))):
                v[a] = (v[a] + v[b] + word) & 0xFFFFFFFF
                v[d] = turn(v[d] ^ v[a], turn_d)
                v[c] = (v[c] + v[d]) & 0xFFFFFFFF
                v[b] = turn(v[b] ^ v[c], turn_b)
        words = [words[i] for i in ORDER]
    return [low ^ high for low, high in zip(v[:8], v[8:])]


def turn(word, bits):
    return (word >> bits | word << (32 - bits)) & 0xFFFFFFFF


def blake3(data, key=None):
    """BLAKE3 with 32 bytes of output, keyed where there is a key."""
    first, mode = (struct.unpack("<8I", key), KEYED) if key else (IV, 0)

    def chain(low, high, root):  # Of the chunks from low to below high.
        if high - low > 1:
            middle = low + (1 << ((high - low - 1).bit_length() - 1))
            pair = chain(low, middle, 0) + chain(middle, high, 0)
            return compress(first, struct.pack("<16I", *pair), 0, mode | PARENT | root)
        chunk = data[low * 1024 : high * 1024]
        blocks = [chunk[i : i + 64] for i in range(0, len(chunk), 64)] or [b""]
        value = first
        for i, block in enumerate(blocks):
            last = END | root if i == len(blocks) - 1 else 0
            value = compress(value, block, low, mode | (START if i == 0 else 0) | last)
        return value

    return struct.pack("<8I", *chain(0, max(1, -(-len(data) // 1024)), ROOT))


def domain(name, data):
    return blake3(data, blake3(b"rejoin/1 " + name))


def key_of(record):
    """A record begins with its key, behind the length of that as LEB128."""
    length = shift = at = 0
    while True:
        length |= (record[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if record[at - 1] < 0x80:
            return record[at : at + length]


def tree(records, depth=0):
    """Records are pairs of path and record, in ascending order of their keys."""
    if not records:
        return bytes(32)
    if len(records) <= 8 or depth == 32:
        return domain(b"bucket", b"".join(record for _, record in records))
    bits = lambda path: path[depth // 4] >> (6 - depth % 4 * 2) & 3
    parts = ([pair for pair in records if bits(pair[0]) == i] for i in range(4))
    return domain(b"node", b"".join(tree(part, depth + 1) for part in parts))


def object_hash(number, records):
    """The content or the removals of an object, by the number of its type."""
    pairs = [(domain(b"path", key_of(record)), record) for record in sorted(records, key=key_of)]
    return domain(b"object", bytes([number]) + tree(pairs))


TYPES = {"g-counter": 1, "lww-register": 2, "or-set": 3, "lww-map": 4, "log": 5, "pn-counter": 6, "rw-set": 7,
         "ew-flag": 8, "dw-flag": 9, "mv-register": 10, "mv-map": 11, "max-register": 12, "min-register": 13}

if __name__ == "__main__":
    computed = 0
    for vector in map(json.loads, open(sys.argv[1], encoding="utf-8")):
        if "object" not in vector:
            continue
        number = TYPES[vector["trace"][0]["objects"][vector["object"]]["type"]]
        for part in ("content", "removals"):
            records = vector["content_records" if part == "content" else "removal_records"]
            found = object_hash(number, [bytes.fromhex(record) for record in records]).hex()
            if found != vector[part]:
                sys.exit(f"{vector['vector']}: {part} is {found}, expected {vector[part]}")
            computed += 1
    print(f"{computed} hashes of objects are as the vectors say")
    sys.exit(0 if computed > 40 else "expected more vectors")
