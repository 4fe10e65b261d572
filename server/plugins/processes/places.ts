import { runsInStudio, runsOnGateways } from "@portico/protocol";
import type { Plugin } from "../catalog/store.ts";

type Placed = Pick<Plugin, "hookTypes" | "manifest" | "grants">;

/** Granted to plugins on gateways, and answered by their process in Studio. */
const grantsOfStudio: readonly string[] = ["control.send", "scheduler.manage"];

const hasSchedules = (manifest: unknown): boolean => {
  const { schedules } = (manifest ?? {}) as { schedules?: unknown };
  return Array.isArray(schedules) && schedules.length > 0;
};

/** Whether the plugin has a process in Studio: for hooks that need one, for its schedules, or for what its processes on gateways send. */
export const hasStudioProcess = ({ hookTypes, manifest, grants }: Placed): boolean =>
  runsInStudio(hookTypes) || grants.some((grant) => grantsOfStudio.includes(grant)) || hasSchedules(manifest);

export const placesOf = (plugin: Placed): ("studio" | "gateway")[] => [
  ...(hasStudioProcess(plugin) ? (["studio"] as const) : []),
  ...(runsOnGateways(plugin.hookTypes) ? (["gateway"] as const) : []),
];
