import { afterEach, expect, test, vi } from "vitest";
import { aStudio, type Studio } from "../../testing.ts";
import { aPlugin, commands, dataOf, until } from "../test/harness.ts";

// Plugins are real processes, which start and crash in a test.
vi.setConfig({ testTimeout: 90_000 });

let studio: Studio;
afterEach(() => studio.close());

const draft = (name: string) => ({ name, vendor: "openai", api_endpoint: "https://llm.test/v1", api_key: "sk-hidden-4711" });
type Seen = { hookType?: string; name: string } & Record<string, unknown>;
/** Retries are minutes apart in the end; the queue is told that their time has come. */
const hurry = ({ db }: Studio) => db.sql.query("UPDATE graphile_worker._private_jobs SET run_at = now() WHERE run_at > now()");

test("after-hooks get the whole object, what it was before an update, and what it was when it was deleted", async () => {
  studio = await aStudio();
  const { call } = studio;
  const probe = await aPlugin(studio, { name: "Told", command: commands.probe, config: { mode: "allow" } });
  const seen = async (hookType: string) =>
    until(async () => (dataOf(await probe.rpc("seen")) as Seen[]).find((one) => one.hookType === hookType));
  const { id } = (await call("POST", "/api/v1/llms", draft("Whole"))).data;
  const created = await seen("after_create");
  await call("PATCH", `/api/v1/llms/${id}`, { name: "Other", active: false });
  const updated = await seen("after_update");
  await call("DELETE", `/api/v1/llms/${id}`);
  const deleted = await seen("after_delete");

  const { data } = { data: { id: Number(id), slug: "whole", metadata: { [`plugin_${probe.id}_checked`]: "yes" }, has_api_key: true } };
  expect(created).toMatchObject({ ...data, name: "Whole", created_at: expect.any(String), changes: [] });
  expect(created).not.toHaveProperty("previous");
  expect(updated).toMatchObject({
    name: "Other",
    slug: "other",
    previous: { ...data, name: "Whole", active: true },
    changes: ["active", "name", "slug"],
  });
  expect(deleted).toMatchObject({
    id: Number(id),
    name: "Other",
    upperName: "OTHER",
    slug: "other",
    active: false,
    metadata: data.metadata,
  });
  expect(JSON.stringify([created, updated, deleted])).not.toContain("sk-hidden");
});

test("an after-hook that crashes the plugin is given up after three attempts, is shown with the reason, and fails nobody's call", async () => {
  studio = await aStudio();
  const { call } = studio;
  const probe = await aPlugin(studio, { name: "Fragile", command: commands.probe, config: { mode: "allow", crash_on: "poison" } });
  const failures = async () => (await call("GET", `${probe.path}/hook-failures`)).list;
  expect((await call("POST", "/api/v1/llms", draft("poison"))).status).toBe(201);
  let others = 0;
  const failed = await until(async () => {
    await hurry(studio);
    // Checked by the plugin that crashes meanwhile.
    const other = await call("POST", "/api/v1/llms", draft(`harmless ${others++}`));
    expect(other.status, other.text).toBe(201);
    return (await failures()).find(({ attributes }) => attributes.state === "failed");
  }, 60_000);
  expect(failed).toMatchObject({
    type: "plugin-hook-failures",
    attributes: { hook: "llm.after_create", crashes: 3, reason: expect.stringContaining("lost during the call") },
  });

  // Harmless events that a crash took along are delivered all the same.
  await probe.healthy();
  await until(async () => (await hurry(studio)) && (await failures()).length === 1, 30_000);
  expect((await call("POST", `${probe.path}/hook-failures/${failed.id}/retry`)).status).toBe(204);
  await until(async () => (await failures()).find(({ attributes }) => attributes.crashes === 1), 30_000);
  expect((await call("POST", `${probe.path}/hook-failures/${failed.id}/retry`)).status).toBe(404);
});
