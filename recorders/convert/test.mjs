// What is converted conforms, and a document that shows something else is found. ORACLE names the oracle.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import * as Automerge from "@automerge/automerge";
import * as Y from "yjs";
import { convert as fromAutomerge } from "./automerge_to_trace.mjs";
import { convert as fromYjs } from "./yjs_to_trace.mjs";

const folder = mkdtempSync(join(tmpdir(), "rejoin-convert-"));

function trace(convert, input) {
  let text = "";
  convert(input, (line) => (text += line));
  return text;
}

function judge(text, code) {
  const file = join(folder, "trace.jsonl");
  writeFileSync(file, text);
  const run = spawnSync(process.env.ORACLE ?? "oracle", ["check", file, "--format", "json"], { encoding: "utf8" });
  assert.equal(run.status, code, run.stdout + run.stderr);
  return JSON.parse(run.stdout);
}

// The trace with the answer of one claim replaced.
function falsified(text, select, answer) {
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  const claims = lines.filter((line) => line.event === "read" && select(line));
  assert.ok(claims.length > 0);
  claims[0].value = answer(claims[0].value);
  return lines.map((line) => JSON.stringify(line)).join("\n") + "\n";
}

// Numbers from a seed, so that a failure can be repeated.
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}

test("an Automerge document shows what its history says", () => {
  const start = { title: "x", list: ["p", "q"], n: new Automerge.Counter(3), k: 1, when: new Date(5), none: null, deep: { er: { x: 1.5 } } };
  const base = Automerge.from(start, "aa".repeat(16));
  const edit = (actor, change) => Automerge.change(Automerge.clone(base, actor.repeat(16)), change);
  const one = Automerge.change(base, (doc) => {
    doc.list.insertAt(1, "r");
    doc.n.increment(2);
    doc.k = 2;
    doc.deep.er.x = 2;
  });
  const two = edit("bb", (doc) => {
    doc.title = "b1";
    doc.list.deleteAt(0);
    doc.k = 3;
  });
  const three = edit("cc", (doc) => {
    delete doc.k;
    delete doc.title;
    doc.deep.er.y = true;
  });
  const merged = Automerge.merge(Automerge.merge(Automerge.clone(one), two), three);
  const text = trace(fromAutomerge, Automerge.save(merged));
  const report = judge(text, 0);
  assert.ok(report.claims > 10);
  const conflict = text.split("\n").find((line) => line.includes('"key":"_root/k","value":['));
  assert.deepEqual(JSON.parse(conflict).value.sort(), [2, 3]);
  const lossy = falsified(text, ({ key }) => key === "_root/k", () => [3]);
  assert.equal(judge(lossy, 1).findings[0].rule, "mv-map/value");
});

// Three Yjs documents that edit and sync at random; the log of what they did.
function session(seed, steps, named) {
  const next = numbers(seed);
  const log = [];
  const docs = [11, 22, 33].map((id) => {
    const doc = new Y.Doc();
    doc.clientID = id;
    doc.on("update", (update, origin) => {
      if (origin !== "remote") log.push((named ? `doc ${id}\t` : "") + Buffer.from(update).toString("base64"));
    });
    return doc;
  });
  for (let step = 0; step < steps; step++) {
    const doc = docs[next(3)];
    const [text, map, array] = [doc.getText("text"), doc.getMap("map"), doc.getArray("array")];
    const what = next(12);
    if (what < 4) text.insert(next(text.length + 1), "abc".slice(0, 1 + next(3)));
    else if (what < 6 && text.length > 1) text.delete(next(text.length - 1), 1);
    else if (what === 6) map.set(`k${next(4)}`, step);
    else if (what === 7) map.delete(`k${next(4)}`);
    else if (what === 8) array.insert(next(array.length + 1), [step, { x: null }]);
    else if (what === 9) map.set("nested", new Y.Map([["step", step]]));
    else if (what === 10 && text.length > 3) text.format(1, 2, { bold: step % 2 === 0 });
    else Y.applyUpdate(docs[next(3)], Y.encodeStateAsUpdate(doc), "remote");
  }
  return log.join("\n") + "\n";
}

test("a log of Yjs updates makes the document that it says", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const text = trace(fromYjs, session(seed, 150, seed % 2 === 0));
    judge(text, 0);
    const swapped = falsified(text, ({ object, value }) => object === "text" && value.length > 1, (value) => [value[1], value[0], ...value.slice(2)]);
    const rule = judge(swapped, 1).findings[0].rule;
    assert.equal(rule, "list/order");
    const lossy = falsified(text, ({ object, value }) => object === "text" && value.length > 0, (value) => value.slice(1));
    assert.equal(judge(lossy, 1).findings[0].rule, "list/value");
  }
});

test("a log in any order makes the same document", () => {
  const lines = session(7, 200, true).trimEnd().split("\n");
  judge(trace(fromYjs, lines.reverse().join("\n")), 0);
});

test("the scripts read files and say what they could not carry over", () => {
  const file = join(folder, "updates.txt");
  writeFileSync(file, session(3, 50, false));
  const out = execFileSync(process.execPath, [new URL("yjs_to_trace.mjs", import.meta.url).pathname, file], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  assert.match(JSON.parse(out.split("\n")[0]).note, /not carried over: what clients had seen beyond/);
});
