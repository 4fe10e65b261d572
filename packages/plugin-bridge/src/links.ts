/** Where a link that was followed leads: inside the plugin's page, to another page of the dashboard, or away. */
export type Followed = { kind: "route"; subPath: string } | { kind: "page"; path: string } | { kind: "away"; url: string };

/** Origins are opaque in a sandboxed frame; a scheme and a host are not. */
const isHere = (to: URL): boolean => to.protocol === location.protocol && to.host === location.host;

/**
 * Takes a click on a link of an element out of the browser's hands. After the element's own handlers have had their say; whatever this
 * answers, the dashboard decides where links may lead.
 * @returns undefined when there is nothing to follow.
 */
export function followLink(event: Event): Followed | undefined {
  const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement || node instanceof HTMLAreaElement);
  const href = link?.getAttribute("href") ?? "";
  if (!link || href === "" || href.startsWith("#") || event.defaultPrevented) return undefined;
  event.preventDefault();
  if (!URL.canParse(link.href)) return undefined;
  const to = new URL(link.href);
  if (!isHere(to)) return { kind: "away", url: to.href };
  if (/^\s*[/\\]|^\s*[a-z]+:/i.test(href)) return { kind: "page", path: to.pathname + to.search + to.hash };
  return { kind: "route", subPath: href };
}
