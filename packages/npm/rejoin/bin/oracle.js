#!/usr/bin/env node
// `npx oracle …` runs the program that was installed for this platform.

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { find } from "../index.js";

let program;
try {
  program = find();
} catch (error) {
  console.error(error.message);
  process.exit(70);
}
const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// A terminal's Ctrl-C reaches both. `check --follow` then gives its verdict, and a second one would end it before.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`${program} cannot be started: ${error.message}`);
  process.exit(70);
});
child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
