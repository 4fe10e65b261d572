import { type FileHandle, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import type { Resource } from "@portico/protocol/edge";
import { ResourceDelta } from "@portico/protocol/edge";
import { resourceKey } from "@portico/protocol/resources";

/** What was served last, as the deltas that led to it. */
export type StoredResources = {
  /** The data key as it came, wrapped. */
  wrappedKey: Buffer;
  /** Each one ends with `complete`. */
  deltas: Iterable<ResourceDelta>;
};

/**
 * The resources on disk: one file of deltas, each change appended to it. A crash at any moment leaves what was there before or after.
 * Calls come one after the other.
 */
export type ResourceLog = {
  load(): Promise<StoredResources | undefined>;
  /** Begins a new log beside the one that is there; parts follow by `add`. */
  begin(wrappedKey: Buffer): Promise<void>;
  /** A part of a delta. Nothing counts before `commit`. */
  add(delta: ResourceDelta): Promise<void>;
  commit(): Promise<void>;
  /** Forgets the parts since the last commit. */
  discard(): Promise<void>;
  remove(): Promise<void>;
};

const headerBytes = 8;
/** Of appended changes, before the file is written without what they have made obsolete. */
const compactBytes = 4 * 1024 * 1024;
const frameBytes = 256 * 1024;

export function createResourceLog(dataDir: string, slice: () => Promise<void> | undefined): ResourceLog {
  const path = join(dataDir, "last-good.log");
  const nextPath = `${path}.new`;
  /** While a whole new log is written. */
  let next: FileHandle | undefined;
  let pending: Buffer[] = [];
  /** Of the file that counts. */
  let bytes = 0;
  let appended = 0;

  async function load(): Promise<StoredResources | undefined> {
    const file = await readIfThere(path);
    if (!file) return undefined;
    const { frames, end } = await readFrames(file, slice);
    const [wrappedKey, ...deltas] = frames;
    if (!wrappedKey || deltas.length === 0) throw new Error(`${path} holds no whole configuration`);
    bytes = end;
    // Behind the last complete delta there may be what a crash has left.
    if (end < file.length) await truncate(path, end);
    return {
      wrappedKey,
      deltas: {
        *[Symbol.iterator]() {
          for (const frame of deltas) yield ResourceDelta.decode(frame);
        },
      },
    };
  }

  async function replace(): Promise<void> {
    if (!next) return;
    await next.datasync();
    bytes = (await next.stat()).size;
    appended = 0;
    await next.close();
    next = undefined;
    await rename(nextPath, path);
    await syncFolder(dirname(path));
  }

  async function append(frames: readonly Buffer[]): Promise<void> {
    const file = await open(path, "a", 0o600);
    try {
      await file.writev(frames);
      await file.datasync();
    } finally {
      await file.close();
    }
    const size = frames.reduce((sum, frame) => sum + frame.length, 0);
    bytes += size;
    appended += size;
  }

  async function begin(wrappedKey: Buffer): Promise<void> {
    await discard();
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    next = await open(nextPath, "w", 0o600);
    await next.writeFile(frameOf(wrappedKey));
  }

  async function discard(): Promise<void> {
    pending = [];
    const file = next;
    next = undefined;
    await file?.close();
    if (file) await rm(nextPath, { force: true });
  }

  /** Writes the newest version of each resource to a new file. */
  async function compact(): Promise<void> {
    const stored = await load();
    if (!stored) return;
    const newest = new Map<string, number>();
    let at = 0;
    let last: ResourceDelta | undefined;
    for (const delta of stored.deltas) {
      if (delta.full) newest.clear();
      for (const resource of delta.set) newest.set(resourceKey(resource), at);
      for (const name of delta.removed) newest.delete(resourceKey(name));
      at++;
      last = delta;
      await slice();
    }
    await begin(stored.wrappedKey);
    let part: ResourceDelta = { ...emptyDelta, full: true, set: [] };
    let size = 0;
    at = 0;
    for (const delta of stored.deltas) {
      const kept: Resource[] = delta.set.filter((resource) => newest.get(resourceKey(resource)) === at);
      part.set.push(...kept);
      size += kept.reduce((sum, { body }) => sum + body.length, 0);
      at++;
      if (size >= frameBytes) {
        await next?.writeFile(frameOf(ResourceDelta.encode(part).finish()));
        part = { ...emptyDelta, set: [] };
        size = 0;
      }
      await slice();
    }
    const end = { complete: true, version: last?.version ?? 0, checksum: last?.checksum ?? "", revocation: last?.revocation };
    await next?.writeFile(frameOf(ResourceDelta.encode({ ...part, ...end }).finish()));
    await replace();
  }

  return {
    load,
    begin,
    async add(delta) {
      const frame = frameOf(ResourceDelta.encode(delta).finish());
      if (next) await next.writeFile(frame);
      else pending.push(frame);
    },
    async commit() {
      if (next) return replace();
      const frames = pending;
      pending = [];
      if (frames.length > 0) await append(frames);
      if (appended > Math.max(compactBytes, (bytes - appended) / 2)) await compact();
    },
    discard,
    async remove() {
      await discard();
      await rm(path, { force: true });
    },
  };
}

const emptyDelta: ResourceDelta = {
  full: false,
  set: [],
  removed: [],
  complete: false,
  version: 0,
  checksum: "",
  revocation: undefined,
};

/** Length, CRC, content. */
function frameOf(content: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + content.length);
  frame.writeUInt32BE(content.length, 0);
  frame.writeUInt32BE(crc32(content), 4);
  frame.set(content, headerBytes);
  return frame;
}

/** @returns the frames up to the last complete delta, and where that ends. */
async function readFrames(file: Buffer, slice: () => Promise<void> | undefined): Promise<{ frames: Buffer[]; end: number }> {
  const frames: Buffer[] = [];
  let complete = 0;
  let end = 0;
  for (let at = 0; at + headerBytes <= file.length; ) {
    const length = file.readUInt32BE(at);
    const content = file.subarray(at + headerBytes, at + headerBytes + length);
    if (content.length < length || crc32(content) !== file.readUInt32BE(at + 4)) break;
    at += headerBytes + length;
    frames.push(content);
    if (frames.length > 1 && ResourceDelta.decode(content).complete) {
      complete = frames.length;
      end = at;
    }
    await slice();
  }
  return { frames: frames.slice(0, complete), end };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function truncate(path: string, length: number): Promise<void> {
  const file = await open(path, "r+");
  await file.truncate(length);
  await file.close();
}

/** A rename survives a power cut only once the folder is on disk. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  await folder.sync().catch(() => undefined);
  await folder.close();
}
