// What fails with jest: the matcher gives the oracle's argument.

import { expect, test } from "@jest/globals";
import "rejoin/jest";
import { meeting } from "./meeting.js";

test("a history with a false claim", () => {
  expect(meeting(2, 1)).toConform();
});
