import { hashToken } from "@portico/core/tokens";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Caller, type Studio } from "../testing.ts";

let studio: Studio;
let owner: Caller;
let llmId: number;
beforeAll(async () => {
  studio = await aStudio();
  owner = await studio.aUser({ name: "Olive Owner" });
  llmId = Number((await studio.call("POST", "/api/v1/llms", { name: "Model", vendor: "openai" })).data.id);
});
afterAll(() => studio.close());

type Shown = { id: string; key_id: string; secret: string; active: boolean };
const aDraft = (more: Record<string, unknown> = {}) => ({ name: "crm", description: "CRM bot", llm_ids: [llmId], ...more });
const topics = async (take: number) =>
  (await studio.db.prisma.outboxEvent.findMany({ orderBy: { id: "desc" }, take, select: { topic: true } })).map(({ topic }) => topic);

test("an app comes with an inactive credential whose secret is answered once and stored as a hash", async () => {
  const { call, db } = studio;
  const created = await call("POST", "/api/v1/apps", aDraft());
  expect(created.status).toBe(201);
  const credential = created.data.attributes.credential as Shown;
  expect(credential).toMatchObject({ active: false, secret: expect.stringMatching(/^pk_/) });
  expect(created.data.attributes).toMatchObject({
    user_id: studio.admin.userId,
    llm_ids: [llmId],
    current_spend: 0,
    credential_id: Number(credential.id),
  });
  expect((await db.prisma.credential.findUniqueOrThrow({ where: { id: Number(credential.id) } })).secretHash).toBe(
    hashToken(credential.secret),
  );
  for (const path of [
    `apps/${created.data.id}`,
    `apps/${created.data.id}/credentials`,
    `credentials/${credential.id}`,
    `credentials/key/${credential.key_id}`,
  ])
    expect((await call("GET", `/api/v1/${path}`)).text).not.toContain(credential.secret);

  const active = await call("POST", "/api/v1/apps", aDraft({ activate: true }));
  expect(active.data.attributes.credential).toMatchObject({ active: true });
});

test("approving lets the app's credential in, withdrawing refuses all of them, and each is an event that edges obey", async () => {
  const { call } = studio;
  const app = await call("POST", "/api/v1/apps", aDraft());
  const path = `/api/v1/apps/${app.data.id}`;
  expect((await call("POST", `${path}/activate-credential`)).status).toBe(204);
  expect(await topics(2)).toEqual(["system.app.approved", "system.credential.updated"]);
  const second = await call("POST", `${path}/credentials`);
  expect(second.status).toBe(201);
  expect(second.data.attributes).toMatchObject({ active: true, secret: expect.stringMatching(/^pk_/) });
  expect((await call("POST", `${path}/deactivate-credential`)).status).toBe(204);
  expect((await topics(3)).toSorted()).toEqual(["system.app.denied", "system.credential.revoked", "system.credential.revoked"]);
  expect((await call("GET", `${path}/credentials`)).list.map(({ attributes }) => attributes.active)).toEqual([false, false]);
});

test("a credential is switched, refused and deleted one by one, and what changes nothing is no event", async () => {
  const { call } = studio;
  const app = await call("POST", "/api/v1/apps", aDraft({ activate: true }));
  const path = `/api/v1/credentials/${(app.data.attributes.credential as Shown).id}`;
  expect((await call("PATCH", path, { active: false })).data.attributes).toMatchObject({ active: false, secret: "[redacted]" });
  expect(await topics(1)).toEqual(["system.credential.revoked"]);
  const before = await studio.db.prisma.outboxEvent.count();
  expect((await call("POST", `${path}/deactivate`)).status).toBe(200);
  expect(await studio.db.prisma.outboxEvent.count()).toBe(before);
  expect((await call("POST", `${path}/activate`)).data.attributes).toMatchObject({ active: true });
  expect((await call("DELETE", path)).status).toBe(204);
  expect(await topics(1)).toEqual(["system.credential.revoked"]);
  expect((await call("GET", path)).status).toBe(404);
  expect((await call("GET", `/api/v1/apps/${app.data.id}`)).data.attributes).toMatchObject({
    credential_id: null,
    credential_active: false,
  });
});

