import { createHash } from "node:crypto";
import { conflict, fromDollars, slugify, toDollars } from "@portico/core";
import type { VendorId } from "@portico/protocol/vendors";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import { type ListQuery, type Page, pageOf } from "../db/paging.ts";
import { type LlmDraft, pathRule } from "./contract.ts";

/** An LLM without its key: the key leaves the database only towards edges. */
export type Llm = {
  id: number;
  name: string;
  slug: string;
  vendor: VendorId;
  apiEndpoint: string;
  hasApiKey: boolean;
  defaultModel: string;
  allowedModels: string[];
  allowedEndpoints: string[];
  keyOrigins: string[];
  privacyScore: number;
  shortDescription: string;
  longDescription: string;
  logoUrl: string;
  active: boolean;
  /** Dollars a month; null is unlimited. */
  monthlyBudget: number | null;
  budgetStartAt: Date | null;
  namespace: string;
  metadata: Record<string, unknown>;
  createdAt: Date;
  updatedAt: Date;
};

/** What is written: the draft, and the key already sealed (undefined keeps the stored one). */
export type LlmRow = Omit<LlmDraft, "api_key"> & { sealedApiKey: string | null | undefined; metadata: Record<string, unknown> };

export const llmSorts = ["id", "name", "vendor", "active", "created_at", "updated_at", "privacy_score"] as const;

export function createLlmStore(db: Db, counts: Counts) {
  return {
    // One statement, and by hand: the list is asked for far more often than anything else.
    async list(
      { number, size, offset, q, sort }: ListQuery,
      filters: { vendor?: string; active?: boolean; namespace?: string },
    ): Promise<Page<Llm>> {
      const where: string[] = [];
      const values: unknown[] = [];
      const bind = (value: unknown) => `$${values.push(value)}`;
      if (q) {
        const pattern = bind(`%${q.replace(/[\\%_]/g, "\\$&")}%`);
        where.push(
          `(name ILIKE ${pattern} OR slug ILIKE ${pattern} OR short_description ILIKE ${pattern} OR default_model ILIKE ${pattern})`,
        );
      }
      if (filters.vendor) where.push(`vendor = ${bind(filters.vendor)}`);
      if (filters.active !== undefined) where.push(`active = ${bind(filters.active)}`);
      if (filters.namespace !== undefined) where.push(`namespace = ${bind(filters.namespace)}`);
      const condition = where.length > 0 ? `WHERE ${where.join(" AND ")}` : "";
      const filterValues = [...values];
      const order = `${sort.column} ${sort.descending ? "DESC" : "ASC"}${sort.column === "id" ? "" : ", id"}`;
      const page = `FROM llms ${condition} ORDER BY ${order} LIMIT ${bind(size)} OFFSET ${bind(offset)}`;
      // The rows of the pages before are skipped in the index, not fetched and thrown away.
      const text =
        offset === 0
          ? `SELECT ${columns} ${page}`
          : `SELECT ${columns} FROM llms WHERE id = ANY(ARRAY(SELECT id ${page})) ORDER BY ${order}`;
      const [{ rows }, total] = await Promise.all([
        db.sql.query<SqlRow>({ name: statementName(text), text, values }),
        counts(
          "llm",
          condition,
          filterValues,
          async () =>
            (await db.sql.query<{ total: number }>(`SELECT count(*) AS total FROM llms ${condition}`, filterValues)).rows[0]?.total ?? 0,
        ),
      ]);
      return pageOf({ number, size, offset, q, sort }, rows.map(fromSql), total);
    },

    async find(id: number): Promise<Llm | undefined> {
      const { rows } = await db.sql.query<SqlRow>(`SELECT ${columns} FROM llms WHERE id = $1`, [id]);
      return rows[0] && fromSql(rows[0]);
    },

    /** Locks the row for the transaction and says as of when it is, so that a change made from an older read is noticed. */
    async lock(tx: Tx, id: number): Promise<{ updatedAt: Date } | undefined> {
      const rows = await tx.$queryRaw<{ updatedAt: Date }[]>`SELECT updated_at AS "updatedAt" FROM llms WHERE id = ${id} FOR UPDATE`;
      return rows[0];
    },

    insert: (tx: Tx, row: LlmRow): Promise<{ id: number }> =>
      tx.llm
        .create({ data: { ...toColumns(row), apiKeySealed: row.sealedApiKey ?? null }, select: { id: true } })
        .catch(onNameTaken(row.name)),

    update: (tx: Tx, id: number, row: LlmRow): Promise<{ id: number }> =>
      tx.llm
        .update({
          where: { id },
          data: { ...toColumns(row), ...(row.sealedApiKey === undefined ? {} : { apiKeySealed: row.sealedApiKey }) },
          select: { id: true },
        })
        .catch(onNameTaken(row.name)),

    delete: (tx: Tx, id: number) => tx.llm.deleteMany({ where: { id } }),

    /** What refers to the LLM, for the person about to delete it. */
    async dependents(id: number) {
      const [apps, plugins] = await Promise.all([
        db.prisma.app.findMany({
          where: { isSystem: false, llms: { some: { llmId: id } } },
          select: { id: true, name: true },
          orderBy: { name: "asc" },
          take: 100,
        }),
        db.prisma.plugin.findMany({
          where: { llms: { some: { llmId: id } } },
          select: { id: true, name: true },
          orderBy: { name: "asc" },
          take: 100,
        }),
      ]);
      return { apps, plugins };
    },
  };
}
export type LlmStore = ReturnType<typeof createLlmStore>;

