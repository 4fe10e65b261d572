import Link from "next/link";
import type { OverviewAttributes } from "../../server/analytics/contract.ts";
import { withParams } from "../api/query.ts";
import { formatCount } from "../ui/format.ts";
import { Notice } from "../ui/notice.tsx";

const named = 3;

/** That costs and budgets leave something out: which models, and how to put it right. */
export function UnpricedNotice({
  models,
  calls,
  since,
}: {
  models: OverviewAttributes["unpriced_models"];
  calls: number;
  since: string | undefined;
}) {
  if (calls === 0) return null;
  return (
    <div style={{ marginBottom: 24 }}>
      <Notice
        tone="warn"
        title={
          <>
            <Link href={withParams("/admin/calls", { priced: "false", from: since })}>
              {calls === 1 ? "1 call" : `${calls > 10_000 ? "More than 10,000" : formatCount(calls)} calls`}
            </Link>{" "}
            used a model without a price
          </>
        }
      >
        Costs and budgets do not include {calls === 1 ? "it" : "them"}. Create a price for{" "}
        {models.slice(0, named).map(({ vendor, model }, index) => (
          <span key={`${vendor} ${model}`}>
            {index > 0 && ", "}
            <Link href={withParams("/admin/prices/new", { vendor, model_name: model })}>{model || "calls without a model"}</Link>
          </span>
        ))}
        {models.length > named && ` and ${models.length - named} more`}.
      </Notice>
    </div>
  );
}
