import { createLogger } from "@portico/core/logger";
import { expect, test } from "vitest";
import { createFeatures } from "./feature.ts";

function aList() {
  const lines: string[] = [];
  const calls: string[] = [];
  const features = createFeatures(createLogger({ write: (line) => lines.push(line) }));
  const add = (name: string, failing: { start?: boolean; close?: boolean } = {}) =>
    features.add(name, {
      async start() {
        calls.push(`start ${name}`);
        if (failing.start) throw new Error(`${name} cannot start`);
      },
      async close() {
        calls.push(`close ${name}`);
        if (failing.close) throw new Error(`${name} cannot close`);
      },
    });
  return { features, add, calls, lines };
}

test("features start in order and close in reverse, once however often they are asked", async () => {
  const { features, add, calls } = aList();
  for (const name of ["a", "b", "c"]) add(name);
  await features.start();
  await Promise.all([features.close(), features.close()]);
  expect(calls).toEqual(["start a", "start b", "start c", "close c", "close b", "close a"]);
});

test("a start that fails starts nothing after it, and close frees all that was created", async () => {
  const { features, add, calls } = aList();
  add("a");
  add("b", { start: true });
  add("c");
  await expect(features.start()).rejects.toThrow("b cannot start");
  await features.close();
  expect(calls).toEqual(["start a", "start b", "close c", "close b", "close a"]);
});

test("a feature that cannot be closed is named in the log and keeps none of the others open", async () => {
  const { features, add, calls, lines } = aList();
  add("a");
  add("b", { close: true });
  await features.close();
  expect(calls).toEqual(["close b", "close a"]);
  expect(lines.join()).toContain("b cannot close");
});

test("what features have is collected in their order, and a job that two features name alike is refused", () => {
  const { features } = aList();
  features.add("a", { jobs: { trim: async () => {} }, crontab: "1 * * * * trim", checks: [{ name: "one", missing: () => undefined }] });
  features.add("nothing", {});
  features.add("b", { jobs: { purge: async () => {} }, crontab: "2 * * * * purge", checks: [{ name: "two", missing: () => undefined }] });
  expect(Object.keys(features.jobs())).toEqual(["trim", "purge"]);
  expect(features.crontab()).toBe("1 * * * * trim\n2 * * * * purge");
  expect(features.checks().map(({ name }) => name)).toEqual(["one", "two"]);
  features.add("c", { jobs: { trim: async () => {} } });
  expect(() => features.jobs()).toThrow('c: another feature has a job "trim" already');
});
