import { createTestDatabase, type TestDatabase } from "@portico/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Db, openDatabase } from "../../db/client.ts";
import { createKvStore, type KvStore } from "./kv-store.ts";

let database: TestDatabase;
const opened: Db[] = [];
let stores: KvStore[];
let pluginId: number;
beforeAll(async () => {
  database = await createTestDatabase();
  opened.push(...[1, 2].map(() => openDatabase(database.url)));
  stores = opened.map(createKvStore);
  const plugin = await opened[0]?.prisma.plugin.create({ data: { name: "Writer", slug: "writer", command: "file:///none" } });
  pluginId = plugin?.id ?? 0;
});
afterAll(async () => {
  for (const db of opened) await db.close();
  await database.drop();
});

/** Writes of one key by two replicas at once; how many were told that they created it. */
async function creators(key: string): Promise<number> {
  const writes = Array.from({ length: 12 }, (_, i) => stores[i % 2]?.write(pluginId, key, Buffer.from(String(i)), null));
  return (await Promise.all(writes)).filter(Boolean).length;
}

test("of many writers of one key, on any replica, exactly one is told that it created it", async () => {
  for (let round = 0; round < 20; round++) expect(await creators(`claim:${round}`)).toBe(1);
});

test("a key whose value has expired can be created again, once", async () => {
  for (let round = 0; round < 20; round++) {
    await stores[0]?.write(pluginId, `lease:${round}`, Buffer.from("old"), new Date(Date.now() - 1_000));
    expect(await creators(`lease:${round}`)).toBe(1);
    expect(await stores[1]?.write(pluginId, `lease:${round}`, Buffer.from("later"), null)).toBe(false);
  }
});
