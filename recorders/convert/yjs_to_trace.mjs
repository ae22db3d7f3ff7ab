// Makes a trace of a log of Yjs updates, and of the document that they make.
//
//   npm ci
//   node yjs_to_trace.mjs updates.txt > trace.jsonl
//
// The log has an update (version 1, base64) on each line, as a provider stored or received them; who made
// it may stand before it, with a tab in between. Each client is a replica. An update does not say all that
// its client had seen: only what its items are put beside, replace and delete is known, and only that is
// recorded as received. Each sequence of the document is a `list`, whose elements are the ids that Yjs gives
// its items; each map is an `lww-map`, ordered by Yjs's own rule. The document at the end is claimed.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import * as Y from "yjs";
import { Recorder } from "../recorder.js";

const READER = "the document";
const element = (client, clock) => `${client}:${clock}`;

// Reads the log: the maker, where it is named, and the update.
function readLog(text) {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [first, second] = line.split("\t");
    const update = new Uint8Array(Buffer.from(second ?? first, "base64"));
    return { maker: second === undefined ? null : first, update, decoded: Y.decodeUpdate(update) };
  });
}

// The name of the object that holds an item: a root by its name, another by the item that made it.
function objectOf(doc, item) {
  const parent = item.parent;
  if (parent._item) return `#${element(parent._item.id.client, parent._item.id.clock)}`;
  for (const [name, type] of doc.share) if (type === parent) return name;
  return null;
}

// The value of a map's item as JSON; what it is not becomes its kind.
function valueOf(item) {
  const content = item.content;
  if (content instanceof Y.ContentType) return { type: element(item.id.client, item.id.clock) };
  if (content.constructor.name === "ContentDeleted") return { deleted: element(item.id.client, item.id.clock) };
  if (content.constructor.name === "ContentBinary") return { bytes: Buffer.from(content.content).toString("hex") };
  if (content.constructor.name === "ContentDoc") return { document: content.doc.guid };
  const last = content.getContent().at(-1);
  return last === undefined || last === null ? { null: last === null } : JSON.parse(JSON.stringify(last));
}

