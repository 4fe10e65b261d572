import { AppError, messageOf, withTimeout } from "@portico/core";
import type { PluginHost } from "@portico/plugin-host";
import type { PluginManifest } from "@portico/protocol";
import type { Json } from "./json.ts";
import { parseManifest, requestedScopes } from "./manifest.ts";
import type { Schemas } from "./schemas/schemas.ts";
import type { Plugin, PluginRow } from "./store.ts";

const inspectTimeoutMs = 30_000;

/** What an executable says of itself. */
export type Loaded = { manifest: PluginManifest; manifestJson: Json; configSchema: Json };

/**
 * Starts the executable only to read its manifest and config schema.
 * @throws AppError plugin_invalid with the reason, naming `command`, `checksum`, `manifest.<path>` or `config_schema`.
 */
export async function loadPlugin(
  { host, schemas }: { host: PluginHost; schemas: Schemas },
  command: string,
  checksum: string,
): Promise<Loaded> {
  const late = () => new AppError({ code: "plugin_timeout", message: `it did not answer within ${inspectTimeoutMs / 1000} s` });
  let read: { manifest: string; configSchema: string };
  try {
    read = await withTimeout(host.inspect(command, checksum), inspectTimeoutMs, late);
  } catch (error) {
    if (error instanceof AppError && error.code === "plugin_invalid") throw error;
    const message = `The plugin could not be loaded: ${messageOf(error)}`;
    throw new AppError({ code: "plugin_invalid", message, issues: [{ field: "command", message, code: "plugin_invalid" }], cause: error });
  }
  const { manifest, json } = parseManifest(read.manifest);
  return { manifest, manifestJson: json, configSchema: await schemas.parse(read.configSchema) };
}

/** The columns that follow from what was read. Approval ends only when something is asked for that was not approved. */
export function rowOfLoaded(
  before: Pick<Plugin, "hookTypesCustomized" | "hookTypes" | "hookType" | "serviceScopes" | "serviceAccessAuthorized">,
  { manifest, manifestJson, configSchema }: Loaded,
): Partial<PluginRow> {
  const scopes = requestedScopes(manifest);
  const { hooks, primary_hook } = manifest.capabilities;
  const custom = before.hookTypesCustomized && before.hookTypes.length > 0;
  return {
    manifest: manifestJson,
    configSchema,
    serviceScopes: scopes,
    serviceAccessAuthorized: before.serviceAccessAuthorized && scopes.every((scope) => before.serviceScopes.includes(scope)),
    hookTypes: custom ? before.hookTypes : [...new Set(hooks)],
    hookType: custom ? (before.hookTypes[0] ?? "pending") : (primary_hook ?? hooks[0] ?? "pending"),
  };
}
