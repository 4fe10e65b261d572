import { defined, dollarsFromMicro, dollarsFromNano, invalid, microFromDollars, periodStart } from "@portico/core";
import type { Db, Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Prisma } from "../db/generated/client.ts";
import { createListing, inNaturalOrder, type ListingDefinition, loadPage } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import { appSpentAtLeast, type SpendReader } from "../usage/spend-store.ts";
import type { AppPatch } from "./contract.ts";

export type App = {
  id: number;
  name: string;
  description: string;
  owner: { id: number; name: string; email: string } | null;
  llmIds: number[];
  toolIds: number[];
  datasourceIds: number[];
  credentials: { id: number; keyId: string; hint: string; active: boolean }[];
  /** Dollars a month; null is unlimited. */
  monthlyBudget: number | null;
  budgetStartAt: Date | null;
  /** Dollars, in the current budget period. */
  currentSpend: number;
  isActive: boolean;
  isOrphaned: boolean;
  namespace: string;
  metadata: Record<string, unknown>;
  createdAt: Date;
  updatedAt: Date;
};

/** A tool that an app may call. */
export type AppTool = {
  id: number;
  name: string;
  description: string;
  toolType: string;
  privacyScore: number;
  createdAt: Date;
  updatedAt: Date;
};

/** What is written; absent fields stay. `userId` null is no owner. */
export type AppRow = Pick<
  AppPatch,
  "name" | "description" | "monthly_budget" | "budget_start_date" | "metadata" | "is_active" | "llm_ids" | "tool_ids" | "datasource_ids"
> & { userId?: number | null | undefined };

/** What an app may use. */
export type Resources = Pick<AppRow, "llm_ids" | "tool_ids" | "datasource_ids">;

const sorts = {
  id: "t.id",
  name: inNaturalOrder("t.name"),
  description: "t.description",
  user_id: "t.user_id",
  owner: inNaturalOrder("o.name"),
  is_active: "t.is_active",
  monthly_budget: { by: "t.monthly_budget_micro_usd", nulls: "last" },
  created_at: "t.created_at",
  updated_at: "t.updated_at",
} as const;
export const appSorts = Object.keys(sorts);

export type AppFilters = {
  /** With at least one active credential, or without. */
  credential_active?: boolean | undefined;
  /** Whether the current period's budget is spent. */
  over_budget?: boolean | undefined;
  user_id?: number | undefined;
  llm_id?: number | undefined;
  is_active?: boolean | undefined;
  is_orphaned?: boolean | undefined;
  namespace?: string | undefined;
};

