import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Caller, type Studio } from "../testing.ts";

let studio: Studio;
let llm: number;
beforeAll(async () => {
  studio = await aStudio();
  llm = Number((await studio.call("POST", "/api/v1/llms", { name: "Model", vendor: "openai" })).data.id);
});
afterAll(() => studio.close());

type Made = { id: string; attributes: { credential: { id: string; secret: string; active: boolean } } };
const anApp = async (as: Caller) =>
  (await studio.call("POST", "/common/apps", { name: "mine", description: "of mine", llm_ids: [llm] }, as)).json as Made;

test("keys of apps that people create wait for approval, unless one of their groups is for self-service", async () => {
  const { call } = studio;
  const [ana, ben] = [await studio.aUser(), await studio.aUser()];
  const group = await call("POST", "/api/v1/groups", { name: "Builders", members: [ana.userId], self_service: true });
  expect(group.data.attributes).toMatchObject({ self_service: true });
  const enabled = async (as: Caller) => (await call("GET", "/common/self-service", undefined, as)).json;
  expect([await enabled(ana), await enabled(ben)]).toEqual([{ enabled: true }, { enabled: false }]);
  expect((await anApp(ana)).attributes.credential).toMatchObject({ active: true, secret: expect.stringMatching(/^pk_/) });
  expect((await anApp(ben)).attributes.credential).toMatchObject({ active: false });
  expect((await call("PATCH", `/api/v1/groups/${group.data.id}`, { self_service: false })).status).toBe(200);
  expect((await anApp(ana)).attributes.credential).toMatchObject({ active: false });
});

test("people rotate and revoke keys of their own apps and of no others, and a new key never works before the app is approved", async () => {
  const { call } = studio;
  const [ana, ben] = [await studio.aUser(), await studio.aUser()];
  const app = await anApp(ana);
  const path = `/common/apps/${app.id}/credentials`;
  const waiting = await call("POST", path, {}, ana);
  expect([waiting.status, waiting.data.attributes.active]).toEqual([201, false]);
  expect((await call("POST", `/api/v1/apps/${app.id}/activate-credential`)).status).toBe(204);
  const second = await call("POST", path, {}, ana);
  expect(second.data.attributes).toMatchObject({ active: true, secret: expect.stringMatching(/^pk_/) });
  const listed = await call("GET", path, undefined, ana);
  expect(listed.list.map(({ attributes }) => attributes.active)).toEqual([true, false, true]);
  expect(listed.text).not.toContain(String(second.data.attributes.secret));

  const own = (await anApp(ben)).id;
  for (const [method, other] of [
    ["GET", path],
    ["POST", path],
    ["DELETE", `${path}/${second.data.id}`],
    ["DELETE", `/common/apps/${own}/credentials/${second.data.id}`],
  ] as const)
    expect([other, (await call(method, other, method === "POST" ? {} : undefined, ben)).status]).toEqual([other, 404]);
  expect((await call("DELETE", `${path}/${second.data.id}`, undefined, ana)).status).toBe(204);
  const [topic] = await studio.db.prisma.outboxEvent.findMany({ orderBy: { id: "desc" }, take: 1, select: { topic: true } });
  expect(topic?.topic).toBe("system.credential.revoked");
});

test("an app whose approval was withdrawn gets no working key from its owner, not even where self-service is allowed", async () => {
  const { call } = studio;
  const ana = await studio.aUser();
  await call("POST", "/api/v1/groups", { name: "Trusted", members: [ana.userId], self_service: true });
  const app = await anApp(ana);
  expect((await call("POST", `/api/v1/apps/${app.id}/deactivate-credential`)).status).toBe(204);
  expect((await call("POST", `/common/apps/${app.id}/credentials`, {}, ana)).data.attributes).toMatchObject({ active: false });
});

test("one app takes only so many keys from its owner", async () => {
  const ana = await studio.aUser();
  const path = `/common/apps/${(await anApp(ana)).id}/credentials`;
  for (let made = 1; made < 10; made++) expect((await studio.call("POST", path, {}, ana)).status).toBe(201);
  expect((await studio.call("POST", path, {}, ana)).status).toBe(409);
});
