// The smallest traces of docs/record.md, recorded. What stands in that page stands here.

import { openSync, writeSync } from "node:fs";
import { Recorder } from "./recorder.js";

const file = openSync("trace.jsonl", "w");
const begin = (header) => new Recorder((line) => writeSync(file, line), header);

// A library that needs causes first: an update waits until the one before it is applied.
class Log {
  constructor(name) {
    Object.assign(this, { name, entries: [], waiting: new Map() });
  }

  append(entry) {
    this.entries.push(entry);
    return [[this.entries.length, entry]];
  }

  apply(update) {
    for (const [number, entry] of update) this.waiting.set(number, entry);
    for (let next; this.waiting.has((next = this.entries.length + 1)); this.waiting.delete(next)) {
      this.entries.push(this.waiting.get(next));
    }
  }

  encode(since = 0) {
    const known = this.entries.map((entry, place) => [place + 1, entry]);
    return [...known.slice(since), ...this.waiting];
  }
}

const newLog = (...replicas) => begin({ replicas, objects: { l: { type: "log" } }, stamps: "own" });

// `receive` is when an update is applied.
const heldBack = { b: [], c: [] };

function deliver(replica, message, update) {
  replica.apply(update);
  heldBack[replica.name].push(message);
  if (replica.waiting.size > 0) return; // it has arrived, and is not applied yet
  for (const message of heldBack[replica.name].splice(0)) {
    trace.record("receive", { replica: replica.name, message });
  }
}

let trace = newLog("a", "b");
let [a, b] = [new Log("a"), new Log("b")];
const [first, late] = [a.append(1), a.append(2)];
trace.record("op", { replica: "a", object: "l", op: "append", entry: 1, id: "o1" });
trace.record("op", { replica: "a", object: "l", op: "append", entry: 2, id: "o2" });
trace.record("send", { replica: "a", message: "late", operations: ["o2"] });
deliver(b, "late", late);
trace.record("read", { replica: "b", object: "l", value: b.entries });
trace.record("send", { replica: "a", message: "first", operations: ["o1"] });
deliver(b, "first", first);
trace.record("read", { replica: "b", object: "l", value: b.entries });

// What is held back may be passed on.
function sendAll(replica, message) {
  trace.record("send", { replica: replica.name, message, relays: heldBack[replica.name] });
  return replica.encode();
}

trace = newLog("a", "b", "c");
b = new Log("b");
const c = new Log("c");
trace.record("op", { replica: "a", object: "l", op: "append", entry: 1, id: "o1" });
trace.record("op", { replica: "a", object: "l", op: "append", entry: 2, id: "o2" });
trace.record("send", { replica: "a", message: "late", operations: ["o2"] });
deliver(b, "late", late);
deliver(c, "full", sendAll(b, "full"));
trace.record("send", { replica: "a", message: "first", operations: ["o1"] });
deliver(c, "first", first);
trace.record("read", { replica: "c", object: "l", value: c.entries });

// What a message held, not what the receiver made of it.
function send(replica, message, update, operations) {
  trace.record("send", { replica: replica.name, message, operations });
  return update;
}

trace = newLog("a", "b");
b = new Log("b");
trace.record("op", { replica: "a", object: "l", op: "append", entry: 1, id: "o1" });
trace.record("op", { replica: "a", object: "l", op: "append", entry: 2, id: "o2" });
const sent = send(a, "m", [...first, ...late], ["o1", "o2"]);
b.apply(sent.slice(0, 1)); // the fault: the second half is lost
trace.record("receive", { replica: "b", message: "m" });
trace.record("read", { replica: "b", object: "l", value: b.entries });

// A difference to a state vector.
function sendSince(replica, message, peer, asked) {
  trace.record("send", { replica: peer.name, message: asked }); // the vector; nobody receives it
  trace.record("send", { replica: replica.name, message, since: [asked] });
  return replica.encode(peer.entries.length);
}

