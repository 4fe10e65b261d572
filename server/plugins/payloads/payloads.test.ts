import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { PluginPayload } from "@portico/protocol/edge";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aGrantedPlugin } from "../../grpc/testing.ts";
import { aStudio, type Studio } from "../../testing.ts";
import { aPlugin, until } from "../test/harness.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const origin = { edgeId: "edge-1", namespace: "eu" };
const aPayload = (pluginId: number, text: string, more: Partial<PluginPayload> = {}): PluginPayload => ({
  id: randomUUID(),
  pluginId,
  payload: Buffer.from(text),
  correlationId: "",
  metadata: {},
  sentAtMs: Date.now(),
  ...more,
});
const take = (...payloads: PluginPayload[]) => studio.runtime.plugins.takePayloads(origin, { sessionId: "", payloads });

test("a payload reaches the plugin's process in Studio, which runs for that, once however often the edge sends it", async () => {
  const command = `file://${fileURLToPath(new URL("../test/receiver-plugin.ts", import.meta.url))}`;
  const plugin = await aPlugin(studio, { name: "Receiver", command });
  expect((await plugin.state()).runs_on).toEqual(["studio", "gateway"]);
  const list = async (state = "") => (await studio.call("GET", `${plugin.path}/edge-payloads${state}`)).json as Listed;
  const taken = async () => {
    const { data } = (await studio.call("GET", `${plugin.path}/logs`)).json as { data: { text: string }[] };
    return data.flatMap(({ text }) =>
      text.startsWith("taken ") ? [JSON.parse(text.slice("taken ".length)) as Record<string, unknown>] : [],
    );
  };

  const first = aPayload(plugin.id, "first", { correlationId: "c-1", metadata: { kind: "a" } });
  expect(await take(first, aPayload(plugin.id, "second"))).toEqual([]);
  expect(await take(first)).toEqual([]);
  await until(async () => (await taken()).length === 2, 30_000);
  expect((await taken())[0]).toMatchObject({
    text: "first",
    edgeId: "edge-1",
    edgeNamespace: "eu",
    correlationId: "c-1",
    metadata: { kind: "a" },
  });
  // What is delivered is not kept.
  await until(async () => (await list()).meta.counts.delivered === 2);
  expect((await list("?state=delivered")).data.map(({ attributes }) => attributes.bytes)).toEqual([0, 0]);
  expect((await list()).data.find(({ id }) => id !== first.id)?.attributes).toMatchObject({ attempts: 2, state: "delivered" });

  await take(aPayload(plugin.id, "never"));
  await until(async () => (await list()).data.some(({ attributes }) => attributes.error.includes("never taken")));
  // What has failed as often as it is tried is kept for administrators, who can have it tried again.
  await studio.db.sql.query("UPDATE edge_payloads SET attempts = 7, next_attempt_at = now() WHERE state = 'pending'");
  await take(aPayload(plugin.id, "third"));
  const [dead] = await until(async () => {
    const { data } = await list("?state=failed");
    return data.length > 0 && data;
  }, 30_000);
  const retry = `${plugin.path}/edge-payloads/${dead?.id}/retry`;
  expect((await studio.call("POST", retry)).status).toBe(204);
  expect((await studio.call("POST", retry)).status).toBe(404);
}, 60_000);

type Listed = {
  data: { id: string; attributes: { bytes: number; attempts: number; state: string; error: string } }[];
  meta: { counts: Record<string, number> };
};

test("a payload of a plugin that may not send, or that cannot be stored, is refused for good; one too many, for now", async () => {
  const allowed = await aGrantedPlugin(studio, ["control.send"]);
  const denied = await aGrantedPlugin(studio, ["kv.readwrite"]);
  const wrong = [
    aPayload(denied.id, "x"),
    aPayload(999_999, "x"),
    aPayload(allowed.id, ""),
    aPayload(allowed.id, "x".repeat(1024 * 1024 + 1)),
    aPayload(allowed.id, "x", { id: "7" }),
    aPayload(allowed.id, "x", { correlationId: "a\0b" }),
  ];
  const refused = await take(...wrong, aPayload(allowed.id, "good"));
  expect(new Set(refused.map(({ id }) => id))).toEqual(new Set(wrong.map(({ id }) => id)));
  expect(refused.every(({ retry, reason }) => !retry && reason.endsWith("."))).toBe(true);

  await studio.db.sql.query(
    `INSERT INTO edge_payloads (id, plugin_id, edge_id, edge_namespace, payload, sent_at, next_attempt_at)
     SELECT gen_random_uuid(), $1, 'e', '', 'x', now(), now() + interval '1 day' FROM generate_series(1, 10000)`,
    [allowed.id],
  );
  expect(await take(aPayload(allowed.id, "one more"))).toEqual([
    expect.objectContaining({ retry: true, reason: expect.stringContaining("10000") }),
  ]);
});
