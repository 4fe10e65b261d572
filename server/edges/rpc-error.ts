import { type ServerErrorResponse, status } from "@grpc/grpc-js";
import type { Logger } from "@portico/core/logger";

/** A refusal as the other side of a gRPC call sees it. */
export class RpcError extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.name = "RpcError";
    this.code = code;
  }
}

/** Only refusals are told; anything else is logged and answered with UNAVAILABLE, upon which edges try again. */
export function toStatus(error: unknown, logger: Logger): Partial<ServerErrorResponse> & { code: status; details: string } {
  if (error instanceof RpcError) return { code: error.code, details: error.message };
  logger.error("an edge's call failed", { error });
  return { code: status.UNAVAILABLE, details: "the control plane cannot do this now; try again" };
}
