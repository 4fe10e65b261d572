import { revokedLlm } from "@portico/protocol";
import type { SnapshotEnvelope } from "@portico/protocol/edge";
import { newSystemCallKey } from "@portico/protocol/system-calls";
import type pg from "pg";
import type { Db } from "../db/client.ts";
import { systemSecret, type Vault } from "../secrets/vault.ts";
import type { BuiltSnapshot, SnapshotRows } from "./snapshot.ts";

/** A snapshot that an edge has and that the published one must supersede. */
export type Position = { version: number; checksum: string };

/** A snapshot for as long as nothing of it is revoked. */
export type Envelope = Omit<SnapshotEnvelope, "revocation">;

export function createSnapshotStore({ db, vault }: { db: Db; vault: Vault }) {
  return {
    /** Namespaces that have edges; always with the global one, "". */
    async namespaces(): Promise<string[]> {
      const { rows } = await db.sql.query<{ namespace: string }>("SELECT '' AS namespace UNION SELECT namespace FROM edges ORDER BY 1");
      return rows.map(({ namespace }) => namespace);
    },

    /** The key that seals secrets in this namespace's snapshots; made on first use. */
    async dataKey(namespace: string): Promise<Buffer> {
      const text = await db.transaction((tx) => systemSecret(tx, vault, `namespace-key:${namespace}`));
      return Buffer.from(text, "base64url");
    },

    /** The private key that signs the control plane's own calls to gateways; made on first use. */
    systemCallKey: (): Promise<string> => db.transaction((tx) => systemSecret(tx, vault, "system-call-key", newSystemCallKey)),

    /** Hashes of all credentials that are admitted now, with the namespace of their app. */
    async activeCredentials(): Promise<{ namespace: string; hash: string }[]> {
      const { rows } = await db.sql.query<{ namespace: string; hash: string }>(
        `SELECT a.namespace, c.secret_hash AS hash FROM credentials c JOIN apps a ON a.id = c.app_id WHERE c.active AND a.is_active
         UNION ALL SELECT namespace, $1 || id FROM llms WHERE active`,
        [revokedLlm("")],
      );
      return rows;
    },

    /**
     * Reads the rows, has them built and settles the version, all under a lock that replicas share: nobody publishes older rows under
     * a newer version. The version rises when the checksum changes, and above `above` when an edge is ahead of us (the database was
     * restored or replaced).
     */
    async publish<B extends BuiltSnapshot>(
      namespace: string,
      build: (rows: SnapshotRows) => B,
      above?: Position,
    ): Promise<{ built: B; envelope: Envelope }> {
      const client = await db.sql.connect();
      try {
        // The lock comes before the transaction's first look at the tables.
        await client.query(
          "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '10s'; LOCK TABLE namespace_snapshots IN SHARE ROW EXCLUSIVE MODE",
        );
        const built = build(await readRows(client, namespace));
        const { rows } = await client.query<Position>("SELECT version, checksum FROM namespace_snapshots WHERE namespace = $1", [
          namespace,
        ]);
        const before = rows[0];
        let version = before?.checksum === built.checksum ? before.version : (before?.version ?? 0) + 1;
        if (above && (version < above.version || (version === above.version && built.checksum !== above.checksum)))
          version = above.version + 1;
        if (version !== before?.version)
          await client.query(
            `INSERT INTO namespace_snapshots (namespace, version, checksum) VALUES ($1, $2, $3)
             ON CONFLICT (namespace) DO UPDATE SET version = EXCLUDED.version, checksum = EXCLUDED.checksum, built_at = now()`,
            [namespace, version, built.checksum],
          );
        await client.query("COMMIT");
        client.release();
        return { built, envelope: { version, checksum: built.checksum, body: built.body } };
      } catch (error) {
        await client.query("ROLLBACK").then(
          () => client.release(),
          (broken: Error) => client.release(broken),
        );
        throw error;
      }
    },
  };
}
export type SnapshotStore = ReturnType<typeof createSnapshotStore>;

async function readRows(client: pg.PoolClient, namespace: string): Promise<SnapshotRows> {
  const read = async <T extends pg.QueryResultRow>(text: string): Promise<T[]> =>
    (await client.query<T>(text, text.includes("$1") ? [namespace] : [])).rows;
  const visible = (table: string) => `${table}.namespace IN ('', $1)`;
  return {
    llms: await read(
      `SELECT id, name, slug, vendor, api_endpoint AS "apiEndpoint", api_key_sealed AS "apiKeySealed", default_model AS "defaultModel",
              allowed_models AS "allowedModels", allowed_endpoints AS "allowedEndpoints", key_origins AS "keyOrigins",
              monthly_budget_micro_usd AS "monthlyBudgetMicroUsd", budget_start_at AS "budgetStartAt", namespace
       FROM llms WHERE active AND ${visible("llms")}`,
    ),
    apps: await read(
      `SELECT a.id, a.name, a.description, a.user_id AS "userId", u.email AS "ownerEmail", a.is_system AS "isSystem", a.metadata,
              a.monthly_budget_micro_usd AS "monthlyBudgetMicroUsd", a.budget_start_at AS "budgetStartAt"
       FROM apps a LEFT JOIN users u ON u.id = a.user_id WHERE a.is_active AND ${visible("a")}`,
    ),
    appLlms: await read(
      `SELECT al.app_id AS "appId", al.llm_id AS "llmId" FROM app_llms al JOIN apps a ON a.id = al.app_id WHERE a.is_active AND ${visible("a")}`,
    ),
    credentials: await read(
      `SELECT c.app_id AS "appId", c.secret_hash AS "secretHash" FROM credentials c JOIN apps a ON a.id = c.app_id
       WHERE c.active AND a.is_active AND ${visible("a")}`,
    ),
    plugins: await read(
      `SELECT id, name, slug, command, checksum, config_sealed AS "configSealed",
              CASE WHEN cardinality(hook_types) > 0 THEN hook_types ELSE ARRAY[hook_type] END AS "hookTypes",
              ARRAY(SELECT capability FROM plugin_grants WHERE plugin_id = plugins.id ORDER BY capability) AS grants,
              approved_code_hash AS "approvedCodeHash", generation
       FROM plugins WHERE is_active AND ${visible("plugins")}`,
    ),
    llmPlugins: await read(
      `SELECT llm_id AS "llmId", plugin_id AS "pluginId", order_index AS "orderIndex", override_sealed AS "overrideSealed"
       FROM llm_plugins WHERE is_active`,
    ),
    prices: await read(
      `SELECT vendor, model_name AS "modelName", input_micro_usd_per_million AS "inputMicroUsdPerMillion",
              output_micro_usd_per_million AS "outputMicroUsdPerMillion", cache_write_micro_usd_per_million AS "cacheWriteMicroUsdPerMillion",
              cache_read_micro_usd_per_million AS "cacheReadMicroUsdPerMillion"
       FROM model_prices`,
    ),
  };
}
