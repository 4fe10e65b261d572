import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { BudgetUsage, EdgeMessage, HeartbeatReply, HubMessage, Revocation, SnapshotEnvelope } from "@portico/protocol/edge";
import { createOutgoingResources } from "./outgoing-resources.ts";
import type { Cursor, Page } from "./relay-store.ts";

/** Of a message of 8 MiB, what an edge takes, with room for revocations. */
export const partBytes = 1024 * 1024;

/** Of a revocation: half a message. */
const hashesAtOnce = 50_000;

export type EdgeStream = ServerDuplexStream<EdgeMessage, HubMessage>;

export type Outgoing = {
  revoke(hashes: readonly string[]): void;
  /** The edge refuses what that revocation named. */
  revocationTaken(revocationId: number): void;
  /**
   * Resolves when the edge refuses everything that has been revoked, or after the time allowed. An edge that was late is not waited for
   * again until it has answered.
   */
  whenRevoked(timeoutMs: number): Promise<void>;
  snapshot(envelope: SnapshotEnvelope): void;
  /** The edge has the resources up to the version; with 0 it has none. */
  resourcesFrom(version: number): void;
  /** Sends the resources that it does not have. */
  resourcesChanged(): void;
  budget(usage: readonly BudgetUsage[]): void;
  reply(message: HeartbeatReply): void;
  close(): void;
};

/**
 * What waits to be sent to one edge. One message is on its way at a time; of everything else only the newest is kept, so that an edge
 * that reads slowly costs one snapshot and not a queue of them. Revocations go before all else.
 */
export function createOutgoing({
  stream,
  writeTimeoutMs,
  onStuck,
  takesParts = false,
  readPage = () => Promise.reject(new Error("this edge takes snapshots")),
}: {
  stream: EdgeStream;
  writeTimeoutMs: number;
  onStuck: () => void;
  /** Whether the edge takes a large snapshot in parts. Others get it whole. */
  takesParts?: boolean;
  /** What has changed of the edge's resources behind the cursor. A failure counts as being stuck. */
  readPage?: (after: Cursor) => Promise<Page>;
}): Outgoing {
  const resources = createOutgoingResources({ read: readPage, onReady: pump, onFailed: onStuck });
  let revoked = new Set<string>();
  let snapshot: SnapshotEnvelope | undefined;
  /** Bytes of `snapshot` that have left. */
  let offset = 0;
  let reply: HeartbeatReply | undefined;
  const budget = new Map<string, BudgetUsage>();
  let writing = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let revocationId = Date.now();
  const unanswered = new Set<number>();
  const waiting = new Set<() => void>();
  let isLate = false;

  const areAllTaken = () => closed || (revoked.size === 0 && unanswered.size === 0);
  const wake = () => {
    if (areAllTaken()) for (const done of [...waiting]) done();
  };

  function next(): HubMessage | undefined {
    if (revoked.size > 0) {
      const credentialHashes = [...revoked].slice(0, hashesAtOnce);
      revoked = new Set([...revoked].slice(hashesAtOnce));
      const id = revocationId++;
      if (!isLate) unanswered.add(id);
      return { revocation: { revocationId: id, credentialHashes } };
    }
    if (snapshot) return takesParts && snapshot.body.length > partBytes ? nextPart(snapshot) : whole(snapshot);
    const resourceDelta = resources.next();
    if (resourceDelta) return { resourceDelta };
    if (budget.size > 0) {
      const usage = [...budget.values()];
      budget.clear();
      return { budget: { usage } };
    }
    const heartbeatReply = reply;
    reply = undefined;
    return heartbeatReply && { heartbeatReply };
  }

  function whole(envelope: SnapshotEnvelope): HubMessage {
    snapshot = undefined;
    return { snapshot: envelope };
  }

  /** The rest of the snapshot waits for its turn again, so that a revocation does not wait for all of it. */
  function nextPart({ version, checksum, body, revocation }: SnapshotEnvelope): HubMessage {
    const start = offset;
    offset = Math.min(start + partBytes, body.length);
    const isLast = offset === body.length;
    if (isLast) {
      snapshot = undefined;
      offset = 0;
    }
    const data = body.subarray(start, isLast ? body.length : offset);
    return {
      snapshotPart: { version, checksum, totalBytes: body.length, offset: start, data, revocation: isLast ? revocation : undefined },
    };
  }

  function pump(): void {
    if (writing || closed) return;
    const message = next();
    if (!message) return;
    writing = true;
    timer = setTimeout(onStuck, writeTimeoutMs);
    stream.write(message, () => {
      clearTimeout(timer);
      writing = false;
      pump();
    });
  }

  return {
    revoke(hashes) {
      for (const hash of hashes) revoked.add(hash);
      resources.revoked(hashes);
      // A snapshot that waits is from before the revocation, and comes after it.
      if (snapshot) snapshot = { ...snapshot, revocation: withHashes(snapshot.revocation, hashes) };
      pump();
    },
    revocationTaken(id) {
      isLate = false;
      unanswered.delete(id);
      wake();
    },
    whenRevoked: (timeoutMs) =>
      new Promise((resolve) => {
        if (isLate || areAllTaken()) return resolve();
        const done = () => {
          clearTimeout(deadline);
          waiting.delete(done);
          resolve();
        };
        const deadline = setTimeout(() => {
          isLate = true;
          unanswered.clear();
          done();
        }, timeoutMs);
        waiting.add(done);
      }),
    snapshot(envelope) {
      if (!snapshot || envelope.version >= snapshot.version) {
        // One that is under way is given up for the newer: its parts begin at 0 again.
        snapshot = envelope;
        offset = 0;
      }
      pump();
    },
    resourcesFrom: (version) => resources.begin(version),
    resourcesChanged: () => resources.changed(),
    budget(usage) {
      for (const one of usage) budget.set(`${one.kind}:${one.id}`, one);
      pump();
    },
    reply(message) {
      reply = message;
      pump();
    },
    close() {
      closed = true;
      wake();
      resources.close();
      clearTimeout(timer);
    },
  };
}

const withHashes = (revocation: Revocation | undefined, hashes: readonly string[]): Revocation => ({
  revocationId: revocation?.revocationId ?? 0,
  credentialHashes: [...new Set([...(revocation?.credentialHashes ?? []), ...hashes])],
});
