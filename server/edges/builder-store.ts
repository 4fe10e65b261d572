import { sleep } from "@portico/core";
import { newSystemCallKey } from "@portico/protocol/system-calls";
import type pg from "pg";
import type { Db } from "../db/client.ts";
import { transactionOn } from "../db/sql-transaction.ts";
import { systemSecret, type Vault } from "../secrets/vault.ts";
import { type BuilderSources, createBuilderSources } from "./builder-sources-store.ts";
import type { ResourceType } from "./resources.ts";

/** Something that has to be built: an object of a type, the LLMs of a slug, or the first resources of a namespace. */
export type Change = { id: number; kind: ResourceType | "slug" | "namespace"; key: string };

export type StoredResource = { namespace: string; type: string; name: string; hash: Buffer; deleted: boolean; problem: string };
export type ChangedResource = {
  namespace: string;
  type: string;
  name: string;
  body: Buffer;
  hash: Buffer;
  deleted: boolean;
  label: string;
  problem: string;
};
export type StoredPosition = { namespace: string; version: number; ownChecksum: string; checksum: string };

/** One transaction in which all statements see the same rows. */
export type BuilderTransaction = BuilderSources & {
  changes(limit: number): Promise<Change[]>;
  /** Of the named objects what is stored, in all namespaces. */
  resources(targets: readonly { type: string; name: string }[]): Promise<StoredResource[]>;
  hashesOf(namespace: string): Promise<Buffer[]>;
  positions(): Promise<StoredPosition[]>;
  /** The version that the next change gets. */
  nextVersion(): Promise<number>;
  saveResources(version: number, resources: readonly ChangedResource[]): Promise<void>;
  savePosition(position: StoredPosition): Promise<void>;
  /** Notes that revocations follow from resources now. */
  settleRevocations(version: number, changes: readonly { kind: string; key: string }[]): Promise<void>;
  finish(changes: readonly Change[], version: number | undefined): Promise<void>;
};

/** What a builder may do while no other replica builds. */
export type BuilderSession = {
  /**
   * Makes this release the builder, unless a newer one is at work. Notes everything as changed when the way of encoding is another than
   * before, and the first resources of namespaces that have none.
   */
  claim(revision: number, release: string): Promise<boolean>;
  /** Runs again when another transaction came in between. */
  transaction<T>(run: (tx: BuilderTransaction) => Promise<T>): Promise<T>;
  /** Notes what refers to environment variables as changed: they may have other values than at the last start. */
  noteEnvironment(): Promise<void>;
  /** Has replicas look for what was written. */
  announce(): Promise<void>;
  /** Forgets what was deleted or revoked long ago. */
  trim(): Promise<void>;
};

export type BuilderStore = {
  /**
   * Runs while no other replica builds, which may take a while when everything is built for the first time.
   * @returns undefined when the signal ends the wait.
   */
  exclusively<T>(run: (session: BuilderSession) => Promise<T>, signal: AbortSignal): Promise<T | undefined>;
  /** Namespaces that have edges; always with the global one, "". */
  namespaces(): Promise<string[]>;
  /** The key that seals what is sent to this namespace's edges; made on first use. */
  dataKey(namespace: string): Promise<Buffer>;
  /** The private key that signs the control plane's own calls to gateways; made on first use. */
  systemCallKey(): Promise<string>;
};

/** Of what all namespaces share. */
export const sharedNamespace = "*";
export const publishedTopic = "system.config.published";

const builderLock = 0x706f7274;
/** Between two attempts to get the lock: waiting for it would hold a connection, and end with the statement's deadline. */
const lockRetryMs = 100;
/** A builder of another release that was not seen for this long has gone. It is seen at least every 20 seconds. */
const goneMs = 60_000;

export function createBuilderStore({ db, vault }: { db: Db; vault: Vault }): BuilderStore {
  async function exclusively<T>(run: (session: BuilderSession) => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    while (!signal.aborted) {
      const attempt = await attemptExclusively(run);
      if (attempt) return attempt.result;
      await sleep(lockRetryMs, signal);
    }
    return undefined;
  }

  async function attemptExclusively<T>(run: (session: BuilderSession) => Promise<T>): Promise<{ result: T } | undefined> {
    const client = await db.sql.connect();
    try {
      const { rows } = await client.query<{ isHeld: boolean }>(`SELECT pg_try_advisory_lock(${builderLock}) AS "isHeld"`);
      if (!rows[0]?.isHeld) {
        client.release();
        return undefined;
      }
      const result = await run(sessionOf(client));
      await client.query(`SELECT pg_advisory_unlock(${builderLock})`);
      client.release();
      return { result };
    } catch (error) {
      // The lock ends with the connection.
      client.release(true);
      throw error;
    }
  }

  return {
    exclusively,
    async namespaces() {
      const { rows } = await db.sql.query<{ namespace: string }>("SELECT '' AS namespace UNION SELECT namespace FROM edges ORDER BY 1");
      return rows.map(({ namespace }) => namespace);
    },
    async dataKey(namespace) {
      const text = await db.transaction((tx) => systemSecret(tx, vault, `namespace-key:${namespace}`));
      return Buffer.from(text, "base64url");
    },
    systemCallKey: () => db.transaction((tx) => systemSecret(tx, vault, "system-call-key", newSystemCallKey)),
  };
}

