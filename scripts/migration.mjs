#!/usr/bin/env node
// `node scripts/migration.mjs <name>`: writes the difference between schema.prisma and the migrations as the next migration.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { diffAgainstMigrations } from "../packages/testkit/drift.mjs";
import { root } from "./lib/paths.mjs";
import { Stop } from "./lib/stop.mjs";
import { runTask } from "./lib/task.mjs";

await runTask(async () => {
  const name = process.argv[2] ?? "";
  if (!/^[a-z][a-z0-9_]{2,60}$/.test(name))
    throw new Stop("Give the migration a name of small letters, digits and underscores: node scripts/migration.mjs add_teams");
  const { sql } = await diffAgainstMigrations();
  if (!sql) throw new Stop("There is nothing to migrate: schema.prisma and the migrations agree.");
  const dir = join(root, "prisma", "migrations");
  const last = Math.max(0, ...readdirSync(dir).map((entry) => Number.parseInt(entry, 10) || 0));
  const folder = `${String(last + 1).padStart(3, "0")}_${name}`;
  mkdirSync(join(dir, folder));
  writeFileSync(join(dir, folder, "migration.sql"), `${sql}\n`);
  console.log(
    `Wrote prisma/migrations/${folder}/migration.sql: read it, add what Prisma cannot say (checks, partial indexes), and commit it.`,
  );
});
