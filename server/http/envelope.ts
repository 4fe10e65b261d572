import type { Page } from "../db/paging.ts";
import type { Dependent, Dependents, ListMeta } from "./contract.ts";
import type { JsonReply } from "./endpoint.ts";

/** `{data:{type,id,attributes}}`. */
export const one = <R>(resource: R): JsonReply<{ data: R }> => ({ json: { data: resource } });

/** `{data:[...],meta}` with the paging headers. */
export function many<T, R>(page: Page<T>, toResource: (item: T) => R): JsonReply<{ data: R[]; meta: ListMeta }> {
  const totalPages = Math.ceil(page.total / page.size);
  return {
    json: {
      data: page.items.map((item) => toResource(item)),
      meta: { total_count: page.total, total_pages: totalPages, page_size: page.size, page_number: page.number },
    },
    headers: { "x-total-count": String(page.total), "x-total-pages": String(totalPages) },
  };
}

/** A list that has no pages. */
export const all = <R>(resources: R[]): JsonReply<{ data: R[] }> => ({ json: { data: resources } });

/** The first of a resource's dependents, and how many there are. */
export const dependents = (first: Dependent[], total: number = first.length): JsonReply<Dependents> => ({
  json: { data: first, meta: { total_count: total } },
});

/** Answer of an operation that has nothing else to say. */
export const succeeded: JsonReply<{ status: "success" }> = { json: { status: "success" } };
