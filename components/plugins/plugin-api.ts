import { call } from "../api/http.ts";

/** What an element gets as `pluginAPI` (admin area) or `portalPluginAPI` (portal). */
export type PluginApi = { call(method: string, payload?: unknown): Promise<unknown> };

/** Calls the plugin's own RPC through the studio, as the signed-in user; resolves to the plugin's answer. */
export function pluginApi(pluginId: number, area: "admin" | "portal"): PluginApi {
  const base = area === "admin" ? `/api/v1/plugins/${pluginId}/rpc` : `/common/plugins/${pluginId}/portal-rpc`;
  return {
    async call(method, payload = {}) {
      const answer = await call<{ data: unknown }>("POST", `${base}/${encodeURIComponent(method)}`, payload);
      return answer.data;
    },
  };
}

const kebab = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/[\s_]+/g, "-")
    .toLowerCase();

/** Props of a manifest's mount as `data-` attributes: text as it is, anything else as JSON. */
export function dataAttributes(props: Record<string, unknown> | null | undefined): [name: string, value: string][] {
  return Object.entries(props ?? {}).map(([name, value]) => [
    `data-${kebab(name)}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}
