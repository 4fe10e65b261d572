import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { aWorld, basicSnapshot, call, endWorlds, until, type World } from "./world.ts";

afterEach(endWorlds);

const aSender = async (): Promise<World> => {
  const world = await aWorld({
    snapshot: (hub, url) => ({
      ...basicSnapshot(hub, url),
      plugins: [
        {
          id: 4,
          name: "Sender",
          slug: "sender",
          command: `file://${fileURLToPath(new URL("./fixtures/sender-plugin.ts", import.meta.url))}`,
          checksum: "",
          sealedConfigJson: hub.seal("{}"),
          hookTypes: ["custom_endpoint"],
          serviceScopes: ["control.send"],
          generation: 1,
        },
      ],
    }),
  });
  await until(async () => (await call(world.gateway, "/ready?strict")).status === 200, 15_000);
  return world;
};

const send = (world: Pick<World, "gateway">, body: string, headers: Record<string, string> = {}) =>
  call(world.gateway, "/plugins/sender/send", { method: "POST", body, headers });

test("what a plugin sends reaches the hub with its id, correlation, metadata and time, and leaves the queue", async () => {
  const world = await aSender();
  const answer = await send(world, "hello", { "x-correlation": "c-1", "x-metadata": '{"kind":"greeting"}' });
  expect(answer.json).toEqual({ success: true, errorMessage: "", pendingCount: 1 });
  await until(() => world.hub.payloads.length === 1);
  expect(world.hub.payloads[0]).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    pluginId: 4,
    payload: Buffer.from("hello"),
    correlationId: "c-1",
    metadata: { kind: "greeting" },
  });
  expect(Math.abs(Number(world.hub.payloads[0]?.sentAtMs) - Date.now())).toBeLessThan(60_000);
  await until(async () => (await send(world, "again")).json.pendingCount === 1);
});

test("payloads wait on disk while the hub is away or takes no more, through a restart, and none comes twice", async () => {
  const world = await aSender();
  world.hub.refusesPayloads = ({ payloads }) => payloads.map(({ id }) => ({ id, reason: "full", retry: true }));
  for (let n = 0; n < 5; n++) expect((await send(world, `payload ${n}`)).json.success).toBe(true);
  await until(() => world.log.some((line) => line.includes("takes a payload later")));
  await world.gateway.close();
  world.hub.refusesPayloads = () => [];
  await world.restart();
  await until(() => world.hub.payloads.length >= 5, 15_000);
  expect(world.hub.payloads.map(({ payload }) => payload.toString())).toEqual([0, 1, 2, 3, 4].map((n) => `payload ${n}`));
  expect(new Set(world.hub.payloads.map(({ id }) => id)).size).toBe(5);
});

test("a payload that the hub never takes is dropped with a word in the log, and does not hold the others up", async () => {
  const world = await aSender();
  world.hub.refusesPayloads = ({ payloads }) =>
    payloads.filter(({ payload }) => payload.equals(Buffer.from("bad"))).map(({ id }) => ({ id, reason: "no such plugin", retry: false }));
  await send(world, "bad");
  await send(world, "good");
  await until(() => world.hub.payloads.length === 1);
  expect(world.log.some((line) => line.includes("no such plugin"))).toBe(true);
});

test("a payload that is empty, too large or has too much metadata is refused by name, as an answer", async () => {
  const world = await aSender();
  const large = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, "v"]));
  for (const [body, headers, fault] of [
    ["", {}, "payload is empty"],
    ["x", { "x-correlation": "c".repeat(257) }, "correlation_id has more than 256 bytes"],
    ["x", { "x-metadata": JSON.stringify(large) }, "metadata has 51 entries"],
    ["x", { "x-metadata": JSON.stringify({ k: "v".repeat(4_097) }) }, "metadata.k has more than 4096 bytes"],
  ] as const)
    expect((await send(world, body, headers)).json).toMatchObject({ success: false, errorMessage: expect.stringContaining(fault) });
  expect(world.hub.payloads).toEqual([]);
});
