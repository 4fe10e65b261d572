import { gapsOfManifest } from "@portico/protocol";
import { conflictOfPath } from "../pages/own-pages.ts";
import { routesOf, storedManifest } from "./manifest.ts";
import type { Plugin } from "./store.ts";

type Declared = Pick<Plugin, "manifest" | "hookTypes" | "configSchema">;

/** Hooks that plugins may declare and that no host calls yet. */
const unserved: Record<string, string> = {
  agent: "The hook agent is not called yet: the plugin cannot be used as an agent.",
  resource_provider: "The hook resource_provider is not called yet: the plugin's resources cannot be attached to apps.",
};

const hasEntries = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** What an administrator should know of a plugin that runs: what its manifest leaves out, and what of it has no effect. Sentences. */
export function warningsOf({ manifest, hookTypes, configSchema }: Declared): string[] {
  // Before it was read, nothing is known of its manifest.
  if (configSchema === null) return [];
  return [
    ...gapsOfManifest(manifest),
    ...routesOf(storedManifest(manifest)).flatMap(({ routePattern }) => conflictOfPath(routePattern) ?? []),
    ...hookTypes.flatMap((hook) => unserved[hook] ?? []),
    ...(hasEntries(manifest.schedules) ? ["Its manifest declares schedules, which do not run yet."] : []),
    ...(hasEntries(manifest.resource_types) ? ["Its manifest declares resource types, which cannot be used yet."] : []),
  ];
}
