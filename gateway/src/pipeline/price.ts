import type { Price } from "@portico/core";
import type { RoutingTable } from "../config/routing-table.ts";

/** Price of the model that was asked for, else of the one the vendor says it ran (often a dated name). */
export function priceOf(table: RoutingTable, vendor: string, asked: string, ran: string): Price | undefined {
  const prices = table.prices.get(vendor);
  return prices?.get(asked) ?? (ran ? prices?.get(ran) : undefined);
}
