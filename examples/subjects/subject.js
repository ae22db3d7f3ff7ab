// A subject for `oracle drive`, to copy: put your own library where `Replica` is.
//
//     oracle drive -- node examples/subjects/subject.js
//
// It keeps every operation that a replica has seen, and answers from them. Nothing of that is needed
// in an adapter of your own: what is needed is `reply`, and one line of JSON for each line of JSON.
"use strict";
const TYPES = ["g-counter", "pn-counter", "or-set", "lww-register", "mv-register"];
class Unsupported extends Error {} // What this subject does not do. That is no failure.

let made = 0; // How many operations were made, by all replicas: part of their ids.

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
    this.seen.set(`${this.name}:${++made}`, { ...op, saw, nth });
  }
  payload(objects) { // The whole state: all operations, or those of some objects.
    return JSON.stringify([...this.seen].filter(([, op]) => !objects || objects.includes(op.object)));
  }
  merge(payload) { // A join: twice, or in another order, is the same.
    for (const [id, op] of JSON.parse(payload)) this.seen.set(id, op);
  }
  read(type, object, element) {
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

const bytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)); // JavaScript orders otherwise.

function above(a, b) {
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp;
  if (a.replica !== b.replica) return bytes(a.replica, b.replica) > 0;
  return a.nth !== b.nth ? a.nth > b.nth : bytes(canonical(a.value), canonical(b.value)) > 0;
}

function canonical(value) { // RFC 8785: how equal values are written alike.
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`).join(",")}}`;
}

let replicas = new Map(), types = new Map();

function reply(request) { // From one request to what is replied to it, but for `seq`.
  const replica = replicas.get(request.replica);
  switch (request.event) {
    case "start": { // Forget everything, and begin anew.
      types = new Map(Object.entries(request.objects).map(([name, declared]) => [name, declared.type]));
      const missing = [...types.values()].filter((type) => !TYPES.includes(type));
      if (missing.length > 0) throw new Unsupported(`no ${missing}`);
      replicas = new Map(request.replicas.map((name) => [name, new Replica(name)]));
      return { ok: true };
    }
    case "op": {
      const { seq, event, ...op } = request;
      replica.perform(op);
      return { ok: true };
    }
    case "send": // A message is a string. The oracle delivers it: never, once or often.
      return { payload: replica.payload(request.objects) };
    case "save": // A backup is a string as well.
      return { payload: replica.payload() };
    case "receive":
      replica.merge(request.payload);
      return { ok: true };
    case "restore": // Back to the backup: what is done from now on are new operations.
      replica.seen = new Map(JSON.parse(request.payload));
      return { ok: true };
    case "sync": { // Both end with what either had seen.
      const [a, b] = request.replicas.map((name) => replicas.get(name));
      const both = [a.payload(request.objects), b.payload(request.objects)];
      a.merge(both[1]);
      b.merge(both[0]);
      return { ok: true };
    }
    case "read":
      return { value: replica.read(types.get(request.object), request.object, request.element) };
    case "stop":
      return { ok: true };
    default:
      throw new Unsupported(`no ${request.event}`);
  }
}

// JavaScript has read 9007199254740993 as 9007199254740992 by now: rather refuse than answer wrongly.
function exact(key, value) {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw new Unsupported("numbers past 2^53");
  return value;
}

function serve(line) {
  let answer;
  try {
    answer = reply(JSON.parse(line, exact));
  } catch (error) {
    answer = error instanceof Unsupported ? { unsupported: error.message } : { error: error.stack };
  }
  const { seq, event } = JSON.parse(line);
  process.stdout.write(JSON.stringify({ seq, ...answer }) + "\n");
  if (event === "stop") process.stdout.end(() => process.exit(0));
}

let rest = ""; // Not `readline`: it also ends lines at U+2028, which JSON has inside of strings.
process.stdin.setEncoding("utf8").on("data", (chunk) => {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop();
  lines.forEach(serve);
});
