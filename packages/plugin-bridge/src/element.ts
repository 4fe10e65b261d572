import type { PluginApi } from "./api.ts";
import type { Area } from "./messages.ts";

const kebab = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/[\s_]+/g, "-")
    .toLowerCase();

/** Props of a manifest's mount as `data-` attributes: text as it is, anything else as JSON. */
export function dataAttributes(props: Readonly<Record<string, unknown>> | null | undefined): [name: string, value: string][] {
  return Object.entries(props ?? {}).map(([name, value]) => [
    `data-${kebab(name)}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}

/** Gives an element its API and attributes. Before it is connected: it may call from its first moment. */
export function setUp(
  element: HTMLElement,
  { api, area, props, subPath }: { api: PluginApi; area: Area; props: Readonly<Record<string, unknown>> | undefined; subPath: string },
): void {
  Object.defineProperty(element, area === "portal" ? "portalPluginAPI" : "pluginAPI", { value: api, enumerable: true });
  for (const [name, value] of dataAttributes(props)) element.setAttribute(name, value);
  element.setAttribute("data-sub-path", subPath);
}
