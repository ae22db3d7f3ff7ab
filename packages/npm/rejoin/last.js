// Keeps the last events of a trace in memory, for when something has gone wrong. An ES module.

export class Last {
  #header;
  #parts = [[]];

  // At least `most` events are kept once there were so many.
  constructor(most) {
    this.most = most;
  }

  // What a `Recorder` writes with: new Recorder(last.write, header).
  write = (line) => {
    if (this.#header === undefined) this.#header = line;
    else this.#parts.at(-1).push(line);
  };

  // Call it where no message is under way; then record a `load` of each state.
  base() {
    this.#parts.push([]);
    while (this.#parts.slice(1).flat().length >= this.most) this.#parts.shift();
  }

  // The trace: the oldest base that is kept, and all events since.
  dump() {
    const later = this.#parts.slice(1).flat().filter((line) => !line.startsWith('{"event":"load"'));
    return [this.#header, ...this.#parts[0], ...later].join("");
  }
}
