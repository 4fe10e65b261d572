import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** What a vendor's wire looks like: where it is served and how it says yes and no. */
export type Wire = {
  handle(request: { body: Record<string, unknown>; signal: AbortSignal }, res: ServerResponse): Promise<void>;
  error(status: number, message: string): unknown;
};

export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { "Content-Type": "application/json", "Content-Length": bytes.length });
  res.end(bytes);
}

/** Sends events one by one, waiting when the reader is slow; stops quietly when it is gone. */
export async function sendEvents(
  res: ServerResponse,
  events: { event?: string; data: unknown }[],
  { chunkDelayMs, signal }: { chunkDelayMs: number; signal: AbortSignal },
): Promise<void> {
  res.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache" });
  for (const { event, data } of events) {
    if (chunkDelayMs > 0) await delay(chunkDelayMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const text = typeof data === "string" ? data : JSON.stringify(data);
    const flowing = res.write(`${event ? `event: ${event}\n` : ""}data: ${text}\n\n`);
    if (!flowing) await new Promise<void>((resolve) => res.once("drain", resolve).once("close", resolve));
  }
  res.end();
}
