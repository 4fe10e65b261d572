"use client";

import { Tooltip } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { formatAgo, formatExact, isTime } from "./format.ts";

// One clock for every relative time on the page.
let now = 0;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 5000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
};

/** Milliseconds since 1970, moving every five seconds; 0 while rendering on the server. */
export const useNow = (): number =>
  useSyncExternalStore(
    subscribe,
    () => {
      if (now === 0) now = Date.now();
      return now;
    },
    () => 0,
  );

/** A time as people say it, with the exact one on hover and for machines. */
export function Ago({ at, never = "never" }: { at: string | null | undefined; never?: string }) {
  const current = useNow();
  if (!isTime(at)) return <span className="quiet">{never}</span>;
  const exact = current === 0 ? at : formatExact(at);
  return (
    <Tooltip label={exact}>
      <time dateTime={at}>{current === 0 ? at.slice(0, 16).replace("T", " ") : formatAgo(at, current)}</time>
    </Tooltip>
  );
}
