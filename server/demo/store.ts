import type { Db } from "../db/client.ts";
import type { Vault } from "../secrets/vault.ts";

/** How far the seeding is. Until it is done its password is kept too, sealed, so that an interrupted one can be finished. */
export type DemoState = { done: boolean; password: string };

const name = "demo";
const lockKey = 72707371;

export function createDemoStore({ db, vault }: { db: Db; vault: Vault }) {
  return {
    /** Runs the steps unless another replica is at it. */
    async exclusively(run: () => Promise<void>): Promise<void> {
      const client = await db.sql.connect();
      try {
        const { rows } = await client.query<{ locked: boolean }>("SELECT pg_try_advisory_lock($1) AS locked", [lockKey]);
        if (!rows[0]?.locked) return;
        await run().finally(() => client.query("SELECT pg_advisory_unlock($1)", [lockKey]));
      } finally {
        client.release();
      }
    },

    async state(): Promise<DemoState | undefined> {
      const row = await db.prisma.systemSecret.findUnique({ where: { name }, select: { sealed: true } });
      return row ? (JSON.parse(vault.open(row.sealed)) as DemoState) : undefined;
    },

    async setState(state: DemoState): Promise<void> {
      const sealed = vault.seal(JSON.stringify(state));
      await db.prisma.systemSecret.upsert({ where: { name }, create: { name, sealed }, update: { sealed } });
    },

    /** Nothing is there, nothing ever was, and there is nobody but the first administrator. */
    async isEmpty(): Promise<boolean> {
      const { rows } = await db.sql.query<{ empty: boolean }>(
        `SELECT NOT EXISTS (SELECT 1 FROM llms) AND NOT EXISTS (SELECT 1 FROM apps WHERE NOT is_system) AND NOT EXISTS (SELECT 1 FROM plugins)
           AND NOT EXISTS (SELECT 1 FROM audit_log WHERE object_type IN ('llm', 'app', 'plugin')) AND (SELECT count(*) <= 1 FROM users) AS empty`,
      );
      return rows[0]?.empty === true;
    },

    /** What the demo last wrote into a field of the objects that it made and that are still there, by their ids. */
    async written(kind: "llm" | "plugin", field: "api_endpoint" | "command", by: string): Promise<Map<number, string>> {
      const { rows } = await db.sql.query<{ id: number; value: string }>(
        `SELECT DISTINCT ON (t.id) t.id, a.changes ->> $2 AS value FROM ${kind}s t JOIN audit_log a ON a.object_id = t.id::text
         WHERE a.object_type = $1 AND a.actor_id = 0 AND a.request_id = $3 AND a.changes ? $2 ORDER BY t.id, a.id DESC`,
        [kind, field, by],
      );
      return new Map(rows.map((row) => [row.id, row.value]));
    },

    /** Ids of what an interrupted seeding has left, by the names that it gives. */
    async left(kind: "llms" | "plugins" | "apps" | "groups" | "users"): Promise<Map<string, number>> {
      const column = { llms: "name", plugins: "slug", apps: "name", groups: "name", users: "email" }[kind];
      const { rows } = await db.sql.query<{ id: number; key: string }>(`SELECT id, ${column} AS key FROM ${kind} ORDER BY id LIMIT 1000`);
      return new Map(rows.map((row) => [row.key, row.id]));
    },
  };
}
export type DemoStore = ReturnType<typeof createDemoStore>;