function sessionOf(client: pg.PoolClient): BuilderSession {
  // Again when a credential was admitted while its revocation was being settled.
  const transaction = <T>(run: (tx: BuilderTransaction) => Promise<T>): Promise<T> =>
    transactionOn(client, () => run({ ...createBuilderSources(client), ...transactionOf(client) }), {
      retry: true,
      isolation: "REPEATABLE READ",
    });

  return {
    transaction,
    claim: (revision, release) => transaction(() => claim(client, revision, release)),
    async noteEnvironment() {
      await client.query(
        `INSERT INTO edge_changes (kind, key)
         SELECT 'llm', id::text FROM llms WHERE api_key_sealed LIKE '$%' AND api_key_sealed LIKE '$ENV/%'
         UNION SELECT 'plugin', id::text FROM plugins
           WHERE secret_references <> '{}' AND EXISTS (SELECT FROM unnest(secret_references) r WHERE r LIKE '$ENV/%')
         UNION SELECT 'llm', llm_id::text FROM llm_plugins
           WHERE secret_references <> '{}' AND EXISTS (SELECT FROM unnest(secret_references) r WHERE r LIKE '$ENV/%')`,
      );
    },
    async announce() {
      await client.query("SELECT pg_notify('portico_outbox', $1)", [`0 ${publishedTopic} -`]);
    },
    async trim() {
      await client.query(
        `WITH gone AS (DELETE FROM edge_resources WHERE deleted AND problem = '' AND updated_at < now() - interval '1 day' RETURNING version)
         UPDATE edge_builder SET floor_version = greatest(floor_version, (SELECT max(version) FROM gone)) WHERE EXISTS (SELECT FROM gone)`,
      );
      await client.query("DELETE FROM edge_revocations WHERE built_version IS NOT NULL AND revoked_at < now() - interval '1 hour'");
    },
  };
}

async function claim(client: pg.PoolClient, revision: number, release: string): Promise<boolean> {
  const { rows } = await client.query<{ revision: number; isGone: boolean; isFresh: boolean }>(
    `SELECT revision, seen_at < now() - interval '${goneMs} ms' AS "isGone", seen_at > now() - interval '10 s' AS "isFresh" FROM edge_builder`,
  );
  const builder = rows[0];
  if (builder && builder.revision > revision && !builder.isGone) return false;
  const isSame = builder?.revision === revision;
  if (!builder) {
    // Versions go on from those that edges have from the previous release.
    await client.query(
      `INSERT INTO edge_builder (id, revision, release, last_version)
       SELECT 1, $1, $2, coalesce(max(version), 0) FROM namespace_snapshots`,
      [revision, release],
    );
    await client.query("INSERT INTO edge_positions (namespace, version, own_checksum, checksum) VALUES ('*', 0, $1, $1)", ["0".repeat(64)]);
  } else if (!isSame || !builder.isFresh) {
    await client.query("UPDATE edge_builder SET revision = $1, release = $2, seen_at = now()", [revision, release]);
  }
  if (!isSame)
    await client.query(
      `INSERT INTO edge_changes (kind, key)
       SELECT 'system_call_key', '' UNION ALL SELECT 'llm', id::text FROM llms UNION ALL SELECT 'plugin', id::text FROM plugins
       UNION ALL SELECT 'app', id::text FROM apps UNION ALL SELECT 'price', id::text FROM model_prices
       UNION ALL SELECT DISTINCT 'credentials', left(secret_hash, 3) FROM credentials
       UNION ALL SELECT DISTINCT type, name FROM edge_resources WHERE NOT deleted`,
    );
  await noteNamespaces(client, { isEverythingNoted: !isSame });
  return true;
}

