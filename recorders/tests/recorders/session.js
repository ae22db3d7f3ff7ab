import assert from "node:assert";
import { openSync, writeSync } from "node:fs";
import { Recorder } from "./recorder.js";

const file = openSync("trace.jsonl", "w");
const trace = new Recorder((line) => writeSync(file, line), {
  replicas: ["laptop", "server"],
  objects: {
    approved: { type: "or-set", priority: "high" },
    columns: { type: "lww-map" },
    processed: { type: "g-counter" },
  },
});

trace.record("op", { replica: "laptop", object: "approved", op: "add", element: "mapping_A" });
trace.record("send", { replica: "laptop", message: "m1", to: "server" });
trace.record("receive", { replica: "server", message: "m1" });
trace.record("read", { replica: "server", object: "approved", value: new Set(["mapping_A"]) });

assert.throws(() => trace.record("note", { text: NaN }), RangeError);
trace.record("note", { text: 'Größe 寸 "quoted" \\ \u0000\u2028 😀' });
const amount = 2n ** 53n + 1n;
trace.record("op", { replica: "server", object: "processed", op: "increment", amount });
const put = { replica: "server", object: "columns", op: "put", timestamp: 1706789400000 };
trace.record("op", { ...put, key: "a", value: { nested: [null, true, -1.5, {}] } });
trace.record("op", { ...put, key: "b", value: null });
trace.record("merge", { replica: "laptop", from: "server", objects: ["columns"] });
trace.record("sync", { replicas: ["laptop", "server"] });
trace.record("read", { replica: "laptop", object: "processed", value: amount });
const columns = new Map([["a", { nested: [null, true, -1.5, {}] }]]);
trace.record("read", { replica: "laptop", object: "columns", value: columns });
trace.record("read", { replica: "laptop", object: "columns", key: "b", value: null });
trace.record("vector", { replica: "server", vector: { laptop: 1, server: 3 } });
trace.record("converged", { replicas: ["server", "laptop"], "x-after": "sync" });
