import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { ModelRouterList } from "../../../../../components/model-routers/router-list.tsx";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Model routers" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.modelRouters;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <ModelRouterList />
    </Prefetched>
  );
}
