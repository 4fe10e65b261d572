import { afterAll, beforeAll, expect, test } from "vitest";
import { systemActor } from "../auth/actor.ts";
import { aStudio, type Studio } from "../testing.ts";
import { ticketDocument } from "../tools/testing.ts";
import { createKeyService } from "./key-service.ts";
import { createKeyStore } from "./key-store.ts";
import { createVault } from "./vault.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const newKey = "another secret key for tests";

test("whatever was sealed is sealed with the new key while the studio runs, and a value that changed meanwhile is not undone", async () => {
  const { call, db, runtime } = studio;
  await call("POST", "/api/v1/secrets", { var_name: "KEPT", value: "sk-kept" });
  await call("POST", "/api/v1/llms", { name: "Own key", vendor: "openai", api_key: "sk-own" });
  await call("POST", "/api/v1/llms", { name: "By reference", vendor: "openai", api_key: "$SECRET/KEPT" });
  await call("POST", "/api/v1/tools", { name: "Tool", oas_spec: ticketDocument, auth_key: "tk-own" });
  const before = (await call("GET", "/api/v1/secret-key")).data.attributes as { current: number };
  expect(before).toMatchObject({ former: 0, unreadable: 0 });
  expect(before.current).toBeGreaterThan(4);
  expect((await call("POST", "/api/v1/secret-key/reseal")).data.attributes).toMatchObject({ current: before.current, former: 0 });

  const vault = createVault(newKey, [runtime.env.secretKey]);
  const store = createKeyStore(db);
  const keys = createKeyService({ db, store, vault });
  expect(await keys.state()).toMatchObject({ current: 0, former: before.current, unreadable: 0 });
  // Of two values that are replaced one changes between the reading and the writing.
  const column = { table: "llms", column: "api_key_sealed" };
  const [read] = await store.sealedOtherwise(column, vault.keyId, vault.keyIds, 10);
  const changed = vault.seal("sk-changed");
  await db.sql.query("UPDATE llms SET api_key_sealed = $1 WHERE api_key_sealed = $2", [changed, read]);
  await store.replace(column, [{ before: read ?? "", after: vault.seal("sk-stale") }]);
  const [one] = (await db.sql.query("SELECT api_key_sealed AS key FROM llms WHERE name = 'Own key'")).rows;
  expect(vault.open(one.key)).toBe("sk-changed");

  expect(await keys.reseal(systemActor())).toMatchObject({ former: 0, unreadable: 0, current: before.current });
  const onlyNew = createVault(newKey);
  const secret = await db.prisma.secret.findUniqueOrThrow({ where: { name: "KEPT" } });
  expect(onlyNew.open(secret.sealed ?? "")).toBe("sk-kept");
  const tool = await db.prisma.tool.findFirstOrThrow({ where: { name: "Tool" } });
  expect(onlyNew.open(tool.authKeySealed ?? "")).toBe("tk-own");
  const reference = await db.prisma.llm.findFirstOrThrow({ where: { name: "By reference" } });
  expect(reference.apiKeySealed).toBe("$SECRET/KEPT");
  // The studio itself has the old key only, and says so instead of failing.
  expect((await call("GET", "/api/v1/secret-key")).data.attributes).toMatchObject({ current: 0, unreadable: before.current });
});
