import { createHash } from "node:crypto";
import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { Snapshot, type SnapshotEnvelope } from "@portico/protocol/edge";
import { edgeWrappingKey, open } from "@portico/protocol/sealing";
import type { LastGoodFiles } from "./last-good.ts";
import { compileTable, type RoutingTable, SnapshotRefused } from "./routing-table.ts";
import type { ConfigStore } from "./store.ts";

export type Applied = { accepted: true; appliedAtMs: number } | { accepted: false; reason: string };

/** Takes snapshots and revocations from wherever they come, and keeps what was taken on disk. */
export type Snapshots = {
  /** Verifies, compiles, swaps and stores; a bad snapshot changes nothing. */
  apply(envelope: SnapshotEnvelope, wrappedKey: Buffer): Promise<Applied>;
  revoke(hashes: readonly string[]): Promise<void>;
  /** Serves what was served last, if there is such a thing; what is wrong with it is logged, never thrown. */
  restore(): Promise<void>;
};

export function createSnapshots({
  store,
  files,
  edgeToken,
  namespace,
  logger,
  onSwap,
}: {
  store: ConfigStore;
  files: LastGoodFiles;
  edgeToken: string;
  namespace: string;
  logger: Logger;
  onSwap(table: RoutingTable): void;
}): Snapshots {
  function compile({ version, checksum, body }: SnapshotEnvelope, wrappedKey: Buffer): RoutingTable {
    const actual = createHash("sha256").update(body).digest("hex");
    if (actual !== checksum) throw new SnapshotRefused(`checksum of the body is ${actual}, the envelope says ${checksum || "nothing"}`);
    let dataKey: Buffer;
    try {
      dataKey = open(edgeWrappingKey(edgeToken), wrappedKey);
    } catch {
      throw new SnapshotRefused("the data key cannot be opened with this edge's token");
    }
    let snapshot: Snapshot;
    try {
      snapshot = Snapshot.decode(body);
    } catch (error) {
      throw new SnapshotRefused(`the body is not a snapshot: ${messageOf(error)}`);
    }
    if (snapshot.namespace !== namespace) {
      throw new SnapshotRefused(`the snapshot is of namespace "${snapshot.namespace}", this edge serves "${namespace}"`);
    }
    return compileTable(snapshot, { version, checksum, dataKey });
  }

  async function apply(envelope: SnapshotEnvelope, wrappedKey: Buffer): Promise<Applied> {
    const current = store.read();
    if (current && envelope.version < current.version) {
      return { accepted: false, reason: `version ${envelope.version} is older than version ${current.version}, which is served` };
    }
    if (current && envelope.version === current.version && envelope.checksum !== current.checksum) {
      return { accepted: false, reason: `version ${envelope.version} is already served with checksum ${current.checksum}` };
    }
    let table: RoutingTable;
    try {
      table = compile(envelope, wrappedKey);
    } catch (error) {
      if (!(error instanceof SnapshotRefused)) throw error;
      logger.warn("refused a snapshot", { version: envelope.version, reason: error.message });
      return { accepted: false, reason: error.message };
    }
    const stillRevoked = revokedOf(envelope, table);
    try {
      // On disk before the snapshot is: a restart in between must not admit what was never to be admitted.
      if (stillRevoked.some((hash) => !store.isRevoked(hash))) await revoke(stillRevoked);
    } catch (error) {
      logger.error("cannot keep revocations on disk", { error: messageOf(error) });
    }
    const revokedBefore = store.revoked().length;
    store.swap(table, stillRevoked);
    const appliedAtMs = Date.now();
    onSwap(table);
    logger.info("serving a snapshot", {
      version: table.version,
      checksum: table.checksum,
      llms: table.llmsById.size,
      apps: table.appsById.size,
    });
    try {
      await files.save({ envelope, wrappedKey });
      if (store.revoked().length !== revokedBefore) await files.saveRevoked(store.revoked());
    } catch (error) {
      // Served all the same: only a restart without the hub would miss it.
      logger.error("cannot keep the snapshot on disk", { error: messageOf(error) });
    }
    return { accepted: true, appliedAtMs };
  }

  async function revoke(hashes: readonly string[]): Promise<void> {
    store.revoke(hashes);
    await files.saveRevoked(store.revoked());
  }

  /** A hub that does not tell is not believed to have admitted a revoked credential again before it has left it out. */
  const revokedOf = ({ revocation }: SnapshotEnvelope, table: RoutingTable): string[] =>
    revocation?.credentialHashes ?? store.revoked().filter((hash) => table.appsByCredential.has(hash));

  return {
    apply,
    revoke,
    async restore() {
      try {
        const revoked = await files.loadRevoked();
        store.revoke(revoked);
        const lastGood = await files.load();
        if (!lastGood) return;
        const table = compile(lastGood.envelope, lastGood.wrappedKey);
        store.swap(table, revoked);
        onSwap(table);
        logger.info("serving the last good snapshot from disk", { version: table.version, checksum: table.checksum });
      } catch (error) {
        logger.warn("the snapshot on disk cannot be used; waiting for the hub", { reason: messageOf(error) });
      }
    },
  };
}
