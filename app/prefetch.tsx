import { nameIn } from "@portico/protocol/kinds";
import { dehydrate, HydrationBoundary, QueryClient } from "@tanstack/react-query";
import type { Metadata } from "next";
import { cache, type ReactNode } from "react";
import { jsonOf } from "../components/api/http.ts";
import { pathOf } from "../components/api/query.ts";
import { door } from "./door.ts";

const read = cache(async (path: string): Promise<unknown> => {
  const response = await door(path);
  return response.ok ? jsonOf(response) : undefined;
});

type Named = { data?: { attributes?: Record<string, unknown> } };

/** A page's title with the name of the thing it shows, so that browser tabs differ; `kind` alone when there is none. */
export async function titleOf(key: { queryKey: readonly [string, string] }, kind: string): Promise<Metadata> {
  const found = (await read(pathOf(key.queryKey))) as Named | undefined;
  const title = nameIn(found?.data?.attributes ?? {});
  return { title: title === undefined ? kind : `${title} · ${kind}` };
}

/**
 * Fetches what the page will show before it is sent, through the API, and hands it to the browser's query cache. What
 * fails here is fetched again by the browser, which can show why.
 */
export async function Prefetched({ keys, children }: { keys: { queryKey: readonly [string, string] }[]; children: ReactNode }) {
  const client = new QueryClient();
  await Promise.all(
    keys.map(async ({ queryKey }) => {
      const found = await read(pathOf(queryKey));
      if (found !== undefined) client.setQueryData(queryKey, found);
    }),
  );
  return <HydrationBoundary state={dehydrate(client)}>{children}</HydrationBoundary>;
}

/** The search parameters of a request as the list pages read them. */
export type Search = Promise<Record<string, string | string[] | undefined>>;

export async function searchOf(search: Search): Promise<URLSearchParams> {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(await search)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) params.set(name, first);
  }
  return params;
}
