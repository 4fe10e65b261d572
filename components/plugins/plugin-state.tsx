import { Tooltip } from "@mantine/core";
import type { Plugin } from "../api/types.ts";
import { Status, type Tone } from "../ui/status.tsx";

const tones: Record<string, Tone> = { healthy: "good", starting: "info", unhealthy: "warn", failed: "bad", stopped: "idle" };
const words: Record<string, string> = {
  healthy: "Healthy",
  starting: "Starting",
  unhealthy: "Unhealthy",
  failed: "Failed",
  stopped: "Stopped",
};

/** How a plugin's process fares right now; why, on hover. */
export function PluginStateLabel({ plugin }: { plugin: Plugin }) {
  if (!plugin.is_active) return <Status tone="idle">Off</Status>;
  const label = <Status tone={tones[plugin.state] ?? "idle"}>{words[plugin.state] ?? plugin.state ?? "Unknown"}</Status>;
  return plugin.state_error ? <Tooltip label={plugin.state_error}>{label}</Tooltip> : label;
}
