import { createHash } from "node:crypto";
import { messageOf } from "@portico/core";
import { timeSlices } from "@portico/core/concurrency";
import type { Logger } from "@portico/core/logger";
import { type DeltaResult, type RejectedResource, type ResourceDelta, Snapshot, type SnapshotEnvelope } from "@portico/protocol/edge";
import { edgeWrappingKey, open } from "@portico/protocol/sealing";
import { ConfigRefused } from "./compile.ts";
import { createLastGoodFiles } from "./last-good.ts";
import { createResourceLog } from "./resource-log.ts";
import { ResourceDraft, type ResourceState } from "./resource-state.ts";
import type { RoutingTable } from "./routing-table.ts";
import { compileTable } from "./snapshot-table.ts";
import type { ConfigStore } from "./store.ts";

export type Applied = { accepted: true; appliedAtMs: number } | { accepted: false; reason: string };

/** What hello says about the configuration. */
export type HeldConfiguration = { version: number; checksum: string; resourcesVersion: number; revoked: number };

/**
 * Takes configuration and revocations from wherever they come, and keeps what was taken on disk. Calls of the asynchronous functions come
 * one after the other, in the order in which the hub has sent what they are about.
 */
export type Configuration = {
  held(): HeldConfiguration;
  /** What of the resources cannot be used. */
  rejected(): RejectedResource[];
  /** Verifies, compiles, swaps and stores; a bad snapshot changes nothing. */
  applySnapshot(envelope: SnapshotEnvelope, wrappedKey: Buffer): Promise<Applied>;
  /** Takes a part of a delta. @returns what became of the delta with its last part. */
  applyDelta(delta: ResourceDelta, wrappedKey: Buffer): Promise<DeltaResult | undefined>;
  /** Refuses from this moment on, ahead of everything that has come but was not applied yet. */
  refuse(hashes: readonly string[]): void;
  /** Keeps refused ones on disk, in their turn. */
  keepRefused(hashes: readonly string[]): Promise<void>;
  /** Forgets parts of a delta that will not be completed. */
  dropUnfinished(): Promise<void>;
  /** Serves what was served last, if there is such a thing; what is wrong with it is logged, never thrown. */
  restore(): Promise<void>;
};

