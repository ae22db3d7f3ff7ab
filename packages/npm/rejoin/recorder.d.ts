/** What a trace can hold as a value. Sets are written as lists, maps as objects, `BigInt`s as decimal strings. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Value[]
  | ReadonlySet<Value>
  | ReadonlyMap<string, Value>
  | { readonly [name: string]: Value | undefined };

/** The types of objects that the oracle judges. */
export type ObjectType =
  | "g-counter"
  | "lww-register"
  | "or-set"
  | "lww-map"
  | "log"
  | "pn-counter"
  | "g-set"
  | "2p-set"
  | "rw-set"
  | "ew-flag"
  | "dw-flag"
  | "mv-register"
  | "mv-map"
  | "max-register"
  | "min-register"
  | "list"
  | "opaque";

/** What one object is. */
export interface Declaration {
  readonly type: ObjectType;
  /** How urgent its merge decisions are; `medium` when absent. */
  readonly priority?: "high" | "medium" | "low";
}

/** The first line of a trace. */
export interface Header {
  readonly replicas: readonly string[];
  readonly objects: { readonly [name: string]: Declaration };
  /** Who orders writes: timestamps in the trace (`explicit`, also when absent), or the system by a rule of its own. */
  readonly stamps?: "explicit" | "own";
  readonly implementation?: { readonly name?: string; readonly version?: string };
  readonly note?: string;
  /** What is for other programs. */
  readonly [name: `x-${string}`]: Value | undefined;
}

/** What happens, and what the system answers. */
export type Event =
  | "op"
  | "send"
  | "receive"
  | "merge"
  | "sync"
  | "save"
  | "restore"
  | "load"
  | "note"
  | "read"
  | "failed"
  | "vector"
  | "digest"
  | "converged"
  | "decisions"
  | "notices"
  | "state";

/** The members of an event beside its name. */
export interface Fields {
  readonly [name: string]: Value | undefined;
}

/** Writes a trace: first its header, then one line for each event. */
export class Recorder {
  /** `write` takes each line, with its end. */
  constructor(write: (line: string) => unknown, header: Header);
  /** Records one event, when it happens. Throws for a number that is no JSON. */
  record(event: Event, fields: Fields): void;
}
