import type { Logger } from "@portico/core/logger";
import type { Notice } from "../db/listener.ts";

export type Subscriber = (notice: Notice) => void;

/** Hands every committed event of any replica to this replica's consumers. A consumer that throws does not stop the others. */
export function createEventBus(logger: Logger) {
  const subscribers = new Set<Subscriber>();
  const gaps = new Set<() => void>();
  return {
    publish(notice: Notice): void {
      for (const subscriber of subscribers) guard(() => subscriber(notice), logger);
    },
    /** The channel was interrupted: whoever keeps something derived must look again. */
    gap(): void {
      for (const look of gaps) guard(look, logger);
    },
    subscribe(subscriber: Subscriber, onGap?: () => void): () => void {
      subscribers.add(subscriber);
      if (onGap) gaps.add(onGap);
      return () => {
        subscribers.delete(subscriber);
        if (onGap) gaps.delete(onGap);
      };
    },
  };
}
export type EventBus = ReturnType<typeof createEventBus>;

function guard(step: () => void, logger: Logger): void {
  try {
    step();
  } catch (error) {
    logger.error("event consumer failed", { error });
  }
}
