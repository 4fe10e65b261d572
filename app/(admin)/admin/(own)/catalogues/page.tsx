import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { CatalogueList } from "../../../../../components/catalogues/catalogue-list.tsx";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "LLM catalogues" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.catalogues;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <CatalogueList kind="llms" />
    </Prefetched>
  );
}
