import type { Logger } from "@portico/core/logger";
import type { SnapshotEnvelope } from "@portico/protocol/edge";
import { decides } from "@portico/protocol/kinds";
import type { EventBus } from "../events/bus.ts";
import type { Builder } from "./builder.ts";
import { publishedTopic } from "./builder-store.ts";
import { createRelay, type Outlet } from "./relay.ts";
import type { Cursor, Page, Position, RelayStore } from "./relay-store.ts";
import type { ConfigProblem } from "./resources.ts";
import { createSnapshots } from "./snapshots.ts";

export type PublisherTimings = {
  /** How long changes are gathered before they are built. */
  coalesceMs: number;
  /** Interval at which everything is looked at again, should an event have been missed. */
  refreshMs: number;
  retryMs: number;
};
export const defaultPublisherTimings: PublisherTimings = { coalesceMs: 30, refreshMs: 20_000, retryMs: 1_000 };

export type Publisher = {
  /** Key of the sealed fields of a namespace's resources. */
  dataKey(namespace: string): Promise<Buffer>;
  /** Connects the edges. Must come before the first of them. */
  connect(outlet: Outlet): void;
  /** Resolves when every namespace with edges is built. */
  start(): Promise<void>;
  /** What edges of the namespace should be at. @throws when it cannot be built. */
  current(namespace: string): Promise<Position>;
  /** Looks now for what has changed: an edge may know of it already. */
  look(): Promise<void>;
  /** Gives the namespace a version above this one, of an edge that is ahead of us: the database was restored or replaced. */
  supersede(namespace: string, version: number): Promise<Position>;
  /** What has changed behind the cursor. */
  page(namespace: string, after: Cursor): Promise<Page>;
  /** Edges that are further behind have to be sent everything. */
  floor(): Promise<number>;
  /** The whole of it, for an edge that does not take deltas. */
  snapshot(namespace: string): Promise<SnapshotEnvelope>;
  /** The newest snapshot with what is revoked of it at this moment: to be sent without waiting for anything. */
  latestSnapshot(namespace: string): SnapshotEnvelope | undefined;
  /** No edge of the namespace that is connected here takes snapshots. */
  forgetSnapshot(namespace: string): void;
  /** Credentials that are revoked while resources still admit them. */
  revoked(namespace: string): string[];
  /** Whether edges of the namespace run the plugin, or did until a moment ago. */
  runsPlugin(namespace: string, pluginId: number): boolean;
  problems(namespace: string): Promise<ConfigProblem[]>;
  /** Builds and looks now. */
  refresh(): Promise<void>;
  close(): Promise<void>;
};

/** Takes committed changes to the edges: wakes the builder, and passes on what it or another replica's has written. */
export function createPublisher({
  builder,
  store,
  events,
  logger,
  timings: { refreshMs, retryMs } = defaultPublisherTimings,
}: {
  builder: Builder;
  store: RelayStore;
  events: EventBus;
  logger: Logger;
  timings?: PublisherTimings;
}): Publisher {
  const relay = createRelay({ store, logger, retryMs });
  const snapshots = createSnapshots({ readPage: relay.page, onMade: store.noteSnapshot });

  async function refresh(): Promise<void> {
    await builder.build();
    await relay.look();
  }

  async function current(namespace: string): Promise<Position> {
    if (!relay.position(namespace)) await refresh();
    const position = relay.position(namespace);
    if (!position) throw new Error(`the configuration of namespace "${namespace}" is not built yet`);
    return position;
  }

  const unsubscribe = events.subscribe(
    ({ topic }) => {
      if (topic === publishedTopic) return relay.request();
      if (!decides(topic, "edges")) return;
      // What was revoked does not wait for the build.
      if (decides(topic, "admission")) relay.request();
      builder.request();
    },
    () => {
      relay.request();
      builder.request(0);
    },
  );
  const refreshTimer = setInterval(() => {
    relay.request();
    builder.request(0);
  }, refreshMs);
  refreshTimer.unref();

  return {
    dataKey: builder.dataKey,
    connect: (outlet) =>
      relay.connect({
        changed: outlet.changed,
        revoke(namespace, hashes) {
          snapshots.revoked(namespace, hashes);
          outlet.revoke(namespace, hashes);
        },
      }),
    start: refresh,
    current,
    look: relay.look,
    async supersede(namespace, version) {
      await builder.raise(namespace, version);
      await relay.look();
      return current(namespace);
    },
    page: relay.page,
    floor: store.floor,
    snapshot: snapshots.update,
    latestSnapshot: snapshots.latest,
    forgetSnapshot: snapshots.forget,
    revoked: relay.revoked,
    runsPlugin: relay.runsPlugin,
    problems: store.problems,
    refresh,
    async close() {
      clearInterval(refreshTimer);
      unsubscribe();
      await builder.close();
      await relay.close();
    },
  };
}
