import { createHash } from "node:crypto";
import { serial, timeSlices } from "@portico/core/concurrency";
import { CredentialBucket, type SnapshotEnvelope, SystemCallKey } from "@portico/protocol/edge";
import { bucketEntryBytes, resourceKey } from "@portico/protocol/resources";
import type { Cursor, Page, Position } from "./relay-store.ts";

/** Whole snapshots for edges that do not take deltas, made of the same resources. */
export type Snapshots = {
  /** Reads what has changed. @returns the snapshot of now. */
  update(namespace: string): Promise<SnapshotEnvelope>;
  /** The newest that was made, with what is revoked of it at this moment. */
  latest(namespace: string): SnapshotEnvelope | undefined;
  /** Must be called before edges are sent the revocations. */
  revoked(namespace: string, hashes: readonly string[]): void;
  /** Forgets the namespace, whose last such edge has left. */
  forget(namespace: string): void;
};

export type SnapshotResource = { type: string; name: string; body: Buffer };

type Mirror = {
  cursor: Cursor;
  resources: Map<string, SnapshotResource>;
  envelope: SnapshotEnvelope | undefined;
  revoked: Set<string>;
  /** Since an update began, which may not know of them. */
  revokedSince: Set<string>;
};

export function createSnapshots({
  readPage,
  onMade,
}: {
  readPage(namespace: string, after: Cursor): Promise<Page>;
  /** The checksum of a new one is known. */
  onMade(namespace: string, position: Position): Promise<void>;
}): Snapshots {
  const mirrors = new Map<string, Mirror>();
  const { run } = serial();
  const slice = timeSlices();

  const aMirror = (): Mirror => ({
    cursor: { version: 0, type: "", name: "", shared: false },
    resources: new Map(),
    envelope: undefined,
    revoked: new Set(),
    revokedSince: new Set(),
  });

  async function update(namespace: string): Promise<SnapshotEnvelope> {
    const mirror = mirrors.get(namespace) ?? aMirror();
    mirrors.set(namespace, mirror);
    const end = await readAll(namespace, mirror);
    const isSame = mirror.envelope?.version === end.version;
    const made = isSame ? undefined : await composeSnapshot(namespace, mirror.resources.values(), slice);
    // In one step with what the snapshot is compared with: what is revoked from here on is added to it.
    mirror.revoked = new Set([...end.revoked, ...mirror.revokedSince]);
    if (made) {
      mirror.envelope = { version: end.version, ...made, revocation: undefined };
      await onMade(namespace, { version: end.version, checksum: made.checksum });
    }
    return withRevoked(mirror) ?? Promise.reject(new Error("the snapshot was not made"));
  }

  async function readAll(namespace: string, mirror: Mirror): Promise<NonNullable<Page["end"]>> {
    for (;;) {
      mirror.revokedSince.clear();
      const { resources, end } = await readPage(namespace, mirror.cursor);
      for (const { deleted, ...resource } of resources) {
        if (deleted) mirror.resources.delete(resourceKey(resource));
        else mirror.resources.set(resourceKey(resource), resource);
        mirror.cursor = resource;
      }
      if (end) return end;
      await slice();
    }
  }

  const withRevoked = ({ envelope, revoked }: Mirror): SnapshotEnvelope | undefined =>
    envelope && { ...envelope, revocation: { revocationId: 0, credentialHashes: [...revoked] } };

  return {
    update: (namespace) => run(() => update(namespace)),
    latest(namespace) {
      const mirror = mirrors.get(namespace);
      return mirror && withRevoked(mirror);
    },
    revoked(namespace, hashes) {
      const mirror = mirrors.get(namespace);
      for (const hash of mirror ? hashes : []) {
        mirror?.revoked.add(hash);
        mirror?.revokedSince.add(hash);
      }
    },
    forget: (namespace) => void mirrors.delete(namespace),
  };
}

/** Fields of Snapshot and AppConfig in edge.proto, all of them length-delimited. */
const field = { namespace: 1, llm: 2, app: 3, plugin: 4, price: 5, systemCallKey: 6, credentialHashes: 9 };

/**
 * Puts a Snapshot together from resources as they are: a protobuf message is the concatenation of its fields. Equal resources give equal
 * bytes, and the event loop is held for no longer than a slice.
 */
export async function composeSnapshot(
  namespace: string,
  resources: Iterable<SnapshotResource>,
  slice: () => Promise<void> | undefined = timeSlices(),
): Promise<{ body: Buffer; checksum: string }> {
  const byType = Map.groupBy(resources, ({ type }) => type);
  const sorted = (type: string) => (byType.get(type) ?? []).sort((a, b) => Number(a.name) - Number(b.name));
  const hashesOf = new Map<number, string[]>();
  for (const { body } of (byType.get("credentials") ?? []).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { entries } = CredentialBucket.decode(body);
    for (let at = 0; at < entries.length; at += bucketEntryBytes) {
      const appId = entries.readUInt32BE(at + 32);
      const hashes = hashesOf.get(appId) ?? [];
      if (hashes.length === 0) hashesOf.set(appId, hashes);
      hashes.push(entries.toString("hex", at, at + 32));
    }
    await slice();
  }
  const parts: Buffer[] = [];
  const add = (number: number, ...bodies: Buffer[]) => {
    parts.push(
      header(
        number,
        bodies.reduce((sum, body) => sum + body.length, 0),
      ),
      ...bodies,
    );
  };
  if (namespace) add(field.namespace, Buffer.from(namespace));
  for (const type of ["llm", "app", "plugin", "price"] as const)
    for (const { name, body } of sorted(type)) {
      const hashes =
        type === "app" ? (hashesOf.get(Number(name)) ?? []).map((hash) => delimited(field.credentialHashes, Buffer.from(hash))) : [];
      add(field[type], body, ...(hashes.length > 0 ? [Buffer.concat(hashes)] : []));
      await slice();
    }
  for (const { body } of byType.get("system_call_key") ?? []) add(field.systemCallKey, SystemCallKey.decode(body).publicKey);
  return concatenate(parts, slice);
}

async function concatenate(parts: readonly Buffer[], slice: () => Promise<void> | undefined): Promise<{ body: Buffer; checksum: string }> {
  const body = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + part.length, 0));
  const hash = createHash("sha256");
  let at = 0;
  for (const part of parts) {
    part.copy(body, at);
    hash.update(part);
    at += part.length;
    await slice();
  }
  return { body, checksum: hash.digest("hex") };
}

const delimited = (number: number, body: Buffer): Buffer => Buffer.concat([header(number, body.length), body]);

/** Tag and length of a length-delimited field. */
function header(number: number, length: number): Buffer {
  const bytes = [(number << 3) | 2];
  let rest = length;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
