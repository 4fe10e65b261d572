import { conflict, dollarsFromMicro, invalid, microFromDollars, slugify } from "@portico/core";
import type { VendorId } from "@portico/protocol/vendors";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Prisma } from "../db/generated/client.ts";
import { createListing, inNaturalOrder, selectAs } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import { referenceIn } from "../secrets/contract/reference-text.ts";
import { type LlmDraft, pathRule } from "./contract.ts";

/** An LLM without its key: the key leaves the database only towards edges and for tests of its connection. */
export type Llm = {
  id: number;
  name: string;
  slug: string;
  vendor: VendorId;
  apiEndpoint: string;
  hasApiKey: boolean;
  /** The secret that the key is, as `$SECRET/NAME`; "" for a key of its own. */
  apiKeyReference: string;
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
  /** In the order in which they run. */
  plugins: { id: number; name: string; slug: string; hook_type: string; is_active: boolean }[];
  /** In the order in which they run. */
  filters: FilterOfLlm[];
  createdAt: Date;
  updatedAt: Date;
};

type FilterOfLlm = { id: number; name: string; description: string; response_filter: boolean; active: boolean; namespace: string };

/** What is written: the draft, and the key as it is stored (undefined keeps that of before). */
export type LlmRow = Omit<LlmDraft, "api_key"> & { storedApiKey: string | null | undefined; metadata: Record<string, unknown> };

export type LlmFilters = {
  vendor?: string | undefined;
  active?: boolean | undefined;
  namespace?: string | undefined;
  name_prefix?: string | undefined;
  min_score?: number | undefined;
  max_score?: number | undefined;
  catalogue_id?: number | undefined;
  /** In a catalogue of one of the groups of this user. */
  usable_by?: number | undefined;
};

const sorts = {
  id: "t.id",
  name: inNaturalOrder("t.name"),
  vendor: "t.vendor",
  active: "t.active",
  created_at: "t.created_at",
  updated_at: "t.updated_at",
  privacy_score: "t.privacy_score",
  monthly_budget: { by: "t.monthly_budget_micro_usd", nulls: "last" },
} as const;
export const llmSorts = Object.keys(sorts);

