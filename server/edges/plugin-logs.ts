import type { Logger } from "@portico/core/logger";
import type { PluginLogLine } from "@portico/protocol/edge";
import type { EdgeLogLine, PluginLogStore } from "./plugin-log-store.ts";

const maxLinesOfMessage = 200;
const maxPending = 1_000;
const maxTextLength = 8_192;
const maxPluginId = 2 ** 31 - 1;
const streams = ["stdout", "stderr", "host"];
const levels = ["debug", "info", "warn", "error"];
/** The last millisecond of the year 9999. */
const maxTimeMs = 253_402_300_799_999;

/**
 * Takes what plugins wrote at edges without ever making an edge's stream wait: one write is under way, and each edge may have a bounded
 * number of lines waiting for the next. What exceeds that is dropped.
 */
export function createPluginLogs({ store, logger }: { store: Pick<PluginLogStore, "insert">; logger: Logger }) {
  const pending = new Map<string, { namespace: string; lines: EdgeLogLine[] }>();
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    for (const [edgeId, { namespace, lines }] of pending) {
      pending.delete(edgeId);
      try {
        await store.insert(namespace, lines);
      } catch (error) {
        // Neither the error's message nor anything else may carry what a plugin wrote into our own log.
        const code = error instanceof Error && "code" in error ? String(error.code) : "";
        logger.warn("plugin log lines of an edge could not be stored", { edge: edgeId, code });
      }
    }
    working = undefined;
  }

  return {
    take(edgeId: string, namespace: string, lines: PluginLogLine[]): void {
      const waiting = pending.get(edgeId)?.lines ?? [];
      for (const line of lines.slice(0, Math.min(maxLinesOfMessage, maxPending - waiting.length)))
        if (line.pluginId > 0 && line.pluginId <= maxPluginId) waiting.push(lineOf(edgeId, line));
      if (waiting.length === 0) return;
      pending.set(edgeId, { namespace, lines: waiting });
      working ??= work();
    },

    /** Settles when what was taken is stored or given up. */
    close: async (): Promise<void> => working,
  };
}

const lineOf = (edgeId: string, { pluginId, atMs, stream, level, text }: PluginLogLine): EdgeLogLine => ({
  pluginId,
  edgeId,
  at: new Date(atMs > 0 && atMs <= maxTimeMs ? atMs : Date.now()),
  stream: streams.includes(stream) ? stream : "stdout",
  level: levels.includes(level) ? level : "info",
  text: text.replaceAll("\0", "").slice(0, maxTextLength),
});
