import { AppError } from "@portico/core";
import type { HookVerdict, PluginChange } from "./types.ts";

/** @throws AppError hook_rejected with the plugin's reason, naming the plugin. */
export function accepted(verdict: HookVerdict): Extract<HookVerdict, { outcome: "accepted" }> {
  if (verdict.outcome === "accepted") return verdict;
  throw new AppError({ code: "hook_rejected", message: verdict.reason, meta: { plugin: verdict.plugin, plugin_id: verdict.pluginId } });
}

/**
 * What an audit entry says of changes that plugins made: the fields with the values they have now, and which plugin changed which.
 * @param stored the object as it is written, without secrets.
 */
export function auditOf(changes: PluginChange[], stored: Record<string, unknown>): Record<string, unknown> {
  if (changes.length === 0) return {};
  const fields = changes.flatMap((change) => change.fields).filter((field) => Object.hasOwn(stored, field));
  return { ...Object.fromEntries(fields.map((field) => [field, stored[field]])), changed_by_plugins: changes };
}
