import { status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { AppError, type ErrorCode } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { GrpcService } from "@portico/plugin-host";
import { AIStudioManagementServiceService } from "@portico/protocol/studio-management";
import type { PluginStore } from "../store.ts";
import { type Definitions, type Method, needs } from "./methods.ts";

/** Who calls, as the socket says; what a request asserts about its sender is never looked at. */
export type PluginCaller = { id: number; name: string; scopes: readonly string[] };

type Unary = { [M in Method]: Definitions[M]["responseStream"] extends false ? M : never }[Method];
type Request<M extends Method> = ReturnType<Definitions[M]["requestDeserialize"]>;
type Response<M extends Method> = Parameters<Definitions[M]["responseSerialize"]>[0];

/** What is served. A method that is absent answers UNIMPLEMENTED, after its scope was checked. */
export type Handlers = { [M in Unary]?: (caller: PluginCaller, request: Request<M>) => Promise<Response<M>> };

/** An error that goes to the plugin as it is. */
export class ServiceError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
export const invalidArgument = (message: string) => new ServiceError(status.INVALID_ARGUMENT, message);
export const missing = (message: string) => new ServiceError(status.NOT_FOUND, message);

const codes: Partial<Record<ErrorCode, number>> = {
  not_found: status.NOT_FOUND,
  bad_request: status.INVALID_ARGUMENT,
  validation_failed: status.INVALID_ARGUMENT,
  unknown_field: status.INVALID_ARGUMENT,
  conflict: status.ALREADY_EXISTS,
  forbidden: status.PERMISSION_DENIED,
  hook_rejected: status.FAILED_PRECONDITION,
  payload_too_large: status.RESOURCE_EXHAUSTED,
};

/** What a plugin is told of anything thrown; nothing of our own insides. */
export function toServiceError(error: unknown): { code: number; details: string } {
  if (error instanceof ServiceError) return { code: error.code, details: error.message };
  const code = error instanceof AppError ? codes[error.code] : undefined;
  if (!(error instanceof AppError) || code === undefined) return { code: status.INTERNAL, details: "internal error" };
  const issues = error.issues.map(({ field, message }) => (field ? `${field} ${message}` : message));
  return { code, details: [error.message, ...issues].join(" ").slice(0, 2_000) };
}

/**
 * The studio's service API for one plugin: one place that knows what every method needs, and denies by default.
 */
export function createDispatcher({
  store,
  handlers,
  logger,
}: {
  store: Pick<PluginStore, "findGrant">;
  handlers: Handlers;
  logger: Logger;
}) {
  async function admit(pluginId: number, method: Method): Promise<PluginCaller> {
    const plugin = await store.findGrant(pluginId);
    if (!plugin) throw new ServiceError(status.UNAUTHENTICATED, "plugin authentication required");
    const need = needs[method];
    if (need === "never") throw new ServiceError(status.UNIMPLEMENTED, "analytics functionality is not available to plugins");
    if (need !== "nothing") {
      if (!plugin.isActive || !plugin.serviceAccessAuthorized)
        throw new ServiceError(status.PERMISSION_DENIED, `service access not authorized for plugin ${plugin.name}`);
      if (!need.some((scope) => plugin.serviceScopes.includes(scope)))
        throw new ServiceError(status.PERMISSION_DENIED, `insufficient scope: ${need[0]} (plugin: ${plugin.name})`);
    }
    return { id: plugin.id, name: plugin.name, scopes: plugin.serviceScopes };
  }

  async function answer(pluginId: number, method: Method, request: unknown): Promise<unknown> {
    const caller = await admit(pluginId, method);
    const handler = handlers[method as Unary] as ((caller: PluginCaller, request: unknown) => Promise<unknown>) | undefined;
    if (!handler) throw new ServiceError(status.UNIMPLEMENTED, `${method} is not served yet`);
    return handler(caller, request);
  }

  function refusal(pluginId: number, method: Method, error: unknown) {
    const told = toServiceError(error);
    if (told.code === status.INTERNAL) logger.error("a call of the service API failed", { pluginId, method, error });
    return told;
  }

  return (pluginId: number): GrpcService => {
    const implementation: UntypedServiceImplementation = {};
    for (const method of Object.keys(AIStudioManagementServiceService) as Method[]) {
      implementation[method] = AIStudioManagementServiceService[method].responseStream
        ? (call: { request: unknown; emit(event: "error", error: object): void }) =>
            void answer(pluginId, method, call.request).catch((error) => call.emit("error", refusal(pluginId, method, error)))
        : (call: { request: unknown }, callback: (error: object | null, response?: unknown) => void) =>
            void answer(pluginId, method, call.request).then(
              (response) => callback(null, response),
              (error) => callback(refusal(pluginId, method, error)),
            );
    }
    return { definition: AIStudioManagementServiceService, implementation };
  };
}
