// Records what replicas did, and asks the oracle whether their answers are right.

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { Recorder } from "./recorder.js";

export { Recorder } from "./recorder.js";
export { Last } from "./last.js";

// A recorder that keeps its trace in memory.
export class History extends Recorder {
  #lines;

  constructor(header) {
    const lines = [];
    super((line) => lines.push(line), header);
    this.#lines = lines;
  }

  toString() {
    return this.#lines.join("");
  }
}

// The path of the program that was installed for this platform.
export function find() {
  const platform = `${process.platform}-${process.arch}`;
  const name = process.platform === "win32" ? "oracle.exe" : "oracle";
  try {
    return createRequire(import.meta.url).resolve(`@rejoin/oracle-${platform}/${name}`);
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    throw new Error(
      `there is no oracle for ${platform}: the package @rejoin/oracle-${platform} is not installed ` +
        "(npm leaves it out with --omit=optional, and where a lock file was made on another platform)",
      { cause: error },
    );
  }
}

function run(argument, input) {
  const done = spawnSync(find(), ["check", "--color", "never", "--", argument], {
    input,
    encoding: "utf8",
    maxBuffer: Infinity,
  });
  if (done.error) throw done.error;
  return { conforms: done.status === 0, code: done.status, text: done.stdout + done.stderr };
}

// Judges a trace in memory: a `History`, or the text of a trace.
export const check = (trace) => run("-", String(trace));

// Judges the trace at a path, or all traces below a folder.
export const checkFile = (path) => run(path);

// For `expect.extend`: `expect(history).toConform()`.
export const matchers = {
  toConform(received) {
    const { conforms, text } = check(received);
    const message = () => (conforms ? `the trace conforms, and was expected not to:\n${text}` : text);
    return { pass: conforms, message };
  },
};
