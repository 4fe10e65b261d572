import { AppError, type FieldIssue } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { z } from "zod";
import { noDocument } from "./whole.ts";

const titles: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Payload Too Large",
  422: "Unprocessable Entity",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** The one place that knows the error format: `{errors:[{status,code,title,detail,source?,meta?}]}`, one entry a fault. */
export function errorResponse(error: unknown, logger: Logger, headers: Record<string, string> = {}): Response {
  const known =
    error instanceof AppError
      ? error
      : new AppError({
          code: "internal",
          message: "Something went wrong on our side. The request id leads to the log entry.",
          cause: error,
        });
  if (known.status >= 500) logger.error("request failed", { code: known.code, error: known.cause ?? known });
  const base = { status: String(known.status), code: known.code, title: titles[known.status] ?? "Error" };
  const meta = Object.keys(known.meta).length > 0 ? { meta: known.meta } : {};
  const errors =
    known.issues.length > 0
      ? known.issues.map((issue) => ({
          ...base,
          ...(issue.code ? { code: issue.code } : {}),
          detail: issue.field ? `${issue.field}: ${issue.message}` : issue.message,
          ...(issue.field ? { source: sourceOf(issue), field: issue.field } : {}),
          ...meta,
        }))
      : [{ ...base, detail: known.message, ...meta }];
  const answer = Response.json(
    { errors },
    { status: known.status, headers: { "cache-control": "no-store", "content-security-policy": noDocument, ...headers } },
  );
  if (known.retryAfterSeconds !== undefined) answer.headers.set("retry-after", String(known.retryAfterSeconds));
  return answer;
}

/** A fault of the path or query is `bad_request` and names a parameter; any other lies in the body. */
const sourceOf = ({ field, code }: FieldIssue) =>
  code === "bad_request" ? { parameter: field } : { pointer: `/data/attributes/${field.replaceAll(".", "/")}` };

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
