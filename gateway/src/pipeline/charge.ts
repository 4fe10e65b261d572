import type { Price, Tokens } from "@portico/core";
import { tokensOfChars } from "../dialects/json/text.ts";
import type { Outcome } from "./exchange.ts";
import type { LlmExchange } from "./llm-call.ts";
import { priceOf } from "./price.ts";
import type { Ending } from "./settle.ts";

export type Charge = { tokens: Tokens; price: Price | undefined; estimated: boolean };

const noTokens: Tokens = Object.freeze({ prompt: 0, response: 0, cacheWrite: 0, cacheRead: 0 });
/** Of a stream whose text is in unknown fields: an event of a few characters has some hundred bytes. */
const unreadBytesPerToken = 64;
/** A shorter one is an error or a beginning. */
const leastUnreadBytes = 1_024;

/** What a request is charged for: what the vendor reported, or what it must be taken to have done. */
export function chargeOf(exchange: LlmExchange, { outcome, reason }: Ending): Charge {
  const { target, table } = exchange;
  const { llm, usage } = target;
  const reported = usage?.reported;
  // A model that has no price may have one under the name the vendor says it ran, often a dated one.
  const price = target.price ?? (llm && reported?.model ? priceOf(table, llm, reported.model) : undefined) ?? target.assumedPrice;
  if (!reported) {
    const tokens = isBilledUnreported(exchange, reason) ? estimateOf(exchange, outcome) : undefined;
    return { tokens: tokens ?? noTokens, price, estimated: tokens !== undefined };
  }
  // What was reported before a stream was cut says nothing of what came after.
  const isCut = exchange.streamed && outcome !== "completed" && !usage?.final;
  const passed = isCut ? passedTokens(exchange) : 0;
  if (passed <= reported.tokens.response) return { tokens: reported.tokens, price, estimated: false };
  return { tokens: { ...reported.tokens, response: passed }, price, estimated: true };
}

/** A vendor that took the request and did not refuse it charges for it, whether or not it said so before the end. */
function isBilledUnreported({ target, reservation, sentUpstream, statusCode }: LlmExchange, reason: Ending["reason"]): boolean {
  const { cost, usage } = target;
  // What was generated before an error is paid for.
  if (usage?.failed && usage.chars === 0) return false;
  const isCounted = cost === "text" || (cost === "media" && reservation !== undefined);
  // Silence is no refusal: a vendor that answers too late has worked.
  return isCounted && sentUpstream && (statusCode < 400 || (reason === "upstream_timeout" && reservation !== undefined));
}

function estimateOf(exchange: LlmExchange, outcome: Outcome): Tokens {
  const { target, reservation, streamed } = exchange;
  const { maxResponseTokens, streaming, usage, promptChars } = target;
  const prompt = tokensOfChars(promptChars);
  const isStream = streamed || (streaming && outcome !== "completed");
  const seen = isStream ? passedTokens(exchange) : tokensOfChars(usage?.chars ?? 0);
  // A plain answer that never arrived, or could not be read, may be as long as it was allowed to be.
  const isUnseen = !isStream && (outcome !== "completed" || seen === 0);
  const response = isUnseen && reservation ? Math.max(seen, maxResponseTokens) : seen;
  return { prompt, response, cacheWrite: 0, cacheRead: 0 };
}

function passedTokens({ target, responseBytes, reservation }: LlmExchange): number {
  const chars = target.usage?.chars ?? 0;
  if (chars > 0) return tokensOfChars(chars);
  return reservation && responseBytes > leastUnreadBytes ? Math.floor(responseBytes / unreadBytesPerToken) : 0;
}
