import type { Db } from "../db/client.ts";
import { nanoOf, sumNano } from "../db/money.ts";
import type { ListQuery } from "../db/paging.ts";
import { bucketCount } from "../usage/histogram.ts";

/** Sums of one step of a curve, one LLM or one app. */
export type UsageSum = {
  /** 0-based position of the step in the range; null in sums by LLM or app. */
  step: number | null;
  llmId: number | null;
  appId: number | null;
  requests: number;
  errors: number;
  promptTokens: number;
  responseTokens: number;
  /** Tokens of all kinds. */
  tokens: number;
  costNanoUsd: number;
  durations: number[];
};

export type Call = {
  id: number;
  requestId: string;
  at: Date;
  appId: number;
  appName: string;
  llmId: number;
  llmName: string;
  model: string;
  outcome: "completed" | "failed" | "aborted" | "blocked";
  statusCode: number;
  reason: string;
  promptTokens: number;
  responseTokens: number;
  costNanoUsd: number;
  durationMs: number;
  firstByteMs: number;
  pluginMs: number;
  streamed: boolean;
  edgeId: string;
  priced: boolean;
  vendor: string;
  path: string;
  interaction: string;
  userId: number | null;
  userName: string;
  cacheWriteTokens: number;
  cacheReadTokens: number;
  requestBytes: number;
  responseBytes: number;
  usageEstimated: boolean;
};

export type CallFilters = {
  app_id?: number | undefined;
  llm_id?: number | undefined;
  user_id?: number | undefined;
  outcome?: string | undefined;
  edge_id?: string | undefined;
  model?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  priced?: boolean | undefined;
  before?: string | undefined;
};
export type UnpricedModel = { vendor: string; model: string; requests: number };
export type UsageFilters = { vendor?: string | undefined; llm_id?: number | undefined; app_id?: number | undefined };
export type UsageDay = {
  day: string;
  prompt: number;
  response: number;
  cacheWrite: number;
  cacheRead: number;
  costNanoUsd: number;
};
/** What finished requests are summed by. */
const groupings = {
  day: { label: "to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD')", order: "label" },
  user: { label: "'User ' || r.user_id", order: "sum(r.prompt_tokens + r.response_tokens) DESC, label" },
  app: { label: "'App ' || r.app_id", order: "sum(r.prompt_tokens + r.response_tokens) DESC, label" },
  model: { label: "coalesce(nullif(r.model, ''), 'Unknown')", order: "requests DESC, label" },
} as const;
export type GroupedBy = keyof typeof groupings;
export type GroupFilters = UsageFilters & { from: Date; to: Date; model?: string | undefined; limit: number };
export type UsageGroup = {
  label: string;
  requests: number;
  users: number;
  prompt: number;
  response: number;
  cacheWrite: number;
  cacheRead: number;
  costNanoUsd: number;
};

export type Budgeted = {
  kind: "app" | "llm";
  id: number;
  name: string;
  budgetMicroUsd: number | null;
  budgetStartAt: Date | null;
  userId: number | null;
  userEmail: string | null;
  costNanoUsd: number;
  tokens: number;
};

/** Beyond this many calls a list does not count: nobody pages that far, and counting would read them all. */
export const countedCalls = 10_001;

const minuteCost = sumNano("cost_micro_usd", "cost_rest_nano_usd");
const sums = `sum(requests)::bigint AS requests, sum(errors)::bigint AS errors, sum(prompt_tokens)::bigint AS "promptTokens",
  sum(response_tokens)::bigint AS "responseTokens",
  sum(prompt_tokens + response_tokens + cache_write_tokens + cache_read_tokens)::bigint AS tokens,
  ${minuteCost} AS "costNanoUsd"`;
const histogram = `ARRAY[${Array.from({ length: bucketCount }, (_, at) => `coalesce(sum(durations[${at + 1}]), 0)`).join(", ")}]::float8[] AS durations`;