export function convert(text, write) {
  const log = readLog(text);
  const doc = new Y.Doc({ gc: false });
  // So that the document is whole, whatever the order of the log.
  for (const { update } of log) Y.applyUpdate(doc, update);
  const items = new Map();
  const objects = {};
  const lost = ["what clients had seen beyond what their items are put beside, replace and delete", "times"];
  let collected = 0;
  for (const structs of doc.store.clients.values()) {
    for (const item of structs) {
      if (!(item instanceof Y.Item)) {
        collected += 1;
        continue;
      }
      const object = objectOf(doc, item);
      if (object === null) continue;
      const isKey = item.parentSub !== null;
      const name = isKey ? `${object}/keys` : object;
      objects[name] = { type: isKey ? "lww-map" : "list" };
      for (let i = 0; i < item.length; i++) {
        items.set(element(item.id.client, item.id.clock + i), { item, object: name, isKey });
      }
    }
  }
  if (collected > 0) lost.push(`${collected} runs of items that were deleted and collected`);
  if (doc.store.pendingStructs !== null) lost.push("items whose causes the log lacks");
  const clients = [...doc.store.clients.keys()].map(String);
  const makers = log.map(({ maker }) => maker).filter((maker) => maker !== null);
  const replicas = [...new Set([...clients, ...makers, "someone", READER])];
  const note = `converted from a log of updates of Yjs; not carried over: ${lost.join("; ")}`;
  const trace = new Recorder(write, { replicas, objects, stamps: "own", note });

  // How many items of each client a replica has seen; what each client sent, with what it had seen then.
  const seen = new Map(replicas.map((replica) => [replica, new Map()]));
  const sends = new Map();
  const performed = new Set();
  const deleted = new Set();
  let messages = 0;
  const need = (replica, id) => {
    if (id === null || !performed.has(id)) return;
    const [client, clock] = id.split(":");
    if ((seen.get(replica).get(client) ?? 0) > Number(clock)) return;
    // The first message of the client that holds the item.
    const sent = sends.get(client);
    let [low, high] = [0, sent.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sent[middle].held.get(client) > Number(clock)) high = middle;
      else low = middle + 1;
    }
    trace.record("receive", { replica, message: sent[low].message });
    for (const [other, count] of sent[low].held) {
      if ((seen.get(replica).get(other) ?? 0) < count) seen.get(replica).set(other, count);
    }
  };
  const waiting = [];
  let deletes = [];
  const perform = ({ struct, first }) => {
    const { client } = struct.id;
    const replica = String(client);
    const { item, object, isKey } = items.get(element(client, struct.id.clock));
    const named = (id) => (id === null ? null : element(id.client, id.clock));
    for (let i = first; i < struct.length; i++) {
      const clock = struct.id.clock + i;
      const id = element(client, clock);
      const at = items.get(id);
      const left = i > 0 ? element(client, clock - 1) : named(struct.origin);
      const right = named(struct.rightOrigin);
      need(replica, left);
      need(replica, right);
      if (isKey) {
        const value = valueOf(at.item);
        trace.record("op", { replica, object, op: "put", key: item.parentSub, value });
      } else {
        const known = (other) => (other !== null && performed.has(other) ? other : undefined);
        trace.record("op", { replica, object, op: "insert", element: id, after: known(left), before: known(right) });
      }
      performed.add(id);
      seen.get(replica).set(replica, clock + 1);
    }
  };
  const isReady = ({ struct }) => {
    const causes = [struct.origin, struct.rightOrigin].filter((id) => id !== null);
    if (struct.id.clock > 0) causes.push({ client: struct.id.client, clock: struct.id.clock - 1 });
    const isThere = ({ client, clock }) => performed.has(element(client, clock)) || !items.has(element(client, clock));
    return causes.every(isThere);
  };
  const last = new Map();
  const send = (replica) => {
    messages += 1;
    const message = `u${messages}`;
    trace.record("send", { replica, message });
    if (!sends.has(replica)) sends.set(replica, []);
    sends.get(replica).push({ message, held: new Map(seen.get(replica)) });
    last.set(replica, message);
  };
  for (const { maker, decoded } of log) {
    for (const struct of decoded.structs) {
      const { client, clock } = struct.id;
      if (!items.has(element(client, clock))) continue;
      let first = 0;
      while (first < struct.length && performed.has(element(client, clock + first))) first += 1;
      if (first < struct.length) waiting.push({ struct, first });
    }
    const acted = new Set();
    for (let progress = true; progress; ) {
      progress = false;
      for (let i = 0; i < waiting.length; i++) {
        if (!isReady(waiting[i])) continue;
        const [ready] = waiting.splice(i, 1);
        if (!performed.has(element(ready.struct.id.client, ready.struct.id.clock + ready.struct.length - 1))) perform(ready);
        const replica = String(ready.struct.id.client);
        acted.add(replica);
        // Others may need this item before the update ends.
        send(replica);
        progress = true;
        i = -1;
      }
    }
    const deleter = maker ?? (acted.size === 1 ? [...acted][0] : "someone");
    for (const [client, ranges] of decoded.ds.clients) {
      for (const range of ranges) {
        for (let i = 0; i < range.len; i++) deletes.push({ deleter, id: element(client, range.clock + i) });
      }
    }
    const later = [];
    const deleters = new Set();
    for (const { deleter, id } of deletes) {
      if (!performed.has(id)) {
        if (items.has(id)) later.push({ deleter, id });
        continue;
      }
      if (deleted.has(id)) continue;
      deleted.add(id);
      const { item, object, isKey } = items.get(id);
      // A value that another one replaced is deleted as well; only the last one is deleted by hand.
      if (isKey && item.parent._map.get(item.parentSub) !== item) continue;
      need(deleter, id);
      const what = isKey ? { key: item.parentSub } : { element: id };
      trace.record("op", { replica: deleter, object, op: "delete", ...what });
      deleters.add(deleter);
    }
    deletes = later;
    deleters.forEach(send);
  }
  for (const message of last.values()) trace.record("receive", { replica: READER, message });
  claim(doc, items, objects, trace);
  return lost;
}

// Whether the document shows a type: not where it, or a type that it is in, was deleted or replaced.
function isShown(type) {
  for (let item = type._item; item !== null; item = item.parent._item) if (item.deleted) return false;
  return true;
}

// What the document shows: of each list its elements in their order, of each map its values.
function claim(doc, items, objects, trace) {
  const types = new Map();
  for (const { item, object, isKey } of items.values()) types.set(object, { type: item.parent, isKey });
  for (const object of Object.keys(objects)) {
    const { type, isKey } = types.get(object);
    if (!isShown(type)) continue;
    if (isKey) {
      const value = {};
      for (const [key, item] of type._map) if (!item.deleted) value[key] = valueOf(item);
      trace.record("read", { replica: READER, object, value });
      continue;
    }
    const value = [];
    for (let item = type._start; item !== null; item = item.right) {
      if (item.deleted) continue;
      for (let i = 0; i < item.length; i++) value.push(element(item.id.client, item.id.clock + i));
    }
    trace.record("read", { replica: READER, object, value });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const lost = convert(readFileSync(process.argv[2], "utf8"), (line) => process.stdout.write(line));
  for (const what of lost) console.error(`not carried over: ${what}`);
}
