"use client";

import { staleRoots } from "@portico/protocol/kinds";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { refresh } from "./query.ts";
import { checkReachable } from "./reachability.ts";

/** How long a page may take to leave what was deleted on it. */
const leavingMs = 2_000;

/** Subscribes to changes in the studio, whoever made them, and refreshes what the page shows. */
export function LiveEvents() {
  const client = useQueryClient();
  useEffect(() => {
    const source = new EventSource("/api/v1/events");
    // A burst of changes is one re-read.
    const waiting = new Map<string, string[]>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const changed = (event: MessageEvent<string>) => {
      try {
        const { type, id, action } = JSON.parse(event.data) as { type?: unknown; id?: unknown; action?: unknown };
        if (typeof type !== "string") return;
        for (const root of staleRoots(type)) {
          const gone = action === "deleted" && root === type ? [String(id)] : [];
          waiting.set(root, [...(waiting.get(root) ?? []), ...gone]);
        }
      } catch {
        return;
      }
      timer ??= setTimeout(() => {
        timer = undefined;
        for (const [root, gone] of waiting) {
          void refresh(client, root, gone);
          // A page that shows what is gone is being left, unless somebody else deleted it.
          if (gone.length > 0) setTimeout(() => void refresh(client, root), leavingMs);
        }
        waiting.clear();
      }, 150);
    };
    source.addEventListener("changed", changed);
    // The browser opens it again by itself; why it ended is to be found out.
    source.addEventListener("error", () => void checkReachable());
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [client]);
  return null;
}
