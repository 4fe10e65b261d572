import type { Area, Theme } from "@portico/plugin-bridge";
import { call } from "../api/http.ts";

/** Calls a plugin's own RPC through the studio, as the signed-in user; resolves to the plugin's answer. */
export async function callPlugin(pluginId: number, area: Area, method: string, payload: unknown, signal?: AbortSignal): Promise<unknown> {
  const base = area === "admin" ? `/api/v1/plugins/${pluginId}/rpc` : `/common/plugins/${pluginId}/portal-rpc`;
  const answer = await call<{ data: unknown }>("POST", `${base}/${encodeURIComponent(method)}`, payload ?? {}, { signal });
  return answer.data;
}

/** The theme tokens as they are on the page now, for elements that stand where they do not inherit them. */
export function pluginTheme(scheme: "light" | "dark"): Theme {
  const names = new Set<string>();
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      if (!(rule instanceof CSSStyleRule) || !rule.selectorText.startsWith(":root")) continue;
      for (const name of rule.style) if (name.startsWith("--portico-")) names.add(name);
    }
  }
  const computed = getComputedStyle(document.documentElement);
  const variables = Object.fromEntries([...names].map((name) => [name, computed.getPropertyValue(name).trim()]));
  return Object.freeze({ scheme, variables: Object.freeze(variables) });
}
