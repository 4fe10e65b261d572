import type { Db } from "../db/client.ts";
import { sharedNamespace } from "./builder-store.ts";
import type { ConfigProblem } from "./resources.ts";

export type Position = { version: number; checksum: string };

/** A credential that edges have to refuse. */
export type Revoked = { namespace: string; hash: string; isPending: boolean };

export type Look = {
  /** Highest version that was given. */
  lastVersion: number;
  positions: ReadonlyMap<string, Position>;
  revoked: Revoked[];
};

export type RelayedResource = { type: string; name: string; shared: boolean; version: number; deleted: boolean; body: Buffer };

/** After which resource a page begins; in the order of versions. */
export type Cursor = { version: number; type: string; name: string; shared: boolean };

export type Page = {
  resources: RelayedResource[];
  /** Set with the last page: the state that an edge has with it, and the credentials of that state that are revoked. All seen at once. */
  end: (Position & { revoked: string[] }) | undefined;
};

export type RelayStore = {
  /** @param since Revocations that were built up to this version are of no interest. */
  look(since: number): Promise<Look>;
  /** What has changed behind the cursor. @returns undefined for a namespace that is not built yet. */
  page(namespace: string, after: Cursor): Promise<Page | undefined>;
  /** Edges that are further behind have to be sent everything. */
  floor(): Promise<number>;
  /** Ids of the plugins that the namespaces' edges run. */
  plugins(): Promise<ReadonlyMap<string, ReadonlySet<number>>>;
  problems(namespace: string): Promise<ConfigProblem[]>;
  noteSnapshot(namespace: string, position: Position): Promise<void>;
};

/** Buckets of credentials have 9 KB at most when there are a million of them. */
const rowsOfPage = 64;

export function createRelayStore(db: Db): RelayStore {
  return {
    async look(since) {
      const { rows } = await db.sql.query<{ lastVersion: number; namespace: string } & Position>(
        `SELECT b.last_version AS "lastVersion", p.namespace, p.version, p.checksum FROM edge_builder b, edge_positions p WHERE p.namespace <> $1`,
        [sharedNamespace],
      );
      // Read after the positions: a revocation is never newer than what is known of it.
      const revoked = await db.sql.query<Revoked>(
        `SELECT namespace, secret_hash AS hash, built_version IS NULL AS "isPending" FROM edge_revocations
         WHERE built_version IS NULL OR built_version > $1`,
        [since],
      );
      return {
        lastVersion: rows[0]?.lastVersion ?? 0,
        positions: new Map(rows.map(({ namespace, version, checksum }) => [namespace, { version, checksum }])),
        revoked: revoked.rows,
      };
    },

    async page(namespace, { version, type, name, shared }) {
      const part = (scope: string) =>
        `(SELECT namespace, type, name, version, deleted, body FROM edge_resources
          WHERE namespace = ${scope} AND (version, type, name, namespace) > ($3, $4, $5, $6)
            AND (version, type, name) >= ($3, $4, $5) ORDER BY version, type, name LIMIT ${rowsOfPage})`;
      const { rows } = await db.sql.query<
        { atVersion: number; atChecksum: string; revoked: string[] | null; scope: string | null } & RelayedResource
      >(
        // One statement: resources, position and revocations are of the same moment.
        `WITH page AS (SELECT row_number() OVER (ORDER BY version, type, name, namespace) AS n, *
                       FROM (${part("$1")} UNION ALL ${part("$2")}) parts ORDER BY n LIMIT ${rowsOfPage})
         SELECT p.version AS "atVersion", p.checksum AS "atChecksum", page.namespace AS scope, page.type, page.name, page.version,
           page.deleted, page.body, CASE WHEN coalesce(page.n, 1) = 1 THEN
             ARRAY(SELECT secret_hash FROM edge_revocations WHERE built_version IS NULL AND namespace IN ($1, $2)) END AS revoked
         FROM edge_positions p LEFT JOIN page ON true WHERE p.namespace = $2 ORDER BY page.n`,
        [sharedNamespace, namespace, version, type, name, shared ? sharedNamespace : namespace],
      );
      const first = rows[0];
      if (!first) return undefined;
      const resources = rows.flatMap(({ scope, type, name, version, deleted, body }) =>
        scope === null ? [] : [{ type, name, version, deleted, body, shared: scope === sharedNamespace }],
      );
      const isLast = resources.length < rowsOfPage;
      return {
        resources,
        end: isLast ? { version: first.atVersion, checksum: first.atChecksum, revoked: first.revoked ?? [] } : undefined,
      };
    },

    async floor() {
      const { rows } = await db.sql.query<{ floor: number }>("SELECT floor_version AS floor FROM edge_builder");
      return rows[0]?.floor ?? 0;
    },

    async plugins() {
      const { rows } = await db.sql.query<{ namespace: string; name: string }>(
        "SELECT namespace, name FROM edge_resources WHERE type = 'plugin' AND NOT deleted",
      );
      const plugins = new Map<string, Set<number>>();
      for (const { namespace, name } of rows) plugins.set(namespace, (plugins.get(namespace) ?? new Set()).add(Number(name)));
      return plugins;
    },

    async problems(namespace) {
      const { rows } = await db.sql.query<ConfigProblem>(
        `SELECT type AS kind, name::int AS id, label AS name, problem AS reason FROM edge_resources
         WHERE namespace = $1 AND problem <> '' ORDER BY type DESC, name::int`,
        [namespace],
      );
      return rows;
    },

    async noteSnapshot(namespace, { version, checksum }) {
      await db.sql.query(
        "UPDATE edge_positions SET snapshot_checksum = $3 WHERE namespace = $1 AND version = $2 AND snapshot_checksum <> $3",
        [namespace, version, checksum],
      );
    },
  };
}
