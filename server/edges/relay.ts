import { coalesced, serial } from "@portico/core/concurrency";
import type { Logger } from "@portico/core/logger";
import type { Cursor, Page, Position, RelayStore } from "./relay-store.ts";

/** Where news of the configuration goes: the edges connected to this replica. */
export type Outlet = {
  /** Edges of the namespace have to be sent what has changed, and which credentials are revoked now. */
  changed(namespace: string): void;
  /** Always before the change that no longer holds the credentials. */
  revoke(namespace: string, hashes: readonly string[]): void;
};

export type Relay = {
  connect(outlet: Outlet): void;
  /** Looks for news soon. */
  request(): void;
  /** Looks for news now. */
  look(): Promise<void>;
  /** What edges of the namespace should be at; undefined until it is built. */
  position(namespace: string): Position | undefined;
  /** Credentials that are revoked while resources still admit them. */
  revoked(namespace: string): string[];
  /** What has changed behind the cursor; equal requests share one query. @throws when the namespace is not built yet. */
  page(namespace: string, after: Cursor): Promise<Page>;
  /** Whether edges of the namespace run the plugin, or did until a moment ago. */
  runsPlugin(namespace: string, pluginId: number): boolean;
  close(): Promise<void>;
};

type Known = Position & {
  /** Revoked while resources still admit them. */
  revoked: ReadonlySet<string>;
};

const formerMs = 60_000;
const rememberedPages = 8;

/**
 * Passes on to this replica's edges what the builder has written, whichever replica that was. It keeps positions and what is revoked;
 * resources are read when an edge is ready for them.
 */
export function createRelay({ store, logger, retryMs }: { store: RelayStore; logger: Logger; retryMs: number }): Relay {
  const { run } = serial();
  const known = new Map<string, Known>();
  /** When each plugin was last seen to be run, by namespace; Infinity for those that are. */
  const plugins = new Map<string, Map<number, number>>();
  const pages = new Map<string, Promise<Page>>();
  let outlet: Outlet | undefined;
  let lastVersion: number | undefined;
  let closed = false;

  async function look(): Promise<void> {
    const seen = await store.look(lastVersion ?? Number.MAX_SAFE_INTEGER);
    const isMoved = [...seen.positions].some(([namespace, { version, checksum }]) => {
      const before = known.get(namespace);
      return before?.version !== version || before.checksum !== checksum;
    });
    if (isMoved) notePlugins(await store.plugins());
    lastVersion = seen.lastVersion;
    for (const namespace of known.keys()) if (!seen.positions.has(namespace)) known.delete(namespace);
    for (const [namespace, position] of seen.positions) {
      const before = known.get(namespace);
      const here = seen.revoked.filter((one) => one.namespace === "*" || one.namespace === namespace);
      const revoked = new Set(here.filter(({ isPending }) => isPending).map(({ hash }) => hash));
      known.set(namespace, { ...position, revoked });
      const fresh = [...new Set(here.map(({ hash }) => hash))].filter((hash) => !before?.revoked.has(hash));
      const isNew = before?.version !== position.version || before.checksum !== position.checksum;
      // Gone without having been built: admitted again.
      const isAdmitted = before !== undefined && [...before.revoked].some((hash) => !revoked.has(hash));
      if (fresh.length > 0 || isNew || isAdmitted) pages.clear();
      if (fresh.length > 0) outlet?.revoke(namespace, fresh);
      if (isNew || isAdmitted) outlet?.changed(namespace);
    }
  }

  function notePlugins(now: ReadonlyMap<string, ReadonlySet<number>>): void {
    const goneAtMs = Date.now();
    for (const seen of plugins.values())
      for (const [id, atMs] of seen) {
        if (atMs === Number.POSITIVE_INFINITY) seen.set(id, goneAtMs);
        else if (goneAtMs - atMs > formerMs) seen.delete(id);
      }
    for (const [namespace, ids] of now) {
      const seen = plugins.get(namespace) ?? new Map<number, number>();
      plugins.set(namespace, seen);
      for (const id of ids) seen.set(id, Number.POSITIVE_INFINITY);
    }
  }

  async function read(namespace: string, after: Cursor): Promise<Page> {
    const page = await store.page(namespace, after);
    if (!page) throw new Error(`the configuration of namespace "${namespace}" is not built yet`);
    return page;
  }

  const requested = coalesced(() => run(look), {
    onError(error) {
      if (closed) return;
      logger.error("check for edge configuration changes failed, retrying", { error });
      requested.request(retryMs);
    },
  });

  return {
    connect(to) {
      outlet = to;
    },
    request: () => requested.request(),
    look: () => run(look),
    position: (namespace) => known.get(namespace),
    revoked: (namespace) => [...(known.get(namespace)?.revoked ?? [])],
    page(namespace, after) {
      const key = JSON.stringify([namespace, after.version, after.type, after.name, after.shared]);
      let page = pages.get(key);
      if (!page) {
        page = read(namespace, after);
        page.catch(() => pages.delete(key));
        // The newest few: edges of a namespace ask for the same at about the same time.
        for (const oldest of pages.keys()) {
          if (pages.size < rememberedPages) break;
          pages.delete(oldest);
        }
        pages.set(key, page);
      }
      return page;
    },
    runsPlugin(namespace, pluginId) {
      const atMs = plugins.get(namespace)?.get(pluginId);
      return atMs !== undefined && atMs > Date.now() - formerMs;
    },
    async close() {
      closed = true;
      await requested.close();
      await run(() => undefined);
    },
  };
}
