import { afterAll, beforeAll, expect, test } from "vitest";
import { createAppService } from "../apps/service.ts";
import { createAppStore } from "../apps/store.ts";
import type { Actor } from "../auth/actor.ts";
import { createPasswords } from "../auth/passwords.ts";
import { createTokenMint } from "../auth/token-mint.ts";
import { tokenStore } from "../auth/token-store.ts";
import { createCredentialService } from "../credentials/service.ts";
import { createCredentialStore } from "../credentials/store.ts";
import { type FakePlugin, hooksOf } from "../plugins/hooks/testing.ts";
import { aStudio, countEachTime, type Studio } from "../testing.ts";
import { createSpendReader } from "../usage/spend-store.ts";
import { UserDraft } from "./contract.ts";
import { createUserService } from "./service.ts";
import { createUserStore } from "./store.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const actor: Actor = { userId: 1, name: "Admin", email: "", isAdmin: true, via: "token", requestId: "req_test", ip: "" };
const aDraft = (email: string, more: object = {}) => UserDraft.parse({ email, name: "Ana", password: "correct horse", ...more });

/** The service with one plugin, which answers as it is given. */
function withPlugin(plugin: FakePlugin) {
  const { hooks, seen } = hooksOf(plugin);
  const { db } = studio;
  const apps = createAppService({
    db,
    store: createAppStore(db, countEachTime, createSpendReader(db)),
    credentials: createCredentialService({ db, store: createCredentialStore(db, countEachTime) }),
  });
  return {
    seen,
    users: createUserService({
      db,
      store: createUserStore(db, countEachTime),
      apps,
      hooks,
      passwords: createPasswords(),
      mint: createTokenMint({ store: tokenStore }),
    }),
  };
}
const rows = async () => [
  await studio.db.prisma.user.count(),
  await studio.db.prisma.outboxEvent.count(),
  await studio.db.prisma.auditEntry.count(),
];

