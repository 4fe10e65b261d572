/** Every reason the product can refuse something, with the HTTP status it becomes. The single such table. */
const statusOf = {
  bad_request: 400,
  unknown_field: 400,
  invalid_json: 400,
  unauthenticated: 401,
  invalid_credentials: 401,
  forbidden: 403,
  csrf_failed: 403,
  not_found: 404,
  route_not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  in_use: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  validation_failed: 422,
  privacy_score_mismatch: 422,
  idempotency_key_reused: 422,
  hook_rejected: 422,
  plugin_invalid: 422,
  rate_limited: 429,
  internal: 500,
  hook_invalid: 502,
  plugin_failed: 502,
  upstream_failed: 502,
  unavailable: 503,
  database_unavailable: 503,
  plugin_unavailable: 503,
  plugin_timeout: 504,
  database_full: 507,
} as const;

export type ErrorCode = keyof typeof statusOf;

/** One fault of the input: where it is and what would be right. */
export type FieldIssue = {
  /** Path of the field as the caller wrote it, e.g. `allowed_models.0`; "" for the body as a whole. */
  field: string;
  message: string;
  /** When it differs from the error's own. */
  code?: ErrorCode;
};

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly issues: FieldIssue[];
  /** Facts for the caller's program, e.g. which plugin rejected. Never secrets. */
  readonly meta: Record<string, unknown>;
  /** When it makes sense to try again: the answer's Retry-After. */
  readonly retryAfterSeconds: number | undefined;

  constructor({
    code,
    message,
    issues = [],
    meta = {},
    retryAfterSeconds,
    cause,
  }: {
    code: ErrorCode;
    message: string;
    issues?: FieldIssue[];
    meta?: Record<string, unknown>;
    retryAfterSeconds?: number;
    cause?: unknown;
  }) {
    super(message, { cause });
    this.name = "AppError";
    this.code = code;
    this.issues = issues;
    this.meta = retryAfterSeconds === undefined ? meta : { ...meta, retry_after: retryAfterSeconds };
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get status(): number {
    return statusOf[this.code];
  }
}

export const statusOfCode = (code: ErrorCode): number => statusOf[code];
export const notFound = (what: string): AppError => new AppError({ code: "not_found", message: `${what} not found` });
export const conflict = (message: string, field?: string): AppError =>
  new AppError({ code: "conflict", message, issues: field ? [{ field, message }] : [] });
export const invalid = (field: string, message: string): AppError =>
  new AppError({ code: "validation_failed", message, issues: [{ field, message }] });

/** The message of anything thrown. A connection that failed at several addresses has one for each and none of its own: the first counts. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "" && error.errors.length > 0) return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
