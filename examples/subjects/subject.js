// An adapter for `oracle drive`, to copy. Put your library where `Replica` of replica.js is used.
//
//     oracle drive -- node examples/subjects/subject.js
//
// The oracle writes one request a line, in JSON; the adapter writes one reply a line.
"use strict";
const { Replica, TYPES } = require("./replica.js"); // Your library.
class Unsupported extends Error {} // What this subject does not do. That is no failure.
let replicas = new Map(), types = new Map();

function reply(request) {
  const replica = replicas.get(request.replica);
  switch (request.event) {
    case "start": { // A new history: forget everything, and create the replicas.
      types = new Map(Object.entries(request.objects).map(([name, declared]) => [name, declared.type]));
      const missing = [...types.values()].find((type) => !TYPES.includes(type));
      if (missing) throw new Unsupported(`no ${missing}`); // The oracle starts without this type.
      replicas = new Map(request.replicas.map((name) => [name, new Replica(name)]));
      return { ok: true };
    }
    case "op": return replica.perform(request), { ok: true }; // As in a trace: op, element, timestamp …
    case "send": return { payload: replica.state(request.objects) }; // A message. The oracle delivers it.
    case "receive": return replica.merge(request.payload), { ok: true }; // Never, once or often.
    case "save": return { payload: replica.state() }; // A backup.
    case "restore": return replica.restore(request.payload), { ok: true }; // Back to it.
    case "sync": { // Both end with what either had seen.
      const [a, b] = request.replicas.map((name) => replicas.get(name));
      a.merge(b.state(request.objects));
      return b.merge(a.state(request.objects)), { ok: true };
    }
    case "read": // The value of an object; of one element or key if the request has one.
      return { value: replica.read(types.get(request.object), request.object, request.element) };
    case "stop": return { ok: true };
    default: throw new Unsupported(`no ${request.event}`); // An event that you do not offer.
  }
}

// JavaScript has read 9007199254740993 as 9007199254740992 by now: rather refuse than answer wrongly.
function exact(key, value) {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw new Unsupported("numbers past 2^53");
  return value;
}

function serve(line) {
  let answer;
  try { answer = reply(JSON.parse(line, exact)); } catch (error) {
    answer = error instanceof Unsupported ? { unsupported: error.message } : { error: error.stack };
  }
  const { seq, event } = JSON.parse(line);
  process.stdout.write(JSON.stringify({ seq, ...answer }) + "\n", () => event === "stop" && process.exit(0));
}

let rest = ""; // Not `readline`, which also ends lines at U+2028: JSON has that inside of strings.
process.stdin.setEncoding("utf8").on("data", (chunk) => {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop();
  lines.forEach(serve);
});
