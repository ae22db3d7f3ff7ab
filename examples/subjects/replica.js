// A small replica that stands where your library goes: subject.js drives it.
//
// It keeps every operation that it has seen, and answers from them.
"use strict";

let performed = 0; // Operations of all replicas, a part of their ids; a real library takes dots or UUIDs.

class Replica {
  constructor(name) {
    [this.name, this.seen] = [name, new Map()]; // All operations that it has seen, by id.
  }
  of(object) {
    return [...this.seen].filter(([, op]) => op.object === object);
  }
  perform(op) {
    const nth = 1 + [...this.seen.values()].filter((other) => other.replica === this.name).length;
    const saw = this.of(op.object).map(([id]) => id); // What it saw decides what it overrules.
    this.seen.set(`${this.name}:${++performed}`, { ...op, saw, nth });
  }
  state(objects) { // The state as a string: all operations, or those of some objects.
    return JSON.stringify([...this.seen].filter(([, op]) => !objects || objects.includes(op.object)));
  }
  merge(state) { // The join: applied twice, or in another order, it gives the same.
    for (const [id, op] of JSON.parse(state)) this.seen.set(id, op);
  }
  restore(state) { // Back to a saved state. Ids stay unique, because `performed` goes on.
    this.seen = new Map(JSON.parse(state));
  }
  read(type, object, element) { // Of a set, whether it has `element` if that is given.
    const ops = this.of(object);
    if (type.endsWith("-counter")) // Exact at any size, so as a string of digits.
      return String(ops.reduce((sum, [, op]) =>
        sum + BigInt(op.amount ?? 1) * (op.op === "increment" ? 1n : -1n), 0n));
    if (type === "lww-register") // The greatest by timestamp; then replica, number and value decide.
      return ops.map(([, op]) => op).reduce((a, b) => (above(a, b) ? a : b), { value: null, timestamp: -1 }).value;
    if (type === "mv-register") { // The values of the writes that no other write saw; null deletes.
      const seen = new Set(ops.flatMap(([, op]) => op.saw));
      return ops.filter(([id, op]) => !seen.has(id) && op.value !== null).map(([, op]) => op.value);
    }
    const gone = new Set();
    for (const [, op] of ops) if (op.op === "remove") for (const id of op.saw) gone.add(id + " " + op.element);
    const left = ops.filter(([id, op]) => op.op === "add" && !gone.has(id + " " + op.element));
    const elements = [...new Set(left.map(([, op]) => op.element))];
    return element === undefined ? elements : elements.includes(element);
  }
}

const bytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)); // UTF-8 order, not UTF-16.

function above(a, b) {
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp;
  if (a.replica !== b.replica) return bytes(a.replica, b.replica) > 0;
  return a.nth !== b.nth ? a.nth > b.nth : bytes(canonical(a.value), canonical(b.value)) > 0;
}

function canonical(value) { // RFC 8785: equal values have equal bytes.
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`).join(",")}}`;
}

module.exports = { Replica, TYPES: ["g-counter", "pn-counter", "or-set", "lww-register", "mv-register"] };
