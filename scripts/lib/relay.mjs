import { spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { constants } from "node:os";
import { pinnedNode, toolEnv } from "./paths.mjs";

/** Whether this process already runs on the Node that the lockfile pins (or, where that cannot be, on one new enough). */
export function runsOnPinnedNode() {
  if (!existsSync(pinnedNode)) return Number(process.versions.node.split(".")[0]) >= 24;
  try {
    return realpathSync(process.execPath) === realpathSync(pinnedNode);
  } catch {
    // The file we run from was replaced by an install: the same version under the same name.
    return process.execPath === pinnedNode || process.version === "v24.21.0";
  }
}

/** Runs the same command on the pinned Node and ends as it ends. Signals pass through; its death is ours and ours is its. */
export function relay(script) {
  const child = spawn(pinnedNode, [script, ...process.argv.slice(2)], {
    stdio: "inherit",
    env: toolEnv({ PORTICO_RELAYED_BY: String(process.pid) }),
  });
  // A Ctrl-C reaches the whole foreground group, so the child may have it already; it counts two in a moment as one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 1)));
  });
}

/** Calls back once when the process that started us (npm, or the relay) is gone: nobody is left to tell us to stop. */
export function whenParentDies(callback) {
  const byNpm = Boolean(process.env.npm_lifecycle_event);
  if (!process.env.PORTICO_RELAYED_BY && !byNpm) return;
  const parent = process.ppid;
  // npm starts scripts through a shell, which survives npm and goes on waiting for us.
  const grandparent = byNpm ? parentOf(parent) : undefined;
  const timer = setInterval(() => {
    if (process.ppid === parent && (grandparent === undefined || parentOf(parent) === grandparent)) return;
    clearInterval(timer);
    callback();
  }, 1_000);
  timer.unref();
}

/** undefined where there is no /proc to tell. */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
