import { mkdtemp, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResourceDelta } from "@portico/protocol/edge";
import { resourceKey } from "@portico/protocol/resources";
import { afterEach, expect, test } from "vitest";
import { createResourceLog } from "./resource-log.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function aLog() {
  const folder = await mkdtemp(join(tmpdir(), "portico-log-"));
  folders.push(folder);
  return { folder, path: join(folder, "last-good.log"), log: createResourceLog(folder, () => undefined) };
}
const key = Buffer.from("wrapped");

const delta = (version: number, change: Partial<ResourceDelta> = {}): ResourceDelta => ({
  full: false,
  set: [],
  removed: [],
  complete: true,
  version,
  checksum: `of ${version}`,
  revocation: undefined,
  ...change,
});
const app = (name: string, text = "") => ({ type: "app", name, shared: true, body: Buffer.from(text) });

/** What the log makes of all its deltas. */
async function held({ load }: ReturnType<typeof createResourceLog>) {
  const stored = await load();
  const resources = new Map<string, string>();
  let version = 0;
  for (const one of stored?.deltas ?? []) {
    if (one.full) resources.clear();
    for (const resource of one.set) resources.set(resourceKey(resource), String(resource.body));
    for (const name of one.removed) resources.delete(resourceKey(name));
    if (one.complete) version = one.version;
  }
  return { version, resources: [...resources.values()].sort() };
}

test("what was committed is there again; parts of what was not are ignored, and do not stand in the way of what follows", async () => {
  const { folder, path, log } = await aLog();
  await log.begin(key);
  await log.add(delta(1, { full: true, set: [app("1", "one"), app("2", "two")] }));
  await log.commit();
  await log.add(delta(2, { set: [app("2", "changed")] }));
  await log.commit();
  const whole = (await stat(path)).size;
  await log.add(delta(3, { removed: [app("1")] }));
  await log.commit();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  for (const size of [whole + 1, whole + 9, (await stat(path)).size - 1]) {
    await truncate(path, size);
    expect(await held(createResourceLog(folder, () => undefined))).toEqual({ version: 2, resources: ["changed", "one"] });
  }
  const again = createResourceLog(folder, () => undefined);
  await again.load();
  await again.add(delta(4, { set: [app("3", "three")] }));
  await again.commit();
  expect(await held(again)).toEqual({ version: 4, resources: ["changed", "one", "three"] });
});

test("a new beginning counts only when it is whole", async () => {
  const { log } = await aLog();
  await log.begin(key);
  await log.add(delta(1, { full: true, set: [app("1", "one")] }));
  await log.commit();
  await log.begin(key);
  await log.add(delta(2, { full: true, complete: false }));
  expect(await held(log)).toEqual({ version: 1, resources: ["one"] });
  await log.discard();
  expect(await held(log)).toEqual({ version: 1, resources: ["one"] });
});

test("the file does not grow with every change: obsolete versions and deleted resources go", async () => {
  const { path, log } = await aLog();
  await log.begin(key);
  await log.add(delta(1, { full: true, set: [app("kept", "kept"), app("gone", "gone")] }));
  await log.commit();
  await log.add(delta(2, { removed: [app("gone")] }));
  await log.commit();
  const text = "x".repeat(256 * 1024);
  for (let version = 3; version < 60; version++) {
    await log.add(delta(version, { set: [app("busy", `${version} ${text}`)] }));
    await log.commit();
  }
  expect((await stat(path)).size).toBeLessThan(8 * 1024 * 1024);
  const { version, resources } = await held(log);
  expect([version, resources.map((one) => one.slice(0, 4))]).toEqual([59, ["59 x", "kept"]]);
});
