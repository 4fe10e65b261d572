import type { Query, QueryClient, QueryKey } from "@tanstack/react-query";
import type { List, Resource } from "./types.ts";

/**
 * The key of everything read: a root that server events name, and the REST path itself, which is also how it is
 * fetched, on the server and in the browser.
 */
export const q = (root: string, path: string) => ({ queryKey: [root, path] as const });

export const pathOf = (key: QueryKey): string => {
  const path = key[1];
  if (typeof path !== "string") throw new Error("A query key is [root, path].");
  return path;
};

/** A path with the parameters that have a value. */
export function withParams(path: string, params: Record<string, string | number | undefined | null>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

export const rowsOf = <A>(list: List<A> | undefined): Resource<A>[] => list?.data ?? [];

/** Where each kind of thing lives, in REST and in the dashboard. */
export const api = {
  me: q("me", "/common/me"),
  config: q("config", "/auth/config"),
  one: (root: string, id: string) => q(root, `/api/v1/${root}/${encodeURIComponent(id)}`),
  all: (root: string) => q(root, `/api/v1/${root}?page_size=100`),
  sidebar: q("plugins", "/api/v1/plugins/sidebar-menu"),
  portalSidebar: q("plugins", "/common/plugins/portal-sidebar-menu"),
  registry: q("plugins", "/api/v1/plugins/ui-registry"),
  portalRegistry: q("plugins", "/common/plugins/portal-ui-registry"),
};

/** Has everything under a root read again, but for what is known to be gone: its pages are being left. */
export const refresh = (client: QueryClient, root: string, goneIds: string[] = []): Promise<void> =>
  client.invalidateQueries({
    predicate: ({ queryKey }) => {
      if (queryKey[0] !== root) return false;
      const path = pathOf(queryKey);
      return !goneIds.some((id) => path === `/api/v1/${root}/${id}` || path.startsWith(`/api/v1/${root}/${id}/`));
    },
  });

/**
 * Reads again every `ms`; after a failure only every 15 s, because each new attempt takes the reason off the page until it
 * has failed too.
 */
export const every =
  (ms: number) =>
  ({ state }: Pick<Query, "state">): number =>
    state.status === "error" ? Math.max(ms, 15_000) : ms;