export function createLlmStore(db: Db, counts: Counts) {
  const listing = createListing<StoredLlm, LlmFilters>(
    { db, counts },
    {
      kinds: ["llm", "catalogue", "group", "user"],
      from: "llms t",
      select: columns,
      sorts,
      search: ["t.name", "t.slug", "t.short_description", "t.default_model"],
      filters: {
        vendor: "t.vendor = ?",
        active: "t.active = ?",
        namespace: "t.namespace = ?",
        name_prefix: "starts_with(lower(t.name), lower(?))",
        min_score: "t.privacy_score >= ?",
        max_score: "t.privacy_score <= ?",
        catalogue_id: "EXISTS (SELECT 1 FROM catalogue_llms c WHERE c.llm_id = t.id AND c.catalogue_id = ?)",
        usable_by: `EXISTS (SELECT 1 FROM catalogue_llms c JOIN group_catalogues g ON g.catalogue_id = c.catalogue_id
          JOIN user_groups u ON u.group_id = g.group_id WHERE c.llm_id = t.id AND u.user_id = ?)`,
      },
    },
  );

  return {
    async list(query: ListQuery, filters: LlmFilters): Promise<Page<Llm>> {
      const page = await listing.page(query, filters);
      return { ...page, items: page.items.map(toLlm) };
    },

    async find(id: number): Promise<Llm | undefined> {
      const { rows } = await db.sql.query<StoredLlm>(`SELECT ${columns} FROM llms t WHERE t.id = $1`, [id]);
      return rows[0] && toLlm(rows[0]);
    },

    /** Sealed or a reference; null without one. */
    async storedKey(id: number): Promise<string | null> {
      const row = await db.prisma.llm.findUnique({ where: { id }, select: { apiKeySealed: true } });
      return row?.apiKeySealed ?? null;
    },

    /** Locks the row for the transaction and says as of when it is, so that a change made from an older read is noticed. */
    async lock(tx: Tx, id: number): Promise<{ updatedAt: Date } | undefined> {
      const rows = await tx.$queryRaw<{ updatedAt: Date }[]>`SELECT updated_at AS "updatedAt" FROM llms WHERE id = ${id} FOR UPDATE`;
      return rows[0];
    },

    async insert(tx: Tx, row: LlmRow): Promise<Llm> {
      await checkFilters(tx, row);
      const filters = { create: toFilterRows(row) };
      return toWritten(
        await tx.llm
          .create({ data: { ...toColumns(row), apiKeySealed: row.storedApiKey ?? null, filters }, include: withAttached })
          .catch(onNameTaken(row.name)),
      );
    },

    async update(tx: Tx, id: number, row: LlmRow): Promise<Llm> {
      await checkFilters(tx, row);
      const filters = { deleteMany: {}, create: toFilterRows(row) };
      return toWritten(
        await tx.llm
          .update({
            where: { id },
            data: { ...toColumns(row), ...(row.storedApiKey === undefined ? {} : { apiKeySealed: row.storedApiKey }), filters },
            include: withAttached,
          })
          .catch(onNameTaken(row.name)),
      );
    },

    delete: (tx: Tx, id: number) => tx.llm.deleteMany({ where: { id } }),

    /** What refers to the LLM, for the person about to delete it. */
    async dependents(id: number) {
      const withAccess = { isSystem: false, llms: { some: { llmId: id } } };
      const [apps, appCount, plugins, catalogues, routers] = await Promise.all([
        db.prisma.app.findMany({
          where: withAccess,
          select: { id: true, name: true },
          orderBy: { name: "asc" },
          take: 100,
        }),
        db.prisma.app.count({ where: withAccess }),
        db.prisma.plugin.findMany({
          where: { llms: { some: { llmId: id } } },
          select: { id: true, name: true },
          orderBy: { name: "asc" },
          take: 100,
        }),
        // Everything is in the default one.
        db.prisma.catalogue.findMany({
          where: { isDefault: false, llms: { some: { llmId: id } } },
          select: { id: true, name: true },
          orderBy: { name: "asc" },
          take: 100,
        }),
        db.prisma.modelRouter.findMany({
          where: { pools: { some: { vendors: { some: { llmId: id } } } } },
          select: { id: true, name: true },
          orderBy: { name: "asc" },
          take: 100,
        }),
      ]);
      return { apps, plugins, catalogues, routers, total: appCount + plugins.length + catalogues.length + routers.length };
    },
  };
}
export type LlmStore = ReturnType<typeof createLlmStore>;

const toFilterRows = ({ filters }: LlmRow) => filters.map((filterId, orderIndex) => ({ filterId, orderIndex }));

/** @throws AppError validation_failed for a filter that does not exist, or that the LLM's gateways would not have. */
async function checkFilters(tx: Tx, { filters, namespace }: LlmRow): Promise<void> {
  if (filters.length === 0) return;
  const found = await tx.filter.findMany({ where: { id: { in: filters } }, select: { id: true, name: true, namespace: true } });
  const absent = filters.find((id) => !found.some((one) => one.id === id));
  if (absent !== undefined) throw invalid("filters", `there is no filter ${absent}`);
  const elsewhere = found.find((one) => one.namespace !== "" && one.namespace !== namespace);
  if (elsewhere)
    throw invalid(
      "filters",
      `"${elsewhere.name}" is in the namespace ${elsewhere.namespace}: an LLM takes filters of its own namespace and global ones`,
    );
}

const onNameTaken = (name: string) =>
  onUnique(() =>
    conflict(
      `The gateway path /llm/.../${slugify(name)}/, made from "${name}", is used by another LLM of this namespace; ${pathRule}.`,
      "name",
    ),
  );

