import { AppError, type FieldIssue } from "@portico/core";
import type { z } from "zod";
import "./words.ts";

/** Faults of parsed input. Unknown fields are 400 `unknown_field`; everything else is 422 `validation_failed`. */
export function inputError(error: z.ZodError, where: "body" | "query" | "path"): AppError {
  const code = where === "body" ? "validation_failed" : "bad_request";
  const unknown: FieldIssue[] = [];
  const faults: FieldIssue[] = [];
  for (const issue of error.issues) {
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys)
        unknown.push({ field: [...issue.path, key].join("."), message: "is not a field of this resource", code: "unknown_field" });
    } else {
      faults.push({ field: issue.path.join("."), message: issue.message, code });
    }
  }
  if (unknown.length > 0)
    return new AppError({ code: "unknown_field", message: "The body has unknown fields.", issues: [...unknown, ...faults] });
  return new AppError({
    code,
    message: `The ${where} is not valid.`,
    issues: faults,
  });
}

/** @throws AppError naming each field that is not valid. */
export function parseInput<S extends z.ZodType>(schema: S, value: unknown, where: "body" | "query" | "path" = "body"): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw inputError(result.error, where);
  return result.data;
}
