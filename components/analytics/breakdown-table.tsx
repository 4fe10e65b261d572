import Link from "next/link";
import type { Breakdown, Figures, ReportAttributes } from "../../server/analytics/contract.ts";
import { formatCompact, formatDuration, formatMoney, formatPercent, plural } from "../ui/format.ts";
import { useSearch } from "../ui/use-search.ts";
import classes from "./breakdown-table.module.css";
import { breakdownLabels, filterOf } from "./report-query.ts";

/** A row for each LLM, app and so on, the largest spend first. A name leads to its single calls in the report's period. */
export function BreakdownTable({ report, by, stale }: { report: ReportAttributes; by: Breakdown; stale: boolean }) {
  const params = useSearch();
  if (report.groups.length === 0) return <p className="quiet">No calls in this time range.</p>;
  const callsOf = (key: string) => {
    const query = new URLSearchParams({ from: report.from, to: report.to });
    for (const name of Object.values(filterOf)) if (params.get(name)) query.set(name, params.get(name) ?? "");
    query.set(filterOf[by], key);
    return `/admin/calls?${query}`;
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section className={classes.scroll} data-stale={stale || undefined} aria-label={`Usage by ${breakdownLabels[by]}`} tabIndex={0}>
      <table className={classes.table}>
        <thead>
          <tr>
            {[breakdownLabels[by], "Spend", "Before", "Requests", "Failed", "Tokens", "p50", "p95", "p99", "First token, p50"].map(
              (title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {report.groups.map((group) => (
            <tr key={group.key}>
              <th scope="row">
                {/* What belongs to nothing has no filter. */}
                {group.key === "" || group.key === "0" ? group.name : <Link href={callsOf(group.key)}>{group.name}</Link>}
              </th>
              <td className="num">{formatMoney(group.cost)}</td>
              <td className="num quiet">{changeOf(group, group.previous)}</td>
              <td className="num">{formatCompact(group.requests)}</td>
              <td className="num">{formatPercent(group.requests > 0 ? group.errors / group.requests : 0)}</td>
              <td className="num">{formatCompact(group.tokens)}</td>
              <td className="num">{formatDuration(group.latency_p50_ms)}</td>
              <td className="num">{formatDuration(group.latency_p95_ms)}</td>
              <td className="num">{formatDuration(group.latency_p99_ms)}</td>
              <td className="num">{formatDuration(group.first_token_p50_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {report.more_groups > 0 && <p className="quiet">{plural(report.more_groups, "more row")} with less spend.</p>}
    </section>
  );
}

const changeOf = (now: Figures, before: Figures): string =>
  before.cost > 0
    ? `${formatMoney(before.cost)}, ${now.cost >= before.cost ? "+" : "−"}${formatPercent(Math.abs(now.cost / before.cost - 1))}`
    : formatMoney(before.cost);
