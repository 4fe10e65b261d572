#!/usr/bin/env node
// `npm run drift`: schema.prisma and the migrations must describe the same database.
import { diffAgainstMigrations } from "../packages/testkit/drift.mjs";
import { Stop } from "./lib/stop.mjs";
import { runTask } from "./lib/task.mjs";

await runTask(async () => {
  const { sql, whole, tables, migrations } = await diffAgainstMigrations();
  const expected = (whole.match(/CREATE TABLE/g) ?? []).length;
  // An engine that read nothing would find no difference either.
  if (tables === 0 || migrations === 0 || expected === 0)
    throw new Stop(`Nothing was compared: ${migrations} migrations gave ${tables} tables and schema.prisma describes ${expected}.`);
  if (sql)
    throw new Stop("schema.prisma and prisma/migrations differ; write the difference as a migration (node scripts/migration.mjs <name>).", {
      detail: sql.split("\n"),
    });
  console.log(`No drift: ${expected} models, ${tables} tables, ${migrations} migrations.`);
});
