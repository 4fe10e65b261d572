import { Snapshot } from "@portico/protocol/edge";
import { open } from "@portico/protocol/sealing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildSnapshot, type SnapshotRows } from "./snapshot.ts";

const dataKey = Buffer.alloc(32, 7);
const openSecret = (sealed: string) => {
  if (!sealed.startsWith("sealed:")) throw new Error("this value was sealed with another PORTICO_SECRET_KEY");
  return sealed.slice("sealed:".length);
};
const build = (rows: SnapshotRows) => buildSnapshot(rows, { namespace: "", dataKey, systemCallKey: Buffer.alloc(0), openSecret });
const decode = (rows: SnapshotRows) => Snapshot.decode(build(rows).body);

const llm = (id: number, change: Partial<SnapshotRows["llms"][number]> = {}): SnapshotRows["llms"][number] => ({
  id,
  name: `LLM ${id}`,
  slug: `llm-${id}`,
  vendor: "openai",
  apiEndpoint: "",
  apiKeySealed: `sealed:sk-key-of-${id}`,
  defaultModel: "gpt-4o",
  allowedModels: [],
  allowedEndpoints: [],
  keyOrigins: [],
  monthlyBudgetMicroUsd: null,
  budgetStartAt: null,
  namespace: "",
  ...change,
});
const app = (id: number): SnapshotRows["apps"][number] => ({
  id,
  name: `App ${id}`,
  description: "",
  userId: 1,
  ownerEmail: "a@b.c",
  isSystem: false,
  monthlyBudgetMicroUsd: 5_000_000,
  budgetStartAt: null,
  metadata: { b: 1, a: { d: 2, c: 3 } },
});
const plugin = (id: number, change: Partial<SnapshotRows["plugins"][number]> = {}): SnapshotRows["plugins"][number] => ({
  id,
  name: `Plugin ${id}`,
  slug: `plugin-${id}`,
  command: "file:///plugins/x",
  checksum: "",
  configSealed: 'sealed:{"secret":"hush-hush"}',
  hookTypes: ["studio_ui", "post_auth"],
  grants: ["post_auth"],
  approvedCodeHash: "",
  generation: 0,
  ...change,
});
const rows = (change: Partial<SnapshotRows> = {}): SnapshotRows => ({
  llms: [llm(1), llm(2), llm(3)],
  apps: [app(1), app(2)],
  appLlms: [
    { appId: 1, llmId: 1 },
    { appId: 1, llmId: 3 },
    { appId: 2, llmId: 2 },
  ],
  credentials: [
    { appId: 1, secretHash: "a".repeat(64) },
    { appId: 1, secretHash: "b".repeat(64) },
    { appId: 2, secretHash: "c".repeat(64) },
  ],
  plugins: [plugin(1), plugin(2), plugin(3, { hookTypes: ["studio_ui"] }), plugin(4)],
  llmPlugins: [
    { llmId: 1, pluginId: 2, orderIndex: 0, overrideSealed: null },
    { llmId: 1, pluginId: 1, orderIndex: 1, overrideSealed: 'sealed:{"z":1,"a":2}' },
    { llmId: 1, pluginId: 3, orderIndex: 2, overrideSealed: null },
  ],
  prices: [
    {
      vendor: "openai",
      modelName: "b",
      inputMicroUsdPerMillion: 1,
      outputMicroUsdPerMillion: 2,
      cacheWriteMicroUsdPerMillion: 0,
      cacheReadMicroUsdPerMillion: 0,
    },
    {
      vendor: "openai",
      modelName: "a",
      inputMicroUsdPerMillion: 1,
      outputMicroUsdPerMillion: 2,
      cacheWriteMicroUsdPerMillion: 0,
      cacheReadMicroUsdPerMillion: 0,
    },
  ],
  ...change,
});

test("equal rows in any order give equal bytes", () => {
  const expected = build(rows()).checksum;
  const shuffled = <T>(list: T[]) => fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length });
  const all = rows();
  fc.assert(
    fc.property(
      fc.record({
        llms: shuffled(all.llms),
        apps: shuffled(all.apps),
        appLlms: shuffled(all.appLlms),
        credentials: shuffled(all.credentials),
        plugins: shuffled(all.plugins),
        llmPlugins: shuffled(all.llmPlugins),
        prices: shuffled(all.prices),
      }),
      (mixed) => build(mixed).checksum === expected,
    ),
    { numRuns: 50 },
  );
});

