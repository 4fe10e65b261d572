import Link from "next/link";
import type { OverviewAttributes } from "../../server/analytics/contract.ts";
import { formatCompact, formatMoney } from "../ui/format.ts";
import { Section } from "../ui/page.tsx";
import classes from "./shares.module.css";

/** Which LLMs and apps the calls of a time range belong to. */
export function TrafficShares({ data, stale }: { data: OverviewAttributes; stale: boolean }) {
  return (
    <div className={classes.pair} data-stale={stale || undefined}>
      <Shares
        title="By LLM"
        rows={data.by_llm.map((row) => ({ ...row, href: `/admin/llms/${row.llm_id}` }))}
        color="var(--portico-chart-1)"
      />
      <Shares
        title="By app"
        rows={data.by_app.map((row) => ({ ...row, href: `/admin/apps/${row.app_id}` }))}
        color="var(--portico-chart-3)"
      />
    </div>
  );
}

function Shares({
  title,
  rows,
  color,
}: {
  title: string;
  rows: { href: string; name: string; requests: number; tokens: number; cost: number }[];
  color: string;
}) {
  const most = Math.max(...rows.map((row) => row.requests), 1);
  return (
    <Section title={title}>
      {rows.length === 0 ? (
        <p className="quiet">No calls in this time range.</p>
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
              <tr key={row.href}>
                <th scope="row">
                  <Link href={row.href} className="truncate">
                    {row.name || "–"}
                  </Link>
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
