import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { hashToken } from "@portico/core/tokens";
import { AppConfig, CredentialBucket, LlmConfig, type Resource, type ResourceDelta, type ResourceName } from "@portico/protocol/edge";
import { type ResourceRef, resourceHash, resourceKey, StateChecksum } from "@portico/protocol/resources";
import { afterEach, expect, test } from "vitest";
import { anApp, anLlm, type TestHub } from "./hub.ts";
import { aWorld, call, chat, chatPath, endWorlds, secret, until } from "./world.ts";

afterEach(endWorlds);

/** What a hub would hold: makes deltas with the checksums that follow from them. */
function aConfiguration(hub: TestHub) {
  const held = new Map<string, Buffer>();
  let version = 100;
  function delta(
    { set = [], removed = [], full = false }: { set?: Resource[]; removed?: ResourceName[]; full?: boolean },
    change: Partial<ResourceDelta> = {},
  ): ResourceDelta {
    if (full) held.clear();
    for (const resource of set) held.set(resourceKey(resource), resourceHash(resource, resource.body));
    for (const name of removed) held.delete(resourceKey(name));
    const sum = new StateChecksum();
    for (const hash of held.values()) sum.add(hash);
    const revocation = { revocationId: 0, credentialHashes: [] };
    return { full, set, removed, complete: true, version: ++version, checksum: String(sum), revocation, ...change };
  }
  return {
    delta,
    /** Sends it and waits for what the gateway makes of it. */
    async send(resourceDelta: ResourceDelta) {
      const before = hub.deltaResults.length;
      hub.send({ resourceDelta });
      await until(() => hub.deltaResults.length > before);
      return hub.deltaResults[before];
    },
  };
}

const llmResource = (llm: LlmConfig): Resource => ({
  type: "llm",
  name: String(llm.id),
  shared: false,
  body: Buffer.from(LlmConfig.encode(llm).finish()),
});
const app: Resource = {
  type: "app",
  name: "7",
  shared: true,
  body: Buffer.from(AppConfig.encode({ ...anApp(secret), credentialHashes: [] }).finish()),
};
function bucketOf(token: string): Resource {
  const hash = hashToken(token);
  const entries = Buffer.concat([Buffer.from(hash, "hex"), Buffer.from([0, 0, 0, 7])]);
  return { type: "credentials", name: hash.slice(0, 3), shared: true, body: Buffer.from(CredentialBucket.encode({ entries }).finish()) };
}
const nameOf = ({ type, name, shared }: ResourceRef): ResourceName => ({ type, name, shared });

async function aDeltaWorld() {
  const world = await aWorld();
  const configuration = aConfiguration(world.hub);
  const llm = (change: Partial<LlmConfig> = {}) => llmResource(anLlm(world.hub, world.vendorUrl, change));
  const result = await configuration.send(configuration.delta({ full: true, set: [llm(), app, bucketOf(secret)] }));
  expect(result).toMatchObject({ gap: false, reason: "", rejected: [] });
  return { ...world, ...configuration, llm };
}

const status = async (gateway: Parameters<typeof call>[0], path = chatPath) => (await call(gateway, path, { body: chat() })).status;

test("of a delta with something unusable in it everything else is served, and of that the former version", async () => {
  const { gateway, hub, send, delta, llm } = await aDeltaWorld();
  expect(hub.hellos[0]).toMatchObject({ takesDeltas: true, resourcesVersion: 0 });
  expect(await status(gateway)).toBe(200);
  const second = llm({ id: 2, name: "Second", slug: "second" });
  const result = await send(delta({ set: [llm({ endpoint: "ftp://x" }), second] }));
  expect(result).toMatchObject({
    gap: false,
    rejected: [{ type: "llm", name: "1", reason: expect.stringContaining("endpoint that is not an http or https URL") }],
  });
  expect(await status(gateway)).toBe(200);
  // It is served: only the app may not call it.
  expect(await status(gateway, chatPath.replace("demo", "second"))).toBe(403);
  // Still wrong, and said with every later result until it is mended.
  expect((await send(delta({ removed: [nameOf(second)] })))?.rejected).toHaveLength(1);
  expect((await send(delta({ set: [llm({ allowedModels: ["^only-this$"] })] })))?.rejected).toEqual([]);
  expect(await status(gateway)).toBe(403);
});

