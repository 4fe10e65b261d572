import { revokedLlm } from "@portico/protocol";
import { expect, test } from "vitest";
import type { App, Llm, RoutingTable } from "./routing-table.ts";
import { createConfigStore } from "./store.ts";

const app = { id: 1, name: "App" } as App;
const table = (version: number, hashes: string[]) =>
  ({ version, appsByCredential: new Map(hashes.map((hash) => [hash, app])) }) as unknown as RoutingTable;

test("a revoked credential stays refused whatever snapshots hold, until one says that it is not revoked any more", () => {
  const store = createConfigStore();
  store.swap(table(1, ["h"]), []);
  store.revoke(["h"]);
  for (const next of [table(2, []), table(3, ["h"])]) {
    store.swap(next, ["h"]);
    expect(store.appOf(next, "h")).toBeUndefined();
  }
  const admitted = table(4, ["h"]);
  store.swap(admitted, []);
  expect(store.appOf(admitted, "h")).toBe(app);
});

test("a request that began before a credential was revoked and left out is not admitted by the table it began with", () => {
  const store = createConfigStore();
  const before = table(1, ["h", "other"]);
  store.swap(before, []);
  store.revoke(["h"]);
  store.swap(table(2, ["other"]), []);
  expect(store.appOf(before, "h")).toBeUndefined();
  expect(store.appOf(before, "other")).toBe(app);
});

test("an older snapshot changes neither what is served nor what is refused", () => {
  const store = createConfigStore();
  const newer = table(2, ["h"]);
  store.swap(newer, ["h"]);
  expect(store.swap(table(1, ["h"]), [])).toBe(false);
  expect(store.appOf(newer, "h")).toBeUndefined();
});

test("an LLM that was revoked is not served, nor one that was left out since the request began, until a snapshot holds it unrevoked", () => {
  const store = createConfigStore();
  const [one, other] = [1, 2].map((id) => ({ id, revokedAs: revokedLlm(id) }) as Llm) as [Llm, Llm];
  const of = (version: number, ...llms: Llm[]) =>
    ({ version, appsByCredential: new Map(), llmsById: new Map(llms.map((llm) => [llm.id, llm])) }) as unknown as RoutingTable;
  const before = of(1, one, other);
  store.swap(before, []);
  expect([store.serves(before, one), store.serves(before, other)]).toEqual([true, true]);
  store.revoke([revokedLlm(1)]);
  expect([store.serves(before, one), store.serves(before, other)]).toEqual([false, true]);
  store.swap(of(2, one), []);
  expect([store.serves(before, one), store.serves(before, other)]).toEqual([true, false]);
});
