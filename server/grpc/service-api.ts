import { randomBytes } from "node:crypto";
import { status } from "@grpc/grpc-js";
import type { Logger } from "@portico/core/logger";
import { type Admit, createDispatcher, type Dispatch, type ObservedCall, type RateLimit } from "@portico/plugin-services";
import { GrpcError } from "@portico/protocol/grpc-error";
import { AIStudioManagementServiceService } from "@portico/protocol/studio-management";
import { pluginActor } from "../auth/actor.ts";
import type { Operation, OperationCall } from "./operation.ts";
import { checkStorable } from "./requests.ts";
import { grpcErrorOf } from "./status.ts";
import { unserved } from "./unserved.ts";

/** `AIStudioManagementService`: every call passes here, and every write goes through the service that REST calls. */
export function createServiceApi({
  operations,
  admit,
  limit,
  deadlineMs,
  observe,
  rejectionOf,
  logger,
}: {
  operations: readonly Operation[];
  admit: Admit;
  limit: RateLimit;
  deadlineMs: number;
  observe(call: ObservedCall): void;
  /** What a thrown error that is not the product's own means to the caller; undefined when nobody knows. */
  rejectionOf(error: unknown): unknown;
  logger: Logger;
}): Dispatch {
  const audited = new Set(operations.filter(({ audit }) => audit).map(({ rpc }) => rpc));
  return createDispatcher<OperationCall>({
    definition: AIStudioManagementServiceService,
    entries: [...operations, ...unserved],
    admit,
    callOf(plugin, _operation, request) {
      checkStorable(request);
      return { plugin, actor: pluginActor(plugin, randomBytes(8).toString("hex")) };
    },
    toGrpcError(error, { pluginId, rpc }) {
      const known = grpcErrorOf(error) ?? grpcErrorOf(rejectionOf(error));
      if (known) return known;
      logger.error("service API call failed", { plugin_id: pluginId, rpc, error });
      return new GrpcError(status.INTERNAL, "internal error");
    },
    limit,
    deadlineMs,
    observe(call) {
      observe(call);
      // What changed is in the audit log; attempts that failed are here.
      if (audited.has(call.rpc))
        logger.info("plugin called a write operation", {
          plugin_id: call.pluginId,
          rpc: call.rpc,
          status: status[call.code],
          duration_ms: Math.round(call.durationMs),
        });
    },
  });
}
