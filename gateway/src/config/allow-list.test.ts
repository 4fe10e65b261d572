import { expect, test } from "vitest";
import { createAllowList } from "./allow-list.ts";

test("a model is allowed by any of the patterns, and every model where there is none", () => {
  const list = createAllowList(["^gpt-4o.*$", "mini"]);
  const models = ["gpt-4o-2024", "o1-mini", "gpt-4", "xgpt-4o"];
  expect(models.map(list.allows)).toEqual([true, true, false, false]);
  expect(models.map(list.allows)).toEqual([true, true, false, false]);
  expect(createAllowList([]).allows("anything")).toBe(true);
});

test("verdicts stay right however many models are asked for", () => {
  const list = createAllowList(["[02468]$"]);
  for (let i = 0; i < 2_000; i++) expect(list.allows(`m${i}`)).toBe(i % 2 === 0);
});

test("a pattern that would have to backtrack closes the list, also for models that another pattern allows", () => {
  const list = createAllowList(["^small$", "^(?:a+)+(?=b)$"]);
  expect(list.allows("small")).toBe(false);
  expect(list.fault).toMatch(/"\^\(\?:a\+\)\+\(\?=b\)\$" must not look ahead/);
});
