import { afterAll, beforeAll, expect, test } from "vitest";
import { createAppService } from "../apps/service.ts";
import { createAppStore } from "../apps/store.ts";
import type { Actor } from "../auth/actor.ts";
import { createPasswords } from "../auth/passwords.ts";
import { createTokenMint } from "../auth/token-mint.ts";
import { tokenStore } from "../auth/token-store.ts";
import { createCredentialService } from "../credentials/service.ts";
import { createCredentialStore } from "../credentials/store.ts";
import type { ObjectHooks } from "../plugins/hooks/types.ts";
import { aStudio, countEachTime, type Studio } from "../testing.ts";
import { UserDraft } from "./contract.ts";
import { createUserService } from "./service.ts";
import { createUserStore } from "./store.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const actor: Actor = { userId: 1, name: "Admin", email: "", isAdmin: true, via: "token", requestId: "req_test", ip: "" };
const aDraft = (email: string) => UserDraft.parse({ email, name: "Ana", password: "correct horse" });

/** The service with one plugin, which keeps what it is shown and answers as told. */
function withPlugin(answer: (object: Record<string, unknown>) => Awaited<ReturnType<ObjectHooks["before"]>>) {
  const seen: { step: string; object: Record<string, unknown>; userId: number }[] = [];
  const hooks: ObjectHooks = {
    async before({ object: kind, operation }, object, by) {
      seen.push({ step: `${kind}.${operation}`, object, userId: by.userId });
      return answer(object);
    },
  };
  const { db } = studio;
  const apps = createAppService({
    db,
    store: createAppStore(db, countEachTime),
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
  const { seen, users } = withPlugin((object) => ({ outcome: "accepted", object, metadata: { plugin_7_seen: "yes" }, changes: [] }));
  const { id } = await users.create(actor, aDraft("judged@acme.test"));
  const updated = await users.update(actor, id, { name: "Ana Maria", password: "another password" });
  expect(updated.user.metadata).toEqual({ plugin_7_seen: "yes" });
  await users.delete(actor, id);
  expect(seen.map(({ step, userId }) => [step, userId])).toEqual([
    ["user.create", 1],
    ["user.update", 1],
    ["user.delete", 1],
  ]);
  expect(seen[1]?.object).toMatchObject({ id, name: "Ana Maria", email: "judged@acme.test" });
  expect(JSON.stringify(seen)).not.toMatch(/password|correct horse|scrypt/);
});

test("a rejection names the plugin and its reason, and leaves no user, no event and no audit entry", async () => {
  const rejected = withPlugin(() => ({ outcome: "rejected", pluginId: 7, plugin: "gatekeeper", reason: "not from here" }));
  const before = await rows();
  const refusal = { code: "hook_rejected", message: "not from here", meta: { plugin: "gatekeeper", plugin_id: 7 } };
  await expect(rejected.users.create(actor, aDraft("rejected@acme.test"))).rejects.toMatchObject(refusal);
  await expect(rejected.users.update(actor, 1, { name: "Other" })).rejects.toMatchObject(refusal);
  expect(await rows()).toEqual(before);
});

test("what a plugin rewrites is kept, unless it is no valid user: then nothing is written", async () => {
  const renaming = withPlugin((object) => ({ outcome: "accepted", object: { ...object, name: "Renamed" }, metadata: {}, changes: [] }));
  expect((await renaming.users.create(actor, aDraft("renamed@acme.test"))).name).toBe("Renamed");
  const before = await rows();
  for (const nonsense of [{ email: "nobody" }, { password_hash: "x" }, { access_to_sso_config: true }]) {
    const breaking = withPlugin((object) => ({ outcome: "accepted", object: { ...object, ...nonsense }, metadata: {}, changes: [] }));
    await expect(breaking.users.create(actor, aDraft("broken@acme.test"))).rejects.toMatchObject({ status: 422 });
  }
  expect(await rows()).toEqual(before);
});