type StoredLlm = Omit<Llm, "monthlyBudget"> & { monthlyBudgetMicroUsd: number | null };

const columns = selectAs<StoredLlm>({
  id: "t.id",
  name: "t.name",
  slug: "t.slug",
  vendor: "t.vendor",
  apiEndpoint: "t.api_endpoint",
  hasApiKey: "t.api_key_sealed IS NOT NULL",
  apiKeyReference: "CASE WHEN t.api_key_sealed LIKE '$%' THEN t.api_key_sealed ELSE '' END",
  defaultModel: "t.default_model",
  allowedModels: "t.allowed_models",
  allowedEndpoints: "t.allowed_endpoints",
  keyOrigins: "t.key_origins",
  privacyScore: "t.privacy_score",
  shortDescription: "t.short_description",
  longDescription: "t.long_description",
  logoUrl: "t.logo_url",
  active: "t.active",
  monthlyBudgetMicroUsd: "t.monthly_budget_micro_usd",
  budgetStartAt: "t.budget_start_at",
  namespace: "t.namespace",
  metadata: "t.metadata",
  plugins: `(SELECT coalesce(json_agg(json_build_object('id', p.id, 'name', p.name, 'slug', p.slug, 'hook_type', p.hook_type, 'is_active', p.is_active)
    ORDER BY a.order_index), '[]') FROM llm_plugins a JOIN plugins p ON p.id = a.plugin_id WHERE a.llm_id = t.id)`,
  filters: `(SELECT coalesce(json_agg(json_build_object('id', f.id, 'name', f.name, 'description', f.description,
    'response_filter', f.response_filter, 'active', f.active, 'namespace', f.namespace) ORDER BY a.order_index), '[]')
    FROM llm_filters a JOIN filters f ON f.id = a.filter_id WHERE a.llm_id = t.id)`,
  createdAt: "t.created_at",
  updatedAt: "t.updated_at",
});

const toLlm = ({ monthlyBudgetMicroUsd, ...row }: StoredLlm): Llm => ({
  ...row,
  monthlyBudget: monthlyBudgetMicroUsd === null ? null : dollarsFromMicro(monthlyBudgetMicroUsd),
});

const withAttached = {
  plugins: {
    orderBy: { orderIndex: "asc" },
    select: { plugin: { select: { id: true, name: true, slug: true, hookType: true, isActive: true } } },
  },
  filters: {
    orderBy: { orderIndex: "asc" },
    select: { filter: { select: { id: true, name: true, description: true, responseFilter: true, active: true, namespace: true } } },
  },
} as const satisfies Prisma.LlmInclude;

type Written = Prisma.LlmGetPayload<{ include: typeof withAttached }>;
const toWritten = ({ apiKeySealed, monthlyBudgetMicroUsd, metadata, vendor, plugins, filters, ...row }: Written): Llm =>
  toLlm({
    ...row,
    vendor: vendor as VendorId,
    hasApiKey: apiKeySealed !== null,
    apiKeyReference: apiKeySealed !== null && referenceIn(apiKeySealed) ? apiKeySealed : "",
    monthlyBudgetMicroUsd: monthlyBudgetMicroUsd === null ? null : Number(monthlyBudgetMicroUsd),
    metadata: metadata as Record<string, unknown>,
    plugins: plugins.map(({ plugin: { hookType, isActive, ...plugin } }) => ({ ...plugin, hook_type: hookType, is_active: isActive })),
    filters: filters.map(({ filter: { responseFilter, ...filter } }) => ({ ...filter, response_filter: responseFilter })),
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
  monthlyBudgetMicroUsd: row.monthly_budget === null ? null : BigInt(microFromDollars(row.monthly_budget)),
  budgetStartAt: row.budget_start_date,
  namespace: row.namespace,
  metadata: row.metadata as object,
});
