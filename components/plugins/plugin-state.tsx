import { Tooltip } from "@mantine/core";
import type { PluginAttributes } from "../../server/plugins/contract.ts";
import { Status, type Tone } from "../ui/status.tsx";

const tones: Record<string, Tone> = { healthy: "good", starting: "info", unhealthy: "warn", failed: "bad", stopped: "idle" };
const words: Record<string, string> = {
  healthy: "Healthy",
  starting: "Starting",
  unhealthy: "Degraded",
  failed: "Failed",
  stopped: "Stopped",
};

/** The state of one process. */
export const ProcessState = ({ state }: { state: string }) => <Status tone={tones[state] ?? "idle"}>{words[state] ?? state}</Status>;

/** Whether permissions are pending: without them the plugin does less than it was installed for. */
export const isWaiting = (plugin: PluginAttributes): boolean => plugin.pending_capabilities.length > 0;

/** Marks a plugin whose program may change without a new approval. */
export const DevMark = () => (
  <Tooltip label="Development mode: the program may change without a new approval">
    <Status tone="warn">Development</Status>
  </Tooltip>
);

/** The state of a plugin right now; why, on hover. A process that runs well is not healthy while its access waits for approval. */
export function PluginStateLabel({ plugin }: { plugin: PluginAttributes }) {
  if (!plugin.is_active) return <Status tone="idle">Inactive</Status>;
  if (isWaiting(plugin) && plugin.state !== "failed" && plugin.state !== "unhealthy")
    return <Status tone="warn">Waiting for approval</Status>;
  const label = <ProcessState state={plugin.state} />;
  return plugin.state_error ? <Tooltip label={plugin.state_error}>{label}</Tooltip> : label;
}