trace = newLog("a", "b");
[a, b] = [new Log("a"), new Log("b")];
b.apply(a.append(1));
trace.record("op", { replica: "a", object: "l", op: "append", entry: 1 });
trace.record("merge", { replica: "b", from: "a" });
a.append(2);
trace.record("op", { replica: "a", object: "l", op: "append", entry: 2 });
b.apply(sendSince(a, "diff", b, "b-asks"));
trace.record("receive", { replica: "b", message: "diff" });
trace.record("read", { replica: "b", object: "l", value: b.entries });

// A transaction is a message of several operations.
function commit(replica, name, operations) {
  const ids = operations.map((_, place) => `${name}.${place + 1}`);
  ids.forEach((id, place) => trace.record("op", { replica, id, ...operations[place] }));
  trace.record("send", { replica, message: name, operations: ids });
}

trace = begin({
  replicas: ["a", "b"],
  objects: { paid: { type: "pn-counter" }, open: { type: "or-set" } },
});
const pay = { object: "paid", op: "increment", amount: 5 };
const close = { object: "open", op: "remove", element: "invoice" };
commit("a", "t1", [pay, close]);
trace.record("receive", { replica: "b", message: "t1" });
trace.record("read", { replica: "b", object: "paid", value: 5 });
trace.record("read", { replica: "b", object: "open", value: [] });

// Calls that change nothing.
function approve(replica, elements, element) {
  elements.add(element); // a library makes no operation of it where it changes nothing
  trace.record("op", { replica, object: "s", op: "add", element });
}

trace = begin({ replicas: ["a", "b"], objects: { s: { type: "or-set" } } });
const elements = new Set();
approve("a", elements, "x");
trace.record("merge", { replica: "b", from: "a" });
approve("a", elements, "x");
trace.record("op", { replica: "b", object: "s", op: "remove", element: "x" });
elements.delete("x"); // all that was ever added, for the library
trace.record("merge", { replica: "a", from: "b" });
trace.record("read", { replica: "a", object: "s", value: elements });

// Names decide ties.
function nameOf(client) {
  return String(client).padStart(3, "0"); // as texts these compare as the numbers do
}

const [seven, thirty] = [nameOf(7), nameOf(30)];
trace = begin({ replicas: [seven, thirty], objects: { r: { type: "lww-register" } } });
for (const [replica, value] of [[seven, "x"], [thirty, "y"]]) {
  trace.record("op", { replica, object: "r", op: "write", value, timestamp: 5 });
}
trace.record("sync", { replicas: [seven, thirty] });
trace.record("read", { replica: seven, object: "r", value: "y" });

// A restored replica with its old id.
function restore(name, backup, snapshot) {
  trace.record("restore", { replica: name, snapshot });
  return new Map(backup); // and goes on counting under its old id
}

// A counter with a share for each id, of which the greater one wins.
const increment = (shares, id) => shares.set(id, (shares.get(id) ?? 0) + 1);
const merge = (into, from) => {
  for (const [id, share] of from) into.set(id, Math.max(into.get(id) ?? 0, share));
};

trace = begin({ replicas: ["a", "b"], objects: { n: { type: "g-counter" } } });
let ours = new Map();
const theirs = new Map();
trace.record("save", { replica: "a", snapshot: "monday" });
const backup = new Map(ours);
for (const back of [false, true]) {
  if (back) ours = restore("a", backup, "monday");
  increment(ours, "a");
  trace.record("op", { replica: "a", object: "n", op: "increment" });
  merge(theirs, ours);
  trace.record("merge", { replica: "b", from: "a" });
}
const total = [...theirs.values()].reduce((sum, share) => sum + share, 0);
trace.record("read", { replica: "b", object: "n", value: total });

// A map that is used as a set.
function setTrue(replica, key) {
  trace.record("op", { replica, object: "approved", op: "put", key, value: true });
}

trace = begin({
  replicas: ["a", "b"],
  objects: { approved: { type: "lww-map" } },
  stamps: "own",
});
setTrue("a", "x");
setTrue("b", "x");
trace.record("op", { replica: "b", object: "approved", op: "delete", key: "x" });
trace.record("sync", { replicas: ["a", "b"] });
trace.record("read", { replica: "a", object: "approved", value: {} });
