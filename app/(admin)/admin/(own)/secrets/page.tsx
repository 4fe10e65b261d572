import type { Metadata } from "next";
import { q } from "../../../../../components/api/query.ts";
import { SecretList } from "../../../../../components/secrets/secret-list.tsx";
import { listPath, lists } from "../../../../../components/table/list-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Secrets" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const query = lists.secrets;
  return (
    <Prefetched keys={[q(query.root, listPath(query, await searchOf(searchParams)))]}>
      <SecretList />
    </Prefetched>
  );
}
