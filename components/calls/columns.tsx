import type { CallAttributes } from "../../server/analytics/contract.ts";
import type { Column } from "../table/column.ts";
import { formatCount, formatDuration, formatMoney } from "../ui/format.ts";
import { Status, type Tone } from "../ui/status.tsx";
import { Ago } from "../ui/time.tsx";

const toneOf = (call: CallAttributes): Tone => (call.outcome === "completed" ? "good" : call.outcome === "blocked" ? "warn" : "bad");

const words = { completed: "Completed", failed: "Failed", aborted: "Aborted", blocked: "Blocked" } as const;

export const outcomeOptions = Object.entries(words).map(([value, label]) => ({ value, label }));

export const callPath = (requestId: string): string => `/admin/calls/${encodeURIComponent(requestId)}`;

export function Outcome({ call }: { call: CallAttributes }) {
  return (
    <Status tone={toneOf(call)}>
      {words[call.outcome]} <span className="num quiet">{call.status_code || ""}</span>
    </Status>
  );
}

/** A cost of nothing is not the same as a cost that nobody knows. */
export function Cost({ call }: { call: CallAttributes }) {
  return call.priced ? formatMoney(call.cost) : <span className="quiet">no price</span>;
}

export const callColumns: Column<CallAttributes>[] = [
  { id: "at", header: "When", value: (row) => row.attributes.at, cell: (row) => <Ago at={row.attributes.at} /> },
  { id: "outcome", header: "Outcome", value: (row) => row.attributes.outcome, cell: ({ attributes }) => <Outcome call={attributes} /> },
  { id: "reason", header: "Reason", value: (row) => row.attributes.reason, mono: true, extra: true },
  { id: "app", header: "App", value: (row) => row.attributes.app_name, rank: 2 },
  { id: "llm", header: "LLM", value: (row) => row.attributes.llm_name },
  { id: "model", header: "Model", value: (row) => row.attributes.model, mono: true, rank: 2 },
  {
    id: "tokens",
    header: "Tokens in / out",
    value: (row) => row.attributes.prompt_tokens + row.attributes.response_tokens,
    cell: ({ attributes: call }) => `${formatCount(call.prompt_tokens)} / ${formatCount(call.response_tokens)}`,
    align: "right",
    mono: true,
  },
  {
    id: "cost",
    header: "Cost",
    value: (row) => (row.attributes.priced ? row.attributes.cost : null),
    cell: ({ attributes }) => <Cost call={attributes} />,
    align: "right",
    mono: true,
  },
  {
    id: "duration",
    header: "Took",
    value: (row) => row.attributes.duration_ms,
    cell: (row) => formatDuration(row.attributes.duration_ms),
    align: "right",
    mono: true,
  },
  {
    id: "streamed",
    header: "Streamed",
    value: (row) => row.attributes.streamed,
    cell: (row) => (row.attributes.streamed ? "stream" : "–"),
    rank: 3,
  },
  { id: "edge", header: "Edge", value: (row) => row.attributes.edge_id, mono: true, extra: true },
  { id: "user", header: "User", value: (row) => row.attributes.user_name, extra: true },
  { id: "request", header: "Request", value: (row) => row.attributes.request_id, mono: true, extra: true },
];
