import { realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { getCallSites } from "node:util";
import { isMainThread } from "node:worker_threads";
import { messageOf } from "@portico/core";
import type { HookType, PluginManifest } from "@portico/protocol";
import { faultOfEndpoint } from "@portico/protocol/endpoint-paths";
import type { PluginDefinition, PortalRpcMethods, RpcMethods } from "./definition.ts";
import { completeManifest } from "./manifest.ts";
import { servePlugin } from "./serve.ts";
import { routeStdoutToStderr, startedByHost } from "./wire/stdio.ts";

// Imported first of all by a plugin's file, so whatever that file prints while it loads stays off the handshake's way.
if (startedByHost() && isMainThread) routeStdoutToStderr();

/** A plugin, ready to be served or tested. */
export type Plugin<
  Config,
  Rpc extends RpcMethods<Config> = RpcMethods<Config>,
  PortalRpc extends PortalRpcMethods<Config> = PortalRpcMethods<Config>,
> = { readonly definition: PluginDefinition<Config, Rpc, PortalRpc> & { readonly manifest: PluginManifest } };

/** Which hook a host must find in the manifest before it calls a handler. */
const needs: Partial<Record<keyof PluginDefinition<unknown>, HookType>> = {
  preAuth: "pre_auth",
  auth: "auth",
  postAuth: "post_auth",
  onResponse: "on_response",
  onStreamComplete: "on_response",
  proxyLog: "data_collection",
  analytics: "data_collection",
  budgetUsage: "data_collection",
  objectHooks: "object_hooks",
  portalRpc: "portal_ui",
  endpoints: "custom_endpoint",
  agent: "agent",
  resources: "resource_provider",
};

function checkEndpoints({ endpoints = [] }: PluginDefinition<never>): void {
  for (const endpoint of endpoints) {
    const fault = faultOfEndpoint(endpoint);
    if (fault) throw new Error(`The endpoint ${JSON.stringify(endpoint.path)} cannot be served: ${fault}.`);
  }
}

function manifestOf(definition: PluginDefinition<never>): PluginManifest {
  return completeManifest(definition.manifest, {
    hooks: [...new Set(Object.entries(needs).flatMap(([handler, hook]) => (definition[handler as keyof typeof needs] ? [hook] : [])))],
    objectHooks: definition.objectHooks ?? [],
    rpcMethods: [...Object.keys(definition.rpc ?? {}), ...Object.keys(definition.portalRpc ?? {})],
  });
}

/** The address of the file that `node` was told to run. */
function mainModule(): string | undefined {
  try {
    return process.argv[1] && isMainThread ? pathToFileURL(realpathSync(process.argv[1])).href : undefined;
  } catch {
    return undefined;
  }
}

async function serveMain<Config>(main: string, plugin: Plugin<Config>): Promise<void> {
  try {
    const loaded: { default?: unknown } = await import(main);
    if (loaded.default === plugin) return await servePlugin(plugin.definition);
    // Somebody else's program that merely uses the SDK; under a host it must have meant to be a plugin.
    if (startedByHost()) throw new Error("The file must export default the result of definePlugin().");
  } catch (error) {
    process.stderr.write(`[ERROR] The plugin could not start: ${messageOf(error)}\n`);
    process.exit(1);
  }
}

/**
 * Describes a plugin. Export the result as default: a file that is run directly then serves itself to the host that
 * started it, and the same file can be imported by tests.
 * @throws Error when the manifest is not valid, or lists hooks, object hooks or methods without some that the definition has; when an endpoint cannot be
 * served.
 */
export function definePlugin<
  Config = Record<string, unknown>,
  Rpc extends RpcMethods<Config> = RpcMethods<Config>,
  PortalRpc extends PortalRpcMethods<Config> = PortalRpcMethods<Config>,
>(definition: PluginDefinition<Config, Rpc, PortalRpc>): Plugin<Config, Rpc, PortalRpc> {
  checkEndpoints(definition as unknown as PluginDefinition<never>);
  const plugin: Plugin<Config, Rpc, PortalRpc> = {
    definition: { ...definition, manifest: manifestOf(definition as unknown as PluginDefinition<never>) },
  };
  const main = mainModule();
  // Called while the main module is evaluated, its file is on the stack. Importing it then waits for that to finish.
  const isCaller = main !== undefined && getCallSites(20).some(({ scriptName }) => asUrl(scriptName) === main);
  if (isCaller) setImmediate(() => void serveMain(main, plugin));
  return plugin;
}

const asUrl = (scriptName: string) => (scriptName.startsWith("file:") ? scriptName : pathToFileURL(scriptName).href);
