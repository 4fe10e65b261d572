import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { SnapshotEnvelope } from "@portico/protocol/edge";
import { decides } from "@portico/protocol/kinds";
import { publicSystemCallKey } from "@portico/protocol/system-calls";
import type { EventBus } from "../events/bus.ts";
import type { Vault } from "../secrets/vault.ts";
import { buildSnapshot, type SnapshotProblem } from "./snapshot.ts";
import type { Envelope, Position, SnapshotStore } from "./snapshot-store.ts";

/** Where what is published goes: the edges connected to this replica. */
export type Outlet = {
  snapshot(namespace: string, envelope: SnapshotEnvelope): void;
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

type Published = {
  envelope: Envelope;
  pluginIds: ReadonlySet<number>;
  credentialHashes: ReadonlySet<string>;
  /** Those of them that have been revoked since: edges were told by message. */
  revoked: Set<string>;
  problems: SnapshotProblem[];
};

type Active = { namespace: string; hash: string };

const formerMs = 60_000;

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
  /** Plugins of the previous snapshot, which edges may still be stopping. */
  const former = new Map<string, { pluginIds: ReadonlySet<number>; untilMs: number }>();
  const dataKeys = new Map<string, Promise<Buffer>>();
  let outlet: Outlet | undefined;
  let callKey: Buffer | undefined;
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

  /**
   * Acts on the credentials that are admitted now. One look after the other, each together with what it leads to: what an older look
   * saw must not follow what a newer one saw.
   */
  let looks: Promise<unknown> = Promise.resolve();
  function look<T>(act: (active: Active[]) => T): Promise<T> {
    const result = looks.then(async () => act(await store.activeCredentials()));
    looks = result.catch(() => {});
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
    callKey ??= publicSystemCallKey(await store.systemCallKey());
    const systemCallKey = callKey;
    const { built, envelope } = await store.publish(
      namespace,
      (rows) => buildSnapshot(rows, { namespace, dataKey: key, systemCallKey, openSecret: vault.open }),
      above,
    );
    const { credentialHashes, pluginIds, problems } = built;
    const now: Published = { envelope, credentialHashes, pluginIds, revoked: new Set(), problems };
    // What was revoked after the rows were read is refused along with the snapshot; what is revoked later is found by comparing with it.
    await look((active) => publish(namespace, now, active));
    return now;
  }

  function publish(namespace: string, now: Published, active: Active[]): void {
    const before = published.get(namespace);
    const { version, checksum, body } = now.envelope;
    published.set(namespace, now);
    if (before) former.set(namespace, { pluginIds: before.pluginIds, untilMs: Date.now() + formerMs });
    report();
    refuse(namespace, now, active);
    const isNew = before?.envelope.version !== version || before.envelope.checksum !== checksum;
    if (isNew) logger.debug("published a snapshot", { namespace, version, checksum, bytes: body.length });
    // The same again tells edges that what was revoked has been admitted again.
    if (isNew || before.revoked.size > 0) outlet?.snapshot(namespace, latest(now));
  }

  const latest = ({ envelope, revoked }: Published): SnapshotEnvelope => ({
    ...envelope,
    revocation: { revocationId: 0, credentialHashes: [...revoked] },
  });

  /** Has edges refuse what a snapshot admits and the tables do not. */
  function refuse(namespace: string, { credentialHashes, revoked }: Published, active: Active[]): void {
    const admitted = new Set(active.filter((one) => one.namespace === "" || one.namespace === namespace).map(({ hash }) => hash));
    const gone = [...credentialHashes].filter((hash) => !admitted.has(hash) && !revoked.has(hash));
    if (gone.length === 0) return;
    for (const hash of gone) revoked.add(hash);
    outlet?.revoke(namespace, gone);
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
      await look((active) => {
        for (const [namespace, one] of published) refuse(namespace, one, active);
      });
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
      if (!decides(topic, "edges")) return;
      if (decides(topic, "admission")) lookForRevoked();
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
    async current(namespace: string): Promise<Position> {
      const known = published.get(namespace);
      return known?.envelope ?? inTurn(async () => (published.get(namespace) ?? (await build(namespace))).envelope);
    },
    /** Looks at the tables now, and publishes above the version of an edge that is ahead of us, unless what it has is what we would send. */
    supersede: (namespace: string, position: Position): Promise<Position> =>
      inTurn(async () => (await build(namespace, position)).envelope),
    /** The snapshot with what is revoked of it at this moment: to be sent without waiting for anything. undefined before the first. */
    latest(namespace: string): SnapshotEnvelope | undefined {
      const known = published.get(namespace);
      return known && latest(known);
    },
    /** Whether edges of the namespace run the plugin, or did until a moment ago. */
    runsPlugin(namespace: string, pluginId: number): boolean {
      if (published.get(namespace)?.pluginIds.has(pluginId)) return true;
      const last = former.get(namespace);
      return last !== undefined && last.untilMs > Date.now() && last.pluginIds.has(pluginId);
    },
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