test("a changed secret changes the checksum, and no secret can be read in the bytes", () => {
  const before = build(rows());
  expect(build(rows({ llms: [llm(1, { apiKeySealed: "sealed:sk-other" }), llm(2), llm(3)] })).checksum).not.toBe(before.checksum);
  expect(before.body.includes("sk-key-of-1")).toBe(false);
  expect(before.body.includes("hush-hush")).toBe(false);
});

test("an LLM has its plugins in their order, only those an edge runs, and only used plugins travel", () => {
  const snapshot = decode(rows());
  const steps = snapshot.llms[0]?.plugins ?? [];
  const opened = steps.map(({ pluginId, sealedConfigOverrideJson: sealed }) => [
    pluginId,
    sealed.length > 0 ? String(open(dataKey, sealed)) : "",
  ]);
  expect(opened).toEqual([
    [2, ""],
    [1, '{"a":2,"z":1}'],
  ]);
  expect(snapshot.plugins.map(({ id, hookTypes, serviceScopes }) => ({ id, hookTypes, serviceScopes }))).toEqual([
    { id: 1, hookTypes: ["post_auth"], serviceScopes: [] },
    { id: 2, hookTypes: ["post_auth"], serviceScopes: [] },
  ]);
  const grants = ["rpc:call", "post_auth", "kv.readwrite", "llm.before_create", "publish:cache.*"];
  const approved = decode(rows({ plugins: [plugin(1, { grants, approvedCodeHash: "c0de" }), plugin(2)] }));
  expect(approved.plugins[0]).toMatchObject({ serviceScopes: ["kv.readwrite", "publish:cache.*"], codeHash: "c0de" });
});

test("an edge runs the hooks that were granted and no others, and no LLM whose plugin waits for approval", () => {
  const built = build(
    rows({
      plugins: [plugin(1, { hookTypes: ["pre_auth", "post_auth"] }), plugin(2, { grants: ["kv.readwrite"] })],
      llmPlugins: [
        { llmId: 1, pluginId: 1, orderIndex: 0, overrideSealed: null },
        { llmId: 2, pluginId: 2, orderIndex: 0, overrideSealed: null },
      ],
    }),
  );
  const snapshot = Snapshot.decode(built.body);
  expect(snapshot.plugins.map(({ id, hookTypes }) => [id, hookTypes])).toEqual([[1, ["post_auth"]]]);
  expect(snapshot.llms.map(({ id }) => id)).toEqual([1, 3]);
  expect(built.problems).toEqual([
    { kind: "llm", id: 2, name: expect.any(String), reason: 'its plugin "Plugin 2" cannot be used: it waits for approval' },
  ]);
});

test("what cannot be used is left out and reported, the rest stays; an LLM never loses a plugin in silence", () => {
  const built = build(
    rows({
      llms: [llm(1), llm(2, { apiKeySealed: "v1.gone" }), llm(3, { allowedModels: ["("] }), llm(4)],
      plugins: [plugin(1, { configSealed: "v1.gone" }), plugin(2)],
    }),
  );
  expect(Snapshot.decode(built.body).llms.map(({ id }) => id)).toEqual([4]);
  expect(built.problems.map(({ kind, id }) => `${kind} ${id}`).sort()).toEqual(["llm 1", "llm 2", "llm 3", "plugin 1"]);
});

test("an LLM without an endpoint gets its vendor's, and one of the namespace hides a global one of the same path", () => {
  const snapshot = decode(
    rows({
      llms: [llm(1), llm(2, { vendor: "anthropic" }), llm(9, { slug: "llm-1", namespace: "eu", apiEndpoint: "http://eu.test/v1/" })],
      llmPlugins: [],
    }),
  );
  expect(snapshot.llms.map(({ id, endpoint }) => [id, endpoint])).toEqual([
    [2, "https://api.anthropic.com"],
    [9, "http://eu.test/v1"],
  ]);
});
