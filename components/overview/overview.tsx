"use client";

import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import Link from "next/link";
import type { CallAttributes, OverviewAttributes } from "../../server/analytics/contract.ts";
import type { EdgeAttributes } from "../../server/edges/contract.ts";
import type { PluginAttributes } from "../../server/plugins/contract.ts";
import { api, every, q } from "../api/query.ts";
import type { List, One } from "../api/types.ts";
import { RecentCalls } from "../calls/recent-calls.tsx";
import { UnpricedNotice } from "../calls/unpriced-notice.tsx";
import { ChartSkeletons } from "../charts/chart-skeletons.tsx";
import { EdgeLink, EdgeSync } from "../edges/edge-state.tsx";
import { PluginStateLabel } from "../plugins/plugin-state.tsx";
import { formatCompact, formatDuration, formatMoney, formatPercent } from "../ui/format.ts";
import { Failure } from "../ui/notice.tsx";
import { PageHeader, Section } from "../ui/page.tsx";
import { Ago } from "../ui/time.tsx";
import { useSearch } from "../ui/use-search.ts";
import { FirstSteps } from "./first-steps.tsx";
import classes from "./overview.module.css";
import { overviewKey, rangeOf, ranges } from "./range.ts";
import { TrafficShares } from "./shares.tsx";

// The charts' code weighs as much as the rest of the page, which is there without it.
const Charts = dynamic(() => import("../charts/charts.tsx").then((module) => module.Charts), { ssr: false, loading: ChartSkeletons });

const refreshMs = 2000;

/** Traffic, cost and latency of a time range, and the state of edges and plugins. */
export function Overview() {
  const range = rangeOf(useSearch().get("range"));
  const overview = useQuery<One<OverviewAttributes>>({
    ...overviewKey(range),
    refetchInterval: every(refreshMs),
    placeholderData: (previous) => previous,
  });
  const edges = useQuery<List<EdgeAttributes>>({ ...api.all("edges"), refetchInterval: every(3000) });
  const plugins = useQuery<List<PluginAttributes>>({ ...api.all("plugins"), refetchInterval: every(5000) });
  const calls = useQuery<List<CallAttributes>>({
    ...q("calls", "/api/v1/analytics/calls?page_size=10"),
    refetchInterval: every(refreshMs),
  });
  const data = overview.data?.data.attributes;
  // Until the figures of a range are there, those of the former one stay, and are marked as such.
  const stale = data !== undefined && overview.data?.data.id !== range;
  const quiet = data !== undefined && data.totals.requests === 0 && calls.data?.data.length === 0;
  return (
    <>
      <PageHeader
        title="Overview"
        lead={
          data ? (
            <>
              As of <Ago at={data.as_of} />
            </>
          ) : (
            "\u00a0"
          )
        }
        actions={
          <SegmentedControl
            aria-label="Time range"
            value={range}
            onChange={(value) => window.history.replaceState(null, "", value === "24h" ? "/admin" : `/admin?range=${value}`)}
            data={ranges.map((value) => ({ value, label: value }))}
          />
        }
      />
      {overview.error && !data && <Failure what="The figures" error={overview.error} retry={() => void overview.refetch()} />}
      <Figures totals={data?.totals} stale={stale} />
      {data && <UnpricedNotice models={data.unpriced_models} calls={data.totals.unpriced} since={data.series[0]?.at} />}
      {quiet ? (
        <FirstSteps />
      ) : data ? (
        <>
          <Charts series={data.series} stale={stale} />
          <TrafficShares data={data} stale={stale} />
        </>
      ) : (
        !overview.error && <ChartSkeletons />
      )}
      <div className={classes.pair}>
        <Section title="Edges">
          <Health
            nothing="No edge has connected yet."
            error={edges.error}
            rows={edges.data?.data.map((edge) => ({
              id: edge.id,
              href: `/admin/edges/${encodeURIComponent(edge.attributes.edge_id)}`,
              name: edge.attributes.edge_id,
              state: <EdgeLink edge={edge.attributes} />,
              more: <EdgeSync edge={edge.attributes} />,
            }))}
          />
        </Section>
        <Section title="Plugins">
          <Health
            nothing="No plugin is installed."
            error={plugins.error}
            rows={plugins.data?.data.map((plugin) => ({
              id: plugin.id,
              href: `/admin/plugins/${plugin.id}`,
              name: plugin.attributes.name,
              state: <PluginStateLabel plugin={plugin.attributes} />,
              more: plugin.attributes.restarts > 0 ? `${plugin.attributes.restarts} restarts` : "",
            }))}
          />
        </Section>
      </div>
      <RecentCalls refetchMs={refreshMs} />
    </>
  );
}

function Figures({ totals, stale }: { totals: OverviewAttributes["totals"] | undefined; stale: boolean }) {
  const share = totals && totals.requests > 0 ? totals.errors / totals.requests : 0;
  const figures: [label: string, value: string, more: string][] = [
    ["Requests", formatCompact(totals?.requests), totals ? `${formatCompact(totals.errors)} failed, ${formatPercent(share)}` : ""],
    [
      "Tokens",
      totals ? formatCompact(totals.prompt_tokens + totals.response_tokens) : "–",
      totals ? `${formatCompact(totals.prompt_tokens)} in, ${formatCompact(totals.response_tokens)} out` : "",
    ],
    ["Cost", formatMoney(totals?.cost), totals && totals.requests > 0 ? `${formatMoney(totals.cost / totals.requests)} per request` : ""],
    [
      "Latency, p50",
      formatDuration(totals?.latency_p50_ms),
      totals?.latency_p95_ms != null ? `p95 ${formatDuration(totals.latency_p95_ms)}` : "",
    ],
  ];
  return (
    <dl className={classes.figures} data-stale={stale || undefined}>
      {figures.map(([label, value, more]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className={classes.figure}>{value}</dd>
          <dd className={classes.more}>{more || "\u00a0"}</dd>
        </div>
      ))}
    </dl>
  );
}

function Health({
  rows,
  nothing,
  error,
}: {
  error: unknown;
  rows: { id: string; href: string; name: string; state: React.ReactNode; more: React.ReactNode }[] | undefined;
  nothing: string;
}) {
  if (!rows && error) return <Failure what="This" error={error} />;
  if (rows?.length === 0) return <p className="quiet">{nothing}</p>;
  return (
    <ul className={classes.health}>
      {rows?.map((row) => (
        <li key={row.id}>
          <Link href={row.href} className="truncate">
            {row.name}
          </Link>
          {row.state}
          <span className="quiet">{row.more}</span>
        </li>
      ))}
    </ul>
  );
}
