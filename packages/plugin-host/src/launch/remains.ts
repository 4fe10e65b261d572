import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { sleep } from "@portico/core";

const maxRounds = 50;

/** How the processes of one plugin are told from all others. */
export type Mark =
  /** By their user, which is no other process's: exact, whatever they do. */
  | { by: "user"; uid: number }
  /** By the process group and a variable in their environment, which a process can leave and empty. */
  | { by: "environment"; name: string; value: string };

const isLive = (status: string): boolean => !/^State:\s*[ZX]/m.test(status);

async function belongs(pid: string, mark: Mark): Promise<boolean> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    if (!isLive(status)) return false;
    if (mark.by === "user") return /^Uid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/).includes(String(mark.uid)) ?? false;
    const environment = await readFile(`/proc/${pid}/environ`, "latin1");
    return environment.split("\0").includes(`${mark.name}=${mark.value}`);
  } catch {
    // It has ended, or belongs to somebody else.
    return false;
  }
}

/** Ids of the live processes that carry the mark; none where there is no /proc. */
export async function processesOf(mark: Mark): Promise<number[]> {
  const names = await readdir("/proc").catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const found = await Promise.all(pids.map(async (pid) => ((await belongs(pid, mark)) ? [Number(pid)] : [])));
  return found.flat();
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** One kill by the kernel for all processes of a user, which no amount of forking outruns. */
function killUser(uid: number): Promise<void> {
  return new Promise((resolve) => {
    try {
      const child = spawn("/bin/sh", ["-c", "kill -KILL -1"], { uid, gid: uid, stdio: "ignore", cwd: "/", env: {} });
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    } catch {
      // No process to be had just now; the next round tries again.
      resolve();
    }
  });
}

/** Ends whatever a plugin left, processes that took a session or group of their own among them. False when some would not end. */
export async function killRemains(mark: Mark): Promise<boolean> {
  for (let round = 0; round < maxRounds; round += 1) {
    const left = await processesOf(mark);
    if (left.length === 0) return true;
    for (const pid of left) kill(pid);
    if (mark.by === "user") await killUser(mark.uid);
    if (round > 0) await sleep(10);
  }
  return false;
}
