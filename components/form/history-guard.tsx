"use client";

import "./unsaved.ts";

/** Stands in the root layout, so that Back is guarded on every page from its first moment. */
export function HistoryGuard() {
  return null;
}
