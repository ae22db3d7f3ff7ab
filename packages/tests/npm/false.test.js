// What fails with vitest: the matcher gives the oracle's argument.

import { expect, test } from "vitest";
import "rejoin/vitest";
import { meeting } from "./meeting.js";

test("a history with a false claim", () => {
  expect(meeting(2, 1)).toConform();
});
