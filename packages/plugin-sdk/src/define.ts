import { realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { getCallSites } from "node:util";
import { isMainThread } from "node:worker_threads";
import { messageOf } from "@portico/core";
import { type HookType, PluginManifest } from "@portico/protocol";
import type { PluginDefinition } from "./definition.ts";
import { servePlugin } from "./serve.ts";
import { routeStdoutToStderr, startedByHost } from "./wire/stdio.ts";

// Imported first of all by a plugin's file, so whatever that file prints while it loads stays off the handshake's way.
if (startedByHost() && isMainThread) routeStdoutToStderr();

/** A plugin, ready to be served or tested. */
export type Plugin<Config> = { readonly definition: PluginDefinition<Config> };

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

function check<Config>(definition: PluginDefinition<Config>): void {
  const manifest = PluginManifest.safeParse(definition.manifest);
  if (!manifest.success) {
    const faults = manifest.error.issues.map(({ path, message }) => `${path.join(".") || "manifest"}: ${message}`);
    throw new Error(`The manifest is not valid: ${faults.join("; ")}`);
  }
  const { hooks } = manifest.data.capabilities;
  for (const [handler, hook] of Object.entries(needs)) {
    if (definition[handler as keyof typeof needs] !== undefined && !hooks.includes(hook)) {
      throw new Error(
        `The plugin has a ${handler} handler, but its manifest's capabilities.hooks lacks "${hook}": it would never be called.`,
      );
    }
  }
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
 * started it, and the same file can be imported by tests. Throws when the manifest is not valid or lacks the hook of a
 * handler.
 */
export function definePlugin<Config = Record<string, unknown>>(definition: PluginDefinition<Config>): Plugin<Config> {
  check(definition);
  const plugin: Plugin<Config> = { definition };
  const main = mainModule();
  // Called while the main module is evaluated, its file is on the stack. Importing it then waits for that to finish.
  const isCaller = main !== undefined && getCallSites(20).some(({ scriptName }) => asUrl(scriptName) === main);
  if (isCaller) setImmediate(() => void serveMain(main, plugin));
  return plugin;
}

const asUrl = (scriptName: string) => (scriptName.startsWith("file:") ? scriptName : pathToFileURL(scriptName).href);
