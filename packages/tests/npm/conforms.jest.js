// What passes with jest.

import { expect, test } from "@jest/globals";
import "rejoin/jest";
import { meeting } from "./meeting.js";

test("a history that conforms", () => {
  expect(meeting(1, 2)).toConform();
});

test("a history that does not, in its form as text", () => {
  expect(String(meeting(2, 1))).not.toConform();
  expect(() => expect(meeting(1, 2)).not.toConform()).toThrow(/was expected not to/);
});
