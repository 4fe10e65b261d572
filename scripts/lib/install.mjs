import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { takeLock } from "./lock.mjs";
import { buildDir, pinnedNode, root, systemEnv } from "./paths.mjs";
import { checkDisk } from "./preflight.mjs";
import { Stop } from "./stop.mjs";

const modules = join(root, "node_modules");
// Inside node_modules, so that it goes when they go; written last, so that an interrupted install does not count.
const stampFile = join(modules, ".portico-lock-hash");
const neededMb = 3_000;

const lockHash = () =>
  createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");

/** Whether what is installed is what the lockfile says, by our stamp or by npm's own record of what it installed. */
export function isInstalled() {
  if (!existsSync(pinnedNode)) return false;
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === lockHash()) return true;
  const agrees = installedAgrees();
  if (agrees) writeFileSync(stampFile, lockHash());
  return agrees;
}

function installedAgrees() {
  const record = join(modules, ".package-lock.json");
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const present = JSON.parse(readFileSync(record, "utf8")).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const found = present[path];
    // Packages for other platforms are in the lockfile and rightly not on this disk.
    if (!found && entry.optional) continue;
    if (!found || found.version !== entry.version || found.integrity !== entry.integrity) return false;
  }
  return true;
}

/** Installs from the lockfile when that has not been done for this very lockfile. */
export async function ensureInstalled({ children, progress }) {
  if (isInstalled()) return false;
  const lock = takeLock(join(buildDir, "install.lock"));
  if (lock.holder)
    throw new Stop(
      `Process ${lock.holder.pid} is installing into this folder right now; wait until it is done and run the same command again.`,
    );
  try {
    checkDisk(root, neededMb, "Installing");
    checkNpm();
    const total = Object.values(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages).filter(
      (p) => p.integrity,
    ).length;
    const step = progress.begin("Installing packages (first time: one to three minutes)");
    let fetched = 0;
    try {
      await children.run("npm", ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=http"], {
        doing: "Installing packages",
        cwd: root,
        env: systemEnv({ NODE_ENV: undefined, NEXT_TELEMETRY_DISABLED: "1", npm_config_progress: "false" }),
        onLine(line) {
          if (!/npm http (fetch|cache)/.test(line)) return line;
          fetched = Math.min(fetched + 1, total);
          step.update(fetched < total ? `${fetched} of about ${total}` : "unpacking");
          return null;
        },
      });
    } catch (error) {
      step.fail();
      throw error;
    }
    if (!existsSync(pinnedNode) && Number(process.versions.node.split(".")[0]) < 24)
      throw new Stop(
        "npm did not install the pinned Node: its install scripts are blocked here; allow them (npm config set ignore-scripts false) or use Node 24, and run the same command again.",
      );
    writeFileSync(stampFile, lockHash());
    step.done();
    return true;
  } finally {
    lock.release();
  }
}

function checkNpm() {
  let version;
  try {
    version = execFileSync("npm", ["--version"], {
      encoding: "utf8",
      env: systemEnv(),
      cwd: root,
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch (cause) {
    throw new Stop("npm is not on PATH; install Node 20 or later together with npm (https://nodejs.org).", { cause });
  }
  if (Number(version.split(".")[0]) < 8)
    throw new Stop(`npm ${version} is too old for this lockfile; install Node 20 or later together with its npm (https://nodejs.org).`);
}
