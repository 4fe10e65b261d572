import type { Db } from "../db/client.ts";

/** An app or LLM with its budget. */
export type Budgeted = {
  kind: "app" | "llm";
  id: number;
  name: string;
  budgetMicroUsd: number | null;
  budgetStartAt: Date | null;
  userId: number | null;
  userEmail: string | null;
};
export type NamedKind = "llms" | "apps" | "users";
export type ModelPriceRow = {
  id: number;
  vendor: string;
  model: string;
  input: number;
  output: number;
  cacheWrite: number;
  cacheRead: number;
};

export type AnalyticsStore = {
  names(kind: NamedKind, ids: number[]): Promise<Map<number, string>>;
  /** LLMs, then apps, that have a budget or are among the ids, by name. */
  budgeted(of: { llmIds: number[]; appIds: number[]; llm_id?: number | undefined }): Promise<Budgeted[]>;
  /** The prices of these models by name, in micro-dollars for a million tokens. */
  prices(models: string[]): Promise<ModelPriceRow[]>;
};

/** What usage is shown with: names, budgets and prices of the things that it names. */
export function createAnalyticsStore(db: Db): AnalyticsStore {
  return {
    async names(kind, ids) {
      const { rows } = await db.sql.query<{ id: number; name: string }>(`SELECT id, name FROM ${kind} WHERE id = ANY ($1::int[])`, [ids]);
      return new Map(rows.map((row) => [row.id, row.name]));
    },

    async budgeted({ llmIds, appIds, llm_id }) {
      const { rows } = await db.sql.query<Budgeted>(
        `SELECT 'llm' AS kind, l.id, l.name, l.monthly_budget_micro_usd AS "budgetMicroUsd", l.budget_start_at AS "budgetStartAt",
           NULL::int AS "userId", NULL AS "userEmail"
         FROM llms l WHERE (l.id = ANY ($1::int[]) OR l.monthly_budget_micro_usd IS NOT NULL) AND ($3::int IS NULL OR l.id = $3)
         UNION ALL
         SELECT 'app', a.id, a.name, a.monthly_budget_micro_usd, a.budget_start_at, u.id, u.email
         FROM apps a LEFT JOIN users u ON u.id = a.user_id WHERE a.id = ANY ($2::int[]) OR a.monthly_budget_micro_usd IS NOT NULL
         ORDER BY kind DESC, name`,
        [llmIds, appIds, llm_id ?? null],
      );
      return rows;
    },

    async prices(models) {
      const { rows } = await db.sql.query<ModelPriceRow>(
        `SELECT id, vendor, model_name AS model, input_micro_usd_per_million AS input, output_micro_usd_per_million AS output,
           cache_write_micro_usd_per_million AS "cacheWrite", cache_read_micro_usd_per_million AS "cacheRead" FROM model_prices
         WHERE lower(model_name) = ANY ($1::text[]) ORDER BY id`,
        [models.map((model) => model.toLowerCase())],
      );
      return rows;
    },
  };
}