export function createConfiguration({
  store,
  dataDir,
  edgeToken,
  namespace,
  logger,
  onSwap,
}: {
  store: ConfigStore;
  dataDir: string;
  edgeToken: string;
  namespace: string;
  logger: Logger;
  onSwap(table: RoutingTable): void;
}): Configuration {
  const slice = timeSlices();
  const files = createLastGoodFiles(dataDir);
  const log = createResourceLog(dataDir, slice);
  /** Undefined while a snapshot is served. */
  let state: ResourceState | undefined;
  let draft: ResourceDraft | undefined;
  let isFull = false;
  /** Parts that have come of a delta that cannot be taken. */
  let isGap = false;
  /** What is on disk is not what is served: the next change is to bring everything. */
  let isLogBroken = false;
  /** Refused on arrival, before their turn: how often each. */
  const arrived = new Map<string, number>();

  function dataKeyOf(wrappedKey: Buffer): Buffer {
    try {
      return open(edgeWrappingKey(edgeToken), wrappedKey);
    } catch {
      throw new ConfigRefused("the data key cannot be opened with this edge's token");
    }
  }

  function compileSnapshot({ version, checksum, body }: SnapshotEnvelope, wrappedKey: Buffer): RoutingTable {
    const actual = createHash("sha256").update(body).digest("hex");
    if (actual !== checksum) throw new ConfigRefused(`checksum of the body is ${actual}, the envelope says ${checksum || "nothing"}`);
    const dataKey = dataKeyOf(wrappedKey);
    let snapshot: Snapshot;
    try {
      snapshot = Snapshot.decode(body);
    } catch (error) {
      throw new ConfigRefused(`the body is not a snapshot: ${messageOf(error)}`);
    }
    if (snapshot.namespace !== namespace) {
      throw new ConfigRefused(`the snapshot is of namespace "${snapshot.namespace}", this edge serves "${namespace}"`);
    }
    return compileTable(snapshot, { version, checksum, dataKey });
  }

  /** Makes the table current with exactly these revocations, and those that have arrived but not had their turn. */
  async function swap(table: RoutingTable, revoked: readonly string[]): Promise<{ appliedAtMs: number; areRevokedChanged: boolean }> {
    try {
      // On disk before the configuration is: a restart in between must not admit what was never to be admitted.
      if (revoked.some((hash) => !store.isRevoked(hash))) {
        store.revoke(revoked);
        await files.saveRevoked(store.revoked());
      }
    } catch (error) {
      logger.error("cannot keep revocations on disk", { error: messageOf(error) });
    }
    const before = store.revoked().length;
    store.swap(table, [...new Set([...revoked, ...arrived.keys()])]);
    const appliedAtMs = Date.now();
    onSwap(table);
    return { appliedAtMs, areRevokedChanged: store.revoked().length !== before };
  }

  async function persist(save: () => Promise<void>, areRevokedChanged: boolean): Promise<void> {
    try {
      await save();
      if (areRevokedChanged) await files.saveRevoked(store.revoked());
    } catch (error) {
      // Served all the same: only a restart without the hub would miss it.
      logger.error("cannot keep the configuration on disk", { error: messageOf(error) });
    }
  }

  async function applySnapshot(envelope: SnapshotEnvelope, wrappedKey: Buffer): Promise<Applied> {
    const current = store.read();
    if (current && envelope.version < current.version) {
      return { accepted: false, reason: `version ${envelope.version} is older than version ${current.version}, which is served` };
    }
    if (current && envelope.version === current.version && envelope.checksum !== current.checksum) {
      return { accepted: false, reason: `version ${envelope.version} is already served with checksum ${current.checksum}` };
    }
    let table: RoutingTable;
    try {
      table = compileSnapshot(envelope, wrappedKey);
    } catch (error) {
      if (!(error instanceof ConfigRefused)) throw error;
      logger.warn("refused a snapshot", { version: envelope.version, reason: error.message });
      return { accepted: false, reason: error.message };
    }
    const { appliedAtMs, areRevokedChanged } = await swap(table, revokedOf(envelope, table));
    state = undefined;
    logger.info("serving a snapshot", sizeOf(table));
    await persist(async () => {
      await files.save({ envelope, wrappedKey });
      await log.remove();
    }, areRevokedChanged);
    return { accepted: true, appliedAtMs };
  }

  /** A hub that does not say is not believed to have admitted a revoked credential again before it has left it out. */
  const revokedOf = ({ revocation }: SnapshotEnvelope, table: RoutingTable): string[] =>
    revocation?.credentialHashes ?? store.revoked().filter((hash) => table.appsByCredential.has(hash));

  /** Takes a part into the draft. @throws ConfigRefused when the delta cannot be taken at all. */
  async function addPart(delta: ResourceDelta, dataKey: Buffer): Promise<ResourceDraft> {
    if (delta.full) draft = new ResourceDraft(undefined, dataKey);
    draft ??= new ResourceDraft(state, dataKey);
    for (const name of delta.removed) draft.remove(name);
    for (const resource of delta.set) {
      draft.set(resource);
      await slice();
    }
    return draft;
  }

  async function applyDelta(delta: ResourceDelta, wrappedKey: Buffer): Promise<DeltaResult | undefined> {
    const { version, checksum } = delta;
    if (delta.full) {
      await dropUnfinished();
      isFull = true;
    }
    isGap ||= !isFull && (!state || isLogBroken);
    const result = { version, checksum, rejected: [], appliedAtMs: 0, gap: false, reason: "" };
    if (isGap) {
      if (delta.complete) isGap = false;
      return delta.complete ? { ...result, gap: true } : undefined;
    }
    try {
      const part = await addPart(delta, dataKeyOf(wrappedKey));
      await keepPart(delta, wrappedKey);
      return delta.complete ? await complete(delta, part) : undefined;
    } catch (error) {
      await dropUnfinished();
      if (!(error instanceof ConfigRefused)) throw error;
      logger.warn("refused a change of the configuration", { version, reason: error.message });
      return { ...result, reason: error.message };
    }
  }

  async function keepPart(delta: ResourceDelta, wrappedKey: Buffer): Promise<void> {
    try {
      if (delta.full) {
        await log.begin(wrappedKey);
        isLogBroken = false;
      }
      if (!isLogBroken) await log.add(delta);
    } catch (error) {
      isLogBroken = true;
      logger.error("cannot keep the configuration on disk", { error: messageOf(error) });
    }
  }

  async function complete({ version, checksum, revocation }: ResourceDelta, done: ResourceDraft): Promise<DeltaResult> {
    const current = store.read();
    const wasFull = isFull;
    const actual = done.checksum();
    const result = { version, checksum, rejected: [], appliedAtMs: 0, gap: false, reason: "" };
    if (actual !== checksum) {
      await dropUnfinished();
      if (!wasFull) return { ...result, gap: true };
      throw new ConfigRefused(`the checksum of all resources is ${actual}, not ${checksum || "given"}`);
    }
    if (current && version < current.version)
      throw new ConfigRefused(`version ${version} is older than version ${current.version}, which is served`);
    const next = await done.finish({ version, checksum }, slice);
    draft = undefined;
    isFull = false;
    const { appliedAtMs, areRevokedChanged } = await swap(next.table, revocation?.credentialHashes ?? []);
    state = next;
    for (const { type, name, reason } of next.rejected.values()) logger.warn("refused a resource", { type, name, reason });
    logger.info("serving a change of the configuration", sizeOf(next.table));
    await persist(async () => {
      if (isLogBroken) return;
      isLogBroken = true;
      await log.commit();
      if (wasFull) await files.remove();
      isLogBroken = false;
    }, areRevokedChanged);
    return { ...result, rejected: [...next.rejected.values()], appliedAtMs };
  }

  async function dropUnfinished(): Promise<void> {
    draft = undefined;
    isFull = false;
    isGap = false;
    await log.discard().catch((error: unknown) => logger.warn("cannot remove an unfinished file", { error: messageOf(error) }));
  }

  async function restoreResources(): Promise<boolean> {
    const stored = await log.load();
    if (!stored) return false;
    const dataKey = dataKeyOf(stored.wrappedKey);
    for (const delta of stored.deltas) {
      const part = await addPart(delta, dataKey);
      if (!delta.complete) continue;
      if (part.checksum() !== delta.checksum) throw new ConfigRefused("the checksum of the stored resources does not match");
      state = await part.finish(delta, slice);
      draft = undefined;
    }
    if (state) serveRestored(state.table);
    return state !== undefined;
  }

  function serveRestored(table: RoutingTable): void {
    store.swap(table, store.revoked());
    onSwap(table);
    logger.info("serving the last good configuration from disk", sizeOf(table));
  }

  return {
    held() {
      const table = store.read();
      return {
        version: table?.version ?? 0,
        checksum: table?.checksum ?? "",
        resourcesVersion: state?.table.version ?? 0,
        revoked: store.revoked().length,
      };
    },
    rejected: () => [...(state?.rejected.values() ?? [])],
    applySnapshot,
    applyDelta,
    refuse(hashes) {
      store.revoke(hashes);
      for (const hash of hashes) arrived.set(hash, (arrived.get(hash) ?? 0) + 1);
    },
    async keepRefused(hashes) {
      for (const hash of hashes) {
        const times = arrived.get(hash) ?? 0;
        if (times > 1) arrived.set(hash, times - 1);
        else arrived.delete(hash);
      }
      store.revoke(hashes);
      await files.saveRevoked(store.revoked());
    },
    dropUnfinished,
    async restore() {
      try {
        store.revoke(await files.loadRevoked());
        if (await restoreResources()) return;
        const lastGood = await files.load();
        if (lastGood) serveRestored(compileSnapshot(lastGood.envelope, lastGood.wrappedKey));
      } catch (error) {
        state = undefined;
        draft = undefined;
        logger.warn("the configuration on disk cannot be used; waiting for the hub", { reason: messageOf(error) });
      }
    },
  };
}

const sizeOf = ({ version, checksum, llmsById, appsById }: RoutingTable) => ({
  version,
  checksum,
  llms: llmsById.size,
  apps: appsById.size,
});