test("plugins judge every create, update and delete of a user, know who acts, and never see a password", async () => {
  const { seen, users } = withPlugin({ answer: () => ({ metadata: { seen: "yes" } }) });
  const { id } = await users.create(actor, aDraft("judged@acme.test"));
  const updated = await users.update(actor, id, { name: "Ana Maria", password: "another password" });
  expect(updated.user.metadata).toEqual({ plugin_7_seen: "yes" });
  await users.delete(actor, id);
  expect(seen.map(({ objectType, hookType, userId }) => [objectType, hookType, userId])).toEqual([
    ["user", "before_create", 1],
    ["user", "before_update", 1],
    ["user", "before_delete", 1],
  ]);
  expect(seen[1]).toMatchObject({
    object: { id, name: "Ana Maria", email: "judged@acme.test" },
    previous: { id, name: "Ana" },
    changes: ["name"],
  });
  expect(JSON.stringify(seen)).not.toMatch(/"password|correct horse|another password|scrypt/);
});

test("a user has one shape in every phase, with the reference's spelling beside ours", async () => {
  const { seen, users } = withPlugin({});
  const group = await studio.db.prisma.group.create({ data: { name: "Makers" } });
  const { id } = await users.create(actor, aDraft("shape@acme.test", { groups: [group.id] }));
  await users.update(actor, id, { show_chat: false });
  await users.delete(actor, id);
  const events = await studio.db.prisma.outboxEvent.findMany({
    where: { objectType: "user", objectId: String(id) },
    orderBy: { id: "asc" },
  });
  const after = events.map(({ hook }) => (hook as { object: Record<string, unknown> }).object);
  const all = [...seen.map(({ object }) => object), ...after];
  expect(all).toHaveLength(6);
  for (const object of all) {
    expect(Object.keys(object).sort()).toEqual(Object.keys(all[0] ?? {}).sort());
    expect(object).toMatchObject({ Name: "Ana", name: "Ana", IsAdmin: false, is_admin: false, DeletedAt: null, api_key: "" });
    expect(object.groups).toContainEqual({ id: group.id, name: "Makers" });
  }
  expect(all[0]).toMatchObject({ ID: 0, id: 0, created_at: null, CreatedAt: "0001-01-01T00:00:00Z" });
  expect(all[5]).toMatchObject({ id, ID: id, ShowChat: false, created_at: expect.any(String) });
});

test("a rejection names the plugin and its reason, and leaves no user, no event and no audit entry", async () => {
  const rejected = withPlugin({ answer: () => ({ reject: "not from here" }) });
  const before = await rows();
  const refusal = { code: "hook_rejected", message: "not from here", meta: { plugin: "gatekeeper", plugin_id: 7 } };
  await expect(rejected.users.create(actor, aDraft("rejected@acme.test"))).rejects.toMatchObject(refusal);
  await expect(rejected.users.update(actor, 1, { name: "Other" })).rejects.toMatchObject(refusal);
  expect(await rows()).toEqual(before);
});

test("what a plugin rewrites is kept, in the reference's spelling too, and a struct of the reference changes nothing by itself", async () => {
  const renaming = withPlugin({ answer: (object) => ({ object: { ...object, Name: "Renamed" } }) });
  expect((await renaming.users.create(actor, aDraft("renamed@acme.test"))).name).toBe("Renamed");
  // What Go's encoder writes of the reference's model: its own names only, secrets empty, times in another form.
  const struct = withPlugin({
    answer: ({ ID, id, email, Name, EmailVerified, IsAdmin, ShowPortal, AccessToSSOConfig, groups, metadata }) => ({
      object: {
        ...{ ID, id, email, Name, EmailVerified, IsAdmin, ShowPortal, AccessToSSOConfig, groups, metadata },
        CreatedAt: "2026-11-01T00:00:00Z",
        ...{ password: "", SessionToken: "", ResetToken: "", ResetTokenExpiry: "0001-01-01T00:00:00Z", VerificationToken: "", APIKey: "" },
        ShowChat: false,
      },
    }),
  });
  const user = await struct.users.create(actor, aDraft("struct@acme.test", { is_admin: true, notifications_enabled: true }));
  expect(user).toMatchObject({ name: "Ana", isAdmin: true, showChat: false, notificationsEnabled: true, showPortal: true });
});

test("an answer that is no valid user is the plugin's fault, names its fields, and writes nothing", async () => {
  const before = await rows();
  for (const [nonsense, field, message] of [
    [{ email: "nobody" }, "email", /e-mail/],
    [{ password_hash: "x" }, "password_hash", /not a field/],
    [{ Email: "x@acme.test" }, "Email", /write email/],
    [{ access_to_sso_config: true }, "access_to_sso_config", /only be set for administrators/],
    [{ groups: [2_000_000] }, "groups", /no group 2000000/],
    [{ is_admin: true }, "is_admin", /users\.privileges/],
  ] as const) {
    const breaking = withPlugin({
      answer: (object) => ({ object: { ...object, ...nonsense } }),
      grants: field === "groups" ? ["users.privileges"] : [],
    });
    await expect(breaking.users.create(actor, aDraft("broken@acme.test")), field).rejects.toMatchObject({
      status: 502,
      code: "hook_invalid",
      message: expect.stringContaining("gatekeeper"),
      meta: { plugin: "gatekeeper", plugin_id: 7 },
      issues: [{ field, message: expect.stringMatching(message) }],
    });
  }
  expect(await rows()).toEqual(before);
});

test("a caller's own fault stays the caller's, whatever plugins there are", async () => {
  const { seen, users } = withPlugin({});
  const draft = aDraft("fault@acme.test", { access_to_sso_config: true });
  await expect(users.create(actor, draft)).rejects.toMatchObject({ status: 422, issues: [{ field: "access_to_sso_config" }] });
  await expect(users.create(actor, aDraft("fault@acme.test", { groups: [2_000_000] }))).rejects.toMatchObject({
    status: 422,
    issues: [{ field: "groups" }],
  });
  expect(seen).toEqual([]);
});
