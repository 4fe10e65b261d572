import { costOf, type MicroUsd, type NanoUsd, nanoFromMicro, recordedCost } from "@portico/core";
import type { UsageRecord } from "@portico/protocol/edge";

/** What an edge's records are checked against: the rows they name, as they are now. */
export type Known = {
  apps: ReadonlyMap<number, { namespace: string; userId: number; isSystem: boolean }>;
  llms: ReadonlyMap<number, { namespace: string }>;
  /** Of the users named by calls of the studio, those that exist. */
  users: ReadonlySet<number>;
  /** The highest ids given to apps and LLMs so far. An id up to here without a row belonged to one that was deleted. */
  lastAppId: number;
  lastLlmId: number;
  /** The highest price of the price list for a million tokens of any kind. */
  highestPerMillion: MicroUsd;
};

/** Where a record comes from. */
export type Origin = { namespace: string; known: Known };

const maxInt = 2_147_483_647;
const maxTokens = 100_000_000;
const maxBytes = 1e12;
const maxDurationMs = 1e9;
/** More than any vendor charges, in case the price list is empty or was corrected downwards after the call. */
const assumedPerMillion: MicroUsd = 200_000_000;
const margin = 2;
/** Response tokens that a call without reported usage may have been charged: the largest reservation a gateway makes. */
const unreportedTokens = 1_000_000;
/** More than a batch of the largest calls costs. */
export const maxBatchCostNanoUsd: NanoUsd = 100_000_000_000_000;

const outcomes = new Set(["completed", "failed", "aborted", "blocked"]);
const times = ["durationMs", "firstByteMs", "pluginMs"] as const;
const tokenCounts = ["promptTokens", "responseTokens", "cacheWriteTokens", "cacheReadTokens"] as const;
const sizes = ["requestBytes", "responseBytes"] as const;
const ids = ["appId", "userId", "llmId"] as const;

/**
 * Checks the form and size of a record. Text of the edge's clients is shortened, not rejected.
 * @returns why the record is rejected; undefined when it is not.
 */
export function faultOf(record: UsageRecord, { known }: Origin, nowMs: number): string | undefined {
  if (record.requestId === "" || record.requestId.length > 200 || record.requestId.includes("\0"))
    return "request_id must be 1 to 200 characters";
  if (record.startedAtMs <= 0) return "started_at_ms must be a time";
  if (!outcomes.has(record.outcome)) return `outcome must be one of ${[...outcomes].join(", ")}`;
  if (record.statusCode > 999) return "status_code must be an HTTP status";
  for (const id of ids) if (record[id] > maxInt) return `${snake(id)} is not an id`;
  for (const time of times)
    if (!(record[time] >= 0 && record[time] <= maxDurationMs)) return `${snake(time)} must be from 0 to ${maxDurationMs} milliseconds`;
  for (const count of tokenCounts) if (record[count] > maxTokens) return `${snake(count)} must be at most ${maxTokens}`;
  for (const size of sizes) if (record[size] > maxBytes) return `${snake(size)} must be at most ${maxBytes}`;
  if (record.cacheWriteHourTokens > record.cacheWriteTokens) return "cache_write_hour_tokens must be at most cache_write_tokens";
  const most = maxPlausibleCost(record, known.highestPerMillion);
  if (record.costMicroUsd < 0 || record.costMicroUsd > most)
    return `cost_micro_usd must be from 0 to ${most}, the highest possible cost of such a call`;
  const costNanoUsd = recordedCost(record);
  if (costNanoUsd < 0 || costNanoUsd > nanoFromMicro(most))
    return `cost_nano_usd must be from 0 to ${nanoFromMicro(most)}, the highest possible cost of such a call`;
  // An edge's clock may be ahead; nothing happens in the future.
  record.startedAtMs = Math.min(record.startedAtMs, nowMs);
  record.vendor = text(record.vendor, 64);
  record.model = text(record.model, 256);
  record.reason = text(record.reason, 200);
  record.path = text(record.path, 500);
  record.interaction = text(record.interaction, 32);
  return undefined;
}

/** Tokens at the highest price. A call without reported usage may have been charged what was reserved for it. */
function maxPlausibleCost(record: UsageRecord, highest: MicroUsd): MicroUsd {
  const perMillion = Math.max(highest, assumedPerMillion);
  let tokens = 0;
  for (const count of tokenCounts) tokens += record[count];
  const isUnreported = tokens === 0 || record.usageEstimated || record.outcome !== "completed";
  const most = isUnreported ? Math.max(tokens, unreportedTokens + Math.min(record.requestBytes, maxTokens)) : tokens;
  const price = {
    inputMicroUsdPerMillion: perMillion,
    outputMicroUsdPerMillion: 0,
    cacheWriteMicroUsdPerMillion: 0,
    cacheReadMicroUsdPerMillion: 0,
  };
  return Math.ceil((margin * costOf({ prompt: most, response: 0, cacheWrite: 0, cacheRead: 0 }, price)) / nanoFromMicro(1)) + 1;
}

/**
 * Removes from a record the app, LLM and user that its edge was never given. The rest stays true: what was called and what it cost.
 * @returns whether it named any.
 */
export function removeForeignOwners(record: UsageRecord, { namespace, known }: Origin): boolean {
  const { appId, llmId, userId } = record;
  // Only gateways of the global namespace are called by the studio itself.
  const isStudio = record.interaction === "studio" && namespace === "";
  const isVisible = (row: { namespace: string }) => row.namespace === "" || row.namespace === namespace;
  const app = known.apps.get(appId);
  const llm = known.llms.get(llmId);
  if (app ? !isVisible(app) || (app.isSystem && !isStudio) : appId > known.lastAppId) record.appId = 0;
  if (llm ? !isVisible(llm) : llmId > known.lastLlmId) record.llmId = 0;
  const isOwner = app !== undefined && record.appId === appId && app.userId === userId;
  const isStudioUser = isStudio && (app === undefined || app.isSystem) && known.users.has(userId);
  if (!isOwner && !isStudioUser) record.userId = 0;
  return record.appId !== appId || record.llmId !== llmId || record.userId !== userId;
}

const text = (value: string, max: number): string => (value.includes("\0") ? value.replaceAll("\0", "") : value).slice(0, max);
const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
