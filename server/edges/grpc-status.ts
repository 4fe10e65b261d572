import { type ServerErrorResponse, status } from "@grpc/grpc-js";
import type { Logger } from "@portico/core/logger";
import { GrpcError } from "@portico/protocol/grpc-error";

/** Edges see the message of a GrpcError only; anything else is logged and answered with UNAVAILABLE, upon which they try again. */
export function toStatus(error: unknown, logger: Logger): Partial<ServerErrorResponse> & { code: status; details: string } {
  if (error instanceof GrpcError) return { code: error.code, details: error.message };
  logger.error("edge call failed", { error });
  return { code: status.UNAVAILABLE, details: "the control plane cannot do this now; try again" };
}