/** A model's name as gateways compare it: in lower case, without a vendor in front and a date behind (gateway/src/config/price-list.ts). */
const baseName = (name: string) =>
  `regexp_replace(regexp_replace(lower(${name}), '^.*/', ''), '[-@](\\d{4}-\\d{2}-\\d{2}|\\d{8}|\\d{4}|latest)$', '')`;
/** Only these can be without a price; usage_records_without_cost_idx holds them. */
const withoutCost = `u.cost_micro_usd = 0 AND u.cost_rest_nano_usd = 0 AND u.prompt_tokens + u.response_tokens + u.cache_write_tokens + u.cache_read_tokens > 0`;
const hasPrice = `EXISTS (SELECT 1 FROM model_prices p WHERE p.vendor = u.vendor AND ${baseName("p.model_name")} = ${baseName("u.model")})`;
const unpriced = `(${withoutCost} AND NOT ${hasPrice})`;

const callColumns = `u.id, u.request_id AS "requestId", u.at, u.app_id AS "appId", coalesce(a.name, '') AS "appName", u.llm_id AS "llmId",
  coalesce(l.name, '') AS "llmName", u.model, u.outcome, u.status_code AS "statusCode", u.reason, u.prompt_tokens AS "promptTokens",
  u.response_tokens AS "responseTokens", ${nanoOf("u.cost_micro_usd", "u.cost_rest_nano_usd")} AS "costNanoUsd", u.duration_ms AS "durationMs",
  u.first_byte_ms AS "firstByteMs", u.plugin_ms AS "pluginMs", u.streamed, u.edge_id AS "edgeId", NOT ${unpriced} AS priced, u.vendor, u.path,
  u.interaction, p.id AS "userId", coalesce(p.name, '') AS "userName", u.cache_write_tokens AS "cacheWriteTokens",
  u.cache_read_tokens AS "cacheReadTokens", u.request_bytes AS "requestBytes", u.response_bytes AS "responseBytes",
  u.usage_estimated AS "usageEstimated"`;
const namesOfCalls = `LEFT JOIN apps a ON a.id = u.app_id LEFT JOIN llms l ON l.id = u.llm_id LEFT JOIN users p ON p.id = u.user_id`;

