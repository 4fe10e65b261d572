import { AppError } from "@portico/core";
import type { HookVerdict } from "./hooks.ts";

/** @throws AppError hook_rejected with the plugin's reason, naming the plugin. */
export function accepted(verdict: HookVerdict): Extract<HookVerdict, { outcome: "accepted" }> {
  if (verdict.outcome === "accepted") return verdict;
  throw new AppError({ code: "hook_rejected", message: verdict.reason, meta: { plugin: verdict.plugin, plugin_id: verdict.pluginId } });
}
