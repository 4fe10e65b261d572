"use client";

import { useQuery } from "@tanstack/react-query";
import type { CallAttributes } from "../../server/analytics/contract.ts";
import { every, q, rowsOf, withParams } from "../api/query.ts";
import type { List, Resource } from "../api/types.ts";
import type { Column } from "../table/column.ts";
import { formatCount, formatDuration, formatMoney } from "../ui/format.ts";
import { Failure } from "../ui/notice.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { Status, type Tone } from "../ui/status.tsx";
import { Ago } from "../ui/time.tsx";

export const toneOfCall = (call: CallAttributes): Tone =>
  call.outcome === "completed" ? "good" : call.outcome === "blocked" ? "warn" : "bad";

export const callColumns: Column<CallAttributes>[] = [
  { id: "at", header: "When", value: (row) => row.attributes.at, cell: (row) => <Ago at={row.attributes.at} /> },
  {
    id: "outcome",
    header: "Outcome",
    value: (row) => row.attributes.outcome,
    cell: ({ attributes: call }) => (
      <Status tone={toneOfCall(call)}>
        {call.outcome} <span className="num quiet">{call.status_code || ""}</span>
      </Status>
    ),
  },
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
    value: (row) => row.attributes.cost,
    cell: (row) => formatMoney(row.attributes.cost),
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
  { id: "request", header: "Request", value: (row) => row.attributes.request_id, mono: true, rank: 3, extra: true },
];

/** The latest calls through the gateway, of everything or of one LLM or app. */
export function RecentCalls({
  filter = {},
  refetchMs = 4000,
  without = [],
}: {
  filter?: { llm_id?: string; app_id?: string };
  refetchMs?: number;
  without?: string[];
}) {
  const calls = useQuery<List<CallAttributes>>({
    ...q("calls", withParams("/api/v1/analytics/calls", { ...filter, page_size: 10 })),
    refetchInterval: every(refetchMs),
  });
  const columns = callColumns.filter((column) => !column.extra && !without.includes(column.id));
  if (calls.error) return <Failure what="Recent calls" error={calls.error} retry={() => void calls.refetch()} />;
  const rows: Resource<CallAttributes>[] = rowsOf(calls.data);
  return (
    <PlainTable
      label="Recent calls"
      columns={columns}
      rows={rows}
      loading={calls.isPending}
      nothing="No calls yet. They appear here within seconds of passing through the gateway."
    />
  );
}
