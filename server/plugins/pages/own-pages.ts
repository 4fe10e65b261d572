import { kindsWithPages } from "@portico/protocol/kinds";

/** Parts of the dashboard and the portal that are our own; the folders of the pages in app/. */
export const ownSections = {
  admin: [...kindsWithPages.map(({ page }) => page.path), "calls", "analytics"].sort(),
  portal: ["apps", "catalogue"],
};

/** Whose ids are not numbers: edges have names that administrators choose, calls the ids of requests. */
const named: Readonly<Record<string, string>> = { edges: "an edge", calls: "a call" };

/**
 * Why a page of a plugin cannot be opened, or not for certain, at a path: it is the address of a page of ours. A sentence; undefined when
 * nothing is in its way. Our own pages keep their addresses, so that no plugin can pass its page off as one of them.
 */
export function conflictOfPath(path: string): string | undefined {
  const [area = "", section = "", id, ...rest] = path.split("/").filter(Boolean);
  if (area !== "admin" && area !== "portal") return undefined;
  if (!ownSections[area].includes(section)) return undefined;
  const isOurs =
    id === undefined ||
    (area === "admin" && ((rest.length === 0 && (id === "new" || /^\d+$/.test(id))) || (rest.length === 1 && rest[0] === "edit")));
  if (isOurs) return `Its page ${path} cannot be opened: the dashboard uses this path. Choose another path in the manifest.`;
  const what = area === "admin" ? named[section] : undefined;
  if (what && rest.length === 0) return `Its page ${path} cannot be opened while there is ${what} with the id ${id}.`;
  return undefined;
}
