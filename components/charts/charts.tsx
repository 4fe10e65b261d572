"use client";

import "@mantine/charts/styles.layer.css";
import { BarChart, ChartTooltip, LineChart } from "@mantine/charts";
import type { OverviewAttributes } from "../../server/analytics/contract.ts";
import { formatCompact, formatDuration, formatMoney } from "../ui/format.ts";
import classes from "./charts.module.css";
import { stepLabel, tickLabel, timeTicks, valueTicks } from "./ticks.ts";

type Step = OverviewAttributes["series"][number];
type Drawn = { name: string; label: string; color: string; open?: true };
type Format = (value: number) => string;

/** Requests, errors, tokens, cost and latency over time. `stale` while the figures of another range are awaited. */
export function Charts({ series, stale }: { series: Step[]; stale: boolean }) {
  return (
    <div className={classes.charts} data-stale={stale || undefined}>
      <Bars
        title="Requests"
        series={series}
        parts={[
          { name: "ok", label: "Answered", color: "var(--portico-chart-1)", of: (step) => Math.max(0, step.requests - step.errors) },
          { name: "errors", label: "Failed", color: "var(--portico-chart-4)", of: (step) => step.errors },
        ]}
        format={formatCompact}
        whole
      />
      <Bars
        title="Tokens"
        series={series}
        parts={[{ name: "tokens", label: "Tokens", color: "var(--portico-chart-1)", of: (step) => step.tokens }]}
        format={formatCompact}
        whole
      />
      <Bars
        title="Cost"
        series={series}
        parts={[{ name: "cost", label: "Cost", color: "var(--portico-chart-2)", of: (step) => step.cost }]}
        format={formatMoney}
        axisWidth={74}
      />
      <Latency series={series} />
    </div>
  );
}

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

/** Axes and tooltip of a chart over `series` whose highest value is `most`. */
function frameOf(
  series: Step[],
  drawn: Drawn[],
  { most, whole, format, axisWidth }: { most: number; whole: boolean; format: Format; axisWidth: number },
) {
  const starts = series.map(({ at }) => at);
  const ticks = valueTicks(most, { whole });
  return {
    ...common,
    valueFormatter: format,
    xAxisProps: {
      ticks: timeTicks(starts),
      interval: 0 as const,
      tickFormatter: (at: string) => tickLabel(at, starts),
      padding: { left: 4, right: 4 },
    },
    // Zero needs no decimals and no unit.
    yAxisProps: {
      tickFormatter: (value: number) => (value === 0 ? "0" : format(value)),
      ticks,
      domain: [0, ticks.at(-1) ?? 1] as [number, number],
      interval: 0 as const,
      width: axisWidth,
    },
    tooltipProps: {
      isAnimationActive: false,
      content: ({ label, payload }: { label?: unknown; payload?: readonly { value?: unknown; name?: unknown }[] | undefined }) => (
        <ChartTooltip
          label={`${stepLabel(String(label), starts)}${label === starts.at(-1) ? ", so far" : ""}`}
          payload={tooltipRows(payload ?? [], label === starts.at(-1))}
          series={drawn}
          valueFormatter={format}
        />
      ),
    },
  };
}

/** The step before the last belongs to both the drawn and the dashed line; it is said once. */
const tooltipRows = (payload: readonly { value?: unknown; name?: unknown }[], isLast: boolean) =>
  payload.filter(({ value, name }) => value != null && String(name).endsWith(openSuffix) === isLast) as Record<string, unknown>[];

const openSuffix = "_so_far";

/** A sum of each step as bars; the step that is still filling is paler, so that it does not look like a fall. */
function Bars({
  title,
  series,
  parts,
  format,
  whole = false,
  axisWidth = 44,
}: {
  title: string;
  series: Step[];
  parts: (Drawn & { of: (step: Step) => number })[];
  format: Format;
  whole?: boolean;
  axisWidth?: number;
}) {
  const last = series.length - 1;
  const rows = series.map((step, index) => ({
    at: step.at,
    ...Object.fromEntries(parts.map(({ name, of }) => [index === last ? name + openSuffix : name, of(step)])),
  }));
  const most = Math.max(0, ...series.map((step) => parts.reduce((sum, { of }) => sum + of(step), 0)));
  const drawn: Drawn[] = parts.flatMap(({ name, label, color }) => [
    { name, label, color },
    { name: name + openSuffix, label, color, open: true },
  ]);
  return (
    <Chart title={title} keys={parts.length > 1 ? parts : []}>
      <BarChart
        {...frameOf(series, drawn, { most, whole, format, axisWidth })}
        data={rows}
        type="stacked"
        series={drawn}
        barProps={({ name }) => ({ isAnimationActive: false, fillOpacity: name.endsWith(openSuffix) ? 0.4 : 1 })}
      />
    </Chart>
  );
}

/** p50 as a line, dashed to the step that is still filling. */
function Latency({ series }: { series: Step[] }) {
  const color = "var(--portico-chart-3)";
  const last = series.length - 1;
  const name = "latency";
  const rows = series.map(({ at, latency_p50_ms: ms }, index) => ({
    at,
    ...(index < last ? { [name]: ms } : {}),
    ...(index >= last - 1 ? { [name + openSuffix]: ms } : {}),
  }));
  const has = (index: number) => series[index]?.latency_p50_ms != null;
  const isAlone = (index: number) => !has(index - 1) && !has(index + 1);
  const drawn = [
    { name, label: "p50", color },
    { name: name + openSuffix, label: "p50", color, open: true as const, strokeDasharray: "3 3" },
  ];
  const most = Math.max(0, ...series.map(({ latency_p50_ms: ms }) => ms ?? 0));
  return (
    <Chart title="Latency, p50">
      <LineChart
        {...frameOf(series, drawn, { most, whole: false, format: formatDuration, axisWidth: 54 })}
        data={rows}
        curveType="linear"
        strokeWidth={1.5}
        connectNulls={false}
        series={drawn}
        lineProps={{
          isAnimationActive: false,
          dot: (point) => <LatencyDot key={point.index} cx={point.cx} cy={point.cy} isAlone={isAlone(point.index)} />,
        }}
      />
    </Chart>
  );
}

/** A measured step; one between steps without calls has no line to either side and must be seen by itself. */
function LatencyDot({ cx, cy, isAlone }: { cx: number | undefined; cy: number | undefined; isAlone: boolean }) {
  if (cx == null || cy == null) return null;
  return <circle cx={cx} cy={cy} r={isAlone ? 3 : 1.5} fill="var(--portico-chart-3)" />;
}

function Chart({ title, keys = [], children }: { title: string; keys?: Drawn[]; children: React.ReactNode }) {
  return (
    <figure className={classes.chart}>
      <figcaption>
        {title}
        {keys.map(({ label, color }) => (
          <span key={label} className={classes.key}>
            <i style={{ background: color }} />
            {label}
          </span>
        ))}
      </figcaption>
      {children}
    </figure>
  );
}
