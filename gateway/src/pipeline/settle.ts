import { costOf, type NanoUsd, nanoFromMicro, recordedCost, type Tokens } from "@portico/core";
import type { GatewayReason } from "@portico/protocol";
import type { UsageRecord } from "@portico/protocol/edge";
import type { Ledger, Spend } from "../budget/ledger.ts";
import type { MicroRounding } from "../telemetry/micro-rounding.ts";
import { type BackgroundCalls, backgroundKey } from "./background.ts";
import { chargeOf } from "./charge.ts";
import type { Exchange, Outcome, Target } from "./exchange.ts";
import { type LlmCall, type LlmExchange, maxModelChars } from "./llm-call.ts";
import { priceOf } from "./price.ts";

export type Ending = { outcome: "completed"; reason: "" } | { outcome: Exclude<Outcome, "completed">; reason: GatewayReason };

/** What a call came to. */
export type CallFacts = { tokens: Tokens; costNanoUsd: NanoUsd; model: string };

/** Closes the account of a request: once, whatever calls it and however often. */
export type Settle<T extends Target = LlmCall> = (exchange: Exchange<T>, ending: Ending) => void;

/** Books what a call cost, and keeps its record for the hub; must not block. */
export type Book = (record: UsageRecord) => void;

export function createBook({
  ledger,
  roundToMicro,
  record,
}: {
  ledger: Pick<Ledger, "book">;
  roundToMicro: MicroRounding;
  /** Takes the record to the journal. */
  record(record: UsageRecord, spend: Spend): void;
}): Book {
  return function book(entry) {
    const { appId, llmId, startedAtMs } = entry;
    const costNanoUsd = recordedCost(entry);
    const costMicroUsd = roundToMicro(appId, llmId, costNanoUsd);
    entry.costMicroUsd = costMicroUsd;
    if (costNanoUsd === nanoFromMicro(costMicroUsd)) entry.costNanoUsd = undefined;
    const spend = { appId, llmId, startedAtMs, costNanoUsd };
    if (appId > 0 && llmId > 0)
      ledger.book(spend, entry.promptTokens + entry.responseTokens + entry.cacheWriteTokens + entry.cacheReadTokens);
    record(entry, spend);
  };
}

/** What a call is charged. */
type Charged = { tokens: Tokens; costNanoUsd: NanoUsd; estimated: boolean };
/** In whose name, when that is not the caller's. */
type Maker = Pick<UsageRecord, "requestId" | "appId" | "userId" | "interaction">;

export function createSettle({
  book,
  background,
  collect,
  onSettled,
}: {
  book: Book;
  background: Pick<BackgroundCalls, "defer" | "isCharged" | "take">;
  /** Takes what plugins collect; must not block. */
  collect(exchange: LlmExchange, facts: CallFacts): void;
  onSettled(): void;
}): Settle {
  /**
   * A call in the background is charged once: when its result is read first, in the name of its maker. Until then it holds what was set aside
   * for it.
   */
  function recordWork(exchange: LlmExchange, ending: Ending): UsageRecord {
    const { target, app, table } = exchange;
    const { llm, usage, endpoint } = target;
    const work = usage?.background;
    const isResult = endpoint?.returnsResults === true;
    if (!work || !llm || !app) return recordOf(exchange, ending, isResult ? nothing : charge(exchange, ending));
    const key = backgroundKey(llm.id, work.id);
    if (background.isCharged(key) || (isResult && !work.isOver)) return recordOf(exchange, ending, nothing);
    const own = { requestId: key, appId: app.id, userId: exchange.userId, interaction: exchange.interaction };
    if (!work.isOver) {
      background.defer(recordOf(exchange, ending, { ...charge(exchange, ending), estimated: true }, own), exchange.reservation);
      exchange.reservation = undefined;
      return recordOf(exchange, ending, nothing);
    }
    const made = background.take(key);
    const { reported } = usage;
    const price = reported && (target.price ?? priceOf(table, llm, reported.model) ?? (made && priceOf(table, llm, made.model)));
    if (reported) {
      const { tokens } = reported;
      return recordOf(exchange, ending, { tokens, costNanoUsd: price ? costOf(tokens, price) : 0, estimated: false }, made ?? own);
    }
    // A vendor that does not say what its work took has worked all the same, unless it failed.
    const { promptTokens: prompt = 0, responseTokens: response = 0 } = made ?? {};
    const estimate = made &&
      !work.failed && { tokens: { ...noTokens, prompt, response }, costNanoUsd: recordedCost(made), estimated: true };
    return recordOf(exchange, ending, estimate || nothing, made ?? own);
  }

  return function settle(exchange, ending) {
    if (exchange.settled) return;
    exchange.settled = true;
    const { target, app } = exchange;
    const isUsual = !target.usage?.background && !target.endpoint?.returnsResults;
    const entry = isUsual ? recordOf(exchange, ending, charge(exchange, ending)) : recordWork(exchange, ending);
    exchange.reservation?.release();
    if (exchange.sentUpstream && app && target.llm) collect(exchange, factsOf(entry));
    book(entry);
    onSettled();
  };
}

const noTokens: Tokens = Object.freeze({ prompt: 0, response: 0, cacheWrite: 0, cacheRead: 0 });
const nothing: Charged = Object.freeze({ tokens: noTokens, costNanoUsd: 0, estimated: false });

function charge(exchange: LlmExchange, ending: Ending): Charged {
  const { tokens, price, estimated } = chargeOf(exchange, ending);
  return { tokens, costNanoUsd: price ? costOf(tokens, price) : 0, estimated };
}

const factsOf = (entry: UsageRecord): CallFacts => ({
  tokens: {
    prompt: entry.promptTokens,
    response: entry.responseTokens,
    cacheWrite: entry.cacheWriteTokens,
    cacheRead: entry.cacheReadTokens,
  },
  costNanoUsd: recordedCost(entry),
  model: entry.model,
});

export function recordOf(
  exchange: LlmExchange,
  { outcome, reason }: Ending,
  { tokens, costNanoUsd, estimated }: Charged,
  maker?: Maker,
): UsageRecord {
  const { target, app } = exchange;
  const { llm } = target;
  return {
    requestId: maker?.requestId ?? exchange.requestId,
    startedAtMs: exchange.startedAtMs,
    appId: maker?.appId ?? app?.id ?? 0,
    userId: maker?.userId ?? exchange.userId,
    llmId: llm?.id ?? 0,
    vendor: llm?.vendor.id ?? "",
    // The vendor's word has no length of its own, and a record must fit beside others in a message.
    model: target.model || (target.usage?.reported?.model ?? "").slice(0, maxModelChars),
    outcome,
    // A client that left before any answer is written down the way web servers do.
    statusCode: exchange.statusCode || 499,
    reason,
    streamed: exchange.streamed,
    durationMs: performance.now() - exchange.startedMs,
    firstByteMs: exchange.firstByteMs,
    pluginMs: exchange.pluginMs,
    promptTokens: tokens.prompt,
    responseTokens: tokens.response,
    cacheWriteTokens: tokens.cacheWrite,
    cacheReadTokens: tokens.cacheRead,
    cacheWriteHourTokens: tokens.cacheWriteHour ?? 0,
    costMicroUsd: 0,
    costNanoUsd,
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    path: target.path.slice(0, 512),
    interaction: maker?.interaction ?? exchange.interaction,
    usageEstimated: estimated,
  };
}
