"use client";

import { usePathname, useSearchParams } from "next/navigation";
import { useMemo, useSyncExternalStore } from "react";

const subscribe = (onChange: () => void) => {
  window.addEventListener("popstate", onChange);
  return () => window.removeEventListener("popstate", onChange);
};

/**
 * The parameters in the page's address. Next's own stay at an older entry when Back is pressed twice while it fetches, so the address
 * itself decides. While a page is being replaced by another, the address is still the old page's; then Next's decide.
 */
export function useSearch(): URLSearchParams {
  const pathname = usePathname();
  const routed = useSearchParams().toString();
  const search = useSyncExternalStore(
    subscribe,
    () => (window.location.pathname === pathname ? new URLSearchParams(window.location.search).toString() : routed),
    () => routed,
  );
  return useMemo(() => new URLSearchParams(search), [search]);
}
