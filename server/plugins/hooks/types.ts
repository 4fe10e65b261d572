import type { Actor } from "../../auth/actor.ts";

/** Objects whose create, update and delete plugins may judge. */
export type HookedObject = "llm" | "datasource" | "tool" | "user";
export type HookedOperation = "create" | "update" | "delete";

/** Fields that one plugin changed. */
export type PluginChange = { plugin_id: number; plugin: string; fields: string[] };

export type HookVerdict =
  /** The object as plugins left it (to be parsed again by the caller), what they ask to be kept with it, and who changed what. */
  | { outcome: "accepted"; object: Record<string, unknown>; metadata: Record<string, string>; changes: PluginChange[] }
  | { outcome: "rejected"; pluginId: number; plugin: string; reason: string };

/** What feature services need of the plugin system. Secrets never go in: `[redacted]` stands for a stored or a given one. */
export type ObjectHooks = {
  /** Runs outside any transaction; each plugin has a deadline. */
  before(step: { object: HookedObject; operation: HookedOperation }, value: Record<string, unknown>, actor: Actor): Promise<HookVerdict>;
};
