#!/usr/bin/env node
// Stands where the Prisma CLI expects its schema engine binary, for which there is no download everywhere: speaks the engine's
// JSON-RPC on stdin and stdout over the WebAssembly build of the same engine. For authoring migrations and checking drift only.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from "@prisma/driver-adapter-utils";
import pg from "pg";

const enginePath = "@prisma/schema-engine-wasm/schema_engine_bg";
const glue = await import(enginePath);
const wasm = readFileSync(
  createRequire(import.meta.url)
    .resolve(enginePath)
    .replace(/\.js$/, ".wasm"),
);
const { instance } = await WebAssembly.instantiate(wasm, { "./schema_engine_bg.js": glue });
glue.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();

// A panic of the engine would otherwise end this process without a word, which the Prisma CLI takes for "no difference".
globalThis.PRISMA_WASM_PANIC_REGISTRY = {
  set_message(message) {
    process.stderr.write(`${JSON.stringify({ level: "ERROR", fields: { is_panic: true, message }, target: "schema_engine::logger" })}\n`);
  },
};

const { datasource, datamodels, command, wantsVersion } = readArguments(process.argv.slice(2));
const url = datasource.url ?? "";
if (wantsVersion) {
  console.log(`schema-engine-cli ${glue.version()}`);
  process.exit(0);
}
if (command) {
  process.stderr.write("\n");
  try {
    await runCommand(command);
    process.exit(0);
  } catch (error) {
    const fields = { is_panic: false, message: error.message, error_code: error.code === "3D000" ? "P1003" : "P1001" };
    process.stderr.write(
      `${JSON.stringify({ timestamp: new Date().toISOString(), level: "ERROR", fields, target: "schema_engine::logger" })}\n`,
    );
    process.exit(1);
  }
}
serve();

function readArguments(argv) {
  const found = { datasource: {}, datamodels: [], command: undefined, wantsVersion: false };
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === "--datasource") found.datasource = JSON.parse(argv[++i]);
    else if (argv[i] === "--datamodels") found.datamodels.push(argv[++i]);
    else if (argv[i] === "cli") found.command = argv[++i];
    else if (argv[i] === "--version" || argv[i] === "-V") found.wantsVersion = true;
    else if (argv[i].startsWith("--")) i++;
  }
  return found;
}

async function runCommand(name) {
  const quote = (text) => `"${text.replaceAll('"', '""')}"`;
  const target = new URL(url);
  const database = decodeURIComponent(target.pathname.slice(1));
  if (name !== "can-connect-to-database") target.pathname = "/postgres";
  target.searchParams.delete("schema");
  const client = new pg.Client(target.toString());
  await client.connect();
  try {
    if (name === "create-database") await client.query(`CREATE DATABASE ${quote(database)}`);
    else if (name === "drop-database") await client.query(`DROP DATABASE IF EXISTS ${quote(database)} WITH (FORCE)`);
    else if (name !== "can-connect-to-database") throw new Error(`unknown command ${name}`);
  } finally {
    await client.end();
  }
}

function serve() {
  const target = new URL(url || "postgresql://127.0.0.1/none");
  const schema = target.searchParams.get("schema") ?? undefined;
  // Never { connectionString }: the adapter overrides only `database` for its shadow database, which a connection string would
  // win over, and the shadow run would then empty the real one.
  const connection = {
    host: target.hostname,
    port: Number(target.port || 5432),
    user: decodeURIComponent(target.username),
    password: decodeURIComponent(target.password),
    database: decodeURIComponent(target.pathname.slice(1)),
    max: 2,
  };

  // adapter-pg does not know Postgres' internal "char" type (oid 18, its array 1002), which the engine's describer selects.
  const asText = new Map([
    [18, 1043],
    [1002, 1015],
  ]);
  function patchTypes(pool) {
    const query = pool.query;
    pool.query = async function patched(...args) {
      const result = await query.apply(this, args);
      for (const field of result?.fields ?? []) field.dataTypeID = asText.get(field.dataTypeID) ?? field.dataTypeID;
      return result;
    };
  }

  const open = [];
  class Factory extends PrismaPg {
    isShadow = false;

    async connect() {
      const adapter = await super.connect();
      const pool = adapter.underlyingDriver();
      patchTypes(pool);
      const queryRaw = adapter.queryRaw.bind(adapter);
      adapter.queryRaw = async (query) => {
        const result = await queryRaw(query);
        // The one such column that the engine reads as a character and panics on as a text.
        const index = result.columnNames.indexOf("constraint_type");
        if (index >= 0) result.columnTypes[index] = ColumnTypeEnum.Character;
        return result;
      };
      // The adapter's own version cuts a script at every semicolon, those inside function bodies included.
      adapter.executeScript = async (script) => void (await pool.query(script));
      if (!this.isShadow) open.push(adapter);
      return adapter;
    }

    // The adapter's own version drops the database before it closes its pool on it, which Postgres refuses.
    async connectToShadowDb() {
      const admin = await super.connect();
      const database = `prisma_migrate_shadow_db_${randomUUID()}`;
      await admin.executeScript(`CREATE DATABASE "${database}"`);
      const factory = new Factory({ ...connection, database }, { schema });
      factory.isShadow = true;
      const adapter = await factory.connect();
      const dispose = adapter.dispose.bind(adapter);
      adapter.dispose = async () => {
        await dispose();
        await admin.executeScript(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`);
        await admin.dispose();
      };
      return adapter;
    }
  }

  const bound = bindMigrationAwareSqlAdapterFactory(new Factory(connection, { schema }));
  const schemas = datamodels.length ? datamodels.map((path) => [path, readFileSync(path, "utf8")]) : undefined;
  let engine;
  const getEngine = async () => {
    engine ??= await glue.SchemaEngine.new({ datamodels: schemas }, () => {}, bound);
    return engine;
  };
  const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);

  async function handle({ id, method, params }) {
    try {
      if (method === "evaluateDataLoss" && engine) {
        // Closing the connections releases the former engine's advisory lock; else this one waits ten seconds for it.
        engine = undefined;
        for (const adapter of open.splice(0)) await adapter.dispose();
      }
      const current = await getEngine();
      // This build cannot open a shadow database from evaluateDataLoss; devDiagnostic can, and leaves what it needs behind.
      if (method === "evaluateDataLoss") await current.devDiagnostic({ migrationsList: params.migrationsList, filters: params.filters });
      const result = await current[method === "getDatabaseVersion" ? "version" : method](params);
      if (method === "diff" && result?.stdout != null) send({ id: 1_000_000 + id, method: "print", params: { content: result.stdout } });
      send({ id, result: result ?? null });
    } catch (error) {
      const data = { is_panic: false, message: error.message, meta: error.meta ?? null, error_code: error.code ?? null };
      send({ id, error: { code: 4466, message: error.message, data } });
    }
  }

  let queue = Promise.resolve();
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on("line", (line) => {
    const request = JSON.parse(line);
    if (request.method) queue = queue.then(() => handle(request));
  });
  lines.on("close", () => queue.then(() => process.exit(0)));
  process.on("SIGTERM", () => process.exit(0));
}
