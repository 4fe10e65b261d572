import pg from "pg";
import { prismaCli, prismaEnv } from "../../scripts/lib/build-steps.mjs";
import { createChildren } from "../../scripts/lib/children.mjs";
import { pinnedNode, root } from "../../scripts/lib/paths.mjs";
import { Stop } from "../../scripts/lib/stop.mjs";
import { startTestPostgres } from "./src/postgres.ts";

/** What separates the migrations (applied to a scratch database) from schema.prisma, as SQL; empty when nothing does. */
export async function diffAgainstMigrations() {
  const postgres = await startTestPostgres();
  const children = createChildren();
  const client = new pg.Client(postgres.url("portico_template"));
  try {
    await client.connect();
    const { rows } = await client.query(
      "SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'",
    );
    const { rows: applied } = await client.query("SELECT count(*)::int AS migrations FROM _prisma_migrations");
    const diff = async (...to) => {
      const lines = await children.run(pinnedNode, [prismaCli, "migrate", "diff", ...to, "--script"], {
        doing: "prisma migrate diff",
        cwd: root,
        env: prismaEnv({ DATABASE_URL: postgres.url("portico_template") }),
      });
      // The CLI says on the side which configuration it loaded; SQL is everything from the first comment or statement on.
      return lines
        .filter((line) => !/^Loaded Prisma config|^Prisma config detected|^Prisma schema loaded/.test(line))
        .join("\n")
        .trim();
    };
    return {
      tables: rows[0].tables,
      migrations: applied[0].migrations,
      /** From what the migrations make to the schema: what a new migration would have to do. */
      sql: stripEmpty(await diff("--from-migrations", "prisma/migrations", "--to-schema", "prisma/schema.prisma")),
      /** From nothing to the schema: proves that the schema was read and is not empty. */
      whole: stripEmpty(await diff("--from-empty", "--to-schema", "prisma/schema.prisma")),
    };
  } finally {
    await client.end().catch(() => {});
    await children.stopAll();
    await postgres.stop();
  }
}

/** Without a difference Prisma says so in a comment; saying nothing at all means that its engine ended early. */
function stripEmpty(sql) {
  if (sql === "") throw new Stop("prisma migrate diff answered nothing, so nothing was compared.");
  return /^--\s*This is an empty migration\.?$/.test(sql) ? "" : sql;
}
