import { invalid, notFound } from "@portico/core";
import type { ListQuery } from "../db/paging.ts";
import { placeOfFault } from "../db/storable.ts";

const maxId = 2_147_483_647;
const maxPage = 1_000_000;

/** Page 1 and 20 rows unless asked otherwise; at most 100. */
export function listQueryOf({ page, limit }: { page: number; limit: number }, order: "oldest" | "newest" = "oldest"): ListQuery {
  const size = limit <= 0 || limit > 100 ? 20 : limit;
  const number = Math.min(Math.max(page, 1), maxPage);
  return { number, size, offset: (number - 1) * size, q: "", sort: { column: "id", descending: order === "newest" } };
}

/**
 * An id that a request must have; 0 is an absent one.
 * @param what the object it is the id of, e.g. `LLM`.
 */
export function idOf(id: number, field: string, what: string): number {
  if (id === 0) throw invalid(field, "is required");
  if (id > maxId) throw notFound(what);
  return id;
}

/** The value of a field that carries JSON as text. */
export function jsonOf(text: string, field: string, maxChars: number): unknown {
  if (text.length > maxChars) throw invalid(field, `is longer than ${maxChars} characters`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(field, "is not JSON");
  }
}

/** proto3 has no absent text: in filters an empty one is no filter. */
export const unlessEmpty = <T extends string>(value: T): T | undefined => (value === "" ? undefined : value);

/**
 * What an update changes. An empty text and an absent optional field keep what is stored: a plugin cannot send back what it cannot read.
 * Numbers, flags and lists replace.
 */
export const changesOf = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ""));

/** Metadata of LLMs is a map of texts on this wire. */
export const textsOf = (metadata: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Texts that the database cannot keep, wherever they would end up. @throws AppError naming the field. */
export function checkStorable(request: unknown): void {
  const texts = Object.entries(request as object).filter(([, value]) => !(value instanceof Uint8Array));
  const place = placeOfFault(Object.fromEntries(texts));
  if (place) throw invalid(place.path.map(snakeCase).join("."), place.fault);
}
