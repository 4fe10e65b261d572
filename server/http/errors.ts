import { AppError, type ErrorCode, type FieldIssue, messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { noDocument } from "./whole.ts";

const titles: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Payload Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Entity",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  507: "Insufficient Storage",
};

/** Failures of a plugin: the caller and the log read its name and the reason; there is nothing to find in our own stack. */
const pluginFaults = new Set<ErrorCode>(["hook_invalid", "plugin_failed", "plugin_unavailable", "plugin_timeout"]);

const outsideCodes = new Set<ErrorCode>(["unavailable", "database_unavailable", "upstream_failed"]);

/** The one place that knows the error format: `{errors:[{status,code,title,detail,source?,meta?}]}`, one entry a fault. */
export function errorResponse(error: unknown, logger: Logger, headers: Record<string, string> = {}): Response {
  const known =
    error instanceof AppError
      ? error
      : new AppError({
          code: "internal",
          message: "Something went wrong on our side. Find the log entry by the request id.",
          cause: error,
        });
  if (pluginFaults.has(known.code)) logger.warn("request failed because of a plugin", { code: known.code, reason: known.message });
  // A gateway, a database or an API that is away is expected to come back: no fault of ours to trace.
  else if (outsideCodes.has(known.code)) logger.warn("request failed", { code: known.code, reason: messageOf(known.cause ?? known) });
  else if (known.status >= 500) logger.error("request failed", { code: known.code, error: known.cause ?? known });
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
