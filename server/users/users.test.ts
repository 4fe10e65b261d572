import { hashToken } from "@portico/core/tokens";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
let defaultGroup: number;
beforeAll(async () => {
  studio = await aStudio();
  defaultGroup = (await studio.db.prisma.group.findUniqueOrThrow({ where: { name: "Default" } })).id;
});
afterAll(() => studio.close());

let counter = 0;
const aDraft = (more: Record<string, unknown> = {}) => ({
  email: `ana${++counter}@acme.test`,
  name: "Ana",
  password: "correct horse",
  ...more,
});
const groupIds = (attributes: Record<string, unknown>) => (attributes.groups as { id: string }[]).map((group) => Number(group.id));

async function signIn(email: string, password: string): Promise<{ status: number; cookie: string }> {
  const browser = studio.aBrowser();
  const { status } = await browser.signIn(email, password);
  return { status, cookie: `session=${browser.cookies.get("session") ?? ""}` };
}
const meWith = async (cookie: string) =>
  (await studio.runtime.application.fetch(new Request("http://studio.test/common/me", { headers: { cookie } }))).status;

test("a created user is in Default, can sign in, and shows no password", async () => {
  const { call } = studio;
  const draft = aDraft({ email: `Mixed.Case${++counter}@Acme.TEST` });
  const created = await call("POST", "/api/v1/users", { data: { type: "users", attributes: draft } });
  expect(created.status).toBe(201);
  expect(created.data.attributes).toMatchObject({ email: draft.email.toLowerCase(), role: "Developer", api_key: "" });
  expect(groupIds(created.data.attributes)).toEqual([defaultGroup]);
  expect(created.text).not.toContain(draft.password);
  expect((await signIn(draft.email, draft.password)).status).toBe(200);
});

test("a password shorter than eight characters is refused with a sentence that says so", async () => {
  const answer = await studio.call("POST", "/api/v1/users", aDraft({ password: "seven77" }));
  expect(answer.status).toBe(422);
  expect(answer.errors).toMatchObject([{ field: "password", detail: "password: needs at least 8 characters" }]);
});

test("of two creates of the same address at once one is told 201 and the other 409, naming the field", async () => {
  const email = `twin${++counter}@acme.test`;
  const answers = await Promise.all(
    [email, email.toUpperCase()].map((each) => studio.call("POST", "/api/v1/users", aDraft({ email: each }))),
  );
  expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409]);
  expect(answers.find((answer) => answer.status === 409)?.errors[0]).toMatchObject({ code: "conflict", field: "email" });
});

test("a PATCH changes only what it names, and Default stays whatever groups it names", async () => {
  const { call } = studio;
  const group = Number((await call("POST", "/api/v1/groups", { name: "Patched" })).data.id);
  const created = await call("POST", "/api/v1/users", aDraft({ show_chat: false, groups: [group] }));
  const path = `/api/v1/users/${created.data.id}`;
  const renamed = await call("PATCH", path, { name: "Ana Maria" });
  expect(renamed.data.attributes).toEqual({
    ...created.data.attributes,
    name: "Ana Maria",
    updated_at: renamed.data.attributes.updated_at,
  });
  expect(groupIds((await call("PATCH", path, { groups: [] })).data.attributes)).toEqual([defaultGroup]);
  expect((await call("PATCH", path, { groups: [999_999] })).errors[0]).toMatchObject({ status: "422", field: "groups" });
  expect((await call("PATCH", path, { notifications_enabled: true })).errors[0]).toMatchObject({
    status: "422",
    field: "notifications_enabled",
  });
});

test("a password changed by an administrator ends that person's sessions at once, and only the new one signs in", async () => {
  const draft = aDraft();
  const { id } = (await studio.call("POST", "/api/v1/users", draft)).data;
  const { cookie } = await signIn(draft.email, draft.password);
  expect(await meWith(cookie)).toBe(200);
  expect((await studio.call("PATCH", `/api/v1/users/${id}`, { password: "a new password" })).status).toBe(200);
  expect(await meWith(cookie)).toBe(401);
  expect((await signIn(draft.email, draft.password)).status).toBe(401);
  expect((await signIn(draft.email, "a new password")).status).toBe(200);
});

test("deleting a user orphans the apps, ends their credentials, sessions and tokens at once, and says so in events", async () => {
  const { call, db } = studio;
  const draft = aDraft();
  const userId = Number((await call("POST", "/api/v1/users", draft)).data.id);
  const app = await call("POST", "/api/v1/apps", { name: "Orphan", user_id: userId, activate: true });
  const credentialId = Number((app.data.attributes.credential as { id: string }).id);
  const { cookie } = await signIn(draft.email, draft.password);
  const apiKey = String((await call("POST", `/api/v1/users/${userId}/roll-api-key`)).data.attributes.api_key);
  expect([await meWith(cookie), (await call("GET", "/common/me", undefined, { token: apiKey })).status]).toEqual([200, 200]);
  expect((await call("GET", `/api/v1/users/${userId}/dependents`)).list).toMatchObject([{ name: "Orphan" }, { type: "api-tokens" }]);

  expect((await call("DELETE", `/api/v1/users/${userId}`)).status).toBe(204);

  expect([await meWith(cookie), (await call("GET", "/common/me", undefined, { token: apiKey })).status]).toEqual([401, 401]);
  const orphan = (await call("GET", `/api/v1/apps/${app.data.id}`)).data.attributes;
  expect(orphan).toMatchObject({ is_orphaned: true, user_id: null, owner: null, credential_active: false });
  expect((await call("GET", `/api/v1/credentials/${credentialId}`)).data.attributes).toMatchObject({ active: false });
  const topics = await db.prisma.outboxEvent.findMany({ orderBy: { id: "desc" }, take: 3, select: { topic: true, objectId: true } });
  expect(topics).toEqual([
    { topic: "system.user.deleted", objectId: String(userId) },
    { topic: "system.app.updated", objectId: app.data.id },
    { topic: "system.credential.revoked", objectId: String(credentialId) },
  ]);
  const adopted = await call("PATCH", `/api/v1/apps/${app.data.id}`, { user_id: studio.admin.userId });
  expect(adopted.data.attributes).toMatchObject({ is_orphaned: false, user_id: studio.admin.userId });
});

