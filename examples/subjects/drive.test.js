// Runs `oracle drive` as a test: copy this beside your adapter, and name it in `subject`. It is a test
// for jest, vitest (with `globals`) and `node --test` alike.
//
// ORACLE names the oracle where it is not on the path; DRIVE_CASES says how many cases to perform.
"use strict";
const { spawnSync } = require("node:child_process");
const { mkdtempSync } = require("node:fs");
const { tmpdir } = require("node:os");
const path = require("node:path");
const run = globalThis.test ?? require("node:test").test;

const subject = [process.execPath, path.join(__dirname, "subject.js")];

// What `oracle drive` says of a subject: its exit code and its text.
function drive(subject, { seed = 1, cases = process.env.DRIVE_CASES ?? 300 } = {}) {
  const out = path.join(mkdtempSync(path.join(tmpdir(), "drive-")), "failing-history.jsonl");
  const args = ["drive", "--seed", `${seed}`, "--cases", `${cases}`, "--out", out, "--", ...subject];
  const done = spawnSync(process.env.ORACLE ?? "oracle", args, { encoding: "utf8" });
  return { code: done.status, said: `${done.error ?? ""}${done.stdout}${done.stderr}` };
}

run("it conforms", () => {
  const { code, said } = drive(subject);
  if (code !== 0) throw new Error(said);
}, 120_000);
