"use client";

import { AreaChart, BarChart, LineChart } from "@mantine/charts";
import { Skeleton } from "@mantine/core";
import type { OverviewAttributes } from "../../server/analytics/contract.ts";
import { formatCompact, formatDuration, formatMoney } from "../ui/format.ts";
import { Section } from "../ui/page.tsx";
import classes from "./overview.module.css";
import type { Range } from "./range.ts";

const two = (value: number): string => String(value).padStart(2, "0");

const tickOf = (at: string, range: Range): string => {
  const time = new Date(at);
  if (range === "1h" || range === "24h") return `${two(time.getHours())}:${two(time.getMinutes())}`;
  return `${two(time.getMonth() + 1)}-${two(time.getDate())}`;
};

const tooltipLabel = (at: string): string => {
  const time = new Date(at);
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}`;
};

const common = {
  h: 168,
  dataKey: "at",
  withLegend: false,
  gridAxis: "x" as const,
  tickLine: "none" as const,
  strokeDasharray: "0",
  gridColor: "var(--portico-line)",
  textColor: "var(--portico-ink-3)",
  tooltipAnimationDuration: 0,
};

// Labels are few and low enough to stand at every line; left to itself the axis drops one and the steps look uneven.
const everyTick = { tickCount: 5, interval: 0 } as const;

/** The course of requests, errors, tokens, cost and latency, and who they belong to. */
export function Charts({ data, range, stale }: { data: OverviewAttributes | undefined; range: Range; stale: boolean }) {
  if (!data) {
    return (
      <div className={classes.charts} aria-busy="true">
        {["requests", "tokens", "cost", "latency"].map((each) => (
          <Skeleton key={each} height={224} radius="lg" />
        ))}
      </div>
    );
  }
  const rows = data.series.map((point) => ({ ...point, ok: Math.max(0, point.requests - point.errors) }));
  const hasLatency = (index: number) => rows[index]?.latency_p50_ms != null;
  const isAlone = (index: number) => !hasLatency(index - 1) && !hasLatency(index + 1);
  const xAxisProps = { tickFormatter: (at: string) => tickOf(at, range), minTickGap: 40, padding: { left: 4, right: 4 } };
  const yAxisProps = { ...everyTick, allowDecimals: false, width: 44 };
  const tooltipProps = { labelFormatter: (at: unknown) => tooltipLabel(String(at)), isAnimationActive: false } as const;
  const shared = { ...common, data: rows, xAxisProps, yAxisProps, tooltipProps };
  return (
    <>
      <div className={classes.charts} data-stale={stale || undefined}>
        <Chart
          title="Requests"
          keys={[
            ["Answered", 1],
            ["Failed", 4],
          ]}
        >
          <BarChart
            {...shared}
            type="stacked"
            valueFormatter={formatCompact}
            series={[
              { name: "ok", label: "Answered", color: "var(--portico-chart-1)" },
              { name: "errors", label: "Failed", color: "var(--portico-chart-4)" },
            ]}
            barProps={{ isAnimationActive: false }}
          />
        </Chart>
        <Chart title="Tokens">
          <AreaChart
            {...shared}
            curveType="monotone"
            withDots={false}
            withGradient={false}
            fillOpacity={0.16}
            strokeWidth={1.5}
            valueFormatter={formatCompact}
            series={[{ name: "tokens", label: "Tokens", color: "var(--portico-chart-1)" }]}
            areaProps={{ isAnimationActive: false }}
          />
        </Chart>
        <Chart title="Cost">
          <AreaChart
            {...shared}
            yAxisProps={{ ...everyTick, width: 74 }}
            curveType="monotone"
            withDots={false}
            withGradient={false}
            fillOpacity={0.16}
            strokeWidth={1.5}
            valueFormatter={formatMoney}
            series={[{ name: "cost", label: "Cost", color: "var(--portico-chart-2)" }]}
            areaProps={{ isAnimationActive: false }}
          />
        </Chart>
        <Chart title="Latency, median">
          <LineChart
            {...shared}
            yAxisProps={{ ...everyTick, width: 54 }}
            curveType="monotone"
            strokeWidth={1.5}
            connectNulls={false}
            valueFormatter={formatDuration}
            series={[{ name: "latency_p50_ms", label: "Median", color: "var(--portico-chart-3)" }]}
            lineProps={{
              isAnimationActive: false,
              dot: (point) => <LatencyDot key={point.index} cx={point.cx} cy={point.cy} isAlone={isAlone(point.index)} />,
            }}
          />
        </Chart>
      </div>
      <div className={classes.pair}>
        <Shares title="By LLM" rows={data.by_llm.map((row) => ({ ...row, id: String(row.llm_id) }))} color="var(--portico-chart-1)" />
        <Shares title="By app" rows={data.by_app.map((row) => ({ ...row, id: String(row.app_id) }))} color="var(--portico-chart-3)" />
      </div>
    </>
  );
}

/** A measured step; one between steps without calls has no line to either side and must be seen by itself. */
function LatencyDot({ cx, cy, isAlone }: { cx: number | undefined; cy: number | undefined; isAlone: boolean }) {
  if (cx == null || cy == null) return null;
  return <circle cx={cx} cy={cy} r={isAlone ? 3 : 1.5} fill="var(--portico-chart-3)" />;
}

function Chart({ title, keys = [], children }: { title: string; keys?: [label: string, color: number][]; children: React.ReactNode }) {
  return (
    <figure className={classes.chart}>
      <figcaption>
        {title}
        {keys.map(([label, color]) => (
          <span key={label} className={classes.key}>
            <i style={{ background: `var(--portico-chart-${color})` }} />
            {label}
          </span>
        ))}
      </figcaption>
      {children}
    </figure>
  );
}

function Shares({
  title,
  rows,
  color,
}: {
  title: string;
  rows: { id: string; name: string; requests: number; tokens: number; cost: number }[];
  color: string;
}) {
  const most = Math.max(...rows.map((row) => row.requests), 1);
  return (
    <Section title={title}>
      {rows.length === 0 ? (
        <p className="quiet">Nothing in this time.</p>
      ) : (
        <table className={classes.shares}>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Requests</th>
              <th scope="col">Tokens</th>
              <th scope="col">Cost</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, 6).map((row) => (
              <tr key={row.id}>
                <th scope="row">
                  <span className="truncate">{row.name || "–"}</span>
                  <span className={classes.bar} style={{ width: `${(row.requests / most) * 100}%`, background: color }} />
                </th>
                <td className="num">{formatCompact(row.requests)}</td>
                <td className="num">{formatCompact(row.tokens)}</td>
                <td className="num">{formatMoney(row.cost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}
