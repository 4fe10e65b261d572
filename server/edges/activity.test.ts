import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
  for (const [edge_id, namespace] of [
    ["eu-1", "EU_west"],
    ["eu-2", "EU_west"],
    ["planned", ""],
  ])
    await studio.call("POST", "/api/v1/edges", { edge_id, namespace });
  await studio.db.prisma.edge.updateMany({
    where: { namespace: "EU_west" },
    data: { status: "connected", lastHeartbeatAt: new Date(), sessionId: "00000000-0000-4000-8000-000000000001" },
  });
});
afterAll(() => studio.close());

const reload = async (id: string) => (await studio.call("GET", `/api/v1/reload-operations/${id}/status`)).data.attributes;

test("a request to reload is in progress until every edge that it was for has acknowledged, and times out after five minutes", async () => {
  const { call, db } = studio;
  const started = await call("POST", "/api/v1/namespaces/EU_west/reload");
  expect(started.status).toBe(202);
  const { id } = started.data;
  expect(await reload(id)).toMatchObject({
    status: "in_progress",
    progress: 0,
    target_edges: ["eu-1", "eu-2"],
    initiated_by: "Admin",
  });
  await db.prisma.edge.update({ where: { edgeId: "eu-1" }, data: { lastSyncAckAt: new Date(Date.now() + 1000) } });
  expect(await reload(id)).toMatchObject({ status: "in_progress", progress: 50 });
  await db.sql.query("UPDATE audit_log SET at = at - interval '6 minutes' WHERE changes->>'operation_id' = $1", [id]);
  expect(await reload(id)).toMatchObject({ status: "timed_out", progress: 50 });
  await db.prisma.edge.update({ where: { edgeId: "eu-2" }, data: { lastSyncAckAt: new Date(Date.now() + 1000) } });
  expect(await reload(id)).toMatchObject({ status: "completed", progress: 100 });
  expect((await call("GET", "/api/v1/edges/reload-operations")).list.map((one) => one.id)).toEqual([id]);
  expect((await call("GET", "/api/v1/reload-operations/reload-unknown/status")).status).toBe(404);
  expect((await call("POST", "/api/v1/namespaces/nowhere/reload")).status).toBe(404);
});

test("namespaces keep their case and underscores, are listed with what they hold, and the global one is meant by each of its names", async () => {
  const { call } = studio;
  await call("POST", "/api/v1/llms", { name: "Model", vendor: "openai", namespace: "EU_west" });
  expect(
    (await call("GET", "/api/v1/namespaces")).list.map(({ id, attributes }) => [id, attributes.edge_count, attributes.llm_count]),
  ).toEqual([
    ["global", 1, 0],
    ["EU_west", 2, 1],
  ]);
  expect((await call("GET", "/api/v1/namespaces/EU_west/edges")).meta.total_count).toBe(2);
  for (const name of ["global", "default", ""])
    expect((await call("GET", `/api/v1/edges?namespace=${name}`)).list.map(({ attributes }) => attributes.edge_id)).toEqual(["planned"]);
});

test("an edge that never came keeps nobody waiting; one that is connected and behind does", async () => {
  const { call, db } = studio;
  const status = async () => {
    const { has_pending, pending_namespaces } = (await call("GET", "/api/v1/sync/status")).json as {
      has_pending: boolean;
      pending_namespaces: string[];
    };
    return [has_pending, pending_namespaces];
  };
  expect(await status()).toEqual([false, []]);
  await db.prisma.namespaceSnapshot.upsert({
    where: { namespace: "EU_west" },
    create: { namespace: "EU_west", version: 9, checksum: "new" },
    update: { version: 9, checksum: "new" },
  });
  await db.prisma.edge.update({
    where: { edgeId: "eu-1" },
    data: { loadedChecksum: "old", loadedVersion: 3, lastHeartbeatAt: new Date() },
  });
  expect(await status()).toEqual([true, ["EU_west"]]);
});

test("what people did with edges is listed newest first, by edge, namespace and kind", async () => {
  const { call } = studio;
  const entries = async (query: string) =>
    ((await call("GET", `/api/v1/sync/audit?${query}`)).json as { data: { event_type: string; edge_id: string }[] }).data;
  expect((await entries("edge_id=planned")).map(({ event_type }) => event_type)).toEqual(["edge_created"]);
  expect((await entries("namespace=EU_west&event_type=edge_created")).map(({ edge_id }) => edge_id)).toEqual(["eu-2", "eu-1"]);
  expect(await entries("limit=1")).toHaveLength(1);
  expect((await call("GET", "/api/v1/sync/audit?event_type=odd")).status).toBe(400);
});
