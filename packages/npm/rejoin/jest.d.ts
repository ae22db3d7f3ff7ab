import "@jest/expect";

declare module "@jest/expect" {
  interface Matchers<R> {
    /** The oracle finds no false claim in the trace: a `History`, or the text of a trace. */
    toConform(): R;
  }
}
