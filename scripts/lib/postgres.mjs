import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readFileSync, readlinkSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureStudioOwns, studioRole } from "./database-owner.mjs";
import { isAlive } from "./lock.mjs";
import { privateFolder } from "./postgres-place.mjs";
import { Stop } from "./stop.mjs";

const user = "portico";
const major = "18";

// Speed for databases that live for one test run: nothing in them is worth a flush to disk.
const throwAwaySettings = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_connections: "200",
};

/**
 * Makes the cluster when there is none. It appears under its name only when complete, so an interrupted attempt is simply redone.
 * The password lives inside the cluster's own folder: the two can only be kept, moved or deleted together.
 */
export async function ensureCluster({ children, place, onCreate = () => {}, sync = true }) {
  const { clusterDir, native, account } = place;
  if (existsSync(join(clusterDir, "PG_VERSION"))) {
    const found = readFileSync(join(clusterDir, "PG_VERSION"), "utf8").trim();
    if (found !== major)
      throw new Stop(
        `The data in ${clusterDir} is of Postgres ${found} and this version of Portico brings ${major}; move the folder away, or run a Postgres ${found} on it and set DATABASE_URL.`,
      );
    return;
  }
  if (existsSync(clusterDir)) throw new Stop(`${clusterDir} exists but holds no database; move it away and run the same command again.`);
  onCreate();
  const fresh = `${clusterDir}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(dirname(clusterDir), { recursive: true });
  privateFolder(fresh, account);
  const password = randomBytes(24).toString("base64url");
  const passwordFile = `${fresh}-password`;
  try {
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (account) chownSync(passwordFile, account.uid, account.gid);
    await children.run(
      join(native, "bin", "initdb"),
      [
        "-D",
        fresh,
        "-U",
        user,
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--auth=scram-sha-256",
        `--pwfile=${passwordFile}`,
        "--no-instructions",
        ...(sync ? [] : ["--no-sync"]),
      ],
      { name: "initdb", doing: "Making the database", cwd: "/", env: postgresEnv(), ...account },
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
  writeFacts(fresh, account, { password, port: 0 });
  renameSync(fresh, clusterDir);
}

function writeFacts(dir, account, facts) {
  const file = join(dir, "portico.json");
  writeFileSync(`${file}.new`, JSON.stringify(facts), { mode: 0o600 });
  if (account) chownSync(`${file}.new`, account.uid, account.gid);
  renameSync(`${file}.new`, file);
}

/**
 * Starts the cluster as a child in the foreground and resolves when it answers, on the port of last time when that is free.
 * An orphan of a killed run is stopped first; a postmaster.pid whose number belongs to another program now is removed.
 * @returns {Promise<{ child: import("./children.mjs").Child, port: number, url(database: string): string, studioUrl(database: string): string,
 *   studioPassword: string }>} `url` is the superuser's, for us; `studioUrl` is what studio gets
 */
export async function startCluster({ children, place, onLine = () => {}, report = () => {}, throwAway = false, readyTimeoutMs = 120_000 }) {
  const { clusterDir, native, account } = place;
  const kept = JSON.parse(readFileSync(join(clusterDir, "portico.json"), "utf8"));
  const facts = { ...kept, studioPassword: kept.studioPassword ?? randomBytes(24).toString("base64url") };
  await clearFormerServer(clusterDir, report);
  for (let attempt = 1; ; attempt++) {
    const port = attempt === 1 && facts.port && (await isFree(facts.port)) ? facts.port : await freePort();
    const last = [];
    const settings = {
      port,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      log_min_messages: "warning",
      log_checkpoints: "off",
      log_line_prefix: "%m [%p] ",
      ...(throwAway ? throwAwaySettings : {}),
    };
    const child = children.start(
      join(native, "bin", "postgres"),
      ["-D", clusterDir, ...Object.entries(settings).flatMap(([k, v]) => ["-c", `${k}=${v}`])],
      {
        name: "postgres",
        stopSignal: "SIGINT",
        deadlineMs: throwAway ? 3_000 : 15_000,
        cwd: "/",
        env: postgresEnv(),
        ...account,
        onLine(line, stream) {
          last.push(line);
          if (last.length > 30) last.shift();
          onLine(line, stream);
        },
      },
    );
    const outcome = await untilReady(child, clusterDir, readyTimeoutMs);
    if (outcome === "ready") {
      if (kept.port !== port || !kept.studioPassword) writeFacts(clusterDir, account, { ...facts, port });
      const url = (role, password, database) => `postgresql://${role}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
      return {
        child,
        port,
        url: (database) => url(user, facts.password, database),
        studioUrl: (database) => url(studioRole, facts.studioPassword, database),
        studioPassword: facts.studioPassword,
      };
    }
    await child.stop();
    const text = last.join("\n");
    if (attempt < 3 && /could not bind|Address already in use/i.test(text)) continue;
    if (/No space left on device/i.test(text))
      throw new Stop("The disk is full, so Postgres cannot start; free some space and run the same command again.");
    throw new Stop(
      outcome === "ended"
        ? "Postgres ended while starting; the lines above say why."
        : `Postgres was not ready after ${readyTimeoutMs / 1000} s; the lines above say why.`,
      {
        detail: last.slice(-15),
      },
    );
  }
}

async function untilReady(child, clusterDir, readyTimeoutMs) {
  const deadline = Date.now() + readyTimeoutMs;
  let ended = false;
  child.exited.then(() => {
    ended = true;
  });
  while (Date.now() < deadline) {
    if (ended) return "ended";
    // As pg_ctl does: the postmaster writes its state into line 8 of its own pid file.
    const lines = pidFile(clusterDir);
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === "ready") return "ready";
    await sleep(25);
  }
  return "late";
}

function pidFile(clusterDir) {
  try {
    return readFileSync(join(clusterDir, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return [];
  }
}

async function clearFormerServer(clusterDir, report) {
  const pid = Number(pidFile(clusterDir)[0]);
  if (!pid) return;
  if (isAlive(pid) && isServerOf(pid, clusterDir)) {
    report("Stopping a database server left over from a run that was killed.");
    process.kill(pid, "SIGINT");
    for (const until = Date.now() + 15_000; isAlive(pid) && Date.now() < until; ) await sleep(50);
    if (isAlive(pid))
      throw new Stop(
        `The database server ${pid} of an earlier run does not stop; end it with kill -QUIT ${pid} and run the same command again.`,
      );
  }
  rmSync(join(clusterDir, "postmaster.pid"), { force: true });
}

// The number alone proves nothing: after a reboot or in a new container it belongs to somebody else.
function isServerOf(pid, clusterDir) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(clusterDir);
  } catch {
    // Without /proc (macOS), or another user's process: believe Postgres' own check, which refuses only when it is in use.
    return process.platform !== "linux";
  }
}

/** Locale and connection settings of the caller must not reach the server. */
function postgresEnv() {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(PG|LC_|LANG|DATABASE_URL|ADMIN_|PORTICO_)/.test(key)));
  return { ...env, LC_ALL: "C", TZ: "UTC" };
}

/** Creates the database unless it exists, owned by studio's role. */
export async function ensureDatabase(server, name) {
  const { default: pg } = await import("pg");
  const connected = async (database, run) => {
    const client = new pg.Client(server.url(database));
    await client.connect();
    try {
      return await run(client);
    } finally {
      await client.end();
    }
  };
  await connected("postgres", async (client) => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (!rowCount) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
  await connected(name, (client) => ensureStudioOwns(client, name, server.studioPassword));
}

/** A port of 127.0.0.1 that nobody uses at this moment. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
