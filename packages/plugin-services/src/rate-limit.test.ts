import { expect, test } from "vitest";
import { createRateLimit } from "./rate-limit.ts";

test("a plugin may spend a minute's calls at once, gets more as time passes, and takes none from another plugin", () => {
  let nowMs = 0;
  const limit = createRateLimit(60, () => nowMs);
  const take = (pluginId: number, cost = 1) => {
    try {
      limit.take(pluginId, cost);
      return "";
    } catch (error) {
      return String(error);
    }
  };
  for (let i = 0; i < 60; i++) expect(take(1)).toBe("");
  expect(take(1)).toContain("60 calls a minute; try again in 1 s");
  expect(take(2)).toBe("");
  nowMs += 2_000;
  expect([take(1), take(1)]).toEqual(["", ""]);
  expect(take(1)).not.toBe("");
  nowMs += 1_000;
  for (let i = 0; i < 10; i++) expect(take(1, 0.1)).toBe("");
  nowMs += 3_600_000;
  expect(take(1, 61)).not.toBe("");
});
