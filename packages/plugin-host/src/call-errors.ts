import { AppError } from "@portico/core";

export const grpcStatus = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  deadlineExceeded: 4,
  internal: 13,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
} as const;

/** Which call of which plugin; names are read when an error is made. */
export type CallName = { plugin: string; rpc: string };

export const unavailable = (plugin: string, why: string, cause?: unknown, meta?: { pluginId: number }): AppError =>
  new AppError({ code: "plugin_unavailable", message: `Plugin ${plugin} is not available: ${why}`, cause, ...(meta ? { meta } : {}) });

/** The process ended, or its connection broke, after the call was sent. */
export const lost = (plugin: string, cause?: unknown): AppError =>
  new AppError({
    code: "plugin_unavailable",
    message: `Plugin ${plugin} is not available: the connection was lost during the call.`,
    cause,
    meta: { lost: true },
  });
/** Whether the call had been sent when the process ended or its connection broke: the call itself may be the cause. */
export const isLost = (error: unknown): boolean => error instanceof AppError && error.meta.lost === true;

export const failed = ({ plugin, rpc }: CallName, message: string, grpcCode: number = grpcStatus.unknown): AppError =>
  new AppError({ code: "plugin_failed", message: `Plugin ${plugin} failed ${rpc}: ${message}`, meta: { grpcCode, detail: message } });

export const timedOut = ({ plugin, rpc }: CallName, timeoutMs: number): AppError =>
  new AppError({
    code: "plugin_timeout",
    message: `Plugin ${plugin} did not answer ${rpc} within ${timeoutMs} ms.`,
    meta: { grpcCode: grpcStatus.deadlineExceeded },
  });

export const cancelled = (name: CallName): AppError => failed(name, "the caller cancelled the call.", grpcStatus.cancelled);

/** The error for a gRPC status that is not OK. */
export function fromStatus(name: CallName, code: number, message: string, timeoutMs: number): AppError {
  if (code === grpcStatus.deadlineExceeded) return timedOut(name, timeoutMs);
  if (code === grpcStatus.unavailable) return unavailable(name.plugin, message);
  return failed(name, message, Number.isInteger(code) ? code : grpcStatus.unknown);
}

/** True for the answer of a plugin that does not have the method at all. */
export const isUnimplemented = (error: unknown): boolean => error instanceof AppError && error.meta.grpcCode === grpcStatus.unimplemented;

/**
 * What an error says about the plugin: `transport` that it did not answer, `cancelled` nothing, and `answered` that it is alive and
 * refused.
 */
export function kindOf(error: unknown): "timeout" | "transport" | "cancelled" | "answered" {
  if (!(error instanceof AppError)) return "answered";
  if (error.code === "plugin_timeout") return "timeout";
  if (error.code === "plugin_unavailable") return "transport";
  return error.meta.grpcCode === grpcStatus.cancelled ? "cancelled" : "answered";
}
