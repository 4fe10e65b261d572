import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { BudgetUsage, EdgeMessage, HeartbeatReply, HubMessage, Revocation, SnapshotEnvelope } from "@portico/protocol/edge";

/** Of a message of 8 MiB, what an edge takes, with room for revocations. */
export const partBytes = 1024 * 1024;

export type EdgeStream = ServerDuplexStream<EdgeMessage, HubMessage>;

/**
 * What waits to be sent to one edge. One message is on its way at a time; of everything else only the newest is kept, so that an edge
 * that reads slowly costs one snapshot and not a queue of them. Revocations go before all else.
 */
export function createOutgoing({
  stream,
  writeTimeoutMs,
  onStuck,
  takesParts = false,
}: {
  stream: EdgeStream;
  writeTimeoutMs: number;
  onStuck: () => void;
  /** Whether the edge takes a large snapshot in parts. Others get it whole. */
  takesParts?: boolean;
}) {
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

  function next(): HubMessage | undefined {
    if (revoked.size > 0) {
      const credentialHashes = [...revoked];
      revoked = new Set();
      return { revocation: { revocationId: revocationId++, credentialHashes } };
    }
    if (snapshot) return takesParts && snapshot.body.length > partBytes ? nextPart(snapshot) : whole(snapshot);
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
    revoke(hashes: readonly string[]): void {
      for (const hash of hashes) revoked.add(hash);
      // A snapshot that waits is from before the revocation, and comes after it.
      if (snapshot) snapshot = { ...snapshot, revocation: withHashes(snapshot.revocation, hashes) };
      pump();
    },
    snapshot(envelope: SnapshotEnvelope): void {
      if (!snapshot || envelope.version >= snapshot.version) {
        // One that is under way is given up for the newer: its parts begin at 0 again.
        snapshot = envelope;
        offset = 0;
      }
      pump();
    },
    budget(usage: BudgetUsage[]): void {
      for (const one of usage) budget.set(`${one.kind}:${one.id}`, one);
      pump();
    },
    reply(message: HeartbeatReply): void {
      reply = message;
      pump();
    },
    close(): void {
      closed = true;
      clearTimeout(timer);
    },
  };
}

const withHashes = (revocation: Revocation | undefined, hashes: readonly string[]): Revocation => ({
  revocationId: revocation?.revocationId ?? 0,
  credentialHashes: [...new Set([...(revocation?.credentialHashes ?? []), ...hashes])],
});

export type Outgoing = ReturnType<typeof createOutgoing>;
