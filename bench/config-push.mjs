// `node bench/config-push.mjs [apps] [llms] [credentials]`: how long the event loops of a studio and a gateway pause while configuration
// is built, sent, changed and restored. Prints one line for each step; needs nothing running.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { createTestDatabase, startTestPostgres } from "../packages/testkit/src/index.ts";

const [apps = 10_000, llms = 2_000, credentials = 1_000_000] = process.argv.slice(2).map(Number);
const processFile = fileURLToPath(new URL("./config-push-process.mjs", import.meta.url));
const dataDir = await mkdtemp(join(tmpdir(), "portico-config-push-"));
const postgres = await startTestPostgres();
const database = await createTestDatabase();
const children = [];

/** A process that measures itself; `ask` runs one step in it. */
async function start(role, settings) {
  const child = fork(processFile, [role, JSON.stringify(settings)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  children.push(child);
  await once(child, "message");
  const ask = async (step, details = {}) => {
    child.send({ step, details });
    const [answer] = await once(child, "message");
    if (answer.error) throw new Error(`${role}, ${step}: ${answer.error}`);
    return answer;
  };
  const stop = () => {
    child.kill();
    return once(child, "exit");
  };
  return { ask, stop };
}

const show = (what, tookMs, ...measured) =>
  console.log(
    `${what.padEnd(46)} ${String(Math.round(tookMs)).padStart(7)} ms   ` +
      measured
        .map(
          ({ role, pauseMs, busyMs, p99Ms }) =>
            `${role}: longest pause ${pauseMs.toFixed(1)} ms (computing ${busyMs.toFixed(1)}, p99 ${p99Ms.toFixed(1)})`,
        )
        .join("   "),
  );

async function timed(run) {
  const startedMs = performance.now();
  await run();
  return performance.now() - startedMs;
}

/** Without triggers, which is faster: then everything counts as encoded in another way before. */
async function seed(sql) {
  await sql.query("SET session_replication_role = replica");
  await sql.query(
    `INSERT INTO llms (name, slug, vendor, api_endpoint, active, updated_at)
     SELECT 'LLM ' || n, 'llm-' || n, 'openai', 'https://api.example.com/v1', true, now() FROM generate_series(1, $1::int) n`,
    [llms],
  );
  await sql.query(
    `INSERT INTO apps (name, description, user_id, updated_at) SELECT 'App ' || n, 'An app', 1, now() FROM generate_series(1, $1::int) n`,
    [apps],
  );
  await sql.query(
    `INSERT INTO app_llms (app_id, llm_id) SELECT a.id, l.id FROM (SELECT id, row_number() OVER () AS n FROM apps WHERE NOT is_system) a
     JOIN (SELECT id, row_number() OVER () AS n FROM llms) l ON l.n % 500 = a.n % 500`,
  );
  await sql.query(
    `INSERT INTO credentials (app_id, key_id, secret_hash, hint, active, updated_at)
     SELECT a.id, gen_random_uuid(), encode(sha256(n::text::bytea), 'hex'), 'test', true, now()
     FROM generate_series(1, $1::int) n JOIN (SELECT id, row_number() OVER () - 1 AS at FROM apps WHERE NOT is_system) a ON a.at = n % $2::int`,
    [credentials, apps],
  );
  await sql.query("UPDATE edge_builder SET revision = 0");
  await sql.query("ANALYZE");
}

const sql = new pg.Client(database.url);
await sql.connect();
try {
  const studio = await start("studio", { databaseUrl: database.url, dataDir });
  show("rows written", await timed(() => seed(sql)));
  await studio.ask("measure");
  let took = await timed(() => studio.ask("build"));
  show(`built ${apps} apps, ${llms} LLMs, ${credentials} credentials`, took, await studio.ask("measure"));

  const edge = await studio.ask("edge");
  const gatewaySettings = { hub: edge.hub, token: edge.token, dataDir: join(dataDir, "gateway") };
  let gateway = await start("gateway", gatewaySettings);
  await studio.ask("measure");
  took = await timed(() => gateway.ask("serving", { credential: credentials }));
  show("everything sent to a new gateway", took, await studio.ask("measure"), await gateway.ask("measure"));

  took = await timed(async () => {
    await studio.ask("change", { llm: 1 });
    await gateway.ask("model", { slug: "llm-1", model: "changed" });
  });
  show("one LLM changed, served by the gateway", took, await studio.ask("measure"), await gateway.ask("measure"));

  took = await timed(async () => {
    await studio.ask("revoke", { credential: 1 });
    await gateway.ask("refusing", { credential: 1 });
  });
  show("one credential revoked, refused by the gateway", took, await studio.ask("measure"), await gateway.ask("measure"));

  await gateway.stop();
  gateway = await start("gateway", { ...gatewaySettings, hub: "127.0.0.1:1" });
  took = await timed(() => gateway.ask("serving", { credential: credentials }));
  show("gateway started from its last good configuration", took, await gateway.ask("measure"));
  await gateway.stop();
  await studio.stop();
} finally {
  await sql.end();
  for (const child of children) child.kill("SIGKILL");
  await database.drop();
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}
