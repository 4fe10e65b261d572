import { backoffMs } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import pg from "pg";

const beatMs = 10_000;
const answerMs = 5_000;

/** An event as every replica hears it; the row holds the rest. */
export type Notice = { eventId: string; topic: string; objectId: string };

/**
 * Listens for committed events (channel `portico_outbox`). Notices are hints, not a queue: after a broken connection
 * `onGap` tells consumers to look at the tables again.
 */
export function listenForEvents({
  databaseUrl,
  logger,
  onNotice,
  onGap,
}: {
  databaseUrl: string;
  logger: Logger;
  onNotice: (notice: Notice) => void;
  onGap: () => void;
}) {
  let client: pg.Client | undefined;
  let closed = false;
  let attempt = 0;
  let retry: NodeJS.Timeout | undefined;
  // A connection that was cut off without a word, or a server that is frozen, shows only when it is asked.
  const beat = setInterval(() => {
    const asked = client;
    asked?.query("SELECT 1").catch((error: Error) => asked.emit("error", error));
  }, beatMs);
  beat.unref();

  async function connect(): Promise<void> {
    if (closed) return;
    const next = new pg.Client({
      connectionString: databaseUrl,
      application_name: "portico-listener",
      keepAlive: true,
      connectionTimeoutMillis: answerMs,
      query_timeout: answerMs,
    });
    client = next;
    const again = (error?: Error) => {
      if (closed || client !== next) return;
      client = undefined;
      next.removeAllListeners();
      next.on("error", () => {});
      void next.end().catch(() => {});
      logger.warn("event channel lost, reconnecting", { error: error?.message });
      retry = setTimeout(() => void connect(), backoffMs(attempt++, { baseMs: 200, capMs: 5_000 }));
    };
    next.on("error", again);
    next.on("end", () => again());
    next.on("notification", ({ payload = "" }) => {
      const [eventId = "", topic = "", objectId = ""] = payload.split(" ");
      onNotice({ eventId, topic, objectId });
    });
    try {
      await next.connect();
      await next.query("LISTEN portico_outbox");
      if (attempt > 0) onGap();
      attempt = 0;
    } catch (error) {
      again(error as Error);
    }
  }

  return {
    start: connect,
    connected: () => client !== undefined && attempt === 0,
    async close() {
      closed = true;
      clearTimeout(retry);
      clearInterval(beat);
      await client?.end().catch(() => {});
    },
  };
}
