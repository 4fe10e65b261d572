import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { SnapshotEnvelope } from "@portico/protocol/edge";
import type { EventBus } from "../events/bus.ts";
import type { Vault } from "../secrets/vault.ts";
import { buildSnapshot, type SnapshotProblem } from "./snapshot.ts";
import type { Position, SnapshotStore } from "./snapshot-store.ts";

/** Where what is published goes: the edges connected to this replica. */
export type Outlet = {
  /** A clearing snapshot ends revocations and must be seen by edges even if the next one follows at once. */
  snapshot(namespace: string, envelope: SnapshotEnvelope, options: { isClearing: boolean }): void;
  /** Always before the snapshot that no longer holds the credentials. */
  revoke(namespace: string, hashes: string[]): void;
};

export type PublisherTimings = {
  /** How long changes are gathered before a snapshot is built. */
  coalesceMs: number;
  /** Interval at which everything is looked at again, should an event have been missed. */
  rebuildMs: number;
  retryMs: number;
};

type Published = { envelope: SnapshotEnvelope; credentialHashes: ReadonlySet<string>; problems: SnapshotProblem[] };

const configTopic = /^system\.((llm|app|credential|model_price|user)\.|plugin\.(?!state$)|edge\.created$)/;
const credentialTopic = /^system\.(app|credential|user)\./;

/**
 * Turns committed changes into snapshots. Every replica builds for its own edges; equal rows give equal bytes, so replicas agree on
 * version and checksum without talking.
 */
export function createPublisher({
  store,
  vault,
  events,
  logger,
  timings: { coalesceMs, rebuildMs, retryMs } = { coalesceMs: 30, rebuildMs: 60_000, retryMs: 1_000 },
}: {
  store: SnapshotStore;
  vault: Vault;
  events: EventBus;
  logger: Logger;
  timings?: PublisherTimings;
}) {
  const published = new Map<string, Published>();
  const dataKeys = new Map<string, Promise<Buffer>>();
  /** Credentials revoked by message that no snapshot has left out yet. */
  const revoked = new Map<string, Set<string>>();
  let outlet: Outlet | undefined;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let lastProblems = "";
  let finding: Promise<void> | undefined;
  let lookAgain = false;

  /** Every build passes here, one after the other. */
  let queue: Promise<unknown> = Promise.resolve();
  function inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = queue.then(step);
    queue = result.catch(() => {});
    return result;
  }

  function dataKey(namespace: string): Promise<Buffer> {
    let key = dataKeys.get(namespace);
    if (!key) {
      key = store.dataKey(namespace);
      key.catch(() => dataKeys.delete(namespace));
      dataKeys.set(namespace, key);
    }
    return key;
  }

  async function build(namespace: string, above?: Position): Promise<Published> {
    const key = await dataKey(namespace);
    const without = new Set(revoked.get(namespace));
    const { built, envelope } = await store.publish(
      namespace,
      (rows) => buildSnapshot(rows, { namespace, dataKey: key, openSecret: vault.open, without }),
      above,
    );
    const before = published.get(namespace);
    const now: Published = { envelope, credentialHashes: built.credentialHashes, problems: built.problems };
    published.set(namespace, now);
    for (const hash of without) revoked.get(namespace)?.delete(hash);
    report();
    if (before?.envelope.version !== envelope.version || before.envelope.checksum !== envelope.checksum) {
      logger.debug("published a snapshot", {
        namespace,
        version: envelope.version,
        checksum: envelope.checksum,
        bytes: envelope.body.length,
      });
      outlet?.snapshot(namespace, envelope, { isClearing: built.leftOut.length > 0 });
    }
    // Revoked and admitted again meanwhile. Edges refuse a revoked credential until a snapshot without it has come; now the one with it.
    return built.leftOut.length > 0 ? build(namespace) : now;
  }

  async function buildAll(): Promise<void> {
    try {
      for (const namespace of await store.namespaces()) if (!closed) await build(namespace);
    } catch (error) {
      if (closed) return;
      logger.error("cannot build the edges' snapshot, trying again", { error: messageOf(error) });
      schedule(retryMs);
    }
  }

  function report(): void {
    const problems = JSON.stringify([...published].map(([namespace, { problems }]) => [namespace, problems]));
    if (problems === lastProblems) return;
    lastProblems = problems;
    for (const [namespace, { problems }] of published)
      for (const problem of problems) logger.warn("left out of the edges' snapshot", { namespace, ...problem });
  }

  /** Compares what edges admit with what is admitted now: cheap, and never behind a build. */
  async function findRevoked(): Promise<void> {
    lookAgain = false;
    try {
      const active = await store.activeCredentials();
      for (const [namespace, { credentialHashes }] of published) {
        const admitted = new Set(active.filter((one) => one.namespace === "" || one.namespace === namespace).map(({ hash }) => hash));
        const already = revoked.get(namespace) ?? new Set();
        revoked.set(namespace, already);
        const gone = [...credentialHashes].filter((hash) => !admitted.has(hash) && !already.has(hash));
        if (gone.length === 0) continue;
        for (const hash of gone) already.add(hash);
        outlet?.revoke(namespace, gone);
      }
    } catch (error) {
      logger.error("cannot compare credentials, leaving it to the next snapshot", { error: messageOf(error) });
    }
    if (lookAgain) await findRevoked();
  }

  function lookForRevoked(): void {
    lookAgain = true;
    finding ??= findRevoked().finally(() => {
      finding = undefined;
    });
  }

  function schedule(delayMs: number): void {
    if (closed) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      void (finding ?? Promise.resolve()).then(() => inTurn(buildAll));
    }, delayMs);
  }

  const unsubscribe = events.subscribe(
    ({ topic }) => {
      if (!configTopic.test(topic)) return;
      if (credentialTopic.test(topic)) lookForRevoked();
      schedule(coalesceMs);
    },
    () => {
      lookForRevoked();
      schedule(0);
    },
  );
  const rebuild = setInterval(() => schedule(0), rebuildMs);
  rebuild.unref();

  return {
    dataKey,
    /** Connects the edges. Must come before the first of them. */
    connect(to: Outlet): void {
      outlet = to;
    },
    /** Builds what is missing; resolves when every namespace has a snapshot. */
    start: (): Promise<void> => inTurn(buildAll),
    /** What edges of the namespace should serve. @throws when it cannot be built. */
    async current(namespace: string): Promise<SnapshotEnvelope> {
      const known = published.get(namespace);
      return known?.envelope ?? inTurn(async () => (published.get(namespace) ?? (await build(namespace))).envelope);
    },
    /** Publishes above the version of an edge that is ahead of us, unless what it has is what we would send. */
    supersede: (namespace: string, position: Position): Promise<SnapshotEnvelope> =>
      inTurn(async () => (await build(namespace, position)).envelope),
    /** Revoked by message, not yet by snapshot. */
    pendingRevocations: (namespace: string): string[] => [...(revoked.get(namespace) ?? [])],
    problems: (namespace: string): SnapshotProblem[] => published.get(namespace)?.problems ?? [],
    /** Looks at the tables now. */
    refresh: (): Promise<void> => inTurn(buildAll),
    async close(): Promise<void> {
      closed = true;
      clearTimeout(timer);
      clearInterval(rebuild);
      unsubscribe();
      await finding;
      await queue;
    },
  };
}
export type Publisher = ReturnType<typeof createPublisher>;