export function createAnalyticsStore(db: Db) {
  return {
    /** Sums for each step of the range, each LLM and each app, in one pass over the minutes. */
    async sums({ from, stepMs }: { from: Date; stepMs: number }): Promise<UsageSum[]> {
      const { rows } = await db.sql.query<UsageSum>({
        name: "analytics-sums",
        text: `SELECT step, llm_id AS "llmId", app_id AS "appId", ${sums}, ${histogram}
          FROM (SELECT *, floor(extract(epoch FROM minute - $1::timestamptz) * 1000 / $2::float8)::int AS step
                FROM usage_minutes WHERE minute >= $1) AS u
          GROUP BY GROUPING SETS ((step), (llm_id), (app_id))`,
        values: [from.toISOString(), stepMs],
      });
      return rows;
    },

    async names(kind: "llms" | "apps", ids: number[]): Promise<Map<number, string>> {
      const { rows } = await db.sql.query<{ id: number; name: string }>(`SELECT id, name FROM ${kind} WHERE id = ANY ($1::int[])`, [ids]);
      return new Map(rows.map((row) => [row.id, row.name]));
    },

    /** Newest first. `before` is the request id of the last call seen: what is older comes next, however deep the list. */
    async calls(
      { q, size, offset }: ListQuery,
      { app_id, llm_id, user_id, outcome, edge_id, model, from, to, priced, before }: CallFilters,
    ): Promise<{ items: Call[]; total: number }> {
      const where: string[] = [];
      const values: unknown[] = [];
      const bind = (value: unknown) => `$${values.push(value)}`;
      if (app_id) where.push(`u.app_id = ${bind(app_id)}`);
      if (llm_id) where.push(`u.llm_id = ${bind(llm_id)}`);
      if (user_id) where.push(`u.user_id = ${bind(user_id)}`);
      if (outcome) where.push(`u.outcome = ${bind(outcome)}`);
      if (edge_id) where.push(`u.edge_id = ${bind(edge_id)}`);
      if (model) where.push(`u.model = ${bind(model)}`);
      if (from) where.push(`u.at >= ${bind(from.toISOString())}`);
      if (to) where.push(`u.at < ${bind(to.toISOString())}`);
      if (priced !== undefined) where.push(priced ? `NOT ${unpriced}` : unpriced);
      if (before) where.push(`(u.at, u.id) < (SELECT at, id FROM usage_records WHERE request_id = ${bind(before)})`);
      if (q) {
        const pattern = bind(`%${q.replace(/[\\%_]/g, "\\$&")}%`);
        where.push(`(u.request_id = ${bind(q)} OR u.model ILIKE ${pattern} OR u.path ILIKE ${pattern} OR u.reason ILIKE ${pattern})`);
      }
      const condition = where.length > 0 ? `WHERE ${where.join(" AND ")}` : "";
      const filterValues = [...values];
      const text = `SELECT ${callColumns}
        FROM (SELECT * FROM usage_records u ${condition} ORDER BY u.at DESC, u.id DESC LIMIT ${bind(size)} OFFSET ${bind(offset)}) AS u
        ${namesOfCalls} ORDER BY u.at DESC, u.id DESC`;
      const [{ rows }, counted] = await Promise.all([
        db.sql.query<Call>(text, values),
        db.sql.query<{ total: number }>(
          `SELECT count(*) AS total FROM (SELECT 1 FROM usage_records u ${condition} LIMIT ${countedCalls}) AS counted`,
          filterValues,
        ),
      ]);
      return { items: rows, total: counted.rows[0]?.total ?? 0 };
    },

    async call(requestId: string): Promise<Call | undefined> {
      const { rows } = await db.sql.query<Call>({
        name: "analytics-call",
        text: `SELECT ${callColumns} FROM usage_records u ${namesOfCalls} WHERE u.request_id = $1`,
        values: [requestId],
      });
      return rows[0];
    },

    /** Models that were called since then and have no price; no more calls are looked at than a list counts. */
    async unpricedModels(from: Date): Promise<UnpricedModel[]> {
      const { rows } = await db.sql.query<UnpricedModel>({
        name: "analytics-unpriced",
        text: `SELECT vendor, model, sum(requests)::bigint AS requests
          FROM (SELECT vendor, model, count(*) AS requests
            FROM (SELECT vendor, model FROM usage_records u WHERE u.at >= $1 AND ${withoutCost} ORDER BY u.at DESC LIMIT ${countedCalls}) AS newest
            GROUP BY vendor, model) AS u
          WHERE NOT ${hasPrice} GROUP BY vendor, model ORDER BY requests DESC, vendor, model`,
        values: [from.toISOString()],
      });
      return rows;
    },

    /** Usage of each UTC day from `from` up to `to`, without the days on which nothing happened. */
    async days({ from, to, vendor, llm_id, app_id }: UsageFilters & { from: Date; to: Date }): Promise<UsageDay[]> {
      const { rows } = await db.sql.query<UsageDay>(
        `SELECT to_char(minute AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, sum(prompt_tokens)::bigint AS prompt, sum(response_tokens)::bigint AS response,
           sum(cache_write_tokens)::bigint AS "cacheWrite", sum(cache_read_tokens)::bigint AS "cacheRead", ${minuteCost} AS "costNanoUsd"
         FROM usage_minutes
         WHERE minute >= $1 AND minute < $2 AND ($3::int IS NULL OR llm_id = $3) AND ($4::int IS NULL OR app_id = $4)
           AND ($5::text IS NULL OR llm_id IN (SELECT id FROM llms WHERE vendor = $5))
         GROUP BY day ORDER BY day`,
        [from.toISOString(), to.toISOString(), llm_id ?? null, app_id ?? null, vendor ?? null],
      );
      return rows;
    },

    /** Finished requests between two moments, summed by day, person, app or model. In the order of the days, or the most first. */
    async grouped(by: GroupedBy, { from, to, limit, ...filters }: GroupFilters): Promise<UsageGroup[]> {
      const { label, order } = groupings[by];
      const { rows } = await db.sql.query<UsageGroup>(
        `SELECT ${label} AS label, count(*) AS requests, count(DISTINCT nullif(r.user_id, 0)) AS users, sum(r.prompt_tokens)::bigint AS prompt,
           sum(r.response_tokens)::bigint AS response, sum(r.cache_write_tokens)::bigint AS "cacheWrite",
           sum(r.cache_read_tokens)::bigint AS "cacheRead", ${sumNano("r.cost_micro_usd", "r.cost_rest_nano_usd")} AS "costNanoUsd"
         FROM usage_records r
         WHERE r.at >= $1 AND r.at < $2 AND ($3::int IS NULL OR r.llm_id = $3) AND ($4::int IS NULL OR r.app_id = $4)
           AND ($5::text IS NULL OR r.vendor = $5) AND ($6::text IS NULL OR r.model = $6)
         GROUP BY label ORDER BY ${order} LIMIT $7`,
        [
          from.toISOString(),
          to.toISOString(),
          filters.llm_id ?? null,
          filters.app_id ?? null,
          filters.vendor ?? null,
          filters.model ?? null,
          limit,
        ],
      );
      return rows;
    },

    /** Apps and LLMs that have a budget or were used between `from` and `to`, with what they used then. */
    async budgeted({ from, to, llm_id }: { from: Date; to: Date; llm_id?: number | undefined }): Promise<Budgeted[]> {
      const { rows } = await db.sql.query<Budgeted>(
        `WITH used AS (SELECT * FROM usage_minutes WHERE minute >= $1 AND minute < $2),
           sums AS (SELECT llm_id, app_id, ${minuteCost} AS cost,
             sum(prompt_tokens + response_tokens + cache_write_tokens + cache_read_tokens)::bigint AS tokens
             FROM used GROUP BY GROUPING SETS ((llm_id), (app_id)))
         SELECT 'llm' AS kind, l.id, l.name, l.monthly_budget_micro_usd AS "budgetMicroUsd", l.budget_start_at AS "budgetStartAt",
           NULL::int AS "userId", NULL AS "userEmail", coalesce(s.cost, 0) AS "costNanoUsd", coalesce(s.tokens, 0) AS tokens
         FROM llms l LEFT JOIN sums s ON s.llm_id = l.id
         WHERE (s.llm_id IS NOT NULL OR l.monthly_budget_micro_usd IS NOT NULL) AND ($3::int IS NULL OR l.id = $3)
         UNION ALL
         SELECT 'app', a.id, a.name, a.monthly_budget_micro_usd, a.budget_start_at, u.id, u.email, coalesce(s.cost, 0), coalesce(s.tokens, 0)
         FROM apps a LEFT JOIN sums s ON s.app_id = a.id LEFT JOIN users u ON u.id = a.user_id
         WHERE s.app_id IS NOT NULL OR a.monthly_budget_micro_usd IS NOT NULL
         ORDER BY kind DESC, name`,
        [from.toISOString(), to.toISOString(), llm_id ?? null],
      );
      return rows;
    },

    /** Nano-dollars spent by each of these in the budget period that begins then; positions as in the argument. */
    async spent(of: { kind: "app" | "llm"; id: number; periodStart: Date }[]): Promise<number[]> {
      const { rows } = await db.sql.query<{ spent: number }>(
        `SELECT coalesce(${nanoOf("b.spent_micro_usd", "b.spent_rest_nano_usd")}, 0) AS spent
         FROM unnest($1::text[], $2::int[], $3::timestamptz[]) WITH ORDINALITY AS p(kind, id, start, at)
         LEFT JOIN budget_usage b ON b.kind = p.kind AND b.object_id = p.id AND b.period_start = p.start ORDER BY p.at`,
        [of.map((one) => one.kind), of.map((one) => one.id), of.map((one) => one.periodStart.toISOString())],
      );
      return rows.map((row) => row.spent);
    },
  };
}
export type AnalyticsStore = ReturnType<typeof createAnalyticsStore>;
