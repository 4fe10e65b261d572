import { costOf, type NanoUsd, nanoFromMicro, type Tokens } from "@portico/core";
import type { GatewayReason } from "@portico/protocol";
import type { UsageRecord } from "@portico/protocol/edge";
import type { Ledger, Spend } from "../budget/ledger.ts";
import type { MicroRounding } from "../telemetry/micro-rounding.ts";
import { chargeOf } from "./charge.ts";
import type { Exchange, Outcome, Target } from "./exchange.ts";
import { type LlmCall, type LlmExchange, maxModelChars } from "./llm-call.ts";

export type Ending = { outcome: "completed"; reason: "" } | { outcome: Exclude<Outcome, "completed">; reason: GatewayReason };

/** What a call came to. */
export type CallFacts = { tokens: Tokens; costNanoUsd: NanoUsd; model: string };

/** Closes the account of a request: once, whatever calls it and however often. */
export type Settle<T extends Target = LlmCall> = (exchange: Exchange<T>, ending: Ending) => void;

export function createSettle({
  ledger,
  roundToMicro,
  record,
  collect,
  onSettled,
}: {
  ledger: Ledger;
  roundToMicro: MicroRounding;
  /** Takes the record to the journal; must not block. */
  record(record: UsageRecord, spend: Spend): void;
  /** Takes what plugins collect; must not block. */
  collect(exchange: LlmExchange, facts: CallFacts): void;
  onSettled(): void;
}): Settle {
  return function settle(exchange, ending) {
    if (exchange.settled) return;
    exchange.settled = true;
    const { target, app } = exchange;
    const { llm } = target;
    const { tokens, price, estimated } = chargeOf(exchange, ending);
    const costNanoUsd = price ? costOf(tokens, price) : 0;

    exchange.reservation?.release();
    const spend = { appId: app?.id ?? 0, llmId: llm?.id ?? 0, startedAtMs: exchange.startedAtMs, costNanoUsd };
    const costMicroUsd = roundToMicro(spend.appId, spend.llmId, costNanoUsd);
    if (app && llm) ledger.book(spend, tokens.prompt + tokens.response + tokens.cacheWrite + tokens.cacheRead);
    // The vendor's word has no length of its own, and a record must fit beside others in a message.
    const model = target.model || (target.usage?.reported?.model ?? "").slice(0, maxModelChars);
    if (exchange.sentUpstream && app && llm) collect(exchange, { tokens, costNanoUsd, model });
    record(
      {
        requestId: exchange.requestId,
        startedAtMs: exchange.startedAtMs,
        appId: spend.appId,
        userId: exchange.userId,
        llmId: spend.llmId,
        vendor: llm?.vendor.id ?? "",
        model,
        outcome: ending.outcome,
        // A client that left before any answer is written down the way web servers do.
        statusCode: exchange.statusCode || 499,
        reason: ending.reason,
        streamed: exchange.streamed,
        durationMs: performance.now() - exchange.startedMs,
        firstByteMs: exchange.firstByteMs,
        pluginMs: exchange.pluginMs,
        promptTokens: tokens.prompt,
        responseTokens: tokens.response,
        cacheWriteTokens: tokens.cacheWrite,
        cacheReadTokens: tokens.cacheRead,
        cacheWriteHourTokens: tokens.cacheWriteHour ?? 0,
        costMicroUsd,
        costNanoUsd: costNanoUsd === nanoFromMicro(costMicroUsd) ? undefined : costNanoUsd,
        requestBytes: exchange.requestBytes,
        responseBytes: exchange.responseBytes,
        path: target.path.slice(0, 512),
        interaction: exchange.interaction,
        usageEstimated: estimated,
      },
      spend,
    );
    onSettled();
  };
}
