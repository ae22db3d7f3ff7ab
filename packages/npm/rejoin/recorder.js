// Records what replicas did, as a trace that `oracle check` judges. An ES module; needs nothing.

// JSON.stringify alone fails on a BigInt, empties sets and maps, and turns NaN into null.
function plain(name, value) {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`${name} is ${value}`);
  return value;
}

export class Recorder {
  #write;

  // `write` takes each line; `header` says which `replicas` and `objects` there are.
  constructor(write, header) {
    this.#write = write;
    this.#line({ trace: "rejoin/1", ...header });
  }

  // Records one event, when it happens.
  record(event, fields) {
    this.#line({ event, ...fields });
  }

  #line(fields) {
    this.#write(JSON.stringify(fields, plain) + "\n");
  }
}