const onNameTaken = (name: string) =>
  onUnique(() =>
    conflict(
      `The gateway path /llm/.../${slugify(name)}/, which "${name}" makes, is taken by another LLM of this namespace; ${pathRule}.`,
      "name",
    ),
  );

/** Named statements are planned once a connection; planning took seven times as long as fetching. The texts are few: sorts times filters. */
const statementName = (text: string): string => `llms ${createHash("sha256").update(text).digest("base64url").slice(0, 22)}`;

const columns =
  "id, name, slug, vendor, api_endpoint, api_key_sealed IS NOT NULL AS has_api_key, default_model, allowed_models, allowed_endpoints, key_origins, privacy_score, short_description, long_description, logo_url, active, monthly_budget_micro_usd, budget_start_at, namespace, metadata, created_at, updated_at";

type SqlRow = {
  id: number;
  name: string;
  slug: string;
  vendor: VendorId;
  api_endpoint: string;
  has_api_key: boolean;
  default_model: string;
  allowed_models: string[];
  allowed_endpoints: string[];
  key_origins: string[];
  privacy_score: number;
  short_description: string;
  long_description: string;
  logo_url: string;
  active: boolean;
  monthly_budget_micro_usd: number | null;
  budget_start_at: Date | null;
  namespace: string;
  metadata: Record<string, unknown>;
  created_at: Date;
  updated_at: Date;
};

const fromSql = (row: SqlRow): Llm => ({
  id: row.id,
  name: row.name,
  slug: row.slug,
  vendor: row.vendor,
  apiEndpoint: row.api_endpoint,
  hasApiKey: row.has_api_key,
  defaultModel: row.default_model,
  allowedModels: row.allowed_models,
  allowedEndpoints: row.allowed_endpoints,
  keyOrigins: row.key_origins,
  privacyScore: row.privacy_score,
  shortDescription: row.short_description,
  longDescription: row.long_description,
  logoUrl: row.logo_url,
  active: row.active,
  monthlyBudget: row.monthly_budget_micro_usd === null ? null : toDollars(row.monthly_budget_micro_usd),
  budgetStartAt: row.budget_start_at,
  namespace: row.namespace,
  metadata: row.metadata,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const toColumns = (row: LlmRow) => ({
  name: row.name,
  slug: slugify(row.name),
  vendor: row.vendor,
  apiEndpoint: row.api_endpoint.replace(/^([^?]*?)\/+$/, "$1"),
  defaultModel: row.default_model,
  allowedModels: row.allowed_models,
  allowedEndpoints: row.allowed_endpoints,
  keyOrigins: row.key_origins,
  privacyScore: row.privacy_score,
  shortDescription: row.short_description,
  longDescription: row.long_description,
  logoUrl: row.logo_url,
  active: row.active,
  monthlyBudgetMicroUsd: row.monthly_budget === null ? null : BigInt(fromDollars(row.monthly_budget)),
  budgetStartAt: row.budget_start_date,
  namespace: row.namespace,
  metadata: row.metadata as object,
});
