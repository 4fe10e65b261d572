import { z } from "zod";
import type { Page } from "../db/paging.ts";
import { Id } from "../fields/contract.ts";
import type { Reply } from "./endpoint.ts";

export type Resource = { type: string; id: string; attributes: Record<string, unknown>; relationships?: Record<string, unknown> };

/** `{data:{type,id,attributes}}`. */
export const one = (resource: Resource, status?: number): Reply => ({ json: { data: resource }, status });

/** `{data:[...],meta}` with the paging headers. */
export function many(page: Page<Resource>): Reply {
  const totalPages = Math.ceil(page.total / page.size);
  return {
    json: { data: page.items, meta: { total_count: page.total, total_pages: totalPages, page_size: page.size, page_number: page.number } },
    headers: { "x-total-count": String(page.total), "x-total-pages": String(totalPages) },
  };
}

/** A list that is always whole. */
export const all = (resources: unknown[]): Reply => ({ json: { data: resources } });

/** Id of a resource in a path. */
export const IdParam = z.object({ id: Id });

/** Schema of `{data:{type,id,attributes}}` for `result`. */
export const resourceOf = <A extends z.ZodType>(type: string, attributes: A) =>
  z.object({
    data: z.object({ type: z.literal(type), id: z.string(), attributes, relationships: z.record(z.string(), z.unknown()).optional() }),
  });

export const listOf = <A extends z.ZodType>(type: string, attributes: A) =>
  z.object({
    data: z.array(
      z.object({ type: z.literal(type), id: z.string(), attributes, relationships: z.record(z.string(), z.unknown()).optional() }),
    ),
    meta: z.object({ total_count: z.number(), total_pages: z.number(), page_size: z.number(), page_number: z.number() }),
  });
