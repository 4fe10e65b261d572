import { status } from "@grpc/grpc-js";
import { type Capability, usesServices } from "@portico/protocol";
import { GrpcError } from "@portico/protocol/grpc-error";

/** Who calls, as the socket says; what a request claims about its sender is never read. */
export type PluginCaller = { id: number; name: string; grants: ReadonlySet<Capability> };

/**
 * Looks up the plugin behind a socket.
 * @throws GrpcError UNAUTHENTICATED when there is no such plugin.
 */
export type Admit = (pluginId: number) => PluginCaller | Promise<PluginCaller>;

/**
 * @param scope what to ask an administrator for.
 * @throws GrpcError PERMISSION_DENIED naming the scope that is missing, or that nothing was approved at all.
 */
export function demand({ name, grants }: PluginCaller, allowed: (grants: ReadonlySet<Capability>) => boolean, scope: string): void {
  if (allowed(grants)) return;
  throw new GrpcError(
    status.PERMISSION_DENIED,
    usesServices(grants) ? `insufficient scope: ${scope} (plugin: ${name})` : `service access not authorized for plugin ${name}`,
  );
}
