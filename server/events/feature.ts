import type { Logger } from "@portico/core/logger";
import { listenForEvents } from "../db/listener.ts";
import type { Feature } from "../feature.ts";
import { createEventBus, type EventBus } from "./bus.ts";
import { eventEndpoints } from "./endpoints.ts";

export type EventFeature = Feature & { events: EventBus };

/** Committed events of all replicas, for this one's consumers and for open pages. */
export function createEvents({
  databaseUrl,
  logger,
  closing,
}: {
  databaseUrl: string;
  logger: Logger;
  closing: AbortSignal;
}): EventFeature {
  const events = createEventBus(logger);
  const listener = listenForEvents({ databaseUrl, logger, onNotice: events.publish, onGap: events.gap });
  return {
    events,
    endpoints: eventEndpoints({ events, closing }),
    checks: [{ name: "events", missing: () => (listener.connected() ? undefined : "the event channel is not connected") }],
    start: listener.start,
    close: listener.close,
  };
}
