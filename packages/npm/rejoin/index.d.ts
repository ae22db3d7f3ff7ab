import type { Header } from "./recorder.js";
import { Recorder } from "./recorder.js";

export { Recorder } from "./recorder.js";
export type { Declaration, Event, Fields, Header, ObjectType, Value } from "./recorder.js";
export { Last } from "./last.js";

/** A recorder that keeps its trace in memory. */
export class History extends Recorder {
  constructor(header: Header);
  /** The trace. */
  toString(): string;
}

/** What the oracle said of a trace. */
export interface Verdict {
  /** Whether claims were made, and all of them hold. */
  conforms: boolean;
  /** The exit code: 0 conforms, 1 a claim is false, 2 nothing could be concluded, 3 no possible trace, 66 unreadable. Null: a signal ended it. */
  code: number | null;
  /** The verdict and its arguments, for people. */
  text: string;
}

/** The path of the program that was installed for this platform. Throws where there is none. */
export function find(): string;

/** Judges a trace in memory: a `History`, or the text of a trace. */
export function check(trace: History | string): Verdict;

/** Judges the trace at a path, or all traces below a folder. */
export function checkFile(path: string): Verdict;

/** For `expect.extend`: `rejoin/vitest` and `rejoin/jest` do that. */
export const matchers: {
  toConform(received: History | string): { pass: boolean; message: () => string };
};
