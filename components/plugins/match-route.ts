import type { PluginUiEntry } from "../../server/plugins/contract/pages.ts";

const segments = (path: string): string[] => path.split("/").filter(Boolean);

/** The registered page an address belongs to: the longest path that it equals or lies below, and what remains. */
export function matchRoute(rows: PluginUiEntry[], pathname: string): { row: PluginUiEntry; subPath: string } | null {
  const asked = segments(pathname);
  let best: { row: PluginUiEntry; length: number } | null = null;
  for (const row of rows) {
    const pattern = segments(row.route_pattern);
    const fits = pattern.length > 0 && pattern.length <= asked.length && pattern.every((part, index) => part === asked[index]);
    if (fits && pattern.length > (best?.length ?? 0)) best = { row, length: pattern.length };
  }
  return best && { row: best.row, subPath: asked.slice(best.length).join("/") };
}
