import { writeFileSync } from "node:fs";
import { Last } from "./last.js";
import { Recorder } from "./recorder.js";

const last = new Last(20);
const trace = new Recorder(last.write, { replicas: ["a", "b"], objects: { n: { type: "g-counter" } } });
const shares = { a: 0 };
for (let hour = 0; hour < 10; hour++) {
  if (hour > 0) {
    last.base();
    for (const name of ["a", "b"]) {
      trace.record("load", { replica: name, object: "n", state: shares });
    }
  }
  for (let minute = 0; minute < 3; minute++) {
    trace.record("op", { replica: "a", object: "n", op: "increment" });
    shares.a += 1;
    trace.record("sync", { replicas: ["a", "b"] });
  }
  trace.record("read", { replica: "b", object: "n", value: shares.a });
}
trace.record("read", { replica: "b", object: "n", value: shares.a - 1 });
writeFileSync("trace.jsonl", last.dump());