test("deleting an app refuses its credentials first", async () => {
  const { call } = studio;
  const app = await call("POST", "/api/v1/apps", aDraft({ activate: true }));
  expect((await call("GET", `/api/v1/apps/${app.data.id}/dependents`)).list).toMatchObject([{ type: "credentials" }]);
  expect((await call("DELETE", `/api/v1/apps/${app.data.id}`)).status).toBe(204);
  expect(await topics(2)).toEqual(["system.app.deleted", "system.credential.revoked"]);
});

test("a PATCH changes only what it names, and the namespace never", async () => {
  const { call } = studio;
  const created = await call("POST", "/api/v1/apps", aDraft({ namespace: "eu", monthly_budget: 12.5, metadata: { team: "x" } }));
  const path = `/api/v1/apps/${created.data.id}`;
  const { credential: _, ...before } = created.data.attributes;
  const changed = (await call("PATCH", path, { description: "new", namespace: "eu" })).data.attributes;
  expect(changed).toEqual({ ...before, description: "new", updated_at: changed.updated_at });
  expect((await call("PATCH", path, { namespace: "us" })).errors[0]).toMatchObject({ status: "422", field: "namespace" });
  expect((await call("PATCH", path, { monthly_budget: null, llm_ids: [] })).data.attributes).toMatchObject({
    monthly_budget: null,
    llm_ids: [],
  });
});

test("an app names what exists: other owners, LLMs and kinds of resources are refused at their fields, and nothing is written", async () => {
  const { call, db } = studio;
  const before = await db.prisma.app.count();
  const faults = { user_id: 999_999, llm_ids: [llmId, 999_999], datasource_ids: [999_999], tool_ids: [1], plugin_resources: [{}] };
  for (const [field, value] of Object.entries(faults)) {
    const answer = await call("POST", "/api/v1/apps", aDraft({ [field]: value }));
    expect([answer.status, answer.errors[0]?.field]).toEqual([422, field]);
  }
  expect((await call("POST", "/api/v1/apps", aDraft({ datasource_ids: [], tool_ids: [], plugin_resources: [] }))).status).toBe(201);
  expect(await db.prisma.app.count()).toBe(before + 1);
});

test("spend is that of the app's own current period, and a reset begins a new one", async () => {
  const { call, db } = studio;
  const app = await call("POST", "/api/v1/apps", aDraft({ name: "Spender", monthly_budget: 10 }));
  const objectId = Number(app.data.id);
  const now = new Date();
  const month = (back: number) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1));
  await db.prisma.budgetUsage.createMany({
    data: [
      { kind: "app", objectId, periodStart: month(0), spentMicroUsd: 2_500_000n },
      { kind: "app", objectId, periodStart: month(1), spentMicroUsd: 9_000_000n },
      { kind: "llm", objectId, periodStart: month(0), spentMicroUsd: 7_000_000n },
    ],
  });
  const spend = async () => (await call("GET", "/api/v1/apps?q=Spender")).list[0]?.attributes.current_spend;
  expect(await spend()).toBe(2.5);
  expect((await call("GET", `/api/v1/analytics/budget-usage-for-app?app_id=${objectId}`)).json).toMatchObject({
    current_usage: 2.5,
    monthly_budget: 10,
    percentage: 25,
  });
  expect((await call("POST", `/api/v1/apps/${objectId}/reset-budget`)).status).toBe(204);
  expect(await spend()).toBe(0);
  const free = await call("POST", "/api/v1/apps", aDraft());
  expect((await call("POST", `/api/v1/apps/${free.data.id}/reset-budget`)).status).toBe(409);
});

test("the control plane's own app and its credential are nowhere to be seen and cannot be touched", async () => {
  const { call, db } = studio;
  const system = await db.prisma.app.findFirstOrThrow({ where: { isSystem: true }, include: { credentials: true } });
  const credential = system.credentials[0];
  const own = [`/api/v1/apps/${system.id}`, `/api/v1/credentials/${credential?.id}`];
  for (const path of own) for (const method of ["GET", "DELETE"]) expect((await call(method, path)).status).toBe(404);
  expect((await call("PATCH", own[0] ?? "", { name: "mine" })).status).toBe(404);
  expect((await call("PATCH", own[1] ?? "", { active: false })).status).toBe(404);
  expect((await call("POST", `${own[0]}/credentials`)).status).toBe(404);
  expect((await call("POST", `${own[0]}/deactivate-credential`)).status).toBe(404);
  for (const list of ["apps", "credentials"]) expect((await call("GET", `/api/v1/${list}?all=true`)).text).not.toMatch(/Portico studio/);
  expect((await call("GET", `/api/v1/apps/by-name?name=${encodeURIComponent(system.name)}`)).status).toBe(404);
});

