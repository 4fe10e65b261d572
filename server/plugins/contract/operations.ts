import { z } from "zod";
import { resourceOf } from "../../http/contract.ts";
import { PluginAttributes, PluginResource, pluginCategories, pluginStates } from "../contract.ts";

const process = {
  loaded: z.boolean(),
  healthy: z.boolean(),
  load_time: z.string().nullable(),
  last_ping: z.string().nullable(),
  pid: z.number().nullable(),
};

/** A plugin's process in this studio. */
export const LoadedPlugin = z.object({
  plugin_id: z.number(),
  plugin_name: z.string(),
  command: z.string(),
  is_oci: z.boolean(),
  ...process,
});
export type LoadedPlugin = z.infer<typeof LoadedPlugin>;

/** A process of a plugin, with the edge that runs it unless the studio does. */
export const PluginProcess = z.object({
  place: z.enum(["studio", "gateway"]),
  edge_id: z.string().optional(),
  state: z.enum(pluginStates),
  error: z.string(),
  restarts: z.number(),
});
export type PluginProcess = z.infer<typeof PluginProcess>;

export const PluginStatus = LoadedPlugin.extend({
  plugin_category: z.enum(pluginCategories),
  hook_type: z.string(),
  hook_types: z.array(z.string()),
  is_active: z.boolean(),
  is_local: z.boolean(),
  is_grpc: z.boolean(),
  /** The worst of its processes. */
  state: z.enum(pluginStates),
  error: z.string(),
  restarts: z.number(),
  processes: z.array(PluginProcess),
  /** Its calls of the service API in this studio since it started. */
  service_calls: z.array(z.object({ operation: z.string(), calls: z.number(), failed: z.number(), mean_ms: z.number() })),
});
export type PluginStatus = z.infer<typeof PluginStatus>;

export const LogLine = z.object({
  seq: z.number(),
  at: z.string(),
  stream: z.string(),
  level: z.string(),
  text: z.string(),
  /** Absent for what was written in this studio. */
  edge_id: z.string().optional(),
});
export type LogLine = z.infer<typeof LogLine>;

export const Reloaded = z.object({ message: z.string(), plugin: PluginResource, processes: z.array(PluginProcess) });

/** What a plugin's executable says of itself. */
export const PluginMetadata = resourceOf(
  "plugin-metadata",
  PluginAttributes.pick({
    command: true,
    hook_types: true,
    capabilities: true,
    pending_capabilities: true,
    approval: true,
    status: true,
    warnings: true,
  }).extend({
    primary_hook: z.string(),
    config_schema: z.record(z.string(), z.unknown()),
    manifest: z.record(z.string(), z.unknown()),
    scopes: z.array(z.string()),
    loaded_at: z.string(),
  }),
);
export type PluginMetadata = z.infer<typeof PluginMetadata>;

/** What another build of a plugin would change; nothing is stored by asking. */
export const BuildPreview = resourceOf(
  "plugin-build-previews",
  z.object({
    command: z.string(),
    version: z.string(),
    code_hash: z.string(),
    /** It is the program that is approved already. */
    same_program: z.boolean(),
    hook_types: z.array(z.string()),
    /** Permissions that it asks for and the plugin does not have. */
    added: z.array(z.string()),
    /** Permissions that the plugin has and this build does not ask for. */
    removed: z.array(z.string()),
    /** Permissions that wait for approval once it runs: all of them for another program. */
    needs_approval: z.array(z.string()),
    /** Stored settings that do not fit its schema. */
    setting_issues: z.array(z.object({ field: z.string(), message: z.string() })),
  }),
);
export type BuildPreview = z.infer<typeof BuildPreview>;

export const Approval = z.object({ message: z.string(), status: z.enum(["approved", "denied"]), data: PluginResource });
export type Approval = z.infer<typeof Approval>;

export const WorkflowStatus = resourceOf(
  "plugin-workflow-status",
  PluginAttributes.pick({
    status: true,
    service_scopes: true,
    service_access_authorized: true,
    requires_approval: true,
    pending_capabilities: true,
    approval: true,
  }),
);
export type WorkflowStatus = z.infer<typeof WorkflowStatus>;

export const ConfigSchemaResource = resourceOf("plugin-config-schema", z.object({ schema: z.record(z.string(), z.unknown()).nullable() }));
export type ConfigSchemaResource = z.infer<typeof ConfigSchemaResource>;

export const ParsedManifest = z.object({ message: z.string(), manifest: z.record(z.string(), z.unknown()) });

/** What came of trying a plugin's executable, with the stored settings held against what it says. */
export const PluginTrial = z.object({
  plugin_id: z.number(),
  plugin_name: z.string(),
  hook_type: z.string(),
  status: z.enum(["passed", "failed"]),
  message: z.string(),
  details: z.object({
    command_valid: z.boolean(),
    hook_type_valid: z.boolean(),
    manifest_valid: z.boolean(),
    config_valid: z.boolean(),
    config_keys: z.number(),
    has_checksum: z.boolean(),
    namespace: z.string(),
    /** The checks that were made, in order; a failed one ends them. */
    tests_run: z.array(z.enum(["command", "manifest", "hook_types", "config"])),
    issues: z.array(z.object({ field: z.string(), message: z.string() })),
    /** What works differently from what the plugin's author may expect, in sentences. */
    warnings: z.array(z.string()),
  }),
});
export type PluginTrial = z.infer<typeof PluginTrial>;
