import type { Metadata } from "next";
import { AnalyticsReport } from "../../../../../components/analytics/report.tsx";
import { reportKey } from "../../../../../components/analytics/report-query.ts";
import { Prefetched, type Search, searchOf } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Analytics" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  return (
    <Prefetched keys={[reportKey(await searchOf(searchParams))]}>
      <AnalyticsReport />
    </Prefetched>
  );
}
