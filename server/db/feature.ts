import { createMigrationCheck } from "@portico/migrations";
import type { Feature } from "../feature.ts";
import type { Db } from "./client.ts";

/** The database as something that must answer and be complete, and that is closed last. */
export function databaseFeature(db: Db): Feature {
  let lacking: (() => Promise<string | undefined>) | undefined;
  return {
    checks: [
      {
        name: "database",
        missing: async () => {
          await db.sql.query("SELECT 1");
          return db.storageFault();
        },
      },
      { name: "migrations", missing: () => (lacking ? lacking() : "not read yet") },
    ],
    async start() {
      lacking = await createMigrationCheck(db.sql);
    },
    close: db.close,
  };
}
