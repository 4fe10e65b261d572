import { execFile } from "node:child_process";
import { chmod, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { closedFoldersAbove } from "./readable.ts";

const run = promisify(execFile);

/** A unix socket path has at most 103 bytes on some systems; ours needs about 55 below this folder. */
const maxBaseChars = 40;

async function canExecuteIn(dir: string): Promise<boolean> {
  const probe = join(dir, "probe");
  try {
    await writeFile(probe, "#!/bin/sh\n", { mode: 0o700 });
    await run(probe, { timeout: 5_000 });
    return true;
  } catch {
    return false;
  } finally {
    await rm(probe, { force: true });
  }
}

/** `runsCode` is false where every folder for temporary files is mounted so that nothing in it can be executed. */
export type BaseDir = { path: string; runsCode: boolean };

/**
 * Makes the folder in which a host keeps the sockets and copies of its plugins: where every user can get to it and, if there is such a
 * place, files can be executed. Others may pass through it but see nothing in it.
 * @throws Error when no folder for temporary files can be used.
 */
export async function makeBaseDir(): Promise<BaseDir> {
  let unfit: string | undefined;
  for (const candidate of [tmpdir(), "/tmp", "/var/tmp"]) {
    // Resolved, because plugins are held to it as it is written.
    const base = await realpath(candidate).catch(() => undefined);
    if (base === undefined || base.length > maxBaseChars) continue;
    if (process.geteuid?.() === 0 && (await closedFoldersAbove(join(base, "dir"))).length > 0) continue;
    const path = await mkdtemp(join(base, "portico-")).catch(() => undefined);
    if (path === undefined) continue;
    await chmod(path, 0o711);
    if (await canExecuteIn(path)) {
      if (unfit !== undefined) await rm(unfit, { recursive: true, force: true });
      return { path, runsCode: true };
    }
    if (unfit === undefined) unfit = path;
    else await rm(path, { recursive: true, force: true });
  }
  if (unfit !== undefined) return { path: unfit, runsCode: false };
  throw new Error(
    `none of ${tmpdir()}, /tmp and /var/tmp can hold the sockets of plugins; set TMPDIR to a short path that all users can reach`,
  );
}
