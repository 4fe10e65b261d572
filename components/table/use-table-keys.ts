"use client";

import { type RefObject, useEffect } from "react";

/** Whether a key press belongs to something being typed into or to an open dialog, not to the page. */
export const isTyping = (event: KeyboardEvent): boolean => {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  if (document.querySelector("[role=dialog],[data-menu-dropdown]")) return true;
  const target = event.target;
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    target.getAttribute("type") !== "checkbox"
  );
};

/** j and k walk the rows, x chooses one, / goes to the search. Enter opens, because the walk focuses the row's link. */
export function useTableKeys(region: RefObject<HTMLElement | null>, choose: (id: string) => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const root = region.current;
      if (!root || isTyping(event)) return;
      if (event.key === "/") {
        const search = root.querySelector<HTMLInputElement>("input[type=search]");
        if (search) {
          event.preventDefault();
          search.focus();
        }
        return;
      }
      if (!["j", "k", "x"].includes(event.key)) return;
      const rows = [...root.querySelectorAll<HTMLElement>("tr[data-row]")];
      const at = rows.findIndex((row) => row.contains(document.activeElement));
      if (event.key === "x") {
        const id = rows[at]?.dataset.row;
        if (id) choose(id);
        return;
      }
      event.preventDefault();
      const next = rows[Math.max(0, Math.min(rows.length - 1, event.key === "j" ? at + 1 : at - 1))];
      (next?.querySelector<HTMLElement>("a") ?? next?.querySelector<HTMLElement>("input"))?.focus();
      next?.scrollIntoView({ block: "nearest" });
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
}
