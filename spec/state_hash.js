// The state hash of state-hash.md, from the records of an object: to copy, and to test another one with.
//
// `node spec/state_hash.js spec/state-hash-vectors.jsonl` computes the vectors of single objects.
"use strict";
const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
const STEPS = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];
const [START, END, PARENT, ROOT, KEYED] = [1, 2, 4, 8, 16];

const turn = (word, bits) => (word >>> bits) | (word << (32 - bits));
const words = (bytes) => Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readInt32LE(4 * i));
const bytesOf = (numbers) => {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((word, i) => bytes.writeInt32LE(word | 0, 4 * i));
  return bytes;
};

// The compression of BLAKE3 (section 2.2 of its paper); a block of up to 64 bytes.
function compress(chain, block, counter, flags) {
  let m = words(Buffer.concat([block, Buffer.alloc(64 - block.length)]));
  const v = [...chain, ...IV.slice(0, 4), counter | 0, Math.floor(counter / 2 ** 32), block.length, flags];
  for (let round = 0; round < 7; round++) {
    STEPS.forEach(([a, b, c, d], i) => {
      for (const [word, toD, toB] of [[m[2 * i], 16, 12], [m[2 * i + 1], 8, 7]]) {
        v[a] = (v[a] + v[b] + word) | 0;
        v[d] = turn(v[d] ^ v[a], toD);
        v[c] = (v[c] + v[d]) | 0;
        v[b] = turn(v[b] ^ v[c], toB);
      }
    });
    m = ORDER.map((i) => m[i]);
  }
  return v.slice(0, 8).map((low, i) => low ^ v[i + 8]);
}

// BLAKE3 with 32 bytes of output, keyed where there is a key.
function blake3(data, key) {
  const [first, mode] = key ? [words(key), KEYED] : [IV, 0];
  const chain = (low, high, root) => { // Of the chunks from low to below high.
    if (high - low > 1) {
      const middle = low + 2 ** Math.floor(Math.log2(high - low - 1));
      const pair = [...chain(low, middle, 0), ...chain(middle, high, 0)];
      return compress(first, bytesOf(pair), 0, mode | PARENT | root);
    }
    const chunk = data.subarray(low * 1024, high * 1024);
    const count = Math.max(1, Math.ceil(chunk.length / 64));
    let value = first;
    for (let i = 0; i < count; i++) {
      const last = i === count - 1 ? END | root : 0;
      value = compress(value, chunk.subarray(64 * i, 64 * i + 64), low, mode | (i === 0 ? START : 0) | last);
    }
    return value;
  };
  return bytesOf(chain(0, Math.max(1, Math.ceil(data.length / 1024)), ROOT));
}

const domain = (name, data) => blake3(data, blake3(Buffer.from(`rejoin/1 ${name}`)));

// A record begins with its key, behind the length of that as LEB128.
function keyOf(record) {
  let [length, scale, at] = [0, 1, 0];
  do {
    length += (record[at] & 0x7f) * scale;
    scale *= 128;
  } while (record[at++] >= 0x80);
  return record.subarray(at, at + length);
}

// Records have a path and bytes, and stand in ascending order of their keys.
function tree(records, depth = 0) {
  if (records.length === 0) return Buffer.alloc(32);
  if (records.length <= 8 || depth === 32) return domain("bucket", Buffer.concat(records.map((r) => r.bytes)));
  const bits = (path) => (path[depth >> 2] >> (6 - (depth % 4) * 2)) & 3;
  const parts = [0, 1, 2, 3].map((i) => tree(records.filter((r) => bits(r.path) === i), depth + 1));
  return domain("node", Buffer.concat(parts));
}

// The content or the removals of an object, by the number of its type.
function objectHash(number, records) {
  const sorted = [...records].sort((a, b) => Buffer.compare(keyOf(a), keyOf(b)));
  const placed = sorted.map((bytes) => ({ bytes, path: domain("path", keyOf(bytes)) }));
  return domain("object", Buffer.concat([Buffer.from([number]), tree(placed)]));
}

module.exports = { blake3, objectHash };

const TYPES = {
  "g-counter": 1, "lww-register": 2, "or-set": 3, "lww-map": 4, "log": 5, "pn-counter": 6, "rw-set": 7,
  "ew-flag": 8, "dw-flag": 9, "mv-register": 10, "mv-map": 11, "max-register": 12, "min-register": 13,
};

if (require.main === module) {
  let computed = 0;
  const lines = require("node:fs").readFileSync(process.argv[2], "utf8").trim().split("\n");
  for (const vector of lines.map((line) => JSON.parse(line)).filter((line) => "object" in line)) {
    const number = TYPES[vector.trace[0].objects[vector.object].type];
    for (const [part, field] of [["content", "content_records"], ["removals", "removal_records"]]) {
      const found = objectHash(number, vector[field].map((hex) => Buffer.from(hex, "hex"))).toString("hex");
      if (found !== vector[part]) throw new Error(`${vector.vector}: ${part} is ${found}, expected ${vector[part]}`);
      computed += 1;
    }
  }
  console.log(`${computed} hashes of objects are as the vectors say`);
  if (computed <= 40) throw new Error("expected more vectors");
}
