import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A value that differs for another process of the same number: pids come round again, above all in containers. "" when unknown. */
export function processStart(pid) {
  try {
    // Field 22 of /proc/<pid>/stat; the name in field 2 may itself hold blanks and brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended; under an init that does not collect it, it would seem alive for ever.
    return state === "Z" ? "ended" : (rest[18] ?? "");
  } catch {
    if (process.platform === "linux") return "";
    try {
      return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      return "";
    }
  }
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Who holds the lock file, or undefined when nobody alive does. */
export function lockHolder(file) {
  let holder;
  try {
    holder = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
  if (!Number.isInteger(holder?.pid) || holder.pid === process.pid || !isAlive(holder.pid)) return undefined;
  return processStart(holder.pid) === holder.start ? holder : undefined;
}

/**
 * Takes the lock, or returns the living holder's facts. A lock whose owner died is taken over.
 * @returns {{ release(): void } | { holder: { pid: number, [fact: string]: unknown } }}
 */
export function takeLock(file, facts = {}) {
  mkdirSync(dirname(file), { recursive: true });
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, start: processStart(process.pid), since: new Date().toISOString(), ...facts }), {
    mode: 0o600,
  });
  try {
    for (let attempt = 0; attempt < 20; attempt++) {
      try {
        // A link appears whole or not at all, and never over another: the one step that two callers cannot both win.
        linkSync(own, file);
        return {
          release() {
            try {
              if (JSON.parse(readFileSync(file, "utf8")).pid === process.pid) rmSync(file, { force: true });
            } catch {
              // Somebody removed the folder; there is nothing left to release.
            }
          },
        };
      } catch (error) {
        if (error.code !== "EEXIST") throw error;
      }
      const holder = lockHolder(file);
      if (holder) return { holder };
      try {
        renameSync(file, `${own}.stale`);
        rmSync(`${own}.stale`, { force: true });
      } catch (error) {
        if (error.code !== "ENOENT") throw error;
      }
    }
    throw new Error(`The lock file ${file} cannot be taken.`);
  } finally {
    rmSync(own, { force: true });
  }
}
