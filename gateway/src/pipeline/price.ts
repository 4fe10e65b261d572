import type { Price } from "@portico/core";
import type { Llm, RoutingTable } from "../config/routing-table.ts";

/** The price of a model under this or a name that means the same model. */
export const priceOf = (table: RoutingTable, llm: Llm, model: string): Price | undefined => table.priceList.of(llm.vendor.id, model);

/** For a model without a price of its own: nothing of the vendor's is dearer. undefined when the vendor has no prices at all. */
export const dearestPrice = (table: RoutingTable, llm: Llm): Price | undefined => table.priceList.dearest(llm.vendor.id);
