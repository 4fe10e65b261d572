import { expect, test } from "vitest";
import { changedFields, isSame, mergeChanges } from "./merge.ts";

const base = { name: "GPT", model: "gpt-4o", budget: null as number | null, tags: ["a"] };

test("a field changed elsewhere is taken over where it was not touched here, and nothing typed here is replaced", () => {
  const { values, changes } = mergeChanges({
    base,
    mine: { ...base, name: "My GPT" },
    theirs: { ...base, model: "gpt-5", budget: 42 },
  });
  expect(values).toEqual({ name: "My GPT", model: "gpt-5", budget: 42, tags: ["a"] });
  expect(changes.map(({ field, choice }) => [field, choice])).toEqual([
    ["model", "theirs"],
    ["budget", "theirs"],
  ]);
});

test("a field changed on both sides keeps what was typed and waits for a choice, unless both say the same", () => {
  const { values, changes } = mergeChanges({
    base,
    mine: { ...base, name: "Mine", model: "same", tags: ["a", "b"] },
    theirs: { ...base, name: "Theirs", model: "same", tags: ["c"] },
  });
  expect(values).toEqual({ ...base, name: "Mine", model: "same", tags: ["a", "b"] });
  expect(changes).toEqual([
    { field: "name", mine: "Mine", theirs: "Theirs", choice: null },
    { field: "tags", mine: ["a", "b"], theirs: ["c"], choice: null },
  ]);
});

test("a field removed elsewhere goes, one added elsewhere comes, one added here stays", () => {
  const before: Record<string, unknown> = { kept: 1, gone: 2 };
  const { values } = mergeChanges({ base: before, mine: { ...before, own: 3 }, theirs: { kept: 1, come: 4 } });
  expect(values).toEqual({ kept: 1, own: 3, come: 4 });
});

test("only fields with another value count as changed, whatever the order of keys in them", () => {
  expect(changedFields(base, { ...base, tags: ["a"], budget: 0 })).toEqual({ budget: 0 });
  expect(isSame({ a: 1, b: [{ c: 1, d: 2 }] }, { b: [{ d: 2, c: 1 }], a: 1 })).toBe(true);
  expect(isSame(null, 0)).toBe(false);
  expect(isSame("", null)).toBe(false);
});
