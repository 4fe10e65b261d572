import { expect, test } from "vitest";
import { merged, overrideOf, pathsOf, withoutPath } from "./override.ts";

const base = { mode: "strict", limit: 3, key: "[redacted]", words: ["a"], nested: { note: "hi", token: "[redacted]" } };

/** What saving a form makes of an override when `edit` is done to its values. */
const saved = (stored: Record<string, unknown>, edit: Record<string, unknown> = {}, defaults: Record<string, unknown> = {}) => {
  const untouched = merged(merged(defaults, base), stored);
  return overrideOf({ values: { ...untouched, ...edit }, untouched, stored });
};

test("only what was edited is overridden; the schema's defaults and the plugin's settings are not", () => {
  expect(saved({}, {}, { added: true })).toEqual({});
  expect(saved({}, { limit: 5 }, { added: true })).toEqual({ limit: 5 });
  expect(saved({}, { nested: { note: "ho", token: "[redacted]" } })).toEqual({ nested: { note: "ho" } });
  expect(saved({}, { words: ["a", "b"] })).toEqual({ words: ["a", "b"] });
});

test("what is overridden stays, secrets and values like the plugin's own included, until it is edited or emptied", () => {
  const stored = { key: "[redacted]", limit: 3, nested: { token: "[redacted]" } };
  expect(saved(stored)).toEqual(stored);
  expect(saved(stored, { mode: "lax" })).toEqual({ ...stored, mode: "lax" });
  expect(saved(stored, { limit: undefined })).toEqual({ key: "[redacted]", nested: { token: "[redacted]" } });
  expect(saved({ nested: { note: "ho" } }, { nested: { note: undefined, token: "[redacted]" } })).toEqual({});
});

test("overridden settings are listed, and one is taken back without the others", () => {
  const stored = { limit: 5, nested: { note: "ho", token: "[redacted]" } };
  expect(pathsOf(stored)).toEqual([["limit"], ["nested", "note"], ["nested", "token"]]);
  expect(withoutPath(stored, ["nested", "note"])).toEqual({ limit: 5, nested: { token: "[redacted]" } });
  expect(withoutPath({ limit: 5, nested: { note: "ho" } }, ["nested", "note"])).toEqual({ limit: 5 });
});
