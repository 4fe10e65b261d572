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
 * Reads an endpoint's query. A parameter that the endpoint does not have, or that is given twice, is an error: an answer that ignored
 * it would look like the one that was asked for.
 */
export function createQueryReader({ query, anyQuery, method, path }: Endpoint): (sent: Record<string, string[]>) => unknown {
  const names = parameterNames(query);
  const known = new Set(names);
  const offered = names.length === 0 ? `${method} ${path} has none` : `there are ${names.join(", ")}`;

  function faultOf(name: string, values: string[]): string | undefined {
    if (anyQuery) return undefined;
    if (!known.has(name)) return `is not a parameter here; ${offered}`;
    if (values.length > 1) return "must be given once";
    // The database takes no NUL.
    return faultOfText(values[0] ?? "");
  }

  return (sent) => {
    const issues: FieldIssue[] = [];
    const values: Record<string, string> = {};
    for (const [name, [value = "", ...more]] of Object.entries(sent)) {
      const message = faultOf(name, [value, ...more]);
      if (message !== undefined) issues.push({ field: name, message, code: "bad_request" });
      values[name] = value;
    }
    if (issues.length > 0) throw new AppError({ code: "bad_request", message: "The query is not valid.", issues });
    return query && parseInput(query, values, "query");
  };
}
