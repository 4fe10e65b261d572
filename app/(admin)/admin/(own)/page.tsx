import type { Metadata } from "next";
import { api, q } from "../../../../components/api/query.ts";
import { Overview } from "../../../../components/overview/overview.tsx";
import { overviewKey, rangeOf } from "../../../../components/overview/range.ts";
import { Prefetched, type Search, searchOf } from "../../../prefetch.tsx";

export const metadata: Metadata = { title: "Overview" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const range = rangeOf((await searchOf(searchParams)).get("range"));
  return (
    <Prefetched keys={[overviewKey(range), api.all("edges"), api.all("plugins"), q("calls", "/api/v1/analytics/calls?page_size=10")]}>
      <Overview />
    </Prefetched>
  );
}
