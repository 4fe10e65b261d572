import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { aWorld, basicSnapshot, call, chat, chatPath, endWorlds, until, type World } from "./world.ts";

afterEach(endWorlds);

async function collecting(config: object = {}): Promise<World> {
  const world = await aWorld({
    snapshot: (hub, url) => ({
      ...basicSnapshot(hub, url),
      plugins: [
        {
          id: 1,
          name: "Collector",
          slug: "collector",
          command: `file://${fileURLToPath(new URL("./fixtures/collector-plugin.ts", import.meta.url))}`,
          checksum: "",
          sealedConfigJson: hub.seal(JSON.stringify(config)),
          hookTypes: ["data_collection", "custom_endpoint"],
          serviceScopes: [],
          generation: 1,
        },
      ],
    }),
  });
  await until(async () => (await call(world.gateway, "/ready?strict")).status === 200, 15_000);
  return world;
}

type Collected = { logs: Record<string, unknown>[]; analytics: Record<string, unknown>[]; budgets: Record<string, unknown>[] };
const collectedAt = async ({ gateway }: World) => (await call(gateway, "/plugins/collector/collected")).json as Collected;

test("a collector receives what each call carried, used and cost, without being attached to its LLM", async () => {
  const world = await collecting();
  const { headers, text } = await call(world.gateway, chatPath, { body: chat("hello there") });
  await until(async () => (await collectedAt(world)).analytics.length === 1);
  const { logs, analytics, budgets } = await collectedAt(world);
  const requestId = headers.get("x-request-id");
  const [record] = world.hub.records();
  const common = { appId: 7, requestId, timestamp: expect.any(Number) };
  expect(logs).toEqual([
    expect.objectContaining({
      ...common,
      userId: 3,
      vendor: "openai",
      responseCode: 200,
      request: JSON.stringify(chat("hello there")),
      response: text,
    }),
  ]);
  const { promptTokens = 0, responseTokens = 0, costMicroUsd = 0 } = record ?? {};
  expect(promptTokens).toBeGreaterThan(0);
  expect(analytics).toEqual([
    expect.objectContaining({
      ...common,
      llmId: 1,
      userId: 3,
      modelName: "demo-small",
      promptTokens,
      responseTokens,
      currency: "USD",
      choices: 1,
    }),
  ]);
  // Dollars x 10,000.
  expect(analytics[0]?.cost).toBeCloseTo(costMicroUsd / 100, 1);
  expect(budgets).toEqual([expect.objectContaining({ ...common, llmId: 1, requestsCount: 1, tokensUsed: promptTokens + responseTokens })]);
  expect(Number(budgets[0]?.periodEnd)).toBeGreaterThan(Number(budgets[0]?.periodStart));
});

test("a collector receives the whole of a stream, and nothing of a call that was refused", async () => {
  const world = await collecting();
  await call(world.gateway, chatPath, { body: chat("no"), headers: { authorization: "Bearer nope" } });
  const { text } = await call(world.gateway, chatPath, { body: chat("a stream", { stream: true }) });
  await until(async () => (await collectedAt(world)).analytics.length > 0);
  expect((await collectedAt(world)).logs.map(({ response }) => response)).toEqual([text]);
});

test("a collector that fails changes no answer and is named in the log", async () => {
  const world = await collecting({ fail: true });
  for (let i = 0; i < 3; i++) expect((await call(world.gateway, chatPath, { body: chat() })).status).toBe(200);
  await until(async () => (await collectedAt(world)).analytics.length === 3);
  const lines = world.log.filter((line) => line.includes("does not collect"));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("the collector's disk is full");
});
