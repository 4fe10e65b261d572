import { AppError, type FieldIssue } from "@portico/core";
import type { PluginHost } from "@portico/plugin-host";
import type { PluginTrial } from "../contract/operations.ts";
import type { Schemas } from "../settings/schemas/schemas.ts";
import type { Json } from "./json.ts";
import { hookTypesOf, type Loaded, loadPlugin, withoutHooks } from "./loading.ts";
import type { Plugin } from "./store.ts";
import { warningsOf } from "./warnings.ts";

type Check = PluginTrial["details"]["tests_run"][number];

/** Starts the executable beside whatever runs of it, and holds the stored row against what it says. Nothing is written. */
export async function tryPlugin(
  { host, schemas }: { host: PluginHost; schemas: Schemas },
  plugin: Plugin,
  config: Json,
): Promise<PluginTrial> {
  const run: Check[] = ["command"];
  const read = await loadPlugin({ host, schemas }, plugin.command, plugin.checksum).catch(refusal);
  if (Array.isArray(read)) {
    // The program started and answered; what it answered is at fault.
    if (read.every(({ field }) => field === "manifest" || field.startsWith("manifest."))) run.push("manifest");
    return report(plugin, config, run, read);
  }
  const { manifestJson, configSchema } = read;
  const { hookTypes } = hookTypesOf(plugin, read.manifest, manifestJson);
  const warnings = warningsOf({ manifest: manifestJson, configSchema, hookTypes });
  run.push("manifest", "hook_types");
  const undeclared = issuesOfHooks(plugin, read);
  if (undeclared.length > 0) return report(plugin, config, run, undeclared, warnings);
  run.push("config");
  const issues = await schemas.check(read.configSchema, config).then((checked) => checked.issues, refusal);
  return report(plugin, config, run, issues, warnings);
}

function refusal(error: unknown): FieldIssue[] {
  if (error instanceof AppError && error.code === "plugin_invalid")
    return error.issues.length > 0 ? error.issues : [{ field: "command", message: error.message }];
  throw error;
}

function issuesOfHooks(plugin: Plugin, { manifest, manifestJson }: Loaded): FieldIssue[] {
  const { hookTypes, custom } = hookTypesOf(plugin, manifest, manifestJson);
  if (hookTypes.length === 0) return [{ field: "hook_types", message: withoutHooks(manifest) }];
  const hooks = manifest?.capabilities.hooks ?? [];
  if (!custom || hooks.length === 0) return [];
  const foreign = hookTypes.filter((hook) => !hooks.some((declared) => declared === hook));
  return foreign.map((hook) => ({ field: "hook_types", message: `has ${hook}, but the manifest declares only ${hooks.join(", ")}` }));
}

function report(plugin: Plugin, config: Json, run: Check[], issues: FieldIssue[], warnings: string[] = []): PluginTrial {
  const passed = (check: Check) => run.includes(check) && (run.at(-1) !== check || issues.length === 0);
  return {
    plugin_id: plugin.id,
    plugin_name: plugin.name,
    hook_type: plugin.hookType,
    status: issues.length === 0 ? "passed" : "failed",
    message: [issues.length === 0 ? "The plugin starts and its settings are valid." : issues.map(sentence).join(" "), ...warnings].join(
      " ",
    ),
    details: {
      command_valid: passed("command"),
      manifest_valid: passed("manifest"),
      hook_type_valid: passed("hook_types"),
      config_valid: passed("config"),
      config_keys: Object.keys(config).length,
      has_checksum: plugin.checksum !== "",
      namespace: plugin.namespace,
      tests_run: run,
      issues: issues.map(({ field, message }) => ({ field, message })),
      warnings,
    },
  };
}

const sentence = ({ field, message }: FieldIssue) => (message.endsWith(".") ? message : `${field} ${message}.`);
