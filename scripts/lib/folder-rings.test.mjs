import { expect, test } from "vitest";
import { folderRings } from "./folder-rings.mjs";

const module = (source, ...resolved) => ({ source, dependencies: resolved.map((file) => ({ resolved: file })) });
const isTest = (file) => file.endsWith(".test.ts");

test("a ring of folders is found however long it is, and named once", () => {
  const modules = [
    module("packages/testkit/src/postgres.ts", "server/db/migrate.ts", "scripts/lib/paths.mjs"),
    module("server/db/migrate.ts", "packages/core/src/index.ts"),
    module("scripts/lib/drift.mjs", "bench/run.mjs"),
    module("bench/run.mjs", "packages/testkit/src/postgres.ts"),
  ];
  expect(folderRings(modules, isTest)).toEqual([["bench", "packages/testkit", "scripts/lib"]]);
});

test("imports within a folder, of tests and in one direction are no ring", () => {
  const modules = [
    module("packages/a/src/one.ts", "packages/a/src/two.ts"),
    module("packages/a/src/two.ts", "packages/a/src/one.ts", "packages/b/src/index.ts"),
    module("packages/b/src/index.test.ts", "packages/a/src/one.ts"),
  ];
  expect(folderRings(modules, isTest)).toEqual([]);
});
