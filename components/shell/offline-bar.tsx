"use client";

import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { checkReachable, reachability } from "../api/reachability.ts";
import classes from "./shell.module.css";

export const useReachable = (): boolean => useSyncExternalStore(reachability.subscribe, reachability.now, () => true);

/**
 * Shown while the studio does not answer. A link followed meanwhile would leave the product for an error page of
 * the browser; it waits instead and is followed once there is an answer.
 */
export function OfflineBar() {
  const isReachable = useReachable();
  const router = useRouter();
  const client = useQueryClient();
  const [target, setTarget] = useState<string | null>(null);
  const wasAway = useRef(false);

  useEffect(() => {
    if (isReachable) {
      if (wasAway.current) void client.invalidateQueries();
      wasAway.current = false;
      if (target !== null) router.push(target);
      setTarget(null);
      return;
    }
    wasAway.current = true;
    const following = (event: MouseEvent) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
      const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
      if (!link || link.target === "_blank" || link.origin !== location.origin || link.getAttribute("href")?.startsWith("#")) return;
      event.preventDefault();
      event.stopPropagation();
      setTarget(link.pathname + link.search);
      void checkReachable();
    };
    document.addEventListener("click", following, true);
    return () => document.removeEventListener("click", following, true);
  }, [isReachable, target, router, client]);

  return (
    <div role="status" className={classes.offline} data-shown={!isReachable || undefined}>
      {!isReachable && (
        <>
          <span>
            <strong>Not connected, trying again.</strong>{" "}
            {target === null ? "What this page shows may be out of date." : "The page you chose opens as soon as the studio answers."}
          </span>
          <Button size="xs" variant="default" onClick={() => void checkReachable()}>
            Try again
          </Button>
        </>
      )}
    </div>
  );
}
