import { AppError, type FieldIssue } from "@portico/core";
import type { z } from "zod";
import { faultOfText } from "../db/storable.ts";
import { parseInput } from "../fields/input-error.ts";
import type { Endpoint } from "./endpoint.ts";

/** Names of the parameters that a query's schema reads. */
export function parameterNames(schema: z.core.$ZodType | undefined): string[] {
  if (schema === undefined) return [];
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type === "pipe") return parameterNames(def.in);
  if (def.type === "object") return Object.keys(def.shape);
  throw new Error(`a query must be an object, not ${def.type}`);
}

/**
 * Reads an endpoint's query. Parameters that the endpoint does not have are ignored by reads, because clients of the reference send
 * some, and refused by writes. A misspelt or repeated parameter is always refused (decision 043).
 */
export function createQueryReader({
  query,
  passesQuery,
  method,
  path,
}: Pick<Endpoint, "query" | "passesQuery" | "method" | "path">): (sent: Record<string, string[]>) => unknown {
  const names = parameterNames(query);
  const known = new Set(names);
  const offered = names.length === 0 ? `${method} ${path} has no parameters` : `the parameters are ${names.join(", ")}`;

  function faultOf(name: string, [value = "", ...more]: string[]): string | undefined {
    // The database takes no NUL.
    if (known.has(name)) return more.length > 0 ? "must be given once" : faultOfText(value);
    const meant = names.find((one) => isMisspelt(name, one));
    if (meant !== undefined) return `is not a parameter here; did you mean ${meant}?`;
    if (method === "GET" || name.startsWith("_")) return undefined;
    return `is not a parameter here; ${offered}`;
  }

  return (sent) => {
    if (passesQuery) return undefined;
    const issues: FieldIssue[] = [];
    const values: Record<string, string | undefined> = {};
    for (const [name, given] of Object.entries(sent)) {
      const message = faultOf(name, given);
      if (message !== undefined) issues.push({ field: name, message, code: "bad_request" });
      if (known.has(name)) values[name] = given[0];
    }
    if (issues.length > 0) throw new AppError({ code: "bad_request", message: "The query is not valid.", issues });
    return query && parseInput(query, values, "query");
  };
}

/** Names with fewer letters are one letter away from too many others. */
const minMisspeltLength = 4;
const lettersOf = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Another spelling of the same name (`pageSize`, `page-size`), or one letter missing, added, replaced or swapped. */
function isMisspelt(sent: string, name: string): boolean {
  const [a, b] = [lettersOf(sent), lettersOf(name)];
  if (a === b) return true;
  if (name.length < minMisspeltLength || Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  return (x.length <= 1 && y.length <= 1) || (x.length === 2 && x === y.split("").reverse().join(""));
}
