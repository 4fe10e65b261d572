import { AppError, messageOf, withTimeout } from "@portico/core";
import type { PluginHost } from "@portico/plugin-host";
import { isApprovedByAttachment, type PluginManifest, requestedCapabilities } from "@portico/protocol";
import type { Schemas } from "../settings/schemas/schemas.ts";
import { keptGrants, pendingOf } from "./grants.ts";
import { isObject, type Json } from "./json.ts";
import { parseManifest, requestedScopes } from "./manifest.ts";
import type { Plugin, PluginRow } from "./store.ts";

const inspectTimeoutMs = 30_000;

/** What an executable says of itself. */
export type Loaded = {
  /** undefined: the plugin is older than manifests and has none. */
  manifest: PluginManifest | undefined;
  manifestJson: Json;
  configSchema: Json;
  /** undefined when only its process was asked. */
  codeHash: string | undefined;
};

const unusable = (field: string, message: string, cause?: unknown) =>
  new AppError({ code: "plugin_invalid", message, issues: [{ field, message, code: "plugin_invalid" }], cause });

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
  let read: Awaited<ReturnType<PluginHost["inspect"]>>;
  try {
    read = await withTimeout(host.inspect(command, checksum), inspectTimeoutMs, late);
  } catch (error) {
    if (error instanceof AppError && error.code === "plugin_invalid") throw error;
    throw unusable("command", `The plugin could not be loaded: ${messageOf(error)}`, error);
  }
  const { manifest, json } = parseManifest(read.manifest);
  return { manifest, manifestJson: json, configSchema: await schemas.parse(read.configSchema), codeHash: read.codeHash };
}

export type BeforeLoading = Pick<
  Plugin,
  | "hookTypesCustomized"
  | "hookTypes"
  | "hookType"
  | "configSchema"
  | "serviceAccessAuthorized"
  | "uiTrusted"
  | "codeHash"
  | "approvedCodeHash"
  | "grants"
>;

/**
 * The columns and grants that follow from what was read.
 *
 * What is newly asked for waits for approval, what is no longer asked for is given up, and another program loses everything that was
 * granted to the former one.
 * @throws AppError plugin_invalid when neither the manifest nor an administrator says where the plugin takes part.
 */
export function afterLoading(
  before: BeforeLoading,
  { manifest, manifestJson, configSchema, codeHash = before.codeHash }: Loaded,
  { dev, attached }: { dev: boolean; attached: boolean },
): { row: Partial<PluginRow>; grants: string[] } {
  const { hookTypes, custom } = hookTypesOf(before, manifest, manifestJson);
  if (hookTypes.length === 0) throw unusable("hook_types", withoutHooks(manifest));
  const hookType = custom ? (hookTypes[0] ?? "pending") : (manifest?.capabilities.primary_hook ?? hookTypes[0] ?? "pending");
  const requested = requestedCapabilities(manifest, hookTypes);
  const first = before.configSchema === null;
  const known = before.approvedCodeHash || before.codeHash;
  const changed = !dev && known !== "" && codeHash !== known;
  // Attached before it was ever read: the administrator approved its gateway hooks by that.
  const byAttachment = first && attached ? requested.filter(isApprovedByAttachment) : [];
  const grants = changed ? [] : [...new Set([...keptGrants(before.grants, requested), ...byAttachment])];
  const pending = pendingOf({ manifest: manifestJson, hookType, hookTypes, grants });
  return {
    grants,
    row: {
      manifest: manifestJson,
      configSchema,
      hookTypes,
      hookType,
      serviceScopes: requestedScopes(manifest),
      serviceAccessAuthorized: before.serviceAccessAuthorized && !changed && pending.length === 0,
      uiTrusted: before.uiTrusted && !changed,
      codeHash,
      // Grants from before programs were known hold for the first one that is read.
      approvedCodeHash: before.approvedCodeHash || (grants.length > 0 ? codeHash : ""),
      ...(first ? { declaredCapabilities: requested, declaredCodeHash: codeHash } : {}),
    },
  };
}

/** Why a plugin that declares no hooks needs an administrator to name them. */
export const withoutHooks = (manifest: PluginManifest | undefined): string =>
  `${manifest ? "The plugin's manifest declares no hooks" : "The plugin has no manifest"}: list the hooks it implements in hook_types, e.g. ["post_auth"].`;

/**
 * The hooks that count. A manifest that declares them decides, unless an administrator changed them. Without one, or with one that only
 * lists words, what an administrator named comes first.
 */
export function hookTypesOf(
  { hookTypesCustomized, hookTypes, hookType }: Pick<BeforeLoading, "hookTypesCustomized" | "hookTypes" | "hookType">,
  manifest: PluginManifest | undefined,
  manifestJson: Json,
): { hookTypes: string[]; custom: boolean } {
  const declared = [...new Set(manifest?.capabilities.hooks)];
  const named = hookTypes.length > 0 || hookType === "pending" ? hookTypes : [hookType];
  const declares = declared.length > 0 && isObject(manifestJson.capabilities);
  const custom = named.length > 0 && (!declares || (hookTypesCustomized && hookTypes.length > 0));
  return { hookTypes: custom ? named : declared, custom };
}
