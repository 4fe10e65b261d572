import { status } from "@grpc/grpc-js";
import { AppError, type ErrorCode } from "@portico/core";
import { GrpcError } from "@portico/protocol/grpc-error";

/** What each reason of a refusal is on the wire. The single such table. */
const statusOf: Record<ErrorCode, status> = {
  bad_request: status.INVALID_ARGUMENT,
  unknown_field: status.INVALID_ARGUMENT,
  invalid_json: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  invalid_credentials: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  csrf_failed: status.PERMISSION_DENIED,
  not_found: status.NOT_FOUND,
  route_not_found: status.NOT_FOUND,
  method_not_allowed: status.UNIMPLEMENTED,
  conflict: status.ALREADY_EXISTS,
  in_use: status.FAILED_PRECONDITION,
  precondition_failed: status.FAILED_PRECONDITION,
  payload_too_large: status.RESOURCE_EXHAUSTED,
  unsupported_media_type: status.INVALID_ARGUMENT,
  validation_failed: status.INVALID_ARGUMENT,
  privacy_score_mismatch: status.FAILED_PRECONDITION,
  idempotency_key_reused: status.INVALID_ARGUMENT,
  hook_rejected: status.FAILED_PRECONDITION,
  hook_invalid: status.FAILED_PRECONDITION,
  plugin_invalid: status.FAILED_PRECONDITION,
  rate_limited: status.RESOURCE_EXHAUSTED,
  internal: status.INTERNAL,
  plugin_failed: status.UNAVAILABLE,
  upstream_failed: status.UNAVAILABLE,
  unavailable: status.UNAVAILABLE,
  database_unavailable: status.UNAVAILABLE,
  plugin_unavailable: status.UNAVAILABLE,
  plugin_timeout: status.DEADLINE_EXCEEDED,
  database_full: status.RESOURCE_EXHAUSTED,
};

const maxMessageChars = 2_000;

/** What a plugin is told of anything thrown; undefined for faults of our own, of which it learns nothing. */
export function grpcErrorOf(error: unknown): GrpcError | undefined {
  if (error instanceof GrpcError) return error;
  if (!(error instanceof AppError) || error.code === "internal") return undefined;
  const by = error.code === "hook_rejected" ? `Rejected by the plugin "${String(error.meta.plugin)}": ${error.message}` : error.message;
  const issues = error.issues.map(({ field, message }) => (field ? `${field} ${message}` : message));
  return new GrpcError(statusOf[error.code], [by, ...issues].join(" ").slice(0, maxMessageChars));
}
