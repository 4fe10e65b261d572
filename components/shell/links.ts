/** Where links of plugins, and addresses given from outside, may lead. Everything is judged as browsers read it, not as it is written. */

// Only its shape matters: where a path leads does not depend on the host.
const site = "http://site.invalid";

/** Dots, slashes, backslashes and control characters in disguise, however often they were encoded: no page of ours has them in its address. */
const disguised = /%(?:25)*(?:2e|2f|5c|[01][0-9a-f]|7f)/i;
const strange = /[\\\p{Cc}]/u;

const pathOf = (address: string): string => address.split(/[?#]/, 1)[0] ?? "";

/** The address of a page of the dashboard or the portal, as the browser will show it; undefined for anything else. */
export function pagePath(address: string): string | undefined {
  if (!address.startsWith("/") || strange.test(address) || disguised.test(pathOf(address)) || !URL.canParse(address, site))
    return undefined;
  const { origin, pathname, search, hash } = new URL(address, site);
  if (origin !== site || !/^\/(?:admin|portal)(?:\/|$)/.test(pathname)) return undefined;
  return pathname + search + hash;
}

/** The address of a place inside a plugin's own page; undefined when `subPath` would lead out of it. */
export function routePath(basePath: string, subPath: string): string | undefined {
  const rest = subPath.replace(/^\/+/, "");
  const base = pagePath(basePath);
  const address = pagePath(rest === "" ? basePath : `${basePath}/${rest}`);
  const leaves = pathOf(rest)
    .split("/")
    .some((segment) => segment === "." || segment === "..");
  if (base === undefined || address === undefined || leaves) return undefined;
  return address === base || address.startsWith(`${base}/`) ? address : undefined;
}

/** Somewhere else that a link may name: a web or mail address, with the host (or mailbox) to show to the person who decides. */
export type Destination = { url: string; host: string };

export function destinationOf(url: string): Destination | undefined {
  if (!URL.canParse(url)) return undefined;
  const to = new URL(url);
  // A name and password in front of a host are there to be taken for the host.
  if (to.username !== "" || to.password !== "") return undefined;
  if (to.protocol === "mailto:") return { url: to.href, host: to.pathname };
  return to.protocol === "https:" || to.protocol === "http:" ? { url: to.href, host: to.host } : undefined;
}
