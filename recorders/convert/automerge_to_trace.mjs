// Makes a trace of a saved Automerge document: its own change history, and the values that it has.
//
//   npm ci
//   node automerge_to_trace.mjs document.automerge > trace.jsonl
//
// Each actor is a replica. A change has seen exactly the changes that it depends on. All maps of the
// document are one `mv-map`, whose keys are `object/key`; each list and each text is a `list`, whose
// elements are the ids that Automerge gives them. The document's values, conflicts included, are claimed.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import * as Automerge from "@automerge/automerge";
import { Recorder } from "../recorder.js";

const MAPS = "maps";
const name = (object, key) => `${object}/${key}`;

// A value of a map as JSON: an object by its id, and what JSON lacks by its kind.
function written(op, id) {
  if (op.action.startsWith("make")) return { object: id };
  if (op.value === null || op.value === undefined) return { null: true };
  if (op.datatype === "timestamp") return { timestamp: op.value };
  return scalar(op.value);
}

function scalar(value) {
  if (value === null) return { null: true };
  if (value instanceof Date) return { timestamp: value.getTime() };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("hex") };
  if (typeof value === "number" && !Number.isFinite(value)) return { number: String(value) };
  if (typeof value === "bigint") return { integer: value.toString() };
  return value;
}

// What the history says: which objects there are, which of them are lists, and which keys count.
function survey(changes) {
  const lists = new Set();
  const counters = new Set();
  const made = new Set();
  for (const change of changes) {
    change.ops.forEach((op, index) => {
      const id = `${change.startOp + index}@${change.actor}`;
      if (op.action.startsWith("make")) made.add(id);
      if (op.action === "makeList" || op.action === "makeText") lists.add(id);
      if (op.key !== undefined && (op.datatype === "counter" || op.action === "inc")) {
        counters.add(name(op.obj, op.key));
      }
    });
  }
  return { lists, counters, made };
}

export function convert(bytes, write) {
  const doc = Automerge.load(bytes);
  const changes = Automerge.getAllChanges(doc).map((change) => Automerge.decodeChange(change));
  const { lists, counters, made } = survey(changes);
  const reader = "the saved document";
  const lost = ["times and messages of changes", "the order of lists: Automerge does not give the ids of what it shows"];
  if (counters.size > 0) lost.push(`${counters.size} counters`);
  const objects = { [MAPS]: { type: "mv-map" } };
  for (const id of lists) objects[id] = { type: "list" };
  const replicas = [...new Set(changes.map((change) => change.actor)), reader];
  const note = `converted from a document of Automerge; not carried over: ${lost.join("; ")}`;
  const trace = new Recorder(write, { replicas, objects, note });

  const seen = new Map(replicas.map((replica) => [replica, new Set()]));
  const past = new Map();
  const keys = new Map();
  for (const change of changes) {
    const replica = change.actor;
    const knows = seen.get(replica);
    const before = new Set();
    for (const dep of change.deps) {
      past.get(dep).forEach((hash) => before.add(hash));
      if (!knows.has(dep)) trace.record("receive", { replica, message: dep });
      past.get(dep).forEach((hash) => knows.add(hash));
    }
    change.ops.forEach((op, index) => {
      const id = `${change.startOp + index}@${replica}`;
      if (lists.has(op.obj)) {
        if (op.insert) {
          const after = op.elemId === "_head" ? undefined : op.elemId;
          trace.record("op", { replica, object: op.obj, op: "insert", element: id, after });
        } else if (op.action === "del") {
          trace.record("op", { replica, object: op.obj, op: "delete", element: op.elemId });
        }
        return;
      }
      const key = name(op.obj, op.key);
      if (counters.has(key)) return;
      if (!keys.has(op.obj)) keys.set(op.obj, new Set());
      keys.get(op.obj).add(op.key);
      if (op.action === "del") trace.record("op", { replica, object: MAPS, op: "delete", key });
      else trace.record("op", { replica, object: MAPS, op: "put", key, value: written(op, id) });
    });
    before.add(change.hash);
    knows.add(change.hash);
    past.set(change.hash, before);
    trace.record("send", { replica, message: change.hash });
  }
  for (const head of Automerge.getHeads(doc)) {
    trace.record("receive", { replica: reader, message: head });
  }
  claim(doc, "_root", { trace, reader, keys, counters, made });
  return lost;
}

// The values of a map and of the maps in it.
function claim(map, object, { trace, reader, keys, counters, made }) {
  for (const key of keys.get(object) ?? []) {
    if (counters.has(name(object, key))) continue;
    const conflicts = Automerge.getConflicts(map, key);
    // A text is a string here; that it is an object is seen by its id.
    const shown = (value, id) => (made.has(id) ? { object: id } : scalar(value));
    const only = key in map ? [shown(map[key], Automerge.getObjectId(map, key))] : [];
    const values = conflicts
      ? Object.entries(conflicts).map(([id, value]) => shown(value, id))
      : only;
    trace.record("read", { replica: reader, object: MAPS, key: name(object, key), value: values });
    const nested = map[key];
    if (typeof nested === "object" && nested !== null && !Array.isArray(nested)) {
      const id = Automerge.getObjectId(map, key);
      if (made.has(id)) claim(nested, id, { trace, reader, keys, counters, made });
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const lost = convert(readFileSync(process.argv[2]), (line) => process.stdout.write(line));
  for (const what of lost) console.error(`not carried over: ${what}`);
}
