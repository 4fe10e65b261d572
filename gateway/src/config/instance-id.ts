import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The id by which the hub distinguishes this gateway from a second one with the same edge id. It belongs to the data folder: a gateway that
 * is started again after a crash takes over the session that the hub still believes to be open.
 */
export function readInstanceId(dataDir: string): string {
  const file = join(dataDir, "instance-id");
  try {
    const kept = readFileSync(file, "utf8").trim();
    if (form.test(kept)) return kept;
  } catch {
    // The first start.
  }
  const id = randomUUID();
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${id}\n`, { mode: 0o600 });
  } catch {
    // Without it a restart only waits until the hub has missed its heartbeats.
  }
  return id;
}
