import type { Price } from "@portico/core";
import type { Llm, RoutingTable } from "../config/routing-table.ts";

export const priceOf = (table: RoutingTable, llm: Llm, model: string): Price | undefined => table.prices.get(llm.vendor.id)?.get(model);
