import { gapsOfManifest, ManifestSchedule } from "@portico/protocol";
import { faultOfCron, faultOfTimezone } from "../../schedules/cron.ts";
import { conflictOfPath } from "../pages/own-pages.ts";
import { routesOf, storedManifest } from "./manifest.ts";
import type { Plugin, TakenPage } from "./store.ts";

type Declared = Pick<Plugin, "manifest" | "hookTypes" | "configSchema">;

/** Hooks that plugins may declare and that no host calls yet. */
const unserved: Record<string, string> = {
  agent: "The hook agent is not called yet: the plugin cannot be used as an agent.",
  resource_provider: "The hook resource_provider is not called yet: the plugin's resources cannot be attached to apps.",
};

const hasEntries = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** Schedules of the manifest that cannot run. */
function faultsOfSchedules(schedules: unknown): string[] {
  return (Array.isArray(schedules) ? schedules : []).flatMap((entry: unknown) => {
    const { data } = ManifestSchedule.safeParse(entry);
    if (!data) return [];
    const { id, cron, timezone } = data;
    const cronFault = faultOfCron(cron);
    if (cronFault) return [`Its schedule "${id}" does not run: "${cron}" ${cronFault}.`];
    const timezoneFault = timezone && faultOfTimezone(timezone);
    return timezoneFault ? [`Its schedule "${id}" does not run: the time zone "${timezone}" ${timezoneFault}.`] : [];
  });
}

/** Why pages of a plugin are not shown. Sentences. */
export const warningsOfPages = (taken: TakenPage[], pluginId: number): string[] =>
  taken
    .filter((page) => page.pluginId === pluginId)
    .map(
      ({ path, ownerId, ownerName }) =>
        `Its page ${path} is not shown: the path belongs to the plugin ${ownerName} (id ${ownerId}). Delete that plugin, or choose another path in this plugin's manifest.`,
    );

/** What an administrator should know of a plugin that runs: what its manifest leaves out, and what of it has no effect. Sentences. */
export function warningsOf({ manifest, hookTypes, configSchema }: Declared): string[] {
  // Before it was read, nothing is known of its manifest.
  if (configSchema === null) return [];
  return [
    ...gapsOfManifest(manifest),
    ...routesOf(storedManifest(manifest)).flatMap(({ routePattern }) => conflictOfPath(routePattern) ?? []),
    ...hookTypes.flatMap((hook) => unserved[hook] ?? []),
    ...faultsOfSchedules(manifest.schedules),
    ...(hasEntries(manifest.resource_types) ? ["Its manifest declares resource types, which cannot be used yet."] : []),
  ];
}
