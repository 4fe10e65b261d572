"use client";

import { SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { breakdowns, reportRangeNames } from "../../server/analytics/contract/choices.ts";
import type { Figures, ReportAttributes } from "../../server/analytics/contract.ts";
import { every } from "../api/query.ts";
import type { One } from "../api/types.ts";
import { ChartSkeletons } from "../charts/chart-skeletons.tsx";
import overview from "../overview/overview.module.css";
import { useListState } from "../table/use-list-state.ts";
import { formatCompact, formatDuration, formatMoney, formatPercent } from "../ui/format.ts";
import { Failure } from "../ui/notice.tsx";
import { PageHeader } from "../ui/page.tsx";
import { Ago } from "../ui/time.tsx";
import { BreakdownTable } from "./breakdown-table.tsx";
import { ReportFilters } from "./report-filters.tsx";
import { breakdownIn, breakdownLabels, rangeIn, reportKey } from "./report-query.ts";

const Charts = dynamic(() => import("../charts/charts.tsx").then((module) => module.Charts), { ssr: false, loading: ChartSkeletons });

/** Spend, tokens, latency and errors of a time range by one dimension, beside the period before. Everything chosen is in the address. */
export function AnalyticsReport() {
  const { params, change } = useListState();
  const report = useQuery<One<ReportAttributes>>({
    ...reportKey(params),
    placeholderData: keepPreviousData,
    refetchInterval: every(60_000),
  });
  const [range, by] = [rangeIn(params), breakdownIn(params)];
  const data = report.data?.data.attributes;
  return (
    <>
      <PageHeader
        title="Analytics"
        lead={
          data ? (
            <>
              As of <Ago at={data.as_of} />, beside the period before
            </>
          ) : (
            "\u00a0"
          )
        }
        actions={
          <SegmentedControl
            aria-label="Time range"
            value={range}
            onChange={(value) => change({ range: value })}
            data={reportRangeNames.map((value) => ({ value, label: value }))}
          />
        }
      />
      <ReportFilters />
      {report.error && !data && <Failure what="The report" error={report.error} retry={() => void report.refetch()} />}
      {data && (
        <>
          <Totals totals={data.totals} previous={data.previous} stale={report.isPlaceholderData} />
          <Charts series={data.series} stale={report.isPlaceholderData} />
          <SegmentedControl
            aria-label="Break down by"
            mt="lg"
            mb="xs"
            maw="100%"
            style={{ overflowX: "auto" }}
            value={by}
            onChange={(value) => change({ by: value })}
            data={breakdowns.map((value) => ({ value, label: breakdownLabels[value] }))}
          />
          <BreakdownTable report={data} by={by} stale={report.isPlaceholderData} />
        </>
      )}
      {!data && !report.error && <ChartSkeletons />}
    </>
  );
}

function Totals({ totals, previous, stale }: { totals: Figures; previous: Figures; stale: boolean }) {
  const share = (of: Figures) => (of.requests > 0 ? of.errors / of.requests : 0);
  const figures: [label: string, value: string, more: string][] = [
    ["Spend", formatMoney(totals.cost), `${formatMoney(previous.cost)} before`],
    ["Tokens", formatCompact(totals.tokens), `${formatCompact(previous.tokens)} before`],
    [
      "Requests",
      formatCompact(totals.requests),
      `${formatPercent(share(totals))} failed, ${formatCompact(previous.requests)} and ${formatPercent(share(previous))} before`,
    ],
    [
      "Latency, p95",
      formatDuration(totals.latency_p95_ms),
      `p50 ${formatDuration(totals.latency_p50_ms)}, p99 ${formatDuration(totals.latency_p99_ms)}, p95 ${formatDuration(previous.latency_p95_ms)} before`,
    ],
  ];
  return (
    <dl className={overview.figures} data-stale={stale || undefined}>
      {figures.map(([label, value, more]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className={overview.figure}>{value}</dd>
          <dd className={overview.more}>{more}</dd>
        </div>
      ))}
    </dl>
  );
}
