import { CredentialBucket, Snapshot } from "@portico/protocol/edge";
import { open } from "@portico/protocol/sealing";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AppRow,
  createNamespaceEncoder,
  type EncodedResource,
  encodeApp,
  encodePrice,
  type LlmPluginRow,
  type LlmRow,
  type PluginRow,
  type PriceRow,
} from "./resources.ts";
import { composeSnapshot } from "./snapshots.ts";

const dataKey = Buffer.alloc(32, 7);
const openSealed = (sealed: string) => {
  if (!sealed.startsWith("sealed:")) throw new Error("this value was encrypted with another PORTICO_SECRET_KEY");
  return sealed.slice("sealed:".length);
};

type Rows = { llms: LlmRow[]; apps: AppRow[]; plugins: PluginRow[]; llmPlugins: LlmPluginRow[]; prices: PriceRow[] };

/** What edges of the namespace are sent. */
function build(rows: Rows, namespace = ""): EncodedResource[] {
  const encoder = createNamespaceEncoder({
    namespace,
    dataKey,
    resolver: { open: openSealed, openIn: (value) => value },
    plugins: rows.plugins,
  });
  const attached = new Set(rows.llmPlugins.map(({ pluginId }) => pluginId));
  return [
    ...encoder.llms(rows.llms, rows.llmPlugins),
    ...rows.plugins.flatMap(({ id }) => encoder.plugin(id, attached.has(id)) ?? []),
    ...rows.apps.map(encodeApp),
    ...rows.prices.map(encodePrice),
  ];
}

const hash = (digit: string) => digit.repeat(64);
const entry = (digit: string, appId: number) => Buffer.from(hash(digit) + appId.toString(16).padStart(8, "0"), "hex");
const credentials = ["a", "b", "c"].map((digit, at) => ({
  type: "credentials",
  name: digit.repeat(3),
  body: Buffer.from(CredentialBucket.encode({ entries: entry(digit, at < 2 ? 1 : 2) }).finish()),
}));

/** The whole snapshot that older edges get. */
const snapshotOf = (rows: Rows, namespace = "") =>
  composeSnapshot(
    namespace,
    [...build(rows, namespace), ...credentials].flatMap(({ type, name, body }) => (body ? [{ type, name, body }] : [])),
  );
const decode = async (rows: Rows, namespace = "") => Snapshot.decode((await snapshotOf(rows, namespace)).body);
const problemsOf = (rows: Rows) =>
  build(rows).flatMap(({ type, name, label, problem }) =>
    problem ? [{ kind: type, id: Number(name), name: label, reason: problem }] : [],
  );

const llm = (id: number, change: Partial<LlmRow> = {}): LlmRow => ({
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
const app = (id: number, llmIds: number[]): AppRow => ({
  id,
  name: `App ${id}`,
  description: "",
  userId: 1,
  ownerEmail: "a@b.c",
  isSystem: false,
  monthlyBudgetMicroUsd: 5_000_000,
  budgetStartAt: null,
  metadata: { b: 1, a: { d: 2, c: 3 } },
  namespace: "",
  llmIds,
});
const plugin = (id: number, change: Partial<PluginRow> = {}): PluginRow => ({
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
  namespace: "",
  ...change,
});
const rows = (change: Partial<Rows> = {}): Rows => ({
  llms: [llm(1), llm(2), llm(3)],
  apps: [app(1, [3, 1]), app(2, [2])],
  plugins: [plugin(1), plugin(2), plugin(3, { hookTypes: ["studio_ui"] }), plugin(4)],
  llmPlugins: [
    { llmId: 1, pluginId: 2, orderIndex: 0, overrideSealed: null },
    { llmId: 1, pluginId: 1, orderIndex: 1, overrideSealed: 'sealed:{"z":1,"a":2}' },
    { llmId: 1, pluginId: 3, orderIndex: 2, overrideSealed: null },
  ],
  prices: [
    {
      id: 2,
      vendor: "openai",
      modelName: "b",
      inputMicroUsdPerMillion: 1,
      outputMicroUsdPerMillion: 2,
      cacheWriteMicroUsdPerMillion: 0,
      cacheReadMicroUsdPerMillion: 0,
      cacheWriteHourMicroUsdPerMillion: null,
    },
    {
      id: 1,
      vendor: "openai",
      modelName: "a",
      inputMicroUsdPerMillion: 1,
      outputMicroUsdPerMillion: 2,
      cacheWriteMicroUsdPerMillion: 0,
      cacheReadMicroUsdPerMillion: 0,
      cacheWriteHourMicroUsdPerMillion: null,
    },
  ],
  ...change,
});

test("equal rows in any order give equal bytes", async () => {
  const expected = (await snapshotOf(rows())).checksum;
  const shuffled = <T>(list: T[]) => fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length });
  const all = rows();
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        llms: shuffled(all.llms),
        apps: shuffled(all.apps),
        plugins: shuffled(all.plugins),
        llmPlugins: shuffled(all.llmPlugins),
        prices: shuffled(all.prices),
      }),
      async (mixed) => (await snapshotOf(mixed)).checksum === expected,
    ),
    { numRuns: 50 },
  );
});

