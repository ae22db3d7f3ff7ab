// The types and events that the package declares are those of the trace format: node declared.mjs SCHEMA DECLARATIONS

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const [schema, declarations] = process.argv.slice(2).map((path) => readFileSync(path, "utf8"));
const { $defs } = JSON.parse(schema);

const declared = (name) => {
  const [, union] = declarations.match(new RegExp(`export type ${name} =([^;]+);`));
  return [...union.matchAll(/"([^"]+)"/g)].map(([, word]) => word).sort();
};
// The values of every member `event` below a schema.
const events = (schema) =>
  Object.entries(schema ?? {}).flatMap(([name, inner]) => {
    if (typeof inner !== "object") return [];
    return name === "event" ? (inner.enum ?? [inner.const]) : events(inner);
  });

assert.deepEqual(declared("ObjectType"), [...$defs.declaration.properties.type.enum].sort());
assert.deepEqual(declared("Event"), [...new Set(events([$defs.event, $defs.op]))].filter(Boolean).sort());