test("there is always an administrator: neither the super administrator nor the last one can be deleted, demoted or locked out", async () => {
  const { call } = studio;
  for (const change of [{ is_admin: false }, { email_verified: false }])
    expect((await call("PATCH", "/api/v1/users/1", change)).errors[0]).toMatchObject({ status: "409", code: "conflict" });
  expect((await call("DELETE", "/api/v1/users/1")).errors[0]?.detail).toContain("super administrator");

  // Without the super administrator (an installation that lost it), two who demote one another at once cannot both succeed.
  const admins = await Promise.all([1, 2].map(() => studio.aUser({ isAdmin: true })));
  await studio.db.prisma.user.update({ where: { id: 1 }, data: { isAdmin: false } });
  try {
    const answers = await Promise.all(
      admins.map((admin, at) => call("PATCH", `/api/v1/users/${admins[1 - at]?.userId}`, { is_admin: false }, admin)),
    );
    expect(await studio.db.prisma.user.count({ where: { isAdmin: true } })).toBe(1);
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
  } finally {
    await studio.db.prisma.user.update({ where: { id: 1 }, data: { isAdmin: true } });
    await studio.call("PATCH", "/api/v1/users/1", { name: "Admin" });
  }
});

test("rolling an API key answers a new one once, stores its hash only, and ends the former", async () => {
  const { call, db } = studio;
  const { id } = (await call("POST", "/api/v1/users", aDraft())).data;
  const [first, second] = [
    (await call("POST", `/api/v1/users/${id}/roll-api-key`)).data.attributes.api_key as string,
    (await call("POST", `/api/v1/users/${id}/roll-api-key`)).data.attributes.api_key as string,
  ];
  expect((await call("GET", "/common/me", undefined, { token: first })).status).toBe(401);
  expect((await call("GET", "/common/me", undefined, { token: second })).status).toBe(200);
  expect((await call("GET", `/api/v1/users/${id}`)).data.attributes.api_key).toBe("[redacted]");
  expect(await db.prisma.apiToken.findMany({ where: { userId: Number(id) }, select: { name: true, tokenHash: true } })).toEqual([
    { name: "API key", tokenHash: hashToken(second) },
  ]);
});

test("a search finds part of a name or address, whatever its case, and takes % and _ as they are", async () => {
  const { call } = studio;
  await call("POST", "/api/v1/users", aDraft({ name: "Zoë 100%", email: "needle_in@hay.test" }));
  const found = async (q: string) => (await call("GET", `/api/v1/users?q=${encodeURIComponent(q)}`)).meta.total_count;
  expect([await found("ZOË"), await found("NEEDLE_IN"), await found("0%"), await found("needleXin"), await found("Zo%0")]).toEqual([
    1, 1, 1, 0, 0,
  ]);
});

test("everybody is in Default: it is neither renamed nor deleted, and nobody leaves it", async () => {
  const { call } = studio;
  const path = `/api/v1/groups/${defaultGroup}`;
  const answers = [
    await call("DELETE", path),
    await call("PATCH", path, { name: "Other" }),
    await call("DELETE", `${path}/users/1`),
    await call("PUT", `${path}/users`, { members: [] }),
  ];
  expect(answers.map((answer) => [answer.status, answer.errors[0]?.code])).toEqual(answers.map(() => [409, "conflict"]));
});

test("members of a group are added by relation, listed, replaced and taken out", async () => {
  const { call } = studio;
  const group = await call("POST", "/api/v1/groups", { data: { type: "groups", attributes: { name: "Team", members: [1] } } });
  const path = `/api/v1/groups/${group.data.id}`;
  const { userId } = await studio.aUser();
  expect((await call("POST", `${path}/users`, { data: { type: "users", id: String(userId) } })).status).toBe(204);
  const members = async () => (await call("GET", `${path}/users`)).list.map((user) => Number(user.id));
  expect(await members()).toEqual([1, userId]);
  expect(
    (await call("GET", `/api/v1/users?exclude_group_id=${group.data.id}&page_size=1000`)).list.map((user) => Number(user.id)),
  ).not.toContain(userId);
  expect((await call("GET", "/api/v1/groups?sort=-user_count&q=tea")).list[0]?.attributes).toMatchObject({ name: "Team", user_count: 2 });
  expect((await call("PUT", `${path}/users`, { members: [userId] })).json).toEqual({ status: "success" });
  expect(await members()).toEqual([userId]);
  expect((await call("DELETE", `${path}/users/${userId}`)).status).toBe(204);
  expect((await call("DELETE", `${path}/users/${userId}`)).status).toBe(404);
  expect((await call("POST", "/api/v1/groups", { name: "Team" })).errors[0]).toMatchObject({ status: "409", field: "name" });
  expect((await call("DELETE", path)).status).toBe(204);
});
