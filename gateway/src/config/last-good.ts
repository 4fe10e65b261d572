import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SnapshotEnvelope } from "@portico/protocol/edge";

/** What the gateway needs to start without its hub. The data key is stored as it came, wrapped. */
export type LastGood = { envelope: SnapshotEnvelope; wrappedKey: Buffer };

export type LastGoodFiles = {
  load(): Promise<LastGood | undefined>;
  save(lastGood: LastGood): Promise<void>;
  remove(): Promise<void>;
  loadRevoked(): Promise<string[]>;
  saveRevoked(hashes: string[]): Promise<void>;
};

type Stored = { version: number; checksum: string; wrapped_key: string; body: string };

function isStored(value: unknown): value is Stored {
  if (value === null || typeof value !== "object") return false;
  const { version, checksum, wrapped_key, body } = value as Partial<Stored>;
  return Number.isSafeInteger(version) && [checksum, wrapped_key, body].every((field) => typeof field === "string");
}

/** Files of the last snapshot that was served, in the gateway's folder; a crash at any moment leaves the old or the new. */
export function createLastGoodFiles(dataDir: string): LastGoodFiles {
  const snapshotPath = join(dataDir, "last-good.json");
  const revokedPath = join(dataDir, "revoked.json");
  return {
    async load() {
      const text = await readIfThere(snapshotPath);
      if (text === undefined) return undefined;
      const stored: unknown = JSON.parse(text);
      if (!isStored(stored)) throw new Error(`${snapshotPath} is not a stored snapshot`);
      const { version, checksum, body, wrapped_key } = stored;
      // What is revoked of it has a file of its own, which is newer.
      const envelope = { version, checksum, body: Buffer.from(body, "base64"), revocation: undefined };
      return { envelope, wrappedKey: Buffer.from(wrapped_key, "base64") };
    },
    save: ({ envelope, wrappedKey }) =>
      replaceFile(
        snapshotPath,
        JSON.stringify({
          version: envelope.version,
          checksum: envelope.checksum,
          wrapped_key: wrappedKey.toString("base64"),
          body: Buffer.from(envelope.body).toString("base64"),
        }),
      ),
    remove: () => rm(snapshotPath, { force: true }),
    async loadRevoked() {
      const text = await readIfThere(revokedPath);
      const hashes: unknown = text === undefined ? [] : JSON.parse(text);
      if (!Array.isArray(hashes)) throw new Error(`${revokedPath} is not a list of credential hashes`);
      return hashes.map(String);
    },
    saveRevoked: (hashes) => replaceFile(revokedPath, JSON.stringify(hashes)),
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  // The rename itself survives a power cut only once the folder is on disk.
  const folder = await open(dirname(path), "r");
  await folder.sync().catch(() => undefined);
  await folder.close();
}
