import type { PluginHost } from "@portico/plugin-host";
import type { PluginLogLine } from "@portico/protocol/edge";

const maxLines = 200;
const maxBytes = 256 * 1024;

/**
 * What plugins have written since it was last asked, within the limits of one message and shared out fairly: a plugin that floods its
 * log takes no room from the others. Holds no lines itself; what the host has let go of meanwhile is missing.
 */
export function createLogFeed({ host }: { host: Pick<PluginHost, "statuses" | "logs"> }): () => PluginLogLine[] {
  const sentSeq = new Map<number, number>();

  function freshOf(pluginId: number) {
    const kept = host.logs(pluginId);
    const sent = sentSeq.get(pluginId) ?? 0;
    // A plugin that the host had forgotten counts from 1 again.
    const isAnew = (kept.at(-1)?.seq ?? 0) < sent;
    return { pluginId, lines: isAnew ? kept : kept.filter(({ seq }) => seq > sent) };
  }

  return () => {
    const ids = new Set(host.statuses().map(({ id }) => id));
    for (const id of sentSeq.keys()) if (!ids.has(id)) sentSeq.delete(id);
    const fresh = [...ids].map(freshOf).filter(({ lines }) => lines.length > 0);
    // Those with little to say first: what they leave of their share goes to the others.
    fresh.sort((a, b) => a.lines.length - b.lines.length);
    const message: PluginLogLine[] = [];
    let roomBytes = maxBytes;
    for (const [at, { pluginId, lines }] of fresh.entries()) {
      const others = fresh.length - at;
      const shareLines = Math.max(1, Math.floor((maxLines - message.length) / others));
      const shareBytes = roomBytes / others;
      let taken = 0;
      let takenBytes = 0;
      for (const line of lines) {
        const bytes = Buffer.byteLength(line.text);
        const isOverShare = taken > 0 && (taken >= shareLines || takenBytes + bytes > shareBytes);
        if (isOverShare || message.length >= maxLines || bytes > roomBytes) break;
        message.push({ pluginId, seq: line.seq, atMs: line.at.getTime(), stream: line.stream, level: line.level, text: line.text });
        sentSeq.set(pluginId, line.seq);
        taken++;
        takenBytes += bytes;
        roomBytes -= bytes;
      }
    }
    return message;
  };
}
