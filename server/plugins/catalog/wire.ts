import type { PluginAttributes, PluginResource } from "../contract.ts";
import { failurePolicyOf } from "../hooks/policy.ts";
import { placesOf } from "../processes/places.ts";
import { redactConfig } from "../settings/config.ts";
import { approvalOf, pendingOf, requestedOf, requiresApproval } from "./grants.ts";
import type { Json } from "./json.ts";
import { categoryOf } from "./manifest.ts";
import type { LinkedLlm, Plugin, TakenPage } from "./store.ts";
import { warningsOf, warningsOfPages } from "./warnings.ts";

export type LiveState = {
  state: PluginAttributes["state"];
  error: string;
  restarts: number;
  /** Its program may change without a new approval. */
  dev: boolean;
  /** What keeps its process here from the studio and from other plugins; null where none runs here. */
  isolation: PluginAttributes["isolation"];
  /** Why it is not more isolated; "" when there is nothing to say. */
  isolationNote: string;
};

export const statusOf = (plugin: Plugin) => (pendingOf(plugin).length > 0 ? ("scopes_pending" as const) : ("ready" as const));

/** What the API and events may see of a plugin; secrets of its config are `[redacted]`. */
export const toAttributes = (
  plugin: Plugin,
  config: Json,
): Omit<PluginAttributes, "state" | "state_error" | "restarts" | "dev" | "isolation" | "isolation_note" | "runs_on"> => ({
  name: plugin.name,
  slug: plugin.slug,
  description: plugin.description,
  command: plugin.command,
  ...(plugin.checksum === "" ? {} : { checksum: plugin.checksum }),
  config: redactConfig(plugin.configSchema, config),
  hook_type: plugin.hookType,
  hook_types: plugin.hookTypes,
  hook_types_customized: plugin.hookTypesCustomized,
  is_active: plugin.isActive,
  namespace: plugin.namespace,
  plugin_type: categoryOf(plugin.hookTypes),
  oci_reference: "",
  manifest: plugin.manifest,
  service_scopes: plugin.serviceScopes,
  capabilities: requestedOf(plugin),
  granted_capabilities: plugin.grants,
  pending_capabilities: pendingOf(plugin),
  approval: approvalOf(plugin),
  code_hash: plugin.codeHash,
  code_changed: plugin.approvedCodeHash !== "" && plugin.codeHash !== plugin.approvedCodeHash,
  object_hook_failure_policy: failurePolicyOf(plugin, config),
  service_access_authorized: plugin.serviceAccessAuthorized && pendingOf(plugin).length === 0,
  requires_approval: requiresApproval(plugin),
  status: statusOf(plugin),
  ui_trusted: plugin.uiTrusted,
  warnings: warningsOf(plugin),
  has_config_schema: Object.keys(plugin.configSchema ?? {}).length > 0,
  generation: plugin.generation,
  created_at: plugin.createdAt.toISOString(),
  updated_at: plugin.updatedAt.toISOString(),
});

export function toResource(plugin: Plugin, config: Json, live: LiveState, llms: LinkedLlm[], taken: TakenPage[]): PluginResource {
  const attributes = toAttributes(plugin, config);
  const linked = llms.filter(({ pluginId }) => pluginId === plugin.id);
  return {
    type: "plugins",
    id: String(plugin.id),
    attributes: {
      ...attributes,
      warnings: [...attributes.warnings, ...warningsOfPages(taken, plugin.id)],
      state: live.state,
      state_error: live.error,
      restarts: live.restarts,
      dev: live.dev,
      isolation: live.isolation,
      isolation_note: live.isolationNote,
      runs_on: placesOf(plugin),
    },
    ...(linked.length === 0
      ? {}
      : {
          relationships: {
            llms: {
              data: linked.map(({ id, name, vendor, active }) => ({ type: "llms", id: String(id), attributes: { name, vendor, active } })),
            },
          },
        }),
  };
}
