import type { Price } from "@portico/core";
import type { Ledger } from "../budget/ledger.ts";
import { dearestOf } from "../config/price-list.ts";
import type { RoutingTable } from "../config/routing-table.ts";
import { tokensOfChars } from "../dialects/json/text.ts";
import type { LlmCall, LlmExchange } from "./llm-call.ts";
import { dearestPrice, priceOf } from "./price.ts";
import { next, refuse, type Step } from "./reply.ts";

/** Finds what a call costs and, where there is a budget, sets that aside. What is unknown is taken to be dear, or refused. */
export function createReserve({ ledger }: { ledger: Ledger }) {
  return function reserve(exchange: LlmExchange): Step {
    const { app, table, target } = exchange;
    const { llm } = target;
    if (!llm) return next;
    if (!target.models) target.price = priceOf(table, llm, target.model);
    if (!app || (!app.budget && !llm.budget)) return next;

    let estimateNanoUsd = 0;
    let mostNanoUsd = 0;
    if (target.cost !== "none") {
      const price = budgetPrice(target, table);
      if (!price) return notPriced(exchange);
      if (!target.price) target.assumedPrice = price;
      const tokens = (response: number) => ({ prompt: tokensOfChars(target.promptChars), response, cacheWrite: 0, cacheRead: 0 });
      mostNanoUsd = ledger.estimate(tokens(target.maxResponseTokens), price);
      // Without a limit of its own an answer may begin with whatever is left; it holds what it is likely to take.
      estimateNanoUsd = target.hasTokenLimit ? mostNanoUsd : ledger.estimate(tokens(0), price);
    }
    const reserved = ledger.reserve({ app, llm, estimateNanoUsd, mostNanoUsd });
    if (reserved.outcome === "exceeded") {
      const error = reserved.isUsedUp
        ? `budget of ${reserved.kind} "${reserved.name}" is used up for this period`
        : `what is left of the budget of ${reserved.kind} "${reserved.name}" is less than this request may cost; a lower token limit may fit`;
      return refuse({ status: 403, reason: "budget_exceeded", message: "Budget limit exceeded", error });
    }
    exchange.reservation = reserved.reservation;
    return next;
  };
}

/** undefined when the call cannot be priced. */
function budgetPrice({ cost, price, models, model, llm }: LlmCall, table: RoutingTable): Price | undefined {
  if (!llm || cost === "unknown") return undefined;
  if (price) return price;
  const prices = (models ?? [model]).map((name) => priceOf(table, llm, name));
  if (prices.every((known) => known !== undefined)) return dearestOf(prices);
  // Text has a dearest plausible price; pictures and sound are priced in too many ways for one.
  return cost === "text" ? dearestPrice(table, llm) : undefined;
}

function notPriced({ app, req, target: { cost, llm, path, model } }: LlmExchange): Step {
  const owner = app?.budget ? `app "${app.name}"` : `LLM "${llm?.name}"`;
  const subject =
    cost === "unknown"
      ? `The cost of ${req.method} ${path.slice(0, 200)} cannot be determined`
      : `Model "${model}" of vendor "${llm?.vendor.id}" has no price`;
  const remedy =
    cost === "unknown" ? "use an app and an LLM without a budget for it" : "an administrator can add the price under Model prices";
  return refuse({ status: 403, reason: "price_unknown", message: `${subject}, and ${owner} has a budget: ${remedy}.` });
}
