import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { BudgetUsage, EdgeMessage, HeartbeatReply, HubMessage, Revocation, SnapshotEnvelope } from "@portico/protocol/edge";

export type EdgeStream = ServerDuplexStream<EdgeMessage, HubMessage>;

/**
 * What waits to be sent to one edge. One message is on its way at a time; of everything else only the newest is kept, so that an edge
 * that reads slowly costs one snapshot and not a queue of them. Revocations go before all else.
 */
export function createOutgoing({ stream, writeTimeoutMs, onStuck }: { stream: EdgeStream; writeTimeoutMs: number; onStuck: () => void }) {
  let revoked = new Set<string>();
  let snapshot: SnapshotEnvelope | undefined;
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
    if (snapshot) {
      const envelope = snapshot;
      snapshot = undefined;
      return { snapshot: envelope };
    }
    if (budget.size > 0) {
      const usage = [...budget.values()];
      budget.clear();
      return { budget: { usage } };
    }
    const heartbeatReply = reply;
    reply = undefined;
    return heartbeatReply && { heartbeatReply };
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
      if (!snapshot || envelope.version >= snapshot.version) snapshot = envelope;
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
