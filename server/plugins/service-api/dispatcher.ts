import { status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { AppError, type ErrorCode } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { GrpcService } from "@portico/plugin-host";
import { type Capability, usesServices } from "@portico/protocol";
import { AIStudioManagementServiceService } from "@portico/protocol/studio-management";
import { grantsOf } from "../grants.ts";
import type { PluginStore } from "../store.ts";
import { type Definitions, type Method, needs } from "./methods.ts";

/** Who calls, as the socket says; what a request asserts about its sender is never looked at. */
export type PluginCaller = { id: number; name: string; grants: ReadonlySet<Capability> };

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

/** Who a plugin is and what it was granted, for every service that plugins call. */
export function createAdmission({ store }: { store: Pick<PluginStore, "findGrants"> }) {
  return {
    /** @throws ServiceError when there is no such plugin. */
    async caller(pluginId: number): Promise<PluginCaller> {
      const plugin = await store.findGrants(pluginId);
      if (!plugin) throw new ServiceError(status.UNAUTHENTICATED, "plugin authentication required");
      return { id: plugin.id, name: plugin.name, grants: grantsOf(plugin) };
    },

    /** @throws ServiceError naming the scope that is missing, or that nothing was approved at all. */
    demand({ name, grants }: PluginCaller, allowed: (grants: ReadonlySet<Capability>) => boolean, scope: string): void {
      if (allowed(grants)) return;
      if (!usesServices(grants)) throw new ServiceError(status.PERMISSION_DENIED, `service access not authorized for plugin ${name}`);
      throw new ServiceError(status.PERMISSION_DENIED, `insufficient scope: ${scope} (plugin: ${name})`);
    },
  };
}
export type Admission = ReturnType<typeof createAdmission>;

/**
 * The studio's service API for one plugin: one place that knows what every method needs, and denies by default.
 */
export function createDispatcher({ admission, handlers, logger }: { admission: Admission; handlers: Handlers; logger: Logger }) {
  async function admit(pluginId: number, method: Method): Promise<PluginCaller> {
    const caller = await admission.caller(pluginId);
    const need = needs[method];
    if (need === "never") throw new ServiceError(status.UNIMPLEMENTED, "analytics functionality is not available to plugins");
    if (need !== "nothing") admission.demand(caller, (grants) => need.some((scope) => grants.has(scope)), need[0] ?? "");
    return caller;
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