export function createAppStore(db: Db, counts: Counts, spends: SpendReader, now: () => Date = () => new Date()) {
  const definition = {
    kinds: ["app", "user", "llm", "tool", "datasource", "credential"],
    from: "apps t LEFT JOIN users o ON o.id = t.user_id",
    where: "NOT t.is_system",
    sorts,
    search: ["t.name", "t.description", "o.name", "o.email"],
    filters: {
      user_id: "t.user_id = ?",
      llm_id: "EXISTS (SELECT 1 FROM app_llms l WHERE l.app_id = t.id AND l.llm_id = ?)",
      is_active: "t.is_active = ?",
      is_orphaned: "t.is_orphaned = ?",
      namespace: "t.namespace = ?",
      credential_active: "EXISTS (SELECT 1 FROM credentials c WHERE c.app_id = t.id AND c.active) = ?",
      over_budget: `${appSpentAtLeast("t.id", "t.monthly_budget_micro_usd")} = ?`,
    },
  } satisfies ListingDefinition<AppFilters>;
  const listing = createListing<{ id: number }, AppFilters>({ db, counts }, definition);
  // Spending changes no app, so how many are over their budget is counted each time.
  const listingBySpend = createListing<{ id: number }, AppFilters>({ db, counts }, { ...definition, kinds: [] });

  /** Spend of each app in its own current period: one statement, however many apps. */
  async function withSpend(rows: Row[]): Promise<App[]> {
    if (rows.length === 0) return [];
    const at = now();
    const spent = await spends.spent(rows.map((row) => ({ kind: "app", id: row.id, periodStart: periodStart(at, row.budgetStartAt) })));
    return rows.map((row, index) => toApp(row, spent[index] ?? 0));
  }

  return {
    list: async (query: ListQuery, filters: AppFilters): Promise<Page<App>> =>
      loadPage(await (filters.over_budget === undefined ? listing : listingBySpend).page(query, filters), async (ids) =>
        withSpend(await db.prisma.app.findMany({ where: { id: { in: ids } }, select: columns })),
      ),

    /** Active LLMs that the app may call, by name. */
    llmsOf: (id: number) =>
      db.prisma.llm.findMany({
        where: { active: true, apps: { some: { appId: id } } },
        select: { id: true, name: true, slug: true, vendor: true, apiEndpoint: true, defaultModel: true, shortDescription: true },
        orderBy: [{ name: "asc" }, { id: "asc" }],
      }),

    /** Whether one of the user's groups lets members approve their own apps. */
    isSelfService: async (userId: number): Promise<boolean> =>
      (await db.prisma.userGroup.findFirst({ where: { userId, group: { selfService: true } }, select: { groupId: true } })) !== null,

    /** The first thing that is not active or in no catalogue of the user's groups; undefined when there is none. */
    async unusable(userId: number, wanted: Resources): Promise<{ field: string; what: string } | undefined> {
      const { llm_ids = [], tool_ids = [], datasource_ids = [] } = wanted;
      const isUsable = {
        active: true,
        catalogues: { some: { catalogue: { groups: { some: { group: { users: { some: { userId } } } } } } } },
      };
      const [llms, tools, sources] = await Promise.all([
        llm_ids.length === 0 ? [] : db.prisma.llm.findMany({ where: { id: { in: llm_ids }, ...isUsable }, select: { id: true } }),
        tool_ids.length === 0 ? [] : db.prisma.tool.findMany({ where: { id: { in: tool_ids }, ...isUsable }, select: { id: true } }),
        datasource_ids.length === 0
          ? []
          : db.prisma.datasource.findMany({ where: { id: { in: datasource_ids }, ...isUsable }, select: { id: true } }),
      ]);
      const llm = absentIn(llm_ids, llms);
      if (llm !== undefined) return { field: "llm_ids", what: `LLM ${llm}` };
      const tool = absentIn(tool_ids, tools);
      if (tool !== undefined) return { field: "tool_ids", what: `tool ${tool}` };
      const source = absentIn(datasource_ids, sources);
      return source === undefined ? undefined : { field: "datasource_ids", what: `data source ${source}` };
    },

    /** The highest privacy score among the LLMs, and among the data sources; null where there are none. */
    async privacyScores(
      tx: Tx,
      { llm_ids = [], datasource_ids = [] }: Resources,
    ): Promise<{ llms: number | null; datasources: number | null }> {
      const highest = { _max: { privacyScore: true } } as const;
      const llms = await tx.llm.aggregate({ where: { id: { in: llm_ids } }, ...highest });
      const sources = await tx.datasource.aggregate({ where: { id: { in: datasource_ids } }, ...highest });
      return { llms: llms._max.privacyScore, datasources: sources._max.privacyScore };
    },

    count: (filters: AppFilters): Promise<number> => listing.total(filters),

    async find(where: { id: number } | { name: string }): Promise<App | undefined> {
      const row = await db.prisma.app.findFirst({ where: { ...where, isSystem: false }, select: columns, orderBy: { id: "asc" } });
      return row ? (await withSpend([row]))[0] : undefined;
    },

    /** Locks the row for the transaction. @returns false when there is no such app. */
    lock: async (tx: Tx, id: number): Promise<boolean> =>
      (await tx.$queryRaw<unknown[]>`SELECT id FROM apps WHERE id = ${id} AND NOT is_system FOR UPDATE`).length > 0,

    /** As it is within the transaction, which holds the row's lock. */
    async metadata(tx: Tx, id: number): Promise<Record<string, unknown>> {
      const { metadata } = await tx.app.findUniqueOrThrow({ where: { id }, select: { metadata: true } });
      return metadata as Record<string, unknown>;
    },

    async insert(tx: Tx, { name, namespace, ...row }: AppRow & { name: string; namespace: string }): Promise<{ id: number }> {
      await checkReferences(tx, row);
      return tx.app.create({
        data: {
          ...toColumns(row),
          name,
          namespace,
          llms: { create: (row.llm_ids ?? []).map((llmId) => ({ llmId })) },
          tools: { create: (row.tool_ids ?? []).map((toolId) => ({ toolId })) },
          datasources: { create: (row.datasource_ids ?? []).map((datasourceId) => ({ datasourceId })) },
        },
        select: { id: true },
      });
    },

    async update(tx: Tx, id: number, row: AppRow): Promise<void> {
      await checkReferences(tx, row);
      const { llm_ids, tool_ids, datasource_ids } = row;
      await tx.app.update({
        where: { id },
        data: {
          ...toColumns(row),
          ...(row.userId ? { isOrphaned: false } : {}),
          ...(llm_ids
            ? {
                llms: {
                  deleteMany: { llmId: { notIn: llm_ids } },
                  createMany: { data: llm_ids.map((llmId) => ({ llmId })), skipDuplicates: true },
                },
              }
            : {}),
          ...(tool_ids
            ? {
                tools: {
                  deleteMany: { toolId: { notIn: tool_ids } },
                  createMany: { data: tool_ids.map((toolId) => ({ toolId })), skipDuplicates: true },
                },
              }
            : {}),
          ...(datasource_ids
            ? {
                datasources: {
                  deleteMany: { datasourceId: { notIn: datasource_ids } },
                  createMany: { data: datasource_ids.map((datasourceId) => ({ datasourceId })), skipDuplicates: true },
                },
              }
            : {}),
        },
        select: { id: true },
      });
    },

    delete: (tx: Tx, id: number) => tx.app.deleteMany({ where: { id, isSystem: false } }),

    toolsOf: (id: number): Promise<AppTool[]> =>
      db.prisma.tool.findMany({
        where: { apps: { some: { appId: id } } },
        select: { id: true, name: true, description: true, toolType: true, privacyScore: true, createdAt: true, updatedAt: true },
        orderBy: { id: "asc" },
      }),

    /** @returns false when there is no such tool. */
    async addTool(tx: Tx, appId: number, toolId: number): Promise<boolean> {
      if (!(await tx.tool.findUnique({ where: { id: toolId }, select: { id: true } }))) return false;
      await tx.appTool.createMany({ data: [{ appId, toolId }], skipDuplicates: true });
      await tx.app.update({ where: { id: appId }, data: { updatedAt: now() }, select: { id: true } });
      return true;
    },

    async removeTool(tx: Tx, appId: number, toolId: number): Promise<void> {
      const { count } = await tx.appTool.deleteMany({ where: { appId, toolId } });
      if (count > 0) await tx.app.update({ where: { id: appId }, data: { updatedAt: now() }, select: { id: true } });
    },

    /** Takes the owner from all apps of a user. */
    orphan: (tx: Tx, userId: number): Promise<{ id: number; name: string }[]> =>
      tx.app.updateManyAndReturn({ where: { userId }, data: { userId: null, isOrphaned: true }, select: { id: true, name: true } }),
  };
}
export type AppStore = ReturnType<typeof createAppStore>;

