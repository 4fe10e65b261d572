import type { DeltaResult, Hello, SnapshotResult } from "@portico/protocol/edge";
import type { Outgoing } from "./outgoing.ts";
import type { Publisher } from "./publisher.ts";
import type { Position } from "./relay-store.ts";

/** What the feed knows of a connected edge. */
export type FedEdge = {
  namespace: string;
  outgoing: Outgoing;
  /** It takes resources as deltas; otherwise whole snapshots. */
  takesDeltas: boolean;
  /** Its position was compared with ours; until then it is sent revocations, but nothing that may be from before its own. */
  isWelcome: boolean;
};

/** What became of a change at an edge, for its page. */
export type Outcome = { version: number; checksum: string; refusal: string; isServed: boolean };

/** Keeps the configuration of connected edges current. */
export type ConfigFeed = {
  welcome(edge: FedEdge, hello: Hello): Promise<void>;
  /** What the edge should be at. */
  expected(edge: FedEdge): Promise<Position>;
  snapshotApplied(result: SnapshotResult): Outcome;
  deltaApplied(edge: FedEdge, result: DeltaResult): Outcome;
  /** Sends everything again. */
  resend(edges: readonly FedEdge[]): Promise<void>;
  left(edge: FedEdge): void;
};

export function createConfigFeed({
  publisher,
  edges,
  later,
}: {
  publisher: Publisher;
  /** Those that are connected here. */
  edges(): Iterable<FedEdge>;
  /** Runs what nobody waits for. */
  later(work: Promise<unknown>): void;
}): ConfigFeed {
  const of = (namespace: string) => [...edges()].filter((edge) => edge.namespace === namespace);
  const isAhead = (hello: Position, ours: Position) =>
    hello.version > ours.version || (hello.version === ours.version && hello.checksum !== ours.checksum);

  async function sendSnapshot(namespace: string): Promise<void> {
    await publisher.snapshot(namespace);
    const latest = publisher.latestSnapshot(namespace);
    for (const { takesDeltas, isWelcome, outgoing } of of(namespace)) if (latest && isWelcome && !takesDeltas) outgoing.snapshot(latest);
  }

  publisher.connect({
    changed(namespace) {
      const here = of(namespace);
      for (const { takesDeltas, isWelcome, outgoing } of here) if (takesDeltas && isWelcome) outgoing.resourcesChanged();
      if (here.some(({ takesDeltas }) => !takesDeltas)) later(sendSnapshot(namespace));
    },
    revoke(namespace, hashes) {
      for (const { outgoing } of of(namespace)) outgoing.revoke(hashes);
    },
  });

  async function welcomeByDelta({ namespace, outgoing }: FedEdge, hello: Hello): Promise<void> {
    const ours = await publisher.current(namespace);
    const ahead = isAhead(hello, ours);
    if (ahead) await publisher.supersede(namespace, hello.version);
    const isKnown = !ahead && hello.resourcesVersion > 0 && hello.resourcesVersion >= (await publisher.floor());
    outgoing.resourcesFrom(isKnown ? hello.resourcesVersion : 0);
    const now = await publisher.current(namespace);
    if (!isKnown || hello.resourcesVersion !== now.version || hello.checksum !== now.checksum || hello.revoked > 0)
      outgoing.resourcesChanged();
  }

  async function welcomeBySnapshot({ namespace, outgoing }: FedEdge, hello: Hello): Promise<void> {
    if (isAhead(hello, await publisher.snapshot(namespace))) {
      await publisher.supersede(namespace, hello.version);
      await publisher.snapshot(namespace);
    }
    const latest = publisher.latestSnapshot(namespace);
    const isServed = hello.version === latest?.version && hello.checksum === latest.checksum;
    if (latest && (!isServed || hello.revoked > 0)) outgoing.snapshot(latest);
  }

  return {
    async welcome(edge, hello) {
      // What it knows from another replica we may not have seen yet.
      await publisher.look();
      await publisher.current(edge.namespace);
      edge.outgoing.revoke(publisher.revoked(edge.namespace));
      await (edge.takesDeltas ? welcomeByDelta(edge, hello) : welcomeBySnapshot(edge, hello));
      edge.isWelcome = true;
    },
    async expected({ namespace, takesDeltas }) {
      const position = await publisher.current(namespace);
      return takesDeltas ? position : (publisher.latestSnapshot(namespace) ?? position);
    },
    snapshotApplied: ({ version, checksum, accepted, reason }) => ({
      version,
      checksum,
      refusal: accepted ? "" : reason || "no reason given",
      isServed: accepted,
    }),
    deltaApplied({ outgoing }, { version, checksum, rejected, gap, reason }) {
      if (gap) {
        outgoing.resourcesFrom(0);
        outgoing.resourcesChanged();
      }
      const faults = rejected.map((one) => `${one.type} ${one.name}: ${one.reason || "no reason given"}`);
      return { version, checksum, refusal: reason || faults.join("; "), isServed: reason === "" && !gap };
    },
    async resend(chosen) {
      if (chosen.length > 0) await publisher.refresh();
      for (const { takesDeltas, isWelcome, outgoing } of chosen)
        if (takesDeltas && isWelcome) {
          outgoing.resourcesFrom(0);
          outgoing.resourcesChanged();
        }
      const namespaces = chosen.filter(({ takesDeltas }) => !takesDeltas).map(({ namespace }) => namespace);
      for (const namespace of new Set(namespaces)) {
        await publisher.snapshot(namespace);
        const latest = publisher.latestSnapshot(namespace);
        for (const edge of chosen)
          if (latest && edge.namespace === namespace && edge.isWelcome && !edge.takesDeltas) edge.outgoing.snapshot(latest);
      }
    },
    left({ namespace }) {
      if (!of(namespace).some(({ takesDeltas }) => !takesDeltas)) publisher.forgetSnapshot(namespace);
    },
  };
}
