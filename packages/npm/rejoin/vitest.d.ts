import "vitest";

declare module "vitest" {
  interface Matchers<T = any> {
    /** The oracle finds no false claim in the trace: a `History`, or the text of a trace. */
    toConform(): void;
  }
}
