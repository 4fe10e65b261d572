import { expect, test } from "vitest";
import { candidatesOf, faultOfGlobs, matchesGlobs, poolFor, type RouterPool, type RouterVendor } from "./model-router.ts";

const vendor = (llmId: number, changes: Partial<RouterVendor> = {}): RouterVendor => ({
  llmId,
  weight: 1,
  active: true,
  mappings: [],
  ...changes,
});
const pool = (name: string, pattern: string, priority = 0): RouterPool => ({
  name,
  pattern,
  priority,
  algorithm: "round_robin",
  vendors: [],
});

test.each([
  ["claude-*", "claude-sonnet-4", "gpt-4o"],
  ["gpt-4o, o?-mini", "o3-mini", "gpt-4o-mini"],
  ["gpt-[34]*", "gpt-4.1", "gpt-5"],
  ["gpt-[^3]*", "gpt-4", "gpt-3.5"],
  ["a.b", "a.b", "axb"],
  ["*", "gpt-4o", "meta/llama"],
  ["meta/*", "meta/llama", "meta/llama/8b"],
  ["a\\*b", "a*b", "axb"],
  ["(a+)+$", "(a+)+$", "aaaa"],
])("%s takes %s and not %s", (pattern, taken, other) => {
  expect([matchesGlobs(pattern, taken), matchesGlobs(pattern, other)]).toEqual([true, false]);
});

test.each(["", " , ", "gpt-[4", "a\\", "[b-a]"])("the pattern %j is refused with a reason", (pattern) => {
  expect(faultOfGlobs(pattern)).toMatch(/^(must|has)/);
});

test("the pool of the highest priority that matches is taken, of equal ones the first", () => {
  const pools = [pool("all", "*"), pool("first", "gpt-*", 5), pool("second", "gpt-4*", 5), pool("claude", "claude-*", 9)];
  expect(poolFor(pools, "gpt-4o")?.name).toBe("first");
  expect(poolFor(pools, "claude-x")?.name).toBe("claude");
  expect(poolFor(pools, "mistral")?.name).toBe("all");
  expect(poolFor([pool("gpt", "gpt-*")], "mistral")).toBeUndefined();
});

test("shares follow the weights of active vendors, and each is asked for the model that it is mapped to", () => {
  const vendors = [
    vendor(1, { weight: 3, mappings: [{ source: "gpt-4o", target: "gpt-4o-eu" }] }),
    vendor(2, { weight: 0 }),
    vendor(3, { active: false, weight: 99 }),
  ];
  expect(
    candidatesOf({ algorithm: "weighted", vendors }, "gpt-4o").map(({ vendor: { llmId }, share, model }) => [llmId, share, model]),
  ).toEqual([
    [1, 0.75, "gpt-4o-eu"],
    [2, 0.25, "gpt-4o"],
  ]);
  expect(candidatesOf({ algorithm: "round_robin", vendors }, "x").map(({ share }) => share)).toEqual([0.5, 0.5]);
  expect(candidatesOf({ algorithm: "weighted", vendors: [] }, "x")).toEqual([]);
});
