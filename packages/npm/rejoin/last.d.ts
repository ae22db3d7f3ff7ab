/** Keeps the last events of a trace in memory, for when something has gone wrong. */
export class Last {
  /** At least `most` events are kept once there were so many. */
  constructor(most: number);
  most: number;
  /** What a `Recorder` writes with: `new Recorder(last.write, header)`. */
  write: (line: string) => void;
  /** Call it where no message is under way; then record a `load` of each state. */
  base(): void;
  /** The trace: the oldest base that is kept, and all events since. */
  dump(): string;
}