test("in the portal people see their own apps only, without secrets", async () => {
  const { call } = studio;
  const mine = await call("POST", "/api/v1/apps", aDraft({ name: "Mine", user_id: owner.userId }));
  const others = await call("POST", "/api/v1/apps", aDraft({ name: "Others" }));
  expect((await call("GET", "/common/apps", undefined, owner)).list.map(({ id }) => id)).toEqual([mine.data.id]);
  const one = await call("GET", `/common/apps/${mine.data.id}`, undefined, owner);
  // Not in an envelope: the reference's portal reads `attributes` of the answer itself.
  expect(one.json).toMatchObject({
    type: mine.data.type,
    id: mine.data.id,
    attributes: { name: "Mine", credential: { secret: "[redacted]", active: false } },
  });
  expect((await call("GET", `/common/apps/${others.data.id}`, undefined, owner)).status).toBe(404);
  expect((await call("GET", `/api/v1/analytics/budget-usage-for-app?app_id=${others.data.id}`, undefined, owner)).status).toBe(404);
  expect((await call("GET", "/api/v1/apps?q=olive")).list.map(({ id }) => id)).toEqual([mine.data.id]);
  expect((await call("GET", "/api/v1/apps/search?search_term=OLIVE")).meta.total_count).toBe(1);
});

test("an app's owner sees its active LLMs and how its key ends, but neither the vendor's host nor anybody else's app", async () => {
  const { call } = studio;
  const llm = async (name: string, active: boolean) =>
    Number(
      (
        await call("POST", "/api/v1/llms", {
          name,
          vendor: "openai",
          api_endpoint: "https://vendor.example/v1",
          active,
          default_model: "m",
        })
      ).data.id,
    );
  const owner = await studio.aUser();
  const llm_ids = [await llm("Portal on", true), await llm("Portal off", false)];
  const app = await call("POST", "/api/v1/apps", aDraft({ activate: true, user_id: owner.userId, llm_ids }));
  const path = `/common/apps/${app.data.id}`;
  const seen = await call("GET", `${path}/llms`, undefined, owner);
  expect(seen.list.map(({ attributes }) => attributes)).toEqual([
    { name: "Portal on", slug: "portal-on", vendor: "openai", default_model: "m", short_description: "", endpoint_path: "/v1" },
  ]);
  expect(seen.text).not.toContain("vendor.example");
  const { secret } = app.data.attributes.credential as { secret: string };
  expect((await call("GET", path, undefined, owner)).json).toMatchObject({
    attributes: { credential: { hint: secret.slice(-4), secret: "[redacted]" } },
  });
  expect((await call("GET", `${path}/llms`, undefined, await studio.aUser())).status).toBe(404);
});

test("people create and delete apps of their own, and no others; an administrator's activation is the approval", async () => {
  const { call } = studio;
  const [ana, ben] = [await studio.aUser(), await studio.aUser()];
  const llm = await call("POST", "/api/v1/llms", { name: "For the portal", vendor: "openai" });
  const body = { name: "mine", description: "", data_source_ids: [], llm_ids: [Number(llm.data.id)], tool_ids: [], monthly_budget: null };
  const created = await call("POST", "/common/apps", body, ana);
  expect(created.status).toBe(201);
  const app = created.json as typeof created.data;
  expect(app.attributes).toMatchObject({
    user_id: ana.userId,
    credential_active: false,
    credential: { secret: expect.stringMatching(/^pk_/) },
  });
  for (const smuggled of [{ user_id: 1 }, { activate: true }, { namespace: "eu" }])
    expect([smuggled, (await call("POST", "/common/apps", { ...body, ...smuggled }, ana)).status]).toEqual([smuggled, 400]);
  for (const path of [`/common/apps/${app.id}`, `/common/apps/${app.id}/analytics/usage?start_date=2026-01-01&end_date=2026-01-02`]) {
    expect([path, (await call("GET", path, undefined, ana)).status]).toEqual([path, 200]);
    expect([path, (await call("GET", path, undefined, ben)).status]).toEqual([path, 404]);
  }
  expect((await call("DELETE", `/common/apps/${app.id}`, undefined, ben)).status).toBe(404);
  expect((await call("DELETE", `/common/apps/${app.id}`, undefined, ana)).status).toBe(200);
  expect((await call("GET", `/api/v1/apps/${app.id}`)).status).toBe(404);
});
