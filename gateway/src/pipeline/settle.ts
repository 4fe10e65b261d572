import { costOf, type Tokens } from "@portico/core";
import type { UsageRecord } from "@portico/protocol/edge";
import type { Ledger, Spend } from "../budget/ledger.ts";
import { tokensOfChars } from "../vendors/json.ts";
import { type Exchange, maxModelChars, type Outcome } from "./exchange.ts";
import { priceOf } from "./price.ts";

export type Ending = { outcome: Outcome /** Stable code; "" when completed. */; reason: string };

/** Closes the account of a request: once, whatever calls it and however often. */
export type Settle = (exchange: Exchange, ending: Ending) => void;

const noTokens: Tokens = Object.freeze({ prompt: 0, response: 0, cacheWrite: 0, cacheRead: 0 });

export function createSettle({
  ledger,
  record,
  onSettled,
}: {
  ledger: Ledger;
  /** Takes the record to the journal; must not block. */
  record(record: UsageRecord, spend: Spend): void;
  onSettled(): void;
}): Settle {
  return function settle(exchange, { outcome, reason }) {
    if (exchange.settled) return;
    exchange.settled = true;
    const { llm, app } = exchange;
    const reported = exchange.meter?.reported;
    const estimated = !reported && isBilledUnreported(exchange);
    const tokens = reported?.tokens ?? (estimated ? estimateOf(exchange) : noTokens);
    // A model that has no price may have one under the name the vendor says it ran, often a dated one.
    const price = exchange.price ?? (llm && reported?.model ? priceOf(exchange.table, llm, reported.model) : undefined);
    const costMicroUsd = price ? costOf(tokens, price) : 0;

    exchange.reservation?.release();
    const spend = { appId: app?.id ?? 0, llmId: llm?.id ?? 0, startedAtMs: exchange.startedAtMs, costMicroUsd };
    if (app && llm) ledger.book(spend, tokens.prompt + tokens.response + tokens.cacheWrite + tokens.cacheRead);
    record(
      {
        requestId: exchange.requestId,
        startedAtMs: exchange.startedAtMs,
        appId: spend.appId,
        userId: exchange.userId,
        llmId: spend.llmId,
        vendor: llm?.vendor.id ?? "",
        // The vendor's word has no length of its own, and a record must fit beside others in a message.
        model: exchange.model || (reported?.model ?? "").slice(0, maxModelChars),
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
        costMicroUsd,
        requestBytes: exchange.requestBytes,
        responseBytes: exchange.responseBytes,
        path: exchange.path.slice(0, 512),
        interaction: exchange.interaction,
        usageEstimated: estimated,
      },
      spend,
    );
    onSettled();
  };
}

/** A vendor that took the request and did not refuse it charges for it, whether or not it said so before the end. */
const isBilledUnreported = (exchange: Exchange): boolean => exchange.generates && exchange.sentUpstream && exchange.statusCode < 400;

const estimateOf = (exchange: Exchange): Tokens => ({
  prompt: tokensOfChars(exchange.promptChars),
  response: tokensOfChars(exchange.meter?.chars ?? 0),
  cacheWrite: 0,
  cacheRead: 0,
});
