import type { Db } from "../db/client.ts";
import { nanoOf } from "../db/money.ts";
import type { ListQuery } from "../db/paging.ts";

/** A finished request, with the names of what it used; "" where that is deleted. */
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
  vendor?: string | undefined;
  model?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  priced?: boolean | undefined;
  before?: string | undefined;
};
export type UnpricedModel = { vendor: string; model: string; requests: number };

export type CallStore = {
  /** Newest first; `q` is a request id, or a text in the model, path or reason of one of the newest calls. `before` is the request id of the last call seen: what is older comes next, however deep the list. */
  list(query: ListQuery, filters: CallFilters): Promise<{ items: Call[]; total: number }>;
  find(requestId: string): Promise<Call | undefined>;
  /** The next calls after the one with the id `after`, oldest first: for reading all of them in steps. */
  chunk(filters: CallFilters & { from: Date; to: Date; q: string }, after: CallPosition | undefined, limit: number): Promise<Call[]>;
  /** Models that were called since then and have no price; no more calls are looked at than a list counts. */
  unpricedModels(from: Date): Promise<UnpricedModel[]>;
};
export type CallPosition = { at: Date; id: number };

/** How far the calls of a filter are counted; nobody pages further, and a busy installation must not read them all. */
export const countedCalls = 10_001;

/** How many of the newest calls that pass the filters are searched for a text; no index holds it. */
const searchedCalls = 100_000;

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

const equals = ["app_id", "llm_id", "user_id", "outcome", "edge_id", "vendor", "model"] as const;

/** The conditions of a filter, and how a value is bound. */
function conditionsOf(filters: CallFilters) {
  const where: string[] = [];
  const values: unknown[] = [];
  const bind = (value: unknown) => `$${values.push(value)}`;
  for (const column of equals) if (filters[column]) where.push(`u.${column} = ${bind(filters[column])}`);
  // Said again so that the index of these, which are few, can be used whatever the value.
  if (filters.outcome && filters.outcome !== "completed") where.push("u.outcome <> 'completed'");
  if (filters.from) where.push(`u.at >= ${bind(filters.from.toISOString())}`);
  if (filters.to) where.push(`u.at < ${bind(filters.to.toISOString())}`);
  if (filters.priced !== undefined) where.push(filters.priced ? `NOT ${unpriced}` : unpriced);
  if (filters.before) where.push(`(u.at, u.id) < (SELECT at, id FROM usage_records WHERE request_id = ${bind(filters.before)})`);
  return { condition: () => (where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""), where, values, bind };
}

const containing = (pattern: string) => `(u.model ILIKE ${pattern} OR u.path ILIKE ${pattern} OR u.reason ILIKE ${pattern})`;
const patternOf = (q: string) => `%${q.replace(/[\\%_]/g, "\\$&")}%`;

export function createCallStore(db: Db): CallStore {
  return {
    async list({ q, size, offset }, filters) {
      const { condition, where, values, bind } = conditionsOf(filters);
      let source = `usage_records u ${condition()}`;
      if (q) {
        const { rowCount } = await db.sql.query("SELECT 1 FROM usage_records WHERE request_id = $1", [q]);
        if (rowCount) {
          where.push(`u.request_id = ${bind(q)}`);
          source = `usage_records u ${condition()}`;
        } else
          source = `(SELECT * FROM usage_records u ${condition()} ORDER BY u.at DESC, u.id DESC LIMIT ${searchedCalls}) AS u
            WHERE ${containing(bind(patternOf(q)))}`;
      }
      const filterValues = [...values];
      const text = `SELECT ${callColumns}
        FROM (SELECT * FROM ${source} ORDER BY u.at DESC, u.id DESC LIMIT ${bind(size)} OFFSET ${bind(offset)}) AS u
        ${namesOfCalls} ORDER BY u.at DESC, u.id DESC`;
      const [{ rows }, counted] = await Promise.all([
        db.sql.query<Call>(text, values),
        db.sql.query<{ total: number }>(
          `SELECT count(*) AS total FROM (SELECT 1 FROM ${source} LIMIT ${countedCalls}) AS counted`,
          filterValues,
        ),
      ]);
      return { items: rows, total: counted.rows[0]?.total ?? 0 };
    },

    async find(requestId) {
      const { rows } = await db.sql.query<Call>({
        name: "usage-call",
        text: `SELECT ${callColumns} FROM usage_records u ${namesOfCalls} WHERE u.request_id = $1`,
        values: [requestId],
      });
      return rows[0];
    },

    async chunk({ q, ...filters }, after, limit) {
      const { where, values, bind } = conditionsOf(filters);
      if (q) where.push(`(u.request_id = ${bind(q)} OR ${containing(bind(patternOf(q)))})`);
      if (after) where.push(`(u.at, u.id) > (${bind(after.at.toISOString())}::timestamptz, ${bind(after.id)}::bigint)`);
      const { rows } = await db.sql.query<Call>(
        `SELECT ${callColumns}
         FROM (SELECT * FROM usage_records u WHERE ${where.join(" AND ")} ORDER BY u.at, u.id LIMIT ${bind(limit)}) AS u
         ${namesOfCalls} ORDER BY u.at, u.id`,
        values,
      );
      return rows;
    },

    async unpricedModels(from) {
      const { rows } = await db.sql.query<UnpricedModel>({
        name: "usage-unpriced",
        text: `SELECT vendor, model, sum(requests)::bigint AS requests
          FROM (SELECT vendor, model, count(*) AS requests
            FROM (SELECT vendor, model FROM usage_records u WHERE u.at >= $1 AND ${withoutCost} ORDER BY u.at DESC LIMIT ${countedCalls}) AS newest
            GROUP BY vendor, model) AS u
          WHERE NOT ${hasPrice} GROUP BY vendor, model ORDER BY requests DESC, vendor, model`,
        values: [from.toISOString()],
      });
      return rows;
    },
  };
}