test("a changed secret changes the checksum, and no secret can be read in the bytes", async () => {
  const before = await snapshotOf(rows());
  const changed = rows({ llms: [llm(1, { apiKeySealed: "sealed:sk-other" }), llm(2), llm(3)] });
  expect((await snapshotOf(changed)).checksum).not.toBe(before.checksum);
  expect(before.body.includes("sk-key-of-1")).toBe(false);
  expect(before.body.includes("hush-hush")).toBe(false);
});

test("an LLM has its plugins in their order, only those an edge runs, and only used plugins travel", async () => {
  const snapshot = await decode(rows());
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
  const approved = await decode(rows({ plugins: [plugin(1, { grants, approvedCodeHash: "c0de" }), plugin(2)] }));
  expect(approved.plugins[0]).toMatchObject({ serviceScopes: ["kv.readwrite", "publish:cache.*"], codeHash: "c0de" });
});

test("an edge runs the hooks that were granted and no others, and no LLM whose plugin waits for approval", async () => {
  const all = rows({
    plugins: [plugin(1, { hookTypes: ["pre_auth", "post_auth"] }), plugin(2, { grants: ["kv.readwrite"] })],
    llmPlugins: [
      { llmId: 1, pluginId: 1, orderIndex: 0, overrideSealed: null },
      { llmId: 2, pluginId: 2, orderIndex: 0, overrideSealed: null },
    ],
  });
  const snapshot = await decode(all);
  expect(snapshot.plugins.map(({ id, hookTypes }) => [id, hookTypes])).toEqual([[1, ["post_auth"]]]);
  expect(snapshot.llms.map(({ id }) => id)).toEqual([1, 3]);
  expect(problemsOf(all)).toEqual([
    { kind: "llm", id: 2, name: expect.any(String), reason: 'its plugin "Plugin 2" cannot be used: it is waiting for approval' },
  ]);
});

test("what cannot be used is left out and reported, the rest stays; an LLM never loses a plugin in silence", async () => {
  const all = rows({
    llms: [llm(1), llm(2, { apiKeySealed: "v1.gone" }), llm(3, { allowedModels: ["("] }), llm(4)],
    plugins: [plugin(1, { configSealed: "v1.gone" }), plugin(2)],
  });
  expect((await decode(all)).llms.map(({ id }) => id)).toEqual([4]);
  expect(
    problemsOf(all)
      .map(({ kind, id }) => `${kind} ${id}`)
      .sort(),
  ).toEqual(["llm 1", "llm 2", "llm 3", "plugin 1"]);
});

test("an LLM without an endpoint gets its vendor's, and one of the namespace hides a global one of the same path", async () => {
  const snapshot = await decode(
    rows({
      llms: [llm(1), llm(2, { vendor: "anthropic" }), llm(9, { slug: "llm-1", namespace: "eu", apiEndpoint: "http://eu.test/v1/" })],
      llmPlugins: [],
    }),
    "eu",
  );
  expect(snapshot.llms.map(({ id, endpoint }) => [id, endpoint])).toEqual([
    [2, "https://api.anthropic.com"],
    [9, "http://eu.test/v1"],
  ]);
});

test("a whole snapshot holds each app's credentials, sorted, and nothing that was not in the resources", async () => {
  const snapshot = await decode(rows());
  expect(snapshot.apps.map(({ id, llmIds, credentialHashes }) => ({ id, llmIds, credentialHashes }))).toEqual([
    { id: 1, llmIds: [1, 3], credentialHashes: [hash("a"), hash("b")] },
    { id: 2, llmIds: [2], credentialHashes: [hash("c")] },
  ]);
  expect(snapshot.prices.map(({ modelName }) => modelName)).toEqual(["a", "b"]);
  expect((await decode(rows(), "eu")).namespace).toBe("eu");
});