/** A namespace with its first edge needs all of its resources; one without edges is forgotten. */
async function noteNamespaces(client: pg.PoolClient, { isEverythingNoted }: { isEverythingNoted: boolean }): Promise<void> {
  const used = "(SELECT '' AS namespace UNION SELECT namespace FROM edges)";
  const { rows: unused } = await client.query(
    `DELETE FROM edge_positions WHERE namespace <> '*' AND namespace NOT IN ${used} RETURNING namespace`,
  );
  if (unused.length > 0) await client.query(`DELETE FROM edge_resources WHERE namespace <> '*' AND namespace NOT IN ${used}`);
  const { rows } = await client.query<{ namespace: string }>(
    `SELECT namespace FROM ${used} n WHERE NOT EXISTS (SELECT FROM edge_positions p WHERE p.namespace = n.namespace)
       AND NOT EXISTS (SELECT FROM edge_changes c WHERE c.kind = 'namespace' AND c.key = n.namespace)`,
  );
  for (const { namespace } of rows) {
    if (!isEverythingNoted)
      await client.query(
        `INSERT INTO edge_changes (kind, key)
         SELECT 'llm', id::text FROM llms WHERE namespace IN ('', $1) UNION ALL SELECT 'plugin', id::text FROM plugins WHERE namespace IN ('', $1)
         UNION ALL SELECT 'app', id::text FROM apps WHERE namespace = $1
         UNION ALL SELECT DISTINCT 'credentials', left(c.secret_hash, 3) FROM credentials c JOIN apps a ON a.id = c.app_id WHERE a.namespace = $1
         UNION ALL SELECT type, name FROM edge_resources WHERE namespace = $1 AND NOT deleted`,
        [namespace],
      );
    await client.query("INSERT INTO edge_changes (kind, key) VALUES ('namespace', $1)", [namespace]);
  }
}

/** Statements stay small enough for their text to be put together without a pause. */
const mostBytesAtOnce = 128 * 1024;

function transactionOf(client: pg.PoolClient): Omit<BuilderTransaction, keyof BuilderSources> {
  async function save(version: number, rows: readonly ChangedResource[]): Promise<void> {
    await client.query(
      `INSERT INTO edge_resources (namespace, type, name, version, body, hash, deleted, label, problem)
       SELECT namespace, type, name, $1, body, hash, deleted, label, problem
       FROM unnest($2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[], $7::bool[], $8::text[], $9::text[])
         AS t(namespace, type, name, body, hash, deleted, label, problem)
       ON CONFLICT (namespace, type, name) DO UPDATE SET version = EXCLUDED.version, body = EXCLUDED.body, hash = EXCLUDED.hash,
         deleted = EXCLUDED.deleted, label = EXCLUDED.label, problem = EXCLUDED.problem, updated_at = now()`,
      [
        version,
        rows.map((row) => row.namespace),
        rows.map((row) => row.type),
        rows.map((row) => row.name),
        rows.map((row) => row.body),
        rows.map((row) => row.hash),
        rows.map((row) => row.deleted),
        rows.map((row) => row.label),
        rows.map((row) => row.problem),
      ],
    );
  }

  return {
    async changes(limit) {
      return (await client.query<Change>("SELECT id, kind, key FROM edge_changes ORDER BY id LIMIT $1", [limit])).rows;
    },
    async resources(targets) {
      const { rows } = await client.query<StoredResource>(
        `SELECT namespace, type, name, hash, deleted, problem FROM edge_resources
         WHERE (type, name) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
        [targets.map(({ type }) => type), targets.map(({ name }) => name)],
      );
      return rows;
    },
    async hashesOf(namespace) {
      const { rows } = await client.query<{ hash: Buffer }>("SELECT hash FROM edge_resources WHERE namespace = $1 AND NOT deleted", [
        namespace,
      ]);
      return rows.map(({ hash }) => hash);
    },
    async positions() {
      const { rows } = await client.query<StoredPosition>(
        'SELECT namespace, version, own_checksum AS "ownChecksum", checksum FROM edge_positions',
      );
      return rows;
    },
    async nextVersion() {
      const { rows } = await client.query<{ version: number }>("SELECT last_version + 1 AS version FROM edge_builder");
      return rows[0]?.version ?? 1;
    },
    async saveResources(version, resources) {
      let rows: ChangedResource[] = [];
      let bytes = 0;
      for (const resource of resources) {
        rows.push(resource);
        bytes += resource.body.length + 200;
        if (bytes < mostBytesAtOnce) continue;
        await save(version, rows);
        rows = [];
        bytes = 0;
      }
      if (rows.length > 0) await save(version, rows);
    },
    async savePosition({ namespace, version, ownChecksum, checksum }) {
      await client.query(
        `INSERT INTO edge_positions (namespace, version, own_checksum, checksum) VALUES ($1, $2, $3, $4)
         ON CONFLICT (namespace) DO UPDATE SET version = EXCLUDED.version, own_checksum = EXCLUDED.own_checksum,
           checksum = EXCLUDED.checksum, snapshot_checksum = '', changed_at = now()`,
        [namespace, version, ownChecksum, checksum],
      );
    },
    async settleRevocations(version, changes) {
      await client.query(
        `UPDATE edge_revocations SET built_version = $1
         WHERE built_version IS NULL AND (kind, key) IN (SELECT * FROM unnest($2::text[], $3::text[]))`,
        [version, changes.map(({ kind }) => kind), changes.map(({ key }) => key)],
      );
    },
    async finish(changes, version) {
      await client.query("DELETE FROM edge_changes WHERE id = ANY($1::bigint[])", [changes.map(({ id }) => id)]);
      if (version !== undefined) await client.query("UPDATE edge_builder SET last_version = $1, seen_at = now()", [version]);
    },
  };
}
