"use client";

import { usePathname } from "next/navigation";
import { useCallback } from "react";
import { useSearch } from "../ui/use-search.ts";

/** The list's state, kept in the page's address: it survives reload, Back, and being sent to somebody. */
export function useListState() {
  const params = useSearch();
  const pathname = usePathname();
  const change = useCallback(
    (changes: Record<string, string | null>, how: "push" | "replace" = "push") => {
      const next = new URLSearchParams(window.location.search);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === "") next.delete(name);
        else next.set(name, value);
      }
      // Anything but turning the page starts again at the first.
      if (!("page" in changes)) next.delete("page");
      const text = next.toString();
      const address = text ? `${pathname}?${text}` : pathname;
      if (how === "push") window.history.pushState(null, "", address);
      else window.history.replaceState(null, "", address);
    },
    [pathname],
  );
  return { params, change };
}
