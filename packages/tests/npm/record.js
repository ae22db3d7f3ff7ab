// Records a meeting that conforms and one that does not, and asks for the verdict of each.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { check, checkFile } from "rejoin";
import { meeting } from "./meeting.js";

for (const [name, first, second] of [["conforms", 1, 2], ["false", 2, 1]]) {
  const history = meeting(first, second);
  const verdict = check(history);
  console.log(verdict.text);
  assert.equal(verdict.conforms, name === "conforms");
  if (!verdict.conforms) assert.match(verdict.text, /or-set\/value/);
  writeFileSync(`${name}.jsonl`, String(history));
  assert.equal(checkFile(`${name}.jsonl`).code, verdict.code);
}