/** The first of the ids that was not found. */
const absentIn = (ids: number[], found: { id: number }[]) => ids.find((id) => !found.some((row) => row.id === id));

/** @throws AppError validation_failed for an owner, LLM, tool or data source that does not exist. */
async function checkReferences(tx: Tx, { userId, llm_ids = [], tool_ids = [], datasource_ids = [] }: AppRow): Promise<void> {
  if (userId && !(await tx.user.findUnique({ where: { id: userId }, select: { id: true } })))
    throw invalid("user_id", `there is no user ${userId}`);
  const byId = (ids: number[]) => ({ where: { id: { in: ids } }, select: { id: true } });
  const llm = llm_ids.length === 0 ? undefined : absentIn(llm_ids, await tx.llm.findMany(byId(llm_ids)));
  if (llm !== undefined) throw invalid("llm_ids", `there is no LLM ${llm}`);
  const tool = tool_ids.length === 0 ? undefined : absentIn(tool_ids, await tx.tool.findMany(byId(tool_ids)));
  if (tool !== undefined) throw invalid("tool_ids", `there is no tool ${tool}`);
  const source = datasource_ids.length === 0 ? undefined : absentIn(datasource_ids, await tx.datasource.findMany(byId(datasource_ids)));
  if (source !== undefined) throw invalid("datasource_ids", `there is no data source ${source}`);
}

const columns = {
  id: true,
  name: true,
  description: true,
  monthlyBudgetMicroUsd: true,
  budgetStartAt: true,
  isActive: true,
  isOrphaned: true,
  namespace: true,
  metadata: true,
  createdAt: true,
  updatedAt: true,
  owner: { select: { id: true, name: true, email: true } },
  llms: { select: { llmId: true }, orderBy: { llmId: "asc" } },
  tools: { select: { toolId: true }, orderBy: { toolId: "asc" } },
  datasources: { select: { datasourceId: true }, orderBy: { datasourceId: "asc" } },
  credentials: { select: { id: true, keyId: true, hint: true, active: true }, orderBy: { id: "asc" } },
} satisfies Prisma.AppSelect;
type Row = Prisma.AppGetPayload<{ select: typeof columns }>;

const toApp = ({ monthlyBudgetMicroUsd, llms, tools, datasources, metadata, ...row }: Row, spentNanoUsd: number): App => ({
  ...row,
  llmIds: llms.map(({ llmId }) => llmId),
  toolIds: tools.map(({ toolId }) => toolId),
  datasourceIds: datasources.map(({ datasourceId }) => datasourceId),
  monthlyBudget: monthlyBudgetMicroUsd === null ? null : dollarsFromMicro(Number(monthlyBudgetMicroUsd)),
  currentSpend: dollarsFromNano(spentNanoUsd),
  metadata: metadata as Record<string, unknown>,
});

const toColumns = (row: AppRow) =>
  defined({
    name: row.name,
    description: row.description,
    userId: row.userId,
    monthlyBudgetMicroUsd: typeof row.monthly_budget === "number" ? BigInt(microFromDollars(row.monthly_budget)) : row.monthly_budget,
    budgetStartAt: row.budget_start_date,
    isActive: row.is_active,
    metadata: row.metadata as object | undefined,
  });
