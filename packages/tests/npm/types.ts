// What the declarations of the npm package allow, and what they do not.

import { expect as jestExpect } from "@jest/globals";
import { expect } from "vitest";
import { check, checkFile, find, History, Last, Recorder } from "rejoin";
import "rejoin/jest";
import "rejoin/vitest";

const last = new Last(20);
const trace: Recorder = new Recorder(last.write, { replicas: ["a"], objects: { n: { type: "g-counter" } }, "x-run": 7 });
trace.record("op", { replica: "a", object: "n", op: "increment", amount: 12n });
trace.record("read", { replica: "a", object: "n", value: new Map([["a", new Set([1])]]) });
const text: string = last.dump();

const history = new History({ replicas: ["a"], objects: { n: { type: "g-counter", priority: "medium" } }, stamps: "own" });
expect(history).toConform();
expect(text).not.toConform();
jestExpect(history).toConform();
export const code: number | null = check(history).code;
export const argument: string = checkFile(find()).text;

// @ts-expect-error: there is no such event
trace.record("recieve", { replica: "a", message: "m" });
// @ts-expect-error: there is no such type
new History({ replicas: ["a"], objects: { n: { type: "counter" } } });
// @ts-expect-error: a header names the replicas
new History({ objects: {} });
// @ts-expect-error: a function is no value
trace.record("note", { text: () => "later" });
// @ts-expect-error: only a trace has a verdict
check(12);