test("a delta that does not continue what is held changes nothing, and everything is asked for", async () => {
  const { gateway, send, delta, llm } = await aDeltaWorld();
  const missed = llm({ id: 2, slug: "missed" });
  delta({ set: [missed] });
  const late = delta({ removed: [nameOf(app)] });
  expect(await send(late)).toMatchObject({ version: late.version, gap: true });
  expect(await status(gateway)).toBe(200);
  expect(await send(delta({ full: true, set: [llm({ allowedModels: ["^only-this$"] }), app, bucketOf(secret)] }))).toMatchObject({
    gap: false,
  });
  expect(await status(gateway)).toBe(403);
});

test("everything whose checksum is wrong is refused with the reason, and the old stays", async () => {
  const { gateway, send, delta } = await aDeltaWorld();
  const wrong = delta({ full: true, set: [app] }, { checksum: "0".repeat(64) });
  expect(await send(wrong)).toMatchObject({ gap: false, reason: expect.stringContaining("the checksum of all resources is") });
  expect(await status(gateway)).toBe(200);
});

test("with the hub down a gateway starts from the deltas it had, whatever a crash has left behind them", async () => {
  const { gateway, hub, dataDir, send, delta, llm, restart } = await aDeltaWorld();
  await send(delta({ set: [llm({ allowedModels: ["^demo-"] })] }));
  const { version, checksum } = (await send(delta({ set: [bucketOf("another")] }))) ?? { version: 0, checksum: "" };
  // The rest of a delta that was being received when the process ended.
  hub.send({ resourceDelta: delta({ removed: [nameOf(app)] }, { complete: false }) });
  await gateway.close();
  await hub.close();
  await appendFile(join(dataDir, "last-good.log"), Buffer.from("0000ffff00000000aa", "hex"));
  const alone = await restart();
  expect(await status(alone)).toBe(200);
  expect((await call(alone, "/ready")).json).toMatchObject({ checks: { snapshot: { version } } });
  expect((await call(alone, chatPath, { body: chat("hi", { model: "other" }) })).status).toBe(403);
  expect(checksum).toMatch(/^[0-9a-f]{64}$/);
});

test("a restarted gateway says up to where it has the resources, and what of them it cannot use", async () => {
  const { gateway, hub, send, delta, llm, restart } = await aDeltaWorld();
  const result = await send(delta({ set: [llm({ id: 3, slug: "odd", endpoint: "ftp://x" })] }));
  await gateway.close();
  const before = hub.deltaResults.length;
  await restart();
  await until(() => hub.hellos.length === 2 && hub.deltaResults.length > before);
  expect(hub.hellos[1]).toMatchObject({ version: result?.version, checksum: result?.checksum, resourcesVersion: result?.version });
  expect(hub.deltaResults[before]?.rejected).toMatchObject([{ type: "llm", name: "3" }]);
});

test("a credential that is revoked while a delta is under way is refused at once, and is not admitted by that delta", async () => {
  const { gateway, hub, send, delta, llm } = await aDeltaWorld();
  hub.send({ resourceDelta: { ...delta({ set: [llm({ id: 2, slug: "two" })] }), complete: false } });
  hub.send({ revocation: { revocationId: 5, credentialHashes: [hashToken(secret)] } });
  await until(async () => (await status(gateway)) === 401, 2_000);
  await until(() => hub.revocationsDone.includes(5));
  const revocation = { revocationId: 0, credentialHashes: [hashToken(secret)] };
  await send(delta({ set: [bucketOf("another")] }, { revocation }));
  expect(await status(gateway)).toBe(401);
  // The next one says that it was admitted again.
  await send(delta({}));
  expect(await status(gateway)).toBe(200);
});

test("a hub of the previous release that knows snapshots only is served by them, before and after deltas", async () => {
  const { gateway, hub, vendorUrl, restart } = await aDeltaWorld();
  hub.push({ llms: [anLlm(hub, vendorUrl, { allowedModels: ["^only-this$"] })], apps: [anApp(secret)] }, { version: 5_000 });
  await until(() => hub.results.length === 2);
  expect(hub.results[1]).toMatchObject({ version: 5_000, accepted: true });
  expect(await status(gateway)).toBe(403);
  await gateway.close();
  await hub.close();
  expect(await status(await restart())).toBe(403);
});
