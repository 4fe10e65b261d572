import type { z } from "zod";
import type { Resource } from "../http/envelope.ts";
import { redactConfig } from "./config.ts";
import type { PluginAttributes } from "./contract.ts";
import type { Json } from "./json.ts";
import { categoryOf, runsInStudio, runsOnGateways } from "./manifest.ts";
import type { LinkedLlm, Plugin } from "./store.ts";

export type LiveState = { state: z.infer<typeof PluginAttributes>["state"]; error: string; restarts: number };

export const requiresApproval = (plugin: Plugin): boolean => plugin.serviceScopes.length > 0;
export const isPending = (plugin: Plugin): boolean => requiresApproval(plugin) && !plugin.serviceAccessAuthorized;

export const placesOf = ({ hookTypes }: Plugin): ("studio" | "gateway")[] => [
  ...(runsInStudio(hookTypes) ? (["studio"] as const) : []),
  ...(runsOnGateways(hookTypes) ? (["gateway"] as const) : []),
];

/** What the API and events may see of a plugin; secrets of its config are `[redacted]`. */
export const toAttributes = (plugin: Plugin, config: Json) => ({
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
  service_access_authorized: plugin.serviceAccessAuthorized,
  requires_approval: requiresApproval(plugin),
  status: isPending(plugin) ? ("scopes_pending" as const) : ("ready" as const),
  ui_trusted: plugin.uiTrusted,
  has_config_schema: Object.keys(plugin.configSchema ?? {}).length > 0,
  generation: plugin.generation,
  created_at: plugin.createdAt.toISOString(),
  updated_at: plugin.updatedAt.toISOString(),
});

export function toResource(plugin: Plugin, config: Json, live: LiveState, llms: LinkedLlm[]): Resource {
  const linked = llms.filter(({ pluginId }) => pluginId === plugin.id);
  return {
    type: "plugins",
    id: String(plugin.id),
    attributes: {
      ...toAttributes(plugin, config),
      state: live.state,
      state_error: live.error,
      restarts: live.restarts,
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
