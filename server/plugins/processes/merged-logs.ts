import type { PluginHost } from "@portico/plugin-host";
import type { PluginLogStore } from "../../edges/plugin-log-store.ts";

/** A line of a plugin's log, wherever its process runs. */
export type PluginLogLine = { seq: number; at: Date; stream: string; level: string; text: string; edge_id?: string };

export type MergedLogs = {
  /** Kept lines with a greater seq, in the order in which they became known here. */
  list(pluginId: number, afterSeq: number): Promise<PluginLogLine[]>;
};

const maxLines = 2_000;
const maxPlugins = 100;

type Merged = { lines: PluginLogLine[]; seq: number; hostSeq: number; edgeSeq: number; reading: Promise<unknown> };

/**
 * The log of a plugin that runs in the studio and on gateways. Each source counts its lines by itself, so they are numbered again here:
 * whoever reads on after a number misses none of either.
 */
export function createMergedLogs({
  host,
  gatewayLogs,
}: {
  host: Pick<PluginHost, "logs">;
  gatewayLogs: Pick<PluginLogStore, "list">;
}): MergedLogs {
  const plugins = new Map<number, Merged>();

  function mergedOf(id: number): Merged {
    const merged = plugins.get(id) ?? { lines: [], seq: 0, hostSeq: 0, edgeSeq: 0, reading: Promise.resolve() };
    // The one that was looked at longest ago goes first.
    plugins.delete(id);
    plugins.set(id, merged);
    for (const oldest of plugins.keys()) if (plugins.size > maxPlugins) plugins.delete(oldest);
    return merged;
  }

  async function readNew(id: number, merged: Merged): Promise<void> {
    const atEdges = await gatewayLogs.list(id, merged.edgeSeq);
    const kept = host.logs(id);
    // A plugin that the host had forgotten counts from 1 again.
    const here = (kept.at(-1)?.seq ?? 0) < merged.hostSeq ? kept : kept.filter(({ seq }) => seq > merged.hostSeq);
    merged.hostSeq = here.at(-1)?.seq ?? merged.hostSeq;
    merged.edgeSeq = atEdges.at(-1)?.seq ?? merged.edgeSeq;
    const lines: Omit<PluginLogLine, "seq">[] = [...here, ...atEdges].sort((a, b) => a.at.getTime() - b.at.getTime());
    for (const line of lines) {
      merged.seq += 1;
      merged.lines.push({ ...line, seq: merged.seq });
    }
    if (merged.lines.length > maxLines) merged.lines.splice(0, merged.lines.length - maxLines);
  }

  return {
    async list(id, afterSeq) {
      const merged = mergedOf(id);
      const reading = merged.reading.catch(() => {}).then(() => readNew(id, merged));
      merged.reading = reading;
      await reading;
      return merged.lines.filter(({ seq }) => seq > afterSeq);
    },
  };
}
